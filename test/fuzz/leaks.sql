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

-- What the pool would hardly find
CREATE TABLE fuzz.known (name text, types oid[], arguments text);
INSERT INTO fuzz.known SELECT 'customer.' || name, types::regtype[]::oid[], arguments FROM (VALUES
	('abc_class', '{numeric[],float8}', $$'{100,50}', 70$$), ('abc_class', '{numeric[],numeric}', $$'{100,50}', 70$$),
	('churn_band_label', '{text,text}', $$'high', 'zh'$$), ('churn_index', '{float8,float8,int8,float8[]}', $$0.5, 4, 1, '{0.4,0.3,0.3}'$$),
	('lifecycle_phase', '{customer.lifecycle_stage,text,text}', $$'loyal', 'growth', 'zh'$$), ('quadrant_label', '{text,text}', $$'keep up', 'zh'$$),
	('lifecycle_policy', '{text,int4,int4,text,int4,float8,int4,float8,int4,float8,float8}', $$'retail', 2, 4, 'days', 60, 1.5, 90, 2.5, 180, 4, 30$$),
	('ltv', '{customer.purchase_model,customer.spend_model,float8,float8,float8,float8,int4,float8,float8,float8}',
		$$(SELECT customer.purchase_model('bgnbd', 'week', 0.243, 4.414, 0.793, 2.426)), (SELECT customer.spend_model('gamma_gamma', 6.25, 3.74, 15.44)), 2, 30, 38, 22, 12, 4, 0.01, 0.3$$),
	('pseudonymise', '{text,text}', $$'a', 'a key of sixteen bytes'$$), ('pseudonymise', '{int8,text}', $$1, 'a key of sixteen bytes'$$),
	('pseudonymise', '{uuid,text}', $$'00000000-0000-0000-0000-000000000001', 'a key of sixteen bytes'$$), ('sample_size', '{float8,float8,float8,float8}', '0.1, 0.02, 0.8, 0.95'),
	('abc_breaks', '{float8,numeric,numeric}', '70, 0.8, 0.95'), ('abc_breaks', '{numeric,numeric,numeric}', '70, 0.8, 0.95'), ('auc', '{float8,bool}', '0.5, true UNION ALL SELECT 0.2, false'),
	('bgbb_fit', '{float8,float8,float8}', '0, 0, 6 UNION ALL SELECT 1, 1, 6 UNION ALL SELECT 2, 5, 6 UNION ALL SELECT 4, 6, 6'),
	('nps', '{int4,text}', $$9, '0..10'$$), ('nps', '{numeric,text}', $$9, '0..10'$$), ('nps', '{text,text}', $$'9', '0..10'$$),
	('nps_tally', '{int4,text}', $$9, '0..10'$$), ('nps_tally', '{numeric,text}', $$9, '0..10'$$), ('nps_tally', '{text,text}', $$'9', '0..10'$$),
	('nps_paired_difference', '{float8,float8,text}', $$9, 3, '0..10'$$), ('nps_paired_difference', '{numeric,numeric,text}', $$9, 3, '0..10'$$), ('nps_paired_difference', '{text,text,text}', $$'9', '3', '0..10'$$),
	('period_totals', '{customer.purchase_history,text,date,text}', $$'{2024-01-05 1:9,2024-03-05 2:19}', 'month', '2024-12-31', 'orders'$$),
	('rfm_breaks', '{int4,int8,numeric,int4,text}', $$3, 4, 50, 5, 'quantile'$$),
	('range_retention_count', '{bool,bool,date,int4[],text}', $$true, true, '2024-01-05', '{1,2}', 'day'$$)
	) AS k (name, types, arguments);

-- Arguments with which a function gives a value: three sets at most. The pool's values go through one after the other.
CREATE PROCEDURE fuzz.find_arguments(name text, types oid[], is_aggregate boolean DEFAULT false) LANGUAGE plpgsql AS $$
DECLARE
	columns text := (SELECT string_agg(format('a%s %s', i, format_type(t, NULL)), ', ' ORDER BY i) FROM unnest(types) WITH ORDINALITY AS a(t, i));
	names text := (SELECT string_agg(format('a%s', i), ', ' ORDER BY i) FROM generate_series(1, cardinality(types)) AS i);
	found int := 0;
	good boolean;
BEGIN
	DROP TABLE IF EXISTS fuzz.arguments;
	EXECUTE format('CREATE UNLOGGED TABLE fuzz.arguments (%s)', columns);
	EXECUTE coalesce((SELECT 'INSERT INTO fuzz.arguments SELECT ' || k.arguments FROM fuzz.known AS k WHERE k.name = find_arguments.name AND k.types = find_arguments.types), 'SELECT 1');
	FOR attempt IN 1 .. CASE WHEN EXISTS (SELECT FROM fuzz.arguments) THEN 0 ELSE 150 END LOOP
		BEGIN
			EXECUTE format('INSERT INTO fuzz.arguments SELECT %s', (SELECT string_agg(
				(SELECT format('%L::%s', value, format_type(t, NULL)) FROM fuzz.pool WHERE type = t ORDER BY md5(value || attempt || i) LIMIT 1), ', ' ORDER BY i)
				FROM unnest(types) WITH ORDINALITY AS a(t, i)));
			EXECUTE format('SELECT %s(%s) IS DISTINCT FROM NULL FROM fuzz.arguments%s OFFSET %s', name, names,
				CASE WHEN is_aggregate THEN ', generate_series(1, 100)' ELSE '' END, found) INTO good;
			IF good THEN
				found := found + 1;
				EXIT WHEN found = 3 OR is_aggregate;
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

