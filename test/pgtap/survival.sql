-- Properties of survival curves and log-rank tests
BEGIN;
SET LOCAL search_path = public, customer;
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT plan(28);

SELECT is_empty($$SELECT oid::regprocedure FROM pg_proc WHERE proname ~ '^(survival|median_survival|logrank)' AND NOT (provolatile = 'i' AND proparallel = 's')$$, 'all functions are immutable and parallel safe');

CREATE TABLE customers AS SELECT i AS id, (i * 7919) % 83 AS life, (i * 31) % 3 > 0 AS gone, (i * i) % 4 AS grp FROM generate_series(1, 500) i;
ANALYZE customers;
CREATE TABLE curve AS SELECT survival_curve(life, gone) AS c FROM customers;

-- In plain SQL
CREATE TABLE plain AS
SELECT life, at_risk, d, z, exp(sum(ln(1 - d / at_risk::float8)) OVER (ORDER BY life)) AS survival, sum(d::float8 / at_risk / (at_risk - d)) OVER (ORDER BY life) AS hazard_variance
FROM (SELECT life, count(*) FILTER (WHERE gone) AS d, count(*) FILTER (WHERE NOT gone) AS z, sum(count(*)) OVER (ORDER BY life DESC) AS at_risk FROM customers GROUP BY life) t WHERE d < at_risk;
SELECT is_empty('SELECT time, at_risk, events, censored FROM curve, survival_table(c) WHERE time < 82 EXCEPT SELECT life, at_risk, d, z FROM plain', 'who is at risk');
SELECT cmp_ok((SELECT max(abs(s.survival / p.survival - 1)) FROM curve, survival_table(c) s JOIN plain p ON p.life = s.time), '<', 1e-12::float8, 'survival is a product of shares');
SELECT cmp_ok((SELECT max(abs(s.std_error / (p.survival * sqrt(hazard_variance)) - 1)) FROM curve, survival_table(c) s JOIN plain p ON p.life = s.time WHERE hazard_variance > 0), '<', 1e-12::float8, 'Greenwood''s error');
SELECT cmp_ok((SELECT max(abs(ln(-ln(s.low)) - ln(-ln(s.survival)) + 1.6448536269514722 * sqrt(hazard_variance) / ln(s.survival)) + abs(ln(-ln(s.high)) - ln(-ln(s.survival)) - 1.6448536269514722 * sqrt(hazard_variance) / ln(s.survival)))
	FROM curve, survival_table(c, 0.9) s JOIN plain p ON p.life = s.time WHERE hazard_variance > 0), '<', 1e-9::float8, 'intervals are symmetric in log(-log)');
