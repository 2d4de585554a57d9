-- Customers who behave as a model says

-- Purchases, by customer and time
SELECT * FROM simulate_purchases(purchase_model('bgnbd', 'week', 0.8, 4, 0.8, 2.5), spend_model('gamma_gamma', 6.25, 3.74, 15.44), 4, '2024-01-01', '2024-06-30', 42);
-- without a spend model, the same days
SELECT count(*), count(amount), count(DISTINCT customer) FROM simulate_purchases(purchase_model('bgnbd', 'week', 0.8, 4, 0.8, 2.5), NULL, 4, '2024-01-01', '2024-06-30', 42);
-- another seed, others
SELECT customer, count(*), min(day) FROM simulate_purchases(purchase_model('bgnbd', 'week', 0.8, 4, 0.8, 2.5), NULL, 4, '2024-01-01', '2024-06-30', -43) GROUP BY customer ORDER BY customer;
-- each model, each unit; the same day may have several
SELECT model_name(m), unit(m), count(*), count(DISTINCT customer), min(day), max(day), count(*) - count(DISTINCT (customer, day)) AS on_the_same_day
	FROM unnest(ARRAY[purchase_model('bgnbd', 'day', 0.8, 30, 0.8, 2.5), purchase_model('mbgnbd', 'month', 0.5, 1.5, 0.9, 1.6), purchase_model('pareto_nbd', 'quarter', 0.6, 0.8, 0.6, 0.9),
		purchase_model('nbd', 'year', 0.4, 0.2), purchase_model('bgbb', 'month', 1.2, 0.8, 0.7, 2.8), with_regularity(purchase_model('mbgnbd', 'week', 1.1, 4, 0.9, 1.6), 3)]) WITH ORDINALITY AS t (m, n),
		simulate_purchases(m, NULL, 200, '2024-01-01', '2025-12-31', 1) GROUP BY n, model_name(m), unit(m) ORDER BY n;
-- one purchase at most at an opportunity of BG/BB
SELECT count(*) FROM (SELECT DISTINCT customer, floor((day - min(day) OVER (PARTITION BY customer)) / (365.25 / 12)) AS opportunity, day
	FROM simulate_purchases(purchase_model('bgbb', 'month', 1.2, 0.8, 0.7, 2.8), NULL, 200, '2024-01-01', '2025-12-31', 1)) AS d GROUP BY customer, opportunity HAVING count(*) > 1;
SELECT * FROM simulate_purchases(purchase_model('nbd', 'week', 0.001, 1000), NULL, 3, '2024-02-29', '2024-02-29', 0);
SELECT count(*) FROM simulate_purchases(purchase_model('nbd', 'week', 0.4, 12), NULL, 0, '2024-01-01', '2024-12-31', 0);
SELECT count(*) FROM simulate_purchases(purchase_model('nbd', 'week', 0.4, 12), NULL, NULL, '2024-01-01', '2024-12-31', 0);

-- Contracts
SELECT * FROM simulate_contracts(contract_model('sbg', 0.668, 3.806), 8, 5, 42);
SELECT churned, periods, count(*) FROM simulate_contracts(contract_model('bdw', 0.668, 3.806, 1.4), 1000, 4, 1) GROUP BY churned, periods ORDER BY churned, periods;
SELECT count(*) FROM simulate_contracts(NULL, 8, 5, 42);

-- What is wrong with arguments
SELECT * FROM simulate_purchases(purchase_model('nbd', NULL, 0.4, 12), NULL, 3, '2024-01-01', '2024-12-31', 0);
SELECT * FROM simulate_purchases(purchase_model('nbd', 'week', 0.4, 12), NULL, -3, '2024-01-01', '2024-12-31', 0);
SELECT * FROM simulate_purchases(purchase_model('nbd', 'week', 0.4, 12), NULL, 3, '2024-12-31', '2024-01-01', 0);
SELECT * FROM simulate_purchases(purchase_model('nbd', 'week', 0.4, 12), NULL, 3, '-infinity', '2024-01-01', 0);
SELECT * FROM simulate_purchases(purchase_model('nbd', 'week', 0.4, 12), NULL, 3, '2024-01-01', 'infinity', 0);
SELECT * FROM simulate_purchases((SELECT with_unit(bgnbd_fit(1, 1, 2), 'week')), NULL, 3, '2024-01-01', '2024-12-31', 0);
SELECT * FROM simulate_purchases(purchase_model('nbd', 'week', 0.4, 12), (SELECT gamma_gamma_fit(1, 20)), 3, '2024-01-01', '2024-12-31', 0);
SELECT * FROM simulate_purchases(purchase_model('nbd', 'week', 0.4, 12), spend_model('gamma_gamma', 6, 0.001, 15), 3, '2024-01-01', '2024-12-31', 0);
SELECT * FROM simulate_contracts(contract_model('sbg', 0.668, 3.806), -1, 5, 0);
SELECT * FROM simulate_contracts(contract_model('sbg', 0.668, 3.806), 5, 0, 0);
SELECT * FROM simulate_contracts((SELECT sbg_fit(1, true)), 5, 5, 0);
