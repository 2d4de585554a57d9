-- Properties of logistic regression, and of how well scores tell events from others
BEGIN;
SET LOCAL search_path = public, customer;
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT plan(36);

SELECT is_empty($$SELECT oid::regprocedure FROM pg_proc WHERE proname ~ '^(logistic|auc|brier|classification|calibration|event_counts|predict$|coefficients$)' AND NOT (provolatile = 'i' AND proparallel = 's')$$,
	'all functions are immutable and parallel safe');

-- Against fits in 40 digits: plain, with weights 1, 2, 3 and with a ridge of 2.5
CREATE TABLE customers AS
SELECT i AS id, (i * 37) % 101 AS a, (i * i) % 7 AS b, (i * 13) % 10 / 4.0 AS c, 1 + i % 3 AS w, ((i * 7919) % 1000) / 1000.0::float8 AS u FROM generate_series(1, 300) i;
ALTER TABLE customers ADD event boolean, ADD x float8[];
UPDATE customers SET x = ARRAY[a, b, c], event = u < 1 / (1 + exp(1 - 0.03 * a + 0.4 * b - 0.2 * c));
ANALYZE customers;
CREATE TABLE exact (fit text, feature int, estimate float8, std_error float8, log_likelihood float8);
INSERT INTO exact VALUES
	('plain', 0, -1.2646537300127786, 0.38096837278792823, -176.63699905657484),
	('plain', 1, 0.030588978053044794, 0.0048157275142308892, -176.63699905657484),
	('plain', 2, -0.38622600057694369, 0.094995515307580714, -176.63699905657484),
	('plain', 3, 0.30103719651108904, 0.18132182498851896, -176.63699905657484),
	('weighted', 0, -1.2854036705728705, 0.25105267926854984, -347.90880949252617),
	('weighted', 1, 0.0303823174352168, 0.0034144841349465387, -347.90880949252617),
	('weighted', 2, -0.40204299937745446, 0.067835070259722106, -347.90880949252617),
	('weighted', 3, 0.36545248601640793, 0.12769855229702401, -347.90880949252617),
	('ridge', 0, -1.1998970836771599, 0.37026291784494043, -176.71044494113255),
	('ridge', 1, 0.028970332900931663, 0.0046179284321853008, -176.71044494113255),
	('ridge', 2, -0.36385994826843699, 0.091617926376594976, -176.71044494113255),
	('ridge', 3, 0.27854989855038724, 0.17572928243226988, -176.71044494113255);
CREATE TABLE models AS SELECT 'plain' AS fit, logistic_fit(x, event) AS model FROM customers
	UNION ALL SELECT 'weighted', logistic_fit(x, event, w) FROM customers UNION ALL SELECT 'ridge', logistic_fit(x, event, 1, 2.5) FROM customers;
CREATE TABLE compared AS SELECT models.fit, c.estimate / e.estimate - 1 AS estimate, c.std_error / e.std_error - 1 AS std_error, log_likelihood(model) / e.log_likelihood - 1 AS log_likelihood
	FROM models, coefficients(model) c JOIN exact e USING (feature) WHERE e.fit = models.fit;
SELECT is((SELECT count(*) FROM compared), 12::bigint, 'twelve coefficients are compared');
SELECT cmp_ok((SELECT max(abs(estimate)) FROM compared), '<', 1e-12::float8, 'coefficients');
SELECT cmp_ok((SELECT max(abs(std_error)) FROM compared), '<', 1e-12::float8, 'standard errors');
SELECT cmp_ok((SELECT max(abs(log_likelihood)) FROM compared), '<', 1e-14::float8, 'log-likelihood');
SELECT is((SELECT string_agg(DISTINCT trust(model), ',') FROM models), 'ok', 'they can be trusted');

-- What must be so
SELECT cmp_ok((SELECT max(abs(s)) FROM (SELECT sum((event::int - predict(model, x)) * v) AS s FROM customers, models, unnest(array_prepend(1, x)) WITH ORDINALITY f (v, n) WHERE fit = 'plain' GROUP BY n) g), '<', 1e-9::float8,
	'at the maximum, residuals have nothing to do with any feature');
