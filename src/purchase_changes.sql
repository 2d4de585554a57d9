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

