-- Random options for customer bases and surveys, until so many seconds are over: each must give a base or an ordinary error.
SET client_min_messages = error;
SET search_path = public, customer;
CREATE TABLE "Odd Orders" ("Kunde Nr" uuid, at timestamptz, day date, amount numeric, cents bigint, "or'd;er" text, country text, price float8, j jsonb, span interval, tags text[]);
INSERT INTO "Odd Orders" SELECT md5((i % 20)::text)::uuid, '2024-01-01 UTC'::timestamptz + i * interval '5 hours', '2024-01-01'::date + i % 300, i % 50 - 3, i * 7, 'o' || i / 2,
	CASE WHEN i % 9 > 0 THEN 'DE' END, i / 3.0, '{}', '1 day', '{a}' FROM generate_series(1, 200) AS i;
CREATE VIEW seen AS SELECT * FROM "Odd Orders";
CREATE TABLE parts (LIKE "Odd Orders") PARTITION BY RANGE (at);
CREATE TABLE part1 PARTITION OF parts DEFAULT;
CREATE TABLE answers ("Kunde Nr" uuid, at timestamptz, score text, n int, country text, topic text);
INSERT INTO answers SELECT md5((i % 20)::text)::uuid, now(), (i % 13)::text, i % 11, 'DE', 'x' FROM generate_series(1, 50) AS i;
CREATE TABLE attempts (state text, message text, call text);

DO $do$
DECLARE
	pieces text[] := ARRAY['public."Odd Orders"', 'seen', 'parts', 'answers', 'pg_class', 'nowhere', 'Kunde Nr', '"Kunde Nr"', 'at', 'day', 'amount', 'cents', 'cents / 100.0', 'price', 'or''d;er', 'country', 'j', 'span', 'tags',
		'', ' ', 'amount; DROP TABLE answers', 'amount) FROM answers --', '1/0', 'random()', 'sum(amount)', '(SELECT 1)', 'amount::text', 'NULL', 'xmin', 'amount + "nothing"', 'amount > 0',
		'UTC', 'Asia/Shanghai', 'Nowhere/City', 'EUR', 'CNY', 'euro', 'en', 'zh', 'xx', 'retail', 'grocery', 'retail, churned_days 90', 'pareto_nbd', 'bgnbd', 'none', 'month', 'week', 'nps', 'csat', 'ces', '1..5', '0..10',
		'infinity', '2024-06-30', '0001-01-01 BC', 'NaN', '-1', '0', '5', '1e9', '2147483647', '0.5', '90 days', '-1 month', '{country}', '{}', '{a,NULL}', '"', '''', '$$', '%s', E'a\nb', repeat('x', 70), '很满意'];
	making text[] := (SELECT proargnames[1:pronargs] FROM pg_proc WHERE proname = 'create_customer_base');
	making_types text[] := (SELECT array(SELECT t::regtype::text FROM unnest(proargtypes) WITH ORDINALITY AS a(t, i) ORDER BY i) FROM pg_proc WHERE proname = 'create_customer_base');
	asking text[] := (SELECT proargnames[1:pronargs] FROM pg_proc WHERE proname = 'attach_survey');
	given text[];
	call text;
	rows bigint;
	ends timestamptz := clock_timestamp() + current_setting('fuzz.seconds')::float8 * interval '1 second';
BEGIN
	PERFORM setseed(0.5);
	WHILE clock_timestamp() < ends LOOP
		given := ARRAY[format('source => %L', CASE WHEN random() < 0.8 THEN pieces[1 + (random() * 2)::int] ELSE pieces[1 + (random() * (cardinality(pieces) - 1))::int] END), 'customer => ''Kunde Nr''',
			'purchased_at => ''at''', 'amount => ''amount'''];
		FOR i IN 1 .. (random() * 4)::int LOOP
			given := given || (SELECT format('%I => %L::%s', making[n], pieces[1 + (random() * (cardinality(pieces) - 1))::int], making_types[n]) FROM (SELECT 2 + (random() * (cardinality(making) - 2))::int AS n) AS s);
		END LOOP;
		call := format('SELECT count(*) FROM create_customer_base(%L, %s)', CASE WHEN random() < 0.9 THEN 'shop' ELSE pieces[1 + (random() * (cardinality(pieces) - 1))::int] END,
			(SELECT string_agg(o, ', ') FROM (SELECT DISTINCT ON (split_part(o, ' =>', 1)) o FROM unnest(given) WITH ORDINALITY AS g(o, i) ORDER BY split_part(o, ' =>', 1), i DESC) AS s));
		BEGIN
			EXECUTE call INTO rows;
			IF random() < 0.5 THEN
				given := ARRAY['''shop''', '''answers''', '''Kunde Nr''', '''at''', '''n''', '''nps'''];
				call := call || '; ' || format('SELECT count(*) FROM attach_survey(%s)', (SELECT string_agg(CASE WHEN random() < 0.15 THEN quote_literal(pieces[1 + (random() * (cardinality(pieces) - 1))::int]) ELSE g END, ', ' ORDER BY i)
					FROM unnest(given) WITH ORDINALITY AS g(g, i)) || CASE WHEN random() < 0.5 THEN (SELECT format(', %I => %L', asking[n], pieces[1 + (random() * (cardinality(pieces) - 1))::int])
					FROM (SELECT 7 + (random() * (cardinality(asking) - 7))::int AS n) AS s) ELSE '' END);
				EXECUTE split_part(call, '; SELECT count(*) FROM attach', 1);
				EXECUTE 'SELECT count(*) FROM attach' || split_part(call, '; SELECT count(*) FROM attach', 2);
			END IF;
			RAISE EXCEPTION 'a base' USING ERRCODE = 'P0F00';
		EXCEPTION WHEN OTHERS THEN
			INSERT INTO attempts VALUES (SQLSTATE, SQLERRM, call);
		END;
	END LOOP;
END $do$;
SELECT 'OUTCOMES of ' || sum(n) || ': ' || string_agg(CASE state WHEN 'P0F00' THEN 'value' ELSE state END || ' ' || n, ' ' ORDER BY n DESC) FROM (SELECT state, count(*) AS n FROM attempts GROUP BY state) AS s;
SELECT DISTINCT ON (message) 'FINDING ' || state || ': ' || message || ': ' || call FROM attempts WHERE state ~ '^(XX|P0001|26)' ORDER BY message;
