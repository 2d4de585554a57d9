-- Properties of purchase_history on random data, and every measure against plain SQL over the same rows.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
SET LOCAL timezone = 'UTC';
SELECT plan(48);

-- ------------------------------------------------------------------------------------------------
-- 40,000 rows of 400 customers over 500 days: unknown and zero amounts, refunds, repeated rows, rows without a day,
-- amounts from a millionth to ten trillion
-- ------------------------------------------------------------------------------------------------
SELECT setseed(0.20240229) IS NULL AS seeded \gset
CREATE TABLE sales (id int, part int, customer int, day date, moment timestamp, amount numeric) PARTITION BY HASH (customer);
CREATE TABLE sales_0 PARTITION OF sales FOR VALUES WITH (MODULUS 3, REMAINDER 0);
CREATE TABLE sales_1 PARTITION OF sales FOR VALUES WITH (MODULUS 3, REMAINDER 1);
CREATE TABLE sales_2 PARTITION OF sales FOR VALUES WITH (MODULUS 3, REMAINDER 2);
INSERT INTO sales
	SELECT i, (r1 * 7)::int, customer, day, day + time '00:00' + r1 * interval '86399 s',
		CASE WHEN r2 < 0.03 THEN NULL WHEN r2 < 0.06 THEN 0 WHEN r2 < 0.13 THEN -round((r3 * 90)::numeric, scale)
			WHEN r2 < 0.14 THEN round((r3 * 1e13)::numeric, 2) ELSE round((1 + r3 * 300)::numeric, scale) END
	FROM (SELECT i, CASE WHEN i <= 400 THEN i - 1 ELSE (sqrt(random()) * 399)::int END AS customer, random() AS r1, random() AS r2, random() AS r3,
			(ARRAY[0, 1, 2, 2, 2, 2, 6])[1 + (random() * 6)::int] AS scale,
			CASE WHEN random() > 0.01 OR i <= 400 THEN date '2022-11-01' + (random() * 500)::int END AS day
		  FROM generate_series(1, 40000) AS i) AS t;
INSERT INTO sales SELECT id, part, customer, day, moment, amount FROM sales WHERE id <= 500;
ANALYZE sales;
CREATE TABLE histories AS SELECT customer, purchase_history(day, amount) AS h FROM sales GROUP BY customer;
ANALYZE histories;
SELECT is((SELECT count(*) FROM histories), 400::bigint, '400 customers');

-- The text form as a plain query writes it.
SELECT is((SELECT count(*) FROM histories JOIN (
		SELECT customer, '{' || string_agg(day || CASE WHEN orders > 0 THEN ' ' || orders || ':' || trim_scale(gross) ELSE '' END
			|| CASE WHEN refunds > 0 THEN ' -' || refunds || ':' || trim_scale(refunded) ELSE '' END, ', ' ORDER BY day) || '}' AS expected
		FROM (SELECT customer, day, count(*) FILTER (WHERE amount >= 0 OR amount IS NULL) AS orders, count(*) FILTER (WHERE amount < 0) AS refunds,
				coalesce(sum(amount) FILTER (WHERE amount >= 0), 0) AS gross, -coalesce(sum(amount) FILTER (WHERE amount < 0), 0) AS refunded
			  FROM sales WHERE day IS NOT NULL GROUP BY customer, day) AS d
		GROUP BY customer) AS e USING (customer)
	WHERE h::text = expected), 400::bigint, 'every history, day by day, is what GROUP BY customer, day gives');
SELECT is((SELECT count(*) FROM histories WHERE h::text::purchase_history = h), 400::bigint, 'text form: there and back');

\set file '/tmp/pg_customer_pgtap.' :DBNAME
CREATE TABLE received (LIKE histories);
COPY histories TO :'file' (FORMAT binary);
COPY received FROM :'file' (FORMAT binary);
\! rm -f /tmp/pg_customer_pgtap.*
SELECT is((SELECT count(*) FROM histories JOIN received r USING (customer) WHERE histories.h = r.h), 400::bigint, 'binary form: there and back');

