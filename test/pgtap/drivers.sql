-- Properties of drivers of satisfaction
BEGIN;
SET LOCAL search_path = public, customer;
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT plan(36);

SELECT is_empty($$SELECT oid::regprocedure FROM pg_proc WHERE proname ~ '^(drivers|driver_tally|satisfaction_drivers|quadrant_label)' AND NOT (provolatile = 'i' AND proparallel = 's')$$,
	'all functions are immutable and parallel safe');

-- Against least squares and relative weights in 40 digits
CREATE TABLE answers AS
SELECT i AS id, 1 + (i * i * 3 + i) % 5 AS a, 1 + (i * 7 + i / 3) % 5 AS b, 1 + (i * i + i / 7) % 4 AS c, (i * 13) % 11 AS d FROM generate_series(1, 200) i;
ALTER TABLE answers ADD overall int;
UPDATE answers SET overall = 1 + (2 * a + b + (id * 11) % 7 + d / 3) / 3;
ANALYZE answers;
CREATE TABLE exact (dimension int, performance float8, correlation float8, beta float8, std_error float8, p_value float8, importance float8);
INSERT INTO exact VALUES
	(1, 3.0, 0.82543191809235393, 0.73606742296899979, 0.030420838899875564, 1.2375722748160466e-60, 0.71082665730676498),
	(2, 3.015, 0.50411131429114057, 0.32247959585549031, 0.030629476979005034, 8.2153034343713754e-21, 0.21177061276817894),
	(3, 2.41, 0.14728440919479385, 0.15810642259065091, 0.02953593187910745, 2.4163200433146731e-7, 0.029691304658511242),
	(4, 4.98, 0.20231448896724931, 0.19677586651704468, 0.029280139125564011, 1.9450605925963633e-10, 0.047711425266544833);
CREATE TABLE found AS SELECT * FROM drivers((SELECT satisfaction_drivers(overall, ARRAY[a, b, c, d]) FROM answers));
SELECT cmp_ok((SELECT max(greatest(abs(f.performance / e.performance - 1), abs(f.correlation / e.correlation - 1), abs(f.beta / e.beta - 1), abs(f.std_error / e.std_error - 1))) FROM found f JOIN exact e USING (dimension)),
	'<', 1e-13::float8, 'performance, correlation, beta and standard error');
SELECT cmp_ok((SELECT max(abs(f.p_value / e.p_value - 1)) FROM found f JOIN exact e USING (dimension)), '<', 1e-12::float8, 'p');
SELECT cmp_ok((SELECT max(abs(f.importance / e.importance - 1)) FROM found f JOIN exact e USING (dimension)), '<', 1e-12::float8, 'importance');
SELECT cmp_ok((SELECT abs(r_squared(satisfaction_drivers(overall, ARRAY[a, b, c, d])) / 0.83323637760203452 - 1) FROM answers), '<', 1e-14::float8, 'R squared');
SELECT cmp_ok((SELECT abs(sum(importance) - 1) FROM found), '<', 1e-14::float8, 'importance sums to 1');
SELECT results_eq('SELECT quadrant FROM found ORDER BY dimension', $$VALUES ('concentrate here'), ('low priority'), ('low priority'), ('possible overkill')$$, 'quadrants are cut at the means');

-- One dimension is plain regression; two are shared as the average over both orders (the same there as Shapley values).
SELECT cmp_ok((SELECT abs(beta / corr(overall, a) - 1) FROM answers, drivers((SELECT satisfaction_drivers(overall, ARRAY[a]) FROM answers)) GROUP BY beta), '<', 1e-14::float8, 'of one dimension, beta is the correlation');
SELECT cmp_ok((SELECT abs(r_squared(satisfaction_drivers(overall, ARRAY[a])) / regr_r2(overall, a) - 1) FROM answers), '<', 1e-14::float8, 'and R squared its square');
SELECT is((SELECT importance FROM drivers((SELECT satisfaction_drivers(overall, ARRAY[a]) FROM answers))), 1::float8, 'and its importance is 1');
SELECT cmp_ok((SELECT abs((SELECT importance * r_squared(t) FROM drivers(t) WHERE dimension = 1)
		- (r_squared(ta) + r_squared(t) - r_squared(tb)) / 2)
	FROM (SELECT satisfaction_drivers(overall, ARRAY[a, d]) AS t, satisfaction_drivers(overall, ARRAY[a]) AS ta, satisfaction_drivers(overall, ARRAY[d]) AS tb FROM answers) s),
	'<', 1e-14::float8, 'of two, importance is the mean of what each adds first and last');

