
-- Live bases: signed changes, and bringing them into the summary -------------------------------------

-- The changes of a live base by customer: what its triggers have appended, summed. With an order id, the orders whose lines
-- have changed are read again: what an order was is what it is, less what has changed. One snapshot sees both. Lines before the
-- day of keep_history_before are not read again; those that were written while it ran are what they add. A customer with
-- changes has a row, even if they come to nothing: an order that was not there before and is gone again adds nothing to a day.
-- deltas and line_deltas: what to read them from.
CREATE FUNCTION base_changes(options jsonb, deltas text, line_deltas text) RETURNS text
	LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	options := options || jsonb_build_object('deltas', deltas, 'line_deltas', line_deltas);
	IF options ->> 'order_sql' IS NOT NULL THEN
		options := options || jsonb_build_object('deltas', @extschema@.base_template($template$
(SELECT {key}, day, orders, gross, refunds, refunded, item FROM {deltas} AS d
UNION ALL
SELECT {o.key}, v.day, CASE WHEN v.amount >= 0 THEN v.sign ELSE 0 END, CASE WHEN v.amount >= 0 THEN v.sign * v.amount ELSE 0 END,
	CASE WHEN v.amount < 0 THEN v.sign ELSE 0 END, CASE WHEN v.amount < 0 THEN -v.sign * v.amount ELSE 0 END, NULL
FROM (SELECT {d.key}, d.order_id, min(d.day) FILTER (WHERE d.lines > 0) AS day, sum(d.amount) AS amount,
		min(d.day) FILTER (WHERE d.lines > d.changed) AS day_before, sum(d.amount - d.amount_changed) AS amount_before, min(d.day) AS first_day
	FROM (SELECT {l.key}, l.order_id, l.day, sum(l.lines) AS lines, sum(l.changed) AS changed, sum(l.amount) AS amount, sum(l.amount_changed) AS amount_changed
		FROM (SELECT {key}, order_id, day, CASE WHEN kept THEN lines ELSE 0 END AS lines, lines AS changed, CASE WHEN kept THEN amount ELSE 0 END AS amount, amount AS amount_changed
			FROM (SELECT d.*, coalesce(day < (SELECT kept_before FROM {schema}.state), false) AS kept FROM {line_deltas} AS d) AS d
			UNION ALL
			SELECT {t.key}, t.order_id, r.day, 1, 0, coalesce(r.amount, 0), 0
			FROM (SELECT {key}, order_id FROM {line_deltas} AS d GROUP BY {key}, order_id) AS t
				CROSS JOIN LATERAL {schema}.lines_of({t.key}, t.order_id) AS r) AS l
		GROUP BY {l.key}, l.order_id, l.day) AS d
	GROUP BY {d.key}, d.order_id) AS o,
	LATERAL (VALUES (1, o.day, o.amount), (-1, o.day_before, o.amount_before), (0, o.first_day, 0)) AS v (sign, day, amount)
WHERE v.day IS NOT NULL AND {ext}.base_amount_problem(v.amount) IS NULL)$template$, options));
	END IF;
	RETURN @extschema@.base_template($template$
SELECT {d.key}, {ext}.purchase_changes(d.day, d.orders, d.gross, d.refunds, d.refunded) AS changes
FROM (SELECT {d.key}, d.day, sum(d.orders)::bigint AS orders, sum(d.gross) AS gross, sum(d.refunds)::bigint AS refunds, sum(d.refunded) AS refunded
	FROM {deltas} AS d WHERE d.item IS NULL GROUP BY {d.key}, d.day) AS d
GROUP BY {d.key}$template$, options);
END $$;
COMMENT ON FUNCTION base_changes(jsonb, text, text) IS
'The query for the changes of each customer of a live base that are not in its summary yet.';

