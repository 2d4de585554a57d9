-- What the fuzz targets in the server ask: types and their values, aggregates and their states, and calls of every function.
\set ON_ERROR_STOP on
SET client_min_messages = error;
SET search_path = customer, public;
CREATE SCHEMA fuzz;

-- Customers to make values of.
CREATE TABLE fuzz.orders AS
SELECT c AS customer, date '2023-01-01' + (c * 37 + i * (5 + c % 90)) % 900 AS day, ((c * 7919 + i * 104729) % 100000)::numeric / 100 - CASE WHEN i % 9 = 8 THEN 900 ELSE 0 END AS amount
FROM generate_series(1, 60) AS c, generate_series(1, 1 + c % 17) AS i;
CREATE TABLE fuzz.histories AS SELECT customer, purchase_history(day, amount) AS h FROM fuzz.orders GROUP BY customer;

-- Values in text form; a type that is one of ours has its text and binary forms bent, too.
CREATE TABLE fuzz.pool (type oid, value text);
CREATE FUNCTION fuzz.add(a anyelement) RETURNS void LANGUAGE sql AS $$ INSERT INTO fuzz.pool VALUES (pg_typeof(a)::oid, a::text) $$;

SELECT fuzz.add(h) FROM fuzz.histories WHERE customer % 8 = 0;
SELECT fuzz.add(purchase_history(d, a)) FROM (VALUES (date '4713-01-01 BC', 0.000001), ('5874897-12-31', 99999999999999999), ('2024-01-01', 0)) AS v(d, a);
SELECT fuzz.add(purchase_history(date '2024-02-29', a)) FROM (VALUES (1.5), (-1.5), (NULL)) AS v(a);
SELECT fuzz.add(purchase_history(date '2020-01-01' + i, 10000000000000)) FROM generate_series(1, 300) AS i;
SELECT fuzz.add(as_of(h, '2000-01-01')) FROM fuzz.histories LIMIT 1;
SELECT fuzz.add(purchase_changes(day, CASE WHEN amount < 0 THEN -1 ELSE 1 END, amount, 0, 0)) FROM fuzz.orders GROUP BY customer HAVING customer % 20 = 0;
SELECT fuzz.add(v::rfm_score) FROM unnest('{111,555,345,999}'::text[]) AS v;
SELECT fuzz.add(rfm_breaks(customer, customer::bigint * 2, customer * 3.5, bins)) FROM fuzz.histories, unnest('{2,5,9}'::int[]) AS bins GROUP BY bins;
SELECT fuzz.add(proportion(s, t)) FROM (VALUES (0, 0), (1, 2), (0, 9223372036854775807), (500, 1000)) AS v(s, t);
SELECT fuzz.add(mean_tally(amount)) FROM fuzz.orders;
SELECT fuzz.add(mean_tally(v)) FROM unnest('{1e12,-1e-9,0}'::numeric[]) AS v;
SELECT fuzz.add(mean_tally(1));
SELECT fuzz.add(lifecycle_policy());
SELECT fuzz.add(v::lifecycle_policy) FROM unnest(ARRAY['grocery', 'b2b', 'retail, loyal_from 3, churned_days 180']) AS v;
SELECT fuzz.add(purchase_model(m, 'week', VARIADIC p::float8[])) FROM (VALUES ('bgnbd', '{0.243,4.414,0.793,2.426}'), ('mbgnbd', '{0.525,6.183,0.891,1.614}'),
	('pareto_nbd', '{0.553,10.58,0.606,11.67}'), ('nbd', '{0.385,12.07}')) AS v(m, p);