-- The bounds of what is shared
SELECT is((SELECT max(abs(correlation)) FROM (SELECT satisfaction_drivers(x * k % n, ARRAY[x * k % n, -(x * k % n)]) AS t FROM generate_series(1, 40) x, generate_series(3, 12) n, generate_series(1, 5) k GROUP BY n, k) s, drivers(t)),
	1::float8, 'no rounding takes a correlation past 1 or -1');
SELECT results_eq($$SELECT correlation, beta, p_value, importance, quadrant, note FROM drivers((SELECT satisfaction_drivers(y, ARRAY[a]) FROM (VALUES (1, 1), (1, 2), (2, 1), (2, 2)) AS v (y, a)))$$,
	$$VALUES (0::float8, 0::float8, 1::float8, NULL::float8, NULL, 'nothing is explained')$$, 'shares of nothing are NULL, and the note says why');

-- Shifts and scales do not matter, huge means do not hurt.
SELECT cmp_ok((SELECT max(abs(f.beta / g.beta - 1) + abs(f.importance / g.importance - 1)) FROM found f
	JOIN drivers((SELECT satisfaction_drivers(overall * 0.5 - 1, ARRAY[a + 900000000.5, 0.000001 * b, c - 1, -100 * d]) FROM answers)) g ON f.dimension = g.dimension AND f.dimension < 4), '<', 1e-12::float8,
	'any shift and scale gives the same');

-- Dimensions that follow from others: what is determined is the same without them.
CREATE TABLE degenerate AS SELECT * FROM drivers((SELECT satisfaction_drivers(overall, ARRAY[a, b, c, d, a + 2 * c, 7]) FROM answers));
SELECT results_eq('SELECT dimension, note FROM degenerate ORDER BY 1', $$VALUES (1, 'collinear'), (2, NULL), (3, 'collinear'), (4, NULL), (5, 'collinear'), (6, 'constant')$$, 'collinear and constant dimensions are said');
SELECT is((SELECT count(*) FROM degenerate WHERE note IS NOT NULL AND num_nonnulls(beta, std_error, p_value) > 0), 0::bigint, 'and have no coefficient');
SELECT cmp_ok((SELECT max(abs(f.beta / g.beta - 1) + abs(f.std_error / g.std_error - 1)) FROM found f JOIN degenerate g USING (dimension) WHERE g.note IS NULL), '<', 1e-12::float8, 'the others are as without them');
SELECT cmp_ok((SELECT abs(sum(importance) - 1) FROM degenerate), '<', 1e-14::float8, 'importance still sums to 1');
SELECT cmp_ok((SELECT max(abs(g.importance - h.importance)) FROM degenerate g JOIN (VALUES (1, 5), (2, 4), (3, 3), (4, 2), (5, 1)) m (a, b) ON g.dimension = m.a
	JOIN drivers((SELECT satisfaction_drivers(overall, ARRAY[a + 2 * c, d, c, b, a]) FROM answers)) h ON h.dimension = m.b), '<', 1e-13::float8, 'and does not depend on the order of the dimensions');

