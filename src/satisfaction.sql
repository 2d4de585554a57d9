-- ------------------------------------------------------------------------------------------------
-- Satisfaction: ratings on any scale, levels, and the index over dimensions
-- ------------------------------------------------------------------------------------------------

-- Levels

CREATE TYPE satisfaction_level AS ENUM ('very_dissatisfied', 'dissatisfied', 'neutral', 'satisfied', 'very_satisfied');
COMMENT ON TYPE satisfaction_level IS
'Level of satisfaction, from the worst: 1 very dissatisfied (很不满意) to 5 very satisfied (很满意)';

CREATE FUNCTION satisfaction(label text) RETURNS satisfaction_level
	AS 'MODULE_PATHNAME', 'satisfaction_level_from_text' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION satisfaction(text) IS
'Level of a label in English or Chinese, in any case and with spaces, hyphens or underscores, or of 1 to 5; 很不满意 不满意 基本满意 满意 很满意 and 非常不满意 不满意 一般 满意 非常满意; another one is an error; a literal needs its type: text ''满意''';

CREATE FUNCTION satisfaction(rank int) RETURNS satisfaction_level
	AS 'MODULE_PATHNAME', 'satisfaction_level_from_int' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION satisfaction(int) IS
'Level of 1 (very dissatisfied) to 5 (very satisfied); another number is an error';

CREATE FUNCTION satisfaction_rank(level satisfaction_level) RETURNS int
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION satisfaction_rank(satisfaction_level) IS
'1 (very dissatisfied) to 5 (very satisfied)';

CREATE FUNCTION satisfaction_label(level satisfaction_level, language text DEFAULT 'en') RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION satisfaction_label(satisfaction_level, text) IS
'Label of a level in English (en) or Chinese (zh)';

CREATE CAST (text AS satisfaction_level) WITH FUNCTION satisfaction(text);
COMMENT ON CAST (text AS satisfaction_level) IS 'Level of a label in English or Chinese, or of 1 to 5';
CREATE CAST (int AS satisfaction_level) WITH FUNCTION satisfaction(int);
COMMENT ON CAST (int AS satisfaction_level) IS 'Level of 1 to 5';
CREATE CAST (satisfaction_level AS int) WITH FUNCTION satisfaction_rank(satisfaction_level);
COMMENT ON CAST (satisfaction_level AS int) IS '1 to 5';

-- Expectation and experience

CREATE TYPE expectation_result AS ENUM ('disappointed', 'satisfied', 'delighted');
COMMENT ON TYPE expectation_result IS
'What an experience was by what was expected, from the worst: disappointed below it, satisfied at it, delighted above it';

CREATE FUNCTION expectation_gap(expected float8, perceived float8) RETURNS expectation_result
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE WHEN expected = 'NaN' OR perceived = 'NaN' THEN NULL
		WHEN perceived > expected THEN 'delighted'::expectation_result
		WHEN perceived = expected THEN 'satisfied'::expectation_result
		ELSE 'disappointed'::expectation_result END;
END;
COMMENT ON FUNCTION expectation_gap(float8, float8) IS
'delighted when the perceived score is above the expected one, satisfied when it is the same, disappointed below; NULL for NaN';

CREATE FUNCTION expectation_gap(expected satisfaction_level, perceived satisfaction_level) RETURNS expectation_result
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT expectation_gap(satisfaction_rank(expected)::float8, satisfaction_rank(perceived)::float8);
END;
COMMENT ON FUNCTION expectation_gap(satisfaction_level, satisfaction_level) IS
'delighted when the perceived level is above the expected one, satisfied when it is the same, disappointed below';

CREATE FUNCTION satisfaction_index(scores float8[], weights float8[] DEFAULT NULL, scale text DEFAULT '1..5') RETURNS float8
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION satisfaction_index(float8[], float8[], text) IS
'Index of 0 to 100 over dimensions: the weighted mean of their scores as percent of the way from the lowest to the highest answer of the scale; without weights all weigh the same; a NULL score is left out with its weight; a score outside the scale is an error; NULL without a score';

-- rating_tally

CREATE TYPE rating_tally;

