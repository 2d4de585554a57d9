-- Fits and scores: serial = parallel = partitioned = any order; scores keep to what their definitions promise; forms agree.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT plan(28);
SET LOCAL client_min_messages = error;

-- Customers of a known model, in a table and in a partitioned one
CREATE TABLE simulated AS SELECT customer, purchase_history(day, amount) AS history
	FROM simulate_purchases(purchase_model('mbgnbd', 'week', 0.525, 6.183, 0.891, 1.614), spend_model('gamma_gamma', 6.25, 3.74, 15.44), 6000, '2024-01-01', '2025-12-31', 7) GROUP BY customer;
INSERT INTO simulated SELECT -i, CASE WHEN i % 2 = 0 THEN '{}'::purchase_history END FROM generate_series(1, 100) AS i;
CREATE TABLE parted (customer bigint, history purchase_history) PARTITION BY HASH (customer);
SELECT format('CREATE TABLE parted_%s PARTITION OF parted FOR VALUES WITH (MODULUS 3, REMAINDER %s)', i, i) FROM generate_series(0, 2) AS i \gexec
INSERT INTO parted SELECT * FROM simulated;
CREATE TABLE numbers AS SELECT customer, repeat_days(history, '2025-12-31')::float8 AS x, repeat_span(history, '2025-12-31', 'week') AS t_x, observed_span(history, '2025-12-31', 'week') AS t,
	repeat_spend(history, '2025-12-31')::float8 AS mean FROM simulated;
ANALYZE simulated, parted, numbers;

CREATE FUNCTION all_fits(source text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE format('SELECT unnest(ARRAY[bgnbd_fit(history, ''2025-12-31'', ''week'')::text, mbgnbd_fit(history, ''2025-12-31'', ''day'')::text, pareto_nbd_fit(history, ''2025-12-31'', ''month'')::text,
		nbd_fit(history, ''2025-12-31'', ''week'', 0.01)::text, mbgcnbd_fit(history, ''2025-12-31'', ''week'', 2)::text, bgbb_fit(history, ''2025-12-31'', ''month'')::text,
		gamma_gamma_fit(history, ''2025-12-31'')::text]) FROM %s', source);
END $$;
CREATE TABLE serial AS SELECT f FROM all_fits('simulated') AS f;
SELECT is(count(*), 7::bigint, 'seven fits') FROM serial;
SELECT set_eq($$SELECT all_fits('(SELECT * FROM simulated ORDER BY customer * 7919 % 6101) AS s')$$, 'SELECT f FROM serial', 'in any order');
SELECT set_eq($$SELECT all_fits('parted')$$, 'SELECT f FROM serial', 'partitioned');

SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL max_parallel_workers_per_gather = 4;
SET LOCAL parallel_leader_participation = off;
CREATE FUNCTION plan_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY EXECUTE 'EXPLAIN (COSTS OFF) ' || query; END $$;
SELECT ok(string_agg(p, ' ') ~ 'Finalize Aggregate.*Partial Aggregate', 'fits run in parallel') FROM plan_of($$SELECT bgnbd_fit(history, '2025-12-31', 'week') FROM simulated$$) AS p;
SELECT set_eq($$SELECT all_fits('simulated')$$, 'SELECT f FROM serial', 'parallel');
SET LOCAL enable_partitionwise_aggregate = on;
SELECT set_eq($$SELECT all_fits('parted')$$, 'SELECT f FROM serial', 'parallel and partitioned');
SELECT throws_ok($$SELECT bgnbd_fit(history, '2025-12-31'::date - (customer % 2)::int, 'week') FROM simulated$$, '22023', 'as_of, unit, penalty and regularity of a fit must not change between rows', 'an error is an error, in parallel too');
SELECT throws_ok($$SELECT bgnbd_fit(x, t_x, t - 20) FROM numbers$$, '22023', NULL, 'and so is a bad number');
SELECT is((SELECT trust(bgnbd_fit(history, '2025-12-31', 'week')) FROM simulated WHERE customer < 0), 'no_data', 'parallel, of nothing but customers without purchases');
SELECT is((SELECT bgnbd_fit(history, '2025-12-31', 'week') FROM simulated WHERE customer > 100000)::text, NULL, 'parallel, of nobody');
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
RESET parallel_leader_participation;

-- The parameters from which customers were made lie within their intervals, but for bad luck: four standard errors
SELECT ok(bool_and(abs(ln(estimate / want)) < 4 * std_error / estimate), 'parameters are recovered')
	FROM parameters((SELECT mbgnbd_fit(history, '2025-12-31', 'week') FROM simulated)) JOIN (VALUES ('r', .525), ('alpha', 6.183), ('a', .891), ('b', 1.614)) AS p (name, want) USING (name);
SELECT ok(bool_and(abs(ln(estimate / want)) < 4 * std_error / estimate), 'those of spend too')
	FROM parameters((SELECT gamma_gamma_fit(history, '2025-12-31') FROM simulated)) JOIN (VALUES ('p', 6.25), ('q', 3.74), ('gamma', 15.44)) AS p (name, want) USING (name);

-- A model as a value
CREATE TABLE models AS SELECT unnest(ARRAY[bgnbd_fit(history, '2025-12-31', 'week'), mbgnbd_fit(history, '2025-12-31', 'week'), pareto_nbd_fit(history, '2025-12-31', 'week'),
	nbd_fit(history, '2025-12-31', 'week'), bgcnbd_fit(history, '2025-12-31', 'week', 3), mbgcnbd_fit(history, '2025-12-31', 'week', 2)]) AS m FROM simulated;
