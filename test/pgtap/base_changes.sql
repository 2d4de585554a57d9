-- The trigger of live bases: whatever is done to the orders, the sums of what it appends are the rows of the source, read by
-- the query that fills a base; and whatever is done to a base, the orders are written, and the base says what is wrong.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT plan(52);
SET LOCAL client_min_messages = error;
CREATE SCHEMA changes;
SET LOCAL search_path = changes, public;
DO $$ BEGIN EXECUTE format('SET LOCAL search_path = changes, public, %I', (SELECT extnamespace::regnamespace FROM pg_extension WHERE extname = 'pg_customer')); END $$;

-- A base with its triggers over a source that is empty.
CREATE FUNCTION live(base text, source text, customer text, purchased_at text, amount text, options text DEFAULT '') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('SELECT * FROM create_customer_base(%L, %L, %L, %L, %L %s)', base, source, customer, purchased_at, amount, options);
	PERFORM base_make_triggers(base_options(format('%I.settings', base)));
END $$;

-- What differs between the source, as a fill reads it, and what the triggers have appended.
CREATE FUNCTION differences(base text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	options jsonb := base_options(format('%I.settings', base));
	zone text := current_setting('timezone');
	style text := current_setting('datestyle');
BEGIN
	PERFORM set_config('timezone', options ->> 'time_zone', true), set_config('datestyle', options ->> 'date_style', true);
	options := options || jsonb_build_object('rows', base_rows(options), 'tenant', coalesce(options ->> 'tenant_sql', 'NULL'),
		'has_tenant', CASE WHEN options ->> 'tenant_sql' IS NULL THEN 'NULL::text' ELSE 'tenant::text' END);
	RETURN QUERY EXECUTE base_template($t$
WITH r AS (SELECT * FROM ({rows}) AS r WHERE NOT coalesce(isfinite(day) AND day < (SELECT kept_before FROM {schema}.state), false)),
source AS (
	SELECT 'day' AS kind, {has_tenant} AS tenant, customer::text, NULL::text AS order_id, day, count(*) FILTER (WHERE amount >= 0 OR amount IS NULL) AS orders,
		trim_scale(coalesce(sum(amount) FILTER (WHERE amount >= 0), 0)::numeric) AS gross, count(*) FILTER (WHERE amount < 0) AS refunds,
		trim_scale(coalesce(-sum(amount) FILTER (WHERE amount < 0), 0)::numeric) AS refunded, NULL::text AS item
	FROM r WHERE reason IS NULL AND order_id IS NULL GROUP BY 2, 3, day
	[[order_sql:UNION ALL SELECT 'line', {has_tenant}, customer::text, order_id::text, day, count(*), trim_scale(coalesce(sum(amount), 0)::numeric), NULL, NULL, NULL
	FROM r WHERE reason IS NULL AND order_id IS NOT NULL GROUP BY 2, 3, 4, day]]
	UNION ALL SELECT 'item', NULL, NULL, NULL, NULL, count(*), NULL, NULL, NULL, reason FROM r WHERE reason IS NOT NULL GROUP BY reason
), base AS (
	SELECT 'day' AS kind, {has_tenant} AS tenant, customer::text, NULL::text AS order_id, day, coalesce(sum(orders), 0)::bigint AS orders, trim_scale(coalesce(sum(gross), 0)) AS gross,
		coalesce(sum(refunds), 0)::bigint AS refunds, trim_scale(coalesce(sum(refunded), 0)) AS refunded, NULL::text AS item
	FROM {schema}.deltas WHERE item IS NULL GROUP BY 2, 3, day
	HAVING coalesce(sum(orders), 0) <> 0 OR coalesce(sum(gross), 0) <> 0 OR coalesce(sum(refunds), 0) <> 0 OR coalesce(sum(refunded), 0) <> 0
	[[order_sql:UNION ALL SELECT 'line', {has_tenant}, customer::text, order_id::text, day, sum(lines)::bigint, trim_scale(sum(amount)), NULL, NULL, NULL
	FROM {schema}.line_deltas GROUP BY 2, 3, 4, day HAVING sum(lines) <> 0 OR sum(amount) <> 0]]
	UNION ALL SELECT 'item', NULL, NULL, NULL, NULL, sum(orders)::bigint, NULL, NULL, NULL, item FROM {schema}.deltas WHERE item IS NOT NULL GROUP BY item
	HAVING sum(orders) <> 0
)
(SELECT 'source ' || s::text FROM source AS s EXCEPT ALL SELECT 'source ' || b::text FROM base AS b)
UNION ALL
(SELECT 'base ' || b::text FROM base AS b EXCEPT ALL SELECT 'base ' || s::text FROM source AS s)
UNION ALL
SELECT 'trouble ' || concat_ws(': ', reason, detail) FROM {schema}.troubles$t$, options);
	PERFORM set_config('timezone', zone, true), set_config('datestyle', style, true);
END $$;
CREATE FUNCTION same(base text, what text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN RETURN is_empty(format('SELECT * FROM differences(%L)', base), base || ': ' || what); END $$;

-- Random statements ---------------------------------------------------------------------------------
CREATE TABLE orders (id int PRIMARY KEY, customer int, email text, key uuid, shop char(4), ordered timestamptz, local timestamp, day date, written text, total numeric,
	cents bigint, share float8, nr text, state text, currency char(3), note text);
SELECT live('plain', 'changes.orders', 'customer', 'day', 'total');
SELECT live('zone', 'changes.orders', 'customer', 'ordered', 'total', $$, time_zone => 'Asia/Shanghai', filter => 'state = ''paid'''$$);
SELECT live('texts', 'changes.orders', 'lower(email)', 'local', 'cents / 100.0', $$, time_zone => 'America/New_York', source_time_zone => 'UTC', currency => 'EUR',
	currency_column => 'currency', tenant => 'shop'$$);
SET LOCAL datestyle = 'German';
SELECT live('written', 'changes.orders', 'key', 'written::date', 'cents', $$, tenant => 'customer % 3', time_zone => 'Europe/Paris'$$);
SET LOCAL datestyle = 'ISO, MDY';
SELECT live('lines', 'changes.orders', 'email', 'day', 'total', $$, order_id => 'nr'$$);
SELECT live('all_of_it', 'changes.orders', 'shop', 'ordered', 'share', $$, tenant => 'email', order_id => 'id / 3', filter => 'note IS NULL', currency => 'EUR',
	currency_column => 'currency', time_zone => 'Asia/Tokyo'$$);

CREATE FUNCTION random_order(id int) RETURNS orders LANGUAGE sql VOLATILE AS $$
SELECT id, CASE WHEN random() < 0.9 THEN floor(random() * 6)::int END, CASE WHEN random() < 0.9 THEN substr('AaBbCc', 1 + floor(random() * 6)::int, 1) || repeat('x', CASE WHEN random() < 0.1 THEN 200 ELSE 0 END) END,
	CASE WHEN random() < 0.9 THEN md5(floor(random() * 6)::text)::uuid END, CASE WHEN random() < 0.9 THEN substr('abc', 1 + floor(random() * 3)::int, 1) END,
	CASE WHEN random() < 0.05 THEN 'infinity' WHEN random() < 0.95 THEN timestamptz '2024-03-10 00:00+00' + random() * interval '3 days' END,
	CASE WHEN random() < 0.95 THEN timestamp '2024-03-10' + random() * interval '3 days' END,
	CASE WHEN random() < 0.05 THEN '-infinity' WHEN random() < 0.95 THEN date '2024-03-10' + floor(random() * 3)::int END,
	CASE WHEN random() < 0.9 THEN floor(random() * 3 + 1)::text || '.10.2024' END,
	CASE WHEN random() < 0.03 THEN 'NaN' WHEN random() < 0.03 THEN '-Infinity' WHEN random() < 0.03 THEN 1.000000001 WHEN random() < 0.03 THEN 1e21
		WHEN random() < 0.03 THEN 999999999999999999999.999999 WHEN random() < 0.9 THEN round((random() * 20 - 5)::numeric, floor(random() * 7)::int) END,
	CASE WHEN random() < 0.9 THEN floor(random() * 20000 - 5000)::bigint END,
	CASE WHEN random() < 0.03 THEN 'NaN' WHEN random() < 0.03 THEN 'Infinity' WHEN random() < 0.9 THEN random() * 10 - 3 END,
	CASE WHEN random() < 0.8 THEN floor(random() * 8)::text END, CASE WHEN random() < 0.9 THEN (ARRAY['paid', 'paid', 'open'])[1 + floor(random() * 3)::int] END,
	CASE WHEN random() < 0.95 THEN (ARRAY['EUR', 'EUR', 'EUR', 'USD'])[1 + floor(random() * 4)::int] END, CASE WHEN random() < 0.2 THEN 'n' END $$;

CREATE FUNCTION act(step int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	pick int := floor(random() * 14);
	id int := step * 100;
BEGIN
	PERFORM set_config('timezone', (ARRAY['UTC', 'America/Lima', 'Asia/Tokyo'])[1 + step % 3], true), set_config('datestyle', (ARRAY['ISO, MDY', 'German', 'SQL, DMY'])[1 + step % 3], true);
	CASE pick
	WHEN 0, 1, 2 THEN INSERT INTO orders SELECT (random_order(id)).*;
	WHEN 3, 4 THEN INSERT INTO orders SELECT r.* FROM generate_series(id, id + floor(random() * 40)::int) AS i, LATERAL random_order(i) AS r;
	WHEN 5 THEN UPDATE orders SET total = total + 1, cents = cents - 700, share = -share WHERE orders.id % 7 = step % 7;
	WHEN 6 THEN UPDATE orders SET customer = customer + 1, email = upper(email), key = md5(key::text)::uuid, shop = 'abc' WHERE orders.id % 7 = step % 7;
	WHEN 7 THEN UPDATE orders SET day = day + 1, ordered = ordered + interval '1 day', local = local - interval '5 hours', written = '31.12.2023' WHERE orders.id % 5 = step % 5;
	WHEN 8 THEN UPDATE orders SET state = CASE state WHEN 'paid' THEN NULL ELSE 'paid' END, note = CASE WHEN note IS NULL THEN 'n' END, currency = 'EUR' WHERE orders.id % 5 = step % 5;
	WHEN 9 THEN UPDATE orders SET nr = CASE WHEN nr IS NULL THEN '3' WHEN nr < '4' THEN NULL ELSE '4' END WHERE orders.id % 5 = step % 5;
	WHEN 10 THEN DELETE FROM orders WHERE orders.id % 9 = step % 9;
	WHEN 11 THEN INSERT INTO orders SELECT r.* FROM orders AS o, LATERAL random_order(o.id + (o.id % 2) * 50) AS r WHERE o.id % 5 = step % 5
		ON CONFLICT ON CONSTRAINT orders_pkey DO UPDATE SET total = excluded.total, email = excluded.email, day = excluded.day;
	WHEN 12 THEN MERGE INTO orders AS o USING (SELECT r.* FROM generate_series(id - 300, id + 20, 7) AS i, LATERAL random_order(i) AS r) AS n ON o.id = n.id
		WHEN MATCHED AND n.id % 2 = 0 THEN DELETE WHEN MATCHED THEN UPDATE SET total = n.total, customer = n.customer, nr = n.nr
		WHEN NOT MATCHED THEN INSERT VALUES (n.id, n.customer, n.email, n.key, n.shop, n.ordered, n.local, n.day, n.written, n.total, n.cents, n.share, n.nr, n.state, n.currency, n.note);
	WHEN 13 THEN WITH gone AS (DELETE FROM orders WHERE orders.id % 11 = step % 11 RETURNING *)
		INSERT INTO orders SELECT g.id + 1000000, g.customer, g.email, g.key, g.shop, g.ordered, g.local, g.day, g.written, g.total, g.cents, g.share, g.nr, g.state, g.currency, g.note
		FROM gone AS g ON CONFLICT DO NOTHING;
	END CASE;
	IF random() < 0.2 THEN
		RAISE EXCEPTION USING ERRCODE = 'ZZ001';
	END IF;
	RETURN pick;
EXCEPTION WHEN SQLSTATE 'ZZ001' THEN
	RETURN pick || ' rolled back';
END $$;

\if :{?seed} \else
\set seed 0.4
\endif
\if :{?steps} \else
\set steps 150
\endif
SELECT setseed(:seed);
CREATE TABLE acts AS SELECT step, act(step) AS what FROM generate_series(1, :steps) AS step;
SELECT cmp_ok((SELECT count(DISTINCT what) FROM acts), '>=', 14::bigint, 'all kinds of statements ran');
SELECT same(base, 'every statement is recorded') FROM unnest('{plain,zone,texts,written,lines,all_of_it}'::text[]) AS base;
SET LOCAL work_mem = '64kB';
INSERT INTO orders SELECT r.* FROM generate_series(900000001, 900006000) AS i, LATERAL random_order(i) AS r;
UPDATE orders SET email = email || id, total = total + 1, customer = id WHERE id > 900000000;
SELECT same(base, 'statements that do not fit the memory are, too') FROM unnest('{plain,zone,texts,written,lines,all_of_it}'::text[]) AS base;
RESET work_mem;
CREATE FUNCTION deltas(base text, OUT rows bigint) LANGUAGE plpgsql AS $$ BEGIN EXECUTE format('SELECT count(*) FROM %I.deltas', base) INTO rows; END $$;
CREATE TABLE sizes AS SELECT base, deltas(base) AS rows FROM unnest('{plain,zone,texts,lines}'::text[]) AS base;
UPDATE orders SET written = '1.1.2024';
SELECT is(deltas(base), rows, base || ': nothing is written for a column that is none of the base''s') FROM sizes;

-- Tables that hold more than rows -------------------------------------------------------------------
CREATE TABLE sold (id int, gone text, customer text, day date, total numeric) PARTITION BY RANGE (day);
CREATE TABLE sold_2023 PARTITION OF sold FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
CREATE TABLE sold_2024 (total numeric, day date, more int, customer text, id int, gone text);
ALTER TABLE sold_2024 DROP COLUMN more;
ALTER TABLE sold ATTACH PARTITION sold_2024 FOR VALUES FROM ('2024-01-01') TO ('2025-01-01') ;
ALTER TABLE sold DROP COLUMN gone;
SELECT live('parts', 'changes.sold', 'customer', 'day', 'total');
INSERT INTO sold SELECT i, 'c' || i % 5, date '2023-12-01' + i, i FROM generate_series(1, 60) AS i;
INSERT INTO sold_2024 (id, customer, day, total) SELECT 100 + i, 'c' || i % 5, date '2024-02-01' + i, i FROM generate_series(1, 60) AS i;
COPY sold_2023 (id, customer, day, total) FROM stdin;
200	c1	2023-05-05	7.5
201	\N	2023-05-06	8
\.
UPDATE sold SET day = day + 20 WHERE id % 3 = 0;
UPDATE sold_2024 SET total = total - 50 WHERE id % 2 = 0;
DELETE FROM sold WHERE id % 7 = 0;
DELETE FROM sold_2023 WHERE id % 5 = 0;
SELECT same('parts', 'partitions with other columns, rows that move, statements on the parent and on a partition');
ALTER TABLE sold ADD COLUMN kind text DEFAULT 'order', ADD COLUMN net numeric GENERATED ALWAYS AS (total * 0.8) STORED;
SELECT live('kinds', 'changes.sold', 'customer', 'day', 'net', $$, filter => 'kind = ''order'''$$);
DELETE FROM sold;
SELECT is((SELECT sum(orders) FROM kinds.deltas WHERE item IS NULL), -(SELECT sum(orders) FROM kinds.summary), 'a column that came later, and a generated one');
SELECT same('parts', 'all rows are gone');
INSERT INTO sold SELECT i, 'c' || i % 5, date '2023-12-01' + i, i FROM generate_series(1, 60) AS i;
TRUNCATE sold_2023;
SELECT is((SELECT string_agg(concat_ws(': ', reason, detail), ', ') FROM parts.troubles), 'truncated: sold_2023', 'a partition alone was truncated: nobody knows what it held');
DELETE FROM parts.troubles;
TRUNCATE sold;
SELECT same('parts', 'the source was truncated');

-- Rows that go because others go, triggers of others, and constraints that are checked late
CREATE TABLE people (id int PRIMARY KEY);
CREATE TABLE bought (id serial, person int REFERENCES people ON DELETE CASCADE ON UPDATE CASCADE DEFERRABLE, day date, total numeric);
SELECT live('bought', 'changes.bought', 'person', 'day', 'total');
CREATE FUNCTION discount() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.total := NEW.total - 1; RETURN NEW; END $$;
CREATE TRIGGER discount BEFORE INSERT ON bought FOR EACH ROW EXECUTE FUNCTION discount();
CREATE FUNCTION gift() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF EXISTS (SELECT FROM new_rows WHERE total > 50) THEN
		INSERT INTO bought (person, day, total) SELECT person, day, 0 FROM new_rows WHERE total > 50 LIMIT 1;
	END IF;
	RETURN NULL;
END $$;
CREATE TRIGGER a_gift AFTER INSERT ON bought REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION gift();
CREATE TRIGGER z_gift AFTER INSERT ON bought REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION gift();
CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO bought (person, day, total) VALUES (NEW.id, '2024-06-01', 3); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON people DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION late();
INSERT INTO people SELECT generate_series(1, 9);
INSERT INTO bought (person, day, total) SELECT i % 9 + 1, date '2024-01-01' + i, i FROM generate_series(1, 90) AS i;
UPDATE people SET id = id + 100 WHERE id < 4;
DELETE FROM people WHERE id > 6 AND id < 100;
INSERT INTO people VALUES (7), (8), (9), (1), (2), (3);
SET CONSTRAINTS ALL IMMEDIATE;
SELECT cmp_ok((SELECT count(*) FROM bought WHERE day = '2024-06-01'), '>', 6::bigint, 'a deferred trigger has written orders');
SELECT same('bought', 'cascades, triggers that change rows, read them, write others, and come late');

-- Keys of every kind -----------------------------------------------------------------------------------
CREATE DOMAIN code AS char(5) CHECK (VALUE <> 'none');
CREATE TYPE colour AS ENUM ('red', 'green');
CREATE TABLE keys (a code, b char(8), c colour, d int[], e numeric, f float8, g varchar(20), h name, i timestamptz, j interval, k bytea, day date);
SELECT live('key_' || t.name, 'changes.keys', t.name, 'day', '1') FROM unnest('{a,b,c,d,e,f,g,h,i,j,k}'::text[]) AS t (name);
INSERT INTO keys SELECT 'k' || i % 3, 'x' || i % 3, (ARRAY['red', 'green']::colour[])[i % 2 + 1], ARRAY[i % 3, NULL], (i % 3)::text::numeric, i % 3, i % 3, i % 3,
	timestamptz '2024-01-01' + i % 3 * interval '1 hour', i % 3 * interval '30 days', decode('0' || i % 3, 'hex'), date '2024-01-01' + i % 2 FROM generate_series(1, 30) AS i;
INSERT INTO keys (e, f, g, j, day) VALUES ('1.000', '-0', repeat('long', 5), '1 mon', '2024-01-01');
DELETE FROM keys WHERE b = 'x1' AND day = '2024-01-01';
SELECT same('key_' || name, 'keys of such a type') FROM unnest('{a,b,c,d,g,h,i,k}'::text[]) AS t (name);
SELECT is_empty(format('SELECT * FROM verify_customer_base(%L)', 'key_' || name), 'key_' || name || ': keys that are equal and not the same') FROM unnest('{b,d,e,f,j}'::text[]) AS t (name);


-- A key that is made by way of text is the same in every session
SELECT live('key_text', 'changes.keys', 'k::text || j::text', 'day', '1');
SET LOCAL bytea_output = escape;
SET LOCAL intervalstyle = iso_8601;
INSERT INTO keys (k, j, day) VALUES ('\x01ff', '1 day', '2024-01-05');
SELECT is_empty($$SELECT * FROM verify_customer_base('key_text')$$, 'text of a session that writes values otherwise');
SELECT results_eq($$SELECT customer FROM key_text.customers WHERE last_purchase = '2024-01-05'$$, ARRAY['\x01ff1 day'], 'is that of all others');
RESET bytea_output;
RESET intervalstyle;

-- A key that no index could hold
CREATE TABLE mails (mail text, day date, total numeric);
SELECT live('mails', 'changes.mails', 'mail', 'day', 'total');
INSERT INTO mails SELECT (SELECT string_agg(md5(random()::text || i), '') FROM generate_series(1, n) AS i), '2024-01-01', 1 FROM unnest('{10,80,90,1000}'::int[]) AS n;
SELECT results_eq('SELECT item, sum(orders)::int FROM mails.deltas GROUP BY 1 ORDER BY 1', $$VALUES ('failed', 2), (NULL, 2)$$, 'rows with keys that are too long are left out');
SELECT lives_ok($$SELECT * FROM refresh_customer_base('mails')$$, 'by a refresh as well');
SELECT results_eq($$SELECT item, rows FROM mails.data_quality WHERE item IN ('rows_used', 'quarantined_failed')$$, $$VALUES ('rows_used', 2::bigint), ('quarantined_failed', 2)$$, 'which counts them');
SELECT is_empty($$SELECT * FROM verify_customer_base('mails')$$, 'and leaves the base right');

-- The id of an order may be of any length, and whoever makes an index for it must not have orders rejected
CREATE TABLE baskets (nr text, customer int, day date, total int);
CREATE INDEX ON baskets USING hash (nr);
SELECT live('baskets', 'changes.baskets', 'customer', 'day', 'total', ', order_id => ''nr''');
CREATE INDEX ON baskets.line_deltas (order_id);
INSERT INTO baskets SELECT string_agg(md5(i::text), ''), 1, '2024-01-01', 1 FROM generate_series(1, 400) AS i;
SELECT results_eq('SELECT reason, detail FROM baskets.troubles', $$VALUES ('deltas_changed', 'line_deltas')$$, 'an index that might be too small is no part of a base');

-- The last instant there is lies beyond the last day elsewhere, and the first before the first
CREATE TABLE instants (customer int, at timestamptz, total int);
SELECT live('instants', 'changes.instants', 'customer', 'at', 'total', ', time_zone => ''Asia/Shanghai''');
INSERT INTO instants VALUES (1, '294276-12-31 23:30+00', 1), (1, '294276-12-31 15:30+00', 2), (1, '4714-11-24 00:00+00 BC', 3), (1, '-infinity', 4), (1, 'infinity', 5), (1, '2024-05-01 17:00+00', 6), (1, NULL, 7);
UPDATE instants SET total = total * 10;
SELECT results_eq('SELECT item, day, sum(orders)::int, sum(gross)::int FROM instants.deltas GROUP BY 1, 2 HAVING sum(orders) <> 0 ORDER BY 1, 2',
	$$VALUES ('failed', NULL::date, 1, NULL::int), ('infinite_day', NULL, 2, NULL), ('no_day', NULL, 1, NULL),
		(NULL, '4714-11-24 BC', 1, 30), (NULL, '2024-05-02', 1, 60), (NULL, '294276-12-31', 1, 20)$$, 'only the row fails that has no day');

-- The start of the history is kept -----------------------------------------------------------------------
CREATE TABLE old_orders (customer int, day date, total numeric);
SELECT live('old', 'changes.old_orders', 'customer', 'day', 'total');
INSERT INTO old_orders SELECT i % 3, date '2020-01-01' + i * 10, i FROM generate_series(1, 100) AS i;
SELECT same('old', 'before a part is kept');
SELECT keep_history_before('old', '2021-01-01');
DELETE FROM old_orders WHERE day < '2021-03-01';
UPDATE old_orders SET day = '2020-01-01' WHERE day > '2022-01-01';
INSERT INTO old_orders VALUES (1, '2020-12-31', 1), (1, '2021-01-01', 2);
SELECT is_empty($$SELECT * FROM old.deltas WHERE day < '2021-01-01'$$, 'what is before it is not recorded');
SELECT is((SELECT sum(orders)::int FROM old.deltas), (SELECT count(*)::int FROM old_orders WHERE day >= '2021-01-01') - (SELECT sum(orders(slice(history, '2021-01-01', 'infinity')))::int FROM old.summary), 'what comes after it is');

-- stage_changes => 'transaction' -------------------------------------------------------------------------
CREATE TABLE now_orders (customer text, shop int, day date, total numeric);
SELECT live('at_once', 'changes.now_orders', 'customer', 'day', 'total', $$, tenant => 'shop', stage_changes => 'transaction'$$);
INSERT INTO now_orders SELECT 'c' || i % 7, i % 2, date '2024-01-01' + i, i FROM generate_series(1, 70) AS i;
SELECT is_empty('SELECT * FROM at_once.deltas', 'the customers of an order are folded in its transaction');
SELECT is((SELECT sum(orders)::int FROM at_once.summary), 70, 'and are in the summary');
UPDATE now_orders SET total = 1, shop = 3 WHERE customer = 'c1';
SELECT is_empty($$SELECT * FROM verify_customer_base('at_once')$$, 'changes are, too');
INSERT INTO now_orders SELECT 'n' || i, 1, '2024-01-01', 1 FROM generate_series(1, 1500) AS i;
SELECT is((SELECT count(*)::int FROM at_once.deltas), 500, 'a statement folds a thousand customers and leaves the others');

SELECT * FROM finish();
ROLLBACK;
