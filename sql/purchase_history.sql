--
-- purchase_history: text and binary form, the aggregate, arithmetic, measures, periods
--
SET datestyle = ISO;
SET timezone = 'UTC';

-- Text form: canonical output, whatever was written
SELECT h::purchase_history AS history
FROM (VALUES
	('{}'),
	('{2024-01-05 2:120.5, 2024-02-01 1:35 -1:5}'),
	('  { 2024-1-5  02:0120.500000000 ,2024-02-01 1:35 -1:5.0}  '),
	('{2024-01-05 1:0}'),
	('{2024-01-05 0:0 -1:0}'),
	('{0044-03-15 BC 1:1, 0001-01-01 1:0.000001}'),
	('{4714-11-24 BC 1:1, 5874897-12-31 1000000000000000:999999999999999999999.999999}')
) AS t(h);

SELECT ''::purchase_history;
SELECT '{2024-01-05 2:120.5'::purchase_history;
SELECT '{2024-01-05 2:120.5} and more'::purchase_history;
SELECT '{2024-01-05}'::purchase_history;
SELECT '{2024-01-05 0:0}'::purchase_history;
SELECT '{2024-01-05 2}'::purchase_history;
SELECT '{2024-01-05 -1}'::purchase_history;
SELECT '{2024-01-05 2:}'::purchase_history;
SELECT '{2024-01-05 -:5}'::purchase_history;
SELECT '{2024-01-05 2:1.}'::purchase_history;
SELECT '{2024-01-05 2:1.0000001}'::purchase_history;
SELECT '{2024-01-05 1:1000000000000000000000}'::purchase_history;
SELECT '{2024-01-05 1000000000000001:1}'::purchase_history;
SELECT '{05/01/2024 1:1}'::purchase_history;
SELECT '{2023-02-29 1:1}'::purchase_history;
SELECT '{0000-01-01 1:1}'::purchase_history;
SELECT '{0000-01-01 BC 1:1}'::purchase_history;
SELECT '{5874898-01-01 1:1}'::purchase_history;
SELECT '{2024-01-05 1:1, 2024-01-05 1:1}'::purchase_history;
SELECT '{2024-01-06 1:1, 2024-01-05 1:1}'::purchase_history;
SELECT '{2024-01-05 1:1,}'::purchase_history;

-- DateStyle does not touch the text form: a dump must not depend on it
SET datestyle = 'SQL, DMY';
SELECT '{2024-01-05 2:120.5}'::purchase_history;
SET datestyle = ISO;

-- The stored form is for ever (see src/history_codec.h)
SELECT purchase_history_send('{}') AS empty,
	purchase_history_send('{2024-01-05 2:120.5, 2024-02-01 1:35 -1:5}') AS two_days,
	purchase_history_send('{1999-12-31 -3:0.000001}') AS refunds;

