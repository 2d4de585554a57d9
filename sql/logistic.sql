-- Logistic regression, and how well scores tell events from others: what is printed, and errors
\pset null -

-- Damaged joints and temperature of 23 flights (Dalal, Fowlkes and Hoadley 1989)
CREATE TABLE flights (temperature int, damaged boolean);
INSERT INTO flights SELECT t, d = 1 FROM unnest(ARRAY[66, 70, 69, 68, 67, 72, 73, 70, 57, 63, 70, 78, 67, 53, 67, 75, 70, 81, 76, 79, 75, 76, 58],
	ARRAY[0, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 1]) f (t, d);
CREATE TABLE fitted AS SELECT logistic_fit(ARRAY[temperature], damaged) AS model FROM flights;
SELECT feature, name, round(estimate::numeric, 6) AS estimate, round(std_error::numeric, 6) AS std_error, round(z::numeric, 4) AS z, round(p_value::numeric, 6) AS p_value, note
FROM fitted, coefficients(model, '{temperature}');
SELECT name, round(odds_ratio::numeric, 6) AS odds_ratio, round(odds_low::numeric, 6) AS odds_low, round(odds_high::numeric, 6) AS odds_high FROM fitted, coefficients(model, '{temperature}') WHERE feature = 1;
SELECT feature, name, round(odds_low::numeric, 4) AS odds_low, round(odds_high::numeric, 4) AS odds_high FROM fitted, coefficients(model, confidence => 0.8) WHERE feature = 1;
SELECT trust(model), observations(model), events(model), left_out(model), round(log_likelihood(model)::numeric, 6) AS log_likelihood, round(null_log_likelihood(model)::numeric, 6) AS null_log_likelihood,
	round(auc(model)::numeric, 6) AS auc, round(aic(model)::numeric, 4) AS aic, round(bic(model)::numeric, 4) AS bic FROM fitted;
SELECT t, round(predict(model, ARRAY[t])::numeric, 6) AS damage FROM fitted, unnest(ARRAY[31, 53, 65, 81, NULL]) t;

-- Weights are counts; a ridge pulls towards 0.
SELECT (SELECT array_agg(round(estimate::numeric, 9)) FROM coefficients(logistic_fit(ARRAY[temperature], damaged, 3))) AS thrice,
	(SELECT array_agg(round((std_error * sqrt(3))::numeric, 9)) FROM coefficients(logistic_fit(ARRAY[temperature], damaged, 3))) AS error_of_thrice,
	(SELECT array_agg(round(estimate::numeric, 6)) FROM coefficients(logistic_fit(ARRAY[temperature], damaged, 1, 2))) AS ridge_2,
	(SELECT array_agg(round(estimate::numeric, 6)) FROM coefficients(logistic_fit(ARRAY[temperature], damaged, 1, 1e9))) AS ridge_large FROM flights;
SELECT left_out(m), observations(m) FROM (SELECT logistic_fit(ARRAY[x], y, w) AS m FROM (VALUES (1, true, 1), (2, false, 1), (3, true, 1), (NULL, true, 1), (3, NULL, 1), (3, false, NULL), (3, true, 0)) v (x, y, w)) s;

-- What cannot be fitted is said.
SELECT trust(m), c.feature, round(c.estimate::numeric, 6) AS estimate, note FROM (SELECT logistic_fit(ARRAY[temperature, 7, temperature * 2 + 1], damaged) AS m FROM flights) s, coefficients(m) c;
SELECT trust(m), c.feature, c.estimate, note, predict(m, ARRAY[60, 1]) FROM (SELECT logistic_fit(ARRAY[temperature, i % 3], temperature < 69) AS m FROM flights, generate_series(1, 5) i) s, coefficients(m) c;
SELECT trust(m), round(c.estimate::numeric, 6) AS estimate FROM (SELECT logistic_fit(ARRAY[temperature], temperature < 69, 1, 0.5) AS m FROM flights) s, coefficients(m) c;
-- Quasi-complete: 70 is on both sides.
SELECT trust(m), c.feature, c.estimate, note FROM (SELECT logistic_fit(ARRAY[temperature, i], temperature < 70 OR temperature = 70 AND i = 2) AS m FROM flights, generate_series(1, 3) i) s, coefficients(m) c;
SELECT trust(logistic_fit(ARRAY[temperature], true)) AS nothing_but_events, trust(logistic_fit(ARRAY[temperature], NULL)) AS no_rows, trust(logistic_fit(NULL, true)) AS no_features FROM flights;
SELECT logistic_fit(ARRAY[temperature], damaged) FROM flights WHERE false;

-- The value
SELECT logistic_fit(ARRAY[x], x > 1) FROM (VALUES (1), (2)) v (x);
SELECT logistic_fit(ARRAY[x], true) FROM (VALUES (1), (2)) v (x);
SELECT logistic_model(-1.5, 0.25), trust(logistic_model(-1.5, 0.25)), observations(logistic_model(-1.5, 0.25)), predict(logistic_model(-1.5, 0.25), ARRAY[6]);
SELECT * FROM coefficients(logistic_model(0, 1));
SELECT '{"coefficients": [1, 2], "model": "logistic"}'::logistic_model::jsonb::logistic_model;

