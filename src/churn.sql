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
