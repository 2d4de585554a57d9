-- What models say of customers

\set bgnbd 'purchase_model(''bgnbd'', ''week'', 0.243, 4.414, 0.793, 2.426)'
\set mbgnbd 'purchase_model(''mbgnbd'', ''week'', 0.525, 6.183, 0.891, 1.614)'
\set pareto 'purchase_model(''pareto_nbd'', ''week'', 0.553, 10.578, 0.606, 11.669)'
\set nbd 'purchase_model(''nbd'', ''week'', 0.385, 12.072)'
\set bgbb 'purchase_model(''bgbb'', ''year'', 1.204, 0.75, 0.657, 2.783)'
\set spend 'spend_model(''gamma_gamma'', 6.25, 3.74, 15.44)'

-- The customer of the papers: two repeat purchases, the last after 30.43 of 38.86 weeks
SELECT model_name(m), round(probability_alive(m, 2, 30.43, 38.86)::numeric, 6) AS alive, round(expected_purchases(m, 39, 2, 30.43, 38.86)::numeric, 6) AS purchases,
	round(expected_purchases(m, 39)::numeric, 6) AS new_customer, round(purchase_probability(m, 0, 39)::numeric, 6) AS none_new,
	round(no_purchase_probability(m, 39, 2, 30.43, 38.86)::numeric, 6) AS none, round(residual_transactions(m, 0.0027, 2, 30.43, 38.86)::numeric, 6) AS residual
FROM unnest(ARRAY[:bgnbd, :mbgnbd, :pareto, :nbd]) AS m;
SELECT round(probability_alive(:bgbb, 1, 3, 6)::numeric, 6) AS alive, round(expected_purchases(:bgbb, 5, 1, 3, 6)::numeric, 6) AS purchases,
	round(residual_transactions(:bgbb, 0.1, 1, 3, 6)::numeric, 6) AS residual;
SELECT round(expected_spend(:spend, 2, 22.345)::numeric, 6) AS repeated, round(expected_spend(:spend, 0, 0)::numeric, 6) AS new_customer,
	expected_spend(spend_model('gamma_gamma', 6.25, 0.9, 15.44), 0, 0) AS no_mean, expected_spend(:spend, 1, -5) = expected_spend(:spend, 1, 0) AS refunded;
SELECT round(ltv(:bgnbd, :spend, 2, 213 / 7.0, 272 / 7.0, 22.345, 12, 4.345, 0.01), 6) AS ltv_12_months;
SELECT t, round(survival(contract_model('sbg', 0.668, 3.806), t)::numeric, 6) AS survival, round(residual_lifetime(contract_model('sbg', 0.668, 3.806), t, 0.1)::numeric, 6) AS lifetime,
	round(residual_lifetime(contract_model('sbg', 0.668, 3.806), t, 0.1, true)::numeric, 6) AS at_renewal FROM generate_series(0, 3) AS t;

-- Probabilities of a new customer add up to 1, and their mean is the expectation
SELECT model_name(m), round(one::numeric, 9) AS one, round((mean / expected_purchases(m, 10))::numeric, 6) AS mean
FROM unnest(ARRAY[:bgnbd, :mbgnbd, :pareto, :nbd]) AS m, LATERAL (SELECT sum(purchase_probability(m, n, 10)) AS one, sum(n * purchase_probability(m, n, 10)) AS mean FROM generate_series(0, 400) AS n) AS p;

-- Histories
CREATE TABLE people AS SELECT * FROM (VALUES
	('twice', '{2024-01-01 1:20, 2024-02-10 1:30, 2024-08-01 1:25}'::purchase_history), ('once', '{2024-03-01 1:20}'), ('refunded', '{2024-01-01 1:20, 2024-02-01 1:30, 2024-02-05 -1:50}'), ('later', '{2025-03-01 1:20}'), ('nobody', '{}')) AS t (who, history);
