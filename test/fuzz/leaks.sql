-- After seeds.sql: memory over many calls. The variables calls and seconds say how many.
\set ON_ERROR_STOP on
SET client_min_messages = error;
SET search_path = customer, public;
SET jit = off;
SET max_parallel_workers_per_gather = 0;
CREATE TABLE fuzz.memory (function text, calls bigint, statements int, per_call float8, context_growth bigint, process_growth bigint);

-- Memory of all contexts, and of the process.
CREATE FUNCTION fuzz.contexts() RETURNS bigint LANGUAGE sql VOLATILE AS $$ SELECT sum(total_bytes)::bigint FROM pg_backend_memory_contexts $$;
CREATE FUNCTION fuzz.process() RETURNS bigint LANGUAGE sql VOLATILE AS
$$ SELECT 1024 * (regexp_match(pg_read_file('/proc/self/status', 0, 10000), 'RssAnon:\s+(\d+)'))[1]::bigint $$;

-- Arguments with which a function gives a value: three sets at most. The pool's values go through one after the other.
CREATE PROCEDURE fuzz.find_arguments(name text, types oid[]) LANGUAGE plpgsql AS $$
DECLARE
	columns text := (SELECT string_agg(format('a%s %s', i, format_type(t, NULL)), ', ' ORDER BY i) FROM unnest(types) WITH ORDINALITY AS a(t, i));
	names text := (SELECT string_agg(format('a%s', i), ', ' ORDER BY i) FROM generate_series(1, cardinality(types)) AS i);
	found int := 0;
	good boolean;
BEGIN
	DROP TABLE IF EXISTS fuzz.arguments;
	EXECUTE format('CREATE UNLOGGED TABLE fuzz.arguments (%s)', columns);
	FOR attempt IN 1 .. 150 LOOP
		BEGIN
			EXECUTE format('INSERT INTO fuzz.arguments SELECT %s', (SELECT string_agg(
				(SELECT format('%L::%s', value, format_type(t, NULL)) FROM fuzz.pool WHERE type = t ORDER BY md5(value || attempt || i) LIMIT 1), ', ' ORDER BY i)
				FROM unnest(types) WITH ORDINALITY AS a(t, i)));
			EXECUTE format('SELECT %s(%s) IS NOT NULL FROM fuzz.arguments OFFSET %s', name, names, found) INTO good;
			IF good THEN
				found := found + 1;
				EXIT WHEN found = 3;
			ELSE
				RAISE EXCEPTION 'no value';
			END IF;
		EXCEPTION WHEN OTHERS THEN
			NULL;
		END;
	END LOOP;
END $$;

CREATE PROCEDURE fuzz.measure(function regprocedure, name text, calls bigint, seconds float8) LANGUAGE plpgsql AS $$
DECLARE
	names text;
	rows bigint;
	begun timestamptz;
	per_call float8;
	planned bigint;
	points bigint[];
	processes bigint[];
	before bigint;
	statements int;
BEGIN
	SELECT string_agg(attname, ', ' ORDER BY attnum), max(attnum) INTO names FROM pg_attribute WHERE attrelid = 'fuzz.arguments'::regclass AND attnum > 0;
	EXECUTE 'SELECT count(*) FROM fuzz.arguments' INTO rows;
	IF rows = 0 THEN
		INSERT INTO fuzz.memory VALUES (function::text, 0, 0, 0, 0, 0);
		RETURN;
	END IF;
	begun := clock_timestamp();
	EXECUTE format('SELECT count(%s(%s)) FROM generate_series(1, 300) AS i, fuzz.arguments', name, names);
	per_call := extract(epoch FROM clock_timestamp() - begun) / (300 * rows);
	planned := greatest(least(calls, (seconds / (per_call + 1e-7))::bigint) / rows, 100);
	-- One statement: memory at each tenth.
	EXECUTE format('SELECT array_agg(CASE WHEN i %% %s = 0 AND n = 1 THEN (SELECT fuzz.contexts() WHERE i > 0) END) FILTER (WHERE i %% %s = 0 AND n = 1),
		array_agg(CASE WHEN i %% %s = 0 AND n = 1 THEN (SELECT fuzz.process() WHERE i > 0) END) FILTER (WHERE i %% %s = 0 AND n = 1), count(%s(%s))
		FROM generate_series(1, %s) AS i, (SELECT row_number() OVER () AS n, * FROM fuzz.arguments) AS a', planned / 10, planned / 10, planned / 10, planned / 10, name, names, planned)
		INTO points, processes;
	INSERT INTO fuzz.memory VALUES (function::text, planned * rows, 1, per_call, points[10] - points[1], processes[10] - processes[1]);
	-- Many statements of this transaction.
	statements := greatest(least(calls / 100, (seconds / 4 / (per_call + 1e-4))::bigint), 100);
	FOR i IN 1 .. statements LOOP
		IF i = statements / 10 THEN
			before := fuzz.contexts();
		END IF;
		EXECUTE format('SELECT count(%s(%s)) FROM fuzz.arguments', name, names);
	END LOOP;
	INSERT INTO fuzz.memory VALUES (function::text, statements * rows, statements, per_call, fuzz.contexts() - before, 0);
END $$;

\unset ON_ERROR_STOP
SET statement_timeout = '10min';
SELECT format('CALL fuzz.find_arguments(%L, %L)', format('customer.%I', p.proname), p.types) AS find,
	format('CALL fuzz.measure(%s, %L, %s, %s)', p.oid, format('customer.%I', p.proname), :calls, :seconds) AS measure
FROM (SELECT oid, proname, array(SELECT CASE t WHEN 'anyelement'::regtype THEN 'date'::regtype WHEN 'anycompatible'::regtype THEN 'integer'::regtype ELSE t END
		FROM unnest(proargtypes) WITH ORDINALITY AS a(t, i) ORDER BY i)::oid[] AS types, provariadic
	FROM pg_proc WHERE pronamespace = 'customer'::regnamespace AND prokind = 'f' AND provolatile = 'i' AND NOT proretset AND pronargs > 0
		AND provariadic = 0 AND prolang IN (SELECT oid FROM pg_language WHERE lanname = 'c')
		AND NOT EXISTS (SELECT FROM unnest(proargtypes) AS t WHERE t NOT IN (SELECT type FROM fuzz.pool UNION SELECT unnest('{anyelement,anycompatible}'::regtype[])))) AS p
ORDER BY p.oid::regprocedure::text \gexec

SELECT format('%s functions, %s calls in one statement, %s in %s statements', count(*) FILTER (WHERE statements = 1), sum(calls) FILTER (WHERE statements = 1),
	sum(calls) FILTER (WHERE statements > 1), sum(statements) FILTER (WHERE statements > 1)) FROM fuzz.memory;
SELECT format('no arguments found: %s', coalesce(string_agg(function, ', '), 'none')) FROM fuzz.memory WHERE calls = 0;
SELECT format('GROWS: %s: contexts %s, process %s bytes over %s calls in %s statements', function, context_growth, process_growth, calls, statements)
FROM fuzz.memory WHERE context_growth > 1000000 OR process_growth > 4000000;