-- Any order, parts and workers
CREATE TABLE ways (way text, t text);
INSERT INTO ways SELECT 'int', satisfaction_drivers(overall, ARRAY[a, b, c, d])::text FROM answers;
INSERT INTO ways SELECT 'numeric', satisfaction_drivers(overall::numeric, ARRAY[a, b, c, d]::numeric[])::text FROM answers;
INSERT INTO ways SELECT 'float8', satisfaction_drivers(overall::float8, ARRAY[a, b, c, d]::float8[])::text FROM answers;
INSERT INTO ways SELECT 'smallint', satisfaction_drivers(overall::smallint, ARRAY[a, b, c, d]::smallint[])::text FROM answers;
INSERT INTO ways SELECT 'shuffled', satisfaction_drivers(overall, ARRAY[a, b, c, d] ORDER BY random())::text FROM answers;
INSERT INTO ways SELECT 'rollup', rollup(t)::text FROM (SELECT satisfaction_drivers(overall, ARRAY[a, b, c, d]) AS t FROM answers GROUP BY id % 7) s;
INSERT INTO ways SELECT 'plus', (satisfaction_drivers(overall, ARRAY[a, b, c, d]) FILTER (WHERE id < 50) + satisfaction_drivers(overall, ARRAY[a, b, c, d]) FILTER (WHERE id >= 50))::text FROM answers;
INSERT INTO ways SELECT 'text', satisfaction_drivers(overall, ARRAY[a, b, c, d])::text::driver_tally::text FROM answers;
INSERT INTO ways SELECT 'jsonb', satisfaction_drivers(overall, ARRAY[a, b, c, d])::jsonb::driver_tally::text FROM answers;
SELECT is((SELECT count(DISTINCT t) FROM ways), 1::bigint, 'every way to the tally gives the same');
SELECT is((SELECT text(rollup(t)) FROM (SELECT satisfaction_drivers(o, x) AS t FROM (VALUES (1, ARRAY[1, 2]), (2, NULL), (3, ARRAY[1, NULL]), (NULL, ARRAY[4, 4])) v (o, x) GROUP BY o) s),
	(SELECT satisfaction_drivers(o, x)::text FROM (VALUES (1, ARRAY[1, 2]), (2, NULL), (3, ARRAY[1, NULL]), (NULL, ARRAY[4, 4])) v (o, x)), 'answers left out are counted in parts too');
SELECT is((SELECT left_out(satisfaction_drivers(o, x)) FROM (VALUES (1, ARRAY[1, 2]), (2, NULL), (3, ARRAY[1, NULL]), (NULL, ARRAY[4, 4])) v (o, x)), 3::bigint, 'three of four are left out');

CREATE TABLE many AS SELECT id, overall + i % 2 AS overall, ARRAY[a, b, CASE WHEN i % 50 = 3 THEN NULL ELSE c END, d] AS x FROM answers, generate_series(1, 50) i;
ANALYZE many;
CREATE TABLE serial AS SELECT satisfaction_drivers(overall, x)::text AS t FROM many;
CREATE FUNCTION plan_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE line text; plan text := '';
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP plan := plan || line || E'\n'; END LOOP;
	RETURN plan;
END $$;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL max_parallel_workers_per_gather = 2;
SET LOCAL parallel_leader_participation = off;
SELECT matches(plan_of('SELECT satisfaction_drivers(overall, x) FROM many'), 'Partial Aggregate', 'it runs in parallel');
SELECT is((SELECT satisfaction_drivers(overall, x)::text FROM many), (SELECT t FROM serial), 'parallel = serial');
SELECT is((SELECT satisfaction_drivers(overall, x)::text FROM many WHERE id < 0), NULL, 'workers without rows');
SELECT throws_ok('SELECT satisfaction_drivers(overall, CASE WHEN id = 17 THEN x[1:3] ELSE x END) FROM many', '2202E', 'answers have different numbers of dimensions: 3 and 4', 'a length that differs is an error in any order');
SET LOCAL max_parallel_workers_per_gather = 0;
SELECT throws_ok('SELECT satisfaction_drivers(overall, CASE WHEN id = 17 THEN x[1:3] ELSE x END ORDER BY id DESC) FROM many', '2202E', 'answers have different numbers of dimensions: 3 and 4', 'and the same one');

