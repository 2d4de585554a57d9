-- Models in customer bases: what fit_models stores, and what the views make of it, against the functions themselves; live bases, tenants,
-- roles. Procedures commit, so this script does not run in a transaction but leaves what it makes to the database, which is thrown away.
CREATE EXTENSION IF NOT EXISTS pgtap;
SET client_min_messages = warning;
SET jit = off;
SELECT no_plan();

-- 900 customers who buy at a rate of their own until they leave at one of their own; the same on every machine
CREATE FUNCTION chance(key text) RETURNS float8 LANGUAGE sql IMMUTABLE RETURN (('x' || substr(md5(key), 1, 8))::bit(32)::bigint + 0.5) / 4294967296.0;
CREATE TABLE orders (id int GENERATED ALWAYS AS IDENTITY, customer int, shop text, day date, amount numeric(9, 2));
INSERT INTO orders (customer, shop, day, amount)
SELECT c, CASE WHEN c % 3 = 0 THEN 'east' ELSE 'west' END, date '2022-01-01' + first + passed::int,
	CASE WHEN chance('refund ' || c || ' ' || n) < 0.03 AND n > 0 THEN -20 ELSE 1 END * (5 + 30 * spend * (0.3 + chance('spend ' || c || ' ' || n)))
FROM (SELECT c, n, first, until, spend, sum(CASE WHEN n = 0 THEN 0 ELSE -ln(chance('gap ' || c || ' ' || n)) * gap END) OVER (PARTITION BY c ORDER BY n) AS passed
	FROM (SELECT c, floor(400 * chance('first ' || c))::int AS first, 20 - 60 * ln(chance('gap ' || c)) AS gap, -250 * ln(chance('until ' || c)) AS until, 1 - ln(chance('spend ' || c)) AS spend
		FROM generate_series(1, 900) AS c) AS c, generate_series(0, 60) AS n) AS o
WHERE n = 0 OR passed < until AND first + passed < 900;
INSERT INTO orders (customer, shop, day, amount) VALUES (901, 'west', '2022-05-05', -10), (902, 'west', '2022-05-05', 20), (902, 'west', '2022-06-05', -30);
CREATE TABLE people (id int PRIMARY KEY, name text);
INSERT INTO people SELECT c, 'person ' || c FROM generate_series(890, 910) AS c;

SELECT lives_ok($$SELECT * FROM create_customer_base('plain', 'orders', 'customer', 'day', 'amount', time_zone => 'UTC', as_of => '2024-06-18', currency => 'EUR',
	customers => 'people', customers_key => 'id', attributes => '{name}', margin => 0.4, yearly_discount => 0.15)$$, 'a base with a margin and a discount');
SELECT lives_ok($$SELECT * FROM create_customer_base('50% "off"', 'orders', 'customer', 'day', 'amount', tenant => 'shop', time_zone => 'UTC', as_of => '2024-06-18', language => 'zh', model_unit => 'month')$$,
	'a base with tenants, months and an odd name');

-- Options
SELECT throws_ok(format('SELECT * FROM create_customer_base(''x'', ''orders'', ''customer'', ''day'', ''amount'', %s)', o), '22023', m, m) FROM (VALUES
	('margin => 30', 'option margin cannot be ''30'''), ('margin => NULL', 'option margin cannot be NULL'), ('margin => ''NaN''', 'option margin cannot be ''NaN'''),
	('yearly_discount => 10', 'option yearly_discount cannot be ''10'''), ('model_unit => ''fortnight''', 'option model_unit cannot be ''fortnight''')) AS v (o, m);

-- Before a fit
SELECT results_eq($$SELECT DISTINCT historic_value IS NOT NULL, probability_alive, expected_purchases, predicted_value_12m, total_value, model_trust FROM plain.customers WHERE orders IS NOT NULL$$,
	$$VALUES (true, NULL::float8, NULL::float8, NULL::numeric, NULL::numeric, 'no_model')$$, 'without models there are no values, and the views say so');
SELECT results_eq('SELECT DISTINCT predicted_value_12m, potential_value, model, model_trust FROM plain.ltv', $$VALUES (NULL::numeric, NULL::numeric, NULL, 'no_model')$$, 'so does ltv');
SELECT is((SELECT count(*) FROM plain.ltv), (SELECT count(*) FROM plain.customers WHERE first_purchase IS NOT NULL), 'which has every customer with a purchase');
SELECT is_empty('SELECT model FROM plain.model_fit UNION SELECT model FROM plain.model_parameters', 'nothing is fitted');
SELECT results_eq('SELECT models_fitted_on, models_note, stale FROM plain.base_status', $$VALUES (NULL::date, 'no models yet: SELECT * FROM fit_models(''plain'')', false)$$, 'base_status says what to do, and it is no error');
SELECT is((SELECT models_note FROM "50% ""off""".base_status), '没有模型:SELECT * FROM fit_models(''50% "off"'')', 'in the language of the base');

