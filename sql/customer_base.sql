-- Customer bases: making, reading, refreshing, verifying, dropping, and every way to get it wrong.
\set SHOW_CONTEXT never
\pset null ∅
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';

-- Results without what differs from run to run.
CREATE FUNCTION stable(item text) RETURNS boolean LANGUAGE sql AS $$ SELECT item NOT IN ('seconds', 'bytes') $$;

CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint, ordered_at timestamptz, total numeric(10,2), status text DEFAULT 'paid');
INSERT INTO orders VALUES
	(1, 1, '2024-01-05 10:00', 100), (2, 1, '2024-02-05 10:00', 50), (3, 1, '2024-02-05 11:00', 25.50),
	(4, 2, '2024-01-31 17:00', 80), (5, 2, '2024-03-01 09:00', -30),
	(6, 3, '2023-11-11 11:11', 1000), (7, 4, '2024-03-10 00:00', 0),
	(8, 5, '2024-02-20 12:00', -5), (9, NULL, '2024-03-01 12:00', 60), (10, 6, NULL, 70), (11, 7, '2024-03-09', NULL);

-- A base in one statement
SELECT * FROM create_customer_base('shop', source => 'orders', customer => 'customer_id', purchased_at => 'ordered_at',
	amount => 'total', as_of => '2024-03-10', currency => 'EUR') WHERE stable(item);
SELECT customer, first_purchase, last_purchase, days_since_last AS days, orders, refunds, gross, refunded, total, average_order AS average,
	tenure_days AS tenure, median_gap_days AS gap FROM shop.customers ORDER BY customer;
SELECT customer, rfm, recency_score, frequency_score, monetary_score, segment, segment_label, segment_rank, abc_class, historic_value, currency, as_of
FROM shop.customers ORDER BY customer;
SELECT * FROM shop.rfm ORDER BY customer;
SELECT segment, segment_label, segment_rank, customers, share_of_customers, total, share_of_total, average_order,
	median_days_since_last, currency, as_of FROM shop.rfm_segments;
SELECT * FROM shop.abc ORDER BY cumulative_share, customer;
SELECT period, customers_active AS active, customers_new AS new, customers_returning AS returning, customers_reactivated AS back,
	customers_lost AS lost, customers_total AS all, orders, gross, refunded, net, average_order AS average,
	orders_per_customer AS per_customer, repeat_rate, refund_rate, complete FROM shop.kpis WHERE unit = 'month' ORDER BY period;
SELECT unit, count(*), sum(customers_new), sum(gross), sum(refunded), bool_and(complete) FROM shop.kpis GROUP BY unit ORDER BY unit;
SELECT * FROM shop.data_quality WHERE rows > 0;
SELECT base, version, mode, as_of, source, rows_seen, customers, bytes > 0 AS bytes, last_refresh <= now() AS refreshed, cut_points_as_of,
	last_verify, verify_differences, quarantined, stale, stale_reason FROM shop.base_status;
SELECT * FROM shop.histories ORDER BY customer;
SELECT measure, cut, value, as_of, day FROM shop.cut_points ORDER BY measure, cut;
SELECT base, schema, owner = current_user AS mine, source FROM customer_bases();

-- The past: cut at the day, and scored by that day's population
SELECT customer, first_purchase, last_purchase, days_since_last AS days, orders, refunds, total, rfm, segment, abc_class, as_of
FROM shop.customers_at('2024-02-29') ORDER BY customer;
SELECT * FROM shop.segment_moves('2024-01-31', '2024-03-10');
SELECT * FROM shop.moved('2024-01-31', '2024-03-10', NULL, 'promising');

-- Twins are the views
SELECT (SELECT count(*) FROM (SELECT * FROM shop.customers EXCEPT SELECT * FROM shop.customers_at(shop.as_of())) AS d) AS customers,
	(SELECT count(*) FROM (SELECT * FROM shop.rfm EXCEPT SELECT * FROM shop.rfm_at(shop.as_of())) AS d) AS rfm,
	(SELECT count(*) FROM (SELECT * FROM shop.rfm_segments EXCEPT SELECT * FROM shop.rfm_segments_at(shop.as_of())) AS d) AS segments,
	(SELECT count(*) FROM (SELECT * FROM shop.abc EXCEPT SELECT * FROM shop.abc_at(shop.as_of())) AS d) AS abc,
	(SELECT count(*) FROM (SELECT * FROM shop.kpis EXCEPT SELECT * FROM shop.kpis_at(shop.as_of())) AS d) AS kpis;

