-- The models against reference numbers: maximum likelihood fits, scores at published parameters in 17 digits, extreme arguments.
CREATE EXTENSION IF NOT EXISTS pgtap;
SET client_min_messages = warning;
SELECT plan(25);

-- What is read
CREATE TABLE fits (model text, data text, n int, param text, mle float8, se float8, ll float8, grad float8);
CREATE TABLE customers_exact (customer_id int, x float8, tx_days float8, t_days float8, m float8, bgnbd_palive float8, bgnbd_cet39 float8, bgnbd_clv12m float8, mbgnbd_palive float8, mbgnbd_cet39 float8,
	mbgnbd_clv12m float8, pnbd_palive float8, pnbd_cet39 float8, pnbd_clv12m float8, gg_spend float8, pnbd_dert15 float8);
CREATE TABLE edge_rows (model text, quantity text, p1 float8, p2 float8, p3 float8, p4 float8, x float8, tx_or_m float8, t_or_n float8, t_or_delta float8, exact numeric, note text);
CREATE TABLE expectation (t float8, bgnbd float8, mbgnbd float8, pnbd float8, lt_bgnbd float8, lt_mbgnbd float8, lt_pnbd float8);
CREATE TABLE pmf (t float8, n int, bgnbd float8, mbgnbd float8, pnbd float8, lt_bgnbd float8, lt_mbgnbd float8);
CREATE TABLE sbg (segment text, alpha float8, beta float8, t float8, survival float8, retention float8, p_churn float8, derl float8);
CREATE TABLE bgbb (x float8, tx float8, n float8, customers bigint, loglik float8, palive_next float8, cet5 float8, dert10 float8, lt_palive float8, lt_cet5 float8);
CREATE TABLE cdnow (master_id int, customer_id int, day date, quantity int, amount numeric);
\set load '\\copy fits FROM ' :reference '/fits_mle.csv WITH (FORMAT csv, HEADER)'
:load
\set load '\\copy customers_exact FROM ' :reference '/customers_exact.csv WITH (FORMAT csv, HEADER)'
:load
\set load '\\copy edge_rows FROM ' :reference '/edge_cases.csv WITH (FORMAT csv, HEADER)'
:load
\set load '\\copy expectation FROM ' :reference '/expectation.csv WITH (FORMAT csv, HEADER)'
:load
\set load '\\copy pmf FROM ' :reference '/pmf.csv WITH (FORMAT csv, HEADER)'
:load
\set load '\\copy sbg FROM ' :reference '/sbg.csv WITH (FORMAT csv, HEADER)'
:load
\set load '\\copy bgbb FROM ' :reference '/bgbb_donations.csv WITH (FORMAT csv, HEADER)'
:load
\set load '\\copy cdnow FROM PROGRAM ''zcat ' :data '/cdnow_sample.csv.gz'' WITH (FORMAT csv, HEADER)'
:load

-- Relative difference, where what is expected is a number that a double holds
CREATE FUNCTION error(have float8, want numeric) RETURNS float8 LANGUAGE sql AS $$
	SELECT CASE WHEN abs(want) < 1e-290 THEN CASE WHEN abs(have) < 1e-280 THEN 0 ELSE float8 'infinity' END WHEN have = 'NaN' OR have IS NULL THEN 'infinity' ELSE abs(have / want::float8 - 1) END::float8 $$;
