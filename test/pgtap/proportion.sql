-- Properties of proportions, tallies of means, and the tests of both: exact values, any order, in parallel
BEGIN;
SET LOCAL search_path = public, customer;
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT plan(48);

SELECT is_empty($$
	SELECT p.oid::regprocedure FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
	WHERE (proname ~ '^(proportion|mean_tally|ab_test|sample_size|crosstab)' OR proname IN ('low', 'high', 'ratio', 'odds_ratio', 'difference'))
		AND NOT (provolatile = CASE WHEN proname = 'crosstab_accum' THEN 's' ELSE 'i' END AND proparallel = 's') $$,
	'all functions are immutable and parallel safe, but that which asks types for their text is stable');
SELECT results_eq($$SELECT typname, typlen::int FROM pg_type WHERE typname IN ('proportion', 'mean_tally') ORDER BY 1$$,
	$$VALUES ('mean_tally'::name, 64), ('proportion', 16)$$, 'states have a fixed length');

-- ------------------------------------------------------------------------------------------------
-- Against 40 digits. Of p1 and p2: low, high, difference, low, high, ratio, low, high, odds ratio, low, high, p, then of ab_test
-- z, p, and the p of a planned share of 0.6
-- ------------------------------------------------------------------------------------------------
CREATE TABLE pairs (p1 proportion, p2 proportion, confidence float8, exact float8[]);
INSERT INTO pairs VALUES
	('56/70', '48/80', 0.95, '{0.69183355503746936, 0.87695260751637048, 0.2, 0.052431472402364878, 0.33387265403690598, 1.3333333333333333, 1.0766264227631927, 1.651248511266387, 2.6666666666666667, 1.2762178705364337, 5.5720196960743793, 0.0090899476962954686, -2.6501719512585326, 0.0080450813681965847, 0.095580704545629416}'),
	('9/10', '3/10', 0.95, '{0.5958499732047615, 0.9821237869049271, 0.6, 0.17052272393450288, 0.80901797353548798, 3.0, 1.1383503574476699, 7.906177514784793, 21.0, 1.7774858510064257, 248.10324073764217, 0.015669890510141386, -2.7386127875258306, 0.0061698993205441622, 0.36131042852617882}'),
	('1/1000', '3/2000', 0.9, '{0.00022312384391207057, 0.0044697229093689317, -0.0005, -0.0028777582881621723, 0.0030846406939101186, 0.66666666666666667, 0.099887591296591855, 4.4494460090120203, 0.666332999666333, 0.099624375221256654, 4.4567372739678473, 0.72530417518933363, 0.35378932881812698, 0.72349677132204157, 9.0854702240083228e-14}'),
	('10/10', '5/10', 0.99, '{0.60114590669509185, 1.0, 0.5, -0.0087220371404283984, 0.81577448175276456, 2.0, 0.88567823013758853, 4.5163128819126639, 21.0, 0.3698774200322622, 1192.2868932132548, 0.052190288961549014, -2.5819888974716113, 0.009823274507519248, 0.36131042852617882}'),
	('120345/1000000', '121345/1000500', 0.95, '{0.11970875520912362, 0.12098416163776858, -0.00093935782108945527, -0.0018426115059145309, -3.6104396267292676e-5, 0.99225491367588281, 0.98486407121528262, 0.99970122018870496, 0.9911953137035347, 0.98280214779279908, 0.999660157554905, 0.041519467395226426, 2.0383092532858738, 0.041519015069169523, 0}'),
	('36/1000', '14/1000', 0.8, '{0.02917910129936132, 0.044342523080946025, 0.022, 0.013161621941675419, 0.031263576686435356, 2.5714285714285714, 1.7244364876203192, 3.834438058709789, 2.6301126259632484, 1.7493137438244821, 3.9544035194783003, 0.0023740174453704862, -3.1509054457735047, 0.0016276517366390013, 6.932079668133709e-20}'),
	('1/7', '2999999999/3000000000', 0.999, '{0.011314652379534044, 0.70822081577494332, -0.85714285680952381, -0.98868534728713262, -0.29177918389172334, 0.1428571429047619, 0.0067897175543375512, 3.0057455432551814, 5.5555555574074074e-11, 4.3773539080312701e-13, 7.0508800978629593e-9, 6.4704612718985185e-58, 46947.647822671933, 0, 0}');