-- Verify, then refresh
SELECT * FROM verify_customer_base('shop');
SELECT verify_differences, last_verify IS NOT NULL AS verified, stale FROM shop.base_status;
UPDATE orders SET total = 55 WHERE id = 2;
DELETE FROM orders WHERE customer_id = 3;
INSERT INTO orders VALUES (12, 8, '2024-03-02', 12);
SELECT * FROM verify_customer_base('shop');
SELECT verify_differences, stale, stale_reason FROM shop.base_status;
UPDATE shop.summary SET total = 0 WHERE customer = 2;
SELECT * FROM refresh_customer_base('shop') WHERE item IN ('customers', 'customers_written', 'customers_removed');
SELECT * FROM verify_customer_base('shop');
UPDATE shop.summary SET history = '{}' WHERE customer = 2;
SELECT * FROM refresh_customer_base('shop') WHERE item IN ('customers', 'customers_written', 'customers_removed');
SELECT * FROM verify_customer_base('shop');
SELECT count(*) FROM verify_customer_base('shop', 0.5);
SELECT * FROM verify_customer_base('shop', 0);
-- an unchanged source writes nothing
CREATE TEMP TABLE before AS SELECT ctid AS place, xmin::text AS version, customer FROM shop.summary;
SELECT * FROM refresh_customer_base('shop') WHERE item IN ('customers_written', 'customers_removed');
SELECT count(*) FROM (SELECT ctid, xmin::text, customer FROM shop.summary EXCEPT SELECT * FROM before) AS d;

