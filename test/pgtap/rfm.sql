-- Properties of RFM scores and breaks
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT plan(33);

-- A population with ties, many one-time buyers, net totals of 0 and below, and gaps
CREATE TEMP TABLE population AS
SELECT i AS customer,
	CASE WHEN i % 37 <> 0 THEN (hashint4(i) & 1023) / 4 - 5 END AS days,
	CASE WHEN i % 41 <> 0 THEN greatest(1, (hashint4(i + 1000000) & 63) - 50)::bigint END AS orders,
	CASE WHEN i % 43 <> 0 THEN ((hashint4(i + 2000000) & 4095) - 300) / 100.0 END AS total
FROM generate_series(1, 3000) i;
ANALYZE population;

CREATE TEMP VIEW members AS
SELECT * FROM population WHERE days IS NOT NULL AND orders IS NOT NULL AND total IS NOT NULL;

-- The rule in plain SQL: x[floor((n - 1) k / bins)] < v, with the sorted values x counted from 0.
CREATE FUNCTION pg_temp.below(value numeric, sorted numeric[], bins int) RETURNS int LANGUAGE sql STRICT AS $$
	SELECT count(*)::int FROM generate_series(1, bins - 1) k
	WHERE sorted[1 + (cardinality(sorted) - 1) * k / bins] < value
$$;

CREATE FUNCTION pg_temp.differing(bins int) RETURNS bigint LANGUAGE sql AS $$
	WITH sorted AS MATERIALIZED (
		SELECT array_agg(days::numeric ORDER BY days) AS days, array_agg(orders::numeric ORDER BY orders) AS orders,
			array_agg(total ORDER BY total) AS total
		FROM members
	), scored AS (
		SELECT p.*, rfm_score(days, orders, total, $1) OVER () AS score FROM population p
	)
	SELECT count(*) FROM scored s, sorted
	WHERE s.score::text IS DISTINCT FROM
		($1 - pg_temp.below(s.days, sorted.days, $1))::text ||
		(1 + pg_temp.below(s.orders, sorted.orders, $1)) ||
		(CASE WHEN s.total <= 0 THEN 1 ELSE 1 + pg_temp.below(s.total, sorted.total, $1) END)
$$;
SELECT is(pg_temp.differing(bins), 0::bigint, format('%s bins score as the rule of members says', bins))
FROM generate_series(2, 9) bins;

-- The window function scores every member as the breaks of the aggregate do.
CREATE FUNCTION pg_temp.apart(bins int, method text) RETURNS bigint LANGUAGE sql AS $$
	SELECT count(*)
	FROM (SELECT days, orders, total, rfm_score(days, orders, total, bins, method) OVER () AS score FROM population) p,
		(SELECT rfm_breaks(days, orders, total, bins, method) AS breaks FROM population) b
	WHERE score IS DISTINCT FROM rfm_score(breaks, days, orders, total)
$$;
SELECT is(pg_temp.apart(bins, 'quantile'), 0::bigint, format('%s bins: window and breaks agree', bins)) FROM unnest('{2,5,9}'::int[]) bins;
SELECT is(pg_temp.apart(2, method), 0::bigint, format('%s: window and breaks agree', method)) FROM unnest('{mean,mean_score}'::text[]) method;

-- Breaks are the quantiles of percentile_cont, which interpolates in the same way, in floating point.
SELECT is((
	SELECT count(*)
	FROM (SELECT (breaks(rfm_breaks(days, orders, total, 7))).* FROM population) b,
		(SELECT percentile_cont('{0.142857142857142857,0.285714285714285714,0.428571428571428571,0.571428571428571428,0.714285714285714285,0.857142857142857142}'::float8[])
			WITHIN GROUP (ORDER BY total) AS p FROM members) q
	WHERE measure = 'total' AND abs(value - p[cut]::numeric) < 1e-6), 6::bigint, 'breaks are quantiles by linear interpolation');

