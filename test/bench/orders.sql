CREATE TABLE orders (order_id bigint, customer_id bigint, ordered_at timestamptz, total numeric(12,2));
INSERT INTO orders SELECT o.* FROM generate_series(1, :orders) AS i, nth_order(i, :orders, :customers, 95) AS o;
VACUUM ANALYZE orders;