-- What goes wrong says so, and leaves nothing
SELECT * FROM create_customer_base('shop', 'orders', 'customer_id', 'ordered_at', 'total');
SELECT * FROM create_customer_base('b', 'orders', 'customer', 'ordered_at', 'total');
SELECT * FROM create_customer_base('b', 'orders', 'Customer_ID', 'ordered_at', 'total');
SELECT * FROM create_customer_base('b', 'no_orders', 'customer_id', 'ordered_at', 'total');
SELECT * FROM create_customer_base('b', NULL, 'customer_id', 'ordered_at', 'total');
SELECT * FROM create_customer_base('b', 'SELECT * FROM orders', 'customer_id', 'ordered_at', 'total');
SELECT * FROM create_customer_base('b', 'a.b.c.d', 'customer_id', 'ordered_at', 'total');
SELECT * FROM create_customer_base('b', 'orders', NULL, 'ordered_at', 'total');
SELECT * FROM create_customer_base('', 'orders', 'customer_id', 'ordered_at', 'total');
SELECT * FROM create_customer_base('b', 'orders', 'customer_id', 'ordered_at', 'total', schema => repeat('b', 64));
CREATE TEMP TABLE passing AS SELECT * FROM orders;
SELECT * FROM create_customer_base('b', 'passing', 'customer_id', 'ordered_at', 'total');
SELECT * FROM create_customer_base('b', 'orders', 'customer_id', 'ordered_at', 'total', customers => 'passing', customers_key => 'id');
SELECT * FROM create_customer_base('b', 'orders', 'customer_id', 'status', 'total');
SELECT * FROM create_customer_base('b', 'orders', 'customer_id', 'id', 'total');
SELECT * FROM create_customer_base('b', 'orders', 'customer_id', 'ordered_at', 'status');
SELECT * FROM create_customer_base('b', 'orders', 'customer_id', 'ordered_at', 'total::money');
SELECT * FROM create_customer_base('b', 'orders', 'to_json(customer_id)', 'ordered_at', 'total');
SELECT * FROM create_customer_base('b', 'orders', '', 'ordered_at', 'total');
SELECT * FROM create_customer_base('b', 'orders', 'customer_id', 'ordered_at', 'sum(total)');
SELECT * FROM create_customer_base('b', 'orders', 'customer_id', 'ordered_at', 'rank() OVER ()');
SELECT * FROM create_customer_base('b', 'orders', 'customer_id', 'ordered_at', '(SELECT 1)');
SELECT * FROM create_customer_base('b', 'orders', 'customer_id', 'ordered_at', 'generate_series(1, 2)');
SELECT * FROM create_customer_base('b', 'orders', 'customer_id', 'ordered_at', 'total * random()');
SELECT * FROM create_customer_base('b', 'orders', 'customer_id', 'ordered_at', 'total, id');
SELECT * FROM create_customer_base('b', 'orders', 'customer_id', 'ordered_at', 'total), (id');
SELECT * FROM create_customer_base('b', 'orders', 'customer_id', 'ordered_at', 'total) FROM orders WHERE (true');
SELECT * FROM create_customer_base('b', 'orders', 'customer_id', 'ordered_at', 'total); DROP TABLE orders; SELECT (1');
SELECT * FROM create_customer_base('b', 'orders', 'customer_id', 'ordered_at', 'total +');
SELECT * FROM create_customer_base('b', 'orders', 'customer_id', 'ordered_at', 'total -- ') WHERE item = 'purchases';
SELECT drop_customer_base('b');
SELECT * FROM create_customer_base('b', 'orders', 'customer_id', 'ordered_at', 'orders.total * 2');
SELECT * FROM create_customer_base('b', 'orders', 'customer_id', 'ordered_at', 'total / 0');
SELECT * FROM create_customer_base('b', 'orders', 'customer_id', 'ordered_at', '$1 + 1');
SELECT * FROM create_customer_base('b', 'orders', 'customer_id', 'ordered_at', 'total', filter => 'total');
SELECT * FROM create_customer_base('b', 'orders', 'customer_id', 'ordered_at', 'total', filter => 'WHERE total > 5');
SELECT * FROM create_customer_base('b', 'orders', 'customer_id', 'ordered_at', 'total', filter => 'status = "paid"');
SELECT * FROM create_customer_base('b', 'orders', 'customer_id', 'ordered_at', 'total', time_zone => 'UTC+8');
SELECT * FROM create_customer_base('b', 'orders', 'customer_id', 'ordered_at', 'total', time_zone => 'Shanghai');
SELECT * FROM create_customer_base('b', 'orders', 'customer_id', 'ordered_at', 'total', source_time_zone => 'UTC');
SELECT * FROM create_customer_base('b', 'orders', 'customer_id', 'ordered_at', 'total', as_of => 'now');
SELECT * FROM create_customer_base('b', 'orders', 'customer_id', 'ordered_at', 'total', as_of => '2024-13-01');
SELECT * FROM create_customer_base('b', 'orders', 'customer_id', 'ordered_at', 'total', currency => 'euro');
SELECT * FROM create_customer_base('b', 'orders', 'customer_id', 'ordered_at', 'total', currency_column => 'status');
SELECT * FROM create_customer_base('b', 'orders', 'customer_id', 'ordered_at', 'total', rfm_bins => 10);
SELECT * FROM create_customer_base('b', 'orders', 'customer_id', 'ordered_at', 'total', rfm_bins => 3);
SELECT * FROM create_customer_base('b', 'orders', 'customer_id', 'ordered_at', 'total', rfm_method => 'ntile');
SELECT * FROM create_customer_base('b', 'orders', 'customer_id', 'ordered_at', 'total', rfm_method => 'mean');
SELECT * FROM create_customer_base('b', 'orders', 'customer_id', 'ordered_at', 'total', rfm_method => 'best');
SELECT * FROM create_customer_base('b', 'orders', 'customer_id', 'ordered_at', 'total', segment_map => 'mine');
SELECT * FROM create_customer_base('b', 'orders', 'customer_id', 'ordered_at', 'total', segment_map => 'cn8', rfm_bins => 5);
SELECT * FROM create_customer_base('b', 'orders', 'customer_id', 'ordered_at', 'total', rfm_window => '-1 day');
SELECT * FROM create_customer_base('b', 'orders', 'customer_id', 'ordered_at', 'total', abc_a => 0.99);
SELECT * FROM create_customer_base('b', 'orders', 'customer_id', 'ordered_at', 'total', abc_a => 80);
SELECT * FROM create_customer_base('b', 'orders', 'customer_id', 'ordered_at', 'total', count_by => 'weeks');
SELECT * FROM create_customer_base('b', 'orders', 'customer_id', 'ordered_at', 'total', language => 'fr');
SELECT * FROM create_customer_base('b', 'orders', 'customer_id', 'ordered_at', 'total', on_bad_row => 'ignore');
SELECT * FROM create_customer_base('b', 'orders', 'customer_id', 'ordered_at', 'total', customers_key => 'id');
SELECT * FROM create_customer_base('b', 'orders', 'customer_id', 'ordered_at', 'total', customers => 'orders');
SELECT * FROM create_customer_base('b', 'orders_pkey', 'customer_id', 'ordered_at', 'total');
SELECT * FROM create_customer_base('public', 'orders', 'customer_id', 'ordered_at', 'total');
SELECT * FROM create_customer_base('pg_mine', 'orders', 'customer_id', 'ordered_at', 'total');
SELECT * FROM refresh_customer_base('nothing');
SELECT nspname FROM pg_namespace WHERE nspname IN ('b', 'pg_mine');

