
-- Live bases: starting, stopping, running, and what may go wrong ------------------------------------

CREATE FUNCTION base_run(base text, step text, argument bigint DEFAULT 0) RETURNS bigint
	AS 'MODULE_PATHNAME', 'base_run' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION base_run(text, text, bigint) IS
'One step of a procedure on a customer base (start, go_live, stop, fold, advance, adopt, finish), each a transaction of its own; for members of the base''s owner, whose rights it uses.';

CREATE FUNCTION base_check_top_level(routine text) RETURNS void
	AS 'MODULE_PATHNAME', 'base_check_top_level' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION base_check_top_level(text) IS
'Raises an error within a transaction block, and where transactions are not READ COMMITTED.';

-- The tables that a base reads: its source, and where that is partitioned, each partition.
CREATE FUNCTION base_tables(source regclass) RETURNS TABLE (relation regclass, kind "char")
	LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT c.oid::regclass, c.relkind
	FROM (SELECT source AS relid UNION SELECT t.relid FROM pg_catalog.pg_partition_tree(source) AS t) AS t
		JOIN pg_catalog.pg_class AS c ON c.oid = t.relid
	ORDER BY c.oid <> source, c.oid;
END;
COMMENT ON FUNCTION base_tables(regclass) IS
'The source of a customer base and all its partitions.';

-- The table of a name that is stored with its schema; NULL: there is none. Other than to_regclass, it asks nobody for rights on that schema.
CREATE FUNCTION base_find_table(name text) RETURNS regclass
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT c.oid::regclass FROM pg_catalog.parse_ident(name) AS p (parts)
		JOIN pg_catalog.pg_namespace AS n ON n.nspname = p.parts[1]::name JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = p.parts[2]::name;
END;
COMMENT ON FUNCTION base_find_table(text) IS
'The table of a qualified name, for readers who may not use its schema; NULL if there is none.';

-- The names of a base's triggers are for people to read, so they hold the name of its schema where it fits.
CREATE FUNCTION base_triggers(schema name) RETURNS TABLE (event text, type smallint, trigger name, referencing text)
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT e.event, e.type::smallint, pg_catalog.concat('pg_customer_', CASE WHEN pg_catalog.octet_length(schema::text) > 40 THEN pg_catalog.md5(schema::text) ELSE schema END, '_', pg_catalog.lower(e.event))::name, e.referencing
	FROM (VALUES ('INSERT', 4, 'REFERENCING NEW TABLE AS new_rows'), ('UPDATE', 16, 'REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows'),
		('DELETE', 8, 'REFERENCING OLD TABLE AS old_rows'), ('TRUNCATE', 32, '')) AS e (event, type, referencing);
END;
COMMENT ON FUNCTION base_triggers(name) IS
'The triggers that a live customer base has on each table of its source, with their types in pg_trigger.';

-- Every trigger of any base, and the schema that it serves.
CREATE FUNCTION base_present_triggers() RETURNS TABLE (relation regclass, trigger name, schema name, type smallint, enabled boolean)
	LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT g.tgrelid::regclass, g.tgname, pg_catalog.convert_from(pg_catalog.substr(g.tgargs, 1, pg_catalog.length(g.tgargs) - 1), pg_catalog.getdatabaseencoding())::name, g.tgtype, g.tgenabled IN ('O', 'A')
	FROM pg_catalog.pg_trigger AS g WHERE g.tgfoid = 'base_record_changes()'::regprocedure AND g.tgnargs = 1;
END;
COMMENT ON FUNCTION base_present_triggers() IS
'The triggers of all customer bases, by the schema of the base.';

-- Which triggers a live base lacks: on a new partition, or where somebody has dropped or disabled one. Their names do not matter.
CREATE FUNCTION base_missing_triggers(schema name, source regclass) RETURNS TABLE (relation regclass, trigger name, event text, referencing text, disabled boolean)
	LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT t.relation, e.trigger, e.event, e.referencing, g.present > 0
	FROM base_tables(source) AS t CROSS JOIN base_triggers(schema) AS e,
		LATERAL (SELECT count(*) FILTER (WHERE p.enabled) AS enabled, count(*) AS present FROM base_present_triggers() AS p
			WHERE p.relation = t.relation AND p.schema = base_missing_triggers.schema AND p.type = e.type) AS g
	WHERE g.enabled = 0;
END;
COMMENT ON FUNCTION base_missing_triggers(name, regclass) IS
'The triggers that a live customer base should have on its source and does not have, or that are disabled.';

