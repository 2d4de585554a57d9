-- Random shops: a customer base and its views against plain SQL that knows nothing of them. Other shops, some forty a run (all
-- stand in one transaction, which holds locks on what it made):
--   psql -v first=1000 -v last=1039 -f test/pgtap/customer_base_random.sql
\if :{?first} \else
\set first 1
\set last 14
\endif
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT plan(:last - :first + 1);
SET LOCAL client_min_messages = error;
SET LOCAL jit = off; -- the oracle's nested loops look expensive, and compiling them is
CREATE SCHEMA oracle;

CREATE TABLE oracle.lines (tenant text, customer int, moment timestamptz, utc timestamp, day date, order_no int, quantity int, price numeric,
	currency text, status text);
CREATE TABLE oracle.people (id int, tenant text, name text);
CREATE TABLE oracle.used (tenant text, customer text, day date, amount numeric, order_no int, reason text);
CREATE TABLE oracle.orders (tenant text, customer text, day date, amount numeric);

-- One of the elements, at random.
CREATE FUNCTION oracle.pick(VARIADIC choices text[]) RETURNS text LANGUAGE sql VOLATILE
BEGIN ATOMIC SELECT choices[1 + floor(random() * cardinality(choices))::int]; END;

-- A shop and the options of a base over it.
CREATE FUNCTION oracle.make_shop() RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
	map text := oracle.pick('grid25', 'grid25', 'codes125', 'grid9', 'cn8');
	size int := oracle.pick('0', '3', '40', '40', '150', '150', '150')::int;
	people int := oracle.pick('1', '5', '15', '40', '40')::int;
	span int := oracle.pick('3', '40', '400', '700')::int;
	until date := CASE WHEN random() < 0.3 THEN current_date ELSE date '2024-11-20' END;
	o jsonb;
BEGIN
	TRUNCATE oracle.lines, oracle.people;
	INSERT INTO oracle.lines (tenant, customer, moment, order_no, quantity, price, currency, status)
	SELECT CASE WHEN random() < 0.02 THEN NULL ELSE oracle.pick('a', 'b', 'c') END,
		CASE WHEN random() < 0.1 THEN NULL ELSE floor(people * random() * random()) END,
		CASE WHEN random() < 0.03 THEN NULL WHEN random() < 0.01 THEN 'infinity'
			ELSE (until + 20)::timestamptz - random() * span * interval '1 day' - CASE WHEN random() < 0.3 THEN interval '0' ELSE interval '20 days' END END,
		CASE WHEN random() < 0.2 THEN NULL ELSE floor(random() * size * 0.6) END,
		CASE WHEN random() < 0.1 THEN -1 WHEN random() < 0.05 THEN 0 ELSE ceil(random() * 3) END,
		CASE WHEN random() < 0.04 THEN NULL WHEN random() < 0.01 THEN 'NaN' WHEN random() < 0.01 THEN 0.0000001 WHEN random() < 0.01 THEN 'Infinity'
			WHEN random() < 0.2 THEN 10 ELSE round((random() * 100)::numeric, oracle.pick('0', '1', '2', '6')::int) END,
		CASE WHEN random() < 0.05 THEN NULL ELSE oracle.pick('EUR', 'EUR', 'EUR', 'EUR', 'EUR', 'USD') END,
		CASE WHEN random() < 0.05 THEN NULL ELSE oracle.pick('paid', 'paid', 'paid', 'test') END
	FROM generate_series(1, size * oracle.pick('1', '2', '4')::int);
	UPDATE oracle.lines SET utc = moment AT TIME ZONE 'UTC', day = (moment AT TIME ZONE 'UTC')::date;
	-- the hours about a change of the clocks
	UPDATE oracle.lines SET moment = timestamptz '2024-11-03 05:00+00' + random() * interval '4 hours', utc = timestamp '2024-11-03 05:00' + random() * interval '4 hours'
	WHERE random() < 0.05 AND isfinite(moment);
	INSERT INTO oracle.people SELECT i, t, 'name ' || i FROM generate_series(0, people + 3) AS i, unnest('{a,b,c,d}'::text[]) AS t WHERE random() < 0.7;

	o := jsonb_build_object('source', 'oracle.lines', 'customer', oracle.pick('customer', '''c'' || customer'),
		'time', oracle.pick('moment', 'utc', 'local', 'day'),
		'amount', oracle.pick('quantity * price', 'quantity', '(quantity * price)::float8', 'price'),
		'as_of', CASE WHEN until = current_date THEN oracle.pick('today', 'last_purchase') ELSE oracle.pick('last_purchase', (until - floor(random() * span / 2)::int)::text) END,
		'time_zone', oracle.pick('UTC', 'Asia/Shanghai', 'America/New_York'), 'segment_map', map,
		'rfm_bins', CASE map WHEN 'grid9' THEN 3 WHEN 'cn8' THEN 2 ELSE 5 END,
		'rfm_method', CASE map WHEN 'cn8' THEN oracle.pick('mean', 'mean_score', 'quantile') ELSE 'quantile' END,
		'count_by', oracle.pick('days', 'orders'), 'language', oracle.pick('en', 'zh'), 'abc_a', oracle.pick('0.8', '0.5', '0', '1')::numeric);
	o := o || jsonb_build_object('abc_b', greatest((o ->> 'abc_a')::numeric, 0.95));
	IF random() < 0.5 THEN o := o || '{"order_id": "order_no"}'; END IF;
	IF random() < 0.4 THEN o := o || '{"tenant": "tenant"}'; END IF;
	IF random() < 0.4 THEN o := o || jsonb_build_object('filter', oracle.pick('status = ''paid''', 'status <> ''test'' AND quantity >= 0', 'moment >= ''2024-03-01 00:00''')); END IF;
	IF random() < 0.3 THEN o := o || '{"currency": "EUR", "currency_column": "currency"}'; END IF;
	IF random() < 0.3 THEN o := o || jsonb_build_object('rfm_window', oracle.pick('30 days', '1 year', '1 month')); END IF;
	IF random() < 0.2 THEN o := o || jsonb_build_object('history_starts', until - 100); END IF;
	IF random() < 0.3 AND o ->> 'customer' = 'customer' THEN
		IF o ->> 'tenant' IS NULL THEN
			DELETE FROM oracle.people WHERE tenant <> 'a';
		END IF;
		o := o || '{"customers": "oracle.people", "customers_key": "id", "attributes": ["name"]}';
	END IF;
	RETURN o;
