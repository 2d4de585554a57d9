-- Online Retail, twice: as its 541,909 lines with an order id, and as one row an invoice; each number beside a plain
-- SQL query over the lines.
SET client_min_messages = error;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE TABLE lines (invoice text, stock_code text, description text, quantity int, invoiced_at timestamp,
	unit_price numeric, customer_id numeric, country text);
\set load '\\copy lines FROM PROGRAM ''zcat ' :data '/online_retail.csv.gz'' WITH (FORMAT csv, HEADER)'
:load
CREATE TABLE invoices AS
	SELECT invoice, customer_id, min(invoiced_at) AS invoiced_at, sum(quantity * unit_price) AS total FROM lines GROUP BY invoice, customer_id;
ANALYZE lines, invoices;

SELECT plan(18);
SELECT is((SELECT count(*) FROM lines), 541909::bigint, 'all lines are there');

-- What plain SQL says of the lines.
CREATE TABLE plain AS
SELECT count(*) AS orders, count(*) FILTER (WHERE customer_id IS NULL) AS without_customer, count(customer_id) AS with_customer,
	count(*) FILTER (WHERE customer_id IS NOT NULL AND total < 0) AS refunds, count(*) FILTER (WHERE customer_id IS NOT NULL AND total = 0) AS zero,
	count(DISTINCT customer_id) AS customers, count(DISTINCT customer_id) FILTER (WHERE total >= 0) AS buyers,
	round(sum(total) FILTER (WHERE customer_id IS NOT NULL), 2) AS net
FROM invoices;
SELECT is(p::text, '(25900,3710,22190,3654,4,4372,4339,8300065.81)',
	'plain SQL: 25,900 orders, 3,710 without a customer and 22,190 with one; 3,654 refunds, 4 of amount 0; 4,372 customers, 4,339 buyers; net 8,300,065.81') FROM plain AS p;

CREATE TABLE made AS SELECT 'lines' AS base, * FROM create_customer_base('lines_base', source => 'public.lines', customer => 'customer_id::bigint',
	purchased_at => 'invoiced_at', amount => 'quantity * unit_price', order_id => 'invoice', as_of => 'last_purchase',
	time_zone => 'Europe/London', currency => 'GBP');
INSERT INTO made SELECT 'invoices', * FROM create_customer_base('invoices_base', source => 'public.invoices', customer => 'customer_id::bigint',
	purchased_at => 'invoiced_at', amount => 'total', as_of => 'last_purchase', time_zone => 'Europe/London', currency => 'GBP');

