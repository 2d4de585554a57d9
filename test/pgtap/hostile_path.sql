-- Operators and functions that somebody has planted, with exactly the types that ours are called with: neither the install script, run
-- in a schema that is full of them, nor any call, with that schema first on the path, even before pg_catalog, ever takes one.
CREATE EXTENSION IF NOT EXISTS pgtap;
SET client_min_messages = error;
SET jit = off;
SELECT plan(10);

-- What is to be compared afterwards: the same calls with an honest path
CREATE TABLE public.orders (id int, customer varchar, at timestamptz, cents int, city name);
INSERT INTO public.orders SELECT i / 2, 'c' || i % 57, timestamptz '2024-01-01 08:00+00' + i * interval '7 hours', (i * 7919 % 9000) - 400, CASE WHEN i % 3 = 0 THEN '上海' ELSE 'London' END FROM generate_series(1, 1500) AS i;
CREATE TABLE public.people AS SELECT 'c' || i AS id, ('name ' || i)::varchar AS name, i % 2 = 0 AS rich FROM generate_series(0, 60) AS i;
CREATE TABLE public.answers AS SELECT 'c' || i % 57 AS who, timestamptz '2024-03-01 12:00+00' + i * interval '5 hours' AS at, (i * 7 % 11)::smallint AS score, 'q' || i % 3 AS about FROM generate_series(1, 400) AS i;
CREATE PROCEDURE public.calls(result text) LANGUAGE plpgsql AS $$
DECLARE
	statement text;
	rows text;
