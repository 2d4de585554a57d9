-- ------------------------------------------------------------------------------------------------
-- Retention: cohorts, churn by period, conditions and events
-- ------------------------------------------------------------------------------------------------

CREATE TYPE cohort_total AS (
	cohort date, period int4, cohort_size int8, customers int8, customers_or_later int8, purchase_days int8, orders int8,
	gross numeric, refunded numeric, complete boolean
);
COMMENT ON TYPE cohort_total IS
'A cohort (the first day of the period of the first purchase) in a period since: its size, customers with a purchase in the period, in it or later, purchase days, orders and money; complete when the period is over for all of them';

CREATE FUNCTION cohort_totals_accum(internal, purchase_history, text, date) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cohort_totals_accum(internal, purchase_history, text, date) IS
'Transition function of cohort_totals';
CREATE FUNCTION cohort_totals_accum(internal, purchase_history, text, date, integer) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cohort_totals_accum(internal, purchase_history, text, date, integer) IS
'Transition function of cohort_totals with rolling periods';
CREATE FUNCTION cohort_totals_final(internal) RETURNS cohort_total[]
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cohort_totals_final(internal) IS
'Final function of cohort_totals';

CREATE AGGREGATE cohort_totals(history purchase_history, unit text, as_of date) (
	SFUNC = cohort_totals_accum, STYPE = internal, SSPACE = 262144,
	FINALFUNC = cohort_totals_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = cells_combine, SERIALFUNC = cells_serialize, DESERIALFUNC = cells_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE cohort_totals(purchase_history, text, date) IS
'The cohorts of all histories by the calendar period (day, week from Monday, month, quarter, year) of the first purchase, in each period from it (0) to that of as_of, as an array in order without gaps; NULL histories are skipped, parameters that change between rows and more than 5 million rows are errors';
CREATE AGGREGATE cohort_totals(history purchase_history, unit text, as_of date, rolling_days integer) (
	SFUNC = cohort_totals_accum, STYPE = internal, SSPACE = 262144,
	FINALFUNC = cohort_totals_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = cells_combine, SERIALFUNC = cells_serialize, DESERIALFUNC = cells_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE cohort_totals(purchase_history, text, date, integer) IS
'The same with periods of rolling_days days, counted from the first purchase of each customer (0 begins with its day); NULL: periods of the calendar';

CREATE FUNCTION active_periods(history purchase_history, from_day date, to_day date, unit text) RETURNS integer
	AS 'MODULE_PATHNAME', 'history_active_periods' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION active_periods(purchase_history, date, date, text) IS
'In how many days, weeks (from Monday), months, quarters or years there is a purchase, from from_day to before to_day';

CREATE FUNCTION calendar_periods(from_day date, to_day date, unit text) RETURNS TABLE (period date, next_period date)
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 24;
COMMENT ON FUNCTION calendar_periods(date, date, text) IS
'The first days of all days, weeks (from Monday), months, quarters or years from that of from_day to that of to_day, each with that of the next one';

CREATE TYPE churn_total AS (period date, kept_at_start int8, churned int8, churned_at_start int8, won_back int8);
COMMENT ON TYPE churn_total IS
'One period of all customers: how many were customers at its start and not churned, how many of them churned in it, how many were churned at its start, how many of them were won back in it';

CREATE FUNCTION churn_totals_accum(internal, purchase_history, text, date, lifecycle_policy) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION churn_totals_accum(internal, purchase_history, text, date, lifecycle_policy) IS
'Transition function of churn_totals';
CREATE FUNCTION churn_totals_final(internal) RETURNS churn_total[]
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION churn_totals_final(internal) IS
'Final function of churn_totals';

CREATE AGGREGATE churn_totals(history purchase_history, unit text, as_of date, policy lifecycle_policy) (
	SFUNC = churn_totals_accum, STYPE = internal, SSPACE = 32768,
	FINALFUNC = churn_totals_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = cells_combine, SERIALFUNC = cells_serialize, DESERIALFUNC = cells_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE churn_totals(purchase_history, text, date, lifecycle_policy) IS
'Who entered and left the lifecycle stage churned, in each period from that of the first purchase to that of as_of, as an array in order without gaps; a customer counts once a period, and only with the state at its start; unit is day, week, month, quarter or year; parameters that change between rows are an error';

-- Conditions over the rows of a customer

CREATE FUNCTION retention_accum(bigint, boolean[]) RETURNS bigint
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION retention_accum(bigint, boolean[]) IS
'Transition function of retention';
CREATE FUNCTION retention_combine(bigint, bigint) RETURNS bigint
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION retention_combine(bigint, bigint) IS
'Merges partial states of retention';
CREATE FUNCTION retention_final(bigint) RETURNS integer[]
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION retention_final(bigint) IS
'Final function of retention';

CREATE AGGREGATE retention(VARIADIC conditions boolean[]) (
	SFUNC = retention_accum, STYPE = bigint,
	FINALFUNC = retention_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = retention_combine,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE retention(boolean[]) IS
'For the rows of one customer, an array of 1 and 0: the first element says whether the first of 1 to 32 conditions held in any row, each other one whether that and its own condition held in any row; NULL does not hold';

-- Events of a customer by day, and those of all customers

CREATE FUNCTION range_retention_count_accum(internal, boolean, boolean, date, integer[], text) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION range_retention_count_accum(internal, boolean, boolean, date, integer[], text) IS
'Transition function of range_retention_count';
CREATE FUNCTION range_retention_count_combine(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION range_retention_count_combine(internal, internal) IS
'Merges partial states of range_retention_count';
CREATE FUNCTION range_retention_count_serialize(internal) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION range_retention_count_serialize(internal) IS
'Partial state of range_retention_count as bytes';
CREATE FUNCTION range_retention_count_deserialize(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION range_retention_count_deserialize(bytea, internal) IS
'Partial state of range_retention_count from bytes';
CREATE FUNCTION range_retention_count_final(internal) RETURNS bigint[]
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION range_retention_count_final(internal) IS
'Final function of range_retention_count';

CREATE AGGREGATE range_retention_count(is_first boolean, is_active boolean, dt date, retention_interval integer[], retention_granularity text) (
	SFUNC = range_retention_count_accum, STYPE = internal, SSPACE = 256,
	FINALFUNC = range_retention_count_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = range_retention_count_combine, SERIALFUNC = range_retention_count_serialize, DESERIALFUNC = range_retention_count_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE range_retention_count(boolean, boolean, date, integer[], text) IS
'For the events of one customer: on which days (weeks, months) there was a first event, and after which of the 1 to 15 intervals from there an active one; the bigint array is for range_retention_sum; rows with a NULL day are skipped';

CREATE TYPE range_retention AS (cohort date, customers int8, retained int8[]);
COMMENT ON TYPE range_retention IS
'A day (or first day of a week or month), how many customers had their first event then, and how many of them were active after each interval';

CREATE FUNCTION range_retention_sum_accum(internal, bigint[]) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION range_retention_sum_accum(internal, bigint[]) IS
'Transition function of range_retention_sum';
CREATE FUNCTION range_retention_sum_final(internal) RETURNS range_retention[]
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION range_retention_sum_final(internal) IS
'Final function of range_retention_sum';

CREATE AGGREGATE range_retention_sum(range_retention_count_result bigint[]) (
	SFUNC = range_retention_sum_accum, STYPE = internal, SSPACE = 32768,
	FINALFUNC = range_retention_sum_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = cells_combine, SERIALFUNC = cells_serialize, DESERIALFUNC = cells_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE range_retention_sum(bigint[]) IS
'The results of range_retention_count of all customers together, as an array of (cohort, customers, retained) in the order of days; NULLs are skipped, results of other intervals than those of the first are an error';

-- Contracts

CREATE FUNCTION renewed(due_on date, renewed_on date, as_of date, grace_days integer DEFAULT 0) RETURNS boolean
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE WHEN renewed_on <= due_on + grace_days AND renewed_on <= as_of THEN true WHEN due_on + grace_days <= as_of THEN false END;
END;
COMMENT ON FUNCTION renewed(date, date, date, integer) IS
'Whether a contract that was due was renewed by then, or within grace_days after: NULL while there is time until the end of as_of, so that proportion(renewed(…)) counts what is decided';

-- Rates by period

CREATE TYPE period_rate AS (
	period date, customers_active int8, customers_new int8, customers_returning int8, customers_reactivated int8, customers_lost int8,
	customers_total int8, customers_at_start int8, customers_churned int8, churned_at_start int8, customers_won_back int8,
	repeat_rate proportion, loss_rate proportion, reactivation_rate proportion, churn_rate proportion, win_back_rate proportion,
	stickiness numeric, complete boolean
);
COMMENT ON TYPE period_rate IS
'One period of all customers: how many were active, came, returned and left, and what shares that are';

CREATE FUNCTION period_rates_of(totals period_total[], churn churn_total[], unit text, as_of date, history_starts date) RETURNS SETOF period_rate
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT c.period, c.active, c.new, c.returning, c.reactivated, c.lost, c.total, c.kept_at_start, c.churned, c.churned_at_start, c.won_back,
		CASE WHEN c.complete THEN proportion(c.repeated, c.active) END,
		CASE WHEN c.complete THEN proportion(c.lost, c.lost + c.returning) END,
		CASE WHEN c.complete THEN proportion(c.reactivated, c.total - c.new - c.lost - c.returning) END,
		CASE WHEN c.complete THEN proportion(c.churned, c.kept_at_start) END,
		CASE WHEN c.complete THEN proportion(c.won_back, c.churned_at_start) END,
		CASE WHEN c.complete THEN c.purchase_days::numeric / nullif(c.active * (c.next - c.period), 0) END, c.complete
	FROM (SELECT h.period, h.next, coalesce(t.customers_active, 0) AS active, coalesce(t.customers_new, 0) AS new,
			coalesce(t.customers_returning, 0) AS returning, coalesce(t.customers_reactivated, 0) AS reactivated,
			coalesce(t.customers_lost, 0) AS lost, (sum(t.customers_new) OVER (ORDER BY h.period))::bigint AS total,
			coalesce(t.customers_repeated, 0) AS repeated, coalesce(t.purchase_days, 0) AS purchase_days, h.kept_at_start, h.churned,
			h.churned_at_start, h.won_back, h.next <= as_of + 1 AND h.period >= coalesce(history_starts, h.period) AS complete
		FROM (SELECT u.*, k.next_period AS next
				FROM unnest(churn) AS u JOIN calendar_periods(churn[1].period, as_of, unit) AS k ON k.period = u.period) AS h
			LEFT JOIN unnest(totals) AS t ON t.period = h.period) AS c;
END;
COMMENT ON FUNCTION period_rates_of(period_total[], churn_total[], text, date, date) IS
'The rows of period_rates, of the totals of histories; a period that is not over at as_of, or begins before history_starts, is not complete, and has no rates';
