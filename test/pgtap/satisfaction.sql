-- Properties of ratings: plain SQL gives the same, serial = parallel = rollup = any order, exact values
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT plan(36);

-- Labels
SELECT enum_has_labels('satisfaction_level', ARRAY['very_dissatisfied', 'dissatisfied', 'neutral', 'satisfied', 'very_satisfied']);
SELECT enum_has_labels('expectation_result', ARRAY['disappointed', 'satisfied', 'delighted']);
SELECT is_empty($$SELECT oid::regprocedure FROM pg_proc WHERE (proname ~ '^(rating|weighted_rating|satisfaction|expectation|csat|ces)' OR proargtypes[0] = 'rating_tally'::regtype) AND NOT (provolatile = 'i' AND proparallel = 's')$$,
	'all functions are immutable and parallel safe');
SELECT is_empty($$SELECT aggfnoid::regprocedure FROM pg_aggregate WHERE aggtranstype = 'rating_tally'::regtype AND aggcombinefn = 0$$, 'all aggregates run in parallel');

-- Answers with NULLs and weights over groups of three sizes; a group without an answer
SELECT setseed(0.4);
CREATE TABLE answers AS
	SELECT i AS id, least(i % 40, 10) AS grp, CASE WHEN random() < 0.9 AND i % 40 <> 3 THEN 1 + floor(5 * sqrt(random()))::int END AS rating, round((0.2 + 2 * random())::numeric, i % 8) AS weight
	FROM generate_series(1, 20000) AS i;
ANALYZE answers;
CREATE VIEW tallies AS SELECT grp, rating_tally(rating) AS tally, weighted_rating_tally(rating, weight) AS weighted FROM answers GROUP BY grp;
CREATE VIEW plain AS
	SELECT grp, count(rating) AS n, avg(rating) AS mean, percentile_cont(0.5) WITHIN GROUP (ORDER BY rating) AS median, avg((rating >= 4)::int) AS csat, stddev_samp(rating) AS sd,
		sum(weight * rating) / nullif(sum(weight) FILTER (WHERE rating IS NOT NULL), 0) AS weighted_mean, sum(weight) FILTER (WHERE rating >= 4) / nullif(sum(weight) FILTER (WHERE rating IS NOT NULL), 0) AS weighted_csat
	FROM answers GROUP BY grp;
