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
