-- After seeds.sql: a role that may read, a table of values for each type, and a customer base with surveys and models.
SET client_min_messages = error;
SET search_path = public, customer;
DO $$
DECLARE
	t record;
BEGIN
	FOR t IN SELECT type, type::regtype AS name FROM fuzz.types WHERE type <> 'regclass'::regtype LOOP
		EXECUTE format('CREATE TABLE public.%I AS SELECT value::%s AS value, row_number() OVER ()::int AS id FROM fuzz.pool WHERE type = %s',
			'some_' || regexp_replace(t.name::text, '\W+', '_', 'g'), t.name, t.type);
	END LOOP;
END $$;
CREATE TABLE public.orders AS SELECT customer, day AS at, amount FROM fuzz.orders;
CREATE TABLE public.answers AS SELECT customer, day AS at, (customer * 7 % 11)::text AS score FROM fuzz.orders;
SELECT * FROM create_customer_base('shop', source => 'public.orders', customer => 'customer', purchased_at => 'at', amount => 'amount', as_of => '2025-06-30');
SELECT * FROM attach_survey('shop', 'public.answers', 'customer', 'at', 'score', 'nps');
SELECT * FROM fit_models('shop');
CREATE ROLE smith LOGIN;
CALL start_maintenance('shop');
SELECT grant_reader('shop', 'smith');
GRANT USAGE ON SCHEMA customer TO smith;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO smith;
GRANT INSERT, UPDATE, DELETE ON public.orders TO smith;
ALTER ROLE smith SET search_path = public, customer;
ALTER ROLE smith SET statement_timeout = '1s';
DROP SCHEMA fuzz CASCADE;
