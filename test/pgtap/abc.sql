-- Properties of ABC classes, cumulative shares, Pareto share, Gini coefficient, XYZ classes
BEGIN;
SET LOCAL search_path = public, customer;
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT plan(44);

SELECT enum_has_labels('abc_class', ARRAY['A', 'B', 'C']);
SELECT enum_has_labels('xyz_class', ARRAY['X', 'Y', 'Z']);

-- Volatility and parallel safety
SELECT is_empty($$
	SELECT oid::regprocedure FROM pg_proc
	WHERE proname ~ '^(abc_|xyz_|pareto_|gini|cumulative_share)' AND NOT (provolatile = 'i' AND proparallel = 's') $$,
	'all functions are immutable and parallel safe');
SELECT results_eq($$
	SELECT proname, count(*) FROM pg_aggregate JOIN pg_proc ON oid = aggfnoid
	WHERE proname IN ('abc_breaks', 'pareto_share', 'gini') AND aggcombinefn <> 0 AND aggserialfn <> 0
		AND aggdeserialfn <> 0 AND aggtransspace > 0 AND aggfinalmodify = 'r'
	GROUP BY 1 ORDER BY 1 $$,
	$$ VALUES ('abc_breaks'::name, 2::bigint), ('gini', 2), ('pareto_share', 2) $$,
	'the aggregates run in parallel, with read-only final functions');

-- Five groups of values with ties, zeros, negative values and NULLs; group 5 has no positive one.
CREATE TABLE items (id int, grp int, value numeric);
DO $$ BEGIN PERFORM setseed(0.42); END $$;
INSERT INTO items
SELECT i, i % 5 + 1, CASE WHEN random() < 0.03 THEN NULL
		WHEN i % 5 = 4 THEN -round(random()::numeric * 10)
		ELSE round((exp(4 * random()) - 3)::numeric, i % 5) END
FROM generate_series(1, 4000) i;
ANALYZE items;

-- What the definition says, in plain SQL
CREATE VIEW plain AS
SELECT i.*, t.total, b.before
FROM items i
JOIN (SELECT grp, coalesce(sum(value) FILTER (WHERE value > 0), 0) AS total FROM items GROUP BY grp) t USING (grp)
CROSS JOIN LATERAL (SELECT coalesce(sum(o.value), 0) AS before FROM items o WHERE o.grp = i.grp AND o.value > i.value AND o.value > 0) b;
CREATE FUNCTION plain_class(value numeric, before numeric, total numeric, a numeric, b numeric) RETURNS abc_class
LANGUAGE sql AS $$
	SELECT CASE WHEN value IS NULL THEN NULL WHEN value <= 0 THEN 'C' WHEN before < a * total THEN 'A'
		WHEN before < b * total THEN 'B' ELSE 'C' END::abc_class $$;

SELECT cmp_ok((SELECT count(*) FROM items WHERE value IS NULL), '>', 0::bigint, 'the data has NULLs');
SELECT is((SELECT count(DISTINCT class) FROM (SELECT abc_class(value) OVER (PARTITION BY grp) AS class FROM items) c), 3::bigint,
	'the data has all classes');
SELECT is_empty(format($$
	SELECT * FROM (SELECT id, abc_class(value, %1$s, %2$s) OVER (PARTITION BY grp) AS class FROM items) w
	JOIN plain p USING (id) WHERE class IS DISTINCT FROM plain_class(value, before, total, %1$s, %2$s) $$, a, b),
	format('classes by %s and %s are those of plain SQL', a, b))
