-- Cohorts, churn and rates of periods, retention of conditions and events.
CREATE TABLE histories AS
	SELECT c, purchase_history(d, a) AS h
	FROM (SELECT i % 1000 AS c, date '2023-01-01' + ((i::bigint * 1103515245 + 12345) % 2147483648 / 65536 % 700)::int AS d, (i * 31 % 10000) / 100.0 - 5 AS a
		  FROM generate_series(1, 3000) AS i) AS o GROUP BY 1;

-- Cohorts in plain SQL, from the days of each history.
CREATE VIEW days AS
	SELECT u.unit, c, first_purchase(h) AS first, d.*, CASE u.unit WHEN 'quarter' THEN interval '3 months' ELSE ('1 ' || u.unit)::interval END AS length
	FROM unnest('{day,week,month,quarter,year}'::text[]) AS u (unit), histories, days(h) AS d
	WHERE d.day <= '2024-08-14' AND first_purchase(h) <= '2024-08-14';
CREATE FUNCTION number_of(day date, unit text) RETURNS int LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE unit WHEN 'day' THEN day - date '2000-01-03' WHEN 'week' THEN (date_trunc('week', day)::date - date '2000-01-03') / 7
		WHEN 'month' THEN extract(year FROM day) * 12 + extract(month FROM day) WHEN 'quarter' THEN extract(year FROM day) * 4 + extract(quarter FROM day)
		ELSE extract(year FROM day) END::int $$;
CREATE TABLE numbered AS
	SELECT d.*, n.rolling, date_trunc(unit, first)::date AS cohort,
		greatest(CASE WHEN n.rolling IS NULL THEN number_of(day, unit) - number_of(first, unit) ELSE (day - first) / n.rolling END, 0) AS period
	FROM days AS d, (VALUES (NULL), (30)) AS n (rolling) WHERE d.unit <> 'day' OR n.rolling = 30;
CREATE TABLE cells AS
	SELECT unit, rolling, cohort, period, count(DISTINCT c) FILTER (WHERE orders > 0) AS customers, count(*) FILTER (WHERE orders > 0) AS purchase_days,
		sum(orders)::bigint AS orders, sum(gross) AS gross, sum(refunded) AS refunded FROM numbered GROUP BY 1, 2, 3, 4;
CREATE TABLE lasts AS SELECT unit, rolling, cohort, c, max(period) AS last FROM numbered WHERE orders > 0 GROUP BY 1, 2, 3, 4;
CREATE TABLE at_once AS
	SELECT u.unit, n.rolling, t.* FROM unnest('{day,week,month,quarter,year}'::text[]) AS u (unit), (VALUES (NULL), (30)) AS n (rolling),
		LATERAL (SELECT cohort_totals(h, u.unit, '2024-08-14', n.rolling) AS totals FROM histories) AS a, unnest(a.totals) AS t WHERE u.unit <> 'day' OR n.rolling = 30;
SELECT unit, rolling, count(*), count(*) FILTER (WHERE complete) AS complete, count(DISTINCT cohort) AS cohorts, max(period), sum(customers) AS customers, sum(gross - refunded) AS net
FROM at_once GROUP BY 1, 2 ORDER BY 1, 2;
SELECT count(*) AS differences FROM cells AS r FULL JOIN at_once AS t
	ON t.unit = r.unit AND t.cohort = r.cohort AND t.period = r.period AND coalesce(t.rolling, 0) = coalesce(r.rolling, 0)
WHERE (t.customers, t.purchase_days, t.orders, t.gross, t.refunded)
	IS DISTINCT FROM (coalesce(r.customers, 0), coalesce(r.purchase_days, 0), coalesce(r.orders, 0), coalesce(r.gross, 0), coalesce(r.refunded, 0));
SELECT count(*) AS differences FROM (
	SELECT t.unit, t.rolling, t.cohort, t.period FROM at_once AS t
		JOIN lasts AS l ON l.unit = t.unit AND l.cohort = t.cohort AND coalesce(l.rolling, 0) = coalesce(t.rolling, 0)
	WHERE t.unit IN ('month', 'quarter') GROUP BY 1, 2, 3, 4, t.customers_or_later HAVING t.customers_or_later <> count(*) FILTER (WHERE l.last >= t.period)) AS d;
SELECT * FROM at_once WHERE unit = 'quarter' AND cohort >= CASE WHEN rolling IS NULL THEN date '2023-07-01' ELSE '2024-04-01' END ORDER BY rolling NULLS FIRST, cohort, period;

