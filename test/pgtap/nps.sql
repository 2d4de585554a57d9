-- Properties of the net promoter score: plain SQL gives the same, serial = parallel = rollup = any order, exact values
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT plan(42);

-- Labels
SELECT is_empty($$SELECT oid::regprocedure FROM pg_proc WHERE proname ~ '^nps' AND NOT (proparallel = 's' AND (provolatile = 'i' OR oid::regprocedure::text ~ 'timestamp with time zone'))$$,
	'all functions are immutable and parallel safe; only that of a timestamptz depends on the zone');
SELECT is((SELECT provolatile FROM pg_proc WHERE prosrc = 'nps_periods_accum_timestamptz'), 's', 'which is stable');
SELECT is_empty($$SELECT aggfnoid::regprocedure FROM pg_aggregate JOIN pg_proc ON oid = aggfnoid WHERE proname ~ '^nps' AND aggcombinefn = 0$$, 'all aggregates run in parallel');
SELECT is((SELECT typlen FROM pg_type WHERE oid = 'nps_tally'::regtype), 96::smallint, 'a tally is of fixed length');

-- Answers with NULLs over groups and months; a group without an answer, and two waves of the same people
SELECT setseed(0.7);
CREATE TABLE answers AS
	SELECT i AS id, i % 7 AS grp, timestamp '2025-01-01' + i * interval '53 minutes' AS at, CASE WHEN random() < 0.9 AND i % 7 < 6 THEN floor(11 * sqrt(random()))::int END AS score,
		CASE WHEN random() < 0.9 THEN floor(11 * sqrt(random()))::int END AS again
	FROM generate_series(1, 20000) AS i;
ANALYZE answers;
CREATE VIEW plain AS
	SELECT grp, count(score) AS n, count(*) FILTER (WHERE score >= 9) AS p, count(*) FILTER (WHERE score <= 6) AS d,
		100.0 * (count(*) FILTER (WHERE score >= 9) - count(*) FILTER (WHERE score <= 6)) / nullif(count(score), 0) AS nps,
		100 * stddev_pop(CASE WHEN score >= 9 THEN 1 WHEN score <= 6 THEN -1 WHEN score IS NOT NULL THEN 0 END) / sqrt(nullif(count(score), 0)) AS std_error
	FROM answers GROUP BY grp;
CREATE VIEW tallies AS SELECT grp, nps_tally(score) AS tally FROM answers GROUP BY grp;

SELECT is((SELECT count(*) FROM plain WHERE n = 0), 1::bigint, 'a group has no answer');
SELECT results_eq('SELECT grp, nps(score) FROM answers GROUP BY grp ORDER BY grp', 'SELECT grp, nps FROM plain ORDER BY grp', 'nps is what three counts give');
SELECT results_eq('SELECT grp, answers(tally), promoters(tally), detractors(tally), passives(tally), nps(tally) FROM tallies ORDER BY grp',
	'SELECT grp, n, p, d, n - p - d, nps FROM plain ORDER BY grp', 'and so are the parts of a tally');
SELECT ok((SELECT bool_and(abs(nps_margin(tally) / (1.959963984540054 * std_error) - 1) < 1e-13) FROM tallies JOIN plain USING (grp) WHERE n > 0), 'the margin is that of a mean of 1, 0 and -1');
SELECT results_eq('SELECT grp, score, count(*) AS answers FROM answers WHERE score IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2',
	'SELECT grp, d.score, d.answers FROM tallies, distribution(tally) AS d WHERE d.answers > 0 ORDER BY 1, 2', 'the distribution counts each score');