SELECT cmp_ok((SELECT abs(sum(CASE WHEN event THEN ln(predict(model, x)) ELSE ln(1 - predict(model, x)) END) / min(log_likelihood(model)) - 1) FROM customers, models WHERE fit = 'plain'), '<', 1e-13::float8, 'log-likelihood is that of the predictions');
SELECT cmp_ok((SELECT max(abs(c.z - c.estimate / c.std_error) + abs(c.odds_low / exp(c.estimate - 1.959963984540054 * c.std_error) - 1) + abs(c.odds_ratio / exp(c.estimate) - 1)) FROM models, coefficients(model) c), '<', 1e-14::float8, 'z and odds ratios');
SELECT cmp_ok((SELECT max(abs(c.estimate / d.estimate - 1) + abs(c.std_error / d.std_error - 1)) FROM coefficients((SELECT logistic_fit(x, event, w) FROM customers)) c
	JOIN coefficients((SELECT logistic_fit(x, event) FROM customers, generate_series(1, w))) d USING (feature)), '<', 1e-12::float8, 'a row of weight 3 is three rows');
SELECT cmp_ok((SELECT max(abs(c.estimate / 1000 / d.estimate - 1)) FROM coefficients((SELECT logistic_fit(ARRAY[x[1] / 1000 + 5000, x[2], x[3]], event) FROM customers)) c
	JOIN coefficients((SELECT logistic_fit(x, event) FROM customers)) d USING (feature) WHERE feature = 1), '<', 1e-8::float8, 'shifts and scales of a feature only change its unit');
SELECT cmp_ok((SELECT max(abs(predict(m, x || ARRAY[7, x[1] + x[2]]) / predict(p.model, x) - 1)) FROM customers, (SELECT logistic_fit(x || ARRAY[7, x[1] + x[2]], event) AS m FROM customers) s, models p WHERE fit = 'plain'), '<', 1e-11::float8,
	'collinear and constant features change no prediction');
SELECT results_eq($$SELECT feature, note FROM coefficients((SELECT logistic_fit(x || ARRAY[7, x[1] + x[2]], event) FROM customers)) WHERE note IS NOT NULL ORDER BY 1$$, $$VALUES (4, 'constant'), (5, 'collinear')$$, 'and are said');
SELECT results_eq($$SELECT trust(m), array_agg(c.feature) FILTER (WHERE note = 'separates') FROM (SELECT logistic_fit(x || ARRAY[CASE WHEN event THEN u ELSE 0 END, u], event) AS m FROM customers) s, coefficients(m) c GROUP BY 1$$,
	$$VALUES ('separation', ARRAY[4])$$, 'quasi-complete separation is said, with the feature');
SELECT results_eq($$SELECT trust(m), array_agg(c.feature) FILTER (WHERE note = 'separates') FROM (SELECT logistic_fit(x || ARRAY[event::int + 3 * (id % 7), id % 7], event) AS m FROM customers) s, coefficients(m) c GROUP BY 1$$,
	$$VALUES ('separation', ARRAY[4, 5])$$, 'complete separation by two features together, too');
SELECT is((SELECT trust(logistic_fit(x || (event <> (id % 40 = 3))::int::float8, event)) FROM customers), 'ok', 'nearly separated is not separated');
SELECT is((SELECT trust(logistic_fit(x || CASE WHEN event THEN 1 ELSE 0 END::float8, event, 1, 0.1)) FROM customers), 'ok', 'with a ridge there is a maximum');
SELECT is_empty($$SELECT k, trust(m), c.feature FROM (SELECT k, logistic_fit(x, event, k) AS m, logistic_fit(x, event) AS one FROM customers, unnest('{1e-100,1e-30,1e-10,1e10,1e30,1e100}'::float8[]) AS k GROUP BY k) s,
	LATERAL (SELECT a.feature, a.estimate / b.estimate - 1 AS off, a.std_error * sqrt(k) / b.std_error - 1 AS error_off FROM coefficients(m) a JOIN coefficients(one) b USING (feature)) c
	WHERE trust(m) <> 'ok' OR NOT (abs(off) < 1e-8 AND abs(error_off) < 1e-8 AND abs(auc(m) - auc(one)) < 1e-12)$$, 'how large weights are together does not matter');
