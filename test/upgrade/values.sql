-- A value of every type of the extension, as an application keeps them: tables kept (types of one value) and kept_rows (composite types, arrays).
-- What the frozen version wrote of them, as COPY does, stands beside this file: kept_0.9.0.*.
\set ON_ERROR_STOP on
\set QUIET on
CREATE TABLE kept_orders AS
SELECT (i * i % 97) % (1 + i % 60) AS customer, date '2023-01-01' + i * i * 7 % 701 AS day,
	((i * 7919 % 30000) - 2000) / CASE WHEN i % 60 < 20 THEN 100.0 ELSE 800 END AS amount FROM generate_series(1, 300) AS i;
CREATE TABLE kept_customers AS SELECT customer, purchase_history(day, amount ORDER BY day) AS history FROM kept_orders GROUP BY customer;

CREATE TABLE kept_simulated AS SELECT customer, purchase_history(day, amount ORDER BY day) AS history
FROM simulate_purchases(purchase_model('bgnbd', 'week', 0.8, 4, 0.8, 2.5), spend_model('gamma_gamma', 6.25, 3.74, 15.44), 400, '2023-01-01', '2024-12-31', 1) GROUP BY customer;

CREATE TABLE kept (id integer PRIMARY KEY, history purchase_history, changes purchase_changes, score rfm_score, breaks rfm_breaks, share proportion, mean mean_tally,
	nps nps_tally, rating rating_tally, drivers driver_tally, rhythm population_rhythm, policy lifecycle_policy, purchases purchase_model, spend spend_model,
	contract contract_model, risk logistic_model, curve survival_curve,
	class abc_class, steady xyz_class, stage lifecycle_stage, prospect prospect_stage, level satisfaction_level, gap expectation_result);
INSERT INTO kept SELECT 1, (SELECT history FROM kept_customers WHERE customer = 7),
	(SELECT purchase_changes(day, 1, amount, 0, 0) FROM kept_orders WHERE customer = 3 AND amount > 0), '543',
	(SELECT rfm_breaks(date '2025-01-01' - last_purchase(history), orders(history), total(history), 5) FROM kept_customers),
	(SELECT proportion(amount > 100) FROM kept_orders), (SELECT mean_tally(amount) FROM kept_orders), (SELECT nps_tally(customer % 11) FROM kept_orders),
	(SELECT rating_tally(1 + customer % 5) FROM kept_orders),
	(SELECT satisfaction_drivers(1 + customer % 5, ARRAY[1 + (customer + customer % 3) % 5, 1 + customer * customer % 5]) FROM kept_orders),
	(SELECT population_rhythm(history, '2025-01-01') FROM kept_customers), 'retail', (SELECT mbgnbd_fit(history, '2025-01-01', 'week') FROM kept_simulated),
	(SELECT gamma_gamma_fit(history, '2025-01-01') FROM kept_customers), (SELECT sbg_fit(1 + customer % 6, customer % 6 < 5) FROM kept_customers),
	(SELECT logistic_fit(ARRAY[customer % 7, customer % 3]::float8[], customer % 4 < 2) FROM kept_customers),
	(SELECT survival_curve(1 + customer % 9, customer % 3 > 0) FROM kept_customers),
	'A', 'X', 'loyal', 'hot_prospect', 'very_satisfied', 'delighted';