CREATE FUNCTION rating_tally_in(cstring) RETURNS rating_tally
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rating_tally_in(cstring) IS
'Text input of rating_tally: a JSON object of answers by rating, {"4": 7, "5": 20}; of weighted ones [answers, sum of weights, sum of their squares]';

CREATE FUNCTION rating_tally_out(rating_tally) RETURNS cstring
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rating_tally_out(rating_tally) IS
'Text output of rating_tally: a JSON object of answers by rating';

CREATE FUNCTION rating_tally_recv(internal) RETURNS rating_tally
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rating_tally_recv(internal) IS
'Binary input of rating_tally, checked';

CREATE FUNCTION rating_tally_send(rating_tally) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rating_tally_send(rating_tally) IS
'Binary output of rating_tally';

CREATE TYPE rating_tally (
	INPUT = rating_tally_in,
	OUTPUT = rating_tally_out,
	RECEIVE = rating_tally_recv,
	SEND = rating_tally_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = double,
	STORAGE = extended
);
COMMENT ON TYPE rating_tally IS
'Answers counted by rating, -100 to 100, and their weights where they have some, from which means, shares and intervals follow; mergeable';

CREATE CAST (rating_tally AS jsonb) WITH INOUT;
COMMENT ON CAST (rating_tally AS jsonb) IS 'The tally as a JSON object';
CREATE CAST (jsonb AS rating_tally) WITH INOUT;
COMMENT ON CAST (jsonb AS rating_tally) IS 'The tally of a JSON object, checked';

-- Tallies

CREATE FUNCTION rating_tally_accum(rating_tally, smallint) RETURNS rating_tally
	AS 'MODULE_PATHNAME', 'rating_tally_accum_int2' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rating_tally_accum(rating_tally, smallint) IS
'Transition function of rating_tally';
CREATE FUNCTION rating_tally_accum(rating_tally, integer) RETURNS rating_tally
	AS 'MODULE_PATHNAME', 'rating_tally_accum_int4' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rating_tally_accum(rating_tally, integer) IS
'Transition function of rating_tally';
CREATE FUNCTION rating_tally_accum(rating_tally, numeric) RETURNS rating_tally
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rating_tally_accum(rating_tally, numeric) IS
'Transition function of rating_tally';
CREATE FUNCTION rating_tally_accum(rating_tally, float8) RETURNS rating_tally
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rating_tally_accum(rating_tally, float8) IS
'Transition function of rating_tally';
CREATE FUNCTION rating_tally_accum(rating_tally, text) RETURNS rating_tally
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rating_tally_accum(rating_tally, text) IS
'Transition function of rating_tally';
CREATE FUNCTION rating_tally_accum(rating_tally, satisfaction_level) RETURNS rating_tally
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rating_tally_accum(rating_tally, satisfaction_level) IS
'Transition function of rating_tally';
CREATE FUNCTION rating_tally_accum_answers(rating_tally, integer, bigint) RETURNS rating_tally
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rating_tally_accum_answers(rating_tally, integer, bigint) IS
'Transition function of rating_tally of counted answers';
CREATE FUNCTION rating_tally_accum_answers(rating_tally, text, bigint) RETURNS rating_tally
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rating_tally_accum_answers(rating_tally, text, bigint) IS
'Transition function of rating_tally of counted answers';
CREATE FUNCTION rating_tally_accum_answers(rating_tally, satisfaction_level, bigint) RETURNS rating_tally
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rating_tally_accum_answers(rating_tally, satisfaction_level, bigint) IS
'Transition function of rating_tally of counted answers';
CREATE FUNCTION rating_tally_accum_weight(rating_tally, integer, numeric) RETURNS rating_tally
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rating_tally_accum_weight(rating_tally, integer, numeric) IS
'Transition function of weighted_rating_tally';
CREATE FUNCTION rating_tally_accum_weight(rating_tally, integer, float8) RETURNS rating_tally
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rating_tally_accum_weight(rating_tally, integer, float8) IS
'Transition function of weighted_rating_tally';
CREATE FUNCTION rating_tally_accum_weight(rating_tally, float8, numeric) RETURNS rating_tally
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rating_tally_accum_weight(rating_tally, float8, numeric) IS
'Transition function of weighted_rating_tally';
CREATE FUNCTION rating_tally_accum_weight(rating_tally, float8, float8) RETURNS rating_tally
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rating_tally_accum_weight(rating_tally, float8, float8) IS
'Transition function of weighted_rating_tally';
CREATE FUNCTION rating_tally_accum_weight(rating_tally, text, numeric) RETURNS rating_tally
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rating_tally_accum_weight(rating_tally, text, numeric) IS
'Transition function of weighted_rating_tally';
CREATE FUNCTION rating_tally_accum_weight(rating_tally, text, float8) RETURNS rating_tally
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rating_tally_accum_weight(rating_tally, text, float8) IS
'Transition function of weighted_rating_tally';
CREATE FUNCTION rating_tally_accum_weight(rating_tally, satisfaction_level, numeric) RETURNS rating_tally
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rating_tally_accum_weight(rating_tally, satisfaction_level, numeric) IS
'Transition function of weighted_rating_tally';
CREATE FUNCTION rating_tally_accum_weight(rating_tally, satisfaction_level, float8) RETURNS rating_tally
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rating_tally_accum_weight(rating_tally, satisfaction_level, float8) IS
'Transition function of weighted_rating_tally';
CREATE FUNCTION rating_tally_combine(rating_tally, rating_tally) RETURNS rating_tally
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rating_tally_combine(rating_tally, rating_tally) IS
'Merges partial states; transition function of rollup(rating_tally)';
CREATE FUNCTION rating_tally_final(rating_tally) RETURNS rating_tally
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rating_tally_final(rating_tally) IS
'Final function of rating_tally: the canonical form of a state';