-- Scores: an event above another row three times of four, and a tie
CREATE TABLE scores (score float8, event boolean);
INSERT INTO scores VALUES (0.9, true), (0.8, false), (0.5, true), (0.5, false), (0.1, false), (NULL, true), (0.3, NULL);
SELECT auc(score, event), round(brier(score, event)::numeric, 6) AS brier FROM scores;
SELECT (t).observations, (t).events, (t).left_out, (t).auc, round((t).brier::numeric, 6) AS brier, round((t).log_loss::numeric, 6) AS log_loss, round((t).calibration_error::numeric, 6) AS calibration_error,
	round((t).lift_top_decile::numeric, 6) AS lift, (t).precision_top_decile AS precision FROM (SELECT classification_test(score, event) AS t FROM scores) s;
SELECT (t).auc, (t).brier, (t).log_loss, (t).calibration_error FROM (SELECT classification_test(10 * score, event) AS t FROM scores) s;
SELECT (t).log_loss FROM (SELECT classification_test(event::int, NOT event) AS t FROM scores) s;
SELECT (t).* FROM (SELECT classification_test(score, true) AS t FROM scores WHERE score IS NULL) s;
SELECT b.* FROM (SELECT calibration_table(i / 20.0, i % 4 = 0) AS t FROM generate_series(1, 20) i) s, unnest(t) b;
SELECT b.decile, b.observations, b.events FROM (SELECT calibration_table(i / 15, i % 4 = 0) AS t FROM generate_series(1, 20) i) s, unnest(t) b;
SELECT auc(1, true), brier(1, true), auc(1, NULL), calibration_table(NULL, true), classification_test(1, false);
SELECT auc(1, true), classification_test(1, false) FROM scores WHERE false;

-- Errors
SELECT logistic_fit(CASE WHEN temperature = 70 THEN ARRAY[1] ELSE ARRAY[1, 2] END, damaged) FROM flights;
SELECT logistic_fit('{}', damaged) FROM flights;
SELECT logistic_fit(ARRAY[[1, 2], [3, 4]], damaged) FROM flights;
SELECT logistic_fit(array_fill(1, ARRAY[65]), damaged) FROM flights;
SELECT logistic_fit(ARRAY[1, 'NaN'], damaged) FROM flights;
SELECT logistic_fit(ARRAY['-infinity'::float8], damaged) FROM flights;
SELECT logistic_fit(ARRAY[1e101], damaged) FROM flights;
SELECT logistic_fit(ARRAY[temperature], damaged, -1) FROM flights;
SELECT logistic_fit(ARRAY[temperature], damaged, 'NaN') FROM flights;
SELECT logistic_fit(ARRAY[temperature], damaged, 1e200) FROM flights;
SELECT logistic_fit(ARRAY[temperature], damaged, 1e-200) FROM flights;
SELECT logistic_fit(ARRAY[temperature], damaged, 1, -1) FROM flights;
SELECT logistic_fit(ARRAY[temperature], damaged, 1, NULL) FROM flights;
SELECT logistic_fit(ARRAY[temperature], damaged, 1, CASE WHEN temperature = 70 THEN 1 ELSE 2 END) FROM flights;
SELECT predict(model, ARRAY[1, 2]) FROM fitted;
SELECT coefficients(model, '{a,b}') FROM fitted;
SELECT coefficients(model, confidence => 1) FROM fitted;
SELECT logistic_model(1);
SELECT logistic_model(1, 'infinity');
SELECT logistic_model(1, NULL);
SELECT logistic_model(0, 1e308, -1e308);
SELECT trust(logistic_fit(ARRAY[temperature * 1e-102], damaged)), trust(logistic_fit(ARRAY[temperature * 1e-98], damaged)) FROM flights;
SELECT '{"coefficients": [1, 2]}'::logistic_model;
SELECT '{"model": "logistic", "coefficients": [1]}'::logistic_model;
SELECT '{"model": "logistic", "coefficients": [1, null]}'::logistic_model;
SELECT '{"model": "logistic", "coefficients": [1, 2], "auc": 0.5}'::logistic_model;
SELECT '{"model": "logistic", "coefficients": [1, 2], "trust": "certain"}'::logistic_model;
SELECT '{"model": "logistic", "coefficients": [1, 2], "trust": "ok", "observations": 1, "events": 2, "left_out": 0, "ridge": 0, "log_likelihood": -1, "null_log_likelihood": -1, "auc": 0.5, "notes": [""], "covariance": [[1], [0, 1]]}'::logistic_model;
SELECT 'x'::logistic_model;
SELECT auc('NaN', damaged) FROM flights;
SELECT auc('infinity', damaged) FROM flights;
SELECT brier(temperature, damaged) FROM flights;
SELECT brier(-0.5, damaged) FROM flights;
DROP TABLE flights, fitted, scores;
