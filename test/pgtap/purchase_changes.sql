-- Properties of purchase_changes on random data, bad rows among them.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT plan(20);
SELECT setseed(0.20240301) IS NULL AS seeded \gset

-- A shop before and after a day's work: rows that stayed, went, came or were corrected; as signed rows, the change.
CREATE TABLE sales AS
	SELECT i AS id, customer, day, amount, random() < 0.8 AS before, random() < 0.8 AS after,
		CASE WHEN random() < 0.1 THEN amount + 1 ELSE amount END AS amount_after
	FROM (SELECT i, (random() * 300)::int AS customer, date '2023-01-01' + (random() * 200)::int AS day,
			CASE WHEN random() < 0.05 THEN NULL ELSE round((random() * 110 - 10)::numeric, (random() * 6)::int) END AS amount
		  FROM generate_series(1, 20000) AS i) AS t;
CREATE TABLE deltas AS
	SELECT id, customer, day, sign * (coalesce(amount, 0) >= 0)::int::int8 AS orders, sign * greatest(coalesce(amount, 0), 0) AS gross,
		sign * (coalesce(amount, 0) < 0)::int::int8 AS refunds, sign * -least(coalesce(amount, 0), 0) AS refunded
	FROM (SELECT id, customer, day, -1 AS sign, amount FROM sales WHERE before
		  UNION ALL SELECT id, customer, day, 1, amount_after FROM sales WHERE after) AS t;
ANALYZE deltas;
CREATE TABLE shop AS
	SELECT customer, purchase_history(day, amount) FILTER (WHERE before) AS before, purchase_history(day, amount_after) FILTER (WHERE after) AS after
	FROM sales GROUP BY customer;
CREATE TABLE changes AS SELECT customer, purchase_changes(day, orders, gross, refunds, refunded) AS c FROM deltas GROUP BY customer;
ANALYZE changes;

SELECT is((SELECT count(*) FROM shop JOIN changes USING (customer) WHERE net(before, c) IS DISTINCT FROM coalesce(after, '{}')), 0::bigint,
	'the history before and the changes net to the history after');
SELECT is((SELECT count(*) FROM shop JOIN changes USING (customer) WHERE misfits(before, c) IS NOT NULL), 0::bigint, 'and nothing is left over');
SELECT is((SELECT count(*) FROM changes WHERE c::text::purchase_changes::text <> c::text), 0::bigint, 'text form: there and back');
SELECT is((SELECT count(*) FROM changes FULL JOIN (
		SELECT customer, '{' || coalesce(string_agg(day || CASE WHEN o <> 0 THEN to_char(o, '" orders "SGFM9999') ELSE '' END
			|| CASE WHEN g <> 0 THEN ' gross ' || CASE WHEN g > 0 THEN '+' ELSE '' END || trim_scale(g) ELSE '' END
			|| CASE WHEN r <> 0 THEN to_char(r, '" refunds "SGFM9999') ELSE '' END
			|| CASE WHEN b <> 0 THEN ' refunded ' || CASE WHEN b > 0 THEN '+' ELSE '' END || trim_scale(b) ELSE '' END, ', ' ORDER BY day)
			FILTER (WHERE o <> 0 OR g <> 0 OR r <> 0 OR b <> 0), '') || '}' AS expected
		FROM (SELECT customer, day, sum(orders) AS o, sum(gross) AS g, sum(refunds) AS r, sum(refunded) AS b FROM deltas GROUP BY customer, day) AS d
		GROUP BY customer) AS e USING (customer)
	WHERE c::text IS DISTINCT FROM expected), 0::bigint, 'every change, day by day, is what GROUP BY customer, day gives');

-- A group: any order, any parts, parallel or not.
SELECT is((SELECT count(*) FROM changes JOIN (
		SELECT customer, purchase_changes(day, orders, gross, refunds, refunded ORDER BY md5(id::text || orders)) AS c FROM deltas GROUP BY customer) AS o USING (customer)
	WHERE changes.c::text <> o.c::text), 0::bigint, 'rows in random order');
SELECT is((SELECT count(*) FROM changes JOIN (
		SELECT customer, rollup(c) AS c FROM (SELECT customer, purchase_changes(day, orders, gross, refunds, refunded) AS c FROM deltas GROUP BY customer, id % 7) AS p GROUP BY customer) AS o USING (customer)
	WHERE changes.c::text <> o.c::text), 0::bigint, 'a rollup of seven parts');
SELECT is((SELECT count(*) FROM changes a JOIN changes b ON b.customer = (a.customer * 7 + 1) % 300
	WHERE purchase_changes_combine(a.c, b.c)::text <> purchase_changes_combine(b.c, a.c)::text), 0::bigint, 'a + b = b + a');