-- A fit
CREATE TABLE fitted AS SELECT * FROM fit_models('plain');
SELECT bag_eq('SELECT model FROM fitted', $$VALUES ('bgnbd'), ('mbgnbd'), ('pareto_nbd'), ('nbd'), ('gamma_gamma')$$, 'fit_models fits five models');
SELECT results_eq('SELECT model, is_default, chosen_by, trust, customers, repeat_customers, log_likelihood, aic, holdout_actual, holdout_predicted, holdout_rmse FROM fitted ORDER BY 1',
	'SELECT model, is_default, chosen_by, trust, customers, repeat_customers, log_likelihood, aic, holdout_actual, holdout_predicted, holdout_rmse FROM plain.model_fit ORDER BY 1', 'and returns what model_fit shows');
SELECT is((SELECT array_agg(model = 'gamma_gamma' ORDER BY model = 'gamma_gamma') FROM fitted WHERE is_default), '{f,t}', 'one purchase model is the default, and the model of spend');
SELECT is((SELECT model FROM fitted WHERE chosen_by = 'holdout'), (SELECT model FROM fitted WHERE trust IN ('ok', 'small_sample') AND model NOT IN ('nbd', 'gamma_gamma') ORDER BY holdout_rmse LIMIT 1),
	'the one with the smallest error by customer in the holdout');
SELECT results_eq('SELECT model, recommended, trust, log_likelihood, aic, bic, holdout_actual, round(holdout_predicted::numeric, 6), round(holdout_rmse::numeric, 9) FROM compare_models(''plain'', NULL, ''2024-06-18'') ORDER BY 1',
	'SELECT model, is_default, trust, log_likelihood, aic, bic, holdout_actual, round(holdout_predicted::numeric, 6), round(holdout_rmse::numeric, 9) FROM plain.model_fit WHERE model <> ''gamma_gamma'' ORDER BY 1',
	'compare_models says the same of the base');
SELECT results_eq('SELECT DISTINCT calibrated_until, held_out_until, as_of, age_days FROM plain.model_fit WHERE model <> ''gamma_gamma''',
	'SELECT f.day + (s.day - f.day) * 2 / 3, s.day, s.day, 0 FROM (SELECT min(first_purchase) AS day FROM plain.customers) AS f, (SELECT date ''2024-06-18'' AS day) AS s', 'two thirds of the time calibrate');
SELECT results_eq($$SELECT model, customers, actual, round(predicted::numeric, 6), round(mae::numeric, 9), round(rmse::numeric, 9), round(correlation::numeric, 9), trust
		FROM holdout_test('plain', (SELECT DISTINCT calibrated_until FROM plain.model_fit WHERE model = 'nbd'), '2024-06-18') ORDER BY 1$$,
	$$SELECT model, holdout_customers, holdout_actual, round(holdout_predicted::numeric, 6), round(holdout_mae::numeric, 9), round(holdout_rmse::numeric, 9), round(holdout_correlation::numeric, 9), holdout_trust
		FROM plain.model_fit WHERE model <> 'gamma_gamma' ORDER BY 1$$, 'the holdout is that of holdout_test');

-- What is stored are the fits of the histories, and the views show what they say
CREATE TEMP VIEW refitted AS
	SELECT ARRAY[bgnbd_fit(history, '2024-06-18', 'week'), mbgnbd_fit(history, '2024-06-18', 'week'), pareto_nbd_fit(history, '2024-06-18', 'week'), nbd_fit(history, '2024-06-18', 'week')] AS purchases,
		gamma_gamma_fit(history, '2024-06-18') AS spend, corr(repeat_days(history, '2024-06-18'), repeat_spend(history, '2024-06-18')::float8) FILTER (WHERE repeat_spend(history, '2024-06-18') > 0) AS correlation
	FROM plain.histories;
SELECT bag_eq('SELECT purchases::text FROM plain.models WHERE purchases IS NOT NULL', 'SELECT unnest(purchases)::text FROM refitted', 'the purchase models');
SELECT results_eq('SELECT spend::text, round(spend_correlation::numeric, 9) FROM plain.models WHERE spend IS NOT NULL', 'SELECT spend::text, round(correlation::numeric, 9) FROM refitted', 'the model of spend');
SELECT bag_eq('SELECT model, title, trust, customers, repeat_customers, left_out, log_likelihood, aic, bic FROM plain.model_fit',
	$$SELECT model_name(p), CASE model_name(p) WHEN 'bgnbd' THEN 'BG/NBD' WHEN 'mbgnbd' THEN 'MBG/NBD' WHEN 'pareto_nbd' THEN 'Pareto/NBD' ELSE 'NBD' END, trust(p), customers(p), repeat_customers(p), left_out(p),
		log_likelihood(p), aic(p), bic(p) FROM refitted, unnest(purchases) AS p
	UNION ALL SELECT 'gamma_gamma', 'Gamma-Gamma', trust(spend), customers(spend), repeat_customers(spend), left_out(spend), log_likelihood(spend), aic(spend), bic(spend) FROM refitted$$, 'model_fit');
