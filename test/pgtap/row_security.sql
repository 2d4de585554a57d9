-- Bases whose readers see a part of the customers, by the option visible: of their tenant, or of a list. Procedures commit, so this script
-- does not run in a transaction but leaves what it makes to the database, which is thrown away.
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT plan(46);
SET client_min_messages = error;

CREATE ROLE seen_owner;
CREATE ROLE seen_east;
CREATE ROLE seen_west;
CREATE ROLE seen_app;
DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO seen_owner', current_database()); END $$;
DO $$ BEGIN EXECUTE format('GRANT USAGE ON SCHEMA %I TO PUBLIC', (SELECT extnamespace::regnamespace FROM pg_extension WHERE extname = 'pg_customer')); END $$;
GRANT USAGE ON SCHEMA public TO PUBLIC;
GRANT CREATE ON SCHEMA public TO seen_owner;
SELECT format('GRANT EXECUTE ON FUNCTION %I.base_record_changes() TO seen_owner', extnamespace::regnamespace) FROM pg_extension WHERE extname = 'pg_customer' \gexec

SET ROLE seen_owner;
CREATE TABLE public.seen_orders (region text, customer int, day date, amount numeric);
INSERT INTO public.seen_orders SELECT CASE WHEN i % 3 = 0 THEN 'seen_west' ELSE 'seen_east' END, i % 40, '2024-01-01'::date + i % 300, 10 + i % 90 FROM generate_series(1, 600) AS i;
INSERT INTO public.seen_orders VALUES ('seen_east', 1, '2024-05-05', 'NaN'), ('seen_west', NULL, '2024-05-05', 3);
ALTER TABLE public.seen_orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON public.seen_orders USING (region = current_user);
GRANT SELECT, INSERT ON public.seen_orders TO seen_east, seen_west, seen_app;
CREATE POLICY write ON public.seen_orders FOR INSERT TO seen_app WITH CHECK (true);
CREATE TABLE public.seen_answers (region text, who int, at date, score int, why text);
INSERT INTO public.seen_answers SELECT CASE WHEN i % 3 = 0 THEN 'seen_west' ELSE 'seen_east' END, i % 40, '2024-06-01'::date + i % 60, i % 11, NULL FROM generate_series(1, 200) AS i;
CREATE FUNCTION pg_temp.make(visible text) RETURNS bigint LANGUAGE sql AS $$
	SELECT count(*) FROM create_customer_base('seen', 'public.seen_orders', 'customer', 'day', 'amount', tenant => 'region', as_of => 'last_purchase', visible => visible) $$;

-- Without the option: the base is its owner's alone
SELECT ok(pg_temp.make(NULL) > 0, 'a base over a source with row-level security');
SELECT throws_ok($$SELECT grant_reader('seen', 'seen_east')$$, '42501', 'public.seen_orders has row-level security, which customer base "seen" does not have', 'has no readers');
SELECT lives_ok($$SELECT drop_customer_base('seen')$$, 'it goes');

