-- Sources that a base cannot follow by triggers, and moments at which it cannot be started: each is refused with the way out, and
-- leaves nothing behind. A base in refresh mode follows all of them.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
SET LOCAL client_min_messages = error;
SELECT no_plan();

CREATE TABLE sales (customer int, day date, amount numeric, nr text);
INSERT INTO sales SELECT i % 5, '2024-01-01'::date + i, i, i / 2 FROM generate_series(1, 20) AS i;
CREATE VIEW sales_view AS TABLE sales;
CREATE MATERIALIZED VIEW sales_kept AS TABLE sales;
CREATE UNLOGGED TABLE sales_unlogged AS TABLE sales;
CREATE TABLE sales_parent AS TABLE sales;
CREATE TABLE sales_child () INHERITS (sales_parent);
CREATE TABLE sales_parts (LIKE sales) PARTITION BY LIST (customer);
CREATE TABLE sales_part PARTITION OF sales_parts FOR VALUES IN (1);
CREATE UNLOGGED TABLE sales_part_unlogged PARTITION OF sales_parts FOR VALUES IN (2);
CREATE TABLE sales_subscribed AS TABLE sales;

-- What start_maintenance says to a base over a source, and how many triggers it has made
CREATE FUNCTION refusal(source text, options text DEFAULT '', who name DEFAULT current_user) RETURNS TABLE (state text, message text, hint text) LANGUAGE plpgsql AS $$
DECLARE
	problem text;
	way_out text;
BEGIN
	EXECUTE format('SET LOCAL ROLE %I', who);
	EXECUTE format('SELECT count(*) FROM create_customer_base(''refused'', %L, ''customer'', ''day'', ''amount'' %s)', source, options);
	PERFORM * FROM refresh_customer_base('refused');
	BEGIN
		PERFORM base_run('refused', 'start');
		state := 'started';
	EXCEPTION WHEN OTHERS THEN
		GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, problem = MESSAGE_TEXT, way_out = PG_EXCEPTION_HINT;
	END;
	IF EXISTS (SELECT FROM pg_trigger WHERE tgname LIKE 'pg\_customer\_refused\_%') <> (state = 'started')
			OR (SELECT mode FROM refused.base_status) <> (CASE state WHEN 'started' THEN 'starting' ELSE 'refresh' END) THEN
		problem := problem || ' BUT';
	END IF;
	PERFORM drop_customer_base('refused');
	RESET ROLE;
	RETURN QUERY SELECT state, problem, way_out;
END $$;
CREATE FUNCTION is_refused(source text, problem text, who name DEFAULT current_user) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	refused record := refusal(source, who => who);
BEGIN
	RETURN NEXT is(concat_ws(': ', refused.state, refused.message), '42809: customer base "refused" cannot be live: public.' || source || ' ' || problem, source || ' ' || problem);
	RETURN NEXT is(refused.hint, 'A base in refresh mode follows any source: schedule SELECT * FROM refresh_customer_base(''refused'').', source || ': the way out');
END $$;

SELECT is((SELECT state FROM refusal('sales')), 'started', 'a plain table can be followed');
SELECT is_refused('sales_view', 'is a view');
SELECT is_refused('sales_kept', 'is a view');
SELECT is_refused('sales_unlogged', 'is unlogged, and is emptied after a crash without a trace');
SELECT is_refused('sales_parent', 'has tables that inherit from it');
SELECT is((SELECT message FROM refusal('sales_parts')), 'customer base "refused" cannot be live: public.sales_part_unlogged is unlogged, and is emptied after a crash without a trace', 'an unlogged partition');
DROP TABLE sales_part_unlogged;
SELECT is((SELECT state FROM refusal('sales_parts')), 'started', 'a partitioned table can be followed');
SELECT is_refused('sales_part', 'is a part of public.sales_parts, and what is written to that fires no triggers of a part');
SELECT is_refused('sales_child', 'is a part of public.sales_parent, and what is written to that fires no triggers of a part');

CREATE FUNCTION with_fdw() RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	IF NOT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'file_fdw') THEN
		RETURN NEXT skip('file_fdw is not installed', 3);
		RETURN;
	END IF;
	CREATE EXTENSION file_fdw;
	CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
	CREATE FOREIGN TABLE sales_far (customer int, day date, amount numeric, nr text) SERVER files OPTIONS (program 'echo 3,2024-01-01,5,x', format 'csv');
	RETURN QUERY SELECT is_refused('sales_far', 'is a foreign table, whose changes are made elsewhere');
	ALTER TABLE sales_parts ATTACH PARTITION sales_far FOR VALUES IN (3);
	RETURN NEXT is((SELECT message FROM refusal('sales_parts')), 'customer base "refused" cannot be live: public.sales_far is a foreign table, whose changes are made elsewhere', 'a foreign partition');
	ALTER TABLE sales_parts DETACH PARTITION sales_far;
