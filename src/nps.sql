-- ------------------------------------------------------------------------------------------------
-- The net promoter score: answers of 0 to 10 to "would you recommend us"
-- ------------------------------------------------------------------------------------------------

CREATE TYPE nps_tally;

CREATE FUNCTION nps_tally_in(cstring) RETURNS nps_tally
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nps_tally_in(cstring) IS
'Text input of nps_tally: a JSON object of answers by score, {"6": 2, "9": 5}, with the key scale where it is not 0..10';

CREATE FUNCTION nps_tally_out(nps_tally) RETURNS cstring
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nps_tally_out(nps_tally) IS
'Text output of nps_tally: a JSON object of answers by score';

CREATE FUNCTION nps_tally_recv(internal) RETURNS nps_tally
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nps_tally_recv(internal) IS
'Binary input of nps_tally, checked';

CREATE FUNCTION nps_tally_send(nps_tally) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nps_tally_send(nps_tally) IS
'Binary output of nps_tally';

CREATE TYPE nps_tally (
	INPUT = nps_tally_in,
	OUTPUT = nps_tally_out,
	RECEIVE = nps_tally_recv,
	SEND = nps_tally_send,
	INTERNALLENGTH = 96,
	ALIGNMENT = double
);
COMMENT ON TYPE nps_tally IS
'Answers counted by score, from which the net promoter score, its interval and its change follow; mergeable';

CREATE CAST (nps_tally AS jsonb) WITH INOUT;
COMMENT ON CAST (nps_tally AS jsonb) IS 'The tally as a JSON object';
CREATE CAST (jsonb AS nps_tally) WITH INOUT;
COMMENT ON CAST (jsonb AS nps_tally) IS 'The tally of a JSON object, checked';

-- Tallies

CREATE FUNCTION nps_tally_accum(nps_tally, smallint) RETURNS nps_tally
	AS 'MODULE_PATHNAME', 'nps_tally_accum_int2' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nps_tally_accum(nps_tally, smallint) IS
'Transition function of nps and nps_tally';
CREATE FUNCTION nps_tally_accum(nps_tally, integer) RETURNS nps_tally
	AS 'MODULE_PATHNAME', 'nps_tally_accum_int4' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nps_tally_accum(nps_tally, integer) IS
'Transition function of nps and nps_tally';
CREATE FUNCTION nps_tally_accum(nps_tally, numeric) RETURNS nps_tally
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nps_tally_accum(nps_tally, numeric) IS
'Transition function of nps and nps_tally';
CREATE FUNCTION nps_tally_accum(nps_tally, float8) RETURNS nps_tally
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nps_tally_accum(nps_tally, float8) IS
'Transition function of nps and nps_tally';
CREATE FUNCTION nps_tally_accum(nps_tally, text) RETURNS nps_tally
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nps_tally_accum(nps_tally, text) IS
'Transition function of nps and nps_tally';
CREATE FUNCTION nps_tally_accum(nps_tally, integer, text) RETURNS nps_tally
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nps_tally_accum(nps_tally, integer, text) IS
'Transition function of nps and nps_tally on a named scale';
CREATE FUNCTION nps_tally_accum(nps_tally, numeric, text) RETURNS nps_tally
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nps_tally_accum(nps_tally, numeric, text) IS
'Transition function of nps and nps_tally on a named scale';
CREATE FUNCTION nps_tally_accum(nps_tally, float8, text) RETURNS nps_tally
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nps_tally_accum(nps_tally, float8, text) IS
'Transition function of nps and nps_tally on a named scale';
CREATE FUNCTION nps_tally_accum(nps_tally, text, text) RETURNS nps_tally
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nps_tally_accum(nps_tally, text, text) IS
'Transition function of nps and nps_tally on a named scale';
CREATE FUNCTION nps_tally_accum_answers(nps_tally, integer, bigint) RETURNS nps_tally
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nps_tally_accum_answers(nps_tally, integer, bigint) IS
'Transition function of nps_tally of counted answers';
CREATE FUNCTION nps_tally_accum_answers(nps_tally, integer, bigint, text) RETURNS nps_tally
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nps_tally_accum_answers(nps_tally, integer, bigint, text) IS
'Transition function of nps_tally of counted answers on a named scale';
CREATE FUNCTION nps_tally_combine(nps_tally, nps_tally) RETURNS nps_tally
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nps_tally_combine(nps_tally, nps_tally) IS
'Merges partial states; transition function of rollup(nps_tally)';

