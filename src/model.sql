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
