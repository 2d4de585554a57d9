-- ------------------------------------------------------------------------------------------------
-- mean_tally: number, sum and sum of squares of values
-- ------------------------------------------------------------------------------------------------

CREATE TYPE mean_tally;

CREATE FUNCTION mean_tally_in(cstring) RETURNS mean_tally
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION mean_tally_in(cstring) IS
'Text input of mean_tally: the number of values, their sum and their sum of squares, (3,6,14)';

CREATE FUNCTION mean_tally_out(mean_tally) RETURNS cstring
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION mean_tally_out(mean_tally) IS
'Text output of mean_tally';

CREATE FUNCTION mean_tally_recv(internal) RETURNS mean_tally
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION mean_tally_recv(internal) IS
'Binary input of mean_tally, checked';

CREATE FUNCTION mean_tally_send(mean_tally) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION mean_tally_send(mean_tally) IS
'Binary output of mean_tally';

CREATE TYPE mean_tally (
	INPUT = mean_tally_in,
	OUTPUT = mean_tally_out,
	RECEIVE = mean_tally_recv,
	SEND = mean_tally_send,
	INTERNALLENGTH = 64,
	ALIGNMENT = double
);
COMMENT ON TYPE mean_tally IS
'Number, exact sum and exact sum of squares of values, from which mean, deviation and interval follow; can be stored and added up';

-- Making one

CREATE FUNCTION mean_tally_accum(mean_tally, numeric) RETURNS mean_tally
	AS 'MODULE_PATHNAME', 'mean_tally_accum_numeric' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION mean_tally_accum(mean_tally, numeric) IS
'Transition function of mean_tally(numeric)';
CREATE FUNCTION mean_tally_accum(mean_tally, float8) RETURNS mean_tally
	AS 'MODULE_PATHNAME', 'mean_tally_accum_float8' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION mean_tally_accum(mean_tally, float8) IS
'Transition function of mean_tally(float8)';
CREATE FUNCTION mean_tally_accum(mean_tally, int4) RETURNS mean_tally
	AS 'MODULE_PATHNAME', 'mean_tally_accum_int4' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION mean_tally_accum(mean_tally, int4) IS
'Transition function of mean_tally(int4)';
CREATE FUNCTION mean_tally_accum(mean_tally, int8) RETURNS mean_tally
	AS 'MODULE_PATHNAME', 'mean_tally_accum_int8' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION mean_tally_accum(mean_tally, int8) IS
'Transition function of mean_tally(int8)';

CREATE FUNCTION mean_tally_add(mean_tally, mean_tally) RETURNS mean_tally
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION mean_tally_add(mean_tally, mean_tally) IS
'The values of both as one tally';

CREATE OPERATOR + (LEFTARG = mean_tally, RIGHTARG = mean_tally, FUNCTION = mean_tally_add, COMMUTATOR = +);
COMMENT ON OPERATOR + (mean_tally, mean_tally) IS
'The values of both as one tally';

CREATE AGGREGATE mean_tally(value numeric) (
	SFUNC = mean_tally_accum, STYPE = mean_tally, INITCOND = '(0,0,0)', COMBINEFUNC = mean_tally_add, PARALLEL = SAFE);
COMMENT ON AGGREGATE mean_tally(numeric) IS
'Number, sum and sum of squares of values, exact to the 12th digit after the point; NULLs are skipped; NaN, infinity and values of 10^16 or more are errors; (0,0,0) without a value';
CREATE AGGREGATE mean_tally(value float8) (
	SFUNC = mean_tally_accum, STYPE = mean_tally, INITCOND = '(0,0,0)', COMBINEFUNC = mean_tally_add, PARALLEL = SAFE);
COMMENT ON AGGREGATE mean_tally(float8) IS
'Number, sum and sum of squares of values, each with its 15 significant digits and to the 12th digit after the point; NULLs are skipped; NaN, infinity and values of 10^16 or more are errors; (0,0,0) without a value';
CREATE AGGREGATE mean_tally(value int4) (
	SFUNC = mean_tally_accum, STYPE = mean_tally, INITCOND = '(0,0,0)', COMBINEFUNC = mean_tally_add, PARALLEL = SAFE);
COMMENT ON AGGREGATE mean_tally(int4) IS
'Number, sum and sum of squares of whole numbers; NULLs are skipped; (0,0,0) without a value';
CREATE AGGREGATE mean_tally(value int8) (
	SFUNC = mean_tally_accum, STYPE = mean_tally, INITCOND = '(0,0,0)', COMBINEFUNC = mean_tally_add, PARALLEL = SAFE);
