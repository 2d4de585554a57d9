-- ---------------------------------------------------------------------------------------------------
-- segment_map: which score belongs to which segment
-- ---------------------------------------------------------------------------------------------------

CREATE FUNCTION rfm_segment(score rfm_score, map text DEFAULT 'grid25') RETURNS text
	AS 'MODULE_PATHNAME', 'rfm_segment' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rfm_segment(rfm_score, text) IS
'Key of the segment of a score in a shipped map (grid25, codes125, grid9, cn8); a score above the bins of the map is an error';

CREATE FUNCTION segment_map(map text, language text DEFAULT 'en',
							OUT code text, OUT segment text, OUT rank int,
							OUT label_en text, OUT label_zh text, OUT action text) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'segment_map_rows' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 25;
COMMENT ON FUNCTION segment_map(text, text) IS
'All codes of a shipped map with segment, rank (1 is best), labels and the recommended action in English (en) or Chinese (zh); codes are recency and frequency, in maps that use money all three digits';

CREATE FUNCTION segment_maps(OUT map text, OUT bins int, OUT digits int, OUT segments int,
							 OUT title_en text, OUT title_zh text) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'segment_maps' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 4;
COMMENT ON FUNCTION segment_maps() IS
'The shipped segment maps: bins of the scores they are for, digits of their codes, number of segments; the default first';

CREATE FUNCTION segment_map_check_accum(internal, text, text, int) RETURNS internal
	AS 'MODULE_PATHNAME', 'segment_map_check_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment_map_check_accum(internal, text, text, int) IS
'Transition function of segment_map_check(text, text, int)';

CREATE FUNCTION segment_map_check_final(internal) RETURNS text
	AS 'MODULE_PATHNAME', 'segment_map_check_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment_map_check_final(internal) IS
'Final function of segment_map_check(text, text, int)';

CREATE AGGREGATE segment_map_check(code text, segment text, rank int) (
	SFUNC = segment_map_check_accum,
	STYPE = internal,
	SSPACE = 32768,
	FINALFUNC = segment_map_check_final,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment_map_check(text, text, int) IS
'Proves that a segment map gives each code exactly one segment: counts of codes, segments and bins, or an error that lists the codes without a segment and those with several; codes may be patterns such as [12]5 or 55*; a better score with a worse rank is a notice';