-- Bad rows are put aside and counted, or refused
CREATE TABLE dirty (customer_id int, day timestamp, amount numeric, cur text DEFAULT 'EUR');
INSERT INTO dirty VALUES (1, '2024-01-01', 10), (1, 'infinity', 10), (2, '2024-01-02', 'NaN'), (2, '2024-01-02', '-Infinity'),
	(3, '2024-01-03', 0.0000001), (3, '2024-01-03', 0.0000010), (4, '2024-01-04', 1e21), (5, '2024-01-05', 5), (NULL, NULL, NULL);
INSERT INTO dirty VALUES (6, '2024-01-06', 6, 'USD'), (6, '2024-01-06', 7, NULL);
SELECT * FROM create_customer_base('dirt', 'dirty', 'customer_id', 'day', 'amount', currency => 'EUR', currency_column => 'cur',
	as_of => 'last_purchase', time_zone => 'UTC') WHERE stable(item);
SELECT customer, purchased_at, amount, reason FROM dirt.quarantine ORDER BY id;
SELECT * FROM dirt.histories ORDER BY customer;
SELECT drop_customer_base('dirt');
SELECT * FROM create_customer_base('dirt', 'dirty', 'customer_id', 'day', 'amount', on_bad_row => 'error');
SELECT * FROM create_customer_base('dirt', 'dirty', 'customer_id', 'day', 'amount', on_bad_row => 'error', filter => 'customer_id IN (1, 5) AND isfinite(day)')
WHERE item = 'customers';
SELECT drop_customer_base('dirt');

SELECT * FROM create_customer_base('dirt', 'dirty', 'customer_id', 'day', '1 / (customer_id - 5)');

-- Orders of several lines; a line without an order id is an order of its own
CREATE TABLE lines (order_no text, customer text, bought timestamp, quantity int, price float8);
INSERT INTO lines VALUES ('a', 'ann', '2024-01-01 23:50', 2, 1.1), ('a', 'ann', '2024-01-02 00:10', 1, 3), ('b', 'bob', '2024-01-03', -1, 9.99),
	('b', 'ben', '2024-01-03', 1, 1), (NULL, 'ann', '2024-01-04', 1, 5), (NULL, 'ann', '2024-01-04', 1, -6), ('c', 'ann', '2024-01-05', 1, NULL),
	('d', 'ann', '2024-01-06', 1, 2), ('d', 'ann', '2024-01-06', 1, NULL), ('e', NULL, '2024-01-06', 1, 2), ('e', NULL, '2024-01-06', 1, 2);
SELECT * FROM create_customer_base('lined', 'lines', 'customer', 'bought', 'quantity * price', order_id => 'order_no', as_of => 'last_purchase')
WHERE stable(item);
SELECT * FROM lined.histories ORDER BY customer;
SELECT * FROM verify_customer_base('lined');
SELECT item, value FROM create_customer_base('unlined', 'lines', 'customer', 'bought', 'quantity * price') WHERE item IN ('purchases', 'refunds', 'warning');

-- A day is a day of the base's zone, whoever asks
SELECT item, value FROM create_customer_base('east', 'orders', 'customer_id', 'ordered_at', 'total', time_zone => 'asia/shanghai', as_of => 'last_purchase',
	filter => $$status = 'paid' AND ordered_at >= '2024-02-01'$$) WHERE item IN ('customers', 'first_day', 'last_day');
SELECT customer, history FROM east.histories WHERE customer = 2;
CREATE TABLE utc_orders AS SELECT customer_id, ordered_at AT TIME ZONE 'UTC' AS ordered_at, total FROM orders;
SELECT item, value FROM create_customer_base('west', 'utc_orders', 'customer_id', 'ordered_at', 'total', time_zone => 'Asia/Shanghai',
	source_time_zone => 'UTC') WHERE item IN ('customers', 'first_day');
