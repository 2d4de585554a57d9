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
