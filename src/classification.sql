-- How well scores tell events from others

CREATE TYPE score_test AS (observations int8, events int8, left_out int8, auc float8, brier float8, log_loss float8, calibration_error float8, lift_top_decile float8, precision_top_decile float8);
COMMENT ON TYPE score_test IS
	'How good scores are: rows used, events among them, rows with a NULL; area under the ROC curve, Brier score, log loss and calibration error; lift and precision of the tenth with the highest scores';

CREATE TYPE calibration_bin AS (decile int, observations int8, events int8, lowest float8, highest float8, mean_score float8, observed float8, lift float8);
COMMENT ON TYPE calibration_bin IS
	'A tenth of the rows, 1 with the highest scores: the mean score beside the share of events that was observed, and that share over the one of all rows';

CREATE FUNCTION event_counts_accum_score(internal, float8, boolean) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION event_counts_accum_score(internal, float8, boolean) IS
	'Transition function of auc, brier, classification_test and calibration_table';

CREATE FUNCTION event_counts_combine(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION event_counts_combine(internal, internal) IS
	'Merges partial states of auc, brier, classification_test, calibration_table, survival_curve and rollup(survival_curve)';

CREATE FUNCTION event_counts_serialize(internal) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION event_counts_serialize(internal) IS
	'Partial state of auc, brier, classification_test, calibration_table, survival_curve and rollup(survival_curve) as bytes';

CREATE FUNCTION event_counts_deserialize(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION event_counts_deserialize(bytea, internal) IS
	'Partial state of auc, brier, classification_test, calibration_table, survival_curve and rollup(survival_curve) from bytes';

CREATE FUNCTION auc_final(internal) RETURNS float8
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION auc_final(internal) IS
	'Final function of auc';

CREATE FUNCTION brier_final(internal) RETURNS float8
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION brier_final(internal) IS
	'Final function of brier';

CREATE FUNCTION classification_test_final(internal) RETURNS score_test
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION classification_test_final(internal) IS
	'Final function of classification_test';

CREATE FUNCTION calibration_table_final(internal) RETURNS calibration_bin[]
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION calibration_table_final(internal) IS
	'Final function of calibration_table';

CREATE AGGREGATE auc(score float8, event boolean) (
	SFUNC = event_counts_accum_score, STYPE = internal, SSPACE = 4096, FINALFUNC = auc_final,
	COMBINEFUNC = event_counts_combine, SERIALFUNC = event_counts_serialize, DESERIALFUNC = event_counts_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE auc(float8, boolean) IS
	'Area under the ROC curve: the probability that an event has a higher score than another row, equal scores half; 0.5 is chance; any scores; rows with a NULL are left out; NULL without events or without others';

CREATE AGGREGATE brier(score float8, event boolean) (
	SFUNC = event_counts_accum_score, STYPE = internal, SSPACE = 4096, FINALFUNC = brier_final,
	COMBINEFUNC = event_counts_combine, SERIALFUNC = event_counts_serialize, DESERIALFUNC = event_counts_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE brier(float8, boolean) IS
	'Brier score: the mean squared distance of a predicted probability and the outcome (1 or 0), less is better; rows with a NULL are left out; an error for a score outside 0 to 1';

CREATE AGGREGATE classification_test(score float8, event boolean) (
	SFUNC = event_counts_accum_score, STYPE = internal, SSPACE = 4096, FINALFUNC = classification_test_final,
	COMBINEFUNC = event_counts_combine, SERIALFUNC = event_counts_serialize, DESERIALFUNC = event_counts_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE classification_test(float8, boolean) IS
	'All measures of how good scores are in one row; brier, log_loss and calibration_error are NULL where a score is no probability';

CREATE AGGREGATE calibration_table(score float8, event boolean) (
	SFUNC = event_counts_accum_score, STYPE = internal, SSPACE = 4096, FINALFUNC = calibration_table_final,
	COMBINEFUNC = event_counts_combine, SERIALFUNC = event_counts_serialize, DESERIALFUNC = event_counts_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE calibration_table(float8, boolean) IS
	'The rows in tenths, the first with the highest scores: predicted and observed share of events and lift of each, as an array for unnest; equal scores are in one tenth';