-- Without a purchase there is no cohort; a refund before it belongs to it; the end of the calendar.
SELECT * FROM unnest((SELECT cohort_totals(h, 'month', '2024-03-31') FROM (VALUES ('{2024-01-05 -1:5}'::purchase_history),
	('{2024-01-20 -1:7, 2024-02-03 1:20, 2024-02-04 -1:5, 2024-03-31 -1:1}'), ('{2024-04-01 1:9}'), (NULL)) AS h (h)));
SELECT cohort_totals('{2024-02-03 1:20}', 'month', '2024-02-29'), cohort_totals('{2024-02-03 1:20}', 'month', '2024-02-28'),
	cohort_totals('{2024-02-03 1:20}', 'day', '2024-02-04', 1), cohort_totals('{5874897-12-31 2:3}', 'year', '5874897-12-31');
SELECT cohort_totals(h, 'month', '2024-03-31') FROM histories WHERE false;
SELECT cohort_totals(h, 'month', '2024-03-31', NULL) = cohort_totals(h, 'month', '2024-03-31') AS same FROM histories;

-- Who churned, in plain SQL from the stages of each history.
CREATE TABLE stages AS SELECT c, s.* FROM histories, lifecycle_history(h, '2025-12-20', 'retail, dormant_gaps 2, churned_days 120, churned_gaps 2') AS s;
CREATE TABLE churn_by_rows AS
	SELECT u.unit, p::date AS period, (SELECT count(*) FROM stages WHERE valid_from < p AND coalesce(valid_to, 'infinity') >= p AND stage <> 'churned') AS kept,
		(SELECT count(DISTINCT s.c) FROM stages AS s JOIN stages AS b ON b.c = s.c AND b.valid_from < p AND coalesce(b.valid_to, 'infinity') >= p AND b.stage <> 'churned'
			WHERE s.stage = 'churned' AND s.valid_from >= p AND s.valid_from < p + u.length) AS churned,
		(SELECT count(*) FROM stages WHERE valid_from < p AND coalesce(valid_to, 'infinity') >= p AND stage = 'churned') AS churned_at_start,
		(SELECT count(*) FROM stages WHERE valid_from < p AND coalesce(valid_to, 'infinity') >= p AND stage = 'churned' AND valid_to < p + u.length) AS won_back
	FROM (VALUES ('month', interval '1 month'), ('quarter', '3 months'), ('year', '1 year')) AS u (unit, length),
		generate_series(date_trunc(u.unit, timestamp '2023-01-01'), timestamp '2025-12-20', u.length) AS p;
CREATE TABLE churn_at_once AS
	SELECT u.unit, t.* FROM unnest('{month,quarter,year}'::text[]) AS u (unit),
		LATERAL (SELECT churn_totals(h, u.unit, '2025-12-20', 'retail, dormant_gaps 2, churned_days 120, churned_gaps 2') AS totals FROM histories) AS a, unnest(a.totals) AS t;
SELECT count(*) AS only_by_rows FROM (TABLE churn_by_rows EXCEPT TABLE churn_at_once) AS d;
SELECT count(*) AS only_at_once FROM (TABLE churn_at_once EXCEPT TABLE churn_by_rows) AS d;
SELECT * FROM churn_at_once WHERE unit <> 'month' ORDER BY unit, period;
SELECT churn_totals('{2024-01-05 -1:5}', 'month', '2024-03-31', 'retail'), churn_totals(NULL, 'month', '2024-03-31', 'retail');

-- Parallel, in any order, with NULLs.
CREATE TABLE serial AS SELECT cohort_totals(h, 'week', '2024-08-14') AS cohorts, churn_totals(h, 'week', '2024-08-14', 'retail') AS churn FROM histories;
CREATE TABLE events AS SELECT i % 53 AS c, i % 11 = 0 AS first, i % 4 > 0 AS active, date '2024-01-01' + ((i::bigint * 1103515245 + 12345) % 2147483648 / 65536 % 90)::int AS day FROM generate_series(1, 700) AS i;
CREATE TABLE counted AS SELECT c, range_retention_count(first, active, day, '{1,2,7}', 'day') AS r, retention(first, active, day > '2024-02-01') AS kept FROM events GROUP BY c;
ALTER TABLE histories SET (parallel_workers = 2);
ALTER TABLE events SET (parallel_workers = 2);
ALTER TABLE counted SET (parallel_workers = 2);
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
EXPLAIN (COSTS OFF) SELECT cohort_totals(h, 'week', '2024-08-14') FROM histories;
SELECT cohort_totals(h, 'week', '2024-08-14') = (SELECT cohorts FROM serial) AS cohorts, churn_totals(h, 'week', '2024-08-14', 'retail') = (SELECT churn FROM serial) AS churn FROM histories;
EXPLAIN (COSTS OFF) SELECT c, range_retention_count(first, active, day, '{1,2,7}', 'day') AS r, retention(first, active, day > '2024-02-01') FROM events GROUP BY c;
CREATE TABLE parallel_counted AS SELECT c, range_retention_count(first, active, day, '{1,2,7}', 'day') AS r, retention(first, active, day > '2024-02-01') AS kept FROM events GROUP BY c;
CREATE TABLE parallel_sums AS SELECT range_retention_sum(r) AS sums FROM counted;
RESET ALL;
SELECT count(*) FROM (TABLE counted EXCEPT TABLE parallel_counted) AS d;
SELECT cohort_totals(h, 'week', '2024-08-14' ORDER BY c DESC) = (SELECT cohorts FROM serial) AS cohorts,
	churn_totals(h, 'week', '2024-08-14', 'retail' ORDER BY c DESC) = (SELECT churn FROM serial) AS churn FROM (SELECT * FROM histories UNION ALL SELECT -1, NULL) AS h;
