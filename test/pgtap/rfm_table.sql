-- rfm_table equals rfm_score(history, as_of) OVER () of summarise, whatever the days, the zone, the bins and the method.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT plan(17);

SELECT setseed(0.37);
CREATE TABLE orders AS SELECT i AS line, (power(random(), 2) * 800)::bigint AS customer, timestamptz '2006-10-20' + random() * interval '40 days' AS at,
	CASE WHEN i % 41 = 0 THEN NULL WHEN i % 13 = 0 THEN -(random() * 90)::numeric(10,2) ELSE (random() * 900)::numeric(12,4) END AS amount, (random() * 3000)::integer AS receipt
	FROM generate_series(1, 6000) AS i;
INSERT INTO orders SELECT i, NULL, '2006-11-01', 5, i FROM generate_series(6001, 6003) AS i;
INSERT INTO orders SELECT i, 7, NULL, 5, i FROM generate_series(6004, 6006) AS i;

CREATE FUNCTION differences(query text, as_of date, bins integer DEFAULT 5, method text DEFAULT 'quantile') RETURNS bigint LANGUAGE sql AS $$
	WITH a AS (SELECT * FROM rfm_table(query, NULL::bigint, as_of, bins, method)),
	b AS (SELECT customer, days_since_last(history, as_of), orders(as_of(history, as_of)), total(as_of(history, as_of)), score
		FROM (SELECT customer, history, rfm_score(history, as_of, bins, method) OVER () AS score FROM summarise(query, NULL::bigint)) AS s WHERE score IS NOT NULL)
	SELECT count(*) FROM (((TABLE a) EXCEPT ALL (TABLE b)) UNION ALL ((TABLE b) EXCEPT ALL (TABLE a))) AS d $$;

SELECT is(differences('SELECT customer, at, amount FROM orders', day), 0::bigint, 'as of ' || day) FROM unnest('{2006-10-19,2006-10-25,2006-11-10,2030-01-01,5874897-12-31}'::date[]) AS day;
SELECT is(differences('SELECT customer, at, amount FROM orders', '2006-11-10', bins), 0::bigint, bins || ' bins') FROM unnest('{2,4,9}'::int[]) AS bins;
SELECT is(differences('SELECT customer, at, amount FROM orders', '2006-11-10', 2, method), 0::bigint, method) FROM unnest('{mean,mean_score}'::text[]) AS method;
SELECT is(differences('SELECT customer, at::date, amount FROM orders', '2006-11-10'), 0::bigint, 'days');
SELECT is(differences('SELECT customer, at::timestamp, amount::float8 FROM orders', '2006-11-10'), 0::bigint, 'times without a zone, doubles');
SELECT is(differences('SELECT customer, at, amount, receipt FROM orders', '2006-11-10'), 0::bigint, 'lines of orders');
-- St. John's set its clocks back at one minute past midnight: 2006-10-29 began twice
SET timezone = 'America/St_Johns';
SELECT is(differences('SELECT 1 + g % 7, timestamptz ''2006-10-27'' + g * interval ''1 minute'', g FROM generate_series(1::bigint, 6000) AS g', day), 0::bigint, 'a midnight that comes twice, ' || day)
	FROM unnest('{2006-10-28,2006-10-29}'::date[]) AS day;
RESET timezone;
SET LOCAL pg_customer.enable_fast_group = off;
SELECT is(differences('SELECT customer, at, amount FROM orders', '2006-11-10'), 0::bigint, 'without the fast path');
RESET pg_customer.enable_fast_group;
SELECT set_eq($$SELECT rfm::int % 10 FROM rfm_table('SELECT customer, at, amount FROM orders', NULL::bigint, '2030-01-01', 4, 'ntile')$$, 'VALUES (1), (2), (3), (4)', 'ntile');

SELECT * FROM finish();
ROLLBACK;