CREATE FUNCTION counted(base text, OUT orders bigint, OUT without_customer bigint, OUT with_customer bigint, OUT refunds bigint, OUT zero bigint,
	OUT customers bigint, OUT buyers bigint, OUT net numeric) LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('SELECT (SELECT rows FROM %1$I.data_quality WHERE item = ''orders_seen''), (SELECT rows FROM %1$I.data_quality WHERE item = ''orders_without_customer''),
		(SELECT rows FROM %1$I.data_quality WHERE item = ''orders_used''), (SELECT rows FROM %1$I.data_quality WHERE item = ''refunds''),
		(SELECT rows FROM %1$I.data_quality WHERE item = ''purchases_of_amount_zero''), count(*), count(first_purchase), sum(total) FROM %1$I.customers', base)
		INTO orders, without_customer, with_customer, refunds, zero, customers, buyers, net;
END $$;
SELECT is(counted(base || '_base')::text, p::text, 'the base over the ' || base || ' says the same') FROM (VALUES ('lines'), ('invoices')) AS b (base), plain AS p;
SELECT is((SELECT count(*) FROM lines_base.summary AS a JOIN invoices_base.summary AS b USING (customer) WHERE a.history = b.history),
	4372::bigint, 'both bases hold the same histories');

-- Each history against the invoices of its customer.
CREATE TABLE by_hand AS
SELECT customer_id::bigint AS customer, count(*) FILTER (WHERE total >= 0) AS orders, count(*) FILTER (WHERE total < 0) AS refunds,
	sum(total) AS total, coalesce(sum(total) FILTER (WHERE total >= 0), 0) AS gross, min(invoiced_at::date) FILTER (WHERE total >= 0) AS first,
	max(invoiced_at::date) FILTER (WHERE total >= 0) AS last, count(DISTINCT invoiced_at::date) FILTER (WHERE total >= 0) AS days
FROM invoices WHERE customer_id IS NOT NULL GROUP BY 1;
SELECT is((SELECT count(*) FROM lines_base.summary JOIN by_hand AS b USING (customer)
	WHERE orders(history) = b.orders AND refunds(history) = b.refunds AND total(history) = b.total AND gross(history) = b.gross
		AND purchase_days(history) = b.days AND first_purchase(history) IS NOT DISTINCT FROM b.first AND last_purchase(history) IS NOT DISTINCT FROM b.last),
	4372::bigint, 'orders, refunds, money and dates of every customer: equal to plain SQL');
SELECT is((SELECT count(*) FROM lines_base.summary JOIN (
		SELECT customer, percentile_cont(0.5) WITHIN GROUP (ORDER BY gap) AS median
		FROM (SELECT customer_id::bigint AS customer, day - lag(day) OVER (PARTITION BY customer_id ORDER BY day) AS gap
			FROM (SELECT DISTINCT customer_id, invoiced_at::date AS day FROM invoices WHERE total >= 0 AND customer_id IS NOT NULL) AS d) AS g
		GROUP BY customer) AS b USING (customer)
	WHERE median_gap(history) IS NOT DISTINCT FROM b.median), 4339::bigint, 'median gaps of every buyer: equal to plain SQL');

-- Scores by the rule of the definitions, in plain SQL: 1 + the number of k with x[floor((n - 1) k / 5)] < v.
CREATE TABLE scored AS
WITH m AS (SELECT customer, date '2011-12-09' - last AS days, orders, total FROM by_hand WHERE orders > 0),
sorted AS (SELECT array_agg(days ORDER BY days) AS d, array_agg(orders ORDER BY orders) AS o, array_agg(total ORDER BY total) AS t, count(*)::int AS n FROM m)
SELECT customer, 100 * (5 - (SELECT count(*) FROM generate_series(1, 4) AS k WHERE d[(n - 1) * k / 5 + 1] < days))
	+ 10 * (1 + (SELECT count(*) FROM generate_series(1, 4) AS k WHERE o[(n - 1) * k / 5 + 1] < orders))
	+ CASE WHEN total <= 0 THEN 1 ELSE 1 + (SELECT count(*) FROM generate_series(1, 4) AS k WHERE t[(n - 1) * k / 5 + 1] < total) END AS rfm
FROM m, sorted;
SELECT is((SELECT count(*) FROM lines_base.rfm AS r JOIN scored AS s USING (customer) WHERE r.rfm = s.rfm::text), 4339::bigint,
	'RFM scores of every buyer: equal to the rule in plain SQL');
SELECT is((SELECT count(*) FROM lines_base.rfm AS r JOIN lines_base.customers AS c USING (customer)
	WHERE (r.rfm, r.segment) IS NOT DISTINCT FROM (c.rfm, c.segment)), 4339::bigint, 'the views agree');
SELECT is((SELECT sum(customers) FROM lines_base.rfm_segments), 4339::numeric, 'every buyer is in one segment');
SELECT is((SELECT string_agg(segment || ' ' || customers || ' ' || total, ', ' ORDER BY segment_rank) FROM lines_base.rfm_segments),
	'champions 604 4188278.56, loyal 688 2095626.87, potential_loyalist 484 409422.45, new 67 23026.11, promising 170 53051.06, '
	'need_attention 121 130873.31, about_to_sleep 478 241725.26, cant_lose 35 116893.92, at_risk 357 465111.55, hibernating 1335 586467.96',
	'the segments');
SELECT is((SELECT string_agg(abc_class || ' ' || n || ' ' || total, ', ' ORDER BY abc_class) FROM (
		SELECT abc_class, count(*) AS n, sum(total) AS total FROM lines_base.abc GROUP BY 1) AS c),
	'A 1178 6651083.58, B 1456 1246929.52, C 1705 412463.95', 'the ABC classes');
-- Classes in plain SQL: by the share of those with a larger total.
SELECT is((SELECT count(*) FROM lines_base.abc AS a JOIN (
		SELECT customer, CASE WHEN total <= 0 OR coalesce(before, 0) >= 0.95 * whole THEN 'C' WHEN coalesce(before, 0) >= 0.80 * whole THEN 'B' ELSE 'A' END AS class
		FROM (SELECT customer, total, sum(greatest(total, 0)) OVER () AS whole,
			sum(greatest(total, 0)) OVER (ORDER BY total DESC GROUPS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before FROM by_hand) AS c) AS p USING (customer)
	WHERE a.abc_class = p.class), (SELECT count(*) FROM lines_base.abc), 'ABC classes of every customer: equal to the rule in plain SQL');
SELECT is((SELECT sum(net) FROM lines_base.kpis WHERE unit = 'month'), (SELECT net FROM plain), 'the months sum to the net');
SELECT is((SELECT string_agg(to_char(period, 'YYYY-MM') || ' ' || customers_active || ' ' || customers_new, ', ' ORDER BY period) FROM lines_base.kpis WHERE unit = 'month'),
	(SELECT string_agg(to_char(month, 'YYYY-MM') || ' ' || active || ' ' || new, ', ' ORDER BY month) FROM (
		SELECT date_trunc('month', invoiced_at) AS month, count(DISTINCT customer_id) AS active,
			count(DISTINCT customer_id) FILTER (WHERE date_trunc('month', first) = date_trunc('month', invoiced_at)) AS new
		FROM invoices JOIN by_hand ON customer = customer_id WHERE invoices.total >= 0 GROUP BY 1) AS m), 'active and new customers of each month: equal to plain SQL');
SELECT is((SELECT count(*) FROM verify_customer_base('lines_base')), 0::bigint, 'verify finds nothing');

-- Nobody is seen to leave in these twelve months, so the models of leaving are not identified: NBD forecasts as well, and can be told.
SELECT results_eq('SELECT model, recommended, trust FROM compare_models(''lines_base'') ORDER BY 1',
	$$VALUES ('bgnbd', false, 'not_identified'), ('mbgnbd', false, 'not_identified'), ('nbd', true, 'ok'), ('pareto_nbd', false, 'not_identified')$$, 'purchase models: NBD is recommended');

-- The same lines without an order id.
SELECT ok(EXISTS (SELECT FROM create_customer_base('no_order_id', source => 'public.lines', customer => 'customer_id::bigint', purchased_at => 'invoiced_at',
	amount => 'quantity * unit_price', as_of => 'last_purchase', time_zone => 'Europe/London') WHERE item = 'warning' AND value ~ 'looks like order lines'),
	'without an order id the base warns that the rows look like order lines');
SELECT * FROM finish();