SELECT is_empty('SELECT * FROM curve, survival_table(c) WHERE NOT (0 <= low AND low <= survival AND survival <= high AND high <= 1)', 'and within 0 and 1');
SELECT is_empty('SELECT * FROM curve, survival_table(c) s WHERE survival(c, time) <> survival', 'survival at a time is that of the table');
SELECT is_empty('(SELECT period, at_risk, events, censored, survival, std_error, low, high FROM curve, survival_periods(c, 1, 0.9) WHERE events + censored > 0) EXCEPT (SELECT time::int, at_risk, events, censored, survival, std_error, low, high FROM curve, survival_table(c, 0.9))', 'periods of one unit are the rows of the table');
SELECT is((SELECT count(*) FROM curve, survival_periods(c, 0.25)), 82 * 4 + 1::bigint, 'and there is one for every period until the last duration');
SELECT is_empty('SELECT * FROM curve, survival_periods(c, 7.5) AS p WHERE survival <> (SELECT min(t.survival) FROM survival_table(c) AS t WHERE t.time < 7.5 * (p.period + 1))
	OR (at_risk, events, censored) <> (SELECT count(*) FILTER (WHERE life >= 7.5 * p.period), count(*) FILTER (WHERE gone AND life >= 7.5 * p.period AND life < 7.5 * (p.period + 1)),
		count(*) FILTER (WHERE NOT gone AND life >= 7.5 * p.period AND life < 7.5 * (p.period + 1)) FROM customers)', 'periods count customers, and end with the curve of the table');
SELECT is((SELECT median FROM curve, median_survival(c)), (SELECT min(time) FROM curve, survival_table(c) WHERE survival <= 0.5), 'the median is where the curve comes to a half');
SELECT is((SELECT ARRAY[low, high] FROM curve, median_survival(c)), (SELECT ARRAY[min(time) FILTER (WHERE low <= 0.5), min(time) FILTER (WHERE high <= 0.5)] FROM curve, survival_table(c)), 'and so are the ends of its interval');
SELECT cmp_ok((SELECT abs(survival(survival_curve(life, true), 40) / avg((life > 40)::int)::float8 - 1) FROM customers), '<', 1e-14::float8, 'without censoring it is the share that stayed longer');

-- Log-rank: of two groups by its formula, of equal groups, of groups with names changed
SELECT cmp_ok((WITH t AS (SELECT life, count(*) FILTER (WHERE gone) AS d, count(*) FILTER (WHERE gone AND grp = 1) AS d1, sum(count(*)) OVER (ORDER BY life DESC) AS n, sum(count(*) FILTER (WHERE grp = 1)) OVER (ORDER BY life DESC) AS n1 FROM customers GROUP BY life)
	SELECT abs((SELECT (logrank(life, gone, (grp = 1)::text)).chi_square FROM customers) / (sum(d1 - d * n1 / n::float8) ^ 2 / sum(d * (n1 / n::float8) * (1 - n1 / n::float8) * (n - d) / nullif(n - 1, 0))) - 1) FROM t), '<', 1e-12::float8, 'of two groups');
SELECT cmp_ok((SELECT (logrank(life, gone, g::text)).chi_square FROM customers, generate_series(1, 3) g), '<', 1e-20::float8, 'equal groups do not differ');
SELECT cmp_ok((SELECT abs((logrank(life, gone, grp::text)).chi_square / (logrank(life, gone, (9 - grp)::text)).chi_square - 1) FROM customers), '<', 1e-12::float8, 'names of groups do not matter');
SELECT is((SELECT (logrank(life, gone, grp::text)).df FROM customers), (SELECT count(DISTINCT grp)::int - 1 FROM customers), 'degrees of freedom');

-- Parts, any order and workers
SELECT is((SELECT rollup(c)::text FROM (SELECT survival_curve(life, gone) AS c FROM customers GROUP BY grp) s), (SELECT c::text FROM curve), 'parts add up');
SELECT is((SELECT (survival_curve(life, gone) FILTER (WHERE id < 100) + survival_curve(life, gone) FILTER (WHERE id >= 100))::text FROM customers), (SELECT c::text FROM curve), 'so do two of them');
SELECT is((SELECT survival_curve(life, gone ORDER BY random())::text FROM customers), (SELECT c::text FROM curve), 'in any order');
SELECT is((SELECT c::text::survival_curve::jsonb::survival_curve::text FROM curve), (SELECT c::text FROM curve), 'it survives text and jsonb');
CREATE TABLE many AS SELECT id, CASE WHEN i = 3 AND id < 9 THEN NULL ELSE life * sqrt(i) END AS life, gone, grp FROM customers, generate_series(1, 30) i;
ANALYZE many;
CREATE TABLE serial AS SELECT survival_curve(life, gone)::text AS c, logrank(life, gone, grp::text)::text AS t FROM many;
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
SELECT matches(plan_of('SELECT survival_curve(life, gone), logrank(life, gone, grp::text) FROM many'), 'Partial Aggregate', 'they run in parallel');
SELECT results_eq('SELECT survival_curve(life, gone)::text, logrank(life, gone, grp::text)::text FROM many', 'SELECT * FROM serial', 'parallel = serial');
SELECT is((SELECT survival_curve(life, gone)::text FROM many WHERE id < 0), NULL, 'workers without rows');
SELECT throws_ok('SELECT survival_curve(life - 1, gone) FROM many', '22003', 'a duration must be a finite number from 0, not -1', 'an error in a worker');
SET LOCAL max_parallel_workers_per_gather = 0;
-- Crafted values: with any byte changed, a value is refused, or can be used
\set file '/tmp/pg_customer_pgtap.' :DBNAME
CREATE TABLE crafted (place int, bytes bytea, outcome text);
CREATE TABLE raw (bytes bytea);
CREATE TABLE received (v survival_curve);
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
			PERFORM (v + v)::text, median_survival(v), survival(v, 3), observations(v), count(*), (SELECT count(*) FROM survival_periods(v, 1.7e308)) FROM received, survival_table(v) GROUP BY 1, 2, 3, 4, 6;
			UPDATE crafted SET outcome = 'used' WHERE place = c.place;
		EXCEPTION WHEN OTHERS THEN
			UPDATE crafted SET outcome = sqlstate WHERE place = c.place;
		END;
	END LOOP;
END $$;
INSERT INTO crafted SELECT place, set_byte(bytes, place, get_byte(bytes, place) # (1 + place % 255)) FROM (SELECT survival_curve_send(survival_curve(life, gone)) AS bytes FROM customers WHERE life < 4) s, generate_series(0, octet_length(bytes) - 1) place;
INSERT INTO crafted SELECT -1, bytes FROM (SELECT survival_curve_send(survival_curve(life, gone)) AS bytes FROM customers WHERE life < 4) s;
INSERT INTO crafted SELECT -1 - part, substring(bytes, 1, part) FROM (SELECT survival_curve_send(survival_curve(life, gone)) AS bytes FROM customers WHERE life < 4) s, unnest(ARRAY[1, 2, 4, 20, 60]) part;
SELECT craft(:'file');
\! rm -f /tmp/pg_customer_pgtap.*
SELECT is((SELECT outcome FROM crafted WHERE place = -1), 'used', 'binary form: there and back');
SELECT is_empty($$SELECT * FROM crafted WHERE outcome NOT IN ('used', '22P03', '0A000', '08P01', '22P02', '22003')$$, 'crafted bytes are refused, or a value that can be used');
SELECT cmp_ok((SELECT count(*) FROM crafted WHERE outcome <> 'used'), '>', 10::bigint, 'many of them are refused');
SELECT * FROM finish();
ROLLBACK;