SELECT sums = (SELECT range_retention_sum(r ORDER BY c DESC) FROM counted) AS same FROM parallel_sums;

-- Events in plain SQL.
SELECT count(*) AS differences FROM (
	SELECT d.day AS cohort, count(*) AS customers, ARRAY[count(*) FILTER (WHERE k.kept[1]), count(*) FILTER (WHERE k.kept[2]), count(*) FILTER (WHERE k.kept[3])] AS retained
	FROM (SELECT DISTINCT c, day FROM events WHERE first) AS d,
		LATERAL (SELECT array_agg(EXISTS (SELECT FROM events AS e WHERE e.c = d.c AND e.active AND e.day = d.day + n) ORDER BY n) AS kept FROM unnest('{1,2,7}'::int[]) AS n) AS k
	GROUP BY 1) AS s FULL JOIN (SELECT r.* FROM unnest((SELECT range_retention_sum(r) FROM counted)) AS r) AS r ON r.cohort = s.cohort
WHERE (r.customers, r.retained) IS DISTINCT FROM (s.customers, s.retained);
SELECT s.* FROM unnest((SELECT range_retention_sum(r) FROM counted)) AS s LIMIT 3;
SELECT s.* FROM unnest((SELECT range_retention_sum(r) FROM (SELECT range_retention_count(first, active, day, '{0,1}', 'month') AS r FROM events GROUP BY c) AS e)) AS s;
SELECT s.* FROM unnest((SELECT range_retention_sum(r) FROM (SELECT range_retention_count(first, active, day, '{1}', 'week') AS r FROM events GROUP BY c) AS e)) AS s LIMIT 3;
SELECT range_retention_sum(NULL), range_retention_count(NULL, true, '2024-01-01', '{1}', 'day') <> '{}' AS no_first_event;

-- Conditions
SELECT retention(a, b, c) FROM (VALUES (false, true, NULL), (true, false, false), (NULL, NULL, true)) AS v (a, b, c);
SELECT retention(a, b) FROM (VALUES (false, true), (NULL, true)) AS v (a, b);
SELECT retention(true), retention(true) FILTER (WHERE false), cardinality(retention(VARIADIC array_fill(true, '{32}'))) AS most;

-- Periods with a purchase; contracts.
SELECT unit, active_periods('{2024-01-31 1:5, 2024-02-01 2:5, 2024-02-05 -1:2, 2024-03-05 1:1}', '2024-01-01', '2024-03-05', unit) AS active,
	active_periods('{2024-01-31 1:5, 2024-02-01 2:5, 2024-03-05 1:1}', '-infinity', 'infinity', unit) AS ever
FROM unnest('{day,week,month,quarter,year}'::text[]) AS unit;
SELECT active_periods('{2024-01-31 1:5}', '2024-01-01', '-infinity', 'day') AS never;
SELECT due, on_day, renewed(due, on_day, '2024-03-10', 5) FROM (VALUES (date '2024-03-01', date '2024-02-20'), ('2024-03-01', '2024-03-06'), ('2024-03-01', '2024-03-07'),
	('2024-03-01', NULL), ('2024-03-05', NULL), ('2024-03-06', NULL), ('2024-03-06', '2024-03-11'), (NULL, NULL)) AS v (due, on_day);

SELECT unit, min(period), max(period), max(next_period), count(*) FROM unnest('{day,week,month,quarter,year}'::text[]) AS unit, calendar_periods('2023-12-30', '2024-04-01', unit) GROUP BY unit ORDER BY count(*);
SELECT * FROM calendar_periods('2024-04-01', '2024-03-31', 'month');

