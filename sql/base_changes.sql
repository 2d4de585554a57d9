-- The trigger of live customer bases: what it writes, and what it tells the session that writes orders.
SET timezone = 'UTC';
SET client_min_messages = warning;
CREATE TABLE orders (id int PRIMARY KEY, customer int, at timestamptz, total numeric, weight int);
SELECT count(*) > 0 AS made FROM create_customer_base('shop', 'orders', 'customer', 'at', 'total', filter => 'total / weight > 0 OR total < 0');
SELECT base_make_triggers(base_options('shop.settings')) AS triggers;
CREATE VIEW changes AS SELECT customer, day, orders, gross, refunds, refunded, item FROM shop.deltas;

-- One signed row for each customer and day, and one for each reason; what has not changed is NULL
INSERT INTO orders VALUES (1, 7, '2024-05-05', 10, 1), (2, 7, '2024-05-05 12:00', 2.50, 1), (3, 7, '2024-05-05', -1, 1), (4, 8, '2024-05-06', NULL, 1),
	(5, 9, '2024-05-06', 'NaN', 1), (6, NULL, '2024-05-06', 1, 1), (7, 9, 'infinity', 1, 1), (8, 9, '2024-05-06', 1.0000001, 1), (9, 9, NULL, 1e30, 1), (10, 9, '2024-05-06', 1, 0);
TABLE changes;
SELECT customer, purchased_at, amount, reason FROM shop.quarantine;
DELETE FROM shop.deltas;
UPDATE orders SET total = total + 1, at = at + interval '1 day' WHERE customer = 7;
TABLE changes;
DELETE FROM shop.deltas;
UPDATE orders SET id = id + 100;
UPDATE orders SET weight = 2;
TABLE changes;
DELETE FROM orders WHERE customer = 7;
TABLE changes;
TRUNCATE orders;
SELECT (SELECT count(*) FROM changes) AS deltas, (SELECT count(*) FROM shop.summary) AS customers, (SELECT count(*) FROM shop.troubles) AS troubles;

-- A transaction that is prepared (where the server allows that) or rolled back
SELECT current_setting('max_prepared_transactions')::int > 0 AS can_prepare \gset
BEGIN;
INSERT INTO orders VALUES (1, 7, '2024-05-05', 10, 1);
SAVEPOINT before;
INSERT INTO orders VALUES (2, 7, '2024-05-05', 20, 1);
ROLLBACK TO before;
\if :can_prepare
PREPARE TRANSACTION 'order';
COMMIT PREPARED 'order';
\else
COMMIT;
\endif
TABLE changes;

-- A base that cannot follow says so once in a session, without a word of what is in the rows
ALTER TABLE orders RENAME COLUMN customer TO client;
INSERT INTO orders VALUES (2, 7, '2024-05-05', 30, 1);
INSERT INTO orders VALUES (3, 7, '2024-05-05', 30, 1);
SELECT reason, detail FROM shop.troubles;
ALTER TABLE orders RENAME COLUMN client TO customer;
SET pg_customer.maintain = off;
INSERT INTO orders VALUES (4, 7, '2024-05-05', 30, 1);
RESET pg_customer.maintain;
ALTER TABLE shop.deltas RENAME TO elsewhere;
INSERT INTO orders VALUES (5, 7, '2024-05-05', 30, 1);
ALTER TABLE shop.elsewhere RENAME TO deltas;
ALTER SCHEMA shop RENAME TO store;
INSERT INTO orders VALUES (6, 7, '2024-05-05', 30, 1);
ALTER SCHEMA store RENAME TO shop;
SELECT reason, detail FROM shop.troubles;
SELECT count(*) > 0 AS refreshed FROM refresh_customer_base('shop');
SELECT * FROM verify_customer_base('shop');
SELECT count(*) AS troubles FROM shop.troubles;
INSERT INTO orders VALUES (7, 7, '2024-05-05', 30, 1);
TABLE changes;

-- Statements without rows are none of its business, and nobody else calls it
SET pg_customer.maintain = off;
DELETE FROM orders WHERE false;
RESET pg_customer.maintain;
SELECT count(*) AS troubles FROM shop.troubles;
SELECT base_record_changes();
CREATE TRIGGER wrong BEFORE INSERT ON orders FOR EACH STATEMENT EXECUTE FUNCTION base_record_changes('shop');
INSERT INTO orders VALUES (8, 7, '2024-05-05', 30, 1);
DROP TRIGGER wrong ON orders;
CREATE TRIGGER wrong AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION base_record_changes('shop');
INSERT INTO orders VALUES (8, 7, '2024-05-05', 30, 1);
DROP TRIGGER wrong ON orders;
CREATE TRIGGER wrong AFTER INSERT ON orders FOR EACH STATEMENT EXECUTE FUNCTION base_record_changes();
INSERT INTO orders VALUES (8, 7, '2024-05-05', 30, 1);
DROP TRIGGER wrong ON orders;
SET pg_customer.maintenance = off;

-- A cancel ends the statement, wherever it meets the trigger, and the next one goes on
CREATE FUNCTION patient(weight int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM pg_sleep(current_setting('test.sleep')::float8); RETURN weight; END $$;
SET test.sleep = 0;
SELECT count(*) > 0 AS made FROM create_customer_base('slow', 'orders', 'customer', 'at', 'total', filter => 'patient(1) = patient(weight)');
SELECT base_make_triggers(base_options('slow.settings')) AS triggers;
\set VERBOSITY terse
SET statement_timeout = '1s';
SET test.sleep = 10;
INSERT INTO orders VALUES (8, 7, '2024-05-05', 30, 1);
SET test.sleep = 0;
INSERT INTO orders VALUES (8, 7, '2024-05-05', 30, 1);
SET test.sleep = 10;
INSERT INTO orders VALUES (9, 7, '2024-05-05', 30, 1);
SET test.sleep = 0;
INSERT INTO orders VALUES (10, 7, '2024-05-05', 30, 1);
RESET statement_timeout;
\set VERBOSITY default
SELECT customer, day, orders, gross, item FROM slow.deltas;
SELECT count(*) AS troubles FROM slow.troubles;
SELECT drop_customer_base('slow');

-- A schema dropped by hand leaves triggers that do nothing but warn
DROP SCHEMA shop CASCADE;
\c -
SET client_min_messages = warning;
INSERT INTO orders VALUES (11, 7, '2024-05-05', 30, 1);
INSERT INTO orders VALUES (12, 7, '2024-05-05', 30, 1);
DROP TABLE orders;
DROP FUNCTION patient(int);
