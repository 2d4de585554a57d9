-- ------------------------------------------------------------------------------------------------
-- purchase_history: the whole purchase calendar of a customer in one value
-- ------------------------------------------------------------------------------------------------

CREATE TYPE purchase_history;

CREATE FUNCTION purchase_history_in(cstring) RETURNS purchase_history
	AS 'MODULE_PATHNAME', 'purchase_history_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_history_in(cstring) IS
'Text input of purchase_history: {2024-01-05 2:120.5, 2024-02-01 1:35 -1:5}, days ascending, orders:gross and -refunds:refunded';

CREATE FUNCTION purchase_history_out(purchase_history) RETURNS cstring
	AS 'MODULE_PATHNAME', 'purchase_history_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_history_out(purchase_history) IS
'Text output of purchase_history';

CREATE FUNCTION purchase_history_recv(internal) RETURNS purchase_history
	AS 'MODULE_PATHNAME', 'purchase_history_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_history_recv(internal) IS
'Binary input of purchase_history: the stored form, checked to the last bit';

CREATE FUNCTION purchase_history_send(purchase_history) RETURNS bytea
	AS 'MODULE_PATHNAME', 'purchase_history_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_history_send(purchase_history) IS
'Binary output of purchase_history: the stored form';

CREATE TYPE purchase_history (
	INPUT = purchase_history_in,
	OUTPUT = purchase_history_out,
	RECEIVE = purchase_history_recv,
	SEND = purchase_history_send,
	INTERNALLENGTH = variable,
	ALIGNMENT = int4,
	STORAGE = external
);
COMMENT ON TYPE purchase_history IS
'All purchases and refunds of a customer, by day: orders, gross amount, refunds, refunded amount; exact to six digits after the point';

-- The aggregate. A NULL day is skipped; a NULL amount is an order of unknown amount; an amount below 0 is a refund.

CREATE FUNCTION local_day(moment timestamptz, zone text) RETURNS date
	AS 'MODULE_PATHNAME', 'local_day' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION local_day(timestamptz, text) IS
'The day of a moment in a time zone: (moment AT TIME ZONE zone)::date, several times as fast over many rows';

