-- Churn: properties of risks, signals and features on random histories, rhythms in parts and in parallel, and what a base makes of them
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
SET client_min_messages = warning;
SELECT plan(33);
SELECT setseed(0.42);

CREATE TABLE people AS
SELECT c, coalesce(purchase_history(d, a) FILTER (WHERE d IS NOT NULL), '{}') AS h
FROM generate_series(1, 2000) AS c LEFT JOIN LATERAL (
	SELECT date '2022-01-01' + (random() * 200)::int + sum((random() * random() * (ARRAY[3, 12, 40, 120, 500])[c % 5 + 1])::int) OVER (ORDER BY i)::int AS d,
		CASE WHEN random() < 0.1 OR c % 29 = 0 THEN -1 ELSE 1 END * (random() * 100)::numeric(6, 2) AS a
	FROM generate_series(1, c % 23) AS i) AS orders ON true
GROUP BY c;
ANALYZE people;
CREATE TABLE rhythm AS SELECT population_rhythm(h, '2023-06-30') AS r FROM people;

-- The rhythm against plain SQL
CREATE TEMP TABLE gaps AS
SELECT c, day, day - lag(day) OVER (PARTITION BY c ORDER BY day) AS gap, date '2023-06-30' - max(day) OVER (PARTITION BY c) AS silence
FROM people, days(h) WHERE orders > 0 AND day <= '2023-06-30';
SELECT is((p).customers, (SELECT count(DISTINCT c) FROM gaps), 'customers') FROM (SELECT rhythm_parameters(r) AS p FROM rhythm) AS p;
SELECT is((p).gaps, (SELECT count(gap) FROM gaps), 'gaps') FROM (SELECT rhythm_parameters(r) AS p FROM rhythm) AS p;
SELECT is((p).rhythmic, (SELECT count(*) FROM (SELECT FROM gaps GROUP BY c HAVING count(gap) >= 2) AS s), 'rhythmic customers') FROM (SELECT rhythm_parameters(r) AS p FROM rhythm) AS p;
SELECT ok(abs((p).k / (m * m / v) - 1) < 1e-9 AND abs((p).theta / (m / v) - 1) < 1e-9, 'k and theta: mean and variance of the rates')
FROM (SELECT rhythm_parameters(r) AS p FROM rhythm) AS p, (SELECT avg(rate) AS m, var_pop(rate) AS v FROM (SELECT (count(gap) - 1)::float8 / sum(gap) AS rate FROM gaps GROUP BY c HAVING count(gap) >= 2) AS g) AS s;
SELECT results_eq('SELECT days, gaps, silences FROM rhythm, rhythm_curve(r) WHERE days < 64', $$SELECT d::int8, count(*) FILTER (WHERE ended), count(*) FILTER (WHERE NOT ended)
	FROM (SELECT gap AS d, true AS ended FROM gaps WHERE gap IS NOT NULL UNION ALL SELECT DISTINCT ON (c) silence, false FROM gaps) AS s WHERE d < 64 GROUP BY d ORDER BY d$$, 'the counts, day by day');
SELECT ok(bool_and(abs(survival - product) < 1e-12), 'Kaplan-Meier') FROM (SELECT survival, exp(sum(ln(1 - gaps::float8 / at_risk)) OVER (ORDER BY days)) AS product FROM rhythm, rhythm_curve(r)) AS s;
SELECT is((SELECT rollup(r)::text FROM (SELECT population_rhythm(h, '2023-06-30') AS r FROM people GROUP BY c % 7) AS g), r::text, 'parts roll up') FROM rhythm;
SELECT is((SELECT population_rhythm(h, '2023-06-30')::text FROM (SELECT h FROM people ORDER BY random()) AS s), r::text, 'in any order') FROM rhythm;
SELECT is(r::text::population_rhythm::text, r::text, 'the text reads back') FROM rhythm;
SELECT is(r::jsonb::population_rhythm::jsonb, r::jsonb, 'so does jsonb') FROM rhythm;
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
SELECT is((SELECT population_rhythm(h, '2023-06-30')::text FROM people), r::text, 'by workers') FROM rhythm;
RESET parallel_setup_cost; RESET parallel_tuple_cost; RESET min_parallel_table_scan_size;

