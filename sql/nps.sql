-- The net promoter score
\set VERBOSITY terse
SELECT nps(score), nps_tally(score), answers(nps_tally(score)), promoters(nps_tally(score)), passives(nps_tally(score)), detractors(nps_tally(score))
FROM unnest('{0, 6, 7, 8, 9, 10, 10, NULL}'::int[]) AS score;

-- One of every type that a score comes in; a bigint is taken as a number.
SELECT nps(score::smallint) = nps(score) AS "smallint", nps(score::bigint) = nps(score) AS "bigint", nps(score::numeric) = nps(score) AS "numeric",
	nps(score::float8) = nps(score) AS float8, nps(score::text) = nps(score) AS text, nps_tally(score::smallint) = nps_tally(score) AS small_tally,
	nps_tally(score::numeric) = nps_tally(score) AS numeric_tally, nps_tally(score::float8) = nps_tally(score) AS float8_tally, nps_tally(score::text) = nps_tally(score) AS text_tally
FROM unnest('{0, 3, 7, 10, NULL}'::int[]) AS score;
SELECT nps_tally(score) FROM unnest('{" 9", "9.0", "+7 ", 010, 0.}'::text[]) AS score;

-- Scales by name
SELECT scale, promoters(tally), passives(tally), detractors(tally), nps(tally), tally
FROM unnest('{0..10, 1..5, 1..7, 1..10}'::text[]) AS scale,
	LATERAL (SELECT nps_tally(score, scale) AS tally FROM generate_series(split_part(scale, '..', 1)::int, split_part(scale, '..', 2)::int) AS score) AS t;
SELECT nps(score, '1..5'), nps(score::numeric, '1..5'), nps(score::float8, '1..5'), nps(score::text, '1..5'), nps(score::smallint, '1..5'),
	nps_tally(score::numeric, '1..5') = nps_tally(score, '1..5') AS numeric_tally, nps_tally(score::float8, '1..5') = nps_tally(score, '1..5') AS float8_tally,
	nps_tally(score::text, '1..5') = nps_tally(score, '1..5') AS text_tally
FROM unnest('{1, 4, 5, 5, NULL}'::int[]) AS score;

-- Answers that are counted already
SELECT nps_tally(score, answers), nps_tally(score / 2, answers, '1..5') FILTER (WHERE score > 1) AS of_five
FROM (VALUES (2, 10::bigint), (8, 30), (10, 60), (9, 0), (NULL, 7), (7, NULL)) AS v (score, answers);

-- Nothing
SELECT nps(NULL::int), nps_tally(NULL::int);
SELECT nps(tally), answers(tally), nps_margin(tally), nps_low(tally), nps_high(tally), nps_difference(tally, tally)
FROM (VALUES ('{}'::nps_tally)) AS v (tally);
SELECT nps(score), nps_tally(score), nps_tally(score, 1), (nps_paired_difference(score, score)).* FROM (VALUES (1)) AS v (score) WHERE false;
SELECT rollup(tally) FROM (VALUES (NULL::nps_tally), (NULL)) AS v (tally);
SELECT count(*), sum(answers), count(share) FROM distribution('{}'::nps_tally);

-- Measures
SELECT nps(tally), nps_margin(tally), nps_margin(tally, 0.99), nps_low(tally), nps_high(tally), nps_low(tally, confidence => 0.8)
FROM (VALUES ('{"3": 20, "8": 30, "10": 50}'::nps_tally), ('{"10": 3}'), ('{"0": 3}'), ('{"7": 1}')) AS v (tally);
SELECT * FROM distribution('{"scale": "1..5", "1": 1, "5": 3}'::nps_tally);

-- Arithmetic
SELECT a + b AS sum, (a + b) - b = a AS back, a - a AS nothing, a = b AS equal, a = a + '{}' AS same, '{}'::nps_tally + '{"scale": "1..7", "7": 1}' AS of_seven
FROM (VALUES ('{"9": 1, "0": 2}'::nps_tally, '{"9": 5, "10": 1}'::nps_tally)) AS v (a, b);
SELECT rollup(tally) FROM (VALUES ('{"9": 1}'::nps_tally), ('{}'), (NULL), ('{"9": 2, "3": 1}')) AS v (tally);