-- Which serve nothing: those of the base on what is no part of its source any more, and those of bases that are gone or renamed on
-- what is. Only the owner of a table may drop its triggers.
CREATE FUNCTION base_stray_triggers(schema name, source regclass) RETURNS TABLE (relation regclass, trigger name)
	LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT g.relation, g.trigger
	FROM base_present_triggers() AS g JOIN pg_catalog.pg_class AS c ON c.oid = g.relation
	WHERE pg_catalog.pg_has_role(c.relowner, 'USAGE') AND CASE WHEN EXISTS (SELECT FROM base_tables(source) AS t WHERE t.relation = g.relation)
		THEN NOT EXISTS (SELECT FROM pg_catalog.pg_namespace AS n WHERE n.nspname = g.schema) ELSE g.schema = base_stray_triggers.schema END;
END;
COMMENT ON FUNCTION base_stray_triggers(name, regclass) IS
'Triggers that serve no customer base, on the source of this one or left by it elsewhere, as far as the caller may drop them.';

-- The same for a view that must not fail when the source is gone: one row for each table. STRICT keeps it from being inlined,
-- or the view's cost would be that of a source with a million partitions, for which the server would compile it to machine code.
CREATE FUNCTION base_trigger_state(settings regclass, source text) RETURNS TABLE (relation text, missing boolean)
	LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 10
BEGIN ATOMIC
	SELECT t.relation::text, EXISTS (SELECT FROM base_missing_triggers(n.nspname, base_find_table(source)) AS m WHERE m.relation = t.relation)
	FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace, base_tables(base_find_table(source)) AS t
	WHERE c.oid = settings;
END;
COMMENT ON FUNCTION base_trigger_state(regclass, text) IS
'The tables of a customer base''s source, and whether each lacks one of the triggers of a live base.';

-- Refuses sources on which triggers would not see every change, with the way out.
CREATE FUNCTION base_check_live(options jsonb) RETURNS void
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	source regclass := to_regclass(options ->> 'source');
	found record;
	problem text;
	hint text := format('A base in refresh mode follows any source: schedule SELECT * FROM refresh_customer_base(%L).', options ->> 'base');
	state text := 'wrong_object_type';
	other text;
BEGIN
	IF source IS NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'undefined_table', MESSAGE = format('customer base "%s" cannot be live: there is no table %s',
			options ->> 'base', options ->> 'source'), HINT = 'Drop the base and make it anew over the table that it should read.';
	END IF;
	FOR found IN SELECT t.relation, t.kind, c.relpersistence AS persistence FROM @extschema@.base_tables(source) AS t JOIN pg_class AS c ON c.oid = t.relation LOOP
		problem := CASE
			WHEN found.kind IN ('v', 'm') THEN 'is a view'
			WHEN found.kind = 'f' THEN 'is a foreign table, whose changes are made elsewhere'
			WHEN found.kind NOT IN ('r', 'p') THEN 'is not a table'
			WHEN found.persistence = 'u' THEN 'is unlogged, and is emptied after a crash without a trace'
			WHEN found.kind = 'r' AND EXISTS (SELECT FROM pg_inherits WHERE inhparent = found.relation) THEN 'has tables that inherit from it'
			WHEN EXISTS (SELECT FROM pg_subscription_rel WHERE srrelid = found.relation)
				THEN 'is filled by a subscription, which fires no triggers'
			WHEN found.relation = source
				THEN (SELECT format('is a part of %s, and what is written to that fires no triggers of a part', i.inhparent::regclass) FROM pg_inherits AS i WHERE i.inhrelid = source LIMIT 1) END;
		FOREACH other IN ARRAY ARRAY['pg_catalog.pg_dist_partition', '_timescaledb_catalog.hypertable'] LOOP
			IF problem IS NULL AND to_regclass(other) IS NOT NULL THEN
				EXECUTE CASE other WHEN 'pg_catalog.pg_dist_partition' THEN 'SELECT ''is a distributed table'' FROM pg_dist_partition WHERE logicalrelid = $1'
					ELSE 'SELECT ''is a hypertable'' FROM _timescaledb_catalog.hypertable WHERE to_regclass(format(''%I.%I'', schema_name, table_name)) = $1' END
				INTO problem USING found.relation;
			END IF;
		END LOOP;
		IF problem IS NULL AND NOT has_table_privilege(found.relation, 'TRIGGER') THEN
			problem := format('may not have triggers of %s', current_user);
			state := 'insufficient_privilege';
			hint := format('Its owner can run: GRANT TRIGGER ON %s TO %I;', found.relation, current_user);
		END IF;
		IF problem IS NOT NULL THEN
			RAISE EXCEPTION USING ERRCODE = state, MESSAGE = format('customer base "%s" cannot be live: %s %s', options ->> 'base', found.relation, problem), HINT = hint;
		END IF;
	END LOOP;
	IF NOT has_function_privilege(format('%s.base_record_changes()', options ->> 'ext'), 'EXECUTE') THEN
		RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
			MESSAGE = format('customer base "%s" cannot be live: %s may not use the trigger function', options ->> 'base', current_user),
			HINT = format('Who installed the extension can run: GRANT EXECUTE ON FUNCTION %s.base_record_changes() TO %I;', options ->> 'ext', current_user);
	END IF;
	-- Lines that are not folded are read as the owner, who does not know which of them the reader may see.
	IF options ->> 'order_sql' IS NOT NULL AND options ->> 'visible' <> 'true' THEN
		RAISE EXCEPTION USING ERRCODE = 'feature_not_supported', MESSAGE = format('customer base "%s" cannot be live: it has the options order_id and visible', options ->> 'base'),
			HINT = hint;
	END IF;
	IF options ->> 'order_sql' IS NOT NULL AND NOT EXISTS (SELECT FROM pg_index AS i WHERE i.indrelid = source AND i.indisvalid AND i.indpred IS NULL
			AND btrim(pg_get_indexdef(i.indexrelid, 1, true), '()') = btrim(regexp_replace(options ->> 'order_sql', '\ms\.', '', 'g'), '()')) THEN
		RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
			MESSAGE = format('customer base "%s" cannot be live: no index of %s starts with the order id', options ->> 'base', source),
			DETAIL = 'A line that comes later changes its order, which is then read again.',
			HINT = format('CREATE INDEX CONCURRENTLY ON %s (%s);', source, CASE WHEN options ->> 'order_sql' ~ '^s\.("[^"]*"|\w+)$' THEN substr(options ->> 'order_sql', 3)
				ELSE format('(%s)', regexp_replace(options ->> 'order_sql', '\ms\.', '', 'g')) END);
	END IF;
