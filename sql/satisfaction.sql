-- Ratings, levels of satisfaction, and the index over dimensions
\set VERBOSITY terse
SELECT rating_tally(rating), answers(rating_tally(rating)), mean(rating_tally(rating)), median(rating_tally(rating))
FROM unnest('{1, 3, 4, 5, 5, NULL}'::int[]) AS rating;
SELECT rating_tally(rating::smallint) = rating_tally(rating) AS "smallint", rating_tally(rating::bigint) = rating_tally(rating) AS "bigint",
	rating_tally(rating::numeric) = rating_tally(rating) AS "numeric", rating_tally(rating::float8) = rating_tally(rating) AS float8,
	rating_tally(rating::text) = rating_tally(rating) AS text, rating_tally(rating::satisfaction_level) = rating_tally(rating) AS level
FROM unnest('{1, 3, 4, 5, 5, NULL}'::int[]) AS rating;
SELECT rating_tally(answer) FROM unnest('{满意, 很满意, 非常满意, Very satisfied, 4, 5.0, -3}'::text[]) AS answer;
SELECT rating_tally(rating) FROM unnest('{100, -100, 0, 7, 7}'::int[]) AS rating;

-- Answers that are counted already
SELECT rating_tally(rating, answers), rating_tally(rating::text, answers), rating_tally(satisfaction(rating), answers)
FROM (VALUES (4, 7::bigint), (5, 20), (3, 0), (NULL, 1), (2, NULL)) AS v (rating, answers);

-- Weights
SELECT tally, answers(tally), mean(tally), median(tally), csat(tally), csat_low(tally), csat_high(tally), mean_low(tally), mean_high(tally)
FROM (SELECT weighted_rating_tally(rating, weight) AS tally FROM (VALUES (5, 0.5), (5, 1.25), (4, 2), (2, 0.25), (1, 0), (NULL, 1), (3, NULL)) AS v (rating, weight)) AS t;
SELECT weighted_rating_tally(rating, 1) = rating_tally(rating) AS ones, weighted_rating_tally(rating, weight) = weighted_rating_tally(rating, weight::float8) AS float8,
	weighted_rating_tally(rating::text, weight) = weighted_rating_tally(rating, weight) AS text, weighted_rating_tally(rating::text, weight::float8) = weighted_rating_tally(rating, weight) AS text_float8,
	weighted_rating_tally(rating::satisfaction_level, weight) = weighted_rating_tally(rating, weight) AS level, weighted_rating_tally(rating::satisfaction_level, weight::float8) = weighted_rating_tally(rating, weight) AS level_float8,
	weighted_rating_tally(rating::numeric, weight) = weighted_rating_tally(rating, weight) AS "numeric", weighted_rating_tally(rating::float8, weight::float8) = weighted_rating_tally(rating, weight) AS floats
FROM (VALUES (5, 0.5), (4, 2), (2, 0.333333333)) AS v (rating, weight);
SELECT weighted_rating_tally(3, 0.33333333349), weighted_rating_tally(3, 1::float8 / 3), weighted_rating_tally(3, 0), mean(weighted_rating_tally(3, 0)), csat(weighted_rating_tally(3, 0)),
	mean_low(weighted_rating_tally(3, 0)), median(weighted_rating_tally(3, 0)), shrunk_mean(weighted_rating_tally(3, 0), 4, 1);

-- Nothing
SELECT rating_tally(rating), weighted_rating_tally(rating, 1), mean(rating_tally(rating)) FROM (VALUES (1)) AS v (rating) WHERE false;
SELECT answers(tally), mean(tally), median(tally), csat(tally), csat_low(tally), csat_high(tally), ces(tally), ces_share(tally), mean_low(tally), mean_high(tally), shrunk_mean(tally, 3, 10), shrunk_mean(tally, 3, 0)
FROM (VALUES ('{}'::rating_tally)) AS v (tally);
SELECT count(*) FROM distribution('{}'::rating_tally);
SELECT * FROM distribution('{}'::rating_tally, '1..2');

-- Measures
SELECT mean(tally), median(tally), csat(tally), csat(tally, 3) AS top3, csat(tally, 1) AS top1, csat_low(tally), csat_high(tally), csat_low(tally, 3, '1..5', 0.99), mean_low(tally), mean_high(tally), mean_high(tally, 0.5),
	shrunk_mean(tally, 3.5, 10), shrunk_mean(tally, 3.5, 0) = mean(tally) AS own
FROM (VALUES ('{"1": 5, "2": 10, "3": 20, "4": 40, "5": 25}'::rating_tally), ('{"5": 3}'), ('{"1": 3}'), ('{"4": 1}')) AS v (tally);
SELECT ces(tally), ces_share(tally), ces_share(tally, 2), ces(tally, '0..10') FROM (VALUES ('{"1": 1, "5": 2, "7": 3}'::rating_tally)) AS v (tally);
SELECT median(tally) FROM unnest('{"{\"1\": 1, \"5\": 1}", "{\"1\": 2, \"5\": 1}", "{\"1\": 1, \"2\": 1, \"5\": 2}", "{\"3\": 1}"}'::rating_tally[]) AS tally;
SELECT * FROM distribution('{"2": 3, "4": 9}'::rating_tally);
SELECT * FROM distribution('{"2": 3, "4": 9}'::rating_tally, '1..5');

