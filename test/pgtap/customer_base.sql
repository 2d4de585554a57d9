-- Properties of customer bases, against the same computed in plain SQL
BEGIN;
SET LOCAL search_path = public, customer;
SET LOCAL client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT plan(48);

-- What the functions promise
SELECT is_empty($$
	SELECT oid::regprocedure FROM pg_proc WHERE proname ~ '^base_(expression|amount_problem|template|rows|groups|columns|quality_texts)$'
		AND NOT (provolatile IN ('i', 's') AND proparallel = 's') $$,
	'what only computes is parallel safe and not volatile');
SELECT is_empty($$
	SELECT oid::regprocedure FROM pg_proc WHERE proname IN ('create_customer_base', 'refresh_customer_base', 'verify_customer_base',
		'drop_customer_base', 'grant_reader', 'revoke_reader') AND NOT (provolatile = 'v' AND proparallel = 'u') $$,
	'what acts on a base is volatile and parallel unsafe');
SELECT is_empty($$
	SELECT p.oid::regprocedure FROM pg_proc AS p JOIN pg_language AS l ON l.oid = prolang
	WHERE lanname = 'plpgsql' AND (proname ~ '^base_' AND prokind <> 'p' OR proname = 'customer_bases')
		AND 'search_path=pg_catalog, pg_temp' <> ALL (coalesce(proconfig, '{}')) $$,
	'PL/pgSQL that does not commit has its search path pinned');
SELECT is_empty($$
	SELECT oid::regprocedure FROM pg_proc WHERE prosecdef AND proname ~ 'base|reader' AND pronamespace = 'customer'::regnamespace $$,
	'nothing runs with its owner''s rights');

