-- Three sources of orders for the stress test: a table, a table of order lines, a partitioned table.
\set ON_ERROR_STOP on
CREATE EXTENSION pg_customer;
CREATE TABLE sold (id bigint PRIMARY KEY, order_id bigint, tenant text, customer integer, at timestamptz, amount numeric, status text, note text);
CREATE INDEX ON sold (customer);
CREATE INDEX ON sold (at);
CREATE TABLE lines (LIKE sold INCLUDING ALL);
CREATE INDEX ON lines (order_id);
CREATE TABLE parts (LIKE sold) PARTITION BY RANGE (at);
CREATE INDEX ON parts (id);
CREATE INDEX ON parts (customer);
CREATE TABLE parts_2023 PARTITION OF parts FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
-- Its columns stand in another order.
CREATE TABLE parts_2024 (note text, amount numeric, at timestamptz, id bigint NOT NULL, status text, customer integer, gone text, tenant text, order_id bigint);
ALTER TABLE parts_2024 DROP COLUMN gone;
ALTER TABLE parts ATTACH PARTITION parts_2024 FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE parts_other PARTITION OF parts DEFAULT;
