-- pg_customer 0.9.0: frozen. What came later stands in the scripts that begin here: pg_customer--0.9.0--….sql
-- complain if the script is sourced in psql rather than by CREATE EXTENSION
\echo Use "CREATE EXTENSION pg_customer" to load this file. \quit

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

-- ---------------------------------------------------------------------------------------------------
-- summarise: the orders of any query as one history for each customer
-- ---------------------------------------------------------------------------------------------------

CREATE FUNCTION summary_query(query text, key anyelement) RETURNS text
	AS 'MODULE_PATHNAME', 'summary_query' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION summary_query(text, anyelement) IS
'The statement that summarise runs: the query with its names looked up along the search path, grouped by customer';

-- No pinned path: the names of the query are the caller's, and nothing else here is looked up.
CREATE FUNCTION summarise(query text, key anyelement) RETURNS TABLE (customer anyelement, history purchase_history)
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE ROWS 100000
AS $$
BEGIN
	RETURN QUERY EXECUTE @extschema@.summary_query(query, key);
END $$;
COMMENT ON FUNCTION summarise(text, anyelement) IS
'One purchase history for each customer of a query for (customer, day or time, amount [, order id]); key: NULL of the customer''s type. Equals GROUP BY customer with purchase_history(day, amount); with an order id the lines of an order are one order, of its earliest day';
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

-- ------------------------------------------------------------------------------------------------
-- purchase_changes: signed changes of a purchase history
-- ------------------------------------------------------------------------------------------------

CREATE TYPE purchase_changes;

CREATE FUNCTION purchase_changes_in(cstring) RETURNS purchase_changes
	AS 'MODULE_PATHNAME', 'purchase_changes_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_changes_in(cstring) IS
'Text input of purchase_changes: {2024-01-05 orders +1 gross +20.5, 2024-02-01 refunds -1 refunded -5}';
CREATE FUNCTION purchase_changes_out(purchase_changes) RETURNS cstring
	AS 'MODULE_PATHNAME', 'purchase_changes_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_changes_out(purchase_changes) IS
'Text output of purchase_changes';
CREATE FUNCTION purchase_changes_recv(internal) RETURNS purchase_changes
	AS 'MODULE_PATHNAME', 'purchase_changes_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_changes_recv(internal) IS
'Binary input of purchase_changes: the stored form, checked to the last bit';
CREATE FUNCTION purchase_changes_send(purchase_changes) RETURNS bytea
	AS 'MODULE_PATHNAME', 'purchase_changes_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_changes_send(purchase_changes) IS
'Binary output of purchase_changes: the stored form';

CREATE TYPE purchase_changes (
	INPUT = purchase_changes_in,
	OUTPUT = purchase_changes_out,
	RECEIVE = purchase_changes_recv,
	SEND = purchase_changes_send,
	INTERNALLENGTH = variable,
	ALIGNMENT = int4,
	STORAGE = external
);
COMMENT ON TYPE purchase_changes IS
'Signed changes of a purchase history by day, and the number of rows that could not be taken';

CREATE FUNCTION purchase_changes_accum(purchase_changes, date, int8, numeric, int8, numeric) RETURNS purchase_changes
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION purchase_changes_accum(purchase_changes, date, int8, numeric, int8, numeric) IS
'Transition function of purchase_changes';
CREATE FUNCTION purchase_changes_combine(purchase_changes, purchase_changes) RETURNS purchase_changes
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION purchase_changes_combine(purchase_changes, purchase_changes) IS
'The sum of two changes; NULL is nothing';

CREATE AGGREGATE purchase_changes(day date, orders int8, gross numeric, refunds int8, refunded numeric) (
	SFUNC = purchase_changes_accum, STYPE = purchase_changes, SSPACE = 64,
	COMBINEFUNC = purchase_changes_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE purchase_changes(date, int8, numeric, int8, numeric) IS
'The sum of signed change rows by day, the same in any order; a row that cannot be taken (no day or an infinite one, NaN, a non-zero digit past the sixth, out of range) is counted as unfit and never an error';

CREATE AGGREGATE rollup(changes purchase_changes) (
	SFUNC = purchase_changes_combine, STYPE = purchase_changes, SSPACE = 64,
	COMBINEFUNC = purchase_changes_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(purchase_changes) IS
'The sum of all changes; NULLs are skipped';

CREATE FUNCTION net(history purchase_history, changes purchase_changes) RETURNS purchase_history
	AS 'MODULE_PATHNAME', 'purchase_changes_net' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION net(purchase_history, purchase_changes) IS
'The history after the changes: day by day history + changes, as far as a history can hold it (nothing negative, no money on a day without an order); NULL is nothing on either side; misfits() gives the rest';
CREATE FUNCTION misfits(history purchase_history, changes purchase_changes) RETURNS purchase_changes
	AS 'MODULE_PATHNAME', 'purchase_changes_misfits' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION misfits(purchase_history, purchase_changes) IS
'What of the changes did not fit when they were netted, so that history + changes = net + misfits; NULL when all did';
CREATE FUNCTION unfit(changes purchase_changes) RETURNS int8
	AS 'MODULE_PATHNAME', 'purchase_changes_unfit' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION unfit(purchase_changes) IS
'The number of change rows that could not be taken';
CREATE FUNCTION days(changes purchase_changes) RETURNS TABLE (day date, orders int8, gross numeric, refunds int8, refunded numeric)
	AS 'MODULE_PATHNAME', 'purchase_changes_days' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 10;
COMMENT ON FUNCTION days(purchase_changes) IS
'The days of changes, one row each, signed';

-- ---------------------------------------------------------------------------------------------------
-- rfm: recency, frequency and money as scores
-- ---------------------------------------------------------------------------------------------------

-- rfm_score: three scores in one value

CREATE TYPE rfm_score;

CREATE FUNCTION rfm_score_in(cstring) RETURNS rfm_score
	AS 'MODULE_PATHNAME', 'rfm_score_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rfm_score_in(cstring) IS 'Input of rfm_score: three digits from 1 to 9';

CREATE FUNCTION rfm_score_out(rfm_score) RETURNS cstring
	AS 'MODULE_PATHNAME', 'rfm_score_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rfm_score_out(rfm_score) IS 'Output of rfm_score: three digits';

CREATE FUNCTION rfm_score_recv(internal) RETURNS rfm_score
	AS 'MODULE_PATHNAME', 'rfm_score_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rfm_score_recv(internal) IS 'Binary input of rfm_score';

CREATE FUNCTION rfm_score_send(rfm_score) RETURNS bytea
	AS 'MODULE_PATHNAME', 'rfm_score_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rfm_score_send(rfm_score) IS 'Binary output of rfm_score';

CREATE TYPE rfm_score (
	INPUT = rfm_score_in,
	OUTPUT = rfm_score_out,
	RECEIVE = rfm_score_recv,
	SEND = rfm_score_send,
	LIKE = int4
);
COMMENT ON TYPE rfm_score IS
'RFM code such as 543: the scores of recency, frequency and money, each 1 to 9, more is better';

CREATE CAST (rfm_score AS int4) WITHOUT FUNCTION;
COMMENT ON CAST (rfm_score AS int4) IS 'The three digits as a number: 543';

CREATE FUNCTION recency_score(rfm_score) RETURNS int
	AS 'MODULE_PATHNAME', 'recency_score' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION recency_score(rfm_score) IS 'Recency, the first digit of the code; the most recent customers have the highest score';

CREATE FUNCTION frequency_score(rfm_score) RETURNS int
	AS 'MODULE_PATHNAME', 'frequency_score' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION frequency_score(rfm_score) IS 'Frequency, the second digit of the code; the customers with most orders have the highest score';

CREATE FUNCTION monetary_score(rfm_score) RETURNS int
	AS 'MODULE_PATHNAME', 'monetary_score' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION monetary_score(rfm_score) IS 'Money, the third digit of the code; the customers with the highest total have the highest score';

CREATE FUNCTION fm_score(rfm_score) RETURNS numeric
	AS 'MODULE_PATHNAME', 'fm_score' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fm_score(rfm_score) IS 'Mean of the frequency and the money score, such as 4.5';

-- The value is an int4, and so is its order.

CREATE FUNCTION rfm_score_eq(rfm_score, rfm_score) RETURNS boolean
	AS 'int4eq' LANGUAGE internal IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION rfm_score_eq(rfm_score, rfm_score) IS 'Implementation of = operator';

CREATE FUNCTION rfm_score_ne(rfm_score, rfm_score) RETURNS boolean
	AS 'int4ne' LANGUAGE internal IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION rfm_score_ne(rfm_score, rfm_score) IS 'Implementation of <> operator';

CREATE FUNCTION rfm_score_lt(rfm_score, rfm_score) RETURNS boolean
	AS 'int4lt' LANGUAGE internal IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION rfm_score_lt(rfm_score, rfm_score) IS 'Implementation of < operator';

CREATE FUNCTION rfm_score_le(rfm_score, rfm_score) RETURNS boolean
	AS 'int4le' LANGUAGE internal IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION rfm_score_le(rfm_score, rfm_score) IS 'Implementation of <= operator';

CREATE FUNCTION rfm_score_gt(rfm_score, rfm_score) RETURNS boolean
	AS 'int4gt' LANGUAGE internal IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION rfm_score_gt(rfm_score, rfm_score) IS 'Implementation of > operator';

CREATE FUNCTION rfm_score_ge(rfm_score, rfm_score) RETURNS boolean
	AS 'int4ge' LANGUAGE internal IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION rfm_score_ge(rfm_score, rfm_score) IS 'Implementation of >= operator';

CREATE FUNCTION rfm_score_cmp(rfm_score, rfm_score) RETURNS int
	AS 'btint4cmp' LANGUAGE internal IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION rfm_score_cmp(rfm_score, rfm_score) IS 'Order of two scores: less than, equal to or greater than 0';

CREATE FUNCTION rfm_score_hash(rfm_score) RETURNS int
	AS 'hashint4' LANGUAGE internal IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION rfm_score_hash(rfm_score) IS 'Hash of a score';

CREATE FUNCTION rfm_score_hash_extended(rfm_score, int8) RETURNS int8
	AS 'hashint4extended' LANGUAGE internal IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION rfm_score_hash_extended(rfm_score, int8) IS 'Hash of a score with a seed';

CREATE OPERATOR = (
	LEFTARG = rfm_score, RIGHTARG = rfm_score, FUNCTION = rfm_score_eq,
	COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES
);
COMMENT ON OPERATOR = (rfm_score, rfm_score) IS 'The same three scores';

CREATE OPERATOR <> (
	LEFTARG = rfm_score, RIGHTARG = rfm_score, FUNCTION = rfm_score_ne,
	COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (rfm_score, rfm_score) IS 'Not the same three scores';

CREATE OPERATOR < (
	LEFTARG = rfm_score, RIGHTARG = rfm_score, FUNCTION = rfm_score_lt,
	COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR < (rfm_score, rfm_score) IS 'Less recent; or as recent and less frequent; or both equal and less money';

CREATE OPERATOR <= (
	LEFTARG = rfm_score, RIGHTARG = rfm_score, FUNCTION = rfm_score_le,
	COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR <= (rfm_score, rfm_score) IS 'Before in the order of scores, or equal';

CREATE OPERATOR > (
	LEFTARG = rfm_score, RIGHTARG = rfm_score, FUNCTION = rfm_score_gt,
	COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR > (rfm_score, rfm_score) IS 'More recent; or as recent and more frequent; or both equal and more money';

CREATE OPERATOR >= (
	LEFTARG = rfm_score, RIGHTARG = rfm_score, FUNCTION = rfm_score_ge,
	COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel
);
COMMENT ON OPERATOR >= (rfm_score, rfm_score) IS 'After in the order of scores, or equal';

CREATE OPERATOR CLASS rfm_score_ops DEFAULT FOR TYPE rfm_score USING btree AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	FUNCTION 1 rfm_score_cmp(rfm_score, rfm_score);
COMMENT ON OPERATOR CLASS rfm_score_ops USING btree IS 'Order by recency, then frequency, then money';

CREATE OPERATOR CLASS rfm_score_ops DEFAULT FOR TYPE rfm_score USING hash AS
	OPERATOR 1 =,
	FUNCTION 1 rfm_score_hash(rfm_score),
	FUNCTION 2 rfm_score_hash_extended(rfm_score, int8);
COMMENT ON OPERATOR CLASS rfm_score_ops USING hash IS 'Grouping and joining by score';

-- rfm_breaks: where a population is cut

CREATE TYPE rfm_breaks;

CREATE FUNCTION rfm_breaks_in(cstring) RETURNS rfm_breaks
	AS 'MODULE_PATHNAME', 'rfm_breaks_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rfm_breaks_in(cstring) IS
'Input of rfm_breaks: {days_since_last: 30,90; orders: 1,3; total: 50,200.5}';

CREATE FUNCTION rfm_breaks_out(rfm_breaks) RETURNS cstring
	AS 'MODULE_PATHNAME', 'rfm_breaks_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rfm_breaks_out(rfm_breaks) IS 'Output of rfm_breaks';

CREATE FUNCTION rfm_breaks_recv(internal) RETURNS rfm_breaks
	AS 'MODULE_PATHNAME', 'rfm_breaks_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rfm_breaks_recv(internal) IS 'Binary input of rfm_breaks';

CREATE FUNCTION rfm_breaks_send(rfm_breaks) RETURNS bytea
	AS 'MODULE_PATHNAME', 'rfm_breaks_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rfm_breaks_send(rfm_breaks) IS 'Binary output of rfm_breaks';

CREATE TYPE rfm_breaks (
	INPUT = rfm_breaks_in,
	OUTPUT = rfm_breaks_out,
	RECEIVE = rfm_breaks_recv,
	SEND = rfm_breaks_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = double,
	STORAGE = plain
);
COMMENT ON TYPE rfm_breaks IS
'Breaks between the scores of days since the last purchase, of orders and of totals, to be stored and used again';

CREATE FUNCTION rfm_breaks(days numeric[], orders numeric[], totals numeric[]) RETURNS rfm_breaks
	AS 'MODULE_PATHNAME', 'rfm_breaks_fixed' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rfm_breaks(numeric[], numeric[], numeric[]) IS
'Fixed breaks: 1 to 8 of each measure, equally many, ascending, kept to 12 digits; a value equal to a break is on its lower side';

CREATE FUNCTION breaks(rfm_breaks, OUT measure text, OUT cut int, OUT value numeric) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'rfm_breaks_rows' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 12;
COMMENT ON FUNCTION breaks(rfm_breaks) IS
'The breaks as rows: measure (days_since_last, orders, total), number of the cut from 1, value';

CREATE FUNCTION rfm_score(breaks rfm_breaks, days_since_last int, orders bigint, total numeric) RETURNS rfm_score
	AS 'MODULE_PATHNAME', 'rfm_score_by_breaks' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rfm_score(rfm_breaks, int, bigint, numeric) IS
'Score of one customer by given breaks: recency bins minus the breaks below the days, frequency and money 1 plus the breaks below; a total of 0 or less has money score 1';

CREATE FUNCTION rfm_breaks_accum(internal, int, bigint, numeric, int) RETURNS internal
	AS 'MODULE_PATHNAME', 'rfm_breaks_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rfm_breaks_accum(internal, int, bigint, numeric, int) IS 'Transition of the aggregate rfm_breaks';

CREATE FUNCTION rfm_breaks_accum(internal, int, bigint, numeric, int, text) RETURNS internal
	AS 'MODULE_PATHNAME', 'rfm_breaks_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rfm_breaks_accum(internal, int, bigint, numeric, int, text) IS 'Transition of the aggregate rfm_breaks with a method';

CREATE FUNCTION rfm_breaks_combine(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'rfm_breaks_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rfm_breaks_combine(internal, internal) IS 'Combination of two states of the aggregate rfm_breaks';

CREATE FUNCTION rfm_breaks_serialize(internal) RETURNS bytea
	AS 'MODULE_PATHNAME', 'rfm_breaks_serialize' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rfm_breaks_serialize(internal) IS 'State of the aggregate rfm_breaks as bytes';

CREATE FUNCTION rfm_breaks_deserialize(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'rfm_breaks_deserialize' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rfm_breaks_deserialize(bytea, internal) IS 'State of the aggregate rfm_breaks from bytes';

CREATE FUNCTION rfm_breaks_final(internal) RETURNS rfm_breaks
	AS 'MODULE_PATHNAME', 'rfm_breaks_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rfm_breaks_final(internal) IS 'Result of the aggregate rfm_breaks';

CREATE AGGREGATE rfm_breaks(days_since_last int, orders bigint, total numeric, bins int) (
	SFUNC = rfm_breaks_accum,
	STYPE = internal,
	SSPACE = 8192,
	FINALFUNC = rfm_breaks_final,
	COMBINEFUNC = rfm_breaks_combine,
	SERIALFUNC = rfm_breaks_serialize,
	DESERIALFUNC = rfm_breaks_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE rfm_breaks(int, bigint, numeric, int) IS
'Breaks of a population at the quantiles k / bins (linear interpolation, R type 7); customers with a NULL measure are left out; bins 2 to 9, the same in all rows; NULL without customers';

CREATE AGGREGATE rfm_breaks(days_since_last int, orders bigint, total numeric, bins int, method text) (
	SFUNC = rfm_breaks_accum,
	STYPE = internal,
	SSPACE = 8192,
	FINALFUNC = rfm_breaks_final,
	COMBINEFUNC = rfm_breaks_combine,
	SERIALFUNC = rfm_breaks_serialize,
	DESERIALFUNC = rfm_breaks_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE rfm_breaks(int, bigint, numeric, int, text) IS
'Breaks of a population by a method: quantile; mean (2 bins, at the mean); mean_score (2 bins, at the mean of the scores 1 to 5 by quantiles)';

-- rfm_score(…) OVER (…): a whole partition scored at once

CREATE FUNCTION rfm_score(days_since_last int, orders bigint, total numeric,
						  bins int DEFAULT 5, method text DEFAULT 'quantile') RETURNS rfm_score
	AS 'MODULE_PATHNAME', 'rfm_score_of_measures' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rfm_score(int, bigint, numeric, int, text) IS
'Window function: RFM score among all customers of the partition, whatever the frame; highest is best, equal values score equal; NULL where a measure is NULL; bins 2 to 9; method quantile, mean, mean_score or ntile';

CREATE FUNCTION rfm_score(days_since_last int, orders bigint, total float8,
						  bins int DEFAULT 5, method text DEFAULT 'quantile') RETURNS rfm_score
	AS 'MODULE_PATHNAME', 'rfm_score_of_measures' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rfm_score(int, bigint, float8, int, text) IS
'Window function: the same with a total of double precision';

CREATE FUNCTION rfm_score(last_purchase date, orders bigint, total numeric, as_of date,
						  bins int DEFAULT 5, method text DEFAULT 'quantile') RETURNS rfm_score
	AS 'MODULE_PATHNAME', 'rfm_score_of_dates' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rfm_score(date, bigint, numeric, date, int, text) IS
'Window function: RFM score at as_of from the date of the last purchase; NULL where that is after as_of; an infinite date is an error';

CREATE FUNCTION rfm_score(last_purchase date, orders bigint, total float8, as_of date,
						  bins int DEFAULT 5, method text DEFAULT 'quantile') RETURNS rfm_score
	AS 'MODULE_PATHNAME', 'rfm_score_of_dates' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rfm_score(date, bigint, float8, date, int, text) IS
'Window function: the same with a total of double precision';

CREATE FUNCTION rfm_score(history purchase_history, as_of date,
						  bins int DEFAULT 5, method text DEFAULT 'quantile') RETURNS rfm_score
	AS 'MODULE_PATHNAME', 'rfm_score_of_histories' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rfm_score(purchase_history, date, int, text) IS
'Window function: RFM score of purchase histories at as_of; NULL for a history without a purchase until then; money is net of refunds';


-- How many customers have which score and recency

CREATE TYPE rfm_total AS (rfm rfm_score, days_since_last int4, customers int8, orders int8, gross numeric, total numeric);
COMMENT ON TYPE rfm_total IS
'The customers of one score and recency: how many they are, their orders, gross and total';

CREATE FUNCTION rfm_totals_accum(internal, rfm_score, int4, int8, numeric, numeric) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rfm_totals_accum(internal, rfm_score, int4, int8, numeric, numeric) IS 'Transition function of rfm_totals';
CREATE FUNCTION rfm_totals_combine(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rfm_totals_combine(internal, internal) IS 'Merges partial states of rfm_totals';
CREATE FUNCTION rfm_totals_serialize(internal) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rfm_totals_serialize(internal) IS 'Partial state of rfm_totals as bytes';
CREATE FUNCTION rfm_totals_deserialize(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rfm_totals_deserialize(bytea, internal) IS 'Partial state of rfm_totals from bytes';
CREATE FUNCTION rfm_totals_final(internal) RETURNS rfm_total[]
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rfm_totals_final(internal) IS 'Final function of rfm_totals';

CREATE AGGREGATE rfm_totals(rfm rfm_score, days_since_last int4, orders int8, gross numeric, total numeric) (
	SFUNC = rfm_totals_accum, STYPE = internal, SSPACE = 1048576,
	FINALFUNC = rfm_totals_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = rfm_totals_combine, SERIALFUNC = rfm_totals_serialize, DESERIALFUNC = rfm_totals_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE rfm_totals(rfm_score, int4, int8, numeric, numeric) IS
'The customers by score and recency, as an array in order: what GROUP BY rfm, days_since_last with count and sums gives; customers without score or days are left out, NULL orders and amounts add nothing, amounts are rounded to six digits';
-- ---------------------------------------------------------------------------------------------------
-- rfm_table: the RFM table of the orders of any query
-- ---------------------------------------------------------------------------------------------------

CREATE FUNCTION rfm_table(query text, key anyelement, as_of date, bins integer DEFAULT 5, method text DEFAULT 'quantile')
	RETURNS TABLE (customer anyelement, days_since_last integer, orders bigint, total numeric, rfm rfm_score)
	AS 'MODULE_PATHNAME', 'rfm_table' LANGUAGE C STABLE PARALLEL UNSAFE ROWS 100000;
COMMENT ON FUNCTION rfm_table(text, anyelement, date, integer, text) IS
'The RFM table at as_of of a query for (customer, day or time, amount [, order id]): days, orders, net total and score of each customer with a purchase until then; bins 2 to 9, method quantile, mean, mean_score or ntile; equals rfm_score(history, as_of) OVER () of summarise';
-- ---------------------------------------------------------------------------------------------------
-- segment_map: which score belongs to which segment
-- ---------------------------------------------------------------------------------------------------

CREATE FUNCTION rfm_segment(score rfm_score, map text DEFAULT 'grid25') RETURNS text
	AS 'MODULE_PATHNAME', 'rfm_segment' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rfm_segment(rfm_score, text) IS
'Key of the segment of a score in a shipped map (grid25, codes125, grid9, cn8); a score above the bins of the map is an error';

CREATE FUNCTION segment_map(map text, language text DEFAULT 'en',
							OUT code text, OUT segment text, OUT rank int,
							OUT label_en text, OUT label_zh text, OUT action text) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'segment_map_rows' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 25;
COMMENT ON FUNCTION segment_map(text, text) IS
'All codes of a shipped map with segment, rank (1 is best), labels and the recommended action in English (en) or Chinese (zh); codes are recency and frequency, in maps that use money all three digits';

CREATE FUNCTION segment_maps(OUT map text, OUT bins int, OUT digits int, OUT segments int,
							 OUT title_en text, OUT title_zh text) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'segment_maps' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 4;
COMMENT ON FUNCTION segment_maps() IS
'The shipped segment maps: bins of the scores they are for, digits of their codes, number of segments; the default first';

CREATE FUNCTION segment_map_check_accum(internal, text, text, int) RETURNS internal
	AS 'MODULE_PATHNAME', 'segment_map_check_accum' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment_map_check_accum(internal, text, text, int) IS
'Transition function of segment_map_check(text, text, int)';

CREATE FUNCTION segment_map_check_final(internal) RETURNS text
	AS 'MODULE_PATHNAME', 'segment_map_check_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment_map_check_final(internal) IS
'Final function of segment_map_check(text, text, int)';

CREATE AGGREGATE segment_map_check(code text, segment text, rank int) (
	SFUNC = segment_map_check_accum,
	STYPE = internal,
	SSPACE = 32768,
	FINALFUNC = segment_map_check_final,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment_map_check(text, text, int) IS
'Proves that a segment map gives each code exactly one segment: counts of codes, segments and bins, or an error that lists the codes without a segment and those with several; codes may be patterns such as [12]5 or 55*; a better score with a worse rank is a notice';
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
-- ------------------------------------------------------------------------------------------------
-- proportion: successes of trials
-- ------------------------------------------------------------------------------------------------

CREATE TYPE proportion;

CREATE FUNCTION proportion_in(cstring) RETURNS proportion
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION proportion_in(cstring) IS
'Text input of proportion: successes and trials, 3/10';

CREATE FUNCTION proportion_out(proportion) RETURNS cstring
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION proportion_out(proportion) IS
'Text output of proportion';

CREATE FUNCTION proportion_recv(internal) RETURNS proportion
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION proportion_recv(internal) IS
'Binary input of proportion, checked';

CREATE FUNCTION proportion_send(proportion) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION proportion_send(proportion) IS
'Binary output of proportion';

CREATE TYPE proportion (
	INPUT = proportion_in,
	OUTPUT = proportion_out,
	RECEIVE = proportion_recv,
	SEND = proportion_send,
	INTERNALLENGTH = 16,
	ALIGNMENT = double
);
COMMENT ON TYPE proportion IS
'Successes of trials: churn, retention, conversion, complaint and other rates, which can be stored and added up';

-- Making one

CREATE FUNCTION proportion(successes int8, trials int8) RETURNS proportion
	AS 'MODULE_PATHNAME', 'proportion_make' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION proportion(int8, int8) IS
'A proportion of known counts; an error unless 0 <= successes <= trials';

CREATE FUNCTION proportion_accum(proportion, boolean) RETURNS proportion
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION proportion_accum(proportion, boolean) IS
'Transition function of proportion(boolean)';

CREATE FUNCTION proportion_add(proportion, proportion) RETURNS proportion
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION proportion_add(proportion, proportion) IS
'The successes and the trials of both, added';

CREATE OPERATOR + (LEFTARG = proportion, RIGHTARG = proportion, FUNCTION = proportion_add, COMMUTATOR = +);
COMMENT ON OPERATOR + (proportion, proportion) IS
'The successes and the trials of both, added';

CREATE AGGREGATE proportion(success boolean) (
	SFUNC = proportion_accum, STYPE = proportion, INITCOND = '0/0', COMBINEFUNC = proportion_add, PARALLEL = SAFE);
COMMENT ON AGGREGATE proportion(boolean) IS
'How many rows are true, of those that are true or false; NULLs are no trials; 0/0 without a row';

CREATE AGGREGATE rollup(proportion) (
	SFUNC = proportion_add, STYPE = proportion, INITCOND = '0/0', COMBINEFUNC = proportion_add, PARALLEL = SAFE);
COMMENT ON AGGREGATE rollup(proportion) IS
'All proportions as one: their successes and trials added up; NULLs are skipped; 0/0 without a row';

-- Comparison

CREATE FUNCTION proportion_eq(proportion, proportion) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION proportion_eq(proportion, proportion) IS
'Whether both have the same successes and the same trials: 1/2 is not 2/4';

CREATE FUNCTION proportion_ne(proportion, proportion) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION proportion_ne(proportion, proportion) IS
'Whether successes or trials differ';

CREATE FUNCTION proportion_hash(proportion) RETURNS int4
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION proportion_hash(proportion) IS
'Hash of a proportion';

CREATE OPERATOR = (
	LEFTARG = proportion, RIGHTARG = proportion, FUNCTION = proportion_eq, COMMUTATOR = =, NEGATOR = <>,
	RESTRICT = eqsel, JOIN = eqjoinsel, HASHES);
COMMENT ON OPERATOR = (proportion, proportion) IS
'Whether both have the same successes and the same trials: 1/2 is not 2/4';
CREATE OPERATOR <> (
	LEFTARG = proportion, RIGHTARG = proportion, FUNCTION = proportion_ne, COMMUTATOR = <>, NEGATOR = =,
	RESTRICT = neqsel, JOIN = neqjoinsel);
COMMENT ON OPERATOR <> (proportion, proportion) IS
'Whether successes or trials differ';

CREATE OPERATOR CLASS proportion_hash_ops DEFAULT FOR TYPE proportion USING hash AS
	OPERATOR 1 =, FUNCTION 1 proportion_hash(proportion);
COMMENT ON OPERATOR CLASS proportion_hash_ops USING hash IS
'Groups and joins of proportions';

-- One proportion

CREATE FUNCTION successes(proportion) RETURNS int8
	AS 'MODULE_PATHNAME', 'proportion_successes' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION successes(proportion) IS
'The number of successes';

CREATE FUNCTION trials(proportion) RETURNS int8
	AS 'MODULE_PATHNAME', 'proportion_trials' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trials(proportion) IS
'The number of trials, successes included';

CREATE FUNCTION value(proportion) RETURNS float8
	AS 'MODULE_PATHNAME', 'proportion_value' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION value(proportion) IS
'Successes by trials, 0 to 1; NULL without a trial';

CREATE FUNCTION low(p proportion, confidence float8 DEFAULT 0.95) RETURNS float8
	AS 'MODULE_PATHNAME', 'proportion_low' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION low(proportion, float8) IS
'Lower end of Wilson''s interval of the proportion that is behind the counts; NULL without a trial';

CREATE FUNCTION high(p proportion, confidence float8 DEFAULT 0.95) RETURNS float8
	AS 'MODULE_PATHNAME', 'proportion_high' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION high(proportion, float8) IS
'Upper end of Wilson''s interval of the proportion that is behind the counts; NULL without a trial';

CREATE FUNCTION proportion_to_jsonb(proportion) RETURNS jsonb LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	RETURN pg_catalog.jsonb_build_object('successes', @extschema@.successes($1), 'trials', @extschema@.trials($1));
COMMENT ON FUNCTION proportion_to_jsonb(proportion) IS
'The proportion as a JSON object with the keys successes and trials';
CREATE CAST (proportion AS jsonb) WITH FUNCTION proportion_to_jsonb(proportion);
COMMENT ON CAST (proportion AS jsonb) IS
'The proportion as a JSON object with the keys successes and trials';

-- Two proportions

CREATE FUNCTION difference(p1 proportion, p2 proportion, confidence float8 DEFAULT 0.95, OUT difference float8, OUT low float8, OUT high float8)
	AS 'MODULE_PATHNAME', 'proportion_difference' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION difference(proportion, proportion, float8) IS
'The first less the second, of independent proportions, with Newcombe''s interval; NULLs where one has no trial';

CREATE FUNCTION ratio(p1 proportion, p2 proportion, confidence float8 DEFAULT 0.95, OUT ratio float8, OUT low float8, OUT high float8)
	AS 'MODULE_PATHNAME', 'proportion_ratio' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ratio(proportion, proportion, float8) IS
'The first divided by the second, of independent proportions, with the interval of Katz (log); where one has no success, or neither a failure, 1/2 is added to the successes and failures of both; NULLs where one has no trial';

CREATE FUNCTION odds_ratio(p1 proportion, p2 proportion, confidence float8 DEFAULT 0.95,
	OUT odds_ratio float8, OUT low float8, OUT high float8, OUT p_value float8)
	AS 'MODULE_PATHNAME', 'proportion_odds_ratio' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION odds_ratio(proportion, proportion, float8) IS
'The odds (successes by failures) of the first divided by those of the second, with Woolf''s interval and two-sided p-value; where one has no success or no failure, 1/2 (Haldane, Anscombe) is added to all four counts; NULLs where one has no trial';
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
-- ------------------------------------------------------------------------------------------------
-- The lifecycle: the stage of a customer on any day, all changes of it, and the rules
-- ------------------------------------------------------------------------------------------------

CREATE TYPE lifecycle_stage AS ENUM ('prospect', 'new', 'repeat', 'loyal', 'at_risk', 'dormant', 'churned');
COMMENT ON TYPE lifecycle_stage IS
'Stage of a customer''s life with the firm: prospect, new, repeat and loyal by the number of purchases; at_risk, dormant and churned by the days without one';

-- lifecycle_policy: the rules

CREATE TYPE lifecycle_policy;

CREATE FUNCTION lifecycle_policy_in(cstring) RETURNS lifecycle_policy
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION lifecycle_policy_in(cstring) IS
'Text input of lifecycle_policy: a preset (retail, grocery, b2b), settings, or both: retail, loyal_from 3, churned_days 180';

CREATE FUNCTION lifecycle_policy_out(lifecycle_policy) RETURNS cstring
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION lifecycle_policy_out(lifecycle_policy) IS
'Text output of lifecycle_policy: all settings';

CREATE FUNCTION lifecycle_policy_recv(internal) RETURNS lifecycle_policy
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION lifecycle_policy_recv(internal) IS
'Binary input of lifecycle_policy: the settings as double precision, checked';

CREATE FUNCTION lifecycle_policy_send(lifecycle_policy) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION lifecycle_policy_send(lifecycle_policy) IS
'Binary output of lifecycle_policy';

CREATE TYPE lifecycle_policy (
	INPUT = lifecycle_policy_in,
	OUTPUT = lifecycle_policy_out,
	RECEIVE = lifecycle_policy_recv,
	SEND = lifecycle_policy_send,
	INTERNALLENGTH = 56,
	ALIGNMENT = double
);
COMMENT ON TYPE lifecycle_policy IS
'Rules of the lifecycle: how many purchases (days or orders) make a customer repeat and loyal; after how many days without one, or gaps of the customer''s rhythm if that is more, the customer is at risk, dormant, churned';

CREATE FUNCTION lifecycle_policy_eq(lifecycle_policy, lifecycle_policy) RETURNS bool
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION lifecycle_policy_eq(lifecycle_policy, lifecycle_policy) IS
'True when all settings are the same';

CREATE OPERATOR = (
	LEFTARG = lifecycle_policy, RIGHTARG = lifecycle_policy, FUNCTION = lifecycle_policy_eq,
	COMMUTATOR = =, RESTRICT = eqsel, JOIN = eqjoinsel
);
COMMENT ON OPERATOR = (lifecycle_policy, lifecycle_policy) IS 'True when all settings are the same';

CREATE FUNCTION lifecycle_policy(
	preset text DEFAULT 'retail', repeat_from int DEFAULT NULL, loyal_from int DEFAULT NULL, count_by text DEFAULT NULL,
	at_risk_days int DEFAULT NULL, at_risk_gaps float8 DEFAULT NULL, dormant_days int DEFAULT NULL, dormant_gaps float8 DEFAULT NULL,
	churned_days int DEFAULT NULL, churned_gaps float8 DEFAULT NULL, population_gap float8 DEFAULT NULL) RETURNS lifecycle_policy
	AS 'MODULE_PATHNAME', 'lifecycle_policy_make' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION lifecycle_policy(text, int, int, text, int, float8, int, float8, int, float8, float8) IS
'A policy: a preset (retail, grocery, b2b) and the settings that differ from it; count_by is days or orders; population_gap (days) is the rhythm of customers with fewer than three purchase days; out of range or not ascending is an error';

-- The stage of a history

CREATE FUNCTION lifecycle_stage(history purchase_history, as_of date, policy lifecycle_policy DEFAULT 'retail') RETURNS lifecycle_stage
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION lifecycle_stage(purchase_history, date, lifecycle_policy) IS
'Stage at the end of as_of, from what had happened until then: by the number of purchases, or, when more than max(days, gaps * median gap) days passed since the last one, at_risk, dormant, churned; prospect without anything, NULL with refunds only';

CREATE FUNCTION lifecycle_history(history purchase_history, as_of date, policy lifecycle_policy DEFAULT 'retail',
								  OUT stage lifecycle_stage, OUT valid_from date, OUT valid_to date, OUT reason text) RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 5;
COMMENT ON FUNCTION lifecycle_history(purchase_history, date, lifecycle_policy) IS
'Every stage from the first purchase to as_of, without gap or overlap: valid_to is the first day of the next one, NULL in the last row; reasons are first purchase, repeat purchase, loyal, silence, won back';

CREATE FUNCTION lifecycle_state(history purchase_history, as_of date, policy lifecycle_policy DEFAULT 'retail',
								OUT stage lifecycle_stage, OUT since date, OUT reason text, OUT order_day date, OUT due date) RETURNS record
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION lifecycle_state(purchase_history, date, lifecycle_policy) IS
'The last row of lifecycle_history: stage, since when and why; order_day is the purchase that caused it, NULL when silence did; due is the day on which the stage changes next if nothing is bought, NULL for never';

CREATE FUNCTION lifecycle_reached(history purchase_history, stage lifecycle_stage, as_of date, policy lifecycle_policy DEFAULT 'retail') RETURNS date
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION lifecycle_reached(purchase_history, lifecycle_stage, date, lifecycle_policy) IS
'The first day in a stage; NULL if there was none until as_of, and for prospect';

CREATE FUNCTION lifecycle_changes_since(stage lifecycle_stage, known_on date, history purchase_history, as_of date, policy lifecycle_policy DEFAULT 'retail',
										OUT from_stage lifecycle_stage, OUT to_stage lifecycle_stage, OUT changed_on date, OUT order_day date, OUT reason text) RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 1;
COMMENT ON FUNCTION lifecycle_changes_since(lifecycle_stage, date, purchase_history, date, lifecycle_policy) IS
'The changes that lead a log from its stage at the end of known_on to the stage at as_of; known_on NULL: all since the first purchase; a history that never was in that stage on that day: one change on as_of with the reason corrected; prospect is NULL in it';

-- All histories at once

CREATE TYPE lifecycle_total AS (
	from_stage lifecycle_stage, to_stage lifecycle_stage, reason text, days int, changes int8
);
COMMENT ON TYPE lifecycle_total IS
'How many stays in from_stage ended in to_stage after that many days; to_stage NULL: go on, for that many days so far';

CREATE FUNCTION lifecycle_totals_accum(internal, purchase_history, date, lifecycle_policy) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION lifecycle_totals_accum(internal, purchase_history, date, lifecycle_policy) IS
'Transition function of lifecycle_totals';
CREATE FUNCTION lifecycle_totals_combine(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION lifecycle_totals_combine(internal, internal) IS
'Merges partial states of lifecycle_totals';
CREATE FUNCTION lifecycle_totals_serialize(internal) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION lifecycle_totals_serialize(internal) IS
'Partial state of lifecycle_totals as bytes';
CREATE FUNCTION lifecycle_totals_deserialize(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION lifecycle_totals_deserialize(bytea, internal) IS
'Partial state of lifecycle_totals from bytes';
CREATE FUNCTION lifecycle_totals_final(internal) RETURNS lifecycle_total[]
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION lifecycle_totals_final(internal) IS
'Final function of lifecycle_totals';

CREATE AGGREGATE lifecycle_totals(history purchase_history, as_of date, policy lifecycle_policy) (
	SFUNC = lifecycle_totals_accum, STYPE = internal, SSPACE = 131072,
	FINALFUNC = lifecycle_totals_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = lifecycle_totals_combine, SERIALFUNC = lifecycle_totals_serialize, DESERIALFUNC = lifecycle_totals_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE lifecycle_totals(purchase_history, date, lifecycle_policy) IS
'All stays of all histories until as_of, as an array of (from_stage, to_stage, reason, days, changes): what a count over lifecycle_history of each history gives; NULL histories are skipped, parameters that change between rows are an error';

CREATE TYPE stage_total AS (stage lifecycle_stage, customers int8, total numeric);
COMMENT ON TYPE stage_total IS
'How many customers are in a stage, and the sum of their totals';

CREATE FUNCTION stage_totals_accum(internal, lifecycle_stage, numeric) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION stage_totals_accum(internal, lifecycle_stage, numeric) IS
'Transition function of stage_totals';
CREATE FUNCTION stage_totals_combine(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION stage_totals_combine(internal, internal) IS
'Merges partial states of stage_totals';
CREATE FUNCTION stage_totals_serialize(internal) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION stage_totals_serialize(internal) IS
'Partial state of stage_totals as bytes';
CREATE FUNCTION stage_totals_deserialize(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION stage_totals_deserialize(bytea, internal) IS
'Partial state of stage_totals from bytes';
CREATE FUNCTION stage_totals_final(internal) RETURNS stage_total[]
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION stage_totals_final(internal) IS
'Final function of stage_totals';

CREATE AGGREGATE stage_totals(stage lifecycle_stage, total numeric) (
	SFUNC = stage_totals_accum, STYPE = internal, SSPACE = 256,
	FINALFUNC = stage_totals_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = stage_totals_combine, SERIALFUNC = stage_totals_serialize, DESERIALFUNC = stage_totals_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE stage_totals(lifecycle_stage, numeric) IS
'Customers and the sum of their totals for each stage that has any, as an array of (stage, customers, total) in order; a NULL stage is skipped, totals are rounded to six digits';

-- Words

CREATE FUNCTION lifecycle_label(stage lifecycle_stage, language text DEFAULT 'en') RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION lifecycle_label(lifecycle_stage, text) IS
'Label of a stage in English (en) or Chinese (zh)';

CREATE FUNCTION lifecycle_phase(stage lifecycle_stage, vocabulary text, language text DEFAULT 'en') RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION lifecycle_phase(lifecycle_stage, text, text) IS
'What another vocabulary calls a stage, in English (en) or Chinese (zh): relationship (acquisition, maintenance, win-back, loss), growth (acquisition, development, retention) or activity (contact, communicate, maintain, develop, serve)';

CREATE FUNCTION lifecycle_stages(OUT stage lifecycle_stage, OUT rank int, OUT label_en text, OUT label_zh text,
								 OUT action_en text, OUT action_zh text) RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 7;
COMMENT ON FUNCTION lifecycle_stages() IS
'The stages in order, with labels and the recommended action in English and Chinese';

-- The way to the first purchase

CREATE TYPE prospect_stage AS ENUM ('prospect', 'hot_prospect', 'customer');
COMMENT ON TYPE prospect_stage IS
'Stage on the way to the first purchase: prospect, hot prospect (can afford it and has the need), customer';

CREATE FUNCTION prospect_stage(can_afford boolean, has_need boolean, has_purchase boolean) RETURNS prospect_stage
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE WHEN has_purchase THEN 'customer'::prospect_stage
		WHEN can_afford AND has_need THEN 'hot_prospect'::prospect_stage
		ELSE 'prospect'::prospect_stage END;
END;
COMMENT ON FUNCTION prospect_stage(boolean, boolean, boolean) IS
'customer with a purchase, else hot_prospect when both criteria hold, else prospect; a criterion that is not known (NULL) does not hold';

CREATE FUNCTION prospect_label(stage prospect_stage, language text DEFAULT 'en') RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION prospect_label(prospect_stage, text) IS
'Label of a stage on the way to the first purchase in English (en) or Chinese (zh)';

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
-- ------------------------------------------------------------------------------------------------
-- Models of purchases, spend and contracts: values, fits and scores
-- ------------------------------------------------------------------------------------------------

-- purchase_model

CREATE TYPE purchase_model;

CREATE FUNCTION purchase_model_in(cstring) RETURNS purchase_model
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_model_in(cstring) IS
'Text input of purchase_model: a JSON object with the keys model and parameters, optionally regularity and unit, and those of a fit';

CREATE FUNCTION purchase_model_out(purchase_model) RETURNS cstring
	AS 'MODULE_PATHNAME', 'model_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_model_out(purchase_model) IS
'Text output of purchase_model: a JSON object';

CREATE FUNCTION purchase_model_recv(internal) RETURNS purchase_model
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_model_recv(internal) IS
'Binary input of purchase_model, checked';

CREATE FUNCTION purchase_model_send(purchase_model) RETURNS bytea
	AS 'MODULE_PATHNAME', 'model_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_model_send(purchase_model) IS
'Binary output of purchase_model';

CREATE TYPE purchase_model (
	INPUT = purchase_model_in,
	OUTPUT = purchase_model_out,
	RECEIVE = purchase_model_recv,
	SEND = purchase_model_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = double,
	STORAGE = plain
);
COMMENT ON TYPE purchase_model IS
'A model of when customers buy and when they leave: bgnbd, mbgnbd, pareto_nbd, nbd or bgbb with its parameters, the unit of its time, and of a fit its log-likelihood, covariance and status';

CREATE CAST (purchase_model AS jsonb) WITH INOUT;
COMMENT ON CAST (purchase_model AS jsonb) IS 'The model as a JSON object';
CREATE CAST (jsonb AS purchase_model) WITH INOUT;
COMMENT ON CAST (jsonb AS purchase_model) IS 'The model of a JSON object, checked';

-- spend_model

CREATE TYPE spend_model;

CREATE FUNCTION spend_model_in(cstring) RETURNS spend_model
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION spend_model_in(cstring) IS
'Text input of spend_model: a JSON object with the keys model and parameters, optionally regularity and unit, and those of a fit';

CREATE FUNCTION spend_model_out(spend_model) RETURNS cstring
	AS 'MODULE_PATHNAME', 'model_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION spend_model_out(spend_model) IS
'Text output of spend_model: a JSON object';

CREATE FUNCTION spend_model_recv(internal) RETURNS spend_model
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION spend_model_recv(internal) IS
'Binary input of spend_model, checked';

CREATE FUNCTION spend_model_send(spend_model) RETURNS bytea
	AS 'MODULE_PATHNAME', 'model_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION spend_model_send(spend_model) IS
'Binary output of spend_model';

CREATE TYPE spend_model (
	INPUT = spend_model_in,
	OUTPUT = spend_model_out,
	RECEIVE = spend_model_recv,
	SEND = spend_model_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = double,
	STORAGE = plain
);
COMMENT ON TYPE spend_model IS
'A model of what customers spend on a transaction: gamma_gamma with its parameters and, of a fit, its log-likelihood, covariance and status';

CREATE CAST (spend_model AS jsonb) WITH INOUT;
COMMENT ON CAST (spend_model AS jsonb) IS 'The model as a JSON object';
CREATE CAST (jsonb AS spend_model) WITH INOUT;
COMMENT ON CAST (jsonb AS spend_model) IS 'The model of a JSON object, checked';

-- contract_model

CREATE TYPE contract_model;

CREATE FUNCTION contract_model_in(cstring) RETURNS contract_model
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION contract_model_in(cstring) IS
'Text input of contract_model: a JSON object with the keys model and parameters, optionally regularity and unit, and those of a fit';

CREATE FUNCTION contract_model_out(contract_model) RETURNS cstring
	AS 'MODULE_PATHNAME', 'model_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION contract_model_out(contract_model) IS
'Text output of contract_model: a JSON object';

CREATE FUNCTION contract_model_recv(internal) RETURNS contract_model
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION contract_model_recv(internal) IS
'Binary input of contract_model, checked';

CREATE FUNCTION contract_model_send(contract_model) RETURNS bytea
	AS 'MODULE_PATHNAME', 'model_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION contract_model_send(contract_model) IS
'Binary output of contract_model';

CREATE TYPE contract_model (
	INPUT = contract_model_in,
	OUTPUT = contract_model_out,
	RECEIVE = contract_model_recv,
	SEND = contract_model_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = double,
	STORAGE = plain
);
COMMENT ON TYPE contract_model IS
'A model of how long contracts are renewed: sbg (shifted beta geometric) or bdw (beta discrete Weibull) with its parameters and, of a fit, its log-likelihood, covariance and status';

CREATE CAST (contract_model AS jsonb) WITH INOUT;
COMMENT ON CAST (contract_model AS jsonb) IS 'The model as a JSON object';
CREATE CAST (jsonb AS contract_model) WITH INOUT;
COMMENT ON CAST (jsonb AS contract_model) IS 'The model of a JSON object, checked';

-- Models of given parameters

CREATE FUNCTION purchase_model(model text, unit text, VARIADIC parameters float8[]) RETURNS purchase_model
	AS 'MODULE_PATHNAME', 'purchase_model_make' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION purchase_model(text, text, float8[]) IS
'A model of known parameters, in the order of the papers: bgnbd and mbgnbd r, alpha, a, b; pareto_nbd r, alpha, s, beta; nbd r, alpha; bgbb alpha, beta, gamma, delta; unit is that of its time (day, week, month, quarter, year), or NULL';

CREATE FUNCTION spend_model(model text, VARIADIC parameters float8[]) RETURNS spend_model
	AS 'MODULE_PATHNAME', 'spend_model_make' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION spend_model(text, float8[]) IS
'A model of known parameters: gamma_gamma p, q, gamma';

CREATE FUNCTION contract_model(model text, VARIADIC parameters float8[]) RETURNS contract_model
	AS 'MODULE_PATHNAME', 'contract_model_make' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION contract_model(text, float8[]) IS
'A model of known parameters: sbg alpha, beta; bdw alpha, beta, c';

CREATE FUNCTION with_unit(model purchase_model, unit text) RETURNS purchase_model
	AS 'MODULE_PATHNAME', 'model_with_unit' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION with_unit(purchase_model, text) IS
'The same model, whose time is said to be in this unit; an error where it is in another one';

CREATE FUNCTION with_regularity(model purchase_model, regularity int) RETURNS purchase_model
	AS 'MODULE_PATHNAME', 'model_with_regularity' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION with_regularity(purchase_model, int) IS
'A bgnbd or mbgnbd of given parameters for Erlang-k gaps between purchases, k from 1 to 16';

-- What a model tells of itself

CREATE FUNCTION model_name(model purchase_model) RETURNS text
	AS 'MODULE_PATHNAME', 'model_name_of' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION model_name(purchase_model) IS
'The name of the model';

CREATE FUNCTION unit(model purchase_model) RETURNS text
	AS 'MODULE_PATHNAME', 'model_unit_of' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION unit(purchase_model) IS
'The unit of the model''s time; NULL where none was said';

CREATE FUNCTION unit_days(model purchase_model) RETURNS float8
	AS 'MODULE_PATHNAME', 'model_unit_days_of' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION unit_days(purchase_model) IS
'Days of the unit of the model''s time: week 7, month 365.25 / 12; an error where no unit was said';

CREATE FUNCTION regularity(model purchase_model) RETURNS int
	AS 'MODULE_PATHNAME', 'model_regularity_of' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION regularity(purchase_model) IS
'k of the Erlang-k gaps between purchases; 1 for plain models';

CREATE FUNCTION trust(model purchase_model) RETURNS text
	AS 'MODULE_PATHNAME', 'model_trust_of' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust(purchase_model) IS
'What its numbers are worth: ok, small_sample (fewer than 500 customers or 180 days), not_identified (the data do not tell the parameters), not_converged, no_data (too few repeat customers: no parameters), given (by a user)';

CREATE FUNCTION converged(model purchase_model) RETURNS boolean
	AS 'MODULE_PATHNAME', 'model_converged_of' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION converged(purchase_model) IS
'Whether the fit found an inner maximum of the likelihood that doubles can tell; NULL for given parameters';

CREATE FUNCTION customers(model purchase_model) RETURNS int8
	AS 'MODULE_PATHNAME', 'model_customers_of' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customers(purchase_model) IS
'Customers the model was fitted on';

CREATE FUNCTION repeat_customers(model purchase_model) RETURNS int8
	AS 'MODULE_PATHNAME', 'model_repeat_customers_of' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION repeat_customers(purchase_model) IS
'Customers among them with a repeat purchase (contracts: who left)';

CREATE FUNCTION left_out(model purchase_model) RETURNS int8
	AS 'MODULE_PATHNAME', 'model_left_out_of' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION left_out(purchase_model) IS
'Customers who had nothing to fit on: no purchase, a NULL, or no spend above 0';

CREATE FUNCTION log_likelihood(model purchase_model) RETURNS float8
	AS 'MODULE_PATHNAME', 'model_log_likelihood_of' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION log_likelihood(purchase_model) IS
'Log-likelihood at the parameters, densities by unit of time, without the penalty';

CREATE FUNCTION aic(model purchase_model) RETURNS float8
	AS 'MODULE_PATHNAME', 'model_aic_of' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION aic(purchase_model) IS
'Akaike''s information criterion: 2 parameters - 2 log-likelihood; less is better';

CREATE FUNCTION bic(model purchase_model) RETURNS float8
	AS 'MODULE_PATHNAME', 'model_bic_of' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION bic(purchase_model) IS
'Bayesian information criterion: log(customers) parameters - 2 log-likelihood; less is better';

CREATE FUNCTION parameters(model purchase_model, OUT name text, OUT estimate float8, OUT std_error float8, OUT ci_low float8, OUT ci_high float8) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'model_parameters_of' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 4;
COMMENT ON FUNCTION parameters(purchase_model) IS
'The parameters with standard errors (inverse of the observed information) and 95 % intervals, which are symmetric in the logarithm';

CREATE FUNCTION model_name(model spend_model) RETURNS text
	AS 'MODULE_PATHNAME', 'model_name_of' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION model_name(spend_model) IS
'The name of the model';

CREATE FUNCTION trust(model spend_model) RETURNS text
	AS 'MODULE_PATHNAME', 'model_trust_of' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust(spend_model) IS
'What its numbers are worth: ok, small_sample (fewer than 500 customers or 180 days), not_identified (the data do not tell the parameters), not_converged, no_data (too few repeat customers: no parameters), given (by a user)';

CREATE FUNCTION converged(model spend_model) RETURNS boolean
	AS 'MODULE_PATHNAME', 'model_converged_of' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION converged(spend_model) IS
'Whether the fit found an inner maximum of the likelihood that doubles can tell; NULL for given parameters';

CREATE FUNCTION customers(model spend_model) RETURNS int8
	AS 'MODULE_PATHNAME', 'model_customers_of' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customers(spend_model) IS
'Customers the model was fitted on';

CREATE FUNCTION repeat_customers(model spend_model) RETURNS int8
	AS 'MODULE_PATHNAME', 'model_repeat_customers_of' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION repeat_customers(spend_model) IS
'Customers among them with a repeat purchase (contracts: who left)';

CREATE FUNCTION left_out(model spend_model) RETURNS int8
	AS 'MODULE_PATHNAME', 'model_left_out_of' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION left_out(spend_model) IS
'Customers who had nothing to fit on: no purchase, a NULL, or no spend above 0';

CREATE FUNCTION log_likelihood(model spend_model) RETURNS float8
	AS 'MODULE_PATHNAME', 'model_log_likelihood_of' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION log_likelihood(spend_model) IS
'Log-likelihood at the parameters, densities by unit of time, without the penalty';

CREATE FUNCTION aic(model spend_model) RETURNS float8
	AS 'MODULE_PATHNAME', 'model_aic_of' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION aic(spend_model) IS
'Akaike''s information criterion: 2 parameters - 2 log-likelihood; less is better';

CREATE FUNCTION bic(model spend_model) RETURNS float8
	AS 'MODULE_PATHNAME', 'model_bic_of' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION bic(spend_model) IS
'Bayesian information criterion: log(customers) parameters - 2 log-likelihood; less is better';

CREATE FUNCTION parameters(model spend_model, OUT name text, OUT estimate float8, OUT std_error float8, OUT ci_low float8, OUT ci_high float8) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'model_parameters_of' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 4;
COMMENT ON FUNCTION parameters(spend_model) IS
'The parameters with standard errors (inverse of the observed information) and 95 % intervals, which are symmetric in the logarithm';

CREATE FUNCTION model_name(model contract_model) RETURNS text
	AS 'MODULE_PATHNAME', 'model_name_of' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION model_name(contract_model) IS
'The name of the model';

CREATE FUNCTION trust(model contract_model) RETURNS text
	AS 'MODULE_PATHNAME', 'model_trust_of' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust(contract_model) IS
'What its numbers are worth: ok, small_sample (fewer than 500 customers or 180 days), not_identified (the data do not tell the parameters), not_converged, no_data (too few repeat customers: no parameters), given (by a user)';

CREATE FUNCTION converged(model contract_model) RETURNS boolean
	AS 'MODULE_PATHNAME', 'model_converged_of' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION converged(contract_model) IS
'Whether the fit found an inner maximum of the likelihood that doubles can tell; NULL for given parameters';

CREATE FUNCTION customers(model contract_model) RETURNS int8
	AS 'MODULE_PATHNAME', 'model_customers_of' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customers(contract_model) IS
'Customers the model was fitted on';

CREATE FUNCTION repeat_customers(model contract_model) RETURNS int8
	AS 'MODULE_PATHNAME', 'model_repeat_customers_of' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION repeat_customers(contract_model) IS
'Customers among them with a repeat purchase (contracts: who left)';

CREATE FUNCTION left_out(model contract_model) RETURNS int8
	AS 'MODULE_PATHNAME', 'model_left_out_of' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION left_out(contract_model) IS
'Customers who had nothing to fit on: no purchase, a NULL, or no spend above 0';

CREATE FUNCTION log_likelihood(model contract_model) RETURNS float8
	AS 'MODULE_PATHNAME', 'model_log_likelihood_of' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION log_likelihood(contract_model) IS
'Log-likelihood at the parameters, densities by unit of time, without the penalty';

CREATE FUNCTION aic(model contract_model) RETURNS float8
	AS 'MODULE_PATHNAME', 'model_aic_of' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION aic(contract_model) IS
'Akaike''s information criterion: 2 parameters - 2 log-likelihood; less is better';

CREATE FUNCTION bic(model contract_model) RETURNS float8
	AS 'MODULE_PATHNAME', 'model_bic_of' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION bic(contract_model) IS
'Bayesian information criterion: log(customers) parameters - 2 log-likelihood; less is better';

CREATE FUNCTION parameters(model contract_model, OUT name text, OUT estimate float8, OUT std_error float8, OUT ci_low float8, OUT ci_high float8) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'model_parameters_of' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 4;
COMMENT ON FUNCTION parameters(contract_model) IS
'The parameters with standard errors (inverse of the observed information) and 95 % intervals, which are symmetric in the logarithm';

-- Fits

CREATE FUNCTION fit_accum_numbers(internal, float8, float8, float8) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fit_accum_numbers(internal, float8, float8, float8) IS
'Adds a customer (x, t_x, T): for aggregates only';

CREATE FUNCTION fit_accum_numbers(internal, float8, float8, float8, float8) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fit_accum_numbers(internal, float8, float8, float8, float8) IS
'Adds a customer (x, t_x, T) to a fit with a penalty: for aggregates only';

CREATE FUNCTION fit_accum_numbers(internal, float8, float8, float8, int) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fit_accum_numbers(internal, float8, float8, float8, int) IS
'Adds a customer (x, t_x, T) to a fit of Erlang-k gaps: for aggregates only';

CREATE FUNCTION fit_accum_history(internal, purchase_history, date, text) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fit_accum_history(internal, purchase_history, date, text) IS
'Adds a customer (history, as_of, unit): for aggregates only';

CREATE FUNCTION fit_accum_history(internal, purchase_history, date, text, float8) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fit_accum_history(internal, purchase_history, date, text, float8) IS
'Adds a customer (history, as_of, unit) to a fit with a penalty: for aggregates only';

CREATE FUNCTION fit_accum_history(internal, purchase_history, date, text, int) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fit_accum_history(internal, purchase_history, date, text, int) IS
'Adds a customer (history, as_of, unit) to a fit of Erlang-k gaps: for aggregates only';

CREATE FUNCTION fit_accum_opportunities(internal, float8, float8, float8) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fit_accum_opportunities(internal, float8, float8, float8) IS
'Adds a customer (x, t_x, n) to a fit of BG/BB: for aggregates only';

CREATE FUNCTION fit_accum_opportunities_history(internal, purchase_history, date, text) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fit_accum_opportunities_history(internal, purchase_history, date, text) IS
'Adds a customer (history, as_of, unit) to a fit of BG/BB: for aggregates only';

CREATE FUNCTION fit_accum_spend(internal, float8, float8) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fit_accum_spend(internal, float8, float8) IS
'Adds a customer (x, m_x) to a fit of spend: for aggregates only';

CREATE FUNCTION fit_accum_spend_history(internal, purchase_history, date) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fit_accum_spend_history(internal, purchase_history, date) IS
'Adds a customer (history, as_of) to a fit of spend: for aggregates only';

CREATE FUNCTION fit_accum_contract(internal, int, boolean) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fit_accum_contract(internal, int, boolean) IS
'Adds a contract (periods, left): for aggregates only';

CREATE FUNCTION fit_accum_contract(internal, int, boolean, int8) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fit_accum_contract(internal, int, boolean, int8) IS
'Adds contracts (periods, left, customers): for aggregates only';

CREATE FUNCTION fit_combine(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fit_combine(internal, internal) IS
'Adds the rows of two states: for aggregates only';

CREATE FUNCTION fit_serialize(internal) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fit_serialize(internal) IS
'The state of a fit as bytes: for aggregates only';

CREATE FUNCTION fit_deserialize(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fit_deserialize(bytea, internal) IS
'The state of a fit from bytes: for aggregates only';

CREATE FUNCTION bgnbd_fit_final(internal) RETURNS purchase_model
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION bgnbd_fit_final(internal) IS
'Fits BG/NBD (Fader, Hardie, Lee 2005): for aggregates only';

CREATE FUNCTION mbgnbd_fit_final(internal) RETURNS purchase_model
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION mbgnbd_fit_final(internal) IS
'Fits MBG/NBD (Batislam et al. 2007): for aggregates only';

CREATE FUNCTION pareto_nbd_fit_final(internal) RETURNS purchase_model
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION pareto_nbd_fit_final(internal) IS
'Fits Pareto/NBD (Schmittlein et al. 1987): for aggregates only';

CREATE FUNCTION nbd_fit_final(internal) RETURNS purchase_model
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nbd_fit_final(internal) IS
'Fits NBD, in which no customer ever leaves: for aggregates only';

CREATE FUNCTION bgbb_fit_final(internal) RETURNS purchase_model
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION bgbb_fit_final(internal) IS
'Fits BG/BB (Fader, Hardie, Shang 2010): for aggregates only';

CREATE FUNCTION gamma_gamma_fit_final(internal) RETURNS spend_model
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION gamma_gamma_fit_final(internal) IS
'Fits Gamma-Gamma (Fader, Hardie 2013): for aggregates only';

CREATE FUNCTION sbg_fit_final(internal) RETURNS contract_model
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION sbg_fit_final(internal) IS
'Fits shifted beta geometric (Fader, Hardie 2007): for aggregates only';

CREATE FUNCTION bdw_fit_final(internal) RETURNS contract_model
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION bdw_fit_final(internal) IS
'Fits beta discrete Weibull (Fader et al. 2018): for aggregates only';

CREATE AGGREGATE bgnbd_fit(x float8, t_x float8, t float8) (
	SFUNC = fit_accum_numbers,
	STYPE = internal,
	SSPACE = 65536,
	FINALFUNC = bgnbd_fit_final,
	COMBINEFUNC = fit_combine,
	SERIALFUNC = fit_serialize,
	DESERIALFUNC = fit_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE bgnbd_fit(float8, float8, float8) IS
'Maximum likelihood fit of BG/NBD (Fader, Hardie, Lee 2005) to customers: x repeat purchases, the last at t_x, observed until T, each counted from the first purchase in one unit; rows with a NULL are left out';

CREATE AGGREGATE bgnbd_fit(x float8, t_x float8, t float8, penalty float8) (
	SFUNC = fit_accum_numbers,
	STYPE = internal,
	SSPACE = 65536,
	FINALFUNC = bgnbd_fit_final,
	COMBINEFUNC = fit_combine,
	SERIALFUNC = fit_serialize,
	DESERIALFUNC = fit_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE bgnbd_fit(float8, float8, float8, float8) IS
'Maximum likelihood fit of BG/NBD (Fader, Hardie, Lee 2005), less penalty times the mean square of the logarithms of the parameters for each customer';

CREATE AGGREGATE bgnbd_fit(history purchase_history, as_of date, unit text) (
	SFUNC = fit_accum_history,
	STYPE = internal,
	SSPACE = 65536,
	FINALFUNC = bgnbd_fit_final,
	COMBINEFUNC = fit_combine,
	SERIALFUNC = fit_serialize,
	DESERIALFUNC = fit_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE bgnbd_fit(purchase_history, date, text) IS
'Maximum likelihood fit of BG/NBD (Fader, Hardie, Lee 2005) to histories as of a day, in units of day, week, month, quarter or year; customers without a purchase until then are left out';

CREATE AGGREGATE bgnbd_fit(history purchase_history, as_of date, unit text, penalty float8) (
	SFUNC = fit_accum_history,
	STYPE = internal,
	SSPACE = 65536,
	FINALFUNC = bgnbd_fit_final,
	COMBINEFUNC = fit_combine,
	SERIALFUNC = fit_serialize,
	DESERIALFUNC = fit_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE bgnbd_fit(purchase_history, date, text, float8) IS
'Maximum likelihood fit of BG/NBD (Fader, Hardie, Lee 2005) to histories as of a day, with a penalty';

CREATE AGGREGATE bgcnbd_fit(x float8, t_x float8, t float8, regularity int) (
	SFUNC = fit_accum_numbers,
	STYPE = internal,
	SSPACE = 65536,
	FINALFUNC = bgnbd_fit_final,
	COMBINEFUNC = fit_combine,
	SERIALFUNC = fit_serialize,
	DESERIALFUNC = fit_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE bgcnbd_fit(float8, float8, float8, int) IS
'Maximum likelihood fit of BG/CNBD-k (Reutterer, Platzer, Schroeder 2021): gaps between purchases are Erlang-k';

CREATE AGGREGATE bgcnbd_fit(history purchase_history, as_of date, unit text, regularity int) (
	SFUNC = fit_accum_history,
	STYPE = internal,
	SSPACE = 65536,
	FINALFUNC = bgnbd_fit_final,
	COMBINEFUNC = fit_combine,
	SERIALFUNC = fit_serialize,
	DESERIALFUNC = fit_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE bgcnbd_fit(purchase_history, date, text, int) IS
'Maximum likelihood fit to histories of BG/CNBD-k (Reutterer, Platzer, Schroeder 2021): gaps between purchases are Erlang-k';

CREATE AGGREGATE mbgnbd_fit(x float8, t_x float8, t float8) (
	SFUNC = fit_accum_numbers,
	STYPE = internal,
	SSPACE = 65536,
	FINALFUNC = mbgnbd_fit_final,
	COMBINEFUNC = fit_combine,
	SERIALFUNC = fit_serialize,
	DESERIALFUNC = fit_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE mbgnbd_fit(float8, float8, float8) IS
'Maximum likelihood fit of MBG/NBD (Batislam et al. 2007) to customers: x repeat purchases, the last at t_x, observed until T, each counted from the first purchase in one unit; rows with a NULL are left out';

CREATE AGGREGATE mbgnbd_fit(x float8, t_x float8, t float8, penalty float8) (
	SFUNC = fit_accum_numbers,
	STYPE = internal,
	SSPACE = 65536,
	FINALFUNC = mbgnbd_fit_final,
	COMBINEFUNC = fit_combine,
	SERIALFUNC = fit_serialize,
	DESERIALFUNC = fit_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE mbgnbd_fit(float8, float8, float8, float8) IS
'Maximum likelihood fit of MBG/NBD (Batislam et al. 2007), less penalty times the mean square of the logarithms of the parameters for each customer';

CREATE AGGREGATE mbgnbd_fit(history purchase_history, as_of date, unit text) (
	SFUNC = fit_accum_history,
	STYPE = internal,
	SSPACE = 65536,
	FINALFUNC = mbgnbd_fit_final,
	COMBINEFUNC = fit_combine,
	SERIALFUNC = fit_serialize,
	DESERIALFUNC = fit_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE mbgnbd_fit(purchase_history, date, text) IS
'Maximum likelihood fit of MBG/NBD (Batislam et al. 2007) to histories as of a day, in units of day, week, month, quarter or year; customers without a purchase until then are left out';

CREATE AGGREGATE mbgnbd_fit(history purchase_history, as_of date, unit text, penalty float8) (
	SFUNC = fit_accum_history,
	STYPE = internal,
	SSPACE = 65536,
	FINALFUNC = mbgnbd_fit_final,
	COMBINEFUNC = fit_combine,
	SERIALFUNC = fit_serialize,
	DESERIALFUNC = fit_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE mbgnbd_fit(purchase_history, date, text, float8) IS
'Maximum likelihood fit of MBG/NBD (Batislam et al. 2007) to histories as of a day, with a penalty';

CREATE AGGREGATE mbgcnbd_fit(x float8, t_x float8, t float8, regularity int) (
	SFUNC = fit_accum_numbers,
	STYPE = internal,
	SSPACE = 65536,
	FINALFUNC = mbgnbd_fit_final,
	COMBINEFUNC = fit_combine,
	SERIALFUNC = fit_serialize,
	DESERIALFUNC = fit_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE mbgcnbd_fit(float8, float8, float8, int) IS
'Maximum likelihood fit of MBG/CNBD-k (Reutterer, Platzer, Schroeder 2021): gaps between purchases are Erlang-k';

CREATE AGGREGATE mbgcnbd_fit(history purchase_history, as_of date, unit text, regularity int) (
	SFUNC = fit_accum_history,
	STYPE = internal,
	SSPACE = 65536,
	FINALFUNC = mbgnbd_fit_final,
	COMBINEFUNC = fit_combine,
	SERIALFUNC = fit_serialize,
	DESERIALFUNC = fit_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE mbgcnbd_fit(purchase_history, date, text, int) IS
'Maximum likelihood fit to histories of MBG/CNBD-k (Reutterer, Platzer, Schroeder 2021): gaps between purchases are Erlang-k';

CREATE AGGREGATE pareto_nbd_fit(x float8, t_x float8, t float8) (
	SFUNC = fit_accum_numbers,
	STYPE = internal,
	SSPACE = 65536,
	FINALFUNC = pareto_nbd_fit_final,
	COMBINEFUNC = fit_combine,
	SERIALFUNC = fit_serialize,
	DESERIALFUNC = fit_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE pareto_nbd_fit(float8, float8, float8) IS
'Maximum likelihood fit of Pareto/NBD (Schmittlein et al. 1987) to customers: x repeat purchases, the last at t_x, observed until T, each counted from the first purchase in one unit; rows with a NULL are left out';

CREATE AGGREGATE pareto_nbd_fit(x float8, t_x float8, t float8, penalty float8) (
	SFUNC = fit_accum_numbers,
	STYPE = internal,
	SSPACE = 65536,
	FINALFUNC = pareto_nbd_fit_final,
	COMBINEFUNC = fit_combine,
	SERIALFUNC = fit_serialize,
	DESERIALFUNC = fit_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE pareto_nbd_fit(float8, float8, float8, float8) IS
'Maximum likelihood fit of Pareto/NBD (Schmittlein et al. 1987), less penalty times the mean square of the logarithms of the parameters for each customer';

CREATE AGGREGATE pareto_nbd_fit(history purchase_history, as_of date, unit text) (
	SFUNC = fit_accum_history,
	STYPE = internal,
	SSPACE = 65536,
	FINALFUNC = pareto_nbd_fit_final,
	COMBINEFUNC = fit_combine,
	SERIALFUNC = fit_serialize,
	DESERIALFUNC = fit_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE pareto_nbd_fit(purchase_history, date, text) IS
'Maximum likelihood fit of Pareto/NBD (Schmittlein et al. 1987) to histories as of a day, in units of day, week, month, quarter or year; customers without a purchase until then are left out';

CREATE AGGREGATE pareto_nbd_fit(history purchase_history, as_of date, unit text, penalty float8) (
	SFUNC = fit_accum_history,
	STYPE = internal,
	SSPACE = 65536,
	FINALFUNC = pareto_nbd_fit_final,
	COMBINEFUNC = fit_combine,
	SERIALFUNC = fit_serialize,
	DESERIALFUNC = fit_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE pareto_nbd_fit(purchase_history, date, text, float8) IS
'Maximum likelihood fit of Pareto/NBD (Schmittlein et al. 1987) to histories as of a day, with a penalty';

CREATE AGGREGATE nbd_fit(x float8, t_x float8, t float8) (
	SFUNC = fit_accum_numbers,
	STYPE = internal,
	SSPACE = 65536,
	FINALFUNC = nbd_fit_final,
	COMBINEFUNC = fit_combine,
	SERIALFUNC = fit_serialize,
	DESERIALFUNC = fit_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE nbd_fit(float8, float8, float8) IS
'Maximum likelihood fit of NBD, in which no customer ever leaves to customers: x repeat purchases, the last at t_x, observed until T, each counted from the first purchase in one unit; rows with a NULL are left out';

CREATE AGGREGATE nbd_fit(x float8, t_x float8, t float8, penalty float8) (
	SFUNC = fit_accum_numbers,
	STYPE = internal,
	SSPACE = 65536,
	FINALFUNC = nbd_fit_final,
	COMBINEFUNC = fit_combine,
	SERIALFUNC = fit_serialize,
	DESERIALFUNC = fit_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE nbd_fit(float8, float8, float8, float8) IS
'Maximum likelihood fit of NBD, in which no customer ever leaves, less penalty times the mean square of the logarithms of the parameters for each customer';

CREATE AGGREGATE nbd_fit(history purchase_history, as_of date, unit text) (
	SFUNC = fit_accum_history,
	STYPE = internal,
	SSPACE = 65536,
	FINALFUNC = nbd_fit_final,
	COMBINEFUNC = fit_combine,
	SERIALFUNC = fit_serialize,
	DESERIALFUNC = fit_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE nbd_fit(purchase_history, date, text) IS
'Maximum likelihood fit of NBD, in which no customer ever leaves to histories as of a day, in units of day, week, month, quarter or year; customers without a purchase until then are left out';

CREATE AGGREGATE nbd_fit(history purchase_history, as_of date, unit text, penalty float8) (
	SFUNC = fit_accum_history,
	STYPE = internal,
	SSPACE = 65536,
	FINALFUNC = nbd_fit_final,
	COMBINEFUNC = fit_combine,
	SERIALFUNC = fit_serialize,
	DESERIALFUNC = fit_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE nbd_fit(purchase_history, date, text, float8) IS
'Maximum likelihood fit of NBD, in which no customer ever leaves to histories as of a day, with a penalty';

CREATE AGGREGATE bgbb_fit(x float8, t_x float8, n float8) (
	SFUNC = fit_accum_opportunities,
	STYPE = internal,
	SSPACE = 65536,
	FINALFUNC = bgbb_fit_final,
	COMBINEFUNC = fit_combine,
	SERIALFUNC = fit_serialize,
	DESERIALFUNC = fit_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE bgbb_fit(float8, float8, float8) IS
'Maximum likelihood fit of BG/BB (Fader, Hardie, Shang 2010) to customers: x purchases at n opportunities, the last at t_x';

CREATE AGGREGATE bgbb_fit(history purchase_history, as_of date, unit text) (
	SFUNC = fit_accum_opportunities_history,
	STYPE = internal,
	SSPACE = 65536,
	FINALFUNC = bgbb_fit_final,
	COMBINEFUNC = fit_combine,
	SERIALFUNC = fit_serialize,
	DESERIALFUNC = fit_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE bgbb_fit(purchase_history, date, text) IS
'Maximum likelihood fit of BG/BB to histories: each unit after the one that begins with the first purchase is an opportunity, once it is over';

CREATE AGGREGATE gamma_gamma_fit(x float8, m_x float8) (
	SFUNC = fit_accum_spend,
	STYPE = internal,
	SSPACE = 65536,
	FINALFUNC = gamma_gamma_fit_final,
	COMBINEFUNC = fit_combine,
	SERIALFUNC = fit_serialize,
	DESERIALFUNC = fit_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE gamma_gamma_fit(float8, float8) IS
'Maximum likelihood fit of Gamma-Gamma (Fader, Hardie 2013) to customers: x repeat purchases of the mean spend m_x; those with x = 0 or m_x <= 0 are left out';

CREATE AGGREGATE gamma_gamma_fit(history purchase_history, as_of date) (
	SFUNC = fit_accum_spend_history,
	STYPE = internal,
	SSPACE = 65536,
	FINALFUNC = gamma_gamma_fit_final,
	COMBINEFUNC = fit_combine,
	SERIALFUNC = fit_serialize,
	DESERIALFUNC = fit_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE gamma_gamma_fit(purchase_history, date) IS
'Maximum likelihood fit of Gamma-Gamma to histories as of a day; customers without repeat purchases, or who spent nothing on them, are left out';

CREATE AGGREGATE sbg_fit(periods int, churned boolean) (
	SFUNC = fit_accum_contract,
	STYPE = internal,
	SSPACE = 65536,
	FINALFUNC = sbg_fit_final,
	COMBINEFUNC = fit_combine,
	SERIALFUNC = fit_serialize,
	DESERIALFUNC = fit_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE sbg_fit(int, boolean) IS
'Maximum likelihood fit of shifted beta geometric (Fader, Hardie 2007) to contracts: churned at the end of the period of that number, or still there after so many';

CREATE AGGREGATE sbg_fit(periods int, churned boolean, customers int8) (
	SFUNC = fit_accum_contract,
	STYPE = internal,
	SSPACE = 65536,
	FINALFUNC = sbg_fit_final,
	COMBINEFUNC = fit_combine,
	SERIALFUNC = fit_serialize,
	DESERIALFUNC = fit_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE sbg_fit(int, boolean, int8) IS
'Maximum likelihood fit of shifted beta geometric (Fader, Hardie 2007) to contracts, each row for so many customers';

CREATE AGGREGATE bdw_fit(periods int, churned boolean) (
	SFUNC = fit_accum_contract,
	STYPE = internal,
	SSPACE = 65536,
	FINALFUNC = bdw_fit_final,
	COMBINEFUNC = fit_combine,
	SERIALFUNC = fit_serialize,
	DESERIALFUNC = fit_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE bdw_fit(int, boolean) IS
'Maximum likelihood fit of beta discrete Weibull (Fader et al. 2018) to contracts: churned at the end of the period of that number, or still there after so many';

CREATE AGGREGATE bdw_fit(periods int, churned boolean, customers int8) (
	SFUNC = fit_accum_contract,
	STYPE = internal,
	SSPACE = 65536,
	FINALFUNC = bdw_fit_final,
	COMBINEFUNC = fit_combine,
	SERIALFUNC = fit_serialize,
	DESERIALFUNC = fit_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE bdw_fit(int, boolean, int8) IS
'Maximum likelihood fit of beta discrete Weibull (Fader et al. 2018) to contracts, each row for so many customers';
-- ------------------------------------------------------------------------------------------------
-- What models say of customers: alive or not, purchases and spend to expect, value
-- ------------------------------------------------------------------------------------------------

CREATE FUNCTION probability_alive(model purchase_model, x float8, t_x float8, t float8) RETURNS float8
	AS 'MODULE_PATHNAME', 'model_score_alive' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION probability_alive(purchase_model, float8, float8, float8) IS
'Probability that a customer with x repeat purchases, the last at t_x, is still one at T; times in the unit of the model; 1 for nbd, and for bgnbd while x = 0';

CREATE FUNCTION probability_alive(model purchase_model, history purchase_history, as_of date) RETURNS float8
	AS 'MODULE_PATHNAME', 'model_score_alive_history' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION probability_alive(purchase_model, purchase_history, date) IS
'Probability that the customer is still one on that day; NULL without a purchase until then';

CREATE FUNCTION alive_path(model purchase_model, history purchase_history, from_day date, to_day date, step int DEFAULT 1, OUT day date, OUT probability float8) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'model_score_alive_path' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 365 COST 100;
COMMENT ON FUNCTION alive_path(purchase_model, purchase_history, date, date, int) IS
'probability_alive on each step-th day, from what was known on it; days before the first purchase have no row';

CREATE FUNCTION expected_purchases(model purchase_model, horizon float8, x float8, t_x float8, t float8) RETURNS float8
	AS 'MODULE_PATHNAME', 'model_score_purchases' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION expected_purchases(purchase_model, float8, float8, float8, float8) IS
'Purchase days to expect in the horizon after T, of a customer with x repeat purchases, the last at t_x; all in the unit of the model';

CREATE FUNCTION expected_purchases(model purchase_model, history purchase_history, as_of date, horizon interval) RETURNS float8
	AS 'MODULE_PATHNAME', 'model_score_purchases_history' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION expected_purchases(purchase_model, purchase_history, date, interval) IS
'Purchase days to expect in the horizon after that day; NULL without a purchase until then';

CREATE FUNCTION expected_purchases(model purchase_model, horizon float8) RETURNS float8
	AS 'MODULE_PATHNAME', 'model_score_purchases_new' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION expected_purchases(purchase_model, float8) IS
'Repeat purchase days to expect of a new customer in the horizon after the first purchase, in the unit of the model';

CREATE FUNCTION purchase_probability(model purchase_model, n int, horizon float8) RETURNS float8
	AS 'MODULE_PATHNAME', 'model_score_purchase_probability' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION purchase_probability(purchase_model, int, float8) IS
'Probability that a new customer makes just n repeat purchases in the horizon, in the unit of the model';

CREATE FUNCTION no_purchase_probability(model purchase_model, horizon float8, x float8, t_x float8, t float8) RETURNS float8
	AS 'MODULE_PATHNAME', 'model_score_no_purchase' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION no_purchase_probability(purchase_model, float8, float8, float8, float8) IS
'Probability of no purchase in the horizon after T';

CREATE FUNCTION no_purchase_probability(model purchase_model, history purchase_history, as_of date, horizon interval) RETURNS float8
	AS 'MODULE_PATHNAME', 'model_score_no_purchase_history' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION no_purchase_probability(purchase_model, purchase_history, date, interval) IS
'Probability of no purchase in the horizon after that day; NULL without a purchase until then';

CREATE FUNCTION residual_transactions(model purchase_model, rate float8, x float8, t_x float8, t float8) RETURNS float8
	AS 'MODULE_PATHNAME', 'model_score_residual' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION residual_transactions(purchase_model, float8, float8, float8, float8) IS
'Discounted expected residual transactions after T, without end: rate is the continuous discount by unit of the model (bgbb: the discount by opportunity)';

CREATE FUNCTION residual_transactions(model purchase_model, history purchase_history, as_of date, yearly_discount float8) RETURNS float8
	AS 'MODULE_PATHNAME', 'model_score_residual_history' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION residual_transactions(purchase_model, purchase_history, date, float8) IS
'Discounted expected residual transactions after that day, without end; 0.10 is 10 % a year';

CREATE FUNCTION expected_spend(model spend_model, x float8, m_x float8) RETURNS float8
	AS 'MODULE_PATHNAME', 'model_score_spend' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION expected_spend(spend_model, float8, float8) IS
'Spend to expect of a transaction of a customer with x repeat purchases of the mean m_x; NULL where the model has no mean (q <= 1 and x = 0)';

CREATE FUNCTION expected_spend(model spend_model, history purchase_history, as_of date) RETURNS float8
	AS 'MODULE_PATHNAME', 'model_score_spend_history' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION expected_spend(spend_model, purchase_history, date) IS
'Spend to expect of a purchase day of the customer after that day';

CREATE FUNCTION survival(model contract_model, periods float8) RETURNS float8
	AS 'MODULE_PATHNAME', 'model_score_survival' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION survival(contract_model, float8) IS
'Share of customers who are still there after so many periods';

CREATE FUNCTION residual_lifetime(model contract_model, periods float8, discount float8, at_renewal boolean DEFAULT false) RETURNS float8
	AS 'MODULE_PATHNAME', 'model_score_residual_lifetime' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION residual_lifetime(contract_model, float8, float8, boolean) IS
'Discounted periods to come of a customer who has been there for so many: each counts survival(periods + i) / survival(periods) / (1 + discount)^i, or, seen just before the next renewal (at_renewal), a period less of discount; 0.10 is 10 %';

CREATE FUNCTION ltv(purchases purchase_model, spend spend_model, x float8, t_x float8, t float8, m_x float8, periods int, period_length float8 DEFAULT 1, discount float8 DEFAULT 0, margin float8 DEFAULT 1) RETURNS numeric
	AS 'MODULE_PATHNAME', 'model_ltv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION ltv(purchase_model, spend_model, float8, float8, float8, float8, int, float8, float8, float8) IS
'Future value in so many periods: expected purchases of each, discounted by the periods until its end, times expected spend times margin; period_length in units of the model';

CREATE FUNCTION ltv(purchases purchase_model, spend spend_model, history purchase_history, as_of date, horizon interval, yearly_discount float8 DEFAULT 0.10, margin float8 DEFAULT 1) RETURNS numeric
	AS 'MODULE_PATHNAME', 'model_ltv_history' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION ltv(purchase_model, spend_model, purchase_history, date, interval, float8, float8) IS
'Future value in the horizon after that day: expected purchase days of each unit of the model, discounted by a yearly fraction to its end, times expected spend times margin; 0 where refunds are as much as purchases, NULL without a purchase';

CREATE FUNCTION residual_value(purchases purchase_model, spend spend_model, history purchase_history, as_of date, yearly_discount float8 DEFAULT 0.10, margin float8 DEFAULT 1) RETURNS numeric
	AS 'MODULE_PATHNAME', 'model_residual_value' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION residual_value(purchase_model, spend_model, purchase_history, date, float8, float8) IS
'Future value after that day without end: residual_transactions times expected spend times margin';

-- How sure the expectations are (delta method): what the standard errors of the parameters leave open, not what one customer will do

CREATE FUNCTION probability_alive_interval(model purchase_model, history purchase_history, as_of date, confidence float8 DEFAULT 0.95, OUT estimate float8, OUT std_error float8, OUT low float8, OUT high float8) RETURNS record
	AS 'MODULE_PATHNAME', 'model_interval_alive' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION probability_alive_interval(purchase_model, purchase_history, date, float8) IS
'probability_alive with its standard error and interval, symmetric in the log odds; they are NULL for given parameters and where a fit has no covariance';

CREATE FUNCTION expected_purchases_interval(model purchase_model, history purchase_history, as_of date, horizon interval, confidence float8 DEFAULT 0.95, OUT estimate float8, OUT std_error float8, OUT low float8, OUT high float8) RETURNS record
	AS 'MODULE_PATHNAME', 'model_interval_purchases' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION expected_purchases_interval(purchase_model, purchase_history, date, interval, float8) IS
'expected_purchases with its standard error and interval, symmetric in the logarithm';

CREATE FUNCTION expected_spend_interval(model spend_model, history purchase_history, as_of date, confidence float8 DEFAULT 0.95, OUT estimate float8, OUT std_error float8, OUT low float8, OUT high float8) RETURNS record
	AS 'MODULE_PATHNAME', 'model_interval_spend' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION expected_spend_interval(spend_model, purchase_history, date, float8) IS
'expected_spend with its standard error and interval, symmetric in the logarithm';

CREATE FUNCTION ltv_interval(purchases purchase_model, spend spend_model, history purchase_history, as_of date, horizon interval, yearly_discount float8 DEFAULT 0.10, margin float8 DEFAULT 1, confidence float8 DEFAULT 0.95, OUT estimate float8, OUT std_error float8, OUT low float8, OUT high float8) RETURNS record
	AS 'MODULE_PATHNAME', 'model_interval_ltv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION ltv_interval(purchase_model, spend_model, purchase_history, date, interval, float8, float8, float8) IS
'ltv with its standard error and interval, symmetric in the logarithm; the fits of purchases and spend count as independent';

-- Value without a model

CREATE FUNCTION historic_ltv(history purchase_history, as_of date, margin numeric DEFAULT 1) RETURNS numeric
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN total(as_of(history, as_of)) OPERATOR(pg_catalog.*) margin;
COMMENT ON FUNCTION historic_ltv(purchase_history, date, numeric) IS
'Value until that day: the net total times margin';

CREATE FUNCTION simple_ltv(history purchase_history, as_of date, years numeric, margin numeric DEFAULT 1) RETURNS numeric
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN total(as_of(history, as_of)) OPERATOR(pg_catalog.*) 365::numeric OPERATOR(pg_catalog./) CASE WHEN tenure(history, as_of) OPERATOR(pg_catalog.<) 365 THEN 365 ELSE tenure(history, as_of) END::numeric
	OPERATOR(pg_catalog.*) years OPERATOR(pg_catalog.*) margin;
COMMENT ON FUNCTION simple_ltv(purchase_history, date, numeric, numeric) IS
'Average order times orders a year times years times margin, which is the net total by the years since the first purchase, counted as one at least; NULL without a purchase';

CREATE FUNCTION simple_ltv(average_order numeric, orders_a_year numeric, years numeric, margin numeric DEFAULT 1) RETURNS numeric
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN average_order OPERATOR(pg_catalog.*) orders_a_year OPERATOR(pg_catalog.*) years OPERATOR(pg_catalog.*) margin;
COMMENT ON FUNCTION simple_ltv(numeric, numeric, numeric, numeric) IS
'Average order times orders a year times years times margin';
-- ------------------------------------------------------------------------------------------------
-- Customers who behave as a model says
-- ------------------------------------------------------------------------------------------------

CREATE FUNCTION simulate_purchases(purchases purchase_model, spend spend_model, customers bigint, from_day date, to_day date, seed bigint,
	OUT customer bigint, OUT day date, OUT amount numeric) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'simulate_purchases' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 100000 COST 10;
COMMENT ON FUNCTION simulate_purchases(purchase_model, spend_model, bigint, date, date, bigint) IS
'Purchases until to_day of so many customers, whose first ones are spread evenly over from_day to to_day: a row for each, by customer and time; without a spend model amounts are NULL. Equal arguments give equal rows, and a customer''s do not depend on how many customers there are';

CREATE FUNCTION simulate_contracts(model contract_model, customers bigint, observed_periods int, seed bigint,
	OUT customer bigint, OUT periods int, OUT churned boolean) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'simulate_contracts' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 100000 COST 10;
COMMENT ON FUNCTION simulate_contracts(contract_model, bigint, int, bigint) IS
'Contracts of so many customers, observed for so many periods: the period at whose end a customer left, or the last one and false for who is still there. Equal arguments give equal rows';
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
	'A row for each dimension: performance (mean rating), correlation with the overall rating, standardised regression coefficient beta with standard error and p, importance (share of R squared by relative weights of Johnson 2000; all sum to 1), quadrant (concentrate here, keep up, low priority, possible overkill: Martilla and James 1977, cut at the means); note says why there is no number: constant, collinear, overall is constant, too few answers, no answers';

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
-- Logistic regression

CREATE TYPE logistic_model;

CREATE FUNCTION logistic_model_in(cstring) RETURNS logistic_model
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION logistic_model_in(cstring) IS
	'Text input of logistic_model: a JSON object with the keys model and coefficients, and those of a fit';

CREATE FUNCTION logistic_model_out(logistic_model) RETURNS cstring
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION logistic_model_out(logistic_model) IS
	'Text output of logistic_model: a JSON object';

CREATE FUNCTION logistic_model_recv(internal) RETURNS logistic_model
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION logistic_model_recv(internal) IS
	'Binary input of logistic_model, checked';

CREATE FUNCTION logistic_model_send(logistic_model) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION logistic_model_send(logistic_model) IS
	'Binary output of logistic_model';

CREATE TYPE logistic_model (
	INPUT = logistic_model_in,
	OUTPUT = logistic_model_out,
	RECEIVE = logistic_model_recv,
	SEND = logistic_model_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = double,
	STORAGE = extended
);
COMMENT ON TYPE logistic_model IS
	'A logistic regression on up to 64 features: coefficients, intercept first, and of a fit their covariance, log-likelihood, AUC and what it is worth';

CREATE CAST (logistic_model AS jsonb) WITH INOUT;
COMMENT ON CAST (logistic_model AS jsonb) IS 'The model as a JSON object';
CREATE CAST (jsonb AS logistic_model) WITH INOUT;
COMMENT ON CAST (jsonb AS logistic_model) IS 'The model of a JSON object, checked';

CREATE FUNCTION logistic_model(VARIADIC coefficients float8[]) RETURNS logistic_model
	AS 'MODULE_PATHNAME', 'logistic_make' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION logistic_model(float8[]) IS
	'A model of known coefficients: the intercept, then one for each feature';

-- What a model tells

CREATE FUNCTION predict(model logistic_model, features float8[]) RETURNS float8
	AS 'MODULE_PATHNAME', 'logistic_predict' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION predict(logistic_model, float8[]) IS
	'Probability of the event for these features, in the order of the fit; NULL where a feature is NULL or the model has no coefficients; an error for another number of features';

CREATE FUNCTION coefficients(model logistic_model, names text[] DEFAULT NULL, confidence float8 DEFAULT 0.95, OUT feature int, OUT name text, OUT estimate float8, OUT std_error float8, OUT z float8, OUT p_value float8, OUT odds_ratio float8, OUT odds_low float8, OUT odds_high float8, OUT note text) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'logistic_coefficients' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 10;
COMMENT ON FUNCTION coefficients(logistic_model, text[], float8) IS
	'A row for the intercept (feature 0) and for each feature: coefficient with standard error (inverse of the observed information), Wald z and two-sided p, odds ratio with its interval; note says why there is none: constant, collinear (follows from the features before it), separates (takes part in telling events from others without an error)';

CREATE FUNCTION trust(model logistic_model) RETURNS text
	AS 'MODULE_PATHNAME', 'logistic_trust_of' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust(logistic_model) IS
	'What its numbers are worth: ok, small_sample (fewer than 10 events, or others, for each feature), collinear (constant or collinear features have no coefficient), separation (no maximum: no coefficients, use a ridge), not_converged, no_data (no events, or nothing else), given (by a user)';

CREATE FUNCTION observations(model logistic_model) RETURNS int8
	AS 'MODULE_PATHNAME', 'logistic_observations' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION observations(logistic_model) IS
	'Rows the model was fitted on; NULL for given coefficients';

CREATE FUNCTION events(model logistic_model) RETURNS int8
	AS 'MODULE_PATHNAME', 'logistic_events' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION events(logistic_model) IS
	'Events among them; NULL for given coefficients';

CREATE FUNCTION left_out(model logistic_model) RETURNS int8
	AS 'MODULE_PATHNAME', 'logistic_left_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION left_out(logistic_model) IS
	'Rows with a NULL or of weight 0, which were left out; NULL for given coefficients';

CREATE FUNCTION log_likelihood(model logistic_model) RETURNS float8
	AS 'MODULE_PATHNAME', 'logistic_log_likelihood' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION log_likelihood(logistic_model) IS
	'Log-likelihood at the coefficients, without the ridge; the deviance is -2 times it';

CREATE FUNCTION null_log_likelihood(model logistic_model) RETURNS float8
	AS 'MODULE_PATHNAME', 'logistic_null_log_likelihood' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION null_log_likelihood(logistic_model) IS
	'Log-likelihood of the intercept alone';

CREATE FUNCTION auc(model logistic_model) RETURNS float8
	AS 'MODULE_PATHNAME', 'logistic_auc' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION auc(logistic_model) IS
	'Area under the ROC curve on the rows of the fit, by weight';

CREATE FUNCTION aic(model logistic_model) RETURNS float8
	AS 'MODULE_PATHNAME', 'logistic_aic' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION aic(logistic_model) IS
	'Akaikes information criterion: 2 coefficients - 2 log-likelihood; less is better';

CREATE FUNCTION bic(model logistic_model) RETURNS float8
	AS 'MODULE_PATHNAME', 'logistic_bic' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION bic(logistic_model) IS
	'Bayesian information criterion: log(observations) coefficients - 2 log-likelihood; less is better';

-- Fits

CREATE FUNCTION logistic_accum(internal, float8[], boolean) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION logistic_accum(internal, float8[], boolean) IS
	'Transition function of logistic_fit';

CREATE FUNCTION logistic_accum(internal, float8[], boolean, float8) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION logistic_accum(internal, float8[], boolean, float8) IS
	'Transition function of logistic_fit';

CREATE FUNCTION logistic_accum(internal, float8[], boolean, float8, float8) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION logistic_accum(internal, float8[], boolean, float8, float8) IS
	'Transition function of logistic_fit';

CREATE FUNCTION logistic_combine(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION logistic_combine(internal, internal) IS
	'Merges partial states of logistic_fit';

CREATE FUNCTION logistic_serialize(internal) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION logistic_serialize(internal) IS
	'Partial state of logistic_fit as bytes';

CREATE FUNCTION logistic_deserialize(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION logistic_deserialize(bytea, internal) IS
	'Partial state of logistic_fit from bytes';

CREATE FUNCTION logistic_final(internal) RETURNS logistic_model
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION logistic_final(internal) IS
	'Final function of logistic_fit';

CREATE AGGREGATE logistic_fit(features float8[], event boolean) (
	SFUNC = logistic_accum, STYPE = internal, SSPACE = 65536, FINALFUNC = logistic_final,
	COMBINEFUNC = logistic_combine, SERIALFUNC = logistic_serialize, DESERIALFUNC = logistic_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE logistic_fit(float8[], boolean) IS
	'Logistic regression of an event on features, by maximum likelihood: rows with a NULL are left out and counted; trust says whether to believe it';

CREATE AGGREGATE logistic_fit(features float8[], event boolean, weight float8) (
	SFUNC = logistic_accum, STYPE = internal, SSPACE = 65536, FINALFUNC = logistic_final,
	COMBINEFUNC = logistic_combine, SERIALFUNC = logistic_serialize, DESERIALFUNC = logistic_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE logistic_fit(float8[], boolean, float8) IS
	'Logistic regression of an event on features, by maximum likelihood: rows with a NULL are left out and counted; trust says whether to believe it; a row of weight 2 counts as two';

CREATE AGGREGATE logistic_fit(features float8[], event boolean, weight float8, ridge float8) (
	SFUNC = logistic_accum, STYPE = internal, SSPACE = 65536, FINALFUNC = logistic_final,
	COMBINEFUNC = logistic_combine, SERIALFUNC = logistic_serialize, DESERIALFUNC = logistic_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE logistic_fit(float8[], boolean, float8, float8) IS
	'Logistic regression of an event on features, by maximum likelihood: rows with a NULL are left out and counted; trust says whether to believe it; the log-likelihood is lowered by ridge / 2 times the squared coefficients of the standardised features, so that there always is a maximum';
-- How long customers stay

CREATE TYPE survival_curve;

CREATE FUNCTION survival_curve_in(cstring) RETURNS survival_curve
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION survival_curve_in(cstring) IS
	'Text input of survival_curve: a JSON object with the keys times, events, censored and left_out';

CREATE FUNCTION survival_curve_out(survival_curve) RETURNS cstring
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION survival_curve_out(survival_curve) IS
	'Text output of survival_curve: a JSON object';

CREATE FUNCTION survival_curve_recv(internal) RETURNS survival_curve
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION survival_curve_recv(internal) IS
	'Binary input of survival_curve, checked';

CREATE FUNCTION survival_curve_send(survival_curve) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION survival_curve_send(survival_curve) IS
	'Binary output of survival_curve';

CREATE TYPE survival_curve (
	INPUT = survival_curve_in,
	OUTPUT = survival_curve_out,
	RECEIVE = survival_curve_recv,
	SEND = survival_curve_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = double,
	STORAGE = extended
);
COMMENT ON TYPE survival_curve IS
	'How many customers had an event after each duration, and how many were last seen then without one: all that survival is estimated from, exact, and can be added up';

CREATE CAST (survival_curve AS jsonb) WITH INOUT;
COMMENT ON CAST (survival_curve AS jsonb) IS 'The counts as a JSON object';
CREATE CAST (jsonb AS survival_curve) WITH INOUT;
COMMENT ON CAST (jsonb AS survival_curve) IS 'The counts of a JSON object, checked';

CREATE FUNCTION survival_plus(survival_curve, survival_curve) RETURNS survival_curve
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION survival_plus(survival_curve, survival_curve) IS
	'The customers of both curves as one';

CREATE OPERATOR + (LEFTARG = survival_curve, RIGHTARG = survival_curve, FUNCTION = survival_plus, COMMUTATOR = +);
COMMENT ON OPERATOR + (survival_curve, survival_curve) IS 'The customers of both curves as one';

-- What a curve says

CREATE FUNCTION observations(curve survival_curve) RETURNS int8
	AS 'MODULE_PATHNAME', 'survival_observations' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION observations(survival_curve) IS
	'Customers in the curve';

CREATE FUNCTION events(curve survival_curve) RETURNS int8
	AS 'MODULE_PATHNAME', 'survival_events' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION events(survival_curve) IS
	'Customers who had the event';

CREATE FUNCTION left_out(curve survival_curve) RETURNS int8
	AS 'MODULE_PATHNAME', 'survival_left_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION left_out(survival_curve) IS
	'Rows with a NULL, which were left out';

CREATE FUNCTION survival_table(curve survival_curve, confidence float8 DEFAULT 0.95, OUT "time" float8, OUT at_risk int8, OUT events int8, OUT censored int8, OUT survival float8, OUT std_error float8, OUT low float8, OUT high float8) RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 100;
COMMENT ON FUNCTION survival_table(survival_curve, float8) IS
	'The survival curve of Kaplan and Meier: for each duration the customers at risk just before it, events and censored at it, the share that stays longer, with Greenwood''s standard error and an interval that is symmetric in log(-log)';

CREATE FUNCTION survival_periods(curve survival_curve, length float8, confidence float8 DEFAULT 0.95, OUT period int, OUT at_risk int8, OUT events int8, OUT censored int8, OUT survival float8, OUT std_error float8, OUT low float8, OUT high float8) RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 50;
COMMENT ON FUNCTION survival_periods(survival_curve, float8, float8) IS
	'The same curve by periods of a length in the unit of the durations: those at risk when each began, events and censored in it, and the curve at its end; a row for each period until the longest duration';

CREATE FUNCTION survival(curve survival_curve, "time" float8) RETURNS float8
	AS 'MODULE_PATHNAME', 'survival_at' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION survival(survival_curve, float8) IS
	'Share of customers that stay longer than this; NULL after the longest duration unless nobody is left by then';

CREATE FUNCTION median_survival(curve survival_curve, confidence float8 DEFAULT 0.95, OUT median float8, OUT low float8, OUT high float8) RETURNS record
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION median_survival(survival_curve, float8) IS
	'The duration that half of the customers stay longer than, with the interval of Brookmeyer and Crowley; NULL where the curve, or an end of its interval, does not come down to a half';

-- The aggregates

CREATE FUNCTION survival_accum(internal, float8, boolean) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION survival_accum(internal, float8, boolean) IS
	'Transition function of survival_curve';

CREATE FUNCTION survival_rollup(internal, survival_curve) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION survival_rollup(internal, survival_curve) IS
	'Transition function of rollup(survival_curve)';

CREATE FUNCTION survival_final(internal) RETURNS survival_curve
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION survival_final(internal) IS
	'Final function of survival_curve and rollup(survival_curve)';

CREATE AGGREGATE survival_curve(duration float8, event boolean) (
	SFUNC = survival_accum, STYPE = internal, SSPACE = 4096, FINALFUNC = survival_final,
	COMBINEFUNC = event_counts_combine, SERIALFUNC = event_counts_serialize, DESERIALFUNC = event_counts_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE survival_curve(float8, boolean) IS
	'How long customers stay: duration to the event or, where event is false, to the end of what is known (censored); rows with a NULL are left out and counted; an error for a negative duration';

CREATE AGGREGATE rollup(curve survival_curve) (
	SFUNC = survival_rollup, STYPE = internal, SSPACE = 4096, FINALFUNC = survival_final,
	COMBINEFUNC = event_counts_combine, SERIALFUNC = event_counts_serialize, DESERIALFUNC = event_counts_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE rollup(survival_curve) IS
	'The customers of all curves as one; NULLs are skipped';

CREATE TYPE logrank_test AS (chi_square float8, df int4, p_value float8);
COMMENT ON TYPE logrank_test IS
	'Log-rank test: chi-square, degrees of freedom, and the probability of as large a difference between groups that are the same';

CREATE FUNCTION logrank_accum(internal, float8, boolean, text) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION logrank_accum(internal, float8, boolean, text) IS
	'Transition function of logrank';

CREATE FUNCTION logrank_combine(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION logrank_combine(internal, internal) IS
	'Merges partial states of logrank';

CREATE FUNCTION logrank_serialize(internal) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION logrank_serialize(internal) IS
	'Partial state of logrank as bytes';

CREATE FUNCTION logrank_deserialize(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION logrank_deserialize(bytea, internal) IS
	'Partial state of logrank from bytes';

CREATE FUNCTION logrank_final(internal) RETURNS logrank_test
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION logrank_final(internal) IS
	'Final function of logrank';

CREATE AGGREGATE logrank(duration float8, event boolean, grp text) (
	SFUNC = logrank_accum, STYPE = internal, SSPACE = 4096, FINALFUNC = logrank_final,
	COMBINEFUNC = logrank_combine, SERIALFUNC = logrank_serialize, DESERIALFUNC = logrank_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE logrank(float8, boolean, text) IS
	'Do groups stay equally long? Log-rank test of up to 64 groups; rows with a NULL are left out; chi_square and p_value are NULL where there is nothing to compare';
-- Churn: no purchase in a horizon after a day

-- population_rhythm

CREATE TYPE population_rhythm;

CREATE FUNCTION population_rhythm_in(cstring) RETURNS population_rhythm
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION population_rhythm_in(cstring) IS
	'Text input of population_rhythm: a JSON object with the keys customers, rhythmic, rates, squares and days, checked';

CREATE FUNCTION population_rhythm_out(population_rhythm) RETURNS cstring
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION population_rhythm_out(population_rhythm) IS
	'Text output of population_rhythm: a JSON object; days are rows of days, gaps and silences';

CREATE FUNCTION population_rhythm_recv(internal) RETURNS population_rhythm
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION population_rhythm_recv(internal) IS
	'Binary input of population_rhythm, checked';

CREATE FUNCTION population_rhythm_send(population_rhythm) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION population_rhythm_send(population_rhythm) IS
	'Binary output of population_rhythm';

CREATE TYPE population_rhythm (
	INPUT = population_rhythm_in,
	OUTPUT = population_rhythm_out,
	RECEIVE = population_rhythm_recv,
	SEND = population_rhythm_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = double,
	STORAGE = main
);
COMMENT ON TYPE population_rhythm IS
	'How often the customers of a population buy, and for how long they are silent: their rates, and all gaps and silences on a fixed grid of days; the values of parts add up to that of the whole';

CREATE CAST (population_rhythm AS jsonb) WITH INOUT;
COMMENT ON CAST (population_rhythm AS jsonb) IS 'The counts as a JSON object';
CREATE CAST (jsonb AS population_rhythm) WITH INOUT;
COMMENT ON CAST (jsonb AS population_rhythm) IS 'The counts of a JSON object, checked';

CREATE FUNCTION population_rhythm_plus(population_rhythm, population_rhythm) RETURNS population_rhythm
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION population_rhythm_plus(population_rhythm, population_rhythm) IS
	'The rhythm of both populations together';

CREATE OPERATOR + (LEFTARG = population_rhythm, RIGHTARG = population_rhythm, FUNCTION = population_rhythm_plus, COMMUTATOR = +);
COMMENT ON OPERATOR + (population_rhythm, population_rhythm) IS 'The rhythm of both populations together';

CREATE FUNCTION population_rhythm_accum(internal, purchase_history, date) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION population_rhythm_accum(internal, purchase_history, date) IS
	'Transition function of population_rhythm';
CREATE FUNCTION population_rhythm_rollup(internal, population_rhythm) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION population_rhythm_rollup(internal, population_rhythm) IS
	'Transition function of rollup of population_rhythm';
CREATE FUNCTION population_rhythm_combine(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION population_rhythm_combine(internal, internal) IS
	'Merges partial states of population_rhythm';
CREATE FUNCTION population_rhythm_serialize(internal) RETURNS bytea
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION population_rhythm_serialize(internal) IS
	'Partial state of population_rhythm as bytes';
CREATE FUNCTION population_rhythm_deserialize(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION population_rhythm_deserialize(bytea, internal) IS
	'Partial state of population_rhythm from bytes';
CREATE FUNCTION population_rhythm_final(internal) RETURNS population_rhythm
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION population_rhythm_final(internal) IS
	'Final function of population_rhythm';

CREATE AGGREGATE population_rhythm(history purchase_history, as_of date) (
	SFUNC = population_rhythm_accum, STYPE = internal, SSPACE = 14400,
	FINALFUNC = population_rhythm_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = population_rhythm_combine, SERIALFUNC = population_rhythm_serialize, DESERIALFUNC = population_rhythm_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE population_rhythm(purchase_history, date) IS
	'The rhythm of all customers with a purchase until as_of: the gaps between their purchase days, and their silences since the last; NULL histories are skipped, NULL without a row';

CREATE AGGREGATE rollup(rhythm population_rhythm) (
	SFUNC = population_rhythm_rollup, STYPE = internal, SSPACE = 14400,
	FINALFUNC = population_rhythm_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = population_rhythm_combine, SERIALFUNC = population_rhythm_serialize, DESERIALFUNC = population_rhythm_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(population_rhythm) IS
	'The rhythm of all populations together; NULL is skipped';

CREATE FUNCTION rhythm_parameters(rhythm population_rhythm, OUT customers int8, OUT rhythmic int8, OUT gaps int8, OUT k float8, OUT theta float8, OUT never float8) RETURNS record
	AS 'MODULE_PATHNAME', 'population_rhythm_parameters' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rhythm_parameters(population_rhythm) IS
	'Customers, those with at least two gaps, gaps; the Gamma(k, theta) distribution with the mean and variance of their rates, theta in days; and the share who never return: what the Kaplan-Meier curve of gaps ends in and slow rates do not explain';

CREATE FUNCTION rhythm_curve(rhythm population_rhythm, OUT days int8, OUT at_risk int8, OUT gaps int8, OUT silences int8, OUT survival float8) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'population_rhythm_curve' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 200;
COMMENT ON FUNCTION rhythm_curve(population_rhythm) IS
	'The Kaplan-Meier curve of the gaps of a population: how many gaps ended after so many days, how many silences have lasted so many, and the share of gaps that are longer; from 64 days on days are counted in steps of 1/32 of the doubling';

-- Risk

CREATE FUNCTION churn_risk(model purchase_model, history purchase_history, as_of date, horizon interval DEFAULT '90 days') RETURNS float8
	AS 'MODULE_PATHNAME', 'model_score_no_purchase_history' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION churn_risk(purchase_model, purchase_history, date, interval) IS
	'Probability of no purchase in the horizon after as_of, by a purchase model; the same as no_purchase_probability; NULL without a purchase until as_of';

CREATE FUNCTION churn_risk(history purchase_history, as_of date, rhythm population_rhythm, horizon interval DEFAULT '90 days') RETURNS float8
	AS 'MODULE_PATHNAME', 'churn_risk_rhythm' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION churn_risk(purchase_history, date, population_rhythm, interval) IS
	'Probability of no purchase in the horizon after as_of, by the customer''s own rhythm and the population''s: w + (1 - w) (b / (b + horizon))^(k + n) with n gaps of sum S, silence d, b = theta + S + d and w = never / S(d), where S(d) is the Kaplan-Meier curve of gaps; it only grows with the silence; NULL without a purchase until as_of';

CREATE FUNCTION churn_risk(model logistic_model, history purchase_history, as_of date) RETURNS float8
	AS 'MODULE_PATHNAME', 'churn_risk_logistic' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION churn_risk(logistic_model, purchase_history, date) IS
	'Probability of no purchase in the horizon for which the model was fitted, by a logistic regression on churn_features; NULL without a purchase until as_of';

CREATE FUNCTION shift_intercept(model logistic_model, shift float8) RETURNS logistic_model
	AS 'MODULE_PATHNAME', 'logistic_shift_intercept' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION shift_intercept(logistic_model, float8) IS
	'The model with another intercept: all its log-odds are higher by shift; what it says of its fit stays';

CREATE FUNCTION next_purchase(history purchase_history, as_of date, rhythm population_rhythm, confidence float8 DEFAULT 0.8, OUT next_purchase date, OUT earliest date, OUT latest date) RETURNS record
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION next_purchase(purchase_history, date, population_rhythm, float8) IS
	'The day by which half of such customers have bought again, of those who do, and the interval that holds their next purchase with the confidence; NULL without a purchase until as_of, and for a day past the calendar';

CREATE FUNCTION revenue_at_risk(expected_value numeric, risk float8) RETURNS numeric
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION revenue_at_risk(numeric, float8) IS
	'The value to expect of a customer, if it is above 0, times the risk of losing it';

-- Bands

CREATE FUNCTION churn_band(risk float8) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION churn_band(float8) IS
	'low below 1/3, medium below 2/3, high from there on; a risk out of 0 to 1 is an error';

CREATE FUNCTION churn_band_label(band text, language text DEFAULT 'en') RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION churn_band_label(text, text) IS
	'The name of a band of risk in English (en) or Chinese (zh)';

CREATE FUNCTION churn_band_rank(band text) RETURNS int
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION churn_band_rank(text) IS
	'The order of the bands of risk: 1 low, 2 medium, 3 high';

CREATE FUNCTION churn_bands(OUT band text, OUT rank int, OUT label_en text, OUT label_zh text, OUT action_en text, OUT action_zh text) RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 3;
COMMENT ON FUNCTION churn_bands() IS
	'The bands of risk in order, with labels and recommended actions in English and Chinese';

-- Why

CREATE FUNCTION churn_signals(history purchase_history, as_of date, population_gap float8 DEFAULT NULL, last_score float8 DEFAULT NULL, score_before float8 DEFAULT NULL,
	complaints int8 DEFAULT NULL, low_score float8 DEFAULT 2, OUT signal text, OUT measure float8, OUT threshold float8, OUT cusum float8, OUT raised bool) RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 7;
COMMENT ON FUNCTION churn_signals(purchase_history, date, float8, float8, float8, int8, float8) IS
	'Every sign that a customer may leave, with its measure and threshold: overdue (silence in own median gaps, from 3 purchase days), never_repeated (days), spend_falling and orders_thinning (z-score of the last three against those before, and self-starting CUSUM with slack 0.5 and limit 4, of logarithms, from six on), low and falling satisfaction, complaint; no row without a purchase until as_of';

CREATE FUNCTION churn_reasons(history purchase_history, as_of date, population_gap float8 DEFAULT NULL, last_score float8 DEFAULT NULL, score_before float8 DEFAULT NULL,
	complaints int8 DEFAULT NULL, low_score float8 DEFAULT 2, language text DEFAULT 'en') RETURNS text[]
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 20;
COMMENT ON FUNCTION churn_reasons(purchase_history, date, float8, float8, float8, int8, float8, text) IS
	'A sentence with its measure for each of churn_signals that is raised, in English (en) or Chinese (zh); NULL without a purchase until as_of';

CREATE FUNCTION churn_index(risk float8, satisfaction float8 DEFAULT NULL, complaints int8 DEFAULT NULL, weights float8[] DEFAULT '{0.6,0.25,0.15}') RETURNS float8
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION churn_index(float8, float8, int8, float8[]) IS
	'The weighted mean, 0 to 1, of the risk by behaviour, dissatisfaction (5 - satisfaction) / 4 of a score from 1 to 5, and complaints 1 - 1/2^complaints; what is NULL is left out and the other weights share its part';

-- Features

CREATE FUNCTION churn_features(history purchase_history, as_of date) RETURNS float8[]
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION churn_features(purchase_history, date) IS
	'What a history tells a model of churn until as_of, in the order of churn_feature_names; NULL without a purchase until then';

CREATE FUNCTION churn_feature_names() RETURNS text[]
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION churn_feature_names() IS
	'The names of churn_features: natural logarithms, of one more than days, counts and money, but for once (1 or 0), gap_variation (standard deviation by mean) and refund_share';
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

-- What an option of a customer base means -----------------------------------------------------------

CREATE FUNCTION base_expression(source regclass, option text, expression text, path text,
	OUT sql text, OUT type regtype, OUT equality text)
	AS 'MODULE_PATHNAME', 'base_expression' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION base_expression(regclass, text, text, text) IS
'An option of a customer base as SQL over the alias s, safe under any search path, with its type and that type''s equality operator (NULL: no key type): the column of exactly that name, else an expression over one row of the source whose names are looked up along path; subqueries, aggregates, window, set-returning and volatile functions are errors.';

CREATE FUNCTION base_amount_problem(amount numeric) RETURNS text
	AS 'MODULE_PATHNAME', 'base_amount_problem' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION base_amount_problem(numeric) IS
'Why a purchase history cannot take the amount: nan, infinite, too_fine (a non-zero digit past the sixth) or too_large (10^21 or more); NULL for an amount that it takes.';

-- Statements of a base are written as templates. [[name:text]] stands only if the option name is set and
-- [[!name:text]] only if it is not. Then, in one pass, so that no value is ever taken for a part of the template:
--   {name} {'name'}          the option as SQL, or as a literal
--   {key} {m.key}            the columns of the key: tenant, customer or customer alone
--   {tenant,} {m.tenant,}    the tenant and a comma, or nothing
--   {g=m}                    the keys of g and m are equal
CREATE FUNCTION base_template(template text, options jsonb) RETURNS text
	LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	tenant boolean := options ->> 'tenant_sql' IS NOT NULL;
	section text[];
	parts text[] := '{}';
	part text;
	name text;
BEGIN
	LOOP
		section := regexp_match(template, '(\[\[(!?)(\w+):([^]]*)\]\])');
		EXIT WHEN section IS NULL;
		template := replace(template, section[1],
			CASE WHEN (options ->> section[3] IS NULL) = (section[2] = '!') THEN section[4] ELSE '' END);
	END LOOP;
	FOR part IN SELECT m[1] FROM regexp_matches(template, '\{[^{}]+\}|[^{]+|\{', 'g') AS m LOOP
		name := substring(part FROM '^\{(.+)\}$');
		parts := parts || CASE
			WHEN name IS NULL THEN part
			WHEN name ~ '^''' THEN quote_nullable(options ->> btrim(name, ''''))
			WHEN name ~ '^(\w+\.)?tenant,$' THEN CASE WHEN tenant THEN name || ' ' ELSE '' END
			WHEN name ~ '^(\w+\.)?key$' THEN
				CASE WHEN tenant THEN replace(name, 'key', 'tenant, ') ELSE '' END || replace(name, 'key', 'customer')
			WHEN name ~ '^\w+=\w+$' THEN
				format('%s.customer %s %s.customer', split_part(name, '=', 1), options ->> 'customer_equal', split_part(name, '=', 2))
				|| CASE WHEN tenant THEN format(' AND %s.tenant %s %s.tenant', split_part(name, '=', 1),
					options ->> 'tenant_equal', split_part(name, '=', 2)) ELSE '' END
			ELSE coalesce(options ->> name, 'NULL')
		END;
	END LOOP;
	RETURN array_to_string(parts, '');
END $$;
COMMENT ON FUNCTION base_template(text, jsonb) IS
'A statement of a customer base from its template and the options of the base.';

-- Live bases: the trigger that records every change of the source --------------------------------------

CREATE FUNCTION base_record_changes() RETURNS trigger
	AS 'MODULE_PATHNAME', 'base_record_changes' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE EXECUTE ON FUNCTION base_record_changes() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION base_record_changes() TO @extowner@;
COMMENT ON FUNCTION base_record_changes() IS
'The trigger of live customer bases, after each statement, with the base''s schema as its argument: appends what the statement changed to the table deltas, with the rights of the base''s owner; it waits for nobody and rejects no order, and what it cannot record the table troubles names.';

-- Filling a base from its source --------------------------------------------------------------------

-- The rows of the source as the base reads them: key, day, amount, order id, and why a row cannot be used. The day of a moment is
-- read the fast way; the expression of the base, which triggers use, has nothing that a writer needs rights for.
CREATE FUNCTION base_rows(options jsonb) RETURNS text
	LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF options ->> 'day_sql' = format('((%s) AT TIME ZONE %L)::date', options ->> 'time_sql', options ->> 'time_zone') THEN
		options := options || jsonb_build_object('day_sql', format('%s.local_day(%s, %L)', options ->> 'ext', options ->> 'time_sql', options ->> 'time_zone'));
	END IF;
	RETURN @extschema@.base_template($template$
SELECT r.*, CASE WHEN r.customer IS NULL THEN 'no_customer'
	[[tenant_sql:WHEN r.tenant IS NULL THEN 'no_tenant']]
	WHEN r.day IS NULL THEN 'no_day'
	WHEN NOT isfinite(r.day) THEN 'infinite_day'
	[[currency_sql:WHEN r.currency IS DISTINCT FROM {'currency'} THEN 'foreign_currency']]
	ELSE {amount_problem} END AS reason
FROM (SELECT [[tenant_sql:{tenant_sql} AS tenant, ]]{customer_sql} AS customer, {day_sql} AS day, {amount_sql} AS amount,
		{order_sql} AS order_id, {time_sql} AS purchased_at[[currency_sql:, ({currency_sql})::text AS currency]]
	FROM {source} AS s[[filter_sql: WHERE {filter_sql}]] OFFSET 0) AS r[[kept_before: WHERE NOT coalesce(r.day < {'kept_before'}, false)]] OFFSET 0$template$, options);
END $$;
COMMENT ON FUNCTION base_rows(jsonb) IS
'The query over the source of a customer base: key, day, amount, order id, time and the reason why a row cannot be used (NULL: it can).';

-- The common table expressions "grouped", the history of each key, and "counts", what there is of each reason. Rows that
-- cannot be used are only counted; if there are any, they are read once more for their reasons. With an order id, the lines
-- of an order are one order first; a row without an order id is an order of its own.
CREATE FUNCTION base_groups(options jsonb) RETURNS text
	LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	options := options || jsonb_build_object('rows', @extschema@.base_rows(options));
	IF options ->> 'order_sql' IS NULL THEN
		RETURN @extschema@.base_template($template$
used AS MATERIALIZED (
	SELECT {key}, {ext}.purchase_history(day, amount) FILTER (WHERE reason IS NULL) AS history,
		count(*) FILTER (WHERE reason IS NULL) AS rows, count(*) AS all_rows,
		count(*) FILTER (WHERE reason IS NULL AND amount = 0) AS zero, count(*) FILTER (WHERE reason IS NULL AND amount IS NULL) AS unknown,
		count(*) FILTER (WHERE reason IS NULL AND day > {'until'}::date) AS future
	FROM ({rows}) AS r
	GROUP BY {key}),
grouped AS NOT MATERIALIZED (SELECT {key}, history FROM used WHERE rows > 0),
sums AS MATERIALIZED (
	SELECT sum(rows) AS rows, sum(all_rows) AS all_rows, sum(zero) AS zero, sum(unknown) AS unknown, sum(future) AS future FROM used),
counts AS MATERIALIZED (
	SELECT NULL AS reason, rows, rows AS orders, 0::bigint AS without_order_id, zero, unknown, future FROM sums WHERE rows > 0
	UNION ALL
	SELECT reason, count(*), count(*), 0, count(*) FILTER (WHERE amount = 0), count(*) FILTER (WHERE amount IS NULL),
		count(*) FILTER (WHERE day > {'until'}::date)
	FROM ({rows}) AS r
	WHERE reason IS NOT NULL AND (SELECT all_rows > rows FROM sums)
	GROUP BY reason)$template$, options);
	END IF;
	RETURN @extschema@.base_template($template$
orders AS MATERIALIZED (
	SELECT {key}, order_id, reason, order_id IS NULL AS single,
		min(day) AS day, sum(amount) FILTER (WHERE reason IS NULL) AS amount,
		{ext}.purchase_history(day, amount) FILTER (WHERE reason IS NULL AND order_id IS NULL) AS history,
		count(*) AS rows, count(*) FILTER (WHERE amount IS NULL) AS unknown,
		count(*) FILTER (WHERE order_id IS NULL AND amount = 0) AS zero,
		count(*) FILTER (WHERE order_id IS NULL AND day > {'until'}::date) AS future
	FROM ({rows}) AS r
	GROUP BY {key}, order_id, reason),
groups AS MATERIALIZED (
	SELECT {key}, reason, coalesce(grouped OPERATOR({ext}.+) singles, grouped, singles) AS history,
		rows, orders, without_order_id, zero, unknown, future
	FROM (SELECT {key}, reason,
			{ext}.purchase_history(day, amount) FILTER (WHERE reason IS NULL AND NOT single) AS grouped,
			{ext}.rollup(history) AS singles,
			sum(rows) AS rows, sum(CASE WHEN single THEN rows ELSE 1 END) AS orders,
			coalesce(sum(rows) FILTER (WHERE single), 0) AS without_order_id,
			count(*) FILTER (WHERE NOT single AND amount = 0) + sum(zero) AS zero, sum(unknown) AS unknown,
			count(*) FILTER (WHERE NOT single AND day > {'until'}::date) + sum(future) AS future
		FROM (SELECT {key}, single, day, amount, history, rows, unknown, zero, future,
				coalesce(reason, CASE WHEN NOT single THEN {ext}.base_amount_problem(amount) END) AS reason
			FROM orders) AS o
		GROUP BY {key}, reason) AS g),
grouped AS NOT MATERIALIZED (SELECT {key}, history FROM groups WHERE reason IS NULL),
counts AS NOT MATERIALIZED (
	SELECT reason, sum(rows) AS rows, sum(orders) AS orders, sum(without_order_id) AS without_order_id, sum(zero) AS zero,
		sum(unknown) AS unknown, sum(future) AS future
	FROM groups
	GROUP BY reason)$template$, options);
END $$;
COMMENT ON FUNCTION base_groups(jsonb) IS
'The common table expressions that turn the source of a customer base into one history for each key, with counts for each reason to leave rows out.';

-- What the source holds of each customer, from "grouped"; with what keep_history_before has frozen.
CREATE FUNCTION base_sources(options jsonb) RETURNS text
	LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN @extschema@.base_template($template$
[[!kept_before:SELECT {key}, history FROM grouped]]
[[kept_before:SELECT {key}, {ext}.rollup(history) AS history
FROM (SELECT {key}, history FROM grouped
	UNION ALL SELECT {key}, {ext}.as_of(history, {'kept_before'}::date - 1) FROM {schema}.summary) AS part
GROUP BY {key} HAVING {ext}.last_day({ext}.rollup(history)) IS NOT NULL]]$template$, options);
END $$;
COMMENT ON FUNCTION base_sources(jsonb) IS
'The query for the history of each customer in the source of a customer base, over the common table expression grouped.';

-- The day of a base while its summary is being written: {last} is the last day of the data.
CREATE FUNCTION base_day(options jsonb, last text) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE options ->> 'as_of' WHEN 'last_purchase' THEN last ELSE pg_catalog.quote_nullable(options ->> 'until') || '::date' END;
END;
COMMENT ON FUNCTION base_day(jsonb, text) IS
'The day of a customer base as SQL; last: the expression for the last day of its data.';

-- One statement reads the source once, in one snapshot, and brings the summary to it: changes that are visible to it are in
-- the source already and go, those that commit later stay. Readers go on with what they see; a customer whose history is
-- unchanged is not written. The first fill writes to a table without an index.
CREATE FUNCTION base_fill(options jsonb, first boolean) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET row_security = off SET timezone = 'UTC' SET datestyle = 'ISO'
AS $$
DECLARE
	counts jsonb;
	state text;
	message text;
BEGIN
	PERFORM set_config('timezone', options ->> 'time_zone', true), set_config('datestyle', options ->> 'date_style', true);
	options := options || jsonb_build_object('groups', @extschema@.base_groups(options), 'sources', @extschema@.base_sources(options), 'again', nullif(NOT first, false),
		'day', @extschema@.base_day(options, '(SELECT max(last_day) FROM source)'));
	EXECUTE @extschema@.base_template($template$
WITH {groups},
source AS [[!kept_before:NOT]] MATERIALIZED (
	SELECT {h.key}, h.history, {ext}.last_day(h.history) AS last_day FROM ({sources}) AS h
), base AS MATERIALIZED (
	SELECT {day} AS day, t.advanced_to, [[again:{'policy'}::{ext}.lifecycle_policy]][[!again:{ext}.base_policy({'policy'},
		(SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY {ext}.median_gap(history)) FROM source WHERE {ext}.purchase_days(history) >= 3))]] AS policy
	FROM {schema}.state AS t
),
[[again:changed AS MATERIALIZED (
	SELECT {g.key}, g.history, m.stage, m.stage_on FROM source AS g LEFT JOIN {schema}.summary AS m ON {g=m}
	WHERE m.history IS NULL OR m.history OPERATOR({ext}.<>) g.history{damaged}
),]]
written AS (
	INSERT INTO {schema}.summary ({key}, history, orders, gross, total, first_purchase, last_purchase, last_day, stage, stage_on, stage_due)
	SELECT {g.key}, g.history, {ext}.orders(g.history), {ext}.gross(g.history), {ext}.total(g.history), {ext}.first_purchase(g.history),
		{ext}.last_purchase(g.history), {ext}.last_day(g.history), (l.state).stage, b.day, (l.state).due
	FROM [[again:changed]][[!again:source]] AS g CROSS JOIN base AS b
		CROSS JOIN LATERAL (SELECT {ext}.lifecycle_state(g.history, b.day, b.policy) AS state OFFSET 0) AS l
	[[again:ON CONFLICT ({key}) DO UPDATE SET {summary_columns}]]
	RETURNING 1)
[[again:, gone AS (
	DELETE FROM {schema}.summary AS m
	WHERE NOT EXISTS (SELECT FROM source AS g WHERE {g=m})
	RETURNING {m.key}, m.stage, m.stage_on
), logged AS (
	INSERT INTO {schema}.lifecycle_changes ({key}, from_stage, to_stage, changed_on, order_day, reason)
	SELECT {g.key}, c.from_stage, c.to_stage, c.changed_on, c.order_day, c.reason
	FROM (SELECT {key}, history, stage, stage_on FROM changed UNION ALL SELECT {key}, NULL, stage, stage_on FROM gone) AS g CROSS JOIN base AS b
		CROSS JOIN LATERAL {ext}.lifecycle_changes_since(g.stage, greatest(g.stage_on, b.advanced_to), g.history, b.day, b.policy) WITH ORDINALITY AS c
	ORDER BY c.changed_on, {g.key}, c.ordinality
), told AS (DELETE FROM {schema}.deltas
)]][[lines:, told_lines AS (DELETE FROM {schema}.line_deltas
)]][[again:, mended AS (DELETE FROM {schema}.troubles)]]
SELECT jsonb_build_object('written', (SELECT count(*) FROM written),
	'gone', [[again:(SELECT count(*) FROM gone)]][[!again:0]], 'day', b.day, 'policy', b.policy::text,
	'split_orders', [[order_sql:(SELECT count(*) FROM (SELECT FROM orders WHERE reason IS NULL AND NOT single
		GROUP BY {tenant,} order_id HAVING count(*) > 1) AS split)]][[!order_sql:0]],
	'reasons', (SELECT coalesce(jsonb_agg(to_jsonb(t)), '[]') FROM (
		SELECT coalesce(reason, 'used') AS reason, rows, orders, without_order_id, zero, unknown, future FROM counts) AS t)) FROM base AS b$template$,
		-- What a verification has found in the columns beside the history is repaired as well.
		options || jsonb_build_object('damaged', CASE WHEN NOT first AND options ->> 'differences' > '0' THEN @extschema@.base_template($template$
		OR (m.orders, m.gross, m.total, m.first_purchase, m.last_purchase, m.last_day) IS DISTINCT FROM ({ext}.orders(m.history), {ext}.gross(m.history),
			{ext}.total(m.history), {ext}.first_purchase(m.history), {ext}.last_purchase(m.history), {ext}.last_day(m.history))
		OR nullif(m.stage::text, 'prospect') IS DISTINCT FROM nullif({ext}.lifecycle_stage(m.history, m.stage_on, {'policy'})::text, 'prospect')$template$, options) ELSE '' END,
			'lines', CASE WHEN NOT first THEN options ->> 'order_sql' END, 'summary_columns', @extschema@.base_summary_columns()))
	INTO counts;
	RETURN counts;
EXCEPTION WHEN data_exception OR insufficient_privilege THEN
	-- The same error, without the statement, which is nothing that the user wrote.
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT;
	RAISE EXCEPTION USING ERRCODE = state, MESSAGE = message, DETAIL = format('The error came up while %s was read.', options ->> 'source'),
		HINT = CASE WHEN state = '42501' THEN 'The owner of a base must be allowed to read all rows of its source.'
			ELSE 'Correct the rows or the expressions, or leave the rows out with the option filter.' END;
END $$;
COMMENT ON FUNCTION base_fill(jsonb, boolean) IS
'Brings the summary of a customer base to its source in one statement, and returns what it counted; first: the summary is empty and has no key yet.';

CREATE FUNCTION base_summary_columns() RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT string_agg(format('%s = excluded.%1$s', c.name), ', ')
	FROM unnest('{history,orders,gross,total,first_purchase,last_purchase,last_day,stage,stage_on,stage_due}'::text[]) AS c (name);
END;
COMMENT ON FUNCTION base_summary_columns() IS
'What a fold or a refresh of a customer base sets in a row of its summary, for ON CONFLICT.';

-- The policy of a base: what the data say of the usual gap is settled once, or else the past would move.
CREATE FUNCTION base_policy(policy text, population_gap double precision) RETURNS lifecycle_policy
	LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF population_gap IS NULL OR policy::@extschema@.lifecycle_policy::text ~ 'population_gap' THEN
		RETURN policy;
	END IF;
	RETURN policy || ', population_gap ' || round(population_gap::numeric, 1);
END $$;
COMMENT ON FUNCTION base_policy(text, double precision) IS
'The lifecycle policy of a customer base with the usual gap of its population in days, unless it has one.';

-- What the counts of a fill are called, in the order in which data_quality shows them.
CREATE FUNCTION base_quality_texts(OUT ordinal integer, OUT item text, OUT en text, OUT zh text) RETURNS SETOF record
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	VALUES
	(1, 'rows_seen', 'Rows of the source that pass the filter: used, skipped or quarantined.', '来源中通过筛选的行数:使用、跳过或隔离。'),
	(2, 'rows_used', 'Rows that are in the base.', '进入客户库的行数。'),
	(3, 'orders_seen', 'Orders among them: rows with the same customer and order id, or each row; with rows left out an order counts for each reason.', '其中的订单数:客户与订单号相同的行为一单,无订单号则每行一单;有行未用的订单,每种原因各计一次。'),
	(4, 'orders_used', 'Orders that are in the base: purchases and refunds.', '进入客户库的订单数:购买与退款。'),
	(5, 'purchases', 'Orders with an amount of 0 or more.', '金额不小于 0 的订单。'),
	(6, 'refunds', 'Orders with a negative amount: they lower the total and are no purchase.', '金额为负的订单:减少净额,不算购买。'),
	(7, 'purchases_of_amount_zero', 'Purchases with amount 0.', '金额为 0 的购买。'),
	(8, 'rows_of_unknown_amount', 'Rows without an amount: they add nothing to money.', '没有金额的行:不计入金额。'),
	(9, 'rows_without_order_id', 'Rows without an order id: each is an order of its own.', '没有订单号的行:每行各为一单。'),
	(10, 'order_ids_of_several_customers', 'Order ids with more than one customer: one order for each.', '对应多个客户的订单号:每个客户各为一单。'),
	(11, 'customers', 'Customers in the base.', '客户库中的客户数。'),
	(12, 'customers_without_purchase', 'Customers with refunds only: no scores, no segment.', '只有退款的客户:无评分,无分群。'),
	(13, 'orders_after_as_of', 'Orders after the day of the base: every score leaves them out.', '晚于客户库日期的订单:任何评分都不计入。'),
	(20, 'rows_skipped', 'Skipped: rows without a customer, a tenant or a day.', '跳过:没有客户、租户或日期的行。'),
	(21, 'orders_without_customer', 'Skipped: orders without a customer.', '跳过:没有客户的订单。'),
	(22, 'orders_without_tenant', 'Skipped: orders without a tenant.', '跳过:没有租户的订单。'),
	(23, 'orders_without_day', 'Skipped: orders without a day.', '跳过:没有日期的订单。'),
	(30, 'orders_quarantined', 'Orders with quarantined rows, once for each reason.', '含隔离行的订单,每种原因各计一次。'),
	(31, 'quarantined_infinite_day', 'Quarantined rows: the day is infinite.', '隔离的行:日期为无穷。'),
	(32, 'quarantined_nan', 'Quarantined rows: the amount is not a number.', '隔离的行:金额不是数字。'),
	(33, 'quarantined_infinite', 'Quarantined rows: the amount is infinite.', '隔离的行:金额为无穷。'),
	(34, 'quarantined_too_fine', 'Quarantined rows: the amount has a digit past the sixth after the point.', '隔离的行:金额的小数超过六位。'),
	(35, 'quarantined_too_large', 'Quarantined rows: the amount is 10^21 or more.', '隔离的行:金额达到 10^21 或以上。'),
	(36, 'quarantined_failed', 'Quarantined rows: an expression of the base failed.', '隔离的行:客户库的表达式出错。'),
	(37, 'quarantined_foreign_currency', 'Quarantined rows: another currency than that of the base.', '隔离的行:币种与客户库不同。');
END;
COMMENT ON FUNCTION base_quality_texts() IS
'The items of a base''s view data_quality, with their explanations in English and Chinese.';

-- Keeps up to a thousand rows of each kind that cannot be used; a strict base refuses them.
CREATE FUNCTION base_quarantine(options jsonb, reasons text[]) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET row_security = off SET timezone = 'UTC' SET datestyle = 'ISO'
AS $$
DECLARE
	example record;
BEGIN
	PERFORM set_config('timezone', options ->> 'time_zone', true), set_config('datestyle', options ->> 'date_style', true);
	EXECUTE @extschema@.base_template('DELETE FROM {schema}.quarantine', options);
	IF cardinality(reasons) = 0 THEN
		RETURN;
	END IF;
	options := options || jsonb_build_object('rows', @extschema@.base_rows(options), 'reasons', reasons::text);
	EXECUTE @extschema@.base_template($template$
INSERT INTO {schema}.quarantine ({tenant,} customer, purchased_at, amount, order_id, reason)
SELECT [[tenant_sql:tenant::text, ]]customer::text, purchased_at::text, amount::text, order_id::text, reason
FROM (SELECT r.*, row_number() OVER (PARTITION BY r.reason) AS n
	FROM ({rows}) AS r WHERE r.reason = ANY ({'reasons'}::text[])) AS bad
WHERE n <= 1000$template$, options);
	IF options ->> 'on_bad_row' = 'error' THEN
		EXECUTE @extschema@.base_template('SELECT * FROM {schema}.quarantine ORDER BY id LIMIT 1', options) INTO example;
		RAISE EXCEPTION USING ERRCODE = 'data_exception',
			MESSAGE = format('%s has rows that a customer base cannot use: %s', options ->> 'source', array_to_string(reasons, ', ')),
			DETAIL = format('The first: customer %s, purchased_at %s, amount %s, order_id %s.', coalesce(example.customer, 'NULL'),
				coalesce(example.purchased_at, 'NULL'), coalesce(example.amount, 'NULL'), coalesce(example.order_id, 'NULL')),
			HINT = 'Correct the rows, leave them out with the option filter, or give on_bad_row => ''quarantine''.';
	END IF;
END $$;
COMMENT ON FUNCTION base_quarantine(jsonb, text[]) IS
'Replaces the table quarantine of a customer base by up to 1,000 rows of the source for each reason; with on_bad_row ''error'' the first is an error.';

-- Writes what a fill counted to the tables quality and state.
CREATE FUNCTION base_record_fill(options jsonb, counts jsonb, started timestamptz, first boolean) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	options := options || jsonb_build_object('counts', counts, 'started', started, 'first', nullif(first, false));
	EXECUTE @extschema@.base_template($template$
DELETE FROM {schema}.quality;
WITH reasons AS (
	SELECT * FROM jsonb_to_recordset({'counts'}::jsonb -> 'reasons') AS t (reason text, rows bigint, orders bigint,
		without_order_id bigint, zero bigint, unknown bigint, future bigint)
), counted AS (
	SELECT 'rows_seen' AS item, sum(rows) AS rows FROM reasons
	UNION ALL SELECT 'orders_seen', sum(orders) FROM reasons
	UNION ALL SELECT 'rows_skipped', sum(rows) FROM reasons WHERE reason LIKE 'no\_%'
	UNION ALL SELECT 'orders_quarantined', sum(orders) FROM reasons WHERE reason NOT LIKE 'no\_%' AND reason <> 'used'
	UNION ALL SELECT v.item, v.rows FROM reasons AS r, LATERAL (VALUES ('rows_used', r.rows), ('orders_used', r.orders),
		('purchases_of_amount_zero', r.zero), ('rows_of_unknown_amount', r.unknown),
		('rows_without_order_id', r.without_order_id), ('orders_after_as_of', r.future)) AS v (item, rows)
		WHERE r.reason = 'used'
	UNION ALL SELECT 'orders_without_' || substr(reason, 4), orders FROM reasons WHERE starts_with(reason, 'no_')
	UNION ALL SELECT 'quarantined_' || reason, rows FROM reasons WHERE NOT starts_with(reason, 'no_') AND reason <> 'used'
	UNION ALL SELECT 'order_ids_of_several_customers', ({'counts'}::jsonb ->> 'split_orders')::bigint
	UNION ALL SELECT v.item, v.rows FROM (SELECT count(*) AS customers, sum(orders) AS purchases,
			sum({ext}.refunds(history)) AS refunds, count(*) FILTER (WHERE first_purchase IS NULL) AS refunders
			FROM {schema}.summary) AS m, LATERAL (VALUES ('customers', m.customers), ('purchases', m.purchases),
		('refunds', m.refunds), ('customers_without_purchase', m.refunders)) AS v (item, rows)
)
INSERT INTO {schema}.quality (ordinal, item, rows, explanation)
SELECT t.ordinal, t.item, coalesce(c.rows, 0), t.{language}
FROM {ext}.base_quality_texts() AS t LEFT JOIN counted AS c USING (item);
UPDATE {schema}.settings SET policy = {'counts'}::jsonb ->> 'policy' WHERE policy IS DISTINCT FROM {'counts'}::jsonb ->> 'policy';
UPDATE {schema}.state SET (first_day, last_day) = (SELECT min(first_purchase), max(last_day) FROM {schema}.summary),
	advanced_to = [[first:({'counts'}::jsonb ->> 'day')::date]][[!first:advanced_to]], refreshed_at = {'started'}, refresh_seconds = round(extract(epoch FROM clock_timestamp() - {'started'}::timestamptz), 2),
	verified_at = NULL, differences = NULL$template$, options);
END $$;
COMMENT ON FUNCTION base_record_fill(jsonb, jsonb, timestamptz, boolean) IS
'Writes what a fill of a customer base counted to its tables quality and state.';

-- The cut points that the views score by, of the base's population on its day. Chosen ones (rfm_method 'fixed')
-- stand: they are made once for each tenant, as a start, and then belong to the user.
CREATE FUNCTION base_renew_cut_points(options jsonb) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	options := options || jsonb_build_object('fixed', nullif(options ->> 'rfm_method' = 'fixed', false));
	EXECUTE @extschema@.base_template($template$
DELETE FROM {schema}.cut_points[[fixed: WHERE measure = 'abc']];
INSERT INTO {schema}.cut_points ({tenant,} measure, cut, value, as_of)
SELECT {b.tenant,} c.measure, c.cut, c.value, CASE WHEN c.measure = 'abc' [[!fixed:OR true]] THEN d.day END
FROM (SELECT {schema}.as_of() AS day) AS d, LATERAL {schema}.population_breaks(d.day) AS b,
	LATERAL (SELECT r.measure, r.cut, r.value FROM {ext}.breaks(b.rfm) AS r
		UNION ALL SELECT 'abc', a.cut::integer, a.value FROM unnest(b.abc) WITH ORDINALITY AS a (value, cut)) AS c (measure, cut, value)
WHERE NOT EXISTS (SELECT FROM {schema}.cut_points AS k WHERE k.measure = c.measure[[tenant_sql: AND k.tenant {tenant_equal} b.tenant]])$template$, options);
	PERFORM @extschema@.base_renew_rhythm(options);
END $$;
COMMENT ON FUNCTION base_renew_cut_points(jsonb) IS
'Replaces the cut points of a customer base by those of its population on its day; with rfm_method ''fixed'' those of scores that are there stand.';

CREATE FUNCTION base_bad_reasons(counts jsonb) RETURNS text[]
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT coalesce(array_agg(r.reason), '{}')
	FROM (SELECT jsonb_array_elements(counts -> 'reasons') ->> 'reason' AS reason) AS r
	WHERE r.reason <> 'used' AND NOT starts_with(r.reason, 'no_');
END;
COMMENT ON FUNCTION base_bad_reasons(jsonb) IS
'The reasons for which a fill of a customer base put rows into quarantine.';

-- What the user reads after a base has been made or refreshed.
CREATE FUNCTION base_report(options jsonb) RETURNS TABLE (item text, value text)
	LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY EXECUTE @extschema@.base_template($template$
SELECT 'base', {'base'}
UNION ALL (SELECT q.item, q.rows::text FROM {schema}.quality AS q
	WHERE q.rows > 0 OR q.item IN ('rows_seen', 'customers', 'purchases', 'refunds') ORDER BY q.ordinal)
UNION ALL SELECT v.item, v.value FROM {schema}.state AS s, LATERAL (VALUES
	('first_day', s.first_day::text), ('last_day', s.last_day::text), ('as_of', {schema}.as_of()::text),
	('seconds', round(extract(epoch FROM clock_timestamp() - s.refreshed_at), 2)::text),
	('bytes', pg_total_relation_size({'summary_table'})::text)) AS v (item, value)
$template$, options);
END $$;
COMMENT ON FUNCTION base_report(jsonb) IS
'What a customer base holds and what its last fill left out, as items and values.';

-- The work of refresh_customer_base, as the base's owner.
CREATE FUNCTION base_refresh(settings regclass) RETURNS TABLE (item text, value text)
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET row_security = off
AS $$
DECLARE
	started timestamptz;
	options jsonb;
	counts jsonb;
BEGIN
	IF current_setting('transaction_isolation') <> 'read committed' THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_transaction_state', MESSAGE = format('a customer base cannot be refreshed in a %s transaction', upper(current_setting('transaction_isolation'))),
			DETAIL = 'Its snapshot may be older than what a fold or another refresh has done.', HINT = 'Use a READ COMMITTED transaction.';
	END IF;
	-- One refresh after the other; readers and writers of orders are not concerned.
	EXECUTE format('LOCK TABLE %s IN SHARE UPDATE EXCLUSIVE MODE', settings);
	started := clock_timestamp();
	options := @extschema@.base_options(settings);
	PERFORM @extschema@.base_follow_schema(options);
	IF options ->> 'kept_before' IS NOT NULL THEN
		EXECUTE @extschema@.base_template('SELECT {schema}.fold_some(9223372036854775807)', options);
	END IF;
	counts := @extschema@.base_fill(options, false);
	IF options ->> 'differences' > '0' THEN
		EXECUTE @extschema@.base_template($template$
INSERT INTO {schema}.lifecycle_changes ({key}, from_stage, to_stage, changed_on, reason)
SELECT {l.key}, l.to_stage, nullif(m.stage::text, 'prospect'), coalesce(m.stage_on, CURRENT_DATE), 'corrected'
FROM (SELECT DISTINCT ON ({key}) {key}, to_stage FROM {schema}.lifecycle_changes ORDER BY {key}, id DESC) AS l LEFT JOIN {schema}.summary AS m ON {l=m}
WHERE l.to_stage IS DISTINCT FROM nullif(m.stage::text, 'prospect')$template$, options);
	END IF;
	PERFORM @extschema@.base_quarantine(options, @extschema@.base_bad_reasons(counts));
	PERFORM @extschema@.base_record_fill(options, counts, started, false);
	PERFORM @extschema@.base_renew_cut_points(options);
	EXECUTE format('ANALYZE %s', options ->> 'summary_table');
	PERFORM @extschema@.base_refresh_surveys(options);
	RETURN QUERY SELECT r.item, r.value FROM @extschema@.base_report(options) AS r
		UNION ALL VALUES ('customers_written', counts ->> 'written'), ('customers_removed', counts ->> 'gone');
END $$;
COMMENT ON FUNCTION base_refresh(regclass) IS
'The work of refresh_customer_base, with the caller''s rights.';

-- The work of verify_customer_base, as the base's owner. Equality is that of the key's own operator class: both sides
-- are grouped together, never compared by name.
CREATE FUNCTION base_verify(settings regclass, sample double precision)
	RETURNS TABLE (customer text, problem text, in_source text, in_summary text)
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET row_security = off SET timezone = 'UTC' SET datestyle = 'ISO'
AS $$
DECLARE
	options jsonb := @extschema@.base_options(settings);
	differences bigint;
	id smallint;
	answers bigint;
BEGIN
	IF NOT (sample >= 0.000001 AND sample <= 1) THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('sample must be from 0.000001 to 1, not %s', sample),
			HINT = 'It is the part of the customers to compare: 1 compares all, 0.01 one in a hundred.';
	END IF;
	PERFORM set_config('timezone', options ->> 'time_zone', true), set_config('datestyle', options ->> 'date_style', true);
	options := options || jsonb_build_object('groups', @extschema@.base_groups(options), 'sources', @extschema@.base_sources(options),
		'seed', (random() * 1e15)::bigint, 'limit', (sample * 1e6)::integer);
	RETURN QUERY EXECUTE @extschema@.base_template($template$
WITH {groups}, settings AS MATERIALIZED (SELECT policy::{ext}.lifecycle_policy AS policy FROM {schema}.settings), sides AS (
	SELECT {key}, history AS source, NULL::{ext}.purchase_history AS summary, false AS wrong, NULL::text AS stage, NULL::text AS logged FROM ({sources}) AS s
	UNION ALL
	SELECT {key}, NULL, history, false, NULL, NULL FROM {schema}.histories
	UNION ALL
	SELECT {key}, NULL, NULL, (orders, gross, total, first_purchase, last_purchase, last_day) IS DISTINCT FROM ({ext}.orders(history),
		{ext}.gross(history), {ext}.total(history), {ext}.first_purchase(history), {ext}.last_purchase(history), {ext}.last_day(history)),
		coalesce(nullif({ext}.lifecycle_stage(history, stage_on, s.policy)::text, 'prospect'), 'none'), coalesce(nullif(stage::text, 'prospect'), 'none')
	FROM {schema}.summary CROSS JOIN settings AS s WHERE stage_on IS NOT NULL
	UNION ALL
	SELECT {key}, NULL, NULL, false, coalesce(nullif(stage::text, 'prospect'), 'none'), coalesce(to_stage, 'none') FROM {schema}.summary JOIN (SELECT DISTINCT ON ({key}) {key}, to_stage
		FROM {schema}.lifecycle_changes ORDER BY {key}, id DESC) AS l USING ({key})
), differences AS (
	SELECT {key}, count(source) AS sources, count(summary) AS summaries, bool_or(wrong) AS wrong, {ext}.rollup(source) AS source,
		{ext}.rollup(summary) AS summary, min(stage) FILTER (WHERE stage <> logged) AS stage, min(logged) FILTER (WHERE stage <> logged) AS logged
	FROM sides
	WHERE {'limit'}::integer = 1000000 OR abs(hashtextextended(concat_ws(' / ', {key}), {'seed'}::bigint) % 1000000) < {'limit'}::integer
	GROUP BY {key}
)
SELECT concat_ws(' / ', {d.key}), p.problem, p.in_source, p.in_summary
FROM differences AS d, LATERAL (VALUES
	(CASE WHEN d.summaries = 0 AND d.sources > 0 THEN 'missing in the summary'
		WHEN d.sources = 0 AND d.summaries > 0 THEN 'not in the source'
		WHEN d.source OPERATOR({ext}.<>) d.summary THEN 'another history'
		WHEN d.wrong THEN 'columns differ from the history' END, d.source::text, d.summary::text),
	(CASE WHEN d.stage IS NOT NULL THEN 'another stage in the log' END, d.stage, d.logged)) AS p (problem, in_source, in_summary)
WHERE p.problem IS NOT NULL
ORDER BY 1$template$, options);
	GET DIAGNOSTICS differences = ROW_COUNT;
	FOR id IN SELECT * FROM @extschema@.base_survey_ids(options) LOOP
		answers := @extschema@.base_survey_differences(options, id);
		CONTINUE WHEN answers = 0;
		differences := differences + 1;
		RETURN QUERY EXECUTE format('SELECT NULL::text, format(''%%s answers of survey %%I differ'', %s, survey), NULL::text, NULL::text FROM %s.surveys WHERE id = %s', answers, options ->> 'schema', id);
	END LOOP;
	-- A fold locks the settings before the state, too. Of an older snapshot the state may have gone on.
	IF current_setting('transaction_read_only') = 'off' AND current_setting('transaction_isolation') = 'read committed' THEN
		EXECUTE format('LOCK TABLE %s IN SHARE UPDATE EXCLUSIVE MODE', settings);
		EXECUTE @extschema@.base_template('UPDATE {schema}.state SET verified_at = now(), differences = ', options) || differences;
	END IF;
END $$;
COMMENT ON FUNCTION base_verify(regclass, double precision) IS
'The work of verify_customer_base, with the caller''s rights.';

-- Live bases: signed changes, and bringing them into the summary -------------------------------------

-- The changes of a live base by customer: what its triggers have appended, summed. With an order id, the orders whose lines
-- have changed are read again: what an order was is what it is, less what has changed. One snapshot sees both. A customer with
-- changes has a row, even if they come to nothing: an order that was not there before and is gone again adds nothing to a day.
-- deltas and line_deltas: what to read them from.
CREATE FUNCTION base_changes(options jsonb, deltas text, line_deltas text) RETURNS text
	LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	options := options || jsonb_build_object('deltas', deltas, 'line_deltas', line_deltas);
	IF options ->> 'order_sql' IS NOT NULL THEN
		options := options || jsonb_build_object('deltas', @extschema@.base_template($template$
(SELECT {key}, day, orders, gross, refunds, refunded, item FROM {deltas} AS d
UNION ALL
SELECT {o.key}, v.day, CASE WHEN v.amount >= 0 THEN v.sign ELSE 0 END, CASE WHEN v.amount >= 0 THEN v.sign * v.amount ELSE 0 END,
	CASE WHEN v.amount < 0 THEN v.sign ELSE 0 END, CASE WHEN v.amount < 0 THEN -v.sign * v.amount ELSE 0 END, NULL
FROM (SELECT {d.key}, d.order_id, min(d.day) FILTER (WHERE d.lines > 0) AS day, sum(d.amount) AS amount,
		min(d.day) FILTER (WHERE d.lines > d.changed) AS day_before, sum(d.amount - d.amount_changed) AS amount_before, min(d.day) AS first_day
	FROM (SELECT {l.key}, l.order_id, l.day, sum(l.lines) AS lines, sum(l.changed) AS changed, sum(l.amount) AS amount, sum(l.amount_changed) AS amount_changed
		FROM (SELECT {key}, order_id, day, 0::bigint AS lines, lines AS changed, 0::numeric AS amount, amount AS amount_changed FROM {line_deltas} AS d
			UNION ALL
			SELECT {t.key}, t.order_id, r.day, 1, 0, coalesce(r.amount, 0), 0
			FROM (SELECT {key}, order_id FROM {line_deltas} AS d GROUP BY {key}, order_id) AS t
				CROSS JOIN LATERAL {schema}.lines_of({t.key}, t.order_id) AS r) AS l
		GROUP BY {l.key}, l.order_id, l.day) AS d
	GROUP BY {d.key}, d.order_id) AS o,
	LATERAL (VALUES (1, o.day, o.amount), (-1, o.day_before, o.amount_before), (0, o.first_day, 0)) AS v (sign, day, amount)
WHERE v.day IS NOT NULL AND {ext}.base_amount_problem(v.amount) IS NULL)$template$, options));
	END IF;
	RETURN @extschema@.base_template($template$
SELECT {d.key}, {ext}.purchase_changes(d.day, d.orders, d.gross, d.refunds, d.refunded) AS changes
FROM (SELECT {d.key}, d.day, sum(d.orders)::bigint AS orders, sum(d.gross) AS gross, sum(d.refunds)::bigint AS refunds, sum(d.refunded) AS refunded
	FROM {deltas} AS d WHERE d.item IS NULL GROUP BY {d.key}, d.day) AS d
GROUP BY {d.key}$template$, options);
END $$;
COMMENT ON FUNCTION base_changes(jsonb, text, text) IS
'The query for the changes of each customer of a live base that are not in its summary yet.';

-- The lines of an order that has changed, as the source has them. Readers of a base have no rights on its source and should
-- not need any, so the function runs as the base's owner, with a pinned path and the base's settings, and for orders with
-- changes that are not folded alone. Its body is text: the shop may alter its tables, and no view of ours stands in the way.
CREATE FUNCTION base_make_lines_of(options jsonb) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	options := options || jsonb_build_object('tenant_parameter', CASE WHEN options ->> 'tenant_sql' IS NULL THEN '' ELSE format('wanted_tenant %s, ', options ->> 'tenant_type') END,
		'row_tenant,', CASE WHEN options ->> 'tenant_sql' IS NULL THEN '' ELSE format('(%s), ', options ->> 'tenant_sql') END);
	EXECUTE @extschema@.base_template($template$
CREATE OR REPLACE FUNCTION {schema}.lines_of({tenant_parameter}wanted_customer {customer_type}, wanted_order {order_type}) RETURNS TABLE (day date, amount numeric)
	LANGUAGE plpgsql STABLE STRICT SECURITY DEFINER PARALLEL SAFE ROWS 5
	SET search_path = pg_catalog, pg_temp SET timezone = {'time_zone'} SET datestyle = {'date_style'} SET row_security = off
AS {'body'};
COMMENT ON FUNCTION {schema}.lines_of({tenant_parameter}wanted_customer {customer_type}, wanted_order {order_type}) IS
	'The lines in the source of an order with changes that are not folded yet; runs as the owner of the base.'$template$,
		options || jsonb_build_object('body', @extschema@.base_template($template$
#variable_conflict use_column
BEGIN
	IF EXISTS (SELECT FROM {schema}.line_deltas AS d WHERE d.customer {customer_equal} wanted_customer[[tenant_sql: AND d.tenant {tenant_equal} wanted_tenant]]
			AND d.order_id {order_equal} wanted_order) THEN
		RETURN QUERY SELECT r.day, r.amount::numeric
		FROM {source} AS s CROSS JOIN LATERAL (SELECT {row_tenant,}{customer_sql}, {day_sql}, {amount_sql}[[currency_sql:, ({currency_sql})::text]])
			AS r ({tenant,} customer, day, amount[[currency_sql:, currency]])
		WHERE {order_sql} {order_equal} wanted_order AND r.customer {customer_equal} wanted_customer[[tenant_sql: AND r.tenant {tenant_equal} wanted_tenant]]
			AND isfinite(r.day) AND {amount_problem} IS NULL[[filter_sql: AND ({filter_sql})]]
			[[currency_sql:AND r.currency IS NOT DISTINCT FROM {'currency'}]]
			AND NOT coalesce(r.day < (SELECT kept_before FROM {schema}.state), false);
	END IF;
END $template$, options)));
END $$;
COMMENT ON FUNCTION base_make_lines_of(jsonb) IS
'Makes the function of a customer base with an order id that reads the lines of one order.';

-- One statement brings changes into the summary and writes the stages that they change to the log. chosen: a query for the
-- keys of the customers to fold; whoever runs it sees to it that nobody else folds them. OFFSET 0 has each customer looked up in
-- the index: statistics of a table that is full and empty by turns are of no use.
CREATE FUNCTION base_fold_statement(options jsonb, chosen text) RETURNS text
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN @extschema@.base_template($template$
WITH chosen AS MATERIALIZED ({chosen}),
taken AS (
	DELETE FROM {schema}.deltas WHERE ctid = ANY (ARRAY(SELECT f.ctid FROM chosen AS c
		CROSS JOIN LATERAL (SELECT d.ctid FROM {schema}.deltas AS d WHERE {d=c} AND d.item IS NULL OFFSET 0) AS f)) RETURNING *
),[[order_sql:
taken_lines AS (
	DELETE FROM {schema}.line_deltas WHERE ctid = ANY (ARRAY(SELECT f.ctid FROM chosen AS c
		CROSS JOIN LATERAL (SELECT d.ctid FROM {schema}.line_deltas AS d WHERE {d=c} OFFSET 0) AS f)) RETURNING *
),]]
fitted AS MATERIALIZED (
	SELECT {c.key}, n.history, {ext}.last_day(n.history) AS last_day, m.stage, m.stage_on,
		{ext}.misfits(m.history, c.changes) IS NOT NULL OR {ext}.unfit(c.changes) > 0 AS misfit
	FROM ({changes}) AS c LEFT JOIN {schema}.summary AS m ON {c=m}
		CROSS JOIN LATERAL (SELECT {ext}.net(m.history, c.changes) AS history OFFSET 0) AS n
), base AS MATERIALIZED (
	SELECT {day} AS day, t.advanced_to, {'policy'}::{ext}.lifecycle_policy AS policy FROM {schema}.state AS t
), written AS (
	INSERT INTO {schema}.summary ({key}, history, orders, gross, total, first_purchase, last_purchase, last_day, stage, stage_on, stage_due)
	SELECT {g.key}, g.history, {ext}.orders(g.history), {ext}.gross(g.history), {ext}.total(g.history), {ext}.first_purchase(g.history),
		{ext}.last_purchase(g.history), g.last_day, (l.state).stage, b.day, (l.state).due
	FROM fitted AS g CROSS JOIN base AS b
		CROSS JOIN LATERAL (SELECT {ext}.lifecycle_state(g.history, b.day, b.policy) AS state OFFSET 0) AS l
	WHERE g.last_day IS NOT NULL
	ORDER BY {g.key}
	ON CONFLICT ({key}) DO UPDATE SET {summary_columns}
), gone AS (
	DELETE FROM {schema}.summary AS m USING fitted AS g WHERE {m=g} AND g.last_day IS NULL
), logged AS (
	INSERT INTO {schema}.lifecycle_changes ({key}, from_stage, to_stage, changed_on, order_day, reason)
	SELECT {g.key}, c.from_stage, c.to_stage, c.changed_on, c.order_day, c.reason
	FROM fitted AS g CROSS JOIN base AS b
		CROSS JOIN LATERAL {ext}.lifecycle_changes_since(g.stage, greatest(g.stage_on, b.advanced_to), g.history, b.day, b.policy) WITH ORDINALITY AS c
	ORDER BY c.changed_on, {g.key}, c.ordinality
)
SELECT (SELECT count(*) FROM taken) [[order_sql:+ (SELECT count(*) FROM taken_lines)]] AS rows,
	(SELECT count(*) FROM fitted WHERE misfit) AS misfits, (SELECT max(last_day) FROM fitted) AS last_day$template$, options || jsonb_build_object('chosen', chosen, 'changes', @extschema@.base_changes(options, 'taken', 'taken_lines'),
		'day', CASE options ->> 'as_of' WHEN 'last_purchase' THEN 'greatest(t.last_day, (SELECT max(last_day) FROM fitted))'
			ELSE (options ->> 'schema') || '.as_of()' END,
		'summary_columns', @extschema@.base_summary_columns()));
END $$;
COMMENT ON FUNCTION base_fold_statement(jsonb, text) IS
'The statement that brings the changes of chosen customers of a live base into its summary and its log.';

-- What follows a fold: changes that did not fit are a trouble, and the last day of the data may be a later one.
CREATE FUNCTION base_after_fold(options jsonb) RETURNS text
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN @extschema@.base_template($template$
	IF outcome.misfits > 0 THEN
		INSERT INTO {schema}.troubles (reason, detail) VALUES ('misfit', format('changes of %s customers did not fit their histories', outcome.misfits));
	END IF;
	[[to_last:UPDATE {schema}.state SET last_day = outcome.last_day WHERE outcome.last_day > coalesce(last_day, '-infinity');]]
	RETURN outcome.rows;$template$, options || jsonb_build_object('to_last', nullif(options ->> 'as_of' = 'last_purchase', false)));
END $$;
COMMENT ON FUNCTION base_after_fold(jsonb) IS
'The end of the functions of a customer base that fold.';

-- The functions of a base that fold, so that their plans are kept: fold_some for a part of all changes, and fold_now for
-- stage_changes => 'transaction', which folds customers within the transaction of their orders, unless anybody else is at them, at
-- the base or at a refresh. It does not wait: what it leaves, the next fold takes. Who was at a customer before has committed when
-- the customer is locked, and the statement that folds comes after that, so that its snapshot sees it. Its plan, which is kept,
-- must serve an empty table and a full one: hence no sequential scans, and no compilation because a table without an index then looks dear.
CREATE FUNCTION base_make_folds(options jsonb) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	options := options || jsonb_build_object('after', @extschema@.base_after_fold(options), 'lock', hashtext(options ->> 'schema'),
		'some', @extschema@.base_fold_statement(options, @extschema@.base_template('SELECT {key} FROM (
		(SELECT {key} FROM {schema}.deltas WHERE item IS NULL LIMIT max_rows)
		[[order_sql:UNION ALL (SELECT {key} FROM {schema}.line_deltas LIMIT max_rows)]]) AS d GROUP BY {key}', options)),
		'now', @extschema@.base_fold_statement(options, @extschema@.base_template('SELECT [[tenant_sql:k.tenant::{tenant_type} AS tenant, ]]k.customer::{customer_type} AS customer
		FROM unnest(wanted_tenants, wanted_customers) AS k (tenant, customer)', options)));
	options := options || jsonb_build_object(
		'fold_some', @extschema@.base_template($template$
#variable_conflict use_column
DECLARE
	outcome record;
BEGIN
{some}
	INTO outcome;
{after}
END $template$, options),
		'fold_now', @extschema@.base_template($template$
#variable_conflict use_column
DECLARE
	outcome record;
BEGIN
	LOCK TABLE {schema}.settings IN SHARE MODE NOWAIT;
	SELECT array_agg(k.tenant), array_agg(k.customer) INTO wanted_tenants, wanted_customers FROM unnest(wanted_tenants, wanted_customers) AS k (tenant, customer)
	WHERE pg_try_advisory_xact_lock({lock}, hash_record(ROW([[tenant_sql:k.tenant::{tenant_type}, ]]k.customer::{customer_type})));
{now}
	INTO outcome;
{after}
END $template$, options));
	EXECUTE @extschema@.base_template($template$
CREATE OR REPLACE FUNCTION {schema}.fold_some(max_rows bigint) RETURNS bigint LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp SET timezone = {'time_zone'} SET datestyle = {'date_style'} SET row_security = off
	SET plan_cache_mode = force_custom_plan SET jit = off AS {'fold_some'};
COMMENT ON FUNCTION {schema}.fold_some(bigint) IS 'Brings a part of the changes into the summary; called by fold_customer_base.';
CREATE OR REPLACE FUNCTION {schema}.fold_now(wanted_tenants text[], wanted_customers text[]) RETURNS bigint LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp SET timezone = {'time_zone'} SET datestyle = {'date_style'} SET row_security = off
	SET lock_timeout = '1ms' SET enable_seqscan = off SET jit = off AS {'fold_now'};
COMMENT ON FUNCTION {schema}.fold_now(text[], text[]) IS 'Brings the changes of some customers into the summary at once; called by the triggers of a base with stage_changes ''transaction''.'$template$, options);
END $$;
COMMENT ON FUNCTION base_make_folds(jsonb) IS
'Makes the functions of a customer base that fold its changes.';

-- Functions whose body is text name the schema of their base. Where that was renamed since, they are made anew.
CREATE FUNCTION base_follow_schema(options jsonb) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT EXISTS (SELECT FROM pg_proc WHERE pronamespace = (options ->> 'schema')::regnamespace AND proname = 'fold_some'
			AND strpos(prosrc, format('DELETE FROM %s.deltas', options ->> 'schema')) > 0) THEN
		PERFORM @extschema@.base_make_folds(options);
		IF options ->> 'order_sql' IS NOT NULL THEN
			PERFORM @extschema@.base_make_lines_of(options);
		END IF;
		PERFORM @extschema@.base_make_survey_function(@extschema@.base_survey_options(options, id)) FROM @extschema@.base_survey_ids(options) AS id
			WHERE to_regproc(format('%s.survey_%s_changes', options ->> 'schema', id)) IS NOT NULL;
	END IF;
END $$;
COMMENT ON FUNCTION base_follow_schema(jsonb) IS
'Makes functions of a customer base anew whose body names another schema than that of the base.';

-- What rows that cannot be used are called in data_quality, summed from deltas.
CREATE FUNCTION base_left_out(deltas text) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT 'SELECT v.item, sum(d.orders) AS rows FROM ' || deltas || $query$ AS d, LATERAL (VALUES
		(CASE WHEN starts_with(d.item, 'no_') THEN 'orders_without_' || substr(d.item, 4) ELSE 'quarantined_' || d.item END),
		(CASE WHEN starts_with(d.item, 'no_') THEN 'rows_skipped' ELSE 'orders_quarantined' END)) AS v (item)
	WHERE d.item IS NOT NULL GROUP BY v.item$query$;
END;
COMMENT ON FUNCTION base_left_out(text) IS
'The query that sums what a live base could not use, by the items of its view data_quality.';

-- One step of fold_customer_base: about max_rows rows, whole customers. Rows that could not be used are counted in quality.
CREATE FUNCTION base_fold(settings regclass, max_rows bigint) RETURNS bigint
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	options jsonb;
	rows bigint;
BEGIN
	IF NOT max_rows > 0 THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('max_rows must be at least 1, not %s', max_rows),
			HINT = 'It is how many changes one transaction takes: 10000 is a good number.';
	END IF;
	EXECUTE format('LOCK TABLE %s IN SHARE UPDATE EXCLUSIVE MODE', settings);
	options := @extschema@.base_options(settings) || jsonb_build_object('max_rows', max_rows);
	PERFORM @extschema@.base_follow_schema(options);
	EXECUTE @extschema@.base_template('SELECT {schema}.fold_some({max_rows})', options) INTO rows;
	rows := rows + @extschema@.base_fold_answers(options, max_rows);
	EXECUTE @extschema@.base_template($template$
WITH taken AS (DELETE FROM {schema}.deltas WHERE item IS NOT NULL RETURNING item, orders)
UPDATE {schema}.quality AS q SET rows = greatest(q.rows + c.rows, 0) FROM ({left_out}) AS c WHERE c.item = q.item;
DELETE FROM {schema}.quarantine AS q USING (SELECT id, row_number() OVER (PARTITION BY reason ORDER BY id DESC) AS n FROM {schema}.quarantine) AS old
	WHERE old.id = q.id AND old.n > 1000;
UPDATE {schema}.state SET folded_at = clock_timestamp()$template$, options || jsonb_build_object('left_out', @extschema@.base_left_out('taken')));
	RETURN rows;
END $$;
COMMENT ON FUNCTION base_fold(regclass, bigint) IS
'One step of fold_customer_base, with the caller''s rights: returns how many changes it brought into the summary.';

-- The source was emptied by TRUNCATE, in this transaction: so is the summary.
CREATE FUNCTION base_source_truncated(settings regclass) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	options jsonb := @extschema@.base_options(settings);
BEGIN
	IF options ->> 'kept_before' IS NOT NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state', MESSAGE = 'a part of the history is kept';
	END IF;
	EXECUTE @extschema@.base_template($template$
DELETE FROM {schema}.deltas;
[[order_sql:DELETE FROM {schema}.line_deltas;]]
WITH gone AS (DELETE FROM {schema}.summary RETURNING {key}, stage)
INSERT INTO {schema}.lifecycle_changes ({key}, from_stage, changed_on, reason)
SELECT {key}, stage, coalesce({schema}.as_of(), CURRENT_DATE), 'corrected' FROM gone WHERE stage IS NOT NULL ORDER BY {key};
UPDATE {schema}.quality SET rows = 0;
UPDATE {schema}.state SET first_day = NULL, last_day = NULL$template$, options);
END $$;
COMMENT ON FUNCTION base_source_truncated(regclass) IS
'Empties a live base whose source has been truncated.';

-- One step of advance_customer_base: stages that time alone has changed, of about max_rows customers. Customers with changes that are not folded yet are left to the fold.
CREATE FUNCTION base_advance(settings regclass, max_rows bigint) RETURNS bigint
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	options jsonb;
	done boolean;
	rows bigint;
BEGIN
	EXECUTE format('LOCK TABLE %s IN SHARE UPDATE EXCLUSIVE MODE', settings);
	options := @extschema@.base_options(settings) || jsonb_build_object('max_rows', max_rows);
	-- What is due on a day is due at its beginning. So the summary is read once a day, and needs no index that every fold would
	-- have to change.
	EXECUTE @extschema@.base_template('SELECT {schema}.as_of() <= advanced_to FROM {schema}.state', options) INTO done;
	IF done THEN
		RETURN 0;
	END IF;
	EXECUTE @extschema@.base_template($template$
WITH base AS MATERIALIZED (
	SELECT {schema}.as_of() AS day, t.advanced_to, {'policy'}::{ext}.lifecycle_policy AS policy FROM {schema}.state AS t
), due AS MATERIALIZED (
	SELECT {m.key}, m.history, m.stage, m.stage_on FROM {schema}.summary AS m
	WHERE m.stage_due <= (SELECT day FROM base) AND NOT EXISTS (SELECT FROM {schema}.deltas AS d WHERE {d=m} OFFSET 0)
		[[order_sql:AND NOT EXISTS (SELECT FROM {schema}.line_deltas AS d WHERE {d=m} OFFSET 0)]]
	LIMIT {max_rows}
), logged AS (
	INSERT INTO {schema}.lifecycle_changes ({key}, from_stage, to_stage, changed_on, order_day, reason)
	SELECT {g.key}, c.from_stage, c.to_stage, c.changed_on, c.order_day, c.reason
	FROM due AS g CROSS JOIN base AS b
		CROSS JOIN LATERAL {ext}.lifecycle_changes_since(g.stage, greatest(g.stage_on, b.advanced_to), g.history, b.day, b.policy) WITH ORDINALITY AS c
	ORDER BY c.changed_on, {g.key}, c.ordinality
), moved AS (
	UPDATE {schema}.summary AS m SET stage = (l.state).stage, stage_on = l.day, stage_due = (l.state).due
	FROM (SELECT {g.key}, b.day, {ext}.lifecycle_state(g.history, b.day, b.policy) AS state FROM due AS g CROSS JOIN base AS b OFFSET 0) AS l
	WHERE {m=l}
)
SELECT count(*) FROM due$template$, options) INTO rows;
	RETURN rows;
END $$;
COMMENT ON FUNCTION base_advance(regclass, bigint) IS
'One step of advance_customer_base, with the caller''s rights: returns how many customers had a stage that was due.';

-- The lifecycle of a base's customers ------------------------------------------------------------------

-- The policy as all its settings. A base has one count_by for everything, so its policy has no other.
CREATE FUNCTION base_full_policy(policy text, count_by text) RETURNS text
	LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	full_policy text := policy::@extschema@.lifecycle_policy::text;
	own text := substring(full_policy FROM 'count_by (\w+)');
BEGIN
	IF own = count_by THEN
		RETURN full_policy;
	ELSIF policy ~ '\mcount_by\M' THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = format('option policy counts purchases by %s, and option count_by is %L', own, count_by),
			HINT = format('Everything in a base counts alike. Give count_by => %L, or leave count_by out of the policy.', own);
	END IF;
	RETURN (policy || ', count_by ' || count_by)::@extschema@.lifecycle_policy::text;
END $$;
COMMENT ON FUNCTION base_full_policy(text, text) IS
'All settings of the lifecycle policy of a customer base, with the base''s count_by; a policy that names another is an error.';

-- The views of stages. What customers of the customers table have not bought until a day makes them prospects.
CREATE FUNCTION base_make_lifecycle_views(options jsonb) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM @extschema@.base_make_view(options, 'lifecycle', 'The stage of every customer, since when and why.', $template$
SELECT m.customer, {m.tenant,} (s.state).stage::text, l.{label}, l.rank, (s.state).since, m.as_of - (s.state).since, (s.state).reason, m.as_of
FROM {schema}.measured_at($1) AS m
	CROSS JOIN LATERAL (SELECT {ext}.lifecycle_state(m.history, m.as_of, {'policy'}::{ext}.lifecycle_policy) AS state OFFSET 0) AS s
	LEFT JOIN {schema}.lifecycle_stages AS l ON l.stage = (s.state).stage::text
WHERE m.last_purchase IS NOT NULL
	[[customers:UNION ALL
SELECT ({key_sql})::{customer_type}, {key_tenant,}'prospect', l.{label}, l.rank, NULL, NULL, NULL, d.day
FROM (SELECT $1 AS day OFFSET 0) AS d CROSS JOIN {customers} AS s LEFT JOIN {schema}.lifecycle_stages AS l ON l.stage = 'prospect'
WHERE {key_sql} IS NOT NULL AND NOT EXISTS (SELECT FROM {schema}.measured_at($1) AS m WHERE {key_is_customer})]]$template$);

	PERFORM @extschema@.base_make_view(options, 'stage_counts', 'The stages: how many customers, what they have brought, what to do.', $template$
SELECT {c.tenant,} c.stage::text, l.{label}, l.rank, l.action, c.customers,
	round(c.customers / sum(c.customers) OVER ({by_tenant}), 6), c.total::numeric(38,2),
	round(c.total / nullif(sum(c.total) OVER ({by_tenant}), 0), 6), {'currency'}::text, $1
FROM (SELECT {t.tenant,} p.stage, p.customers, p.total
	FROM (SELECT {m.tenant,} {ext}.stage_totals(m.stage, m.total) AS totals FROM {schema}.all_measured_at($1) AS m[[tenant_sql: GROUP BY m.tenant]]) AS t,
		unnest(t.totals) AS p
	[[customers:UNION ALL
	SELECT {key_tenant,}'prospect', count(*), 0 FROM {customers} AS s
	WHERE {key_sql} IS NOT NULL AND NOT EXISTS (SELECT FROM {schema}.all_measured_at($1) AS m WHERE {key_is_customer})
	{of_each_key_tenant} HAVING count(*) > 0]]) AS c LEFT JOIN {schema}.lifecycle_stages AS l ON l.stage = c.stage::text
ORDER BY {c.tenant,} c.stage$template$);

	-- All stays of all customers, by their length: a few thousand rows, from which the other views are counted.
	PERFORM @extschema@.base_make_function(options, 'stays_at(day date)', 'TABLE ({tenant_column}from_stage {ext}.lifecycle_stage, to_stage {ext}.lifecycle_stage,
		reason text, days integer, changes bigint)', $template$
SELECT {t.tenant,} s.from_stage, s.to_stage, s.reason, s.days, s.changes
FROM (SELECT {m.tenant,} {ext}.lifecycle_totals(m.history, (SELECT $1), {'policy'}::{ext}.lifecycle_policy) AS totals
		FROM {schema}.summary_now AS m[[tenant_sql: GROUP BY m.tenant]]) AS t, unnest(t.totals) AS s$template$);

	PERFORM @extschema@.base_make_view(options, 'stage_transitions', 'Where customers went from each stage, and after how many days.', $template$
SELECT {c.tenant,} c.from_stage::text, f.{label}, f.rank, c.to_stage::text, l.{label}, l.rank, sum(c.changes)::bigint,
	round(sum(c.changes) / sum(sum(c.changes)) OVER (PARTITION BY {c.tenant,} c.from_stage), 6),
	(min(c.days) FILTER (WHERE 2 * c.upto >= c.of) + min(c.days) FILTER (WHERE 2 * c.upto > c.of))::double precision / 2, $1
FROM (SELECT s.*, sum(s.changes) OVER (PARTITION BY {s.tenant,} s.from_stage, s.to_stage ORDER BY s.days) AS upto,
		sum(s.changes) OVER (PARTITION BY {s.tenant,} s.from_stage, s.to_stage) AS of
	FROM {schema}.stays_at($1) AS s WHERE s.to_stage IS NOT NULL) AS c
	LEFT JOIN {schema}.lifecycle_stages AS f ON f.stage = c.from_stage::text
	LEFT JOIN {schema}.lifecycle_stages AS l ON l.stage = c.to_stage::text
GROUP BY {c.tenant,} c.from_stage, f.{label}, f.rank, c.to_stage, l.{label}, l.rank
ORDER BY {c.tenant,} c.from_stage, c.to_stage$template$);

	PERFORM @extschema@.base_make_view(options, 'win_backs', 'Who fell silent: how often customers came back, and how often they did not.', $template$
SELECT {c.tenant,} c.from_stage::text, l.{label}, l.rank, sum(c.changes)::bigint, coalesce(sum(c.changes) FILTER (WHERE c.won), 0)::bigint,
	coalesce(sum(c.changes) FILTER (WHERE NOT c.won), 0)::bigint, coalesce(sum(c.changes) FILTER (WHERE c.won IS NULL), 0)::bigint,
	round(coalesce(sum(c.changes) FILTER (WHERE c.won), 0) / sum(c.changes) FILTER (WHERE c.won IS NOT NULL OR c.from_stage = 'churned'), 6),
	(min(c.days) FILTER (WHERE c.won AND 2 * c.upto >= c.of) + min(c.days) FILTER (WHERE c.won AND 2 * c.upto > c.of))::double precision / 2, $1
FROM (SELECT s.*, s.reason = 'won back' AS won, sum(s.changes) OVER (PARTITION BY {s.tenant,} s.from_stage, s.reason ORDER BY s.days) AS upto,
		sum(s.changes) OVER (PARTITION BY {s.tenant,} s.from_stage, s.reason) AS of
	FROM {schema}.stays_at($1) AS s WHERE s.from_stage >= 'at_risk') AS c
	LEFT JOIN {schema}.lifecycle_stages AS l ON l.stage = c.from_stage::text
GROUP BY {c.tenant,} c.from_stage, l.{label}, l.rank
ORDER BY {c.tenant,} c.from_stage$template$);

	PERFORM @extschema@.base_make_view(options, 'at_risk_customers', 'Whom to win back: customers at risk and dormant, by what the firm would lose a year.', $template$
SELECT m.customer, {m.tenant,} {attributes_sql}m.stage::text, l.{label}, l.rank, m.net_per_year::numeric(38,2), m.total::numeric(38,2), m.orders, m.last_purchase,
	m.as_of - m.last_purchase, {ext}.median_gap(m.history), ({ext}.lifecycle_state(m.history, m.as_of, {'policy'}::{ext}.lifecycle_policy)).since,
	{reasons}, v.risk, {ext}.revenue_at_risk(coalesce(v.value, {current_value}), v.risk)::numeric(38,2), {'currency'}::text, m.as_of
FROM (SELECT m.*, m.total * 365 / greatest(m.as_of - m.first_purchase, 365) AS net_per_year
	FROM {schema}.all_measured_at($1) AS m WHERE m.stage IN ('at_risk', 'dormant')) AS m
	CROSS JOIN LATERAL (SELECT {model_values} OFFSET 0) AS v
	LEFT JOIN {schema}.lifecycle_stages AS l ON l.stage = m.stage::text
	[[customers:LEFT JOIN {customers} AS s ON {key_is_customer}]]
ORDER BY {m.tenant,} m.net_per_year DESC, m.customer$template$);

	IF options ->> 'can_afford' IS NOT NULL THEN
		PERFORM @extschema@.base_make_view(options, 'prospects', 'Every row of the customers table on its way to the first purchase.', $template$
SELECT ({key_sql})::{customer_type}, {key_tenant,}{attributes_sql}c.can_afford, c.has_need, p.stage::text, {ext}.prospect_label(p.stage, {'language'}),
	cardinality(enum_range(NULL, p.stage)), d.day
FROM (SELECT $1 AS day OFFSET 0) AS d CROSS JOIN {customers} AS s
	LEFT JOIN {schema}.measured_at($1) AS m ON {key_is_customer}
	CROSS JOIN LATERAL (SELECT {can_afford_sql} AS can_afford, {has_need_sql} AS has_need) AS c
	CROSS JOIN LATERAL (SELECT {ext}.prospect_stage(c.can_afford, c.has_need, m.last_purchase IS NOT NULL) AS stage OFFSET 0) AS p
WHERE {key_sql} IS NOT NULL$template$);
	END IF;
	EXECUTE @extschema@.base_template($template$
COMMENT ON FUNCTION {schema}.stays_at(date) IS 'How many stays in a stage ended in which other one after how many days, until a day; to_stage NULL: go on, for that many days so far.'$template$, options);
END $$;
COMMENT ON FUNCTION base_make_lifecycle_views(jsonb) IS
'Makes the views of the lifecycle in the schema of a customer base.';

-- Cohorts, the activity of periods and survival in a base ---------------------------------------------------------

CREATE FUNCTION base_make_retention_views(options jsonb) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM @extschema@.base_make_function(options, 'cohorts_by(unit text, day date)', 'TABLE ({tenant_column}cohort date, period integer, cohort_size bigint,
		customers bigint, customers_or_later bigint, orders bigint, revenue numeric, complete boolean, as_of date)', $template$
SELECT {t.tenant,} c.cohort, c.period, c.cohort_size, c.customers, c.customers_or_later, c.orders, c.gross - c.refunded,
	c.complete AND c.cohort >= coalesce({'history_starts'}::date, c.cohort), t.day
FROM (SELECT {m.tenant,} {ext}.cohort_totals(m.history, $1, d.day) AS totals, d.day
		FROM (SELECT (SELECT $2) AS day) AS d CROSS JOIN {schema}.summary_now AS m GROUP BY {m.tenant,} d.day) AS t,
	LATERAL unnest(t.totals) AS c$template$);

	PERFORM @extschema@.base_make_view(options, 'cohort_retention', 'Of the customers who first bought in a month: how many bought in each month since.', $template$
SELECT {c.tenant,} c.cohort, c.period, c.cohort_size, c.customers, CASE WHEN c.complete THEN round(c.customers::numeric / c.cohort_size, 6) END,
	c.customers_or_later, CASE WHEN c.complete THEN round(c.customers_or_later::numeric / c.cohort_size, 6) END, c.complete, c.as_of
FROM {schema}.cohorts_by('month', $1) AS c$template$);

	PERFORM @extschema@.base_make_view(options, 'cohort_revenue', 'Of the customers who first bought in a month: what they brought in each month since.', $template$
SELECT {c.tenant,} c.cohort, c.period, c.cohort_size, c.orders, c.revenue::numeric(38,2),
	CASE WHEN c.complete AND c.first > 0 THEN round(c.revenue / c.first, 6) END, c.cumulative::numeric(38,2),
	CASE WHEN c.complete THEN (c.cumulative / c.cohort_size)::numeric(38,2) END, c.complete, {'currency'}::text, c.as_of
FROM (SELECT c.*, first_value(c.revenue) OVER w AS first, sum(c.revenue) OVER w AS cumulative
	FROM {schema}.cohorts_by('month', $1) AS c WINDOW w AS (PARTITION BY {c.tenant,} c.cohort ORDER BY c.period)) AS c$template$);

	PERFORM @extschema@.base_make_function(options, 'period_rates_by(unit text, day date)', 'TABLE ({tenant_column}rate {ext}.period_rate, as_of date)', $template$
SELECT {t.tenant,} r, t.day
FROM (SELECT {m.tenant,} {ext}.period_totals(m.history, $1, d.day, {'count_by'}) AS totals,
			{ext}.churn_totals(m.history, $1, d.day, {'policy'}::{ext}.lifecycle_policy) AS churn, d.day
		FROM (SELECT (SELECT $2) AS day) AS d CROSS JOIN {schema}.summary_now AS m GROUP BY {m.tenant,} d.day) AS t,
	LATERAL {ext}.period_rates_of(t.totals, t.churn, $1, t.day, {'history_starts'}::date) AS r$template$);

	-- The unit stands outside of the sums, so that a condition on it spares the other units.
	PERFORM @extschema@.base_make_view(options, 'period_activity', 'Customers by week, month, quarter and year: active, new, returning, reactivated, lost, churned and won back, with rates; filter by unit.',
		(SELECT string_agg(format('SELECT {p.tenant,} (p.rate).period, %L::text, (p.rate).customers_active, (p.rate).customers_new,
			(p.rate).customers_returning, (p.rate).customers_reactivated, (p.rate).customers_lost, (p.rate).customers_total,
			(p.rate).customers_at_start, (p.rate).customers_churned, (p.rate).churned_at_start, (p.rate).customers_won_back,
			round({ext}.value((p.rate).repeat_rate)::numeric, 6), round({ext}.value((p.rate).loss_rate)::numeric, 6),
			round({ext}.value((p.rate).reactivation_rate)::numeric, 6), round({ext}.value((p.rate).churn_rate)::numeric, 6),
			round({ext}.value((p.rate).win_back_rate)::numeric, 6), round((p.rate).stickiness, 6), (p.rate).complete, p.as_of
			FROM {schema}.period_rates_by(%1$L, $1) AS p', unit), ' UNION ALL ')
		FROM unnest('{week,month,quarter,year}'::text[]) AS unit));
	-- A curve for each year, in days; all customers are the sum of these. Months are of average length, as those of models are. unnest has the day of
	-- the loss computed once, and leaves the plan parallel.
	PERFORM @extschema@.base_make_view(options, 'survival', 'How long customers stay, from the first purchase until they are lost, by year of the first purchase and for all: the curve of Kaplan and Meier by month of life.', $template$
WITH years AS (
	SELECT {m.tenant,} extract(year FROM m.first_purchase)::integer AS year, {ext}.survival_curve(coalesce(m.lost, m.day) - m.first_purchase, m.lost IS NOT NULL) AS curve
	FROM (SELECT {m.tenant,} m.first_purchase, d.day, unnest(ARRAY[{ext}.lifecycle_reached(m.history, 'churned', d.day, {'policy'}::{ext}.lifecycle_policy)]) AS lost
		FROM (SELECT (SELECT $1) AS day) AS d CROSS JOIN {schema}.summary_now AS m
		WHERE m.first_purchase BETWEEN coalesce({'history_starts'}::date, m.first_purchase) AND d.day) AS m
	GROUP BY {m.tenant,} extract(year FROM m.first_purchase)
), curves AS (
	SELECT {y.tenant,} y.year, y.curve FROM years AS y
	UNION ALL
	SELECT {y.tenant,} NULL, {ext}.rollup(y.curve) FROM years AS y[[tenant_sql: GROUP BY y.tenant]]
)
SELECT {c.tenant,} c.year, p.period, p.at_risk, p.events, p.censored, round(p.survival::numeric, 6), round(p.low::numeric, 6), round(p.high::numeric, 6), d.median, $1
FROM curves AS c CROSS JOIN LATERAL {ext}.survival_periods(c.curve, 30.4375) AS p CROSS JOIN LATERAL {ext}.median_survival(c.curve) AS d$template$);

	EXECUTE @extschema@.base_template($template$
COMMENT ON FUNCTION {schema}.cohorts_by(text, date) IS 'Cohorts by day, week, month, quarter or year, as of any day.';
COMMENT ON FUNCTION {schema}.period_rates_by(text, date) IS 'What the view period_activity shows, for one unit (day, week, month, quarter, year) and as of any day, with rates as proportions.'$template$, options);
END $$;
COMMENT ON FUNCTION base_make_retention_views(jsonb) IS
'Makes the views of cohorts, of the activity of periods and of survival in the schema of a customer base.';

-- The columns of the views of a base ------------------------------------------------------------------

-- Every column of every view: its type, and what it means in English and Chinese. The views, their twins and their
-- comments are made from this table. What depends on a base (key, attributes) stands in angle brackets.
CREATE FUNCTION base_columns(OUT view text, OUT name text, OUT type text, OUT en text, OUT zh text) RETURNS SETOF record
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	VALUES
	('customers', 'customer', '<customer>', 'Key of the customer.', '客户标识。'),
	('customers', 'tenant', '<tenant>', 'Tenant of the customer.', '客户所属租户。'),
	('customers', '<attributes>', '', '', ''),
	('customers', 'first_purchase', 'date', 'Day of the first purchase.', '首次购买日期。'),
	('customers', 'last_purchase', 'date', 'Day of the last purchase.', '最近一次购买日期。'),
	('customers', 'days_since_last', 'integer', 'Days from the last purchase to as_of; 0 is the same day.', '最近一次购买距今天数,当天为 0。'),
	('customers', 'orders', 'bigint', 'Number of purchases.', '购买订单数。'),
	('customers', 'refunds', 'bigint', 'Number of refunds.', '退款订单数。'),
	('customers', 'gross', 'numeric(38,2)', 'Sum of purchases.', '购买总额。'),
	('customers', 'refunded', 'numeric(38,2)', 'Sum of refunds, as a positive amount.', '退款总额(正数)。'),
	('customers', 'total', 'numeric(38,2)', 'Gross less refunded.', '净额:购买减退款。'),
	('customers', 'average_order', 'numeric(38,2)', 'Gross divided by orders.', '客单价:购买总额除以订单数。'),
	('customers', 'tenure_days', 'integer', 'Days from the first purchase to as_of.', '首次购买距今天数。'),
	('customers', 'median_gap_days', 'double precision', 'Median of the days between purchase days; empty with fewer than two.', '购买间隔天数的中位数;不足两个购买日为空。'),
	('customers', 'rfm', 'text', 'Recency, frequency and money score as one code; the number of bins is best.', 'R、F、M 三个评分组成的代码,数字越大越好。'),
	('customers', 'recency_score', 'integer', 'Score of the last purchase; higher is more recent.', '最近购买评分,越大越近。'),
	('customers', 'frequency_score', 'integer', 'Score of the number of orders; higher is more.', '购买频次评分,越大越多。'),
	('customers', 'monetary_score', 'integer', 'Score of the total; higher is more.', '购买金额评分,越大越多。'),
	('customers', 'segment', 'text', 'Stable key of the segment.', '分群的固定标识。'),
	('customers', 'segment_label', 'text', 'Name of the segment.', '分群名称。'),
	('customers', 'segment_rank', 'integer', 'Order of the segments; 1 is best.', '分群排序,1 为最佳。'),
	('customers', 'abc_class', 'text', 'A: the customers that hold the first part of all revenue; B: the next; C: the rest.', 'ABC 分类:A 为贡献最大的一部分收入的客户,B 次之,C 为其余。'),
	('customers', 'stage', 'text', 'Stable key of the lifecycle stage: prospect, new, repeat, loyal, at_risk, dormant or churned; empty with refunds only.', '生命周期阶段的固定标识;仅有退款者为空。'),
	('customers', 'stage_label', 'text', 'Name of the stage.', '阶段名称。'),
	('customers', 'stage_rank', 'integer', 'Order of the stages: 1 prospect to 7 churned.', '阶段排序:1 潜在客户至 7 流失。'),
	('customers', 'churn_risk', 'double precision', 'Probability of no purchase in the next 90 days, by the best method there is (view churn_risk).', '未来 90 天无购买的概率,按现有最佳方法(见视图 churn_risk)。'),
	('customers', 'churn_band', 'text', 'low, medium or high: each third of the risks.', '风险等级:low(低)、medium(中)、high(高),各占三分之一区间。'),
	('customers', 'churn_band_rank', 'integer', 'Order of the bands: 1 low to 3 high.', '风险等级排序:1 低至 3 高。'),
	('customers', 'revenue_at_risk', 'numeric(38,2)', 'Value to expect in the next 12 months, without models the last 12 months'', times the risk.', '风险收入:未来 12 个月预计价值(无模型时为最近 12 个月)乘以流失风险。'),
	('customers', 'probability_alive', 'double precision', 'Probability that the customer is still one, by the model; empty where the model says 1 of everybody: NBD, and BG/NBD without a repeat purchase.', '仍为客户的概率(按模型);模型对所有人恒为 1 时为空(NBD,以及无复购的 BG/NBD)。'),
	('customers', 'expected_purchases', 'double precision', 'Purchase days to expect in the next 12 months.', '未来 12 个月预计购买日数。'),
	('customers', 'historic_value', 'numeric(38,2)', 'Value of the customer so far: the total, at least 0, times the margin.', '至今的客户价值:净额(不小于 0)乘以毛利率。'),
	('customers', 'predicted_value_12m', 'numeric(38,2)', 'Value to expect in the next 12 months: purchases times spend times the margin, discounted.', '未来 12 个月预计价值:购买次数×金额×毛利率,已折现。'),
	('customers', 'total_value', 'numeric(38,2)', 'Historic and predicted value together.', '历史价值与预计价值之和。'),
	('customers', 'model_trust', 'text', 'What the predicted values are worth: ok, small_sample, not_identified; without values: not_converged, no_data, no_model (call fit_models).', '预计值的可信度:ok、small_sample(样本小)、not_identified(参数不可识别);无值时:not_converged、no_data、no_model(请运行 fit_models)。'),
	('customers', 'last_nps', 'integer', 'Last answer to a survey of kind nps, 0 to 10.', '最近一次 NPS 评分,0 至 10。'),
	('customers', 'last_satisfaction', 'integer', 'Last overall answer to a survey of kind csat; higher is more satisfied.', '最近一次总体满意度评分,越大越满意。'),
	('customers', 'currency', 'text', 'Currency of every amount.', '金额的币种。'),
	('customers', 'as_of', 'date', 'The day of which the row speaks; later orders are left out.', '本行所述日期;之后的订单不计。'),
	('rfm', 'customer', '<customer>', 'Key of the customer.', '客户标识。'),
	('rfm', 'tenant', '<tenant>', 'Tenant of the customer.', '客户所属租户。'),
	('rfm', 'days_since_last', 'integer', 'Days from the last purchase to as_of; 0 is the same day.', '最近一次购买距今天数,当天为 0。'),
	('rfm', 'orders', 'bigint', 'Number of purchases, within the base''s rfm_window.', '购买订单数(在 rfm_window 之内)。'),
	('rfm', 'total', 'numeric(38,2)', 'Gross less refunded, within the base''s rfm_window.', '净额(在 rfm_window 之内)。'),
	('rfm', 'rfm', 'text', 'Recency, frequency and money score as one code; the number of bins is best.', 'R、F、M 三个评分组成的代码,数字越大越好。'),
	('rfm', 'recency_score', 'integer', 'Score of the last purchase; higher is more recent.', '最近购买评分,越大越近。'),
	('rfm', 'frequency_score', 'integer', 'Score of the number of orders; higher is more.', '购买频次评分,越大越多。'),
	('rfm', 'monetary_score', 'integer', 'Score of the total; higher is more.', '购买金额评分,越大越多。'),
	('rfm', 'segment', 'text', 'Stable key of the segment.', '分群的固定标识。'),
	('rfm', 'segment_label', 'text', 'Name of the segment.', '分群名称。'),
	('rfm', 'segment_rank', 'integer', 'Order of the segments; 1 is best.', '分群排序,1 为最佳。'),
	('rfm', 'currency', 'text', 'Currency of every amount.', '金额的币种。'),
	('rfm', 'as_of', 'date', 'The day of which the row speaks; later orders are left out.', '本行所述日期;之后的订单不计。'),
	('rfm_segments', 'tenant', '<tenant>', 'Tenant.', '租户。'),
	('rfm_segments', 'segment', 'text', 'Stable key of the segment.', '分群的固定标识。'),
	('rfm_segments', 'segment_label', 'text', 'Name of the segment.', '分群名称。'),
	('rfm_segments', 'segment_rank', 'integer', 'Order of the segments; 1 is best.', '分群排序,1 为最佳。'),
	('rfm_segments', 'action', 'text', 'What to do with these customers.', '建议的行动。'),
	('rfm_segments', 'customers', 'bigint', 'Number of customers.', '客户数。'),
	('rfm_segments', 'share_of_customers', 'numeric(38,6)', 'Share of all scored customers, 0 to 1.', '占全部已评分客户的比例,0 到 1。'),
	('rfm_segments', 'total', 'numeric(38,2)', 'Their total.', '其净额合计。'),
	('rfm_segments', 'share_of_total', 'numeric(38,6)', 'Share of the total of all scored customers.', '占全部已评分客户净额的比例。'),
	('rfm_segments', 'average_order', 'numeric(38,2)', 'Their gross divided by their orders.', '客单价。'),
	('rfm_segments', 'median_days_since_last', 'double precision', 'Median of the days since the last purchase.', '最近一次购买距今天数的中位数。'),
	('rfm_segments', 'currency', 'text', 'Currency of every amount.', '金额的币种。'),
	('rfm_segments', 'as_of', 'date', 'The day of which the row speaks; later orders are left out.', '本行所述日期;之后的订单不计。'),
	('abc', 'customer', '<customer>', 'Key of the customer.', '客户标识。'),
	('abc', 'tenant', '<tenant>', 'Tenant of the customer.', '客户所属租户。'),
	('abc', 'total', 'numeric(38,2)', 'Gross less refunded.', '净额:购买减退款。'),
	('abc', 'share', 'numeric(38,6)', 'Share of the sum of all positive totals, 0 to 1.', '占全部正净额的比例,0 到 1。'),
	('abc', 'cumulative_share', 'numeric(38,6)', 'Share held by this customer and all larger ones; equal totals share it.', '累计比例:本客户与更大客户合计;净额相同者相同。'),
	('abc', 'abc_class', 'text', 'Class by the base''s stored limits: A, B or C.', '按客户库保存的界限分类:A、B 或 C。'),
	('abc', 'currency', 'text', 'Currency of every amount.', '金额的币种。'),
	('abc', 'as_of', 'date', 'The day of which the row speaks; later orders are left out.', '本行所述日期;之后的订单不计。'),
	('kpis', 'tenant', '<tenant>', 'Tenant.', '租户。'),
	('kpis', 'period', 'date', 'First day of the period.', '周期首日。'),
	('kpis', 'unit', 'text', 'week (from Monday), month, quarter or year: filter by it.', '周期单位:周(周一起)、月、季、年;请按此筛选。'),
	('kpis', 'customers_active', 'bigint', 'Customers with a purchase in the period.', '本期有购买的客户。'),
	('kpis', 'customers_new', 'bigint', 'Active customers whose first purchase ever it is.', '新客户:首次购买在本期。'),
	('kpis', 'customers_returning', 'bigint', 'Active customers who were active in the period before.', '回头客户:上期也有购买。'),
	('kpis', 'customers_reactivated', 'bigint', 'Active customers, not new, who were not active in the period before.', '唤回客户:非新客户,且上期无购买。'),
	('kpis', 'customers_lost', 'bigint', 'Customers active in the period before and not in this.', '流失客户:上期有购买而本期没有。'),
	('kpis', 'customers_total', 'bigint', 'Customers with a purchase until the end of the period.', '截至本期末购买过的客户总数。'),
	('kpis', 'orders', 'bigint', 'Number of purchases.', '购买订单数。'),
	('kpis', 'gross', 'numeric(38,2)', 'Sum of purchases.', '购买总额。'),
	('kpis', 'refunded', 'numeric(38,2)', 'Sum of refunds, as a positive amount.', '退款总额(正数)。'),
	('kpis', 'net', 'numeric(38,2)', 'Gross less refunded.', '净额:购买减退款。'),
	('kpis', 'average_order', 'numeric(38,2)', 'Gross divided by orders.', '客单价。'),
	('kpis', 'orders_per_customer', 'numeric(38,6)', 'Orders divided by active customers.', '人均订单数。'),
	('kpis', 'repeat_rate', 'numeric(38,6)', 'Share of the active customers with at least two purchases in the period, by the base''s count_by.', '复购率:本期至少购买两次的客户占比(按 count_by 计)。'),
	('kpis', 'refund_rate', 'numeric(38,6)', 'Refunded divided by gross.', '退款率:退款额除以购买额。'),
	('kpis', 'complete', 'boolean', 'False while the period is not over, and before history_starts.', '周期未结束或早于 history_starts 时为假。'),
	('kpis', 'currency', 'text', 'Currency of every amount.', '金额的币种。'),
	('kpis', 'as_of', 'date', 'The day of which the row speaks; later orders are left out.', '本行所述日期;之后的订单不计。'),
	('lifecycle', 'customer', '<customer>', 'Key of the customer.', '客户标识。'),
	('lifecycle', 'tenant', '<tenant>', 'Tenant of the customer.', '客户所属租户。'),
	('lifecycle', 'stage', 'text', 'Stable key of the lifecycle stage.', '生命周期阶段的固定标识。'),
	('lifecycle', 'stage_label', 'text', 'Name of the stage.', '阶段名称。'),
	('lifecycle', 'stage_rank', 'integer', 'Order of the stages: 1 prospect to 7 churned.', '阶段排序:1 潜在客户至 7 流失。'),
	('lifecycle', 'since', 'date', 'First day in the stage; empty for prospects.', '进入该阶段的日期;潜在客户为空。'),
	('lifecycle', 'days_in_stage', 'integer', 'Days from since to as_of.', '处于该阶段的天数。'),
	('lifecycle', 'reason', 'text', 'What brought the stage: first purchase, repeat purchase, loyal, silence or won back.', '变化原因:首次购买、再次购买、忠诚、沉默或赢回。'),
	('lifecycle', 'as_of', 'date', 'The day of which the row speaks; later orders are left out.', '本行所述日期;之后的订单不计。'),
	('stage_counts', 'tenant', '<tenant>', 'Tenant.', '租户。'),
	('stage_counts', 'stage', 'text', 'Stable key of the lifecycle stage.', '生命周期阶段的固定标识。'),
	('stage_counts', 'stage_label', 'text', 'Name of the stage.', '阶段名称。'),
	('stage_counts', 'stage_rank', 'integer', 'Order of the stages: 1 prospect to 7 churned.', '阶段排序:1 潜在客户至 7 流失。'),
	('stage_counts', 'action', 'text', 'What to do with these customers.', '建议的行动。'),
	('stage_counts', 'customers', 'bigint', 'Number of customers; prospects are those of the customers table without an order.', '客户数;潜在客户为客户表中无订单者。'),
	('stage_counts', 'share_of_customers', 'numeric(38,6)', 'Share of the customers of all stages, 0 to 1.', '占各阶段客户总数的比例,0 到 1。'),
	('stage_counts', 'total', 'numeric(38,2)', 'What they have brought so far: gross less refunded.', '其至今净额合计。'),
	('stage_counts', 'share_of_total', 'numeric(38,6)', 'Share of the total of all stages.', '占各阶段净额合计的比例。'),
	('stage_counts', 'currency', 'text', 'Currency of every amount.', '金额的币种。'),
	('stage_counts', 'as_of', 'date', 'The day of which the row speaks; later orders are left out.', '本行所述日期;之后的订单不计。'),
	('stage_transitions', 'tenant', '<tenant>', 'Tenant.', '租户。'),
	('stage_transitions', 'from_stage', 'text', 'Stable key of the stage that was left.', '离开的阶段标识。'),
	('stage_transitions', 'from_label', 'text', 'Name of the stage that was left.', '离开的阶段名称。'),
	('stage_transitions', 'from_rank', 'integer', 'Order of the stage that was left.', '离开的阶段排序。'),
	('stage_transitions', 'to_stage', 'text', 'Stable key of the stage that was entered.', '进入的阶段标识。'),
	('stage_transitions', 'to_label', 'text', 'Name of the stage that was entered.', '进入的阶段名称。'),
	('stage_transitions', 'to_rank', 'integer', 'Order of the stage that was entered.', '进入的阶段排序。'),
	('stage_transitions', 'changes', 'bigint', 'How often that happened, to all customers until as_of.', '截至 as_of 全部客户发生的次数。'),
	('stage_transitions', 'share', 'numeric(38,6)', 'Share of all that left from_stage, 0 to 1.', '占离开该阶段次数的比例,0 到 1。'),
	('stage_transitions', 'median_days', 'double precision', 'Median of the days spent in from_stage before.', '此前在该阶段停留天数的中位数。'),
	('stage_transitions', 'as_of', 'date', 'The day of which the row speaks; later orders are left out.', '本行所述日期;之后的订单不计。'),
	('win_backs', 'tenant', '<tenant>', 'Tenant.', '租户。'),
	('win_backs', 'stage', 'text', 'Stable key of the silent stage: at_risk, dormant or churned.', '沉默类阶段标识:流失预警、沉默或流失。'),
	('win_backs', 'stage_label', 'text', 'Name of the stage.', '阶段名称。'),
	('win_backs', 'stage_rank', 'integer', 'Order of the stages: 1 prospect to 7 churned.', '阶段排序:1 潜在客户至 7 流失。'),
	('win_backs', 'entered', 'bigint', 'How often customers have entered the stage.', '进入该阶段的次数。'),
	('win_backs', 'won_back', 'bigint', 'How often a purchase ended it.', '因购买而赢回的次数。'),
	('win_backs', 'went_on', 'bigint', 'How often the next, worse stage followed.', '恶化到下一阶段的次数。'),
	('win_backs', 'still_there', 'bigint', 'Customers who are in it on as_of.', '截至 as_of 仍在该阶段的客户数。'),
	('win_backs', 'share_won_back', 'numeric(38,6)', 'Share won back of the stays that ended, 0 to 1; of churned, which nothing else ends, of all that began.', '赢回率:赢回次数占已结束次数的比例;流失阶段则占全部进入次数。'),
	('win_backs', 'median_days', 'double precision', 'Median of the days in the stage of those who were won back.', '被赢回者停留天数的中位数。'),
	('win_backs', 'as_of', 'date', 'The day of which the row speaks; later orders are left out.', '本行所述日期;之后的订单不计。'),
	('at_risk_customers', 'customer', '<customer>', 'Key of the customer.', '客户标识。'),
	('at_risk_customers', 'tenant', '<tenant>', 'Tenant of the customer.', '客户所属租户。'),
	('at_risk_customers', '<attributes>', '', '', ''),
	('at_risk_customers', 'stage', 'text', 'at_risk or dormant.', '流失预警 (at_risk) 或沉默 (dormant)。'),
	('at_risk_customers', 'stage_label', 'text', 'Name of the stage.', '阶段名称。'),
	('at_risk_customers', 'stage_rank', 'integer', 'Order of the stages: 1 prospect to 7 churned.', '阶段排序:1 潜在客户至 7 流失。'),
	('at_risk_customers', 'net_per_year', 'numeric(38,2)', 'What the firm would lose a year: total by the years since the first purchase, at least one.', '每年可能损失的净额:净额除以首购以来的年数(不足一年按一年)。'),
	('at_risk_customers', 'total', 'numeric(38,2)', 'Gross less refunded.', '净额:购买减退款。'),
	('at_risk_customers', 'orders', 'bigint', 'Number of purchases.', '购买订单数。'),
	('at_risk_customers', 'last_purchase', 'date', 'Day of the last purchase.', '最近一次购买日期。'),
	('at_risk_customers', 'days_since_last', 'integer', 'Days from the last purchase to as_of.', '最近一次购买距今天数。'),
	('at_risk_customers', 'median_gap_days', 'double precision', 'Usual gap: median of the days between purchase days; empty with fewer than two.', '通常间隔:购买间隔天数的中位数;不足两个购买日为空。'),
	('at_risk_customers', 'since', 'date', 'First day in the stage.', '进入该阶段的日期。'),
	('at_risk_customers', 'reasons', 'text', 'Why: each sign with its measure.', '原因:各项信号及其数值。'),
	('at_risk_customers', 'churn_risk', 'double precision', 'Probability of no purchase in the next 90 days.', '未来 90 天无购买的概率。'),
	('at_risk_customers', 'revenue_at_risk', 'numeric(38,2)', 'Value to expect in the next 12 months times the risk.', '风险收入:未来 12 个月预计价值乘以流失风险。'),
	('at_risk_customers', 'currency', 'text', 'Currency of every amount.', '金额的币种。'),
	('at_risk_customers', 'as_of', 'date', 'The day of which the row speaks; later orders are left out.', '本行所述日期;之后的订单不计。'),
	('prospects', 'customer', '<customer>', 'Key in the customers table.', '客户表中的标识。'),
	('prospects', 'tenant', '<tenant>', 'Tenant of the customer.', '客户所属租户。'),
	('prospects', '<attributes>', '', '', ''),
	('prospects', 'can_afford', 'boolean', 'Whether they can afford it, by the bases option can_afford.', '是否买得起(按选项 can_afford)。'),
	('prospects', 'has_need', 'boolean', 'Whether they need it, by the bases option has_need.', '是否用得着(按选项 has_need)。'),
	('prospects', 'prospect_stage', 'text', 'prospect, hot_prospect (both hold) or customer (has bought).', '潜在客户、准客户(两项均满足)或成交客户(已购买)。'),
	('prospects', 'prospect_label', 'text', 'Name of the stage.', '阶段名称。'),
	('prospects', 'prospect_rank', 'integer', 'Order of the stages: 1 prospect to 3 customer.', '阶段排序:1 潜在客户至 3 成交客户。'),
	('prospects', 'as_of', 'date', 'The day of which the row speaks; later orders are left out.', '本行所述日期;之后的订单不计。'),
	('cohort_retention', 'tenant', '<tenant>', 'Tenant.', '租户。'),
	('cohort_retention', 'cohort', 'date', 'First day of the month of the first purchase.', '首次购买所在月份的首日(同期群)。'),
	('cohort_retention', 'period', 'integer', 'Months since; 0 is the month of the first purchase.', '距首购月份的月数,首购当月为 0。'),
	('cohort_retention', 'cohort_size', 'bigint', 'Customers whose first purchase was in that month.', '该月首次购买的客户数。'),
	('cohort_retention', 'customers', 'bigint', 'How many of them bought in the period, so far.', '其中本期有购买的客户数(截至目前)。'),
	('cohort_retention', 'retention', 'numeric(38,6)', 'Retention: their share of the cohort; empty while the period is not complete.', '留存率:占同期群的比例;周期不完整时为空。'),
	('cohort_retention', 'customers_or_later', 'bigint', 'How many of them bought in the period or later, so far.', '其中本期或之后有购买的客户数(截至目前)。'),
	('cohort_retention', 'retention_or_later', 'numeric(38,6)', 'Unbounded retention: their share of the cohort; empty while the period is not complete.', '无界留存率:占同期群的比例;周期不完整时为空。'),
	('cohort_retention', 'complete', 'boolean', 'False while the period is not over, and for cohorts before history_starts.', '周期未结束或早于 history_starts 的同期群为假。'),
	('cohort_retention', 'as_of', 'date', 'The day of which the row speaks; later orders are left out.', '本行所述日期;之后的订单不计。'),
	('cohort_revenue', 'tenant', '<tenant>', 'Tenant.', '租户。'),
	('cohort_revenue', 'cohort', 'date', 'First day of the month of the first purchase.', '首次购买所在月份的首日(同期群)。'),
	('cohort_revenue', 'period', 'integer', 'Months since; 0 is the month of the first purchase.', '距首购月份的月数,首购当月为 0。'),
	('cohort_revenue', 'cohort_size', 'bigint', 'Customers whose first purchase was in that month.', '该月首次购买的客户数。'),
	('cohort_revenue', 'orders', 'bigint', 'Their purchases in the period.', '本期购买订单数。'),
	('cohort_revenue', 'revenue', 'numeric(38,2)', 'Their gross less refunded in the period.', '本期净额:购买减退款。'),
	('cohort_revenue', 'revenue_retention', 'numeric(38,6)', 'That by the revenue of period 0; empty while the period is not complete.', '收入留存率:与第 0 期净额之比;周期不完整时为空。'),
	('cohort_revenue', 'cumulative_revenue', 'numeric(38,2)', 'Revenue of the cohort so far.', '累计净额。'),
	('cohort_revenue', 'cumulative_per_customer', 'numeric(38,2)', 'That by the customers of the cohort; empty while the period is not complete.', '人均累计净额;周期不完整时为空。'),
	('cohort_revenue', 'complete', 'boolean', 'False while the period is not over, and for cohorts before history_starts.', '周期未结束或早于 history_starts 的同期群为假。'),
	('cohort_revenue', 'currency', 'text', 'Currency of every amount.', '金额的币种。'),
	('cohort_revenue', 'as_of', 'date', 'The day of which the row speaks; later orders are left out.', '本行所述日期;之后的订单不计。'),
	('period_activity', 'tenant', '<tenant>', 'Tenant.', '租户。'),
	('period_activity', 'period', 'date', 'First day of the period.', '周期首日。'),
	('period_activity', 'unit', 'text', 'week (from Monday), month, quarter or year: filter by it.', '周期单位:周(周一起)、月、季、年;请按此筛选。'),
	('period_activity', 'customers_active', 'bigint', 'Customers with a purchase in the period.', '本期有购买的客户。'),
	('period_activity', 'customers_new', 'bigint', 'Active customers whose first purchase ever it is.', '新客户:首次购买在本期。'),
	('period_activity', 'customers_returning', 'bigint', 'Active customers who were active in the period before.', '回头客户:上期也有购买。'),
	('period_activity', 'customers_reactivated', 'bigint', 'Active customers, not new, who were not active in the period before.', '唤回客户:非新客户,且上期无购买。'),
	('period_activity', 'customers_lost', 'bigint', 'Customers active in the period before and not in this.', '流失客户:上期有购买而本期没有。'),
	('period_activity', 'customers_total', 'bigint', 'Customers with a purchase until the end of the period.', '截至本期末购买过的客户总数。'),
	('period_activity', 'customers_at_start', 'bigint', 'Customers at the start of the period who were not in the stage churned.', '期初客户:已购买且未处于流失阶段。'),
	('period_activity', 'customers_churned', 'bigint', 'How many of them entered the stage churned in the period.', '其中本期进入流失阶段的客户。'),
	('period_activity', 'churned_at_start', 'bigint', 'Customers in the stage churned at the start of the period.', '期初处于流失阶段的客户。'),
	('period_activity', 'customers_won_back', 'bigint', 'How many of them bought in the period.', '其中本期被赢回的客户。'),
	('period_activity', 'repeat_rate', 'numeric(38,6)', 'Active customers with at least two purchases in the period, by the base''s count_by, of all active ones.', '复购率:本期至少购买两次的客户占比(按 count_by 计)。'),
	('period_activity', 'loss_rate', 'numeric(38,6)', 'Customers lost, of those active in the period before.', '失活率:上期活跃客户中本期未购买的比例。'),
	('period_activity', 'reactivation_rate', 'numeric(38,6)', 'Customers reactivated, of those who had bought, but not in the period before.', '唤回率:上期未购买的老客户中本期购买的比例。'),
	('period_activity', 'churn_rate', 'numeric(38,6)', 'Customers churned, of those at the start.', '流失率:本期流失占期初客户的比例。'),
	('period_activity', 'win_back_rate', 'numeric(38,6)', 'Customers won back, of those churned at the start.', '赢回率:本期赢回占期初已流失客户的比例。'),
	('period_activity', 'stickiness', 'numeric(38,6)', 'Days with a purchase of the active customers, of all their days in the period.', '粘性:活跃客户的购买日数占其全部日数的比例。'),
	('period_activity', 'complete', 'boolean', 'False while the period is not over, and before history_starts; the rates are empty then.', '周期未结束或早于 history_starts 时为假,此时各比率为空。'),
	('period_activity', 'as_of', 'date', 'The day of which the row speaks; later orders are left out.', '本行所述日期;之后的订单不计。'),
	('survival', 'tenant', '<tenant>', 'Tenant.', '租户。'),
	('survival', 'cohort_year', 'integer', 'Year of the first purchase; empty: all customers.', '首次购买的年份;为空表示全部客户。'),
	('survival', 'month', 'integer', 'Month of life, from the first purchase; 0 is the first. A month is 30.4375 days.', '自首次购买起的客户生命月数,首月为 0;每月按 30.4375 天计。'),
	('survival', 'at_risk', 'bigint', 'Customers not lost before the month, of those observed for so long.', '期初在险客户:观察时间足够且此前未流失的客户。'),
	('survival', 'events', 'bigint', 'Customers lost in it: their stage became churned, for the first time.', '本月流失的客户:首次进入流失阶段。'),
	('survival', 'censored', 'bigint', 'Customers never lost so far whose life until as_of ends in it.', '至今未曾流失、观察止于本月的客户(删失)。'),
	('survival', 'survival', 'numeric(38,6)', 'Share of customers whose life is longer than until the end of the month (Kaplan-Meier, on days).', '生存率:生命超过本月末的客户占比(Kaplan-Meier,按日计算)。'),
	('survival', 'survival_low', 'numeric(38,6)', 'Lower end of its 95 % interval.', '其 95 % 区间下限。'),
	('survival', 'survival_high', 'numeric(38,6)', 'Upper end of its 95 % interval.', '其 95 % 区间上限。'),
	('survival', 'median_days', 'double precision', 'Days that half of these customers live longer than, the same in all their rows; empty while the curve is above a half.', '该组客户的中位生命天数,同组各行相同;曲线尚未降至一半时为空。'),
	('survival', 'as_of', 'date', 'The day of which the row speaks; later orders are left out.', '本行所述日期;之后的订单不计。'),
	('histories', 'customer', '<customer>', 'Key of the customer.', '客户标识。'),
	('histories', 'tenant', '<tenant>', 'Tenant of the customer.', '客户所属租户。'),
	('histories', 'history', '<history>', 'Every day with purchases or refunds, as a purchase_history.', '完整购买历史(purchase_history)。'),
	('summary_now', 'customer', '<customer>', 'Key of the customer.', '客户标识。'),
	('summary_now', 'tenant', '<tenant>', 'Tenant of the customer.', '客户所属租户。'),
	('summary_now', 'history', '<history>', 'Every day with purchases or refunds, as a purchase_history.', '完整购买历史(purchase_history)。'),
	('summary_now', 'orders', 'bigint', 'Number of purchases.', '购买订单数。'),
	('summary_now', 'gross', 'numeric', 'Sum of purchases.', '购买总额。'),
	('summary_now', 'total', 'numeric', 'Gross less refunded.', '净额:购买减退款。'),
	('summary_now', 'first_purchase', 'date', 'Day of the first purchase.', '首次购买日期。'),
	('summary_now', 'last_purchase', 'date', 'Day of the last purchase.', '最近一次购买日期。'),
	('summary_now', 'last_day', 'date', 'Last day with a purchase or a refund.', '最近一次购买或退款的日期。'),
	('summary_now', 'stage', '<stage>', 'Lifecycle stage on stage_on; empty where changes are not folded yet.', 'stage_on 当日的生命周期阶段;有未合并变更时为空。'),
	('summary_now', 'stage_on', 'date', 'The day of that stage.', '该阶段的日期。'),
	('summary_now', 'stage_due', 'date', 'The day on which it changes without a purchase.', '若无购买,阶段变化的日期。'),
	('churn_risk', 'customer', '<customer>', 'Key of the customer.', '客户标识。'),
	('churn_risk', 'tenant', '<tenant>', 'Tenant of the customer.', '客户所属租户。'),
	('churn_risk', 'risk', 'double precision', 'Probability of no purchase in the next horizon_days.', '未来 horizon_days 天无购买的概率。'),
	('churn_risk', 'band', 'text', 'low, medium or high: each third of the risks.', '风险等级:low、medium、high,各占三分之一区间。'),
	('churn_risk', 'band_label', 'text', 'Name of the band.', '风险等级名称。'),
	('churn_risk', 'band_rank', 'integer', 'Order of the bands: 1 low to 3 high.', '风险等级排序:1 低至 3 高。'),
	('churn_risk', 'method', 'text', 'What the risk is computed by: logistic (regression on churn_features), a purchase model, or own_rhythm.', '计算方法:logistic(逻辑回归)、购买模型或 own_rhythm(自身节奏)。'),
	('churn_risk', 'days_since_last', 'integer', 'Days from the last purchase to as_of; 0 is the same day.', '最近一次购买距今天数,当天为 0。'),
	('churn_risk', 'median_gap_days', 'double precision', 'Usual gap: median of the days between purchase days; empty with fewer than two.', '惯常购买间隔天数的中位数;不足两个购买日为空。'),
	('churn_risk', 'overdue_ratio', 'double precision', 'Silence in usual gaps; more than 2 is overdue.', '沉默天数与惯常间隔之比,大于 2 为超期。'),
	('churn_risk', 'reasons', 'text', 'Why: each sign with its measure.', '原因:各项信号及其数值。'),
	('churn_risk', 'expected_value', 'numeric(38,2)', 'Value to expect in the next 12 months by the models; without them that of the last 12 months.', '未来 12 个月预计价值(按模型);无模型时为最近 12 个月价值。'),
	('churn_risk', 'revenue_at_risk', 'numeric(38,2)', 'Expected value times the risk.', '风险收入:预计价值乘以风险。'),
	('churn_risk', 'next_purchase', 'date', 'Day by which half of such customers have bought again, of those who do.', '若会再次购买,一半此类客户将在此日之前购买。'),
	('churn_risk', 'next_purchase_earliest', 'date', 'Lower end of its 80 % interval.', '其 80 % 区间下限。'),
	('churn_risk', 'next_purchase_latest', 'date', 'Upper end of its 80 % interval.', '其 80 % 区间上限。'),
	('churn_risk', 'horizon_days', 'integer', 'Days of which the risk speaks; edit it in churn_model.', '风险所指天数,可在 churn_model 中修改。'),
	('churn_risk', 'currency', 'text', 'Currency of every amount.', '金额的币种。'),
	('churn_risk', 'as_of', 'date', 'The day of which the row speaks; later orders are left out.', '本行所述日期;之后的订单不计。'),
	('ltv', 'customer', '<customer>', 'Key of the customer.', '客户标识。'),
	('ltv', 'tenant', '<tenant>', 'Tenant of the customer.', '客户所属租户。'),
	('ltv', 'historic_value', 'numeric(38,2)', 'Value so far: the total, at least 0, times the margin.', '至今的价值:净额(不小于 0)乘以毛利率。'),
	('ltv', 'probability_alive', 'double precision', 'Probability that the customer is still one, by the model; empty where the model says 1 of everybody: NBD, and BG/NBD without a repeat purchase.', '仍为客户的概率(按模型);模型对所有人恒为 1 时为空(NBD,以及无复购的 BG/NBD)。'),
	('ltv', 'expected_purchases', 'double precision', 'Purchase days to expect in the next 12 months.', '未来 12 个月预计购买日数。'),
	('ltv', 'expected_spend', 'numeric(38,2)', 'Spend to expect on each of them, before the margin.', '每个购买日预计金额(未乘毛利率)。'),
	('ltv', 'predicted_value_12m', 'numeric(38,2)', 'Value to expect in the next 12 months: purchases times spend times the margin, discounted.', '未来 12 个月预计价值:购买次数×金额×毛利率,已折现。'),
	('ltv', 'total_value', 'numeric(38,2)', 'Historic and predicted value together.', '历史价值与预计价值之和。'),
	('ltv', 'current_value', 'numeric(38,2)', 'What the customer has brought in the last 12 months: net amount times the margin.', '当前价值:最近 12 个月净额乘以毛利率。'),
	('ltv', 'potential_value', 'numeric(38,2)', 'Potential: by how much current_value is below that of the median customer of the same segment, as of the last fit_models.', '潜在价值:当前价值低于同一分群中位客户的差额(按最近一次 fit_models)。'),
	('ltv', 'segment', 'text', 'Stable key of that segment.', '该分群的固定标识。'),
	('ltv', 'model', 'text', 'The purchase model of these values.', '所用购买模型。'),
	('ltv', 'model_trust', 'text', 'What the predicted values are worth: ok, small_sample, not_identified; without values: not_converged, no_data, no_model (call fit_models).', '预计值的可信度:ok、small_sample(样本小)、not_identified(参数不可识别);无值时:not_converged、no_data、no_model(请运行 fit_models)。'),
	('ltv', 'currency', 'text', 'Currency of every amount.', '金额的币种。'),
	('ltv', 'as_of', 'date', 'The day of which the row speaks; later orders are left out.', '本行所述日期;之后的订单不计。'),
	('model_fit', 'model', 'text', 'Stable key of the model.', '模型的固定标识。'),
	('model_fit', 'title', 'text', 'Name of the model in the literature.', '模型的文献名称。'),
	('model_fit', 'is_default', 'boolean', 'Whether the values of customers are those of this model.', '客户价值是否采用此模型。'),
	('model_fit', 'chosen_by', 'text', 'Why: holdout (smallest error by customer in the holdout), aic (the data are too short for one), default (no model can be trusted).', '选择依据:holdout(留出期内客户误差最小)、aic(数据太短)、default(没有可信模型)。'),
	('model_fit', 'trust', 'text', 'What its numbers are worth: ok, small_sample, not_identified, not_converged, no_data.', '可信度:ok、small_sample、not_identified、not_converged、no_data。'),
	('model_fit', 'customers', 'bigint', 'Customers that it was fitted on.', '拟合所用客户数。'),
	('model_fit', 'repeat_customers', 'bigint', 'Customers among them with a repeat purchase.', '其中有复购的客户数。'),
	('model_fit', 'left_out', 'bigint', 'Customers who had nothing to fit on.', '无可用数据而未参与拟合的客户数。'),
	('model_fit', 'log_likelihood', 'double precision', 'Log-likelihood at the parameters.', '对数似然。'),
	('model_fit', 'aic', 'double precision', 'Akaike''s information criterion; less is better, among purchase models.', 'AIC,越小越好(仅在购买模型之间比较)。'),
	('model_fit', 'bic', 'double precision', 'Bayesian information criterion; less is better, among purchase models.', 'BIC,越小越好(仅在购买模型之间比较)。'),
	('model_fit', 'calibrated_until', 'date', 'The holdout: a second fit on all until this day was judged by what followed; empty where the data are too short.', '留出检验:另用截至此日的数据拟合,以其后的数据检验;数据太短时为空。'),
	('model_fit', 'held_out_until', 'date', 'Last day of the holdout.', '留出期最后一日。'),
	('model_fit', 'holdout_trust', 'text', 'Trust of that second fit.', '该次拟合的可信度。'),
	('model_fit', 'holdout_customers', 'bigint', 'Customers in the holdout.', '参与检验的客户数。'),
	('model_fit', 'holdout_actual', 'bigint', 'Their purchase days in it.', '留出期内实际购买日数。'),
	('model_fit', 'holdout_predicted', 'double precision', 'Purchase days that were predicted.', '预计购买日数。'),
	('model_fit', 'holdout_mae', 'double precision', 'Mean absolute error by customer.', '每客户平均绝对误差。'),
	('model_fit', 'holdout_rmse', 'double precision', 'Root mean squared error by customer.', '每客户均方根误差。'),
	('model_fit', 'holdout_correlation', 'double precision', 'Correlation of predicted and actual purchase days.', '预计与实际的相关系数。'),
	('model_fit', 'spend_correlation', 'double precision', 'Of Gamma-Gamma: correlation of the number of repeat purchases and their mean, which it assumes to be near 0.', 'Gamma-Gamma:复购次数与平均金额的相关系数,模型假设其接近 0。'),
	('model_fit', 'as_of', 'date', 'The day until which it was fitted.', '拟合所用数据的截止日。'),
	('model_fit', 'fitted_at', 'timestamp with time zone', 'When it was fitted.', '拟合时间。'),
	('model_fit', 'age_days', 'integer', 'Days from as_of to the day of the base.', '拟合截止日距客户库日期的天数。'),
	('model_parameters', 'model', 'text', 'Stable key of the model.', '模型的固定标识。'),
	('model_parameters', 'parameter', 'text', 'Name of the parameter in the literature.', '参数名称。'),
	('model_parameters', 'estimate', 'double precision', 'Its estimate.', '估计值。'),
	('model_parameters', 'std_error', 'double precision', 'Standard error; empty where the data do not tell.', '标准误;数据不足以判断时为空。'),
	('model_parameters', 'ci_low', 'double precision', 'Lower end of the 95 % interval.', '95 % 区间下限。'),
	('model_parameters', 'ci_high', 'double precision', 'Upper end of the 95 % interval.', '95 % 区间上限。'),
	('model_parameters', 'is_default', 'boolean', 'Whether the values of customers are those of this model.', '客户价值是否采用此模型。'),
	('nps_by_period', 'tenant', '<tenant>', 'Tenant.', '租户。'),
	('nps_by_period', 'survey', 'text', 'Name of the survey.', '调查名称。'),
	('nps_by_period', 'scope', 'text', 'Whose satisfaction: external customers, or internal ones (staff), as the survey says.', '调查对象:external(外部客户)或 internal(内部客户),按调查所述。'),
	('nps_by_period', 'period', 'date', 'First day of the period.', '周期首日。'),
	('nps_by_period', 'unit', 'text', 'week (from Monday), month, quarter or year: filter by it.', '周期单位:周(周一起)、月、季、年;请按此筛选。'),
	('nps_by_period', 'answers', 'bigint', 'Number of answers.', '回答数。'),
	('nps_by_period', 'promoters', 'bigint', 'Answers of 9 and 10.', '推荐者:9 至 10 分。'),
	('nps_by_period', 'passives', 'bigint', 'Answers of 7 and 8.', '被动者:7 至 8 分。'),
	('nps_by_period', 'detractors', 'bigint', 'Answers of 0 to 6.', '贬损者:0 至 6 分。'),
	('nps_by_period', 'nps', 'numeric(38,2)', 'Net promoter score, -100 to 100.', '净推荐值,-100 至 100。'),
	('nps_by_period', 'nps_low', 'numeric(38,2)', 'Lower end of its 95 % interval (adjusted Wald).', '其 95 % 区间下限(调整 Wald)。'),
	('nps_by_period', 'nps_high', 'numeric(38,2)', 'Upper end of its 95 % interval (adjusted Wald).', '其 95 % 区间上限(调整 Wald)。'),
	('nps_by_period', 'change', 'numeric(38,2)', 'Difference to the period before that has answers.', '与上一个有回答的周期之差。'),
	('nps_by_period', 'p_value', 'numeric(38,6)', 'Probability of a change at least as large if nothing had changed, for independent samples.', '若无变化,出现如此差异的概率(独立样本)。'),
	('nps_by_period', 'complete', 'boolean', 'False while the period is not over.', '周期未结束时为假。'),
	('nps_by_period', 'as_of', 'date', 'The day of which the row speaks; later answers are left out.', '本行所述日期;之后的回答不计。'),
	('satisfaction_by_period', 'tenant', '<tenant>', 'Tenant.', '租户。'),
	('satisfaction_by_period', 'survey', 'text', 'Name of the survey.', '调查名称。'),
	('satisfaction_by_period', 'kind', 'text', 'nps (0 to 10), csat (satisfaction) or ces (ease).', '调查类型:nps(0 至 10)、csat(满意度)或 ces(费力度)。'),
	('satisfaction_by_period', 'scope', 'text', 'Whose satisfaction: external customers, or internal ones (staff), as the survey says.', '调查对象:external(外部客户)或 internal(内部客户),按调查所述。'),
	('satisfaction_by_period', 'period', 'date', 'First day of the period.', '周期首日。'),
	('satisfaction_by_period', 'unit', 'text', 'week (from Monday), month, quarter or year: filter by it.', '周期单位:周(周一起)、月、季、年;请按此筛选。'),
	('satisfaction_by_period', 'answers', 'bigint', 'Number of answers.', '回答数。'),
	('satisfaction_by_period', 'mean', 'numeric(38,2)', 'Mean score.', '平均分。'),
	('satisfaction_by_period', 'mean_low', 'numeric(38,2)', 'Lower end of its 95 % interval.', '其 95 % 区间下限。'),
	('satisfaction_by_period', 'mean_high', 'numeric(38,2)', 'Upper end of its 95 % interval.', '其 95 % 区间上限。'),
	('satisfaction_by_period', 'top_share', 'numeric(38,6)', 'Share of satisfied answers, 0 to 1: the top two of csat, the top three of ces, promoters of nps.', '满意回答占比(0 到 1):csat 最高两档、ces 最高三档、nps 推荐者。'),
	('satisfaction_by_period', 'top_share_low', 'numeric(38,6)', 'Lower end of its 95 % interval (Wilson).', '其 95 % 区间下限(Wilson)。'),
	('satisfaction_by_period', 'top_share_high', 'numeric(38,6)', 'Upper end of its 95 % interval (Wilson).', '其 95 % 区间上限(Wilson)。'),
	('satisfaction_by_period', 'change', 'numeric(38,2)', 'Difference of the mean to the period before that has answers.', '平均分与上一个有回答的周期之差。'),
	('satisfaction_by_period', 'p_value', 'numeric(38,6)', 'Probability of a change at least as large if nothing had changed, for independent samples.', '若无变化,出现如此差异的概率(独立样本)。'),
	('satisfaction_by_period', 'complete', 'boolean', 'False while the period is not over.', '周期未结束时为假。'),
	('satisfaction_by_period', 'as_of', 'date', 'The day of which the row speaks; later answers are left out.', '本行所述日期;之后的回答不计。'),
	('satisfaction_by_dimension', 'tenant', '<tenant>', 'Tenant.', '租户。'),
	('satisfaction_by_dimension', 'survey', 'text', 'Name of the survey.', '调查名称。'),
	('satisfaction_by_dimension', 'kind', 'text', 'nps (0 to 10), csat (satisfaction) or ces (ease).', '调查类型:nps(0 至 10)、csat(满意度)或 ces(费力度)。'),
	('satisfaction_by_dimension', 'scope', 'text', 'Whose satisfaction: external customers, or internal ones (staff), as the survey says.', '调查对象:external(外部客户)或 internal(内部客户),按调查所述。'),
	('satisfaction_by_dimension', 'dimension', 'text', 'What was asked about, such as quality, price, delivery or service.', '评价维度,如质量、价格、交付、服务。'),
	('satisfaction_by_dimension', 'answers', 'bigint', 'Number of answers.', '回答数。'),
	('satisfaction_by_dimension', 'mean', 'numeric(38,2)', 'Mean score.', '平均分。'),
	('satisfaction_by_dimension', 'mean_low', 'numeric(38,2)', 'Lower end of its 95 % interval.', '其 95 % 区间下限。'),
	('satisfaction_by_dimension', 'mean_high', 'numeric(38,2)', 'Upper end of its 95 % interval.', '其 95 % 区间上限。'),
	('satisfaction_by_dimension', 'top_share', 'numeric(38,6)', 'Share of satisfied answers, 0 to 1: the top two of csat, the top three of ces, promoters of nps.', '满意回答占比(0 到 1):csat 最高两档、ces 最高三档、nps 推荐者。'),
	('satisfaction_by_dimension', 'top_share_low', 'numeric(38,6)', 'Lower end of its 95 % interval (Wilson).', '其 95 % 区间下限(Wilson)。'),
	('satisfaction_by_dimension', 'top_share_high', 'numeric(38,6)', 'Upper end of its 95 % interval (Wilson).', '其 95 % 区间上限(Wilson)。'),
	('satisfaction_by_dimension', 'gap', 'numeric(38,2)', 'Mean of this dimension less that of all dimensions of the survey.', '本维度平均分减去该调查全部维度的平均分。'),
	('satisfaction_by_dimension', 'as_of', 'date', 'The day of which the row speaks; later answers are left out.', '本行所述日期;之后的回答不计。'),
	('satisfaction_by_channel', 'tenant', '<tenant>', 'Tenant.', '租户。'),
	('satisfaction_by_channel', 'survey', 'text', 'Name of the survey.', '调查名称。'),
	('satisfaction_by_channel', 'kind', 'text', 'nps (0 to 10), csat (satisfaction) or ces (ease).', '调查类型:nps(0 至 10)、csat(满意度)或 ces(费力度)。'),
	('satisfaction_by_channel', 'scope', 'text', 'Whose satisfaction: external customers, or internal ones (staff), as the survey says.', '调查对象:external(外部客户)或 internal(内部客户),按调查所述。'),
	('satisfaction_by_channel', 'channel', 'text', 'How the answer was collected.', '收集渠道。'),
	('satisfaction_by_channel', 'answers', 'bigint', 'Number of answers.', '回答数。'),
	('satisfaction_by_channel', 'mean', 'numeric(38,2)', 'Mean score.', '平均分。'),
	('satisfaction_by_channel', 'mean_low', 'numeric(38,2)', 'Lower end of its 95 % interval.', '其 95 % 区间下限。'),
	('satisfaction_by_channel', 'mean_high', 'numeric(38,2)', 'Upper end of its 95 % interval.', '其 95 % 区间上限。'),
	('satisfaction_by_channel', 'top_share', 'numeric(38,6)', 'Share of satisfied answers, 0 to 1: the top two of csat, the top three of ces, promoters of nps.', '满意回答占比(0 到 1):csat 最高两档、ces 最高三档、nps 推荐者。'),
	('satisfaction_by_channel', 'top_share_low', 'numeric(38,6)', 'Lower end of its 95 % interval (Wilson).', '其 95 % 区间下限(Wilson)。'),
	('satisfaction_by_channel', 'top_share_high', 'numeric(38,6)', 'Upper end of its 95 % interval (Wilson).', '其 95 % 区间上限(Wilson)。'),
	('satisfaction_by_channel', 'bias', 'numeric(38,2)', 'Mean of this channel less that of all others.', '渠道偏差:本渠道平均分减去其余渠道平均分。'),
	('satisfaction_by_channel', 'bias_low', 'numeric(38,2)', 'Lower end of its 95 % interval (Welch).', '其 95 % 区间下限(Welch)。'),
	('satisfaction_by_channel', 'bias_high', 'numeric(38,2)', 'Upper end of its 95 % interval (Welch).', '其 95 % 区间上限(Welch)。'),
	('satisfaction_by_channel', 'p_value', 'numeric(38,6)', 'Probability of such a bias if channels did not differ.', '若渠道无差异,出现如此偏差的概率。'),
	('satisfaction_by_channel', 'as_of', 'date', 'The day of which the row speaks; later answers are left out.', '本行所述日期;之后的回答不计。'),
	('satisfaction_by_agent', 'tenant', '<tenant>', 'Tenant.', '租户。'),
	('satisfaction_by_agent', 'survey', 'text', 'Name of the survey.', '调查名称。'),
	('satisfaction_by_agent', 'kind', 'text', 'nps (0 to 10), csat (satisfaction) or ces (ease).', '调查类型:nps(0 至 10)、csat(满意度)或 ces(费力度)。'),
	('satisfaction_by_agent', 'scope', 'text', 'Whose satisfaction: external customers, or internal ones (staff), as the survey says.', '调查对象:external(外部客户)或 internal(内部客户),按调查所述。'),
	('satisfaction_by_agent', 'agent', 'text', 'Who served the customer.', '服务人员。'),
	('satisfaction_by_agent', 'answers', 'bigint', 'Number of answers.', '回答数。'),
	('satisfaction_by_agent', 'enough', 'boolean', 'Whether there are as many answers as the survey''s minimum_answers; if not, compare nobody by them.', '回答数是否达到该调查的 minimum_answers;未达到时不宜比较。'),
	('satisfaction_by_agent', 'mean', 'numeric(38,2)', 'Mean score.', '平均分。'),
	('satisfaction_by_agent', 'mean_low', 'numeric(38,2)', 'Lower end of its 95 % interval.', '其 95 % 区间下限。'),
	('satisfaction_by_agent', 'mean_high', 'numeric(38,2)', 'Upper end of its 95 % interval.', '其 95 % 区间上限。'),
	('satisfaction_by_agent', 'shrunk_mean', 'numeric(38,2)', 'Mean drawn to that of all agents where answers are few, for ranking.', '收缩平均分:回答少时向全体平均靠拢,用于排名。'),
	('satisfaction_by_agent', 'top_share', 'numeric(38,6)', 'Share of satisfied answers, 0 to 1: the top two of csat, the top three of ces, promoters of nps.', '满意回答占比(0 到 1):csat 最高两档、ces 最高三档、nps 推荐者。'),
	('satisfaction_by_agent', 'top_share_low', 'numeric(38,6)', 'Lower end of its 95 % interval (Wilson).', '其 95 % 区间下限(Wilson)。'),
	('satisfaction_by_agent', 'top_share_high', 'numeric(38,6)', 'Upper end of its 95 % interval (Wilson).', '其 95 % 区间上限(Wilson)。'),
	('satisfaction_by_agent', 'as_of', 'date', 'The day of which the row speaks; later answers are left out.', '本行所述日期;之后的回答不计。'),
	('satisfaction_drivers', 'tenant', '<tenant>', 'Tenant.', '租户。'),
	('satisfaction_drivers', 'survey', 'text', 'Name of the survey.', '调查名称。'),
	('satisfaction_drivers', 'kind', 'text', 'nps (0 to 10), csat (satisfaction) or ces (ease).', '调查类型:nps(0 至 10)、csat(满意度)或 ces(费力度)。'),
	('satisfaction_drivers', 'dimension', 'text', 'What was asked about.', '评价维度。'),
	('satisfaction_drivers', 'answers', 'bigint', 'Responses with an overall answer and one for each dimension.', '含总体与全部维度评分的回答份数。'),
	('satisfaction_drivers', 'performance', 'numeric(38,2)', 'Mean score of the dimension.', '表现:该维度平均分。'),
	('satisfaction_drivers', 'correlation', 'numeric(38,6)', 'Correlation with the overall answer.', '与总体评分的相关系数。'),
	('satisfaction_drivers', 'beta', 'numeric(38,6)', 'Standardised coefficient of the regression of the overall answer on all dimensions.', '总体评分对各维度回归的标准化系数。'),
	('satisfaction_drivers', 'std_error', 'numeric(38,6)', 'Its standard error.', '其标准误。'),
	('satisfaction_drivers', 'p_value', 'numeric(38,6)', 'Probability of such a coefficient if the dimension did not matter.', '若该维度无影响,出现如此系数的概率。'),
	('satisfaction_drivers', 'importance', 'numeric(38,6)', 'Share of what all dimensions explain together, 0 to 1.', '重要性:在全部维度共同解释部分中的占比。'),
	('satisfaction_drivers', 'quadrant', 'text', 'keep up, concentrate here, low priority or possible overkill: importance and performance against their means.', '重要性-表现象限。'),
	('satisfaction_drivers', 'quadrant_label', 'text', 'Name of the quadrant.', '象限名称。'),
	('satisfaction_drivers', 'note', 'text', 'Why there is no number, if there is none.', '无数值时的原因。'),
	('satisfaction_drivers', 'as_of', 'date', 'The day of which the row speaks; later answers are left out.', '本行所述日期;之后的回答不计。'),
	('survey_waves', 'tenant', '<tenant>', 'Tenant.', '租户。'),
	('survey_waves', 'survey', 'text', 'Name of the survey.', '调查名称。'),
	('survey_waves', 'kind', 'text', 'nps (0 to 10), csat (satisfaction) or ces (ease).', '调查类型:nps(0 至 10)、csat(满意度)或 ces(费力度)。'),
	('survey_waves', 'scope', 'text', 'Whose satisfaction: external customers, or internal ones (staff), as the survey says.', '调查对象:external(外部客户)或 internal(内部客户),按调查所述。'),
	('survey_waves', 'dimension', 'text', 'What was asked about; empty: the survey''s overall question, or all of its questions.', '评价维度;空为总体问题(或全部问题)。'),
	('survey_waves', 'wave', 'date', 'First day of the wave.', '本轮首日。'),
	('survey_waves', 'unit', 'text', 'Length of a wave, as the table surveys says.', '每轮长度,见 surveys 表。'),
	('survey_waves', 'answers', 'bigint', 'Number of answers.', '回答数。'),
	('survey_waves', 'mean', 'numeric(38,2)', 'Mean score.', '平均分。'),
	('survey_waves', 'mean_low', 'numeric(38,2)', 'Lower end of its 95 % interval.', '其 95 % 区间下限。'),
	('survey_waves', 'mean_high', 'numeric(38,2)', 'Upper end of its 95 % interval.', '其 95 % 区间上限。'),
	('survey_waves', 'top_share', 'numeric(38,6)', 'Share of satisfied answers, 0 to 1: the top two of csat, the top three of ces, promoters of nps.', '满意回答占比(0 到 1):csat 最高两档、ces 最高三档、nps 推荐者。'),
	('survey_waves', 'top_share_low', 'numeric(38,6)', 'Lower end of its 95 % interval (Wilson).', '其 95 % 区间下限(Wilson)。'),
	('survey_waves', 'top_share_high', 'numeric(38,6)', 'Upper end of its 95 % interval (Wilson).', '其 95 % 区间上限(Wilson)。'),
	('survey_waves', 'nps', 'numeric(38,2)', 'Net promoter score, for kind nps.', '净推荐值(仅 nps)。'),
	('survey_waves', 'previous_wave', 'date', 'First day of the wave before.', '上一轮首日。'),
	('survey_waves', 'previous_answers', 'bigint', 'Its number of answers.', '上一轮回答数。'),
	('survey_waves', 'change', 'numeric(38,2)', 'Difference to the wave before: of the net promoter score for kind nps, else of the mean.', '与上一轮之差:nps 为净推荐值,其余为平均分。'),
	('survey_waves', 'p_value', 'numeric(38,6)', 'Probability of a change at least as large if nothing had changed, for independent samples.', '若无变化,出现如此差异的概率(独立样本)。'),
	('survey_waves', 'significant', 'boolean', 'Whether the change is more than chance, at 5 %.', '变化是否显著(5 % 水平)。'),
	('survey_waves', 'latest', 'boolean', 'Whether it is the last wave that has answers.', '是否为最近一轮。'),
	('survey_waves', 'complete', 'boolean', 'False while the period is not over.', '周期未结束时为假。'),
	('survey_waves', 'as_of', 'date', 'The day of which the row speaks; later answers are left out.', '本行所述日期;之后的回答不计。'),
	('detractors_to_call', 'customer', '<customer>', 'Key of the customer.', '客户标识。'),
	('detractors_to_call', 'tenant', '<tenant>', 'Tenant of the customer.', '客户所属租户。'),
	('detractors_to_call', '<attributes>', '', '', ''),
	('detractors_to_call', 'survey', 'text', 'Name of the survey.', '调查名称。'),
	('detractors_to_call', 'kind', 'text', 'nps (0 to 10), csat (satisfaction) or ces (ease).', '调查类型:nps(0 至 10)、csat(满意度)或 ces(费力度)。'),
	('detractors_to_call', 'score', 'integer', 'The customer''s last answer: 0 to 6 of nps, the lowest two of csat, the lowest three of ces.', '最近一次评分:nps 0 至 6、csat 最低两档、ces 最低三档。'),
	('detractors_to_call', 'answered_on', 'date', 'Day of that answer.', '回答日期。'),
	('detractors_to_call', 'days_ago', 'integer', 'Days from it to as_of.', '距今天数。'),
	('detractors_to_call', 'stage', 'text', 'Stable key of the lifecycle stage.', '生命周期阶段的固定标识。'),
	('detractors_to_call', 'stage_label', 'text', 'Name of the stage.', '阶段名称。'),
	('detractors_to_call', 'total', 'numeric(38,2)', 'What the customer has brought so far: gross less refunded.', '客户至今净额。'),
	('detractors_to_call', 'orders', 'bigint', 'Number of purchases.', '购买订单数。'),
	('detractors_to_call', 'last_purchase', 'date', 'Day of the last purchase.', '最近一次购买日期。'),
	('detractors_to_call', 'currency', 'text', 'Currency of every amount.', '金额的币种。'),
	('detractors_to_call', 'as_of', 'date', 'The day of which the row speaks; later answers are left out.', '本行所述日期;之后的回答不计。'),
	('satisfaction_loyalty', 'tenant', '<tenant>', 'Tenant.', '租户。'),
	('satisfaction_loyalty', 'survey', 'text', 'Name of the survey.', '调查名称。'),
	('satisfaction_loyalty', 'kind', 'text', 'nps (0 to 10), csat (satisfaction) or ces (ease).', '调查类型:nps(0 至 10)、csat(满意度)或 ces(费力度)。'),
	('satisfaction_loyalty', 'level', 'integer', 'Score of the customer''s answer; of nps 1 detractors, 2 passives, 3 promoters.', '评分档;nps 为 1 贬损者、2 被动者、3 推荐者。'),
	('satisfaction_loyalty', 'level_label', 'text', 'Name of the level.', '档位名称。'),
	('satisfaction_loyalty', 'customers', 'bigint', 'Customers whose last answer that was, long enough ago to know.', '最近一次评分为此档且已满观察期的客户数。'),
	('satisfaction_loyalty', 'repeated', 'bigint', 'Customers among them who bought again within the survey''s loyalty_days.', '其中在 loyalty_days 天内再次购买的客户数。'),
	('satisfaction_loyalty', 'repeat_rate', 'numeric(38,6)', 'Share of them, 0 to 1.', '再购率,0 到 1。'),
	('satisfaction_loyalty', 'repeat_rate_low', 'numeric(38,6)', 'Lower end of its 95 % interval (Wilson).', '其 95 % 区间下限(Wilson)。'),
	('satisfaction_loyalty', 'repeat_rate_high', 'numeric(38,6)', 'Upper end of its 95 % interval (Wilson).', '其 95 % 区间上限(Wilson)。'),
	('satisfaction_loyalty', 'odds_ratio', 'numeric(38,2)', 'Odds of buying again against those of the next lower level that has customers.', '与下一较低档相比的再购优势比。'),
	('satisfaction_loyalty', 'odds_ratio_low', 'numeric(38,2)', 'Lower end of its 95 % interval.', '其 95 % 区间下限。'),
	('satisfaction_loyalty', 'odds_ratio_high', 'numeric(38,2)', 'Upper end of its 95 % interval.', '其 95 % 区间上限。'),
	('satisfaction_loyalty', 'p_value', 'numeric(38,6)', 'Probability of such a ratio if levels did not differ.', '若两档无差异,出现如此比值的概率。'),
	('satisfaction_loyalty', 'as_of', 'date', 'The day of which the row speaks; later answers are left out.', '本行所述日期;之后的回答不计。'),
	('complaints_by_period', 'tenant', '<tenant>', 'Tenant.', '租户。'),
	('complaints_by_period', 'survey', 'text', 'Name of the survey.', '调查名称。'),
	('complaints_by_period', 'scope', 'text', 'Whose satisfaction: external customers, or internal ones (staff), as the survey says.', '调查对象:external(外部客户)或 internal(内部客户),按调查所述。'),
	('complaints_by_period', 'period', 'date', 'First day of the period.', '周期首日。'),
	('complaints_by_period', 'unit', 'text', 'week (from Monday), month, quarter or year: filter by it.', '周期单位:周(周一起)、月、季、年;请按此筛选。'),
	('complaints_by_period', 'complaints', 'bigint', 'Number of complaints.', '投诉数。'),
	('complaints_by_period', 'customers', 'bigint', 'Customers who complained.', '投诉客户数。'),
	('complaints_by_period', 'orders', 'bigint', 'Purchases of the period.', '本期购买订单数。'),
	('complaints_by_period', 'per_100_orders', 'numeric(38,2)', 'Complaints for each hundred purchases.', '每百单投诉数。'),
	('complaints_by_period', 'complaint_rate', 'numeric(38,6)', 'Complaints divided by purchases.', '投诉率:投诉数除以购买订单数。'),
	('complaints_by_period', 'complaint_rate_low', 'numeric(38,6)', 'Lower end of its 95 % interval (Wilson).', '其 95 % 区间下限(Wilson)。'),
	('complaints_by_period', 'complaint_rate_high', 'numeric(38,6)', 'Upper end of its 95 % interval (Wilson).', '其 95 % 区间上限(Wilson)。'),
	('complaints_by_period', 'complete', 'boolean', 'False while the period is not over.', '周期未结束时为假。'),
	('complaints_by_period', 'as_of', 'date', 'The day of which the row speaks; later answers are left out.', '本行所述日期;之后的回答不计。'),
	('complaint_reasons', 'tenant', '<tenant>', 'Tenant.', '租户。'),
	('complaint_reasons', 'survey', 'text', 'Name of the survey.', '调查名称。'),
	('complaint_reasons', 'reason', 'text', 'The complaint''s dimension; empty where none was given.', '投诉原因(维度);未注明为空。'),
	('complaint_reasons', 'complaints', 'bigint', 'Number of complaints.', '投诉数。'),
	('complaint_reasons', 'share', 'numeric(38,6)', 'Share of all complaints, 0 to 1.', '占全部投诉的比例。'),
	('complaint_reasons', 'last_90_days', 'bigint', 'Complaints of the last 90 days.', '最近 90 天投诉数。'),
	('complaint_reasons', 'before_90_days', 'bigint', 'Complaints of the 90 days before.', '此前 90 天投诉数。'),
	('complaint_reasons', 'p_value', 'numeric(38,6)', 'Probability of such a change of the reason''s share if nothing had changed.', '若该原因占比无变化,出现如此差异的概率。'),
	('complaint_reasons', 'as_of', 'date', 'The day of which the row speaks; later answers are left out.', '本行所述日期;之后的回答不计。'),
	('survey_status', 'survey', 'text', 'Name of the survey.', '调查名称。'),
	('survey_status', 'kind', 'text', 'nps, csat, ces or complaint.', 'nps、csat、ces 或 complaint(投诉)。'),
	('survey_status', 'scale', 'text', 'Lowest and highest score.', '最低与最高分。'),
	('survey_status', 'source', 'text', 'Table or view that is read.', '来源表或视图。'),
	('survey_status', 'mode', 'text', 'live: exact at every moment; refresh: follows its source when the base is refreshed or advanced.', 'live:实时;refresh:随客户库刷新或推进而更新。'),
	('survey_status', 'answers', 'bigint', 'Number of answers.', '回答数。'),
	('survey_status', 'customers', 'bigint', 'Customers who answered.', '回答过的客户数。'),
	('survey_status', 'anonymous', 'bigint', 'Answers without a customer.', '匿名回答数。'),
	('survey_status', 'quarantined', 'bigint', 'Answers that cannot be used: the table answers has them with their problem.', '无法使用的回答数;见 answers 表的 problem 列。'),
	('survey_status', 'first_day', 'date', 'Day of the first answer.', '最早回答日期。'),
	('survey_status', 'last_day', 'date', 'Day of the last answer.', '最近回答日期。'),
	('survey_status', 'refreshed_at', 'timestamp with time zone', 'When the source was read last.', '最近一次读取来源的时间。'),
	('survey_status', 'stale', 'boolean', 'Whether the survey is known to be behind its source.', '是否已知落后于来源。'),
	('survey_status', 'stale_reason', 'text', 'Why, and what to do.', '原因与处理办法。'),
	('kpi_targets', 'tenant', '<tenant>', 'Tenant.', '租户。'),
	('kpi_targets', 'metric', 'text', 'What is to be reached.', '指标。'),
	('kpi_targets', 'survey', 'text', 'Name of the survey, for metrics of surveys.', '调查名称(调查类指标)。'),
	('kpi_targets', 'period', 'date', 'First day of the period.', '周期首日。'),
	('kpi_targets', 'unit', 'text', 'week, month, quarter or year.', '周期单位:周、月、季、年。'),
	('kpi_targets', 'target', 'numeric', 'The target.', '目标值。'),
	('kpi_targets', 'better', 'text', 'higher or lower.', '越高越好 (higher) 或越低越好 (lower)。'),
	('kpi_targets', 'actual', 'numeric(38,6)', 'What was reached so far.', '实际值。'),
	('kpi_targets', 'low', 'numeric(38,6)', 'Lower end of its 95 % interval, where it is of a sample.', '其 95 % 区间下限(样本类指标)。'),
	('kpi_targets', 'high', 'numeric(38,6)', 'Upper end of its 95 % interval.', '其 95 % 区间上限。'),
	('kpi_targets', 'met', 'boolean', 'Whether the target is met; empty without data.', '是否达标;无数据为空。'),
	('kpi_targets', 'certain', 'boolean', 'Whether the whole interval lies on that side of the target.', '整个区间是否都在目标的同一侧。'),
	('kpi_targets', 'complete', 'boolean', 'False while the period is not over.', '周期未结束时为假。'),
	('kpi_targets', 'as_of', 'date', 'The day of which the row speaks.', '本行所述日期。'),
	('data_quality', 'item', 'text', 'What was counted.', '计数项目。'),
	('data_quality', 'rows', 'bigint', 'How many.', '数量。'),
	('data_quality', 'explanation', 'text', 'What it means.', '说明。'),
	('base_status', 'base', 'text', 'Name of the base.', '客户库名称。'),
	('base_status', 'version', 'text', 'Version of the base''s tables and views.', '客户库版本。'),
	('base_status', 'mode', 'text', 'live: exact at every moment; refresh: follows its source when it is refreshed; starting: triggers are there, the source is to be read.', 'live:实时;refresh:刷新时同步;starting:触发器已建,待读取来源。'),
	('base_status', 'as_of', 'date', 'The day of the base.', '客户库日期。'),
	('base_status', 'source', 'text', 'Table or view that is read.', '来源表或视图。'),
	('base_status', 'rows_seen', 'bigint', 'Rows that the last refresh read.', '最近一次刷新读取的行数。'),
	('base_status', 'customers', 'bigint', 'Customers in the base.', '客户数。'),
	('base_status', 'bytes', 'bigint', 'Size of the summary and of what is not folded yet, with their indexes.', '汇总表与未合并变更及其索引的字节数。'),
	('base_status', 'delta_rows', 'bigint', 'Changes that are not folded into the summary yet; every view has them already.', '尚未合并的变更行数(各视图已计入)。'),
	('base_status', 'oldest_delta', 'timestamp with time zone', 'When the oldest of them was made.', '其中最早一条的时间。'),
	('base_status', 'last_fold', 'timestamp with time zone', 'When changes were folded last.', '最近一次合并的时间。'),
	('base_status', 'last_refresh', 'timestamp with time zone', 'When the source was read last.', '最近一次刷新时间。'),
	('base_status', 'refresh_seconds', 'numeric(12,2)', 'How long that took.', '刷新用时(秒)。'),
	('base_status', 'last_advance', 'timestamp with time zone', 'When the base was advanced last.', '最近一次推进的时间。'),
	('base_status', 'advanced_to', 'date', 'The day that the log of stages has reached.', '阶段日志所到日期。'),
	('base_status', 'cut_points_as_of', 'date', 'The day of the stored cut points.', '所存分界点的日期。'),
	('base_status', 'models_fitted_on', 'date', 'The day until which the models were fitted; empty without models.', '模型拟合数据的截止日;无模型时为空。'),
	('base_status', 'models_note', 'text', 'What to know of them: that there are none, that they are old, or that they cannot be trusted.', '模型提示:没有模型、模型过旧或不可信。'),
	('base_status', 'last_verify', 'timestamp with time zone', 'When the base was verified last since the last refresh.', '最近一次核对的时间(自上次刷新)。'),
	('base_status', 'verify_differences', 'bigint', 'Differences that were found.', '核对发现的差异数。'),
	('base_status', 'triggers_ok', 'boolean', 'Whether a live base has all its triggers; empty in refresh mode.', '实时客户库的触发器是否齐全;刷新模式为空。'),
	('base_status', 'quarantined', 'bigint', 'Rows of the source that could not be used.', '无法使用的来源行数。'),
	('base_status', 'kept_before', 'date', 'Orders before this day are the base''s own and are not compared with the source.', '此日之前的历史由客户库保留,不再与来源比较。'),
	('base_status', 'stale', 'boolean', 'Whether the base is known to be behind its source or its day.', '是否已知落后于来源或日期。'),
	('base_status', 'stale_reason', 'text', 'Why, and what to do.', '原因与处理办法。');
END;
COMMENT ON FUNCTION base_columns() IS
'The columns of the views of a customer base, with their comments in English and Chinese.';

-- The columns of a view in one base, with the types of its key and its attributes.
CREATE FUNCTION base_columns_of(options jsonb, view text, OUT ordinal bigint, OUT name text, OUT type text, OUT comment text)
	RETURNS SETOF record
	LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY
	SELECT row_number() OVER (), c.name, c.type, c.comment
	FROM (SELECT coalesce(a.attname::text, t.name) AS name,
			CASE t.type WHEN '<customer>' THEN options ->> 'customer_type' WHEN '<tenant>' THEN options ->> 'tenant_type'
				WHEN '<history>' THEN (options ->> 'ext') || '.purchase_history' WHEN '<stage>' THEN (options ->> 'ext') || '.lifecycle_stage' WHEN '' THEN format_type(a.atttypid, a.atttypmod) ELSE t.type END AS type,
			CASE WHEN t.type = '' THEN coalesce(col_description(a.attrelid, a.attnum), format('%s.%I', options ->> 'customers', a.attname)) WHEN options ->> 'language' = 'zh' THEN t.zh ELSE t.en END AS comment
		FROM @extschema@.base_columns() WITH ORDINALITY AS t (view, name, type, en, zh, n)
			LEFT JOIN jsonb_array_elements_text(coalesce((options ->> 'attributes')::jsonb, '[]')) WITH ORDINALITY AS x (attribute, n)
				ON t.type = ''
			LEFT JOIN pg_attribute AS a ON a.attrelid = (options ->> 'customers')::regclass AND a.attname = x.attribute
		WHERE t.view = CASE base_columns_of.view WHEN 'customer_now' THEN 'summary_now' ELSE base_columns_of.view END AND (t.type <> '' OR a.attname IS NOT NULL)
			AND (t.name <> 'tenant' OR options ->> 'tenant_sql' IS NOT NULL)
		ORDER BY t.n, x.n) AS c;
END $$;
COMMENT ON FUNCTION base_columns_of(jsonb, text) IS
'The columns of one view of a customer base, in order.';

-- The views of a base, and their twins for any day ---------------------------------------------------

-- A function of the base's schema. It can be inlined, so that a condition on a view reaches the tables beneath.
CREATE FUNCTION base_make_function(options jsonb, signature text, columns text, body text, properties text DEFAULT 'STABLE PARALLEL SAFE') RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	EXECUTE @extschema@.base_template('CREATE OR REPLACE FUNCTION {schema}.' || signature || ' RETURNS ' || columns
		|| ' LANGUAGE sql ' || properties || ' BEGIN ATOMIC ' || body || '; END', options);
END $$;
COMMENT ON FUNCTION base_make_function(jsonb, text, text, text, text) IS
'Makes a function in the schema of a customer base from templates.';

-- A view, with its comments; and before it, if it speaks of a day, its twin, from which it is drawn. What a function
-- returns has no scale, so the view gives it.
CREATE FUNCTION base_make_view(options jsonb, view text, comment text, body text, twin boolean DEFAULT true) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	columns text;
	description record;
BEGIN
	IF twin THEN
		SELECT string_agg(format('%I %s', c.name, c.type), ', ' ORDER BY c.ordinal)
		INTO columns FROM @extschema@.base_columns_of(options, view) AS c;
		PERFORM @extschema@.base_make_function(options || jsonb_build_object('columns', columns), view || '_at(day date)', 'TABLE ({columns})', body);
		EXECUTE format('COMMENT ON FUNCTION %s.%I(date) IS %L', options ->> 'schema', view || '_at', format('The view %s as of any day.', view));
		body := format('SELECT {columns} FROM {schema}.%I({schema}.as_of())', view || '_at');
	END IF;
	SELECT string_agg(CASE WHEN c.type LIKE '%(%' THEN format('%I::%s AS %1$I', c.name, c.type) ELSE quote_ident(c.name) END, ', ' ORDER BY c.ordinal)
	INTO columns FROM @extschema@.base_columns_of(options, view) AS c;
	EXECUTE @extschema@.base_template(format('CREATE OR REPLACE VIEW {schema}.%I WITH (security_invoker = true) AS %s', view, body),
		options || jsonb_build_object('columns', columns));
	EXECUTE format('COMMENT ON VIEW %s.%I IS %L', options ->> 'schema', view, comment);
	FOR description IN SELECT * FROM @extschema@.base_columns_of(options, view) LOOP
		EXECUTE format('COMMENT ON COLUMN %s.%I.%I IS %L', options ->> 'schema', view, description.name, description.comment);
	END LOOP;
END $$;
COMMENT ON FUNCTION base_make_view(jsonb, text, text, text, boolean) IS
'Makes a view in the schema of a customer base from a template, with its twin for any day and its comments.';

CREATE FUNCTION base_make_views(options jsonb) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	zh boolean := options ->> 'language' = 'zh';
	tenant boolean := options ->> 'tenant_sql' IS NOT NULL;
	scope text;
BEGIN
	options := options || jsonb_build_object(
		'label', CASE WHEN zh THEN 'label_zh' ELSE 'label_en' END,
		'digits', (SELECT m.digits FROM @extschema@.segment_maps() AS m WHERE m.map = options ->> 'segment_map'),
		'population_method', CASE WHEN options ->> 'rfm_method' = 'fixed' THEN 'quantile' ELSE options ->> 'rfm_method' END,
		'fixed', nullif(options ->> 'rfm_method' = 'fixed', false),
		'attributes_sql', (SELECT coalesce(string_agg(format('s.%I, ', a), ''), '')
			FROM jsonb_array_elements_text(coalesce((options ->> 'attributes')::jsonb, '[]')) AS a),
		'detractors', CASE WHEN zh THEN '贬损者' ELSE 'detractors' END, 'passives', CASE WHEN zh THEN '被动者' ELSE 'passives' END, 'promoters', CASE WHEN zh THEN '推荐者' ELSE 'promoters' END,
		'key_tenant,', CASE WHEN tenant THEN (options ->> 'key_tenant_sql') || ', ' ELSE '' END,
		'key_is_customer', format('%s %s m.customer', options ->> 'key_sql', options ->> 'customer_equal')
			|| CASE WHEN tenant THEN format(' AND %s %s m.tenant', options ->> 'key_tenant_sql', options ->> 'tenant_equal') ELSE '' END,
		'no_measures', (SELECT string_agg(CASE c.name WHEN 'stage' THEN '''prospect''' WHEN 'stage_label' THEN 'l.label_' || (options ->> 'language')
				WHEN 'stage_rank' THEN 'l.rank' ELSE format('NULL::%s AS %I', c.type, c.name) END, ', ')
			FROM @extschema@.base_columns() AS c
			WHERE c.view = 'customers' AND c.type NOT IN ('<customer>', '<tenant>', '') AND c.name NOT IN ('currency', 'as_of')),
		'tenant_column', CASE WHEN tenant THEN 'tenant ' || (options ->> 'tenant_type') || ', ' ELSE '' END,
		'of_tenant', CASE WHEN tenant THEN ' WHERE c.tenant ' || (options ->> 'tenant_equal') || ' b.tenant' ELSE '' END,
		'of_each_key_tenant', CASE WHEN tenant THEN 'GROUP BY ' || (options ->> 'key_tenant_sql') ELSE '' END,
		'by_tenant', CASE WHEN tenant THEN 'PARTITION BY c.tenant' ELSE '' END,
		'by_m_tenant', CASE WHEN tenant THEN 'PARTITION BY m.tenant' ELSE '' END,
		'reason_differences', CASE WHEN zh THEN '核对发现差异:请刷新' ELSE 'verification found differences: refresh' END,
		'reason_refresh', CASE WHEN zh THEN '。排除原因后请刷新' ELSE '. When that is put right, refresh' END,
		'reason_trigger', CASE WHEN zh THEN '%s 缺少触发器或触发器已停用:请推进 (advance_customer_base) 或重新启动 (start_maintenance)' ELSE '%s lacks a trigger, or it is disabled: advance or start maintenance again' END,
		'reason_source', CASE WHEN zh THEN '来源 %s 不存在' ELSE 'there is no %s any more' END,
		'reason_starting', CASE WHEN zh THEN '启动未完成:请重新启动 (start_maintenance)' ELSE 'start_maintenance was not finished: call it again' END,
		'reason_fold', CASE WHEN zh THEN '变更已超过一天未合并:请定时推进 (advance_customer_base)' ELSE 'changes were not folded for a day: schedule advance_customer_base' END,
		'reason_day', CASE WHEN zh THEN '今日尚未刷新' ELSE 'not refreshed today' END,
		'note_no_model', CASE WHEN zh THEN '没有模型:SELECT * FROM fit_models(%L)' ELSE 'no models yet: SELECT * FROM fit_models(%L)' END,
		'note_old_model', CASE WHEN zh THEN '模型已有 %s 天:SELECT * FROM fit_models(%L)' ELSE 'the models are %s days old: SELECT * FROM fit_models(%L)' END,
		'note_model_trust', CASE WHEN zh THEN '模型不可信:%s' ELSE 'the models cannot be trusted: %s' END);
	options := options || @extschema@.base_model_parts(options) || @extschema@.base_churn_parts(options)
		|| jsonb_build_object('last_nps', @extschema@.base_last_answer(options, 'nps'), 'last_satisfaction', @extschema@.base_last_answer(options, 'csat'));
	options := options || jsonb_build_object('stored_rfm', @extschema@.base_template($template$
{ext}.rfm_breaks(array_agg(c.value ORDER BY c.cut) FILTER (WHERE c.measure = 'days_since_last'),
		array_agg(c.value ORDER BY c.cut) FILTER (WHERE c.measure = 'orders'),
		array_agg(c.value ORDER BY c.cut) FILTER (WHERE c.measure = 'total'))$template$, options));

	PERFORM @extschema@.base_make_function(options, 'as_of()', 'date', CASE options ->> 'as_of'
		WHEN 'today' THEN 'SELECT (now() AT TIME ZONE {''time_zone''})::date'
		WHEN 'last_purchase' THEN 'SELECT greatest((SELECT last_day FROM {schema}.state), (SELECT max(day) FROM {schema}.deltas WHERE orders > 0 OR refunds > 0)
			[[order_sql:, (SELECT max(day) FROM {schema}.line_deltas WHERE lines > 0)]])'
		ELSE 'SELECT {''as_of''}::date' END);

	-- What is not folded yet lies under everything that is read, so that a live base is exact at once. A condition on the key
	-- reaches both tables; the customers with changes are few, and their columns are drawn from the history anew, which unnest
	-- has computed once (OFFSET 0 would, too, but no plan over it is parallel). Twice, again for
	-- the planner's sake: for one customer its changes are looked up in an index; for all of them their keys are a hash table, in
	-- every worker of a parallel scan. That the keys come from a function that is not inlined keeps the planner from anything
	-- else, whatever statistics say of a table that is full and empty by turns.
	PERFORM @extschema@.base_make_function(options, 'changed()', 'TABLE ({tenant_column}customer {customer_type})', $template$
SELECT {key} FROM {schema}.deltas WHERE item IS NULL[[order_sql: UNION ALL SELECT {key} FROM {schema}.line_deltas]]$template$, 'STABLE STRICT PARALLEL SAFE ROWS 1000');
	IF options ->> 'order_sql' IS NOT NULL THEN
		PERFORM @extschema@.base_make_lines_of(options);
	END IF;
	PERFORM @extschema@.base_make_folds(options);
	FOREACH scope IN ARRAY ARRAY['customer', 'summary'] LOOP
		PERFORM @extschema@.base_make_view(options || jsonb_build_object('changes', @extschema@.base_changes(options,
			(options ->> 'schema') || '.deltas', (options ->> 'schema') || '.line_deltas'),
			'is_changed', @extschema@.base_template(CASE
				WHEN scope = 'customer' THEN 'EXISTS (SELECT FROM {schema}.deltas AS d WHERE {d=m} OFFSET 0)
					[[order_sql: OR EXISTS (SELECT FROM {schema}.line_deltas AS d WHERE {d=m} OFFSET 0)]]'
				WHEN NOT tenant THEN 'm.customer {customer_equal} ANY (SELECT customer FROM {schema}.changed())'
				WHEN options ->> 'tenant_equal' = options ->> 'customer_equal' THEN '(m.tenant, m.customer) {customer_equal} ANY (SELECT tenant, customer FROM {schema}.changed())'
				ELSE 'EXISTS (SELECT FROM {schema}.changed() AS d WHERE {d=m})' END, options)),
			scope || '_now', CASE scope WHEN 'customer' THEN 'The same as summary_now, for look-ups by key.'
				ELSE 'The summary with the changes of a live base that are not folded into it yet; the other views read it.' END, $template$
SELECT m.customer, {m.tenant,} m.history, m.orders, m.gross, m.total, m.first_purchase, m.last_purchase, m.last_day, m.stage, m.stage_on, m.stage_due
FROM (SELECT {key}, history, orders, gross, total, first_purchase, last_purchase, last_day, stage, stage_on, stage_due,
		true AS folded FROM {schema}.summary
	UNION ALL
	SELECT {n.key}, n.history, {ext}.orders(n.history), {ext}.gross(n.history), {ext}.total(n.history), {ext}.first_purchase(n.history),
		{ext}.last_purchase(n.history), {ext}.last_day(n.history), NULL, NULL, NULL, false
	FROM (SELECT {c.key}, unnest(ARRAY[{ext}.net(s.history, c.changes)]) AS history FROM ({changes}) AS c LEFT JOIN {schema}.summary AS s ON {c=s}) AS n
	WHERE {ext}.last_day(n.history) IS NOT NULL) AS m
WHERE NOT m.folded OR NOT ({is_changed})$template$, false);
	END LOOP;

	PERFORM @extschema@.base_make_rhythm(options);

	-- The measures of each customer at the end of a day: the plain columns serve when nothing comes after it. Twice, for the
	-- planner's sake: for one customer the day stands apart, fenced by OFFSET 0, which plans in a moment; for all of them it is
	-- a parameter wherever it is used, so that plans are parallel.
	FOREACH scope IN ARRAY ARRAY['', 'all_'] LOOP
		PERFORM @extschema@.base_make_function(options || jsonb_build_object('one_day', CASE scope WHEN '' THEN '(SELECT $1 AS day OFFSET 0)'
			ELSE '(SELECT (SELECT $1) AS day)' END,
			'now', CASE scope WHEN '' THEN 'customer_now' ELSE 'summary_now' END), scope || 'measured_at(day date)', 'TABLE ({tenant_column}customer {customer_type},
		history {ext}.purchase_history, first_purchase date, last_purchase date, orders bigint, gross numeric, total numeric,
		frequency bigint, money numeric, stage {ext}.lifecycle_stage, as_of date)', $template$
SELECT {m.tenant,} m.customer,
	CASE WHEN m.last_day <= d.day THEN m.history ELSE {ext}.as_of(m.history, d.day) END,
	CASE WHEN m.first_purchase <= d.day THEN m.first_purchase END,
	CASE WHEN m.last_purchase <= d.day THEN m.last_purchase ELSE {ext}.last_purchase({ext}.as_of(m.history, d.day)) END,
	CASE WHEN m.last_day <= d.day THEN m.orders ELSE {ext}.orders({ext}.as_of(m.history, d.day)) END,
	CASE WHEN m.last_day <= d.day THEN m.gross ELSE {ext}.gross({ext}.as_of(m.history, d.day)) END,
	CASE WHEN m.last_day <= d.day THEN m.total ELSE {ext}.total({ext}.as_of(m.history, d.day)) END,
	[[rfm_window:{ext}.orders({ext}.slice(m.history, (d.day - {'rfm_window'}::interval)::date + 1, d.day + 1)),
	{ext}.total({ext}.slice(m.history, (d.day - {'rfm_window'}::interval)::date + 1, d.day + 1)),]]
	[[!rfm_window:CASE WHEN m.last_day <= d.day THEN m.orders ELSE {ext}.orders({ext}.as_of(m.history, d.day)) END,
	CASE WHEN m.last_day <= d.day THEN m.total ELSE {ext}.total({ext}.as_of(m.history, d.day)) END,]]
	CASE WHEN m.stage_on BETWEEN m.last_day AND d.day AND (m.stage_due > d.day) IS NOT FALSE THEN m.stage
		ELSE {ext}.lifecycle_stage(m.history, d.day, {'policy'}::{ext}.lifecycle_policy) END,
	d.day
FROM {one_day} AS d CROSS JOIN {schema}.{now} AS m
WHERE m.last_day <= d.day OR m.first_purchase <= d.day OR {ext}.refunds({ext}.as_of(m.history, d.day)) > 0$template$);
	END LOOP;

	-- The limits of the population of a day. STRICT keeps it from being inlined: a look-up by stored limits does not
	-- plan a scan that it never runs.
	PERFORM @extschema@.base_make_function(options, 'population_breaks(day date)', 'TABLE ({tenant_column}rfm {ext}.rfm_breaks, abc numeric[])', $template$
SELECT {m.tenant,} {ext}.rfm_breaks(m.as_of - m.last_purchase, m.frequency, m.money, {rfm_bins}, {'population_method'}),
	{ext}.abc_breaks(m.total, {abc_a}, {abc_b})
FROM {schema}.all_measured_at($1) AS m WHERE m.last_purchase IS NOT NULL[[tenant_sql: GROUP BY m.tenant]]$template$,
		'STABLE STRICT PARALLEL SAFE ROWS 1');

	-- The limits to score by on a day: the stored ones, or for a day before them those of its own population.
	PERFORM @extschema@.base_make_function(options, 'breaks_at(day date)', 'TABLE ({tenant_column}rfm {ext}.rfm_breaks, abc numeric[])', $template$
SELECT {c.tenant,} {stored_rfm}, array_agg(c.value ORDER BY c.cut) FILTER (WHERE c.measure = 'abc')
FROM {schema}.cut_points AS c[[tenant_sql: GROUP BY c.tenant]]
HAVING coalesce($1 >= (SELECT max(l.as_of) FROM {schema}.cut_points AS l), true)
UNION ALL
SELECT {b.tenant,} [[!fixed:b.rfm]][[fixed:(SELECT {stored_rfm} FROM {schema}.cut_points AS c{of_tenant})]], b.abc
FROM {schema}.population_breaks($1) AS b WHERE $1 < (SELECT max(l.as_of) FROM {schema}.cut_points AS l)$template$);

	-- Recency is counted to the day of the limits, so that a score does not move because a day has passed.
	FOREACH scope IN ARRAY ARRAY['', 'all_'] LOOP
		PERFORM @extschema@.base_make_function(options || jsonb_build_object('scope', scope), scope || 'scored_at(day date)', 'TABLE ({tenant_column}customer {customer_type},
		history {ext}.purchase_history, first_purchase date, last_purchase date, orders bigint, gross numeric, total numeric,
		frequency bigint, money numeric, rfm {ext}.rfm_score, abc {ext}.abc_class, stage {ext}.lifecycle_stage, as_of date)', $template$
SELECT {m.tenant,} m.customer, m.history, m.first_purchase, m.last_purchase, m.orders, m.gross, m.total, m.frequency, m.money,
	{ext}.rfm_score([[tenant_sql:b.rfm]][[!tenant_sql:(SELECT b.rfm FROM {schema}.breaks_at($1) AS b)]],
		least(m.as_of, (SELECT max(c.as_of) FROM {schema}.cut_points AS c WHERE c.measure = 'days_since_last')) - m.last_purchase,
		m.frequency, m.money),
	{ext}.abc_class([[tenant_sql:b.abc]][[!tenant_sql:(SELECT b.abc FROM {schema}.breaks_at($1) AS b)]],
		CASE WHEN m.last_purchase IS NOT NULL THEN m.total END),
	m.stage, m.as_of
FROM {schema}.{scope}measured_at($1) AS m
	[[tenant_sql:LEFT JOIN {schema}.breaks_at($1) AS b ON b.tenant {tenant_equal} m.tenant]]$template$);
	END LOOP;

	-- OFFSET 0 has a score computed once, however many columns are drawn from it, and not at all if none is. Segments are joined by m too: the
	-- planner would have them join each customer's score, before the customers, and so once for each.
	PERFORM @extschema@.base_make_view(options, 'customers', 'Every customer with all measures and scores; with a customers table also those without an order.', $template$
SELECT m.customer, {m.tenant,} {attributes_sql}m.first_purchase, m.last_purchase, m.as_of - m.last_purchase, m.orders,
	{ext}.refunds(m.history), m.gross::numeric(38,2), (m.gross - m.total)::numeric(38,2),
	m.total::numeric(38,2), (m.gross / nullif(m.orders, 0))::numeric(38,2), m.as_of - m.first_purchase, {ext}.median_gap(m.history),
	score.rfm::text, {ext}.recency_score(score.rfm), {ext}.frequency_score(score.rfm), {ext}.monetary_score(score.rfm),
	g.segment, g.{label}, g.rank, m.abc::text, score.stage, l.{label}, l.rank,
	score.risk, score.band, {ext}.churn_band_rank(score.band), {ext}.revenue_at_risk(coalesce(score.value, {current_value}), score.risk)::numeric(38,2), score.alive, score.purchases, {historic_value}::numeric(38,2),
	score.value::numeric(38,2), ({historic_value} + score.value)::numeric(38,2), score.trust, {last_nps}, {last_satisfaction}, {'currency'}::text, m.as_of
FROM {schema}.scored_at($1) AS m CROSS JOIN LATERAL (SELECT v.*, {ext}.churn_band(v.risk) AS band FROM (SELECT m.rfm, m.stage::text, {model_values} OFFSET 0) AS v OFFSET 0) AS score
	LEFT JOIN {schema}.segment_map AS g ON g.code = left(score.rfm::text, {digits}) AND m.customer IS NOT NULL
	LEFT JOIN {schema}.lifecycle_stages AS l ON l.stage = score.stage
	[[customers:LEFT JOIN {customers} AS s ON {key_is_customer}
UNION ALL
SELECT ({key_sql})::{customer_type}, {key_tenant,}{attributes_sql}{no_measures}, {'currency'}::text, d.day
FROM (SELECT $1 AS day OFFSET 0) AS d CROSS JOIN {customers} AS s LEFT JOIN {schema}.lifecycle_stages AS l ON l.stage = 'prospect'
WHERE {key_sql} IS NOT NULL AND NOT EXISTS (SELECT FROM {schema}.measured_at($1) AS m WHERE {key_is_customer})]]$template$);

	PERFORM @extschema@.base_make_view(options, 'rfm', 'Recency, frequency and money of every customer with a purchase, with scores and segment.', $template$
SELECT m.customer, {m.tenant,} m.as_of - m.last_purchase, m.frequency, m.money::numeric(38,2), score.rfm::text, {ext}.recency_score(score.rfm),
	{ext}.frequency_score(score.rfm), {ext}.monetary_score(score.rfm), g.segment, g.{label}, g.rank, {'currency'}::text, m.as_of
FROM {schema}.scored_at($1) AS m CROSS JOIN LATERAL (SELECT m.rfm OFFSET 0) AS score
	LEFT JOIN {schema}.segment_map AS g ON g.code = left(score.rfm::text, {digits}) AND m.customer IS NOT NULL
WHERE m.last_purchase IS NOT NULL$template$);

	-- By score and days first, so that a million customers are a few thousand rows before they meet the map.
	PERFORM @extschema@.base_make_view(options, 'rfm_segments', 'The segments: how many customers, what they are worth, what to do.', $template$
SELECT {c.tenant,} c.segment, g.label, g.rank, g.action, sum(c.customers)::bigint,
	round(sum(c.customers) / sum(sum(c.customers)) OVER ({by_tenant}), 6), sum(c.total)::numeric(38,2),
	round(sum(c.total) / nullif(sum(sum(c.total)) OVER ({by_tenant}), 0), 6),
	(sum(c.gross) / nullif(sum(c.orders), 0))::numeric(38,2),
	(min(c.days) FILTER (WHERE 2 * c.upto >= c.of) + min(c.days) FILTER (WHERE 2 * c.upto > c.of))::double precision / 2,
	{'currency'}::text, $1
FROM (SELECT {s.tenant,} g.segment, s.days, sum(s.customers) AS customers, sum(s.total) AS total, sum(s.gross) AS gross,
		sum(s.orders) AS orders, sum(sum(s.customers)) OVER (PARTITION BY {s.tenant,} g.segment ORDER BY s.days) AS upto,
		sum(sum(s.customers)) OVER (PARTITION BY {s.tenant,} g.segment) AS of
	FROM (SELECT {t.tenant,} r.rfm, r.days_since_last AS days, r.customers, r.total, r.gross, r.orders
		FROM (SELECT {m.tenant,} {ext}.rfm_totals(m.rfm, m.as_of - m.last_purchase, m.orders, m.gross, m.total) AS totals
			FROM {schema}.all_scored_at($1) AS m WHERE m.last_purchase IS NOT NULL[[tenant_sql: GROUP BY m.tenant]]) AS t,
			unnest(t.totals) AS r) AS s
		JOIN {schema}.segment_map AS g ON g.code = left(s.rfm::text, {digits})
	GROUP BY {s.tenant,} g.segment, s.days) AS c
	JOIN (SELECT segment, min({label}) AS label, min(rank) AS rank, min(action) AS action FROM {schema}.segment_map GROUP BY segment) AS g
		ON g.segment = c.segment
GROUP BY {c.tenant,} c.segment, g.label, g.rank, g.action
ORDER BY {c.tenant,} g.rank$template$);

	PERFORM @extschema@.base_make_view(options, 'abc', 'Every customer with a purchase by its share of the revenue.', $template$
SELECT m.customer, {m.tenant,} m.total::numeric(38,2),
	round(greatest(m.total, 0) / sum(CASE WHEN m.total > 0 THEN m.total END) OVER ({by_m_tenant}), 6),
	round({ext}.cumulative_share(m.total) OVER ({by_m_tenant}), 6), m.abc::text, {'currency'}::text, m.as_of
FROM {schema}.all_scored_at($1) AS m WHERE m.last_purchase IS NOT NULL$template$);

	PERFORM @extschema@.base_make_function(options, 'kpis_by(unit text, day date)', 'TABLE ({tenant_column}period date, customers_active bigint,
		customers_new bigint, customers_returning bigint, customers_reactivated bigint, customers_lost bigint, customers_total bigint,
		orders bigint, gross numeric, refunded numeric, net numeric, average_order numeric, orders_per_customer numeric,
		repeat_rate numeric, refund_rate numeric, complete boolean, as_of date)', $template$
WITH activity AS (
	SELECT {t.tenant,} p.*, t.day
	FROM (SELECT {m.tenant,} {ext}.period_totals(m.history, $1, d.day, {'count_by'}) AS totals, d.day
			FROM (SELECT (SELECT $2) AS day) AS d CROSS JOIN {schema}.summary_now AS m GROUP BY {m.tenant,} d.day) AS t,
		LATERAL unnest(t.totals) AS p
), calendar AS (
	SELECT {c.tenant,} p::date AS period, (p + c.length)::date AS next, c.day
	FROM (SELECT {a.tenant,} min(a.period) AS first, a.day,
				CASE $1 WHEN 'quarter' THEN interval '3 months' ELSE ('1 ' || $1)::interval END AS length
			FROM activity AS a GROUP BY {a.tenant,} a.day) AS c,
		LATERAL generate_series(c.first::timestamp, c.day::timestamp, c.length) AS p
)
SELECT {c.tenant,} c.period, coalesce(a.customers_active, 0), coalesce(a.customers_new, 0), coalesce(a.customers_returning, 0),
	coalesce(a.customers_reactivated, 0), coalesce(a.customers_lost, 0),
	(sum(a.customers_new) OVER ({by_tenant} ORDER BY c.period))::bigint, coalesce(a.orders, 0),
	coalesce(a.gross, 0)::numeric(38,2), coalesce(a.refunded, 0)::numeric(38,2), coalesce(a.gross - a.refunded, 0)::numeric(38,2),
	(a.gross / nullif(a.orders, 0))::numeric(38,2), round(a.orders::numeric / nullif(a.customers_active, 0), 6),
	round(a.customers_repeated::numeric / nullif(a.customers_active, 0), 6), round(a.refunded / nullif(a.gross, 0), 6),
	c.next <= c.day + 1 AND c.period >= coalesce({'history_starts'}::date, c.period), c.day
FROM calendar AS c LEFT JOIN activity AS a ON a.period = c.period[[tenant_sql: AND a.tenant {tenant_equal} c.tenant]]$template$);

	-- The unit stands outside of the sums, so that a condition on it spares the other units.
	PERFORM @extschema@.base_make_view(options, 'kpis', 'The business by week, month, quarter and year; filter by unit.',
		(SELECT string_agg(format('SELECT {k.tenant,} k.period, %L::text, k.customers_active, k.customers_new, k.customers_returning,
			k.customers_reactivated, k.customers_lost, k.customers_total, k.orders, k.gross, k.refunded, k.net, k.average_order,
			k.orders_per_customer, k.repeat_rate, k.refund_rate, k.complete, {''currency''}::text, k.as_of
			FROM {schema}.kpis_by(%1$L, $1) AS k', unit), ' UNION ALL ')
		FROM unnest('{week,month,quarter,year}'::text[]) AS unit));

	PERFORM @extschema@.base_make_lifecycle_views(options);
	PERFORM @extschema@.base_make_model_views(options);
	PERFORM @extschema@.base_make_churn_views(options);
	PERFORM @extschema@.base_make_survey_views(options);
	PERFORM @extschema@.base_make_retention_views(options);
	PERFORM @extschema@.base_make_view(options, 'histories', 'The purchase history of every customer, for SQL.',
		'SELECT customer, {tenant,} history FROM {schema}.summary_now', false);
	PERFORM @extschema@.base_make_view(options, 'data_quality', 'What the last refresh counted, what it left out, and why; in a live base, what has been left out since is counted as well.',
		'SELECT q.item, greatest(q.rows + coalesce(d.rows, 0), 0)::bigint AS rows, q.explanation
		FROM {schema}.quality AS q LEFT JOIN (' || @extschema@.base_left_out('{schema}.deltas') || ') AS d ON d.item = q.item ORDER BY q.ordinal', false);
	PERFORM @extschema@.base_make_view(options, 'base_status', 'The state of the base in one row.', $template$
SELECT s.base, s.base_version AS version, x.mode, d.day AS as_of, s.source,
	(SELECT q.rows FROM {schema}.quality AS q WHERE q.item = 'rows_seen') AS rows_seen,
	(SELECT count(*) FROM {schema}.summary_now) AS customers,
	pg_total_relation_size({'summary_table'}::regclass) + p.bytes AS bytes, p.rows AS delta_rows, p.oldest AS oldest_delta, t.folded_at AS last_fold,
	t.refreshed_at AS last_refresh, t.refresh_seconds, t.advanced_at AS last_advance, t.advanced_to,
	(SELECT max(c.as_of) FROM {schema}.cut_points AS c) AS cut_points_as_of, k.fitted_on AS models_fitted_on,
	CASE WHEN k.fitted_on IS NULL THEN format({'note_no_model'}, s.base) WHEN d.day - k.fitted_on > 31 THEN format({'note_old_model'}, d.day - k.fitted_on, s.base)
		WHEN k.trust NOT IN ('ok', 'small_sample') THEN format({'note_model_trust'}, k.trust) END AS models_note, t.verified_at AS last_verify,
	t.differences AS verify_differences, CASE WHEN x.mode <> 'refresh' THEN x.missing IS NULL END AS triggers_ok,
	(SELECT sum(q.rows)::bigint FROM {schema}.quality AS q WHERE q.item LIKE 'quarantined\_%') AS quarantined, t.kept_before,
	r.reason IS NOT NULL AS stale, r.reason AS stale_reason
FROM {schema}.settings AS s LEFT JOIN {schema}.state AS t ON true CROSS JOIN (SELECT {schema}.as_of() AS day) AS d
	CROSS JOIN (SELECT max(c.as_of) AS fitted_on, {models_trust} AS trust FROM {schema}.models AS c) AS k
	CROSS JOIN (SELECT sum(c.bytes)::bigint AS bytes, sum(c.rows)::bigint AS rows, min(c.oldest) AS oldest FROM (
		SELECT pg_total_relation_size({'deltas_table'}::regclass) AS bytes, count(*) AS rows, min(at) AS oldest FROM {schema}.deltas
		[[order_sql:UNION ALL SELECT pg_total_relation_size({'line_deltas_table'}::regclass), count(*), min(at) FROM {schema}.line_deltas]]) AS c) AS p
	CROSS JOIN LATERAL (SELECT count(*) AS expected, count(*) FILTER (WHERE g.missing) AS missing, min(g.relation) FILTER (WHERE g.missing) AS relation
		FROM {ext}.base_trigger_state(s.tableoid::regclass, s.source) AS g) AS g
	CROSS JOIN LATERAL (SELECT CASE WHEN t.live_since IS NOT NULL THEN 'live' WHEN g.missing < g.expected THEN 'starting' ELSE 'refresh' END AS mode,
		CASE WHEN t.live_since IS NOT NULL THEN CASE WHEN g.expected = 0 THEN s.source WHEN g.missing > 0 THEN g.relation END END AS missing) AS x
	CROSS JOIN LATERAL (SELECT CASE
		WHEN EXISTS (SELECT FROM {schema}.troubles) THEN (SELECT string_agg(concat_ws(': ', o.reason, o.detail), '; ') FROM (SELECT DISTINCT reason, detail FROM {schema}.troubles ORDER BY reason, detail LIMIT 5) AS o)
			|| {'reason_refresh'}
		WHEN g.expected = 0 THEN format({'reason_source'}, s.source)
		WHEN x.missing IS NOT NULL THEN format({'reason_trigger'}, x.missing)
		WHEN EXISTS (SELECT FROM {schema}.survey_status AS y WHERE y.stale) THEN (SELECT min(y.survey || ': ' || y.stale_reason) FROM {schema}.survey_status AS y WHERE y.stale)
		WHEN x.mode = 'starting' THEN {'reason_starting'}
		WHEN t.differences > 0 THEN {'reason_differences'}
		WHEN x.mode = 'refresh' AND s.as_of = 'today' AND (t.refreshed_at AT TIME ZONE s.time_zone)::date < d.day THEN {'reason_day'}
		WHEN x.mode = 'live' AND p.oldest < now() - interval '1 day' THEN {'reason_fold'} END AS reason) AS r$template$, false);

	PERFORM @extschema@.base_make_function(options, 'segment_moves(from_day date, to_day date)', 'TABLE ({tenant_column}from_segment text, to_segment text,
		customers bigint, total numeric)', $template$
SELECT [[tenant_sql:coalesce(a.tenant, b.tenant), ]]a.segment, b.segment, count(*), sum(coalesce(b.total, 0))::numeric(38,2)
FROM (SELECT {m.tenant,} m.customer, g.segment, g.rank FROM {schema}.all_scored_at($1) AS m
		LEFT JOIN {schema}.segment_map AS g ON g.code = left(m.rfm::text, {digits}) WHERE m.last_purchase IS NOT NULL) AS a
	FULL JOIN (SELECT {m.tenant,} m.customer, g.segment, g.rank, m.total FROM {schema}.all_scored_at($2) AS m
		LEFT JOIN {schema}.segment_map AS g ON g.code = left(m.rfm::text, {digits}) WHERE m.last_purchase IS NOT NULL) AS b ON {a=b}
GROUP BY [[tenant_sql:coalesce(a.tenant, b.tenant), ]]a.segment, b.segment
ORDER BY [[tenant_sql:coalesce(a.tenant, b.tenant), ]]min(a.rank), min(b.rank)$template$);
	PERFORM @extschema@.base_make_function(options, 'moved(from_day date, to_day date, from_segment text, to_segment text)',
		'TABLE (customer {customer_type}, {tenant_column}from_rfm text, to_rfm text, days_since_last integer, orders bigint, total numeric)', $template$
SELECT coalesce(a.customer, b.customer), [[tenant_sql:coalesce(a.tenant, b.tenant), ]]a.rfm, b.rfm, b.days_since_last, b.orders, b.total
FROM {schema}.rfm_at($1) AS a FULL JOIN {schema}.rfm_at($2) AS b ON {a=b}
WHERE a.segment IS NOT DISTINCT FROM $3 AND b.segment IS NOT DISTINCT FROM $4$template$);

	EXECUTE @extschema@.base_template($template$
COMMENT ON FUNCTION {schema}.as_of() IS 'The day of the base.';
COMMENT ON FUNCTION {schema}.changed() IS 'The customers with changes that are not folded yet.';
COMMENT ON FUNCTION {schema}.measured_at(date) IS 'The measures of customers at the end of a day, for look-ups by key.';
COMMENT ON FUNCTION {schema}.all_measured_at(date) IS 'The same, planned for all customers.';
COMMENT ON FUNCTION {schema}.population_breaks(date) IS 'The limits of the population of a day, computed anew.';
COMMENT ON FUNCTION {schema}.breaks_at(date) IS 'The limits to score by on a day: the stored ones, or for an earlier day those of its population.';
COMMENT ON FUNCTION {schema}.scored_at(date) IS 'The measures and scores of customers at the end of a day, for look-ups by key.';
COMMENT ON FUNCTION {schema}.all_scored_at(date) IS 'The same, planned for all customers.';
COMMENT ON FUNCTION {schema}.kpis_by(text, date) IS 'The view kpis for one unit (week, month, quarter, year), as of any day.';
COMMENT ON FUNCTION {schema}.segment_moves(date, date) IS 'How many customers went from which segment to which between two days, and their total at the second; no segment: no purchase yet.';
COMMENT ON FUNCTION {schema}.moved(date, date, text, text) IS 'The customers who went from one segment to another between two days; NULL as a segment: no purchase yet.'$template$, options);
END $$;
COMMENT ON FUNCTION base_make_views(jsonb) IS
'Makes the functions and views of a customer base in its schema.';

-- Models in a base: fitted when asked, stored, and read by the views ------------------------------------

-- Where a model says 1 of everybody by construction, it says nothing of this one.
CREATE FUNCTION base_alive(model purchase_model, history purchase_history, as_of date) RETURNS double precision
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE WHEN model_name(model) = 'nbd' OR model_name(model) = 'bgnbd' AND repeat_days(history, as_of) = 0 THEN NULL
		ELSE probability_alive(model, history, as_of) END;
END;
COMMENT ON FUNCTION base_alive(purchase_model, purchase_history, date) IS
'probability_alive as the views of a customer base show it: NULL for nbd, and for bgnbd without a repeat purchase.';

-- What the views have in common. The models are looked up once in a query, and only if one of its columns needs them; a function in between
-- has the regression uncompressed once, not for every customer. Their trust is
-- that of the worse of both.
CREATE FUNCTION base_model_parts(options jsonb) RETURNS jsonb
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	options := options || jsonb_build_object(
		'models_trust', @extschema@.base_template($template$(SELECT d.trust FROM {schema}.models AS d WHERE d.is_default
		ORDER BY {ext}.trust_rank(d.trust) DESC, d.trust DESC LIMIT 1)$template$, options),
		'historic_value', @extschema@.base_template('(greatest(m.total, 0) * {margin})', options));
	options := jsonb_build_object('risk_day', '$1') || options;
	RETURN jsonb_build_object('models_trust', options -> 'models_trust', 'historic_value', options -> 'historic_value',
		'current_value', @extschema@.base_template('({ext}.total({ext}.slice(m.history, (m.as_of - interval ''1 year'')::date + 1, m.as_of + 1)) * {margin})', options),
		'model_values', @extschema@.base_template($template${ext}.base_alive(k.purchases, m.history, m.as_of) AS alive,
		{ext}.expected_purchases(k.purchases, m.history, m.as_of, interval '1 year') AS purchases,
		{ext}.expected_spend(k.spend, m.history, m.as_of) AS spend,
		{ext}.ltv(k.purchases, k.spend, m.history, m.as_of, interval '1 year', {yearly_discount}, {margin}) AS value, k.model, k.trust,
		CASE WHEN k.logistic IS NOT NULL THEN {ext}.churn_risk(k.logistic, m.history, m.as_of)
			WHEN k.trusted IS NOT NULL THEN {ext}.churn_risk(k.trusted, m.history, m.as_of, make_interval(days => k.horizon_days))
			ELSE {ext}.churn_risk(m.history, m.as_of, k.rhythm, make_interval(days => k.horizon_days)) END AS risk,
		CASE WHEN k.logistic IS NOT NULL THEN 'logistic' WHEN k.trusted IS NOT NULL THEN k.model ELSE 'own_rhythm' END AS method,
		{ext}.next_purchase(m.history, m.as_of, k.rhythm) AS next, k.horizon_days
	FROM (SELECT (SELECT d.purchases FROM {schema}.models AS d WHERE d.is_default AND d.purchases IS NOT NULL AND d.trust <> 'not_converged') AS purchases,
		(SELECT d.spend FROM {schema}.models AS d WHERE d.is_default AND d.spend IS NOT NULL AND d.trust <> 'not_converged') AS spend,
		(SELECT d.model FROM {schema}.models AS d WHERE d.is_default AND d.purchases IS NOT NULL) AS model,
		coalesce({models_trust}, 'no_model') AS trust,
		(SELECT d.purchases FROM {schema}.models AS d WHERE d.is_default AND d.purchases IS NOT NULL AND d.trust IN ('ok', 'small_sample')) AS trusted,
		(SELECT {ext}.shift_intercept(c.logistic, 0) FROM {schema}.churn_model AS c WHERE c.logistic_days = c.horizon_days AND {ext}.trust(c.logistic) IN ('ok', 'collinear')
			AND least({ext}.events(c.logistic), {ext}.observations(c.logistic) - {ext}.events(c.logistic)) >= 180) AS logistic,
		(SELECT {schema}.rhythm_at({risk_day})) AS rhythm, (SELECT c.horizon_days FROM {schema}.churn_model AS c) AS horizon_days OFFSET 0) AS k$template$, options));
END $$;
COMMENT ON FUNCTION base_model_parts(jsonb) IS
'Parts of the statements of a customer base''s views: the values of a customer by the stored models, and the trust of these.';

CREATE FUNCTION base_make_model_views(options jsonb) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM @extschema@.base_make_view(options, 'ltv', 'What every customer with a purchase has brought, is to bring in the next 12 months by the stored models, and could bring.', $template$
SELECT m.customer, {m.tenant,} {historic_value}::numeric(38,2), v.alive, v.purchases, v.spend::numeric(38,2), v.value::numeric(38,2),
	({historic_value} + v.value)::numeric(38,2), v.current::numeric(38,2), CASE WHEN t.typical_value IS NOT NULL THEN greatest(t.typical_value - v.current, 0) END::numeric(38,2), g.segment, v.model, v.trust,
	{'currency'}::text, m.as_of
FROM {schema}.scored_at($1) AS m CROSS JOIN LATERAL (SELECT m.rfm, {current_value} AS current, {model_values} OFFSET 0) AS v
	LEFT JOIN {schema}.segment_map AS g ON g.code = left(v.rfm::text, {digits}) AND m.customer IS NOT NULL
	LEFT JOIN {schema}.segment_values AS t ON t.segment = g.segment[[tenant_sql: AND t.tenant {tenant_equal} m.tenant]]
WHERE m.last_purchase IS NOT NULL$template$);

	PERFORM @extschema@.base_make_view(options, 'model_fit', 'The models of the last fit_models: how well they fit, how well they forecast, how far to trust them.', $template$
SELECT d.model, {ext}.model_title(d.model) AS title, d.is_default, d.chosen_by, d.trust,
	coalesce({ext}.customers(d.purchases), {ext}.customers(d.spend)) AS customers,
	coalesce({ext}.repeat_customers(d.purchases), {ext}.repeat_customers(d.spend)) AS repeat_customers,
	coalesce({ext}.left_out(d.purchases), {ext}.left_out(d.spend)) AS left_out,
	coalesce({ext}.log_likelihood(d.purchases), {ext}.log_likelihood(d.spend)) AS log_likelihood,
	coalesce({ext}.aic(d.purchases), {ext}.aic(d.spend)) AS aic, coalesce({ext}.bic(d.purchases), {ext}.bic(d.spend)) AS bic,
	d.calibrated_until, d.held_out_until, d.holdout_trust, d.holdout_customers, d.holdout_actual, d.holdout_predicted, d.holdout_mae, d.holdout_rmse,
	d.holdout_correlation, d.spend_correlation, d.as_of, d.fitted_at, {schema}.as_of() - d.as_of AS age_days
FROM {schema}.models AS d$template$, false);

	PERFORM @extschema@.base_make_view(options, 'model_parameters', 'The parameters of the models of the last fit_models, with standard errors and 95 % intervals.', $template$
SELECT d.model, p.name AS parameter, p.estimate, p.std_error, p.ci_low, p.ci_high, d.is_default
FROM {schema}.models AS d CROSS JOIN LATERAL (SELECT * FROM {ext}.parameters(d.purchases) UNION ALL SELECT * FROM {ext}.parameters(d.spend)) AS p$template$, false);
END $$;
COMMENT ON FUNCTION base_make_model_views(jsonb) IS
'Makes the views of models and values in the schema of a customer base.';

-- The work of fit_models. Nobody waits for a fit but another one: views read what was there before, until it is done.
CREATE FUNCTION base_fit_models(settings regclass, models text[])
	RETURNS TABLE (model text, is_default boolean, chosen_by text, trust text, customers bigint, repeat_customers bigint, log_likelihood double precision,
		aic double precision, holdout_actual bigint, holdout_predicted double precision, holdout_rmse double precision)
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	options jsonb := @extschema@.base_options(settings);
BEGIN
	options := options || @extschema@.base_model_parts(options)
		|| jsonb_build_object('histories', format('SELECT history FROM %s.summary_now', options ->> 'schema'),
			'digits', (SELECT m.digits FROM @extschema@.segment_maps() AS m WHERE m.map = options ->> 'segment_map'));
	EXECUTE @extschema@.base_template($template$
LOCK TABLE {schema}.models, {schema}.segment_values IN SHARE ROW EXCLUSIVE MODE;
DELETE FROM {schema}.models;
WITH fits AS MATERIALIZED (SELECT d.day, c.* FROM (SELECT {schema}.as_of() AS day) AS d,
	{ext}.models_compare({'histories'}, NULL, d.day, {'model_unit'}, $1) AS c)
INSERT INTO {schema}.models (model, purchases, spend, trust, is_default, chosen_by, spend_correlation, as_of, calibrated_until, held_out_until, holdout_trust,
	holdout_customers, holdout_actual, holdout_predicted, holdout_mae, holdout_rmse, holdout_correlation)
SELECT f.model, f.purchases, NULL, {ext}.trust(f.purchases), f.chosen_by IS NOT NULL, f.chosen_by, NULL, f.day, f.calibrated_until,
	CASE WHEN f.calibrated_until IS NOT NULL THEN f.held_out_until END, f.holdout_trust, f.holdout_customers, f.holdout_actual, f.holdout_predicted, f.holdout_mae,
	f.holdout_rmse, f.holdout_correlation
FROM fits AS f
UNION ALL
SELECT {ext}.model_name(f.spend), NULL, f.spend, {ext}.trust(f.spend), true, NULL, f.spend_correlation, f.day, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM fits AS f WHERE f.chosen_by IS NOT NULL;
DELETE FROM {schema}.segment_values;
INSERT INTO {schema}.segment_values ({tenant,} segment, customers, typical_value, as_of)
SELECT {m.tenant,} g.segment, count(*), percentile_disc(0.5) WITHIN GROUP (ORDER BY {current_value}), m.as_of
FROM {schema}.all_scored_at({schema}.as_of()) AS m JOIN {schema}.segment_map AS g ON g.code = left(m.rfm::text, {digits})
WHERE m.last_purchase IS NOT NULL GROUP BY {m.tenant,} g.segment, m.as_of;
ANALYZE {schema}.models; ANALYZE {schema}.segment_values$template$, options) USING models;
	PERFORM @extschema@.base_fit_churn(options);
	RETURN QUERY EXECUTE @extschema@.base_template($template$
SELECT f.model, f.is_default, f.chosen_by, f.trust, f.customers, f.repeat_customers, f.log_likelihood, f.aic, f.holdout_actual, f.holdout_predicted, f.holdout_rmse
FROM {schema}.model_fit AS f ORDER BY f.model = 'gamma_gamma', NOT f.is_default, f.holdout_rmse, f.aic$template$, options);
END $$;
COMMENT ON FUNCTION base_fit_models(regclass, text[]) IS
'The work of fit_models, with the caller''s rights.';

CREATE FUNCTION fit_models(base text, models text[] DEFAULT '{bgnbd,mbgnbd,pareto_nbd,nbd}')
	RETURNS TABLE (model text, is_default boolean, chosen_by text, trust text, customers bigint, repeat_customers bigint, log_likelihood double precision,
		aic double precision, holdout_actual bigint, holdout_predicted double precision, holdout_rmse double precision)
	AS 'MODULE_PATHNAME', 'fit_models' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION fit_models(text, text[]) IS
'Fits purchase models and Gamma-Gamma on a customer base as of its day, judges them by a holdout, and stores them for its views with the default one marked; a model named alone is the default; for members of the base''s owner, whose rights it uses.';

-- Churn in a base: what risks are computed from, the view, and the log of the customers that matter ----------

CREATE FUNCTION base_make_churn_tables(options jsonb) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	EXECUTE @extschema@.base_template($template$
CREATE TABLE {schema}.churn_model (one boolean PRIMARY KEY DEFAULT true CHECK (one), horizon_days integer NOT NULL DEFAULT 90 CHECK (horizon_days BETWEEN 1 AND 3650),
	rhythm {ext}.population_rhythm, rhythm_as_of date, logistic {ext}.logistic_model, logistic_days integer, logistic_as_of date, fitted_on date, fitted_days integer,
	fitted_at timestamptz, logged_on date);
INSERT INTO {schema}.churn_model DEFAULT VALUES;
COMMENT ON TABLE {schema}.churn_model IS 'What the risks of churn are computed from: the rhythm of the population, renewed with the cut points, and the logistic regression of the last fit_models, for a horizon of logistic_days. The column horizon_days is yours to edit; call fit_models after it.';

CREATE TABLE {schema}.churn_changes (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, {tenant_column}customer {customer_type} NOT NULL,
	from_band text, to_band text, risk double precision, revenue_at_risk numeric(38,2), changed_on date NOT NULL, recorded_at timestamptz NOT NULL DEFAULT now());
CREATE INDEX churn_changes_key ON {schema}.churn_changes ({key});
COMMENT ON TABLE {schema}.churn_changes IS 'Customers of ABC class A who came into the high band of risk or left it, as advance_customer_base found them: rows are only added. from_band is where the row before ended, empty in the first one of a customer; to_band is empty where the customer is not of class A any more.'$template$,
		options || jsonb_build_object('tenant_column', CASE WHEN options ->> 'tenant_sql' IS NULL THEN '' ELSE format('tenant %s, ', options ->> 'tenant_type') END));
END $$;
COMMENT ON FUNCTION base_make_churn_tables(jsonb) IS
'Makes the tables of churn in the schema of a customer base.';

-- Parts of the statements of views. Satisfaction is that of surveys of kind csat; complaints are those of half a year.
CREATE FUNCTION base_churn_parts(options jsonb) RETURNS jsonb
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN jsonb_build_object('reasons', @extschema@.base_template($template$array_to_string({ext}.churn_reasons(m.history, m.as_of, {'population_gap'}::double precision,
		{last_satisfaction}, {satisfaction_before}, CASE WHEN EXISTS (SELECT FROM {schema}.surveys AS y WHERE y.kind = 'complaint') THEN
			(SELECT sum(a.answers) FROM {schema}.answers AS a WHERE {a=m} AND a.survey = ANY (ARRAY(SELECT y.id FROM {schema}.surveys AS y WHERE y.kind = 'complaint'))
				AND a.problem IS NULL AND a.answered_at < m.as_of + 1 AND a.answered_at >= m.as_of - 180) END, language => {'language'}), '; ')$template$,
		options || jsonb_build_object('population_gap', substring(options ->> 'policy' FROM 'population_gap ([0-9.]+)'),
			'last_satisfaction', @extschema@.base_last_answer(options, 'csat'), 'satisfaction_before', @extschema@.base_last_answer(options, 'csat', 1))));
END $$;
COMMENT ON FUNCTION base_churn_parts(jsonb) IS
'Parts of the statements of a customer base''s views: why a customer may leave.';

-- STRICT keeps it from being inlined, so that it is called once in a query, and for a day before the stored one counts anew.
CREATE FUNCTION base_make_rhythm(options jsonb) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM @extschema@.base_make_function(options, 'rhythm_at(day date)', '{ext}.population_rhythm', $template$
SELECT CASE WHEN $1 >= c.rhythm_as_of THEN c.rhythm ELSE (SELECT {ext}.population_rhythm(m.history, $1) FROM {schema}.summary_now AS m) END FROM {schema}.churn_model AS c$template$,
		'STABLE STRICT PARALLEL SAFE');
	EXECUTE @extschema@.base_template('COMMENT ON FUNCTION {schema}.rhythm_at(date) IS ''The rhythm of the population to compute risks from on a day: the stored one, or for an earlier day that of its population.''', options);
END $$;
COMMENT ON FUNCTION base_make_rhythm(jsonb) IS
'Makes the function of a customer base that gives the rhythm of its population.';

CREATE FUNCTION base_make_churn_views(options jsonb) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM @extschema@.base_make_view(options, 'churn_risk', 'The risk that a customer makes no purchase in the next 90 days (churn_model has the horizon), why, and what it would cost.', $template$
SELECT m.customer, {m.tenant,} v.risk, v.band, {ext}.churn_band_label(v.band, {'language'}), {ext}.churn_band_rank(v.band), v.method, m.as_of - m.last_purchase,
	v.usual_gap, (m.as_of - m.last_purchase) / nullif(v.usual_gap, 0), {reasons}, v.expected::numeric(38,2),
	{ext}.revenue_at_risk(v.expected, v.risk)::numeric(38,2), (v.next).next_purchase, (v.next).earliest, (v.next).latest,
	v.horizon_days, {'currency'}::text, m.as_of
FROM {schema}.measured_at($1) AS m
	CROSS JOIN LATERAL (SELECT v.*, {ext}.churn_band(v.risk) AS band, coalesce(v.value, {current_value}) AS expected FROM (SELECT {ext}.median_gap(m.history) AS usual_gap, {model_values} OFFSET 0) AS v OFFSET 0) AS v
WHERE m.last_purchase IS NOT NULL$template$);
END $$;
COMMENT ON FUNCTION base_make_churn_views(jsonb) IS
'Makes the views of churn in the schema of a customer base.';

CREATE FUNCTION base_renew_rhythm(options jsonb) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
	day date;
BEGIN
	EXECUTE format('SELECT %s.as_of()', options ->> 'schema') INTO day;
	EXECUTE @extschema@.base_template('UPDATE {schema}.churn_model SET rhythm = (SELECT {ext}.population_rhythm(m.history, $1) FROM {schema}.summary_now AS m), rhythm_as_of = $1', options) USING day;
END $$;
COMMENT ON FUNCTION base_renew_rhythm(jsonb) IS
'Renews the rhythm of the population of a customer base.';

CREATE FUNCTION base_fit_churn(options jsonb) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	EXECUTE @extschema@.base_template($template$
UPDATE {schema}.churn_model AS c SET (rhythm, rhythm_as_of, logistic, logistic_days, logistic_as_of, fitted_on, fitted_days, fitted_at)
	= (SELECT f.rhythm, d.day, f.model, c.horizon_days, d.day, f.fitted_on, f.fitted_days, clock_timestamp()
		FROM (SELECT {schema}.as_of() AS day) AS d CROSS JOIN LATERAL {ext}.churn_fit_query({'histories'}, d.day, c.horizon_days) AS f);
ANALYZE {schema}.churn_model$template$, options);
END $$;
COMMENT ON FUNCTION base_fit_churn(jsonb) IS
'Fits the logistic regression of churn of a customer base, as a part of fit_models.';

-- Once a day: customers of value who are in the high band now and were not by the log, and those who were and are not.
CREATE FUNCTION base_log_churn(options jsonb) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
	day date;
BEGIN
	EXECUTE @extschema@.base_template('UPDATE {schema}.churn_model SET logged_on = {schema}.as_of() WHERE logged_on < {schema}.as_of() OR logged_on IS NULL RETURNING logged_on', options) INTO day;
	IF day IS NULL THEN
		RETURN;
	END IF;
	options := options || jsonb_build_object('risk_day', quote_literal(day) || '::date');
	EXECUTE @extschema@.base_template($template$
WITH now AS MATERIALIZED (
	SELECT {m.tenant,} m.customer, {ext}.churn_band(v.risk) AS band, v.risk, {ext}.revenue_at_risk(coalesce(v.value, {current_value}), v.risk) AS revenue_at_risk
	FROM {schema}.all_scored_at({risk_day}) AS m CROSS JOIN LATERAL (SELECT {model_values} OFFSET 0) AS v
	WHERE m.abc = 'A'
), before AS MATERIALIZED (
	SELECT DISTINCT ON ({key}) {key}, to_band FROM {schema}.churn_changes ORDER BY {key}, id DESC
)
INSERT INTO {schema}.churn_changes ({key}, from_band, to_band, risk, revenue_at_risk, changed_on)
SELECT [[tenant_sql:coalesce(m.tenant, b.tenant), ]]coalesce(m.customer, b.customer), b.to_band, m.band, m.risk, m.revenue_at_risk, {risk_day}
FROM now AS m FULL JOIN before AS b ON {b=m}
WHERE coalesce(m.band = 'high', false) <> coalesce(b.to_band = 'high', false)
ORDER BY [[tenant_sql:1, 2]][[!tenant_sql:1]]$template$, options || @extschema@.base_model_parts(options));
END $$;
COMMENT ON FUNCTION base_log_churn(jsonb) IS
'Logs the customers of ABC class A of a customer base that came into the high band of risk or left it, as a part of advance_customer_base; to_band NULL: no longer in that class.';

-- Live bases: starting, stopping, running, and what may go wrong ------------------------------------

CREATE FUNCTION base_run(base text, step text, argument bigint DEFAULT 0) RETURNS bigint
	AS 'MODULE_PATHNAME', 'base_run' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION base_run(text, text, bigint) IS
'One step of a procedure on a customer base (start, go_live, stop, fold, advance, adopt, finish), each a transaction of its own; for members of the base''s owner, whose rights it uses.';

CREATE FUNCTION base_check_top_level(routine text) RETURNS void
	AS 'MODULE_PATHNAME', 'base_check_top_level' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION base_check_top_level(text) IS
'Raises an error within a transaction block, and where transactions are not READ COMMITTED.';

-- The tables that a base reads: its source, and where that is partitioned, each partition.
CREATE FUNCTION base_tables(source regclass) RETURNS TABLE (relation regclass, kind "char")
	LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT c.oid::regclass, c.relkind
	FROM (SELECT source AS relid UNION SELECT t.relid FROM pg_catalog.pg_partition_tree(source) AS t) AS t
		JOIN pg_catalog.pg_class AS c ON c.oid = t.relid
	ORDER BY c.oid <> source, c.oid;
END;
COMMENT ON FUNCTION base_tables(regclass) IS
'The source of a customer base and all its partitions.';

-- The names of a base's triggers are for people to read, so they hold the name of its schema where it fits.
CREATE FUNCTION base_triggers(schema name) RETURNS TABLE (event text, type smallint, trigger name, referencing text)
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT e.event, e.type::smallint, pg_catalog.concat('pg_customer_', CASE WHEN pg_catalog.octet_length(schema::text) > 40 THEN pg_catalog.md5(schema::text) ELSE schema END, '_', pg_catalog.lower(e.event))::name, e.referencing
	FROM (VALUES ('INSERT', 4, 'REFERENCING NEW TABLE AS new_rows'), ('UPDATE', 16, 'REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows'),
		('DELETE', 8, 'REFERENCING OLD TABLE AS old_rows'), ('TRUNCATE', 32, '')) AS e (event, type, referencing);
END;
COMMENT ON FUNCTION base_triggers(name) IS
'The triggers that a live customer base has on each table of its source, with their types in pg_trigger.';

-- Every trigger of any base, and the schema that it serves.
CREATE FUNCTION base_present_triggers() RETURNS TABLE (relation regclass, trigger name, schema name, type smallint, enabled boolean)
	LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT g.tgrelid::regclass, g.tgname, pg_catalog.convert_from(pg_catalog.substr(g.tgargs, 1, pg_catalog.length(g.tgargs) - 1), pg_catalog.getdatabaseencoding())::name, g.tgtype, g.tgenabled IN ('O', 'A')
	FROM pg_catalog.pg_trigger AS g WHERE g.tgfoid = 'base_record_changes()'::regprocedure AND g.tgnargs = 1;
END;
COMMENT ON FUNCTION base_present_triggers() IS
'The triggers of all customer bases, by the schema of the base.';

-- Which triggers a live base lacks: on a new partition, or where somebody has dropped or disabled one. Their names do not matter.
CREATE FUNCTION base_missing_triggers(schema name, source regclass) RETURNS TABLE (relation regclass, trigger name, event text, referencing text, disabled boolean)
	LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT t.relation, e.trigger, e.event, e.referencing, g.present > 0
	FROM base_tables(source) AS t CROSS JOIN base_triggers(schema) AS e,
		LATERAL (SELECT count(*) FILTER (WHERE p.enabled) AS enabled, count(*) AS present FROM base_present_triggers() AS p
			WHERE p.relation = t.relation AND p.schema = base_missing_triggers.schema AND p.type = e.type) AS g
	WHERE g.enabled = 0;
END;
COMMENT ON FUNCTION base_missing_triggers(name, regclass) IS
'The triggers that a live customer base should have on its source and does not have, or that are disabled.';

-- Which serve nothing: those of the base on what is no part of its source any more, and those of bases that are gone or renamed on
-- what is. Only the owner of a table may drop its triggers.
CREATE FUNCTION base_stray_triggers(schema name, source regclass) RETURNS TABLE (relation regclass, trigger name)
	LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT g.relation, g.trigger
	FROM base_present_triggers() AS g JOIN pg_catalog.pg_class AS c ON c.oid = g.relation
	WHERE pg_catalog.pg_has_role(c.relowner, 'USAGE') AND CASE WHEN EXISTS (SELECT FROM base_tables(source) AS t WHERE t.relation = g.relation)
		THEN NOT EXISTS (SELECT FROM pg_catalog.pg_namespace AS n WHERE n.nspname = g.schema) ELSE g.schema = base_stray_triggers.schema END;
END;
COMMENT ON FUNCTION base_stray_triggers(name, regclass) IS
'Triggers that serve no customer base, on the source of this one or left by it elsewhere, as far as the caller may drop them.';

-- The same for a view that must not fail when the source is gone: one row for each table. STRICT keeps it from being inlined,
-- or the view's cost would be that of a source with a million partitions, for which the server would compile it to machine code.
CREATE FUNCTION base_trigger_state(settings regclass, source text) RETURNS TABLE (relation text, missing boolean)
	LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 10
BEGIN ATOMIC
	SELECT t.relation::text, EXISTS (SELECT FROM base_missing_triggers(n.nspname, pg_catalog.to_regclass(source)) AS m WHERE m.relation = t.relation)
	FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace, base_tables(pg_catalog.to_regclass(source)) AS t
	WHERE c.oid = settings;
END;
COMMENT ON FUNCTION base_trigger_state(regclass, text) IS
'The tables of a customer base''s source, and whether each lacks one of the triggers of a live base.';

-- Refuses sources on which triggers would not see every change, with the way out.
CREATE FUNCTION base_check_live(options jsonb) RETURNS void
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	source regclass := to_regclass(options ->> 'source');
	found record;
	problem text;
	hint text := format('A base in refresh mode follows any source: schedule SELECT * FROM refresh_customer_base(%L).', options ->> 'base');
	state text := 'wrong_object_type';
	other text;
BEGIN
	IF source IS NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'undefined_table', MESSAGE = format('customer base "%s" cannot be live: there is no table %s',
			options ->> 'base', options ->> 'source'), HINT = 'Drop the base and make it anew over the table that it should read.';
	END IF;
	FOR found IN SELECT t.relation, t.kind, c.relpersistence AS persistence FROM @extschema@.base_tables(source) AS t JOIN pg_class AS c ON c.oid = t.relation LOOP
		problem := CASE
			WHEN found.kind IN ('v', 'm') THEN 'is a view'
			WHEN found.kind = 'f' THEN 'is a foreign table, whose changes are made elsewhere'
			WHEN found.kind NOT IN ('r', 'p') THEN 'is not a table'
			WHEN found.persistence = 'u' THEN 'is unlogged, and is emptied after a crash without a trace'
			WHEN found.kind = 'r' AND EXISTS (SELECT FROM pg_inherits WHERE inhparent = found.relation) THEN 'has tables that inherit from it'
			WHEN EXISTS (SELECT FROM pg_subscription_rel WHERE srrelid = found.relation)
				THEN 'is filled by a subscription, which fires no triggers' END;
		FOREACH other IN ARRAY ARRAY['pg_catalog.pg_dist_partition', '_timescaledb_catalog.hypertable'] LOOP
			IF problem IS NULL AND to_regclass(other) IS NOT NULL THEN
				EXECUTE CASE other WHEN 'pg_catalog.pg_dist_partition' THEN 'SELECT ''is a distributed table'' FROM pg_dist_partition WHERE logicalrelid = $1'
					ELSE 'SELECT ''is a hypertable'' FROM _timescaledb_catalog.hypertable WHERE to_regclass(format(''%I.%I'', schema_name, table_name)) = $1' END
				INTO problem USING found.relation;
			END IF;
		END LOOP;
		IF problem IS NULL AND NOT has_table_privilege(found.relation, 'TRIGGER') THEN
			problem := format('may not have triggers of %s', current_user);
			state := 'insufficient_privilege';
			hint := format('Its owner can run: GRANT TRIGGER ON %s TO %I;', found.relation, current_user);
		END IF;
		IF problem IS NOT NULL THEN
			RAISE EXCEPTION USING ERRCODE = state, MESSAGE = format('customer base "%s" cannot be live: %s %s', options ->> 'base', found.relation, problem), HINT = hint;
		END IF;
	END LOOP;
	IF NOT has_function_privilege(format('%s.base_record_changes()', options ->> 'ext'), 'EXECUTE') THEN
		RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
			MESSAGE = format('customer base "%s" cannot be live: %s may not use the trigger function', options ->> 'base', current_user),
			HINT = format('Who installed the extension can run: GRANT EXECUTE ON FUNCTION %s.base_record_changes() TO %I;', options ->> 'ext', current_user);
	END IF;
	IF options ->> 'order_sql' IS NOT NULL AND NOT EXISTS (SELECT FROM pg_index AS i WHERE i.indrelid = source AND i.indisvalid AND i.indpred IS NULL
			AND btrim(pg_get_indexdef(i.indexrelid, 1, true), '()') = btrim(regexp_replace(options ->> 'order_sql', '\ms\.', '', 'g'), '()')) THEN
		RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
			MESSAGE = format('customer base "%s" cannot be live: no index of %s starts with the order id', options ->> 'base', source),
			DETAIL = 'A line that comes later changes its order, which is then read again.',
			HINT = format('CREATE INDEX CONCURRENTLY ON %s (%s);', source, CASE WHEN options ->> 'order_sql' ~ '^s\.("[^"]*"|\w+)$' THEN substr(options ->> 'order_sql', 3)
				ELSE format('(%s)', regexp_replace(options ->> 'order_sql', '\ms\.', '', 'g')) END);
	END IF;
END $$;
COMMENT ON FUNCTION base_check_live(jsonb) IS
'Raises an error for a source that a customer base cannot follow by triggers, with a hint.';

-- Makes the triggers that a base lacks. The lock that this takes lets readers go on and waits for writers, for two seconds at most.
-- With one table locked, the next is waited for but an instant, so that this gives way before a writer who waits here, and for whom
-- this waits there, is found to be in a deadlock.
CREATE FUNCTION base_make_triggers(options jsonb, disabled boolean DEFAULT true) RETURNS bigint
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s'
AS $$
DECLARE
	schema name := (parse_ident(options ->> 'schema'))[1];
	source regclass := options ->> 'source';
	found record;
	made bigint := 0;
BEGIN
	FOR found IN SELECT * FROM @extschema@.base_stray_triggers(schema, source) LOOP
		EXECUTE format('DROP TRIGGER %I ON %s', found.trigger, found.relation);
	END LOOP;
	FOR found IN SELECT * FROM @extschema@.base_missing_triggers(schema, source) AS m WHERE base_make_triggers.disabled OR NOT m.disabled LOOP
		EXECUTE format('CREATE OR REPLACE TRIGGER %I AFTER %s ON %s %s FOR EACH STATEMENT EXECUTE FUNCTION %s.base_record_changes(%L)', found.trigger,
			found.event, found.relation, found.referencing, options ->> 'ext', schema);
		PERFORM set_config('lock_timeout', '100ms', true);
		made := made + 1;
	END LOOP;
	RETURN made;
END $$;
COMMENT ON FUNCTION base_make_triggers(jsonb, boolean) IS
'Makes the triggers that a live customer base lacks on its source and its partitions, with those that are disabled or without, and returns their number.';

CREATE FUNCTION base_drop_triggers(options jsonb) RETURNS bigint
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s'
AS $$
DECLARE
	found record;
	dropped bigint := 0;
	others text;
	tables text;
BEGIN
	-- Wherever they are: a partition may have been detached since.
	SELECT string_agg(format('DROP TRIGGER %I ON %s;', g.trigger, g.relation), ' '), string_agg(DISTINCT g.relation::text, ', ') INTO others, tables
	FROM @extschema@.base_present_triggers() AS g JOIN pg_class AS c ON c.oid = g.relation
	WHERE g.schema = (parse_ident(options ->> 'schema'))[1] AND NOT pg_has_role(c.relowner, 'USAGE');
	IF others IS NOT NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege', MESSAGE = format('only the owner of %s may drop the triggers of customer base "%s"', tables, options ->> 'base'),
			HINT = format('The owner can run: %s Then call this again.', others);
	END IF;
	FOR found IN SELECT * FROM @extschema@.base_present_triggers() AS g WHERE g.schema = (parse_ident(options ->> 'schema'))[1] LOOP
		EXECUTE format('DROP TRIGGER %I ON %s', found.trigger, found.relation);
		PERFORM set_config('lock_timeout', '100ms', true);
		dropped := dropped + 1;
	END LOOP;
	RETURN dropped;
END $$;
COMMENT ON FUNCTION base_drop_triggers(jsonb) IS
'Drops the triggers of a customer base, and returns their number.';

-- What a comparison that reads the source once can tell: rows, money and the last day of both sides, in one snapshot.
-- It finds what triggers cannot see: loads with session_replication_role = replica, disabled triggers, partitions that came or went.
CREATE FUNCTION base_compare(options jsonb) RETURNS text
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET row_security = off SET timezone = 'UTC' SET datestyle = 'ISO'
AS $$
DECLARE
	found record;
BEGIN
	PERFORM set_config('timezone', options ->> 'time_zone', true), set_config('datestyle', options ->> 'date_style', true);
	options := options || jsonb_build_object('rows', @extschema@.base_rows(options));
	EXECUTE @extschema@.base_template($template$
SELECT s.rows AS source_rows, b.rows AS base_rows, s.total AS source_total, b.total AS base_total, s.last_day AS source_day, b.last_day AS base_day
FROM (SELECT count(*) AS rows, coalesce(sum(amount), 0) AS total, max(day) AS last_day FROM ({rows}) AS r WHERE reason IS NULL) AS s,
	(SELECT coalesce(sum(orders + {ext}.refunds(history)), 0) AS rows, coalesce(sum(total), 0) AS total, max(last_day) AS last_day
		FROM (SELECT last_day, [[!kept_before:history, orders, total]][[kept_before:h.history, {ext}.orders(h.history) AS orders, {ext}.total(h.history) AS total]]
			FROM {schema}.summary_now AS m[[kept_before:, LATERAL (SELECT {ext}.slice(m.history, {'kept_before'}, 'infinity') AS history OFFSET 0) AS h]]) AS m) AS b$template$, options) INTO found;
	-- Orders of several lines are fewer than their rows, and their day is that of the first.
	IF found.source_total <> found.base_total
			OR options ->> 'order_sql' IS NULL AND (found.source_rows <> found.base_rows OR found.source_day <> found.base_day) THEN
		RETURN format('the source has %s rows, total %s, last day %s; the base %s, %s, %s', found.source_rows, found.source_total,
			found.source_day, found.base_rows, found.base_total, found.base_day);
	END IF;
	RETURN NULL;
END $$;
COMMENT ON FUNCTION base_compare(jsonb) IS
'What differs between a customer base and its source in number of rows, total and last day; NULL if nothing does.';

-- The end of advance_customer_base: the log now speaks for the day; once a day the source is compared and cut points are renewed.
CREATE FUNCTION base_finish(settings regclass) RETURNS bigint
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	options jsonb;
	state record;
	today date;
	difference text;
	logged record;
BEGIN
	EXECUTE format('LOCK TABLE %s IN SHARE UPDATE EXCLUSIVE MODE', settings);
	options := @extschema@.base_options(settings);
	IF options ->> 'as_of' = 'last_purchase' THEN
		EXECUTE @extschema@.base_template('UPDATE {schema}.state AS t SET last_day = m.last_day FROM (SELECT max(last_day) AS last_day FROM {schema}.summary) AS m
			WHERE t.last_day IS DISTINCT FROM m.last_day', options);
	END IF;
	EXECUTE @extschema@.base_template('SELECT t.*, {schema}.as_of() AS day, (SELECT max(as_of) FROM {schema}.cut_points) AS cut_on FROM {schema}.state AS t', options) INTO state;
	today := (now() AT TIME ZONE (options ->> 'time_zone'))::date;
	IF state.live_since IS NOT NULL AND state.compared_on IS DISTINCT FROM today THEN
		difference := @extschema@.base_compare(options);
		IF difference IS NOT NULL THEN
			EXECUTE @extschema@.base_template('INSERT INTO {schema}.troubles (reason, detail) SELECT ''difference'', ', options) || quote_literal(difference)
				|| @extschema@.base_template(' WHERE NOT EXISTS (SELECT FROM {schema}.troubles WHERE reason = ''difference'')', options);
		END IF;
	END IF;
	IF state.live_since IS NOT NULL THEN
		PERFORM @extschema@.base_advance_surveys(options, state.compared_on IS DISTINCT FROM today);
	END IF;
	IF state.cut_on IS DISTINCT FROM state.day THEN
		PERFORM @extschema@.base_renew_cut_points(options);
	END IF;
	PERFORM @extschema@.base_log_churn(options);
	EXECUTE @extschema@.base_template('SELECT count(*) AS rows, max(id) AS id FROM {schema}.lifecycle_changes WHERE id > $1', options)
		INTO logged USING coalesce(state.logged_to, 0);
	options := options || jsonb_build_object('day', state.day, 'today', today, 'logged_to', coalesce(logged.id, state.logged_to));
	EXECUTE @extschema@.base_template('UPDATE {schema}.state SET advanced_to = greatest(advanced_to, {''day''}), advanced_at = now(),
		compared_on = {''today''}, logged_to = {''logged_to''}', options);
	IF options ->> 'notify' = 'advance' AND logged.rows > 0 THEN
		PERFORM pg_notify('pg_customer', json_build_object('base', options ->> 'base', 'changes', logged.rows, 'last_id', logged.id)::text);
	END IF;
	RETURN logged.rows;
END $$;
COMMENT ON FUNCTION base_finish(regclass) IS
'The last step of advance_customer_base, with the caller''s rights: returns how many changes of stages the log has gained since the last time.';

-- Dispatches the steps of the procedures below.
CREATE FUNCTION base_step(settings regclass, step text, argument bigint) RETURNS bigint
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	options jsonb := @extschema@.base_options(settings);
	live boolean;
	source regclass;
	schema name;
BEGIN
	CASE step
	WHEN 'start' THEN
		PERFORM @extschema@.base_check_live(options);
		RETURN @extschema@.base_make_triggers(options) + @extschema@.base_make_survey_triggers(options);
	WHEN 'go_live' THEN
		PERFORM @extschema@.base_refresh(settings);
		PERFORM @extschema@.base_mark_live_surveys(options);
		EXECUTE @extschema@.base_template('UPDATE {schema}.state SET live_since = coalesce(live_since, clock_timestamp())', options);
	WHEN 'stop' THEN
		EXECUTE format('LOCK TABLE %s IN SHARE UPDATE EXCLUSIVE MODE', settings);
		EXECUTE @extschema@.base_template('UPDATE {schema}.state SET live_since = NULL; UPDATE {schema}.surveys SET live_since = NULL', options);
		RETURN @extschema@.base_drop_triggers(options) + @extschema@.base_drop_survey_triggers(options);
	WHEN 'fold' THEN
		RETURN @extschema@.base_fold(settings, argument);
	WHEN 'adopt' THEN
		EXECUTE @extschema@.base_template('SELECT live_since IS NOT NULL FROM {schema}.state', options) INTO live;
		source := to_regclass(options ->> 'source');
		schema := (parse_ident(options ->> 'schema'))[1];
		IF live THEN
			PERFORM @extschema@.base_make_survey_triggers(options, false);
		END IF;
		IF live AND source IS NOT NULL THEN
			-- Who has disabled a trigger had a reason. That it was must be known when it is enabled again.
			EXECUTE @extschema@.base_template('INSERT INTO {schema}.troubles (reason, detail) SELECT DISTINCT ''trigger_disabled'', m.relation::text
				FROM {ext}.base_missing_triggers($1, $2) AS m WHERE m.disabled
				EXCEPT SELECT t.reason, t.detail FROM {schema}.troubles AS t', options) USING schema, source;
			IF EXISTS (SELECT FROM @extschema@.base_missing_triggers(schema, source) AS m WHERE NOT m.disabled)
					OR EXISTS (SELECT FROM @extschema@.base_stray_triggers(schema, source)) THEN
				PERFORM @extschema@.base_check_live(options);
				-- What was written to it directly until now is for the comparison to find.
				EXECUTE @extschema@.base_template('UPDATE {schema}.state SET compared_on = NULL', options);
				RETURN @extschema@.base_make_triggers(options, false);
			END IF;
		END IF;
	WHEN 'advance' THEN
		RETURN @extschema@.base_advance(settings, argument);
	WHEN 'finish' THEN
		RETURN @extschema@.base_finish(settings);
	END CASE;
	RETURN 0;
END $$;
COMMENT ON FUNCTION base_step(regclass, text, bigint) IS
'The work of base_run, with the caller''s rights.';

-- A step that locks the source. Rather than to keep orders waiting behind a long transaction, it tries again.
CREATE PROCEDURE base_run_patiently(base text, step text)
	LANGUAGE plpgsql
AS $$
DECLARE
	done boolean := false;
BEGIN
	FOR attempt IN 1 .. 15 LOOP
		BEGIN
			PERFORM @extschema@.base_run(base, step);
			done := true;
		EXCEPTION WHEN lock_not_available THEN
			IF attempt OPERATOR(pg_catalog.=) 15 THEN
				RAISE EXCEPTION USING ERRCODE = 'lock_not_available',
					MESSAGE = pg_catalog.format('customer base "%s" could not %s: long transactions keep using its source', base, step),
					HINT = pg_catalog.format('Nothing has changed. Call %s_maintenance again when they are over.', step);
			END IF;
		END;
		COMMIT;
		EXIT WHEN done;
		PERFORM pg_catalog.pg_sleep(1);
	END LOOP;
END $$;
COMMENT ON PROCEDURE base_run_patiently(text, text) IS
'The step of start_maintenance or stop_maintenance that locks the source, tried again for half a minute; it commits.';

CREATE PROCEDURE start_maintenance(base text)
	LANGUAGE plpgsql
AS $$
BEGIN
	PERFORM @extschema@.base_check_top_level('start_maintenance');
	CALL @extschema@.base_run_patiently(base, 'start');
	PERFORM @extschema@.base_run(base, 'go_live');
END $$;
COMMENT ON PROCEDURE start_maintenance(text) IS
'Makes a customer base live: triggers on its source record every change in the transaction that makes it, and the source is read once; writers wait for two seconds at the most; outside of a transaction block.';

CREATE PROCEDURE stop_maintenance(base text)
	LANGUAGE plpgsql
AS $$
BEGIN
	PERFORM @extschema@.base_check_top_level('stop_maintenance');
	CALL @extschema@.base_run_patiently(base, 'stop');
	WHILE @extschema@.base_run(base, 'fold', 10000) OPERATOR(pg_catalog.>) 0 LOOP
		COMMIT;
	END LOOP;
END $$;
COMMENT ON PROCEDURE stop_maintenance(text) IS
'Ends the maintenance of a live customer base: drops its triggers and folds what they recorded; the base then follows its source by refresh_customer_base; outside of a transaction block.';

CREATE PROCEDURE fold_customer_base(base text, max_rows bigint DEFAULT 10000)
	LANGUAGE plpgsql
AS $$
BEGIN
	PERFORM @extschema@.base_check_top_level('fold_customer_base');
	WHILE @extschema@.base_run(base, 'fold', max_rows) OPERATOR(pg_catalog.>=) max_rows LOOP
		COMMIT;
	END LOOP;
END $$;
COMMENT ON PROCEDURE fold_customer_base(text, bigint) IS
'Brings what the triggers of a live customer base have recorded into its summary and the stages that it changes into its log, max_rows rows a transaction; nobody waits for it; outside of a transaction block.';

CREATE PROCEDURE advance_customer_base(base text)
	LANGUAGE plpgsql
AS $$
DECLARE
	problem text;
	way_out text;
BEGIN
	PERFORM @extschema@.base_check_top_level('advance_customer_base');
	-- A table that cannot have its triggers now, as base_status says too, does not keep the rest from being done.
	BEGIN
		PERFORM @extschema@.base_run(base, 'adopt');
	EXCEPTION WHEN insufficient_privilege OR wrong_object_type OR object_not_in_prerequisite_state OR lock_not_available THEN
		GET STACKED DIAGNOSTICS problem = MESSAGE_TEXT, way_out = PG_EXCEPTION_HINT;
		RAISE WARNING USING MESSAGE = problem, HINT = way_out;
	END;
	COMMIT;
	WHILE @extschema@.base_run(base, 'fold', 10000) OPERATOR(pg_catalog.>=) 10000 LOOP
		COMMIT;
	END LOOP;
	COMMIT;
	WHILE @extschema@.base_run(base, 'advance', 10000) OPERATOR(pg_catalog.>=) 10000 LOOP
		COMMIT;
	END LOOP;
	COMMIT;
	PERFORM @extschema@.base_run(base, 'finish');
END $$;
COMMENT ON PROCEDURE advance_customer_base(text) IS
'Brings a customer base to its day, to be called by a scheduler: folds changes, logs the stages that time alone has changed, gives new partitions their triggers and once a day compares with the source and renews the cut points; may be repeated and interrupted at will; outside of a transaction block.';

-- The work of keep_history_before: from now on the days before are the base's own.
CREATE FUNCTION base_keep(settings regclass, day date) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	options jsonb;
BEGIN
	EXECUTE format('LOCK TABLE %s IN SHARE UPDATE EXCLUSIVE MODE', settings);
	options := @extschema@.base_options(settings);
	IF day < (options ->> 'kept_before')::date THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('the history before %s is kept already', options ->> 'kept_before'),
			HINT = 'Give a later day: what is kept may be gone from the source.';
	ELSIF NOT isfinite(day) OR day > (now() AT TIME ZONE (options ->> 'time_zone'))::date THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('the day cannot be %s', day),
			HINT = 'Give the first day whose orders stay in the source, in the past.';
	END IF;
	PERFORM @extschema@.base_refresh(settings);
	EXECUTE @extschema@.base_template('UPDATE {schema}.state SET kept_before = ', options) || quote_literal(day);
	PERFORM @extschema@.base_forget_settings(settings);
END $$;
COMMENT ON FUNCTION base_keep(regclass, date) IS
'The work of keep_history_before, with the caller''s rights.';

CREATE FUNCTION base_forget_settings(settings regclass) RETURNS void
	AS 'MODULE_PATHNAME', 'base_forget_settings' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION base_forget_settings(regclass) IS
'Has the triggers of every session read the settings of a customer base again.';

CREATE FUNCTION keep_history_before(base text, day date) RETURNS void
	AS 'MODULE_PATHNAME', 'keep_history_before' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION keep_history_before(text, date) IS
'Refreshes a customer base, and from then on keeps its history before a day whatever becomes of those orders: they may be archived and deleted; for members of the base''s owner.';

-- The work of forget_customer.
CREATE FUNCTION base_forget(settings regclass, customer text, tenant text) RETURNS TABLE (item text, rows bigint)
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET row_security = off SET timezone = 'UTC' SET datestyle = 'ISO'
AS $$
DECLARE
	options jsonb;
	survey jsonb;
	present bigint;
BEGIN
	EXECUTE format('LOCK TABLE %s IN SHARE UPDATE EXCLUSIVE MODE', settings);
	options := @extschema@.base_options(settings) || jsonb_build_object('who', customer, 'whose', tenant);
	IF (options ->> 'tenant_sql' IS NULL) <> (tenant IS NULL) THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('tenant cannot be %s', coalesce(quote_literal(tenant), 'NULL')),
			HINT = CASE WHEN tenant IS NULL THEN 'The customers of this base belong to tenants: name that of the customer.' ELSE 'This base has no tenants: leave it out.' END;
	END IF;
	PERFORM set_config('timezone', options ->> 'time_zone', true), set_config('datestyle', options ->> 'date_style', true);
	EXECUTE @extschema@.base_template($template$SELECT count(*) FROM (SELECT {customer_sql} AS customer[[tenant_sql:, {tenant_sql} AS tenant]]
		FROM {source} AS s[[filter_sql: WHERE {filter_sql}]]) AS s,
		(SELECT {'who'}::{customer_type} AS customer[[tenant_sql:, {'whose'}::{tenant_type} AS tenant]]) AS k WHERE {s=k}$template$, options) INTO present;
	IF present > 0 THEN
		RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
			MESSAGE = format('%s still has %s rows of the customer', options ->> 'source', present),
			DETAIL = 'The next refresh would bring the customer back.', HINT = 'Delete them or take the customer out of them first.';
	END IF;
	FOR survey IN SELECT @extschema@.base_survey_options(options, id) FROM @extschema@.base_survey_ids(options) AS id LOOP
		EXECUTE @extschema@.base_template($template$SELECT count(*) FROM ({rows}) AS s, (SELECT {'who'}::{customer_type} AS customer[[tenant_sql:, {'whose'}::{tenant_type} AS tenant]]) AS k WHERE {s=k}$template$,
			survey || jsonb_build_object('rows', @extschema@.base_answer_rows(survey, survey ->> 'answer_source'))) INTO present;
		IF present > 0 THEN
			RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state', MESSAGE = format('%s still has %s answers of the customer', survey ->> 'answer_source', present),
				DETAIL = 'The next refresh would bring them back.', HINT = 'Delete them or take the customer out of them first.';
		END IF;
	END LOOP;
	RETURN QUERY EXECUTE @extschema@.base_template($template$
WITH k AS MATERIALIZED (SELECT {'who'}::{customer_type} AS customer[[tenant_sql:, {'whose'}::{tenant_type} AS tenant]]),
summary AS (DELETE FROM {schema}.summary AS m USING k WHERE {m=k} RETURNING 1),
deltas AS (DELETE FROM {schema}.deltas AS m USING k WHERE {m=k} RETURNING 1),[[order_sql:
lines AS (DELETE FROM {schema}.line_deltas AS m USING k WHERE {m=k} RETURNING 1),]]
changes AS (DELETE FROM {schema}.lifecycle_changes AS m USING k WHERE {m=k} RETURNING 1),
churn AS (DELETE FROM {schema}.churn_changes AS m USING k WHERE {m=k} RETURNING 1),
quarantine AS (DELETE FROM {schema}.quarantine AS q USING k WHERE q.customer = k.customer::text[[tenant_sql: AND q.tenant = k.tenant::text]] RETURNING 1),
answers AS (DELETE FROM {schema}.answers AS m USING k WHERE {m=k} RETURNING m.*),
counted AS ($template$ || @extschema@.base_count_answers(@extschema@.base_template('(SELECT survey, {tenant,} answered_at, dimension, channel, agent, scope, score, problem, -answers AS answers FROM answers WHERE counted) AS gone', options)) || $template$)
SELECT 'summary', count(*) FROM summary UNION ALL SELECT 'deltas', count(*) FROM deltas
[[order_sql:UNION ALL SELECT 'line_deltas', count(*) FROM lines]]
UNION ALL SELECT 'lifecycle_changes', count(*) FROM changes UNION ALL SELECT 'churn_changes', count(*) FROM churn UNION ALL SELECT 'quarantine', count(*) FROM quarantine
UNION ALL SELECT 'answers', count(*) FROM answers$template$, options);
END $$;
COMMENT ON FUNCTION base_forget(regclass, text, text) IS
'The work of forget_customer, with the caller''s rights.';

CREATE FUNCTION forget_customer(base text, customer text, tenant text DEFAULT NULL) RETURNS TABLE (item text, rows bigint)
	AS 'MODULE_PATHNAME', 'forget_customer' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION forget_customer(text, text, text) IS
'Erases one customer, whose orders are gone from the source already, from every table of a customer base, and returns how many rows that were; for members of the base''s owner.';

-- The work of upgrade_customer_base: views and functions of this version in the place of those that are there.
CREATE FUNCTION base_upgrade(settings regclass) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	options jsonb;
BEGIN
	EXECUTE format('LOCK TABLE %s IN SHARE UPDATE EXCLUSIVE MODE', settings);
	options := @extschema@.base_options(settings);
	IF (options ->> 'base_version')::integer > @extschema@.base_version() THEN
		RAISE EXCEPTION USING ERRCODE = 'feature_not_supported',
			MESSAGE = format('customer base "%s" is of version %s, which this pg_customer does not know', options ->> 'base', options ->> 'base_version'),
			HINT = 'Install the newer pg_customer and run ALTER EXTENSION pg_customer UPDATE.';
	END IF;
	PERFORM @extschema@.base_make_views(options);
	EXECUTE format('UPDATE %s SET base_version = %L', settings, @extschema@.base_version());
	PERFORM @extschema@.base_forget_settings(settings);
END $$;
COMMENT ON FUNCTION base_upgrade(regclass) IS
'The work of upgrade_customer_base, with the caller''s rights.';

CREATE FUNCTION upgrade_customer_base(base text) RETURNS void
	AS 'MODULE_PATHNAME', 'upgrade_customer_base' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION upgrade_customer_base(text) IS
'Makes the views and functions of a customer base those of the installed version, after ALTER EXTENSION pg_customer UPDATE; what depends on them stays; for members of the base''s owner.';

CREATE FUNCTION base_version() RETURNS integer
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT 1;
END;
COMMENT ON FUNCTION base_version() IS
'The version of the tables of customer bases that this extension makes.';

-- The views of surveys and targets ----------------------------------------------------------------------

-- What a target can be set for: where its actual value stands, and which side is the better one.
CREATE FUNCTION base_metrics(OUT metric text, OUT better text, OUT view text, OUT kind text, OUT value text, OUT low text, OUT high text) RETURNS SETOF record
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	VALUES ('nps', 'higher', 'nps_by_period', 'nps', 'nps', 'nps_low', 'nps_high'),
		('satisfaction', 'higher', 'satisfaction_by_period', 'csat', 'mean', 'mean_low', 'mean_high'),
		('csat', 'higher', 'satisfaction_by_period', 'csat', 'top_share', 'top_share_low', 'top_share_high'),
		('ces', 'higher', 'satisfaction_by_period', 'ces', 'mean', 'mean_low', 'mean_high'),
		('complaint_rate', 'lower', 'complaints_by_period', 'complaint', 'complaint_rate', 'complaint_rate_low', 'complaint_rate_high'),
		('complaints', 'lower', 'complaints_by_period', 'complaint', 'complaints', NULL, NULL),
		('customers_active', 'higher', 'kpis', NULL, 'customers_active', NULL, NULL), ('customers_new', 'higher', 'kpis', NULL, 'customers_new', NULL, NULL),
		('customers_lost', 'lower', 'kpis', NULL, 'customers_lost', NULL, NULL), ('orders', 'higher', 'kpis', NULL, 'orders', NULL, NULL),
		('net', 'higher', 'kpis', NULL, 'net', NULL, NULL), ('average_order', 'higher', 'kpis', NULL, 'average_order', NULL, NULL),
		('repeat_rate', 'higher', 'kpis', NULL, 'repeat_rate', NULL, NULL), ('refund_rate', 'lower', 'kpis', NULL, 'refund_rate', NULL, NULL);
END;
COMMENT ON FUNCTION base_metrics() IS
'The metrics that a target of a customer base can be set for, and where their actual values stand.';

-- The last overall answer of a customer to surveys of a kind, as SQL over an alias m with the key and a day. It is looked up only
-- in a base that has such a survey, and only if the column is read.
CREATE FUNCTION base_last_answer(options jsonb, kind text, skip integer DEFAULT 0) RETURNS text
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN @extschema@.base_template($template$CASE WHEN EXISTS (SELECT FROM {schema}.surveys AS y WHERE y.kind = {'kind'}) THEN
		(SELECT a.score FROM {schema}.answers AS a WHERE {a=m} AND a.survey = ANY (ARRAY(SELECT y.id FROM {schema}.surveys AS y WHERE y.kind = {'kind'}))
			AND a.problem IS NULL AND a.dimension IS NULL AND a.answered_at < m.as_of + 1
		GROUP BY a.answered_at, a.score HAVING sum(a.answers) > 0 ORDER BY a.answered_at DESC, a.score OFFSET {skip} LIMIT 1) END::integer$template$, options || jsonb_build_object('kind', kind, 'skip', skip));
END $$;
COMMENT ON FUNCTION base_last_answer(jsonb, text, integer) IS
'The last overall score of a customer in surveys of a kind, or one of those before it, as SQL.';

CREATE FUNCTION base_make_survey_views(options jsonb) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	zh boolean := options ->> 'language' = 'zh';
BEGIN
	options := options || jsonb_build_object(
		'reason_gone', CASE WHEN zh THEN '来源 %s 不存在' ELSE 'there is no %s any more' END,
		'reason_lacks', CASE WHEN zh THEN '%s 缺少触发器或触发器已停用:请推进 (advance_customer_base)' ELSE '%s lacks a trigger, or it is disabled: advance the base' END,
		'reason_missed', CASE WHEN zh THEN '。排除原因后请刷新' ELSE '. When that is put right, refresh' END,
		'reason_advance', CASE WHEN zh THEN '尚未实时:请推进 (advance_customer_base)' ELSE 'not live yet: advance the base' END,
		'units', $units$(VALUES ('week', interval '1 week'), ('month', '1 month'), ('quarter', '3 months'), ('year', '1 year')) AS u (unit, length)$units$,
		'waves', $units$(VALUES ('week', interval '1 week'), ('month', '1 month'), ('quarter', '3 months'), ('half', '6 months'), ('year', '1 year')) AS u (unit, length)$units$,
		'wave', $wave$(CASE a.wave WHEN 'half' THEN date_trunc('year', a.answered_on::timestamp) + interval '6 months' * (extract(month FROM a.answered_on) > 6)::integer ELSE date_trunc(a.wave, a.answered_on::timestamp) END)$wave$,
		'top', '(CASE c.kind WHEN ''ces'' THEN 3 ELSE 2 END)');
	options := options || jsonb_build_object('measures', @extschema@.base_template($template$round({ext}.mean(c.tally)::numeric, 2), round({ext}.mean_low(c.tally)::numeric, 2), round({ext}.mean_high(c.tally)::numeric, 2),
	round({ext}.csat(c.tally, {top}, c.scale)::numeric, 6), round({ext}.csat_low(c.tally, {top}, c.scale)::numeric, 6), round({ext}.csat_high(c.tally, {top}, c.scale)::numeric, 6)$template$, options));

	-- What was answered until a day, whether it is counted already or not, without its customers. A survey that has overall answers
	-- speaks by them; one that only asks of dimensions, by all of its answers.
	PERFORM @extschema@.base_make_function(options, 'answers_until(day date)', 'TABLE ({tenant_column}survey text, kind text, scale text, wave text, minimum_answers integer, answered_on date, scope text,
		dimension text, channel text, agent text, score integer, answers bigint, overall boolean)', $template$
SELECT {a.tenant,} s.survey, s.kind, s.scale, s.wave, s.minimum_answers, a.day, a.scope, a.dimension, a.channel, a.agent, a.score::integer, sum(a.answers)::bigint, a.dimension IS NULL OR NOT s.overall
FROM (SELECT survey, {tenant,} day, scope, dimension, channel, agent, score, answers FROM {schema}.answer_counts
	UNION ALL SELECT survey, {tenant,} answered_at::date, scope, dimension, channel, agent, score, answers FROM {schema}.answers WHERE NOT counted AND problem IS NULL) AS a
	JOIN (SELECT y.*, EXISTS (SELECT FROM {schema}.answer_counts AS o WHERE o.survey = y.id AND o.dimension IS NULL) AS overall FROM {schema}.surveys AS y OFFSET 0) AS s ON s.id = a.survey
WHERE a.day <= $1
GROUP BY {a.tenant,} s.survey, s.kind, s.scale, s.wave, s.minimum_answers, s.overall, a.day, a.scope, a.dimension, a.channel, a.agent, a.score HAVING sum(a.answers) > 0$template$);

	PERFORM @extschema@.base_make_view(options, 'nps_by_period', 'The net promoter score by week, month, quarter and year; filter by unit.', $template$
SELECT {c.tenant,} c.survey, c.scope, c.period, c.unit, {ext}.answers(c.tally), {ext}.promoters(c.tally), {ext}.passives(c.tally), {ext}.detractors(c.tally),
	round({ext}.nps(c.tally), 2), round({ext}.nps_low(c.tally)::numeric, 2), round({ext}.nps_high(c.tally)::numeric, 2), round(d.difference::numeric, 2), round(d.p_value::numeric, 6), c.next <= $1 + 1, $1
FROM (SELECT c.*, lag(c.tally) OVER (PARTITION BY {c.tenant,} c.survey, c.scope, c.unit ORDER BY c.period) AS before
	FROM (SELECT {a.tenant,} a.survey, a.scope, u.unit, date_trunc(u.unit, a.answered_on::timestamp)::date AS period, (date_trunc(u.unit, a.answered_on::timestamp) + u.length)::date AS next,
			{ext}.nps_tally(a.score, a.answers) AS tally
		FROM {schema}.answers_until($1) AS a CROSS JOIN {units} WHERE a.kind = 'nps' AND a.overall GROUP BY {a.tenant,} a.survey, a.scope, u.unit, period, next) AS c) AS c
	LEFT JOIN LATERAL {ext}.nps_difference(c.before, c.tally) AS d ON true$template$);

	PERFORM @extschema@.base_make_view(options, 'satisfaction_by_period', 'Satisfaction and ease by week, month, quarter and year; filter by unit.', $template$
SELECT {c.tenant,} c.survey, c.kind, c.scope, c.period, c.unit, {ext}.answers(c.tally), {measures}, round(d.difference::numeric, 2), round(d.p_value::numeric, 6), c.next <= $1 + 1, $1
FROM (SELECT c.*, lag(c.tally) OVER (PARTITION BY {c.tenant,} c.survey, c.scope, c.unit ORDER BY c.period) AS before
	FROM (SELECT {a.tenant,} a.survey, a.kind, a.scale, a.scope, u.unit, date_trunc(u.unit, a.answered_on::timestamp)::date AS period, (date_trunc(u.unit, a.answered_on::timestamp) + u.length)::date AS next,
			{ext}.rating_tally(a.score, a.answers) AS tally
		FROM {schema}.answers_until($1) AS a CROSS JOIN {units} WHERE a.kind IN ('csat', 'ces') AND a.overall GROUP BY {a.tenant,} a.survey, a.kind, a.scale, a.scope, u.unit, period, next) AS c) AS c
	LEFT JOIN LATERAL {ext}.mean_difference(c.before, c.tally) AS d ON true$template$);

	PERFORM @extschema@.base_make_view(options, 'satisfaction_by_dimension', 'What was asked about, over all time until the day: quality, price, delivery, service and whatever the survey tells apart.', $template$
SELECT {c.tenant,} c.survey, c.kind, c.scope, c.dimension, {ext}.answers(c.tally), {measures}, round(({ext}.mean(c.tally) - {ext}.mean({ext}.rollup(c.tally) OVER (PARTITION BY {c.tenant,} c.survey, c.scope)))::numeric, 2), $1
FROM (SELECT {a.tenant,} a.survey, a.kind, a.scale, a.scope, a.dimension, {ext}.rating_tally(a.score, a.answers) AS tally
	FROM {schema}.answers_until($1) AS a WHERE a.kind <> 'complaint' AND a.dimension IS NOT NULL GROUP BY {a.tenant,} a.survey, a.kind, a.scale, a.scope, a.dimension) AS c$template$);

	PERFORM @extschema@.base_make_view(options, 'satisfaction_by_channel', 'The same survey by the channel of its answers, and by how much a channel differs from all others.', $template$
SELECT {c.tenant,} c.survey, c.kind, c.scope, c.channel, {ext}.answers(c.tally), {measures}, round(d.difference::numeric, 2), round(d.low::numeric, 2), round(d.high::numeric, 2), round(d.p_value::numeric, 6), $1
FROM (SELECT c.*, {ext}.rollup(c.tally) OVER (PARTITION BY {c.tenant,} c.survey, c.scope ORDER BY c.channel ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING EXCLUDE CURRENT ROW) AS others
	FROM (SELECT {a.tenant,} a.survey, a.kind, a.scale, a.scope, a.channel, {ext}.rating_tally(a.score, a.answers) AS tally
		FROM {schema}.answers_until($1) AS a WHERE a.kind <> 'complaint' AND a.channel IS NOT NULL AND a.overall GROUP BY {a.tenant,} a.survey, a.kind, a.scale, a.scope, a.channel) AS c) AS c
	LEFT JOIN LATERAL {ext}.mean_difference(c.others, c.tally) AS d ON true$template$);

	PERFORM @extschema@.base_make_view(options, 'satisfaction_by_agent', 'Satisfaction by who served the customer, with what so few answers can say.', $template$
SELECT {c.tenant,} c.survey, c.kind, c.scope, c.agent, {ext}.answers(c.tally), {ext}.answers(c.tally) >= c.minimum_answers,
	round({ext}.mean(c.tally)::numeric, 2), round({ext}.mean_low(c.tally)::numeric, 2), round({ext}.mean_high(c.tally)::numeric, 2),
	round({ext}.shrunk_mean(c.tally, {ext}.mean(c.everybody), c.minimum_answers)::numeric, 2),
	round({ext}.csat(c.tally, {top}, c.scale)::numeric, 6), round({ext}.csat_low(c.tally, {top}, c.scale)::numeric, 6), round({ext}.csat_high(c.tally, {top}, c.scale)::numeric, 6), $1
FROM (SELECT c.*, {ext}.rollup(c.tally) OVER (PARTITION BY {c.tenant,} c.survey, c.scope) AS everybody
	FROM (SELECT {a.tenant,} a.survey, a.kind, a.scale, a.scope, a.agent, a.minimum_answers, {ext}.rating_tally(a.score, a.answers) AS tally
		FROM {schema}.answers_until($1) AS a WHERE a.kind <> 'complaint' AND a.agent IS NOT NULL AND a.overall GROUP BY {a.tenant,} a.survey, a.kind, a.scale, a.scope, a.agent, a.minimum_answers) AS c) AS c$template$);

	PERFORM @extschema@.base_make_view(options, 'survey_waves', 'Every wave of every survey against the one before, overall and for each dimension.', $template$
SELECT {c.tenant,} c.survey, c.kind, c.scope, c.dimension, c.wave_start, c.unit, {ext}.answers(c.tally), {measures},
	CASE WHEN c.kind = 'nps' THEN round({ext}.nps(c.nps_tally), 2) END, c.wave_before, {ext}.answers(c.before),
	round(d.difference::numeric, 2), round(d.p_value::numeric, 6), d.p_value < 0.05, c.latest, c.next <= $1 + 1, $1
FROM (SELECT c.*, lag(c.tally) OVER w AS before, lag(c.nps_tally) OVER w AS nps_before, lag(c.wave_start) OVER w AS wave_before, lead(c.wave_start) OVER w IS NULL AS latest
	FROM (SELECT {a.tenant,} a.survey, a.kind, a.scale, a.scope, g.dimension, a.wave AS unit, {wave}::date AS wave_start, ({wave} + u.length)::date AS next,
			{ext}.rating_tally(a.score, a.answers) AS tally, {ext}.nps_tally(a.score, a.answers) FILTER (WHERE a.kind = 'nps') AS nps_tally
		FROM {schema}.answers_until($1) AS a JOIN {waves} ON u.unit = a.wave
			CROSS JOIN LATERAL (SELECT a.dimension WHERE a.dimension IS NOT NULL UNION ALL SELECT NULL WHERE a.overall) AS g
		WHERE a.kind <> 'complaint' GROUP BY {a.tenant,} a.survey, a.kind, a.scale, a.scope, g.dimension, a.wave, wave_start, next) AS c
	WINDOW w AS (PARTITION BY {c.tenant,} c.survey, c.scope, c.dimension ORDER BY c.wave_start)) AS c
	LEFT JOIN LATERAL (SELECT m.difference, m.p_value FROM {ext}.mean_difference(c.before, c.tally) AS m WHERE c.kind <> 'nps'
		UNION ALL SELECT n.difference, n.p_value FROM {ext}.nps_difference(c.nps_before, c.nps_tally) AS n WHERE c.kind = 'nps') AS d ON true$template$);

	-- A response is what one customer said at one time; it counts if it has the overall answer and one for each dimension.
	PERFORM @extschema@.base_make_view(options, 'satisfaction_drivers', 'Which dimension matters how much for the overall answer, and how well it does.', $template$
SELECT {t.tenant,} t.survey, t.kind, d.name, d.answers, round(d.performance::numeric, 2), round(d.correlation::numeric, 6), round(d.beta::numeric, 6), round(d.std_error::numeric, 6), round(d.p_value::numeric, 6),
	round(d.importance::numeric, 6), d.quadrant, {ext}.quadrant_label(d.quadrant, {'language'}), d.note, $1
FROM (SELECT {r.tenant,} r.survey, r.kind, r.names, {ext}.satisfaction_drivers(r.overall, r.scores) AS tally
	FROM (SELECT {a.tenant,} s.survey, s.kind, n.names, max(a.score) FILTER (WHERE a.dimension IS NULL)::integer AS overall, array_agg(a.score::integer ORDER BY a.dimension) FILTER (WHERE a.dimension IS NOT NULL) AS scores
		FROM (SELECT survey, {key}, answered_at, dimension, channel, agent, scope, score FROM {schema}.answers WHERE problem IS NULL AND answered_at < $1 + 1
				GROUP BY survey, {key}, answered_at, dimension, channel, agent, scope, score HAVING sum(answers) > 0) AS a
			JOIN {schema}.surveys AS s ON s.id = a.survey AND s.dimension_sql IS NOT NULL AND s.kind <> 'complaint'
			JOIN (SELECT survey, array_agg(DISTINCT dimension ORDER BY dimension) AS names FROM {schema}.answer_counts WHERE dimension IS NOT NULL AND answers > 0 GROUP BY survey) AS n ON n.survey = a.survey
		GROUP BY {a.tenant,} s.survey, s.kind, n.names, a.customer, a.answered_at, a.channel, a.agent, a.scope) AS r
	WHERE cardinality(r.scores) = cardinality(r.names) AND r.overall IS NOT NULL GROUP BY {r.tenant,} r.survey, r.kind, r.names) AS t
	CROSS JOIN LATERAL {ext}.drivers(t.tally, t.names) AS d$template$);

	-- The last overall answer of every customer to every survey, with the day.
	PERFORM @extschema@.base_make_function(options, 'last_answers(day date, days_before integer)', 'TABLE ({tenant_column}customer {customer_type}, survey text, kind text, scale text, loyalty_days integer, score integer, answered_on date)', $template$
SELECT DISTINCT ON (s.id, {a.key}) {a.key}, s.survey, s.kind, s.scale, s.loyalty_days, a.score::integer, a.answered_at::date
FROM {schema}.surveys AS s JOIN {schema}.answers AS a ON a.survey = s.id
WHERE s.kind <> 'complaint' AND a.problem IS NULL AND a.customer IS NOT NULL AND a.dimension IS NULL AND a.answered_at < $1 + 1 - CASE WHEN $2 IS NULL THEN s.loyalty_days ELSE $2 END
GROUP BY s.id, s.survey, s.kind, s.scale, s.loyalty_days, {a.key}, a.answered_at, a.score HAVING sum(a.answers) > 0
ORDER BY s.id, {a.key}, a.answered_at DESC, a.score$template$);

	PERFORM @extschema@.base_make_view(options, 'detractors_to_call', 'Whom to call: customers whose last answer was a bad one, by what they have brought.', $template$
SELECT m.customer, {m.tenant,} {attributes_sql}a.survey, a.kind, a.score, a.answered_on, $1 - a.answered_on, m.stage::text, l.{label}, m.total::numeric(38,2), m.orders, m.last_purchase, {'currency'}::text, m.as_of
FROM {schema}.last_answers($1, 0) AS a JOIN {schema}.all_measured_at($1) AS m ON {a=m}
	LEFT JOIN {schema}.lifecycle_stages AS l ON l.stage = m.stage::text
	[[customers:LEFT JOIN {customers} AS s ON {key_is_customer}]]
WHERE a.score <= CASE a.kind WHEN 'nps' THEN 6 ELSE split_part(a.scale, '..', 1)::integer + CASE a.kind WHEN 'ces' THEN 2 ELSE 1 END END
ORDER BY {m.tenant,} m.total DESC, m.customer, a.survey$template$);

	PERFORM @extschema@.base_make_view(options, 'satisfaction_loyalty', 'Does satisfaction bring customers back? Who bought again soon after the last answer, by level of it, against the level below.', $template$
SELECT {c.tenant,} c.survey, c.kind, c.level, c.label, {ext}.trials(c.loyal), {ext}.successes(c.loyal), round({ext}.value(c.loyal)::numeric, 6), round({ext}.low(c.loyal)::numeric, 6), round({ext}.high(c.loyal)::numeric, 6),
	round(d.odds_ratio::numeric, 2), round(d.low::numeric, 2), round(d.high::numeric, 2), round(d.p_value::numeric, 6), $1
FROM (SELECT c.*, lag(c.loyal) OVER (PARTITION BY {c.tenant,} c.survey ORDER BY c.level) AS below
	FROM (SELECT {a.tenant,} a.survey, a.kind, v.level,
			CASE a.kind WHEN 'nps' THEN (ARRAY[{'detractors'}, {'passives'}, {'promoters'}])[v.level] ELSE CASE WHEN a.scale = '1..5' AND a.kind = 'csat' THEN {ext}.satisfaction_label({ext}.satisfaction(v.level), {'language'}) ELSE v.level::text END END AS label,
			{ext}.proportion({ext}.orders({ext}.slice(m.history, a.answered_on + 1, a.answered_on + 1 + a.loyalty_days)) > 0) AS loyal
		FROM {schema}.last_answers($1, NULL) AS a JOIN {schema}.summary_now AS m ON {a=m}
			CROSS JOIN LATERAL (SELECT CASE WHEN a.kind <> 'nps' THEN a.score WHEN a.score <= 6 THEN 1 WHEN a.score <= 8 THEN 2 ELSE 3 END AS level OFFSET 0) AS v
		GROUP BY {a.tenant,} a.survey, a.kind, a.scale, v.level) AS c) AS c
	LEFT JOIN LATERAL {ext}.odds_ratio(c.loyal, c.below) AS d ON true$template$);

	PERFORM @extschema@.base_make_view(options, 'complaints_by_period', 'Complaints by week, month, quarter and year, against purchases; filter by unit.', (SELECT string_agg($template$
SELECT {c.tenant,} c.survey, c.scope, c.period, '$template$ || u.unit || $template$'::text, c.complaints, c.customers, coalesce(k.orders, 0),
	round(100.0 * c.complaints / nullif(k.orders, 0), 2), round(c.complaints::numeric / nullif(k.orders, 0), 6), round({ext}.low(p.rate)::numeric, 6), round({ext}.high(p.rate)::numeric, 6), c.next <= $1 + 1, $1
FROM (SELECT {a.tenant,} a.survey, a.scope, a.period, (a.period + interval '$template$ || u.length || $template$')::date AS next, sum(a.complaints)::bigint AS complaints, count(DISTINCT a.customer) AS customers
	FROM (SELECT {a.tenant,} s.survey, a.scope, a.customer, date_trunc('$template$ || u.unit || $template$', a.answered_at)::date AS period, sum(a.answers) AS complaints
		FROM {schema}.surveys AS s JOIN {schema}.answers AS a ON a.survey = s.id WHERE s.kind = 'complaint' AND a.problem IS NULL AND a.answered_at < $1 + 1
		GROUP BY {a.tenant,} s.survey, a.scope, a.customer, date_trunc('$template$ || u.unit || $template$', a.answered_at)::date HAVING sum(a.answers) > 0) AS a
	GROUP BY {a.tenant,} a.survey, a.scope, a.period) AS c
	LEFT JOIN {schema}.kpis_by('$template$ || u.unit || $template$', $1) AS k ON k.period = c.period[[tenant_sql: AND k.tenant {tenant_equal} c.tenant]]
	CROSS JOIN LATERAL (SELECT CASE WHEN c.complaints <= k.orders THEN {ext}.proportion(c.complaints, k.orders) END AS rate OFFSET 0) AS p$template$, ' UNION ALL ')
		FROM (VALUES ('week', '1 week'), ('month', '1 month'), ('quarter', '3 months'), ('year', '1 year')) AS u (unit, length)));

	PERFORM @extschema@.base_make_view(options, 'complaint_reasons', 'What customers complain of, and what has become more or less of late.', $template$
SELECT {c.tenant,} c.survey, c.dimension, c.complaints, round(c.complaints / sum(c.complaints) OVER w, 6), c.late, c.early, round(t.p_value::numeric, 6), $1
FROM (SELECT {a.tenant,} a.survey, a.dimension, sum(a.answers)::bigint AS complaints, coalesce(sum(a.answers) FILTER (WHERE a.answered_on > $1 - 90), 0)::bigint AS late,
		coalesce(sum(a.answers) FILTER (WHERE a.answered_on > $1 - 180 AND a.answered_on <= $1 - 90), 0)::bigint AS early,
		(sum(sum(a.answers) FILTER (WHERE a.answered_on > $1 - 90)) OVER (PARTITION BY {a.tenant,} a.survey))::bigint AS all_late,
		(sum(sum(a.answers) FILTER (WHERE a.answered_on > $1 - 180 AND a.answered_on <= $1 - 90)) OVER (PARTITION BY {a.tenant,} a.survey))::bigint AS all_early
	FROM {schema}.answers_until($1) AS a WHERE a.kind = 'complaint' GROUP BY {a.tenant,} a.survey, a.dimension) AS c
	LEFT JOIN LATERAL {ext}.ab_test({ext}.proportion(c.early, c.all_early), {ext}.proportion(c.late, c.all_late)) AS t ON true
WINDOW w AS (PARTITION BY {c.tenant,} c.survey)
ORDER BY {c.tenant,} c.survey, c.complaints DESC, c.dimension$template$);

	PERFORM @extschema@.base_make_view(options, 'survey_status', 'The surveys of the base: what they read, what they hold, and whether they follow.', $template$
SELECT s.survey, s.kind, s.scale, s.source, CASE WHEN s.live_since IS NOT NULL THEN 'live' ELSE 'refresh' END AS mode, coalesce(a.answers, 0)::bigint AS answers, coalesce(a.customers, 0) AS customers,
	coalesce(a.anonymous, 0)::bigint AS anonymous, coalesce(a.quarantined, 0)::bigint AS quarantined, a.first_day, a.last_day, s.refreshed_at, r.reason IS NOT NULL AS stale, r.reason AS stale_reason
FROM {schema}.surveys AS s CROSS JOIN {schema}.settings AS b
	LEFT JOIN LATERAL (SELECT sum(a.answers) FILTER (WHERE a.problem IS NULL) AS answers, count(DISTINCT a.customer) FILTER (WHERE a.problem IS NULL) AS customers,
			sum(a.answers) FILTER (WHERE a.problem IS NULL AND a.customer IS NULL) AS anonymous, sum(a.answers) FILTER (WHERE a.problem IS NOT NULL) AS quarantined,
			min(a.answered_at) FILTER (WHERE a.problem IS NULL)::date AS first_day, max(a.answered_at) FILTER (WHERE a.problem IS NULL)::date AS last_day
		FROM {schema}.answers AS a WHERE a.survey = s.id) AS a ON true
	CROSS JOIN LATERAL (SELECT CASE
		WHEN to_regclass(s.source) IS NULL THEN format({'reason_gone'}, s.source)
		WHEN EXISTS (SELECT FROM {schema}.troubles AS o WHERE o.reason = 'survey' AND starts_with(o.detail, s.survey || ': '))
			THEN (SELECT min(o.detail) FROM {schema}.troubles AS o WHERE o.reason = 'survey' AND starts_with(o.detail, s.survey || ': ')) || {'reason_missed'}
		WHEN s.live_since IS NOT NULL THEN (SELECT format({'reason_lacks'}, min(m.relation::text)) FROM {ext}.base_missing_survey_triggers((SELECT n.nspname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
			WHERE c.oid = b.tableoid), s.id, s.source) AS m HAVING count(*) > 0) END AS reason OFFSET 0) AS r
ORDER BY s.id$template$, false);

	-- Each view is read once for all of its metrics, if any of them has a target, and kpis for the units that targets have.
	PERFORM @extschema@.base_make_view(options, 'kpi_targets', 'Actual against target, met or not, and whether the data are enough to be certain.', replace($template$
SELECT {g.tenant,} g.metric, g.survey, g.period, g.unit, g.target, k.better, v.value, v.low, v.high,
	CASE k.better WHEN 'higher' THEN v.value >= g.target ELSE v.value <= g.target END,
	CASE WHEN v.value >= g.target THEN v.low >= g.target ELSE v.high < g.target END, v.complete, $1
FROM {schema}.targets AS g JOIN {ext}.base_metrics() AS k ON k.metric = g.metric
	LEFT JOIN (#) AS v ON v.metric = g.metric AND v.unit = g.unit AND v.period = date_trunc(g.unit, g.period::timestamp)::date AND (g.survey IS NULL OR v.survey = g.survey)[[tenant_sql: AND v.tenant {tenant_equal} g.tenant]]
ORDER BY {g.tenant,} g.period, g.metric, g.survey$template$, '#',
		(SELECT string_agg(format('SELECT {v.tenant,} x.metric, %s AS survey, %s AS unit, v.period, x.value, x.low, x.high, v.complete FROM %s CROSS JOIN LATERAL (VALUES %s) AS x (metric, value, low, high)
			WHERE EXISTS (SELECT FROM {schema}.targets AS t WHERE t.metric IN (%s))%s', m.survey, m.unit, m.source, m.values, m.metrics, m.condition), ' UNION ALL ')
		FROM (SELECT m.view, string_agg(format('(%L, v.%I::numeric(38,6), %s::numeric(38,6), %s::numeric(38,6))', m.metric, m.value, coalesce('v.' || m.low, 'NULL'), coalesce('v.' || m.high, 'NULL')), ', ') AS values,
				string_agg(quote_literal(m.metric), ', ') AS metrics, CASE m.view WHEN 'kpis' THEN 'NULL::text' ELSE 'v.survey' END AS survey, CASE m.view WHEN 'kpis' THEN 'u.unit' ELSE 'v.unit' END AS unit,
				CASE m.view WHEN 'kpis' THEN '(SELECT DISTINCT t.unit FROM {schema}.targets AS t) AS u CROSS JOIN LATERAL {schema}.kpis_by(u.unit, $1) AS v' ELSE format('{schema}.%I($1) AS v', m.view || '_at') END AS source,
				CASE m.view WHEN 'kpis' THEN '' WHEN 'satisfaction_by_period' THEN ' AND v.scope = ''external'' AND (v.kind = ''ces'') = (x.metric = ''ces'')' ELSE ' AND v.scope = ''external''' END AS condition
			FROM @extschema@.base_metrics() AS m GROUP BY m.view) AS m)));

	EXECUTE @extschema@.base_template($template$
COMMENT ON FUNCTION {schema}.answers_until(date) IS 'What was answered to surveys until a day, by all but the customer.';
COMMENT ON FUNCTION {schema}.last_answers(date, integer) IS 'The last overall answer of every customer to every survey until some days before a day; NULL: the survey''s loyalty_days.'$template$, options);
END $$;
COMMENT ON FUNCTION base_make_survey_views(jsonb) IS
'Makes the views of surveys and targets in the schema of a customer base.';

-- Customer bases: making, finding, granting, dropping -----------------------------------------------

CREATE FUNCTION base_read_settings(settings regclass, OUT base text, OUT source text, OUT created_at timestamptz)
	AS 'MODULE_PATHNAME', 'base_read_settings' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION base_read_settings(regclass) IS
'The name, source and time of a customer base from its settings table, read without a query; NULL for any other relation, one with row-level security, and one that the caller may not read.';

CREATE FUNCTION customer_bases()
	RETURNS TABLE (base text, schema text, owner text, source text, created_at timestamptz)
	LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT s.base, n.nspname::text, c.relowner::regrole::text, s.source, s.created_at
	FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace, LATERAL base_read_settings(c.oid) AS s
	WHERE c.relname = 'settings' AND c.relkind = 'r' AND has_schema_privilege(n.oid, 'USAGE') AND s.base IS NOT NULL
	ORDER BY n.nspname;
END;
COMMENT ON FUNCTION customer_bases() IS
'The customer bases of this database whose settings the caller may read.';

CREATE FUNCTION base_settings(base text) RETURNS regclass
	LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	settings regclass;
	bases text;
BEGIN
	-- The caller's own base in the schema of its name is found without a look at the tables of others, which they
	-- might keep locked. Then any of the caller's own comes before what others call by the same name.
	SELECT c.oid INTO settings
	FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace, LATERAL @extschema@.base_read_settings(c.oid) AS s
	WHERE c.relname = 'settings' AND n.nspname = base_settings.base AND s.base = base_settings.base AND pg_has_role(c.relowner, 'USAGE');
	IF settings IS NULL THEN
		SELECT format('%I.settings', b.schema)::regclass INTO settings
		FROM @extschema@.customer_bases() AS b WHERE b.base = base_settings.base
		ORDER BY NOT pg_has_role(b.owner::regrole, 'USAGE'), b.schema <> b.base, b.schema LIMIT 1;
	END IF;
	IF settings IS NULL THEN
		bases := (SELECT string_agg(quote_ident(b.base), ', ') FROM @extschema@.customer_bases() AS b);
		RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('there is no customer base "%s"', base),
			HINT = coalesce('The customer bases that you may read are: ' || bases || '.',
				'Make one with create_customer_base, or ask its owner for grant_reader.');
	END IF;
	RETURN settings;
END $$;
COMMENT ON FUNCTION base_settings(text) IS
'The settings table of a customer base; an unknown base is an error.';

CREATE FUNCTION base_extension_schema() RETURNS text
	LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT pg_catalog.quote_ident(n.nspname) FROM pg_catalog.pg_extension AS e JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace
	WHERE e.extname = 'pg_customer';
END;
COMMENT ON FUNCTION base_extension_schema() IS
'The schema of this extension, as SQL.';

CREATE FUNCTION base_options(settings regclass) RETURNS jsonb
	LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO'
AS $$
DECLARE
	options jsonb;
	schema text := (SELECT relnamespace::regnamespace::text FROM pg_class WHERE oid = settings);
BEGIN
	EXECUTE format('SELECT to_jsonb(s) || jsonb_build_object(''kept_before'', t.kept_before, ''differences'', t.differences) FROM ONLY %s AS s, ONLY %s.state AS t', settings, schema) INTO STRICT options;
	RETURN options || jsonb_build_object('schema', schema, 'summary_table', schema || '.summary',
		'deltas_table', schema || '.deltas', 'line_deltas_table', schema || '.line_deltas',
		'ext', @extschema@.base_extension_schema(),
		'amount_problem', CASE WHEN options ->> 'amount_type' = 'bigint' THEN 'NULL::text'
			ELSE @extschema@.base_extension_schema() || '.base_amount_problem(r.amount)' END,
		'until', CASE options ->> 'as_of' WHEN 'today' THEN (now() AT TIME ZONE (options ->> 'time_zone'))::date::text
			WHEN 'last_purchase' THEN NULL ELSE options ->> 'as_of' END);
END $$;
COMMENT ON FUNCTION base_options(regclass) IS
'The options of a customer base, from its settings table, with the names that its statements need.';

-- Every option that can be judged alone. What is wrong is named with the value and the way out.
CREATE FUNCTION base_check_options(options jsonb) RETURNS void
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	map record;
	wrong record;
BEGIN
	SELECT m.map, m.bins INTO map FROM @extschema@.segment_maps() AS m WHERE m.map = options ->> 'segment_map';
	SELECT w.option, coalesce(quote_nullable(options ->> w.option), '') AS value, w.hint INTO wrong
	FROM (SELECT o ->> 'name' AS name, (o ->> 'rfm_bins')::integer AS bins, (o ->> 'abc_a')::numeric AS a,
			(o ->> 'abc_b')::numeric AS b, o FROM (SELECT options AS o) AS given) AS given,
		LATERAL (VALUES
			('name', coalesce(name = '' OR octet_length(name) > 63, true), 'Give the base a name of 1 to 63 bytes: it names its schema.'),
			('schema', o ->> 'schema' = '' OR octet_length(o ->> 'schema') > 63, 'Give the schema a name of 1 to 63 bytes.'),
			('source', o ->> 'source' IS NULL, 'Name the table or view that holds the orders, as in ''public.orders''.'),
			('customer', o ->> 'customer' IS NULL, 'Name the column of the customer''s key.'),
			('purchased_at', o ->> 'purchased_at' IS NULL, 'Name the column of the day or time of the order.'),
			('amount', o ->> 'amount' IS NULL, 'Name the column of the amount, or give an expression such as ''quantity * unit_price''.'),
			('customers', o ->> 'customers' IS NULL AND coalesce(o ->> 'customers_key', o ->> 'attributes') IS NOT NULL,
				'The options customers_key and attributes are about the table that the option customers names.'),
			('customers_key', o ->> 'customers' IS NOT NULL AND o ->> 'customers_key' IS NULL,
				'Name the column of the customers table that holds the customer''s key.'),
			('time_zone', NOT EXISTS (SELECT FROM pg_timezone_names AS z WHERE lower(z.name) = lower(o ->> 'time_zone')),
				'Give a name of pg_timezone_names, such as ''Asia/Shanghai'' or ''Europe/Paris'': the days of the base are days of that zone.'),
			('source_time_zone', o ->> 'source_time_zone' IS NOT NULL
				AND NOT EXISTS (SELECT FROM pg_timezone_names AS z WHERE lower(z.name) = lower(o ->> 'source_time_zone')),
				'Give a name of pg_timezone_names, such as ''UTC''.'),
			('as_of', coalesce(o ->> 'as_of' !~ '^(today|last_purchase|\d{4}-\d\d-\d\d)$', true),
				'Give ''today'', ''last_purchase'' (the last day in the data) or a date such as ''2024-12-31''.'),
			('currency', o ->> 'currency' !~ '^[A-Z]{3}$', 'Give a code of three capital letters, such as ''EUR'' or ''CNY''.'),
			('currency', o ->> 'currency' IS NULL AND o ->> 'currency_column' IS NOT NULL,
				'With currency_column, name the currency of the base: rows in another one are quarantined.'),
			('rfm_bins', coalesce(bins NOT BETWEEN 2 AND 9, true), 'Give a number from 2 to 9: a score is one digit.'),
			('rfm_method', o ->> 'rfm_method' = 'ntile',
				'ntile gives equal values different scores, so a base cannot store its cut points: use ''quantile'', or the window function rfm_score.'),
			('rfm_method', coalesce(o ->> 'rfm_method' NOT IN ('quantile', 'mean', 'mean_score', 'fixed', 'ntile'), true),
				'Give ''quantile'', ''mean'', ''mean_score'' or ''fixed''.'),
			('segment_map', map.map IS NULL, 'The maps are: '
				|| (SELECT string_agg(m.map, ', ') FROM @extschema@.segment_maps() AS m) || '.'),
			('rfm_bins', bins <> map.bins, format('The map %s is for %s bins: leave rfm_bins out.', map.map, map.bins)),
			('rfm_method', o ->> 'rfm_method' LIKE 'mean%' AND bins <> 2, 'A mean cuts in two: give segment_map => ''cn8''.'),
			('rfm_window', (o ->> 'rfm_window')::interval <= interval '0', 'Give a positive interval, such as ''1 year''.'),
			('abc_a', coalesce(NOT a BETWEEN 0 AND 1, true), 'Give a share from 0 to 1, such as 0.80.'),
			('abc_b', coalesce(NOT b BETWEEN a AND 1, true), 'Give a share from abc_a to 1, such as 0.95.'),
			('count_by', coalesce(o ->> 'count_by' NOT IN ('days', 'orders'), true), 'Give ''days'' or ''orders''.'),
			('policy', o ->> 'policy' IS NULL, 'Give ''retail'', ''grocery'' or ''b2b'', or one of them with settings: ''retail, loyal_from 3''.'),
			('can_afford', o ->> 'can_afford' IS NULL AND o ->> 'has_need' IS NOT NULL, 'Give both can_afford and has_need: a hot prospect meets both.'),
			('has_need', o ->> 'can_afford' IS NOT NULL AND o ->> 'has_need' IS NULL, 'Give both can_afford and has_need: a hot prospect meets both.'),
			('can_afford', o ->> 'can_afford' IS NOT NULL AND o ->> 'customers' IS NULL,
				'The options can_afford and has_need are conditions on the table that the option customers names.'),
			('language', coalesce(o ->> 'language' NOT IN ('en', 'zh'), true), 'Give ''en'' or ''zh''.'),
			('on_bad_row', coalesce(o ->> 'on_bad_row' NOT IN ('quarantine', 'error'), true), 'Give ''quarantine'' or ''error''.'),
			('stage_changes', coalesce(o ->> 'stage_changes' NOT IN ('advance', 'transaction'), true), 'Give ''advance'' or ''transaction''.'),
			('notify', coalesce(o ->> 'notify' NOT IN ('off', 'advance'), true), 'Give ''off'' or ''advance''.'),
			('margin', coalesce(NOT (o ->> 'margin')::numeric BETWEEN 0 AND 1, true), 'Give a fraction from 0 to 1: 0.30 is 30 %, 1 counts revenue.'),
			('yearly_discount', coalesce(NOT (o ->> 'yearly_discount')::numeric BETWEEN 0 AND 1, true), 'Give a fraction from 0 to 1: 0.10 is 10 % a year.'),
			('model_unit', coalesce(o ->> 'model_unit' NOT IN ('day', 'week', 'month', 'quarter', 'year'), true), 'Give ''day'', ''week'', ''month'', ''quarter'' or ''year''.')
		) AS w (option, wrong, hint)
	WHERE w.wrong LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = format('option %s cannot be %s', wrong.option, wrong.value), HINT = wrong.hint;
	END IF;
	IF options ->> 'as_of' ~ '^\d' THEN
		BEGIN
			PERFORM (options ->> 'as_of')::date;
		EXCEPTION WHEN datetime_field_overflow THEN
			RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
				MESSAGE = format('option as_of cannot be %L', options ->> 'as_of'), HINT = 'The calendar has no such day.';
		END;
	END IF;
END $$;
COMMENT ON FUNCTION base_check_options(jsonb) IS
'Raises an error that names the first option of a customer base that cannot be, with a hint.';

CREATE FUNCTION base_is_name(given text) RETURNS boolean
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN cardinality(parse_ident(given)) <= 3;
EXCEPTION WHEN invalid_parameter_value THEN
	RETURN false;
END $$;
COMMENT ON FUNCTION base_is_name(text) IS
'Whether the text is a name as SQL writes it, with at most a schema and a database before it.';

-- A relation that an option names: it exists, the caller may read it, and no policy hides rows of it.
CREATE FUNCTION base_relation(option text, given text, relation oid) RETURNS text
	LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF relation IS NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'undefined_table', MESSAGE = format('option %s: there is no table "%s"', option, given),
			HINT = 'Write its name as in SQL, with the schema: ''public.orders'', or ''"Sales"."Orders"'' where capitals matter.';
	ELSIF (SELECT relpersistence = 't' FROM pg_class WHERE oid = relation) THEN
		RAISE EXCEPTION USING ERRCODE = 'wrong_object_type', MESSAGE = format('option %s: %s is temporary', option, relation::regclass),
			HINT = 'It ends with this session, and the base stays: give a table or view that stays, too.';
	ELSIF NOT has_any_column_privilege(relation, 'SELECT') THEN
		RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege', MESSAGE = format('option %s: permission denied for %s', option, relation::regclass),
			HINT = format('Its owner can run: GRANT SELECT ON %s TO %I;', relation::regclass, current_user);
	ELSIF row_security_active(relation) THEN
		RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
			MESSAGE = format('option %s: row-level security hides rows of %s from you', option, relation::regclass),
			HINT = 'A base over a part of the rows would be wrong without a sign of it: make the base as a role that sees all rows, or over a view with an explicit filter.';
	END IF;
	RETURN relation::regclass::text;
END $$;
COMMENT ON FUNCTION base_relation(text, text, oid) IS
'The qualified name of a relation that an option of a customer base names; missing, temporary, unreadable and filtered ones are errors.';

-- The options that depend on the source, as SQL: safe expressions, the reporting day, the exact amount.
CREATE FUNCTION base_resolve(options jsonb) RETURNS jsonb
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET timezone = 'UTC'
AS $$
DECLARE
	source oid := (options ->> 'source_oid')::oid;
	path text := options ->> 'path';
	zone text := options ->> 'time_zone';
	source_zone text := options ->> 'source_time_zone';
	customer record;
	moment record;
	amount record;
	other record;
	name text;
	resolved jsonb;
BEGIN
	-- Constants in the expressions, such as a filter's days, are of the base's zone.
	PERFORM set_config('timezone', zone, true);
	options := options || jsonb_build_object('source', @extschema@.base_relation('source', options ->> 'source', source));
	customer := @extschema@.base_expression(source, 'customer', options ->> 'customer', path);
	moment := @extschema@.base_expression(source, 'purchased_at', options ->> 'purchased_at', path);
	amount := @extschema@.base_expression(source, 'amount', options ->> 'amount', path);

	IF moment.type NOT IN ('date'::regtype, 'timestamp'::regtype, 'timestamptz'::regtype) THEN
		RAISE EXCEPTION USING ERRCODE = 'datatype_mismatch', MESSAGE = format('option purchased_at is of type %s', moment.type),
			HINT = CASE WHEN moment.type IN ('int4'::regtype, 'int8'::regtype, 'float8'::regtype, 'numeric'::regtype)
				THEN format('For seconds since 1970 write: to_timestamp(%s)', options ->> 'purchased_at')
				ELSE format('It must be a date or a time. Write a cast: (%s)::timestamp, or (%1$s)::date', options ->> 'purchased_at') END;
	END IF;
	IF amount.type NOT IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'numeric'::regtype, 'float4'::regtype, 'float8'::regtype) THEN
		RAISE EXCEPTION USING ERRCODE = 'datatype_mismatch', MESSAGE = format('option amount is of type %s', amount.type),
			HINT = format('It must be a number. Write a cast: (%s)::numeric', options ->> 'amount');
	END IF;
	IF source_zone IS NOT NULL AND moment.type <> 'timestamp'::regtype THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = format('option source_time_zone is for a timestamp without time zone; purchased_at is of type %s', moment.type),
			HINT = 'Leave it out.';
	END IF;

	resolved := jsonb_build_object('customer_sql', customer.sql, 'customer_type', format_type(customer.type, -1), 'customer_equal', customer.equality,
		'time_sql', moment.sql,
		'day_sql', CASE WHEN moment.type = 'date'::regtype THEN moment.sql
			WHEN moment.type = 'timestamptz'::regtype THEN format('((%s) AT TIME ZONE %L)::date', moment.sql, zone)
			WHEN source_zone IS NULL THEN format('(%s)::date', moment.sql)
			ELSE format('((%s) AT TIME ZONE %L AT TIME ZONE %L)::date', moment.sql, source_zone, zone) END,
		'amount_type', CASE WHEN amount.type IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) THEN 'bigint' ELSE 'numeric' END,
		'amount_sql', CASE WHEN amount.type IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) THEN format('(%s)::bigint', amount.sql)
			WHEN amount.type IN ('float4'::regtype, 'float8'::regtype) THEN format('round((%s)::double precision::numeric, 6)', amount.sql)
			ELSE amount.sql END);
	IF options ->> 'order_id' IS NOT NULL THEN
		other := @extschema@.base_expression(source, 'order_id', options ->> 'order_id', path);
		resolved := resolved || jsonb_build_object('order_sql', other.sql, 'order_type', format_type(other.type, -1), 'order_equal', other.equality);
	END IF;
	IF options ->> 'tenant' IS NOT NULL THEN
		other := @extschema@.base_expression(source, 'tenant', options ->> 'tenant', path);
		resolved := resolved || jsonb_build_object('tenant_sql', other.sql, 'tenant_type', format_type(other.type, -1), 'tenant_equal', other.equality);
	END IF;
	FOREACH name IN ARRAY ARRAY['customer', 'order', 'tenant'] LOOP
		IF resolved ->> (name || '_sql') IS NOT NULL AND resolved ->> (name || '_equal') IS NULL THEN
			RAISE EXCEPTION USING ERRCODE = 'datatype_mismatch',
				MESSAGE = format('option %s is of type %s, which cannot be a key', replace(name, 'order', 'order_id'), resolved ->> (name || '_type')),
				HINT = format('A key needs a type with an order and a hash. Write a cast: (%s)::text', options ->> replace(name, 'order', 'order_id'));
		END IF;
	END LOOP;
	IF options ->> 'filter' IS NOT NULL THEN
		other := @extschema@.base_expression(source, 'filter', options ->> 'filter', path);
		IF other.type <> 'bool'::regtype THEN
			RAISE EXCEPTION USING ERRCODE = 'datatype_mismatch', MESSAGE = format('option filter is of type %s, not boolean', other.type),
				HINT = 'Give a condition, such as ''status = ''''paid''''''.';
		END IF;
		resolved := resolved || jsonb_build_object('filter_sql', other.sql);
	END IF;
	IF options ->> 'currency_column' IS NOT NULL THEN
		other := @extschema@.base_expression(source, 'currency_column', options ->> 'currency_column', path);
		resolved := resolved || jsonb_build_object('currency_sql', other.sql);
	END IF;
	options := options || resolved;
	IF options ->> 'customers' IS NOT NULL THEN
		options := @extschema@.base_resolve_customers(options);
	END IF;
	RETURN options;
END $$;
COMMENT ON FUNCTION base_resolve(jsonb) IS
'The options of a customer base with those that depend on its source resolved to SQL and checked.';

-- The customers table, its key and its attributes.
CREATE FUNCTION base_resolve_customers(options jsonb) RETURNS jsonb
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET row_security = off
AS $$
DECLARE
	relation oid := (options ->> 'customers_oid')::oid;
	path text := options ->> 'path';
	key record;
	other record;
	tenant record;
	name text;
	attribute text;
	duplicate record;
BEGIN
	options := options || jsonb_build_object('customers', @extschema@.base_relation('customers', options ->> 'customers', relation));
	key := @extschema@.base_expression(relation, 'customers_key', options ->> 'customers_key', path);
	IF key.type <> (options ->> 'customer_type')::regtype AND NOT (key.type IN ('text'::regtype, 'varchar'::regtype)
			AND (options ->> 'customer_type')::regtype IN ('text'::regtype, 'varchar'::regtype)) THEN
		RAISE EXCEPTION USING ERRCODE = 'datatype_mismatch',
			MESSAGE = format('option customers_key is of type %s, and customer of type %s', key.type, options ->> 'customer_type'),
			HINT = format('Cast the customer of the source, so that look-ups use the index of the customers table: customer => ''(%s)::%s''',
				options ->> 'customer', key.type);
	END IF;
	options := options || jsonb_build_object('key_sql', key.sql);
	IF options ->> 'tenant_sql' IS NOT NULL THEN
		tenant := @extschema@.base_expression(relation, 'tenant', options ->> 'tenant', path);
		IF tenant.type <> (options ->> 'tenant_type')::regtype THEN
			RAISE EXCEPTION USING ERRCODE = 'datatype_mismatch', MESSAGE = format('option tenant is of type %s in %s, and of type %s in %s',
					tenant.type, options ->> 'customers', options ->> 'tenant_type', options ->> 'source'),
				HINT = 'A tenant must be of one type in both tables: make a view with a cast and name it as the source.';
		END IF;
		options := options || jsonb_build_object('key_tenant_sql', tenant.sql);
	END IF;
	FOREACH name IN ARRAY ARRAY['can_afford', 'has_need'] LOOP
		CONTINUE WHEN options ->> name IS NULL;
		other := @extschema@.base_expression(relation, name, options ->> name, path);
		IF other.type <> 'bool'::regtype THEN
			RAISE EXCEPTION USING ERRCODE = 'datatype_mismatch', MESSAGE = format('option %s is of type %s, not boolean', name, other.type),
				HINT = 'Give a condition on a row of the customers table, such as ''budget >= 1000''.';
		END IF;
		options := options || jsonb_build_object(name || '_sql', other.sql);
	END LOOP;
	FOR attribute IN SELECT jsonb_array_elements_text((options ->> 'attributes')::jsonb) LOOP
		IF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = relation AND attname = attribute AND attnum > 0 AND NOT attisdropped) THEN
			PERFORM @extschema@.base_expression(relation, 'attributes', attribute, path);
			RAISE EXCEPTION USING ERRCODE = 'undefined_column', MESSAGE = format('option attributes: %s has no column "%s"', options ->> 'customers', attribute),
				HINT = 'Attributes are names of columns; for an expression make a view and name it as customers.';
		ELSIF attribute IN (SELECT c.name FROM @extschema@.base_columns() AS c
					WHERE c.view IN ('customers', 'at_risk_customers') OR c.view = 'prospects' AND options ->> 'can_afford' IS NOT NULL)
				OR attribute = 'tenant' AND options ->> 'tenant_sql' IS NOT NULL THEN
			RAISE EXCEPTION USING ERRCODE = 'duplicate_column', MESSAGE = format('option attributes: the base''s views have a column "%s" of their own', attribute),
				HINT = 'Make a view of the customers table with another name for the column, and name it as customers.';
		END IF;
	END LOOP;
	EXECUTE @extschema@.base_template($template$
SELECT ({key_sql})::text AS key, count(*) AS rows, count(*) OVER () AS keys FROM {customers} AS s WHERE {key_sql} IS NOT NULL
GROUP BY {key_sql}[[key_tenant_sql:, {key_tenant_sql}]] HAVING count(*) > 1 LIMIT 1$template$, options)
	INTO duplicate;
	IF duplicate.keys > 0 THEN
		RAISE EXCEPTION USING ERRCODE = 'unique_violation',
			MESSAGE = format('option customers_key: "%s" is in %s rows of %s', duplicate.key, duplicate.rows, options ->> 'customers'),
			DETAIL = format('Keys that are in several rows: %s.', duplicate.keys),
			HINT = 'Name a column that is unique, or make a view with one row for each customer and name it as customers.';
	END IF;
	RETURN options;
END $$;
COMMENT ON FUNCTION base_resolve_customers(jsonb) IS
'The options of a customer base with those about its customers table resolved and checked.';

-- The schema of a base: new, or an empty one of the caller's.
CREATE FUNCTION base_make_schema(name text, schema text) RETURNS boolean
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	existing oid := (SELECT oid FROM pg_namespace WHERE nspname = schema);
	taken text := (SELECT b.schema FROM @extschema@.customer_bases() AS b WHERE b.base = name LIMIT 1);
BEGIN
	IF taken IS NOT NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'duplicate_object', MESSAGE = format('customer base "%s" already exists in schema "%s"', name, taken),
			HINT = format('To read its source again: SELECT * FROM refresh_customer_base(%L). To make it anew, drop it first: SELECT drop_customer_base(%1$L).', name);
	ELSIF existing IS NULL THEN
		EXECUTE format('CREATE SCHEMA %I', schema);
		RETURN true;
	ELSIF EXISTS (SELECT FROM pg_depend WHERE refclassid = 'pg_namespace'::regclass AND refobjid = existing)
			OR NOT (SELECT pg_has_role(nspowner, 'USAGE') FROM pg_namespace WHERE oid = existing) THEN
		RAISE EXCEPTION USING ERRCODE = 'duplicate_schema', MESSAGE = format('schema "%s" already exists', schema),
			HINT = 'A customer base has a schema of its own: give another name, an empty schema that is yours, or the option schema.';
	END IF;
	RETURN false;
END $$;
COMMENT ON FUNCTION base_make_schema(text, text) IS
'Makes the schema of a customer base; true if it is new, false for an empty one of the caller''s, an error for any other.';

-- Tables, in the order in which a reader meets them. Every option is kept as text.
CREATE FUNCTION base_make_tables(options jsonb) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	EXECUTE @extschema@.base_template($template$
CREATE TABLE {schema}.settings (base text PRIMARY KEY, base_version text NOT NULL, created_at timestamptz NOT NULL, made_schema text,
	source text NOT NULL, customer text, purchased_at text, amount text, order_id text, filter text, customers text,
	customers_key text, attributes text, tenant text, time_zone text, source_time_zone text, date_style text, as_of text, currency text,
	currency_column text, rfm_bins text, rfm_method text, rfm_window text, segment_map text, abc_a text, abc_b text,
	count_by text, history_starts text, language text, on_bad_row text, policy text, can_afford text, has_need text,
	stage_changes text, notify text, margin text, yearly_discount text, model_unit text,
	customer_sql text, customer_type text, customer_equal text, tenant_sql text, tenant_type text, tenant_equal text,
	time_sql text, day_sql text, amount_sql text, amount_type text, order_sql text, order_type text, order_equal text, filter_sql text, currency_sql text,
	key_sql text, key_tenant_sql text, can_afford_sql text, has_need_sql text);
COMMENT ON TABLE {schema}.settings IS 'How the customer base was made: its options as given, and below them as the SQL that they mean. A record: to change an option, drop the base and make it anew.';

CREATE TABLE {schema}.state (first_day date, last_day date, refreshed_at timestamptz, refresh_seconds numeric(12,2),
	verified_at timestamptz, differences bigint, live_since timestamptz, folded_at timestamptz, advanced_at timestamptz, advanced_to date,
	compared_on date, logged_to bigint, kept_before date) WITH (vacuum_truncate = false);
COMMENT ON TABLE {schema}.state IS 'What the last refresh, fold, advance and verification found, and whether the base is live.';
INSERT INTO {schema}.state DEFAULT VALUES;

CREATE TABLE {schema}.segment_map (code text PRIMARY KEY CHECK (code ~ '^[1-{rfm_bins}]{{digits}}$'), segment text NOT NULL, rank integer NOT NULL,
	label_en text NOT NULL, label_zh text NOT NULL, action text);
COMMENT ON TABLE {schema}.segment_map IS 'Which scores make which segment. Yours to edit: every change is checked for holes and overlaps.';
INSERT INTO {schema}.segment_map SELECT code, segment, rank, label_en, label_zh, action FROM {ext}.segment_map({'segment_map'}, {'language'});

CREATE TABLE {schema}.lifecycle_stages (stage text PRIMARY KEY, rank integer NOT NULL, label_en text NOT NULL, label_zh text NOT NULL, action text);
COMMENT ON TABLE {schema}.lifecycle_stages IS 'The names of the lifecycle stages, and what to do with customers in them. Yours to edit.';
INSERT INTO {schema}.lifecycle_stages SELECT stage::text, rank, label_en, label_zh, action_{language} FROM {ext}.lifecycle_stages();

CREATE TABLE {schema}.summary ([[tenant_sql:tenant {tenant_type} NOT NULL, ]]customer {customer_type} NOT NULL,
	history {ext}.purchase_history NOT NULL, orders bigint NOT NULL, gross numeric NOT NULL, total numeric NOT NULL,
	first_purchase date, last_purchase date, last_day date NOT NULL,
	stage {ext}.lifecycle_stage, stage_on date, stage_due date) WITH (fillfactor = 80);
ALTER TABLE {schema}.summary ALTER history SET STORAGE EXTERNAL;
COMMENT ON TABLE {schema}.summary IS 'One row for each customer: the complete purchase history and, drawn from it, what the views read most; the lifecycle stage that the log knows, on which day, and the day on which it changes without a purchase.';

CREATE TABLE {schema}.deltas ({tenant_column}customer {customer_type}, day date, orders bigint, gross numeric,
	refunds bigint, refunded numeric, item text, at timestamptz NOT NULL DEFAULT now()) WITH (vacuum_truncate = false, autovacuum_vacuum_scale_factor = 0,
	autovacuum_vacuum_threshold = 20000);
INSERT INTO {schema}.deltas (item) VALUES ('');
DELETE FROM {schema}.deltas;
CREATE INDEX deltas_key ON {schema}.deltas ({key});
[[to_last:CREATE INDEX deltas_day ON {schema}.deltas (day);]]
COMMENT ON TABLE {schema}.deltas IS 'What orders have changed since the last fold, as signed rows by customer and day; with an item: how many rows could not be used. Written by the triggers of a live base alone.';
[[order_sql:
CREATE TABLE {schema}.line_deltas ({tenant_column}customer {customer_type}, order_id {order_type}, day date, lines bigint, amount numeric,
	at timestamptz NOT NULL DEFAULT now()) WITH (vacuum_truncate = false, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);
CREATE INDEX line_deltas_key ON {schema}.line_deltas ({key});
COMMENT ON TABLE {schema}.line_deltas IS 'The same for lines of orders with an order id: their orders are read again from the source.';]]
[[lines_to_last:CREATE INDEX line_deltas_day ON {schema}.line_deltas (day);]]

CREATE TABLE {schema}.lifecycle_changes (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, {tenant_column}customer {customer_type} NOT NULL,
	from_stage text, to_stage text, changed_on date NOT NULL, order_day date, recorded_at timestamptz NOT NULL DEFAULT now(), reason text NOT NULL);
CREATE INDEX lifecycle_changes_key ON {schema}.lifecycle_changes ({key});
COMMENT ON TABLE {schema}.lifecycle_changes IS 'Every change of a lifecycle stage, as it was found: rows are only added, and what later turns out to have been otherwise is corrected by a new row.';

CREATE TABLE {schema}.troubles (reason text NOT NULL, detail text, at timestamptz NOT NULL DEFAULT now()) WITH (vacuum_truncate = false);
COMMENT ON TABLE {schema}.troubles IS 'Why the base is known to be behind its source; a refresh empties it.';

CREATE TABLE {schema}.cut_points ([[tenant_sql:tenant {tenant_type} NOT NULL, ]]measure text NOT NULL
		CHECK (measure IN ('days_since_last', 'orders', 'total', 'abc')),
	cut integer NOT NULL, value numeric, as_of date,
	day date GENERATED ALWAYS AS (CASE WHEN measure = 'days_since_last' THEN as_of - floor(value)::integer END) STORED,
	PRIMARY KEY ({tenant,} measure, cut));
COMMENT ON TABLE {schema}.cut_points IS 'The limits that the views score by, renewed by every refresh. With rfm_method ''fixed'' those of days_since_last, orders and total are yours to edit; every change is checked.';

CREATE TABLE {schema}.models (model text PRIMARY KEY, purchases {ext}.purchase_model, spend {ext}.spend_model,
	trust text NOT NULL, is_default boolean NOT NULL, chosen_by text, spend_correlation double precision,
	as_of date NOT NULL, fitted_at timestamptz NOT NULL DEFAULT now(), calibrated_until date, held_out_until date, holdout_trust text, holdout_customers bigint,
	holdout_actual bigint, holdout_predicted double precision, holdout_mae double precision, holdout_rmse double precision, holdout_correlation double precision,
	CHECK ((purchases IS NULL) <> (spend IS NULL)));
COMMENT ON TABLE {schema}.models IS 'The models of the last fit_models, which the views read: those with is_default make the values of customers.';

CREATE TABLE {schema}.segment_values ([[tenant_sql:tenant {tenant_type} NOT NULL, ]]segment text NOT NULL, customers bigint NOT NULL, typical_value numeric NOT NULL,
	as_of date NOT NULL, PRIMARY KEY ({tenant,} segment));
COMMENT ON TABLE {schema}.segment_values IS 'What the median customer of each segment brought in the 12 months before the last fit_models: the gap to it is potential value.';

CREATE TABLE {schema}.quality (ordinal integer PRIMARY KEY, item text NOT NULL, rows bigint NOT NULL, explanation text NOT NULL);
COMMENT ON TABLE {schema}.quality IS 'What the last refresh counted; the view data_quality shows it.';

CREATE TABLE {schema}.quarantine (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, {tenant_text}customer text, purchased_at text,
	amount text, order_id text, reason text NOT NULL, at timestamptz NOT NULL DEFAULT now());
COMMENT ON TABLE {schema}.quarantine IS 'Rows of the source that the base cannot use, as text: up to 1,000 for each reason, of the last refresh.';

INSERT INTO {schema}.settings SELECT * FROM jsonb_populate_record(NULL::{schema}.settings, {'options'}::jsonb)$template$,
		options || jsonb_build_object('options', options, 'to_last', nullif(options ->> 'as_of' = 'last_purchase', false),
			'lines_to_last', CASE WHEN options ->> 'order_sql' IS NOT NULL THEN nullif(options ->> 'as_of' = 'last_purchase', false) END, 'tenant_text', CASE WHEN options ->> 'tenant_sql' IS NULL THEN '' ELSE 'tenant text, ' END,
			'tenant_column', CASE WHEN options ->> 'tenant_sql' IS NULL THEN '' ELSE format('tenant %s, ', options ->> 'tenant_type') END,
			'digits', (SELECT m.digits FROM @extschema@.segment_maps() AS m WHERE m.map = options ->> 'segment_map')));
	PERFORM @extschema@.base_make_survey_tables(options);
	PERFORM @extschema@.base_make_churn_tables(options);
END $$;
COMMENT ON FUNCTION base_make_tables(jsonb) IS
'Makes the tables of a customer base in its schema.';

CREATE FUNCTION base_segment_map_check() RETURNS trigger
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	EXECUTE 'SELECT ' || @extschema@.base_extension_schema() || '.segment_map_check(code, segment, rank) FROM ' || TG_RELID::regclass;
	RETURN NULL;
END $$;
COMMENT ON FUNCTION base_segment_map_check() IS
'Trigger of a base''s table segment_map: refuses a map with holes or overlaps.';

CREATE FUNCTION base_cut_points_check() RETURNS trigger
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	EXECUTE format('SELECT count(rfm) FROM %I.breaks_at(''infinity'')', TG_TABLE_SCHEMA);
	RETURN NULL;
END $$;
COMMENT ON FUNCTION base_cut_points_check() IS
'Trigger of a base''s table cut_points: refuses limits that no view could score by.';

-- The work of create_customer_base. It runs with the caller's rights, and an error leaves nothing behind.
CREATE FUNCTION base_create(options jsonb) RETURNS TABLE (item text, value text)
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET row_security = off SET standard_conforming_strings = on
AS $$
DECLARE
	started timestamptz := clock_timestamp();
	name text := options ->> 'name';
	schema text := coalesce(options ->> 'schema', name);
	bins integer;
	made boolean;
	counts jsonb;
	warnings text[];
BEGIN
	-- Bins and method are those that the map is for, unless given.
	bins := coalesce((options ->> 'rfm_bins')::integer, (SELECT m.bins FROM @extschema@.segment_maps() AS m WHERE m.map = options ->> 'segment_map'), 5);
	options := options || jsonb_build_object('rfm_bins', bins,
		'rfm_method', coalesce(options ->> 'rfm_method', CASE WHEN bins = 2 THEN 'mean' ELSE 'quantile' END));
	PERFORM @extschema@.base_check_options(options);
	options := @extschema@.base_resolve(options)
		|| jsonb_build_object('policy', @extschema@.base_full_policy(options ->> 'policy', options ->> 'count_by'));
	made := @extschema@.base_make_schema(name, schema);
	options := options || jsonb_build_object('base', name, 'base_version', @extschema@.base_version(), 'created_at', now(), 'made_schema', nullif(made, false),
		'date_style', 'ISO, ' || split_part(current_setting('datestyle'), ', ', 2),
		'schema', quote_ident(schema), 'ext', @extschema@.base_extension_schema());
	EXECUTE format('COMMENT ON SCHEMA %I IS %L', schema,
		format('Customer base %s over %s: tables, and views for analysis.', name, options ->> 'source'));
	PERFORM @extschema@.base_make_tables(options);
	options := @extschema@.base_options(format('%I.settings', schema)::regclass);
	counts := @extschema@.base_fill(options, true);
	PERFORM @extschema@.base_quarantine(options, @extschema@.base_bad_reasons(counts));
	EXECUTE @extschema@.base_template('ALTER TABLE {schema}.summary ADD PRIMARY KEY ({key});
		ANALYZE {schema}.summary; ANALYZE {schema}.deltas; [[order_sql:ANALYZE {schema}.line_deltas]]', options);
	PERFORM @extschema@.base_record_fill(options, counts, started, true);
	options := @extschema@.base_options(format('%I.settings', schema)::regclass);
	PERFORM @extschema@.base_make_views(options);
	PERFORM @extschema@.base_renew_cut_points(options);
	-- Small tables that are never analysed look large to the planner, and every query worth compiling.
	EXECUTE @extschema@.base_template('ANALYZE {schema}.cut_points; ANALYZE {schema}.segment_map; ANALYZE {schema}.lifecycle_stages; ANALYZE {schema}.models; ANALYZE {schema}.segment_values; ANALYZE {schema}.surveys; ANALYZE {schema}.answers; ANALYZE {schema}.answer_counts; ANALYZE {schema}.targets', options);
	EXECUTE @extschema@.base_template('CREATE TRIGGER complete AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {schema}.segment_map
		EXECUTE FUNCTION {ext}.base_segment_map_check();
		CREATE TRIGGER complete AFTER INSERT OR UPDATE OR DELETE ON {schema}.cut_points
		EXECUTE FUNCTION {ext}.base_cut_points_check()', options);

	warnings := @extschema@.base_warnings(options);
	RETURN QUERY SELECT r.item, r.value FROM @extschema@.base_report(options) AS r
		UNION ALL SELECT 'warning', w FROM unnest(warnings) AS w
		UNION ALL VALUES ('next', format('SELECT * FROM %I.rfm_segments;', schema)), ('next', format('SELECT * FROM %I.customers LIMIT 10;', schema)),
			('next', format('SELECT * FROM fit_models(%L);', name)), ('next', format('SELECT * FROM refresh_customer_base(%L);', name));
END $$;
COMMENT ON FUNCTION base_create(jsonb) IS
'The work of create_customer_base, with its arguments as one value.';

-- What deserves a second look, each also raised as a WARNING: rows that look like lines of orders, and policies.
CREATE FUNCTION base_warnings(options jsonb) RETURNS text[]
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET row_security = off SET timezone = 'UTC' SET datestyle = 'ISO'
AS $$
DECLARE
	rows bigint;
	shared bigint := 0;
	filled boolean;
	warnings text[] := '{}';
	hint text;
BEGIN
	PERFORM set_config('timezone', options ->> 'time_zone', true), set_config('datestyle', options ->> 'date_style', true);
	IF options ->> 'order_sql' IS NULL THEN
		-- Rows that share a time share a day: each further row of a day makes two of them at the most.
		EXECUTE @extschema@.base_template('SELECT sum(orders + {ext}.refunds(history)), 2 * sum(orders + {ext}.refunds(history)
			- {ext}.purchase_days(history)) FROM {schema}.summary', options) INTO rows, shared;
		IF shared > 0.2 * rows THEN
			EXECUTE @extschema@.base_template('SELECT sum(n) FROM (SELECT count(*) AS n FROM ({rows}) AS r
				WHERE reason IS NULL GROUP BY {key}, purchased_at HAVING count(*) > 1) AS d',
				options || jsonb_build_object('rows', @extschema@.base_rows(options))) INTO shared;
		END IF;
		IF shared > 0.2 * rows THEN
			warnings := warnings || format('%s looks like order lines: %s of %s rows share customer and time with another row, and each counts as an order.',
				options ->> 'source', shared, rows);
			hint := 'If they are lines, drop the base and make it anew with the option order_id.';
			RAISE WARNING USING MESSAGE = warnings[cardinality(warnings)], HINT = hint;
		END IF;
	END IF;
	EXECUTE @extschema@.base_template('SELECT EXISTS (SELECT FROM {schema}.summary)', options) INTO filled;
	IF NOT filled THEN
		warnings := warnings || format('the base has no customer: no row of %s has a customer, a day and an amount that can be used.', options ->> 'source');
		RAISE WARNING USING MESSAGE = warnings[cardinality(warnings)],
			HINT = format('What was read, and what was left out: SELECT * FROM %s.data_quality WHERE rows > 0;', options ->> 'schema');
	END IF;
	IF (SELECT relrowsecurity FROM pg_class WHERE oid = (options ->> 'source')::regclass) THEN
		warnings := warnings || format('%s has row-level security, which the base does not have: whoever may read the base reads the customers of all rows.',
			options ->> 'source');
		RAISE WARNING USING MESSAGE = warnings[cardinality(warnings)], HINT = 'Only its owner may, until grant_reader.';
	END IF;
	RETURN warnings;
END $$;
COMMENT ON FUNCTION base_warnings(jsonb) IS
'Warnings about a customer base that has just been made.';

CREATE FUNCTION create_customer_base(name text, source text, customer text, purchased_at text, amount text,
	order_id text DEFAULT NULL, filter text DEFAULT NULL, customers text DEFAULT NULL, customers_key text DEFAULT NULL,
	attributes text[] DEFAULT NULL, tenant text DEFAULT NULL, time_zone text DEFAULT NULL, source_time_zone text DEFAULT NULL,
	as_of text DEFAULT 'today', currency text DEFAULT NULL, currency_column text DEFAULT NULL, rfm_bins integer DEFAULT NULL,
	rfm_method text DEFAULT NULL, rfm_window interval DEFAULT NULL, segment_map text DEFAULT 'grid25',
	abc_a numeric DEFAULT 0.80, abc_b numeric DEFAULT 0.95, count_by text DEFAULT 'days', history_starts date DEFAULT NULL,
	language text DEFAULT 'en', schema text DEFAULT NULL, on_bad_row text DEFAULT 'quarantine',
	policy text DEFAULT 'retail', can_afford text DEFAULT NULL, has_need text DEFAULT NULL, stage_changes text DEFAULT 'advance', notify text DEFAULT 'off',
	margin numeric DEFAULT 1, yearly_discount numeric DEFAULT 0.10, model_unit text DEFAULT 'week')
	RETURNS TABLE (item text, value text) LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
	SELECT c.item, c.value FROM base_create(pg_catalog.jsonb_build_object('name', name, 'source', source, 'customer', customer,
		'purchased_at', purchased_at, 'amount', amount, 'order_id', order_id, 'filter', filter, 'customers', customers,
		'customers_key', customers_key, 'attributes', attributes, 'tenant', tenant,
		'time_zone', coalesce(time_zone, pg_catalog.current_setting('timezone')), 'source_time_zone', source_time_zone,
		'as_of', as_of, 'currency', currency, 'currency_column', currency_column, 'rfm_bins', rfm_bins, 'rfm_method', rfm_method,
		'rfm_window', rfm_window, 'segment_map', segment_map, 'abc_a', abc_a, 'abc_b', abc_b, 'count_by', count_by,
		'history_starts', history_starts, 'language', language, 'schema', schema, 'on_bad_row', on_bad_row,
		'policy', policy, 'can_afford', can_afford, 'has_need', has_need, 'stage_changes', stage_changes, 'notify', notify,
		'margin', margin, 'yearly_discount', yearly_discount, 'model_unit', model_unit,
		'path', pg_catalog.current_setting('search_path'), 'source_oid', CASE WHEN base_is_name(source) THEN pg_catalog.to_regclass(source)::oid END,
		'customers_oid', CASE WHEN base_is_name(customers) THEN pg_catalog.to_regclass(customers)::oid END)) AS c;
END;
COMMENT ON FUNCTION create_customer_base(text, text, text, text, text, text, text, text, text, text[], text, text, text, text, text, text, integer, text, interval, text, numeric, numeric, text, date, text, text, text, text, text, text, text, text, numeric, numeric, text) IS
'Makes a customer base over a table or view of orders: a schema of that name with a summary of one purchase history for each customer and views for analysis; locks the source no more than a query does, and returns what it found.';

-- The work of drop_customer_base: what the base made and still is there, and nothing that is the user's.
CREATE FUNCTION base_drop(settings regclass) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET client_min_messages = warning
AS $$
DECLARE
	options jsonb := @extschema@.base_options(settings);
	surveys smallint[] := ARRAY(SELECT * FROM @extschema@.base_survey_ids(options));
	id smallint;
	dependents text;
BEGIN
	EXECUTE format('LOCK TABLE %s IN SHARE UPDATE EXCLUSIVE MODE', settings);
	EXECUTE @extschema@.base_template($template$
DROP VIEW IF EXISTS {schema}.base_status, {schema}.nps_by_period, {schema}.satisfaction_by_period, {schema}.satisfaction_by_dimension, {schema}.satisfaction_by_channel, {schema}.satisfaction_by_agent,
	{schema}.survey_waves, {schema}.satisfaction_drivers, {schema}.detractors_to_call, {schema}.satisfaction_loyalty, {schema}.complaints_by_period, {schema}.complaint_reasons, {schema}.survey_status, {schema}.kpi_targets;
DROP FUNCTION IF EXISTS {schema}.kpi_targets_at(date), {schema}.nps_by_period_at(date), {schema}.satisfaction_by_period_at(date), {schema}.satisfaction_by_dimension_at(date),
	{schema}.satisfaction_by_channel_at(date), {schema}.satisfaction_by_agent_at(date), {schema}.survey_waves_at(date), {schema}.satisfaction_drivers_at(date), {schema}.detractors_to_call_at(date), {schema}.satisfaction_loyalty_at(date),
	{schema}.complaints_by_period_at(date), {schema}.complaint_reasons_at(date), {schema}.answers_until(date), {schema}.last_answers(date, integer);
[[can_afford:DROP VIEW IF EXISTS {schema}.prospects;
DROP FUNCTION IF EXISTS {schema}.prospects_at(date);]]
DROP VIEW IF EXISTS {schema}.cohort_retention, {schema}.cohort_revenue, {schema}.period_activity, {schema}.survival;
DROP FUNCTION IF EXISTS {schema}.cohort_retention_at(date), {schema}.cohort_revenue_at(date), {schema}.period_activity_at(date), {schema}.survival_at(date),
	{schema}.cohorts_by(text, date), {schema}.period_rates_by(text, date);
DROP VIEW IF EXISTS {schema}.churn_risk, {schema}.ltv, {schema}.model_fit, {schema}.model_parameters;
DROP FUNCTION IF EXISTS {schema}.churn_risk_at(date), {schema}.ltv_at(date);
DROP VIEW IF EXISTS {schema}.lifecycle, {schema}.stage_counts, {schema}.stage_transitions, {schema}.win_backs, {schema}.at_risk_customers;
DROP FUNCTION IF EXISTS {schema}.lifecycle_at(date), {schema}.stage_counts_at(date), {schema}.stage_transitions_at(date), {schema}.win_backs_at(date),
	{schema}.at_risk_customers_at(date), {schema}.stays_at(date);
DROP VIEW IF EXISTS {schema}.customers, {schema}.rfm, {schema}.rfm_segments, {schema}.abc, {schema}.kpis, {schema}.histories,
	{schema}.data_quality;
DROP FUNCTION IF EXISTS {schema}.moved(date, date, text, text), {schema}.segment_moves(date, date), {schema}.customers_at(date), {schema}.rfm_at(date),
	{schema}.rfm_segments_at(date), {schema}.abc_at(date), {schema}.kpis_at(date), {schema}.kpis_by(text, date),
	{schema}.scored_at(date), {schema}.all_scored_at(date), {schema}.breaks_at(date), {schema}.population_breaks(date),
	{schema}.measured_at(date), {schema}.all_measured_at(date), {schema}.rhythm_at(date), {schema}.as_of();
DROP VIEW IF EXISTS {schema}.summary_now, {schema}.customer_now;
DROP FUNCTION IF EXISTS {schema}.fold_some(bigint), {schema}.fold_now(text[], text[]), {schema}.changed()[[order_sql:, {schema}.lines_of]];
DROP TABLE IF EXISTS {schema}.settings, {schema}.state, {schema}.segment_map, {schema}.lifecycle_stages, {schema}.summary, {schema}.deltas[[order_sql:, {schema}.line_deltas]],
	{schema}.lifecycle_changes, {schema}.troubles, {schema}.cut_points, {schema}.models, {schema}.segment_values, {schema}.churn_model, {schema}.churn_changes, {schema}.quality, {schema}.quarantine,
	{schema}.targets, {schema}.answer_counts, {schema}.answers, {schema}.surveys;
$template$, options);
	-- Last, so that no order waits behind those who read the base.
	PERFORM @extschema@.base_drop_triggers(options);
	PERFORM @extschema@.base_drop_survey_triggers(options);
	FOREACH id IN ARRAY surveys LOOP
		EXECUTE format('DROP FUNCTION IF EXISTS %s.survey_%s_changes()', options ->> 'schema', id);
	END LOOP;
	EXECUTE @extschema@.base_template('[[made_schema:DROP SCHEMA {schema}]][[!made_schema:COMMENT ON SCHEMA {schema} IS NULL]]', options);
EXCEPTION WHEN dependent_objects_still_exist THEN
	GET STACKED DIAGNOSTICS dependents = PG_EXCEPTION_DETAIL;
	RAISE EXCEPTION USING ERRCODE = 'dependent_objects_still_exist',
		MESSAGE = format('customer base "%s" is in use by objects that it did not make', options ->> 'base'), DETAIL = dependents,
		HINT = format('Drop them first, or all together with: DROP SCHEMA %s CASCADE;', options ->> 'schema');
WHEN lock_not_available THEN
	RAISE EXCEPTION USING ERRCODE = 'lock_not_available',
		MESSAGE = format('customer base "%s" could not be dropped: a long transaction uses its source', options ->> 'base'),
		HINT = format('Nothing has changed. Try again later, or end its maintenance first: CALL stop_maintenance(%L);', options ->> 'base');
END $$;
COMMENT ON FUNCTION base_drop(regclass) IS
'The work of drop_customer_base, with the caller''s rights.';

CREATE FUNCTION base_check_role(role text) RETURNS void
	LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
		RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('role "%s" does not exist', role);
	END IF;
END $$;
COMMENT ON FUNCTION base_check_role(text) IS 'Raises an error for an unknown role.';

CREATE FUNCTION base_grant(settings regclass, role text) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	options jsonb := @extschema@.base_options(settings) || jsonb_build_object('role', quote_ident(role));
BEGIN
	-- Nobody but the owner makes a trigger of them.
	options := options || jsonb_build_object('revoke', (SELECT coalesce(string_agg(format('REVOKE EXECUTE ON FUNCTION %s.survey_%s_changes() FROM %I;', options ->> 'schema', id, role), ' '), '')
		FROM @extschema@.base_survey_ids(options) AS id WHERE to_regproc(format('%s.survey_%s_changes', options ->> 'schema', id)) IS NOT NULL));
	PERFORM @extschema@.base_check_role(role);
	EXECUTE @extschema@.base_template($template$
GRANT USAGE ON SCHEMA {schema} TO {role};
GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {role};
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {schema} TO {role};
{revoke}ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT SELECT ON TABLES TO {role};
ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT EXECUTE ON FUNCTIONS TO {role}$template$, options);
	IF options ->> 'customers' IS NOT NULL AND NOT has_any_column_privilege(role, options ->> 'customers', 'SELECT') THEN
		RAISE WARNING USING MESSAGE = format('role "%s" cannot read %s, which the view customers joins', role, options ->> 'customers'),
			HINT = format('Its owner can run: GRANT SELECT ON %s TO %I;', options ->> 'customers', role);
	END IF;
END $$;
COMMENT ON FUNCTION base_grant(regclass, text) IS
'The work of grant_reader, with the caller''s rights.';

CREATE FUNCTION base_revoke(settings regclass, role text) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM @extschema@.base_check_role(role);
	EXECUTE @extschema@.base_template($template$
ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} REVOKE EXECUTE ON FUNCTIONS FROM {role};
ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} REVOKE SELECT ON TABLES FROM {role};
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA {schema} FROM {role};
REVOKE SELECT ON ALL TABLES IN SCHEMA {schema} FROM {role};
REVOKE USAGE ON SCHEMA {schema} FROM {role}$template$, @extschema@.base_options(settings) || jsonb_build_object('role', quote_ident(role)));
END $$;
COMMENT ON FUNCTION base_revoke(regclass, text) IS
'The work of revoke_reader, with the caller''s rights.';

CREATE FUNCTION refresh_customer_base(base text) RETURNS TABLE (item text, value text)
	AS 'MODULE_PATHNAME', 'refresh_customer_base' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION refresh_customer_base(text) IS
'Reads the source of a customer base again in one snapshot, writes the customers that changed, and renews the cut points; blocks neither readers nor writers; for members of the base''s owner, whose rights it uses.';

CREATE FUNCTION verify_customer_base(base text, sample double precision DEFAULT 1.0)
	RETURNS TABLE (customer text, problem text, in_source text, in_summary text)
	AS 'MODULE_PATHNAME', 'verify_customer_base' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION verify_customer_base(text, double precision) IS
'Every customer, or a sample of them (a share from 0.000001 to 1), whose history in the base differs from the source; no row: the base is right; for members of the base''s owner.';

CREATE FUNCTION drop_customer_base(base text) RETURNS void
	AS 'MODULE_PATHNAME', 'drop_customer_base' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION drop_customer_base(text) IS
'Drops all that a customer base made; objects of others in its schema, or that depend on it, are an error; for members of the base''s owner.';

CREATE FUNCTION grant_reader(base text, role text) RETURNS void
	AS 'MODULE_PATHNAME', 'grant_reader' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION grant_reader(text, text) IS
'Lets a role read a customer base, with what it will hold later; for members of the base''s owner.';

CREATE FUNCTION revoke_reader(base text, role text) RETURNS void
	AS 'MODULE_PATHNAME', 'revoke_reader' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION revoke_reader(text, text) IS
'Takes back what grant_reader gave; for members of the base''s owner.';

-- Surveys of a base: answers beside orders ------------------------------------------------------------

-- Kinds of surveys. A complaint has no score.
CREATE FUNCTION base_survey_kinds(OUT kind text, OUT scale text) RETURNS SETOF record
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	VALUES ('nps', '0..10'), ('csat', '1..5'), ('ces', '1..7'), ('complaint', NULL);
END;
COMMENT ON FUNCTION base_survey_kinds() IS
'The kinds of surveys that a customer base takes, each with its usual scale.';

-- The tables of surveys, in every base. What was answered is kept as signed rows: a row that goes from the source adds one with -1.
-- So triggers only ever append, whoever comes first, and the sum over equal rows is exact. What cannot be used stands among them with
-- its problem, and goes like the rest when its row goes.
CREATE FUNCTION base_make_survey_tables(options jsonb) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	EXECUTE @extschema@.base_template($template$
CREATE TABLE {schema}.surveys (id smallint PRIMARY KEY, survey text NOT NULL UNIQUE, kind text NOT NULL, scale text, source text NOT NULL,
	minimum_answers integer NOT NULL DEFAULT 30 CHECK (minimum_answers > 0), wave text NOT NULL DEFAULT 'quarter' CHECK (wave IN ('week', 'month', 'quarter', 'half', 'year')),
	loyalty_days integer NOT NULL DEFAULT 90 CHECK (loyalty_days > 0),
	customer text, answered_at text NOT NULL, score text, dimension text, channel text, agent text, scope text, filter text, tenant text,
	answer_source text NOT NULL, answer_customer_sql text, answer_tenant_sql text, answered_sql text NOT NULL, score_sql text, given_sql text, dimension_sql text,
	channel_sql text, agent_sql text, scope_sql text, answer_filter_sql text, attached_at timestamptz NOT NULL DEFAULT now(), refreshed_at timestamptz, live_since timestamptz)
	WITH (vacuum_truncate = false);
COMMENT ON TABLE {schema}.surveys IS 'The surveys of the base, made by attach_survey. The columns minimum_answers, wave and loyalty_days are yours to edit.';

CREATE TABLE {schema}.answers (survey smallint NOT NULL, {tenant_column}customer {customer_type}, answered_at timestamp, score smallint, dimension text, channel text, agent text,
	scope text, given text, problem text, answers integer NOT NULL, counted boolean NOT NULL DEFAULT false) WITH (vacuum_truncate = false, autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX answers_key ON {schema}.answers ({key});
CREATE INDEX answers_new ON {schema}.answers (survey) WHERE NOT counted;
COMMENT ON TABLE {schema}.answers IS 'Every answer to a survey, in the time of the base: rows with the same values add up, and -1 takes one back. A problem says why an answer cannot be used, given what it was.';

CREATE TABLE {schema}.answer_counts (survey smallint NOT NULL, {tenant_column}day date NOT NULL, dimension text, channel text, agent text, scope text, score smallint,
	answers bigint NOT NULL, UNIQUE NULLS NOT DISTINCT (survey, {tenant,} day, dimension, channel, agent, scope, score)) WITH (fillfactor = 80);
COMMENT ON TABLE {schema}.answer_counts IS 'Answers by day and all that they are told apart by, but the customer: what the views of surveys read.';

CREATE TABLE {schema}.targets ({tenant_column}metric text NOT NULL CHECK (metric IN ({metrics})), survey text, unit text NOT NULL DEFAULT 'month' CHECK (unit IN ('week', 'month', 'quarter', 'year')),
	period date NOT NULL, target numeric NOT NULL, UNIQUE NULLS NOT DISTINCT ({tenant,} metric, survey, unit, period));
COMMENT ON TABLE {schema}.targets IS 'What is to be reached: a metric, the first day and the unit of a period, and the target. Yours to fill; the view kpi_targets compares.'$template$,
		options || jsonb_build_object('tenant_column', CASE WHEN options ->> 'tenant_sql' IS NULL THEN '' ELSE format('tenant %s, ', options ->> 'tenant_type') END,
			'metrics', (SELECT string_agg(quote_literal(m.metric), ', ') FROM @extschema@.base_metrics() AS m)));
END $$;
COMMENT ON FUNCTION base_make_survey_tables(jsonb) IS
'Makes the tables of surveys and targets in the schema of a customer base.';

CREATE FUNCTION base_answer_score(kind text, given text) RETURNS float8
	AS 'MODULE_PATHNAME', 'base_answer_score' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION base_answer_score(text, text) IS
'The score that a text answer to a survey of that kind means, a number or for csat the English or Chinese name of a level; NULL: none.';

-- The rows of a survey as the base keeps them, from its source or from rows of it that a trigger has. A question that was not answered is none.
CREATE FUNCTION base_answer_rows(options jsonb, relation text) RETURNS text
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN @extschema@.base_template($template$
SELECT {id}::smallint AS survey, {r.tenant,} r.customer, r.answered_at, CASE WHEN p.problem IS NULL THEN r.score::smallint END AS score, r.dimension, r.channel, r.agent,
	coalesce(r.scope, 'external') AS scope, CASE WHEN p.problem IS NOT NULL THEN left(r.given, 200) END AS given, p.problem
FROM (SELECT [[tenant_sql:{answer_tenant_sql} AS tenant, ]]({answer_customer_sql})::{customer_type} AS customer, {answered_sql} AS answered_at,
		{score_sql} AS score, ({given_sql})::text AS given,
		CASE WHEN lower(({dimension_sql})::text) NOT IN ('', 'overall', '总体', '整体') THEN ({dimension_sql})::text END AS dimension,
		({channel_sql})::text AS channel, ({agent_sql})::text AS agent, ({scope_sql})::text AS scope
	FROM {relation} AS s[[answer_filter_sql: WHERE {answer_filter_sql}]] OFFSET 0) AS r,
	LATERAL (SELECT CASE [[tenant_sql:WHEN r.tenant IS NULL THEN 'no_tenant' ]]WHEN r.answered_at IS NULL THEN 'no_day' WHEN NOT isfinite(r.answered_at) THEN 'infinite_day'
		[[scale:WHEN r.score IS NULL THEN 'not_a_score' WHEN r.score NOT BETWEEN {low} AND {high} THEN 'outside_scale' WHEN r.score <> trunc(r.score) THEN 'not_whole' ]]END AS problem OFFSET 0) AS p
[[scale:WHERE r.given IS NOT NULL]]$template$, options || jsonb_build_object('relation', relation,
		'low', split_part(options ->> 'scale', '..', 1), 'high', split_part(options ->> 'scale', '..', 2)));
END $$;
COMMENT ON FUNCTION base_answer_rows(jsonb, text) IS
'The query for the answers in the rows of a survey''s source.';

CREATE FUNCTION base_answer_columns() RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT 'survey, {key}, answered_at, score, dimension, channel, agent, scope, given, problem'::text;
END;
COMMENT ON FUNCTION base_answer_columns() IS
'What tells answers to surveys apart in a customer base, as a template.';

-- Brings what a statement has appended to the counts. answers: a query for signed rows.
CREATE FUNCTION base_count_answers(answers text) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT 'INSERT INTO {schema}.answer_counts AS c (survey, {tenant,} day, dimension, channel, agent, scope, score, answers)
	SELECT survey, {tenant,} answered_at::date, dimension, channel, agent, scope, score, sum(answers) FROM ' || answers || '
	WHERE problem IS NULL GROUP BY survey, {tenant,} answered_at::date, dimension, channel, agent, scope, score HAVING sum(answers) <> 0 ORDER BY 1, 2, 3
	ON CONFLICT (survey, {tenant,} day, dimension, channel, agent, scope, score) DO UPDATE SET answers = c.answers + excluded.answers';
END;
COMMENT ON FUNCTION base_count_answers(text) IS
'The statement that adds signed answers to the counts of a customer base, as a template.';

-- Reads the source of a survey in one snapshot and appends what differs from what the base has. Answers that triggers record meanwhile
-- are in neither, or in both.
CREATE FUNCTION base_refresh_survey(options jsonb, id smallint) RETURNS bigint
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET row_security = off SET timezone = 'UTC' SET datestyle = 'ISO'
AS $$
DECLARE
	changed bigint;
	state text;
	message text;
BEGIN
	PERFORM set_config('timezone', options ->> 'time_zone', true), set_config('datestyle', options ->> 'date_style', true);
	options := @extschema@.base_survey_options(options, id);
	EXECUTE @extschema@.base_template(replace($template$
WITH changed AS (
	INSERT INTO {schema}.answers (#, answers, counted)
	SELECT #, sum(answers), true
	FROM (SELECT #, 1 AS answers FROM ({rows}) AS r UNION ALL SELECT #, -answers FROM {schema}.answers WHERE survey = {id}) AS a
	GROUP BY # HAVING sum(answers) <> 0
	RETURNING *
), counted AS ($template$, '#', @extschema@.base_answer_columns()) || @extschema@.base_count_answers('changed') || ')
SELECT count(*) FROM changed', options || jsonb_build_object('rows', @extschema@.base_answer_rows(options, options ->> 'answer_source'))) INTO changed;
	EXECUTE @extschema@.base_template('DELETE FROM {schema}.answer_counts WHERE answers = 0;
		UPDATE {schema}.surveys SET refreshed_at = now() WHERE id = {id}', options);
	RETURN changed;
EXCEPTION WHEN data_exception OR insufficient_privilege OR undefined_table OR undefined_column THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT;
	RAISE EXCEPTION USING ERRCODE = state, MESSAGE = message, DETAIL = format('The error came up while %s was read, the source of survey "%s".', options ->> 'answer_source', options ->> 'survey'),
		HINT = format('Correct its rows or what attach_survey was given, or let go of it: SELECT detach_survey(%L, %L);', options ->> 'base', options ->> 'survey');
END $$;
COMMENT ON FUNCTION base_refresh_survey(jsonb, smallint) IS
'Brings the answers of a survey in a customer base to its source, and returns how many rows that took.';

CREATE FUNCTION base_survey_options(options jsonb, id smallint) RETURNS jsonb
	LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	survey jsonb;
BEGIN
	EXECUTE format('SELECT to_jsonb(s) FROM %s.surveys AS s WHERE s.id = $1', options ->> 'schema') INTO STRICT survey USING id;
	RETURN options || (survey - 'source' - 'customer' - 'tenant' - 'filter');
END $$;
COMMENT ON FUNCTION base_survey_options(jsonb, smallint) IS
'The options of a customer base with those of one of its surveys.';

CREATE FUNCTION base_survey_ids(options jsonb) RETURNS SETOF smallint
	LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY EXECUTE format('SELECT id FROM %s.surveys ORDER BY id', options ->> 'schema');
END $$;
COMMENT ON FUNCTION base_survey_ids(jsonb) IS
'The surveys of a customer base.';

CREATE FUNCTION base_refresh_surveys(options jsonb) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	id smallint;
BEGIN
	FOR id IN SELECT * FROM @extschema@.base_survey_ids(options) LOOP
		PERFORM @extschema@.base_refresh_survey(options, id);
	END LOOP;
	PERFORM @extschema@.base_tidy_answers(options);
END $$;
COMMENT ON FUNCTION base_refresh_surveys(jsonb) IS
'Brings all surveys of a customer base to their sources.';

-- Surveys that have just been read are live if their triggers stood by then.
CREATE FUNCTION base_mark_live_surveys(options jsonb) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	EXECUTE @extschema@.base_template('UPDATE {schema}.surveys AS s SET live_since = clock_timestamp()
		WHERE s.live_since IS NULL AND to_regclass(s.source) IS NOT NULL AND NOT EXISTS (SELECT FROM {ext}.base_missing_survey_triggers($1, s.id, s.source) AS m)', options)
		USING (parse_ident(options ->> 'schema'))[1]::name;
END $$;
COMMENT ON FUNCTION base_mark_live_surveys(jsonb) IS
'Marks the surveys of a live customer base that have all their triggers as live.';

-- How many kinds of answers are not as often in the base as in the source.
CREATE FUNCTION base_survey_differences(options jsonb, id smallint) RETURNS bigint
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET row_security = off SET timezone = 'UTC' SET datestyle = 'ISO'
AS $$
DECLARE
	differences bigint;
BEGIN
	PERFORM set_config('timezone', options ->> 'time_zone', true), set_config('datestyle', options ->> 'date_style', true);
	options := @extschema@.base_survey_options(options, id);
	EXECUTE @extschema@.base_template(replace('SELECT count(*) FROM (SELECT FROM (SELECT #, 1 AS answers FROM ({rows}) AS r UNION ALL SELECT #, -answers FROM {schema}.answers WHERE survey = {id}) AS a
		GROUP BY # HAVING sum(answers) <> 0) AS d', '#', @extschema@.base_answer_columns()),
		options || jsonb_build_object('rows', @extschema@.base_answer_rows(options, options ->> 'answer_source'))) INTO differences;
	RETURN differences;
END $$;
COMMENT ON FUNCTION base_survey_differences(jsonb, smallint) IS
'The number of differences between a survey in a customer base and its source.';

-- Part of the end of advance_customer_base for a live base: a survey that has got its triggers is read and is live from then on; daily, what
-- cannot have any is read again, and what has them compared.
CREATE FUNCTION base_advance_surveys(options jsonb, daily boolean) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	survey record;
BEGIN
	FOR survey IN EXECUTE @extschema@.base_template('SELECT s.id, s.survey, s.source, s.live_since IS NOT NULL AS live, EXISTS (SELECT FROM {ext}.base_missing_survey_triggers($1, s.id, s.source) AS m) AS lacks
			FROM {schema}.surveys AS s WHERE to_regclass(s.source) IS NOT NULL ORDER BY s.id', options) USING (parse_ident(options ->> 'schema'))[1]::name LOOP
		IF NOT survey.live AND (daily OR NOT survey.lacks) THEN
			PERFORM @extschema@.base_refresh_survey(options, survey.id);
		ELSIF survey.live AND daily AND @extschema@.base_survey_differences(options, survey.id) > 0 THEN
			EXECUTE @extschema@.base_template('INSERT INTO {schema}.troubles (reason, detail) VALUES (''survey'', ', options) || quote_literal(survey.survey || ': it differs from its source') || ')';
		END IF;
	END LOOP;
	PERFORM @extschema@.base_mark_live_surveys(options);
	IF daily THEN
		PERFORM @extschema@.base_tidy_answers(options);
	END IF;
END $$;
COMMENT ON FUNCTION base_advance_surveys(jsonb, boolean) IS
'The part of advance_customer_base about surveys.';

-- Rows that add up to nothing go.
CREATE FUNCTION base_tidy_answers(options jsonb) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	any_negative boolean;
BEGIN
	EXECUTE @extschema@.base_template('SELECT EXISTS (SELECT FROM {schema}.answers WHERE answers < 0 AND counted)', options) INTO any_negative;
	IF any_negative THEN
		EXECUTE @extschema@.base_template(replace($template$
WITH rows AS MATERIALIZED (
	SELECT a.ctid AS row, hash_record_extended(ROW(#), 0) AS hash, answers FROM {schema}.answers AS a WHERE counted
), gone AS (
	DELETE FROM {schema}.answers WHERE ctid = ANY (ARRAY(SELECT r.row FROM rows AS r WHERE r.hash IN (SELECT n.hash FROM rows AS n WHERE n.answers < 0))) RETURNING *
)
INSERT INTO {schema}.answers (#, answers, counted) SELECT #, sum(answers), true FROM gone GROUP BY # HAVING sum(answers) <> 0$template$, '#', @extschema@.base_answer_columns()), options);
	END IF;
END $$;
COMMENT ON FUNCTION base_tidy_answers(jsonb) IS
'Deletes rows of answers in a customer base that later rows have taken back.';

-- One step of fold_customer_base: what triggers have appended is counted.
CREATE FUNCTION base_fold_answers(options jsonb, max_rows bigint) RETURNS bigint
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	rows bigint;
BEGIN
	EXECUTE @extschema@.base_template('WITH taken AS (
	UPDATE {schema}.answers SET counted = true
	WHERE NOT counted AND ctid = ANY (ARRAY(SELECT ctid FROM {schema}.answers WHERE NOT counted LIMIT {max_rows})) RETURNING *
), counted AS (' || @extschema@.base_count_answers('taken') || ')
SELECT count(*) FROM taken', options || jsonb_build_object('max_rows', max_rows)) INTO rows;
	RETURN rows;
END $$;
COMMENT ON FUNCTION base_fold_answers(jsonb, bigint) IS
'Counts some answers that the triggers of a live customer base have recorded, and returns their number.';

-- The trigger function of a survey stands in the base's schema and runs as the base's owner, for who writes answers has no rights on
-- the base; its path and settings are pinned, nobody else may use it for a trigger, and it acts for the survey's own source alone. It
-- appends, so it waits for nobody; and whatever goes wrong, the answer is written and the base is known to be behind. A row whose
-- expressions fail is found by reading the statement's rows one by one.
CREATE FUNCTION base_make_survey_function(options jsonb) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	event record;
	body text := '';
	columns text := @extschema@.base_template(@extschema@.base_answer_columns(), options);
	part text;
	sides text[];
	side text;
BEGIN
	FOR event IN SELECT * FROM (VALUES ('INSERT', ARRAY['new_rows']), ('DELETE', ARRAY['old_rows']), ('UPDATE', ARRAY['new_rows', 'old_rows'])) AS e (name, tables) LOOP
		sides := '{}';
		FOREACH side IN ARRAY event.tables LOOP
			sides := sides || format('SELECT %s, %s AS answers FROM (%s) AS r', columns, CASE side WHEN 'new_rows' THEN 1 ELSE -1 END, @extschema@.base_answer_rows(options, side));
		END LOOP;
		part := format(E'\t\tIF TG_OP = %L THEN\n\t\t\tINSERT INTO %s.answers (%s, answers)\n\t\t\tSELECT %3$s, sum(answers) FROM (%s) AS a GROUP BY %3$s HAVING sum(answers) <> 0;\n\t\tEND IF;\n',
			event.name, options ->> 'schema', columns, array_to_string(sides, ' UNION ALL '));
		body := body || part;
	END LOOP;
	part := '';
	FOREACH side IN ARRAY ARRAY['new_rows', 'old_rows'] LOOP
		part := part || format($body$
		IF TG_OP <> %L THEN
			FOR pg_customer_n IN 0 .. least((SELECT count(*) FROM %s), 1000) - 1 LOOP
				BEGIN
					INSERT INTO %s.answers (%s, answers) SELECT %4$s, %s FROM (%s) AS r;
				EXCEPTION WHEN OTHERS THEN
					failed := failed + 1;
					INSERT INTO %3$s.answers (survey, problem, given, answers) VALUES (%7$s, 'failed', left(SQLERRM, 200), %5$s);
				END;
			END LOOP;
			many := many OR (SELECT count(*) FROM %2$s) > 1000;
		END IF;$body$, CASE side WHEN 'new_rows' THEN 'DELETE' ELSE 'INSERT' END, side, options ->> 'schema', columns, CASE side WHEN 'new_rows' THEN 1 ELSE -1 END,
			@extschema@.base_answer_rows(options, format('(SELECT * FROM %s OFFSET pg_customer_n LIMIT 1)', side)), options ->> 'id');
	END LOOP;
	EXECUTE @extschema@.base_template($template$
CREATE OR REPLACE FUNCTION {schema}.survey_{id}_changes() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp SET timezone = {'time_zone'} SET datestyle = {'date_style'} SET row_security = off SET lock_timeout = '10ms' AS {'body'};
REVOKE ALL ON FUNCTION {schema}.survey_{id}_changes() FROM PUBLIC;
COMMENT ON FUNCTION {schema}.survey_{id}_changes() IS 'Trigger of a survey''s source: records its changes in the table answers; runs as the owner of the base.'$template$,
		options || jsonb_build_object('body', @extschema@.base_template($template$
#variable_conflict use_column
DECLARE
	problem text;
	failed bigint := 0;
	many boolean := false;
BEGIN
	IF TG_RELID <> coalesce(to_regclass({'answer_source'}), 0) AND NOT EXISTS (SELECT FROM pg_partition_ancestors(TG_RELID) AS a WHERE a.relid = to_regclass({'answer_source'})) THEN
		IF to_regclass({'answer_source'}) IS NULL THEN
			INSERT INTO {schema}.troubles (reason, detail) VALUES ('survey', {'survey'} || ': its source was renamed');
		END IF;
		RETURN NULL;
	ELSIF current_setting('pg_customer.maintain', true) = 'off' THEN
		INSERT INTO {schema}.troubles (reason, detail) VALUES ('survey', {'survey'} || ': pg_customer.maintain is off');
		RETURN NULL;
	ELSIF TG_OP = 'TRUNCATE' THEN
		IF to_regclass({'answer_source'}) <> TG_RELID THEN
			INSERT INTO {schema}.troubles (reason, detail) VALUES ('survey', {'survey'} || ': a partition was truncated');
			RETURN NULL;
		END IF;
		INSERT INTO {schema}.answers ({columns}, answers) SELECT {columns}, -sum(answers) FROM {schema}.answers WHERE survey = {id} GROUP BY {columns} HAVING sum(answers) <> 0;
		RETURN NULL;
	END IF;
	BEGIN
{batches}	EXCEPTION WHEN OTHERS THEN{single}
		IF many THEN
			problem := SQLERRM;
			INSERT INTO {schema}.troubles (reason, detail) VALUES ('survey', {'survey'} || ': ' || problem);
		END IF;
	END;
	RETURN NULL;
EXCEPTION WHEN OTHERS THEN
	problem := SQLERRM;
	BEGIN
		INSERT INTO {schema}.troubles (reason, detail) VALUES ('survey', {'survey'} || ': ' || problem);
	EXCEPTION WHEN OTHERS THEN
		NULL;
	END;
	RAISE WARNING USING MESSAGE = format('customer base "%s" does not follow survey "%s": %s', {'base'}, {'survey'}, problem),
		HINT = format('The answers are written. When that is put right, run: SELECT * FROM refresh_customer_base(%L);', {'base'});
	RETURN NULL;
END $template$, options || jsonb_build_object('batches', body, 'single', part, 'columns', columns))));
END $$;
COMMENT ON FUNCTION base_make_survey_function(jsonb) IS
'Makes the trigger function of a survey in the schema of a customer base.';

-- Triggers of a survey, as base_triggers and base_missing_triggers are those of the orders.
CREATE FUNCTION base_missing_survey_triggers(schema name, id smallint, source text) RETURNS TABLE (relation regclass, trigger name, event text, referencing text, disabled boolean)
	LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT t.relation, pg_catalog.replace(e.trigger::text, pg_catalog.lower(e.event), pg_catalog.concat('survey_', id, '_', pg_catalog.lower(e.event)))::name, e.event, e.referencing, g.present > 0
	FROM base_tables(pg_catalog.to_regclass(source)) AS t CROSS JOIN base_triggers(schema) AS e,
		LATERAL (SELECT count(*) FILTER (WHERE p.tgenabled IN ('O', 'A')) AS enabled, count(*) AS present FROM pg_catalog.pg_trigger AS p
			WHERE p.tgrelid = t.relation AND p.tgtype = e.type AND p.tgfoid = pg_catalog.to_regproc(pg_catalog.format('%I.survey_%s_changes', schema, id))) AS g
	WHERE g.enabled = 0;
END;
COMMENT ON FUNCTION base_missing_survey_triggers(name, smallint, text) IS
'The triggers that a survey of a live customer base should have on its source and does not have, or that are disabled.';

-- Makes the triggers of all surveys whose source can have them; the others follow by refresh. The locks are taken as base_make_triggers takes them.
CREATE FUNCTION base_make_survey_triggers(options jsonb, disabled boolean DEFAULT true) RETURNS bigint
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s'
AS $$
DECLARE
	id smallint;
	survey jsonb;
	found record;
	made bigint := 0;
BEGIN
	FOR id IN SELECT * FROM @extschema@.base_survey_ids(options) LOOP
		survey := @extschema@.base_survey_options(options, id);
		CONTINUE WHEN @extschema@.base_survey_problem(survey) IS NOT NULL;
		PERFORM @extschema@.base_make_survey_function(survey);
		FOR found IN SELECT * FROM @extschema@.base_missing_survey_triggers((parse_ident(options ->> 'schema'))[1]::name, id, survey ->> 'answer_source') AS m
				WHERE base_make_survey_triggers.disabled OR NOT m.disabled LOOP
			EXECUTE format('CREATE OR REPLACE TRIGGER %I AFTER %s ON %s %s FOR EACH STATEMENT EXECUTE FUNCTION %s.survey_%s_changes()', found.trigger,
				found.event, found.relation, found.referencing, options ->> 'schema', id);
			PERFORM set_config('lock_timeout', '100ms', true);
			-- What was answered until now is for the next reading to find.
			EXECUTE format('UPDATE %s.surveys SET live_since = NULL WHERE id = $1', options ->> 'schema') USING id;
			made := made + 1;
		END LOOP;
	END LOOP;
	RETURN made;
END $$;
COMMENT ON FUNCTION base_make_survey_triggers(jsonb, boolean) IS
'Makes the triggers that the surveys of a live customer base lack, and returns their number.';

-- Why a survey cannot be live; NULL: it can.
CREATE FUNCTION base_survey_problem(options jsonb) RETURNS text
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM @extschema@.base_check_live(options || jsonb_build_object('source', options ->> 'answer_source', 'order_sql', NULL));
	RETURN NULL;
EXCEPTION WHEN wrong_object_type OR insufficient_privilege OR undefined_table THEN
	RETURN SQLERRM;
END $$;
COMMENT ON FUNCTION base_survey_problem(jsonb) IS
'Why the source of a survey cannot be followed by triggers; NULL if it can.';

CREATE FUNCTION base_drop_survey_triggers(options jsonb, id smallint DEFAULT NULL) RETURNS bigint
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s'
AS $$
DECLARE
	found record;
	dropped bigint := 0;
BEGIN
	FOR found IN SELECT g.tgname, g.tgrelid::regclass AS relation, pg_has_role(c.relowner, 'USAGE') AS own
		FROM pg_trigger AS g JOIN pg_proc AS p ON p.oid = g.tgfoid JOIN pg_class AS c ON c.oid = g.tgrelid
		WHERE p.pronamespace = (options ->> 'schema')::regnamespace AND p.proname ~ CASE WHEN base_drop_survey_triggers.id IS NULL THEN '^survey_\d+_changes$' ELSE format('^survey_%s_changes$', base_drop_survey_triggers.id) END
	LOOP
		IF NOT found.own THEN
			RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege', MESSAGE = format('only the owner of %s may drop the triggers of customer base "%s"', found.relation, options ->> 'base'),
				HINT = format('The owner can run: DROP TRIGGER %I ON %s; Then call this again.', found.tgname, found.relation);
		END IF;
		EXECUTE format('DROP TRIGGER %I ON %s', found.tgname, found.relation);
		PERFORM set_config('lock_timeout', '100ms', true);
		dropped := dropped + 1;
	END LOOP;
	RETURN dropped;
END $$;
COMMENT ON FUNCTION base_drop_survey_triggers(jsonb, smallint) IS
'Drops the triggers of a survey of a customer base, or of all of them, and returns their number.';

-- The work of attach_survey.
CREATE FUNCTION base_attach_survey(settings regclass, given jsonb) RETURNS TABLE (item text, value text)
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET row_security = off
AS $$
DECLARE
	options jsonb;
	relation oid := (given ->> 'source_oid')::oid;
	path text := given ->> 'path';
	zone text;
	kind record;
	part record;
	taken smallint;
	name text;
	scale text[];
	schema text;
	id smallint;
	made jsonb;
	bad bigint;
	live boolean;
BEGIN
	EXECUTE format('LOCK TABLE %s IN SHARE UPDATE EXCLUSIVE MODE', settings);
	options := @extschema@.base_options(settings);
	schema := options ->> 'schema';
	zone := options ->> 'time_zone';
	PERFORM set_config('timezone', zone, true);
	SELECT k.* INTO kind FROM @extschema@.base_survey_kinds() AS k WHERE k.kind = given ->> 'kind';
	IF kind IS NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('option kind cannot be %L', given ->> 'kind'),
			HINT = 'Give ''nps'' (0 to 10), ''csat'' (1 to 5), ''ces'' (1 to 7) or ''complaint'' (no score).';
	ELSIF (kind.kind = 'complaint') <> (given ->> 'score' IS NULL) THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = CASE WHEN kind.kind = 'complaint' THEN 'a complaint has no score' ELSE 'option score is missing' END,
			HINT = CASE WHEN kind.kind = 'complaint' THEN 'Give score => NULL: every row is a complaint.' ELSE 'Name the column of the score.' END;
	ELSIF given ->> 'scale' IS NOT NULL AND (kind.kind NOT IN ('csat', 'ces') OR given ->> 'scale' !~ '^\d{1,3}\.\.\d{1,3}$'
			OR split_part(given ->> 'scale', '..', 1)::integer >= split_part(given ->> 'scale', '..', 2)::integer) THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('option scale cannot be %L for kind %s', given ->> 'scale', kind.kind),
			HINT = 'A scale of csat or ces is its lowest and its highest score, such as ''1..10''; NPS is defined for 0 to 10 alone.';
	ELSIF given ->> 'survey' = '' OR octet_length(given ->> 'survey') > 63 THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('option survey cannot be %L', given ->> 'survey'), HINT = 'Give it a name of 1 to 63 bytes.';
	END IF;
	given := given || jsonb_build_object('scale', coalesce(given ->> 'scale', kind.scale), 'answer_source', @extschema@.base_relation('source', given ->> 'source', relation));
	EXECUTE format('SELECT coalesce(max(id), 0) + 1 FROM %s.surveys', schema) INTO id;
	EXECUTE format('SELECT id FROM %s.surveys WHERE survey = $1', schema) INTO taken USING given ->> 'survey';
	IF taken IS NOT NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'duplicate_object', MESSAGE = format('customer base "%s" has a survey "%s" already', options ->> 'base', given ->> 'survey'),
			HINT = format('Give another name with the option survey, or let go of that one: SELECT detach_survey(%L, %L);', options ->> 'base', given ->> 'survey');
	END IF;

	part := @extschema@.base_expression(relation, 'answered_at', given ->> 'answered_at', path);
	IF part.type NOT IN ('date'::regtype, 'timestamp'::regtype, 'timestamptz'::regtype) THEN
		RAISE EXCEPTION USING ERRCODE = 'datatype_mismatch', MESSAGE = format('option answered_at is of type %s', part.type),
			HINT = format('It must be a date or a time. Write a cast: (%s)::timestamp', given ->> 'answered_at');
	END IF;
	made := jsonb_build_object('answered_sql', CASE WHEN part.type = 'timestamptz'::regtype THEN format('((%s) AT TIME ZONE %L)', part.sql, zone) ELSE format('(%s)::timestamp', part.sql) END);
	IF given ->> 'customer' IS NOT NULL THEN
		part := @extschema@.base_expression(relation, 'customer', given ->> 'customer', path);
		IF part.type <> (options ->> 'customer_type')::regtype AND NOT (part.type IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) AND (options ->> 'customer_type')::regtype IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype))
				AND NOT (part.type IN ('text'::regtype, 'varchar'::regtype) AND (options ->> 'customer_type')::regtype IN ('text'::regtype, 'varchar'::regtype)) THEN
			RAISE EXCEPTION USING ERRCODE = 'datatype_mismatch', MESSAGE = format('option customer is of type %s, and the customers of base "%s" are of type %s', part.type, options ->> 'base', options ->> 'customer_type'),
				HINT = format('Write a cast: (%s)::%s', given ->> 'customer', options ->> 'customer_type');
		END IF;
		made := made || jsonb_build_object('answer_customer_sql', part.sql);
	END IF;
	IF options ->> 'tenant_sql' IS NOT NULL THEN
		part := @extschema@.base_expression(relation, 'tenant', coalesce(given ->> 'tenant', options ->> 'tenant'), path);
		IF part.type <> (options ->> 'tenant_type')::regtype THEN
			RAISE EXCEPTION USING ERRCODE = 'datatype_mismatch', MESSAGE = format('option tenant is of type %s, and the tenants of base "%s" are of type %s', part.type, options ->> 'base', options ->> 'tenant_type'),
				HINT = format('Write a cast: (%s)::%s', coalesce(given ->> 'tenant', options ->> 'tenant'), options ->> 'tenant_type');
		END IF;
		made := made || jsonb_build_object('answer_tenant_sql', part.sql);
	ELSIF given ->> 'tenant' IS NOT NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('customer base "%s" has no tenants', options ->> 'base'), HINT = 'Leave the option tenant out.';
	END IF;
	IF given ->> 'score' IS NOT NULL THEN
		part := @extschema@.base_expression(relation, 'score', given ->> 'score', path);
		made := made || jsonb_build_object('given_sql', part.sql, 'score_sql', CASE
			WHEN part.type IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'numeric'::regtype) THEN format('(%s)', part.sql)
			WHEN part.type IN ('float4'::regtype, 'float8'::regtype) THEN format('(%s)::double precision::numeric', part.sql)
			WHEN part.type IN ('text'::regtype, 'varchar'::regtype, 'bpchar'::regtype) OR (SELECT typtype = 'e' FROM pg_type WHERE oid = part.type)
				THEN format('%s.base_answer_score(%L, (%s)::text)', options ->> 'ext', kind.kind, part.sql) END);
		IF made ->> 'score_sql' IS NULL THEN
			RAISE EXCEPTION USING ERRCODE = 'datatype_mismatch', MESSAGE = format('option score is of type %s', part.type),
				HINT = 'It must be a number, a text or an enumeration: write a cast.';
		END IF;
	END IF;
	FOREACH name IN ARRAY ARRAY['dimension', 'channel', 'agent', 'scope'] LOOP
		CONTINUE WHEN given ->> name IS NULL;
		part := @extschema@.base_expression(relation, name, given ->> name, path);
		made := made || jsonb_build_object(name || '_sql', part.sql);
	END LOOP;
	IF given ->> 'filter' IS NOT NULL THEN
		part := @extschema@.base_expression(relation, 'filter', given ->> 'filter', path);
		IF part.type <> 'bool'::regtype THEN
			RAISE EXCEPTION USING ERRCODE = 'datatype_mismatch', MESSAGE = format('option filter is of type %s, not boolean', part.type), HINT = 'Give a condition, such as ''status = ''''complete''''''.';
		END IF;
		made := made || jsonb_build_object('answer_filter_sql', part.sql);
	END IF;

	EXECUTE format('INSERT INTO %s.surveys SELECT * FROM jsonb_populate_record(NULL::%1$s.surveys, $1)', schema)
		USING given || made || jsonb_build_object('id', id, 'source', given ->> 'answer_source', 'attached_at', now(), 'minimum_answers', 30, 'wave', 'quarter', 'loyalty_days', 90);
	PERFORM @extschema@.base_refresh_survey(options, id);
	EXECUTE format('ANALYZE %s.surveys; ANALYZE %1$s.answers; ANALYZE %1$s.answer_counts; ANALYZE %1$s.targets', schema);
	EXECUTE format('SELECT sum(answers) FROM %s.answers WHERE survey = $1 AND problem IS NOT NULL', schema) INTO bad USING id;
	IF bad > 0 AND options ->> 'on_bad_row' = 'error' THEN
		EXECUTE format('SELECT * FROM %s.answers WHERE survey = $1 AND problem IS NOT NULL LIMIT 1', schema) INTO part USING id;
		RAISE EXCEPTION USING ERRCODE = 'data_exception', MESSAGE = format('%s has %s answers that survey "%s" cannot use', given ->> 'answer_source', bad, given ->> 'survey'),
			DETAIL = format('The first: customer %s, answered at %s, score %s: %s.', coalesce(part.customer::text, 'NULL'), coalesce(part.answered_at::text, 'NULL'), coalesce(part.given, 'NULL'), part.problem),
			HINT = 'Correct the rows, or leave them out with the option filter.';
	END IF;
	EXECUTE format('SELECT live_since IS NOT NULL FROM %s.state', schema) INTO live;
	RETURN QUERY EXECUTE format($query$SELECT v.item, v.value FROM %s.survey_status AS s, LATERAL (VALUES ('survey', s.survey), ('kind', s.kind), ('answers', s.answers::text), ('customers', s.customers::text),
		('anonymous', s.anonymous::text), ('quarantined', s.quarantined::text), ('first_day', s.first_day::text), ('last_day', s.last_day::text)) AS v (item, value) WHERE s.survey = $1$query$, schema) USING given ->> 'survey';
	RETURN QUERY SELECT 'next', n FROM unnest(ARRAY[format('SELECT * FROM %s.survey_waves;', schema),
		CASE WHEN kind.kind = 'nps' THEN format('SELECT * FROM %s.nps_by_period WHERE unit = ''month'';', schema) WHEN kind.kind = 'complaint' THEN format('SELECT * FROM %s.complaints_by_period WHERE unit = ''month'';', schema)
			ELSE format('SELECT * FROM %s.satisfaction_by_period WHERE unit = ''month'';', schema) END,
		CASE WHEN live THEN format('CALL advance_customer_base(%L);', options ->> 'base') END]) AS n WHERE n IS NOT NULL;
END $$;
COMMENT ON FUNCTION base_attach_survey(regclass, jsonb) IS
'The work of attach_survey, with the caller''s rights.';

CREATE FUNCTION base_attach_as_owner(base text, given jsonb) RETURNS TABLE (item text, value text)
	AS 'MODULE_PATHNAME', 'attach_survey' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION base_attach_as_owner(text, jsonb) IS
'attach_survey with its arguments as one value; for members of the base''s owner.';

CREATE FUNCTION attach_survey(base text, source text, customer text, answered_at text, score text, kind text,
	dimension text DEFAULT NULL, channel text DEFAULT NULL, agent text DEFAULT NULL, scope text DEFAULT NULL,
	survey text DEFAULT NULL, filter text DEFAULT NULL, scale text DEFAULT NULL, tenant text DEFAULT NULL)
	RETURNS TABLE (item text, value text) LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
	SELECT a.item, a.value FROM base_attach_as_owner(base, pg_catalog.jsonb_build_object('source', source, 'customer', customer, 'answered_at', answered_at, 'score', score, 'kind', kind,
		'dimension', dimension, 'channel', channel, 'agent', agent, 'scope', scope, 'survey', coalesce(survey, kind), 'filter', filter, 'scale', scale, 'tenant', tenant,
		'path', pg_catalog.current_setting('search_path'), 'source_oid', CASE WHEN base_is_name(source) THEN pg_catalog.to_regclass(source)::oid END)) AS a;
END;
COMMENT ON FUNCTION attach_survey(text, text, text, text, text, text, text, text, text, text, text, text, text, text) IS
'Adds a table or view of answers to a customer base, with one score a row: kind nps (0 to 10), csat (1 to 5, or the English or Chinese names of the levels), ces (1 to 7) or complaint (score NULL); customer may be NULL for anonymous answers, dimension says what was asked about (none: the overall question); for members of the base''s owner.';

-- The work of detach_survey.
CREATE FUNCTION base_detach_survey(settings regclass, survey text) RETURNS bigint
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	options jsonb;
	wanted smallint;
	answers bigint;
	names text;
BEGIN
	EXECUTE format('LOCK TABLE %s IN SHARE UPDATE EXCLUSIVE MODE', settings);
	options := @extschema@.base_options(settings);
	EXECUTE format('SELECT id FROM %s.surveys WHERE survey = $1', options ->> 'schema') INTO wanted USING survey;
	IF wanted IS NULL THEN
		EXECUTE format('SELECT string_agg(survey, '', '' ORDER BY id) FROM %s.surveys', options ->> 'schema') INTO names;
		RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('customer base "%s" has no survey "%s"', options ->> 'base', survey),
			HINT = coalesce(format('It has: %s.', names), 'It has none: see attach_survey.');
	END IF;
	PERFORM @extschema@.base_drop_survey_triggers(options, wanted);
	EXECUTE @extschema@.base_template('DROP FUNCTION IF EXISTS {schema}.survey_{id}_changes();
		DELETE FROM {schema}.answer_counts WHERE survey = {id}; DELETE FROM {schema}.surveys WHERE id = {id}', options || jsonb_build_object('id', wanted));
	EXECUTE format('WITH gone AS (DELETE FROM %s.answers WHERE survey = $1 RETURNING answers) SELECT coalesce(sum(answers), 0) FROM gone', options ->> 'schema') INTO answers USING wanted;
	RETURN answers;
EXCEPTION WHEN lock_not_available THEN
	RAISE EXCEPTION USING ERRCODE = 'lock_not_available', MESSAGE = format('survey "%s" could not be detached: a long transaction uses its source', survey),
		HINT = 'Nothing has changed. Try again later.';
END $$;
COMMENT ON FUNCTION base_detach_survey(regclass, text) IS
'The work of detach_survey, with the caller''s rights.';

CREATE FUNCTION detach_survey(base text, survey text) RETURNS bigint
	AS 'MODULE_PATHNAME', 'detach_survey' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION detach_survey(text, text) IS
'Lets go of a survey of a customer base: its answers leave the base, its source is not touched; returns how many answers there were; for members of the base''s owner.';

-- Judging purchase models: fitted on the past, compared with what followed ------------------------------

CREATE FUNCTION histories_resolved(query text) RETURNS text
	AS 'MODULE_PATHNAME', 'histories_resolved' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION histories_resolved(text) IS
'A query with one column of type purchase_history, with every name qualified as the present search path has it; anything else is an error.';

CREATE FUNCTION histories_of_base(base text) RETURNS text
	LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN format('SELECT history FROM %s.histories', (SELECT relnamespace::regnamespace FROM pg_class WHERE oid = @extschema@.base_settings(base)));
END $$;
COMMENT ON FUNCTION histories_of_base(text) IS
'The query for the histories of a customer base; an unknown base is an error.';

CREATE FUNCTION histories_query(histories text) RETURNS text
	LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE WHEN histories ~* '^\s*(\(|(select|with|values|table)\s)' THEN histories_resolved(histories) ELSE histories_of_base(histories) END;
END;
COMMENT ON FUNCTION histories_query(text) IS
'The query that an argument "histories" means: itself if it begins with SELECT, WITH, VALUES, TABLE or a parenthesis, else that of the customer base of that name.';

CREATE FUNCTION model_title(model text) RETURNS text
	AS 'MODULE_PATHNAME', 'model_title_of' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION model_title(text) IS
'A model as papers write its name: BG/NBD for bgnbd.';

-- Trust, from what is best to what is worst; fewer data are no reason to prefer another model.
CREATE FUNCTION trust_rank(trust text) RETURNS integer
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE trust WHEN 'ok' THEN 1 WHEN 'given' THEN 1 WHEN 'small_sample' THEN 1 WHEN 'not_identified' THEN 2 WHEN 'not_converged' THEN 3 ELSE 4 END;
END;
COMMENT ON FUNCTION trust_rank(text) IS
'1: the model can be used (ok, given, small_sample), 2: not_identified, 3: not_converged, 4: there is nothing to use.';

-- All fits in one pass over the histories: the aggregates share one state.
CREATE FUNCTION models_fit(query text, models text[], as_of date, unit text, OUT purchases purchase_model[], OUT spend spend_model,
	OUT spend_correlation double precision)
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	ext text := @extschema@.base_extension_schema();
	unknown text := (SELECT m FROM unnest(models) AS m WHERE m NOT IN ('bgnbd', 'mbgnbd', 'pareto_nbd', 'nbd') OR m IS NULL LIMIT 1);
BEGIN
	IF unknown IS NOT NULL OR cardinality(models) = 0 OR array_position(models, NULL) IS NOT NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('models cannot be %L', models::text),
			HINT = 'Give one or more of bgnbd, mbgnbd, pareto_nbd, nbd.';
	END IF;
	EXECUTE format('SELECT ARRAY[%s], %s.gamma_gamma_fit(h.history, $1), corr(%2$s.repeat_days(h.history, $1), %2$s.repeat_spend(h.history, $1)::float8)
			FILTER (WHERE %2$s.repeat_spend(h.history, $1) > 0)
		FROM (%s) AS h (history)', (SELECT string_agg(format('%s.%I(h.history, $1, $2)', ext, m || '_fit'), ', ' ORDER BY n) FROM unnest(models) WITH ORDINALITY AS m (m, n)),
		ext, query) INTO purchases, spend, spend_correlation USING as_of, unit;
END $$;
COMMENT ON FUNCTION models_fit(text, text[], date, text) IS
'Purchase models, Gamma-Gamma and the correlation of x and m_x, all of the histories of a query as of a day.';

-- It is inlined, so that what forecasts of many customers have in common is kept between rows; OFFSET 0 has each computed once.
CREATE FUNCTION model_forecast(model purchase_model, spend spend_model, history purchase_history, calibration_end date, holdout_end date)
	RETURNS TABLE (x integer, actual integer, predicted double precision, spend_actual numeric, spend_predicted double precision)
	LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
	SELECT f.x, repeat_days(history, holdout_end) - f.x, f.predicted, total(slice(history, calibration_end + 1, holdout_end + 1)),
		f.predicted * expected_spend(spend, history, calibration_end)
	FROM (SELECT repeat_days(history, calibration_end) AS x,
		expected_purchases(model, history, calibration_end, make_interval(days => holdout_end - calibration_end)) AS predicted OFFSET 0) AS f
	WHERE f.x IS NOT NULL;
END;
COMMENT ON FUNCTION model_forecast(purchase_model, spend_model, purchase_history, date, date) IS
'What models make of a customer from one day for the time until another one, and what came; no row for who had not bought yet.';

CREATE FUNCTION model_holdout(query text, model purchase_model, spend spend_model, calibration_end date, holdout_end date, by_frequency boolean)
	RETURNS TABLE (x integer, customers bigint, actual bigint, predicted double precision, mae double precision, rmse double precision,
		correlation double precision, spend_actual numeric, spend_predicted double precision, spend_mae double precision)
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY EXECUTE format('SELECT %s, count(*), sum(f.actual), sum(f.predicted), avg(abs(f.predicted - f.actual)), sqrt(avg((f.predicted - f.actual) ^ 2)),
			corr(f.predicted, f.actual), sum(f.spend_actual), sum(f.spend_predicted), avg(abs(f.spend_predicted - f.spend_actual::float8))
		FROM (%s) AS h (history) CROSS JOIN LATERAL %s.model_forecast($1, $2, h.history, $3, $4) AS f%s',
		CASE WHEN by_frequency THEN 'least(f.x, 7)' ELSE 'NULL::integer' END, query, @extschema@.base_extension_schema(),
		CASE WHEN by_frequency THEN ' GROUP BY 1 ORDER BY 1' ELSE '' END) USING model, spend, calibration_end, holdout_end;
END $$;
COMMENT ON FUNCTION model_holdout(text, purchase_model, spend_model, date, date, boolean) IS
'Forecasts of one model for the customers of a query, compared with what came; by frequency: by x, of which 7 is 7 or more.';

CREATE FUNCTION models_check_days(calibration_end date, holdout_end date) RETURNS void
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT isfinite(calibration_end) OR NOT isfinite(holdout_end) OR calibration_end >= holdout_end THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = format('the calibration cannot end on %s and the holdout on %s', calibration_end, holdout_end),
			HINT = 'Models are fitted on all until calibration_end, and judged by what follows until holdout_end, a later day.';
	END IF;
END $$;
COMMENT ON FUNCTION models_check_days(date, date) IS
'Raises an error unless the holdout ends after the calibration.';

CREATE FUNCTION models_holdout(query text, calibration_end date, holdout_end date, unit text, models text[])
	RETURNS TABLE (model text, customers bigint, actual bigint, predicted double precision, mae double precision, rmse double precision,
		correlation double precision, spend_actual numeric, spend_predicted double precision, spend_mae double precision,
		log_likelihood double precision, aic double precision, trust text, purchases purchase_model, spend spend_model)
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	fits record;
	fit @extschema@.purchase_model;
BEGIN
	PERFORM @extschema@.models_check_days(calibration_end, holdout_end);
	fits := @extschema@.models_fit(query, models, calibration_end, unit);
	FOREACH fit IN ARRAY fits.purchases LOOP
		RETURN QUERY SELECT @extschema@.model_name(fit), h.customers, h.actual, h.predicted, h.mae, h.rmse, h.correlation, h.spend_actual, h.spend_predicted, h.spend_mae,
				@extschema@.log_likelihood(fit), @extschema@.aic(fit), @extschema@.trust(fit), fit, fits.spend
			FROM @extschema@.model_holdout(query, fit, fits.spend, calibration_end, holdout_end, false) AS h;
	END LOOP;
END $$;
COMMENT ON FUNCTION models_holdout(text, date, date, text, text[]) IS
'The work of holdout_test, over a query whose names are qualified.';

CREATE FUNCTION models_holdout_by_frequency(query text, calibration_end date, holdout_end date, unit text, models text[])
	RETURNS TABLE (model text, x integer, customers bigint, actual_mean double precision, predicted_mean double precision)
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	fits record;
	fit @extschema@.purchase_model;
BEGIN
	PERFORM @extschema@.models_check_days(calibration_end, holdout_end);
	fits := @extschema@.models_fit(query, models, calibration_end, unit);
	FOREACH fit IN ARRAY fits.purchases LOOP
		RETURN QUERY SELECT @extschema@.model_name(fit), h.x, h.customers, h.actual::float8 / h.customers, h.predicted / h.customers
			FROM @extschema@.model_holdout(query, fit, fits.spend, calibration_end, holdout_end, true) AS h;
	END LOOP;
END $$;
COMMENT ON FUNCTION models_holdout_by_frequency(text, date, date, text, text[]) IS
'The work of holdout_by_frequency, over a query whose names are qualified.';

CREATE FUNCTION holdout_test(histories text, calibration_end date, holdout_end date, unit text DEFAULT 'week',
	models text[] DEFAULT '{bgnbd,mbgnbd,pareto_nbd,nbd}')
	RETURNS TABLE (model text, customers bigint, actual bigint, predicted double precision, mae double precision, rmse double precision,
		correlation double precision, spend_actual numeric, spend_predicted double precision, spend_mae double precision,
		log_likelihood double precision, aic double precision, trust text, purchases purchase_model, spend spend_model)
	LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
	SELECT h.* FROM models_holdout(histories_query(histories), calibration_end, holdout_end, unit, models) AS h;
END;
COMMENT ON FUNCTION holdout_test(text, date, date, text, text[]) IS
'Fits models on the histories of a customer base, or of a query, until calibration_end, forecasts each customer until holdout_end and compares with what came: purchase days in all, mean absolute and root mean squared error by customer, correlation, and the same of spend.';

CREATE FUNCTION holdout_by_frequency(histories text, calibration_end date, holdout_end date, unit text DEFAULT 'week',
	models text[] DEFAULT '{bgnbd,mbgnbd,pareto_nbd,nbd}')
	RETURNS TABLE (model text, x integer, customers bigint, actual_mean double precision, predicted_mean double precision)
	LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
	SELECT h.* FROM models_holdout_by_frequency(histories_query(histories), calibration_end, holdout_end, unit, models) AS h;
END;
COMMENT ON FUNCTION holdout_by_frequency(text, date, date, text, text[]) IS
'The forecasts of holdout_test by the repeat purchase days x until calibration_end, where 7 is 7 or more: how many customers, and their purchase days in the holdout on average, as they came and as predicted.';

-- Which customers came on which day is all that the expectation needs, so it is computed once for each day.
CREATE FUNCTION model_tracking(query text, model purchase_model, until date)
	RETURNS TABLE (period integer, period_end date, actual bigint, expected double precision, actual_total bigint, expected_total double precision)
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	length float8 := @extschema@.unit_days(model);
BEGIN
	RETURN QUERY EXECUTE format($query$
WITH bought AS MATERIALIZED (
	SELECT d.day, d.day = h.first AS first, count(*) AS customers
	FROM (SELECT h.history, %2$s.first_purchase(h.history) AS first FROM (%1$s) AS h (history) OFFSET 0) AS h, LATERAL %2$s.days(h.history) AS d
	WHERE h.first <= $2 AND d.day <= $2 AND d.orders > 0
	GROUP BY 1, 2
), periods AS (
	SELECT p.period, f.first + floor(p.period * $3)::integer - 1 AS period_end
	FROM (SELECT min(day) AS first FROM bought) AS f, generate_series(1, floor(($2 - f.first + 1) / $3)::integer) AS p (period)
), totals AS (
	SELECT p.period, p.period_end, coalesce((SELECT sum(b.customers) FROM bought AS b WHERE NOT b.first AND b.day <= p.period_end), 0)::bigint AS actual,
		(SELECT sum(b.customers * %2$s.expected_purchases($1, (p.period_end - b.day) / $3)) FROM bought AS b WHERE b.first AND b.day <= p.period_end) AS expected
	FROM periods AS p
)
SELECT t.period, t.period_end, t.actual - lag(t.actual, 1, 0::bigint) OVER w, t.expected - lag(t.expected, 1, 0::float8) OVER w, t.actual, t.expected
FROM totals AS t WINDOW w AS (ORDER BY t.period) ORDER BY t.period$query$, query, @extschema@.base_extension_schema()) USING model, until, length;
END $$;
COMMENT ON FUNCTION model_tracking(text, purchase_model, date) IS
'The work of tracking_curve, over a query whose names are qualified.';

CREATE FUNCTION tracking_curve(histories text, model purchase_model, until date)
	RETURNS TABLE (period integer, period_end date, actual bigint, expected double precision, actual_total bigint, expected_total double precision)
	LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
	SELECT t.* FROM model_tracking(histories_query(histories), model, until) AS t;
END;
COMMENT ON FUNCTION tracking_curve(text, purchase_model, date) IS
'Repeat purchase days in each whole period of the model''s unit since the first purchase of all, as they came and as a model expects them of all customers from their first purchases on; also summed up.';

-- The model to recommend can be trusted, is not NBD unless there is nothing else, and forecasts customers best. Where the data do not tell the
-- parameters of the others, and these all the same forecast clearly better than NBD, none is recommended, and the best of them is there by default.
CREATE FUNCTION models_compare(query text, calibration_end date, holdout_end date, unit text, models text[])
	RETURNS TABLE (model text, recommended boolean, chosen_by text, purchases purchase_model, spend spend_model, spend_correlation double precision,
		calibrated_until date, held_out_until date, holdout_trust text, holdout_customers bigint, holdout_actual bigint, holdout_predicted double precision,
		holdout_mae double precision, holdout_rmse double precision, holdout_correlation double precision)
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	first date;
	last date;
	until date;
	calibrated date;
	fits record;
BEGIN
	EXECUTE format('SELECT min(%s.first_purchase(h.history)), max(%1$s.last_purchase(h.history)) FROM (%s) AS h (history)', @extschema@.base_extension_schema(), query)
		INTO first, last;
	IF first IS NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'no_data_found', MESSAGE = 'there is no purchase to fit models on';
	END IF;
	until := coalesce(holdout_end, last);
	-- Two thirds of the time show the models what customers are like, one third shows what the models are like.
	calibrated := coalesce(calibration_end, CASE WHEN until - first >= 270 THEN first + (until - first) * 2 / 3 END);
	fits := @extschema@.models_fit(query, models, until, unit);
	RETURN QUERY
	WITH judged AS (
		SELECT h.* FROM @extschema@.models_holdout(query, calibrated, until, unit, models) AS h
	), fitted AS (
		SELECT f.n, f.model AS purchases, @extschema@.model_name(f.model) AS model, @extschema@.trust_rank(@extschema@.trust(f.model)) AS trust_rank,
			j.trust, j.customers, j.actual, j.predicted, j.mae, j.rmse, j.correlation,
			1.05 * min(j.rmse) FILTER (WHERE @extschema@.trust(f.model) = 'not_identified') OVER () AS limit_of_nbd
		FROM unnest(fits.purchases) WITH ORDINALITY AS f (model, n) LEFT JOIN judged AS j ON j.model = @extschema@.model_name(f.model)
	), ranked AS (
		SELECT f.*, row_number() OVER (ORDER BY CASE WHEN f.trust_rank > 1 THEN 2 * f.trust_rank WHEN f.model <> 'nbd' THEN 1 WHEN f.rmse > f.limit_of_nbd THEN 5 ELSE 2 END,
			@extschema@.trust_rank(f.trust), f.rmse, @extschema@.aic(f.purchases), f.n) AS place
		FROM fitted AS f
	)
	SELECT r.model, r.place = 1 AND r.trust_rank = 1, CASE WHEN r.place = 1 THEN CASE WHEN r.trust_rank > 1 THEN 'default' WHEN r.rmse IS NULL THEN 'aic' ELSE 'holdout' END END,
		r.purchases, fits.spend, fits.spend_correlation, calibrated, until, r.trust, r.customers, r.actual, r.predicted, r.mae, r.rmse, r.correlation
	FROM ranked AS r ORDER BY r.n;
END $$;
COMMENT ON FUNCTION models_compare(text, date, date, text, text[]) IS
'The work of compare_models, over a query whose names are qualified; chosen_by marks the model to use: by its holdout, by its AIC where the data are too short for one, or by default where none can be trusted.';

CREATE FUNCTION compare_models(histories text, calibration_end date DEFAULT NULL, holdout_end date DEFAULT NULL, unit text DEFAULT 'week',
	models text[] DEFAULT '{bgnbd,mbgnbd,pareto_nbd,nbd}')
	RETURNS TABLE (model text, title text, recommended boolean, chosen_by text, trust text, customers bigint, log_likelihood double precision, aic double precision,
		bic double precision, holdout_actual bigint, holdout_predicted double precision, holdout_mae double precision, holdout_rmse double precision,
		holdout_correlation double precision, holdout_trust text, purchases purchase_model)
	LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
	SELECT c.model, model_title(c.model), c.recommended, c.chosen_by, trust(c.purchases), customers(c.purchases), log_likelihood(c.purchases), aic(c.purchases), bic(c.purchases),
		c.holdout_actual, c.holdout_predicted, c.holdout_mae, c.holdout_rmse, c.holdout_correlation, c.holdout_trust, c.purchases
	FROM models_compare(histories_query(histories), calibration_end, holdout_end, unit, models) AS c;
END;
COMMENT ON FUNCTION compare_models(text, date, date, text, text[]) IS
'Models fitted on the histories of a customer base, or of a query, until holdout_end (by default the last purchase): likelihood, AIC, BIC, trust, and the errors of a fit until calibration_end (by default two thirds of the time, if that is 270 days or more); recommended: of those that can be trusted the one with the smallest root mean squared error by customer, without a holdout the smallest AIC; nbd only where no other can be.';

-- Retention of the histories of a customer base, or of a query -------------------------------------------

CREATE FUNCTION cohorts_of(query text, as_of date, unit text, rolling_days integer) RETURNS cohort_total[]
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	cohorts @extschema@.cohort_total[];
BEGIN
	EXECUTE format('SELECT %s.cohort_totals(h.history, $1, $2, $3) FROM (%s) AS h (history)', @extschema@.base_extension_schema(), query)
		INTO cohorts USING unit, as_of, rolling_days;
	RETURN cohorts;
END $$;
COMMENT ON FUNCTION cohorts_of(text, date, text, integer) IS
'The cohorts of the histories of a query whose names are qualified.';

CREATE FUNCTION cohort_retention(histories text, as_of date, unit text DEFAULT 'month', rolling_days integer DEFAULT NULL,
	unbounded boolean DEFAULT false, history_starts date DEFAULT NULL)
	RETURNS TABLE (cohort date, period integer, cohort_size bigint, customers bigint, retention numeric, revenue numeric, complete boolean)
	LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
	SELECT c.cohort, c.period, c.cohort_size, v.customers, CASE WHEN v.complete THEN v.customers::numeric / c.cohort_size END, c.gross - c.refunded, v.complete
	FROM unnest(cohorts_of(histories_query(histories), as_of, unit, rolling_days)) AS c
		CROSS JOIN LATERAL (SELECT CASE WHEN unbounded THEN c.customers_or_later ELSE c.customers END AS customers,
			c.complete AND c.cohort >= coalesce(history_starts, c.cohort) AS complete) AS v;
END;
COMMENT ON FUNCTION cohort_retention(text, date, text, integer, boolean, date) IS
'Retention by cohort, of the histories of a customer base or of a query: of those whose first purchase was in a period, how many bought in each period from it on, or, unbounded, in it or later; periods of the calendar, or of rolling_days days since the first purchase of each; while a period is not over at as_of, and in cohorts that begin before history_starts, retention is NULL and complete false.';

CREATE FUNCTION cohort_revenue(histories text, as_of date, unit text DEFAULT 'month', rolling_days integer DEFAULT NULL, history_starts date DEFAULT NULL)
	RETURNS TABLE (cohort date, period integer, cohort_size bigint, orders bigint, revenue numeric, revenue_retention numeric,
		cumulative_revenue numeric, cumulative_per_customer numeric, complete boolean)
	LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
	SELECT r.cohort, r.period, r.cohort_size, r.orders, r.revenue,
		CASE WHEN r.complete AND r.first_revenue > 0 THEN r.revenue / r.first_revenue END, r.cumulative,
		CASE WHEN r.complete THEN r.cumulative / r.cohort_size END, r.complete
	FROM (SELECT c.cohort, c.period, c.cohort_size, c.orders, c.gross - c.refunded AS revenue,
			first_value(c.gross - c.refunded) OVER w AS first_revenue, sum(c.gross - c.refunded) OVER w AS cumulative,
			c.complete AND c.cohort >= coalesce(history_starts, c.cohort) AS complete
		FROM unnest(cohorts_of(histories_query(histories), as_of, unit, rolling_days)) AS c
		WINDOW w AS (PARTITION BY c.cohort ORDER BY c.period)) AS r;
END;
COMMENT ON FUNCTION cohort_revenue(text, date, text, integer, date) IS
'What cohorts bring: orders and net revenue in each period from that of the first purchase on, revenue as a share of that of the first period, and summed up, also for each customer of the cohort; arguments as for cohort_retention; shares and means of periods that are not complete are NULL.';

CREATE FUNCTION period_rates_query(query text, as_of date, unit text, count_by text, policy lifecycle_policy, history_starts date)
	RETURNS SETOF period_rate
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY EXECUTE format('SELECT r.* FROM (SELECT %s.period_totals(h.history, $1, $2, $3) AS totals, %1$s.churn_totals(h.history, $1, $2, $4) AS churn
		FROM (%s) AS h (history)) AS t, %1$s.period_rates_of(t.totals, t.churn, $1, $2, $5) AS r ORDER BY r.period',
		@extschema@.base_extension_schema(), query) USING unit, as_of, count_by, policy, history_starts;
END $$;
COMMENT ON FUNCTION period_rates_query(text, date, text, text, lifecycle_policy, date) IS
'The work of period_rates, over a query whose names are qualified.';

CREATE FUNCTION period_rates(histories text, as_of date, unit text DEFAULT 'month', count_by text DEFAULT 'days',
	policy lifecycle_policy DEFAULT 'retail', history_starts date DEFAULT NULL)
	RETURNS SETOF period_rate
	LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
	SELECT r.* FROM period_rates_query(histories_query(histories), as_of, unit, count_by, policy, history_starts) AS r;
END;
COMMENT ON FUNCTION period_rates(text, date, text, text, lifecycle_policy, date) IS
'Period by period, of the histories of a customer base or of a query: customers active, new, returning, reactivated (resurrected), lost (active in the period before, not in this) and in all; as mergeable proportions the repeat rate (bought twice of bought), loss rate (lost of active before), reactivation rate (of those who had bought, but not in the period before), churn rate (entered the stage churned of customers at the start who had not) and win-back rate (of churned at the start); stickiness: active days of active customers / all their days; rates are NULL while the period is not over.';

CREATE FUNCTION stickiness_query(query text, from_day date, to_day date, unit text)
	RETURNS TABLE (active_periods integer, customers bigint, share numeric)
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY EXECUTE format('SELECT a.periods, count(*), count(*) / sum(count(*)) OVER ()
		FROM (SELECT %s.active_periods(h.history, $1, $2, $3) AS periods FROM (%s) AS h (history)) AS a WHERE a.periods > 0 GROUP BY 1 ORDER BY 1',
		@extschema@.base_extension_schema(), query) USING from_day, to_day, unit;
END $$;
COMMENT ON FUNCTION stickiness_query(text, date, date, text) IS
'The work of stickiness, over a query whose names are qualified.';

CREATE FUNCTION stickiness(histories text, from_day date, to_day date, unit text DEFAULT 'day')
	RETURNS TABLE (active_periods integer, customers bigint, share numeric)
	LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
	SELECT s.* FROM stickiness_query(histories_query(histories), from_day, to_day, unit) AS s;
END;
COMMENT ON FUNCTION stickiness(text, date, date, text) IS
'How many customers of a base, or of a query of histories, bought in one period, in two, in three … from from_day to before to_day, with their shares of all who did.';

-- Subscriptions: movements of recurring revenue, renewals ------------------------------------------------

CREATE FUNCTION subscriptions_resolved(query text) RETURNS text
	AS 'MODULE_PATHNAME', 'subscriptions_resolved' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION subscriptions_resolved(text) IS
'A query with the four columns customer, valid_from date, valid_to date and monthly_amount numeric, with every name qualified as the present search path has it; anything else is an error.';

CREATE FUNCTION subscription_changes(valid_from date, valid_to date, monthly_amount numeric, unit text, as_of date,
	OUT period date, OUT change numeric) RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 2;
COMMENT ON FUNCTION subscription_changes(date, date, numeric, text, date) IS
'In which periods a subscription adds to the monthly revenue in force at their ends, and in which it takes it away again; valid_to is the first day that is not covered, NULL for none; what begins after as_of is not known yet; a negative or infinite amount, an infinite first day and an end before the beginning are errors';

CREATE TYPE mrr_movement AS (
	period date, mrr_start numeric, new numeric, expansion numeric, contraction numeric, churn numeric, reactivation numeric, mrr_end numeric,
	customers_start int8, customers_new int8, customers_expanded int8, customers_contracted int8, customers_churned int8, customers_reactivated int8,
	customers_end int8, gross_retention numeric, net_retention numeric, customer_churn proportion, quick_ratio numeric, complete boolean
);
COMMENT ON TYPE mrr_movement IS
'One period of subscriptions: the monthly recurring revenue at its start and its end, what moved it, whose it was, and the rates of that';

-- The first change of a customer is new revenue; after it, nothing in force before or after tells what it is.
CREATE FUNCTION mrr_changes(query text, as_of date, unit text) RETURNS TABLE (period date, kind text, customers bigint, amount numeric)
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY EXECUTE format($query$SELECT l.period, CASE WHEN l.first THEN 'new' WHEN l.after = l.change THEN 'reactivation' WHEN l.after = 0 THEN 'churn'
	WHEN l.change > 0 THEN 'expansion' ELSE 'contraction' END, count(*), abs(sum(l.change))
FROM (SELECT c.period, c.change, sum(c.change) OVER w AS after, row_number() OVER w = 1 AS first
	FROM (SELECT s.customer, c.period, sum(c.change) AS change
		FROM (%s) AS s (customer, valid_from, valid_to, monthly_amount), %s.subscription_changes(s.valid_from, s.valid_to, s.monthly_amount, $1, $2) AS c
		WHERE s.customer IS NOT NULL GROUP BY s.customer, c.period HAVING sum(c.change) <> 0) AS c
	WINDOW w AS (PARTITION BY c.customer ORDER BY c.period)) AS l
GROUP BY 1, 2$query$, query, @extschema@.base_extension_schema()) USING unit, as_of;
END $$;
COMMENT ON FUNCTION mrr_changes(text, date, text) IS
'How many customers of a query whose names are qualified moved the recurring revenue in which way in each period, and by how much.';

CREATE FUNCTION mrr_movements(subscriptions text, as_of date, unit text DEFAULT 'month') RETURNS SETOF mrr_movement
	LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
	WITH totals AS MATERIALIZED (
		SELECT c.period,
			coalesce(sum(c.amount) FILTER (WHERE c.kind = 'new'), 0) AS new, coalesce(sum(c.customers) FILTER (WHERE c.kind = 'new'), 0)::bigint AS customers_new,
			coalesce(sum(c.amount) FILTER (WHERE c.kind = 'expansion'), 0) AS expansion, coalesce(sum(c.customers) FILTER (WHERE c.kind = 'expansion'), 0)::bigint AS expanded,
			coalesce(sum(c.amount) FILTER (WHERE c.kind = 'contraction'), 0) AS contraction, coalesce(sum(c.customers) FILTER (WHERE c.kind = 'contraction'), 0)::bigint AS contracted,
			coalesce(sum(c.amount) FILTER (WHERE c.kind = 'churn'), 0) AS churn, coalesce(sum(c.customers) FILTER (WHERE c.kind = 'churn'), 0)::bigint AS churned,
			coalesce(sum(c.amount) FILTER (WHERE c.kind = 'reactivation'), 0) AS reactivation, coalesce(sum(c.customers) FILTER (WHERE c.kind = 'reactivation'), 0)::bigint AS reactivated
		FROM mrr_changes(subscriptions_resolved(subscriptions), as_of, unit) AS c GROUP BY c.period
	), movements AS (
		SELECT k.period, k.next_period <= as_of + 1 AS complete, coalesce(t.new, 0) AS new, coalesce(t.expansion, 0) AS expansion,
			coalesce(t.contraction, 0) AS contraction, coalesce(t.churn, 0) AS churn, coalesce(t.reactivation, 0) AS reactivation,
			coalesce(t.customers_new, 0) AS customers_new, coalesce(t.expanded, 0) AS expanded, coalesce(t.contracted, 0) AS contracted,
			coalesce(t.churned, 0) AS churned, coalesce(t.reactivated, 0) AS reactivated
		FROM (SELECT min(t.period) AS first FROM totals AS t) AS f, LATERAL calendar_periods(f.first, as_of, unit) AS k LEFT JOIN totals AS t ON t.period = k.period
	), ends AS (
		SELECT m.*, sum(m.new + m.expansion - m.contraction - m.churn + m.reactivation) OVER w AS mrr,
			(sum(m.customers_new - m.churned + m.reactivated) OVER w)::bigint AS customers
		FROM movements AS m WINDOW w AS (ORDER BY m.period)
	)
	SELECT e.period, b.mrr, e.new, e.expansion, e.contraction, e.churn, e.reactivation, e.mrr, b.customers, e.customers_new, e.expanded, e.contracted, e.churned,
		e.reactivated, e.customers, CASE WHEN e.complete THEN (b.mrr - e.contraction - e.churn) / nullif(b.mrr, 0) END,
		CASE WHEN e.complete THEN (b.mrr + e.expansion - e.contraction - e.churn) / nullif(b.mrr, 0) END,
		CASE WHEN e.complete THEN proportion(e.churned, b.customers) END,
		CASE WHEN e.complete THEN (e.new + e.expansion + e.reactivation) / nullif(e.contraction + e.churn, 0) END, e.complete
	FROM ends AS e CROSS JOIN LATERAL (SELECT e.mrr - e.new - e.expansion + e.contraction + e.churn - e.reactivation AS mrr,
		e.customers - e.customers_new + e.churned - e.reactivated AS customers) AS b
	ORDER BY e.period;
END;
COMMENT ON FUNCTION mrr_movements(text, date, text) IS
'Movements of the monthly recurring revenue by month (or another unit), from a query of (customer, valid_from, valid_to, monthly_amount): the revenue of each customer at the end of a period against the end of the one before is new, expansion, contraction, churn or reactivation; gross retention (start - contraction - churn) / start, net retention with expansion, quick ratio (new + expansion + reactivation) / (contraction + churn), the share of customers who churned; these are NULL while the period is not over at as_of.';

CREATE TYPE renewal_rate AS (
	period date, due int8, renewed int8, not_renewed int8, pending int8, renewal_rate proportion, churn_rate proportion, complete boolean
);
COMMENT ON TYPE renewal_rate IS
'One period of contracts that came due in it: how many, how many were renewed, were not, can still be; and the rates of what is decided';

-- A contract that changes no day is none, or is not known yet; what cannot be one is an error.
CREATE FUNCTION renewal_rates_query(query text, as_of date, unit text, grace_days integer)
	RETURNS SETOF renewal_rate
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY EXECUTE format($query$SELECT d.period, count(*), count(*) FILTER (WHERE d.renewed), count(*) FILTER (WHERE NOT d.renewed), count(*) FILTER (WHERE d.renewed IS NULL),
	%2$s.proportion(d.renewed), %2$s.proportion(NOT d.renewed), bool_and(d.renewed IS NOT NULL AND d.over)
FROM (SELECT k.period, k.next_period <= $1 + 1 AS over, %2$s.renewed(s.valid_to, s.next_from, $1, $3) AS renewed
	FROM (SELECT s.valid_to, min(s.valid_from) OVER (PARTITION BY s.customer ORDER BY coalesce(s.valid_to, 'infinity') DESC
			GROUPS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS next_from
		FROM (%1$s) AS s (customer, valid_from, valid_to, monthly_amount)
		WHERE s.customer IS NOT NULL AND EXISTS (SELECT FROM %2$s.subscription_changes(s.valid_from, s.valid_to, s.monthly_amount, 'day', $1))) AS s,
		%2$s.calendar_periods(s.valid_to, s.valid_to, $2) AS k
	WHERE s.valid_to <= $1) AS d
GROUP BY d.period ORDER BY d.period$query$, query, @extschema@.base_extension_schema()) USING as_of, unit, grace_days;
END $$;
COMMENT ON FUNCTION renewal_rates_query(text, date, text, integer) IS
'The work of renewal_rates, over a query whose names are qualified.';

CREATE FUNCTION renewal_rates(subscriptions text, as_of date, unit text DEFAULT 'month', grace_days integer DEFAULT 0)
	RETURNS SETOF renewal_rate
	LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
	SELECT r.* FROM renewal_rates_query(subscriptions_resolved(subscriptions), as_of, unit, grace_days) AS r;
END;
COMMENT ON FUNCTION renewal_rates(text, date, text, integer) IS
'Renewals by period of the due date, from a query of (customer, valid_from, valid_to, monthly_amount): a contract is due on its valid_to, and renewed when one of the same customer that ends later begins by then or within grace_days after; until that day is over it is pending, and in neither rate; the churn rate is the rest of the renewal rate.';

-- Models of churn fitted on the past, and judged by what followed ----------------------------------------

-- A logistic regression learns from an earlier window: what was known before it, and who bought in it. The window is as long as the horizon,
-- but leaves two thirds of the time to know customers by. Where it is shorter than the horizon, the regression tells who is at risk, and the level comes from the rhythm of
-- the population: its mean risk over the horizon, corrected by what it was off (in log-odds) in the window.
CREATE FUNCTION churn_fit_query(query text, as_of date, days integer, OUT rhythm population_rhythm, OUT model logistic_model, OUT fitted_on date, OUT fitted_days integer)
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	ext text := @extschema@.base_extension_schema();
	first date;
	window_rhythm @extschema@.population_rhythm;
	level record;
	scores float8[];
	counts bigint[];
	target float8;
	share float8;
	slope float8;
	shift float8 := 0;
BEGIN
	EXECUTE format('SELECT min(%1$s.first_purchase(h.history)), %1$s.population_rhythm(h.history, $1) FROM (%2$s) AS h (history)', ext, query)
		INTO first, rhythm USING as_of;
	IF (as_of - first >= 42) IS NOT TRUE THEN
		RETURN;
	END IF;
	fitted_days := least(days, (as_of - first) / 3);
	fitted_on := as_of - fitted_days;
	EXECUTE format('SELECT %1$s.logistic_fit(%1$s.churn_features(h.history, $1), %1$s.days_since_last(h.history, $2) >= $2 - $1, 1, 10),
			%1$s.population_rhythm(h.history, $1)
		FROM (%2$s) AS h (history) WHERE %1$s.first_purchase(h.history) <= $1', ext, query)
		INTO model, window_rhythm USING fitted_on, as_of;
	IF fitted_days < days AND @extschema@.events(model) > 0 AND @extschema@.events(model) < @extschema@.observations(model) THEN
		EXECUTE format('SELECT avg(%1$s.churn_risk(h.history, $2, $3, $5)) AS now, avg(%1$s.churn_risk(h.history, $1, $4, $6)) AS before
			FROM (%2$s) AS h (history) WHERE %1$s.first_purchase(h.history) <= $2', ext, query)
			INTO level USING fitted_on, as_of, rhythm, window_rhythm, make_interval(days => days), make_interval(days => fitted_days);
		share := @extschema@.events(model)::float8 / @extschema@.observations(model);
		-- A rhythm that leaves no doubt has no log-odds.
		IF level.now > 0 AND level.now < 1 AND level.before > 0 AND level.before < 1 THEN
			target := 1 / (1 + exp(-(ln(level.now / (1 - level.now)) - ln(level.before / (1 - level.before)) + ln(share / (1 - share)))));
			EXECUTE format('SELECT array_agg(s.score), array_agg(s.customers) FROM (
					SELECT round(ln(p.risk / (1 - p.risk))::numeric, 2)::float8 AS score, count(*) AS customers
					FROM (SELECT greatest(least(%1$s.churn_risk($1, h.history, $2), 1 - 1e-9), 1e-9) AS risk FROM (%2$s) AS h (history)) AS p
					WHERE p.risk IS NOT NULL GROUP BY 1 ORDER BY 1) AS s', ext, query)
				INTO scores, counts USING model, as_of;
			-- Newton's method: the mean risk is steepest in the middle, so that steps are bounded.
			FOR step IN 1 .. 50 LOOP
				SELECT sum(s.customers * p.risk) / sum(s.customers), sum(s.customers * p.risk * (1 - p.risk)) / sum(s.customers) INTO share, slope
				FROM unnest(scores, counts) AS s (score, customers) CROSS JOIN LATERAL (SELECT 1 / (1 + exp(-(s.score + shift))) AS risk) AS p;
				EXIT WHEN abs(share - target) < 1e-6;
				shift := shift + greatest(least((target - share) / greatest(slope, 1e-6), 1), -1);
			END LOOP;
			model := @extschema@.shift_intercept(model, shift);
		END IF;
	END IF;
END $$;
COMMENT ON FUNCTION churn_fit_query(text, date, integer) IS
'The work of churn_fit, over a query whose names are qualified, for a horizon of so many days.';

CREATE FUNCTION churn_days(as_of date, horizon interval) RETURNS integer
	LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	days integer;
BEGIN
	IF NOT isfinite(as_of) THEN
		RAISE EXCEPTION USING ERRCODE = 'datetime_field_overflow', MESSAGE = format('as_of must not be %s', as_of), HINT = 'Give a date of the calendar, such as current_date.';
	END IF;
	days := (as_of + horizon)::date - as_of;
	IF days < 1 OR as_of + horizon <> (as_of + days)::timestamp THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('horizon must be one day or more, in whole days: %s', horizon), HINT = 'Say ''90 days'' or ''12 months''.';
	END IF;
	RETURN days;
END $$;
COMMENT ON FUNCTION churn_days(date, interval) IS
'The days of a horizon after as_of; an error unless they are whole and at least one.';

CREATE FUNCTION churn_fit(histories text, as_of date, horizon interval DEFAULT '90 days', OUT rhythm population_rhythm, OUT model logistic_model, OUT fitted_on date, OUT fitted_days integer)
	LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
	SELECT f.rhythm, f.model, f.fitted_on, f.fitted_days FROM churn_fit_query(histories_query(histories), as_of, churn_days(as_of, horizon)) AS f;
END;
COMMENT ON FUNCTION churn_fit(text, date, interval) IS
'What risks in the horizon after as_of are computed from, of a customer base or a query for histories, by nothing but purchases until then: the rhythm of the population; and a logistic regression on churn_features (ridge 10), fitted on who bought in the fitted_days after fitted_on; NULL where less than six weeks are known.';

-- Every method, its risk as SQL over h.history, $1 the day, $2 the horizon, and what it is worth.
CREATE FUNCTION churn_methods(query text, as_of date, horizon interval, unit text, models text[])
	RETURNS TABLE (method text, score text, trust text)
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	ext text := @extschema@.base_extension_schema();
	fits record;
	fit record;
BEGIN
	fit := @extschema@.churn_fit_query(query, as_of, @extschema@.churn_days(as_of, horizon));
	method := 'recency';
	score := format('%s.days_since_last(h.history, $1)', ext);
	trust := 'no probability';
	RETURN NEXT;
	method := 'own_rhythm';
	score := format('%s.churn_risk(h.history, $1, %L::%1$s.population_rhythm, $2)', ext, fit.rhythm);
	SELECT CASE WHEN p.rhythmic >= 100 THEN 'ok' WHEN p.customers > 0 THEN 'small_sample' ELSE 'no_data' END INTO trust FROM @extschema@.rhythm_parameters(fit.rhythm) AS p;
	RETURN NEXT;
	IF cardinality(models) > 0 THEN
		fits := @extschema@.models_fit(query, models, as_of, unit);
		FOR method, score, trust IN SELECT f.name, format('%s.churn_risk(%L::%1$s.purchase_model, h.history, $1, $2)', ext, f.model), coalesce(@extschema@.trust(f.model), 'no_data')
			FROM unnest(models, fits.purchases) AS f (name, model) LOOP
			RETURN NEXT;
		END LOOP;
	END IF;
	method := 'logistic';
	score := CASE WHEN fit.model IS NULL THEN 'NULL::float8' ELSE format('%s.churn_risk(%L::%1$s.logistic_model, h.history, $1)', ext, fit.model) END;
	trust := coalesce(@extschema@.trust(fit.model), 'no_data');
	RETURN NEXT;
END $$;
COMMENT ON FUNCTION churn_methods(text, date, interval, text, text[]) IS
'The methods of churn_backtest, fitted on the histories of a query until as_of, each as an expression for the risk.';

-- The histories of a query with what followed.
CREATE FUNCTION churn_outcomes(query text, as_of date, horizon interval) RETURNS text
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	ext text := @extschema@.base_extension_schema();
	until date := as_of + horizon;
	last date;
BEGIN
	EXECUTE format('SELECT max(%s.last_day(h.history)) FROM (%s) AS h (history)', ext, query) INTO last;
	IF last < until THEN
		RAISE WARNING USING MESSAGE = format('the horizon ends on %s, and the data on %s', until, last),
			HINT = 'Who has not bought yet looks as if churned: give an earlier as_of or a shorter horizon.';
	END IF;
	RETURN format('SELECT h.history, %1$s.days_since_last(h.history, %3$L::date) >= %3$L::date - %4$L::date AS churned
		FROM (%2$s) AS h (history) WHERE %1$s.first_purchase(h.history) <= %4$L::date', ext, query, until, as_of);
END $$;
COMMENT ON FUNCTION churn_outcomes(text, date, interval) IS
'The query for the customers of a query with a purchase until as_of, and whether they made none in the horizon; data that end before it are a warning.';

CREATE FUNCTION churn_judge(query text, as_of date, horizon interval, unit text, models text[])
	RETURNS TABLE (method text, customers bigint, churned bigint, auc double precision, lift_top_decile double precision, precision_top_decile double precision,
		brier double precision, calibration_error double precision, trust text)
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	names text[];
	scores text[];
	trusts text[];
	tests @extschema@.score_test[];
BEGIN
	SELECT array_agg(m.method), array_agg(m.score), array_agg(m.trust) INTO names, scores, trusts FROM @extschema@.churn_methods(query, as_of, horizon, unit, models) AS m;
	EXECUTE format('SELECT ARRAY[%s] FROM (%s) AS h', (SELECT string_agg(format('%s.classification_test(%s, h.churned)', @extschema@.base_extension_schema(), s), ', ' ORDER BY n)
			FROM unnest(scores) WITH ORDINALITY AS s (s, n)), @extschema@.churn_outcomes(query, as_of, horizon))
		INTO tests USING as_of, horizon;
	FOR i IN 1 .. cardinality(names) LOOP
		method := names[i];
		customers := coalesce(tests[i].observations, 0);
		churned := coalesce(tests[i].events, 0);
		auc := tests[i].auc;
		lift_top_decile := tests[i].lift_top_decile;
		precision_top_decile := tests[i].precision_top_decile;
		brier := CASE WHEN i > 1 THEN tests[i].brier END;
		calibration_error := CASE WHEN i > 1 THEN tests[i].calibration_error END;
		trust := trusts[i];
		RETURN NEXT;
	END LOOP;
END $$;
COMMENT ON FUNCTION churn_judge(text, date, interval, text, text[]) IS
'The work of churn_backtest, over a query whose names are qualified.';

CREATE FUNCTION churn_backtest(histories text, as_of date, horizon interval DEFAULT '90 days', models text[] DEFAULT '{bgnbd,mbgnbd,pareto_nbd,nbd}', unit text DEFAULT 'week')
	RETURNS TABLE (method text, customers bigint, churned bigint, auc double precision, lift_top_decile double precision, precision_top_decile double precision,
		brier double precision, calibration_error double precision, trust text)
	LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
	SELECT j.* FROM churn_judge(histories_query(histories), as_of, horizon, unit, models) AS j;
END;
COMMENT ON FUNCTION churn_backtest(text, date, interval, text[], text) IS
'Scores the customers of a base, or of a query for histories, as of a past day by every method, each fitted on what was known then, and compares with who made no purchase in the horizon: area under the ROC curve, lift and precision of the tenth with the highest risk, Brier score, calibration error; recency (days since the last purchase) is no probability.';

CREATE FUNCTION churn_deciles(query text, as_of date, horizon interval, method text, unit text)
	RETURNS TABLE (decile integer, customers bigint, churned bigint, lowest double precision, highest double precision, predicted double precision, observed double precision, lift double precision)
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	names text[] := '{recency,own_rhythm,bgnbd,mbgnbd,pareto_nbd,nbd,logistic}';
BEGIN
	IF churn_deciles.method <> ALL (names) THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('there is no method "%s" of churn_backtest', churn_deciles.method),
			HINT = format('The methods are: %s.', array_to_string(names, ', '));
	END IF;
	RETURN QUERY EXECUTE format('SELECT b.decile, b.observations, b.events, b.lowest, b.highest, b.mean_score, b.observed, b.lift
			FROM (SELECT %s.calibration_table(%s, h.churned) AS bins FROM (%s) AS h) AS t, unnest(t.bins) AS b', @extschema@.base_extension_schema(),
			(SELECT m.score FROM @extschema@.churn_methods(query, as_of, horizon, unit,
				CASE WHEN churn_deciles.method IN ('recency', 'own_rhythm', 'logistic') THEN '{}' ELSE ARRAY[churn_deciles.method] END) AS m WHERE m.method = churn_deciles.method),
			@extschema@.churn_outcomes(query, as_of, horizon))
		USING as_of, horizon;
END $$;
COMMENT ON FUNCTION churn_deciles(text, date, interval, text, text) IS
'The work of churn_calibration, over a query whose names are qualified.';

CREATE FUNCTION churn_calibration(histories text, as_of date, horizon interval DEFAULT '90 days', method text DEFAULT 'logistic', unit text DEFAULT 'week')
	RETURNS TABLE (decile integer, customers bigint, churned bigint, lowest double precision, highest double precision, predicted double precision, observed double precision, lift double precision)
	LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
	SELECT d.* FROM churn_deciles(histories_query(histories), as_of, horizon, method, unit) AS d;
END;
COMMENT ON FUNCTION churn_calibration(text, date, interval, text, text) IS
'One method of churn_backtest by tenths of the customers, the first with the highest risk: the risk that was predicted, the share of customers that made no purchase, and that share over the one of all.';

-- Churned against kept, by what was known of the customers before: segment, stage, class, purchases, the signs of churn_signals, and the base's attributes of its customers table.
CREATE FUNCTION churn_attributes(base text, as_of date, horizon interval DEFAULT '90 days')
	RETURNS TABLE (attribute text, value text, customers bigint, churned bigint, churn_rate double precision, low double precision, high double precision, lift double precision,
		share_of_churned double precision)
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	options jsonb := @extschema@.base_options(@extschema@.base_settings(base));
	own text;
BEGIN
	PERFORM @extschema@.churn_days(as_of, horizon);
	-- Two attributes of one name would be one.
	SELECT string_agg(format(', (%L, c.%I::text, %s)', CASE WHEN a.attname IN ('purchases', 'overdue', 'never_repeated', 'spend_falling', 'orders_thinning') THEN 'customers.' ELSE '' END || a.attname, a.attname,
		CASE WHEN coalesce(nullif(t.typbasetype, 0), t.oid) = ANY ('{int2,int4,int8,float4,float8,numeric}'::regtype[]) THEN format('c.%I::float8', a.attname) ELSE 'NULL' END), '' ORDER BY x.n) INTO own
	FROM jsonb_array_elements_text(coalesce((options ->> 'attributes')::jsonb, '[]')) WITH ORDINALITY AS x (attribute, n)
		JOIN pg_attribute AS a ON a.attrelid = (options ->> 'customers')::regclass AND a.attname = x.attribute JOIN pg_type AS t ON t.oid = a.atttypid;
	RETURN QUERY EXECUTE @extschema@.base_template($template$
WITH outcomes AS MATERIALIZED (
	SELECT {c.key}, {ext}.days_since_last(c.history, ($1 + $2)::date) >= ($1 + $2)::date - $1 AS churned, {ext}.as_of(c.history, $1) AS history
	FROM {schema}.histories AS c WHERE {ext}.first_purchase(c.history) <= $1
), facts AS MATERIALIZED (
	SELECT o.churned, v.attribute, v.value, v.number
	FROM outcomes AS o JOIN {schema}.customers_at($1) AS c ON {c=o} CROSS JOIN LATERAL (VALUES ('segment', c.segment, NULL::float8), ('stage', c.stage, NULL), ('abc_class', c.abc_class, NULL),
		('purchases', CASE WHEN c.orders < 3 THEN c.orders::text WHEN c.orders < 6 THEN '3 to 5' ELSE '6 or more' END, NULL),
		('refunds', CASE WHEN c.refunds > 0 THEN 'yes' ELSE 'no' END, NULL){own}) AS v (attribute, value, number)
	UNION ALL
	SELECT o.churned, s.signal, CASE WHEN s.raised THEN 'yes' ELSE 'no' END, NULL
	FROM outcomes AS o CROSS JOIN LATERAL {ext}.churn_signals(o.history, $1) AS s
	WHERE s.signal IN ('overdue', 'never_repeated', 'spend_falling', 'orders_thinning')
), quartiles AS (
	SELECT f.attribute, percentile_disc(ARRAY[0.25, 0.5, 0.75]::float8[]) WITHIN GROUP (ORDER BY f.number) AS q
	FROM facts AS f WHERE f.number IS NOT NULL AND f.number <> 'NaN' GROUP BY f.attribute HAVING count(DISTINCT f.number) > 20
), groups AS (
	SELECT p.attribute, CASE WHEN p.customers >= 10 THEN p.value ELSE '(others)' END AS value, sum(p.customers)::bigint AS customers, sum(p.churned)::bigint AS churned
	FROM (SELECT f.attribute, f.value, count(*) AS customers, count(*) FILTER (WHERE f.churned) AS churned
	FROM (SELECT f.churned, f.attribute, CASE WHEN q.q IS NULL OR f.number IS NULL THEN f.value WHEN f.number <= q.q[1] THEN format('to %s', q.q[1])
			WHEN f.number <= q.q[2] THEN format('%s to %s', q.q[1], q.q[2]) WHEN f.number <= q.q[3] THEN format('%s to %s', q.q[2], q.q[3]) ELSE format('over %s', q.q[3]) END AS value
		FROM facts AS f LEFT JOIN quartiles AS q ON q.attribute = f.attribute) AS f
	GROUP BY f.attribute, f.value) AS p
	GROUP BY 1, 2
), alltogether AS (
	SELECT count(*) AS customers, count(*) FILTER (WHERE churned) AS churned FROM outcomes
)
SELECT g.attribute, g.value, g.customers, g.churned, g.churned::float8 / g.customers, {ext}.low(p.rate), {ext}.high(p.rate),
	g.churned::float8 / g.customers / nullif(t.churned::float8 / t.customers, 0), g.churned::float8 / nullif(t.churned, 0)
FROM groups AS g CROSS JOIN alltogether AS t CROSS JOIN LATERAL (SELECT {ext}.proportion(g.churned, g.customers) AS rate) AS p
ORDER BY g.attribute, 8 DESC NULLS LAST, g.value$template$, options || jsonb_build_object('own', coalesce(own, ''))) USING as_of, horizon;
END $$;
COMMENT ON FUNCTION churn_attributes(text, date, interval) IS
'Who of the customers of a base made no purchase in the horizon after as_of, by what was known of them: a row for each value of an attribute, with the churn rate, its 95 % interval (Wilson), its lift over the rate of all, and its share of the churned; numbers of more than 20 values in quarters, values of fewer than 10 customers as (others).';

-- The economics of winning customers ------------------------------------------------------------------

CREATE FUNCTION acquisition_cost(spend numeric, new_customers bigint) RETURNS numeric
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN spend OPERATOR(pg_catalog./) nullif(greatest(new_customers, 0), 0)::numeric;
COMMENT ON FUNCTION acquisition_cost(numeric, bigint) IS
'What it cost to win a customer (CAC): spend by new customers; NULL where nobody came.';

CREATE FUNCTION ltv_to_cac(ltv numeric, cac numeric) RETURNS numeric
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE WHEN cac OPERATOR(pg_catalog.>) 0 THEN ltv OPERATOR(pg_catalog./) cac END;
COMMENT ON FUNCTION ltv_to_cac(numeric, numeric) IS
'Lifetime value by acquisition cost; NULL where customers cost nothing. Below 1 a customer costs more than it brings.';

CREATE FUNCTION payback_months(cac numeric, monthly_margin numeric) RETURNS numeric
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE WHEN monthly_margin OPERATOR(pg_catalog.>) 0 THEN cac OPERATOR(pg_catalog./) monthly_margin END;
COMMENT ON FUNCTION payback_months(numeric, numeric) IS
'Months until a customer has brought what it cost: acquisition cost by the margin of a month; NULL where there is no margin above 0, for then it never does.';

CREATE FUNCTION base_economics(base text, spend_table text, spend_oid oid, spent_on text, amount text, path text)
	RETURNS TABLE (month date, spend numeric, new_customers bigint, cac numeric, historic_value numeric, ltv numeric, ltv_to_cac numeric, payback_months integer)
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	options jsonb := @extschema@.base_options(@extschema@.base_settings(base));
BEGIN
	options := options || jsonb_build_object('spend_table', @extschema@.base_relation('spend_table', spend_table, spend_oid));
	options := options || jsonb_build_object('day_sql', (@extschema@.base_expression(spend_oid, 'spent_on', spent_on, path)).sql,
		'spend_sql', (@extschema@.base_expression(spend_oid, 'amount', amount, path)).sql);
	RETURN QUERY EXECUTE @extschema@.base_template($template$
WITH spent AS (
	SELECT date_trunc('month', {day_sql})::date AS month, sum({spend_sql})::numeric AS spend FROM {spend_table} AS s WHERE {day_sql} IS NOT NULL GROUP BY 1
), won AS MATERIALIZED (
	SELECT date_trunc('month', c.first_purchase)::date AS month, c.first_purchase, c.historic_value, c.total_value, c.as_of, h.history
	FROM {schema}.customers AS c JOIN {schema}.histories AS h ON {h=c} WHERE date_trunc('month', c.first_purchase) IN (SELECT s.month FROM spent AS s)
), cost AS (
	SELECT s.month, s.spend, coalesce(w.customers, 0) AS customers, {ext}.acquisition_cost(s.spend, w.customers) AS cac, w.historic, w.total
	FROM spent AS s LEFT JOIN (SELECT w.month, count(*) AS customers, avg(w.historic_value) AS historic, avg(w.total_value) AS total FROM won AS w GROUP BY w.month) AS w
		ON w.month = s.month
), earned AS (
	SELECT w.month, greatest(floor((d.day - w.first_purchase) * 12 / 365.25)::integer, 0) AS age, sum(d.gross - d.refunded) * {margin} AS value
	FROM won AS w, LATERAL {ext}.days(w.history) AS d WHERE d.day <= w.as_of GROUP BY 1, 2
), paid AS (
	SELECT e.month, e.age, sum(e.value) OVER (PARTITION BY e.month ORDER BY e.age) / c.customers >= c.cac AS back FROM earned AS e JOIN cost AS c ON c.month = e.month
)
SELECT c.month, round(c.spend, 2), c.customers, round(c.cac, 2), round(c.historic, 2), round(c.total, 2), round({ext}.ltv_to_cac(c.total, c.cac), 2),
	(SELECT min(p.age) + 1 FROM paid AS p WHERE p.month = c.month AND p.back)
FROM cost AS c
ORDER BY c.month$template$, options);
END $$;
COMMENT ON FUNCTION base_economics(text, text, oid, text, text, text) IS
'The work of acquisition_economics.';

CREATE FUNCTION acquisition_economics(base text, spend_table text, spent_on text DEFAULT 'month', amount text DEFAULT 'spend')
	RETURNS TABLE (month date, spend numeric, new_customers bigint, cac numeric, historic_value numeric, ltv numeric, ltv_to_cac numeric, payback_months integer)
	LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
	SELECT e.* FROM base_economics(base, spend_table, pg_catalog.to_regclass(spend_table)::oid, spent_on, amount, pg_catalog.current_setting('search_path')) AS e;
END;
COMMENT ON FUNCTION acquisition_economics(text, text, text, text) IS
'Each month of a table of acquisition spend, whose day and amount are columns or expressions: new customers of the base (first purchases), what each cost, what they have brought on average, what they will have brought with the next 12 months (NULL without models), that by the cost, and in which month after the first purchase they had brought the cost on average (1 is the first; NULL: not yet).';
