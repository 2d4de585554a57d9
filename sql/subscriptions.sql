-- Movements of recurring revenue, and renewals.
CREATE TABLE subscriptions (customer text, valid_from date, valid_to date, monthly_amount numeric);
INSERT INTO subscriptions VALUES
	('ada', '2024-01-10', NULL, 100), ('ada', '2024-02-15', '2024-04-20', 50),		-- expands, contracts
	('ben', '2024-01-31', '2024-02-29', 30), ('ben', '2024-02-29', '2024-03-31', 30), ('ben', '2024-05-01', NULL, 45),	-- renews, churns, comes back
	('chen', '2024-02-05', '2024-02-25', 70),		-- within a month: at no end of one
	('dora', '2024-03-01', '2024-04-01', 20), ('dora', '2024-04-05', '2024-05-05', 25),	-- renews four days late with more
	('emil', '2024-04-30', '2024-06-30', 60), ('emil', '2024-07-01', NULL, 60), ('emil', '2024-01-05', '2024-02-01', 0),
	('fay', '2024-06-20', NULL, 500), (NULL, '2024-01-01', NULL, 9), ('gao', NULL, NULL, 9), ('hana', '2024-01-01', NULL, NULL);
SELECT v.valid_from, v.valid_to, c.* FROM (VALUES (date '2024-01-10', NULL::date), ('2024-02-15', '2024-04-20'), ('2024-02-05', '2024-02-25'), ('2024-06-14', '2024-06-15'), ('2024-06-14', '2024-06-16'),
	('2024-06-16', NULL), ('2024-03-01', '2024-04-01'), ('2024-03-01', '2024-03-01'), ('2024-03-01', 'infinity')) AS v (valid_from, valid_to) LEFT JOIN LATERAL subscription_changes(v.valid_from, v.valid_to, 10, 'month', '2024-06-15') AS c ON true;
\set q '''SELECT customer, valid_from, valid_to, monthly_amount FROM subscriptions'''
SELECT period, mrr_start, new, expansion, contraction, churn, reactivation, mrr_end, complete FROM mrr_movements(:q, '2024-06-15');
SELECT period, customers_start, customers_new AS new, customers_expanded AS expanded, customers_contracted AS contracted, customers_churned AS churned,
	customers_reactivated AS reactivated, customers_end, round(gross_retention, 4) AS grr, round(net_retention, 4) AS nrr, customer_churn, round(quick_ratio, 4) AS quick
FROM mrr_movements(:q, '2024-06-15');
SELECT period, mrr_start, new, expansion, contraction, churn, reactivation, mrr_end, round(net_retention, 4) AS nrr FROM mrr_movements(:q, '2024-12-31', 'quarter');
SELECT * FROM renewal_rates(:q, '2024-06-15');
SELECT * FROM renewal_rates(:q, '2024-05-05', 'quarter', 5);
SELECT * FROM renewal_rates(:q, '2024-05-15', 'quarter', 5);
-- No amount: no contract; one that cannot be, or an endless as_of, is an error here, too
SELECT * FROM renewal_rates('VALUES (1, date ''2024-01-01'', date ''2024-02-01'', NULL::numeric), (2, ''2024-01-01'', ''2024-02-01'', 0), (2, ''2024-02-01'', ''2024-02-01'', 5)', '2024-05-15');
\set SHOW_CONTEXT never
SELECT * FROM renewal_rates('VALUES (1, date ''2024-02-01'', date ''2024-01-01'', 5)', '2024-05-15');
SELECT * FROM renewal_rates('VALUES (1, date ''2024-01-01'', date ''2024-02-01'', ''NaN''::numeric)', '2024-05-15');
SELECT * FROM renewal_rates('VALUES (1, date ''2024-01-01'', date ''2024-02-01'', 5)', 'infinity');
\set SHOW_CONTEXT errors
SELECT * FROM mrr_movements('SELECT 1, date ''2024-01-01'', null::date, 5 WHERE false', '2024-06-15');

-- Against a count of its own, of random contracts: the revenue of each customer at each end of a month.
CREATE TABLE contracts AS SELECT i % 300 AS customer, f AS valid_from, CASE WHEN i % 7 > 0 THEN f + (i * 37 % 200) END AS valid_to, (i * 13 % 90)::int AS monthly_amount
	FROM (SELECT i, date '2023-01-01' + ((i::bigint * 1103515245 + 12345) % 2147483648 / 65536 % 700)::int AS f FROM generate_series(1, 1000) AS i) AS c;
