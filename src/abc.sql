-- ABC classes, cumulative shares, Pareto share, Gini coefficient, XYZ classes

CREATE TYPE abc_class AS ENUM ('A', 'B', 'C');
COMMENT ON TYPE abc_class IS 'Class of an item by its part in the total: A holds the first 80 %, B the next 15 %, C the rest, by default.';

CREATE TYPE xyz_class AS ENUM ('X', 'Y', 'Z');
COMMENT ON TYPE xyz_class IS 'Class of a demand by its coefficient of variation: X is steady, Y varies, Z is erratic.';

-- window functions

CREATE FUNCTION abc_class(value numeric, a numeric DEFAULT 0.80, b numeric DEFAULT 0.95, ties text DEFAULT 'together') RETURNS abc_class
	AS 'MODULE_PATHNAME', 'abc_class' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION abc_class(numeric, numeric, numeric, text) IS
	'Window function: class of a value by the share of the partition''s positive total that larger values hold, below a: A, below b: B, else C; equal values share a class unless ties is ''split''; zero and negative values are C, NULL stays NULL; the frame does not matter.';

CREATE FUNCTION abc_class(value float8, a numeric DEFAULT 0.80, b numeric DEFAULT 0.95, ties text DEFAULT 'together') RETURNS abc_class
	AS 'MODULE_PATHNAME', 'abc_class' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION abc_class(float8, numeric, numeric, text) IS
	'Window function: class of a value by the share of the partition''s positive total that larger values hold, below a: A, below b: B, else C; equal values share a class unless ties is ''split''; zero and negative values are C, NULL stays NULL; the frame does not matter.';

CREATE FUNCTION cumulative_share(value numeric) RETURNS numeric
	AS 'MODULE_PATHNAME', 'cumulative_share' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cumulative_share(numeric) IS
	'Window function: share (0 to 1) of the partition''s positive total held by values at least as large as this one; exactly 1 for the smallest positive value and for zero and negative ones; NULL for NULL and where no value is positive; order and frame do not matter.';

CREATE FUNCTION cumulative_share(value float8) RETURNS numeric
	AS 'MODULE_PATHNAME', 'cumulative_share' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cumulative_share(float8) IS
	'Window function: share (0 to 1) of the partition''s positive total held by values at least as large as this one; exactly 1 for the smallest positive value and for zero and negative ones; NULL for NULL and where no value is positive; order and frame do not matter.';

-- functions of one row

CREATE FUNCTION abc_class(breaks numeric[], value numeric) RETURNS abc_class
	AS 'MODULE_PATHNAME', 'abc_class_by_breaks' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION abc_class(numeric[], numeric) IS
	'Class of a value by stored breaks of abc_breaks: A from the first, B from the second, else C; zero, negative values and any value without breaks are C; NULL for a NULL value.';

CREATE FUNCTION abc_class(breaks numeric[], value float8) RETURNS abc_class
	AS 'MODULE_PATHNAME', 'abc_class_by_breaks' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION abc_class(numeric[], float8) IS
	'Class of a value by stored breaks of abc_breaks: A from the first, B from the second, else C; zero, negative values and any value without breaks are C; NULL for a NULL value.';

CREATE FUNCTION xyz_class(cv float8, x float8 DEFAULT 0.5, y float8 DEFAULT 1.0) RETURNS xyz_class
	AS 'MODULE_PATHNAME', 'xyz_class' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION xyz_class(float8, float8, float8) IS
	'Class of a coefficient of variation (standard deviation over mean): X up to x, Y up to y, else Z; a negative one or NaN is an error.';

-- private functions