-- What cannot be
SELECT throws_ok($$SELECT pg_temp.make('')$$, '22023', 'option visible cannot be ''''', 'an empty condition');
SELECT throws_ok($$SELECT pg_temp.make('region')$$, '42703', NULL, 'a column of the source');
SELECT throws_ok($$SELECT pg_temp.make('region = current_user')$$, '42703', NULL, 'also in an expression');
SELECT throws_ok($$SELECT pg_temp.make('customer')$$, '42804', 'option visible is of type integer, not boolean', 'no condition');
SELECT throws_ok($$SELECT pg_temp.make('total > 100')$$, '22023', 'option visible cannot ask for the column total', 'a column of one table alone');
SELECT throws_ok($$SELECT pg_temp.make('random() < customer')$$, '0A000', 'option visible: a volatile function cannot be used', 'chance');
SELECT throws_ok($$SELECT pg_temp.make('tenant IN (SELECT region FROM public.seen_orders)')$$, '0A000', 'option visible: a subquery cannot be used', 'a subquery');
SELECT throws_ok($$SELECT pg_temp.make('true); DROP TABLE public.seen_orders; SELECT (true')$$, '42601', NULL, 'more than an expression');

-- By tenant
SELECT ok(pg_temp.make('tenant = current_user') > 0, 'a base with the condition');
SELECT ok((SELECT count(*) FROM attach_survey('seen', 'public.seen_answers', 'who', 'at', 'score', 'nps')) > 0, 'with a survey');
SELECT ok((SELECT count(*) FROM fit_models('seen', '{nbd}')) > 0, 'and a model');
CALL start_maintenance('seen');
CALL advance_customer_base('seen');
-- the triggers write as the owner, whoever orders
SET ROLE seen_app;
INSERT INTO public.seen_orders VALUES ('seen_west', 3, '2024-11-02', 77), ('seen_west', 99, '2024-11-01', 88), ('seen_east', 98, '2024-11-02', 99);
SET ROLE seen_owner;
SELECT is((SELECT count(*) FROM seen.deltas), 3::bigint, 'it is live, also for who may only insert');
SELECT lives_ok($$SELECT grant_reader('seen', 'seen_east'), grant_reader('seen', 'seen_west')$$, 'has readers');
SELECT is_empty($$SELECT relname FROM pg_class AS c WHERE relnamespace = 'seen'::regnamespace AND relkind = 'r' AND NOT relrowsecurity
		AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = c.oid AND attname IN ('customer', 'tenant') AND attnum > 0) AND relname NOT IN ('settings', 'surveys')$$,
	'every table with a customer or a tenant has a policy');
SELECT is((SELECT count(DISTINCT tenant) FROM seen.customers), 2::bigint, 'its owner sees all');

-- every view and function of a day, as a reader, is what the owner sees of the reader's tenant
CREATE TEMP TABLE views AS
SELECT c.relname::text AS view, EXISTS (SELECT FROM pg_attribute WHERE attrelid = c.oid AND attname = 'tenant') AS has_tenant
FROM pg_class AS c WHERE c.relnamespace = 'seen'::regnamespace AND c.relkind = 'v';
GRANT SELECT ON views TO PUBLIC;
CREATE TEMP TABLE pictures (who name, view text, rows jsonb);
GRANT ALL ON pictures TO PUBLIC;
CREATE FUNCTION pg_temp.picture(condition text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE view text;
BEGIN
	FOR view IN SELECT v.view FROM pg_temp.views AS v WHERE has_tenant LOOP
		EXECUTE format('INSERT INTO pg_temp.pictures SELECT %L, %L, coalesce(jsonb_agg(to_jsonb(v) ORDER BY to_jsonb(v)), ''[]'') FROM seen.%I AS v WHERE %s', substring(condition FROM 'seen_\w+'), view || CASE WHEN current_user = 'seen_owner' THEN ' all' ELSE '' END, view, condition);
	END LOOP;
END $$;
SELECT pg_temp.picture('tenant = ''seen_east'''), pg_temp.picture('tenant = ''seen_west''') \g /dev/null
SET ROLE seen_east;
SELECT pg_temp.picture('true OR ''seen_east'' IS NULL') \g /dev/null
SET ROLE seen_west;
SELECT pg_temp.picture('true OR ''seen_west'' IS NULL') \g /dev/null
SET ROLE seen_owner;
SELECT cmp_ok((SELECT count(*) FROM views WHERE has_tenant), '>=', 20::bigint, 'views with a tenant');
SELECT is_empty($$SELECT a.who, a.view FROM pictures AS a JOIN pictures AS b ON b.who = a.who AND b.view = a.view || ' all' AND b.rows <> a.rows$$, 'a reader''s views are the owner''s of that tenant');
SELECT cmp_ok((SELECT count(*) FROM pictures WHERE jsonb_array_length(rows) > 0 AND view !~ ' all$'), '>=', 34::bigint, 'and hold rows');
SET ROLE seen_west;
SELECT results_eq($$SELECT DISTINCT tenant FROM seen.customers_at('2024-06-30')$$, ARRAY['seen_west'], 'also on a day of the past');
SELECT results_eq($$SELECT DISTINCT tenant FROM seen.histories$$, ARRAY['seen_west'], 'and the histories');
SELECT is((SELECT count(*) FROM seen.quarantine) + (SELECT count(*) FROM seen.quality), 0::bigint, 'rows that could not be used are the owner''s to see');
SELECT is((SELECT rows_seen FROM seen.base_status), NULL::bigint, 'so are counts over all');
SELECT is((SELECT customers FROM seen.base_status), 41::bigint, 'customers are those that one sees');
-- nor by the planner's statistics, nor by an operator that tells
SELECT is((SELECT count(*) FROM pg_stats WHERE schemaname = 'seen' AND tablename IN ('summary', 'answers')), 0::bigint, 'statistics of the tables are hidden');
CREATE FUNCTION pg_temp.tell(int, int) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS $$ BEGIN IF $1 NOT IN (SELECT customer FROM seen.summary_now) THEN RAISE EXCEPTION 'saw %', $1; END IF; RETURN true; END $$;
CREATE OPERATOR pg_temp.<<< (FUNCTION = pg_temp.tell, LEFTARG = int, RIGHTARG = int);
SELECT lives_ok($$SELECT count(*) FROM seen.customers WHERE customer OPERATOR(pg_temp.<<<) 1$$, 'a function that tells is told of nobody else');
SELECT throws_ok($$SELECT verify_customer_base('seen')$$, '42501', NULL, 'a reader does not act on it');