-- mean, mean_score
SELECT is((
	SELECT count(*)
	FROM (SELECT m.*, rfm_score(days, orders, total, 2, 'mean') OVER () AS score,
			avg(days) OVER () AS days_mean, avg(orders) OVER () AS orders_mean, avg(total) OVER () AS total_mean
		FROM members m) s
	WHERE score::text <> (CASE WHEN days <= days_mean THEN '2' ELSE '1' END) || (CASE WHEN orders > orders_mean THEN '2' ELSE '1' END) ||
		(CASE WHEN total > total_mean AND total > 0 THEN '2' ELSE '1' END)), 0::bigint, 'mean: above the mean, days up to it');
SELECT is((
	WITH five AS (SELECT rfm_score(days, orders, total) OVER () AS five, rfm_score(days, orders, total, 2, 'mean_score') OVER () AS two FROM members),
		means AS (SELECT avg(recency_score(five)) AS r, avg(frequency_score(five)) AS f, avg(monetary_score(five)) AS m FROM five)
	SELECT count(*) FROM five, means
	WHERE two::text <> (CASE WHEN recency_score(five) > r THEN '2' ELSE '1' END) || (CASE WHEN frequency_score(five) > f THEN '2' ELSE '1' END) ||
		(CASE WHEN monetary_score(five) > m THEN '2' ELSE '1' END)), 0::bigint, 'mean_score: scores above the mean score');

-- ntile is SQL's, ties in input order
SELECT is((
	WITH numbered AS (SELECT m.*, row_number() OVER (ORDER BY customer) AS row FROM members m),
		scored AS (
			SELECT n.*, rfm_score(days, orders, total, 5, 'ntile') OVER (ORDER BY row) AS score, ntile(5) OVER (ORDER BY days DESC, row) AS r,
				ntile(5) OVER (ORDER BY orders, row) AS f, ntile(5) OVER (ORDER BY total, row) AS m
			FROM numbered n)
	SELECT count(*) FROM scored
	WHERE score::text <> r::text || f || CASE WHEN total <= 0 THEN 1 ELSE m END), 0::bigint, 'ntile: the buckets of SQL''s ntile');

-- The same customers in another order, or in float8, score the same.
SELECT is((
	SELECT count(*)
	FROM (SELECT customer, rfm_score(days, orders, total) OVER (ORDER BY customer DESC) AS score FROM population) a
		JOIN (SELECT customer, rfm_score(days, orders, total::float8) OVER (ORDER BY customer ROWS CURRENT ROW) AS score FROM population) b
		USING (customer)
	WHERE a.score IS DISTINCT FROM b.score), 0::bigint, 'order, frame and number type do not matter');
SELECT is((
	SELECT count(*)
	FROM (SELECT rfm_score(days, orders, total) OVER () AS a, rfm_score(date '2024-05-05' - days, orders, total, '2024-05-05') OVER () AS b
		FROM population WHERE days >= 0) s
	WHERE a IS DISTINCT FROM b), 0::bigint, 'dates score as days do');
SELECT is((
	SELECT count(*)
	FROM (SELECT rfm_score(history, '2024-05-05') OVER () AS a, rfm_score(days_since_last(history, '2024-05-05'), orders(history), total(history)) OVER () AS b
		FROM (SELECT purchase_history(date '2024-05-05' - days, total) AS history FROM members WHERE days >= 0 GROUP BY customer % 200) h) s
	WHERE a IS DISTINCT FROM b OR a IS NULL), 0::bigint, 'histories score as their measures do');

-- The text form keeps every digit.
SELECT is(breaks::text::rfm_breaks::text, breaks::text, 'breaks survive their text form')
FROM (SELECT rfm_breaks(days, orders, total / 7, 9) AS breaks FROM population) b;

-- Serial, parallel and partitionwise give the same, with partial states that are NULL or without customers.
CREATE TABLE serial_population AS SELECT customer % 4 AS part, p.* FROM population p;
CREATE TABLE parted_population (LIKE serial_population) PARTITION BY LIST (part);
CREATE TABLE parted_0 PARTITION OF parted_population FOR VALUES IN (0, 1);
CREATE TABLE parted_2 PARTITION OF parted_population FOR VALUES IN (2, 3);
CREATE TABLE parted_empty PARTITION OF parted_population FOR VALUES IN (4);
CREATE TABLE parted_unknown PARTITION OF parted_population FOR VALUES IN (5);
INSERT INTO parted_population SELECT * FROM serial_population;
INSERT INTO parted_population SELECT 5, customer FROM population;
ANALYZE serial_population, parted_population;