-- Sizes: the largest value, and sums that are too large
SELECT is((SELECT count(*) FROM drivers((SELECT satisfaction_drivers(overall, array_fill(a, ARRAY[63]) || d) FROM answers))), 64::bigint, 'there can be 64 dimensions');
SELECT cmp_ok((SELECT abs(sum(importance) - 1) FROM drivers((SELECT satisfaction_drivers(overall, array_fill(a, ARRAY[63]) || d) FROM answers))), '<', 1e-13::float8, 'and importance is shared among all that are the same');
SELECT throws_ok($$SELECT rollup(t) FROM (SELECT '{"answers": 100000000, "left_out": 0, "sums": [0, 0], "products": [[9e24], [0, 9e24]]}'::driver_tally AS t FROM generate_series(1, 2)) s$$, '22003',
	'the ratings of satisfaction_drivers are too large or too many to be summed', 'sums do not overflow');

-- Crafted values: with any byte changed, a value is refused, or can be used
\set file '/tmp/pg_customer_pgtap.' :DBNAME
CREATE TABLE crafted (place int, bytes bytea, outcome text);
CREATE TABLE raw (bytes bytea);
CREATE TABLE received (t driver_tally);
CREATE FUNCTION craft(file text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	c record;
BEGIN
	FOR c IN SELECT * FROM crafted LOOP
		TRUNCATE raw, received;
		INSERT INTO raw VALUES (c.bytes);
		EXECUTE format('COPY raw TO %L (FORMAT binary)', file);
		BEGIN
			EXECUTE format('COPY received FROM %L (FORMAT binary)', file);
			PERFORM rollup(t + t)::text, count(*) FROM received, drivers(t);
			UPDATE crafted SET outcome = 'used' WHERE place = c.place;
		EXCEPTION WHEN OTHERS THEN
			UPDATE crafted SET outcome = sqlstate WHERE place = c.place;
		END;
	END LOOP;
END $$;
INSERT INTO crafted SELECT place, set_byte(bytes, place, get_byte(bytes, place) # change)
	FROM (SELECT driver_tally_send(satisfaction_drivers(overall, ARRAY[a, b])) AS bytes FROM answers) s, generate_series(0, octet_length(bytes) - 1) place, unnest(ARRAY[1 + place % 255]) change;
INSERT INTO crafted SELECT -1, bytes FROM (SELECT driver_tally_send(satisfaction_drivers(overall, ARRAY[a, b])) AS bytes FROM answers) s;
INSERT INTO crafted SELECT -1 - part, substring(bytes, 1, part) FROM (SELECT driver_tally_send(satisfaction_drivers(overall, ARRAY[a, b])) AS bytes FROM answers) s, unnest(ARRAY[1, 2, 4, 20, 100]) part;
SELECT craft(:'file');
\! rm -f /tmp/pg_customer_pgtap.*
SELECT is((SELECT outcome FROM crafted WHERE place = -1), 'used', 'binary form: there and back');
SELECT is_empty($$SELECT * FROM crafted WHERE outcome NOT IN ('used', '22P03', '0A000', '08P01', '22003', '22P02')$$, 'crafted bytes are refused, or a value that can be used');
SELECT cmp_ok((SELECT count(*) FROM crafted WHERE outcome <> 'used'), '>', 50::bigint, 'most of them are refused');
SELECT is((SELECT count(*) FROM (SELECT t::jsonb->'sums'->0 FROM (SELECT satisfaction_drivers(overall, ARRAY[a]) AS t FROM answers) s) j), 1::bigint, 'a tally is jsonb');
SELECT throws_ok($$SELECT '{"answers": 3, "left_out": 0, "sums": [0, 0], "products": [[1], [2, 1]]}'::driver_tally$$, '22003', NULL, 'products that no ratings have are refused');
SELECT lives_ok($$SELECT * FROM drivers('{"answers": 30, "left_out": 0, "sums": [0, 0, 0], "products": [[1], [1, 1], [1, -1, 1]]}')$$, 'sums that contradict each other do no harm');

SELECT * FROM finish();
ROLLBACK;