SELECT customer, history FROM west.histories WHERE customer = 2;
SET timezone = 'America/New_York';
SELECT * FROM verify_customer_base('east');
SHOW timezone;
SET timezone = 'UTC';
SELECT item, value FROM create_customer_base('local', 'orders', 'customer_id', 'ordered_at::date', 'total', time_zone => 'Asia/Shanghai') WHERE item = 'first_day';
SELECT customer, history FROM local.histories WHERE customer = 2;
-- a day written as text is read as the session that made the base reads it
CREATE TABLE written (c int, d text, a int);
INSERT INTO written VALUES (1, '03/04/2024', 5);
SET datestyle = 'SQL, DMY';
SELECT item, value FROM create_customer_base('local_text', 'written', 'c', 'd::date', 'a') WHERE item = 'customers';
SET datestyle = 'German, MDY';
SELECT item, value FROM refresh_customer_base('local_text') WHERE item IN ('first_day', 'customers_written');
SELECT * FROM verify_customer_base('local_text');
SET datestyle = 'ISO, YMD';
SELECT drop_customer_base('local_text');
DROP TABLE written;

-- Names that need quoting, Chinese ones, and keys of other types
CREATE SCHEMA "客户 数据";
CREATE TABLE "客户 数据"."订单" ("客户" uuid, "下单日" date, "金额" int, "100%" text DEFAULT 'x');
INSERT INTO "客户 数据"."订单" VALUES ('00000000-0000-0000-0000-000000000001', '2024-05-01', 30), ('00000000-0000-0000-0000-000000000002', '2024-05-02', 40);
SELECT item, value FROM create_customer_base('Ma "Boutique" {schema}', '"客户 数据"."订单"', '客户', '下单日', '金额', order_id => '"100%" || ''{x}''', language => 'zh',
	as_of => 'last_purchase') WHERE item IN ('customers', 'next');
SELECT customer, rfm, segment, segment_label FROM "Ma ""Boutique"" {schema}".customers ORDER BY customer;
SELECT item, rows, explanation FROM "Ma ""Boutique"" {schema}".data_quality WHERE rows > 0;
SELECT * FROM refresh_customer_base('Ma "Boutique" {schema}') WHERE item = 'customers_written';
SELECT drop_customer_base('Ma "Boutique" {schema}');
SELECT item, value FROM create_customer_base('days', 'orders', 'ordered_at::date', 'ordered_at', 'id::int', schema => 'day_base') WHERE item IN ('customers', 'next');
SELECT drop_customer_base('days');

-- A customers table: attributes by name, and prospects
CREATE TABLE people (id bigint PRIMARY KEY, name text, "Lieblingsfarbe" varchar(10), total int);
COMMENT ON COLUMN people.name IS 'Full name.';
INSERT INTO people SELECT i, 'person ' || i, 'blau' FROM generate_series(1, 9) AS i;
SELECT * FROM create_customer_base('crm', 'orders', 'customer_id', 'ordered_at', 'total', customers => 'people', customers_key => 'id', attributes => '{name,height}');
SELECT * FROM create_customer_base('crm', 'orders', 'customer_id', 'ordered_at', 'total', customers => 'people', customers_key => 'id', attributes => '{name,total}');
SELECT * FROM create_customer_base('crm', 'orders', 'customer_id', 'ordered_at', 'total', customers => 'people', customers_key => 'name');
SELECT * FROM create_customer_base('crm', 'orders', 'customer_id::text', 'ordered_at', 'total', customers => 'people', customers_key => '"Lieblingsfarbe"');
SELECT count(*) > 0 AS made FROM create_customer_base('crm', 'orders', 'customer_id', 'ordered_at', 'total', customers => 'people', customers_key => 'id',
	attributes => '{name,Lieblingsfarbe}', as_of => '2024-03-10');
SELECT customer, name, "Lieblingsfarbe", orders, total, segment IS NULL AS no_segment, as_of FROM crm.customers ORDER BY customer;
SELECT customer, name, orders FROM crm.customers WHERE customer = 9;
SELECT customer, name, orders FROM crm.customers_at('2024-01-10') ORDER BY customer;
SELECT attname, format_type(atttypid, atttypmod) AS type, col_description(attrelid, attnum) FROM pg_attribute
WHERE attrelid = 'crm.customers'::regclass AND attname IN ('name', 'Lieblingsfarbe', 'total', 'historic_value') ORDER BY attnum;