SELECT is((SELECT count(*) FROM shop JOIN changes USING (customer)
		JOIN (SELECT customer, purchase_changes(day, -orders, -gross, -refunds, -refunded) AS back FROM deltas GROUP BY customer) AS r USING (customer)
	WHERE purchase_changes_combine(c, back)::text <> '{}' OR net(net(before, c), back) <> coalesce(before, '{}')), 0::bigint, 'the reverse takes everything back');
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
\set by_customer 'SELECT customer, purchase_changes(day, orders, gross, refunds, refunded) AS c FROM deltas GROUP BY customer'
SELECT cmp_ok(plan_lines(:'by_customer', 'Partial (Hash|Group)?Aggregate'), '>', 0::bigint, 'parallel plan: partial aggregates');
SELECT cmp_ok(plan_lines(:'by_customer', 'Workers Launched: [1-9]'), '>', 0::bigint, 'workers were launched');
SELECT is((SELECT count(*) FROM changes JOIN (:by_customer) AS o USING (customer) WHERE changes.c::text <> o.c::text), 0::bigint, 'parallel = serial');
SELECT cmp_ok(plan_lines('SELECT rollup(c) FROM changes', 'Partial Aggregate'), '>', 0::bigint, 'parallel plan of rollup');
SELECT is((SELECT rollup(c)::text FROM changes), (SELECT rollup(c ORDER BY customer)::text FROM changes), 'parallel = serial, rollup');
RESET max_parallel_workers_per_gather;

-- Changes that fit nothing: another customer's history, and rows that no shop would write. Nothing is ever an error, and
-- nothing is lost but what is counted: history + changes = net + misfits, day by day.
CREATE TABLE wild AS
	SELECT i, i % 100 AS customer, CASE WHEN random() < 0.1 THEN NULL WHEN random() < 0.05 THEN 'infinity' WHEN random() < 0.05 THEN '-infinity'
			WHEN random() < 0.05 THEN '4714-11-24 BC' WHEN random() < 0.05 THEN '5874897-12-31' ELSE date '2023-01-01' + (random() * 30)::int END AS day,
		values[1 + (random() * 5)::int]::numeric::int8 AS orders, amounts[1 + (random() * 10)::int]::numeric AS gross,
		values[1 + (random() * 5)::int]::numeric::int8 AS refunds, amounts[1 + (random() * 10)::int]::numeric AS refunded
	FROM generate_series(1, 20000) AS i,
		(SELECT ARRAY['1', '-1', '3', NULL, '-1000000000000', '9223372036854775807'] AS values,
			ARRAY['1', '-1', '0.000001', '-99.99', '0', NULL, 'NaN', 'Infinity', '0.0000001', '-999999999999999999999.999999', '1e30'] AS amounts) AS v;
CREATE TABLE wild_changes AS SELECT customer, purchase_changes(day, orders, gross, refunds, refunded) AS c FROM wild GROUP BY customer;
SELECT is((SELECT sum(unfit(c)) FROM wild_changes), (SELECT count(*)::numeric FROM wild
	WHERE day IS NULL OR NOT isfinite(day) OR abs(orders::numeric) > 1e12 OR abs(refunds::numeric) > 1e12
		OR gross IN ('NaN', 'Infinity', 0.0000001, 1e30) OR refunded IN ('NaN', 'Infinity', 0.0000001, 1e30)), 'rows that cannot be taken are counted, each once');
SELECT is((SELECT count(*) FROM wild_changes JOIN (
		SELECT customer, purchase_changes(day, orders, gross, refunds, refunded ORDER BY md5(i::text)) AS c FROM wild GROUP BY customer) AS o USING (customer)
	WHERE wild_changes.c::text <> o.c::text), 0::bigint, 'in any order');
CREATE TABLE netted AS
	SELECT customer, before AS h, c, net(before, c) AS n, misfits(before, c) AS m FROM shop JOIN (SELECT * FROM wild_changes UNION ALL SELECT customer + 100, c FROM changes) AS c USING (customer);
SELECT is((SELECT count(*) FROM netted WHERE m IS NOT NULL) > 100, true, 'most of them leave something over');
SELECT is((SELECT count(*) FROM (
		SELECT customer, (s).day, sum((s).orders * side) AS o, sum((s).gross * side) AS g, sum((s).refunds * side) AS r, sum((s).refunded * side) AS b
		FROM (SELECT customer, c, days(h) AS s, 1 AS side FROM netted UNION ALL SELECT customer, c, days(c), 1 FROM netted
			  UNION ALL SELECT customer, c, days(n), -1 FROM netted UNION ALL SELECT customer, c, days(m), -1 FROM netted) AS sides
		GROUP BY customer, c::text, (s).day) AS sums
	WHERE o <> 0 OR g <> 0 OR r <> 0 OR b <> 0), 0::bigint, 'history + changes = net + misfits');
SELECT is((SELECT count(*) FROM netted WHERE unfit(c) <> coalesce(unfit(m), 0)), 0::bigint, 'rows that could not be taken stay counted');

-- Many changes of one customer.
SELECT clock_timestamp() AS begun \gset
SELECT is((SELECT purchase_changes(date '2023-01-01' + i % 90, 1, 0.25, 0, 0)::text ~ '^\{2023-01-01 orders \+1111 gross \+277.75,' FROM generate_series(1, 100000) AS i), true, '100,000 changes of one customer');
SELECT diag('100,000 changes of one customer on 90 days: ' || round(1000 * extract(epoch FROM clock_timestamp() - :'begun')) || ' ms');
SELECT clock_timestamp() AS begun \gset
SELECT is((SELECT count(*) FROM (SELECT purchase_changes(date '2023-01-01' + i, 1, 0.25, 0, 0) AS c FROM generate_series(1, 3000) AS i) AS t, days(c)), 3000::bigint, 'changes of 3,000 days');
SELECT diag('changes of 3,000 days: ' || round(1000 * extract(epoch FROM clock_timestamp() - :'begun')) || ' ms');
SELECT * FROM finish();
ROLLBACK;
