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
