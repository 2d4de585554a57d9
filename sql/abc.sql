-- ABC classes, cumulative shares, Pareto share, Gini coefficient, XYZ classes

-- An item's class is set by the share before it: 80 has 0 % before it, 15 has 80 %, 5 has 95 %.
SELECT value, abc_class(value) OVER (), cumulative_share(value) OVER ()
FROM (VALUES (80.0), (15), (5)) v (value) ORDER BY value DESC;
-- Below a threshold, even by a hair, is inside it: the item that crosses 80 % is A, the one that crosses 95 % is B.
SELECT value, abc_class(value) OVER (), cumulative_share(value) OVER ()
FROM (VALUES (79.99), (15.00), (0.02), (4.99)) v (value) ORDER BY value DESC;
SELECT value, abc_class(value, 0.799999) OVER () FROM (VALUES (80), (15), (5)) v (value) ORDER BY value DESC;
SELECT value, abc_class(value, 0.800001) OVER () FROM (VALUES (80), (15), (5)) v (value) ORDER BY value DESC;
-- A share that no decimal number holds: 2/3 is not below 0.666666, but below 0.666667.
SELECT value, abc_class(value, 0.666666, 1) OVER w, abc_class(value, 0.666667, 1) OVER w
FROM (VALUES (2), (1)) v (value) WINDOW w AS () ORDER BY value DESC;

-- Equal values share a class and the cumulative share at the end of their group; split cuts between them in
-- the order of the window.
SELECT item, value, abc_class(value) OVER w AS together, abc_class(value, ties => 'split') OVER w AS split,
	abc_class(value, ties => 'split') OVER (ORDER BY item DESC) AS split_backwards,
	round(cumulative_share(value) OVER w, 4) AS cumulative
FROM (VALUES (1, 50), (2, 10), (3, 10), (4, 10), (5, 10), (6, 10)) v (item, value)
WINDOW w AS (ORDER BY item) ORDER BY item;
-- All equal: all A, unless split.
SELECT string_agg(together::text, '') AS together, string_agg(split::text, '') AS split
FROM (SELECT abc_class(7) OVER () AS together, abc_class(7, ties => 'split') OVER (ORDER BY i) AS split
	FROM generate_series(1, 20) i) s;
-- One group that both thresholds cut.
SELECT string_agg(class::text, '' ORDER BY i)
FROM (SELECT i, abc_class(1, 0.30, 0.55, ties => 'split') OVER (ORDER BY i) AS class FROM generate_series(1, 10) i) s;

-- Zero and negative values are C and do not lower the total; NULL stays NULL.
SELECT value, abc_class(value) OVER (), cumulative_share(value) OVER ()
FROM (VALUES (80.0), (15), (5), (0), (-50), (NULL)) v (value) ORDER BY value DESC NULLS LAST;
-- No positive value: all C, and no share.
SELECT value, abc_class(value) OVER (), cumulative_share(value) OVER ()
FROM (VALUES (0.0), (-1), (NULL)) v (value);
SELECT abc_class(NULL::numeric) OVER (), cumulative_share(NULL::numeric) OVER ();
SELECT abc_class(value) OVER () FROM (SELECT 1.0 WHERE false) v (value);

-- Thresholds at their ends: 0 leaves a class empty, 1 takes all positive values.
SELECT value, abc_class(value, 0, 0) OVER (), abc_class(value, 0, 1) OVER (), abc_class(value, 1, 1) OVER (),
	abc_class(value, 0.8, 0.8) OVER ()
FROM (VALUES (80.0), (15), (5), (0)) v (value) ORDER BY value DESC;

-- The whole partition counts, whatever order and frame; thresholds are read at its first row.
SELECT grp, value, abc_class(value) OVER w AS framed, abc_class(value) OVER (PARTITION BY grp) AS plain,
	abc_class(value, grp * 0.5, 1) OVER (PARTITION BY grp) AS own_threshold,
	round(cumulative_share(value) OVER w, 4) AS cumulative
FROM (VALUES (1, 80), (1, 15), (1, 5), (2, 3), (2, 2), (2, 1)) v (grp, value)
WINDOW w AS (PARTITION BY grp ORDER BY value ROWS BETWEEN CURRENT ROW AND CURRENT ROW)
ORDER BY grp, value DESC;