END $$;
SELECT with_fdw();

INSERT INTO pg_subscription_rel (srsubid, srrelid, srsubstate) VALUES (1, 'sales_subscribed'::regclass, 'r');
SELECT is_refused('sales_subscribed', 'is filled by a subscription, which fires no triggers');
DELETE FROM pg_subscription_rel;

-- Orders with lines need an index
SELECT is((SELECT concat_ws(' / ', state, message, hint) FROM refusal('sales', ', order_id => ''nr''')),
	'55000 / customer base "refused" cannot be live: no index of public.sales starts with the order id / CREATE INDEX CONCURRENTLY ON public.sales (nr);', 'no index on the order id');
CREATE INDEX sales_nr ON sales (customer, nr);
SELECT is((SELECT state FROM refusal('sales', ', order_id => ''nr''')), '55000', 'one that does not start with it');
DROP INDEX sales_nr;
CREATE INDEX sales_nr ON sales (nr) WHERE amount > 0;
SELECT is((SELECT state FROM refusal('sales', ', order_id => ''nr''')), '55000', 'one of a part of the rows');
DROP INDEX sales_nr;
CREATE INDEX sales_nr ON sales (nr, customer);
SELECT is((SELECT state FROM refusal('sales', ', order_id => ''nr''')), 'started', 'one that starts with it');
SELECT is((SELECT hint FROM refusal('sales', ', order_id => ''lower(nr)''')), 'CREATE INDEX CONCURRENTLY ON public.sales ((lower(nr)));', 'no index on the expression that is the order id');
CREATE INDEX ON sales (lower(nr));
SELECT is((SELECT state FROM refusal('sales', ', order_id => ''lower(nr)''')), 'started', 'one on that expression');
ALTER TABLE sales RENAME nr TO "Order no.";
SELECT is((SELECT state FROM refusal('sales', ', order_id => ''Order no.''')), 'started', 'a name with capitals and a space');
DROP INDEX sales_nr;
SELECT is((SELECT hint FROM refusal('sales', ', order_id => ''Order no.''')), 'CREATE INDEX CONCURRENTLY ON public.sales ("Order no.");', 'is quoted in the hint');
SELECT is((SELECT state FROM refusal('sales_parts', ', order_id => ''nr''')), '55000', 'a partitioned table without index');
CREATE INDEX ON sales_parts (nr);
SELECT is((SELECT state FROM refusal('sales_parts', ', order_id => ''nr''')), 'started', 'and with one');

-- Rights
CREATE ROLE refused_analyst;
DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO refused_analyst', current_database()); END $$;
GRANT USAGE ON SCHEMA public, customer TO refused_analyst;
GRANT SELECT ON sales, sales_parts, sales_part TO refused_analyst;
SELECT is((SELECT concat_ws(' / ', state, message, hint) FROM refusal('sales', who => 'refused_analyst')),
	'42501 / customer base "refused" cannot be live: public.sales may not have triggers of refused_analyst / Its owner can run: GRANT TRIGGER ON public.sales TO refused_analyst;', 'no right to have triggers');
GRANT TRIGGER ON sales, sales_parts TO refused_analyst;
SELECT is((SELECT concat_ws(' / ', state, message, hint) FROM refusal('sales', who => 'refused_analyst')),
	'42501 / customer base "refused" cannot be live: refused_analyst may not use the trigger function / Who installed the extension can run: GRANT EXECUTE ON FUNCTION customer.base_record_changes() TO refused_analyst;', 'no right to use the trigger function');
GRANT EXECUTE ON FUNCTION base_record_changes() TO refused_analyst;
SELECT is((SELECT message FROM refusal('sales_parts', who => 'refused_analyst')), 'customer base "refused" cannot be live: public.sales_part may not have triggers of refused_analyst', 'each partition is another table');

-- A source that is gone
SELECT is((SELECT count(*) > 0 FROM create_customer_base('refused', 'sales', 'customer', 'day', 'amount')), true, 'a base');
ALTER TABLE sales RENAME TO sold;
SELECT throws_ok('SELECT base_run(''refused'', ''start'')', '42P01', 'customer base "refused" cannot be live: there is no table public.sales', 'the source is gone');
ALTER TABLE sold RENAME TO sales;

-- Moments: this script is a transaction block.
SELECT throws_ok(format('CALL %s(''refused'')', p), '25001', p || ' cannot run inside a transaction block', p || ' within a transaction block')
FROM unnest('{start_maintenance,stop_maintenance,fold_customer_base,advance_customer_base}'::text[]) AS p;
SELECT throws_ok('CALL start_maintenance(''nobody'')', '25001', NULL, 'whatever the base');
SELECT * FROM finish();
ROLLBACK;
