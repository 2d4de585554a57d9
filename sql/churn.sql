-- A population of four, one with refunds alone and one who comes later.
CREATE TABLE buyers (customer int, history purchase_history);
INSERT INTO buyers VALUES
	(1, '{2024-01-01 1:100, 2024-01-11 1:80, 2024-01-31 1:60, 2024-03-01 2:90 -1:15, 2024-03-30 1:50}'),
	(2, '{2024-02-01 1:20, 2024-02-11 1:20, 2024-02-21 1:20, 2024-03-12 1:20, 2024-03-26 1:20}'),
	(3, '{2024-01-20 1:500, 2024-02-20 1:400}'),
	(4, '{2023-12-22 1:30}'),
	(5, '{2024-01-05 -1:10}'),
	(6, '{2024-04-05 1:10}');

-- The rhythm: text, parts, curve
SELECT population_rhythm(history, '2024-03-31') FROM buyers;
SELECT population_rhythm(history, '2024-03-31') FROM buyers WHERE customer > 4;
SELECT population_rhythm(history, '2024-03-31') FROM buyers WHERE false;
SELECT customers, rhythmic, gaps, round(k::numeric, 9) AS k, round(theta::numeric, 9) AS theta, round(never::numeric, 9) AS never
FROM (SELECT (rhythm_parameters(population_rhythm(history, '2024-03-31'))).* FROM buyers) AS p;
SELECT days, at_risk, gaps, silences, round(survival::numeric, 9) AS survival FROM rhythm_curve((SELECT population_rhythm(history, '2024-03-31') FROM buyers));
SELECT (population_rhythm(history, '2024-03-31') FILTER (WHERE customer < 3) + population_rhythm(history, '2024-03-31') FILTER (WHERE customer >= 3))::text
	= population_rhythm(history, '2024-03-31')::text AS added FROM buyers;
SELECT rollup(r)::text = (SELECT population_rhythm(history, '2024-03-31')::text FROM buyers) AS rolled_up
FROM (SELECT population_rhythm(history, '2024-03-31') AS r FROM buyers GROUP BY customer % 2) AS parts;
SELECT rhythm_parameters('{"customers": 2, "rhythmic": 0, "rates": 0, "squares": 0, "days": [[10, 0, 2]]}');
SELECT rhythm_parameters('{"customers": 0, "rhythmic": 0, "rates": 0, "squares": 0, "days": []}');
-- Days are counted one by one up to 63, then in steps
SELECT population_rhythm(h, '2024-12-31') FROM (VALUES ('{2024-10-29 1:1}'::purchase_history), ('{2024-10-28 1:1}'), ('{2024-10-27 1:1}'), ('{2024-10-26 1:1}'), ('{2000-01-01 1:1}')) AS v (h);
SELECT rhythm_parameters(population_rhythm(h, '5874897-12-31')) FROM (VALUES ('{0001-01-01 1:1}'::purchase_history)) AS v (h);

-- What is no rhythm
\set VERBOSITY default
SELECT '[]'::population_rhythm;
SELECT '{"customers": 1}'::population_rhythm;
SELECT '{"customers": 2, "rhythmic": 0, "rates": 0, "squares": 0, "days": [[10, 0, 1]]}'::population_rhythm;
SELECT '{"customers": 1, "rhythmic": 2, "rates": 1, "squares": 1, "days": [[10, 4, 1]]}'::population_rhythm;
SELECT '{"customers": 1, "rhythmic": 1, "rates": 0, "squares": 0, "days": [[10, 4, 1]]}'::population_rhythm;
SELECT '{"customers": 1, "rhythmic": 0, "rates": 0, "squares": 0, "days": [[65, 0, 1]]}'::population_rhythm;
SELECT '{"customers": 2, "rhythmic": 0, "rates": 0, "squares": 0, "days": [[12, 0, 1], [10, 0, 1]]}'::population_rhythm;
SELECT '{"customers": 1, "rhythmic": 0, "rates": 0, "squares": 0, "days": [[10, -1, 1]]}'::population_rhythm;
SELECT '{"customers": 1, "rhythmic": 0, "rates": 0, "squares": 0, "days": [[10, 0, 1]], "x": 1}'::population_rhythm;
SELECT population_rhythm(history, 'infinity') FROM buyers;
\set VERBOSITY terse