-- ------------------------------------------------------------------------------------------------
-- Algebra
-- ------------------------------------------------------------------------------------------------
CREATE TABLE triples AS
	SELECT a.h AS a, b.h AS b, c.h AS c FROM histories a JOIN histories b ON b.customer = (a.customer * 7 + 1) % 400
		JOIN histories c ON c.customer = (a.customer * 11 + 3) % 400;
SELECT is((SELECT count(*) FROM triples WHERE a + b = b + a), 400::bigint, 'a + b = b + a');
SELECT is((SELECT count(*) FROM triples WHERE (a + b) + c = a + (b + c)), 400::bigint, '(a + b) + c = a + (b + c)');
SELECT is((SELECT count(*) FROM triples WHERE (a + b) - b = a), 400::bigint, '(a + b) - b = a');
SELECT is((SELECT count(*) FROM triples WHERE a + '{}' = a AND a - '{}' = a AND a - a = '{}'), 400::bigint, 'a + nothing = a - nothing = a; a - a = nothing');
SELECT is((SELECT count(*) FROM triples WHERE purchase_history_send((a + b) - b) = purchase_history_send(a)), 400::bigint, 'equal histories are equal bytes');
SELECT is((SELECT count(*) FROM triples WHERE (a = b) <> (purchase_history_cmp(a, b) = 0) OR purchase_history_cmp(a, b) <> -purchase_history_cmp(b, a)
		OR (a < b) <> (purchase_history_cmp(a, b) < 0) OR (a <= b AND b <= c AND NOT a <= c)), 0::bigint, 'the order is total and transitive');
SELECT is((SELECT count(*) FROM histories, generate_series(date '2022-10-30', '2024-03-20', '17 days') AS d WHERE as_of(h, d::date) + slice(h, d::date + 1, 'infinity') <> h),
	0::bigint, 'what was until a day and what came after it make the whole');
SELECT is((SELECT count(*) FROM histories, generate_series(date '2022-10-30', '2024-03-20', '17 days') AS d
		WHERE as_of(h, d::date) <> coalesce((SELECT purchase_history(day, amount) FROM sales s WHERE s.customer = histories.customer AND day <= d AND customer < 40), '{}') AND customer < 40),
	0::bigint, 'as_of is the history of the rows until then');

-- ------------------------------------------------------------------------------------------------
-- One value, however it comes together
-- ------------------------------------------------------------------------------------------------
SELECT is((SELECT count(*) FROM histories JOIN (SELECT customer, purchase_history(day, amount ORDER BY md5(id::text)) AS h FROM sales GROUP BY customer) AS o USING (customer) WHERE histories.h = o.h),
	400::bigint, 'rows in random order');
SELECT is((SELECT count(*) FROM histories JOIN (SELECT customer, purchase_history(day, amount ORDER BY day DESC) AS h FROM sales GROUP BY customer) AS o USING (customer) WHERE histories.h = o.h),
	400::bigint, 'rows from last to first');
SELECT is((SELECT count(*) FROM histories JOIN (
		SELECT customer, rollup(h) AS h FROM (SELECT customer, part, purchase_history(day, amount) AS h FROM sales GROUP BY customer, part) AS p GROUP BY customer) AS o USING (customer)
	WHERE histories.h = o.h), 400::bigint, 'a rollup of seven random parts');
SELECT is((SELECT rollup(h ORDER BY customer DESC) FROM histories), (SELECT purchase_history(day, amount) FROM sales), 'a rollup of all customers');
SELECT is((SELECT count(*) FROM histories JOIN (SELECT customer, purchase_history(moment, amount) AS h FROM sales GROUP BY customer) AS o USING (customer) WHERE histories.h = o.h),
	400::bigint, 'timestamps');
SELECT is((SELECT count(*) FROM histories JOIN (SELECT customer, purchase_history(moment AT TIME ZONE 'UTC', amount) AS h FROM sales GROUP BY customer) AS o USING (customer) WHERE histories.h = o.h),
	400::bigint, 'timestamps with time zone, in a session in UTC');
