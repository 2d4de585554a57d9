-- All customers, period by period: the sums of period_activity in one pass.
CREATE TABLE histories AS
	SELECT c, purchase_history(d, a) AS h
	FROM (SELECT i % 1000 AS c, date '2023-01-01' + (i::bigint * 7919 % 900)::int AS d, (i * 31 % 10000) / 100.0 - 5 AS a
		  FROM generate_series(1, 12000) AS i) AS o GROUP BY 1;
CREATE VIEW units AS SELECT unnest('{day,week,month,quarter,year}'::text[]) AS unit;
CREATE VIEW by_rows AS
	SELECT u.unit, c.count_by, p.period, count(*) FILTER (WHERE p.purchases > 0) AS active, count(*) FILTER (WHERE p.is_new) AS new,
		count(*) FILTER (WHERE p.is_returning) AS back, count(*) FILTER (WHERE p.is_reactivated) AS reactivated, count(*) FILTER (WHERE p.is_lost) AS lost,
		count(*) FILTER (WHERE p.purchases >= 2) AS repeated, sum(q.purchases)::bigint AS purchase_days, sum(p.orders)::bigint AS orders, sum(p.refunds)::bigint AS refunds,
		sum(p.gross) AS gross, sum(p.refunded) AS refunded
	FROM units AS u, (VALUES ('days'), ('orders')) AS c (count_by), histories, period_activity(h, u.unit, '2025-02-03', c.count_by) AS p
		JOIN LATERAL period_activity(h, u.unit, '2025-02-03', 'days') AS q ON q.period = p.period GROUP BY 1, 2, 3;
CREATE VIEW at_once AS
	SELECT u.unit, c.count_by, t.* FROM units AS u, (VALUES ('days'), ('orders')) AS c (count_by),
		LATERAL (SELECT period_totals(h, u.unit, '2025-02-03', c.count_by) AS totals FROM histories) AS a, unnest(a.totals) AS t;
SELECT count(*) FROM at_once;
SELECT count(*) AS only_by_rows FROM (TABLE by_rows EXCEPT TABLE at_once) AS d;
SELECT count(*) AS only_at_once FROM (TABLE at_once EXCEPT TABLE by_rows) AS d;
SELECT * FROM at_once WHERE unit = 'year' ORDER BY count_by, period;

-- Parallel, in any order, with NULLs.
CREATE TABLE serial AS SELECT period_totals(h, 'week', '2025-02-03', 'days') AS totals FROM histories;
ALTER TABLE histories SET (parallel_workers = 2);
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
EXPLAIN (COSTS OFF) SELECT period_totals(h, 'week', '2025-02-03', 'days') FROM histories;
SELECT period_totals(h, 'week', '2025-02-03', 'days') = (SELECT totals FROM serial) AS same FROM histories;
RESET ALL;
SELECT period_totals(h, 'week', '2025-02-03', 'days' ORDER BY c DESC) = (SELECT totals FROM serial) AS same
FROM (SELECT * FROM histories UNION ALL SELECT -1, NULL) AS h;
SELECT period_totals(h, 'week', '2025-02-03', 'days') FROM histories WHERE false;
SELECT period_totals(NULL, 'week', '2025-02-03', 'days');
SELECT period_totals('{2024-05-01 1:5}', 'month', '2024-04-30', 'days');
SELECT period_totals('{5874897-12-31 2:3}', 'year', '5874897-12-31', 'orders');

-- What is refused.
SELECT period_totals(h, 'fortnight', '2025-02-03', 'days') FROM histories;
SELECT period_totals(h, 'week', '2025-02-03', 'visits') FROM histories;
SELECT period_totals(h, 'week', 'infinity', 'days') FROM histories;
SELECT period_totals(h, NULL, '2025-02-03', 'days') FROM histories;
SELECT period_totals(h, 'week', date '2025-02-03' - c, 'days') FROM histories;
DROP VIEW by_rows, at_once, units;
DROP TABLE histories, serial;