INSERT INTO kept SELECT 2, (SELECT purchase_history(day, -amount::float8) FROM kept_orders WHERE amount > 0 AND customer < 4),
	(SELECT purchase_changes(day, -1, -amount, 1, 0.000001) FROM kept_orders WHERE customer = 5 AND amount > 0), '111',
	rfm_breaks('{7,14}', '{2,3}', '{10.5,99.999999}'), proportion(0, 0), (SELECT mean_tally(customer / 3.0::float8) FROM kept_orders),
	(SELECT nps_tally(1 + customer % 5, '1..5') FROM kept_orders), (SELECT weighted_rating_tally(1 + customer % 5, 0.5 + customer % 2) FROM kept_orders),
	(SELECT satisfaction_drivers(customer % 5 + 0.5, ARRAY[customer % 4 + 0.25, NULL, customer % 6]) FROM kept_orders),
	(SELECT population_rhythm(history, '2024-01-01') FROM kept_customers WHERE customer < 9), lifecycle_policy('b2b', loyal_from => 4),
	(SELECT bgnbd_fit(history, '2025-01-01', 'week') FROM kept_simulated), (SELECT gamma_gamma_fit(history, '2025-01-01') FROM kept_simulated),
	(SELECT bdw_fit(periods, churned) FROM simulate_contracts(contract_model('bdw', 0.668, 3.806, 1.2), 900, 8, 1)), logistic_model(-1.5, 0.25, 3),
	(SELECT survival_curve(customer / 7.0, customer % 2 > 0) FROM kept_customers), 'C', 'Z', 'churned', 'prospect', 'neutral', 'disappointed';
INSERT INTO kept (id, history, purchases) SELECT 3, (SELECT purchase_history(d::date, 9007199254740993) FROM generate_series(timestamp '1999-12-31', '2002-02-01', '17 days') AS d),
	(SELECT bgbb_fit(history, '2025-01-01', 'quarter') FROM kept_simulated);
INSERT INTO kept (id) VALUES (4);

CREATE TABLE kept_rows (id integer PRIMARY KEY, periods period_total[], cohorts cohort_total[], churn churn_total[], totals rfm_total[], moves lifecycle_total[], stages stage_total[],
	crosstab crosstab_result, rank_test logrank_test, scores score_test, bins calibration_bin[], change nps_change, waves nps_period[], ranges range_retention[],
	mrr mrr_movement, renewals renewal_rate, rate period_rate, histories purchase_history[], policies lifecycle_policy[]);
INSERT INTO kept_rows SELECT 1, (SELECT period_totals(history, 'quarter', '2025-01-01', 'days') FROM kept_customers), (SELECT cohort_totals(history, 'year', '2025-01-01') FROM kept_customers),
	(SELECT churn_totals(history, 'year', '2025-01-01', 'retail') FROM kept_customers),
	(SELECT rfm_totals('543', 3, orders(history), gross(history), total(history)) FROM kept_customers), (SELECT lifecycle_totals(history, '2025-01-01', 'retail') FROM kept_customers WHERE customer < 3),
	(SELECT stage_totals(lifecycle_stage(history, '2025-01-01'), total(history)) FROM kept_customers), (SELECT crosstab_test(customer % 2, customer % 3) FROM kept_orders),
	(SELECT logrank(1 + customer % 9, customer % 3 > 0, (customer % 2)::text) FROM kept_customers), (SELECT classification_test(customer / 40.0::float8, customer % 3 > 0) FROM kept_customers),
	(SELECT calibration_table(customer / 40.0::float8, customer % 3 > 0) FROM kept_customers), (SELECT nps_paired_difference(customer % 11, customer % 10) FROM kept_customers),
	(SELECT nps_periods(day, customer % 11, 'year') FROM kept_orders),
	(SELECT range_retention_sum(r) FROM (SELECT range_retention_count(true, true, day, '{1,7}', 'day') AS r FROM kept_orders GROUP BY customer) AS c),
	ROW('2024-01-01', 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0.9, 1.1, proportion(1, 9), 4.5, true)::mrr_movement, ROW('2024-01-01', 9, 5, 3, 1, proportion(5, 8), proportion(3, 8), true)::renewal_rate,
	(SELECT r FROM period_rates('SELECT history FROM kept_customers', '2024-12-31', 'year') AS r ORDER BY r.period LIMIT 1),
	(SELECT array_agg(history ORDER BY customer) FROM kept_customers WHERE customer < 3), ARRAY[NULL, 'grocery']::lifecycle_policy[];
INSERT INTO kept_rows (id) VALUES (2);