-- Changes
SELECT d.* FROM (VALUES ('{"3": 10, "4": 20, "5": 10}'::rating_tally, '{"3": 5, "4": 20, "5": 25}'::rating_tally), ('{"4": 3}', '{"4": 3}'), ('{"4": 1}', '{"5": 3, "4": 1}'), ('{}', '{"4": 3}'))
	AS v (before, after), mean_difference(before, after) AS d;

-- Arithmetic
SELECT a + b AS sum, (a + b) - b = a AS back, (a + b) - a = b AS other, a - a AS nothing, a = b AS equal, a = a + '{}' AS same
FROM (VALUES ('{"1": 1, "5": 2}'::rating_tally, '{"3": 5, "9": 1}'::rating_tally), ('{"1": 1, "5": 2}', '{"5": [2, 1.5, 1.25]}')) AS v (a, b);
SELECT rollup(tally) FROM (VALUES ('{"5": 1}'::rating_tally), ('{}'), (NULL), ('{"-2": 2, "5": [1, 0.5, 0.25]}')) AS v (tally);

-- Text, jsonb
SELECT tally, tally::jsonb, tally::jsonb::rating_tally = tally AS back
FROM (VALUES ('{"5": 2, "-100": 1}'::rating_tally), ('{"5": [2, 2, 2], "4": 0}'), ('{"5": [2, 2.5, 3.25], "1": 99999999999999999}')) AS v (tally);

-- Levels
SELECT label, label::satisfaction_level AS level, satisfaction_rank(label::satisfaction_level) AS rank, satisfaction_label(label::satisfaction_level) AS en, satisfaction_label(label::satisfaction_level, 'zh') AS zh
FROM unnest('{很不满意, 不满意, 基本满意, 满意, 很满意, 非常不满意, 一般, 非常满意, Very dissatisfied, DISSATISFIED, " neutral ", satisfied, very-satisfied, very_dissatisfied, Basically satisfied, 3}'::text[]) AS label;
SELECT rank, rank::satisfaction_level AS level, rank::satisfaction_level::int AS back, satisfaction_label(rank::satisfaction_level, 'zh')::satisfaction_level = satisfaction(rank) AS zh,
	satisfaction_label(rank::satisfaction_level)::satisfaction_level = satisfaction(rank) AS en
FROM generate_series(1, 5) AS rank;
SELECT min(level), max(level) FROM unnest(enum_range(NULL::satisfaction_level)) AS level;

-- Expectation and experience
SELECT expected, perceived, expectation_gap(expected, perceived) FROM (VALUES (4, 5), (4, 4), (4, 3), (NULL, 3)) AS v (expected, perceived);
SELECT expectation_gap(4.0, 4.5) AS "numeric", expectation_gap('satisfied'::satisfaction_level, 'neutral') AS level, expectation_gap('NaN', 4) AS nan;
SELECT min(result), max(result) FROM unnest(enum_range(NULL::expectation_result)) AS result;

-- The index
SELECT satisfaction_index('{4, 5, 3}', '{0.5, 0.3, 0.2}'), satisfaction_index('{4, 5, NULL}', '{0.5, 0.3, 0.2}') AS answered, satisfaction_index(ARRAY[1, 5]) AS alike, satisfaction_index(ARRAY[10, 5.5], scale => '1..10') AS of_ten,
	satisfaction_index('{1, 1}') AS worst, satisfaction_index('{5}') AS best, satisfaction_index('{}') AS none, satisfaction_index('{NULL}') AS unknown, satisfaction_index('{4}', '{0}') AS weightless, satisfaction_index(NULL) AS "null";