-- Two tenants are two populations
CREATE TABLE sales (shop text, customer int, day date, amount int);
INSERT INTO sales SELECT 'big', i, '2024-01-01'::date + i, i * 100 FROM generate_series(1, 20) AS i
	UNION ALL SELECT 'small', i, '2024-01-01'::date + i, i FROM generate_series(1, 20) AS i UNION ALL SELECT NULL, 1, '2024-01-01', 1;
SELECT item, value FROM create_customer_base('chain', 'sales', 'customer', 'day', 'amount', tenant => 'shop', as_of => 'last_purchase') WHERE stable(item);
SELECT a.customer, a.rfm, a.segment, a.abc_class, b.rfm = a.rfm AND b.abc_class = a.abc_class AS same
FROM chain.customers AS a JOIN chain.customers AS b USING (customer) WHERE a.tenant = 'big' AND b.tenant = 'small' AND customer % 5 = 0 ORDER BY customer;
SELECT tenant, segment, customers, share_of_customers, share_of_total FROM chain.rfm_segments ORDER BY tenant, segment_rank;
SELECT tenant, count(*), max(cumulative_share), sum(share) FROM chain.abc GROUP BY tenant ORDER BY tenant;
SELECT * FROM chain.kpis WHERE unit = 'month' ORDER BY tenant;
SELECT tenant, customer, rfm FROM chain.customers_at('2024-01-10') WHERE customer = 3 ORDER BY tenant;
SELECT * FROM chain.segment_moves('2024-01-10', '2024-01-21') WHERE from_segment IS NULL;
DELETE FROM sales WHERE shop = 'small' AND customer > 5;
SELECT customer, problem FROM verify_customer_base('chain') ORDER BY customer LIMIT 2;
SELECT * FROM refresh_customer_base('chain') WHERE item IN ('customers_written', 'customers_removed');
SELECT * FROM verify_customer_base('chain');

-- Chosen cut points stand; days are counted to the day of the view
SELECT item, value FROM create_customer_base('chosen', 'orders', 'customer_id', 'ordered_at', 'total', rfm_method => 'fixed', as_of => '2024-03-10') WHERE item = 'customers';
UPDATE chosen.cut_points SET value = cut * 30 WHERE measure = 'days_since_last';
UPDATE chosen.cut_points SET value = cut WHERE measure = 'orders';
UPDATE chosen.cut_points SET value = cut * 50 WHERE measure = 'total';
SELECT count(*) > 0 AS refreshed FROM refresh_customer_base('chosen');
SELECT customer, days_since_last AS days, orders, total, rfm FROM chosen.rfm ORDER BY customer;
SELECT customer, days_since_last AS days, orders, total, rfm FROM chosen.rfm_at('2024-04-10') ORDER BY customer;
SELECT customer, days_since_last AS days, orders, total, rfm FROM chosen.rfm_at('2024-02-10') ORDER BY customer;
UPDATE chosen.cut_points SET value = -value WHERE measure = 'total';
DELETE FROM chosen.cut_points WHERE measure = 'orders' AND cut = 2;
UPDATE chosen.cut_points SET value = NULL WHERE measure = 'orders' AND cut = 2;
UPDATE chosen.cut_points SET value = 'NaN' WHERE measure = 'orders' AND cut = 4;
-- customers who come later have a start of their own: those of a new tenant, and the first of all
SELECT count(*) > 0 AS made FROM create_customer_base('late_base', 'sales', 'customer', 'day', 'amount', tenant => 'shop', rfm_method => 'fixed', as_of => 'last_purchase',
	filter => 'shop = ''none''');
INSERT INTO sales VALUES ('none', 1, '2024-01-03', 5);
SELECT count(*) > 0 AS refreshed FROM refresh_customer_base('late_base');
SELECT tenant, customer, rfm FROM late_base.customers;
SELECT tenant, measure, count(*), min(as_of) AS as_of FROM late_base.cut_points GROUP BY 1, 2 ORDER BY 2;

-- The eight Chinese segments; a window for frequency and money; a map of one's own
SELECT item, value FROM create_customer_base('eight', 'orders', 'customer_id', 'ordered_at', 'total', segment_map => 'cn8',
	language => 'zh', rfm_window => '30 days', as_of => '2024-03-10') WHERE item = 'customers';