CREATE FUNCTION memory_of_contexts() RETURNS bigint LANGUAGE sql VOLATILE AS 'SELECT sum(total_bytes)::bigint FROM pg_backend_memory_contexts';
-- Forecasts of one statement leave nothing in memory, of its beginning or of its end
SELECT ok(max(bytes) - min(bytes) < 500000 AND count(latest) > 6000 AND count(bytes) = 24, 'next_purchase keeps nothing')
FROM (SELECT (next_purchase(h, '2023-06-30', r)).latest, CASE WHEN c % 500 = 11 THEN memory_of_contexts() END AS bytes
	FROM generate_series(1, 6) AS i, people, rhythm OFFSET 0) AS s;

-- Risks
SELECT is_empty($$SELECT * FROM (SELECT c, d, churn_risk(h, '2023-06-30'::date + d, r, '90 days') AS risk, lag(churn_risk(h, '2023-06-30'::date + d, r, '90 days')) OVER (PARTITION BY c ORDER BY d) AS before
	FROM people, rhythm, generate_series(0, 400, 40) AS d WHERE last_purchase(h) <= '2023-06-30' AND c % 10 = 0) AS s WHERE risk < before OR risk NOT BETWEEN 0 AND 1$$, 'silence only adds to the risk');
SELECT is_empty($$SELECT c FROM people, rhythm WHERE (churn_risk(h, '2023-06-30', r) IS NULL) <> (first_purchase(h) > '2023-06-30' OR first_purchase(h) IS NULL)$$, 'there is one from the first purchase on');
SELECT is_empty($$SELECT c FROM people, rhythm WHERE churn_risk(h, '2023-06-30', r, '30 days') < churn_risk(h, '2023-06-30', r, '90 days')$$, 'a longer horizon lowers it');
SELECT is_empty($$SELECT c FROM people, rhythm, next_purchase(h, '2023-06-30', r) AS n WHERE NOT (n.earliest > '2023-06-30' AND n.earliest <= n.next_purchase AND n.next_purchase <= n.latest)$$, 'the interval holds the next purchase');
SELECT is_empty($$SELECT c FROM people, rhythm WHERE churn_risk(h, '2023-06-30', r) <> churn_risk(as_of(h, '2023-06-30'), '2023-06-30', r) OR churn_features(h, '2023-06-30') <> churn_features(as_of(h, '2023-06-30'), '2023-06-30')
	OR churn_reasons(h, '2023-06-30') <> churn_reasons(as_of(h, '2023-06-30'), '2023-06-30')$$, 'nothing after as_of counts');
SELECT is_empty($$SELECT c FROM people, unnest(churn_features(h, '2023-06-30')) AS f WHERE NOT (f > '-infinity' AND f < 'infinity')$$, 'features are finite');
SELECT is((SELECT DISTINCT cardinality(churn_features(h, '2023-06-30')) FROM people WHERE first_purchase(h) <= '2023-06-30'), cardinality(churn_feature_names()), 'each has a name');
SELECT is_empty($$SELECT c FROM people WHERE first_purchase(h) <= '2023-06-30' AND cardinality(churn_reasons(h, '2023-06-30', 40)) <> (SELECT count(*) FILTER (WHERE raised) FROM churn_signals(h, '2023-06-30', 40))$$, 'a reason for each signal that is raised');

-- z and CUSUM of the gaps, by hand
SELECT ok(bool_and(abs(measure - z) < 1e-9), 'the z-score of the gaps') FROM (SELECT s.measure,
		(avg(g) FILTER (WHERE n > of - 3) - avg(g) FILTER (WHERE n <= of - 3)) / (greatest(sqrt((var_pop(g) FILTER (WHERE n > of - 3) * 3 + var_pop(g) FILTER (WHERE n <= of - 3) * (of - 3)) / (of - 2)), 0.01) * sqrt(1.0 / 3 + 1.0 / (of - 3))) AS z
	FROM people, churn_signals(h, '2024-12-31') AS s, LATERAL (SELECT ln(1 + gap)::float8 AS g, row_number() OVER (ORDER BY day) AS n, count(*) OVER () AS of
		FROM (SELECT day, day - lag(day) OVER (ORDER BY day) AS gap FROM days(h) WHERE orders > 0 AND day <= '2024-12-31') AS d WHERE gap IS NOT NULL) AS g
	WHERE s.signal = 'orders_thinning' AND s.measure IS NOT NULL AND c % 20 = 3 GROUP BY c, s.measure, of) AS t;

