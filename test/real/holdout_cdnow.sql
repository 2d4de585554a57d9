-- Forecasts of CDNOW, weeks 40 to 78, from fits on weeks 1 to 39, against reference numbers: within 0.1 %.
CREATE EXTENSION IF NOT EXISTS pgtap;
SET client_min_messages = warning;
CREATE TABLE sample (master_id int, customer_id int, day date, quantity int, amount numeric);
CREATE TABLE master (customer_id int, day date, quantity int, amount numeric);
CREATE TABLE summary (data text, model text, n int, actual int, predicted float8, mae float8, rmse float8, corr float8, spend_actual numeric, spend_predicted float8, spend_mae float8);
CREATE TABLE by_frequency (data text, model text, x text, customers int, actual_mean float8, predicted_mean float8);
CREATE TABLE tracking (week int, actual int, bgnbd float8, mbgnbd float8, pareto_nbd float8);
\set load '\\copy sample FROM PROGRAM ''zcat ' :data '/cdnow_sample.csv.gz'' WITH (FORMAT csv, HEADER)'
:load
\set load '\\copy master FROM PROGRAM ''zcat ' :data '/cdnow_master.csv.gz'' WITH (FORMAT csv, HEADER)'
:load
\set load '\\copy summary FROM ' :reference '/holdout_summary.csv WITH (FORMAT csv, HEADER)'
:load
\set load '\\copy by_frequency FROM ' :reference '/holdout_by_frequency.csv WITH (FORMAT csv, HEADER)'
:load
\set load '\\copy tracking FROM ' :reference '/tracking_cdnow_sample.csv WITH (FORMAT csv, HEADER)'
:load
DELETE FROM summary WHERE model LIKE 'heuristic%';
DELETE FROM by_frequency WHERE model LIKE 'heuristic%';
UPDATE summary SET model = 'pareto_nbd' WHERE model = 'pnbd';
UPDATE by_frequency SET model = 'pareto_nbd' WHERE model = 'pnbd';
CREATE TABLE histories AS
	SELECT 'cdnow_sample' AS data, customer_id, purchase_history(day, amount) AS history FROM sample GROUP BY customer_id
	UNION ALL SELECT 'cdnow_master', customer_id, purchase_history(day, amount) FROM master GROUP BY customer_id;

CREATE TABLE tests AS SELECT d.data, h.* FROM (VALUES ('cdnow_sample'), ('cdnow_master')) AS d (data),
	LATERAL holdout_test(format('SELECT history FROM histories WHERE data = %L', d.data), '1997-09-30', '1998-06-30') AS h;
SELECT plan(12);
SELECT results_eq('SELECT data, model, customers::int, actual::int, spend_actual FROM tests ORDER BY 1, 2', 'SELECT data, model, n, actual, spend_actual FROM summary ORDER BY 1, 2',
	'holdout_test: customers, purchases and spend');
SELECT is_empty($$SELECT data, model, t.predicted, t.mae, t.rmse, t.correlation, t.spend_predicted, t.spend_mae FROM tests AS t JOIN summary AS s USING (data, model)
	WHERE NOT coalesce(greatest(abs(t.predicted / s.predicted - 1), abs(t.mae / s.mae - 1), abs(t.rmse / s.rmse - 1), abs(t.correlation / s.corr - 1),
		abs(t.spend_predicted / s.spend_predicted - 1), abs(t.spend_mae / s.spend_mae - 1)) < 0.001, false)$$, 'forecasts and errors');
SELECT diag(format('largest relative difference: %s', max(greatest(abs(t.predicted / s.predicted - 1), abs(t.mae / s.mae - 1), abs(t.rmse / s.rmse - 1), abs(t.correlation / s.corr - 1),
		abs(t.spend_predicted / s.spend_predicted - 1), abs(t.spend_mae / s.spend_mae - 1))))) FROM tests AS t JOIN summary AS s USING (data, model);
SELECT is_empty($$SELECT * FROM tests WHERE trust <> 'ok'$$, 'every fit can be trusted');

CREATE TABLE frequencies AS SELECT d.data, h.* FROM (VALUES ('cdnow_sample'), ('cdnow_master')) AS d (data),
	LATERAL holdout_by_frequency(format('SELECT history FROM histories WHERE data = %L', d.data), '1997-09-30', '1998-06-30') AS h;
