-- Ways to break a live base: the order is written each time, and the base says what is wrong as long as it has the table for it.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT plan(63);
SET LOCAL client_min_messages = error;
CREATE ROLE troubles_owner;
CREATE ROLE troubles_app;
CREATE ROLE troubles_other;
DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO troubles_owner', current_database()); END $$;
DO $$ BEGIN EXECUTE format('GRANT USAGE ON SCHEMA %I TO PUBLIC', (SELECT extnamespace::regnamespace FROM pg_extension WHERE extname = 'pg_customer')); END $$;
DO $$ BEGIN EXECUTE format('GRANT EXECUTE ON FUNCTION %I.base_record_changes() TO troubles_owner', (SELECT extnamespace::regnamespace FROM pg_extension WHERE extname = 'pg_customer')); END $$;
DO $$ BEGIN EXECUTE format('SET LOCAL search_path = public, %I', (SELECT extnamespace::regnamespace FROM pg_extension WHERE extname = 'pg_customer')); END $$;

CREATE SCHEMA trade AUTHORIZATION troubles_owner;
CREATE TABLE trade.orders (id serial PRIMARY KEY, customer int, ordered timestamptz, total numeric, parts int, state text);
GRANT SELECT, TRIGGER ON trade.orders TO troubles_owner;
GRANT USAGE ON SCHEMA trade TO PUBLIC;
GRANT INSERT ON trade.orders TO troubles_app;
GRANT USAGE ON SEQUENCE trade.orders_id_seq TO troubles_app;
SET LOCAL ROLE troubles_owner;
CREATE FUNCTION trade.weight(total numeric, state text) RETURNS numeric LANGUAGE plpgsql STABLE AS $$
BEGIN
	IF state = 'slow' THEN PERFORM pg_sleep(0); END IF;
	IF state = 'write' THEN INSERT INTO trade.orders (customer) VALUES (7); END IF;
	IF state = 'role' THEN RETURN (current_user = 'troubles_owner')::int; END IF;
	IF state = 'path' THEN RETURN (current_setting('search_path') = 'pg_catalog, pg_temp' AND current_setting('timezone') = 'Asia/Shanghai')::int; END IF;
	RETURN CASE WHEN state = 'bad' THEN 1 / (total - total) ELSE total END;
END $$;
GRANT EXECUTE ON FUNCTION trade.weight(numeric, text) TO PUBLIC;
-- two bases: one whose expressions cannot fail, and one whose can
SELECT * FROM create_customer_base('tidy', 'trade.orders', 'customer', 'ordered', 'total', time_zone => 'UTC') \g /dev/null
SELECT * FROM create_customer_base('risky', 'trade.orders', 'customer', 'ordered', 'trade.weight(total / parts, state)', filter => 'state <> ''no''', time_zone => 'Asia/Shanghai') \g /dev/null
SELECT base_make_triggers(base_options('tidy.settings')), base_make_triggers(base_options('risky.settings')) \g /dev/null
RESET ROLE;