SET LOCAL timezone = 'America/New_York';
SELECT is((SELECT count(*) FROM (SELECT purchase_history(moment AT TIME ZONE 'UTC', amount) AS h, purchase_history((moment AT TIME ZONE 'UTC')::date, amount) AS by_cast FROM sales GROUP BY customer) AS o WHERE h = by_cast),
	400::bigint, 'timestamps with time zone, in a session in New York: the day of ::date');
SET LOCAL timezone = 'UTC';
SELECT is((SELECT count(*) FROM (SELECT purchase_history(day, amount::float8) AS f, purchase_history(day, round(amount::float8::numeric, 6)) AS n FROM sales GROUP BY customer) AS o WHERE f = n),
	400::bigint, 'doubles are round(x::numeric, 6)');
SELECT is((SELECT count(*) FROM (SELECT purchase_history(day, x) AS f, purchase_history(day, round(x::numeric, 6)) AS n
		FROM (SELECT date '2024-01-01' AS day, i % 100 AS c, (random() - 0.5) * 10 ^ (i % 14) + 0.0000005 AS x FROM generate_series(1, 50000) AS i) AS t GROUP BY c) AS o WHERE f = n),
	100::bigint, 'doubles of any size, near ties too');

-- The aggregate itself, without the fast path of GROUP BY, which fast_group.sql is about.
SET LOCAL pg_customer.enable_fast_group = off;

-- Plans: lines of EXPLAIN that match.
CREATE FUNCTION plan_lines(query text, pattern text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	line text;
	found bigint := 0;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) ' || query LOOP
		IF line ~ pattern THEN
			found := found + 1;
		END IF;
	END LOOP;
	RETURN found;
END $$;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL max_parallel_workers_per_gather = 3;
SET LOCAL parallel_leader_participation = off;
\set by_customer 'SELECT customer, purchase_history(day, amount) AS h FROM sales GROUP BY customer'
SELECT cmp_ok(plan_lines(:'by_customer', 'Partial (Hash|Group)?Aggregate'), '>', 0::bigint, 'parallel plan: partial aggregates');
SELECT cmp_ok(plan_lines(:'by_customer', 'Workers Launched: [1-9]'), '>', 0::bigint, 'workers were launched');
SELECT is((SELECT count(*) FROM histories JOIN (:by_customer) AS o USING (customer) WHERE histories.h = o.h), 400::bigint, 'parallel = serial');
SELECT cmp_ok(plan_lines('SELECT purchase_history(day, amount) FROM sales', 'Partial Aggregate'), '>', 0::bigint, 'parallel plan of one group');
SELECT is((SELECT purchase_history(day, amount) FROM sales), (SELECT purchase_history(day, amount ORDER BY id) FROM sales), 'parallel = serial, one group');
SELECT cmp_ok(plan_lines('SELECT rollup(h) FROM histories', 'Partial Aggregate'), '>', 0::bigint, 'parallel plan of rollup');
SELECT is((SELECT rollup(h) FROM histories), (SELECT rollup(h ORDER BY customer) FROM histories), 'parallel = serial, rollup');
SELECT throws_ok('SELECT purchase_history(day, 99999999999999999.999999 * amount::int::numeric * 10) FROM sales WHERE abs(amount) BETWEEN 1 AND 300', '22003', NULL, 'a day that grows too large is an error in parallel');
SET LOCAL enable_partitionwise_aggregate = on;
SET LOCAL max_parallel_workers_per_gather = 0;
SELECT cmp_ok(plan_lines('SELECT part, purchase_history(day, amount) FROM sales GROUP BY part', 'Partial (Hash|Group)?Aggregate'), '=', 3::bigint, 'partitionwise plan: a partial aggregate for each partition');
SELECT is((SELECT count(*) FROM (SELECT part, purchase_history(day, amount) AS h FROM sales GROUP BY part) AS p
	JOIN (SELECT part, purchase_history(day, amount ORDER BY id) AS h FROM sales GROUP BY part) AS s USING (part) WHERE p.h = s.h), 8::bigint, 'partitionwise = whole');