-- The lines of an order that has changed, as the source has them. Readers of a base have no rights on its source and should
-- not need any, so the function runs as the base's owner, with a pinned path and the base's settings, and for orders with
-- changes that are not folded alone. Its body is text: the shop may alter its tables, and no view of ours stands in the way.
CREATE FUNCTION base_make_lines_of(options jsonb) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	options := options || jsonb_build_object('tenant_parameter', CASE WHEN options ->> 'tenant_sql' IS NULL THEN '' ELSE format('wanted_tenant %s, ', options ->> 'tenant_type') END,
		'row_tenant,', CASE WHEN options ->> 'tenant_sql' IS NULL THEN '' ELSE format('(%s), ', options ->> 'tenant_sql') END);
	EXECUTE @extschema@.base_template($template$
CREATE OR REPLACE FUNCTION {schema}.lines_of({tenant_parameter}wanted_customer {customer_type}, wanted_order {order_type}) RETURNS TABLE (day date, amount numeric)
	LANGUAGE plpgsql STABLE STRICT SECURITY DEFINER PARALLEL SAFE ROWS 5
	SET search_path = pg_catalog, pg_temp SET timezone = {'time_zone'} SET datestyle = {'date_style'} SET row_security = off
	SET bytea_output = hex SET extra_float_digits = 1 SET intervalstyle = postgres
AS {'body'};
COMMENT ON FUNCTION {schema}.lines_of({tenant_parameter}wanted_customer {customer_type}, wanted_order {order_type}) IS
	'The lines in the source of an order with changes that are not folded yet; runs as the owner of the base.'$template$,
		options || jsonb_build_object('body', @extschema@.base_template($template$
#variable_conflict use_column
BEGIN
	IF EXISTS (SELECT FROM {schema}.line_deltas AS d WHERE d.customer {customer_equal} wanted_customer[[tenant_sql: AND d.tenant {tenant_equal} wanted_tenant]]
			AND d.order_id {order_equal} wanted_order) THEN
		RETURN QUERY SELECT r.day, r.amount::numeric
		FROM {source} AS s CROSS JOIN LATERAL (SELECT {row_tenant,}{customer_sql}, {day_sql}, {amount_sql}[[currency_sql:, ({currency_sql})::text]])
			AS r ({tenant,} customer, day, amount[[currency_sql:, currency]])
		WHERE {order_sql} {order_equal} wanted_order AND r.customer {customer_equal} wanted_customer[[tenant_sql: AND r.tenant {tenant_equal} wanted_tenant]]
			AND isfinite(r.day) AND {amount_problem} IS NULL[[filter_sql: AND ({filter_sql})]]
			[[currency_sql:AND r.currency IS NOT DISTINCT FROM {'currency'}]]
			AND NOT coalesce(r.day < (SELECT kept_before FROM {schema}.state), false);
	END IF;
END $template$, options)));
END $$;
COMMENT ON FUNCTION base_make_lines_of(jsonb) IS
'Makes the function of a customer base with an order id that reads the lines of one order.';

-- One statement brings changes into the summary and writes the stages that they change to the log. chosen: a query for the
-- keys of the customers to fold; whoever runs it sees to it that nobody else folds them. OFFSET 0 has each customer looked up in
-- the index: statistics of a table that is full and empty by turns are of no use.
CREATE FUNCTION base_fold_statement(options jsonb, chosen text) RETURNS text
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN @extschema@.base_template($template$
WITH chosen AS MATERIALIZED ({chosen}),
taken AS (
	DELETE FROM {schema}.deltas WHERE ctid = ANY (ARRAY(SELECT f.ctid FROM chosen AS c
		CROSS JOIN LATERAL (SELECT d.ctid FROM {schema}.deltas AS d WHERE {d=c} AND d.item IS NULL OFFSET 0) AS f)) RETURNING *
),[[order_sql:
taken_lines AS (
	DELETE FROM {schema}.line_deltas WHERE ctid = ANY (ARRAY(SELECT f.ctid FROM chosen AS c
		CROSS JOIN LATERAL (SELECT d.ctid FROM {schema}.line_deltas AS d WHERE {d=c} OFFSET 0) AS f)) RETURNING *
),]]
fitted AS MATERIALIZED (
	SELECT {c.key}, n.history, {ext}.last_day(n.history) AS last_day, m.stage, m.stage_on,
		{ext}.misfits(m.history, c.changes) IS NOT NULL OR {ext}.unfit(c.changes) > 0 AS misfit
	FROM ({changes}) AS c LEFT JOIN {schema}.summary AS m ON {c=m}
		CROSS JOIN LATERAL (SELECT {ext}.net(m.history, c.changes) AS history OFFSET 0) AS n
), base AS MATERIALIZED (
	SELECT {day} AS day, t.advanced_to, {'policy'}::{ext}.lifecycle_policy AS policy FROM {schema}.state AS t
), written AS (
	INSERT INTO {schema}.summary ({key}, history, orders, gross, total, first_purchase, last_purchase, last_day, stage, stage_on, stage_due)
	SELECT {g.key}, g.history, {ext}.orders(g.history), {ext}.gross(g.history), {ext}.total(g.history), {ext}.first_purchase(g.history),
		{ext}.last_purchase(g.history), g.last_day, (l.state).stage, b.day, (l.state).due
	FROM fitted AS g CROSS JOIN base AS b
		CROSS JOIN LATERAL (SELECT {ext}.lifecycle_state(g.history, b.day, b.policy) AS state OFFSET 0) AS l
	WHERE g.last_day IS NOT NULL
	ORDER BY {g.key}
	ON CONFLICT ({key}) DO UPDATE SET {summary_columns}
), gone AS (
	DELETE FROM {schema}.summary AS m USING fitted AS g WHERE {m=g} AND g.last_day IS NULL
), logged AS (
	INSERT INTO {schema}.lifecycle_changes ({key}, from_stage, to_stage, changed_on, order_day, reason)
	SELECT {g.key}, c.from_stage, c.to_stage, c.changed_on, c.order_day, c.reason
	FROM fitted AS g CROSS JOIN base AS b
		CROSS JOIN LATERAL {ext}.lifecycle_changes_since(g.stage, greatest(g.stage_on, b.advanced_to), g.history, b.day, b.policy) WITH ORDINALITY AS c
	ORDER BY c.changed_on, {g.key}, c.ordinality
)
SELECT (SELECT count(*) FROM taken) [[order_sql:+ (SELECT count(*) FROM taken_lines)]] AS rows,
	(SELECT count(*) FROM fitted WHERE misfit) AS misfits, (SELECT max(last_day) FROM fitted) AS last_day$template$, options || jsonb_build_object('chosen', chosen, 'changes', @extschema@.base_changes(options, 'taken', 'taken_lines'),
		'day', CASE options ->> 'as_of' WHEN 'last_purchase' THEN 'greatest(t.last_day, (SELECT max(last_day) FROM fitted))'
			ELSE (options ->> 'schema') || '.as_of()' END,
		'summary_columns', @extschema@.base_summary_columns()));
