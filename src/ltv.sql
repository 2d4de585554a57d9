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
