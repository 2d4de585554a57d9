-- Customers whose purchases are simulated: first purchases over the first year, observed until the end of the second.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_customer;
CREATE TABLE IF NOT EXISTS models AS SELECT purchase_model('bgnbd', 'day', 2.2, 60, .35, 3.5) AS daily, purchase_model('bgnbd', 'month', 2.2, 60 / 30.4375, .35, 3.5) AS bgnbd,
	purchase_model('mbgnbd', 'month', 2.2, 60 / 30.4375, .35, 3.5) AS mbgnbd, purchase_model('pareto_nbd', 'month', 2.2, 60 / 30.4375, .6, 20) AS pareto, spend_model('gamma_gamma', 6.25, 3.74, 15.44) AS spend;
CREATE TABLE :"name" AS SELECT customer, purchase_history(day, amount) AS history
	FROM (SELECT p.* FROM models, simulate_purchases(daily, spend, :customers, '2023-01-01', '2024-12-31', 1) AS p) AS p GROUP BY customer;
CREATE TABLE :"measures" AS SELECT repeat_days(history, '2024-12-31')::float8 AS x, repeat_span(history, '2024-12-31', 'day') AS t_x, observed_span(history, '2024-12-31', 'day') AS t,
	repeat_spend(history, '2024-12-31')::float8 AS m FROM :"name";
VACUUM ANALYZE;
