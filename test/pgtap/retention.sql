-- Retention in customer bases against plain SQL over the orders, with and without tenants, on several days; and what holds of any histories
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT plan(44);
SET LOCAL client_min_messages = warning;
SELECT setseed(0.4);
SET LOCAL jit = off;

CREATE FUNCTION pg_temp.same_rows(a text, b text, description text) RETURNS text LANGUAGE sql AS $$
	SELECT is_empty(format('((%1$s) EXCEPT ALL (%2$s)) UNION ALL ((%2$s) EXCEPT ALL (%1$s))', a, b), description)
$$;
CREATE TABLE sales AS
SELECT i AS id, c AS customer, CASE WHEN c % 2 = 0 THEN 'east' ELSE 'west' END AS region,
	date '2022-01-10' + (random() * 150 * (c % 4 + 1))::int + (c * 7 % 300) AS sold_on,
	(CASE WHEN random() < 0.08 OR c = 11 THEN -1 ELSE 1 END * (random() * 90 + 5))::numeric(8, 2) AS amount
FROM (SELECT i, (1 + random() * random() * 250)::int AS c FROM generate_series(1, 2000) AS i) AS s;

SELECT lives_ok($$SELECT * FROM create_customer_base('plain', 'sales', 'customer', 'sold_on', 'amount', time_zone => 'UTC', as_of => '2023-08-15', currency => 'EUR', history_starts => '2022-02-01')$$, 'a base');
SELECT lives_ok($$SELECT * FROM create_customer_base('regions', 'sales', 'customer', 'sold_on', 'amount', order_id => 'id', tenant => 'region', time_zone => 'UTC', as_of => '2023-08-31',
	policy => 'grocery, population_gap 20', count_by => 'orders', language => 'zh')$$, 'a base with tenants');

-- Cohorts by hand, until a day: customers, later ones too, money.
CREATE FUNCTION pg_temp.cohorts(day date, starts date) RETURNS TABLE (region text, cohort date, period int, cohort_size bigint, customers bigint, later bigint, orders bigint, revenue numeric, complete boolean)
LANGUAGE sql AS $$
	WITH firsts AS (SELECT s.customer, min(s.region) AS region, min(s.sold_on) FILTER (WHERE s.amount >= 0) AS first FROM sales AS s WHERE s.sold_on <= $1 GROUP BY 1),
	cells AS (
		SELECT f.region, s.customer, date_trunc('month', f.first)::date AS cohort, greatest((extract(year FROM s.sold_on) - extract(year FROM f.first)) * 12 + extract(month FROM s.sold_on) - extract(month FROM f.first), 0)::int AS period,
			s.amount FROM sales AS s JOIN firsts AS f USING (customer) WHERE s.sold_on <= $1 AND f.first IS NOT NULL
	), grid AS (
		SELECT f.region, date_trunc('month', f.first)::date AS cohort, count(*) AS size FROM firsts AS f WHERE f.first IS NOT NULL GROUP BY 1, 2
	)
	SELECT g.region, g.cohort, p, g.size, count(DISTINCT c.customer) FILTER (WHERE c.amount >= 0 AND c.period = p), count(DISTINCT c.customer) FILTER (WHERE c.amount >= 0 AND c.period >= p),
		count(*) FILTER (WHERE c.amount >= 0 AND c.period = p), coalesce(sum(c.amount) FILTER (WHERE c.period = p), 0),
		(g.cohort + make_interval(months => p + 1))::date <= $1 + 1 AND g.cohort >= coalesce($2, g.cohort)
	FROM grid AS g CROSS JOIN generate_series(0, 40) AS p LEFT JOIN cells AS c ON c.region = g.region AND c.cohort = g.cohort
	WHERE (g.cohort + make_interval(months => p)) <= $1 GROUP BY 1, 2, 3, 4
$$;
CREATE FUNCTION pg_temp.in_all(day date, starts date) RETURNS TABLE (cohort date, period int, cohort_size bigint, customers bigint, later bigint, orders bigint, revenue numeric, complete boolean)
LANGUAGE sql AS $$ SELECT cohort, period, sum(cohort_size)::bigint, sum(customers)::bigint, sum(later)::bigint, sum(orders)::bigint, sum(revenue), bool_and(complete) FROM pg_temp.cohorts($1, $2) GROUP BY 1, 2 $$;