-- Templates: values are never taken for parts of the template
SELECT is(base_template('{a} {''a''} [[a:x]][[!a:y]][[b:x]][[!b:y]] {key} {m.key} {tenant,}{g=m}', '{"a": "{b}''[[c:", "customer_equal": "="}'),
	'{b}''[[c: ''{b}''''[[c:'' xy customer m.customer g.customer = m.customer', 'a template without tenants');
SELECT is(base_template('{key} {m.key} {tenant,}{m.tenant,}{g=m}', '{"customer_equal": "=", "tenant_equal": "==", "tenant_sql": "t"}'),
	'tenant, customer m.tenant, m.customer tenant, m.tenant, g.customer = m.customer AND g.tenant == m.tenant', 'a template with tenants');

-- 3,000 customers, four years, refunds, unknown amounts, guests, some times at night
CREATE TABLE sold (id bigint, customer int, ordered_at timestamptz, amount numeric(12,2), country text);
INSERT INTO sold
SELECT i, CASE WHEN h1 % 30 = 0 THEN NULL ELSE (h1 % 3000) * (h2 % 3000) / 3000 END, '2020-01-01 00:00+00'::timestamptz + (h2 % 35000) * interval '1 hour',
	CASE WHEN h3 % 50 = 0 THEN NULL WHEN h3 % 9 = 0 THEN -(h3 % 5000) / 100.0 ELSE (h3 % 20000) / 100.0 END, CASE h1 % 3 WHEN 0 THEN 'de' ELSE 'cn' END
FROM (SELECT i, abs(hashint8extended(i, 1) % 1000000) AS h1, abs(hashint8extended(i, 2) % 1000000) AS h2, abs(hashint8extended(i, 3) % 1000000) AS h3
	FROM generate_series(1, 20000) AS i) AS h;
ANALYZE sold;
SELECT lives_ok($$ SELECT * FROM create_customer_base('props', 'sold', 'customer', 'ordered_at', 'amount', time_zone => 'Asia/Shanghai', as_of => 'last_purchase') $$,
	'a base is made');
CREATE VIEW kept AS SELECT *, (ordered_at AT TIME ZONE 'Asia/Shanghai')::date AS day FROM sold WHERE customer IS NOT NULL;

SELECT set_eq('SELECT customer, history FROM props.histories', 'SELECT customer, purchase_history(day, amount) AS history FROM kept GROUP BY customer',
	'histories are those of the aggregate');
SELECT is(props.as_of(), (SELECT max(day) FROM kept), 'last_purchase is the last day in the data');
SELECT set_eq('SELECT customer, orders, refunds, total, first_purchase, last_purchase, days_since_last FROM props.customers', $$
	SELECT customer, count(*) FILTER (WHERE amount >= 0 OR amount IS NULL) AS orders, count(*) FILTER (WHERE amount < 0) AS refunds,
		coalesce(sum(amount), 0) AS total, min(day) FILTER (WHERE amount >= 0 OR amount IS NULL) AS first,
		max(day) FILTER (WHERE amount >= 0 OR amount IS NULL) AS last,
		props.as_of() - max(day) FILTER (WHERE amount >= 0 OR amount IS NULL) AS days FROM kept GROUP BY customer $$,
	'customers has the measures of plain SQL');

-- Scores by stored cut points are those of the window functions, today and on a day long past
CREATE FUNCTION plain_scores(upto date) RETURNS TABLE (customer int, rfm text, abc text) LANGUAGE sql AS $$
	SELECT customer, rfm_score(upto - last, orders, total) OVER ()::text, abc_class(total) OVER ()::text
	FROM (SELECT customer, max(day) FILTER (WHERE amount >= 0 OR amount IS NULL) AS last, count(*) FILTER (WHERE amount >= 0 OR amount IS NULL) AS orders,
			coalesce(sum(amount), 0) AS total FROM kept WHERE day <= upto GROUP BY customer) AS m
	WHERE last IS NOT NULL $$;
SELECT set_eq('SELECT customer, rfm, abc_class FROM props.customers WHERE rfm IS NOT NULL', 'SELECT * FROM plain_scores(props.as_of())', 'scores of today');
SELECT set_eq($$ SELECT customer, rfm, abc_class FROM props.customers_at('2021-07-01') WHERE rfm IS NOT NULL $$, $$ SELECT * FROM plain_scores('2021-07-01') $$,
	'scores of a day long past');
SELECT set_eq('SELECT customer, rfm, abc_class FROM props.customers_at(props.as_of() + 100)', 'SELECT customer, rfm, abc_class FROM props.customers',
	'scores do not move because days have passed');
SELECT set_eq('SELECT customer, rfm FROM props.rfm', 'SELECT customer, rfm FROM props.customers WHERE rfm IS NOT NULL', 'rfm and customers agree');
SELECT set_eq('SELECT customer, abc_class FROM props.abc', 'SELECT customer, abc_class FROM props.customers WHERE abc_class IS NOT NULL', 'abc and customers agree');
SELECT set_eq('SELECT customer, rfm, segment, segment_label FROM props.rfm', $$
	SELECT customer, rfm, rfm_segment(rfm::rfm_score) AS segment, label_en FROM props.rfm JOIN segment_map('grid25') AS m ON m.code = left(rfm, 2) $$, 'segments are those of the map');
SELECT set_eq('SELECT segment, customers, total, median_days_since_last FROM props.rfm_segments', $$
	SELECT segment, count(*) AS customers, sum(total) AS total, percentile_cont(0.5) WITHIN GROUP (ORDER BY days_since_last) AS median FROM props.rfm GROUP BY segment $$,
	'segments are sums over their customers, with true medians');
SELECT ok(abs(1 - sum(share_of_customers)) < 0.0001 AND abs(1 - sum(share_of_total)) < 0.0001, 'shares of the segments sum to 1') FROM props.rfm_segments;
SELECT is(max(cumulative_share), 1.0, 'the last cumulative share is 1') FROM props.abc;

-- kpis from plain SQL
CREATE FUNCTION plain_kpis(unit text) RETURNS TABLE (period date, active bigint, new bigint, stayed bigint, back bigint, lost bigint, orders bigint, net numeric)
LANGUAGE sql AS $$
	WITH bought AS (SELECT DISTINCT customer, date_trunc(unit, day)::date AS period FROM kept WHERE amount >= 0 OR amount IS NULL),
	first AS (SELECT customer, min(period) AS period FROM bought GROUP BY customer),
	periods AS (SELECT p::date AS period, (p - CASE unit WHEN 'quarter' THEN '3 months' ELSE '1 ' || unit END::interval)::date AS previous
		FROM generate_series((SELECT min(period)::timestamp FROM bought), (SELECT max(day)::timestamp FROM kept),
			CASE unit WHEN 'quarter' THEN '3 months' ELSE '1 ' || unit END::interval) AS p)
	SELECT p.period, count(b.customer), count(*) FILTER (WHERE f.period = p.period), count(*) FILTER (WHERE b.customer IS NOT NULL AND e.customer IS NOT NULL),
		count(*) FILTER (WHERE b.customer IS NOT NULL AND e.customer IS NULL AND f.period < p.period),
		count(*) FILTER (WHERE b.customer IS NULL AND e.customer IS NOT NULL),
		(SELECT count(*) FROM kept AS k WHERE date_trunc(unit, k.day) = p.period AND (amount >= 0 OR amount IS NULL)),
		(SELECT coalesce(sum(amount), 0) FROM kept AS k WHERE date_trunc(unit, k.day) = p.period)
	FROM periods AS p CROSS JOIN first AS f LEFT JOIN bought AS b ON b.customer = f.customer AND b.period = p.period
		LEFT JOIN bought AS e ON e.customer = f.customer AND e.period = p.previous
	GROUP BY p.period $$;
SELECT set_eq(format('SELECT period, customers_active, customers_new, customers_returning, customers_reactivated, customers_lost, orders, net FROM props.kpis WHERE unit = %L', u),
	format('SELECT * FROM plain_kpis(%L)', u), 'kpis by ' || u || ' are those of plain SQL')
FROM unnest('{month,quarter,year}'::text[]) AS u;
SELECT is_empty('SELECT * FROM props.kpis WHERE customers_active <> customers_new + customers_returning + customers_reactivated', 'active customers are new, returning or reactivated');
SELECT is((SELECT customers_total FROM props.kpis WHERE unit = 'year' ORDER BY period DESC LIMIT 1), (SELECT count(*) FROM props.rfm), 'customers_total ends with all customers');
SELECT is((SELECT sum(customers)::bigint FROM props.segment_moves('2021-01-01', '2022-01-01')), (SELECT count(*) FROM props.rfm_at('2022-01-01')), 'every customer moves somewhere');
SELECT is((SELECT sum(m.customers)::bigint FROM props.segment_moves('2021-01-01', '2022-01-01') AS m),
	(SELECT sum((SELECT count(*) FROM props.moved('2021-01-01', '2022-01-01', m.from_segment, m.to_segment)))::bigint FROM props.segment_moves('2021-01-01', '2022-01-01') AS m),
	'moved lists the customers that segment_moves counts');

-- After any change of the source a refresh gives what a new base would
UPDATE sold SET amount = amount + 1 WHERE id % 17 = 0;
UPDATE sold SET customer = 3 WHERE id % 101 = 0;
UPDATE sold SET customer = NULL WHERE customer = 11;
DELETE FROM sold WHERE id % 13 = 0;
INSERT INTO sold SELECT 30000 + i, 5000 + i, '2023-12-01', 10, 'de' FROM generate_series(1, 50) AS i;
SELECT isnt_empty('SELECT * FROM verify_customer_base(''props'')', 'verify finds the changes');
SELECT lives_ok('SELECT * FROM refresh_customer_base(''props'')', 'refresh');
SELECT is_empty('SELECT * FROM verify_customer_base(''props'')', 'verify finds nothing after a refresh');
SELECT lives_ok($$ SELECT * FROM create_customer_base('fresh', 'sold', 'customer', 'ordered_at', 'amount', time_zone => 'Asia/Shanghai', as_of => 'last_purchase') $$, 'a new base');
SELECT set_eq('SELECT customer, history, orders, gross, total, first_purchase, last_purchase, last_day FROM props.summary',
	'SELECT customer, history, orders, gross, total, first_purchase, last_purchase, last_day FROM fresh.summary', 'the same summary');
SELECT set_eq('TABLE props.cut_points', 'TABLE fresh.cut_points', 'the same cut points');
SELECT set_eq('TABLE props.quality', 'TABLE fresh.quality', 'the same counts');

-- An order id that is the row's own changes nothing but the order of sums
SELECT lives_ok($$ SELECT * FROM create_customer_base('by_order', 'sold', 'customer', 'ordered_at', 'amount', order_id => 'id', time_zone => 'Asia/Shanghai', as_of => 'last_purchase') $$,
	'a base with order ids');
SELECT set_eq('SELECT customer, history, orders, gross, total, first_purchase, last_purchase, last_day FROM by_order.summary',
	'SELECT customer, history, orders, gross, total, first_purchase, last_purchase, last_day FROM props.summary', 'rows are orders');
-- A filter and its complement are the whole
SELECT lives_ok($$ SELECT create_customer_base('c_' || c, 'sold', 'customer', 'ordered_at', 'amount', filter => format('country = %L', c), time_zone => 'Asia/Shanghai')
	FROM unnest('{de,cn}'::text[]) AS c $$, 'two bases with filters');
SELECT set_eq('SELECT customer, rollup(history) AS history FROM (TABLE c_de.histories UNION ALL TABLE c_cn.histories) AS h GROUP BY customer', 'TABLE props.histories', 'their histories add up');

-- Look-ups by key read the key's index and nothing else of the size of the base
CREATE FUNCTION plan_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE line text; lines text := '';
BEGIN FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP lines := lines || line || E'\n'; END LOOP; RETURN lines; END $$;
SELECT ok(p ~ 'summary_pkey' AND p !~ '(Seq Scan on summary|WindowAgg)', 'one customer of ' || v || ' is found by the primary key')
FROM unnest('{customers,rfm,histories}'::text[]) AS v, plan_of(format('SELECT * FROM props.%I WHERE customer = 42', v)) AS p;
SELECT is(array_length(regexp_split_to_array(plan_of($$ SELECT * FROM props.kpis WHERE unit = 'month' $$), 'Scan on summary'), 1), 2, 'one unit of kpis reads the base once');

-- What a BI tool meets
SELECT is_empty($$
	SELECT c.relname, a.attname FROM pg_class AS c JOIN pg_attribute AS a ON attrelid = c.oid AND attnum > 0
	WHERE relnamespace = 'props'::regnamespace AND relkind = 'v' AND relname NOT IN ('histories', 'summary_now', 'customer_now') AND atttypid::regtype NOT IN
		('text', 'integer', 'bigint', 'numeric', 'date', 'boolean', 'double precision', 'timestamptz') $$, 'views hold plain types');
SELECT is_empty($$
	SELECT c.relname, a.attname FROM pg_class AS c JOIN pg_attribute AS a ON attrelid = c.oid AND attnum > 0
	WHERE relnamespace IN ('props'::regnamespace) AND relkind = 'v' AND col_description(c.oid, attnum) IS NULL $$, 'every column of a view is commented');
SELECT is_empty($$
	SELECT relname FROM pg_class WHERE relnamespace = 'props'::regnamespace AND relkind = 'v'
		AND coalesce('security_invoker=true' <> ALL (reloptions), true) $$, 'views are read with the reader''s rights');

-- A foreign table as source
CREATE FUNCTION foreign_source() RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	IF NOT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'file_fdw') THEN
		RETURN NEXT skip('file_fdw is not installed', 1);
		RETURN;
	END IF;
	CREATE EXTENSION file_fdw;
	CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
	CREATE FOREIGN TABLE far (customer int, day date, amount numeric) SERVER files OPTIONS (program 'printf "1,2024-01-01,5\n1,2024-01-02,6\n"', format 'csv');
	PERFORM create_customer_base('far_base', 'far', 'customer', 'day', 'amount');
	RETURN NEXT is(history::text, '{2024-01-01 1:5, 2024-01-02 1:6}', 'a foreign table is a source') FROM far_base.histories;
	PERFORM drop_customer_base('far_base');
END $$;
SELECT foreign_source();

CREATE FUNCTION nondeterministic_key() RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	BEGIN
		CREATE COLLATION any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
	EXCEPTION WHEN feature_not_supported OR internal_error THEN
		RETURN NEXT skip('PostgreSQL was built without ICU', 2);
		RETURN;
	END;
	CREATE TABLE any_cases (mail text COLLATE any_case, day date, amount numeric);
	RETURN NEXT throws_ok('SELECT * FROM create_customer_base(''any_cases'', ''any_cases'', ''mail'', ''day'', ''amount'')', '0A000',
		'option customer has the nondeterministic collation "any_case", and different texts may be the same key', 'a key with a nondeterministic collation');
	RETURN NEXT lives_ok('SELECT * FROM create_customer_base(''any_cases'', ''any_cases'', ''lower(mail) COLLATE "C"'', ''day'', ''amount'')', 'and the way out');
	PERFORM drop_customer_base('any_cases');
END $$;
SELECT nondeterministic_key();

SELECT count(drop_customer_base(base)) FROM customer_bases() WHERE base IN ('props', 'fresh', 'by_order', 'c_de', 'c_cn');
SELECT is_empty($$ SELECT nspname FROM pg_namespace WHERE nspname IN ('props', 'fresh', 'by_order', 'c_de', 'c_cn') $$, 'dropping leaves nothing');

SELECT * FROM finish();
ROLLBACK;