-- Changes
SELECT d.difference, round(d.z::numeric, 12) AS z, round(d.p_value::numeric, 12) AS p_value FROM (VALUES ('{"5": 30, "8": 30, "10": 40}'::nps_tally, '{"5": 20, "8": 30, "10": 50}'::nps_tally), ('{"5": 3}', '{"5": 3}'), ('{"5": 3}', '{"9": 3}'), ('{}', '{"9": 3}'))
	AS v (before, after), nps_difference(before, after) AS d;
SELECT (nps_paired_difference(before, after)).* FROM (VALUES (1, 9), (9, 9), (10, 3), (7, 9), (8, 10), (NULL, 9), (9, NULL)) AS v (before, after);
SELECT nps_paired_difference(before, after, '1..10'), nps_paired_difference(before::text, after::text), nps_paired_difference(before::text, after::text, '0..10'),
	nps_paired_difference(before::numeric, after::numeric), nps_paired_difference(before::numeric, after::numeric, '1..10'),
	nps_paired_difference(before::float8, after::float8), nps_paired_difference(before::float8, after::float8, '1..10')
FROM (VALUES (1, 9), (9, 9)) AS v (before, after);
SELECT nps_paired_difference(before, after) FROM (VALUES (1, 1), (9, 9)) AS v (before, after);

-- Periods
SELECT period, tally FROM unnest((SELECT nps_periods(day, score, 'month')
	FROM (VALUES ('2026-02-01'::date, 9), ('2026-01-31', 3), ('2026-02-28', 8), (NULL, 9), ('2026-03-01', NULL), ('4714-11-24 BC', 1), ('5874897-12-31', 2)) AS v (day, score)));
SELECT unit, period, tally FROM unnest('{day, week, month, quarter, year}'::text[]) AS unit,
	unnest((SELECT nps_periods(at, score, unit) FROM (VALUES ('1999-12-31 23:59:59.999999'::timestamp, 9), ('2000-01-01 00:00', 10)) AS v (at, score)));
SET TimeZone = 'Asia/Shanghai';
SELECT period, tally FROM unnest((SELECT nps_periods(at, score, 'month')
	FROM (VALUES ('2026-01-31 15:59:59.999999+00'::timestamptz, 3), ('2026-01-31 16:00+00', 9), ('2026-02-15 00:00+00', 10)) AS v (at, score)));
RESET TimeZone;
SELECT nps_periods(day, 9, 'day') FROM (VALUES ('2026-02-01'::date)) AS v (day) WHERE false;
-- many periods from each worker
CREATE TABLE many_days AS SELECT '2020-01-01'::date + i % 2000 AS day, i % 11 AS score FROM generate_series(1, 20000) AS i;
ALTER TABLE many_days SET (parallel_workers = 2);
BEGIN;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
EXPLAIN (COSTS OFF) SELECT nps_periods(day, score, 'month') FROM many_days;
SELECT count(*), sum(answers(tally)), sum(promoters(tally)) FROM unnest((SELECT nps_periods(day, score, 'month') FROM many_days));
COMMIT;
DROP TABLE many_days;

-- Text, jsonb
SELECT tally, tally::jsonb, tally::jsonb::nps_tally = tally AS back
FROM (VALUES ('{"10": 2, "0": 1}'::nps_tally), ('{"scale": "1..5", "5": 9223372036854775807}'), (' { "scale" : "1..5" } ')) AS v (tally);