-- Risk by the own rhythm, against its formula; nothing before the first purchase
SELECT customer, round(churn_risk(history, '2024-03-31', r)::numeric, 9) AS risk, churn_band(churn_risk(history, '2024-03-31', r)) AS band,
	(next_purchase(history, '2024-03-31', r)).*
FROM buyers, (SELECT population_rhythm(history, '2024-03-31') AS r FROM buyers) AS r ORDER BY customer;
SELECT customer, abs(churn_risk(history, '2024-03-31', r, '30 days') / (w + (1 - w) * (b / (b + 30)) ^ (k + n)) - 1) < 1e-12 AS formula
FROM buyers CROSS JOIN (SELECT population_rhythm(history, '2024-03-31') AS r FROM buyers) AS r CROSS JOIN LATERAL rhythm_parameters(r) AS p
	CROSS JOIN LATERAL (SELECT purchase_days(history) - 1 AS n, theta + tenure(history, '2024-03-31') AS b,
		never / (SELECT survival FROM rhythm_curve(r) WHERE days <= days_since_last(history, '2024-03-31') ORDER BY days DESC LIMIT 1) AS w) AS o
WHERE customer < 5;
SELECT churn_risk('{2024-01-01 1:1}'::purchase_history, '2024-03-31', '{"customers": 0, "rhythmic": 0, "rates": 0, "squares": 0, "days": []}'::population_rhythm) AS no_population,
	churn_risk('{2024-01-01 1:1}'::purchase_history, '2024-03-31', '{"customers": 1, "rhythmic": 0, "rates": 0, "squares": 0, "days": [[10, 0, 1]]}'::population_rhythm) AS nobody_returned;
-- Silence only adds to it
SELECT bool_and(risk >= before) AS grows, bool_and(risk BETWEEN 0 AND 1) AS probability FROM (
	SELECT risk, lag(risk) OVER (ORDER BY d) AS before FROM (SELECT population_rhythm(history, '2024-03-31') AS r FROM buyers) AS r,
		generate_series(0, 5000, 7) AS d, churn_risk('{2024-01-01 1:1, 2024-01-21 1:1}'::purchase_history, date '2024-01-21' + d, r, '90 days') AS risk) AS s;
SELECT churn_risk(purchase_model('mbgnbd', 'week', 0.525, 6.183, 0.891, 1.614), history, '2024-03-31')
	= no_purchase_probability(purchase_model('mbgnbd', 'week', 0.525, 6.183, 0.891, 1.614), history, '2024-03-31', '90 days') AS by_model FROM buyers WHERE customer = 1;
SELECT (next_purchase('{2024-01-01 1:1}', '2024-03-31', r, 0.999999999)).* FROM (SELECT population_rhythm(history, '2024-03-31') AS r FROM buyers) AS r;
SELECT churn_risk(history, '2024-03-31', '{"customers": 1, "rhythmic": 0, "rates": 0, "squares": 0, "days": [[10, 0, 1]]}'::population_rhythm, '0 days') FROM buyers;
SELECT churn_risk(history, 'infinity', '{"customers": 1, "rhythmic": 0, "rates": 0, "squares": 0, "days": [[10, 0, 1]]}'::population_rhythm) FROM buyers;
SELECT next_purchase(history, '2024-03-31', '{"customers": 1, "rhythmic": 0, "rates": 0, "squares": 0, "days": [[10, 0, 1]]}', 1) FROM buyers;