CREATE FUNCTION worst(found float8[], exact float8[]) RETURNS float8 LANGUAGE sql
	RETURN (SELECT max(CASE WHEN e = 0 THEN abs(f) ELSE abs(f / e - 1) END) FROM unnest(found, exact) AS u (f, e));
SELECT cmp_ok(worst(ARRAY[low(p1, confidence), high(p1, confidence), d.difference, d.low, d.high, r.ratio, r.low, r.high, o.odds_ratio, o.low, o.high, o.p_value,
	t.z, t.p_value, t.ratio_p_value], exact), '<', 1e-12::float8, format('of %s and %s', p1, p2))
FROM pairs, difference(p1, p2, confidence) d, ratio(p1, p2, confidence) r, odds_ratio(p1, p2, confidence) o, ab_test(p1, p2, confidence, 0.6) t;

-- Of two groups of values: mean and deviation of the first, low, high, then difference, lift, t, df, p, low, high
CREATE TABLE samples (a numeric[], b numeric[], confidence float8, exact float8[]);
INSERT INTO samples VALUES
	('{27.5,21.0,19.0,23.6,17.0,17.9}', '{27.1,22.0,20.8,23.4,23.4,23.5,25.8}', 0.95, '{21.0, 3.9653499215075585, 16.838620467711223, 25.161379532288777, 2.7142857142857143, 0.12925170068027211, 1.4998213615566506, 7.4234331452103174, 0.17493355071052186, -1.5160790886967279, 6.9446505172681565}'),
	('{1000000.25,1000000.5,1000001}', '{1000000.125,1000003}', 0.9, '{1000000.5833333333, 0.38188130791298667, 999999.93953702687, 1000001.2271296398, 0.97916666666666667, 9.791660954864443e-7, 0.67328610573550577, 1.0473125482366049, 0.61859000991121336, -7.5305737317137091, 9.4889070650470424}'),
	(ARRAY(SELECT generate_series(1, 40)), '{1,4,9,16,25,36,49,64,81,100,121,144}', 0.99, '{20.5, 11.690451944500121, 15.494631663668337, 25.505368336331663, 33.666666666666667, 1.6422764227642276, 2.4010217284505495, 11.391508101684608, 0.034460076725449491, -9.5834231044794133, 76.916756437812747}');
SELECT cmp_ok(worst(ARRAY[mean(x), standard_deviation(x), low(x, confidence), high(x, confidence), t.difference, t.lift, t.t, t.df, t.p_value, t.low, t.high], exact),
	'<', 1e-13::float8, format('of %s and %s', x, y))
FROM samples, LATERAL (SELECT mean_tally(v) FROM unnest(a) v) q (x), LATERAL (SELECT mean_tally(v::float8) FROM unnest(b) v) r (y), ab_test(x, y, confidence) t;

SELECT cmp_ok(worst((SELECT ARRAY[(c).chi_square, (c).df, (c).p_value, (c).cramers_v] FROM (SELECT crosstab_test(r, s, cells[r][s]) FROM generate_subscripts(cells, 1) r, generate_subscripts(cells, 2) s) x (c)), exact),
	'<', 1e-13::float8, format('cross-table %s', cells))
FROM (VALUES ('{{12,30,58},{25,34,41},{9,20,21}}'::int8[], '{9.0769927536231884, 4, 0.059203576502750519, 0.13473672664587921}'::float8[]),
	('{{1000000,1000000},{1000000,1000400}}', '{0.039988003199200192, 1, 0.84150403925768828, 9.998000399920016e-5}'),
	('{{3,0,7,1},{0,0,9,2}}', '{3.5833333333333333, 2, 0.16668213447794654, 0.40358244248082433}'),
	('{{1000000000000,1000000000001},{1000000000003,1000000000000}}', '{3.999999999994e-12, 1, 0.9999984042308784, 9.9999999999875e-13}')) v (cells, exact);

