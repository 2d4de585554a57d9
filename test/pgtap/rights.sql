-- Who may do what with a customer base: its owner, a member of the owner's role, a reader, an application that
-- may only insert orders, and nobody in particular; each with every table, view and function of the base.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT plan(56);
SET LOCAL client_min_messages = warning;

CREATE ROLE rights_owner;
CREATE ROLE rights_member IN ROLE rights_owner;
CREATE ROLE rights_reader;
CREATE ROLE rights_app;
CREATE ROLE rights_nobody;
CREATE ROLE rights_mallory;
DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO rights_owner, rights_mallory', current_database()); END $$;
DO $$ BEGIN EXECUTE format('GRANT USAGE ON SCHEMA %I TO PUBLIC', (SELECT extnamespace::regnamespace FROM pg_extension WHERE extname = 'pg_customer')); END $$;
GRANT USAGE ON SCHEMA public TO PUBLIC;

CREATE TABLE public.rights_orders (customer int, day date, amount numeric, note text);
INSERT INTO public.rights_orders SELECT i % 5, '2024-01-01'::date + i, i, 'x\y' FROM generate_series(1, 20) AS i;
GRANT SELECT ON public.rights_orders TO rights_owner;
GRANT INSERT ON public.rights_orders TO rights_app;

-- What becomes of a statement of a role: ok, or the error's code. Nothing that it does stays.
CREATE FUNCTION public.outcome(who name, statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('SET LOCAL ROLE %I', who);
	EXECUTE statement;
	RAISE EXCEPTION USING ERRCODE = 'ZZ000';
EXCEPTION
	WHEN SQLSTATE 'ZZ000' THEN RETURN 'ok';
	WHEN OTHERS THEN RETURN SQLSTATE;
END $$;

SET LOCAL ROLE rights_owner;
SELECT lives_ok($$SELECT * FROM create_customer_base('rights_base', 'public.rights_orders', 'customer', 'day', 'amount', as_of => 'last_purchase')$$,
	'who may read the source and make a schema makes a base');
RESET ROLE;

-- Every way to read and to write the base, and to act on it
CREATE TEMP TABLE attempts AS
SELECT 'read' AS kind, format('SELECT * FROM %s', oid::regclass) AS statement
FROM pg_class WHERE relnamespace = 'rights_base'::regnamespace AND relkind IN ('r', 'v')
UNION ALL
SELECT 'read', format('SELECT * FROM %s(%s)', oid::regproc, (SELECT string_agg(CASE t WHEN 'date'::regtype THEN '''2024-01-15''' WHEN 'integer'::regtype THEN '90' ELSE '''month''' END, ', ')
	FROM unnest(proargtypes::oid[]) AS t))
FROM pg_proc WHERE pronamespace = 'rights_base'::regnamespace AND provolatile <> 'v'
UNION ALL
SELECT 'write', unnest('{SELECT rights_base.fold_some(10),"SELECT rights_base.fold_now(NULL, ''{1}'')"}'::text[])
UNION ALL
SELECT 'write', format(w, oid::regclass, (SELECT attname FROM pg_attribute WHERE attrelid = c.oid AND attnum = 1))
FROM pg_class AS c, unnest('{DELETE FROM %s,UPDATE %s SET %2$I = %2$I,TRUNCATE %s,LOCK TABLE %s IN EXCLUSIVE MODE,DROP TABLE %s CASCADE}'::text[]) AS w
WHERE relnamespace = 'rights_base'::regnamespace AND relkind = 'r' AND NOT (relname = 'segment_map' AND w ~ '^(DELETE|TRUNCATE)') AND NOT (relname IN ('quarantine', 'lifecycle_changes', 'churn_changes') AND w ~ '^UPDATE')
UNION ALL
SELECT 'act', unnest(ARRAY['SELECT * FROM refresh_customer_base(''rights_base'')', 'SELECT * FROM verify_customer_base(''rights_base'')',
	'SELECT grant_reader(''rights_base'', ''rights_nobody'')', 'SELECT revoke_reader(''rights_base'', ''rights_reader'')',
	'SELECT base_run(''rights_base'', ''fold'', 10)', 'SELECT base_run(''rights_base'', ''finish'')', 'SELECT keep_history_before(''rights_base'', ''2024-01-01'')',
	'SELECT * FROM forget_customer(''rights_base'', ''7'')', 'SELECT * FROM fit_models(''rights_base'')', 'SELECT upgrade_customer_base(''rights_base'')', 'SELECT drop_customer_base(''rights_base'')']);
SELECT cmp_ok((SELECT count(*) FROM attempts WHERE kind = 'read'), '>=', 28::bigint, 'the base has tables, views and functions');
SELECT cmp_ok((SELECT count(*) FROM attempts WHERE kind = 'write'), '>=', 32::bigint, 'and ways to write to it');

-- The statements of a kind whose outcome for a role is another.
CREATE FUNCTION pg_temp.unexpected(who name, what text, wanted text) RETURNS TABLE (statement text, outcome text) LANGUAGE sql AS $$
	SELECT a.statement, o FROM pg_temp.attempts AS a, LATERAL (SELECT public.outcome(who, a.statement) OFFSET 0) AS x (o)
	WHERE a.kind = what AND o <> ALL (string_to_array(wanted, ' ')) $$;
SELECT is_empty(format('SELECT * FROM pg_temp.unexpected(%L, %L, ''ok'')', who, what), format('%s may %s all of it', who, what))
FROM unnest('{rights_owner,rights_member}'::name[]) AS who, unnest('{read,write,act}'::text[]) AS what;
SELECT is_empty(format('SELECT * FROM pg_temp.unexpected(%L, %L, ''42501'')', who, what), format('%s may not %s any of it', who, what))
FROM unnest('{rights_reader,rights_app,rights_nobody}'::name[]) AS who, unnest('{read,write}'::text[]) AS what;
-- whoever may not read its settings does not learn that there is such a base
SELECT is_empty(format('SELECT * FROM pg_temp.unexpected(%L, ''act'', ''42704'')', who), format('%s may not act on it', who))
FROM unnest('{rights_reader,rights_app,rights_nobody}'::name[]) AS who;
SELECT is(outcome('rights_app', $$INSERT INTO public.rights_orders VALUES (1, '2024-02-01', 5)$$), 'ok', 'the application writes orders');

SET LOCAL ROLE rights_member;
SELECT lives_ok($$SELECT grant_reader('rights_base', 'rights_reader')$$, 'a member of the owner''s role grants');
RESET ROLE;
SELECT is_empty($$SELECT * FROM pg_temp.unexpected('rights_reader', 'read', 'ok')$$, 'a reader reads all of it');
SELECT is_empty($$SELECT * FROM pg_temp.unexpected('rights_reader', 'write', '42501')$$, 'a reader writes none of it');
SELECT is_empty($$SELECT * FROM pg_temp.unexpected('rights_reader', 'act', '42501')$$, 'a reader does not act on it');
SELECT is(outcome('rights_reader', 'SELECT * FROM public.rights_orders'), '42501', 'a reader does not read the source');
SELECT is(outcome('rights_reader', 'SELECT count(*) / (count(*) - 1) FROM customer_bases()'), '22012', 'a reader finds the base');
SELECT is_empty($$SELECT * FROM pg_temp.unexpected('rights_nobody', 'read', '42501')$$, 'another is no reader by it');
SELECT lives_ok($$SELECT revoke_reader('rights_base', 'rights_reader')$$, 'readers are taken back');
SELECT is_empty($$SELECT * FROM pg_temp.unexpected('rights_reader', 'read', '42501')$$, 'after revoke_reader a reader reads nothing');
SELECT is((SELECT count(*) FROM pg_default_acl WHERE defaclnamespace = 'rights_base'::regnamespace), 0::bigint, 'nor what comes later');

-- The functions behind run with the caller's rights
SELECT is_empty($$SELECT call, outcome FROM (SELECT call, public.outcome('rights_nobody', call) AS outcome FROM unnest(ARRAY[
	'SELECT base_drop(''rights_base.settings'')', 'SELECT base_refresh(''rights_base.settings'')', 'SELECT base_verify(''rights_base.settings'', 1)',
	'SELECT base_options(''rights_base.settings'')', 'SELECT base_grant(''rights_base.settings'', ''rights_nobody'')']) AS call) AS o WHERE outcome <> '42501'$$,
	'functions behind give no rights');
SELECT is((SELECT base FROM base_read_settings('rights_base.settings')), 'rights_base', 'settings are read by who may');
SELECT is(outcome('rights_nobody', format('SELECT 1 / (base IS NULL)::int FROM base_read_settings(%s)', 'rights_base.settings'::regclass::oid)), 'ok',
	'and are NULL for who may not');

-- The source: its columns, its rows, its rights
GRANT SELECT (customer, day) ON public.rights_orders TO rights_mallory;
SELECT is(outcome('rights_mallory', $$SELECT * FROM create_customer_base('m', 'public.rights_orders', 'customer', 'day', 'amount')$$), '42501',
	'a column that the caller may not read cannot be part of a base');
SELECT is(outcome('rights_nobody', $$SELECT * FROM create_customer_base('n', 'public.rights_orders', 'customer', 'day', 'amount')$$), '42501', 'nor can a table');
REVOKE SELECT ON public.rights_orders FROM rights_owner;
SELECT is(outcome(session_user, $$SELECT * FROM refresh_customer_base('rights_base')$$), '42501', 'when the owner may not read the source any more, a superuser''s refresh does not either');
GRANT SELECT ON public.rights_orders TO rights_owner;
ALTER TABLE public.rights_orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY rights_one ON public.rights_orders USING (customer = 1);
SELECT is_empty($$SELECT call, outcome FROM (SELECT call, public.outcome(who, call) AS outcome FROM unnest(ARRAY['rights_owner', session_user]) AS who,
	unnest('{SELECT * FROM refresh_customer_base(''rights_base''),SELECT * FROM verify_customer_base(''rights_base'')}'::text[]) AS call) AS o WHERE outcome <> '42501'$$,
	'row-level security that hides rows of the source from the owner is an error, whoever calls');
DROP POLICY rights_one ON public.rights_orders;
ALTER TABLE public.rights_orders DISABLE ROW LEVEL SECURITY;

-- A superuser who acts on a base of somebody else lends no rights and takes nothing along
SET LOCAL ROLE rights_mallory;
CREATE SCHEMA rights_trap;
CREATE TABLE rights_trap.log (entry text);
CREATE TABLE rights_trap.orders AS SELECT 1 AS customer, '2024-01-01'::date AS day, 5 AS amount;
CREATE FUNCTION rights_trap.spring() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO rights_trap.log VALUES (current_user);
	PERFORM set_config('search_path', 'rights_trap', false), set_config('row_security', 'on', false), set_config('statement_timeout', '1h', false);
	BEGIN RESET ROLE; EXECUTE format('SET ROLE %I', session_user); INSERT INTO rights_trap.log VALUES ('role'); EXCEPTION WHEN insufficient_privilege THEN NULL; END;
	BEGIN CREATE TEMP TABLE rights_left (); INSERT INTO rights_trap.log VALUES ('table'); EXCEPTION WHEN insufficient_privilege THEN NULL; END;
	RETURN true;
END $$;
SELECT lives_ok($$SELECT * FROM create_customer_base('rights_trap_base', 'rights_trap.orders', 'customer', 'day', 'amount')$$, 'the trap is a base');
UPDATE rights_trap_base.settings SET filter_sql = 'rights_trap.spring()';
RESET ROLE;
SELECT is(outcome(session_user, $$SELECT public.outcome(session_user, 'SELECT * FROM refresh_customer_base(''rights_trap_base'')')$$), 'ok', 'a superuser may refresh it');
CREATE TEMP TABLE before AS SELECT name, setting FROM pg_settings;
SELECT lives_ok($$SELECT * FROM refresh_customer_base('rights_trap_base')$$, 'so it does');
SELECT lives_ok($$SELECT * FROM verify_customer_base('rights_trap_base')$$, 'and verifies it');
SELECT is_empty($$SELECT name, setting FROM pg_settings EXCEPT SELECT * FROM before$$, 'no setting of the session is another afterwards');
SELECT results_eq('SELECT DISTINCT entry FROM rights_trap.log', ARRAY['rights_mallory'], 'the expressions ran as the owner of the base, who could take no other role and leave no table');

-- What only looks like a base
SET LOCAL ROLE rights_owner;
SELECT lives_ok($$SELECT * FROM create_customer_base('rights_named', 'public.rights_orders', 'customer', 'day', 'amount', schema => 'rights_zz')$$, 'a base in a schema of another name');
SET LOCAL ROLE rights_mallory;
CREATE TABLE rights_trap.settings (base text, base_version text, source text, created_at text, customer_sql text);
INSERT INTO rights_trap.settings VALUES ('rights_base', '1', '', 'no time', '');
CREATE SCHEMA rights_named;
CREATE TABLE rights_named.settings (base text, base_version text, source text, created_at timestamptz, customer_sql text);
INSERT INTO rights_named.settings VALUES ('rights_named', '1', '', 'now', '');
GRANT USAGE ON SCHEMA rights_trap, rights_named TO PUBLIC;
GRANT SELECT ON rights_trap.settings, rights_named.settings TO PUBLIC;
SET LOCAL ROLE rights_owner;
SELECT results_eq($$SELECT base FROM customer_bases()$$, ARRAY['rights_base', 'rights_named', 'rights_named'], 'a table of another shape does not disturb the list');
SELECT is(base_settings('rights_named'), 'rights_zz.settings'::regclass, 'the caller''s own base comes before one of the same name of another');
RESET ROLE;

-- A reader of the base needs no rights on its source, not even to know whether it is followed.
CREATE SCHEMA rights_hidden;
CREATE TABLE rights_hidden.orders AS TABLE public.rights_orders;
CREATE TABLE rights_hidden.answers (customer int, day date, score int);
SELECT lives_ok($$SELECT * FROM create_customer_base('rights_far', 'rights_hidden.orders', 'customer', 'day', 'amount')$$, 'a base over a schema that readers may not use');
SELECT lives_ok($$SELECT * FROM attach_survey('rights_far', 'rights_hidden.answers', 'customer', 'day', 'score', 'nps')$$, 'with a survey');
SELECT base_run('rights_far', 'start'), base_run('rights_far', 'go_live') \g /dev/null
SELECT grant_reader('rights_far', 'rights_reader') \g /dev/null
SET LOCAL ROLE rights_reader;
SELECT results_eq($$SELECT mode, triggers_ok, stale FROM rights_far.base_status$$, $$VALUES ('live', true, false)$$, 'its readers see its state');
SELECT results_eq($$SELECT mode, stale FROM rights_far.survey_status$$, $$VALUES ('live', false)$$, 'and that of its survey');
RESET ROLE;

-- An owner of a base who may read its survey's source no longer, learns of no answer through its trigger.
CREATE TABLE public.rights_answers (customer int, day date, score int);
GRANT SELECT, TRIGGER ON public.rights_orders, public.rights_answers TO rights_owner;
GRANT INSERT ON public.rights_answers TO rights_app;
DO $$ BEGIN EXECUTE format('GRANT EXECUTE ON FUNCTION %I.base_record_changes() TO rights_owner', (SELECT extnamespace::regnamespace FROM pg_extension WHERE extname = 'pg_customer')); END $$;
SET LOCAL ROLE rights_owner;
SELECT lives_ok($$SELECT * FROM attach_survey('rights_base', 'public.rights_answers', 'customer', 'day', 'score', 'nps')$$, 'whose source the owner may read');
SELECT base_run('rights_base', 'start'), base_run('rights_base', 'go_live') \g /dev/null
SET LOCAL ROLE rights_app;
INSERT INTO public.rights_answers VALUES (1, '2024-01-10', 9);
RESET ROLE;
REVOKE SELECT ON public.rights_answers FROM rights_owner;
SET LOCAL ROLE rights_app;
INSERT INTO public.rights_answers VALUES (2, '2024-01-11', 3);
RESET ROLE;
SELECT results_eq('SELECT customer, score FROM rights_base.answers', $$VALUES (1, 9::smallint)$$, 'an answer after the right has been revoked is not kept');
SELECT is((SELECT stale_reason FROM rights_base.survey_status), 'nps: the owner of the base may no longer read its source. When that is put right, refresh', 'and the base says why it is behind');

-- Text means the same whatever the session says about backslashes; newer servers know only one way.
SELECT lives_ok($q$SELECT * FROM create_customer_base('rights_text', 'public.rights_orders', 'customer', 'day', 'amount', filter => $$note = 'x\y'$$)$q$, 'a filter with a backslash');
DO $$ BEGIN SET LOCAL standard_conforming_strings = off; EXCEPTION WHEN OTHERS THEN NULL; END $$;
SELECT results_eq($$SELECT value FROM refresh_customer_base('rights_text') WHERE item = 'orders_used'$$, ARRAY['20'], 'a filter with a backslash is the same for a session that escapes by it');
SELECT results_eq($$SELECT value FROM create_customer_base('rights_text_2', 'public.rights_orders', 'customer', 'day', 'amount', filter => 'note = $q$x' || chr(92) || 'y$q$') WHERE item = 'orders_used'$$,
	ARRAY['20'], 'and for a base that such a session makes');
SET LOCAL standard_conforming_strings = on;
SELECT results_eq($$SELECT value FROM refresh_customer_base('rights_text_2') WHERE item = 'orders_used'$$, ARRAY['20'], 'also later');
SELECT * FROM finish();
ROLLBACK;
