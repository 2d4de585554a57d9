
-- Live bases: the trigger that records every change of the source --------------------------------------

CREATE FUNCTION base_record_changes() RETURNS trigger
	AS 'MODULE_PATHNAME', 'base_record_changes' LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE EXECUTE ON FUNCTION base_record_changes() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION base_record_changes() TO @extowner@;
COMMENT ON FUNCTION base_record_changes() IS
'The trigger of live customer bases, after each statement, with the base''s schema as its argument: appends what the statement changed to the table deltas, with the rights of the base''s owner; it waits for nobody and rejects no order, and what it cannot record the table troubles names.';
