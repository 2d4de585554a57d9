-- MERGE into a partitioned source of a live base: exact, or, where PostgreSQL names other rows than it has written (15.18, 18.6), known to be behind.
-- Procedures commit, so this script does not run in a transaction but leaves what it makes to the database, which is thrown away.
CREATE EXTENSION IF NOT EXISTS pgtap;
SET client_min_messages = error;
SELECT plan(10);
CREATE TABLE sales (id int, customer int, at date, amount numeric) PARTITION BY RANGE (at);
CREATE TABLE sales_2023 PARTITION OF sales FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
CREATE TABLE sales_2024 (amount numeric, at date, customer int, id int);
ALTER TABLE sales ATTACH PARTITION sales_2024 FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
INSERT INTO sales SELECT i, i % 5, '2023-06-01'::date + i, i FROM generate_series(1, 300) AS i;
SELECT ok((SELECT count(*) FROM create_customer_base('merged', 'sales', 'customer', 'at', 'amount', as_of => 'last_purchase')) > 0, 'a base over a partitioned table');
CALL start_maintenance('merged');
SELECT ok((SELECT count(*) FROM create_customer_base('again', 'sales', 'customer', 'at', 'amount', as_of => 'last_purchase')) > 0, 'and another');
CALL start_maintenance('again');

-- Every way in which rows are inserted and updated in one transaction, but by one MERGE
BEGIN;
INSERT INTO sales VALUES (301, 1, '2024-04-04', 7), (302, 2, '2024-04-04', 8);
UPDATE sales SET amount = amount WHERE id = 301;
UPDATE sales SET amount = amount + 1 WHERE id IN (1, 302);
INSERT INTO sales VALUES (303, 3, '2023-04-04', 9);
UPDATE sales SET at = '2024-05-05' WHERE id = 303;
COMMIT;
MERGE INTO sales AS t USING (VALUES (304, 4), (305, 0)) AS s (id, customer) ON t.id = s.id WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.customer, '2024-02-02', 11);
MERGE INTO sales AS t USING (VALUES (304, 4), (305, 0)) AS s (id, customer) ON t.id = s.id WHEN MATCHED THEN UPDATE SET amount = 12;
SELECT is((SELECT stale FROM merged.base_status), false, 'it follows');
SELECT is_empty($$SELECT * FROM verify_customer_base('merged')$$, 'and is right');

-- One that inserts first and updates then, by the plan that does it in this order
SET enable_hashjoin = off;
SET enable_mergejoin = off;
MERGE INTO sales AS t USING (VALUES (306, 1), (1, 1), (300, 2)) AS s (id, customer) ON t.id = s.id
	WHEN MATCHED THEN UPDATE SET amount = 1000 WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.customer, '2024-03-03', 50);
RESET enable_hashjoin;
RESET enable_mergejoin;
SELECT ok((SELECT stale FROM merged.base_status) OR NOT EXISTS (SELECT FROM verify_customer_base('merged')), 'it is right, or known to be behind');
SELECT is((SELECT array_agg(DISTINCT reason) FROM merged.troubles), (SELECT CASE WHEN stale THEN '{merged}' END::text[] FROM merged.base_status), 'and says why');
SELECT is((SELECT stale FROM again.base_status), (SELECT stale FROM merged.base_status), 'so is the other base');
SELECT ok((SELECT count(*) FROM refresh_customer_base('merged')) > 0, 'a refresh');
SELECT is((SELECT stale FROM merged.base_status), false, 'puts it right');
SELECT is_empty($$SELECT * FROM verify_customer_base('merged')$$, 'for good');
SELECT * FROM finish();