-- Errors
\set VERBOSITY default
SELECT nps(11);
SELECT nps(-1);
SELECT nps(score) FROM (VALUES (9.0), (9.5)) AS v (score);
SELECT nps('NaN'::numeric);
SELECT nps('Infinity'::float8);
SELECT nps(1e30);
SELECT nps('eleven'::text);
SELECT nps(''::text);
SELECT nps('9,5'::text);
SELECT nps('99999999999999999999'::text);
SELECT nps(0, '1..5');
SELECT nps(7, '0..6');
SELECT nps(7, 'five');
SELECT nps(7, '1..5x');
SELECT nps(7, NULL);
SELECT nps(score, scale) FROM (VALUES (5, '1..7'), (5, '1..5')) AS v (score, scale);
SELECT '{"9": 1}'::nps_tally + '{"scale": "1..10", "9": 1}';
SELECT '{"9": 1}'::nps_tally - '{"9": 1, "8": 2}';
SELECT nps_tally(9, -1);
SELECT '{"9": 9223372036854775807}'::nps_tally + '{"0": 1}';
SELECT nps_tally(score, 9223372036854775807) FROM generate_series(1, 2) AS score;
SELECT nps_margin('{"9": 1}', 95);
SELECT nps_low('{"9": 1}', 0);
SELECT nps_high('{}', 'NaN');
SELECT nps_periods('2026-01-01'::date, 11, 'month');
SELECT nps_periods('infinity'::date, 9, 'month');
SELECT nps_periods('-infinity'::timestamptz, 9, 'month');
SELECT nps_periods('2026-01-01'::date, 9, 'decade');
SELECT nps_periods('2026-01-01'::date, 9, NULL);
SELECT nps_periods('2026-01-01'::date, 9, unit) FROM (VALUES ('day'), ('month')) AS v (unit);
SELECT '{"11": 1}'::nps_tally;
SELECT '{"9": -1}'::nps_tally;
SELECT '{"9": 1.5}'::nps_tally;
SELECT '{"09": 1}'::nps_tally;
SELECT '{"9": [1, 2]}'::nps_tally;
SELECT '{"9": 1, "scale": "1..6"}'::nps_tally;
SELECT '{"9": 1, "scale": "1..5"}'::nps_tally;
SELECT '{"9": 9223372036854775807, "8": 1}'::nps_tally;
SELECT '[1]'::nps_tally;
SELECT '9'::nps_tally;
SELECT '{'::nps_tally;
SELECT nps_tally_accum('{}', 9);

-- Binary form through COPY: what goes out comes back; anything else is refused
CREATE TABLE copied_nps (tally nps_tally);
INSERT INTO copied_nps VALUES ('{}'), (NULL), ('{"0": 3, "10": 5}'), ('{"scale": "1..7", "7": 9223372036854775807}');
SELECT '/tmp/pg_customer_copy.' || pg_backend_pid() AS file \gset
\setenv FILE :file
COPY copied_nps TO :'file' (FORMAT binary);
COPY copied_nps FROM :'file' (FORMAT binary);
SELECT tally::text, count(*) FROM copied_nps GROUP BY 1 ORDER BY 1;
-- a binary file of one field, made from the bytes of a bytea column
CREATE FUNCTION receive_nps(bytes bytea, file text) RETURNS SETOF nps_tally LANGUAGE plpgsql AS $$
BEGIN
	CREATE TEMP TABLE raw AS SELECT bytes;
	EXECUTE format('COPY raw TO %L (FORMAT binary)', file);
	DROP TABLE raw;
	TRUNCATE copied_nps;
	EXECUTE format('COPY copied_nps FROM %L (FORMAT binary)', file);
	RETURN QUERY SELECT tally FROM copied_nps;
END $$;
\set SHOW_CONTEXT never
SELECT receive_nps(nps_tally_send('{"9": 2}'), :'file');
SELECT receive_nps(set_byte(nps_tally_send('{}'), 3, 2), :'file') AS empty_of_another_scale;
SELECT receive_nps(set_byte(nps_tally_send('{"9": 2}'), 3, 1), :'file');
SELECT receive_nps(set_byte(nps_tally_send('{"9": 2}'), 3, 4), :'file');
SELECT receive_nps(set_byte(nps_tally_send('{"9": 2}'), 0, 255), :'file');
SELECT receive_nps(set_byte(nps_tally_send('{"9": 2}'), 4, 255), :'file');
SELECT receive_nps(set_byte(set_byte(nps_tally_send('{"9": 2}'), 4, 127), 12, 127), :'file');
SELECT receive_nps(substr(nps_tally_send('{"9": 2}'), 1, 91), :'file');
SELECT receive_nps(nps_tally_send('{"9": 2}') || '\x00', :'file');
DROP FUNCTION receive_nps;
DROP TABLE copied_nps;
\! rm -f "$FILE" 2>/dev/null