-- ------------------------------------------------------------------------------------------------
-- What holds for all
-- ------------------------------------------------------------------------------------------------
CREATE TABLE all_proportions AS SELECT proportion(s, t) AS p FROM generate_series(0, 12) t, generate_series(0, t) s;
SELECT is_empty('SELECT p FROM all_proportions WHERE trials(p) > 0 AND NOT (low(p) BETWEEN 0 AND value(p) AND high(p) BETWEEN value(p) AND 1)', 'an interval holds its value and stays in 0 to 1');
SELECT is_empty($$SELECT p FROM all_proportions WHERE abs(low(p) - (1 - high(proportion(trials(p) - successes(p), trials(p))))) > 1e-15$$, 'failures mirror successes');
SELECT is_empty('SELECT p FROM all_proportions WHERE (value(p) IS NULL) <> (trials(p) = 0) OR (low(p) IS NULL) <> (trials(p) = 0)', 'NULL without a trial, and only then');
CREATE TABLE couples AS SELECT a.p AS a, b.p AS b FROM all_proportions a, all_proportions b WHERE trials(a.p) > 0 AND trials(b.p) > 0;
SELECT is_empty($$SELECT a, b FROM couples, difference(a, b) d, difference(b, a) e, ab_test(b, a) t
	WHERE d.difference <> -e.difference OR abs(d.low + e.high) > 1e-15 OR NOT d.difference BETWEEN d.low AND d.high OR d.low < -1 - 1e-15 OR d.high > 1 + 1e-15
		OR (t.difference, t.low, t.high) IS DISTINCT FROM (d.difference, d.low, d.high)$$, 'differences are antisymmetric, and those of ab_test');
SELECT is_empty($$SELECT a, b FROM couples, ratio(a, b) r, ratio(b, a) s, odds_ratio(a, b) o, odds_ratio(b, a) q
	WHERE abs(r.ratio * s.ratio - 1) > 1e-14 OR abs(r.low * s.high - 1) > 1e-13 OR abs(o.odds_ratio * q.odds_ratio - 1) > 1e-14 OR abs(o.p_value - q.p_value) > 1e-14
		OR NOT (0 < r.low AND r.low < r.ratio AND r.ratio < r.high AND 0 < o.low AND o.low < o.odds_ratio AND o.odds_ratio < o.high)$$, 'ratios have an inverse, and an interval for every count');
SELECT is_empty($$SELECT a, b FROM couples, ab_test(a, b) t, LATERAL (SELECT (crosstab_test(g, s, n)).* FROM (VALUES (1, 1, successes(a)), (1, 0, trials(a) - successes(a)), (2, 1, successes(b)),
	(2, 0, trials(b) - successes(b))) v (g, s, n)) c WHERE abs(t.z * t.z - coalesce(c.chi_square, 0)) > 1e-12 OR abs(t.p_value - coalesce(c.p_value, 1)) > 1e-12$$, 'z^2 is the chi-square of the table of four');

SELECT is_empty($$SELECT * FROM generate_series(1, 20) n, unnest('{0.1,0.5,1,3}'::float8[]) d, LATERAL (SELECT sample_size_of_mean(n, d * n), sample_size_of_mean(1, d)) s (x, y) WHERE x <> y$$,
	'a sample of means depends on difference by deviation only');
SELECT is_empty($$SELECT * FROM unnest('{0.02,0.3,0.5}'::float8[]) b, unnest('{0.01,0.1,0.4}'::float8[]) d WHERE sample_size(b, d) <> sample_size(1 - b, -d)
	OR sample_size(b, d, 0.9) <= sample_size(b, d) OR sample_size(b, d, confidence => 0.99) <= sample_size(b, d)$$, 'more power and more confidence take more trials');