CREATE VIEW ends AS
	SELECT p.n, p.period, k.customer, coalesce(sum(monthly_amount) FILTER (WHERE valid_from <= p.day AND coalesce(valid_to, 'infinity') > p.day), 0) AS mrr
	FROM (SELECT row_number() OVER (ORDER BY m) AS n, m::date AS period, least((m + interval '1 month')::date - 1, date '2024-09-20') AS day FROM generate_series(timestamp '2022-12-01', timestamp '2024-09-20', interval '1 month') AS m) AS p
		CROSS JOIN (SELECT DISTINCT customer FROM contracts) AS k JOIN contracts AS c ON c.customer = k.customer GROUP BY 1, 2, 3;
WITH steps AS (
	SELECT e.*, lag(mrr) OVER w AS before, coalesce(max(mrr) OVER (w ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) > 0 AS known FROM ends AS e WINDOW w AS (PARTITION BY customer ORDER BY n)
), counted AS (
	SELECT period, sum(before) AS mrr_start, sum(mrr) FILTER (WHERE before = 0 AND NOT known) AS new, sum(mrr - before) FILTER (WHERE before > 0 AND mrr > before) AS expansion,
		sum(before - mrr) FILTER (WHERE mrr > 0 AND mrr < before) AS contraction, sum(before) FILTER (WHERE mrr = 0) AS churn, sum(mrr) FILTER (WHERE before = 0 AND known) AS reactivation,
		sum(mrr) AS mrr_end, count(*) FILTER (WHERE before > 0) AS customers_start, count(*) FILTER (WHERE mrr > 0) AS customers_end,
		proportion(mrr = 0) FILTER (WHERE before > 0) AS customer_churn FROM steps WHERE n > 1 GROUP BY period
)
SELECT count(*) AS months, count(*) FILTER (WHERE (m.mrr_start, m.new, m.expansion, m.contraction, m.churn, m.reactivation, m.mrr_end, m.customers_start, m.customers_end)
		IS DISTINCT FROM (c.mrr_start, coalesce(c.new, 0), coalesce(c.expansion, 0), coalesce(c.contraction, 0), coalesce(c.churn, 0), coalesce(c.reactivation, 0), c.mrr_end, c.customers_start, c.customers_end)) AS differences,
	count(*) FILTER (WHERE m.complete AND m.customer_churn <> c.customer_churn) AS rates
FROM mrr_movements('SELECT customer, valid_from, valid_to, monthly_amount FROM contracts', '2024-09-20') AS m FULL JOIN counted AS c ON c.period = m.period;
SELECT count(*) AS due, sum((due = (renewed + not_renewed + pending))::int) AS sums FROM renewal_rates('SELECT customer, valid_from, valid_to, monthly_amount FROM contracts', '2024-09-20', 'month', 10);

-- What is refused.
\set SHOW_CONTEXT never
SELECT * FROM mrr_movements('SELECT customer, valid_from, valid_to FROM subscriptions', '2024-06-15');
SELECT * FROM mrr_movements('SELECT customer, valid_from::timestamp, valid_to, monthly_amount FROM subscriptions', '2024-06-15');
SELECT * FROM mrr_movements('SELECT customer, valid_from, valid_to, nothing FROM subscriptions', '2024-06-15');
SELECT * FROM mrr_movements('DELETE FROM subscriptions', '2024-06-15');
SELECT * FROM mrr_movements('SELECT 1, date ''2024-02-01'', date ''2024-01-01'', 5', '2024-06-15');
SELECT * FROM mrr_movements('SELECT 1, date ''2024-02-01'', null::date, -5', '2024-06-15');
SELECT * FROM mrr_movements('SELECT 1, date ''2024-02-01'', null::date, ''NaN''::numeric', '2024-06-15');
SELECT * FROM mrr_movements('SELECT 1, date ''-infinity'', null::date, 5', '2024-06-15');
SELECT * FROM mrr_movements('SELECT 1, date ''2024-02-01'', null::date, 5', 'infinity');
SELECT * FROM mrr_movements('SELECT 1, date ''2024-02-01'', null::date, 5', '2024-06-15', 'fortnight');
SELECT * FROM renewal_rates('SELECT 1, date ''2024-02-01'', date ''2024-03-01'', 5', '2024-06-15', 'fortnight');
DROP VIEW ends;
DROP TABLE subscriptions, contracts;