COMMENT ON AGGREGATE mean_tally(int8) IS
'Number, sum and sum of squares of whole numbers; NULLs are skipped; values of 10^16 or more are errors; (0,0,0) without a value';

CREATE AGGREGATE rollup(mean_tally) (
	SFUNC = mean_tally_add, STYPE = mean_tally, INITCOND = '(0,0,0)', COMBINEFUNC = mean_tally_add, PARALLEL = SAFE);
COMMENT ON AGGREGATE rollup(mean_tally) IS
'The values of all tallies as one; NULLs are skipped; (0,0,0) without a row';

-- Comparison

CREATE FUNCTION mean_tally_eq(mean_tally, mean_tally) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION mean_tally_eq(mean_tally, mean_tally) IS
'Whether both have the same number, sum and sum of squares';

CREATE FUNCTION mean_tally_ne(mean_tally, mean_tally) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION mean_tally_ne(mean_tally, mean_tally) IS
'Whether number, sum or sum of squares differ';

CREATE FUNCTION mean_tally_hash(mean_tally) RETURNS int4
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION mean_tally_hash(mean_tally) IS
'Hash of a mean_tally';

CREATE OPERATOR = (
	LEFTARG = mean_tally, RIGHTARG = mean_tally, FUNCTION = mean_tally_eq, COMMUTATOR = =, NEGATOR = <>,
	RESTRICT = eqsel, JOIN = eqjoinsel, HASHES);
COMMENT ON OPERATOR = (mean_tally, mean_tally) IS
'Whether both have the same number, sum and sum of squares';
CREATE OPERATOR <> (
	LEFTARG = mean_tally, RIGHTARG = mean_tally, FUNCTION = mean_tally_ne, COMMUTATOR = <>, NEGATOR = =,
	RESTRICT = neqsel, JOIN = neqjoinsel);
COMMENT ON OPERATOR <> (mean_tally, mean_tally) IS
'Whether number, sum or sum of squares differ';

CREATE OPERATOR CLASS mean_tally_hash_ops DEFAULT FOR TYPE mean_tally USING hash AS
	OPERATOR 1 =, FUNCTION 1 mean_tally_hash(mean_tally);
COMMENT ON OPERATOR CLASS mean_tally_hash_ops USING hash IS
'Groups and joins of tallies';

-- Measures

CREATE FUNCTION observations(mean_tally) RETURNS int8
	AS 'MODULE_PATHNAME', 'mean_tally_observations' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION observations(mean_tally) IS
'The number of values';

CREATE FUNCTION total(mean_tally) RETURNS numeric
	AS 'MODULE_PATHNAME', 'mean_tally_total' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION total(mean_tally) IS
'The sum of the values, exact';

CREATE FUNCTION mean(mean_tally) RETURNS float8
	AS 'MODULE_PATHNAME', 'mean_tally_value' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION mean(mean_tally) IS
'The mean of the values; NULL without a value';

CREATE FUNCTION standard_deviation(mean_tally) RETURNS float8
	AS 'MODULE_PATHNAME', 'mean_tally_deviation' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION standard_deviation(mean_tally) IS
'The standard deviation of the values as a sample (n - 1); NULL with fewer than 2 values';

CREATE FUNCTION low(tally mean_tally, confidence float8 DEFAULT 0.95) RETURNS float8
	AS 'MODULE_PATHNAME', 'mean_tally_low' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION low(mean_tally, float8) IS
'Lower end of the interval of the mean by Student''s t; NULL with fewer than 2 values';

CREATE FUNCTION high(tally mean_tally, confidence float8 DEFAULT 0.95) RETURNS float8
	AS 'MODULE_PATHNAME', 'mean_tally_high' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION high(mean_tally, float8) IS
'Upper end of the interval of the mean by Student''s t; NULL with fewer than 2 values';

CREATE FUNCTION mean_tally_to_jsonb(mean_tally) RETURNS jsonb LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN pg_catalog.jsonb_build_object('observations', @extschema@.observations($1), 'total', @extschema@.total($1),
		'mean', @extschema@.mean($1), 'standard_deviation', @extschema@.standard_deviation($1));
COMMENT ON FUNCTION mean_tally_to_jsonb(mean_tally) IS
'The tally as a JSON object with the keys observations, total, mean and standard_deviation';
CREATE CAST (mean_tally AS jsonb) WITH FUNCTION mean_tally_to_jsonb(mean_tally);
COMMENT ON CAST (mean_tally AS jsonb) IS
'The tally as a JSON object with the keys observations, total, mean and standard_deviation';