SELECT bag_eq('SELECT model, parameter, estimate, std_error, ci_low, ci_high FROM plain.model_parameters',
	'SELECT model_name(p), (parameters(p)).* FROM refitted, unnest(purchases) AS p UNION ALL SELECT ''gamma_gamma'', (parameters(spend)).* FROM refitted', 'model_parameters');

-- Values of customers: the view, its twin on other days, and the functions
CREATE FUNCTION expected_values(day date) RETURNS TABLE (customer int, day date, alive float8, purchases float8, spend numeric, historic numeric, predicted numeric, current numeric, model text) LANGUAGE sql AS $$
	SELECT h.customer, $1, CASE WHEN p.model = 'nbd' OR p.model = 'bgnbd' AND repeat_days(h.history, $1) = 0 THEN NULL ELSE probability_alive(p.purchases, h.history, $1) END,
		expected_purchases(p.purchases, h.history, $1, '1 year'), expected_spend(s.spend, h.history, $1)::numeric(38, 2), (greatest(total(as_of(h.history, $1)), 0) * 0.4)::numeric(38, 2),
		ltv(p.purchases, s.spend, h.history, $1, '1 year', 0.15, 0.4)::numeric(38, 2), (total(slice(h.history, ($1 - interval '1 year')::date + 1, $1 + 1)) * 0.4)::numeric(38, 2), p.model
	FROM plain.histories AS h, plain.models AS p, plain.models AS s
	WHERE p.is_default AND p.purchases IS NOT NULL AND s.spend IS NOT NULL AND first_purchase(h.history) <= $1 $$;
CREATE TABLE days AS SELECT day FROM (VALUES (date '2022-09-01'), ('2023-06-30'), ('2024-06-18'), ('2025-01-01')) AS d (day);
SELECT bag_eq('SELECT c.customer, c.as_of, c.probability_alive, c.expected_purchases, c.historic_value, c.predicted_value_12m FROM days, LATERAL plain.customers_at(day) AS c WHERE c.first_purchase IS NOT NULL',
	'SELECT v.customer, v.day, v.alive, v.purchases, v.historic, v.predicted FROM days, LATERAL expected_values(day) AS v', 'customers_at: the values of every customer on four days');
SELECT bag_eq('SELECT l.customer, l.as_of, l.probability_alive, l.expected_purchases, l.expected_spend, l.historic_value, l.predicted_value_12m, l.current_value, l.model FROM days, LATERAL plain.ltv_at(day) AS l',
	'SELECT v.customer, v.day, v.alive, v.purchases, v.spend, v.historic, v.predicted, v.current, v.model FROM days, LATERAL expected_values(day) AS v', 'ltv_at: the same, and what came in the last 12 months');
SELECT bag_eq('SELECT customer, probability_alive, expected_purchases, historic_value, predicted_value_12m, model_trust, currency, as_of FROM plain.customers WHERE first_purchase IS NOT NULL',
	'SELECT customer, probability_alive, expected_purchases, historic_value, predicted_value_12m, model_trust, currency, as_of FROM plain.ltv', 'both views agree');
SELECT is_empty('SELECT * FROM plain.ltv WHERE abs(total_value - historic_value - predicted_value_12m) > 0.01 OR total_value IS NULL OR NOT predicted_value_12m >= 0 OR NOT probability_alive BETWEEN 0 AND 1',
	'total is historic and predicted together');
SELECT cmp_ok((SELECT corr(c.orders_later, l.expected_purchases) FROM (SELECT customer, repeat_days(history, '2024-06-18') - repeat_days(history, '2023-06-30') AS orders_later FROM plain.histories) AS c
	JOIN plain.ltv_at('2023-06-30') AS l USING (customer)), '>', 0.5::float8, 'who is expected to buy does buy');
SELECT results_eq('SELECT customer, historic_value, predicted_value_12m FROM plain.customers WHERE customer IN (901, 902, 905) ORDER BY 1',
	$$VALUES (901, 0::numeric, NULL::numeric), (902, 0, 0), (905, NULL, NULL)$$, 'refunds only: nothing; as much refunded as paid: 0; a prospect: nothing');
-- Potential value: the gap to the median customer of the segment
SELECT bag_eq('SELECT segment, customers, typical_value, as_of FROM plain.segment_values',
	$$SELECT c.segment, count(*), percentile_disc(0.5) WITHIN GROUP (ORDER BY total(slice(h.history, '2023-06-19', '2024-06-19')) * 0.4), date '2024-06-18'
	FROM plain.customers AS c JOIN plain.histories AS h USING (customer) WHERE c.segment IS NOT NULL GROUP BY 1$$, 'segment_values: the median of what a segment brought in 12 months');