BEGIN
	EXECUTE format('CREATE TEMP TABLE %I (n int GENERATED ALWAYS AS IDENTITY, statement text, rows text)', result);
	FOREACH statement IN ARRAY ARRAY[
		$q$SELECT customer.create_customer_base('shop', source => 'public.orders', customer => 'customer', purchased_at => 'at', amount => 'cents OPERATOR(pg_catalog./) 100.0', order_id => 'id', tenant => 'city',
			customers => NULL, as_of => 'last_purchase', time_zone => 'Asia/Shanghai', currency => 'CNY', rfm_window => '1 year', visible => 'tenant OPERATOR(pg_catalog.=) ''London''', language => 'zh')$q$,
		$q$SELECT customer.create_customer_base('plain', source => 'public.orders', customer => 'customer', purchased_at => 'at', amount => 'cents', filter => 'cents OPERATOR(pg_catalog.<>) 7', customers => 'public.people', customers_key => 'id',
			attributes => '{name}', as_of => '2025-01-31', can_afford => 'rich', has_need => 'rich', segment_map => 'cn8')$q$,
		$q$SELECT customer.attach_survey('shop', 'public.answers', 'who', 'at', 'score', 'nps', dimension => 'about') FROM (SELECT 1 OFFSET 1) AS none$q$,
		$q$SELECT customer.attach_survey('plain', 'public.answers', 'who', 'at', 'score', 'nps', dimension => 'about')$q$,
		$q$SELECT customer.fit_models('plain', '{nbd}')$q$,
		$q$SELECT count(*) FROM customer.refresh_customer_base('shop')$q$,
		$q$SELECT * FROM customer.verify_customer_base('shop')$q$, $q$SELECT * FROM customer.verify_customer_base('plain')$q$,
		$q$SELECT customer.grant_reader('shop', 'pg_monitor')$q$, $q$SELECT customer.revoke_reader('shop', 'pg_monitor')$q$,
		$q$SELECT base, source FROM customer.customer_bases()$q$,
		$q$SELECT * FROM customer.keep_history_before('plain', '2024-01-02')$q$,
		$q$SELECT customer.base_run('shop', 'fold', 10)$q$, $q$SELECT customer.base_run('plain', 'finish')$q$,
		$q$SELECT * FROM customer.forget_customer('plain', 'nobody')$q$,
		$q$SELECT * FROM customer.summarise('SELECT customer, at, cents FROM public.orders', NULL::varchar) ORDER BY 1$q$,
		$q$SELECT * FROM customer.rfm_table('SELECT customer, at, cents, id FROM public.orders', NULL::varchar, '2025-01-01') ORDER BY 1$q$,
		$q$SELECT * FROM customer.holdout_test('SELECT customer.purchase_history(at, cents) FROM public.orders GROUP BY customer', '2024-09-01', 'nbd') AS h$q$,
		$q$SELECT * FROM customer.small_groups('TABLE public.people', '{rich}', 1000)$q$,
		$q$SELECT customer.rfm_score(h, '2025-01-01', 5, 'quantile') OVER (ORDER BY h::pg_catalog.text) FROM (SELECT customer.purchase_history(at, cents) FROM public.orders GROUP BY customer) AS s (h)$q$,
		$q$SELECT customer.abc_class(customer.total(h)) OVER (), customer.lifecycle_stage(h, '2025-01-01'), customer.churn_signals(h, '2025-01-01') FROM (SELECT customer.purchase_history(at, cents) FROM public.orders GROUP BY customer ORDER BY customer) AS s (h)$q$,
		$q$SELECT customer.nps(score), customer.csat(customer.rating_tally(score)) FROM (SELECT score::int4 FROM public.answers WHERE score OPERATOR(pg_catalog.<=) 5) AS a$q$]
	LOOP
		BEGIN
			EXECUTE format('SELECT pg_catalog.string_agg(q::pg_catalog.text, E''\n'') FROM (%s) AS q', statement) INTO rows;
		EXCEPTION WHEN OTHERS THEN
			rows := SQLSTATE || ' ' || SQLERRM;
		END;
		EXECUTE format('INSERT INTO pg_temp.%I (statement, rows) VALUES (%L, %L)', result, statement, regexp_replace(rows, '\((seconds|bytes),[^)]*\)', '', 'g'));
	END LOOP;
	FOR statement IN SELECT format('SELECT * FROM %s ORDER BY 1, 2', oid::regclass) FROM pg_class WHERE relnamespace IN ('shop'::regnamespace, 'plain'::regnamespace) AND relkind = 'v' AND relname NOT IN ('base_status', 'survey_status', 'model_fit') ORDER BY oid::regclass::text
	LOOP
		BEGIN
			EXECUTE format('SELECT pg_catalog.string_agg(q::pg_catalog.text, E''\n'') FROM (%s) AS q', statement) INTO rows;
		EXCEPTION WHEN OTHERS THEN
			rows := SQLSTATE || ' ' || SQLERRM;
		END;
		EXECUTE format('INSERT INTO pg_temp.%I (statement, rows) VALUES (%L, %L)', result, statement, rows);
	END LOOP;
	PERFORM customer.drop_customer_base('shop'), customer.drop_customer_base('plain');
END $$;
CALL public.calls('honest');
SELECT cmp_ok((SELECT count(*) FROM honest), '>', 80::bigint, 'calls and views');
SELECT is_empty($$SELECT statement, rows FROM honest WHERE rows ~ '^(42|XX)'$$, 'and they work');

