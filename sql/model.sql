-- Models as values: text, binary, jsonb; given parameters; fits and their errors

-- Given parameters
SELECT purchase_model('bgnbd', 'week', 0.243, 4.414, 0.793, 2.426);
SELECT purchase_model('pareto_nbd', NULL, 0.553, 10.578, 0.606, 11.669);
SELECT with_regularity(purchase_model('mbgnbd', 'day', 0.525, 43.281, 0.891, 1.614), 2);
SELECT spend_model('gamma_gamma', 6.25, 3.74, 15.44);
SELECT contract_model('sbg', 0.668, 3.806);
SELECT model_name(m), unit(m), regularity(m), trust(m), converged(m), customers(m), log_likelihood(m), aic(m)
	FROM (SELECT purchase_model('nbd', 'month', 0.4, 12)) AS t (m);
SELECT * FROM parameters(purchase_model('bgbb', 'year', 1.204, 0.750, 0.657, 2.783));
SELECT unit(with_unit(purchase_model('nbd', NULL, 0.4, 12), 'week'));

-- What is wrong with given parameters
SELECT purchase_model('bgnb', 'week', 1, 1, 1, 1);
SELECT purchase_model('gamma_gamma', 'week', 1, 1, 1);
SELECT purchase_model('bgnbd', 'week', 1, 1, 1);
SELECT purchase_model('bgnbd', 'week', 1, 1, 0, 1);
SELECT purchase_model('bgnbd', 'week', 1, 1, 'NaN', 1);
SELECT purchase_model('bgnbd', 'week', 1, 1, 1e16, 1);
SELECT purchase_model('bgnbd', 'week', 1, 1, NULL, 1);
SELECT purchase_model('bgnbd', 'fortnight', 1, 1, 1, 1);
SELECT purchase_model(NULL, 'week', 1, 1, 1, 1);
SELECT with_unit(purchase_model('nbd', 'day', 0.4, 12), 'week');
SELECT with_regularity(purchase_model('nbd', 'day', 0.4, 12), 2);
SELECT with_regularity(purchase_model('bgnbd', 'day', 0.4, 12, 1, 1), 17);

-- Text
SELECT '{"model": "bgnbd", "parameters": {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}}'::purchase_model;
SELECT '{"parameters": {"alpha": 4.414, "r": 0.243}, "unit": "week", "model": "nbd"}'::purchase_model;
SELECT 'bgnbd'::purchase_model;
SELECT '[1]'::purchase_model;
SELECT '{}'::purchase_model;
SELECT '{"model": "sbg", "parameters": {"alpha": 1, "beta": 1}}'::purchase_model;
SELECT '{"model": "nbd"}'::purchase_model;
SELECT '{"model": "nbd", "parameters": {"r": 1, "beta": 1}}'::purchase_model;
SELECT '{"model": "nbd", "parameters": {"r": 1, "alpha": "1"}}'::purchase_model;
SELECT '{"model": "nbd", "parameters": {"r": 1, "alpha": 1e400}}'::purchase_model;
SELECT '{"model": "nbd", "parameters": {"r": 1, "alpha": -1}}'::purchase_model;
SELECT '{"model": "nbd", "parameters": {"r": 1, "alpha": null}}'::purchase_model;
SELECT '{"model": "nbd", "parameters": {"r": 1, "alpha": 1}, "unit": "hour"}'::purchase_model;
SELECT '{"model": "nbd", "parameters": {"r": 1, "alpha": 1}, "regularity": 2}'::purchase_model;
SELECT '{"model": "bgnbd", "parameters": {"r": 1, "alpha": 1, "a": 1, "b": 1}, "regularity": 1.5}'::purchase_model;
SELECT '{"model": "nbd", "parameters": {"r": 1, "alpha": 1}, "status": "wonderful"}'::purchase_model;
SELECT '{"model": "nbd", "parameters": {"r": 1, "alpha": 1}, "customers": 5}'::purchase_model;
SELECT '{"model": "nbd", "parameters": {"r": 1, "alpha": 1}, "status": "converged", "customers": 5, "repeat_customers": 6}'::purchase_model;
SELECT '{"model": "nbd", "parameters": {"r": 1, "alpha": 1}, "status": "converged", "customers": 5, "covariance": [[1, 2]]}'::purchase_model;
SELECT '{"model": "nbd", "parameters": {"r": 1, "alpha": 1}, "status": "converged", "customers": 5, "covariance": [[-1, 0], [0, 1]]}'::purchase_model;

