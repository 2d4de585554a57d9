-- The fast path of GROUP BY with purchase_history(day, amount): the groups, values and errors of the aggregate itself, and
-- no such plan where it cannot be one.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
SET LOCAL timezone = 'UTC';
SET LOCAL client_min_messages = warning;
-- Whatever the statistics say: the fast path where it is allowed, else a sort or a hash table.
SET LOCAL enable_hashagg = off;
SET LOCAL enable_sort = off;
SET LOCAL jit = off;
SELECT plan(223);

CREATE FUNCTION plan_of(query text, options text DEFAULT 'COSTS off') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	line text;
	plan text := '';
BEGIN
	FOR line IN EXECUTE format('EXPLAIN (%s) %s', options, query) LOOP
		plan := plan || line || E'\n';
	END LOOP;
	RETURN plan;
END $$;

-- 'same', or what differs between the rows of a query by the fast path and by the aggregate: as texts, and bit for bit.
CREATE FUNCTION fast(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	different bigint;
BEGIN
	PERFORM set_config('pg_customer.enable_fast_group', 'on', true);
	IF plan_of(query) !~ 'FastGroup' THEN
		RETURN plan_of(query);
	END IF;
	EXECUTE 'CREATE TEMP TABLE fast ON COMMIT DROP AS ' || query;
	PERFORM set_config('pg_customer.enable_fast_group', 'off', true);
	EXECUTE 'CREATE TEMP TABLE slow ON COMMIT DROP AS ' || query;
	PERFORM set_config('pg_customer.enable_fast_group', 'on', true);
	SELECT count(*) INTO different FROM (SELECT r::text, record_send(r), count(*) AS n FROM fast AS r GROUP BY 1, 2) AS f
		FULL JOIN (SELECT r::text, record_send(r), count(*) AS n FROM slow AS r GROUP BY 1, 2) AS s USING (r, record_send, n)
		WHERE f.n IS NULL OR s.n IS NULL;
	DROP TABLE fast, slow;
	RETURN CASE WHEN different = 0 THEN 'same' ELSE different || ' rows differ' END;
END $$;

-- 'as ever' where a query is not planned by the fast path.
CREATE FUNCTION slow(query text) RETURNS text LANGUAGE sql AS $$
	SELECT CASE WHEN plan_of(query) ~ 'FastGroup' THEN plan_of(query) ELSE 'as ever' END $$;

-- The error of a query: code, message, detail and hint.
CREATE FUNCTION error_of(query text, role text DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	state text;
	message text;
	detail text;
	hint text;
BEGIN
	IF role IS NOT NULL THEN
		EXECUTE format('SET LOCAL ROLE %I', role);
	END IF;
	EXECUTE query;
	RESET ROLE;
	RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN concat_ws(' | ', state, message, nullif(detail, ''), nullif(hint, ''));
END $$;
-- The error of the fast path, or both when that of the aggregate is another one.
CREATE FUNCTION fast_error(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	fast text;
	slow text;
BEGIN
	IF plan_of(query) !~ 'FastGroup' THEN
		RETURN plan_of(query);
	END IF;
	fast := error_of(query);
	PERFORM set_config('pg_customer.enable_fast_group', 'off', true);
	slow := error_of(query);
	PERFORM set_config('pg_customer.enable_fast_group', 'on', true);
	RETURN CASE WHEN fast = slow THEN fast ELSE fast || ' <> ' || slow END;
END $$;

-- ------------------------------------------------------------------------------------------------
-- 8,000 rows of 300 customers: no customer, day or amount here and there, refunds, amounts too large for a word
-- ------------------------------------------------------------------------------------------------
SELECT setseed(0.31415926) IS NULL AS seeded \gset
CREATE TABLE sales AS
	SELECT i, CASE WHEN i % 97 <> 0 THEN (random() ^ 2 * 300)::bigint END AS c, i % 4 AS t,
		CASE WHEN i % 101 <> 0 THEN timestamptz '2020-01-01' + random() * interval '900 days' END AS at,
		CASE WHEN i % 103 = 0 THEN NULL WHEN i % 107 = 0 THEN ((random() - 0.5) * 1e20)::numeric(30, 6) ELSE (random() * 1000 - 20)::numeric(12, 2) END AS amount
	FROM generate_series(1, 8000) AS i;
-- Around the limits of what a kept row holds in a word, a multiple of 2^40, and the largest of all.
INSERT INTO sales SELECT i, 500 + i % 3, 1, timestamptz '2021-01-01' + i * interval '7 hours', CASE WHEN i % 2 = 0 THEN v ELSE -v END
	FROM generate_series(1, 40) AS i, unnest('{36028797018.963967, 36028797018.963968, 36028797018.963969, 1099511.627776, 1099511627776000000,
		18446744073709.551616, 9223372036854.775807, 9223372036854.775808, 0.000001, 0}'::numeric[]) AS v;
INSERT INTO sales VALUES (0, 600, 1, '1999-01-01', 999999999999999999999.999999), (0, 600, 1, '1999-01-02', -999999999999999999999.999999),
	(0, 601, 1, '4713-01-01 BC', 1), (0, 601, 1, '294276-12-31', -1);
ANALYZE sales;

\set h ', purchase_history(at, amount) AS h FROM sales GROUP BY 1'
SELECT is(fast('SELECT c' || :'h'), 'same', 'key: bigint');
SELECT is(fast('SELECT c::int' || :'h'), 'same', 'key: integer');
SELECT is(fast('SELECT (c - 200)::smallint' || :'h'), 'same', 'key: smallint, negative ones too');
SELECT is(fast('SELECT (c * 7000000)::oid' || :'h'), 'same', 'key: oid, above 2^31 too');
SELECT is(fast('SELECT date ''2000-01-01'' - c::int' || :'h'), 'same', 'key: date');
SELECT is(fast('SELECT c % 2 = 0' || :'h'), 'same', 'key: boolean');
SELECT is(fast('SELECT timestamptz ''epoch'' + c * interval ''1 s''' || :'h'), 'same', 'key: timestamptz');
SELECT is(fast('SELECT c * interval ''1 day''' || :'h'), 'same', 'key: interval');
SELECT is(fast('SELECT md5(c::text)::uuid' || :'h'), 'same', 'key: uuid');
SELECT is(fast('SELECT ''客户 '' || c' || :'h'), 'same', 'key: text');
SELECT is(fast('SELECT c::text::name' || :'h'), 'same', 'key: name');
SELECT is(fast('SELECT (c % 10)::text::"char"' || :'h'), 'same', 'key: "char"');
SELECT is(fast('SELECT repeat(md5(c::text), 1000)' || replace(:'h', 'GROUP', 'WHERE i <= 400 GROUP')), 'same', 'key: texts of 32 kB');
SELECT is(fast('SELECT ARRAY[c, t]' || :'h'), 'same', 'key: array');
SELECT is(fast('SELECT jsonb_build_object(''c'', c)' || :'h'), 'same', 'key: jsonb');
SELECT is(fast('SELECT int8range(c, c + 1)' || :'h'), 'same', 'key: range');
CREATE TYPE person AS (name text, shop bigint);
SELECT is(fast('SELECT ROW(''C'' || c, nullif(t, 2))::person' || :'h'), 'same', 'key: composite');
CREATE TYPE size AS ENUM ('S', 'M', 'L', 'XL');
SELECT is(fast('SELECT (enum_range(NULL::size))[t + 1]' || :'h'), 'same', 'key: enumeration');
CREATE DOMAIN customer_number AS bigint CHECK (VALUE >= 0);
SELECT is(fast('SELECT c::customer_number' || :'h'), 'same', 'key: domain');
SELECT is(fast('SELECT nullif(t, 1) AS t, c, nullif(''t'' || t, ''t2'')' || replace(:'h', 'BY 1', 'BY 1, 2, 3')), 'same', 'keys: three, with NULLs');
SELECT is(fast('SELECT NULL::text, c % 3' || replace(:'h', 'BY 1', 'BY 1, 2')), 'same', 'keys: one that is always NULL');
SELECT is(fast(format('SELECT purchase_history(at, amount) FROM sales GROUP BY %s', (SELECT string_agg('c % ' || i, ', ') FROM generate_series(1, 32) AS i))), 'same', '32 keys');
SELECT is(slow(format('SELECT purchase_history(at, amount) FROM sales GROUP BY %s', (SELECT string_agg('c % ' || i, ', ') FROM generate_series(1, 33) AS i))), 'as ever', '33 keys');

-- Equal keys that do not look alike: one group, of whichever.
SELECT is(fast('SELECT trim_scale(k), h FROM (SELECT c * CASE WHEN i % 2 = 0 THEN 1.0 ELSE 1.00 END AS k, purchase_history(at, amount) AS h FROM sales GROUP BY 1) AS s'), 'same', 'key: numeric, 1.0 = 1.00');
SELECT is(fast('SELECT k + 0::float8, h FROM (SELECT CASE WHEN c < 100 THEN CASE WHEN i % 2 = 0 THEN 0.0::float8 ELSE ''-0'' END WHEN c < 200 THEN ''NaN'' ELSE c END::float8 AS k,
	purchase_history(at, amount) AS h FROM sales GROUP BY 1) AS s'), 'same', 'key: double, 0 = -0 and NaN = NaN');
CREATE COLLATION regardless (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
SELECT is(fast('SELECT lower(k), h FROM (SELECT (CASE WHEN i % 2 = 0 THEN ''ada '' ELSE ''ADA '' END || c) COLLATE regardless AS k, purchase_history(at, amount) AS h FROM sales GROUP BY 1) AS s'),
	'same', 'key: text of a collation for which ada = ADA');
SELECT is((SELECT count(*) FROM (SELECT purchase_history(at, amount) AS h FROM sales GROUP BY (CASE WHEN i % 2 = 0 THEN 'ada ' ELSE 'ADA ' END || c) COLLATE regardless OFFSET 0) AS s),
	(SELECT count(DISTINCT c) + 1 FROM sales), 'and as many groups as customers');
SELECT is(slow('SELECT point(c, c)::text::varchar, purchase_history(at, amount) FROM sales GROUP BY 1, i * random()'), 'as ever', 'a key that is another each time');
SELECT is(slow('SELECT (c || '':1'')::tsvector, purchase_history(at, amount) FROM sales GROUP BY 1'), 'as ever', 'a key that cannot be hashed');

-- ------------------------------------------------------------------------------------------------
-- Days and amounts of every type
-- ------------------------------------------------------------------------------------------------
SELECT is(fast('SELECT c, purchase_history(at::date, amount) FROM sales WHERE c <> 601 GROUP BY c'), 'same', 'day: date');
SELECT is(fast('SELECT c, purchase_history(at::timestamp, amount) FROM sales GROUP BY c'), 'same', 'day: timestamp');
SELECT is(fast('SELECT c, purchase_history(at, amount::float8 / 3) FROM sales WHERE c <> 600 GROUP BY c'), 'same', 'amount: double');
SELECT is(fast('SELECT c, purchase_history(at, i * 7 - 9000) FROM sales GROUP BY c'), 'same', 'amount: integer');
SELECT is(fast('SELECT c, purchase_history(at, (i - 4000) * 1000000000000) FROM sales GROUP BY c'), 'same', 'amount: bigint');
SELECT is(fast('SELECT c, purchase_history(at, 9.99) FROM sales GROUP BY c'), 'same', 'amount: a constant');
CREATE DOMAIN business_day AS date;
CREATE DOMAIN price AS numeric CHECK (VALUE IS NULL OR VALUE < 1e30);
SELECT is(fast('SELECT c, purchase_history(at::date::business_day, amount::price) FROM sales WHERE c <> 601 GROUP BY c'), 'same', 'day and amount: domains');
SELECT is(fast('SELECT c, purchase_history(NULL::date, amount) FROM sales GROUP BY c'), 'same', 'no day at all');
SELECT is(fast('SELECT c, purchase_history(at, NULL::numeric) FROM sales GROUP BY c'), 'same', 'no amount at all');

-- ------------------------------------------------------------------------------------------------
-- Queries
-- ------------------------------------------------------------------------------------------------
SELECT is(fast('SELECT c, purchase_history(at, amount) FILTER (WHERE amount > 500) FROM sales GROUP BY c'), 'same', 'FILTER');
SELECT is(fast('SELECT c, purchase_history(at, 100 / t) FILTER (WHERE t > 0) FROM sales GROUP BY c'), 'same', 'what FILTER holds back is not computed');
SELECT is(slow('SELECT c, purchase_history(at, amount) FILTER (WHERE random() < 0.5) FROM sales GROUP BY c'), 'as ever', 'a filter that is another each time');
SELECT is(slow('SELECT c, purchase_history(at, amount) FILTER (WHERE t IN (SELECT 2)) FROM sales GROUP BY c'), 'as ever', 'a filter with a subquery');
SELECT is(fast('SELECT c, total(purchase_history(at, amount)) FROM sales GROUP BY c HAVING total(purchase_history(at, amount)) > 1000 AND c > 10'), 'same', 'HAVING');
SELECT is(fast('SELECT c FROM sales GROUP BY c HAVING orders(purchase_history(at, amount)) > 20'), 'same', 'HAVING alone');
SELECT is(fast('SELECT c + 1 AS d, orders(purchase_history(at, amount)) * 2 AS twice FROM sales GROUP BY c ORDER BY 2, 1'), 'same', 'expressions, ORDER BY');
SELECT is(fast('SELECT purchase_history(at, amount) FROM sales GROUP BY c'), 'same', 'without the key');
SELECT is(fast('SELECT c, orders(h), refunds(h), total(h), gross(h), refunded(h), average_order(h), average_order_net(h), last_purchase(h)
	FROM (SELECT c, purchase_history(at, amount) AS h FROM sales GROUP BY c) AS s'), 'same', 'totals');
SELECT alike(plan_of('SELECT c, orders(purchase_history(at, amount)) FROM sales GROUP BY c'), '%Histories: totals%', 'totals are planned as such');
SELECT alike(plan_of('SELECT c, orders(purchase_history(at, amount)) FROM sales GROUP BY c HAVING first_purchase(purchase_history(at, amount)) > ''2020-02-01'''), '%Histories: complete%', 'but the first purchase needs the days');
SELECT is(fast('SELECT c, days_since_last(purchase_history(at, amount), ''2024-01-01''), orders(purchase_history(at, amount)) FROM sales GROUP BY c HAVING first_purchase(purchase_history(at, amount)) > ''2020-02-01'''),
	'same', 'totals beside the first purchase');
SELECT is(fast('SELECT t, last_purchase(purchase_history(at, amount)), total(purchase_history(at, amount)), refunded(purchase_history(at, amount)) FROM sales WHERE amount < 0 GROUP BY t'), 'same', 'totals of refunds alone');
SELECT is(fast('SELECT t, last_purchase(purchase_history(at, v)), total(purchase_history(at, v)), orders(purchase_history(at, v)), refunds(purchase_history(at, v)), gross(purchase_history(at, v)), average_order(purchase_history(at, v))
	FROM sales, unnest(''{1e20, -7e20, 8e20}''::numeric[]) AS v WHERE i BETWEEN 1 AND 40 AND c < 300 GROUP BY t'), 'same', 'totals that no day can hold');
SELECT is(fast('SELECT c, purchase_history(at, amount), count(*), count(*) FILTER (WHERE t = 1) AS one, count(*) FILTER (WHERE amount IS NULL OR at IS NULL) AS unknown FROM sales GROUP BY c'), 'same', 'counts beside it');
SELECT is(fast('SELECT t, c, total(purchase_history(at, amount) FILTER (WHERE amount < 1e15)) AS total, count(*) FILTER (WHERE amount > 1e12) AS n FROM sales GROUP BY t, c HAVING count(*) > 1 ORDER BY count(*) FILTER (WHERE t > 1)'), 'same', 'counts beside totals, in HAVING and ORDER BY');
SELECT is(fast('SELECT c, purchase_history(at, amount), ' || string_agg(format('count(*) FILTER (WHERE i %% 7 = %s) AS n%1$s', n), ', ') || ' FROM sales GROUP BY c'), 'same', 'six counts') FROM generate_series(1, 6) AS n;
SELECT is(slow('SELECT c, purchase_history(at, amount), ' || string_agg(format('count(*) FILTER (WHERE i %% 7 = %s) AS n%1$s', n), ', ') || ' FROM sales GROUP BY c'), 'as ever', 'seven counts') FROM generate_series(1, 7) AS n;
SELECT is(slow('SELECT c, purchase_history(at, amount), count(DISTINCT t) FROM sales GROUP BY c'), 'as ever', 'a count of another kind');
SELECT is(fast('SELECT c, rank() OVER (ORDER BY orders(purchase_history(at, amount))) FROM sales GROUP BY c'), 'same', 'window functions above');
SELECT is(fast('SELECT DISTINCT orders(purchase_history(at, amount)) FROM sales GROUP BY c'), 'same', 'DISTINCT above');
SELECT is(fast('SELECT s.c, purchase_history(s.at, s.amount) FROM sales AS s JOIN sales AS o USING (i, c, at) GROUP BY s.c'), 'same', 'a join');
SELECT is(fast('SELECT o.c, purchase_history(o.at, o.amount) FROM generate_series(1, 500) AS n LEFT JOIN sales AS o ON o.c = n AND o.t = 1 GROUP BY o.c'), 'same', 'the nullable side of a join');
SELECT is(fast('SELECT (s.r).c, purchase_history(at, amount) FROM (SELECT sales AS r, at, amount FROM sales OFFSET 0) AS s GROUP BY 1'), 'same', 'the field of a row');
SELECT is(fast('SELECT v.t, s.* FROM (VALUES (0), (1), (2)) AS v (t), LATERAL (SELECT c + v.t, purchase_history(at, amount) FROM sales WHERE sales.t = v.t GROUP BY 1 OFFSET 0) AS s'), 'same', 'LATERAL');
SELECT is(fast('SELECT v.t, (SELECT max(n) FROM (SELECT orders(purchase_history(at, amount)) AS n FROM sales WHERE sales.t = v.t GROUP BY c) AS s) FROM (VALUES (0), (1), (2), (9)) AS v (t)'), 'same', 'a correlated subquery');
SELECT is(fast('SELECT count(*) FROM (SELECT c, purchase_history(at, amount) FROM sales GROUP BY c LIMIT 10) AS s WHERE purchase_history IS NOT NULL'), 'same', 'LIMIT');
SELECT is(fast('SELECT c, purchase_history(at, amount) FROM sales WHERE i < -5 GROUP BY c'), 'same', 'no rows');
SELECT is(fast('SELECT c, purchase_history(at, amount) FROM sales GROUP BY c UNION ALL SELECT t, purchase_history(at, amount) FROM sales GROUP BY t'), 'same', 'UNION ALL');

SELECT is(slow('SELECT c, purchase_history(at, amount), sum(t) FROM sales GROUP BY c'), 'as ever', 'another aggregate beside it');
SELECT is(slow('SELECT c, purchase_history(at, amount), purchase_history(at, 1) FROM sales GROUP BY c'), 'as ever', 'two histories');
SELECT is(slow('SELECT c, purchase_history(DISTINCT at, amount) FROM sales GROUP BY c'), 'as ever', 'DISTINCT');
SELECT is(slow('SELECT c, purchase_history(at, amount ORDER BY i) FROM sales GROUP BY c'), 'as ever', 'ORDER BY within');
SELECT is(slow('SELECT c, purchase_history(at, amount) FROM sales GROUP BY ROLLUP (c)'), 'as ever', 'ROLLUP');
SELECT is(slow('SELECT c, t, purchase_history(at, amount) FROM sales GROUP BY GROUPING SETS (c, t)'), 'as ever', 'GROUPING SETS');
SELECT is(slow('SELECT purchase_history(at, amount) FROM sales'), 'as ever', 'no GROUP BY');
SELECT is(slow('SELECT c, purchase_history(at, amount) OVER (PARTITION BY c) FROM sales'), 'as ever', 'a window');
SELECT is(slow('SELECT c, rollup(h) FROM (SELECT c, NULL::purchase_history AS h FROM sales) AS s GROUP BY c'), 'as ever', 'rollup');
SELECT is(slow('SELECT c, generate_series(1, 2), purchase_history(at, amount) FROM sales GROUP BY c'), 'as ever', 'a set in the target list');
CREATE TABLE people (id int PRIMARY KEY, name text, at date, amount numeric);
INSERT INTO people VALUES (1, 'Ada', '2024-01-01', 5), (2, 'Bo', NULL, 5);
SELECT is(slow('SELECT id, name, purchase_history(at, amount) FROM people GROUP BY id'), 'as ever', 'a column that depends on a primary key');
SELECT is(slow('SELECT id, upper(name), purchase_history(at, amount) FROM people GROUP BY id'), 'as ever', 'an expression that depends on a primary key');
SELECT is(fast('SELECT id, purchase_history(at, amount) FROM people GROUP BY id'), 'same', 'a primary key alone');
CREATE AGGREGATE unlike (date, numeric) (sfunc = purchase_history_accum, stype = purchase_history, initcond = '{1999-01-01 1:7}', finalfunc = purchase_history_final);
SELECT is(slow('SELECT id, unlike(at, amount) FROM people GROUP BY id'), 'as ever', 'an aggregate of our functions with a beginning of its own');
CREATE AGGREGATE unended (date, numeric) (sfunc = purchase_history_accum, stype = purchase_history);
SELECT is(slow('SELECT id, unended(at, amount) FROM people GROUP BY id'), 'as ever', 'and one without our end');
SET LOCAL pg_customer.enable_fast_group = off;
SELECT is(slow('SELECT c, purchase_history(at, amount) FROM sales GROUP BY c'), 'as ever', 'pg_customer.enable_fast_group = off');
SET LOCAL pg_customer.enable_fast_group = on;

-- Tables of every kind: columns that were dropped or added, inheritance, partitions, views.
ALTER TABLE people DROP COLUMN name;
ALTER TABLE people ADD COLUMN paid numeric DEFAULT 7.5;
INSERT INTO people VALUES (3, '2024-02-02', 1, 2), (4, '2024-02-03', 1, NULL);
SELECT is(fast('SELECT id, purchase_history(at, paid) FROM people GROUP BY id'), 'same', 'columns that were dropped and added');
CREATE TABLE wide (a text, c bigint, b text, amount numeric, at date, flag boolean);
INSERT INTO wide SELECT repeat('x', i % 50), c, NULL, amount, at, t < 2 FROM sales WHERE c < 100;
ANALYZE wide;
SELECT is(fast('SELECT c, purchase_history(at, amount) FILTER (WHERE flag) FROM wide WHERE a <> ''xx'' GROUP BY c'), 'same', 'columns in another order, read where they are');
CREATE TABLE heirs (extra text) INHERITS (wide);
INSERT INTO heirs SELECT w.*, 'heir' FROM wide AS w WHERE c % 2 = 0;
SELECT is(fast('SELECT c, purchase_history(at, amount) FROM wide GROUP BY c'), 'same', 'inheritance');
CREATE TABLE parts (LIKE wide) PARTITION BY HASH (c);
CREATE TABLE parts_0 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE parts_1 (flag boolean, at date, amount numeric, b text, c bigint, a text);
ALTER TABLE parts ATTACH PARTITION parts_1 FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO parts SELECT * FROM wide;
ANALYZE parts;
SELECT is(fast('SELECT c, purchase_history(at, amount) FROM parts GROUP BY c'), 'same', 'partitions');
SET LOCAL enable_partitionwise_aggregate = on;
SELECT is(fast('SELECT c, purchase_history(at, amount) FROM parts GROUP BY c'), 'same', 'partitions, with partitionwise aggregates allowed');
SET LOCAL enable_partitionwise_aggregate = off;

-- ------------------------------------------------------------------------------------------------
-- Errors, as the aggregate has them
-- ------------------------------------------------------------------------------------------------
\set bad 'SELECT c, purchase_history(CASE WHEN i = 4000 THEN date %L ELSE at::date END, CASE WHEN i = 4000 THEN %L::%s ELSE 1 END) FROM sales WHERE c < 400 GROUP BY c'
SELECT is(fast_error(format(:'bad', 'infinity', 1, 'numeric')), '22008 | the day of a purchase must not be infinity | Give a date of the calendar, such as current_date.', 'an infinite day');
SELECT is(fast_error(format(:'bad', '-infinity', 1, 'float8')), '22008 | the day of a purchase must not be -infinity | Give a date of the calendar, such as current_date.', 'an infinite day before all');
SELECT is(fast_error('SELECT c, purchase_history(''infinity''::timestamptz, 1) FROM sales GROUP BY c'), '22008 | the day of a purchase must not be infinity | Give a date of the calendar, such as current_date.', 'an infinite timestamptz');
SELECT is(fast_error('SELECT c, purchase_history(''-infinity''::timestamp, 1) FROM sales GROUP BY c'), '22008 | the day of a purchase must not be -infinity | Give a date of the calendar, such as current_date.', 'an infinite timestamp');
SELECT is(fast_error(format(:'bad', '2024-01-01', amount, type)), expected, 'amount ' || amount || ' as ' || type)
FROM (VALUES
	('NaN', 'numeric', '22003 | amount NaN cannot be part of a purchase_history | Filter such rows out, or make the amount NULL: nullif(amount, ''NaN'').'),
	('NaN', 'float8', '22003 | amount NaN cannot be part of a purchase_history | Filter such rows out, or make the amount NULL: nullif(amount, ''NaN'').'),
	('-Infinity', 'numeric', '22003 | amount -Infinity cannot be part of a purchase_history | Filter such rows out, or make the amount NULL: nullif(amount, ''NaN'').'),
	('Infinity', 'float8', '22003 | amount Infinity cannot be part of a purchase_history | Filter such rows out, or make the amount NULL: nullif(amount, ''NaN'').'),
	('0.0000001', 'numeric', '22003 | amount 0.0000001 has more than 6 digits after the point | Round it first: purchase_history(day, round(amount, 2)).'),
	('1e21', 'numeric', '22003 | amount 1000000000000000000000 is too large for a purchase_history | Amounts must be below 10^21.'),
	('-1e21', 'float8', '22003 | amount -1e+21 is too large for a purchase_history | Amounts must be below 10^21.'),
	('999999999999999999999.999999', 'numeric', 'no error')) AS v (amount, type, expected);
SELECT is(fast_error('SELECT c, purchase_history(date ''2024-01-01'', 6e20) FROM sales GROUP BY c'),
	'22003 | the purchases of 2024-01-01 are too large for a purchase_history | A day holds amounts below 10^21 and at most 10^15 orders.', 'a day that grows too large');
SELECT is(error_of('SELECT c % 3, orders(purchase_history(date ''2024-01-01'', 6e20)) FROM sales GROUP BY 1'), 'no error', 'a day that grows too large, of which only totals are asked');
SELECT is(error_of('SELECT c % 3, orders(purchase_history(date ''4714-11-24 BC'', 6e20)) FROM sales GROUP BY 1'),
	'22003 | the purchases of 4714-11-24 BC are too large for a purchase_history | A day holds amounts below 10^21 and at most 10^15 orders.', 'and on the first day that there is');
SELECT is(fast_error('SELECT c / (i % 5), purchase_history(at, amount) FROM sales GROUP BY 1'), '22012 | division by zero', 'an error of a key');

-- Rights.
CREATE ROLE regress_fast_group;
GRANT SELECT ON sales TO regress_fast_group;
SELECT nspname AS ext FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace WHERE extname = 'pg_customer' \gset
GRANT USAGE ON SCHEMA :ext TO regress_fast_group;
\set mine 'SELECT c, purchase_history(at::date, amount) FROM sales WHERE c < 400 GROUP BY c'
SELECT is(error_of(:'mine', 'regress_fast_group'), 'no error', 'a role that may read the table');
REVOKE EXECUTE ON FUNCTION purchase_history(date, numeric) FROM PUBLIC;
SELECT is(error_of(:'mine', 'regress_fast_group'), '42501 | permission denied for aggregate purchase_history', 'a role that may not call the aggregate');
SELECT is(error_of('EXPLAIN ' || :'mine', 'regress_fast_group'), '42501 | permission denied for aggregate purchase_history', 'nor see its plan');
GRANT EXECUTE ON FUNCTION purchase_history(date, numeric) TO PUBLIC;
REVOKE SELECT ON sales FROM regress_fast_group;
SELECT is(error_of(:'mine', 'regress_fast_group'), '42501 | permission denied for table sales', 'a role that may not read the table');
GRANT SELECT (c, at) ON sales TO regress_fast_group;
SELECT is(error_of(:'mine', 'regress_fast_group'), '42501 | permission denied for table sales', 'a role that may not read the amounts');
GRANT SELECT (amount) ON sales TO regress_fast_group;
SELECT is(error_of(:'mine', 'regress_fast_group'), 'no error', 'a role that may read these columns');
ALTER TABLE sales ENABLE ROW LEVEL SECURITY;
CREATE POLICY small ON sales FOR SELECT TO regress_fast_group USING (c < 10);
GRANT SELECT ON sales TO regress_fast_group;
SET LOCAL ROLE regress_fast_group;
CREATE TEMP TABLE seen ON COMMIT DROP AS SELECT c, purchase_history(at, amount) AS h FROM sales GROUP BY c;
RESET ROLE;
SELECT is((SELECT count(*) FROM seen), 10::bigint, 'row security: what may be seen');
SELECT is((SELECT count(*) FROM seen JOIN (SELECT c, purchase_history(at, amount) AS h FROM sales GROUP BY c) AS s USING (c, h)), 10::bigint, 'row security: all of it');
ALTER TABLE sales DISABLE ROW LEVEL SECURITY;

-- ------------------------------------------------------------------------------------------------
-- Time zones: moments are the days of ::date
-- ------------------------------------------------------------------------------------------------
-- Two years by the half hour, one with a dateline that moved, and 500 years at random.
CREATE TABLE moments AS
	SELECT i % 7 AS c, at FROM (
		SELECT i, timestamptz '2011-01-01 00:00+00' + i * interval '30 min' AS at FROM generate_series(0, 365 * 96) AS i
		UNION ALL SELECT i, timestamptz '1800-01-01 00:00+00' + random() * interval '500 years' FROM generate_series(1, 20000) AS i) AS m;
ANALYZE moments;
CREATE FUNCTION zone_is_right(zone text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	PERFORM set_config('timezone', zone, true);
	IF plan_of('SELECT c, purchase_history(at, 1) FROM moments GROUP BY c') !~ 'FastGroup' THEN
		RETURN 'no fast path';
	END IF;
	CREATE TEMP TABLE fast ON COMMIT DROP AS SELECT c, purchase_history(at, 1) AS h FROM moments GROUP BY c;
	PERFORM set_config('pg_customer.enable_fast_group', 'off', true);
	SELECT CASE WHEN count(*) FILTER (WHERE f.h = s.h) = 7 THEN 'right' ELSE 'wrong' END INTO result
		FROM fast AS f FULL JOIN (SELECT c, purchase_history(at::date, 1) AS h FROM moments GROUP BY c) AS s USING (c);
	PERFORM set_config('pg_customer.enable_fast_group', 'on', true);
	DROP TABLE fast;
	RETURN result;
END $$;
SELECT is(zone_is_right(zone), 'right', 'time zone ' || zone)
FROM unnest('{Asia/Shanghai,America/Sao_Paulo,Europe/Dublin,Pacific/Apia,Asia/Kathmandu,Africa/Casablanca,Antarctica/Troll,Asia/Gaza,America/St_Johns,
	Pacific/Kiritimati,CET-1CEST,NZST-12NZDT,+05:30,<-11>11,Asia/Shanghai,UTC}'::text[]) AS zone;
SET LOCAL timezone = 'UTC';

-- ------------------------------------------------------------------------------------------------
-- Cursors and prepared statements
-- ------------------------------------------------------------------------------------------------
CREATE TABLE histories AS SELECT c, purchase_history(at, amount) AS h FROM sales GROUP BY c;
DECLARE forward NO SCROLL CURSOR FOR SELECT c, purchase_history(at, amount) AS h FROM sales GROUP BY c;
DECLARE both_ways SCROLL CURSOR FOR SELECT c, purchase_history(at, amount) AS h FROM sales GROUP BY c;
CREATE FUNCTION fetched(name text, directions text[]) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	named refcursor := name;
	direction text;
	row record;
BEGIN
	FOREACH direction IN ARRAY directions LOOP
		CASE direction
			WHEN 'next' THEN FETCH NEXT FROM named INTO row;
			WHEN 'prior' THEN FETCH PRIOR FROM named INTO row;
			WHEN 'last' THEN FETCH LAST FROM named INTO row;
			WHEN 'first' THEN FETCH FIRST FROM named INTO row;
		END CASE;
		RETURN NEXT row::text;
	END LOOP;
END $$;
SELECT is((SELECT count(DISTINCT f) FROM fetched('forward', array_fill('next'::text, ARRAY[(SELECT count(*)::int FROM histories)])) AS f JOIN histories ON histories::text = f), (SELECT count(*) FROM histories), 'a cursor, row by row');
SELECT is((SELECT f FROM fetched('forward', '{next}') AS f), '(,)', 'and nothing after the last');
SELECT is((SELECT array_agg(f) FROM fetched('both_ways', '{next,next,next,prior,prior}') AS f), (SELECT array_agg(f) FROM (SELECT f, ordinality AS n FROM fetched('both_ways', '{first,next,next,prior,prior}') WITH ORDINALITY AS f) AS f), 'a cursor that turns back');
SELECT is((SELECT array_agg(f) FROM fetched('both_ways', '{last,prior,next}') AS f), (SELECT ARRAY[max(f) FILTER (WHERE n = 1), max(f) FILTER (WHERE n = 2), max(f) FILTER (WHERE n = 1)] FROM fetched('both_ways', '{last,prior}') WITH ORDINALITY AS f (f, n)), 'a cursor from its end');
CLOSE forward;
CLOSE both_ways;

PREPARE by_remainder (bigint) AS SELECT c % $1, purchase_history(at, amount) AS h FROM sales WHERE t = $1 GROUP BY 1;
SET LOCAL plan_cache_mode = force_generic_plan;
SELECT alike(plan_of('EXECUTE by_remainder (2)'), '%FastGroup%', 'a generic plan');
CREATE TEMP TABLE prepared ON COMMIT DROP AS EXECUTE by_remainder (2);
SET LOCAL pg_customer.enable_fast_group = off;
SELECT is((SELECT count(*) FROM prepared FULL JOIN (SELECT c % 2 AS k, purchase_history(at, amount) AS h FROM sales WHERE t = 2 GROUP BY 1) AS s
	ON prepared::text = s::text WHERE prepared.h IS NOT NULL AND s.h IS NOT NULL), 3::bigint, 'a generic plan gives the histories');
SET LOCAL pg_customer.enable_fast_group = on;
SELECT alike(plan_of('EXECUTE by_remainder (2)'), '%FastGroup%', 'its parameters do not change the plan');
ALTER TABLE sales ALTER t TYPE bigint;
SELECT alike(plan_of('EXECUTE by_remainder (3)'), '%FastGroup%', 'nor does a column of another type');
SET LOCAL plan_cache_mode = auto;
SELECT alike(plan_of('SELECT c, total(purchase_history(at, amount)) FROM sales GROUP BY c', 'VERBOSE, COSTS off'), '%Output: c, total((purchase_history(at, amount)))%Group Key: sales.c%', 'EXPLAIN VERBOSE');
SELECT alike(plan_of('SELECT c, purchase_history(at, amount) FROM sales GROUP BY c', 'COSTS off, FORMAT ' || format), '%FastGroup%', 'EXPLAIN in ' || format) FROM unnest('{text,json,yaml,xml}'::text[]) AS format;

-- ------------------------------------------------------------------------------------------------
-- Little memory, and wrong estimates
-- ------------------------------------------------------------------------------------------------
CREATE TABLE many AS SELECT (i::bigint * 7919 % 9973) AS c, date '2020-01-01' + (i / 100) AS at, (i % 1000)::numeric / 100 AS amount, i FROM generate_series(1, 80000) AS i;
ANALYZE many;
CREATE FUNCTION of_many() RETURNS SETOF many LANGUAGE plpgsql ROWS 10 AS $$ BEGIN RETURN QUERY SELECT * FROM many; END $$;
SET LOCAL work_mem = '64kB';
SELECT matches(plan_of('SELECT c, purchase_history(at, amount) FROM many GROUP BY c', 'ANALYZE, COSTS off, TIMING off'), 'Disk Usage: [1-9]', '64 kB: rows go to a file');
SELECT is(fast('SELECT c, purchase_history(at, amount) FROM many GROUP BY c'), 'same', '64 kB: on disk = in memory');
SELECT is(fast('SELECT c::text, nullif(c % 3, 0), purchase_history(at, amount) FROM many GROUP BY 1, 2'), 'same', '64 kB: two keys');
SELECT is(fast('SELECT repeat(md5(c::text), 500), purchase_history(at, amount) FROM many WHERE i <= 1000 GROUP BY 1'), 'same', '64 kB: keys longer than a block');
SELECT is(fast('SELECT i % 2, purchase_history(at, amount) FROM many GROUP BY 1'), 'same', '64 kB: more rows of a customer than are grouped at once');
SELECT is(fast('SELECT 5::bigint + (i % 1), purchase_history(date ''2020-01-01'' + (i * 37 % 5000), CASE WHEN i % 500 = 0 THEN 1e15 ELSE 0 END - amount) FROM many GROUP BY 1'), 'same', '64 kB: and rows in two parts, of days out of order');
SELECT is(fast('SELECT c, total(purchase_history(at, amount)), last_purchase(purchase_history(at, amount)) FROM many GROUP BY c'), 'same', '64 kB: totals');
SELECT is(fast('SELECT c, purchase_history(at, amount) FROM of_many() GROUP BY c'), 'same', '64 kB: many more rows than expected');
SELECT is(fast('SELECT c::text, purchase_history(at, amount) FROM of_many() GROUP BY 1'), 'same', '64 kB: many more rows than expected, of texts');
SELECT is(fast('SELECT nullif(c, c), purchase_history(at, amount) FROM of_many() GROUP BY 1'), 'same', '64 kB: many more rows than expected, all of no customer');
SELECT is(fast('SELECT v.n, s.* FROM (VALUES (1), (2), (3)) AS v (n), LATERAL (SELECT c, purchase_history(at, amount) FROM many WHERE i % 4 = v.n GROUP BY c OFFSET 0) AS s'), 'same', '64 kB: again and again');
SET LOCAL work_mem = '1MB';
SELECT is(fast('SELECT c, purchase_history(at, amount) FROM of_many() GROUP BY c'), 'same', '1 MB: many more rows than expected');
SET LOCAL work_mem = '4MB';
SELECT is(fast('SELECT c, purchase_history(at, amount) FROM of_many() GROUP BY c'), 'same', '4 MB: many more rows than expected');

-- ------------------------------------------------------------------------------------------------
-- Parallel plans
-- ------------------------------------------------------------------------------------------------
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL max_parallel_workers_per_gather = 2;
SELECT matches(plan_of('SELECT c, purchase_history(at, amount) FROM many GROUP BY c', 'ANALYZE, COSTS off, TIMING off'), 'Workers Launched: [1-9].*Parallel Custom Scan \(FastGroup\)', 'a parallel plan');
CREATE FUNCTION fast_in_parallel(about text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	RETURN NEXT is(fast('SELECT c, purchase_history(at, amount) FROM many GROUP BY c'), 'same', about || ': bigint');
	RETURN NEXT is(fast('SELECT c::text, nullif(c % 3, 0), purchase_history(at, amount) FROM many GROUP BY 1, 2'), 'same', about || ': two keys');
	RETURN NEXT is(fast('SELECT nullif(c, c), purchase_history(at, amount), count(*), count(*) FILTER (WHERE c % 2 = 0) AS even FROM many GROUP BY 1'), 'same', about || ': no customer, and counts');
	RETURN NEXT is(fast('SELECT c, purchase_history(at, amount) FROM sales GROUP BY c'), 'same', about || ': amounts too large for a word');
	RETURN NEXT is(fast('SELECT count(*), sum(total(h)) FROM (SELECT c, purchase_history(at, amount) AS h FROM many GROUP BY c) AS s'), 'same', about || ': an aggregate of histories');
	RETURN NEXT is(fast('SELECT s.c, h FROM (SELECT c, purchase_history(at, amount) AS h FROM many GROUP BY c) AS s JOIN sales ON s.c = sales.i WHERE sales.t = 2'), 'same', about || ': joined');
	RETURN NEXT is(fast('SELECT c, purchase_history(at, amount) FROM many GROUP BY c ORDER BY total(purchase_history(at, amount)) DESC, c LIMIT 10'), 'same', about || ': the best ten');
	RETURN NEXT is(fast('SELECT count(h) FROM (SELECT c, purchase_history(at, amount) AS h FROM many GROUP BY c LIMIT 10) AS s'), 'same', about || ': LIMIT');
	RETURN NEXT is(fast('SELECT v.n, (SELECT count(h) FROM (SELECT purchase_history(at, amount) AS h FROM many WHERE i % 10 = v.n GROUP BY c LIMIT 100) AS s) FROM generate_series(0, 3) AS v (n)'), 'same', about || ': a correlated subquery');
	RETURN NEXT is(fast('SELECT v.n, s.* FROM generate_series(0, 4) AS v (n) LEFT JOIN LATERAL (SELECT c, purchase_history(at, amount) FROM many WHERE i < 9000 GROUP BY c OFFSET 0) AS s ON s.c % 3 = v.n'), 'same', about || ': in a loop');
END $$;
SELECT fast_in_parallel('parallel');
SET LOCAL parallel_leader_participation = off;
SELECT fast_in_parallel('without the leader');
SET LOCAL work_mem = '64kB';
SELECT fast_in_parallel('without the leader, 64 kB');
SET LOCAL parallel_leader_participation = on;
SELECT fast_in_parallel('64 kB');
SET LOCAL work_mem = '4MB';
SELECT max_workers AS max_workers FROM (SELECT current_setting('max_parallel_workers') AS max_workers) AS s \gset
SET LOCAL max_parallel_workers = 0;
SELECT matches(plan_of('SELECT c, purchase_history(at, amount) FROM many GROUP BY c', 'ANALYZE, COSTS off, TIMING off'), 'Workers Launched: 0.*Parallel Custom Scan \(FastGroup\)', 'a parallel plan without workers');
SELECT fast_in_parallel('no workers');
SET LOCAL max_parallel_workers = :max_workers;
SELECT is(error_of(format(:'bad', 'infinity', 1, 'numeric')), '22008 | the day of a purchase must not be infinity | Give a date of the calendar, such as current_date.', 'an error of a worker');
SELECT is(error_of('SELECT c, purchase_history(date ''2024-01-01'', 6e20) FROM sales GROUP BY c'),
	'22003 | the purchases of 2024-01-01 are too large for a purchase_history | A day holds amounts below 10^21 and at most 10^15 orders.', 'an error of a history in a worker');
-- The same setting under the name of before 16, and after.
SET LOCAL max_parallel_workers_per_gather = 2;
SELECT CASE WHEN current_setting('server_version_num')::int < 160000 THEN 'force_parallel_mode' ELSE 'debug_parallel_query' END AS all_parallel \gset
SELECT set_config(:'all_parallel', 'on', true) IS NOT NULL AS set \gset
SELECT is(fast('SELECT c, purchase_history(at, amount) FROM of_many() GROUP BY c'), 'same', 'a function in a worker');
SELECT is(fast('SELECT c::text, purchase_history(at, amount) FROM sales GROUP BY 1'), 'same', 'a plan as a whole in a worker');
SET LOCAL max_parallel_workers_per_gather = 0;
SELECT is(fast('SELECT c::text, purchase_history(at, amount) FROM sales GROUP BY 1'), 'same', 'a serial plan in a worker');
SELECT set_config(:'all_parallel', 'off', true) IS NOT NULL AS set \gset

-- ------------------------------------------------------------------------------------------------
-- The end that comes too early leaves nothing
-- ------------------------------------------------------------------------------------------------
CREATE FUNCTION ended_after(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	begun timestamptz := clock_timestamp();
BEGIN
	EXECUTE query;
	RETURN 'not canceled';
EXCEPTION WHEN query_canceled THEN
	RETURN CASE WHEN clock_timestamp() - begun < interval '1.3 s' THEN 'soon' ELSE (clock_timestamp() - begun)::text END;
END $$;
\set endless 'SELECT m.c + n::bigint * 100000, purchase_history(at, amount) FROM many AS m, generate_series(1, 100000) AS n GROUP BY 1'
SET LOCAL work_mem = '64kB';
SET LOCAL statement_timeout = '300ms';
SELECT ended_after(:'endless') AS serial \gset
SET LOCAL max_parallel_workers_per_gather = 2;
SET LOCAL statement_timeout = '300ms';
SELECT ended_after(:'endless') AS parallel \gset
SET LOCAL statement_timeout = 0;
SELECT is(:'serial'::text, 'soon', 'statement_timeout while rows are read');
SELECT is(:'parallel'::text, 'soon', 'statement_timeout of a parallel plan');
SELECT is((SELECT count(*) FROM pg_ls_tmpdir()), 0::bigint, 'no temporary file is left');
SET LOCAL temp_file_limit = '200kB';
SELECT matches(error_of('SELECT c, purchase_history(at, amount) FROM many GROUP BY c'), '^53400 .*temp_file_limit', 'temp_file_limit of a parallel plan');
SET LOCAL max_parallel_workers_per_gather = 0;
SELECT matches(error_of('SELECT c, purchase_history(at, amount) FROM many GROUP BY c'), '^53400 .*temp_file_limit', 'temp_file_limit');
SELECT is((SELECT count(*) FROM pg_ls_tmpdir()), 0::bigint, 'no temporary file is left of it');
SET LOCAL temp_file_limit = -1;
SET LOCAL work_mem = '4MB';

-- ------------------------------------------------------------------------------------------------
-- summarise: what a customer base makes of the same orders
-- ------------------------------------------------------------------------------------------------
CREATE TABLE lines AS
	SELECT i, (random() * 40)::int AS customer, CASE WHEN i % 53 <> 0 THEN timestamptz '2024-01-01' + random() * interval '100 days' END AS at,
		CASE WHEN i % 31 = 0 THEN NULL ELSE round((random() * 100 - 10)::numeric, 2) END AS amount, CASE WHEN i % 7 <> 0 THEN (random() * 900)::int END AS order_no
	FROM generate_series(1, 3000) AS i;
SET LOCAL timezone = 'Asia/Shanghai';
SELECT count(*) AS created FROM create_customer_base('shop', source => 'public.lines', customer => 'customer', purchased_at => 'at', amount => 'amount', order_id => 'order_no', time_zone => 'Asia/Shanghai', as_of => 'last_purchase') AS created \gset
SELECT is((SELECT count(*) FROM summarise('SELECT customer, at, amount, order_no FROM lines', NULL::int) AS s JOIN shop.histories AS b USING (customer) WHERE s.history = b.history),
	(SELECT count(DISTINCT customer) FROM lines), 'summarise with order ids: the histories of a customer base');
SELECT is((SELECT count(*) FROM summarise('SELECT customer, at, amount::float8, order_no FROM lines', NULL::int) AS s JOIN shop.histories AS b USING (customer) WHERE s.history = b.history),
	(SELECT count(DISTINCT customer) FROM lines), 'summarise with order ids: amounts that are doubles add up exactly');
SELECT is((SELECT count(*) FROM summarise('SELECT customer, at, amount FROM lines', NULL::int) AS s JOIN (SELECT customer, purchase_history(at, amount) AS history FROM lines GROUP BY 1) AS p USING (customer, history)),
	(SELECT count(DISTINCT customer) FROM lines), 'summarise without: plain GROUP BY');

-- ------------------------------------------------------------------------------------------------
-- Without the extension, and in another schema
-- ------------------------------------------------------------------------------------------------
PREPARE after_drop AS SELECT c, purchase_history(at, amount) FROM sales GROUP BY c;
EXECUTE after_drop \g /dev/null
SELECT drop_customer_base('shop') IS NULL AS dropped \gset
DROP EXTENSION pg_customer CASCADE;
SELECT alike(error_of('EXECUTE after_drop'), '42883 | function purchase_history(timestamp with time zone, numeric) does not exist%', 'a prepared statement after DROP EXTENSION');
CREATE SCHEMA "My shop.x";
CREATE EXTENSION pg_customer SCHEMA "My shop.x";
SELECT is(fast('SELECT c, "My shop.x".purchase_history(at, amount) FROM sales GROUP BY c'), 'same', 'a schema of any name');
SELECT is((SELECT count(*) FROM "My shop.x".summarise('SELECT customer, at, amount, order_no FROM lines', NULL::int)), (SELECT count(DISTINCT customer) FROM lines), 'summarise in a schema of any name');
SELECT * FROM finish();
ROLLBACK;