-- Bands
SELECT risk, churn_band(risk), churn_band_rank(churn_band(risk)), churn_band_label(churn_band(risk)), churn_band_label(churn_band(risk), 'zh')
FROM unnest(ARRAY[0, 0.333333, 1.0 / 3, 0.666666, 2.0 / 3, 1]::float8[]) AS risk;
SELECT band, rank, label_en, label_zh, action_en IS NOT NULL AND action_zh IS NOT NULL AS actions FROM churn_bands();
SELECT churn_band(1.1);
SELECT churn_band('nan');
SELECT churn_band_label('severe');
SELECT churn_band_label('low', 'fr');
SELECT revenue_at_risk(200, 0.25), revenue_at_risk(-10, 0.25), revenue_at_risk(NULL, 0.25);
SELECT revenue_at_risk(200, 1.5);

-- Signs: one purchase, a quiet rhythm, spend that falls while gaps grow
SELECT * FROM churn_signals('{2024-01-01 1:10}', '2024-02-01');
SELECT * FROM churn_signals('{2024-01-01 1:10}', '2024-02-01', population_gap => 20);
SELECT * FROM churn_signals('{2024-01-01 1:10, 2024-01-11 1:10, 2024-01-21 1:10}', '2024-02-11', last_score => 3, score_before => 3, complaints => 0);
SELECT signal, round(measure::numeric, 6) AS measure, threshold, round(cusum::numeric, 6) AS cusum, raised
FROM churn_signals('{2024-01-01 1:100, 2024-01-08 1:110, 2024-01-16 1:95, 2024-01-23 1:105, 2024-02-10 1:60, 2024-03-05 1:40, 2024-04-10 1:30}', '2024-07-01', 30, 2, 4, 1);
SELECT churn_reasons('{2024-01-01 1:100, 2024-01-08 1:110, 2024-01-16 1:95, 2024-01-23 1:105, 2024-02-10 1:60, 2024-03-05 1:40, 2024-04-10 1:30}', '2024-07-01', 30, 2, 4, 1, language => language)
FROM unnest('{en,zh}'::text[]) AS language;
-- A regular customer has no signs, whatever the amount; the slightest differences are none
SELECT churn_reasons('{2024-01-01 1:1000.01, 2024-01-08 1:1000.02, 2024-01-15 1:1000.03, 2024-01-22 1:1000, 2024-01-29 1:1000, 2024-02-05 1:1000}', '2024-02-12');
SELECT churn_reasons('{2024-01-01 -1:10}', '2024-02-12'), churn_reasons(NULL, '2024-02-12');
SELECT * FROM churn_signals('{2024-01-01 -1:10}', '2024-02-12');
SELECT churn_signals('{2024-01-01 1:10}', '2024-02-01', population_gap => -1);
SELECT churn_reasons('{2024-01-01 1:10}', '2024-02-01', language => 'fr');

-- One number of three
SELECT churn_index(0.5) AS behaviour, churn_index(0.5, 2) AS satisfaction, churn_index(0.5, 2, 1) AS complaint, round(churn_index(NULL, 5, 2)::numeric, 5) AS without, churn_index(NULL) AS nothing,
	churn_index(0.5, 2, 1, '{1,0,0}') AS weights;
SELECT churn_index(1.5);
SELECT churn_index(0.5, 6);
SELECT churn_index(0.5, 5, -1);
SELECT churn_index(0.5, weights => '{1,1}');
SELECT churn_index(0.5, weights => '{0,0,0}');
SELECT churn_index(0.5, weights => '{1,-1,1}');
SELECT churn_index(0.5, 2, 1, weights => '{1e308,1e308,1e308}');

-- Features, and a regression on them
SELECT n.name, round(f.value::numeric, 6) AS value
FROM unnest(churn_feature_names(), churn_features('{2024-01-01 1:100, 2024-01-11 1:80, 2024-01-31 1:60, 2024-03-01 2:90 -1:15, 2024-03-30 1:50}', '2024-03-31')) AS f (name, value),
	LATERAL (SELECT f.name) AS n;