-- A base
CREATE TABLE orders AS SELECT c AS customer_id, day::timestamp AS ordered_at, CASE WHEN gross > 0 THEN gross ELSE -refunded END AS total FROM people, days(h) WHERE day <= '2023-06-30';
CREATE TABLE customers_table AS SELECT c AS id, CASE WHEN c % 3 = 0 THEN 'web' ELSE 'shop' END AS channel, c AS size, c % 2 = 0 AS purchases, c % 3 * '5'::money AS credit FROM people;
SELECT ok(count(*) > 0, 'a base') FROM create_customer_base('churned', 'orders', 'customer_id', 'ordered_at', 'total', as_of => '2023-06-30', time_zone => 'UTC',
	customers => 'customers_table', customers_key => 'id', attributes => '{channel,size,purchases,credit}');
SELECT is_empty($$SELECT * FROM churned.churn_risk AS v JOIN churned.histories AS h USING (customer), churned.churn_model AS m
	WHERE v.method <> 'own_rhythm' OR v.risk IS DISTINCT FROM churn_risk(h.history, '2023-06-30', m.rhythm) OR v.band <> churn_band(v.risk)$$, 'without a fit the risk is that of the own rhythm');
SELECT is((SELECT rhythm::text FROM churned.churn_model), (SELECT population_rhythm(history, '2023-06-30')::text FROM churned.histories), 'its rhythm is that of its customers');
SELECT ok(count(*) > 0, 'models are fitted') FROM fit_models('churned', '{nbd}');
SELECT is((SELECT logistic::text FROM churned.churn_model), (SELECT model::text FROM churn_fit('churned', '2023-06-30')), 'fit_models stores the regression of churn_fit');
SELECT is_empty($$SELECT * FROM churned.churn_risk AS v JOIN churned.histories AS h USING (customer), churned.churn_model AS m
	WHERE v.method <> 'logistic' OR v.risk IS DISTINCT FROM churn_risk(m.logistic, h.history, '2023-06-30') OR v.revenue_at_risk <> round(revenue_at_risk(v.expected_value, v.risk), 2) AND abs(v.revenue_at_risk - revenue_at_risk(v.expected_value, v.risk)) > 0.011$$, 'the view has it');
SELECT is_empty($$SELECT * FROM churned.customers AS c LEFT JOIN churned.churn_risk AS v USING (customer)
	WHERE (c.churn_risk, c.churn_band, c.churn_band_rank, c.revenue_at_risk) IS DISTINCT FROM (v.risk, v.band, v.band_rank, v.revenue_at_risk)$$, 'so have the customers');
SELECT is_empty($$SELECT * FROM churned.at_risk_customers AS c JOIN churned.churn_risk AS v USING (customer)
	WHERE (c.churn_risk, c.reasons, c.revenue_at_risk) IS DISTINCT FROM (v.risk, v.reasons, v.revenue_at_risk)$$, 'and those at risk');
SELECT is((SELECT sum(customers) FROM churn_attributes('churned', '2023-03-31') WHERE attribute = 'channel'), (SELECT count(*)::numeric FROM churned.histories WHERE first_purchase(history) <= '2023-03-31'), 'attributes of the customers table');
SELECT results_eq($$SELECT value, churned FROM churn_attributes('churned', '2023-03-31') WHERE attribute = 'channel' ORDER BY value$$,
	$$SELECT channel, count(*) FILTER (WHERE days_since_last(history, date '2023-03-31' + 90) >= 90) FROM churned.histories JOIN customers_table ON id = customer WHERE first_purchase(history) <= '2023-03-31' GROUP BY channel ORDER BY channel$$, 'and who left');
SELECT is_empty($$SELECT attribute FROM churn_attributes('churned', '2023-03-31') GROUP BY attribute HAVING sum(customers) <> (SELECT count(*) FROM churned.histories WHERE first_purchase(history) <= '2023-03-31')$$, 'each attribute has each customer once');
SELECT is((SELECT count(*) FROM churn_attributes('churned', '2023-03-31') WHERE attribute = 'size'), 4::bigint, 'numbers in quarters');
SELECT * FROM finish();
ROLLBACK;