END $$;

-- The rows as the definitions read them, and the orders that they make.
CREATE FUNCTION oracle.read_shop(o jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	zone text := o ->> 'time_zone';
	mode text := o ->> 'time';
BEGIN
	TRUNCATE oracle.used, oracle.orders;
	PERFORM set_config('timezone', zone, true);
	EXECUTE format('INSERT INTO oracle.used SELECT tenant, customer, day, amount, order_no,
		CASE WHEN customer IS NULL THEN ''customer'' WHEN tenant IS NULL THEN ''tenant'' WHEN day IS NULL THEN ''day'' WHEN NOT isfinite(day) THEN ''bad''
			WHEN foreign_money THEN ''bad'' WHEN amount IN (''NaN'', ''Infinity'', ''-Infinity'') THEN ''bad'' WHEN amount <> round(amount, 6) THEN ''bad'' END
		FROM (SELECT %s AS tenant, (%s)::text AS customer, %s AS day, %s AS amount, %s AS order_no, %s AS foreign_money FROM oracle.lines WHERE %s) AS r',
		CASE WHEN o ? 'tenant' THEN 'tenant' ELSE '''-''' END, o ->> 'customer',
		CASE mode WHEN 'moment' THEN format('(moment AT TIME ZONE %L)::date', zone) WHEN 'utc' THEN format('(utc AT TIME ZONE ''UTC'' AT TIME ZONE %L)::date', zone)
			WHEN 'local' THEN 'utc::date' ELSE 'day' END,
		CASE WHEN o ->> 'amount' LIKE '%float8' THEN format('round((%s)::numeric, 6)', o ->> 'amount') ELSE format('(%s)::numeric', o ->> 'amount') END,
		CASE WHEN o ? 'order_id' THEN 'order_no' ELSE 'NULL::int' END,
		CASE WHEN o ? 'currency' THEN 'currency IS DISTINCT FROM ''EUR''' ELSE 'false' END, coalesce(o ->> 'filter', 'true'));
	INSERT INTO oracle.orders
	SELECT tenant, customer, min(day), coalesce(sum(amount), 0) FROM oracle.used WHERE reason IS NULL AND order_no IS NOT NULL GROUP BY 1, 2, order_no
	UNION ALL SELECT tenant, customer, day, coalesce(amount, 0) FROM oracle.used WHERE reason IS NULL AND order_no IS NULL;
END $$;

-- Every customer at the end of a day, without scores.
CREATE FUNCTION oracle.measures(o jsonb, at date) RETURNS TABLE (tenant text, customer text, first_purchase date, last_purchase date, orders bigint, refunds bigint,
	gross numeric, refunded numeric, total numeric, gap float8, frequency bigint, money numeric) LANGUAGE sql STABLE
BEGIN ATOMIC
	WITH seen AS (SELECT * FROM oracle.orders AS r WHERE r.day <= at),
	gaps AS (
		SELECT g.tenant, g.customer, percentile_cont(0.5) WITHIN GROUP (ORDER BY g.gap) AS gap
		FROM (SELECT d.tenant, d.customer, d.day - lag(d.day) OVER (PARTITION BY d.tenant, d.customer ORDER BY d.day) AS gap
			FROM (SELECT DISTINCT s.tenant, s.customer, s.day FROM seen AS s WHERE s.amount >= 0) AS d) AS g WHERE g.gap IS NOT NULL GROUP BY 1, 2)
	SELECT s.tenant, s.customer, min(s.day) FILTER (WHERE s.amount >= 0), max(s.day) FILTER (WHERE s.amount >= 0), count(*) FILTER (WHERE s.amount >= 0),
		count(*) FILTER (WHERE s.amount < 0), coalesce(sum(s.amount) FILTER (WHERE s.amount >= 0), 0), coalesce(-sum(s.amount) FILTER (WHERE s.amount < 0), 0),
		sum(s.amount), min(g.gap),
		count(*) FILTER (WHERE s.amount >= 0 AND (o ->> 'rfm_window' IS NULL OR s.day > at - (o ->> 'rfm_window')::interval)),
		coalesce(sum(s.amount) FILTER (WHERE o ->> 'rfm_window' IS NULL OR s.day > at - (o ->> 'rfm_window')::interval), 0)
	FROM seen AS s LEFT JOIN gaps AS g ON g.tenant = s.tenant AND g.customer = s.customer GROUP BY s.tenant, s.customer;
END;

-- How many of the quantiles of the members lie below the value.
CREATE FUNCTION oracle.below(members numeric[], value numeric, bins int) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
	SELECT count(*) FROM (SELECT (cardinality(members) - 1) * k AS h FROM generate_series(1, bins - 1) AS k) AS b
	WHERE members[1 + h / bins] * bins + (h % bins) * (coalesce(members[2 + h / bins], 0) - members[1 + h / bins]) * sign(h % bins) < value * bins $$;

-- days: few are good, so a value at the mean of the scores is counted with the larger ones.
CREATE FUNCTION oracle.score(members numeric[], value numeric, bins int, method text, days boolean DEFAULT false) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE method WHEN 'quantile' THEN 1 + oracle.below(members, value, bins)
		WHEN 'mean_score' THEN CASE WHEN days AND members[1] = members[cardinality(members)] THEN 1 + (value > members[1])::int
			ELSE 1 + (oracle.below(members, value, 5) + CASE WHEN days THEN 0.0000001 ELSE 0 END
				> (SELECT avg(oracle.below(members, m, 5)) FROM unnest(members) AS m))::int END
		ELSE 1 + (value > (SELECT avg(m) FROM unnest(members) AS m))::int END $$;

-- Every customer at the end of a day, scored by the population of the day of the limits.
CREATE FUNCTION oracle.customers(o jsonb, at date, limits date) RETURNS TABLE (tenant text, customer text, first_purchase date, last_purchase date,
	days int, orders bigint, refunds bigint, gross numeric, refunded numeric, total numeric, gap float8, frequency bigint, money numeric, rfm text, abc text)
	LANGUAGE sql STABLE AS $$
	WITH population AS MATERIALIZED (SELECT * FROM oracle.measures(o, least(at, limits)) WHERE last_purchase IS NOT NULL),
	members AS MATERIALIZED (
		SELECT tenant, array_agg((least(at, limits) - last_purchase)::numeric ORDER BY last_purchase DESC) AS days,
			array_agg(frequency::numeric ORDER BY frequency) AS orders, array_agg(money ORDER BY money) AS money FROM population GROUP BY tenant),
	shares AS (
		SELECT DISTINCT tenant, total, coalesce((SELECT sum(q.total) FROM population AS q WHERE q.tenant = p.tenant AND q.total > p.total), 0)
			/ (SELECT sum(q.total) FROM population AS q WHERE q.tenant = p.tenant AND q.total > 0) AS before
		FROM population AS p WHERE total > 0),
	classes AS MATERIALIZED (
		SELECT tenant, min(total) FILTER (WHERE before < (o ->> 'abc_a')::numeric) AS a, min(total) FILTER (WHERE before < (o ->> 'abc_b')::numeric) AS b
		FROM shares GROUP BY tenant)
	SELECT m.tenant, m.customer, m.first_purchase, m.last_purchase, at - m.last_purchase, m.orders, m.refunds, m.gross, m.refunded, m.total, m.gap, m.frequency, m.money,
		CASE WHEN m.last_purchase IS NOT NULL AND p.tenant IS NOT NULL THEN
			((o ->> 'rfm_bins')::int + 1 - oracle.score(p.days, least(at, limits) - m.last_purchase, (o ->> 'rfm_bins')::int, o ->> 'rfm_method', true))::text
			|| oracle.score(p.orders, m.frequency, (o ->> 'rfm_bins')::int, o ->> 'rfm_method')
			|| CASE WHEN m.money <= 0 THEN 1 ELSE oracle.score(p.money, m.money, (o ->> 'rfm_bins')::int, o ->> 'rfm_method') END END,
		CASE WHEN m.last_purchase IS NULL THEN NULL WHEN m.total >= c.a AND m.total > 0 THEN 'A' WHEN m.total >= c.b AND m.total > 0 THEN 'B' ELSE 'C' END
	FROM oracle.measures(o, at) AS m LEFT JOIN members AS p USING (tenant) LEFT JOIN classes AS c USING (tenant) $$;

CREATE FUNCTION oracle.kpis(o jsonb, of_unit text, at date) RETURNS TABLE (tenant text, period date, active bigint, fresh bigint, back bigint, reactivated bigint,
	lost bigint, customers bigint, orders bigint, gross numeric, refunded numeric, repeated bigint, complete boolean) LANGUAGE sql STABLE AS $$
	WITH seen AS MATERIALIZED (SELECT *, date_trunc(of_unit, day)::date AS period FROM oracle.orders WHERE day <= at),
	length AS (SELECT CASE of_unit WHEN 'quarter' THEN interval '3 months' ELSE ('1 ' || of_unit)::interval END AS length),
	calendar AS (SELECT s.tenant, p::date AS period, (p + length)::date AS next, (p - length)::date AS before
		FROM (SELECT tenant, min(period) AS first FROM seen GROUP BY tenant) AS s, length, generate_series(first::timestamp, at::timestamp, length) AS p),
	buyers AS MATERIALIZED (SELECT tenant, customer, period, count(*) AS orders, count(DISTINCT day) AS days FROM seen WHERE amount >= 0 GROUP BY 1, 2, 3),
	firsts AS MATERIALIZED (SELECT tenant, customer, min(period) AS first FROM buyers GROUP BY 1, 2)
	SELECT c.tenant, c.period,
		(SELECT count(*) FROM buyers AS b WHERE b.tenant = c.tenant AND b.period = c.period),
		(SELECT count(*) FROM firsts AS f WHERE f.tenant = c.tenant AND f.first = c.period),
		(SELECT count(*) FROM buyers AS b JOIN buyers AS l USING (tenant, customer) WHERE b.tenant = c.tenant AND b.period = c.period AND l.period = c.before),
		(SELECT count(*) FROM buyers AS b JOIN firsts AS f USING (tenant, customer) WHERE b.tenant = c.tenant AND b.period = c.period AND f.first < c.period
			AND NOT EXISTS (SELECT FROM buyers AS l WHERE l.tenant = b.tenant AND l.customer = b.customer AND l.period = c.before)),
		(SELECT count(*) FROM buyers AS l WHERE l.tenant = c.tenant AND l.period = c.before
			AND NOT EXISTS (SELECT FROM buyers AS b WHERE b.tenant = l.tenant AND b.customer = l.customer AND b.period = c.period)),
		(SELECT count(*) FROM firsts AS f WHERE f.tenant = c.tenant AND f.first <= c.period),
		(SELECT count(*) FROM seen AS s WHERE s.tenant = c.tenant AND s.period = c.period AND amount >= 0),
		(SELECT coalesce(sum(amount) FILTER (WHERE amount >= 0), 0) FROM seen AS s WHERE s.tenant = c.tenant AND s.period = c.period),
		(SELECT coalesce(-sum(amount) FILTER (WHERE amount < 0), 0) FROM seen AS s WHERE s.tenant = c.tenant AND s.period = c.period),
		(SELECT count(*) FROM buyers AS b WHERE b.tenant = c.tenant AND b.period = c.period AND CASE o ->> 'count_by' WHEN 'days' THEN b.days ELSE b.orders END >= 2),
		c.next <= at + 1 AND c.period >= coalesce((o ->> 'history_starts')::date, c.period)
	FROM calendar AS c $$;

-- What differs between two queries.
CREATE FUNCTION oracle.differ(what text, ours text, theirs text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE format('SELECT %L || side || d FROM (SELECT '' ours '' AS side, d::text AS d FROM ((%s) EXCEPT ALL (%s)) AS d UNION ALL
		SELECT '' oracle '', d::text FROM ((%3$s) EXCEPT ALL (%2$s)) AS d) AS x LIMIT 4', what, ours, theirs);
END $$;

-- Columns of a view of the base, with its tenant if it has one.
CREATE FUNCTION oracle.ask(view text, VARIADIC columns text[]) RETURNS text LANGUAGE sql
RETURN format($q$SELECT coalesce(to_jsonb(v) ->> 'tenant', '-') AS tenant, %s FROM b.%s AS v$q$, array_to_string(columns, ', '), view);

CREATE FUNCTION oracle.option(name text) RETURNS text LANGUAGE sql STABLE RETURN current_setting('oracle.options')::jsonb ->> name;

-- The views, or with a suffix their twins, at the end of a day.
CREATE FUNCTION oracle.check_views(at date, limits date, suffix text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	unit text;
	label text := CASE oracle.option('language') WHEN 'zh' THEN 'label_zh' ELSE 'label_en' END;
BEGIN
	CREATE TEMP TABLE scored AS SELECT c.*, g.segment, g.rank, g.label_en, g.label_zh
		FROM oracle.customers(current_setting('oracle.options')::jsonb, at, limits) AS c
		LEFT JOIN segment_map(oracle.option('segment_map')) AS g ON g.code = left(c.rfm, length(g.code));
	PERFORM set_config('oracle.at', at::text, true);
	RETURN QUERY SELECT * FROM oracle.differ('customers' || suffix, oracle.ask('customers' || suffix, 'customer::text', 'first_purchase', 'last_purchase', 'days_since_last',
		'orders', 'refunds', 'gross', 'refunded', 'total', 'average_order', 'tenure_days', 'median_gap_days', 'rfm', 'recency_score::text || frequency_score || monetary_score',
		'segment', 'segment_label', 'segment_rank', 'abc_class', 'historic_value', 'currency', 'as_of', $q$to_jsonb(v) ->> 'name'$q$),
		$q$SELECT coalesce(c.tenant, p.tenant), coalesce(c.customer, p.id::text), c.first_purchase, c.last_purchase, c.days, c.orders, c.refunds, round(c.gross, 2),
			round(c.refunded, 2), round(c.total, 2), round(c.gross / nullif(c.orders, 0), 2), current_setting('oracle.at')::date - c.first_purchase, c.gap, c.rfm, c.rfm,
			c.segment, c.$q$ || label || $q$, c.rank, c.abc, round(CASE WHEN c.total < 0 THEN 0 ELSE c.total END, 2), oracle.option('currency'), current_setting('oracle.at')::date, p.name
		FROM scored AS c FULL JOIN (SELECT id, CASE WHEN oracle.option('tenant') IS NULL THEN '-' ELSE tenant END AS tenant, name FROM oracle.people
				WHERE oracle.option('customers') IS NOT NULL) AS p ON p.id::text = c.customer AND p.tenant = c.tenant$q$);
	RETURN QUERY SELECT * FROM oracle.differ('rfm' || suffix, oracle.ask('rfm' || suffix, 'customer::text', 'days_since_last', 'orders', 'total', 'rfm', 'segment', 'segment_rank', 'as_of'),
		$q$SELECT tenant, customer, days, frequency, round(money, 2), rfm, segment, rank, current_setting('oracle.at')::date FROM scored WHERE last_purchase IS NOT NULL$q$);
	RETURN QUERY SELECT * FROM oracle.differ('rfm_segments' || suffix, oracle.ask('rfm_segments' || suffix, 'segment', 'segment_rank', 'customers', 'share_of_customers', 'total',
		'share_of_total', 'average_order', 'median_days_since_last', 'as_of'),
		$q$SELECT tenant, segment, rank, count(*), round(count(*) / sum(count(*)) OVER w, 6), round(sum(total), 2), round(sum(total) / nullif(sum(sum(total)) OVER w, 0), 6),
			round(sum(gross) / nullif(sum(orders), 0), 2), percentile_cont(0.5) WITHIN GROUP (ORDER BY days), current_setting('oracle.at')::date
		FROM scored WHERE segment IS NOT NULL GROUP BY 1, 2, 3 WINDOW w AS (PARTITION BY tenant)$q$);
	RETURN QUERY SELECT * FROM oracle.differ('abc' || suffix, oracle.ask('abc' || suffix, 'customer::text', 'total', 'share', 'cumulative_share', 'abc_class'),
		$q$SELECT tenant, customer, round(total, 2), round(greatest(total, 0) / nullif(sum(greatest(total, 0)) OVER w, 0), 6),
			round(sum(greatest(total, 0)) OVER (w ORDER BY greatest(total, 0) DESC) / nullif(sum(greatest(total, 0)) OVER w, 0), 6), abc
		FROM scored WHERE last_purchase IS NOT NULL WINDOW w AS (PARTITION BY tenant)$q$);
	FOREACH unit IN ARRAY ARRAY['week', 'month', 'quarter', 'year'] LOOP
		RETURN QUERY SELECT * FROM oracle.differ(unit || ' of kpis' || suffix, oracle.ask('kpis' || suffix, 'period', 'customers_active', 'customers_new', 'customers_returning',
			'customers_reactivated', 'customers_lost', 'customers_total', 'orders', 'gross', 'refunded', 'net', 'average_order', 'orders_per_customer', 'repeat_rate',
			'refund_rate', 'complete') || format(' WHERE unit = %L', unit),
			format($q$SELECT tenant, period, active, fresh, back, reactivated, lost, customers, orders, round(gross, 2), round(refunded, 2), round(gross - refunded, 2),
				round(gross / nullif(orders, 0), 2), round(orders / nullif(active, 0)::numeric, 6), round(repeated / nullif(active, 0)::numeric, 6),
				round(refunded / nullif(gross, 0), 6), complete
			FROM oracle.kpis(current_setting('oracle.options')::jsonb, %L, current_setting('oracle.at')::date)$q$, unit));
	END LOOP;
	DROP TABLE scored;
END $$;

CREATE FUNCTION oracle.make_base(name text, o jsonb, as_of text) RETURNS date LANGUAGE plpgsql AS $$
DECLARE
	made date;
BEGIN
	PERFORM create_customer_base(name, source => o ->> 'source', customer => o ->> 'customer', purchased_at => CASE o ->> 'time' WHEN 'local' THEN 'utc' ELSE o ->> 'time' END,
		amount => o ->> 'amount', order_id => o ->> 'order_id', filter => o ->> 'filter', customers => o ->> 'customers', customers_key => o ->> 'customers_key',
		attributes => CASE WHEN o ? 'attributes' THEN '{name}'::text[] END, tenant => o ->> 'tenant', time_zone => o ->> 'time_zone',
		source_time_zone => CASE o ->> 'time' WHEN 'utc' THEN 'UTC' END, as_of => as_of, currency => o ->> 'currency', currency_column => o ->> 'currency_column',
		rfm_bins => (o ->> 'rfm_bins')::int, rfm_method => o ->> 'rfm_method', rfm_window => (o ->> 'rfm_window')::interval, segment_map => o ->> 'segment_map',
		abc_a => (o ->> 'abc_a')::numeric, abc_b => (o ->> 'abc_b')::numeric, count_by => o ->> 'count_by', history_starts => (o ->> 'history_starts')::date,
		language => o ->> 'language');
	EXECUTE format('SELECT %I.as_of()', name) INTO made;
	RETURN made;
END $$;

-- What data_quality counts, and that its sums add up.
CREATE FUNCTION oracle.check_counts(limits date) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY SELECT * FROM oracle.differ('data_quality', $q$SELECT item, rows FROM b.data_quality WHERE item IN ('rows_seen', 'rows_used', 'orders_used', 'purchases', 'refunds', 'customers',
			'customers_without_purchase', 'purchases_of_amount_zero', 'orders_after_as_of', 'order_ids_of_several_customers', 'rows_without_order_id')
			UNION ALL SELECT 'bad', sum(rows)::bigint FROM b.data_quality WHERE item LIKE 'quarantined\_%'$q$,
		format($q$SELECT 'rows_seen', count(*) FROM oracle.used UNION ALL SELECT 'rows_used', count(*) FROM oracle.used WHERE reason IS NULL
		UNION ALL SELECT 'orders_used', count(*) FROM oracle.orders UNION ALL SELECT 'purchases', count(*) FROM oracle.orders WHERE amount >= 0
		UNION ALL SELECT 'refunds', count(*) FROM oracle.orders WHERE amount < 0 UNION ALL SELECT 'customers', count(DISTINCT (tenant, customer)) FROM oracle.orders
		UNION ALL SELECT 'customers_without_purchase', count(*) FROM (SELECT FROM oracle.orders GROUP BY tenant, customer HAVING max(amount) < 0) AS x
		UNION ALL SELECT 'orders_after_as_of', count(*) FROM oracle.orders WHERE day > %L
		UNION ALL SELECT 'order_ids_of_several_customers', count(*) FROM (SELECT FROM oracle.used WHERE reason IS NULL AND order_no IS NOT NULL
			GROUP BY tenant, order_no HAVING count(DISTINCT customer) > 1) AS x
		UNION ALL SELECT 'rows_without_order_id', CASE WHEN oracle.option('order_id') IS NULL THEN 0 ELSE count(*) END FROM oracle.used WHERE order_no IS NULL AND reason IS NULL
		UNION ALL SELECT 'purchases_of_amount_zero', count(*) FROM (SELECT sum(amount) AS amount FROM oracle.used WHERE reason IS NULL AND order_no IS NOT NULL
			GROUP BY tenant, customer, order_no UNION ALL SELECT amount FROM oracle.used WHERE reason IS NULL AND order_no IS NULL) AS z WHERE amount = 0
		UNION ALL SELECT 'bad', count(*) FROM oracle.used WHERE reason = 'bad'$q$, limits));
	RETURN QUERY SELECT * FROM oracle.differ('sums', $q$SELECT item, rows::numeric FROM b.data_quality WHERE item IN ('rows_seen', 'orders_seen', 'orders_used')$q$,
		$q$SELECT 'rows_seen', sum(rows) FROM b.data_quality WHERE item IN ('rows_used', 'rows_skipped') OR item LIKE 'quarantined\_%'
		UNION ALL SELECT 'orders_seen', sum(rows) FROM b.data_quality
			WHERE item IN ('orders_used', 'orders_quarantined', 'orders_without_customer', 'orders_without_tenant', 'orders_without_day')
		UNION ALL SELECT 'orders_used', sum(rows) FROM b.data_quality WHERE item IN ('purchases', 'refunds')$q$);
END $$;

-- One random shop: what differs, NULL when nothing does.
CREATE FUNCTION oracle.check_shop(seed int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	o jsonb;
	limits date;
	at date;
	view text;
	wrong text[] := '{}';
BEGIN
	PERFORM setseed(seed / 1e6);
	o := oracle.make_shop();
	PERFORM set_config('oracle.options', o::text, true);
	limits := oracle.make_base('b', o, o ->> 'as_of');
	PERFORM oracle.read_shop(o);
	IF limits IS DISTINCT FROM (CASE o ->> 'as_of' WHEN 'today' THEN (now() AT TIME ZONE (o ->> 'time_zone'))::date
			WHEN 'last_purchase' THEN (SELECT max(day) FROM oracle.orders) ELSE (o ->> 'as_of')::date END) THEN
		wrong := wrong || format('as_of %s', limits);
	END IF;
	wrong := wrong || array(SELECT oracle.check_counts(limits)) || array(SELECT v::text FROM verify_customer_base('b') AS v);
	IF limits IS NOT NULL THEN
		wrong := wrong || array(SELECT oracle.check_views(limits, limits, ''));
		FOREACH at IN ARRAY ARRAY[limits + 15, limits - floor(random() * 30)::int, limits - floor(random() * 200)::int] LOOP
			wrong := wrong || array(SELECT oracle.check_views(at, limits, format('_at(%L)', at)));
		END LOOP;
		wrong := wrong || array(SELECT oracle.differ('segment_moves', oracle.ask(format('segment_moves(%L, %L)', at, limits), 'from_segment', 'to_segment', 'customers', 'total'),
			format($q$SELECT coalesce(a.tenant, b.tenant), a.segment, b.segment, count(*), round(sum(coalesce(b.total, 0)), 2)
				FROM (SELECT c.*, g.segment FROM oracle.customers(%L, %L, %L) AS c JOIN segment_map(%L) AS g ON g.code = left(rfm, length(g.code))) AS a
				FULL JOIN (SELECT c.*, g.segment FROM oracle.customers(%1$L, %3$L, %3$L) AS c JOIN segment_map(%4$L) AS g ON g.code = left(rfm, length(g.code))) AS b
					ON a.tenant = b.tenant AND a.customer = b.customer GROUP BY 1, 2, 3$q$, o, at, limits, o ->> 'segment_map')));
		wrong := wrong || array(SELECT oracle.differ('moved', format('SELECT from_segment, to_segment, sum(customers) FROM b.segment_moves(%L, %L) GROUP BY 1, 2', at, limits),
			format('SELECT s.from_segment, s.to_segment, (SELECT count(*) FROM b.moved(%L, %L, s.from_segment, s.to_segment))::numeric
				FROM (SELECT DISTINCT from_segment, to_segment FROM b.segment_moves(%1$L, %2$L)) AS s', at, limits)));
		-- a past day is what a base knew that was made of the rows until then
		IF NOT o ? 'order_id' AND o ->> 'time' IN ('day', 'local') THEN
			DELETE FROM oracle.lines WHERE CASE o ->> 'time' WHEN 'day' THEN day ELSE utc::date END > at;
			PERFORM oracle.make_base('past', o, at::text);
			FOREACH view IN ARRAY ARRAY['customers', 'rfm', 'rfm_segments', 'abc', 'kpis'] LOOP
				wrong := wrong || array(SELECT oracle.differ('past ' || view, format('SELECT * FROM b.%s_at(%L)', view, at), format('SELECT * FROM past.%s', view)));
			END LOOP;
			PERFORM drop_customer_base('past');
		END IF;
	END IF;
	-- the source changes, and the base follows
	UPDATE oracle.lines SET price = 1, day = day - 1 WHERE random() < 0.1;
	DELETE FROM oracle.lines WHERE random() < 0.1;
	PERFORM refresh_customer_base('b');
	PERFORM oracle.read_shop(o);
	EXECUTE 'SELECT b.as_of()' INTO limits;
	wrong := wrong || array(SELECT oracle.check_counts(limits)) || array(SELECT v::text FROM verify_customer_base('b') AS v);
	IF limits IS NOT NULL THEN
		wrong := wrong || array(SELECT oracle.check_views(limits, limits, ''));
	END IF;
	PERFORM drop_customer_base('b');
	RETURN CASE WHEN cardinality(wrong) > 0 THEN o::text || E'\n' || array_to_string(wrong, E'\n') END;
END $$;

SELECT is(oracle.check_shop(n), NULL, 'random shop ' || n) FROM generate_series(:first, :last) AS n;
SELECT * FROM finish();
ROLLBACK;