-- jsonb
SELECT spend_model('gamma_gamma', 6.25, 3.74, 15.44)::jsonb -> 'parameters' -> 'q';
SELECT jsonb_set('{"model": "gamma_gamma", "parameters": {"p": 6.25, "q": 3.74, "gamma": 15.44}}', '{parameters,p}', '7')::spend_model;

-- Binary
SELECT purchase_model_send(purchase_model('nbd', 'day', 1, 2));
-- what does not apply to a model is not kept, a zero has no sign, and counts are those that the text form can say
CREATE TABLE copied_models (model purchase_model);
\set file '/tmp/pg_customer_copy.' :DBNAME
CREATE FUNCTION receive_model(bytes bytea, file text) RETURNS SETOF bytea LANGUAGE plpgsql AS $$
BEGIN
	CREATE TEMP TABLE raw AS SELECT bytes;
	EXECUTE format('COPY raw TO %L (FORMAT binary)', file);
	DROP TABLE raw;
	TRUNCATE copied_models;
	EXECUTE format('COPY copied_models FROM %L (FORMAT binary)', file);
	RETURN QUERY SELECT purchase_model_send(model) FROM copied_models;
END $$;
\set SHOW_CONTEXT never
\set nbd 'purchase_model_send(purchase_model(''nbd'', ''day'', 1, 2))'
SELECT receive_model(set_byte(set_byte(:nbd, 5 + 2 * 8, 64), 5 + 4 * 8, 64), :'file') = :nbd AS same;
SELECT receive_model(set_byte(:nbd, 5 + 20 * 8 + 7, 5), :'file') = :nbd AS same;
\set fitted 'purchase_model_send(''{"model": "nbd", "parameters": {"r": 1, "alpha": 2}, "status": "converged", "customers": 5, "longest": 0}'')'
SELECT receive_model(set_byte(:fitted, 5 + 23 * 8, 128), :'file') = :fitted AS same;
SELECT receive_model(set_byte(:fitted, 5 + 20 * 8, 127), :'file');
SELECT receive_model(set_byte(:fitted, 5, 127), :'file');
DROP FUNCTION receive_model;
DROP TABLE copied_models;

-- Fits on numbers
CREATE TABLE people AS
	SELECT customer AS id, repeat_days(history, '2025-06-30') AS x, repeat_span(history, '2025-06-30', 'week') AS t_x, observed_span(history, '2025-06-30', 'week') AS t, repeat_spend(history, '2025-06-30') AS m
	FROM (SELECT customer, purchase_history(day, amount) AS history FROM simulate_purchases(purchase_model('mbgnbd', 'week', 0.525, 6.183, 0.891, 1.614),
		spend_model('gamma_gamma', 6.25, 3.74, 15.44), 2000, '2024-01-01', '2025-06-30', 1) GROUP BY customer) AS h;
SELECT model_name(m), unit(m), trust(m), customers(m), repeat_customers(m), left_out(m), converged(m) FROM (SELECT bgnbd_fit(x, t_x, t) FROM people) AS f (m);
SELECT m::text::purchase_model::text = m::text AS text_round_trip, m::jsonb::purchase_model::text = m::text AS jsonb_round_trip
	FROM (SELECT mbgnbd_fit(x, t_x, t) FROM people) AS f (m);
SELECT name, estimate > 0 AS estimate, std_error > 0 AS std_error, ci_low < estimate AND estimate < ci_high AS within
	FROM parameters((SELECT pareto_nbd_fit(x, t_x, t) FROM people));
-- the order of rows and equal rows do not matter
SELECT count(DISTINCT f::text) FROM (SELECT bgnbd_fit(x, t_x, t) FROM people UNION ALL SELECT bgnbd_fit(x, t_x, t ORDER BY id DESC) FROM people
	UNION ALL SELECT bgnbd_fit(x, t_x, t ORDER BY id * 7919 % 2003) FROM people) AS t (f);
-- a penalty draws the parameters to 1
SELECT bool_and(nearer) AS nearer FROM (SELECT penalty, squares < lag(squares) OVER (ORDER BY penalty) AS nearer
	FROM (SELECT penalty, sum(ln(estimate) ^ 2) AS squares FROM unnest('{0, 0.001, 0.1, 10}'::float8[]) AS penalty, LATERAL (SELECT nbd_fit(x, t_x, t, penalty) AS m FROM people) AS f, parameters(m) GROUP BY penalty) AS s) AS t;
SELECT regularity(bgcnbd_fit(x, t_x, t, 2)) FROM people;
SELECT trust(m), customers(m), left_out(m) FROM (SELECT gamma_gamma_fit(x, m) FROM people) AS f (m);