END $$;
COMMENT ON FUNCTION base_check_live(jsonb) IS
'Raises an error for a source that a customer base cannot follow by triggers, with a hint.';

-- Makes the triggers that a base lacks. The lock that this takes lets readers go on and waits for writers, for two seconds at most.
-- With one table locked, the next is waited for but an instant, so that this gives way before a writer who waits here, and for whom
-- this waits there, is found to be in a deadlock.
CREATE FUNCTION base_make_triggers(options jsonb, disabled boolean DEFAULT true) RETURNS bigint
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s'
AS $$
DECLARE
	schema name := (parse_ident(options ->> 'schema'))[1];
	source regclass := options ->> 'source';
	found record;
	made bigint := 0;
BEGIN
	FOR found IN SELECT * FROM @extschema@.base_stray_triggers(schema, source) LOOP
		EXECUTE format('DROP TRIGGER %I ON %s', found.trigger, found.relation);
	END LOOP;
	FOR found IN SELECT * FROM @extschema@.base_missing_triggers(schema, source) AS m WHERE base_make_triggers.disabled OR NOT m.disabled LOOP
		EXECUTE format('CREATE OR REPLACE TRIGGER %I AFTER %s ON %s %s FOR EACH STATEMENT EXECUTE FUNCTION %s.base_record_changes(%L)', found.trigger,
			found.event, found.relation, found.referencing, options ->> 'ext', schema);
		PERFORM set_config('lock_timeout', '100ms', true);
		made := made + 1;
	END LOOP;
	RETURN made;
END $$;
COMMENT ON FUNCTION base_make_triggers(jsonb, boolean) IS
'Makes the triggers that a live customer base lacks on its source and its partitions, with those that are disabled or without, and returns their number.';

CREATE FUNCTION base_drop_triggers(options jsonb) RETURNS bigint
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s'
AS $$
DECLARE
	found record;
	dropped bigint := 0;
	others text;
	tables text;
BEGIN
	-- Wherever they are: a partition may have been detached since.
	SELECT string_agg(format('DROP TRIGGER %I ON %s;', g.trigger, g.relation), ' '), string_agg(DISTINCT g.relation::text, ', ') INTO others, tables
	FROM @extschema@.base_present_triggers() AS g JOIN pg_class AS c ON c.oid = g.relation
	WHERE g.schema = (parse_ident(options ->> 'schema'))[1] AND NOT pg_has_role(c.relowner, 'USAGE');
	IF others IS NOT NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege', MESSAGE = format('only the owner of %s may drop the triggers of customer base "%s"', tables, options ->> 'base'),
			HINT = format('The owner can run: %s Then call this again.', others);
	END IF;
	FOR found IN SELECT * FROM @extschema@.base_present_triggers() AS g WHERE g.schema = (parse_ident(options ->> 'schema'))[1] LOOP
		EXECUTE format('DROP TRIGGER %I ON %s', found.trigger, found.relation);
		PERFORM set_config('lock_timeout', '100ms', true);
		dropped := dropped + 1;
	END LOOP;
	RETURN dropped;
