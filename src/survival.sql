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