SELECT fuzz.add(with_regularity(purchase_model('bgnbd', 'day', VARIADIC '{0.243,4.414,0.793,2.426}'::float8[]), 3));
SELECT fuzz.add(purchase_model('bgbb', NULL, VARIADIC '{1.204,0.75,0.657,2.783}'::float8[]));
SELECT fuzz.add(purchase_model('pareto_nbd', 'year', VARIADIC '{1e-9,1e9,1e9,1e-9}'::float8[]));
SELECT fuzz.add(bgnbd_fit(h, '2026-01-01', 'week')) FROM fuzz.histories;
SELECT fuzz.add(pareto_nbd_fit(h, '2026-01-01', 'day', 0.1)) FROM fuzz.histories;
SELECT fuzz.add(spend_model('gamma_gamma', VARIADIC '{6.25,3.74,15.44}'::float8[]));
SELECT fuzz.add(gamma_gamma_fit(h, '2026-01-01')) FROM fuzz.histories;
SELECT fuzz.add(contract_model('sbg', VARIADIC '{0.668,3.806}'::float8[]));
SELECT fuzz.add(contract_model('bdw', VARIADIC '{0.26,1.72,1.58}'::float8[]));
SELECT fuzz.add(sbg_fit(i % 9 + 1, i % 3 = 0)) FROM generate_series(1, 90) AS i;
SELECT fuzz.add(satisfaction_drivers(1 + i % 5, ARRAY[i % 7, i * i % 5, i % 3])) FROM generate_series(1, 60) AS i;
SELECT fuzz.add(logistic_fit(ARRAY[i % 7, sin(i)], i * i % 11 < 4)) FROM generate_series(1, 80) AS i;
SELECT fuzz.add(logistic_model(VARIADIC '{1,2,-0.5}'::float8[]));
SELECT fuzz.add(shift_intercept(logistic_model(VARIADIC array_fill(0.1::float8, ARRAY[(SELECT cardinality(churn_feature_names())) + 1])), 0));
SELECT fuzz.add(survival_curve(1 + i % 13, i % 3 = 0)) FROM generate_series(1, 50) AS i;
SELECT fuzz.add(survival_curve(NULL, true));
SELECT fuzz.add(population_rhythm(h, '2026-01-01')) FROM fuzz.histories;
SELECT fuzz.add(population_rhythm(h, '2023-02-01')) FROM fuzz.histories;
SELECT fuzz.add(nps_tally(i % 11)) FROM generate_series(1, 30) AS i;
SELECT fuzz.add(nps_tally(10, 9223372036854775807));
SELECT fuzz.add(rating_tally(1 + i % 5)) FROM generate_series(1, 30) AS i;
SELECT fuzz.add(weighted_rating_tally(1 + i % 7, 0.25 * i)) FROM generate_series(1, 30) AS i;
SELECT fuzz.add(rating_tally(3, 9223372036854775807));
SELECT fuzz.add(range_retention_count(customer = 1, true, day, '{1,7}', 'month')) FROM fuzz.orders;
SELECT fuzz.add(period_totals(h, 'month', '2026-01-01', 'orders')) FROM fuzz.histories;
SELECT fuzz.add(churn_totals(h, 'month', '2026-01-01', lifecycle_policy())) FROM fuzz.histories;
SELECT fuzz.add(e) FROM unnest(enum_range(NULL::abc_class)) AS e;
SELECT fuzz.add(e) FROM unnest(enum_range(NULL::xyz_class)) AS e;
SELECT fuzz.add(e) FROM unnest(enum_range(NULL::lifecycle_stage)) AS e;
SELECT fuzz.add(e) FROM unnest(enum_range(NULL::prospect_stage)) AS e;
SELECT fuzz.add(e) FROM unnest(enum_range(NULL::satisfaction_level)) AS e;
SELECT fuzz.add(e) FROM unnest(enum_range(NULL::expectation_result)) AS e;