-- Little or nothing to fit on
SELECT bgnbd_fit(x, t_x, t) FROM people WHERE false;
SELECT bgnbd_fit(0, 0, i)::jsonb - 'covariance' AS nobody_again FROM generate_series(1, 100) AS i;
SELECT trust(bgnbd_fit(x, t_x, t)) FROM people WHERE id < 20;
SELECT bgnbd_fit(NULL, 0, 1)::jsonb - 'covariance' AS nulls FROM generate_series(1, 3);
SELECT gamma_gamma_fit(x, m)::jsonb - 'covariance' AS no_spend FROM (VALUES (0, 0), (1, -5), (NULL, 3)) AS t (x, m);
-- of buyers who are all alike, nothing can be told
SELECT trust(bgnbd_fit(2, 10, 20)) FROM generate_series(1, 1000);

-- What is wrong with numbers
SELECT bgnbd_fit(1.5, 1, 2);
SELECT bgnbd_fit(-1, 1, 2);
SELECT bgnbd_fit(1, 3, 2);
SELECT bgnbd_fit(0, 1, 2);
SELECT bgnbd_fit(2, 0, 2);
SELECT bgnbd_fit('NaN', 1, 2);
SELECT bgnbd_fit(1, 1, 'infinity');
SELECT bgnbd_fit(x, t_x, t, -1) FROM people;
SELECT bgnbd_fit(x, t_x, t, id * 0.1) FROM people;
SELECT bgcnbd_fit(x, t_x, t, 0) FROM people;
SELECT bgbb_fit(2, 1, 5);
SELECT bgbb_fit(1, 1.5, 5);
SELECT gamma_gamma_fit(1, 'infinity');
SELECT gamma_gamma_fit(0.5, 1);

-- Fits on histories
CREATE TABLE histories AS SELECT customer, purchase_history(day, amount) AS history FROM simulate_purchases(purchase_model('bgnbd', 'day', 0.6, 40, 0.8, 2.4),
	spend_model('gamma_gamma', 6.25, 3.74, 15.44), 800, '2024-01-01', '2024-12-31', 2) GROUP BY customer;
SELECT model_name(m), unit(m), trust(m), customers(m), repeat_customers(m), left_out(m), log_likelihood(m) IS NOT NULL AS fitted
	FROM (SELECT bgnbd_fit(history, '2024-12-31', 'week') FROM histories) AS f (m);
SELECT a.f::text = b.f::text AS the_same_as_on_numbers FROM (SELECT mbgnbd_fit(history, '2024-12-31', 'week') FROM histories) AS a (f),
	(SELECT with_unit(mbgnbd_fit(repeat_days(history, '2024-12-31'), repeat_span(history, '2024-12-31', 'week'), observed_span(history, '2024-12-31', 'week')), 'week') FROM histories) AS b (f);
SELECT left_out(m) FROM (SELECT nbd_fit(history, '2024-01-15', 'day') FROM histories) AS f (m);
SELECT unit(bgbb_fit(history, '2024-12-31', 'month')), trust(gamma_gamma_fit(history, '2024-12-31')) FROM histories;
SELECT bgnbd_fit(history, '2024-12-31'::date - customer::int % 2, 'week') FROM histories;
SELECT bgnbd_fit(history, 'infinity', 'week') FROM histories;
SELECT bgnbd_fit(history, NULL, 'week') FROM histories;
SELECT bgnbd_fit(history, '2024-12-31', 'hour') FROM histories;

-- Contracts (Fader and Hardie 2007, table 1: regular customers)
CREATE TABLE contracts AS SELECT period::int, survivors, lag(survivors) OVER (ORDER BY period) - survivors AS left_
	FROM unnest('{1000,631,468,382,326,289,262,241}'::int[]) WITH ORDINALITY AS t (survivors, n), LATERAL (SELECT n - 1) AS p (period);
SELECT name, round(estimate::numeric, 3) AS estimate FROM parameters((SELECT sbg_fit(period, churned, customers) FROM (
	SELECT period, true AS churned, left_::bigint AS customers FROM contracts WHERE period > 0 UNION ALL SELECT 7, false, 241) AS t));
SELECT sbg_fit(0, true);
SELECT sbg_fit(-1, false);
SELECT sbg_fit(1, true, -1::bigint);
SELECT sbg_fit(i % 5 + 1, i % 2 = 0, 9007199254740992) FROM generate_series(1, 3000) AS i;


DROP TABLE people, histories, contracts;