-- Errors
\set VERBOSITY default
SELECT rating_tally(101);
SELECT rating_tally(2.5);
SELECT rating_tally('gut'::text);
SELECT rating_tally(5, -1);
SELECT rating_tally(rating, 9223372036854775807) FROM generate_series(1, 2) AS rating;
SELECT weighted_rating_tally(5, -0.1);
SELECT weighted_rating_tally(5, 1000000);
SELECT weighted_rating_tally(5, 'NaN'::float8);
SELECT weighted_rating_tally(5, 999999) FROM generate_series(1, 100001);
SELECT '{"5": [2, 2.5, 3.25]}'::rating_tally + '{"1": 100000000000000000}';
SELECT '{"1": 100000000000000000}'::rating_tally + '{"5": [2, 2.5, 3.25]}';
SELECT csat('{"6": 1}');
SELECT csat('{"0": 1, "3": 1}');
SELECT csat('{"5": 1}', 5);
SELECT csat('{"5": 1}', 0);
SELECT csat('{"5": 1}', scale => '5..1');
SELECT csat('{"5": 1}', scale => '0..101');
SELECT ces('{"8": 1}'::rating_tally);
SELECT distribution('{"8": 1}'::rating_tally, '1..7');
SELECT csat_low('{"5": 1}', confidence => 1);
SELECT mean_low('{"5": 1}'::rating_tally, 95);
SELECT shrunk_mean('{"5": 1}', 'NaN', 3);
SELECT shrunk_mean('{"5": 1}', 3, -1);
SELECT '{"5": 1}'::rating_tally - '{"5": 2}';
SELECT '{"5": 1}'::rating_tally - '{"7": 1}';
SELECT '{"5": [2, 2.5, 3.25]}'::rating_tally - '{"5": 1}' AS contained;
SELECT '{"5": [2, 2.5, 3.25]}'::rating_tally - '{"5": [1, 2.5, 6.25]}';
SELECT '{"101": 1}'::rating_tally;
SELECT '{"5": -1}'::rating_tally;
SELECT '{"5": [1, 2, 3]}'::rating_tally;
SELECT '{"5": [2, 1]}'::rating_tally;
SELECT '{"5": [2, 1, true]}'::rating_tally;
SELECT '{"scale": "1..5"}'::rating_tally;
SELECT '{"5": 9223372036854775807, "4": 1}'::rating_tally;
SELECT 'gut'::text::satisfaction_level;
SELECT '满意'::satisfaction_level;
SELECT 6::satisfaction_level;
SELECT satisfaction_label('neutral', 'de');
SELECT satisfaction_index('{6}');
SELECT satisfaction_index('{NaN}');
SELECT satisfaction_index('{5, 4}', '{1}');
SELECT satisfaction_index('{5}', '{-1}');
SELECT satisfaction_index('{5}', '{NULL}');
SELECT satisfaction_index('{{5}, {4}}');
SELECT satisfaction_index('{5}', scale => NULL);
BEGIN;
ALTER TYPE satisfaction_level RENAME VALUE 'neutral' TO 'so so';
SELECT satisfaction(3);
ROLLBACK;

-- Binary form through COPY: what goes out comes back; anything else is refused
CREATE TABLE copied_ratings (tally rating_tally);
INSERT INTO copied_ratings VALUES ('{}'), (NULL), ('{"1": 3, "5": 5}'), ('{"-100": 9223372036854775807}'), ('{"5": [2, 2.5, 3.25]}');
SELECT '/tmp/pg_customer_copy.' || pg_backend_pid() AS file \gset
\setenv FILE :file
COPY copied_ratings TO :'file' (FORMAT binary);
COPY copied_ratings FROM :'file' (FORMAT binary);
SELECT tally::text, count(*) FROM copied_ratings GROUP BY 1 ORDER BY 1;
-- a binary file of one field, made from the bytes of a bytea column: low (2 bytes), slots, weighted; counts (8), weights (16) and squares (16)
CREATE FUNCTION receive_ratings(bytes bytea, file text) RETURNS SETOF rating_tally LANGUAGE plpgsql AS $$
BEGIN
	CREATE TEMP TABLE raw AS SELECT bytes;
	EXECUTE format('COPY raw TO %L (FORMAT binary)', file);
	DROP TABLE raw;
	TRUNCATE copied_ratings;
	EXECUTE format('COPY copied_ratings FROM %L (FORMAT binary)', file);
	RETURN QUERY SELECT tally FROM copied_ratings;
END $$;
\set SHOW_CONTEXT never
SELECT rating_tally_send('{"5": [2, 2.5, 3.25]}');
SELECT receive_ratings('\x00050100 0000000000000002', :'file');
SELECT receive_ratings('\x00050300 0000000000000000 0000000000000002 0000000000000000', :'file') AS trimmed;
SELECT receive_ratings('\x00050000', :'file') AS empty;
SELECT receive_ratings('\x00050101 0000000000000002 00000000000000000000000077359400 00000000000000001bc16d674ec80000', :'file') AS ones;
SELECT receive_ratings('\x00050100 8000000000000002', :'file');
SELECT receive_ratings('\x00050200 7fffffffffffffff 0000000000000001', :'file');
SELECT receive_ratings('\x00640200 0000000000000001 0000000000000001', :'file');
SELECT receive_ratings('\xff9b0100 0000000000000001', :'file');
SELECT receive_ratings('\x00050100', :'file');
SELECT receive_ratings('\x00050100 0000000000000002 00', :'file');
SELECT receive_ratings('\x00050101 0000000000000002 ffffffffffffffffffffffff77359400 00000000000000001bc16d674ec80000', :'file');
SELECT receive_ratings('\x00050101 0000000000000002 00000000000000000000000077359400 00000000000000000000000000000001', :'file');
SELECT receive_ratings('\x00050101 0000000000000002 00000000000000000000000000000001 00000000000000001bc16d674ec80000', :'file');
SELECT receive_ratings('\x00050101 0000000000000002 7fffffffffffffff0000000000000000 7fffffffffffffff0000000000000000', :'file');
SELECT receive_ratings('\x00050101 0000000000000000 00000000000000000000000077359400 00000000000000001bc16d674ec80000', :'file');
DROP FUNCTION receive_ratings;
DROP TABLE copied_ratings;
\! rm -f "$FILE" 2>/dev/null