SELECT ok((SELECT bool_and(abs(sum - 1) < 1e-12) FROM (SELECT sum(share) FROM tallies, distribution(tally) GROUP BY grp HAVING sum(answers) > 0) AS s), 'its shares add up to 1');
SELECT is((SELECT nps_tally(score, n) FROM (SELECT score, count(*) AS n FROM answers GROUP BY 1) AS c), (SELECT nps_tally(score) FROM answers), 'answers that are counted already');
SELECT is((SELECT rollup(tally) FROM tallies), (SELECT nps_tally(score) FROM answers), 'rollup of the groups');
SELECT is((SELECT rollup(tally ORDER BY random()) FROM tallies), (SELECT nps_tally(score ORDER BY random()) FROM answers), 'in any order');
SELECT is((SELECT a.tally + b.tally - a.tally FROM tallies AS a, tallies AS b WHERE a.grp = 1 AND b.grp = 2), (SELECT tally FROM tallies WHERE grp = 2), 'minus undoes plus');
SELECT ok((SELECT bool_and(tally::text::nps_tally = tally AND tally::jsonb::nps_tally = tally AND octet_length(nps_tally_send(tally)) = 92) FROM tallies), 'text, jsonb and binary forms');
SELECT ok((SELECT bool_and(nps_low(tally) < nps(tally) AND nps(tally) < nps_high(tally) AND nps_low(tally, 0.99) < nps_low(tally, 0.9)) FROM tallies WHERE answers(tally) > 0), 'intervals hold the score, wider ones for more confidence');
SELECT results_eq($$SELECT id, nps(score) OVER w, answers(nps_tally(score) OVER w) FROM answers WHERE id <= 200 WINDOW w AS (ORDER BY id ROWS 20 PRECEDING) ORDER BY id$$,
	$$SELECT id, 100.0 * (count(*) FILTER (WHERE score >= 9) OVER w - count(*) FILTER (WHERE score <= 6) OVER w) / nullif(count(score) OVER w, 0), count(score) OVER w FROM answers WHERE id <= 200
		WINDOW w AS (ORDER BY id ROWS 20 PRECEDING) ORDER BY id$$, 'as a window function');
SELECT is((SELECT array_agg(tally::text ORDER BY id) FROM (SELECT id, nps_tally(score) OVER (ORDER BY id) AS tally FROM answers WHERE id <= 50) AS running),
	(SELECT array_agg((SELECT nps_tally(score)::text FROM answers AS b WHERE b.id <= a.id) ORDER BY id) FROM answers AS a WHERE id <= 50), 'running tallies are each their own');

-- Changes
SELECT is((SELECT round((nps_paired_difference(score, again)).difference, 12) FROM answers), (SELECT round(nps(again) - nps(score), 12) FROM answers WHERE score IS NOT NULL AND again IS NOT NULL), 'a paired difference is that of those who answered twice');
SELECT ok((SELECT abs((c).z / ((c).difference / (100 * sd / sqrt((c).answers))) - 1) < 1e-13 AND (c).answers = n FROM (SELECT nps_paired_difference(score, again) AS c, stddev_pop(change) AS sd, count(change) AS n
	FROM (SELECT score, again, (CASE WHEN again >= 9 THEN 1 WHEN again >= 7 THEN 0 ELSE -1 END - CASE WHEN score >= 9 THEN 1 WHEN score >= 7 THEN 0 ELSE -1 END) + 0 * (score + again) AS change FROM answers) AS a) AS s),
	'by the standard error of the changes');
SELECT is((SELECT nps_paired_difference(again, score) FROM answers)::text, (SELECT ROW((c).answers, -(c).difference, -(c).z, (c).p_value)::text FROM (SELECT nps_paired_difference(score, again) AS c FROM answers) AS s), 'the other way round, the other sign');
SELECT is((SELECT ROW(-difference, -z, p_value)::text FROM tallies AS a, tallies AS b, nps_difference(b.tally, a.tally) WHERE a.grp = 1 AND b.grp = 2),
	(SELECT ROW(difference, z, p_value)::text FROM tallies AS a, tallies AS b, nps_difference(a.tally, b.tally) WHERE a.grp = 1 AND b.grp = 2), 'also between tallies');