CREATE FUNCTION pareto_combine(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'pareto_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION pareto_combine(internal, internal) IS 'Internal: merges two states of pareto_share, gini or abc_breaks; shares that differ are an error.';

CREATE FUNCTION pareto_serialize(internal) RETURNS bytea
	AS 'MODULE_PATHNAME', 'pareto_serialize' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION pareto_serialize(internal) IS 'Internal: a state of pareto_share, gini or abc_breaks as bytes, 16 a value.';

CREATE FUNCTION pareto_deserialize(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'pareto_deserialize' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION pareto_deserialize(bytea, internal) IS 'Internal: the state of pareto_share, gini or abc_breaks in bytes; bytes that do not hold one are an error.';

CREATE FUNCTION pareto_share_accum(internal, numeric, float8) RETURNS internal
	AS 'MODULE_PATHNAME', 'pareto_share_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION pareto_share_accum(internal, numeric, float8) IS 'Internal: transition function of pareto_share(numeric, float8).';

CREATE FUNCTION pareto_share_accum(internal, float8, float8) RETURNS internal
	AS 'MODULE_PATHNAME', 'pareto_share_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION pareto_share_accum(internal, float8, float8) IS 'Internal: transition function of pareto_share(float8, float8).';

CREATE FUNCTION pareto_share_final(internal) RETURNS float8
	AS 'MODULE_PATHNAME', 'pareto_share_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION pareto_share_final(internal) IS 'Internal: final function of pareto_share.';

CREATE FUNCTION gini_accum(internal, numeric) RETURNS internal
	AS 'MODULE_PATHNAME', 'gini_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION gini_accum(internal, numeric) IS 'Internal: transition function of gini(numeric).';

CREATE FUNCTION gini_accum(internal, float8) RETURNS internal
	AS 'MODULE_PATHNAME', 'gini_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION gini_accum(internal, float8) IS 'Internal: transition function of gini(float8).';

CREATE FUNCTION gini_final(internal) RETURNS float8
	AS 'MODULE_PATHNAME', 'gini_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION gini_final(internal) IS 'Internal: final function of gini.';

CREATE FUNCTION abc_breaks_accum(internal, numeric, numeric, numeric) RETURNS internal
	AS 'MODULE_PATHNAME', 'abc_breaks_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION abc_breaks_accum(internal, numeric, numeric, numeric) IS 'Internal: transition function of abc_breaks(numeric, numeric, numeric).';

CREATE FUNCTION abc_breaks_accum(internal, float8, numeric, numeric) RETURNS internal
	AS 'MODULE_PATHNAME', 'abc_breaks_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION abc_breaks_accum(internal, float8, numeric, numeric) IS 'Internal: transition function of abc_breaks(float8, numeric, numeric).';

CREATE FUNCTION abc_breaks_final(internal) RETURNS numeric[]
	AS 'MODULE_PATHNAME', 'abc_breaks_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION abc_breaks_final(internal) IS 'Internal: final function of abc_breaks.';

-- aggregates

CREATE AGGREGATE pareto_share(value numeric, top float8) (
	SFUNC = pareto_share_accum, STYPE = internal, SSPACE = 4096, FINALFUNC = pareto_share_final,
	COMBINEFUNC = pareto_combine, SERIALFUNC = pareto_serialize, DESERIALFUNC = pareto_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE pareto_share(numeric, float8) IS
	'Share (0 to 1) of the total held by the top fraction (0 to 1) of the items, linear between two items (Lorenz curve); negative values are items that hold nothing, NULLs no items; NULL without a positive value; a top that changes between rows is an error.';

CREATE AGGREGATE pareto_share(value float8, top float8) (
	SFUNC = pareto_share_accum, STYPE = internal, SSPACE = 4096, FINALFUNC = pareto_share_final,
	COMBINEFUNC = pareto_combine, SERIALFUNC = pareto_serialize, DESERIALFUNC = pareto_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE pareto_share(float8, float8) IS
	'Share (0 to 1) of the total held by the top fraction (0 to 1) of the items, linear between two items (Lorenz curve); negative values are items that hold nothing, NULLs no items; NULL without a positive value; a top that changes between rows is an error.';

CREATE AGGREGATE gini(value numeric) (
	SFUNC = gini_accum, STYPE = internal, SSPACE = 4096, FINALFUNC = gini_final,
	COMBINEFUNC = pareto_combine, SERIALFUNC = pareto_serialize, DESERIALFUNC = pareto_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE gini(numeric) IS
	'Gini coefficient of a population: 0 when all hold the same, (n - 1) / n when one of n holds all; NULLs are skipped, a negative value is an error; NULL without a positive value.';

CREATE AGGREGATE gini(value float8) (
	SFUNC = gini_accum, STYPE = internal, SSPACE = 4096, FINALFUNC = gini_final,
	COMBINEFUNC = pareto_combine, SERIALFUNC = pareto_serialize, DESERIALFUNC = pareto_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE gini(float8) IS
	'Gini coefficient of a population: 0 when all hold the same, (n - 1) / n when one of n holds all; NULLs are skipped, a negative value is an error; NULL without a positive value.';

CREATE AGGREGATE abc_breaks(value numeric, a numeric, b numeric) (
	SFUNC = abc_breaks_accum, STYPE = internal, SSPACE = 4096, FINALFUNC = abc_breaks_final,
	COMBINEFUNC = pareto_combine, SERIALFUNC = pareto_serialize, DESERIALFUNC = pareto_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE abc_breaks(numeric, numeric, numeric) IS
	'Array of the smallest value of class A and the smallest value of class A or B, for thresholds a and b as in the window function abc_class, to be stored and given to abc_class(breaks, value); an element is NULL when no value is that high, all is NULL without a positive value.';

CREATE AGGREGATE abc_breaks(value float8, a numeric, b numeric) (
	SFUNC = abc_breaks_accum, STYPE = internal, SSPACE = 4096, FINALFUNC = abc_breaks_final,
	COMBINEFUNC = pareto_combine, SERIALFUNC = pareto_serialize, DESERIALFUNC = pareto_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE abc_breaks(float8, numeric, numeric) IS
	'Array of the smallest value of class A and the smallest value of class A or B, for thresholds a and b as in the window function abc_class, to be stored and given to abc_class(breaks, value); an element is NULL when no value is that high, all is NULL without a positive value.';