CREATE FUNCTION public.noted(base text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text := 'nowhere';
BEGIN
	IF to_regclass(format('%I.troubles', base)) IS NOT NULL THEN
		EXECUTE format('SELECT string_agg(concat_ws('': '', reason, detail), ''; '') FROM %I.troubles', base) INTO result;
	END IF;
	RETURN result;
END $$;
CREATE FUNCTION public.recorded(base text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text := 'nothing';
BEGIN
	IF to_regclass(format('%I.deltas', base)) IS NOT NULL THEN
		EXECUTE format('SELECT coalesce(string_agg(coalesce(to_jsonb(d) ->> ''item'', ''day'') || to_char(orders, ''S9''), '', '' ORDER BY to_jsonb(d) ->> ''item'' DESC), ''nothing'') FROM %I.deltas AS d', base) INTO result;
	END IF;
	RETURN result;
END $$;

-- What becomes of an order of the application after something was done to the base; then all is as before.
CREATE FUNCTION public.after(what text, VARIADIC bases text[] DEFAULT '{tidy,risky}') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	before bigint := (SELECT count(*) FROM trade.orders);
	statement text;
	result text;
BEGIN
	BEGIN
		EXECUTE what;
		SET LOCAL ROLE troubles_app;
		EXECUTE format('INSERT INTO %s VALUES (DEFAULT, 1, ''2024-05-05 20:00+00'', 10, 1, ''yes'')', trade_orders());
		RESET ROLE;
		EXECUTE format('SELECT count(*) - $1 FROM %s', trade_orders()) INTO result USING before;
		result := CASE result WHEN '1' THEN 'written' ELSE result END
			|| (SELECT string_agg(format(' | %s: %s', b, concat_ws(', ', nullif(recorded(b), 'nothing'), noted(b))), '' ORDER BY n) FROM unnest(bases) WITH ORDINALITY AS u (b, n));
		RAISE EXCEPTION USING ERRCODE = 'ZZ000', MESSAGE = result;
	EXCEPTION WHEN SQLSTATE 'ZZ000' THEN
		result := SQLERRM;
	END;
	RETURN result;
END $$;
CREATE FUNCTION public.trade_orders() RETURNS regclass LANGUAGE sql AS $$ SELECT tgrelid::regclass FROM pg_trigger WHERE tgname = 'pg_customer_tidy_insert' $$;

CREATE TABLE public.ways (n serial, what text, tidy text, risky text);
INSERT INTO public.ways (what, tidy, risky) VALUES
	($$select 1$$, 'day+1', 'day+1'),
	($$DROP SCHEMA tidy CASCADE$$, 'nowhere', 'day+1'),
	($$ALTER SCHEMA tidy RENAME TO t2$$, 'nowhere', 'day+1'),
	($$DROP TABLE tidy.deltas CASCADE$$, 'deltas_missing: deltas', 'day+1'),
	($$ALTER TABLE tidy.deltas RENAME TO d$$, 'deltas_missing: deltas', 'day+1'),
	($$ALTER TABLE tidy.deltas ADD COLUMN x int$$, 'deltas_changed: deltas', 'day+1'),
	($$ALTER TABLE tidy.deltas DROP COLUMN item CASCADE$$, 'deltas_changed: deltas', 'day+1'),
	($$ALTER TABLE tidy.deltas RENAME COLUMN gross TO brutto$$, 'deltas_changed: deltas', 'day+1'),
	($$ALTER TABLE tidy.deltas ADD CHECK (orders > 5)$$, 'deltas_changed: deltas', 'day+1'),
	($$ALTER TABLE tidy.deltas ALTER refunds SET NOT NULL$$, 'deltas_changed: deltas', 'day+1'),
	($$ALTER TABLE tidy.deltas ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY$$, 'deltas_changed: deltas', 'day+1'),
	($$ALTER TABLE tidy.deltas ADD FOREIGN KEY (customer) REFERENCES tidy.summary$$, 'deltas_changed: deltas', 'day+1'),
	($$CREATE TRIGGER x BEFORE INSERT ON tidy.deltas FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()$$, 'deltas_changed: deltas', 'day+1'),
	($$CREATE RULE x AS ON INSERT TO tidy.deltas DO INSTEAD NOTHING$$, 'deltas_changed: deltas', 'day+1'),
	($$CREATE UNIQUE INDEX ON tidy.deltas (at)$$, 'deltas_changed: deltas', 'day+1'),
	($$CREATE INDEX ON tidy.deltas ((1 / (orders - 1)))$$, 'deltas_changed: deltas', 'day+1'),
	($$CREATE INDEX ON tidy.deltas (customer) WHERE 1 / (orders - 1) = 1$$, 'deltas_changed: deltas', 'day+1'),
	($$CREATE INDEX ON tidy.deltas USING hash (customer)$$, 'deltas_changed: deltas', 'day+1'),
	($$CREATE INDEX ON tidy.deltas (at)$$, 'day+1', 'day+1'),
	($$ALTER TABLE tidy.deltas SET UNLOGGED$$, 'deltas_changed: deltas', 'day+1'),
	($$ALTER TABLE tidy.deltas OWNER TO troubles_other$$, 'deltas_changed: deltas belongs to another role', 'day+1'),
	($$DROP TABLE tidy.settings CASCADE$$, 'settings_missing', 'day+1'),
	($$DELETE FROM tidy.settings; SELECT base_forget_settings('tidy.settings')$$, 'settings_missing', 'day+1'),
	($$UPDATE tidy.settings SET base_version = '99'; SELECT base_forget_settings('tidy.settings')$$, 'version: 99', 'day+1'),
	($$ALTER TABLE tidy.settings ENABLE ROW LEVEL SECURITY$$, 'settings_missing', 'day+1'),
	($$DROP TABLE tidy.state CASCADE$$, 'settings_missing', 'day+1'),
	($$ALTER TABLE trade.orders RENAME TO o2$$, 'source_renamed: trade.orders', 'source_renamed: trade.orders'),
	($$ALTER SCHEMA trade RENAME TO t2$$, 'source_renamed: trade.orders', 'source_renamed: trade.orders'),
	($$ALTER TABLE trade.orders RENAME customer TO kunde$$, 'expression: customer_sql: column s.customer does not exist', 'expression: customer_sql: column s.customer does not exist'),
	($$ALTER TABLE trade.orders DROP state CASCADE; ALTER TABLE trade.orders ADD x text$$, 'day+1', 'expression: filter_sql: column s.state does not exist'),
	($$ALTER TABLE trade.orders ALTER customer TYPE bigint$$, 'expression: customer_sql is of type bigint, not integer', 'expression: customer_sql is of type bigint, not integer'),
	($$ALTER TABLE trade.orders ALTER total TYPE text$$, 'expression: amount_sql is of type text, not numeric', 'expression: amount_sql: operator does not exist: text / numeric'),
	($$UPDATE tidy.settings SET time_zone = 'Mars/Phobos'; SELECT base_forget_settings('tidy.settings')$$, 'expression: time_zone: invalid value for parameter "TimeZone": "Mars/Phobos"', 'day+1'),
	($$UPDATE tidy.settings SET day_sql = '((s.ordered) AT TIME ZONE ''Mars/Phobos'')::date'; SELECT base_forget_settings('tidy.settings')$$, 'expression: day_sql: time zone "Mars/Phobos" not recognized', 'day+1'),
	($$REVOKE EXECUTE ON FUNCTION trade.weight FROM PUBLIC; REVOKE EXECUTE ON FUNCTION trade.weight FROM troubles_owner$$, 'day+1', 'expression: permission denied for function weight'),
	($$DROP FUNCTION trade.weight$$, 'day+1', 'expression: amount_sql: function trade.weight(numeric, text) does not exist'),
	($$CREATE OR REPLACE FUNCTION trade.weight(total numeric, state text) RETURNS numeric LANGUAGE sql AS 'SELECT random()::numeric'$$, 'day+1', 'expression: amount_sql: option amount_sql: a volatile function cannot be used'),
	($$CREATE OR REPLACE FUNCTION trade.weight(total numeric, state text) RETURNS numeric STABLE LANGUAGE sql AS 'SELECT 3.3'$$, 'day+1', 'day+1'),
	($$REVOKE SELECT ON trade.orders FROM troubles_owner$$, 'rights: role troubles_owner may not read all rows of trade.orders', 'rights: role troubles_owner may not read all rows of trade.orders'),
	($$REVOKE SELECT ON trade.orders FROM troubles_owner; GRANT SELECT (customer, ordered, total) ON trade.orders TO troubles_owner$$, 'day+1', 'rights: role troubles_owner may not read all rows of trade.orders'),
	($$ALTER TABLE trade.orders ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON trade.orders FOR INSERT WITH CHECK (true)$$, 'rights: role troubles_owner may not read all rows of trade.orders', 'rights: role troubles_owner may not read all rows of trade.orders'),
	($$SET LOCAL session_replication_role = replica$$, '', ''),
	($$SET LOCAL pg_customer.maintain = off$$, 'maintain_off: maintenance was switched off in a session that wrote to the source', 'maintain_off: maintenance was switched off in a session that wrote to the source'),
	($$DROP TRIGGER pg_customer_tidy_insert ON trade.orders; CREATE TRIGGER pg_customer_tidy_insert AFTER INSERT ON trade.orders FOR EACH STATEMENT EXECUTE FUNCTION base_record_changes('tidy')$$, 'trigger_changed: pg_customer_tidy_insert', 'day+1'),
	($$ALTER TABLE tidy.troubles ADD CHECK (reason = '')  ; DROP TABLE tidy.deltas CASCADE$$, '', 'day+1'),
	($$DROP TABLE tidy.troubles CASCADE; DROP TABLE tidy.deltas CASCADE$$, 'nowhere', 'day+1');
SELECT is(after(what), format('written | tidy: %s | risky: %s', tidy, risky), what) FROM public.ways ORDER BY n;
SELECT is(after('SELECT 1'), 'written | tidy: day+1 | risky: day+1', 'and nothing of it stays');

-- Expressions that fail for some rows, run as the base's owner, with its settings, and write to the source again
RESET client_min_messages;
SET LOCAL client_min_messages = error;
SET LOCAL ROLE troubles_app;
INSERT INTO trade.orders (customer, ordered, total, parts, state) VALUES (1, '2024-05-05 20:00+00', 10, 1, 'yes'), (2, '2024-05-05', 7, 0, 'yes'), (3, '2024-05-05', 7, 0, 'no'),
	(4, '2024-05-05', 6, 2, 'bad'), (5, '2024-05-05', 6, 2, 'role'), (6, '2024-05-05', 6, 2, 'path'), (7, '2024-05-05', 6, 2, 'write'), (NULL, NULL, 6, 0, 'yes'), (8, '-infinity', 6, 0, 'yes');
RESET ROLE;
SELECT results_eq('SELECT customer, day, orders::int, gross::int, item FROM risky.deltas', $$VALUES (1, date '2024-05-06', 1, 10, NULL), (5, '2024-05-05', 1, 1, NULL), (6, '2024-05-05', 1, 1, NULL),
	(NULL, NULL, 1, NULL, 'no_customer'), (NULL, NULL, 1, NULL, 'infinite_day'), (NULL, NULL, 3, NULL, 'failed')$$, 'rows that an expression fails for are counted, the others are recorded');
SELECT results_eq('SELECT customer, purchased_at, amount, reason FROM risky.quarantine', $$VALUES ('2', '2024-05-05 08:00:00+08', NULL, 'failed'), ('4', '2024-05-05 08:00:00+08', NULL, 'failed'),
	('7', '2024-05-05 08:00:00+08', NULL, 'failed'), ('8', '-infinity', NULL, 'infinite_day')$$, 'and go to quarantine with what can be read of them');
DELETE FROM trade.orders;
SELECT is_empty($$SELECT item, sum(orders), sum(gross) FROM risky.deltas GROUP BY item HAVING sum(orders) <> 0 OR sum(gross) <> 0$$, 'when they go, the counts go back');
SELECT is((SELECT count(*)::int FROM risky.quarantine), 4, 'rows that go are not put into quarantine');
GRANT INSERT ON trade.orders TO troubles_owner;
GRANT USAGE ON SEQUENCE trade.orders_id_seq TO troubles_owner;
CREATE FUNCTION trade.again() RETURNS numeric LANGUAGE plpgsql VOLATILE AS $$ BEGIN INSERT INTO trade.orders (customer, total, state) VALUES (9, 1, 'yes'); RETURN 1; END $$;
CREATE OR REPLACE FUNCTION trade.weight(total numeric, state text) RETURNS numeric LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN CASE state WHEN 'again' THEN trade.again() ELSE total END; END $$;
INSERT INTO trade.orders (customer, ordered, total, parts, state) VALUES (1, '2024-05-05', 6, 2, 'again'), (2, '2024-05-05', 6, 2, 'yes');
SELECT is((SELECT count(*)::int FROM trade.orders), 3, 'an expression that writes orders does not end the world');
SELECT is(noted('risky'), 'recursion', 'but is told of');
SELECT is((SELECT count(*)::int FROM tidy.deltas WHERE item = 'no_day' AND orders > 0), 1, 'and another base takes that order, too');
DELETE FROM risky.troubles;

-- In a function with other rights, in a subtransaction, after savepoints
CREATE FUNCTION trade.sell(state text) RETURNS int LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
	INSERT INTO trade.orders (customer, ordered, total, parts, state) VALUES (20, '2024-05-05', 1, 1, 'yes');
	BEGIN
		INSERT INTO trade.orders (customer, ordered, total, parts, state) VALUES (20, '2024-05-05', 2, 1, 'yes');
		IF state = 'bad' THEN RAISE division_by_zero; END IF;
	EXCEPTION WHEN division_by_zero THEN
		INSERT INTO trade.orders (customer, ordered, total, parts, state) VALUES (20, '2024-05-05', 4, 1, 'yes');
	END;
	RETURN (current_user = session_user)::int;
END $$;
SET LOCAL ROLE troubles_app;
SELECT is(trade.sell('bad') + trade.sell('good'), 2, 'a function with the rights of its owner keeps them');
SELECT is(current_user, 'troubles_app', 'and the caller its own');
RESET ROLE;
SELECT is((SELECT sum(gross)::int FROM risky.deltas WHERE customer = 20), 1 + 4 + 1 + 2, 'what is rolled back is not recorded');
SAVEPOINT before;
ALTER TABLE trade.orders RENAME customer TO who;
INSERT INTO trade.orders (who, ordered, total, parts, state) VALUES (21, '2024-05-05', 1, 1, 'yes');
ROLLBACK TO before;
INSERT INTO trade.orders (customer, ordered, total, parts, state) VALUES (21, '2024-05-05', 1, 1, 'yes');
SELECT is((SELECT sum(orders)::int FROM tidy.deltas WHERE customer = 21), 1, 'after a change of the source was rolled back, all goes on');
SELECT is(noted('tidy'), NULL, 'without a trouble');

-- Somebody makes a schema of a dropped base's name, to read the orders of others
DROP SCHEMA tidy CASCADE;
CREATE SCHEMA tidy AUTHORIZATION troubles_other;
CREATE TABLE tidy.settings AS SELECT * FROM risky.settings;
UPDATE tidy.settings SET amount_sql = 's.total', filter_sql = NULL;
CREATE TABLE tidy.state AS SELECT * FROM risky.state;
CREATE TABLE tidy.deltas (LIKE risky.deltas);
CREATE TABLE tidy.troubles (reason text NOT NULL, detail text, at timestamptz NOT NULL);
DO $$ DECLARE t regclass; BEGIN FOREACH t IN ARRAY '{tidy.settings,tidy.state,tidy.deltas,tidy.troubles}'::regclass[] LOOP EXECUTE format('ALTER TABLE %s OWNER TO troubles_other', t); END LOOP; END $$;
INSERT INTO trade.orders (customer, ordered, total, parts, state) VALUES (30, '2024-05-05', 1, 1, 'yes');
SELECT is_empty('SELECT * FROM tidy.deltas', 'who may not read the source learns nothing of its rows');
SELECT is(noted('tidy'), 'rights: role troubles_other may not read all rows of trade.orders', 'but why');
GRANT SELECT ON trade.orders TO troubles_other;
INSERT INTO trade.orders (customer, ordered, total, parts, state) VALUES (31, '2024-05-05', 1, 1, 'yes');
SELECT is((SELECT count(*)::int FROM tidy.deltas), 1, 'who may, could have asked');
ALTER TABLE tidy.deltas OWNER TO troubles_owner;
INSERT INTO trade.orders (customer, ordered, total, parts, state) VALUES (32, '2024-05-05', 1, 1, 'yes');
SELECT is((SELECT count(*)::int FROM tidy.deltas), 1, 'nothing is written to the tables of another role');

SELECT * FROM finish();
ROLLBACK;
