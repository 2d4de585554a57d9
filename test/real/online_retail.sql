-- Online Retail, twice: as its 541,909 lines with an order id, and as one row an invoice; each number beside a plain
-- SQL query over the lines.
SET client_min_messages = error;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE TABLE lines (invoice text, stock_code text, description text, quantity int, invoiced_at timestamp,
	unit_price numeric, customer_id numeric, country text);
\set load '\\copy lines FROM PROGRAM ''zcat ' :data '/online_retail.csv.gz'' WITH (FORMAT csv, HEADER)'
:load
CREATE TABLE invoices AS
	SELECT invoice, customer_id, min(invoiced_at) AS invoiced_at, sum(quantity * unit_price) AS total FROM lines GROUP BY invoice, customer_id;
ANALYZE lines, invoices;

SELECT plan(36);
SELECT is((SELECT count(*) FROM lines), 541909::bigint, 'all lines are there');

-- What plain SQL says of the lines.
CREATE TABLE plain AS
SELECT count(*) AS orders, count(*) FILTER (WHERE customer_id IS NULL) AS without_customer,
	count(customer_id) AS with_customer,
	count(*) FILTER (WHERE customer_id IS NOT NULL AND total < 0) AS refunds,
	count(*) FILTER (WHERE customer_id IS NOT NULL AND total = 0) AS zero,
	count(DISTINCT customer_id) AS customers,
	count(DISTINCT customer_id) FILTER (WHERE total >= 0) AS buyers,
	sum(total) FILTER (WHERE customer_id IS NOT NULL) AS net
FROM invoices;
SELECT is(p::text, '(25900,3710,22190,3654,4,4372,4339,8300065.814)', 'plain SQL gives the numbers of the issue') FROM plain AS p;

CREATE TABLE created_lines AS SELECT * FROM create_customer_base('lines_base', source => 'public.lines', customer => 'customer_id::bigint',
	purchased_at => 'invoiced_at', amount => 'quantity * unit_price', order_id => 'invoice', as_of => 'last_purchase',
	time_zone => 'Europe/London', currency => 'GBP');
CREATE TABLE created_invoices AS SELECT * FROM create_customer_base('invoices_base', source => 'public.invoices', customer => 'customer_id::bigint',
	purchased_at => 'invoiced_at', amount => 'total', as_of => 'last_purchase', time_zone => 'Europe/London', currency => 'GBP');

\set each 'FROM (VALUES (''lines''), (''invoices'')) AS b(base)'
CREATE FUNCTION counted(base text, OUT orders bigint, OUT without_customer bigint, OUT with_customer bigint, OUT refunds bigint, OUT zero bigint,
	OUT customers bigint, OUT buyers bigint, OUT net numeric) LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('SELECT (SELECT rows FROM %1$I.quality WHERE item = ''orders_without_customer''), (SELECT rows FROM %1$I.quality WHERE item = ''zero_amounts''),
		sum(orders(history) + refunds(history)), sum(refunds(history)), count(*), count(first_purchase), sum(total) FROM %1$I.summary', base)
		INTO without_customer, zero, with_customer, refunds, customers, buyers, net;
	orders := with_customer + without_customer;
END $$;
SELECT is(counted(base || '_base')::text, p::text, base || ': 25,900 orders = 3,710 + 22,190, 3,654 refunds, 4 of amount 0, 4,372 customers, 4,339 buyers, net 8,300,065.81')
:each, plain AS p;
SELECT is((SELECT count(*) FROM lines_base.summary JOIN invoices_base.summary USING (customer, history)), 4372::bigint, 'both bases hold the same histories');