INSERT INTO fuzz.pool SELECT t::regtype, value FROM (VALUES
	('boolean', '{t,f}'),
	('smallint', '{0,1,5,10,11,-1,32767,-32768}'),
	('integer', '{0,1,2,3,5,9,10,30,365,-1,1000000,2147483647,-2147483648}'),
	('bigint', '{0,1,2,3,7,100,-1,4294967296,9223372036854775807,-9223372036854775808}'),
	('double precision', '{0,1,0.5,0.95,0.1,2,3,7,12.5,52,-1,1e-9,1e9,1e-310,5e-324,1e300,1.7976931348623157e308,NaN,Infinity,-Infinity,-0}'),
	('numeric', '{0,1,0.5,0.95,2,5,19.99,-3.5,1e-9,1e-30,1e12,123456789012345678901234567890,1e130,1e16000,NaN,Infinity,-Infinity}'),
	('date', '{2023-01-01,2023-06-30,2024-02-29,2024-12-31,2025-07-01,2026-01-01,0001-01-01 BC,4713-01-01 BC,5874897-12-31,-infinity,infinity}'),
	('timestamp', '{2023-01-01 12:00,2024-02-29 23:59:59.999999,4713-01-01 00:00:00 BC,294276-12-31 23:59:59.999999,-infinity,infinity}'),
	('timestamptz', '{2023-01-01 12:00+00,2024-02-29 23:59:59.999999+14,4713-01-02 00:00:00+00 BC,294276-12-30 23:59:59.999999+00,-infinity,infinity}'),
	('interval', '{1 day,90 days,1 year,1 month,0,-1 day,178000000 years,1 second,1 month -30 days,2147483647 days}'),
	('text', '{day,days,week,month,quarter,year,orders,en,zh,grid25,cn8,1..5,1..7,0..10,ok,low,medium,high,bgnbd,pareto_nbd,sbg,classic,default,5,10,0,-1,"","很满意","a''b\"c;--",%s%n,UTC,Asia/Shanghai,quantile,mean,mean_score,ntile,retail,grocery,nps,csat,ces,NaN,1e400}'),
	('uuid', '{00000000-0000-0000-0000-000000000000,ffffffff-ffff-ffff-ffff-ffffffffffff}'),
	('name', '{shop,"",x}'),
	('bytea', '{"",\\x00,\\xffffffff}'),
	('jsonb', '{"{}","[]","null","{\"name\": \"x\"}"}'),
	('regclass', '{fuzz.orders,fuzz.pool}'),
	('text[]', '{"{}","{a,b,c}","{NULL}","{{a},{b}}","{bgnbd,nbd}","[5:6]={x,y}"}'),
	('integer[]', '{"{}","{1,7,30}","{NULL,1}","{0,-1}","{{1,2},{3,4}}","{2147483647,-2147483648}","[-2147483648:-2147483647]={1,2}"}'),
	('bigint[]', '{"{}","{1,2,3,4}","{NULL}","{0,0,0,0,0,0}","{{1},{2}}","{9223372036854775807,9223372036854775807}"}'),
	('boolean[]', '{"{}","{t,f,t}","{NULL,t}","{{t},{f}}"}'),
	('double precision[]', '{"{}","{1}","{1,2}","{0.243,4.414,0.793,2.426}","{NULL,1,2}","{NaN,Infinity,1}","{{1,2},{3,4}}","{1e308,-1e308}","[7:8]={1,2}"}'),
	('numeric[]', '{"{}","{1,2,3}","{5,4,3,2}","{NULL}","{NaN,1}","{{1,2},{3,4}}","{0.8,0.95}","{1e200,2}"}')) AS v(t, a), unnest(a::text[]) AS value;

CREATE TABLE fuzz.types AS
SELECT DISTINCT type, typnamespace = 'customer'::regnamespace AND typtype = 'b' AND typcategory <> 'A' AS ours FROM fuzz.pool JOIN pg_type ON oid = type;

