-- Segment maps
SELECT * FROM segment_maps();

--
-- The shipped maps, all codes
--
SELECT map, rank, segment, label_en, label_zh, count(*) AS codes, string_agg(code, ' ' ORDER BY code DESC) AS list
FROM segment_maps() m, segment_map(m.map)
GROUP BY map, bins, digits, rank, segment, label_en, label_zh
ORDER BY bins DESC, digits, rank;

-- recommended actions, in both languages
SELECT DISTINCT ON (en.segment) en.segment, en.action AS action_en, zh.action AS action_zh
FROM segment_maps() m, segment_map(m.map) en JOIN segment_map(m.map, 'zh') zh USING (code)
ORDER BY en.segment;

-- each is complete and disjoint; grid25, grid9 and cn8 have no inversion, codes125 has 25
SELECT segment_map_check(code, segment, rank) FROM segment_map('grid25');
SELECT segment_map_check(code, segment, rank) FROM segment_map('codes125');
SELECT segment_map_check(code, segment, rank) FROM segment_map('grid9');
SELECT segment_map_check(code, segment, rank) FROM segment_map('cn8');

SELECT count(*) FROM segment_map('grid10');
SELECT count(*) FROM segment_map('grid25', 'fr');
SELECT count(*) FROM segment_map(NULL);

--
-- rfm_segment: a score to its segment
--
SELECT score, rfm_segment(score), rfm_segment(score, 'codes125') AS codes125
FROM unnest('{555,155,511,411,333,131,111}'::rfm_score[]) score;
SELECT score, rfm_segment(score, 'grid9') AS grid9 FROM unnest('{333,321,131}'::rfm_score[]) score;
SELECT score, rfm_segment(score, 'cn8') AS cn8 FROM unnest('{222,212,111}'::rfm_score[]) score;
SELECT rfm_segment(NULL) IS NULL AS unknown;

-- the same as in the map's rows
SELECT map, count(*) AS codes, count(*) FILTER (WHERE segment = rfm_segment(rpad(code, 3, '1')::rfm_score, map)) AS same
FROM segment_maps() m, segment_map(m.map) GROUP BY map ORDER BY map;

SELECT rfm_segment('543', 'grid9');
SELECT rfm_segment('216', 'grid25');
SELECT rfm_segment('543', 'putler');

--
-- segment_map_check: a map of one's own
--
-- patterns: a digit, a set, any score
SELECT segment_map_check(code, segment, rank)
FROM (VALUES ('[45]*', 'active', 1), ('[123][345]', 'wake', 2), ('[321][12]', 'gone', 3)) m (code, segment, rank);
SELECT segment_map_check(code, segment, rank) FROM (VALUES ('**2', 'big', 1), ('**1', 'small', 2)) m (code, segment, rank);
SELECT segment_map_check(code, segment, rank) FROM (VALUES ('***', 'all', 7)) m (code, segment, rank);
SELECT segment_map_check('9' || i, 's', 1) FROM generate_series(1, 9) i;

-- holes and overlaps, whatever the order of the rows
SELECT segment_map_check(code, segment, rank)
FROM (VALUES ('5*', 'best', 1), ('[45]5', 'often', 2), ('3[12]', 'seldom', 3), ('32', 'seldom', 3)) m (code, segment, rank);
SELECT segment_map_check(code, segment, rank ORDER BY rank DESC)
FROM (VALUES ('5*', 'best', 1), ('[45]5', 'often', 2), ('3[12]', 'seldom', 3), ('32', 'seldom', 3)) m (code, segment, rank);
SELECT segment_map_check('9*9', 'all', 1);
SELECT segment_map_check('***', 'all', rank) FROM unnest('{1,1}'::int[]) rank;
SELECT segment_map_check(code, segment, rank) FROM segment_map('grid25') WHERE code <> '33';
SELECT segment_map_check(code, segment, rank) FROM segment_map('grid25') WHERE false;

-- a segment has one rank
SELECT segment_map_check(code, segment, rank)
FROM (VALUES ('1*', 'low', 3), ('21', 'mixed', 2), ('22', 'mixed', 1)) m (code, segment, rank);

-- two or three positions, not both
SELECT segment_map_check(code, segment, rank) FROM (VALUES ('1*', 'low', 2), ('2**', 'high', 1)) m (code, segment, rank);

-- two segments may share a rank; a better score may not lead to a worse one unsaid
SELECT segment_map_check(code, segment, rank) FROM (VALUES ('1*', 'a', 1), ('2*', 'b', 1)) m (code, segment, rank);
SELECT segment_map_check(code, segment, rank) FROM (VALUES ('1*', 'a', 1), ('2*', 'b', 2)) m (code, segment, rank);
SELECT segment_map_check(code, segment, rank) FROM (VALUES ('1**', 'a', 1), ('[23]**', 'b', 2)) m (code, segment, rank);

-- what is not a code
SELECT segment_map_check('5', 'a', 1);
SELECT segment_map_check('', 'a', 1);
SELECT segment_map_check('5555', 'a', 1);
SELECT segment_map_check('50', 'a', 1);
SELECT segment_map_check('5[', 'a', 1);
SELECT segment_map_check('5[]', 'a', 1);
SELECT segment_map_check('5[1-3]', 'a', 1);
SELECT segment_map_check('5]', 'a', 1);
SELECT segment_map_check('5-5', 'a', 1);
SELECT segment_map_check(repeat('冠军', 50), 'a', 1);
SELECT segment_map_check(NULL, 'a', 1);
SELECT segment_map_check('55', NULL, 1);
SELECT segment_map_check('55', 'a', NULL);
SELECT segment_map_check('55', repeat('冠军', 50), 1);
SELECT segment_map_check('55', 'segment ' || i, 1) FROM generate_series(1, 730) i;
