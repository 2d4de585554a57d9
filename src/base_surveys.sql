
-- Surveys of a base: answers beside orders ------------------------------------------------------------

-- Kinds of surveys. A complaint has no score.
CREATE FUNCTION base_survey_kinds(OUT kind text, OUT scale text) RETURNS SETOF record
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	VALUES ('nps', '0..10'), ('csat', '1..5'), ('ces', '1..7'), ('complaint', NULL);
END;
COMMENT ON FUNCTION base_survey_kinds() IS
'The kinds of surveys that a customer base takes, each with its usual scale.';

-- The tables of surveys, in every base. What was answered is kept as signed rows: a row that goes from the source adds one with -1.
-- So triggers only ever append, whoever comes first, and the sum over equal rows is exact. What cannot be used stands among them with
-- its problem, and goes like the rest when its row goes.
CREATE FUNCTION base_make_survey_tables(options jsonb) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	EXECUTE @extschema@.base_template($template$
CREATE TABLE {schema}.surveys (id smallint PRIMARY KEY, survey text NOT NULL UNIQUE, kind text NOT NULL, scale text, source text NOT NULL,
	minimum_answers integer NOT NULL DEFAULT 30 CHECK (minimum_answers > 0), wave text NOT NULL DEFAULT 'quarter' CHECK (wave IN ('week', 'month', 'quarter', 'half', 'year')),
	loyalty_days integer NOT NULL DEFAULT 90 CHECK (loyalty_days > 0),
	customer text, answered_at text NOT NULL, score text, dimension text, channel text, agent text, scope text, filter text, tenant text,
	answer_source text NOT NULL, answer_customer_sql text, answer_tenant_sql text, answered_sql text NOT NULL, score_sql text, given_sql text, dimension_sql text,
	channel_sql text, agent_sql text, scope_sql text, answer_filter_sql text, attached_at timestamptz NOT NULL DEFAULT now(), refreshed_at timestamptz, live_since timestamptz)
	WITH (vacuum_truncate = false);
COMMENT ON TABLE {schema}.surveys IS 'The surveys of the base, made by attach_survey. The columns minimum_answers, wave and loyalty_days are yours to edit.';

CREATE TABLE {schema}.answers (survey smallint NOT NULL, {tenant_column}customer {customer_type}, answered_at timestamp, score smallint, dimension text, channel text, agent text,
	scope text, given text, problem text, answers integer NOT NULL, counted boolean NOT NULL DEFAULT false) WITH (vacuum_truncate = false, autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX answers_key ON {schema}.answers ({key});
CREATE INDEX answers_new ON {schema}.answers (survey) WHERE NOT counted;
ALTER TABLE {schema}.answers REPLICA IDENTITY FULL;
COMMENT ON TABLE {schema}.answers IS 'Every answer to a survey, in the time of the base: rows with the same values add up, and -1 takes one back. A problem says why an answer cannot be used, given what it was.';

CREATE TABLE {schema}.answer_counts (survey smallint NOT NULL, {tenant_column}day date NOT NULL, dimension text, channel text, agent text, scope text, score smallint,
	answers bigint NOT NULL, UNIQUE NULLS NOT DISTINCT (survey, {tenant,} day, dimension, channel, agent, scope, score)) WITH (fillfactor = 80);
ALTER TABLE {schema}.answer_counts REPLICA IDENTITY FULL;
COMMENT ON TABLE {schema}.answer_counts IS 'Answers by day and all that they are told apart by, but the customer: what the views of surveys read.';

CREATE TABLE {schema}.targets ({tenant_column}metric text NOT NULL CHECK (metric IN ({metrics})), survey text, unit text NOT NULL DEFAULT 'month' CHECK (unit IN ('week', 'month', 'quarter', 'year')),
	period date NOT NULL, target numeric NOT NULL, UNIQUE NULLS NOT DISTINCT ({tenant,} metric, survey, unit, period));
ALTER TABLE {schema}.targets REPLICA IDENTITY FULL;
COMMENT ON TABLE {schema}.targets IS 'What is to be reached: a metric, the first day and the unit of a period, and the target. Yours to fill; the view kpi_targets compares.'$template$,
		options || jsonb_build_object('tenant_column', CASE WHEN options ->> 'tenant_sql' IS NULL THEN '' ELSE format('tenant %s, ', options ->> 'tenant_type') END,
			'metrics', (SELECT string_agg(quote_literal(m.metric), ', ') FROM @extschema@.base_metrics() AS m)));
END $$;
COMMENT ON FUNCTION base_make_survey_tables(jsonb) IS
'Makes the tables of surveys and targets in the schema of a customer base.';

CREATE FUNCTION base_answer_score(kind text, given text) RETURNS float8
	AS 'MODULE_PATHNAME', 'base_answer_score' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION base_answer_score(text, text) IS
'The score that a text answer to a survey of that kind means, a number or for csat the English or Chinese name of a level; NULL: none.';

-- The rows of a survey as the base keeps them, from its source or from rows of it that a trigger has. A question that was not answered is none.
-- What tells answers apart must fit into an index.
CREATE FUNCTION base_answer_rows(options jsonb, relation text) RETURNS text
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN @extschema@.base_template($template$
SELECT {id}::smallint AS survey, [[tenant_sql:CASE WHEN p.problem IS DISTINCT FROM 'too_long' THEN r.tenant END AS tenant, ]]CASE WHEN p.problem IS DISTINCT FROM 'too_long' THEN r.customer END AS customer, r.answered_at, CASE WHEN p.problem IS NULL THEN r.score::smallint END AS score, r.dimension, r.channel, r.agent,
	coalesce(r.scope, 'external') AS scope, CASE WHEN p.problem IS NOT NULL THEN left(r.given, 200) END AS given, p.problem
FROM (SELECT [[tenant_sql:{answer_tenant_sql} AS tenant, ]]({answer_customer_sql})::{customer_type} AS customer, {answered_sql} AS answered_at,
		{score_sql} AS score, ({given_sql})::text AS given,
		CASE WHEN lower(({dimension_sql})::text) NOT IN ('', 'overall', '总体', '整体') THEN ({dimension_sql})::text END AS dimension,
		({channel_sql})::text AS channel, ({agent_sql})::text AS agent, ({scope_sql})::text AS scope
	FROM {relation} AS s[[answer_filter_sql: WHERE {answer_filter_sql}]] OFFSET 0) AS r,
	LATERAL (SELECT CASE WHEN octet_length(concat([[tenant_sql:r.tenant, ]]r.customer, r.dimension, r.channel, r.agent, r.scope)) > {longest} THEN 'too_long'
		[[tenant_sql:WHEN r.tenant IS NULL THEN 'no_tenant' ]]WHEN r.answered_at IS NULL THEN 'no_day' WHEN NOT isfinite(r.answered_at) THEN 'infinite_day'
		[[scale:WHEN r.score IS NULL THEN 'not_a_score' WHEN r.score NOT BETWEEN {low} AND {high} THEN 'outside_scale' WHEN r.score <> trunc(r.score) THEN 'not_whole' ]]END AS problem OFFSET 0) AS p
[[scale:WHERE r.given IS NOT NULL]]$template$, options || jsonb_build_object('relation', relation, 'longest', current_setting('block_size')::integer / 3 - 230,
		'low', split_part(options ->> 'scale', '..', 1), 'high', split_part(options ->> 'scale', '..', 2)));
END $$;
COMMENT ON FUNCTION base_answer_rows(jsonb, text) IS
'The query for the answers in the rows of a survey''s source.';

CREATE FUNCTION base_answer_columns() RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT 'survey, {key}, answered_at, score, dimension, channel, agent, scope, given, problem'::text;
END;
COMMENT ON FUNCTION base_answer_columns() IS
'What tells answers to surveys apart in a customer base, as a template.';

-- Brings what a statement has appended to the counts. answers: a query for signed rows.
CREATE FUNCTION base_count_answers(answers text) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT 'INSERT INTO {schema}.answer_counts AS c (survey, {tenant,} day, dimension, channel, agent, scope, score, answers)
	SELECT survey, {tenant,} answered_at::date, dimension, channel, agent, scope, score, sum(answers) FROM ' || answers || '
	WHERE problem IS NULL GROUP BY survey, {tenant,} answered_at::date, dimension, channel, agent, scope, score HAVING sum(answers) <> 0 ORDER BY 1, 2, 3
	ON CONFLICT (survey, {tenant,} day, dimension, channel, agent, scope, score) DO UPDATE SET answers = c.answers + excluded.answers';
END;
COMMENT ON FUNCTION base_count_answers(text) IS
'The statement that adds signed answers to the counts of a customer base, as a template.';

-- Reads the source of a survey in one snapshot and appends what differs from what the base has. Answers that triggers record meanwhile
-- are in neither, or in both.
CREATE FUNCTION base_refresh_survey(options jsonb, id smallint) RETURNS bigint
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET row_security = off SET timezone = 'UTC' SET datestyle = 'ISO'
AS $$
DECLARE
	changed bigint;
	state text;
	message text;
BEGIN
	PERFORM set_config('timezone', options ->> 'time_zone', true), set_config('datestyle', options ->> 'date_style', true);
	options := @extschema@.base_survey_options(options, id);
	EXECUTE @extschema@.base_template(replace($template$
WITH changed AS (
	INSERT INTO {schema}.answers (#, answers, counted)
	SELECT #, sum(answers), true
	FROM (SELECT #, 1 AS answers FROM ({rows}) AS r UNION ALL SELECT #, -answers FROM {schema}.answers WHERE survey = {id}) AS a
	GROUP BY # HAVING sum(answers) <> 0
	RETURNING *
), counted AS ($template$, '#', @extschema@.base_answer_columns()) || @extschema@.base_count_answers('changed') || ')
SELECT count(*) FROM changed', options || jsonb_build_object('rows', @extschema@.base_answer_rows(options, options ->> 'answer_source'))) INTO changed;
	EXECUTE @extschema@.base_template('DELETE FROM {schema}.answer_counts WHERE answers = 0;
		UPDATE {schema}.surveys SET refreshed_at = now() WHERE id = {id}', options);
	RETURN changed;
EXCEPTION WHEN data_exception OR insufficient_privilege OR undefined_table OR undefined_column THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT;
	RAISE EXCEPTION USING ERRCODE = state, MESSAGE = message, DETAIL = format('The error came up while %s was read, the source of survey "%s".', options ->> 'answer_source', options ->> 'survey'),
		HINT = format('Correct its rows or what attach_survey was given, or let go of it: SELECT detach_survey(%L, %L);', options ->> 'base', options ->> 'survey');
END $$;
COMMENT ON FUNCTION base_refresh_survey(jsonb, smallint) IS
'Brings the answers of a survey in a customer base to its source, and returns how many rows that took.';

CREATE FUNCTION base_survey_options(options jsonb, id smallint) RETURNS jsonb
	LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	survey jsonb;
BEGIN
	EXECUTE format('SELECT to_jsonb(s) FROM %s.surveys AS s WHERE s.id = $1', options ->> 'schema') INTO STRICT survey USING id;
	RETURN options || (survey - 'source' - 'customer' - 'tenant' - 'filter');
END $$;
COMMENT ON FUNCTION base_survey_options(jsonb, smallint) IS
'The options of a customer base with those of one of its surveys.';

CREATE FUNCTION base_survey_ids(options jsonb) RETURNS SETOF smallint
	LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY EXECUTE format('SELECT id FROM %s.surveys ORDER BY id', options ->> 'schema');
END $$;
COMMENT ON FUNCTION base_survey_ids(jsonb) IS
'The surveys of a customer base.';

CREATE FUNCTION base_refresh_surveys(options jsonb) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	id smallint;
BEGIN
	FOR id IN SELECT * FROM @extschema@.base_survey_ids(options) LOOP
		PERFORM @extschema@.base_refresh_survey(options, id);
	END LOOP;
	PERFORM @extschema@.base_tidy_answers(options);
END $$;
COMMENT ON FUNCTION base_refresh_surveys(jsonb) IS
'Brings all surveys of a customer base to their sources.';

-- Surveys that have just been read are live if their triggers stood by then.
CREATE FUNCTION base_mark_live_surveys(options jsonb) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	EXECUTE @extschema@.base_template('UPDATE {schema}.surveys AS s SET live_since = clock_timestamp()
		WHERE s.live_since IS NULL AND to_regclass(s.source) IS NOT NULL AND NOT EXISTS (SELECT FROM {ext}.base_missing_survey_triggers($1, s.id, s.source) AS m)', options)
		USING (parse_ident(options ->> 'schema'))[1]::name;
END $$;
COMMENT ON FUNCTION base_mark_live_surveys(jsonb) IS
'Marks the surveys of a live customer base that have all their triggers as live.';

-- How many kinds of answers are not as often in the base as in the source.
CREATE FUNCTION base_survey_differences(options jsonb, id smallint) RETURNS bigint
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET row_security = off SET timezone = 'UTC' SET datestyle = 'ISO'
AS $$
DECLARE
	differences bigint;
BEGIN
	PERFORM set_config('timezone', options ->> 'time_zone', true), set_config('datestyle', options ->> 'date_style', true);
	options := @extschema@.base_survey_options(options, id);
	EXECUTE @extschema@.base_template(replace('SELECT count(*) FROM (SELECT FROM (SELECT #, 1 AS answers FROM ({rows}) AS r UNION ALL SELECT #, -answers FROM {schema}.answers WHERE survey = {id}) AS a
		GROUP BY # HAVING sum(answers) <> 0) AS d', '#', @extschema@.base_answer_columns()),
		options || jsonb_build_object('rows', @extschema@.base_answer_rows(options, options ->> 'answer_source'))) INTO differences;
	RETURN differences;
END $$;
COMMENT ON FUNCTION base_survey_differences(jsonb, smallint) IS
'The number of differences between a survey in a customer base and its source.';

-- Part of the end of advance_customer_base for a live base: a survey that has got its triggers is read and is live from then on; daily, what
-- cannot have any is read again, and what has them compared.
CREATE FUNCTION base_advance_surveys(options jsonb, daily boolean) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	survey record;
BEGIN
	FOR survey IN EXECUTE @extschema@.base_template('SELECT s.id, s.survey, s.source, s.live_since IS NOT NULL AS live, EXISTS (SELECT FROM {ext}.base_missing_survey_triggers($1, s.id, s.source) AS m) AS lacks
			FROM {schema}.surveys AS s WHERE to_regclass(s.source) IS NOT NULL ORDER BY s.id', options) USING (parse_ident(options ->> 'schema'))[1]::name LOOP
		IF NOT survey.live AND (daily OR NOT survey.lacks) THEN
			PERFORM @extschema@.base_refresh_survey(options, survey.id);
		ELSIF survey.live AND daily AND @extschema@.base_survey_differences(options, survey.id) > 0 THEN
			EXECUTE @extschema@.base_template('INSERT INTO {schema}.troubles (reason, detail) VALUES (''survey'', ', options) || quote_literal(survey.survey || ': it differs from its source') || ')';
		END IF;
	END LOOP;
	PERFORM @extschema@.base_mark_live_surveys(options);
	IF daily THEN
		PERFORM @extschema@.base_tidy_answers(options);
	END IF;
END $$;
COMMENT ON FUNCTION base_advance_surveys(jsonb, boolean) IS
'The part of advance_customer_base about surveys.';

-- Rows that add up to nothing go.
CREATE FUNCTION base_tidy_answers(options jsonb) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	any_negative boolean;
BEGIN
	EXECUTE @extschema@.base_template('SELECT EXISTS (SELECT FROM {schema}.answers WHERE answers < 0 AND counted)', options) INTO any_negative;
	IF any_negative THEN
		EXECUTE @extschema@.base_template(replace($template$
WITH rows AS MATERIALIZED (
	SELECT a.ctid AS row, hash_record_extended(ROW(#), 0) AS hash, answers FROM {schema}.answers AS a WHERE counted
), gone AS (
	DELETE FROM {schema}.answers WHERE ctid = ANY (ARRAY(SELECT r.row FROM rows AS r WHERE r.hash IN (SELECT n.hash FROM rows AS n WHERE n.answers < 0))) RETURNING *
)
INSERT INTO {schema}.answers (#, answers, counted) SELECT #, sum(answers), true FROM gone GROUP BY # HAVING sum(answers) <> 0$template$, '#', @extschema@.base_answer_columns()), options);
	END IF;
END $$;
COMMENT ON FUNCTION base_tidy_answers(jsonb) IS
'Deletes rows of answers in a customer base that later rows have taken back.';

-- One step of fold_customer_base: what triggers have appended is counted.
CREATE FUNCTION base_fold_answers(options jsonb, max_rows bigint) RETURNS bigint
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	rows bigint;
BEGIN
	EXECUTE @extschema@.base_template('WITH taken AS (
	UPDATE {schema}.answers SET counted = true
	WHERE NOT counted AND ctid = ANY (ARRAY(SELECT ctid FROM {schema}.answers WHERE NOT counted LIMIT {max_rows})) RETURNING *
), counted AS (' || @extschema@.base_count_answers('taken') || ')
SELECT count(*) FROM taken', options || jsonb_build_object('max_rows', max_rows)) INTO rows;
	RETURN rows;
END $$;
COMMENT ON FUNCTION base_fold_answers(jsonb, bigint) IS
'Counts some answers that the triggers of a live customer base have recorded, and returns their number.';

-- The trigger function of a survey stands in the base's schema and runs as the base's owner, for who writes answers has no rights on
-- the base; its path and settings are pinned, nobody else may use it for a trigger, and it acts for the survey's own source alone. It
-- appends, so it waits for nobody but an instant, while the table grows: locked tables are left alone. Whatever goes wrong, the answer is
-- written and the base is known to be behind. A row whose expressions fail is found by reading the statement's rows one by one, unless what fails
-- is no row: a column or a function is gone, or a right.
CREATE FUNCTION base_make_survey_function(options jsonb) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	event record;
	body text := '';
	columns text := @extschema@.base_template(@extschema@.base_answer_columns(), options);
	part text;
	sides text[];
	side text;
BEGIN
	FOR event IN SELECT * FROM (VALUES ('INSERT', ARRAY['new_rows']), ('DELETE', ARRAY['old_rows']), ('UPDATE', ARRAY['new_rows', 'old_rows'])) AS e (name, tables) LOOP
		sides := '{}';
		FOREACH side IN ARRAY event.tables LOOP
			sides := sides || format('SELECT %s, %s AS answers FROM (%s) AS r', columns, CASE side WHEN 'new_rows' THEN 1 ELSE -1 END, @extschema@.base_answer_rows(options, side));
		END LOOP;
		part := format(E'\t\tIF TG_OP = %L THEN\n\t\t\tINSERT INTO %s.answers (%s, answers)\n\t\t\tSELECT %3$s, sum(answers) FROM (%s) AS a GROUP BY %3$s HAVING sum(answers) <> 0;\n\t\tEND IF;\n',
			event.name, options ->> 'schema', columns, array_to_string(sides, ' UNION ALL '));
		body := body || part;
	END LOOP;
	part := '';
	FOREACH side IN ARRAY ARRAY['new_rows', 'old_rows'] LOOP
		part := part || format($body$
		IF TG_OP <> %L THEN
			FOR pg_customer_n IN 0 .. least((SELECT count(*) FROM %s), 1000) - 1 LOOP
				BEGIN
					INSERT INTO %s.answers (%s, answers) SELECT %4$s, %s FROM (%s) AS r;
				EXCEPTION WHEN insufficient_resources OR transaction_rollback THEN
					RAISE;
				WHEN OTHERS THEN
					failed := failed + 1;
					INSERT INTO %3$s.answers (survey, problem, given, answers) VALUES (%7$s, 'failed', left(SQLERRM, 200), %5$s);
				END;
			END LOOP;
			many := many OR (SELECT count(*) FROM %2$s) > 1000;
		END IF;$body$, CASE side WHEN 'new_rows' THEN 'DELETE' ELSE 'INSERT' END, side, options ->> 'schema', columns, CASE side WHEN 'new_rows' THEN 1 ELSE -1 END,
			@extschema@.base_answer_rows(options, format('(SELECT * FROM %s OFFSET pg_customer_n LIMIT 1)', side)), options ->> 'id');
	END LOOP;
	EXECUTE @extschema@.base_template($template$
CREATE OR REPLACE FUNCTION {schema}.survey_{id}_changes() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp SET timezone = {'time_zone'} SET datestyle = {'date_style'} SET row_security = off SET lock_timeout = 0
	SET bytea_output = hex SET extra_float_digits = 1 SET intervalstyle = postgres AS {'body'};
REVOKE ALL ON FUNCTION {schema}.survey_{id}_changes() FROM PUBLIC;
COMMENT ON FUNCTION {schema}.survey_{id}_changes() IS 'Trigger of a survey''s source: records its changes in the table answers; runs as the owner of the base.'$template$,
		options || jsonb_build_object('body', @extschema@.base_template($template$
#variable_conflict use_column
DECLARE
	problem text;
	failed bigint := 0;
	many boolean := false;
BEGIN
	IF to_regclass({'answer_source'}) IS NULL THEN
		problem := 'its source was renamed';
	ELSIF TG_RELID <> to_regclass({'answer_source'}) AND NOT EXISTS (SELECT FROM pg_partition_ancestors(TG_RELID) AS a WHERE a.relid = to_regclass({'answer_source'})) THEN
		RETURN NULL;
	ELSIF NOT coalesce(nullif(current_setting('pg_customer.maintain', true), '')::boolean, true) THEN
		problem := 'pg_customer.maintain is off';
	ELSIF NOT has_any_column_privilege(to_regclass({'answer_source'}), 'SELECT') THEN
		problem := 'the owner of the base may no longer read its source';
	ELSIF TG_OP = 'TRUNCATE' AND TG_RELID <> to_regclass({'answer_source'}) THEN
		problem := 'a partition was truncated';
	ELSIF TG_OP = 'TRUNCATE' AND current_setting('transaction_isolation') IN ('repeatable read', 'serializable') THEN
		-- Its snapshot may not see every answer that is to be taken back.
		problem := 'it was truncated in a ' || upper(current_setting('transaction_isolation')) || ' transaction';
	ELSIF TG_OP = 'TRUNCATE' THEN
		INSERT INTO {schema}.answers ({columns}, answers) SELECT {columns}, -sum(answers) FROM {schema}.answers WHERE survey = {id} GROUP BY {columns} HAVING sum(answers) <> 0;
		RETURN NULL;
	END IF;
	IF problem IS NOT NULL THEN
		LOCK TABLE {schema}.troubles IN ROW EXCLUSIVE MODE NOWAIT;
		INSERT INTO {schema}.troubles (reason, detail) VALUES ('survey', {'survey'} || ': ' || problem);
		RETURN NULL;
	END IF;
	LOCK TABLE {schema}.answers IN ROW EXCLUSIVE MODE NOWAIT;
	BEGIN
{batches}	EXCEPTION WHEN insufficient_resources OR transaction_rollback OR syntax_error_or_access_rule_violation THEN
		RAISE;
	WHEN OTHERS THEN{single}
		IF many THEN
			problem := [[visible:SQLSTATE]][[!visible:SQLERRM]];
			LOCK TABLE {schema}.troubles IN ROW EXCLUSIVE MODE NOWAIT;
			INSERT INTO {schema}.troubles (reason, detail) VALUES ('survey', {'survey'} || ': ' || problem);
		END IF;
	END;
	RETURN NULL;
EXCEPTION WHEN OTHERS THEN
	problem := [[visible:SQLSTATE]][[!visible:SQLERRM]];
	BEGIN
		LOCK TABLE {schema}.troubles IN ROW EXCLUSIVE MODE NOWAIT;
		INSERT INTO {schema}.troubles (reason, detail) VALUES ('survey', {'survey'} || ': ' || problem);
	EXCEPTION WHEN OTHERS THEN
		NULL;
	END;
	RAISE WARNING USING MESSAGE = format('customer base "%s" does not follow survey "%s": %s', {'base'}, {'survey'}, problem),
		HINT = format('The answers are written. When that is put right, run: SELECT * FROM refresh_customer_base(%L);', {'base'});
	RETURN NULL;
END $template$, options || jsonb_build_object('batches', body, 'single', part, 'columns', columns))));
	-- Nor may those to whom functions that come later are granted by default.
	FOR part IN SELECT DISTINCT a.grantee::regrole FROM pg_proc AS p, aclexplode(p.proacl) AS a
		WHERE p.oid = to_regproc(format('%s.survey_%s_changes', options ->> 'schema', options ->> 'id')) AND a.grantee NOT IN (0, p.proowner) LOOP
		EXECUTE format('REVOKE ALL ON FUNCTION %s.survey_%s_changes() FROM %s', options ->> 'schema', options ->> 'id', part);
	END LOOP;
END $$;
COMMENT ON FUNCTION base_make_survey_function(jsonb) IS
'Makes the trigger function of a survey in the schema of a customer base.';

-- Triggers of a survey, as base_triggers and base_missing_triggers are those of the orders.
CREATE FUNCTION base_missing_survey_triggers(schema name, id smallint, source text) RETURNS TABLE (relation regclass, trigger name, event text, referencing text, disabled boolean)
	LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT t.relation, pg_catalog.concat('pg_customer_', CASE WHEN pg_catalog.octet_length(schema::text) > 34 THEN pg_catalog.md5(schema::text) ELSE schema END, '_survey_', id, '_', pg_catalog.lower(e.event))::name, e.event, e.referencing, g.present > 0
	FROM base_tables(base_find_table(source)) AS t CROSS JOIN base_triggers(schema) AS e,
		LATERAL (SELECT count(*) FILTER (WHERE p.tgenabled IN ('O', 'A')) AS enabled, count(*) AS present FROM pg_catalog.pg_trigger AS p
			WHERE p.tgrelid = t.relation AND p.tgtype = e.type AND p.tgfoid = pg_catalog.to_regproc(pg_catalog.format('%I.survey_%s_changes', schema, id))) AS g
	WHERE g.enabled = 0;
END;
COMMENT ON FUNCTION base_missing_survey_triggers(name, smallint, text) IS
'The triggers that a survey of a live customer base should have on its source and does not have, or that are disabled.';

-- Makes the triggers of all surveys whose source can have them; the others follow by refresh. The locks are taken as base_make_triggers takes them.
CREATE FUNCTION base_make_survey_triggers(options jsonb, disabled boolean DEFAULT true) RETURNS bigint
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s'
AS $$
DECLARE
	id smallint;
	survey jsonb;
	found record;
	made bigint := 0;
BEGIN
	FOR id IN SELECT * FROM @extschema@.base_survey_ids(options) LOOP
		survey := @extschema@.base_survey_options(options, id);
		CONTINUE WHEN @extschema@.base_survey_problem(survey) IS NOT NULL;
		PERFORM @extschema@.base_make_survey_function(survey);
		FOR found IN SELECT * FROM @extschema@.base_missing_survey_triggers((parse_ident(options ->> 'schema'))[1]::name, id, survey ->> 'answer_source') AS m
				WHERE base_make_survey_triggers.disabled OR NOT m.disabled LOOP
			EXECUTE format('CREATE OR REPLACE TRIGGER %I AFTER %s ON %s %s FOR EACH STATEMENT EXECUTE FUNCTION %s.survey_%s_changes()', found.trigger,
				found.event, found.relation, found.referencing, options ->> 'schema', id);
			PERFORM set_config('lock_timeout', '100ms', true);
			-- What was answered until now is for the next reading to find.
			EXECUTE format('UPDATE %s.surveys SET live_since = NULL WHERE id = $1', options ->> 'schema') USING id;
			made := made + 1;
		END LOOP;
	END LOOP;
	RETURN made;
END $$;
COMMENT ON FUNCTION base_make_survey_triggers(jsonb, boolean) IS
'Makes the triggers that the surveys of a live customer base lack, and returns their number.';

-- Why a survey cannot be live; NULL: it can.
CREATE FUNCTION base_survey_problem(options jsonb) RETURNS text
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM @extschema@.base_check_live(options || jsonb_build_object('source', options ->> 'answer_source', 'order_sql', NULL));
	RETURN NULL;
EXCEPTION WHEN wrong_object_type OR insufficient_privilege OR undefined_table THEN
	RETURN SQLERRM;
END $$;
COMMENT ON FUNCTION base_survey_problem(jsonb) IS
'Why the source of a survey cannot be followed by triggers; NULL if it can.';

CREATE FUNCTION base_drop_survey_triggers(options jsonb, id smallint DEFAULT NULL) RETURNS bigint
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s'
AS $$
DECLARE
	found record;
	dropped bigint := 0;
BEGIN
	FOR found IN SELECT g.tgname, g.tgrelid::regclass AS relation, pg_has_role(c.relowner, 'USAGE') AS own
		FROM pg_trigger AS g JOIN pg_proc AS p ON p.oid = g.tgfoid JOIN pg_class AS c ON c.oid = g.tgrelid
		WHERE p.pronamespace = (options ->> 'schema')::regnamespace AND p.proname ~ CASE WHEN base_drop_survey_triggers.id IS NULL THEN '^survey_\d+_changes$' ELSE format('^survey_%s_changes$', base_drop_survey_triggers.id) END
	LOOP
		IF NOT found.own THEN
			RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege', MESSAGE = format('only the owner of %s may drop the triggers of customer base "%s"', found.relation, options ->> 'base'),
				HINT = format('The owner can run: DROP TRIGGER %I ON %s; Then call this again.', found.tgname, found.relation);
		END IF;
		EXECUTE format('DROP TRIGGER %I ON %s', found.tgname, found.relation);
		PERFORM set_config('lock_timeout', '100ms', true);
		dropped := dropped + 1;
	END LOOP;
	RETURN dropped;
END $$;
COMMENT ON FUNCTION base_drop_survey_triggers(jsonb, smallint) IS
'Drops the triggers of a survey of a customer base, or of all of them, and returns their number.';

-- The work of attach_survey.
CREATE FUNCTION base_attach_survey(settings regclass, given jsonb) RETURNS TABLE (item text, value text)
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET row_security = off
AS $$
DECLARE
	options jsonb;
	relation oid := (given ->> 'source_oid')::oid;
	path text := given ->> 'path';
	zone text;
	kind record;
	part record;
	taken smallint;
	name text;
	scale text[];
	schema text;
	id smallint;
	made jsonb;
	bad bigint;
	live boolean;
BEGIN
	EXECUTE format('LOCK TABLE %s IN SHARE UPDATE EXCLUSIVE MODE', settings);
	options := @extschema@.base_options(settings);
	schema := options ->> 'schema';
	zone := options ->> 'time_zone';
	PERFORM set_config('timezone', zone, true);
	SELECT k.* INTO kind FROM @extschema@.base_survey_kinds() AS k WHERE k.kind = given ->> 'kind';
	IF kind IS NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('option kind cannot be %L', given ->> 'kind'),
			HINT = 'Give ''nps'' (0 to 10), ''csat'' (1 to 5), ''ces'' (1 to 7) or ''complaint'' (no score).';
	ELSIF (kind.kind = 'complaint') <> (given ->> 'score' IS NULL) THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = CASE WHEN kind.kind = 'complaint' THEN 'a complaint has no score' ELSE 'option score is missing' END,
			HINT = CASE WHEN kind.kind = 'complaint' THEN 'Give score => NULL: every row is a complaint.' ELSE 'Name the column of the score.' END;
	ELSIF given ->> 'scale' IS NOT NULL AND (kind.kind NOT IN ('csat', 'ces') OR given ->> 'scale' !~ '^\d{1,3}\.\.\d{1,3}$'
			OR split_part(given ->> 'scale', '..', 1)::integer >= split_part(given ->> 'scale', '..', 2)::integer) THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('option scale cannot be %L for kind %s', given ->> 'scale', kind.kind),
			HINT = 'A scale of csat or ces is its lowest and its highest score, such as ''1..10''; NPS is defined for 0 to 10 alone.';
	ELSIF given ->> 'survey' = '' OR octet_length(given ->> 'survey') > 63 THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('option survey cannot be %L', given ->> 'survey'), HINT = 'Give it a name of 1 to 63 bytes.';
	END IF;
	given := given || jsonb_build_object('scale', coalesce(given ->> 'scale', kind.scale), 'answer_source', @extschema@.base_relation('source', given ->> 'source', relation));
	EXECUTE format('SELECT coalesce(max(id), 0) + 1 FROM %s.surveys', schema) INTO id;
	EXECUTE format('SELECT id FROM %s.surveys WHERE survey = $1', schema) INTO taken USING given ->> 'survey';
	IF taken IS NOT NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'duplicate_object', MESSAGE = format('customer base "%s" has a survey "%s" already', options ->> 'base', given ->> 'survey'),
			HINT = format('Give another name with the option survey, or let go of that one: SELECT detach_survey(%L, %L);', options ->> 'base', given ->> 'survey');
	END IF;

	part := @extschema@.base_expression(relation, 'answered_at', given ->> 'answered_at', path);
	IF part.type NOT IN ('date'::regtype, 'timestamp'::regtype, 'timestamptz'::regtype) THEN
		RAISE EXCEPTION USING ERRCODE = 'datatype_mismatch', MESSAGE = format('option answered_at is of type %s', part.type),
			HINT = format('It must be a date or a time. Write a cast: (%s)::timestamp', given ->> 'answered_at');
	END IF;
	made := jsonb_build_object('answered_sql', CASE WHEN part.type = 'timestamptz'::regtype THEN format('((%s) AT TIME ZONE %L)', part.sql, zone) ELSE format('(%s)::timestamp', part.sql) END);
	IF given ->> 'customer' IS NOT NULL THEN
		part := @extschema@.base_expression(relation, 'customer', given ->> 'customer', path);
		IF part.type <> (options ->> 'customer_type')::regtype AND NOT (part.type IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) AND (options ->> 'customer_type')::regtype IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype))
				AND NOT (part.type IN ('text'::regtype, 'varchar'::regtype) AND (options ->> 'customer_type')::regtype IN ('text'::regtype, 'varchar'::regtype)) THEN
			RAISE EXCEPTION USING ERRCODE = 'datatype_mismatch', MESSAGE = format('option customer is of type %s, and the customers of base "%s" are of type %s', part.type, options ->> 'base', options ->> 'customer_type'),
				HINT = format('Write a cast: (%s)::%s', given ->> 'customer', options ->> 'customer_type');
		END IF;
		made := made || jsonb_build_object('answer_customer_sql', part.sql);
	END IF;
	IF options ->> 'tenant_sql' IS NOT NULL THEN
		part := @extschema@.base_expression(relation, 'tenant', coalesce(given ->> 'tenant', options ->> 'tenant'), path);
		IF part.type <> (options ->> 'tenant_type')::regtype THEN
			RAISE EXCEPTION USING ERRCODE = 'datatype_mismatch', MESSAGE = format('option tenant is of type %s, and the tenants of base "%s" are of type %s', part.type, options ->> 'base', options ->> 'tenant_type'),
				HINT = format('Write a cast: (%s)::%s', coalesce(given ->> 'tenant', options ->> 'tenant'), options ->> 'tenant_type');
		END IF;
		made := made || jsonb_build_object('answer_tenant_sql', part.sql);
	ELSIF given ->> 'tenant' IS NOT NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('customer base "%s" has no tenants', options ->> 'base'), HINT = 'Leave the option tenant out.';
	END IF;
	IF given ->> 'score' IS NOT NULL THEN
		part := @extschema@.base_expression(relation, 'score', given ->> 'score', path);
		made := made || jsonb_build_object('given_sql', part.sql, 'score_sql', CASE
			WHEN part.type IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'numeric'::regtype) THEN format('(%s)', part.sql)
			WHEN part.type IN ('float4'::regtype, 'float8'::regtype) THEN format('(%s)::double precision::numeric', part.sql)
			WHEN part.type IN ('text'::regtype, 'varchar'::regtype, 'bpchar'::regtype) OR (SELECT typtype = 'e' FROM pg_type WHERE oid = part.type)
				THEN format('%s.base_answer_score(%L, (%s)::text)', options ->> 'ext', kind.kind, part.sql) END);
		IF made ->> 'score_sql' IS NULL THEN
			RAISE EXCEPTION USING ERRCODE = 'datatype_mismatch', MESSAGE = format('option score is of type %s', part.type),
				HINT = 'It must be a number, a text or an enumeration: write a cast.';
		END IF;
	END IF;
	FOREACH name IN ARRAY ARRAY['dimension', 'channel', 'agent', 'scope'] LOOP
		CONTINUE WHEN given ->> name IS NULL;
		part := @extschema@.base_expression(relation, name, given ->> name, path);
		made := made || jsonb_build_object(name || '_sql', part.sql);
	END LOOP;
	IF given ->> 'filter' IS NOT NULL THEN
		part := @extschema@.base_expression(relation, 'filter', given ->> 'filter', path);
		IF part.type <> 'bool'::regtype THEN
			RAISE EXCEPTION USING ERRCODE = 'datatype_mismatch', MESSAGE = format('option filter is of type %s, not boolean', part.type), HINT = 'Give a condition, such as ''status = ''''complete''''''.';
		END IF;
		made := made || jsonb_build_object('answer_filter_sql', part.sql);
	END IF;

	EXECUTE format('INSERT INTO %s.surveys SELECT * FROM jsonb_populate_record(NULL::%1$s.surveys, $1)', schema)
		USING given || made || jsonb_build_object('id', id, 'source', given ->> 'answer_source', 'attached_at', now(), 'minimum_answers', 30, 'wave', 'quarter', 'loyalty_days', 90);
	PERFORM @extschema@.base_refresh_survey(options, id);
	EXECUTE format('ANALYZE %s.surveys; ANALYZE %1$s.answers; ANALYZE %1$s.answer_counts; ANALYZE %1$s.targets', schema);
	EXECUTE format('SELECT sum(answers) FROM %s.answers WHERE survey = $1 AND problem IS NOT NULL', schema) INTO bad USING id;
	IF bad > 0 AND options ->> 'on_bad_row' = 'error' THEN
		EXECUTE format('SELECT * FROM %s.answers WHERE survey = $1 AND problem IS NOT NULL LIMIT 1', schema) INTO part USING id;
		RAISE EXCEPTION USING ERRCODE = 'data_exception', MESSAGE = format('%s has %s answers that survey "%s" cannot use', given ->> 'answer_source', bad, given ->> 'survey'),
			DETAIL = format('The first: customer %s, answered at %s, score %s: %s.', coalesce(part.customer::text, 'NULL'), coalesce(part.answered_at::text, 'NULL'), coalesce(part.given, 'NULL'), part.problem),
			HINT = 'Correct the rows, or leave them out with the option filter.';
	END IF;
	EXECUTE format('SELECT live_since IS NOT NULL FROM %s.state', schema) INTO live;
	RETURN QUERY EXECUTE format($query$SELECT v.item, v.value FROM %s.survey_status AS s, LATERAL (VALUES ('survey', s.survey), ('kind', s.kind), ('answers', s.answers::text), ('customers', s.customers::text),
		('anonymous', s.anonymous::text), ('quarantined', s.quarantined::text), ('first_day', s.first_day::text), ('last_day', s.last_day::text)) AS v (item, value) WHERE s.survey = $1$query$, schema) USING given ->> 'survey';
	RETURN QUERY SELECT 'next', n FROM unnest(ARRAY[format('SELECT * FROM %s.survey_waves;', schema),
		CASE WHEN kind.kind = 'nps' THEN format('SELECT * FROM %s.nps_by_period WHERE unit = ''month'';', schema) WHEN kind.kind = 'complaint' THEN format('SELECT * FROM %s.complaints_by_period WHERE unit = ''month'';', schema)
			ELSE format('SELECT * FROM %s.satisfaction_by_period WHERE unit = ''month'';', schema) END,
		CASE WHEN live THEN format('CALL advance_customer_base(%L);', options ->> 'base') END]) AS n WHERE n IS NOT NULL;
END $$;
COMMENT ON FUNCTION base_attach_survey(regclass, jsonb) IS
'The work of attach_survey, with the caller''s rights.';

CREATE FUNCTION base_attach_as_owner(base text, given jsonb) RETURNS TABLE (item text, value text)
	AS 'MODULE_PATHNAME', 'attach_survey' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION base_attach_as_owner(text, jsonb) IS
'attach_survey with its arguments as one value; for members of the base''s owner.';

CREATE FUNCTION attach_survey(base text, source text, customer text, answered_at text, score text, kind text,
	dimension text DEFAULT NULL, channel text DEFAULT NULL, agent text DEFAULT NULL, scope text DEFAULT NULL,
	survey text DEFAULT NULL, filter text DEFAULT NULL, scale text DEFAULT NULL, tenant text DEFAULT NULL)
	RETURNS TABLE (item text, value text) LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
	SELECT a.item, a.value FROM base_attach_as_owner(base, pg_catalog.jsonb_build_object('source', source, 'customer', customer, 'answered_at', answered_at, 'score', score, 'kind', kind,
		'dimension', dimension, 'channel', channel, 'agent', agent, 'scope', scope, 'survey', coalesce(survey, kind), 'filter', filter, 'scale', scale, 'tenant', tenant,
		'path', pg_catalog.current_setting('search_path'), 'source_oid', CASE WHEN base_is_name(source) THEN pg_catalog.to_regclass(source)::oid END)) AS a;
END;
COMMENT ON FUNCTION attach_survey(text, text, text, text, text, text, text, text, text, text, text, text, text, text) IS
'Adds a table or view of answers to a customer base, with one score a row: kind nps (0 to 10), csat (1 to 5, or the English or Chinese names of the levels), ces (1 to 7) or complaint (score NULL); customer may be NULL for anonymous answers, dimension says what was asked about (none: the overall question); for members of the base''s owner.';

-- The work of detach_survey.
CREATE FUNCTION base_detach_survey(settings regclass, survey text) RETURNS bigint
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	options jsonb;
	wanted smallint;
	answers bigint;
	names text;
BEGIN
	EXECUTE format('LOCK TABLE %s IN SHARE UPDATE EXCLUSIVE MODE', settings);
	options := @extschema@.base_options(settings);
	EXECUTE format('SELECT id FROM %s.surveys WHERE survey = $1', options ->> 'schema') INTO wanted USING survey;
	IF wanted IS NULL THEN
		EXECUTE format('SELECT string_agg(survey, '', '' ORDER BY id) FROM %s.surveys', options ->> 'schema') INTO names;
		RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('customer base "%s" has no survey "%s"', options ->> 'base', survey),
			HINT = coalesce(format('It has: %s.', names), 'It has none: see attach_survey.');
	END IF;
	PERFORM @extschema@.base_drop_survey_triggers(options, wanted);
	EXECUTE @extschema@.base_template('DROP FUNCTION IF EXISTS {schema}.survey_{id}_changes();
		DELETE FROM {schema}.answer_counts WHERE survey = {id}; DELETE FROM {schema}.surveys WHERE id = {id}', options || jsonb_build_object('id', wanted));
	EXECUTE format('WITH gone AS (DELETE FROM %s.answers WHERE survey = $1 RETURNING answers) SELECT coalesce(sum(answers), 0) FROM gone', options ->> 'schema') INTO answers USING wanted;
	RETURN answers;
EXCEPTION WHEN lock_not_available THEN
	RAISE EXCEPTION USING ERRCODE = 'lock_not_available', MESSAGE = format('survey "%s" could not be detached: a long transaction uses its source', survey),
		HINT = 'Nothing has changed. Try again later.';
END $$;
COMMENT ON FUNCTION base_detach_survey(regclass, text) IS
'The work of detach_survey, with the caller''s rights.';

CREATE FUNCTION detach_survey(base text, survey text) RETURNS bigint
	AS 'MODULE_PATHNAME', 'detach_survey' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION detach_survey(text, text) IS
'Lets go of a survey of a customer base: its answers leave the base, its source is not touched; returns how many answers there were; for members of the base''s owner.';