SET ROLE seen_owner;
SELECT is_empty($$SELECT * FROM verify_customer_base('seen')$$, 'the base is right');
SELECT lives_ok($$SELECT drop_customer_base('seen')$$, 'the base goes, policies with it');

-- Lines of orders are read as the owner, so such a base is refreshed
SELECT ok((SELECT count(*) FROM create_customer_base('seen', 'public.seen_orders', 'customer', 'day', 'amount', order_id => 'amount', tenant => 'region', as_of => 'last_purchase', visible => 'tenant = current_user')) > 0,
	'a base of order lines');
SELECT throws_ok($$SELECT base_check_live(base_options('seen.settings'))$$, '0A000', 'customer base "seen" cannot be live: it has the options order_id and visible', 'cannot be live');
SELECT lives_ok($$SELECT drop_customer_base('seen')$$, 'it goes');

-- By customer
CREATE FUNCTION public.seen_friend(c int) RETURNS boolean LANGUAGE sql STABLE AS $$ SELECT c < 5 $$;
SELECT ok(pg_temp.make('public.seen_friend(customer)') > 0, 'a condition on the customer, by a function of one''s own');
SELECT ok((SELECT count(*) FROM attach_survey('seen', 'public.seen_answers', 'who', 'at', 'score', 'nps')) > 0, 'with a survey');
SELECT lives_ok($$SELECT grant_reader('seen', 'seen_east')$$, 'and a reader');
SET ROLE seen_east;
SELECT set_eq($$SELECT customer FROM seen.customers$$, ARRAY[0, 1, 2, 3, 4], 'who sees these customers');
SELECT set_eq($$SELECT customer FROM seen.rfm$$, ARRAY[0, 1, 2, 3, 4], 'in every view');
SELECT is((SELECT count(*) FROM seen.customers WHERE rfm IS NULL), 0::bigint, 'scored by the limits of all');
SELECT is((SELECT count(*) FROM seen.nps_by_period), 0::bigint, 'counts without a customer are hidden');
SET ROLE seen_owner;
SELECT lives_ok($$SELECT drop_customer_base('seen')$$, 'it goes');

-- All, said so
SELECT ok(pg_temp.make('true') > 0, 'everyone sees all');
SELECT lives_ok($$SELECT grant_reader('seen', 'seen_east')$$, 'is a choice');
SET ROLE seen_east;
SELECT is((SELECT count(DISTINCT tenant) FROM seen.customers), 2::bigint, 'and then it is so');
SELECT is((SELECT count(*) FROM seen.quarantine), 0::bigint, 'but for rows that could not be used');
RESET ROLE;
SELECT * FROM finish();