SELECT cmp_ok((SELECT count(*) FROM by_frequency), '=', (SELECT count(*) FROM frequencies AS f JOIN by_frequency AS b
	ON b.data = f.data AND b.model = f.model AND left(b.x, 1)::int = f.x AND b.customers = f.customers AND abs(b.actual_mean - f.actual_mean) < 1e-9
	WHERE abs(f.predicted_mean / b.predicted_mean - 1) < 0.001), 'holdout_by_frequency, all rows');

-- The reference lets the time of a week's expectation end a day later than the first purchase days and T do: the day after the week is the same point.
CREATE TABLE curve AS SELECT m.model, c.* FROM (SELECT model, purchases FROM tests WHERE data = 'cdnow_sample' AND model <> 'nbd') AS m,
	LATERAL (SELECT ARRAY(SELECT estimate FROM parameters(m.purchases)) AS p) AS p,
	LATERAL tracking_curve($$SELECT history FROM histories WHERE data = 'cdnow_sample'$$, CASE m.model
		WHEN 'pareto_nbd' THEN purchase_model('pareto_nbd', 'day', p[1], p[2] * 7, p[3], p[4] * 7) ELSE purchase_model(m.model, 'day', p[1], p[2] * 7, p[3], p[4]) END, '1998-07-01') AS c;
SELECT is((SELECT count(*) FROM curve AS c JOIN tracking AS t ON c.period = 7 * t.week + 1
	WHERE abs(c.expected_total / CASE c.model WHEN 'bgnbd' THEN t.bgnbd WHEN 'mbgnbd' THEN t.mbgnbd ELSE t.pareto_nbd END - 1) < 0.001), 3 * 78::bigint, 'tracking_curve: expected');
SELECT results_eq($$SELECT t.period, t.actual_total::int FROM tests, LATERAL tracking_curve('SELECT history FROM histories WHERE data = ''cdnow_sample''', purchases, '1998-06-30') AS t
	WHERE data = 'cdnow_sample' AND model = 'bgnbd' ORDER BY 1$$, 'SELECT week, actual FROM tracking ORDER BY 1', 'tracking_curve: actual');
SELECT is_empty($$SELECT * FROM tests, LATERAL tracking_curve('SELECT history FROM histories WHERE data = ''cdnow_sample''', purchases, '1997-09-30') AS t
	WHERE data = 'cdnow_sample' AND period = 39 AND abs(t.expected_total / (SELECT sum(expected_purchases(tests.purchases, observed_span(history, '1997-09-30', 'week'))) FROM histories AS h WHERE h.data = 'cdnow_sample') - 1) > 1e-12$$,
	'at the end of the calibration it is the sum over all customers of what a new one is expected to buy until T');

-- A base over the same data says the same
SELECT ok(count(*) > 0, 'a base') FROM create_customer_base('cdnow', 'master', 'customer_id', 'day', 'amount', as_of => '1998-06-30', time_zone => 'UTC');
SELECT results_eq($$SELECT model, customers, actual, round(predicted::numeric, 6), round(rmse::numeric, 9) FROM holdout_test('cdnow', '1997-09-30', '1998-06-30') ORDER BY 1$$,
	$$SELECT model, customers, actual, round(predicted::numeric, 6), round(rmse::numeric, 9) FROM tests WHERE data = 'cdnow_master' ORDER BY 1$$, 'holdout_test of a base');
SELECT results_eq($$SELECT model, recommended FROM compare_models('cdnow', '1997-09-30', '1998-06-30') ORDER BY 1$$,
	$$VALUES ('bgnbd', false), ('mbgnbd', false), ('nbd', false), ('pareto_nbd', true)$$, 'compare_models recommends Pareto/NBD, whose error by customer is the smallest');
SELECT results_eq($$SELECT model, trust, chosen_by FROM fit_models('cdnow') WHERE is_default ORDER BY 1$$, $$VALUES ('bgnbd', 'ok', 'holdout'), ('gamma_gamma', 'ok', NULL)$$,
	'fit_models calibrates on two thirds of the time, after which BG/NBD forecasts best');
SELECT is((SELECT sum(c.predicted_value_12m) FROM cdnow.customers AS c), (SELECT sum(round(ltv(p.purchases, s.spend, history, '1998-06-30', '1 year'), 2))
	FROM cdnow.histories, cdnow.models AS p, cdnow.models AS s WHERE p.model = 'bgnbd' AND s.model = 'gamma_gamma'), 'and the customers have their values by it');
SELECT * FROM finish();
SELECT drop_customer_base('cdnow');