END $$;
COMMENT ON FUNCTION base_drop_triggers(jsonb) IS
'Drops the triggers of a customer base, and returns their number.';

-- What a comparison that reads the source once can tell: rows, money and the last day of both sides, in one snapshot.
-- It finds what triggers cannot see: loads with session_replication_role = replica, disabled triggers, partitions that came or went.
CREATE FUNCTION base_compare(options jsonb) RETURNS text
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET row_security = off SET timezone = 'UTC' SET datestyle = 'ISO'
AS $$
DECLARE
	found record;
BEGIN
	PERFORM set_config('timezone', options ->> 'time_zone', true), set_config('datestyle', options ->> 'date_style', true);
	options := options || jsonb_build_object('rows', @extschema@.base_rows(options));
	EXECUTE @extschema@.base_template($template$
SELECT s.rows AS source_rows, b.rows AS base_rows, s.total AS source_total, b.total AS base_total, s.last_day AS source_day, b.last_day AS base_day
FROM (SELECT count(*) AS rows, coalesce(sum(amount), 0) AS total, max(day) AS last_day FROM ({rows}) AS r WHERE reason IS NULL) AS s,
	(SELECT coalesce(sum(orders + {ext}.refunds(history)), 0) AS rows, coalesce(sum(total), 0) AS total, max(last_day) AS last_day
		FROM (SELECT last_day, [[!kept_before:history, orders, total]][[kept_before:h.history, {ext}.orders(h.history) AS orders, {ext}.total(h.history) AS total]]
			FROM {schema}.summary_now AS m[[kept_before:, LATERAL (SELECT {ext}.slice(m.history, {'kept_before'}, 'infinity') AS history OFFSET 0) AS h]]) AS m) AS b$template$, options) INTO found;
	-- Orders of several lines are fewer than their rows, and their day is that of the first.
	IF found.source_total <> found.base_total
			OR options ->> 'order_sql' IS NULL AND (found.source_rows <> found.base_rows OR found.source_day <> found.base_day) THEN
		RETURN format('the source has %s rows, total %s, last day %s; the base %s, %s, %s', found.source_rows, found.source_total,
			found.source_day, found.base_rows, found.base_total, found.base_day);
	END IF;
	RETURN NULL;
END $$;
COMMENT ON FUNCTION base_compare(jsonb) IS
'What differs between a customer base and its source in number of rows, total and last day; NULL if nothing does.';

-- The end of advance_customer_base: the log now speaks for the day; once a day the source is compared and cut points are renewed.
CREATE FUNCTION base_finish(settings regclass) RETURNS bigint
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	options jsonb;
	state record;
	today date;
	due boolean;
	difference text;
	logged record;
