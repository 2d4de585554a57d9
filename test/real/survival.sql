-- Survival curves and log-rank tests against the R package survival, on telecom customers and two classic sets.
CREATE EXTENSION IF NOT EXISTS pgtap;
SET client_min_messages = warning;
SELECT plan(12);

CREATE TABLE telco (customer_id text, gender text, senior int, partner text, dependents text, tenure int, phone text, lines text, internet text, security text, backup text,
	protection text, support text, tv text, movies text, contract text, paperless text, payment text, monthly float8, total text, churn text);
CREATE TABLE km (data text, t float8, n_risk int, surv float8, se float8, lo float8, hi float8, median text);
CREATE TABLE lr (data text, chisq float8);
\set load '\\copy telco FROM PROGRAM ''zcat ' :data '/telco_churn.csv.gz'' WITH (FORMAT csv, HEADER)'
:load
\set load '\\copy km FROM ' :reference '/survival_km.csv WITH (FORMAT csv, HEADER)'
:load
\set load '\\copy lr FROM ' :reference '/survival_logrank.csv WITH (FORMAT csv, HEADER)'
:load

-- Flies of two groups (D. Walton; bundled with the Python package lifelines): day, deaths, escaped
CREATE TABLE flies (grp text, day int, deaths int, escaped int);
INSERT INTO flies VALUES ('miR-137', 6, 1, 0), ('miR-137', 9, 3, 0), ('miR-137', 13, 3, 0), ('miR-137', 15, 2, 0), ('miR-137', 19, 3, 0), ('miR-137', 22, 4, 0), ('miR-137', 26, 5, 0),
	('miR-137', 29, 5, 0), ('miR-137', 33, 2, 0), ('miR-137', 36, 2, 0), ('miR-137', 43, 1, 0), ('miR-137', 47, 1, 0), ('miR-137', 62, 2, 0),
	('control', 7, 1, 1), ('control', 17, 1, 0), ('control', 32, 1, 0), ('control', 33, 1, 0), ('control', 38, 2, 0), ('control', 41, 7, 0), ('control', 45, 9, 1), ('control', 48, 8, 0),
	('control', 51, 3, 0), ('control', 53, 7, 0), ('control', 54, 2, 0), ('control', 56, 18, 0), ('control', 58, 4, 0), ('control', 60, 15, 1), ('control', 61, 9, 2), ('control', 63, 9, 0),
	('control', 66, 3, 0), ('control', 68, 9, 1), ('control', 69, 12, 1), ('control', 75, 1, 0);

-- Arrests in the 52 weeks after release of 432 people (Rossi, Berk and Lenihan 1980): week of each
CREATE TABLE arrests AS SELECT unnest(ARRAY[20, 17, 25, 23, 37, 25, 46, 28, 24, 50, 10, 20, 50, 6, 52, 49, 43, 5, 27, 22, 18, 24, 2, 26, 49, 21, 48, 8, 49, 8, 13, 8, 33, 11, 37, 44, 52,
	9, 17, 16, 3, 45, 28, 16, 15, 14, 7, 43, 46, 40, 14, 8, 25, 17, 37, 32, 12, 18, 14, 38, 24, 20, 32, 31, 20, 40, 42, 26, 47, 40, 21, 1, 43, 24, 11, 33, 46, 36, 18, 50, 34, 35, 39, 9, 34,
	44, 35, 30, 39, 19, 43, 48, 37, 20, 36, 30, 42, 26, 40, 35, 46, 49, 49, 35, 27, 52, 45, 4, 52, 36, 8, 15, 19, 12]) AS week;

CREATE TABLE durations AS
SELECT 'telco_tenure>0' AS data, tenure::float8 AS duration, churn = 'Yes' AS event FROM telco WHERE tenure > 0
UNION ALL SELECT 'waltons', day, i <= deaths FROM flies, generate_series(1, deaths + escaped) i
UNION ALL SELECT 'rossi', week, true FROM arrests
UNION ALL SELECT 'rossi', 52, false FROM generate_series(1, 432 - 114);
CREATE TABLE curves AS SELECT data, survival_curve(duration, event) AS curve FROM durations GROUP BY data;
SELECT results_eq('SELECT data, observations(curve) FROM curves ORDER BY data', $$VALUES ('rossi', 432::bigint), ('telco_tenure>0', 7032), ('waltons', 163)$$, 'all customers are there');

-- The row of the table at a time is the last one until then; who is at risk is counted before the first one from then on.
CREATE TABLE found AS
SELECT k.*, s.survival, s.std_error, s.low, s.high, r.at_risk FROM km k JOIN curves USING (data)
CROSS JOIN LATERAL (SELECT * FROM survival_table(curve) WHERE time <= t ORDER BY time DESC LIMIT 1) s
CROSS JOIN LATERAL (SELECT at_risk FROM survival_table(curve) WHERE time >= t ORDER BY time LIMIT 1) r;
SELECT is((SELECT count(*) FROM found), 20::bigint, 'twenty rows are compared');
SELECT is_empty('SELECT data, t, at_risk, n_risk FROM found WHERE at_risk <> n_risk', 'at risk');
SELECT cmp_ok((SELECT max(abs(survival / surv - 1)) FROM found), '<', 1e-13::float8, 'survival');
SELECT cmp_ok((SELECT max(abs(std_error / se - 1)) FROM found), '<', 1e-13::float8, 'Greenwood''s standard error');
SELECT cmp_ok((SELECT max(abs(low / lo - 1)) FROM found), '<', 1e-13::float8, 'the lower end of the interval');
SELECT cmp_ok((SELECT max(abs(high / hi - 1)) FROM found), '<', 1e-13::float8, 'and the upper one');
SELECT is_empty('SELECT data, t FROM found JOIN curves USING (data) WHERE survival(curve, t) <> found.survival', 'survival at a time is that of the table');
SELECT is_empty($$SELECT data, m.median, k.median FROM (SELECT DISTINCT data, nullif(median, 'NA')::float8 AS median FROM km) k JOIN curves USING (data), median_survival(curve) m WHERE m.median IS DISTINCT FROM k.median$$,
	'median life');
SELECT cmp_ok((SELECT abs((logrank(day, i <= deaths, grp)).chi_square / (SELECT chisq FROM lr WHERE data = 'waltons_by_group') - 1) FROM flies, generate_series(1, deaths + escaped) i), '<', 1e-12::float8, 'log-rank test of flies');
SELECT cmp_ok((SELECT abs((logrank(tenure, churn = 'Yes', contract)).chi_square / (SELECT chisq FROM lr WHERE data = 'telco_by_month_to_month') - 1)
	FROM (SELECT tenure, churn, (contract = 'Month-to-month')::text AS contract FROM telco WHERE tenure > 0) t), '<', 1e-12::float8, 'log-rank test of contracts');
SELECT is((SELECT (logrank(tenure, churn = 'Yes', contract)).df FROM telco), 2, 'three contracts have two degrees of freedom');
SELECT * FROM finish();