CREATE FUNCTION pg_temp.plan_has(query text, node text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		IF line LIKE '%' || node || '%' THEN RETURN true; END IF;
	END LOOP;
	RETURN false;
END
$$;

CREATE TEMP TABLE serial_result AS
SELECT rfm_breaks(days, orders, total, 5)::text AS quantile, rfm_breaks(days, orders, total, 2, 'mean_score')::text AS mean_score FROM serial_population;

SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL parallel_leader_participation = off;
SET LOCAL max_parallel_workers_per_gather = 2;
SET LOCAL enable_partitionwise_aggregate = on;
PREPARE parallel AS SELECT rfm_breaks(days, orders, total, 5)::text, rfm_breaks(days, orders, total, 2, 'mean_score')::text FROM serial_population;
PREPARE parted AS SELECT rfm_breaks(days, orders, total, 5)::text, rfm_breaks(days, orders, total, 2, 'mean_score')::text FROM parted_population;
SELECT ok(pg_temp.plan_has('EXECUTE parallel', 'Partial Aggregate'), 'rfm_breaks runs in parallel');
SELECT results_eq('parallel', 'SELECT * FROM serial_result', 'parallel = serial');
SELECT ok(pg_temp.plan_has('EXECUTE parted', 'Partial Aggregate'), 'rfm_breaks runs partitionwise');
SELECT results_eq('parted', 'SELECT * FROM serial_result', 'partitioned = serial');
PREPARE changing AS SELECT rfm_breaks(days, orders, total, 4 + part / 2) FROM parted_population WHERE part < 4;
SELECT throws_ok('changing', '22023', 'bins of RFM scores must not change between rows, but are 4 and 5',
	'bins that differ between the partial states only are an error');
PREPARE changing_method AS SELECT rfm_breaks(days, orders, total, 2, CASE WHEN part < 2 THEN 'mean_score' ELSE 'mean' END) FROM parted_population WHERE part < 4;
SELECT throws_ok('changing_method', '22023', 'method of RFM scores must not change between rows, but is mean and mean_score',
	'a method that differs between the partial states only is an error');
PREPARE nobody AS SELECT rfm_breaks(days, orders, total, 5)::text FROM parted_population WHERE part > 3;
SELECT results_eq('nobody', 'VALUES (NULL::text)', 'NULL when no partial state has customers');

-- As a window aggregate the final function leaves the state as it is.
SELECT is((
	SELECT count(*)
	FROM (SELECT customer, rfm_breaks(days, orders, total, 3) OVER (ORDER BY customer) AS running FROM population WHERE customer <= 60) r
	WHERE running::text <> (SELECT rfm_breaks(days, orders, total, 3)::text FROM population p WHERE p.customer <= r.customer)),
	0::bigint, 'a running aggregate gives the breaks so far');

-- Facts of the catalog
SELECT is((
	SELECT count(*) FROM pg_proc WHERE proname IN ('rfm_score', 'rfm_breaks', 'breaks', 'recency_score', 'frequency_score', 'monetary_score', 'fm_score')
		AND (provolatile <> 'i' OR proparallel <> 's')), 0::bigint, 'all are immutable and parallel safe');
SELECT is((SELECT count(*) FROM pg_proc WHERE proname = 'rfm_score' AND prokind = 'w'), 5::bigint, 'five window functions');
SELECT is((SELECT bool_and(proisstrict) FROM pg_proc WHERE proname IN ('rfm_score', 'breaks', 'fm_score') AND prokind = 'f'), true, 'the scalars are strict');
SELECT is((SELECT count(*) FROM pg_type WHERE typname = 'rfm_score' AND typbyval AND typlen = 4), 1::bigint, 'a score is passed by value');

SELECT * FROM finish();
ROLLBACK;
