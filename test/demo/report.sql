-- What a customer base called shop shows. The variable who is the expression that names a customer.
\set ON_ERROR_STOP on
\pset footer off
\pset border 0
SET search_path = public, customer;

\echo 'WHAT WAS READ, AND WHAT WAS LEFT OUT'
SELECT to_char(rows, '99,999,999') AS "       rows", explanation AS " " FROM shop.data_quality WHERE rows > 0;

\echo 'SEGMENTS: how lately and how often'
SELECT segment_label AS segment, to_char(customers, '9,999,999') AS " customers", to_char(total, '999,999,999,999') AS "         revenue",
	to_char(100 * share_of_total, '990.0') || ' %' AS "   share", repeat('█', round(70 * share_of_total)::int) AS " "
FROM shop.rfm_segments ORDER BY segment_rank;
SELECT segment_label AS segment, to_char(median_days_since_last, '99,999') AS "days silent", action
FROM shop.rfm_segments ORDER BY segment_rank;

\echo 'PARETO: the best customers'' part of the revenue'
SELECT format('best %s %%', round(100 * top)) AS customers, to_char(100 * share, '990.0') || ' %' AS "   share", repeat('█', round(50 * share)::int) AS " "
FROM (SELECT top, pareto_share(total, top) AS share
	FROM shop.customers, unnest('{0.01,0.05,0.10,0.20,0.50}'::float8[]) AS top WHERE total > 0 GROUP BY top) AS t
ORDER BY top;
SELECT to_char(gini(total), '0.000') AS "Gini coefficient (0: all alike, 1: one has all)" FROM shop.customers WHERE total > 0;

\echo 'ABC: A makes 80 % of the revenue, B the next 15 %, C the rest'
SELECT abc_class AS class, to_char(count(*), '9,999,999') AS " customers", to_char(100.0 * count(*) / sum(count(*)) OVER (), '990.0') || ' %' AS "of all",
	to_char(sum(total), '999,999,999,999') AS "         revenue", repeat('█', round(50 * sum(total) / sum(sum(total)) OVER ())::int) AS " "
FROM shop.abc GROUP BY abc_class ORDER BY abc_class;

\echo 'THE LAST QUARTERS: customers'
SELECT period AS quarter, to_char(customers_active, '999,999') AS "  active", to_char(customers_new, '999,999') AS "     new",
	to_char(customers_returning, '999,999') AS "returning", to_char(customers_reactivated, '999,999') AS "won back", to_char(customers_lost, '999,999') AS "    lost",
	to_char(net, '999,999,999,999') AS "         revenue", CASE WHEN NOT complete THEN 'not over' END AS " "
FROM (SELECT * FROM shop.kpis WHERE unit = 'quarter' ORDER BY period DESC LIMIT 6) AS k ORDER BY period;

\echo 'THE BEST CUSTOMERS'
SELECT :who AS customer, to_char(total, '999,999,999') AS "     revenue", to_char(orders, '99,999') AS " orders", last_purchase, segment_label AS segment
FROM shop.customers WHERE total > 0 ORDER BY total DESC, customers.customer LIMIT 8;

\echo 'VALUABLE AND SILENT: write to these first'
SELECT :who AS customer, to_char(total, '999,999,999') AS "     revenue", to_char(orders, '99,999') AS " orders",
	to_char(days_since_last, '99,999') AS "days silent", segment_label AS segment
FROM shop.customers WHERE segment IN ('cant_lose', 'at_risk') ORDER BY total DESC, customers.customer LIMIT 8;