SELECT is((SELECT trust(logistic_fit(x || array_fill(0, ARRAY[61])::float8[], event)) FROM customers), 'collinear', 'there can be 64 features');

-- Any order and workers
CREATE TABLE many AS SELECT c.id, ARRAY[a + i, b, c] AS x, event, w FROM customers c, generate_series(1, 40) i;
INSERT INTO many SELECT id, NULL, event, w FROM customers WHERE id < 20;
ANALYZE many;
CREATE TABLE serial AS SELECT logistic_fit(x, event)::text AS plain, logistic_fit(x, event, w / 7.0, 0.3)::text AS weighted, auc(x[1], event), brier(x[2] / 7, event), classification_test(x[3] / 3, event)::text AS test, calibration_table(x[1], event)::text AS bins FROM many;
SELECT results_eq($$SELECT logistic_fit(x, event ORDER BY random())::text, logistic_fit(x, event, w / 7.0, 0.3 ORDER BY random())::text, auc(x[1], event ORDER BY random()), brier(x[2] / 7, event ORDER BY random()),
	classification_test(x[3] / 3, event ORDER BY random())::text, calibration_table(x[1], event ORDER BY random())::text FROM many$$, 'SELECT * FROM serial', 'any order gives the same bits');
CREATE FUNCTION plan_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE line text; plan text := '';
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP plan := plan || line || E'\n'; END LOOP;
	RETURN plan;
END $$;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL max_parallel_workers_per_gather = 2;
SET LOCAL parallel_leader_participation = off;
SELECT matches(plan_of('SELECT logistic_fit(x, event), auc(x[1], event) FROM many'), 'Partial Aggregate', 'they run in parallel');
SELECT results_eq($$SELECT logistic_fit(x, event)::text, logistic_fit(x, event, w / 7.0, 0.3)::text, auc(x[1], event), brier(x[2] / 7, event), classification_test(x[3] / 3, event)::text, calibration_table(x[1], event)::text FROM many$$,
	'SELECT * FROM serial', 'parallel = serial');
SELECT is((SELECT logistic_fit(x, event)::text FROM many WHERE id < 0), NULL, 'workers without rows');
SELECT throws_ok('SELECT logistic_fit(CASE WHEN id = 17 THEN x[1:2] ELSE x END, event) FROM many', '2202E', 'rows have different numbers of features: 2 and 3', 'a length that differs is an error in any order');
SELECT throws_ok('SELECT logistic_fit(x, event, 1, CASE WHEN id = 17 THEN 1 ELSE 2 END) FROM many', '22023', 'ridge of logistic_fit must not change between rows: 1 and 2', 'so is a ridge that changes');
SET LOCAL max_parallel_workers_per_gather = 0;

-- Scores, in plain SQL
SELECT cmp_ok((SELECT abs(auc(a, event) - (SELECT avg(CASE WHEN e.a > o.a THEN 1.0 WHEN e.a = o.a THEN 0.5 ELSE 0 END) FROM customers e, customers o WHERE e.event AND NOT o.event)::float8) FROM customers), '<', 1e-15::float8,
	'auc counts pairs');
