-- Drivers of satisfaction

CREATE TYPE driver_tally;

CREATE FUNCTION driver_tally_in(cstring) RETURNS driver_tally
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION driver_tally_in(cstring) IS
	'Text input of driver_tally: a JSON object with the keys answers, left_out, sums and products';

CREATE FUNCTION driver_tally_out(driver_tally) RETURNS cstring
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION driver_tally_out(driver_tally) IS
	'Text output of driver_tally: a JSON object; the overall rating comes before the dimensions';

CREATE FUNCTION driver_tally_recv(internal) RETURNS driver_tally
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION driver_tally_recv(internal) IS
	'Binary input of driver_tally, checked';

CREATE FUNCTION driver_tally_send(driver_tally) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION driver_tally_send(driver_tally) IS
	'Binary output of driver_tally';

CREATE TYPE driver_tally (
	INPUT = driver_tally_in,
	OUTPUT = driver_tally_out,
	RECEIVE = driver_tally_recv,
	SEND = driver_tally_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = double,
	STORAGE = extended
);
COMMENT ON TYPE driver_tally IS
	'What an overall rating has to do with the ratings of up to 64 dimensions: exact sums and sums of products, of any number of answers, that can be added up';

CREATE CAST (driver_tally AS jsonb) WITH INOUT;
COMMENT ON CAST (driver_tally AS jsonb) IS 'The sums and products as a JSON object';
CREATE CAST (jsonb AS driver_tally) WITH INOUT;
COMMENT ON CAST (jsonb AS driver_tally) IS 'The sums and products of a JSON object, checked';

-- Sums of tallies

CREATE FUNCTION driver_tally_plus(driver_tally, driver_tally) RETURNS driver_tally
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION driver_tally_plus(driver_tally, driver_tally) IS
	'Both tallies as one; an error if they have different numbers of dimensions';

CREATE OPERATOR + (LEFTARG = driver_tally, RIGHTARG = driver_tally, FUNCTION = driver_tally_plus, COMMUTATOR = +);
COMMENT ON OPERATOR + (driver_tally, driver_tally) IS 'Both tallies as one';

-- What a tally says

CREATE FUNCTION answers(tally driver_tally) RETURNS int8
	AS 'MODULE_PATHNAME', 'driver_tally_answers' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION answers(driver_tally) IS
	'Answers with the overall rating and all dimensions';

CREATE FUNCTION left_out(tally driver_tally) RETURNS int8
	AS 'MODULE_PATHNAME', 'driver_tally_left_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION left_out(driver_tally) IS
	'Answers with a rating missing, which were left out';

CREATE FUNCTION r_squared(tally driver_tally) RETURNS float8
	AS 'MODULE_PATHNAME', 'driver_tally_r_squared' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION r_squared(driver_tally) IS
	'Share of the variance of the overall rating that the dimensions explain together, 0 to 1; NULL where all overall ratings are the same, no dimension varies, or there are fewer answers than varying dimensions and two';

CREATE FUNCTION drivers(tally driver_tally, names text[] DEFAULT NULL, OUT dimension int, OUT name text, OUT answers int8, OUT performance float8, OUT correlation float8, OUT beta float8, OUT std_error float8, OUT p_value float8, OUT importance float8, OUT quadrant text, OUT note text) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'driver_tally_drivers' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 10;
COMMENT ON FUNCTION drivers(driver_tally, text[]) IS
	'A row for each dimension: performance (mean rating), correlation with the overall rating, standardised regression coefficient beta with standard error and p, importance (share of R squared by relative weights of Johnson 2000; all sum to 1), quadrant (concentrate here, keep up, low priority, possible overkill: Martilla and James 1977, cut at the means); note says why there is no number: constant, collinear, overall is constant, too few answers, no answers, nothing is explained';

CREATE FUNCTION quadrant_label(quadrant text, language text DEFAULT 'en') RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION quadrant_label(text, text) IS
	'A quadrant of drivers in English (en) or Chinese (zh)';

-- The aggregates

CREATE FUNCTION drivers_accum(internal, numeric, numeric[]) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION drivers_accum(internal, numeric, numeric[]) IS
	'Transition function of satisfaction_drivers';

CREATE FUNCTION drivers_accum(internal, float8, float8[]) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION drivers_accum(internal, float8, float8[]) IS
	'Transition function of satisfaction_drivers';

CREATE FUNCTION drivers_accum(internal, int, int[]) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION drivers_accum(internal, int, int[]) IS
	'Transition function of satisfaction_drivers';

CREATE FUNCTION drivers_rollup(internal, driver_tally) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION drivers_rollup(internal, driver_tally) IS
	'Transition function of rollup(driver_tally)';

CREATE FUNCTION drivers_combine(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION drivers_combine(internal, internal) IS
	'Merges partial states of satisfaction_drivers';

CREATE FUNCTION drivers_serialize(internal) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION drivers_serialize(internal) IS
	'Partial state of satisfaction_drivers as bytes';

CREATE FUNCTION drivers_deserialize(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION drivers_deserialize(bytea, internal) IS
	'Partial state of satisfaction_drivers from bytes';

CREATE FUNCTION drivers_final(internal) RETURNS driver_tally
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION drivers_final(internal) IS
	'Final function of satisfaction_drivers';

CREATE AGGREGATE satisfaction_drivers(overall numeric, dimensions numeric[]) (
	SFUNC = drivers_accum, STYPE = internal, SSPACE = 2048, FINALFUNC = drivers_final,
	COMBINEFUNC = drivers_combine, SERIALFUNC = drivers_serialize, DESERIALFUNC = drivers_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE satisfaction_drivers(numeric, numeric[]) IS
	'What an overall rating has to do with the ratings of its dimensions, for drivers and r_squared; ratings are rounded to 6 digits after the point, answers with a NULL among them are left out and counted; an error if the arrays have different lengths';

CREATE AGGREGATE satisfaction_drivers(overall float8, dimensions float8[]) (
	SFUNC = drivers_accum, STYPE = internal, SSPACE = 2048, FINALFUNC = drivers_final,
	COMBINEFUNC = drivers_combine, SERIALFUNC = drivers_serialize, DESERIALFUNC = drivers_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE satisfaction_drivers(float8, float8[]) IS
	'What an overall rating has to do with the ratings of its dimensions, for drivers and r_squared; ratings are rounded to 6 digits after the point, answers with a NULL among them are left out and counted; an error if the arrays have different lengths';

CREATE AGGREGATE satisfaction_drivers(overall int, dimensions int[]) (
	SFUNC = drivers_accum, STYPE = internal, SSPACE = 2048, FINALFUNC = drivers_final,
	COMBINEFUNC = drivers_combine, SERIALFUNC = drivers_serialize, DESERIALFUNC = drivers_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE satisfaction_drivers(int, int[]) IS
	'What an overall rating has to do with the ratings of its dimensions, for drivers and r_squared; ratings are rounded to 6 digits after the point, answers with a NULL among them are left out and counted; an error if the arrays have different lengths';

CREATE AGGREGATE rollup(tally driver_tally) (
	SFUNC = drivers_rollup, STYPE = internal, SSPACE = 2048, FINALFUNC = drivers_final,
	COMBINEFUNC = drivers_combine, SERIALFUNC = drivers_serialize, DESERIALFUNC = drivers_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE rollup(driver_tally) IS
	'All tallies as one; NULLs are skipped; an error if they have different numbers of dimensions';