-- Every number type, and a bare literal.
CREATE TEMP TABLE numbers AS
SELECT v::smallint AS s, v::int AS i, v::bigint AS b, v::real AS r, v::float8 AS f, v::numeric AS n
FROM (VALUES (80), (15), (5), (-2)) t (v);
SELECT n, abc_class(s) OVER () AS s, abc_class(i) OVER () AS i, abc_class(b) OVER () AS b, abc_class(r) OVER () AS r,
	abc_class(f) OVER () AS f, abc_class(n) OVER () AS n, abc_class(5) OVER () AS literal
FROM numbers;
SELECT n, cumulative_share(s) OVER () AS s, cumulative_share(i) OVER () AS i, cumulative_share(b) OVER () AS b,
	cumulative_share(r) OVER () AS r, cumulative_share(f) OVER () AS f, cumulative_share(n) OVER () AS n
FROM numbers;
SELECT n, abc_class(breaks, s) AS s, abc_class(breaks, i) AS i, abc_class(breaks, b) AS b, abc_class(breaks, r) AS r,
	abc_class(breaks, f) AS f, abc_class(breaks, n) AS n
FROM numbers, (SELECT abc_breaks(n, 0.8, 0.95) AS breaks FROM numbers) x;
SELECT pareto_share(s, 0.2) AS s, pareto_share(i, 0.2) AS i, pareto_share(b, 0.2) AS b, pareto_share(r, 0.2) AS r,
	pareto_share(f, 0.2::float8) AS f, pareto_share(n, 0.2::float8) AS n, pareto_share(n, 1) AS whole
FROM numbers;
SELECT gini(s) AS s, gini(i) AS i, gini(b) AS b, gini(r) AS r, gini(f) AS f, gini(n) AS n FROM numbers WHERE n > 0;
SELECT abc_breaks(i, 0.8, 0.95) AS i, abc_breaks(b, 0.8, 0.95) AS b, abc_breaks(f, 0.8, 0.95) AS f FROM numbers;

-- Pareto share: the top 20 % of five items is the largest; parts of an item count in proportion.
SELECT top, (SELECT pareto_share(value, top) FROM (VALUES (60), (20), (10), (6), (4)) v (value))
FROM unnest('{0, 0.1, 0.2, 0.3, 0.4, 1}'::numeric[]) top;
-- A negative value is an item that holds nothing, a NULL is no item.
SELECT pareto_share(value, 0.25) FROM (VALUES (3), (1), (0), (-9), (NULL)) v (value);
SELECT pareto_share(value, 0.2) AS no_item FROM (VALUES (NULL::numeric)) v (value);
SELECT pareto_share(value, 0.2) AS no_row FROM numbers, (SELECT 1 AS value) v WHERE false;
SELECT pareto_share(value, 0.2) AS no_positive FROM (VALUES (0), (-1)) v (value);

-- Gini: all equal 0, one of four holds all 3/4, 1 2 3 4 is 1/4.
SELECT gini(5) AS equal FROM generate_series(1, 7);
SELECT gini(value) AS one_holds_all FROM (VALUES (0), (0), (8), (0)) v (value);
SELECT gini(value) AS one_to_four FROM (VALUES (3), (NULL), (1), (4), (2)) v (value);
SELECT gini(value) AS all_zero FROM (VALUES (0), (0)) v (value);
SELECT gini(value) AS no_item FROM (VALUES (NULL::float8)) v (value);
SELECT gini(value) AS single FROM (VALUES (42)) v (value);
-- The largest values.
SELECT gini(value) AS largest, pareto_share(value, 0.5) FROM (VALUES (9999999999999999999999999::numeric), (0), (0.000000000001)) v (value);

-- Breaks to store: the smallest value of A, the smallest of A or B; NULL where none is that high.
SELECT abc_breaks(value, 0.8, 0.95), abc_breaks(value, 0, 0) AS none, abc_breaks(value, 0, 1) AS no_a,
	abc_breaks(value, 1, 1) AS all_a
FROM (VALUES (80.50), (15), (4.5), (0), (-1), (NULL)) v (value);
SELECT abc_breaks(value, 0.8, 0.95) AS no_positive FROM (VALUES (0), (-1), (NULL)) v (value);
SELECT value, abc_class('{80.5, 15}'::numeric[], value) AS stored, abc_class('{NULL, 15}'::numeric[], value) AS no_a,
	abc_class('{NULL, NULL}'::numeric[], value) AS none, abc_class(NULL::numeric[], value) AS no_breaks
FROM (VALUES (81), (80.5), (80.4999), (15), (14.99), (0), (-1), (NULL)) v (value);
SELECT abc_class('{0, -5}'::numeric[], 0.0) AS zero_is_c;