SELECT churn_features('{2024-01-01 1:100}', '2024-01-01');
SELECT churn_features('{2024-01-01 1:100}', '2023-12-31'), churn_features('{2024-01-01 -1:100}', '2024-12-31');
SELECT churn_features('{2024-01-01 1:100, 2024-06-01 1:100}', '2024-03-01') = churn_features('{2024-01-01 1:100}', '2024-03-01') AS nothing_later_counts;
SELECT churn_risk(m, history, '2024-03-31') = predict(m, churn_features(history, '2024-03-31')) AS predicted, predict(shift_intercept(m, 1), churn_features(history, '2024-03-31')) > churn_risk(m, history, '2024-03-31') AS shifted
FROM buyers, (SELECT logistic_model(VARIADIC array_fill(0.1::float8, ARRAY[19])) AS m) AS m WHERE customer = 1;
SELECT churn_risk(logistic_model(0, 1), history, '2024-03-31') FROM buyers;
SELECT shift_intercept(logistic_model(0, 1), 'nan');
SELECT shift_intercept(logistic_model(1e200, 1), 1e200);

-- Backtest: customers who buy every 5, 25, 45 … days, half of whom stop
CREATE TABLE shop AS
SELECT c AS customer, purchase_history(date '2023-01-01' + c % 50 + g * (5 + c % 8 * 10), (20 + (c * 7 + g * 3) % 30)::numeric) AS history
FROM generate_series(1, 800) AS c CROSS JOIN LATERAL generate_series(0, CASE WHEN c % 3 = 0 THEN c % 7 ELSE 730 / (5 + c % 8 * 10) END) AS g GROUP BY c;
SELECT method, customers, churned, round(auc::numeric, 4) AS auc, round(lift_top_decile::numeric, 4) AS lift, round(precision_top_decile::numeric, 4) AS precision,
	round(brier::numeric, 4) AS brier, round(calibration_error::numeric, 4) AS calibration_error, trust
FROM churn_backtest('SELECT history FROM shop', '2024-06-01', models => '{nbd}');
SELECT decile, customers, churned, round(predicted::numeric, 3) AS predicted, round(observed::numeric, 3) AS observed FROM churn_calibration('SELECT history FROM shop', '2024-06-01');
SELECT fitted_on, fitted_days, trust(model) FROM churn_fit('SELECT history FROM shop', '2024-06-01');
-- Short data: the window is a third of the time
SELECT fitted_on, fitted_days, trust(model) FROM churn_fit('SELECT history FROM shop', '2023-07-01', '120 days');
SELECT fitted_on, fitted_days, model FROM churn_fit('SELECT history FROM shop', '2023-01-20', '120 days');
-- A horizon of a week; no purchases
SELECT fitted_on, fitted_days, trust(model), events(model) > 0 AS events FROM churn_fit('SELECT history FROM shop', '2024-06-01', '7 days');
SELECT fitted_on, fitted_days, model FROM churn_fit('SELECT NULL::purchase_history', '2024-06-01');
SELECT method, customers, churned, auc, trust FROM churn_backtest('SELECT history FROM shop', '2022-06-01', models => '{nbd,bgnbd}');
SELECT method, customers, churned, auc, trust FROM churn_backtest('SELECT history FROM shop WHERE false', '2022-06-01', models => '{nbd,bgnbd}');
\set SHOW_CONTEXT never
\set VERBOSITY default
SELECT count(*) FROM churn_backtest('SELECT history FROM shop', '2024-12-01', '365 days', '{}');
SELECT count(*) FROM churn_backtest('SELECT history FROM shop', '2024-06-01', '0 days');
SELECT count(*) FROM churn_backtest('SELECT history FROM shop', 'infinity');
SELECT count(*) FROM churn_backtest('SELECT history FROM shop', '2024-06-01', models => '{prophet}');
SELECT count(*) FROM churn_calibration('SELECT history FROM shop', '2024-06-01', method => 'boosting');
SELECT count(*) FROM churn_backtest('nowhere', '2024-06-01');
\set VERBOSITY terse
DROP TABLE buyers, shop;