SET LOCAL enable_partitionwise_aggregate = off;
SET LOCAL work_mem = '64kB';
SET LOCAL enable_sort = off;
SELECT cmp_ok(plan_lines(:'by_customer', 'Batches: ([2-9]|[1-9][0-9])'), '>', 0::bigint, 'a hash aggregate with little memory goes to disk');
SELECT is((SELECT count(*) FROM histories JOIN (:by_customer) AS o USING (customer) WHERE histories.h = o.h), 400::bigint, 'on disk = in memory');
RESET work_mem;
RESET enable_sort;
SET LOCAL pg_customer.enable_fast_group = on;

-- A moving frame and an ever longer one read the state again and again.
SELECT is((SELECT count(*) FROM (
		SELECT id, day, customer, purchase_history(day, amount) OVER w AS h FROM sales WHERE customer IN (3, 200) AND day IS NOT NULL
		WINDOW w AS (PARTITION BY customer ORDER BY day, id RANGE UNBOUNDED PRECEDING)) AS w
	JOIN histories USING (customer) WHERE as_of(histories.h, w.day) <> w.h AND NOT EXISTS (SELECT FROM sales s WHERE s.customer = w.customer AND s.day = w.day AND s.id > w.id)),
	0::bigint, 'a window over the rows of a customer gives the history as it was');

-- ------------------------------------------------------------------------------------------------
-- Measures, against plain SQL over the rows
-- ------------------------------------------------------------------------------------------------
CREATE TABLE dates AS SELECT d::date AS as_of FROM unnest(ARRAY['2022-11-03', '2023-03-31', '2023-12-31', '2024-06-30']::date[]) AS d;
CREATE TABLE rows_until AS
	SELECT as_of, customer, day, amount, coalesce(amount, 0) >= 0 AS is_order,
		min(day) FILTER (WHERE coalesce(amount, 0) >= 0) OVER (PARTITION BY as_of, customer) AS first
	FROM dates JOIN sales ON day <= as_of;
CREATE TABLE gaps AS
	SELECT as_of, customer, percentile_cont(0.5) WITHIN GROUP (ORDER BY gap) AS median, stddev_samp(gap) AS deviation
	FROM (SELECT as_of, customer, day - lag(day) OVER (PARTITION BY as_of, customer ORDER BY day) AS gap
		  FROM (SELECT DISTINCT as_of, customer, day FROM rows_until WHERE is_order) AS d) AS g GROUP BY as_of, customer;
CREATE TABLE expected AS
	SELECT as_of, customer, count(*) FILTER (WHERE is_order) AS orders, count(DISTINCT day) FILTER (WHERE is_order) AS purchase_days,
		count(*) FILTER (WHERE NOT is_order) AS refunds, coalesce(sum(amount), 0) AS total,
		coalesce(sum(amount) FILTER (WHERE is_order), 0) AS gross, -coalesce(sum(amount) FILTER (WHERE NOT is_order), 0) AS refunded,
		min(day) FILTER (WHERE is_order) AS first, max(day) FILTER (WHERE is_order) AS last, max(day) AS last_day,
		coalesce(sum(amount) FILTER (WHERE day > first), 0) AS after_first, min(median) AS median, min(deviation) AS deviation
	FROM rows_until LEFT JOIN gaps USING (as_of, customer) GROUP BY as_of, customer;
CREATE TABLE measured AS SELECT as_of, customer, h, as_of(h, as_of) AS past FROM dates, histories;
SELECT is((SELECT count(*) FROM measured m FULL JOIN expected e USING (as_of, customer)
	WHERE (orders(past), purchase_days(past), refunds(past)) IS DISTINCT FROM (coalesce(e.orders, 0), coalesce(e.purchase_days, 0), coalesce(e.refunds, 0))),
	0::bigint, 'orders, purchase_days, refunds');
SELECT is((SELECT count(*) FROM measured m FULL JOIN expected e USING (as_of, customer)
	WHERE (total(past), gross(past), refunded(past)) IS DISTINCT FROM (coalesce(e.total, 0), coalesce(e.gross, 0), coalesce(e.refunded, 0))),
	0::bigint, 'total, gross, refunded');
SELECT is((SELECT count(*) FROM measured m FULL JOIN expected e USING (as_of, customer)
	WHERE (average_order(past) IS NULL) <> (coalesce(e.orders, 0) = 0) OR abs(average_order(past) * e.orders - e.gross) > 1e-4
		OR (average_order_net(past) IS NULL) <> (coalesce(e.orders, 0) = 0) OR abs(average_order_net(past) * e.orders - e.total) > 1e-4),
	0::bigint, 'average_order, average_order_net');
