-- Who leaves, told on real data: CDNOW as of 1997-09-30 for 273 days, Online Retail as of 2011-09-01 for 90 days.
CREATE EXTENSION IF NOT EXISTS pgtap;
SET client_min_messages = warning;
CREATE TABLE purchases (customer int, day date, quantity int, amount numeric);
\set load '\\copy purchases FROM PROGRAM ''zcat ' :data '/cdnow_master.csv.gz'' WITH (FORMAT csv, HEADER)'
:load
CREATE TABLE lines (invoice text, stock_code text, description text, quantity int, invoiced_at timestamp, unit_price numeric, customer_id numeric, country text);
\set load '\\copy lines FROM PROGRAM ''zcat ' :data '/online_retail.csv.gz'' WITH (FORMAT csv, HEADER)'
:load
CREATE TABLE histories AS
	SELECT 'cdnow' AS data, customer, purchase_history(day, amount) AS history FROM purchases GROUP BY customer
	UNION ALL SELECT 'retail', customer, purchase_history(day, amount) FROM (SELECT customer_id::int AS customer, min(invoiced_at)::date AS day, sum(quantity * unit_price) AS amount
		FROM lines WHERE customer_id IS NOT NULL GROUP BY customer_id, invoice) AS i GROUP BY customer;
CREATE TABLE tests AS
	SELECT 'cdnow' AS data, t.* FROM churn_backtest('SELECT history FROM histories WHERE data = ''cdnow''', '1997-09-30', '273 days') AS t
	UNION ALL SELECT 'retail', t.* FROM churn_backtest('SELECT history FROM histories WHERE data = ''retail''', '2011-09-01', '90 days') AS t;

SELECT plan(15);
-- Who is there and who left, in plain SQL
SELECT results_eq('SELECT DISTINCT customers, churned FROM tests WHERE data = ''cdnow''', $$SELECT count(*), count(*) FILTER (WHERE later IS NULL)
	FROM (SELECT customer, min(day) FILTER (WHERE day > '1997-09-30') AS later FROM purchases GROUP BY customer HAVING min(day) <= '1997-09-30') AS c$$, 'CDNOW: customers and who left');
SELECT results_eq('SELECT DISTINCT customers, churned FROM tests WHERE data = ''retail''', $$SELECT count(*), count(*) FILTER (WHERE later IS NULL)
	FROM (SELECT customer_id, min(day) FILTER (WHERE day > '2011-09-01' AND day <= date '2011-09-01' + 90) AS later
		FROM (SELECT customer_id, min(invoiced_at)::date AS day FROM lines WHERE customer_id IS NOT NULL GROUP BY customer_id, invoice HAVING sum(quantity * unit_price) >= 0) AS i
		GROUP BY customer_id HAVING min(day) <= '2011-09-01') AS c$$, 'Online Retail: customers and who left');
SELECT is(round(auc::numeric, 4), (SELECT round((sum(rank) - n1 * (n1 + 1) / 2.0) / (n1 * (n - n1)), 4) FROM (
		SELECT churned, avg(r) OVER (PARTITION BY d) AS rank, count(*) FILTER (WHERE churned) OVER () AS n1, count(*) OVER () AS n
		FROM (SELECT days_since_last(history, '1997-09-30') AS d, days_since_last(history, '1998-06-30') >= 273 AS churned, row_number() OVER (ORDER BY days_since_last(history, '1997-09-30')) AS r
			FROM histories WHERE data = 'cdnow') AS s) AS s WHERE churned GROUP BY n, n1), 'AUC of recency, by ranks in plain SQL') FROM tests WHERE data = 'cdnow' AND method = 'recency';

-- What each method reached; a change of the methods must show
SELECT is(round(auc::numeric, 3), v.expected, format('AUC of %s on %s', v.method, v.data))
FROM (VALUES ('cdnow', 'recency', 0.759), ('cdnow', 'own_rhythm', 0.769), ('cdnow', 'pareto_nbd', 0.763), ('cdnow', 'logistic', 0.772),
	('retail', 'recency', 0.683), ('retail', 'own_rhythm', 0.728), ('retail', 'bgnbd', 0.734), ('retail', 'logistic', 0.749)) AS v (data, method, expected) JOIN tests AS t USING (data, method);
SELECT ok((SELECT bool_and(auc <= (SELECT auc FROM tests AS b WHERE b.data = t.data AND method = 'logistic')) FROM tests AS t), 'logistic regression on churn_features tells best on both');
SELECT cmp_ok((SELECT auc FROM tests WHERE data = 'retail' AND method = 'logistic'), '>=', (SELECT auc + 0.03 FROM tests WHERE data = 'retail' AND method = 'recency'), 'Online Retail: at least 0.03 more than recency alone');
SELECT cmp_ok((SELECT calibration_error FROM tests WHERE data = 'cdnow' AND method = 'logistic'), '<=', 0.03::float8, 'CDNOW: the risks are as large as they should be, though the horizon is three times as long as the window before');

-- Nothing after as_of changes a risk
SELECT is((SELECT churn_fit('SELECT as_of(history, ''1997-09-30'') FROM histories WHERE data = ''cdnow'''::text, '1997-09-30', '273 days')::text),
	(SELECT churn_fit('SELECT history FROM histories WHERE data = ''cdnow''', '1997-09-30', '273 days')::text), 'what is fitted sees no purchase after as_of');
SELECT * FROM finish();