-- Calls: functions in FROM, aggregates of three rows, window functions over three rows.
CREATE TABLE fuzz.calls AS
WITH functions AS (
	SELECT p.oid, format('customer.%I', proname) AS name, prokind, pronargs, proretset, CASE WHEN provariadic <> 0 THEN pronargs END AS last_of_many, l.lanname, prorettype, proname,
		array(SELECT CASE t WHEN 'anyelement'::regtype THEN 'date'::regtype WHEN 'anycompatible'::regtype THEN 'integer'::regtype ELSE t END FROM unnest(proargtypes) WITH ORDINALITY AS a(t, i) ORDER BY i) AS types
	FROM pg_proc AS p JOIN pg_language AS l ON l.oid = prolang
	WHERE pronamespace = 'customer'::regnamespace AND prokind <> 'p' AND provolatile <> 'v'
		AND NOT EXISTS (SELECT FROM unnest(proargtypes) AS t WHERE t IN ('internal'::regtype, 'cstring'::regtype)) AND prorettype NOT IN ('internal'::regtype, 'cstring'::regtype, 'trigger'::regtype)
), rows AS (SELECT *, (SELECT string_agg(format('%sv%s', CASE WHEN i = last_of_many THEN 'VARIADIC ' END, i), ', ' ORDER BY i) FROM generate_series(1, pronargs) AS i) AS columns,
	(SELECT string_agg('(' || (SELECT string_agg(format('$%s', row * pronargs + i), ', ' ORDER BY i) FROM generate_series(1, pronargs) AS i) || ')', ', ') FROM generate_series(0, 2) AS row) AS three
	FROM functions)
SELECT CASE prokind
		WHEN 'f' THEN format('SELECT pg_catalog.count(r::text) FROM %s(%s) AS r', name, (SELECT string_agg(format('%s$%s', CASE WHEN i = last_of_many THEN 'VARIADIC ' END, i), ', ' ORDER BY i) FROM generate_series(1, pronargs) AS i))
		WHEN 'a' THEN format('SELECT a::text FROM (SELECT %s(%s) AS a FROM (VALUES %s) AS v(%s)) AS s', name, columns, three, replace(columns, 'VARIADIC ', ''))
		ELSE format('SELECT pg_catalog.count(w::text) FROM (SELECT %s(%s) OVER (ORDER BY v1) AS w FROM (VALUES %s) AS v(%s)) AS s', name, columns, three, replace(columns, 'VARIADIC ', '')) END AS statement,
	CASE WHEN prokind = 'f' AND lanname = 'c' AND NOT proretset AND prorettype <> 'record'::regtype THEN oid ELSE 0 END AS function,
	CASE WHEN prokind = 'f' THEN types ELSE types || types || types END::oid[] AS types
FROM rows;

-- Aggregates whose state is internal, and states of them: those of an aggregate that ends with the bytes for another worker.
CREATE TABLE fuzz.partials AS
SELECT p.oid, aggdeserialfn::oid AS deserialize, aggserialfn::oid AS serialize, aggcombinefn::oid AS combine, aggfinalfn::oid AS final, prorettype AS result,
	aggfinalextra AS extra, '{}'::bytea[] AS states, aggtransfn AS transition, a.rows