SELECT is((SELECT count(*) FROM measured m FULL JOIN expected e USING (as_of, customer)
	WHERE (first_purchase(past), last_purchase(past), last_day(past), days_since_last(h, as_of), tenure(h, as_of))
		IS DISTINCT FROM (e.first, e.last, e.last_day, as_of - e.last, as_of - e.first)),
	0::bigint, 'first_purchase, last_purchase, last_day, days_since_last, tenure');
SELECT is((SELECT count(*) FROM measured m FULL JOIN expected e USING (as_of, customer)
	WHERE (repeat_days(h, as_of), repeat_span(h, as_of), observed_span(h, as_of, 'week'))
			IS DISTINCT FROM ((nullif(e.purchase_days, 0) - 1)::int, (e.last - e.first)::float8, (as_of - e.first) / 7::float8)
		OR (repeat_spend(h, as_of) IS NULL) <> (coalesce(e.purchase_days, 0) <= 1) OR abs(repeat_spend(h, as_of) * (e.purchase_days - 1) - e.after_first) > 1e-4),
	0::bigint, 'repeat_days, repeat_span, observed_span, repeat_spend');
SELECT is((SELECT count(*) FROM measured m FULL JOIN expected e USING (as_of, customer)
	WHERE median_gap(past) IS DISTINCT FROM e.median OR (gap_stddev(past) IS NULL) <> (e.deviation IS NULL) OR abs(gap_stddev(past) - e.deviation) > 1e-9),
	0::bigint, 'median_gap, gap_stddev');
SELECT is((SELECT count(*) FROM (SELECT customer, unit, p.* FROM histories, unnest(ARRAY['day', 'week', 'month', 'quarter', 'year']) AS unit, periods(h, unit) AS p) AS p
	FULL JOIN (SELECT customer, unit, date_trunc(unit, day)::date AS period, count(*) FILTER (WHERE coalesce(amount, 0) >= 0) AS orders, coalesce(sum(amount), 0) AS net
		FROM sales, unnest(ARRAY['day', 'week', 'month', 'quarter', 'year']) AS unit WHERE day IS NOT NULL GROUP BY 1, 2, 3) AS e USING (customer, unit, period)
	WHERE (p.orders, p.gross - p.refunded) IS DISTINCT FROM (e.orders, e.net)), 0::bigint, 'periods, in every unit');
SELECT is((SELECT count(*) FROM histories, days(h) AS d FULL JOIN LATERAL periods(h, 'day') AS p ON d.day = p.period WHERE d IS DISTINCT FROM p), 0::bigint, 'days are periods of a day');
SELECT is((SELECT count(*) FROM (
		SELECT customer, coefficient_of_variation(h, '2023-01-01', '2024-01-01', 'month') AS cv,
			(SELECT stddev_pop(net) / nullif(greatest(avg(net), 0), 0) FROM (
				SELECT m, (SELECT coalesce(sum(amount), 0) FROM sales s WHERE s.customer = t.customer AND day >= greatest(date '2023-01-01', first_purchase(h)) AND day < '2024-01-01' AND date_trunc('month', day) = m) AS net
				FROM generate_series(date_trunc('month', greatest(date '2023-01-01', first_purchase(h))::timestamp), '2023-12-01', '1 month') AS m) AS months) AS expected
		FROM histories t WHERE customer % 10 = 0) AS v
	WHERE (cv IS NULL) <> (expected IS NULL) OR abs(cv - expected) > 1e-9), 0::bigint, 'coefficient_of_variation');