SELECT who, round(probability_alive(:bgnbd, history, '2024-10-01')::numeric, 6) AS alive, round(expected_purchases(:bgnbd, history, '2024-10-01', '1 year')::numeric, 6) AS purchases,
	round(expected_spend(:spend, history, '2024-10-01')::numeric, 6) AS spend, ltv(:bgnbd, :spend, history, '2024-10-01', '12 months') AS ltv,
	ltv(:bgnbd, :spend, history, '2024-10-01', '12 months', 0) AS undiscounted, residual_value(:bgnbd, :spend, history, '2024-10-01') AS residual,
	historic_ltv(history, '2024-10-01', 0.3) AS historic, round(simple_ltv(history, '2024-10-01', 3, 0.3), 6) AS simple FROM people;
SELECT a.day, round(a.probability::numeric, 6) AS probability, a.probability = probability_alive(:mbgnbd, history, a.day) AS same
	FROM people, alive_path(:mbgnbd, history, '2023-12-01', '2024-10-01', 50) AS a WHERE who = 'twice';
-- By unit, the sum of discounted purchases is that of its definition
WITH m (model) AS (SELECT unnest(ARRAY[purchase_model('bgnbd', 'day', 0.243, 30.9, 0.793, 2.426), purchase_model('pareto_nbd', 'day', 0.553, 74, 0.606, 81.7), purchase_model('nbd', 'day', 0.385, 84.5),
	with_regularity(purchase_model('mbgnbd', 'day', 0.525, 43.3, 0.891, 1.614), 2), :bgnbd, purchase_model('mbgnbd', 'month', 0.525, 1.4, 0.891, 1.614)]))
SELECT model_name(model), unit(model), abs(ltv(model, :spend, history, '2024-10-01', '2 years', 0.15) / (expected_spend(:spend, history, '2024-10-01') * (
	SELECT sum((expected_purchases(model, least(i, n), x, t_x, t) - expected_purchases(model, i - 1, x, t_x, t)) * power(1.15, -i * days / 365.25)) FROM generate_series(1, ceil(n)::int) AS i))::numeric - 1) < 1e-5 AS same
FROM m, people, LATERAL (SELECT CASE unit(model) WHEN 'day' THEN 1 WHEN 'week' THEN 7 ELSE 365.25 / 12 END::float8 AS days) AS u,
	LATERAL (SELECT repeat_days(history, '2024-10-01')::float8 AS x, repeat_span(history, '2024-10-01', unit(model)) AS t_x, observed_span(history, '2024-10-01', unit(model)) AS t, 730 / days AS n) AS q
WHERE who = 'twice';

-- Intervals: none for given parameters; those of a fit hold the estimate
SELECT * FROM probability_alive_interval(:bgnbd, '{2024-01-01 1:20, 2024-02-10 1:30}', '2024-10-01');
CREATE TABLE fitted AS SELECT mbgnbd_fit(history, '2025-06-30', 'week') AS purchases, gamma_gamma_fit(history, '2025-06-30') AS spend
	FROM (SELECT purchase_history(day, amount) AS history FROM simulate_purchases(:mbgnbd, :spend, 3000, '2024-01-01', '2025-06-30', 1) GROUP BY customer) AS h;
SELECT who, what, estimate = want AS same, low < estimate AND estimate < high AS within, std_error < estimate / 3 AS narrow, (high - low) / std_error BETWEEN 3.5 AND 4.5 AS two_errors_each_side
FROM people, fitted, LATERAL (
	SELECT 'alive' AS what, i.*, probability_alive(purchases, history, '2024-10-01') AS want FROM probability_alive_interval(purchases, history, '2024-10-01') AS i
	UNION ALL SELECT 'purchases', i.*, expected_purchases(purchases, history, '2024-10-01', '1 year') FROM expected_purchases_interval(purchases, history, '2024-10-01', '1 year') AS i
	UNION ALL SELECT 'spend', i.*, expected_spend(spend, history, '2024-10-01') FROM expected_spend_interval(spend, history, '2024-10-01') AS i) AS v
WHERE who IN ('twice', 'once') ORDER BY 1, 2;
SELECT who, abs(estimate - ltv(purchases, spend, history, '2024-10-01', '2 years', 0.08, 0.3)::float8) < 1e-6 AS same, low < estimate AND estimate < high AS within, low = high AS empty
FROM people, fitted, ltv_interval(purchases, spend, history, '2024-10-01', '2 years', 0.08, 0.3) ORDER BY who;
SELECT (high_90 - low_90) < (high_99 - low_99) AS wider FROM people, fitted, LATERAL expected_purchases_interval(purchases, history, '2024-10-01', '1 year', 0.9) AS a (e1, s1, low_90, high_90),
	LATERAL expected_purchases_interval(purchases, history, '2024-10-01', '1 year', 0.99) AS b (e2, s2, low_99, high_99) WHERE who = 'twice';