END $$;
COMMENT ON FUNCTION base_fold_statement(jsonb, text) IS
'The statement that brings the changes of chosen customers of a live base into its summary and its log.';

-- What follows a fold: changes that did not fit are a trouble, and the last day of the data may be a later one.
CREATE FUNCTION base_after_fold(options jsonb) RETURNS text
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN @extschema@.base_template($template$
	IF outcome.misfits > 0 THEN
		INSERT INTO {schema}.troubles (reason, detail) VALUES ('misfit', format('changes of %s customers did not fit their histories', outcome.misfits));
	END IF;
	[[to_last:UPDATE {schema}.state SET last_day = outcome.last_day WHERE outcome.last_day > coalesce(last_day, '-infinity');]]
	RETURN outcome.rows;$template$, options || jsonb_build_object('to_last', nullif(options ->> 'as_of' = 'last_purchase', false)));
END $$;
COMMENT ON FUNCTION base_after_fold(jsonb) IS
'The end of the functions of a customer base that fold.';

-- The functions of a base that fold, so that their plans are kept: fold_some for a part of all changes, and fold_now for
-- stage_changes => 'transaction', which folds customers within the transaction of their orders, unless anybody else is at them, at
-- the base or at a refresh. It does not wait: what it leaves, the next fold takes. Who was at a customer before has committed when
-- the customer is locked, and the statement that folds comes after that, so that its snapshot sees it. Its plan, which is kept,
-- must serve an empty table and a full one: hence no sequential scans, and no compilation because a table without an index then looks dear.
CREATE FUNCTION base_make_folds(options jsonb) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	options := options || jsonb_build_object('after', @extschema@.base_after_fold(options), 'lock', hashtext(options ->> 'schema'),
		'some', @extschema@.base_fold_statement(options, @extschema@.base_template('SELECT {key} FROM (
		(SELECT {key} FROM {schema}.deltas WHERE item IS NULL LIMIT max_rows)
		[[order_sql:UNION ALL (SELECT {key} FROM {schema}.line_deltas LIMIT max_rows)]]) AS d GROUP BY {key}', options)),
		'now', @extschema@.base_fold_statement(options, @extschema@.base_template('SELECT [[tenant_sql:k.tenant::{tenant_type} AS tenant, ]]k.customer::{customer_type} AS customer
		FROM unnest(wanted_tenants, wanted_customers) AS k (tenant, customer)', options)));
	options := options || jsonb_build_object(
		'fold_some', @extschema@.base_template($template$
#variable_conflict use_column
DECLARE
	outcome record;
BEGIN
{some}
	INTO outcome;
{after}
END $template$, options),
		'fold_now', @extschema@.base_template($template$
#variable_conflict use_column
DECLARE
	outcome record;
BEGIN
	LOCK TABLE {schema}.settings IN SHARE MODE NOWAIT;
	SELECT array_agg(k.tenant), array_agg(k.customer) INTO wanted_tenants, wanted_customers FROM unnest(wanted_tenants, wanted_customers) AS k (tenant, customer)
	WHERE pg_try_advisory_xact_lock({lock}, hash_record(ROW([[tenant_sql:k.tenant::{tenant_type}, ]]k.customer::{customer_type})));
{now}
	INTO outcome;
{after}
END $template$, options));
	EXECUTE @extschema@.base_template($template$
CREATE OR REPLACE FUNCTION {schema}.fold_some(max_rows bigint) RETURNS bigint LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp SET timezone = {'time_zone'} SET datestyle = {'date_style'} SET row_security = off
	SET plan_cache_mode = force_custom_plan SET jit = off AS {'fold_some'};
COMMENT ON FUNCTION {schema}.fold_some(bigint) IS 'Brings a part of the changes into the summary; called by fold_customer_base.';
CREATE OR REPLACE FUNCTION {schema}.fold_now(wanted_tenants text[], wanted_customers text[]) RETURNS bigint LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp SET timezone = {'time_zone'} SET datestyle = {'date_style'} SET row_security = off
	SET lock_timeout = '1ms' SET enable_seqscan = off SET jit = off AS {'fold_now'};
COMMENT ON FUNCTION {schema}.fold_now(text[], text[]) IS 'Brings the changes of some customers into the summary at once; called by the triggers of a base with stage_changes ''transaction''.'$template$, options);
END $$;
COMMENT ON FUNCTION base_make_folds(jsonb) IS
'Makes the functions of a customer base that fold its changes.';

-- Functions whose body is text name the schema of their base. Where that was renamed since, they are made anew.
CREATE FUNCTION base_follow_schema(options jsonb) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT EXISTS (SELECT FROM pg_proc WHERE pronamespace = (options ->> 'schema')::regnamespace AND proname = 'fold_some'
			AND strpos(prosrc, format('DELETE FROM %s.deltas', options ->> 'schema')) > 0) THEN
		PERFORM @extschema@.base_make_folds(options);
		IF options ->> 'order_sql' IS NOT NULL THEN
			PERFORM @extschema@.base_make_lines_of(options);
		END IF;
		PERFORM @extschema@.base_make_survey_function(@extschema@.base_survey_options(options, id)) FROM @extschema@.base_survey_ids(options) AS id
			WHERE to_regproc(format('%s.survey_%s_changes', options ->> 'schema', id)) IS NOT NULL;
	END IF;
END $$;
COMMENT ON FUNCTION base_follow_schema(jsonb) IS
'Makes functions of a customer base anew whose body names another schema than that of the base.';

-- What rows that cannot be used are called in data_quality, summed from deltas.
CREATE FUNCTION base_left_out(deltas text) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT 'SELECT v.item, sum(d.orders) AS rows FROM ' || deltas || $query$ AS d, LATERAL (VALUES
		(CASE WHEN starts_with(d.item, 'no_') THEN 'orders_without_' || substr(d.item, 4) ELSE 'quarantined_' || d.item END),
		(CASE WHEN starts_with(d.item, 'no_') THEN 'rows_skipped' ELSE 'orders_quarantined' END)) AS v (item)
	WHERE d.item IS NOT NULL GROUP BY v.item$query$;
END;
COMMENT ON FUNCTION base_left_out(text) IS
'The query that sums what a live base could not use, by the items of its view data_quality.';

-- One step of fold_customer_base: about max_rows rows, whole customers. Rows that could not be used are counted in quality.
CREATE FUNCTION base_fold(settings regclass, max_rows bigint) RETURNS bigint
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	options jsonb;
	rows bigint;
BEGIN
	IF NOT max_rows > 0 THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('max_rows must be at least 1, not %s', max_rows),
			HINT = 'It is how many changes one transaction takes: 10000 is a good number.';
	END IF;
	EXECUTE format('LOCK TABLE %s IN SHARE UPDATE EXCLUSIVE MODE', settings);
	options := @extschema@.base_options(settings) || jsonb_build_object('max_rows', max_rows);
	PERFORM @extschema@.base_follow_schema(options);
	EXECUTE @extschema@.base_template('SELECT {schema}.fold_some({max_rows})', options) INTO rows;
	rows := rows + @extschema@.base_fold_answers(options, max_rows);
	EXECUTE @extschema@.base_template($template$
WITH taken AS (DELETE FROM {schema}.deltas WHERE item IS NOT NULL RETURNING item, orders)
UPDATE {schema}.quality AS q SET rows = greatest(q.rows + c.rows, 0) FROM ({left_out}) AS c WHERE c.item = q.item;
DELETE FROM {schema}.quarantine AS q USING (SELECT id, row_number() OVER (PARTITION BY reason ORDER BY id DESC) AS n FROM {schema}.quarantine) AS old
	WHERE old.id = q.id AND old.n > 1000;
UPDATE {schema}.state SET folded_at = clock_timestamp()$template$, options || jsonb_build_object('left_out', @extschema@.base_left_out('taken')));
	RETURN rows;
END $$;
COMMENT ON FUNCTION base_fold(regclass, bigint) IS
'One step of fold_customer_base, with the caller''s rights: returns how many changes it brought into the summary.';

-- The source was emptied by TRUNCATE, in this transaction: so is the summary.
CREATE FUNCTION base_source_truncated(settings regclass) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	options jsonb := @extschema@.base_options(settings);
BEGIN
	IF options ->> 'kept_before' IS NOT NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state', MESSAGE = 'a part of the history is kept';
	END IF;
	EXECUTE @extschema@.base_template($template$
DELETE FROM {schema}.deltas;
[[order_sql:DELETE FROM {schema}.line_deltas;]]
WITH gone AS (DELETE FROM {schema}.summary RETURNING {key}, stage)
INSERT INTO {schema}.lifecycle_changes ({key}, from_stage, changed_on, reason)
SELECT {key}, stage, coalesce({schema}.as_of(), CURRENT_DATE), 'corrected' FROM gone WHERE stage IS NOT NULL ORDER BY {key};
UPDATE {schema}.quality SET rows = 0;
UPDATE {schema}.state SET first_day = NULL, last_day = NULL$template$, options);
END $$;
COMMENT ON FUNCTION base_source_truncated(regclass) IS
'Empties a live base whose source has been truncated.';

-- One step of advance_customer_base: stages that time alone has changed, of about max_rows customers. Customers with changes that are not folded yet are left to the fold.
CREATE FUNCTION base_advance(settings regclass, max_rows bigint) RETURNS bigint
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	options jsonb;
	done boolean;
	rows bigint;
BEGIN
	EXECUTE format('LOCK TABLE %s IN SHARE UPDATE EXCLUSIVE MODE', settings);
	options := @extschema@.base_options(settings) || jsonb_build_object('max_rows', max_rows);
	-- What is due on a day is due at its beginning. So the summary is read once a day, and needs no index that every fold would
	-- have to change.
	EXECUTE @extschema@.base_template('SELECT {schema}.as_of() <= advanced_to FROM {schema}.state', options) INTO done;
	IF done THEN
		RETURN 0;
	END IF;
	EXECUTE @extschema@.base_template($template$
WITH base AS MATERIALIZED (
	SELECT {schema}.as_of() AS day, t.advanced_to, {'policy'}::{ext}.lifecycle_policy AS policy FROM {schema}.state AS t
), due AS MATERIALIZED (
	SELECT {m.key}, m.history, m.stage, m.stage_on FROM {schema}.summary AS m
	WHERE m.stage_due <= (SELECT day FROM base) AND NOT EXISTS (SELECT FROM {schema}.deltas AS d WHERE {d=m} OFFSET 0)
		[[order_sql:AND NOT EXISTS (SELECT FROM {schema}.line_deltas AS d WHERE {d=m} OFFSET 0)]]
	LIMIT {max_rows}
), logged AS (
	INSERT INTO {schema}.lifecycle_changes ({key}, from_stage, to_stage, changed_on, order_day, reason)
	SELECT {g.key}, c.from_stage, c.to_stage, c.changed_on, c.order_day, c.reason
	FROM due AS g CROSS JOIN base AS b
		CROSS JOIN LATERAL {ext}.lifecycle_changes_since(g.stage, greatest(g.stage_on, b.advanced_to), g.history, b.day, b.policy) WITH ORDINALITY AS c
	ORDER BY c.changed_on, {g.key}, c.ordinality
), moved AS (
	UPDATE {schema}.summary AS m SET stage = (l.state).stage, stage_on = l.day, stage_due = (l.state).due
	FROM (SELECT {g.key}, b.day, {ext}.lifecycle_state(g.history, b.day, b.policy) AS state FROM due AS g CROSS JOIN base AS b OFFSET 0) AS l
	WHERE {m=l}
)
SELECT count(*) FROM due$template$, options) INTO rows;
	RETURN rows;
END $$;
COMMENT ON FUNCTION base_advance(regclass, bigint) IS
'One step of advance_customer_base, with the caller''s rights: returns how many customers had a stage that was due.';