-- The rates of periods.
SELECT * FROM period_rates('SELECT h FROM histories', '2025-02-13', 'quarter', policy => 'retail, dormant_gaps 2, churned_days 120, churned_gaps 2', history_starts => '2023-02-01');
SELECT sum(customers_new), count(*) FROM period_rates('SELECT h FROM histories', '2024-08-14', 'week');
SELECT value(rollup(r.loss_rate)) FROM period_rates('SELECT h FROM histories', '2024-08-14') AS r;
SELECT * FROM stickiness('SELECT h FROM histories', '2024-01-01', '2024-07-01', 'month');
SELECT cohort, period, customers, round(retention, 4) AS retention, revenue, complete FROM cohort_retention('SELECT h FROM histories', '2024-08-14', 'quarter') WHERE cohort = '2023-10-01';
SELECT cohort, period, customers, round(retention, 4) AS retention, complete FROM cohort_retention('SELECT h FROM histories', '2024-08-14', 'quarter', unbounded => true) WHERE cohort = '2023-10-01';
SELECT cohort, period, customers, round(retention, 4) AS retention, complete FROM cohort_retention('SELECT h FROM histories', '2024-08-14', 'quarter', 90, history_starts => '2023-07-01')
WHERE cohort IN ('2023-04-01', '2023-07-01') AND period IN (0, 3, 4);
SELECT cohort, period, revenue, round(revenue_retention, 4) AS retention, cumulative_revenue, round(cumulative_per_customer, 4) AS each, complete
FROM cohort_revenue('SELECT h FROM histories', '2024-08-14', 'quarter') WHERE cohort = '2023-10-01';

-- What is refused.
\set SHOW_CONTEXT never
SELECT cohort_totals(h, 'fortnight', '2024-08-14') FROM histories;
SELECT cohort_totals(h, 'month', 'infinity') FROM histories;
SELECT cohort_totals(h, 'month', NULL) FROM histories;
SELECT cohort_totals(h, 'month', '2024-08-14', 0) FROM histories;
SELECT cohort_totals(h, 'month', date '2024-08-14' - c) FROM histories;
SELECT cohort_totals('{1000-01-01 1:5}', 'day', '5874897-12-31');
SELECT churn_totals(h, 'month', date '2024-08-14', NULL) FROM histories;
SELECT churn_totals(h, CASE WHEN c < 500 THEN 'month' ELSE 'week' END, '2024-08-14', 'retail') FROM histories;
SELECT churn_totals('{1000-01-01 1:5}', 'day', '5874897-12-31', 'retail');
SELECT retention(VARIADIC '{}'::boolean[]);
SELECT retention(VARIADIC array_fill(true, '{33}'));
SELECT retention(VARIADIC NULL::boolean[]);
SELECT retention(VARIADIC array_fill(true, ARRAY[i])) FROM generate_series(1, 2) AS i;
SELECT retention_final(-1), retention_final(9223372036854775807);
SELECT range_retention_count(first, active, day, '{}', 'day') FROM events;
SELECT range_retention_count(first, active, day, array_fill(1, '{16}'), 'day') FROM events;
SELECT range_retention_count(first, active, day, '{1,-2}', 'day') FROM events;
SELECT range_retention_count(first, active, day, '{1,NULL}', 'day') FROM events;
SELECT range_retention_count(first, active, day, '{1}', 'year') FROM events;
SELECT range_retention_count(first, active, day, NULL, 'day') FROM events;
SELECT range_retention_count(first, active, day, ARRAY[c], 'day') FROM events;
SELECT range_retention_count(first, active, 'infinity', '{1}', 'day') FROM events;
SELECT range_retention_sum(r) FROM (SELECT range_retention_count(first, active, day, ARRAY[c % 2], 'day') AS r FROM events GROUP BY c) AS e;
SELECT range_retention_sum('{}'), range_retention_sum('{1,NULL}');
SELECT range_retention_sum('{1,9223372036854775807}');
SELECT * FROM cohort_retention('SELECT 1', '2024-08-14');
SELECT * FROM cohort_retention('no_base', '2024-08-14');
SELECT * FROM period_rates('SELECT h FROM histories', '2024-08-14', 'decade');
DROP VIEW days;
DROP TABLE at_once, histories, numbered, cells, lasts, stages, churn_by_rows, churn_at_once, serial, events, counted, parallel_counted, parallel_sums;
DROP FUNCTION number_of;