-- XYZ: thresholds belong to the better class.
SELECT cv, xyz_class(cv), xyz_class(cv, 0.1, 0.25) AS strict, xyz_class(cv, y => 2) AS lenient
FROM (VALUES (0), (0.1), (0.25), (0.5), (0.51), (1), (1.01), ('Infinity'), (NULL::float8)) v (cv);

-- Enums sort from the best.
SELECT min(class), max(class) FROM unnest('{B, A, C}'::abc_class[]) class;
SELECT 'X'::xyz_class < 'Z'::xyz_class AS ordered;

-- Errors
\set VERBOSITY default
SELECT abc_class(value) FROM (VALUES (1)) v (value);
SELECT abc_class(value, 0.9, 0.8) OVER () FROM (VALUES (1)) v (value);
SELECT abc_class(value, NULL) OVER () FROM (VALUES (1)) v (value);
SELECT abc_class(value, 0.5, NULL) OVER () FROM (VALUES (1)) v (value);
SELECT abc_class(value, 80) OVER () FROM (VALUES (1)) v (value);
SELECT abc_class(value, -0.1) OVER () FROM (VALUES (1)) v (value);
SELECT abc_class(value, 'NaN') OVER () FROM (VALUES (1)) v (value);
SELECT abc_class(value, 0.8, 'Infinity') OVER () FROM (VALUES (1)) v (value);
SELECT abc_class(value, 2.0 / 3) OVER () FROM (VALUES (1)) v (value);
SELECT abc_class(value, ties => 'apart') OVER () FROM (VALUES (1)) v (value);
SELECT abc_class(value, ties => NULL) OVER () FROM (VALUES (1)) v (value);
SELECT abc_class('NaN'::numeric) OVER ();
SELECT abc_class('NaN'::float8) OVER ();
SELECT cumulative_share('Infinity'::float8) OVER ();
SELECT cumulative_share(1e25) OVER ();
SELECT cumulative_share(340282366920938463463374608) OVER ();	-- 2^128 units of 10^-12, and a bit
SELECT cumulative_share(9999999999999999999999999) OVER ();
SELECT cumulative_share(9e24) OVER () FROM generate_series(1, 20);
SELECT abc_breaks(9e24, 0.8, 0.95) FROM generate_series(1, 20);
SELECT gini(9e24) FROM generate_series(1, 20);
SELECT abc_class('{15, 80}'::numeric[], 1);
SELECT abc_class('{80, NULL}'::numeric[], 1);
SELECT abc_class('{80}'::numeric[], 1);
SELECT abc_class('{}'::numeric[], 1);
SELECT abc_class('{{80, 15}}'::numeric[], 1);
SELECT abc_class('{80, NaN}'::numeric[], 1);
SELECT abc_class('{80, 15}'::numeric[], 'NaN'::numeric);
SELECT pareto_share(value, 1.2) FROM (VALUES (1)) v (value);
SELECT pareto_share(value, 20) FROM (VALUES (1)) v (value);
SELECT pareto_share(value, 'NaN') FROM (VALUES (1)) v (value);
SELECT pareto_share(value, NULL) FROM (VALUES (1)) v (value);
SELECT pareto_share(value, value / 10.0) FROM (VALUES (1), (2)) v (value);
SELECT pareto_share(NULL::numeric, value / 10.0) FROM (VALUES (1), (2)) v (value);
SELECT abc_breaks(value, 0.8, value) FROM (VALUES (0.95), (0.9)) v (value);
SELECT abc_breaks(value, 0.9, 0.8) FROM (VALUES (1)) v (value);
SELECT gini(value) FROM (VALUES (1), (-0.5), (-2.50), (3)) v (value);
SELECT gini(value) FROM (VALUES ('NaN'::float8)) v (value);
SELECT xyz_class(-0.1);
SELECT xyz_class('NaN'::float8);
SELECT xyz_class(0.3, 1, 0.5);
SELECT xyz_class(0.3, -1, 0.5);
SELECT xyz_class(0.3, 0.1, 'NaN');

-- An operator calls a function without a window.
BEGIN;
CREATE OPERATOR ^^^ (FUNCTION = cumulative_share, RIGHTARG = numeric);
SELECT ^^^ 5.0;
ROLLBACK;

-- A label that was renamed is missed by name.
BEGIN;
ALTER TYPE abc_class RENAME VALUE 'B' TO 'Bronze';
SELECT abc_class(1) OVER ();
ROLLBACK;