-- The plants: every operator for every pair of types that pg_catalog has no operator for, and functions by the names that our bodies use
CREATE SCHEMA planted;
CREATE FUNCTION planted.spring(text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'XX001', MESSAGE = 'planted: ' || $1; END $$;
CREATE TEMP TABLE types AS SELECT oid AS type, format_type(oid, NULL) AS name FROM pg_type
WHERE oid = ANY ('{int2,int4,int8,numeric,float4,float8,text,varchar,bpchar,name,"char",oid,regclass,regtype,regnamespace,regproc,regrole,date,timestamp,timestamptz,interval,jsonb,bool,uuid,_text,_int4,_int2,_name,_oid,oidvector,int2vector}'::regtype[]);
DO $$
DECLARE
	pair record;
	operator text;
	body text;
	planted int := 0;
BEGIN
	FOR pair IN SELECT l.type AS lt, r.type AS rt, l.name AS l, r.name AS r FROM types AS l, types AS r LOOP
		EXECUTE format('CREATE FUNCTION planted.pair(%s, %s) RETURNS boolean LANGUAGE plpgsql AS $b$ BEGIN RETURN planted.spring(%L); END $b$', pair.l, pair.r, pair.l || ', ' || pair.r);
		FOREACH operator IN ARRAY '{=,<>,<,<=,>,>=,+,-,*,/,%,||,->,->>,~,!~,~*,@>}'::text[] LOOP
			CONTINUE WHEN EXISTS (SELECT FROM pg_operator WHERE oprname = operator AND oprleft = pair.lt AND oprright = pair.rt AND oprnamespace = 'pg_catalog'::regnamespace);
			EXECUTE format('CREATE OPERATOR planted.%s (FUNCTION = planted.pair, LEFTARG = %s, RIGHTARG = %s)', operator, pair.l, pair.r);
			planted := planted + 1;
		END LOOP;
	END LOOP;
	FOR body, operator IN SELECT DISTINCT m[1], t.name FROM pg_proc AS p CROSS JOIN LATERAL regexp_matches(pg_get_functiondef(p.oid), '(\w+)\(', 'g') AS m JOIN types AS t ON true
		WHERE p.pronamespace = 'customer'::regnamespace AND p.prokind IN ('f', 'p') AND p.prolang IN (SELECT oid FROM pg_language WHERE lanname IN ('sql', 'plpgsql'))
			AND EXISTS (SELECT FROM pg_proc AS c WHERE c.proname = m[1] AND c.pronamespace = 'pg_catalog'::regnamespace)
			AND NOT EXISTS (SELECT FROM pg_proc AS c WHERE c.proname = m[1] AND c.pronamespace = 'pg_catalog'::regnamespace AND c.proargtypes::oid[] = ARRAY[t.type])
	LOOP
		BEGIN
			EXECUTE format('CREATE FUNCTION planted.%I(%s) RETURNS boolean LANGUAGE plpgsql AS $b$ BEGIN RETURN planted.spring(%L); END $b$', body, operator, body || '(' || operator || ')');
			planted := planted + 1;
		EXCEPTION WHEN duplicate_function THEN NULL;
		END;
	END LOOP;
	PERFORM set_config('test.planted', planted::text, false);
END $$;
SELECT cmp_ok(current_setting('test.planted')::int, '>', 15000, 'plants');

-- Calls, with the plants first on the path
SELECT throws_like($$SET search_path = planted, pg_catalog, customer, public; SELECT 1::smallint + 1::numeric$$, 'planted: smallint, numeric', 'they spring');
SET search_path = planted, pg_catalog, customer, public;
CALL public.calls('hostile');
SET search_path = public, customer;
SELECT is_empty($$SELECT statement, rows FROM hostile WHERE rows ~ 'planted'$$, 'no call takes a plant');
SELECT is_empty($$SELECT a.statement, left(b.rows, 200) FROM honest AS a FULL JOIN hostile AS b USING (n) WHERE a.rows IS DISTINCT FROM b.rows$$, 'and all results are the same');

-- The install script, in a schema with plants: it takes none, or there is no extension
DROP EXTENSION pg_customer;
SELECT throws_ok($$CREATE EXTENSION pg_customer SCHEMA planted$$, '22P02', NULL, 'where plants of all kinds are the extension is not installed');
CREATE SCHEMA few;
CREATE FUNCTION few.note(text[], text) RETURNS text[] LANGUAGE plpgsql AS $$ BEGIN RETURN planted.spring('array_agg')::text; END $$;
CREATE AGGREGATE few.array_agg(text) (SFUNC = few.note, STYPE = text[]);
SELECT throws_ok($$CREATE EXTENSION pg_customer SCHEMA few$$, '42710', 'schema few has objects that pg_customer would mistake for those of PostgreSQL', 'nor where one is that would be taken');
SELECT is((SELECT count(*) FROM pg_extension WHERE extname = 'pg_customer'), 0::bigint, 'it is not');
DROP AGGREGATE few.array_agg(text);
CREATE FUNCTION few.array_agg(few_own text, int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION few.total(text) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE DOMAIN few.text AS int4;
SELECT lives_ok($$CREATE EXTENSION pg_customer SCHEMA few$$, 'objects that nothing takes do no harm');
SELECT * FROM finish();
