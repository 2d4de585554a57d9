-- Simulated customers: determinism, properties, and fits that find the parameters again
BEGIN;
SET LOCAL search_path = public, customer;
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT plan(21);

SELECT is_empty($$SELECT proname FROM pg_proc WHERE proname ~ '^simulate_' AND NOT (provolatile = 'i' AND proparallel = 's' AND proretset)$$,
	'simulations are immutable, parallel safe and return sets');

CREATE TABLE models AS
SELECT n, purchases, spend_model('gamma_gamma', 6.25, 3.74, 15.44) AS spend
FROM unnest(ARRAY[purchase_model('bgnbd', 'week', 0.8, 4, 0.8, 2.4), purchase_model('mbgnbd', 'week', 0.8, 4, 0.9, 1.6),
	purchase_model('pareto_nbd', 'week', 0.8, 6, 0.6, 12), purchase_model('nbd', 'day', 0.4, 80), purchase_model('bgbb', 'month', 1.2, 0.75, 0.66, 2.78),
	with_regularity(purchase_model('bgnbd', 'week', 1.2, 2, 0.8, 2.4), 3)]) WITH ORDINALITY AS t (purchases, n);
CREATE TABLE simulated AS
SELECT n, s.*, row_number() OVER () AS position FROM models, simulate_purchases(purchases, spend, 6000, '2022-01-01', '2023-12-31', 7) AS s;

-- The same again
SELECT is_empty($$SELECT n, customer, day, amount FROM models, simulate_purchases(purchases, spend, 6000, '2022-01-01', '2023-12-31', 7)
	EXCEPT ALL SELECT n, customer, day, amount FROM simulated$$, 'equal arguments give equal rows');
SELECT is_empty($$SELECT n, customer, day, amount FROM models, simulate_purchases(purchases, spend, 100, '2022-01-01', '2023-12-31', 7)
	EXCEPT ALL SELECT n, customer, day, amount FROM simulated WHERE customer <= 100$$, 'the first customers do not depend on how many there are');
SELECT is_empty($$SELECT n, customer, day FROM models, simulate_purchases(purchases, NULL, 6000, '2022-01-01', '2023-12-31', 7)
	EXCEPT ALL SELECT n, customer, day FROM simulated$$, 'days do not depend on spend');
SELECT isnt_empty($$SELECT customer, day FROM models, simulate_purchases(purchases, NULL, 6000, '2022-01-01', '2023-12-31', 8) WHERE n = 1
	EXCEPT ALL SELECT customer, day FROM simulated WHERE n = 1$$, 'another seed gives others');
SELECT is_empty($$SELECT * FROM (SELECT customer, day, lag(customer) OVER w AS last_customer, lag(day) OVER w AS last_day FROM simulated WINDOW w AS (PARTITION BY n ORDER BY position)) AS l
	WHERE customer < last_customer OR customer = last_customer AND day < last_day$$, 'rows come by customer and day');
SELECT is((SELECT count(*) FROM simulated WHERE day NOT BETWEEN '2022-01-01' AND '2023-12-31' OR amount < 0 OR scale(amount) <> 2), 0::bigint, 'days and amounts are as they should be');
SELECT is((SELECT count(DISTINCT (n, customer)) FROM simulated), 36000::bigint, 'every customer has bought');
SELECT cmp_ok((SELECT max(c) - min(c) FROM (SELECT n, first, count(*) AS c FROM (SELECT n, min(day) AS first FROM simulated GROUP BY n, customer) AS f GROUP BY n, first) AS d), '<=', 3::bigint,
	'first purchases are spread evenly');
SELECT is((SELECT count(*) FROM (SELECT FROM simulated s JOIN (SELECT customer, min(day) AS first FROM simulated WHERE n = 5 GROUP BY customer) AS f USING (customer)
	WHERE n = 5 GROUP BY customer, floor((day - first) / (365.25 / 12)) HAVING count(*) > 1) AS d), 0::bigint, 'BG/BB: one purchase at an opportunity');

-- Fits on histories find the parameters again. Models are of time, histories are of days: purchases of one day are one, so gaps must be of weeks.
CREATE TABLE histories AS SELECT n, purchase_history(day, amount) AS history FROM simulated GROUP BY n, customer;
CREATE TABLE fitted AS
SELECT n, CASE n WHEN 1 THEN bgnbd_fit(history, '2023-12-31', 'week') WHEN 2 THEN mbgnbd_fit(history, '2023-12-31', 'week') WHEN 3 THEN pareto_nbd_fit(history, '2023-12-31', 'week')
	WHEN 4 THEN nbd_fit(history, '2023-12-31', 'day') WHEN 5 THEN bgbb_fit(history, '2023-12-31', 'month') ELSE bgcnbd_fit(history, '2023-12-31', 'week', 3) END AS fit
FROM histories GROUP BY n;
SELECT is((SELECT trust(fit) FROM fitted f WHERE f.n = m.n), 'ok', model_name(purchases) || ': a fit converges') FROM models m ORDER BY n;
SELECT is_empty($$SELECT n, p.name, p.estimate, f.std_error, f.estimate FROM fitted JOIN models USING (n), parameters(purchases) AS p, parameters(fit) AS f
	WHERE p.name = f.name AND abs(ln(p.estimate / f.estimate)) > 4 * f.std_error / f.estimate + 0.05$$, 'and is near the truth');
SELECT ok(bool_and(abs(forecast / actual - 1) < 0.06), 'forecasts from what was simulated hold for the rest')
FROM (SELECT n, sum(expected_purchases(fit, history, '2023-06-30', '26 weeks')) AS forecast, sum(repeat_days(history, '2023-12-29') - repeat_days(history, '2023-06-30')) AS actual
	FROM histories JOIN fitted USING (n) WHERE n <> 5 AND repeat_days(history, '2023-06-30') IS NOT NULL GROUP BY n) AS f;

-- Contracts
CREATE TABLE contracts AS SELECT * FROM simulate_contracts(contract_model('sbg', 0.668, 3.806), 20000, 8, 3);
SELECT results_eq('SELECT customer FROM contracts', 'SELECT generate_series(1, 20000)::bigint', 'a contract for each customer');
SELECT is((SELECT count(*) FROM contracts WHERE periods NOT BETWEEN 1 AND 8 OR NOT churned AND periods <> 8), 0::bigint, 'of 1 to 8 periods, all of them without a churn');
SELECT is_empty($$SELECT name FROM parameters((SELECT sbg_fit(periods, churned) FROM contracts)) AS f JOIN parameters(contract_model('sbg', 0.668, 3.806)) AS p USING (name)
	WHERE abs(ln(p.estimate / f.estimate)) > 4 * f.std_error / f.estimate$$, 'and a fit finds the parameters');

SELECT * FROM finish();
ROLLBACK;
