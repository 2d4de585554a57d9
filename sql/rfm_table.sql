-- rfm_table: every customer of a query's orders with its measures and score
CREATE TABLE till (customer text, at timestamptz, amount numeric(10,2), receipt integer);
INSERT INTO till VALUES
	('李雷', '2024-01-05 10:00+08', 120, 1), ('李雷', '2024-01-05 10:00+08', 30, 1), ('李雷', '2024-03-01 09:00+08', 80, 2),
	('Ana', '2024-03-10 12:00+08', 15.5, 3), ('Ana', '2024-03-12 12:00+08', -5.5, 4),
	('Bob', '2023-06-01 12:00+08', 900, 5), ('Bob', '2024-04-01 00:30+08', 40, 6),
	('Eva', '2024-03-02 12:00+08', -20, 7), ('Tom', NULL, 10, 8), (NULL, '2024-02-01 12:00+08', 7, 9);
SET timezone = 'Asia/Shanghai';
SELECT * FROM rfm_table('SELECT customer, at, amount FROM till', NULL::text, '2024-04-01') ORDER BY customer COLLATE "C";
-- A day earlier Bob's last order is not known yet, and by UTC it is of that day
SELECT * FROM rfm_table('SELECT customer, at, amount FROM till', NULL::text, '2024-03-31', 2) WHERE customer = 'Bob';
SET timezone = 'UTC';
SELECT * FROM rfm_table('SELECT customer, at, amount FROM till', NULL::text, '2024-03-31', 2) WHERE customer = 'Bob';
-- Lines of a receipt are one order
SELECT customer, orders, total FROM rfm_table('SELECT customer, at, amount, receipt FROM till', NULL::text, '2024-04-01') WHERE customer = '李雷';
-- The same as the window function over histories
SELECT count(*) AS customers, count(*) FILTER (WHERE w.rfm = t.rfm AND w.total = t.total) AS same
FROM rfm_table('SELECT customer, at, amount FROM till', NULL::text, '2024-04-01', 3) AS t
	JOIN (SELECT customer, rfm_score(history, '2024-04-01', 3) OVER () AS rfm, total(history) FROM summarise('SELECT customer, at, amount FROM till', NULL::text)) AS w
	ON w.customer IS NOT DISTINCT FROM t.customer;
SELECT * FROM rfm_table('SELECT customer, at::date, amount FROM till', NULL::text, '2020-01-01');
SELECT customer, rfm FROM rfm_table('SELECT customer, at::timestamp, amount::int FROM till', NULL::text, '2024-04-01', 2, 'mean') ORDER BY customer COLLATE "C";
-- What cannot be
SELECT * FROM rfm_table('SELECT customer, at, amount FROM till', NULL::text, NULL);
SELECT * FROM rfm_table('SELECT customer, at, amount FROM till', NULL::text, 'infinity');
SELECT * FROM rfm_table('SELECT customer, at, amount FROM till', NULL::text, '2024-04-01', 10);
SELECT * FROM rfm_table('SELECT customer, at, amount FROM till', NULL::text, '2024-04-01', NULL);
SELECT * FROM rfm_table('SELECT customer, at, amount FROM till', NULL::text, '2024-04-01', 5, 'median');
SELECT * FROM rfm_table('SELECT customer, at FROM till', NULL::text, '2024-04-01');
SELECT * FROM rfm_table(NULL, NULL::text, '2024-04-01');
SELECT rfm_table('SELECT customer, at, ''NaN''::numeric FROM till', NULL::text, '2024-04-01');
DROP TABLE till;