BEGIN
	EXECUTE format('LOCK TABLE %s IN SHARE UPDATE EXCLUSIVE MODE', settings);
	options := @extschema@.base_options(settings);
	IF options ->> 'as_of' = 'last_purchase' THEN
		EXECUTE @extschema@.base_template('UPDATE {schema}.state AS t SET last_day = m.last_day FROM (SELECT max(last_day) AS last_day FROM {schema}.summary) AS m
			WHERE t.last_day IS DISTINCT FROM m.last_day', options);
	END IF;
	EXECUTE @extschema@.base_template('SELECT t.*, {schema}.as_of() AS day, (SELECT max(as_of) FROM {schema}.cut_points) AS cut_on FROM {schema}.state AS t', options) INTO state;
	today := (now() AT TIME ZONE (options ->> 'time_zone'))::date;
	-- Once a day, and after a restore, by which the base has become another one; a base of version 1 does not know.
	due := state.compared_on IS DISTINCT FROM today OR coalesce(to_jsonb(state) ->> 'compared_as' <> settings::oid::text, false);
	IF state.live_since IS NOT NULL AND due THEN
		difference := @extschema@.base_compare(options);
		IF difference IS NOT NULL THEN
			EXECUTE @extschema@.base_template('INSERT INTO {schema}.troubles (reason, detail) SELECT ''difference'', ', options) || quote_literal(difference)
				|| @extschema@.base_template(' WHERE NOT EXISTS (SELECT FROM {schema}.troubles WHERE reason = ''difference'')', options);
		END IF;
	END IF;
	IF state.live_since IS NOT NULL THEN
		PERFORM @extschema@.base_advance_surveys(options, due);
	END IF;
	IF state.cut_on IS DISTINCT FROM state.day THEN
		PERFORM @extschema@.base_renew_cut_points(options);
	END IF;
	PERFORM @extschema@.base_log_churn(options);
	EXECUTE @extschema@.base_template('SELECT count(*) AS rows, max(id) AS id FROM {schema}.lifecycle_changes WHERE id > $1', options)
		INTO logged USING coalesce(state.logged_to, 0);
	options := options || jsonb_build_object('day', state.day, 'today', today, 'own', CASE WHEN to_jsonb(state) ? 'compared_as' THEN settings::oid END, 'logged_to', coalesce(logged.id, state.logged_to));
	EXECUTE @extschema@.base_template('UPDATE {schema}.state SET advanced_to = greatest(advanced_to, {''day''}), advanced_at = now(),
		compared_on = {''today''}, [[own:compared_as = {''own''}, ]]logged_to = {''logged_to''}', options);
	IF options ->> 'notify' = 'advance' AND logged.rows > 0 THEN
		PERFORM pg_notify('pg_customer', json_build_object('base', options ->> 'base', 'changes', logged.rows, 'last_id', logged.id)::text);
	END IF;
	RETURN logged.rows;
END $$;
COMMENT ON FUNCTION base_finish(regclass) IS
'The last step of advance_customer_base, with the caller''s rights: returns how many changes of stages the log has gained since the last time.';

-- Dispatches the steps of the procedures below.
CREATE FUNCTION base_step(settings regclass, step text, argument bigint) RETURNS bigint
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	options jsonb := @extschema@.base_options(settings);
	live boolean;
	source regclass;
	schema name;
BEGIN
	CASE step
	WHEN 'start' THEN
		PERFORM @extschema@.base_check_live(options);
		RETURN @extschema@.base_make_triggers(options) + @extschema@.base_make_survey_triggers(options);
	WHEN 'go_live' THEN
		PERFORM @extschema@.base_refresh(settings);
		PERFORM @extschema@.base_mark_live_surveys(options);
		EXECUTE @extschema@.base_template('UPDATE {schema}.state SET live_since = coalesce(live_since, clock_timestamp())', options);
	WHEN 'stop' THEN
		EXECUTE format('LOCK TABLE %s IN SHARE UPDATE EXCLUSIVE MODE', settings);
		EXECUTE @extschema@.base_template('UPDATE {schema}.state SET live_since = NULL; UPDATE {schema}.surveys SET live_since = NULL', options);
		RETURN @extschema@.base_drop_triggers(options) + @extschema@.base_drop_survey_triggers(options);
	WHEN 'fold' THEN
		RETURN @extschema@.base_fold(settings, argument);
	WHEN 'adopt' THEN
		EXECUTE format('LOCK TABLE %s IN SHARE UPDATE EXCLUSIVE MODE', settings);
		EXECUTE @extschema@.base_template('SELECT live_since IS NOT NULL FROM {schema}.state', options) INTO live;
		source := to_regclass(options ->> 'source');
		schema := (parse_ident(options ->> 'schema'))[1];
		IF live THEN
			PERFORM @extschema@.base_make_survey_triggers(options, false);
		END IF;
		IF live AND source IS NOT NULL THEN
			-- Who has disabled a trigger had a reason. That it was must be known when it is enabled again.
			EXECUTE @extschema@.base_template('INSERT INTO {schema}.troubles (reason, detail) SELECT DISTINCT ''trigger_disabled'', m.relation::text
				FROM {ext}.base_missing_triggers($1, $2) AS m WHERE m.disabled
				EXCEPT SELECT t.reason, t.detail FROM {schema}.troubles AS t', options) USING schema, source;
			IF EXISTS (SELECT FROM @extschema@.base_missing_triggers(schema, source) AS m WHERE NOT m.disabled)
					OR EXISTS (SELECT FROM @extschema@.base_stray_triggers(schema, source)) OR EXISTS (SELECT FROM pg_inherits WHERE inhrelid = source) THEN
				PERFORM @extschema@.base_check_live(options);
				-- What was written to it directly until now is for the comparison to find.
				EXECUTE @extschema@.base_template('UPDATE {schema}.state SET compared_on = NULL', options);
				RETURN @extschema@.base_make_triggers(options, false);
			END IF;
		END IF;
	WHEN 'advance' THEN
		RETURN @extschema@.base_advance(settings, argument);
	WHEN 'finish' THEN
		RETURN @extschema@.base_finish(settings);
	END CASE;
	RETURN 0;
END $$;
COMMENT ON FUNCTION base_step(regclass, text, bigint) IS
'The work of base_run, with the caller''s rights.';

-- A step that locks the source. Rather than to keep orders waiting behind a long transaction, it tries again.
CREATE PROCEDURE base_run_patiently(base text, step text)
	LANGUAGE plpgsql
AS $$
DECLARE
	done boolean := false;
BEGIN
	FOR attempt IN 1 .. 15 LOOP
		BEGIN
			PERFORM @extschema@.base_run(base, step);
			done := true;
		EXCEPTION WHEN lock_not_available THEN
			IF attempt OPERATOR(pg_catalog.=) 15 THEN
				RAISE EXCEPTION USING ERRCODE = 'lock_not_available',
					MESSAGE = pg_catalog.format('customer base "%s" could not %s: long transactions keep using its source', base, step),
					HINT = pg_catalog.format('Nothing has changed. Call %s_maintenance again when they are over.', step);
			END IF;
		END;
		COMMIT;
		EXIT WHEN done;
		PERFORM pg_catalog.pg_sleep(1);
	END LOOP;
END $$;
COMMENT ON PROCEDURE base_run_patiently(text, text) IS
'The step of start_maintenance or stop_maintenance that locks the source, tried again for half a minute; it commits.';

CREATE PROCEDURE start_maintenance(base text)
	LANGUAGE plpgsql
AS $$
BEGIN
	PERFORM @extschema@.base_check_top_level('start_maintenance');
	CALL @extschema@.base_run_patiently(base, 'start');
	PERFORM @extschema@.base_run(base, 'go_live');
END $$;
COMMENT ON PROCEDURE start_maintenance(text) IS
'Makes a customer base live: triggers on its source record every change in the transaction that makes it, and the source is read once; writers wait for two seconds at the most; outside of a transaction block.';

CREATE PROCEDURE stop_maintenance(base text)
	LANGUAGE plpgsql
AS $$
BEGIN
	PERFORM @extschema@.base_check_top_level('stop_maintenance');
	CALL @extschema@.base_run_patiently(base, 'stop');
	WHILE @extschema@.base_run(base, 'fold', 10000) OPERATOR(pg_catalog.>) 0 LOOP
		COMMIT;
	END LOOP;
END $$;
COMMENT ON PROCEDURE stop_maintenance(text) IS
'Ends the maintenance of a live customer base: drops its triggers and folds what they recorded; the base then follows its source by refresh_customer_base; outside of a transaction block.';

CREATE PROCEDURE fold_customer_base(base text, max_rows bigint DEFAULT 10000)
	LANGUAGE plpgsql
AS $$
BEGIN
	PERFORM @extschema@.base_check_top_level('fold_customer_base');
	WHILE @extschema@.base_run(base, 'fold', max_rows) OPERATOR(pg_catalog.>=) max_rows LOOP
		COMMIT;
	END LOOP;
END $$;
COMMENT ON PROCEDURE fold_customer_base(text, bigint) IS
'Brings what the triggers of a live customer base have recorded into its summary and the stages that it changes into its log, max_rows rows a transaction; nobody waits for it; outside of a transaction block.';

CREATE PROCEDURE advance_customer_base(base text)
	LANGUAGE plpgsql
AS $$
DECLARE
	problem text;
	way_out text;
BEGIN
	PERFORM @extschema@.base_check_top_level('advance_customer_base');
	-- A table that cannot have its triggers now, as base_status says too, does not keep the rest from being done.
	BEGIN
		PERFORM @extschema@.base_run(base, 'adopt');
	EXCEPTION WHEN insufficient_privilege OR wrong_object_type OR object_not_in_prerequisite_state OR lock_not_available THEN
		GET STACKED DIAGNOSTICS problem = MESSAGE_TEXT, way_out = PG_EXCEPTION_HINT;
		RAISE WARNING USING MESSAGE = problem, HINT = way_out;
	END;
	COMMIT;
	WHILE @extschema@.base_run(base, 'fold', 10000) OPERATOR(pg_catalog.>=) 10000 LOOP
		COMMIT;
	END LOOP;
	COMMIT;
	WHILE @extschema@.base_run(base, 'advance', 10000) OPERATOR(pg_catalog.>=) 10000 LOOP
		COMMIT;
	END LOOP;
	COMMIT;
	PERFORM @extschema@.base_run(base, 'finish');
END $$;
COMMENT ON PROCEDURE advance_customer_base(text) IS
'Brings a customer base to its day, to be called by a scheduler: folds changes, logs the stages that time alone has changed, gives new partitions their triggers and once a day compares with the source and renews the cut points; may be repeated and interrupted at will; outside of a transaction block.';

-- The work of keep_history_before: from now on the days before are the base's own.
CREATE FUNCTION base_keep(settings regclass, day date) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	options jsonb;
BEGIN
	EXECUTE format('LOCK TABLE %s IN SHARE UPDATE EXCLUSIVE MODE', settings);
	options := @extschema@.base_options(settings);
	IF day < (options ->> 'kept_before')::date THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('the history before %s is kept already', options ->> 'kept_before'),
			HINT = 'Give a later day: what is kept may be gone from the source.';
	ELSIF NOT isfinite(day) OR day > (now() AT TIME ZONE (options ->> 'time_zone'))::date THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('the day cannot be %s', day),
			HINT = 'Give the first day whose orders stay in the source, in the past.';
	END IF;
	PERFORM @extschema@.base_refresh(settings);
	EXECUTE @extschema@.base_template('UPDATE {schema}.state SET kept_before = ', options) || quote_literal(day);
	PERFORM @extschema@.base_forget_settings(settings);
END $$;
COMMENT ON FUNCTION base_keep(regclass, date) IS
'The work of keep_history_before, with the caller''s rights.';

CREATE FUNCTION base_forget_settings(settings regclass) RETURNS void
	AS 'MODULE_PATHNAME', 'base_forget_settings' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION base_forget_settings(regclass) IS
'Has the triggers of every session read the settings of a customer base again.';

CREATE FUNCTION keep_history_before(base text, day date) RETURNS void
	AS 'MODULE_PATHNAME', 'keep_history_before' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION keep_history_before(text, date) IS
'Refreshes a customer base, and from then on keeps its history before a day whatever becomes of those orders: they may be archived and deleted; for members of the base''s owner.';

-- The work of forget_customer.
CREATE FUNCTION base_forget(settings regclass, customer text, tenant text) RETURNS TABLE (item text, rows bigint)
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET row_security = off SET timezone = 'UTC' SET datestyle = 'ISO'
AS $$
DECLARE
	options jsonb;
	survey jsonb;
	present bigint;
BEGIN
	EXECUTE format('LOCK TABLE %s IN SHARE UPDATE EXCLUSIVE MODE', settings);
	options := @extschema@.base_options(settings) || jsonb_build_object('who', customer, 'whose', tenant);
	IF (options ->> 'tenant_sql' IS NULL) <> (tenant IS NULL) THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('tenant cannot be %s', coalesce(quote_literal(tenant), 'NULL')),
			HINT = CASE WHEN tenant IS NULL THEN 'The customers of this base belong to tenants: name that of the customer.' ELSE 'This base has no tenants: leave it out.' END;
	END IF;
	PERFORM set_config('timezone', options ->> 'time_zone', true), set_config('datestyle', options ->> 'date_style', true);
	EXECUTE @extschema@.base_template($template$SELECT count(*) FROM (SELECT {customer_sql} AS customer[[tenant_sql:, {tenant_sql} AS tenant]]
		FROM {source} AS s[[filter_sql: WHERE {filter_sql}]]) AS s,
		(SELECT {'who'}::{customer_type} AS customer[[tenant_sql:, {'whose'}::{tenant_type} AS tenant]]) AS k WHERE {s=k}$template$, options) INTO present;
	IF present > 0 THEN
		RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
			MESSAGE = format('%s still has %s rows of the customer', options ->> 'source', present),
			DETAIL = 'The next refresh would bring the customer back.', HINT = 'Delete them or take the customer out of them first.';
	END IF;
	FOR survey IN SELECT @extschema@.base_survey_options(options, id) FROM @extschema@.base_survey_ids(options) AS id LOOP
		EXECUTE @extschema@.base_template($template$SELECT count(*) FROM ({rows}) AS s, (SELECT {'who'}::{customer_type} AS customer[[tenant_sql:, {'whose'}::{tenant_type} AS tenant]]) AS k WHERE {s=k}$template$,
			survey || jsonb_build_object('rows', @extschema@.base_answer_rows(survey, survey ->> 'answer_source'))) INTO present;
		IF present > 0 THEN
			RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state', MESSAGE = format('%s still has %s answers of the customer', survey ->> 'answer_source', present),
				DETAIL = 'The next refresh would bring them back.', HINT = 'Delete them or take the customer out of them first.';
		END IF;
	END LOOP;
	RETURN QUERY EXECUTE @extschema@.base_template($template$
WITH k AS MATERIALIZED (SELECT {'who'}::{customer_type} AS customer[[tenant_sql:, {'whose'}::{tenant_type} AS tenant]]),
summary AS (DELETE FROM {schema}.summary AS m USING k WHERE {m=k} RETURNING 1),
deltas AS (DELETE FROM {schema}.deltas AS m USING k WHERE {m=k} RETURNING 1),[[order_sql:
lines AS (DELETE FROM {schema}.line_deltas AS m USING k WHERE {m=k} RETURNING 1),]]
changes AS (DELETE FROM {schema}.lifecycle_changes AS m USING k WHERE {m=k} RETURNING 1),
churn AS (DELETE FROM {schema}.churn_changes AS m USING k WHERE {m=k} RETURNING 1),
quarantine AS (DELETE FROM {schema}.quarantine AS q USING k WHERE q.customer = k.customer::text[[tenant_sql: AND q.tenant = k.tenant::text]] RETURNING 1),
answers AS (DELETE FROM {schema}.answers AS m USING k WHERE {m=k} RETURNING m.*),
counted AS ($template$ || @extschema@.base_count_answers(@extschema@.base_template('(SELECT survey, {tenant,} answered_at, dimension, channel, agent, scope, score, problem, -answers AS answers FROM answers WHERE counted) AS gone', options)) || $template$)
SELECT 'summary', count(*) FROM summary UNION ALL SELECT 'deltas', count(*) FROM deltas
[[order_sql:UNION ALL SELECT 'line_deltas', count(*) FROM lines]]
UNION ALL SELECT 'lifecycle_changes', count(*) FROM changes UNION ALL SELECT 'churn_changes', count(*) FROM churn UNION ALL SELECT 'quarantine', count(*) FROM quarantine
UNION ALL SELECT 'answers', count(*) FROM answers$template$, options);
END $$;
COMMENT ON FUNCTION base_forget(regclass, text, text) IS
'The work of forget_customer, with the caller''s rights.';

CREATE FUNCTION forget_customer(base text, customer text, tenant text DEFAULT NULL) RETURNS TABLE (item text, rows bigint)
	AS 'MODULE_PATHNAME', 'forget_customer' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION forget_customer(text, text, text) IS
'Erases one customer, whose orders are gone from the source already, from every table of a customer base, and returns how many rows that were; for members of the base''s owner.';

-- The work of upgrade_customer_base: views and functions of this version in the place of those that are there, and what tables have gained. The
-- settings and the state are locked last and for a moment, for a trigger that finds them locked cannot record its order.
CREATE FUNCTION base_upgrade(settings regclass) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	options jsonb;
	lacking record;
BEGIN
	EXECUTE format('LOCK TABLE %s IN SHARE UPDATE EXCLUSIVE MODE', settings);
	options := @extschema@.base_options(settings);
	IF (options ->> 'base_version')::integer > @extschema@.base_version() THEN
		RAISE EXCEPTION USING ERRCODE = 'feature_not_supported',
			MESSAGE = format('customer base "%s" is of version %s, which this pg_customer does not know', options ->> 'base', options ->> 'base_version'),
			HINT = 'Install the newer pg_customer and run ALTER EXTENSION pg_customer UPDATE.';
	END IF;
	PERFORM @extschema@.base_make_views(options);
	PERFORM @extschema@.base_make_survey_function(@extschema@.base_survey_options(options, id)) FROM @extschema@.base_survey_ids(options) AS id
		WHERE to_regproc(format('%s.survey_%s_changes', options ->> 'schema', id)) IS NOT NULL;
	PERFORM set_config('lock_timeout', '100ms', true);
	FOR lacking IN SELECT c.* FROM (VALUES ('settings', 'visible', 'text'), ('state', 'compared_as', 'bigint')) AS c (relation, name, type)
		WHERE NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = format('%s.%I', options ->> 'schema', c.relation)::regclass AND attname = c.name)
	LOOP
		EXECUTE format('ALTER TABLE %s.%I ADD COLUMN %I %s', options ->> 'schema', lacking.relation, lacking.name, lacking.type);
	END LOOP;
	EXECUTE format('UPDATE %s SET base_version = %L', settings, @extschema@.base_version());
	PERFORM @extschema@.base_forget_settings(settings);
EXCEPTION WHEN lock_not_available THEN
	RAISE EXCEPTION USING ERRCODE = 'lock_not_available',
		MESSAGE = format('customer base "%s" could not be upgraded: something is using its settings', options ->> 'base'),
		HINT = 'Nothing has changed. Call it again when that is over.';
END $$;
COMMENT ON FUNCTION base_upgrade(regclass) IS
'The work of upgrade_customer_base, with the caller''s rights.';

CREATE FUNCTION upgrade_customer_base(base text) RETURNS void
	AS 'MODULE_PATHNAME', 'upgrade_customer_base' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION upgrade_customer_base(text) IS
'Makes the views and functions of a customer base those of the installed version, after ALTER EXTENSION pg_customer UPDATE; what depends on them stays; for members of the base''s owner.';

CREATE FUNCTION base_version() RETURNS integer
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT 2;
END;
COMMENT ON FUNCTION base_version() IS
'The version of the tables of customer bases that this extension makes.';