-- Binary form through COPY: what goes out comes back; anything else is refused
CREATE TABLE copied (h purchase_history);
INSERT INTO copied VALUES ('{}'), (NULL), ('{2024-01-05 2:120.5, 2024-02-01 1:35 -1:5}');
SELECT '/tmp/pg_customer_copy.' || pg_backend_pid() AS file \gset
\setenv FILE :file
COPY copied TO :'file' (FORMAT binary);
COPY copied FROM :'file' (FORMAT binary);
SELECT h, count(*) FROM copied GROUP BY h ORDER BY h;
-- a binary file of one field, made from the bytes of a bytea column
CREATE FUNCTION receive(bytes bytea, file text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	CREATE TEMP TABLE raw AS SELECT bytes;
	EXECUTE format('COPY raw TO %L (FORMAT binary)', file);
	DROP TABLE raw;
	TRUNCATE copied;
	EXECUTE format('COPY copied FROM %L (FORMAT binary)', file);
END $$;
SELECT receive('\x11A5C80800B509D301DE0232', :'file');
SELECT h FROM copied;
\set SHOW_CONTEXT never
SELECT receive('\x', :'file');
SELECT receive('\x20', :'file');
SELECT receive('\x18', :'file');
SELECT receive('\x11', :'file');
SELECT receive('\x11A5C80800B509D301DE02', :'file');
SELECT receive('\x1082000100', :'file');
SELECT receive('\x11A5C80800B509D301DE0232FF', :'file');
SELECT receive('\xF0', :'file');
\set SHOW_CONTEXT errors
DROP FUNCTION receive;
DROP TABLE copied;

--
-- The aggregate
--
CREATE TABLE orders (customer int, day date, amount numeric);
INSERT INTO orders VALUES
	(1, '2024-01-05', 100), (1, '2024-01-05', 20.50), (1, '2024-02-01', 35), (1, '2024-02-01', -5),
	(2, '2024-01-31', 9.99), (2, '2024-01-31', NULL), (2, NULL, 7), (2, '2024-03-01', 0),
	(3, '2024-01-10', -12), (3, '2024-01-10', -3.000001),
	(4, NULL, 1), (4, NULL, NULL);

-- an amount below 0 is a refund, 0 a purchase, NULL an order without money; no day, no row
SELECT customer, purchase_history(day, amount) FROM orders GROUP BY customer ORDER BY customer;
SELECT purchase_history(day, amount) FROM orders WHERE false;
SELECT purchase_history(day, amount ORDER BY amount DESC) = purchase_history(day, amount ORDER BY day, amount) AS any_order,
	purchase_history(DISTINCT day, amount) AS distinct_rows,
	purchase_history(day, amount) FILTER (WHERE customer = 2) AS filtered
FROM orders;

-- every type of day and amount
SELECT purchase_history(day, amount), purchase_history(day, amount::float8) AS f8, purchase_history(day, amount::real) AS f4,
	purchase_history(day, amount::bigint) AS i8, purchase_history(day, amount::int) AS i4, purchase_history(day, amount::smallint) AS i2
FROM (VALUES (date '2024-01-05', 20), ('2024-01-06', -7), ('2024-01-06', NULL), (NULL, 3)) AS t(day, amount);
SELECT purchase_history(day + time '23:59:59.999999', amount) AS moment, purchase_history(day + time '00:00', amount::float8) AS f8,
	purchase_history(day + time '00:00', amount::bigint) AS i8, purchase_history(day + time '00:00', amount::int) AS i4
FROM (VALUES (date '1999-12-31', 20), ('0044-03-15 BC', -7), (NULL, 1)) AS t(day, amount);
SELECT purchase_history('2024-01-05', 5) AS literals, purchase_history('2024-01-05', 5.25) AS numeric_literal,
	purchase_history('2024-01-05 23:30', NULL::int) AS unknown_amount;
SELECT pg_typeof(purchase_history(day, 1))
FROM (VALUES (timestamp '2024-01-05')) AS t(day);
CREATE DOMAIN moment AS timestamptz;
CREATE DOMAIN price AS numeric(10, 2) CHECK (VALUE < 1000);
SELECT purchase_history('2024-01-05 12:00+00'::moment, 5::price);
DROP DOMAIN price;

-- the ends of what an amount can be
SELECT purchase_history('2024-01-05'::date, a) AS history
FROM (VALUES (999999999999999999999.999999), (-999999999999999999999.999999), (0.000001), (9223372036854.775807),
	(9223372036854.775808), (-9223372036854.775808), (0.10000000000000), (-0.0)) AS t(a)
GROUP BY a ORDER BY a;
SELECT purchase_history('2024-01-05'::date, a) AS int8 FROM (VALUES (9223372036854775807), (-9223372036854775808)) AS t(a) GROUP BY a;
SELECT purchase_history('2024-01-05'::date, a) AS int4 FROM (VALUES (2147483647), (-2147483648)) AS t(a) GROUP BY a ORDER BY a;

-- doubles are rounded to six digits: half away from zero, as round(x::numeric, 6) does
SELECT a AS double, purchase_history('2024-01-05'::date, a) AS history
FROM (VALUES (0.1::float8 + 0.2), (1.0000005), (2.0000005), (-1.0000005), (0.0000005), (0.0000004999), (-0.0000004),
	(12345678.9), (1e15), (123456789012345678), ('-0')) AS t(a)
GROUP BY a ORDER BY a;

-- amounts that cannot be taken
SELECT purchase_history('2024-01-05'::date, 1.0000001);
SELECT purchase_history('2024-01-05'::date, -0.0000001);
SELECT purchase_history('2024-01-05'::date, 1000000000000000000000::numeric);
SELECT purchase_history('2024-01-05'::date, -1e25::numeric);
SELECT purchase_history('2024-01-05'::date, 'NaN'::numeric);
SELECT purchase_history('2024-01-05'::date, '-Infinity'::numeric);
SELECT purchase_history('2024-01-05'::date, 'NaN'::float8);
SELECT purchase_history('2024-01-05'::date, 'Infinity'::float8);
SELECT purchase_history('2024-01-05'::date, 1e21::float8);
SELECT purchase_history('infinity'::date, 1);
SELECT purchase_history('-infinity'::timestamp, 1);
SELECT purchase_history('infinity'::timestamptz, 1);

-- a day that grows too large, in whatever order
SELECT purchase_history('2024-01-05'::date, a) FROM (VALUES (1e21 - 1), (1), (5)) AS t(a);
SELECT purchase_history('2024-01-05'::date, a) FROM (VALUES (1), (5), (1e21 - 1)) AS t(a);
SELECT purchase_history('2024-01-05'::date, a) FROM (VALUES (-(1e21 - 1)), (7), (-1)) AS t(a);
SELECT rollup(h) FROM (VALUES ('{2024-01-05 1000000000000000:1}'::purchase_history), ('{2024-01-05 1:1}')) AS t(h);
SELECT '{2024-01-05 1000000000000000:1}'::purchase_history + '{2024-01-05 1:1}';

-- the day of a timestamptz is that of the session's time zone
CREATE VIEW moments AS SELECT * FROM (VALUES
	(timestamptz '2024-03-10 04:59:59+00', 1), ('2024-03-10 05:00+00', 2), ('2024-03-10 15:59:59.999999+00', 4), ('2024-03-10 16:00+00', 8)) AS t(moment, amount);
SET timezone = 'UTC';
SELECT purchase_history(moment, amount) FROM moments;
SET timezone = 'Asia/Shanghai';
SELECT purchase_history(moment, amount), purchase_history(moment, amount) = purchase_history(moment::date, amount) AS as_cast FROM moments;
SET timezone = 'America/New_York';
SELECT purchase_history(moment, amount), purchase_history(moment, amount) = purchase_history(moment::date, amount) AS as_cast FROM moments;
SELECT purchase_history(moment AT TIME ZONE 'Asia/Shanghai', amount) AS shanghai FROM moments;
SET timezone = 'UTC';
DROP VIEW moments;

-- many rows: the state grows, is compacted, and sorts what comes in any order
SELECT purchase_days(h), orders(h), total(h), first_purchase(h), last_purchase(h)
FROM (SELECT purchase_history(date '2020-01-01' + (i * 7919 % 1000), (i % 10) / 4.0) AS h FROM generate_series(1, 20000) AS i) AS t;

-- window use: the state is read again and again, and never changed by it
SELECT day, purchase_history(day, amount) OVER w AS so_far, orders(purchase_history(day, amount) OVER w) AS orders
FROM orders WHERE customer <= 2 AND day IS NOT NULL WINDOW w AS (ORDER BY day, amount ROWS UNBOUNDED PRECEDING);
SELECT customer, rollup(h) OVER (ORDER BY customer) AS so_far,
	rollup(h) OVER (ORDER BY customer ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS two
FROM (SELECT customer, purchase_history(day, amount) AS h FROM orders GROUP BY customer) AS t;

-- rollup: parts of a history make the whole; NULL is nothing
SELECT rollup(h) FROM (VALUES ('{2024-01-05 1:100}'::purchase_history), (NULL), ('{}'), ('{2024-01-05 1:20.5, 2024-02-01 1:35 -1:5}')) AS t(h);
SELECT rollup(h) IS NULL AS of_nothing FROM (VALUES (NULL::purchase_history)) AS t(h);

-- the functions of the aggregate are for aggregates alone
SELECT purchase_history_accum('{}', date '2024-01-05', 1);
SELECT purchase_history_accum(NULL, timestamptz '2024-01-05', 1::float8);
SELECT purchase_history_combine('{2024-01-05 1:1}', '{2024-01-05 1:1}');
SELECT purchase_history_final('{2024-01-05 1:1}');

-- an aggregate that a user makes of them, with an initial value, and without the final function
CREATE AGGREGATE history_after(date, numeric) (
	SFUNC = purchase_history_accum, STYPE = purchase_history, INITCOND = '{2020-02-29 1:0.5}', FINALFUNC = purchase_history_final);
CREATE AGGREGATE open_history(date, numeric) (
	SFUNC = purchase_history_accum, STYPE = purchase_history, COMBINEFUNC = purchase_history_combine);
CREATE AGGREGATE open_history(moment, int) (SFUNC = purchase_history_accum, STYPE = purchase_history);
SELECT history_after(day, amount) FROM orders WHERE customer <= 1;
SELECT history_after(day, amount) FROM orders WHERE customer = 4;
CREATE TABLE kept AS SELECT customer, open_history(day, amount) AS h, purchase_history(day, amount) AS closed FROM orders GROUP BY customer;
SELECT customer, h, h = closed AS equal, purchase_history_hash(h) = purchase_history_hash(closed) AS same_hash,
	purchase_history_send(h) = purchase_history_send(closed) AS same_bytes, total(h) FROM kept ORDER BY customer;
SELECT rollup(h) = rollup(closed) AS rollup, rollup(h + h) = rollup(closed + closed) AS plus, sum(orders(h - h)) AS minus FROM kept;
SELECT open_history(moment, 1) FROM (VALUES ('2024-01-05 23:59+00'::moment)) AS t(moment);
DROP TABLE kept;
DROP AGGREGATE history_after(date, numeric);
DROP AGGREGATE open_history(date, numeric);
DROP AGGREGATE open_history(moment, int);
DROP DOMAIN moment;
CREATE AGGREGATE bad_start(date, numeric) (SFUNC = purchase_history_accum, STYPE = purchase_history, INITCOND = 'none');

--
-- Arithmetic
--
SELECT '{2024-01-05 1:100}'::purchase_history + '{2024-01-04 1:1, 2024-01-05 1:20.5 -1:5}' AS plus,
	'{2024-01-04 1:1, 2024-01-05 2:120.5 -1:5}'::purchase_history - '{2024-01-05 1:20.5 -1:5}' AS minus,
	'{2024-01-05 1:100}'::purchase_history - '{2024-01-05 1:100}' AS nothing_left,
	'{}'::purchase_history + '{}' AS empty, '{}'::purchase_history + NULL AS "null";
-- what is not contained
SELECT '{2024-01-05 1:100}'::purchase_history - '{2024-01-06 1:1}';
SELECT '{2024-01-05 1:100}'::purchase_history - '{2024-01-05 2:100}';
SELECT '{2024-01-05 1:100}'::purchase_history - '{2024-01-05 1:99}';
SELECT '{2024-01-05 1:100}'::purchase_history - '{2024-01-05 1:101}';
SELECT '{2024-01-05 2:100 -1:5}'::purchase_history - '{2024-01-05 1:1 -2:5}';

-- cutting: as_of holds its day, slice not its last
SELECT as_of(h, '2024-01-31') AS january, as_of(h, '2024-02-01') AS with_the_day, as_of(h, '-infinity') AS never, as_of(h, 'infinity') = h AS ever
FROM (VALUES ('{2024-01-05 2:120.5, 2024-02-01 1:35 -1:5, 2024-03-01 1:1}'::purchase_history)) AS t(h);
SELECT slice(h, '2024-01-05', '2024-03-01') AS two, slice(h, '2024-01-06', '2024-02-01') AS none, slice(h, '2024-03-01', '2024-01-01') AS reversed,
	slice(h, '-infinity', 'infinity') = h AS everything, slice(h, '2024-02-01', 'infinity') AS rest, slice(h, 'infinity', 'infinity') AS nothing,
	slice(h, '-infinity', '-infinity') AS nothing_either
FROM (VALUES ('{2024-01-05 2:120.5, 2024-02-01 1:35 -1:5, 2024-03-01 1:1}'::purchase_history)) AS t(h);

-- comparison
SELECT a, b, a = b AS eq, a <> b AS ne, a < b AS lt, a <= b AS le, a > b AS gt, a >= b AS ge,
	sign(purchase_history_cmp(a, b)) AS cmp, purchase_history_hash(a) = purchase_history_hash(b) AS hash,
	purchase_history_hash_extended(a, 7) = purchase_history_hash_extended(b, 7) AS hash_extended
FROM (VALUES ('{}'::purchase_history, '{}'::purchase_history), ('{2024-01-05 1:1}', '{2024-01-05 1:1.0}'),
	('{2024-01-05 1:1}', '{2024-01-05 1:2}'), ('{2024-01-05 1:1, 2024-01-06 1:1}', '{2024-01-05 1:1}')) AS t(a, b);
CREATE TABLE histories AS
	SELECT i, ('{2024-01-05 1:' || i % 100 || '}')::purchase_history AS h FROM generate_series(1, 1000) AS i;
SELECT count(DISTINCT h) FROM histories;
SELECT count(*) FROM (SELECT h FROM histories GROUP BY h HAVING count(*) = 10) AS t;
CREATE INDEX histories_btree ON histories (h);
CREATE INDEX histories_hash ON histories USING hash (h);
ANALYZE histories;
SET enable_seqscan = off;
SELECT count(*) FROM histories WHERE h = '{2024-01-05 1:7.00}';
SELECT count(*) FROM histories WHERE h < '{2024-01-05 1:7}' OR h >= '{2024-01-05 1:7}';
RESET enable_seqscan;
SET enable_mergejoin = off; SET enable_nestloop = off;
SELECT count(*) FROM histories a JOIN histories b USING (h);
RESET enable_mergejoin; SET enable_hashjoin = off;
SELECT count(*) FROM histories a JOIN histories b USING (h);
RESET enable_hashjoin; RESET enable_nestloop;
DROP TABLE histories;

--
-- Measures
--
CREATE TABLE h (id int, h purchase_history);
INSERT INTO h VALUES
	(1, '{2024-01-05 2:120.5, 2024-02-01 1:35 -1:5, 2024-02-11 1:10, 2024-04-01 -2:40, 2024-04-02 1:1}'),
	(2, '{2024-01-05 1:10}'),
	(3, '{2024-01-05 -1:10, 2024-01-07 3:1}'),
	(4, '{2024-01-05 -2:10}'),
	(5, '{}'),
	(6, NULL);
SELECT id, orders(h), purchase_days(h), refunds(h), total(h), gross(h), refunded(h), average_order(h), average_order_net(h) FROM h ORDER BY id;
SELECT id, first_purchase(h), last_purchase(h), last_day(h), median_gap(h), round(gap_stddev(h)::numeric, 6) AS gap_stddev FROM h ORDER BY id;
SELECT id, days_since_last(h, '2024-04-01') AS since, tenure(h, '2024-04-01'), repeat_days(h, '2024-04-01') AS x, repeat_span(h, '2024-04-01') AS t_x,
	observed_span(h, '2024-04-01') AS t, repeat_spend(h, '2024-04-01') AS m_x FROM h ORDER BY id;
-- what comes after the date is not seen; the day itself is
SELECT days_since_last(h, '2024-02-01') AS same_day, days_since_last(h, '2024-01-31') AS day_before, days_since_last(h, '2024-01-04') AS too_early,
	repeat_days(h, '2024-01-05') AS x, repeat_spend(h, '2024-01-05') AS m_x, tenure(h, '2024-01-05') AS tenure FROM h WHERE id = 1;
-- the longest times that there are
SELECT tenure('{4714-11-24 BC 1:1}', '5874897-12-31'), repeat_span('{4714-11-24 BC 1:1, 5874897-12-31 1:1}', '5874897-12-31'),
	median_gap('{4714-11-24 BC 1:1, 5874897-12-31 1:1}');
-- units of time
SELECT unit, repeat_span(h, '2024-04-01', unit) AS t_x, round(observed_span(h, '2024-04-01', unit)::numeric, 6) AS t
FROM h, unnest(ARRAY['day', 'week', 'month', 'quarter', 'year']) AS unit WHERE id = 2 OR id = 1 ORDER BY id, observed_span(h, '2024-04-01', unit) DESC;
SELECT repeat_span(h, '2024-04-01', 'fortnight') FROM h WHERE id = 1;
SELECT days_since_last(h, 'infinity') FROM h WHERE id = 1;
SELECT tenure(h, '-infinity') FROM h WHERE id = 1;
SELECT repeat_days(h, 'infinity') FROM h WHERE id = 5;
-- a sum of counts past bigint, which needs 9,224 days at their limit
SELECT orders(h) FROM (SELECT ('{' || string_agg(date '2000-01-01' + i || ' 1000000000000000:1', ',' ORDER BY i) || '}')::purchase_history AS h FROM generate_series(1, 9223) AS i) AS t;
SELECT orders(h) FROM (SELECT ('{' || string_agg(date '2000-01-01' + i || ' 1000000000000000:1', ',' ORDER BY i) || '}')::purchase_history AS h FROM generate_series(1, 9224) AS i) AS t;
SELECT gross(h), refunded(h), total(h) FROM (SELECT rollup(('{' || date '2000-01-01' + i || ' 1:999999999999999999999.999999 -1:999999999999999999999}')::purchase_history) AS h FROM generate_series(1, 1000) AS i) AS t;

--
-- Days, periods, JSON
--
SELECT id, d.* FROM h, days(h) AS d ORDER BY id, day;
SELECT id, p.* FROM h, periods(h, 'month') AS p ORDER BY id, period;
SELECT unit, p.* FROM h, unnest(ARRAY['day', 'week', 'quarter', 'year']) AS unit, periods(h, unit) AS p WHERE id = 1 ORDER BY unit, period;
SELECT (periods(h, 'year')).* FROM h WHERE id <= 2 ORDER BY 1, 2;
SELECT periods(h, 'decade') FROM h;
-- weeks begin on Mondays, before 2000 too; the calendar begins within a month
SELECT period, extract(isodow FROM period) AS isodow, orders
FROM periods('{1999-12-26 1:1, 1999-12-27 1:1, 2000-01-02 1:1, 2000-01-03 1:1, 2024-12-29 1:1, 2024-12-30 1:1}', 'week');
SELECT unit, period FROM unnest(ARRAY['week', 'month', 'year']) AS unit, periods('{4714-11-24 BC 1:1, 0001-01-01 BC 1:1, 5874897-12-31 1:1}', unit);
-- all days of 40 years, against date_trunc
SELECT unit, count(*) AS periods, count(*) FILTER (WHERE p.orders IS DISTINCT FROM n) AS different
FROM (VALUES ('day'), ('week'), ('month'), ('quarter'), ('year')) AS u(unit),
	LATERAL (SELECT purchase_history(day::date, 1) AS h FROM generate_series(timestamp '1980-01-01', '2019-12-31', '1 day') AS day) AS t,
	LATERAL periods(h, unit) AS p
	FULL JOIN LATERAL (SELECT date_trunc(unit, day)::date AS period, count(*) AS n FROM generate_series(timestamp '1980-01-01', '2019-12-31', '1 day') AS day GROUP BY 1) AS q ON p.period = q.period
GROUP BY unit ORDER BY 2;

-- the customer in each period: new, returning, reactivated, lost
SELECT p.* FROM period_activity('{2024-01-05 1:10, 2024-01-06 2:20, 2024-02-01 1:5, 2024-04-02 -1:5, 2024-05-01 1:1, 2024-06-30 1:1}', 'month', '2024-07-31') AS p;
SELECT period, purchases, is_new, is_returning, is_reactivated, is_lost
FROM period_activity('{2024-01-05 1:10, 2024-01-06 2:20, 2024-02-01 1:5}', 'month', '2024-02-29', 'orders');
-- a refund in the period after: lost, with its row; refunds alone: neither
SELECT period, refunds, purchases, is_new, is_returning, is_reactivated, is_lost
FROM period_activity('{2024-01-05 -1:10, 2024-02-01 1:5, 2024-03-01 -1:5, 2024-04-01 -1:5}', 'month', '2024-12-31');
SELECT count(*) FROM period_activity('{2024-01-05 1:10}', 'month', '2024-01-04');
SELECT * FROM period_activity('{2024-01-05 1:10}', 'month', '2024-01-04', 'rows');
SELECT * FROM period_activity('{2024-01-05 1:10}', 'month', 'infinity');

-- coefficient of variation of the months: 10, 0, 20 has mean 10 and deviation sqrt(200/3)
SELECT round(coefficient_of_variation('{2024-01-05 1:10, 2024-03-05 1:25 -1:5}', '-infinity', '2024-04-01', 'month')::numeric, 9) AS cv,
	round((sqrt(200 / 3.0) / 10)::numeric, 9) AS by_hand,
	coefficient_of_variation('{2024-01-05 1:10, 2024-02-05 1:10}', '2024-01-01', '2024-03-01', 'month') AS steady,
	coefficient_of_variation('{2024-01-05 1:99, 2024-02-05 1:30, 2024-03-05 1:10}', '2024-02-01', '2024-04-01', 'month') AS from_february,
	coefficient_of_variation('{2024-01-05 1:10}', '-infinity', '2024-02-01', 'month') AS one_period,
	coefficient_of_variation('{2024-01-05 1:10 -1:10}', '-infinity', '2024-04-01', 'month') AS no_mean,
	coefficient_of_variation('{2024-01-05 1:10}', '2024-04-01', '2024-04-01', 'month') AS no_days,
	coefficient_of_variation('{}', '-infinity', '2024-04-01', 'month') AS empty;
SELECT coefficient_of_variation('{2024-01-05 1:10}', '-infinity', 'infinity', 'month');

SELECT id, h::jsonb FROM h ORDER BY id;
SELECT '{0044-03-15 BC 1:0.000001, 5874897-12-31 1000000000000000:999999999999999999999.999999}'::purchase_history::jsonb;
SELECT jsonb_path_query_array(h::jsonb, '$[*].gross') FROM h WHERE id = 1;

-- STRICT
SELECT total(NULL::purchase_history), as_of(NULL, '2024-01-01'), periods(NULL::purchase_history, 'month') IS NULL AS periods;

DROP TABLE h;
DROP TABLE orders;
\! rm -f "$FILE" 2>/dev/null