SELECT is((SELECT count(*) FROM plain WHERE n = 0), 1::bigint, 'a group has no answer');
SELECT is_empty('SELECT * FROM tallies JOIN plain USING (grp) WHERE (answers(tally), median(tally)) IS DISTINCT FROM (n, median) OR abs(mean(tally) - mean) > 1e-15 * mean OR abs(csat(tally) - csat) > 1e-15
	OR (mean(tally) IS NULL) <> (mean IS NULL) OR (csat(tally) IS NULL) <> (csat IS NULL)', 'answers, mean, median and csat are those of plain SQL');
SELECT is_empty('SELECT * FROM tallies JOIN plain USING (grp) WHERE answers(weighted) <> n OR abs(mean(weighted) - weighted_mean) > 1e-15 * weighted_mean OR abs(csat(weighted) - weighted_csat) > 1e-15', 'so are those of weighted answers');
SELECT is_empty('SELECT * FROM tallies JOIN plain USING (grp) WHERE n > 1 AND abs((mean_high(tally) + mean_low(tally)) / 2 - mean) > 1e-14', 'intervals lie around the mean');
SELECT ok((SELECT bool_and(csat_low(tally) < csat(tally) AND csat(tally) < csat_high(tally) AND csat_low(tally, confidence => 0.99) < csat_low(tally) AND csat(tally, 3) > csat(tally) AND mean_low(tally) < mean(tally)) FROM tallies WHERE answers(tally) > 0),
	'intervals hold the share, wider ones for more confidence; three boxes hold more than two');
SELECT ok((SELECT bool_and(shrunk_mean(tally, 3, 0) = mean(tally) AND shrunk_mean(tally, 3, 1e9) < 3.001 AND shrunk_mean(tally, 3, 50) BETWEEN 3 AND mean(tally)) FROM tallies WHERE answers(tally) > 0), 'a shrunk mean lies between the prior one and its own');
SELECT ok((SELECT bool_and(mean_high(weighted) - mean_low(weighted) > mean_high(tally) - mean_low(tally)) FROM tallies WHERE answers(tally) > 100), 'weights widen intervals');
SELECT results_eq('SELECT grp, rating, count(*) AS answers FROM answers WHERE rating IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2',
	'SELECT grp, d.rating, d.answers FROM tallies, distribution(tally) AS d WHERE d.answers > 0 ORDER BY 1, 2', 'the distribution counts each rating');
SELECT ok((SELECT bool_and(abs(sum - 1) < 1e-12 AND count = 5) FROM (SELECT sum(share), count(*) FROM tallies, distribution(weighted, '1..5') GROUP BY grp HAVING sum(answers) > 0) AS s), 'its shares add up to 1');

SELECT is_empty($$SELECT a.grp FROM plain AS a JOIN plain AS b ON b.grp = a.grp + 1 JOIN tallies AS ta ON ta.grp = a.grp JOIN tallies AS tb ON tb.grp = b.grp, mean_difference(ta.tally, tb.tally, 0.9) AS d,
	LATERAL (SELECT a.sd ^ 2 / a.n AS s, b.sd ^ 2 / b.n AS u) AS v
	WHERE a.n > 1 AND b.n > 1 AND NOT (abs(difference - (b.mean - a.mean)) < 1e-14 AND abs(t - (b.mean - a.mean) / sqrt(s + u)) < 1e-12 AND abs(df / ((s + u) ^ 2 / (s ^ 2 / (a.n - 1) + u ^ 2 / (b.n - 1))) - 1) < 1e-12
		AND abs((low + high) / 2 - difference) < 1e-14 AND low < high)$$, 'a difference of means is by Welch''s test');

-- Any way to the same tally
SELECT is((SELECT rollup(tally) FROM tallies), (SELECT rating_tally(rating) FROM answers), 'rollup of the groups');
SELECT is((SELECT rollup(weighted ORDER BY random()) FROM tallies), (SELECT weighted_rating_tally(rating, weight ORDER BY random()) FROM answers), 'of weighted ones, in any order');
SELECT is((SELECT rating_tally(rating, n) FROM (SELECT rating, count(*) AS n FROM answers GROUP BY 1) AS c), (SELECT rating_tally(rating) FROM answers), 'answers that are counted already');
SELECT is((SELECT weighted_rating_tally(rating, 1.0) FROM answers), (SELECT rating_tally(rating) FROM answers), 'weights of 1 are none');
SELECT is((SELECT mean_high(weighted_rating_tally(rating, 2.5)) FROM answers), (SELECT mean_high(rating_tally(rating)) FROM answers), 'weights that are all the same change nothing');
SELECT is((SELECT rating_tally(rating::satisfaction_level) FROM answers), (SELECT rating_tally(satisfaction_label(rating::satisfaction_level, 'zh')) FROM answers), 'levels and labels are 1 to 5');
SELECT ok((SELECT bool_and(a.tally + b.weighted - a.tally = b.weighted AND a.tally + b.tally - b.tally = a.tally AND a.weighted + b.tally = b.tally + a.weighted AND a.weighted - a.weighted = '{}') FROM tallies AS a, tallies AS b), 'minus undoes plus');
SELECT ok((SELECT bool_and(tally::text::rating_tally = tally AND weighted::text::rating_tally = weighted AND weighted::jsonb::rating_tally = weighted) FROM tallies), 'text and jsonb forms');
CREATE TABLE wide AS SELECT weighted_rating_tally(i, 0.5 + abs(i) % 7) AS tally FROM generate_series(-100, 100) AS i, generate_series(1, 3);
INSERT INTO wide SELECT tally FROM tallies;
SELECT ok((SELECT bool_and(w.tally = s.tally) FROM (SELECT tally FROM wide WHERE answers(tally) = 603) AS w, (SELECT weighted_rating_tally(i, 0.5 + abs(i) % 7) AS tally FROM generate_series(-100, 100) AS i, generate_series(1, 3)) AS s), 'a wide tally that is stored out of line');
SELECT is((SELECT answers(rollup(tally)) FROM wide), (SELECT 603 + count(rating) FROM answers), 'stored tallies of any width merge');
SELECT results_eq($$SELECT id, mean(rating_tally(rating) OVER w) FROM answers WHERE id <= 200 WINDOW w AS (ORDER BY id ROWS 20 PRECEDING) ORDER BY id$$,
	$$SELECT id, avg(rating::float8) OVER w FROM answers WHERE id <= 200 WINDOW w AS (ORDER BY id ROWS 20 PRECEDING) ORDER BY id$$, 'as a window function');

-- Exact values, computed with 40 digits
SELECT is_empty($$
	SELECT * FROM (VALUES
	('{"1": 5, "2": 10, "3": 20, "4": 40, "5": 25}', 0.8, 3.7, 0.586897565203859422, 0.708254925798244656, 3.55736728592625849, 3.84263271407374151),
	('{"1": 5, "2": 10, "3": 20, "4": 40, "5": 25}', 0.95, 3.7, 0.552544432968879622, 0.736357517569024677, 3.48063656229750229, 3.91936343770249771),
	('{"4": 1, "5": 2}', 0.8, 4.66666666666666667, 0.646221035125876483, 1.0, 4.03812730561195766, 5.29520602772137567),
	('{"4": 1, "5": 2}', 0.95, 4.66666666666666667, 0.438502968244954569, 1.0, 3.23244909008351274, 6.1008842432498206),
	('{"5": 1}', 0.95, 5.0, 0.206549314377237452, 1.0, NULL, NULL),
	('{"5": 7}', 0.8, 5.0, 0.809962594044666146, 1.0, 5.0, 5.0),
	('{"1": 1000, "2": 2000, "3": 3000, "4": 40000, "5": 50000}', 0.95, 4.41666666666666667, 0.935951202755905672, 0.939013785348559407, 4.41195164210336765, 4.42138169122996568),
	('{"1": 1, "5": 1}', 0.8, 3.0, 0.164251720029899274, 0.835748279970100726, -3.15536707435050827, 9.15536707435050827)) AS v (t, confidence, mean, csat_low, csat_high, mean_low, mean_high),
	LATERAL (SELECT t::rating_tally AS tally) AS c
	WHERE abs(mean(tally) / mean - 1) > 1e-15 OR abs(csat_low(tally, confidence => confidence) / csat_low - 1) > 1e-14 OR abs(csat_high(tally, confidence => confidence) / csat_high - 1) > 1e-14
		OR (mean_low(tally, confidence) IS NULL) <> (mean_low IS NULL) OR abs(mean_low(tally, confidence) / mean_low - 1) > 1e-13 OR abs(mean_high(tally, confidence) / mean_high - 1) > 1e-13 $$, 'means and intervals');

-- Serial = parallel, errors included
CREATE FUNCTION plan_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE line text; plan text := '';
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP plan := plan || line || E'\n'; END LOOP;
	RETURN plan;
END $$;
CREATE TABLE serial AS SELECT * FROM tallies;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL max_parallel_workers_per_gather = 2;
SET LOCAL parallel_leader_participation = off;
SELECT matches(plan_of('SELECT * FROM tallies'), 'Partial (Hash|Group)Aggregate', 'groups in parallel');
SELECT is_empty('SELECT grp FROM tallies AS p JOIN serial AS s USING (grp) WHERE NOT (p.tally = s.tally AND p.weighted = s.weighted)', 'parallel = serial by group');
SELECT is((SELECT weighted_rating_tally(rating, weight) FROM answers), (SELECT rollup(weighted) FROM serial), 'parallel = serial');
SELECT is((SELECT rating_tally(rating) FROM answers WHERE id < 0), '{}'::rating_tally, 'workers without rows');
SELECT is((SELECT rating_tally(rating + 19 * grp - 100) FROM answers), (SELECT rating_tally(rating + 19 * grp - 100 ORDER BY random()) FROM answers), 'workers that see different ratings');
SELECT throws_ok('SELECT rating_tally(CASE WHEN id = 17 THEN 101 ELSE rating END) FROM answers', '22003', 'answer is not on the scale -100..100: 101', 'a wrong rating in a worker');
SELECT throws_ok($$SELECT rating_tally(CASE WHEN id = 17 THEN 'n/a' ELSE rating::text END) FROM answers$$, '22P02', 'answer is neither a whole number nor a level of satisfaction: "n/a"', 'a wrong text in a worker');
SELECT throws_ok('SELECT weighted_rating_tally(5, CASE WHEN id = 17 THEN -1 ELSE weight END) FROM answers', '22003', 'weight is out of range: -1', 'a negative weight in a worker');

SELECT is_empty($$SELECT n FROM generate_series(1, 300) n WHERE satisfaction_index('{4, 4, 4}', ARRAY[n, n * 7 % 11 + 0.1, n * 13 % 17 / 3.0], '1..4') <> 100$$, 'the highest answers make an index of 100, whatever the weights');
SELECT results_eq($$SELECT mean_low(t), mean_high(t) FROM (SELECT weighted_rating_tally(r, w) AS t FROM (VALUES (1, 1.0), (5, 0.01)) AS v (r, w)) s$$,
	'VALUES (NULL::float8, NULL::float8)', 'where one answer weighs nearly all, no interval is known');

SELECT * FROM finish();
ROLLBACK;