SELECT bag_eq('SELECT l.customer, l.segment, l.potential_value FROM plain.ltv AS l',
	$$SELECT c.customer, c.segment, greatest(s.typical_value - total(slice(h.history, '2023-06-19', '2024-06-19')) * 0.4, 0)::numeric(38, 2)
	FROM plain.customers AS c JOIN plain.histories AS h USING (customer) LEFT JOIN plain.segment_values AS s USING (segment) WHERE c.first_purchase IS NOT NULL$$, 'potential_value: by how much a customer is below it');
SELECT cmp_ok((SELECT count(*) FROM plain.ltv WHERE potential_value > 0), '>', 50::bigint, 'many could bring more');

-- Plans: one customer is a look-up, and nobody pays for values that were not asked for
CREATE FUNCTION plan_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE line text; lines text := '';
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (VERBOSE, COSTS OFF) ' || query LOOP lines := lines || line || E'\n'; END LOOP;
	RETURN lines;
END $$;
SELECT alike(plan_of('SELECT * FROM plain.customers WHERE customer = 7'), '%Index Scan using summary_pkey%', 'customers: by key');
SELECT unalike(plan_of('SELECT * FROM plain.customers WHERE customer = 7'), '%Seq Scan on plain.summary%', 'and nothing else');
SELECT unalike(plan_of('SELECT * FROM plain.ltv WHERE customer = 7'), '%Seq Scan on plain.summary%', 'ltv: the same');
SELECT unalike(plan_of('SELECT count(*), sum(total), count(stage) FROM plain.customers'), '%ltv(%', 'values are computed for who asks');
SELECT unalike(plan_of('SELECT count(*), sum(total), count(stage) FROM plain.customers'), '%plain.models%', 'models are read for who asks');
SELECT alike(plan_of('SELECT sum(total_value) FROM plain.customers'), '%ltv(%', 'who does gets them');

-- Tenants: models over all of them, potential value by tenant
SELECT lives_ok($$SELECT * FROM fit_models('50% "off"')$$, 'a base with tenants is fitted');
SELECT is((SELECT unit(purchases) FROM "50% ""off""".models WHERE model = 'nbd'), 'month', 'in the unit of the base');
SELECT bag_eq($$SELECT l.tenant, l.customer, l.predicted_value_12m, l.potential_value FROM "50% ""off""".ltv AS l$$,
	$$SELECT h.tenant, h.customer, ltv(p.purchases, s.spend, h.history, '2024-06-18', '1 year')::numeric(38, 2), greatest(v.typical_value - total(slice(h.history, '2023-06-19', '2024-06-19')), 0)::numeric(38, 2)
	FROM "50% ""off""".histories AS h JOIN "50% ""off""".customers AS c USING (tenant, customer) LEFT JOIN "50% ""off""".segment_values AS v USING (tenant, segment), "50% ""off""".models AS p, "50% ""off""".models AS s
	WHERE p.is_default AND p.purchases IS NOT NULL AND s.spend IS NOT NULL AND c.first_purchase IS NOT NULL$$, 'its values');
SELECT results_eq($$SELECT DISTINCT tenant FROM "50% ""off""".segment_values ORDER BY 1$$, ARRAY['east', 'west'], 'each tenant has its own segments');
SELECT is((SELECT count(DISTINCT log_likelihood) FROM (SELECT log_likelihood(purchases) FROM "50% ""off""".models WHERE model = 'mbgnbd'
	UNION ALL SELECT log_likelihood(mbgnbd_fit(history, '2024-06-18', 'month')) FROM "50% ""off""".histories) AS l (log_likelihood)), 1::bigint, 'its models are over all tenants');

-- A live base: what is not folded yet counts
CALL start_maintenance('plain');
INSERT INTO orders (customer, shop, day, amount) SELECT 1 + i % 40, 'west', date '2024-06-01' + i % 17, 33.33 FROM generate_series(1, 100) AS i;
SELECT cmp_ok((SELECT delta_rows FROM plain.base_status), '>', 50::bigint, 'changes that are not folded');
SELECT bag_eq('SELECT customer, probability_alive, expected_purchases, expected_spend, historic_value, predicted_value_12m, current_value, model FROM plain.ltv',
	'SELECT v.customer, v.alive, v.purchases, v.spend, v.historic, v.predicted, v.current, v.model FROM expected_values(''2024-06-18'') AS v', 'values follow them');
SELECT is((SELECT predicted_value_12m FROM plain.customers WHERE customer = 7), (SELECT predicted FROM expected_values('2024-06-18') WHERE customer = 7), 'of one customer, too');
CREATE TABLE values_before AS SELECT * FROM plain.ltv;
CALL fold_customer_base('plain');
SELECT bag_eq('SELECT * FROM plain.ltv', 'SELECT * FROM values_before', 'a fold changes nothing');
INSERT INTO orders (customer, shop, day, amount) SELECT 1 + i % 60, 'west', date '2024-06-10', 12 FROM generate_series(1, 100) AS i;
CREATE TABLE stored AS SELECT model, purchases::text, spend::text FROM plain.models;
SELECT lives_ok($$SELECT * FROM fit_models('plain')$$, 'fitted again, with changes that are not folded');
SELECT bag_eq('SELECT purchases::text FROM plain.models WHERE purchases IS NOT NULL', 'SELECT unnest(purchases)::text FROM refitted', 'it reads them');
SELECT is((SELECT count(*) FROM plain.models JOIN stored USING (model) WHERE stored.purchases IS DISTINCT FROM models.purchases::text OR stored.spend IS DISTINCT FROM models.spend::text), 5::bigint, 'and replaces what was there');
SELECT is_empty('SELECT * FROM verify_customer_base(''plain'')', 'the base is right');