SELECT is((SELECT count(*) FROM (
		SELECT customer, a.* FROM histories, period_activity(h, 'month', '2024-01-31', 'orders') AS a) AS a
	FULL JOIN (
		SELECT customer, m::date AS period, orders, first = m AS is_new, coalesce(before, 0) > 0 AND orders > 0 AS is_returning,
			orders > 0 AND first < m AND coalesce(before, 0) = 0 AS is_reactivated, coalesce(before, 0) > 0 AND orders = 0 AS is_lost
		FROM (SELECT customer, m, orders, n, lag(orders) OVER (PARTITION BY customer ORDER BY m) AS before,
				min(m) FILTER (WHERE orders > 0) OVER (PARTITION BY customer) AS first
			  FROM (SELECT c.customer, m, count(s.customer) FILTER (WHERE coalesce(amount, 0) >= 0) AS orders, count(s.customer) AS n
					FROM histories c CROSS JOIN generate_series(timestamp '2022-10-01', '2024-01-01', '1 month') AS m
						LEFT JOIN sales s ON s.customer = c.customer AND date_trunc('month', s.day) = m AND s.day <= '2024-01-31'
					GROUP BY 1, 2) AS months) AS flags
		WHERE n > 0 OR (before > 0 AND orders = 0)) AS e USING (customer, period)
	WHERE (a.purchases, a.is_new, a.is_returning, a.is_reactivated, a.is_lost) IS DISTINCT FROM (e.orders, e.is_new, e.is_returning, e.is_reactivated, e.is_lost)),
	0::bigint, 'period_activity');
SELECT is((SELECT count(*) FROM histories, LATERAL (
		SELECT '{' || string_agg((j->>'day') || coalesce(' ' || (j->>'orders') || ':' || (j->>'gross'), '') || coalesce(' -' || (j->>'refunds') || ':' || (j->>'refunded'), ''), ', ') || '}' AS text
		FROM jsonb_array_elements(h::jsonb) AS j) AS j WHERE h = j.text::purchase_history), 400::bigint, 'jsonb holds everything');

-- ------------------------------------------------------------------------------------------------
-- Size: a million rows in a group, histories out of line, a rollup of many long ones, and a way out of it
-- ------------------------------------------------------------------------------------------------
SELECT clock_timestamp() AS begun \gset
SELECT ok((SELECT orders(h) = 1000000 AND purchase_days(h) = 1000 AND total(h) = 1000000 * 4.995
	FROM (SELECT purchase_history(date '2020-01-01' + (i::bigint * 7919 % 1000)::int, (i % 1000) / 100.0) AS h FROM generate_series(1, 1000000) AS i) AS t), 'a million rows of one customer');
SELECT diag('a million rows of one customer: ' || round(1000 * extract(epoch FROM clock_timestamp() - :'begun')) || ' ms');
SELECT clock_timestamp() AS begun \gset
CREATE TABLE long_histories AS
	SELECT c, purchase_history(date '2020-01-01' + i, (i + c) / 100.0) AS h FROM generate_series(1, 300) AS c, generate_series(1, 1000) AS i GROUP BY c;
SELECT ok((SELECT orders(h) = 300000 AND purchase_days(h) = 1000 AND h - (SELECT long_histories.h FROM long_histories WHERE c = 7) + (SELECT long_histories.h FROM long_histories WHERE c = 7) = h
	FROM (SELECT rollup(h) AS h FROM long_histories) AS t), 'a rollup of 300 histories of 1,000 days, read from out of line');
SELECT diag('building and rolling up 300 histories of 1,000 days: ' || round(1000 * extract(epoch FROM clock_timestamp() - :'begun')) || ' ms');

CREATE FUNCTION ended_after(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	begun timestamptz := clock_timestamp();
BEGIN
	EXECUTE query;
	RETURN 'not canceled';
EXCEPTION WHEN query_canceled THEN
	RETURN round(1000 * extract(epoch FROM clock_timestamp() - begun));
END $$;
SET LOCAL statement_timeout = '300ms';
SELECT ended_after($$SELECT purchase_history(date '4000-01-01' - (i::bigint * 7919 % 1000003)::int, 1) FROM generate_series(1, 100000000) AS i$$) AS ended \gset
SET LOCAL statement_timeout = 0;
SELECT diag('canceled after 300 ms: ended after ' || :'ended' || ' ms');
SELECT ok(:'ended' ~ '^[0-9]+$' AND (:'ended')::int < 1300, 'an aggregate of a million days obeys statement_timeout');
SELECT * FROM finish();
ROLLBACK;
