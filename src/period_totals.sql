-- ------------------------------------------------------------------------------------------------
-- The activity of all customers, period by period: period_totals, and what its state shares with others
-- ------------------------------------------------------------------------------------------------

CREATE FUNCTION cells_combine(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cells_combine(internal, internal) IS
'Merges partial states of period_totals, cohort_totals, churn_totals and range_retention_sum';
CREATE FUNCTION cells_serialize(internal) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cells_serialize(internal) IS
'Partial state of period_totals, cohort_totals, churn_totals and range_retention_sum as bytes';
CREATE FUNCTION cells_deserialize(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cells_deserialize(bytea, internal) IS
'Partial state of period_totals, cohort_totals, churn_totals and range_retention_sum from bytes';

CREATE TYPE period_total AS (
	period date, customers_active int8, customers_new int8, customers_returning int8, customers_reactivated int8,
	customers_lost int8, customers_repeated int8, purchase_days int8, orders int8, refunds int8, gross numeric, refunded numeric
);
COMMENT ON TYPE period_total IS
'One period of all customers: those active in it, new, returning, reactivated, lost, and with two purchases or more; purchase days, orders, refunds and money';

CREATE FUNCTION period_totals_accum(internal, purchase_history, text, date, text) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION period_totals_accum(internal, purchase_history, text, date, text) IS
'Transition function of period_totals';
CREATE FUNCTION period_totals_final(internal) RETURNS period_total[]
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION period_totals_final(internal) IS
'Final function of period_totals';

CREATE AGGREGATE period_totals(history purchase_history, unit text, as_of date, count_by text) (
	SFUNC = period_totals_accum, STYPE = internal, SSPACE = 32768,
	FINALFUNC = period_totals_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = cells_combine, SERIALFUNC = cells_serialize, DESERIALFUNC = cells_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE period_totals(purchase_history, text, date, text) IS
'The periods of all histories until as_of, as an array in order: what the sums over period_activity of each history are; unit is day, week, month, quarter or year, count_by days or orders; NULL histories are skipped, parameters that change between rows are an error';