-- Models on demand
SELECT results_eq($$SELECT model, is_default, chosen_by FROM fit_models('plain', '{bgnbd}')$$, $$VALUES ('bgnbd', true, 'holdout'), ('gamma_gamma', true, NULL)$$, 'a model named alone is the default');
SELECT bag_eq('SELECT customer, probability_alive FROM plain.ltv', 'SELECT customer, alive FROM expected_values(''2024-06-18'')', 'BG/NBD');
SELECT results_eq('SELECT DISTINCT probability_alive IS NULL FROM plain.customers WHERE orders = 1 AND refunds = 0', ARRAY[true], 'says nothing of who bought once');
SELECT lives_ok($$SELECT * FROM fit_models('plain', '{nbd}')$$, 'NBD');
SELECT results_eq('SELECT count(probability_alive), count(predicted_value_12m) > 800 FROM plain.ltv', 'VALUES (0::bigint, true)', 'says of nobody whether he is still there');
SELECT throws_ok($$SELECT * FROM fit_models('plain', '{bgnbd,x}')$$, '22023', 'models cannot be ''{bgnbd,x}''', 'an unknown model');
SELECT throws_ok($$SELECT * FROM fit_models('plain', '{}')$$, '22023', 'models cannot be ''{}''', 'no model');
SELECT throws_ok($$SELECT * FROM fit_models('nothing')$$, '42704', 'there is no customer base "nothing"', 'an unknown base');
SELECT is((SELECT count(*) FROM plain.models), 2::bigint, 'what failed has changed nothing');

-- How far to trust
CREATE FUNCTION shown(statement text) RETURNS TABLE (trust text, alive bigint, predicted bigint) LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE statement;
	RETURN QUERY SELECT c.model_trust, count(c.probability_alive), count(c.predicted_value_12m) FROM plain.customers AS c WHERE c.first_purchase IS NOT NULL GROUP BY 1;
END $$;
SELECT lives_ok($$SELECT * FROM fit_models('plain', '{mbgnbd}')$$, 'MBG/NBD');
SELECT results_eq($$SELECT * FROM shown('UPDATE plain.models SET trust = ''not_identified'' WHERE model = ''mbgnbd''')$$, 'SELECT ''not_identified'', count(*), count(*) FROM plain.ltv', 'not_identified: values, and a warning');
SELECT is((SELECT models_note FROM plain.base_status), 'the models cannot be trusted: not_identified', 'also in base_status');
SELECT results_eq($$SELECT * FROM shown('UPDATE plain.models SET trust = ''not_converged'' WHERE model = ''mbgnbd''')$$, $$VALUES ('not_converged', 0::bigint, 0::bigint)$$, 'not_converged: no values');
SELECT results_eq($$SELECT * FROM shown('UPDATE plain.models SET trust = CASE model WHEN ''mbgnbd'' THEN ''ok'' ELSE ''not_converged'' END')$$,
	'SELECT ''not_converged'', count(*), 0::bigint FROM plain.ltv', 'the worse of both models is shown; without spend there is no value');
UPDATE plain.models SET as_of = '2024-01-18';
SELECT results_eq('SELECT models_fitted_on, models_note FROM plain.base_status', $$VALUES (date '2024-01-18', 'the models are 152 days old: SELECT * FROM fit_models(''plain'')')$$, 'old models are named');
SELECT is((SELECT age_days FROM plain.model_fit WHERE model = 'mbgnbd'), 152, 'and show their age');

