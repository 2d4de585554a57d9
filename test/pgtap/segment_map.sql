-- Properties of segment maps
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT plan(11);

CREATE TEMP TABLE codes AS SELECT m.map, m.bins, m.digits, s.* FROM segment_maps() m, segment_map(m.map) s;

SELECT is((SELECT count(*) FROM (SELECT map FROM codes GROUP BY map, bins, digits HAVING count(DISTINCT code) <> power(bins, digits)) m), 0::bigint,
	'every map has all codes');
SELECT is((SELECT count(*) FROM (SELECT FROM codes GROUP BY map, code HAVING count(*) > 1) c), 0::bigint, 'no code twice');
SELECT is((SELECT count(*) FROM (SELECT FROM codes GROUP BY map, segment HAVING count(DISTINCT rank) > 1) s), 0::bigint, 'a segment has one rank');
SELECT is((SELECT count(*) FROM segment_maps() m WHERE segments <> (SELECT count(DISTINCT segment) FROM codes c WHERE c.map = m.map)
	OR segments <> (SELECT max(rank) FROM codes c WHERE c.map = m.map)), 0::bigint, 'ranks go from 1 to the number of segments');
SELECT is((SELECT count(*) FROM (SELECT FROM codes GROUP BY segment HAVING count(DISTINCT (label_en, label_zh, action)) > 1) s), 0::bigint,
	'a segment has the same labels in every map');
SELECT is((SELECT count(*) FROM codes WHERE label_en = '' OR label_zh = '' OR action = '' OR label_zh ~ '[a-zA-Z]' OR label_en ~ '[^ -~]'), 0::bigint,
	'labels in both languages');

-- Inversions, counted in SQL: one more in one score, and a worse rank.
SELECT results_eq($$
	SELECT a.map, count(*) FILTER (WHERE a.rank > b.rank)
	FROM codes a JOIN codes b USING (map, digits)
	WHERE a.code > b.code
		AND (SELECT sum(abs(substr(a.code, i, 1)::int - substr(b.code, i, 1)::int)) FROM generate_series(1, digits) i) = 1
	GROUP BY a.map ORDER BY a.map
	$$, $$VALUES ('cn8', 0::bigint), ('codes125', 25), ('grid25', 0), ('grid9', 0)$$, 'inversions of the shipped maps');
-- Of all pairs of codes, not only of neighbours, the three monotone maps have none either.
SELECT is((
	SELECT count(*) FROM codes a JOIN codes b USING (map, digits)
	WHERE map <> 'codes125' AND a.rank > b.rank
		AND (SELECT bool_and(substr(a.code, i, 1) >= substr(b.code, i, 1)) FROM generate_series(1, digits) i)), 0::bigint,
	'a score better or equal throughout never has a worse segment');

-- rfm_segment ignores money in the maps of two digits
SELECT is((SELECT count(*) FROM codes, generate_series(1, bins) m
	WHERE digits = 2 AND rfm_segment((code || m)::rfm_score, map) <> segment), 0::bigint, 'rfm_segment is the map');

-- A check of patterns is the check of their codes.
SELECT is((SELECT segment_map_check(code, segment, rank) FROM (VALUES ('[12][12]', 'hibernating', 10), ('[12][34]', 'at_risk', 9), ('[12]5', 'cant_lose', 8),
		('3[12]', 'about_to_sleep', 7), ('33', 'need_attention', 6), ('[34][45]', 'loyal', 2), ('41', 'promising', 5), ('51', 'new', 4),
		('[45][23]', 'potential_loyalist', 3), ('5[45]', 'champions', 1)) m (code, segment, rank)),
	(SELECT segment_map_check(code, segment, rank) FROM segment_map('grid25')), 'grid25 as patterns');

SELECT is((
	SELECT count(*) FROM pg_proc WHERE proname IN ('rfm_segment', 'segment_map', 'segment_maps', 'segment_map_check')
		AND (provolatile <> 'i' OR proparallel <> 's')), 0::bigint, 'all are immutable and parallel safe');

SELECT * FROM finish();
ROLLBACK;