SELECT cmp_ok((SELECT abs(auc(a, event) + auc(-a, event) - 1) FROM customers), '<', 1e-15::float8, 'auc of scores turned round');
SELECT cmp_ok((SELECT abs(brier(u, event) / avg((u - event::int) ^ 2) - 1) FROM customers), '<', 1e-14::float8, 'brier is a mean square');
SELECT cmp_ok((SELECT abs((classification_test(u, event)).log_loss / -avg(CASE WHEN event THEN ln(u) ELSE ln(1 - u) END) - 1) FROM customers WHERE u > 0), '<', 1e-14::float8, 'log loss');
SELECT results_eq('SELECT b.decile, b.observations, b.events, b.lowest, b.highest FROM (SELECT calibration_table(u, event) AS t FROM customers) s, unnest(t) b ORDER BY 1',
	'SELECT decile, count(*), count(*) FILTER (WHERE event), min(u), max(u) FROM (SELECT *, ntile(10) OVER (ORDER BY u DESC) AS decile FROM customers) d GROUP BY 1 ORDER BY 1', 'tenths of distinct scores are those of ntile');
SELECT results_eq('SELECT sum(b.observations), sum(b.events) FROM (SELECT calibration_table(b, event) AS t FROM customers) s, unnest(t) b', 'SELECT 300::numeric, count(*) FILTER (WHERE event)::numeric FROM customers', 'no row is lost among ties');
SELECT cmp_ok((SELECT abs((classification_test(u, event)).precision_top_decile - (SELECT avg(event::int) FROM (SELECT event FROM customers ORDER BY u DESC LIMIT 30) t)::float8) FROM customers), '<', 1e-15::float8, 'precision of the top tenth');

-- The value
SELECT is((SELECT count(*) FROM models WHERE model::text::logistic_model::text = model::text AND model::jsonb::logistic_model::text = model::text), 3::bigint, 'models survive text and jsonb');
-- Crafted values: with any byte changed, a value is refused, or can be used
\set file '/tmp/pg_customer_pgtap.' :DBNAME
CREATE TABLE crafted (place int, bytes bytea, outcome text);
CREATE TABLE raw (bytes bytea);
CREATE TABLE received (v logistic_model);
CREATE FUNCTION craft(file text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	c record;
BEGIN
	FOR c IN SELECT * FROM crafted LOOP
		TRUNCATE raw, received;
		INSERT INTO raw VALUES (c.bytes);
		EXECUTE format('COPY raw TO %L (FORMAT binary)', file);
		BEGIN
			EXECUTE format('COPY received FROM %L (FORMAT binary)', file);
			PERFORM v::text, predict(v, ARRAY[1]), trust(v), aic(v), count(*) FROM received, coefficients(v) GROUP BY 1, 2, 3, 4;
			UPDATE crafted SET outcome = 'used' WHERE place = c.place;
		EXCEPTION WHEN OTHERS THEN
			UPDATE crafted SET outcome = sqlstate WHERE place = c.place;
		END;
	END LOOP;
END $$;
INSERT INTO crafted SELECT place, set_byte(bytes, place, get_byte(bytes, place) # (1 + place % 255)) FROM (SELECT logistic_model_send(logistic_fit(ARRAY[a], event)) AS bytes FROM customers) s, generate_series(0, octet_length(bytes) - 1) place;
INSERT INTO crafted SELECT -1, bytes FROM (SELECT logistic_model_send(logistic_fit(ARRAY[a], event)) AS bytes FROM customers) s;
INSERT INTO crafted SELECT -1 - part, substring(bytes, 1, part) FROM (SELECT logistic_model_send(logistic_fit(ARRAY[a], event)) AS bytes FROM customers) s, unnest(ARRAY[1, 2, 4, 20, 60]) part;
SELECT craft(:'file');
\! rm -f /tmp/pg_customer_pgtap.*
SELECT is((SELECT outcome FROM crafted WHERE place = -1), 'used', 'binary form: there and back');
SELECT is_empty($$SELECT * FROM crafted WHERE outcome NOT IN ('used', '22P03', '0A000', '08P01', '22P02', '22003')$$, 'crafted bytes are refused, or a value that can be used');
SELECT cmp_ok((SELECT count(*) FROM crafted WHERE outcome <> 'used'), '>', 10::bigint, 'many of them are refused');
SELECT * FROM finish();
ROLLBACK;