-- Little data
CREATE TABLE few AS SELECT * FROM orders WHERE customer <= 6 OR customer = 901;
SELECT lives_ok($$SELECT * FROM create_customer_base('few', 'few', 'customer', 'day', 'amount', time_zone => 'UTC', as_of => '2024-06-18')$$, 'a base of six customers');
SELECT results_eq($$SELECT DISTINCT trust, log_likelihood FROM fit_models('few')$$, $$VALUES ('no_data', NULL::float8)$$, 'has too little to fit on');
SELECT results_eq('SELECT DISTINCT model_trust, predicted_value_12m FROM few.ltv', $$VALUES ('no_data', NULL::numeric)$$, 'and says so');
SELECT results_eq('SELECT count(*) FILTER (WHERE is_default), max(chosen_by) FROM few.model_fit WHERE model <> ''gamma_gamma''', $$VALUES (1::bigint, 'default')$$, 'one model is there by default');
SELECT lives_ok($$SELECT * FROM create_customer_base('short', 'orders', 'customer', 'day', 'amount', time_zone => 'UTC', as_of => '2022-08-31')$$, 'a base of eight months');
SELECT results_eq($$SELECT DISTINCT chosen_by, holdout_rmse FROM fit_models('short') WHERE is_default AND model <> 'gamma_gamma'$$, $$VALUES ('aic', NULL::float8)$$, 'is too short for a holdout: the AIC decides');
SELECT results_eq($$SELECT is_default FROM short.model_fit WHERE model NOT IN ('nbd', 'gamma_gamma') AND trust IN ('ok', 'small_sample') ORDER BY aic LIMIT 1$$, ARRAY[true], 'and it does');
SELECT is_empty('SELECT calibrated_until, held_out_until, holdout_trust FROM short.model_fit WHERE num_nonnulls(calibrated_until, held_out_until, holdout_trust, holdout_actual) > 0', 'there is no holdout to show');
DELETE FROM few WHERE amount >= 0;
SELECT lives_ok($$SELECT * FROM refresh_customer_base('few')$$, 'a base without a purchase');
SELECT throws_ok($$SELECT * FROM fit_models('few')$$, 'P0002', 'there is no purchase to fit models on', 'has nothing to fit');

-- Others than the owner
CREATE ROLE models_owner; CREATE ROLE models_reader; CREATE ROLE models_nobody;
DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO models_owner', current_database());
	EXECUTE format('GRANT USAGE ON SCHEMA %I TO models_owner, models_reader, models_nobody', (SELECT extnamespace::regnamespace FROM pg_extension WHERE extname = 'pg_customer')); END $$;
GRANT SELECT ON orders TO models_owner;
SET ROLE models_owner;
SELECT lives_ok($$SELECT * FROM create_customer_base('owned', 'public.orders', 'customer', 'day', 'amount', time_zone => 'UTC', as_of => '2024-06-18')$$, 'a base of another role');
SELECT lives_ok($$SELECT * FROM fit_models('owned', '{mbgnbd}')$$, 'who fits it');
SELECT grant_reader('owned', 'models_reader');
SET ROLE models_reader;
SELECT throws_ok($$SELECT * FROM fit_models('owned')$$, '42501', 'must be owner of customer base "owned"', 'a reader does not');
SELECT cmp_ok((SELECT count(*) FROM owned.ltv WHERE predicted_value_12m > 0), '>', 500::bigint, 'but reads values');
SELECT is((SELECT count(*) FROM owned.model_fit), 2::bigint, 'models');
SELECT is((SELECT count(*) FROM owned.model_parameters), 7::bigint, 'and parameters');
SELECT is((SELECT count(*) FROM holdout_test('owned', '2023-06-30', '2024-06-18')), 4::bigint, 'and tests models of his own');
SET ROLE models_nobody;
SELECT throws_ok('SELECT * FROM owned.ltv', '42501', NULL, 'others read nothing');
SELECT throws_like($$SELECT * FROM holdout_test('owned', '2023-06-30', '2024-06-18')$$, 'there is no customer base "owned"', 'and test nothing');
RESET ROLE;
SELECT lives_ok($$SELECT * FROM fit_models('owned', '{nbd}')$$, 'a superuser may fit it');

-- Any histories: a query of one's own
CREATE SCHEMA elsewhere;
CREATE TABLE elsewhere.own AS SELECT customer, purchase_history(day, amount) AS past FROM orders GROUP BY customer;
CREATE TEMP TABLE judged AS SELECT * FROM holdout_test('SELECT past FROM elsewhere.own', '2023-06-30', '2024-06-18', models => '{mbgnbd}');
DO $$ BEGIN EXECUTE format('SET search_path = elsewhere, %s', current_setting('search_path')); END $$;
SELECT bag_eq($$SELECT model, actual, predicted FROM holdout_test($q$ WITH o AS (SELECT * FROM own) SELECT past FROM o WHERE past IS NOT NULL -- all
	$q$, '2023-06-30', '2024-06-18', models => '{mbgnbd}')$$, 'SELECT model, actual, predicted FROM judged', 'its names are those of the session');
RESET search_path;
SELECT results_eq('SELECT actual, round(predicted::numeric, 6), round(mae::numeric, 9), round(rmse::numeric, 9), round(correlation::numeric, 9), spend_actual, round(spend_predicted::numeric, 4), round(spend_mae::numeric, 6) FROM judged',
	$$SELECT sum(a)::bigint, round(sum(p)::numeric, 6), round(avg(abs(p - a))::numeric, 9), round(sqrt(avg((p - a) ^ 2))::numeric, 9), round(corr(p, a)::numeric, 9), sum(s), round(sum(p * e)::numeric, 4), round(avg(abs(p * e - s::float8))::numeric, 6)
	FROM (SELECT repeat_days(past, '2024-06-18') - repeat_days(past, '2023-06-30') AS a, expected_purchases(purchases, past, '2023-06-30', '354 days') AS p, expected_spend(spend, past, '2023-06-30') AS e,
		total(past) - total(as_of(past, '2023-06-30')) AS s FROM judged, elsewhere.own WHERE first_purchase(past) <= '2023-06-30') AS o$$, 'and its numbers those of plain SQL');
