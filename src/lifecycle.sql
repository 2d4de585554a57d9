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