SELECT customer, orders, total, rfm, segment_label FROM eight.rfm ORDER BY customer;
UPDATE shop.segment_map SET segment = 'vip', label_en = 'VIP', rank = 0 WHERE code = '55';
SELECT segment FROM shop.segment_map WHERE code = '55';
DELETE FROM shop.segment_map WHERE code = '11';
UPDATE shop.segment_map SET code = '66' WHERE code = '11';

-- Views, partitions, the caller's own types, and an empty source
CREATE TABLE parted (c int, d date, a int8) PARTITION BY RANGE (d);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
INSERT INTO parted VALUES (1, '2024-06-01', 5);
CREATE MATERIALIZED VIEW kept AS SELECT * FROM parted;
CREATE VIEW seen AS SELECT c AS "Select", d, a::real FROM parted;
SELECT item, value FROM create_customer_base('parted_base', 'parted', 'c', 'd', 'a') WHERE item = 'customers';
SELECT item, value FROM create_customer_base('kept_base', 'kept', 'c', 'd', 'a') WHERE item = 'customers';
SELECT item, value FROM create_customer_base('seen_base', 'seen', 'Select', 'd', 'a') WHERE item = 'customers';
SELECT item, value FROM create_customer_base('empty_base', 'parted', 'c', 'd', 'a', filter => 'c > 1') WHERE item IN ('customers', 'rows_seen', 'first_day');
SELECT (SELECT count(*) FROM empty_base.customers), (SELECT count(*) FROM empty_base.rfm_segments), (SELECT count(*) FROM empty_base.kpis), shop.as_of() FROM empty_base.base_status;
UPDATE parted SET c = 2;
SELECT * FROM refresh_customer_base('empty_base') WHERE item LIKE 'customers%';
SELECT customer, rfm, segment FROM empty_base.customers;
CREATE DOMAIN client AS text CHECK (value <> '');
CREATE TYPE channel AS ENUM ('web', 'store');
CREATE TABLE typed (who client, via channel, at date, a int);
INSERT INTO typed VALUES ('x', 'web', '2024-01-01', 1), ('x', 'store', '2024-01-01', 2);
SELECT item, value FROM create_customer_base('typed_base', 'typed', 'who', 'at', 'a', tenant => 'via') WHERE item = 'customers';
SELECT customer, tenant, total FROM typed_base.customers ORDER BY tenant;