FROM (VALUES
	('period_totals(purchase_history,text,date,text)', $$h, 'month', '2026-01-01', 'orders'$$),
	('cohort_totals(purchase_history,text,date)', $$h, 'quarter', '2026-01-01'$$),
	('churn_totals(purchase_history,text,date,lifecycle_policy)', $$h, 'month', '2026-01-01', lifecycle_policy()$$),
	('range_retention_count(boolean,boolean,date,integer[],text)', $$customer % 2 = 0, customer % 3 > 0, last_purchase(h), '{1,7,30}', 'day'$$),
	('range_retention_sum(bigint[])', $$(SELECT range_retention_count(i = 1, i % 3 > 0, date '2024-01-01' + i * customer, '{1,7,30}', 'day') FROM generate_series(1, 9) AS i)$$),
	('rfm_breaks(integer,bigint,numeric,integer)', $$customer, orders(h), total(h), 5$$),
	('rfm_breaks(integer,bigint,numeric,integer,text)', $$customer, orders(h), total(h), 2, 'mean'$$),
	('rfm_totals(rfm_score,integer,bigint,numeric,numeric)', $$'543', customer, orders(h), total(h), 1.5$$),
	('pareto_share(numeric,double precision)', $$total(h), 0.2$$),
	('gini(double precision)', $$customer$$),
	('abc_breaks(numeric,numeric,numeric)', $$total(h), 0.8, 0.95$$),
	('crosstab_test(anyelement,anycompatible)', $$(customer % 3)::text, customer % 5$$),
	('crosstab_test(anyelement,anycompatible,bigint)', $$(customer % 3)::text, customer % 5, customer::bigint$$),
	('lifecycle_totals(purchase_history,date,lifecycle_policy)', $$h, '2025-01-01', lifecycle_policy()$$),
	('stage_totals(lifecycle_stage,numeric)', $$lifecycle_stage(h, '2025-01-01', lifecycle_policy()), total(h)$$),
	('bgnbd_fit(purchase_history,date,text)', $$h, '2026-01-01', 'week'$$),
	('pareto_nbd_fit(purchase_history,date,text,double precision)', $$h, '2026-01-01', 'week', 0.1$$),
	('bgcnbd_fit(purchase_history,date,text,integer)', $$h, '2026-01-01', 'week', 2$$),
	('bgbb_fit(double precision,double precision,double precision)', $$customer % 5, customer % 5, 6$$),
	('nbd_fit(purchase_history,date,text)', $$h, '2026-01-01', 'week'$$),
	('gamma_gamma_fit(purchase_history,date)', $$h, '2026-01-01'$$),
	('sbg_fit(integer,boolean)', $$1 + customer % 9, customer % 3 = 0$$),
	('bdw_fit(integer,boolean,bigint)', $$1 + customer % 9, customer % 3 = 0, customer::bigint$$),
	('satisfaction_drivers(numeric,numeric[])', $$customer % 5, ARRAY[customer % 7, customer % 3]::numeric[]$$),
	('rollup(driver_tally)', $$(SELECT satisfaction_drivers(i % 5, ARRAY[i % 7]) FROM generate_series(1, customer) AS i)$$),
	('auc(double precision,boolean)', $$sin(customer), customer % 3 = 0$$),
	('classification_test(double precision,boolean)', $$abs(sin(customer)), customer % 3 = 0$$),
	('calibration_table(double precision,boolean)', $$abs(sin(customer)), customer % 3 = 0$$),
	('logistic_fit(double precision[],boolean,double precision,double precision)', $$ARRAY[customer % 7, sin(customer)], customer % 4 = 0, 1, 0.5$$),
	('survival_curve(double precision,boolean)', $$customer, customer % 3 = 0$$),
	('rollup(survival_curve)', $$(SELECT survival_curve(i, true) FROM generate_series(1, customer) AS i)$$),
	('logrank(double precision,boolean,text)', $$customer, customer % 3 = 0, (customer % 2)::text$$),
	('population_rhythm(purchase_history,date)', $$h, '2026-01-01'$$),
	('rollup(population_rhythm)', $$(SELECT population_rhythm(o.h, '2026-01-01') FROM fuzz.histories AS o WHERE o.customer > histories.customer)$$),
	('nps_periods(date,integer,text)', $$first_purchase(h), customer % 11, 'month'$$)) AS a(aggregate, rows)
JOIN pg_proc AS p ON p.oid = a.aggregate::regprocedure JOIN pg_aggregate ON aggfnoid = p.oid;

DO $$
DECLARE
	partial record;
BEGIN
	FOR partial IN SELECT *, pg_get_function_identity_arguments(oid) AS arguments FROM fuzz.partials LOOP
		EXECUTE format('CREATE AGGREGATE fuzz.state (%s) (SFUNC = %s, STYPE = internal, FINALFUNC = %s)', partial.arguments, partial.transition, partial.serialize::regproc);
		EXECUTE format('UPDATE fuzz.partials SET states = (SELECT array_agg(state) FROM (SELECT fuzz.state(%s) AS state FROM fuzz.histories WHERE customer > 1 GROUP BY customer / 20) AS s) WHERE oid = %s',
			partial.rows, partial.oid);
		EXECUTE format('DROP AGGREGATE fuzz.state (%s)', partial.arguments);
	END LOOP;
END $$;