-- Exact values, computed with 40 digits
SELECT is_empty($$
	SELECT * FROM (VALUES
	(50, 30, 20, 0.9, 12.8467175068116256, 16.4748047781759562, 41.7776224062900632),
	(50, 30, 20, 0.95, 15.3078080750426706, 14.0511301787616108, 44.2012970057044086),
	(3, 0, 0, 0.9, 0.0, 2.51716578510174447, 97.4828342148982555),
	(3, 0, 0, 0.95, 0.0, -6.57928670380858019, 100.0),
	(1, 1, 1, 0.95, 92.3935882899785118, -61.112614338043163, 61.112614338043163),
	(1, 1, 1, 0.999, 155.116917700901633, -100.0, 100.0),
	(412, 333, 255, 0.95, 4.96745902341598742, 10.6943765639729523, 20.6117051907628404),
	(412, 333, 255, 0.999, 8.33972299137769665, 7.32808306976308111, 23.9779986849727115),
	(0, 1, 9, 0.9, 15.6044516362667273, -95.373967698764394, -43.0875707627740675),
	(0, 1, 9, 0.95, 18.5938509691368453, -100.0, -38.0792268695686446),
	(123456, 234567, 98765, 0.95, 0.201659115683509745, 5.20365817467540972, 5.60697513464986157)) AS v (p, s, d, confidence, margin, low, high),
	LATERAL (SELECT format('{"10": %s, "8": %s, "0": %s}', p, s, d)::nps_tally AS tally) AS t
	WHERE abs(nps_margin(tally, confidence) - margin) > 1e-13 * margin OR abs(nps_low(tally, confidence) - low) > 1e-12 OR abs(nps_high(tally, confidence) - high) > 1e-12 $$, 'margins and intervals');
SELECT is_empty($$
	SELECT * FROM (VALUES
	(50, 30, 20, 60, 25, 15, 15.0, 1.39421823702051923, 0.163251712433037179),
	(1, 1, 1, 5, 0, 0, 100.0, 2.12132034355964257, 0.0338948535246892729),
	(412, 333, 255, 300, 400, 300, -15.7, -4.45427981299627954, 8.41752638289576956e-6),
	(10, 20, 30, 30, 20, 10, 66.6666666666666667, 4.8989794855663562, 9.63357008643094588e-7)) AS v (p1, s1, d1, p2, s2, d2, difference, z, p_value),
	LATERAL nps_difference(format('{"10": %s, "8": %s, "0": %s}', p1, s1, d1)::nps_tally, format('{"10": %s, "8": %s, "0": %s}', p2, s2, d2)::nps_tally) AS d
	WHERE abs(d.difference - v.difference) > 1e-14 OR abs(d.z / v.z - 1) > 1e-14 OR abs(d.p_value / v.p_value - 1) > 1e-12 $$, 'differences of two waves');