SELECT results_eq($$SELECT x, sum(customers)::bigint, round(sum(customers * actual_mean)::numeric, 6), round(sum(customers * predicted_mean)::numeric, 6) FROM holdout_by_frequency('SELECT past FROM elsewhere.own', '2023-06-30', '2024-06-18', models => '{mbgnbd}') GROUP BY x ORDER BY x$$,
	$$SELECT least(repeat_days(past, '2023-06-30'), 7), count(*), sum(repeat_days(past, '2024-06-18') - repeat_days(past, '2023-06-30'))::numeric(20, 6), round(sum(expected_purchases(purchases, past, '2023-06-30', '354 days'))::numeric, 6)
	FROM judged, elsewhere.own WHERE first_purchase(past) <= '2023-06-30' GROUP BY 1 ORDER BY 1$$, 'by frequency');
SELECT throws_ok(format('SELECT histories_query(%L)', q), s, m, m || ': ' || q) FROM (VALUES
	('SELECT 1', '42804', 'the query must have one column, of type purchase_history'), ('SELECT past, 1 FROM elsewhere.own', '42804', 'the query must have one column, of type purchase_history'),
	('SELECT past FROM elsewhere.own; SELECT 1', '42601', 'one SELECT is expected'), ('SELECT past INTO x FROM elsewhere.own', '42601', 'one SELECT is expected'),
	('SELECT future FROM elsewhere.own', '42703', 'column "future" does not exist'), ('SELECT past FROM elsewhere.own WHERE customer = $1', '42P02', 'there is no parameter $1'),
	('no base', '42704', 'there is no customer base "no base"')) AS v (q, s, m);
SELECT throws_ok($$SELECT * FROM holdout_test('WITH gone AS (DELETE FROM elsewhere.own RETURNING past) SELECT past FROM gone', '2023-06-30', '2024-06-18')$$, '42601', 'one SELECT is expected', 'a query that writes');
SELECT is((SELECT count(*) FROM elsewhere.own), 902::bigint, 'writes nothing');
SELECT throws_ok($$SELECT * FROM holdout_test('SELECT past FROM elsewhere.own', '2024-06-18', '2024-06-18')$$, '22023', 'the calibration cannot end on 2024-06-18 and the holdout on 2024-06-18', 'a holdout of no day');
SELECT throws_ok($$SELECT * FROM tracking_curve('SELECT past FROM elsewhere.own', purchase_model('nbd', NULL, 1, 1), '2024-06-18')$$, '22023', 'the model does not say in which unit its time is', 'a model without a unit');
SELECT results_eq($$SELECT t.period, t.period_end, t.actual_total, round(t.expected_total::numeric, 6) FROM judged, tracking_curve('SELECT past FROM elsewhere.own', purchases, '2023-06-30') AS t WHERE period IN (1, 20, 77) ORDER BY 1$$,
	$$SELECT p, s.first + 7 * p - 1, sum(repeat_days(past, s.first + 7 * p - 1)), round(sum(expected_purchases(purchases, observed_span(past, s.first + 7 * p - 1, 'week')))::numeric, 6)
	FROM judged, elsewhere.own, (SELECT min(first_purchase(past)) AS first FROM elsewhere.own) AS s, unnest('{1,20,77}'::int[]) AS p WHERE first_purchase(past) <= s.first + 7 * p - 1 GROUP BY 1, 2 ORDER BY 1$$, 'the tracking curve');
SELECT is_empty($$SELECT * FROM (SELECT t.*, sum(t.actual) OVER (ORDER BY t.period) AS a, sum(t.expected) OVER (ORDER BY t.period) AS e FROM judged, tracking_curve('SELECT past FROM elsewhere.own', purchases, '2024-06-18') AS t) AS t
	WHERE a <> actual_total OR abs(e - expected_total) > 1e-6$$, 'adds up');

-- Customers who are all alike in leaving: the data do not tell by which beta they differ, and NBD, which can be told, forecasts badly
CREATE TABLE elsewhere.alike AS
SELECT c, purchase_history(date '2022-01-01' + (200 * chance('alike ' || c) + passed)::int, 10) AS past
FROM (SELECT c, n, bool_and(n = 0 OR chance('stay ' || c || ' ' || n) > 0.15) OVER w AS stays,
		sum(CASE WHEN n = 0 THEN 0 ELSE -ln(chance('step ' || c || ' ' || n)) * -10 * ln(chance('pace ' || c)) END) OVER w AS passed
	FROM generate_series(1, 600) AS c, generate_series(0, 40) AS n WINDOW w AS (PARTITION BY c ORDER BY n)) AS o