CREATE FUNCTION nps(tally nps_tally) RETURNS numeric
	AS 'MODULE_PATHNAME', 'nps_of_tally' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nps(nps_tally) IS
'Net promoter score, -100 to 100: percent of promoters minus percent of detractors, unrounded; NULL without an answer';

CREATE AGGREGATE nps(score smallint) (
	SFUNC = nps_tally_accum, STYPE = nps_tally, INITCOND = '{}',
	FINALFUNC = nps, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = nps_tally_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nps(smallint) IS
'Net promoter score of answers of 0 to 10: percent of 9 and 10 minus percent of 0 to 6, unrounded; NULLs are skipped, another score is an error; NULL without an answer';

CREATE AGGREGATE nps(score integer) (
	SFUNC = nps_tally_accum, STYPE = nps_tally, INITCOND = '{}',
	FINALFUNC = nps, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = nps_tally_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nps(integer) IS
'Net promoter score of answers of 0 to 10: percent of 9 and 10 minus percent of 0 to 6, unrounded; NULLs are skipped, another score is an error; NULL without an answer';

CREATE AGGREGATE nps(score numeric) (
	SFUNC = nps_tally_accum, STYPE = nps_tally, INITCOND = '{}',
	FINALFUNC = nps, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = nps_tally_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nps(numeric) IS
'Net promoter score of answers of 0 to 10: percent of 9 and 10 minus percent of 0 to 6, unrounded; NULLs are skipped, another score is an error; one that is not whole is an error; NULL without an answer';

CREATE AGGREGATE nps(score float8) (
	SFUNC = nps_tally_accum, STYPE = nps_tally, INITCOND = '{}',
	FINALFUNC = nps, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = nps_tally_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nps(float8) IS
'Net promoter score of answers of 0 to 10: percent of 9 and 10 minus percent of 0 to 6, unrounded; NULLs are skipped, another score is an error; one that is not whole is an error; NULL without an answer';

CREATE AGGREGATE nps(score text) (
	SFUNC = nps_tally_accum, STYPE = nps_tally, INITCOND = '{}',
	FINALFUNC = nps, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = nps_tally_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nps(text) IS
'Net promoter score of answers of 0 to 10: percent of 9 and 10 minus percent of 0 to 6, unrounded; NULLs are skipped, another score is an error; a text that is not a whole number is an error; NULL without an answer';

CREATE AGGREGATE nps(score integer, scale text) (
	SFUNC = nps_tally_accum, STYPE = nps_tally, INITCOND = '{}',
	FINALFUNC = nps, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = nps_tally_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nps(integer, text) IS
'Net promoter score of answers on a named scale: 0..10, 1..5 (5 promotes, 1 to 3 detract), 1..7 (7, 1 to 4) or 1..10 (9 and 10, 1 to 6); NULLs are skipped, another score is an error';

CREATE AGGREGATE nps(score numeric, scale text) (
	SFUNC = nps_tally_accum, STYPE = nps_tally, INITCOND = '{}',
	FINALFUNC = nps, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = nps_tally_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nps(numeric, text) IS
'Net promoter score of answers on a named scale: 0..10, 1..5 (5 promotes, 1 to 3 detract), 1..7 (7, 1 to 4) or 1..10 (9 and 10, 1 to 6); NULLs are skipped, another score is an error; one that is not whole is an error';

CREATE AGGREGATE nps(score float8, scale text) (
	SFUNC = nps_tally_accum, STYPE = nps_tally, INITCOND = '{}',
	FINALFUNC = nps, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = nps_tally_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nps(float8, text) IS
'Net promoter score of answers on a named scale: 0..10, 1..5 (5 promotes, 1 to 3 detract), 1..7 (7, 1 to 4) or 1..10 (9 and 10, 1 to 6); NULLs are skipped, another score is an error; one that is not whole is an error';

CREATE AGGREGATE nps(score text, scale text) (
	SFUNC = nps_tally_accum, STYPE = nps_tally, INITCOND = '{}',
	FINALFUNC = nps, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = nps_tally_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nps(text, text) IS
'Net promoter score of answers on a named scale: 0..10, 1..5 (5 promotes, 1 to 3 detract), 1..7 (7, 1 to 4) or 1..10 (9 and 10, 1 to 6); NULLs are skipped, another score is an error; a text that is not a whole number is an error';

CREATE AGGREGATE nps_tally(score smallint) (
	SFUNC = nps_tally_accum, STYPE = nps_tally, INITCOND = '{}',
	COMBINEFUNC = nps_tally_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nps_tally(smallint) IS
'Answers of 0 to 10 counted by score; NULLs are skipped, another score is an error';

CREATE AGGREGATE nps_tally(score integer) (
	SFUNC = nps_tally_accum, STYPE = nps_tally, INITCOND = '{}',
	COMBINEFUNC = nps_tally_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nps_tally(integer) IS
'Answers of 0 to 10 counted by score; NULLs are skipped, another score is an error';

CREATE AGGREGATE nps_tally(score numeric) (
	SFUNC = nps_tally_accum, STYPE = nps_tally, INITCOND = '{}',
	COMBINEFUNC = nps_tally_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nps_tally(numeric) IS
'Answers of 0 to 10 counted by score; NULLs are skipped, another score is an error; one that is not whole is an error';

CREATE AGGREGATE nps_tally(score float8) (
	SFUNC = nps_tally_accum, STYPE = nps_tally, INITCOND = '{}',
	COMBINEFUNC = nps_tally_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nps_tally(float8) IS
'Answers of 0 to 10 counted by score; NULLs are skipped, another score is an error; one that is not whole is an error';

CREATE AGGREGATE nps_tally(score text) (
	SFUNC = nps_tally_accum, STYPE = nps_tally, INITCOND = '{}',
	COMBINEFUNC = nps_tally_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nps_tally(text) IS
'Answers of 0 to 10 counted by score; NULLs are skipped, another score is an error; a text that is not a whole number is an error';

CREATE AGGREGATE nps_tally(score integer, scale text) (
	SFUNC = nps_tally_accum, STYPE = nps_tally, INITCOND = '{}',
	COMBINEFUNC = nps_tally_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nps_tally(integer, text) IS
'Answers counted by score on a named scale: 0..10, 1..5, 1..7 or 1..10; NULLs are skipped, another score is an error';

CREATE AGGREGATE nps_tally(score numeric, scale text) (
	SFUNC = nps_tally_accum, STYPE = nps_tally, INITCOND = '{}',
	COMBINEFUNC = nps_tally_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nps_tally(numeric, text) IS
'Answers counted by score on a named scale: 0..10, 1..5, 1..7 or 1..10; NULLs are skipped, another score is an error; one that is not whole is an error';

CREATE AGGREGATE nps_tally(score float8, scale text) (
	SFUNC = nps_tally_accum, STYPE = nps_tally, INITCOND = '{}',
	COMBINEFUNC = nps_tally_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nps_tally(float8, text) IS
'Answers counted by score on a named scale: 0..10, 1..5, 1..7 or 1..10; NULLs are skipped, another score is an error; one that is not whole is an error';

CREATE AGGREGATE nps_tally(score text, scale text) (
	SFUNC = nps_tally_accum, STYPE = nps_tally, INITCOND = '{}',
	COMBINEFUNC = nps_tally_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nps_tally(text, text) IS
'Answers counted by score on a named scale: 0..10, 1..5, 1..7 or 1..10; NULLs are skipped, another score is an error; a text that is not a whole number is an error';

CREATE AGGREGATE nps_tally(score integer, answers bigint) (
	SFUNC = nps_tally_accum_answers, STYPE = nps_tally, INITCOND = '{}',
	COMBINEFUNC = nps_tally_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nps_tally(integer, bigint) IS
'Answers that are counted already: so many of each score; a negative number is an error, rows with a NULL are skipped';

CREATE AGGREGATE nps_tally(score integer, answers bigint, scale text) (
	SFUNC = nps_tally_accum_answers, STYPE = nps_tally, INITCOND = '{}',
	COMBINEFUNC = nps_tally_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nps_tally(integer, bigint, text) IS
'Answers on a named scale that are counted already: so many of each score; a negative number is an error, rows with a NULL are skipped';

CREATE AGGREGATE rollup(tally nps_tally) (
	SFUNC = nps_tally_combine, STYPE = nps_tally, INITCOND = '{}',
	COMBINEFUNC = nps_tally_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(nps_tally) IS
'All answers of all tallies; NULLs are skipped, two scales are an error';

-- Arithmetic

CREATE FUNCTION nps_tally_plus(nps_tally, nps_tally) RETURNS nps_tally
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nps_tally_plus(nps_tally, nps_tally) IS
'Implementation of the operator +';
CREATE OPERATOR + (
	LEFTARG = nps_tally, RIGHTARG = nps_tally, FUNCTION = nps_tally_plus, COMMUTATOR = +
);
COMMENT ON OPERATOR + (nps_tally, nps_tally) IS
'All answers of both';

CREATE FUNCTION nps_tally_minus(nps_tally, nps_tally) RETURNS nps_tally
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nps_tally_minus(nps_tally, nps_tally) IS
'Implementation of the operator -';
CREATE OPERATOR - (
	LEFTARG = nps_tally, RIGHTARG = nps_tally, FUNCTION = nps_tally_minus
);
COMMENT ON OPERATOR - (nps_tally, nps_tally) IS
'Takes answers out of a tally that contains them; one that is not contained is an error';

CREATE FUNCTION nps_tally_eq(nps_tally, nps_tally) RETURNS bool
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nps_tally_eq(nps_tally, nps_tally) IS
'Implementation of the operator =';
CREATE OPERATOR = (
	LEFTARG = nps_tally, RIGHTARG = nps_tally, FUNCTION = nps_tally_eq,
	COMMUTATOR = =, RESTRICT = eqsel, JOIN = eqjoinsel
);
COMMENT ON OPERATOR = (nps_tally, nps_tally) IS
'The same answers on the same scale';

-- What a tally tells

CREATE FUNCTION answers(tally nps_tally) RETURNS bigint
	AS 'MODULE_PATHNAME', 'nps_answers' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION answers(nps_tally) IS
'Number of answers';

CREATE FUNCTION promoters(tally nps_tally) RETURNS bigint
	AS 'MODULE_PATHNAME', 'nps_promoters' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION promoters(nps_tally) IS
'Number of promoters: 9 and 10 (of 1..5: 5, of 1..7: 7)';

CREATE FUNCTION passives(tally nps_tally) RETURNS bigint
	AS 'MODULE_PATHNAME', 'nps_passives' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION passives(nps_tally) IS
'Number of passives: 7 and 8 (of 1..5: 4, of 1..7: 5 and 6)';

CREATE FUNCTION detractors(tally nps_tally) RETURNS bigint
	AS 'MODULE_PATHNAME', 'nps_detractors' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION detractors(nps_tally) IS
'Number of detractors: 0 to 6 (of 1..5: 1 to 3, of 1..7: 1 to 4)';

CREATE FUNCTION distribution(tally nps_tally, OUT score int, OUT answers bigint, OUT share float8) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'nps_distribution' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 11;
COMMENT ON FUNCTION distribution(nps_tally) IS
'Answers of each score of the scale, and their share of all, 0 to 1; the share is NULL without an answer';

CREATE FUNCTION nps_margin(tally nps_tally, confidence float8 DEFAULT 0.95) RETURNS float8
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nps_margin(nps_tally, float8) IS
'Margin of error of the score in points: it lies that far on either side, by z * 100 * sqrt((p + d - (p - d)^2) / n); for some 30 answers or more; NULL without an answer';

CREATE FUNCTION nps_low(tally nps_tally, confidence float8 DEFAULT 0.95) RETURNS float8
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nps_low(nps_tally, float8) IS
'Lower end of the adjusted Wald interval of the score, for few answers too: 3/4 of a promoter, 3/2 passives and 3/4 of a detractor are added first; NULL without an answer';

CREATE FUNCTION nps_high(tally nps_tally, confidence float8 DEFAULT 0.95) RETURNS float8
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nps_high(nps_tally, float8) IS
'Upper end of the adjusted Wald interval of the score; NULL without an answer';

-- Changes

CREATE FUNCTION nps_difference(before nps_tally, after nps_tally, OUT difference numeric, OUT z float8, OUT p_value float8) RETURNS record
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nps_difference(nps_tally, nps_tally) IS
'How far the score went from one tally to another of other respondents, by its standard error, and the probability of a difference at least that far where there is none (two-sided); all NULL where one has no answer, z and p_value where no answer differs from another';

CREATE TYPE nps_change AS (answers bigint, difference numeric, z float8, p_value float8);
COMMENT ON TYPE nps_change IS
'How far the score of the same respondents went from their first answers to their second ones: respondents with both, points, standard errors, two-sided probability';

CREATE FUNCTION nps_pair_accum(int8[], integer, integer) RETURNS int8[]
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nps_pair_accum(int8[], integer, integer) IS
'Transition function of nps_paired_difference';
CREATE FUNCTION nps_pair_accum(int8[], integer, integer, text) RETURNS int8[]
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nps_pair_accum(int8[], integer, integer, text) IS
'Transition function of nps_paired_difference';
CREATE FUNCTION nps_pair_accum(int8[], numeric, numeric) RETURNS int8[]
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nps_pair_accum(int8[], numeric, numeric) IS
'Transition function of nps_paired_difference';
CREATE FUNCTION nps_pair_accum(int8[], numeric, numeric, text) RETURNS int8[]
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nps_pair_accum(int8[], numeric, numeric, text) IS
'Transition function of nps_paired_difference';
CREATE FUNCTION nps_pair_accum(int8[], float8, float8) RETURNS int8[]
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nps_pair_accum(int8[], float8, float8) IS
'Transition function of nps_paired_difference';
CREATE FUNCTION nps_pair_accum(int8[], float8, float8, text) RETURNS int8[]
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nps_pair_accum(int8[], float8, float8, text) IS
'Transition function of nps_paired_difference';
CREATE FUNCTION nps_pair_accum(int8[], text, text) RETURNS int8[]
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nps_pair_accum(int8[], text, text) IS
'Transition function of nps_paired_difference';
CREATE FUNCTION nps_pair_accum(int8[], text, text, text) RETURNS int8[]
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nps_pair_accum(int8[], text, text, text) IS
'Transition function of nps_paired_difference';
CREATE FUNCTION nps_pair_combine(int8[], int8[]) RETURNS int8[]
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nps_pair_combine(int8[], int8[]) IS
'Merges partial states of nps_paired_difference';
CREATE FUNCTION nps_pair_final(int8[]) RETURNS nps_change
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nps_pair_final(int8[]) IS
'Final function of nps_paired_difference';

CREATE AGGREGATE nps_paired_difference(before integer, after integer) (
	SFUNC = nps_pair_accum, STYPE = int8[], INITCOND = '{0, 0, 0, 0, 0}',
	FINALFUNC = nps_pair_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = nps_pair_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nps_paired_difference(integer, integer) IS
'Change of the score where each row has two answers of one respondent: (answers, difference, z, p_value); rows with a NULL are skipped';

CREATE AGGREGATE nps_paired_difference(before integer, after integer, scale text) (
	SFUNC = nps_pair_accum, STYPE = int8[], INITCOND = '{0, 0, 0, 0, 0}',
	FINALFUNC = nps_pair_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = nps_pair_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nps_paired_difference(integer, integer, text) IS
'Change of the score on a named scale where each row has two answers of one respondent: (answers, difference, z, p_value); rows with a NULL are skipped';

CREATE AGGREGATE nps_paired_difference(before numeric, after numeric) (
	SFUNC = nps_pair_accum, STYPE = int8[], INITCOND = '{0, 0, 0, 0, 0}',
	FINALFUNC = nps_pair_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = nps_pair_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nps_paired_difference(numeric, numeric) IS
'Change of the score where each row has two answers of one respondent: (answers, difference, z, p_value); rows with a NULL are skipped';

CREATE AGGREGATE nps_paired_difference(before numeric, after numeric, scale text) (
	SFUNC = nps_pair_accum, STYPE = int8[], INITCOND = '{0, 0, 0, 0, 0}',
	FINALFUNC = nps_pair_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = nps_pair_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nps_paired_difference(numeric, numeric, text) IS
'Change of the score on a named scale where each row has two answers of one respondent: (answers, difference, z, p_value); rows with a NULL are skipped';

CREATE AGGREGATE nps_paired_difference(before float8, after float8) (
	SFUNC = nps_pair_accum, STYPE = int8[], INITCOND = '{0, 0, 0, 0, 0}',
	FINALFUNC = nps_pair_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = nps_pair_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nps_paired_difference(float8, float8) IS
'Change of the score where each row has two answers of one respondent: (answers, difference, z, p_value); rows with a NULL are skipped';

CREATE AGGREGATE nps_paired_difference(before float8, after float8, scale text) (
	SFUNC = nps_pair_accum, STYPE = int8[], INITCOND = '{0, 0, 0, 0, 0}',
	FINALFUNC = nps_pair_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = nps_pair_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nps_paired_difference(float8, float8, text) IS
'Change of the score on a named scale where each row has two answers of one respondent: (answers, difference, z, p_value); rows with a NULL are skipped';

CREATE AGGREGATE nps_paired_difference(before text, after text) (
	SFUNC = nps_pair_accum, STYPE = int8[], INITCOND = '{0, 0, 0, 0, 0}',
	FINALFUNC = nps_pair_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = nps_pair_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nps_paired_difference(text, text) IS
'Change of the score where each row has two answers of one respondent: (answers, difference, z, p_value); rows with a NULL are skipped';

CREATE AGGREGATE nps_paired_difference(before text, after text, scale text) (
	SFUNC = nps_pair_accum, STYPE = int8[], INITCOND = '{0, 0, 0, 0, 0}',
	FINALFUNC = nps_pair_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = nps_pair_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE nps_paired_difference(text, text, text) IS
'Change of the score on a named scale where each row has two answers of one respondent: (answers, difference, z, p_value); rows with a NULL are skipped';

-- Periods

CREATE TYPE nps_period AS (period date, tally nps_tally);
COMMENT ON TYPE nps_period IS
'The answers of a period, of which this is the first day';

CREATE FUNCTION nps_periods_accum(internal, date, integer, text) RETURNS internal
	AS 'MODULE_PATHNAME', 'nps_periods_accum_date' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nps_periods_accum(internal, date, integer, text) IS
'Transition function of nps_periods';
CREATE FUNCTION nps_periods_accum(internal, timestamp, integer, text) RETURNS internal
	AS 'MODULE_PATHNAME', 'nps_periods_accum_timestamp' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nps_periods_accum(internal, timestamp, integer, text) IS
'Transition function of nps_periods';
CREATE FUNCTION nps_periods_accum(internal, timestamptz, integer, text) RETURNS internal
	AS 'MODULE_PATHNAME', 'nps_periods_accum_timestamptz' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION nps_periods_accum(internal, timestamptz, integer, text) IS
'Transition function of nps_periods';
CREATE FUNCTION nps_periods_combine(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nps_periods_combine(internal, internal) IS
'Merges partial states of nps_periods';
CREATE FUNCTION nps_periods_serialize(internal) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nps_periods_serialize(internal) IS
'Partial state of nps_periods as bytes';
CREATE FUNCTION nps_periods_deserialize(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nps_periods_deserialize(bytea, internal) IS
'Partial state of nps_periods from bytes';
CREATE FUNCTION nps_periods_final(internal) RETURNS nps_period[]
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nps_periods_final(internal) IS
'Final function of nps_periods';

CREATE AGGREGATE nps_periods(day date, score integer, unit text) (
	SFUNC = nps_periods_accum, STYPE = internal, SSPACE = 4096,
	FINALFUNC = nps_periods_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = nps_periods_combine, SERIALFUNC = nps_periods_serialize, DESERIALFUNC = nps_periods_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE nps_periods(date, integer, text) IS
'The answers of 0 to 10 of each day, week, month, quarter or year, as an array of (period, tally) in order: what nps_tally gives with GROUP BY date_trunc, in less time; rows with a NULL are skipped, another score is an error; NULL without a row';

CREATE AGGREGATE nps_periods(at timestamp, score integer, unit text) (
	SFUNC = nps_periods_accum, STYPE = internal, SSPACE = 4096,
	FINALFUNC = nps_periods_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = nps_periods_combine, SERIALFUNC = nps_periods_serialize, DESERIALFUNC = nps_periods_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE nps_periods(timestamp, integer, text) IS
'The answers of 0 to 10 of each day, week, month, quarter or year, as an array of (period, tally) in order: what nps_tally gives with GROUP BY date_trunc, in less time; rows with a NULL are skipped, another score is an error; NULL without a row';

CREATE AGGREGATE nps_periods(at timestamptz, score integer, unit text) (
	SFUNC = nps_periods_accum, STYPE = internal, SSPACE = 4096,
	FINALFUNC = nps_periods_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = nps_periods_combine, SERIALFUNC = nps_periods_serialize, DESERIALFUNC = nps_periods_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE nps_periods(timestamptz, integer, text) IS
'The answers of 0 to 10 of each day, week, month, quarter or year, in the time zone of the session, as an array of (period, tally) in order: what nps_tally gives with GROUP BY date_trunc, in less time; rows with a NULL are skipped, another score is an error; NULL without a row';