-- The planner asks it, and so loads the library with its fast path for GROUP BY (fast_group_path.c).
CREATE FUNCTION fast_group_support(internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'fast_group_support' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fast_group_support(internal) IS
'Support function of the transition functions of purchase_history: makes the planner aware of the fast path';

CREATE FUNCTION purchase_history_accum(purchase_history, date, numeric) RETURNS purchase_history
	AS 'MODULE_PATHNAME', 'purchase_history_accum_numeric' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10 SUPPORT fast_group_support;
COMMENT ON FUNCTION purchase_history_accum(purchase_history, date, numeric) IS
'Transition function of purchase_history(date, numeric)';
CREATE FUNCTION purchase_history_accum(purchase_history, date, float8) RETURNS purchase_history
	AS 'MODULE_PATHNAME', 'purchase_history_accum_float8' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10 SUPPORT fast_group_support;
COMMENT ON FUNCTION purchase_history_accum(purchase_history, date, float8) IS
'Transition function of purchase_history(date, float8)';
CREATE FUNCTION purchase_history_accum(purchase_history, date, int4) RETURNS purchase_history
	AS 'MODULE_PATHNAME', 'purchase_history_accum_int4' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10 SUPPORT fast_group_support;
COMMENT ON FUNCTION purchase_history_accum(purchase_history, date, int4) IS
'Transition function of purchase_history(date, int4)';
CREATE FUNCTION purchase_history_accum(purchase_history, date, int8) RETURNS purchase_history
	AS 'MODULE_PATHNAME', 'purchase_history_accum_int8' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10 SUPPORT fast_group_support;
COMMENT ON FUNCTION purchase_history_accum(purchase_history, date, int8) IS
'Transition function of purchase_history(date, int8)';
CREATE FUNCTION purchase_history_accum(purchase_history, timestamp, numeric) RETURNS purchase_history
	AS 'MODULE_PATHNAME', 'purchase_history_accum_numeric' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10 SUPPORT fast_group_support;
COMMENT ON FUNCTION purchase_history_accum(purchase_history, timestamp, numeric) IS
'Transition function of purchase_history(timestamp, numeric)';
CREATE FUNCTION purchase_history_accum(purchase_history, timestamp, float8) RETURNS purchase_history
	AS 'MODULE_PATHNAME', 'purchase_history_accum_float8' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10 SUPPORT fast_group_support;
COMMENT ON FUNCTION purchase_history_accum(purchase_history, timestamp, float8) IS
'Transition function of purchase_history(timestamp, float8)';
CREATE FUNCTION purchase_history_accum(purchase_history, timestamp, int4) RETURNS purchase_history
	AS 'MODULE_PATHNAME', 'purchase_history_accum_int4' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10 SUPPORT fast_group_support;
COMMENT ON FUNCTION purchase_history_accum(purchase_history, timestamp, int4) IS
'Transition function of purchase_history(timestamp, int4)';
CREATE FUNCTION purchase_history_accum(purchase_history, timestamp, int8) RETURNS purchase_history
	AS 'MODULE_PATHNAME', 'purchase_history_accum_int8' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10 SUPPORT fast_group_support;
COMMENT ON FUNCTION purchase_history_accum(purchase_history, timestamp, int8) IS
'Transition function of purchase_history(timestamp, int8)';
CREATE FUNCTION purchase_history_accum(purchase_history, timestamptz, numeric) RETURNS purchase_history
	AS 'MODULE_PATHNAME', 'purchase_history_accum_numeric' LANGUAGE C STABLE PARALLEL SAFE COST 10 SUPPORT fast_group_support;
COMMENT ON FUNCTION purchase_history_accum(purchase_history, timestamptz, numeric) IS
'Transition function of purchase_history(timestamptz, numeric)';
CREATE FUNCTION purchase_history_accum(purchase_history, timestamptz, float8) RETURNS purchase_history
	AS 'MODULE_PATHNAME', 'purchase_history_accum_float8' LANGUAGE C STABLE PARALLEL SAFE COST 10 SUPPORT fast_group_support;
COMMENT ON FUNCTION purchase_history_accum(purchase_history, timestamptz, float8) IS
'Transition function of purchase_history(timestamptz, float8)';
CREATE FUNCTION purchase_history_accum(purchase_history, timestamptz, int4) RETURNS purchase_history
	AS 'MODULE_PATHNAME', 'purchase_history_accum_int4' LANGUAGE C STABLE PARALLEL SAFE COST 10 SUPPORT fast_group_support;
COMMENT ON FUNCTION purchase_history_accum(purchase_history, timestamptz, int4) IS
'Transition function of purchase_history(timestamptz, int4)';
CREATE FUNCTION purchase_history_accum(purchase_history, timestamptz, int8) RETURNS purchase_history
	AS 'MODULE_PATHNAME', 'purchase_history_accum_int8' LANGUAGE C STABLE PARALLEL SAFE COST 10 SUPPORT fast_group_support;
COMMENT ON FUNCTION purchase_history_accum(purchase_history, timestamptz, int8) IS
'Transition function of purchase_history(timestamptz, int8)';

CREATE FUNCTION purchase_history_combine(purchase_history, purchase_history) RETURNS purchase_history
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION purchase_history_combine(purchase_history, purchase_history) IS
'Merges partial states of purchase_history; transition function of rollup(purchase_history)';

CREATE FUNCTION purchase_history_final(purchase_history) RETURNS purchase_history
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION purchase_history_final(purchase_history) IS
'Final function of purchase_history and rollup: the canonical form of the state';

CREATE AGGREGATE purchase_history(day date, amount numeric) (
	SFUNC = purchase_history_accum, STYPE = purchase_history, SSPACE = 192,
	FINALFUNC = purchase_history_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = purchase_history_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE purchase_history(date, numeric) IS
'The purchase history of the rows; an amount >= 0 is a purchase, below 0 a refund, NULL a purchase of unknown amount; amounts exact; a non-zero digit past the sixth is an error; rows without a day are skipped';

CREATE AGGREGATE purchase_history(day date, amount float8) (
	SFUNC = purchase_history_accum, STYPE = purchase_history, SSPACE = 192,
	FINALFUNC = purchase_history_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = purchase_history_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE purchase_history(date, float8) IS
'The purchase history of the rows; an amount >= 0 is a purchase, below 0 a refund, NULL a purchase of unknown amount; amounts rounded to six digits after the point; rows without a day are skipped';

CREATE AGGREGATE purchase_history(day date, amount int4) (
	SFUNC = purchase_history_accum, STYPE = purchase_history, SSPACE = 192,
	FINALFUNC = purchase_history_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = purchase_history_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE purchase_history(date, int4) IS
'The purchase history of the rows; an amount >= 0 is a purchase, below 0 a refund, NULL a purchase of unknown amount; amounts in whole units; rows without a day are skipped';

CREATE AGGREGATE purchase_history(day date, amount int8) (
	SFUNC = purchase_history_accum, STYPE = purchase_history, SSPACE = 192,
	FINALFUNC = purchase_history_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = purchase_history_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE purchase_history(date, int8) IS
'The purchase history of the rows; an amount >= 0 is a purchase, below 0 a refund, NULL a purchase of unknown amount; amounts in whole units; rows without a day are skipped';

CREATE AGGREGATE purchase_history(day timestamp, amount numeric) (
	SFUNC = purchase_history_accum, STYPE = purchase_history, SSPACE = 192,
	FINALFUNC = purchase_history_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = purchase_history_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE purchase_history(timestamp, numeric) IS
'The purchase history of the rows; an amount >= 0 is a purchase, below 0 a refund, NULL a purchase of unknown amount; amounts exact; a non-zero digit past the sixth is an error; rows without a day are skipped';

CREATE AGGREGATE purchase_history(day timestamp, amount float8) (
	SFUNC = purchase_history_accum, STYPE = purchase_history, SSPACE = 192,
	FINALFUNC = purchase_history_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = purchase_history_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE purchase_history(timestamp, float8) IS
'The purchase history of the rows; an amount >= 0 is a purchase, below 0 a refund, NULL a purchase of unknown amount; amounts rounded to six digits after the point; rows without a day are skipped';

CREATE AGGREGATE purchase_history(day timestamp, amount int4) (
	SFUNC = purchase_history_accum, STYPE = purchase_history, SSPACE = 192,
	FINALFUNC = purchase_history_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = purchase_history_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE purchase_history(timestamp, int4) IS
'The purchase history of the rows; an amount >= 0 is a purchase, below 0 a refund, NULL a purchase of unknown amount; amounts in whole units; rows without a day are skipped';

CREATE AGGREGATE purchase_history(day timestamp, amount int8) (
	SFUNC = purchase_history_accum, STYPE = purchase_history, SSPACE = 192,
	FINALFUNC = purchase_history_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = purchase_history_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE purchase_history(timestamp, int8) IS
'The purchase history of the rows; an amount >= 0 is a purchase, below 0 a refund, NULL a purchase of unknown amount; amounts in whole units; rows without a day are skipped';

CREATE AGGREGATE purchase_history(day timestamptz, amount numeric) (
	SFUNC = purchase_history_accum, STYPE = purchase_history, SSPACE = 192,
	FINALFUNC = purchase_history_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = purchase_history_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE purchase_history(timestamptz, numeric) IS
'The purchase history of the rows, the day in the time zone of the session; an amount >= 0 is a purchase, below 0 a refund, NULL a purchase of unknown amount; amounts exact; a non-zero digit past the sixth is an error; rows without a day are skipped';

CREATE AGGREGATE purchase_history(day timestamptz, amount float8) (
	SFUNC = purchase_history_accum, STYPE = purchase_history, SSPACE = 192,
	FINALFUNC = purchase_history_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = purchase_history_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE purchase_history(timestamptz, float8) IS
'The purchase history of the rows, the day in the time zone of the session; an amount >= 0 is a purchase, below 0 a refund, NULL a purchase of unknown amount; amounts rounded to six digits after the point; rows without a day are skipped';

CREATE AGGREGATE purchase_history(day timestamptz, amount int4) (
	SFUNC = purchase_history_accum, STYPE = purchase_history, SSPACE = 192,
	FINALFUNC = purchase_history_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = purchase_history_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE purchase_history(timestamptz, int4) IS
'The purchase history of the rows, the day in the time zone of the session; an amount >= 0 is a purchase, below 0 a refund, NULL a purchase of unknown amount; amounts in whole units; rows without a day are skipped';

CREATE AGGREGATE purchase_history(day timestamptz, amount int8) (
	SFUNC = purchase_history_accum, STYPE = purchase_history, SSPACE = 192,
	FINALFUNC = purchase_history_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = purchase_history_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE purchase_history(timestamptz, int8) IS
'The purchase history of the rows, the day in the time zone of the session; an amount >= 0 is a purchase, below 0 a refund, NULL a purchase of unknown amount; amounts in whole units; rows without a day are skipped';

CREATE AGGREGATE rollup(history purchase_history) (
	SFUNC = purchase_history_combine, STYPE = purchase_history, SSPACE = 192,
	FINALFUNC = purchase_history_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = purchase_history_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(purchase_history) IS
'All purchases of all histories as one history; NULLs are skipped';

-- Arithmetic

CREATE FUNCTION purchase_history_plus(purchase_history, purchase_history) RETURNS purchase_history
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_history_plus(purchase_history, purchase_history) IS
'Implementation of the operator +';
CREATE OPERATOR + (
	LEFTARG = purchase_history, RIGHTARG = purchase_history, FUNCTION = purchase_history_plus, COMMUTATOR = +
);
COMMENT ON OPERATOR + (purchase_history, purchase_history) IS
'Everything of both histories';

CREATE FUNCTION purchase_history_minus(purchase_history, purchase_history) RETURNS purchase_history
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_history_minus(purchase_history, purchase_history) IS
'Implementation of the operator -';
CREATE OPERATOR - (
	LEFTARG = purchase_history, RIGHTARG = purchase_history, FUNCTION = purchase_history_minus
);
COMMENT ON OPERATOR - (purchase_history, purchase_history) IS
'Takes a history out of another that contains it; a day that is not contained is an error';

CREATE FUNCTION as_of(history purchase_history, day date) RETURNS purchase_history
	AS 'MODULE_PATHNAME', 'purchase_history_as_of' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION as_of(purchase_history, date) IS
'The history as it was at the end of a day';

CREATE FUNCTION slice(history purchase_history, from_day date, to_day date) RETURNS purchase_history
	AS 'MODULE_PATHNAME', 'purchase_history_slice' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION slice(purchase_history, date, date) IS
'The days from <= day < to of a history';

-- Comparison: equal histories are equal bytes; the order has no other meaning

CREATE FUNCTION purchase_history_eq(purchase_history, purchase_history) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_history_eq(purchase_history, purchase_history) IS
'Implementation of the operator =';
CREATE FUNCTION purchase_history_ne(purchase_history, purchase_history) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_history_ne(purchase_history, purchase_history) IS
'Implementation of the operator <>';
CREATE FUNCTION purchase_history_lt(purchase_history, purchase_history) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_history_lt(purchase_history, purchase_history) IS
'Implementation of the operator <';
CREATE FUNCTION purchase_history_le(purchase_history, purchase_history) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_history_le(purchase_history, purchase_history) IS
'Implementation of the operator <=';
CREATE FUNCTION purchase_history_gt(purchase_history, purchase_history) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_history_gt(purchase_history, purchase_history) IS
'Implementation of the operator >';
CREATE FUNCTION purchase_history_ge(purchase_history, purchase_history) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_history_ge(purchase_history, purchase_history) IS
'Implementation of the operator >=';
CREATE OPERATOR = (
	LEFTARG = purchase_history, RIGHTARG = purchase_history, FUNCTION = purchase_history_eq,
	COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES
);
COMMENT ON OPERATOR = (purchase_history, purchase_history) IS
'Equal day by day';
CREATE OPERATOR <> (
	LEFTARG = purchase_history, RIGHTARG = purchase_history, FUNCTION = purchase_history_ne,
	COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (purchase_history, purchase_history) IS
'Not equal';
CREATE OPERATOR < (
	LEFTARG = purchase_history, RIGHTARG = purchase_history, FUNCTION = purchase_history_lt,
	COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR < (purchase_history, purchase_history) IS
'Order of the stored form';
CREATE OPERATOR <= (
	LEFTARG = purchase_history, RIGHTARG = purchase_history, FUNCTION = purchase_history_le,
	COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR <= (purchase_history, purchase_history) IS
'Order of the stored form';
CREATE OPERATOR > (
	LEFTARG = purchase_history, RIGHTARG = purchase_history, FUNCTION = purchase_history_gt,
	COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR > (purchase_history, purchase_history) IS
'Order of the stored form';
CREATE OPERATOR >= (
	LEFTARG = purchase_history, RIGHTARG = purchase_history, FUNCTION = purchase_history_ge,
	COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel
);
COMMENT ON OPERATOR >= (purchase_history, purchase_history) IS
'Order of the stored form';

CREATE FUNCTION purchase_history_cmp(purchase_history, purchase_history) RETURNS int4
	AS 'MODULE_PATHNAME', 'purchase_history_cmp' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_history_cmp(purchase_history, purchase_history) IS
'Comparison for btree indexes';
CREATE FUNCTION purchase_history_hash(purchase_history) RETURNS int4
	AS 'MODULE_PATHNAME', 'purchase_history_hash' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_history_hash(purchase_history) IS
'Hash for hash indexes and joins';
CREATE FUNCTION purchase_history_hash_extended(purchase_history, int8) RETURNS int8
	AS 'MODULE_PATHNAME', 'purchase_history_hash_extended' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_history_hash_extended(purchase_history, int8) IS
'Hash with a seed, for hash partitioning and large hash joins';

CREATE OPERATOR CLASS purchase_history_ops DEFAULT FOR TYPE purchase_history USING btree AS
	OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >,
	FUNCTION 1 purchase_history_cmp(purchase_history, purchase_history);
COMMENT ON OPERATOR CLASS purchase_history_ops USING btree IS
'Order of the stored form, for DISTINCT, GROUP BY and merge joins';

CREATE OPERATOR CLASS purchase_history_ops DEFAULT FOR TYPE purchase_history USING hash AS
	OPERATOR 1 =,
	FUNCTION 1 purchase_history_hash(purchase_history),
	FUNCTION 2 purchase_history_hash_extended(purchase_history, int8);
COMMENT ON OPERATOR CLASS purchase_history_ops USING hash IS
'Hashes of the stored form, for DISTINCT, GROUP BY and hash joins';

-- Measures of the whole history; cut it with as_of() or slice() for those of a time

CREATE FUNCTION orders(history purchase_history) RETURNS int8
	AS 'MODULE_PATHNAME', 'history_orders' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION orders(purchase_history) IS
'Number of orders: purchases with an amount >= 0 or unknown; refunds do not count';
CREATE FUNCTION purchase_days(history purchase_history) RETURNS int8
	AS 'MODULE_PATHNAME', 'history_purchase_days' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_days(purchase_history) IS
'Number of days with at least one order';
CREATE FUNCTION refunds(history purchase_history) RETURNS int8
	AS 'MODULE_PATHNAME', 'history_refunds' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION refunds(purchase_history) IS
'Number of refunds: rows with an amount below 0';
CREATE FUNCTION total(history purchase_history) RETURNS numeric
	AS 'MODULE_PATHNAME', 'history_total' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION total(purchase_history) IS
'Net amount: gross - refunded';
CREATE FUNCTION gross(history purchase_history) RETURNS numeric
	AS 'MODULE_PATHNAME', 'history_gross' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION gross(purchase_history) IS
'Sum of all purchases';
CREATE FUNCTION refunded(history purchase_history) RETURNS numeric
	AS 'MODULE_PATHNAME', 'history_refunded' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION refunded(purchase_history) IS
'Sum of all refunds, as a positive number';
CREATE FUNCTION average_order(history purchase_history) RETURNS numeric
	AS 'MODULE_PATHNAME', 'history_average_order' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION average_order(purchase_history) IS
'Gross / orders; NULL without an order';
CREATE FUNCTION average_order_net(history purchase_history) RETURNS numeric
	AS 'MODULE_PATHNAME', 'history_average_order_net' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION average_order_net(purchase_history) IS
'Total / orders, refunds taken off; NULL without an order';
CREATE FUNCTION first_purchase(history purchase_history) RETURNS date
	AS 'MODULE_PATHNAME', 'history_first_purchase' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION first_purchase(purchase_history) IS
'Day of the first purchase; NULL without one';
CREATE FUNCTION last_purchase(history purchase_history) RETURNS date
	AS 'MODULE_PATHNAME', 'history_last_purchase' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION last_purchase(purchase_history) IS
'Day of the last purchase, refunds left aside; NULL without one';
CREATE FUNCTION last_day(history purchase_history) RETURNS date
	AS 'MODULE_PATHNAME', 'history_last_day' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION last_day(purchase_history) IS
'The last day with a purchase or a refund';
CREATE FUNCTION median_gap(history purchase_history) RETURNS float8
	AS 'MODULE_PATHNAME', 'history_median_gap' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION median_gap(purchase_history) IS
'Median number of days between one purchase day and the next; NULL with fewer than 2 purchase days';
CREATE FUNCTION gap_stddev(history purchase_history) RETURNS float8
	AS 'MODULE_PATHNAME', 'history_gap_stddev' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION gap_stddev(purchase_history) IS
'Sample standard deviation of the days between purchase days; NULL with fewer than 3 purchase days';

-- Measures at a date; what comes after it is ignored

CREATE FUNCTION days_since_last(history purchase_history, as_of date) RETURNS int4
	AS 'MODULE_PATHNAME', 'history_days_since_last' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION days_since_last(purchase_history, date) IS
'Days from the last purchase to as_of, 0 on the same day: the recency of marketing; NULL without a purchase until then';
CREATE FUNCTION tenure(history purchase_history, as_of date) RETURNS int4
	AS 'MODULE_PATHNAME', 'history_tenure' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tenure(purchase_history, date) IS
'Days from the first purchase to as_of; NULL without a purchase until then';

-- Measures of the purchase models (Fader, Hardie and Lee 2005); not those of marketing

CREATE FUNCTION repeat_days(history purchase_history, as_of date) RETURNS int4
	AS 'MODULE_PATHNAME', 'history_repeat_days' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION repeat_days(purchase_history, date) IS
'x: purchase days until as_of, less the first; NULL without a purchase';
CREATE FUNCTION repeat_span(history purchase_history, as_of date, unit text DEFAULT 'day') RETURNS float8
	AS 'MODULE_PATHNAME', 'history_repeat_span' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION repeat_span(purchase_history, date, text) IS
't_x: time from the first to the last purchase until as_of, in units: day, week (7 days), month (365.25 / 12), quarter (365.25 / 4) or year (365.25)';
CREATE FUNCTION observed_span(history purchase_history, as_of date, unit text DEFAULT 'day') RETURNS float8
	AS 'MODULE_PATHNAME', 'history_observed_span' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION observed_span(purchase_history, date, text) IS
'T: time from the first purchase to as_of, in units: day, week (7 days), month (365.25 / 12), quarter (365.25 / 4) or year (365.25)';
CREATE FUNCTION repeat_spend(history purchase_history, as_of date) RETURNS numeric
	AS 'MODULE_PATHNAME', 'history_repeat_spend' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION repeat_spend(purchase_history, date) IS
'm_x: net amount of everything after the first purchase day until as_of, by x; NULL when x = 0';

-- Days and periods

CREATE FUNCTION days(history purchase_history) RETURNS TABLE (day date, orders int8, gross numeric, refunds int8, refunded numeric)
	AS 'MODULE_PATHNAME', 'history_days' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 10;
COMMENT ON FUNCTION days(purchase_history) IS
'The days of a history, one row each';
CREATE FUNCTION periods(history purchase_history, unit text) RETURNS TABLE (period date, orders int8, gross numeric, refunds int8, refunded numeric)
	AS 'MODULE_PATHNAME', 'history_periods' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 10;
COMMENT ON FUNCTION periods(purchase_history, text) IS
'Sums by day, week (from Monday), month, quarter or year; periods without purchases and refunds have no row';
CREATE FUNCTION period_activity(history purchase_history, unit text, as_of date, count_by text DEFAULT 'days')
	RETURNS TABLE (period date, orders int8, gross numeric, refunds int8, refunded numeric, purchases int8,
		is_new boolean, is_returning boolean, is_reactivated boolean, is_lost boolean)
	AS 'MODULE_PATHNAME', 'history_period_activity' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 10;
COMMENT ON FUNCTION period_activity(purchase_history, text, date, text) IS
'A row for each period with a purchase or refund until as_of, and for each that follows an active one without being active: purchases (days or orders), and whether the customer was new (first purchase ever), returning (active in the period before too), reactivated (active, but not in the period before) or lost (active in the period before only)';
CREATE FUNCTION coefficient_of_variation(history purchase_history, from_day date, to_day date, unit text)
	RETURNS float8
	AS 'MODULE_PATHNAME', 'history_coefficient_of_variation' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION coefficient_of_variation(purchase_history, date, date, text) IS
'Population standard deviation / mean of the net totals of the periods from the first purchase (or from_day, if later) to before to_day, periods without purchases 0; NULL with fewer than 2 periods or a mean <= 0';

-- JSON

CREATE FUNCTION purchase_history_to_jsonb(purchase_history) RETURNS jsonb
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_history_to_jsonb(purchase_history) IS
'Implementation of the cast to jsonb';
CREATE CAST (purchase_history AS jsonb) WITH FUNCTION purchase_history_to_jsonb(purchase_history);
COMMENT ON CAST (purchase_history AS jsonb) IS
'An array of objects with day, orders, gross, refunds and refunded; absent parts are left out';