-- Periods are what GROUP BY gives, in any zone and order
CREATE FUNCTION periods_differ(unit text, expression text) RETURNS SETOF date LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE format('SELECT period FROM (SELECT date_trunc(%1$L, %2$s)::date AS period, nps_tally(score) AS tally FROM answers WHERE score IS NOT NULL GROUP BY 1) AS a
		FULL JOIN (SELECT * FROM unnest((SELECT nps_periods(%2$s, score, %1$L) FROM (SELECT * FROM answers ORDER BY CASE WHEN %1$L = ''week'' THEN random() ELSE id END) AS o))) AS b USING (period)
		WHERE a.tally IS DISTINCT FROM NULL AND b.tally IS NULL OR b.tally IS NOT NULL AND a.tally IS NULL OR NOT a.tally = b.tally', unit, expression);
END $$;
SELECT is_empty(format('SELECT periods_differ(unit, %L) FROM unnest(ARRAY[''day'', ''week'', ''month'', ''quarter'', ''year'']) AS unit', expression), 'periods of ' || expression)
FROM unnest('{at, at::date, at - interval ''800 years''}'::text[]) AS expression;
SET LOCAL TimeZone = 'Asia/Shanghai';
SELECT is_empty($$SELECT periods_differ(unit, 'at::timestamptz') FROM unnest(ARRAY['day', 'week', 'month', 'quarter', 'year']) AS unit$$, 'periods of a timestamptz in Shanghai');
SET LOCAL TimeZone = 'America/Havana';	-- sets its clocks forward at midnight
SELECT is_empty($$SELECT periods_differ(unit, 'at AT TIME ZONE ''UTC''') FROM unnest(ARRAY['day', 'week', 'month', 'quarter', 'year']) AS unit$$, 'periods of a timestamptz in Havana');
SET LOCAL TimeZone = 'Pacific/Apia';	-- went without the 30th of December 2011
SELECT is_empty($$SELECT periods_differ(unit, '(at - interval ''14 years'') AT TIME ZONE ''UTC''') FROM unnest(ARRAY['day', 'week', 'month', 'quarter', 'year']) AS unit$$, 'periods of a timestamptz in Apia');
SET LOCAL TimeZone = 'UTC';

-- Serial = parallel, errors included
CREATE FUNCTION plan_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE line text; plan text := '';
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP plan := plan || line || E'\n'; END LOOP;
	RETURN plan;
END $$;
CREATE TABLE serial AS SELECT grp, nps(score), nps_tally(score) AS tally, nps_tally(score::text) AS of_text, nps_tally(score, 2) AS counted, nps_paired_difference(score, again) AS change,
	nps_periods(at, score, 'month')::text AS months, nps_periods(at::timestamptz, score, 'day')::text AS days FROM answers GROUP BY grp;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL max_parallel_workers_per_gather = 2;
SET LOCAL parallel_leader_participation = off;
CREATE TEMP VIEW parallel AS SELECT grp, nps(score), nps_tally(score) AS tally, nps_tally(score::text) AS of_text, nps_tally(score, 2) AS counted, nps_paired_difference(score, again) AS change,
	nps_periods(at, score, 'month')::text AS months, nps_periods(at::timestamptz, score, 'day')::text AS days FROM answers GROUP BY grp;
SELECT matches(plan_of('SELECT * FROM parallel'), 'Partial (Hash|Group)Aggregate', 'groups in parallel');
SELECT is_empty('SELECT grp FROM parallel AS p JOIN serial AS s USING (grp) WHERE NOT (p.tally = s.tally AND p.of_text = s.of_text AND p.counted = s.counted)
	OR (p.nps, p.change, p.months, p.days) IS DISTINCT FROM (s.nps, s.change, s.months, s.days)', 'parallel = serial by group');
SELECT is((SELECT nps_tally(score) FROM answers), (SELECT rollup(tally) FROM serial), 'parallel = serial');
SELECT is((SELECT nps_tally(score) FROM answers WHERE id < 0), '{}'::nps_tally, 'workers without rows');
SELECT is((SELECT nps_periods(at, score, 'day')::text FROM answers WHERE score IS NULL), '{}', 'workers without an answer');
SELECT is((SELECT nps_periods(at, score, 'day')::text FROM answers WHERE id < 0), NULL, 'periods of no row');
SELECT throws_ok('SELECT nps(CASE WHEN id = 19999 THEN 11 ELSE score END) FROM answers', '22003', 'answer is not on the scale 0..10: 11', 'a wrong answer in a worker');
SELECT throws_ok($$SELECT nps(CASE WHEN id = 17 THEN 'n/a' ELSE score::text END) FROM answers$$, '22P02', 'answer is not a whole number: "n/a"', 'a wrong text in a worker');
SELECT throws_ok($$SELECT nps_periods(at, score, CASE WHEN id = 17 THEN 'day' ELSE 'month' END) FROM answers$$, '22023', 'the unit of nps_periods is not the same in each row', 'a unit that changes');
-- The halves lie in partitions of their own, so that each worker sees one scale only.
CREATE TABLE halves (id int, scale text) PARTITION BY LIST (scale);
CREATE TABLE half_5 PARTITION OF halves FOR VALUES IN ('1..5');
CREATE TABLE half_7 PARTITION OF halves FOR VALUES IN ('1..7');
INSERT INTO halves SELECT i, CASE i % 2 WHEN 0 THEN '1..5' ELSE '1..7' END FROM generate_series(1, 2000) AS i;
ANALYZE halves;
SET LOCAL enable_partitionwise_aggregate = on;
SELECT throws_ok('SELECT nps(id % 5 + 1, scale) FROM halves', '22023', 'answers on the scales 1..5 and 1..7 have no score in common', 'two scales in two workers');
SET LOCAL max_parallel_workers_per_gather = 0;
SELECT throws_ok('SELECT nps(id % 5 + 1, scale) FROM halves', '22023', 'answers on the scales 1..5 and 1..7 have no score in common', 'two scales in two partitions');
SELECT is((SELECT nps_tally(id % 5 + 1, '1..5') FROM halves), (SELECT nps_tally(i % 5 + 1, '1..5') FROM generate_series(1, 2000) AS i), 'partitions are merged');

SELECT * FROM finish();
ROLLBACK;