CREATE AGGREGATE rating_tally(rating smallint) (
	SFUNC = rating_tally_accum, STYPE = rating_tally, SSPACE = 64, INITCOND = '{}',
	FINALFUNC = rating_tally_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = rating_tally_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rating_tally(smallint) IS
'Answers counted by rating, on whatever scale; NULLs are skipped, a rating outside -100 to 100 is an error';

CREATE AGGREGATE rating_tally(rating integer) (
	SFUNC = rating_tally_accum, STYPE = rating_tally, SSPACE = 64, INITCOND = '{}',
	FINALFUNC = rating_tally_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = rating_tally_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rating_tally(integer) IS
'Answers counted by rating, on whatever scale; NULLs are skipped, a rating outside -100 to 100 is an error';

CREATE AGGREGATE rating_tally(rating numeric) (
	SFUNC = rating_tally_accum, STYPE = rating_tally, SSPACE = 64, INITCOND = '{}',
	FINALFUNC = rating_tally_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = rating_tally_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rating_tally(numeric) IS
'Answers counted by rating, on whatever scale; NULLs are skipped, a rating outside -100 to 100 is an error, one that is not whole too';

CREATE AGGREGATE rating_tally(rating float8) (
	SFUNC = rating_tally_accum, STYPE = rating_tally, SSPACE = 64, INITCOND = '{}',
	FINALFUNC = rating_tally_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = rating_tally_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rating_tally(float8) IS
'Answers counted by rating, on whatever scale; NULLs are skipped, a rating outside -100 to 100 is an error, one that is not whole too';

CREATE AGGREGATE rating_tally(rating text) (
	SFUNC = rating_tally_accum, STYPE = rating_tally, SSPACE = 64, INITCOND = '{}',
	FINALFUNC = rating_tally_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = rating_tally_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rating_tally(text) IS
'Answers counted by rating, on whatever scale; NULLs are skipped, a rating outside -100 to 100 is an error, as is a text that is neither a whole number nor a label of satisfaction_level';

CREATE AGGREGATE rating_tally(level satisfaction_level) (
	SFUNC = rating_tally_accum, STYPE = rating_tally, SSPACE = 64, INITCOND = '{}',
	FINALFUNC = rating_tally_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = rating_tally_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rating_tally(satisfaction_level) IS
'Levels counted as 1 to 5; NULLs are skipped';

CREATE AGGREGATE rating_tally(rating integer, answers bigint) (
	SFUNC = rating_tally_accum_answers, STYPE = rating_tally, SSPACE = 64, INITCOND = '{}',
	FINALFUNC = rating_tally_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = rating_tally_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rating_tally(integer, bigint) IS
'Answers that are counted already: so many of each rating; a negative number is an error, rows with a NULL are skipped';

CREATE AGGREGATE rating_tally(rating text, answers bigint) (
	SFUNC = rating_tally_accum_answers, STYPE = rating_tally, SSPACE = 64, INITCOND = '{}',
	FINALFUNC = rating_tally_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = rating_tally_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rating_tally(text, bigint) IS
'Answers that are counted already: so many of each rating; a negative number is an error, rows with a NULL are skipped';

CREATE AGGREGATE rating_tally(level satisfaction_level, answers bigint) (
	SFUNC = rating_tally_accum_answers, STYPE = rating_tally, SSPACE = 64, INITCOND = '{}',
	FINALFUNC = rating_tally_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = rating_tally_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rating_tally(satisfaction_level, bigint) IS
'Answers that are counted already: so many of each level; a negative number is an error, rows with a NULL are skipped';

CREATE AGGREGATE weighted_rating_tally(rating integer, weight numeric) (
	SFUNC = rating_tally_accum_weight, STYPE = rating_tally, SSPACE = 64, INITCOND = '{}',
	FINALFUNC = rating_tally_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = rating_tally_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE weighted_rating_tally(integer, numeric) IS
'Answers counted by rating with the design weight of each respondent, 0 to below 10^6, rounded to the 9th digit; shares and means are weighted, intervals are by (sum of weights)^2 / (sum of squared weights) answers; rows with a NULL are skipped';

CREATE AGGREGATE weighted_rating_tally(rating integer, weight float8) (
	SFUNC = rating_tally_accum_weight, STYPE = rating_tally, SSPACE = 64, INITCOND = '{}',
	FINALFUNC = rating_tally_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = rating_tally_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE weighted_rating_tally(integer, float8) IS
'Answers counted by rating with the design weight of each respondent, 0 to below 10^6, rounded to the 9th digit; shares and means are weighted, intervals are by (sum of weights)^2 / (sum of squared weights) answers; rows with a NULL are skipped';

CREATE AGGREGATE weighted_rating_tally(rating float8, weight numeric) (
	SFUNC = rating_tally_accum_weight, STYPE = rating_tally, SSPACE = 64, INITCOND = '{}',
	FINALFUNC = rating_tally_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = rating_tally_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE weighted_rating_tally(float8, numeric) IS
'Answers counted by rating with the design weight of each respondent, 0 to below 10^6, rounded to the 9th digit; shares and means are weighted, intervals are by (sum of weights)^2 / (sum of squared weights) answers; rows with a NULL are skipped';

CREATE AGGREGATE weighted_rating_tally(rating float8, weight float8) (
	SFUNC = rating_tally_accum_weight, STYPE = rating_tally, SSPACE = 64, INITCOND = '{}',
	FINALFUNC = rating_tally_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = rating_tally_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE weighted_rating_tally(float8, float8) IS
'Answers counted by rating with the design weight of each respondent, 0 to below 10^6, rounded to the 9th digit; shares and means are weighted, intervals are by (sum of weights)^2 / (sum of squared weights) answers; rows with a NULL are skipped';

CREATE AGGREGATE weighted_rating_tally(rating text, weight numeric) (
	SFUNC = rating_tally_accum_weight, STYPE = rating_tally, SSPACE = 64, INITCOND = '{}',
	FINALFUNC = rating_tally_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = rating_tally_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE weighted_rating_tally(text, numeric) IS
'Answers counted by rating with the design weight of each respondent, 0 to below 10^6, rounded to the 9th digit; shares and means are weighted, intervals are by (sum of weights)^2 / (sum of squared weights) answers; rows with a NULL are skipped';

CREATE AGGREGATE weighted_rating_tally(rating text, weight float8) (
	SFUNC = rating_tally_accum_weight, STYPE = rating_tally, SSPACE = 64, INITCOND = '{}',
	FINALFUNC = rating_tally_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = rating_tally_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE weighted_rating_tally(text, float8) IS
'Answers counted by rating with the design weight of each respondent, 0 to below 10^6, rounded to the 9th digit; shares and means are weighted, intervals are by (sum of weights)^2 / (sum of squared weights) answers; rows with a NULL are skipped';

CREATE AGGREGATE weighted_rating_tally(level satisfaction_level, weight numeric) (
	SFUNC = rating_tally_accum_weight, STYPE = rating_tally, SSPACE = 64, INITCOND = '{}',
	FINALFUNC = rating_tally_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = rating_tally_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE weighted_rating_tally(satisfaction_level, numeric) IS
'Answers counted by rating with the design weight of each respondent, 0 to below 10^6, rounded to the 9th digit; shares and means are weighted, intervals are by (sum of weights)^2 / (sum of squared weights) answers; rows with a NULL are skipped';

CREATE AGGREGATE weighted_rating_tally(level satisfaction_level, weight float8) (
	SFUNC = rating_tally_accum_weight, STYPE = rating_tally, SSPACE = 64, INITCOND = '{}',
	FINALFUNC = rating_tally_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = rating_tally_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE weighted_rating_tally(satisfaction_level, float8) IS
'Answers counted by rating with the design weight of each respondent, 0 to below 10^6, rounded to the 9th digit; shares and means are weighted, intervals are by (sum of weights)^2 / (sum of squared weights) answers; rows with a NULL are skipped';

CREATE AGGREGATE rollup(tally rating_tally) (
	SFUNC = rating_tally_combine, STYPE = rating_tally, SSPACE = 64, INITCOND = '{}',
	FINALFUNC = rating_tally_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = rating_tally_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(rating_tally) IS
'All answers of all tallies; NULLs are skipped';

-- Arithmetic

CREATE FUNCTION rating_tally_plus(rating_tally, rating_tally) RETURNS rating_tally
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rating_tally_plus(rating_tally, rating_tally) IS
'Implementation of the operator +';
CREATE OPERATOR + (
	LEFTARG = rating_tally, RIGHTARG = rating_tally, FUNCTION = rating_tally_plus, COMMUTATOR = +
);
COMMENT ON OPERATOR + (rating_tally, rating_tally) IS
'All answers of both';

CREATE FUNCTION rating_tally_minus(rating_tally, rating_tally) RETURNS rating_tally
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rating_tally_minus(rating_tally, rating_tally) IS
'Implementation of the operator -';
CREATE OPERATOR - (
	LEFTARG = rating_tally, RIGHTARG = rating_tally, FUNCTION = rating_tally_minus
);
COMMENT ON OPERATOR - (rating_tally, rating_tally) IS
'Takes answers out of a tally that contains them; one that is not contained is an error';

CREATE FUNCTION rating_tally_eq(rating_tally, rating_tally) RETURNS bool
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rating_tally_eq(rating_tally, rating_tally) IS
'Implementation of the operator =';
CREATE OPERATOR = (
	LEFTARG = rating_tally, RIGHTARG = rating_tally, FUNCTION = rating_tally_eq,
	COMMUTATOR = =, RESTRICT = eqsel, JOIN = eqjoinsel
);
COMMENT ON OPERATOR = (rating_tally, rating_tally) IS
'The same answers and weights';

-- What a tally tells

CREATE FUNCTION answers(tally rating_tally) RETURNS bigint
	AS 'MODULE_PATHNAME', 'rating_tally_answers' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION answers(rating_tally) IS
'Number of answers, whatever they weigh';

CREATE FUNCTION mean(tally rating_tally) RETURNS float8
	AS 'MODULE_PATHNAME', 'rating_mean' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION mean(rating_tally) IS
'Mean of the answers; NULL without an answer';

CREATE FUNCTION median(tally rating_tally) RETURNS float8
	AS 'MODULE_PATHNAME', 'rating_median' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION median(rating_tally) IS
'Rating up to which half of the answers lie; halfway between two where exactly half lie up to the lower one; NULL without an answer';

CREATE FUNCTION mean_low(tally rating_tally, confidence float8 DEFAULT 0.95) RETURNS float8
	AS 'MODULE_PATHNAME', 'rating_mean_low' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION mean_low(rating_tally, float8) IS
'Lower end of Student''s interval of the mean: mean - t * s / sqrt(n); NULL below two answers';

CREATE FUNCTION mean_high(tally rating_tally, confidence float8 DEFAULT 0.95) RETURNS float8
	AS 'MODULE_PATHNAME', 'rating_mean_high' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION mean_high(rating_tally, float8) IS
'Upper end of Student''s interval of the mean; NULL below two answers';

CREATE FUNCTION mean_difference(before rating_tally, after rating_tally, confidence float8 DEFAULT 0.95, OUT difference float8, OUT t float8, OUT df float8, OUT p_value float8, OUT low float8, OUT high float8)
	RETURNS record
	AS 'MODULE_PATHNAME', 'rating_mean_difference' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION mean_difference(rating_tally, rating_tally, float8) IS
'By how much the mean of the second tally is the higher, with Welch''s t test and interval, for independent samples; the test is NULL with fewer than 2 answers on a side, or where no answer differs from another';

CREATE FUNCTION shrunk_mean(tally rating_tally, prior_mean float8, prior_answers float8) RETURNS float8
	AS 'MODULE_PATHNAME', 'rating_shrunk_mean' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION shrunk_mean(rating_tally, float8, float8) IS
'Mean of the answers and of prior_answers more at prior_mean, so that few answers stay near it: (prior_answers * prior_mean + n * mean) / (prior_answers + n); for rankings';

CREATE FUNCTION distribution(tally rating_tally, OUT rating int, OUT answers bigint, OUT share float8) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'rating_distribution' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 5;
COMMENT ON FUNCTION distribution(rating_tally) IS
'Answers of each rating from the lowest answer to the highest, and their share of all, 0 to 1';

CREATE FUNCTION distribution(tally rating_tally, scale text, OUT rating int, OUT answers bigint, OUT share float8) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'rating_distribution' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 5;
COMMENT ON FUNCTION distribution(rating_tally, text) IS
'Answers of each rating of a scale and their share of all, 0 to 1; an answer outside the scale is an error';

CREATE FUNCTION csat(tally rating_tally, top int DEFAULT 2, scale text DEFAULT '1..5') RETURNS float8
	AS 'MODULE_PATHNAME', 'rating_top_share' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION csat(rating_tally, int, text) IS
'Share of satisfied answers, 0 to 1: the top best ones of the scale; an answer outside the scale is an error; NULL without an answer';

CREATE FUNCTION csat_low(tally rating_tally, top int DEFAULT 2, scale text DEFAULT '1..5', confidence float8 DEFAULT 0.95) RETURNS float8
	AS 'MODULE_PATHNAME', 'rating_top_low' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION csat_low(rating_tally, int, text, float8) IS
'Lower end of Wilson''s interval of csat; NULL without an answer';

CREATE FUNCTION csat_high(tally rating_tally, top int DEFAULT 2, scale text DEFAULT '1..5', confidence float8 DEFAULT 0.95) RETURNS float8
	AS 'MODULE_PATHNAME', 'rating_top_high' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION csat_high(rating_tally, int, text, float8) IS
'Upper end of Wilson''s interval of csat; NULL without an answer';

CREATE FUNCTION ces(tally rating_tally, scale text DEFAULT '1..7') RETURNS float8
	AS 'MODULE_PATHNAME', 'rating_mean_on_scale' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ces(rating_tally, text) IS
'Customer effort score: the mean, where the highest answer says that it was easy; an answer outside the scale is an error; NULL without an answer';

CREATE FUNCTION ces_share(tally rating_tally, top int DEFAULT 3, scale text DEFAULT '1..7') RETURNS float8
	AS 'MODULE_PATHNAME', 'rating_top_share' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ces_share(rating_tally, int, text) IS
'Share of answers that it was easy, 0 to 1: the top best ones of the scale; an answer outside the scale is an error; NULL without an answer';
