-- summarise: one history for each customer of a query.
CREATE TABLE orders (customer_id bigint, ordered_at timestamp, total numeric, order_no int);
INSERT INTO orders VALUES (1, '2024-01-05 10:00', 10, 1), (1, '2024-01-05 10:00', 5, 1), (2, '2024-02-01', 7, 2), (2, '2024-02-03', -1, 2), (2, '2024-03-01', 8, NULL), (2, '2024-03-01', 9, NULL),
	(3, NULL, 4, 5), (4, '2024-04-01', NULL, 6), (4, '2024-04-02', NULL, 7), (4, '2024-04-02', 3, 7), (4, NULL, 100, 7), (NULL, '2024-05-01', 9, 4);

SELECT * FROM summarise('SELECT customer_id, ordered_at, total FROM orders', NULL::bigint) ORDER BY customer;
-- With order ids: the lines of an order are one order, of its earliest day; a line without an id is an order of its own, and a
-- line without a day is left out.
SELECT * FROM summarise('SELECT customer_id, ordered_at, total, order_no FROM orders -- all of them', NULL::bigint) ORDER BY customer;
-- Order ids of any type, keys of any type.
SELECT * FROM summarise('SELECT ''C'' || customer_id, ordered_at::date, total::int, order_no::text || ''A'' FROM orders WHERE customer_id = 1', NULL::text);
SELECT * FROM summarise('SELECT ROW(customer_id, 1)::text::varchar(10), ordered_at, total::real FROM orders WHERE customer_id = 1', NULL::text);
SELECT * FROM summarise('SELECT customer_id::smallint, ordered_at, total::smallint FROM orders WHERE customer_id = 2', NULL::bigint);
SELECT * FROM summarise('SELECT customer_id, ordered_at, total FROM orders WHERE false', NULL::bigint);
-- Sums of doubles do not depend on the order of the lines.
SELECT * FROM summarise('SELECT 1, date ''2024-01-01'', v, 1 FROM unnest(''{0.1, 1e15, 0.2, -1e15}''::float8[]) AS v', NULL::int);
-- Any SELECT: WITH, UNION, VALUES, a join, names along the search path.
CREATE SCHEMA shop;
CREATE VIEW shop.sales AS SELECT customer_id AS who, ordered_at AS at, total AS paid FROM orders WHERE customer_id < 3;
SET search_path = shop, public;
SELECT * FROM summarise('WITH s AS (SELECT * FROM sales UNION ALL VALUES (9::bigint, timestamp ''2024-06-01'', 1::numeric)) SELECT who, at, paid FROM s ORDER BY paid LIMIT 100', NULL::bigint) ORDER BY customer;
RESET search_path;

-- What runs.
SELECT summary_query('SELECT customer_id, ordered_at, total FROM orders', NULL::bigint);
SELECT summary_query('SELECT customer_id, ordered_at, total::real, order_no FROM orders', NULL::bigint);

-- What cannot be.
SELECT * FROM summarise('SELECT customer_id, ordered_at, total FROM orders', NULL::int);
SELECT * FROM summarise('SELECT customer_id, ordered_at FROM orders', NULL::bigint);
SELECT * FROM summarise('SELECT customer_id FROM orders', NULL::bigint);
SELECT * FROM summarise('SELECT customer_id, ordered_at, total, order_no, 1 FROM orders', NULL::bigint);
SELECT * FROM summarise('SELECT customer_id, ordered_at::text, total FROM orders', NULL::bigint);
SELECT * FROM summarise('SELECT customer_id, ordered_at, total > 5 FROM orders', NULL::bigint);
SELECT * FROM summarise('SELECT customer_id, ordered_at, total::text FROM orders', NULL::bigint);
SELECT * FROM summarise('SELECT customer_id, ordered_at, total, point(1, 2) FROM orders', NULL::bigint);
SELECT * FROM summarise('SELECT json ''1'', ordered_at, total FROM orders', NULL::json);
SELECT * FROM summarise('DELETE FROM orders', NULL::bigint);
SELECT * FROM summarise('DELETE FROM orders RETURNING customer_id, ordered_at, total', NULL::bigint);
SELECT * FROM summarise('SELECT 1; SELECT 2', NULL::bigint);
SELECT * FROM summarise('SELECT customer_id, ordered_at, total INTO copied FROM orders', NULL::bigint);
SELECT * FROM summarise('SELECT customer_id, ordered_at, total FROM orders) AS x; DROP TABLE orders; --', NULL::bigint);
SELECT * FROM summarise('WITH x AS (DELETE FROM orders RETURNING *) SELECT customer_id, ordered_at, total FROM x', NULL::bigint);
SELECT * FROM summarise('SELECT customer_id, ordered_at, total FROM orders FOR UPDATE', NULL::bigint);
SELECT * FROM summarise('', NULL::bigint);
SELECT * FROM summarise(NULL, NULL::bigint);
SELECT * FROM summarise('SELECT customer_id, ordered_at, total FROM orders', NULL);
SELECT * FROM summarise('SELECT nope, ordered_at, total FROM orders', NULL::bigint);
SELECT * FROM summarise('SELECT customer_id, ordered_at, $1 FROM orders', NULL::bigint);
SELECT * FROM summarise('SELECT customer_id, ordered_at, total / 3 FROM orders WHERE customer_id = 1', NULL::bigint);
SELECT count(*) FROM orders;

-- The plan that GROUP BY has by itself.
ANALYZE orders;
SET enable_hashagg = off;
SET enable_sort = off;
EXPLAIN (COSTS off) SELECT customer_id, purchase_history(ordered_at, total) FROM orders GROUP BY customer_id;
EXPLAIN (COSTS off, VERBOSE) SELECT customer_id % 2 AS half, total(purchase_history(ordered_at, total)) FROM orders GROUP BY 1 HAVING orders(purchase_history(ordered_at, total)) > 1;
-- A cursor that outlives its transaction.
BEGIN;
DECLARE held CURSOR WITH HOLD FOR SELECT customer_id, purchase_history(ordered_at, total) FROM orders WHERE customer_id = 2 GROUP BY customer_id;
COMMIT;
FETCH ALL FROM held;
CLOSE held;
RESET enable_hashagg;
RESET enable_sort;
SET pg_customer.enable_fast_group = off;
EXPLAIN (COSTS off) SELECT customer_id, purchase_history(ordered_at, total) FROM orders GROUP BY customer_id;
RESET pg_customer.enable_fast_group;

DROP SCHEMA shop CASCADE;
DROP TABLE orders;