CREATE TABLE spend AS SELECT gamma_gamma_fit(history, '2025-12-31') AS s FROM simulated;
SELECT is(count(*), 6::bigint, 'models survive text, jsonb and binary') FROM models WHERE m::text::purchase_model::text = m::text AND m::jsonb::purchase_model::text = m::text
	AND octet_length(purchase_model_send(m)) = 5 + 20 * 8 + 6 * 8;
SELECT ok(bool_and(aic(m) = 2 * (SELECT count(*) FROM parameters(m)) - 2 * log_likelihood(m) AND abs(bic(m) - (ln(customers(m)) * (SELECT count(*) FROM parameters(m)) - 2 * log_likelihood(m))) < 1e-6), 'criteria') FROM models;

-- Scores
CREATE TABLE scored AS SELECT model_name(m) AS model, regularity(m) AS k, m, n.*, h.history, probability_alive(m, n.x, n.t_x, n.t) AS alive, expected_purchases(m, 26, n.x, n.t_x, n.t) AS purchases,
	no_purchase_probability(m, 26, n.x, n.t_x, n.t) AS none FROM models, numbers AS n JOIN simulated AS h USING (customer) WHERE customer BETWEEN 1 AND 300;
SELECT ok(bool_and(alive BETWEEN 0 AND 1 AND none BETWEEN 0 AND 1 AND purchases >= 0), 'probabilities are probabilities') FROM scored;
SELECT ok(bool_and(none >= (1 - alive) - 1e-12 AND purchases >= 1 - none - 1e-12), 'who has left does not come; each purchase counts at least once') FROM scored;
SELECT ok(bool_and(probability_alive(m, x, t_x, t + 4) <= alive + 1e-12), 'silence never speaks for a customer') FROM scored;
SELECT ok(bool_and(expected_purchases(m, 52, x, t_x, t) >= purchases AND expected_purchases(m, 52, x, t_x, t) <= 2 * purchases * (1 + 1e-9)), 'more time, more purchases, and never more than in proportion') FROM scored WHERE k = 1;
SELECT ok(bool_and(expected_purchases(m, 0, x, t_x, t) = 0 AND abs(no_purchase_probability(m, 0, x, t_x, t) - 1) < 1e-14), 'in no time nothing happens') FROM scored;
SELECT ok(max(abs(probability_alive(m, history, '2025-12-31') - alive)) < 1e-12, 'P(alive): histories and numbers agree') FROM scored;
SELECT ok(max(abs(expected_purchases(m, history, '2025-12-31', '182 days') / purchases - 1)) < 1e-12, 'purchases: histories and numbers agree') FROM scored;
SELECT ok(max(abs(no_purchase_probability(m, history, '2025-12-31', '182 days') - none)) = 0, 'no purchase: histories and numbers agree') FROM scored;
SELECT ok(max(abs(ltv(m, s, history, '2025-12-31', '364 days', 0.1) - ltv(m, s, x, t_x, t, coalesce(mean, 0), 52, 1, power(1.1, 7 / 365.25) - 1))) < 2e-6, 'value: histories and numbers agree, 52 weeks being interpolated in one of them')
	FROM scored, spend;
SELECT ok(bool_and(ltv(m, s, history, '2025-12-31', '2 years', 0.1) <= ltv(m, s, history, '2025-12-31', '2 years', 0) AND ltv(m, s, history, '2025-12-31', '2 years', 0.1) <= residual_value(m, s, history, '2025-12-31', 0.1)), 'a discount lowers value, and no horizon holds more than all time')
	FROM scored, spend WHERE customer < 40;
SELECT is((SELECT count(*) FROM scored, LATERAL (SELECT sum(purchase_probability(m, n, 13)) AS one FROM generate_series(0, 300) AS n) AS p WHERE customer = 1 AND abs(one - 1) > 1e-9), 0::bigint, 'the probabilities of a new customer add up');
SELECT is(count(*), 0::bigint, 'a path is P(alive) on each of its days') FROM models, (SELECT history FROM simulated WHERE customer IN (3, 5, 8)) AS h, alive_path(m, history, '2023-12-25', '2025-12-31', 17) AS p
	WHERE p.probability IS DISTINCT FROM probability_alive(m, history, p.day);
SELECT ok(bool_and(proparallel = 's' AND provolatile = 'i'), 'everything is immutable and parallel safe') FROM pg_proc JOIN pg_depend ON classid = 'pg_proc'::regclass AND objid = pg_proc.oid AND deptype = 'e'
	JOIN pg_extension ON refobjid = pg_extension.oid AND extname = 'pg_customer' WHERE proname ~ '_fit$|^fit_|_model(_|$)|^ltv|^expected_|probability|^residual_|alive|_ltv$' AND prolang <> (SELECT oid FROM pg_language WHERE lanname = 'plpgsql') AND proname !~ '^base_|^fit_models$|^models_fit$|^churn_fit$';
-- An aggregate of one's own with the parts of two fits
CREATE AGGREGATE mixed_fit(float8, float8, float8) (SFUNC = fit_accum_numbers, STYPE = internal, FINALFUNC = bgbb_fit_final);
SELECT throws_ok($$SELECT mixed_fit(x, t_x, 5) FROM (VALUES (0, 0), (3, 4), (9, 2)) AS v (x, t_x), generate_series(1, 100)$$, '22023', 'x = 9, t_x = 2 and n = 5 are not purchases at x of n opportunities, the last at t_x', 'the final function of a fit refuses rows that are none of it');
SELECT * FROM finish();
ROLLBACK;