-- An aggregate, over groups of a hundred rows one after the other: what one leaves, the next adds to.
CREATE PROCEDURE fuzz.measure_aggregate(function regprocedure, name text, types oid[], calls bigint, seconds float8) LANGUAGE plpgsql AS $$
DECLARE
	names text := (SELECT string_agg(format('a%s', i), ', ' ORDER BY i) FROM generate_series(1, cardinality(types)) AS i);
	begun timestamptz;
	groups bigint := 20;
	per_group float8;
	points bigint[];
BEGIN
	CALL fuzz.find_arguments(name, types, true);
	IF EXISTS (SELECT FROM fuzz.arguments) THEN
		SET LOCAL enable_hashagg = off;
		-- Twice: the first finds how many groups fit into the time.
		FOR round IN 1 .. 2 LOOP
			begun := clock_timestamp();
			EXECUTE format('SELECT array_agg(fuzz.contexts()) FILTER (WHERE g %% %s = 0) FROM (SELECT g, %s(%s) AS value FROM generate_series(1, %s) AS g, generate_series(1, 100) AS i, fuzz.arguments GROUP BY g OFFSET 0) AS groups
				WHERE value IS DISTINCT FROM NULL', greatest(groups / 10, 1), name, names, groups) INTO points;
			per_group := extract(epoch FROM clock_timestamp() - begun) / groups;
			EXIT WHEN round = 2;
			groups := greatest(least(calls / 100, (seconds / (per_group + 1e-6))::bigint) / 10 * 10, 20);
		END LOOP;
	ELSE
		groups := 0;
	END IF;
	INSERT INTO fuzz.memory VALUES (function::text, groups * 100, 1, per_group / 100, points[10] - points[2], 0);
END $$;

\unset ON_ERROR_STOP
SET statement_timeout = '10min';
SELECT format('CALL fuzz.find_arguments(%L, %L)', format('customer.%I', p.proname), p.types) AS find,
	format('CALL fuzz.measure(%s, %L, %s, %s)', p.oid, format('customer.%I', p.proname), :calls, :seconds) AS measure
FROM (SELECT oid, proname, array(SELECT CASE t WHEN 'anyelement'::regtype THEN 'date'::regtype WHEN 'anycompatible'::regtype THEN 'integer'::regtype ELSE t END
		FROM unnest(proargtypes) WITH ORDINALITY AS a(t, i) ORDER BY i)::oid[] AS types, provariadic
	FROM pg_proc WHERE pronamespace = 'customer'::regnamespace AND prokind = 'f' AND provolatile = 'i' AND NOT proretset AND pronargs > 0
		AND pg_proc.oid NOT IN (SELECT unnest(ARRAY[aggtransfn, aggcombinefn, aggfinalfn]) FROM pg_aggregate) AND provariadic = 0 AND prolang IN (SELECT oid FROM pg_language WHERE lanname = 'c')
		AND NOT EXISTS (SELECT FROM unnest(proargtypes) AS t WHERE t NOT IN (SELECT type FROM fuzz.pool UNION SELECT unnest('{anyelement,anycompatible}'::regtype[])))) AS p
ORDER BY p.oid::regprocedure::text \gexec

SELECT format('CALL fuzz.measure_aggregate(%s, %L, %L, %s, %s)', p.oid, format('customer.%I', p.proname), p.types, :calls, :seconds)
FROM (SELECT oid, proname, array(SELECT CASE t WHEN 'anyelement'::regtype THEN 'date'::regtype WHEN 'anycompatible'::regtype THEN 'integer'::regtype ELSE t END
		FROM unnest(proargtypes) WITH ORDINALITY AS a(t, i) ORDER BY i)::oid[] AS types
	FROM pg_proc JOIN pg_aggregate AS a ON a.aggfnoid = pg_proc.oid WHERE pronamespace = 'customer'::regnamespace AND proname <> 'segment_map_check' AND aggkind = 'n' AND provariadic = 0 AND pronargs > 0
		AND NOT EXISTS (SELECT FROM unnest(proargtypes) AS t WHERE t NOT IN (SELECT type FROM fuzz.pool UNION SELECT unnest('{anyelement,anycompatible}'::regtype[])))) AS p
ORDER BY p.oid::regprocedure::text \gexec

SELECT format('%s functions, %s calls in one statement, %s in %s statements', count(*) FILTER (WHERE statements = 1), sum(calls) FILTER (WHERE statements = 1),
	sum(calls) FILTER (WHERE statements > 1), sum(statements) FILTER (WHERE statements > 1)) FROM fuzz.memory;
SELECT format('no arguments found: %s', coalesce(string_agg(function, ', '), 'none')) FROM fuzz.memory WHERE calls = 0;
SELECT format('not measured: %s', string_agg(function, ', ')) FROM fuzz.memory WHERE calls > 0 AND context_growth IS NULL HAVING count(*) > 0;
SELECT format('GROWS: %s: contexts %s, process %s bytes over %s calls in %s statements', function, context_growth, process_growth, calls, statements)
FROM fuzz.memory WHERE context_growth > 1000000 OR process_growth > 4000000;