SELECT pg_temp.same_rows(format('SELECT cohort, period, cohort_size, customers, retention, customers_or_later, retention_or_later, complete FROM plain.cohort_retention_at(%L)', d),
	format('SELECT cohort, period, cohort_size, customers, CASE WHEN complete THEN round(customers::numeric / cohort_size, 6) END, later, CASE WHEN complete THEN round(later::numeric / cohort_size, 6) END, complete
		FROM pg_temp.in_all(%L, ''2022-02-01'') WHERE cohort_size > 0', d), 'cohort_retention as of ' || d) FROM unnest('{2022-01-31,2022-02-28,2022-12-30,2022-12-31,2023-08-15,2024-12-01}'::date[]) AS d;
SELECT pg_temp.same_rows(format('SELECT cohort, period, cohort_size, orders, revenue, revenue_retention, cumulative_revenue, cumulative_per_customer FROM plain.cohort_revenue_at(%L)', d),
	format('SELECT cohort, period, cohort_size, orders, revenue, CASE WHEN complete AND first_value(revenue) OVER w > 0 THEN round(revenue / first_value(revenue) OVER w, 6) END, sum(revenue) OVER w,
		CASE WHEN complete THEN round(sum(revenue) OVER w / cohort_size, 2) END FROM pg_temp.in_all(%L, ''2022-02-01'') WINDOW w AS (PARTITION BY cohort ORDER BY period)', d), 'cohort_revenue as of ' || d)
FROM unnest('{2022-03-31,2023-08-15}'::date[]) AS d;
SELECT pg_temp.same_rows('SELECT tenant, cohort, period, cohort_size, customers, customers_or_later, complete FROM regions.cohort_retention',
	'SELECT region, cohort, period, cohort_size, customers, later, complete FROM pg_temp.cohorts(''2023-08-31'', NULL)', 'cohort_retention of tenants');
SELECT pg_temp.same_rows('SELECT tenant, cohort, period, orders, revenue FROM regions.cohort_revenue', 'SELECT region, cohort, period, orders, revenue FROM pg_temp.cohorts(''2023-08-31'', NULL)', 'cohort_revenue of tenants');
SELECT pg_temp.same_rows('SELECT cohort, period, cohort_size, customers FROM plain.cohort_retention', 'SELECT cohort, period, cohort_size, customers FROM cohort_retention(''plain'', ''2023-08-15'')', 'the function for a base');
SELECT pg_temp.same_rows('SELECT tenant, sum(customers), max(period) FROM regions.cohorts_by(''week'', ''2023-08-31'') GROUP BY 1',
	'SELECT region, sum(n)::numeric, max(w)::int FROM (SELECT region, customer, count(DISTINCT date_trunc(''week'', sold_on)) AS n, max(((date ''2023-08-28'' - date_trunc(''week'', sold_on)::date) / 7)) AS w FROM sales WHERE amount >= 0 AND sold_on <= ''2023-08-31'' GROUP BY 1, 2) AS s GROUP BY 1',
	'cohorts by week: customers active, weeks since the first');
SELECT is((SELECT sum(revenue) FROM plain.cohort_revenue), (SELECT sum(s.amount) FROM sales AS s WHERE sold_on <= '2023-08-15' AND EXISTS (SELECT FROM sales AS p WHERE p.customer = s.customer AND p.amount >= 0 AND p.sold_on <= '2023-08-15')),
	'revenue of cohorts sums to the net of those who have bought');

-- The activity of periods is that of kpis, and of the lifecycle.
SELECT pg_temp.same_rows('SELECT period, unit, customers_active, customers_new, customers_returning, customers_reactivated, customers_lost, customers_total, CASE WHEN complete THEN repeat_rate END, complete FROM plain.kpis WHERE customers_total > 0',
	'SELECT period, unit, customers_active, customers_new, customers_returning, customers_reactivated, customers_lost, customers_total, repeat_rate, complete FROM plain.period_activity', 'period_activity counts as kpis does');
SELECT pg_temp.same_rows('SELECT tenant, period, unit, customers_active, customers_new, customers_lost, customers_total, CASE WHEN complete THEN repeat_rate END, complete FROM regions.kpis WHERE customers_total > 0',
	'SELECT tenant, period, unit, customers_active, customers_new, customers_lost, customers_total, repeat_rate, complete FROM regions.period_activity', 'with tenants, by orders');
SELECT pg_temp.same_rows('SELECT period, customers_at_start, churned_at_start FROM plain.period_activity WHERE unit = ''quarter''',
	$$SELECT p.period, count(*) FILTER (WHERE c.stage <> 'churned'), count(*) FILTER (WHERE c.stage = 'churned') FROM plain.period_activity AS p
		LEFT JOIN LATERAL plain.lifecycle_at(p.period - 1) AS c ON c.stage <> 'prospect' WHERE p.unit = 'quarter' GROUP BY 1$$, 'customers at the start of a quarter are those of the stages of the day before');
SELECT pg_temp.same_rows('SELECT tenant, period, customers_at_start, churned_at_start FROM regions.period_activity WHERE unit = ''quarter''',
	$$SELECT p.tenant, p.period, count(*) FILTER (WHERE c.stage <> 'churned'), count(*) FILTER (WHERE c.stage = 'churned') FROM regions.period_activity AS p
		LEFT JOIN LATERAL regions.lifecycle_at(p.period - 1) AS c ON c.tenant = p.tenant WHERE p.unit = 'quarter' GROUP BY 1, 2$$, 'with tenants and a policy');
SELECT is_empty($$SELECT FROM plain.period_activity WHERE complete AND customers_at_start > 0 AND churn_rate <> round(customers_churned::numeric / customers_at_start, 6)$$, 'the churn rate is customers churned by those at the start');
SELECT pg_temp.same_rows('SELECT period, round(stickiness, 6) FROM plain.period_activity WHERE unit = ''month'' AND complete',
	$$SELECT m::date, CASE WHEN count(s.customer) > 0 THEN round(count(DISTINCT (s.customer, s.sold_on))::numeric / (count(DISTINCT s.customer) * extract(day FROM m + interval '1 month - 1 day')), 6) END
	FROM generate_series(timestamp '2022-02-01', '2023-07-01', '1 month') AS m LEFT JOIN sales AS s ON s.sold_on >= m AND s.sold_on < m + interval '1 month' AND s.amount >= 0 GROUP BY m$$, 'stickiness: active days by all days of active customers');
SELECT pg_temp.same_rows('SELECT period, customers_active, repeat_rate, churn_rate, complete FROM period_rates(''plain'', ''2023-08-15'', policy => (SELECT policy FROM plain.settings)::lifecycle_policy, history_starts => ''2022-02-01'')',
	'SELECT (rate).period, (rate).customers_active, (rate).repeat_rate, (rate).churn_rate, (rate).complete FROM plain.period_rates_by(''month'', ''2023-08-15'')', 'the function for a base');
SELECT pg_temp.same_rows('SELECT active_periods, customers FROM stickiness(''plain'', ''2022-03-01'', ''2022-09-01'', ''month'')',
	$$SELECT n::int, count(*) FROM (SELECT count(DISTINCT date_trunc('month', sold_on)) AS n FROM sales WHERE amount >= 0 AND sold_on >= '2022-03-01' AND sold_on < '2022-09-01' GROUP BY customer) AS s GROUP BY 1$$, 'stickiness: customers by active months');

-- Survival: lives by hand, from all stages. A life ends when the stage becomes churned for the first time, and else is not over.
CREATE FUNCTION pg_temp.lives(base text, day date) RETURNS TABLE (region text, first date, days int, lost boolean) LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE format('SELECT f.region, f.first, coalesce(l.lost, $1) - f.first, l.lost IS NOT NULL
		FROM %1$I.histories AS h JOIN (SELECT customer, min(region) AS region, min(sold_on) AS first FROM sales WHERE amount >= 0 GROUP BY 1) AS f USING (customer),
			LATERAL (SELECT min(s.valid_from) AS lost FROM lifecycle_history(h.history, $1, (SELECT policy FROM %1$I.settings)::lifecycle_policy) AS s WHERE s.stage = ''churned'') AS l
		WHERE f.first <= $1', base) USING day;
END $$;
CREATE FUNCTION pg_temp.months(base text, day date, starts date) RETURNS TABLE (region text, cohort_year int, month int, at_risk bigint, events bigint, censored bigint) LANGUAGE sql AS $$
	WITH lives AS (SELECT r.region, y.year, l.days, l.lost, floor(l.days / 30.4375)::int AS month FROM pg_temp.lives(base, day) AS l, LATERAL (VALUES (NULL), (l.region)) AS r (region),
		LATERAL (VALUES (NULL), (extract(year FROM l.first)::int)) AS y (year) WHERE l.first >= coalesce(starts, l.first))
	SELECT l.region, l.year, m, count(*) FILTER (WHERE l.month >= m), count(*) FILTER (WHERE l.lost AND l.month = m), count(*) FILTER (WHERE NOT l.lost AND l.month = m)
	FROM lives AS l, generate_series(0, 99) AS m GROUP BY 1, 2, 3 HAVING max(l.month) >= m $$;
SELECT pg_temp.same_rows(format('SELECT cohort_year, month, at_risk, events, censored, as_of FROM plain.survival_at(%L)', d),
	format('SELECT cohort_year, month, at_risk, events, censored, %L::date FROM pg_temp.months(''plain'', %1$L, ''2022-02-01'') WHERE region IS NULL', d), 'survival as of ' || d)
FROM unnest('{2022-02-20,2023-08-15,2024-12-01}'::date[]) AS d;
SELECT pg_temp.same_rows('SELECT tenant, cohort_year, month, at_risk, events, censored FROM regions.survival',
	'SELECT region, cohort_year, month, at_risk, events, censored FROM pg_temp.months(''regions'', ''2023-08-31'', NULL) WHERE region IS NOT NULL', 'survival of tenants, by their policy');
SELECT cmp_ok((SELECT sum(events) FROM regions.survival WHERE cohort_year IS NULL), '>', (SELECT sum(customers) FROM regions.stage_counts WHERE stage = 'churned'), 'who was won back was lost before');
SELECT is_empty($$SELECT s.* FROM plain.survival_at('2024-12-01') AS s, LATERAL (SELECT exp(sum(ln(1 - d / n::float8)) FILTER (WHERE days < 30.4375 * (s.month + 1))) AS survival
	FROM (SELECT days, count(*) FILTER (WHERE lost) AS d, sum(count(*)) OVER (ORDER BY days DESC) AS n FROM pg_temp.lives('plain', '2024-12-01')
		WHERE first >= '2022-02-01' AND extract(year FROM first) = coalesce(s.cohort_year, extract(year FROM first)) GROUP BY days) AS t WHERE d < n) AS p
	WHERE s.survival > 0 AND (abs(s.survival - coalesce(p.survival, 1)) > 1e-6 OR NOT s.survival BETWEEN s.survival_low AND s.survival_high)$$, 'the curve is the product of the shares of days');
SELECT pg_temp.same_rows('SELECT DISTINCT cohort_year, median_days FROM plain.survival_at(''2024-12-01'') WHERE cohort_year IS NULL',
	$$SELECT NULL::int, (median_survival(survival_curve(days, lost))).median FROM pg_temp.lives('plain', '2024-12-01') WHERE first >= '2022-02-01'$$, 'the median is that of all days');
SELECT is_empty('SELECT * FROM plain.survival_at(''2021-12-31'') UNION ALL SELECT * FROM plain.survival_at(''2022-01-31'')', 'no row before the first customer');

-- Comments, in two languages; the views are the creator's.
SELECT is(col_description('plain.cohort_retention'::regclass, 4), 'How many of them bought in the period, so far.', 'columns have comments');
SELECT matches(col_description('regions.cohort_retention'::regclass, 5), '客户数', 'in the language of the base');
SELECT is_empty($$SELECT c.relname, a.attname FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 WHERE c.relnamespace = 'plain'::regnamespace
	AND c.relname IN ('cohort_retention', 'cohort_revenue', 'period_activity', 'survival') AND (col_description(c.oid, a.attnum) IS NULL OR a.atttypid NOT IN ('date'::regtype, 'int'::regtype, 'bigint'::regtype, 'numeric'::regtype, 'text'::regtype, 'boolean'::regtype, 'float8'::regtype))$$,
	'plain types and comments everywhere');

-- What holds of any histories.
CREATE TABLE histories AS SELECT customer, history AS h FROM plain.histories;
SELECT is((SELECT sum(customers) FROM cohort_retention('SELECT h FROM histories', '2024-12-31', unit)), (SELECT sum(n)::numeric FROM (SELECT active_periods(h, '-infinity', '2025-01-01', unit) AS n FROM histories) AS p),
	'every active ' || unit || ' is in one cell') FROM unnest('{day,week,month,quarter,year}'::text[]) AS unit;
SELECT is_empty($$SELECT FROM cohort_retention('SELECT h FROM histories', '2023-08-15', 'month', 30, true) AS a JOIN cohort_retention('SELECT h FROM histories', '2023-08-15', 'month', 30) AS b USING (cohort, period) WHERE a.customers < b.customers$$, 'unbounded is never less than bounded');
SELECT is_empty($$SELECT FROM (SELECT customers, lag(customers) OVER (PARTITION BY cohort ORDER BY period) AS before FROM cohort_retention('SELECT h FROM histories', '2023-08-15', unbounded => true)) AS c WHERE customers > before$$, 'unbounded never rises');
SELECT is(cohort_totals(h, 'month', '2023-08-15'), (SELECT cohort_totals(as_of(h, '2023-08-15'), 'month', '2023-08-15') FROM histories), 'what comes after as_of is not known') FROM histories;

SELECT lives_ok($$SELECT drop_customer_base('plain'), drop_customer_base('regions')$$, 'bases are dropped');
SELECT hasnt_schema('plain', 'with all views');
SELECT * FROM finish();
ROLLBACK;