-- ------------------------------------------------------------------------------------------------
-- One value, however it comes together
-- ------------------------------------------------------------------------------------------------
CREATE TABLE events (id int, part int, success boolean, value numeric, label text);
INSERT INTO events SELECT i, i % 7, CASE WHEN i % 11 > 0 THEN md5(i::text) < '5' END,
	CASE WHEN i % 13 > 0 THEN (('x' || md5('v' || i))::bit(32)::int / 1000.0)::numeric * CASE WHEN i % 5 = 0 THEN 1000000000 ELSE 1 END END, left(md5('l' || i), 1) FROM generate_series(1, 6000) i;
ANALYZE events;
CREATE TABLE answers AS SELECT proportion(success), mean_tally(value), mean_tally(value::float8) AS float_tally, mean_tally(value::bigint) AS whole_tally, crosstab_test(label, success) FROM events;
CREATE FUNCTION now_answers(rows text) RETURNS SETOF answers LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE 'SELECT proportion(success), mean_tally(value), mean_tally(value::float8), mean_tally(value::bigint), crosstab_test(label, success) FROM ' || rows;
END $$;
SELECT results_eq('SELECT successes(proportion), trials(proportion) FROM answers', 'SELECT count(*) FILTER (WHERE success), count(success) FROM events', 'successes and trials are those of count');
SELECT results_eq('SELECT observations(mean_tally), total(mean_tally) FROM answers', 'SELECT count(value), sum(value) FROM events', 'the tally is that of count and sum');
SELECT is((SELECT worst(ARRAY[mean(mean_tally), standard_deviation(mean_tally)], (SELECT ARRAY[avg(value), stddev_samp(value)] FROM events)) FROM answers) < 1e-15, true, 'mean and deviation, too');
SELECT is((SELECT mean_tally::text FROM answers), (SELECT format('(%s,%s,%s)', count(value), trim_scale(sum(value)), trim_scale(sum(value * value))) FROM events), 'to the last digit');
SELECT is((SELECT mean_tally FROM answers), (SELECT float_tally FROM answers), 'of 15 digits floats tell the same');
SELECT is((SELECT whole_tally FROM answers), (SELECT mean_tally(value::int8::numeric) FROM events), 'and whole numbers');
SELECT is((SELECT mean_tally(i) FROM generate_series(-1000, 3000) i), (SELECT mean_tally(i::int8) FROM generate_series(-1000, 3000) i), 'of either kind');
SELECT set_eq($$SELECT * FROM now_answers('(SELECT * FROM events ORDER BY md5(id::text)) e')$$, 'SELECT * FROM answers', 'rows in random order');
SELECT set_eq($$SELECT * FROM now_answers('(SELECT * FROM events ORDER BY id DESC) e')$$, 'SELECT * FROM answers', 'rows from last to first');
CREATE TABLE parts AS SELECT part, proportion(success), mean_tally(value) FROM events GROUP BY part;
SELECT results_eq('SELECT rollup(proportion), rollup(mean_tally) FROM parts', 'SELECT proportion, mean_tally FROM answers', 'rollup of the parts');
SELECT results_eq('SELECT rollup(proportion ORDER BY part DESC), rollup(mean_tally ORDER BY part DESC) FROM parts', 'SELECT proportion, mean_tally FROM answers', 'in any order');
SELECT results_eq('SELECT a.proportion + b.proportion = b.proportion + a.proportion, a.mean_tally + b.mean_tally = b.mean_tally + a.mean_tally FROM parts a, parts b WHERE a.part = 1 AND b.part = 2',
	'VALUES (true, true)', 'a + b = b + a');
