-- Monthly cohorts of all CDNOW customers, against the reference; the same through a base.
CREATE EXTENSION IF NOT EXISTS pgtap;
SET client_min_messages = warning;
CREATE TABLE cdnow (customer_id int, day date, quantity int, amount numeric);
CREATE TABLE reference (cohort text, period int, cohort_size bigint, customers bigint, retention float8, orders bigint, purchase_days bigint, revenue numeric, per_customer float8);
\set load '\\copy cdnow FROM PROGRAM ''zcat ' :data '/cdnow_master.csv.gz'' WITH (FORMAT csv, HEADER)'
:load
\set load '\\copy reference FROM ' :reference '/cohort_cdnow_master_month.csv WITH (FORMAT csv, HEADER)'
:load
CREATE TABLE histories AS SELECT customer_id, purchase_history(day, amount) AS history FROM cdnow GROUP BY customer_id;

SELECT plan(10);
SELECT is((SELECT count(*) FROM reference), 51::bigint, 'the reference has 51 cells');
SELECT results_eq($$SELECT to_char(cohort, 'YYYY-MM'), period, cohort_size, customers, orders, purchase_days, gross - refunded
		FROM unnest((SELECT cohort_totals(history, 'month', '1998-06-30') FROM histories)) ORDER BY 1, 2$$,
	'SELECT cohort, period, cohort_size, customers, orders, purchase_days, revenue FROM reference ORDER BY 1, 2', 'all counts and money are those of the reference');
SELECT is((SELECT count(*) FROM cohort_retention('SELECT history FROM histories', '1998-06-30') WHERE complete), 51::bigint, 'every month is over');
SELECT cmp_ok((SELECT max(abs(c.retention::float8 / r.retention - 1)) FROM cohort_retention('SELECT history FROM histories', '1998-06-30') AS c
		JOIN reference AS r ON r.cohort = to_char(c.cohort, 'YYYY-MM') AND r.period = c.period), '<', 1e-9::float8, 'retention, to the digits of the reference');
SELECT cmp_ok((SELECT max(abs(c.cumulative_per_customer::float8 / r.per_customer - 1)) FROM cohort_revenue('SELECT history FROM histories', '1998-06-30') AS c
		JOIN reference AS r ON r.cohort = to_char(c.cohort, 'YYYY-MM') AND r.period = c.period), '<', 1e-9::float8, 'revenue of each customer so far, to the digits of the reference');
SELECT diag(format('largest relative error: retention %s, revenue by customer %s',
	(SELECT max(abs(c.retention::float8 / r.retention - 1)) FROM cohort_retention('SELECT history FROM histories', '1998-06-30') AS c JOIN reference AS r ON r.cohort = to_char(c.cohort, 'YYYY-MM') AND r.period = c.period),
	(SELECT max(abs(c.cumulative_per_customer::float8 / r.per_customer - 1)) FROM cohort_revenue('SELECT history FROM histories', '1998-06-30') AS c JOIN reference AS r ON r.cohort = to_char(c.cohort, 'YYYY-MM') AND r.period = c.period)));

-- On an earlier day only what is over has a retention.
SELECT results_eq($$SELECT cohort, period, customers, round(retention, 6) FROM cohort_retention('SELECT history FROM histories', '1997-03-30') ORDER BY 1, 2$$,
	$$SELECT date_trunc('month', f.first)::date, extract(month FROM c.day)::int - extract(month FROM f.first)::int, count(DISTINCT c.customer_id),
			CASE WHEN extract(month FROM c.day) < 3 THEN round(count(DISTINCT c.customer_id)::numeric / min(f.size), 6) END
		FROM cdnow AS c JOIN (SELECT customer_id, min(day) AS first, count(*) OVER (PARTITION BY date_trunc('month', min(day))) AS size
			FROM cdnow WHERE day <= '1997-03-30' GROUP BY customer_id) AS f USING (customer_id)
		WHERE c.day <= '1997-03-30' GROUP BY 1, 2, extract(month FROM c.day) ORDER BY 1, 2$$, 'as of 1997-03-30: what was known then');

-- A base
SELECT ok(count(*) > 0, 'a base') FROM create_customer_base('cdnow_base', 'cdnow', 'customer_id', 'day', 'amount', as_of => '1998-06-30');
SELECT results_eq($$SELECT to_char(cohort, 'YYYY-MM'), period, cohort_size, customers, retention FROM cdnow_base.cohort_retention ORDER BY 1, 2$$,
	'SELECT cohort, period, cohort_size, customers, round(retention::numeric, 6) FROM reference ORDER BY 1, 2', 'its view cohort_retention');
SELECT results_eq($$SELECT to_char(cohort, 'YYYY-MM'), period, orders, revenue, cumulative_per_customer FROM cdnow_base.cohort_revenue ORDER BY 1, 2$$,
	'SELECT cohort, period, orders, revenue, round(per_customer::numeric, 2) FROM reference ORDER BY 1, 2', 'its view cohort_revenue');
SELECT is((SELECT sum(customers_new) FROM cdnow_base.period_activity WHERE unit = 'month'), 23570::numeric, 'its view period_activity: everybody was new once');
SELECT * FROM finish();
SELECT drop_customer_base('cdnow_base');