WHERE stays AND passed < 700 GROUP BY c;
CREATE TEMP TABLE compared AS SELECT * FROM compare_models('SELECT past FROM elsewhere.alike', NULL, '2024-06-18', models => '{bgnbd,mbgnbd,nbd}');
SELECT results_eq('SELECT model, trust, recommended, chosen_by FROM compared ORDER BY 1', $$VALUES ('bgnbd', 'not_identified', false, NULL), ('mbgnbd', 'not_identified', false, 'default'), ('nbd', 'ok', false, NULL)$$, 'then nothing is recommended, and the better forecast is there by default');
SELECT results_eq('SELECT holdout_rmse * 1.05 < max(holdout_rmse) OVER () FROM compared ORDER BY holdout_rmse LIMIT 1', ARRAY[true], 'it is clearly better');
SELECT results_eq($$SELECT recommended, chosen_by FROM compare_models('SELECT past FROM elsewhere.alike', NULL, '2024-06-18', models => '{nbd}')$$, $$VALUES (true, 'holdout')$$, 'NBD is recommended where it is alone');

-- Value economics
SELECT results_eq('SELECT acquisition_cost(1000, 40), acquisition_cost(1000, 0), ltv_to_cac(300, 100), ltv_to_cac(300, 0), payback_months(100, 20), payback_months(100, 0), payback_months(100, -1)',
	'VALUES (25.0000000000000000, NULL::numeric, 3.0000000000000000, NULL::numeric, 5.0000000000000000, NULL::numeric, NULL::numeric)', 'cost, ratio, payback, and where there is none');
SELECT lives_ok($$SELECT * FROM fit_models('plain', '{mbgnbd}')$$, 'models again');
CREATE TABLE spent (month date, channel text, spend numeric, cents int);
INSERT INTO spent SELECT m::date, c, 500 + extract(month FROM m), 50000 FROM generate_series(timestamp '2022-01-01', '2022-06-01', '1 month') AS m, unnest('{web,radio}'::text[]) AS c;
INSERT INTO spent VALUES ('2020-01-01', 'early', 77, 7700);
CREATE TEMP VIEW economics AS
	SELECT s.month, s.spend, coalesce(c.n, 0) AS new_customers, s.spend / c.n AS cac, c.h, c.t
	FROM (SELECT month, sum(spend)::numeric(12, 2) AS spend FROM spent GROUP BY 1) AS s LEFT JOIN (SELECT date_trunc('month', first_purchase)::date AS month, count(*) AS n, avg(historic_value) AS h, avg(total_value) AS t
		FROM plain.customers WHERE first_purchase IS NOT NULL GROUP BY 1) AS c USING (month);
SELECT bag_eq($$SELECT month, spend, new_customers, cac, historic_value, ltv, ltv_to_cac FROM acquisition_economics('plain', 'spent')$$,
	'SELECT month, spend, new_customers, round(cac, 2) AS cac, round(h, 2) AS h, round(t, 2) AS t, round(t / cac, 2) AS r FROM economics', 'acquisition_economics: month by month');
SELECT bag_eq($$SELECT month, payback_months FROM acquisition_economics('plain', 'spent')$$,
	$$SELECT e.month, (SELECT min(m) FROM generate_series(1, 40) AS m WHERE e.cac <= (SELECT sum(0.4 * total(slice(h.history, '-infinity', least(ceil((c.first_purchase - date '2000-01-01') + m * 365.25 / 12)::int + date '2000-01-01', date '2024-06-19'))))
		FROM plain.customers AS c JOIN plain.histories AS h USING (customer) WHERE date_trunc('month', c.first_purchase) = e.month) / e.new_customers) AS payback FROM economics AS e$$, 'and the month in which the cost had come back');
SELECT results_eq($$SELECT month, spend FROM acquisition_economics('plain', 'spent', 'month + 3', 'CASE channel WHEN ''web'' THEN cents / 100.0 END') WHERE spend IS NOT NULL ORDER BY 1 LIMIT 1$$,
	$$VALUES (date '2022-01-01', 500.00)$$, 'day and amount may be expressions');
SELECT throws_ok($$SELECT * FROM acquisition_economics('plain', 'spending')$$, '42P01', 'option spend_table: there is no table "spending"', 'an unknown table');
SELECT throws_ok($$SELECT * FROM acquisition_economics('plain', 'spent', 'moth')$$, '42703', 'option spent_on: public.spent has no column "moth"', 'an unknown column');

-- The end
DROP VIEW refitted, economics;
SELECT lives_ok(format('SELECT drop_customer_base(%L)', base), 'dropped: ' || base) FROM customer_bases();
SELECT is_empty($$SELECT nspname FROM pg_namespace WHERE nspname IN ('plain', '50% "off"', 'few', 'short', 'owned')$$, 'nothing is left');
DROP OWNED BY models_owner, models_reader, models_nobody;
DROP ROLE models_owner, models_reader, models_nobody;
SELECT * FROM finish();