-- Names are looked up along the caller's search path, and what stands on it captures nothing of ours
CREATE SCHEMA helpers;
CREATE FUNCTION helpers.net(gross numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT round(gross / 1.25, 2)';
CREATE TABLE helpers.purchase_history (x int);
CREATE FUNCTION helpers.jsonb_build_object(VARIADIC "any") RETURNS jsonb LANGUAGE internal AS 'jsonb_build_object';
SET search_path = helpers, public;
SELECT item, value FROM create_customer_base('net_base', 'orders', 'customer_id', 'ordered_at', 'net(total)', as_of => '2024-03-10') WHERE item = 'customers';
SET search_path = '';
SELECT public.refresh_customer_base('net_base') LIMIT 1;
SELECT amount, amount_sql FROM net_base.settings;
SELECT customer, total, rfm FROM net_base.customers WHERE customer = 1;
RESET search_path;
SELECT drop_customer_base('net_base');
DROP SCHEMA helpers CASCADE;

-- The base stands on the extension
DO $$ BEGIN DROP EXTENSION pg_customer; EXCEPTION WHEN dependent_objects_still_exist THEN RAISE NOTICE 'refused'; END $$;

-- Rights: the source, the base, and a superuser's call
CREATE ROLE regress_base_owner;
CREATE ROLE regress_base_reader;
CREATE ROLE regress_base_other;
DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO regress_base_owner, regress_base_other', current_database()); END $$;
SET ROLE regress_base_owner;
SELECT * FROM create_customer_base('owned', 'orders', 'customer_id', 'ordered_at', 'total');
RESET ROLE;
GRANT SELECT ON orders, people TO regress_base_owner;
SET ROLE regress_base_owner;
SELECT item, value FROM create_customer_base('owned', 'orders', 'customer_id', 'ordered_at', 'total', customers => 'people', customers_key => 'id') WHERE item = 'customers';
SET ROLE regress_base_other;
SELECT * FROM customer_bases();
SELECT count(*) FROM owned.customers;
SELECT * FROM refresh_customer_base('owned');
SET ROLE regress_base_owner;
SELECT grant_reader('owned', 'regress_base_reader');
SELECT grant_reader('owned', 'nobody_at_all');
SET ROLE regress_base_reader;
SELECT base FROM customer_bases();
SELECT count(*) FROM owned.rfm;
SELECT sum(customers) FROM owned.rfm_segments;
SELECT count(*) FROM owned.customers;
SELECT * FROM refresh_customer_base('owned');
SELECT drop_customer_base('owned');
RESET ROLE;
SELECT revoke_reader('owned', 'regress_base_reader');
SET ROLE regress_base_reader;
SELECT count(*) FROM owned.rfm;
RESET ROLE;
-- the base's expressions run with its owner's rights, whoever refreshes
CREATE FUNCTION who() RETURNS text LANGUAGE sql STABLE AS 'SELECT current_user::text';
UPDATE owned.settings SET filter_sql = $$public.who() = 'regress_base_owner'$$;
SELECT * FROM refresh_customer_base('owned') WHERE item = 'customers';
SELECT current_user = session_user AS restored;
-- and what they set does not outlive them
CREATE FUNCTION meddle() RETURNS boolean LANGUAGE plpgsql STABLE AS $$ BEGIN PERFORM set_config('work_mem', '77MB', false); RETURN true; END $$;
UPDATE owned.settings SET filter_sql = 'public.meddle()';
SELECT * FROM refresh_customer_base('owned') WHERE item = 'customers';
SELECT current_setting('work_mem') = '77MB' AS meddled;
-- row-level security that hides rows is an error, never a partial base
CREATE TABLE guarded (c int, d date, a int);
ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON guarded USING (c = 1);
GRANT SELECT ON guarded TO regress_base_owner;
CREATE VIEW guarded_view WITH (security_invoker = true) AS SELECT * FROM guarded;
GRANT SELECT ON guarded_view TO regress_base_owner;
SET ROLE regress_base_owner;
SELECT * FROM create_customer_base('g', 'guarded', 'c', 'd', 'a');
SELECT * FROM create_customer_base('g', 'guarded_view', 'c', 'd', 'a');
RESET ROLE;
INSERT INTO guarded VALUES (1, '2024-01-01', 1);
SELECT item, value FROM create_customer_base('g', 'guarded', 'c', 'd', 'a') WHERE item IN ('customers', 'warning');
-- the source is locked no more than by a query
BEGIN;
SELECT count(*) > 0 AS made FROM create_customer_base('locks', 'orders', 'customer_id', 'ordered_at', 'total');
SELECT DISTINCT mode FROM pg_locks WHERE relation = 'orders'::regclass AND pid = pg_backend_pid();
ROLLBACK;

-- Dropping: what the base made, and nothing else
CREATE VIEW mine AS SELECT customer FROM shop.customers;
SELECT drop_customer_base('shop');
DROP VIEW mine;
CREATE TABLE shop.mine ();
SELECT drop_customer_base('shop');
DROP TABLE shop.mine;
SELECT drop_customer_base('shop');
SELECT drop_customer_base('shop');
SELECT count(*) FROM orders;
-- an empty schema of the caller's is used, and kept
CREATE SCHEMA mine;
SELECT count(*) > 0 AS made FROM create_customer_base('shop', 'orders', 'customer_id', 'ordered_at', 'total', schema => 'mine');
SELECT drop_customer_base('shop');
SELECT obj_description('mine'::regnamespace) AS comment, count(*) FROM pg_depend WHERE refclassid = 'pg_namespace'::regclass AND refobjid = 'mine'::regnamespace;

SET client_min_messages = warning;
SELECT count(drop_customer_base(base)) FROM customer_bases();
SELECT count(*) FROM pg_namespace WHERE nspname ~ '_base$|^(dirt|lined|unlined|east|west|local|crm|chain|chosen|eight|owned|g)$';
DROP FUNCTION stable(text), who(), meddle();
DROP MATERIALIZED VIEW kept;
DROP VIEW seen, guarded_view;
DROP TABLE orders, utc_orders, dirty, lines, people, sales, parted, guarded, typed;
DROP DOMAIN client;
DROP TYPE channel;
DROP SCHEMA mine;
DROP SCHEMA "客户 数据" CASCADE;
DO $$ BEGIN EXECUTE format('REVOKE CREATE ON DATABASE %I FROM regress_base_owner, regress_base_other', current_database()); END $$;
DROP ROLE regress_base_owner, regress_base_reader, regress_base_other;
