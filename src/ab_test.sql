-- ------------------------------------------------------------------------------------------------
-- Tests: A/B tests, sample sizes, cross-tabulation
-- ------------------------------------------------------------------------------------------------

CREATE FUNCTION ab_test(control proportion, variant proportion, confidence float8 DEFAULT 0.95, planned_share float8 DEFAULT 0.5,
	OUT difference float8, OUT lift float8, OUT z float8, OUT p_value float8, OUT low float8, OUT high float8,
	OUT ratio_p_value float8, OUT ratio_ok boolean)
	AS 'MODULE_PATHNAME', 'ab_test_proportions' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ab_test(proportion, proportion, float8, float8) IS
'Variant less control, and as a share of control (lift); pooled z, two-sided p-value, Newcombe''s interval; whether the variant has its planned share of all trials: p-value by chi-square, ok from 0.001; NULLs where a group has no trial';

CREATE FUNCTION ab_test(control mean_tally, variant mean_tally, confidence float8 DEFAULT 0.95, planned_share float8 DEFAULT 0.5,
	OUT difference float8, OUT lift float8, OUT t float8, OUT df float8, OUT p_value float8, OUT low float8, OUT high float8,
	OUT ratio_p_value float8, OUT ratio_ok boolean)
	AS 'MODULE_PATHNAME', 'ab_test_means' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ab_test(mean_tally, mean_tally, float8, float8) IS
'Mean of the variant less that of control, and as a share of control (lift); Welch''s t, its degrees of freedom, two-sided p-value and interval; whether the variant has its planned share of all values: p-value by chi-square, ok from 0.001; NULLs where a group has fewer than 2 values or none differs';

CREATE FUNCTION sample_size(baseline float8, difference float8, power float8 DEFAULT 0.80, confidence float8 DEFAULT 0.95) RETURNS int8
	AS 'MODULE_PATHNAME', 'sample_size_proportion' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION sample_size(float8, float8, float8, float8) IS
'Trials that each of two groups needs, so that a proportion of baseline + difference is told from baseline with that power';

CREATE FUNCTION sample_size(baseline proportion, difference float8, power float8 DEFAULT 0.80, confidence float8 DEFAULT 0.95) RETURNS int8
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN @extschema@.sample_size(@extschema@.value($1), $2, $3, $4);
COMMENT ON FUNCTION sample_size(proportion, float8, float8, float8) IS
'Trials that each of two groups needs, so that the proportion so far plus the difference is told from it with that power; NULL without a trial';

CREATE FUNCTION sample_size_of_mean(standard_deviation float8, difference float8, power float8 DEFAULT 0.80, confidence float8 DEFAULT 0.95) RETURNS int8
	AS 'MODULE_PATHNAME', 'sample_size_mean' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION sample_size_of_mean(float8, float8, float8, float8) IS
'Values that each of two groups needs, so that two means with that difference are told apart with that power, by Student''s test';

CREATE FUNCTION sample_size(baseline mean_tally, difference float8, power float8 DEFAULT 0.80, confidence float8 DEFAULT 0.95) RETURNS int8
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN @extschema@.sample_size_of_mean(@extschema@.standard_deviation($1), $2, $3, $4);
COMMENT ON FUNCTION sample_size(mean_tally, float8, float8, float8) IS
'Values that each of two groups needs, so that means with that difference, and the deviation of the values so far, are told apart with that power; NULL with fewer than 2 values';

-- Cross-tabulation

CREATE TYPE crosstab_result AS (
	chi_square float8, df int8, p_value float8, cramers_v float8, observations int8, row_labels int4, column_labels int4,
	smallest_expected float8, note text
);
COMMENT ON TYPE crosstab_result IS
'What crosstab_test finds: statistic, degrees of freedom and p-value of the chi-square test, Cramér''s V, how much was counted, and whether that is enough';

CREATE FUNCTION crosstab_accum(internal, anyelement, anycompatible) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION crosstab_accum(internal, anyelement, anycompatible) IS
'Transition function of crosstab_test(anyelement, anycompatible)';
CREATE FUNCTION crosstab_accum(internal, anyelement, anycompatible, int8) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION crosstab_accum(internal, anyelement, anycompatible, int8) IS
'Transition function of crosstab_test(anyelement, anycompatible, int8)';
CREATE FUNCTION crosstab_combine(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION crosstab_combine(internal, internal) IS
'Merges partial states of crosstab_test';
CREATE FUNCTION crosstab_serialize(internal) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION crosstab_serialize(internal) IS
'Partial state of crosstab_test as bytes';
CREATE FUNCTION crosstab_deserialize(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION crosstab_deserialize(bytea, internal) IS
'Partial state of crosstab_test from bytes';
CREATE FUNCTION crosstab_final(internal) RETURNS crosstab_result
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION crosstab_final(internal) IS
'Final function of crosstab_test';

CREATE AGGREGATE crosstab_test(row_label anyelement, column_label anycompatible) (
	SFUNC = crosstab_accum, STYPE = internal, SSPACE = 16384, FINALFUNC = crosstab_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = crosstab_combine, SERIALFUNC = crosstab_serialize, DESERIALFUNC = crosstab_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE crosstab_test(anyelement, anycompatible) IS
'Whether two labels of a row are independent: chi-square test of the cross-table of all rows, with Cramér''s V (0 to 1) for how strong the relation is; labels are told apart by their text; a row with a NULL is skipped; NULL without a row';

CREATE AGGREGATE crosstab_test(row_label anyelement, column_label anycompatible, observations int8) (
	SFUNC = crosstab_accum, STYPE = internal, SSPACE = 16384, FINALFUNC = crosstab_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = crosstab_combine, SERIALFUNC = crosstab_serialize, DESERIALFUNC = crosstab_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE crosstab_test(anyelement, anycompatible, int8) IS
'The same of a table that is already counted: each row stands for so many observations; a negative number is an error';
