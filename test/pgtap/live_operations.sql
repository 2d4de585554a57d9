-- What one does with a live base: follow its log, keep and forget, upgrade, read from a standby, stop, drop; who may do that; and what
-- base_status says. Procedures commit, so this script does not run in a transaction but leaves what it makes to the database.
CREATE EXTENSION IF NOT EXISTS pgtap;
SET client_min_messages = error;
SET jit = off;
SELECT no_plan();
CREATE FUNCTION status(base text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE said text;
BEGIN
	EXECUTE format('SELECT concat_ws('' '', mode, CASE WHEN triggers_ok THEN ''triggers'' END, stale_reason) FROM %I.base_status', base) INTO said;
	RETURN said;
END $$;
CREATE FUNCTION differences(base text, what text) RETURNS text LANGUAGE sql AS $$ SELECT is_empty(format('SELECT * FROM verify_customer_base(%L)', base), what) $$;

-- A diary: purchases come in the order of their days, and advance is called every day ------------------------------------
CREATE TABLE diary (id int GENERATED ALWAYS AS IDENTITY, customer int, day date, amount numeric);
INSERT INTO diary (customer, day, amount) SELECT i % 30, '2024-01-01'::date + i, 10 FROM generate_series(0, 60) AS i;
SELECT lives_ok($$SELECT * FROM create_customer_base('diary', 'diary', 'customer', 'day', 'amount', as_of => 'last_purchase', notify => 'advance', policy => 'grocery, population_gap 10')$$, 'a base');
CREATE TABLE begun AS SELECT customer, stage FROM diary.summary;
CALL start_maintenance('diary');
CREATE TABLE counted (day date, stage text, customers bigint);
CREATE PROCEDURE live_on(first date, days int) LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 0 .. days - 1 LOOP
		INSERT INTO diary (customer, day, amount) SELECT abs(hashint4(i * 100 + j)) % (20 + i), first + i, 10 FROM generate_series(0, i % 4) AS j;
		COMMIT;
		CONTINUE WHEN i % 10 = 4;
		IF i % 3 = 0 THEN
			CALL fold_customer_base('diary', 2);
		END IF;
		CALL advance_customer_base('diary');
		INSERT INTO counted SELECT as_of, stage, customers FROM diary.stage_counts;
	END LOOP;
END $$;
CALL live_on('2024-03-02', 120);
SELECT differences('diary', 'the diary is right');
SELECT is((SELECT count(DISTINCT day) FROM counted), 108::bigint, 'it was read on many days');
CREATE VIEW added_up AS
SELECT d.day, m.stage, sum(m.n) AS customers
FROM generate_series('2024-03-02'::date, (SELECT max(day) FROM counted), interval '1 day') AS d (day), LATERAL (
	SELECT stage::text, 1 AS n FROM begun UNION ALL SELECT to_stage, 1 FROM diary.lifecycle_changes WHERE changed_on <= d.day
	UNION ALL SELECT from_stage, -1 FROM diary.lifecycle_changes WHERE changed_on <= d.day) AS m
WHERE m.stage IS NOT NULL GROUP BY d.day, m.stage HAVING sum(m.n) <> 0;
SELECT set_eq('SELECT a.day, stage, customers FROM added_up AS a WHERE day IN (SELECT day FROM counted)', 'SELECT day, stage, customers FROM counted',
	'on every day the changes until then add up to the counts that were read on it');
SELECT set_eq('SELECT day, stage, customers FROM added_up', 'SELECT d.day, c.stage, c.customers FROM (SELECT DISTINCT day FROM added_up) AS d, diary.stage_counts_at(d.day::date) AS c',
	'and to those that the base tells of it now, also of days on which nothing was called');
SELECT is_empty($$SELECT * FROM (SELECT changed_on, lag(changed_on) OVER (ORDER BY id) AS before FROM diary.lifecycle_changes) AS l WHERE changed_on < before - 2$$, 'the log is in the order of the days');
SELECT is((SELECT count(*) FROM diary.lifecycle_changes WHERE reason = 'corrected'), 0::bigint, 'nothing had to be corrected');

-- Again and again: nothing to do is nothing done. A run that was interrupted goes on where it was.
CREATE TABLE log AS TABLE diary.lifecycle_changes;
CALL advance_customer_base('diary');
CALL advance_customer_base('diary');
SELECT set_eq('TABLE diary.lifecycle_changes', 'TABLE log', 'advance is idempotent');
INSERT INTO diary (customer, day, amount) VALUES (1, '2024-09-30', 10);
SELECT lives_ok(format('SELECT base_run(''diary'', %L, 5)', step), format('interrupted after a step of %s', step)) FROM unnest('{adopt,fold,advance,advance}'::text[]) AS step;
SELECT differences('diary', 'which is right as well');
CALL advance_customer_base('diary');
SELECT differences('diary', 'and after the next run');
SELECT set_eq($$SELECT stage, sum(n)::bigint FROM (SELECT stage::text, 1 AS n FROM begun UNION ALL SELECT to_stage, 1 FROM diary.lifecycle_changes UNION ALL SELECT from_stage, -1 FROM diary.lifecycle_changes) AS m
	WHERE stage IS NOT NULL GROUP BY stage HAVING sum(n) <> 0$$, 'SELECT stage, customers FROM diary.stage_counts', 'the log still adds up');
SELECT is_empty('SELECT * FROM log EXCEPT TABLE diary.lifecycle_changes', 'and has its old rows');
-- A late order: the log is corrected by a new row
INSERT INTO diary (customer, day, amount) VALUES (2, '2024-09-20', 10);
CALL advance_customer_base('diary');
SELECT results_eq('SELECT to_stage, changed_on, order_day, reason FROM diary.lifecycle_changes WHERE customer = 2 ORDER BY id DESC LIMIT 1',
	'SELECT stage, ''2024-09-30''::date, ''2024-09-20''::date, ''corrected'' FROM diary.lifecycle WHERE customer = 2', 'a late order corrects the log by a new row, on the day of the base');
SELECT differences('diary', 'after which it is right');

-- What a listener hears: one message for each run that has found changes
\set file `mktemp`
\o :file
LISTEN pg_customer;
INSERT INTO diary (customer, day, amount) VALUES (500, '2024-10-01', 10), (501, '2024-10-01', 10);
CALL advance_customer_base('diary');
CALL advance_customer_base('diary');
UNLISTEN pg_customer;
\o
\set heard `sed -n 's/.*payload "\(.*\)" received.*/\1/p' :file; rm :file`
SELECT is(:'heard'::jsonb, jsonb_build_object('base', 'diary', 'changes', 2, 'last_id', (SELECT max(id) FROM diary.lifecycle_changes)), 'a run that finds changes notifies once, with their number');

-- The log as an outbox: each worker takes what nobody has taken, and what is rolled back is taken again
CREATE TABLE sent (id bigint PRIMARY KEY);
CREATE FUNCTION take(max_rows int) RETURNS SETOF diary.lifecycle_changes LANGUAGE sql AS $$
	WITH next AS (SELECT * FROM diary.lifecycle_changes AS c WHERE NOT EXISTS (SELECT FROM sent AS s WHERE s.id = c.id) ORDER BY id LIMIT max_rows FOR UPDATE SKIP LOCKED),
	taken AS (INSERT INTO sent SELECT id FROM next)
	TABLE next $$;
SELECT is((SELECT count(*) FROM take(10)), 10::bigint, 'a worker takes ten changes');
BEGIN;
SELECT is((SELECT min(id) FROM take(10)), (SELECT min(id) FROM (SELECT id FROM diary.lifecycle_changes ORDER BY id OFFSET 10) AS l), 'the next ten');
ROLLBACK;
CREATE TABLE taken AS SELECT * FROM take(1000000);
SELECT is((SELECT min(id) FROM taken), (SELECT min(id) FROM (SELECT id FROM diary.lifecycle_changes ORDER BY id OFFSET 10) AS l), 'which were given back and are taken again');
SELECT is((SELECT count(*) FROM sent), (SELECT count(*) FROM diary.lifecycle_changes), 'in the end each has been taken');
SELECT is_empty('SELECT * FROM take(10)', 'and none twice');

-- Reading without writing -----------------------------------------------------------------------------------------------
CREATE TABLE orders (id int GENERATED ALWAYS AS IDENTITY, customer text, shop text, at timestamptz, amount numeric, nr text);
CREATE INDEX ON orders (nr);
INSERT INTO orders (customer, shop, at, amount, nr) SELECT 'c' || i % 40, chr(97 + i % 2), now() - i * interval '9 hours', i % 70, 'n' || i / 2 FROM generate_series(1, 600) AS i;
CREATE TABLE people (key text PRIMARY KEY, shop text, name text);
INSERT INTO people SELECT 'c' || i, chr(97 + i % 2), 'person ' || i FROM generate_series(0, 50) AS i;
SELECT lives_ok($$SELECT * FROM create_customer_base('shop', 'orders', 'customer', 'at', 'amount', tenant => 'shop', customers => 'people', customers_key => 'key', attributes => '{name}', time_zone => 'UTC',
	can_afford => 'name > ''p''', has_need => 'key <> ''c1''')$$, 'a base with tenants and customers');
SELECT lives_ok($$SELECT * FROM create_customer_base('lines', 'orders', 'customer', 'at', 'amount', order_id => 'nr', time_zone => 'UTC')$$, 'a base with order ids');
CALL start_maintenance('shop');
CALL start_maintenance('lines');
INSERT INTO orders (customer, shop, at, amount, nr) VALUES ('c3', 'b', now(), 50, 'n3'), ('new', 'a', now(), 50, 'x'), (NULL, 'a', now(), 1, 'x'), ('c5', 'b', now(), 'NaN', NULL);
DELETE FROM orders WHERE customer = 'c7';
CREATE VIEW reads AS
SELECT format('SELECT md5(string_agg(v::text, ''|'' ORDER BY v::text)) FROM %s AS v', what) AS query, what
FROM (SELECT oid::regclass::text AS what FROM pg_class WHERE relnamespace IN ('shop'::regnamespace, 'lines'::regnamespace) AND relkind = 'v'
	UNION ALL SELECT format('%s(''2025-01-01'')', oid::regproc) FROM pg_proc WHERE pronamespace IN ('shop'::regnamespace, 'lines'::regnamespace) AND proname ~ '_at$') AS w;
CREATE FUNCTION read(query text) RETURNS text LANGUAGE plpgsql AS $$ DECLARE said text; BEGIN EXECUTE query INTO said; RETURN said; END $$;
CREATE TABLE said AS SELECT what, read(query) AS rows FROM reads;
SELECT cmp_ok((SELECT count(*) FROM said), '>=', 50::bigint, 'there is something to read');
BEGIN READ ONLY;
SELECT is_empty('SELECT what FROM reads JOIN said USING (what) WHERE read(query) IS DISTINCT FROM rows', 'views and functions with changes that are not folded are read in a read-only transaction');
SELECT differences('shop', 'and so is verify');
ROLLBACK;
SET default_transaction_read_only = on;
SELECT is_empty('SELECT what FROM reads JOIN said USING (what) WHERE read(query) IS DISTINCT FROM rows', 'and under default_transaction_read_only');
SELECT differences('lines', 'and so is verify');
SELECT throws_ok(call, '25006', NULL, call || ' needs to write') FROM unnest(ARRAY['SELECT * FROM refresh_customer_base(''shop'')', 'SELECT base_run(''shop'', ''fold'', 10)']) AS call;
RESET default_transaction_read_only;
SELECT is((SELECT verified_at FROM shop.state), NULL, 'a verification that may not write leaves no trace');

-- Who may do what with a live base ----------------------------------------------------------------------------------------
CREATE ROLE live_reader;
CREATE ROLE live_clerk;
CREATE ROLE live_other;
GRANT USAGE ON SCHEMA public, customer TO live_reader, live_clerk, live_other;
GRANT INSERT ON orders TO live_clerk;
GRANT SELECT ON people TO live_reader;
SELECT grant_reader('shop', 'live_reader'), grant_reader('lines', 'live_reader') \g /dev/null
-- What becomes of a statement of a role: ok, or the error.
CREATE FUNCTION outcome(who name, statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('SET LOCAL ROLE %I', who);
	EXECUTE statement;
	RESET ROLE;
	RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
SELECT is_empty($$SELECT what, o FROM reads, outcome('live_reader', query) AS o WHERE o <> 'ok'$$, 'a reader reads everything of a live base');
SELECT is_empty(format('SELECT what, o FROM reads, outcome(%L, query) AS o WHERE o NOT LIKE ''42501%%''', who), who || ' reads nothing of it') FROM unnest('{live_clerk,live_other}'::text[]) AS who;
SELECT is(outcome('live_clerk', $$INSERT INTO orders (customer, shop, at, amount, nr) VALUES ('c4', 'a', now(), 7, 'n3')$$), 'ok', 'who may insert orders does');
SELECT differences('shop', 'and the base has them');
SELECT differences('lines', 'every base');
CREATE TABLE calls AS SELECT format(c, b) AS call FROM unnest('{shop,lines}'::text[]) AS b, unnest(ARRAY['SELECT base_run(%L, ''start'')', 'SELECT base_run(%L, ''go_live'')', 'SELECT base_run(%L, ''fold'', 10)', 'SELECT base_run(%L, ''adopt'')',
	'SELECT base_run(%L, ''advance'', 10)', 'SELECT base_run(%L, ''finish'')', 'SELECT keep_history_before(%L, ''2024-01-01'')', 'SELECT * FROM forget_customer(%L, ''c1'', ''a'')', 'SELECT upgrade_customer_base(%L)', 'SELECT base_run(%L, ''stop'')', 'SELECT drop_customer_base(%L)']) AS c;
SELECT is_empty($$SELECT call, o FROM calls, outcome('live_reader', call) AS o WHERE o NOT LIKE '42501 must be owner of customer base %'$$, 'a reader does nothing with it');
SELECT is_empty(format($$SELECT call, o FROM calls, outcome(%L, call) AS o WHERE o NOT LIKE '42704 there is no customer base %%'$$, who), who || ' does not even learn of it') FROM unnest('{live_clerk,live_other}'::text[]) AS who;
SELECT is_empty(format($$SELECT t, o FROM unnest('{shop.deltas,shop.troubles,lines.line_deltas,shop.state,shop.lifecycle_changes}'::text[]) AS t, outcome(%L, format('INSERT INTO %%s DEFAULT VALUES', t)) AS o
	WHERE o NOT LIKE '42501%%'$$, who), who || ' does not write to its tables') FROM unnest('{live_reader,live_clerk,live_other}'::text[]) AS who;
SELECT is_empty(format($$SELECT f, o FROM unnest(ARRAY['SELECT shop.fold_now(''{a}'', ''{c1}'')', 'SELECT shop.fold_some(10)', 'SELECT base_source_truncated(''shop.settings'')', 'SELECT base_fold(''shop.settings'', 10)',
	'SELECT base_step(''shop.settings'', ''stop'', 0)', 'SELECT base_forget_settings(''shop.settings'')', 'SELECT base_finish(''shop.settings'')']) AS f, outcome(%L, f) AS o WHERE o NOT LIKE '42501%%'$$, who),
	'the functions behind give ' || who || ' no rights') FROM unnest('{live_reader,live_clerk}'::text[]) AS who;
SELECT is(outcome('live_other', 'CREATE TEMP TABLE mine (customer text); CREATE TRIGGER t AFTER INSERT ON mine REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION base_record_changes(''shop'')'),
	'42501 permission denied for function base_record_changes', 'nor does the trigger function');

-- base_status, in every state ------------------------------------------------------------------------------------------------
CALL advance_customer_base('shop');
SELECT is(status('shop'), 'live triggers', 'live and right');
INSERT INTO orders (customer, shop, at, amount) VALUES ('c1', 'a', now(), 1);
UPDATE shop.deltas SET at = at - interval '25 hours';
SELECT is(status('shop'), 'live triggers changes were not folded for a day: schedule advance_customer_base', 'nobody advances it');
SELECT is((SELECT concat_ws(' ', delta_rows, oldest_delta < now() - interval '1 day') FROM shop.base_status), '1 t', 'how much there is to fold, and since when');
CALL fold_customer_base('shop');
SELECT is((SELECT concat_ws(' ', delta_rows, oldest_delta IS NULL, last_fold > now() - interval '1 minute') FROM shop.base_status), '0 t t', 'and when that was done');
UPDATE shop.state SET refreshed_at = refreshed_at - interval '2 days';
SELECT is(status('shop'), 'live triggers', 'a live base needs no refresh');
SET session_replication_role = replica;
INSERT INTO orders (customer, shop, at, amount) VALUES ('c1', 'a', now(), 1);
RESET session_replication_role;
SELECT is((SELECT count(*) FROM verify_customer_base('shop')), 1::bigint, 'an order behind its back is a difference');
SELECT is(status('shop'), 'live triggers verification found differences: refresh', 'and then known');
SELECT lives_ok('SELECT * FROM refresh_customer_base(''shop'')', 'a refresh');
SELECT is(status('shop'), 'live triggers', 'mends it');
SELECT lives_ok('SELECT * FROM refresh_customer_base(''lines'')', 'the other base as well');
INSERT INTO shop.troubles (reason, detail) VALUES ('locked', NULL), ('locked', NULL), ('difference', 'of rows');
SELECT is(status('shop'), 'live triggers difference: of rows; locked. When that is put right, refresh', 'troubles are told');
SELECT lives_ok('SELECT * FROM refresh_customer_base(''shop'')', 'a refresh');
SELECT is(status('shop'), 'live triggers', 'ends them');
DROP TRIGGER pg_customer_shop_delete ON orders;
SELECT is(status('shop'), 'live orders lacks a trigger, or it is disabled: advance or start maintenance again', 'a trigger is missing');
CALL advance_customer_base('shop');
SELECT is(status('shop'), 'live triggers', 'advance makes it');
ALTER TABLE orders RENAME TO purchases;
SELECT is(status('shop'), 'live there is no public.orders any more', 'the source is gone');
CALL advance_customer_base('shop');
ALTER TABLE purchases RENAME TO orders;
SELECT is(status('shop'), 'live triggers', 'and back');
INSERT INTO orders (customer, shop, at, amount) VALUES ('c1', 'a', now(), 1);
CALL stop_maintenance('shop');
SELECT is(status('shop'), 'refresh', 'stopped');
SELECT is((SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'pg\_customer\_shop\_%'), 0::bigint, 'without triggers');
SELECT is((SELECT delta_rows FROM shop.base_status), 0::bigint, 'and with all changes folded');
SELECT differences('shop', 'it is right until the next order');
UPDATE shop.state SET refreshed_at = refreshed_at - interval '2 days';
SELECT is(status('shop'), 'refresh not refreshed today', 'and then has to be refreshed');
CALL advance_customer_base('shop');
SELECT is(status('shop'), 'refresh not refreshed today', 'which advance does not do');
CALL stop_maintenance('shop');
CALL fold_customer_base('shop');
SELECT is(status('shop'), 'refresh not refreshed today', 'stopping and folding what is not live does nothing');
CALL start_maintenance('shop');
CALL start_maintenance('shop');
SELECT is(status('shop'), 'live triggers', 'live again');
SELECT differences('shop', 'and right');
SELECT throws_ok('SELECT base_run(''shop'', ''fold'', 0)', '22023', 'max_rows must be at least 1, not 0', 'a fold of no rows');

SET default_transaction_isolation = 'repeatable read';
\set ON_ERROR_STOP off
CALL start_maintenance('shop');
\set ON_ERROR_STOP on
SELECT is(:'LAST_ERROR_SQLSTATE' || ' ' || :'LAST_ERROR_MESSAGE', '25000 start_maintenance must run in READ COMMITTED transactions', 'nothing is done in snapshots that are older than its steps');
RESET default_transaction_isolation;

-- History that is kept whatever becomes of its orders ---------------------------------------------------------------------------
CREATE TABLE parts (customer int, day date, amount numeric) PARTITION BY RANGE (day);
CREATE TABLE parts_2022 PARTITION OF parts FOR VALUES FROM ('2022-01-01') TO ('2023-01-01');
CREATE TABLE parts_2023 PARTITION OF parts FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
INSERT INTO parts SELECT i % 20, '2022-01-01'::date + i, i FROM generate_series(0, 700) AS i;
SELECT lives_ok($$SELECT * FROM create_customer_base('parts', 'parts', 'customer', 'day', 'amount', as_of => '2024-01-31')$$, 'a base over partitions');
CALL start_maintenance('parts');
CREATE TABLE histories AS SELECT customer, history::text FROM parts.histories;
SELECT throws_ok(format('SELECT keep_history_before(''parts'', %L)', day), '22023', message, 'keep_history_before: ' || message) FROM (VALUES
	('infinity', 'the day cannot be infinity'), ('2200-01-01', 'the day cannot be 2200-01-01')) AS d (day, message);
SELECT keep_history_before('parts', '2023-01-01') \g /dev/null
SELECT throws_ok('SELECT keep_history_before(''parts'', ''2022-07-01'')', '22023', 'the history before 2023-01-01 is kept already', 'what is kept stays so');
DROP TABLE parts_2022;
SELECT differences('parts', 'orders of the days that are kept may go');
UPDATE parts.state SET compared_on = NULL;
CALL advance_customer_base('parts');
SELECT is(status('parts'), 'live triggers', 'which is no difference');
SELECT lives_ok('SELECT * FROM refresh_customer_base(''parts'')', 'a refresh');
SELECT set_eq('SELECT customer, history::text FROM parts.histories', 'TABLE histories', 'keeps them');
CREATE TABLE parts_2022 PARTITION OF parts FOR VALUES FROM ('2022-01-01') TO ('2023-01-01');
INSERT INTO parts VALUES (1, '2022-05-05', 7), (1, '2023-05-05', 7);
DELETE FROM parts WHERE customer = 2;
SELECT differences('parts', 'orders of days that are kept are not added, others are');
SELECT is((SELECT history::text FROM parts.histories WHERE customer = 1),
	(SELECT rollup(h)::text FROM (SELECT history::purchase_history AS h FROM histories WHERE customer = 1 UNION ALL SELECT purchase_history('2023-05-05', 7)) AS h), 'a late order of a kept day is left out');
SELECT is((SELECT last_day(history) FROM parts.histories WHERE customer = 2), (SELECT last_day(as_of(history::purchase_history, '2022-12-31')) FROM histories WHERE customer = 2), 'what was kept of a customer without orders stays');
CALL advance_customer_base('parts');
SELECT differences('parts', 'also folded');
SELECT is((SELECT kept_before FROM parts.base_status), '2023-01-01'::date, 'base_status has the day');
TRUNCATE parts;
SELECT is(status('parts'), 'live triggers truncated: a part of the history is kept. When that is put right, refresh', 'TRUNCATE does not take what is kept');
SELECT lives_ok('SELECT * FROM refresh_customer_base(''parts'')', 'a refresh');
SELECT is((SELECT max(last_day(history)) FROM parts.histories), '2022-12-31'::date, 'leaves just that');
SELECT is(status('parts'), 'live triggers', 'and all is well');

-- One customer, forgotten ---------------------------------------------------------------------------------------------------
CREATE FUNCTION traces(base text, who text) RETURNS TABLE (place text, rows bigint) LANGUAGE plpgsql AS $$
BEGIN
	FOR place IN SELECT oid::regclass::text FROM pg_class WHERE relnamespace = base::regnamespace AND relkind IN ('r', 'v') LOOP
		EXECUTE format('SELECT count(*) FROM %s AS t WHERE t::text ~ %L', place, '\m' || who || '\M') INTO rows;
		IF rows > 0 THEN RETURN NEXT; END IF;
	END LOOP;
END $$;
INSERT INTO orders (customer, shop, at, amount, nr) VALUES ('zoe9', 'a', now(), 7, 'z'), ('zoe9', 'a', now(), 'NaN', 'z'), ('zoe9', 'b', now(), 8, 'y');
CALL advance_customer_base('shop');
CALL advance_customer_base('lines');
INSERT INTO orders (customer, shop, at, amount, nr) VALUES ('zoe9', 'a', now(), 9, 'z');
SELECT cmp_ok((SELECT count(*) FROM traces('shop', 'zoe9')), '>=', 10::bigint, 'a customer leaves traces');
SELECT throws_ok('SELECT * FROM forget_customer(''shop'', ''zoe9'', ''a'')', '55000', 'public.orders still has 3 rows of the customer', 'one cannot forget whom one has');
SELECT throws_ok('SELECT * FROM forget_customer(''shop'', ''zoe9'')', '22023', 'tenant cannot be NULL', 'of which tenant?');
SELECT throws_ok('SELECT * FROM forget_customer(''lines'', ''zoe9'', ''a'')', '22023', 'tenant cannot be ''a''', 'there are no tenants');
DELETE FROM orders WHERE customer = 'zoe9';
SELECT results_eq($$SELECT item, rows > 0 FROM forget_customer('shop', 'zoe9', 'a')$$, $$VALUES ('summary', true), ('deltas', true), ('lifecycle_changes', true), ('churn_changes', false), ('quarantine', true), ('answers', false)$$, 'what was erased');
SELECT is_empty($$SELECT * FROM forget_customer('shop', 'zoe9', 'a') WHERE rows > 0$$, 'not twice');
SELECT is((SELECT count(*) FROM shop.lifecycle_changes WHERE customer = 'zoe9'), 1::bigint, 'the same name of another tenant is another customer');
SELECT lives_ok($$SELECT * FROM forget_customer('shop', 'zoe9', 'b'); SELECT * FROM forget_customer('lines', 'zoe9')$$, 'also with order ids');
SELECT is_empty(format('SELECT * FROM traces(%L, ''zoe9'')', b), b || ': no trace is left') FROM unnest('{shop,lines}'::text[]) AS b;
SELECT differences(b, b || ': right without the customer') FROM unnest('{shop,lines}'::text[]) AS b;
CALL advance_customer_base('shop');
CALL advance_customer_base('lines');
SELECT is_empty(format('SELECT * FROM traces(%L, ''zoe9'')', b), b || ': nor does one come back') FROM unnest('{shop,lines}'::text[]) AS b;

-- Upgrade and end ------------------------------------------------------------------------------------------------------------
CREATE VIEW best AS SELECT customer, total FROM shop.customers WHERE abc_class = 'A';
CREATE TABLE best_before AS TABLE best;
UPDATE shop.settings SET base_version = '0';
SELECT lives_ok('SELECT upgrade_customer_base(''shop'')', 'a base of an older version is upgraded');
SELECT results_eq('SELECT version FROM shop.base_status', ARRAY['2'], 'to this one');
SELECT set_eq('TABLE best', 'TABLE best_before', 'what depends on its views stays');
SELECT differences('shop', 'and it is right');
UPDATE shop.settings SET base_version = '99';
SELECT throws_ok('SELECT upgrade_customer_base(''shop'')', '0A000', 'customer base "shop" is of version 99, which this pg_customer does not know', 'a newer one is not touched');
UPDATE shop.settings SET base_version = '2';
INSERT INTO orders (customer, shop, at, amount, nr) VALUES ('c1', 'a', now(), 9, 'z');
SELECT throws_ok('SELECT drop_customer_base(''shop'')', '2BP01', 'customer base "shop" is in use by objects that it did not make', 'a base in use is not dropped');
SELECT differences('shop', 'and stays live');

-- A source that becomes a part of another table, and a publication of all tables ------------------------------------------------
CREATE TABLE whole (customer int, day date, amount numeric) PARTITION BY LIST (customer);
CREATE TABLE a_part (LIKE whole);
SELECT lives_ok($$SELECT * FROM create_customer_base('part', 'a_part', 'customer', 'day', 'amount', as_of => 'last_purchase')$$, 'a base');
RESET default_transaction_isolation;
CALL start_maintenance('part');
ALTER TABLE whole ATTACH PARTITION a_part FOR VALUES IN (1);
SELECT throws_ok($$SELECT base_run('part', 'adopt')$$, '42809', 'customer base "part" cannot be live: public.a_part is a part of public.whole, and what is written to that fires no triggers of a part',
	'advance says that a source has become a part of another table');
ALTER TABLE whole DETACH PARTITION a_part;
CREATE PUBLICATION everything FOR ALL TABLES;
SELECT lives_ok($$SELECT * FROM create_customer_base('published', 'orders', 'customer', 'at', 'amount', tenant => 'shop', order_id => 'nr', as_of => 'last_purchase')$$, 'under a publication of all tables a base is made');
INSERT INTO a_part VALUES (1, '2024-01-01', 5);
CALL advance_customer_base('part');
SELECT is((SELECT count(*) FROM part.deltas), 0::bigint, 'folded');
SELECT lives_ok($$SELECT * FROM refresh_customer_base('part')$$, 'refreshed');
TRUNCATE a_part;
SELECT is(status('part'), 'live triggers', 'and its source truncated');
SELECT is_empty($$SELECT c.oid::regclass FROM pg_class AS c WHERE relnamespace = 'published'::regnamespace AND relkind = 'r' AND relreplident <> 'f'
	AND NOT EXISTS (SELECT FROM pg_index WHERE indrelid = c.oid AND indisprimary)$$, 'every table of a base has an identity');
DROP PUBLICATION everything;

-- What a writer leaves who began before keep_history_before and commits after it
CALL start_maintenance('published');
SELECT keep_history_before('published', '2019-01-01') \g /dev/null
INSERT INTO published.line_deltas (tenant, customer, order_id, day, lines, amount) VALUES ('a', 'late', 'late1', '2018-12-01', 1, 7), ('a', 'late', 'late1', '2018-12-02', 1, 2);
SELECT results_eq($$SELECT orders, total FROM published.customers WHERE customer = 'late'$$, $$VALUES (1::bigint, 9.00)$$, 'lines before the kept day are not looked for in the source');
CALL fold_customer_base('published');
SELECT results_eq($$SELECT orders, total FROM published.customers WHERE customer = 'late'$$, $$VALUES (1::bigint, 9.00)$$, 'nor lost by a fold');
SELECT drop_customer_base(b) FROM unnest('{part,published}'::text[]) AS b \g /dev/null

DROP VIEW best, reads, added_up;
DROP FUNCTION take(int);
SELECT drop_customer_base(b) FROM unnest('{shop,lines,parts,diary}'::text[]) AS b \g /dev/null
SELECT is_empty($$SELECT tgname FROM pg_trigger WHERE tgfoid = 'base_record_changes'::regproc$$, 'dropped bases leave no triggers');
SELECT is_empty($$SELECT base FROM customer_bases()$$, 'and no base');
SELECT lives_ok($$INSERT INTO orders (customer, shop, at, amount, nr) VALUES ('c1', 'a', now(), 9, 'z')$$, 'orders go on');
REVOKE ALL ON SCHEMA public, customer FROM live_reader, live_clerk, live_other;
REVOKE ALL ON orders, people FROM live_reader, live_clerk;
DROP ROLE live_reader, live_clerk, live_other;
SELECT * FROM finish();