-- A model without parameters gives nothing
SELECT trust(m), probability_alive(m, 1, 1, 2), expected_purchases(m, 1), ltv(m, :spend, 1, 1, 2, 3, 12) FROM (SELECT bgnbd_fit(0, 0, 1)) AS f (m);

-- The simple formulas
SELECT simple_ltv(average_order => 30000, orders_a_year => 0.25, years => 40, margin => 1) AS car_customer, simple_ltv(50, 4, 5, 0.2) AS coffee;

-- What is wrong
SELECT probability_alive(:bgnbd, 1, 3, 2);
SELECT probability_alive(purchase_model('nbd', NULL, 1, 1), history, '2024-10-01') FROM people;
SELECT probability_alive(:bgnbd, history, 'infinity') FROM people;
SELECT expected_purchases(:bgnbd, -1);
SELECT expected_purchases(:bgnbd, history, '2024-10-01', '0 days') FROM people;
SELECT expected_purchases(:bgnbd, history, '2024-10-01', '36 hours') FROM people;
SELECT purchase_probability(:bgnbd, -1, 1);
SELECT residual_transactions(:bgnbd, 0, 1, 1, 2);
SELECT residual_transactions(:bgnbd, history, '2024-10-01', 0) FROM people;
SELECT residual_transactions(:bgnbd, history, '2024-10-01', 5e-324) FROM people;
SELECT residual_value(:bgnbd, :spend, history, '2024-10-01', 5e-324, 0.5) FROM people;
SELECT residual_transactions(:bgnbd, 5e-324, 1, 1, 2);
SELECT ltv(:bgnbd, :spend, history, '2024-10-01', '12 months', 10) FROM people;
SELECT ltv(:bgnbd, :spend, history, '2024-10-01', '12 months', 0.1, 30) FROM people;
SELECT ltv(purchase_model('bgnbd', 'day', 0.243, 30.9, 0.793, 2.426), :spend, history, '2024-10-01', '200 years') FROM people;
SELECT ltv(:bgnbd, :spend, 1, 1, 2, 3, 0);
SELECT ltv(:bgnbd, :spend, 1, 1, 2, 'NaN', 1);
SELECT alive_path(:bgnbd, history, '2024-01-01', '2024-12-31', 0) FROM people;
SELECT expected_purchases_interval(:bgnbd, history, '2024-10-01', '1 year', 95) FROM people;
SELECT survival(contract_model('sbg', 1, 1), -1);
SELECT residual_lifetime(contract_model('sbg', 1, 1), 1, 0);
-- numbers of opportunities that nobody could walk through, and times that are beyond doubles' steps
SELECT probability_alive(:bgbb, 1, 1, 1e18);
SELECT purchase_probability(:bgbb, 1, 1e9);
SELECT probability_alive(:bgbb, '{2024-01-01 1:5}', '5874897-12-31');
SELECT probability_alive(with_unit(purchase_model('bgbb', NULL, 1.204, 0.75, 0.657, 2.783), 'day'), '{2024-01-01 1:5}', '5874897-12-31');
SELECT probability_alive(:pareto, 1, 1, 1e300);
SELECT expected_purchases(:pareto, 1e11);
-- powers of time that are no doubles any more, and rounding at the ends
SELECT survival(contract_model('bdw', 1, 1, 745), 3), residual_lifetime(contract_model('bdw', 1, 1, 745), 1, 1) < 1e-200 AS almost_none,
	round(residual_lifetime(contract_model('bdw', 1e-15, 1, 1e15), 1, 1)::numeric, 6) AS by_a_power_of_time;
SELECT no_purchase_probability(with_regularity(purchase_model('bgnbd', 'week', 0.5, 121, 1, 1), 10), 1, 0, 0, 0);

DROP TABLE people, fitted;