FROM (VALUES (0.8, 0.95), (0.123456, 0.5), (0, 0.3), (0.7, 0.7), (0, 0), (1, 1)) t (a, b);
SELECT is_empty($$
	SELECT * FROM (
		SELECT abc_class(value, 0.5, 0.9, 'split') OVER (PARTITION BY grp ORDER BY id) AS class, value,
			coalesce(sum(value) FILTER (WHERE value > 0) OVER (PARTITION BY grp ORDER BY value DESC NULLS LAST, id
				ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before,
			sum(value) FILTER (WHERE value > 0) OVER (PARTITION BY grp) AS total
		FROM items) s
	WHERE class IS DISTINCT FROM plain_class(value, before, total, 0.5, 0.9) $$, 'split classes are those of plain SQL');
SELECT is_empty($$
	SELECT grp FROM (SELECT grp, value, abc_class(value) OVER (PARTITION BY grp) AS class FROM items) c
	WHERE value IS NOT NULL GROUP BY grp, value HAVING count(DISTINCT class) > 1 $$, 'equal values share a class');
SELECT is_empty($$
	SELECT * FROM (SELECT id, abc_class(value) OVER (PARTITION BY grp ORDER BY random()) AS shuffled,
			abc_class(value) OVER (PARTITION BY grp) AS class FROM items) c
	WHERE shuffled IS DISTINCT FROM class $$, 'the order of the rows does not matter');

-- Cumulative shares
SELECT is_empty($$
	SELECT * FROM (SELECT id, cumulative_share(value) OVER (PARTITION BY grp) AS share FROM items) w
	JOIN plain p USING (id)
	CROSS JOIN LATERAL (SELECT coalesce(sum(value), 0) AS own FROM items o WHERE o.grp = p.grp AND o.value = p.value AND o.value > 0) o
	WHERE CASE WHEN p.value IS NULL OR total = 0 THEN share IS NOT NULL
		WHEN p.value <= 0 THEN share IS DISTINCT FROM 1
		ELSE share IS NULL OR abs(share - (before + own) / total) > 1e-15 END $$, 'cumulative shares are those of plain SQL');
SELECT results_eq($$
	SELECT grp, max(share) FROM (SELECT grp, cumulative_share(value) OVER (PARTITION BY grp) AS share FROM items) w GROUP BY grp ORDER BY grp $$,
	$$ VALUES (1, 1.0), (2, 1.0), (3, 1.0), (4, 1.0), (5, NULL) $$, 'the last cumulative share is exactly 1');
SELECT is((SELECT count(*) FROM (SELECT cumulative_share(1.0 / i) OVER () AS share FROM generate_series(1, 7) i) s WHERE share = 1),
	1::bigint, 'only the last one is 1');

-- Stored breaks
CREATE VIEW breaks AS
SELECT grp, a, b, abc_breaks(value, a, b) AS numeric_breaks, abc_breaks(value::float8, a, b) AS float_breaks
FROM items, (VALUES (0.8, 0.95), (0.123456, 0.5), (0, 0.3), (0.7, 0.7), (0, 0), (1, 1)) t (a, b)
GROUP BY grp, a, b;
SELECT is_empty(format($$
	SELECT * FROM (SELECT grp, value, abc_class(value, %1$s, %2$s) OVER (PARTITION BY grp) AS class FROM items) w
	JOIN breaks USING (grp)
	WHERE a = %1$s AND b = %2$s AND class IS DISTINCT FROM abc_class(numeric_breaks, value) $$, a, b),
	format('class by breaks = class by window, numeric, %s and %s', a, b))
FROM (VALUES (0.8, 0.95), (0.123456, 0.5), (0, 0.3), (0.7, 0.7), (0, 0), (1, 1)) t (a, b);
SELECT is_empty($$
	SELECT * FROM (SELECT grp, value::float8, abc_class(value::float8) OVER (PARTITION BY grp) AS class FROM items) w
	JOIN breaks USING (grp) WHERE a = 0.8 AND b = 0.95 AND class IS DISTINCT FROM abc_class(float_breaks, value) $$,
	'class by breaks = class by window, float8');
SELECT is_empty('SELECT * FROM breaks WHERE numeric_breaks IS DISTINCT FROM float_breaks', 'breaks of float8 are those of numeric');

-- Pareto share and Gini against their definitions
SELECT is_empty($$
	SELECT * FROM (VALUES (0.0), (0.01), (0.2), (0.333), (0.5), (0.99), (1.0)) t (top)
	CROSS JOIN LATERAL (
		SELECT grp, pareto_share(value, top) AS share,
			sum(greatest(value, 0) * least(greatest(top * n - (rank - 1), 0), 1)) / nullif(sum(greatest(value, 0)), 0) AS plain
		FROM (SELECT grp, value, row_number() OVER w AS rank, count(*) OVER (PARTITION BY grp) AS n
			FROM items WHERE value IS NOT NULL WINDOW w AS (PARTITION BY grp ORDER BY value DESC)) r
		GROUP BY grp) p
	WHERE (share IS NULL) <> (plain IS NULL) OR abs(share - plain) > 1e-12 $$, 'pareto_share is the Lorenz curve of plain SQL');
SELECT is_empty($$
	SELECT g.grp FROM (SELECT grp, gini(value) AS gini, gini(value::float8) AS of_float FROM items WHERE value >= 0 AND grp < 5 GROUP BY grp) g
	CROSS JOIN LATERAL (SELECT sum(abs(x.value - y.value)) / (2 * sum(x.value)) AS plain
		FROM items x, items y WHERE x.grp = g.grp AND y.grp = g.grp AND x.value >= 0 AND y.value >= 0) p
	WHERE abs(gini - plain) > 1e-12 OR gini <> of_float $$, 'gini is half the mean difference over the mean');
SELECT is((SELECT gini(i) FROM generate_series(1, 1000) i), 0.333::float8, 'gini of 1 to n is (n - 1) / 3n');
SELECT is((SELECT gini(value * 1e20) FROM items WHERE value >= 0 AND grp = 2), (SELECT gini(value) FROM items WHERE value >= 0 AND grp = 2),
	'gini does not depend on the unit, sums past 90 bits included');

-- A state is read more than once: as a window aggregate, and by two final functions.
SELECT is_empty($$
	SELECT id FROM (SELECT id, value, gini(id) OVER w AS gini, pareto_share(id, 0.2) OVER w AS share FROM items WHERE id <= 60
		WINDOW w AS (ORDER BY id DESC)) s
	WHERE gini <> (SELECT gini(o.id) FROM items o WHERE o.id BETWEEN s.id AND 60)
		OR share <> (SELECT pareto_share(o.id, 0.2) FROM items o WHERE o.id BETWEEN s.id AND 60) $$, 'running aggregates add to a sorted state');

-- Serial = parallel, errors included
CREATE FUNCTION plan_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE line text; plan text := '';
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP plan := plan || line || E'\n'; END LOOP;
	RETURN plan;
END $$;
CREATE TABLE answers AS SELECT 'serial' AS way, gini(greatest(value, 0)), pareto_share(value, 0.2), abc_breaks(value, 0.8, 0.95) FROM items;
CREATE TABLE groups AS SELECT 'serial' AS way, grp, gini(greatest(value, 0)), pareto_share(value, 0.2), abc_breaks(value, 0.8, 0.95) FROM items GROUP BY grp;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL max_parallel_workers_per_gather = 2;
SET LOCAL parallel_leader_participation = off;
SELECT matches(plan_of('SELECT gini(value), pareto_share(value, 0.2), abc_breaks(value, 0.8, 0.95) FROM items'), 'Partial Aggregate', 'one group in parallel');
SELECT matches(plan_of('SELECT gini(value), pareto_share(value, 0.2), abc_breaks(value, 0.8, 0.95) FROM items GROUP BY grp'), 'Partial (Hash|Group)Aggregate', 'groups in parallel');
SELECT results_eq('SELECT gini(greatest(value, 0)), pareto_share(value, 0.2), abc_breaks(value, 0.8, 0.95) FROM items',
	'SELECT gini, pareto_share, abc_breaks FROM answers', 'parallel = serial');
SELECT set_eq('SELECT grp, gini(greatest(value, 0)), pareto_share(value, 0.2), abc_breaks(value, 0.8, 0.95) FROM items GROUP BY grp',
	'SELECT grp, gini, pareto_share, abc_breaks FROM groups', 'parallel = serial by group');
SELECT results_eq('SELECT gini(value), pareto_share(value, 0.2), abc_breaks(value, 0.8, 0.95) FROM items WHERE value IS NULL',
	'VALUES (NULL::float8, NULL::float8, NULL::numeric[])', 'workers with empty states');
SELECT results_eq('SELECT gini(value), pareto_share(value, 0.2), abc_breaks(value, 0.8, 0.95) FROM items WHERE id < 0',
	'VALUES (NULL::float8, NULL::float8, NULL::numeric[])', 'workers without rows');
SELECT results_eq('SELECT gini(id), pareto_share(id, 0.5), abc_breaks(id, 0.8, 0.95) FROM items WHERE id = 4000',
	$$VALUES (0::float8, 0.5::float8, '{4000, 4000}'::numeric[])$$, 'a single row in one worker');
SELECT throws_ok('SELECT gini(value) FROM items', '22003', 'gini is not defined for negative values such as -10',
	'a negative value in a worker is an error that names the smallest');
SELECT throws_ok('SELECT pareto_share(value, CASE WHEN id = 17 THEN 0.3 ELSE 0.2 END) FROM items', '22023',
	'a share given to an aggregate is not the same in each row: 0.2 and 0.3', 'a top that changes within a worker is an error');
-- The halves lie in partitions of their own, so that each worker sees one top only.
CREATE TABLE halves (id int, half float8) PARTITION BY LIST (half);
CREATE TABLE half_2 PARTITION OF halves FOR VALUES IN (0.2);
CREATE TABLE half_3 PARTITION OF halves FOR VALUES IN (0.3);
INSERT INTO halves SELECT i, 0.2 + i % 2 * 0.1 FROM generate_series(1, 2000) i;
ANALYZE halves;
SET LOCAL enable_partitionwise_aggregate = on;
SELECT matches(plan_of('SELECT pareto_share(id, half) FROM halves'), 'Partial Aggregate', 'partitions are aggregated apart');
SELECT throws_ok('SELECT pareto_share(id, half) FROM halves', '22023',
	'a share given to an aggregate is not the same in each row: 0.2 and 0.3', 'a top that changes between workers is an error');
SET LOCAL max_parallel_workers_per_gather = 0;
SELECT throws_ok('SELECT pareto_share(id, half) FROM halves', '22023',
	'a share given to an aggregate is not the same in each row: 0.2 and 0.3', 'a top that changes between partitions is an error');
SELECT is((SELECT gini(id) FROM halves), (SELECT gini(i) FROM generate_series(1, 2000) i), 'partitions are merged');

SELECT * FROM finish();
ROLLBACK;