SELECT is_empty('SELECT * FROM parts WHERE proportion::text::proportion <> proportion OR mean_tally::text::mean_tally <> mean_tally', 'text form: there and back');
SELECT is_empty($$SELECT id FROM (SELECT id, proportion(success) OVER w AS p, mean_tally(value) OVER w AS t FROM events WHERE id <= 60 WINDOW w AS (ORDER BY id ROWS BETWEEN 5 PRECEDING AND CURRENT ROW)) s
	WHERE (p, t) IS DISTINCT FROM (SELECT (proportion(success), mean_tally(value)) FROM events e WHERE e.id BETWEEN s.id - 5 AND s.id)$$, 'windows that move');

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
SELECT matches(plan_of('SELECT proportion(success), mean_tally(value), crosstab_test(label, success) FROM events'), 'Partial Aggregate', 'in parallel');
SELECT set_eq($$SELECT proportion(success), mean_tally(value), mean_tally(value::float8) AS f, mean_tally(value::bigint) AS w, crosstab_test(label, success) FROM events$$, 'SELECT * FROM answers', 'parallel = serial');
SELECT set_eq('SELECT part, proportion(success), mean_tally(value) FROM events GROUP BY part', 'SELECT * FROM parts', 'parallel = serial by group');
SELECT results_eq('SELECT proportion(success), mean_tally(value), crosstab_test(label, success) FROM events WHERE id < 0', $$VALUES ('0/0'::proportion, '(0,0,0)'::mean_tally, NULL::crosstab_result)$$, 'workers without rows');
SELECT throws_ok('SELECT mean_tally(value * 1e6) FROM events', '22003', 'value is too large for mean_tally', 'an error in a worker');
SELECT throws_ok('SELECT crosstab_test(label, part, -id) FROM events WHERE id = 17', '22023', 'observations of crosstab_test must not be negative: -17', 'and one that names the number');

-- ------------------------------------------------------------------------------------------------
-- Bytes from elsewhere
-- ------------------------------------------------------------------------------------------------
\set file '/tmp/pg_customer_pgtap.' :DBNAME
CREATE TABLE received (LIKE parts);
COPY parts TO :'file' (FORMAT binary);
COPY received FROM :'file' (FORMAT binary);
SELECT set_eq('SELECT * FROM received', 'SELECT * FROM parts', 'binary form: there and back');
CREATE TABLE some_proportions (p proportion);
CREATE TABLE some_tallies (t mean_tally);
CREATE FUNCTION received(tablename text, file text, value bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	object oid := lo_from_bytea(0, '\x5047434f50590aff0d0a0000000000000000000001'::bytea || int4send(length(value)) || value || '\xffff');
BEGIN
	PERFORM lo_export(object, file);
	EXECUTE format('COPY %I FROM %L (FORMAT binary)', tablename, file);
	RETURN 'received';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END $$;
SELECT results_eq(format('SELECT received(%L, %L, int8send(s) || int8send(t)) FROM (VALUES (3, 10), (11, 10), (-1, 10), (0, -1)) v (s, t)', 'some_proportions', :'file'),
	$$VALUES ('received'), ('22P03'), ('22P03'), ('22P03')$$, 'proportions that cannot be are refused');
SELECT is(received('some_proportions', :'file', int8send(3)), '08P01', 'so is half of one');
-- number, sum and sum of squares by their words, the highest last
SELECT results_eq(format('SELECT received(%L, %L, (SELECT string_agg(int8send(w), %L ORDER BY i) FROM unnest(words) WITH ORDINALITY AS u (w, i))) FROM (VALUES (%L::int8[]), (%L), (%L), (%L), (%L), (%L)) v (words)',
		'some_tallies', :'file', '\x', '{2,4,0,0,10,0,0,0}', '{2,4,0,0,7,0,0,0}', '{0,0,0,0,1,0,0,0}', '{-1,0,0,0,0,0,0,0}', '{1,0,0,0,0,0,0,-1}', '{9223372036854775807,-1,-1,9223372036854775807,-1,-1,-1,-1}'),
	$$VALUES ('received'), ('22P03'), ('22P03'), ('22P03'), ('22P03'), ('22P03')$$, 'so are tallies that no values have');
\! rm -f /tmp/pg_customer_pgtap.*

SELECT * FROM finish();
ROLLBACK;