CREATE FUNCTION within(largest float8, goal float8, what text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN RETURN ok(largest <= goal, format('%s: largest error %s (goal %s)', what, to_char(largest, '9.9EEEE'), to_char(goal, '9EEEE'))); END $$;

-- Fits: CDNOW, calibration until 1997-09-30, in weeks and days; donations; contracts
CREATE TABLE histories AS SELECT customer_id, purchase_history(day, amount) AS history FROM cdnow GROUP BY customer_id;
CREATE TABLE contracts (data text, survivors int[]);
INSERT INTO contracts VALUES ('regular_first7', '{1000,631,468,382,326,289,262,241}'), ('highend_first7', '{1000,869,743,653,593,551,517,491}');
CREATE TABLE lives AS SELECT data, n::int AS periods, true AS churned, (survivors[n] - survivors[n + 1])::bigint AS customers FROM contracts, generate_series(1, 7) AS n
	UNION ALL SELECT data, 7, false, survivors[8] FROM contracts;
CREATE TABLE fitted (model text, data text, log_likelihood float8, trust text, name text, estimate float8, std_error float8);
CREATE TABLE purchase_fits AS
	SELECT u AS unit, unnest(ARRAY[bgnbd_fit(history, '1997-09-30', u), mbgnbd_fit(history, '1997-09-30', u), pareto_nbd_fit(history, '1997-09-30', u), nbd_fit(history, '1997-09-30', u)]) AS m
	FROM histories, unnest('{week,day}'::text[]) AS u GROUP BY u;
INSERT INTO fitted SELECT CASE model_name(m) WHEN 'pareto_nbd' THEN 'pnbd' ELSE model_name(m) END, 'cdnow_sample_cal39_' || unit || 's', log_likelihood(m), trust(m), name, estimate, std_error FROM purchase_fits, parameters(m);
INSERT INTO fitted SELECT 'gg', data, log_likelihood(m), trust(m), name, estimate, std_error
	FROM (SELECT gamma_gamma_fit(history, '1997-09-30') AS m FROM histories) AS f, parameters(m), unnest('{cdnow_sample_cal39_weeks,cdnow_sample_cal39_days}'::text[]) AS data;
INSERT INTO fitted SELECT 'bgbb', 'donations', log_likelihood(m), trust(m), name, estimate, std_error
	FROM (SELECT bgbb_fit(x, tx, n) AS m FROM bgbb, generate_series(1, customers)) AS f, parameters(m);
INSERT INTO fitted SELECT model_name(m), data, log_likelihood(m), trust(m), name, estimate, std_error
	FROM (SELECT data, unnest(ARRAY[sbg_fit(periods, churned, customers), bdw_fit(periods, churned, customers)]) AS m FROM lives GROUP BY data) AS f, parameters(m);
SELECT is((SELECT count(*) FROM fits JOIN fitted ON (fits.model, fits.data, fits.param) = (fitted.model, fitted.data, fitted.name)), (SELECT count(*) FROM fits), 'every reference fit was made');
SELECT within((SELECT max(abs(log_likelihood - ll)) FROM fits JOIN fitted ON (fits.model, fits.data, fits.param) = (fitted.model, fitted.data, fitted.name)), 1e-4, 'log-likelihoods (absolute)');
SELECT within((SELECT max(error(estimate, mle::numeric)) FROM fits JOIN fitted ON (fits.model, fits.data, fits.param) = (fitted.model, fitted.data, fitted.name)), 1e-4, 'estimates');
SELECT within((SELECT max(error(std_error, se::numeric)) FROM fits JOIN fitted ON (fits.model, fits.data, fits.param) = (fitted.model, fitted.data, fitted.name)), 1e-2, 'standard errors');
SELECT is((SELECT count(*) FROM fitted WHERE trust <> 'ok'), 0::bigint, 'all of them are to be trusted');

-- Scores of customers
CREATE TABLE published AS SELECT purchase_model('bgnbd', 'week', .243, 4.414, .793, 2.426) AS bgnbd, purchase_model('mbgnbd', 'week', .525, 6.183, .891, 1.614) AS mbgnbd,
	purchase_model('pareto_nbd', 'week', .553, 10.578, .606, 11.669) AS pnbd, spend_model('gamma_gamma', 6.25, 3.74, 15.44) AS gg;
CREATE TABLE scores AS SELECT k.* FROM customers_exact AS c, published AS p, LATERAL (SELECT tx_days / 7 AS tx, t_days / 7 AS t) AS w, LATERAL (VALUES
	('alive', bgnbd, bgnbd_palive), ('alive', mbgnbd, mbgnbd_palive), ('alive', pnbd, pnbd_palive)) AS a (what, model, want), LATERAL (SELECT a.what, probability_alive(a.model, x, tx, t) AS have, a.want) AS k
	UNION ALL SELECT 'purchases', expected_purchases(a.model, 39, x, tx_days / 7, t_days / 7), a.want FROM customers_exact, published, LATERAL (VALUES (bgnbd, bgnbd_cet39), (mbgnbd, mbgnbd_cet39), (pnbd, pnbd_cet39)) AS a (model, want)
	UNION ALL SELECT 'spend', expected_spend(gg, x, m), gg_spend FROM customers_exact, published
	UNION ALL SELECT 'residual', residual_transactions(pnbd, ln(1.15) / 52, x, tx_days / 7, t_days / 7), pnbd_dert15 FROM customers_exact, published;
SELECT is((SELECT count(*) FROM scores), 8 * (SELECT count(*) FROM customers_exact), 'scores of all customers');
SELECT within(max(error(have, want::numeric)), 1e-11, what) FROM scores GROUP BY what ORDER BY what;
-- money has six digits
SELECT ok(max(abs(ltv(a.model, gg, x, tx_days / 7, t_days / 7, m, 12, 4.345, 0.01)::float8 - a.want)) <= 5.1e-7, 'value in 12 months')
	FROM customers_exact, published, LATERAL (VALUES (bgnbd, bgnbd_clv12m), (mbgnbd, mbgnbd_clv12m), (pnbd, pnbd_clv12m)) AS a (model, want);
SELECT within(max(error(expected_purchases(a.model, t), a.want::numeric)), 1e-11, 'expectation') FROM expectation AS e, published AS p, LATERAL (VALUES (p.bgnbd, e.bgnbd), (p.mbgnbd, e.mbgnbd), (p.pnbd, e.pnbd)) AS a (model, want);
SELECT within(max(error(purchase_probability(a.model, n, t), a.want::numeric)), 1e-11, 'probabilities') FROM pmf AS e, published AS p, LATERAL (VALUES (p.bgnbd, e.bgnbd), (p.mbgnbd, e.mbgnbd), (p.pnbd, e.pnbd)) AS a (model, want);
SELECT within(max(error(survival(contract_model('sbg', alpha, beta), t), survival::numeric)), 1e-11, 'survival of contracts') FROM sbg;
SELECT within(max(error(residual_lifetime(contract_model('sbg', alpha, beta), t, 0.1, true), derl::numeric)), 1e-11, 'residual lifetime of contracts') FROM sbg;
CREATE TABLE donations AS SELECT bgbb.*, purchase_model('bgbb', 'year', 1.204, .750, .657, 2.783) AS model FROM bgbb;
SELECT within(max(greatest(error(probability_alive(model, x, tx, n), palive_next::numeric), error(expected_purchases(model, 5, x, tx, n), cet5::numeric),
	error(residual_transactions(model, 0.1, x, tx, n), dert10::numeric))), 1e-11, 'donations') FROM donations;

-- Extreme arguments
CREATE FUNCTION edge(e edge_rows) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
	m purchase_model := CASE WHEN e.model <> 'gg' THEN purchase_model(CASE e.model WHEN 'pnbd' THEN 'pareto_nbd' ELSE e.model END, 'week', e.p1, e.p2, e.p3, e.p4) END;
BEGIN
	RETURN CASE e.quantity WHEN 'palive' THEN probability_alive(m, e.x, e.tx_or_m, e.t_or_n) WHEN 'cet' THEN expected_purchases(m, e.t_or_delta, e.x, e.tx_or_m, e.t_or_n)
		WHEN 'dert' THEN residual_transactions(m, e.t_or_delta, e.x, e.tx_or_m, e.t_or_n) WHEN 'spend' THEN expected_spend(spend_model('gamma_gamma', e.p1, e.p2, e.p3), e.x, e.tx_or_m) END;
END $$;
SELECT within(max(error(edge(e), exact)), 1e-9, 'extreme: ' || model || ' ' || quantity) FROM edge_rows AS e WHERE quantity <> 'll' GROUP BY model, quantity ORDER BY model, quantity;
SELECT * FROM finish();
