
-- The views of a base, and their twins for any day ---------------------------------------------------

-- A function of the base's schema. It can be inlined, so that a condition on a view reaches the tables beneath.
CREATE FUNCTION base_make_function(options jsonb, signature text, columns text, body text, properties text DEFAULT 'STABLE PARALLEL SAFE') RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	EXECUTE @extschema@.base_template('CREATE OR REPLACE FUNCTION {schema}.' || signature || ' RETURNS ' || columns
		|| ' LANGUAGE sql ' || properties || ' BEGIN ATOMIC ' || body || '; END', options);
END $$;
COMMENT ON FUNCTION base_make_function(jsonb, text, text, text, text) IS
'Makes a function in the schema of a customer base from templates.';

-- Programs show them beside the data.
CREATE FUNCTION base_comment_columns(options jsonb, relation text) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	described record;
BEGIN
	FOR described IN SELECT c.name, c.comment FROM @extschema@.base_columns_of(options, relation) AS c LOOP
		EXECUTE format('COMMENT ON COLUMN %s.%I.%I IS %L', options ->> 'schema', relation, described.name, described.comment);
	END LOOP;
END $$;
COMMENT ON FUNCTION base_comment_columns(jsonb, text) IS
'Says what the columns of a view or table of a customer base are, in its language.';

-- A view, with its comments; and before it, if it speaks of a day, its twin, from which it is drawn. What a function
-- returns has no scale, so the view gives it. A view that an older version made with a column of another type is made anew, with the
-- rights on it; but if somebody has built on it, its columns keep their types.
CREATE FUNCTION base_make_view(options jsonb, view text, en text, zh text, body text, twin boolean DEFAULT true) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	relation text := format('%s.%I', options ->> 'schema', view);
	definition text := format('CREATE OR REPLACE VIEW %s WITH (security_invoker = true) AS ', relation);
	columns text;
	old_columns text;
	rights text;
BEGIN
	SELECT string_agg(CASE WHEN c.type LIKE '%(%' THEN format('%I::%s AS %1$I', c.name, c.type) ELSE quote_ident(c.name) END, ', ' ORDER BY c.ordinal),
		string_agg(format('%I::%s AS %1$I', c.name, coalesce(format_type(a.atttypid, a.atttypmod), c.type)), ', ' ORDER BY c.ordinal)
	INTO columns, old_columns
	FROM @extschema@.base_columns_of(options, view) AS c LEFT JOIN pg_attribute AS a ON a.attrelid = to_regclass(relation) AND a.attname = c.name;
	IF twin THEN
		PERFORM @extschema@.base_make_function(options || jsonb_build_object('columns', (SELECT string_agg(format('%I %s', c.name, c.type), ', ' ORDER BY c.ordinal)
			FROM @extschema@.base_columns_of(options, view) AS c)), view || '_at(day date)', 'TABLE ({columns})', body);
		EXECUTE format('COMMENT ON FUNCTION %s.%I(date) IS %L', options ->> 'schema', view || '_at', format('The view %s as of any day.', view));
		body := format('SELECT {columns} FROM {schema}.%I({schema}.as_of())', view || '_at');
	END IF;
	BEGIN
		EXECUTE definition || @extschema@.base_template(body, options || jsonb_build_object('columns', columns));
	EXCEPTION WHEN invalid_table_definition THEN
		SELECT string_agg(format('GRANT %s ON %s TO %s%s', r.privilege_type, relation, CASE r.grantee WHEN 0 THEN 'PUBLIC' ELSE r.grantee::regrole::text END,
			CASE WHEN r.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END), '; ') INTO rights
		FROM pg_class AS c, aclexplode(c.relacl) AS r WHERE c.oid = to_regclass(relation);
		BEGIN
			EXECUTE format('DROP VIEW %s', relation);
			EXECUTE definition || @extschema@.base_template(body, options || jsonb_build_object('columns', columns));
			EXECUTE coalesce(rights, '');
		EXCEPTION WHEN dependent_objects_still_exist THEN
			EXECUTE definition || @extschema@.base_template(body, options || jsonb_build_object('columns', old_columns));
		END;
	END;
	EXECUTE format('COMMENT ON VIEW %s IS %L', relation, CASE WHEN options ->> 'language' = 'zh' THEN zh ELSE en END);
	PERFORM @extschema@.base_comment_columns(options, view);
END $$;
COMMENT ON FUNCTION base_make_view(jsonb, text, text, text, text, boolean) IS
'Makes a view in the schema of a customer base from a template, with its twin for any day and its comments.';

CREATE FUNCTION base_make_views(options jsonb) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	zh boolean := options ->> 'language' = 'zh';
	tenant boolean := options ->> 'tenant_sql' IS NOT NULL;
	scope text;
BEGIN
	options := options || jsonb_build_object(
		'label', CASE WHEN zh THEN 'label_zh' ELSE 'label_en' END,
		'digits', (SELECT m.digits FROM @extschema@.segment_maps() AS m WHERE m.map = options ->> 'segment_map'),
		'population_method', CASE WHEN options ->> 'rfm_method' = 'fixed' THEN 'quantile' ELSE options ->> 'rfm_method' END,
		'fixed', nullif(options ->> 'rfm_method' = 'fixed', false),
		'attributes_sql', (SELECT coalesce(string_agg(format('s.%I, ', a), ''), '')
			FROM jsonb_array_elements_text(coalesce((options ->> 'attributes')::jsonb, '[]')) AS a),
		'detractors', CASE WHEN zh THEN '贬损者' ELSE 'detractors' END, 'passives', CASE WHEN zh THEN '被动者' ELSE 'passives' END, 'promoters', CASE WHEN zh THEN '推荐者' ELSE 'promoters' END,
		'key_tenant,', CASE WHEN tenant THEN (options ->> 'key_tenant_sql') || ', ' ELSE '' END,
		'key_is_customer', format('%s %s m.customer', options ->> 'key_sql', options ->> 'customer_equal')
			|| CASE WHEN tenant THEN format(' AND %s %s m.tenant', options ->> 'key_tenant_sql', options ->> 'tenant_equal') ELSE '' END,
		'no_measures', (SELECT string_agg(CASE c.name WHEN 'stage' THEN '''prospect''' WHEN 'stage_label' THEN 'l.label_' || (options ->> 'language')
				WHEN 'stage_rank' THEN 'l.rank' ELSE format('NULL::%s AS %I', c.type, c.name) END, ', ')
			FROM @extschema@.base_columns() AS c
			WHERE c.view = 'customers' AND c.type NOT IN ('<customer>', '<tenant>', '') AND c.name NOT IN ('currency', 'as_of')),
		'tenant_column', CASE WHEN tenant THEN 'tenant ' || (options ->> 'tenant_type') || ', ' ELSE '' END,
		'of_tenant', CASE WHEN tenant THEN ' WHERE c.tenant ' || (options ->> 'tenant_equal') || ' b.tenant' ELSE '' END,
		'of_each_key_tenant', CASE WHEN tenant THEN 'GROUP BY ' || (options ->> 'key_tenant_sql') ELSE '' END,
		'by_tenant', CASE WHEN tenant THEN 'PARTITION BY c.tenant' ELSE '' END,
		'by_m_tenant', CASE WHEN tenant THEN 'PARTITION BY m.tenant' ELSE '' END,
		'reason_differences', CASE WHEN zh THEN '核对发现差异:请刷新' ELSE 'verification found differences: refresh' END,
		'reason_refresh', CASE WHEN zh THEN '。排除原因后请刷新' ELSE '. When that is put right, refresh' END,
		'reason_trigger', CASE WHEN zh THEN '%s 缺少触发器或触发器已停用:请推进 (advance_customer_base) 或重新启动 (start_maintenance)' ELSE '%s lacks a trigger, or it is disabled: advance or start maintenance again' END,
		'reason_source', CASE WHEN zh THEN '来源 %s 不存在' ELSE 'there is no %s any more' END,
		'reason_starting', CASE WHEN zh THEN '启动未完成:请重新启动 (start_maintenance)' ELSE 'start_maintenance was not finished: call it again' END,
		'reason_fold', CASE WHEN zh THEN '变更已超过一天未合并:请定时推进 (advance_customer_base)' ELSE 'changes were not folded for a day: schedule advance_customer_base' END,
		'reason_day', CASE WHEN zh THEN '今日尚未刷新' ELSE 'not refreshed today' END,
		'note_no_model', CASE WHEN zh THEN '没有模型:SELECT * FROM fit_models(%L)' ELSE 'no models yet: SELECT * FROM fit_models(%L)' END,
		'note_old_model', CASE WHEN zh THEN '模型已有 %s 天:SELECT * FROM fit_models(%L)' ELSE 'the models are %s days old: SELECT * FROM fit_models(%L)' END,
		'note_model_trust', CASE WHEN zh THEN '模型不可信:%s' ELSE 'the models cannot be trusted: %s' END);
	options := options || @extschema@.base_model_parts(options) || @extschema@.base_churn_parts(options)
		|| jsonb_build_object('last_nps', @extschema@.base_last_answer(options, 'nps'), 'last_satisfaction', @extschema@.base_last_answer(options, 'csat'));
	options := options || jsonb_build_object('stored_rfm', @extschema@.base_template($template$
{ext}.rfm_breaks(array_agg(c.value ORDER BY c.cut) FILTER (WHERE c.measure = 'days_since_last'),
		array_agg(c.value ORDER BY c.cut) FILTER (WHERE c.measure = 'orders'),
		array_agg(c.value ORDER BY c.cut) FILTER (WHERE c.measure = 'total'))$template$, options));

	PERFORM @extschema@.base_make_function(options, 'as_of()', 'date', CASE options ->> 'as_of'
		WHEN 'today' THEN 'SELECT (now() AT TIME ZONE {''time_zone''})::date'
		WHEN 'last_purchase' THEN 'SELECT greatest((SELECT last_day FROM {schema}.state), (SELECT max(day) FROM {schema}.deltas WHERE orders > 0 OR refunds > 0)
			[[order_sql:, (SELECT max(day) FROM {schema}.line_deltas WHERE lines > 0)]])'
		ELSE 'SELECT {''as_of''}::date' END);

	-- What is not folded yet lies under everything that is read, so that a live base is exact at once. A condition on the key
	-- reaches both tables; the customers with changes are few, and their columns are drawn from the history anew, which unnest
	-- has computed once (OFFSET 0 would, too, but no plan over it is parallel). Twice, again for
	-- the planner's sake: for one customer its changes are looked up in an index; for all of them their keys are a hash table, in
	-- every worker of a parallel scan. That the keys come from a function that is not inlined keeps the planner from anything
	-- else, whatever statistics say of a table that is full and empty by turns.
	PERFORM @extschema@.base_make_function(options, 'changed()', 'TABLE ({tenant_column}customer {customer_type})', $template$
SELECT {key} FROM {schema}.deltas WHERE item IS NULL[[order_sql: UNION ALL SELECT {key} FROM {schema}.line_deltas]]$template$, 'STABLE STRICT PARALLEL SAFE ROWS 1000');
	IF options ->> 'order_sql' IS NOT NULL THEN
		PERFORM @extschema@.base_make_lines_of(options);
	END IF;
	PERFORM @extschema@.base_make_folds(options);
	FOREACH scope IN ARRAY ARRAY['customer', 'summary'] LOOP
		PERFORM @extschema@.base_make_view(options || jsonb_build_object('changes', @extschema@.base_changes(options,
			(options ->> 'schema') || '.deltas', (options ->> 'schema') || '.line_deltas'),
			'is_changed', @extschema@.base_template(CASE
				WHEN scope = 'customer' THEN 'EXISTS (SELECT FROM {schema}.deltas AS d WHERE {d=m} OFFSET 0)
					[[order_sql: OR EXISTS (SELECT FROM {schema}.line_deltas AS d WHERE {d=m} OFFSET 0)]]'
				WHEN NOT tenant THEN 'm.customer {customer_equal} ANY (SELECT customer FROM {schema}.changed())'
				WHEN options ->> 'tenant_equal' = options ->> 'customer_equal' THEN '(m.tenant, m.customer) {customer_equal} ANY (SELECT tenant, customer FROM {schema}.changed())'
				ELSE 'EXISTS (SELECT FROM {schema}.changed() AS d WHERE {d=m})' END, options)),
			scope || '_now', CASE scope WHEN 'customer' THEN 'The same as summary_now, for look-ups by key.'
				ELSE 'The summary with the changes of a live base that are not folded into it yet; the other views read it.' END,
			CASE scope WHEN 'customer' THEN '同 summary_now,用于按键查找。' ELSE '汇总表及实时客户库尚未合并的变更;其他视图均由此读取。' END, $template$
SELECT m.customer, {m.tenant,} m.history, m.orders, m.gross, m.total, m.first_purchase, m.last_purchase, m.last_day, m.stage, m.stage_on, m.stage_due
FROM (SELECT {key}, history, orders, gross, total, first_purchase, last_purchase, last_day, stage, stage_on, stage_due,
		true AS folded FROM {schema}.summary
	UNION ALL
	SELECT {n.key}, n.history, {ext}.orders(n.history), {ext}.gross(n.history), {ext}.total(n.history), {ext}.first_purchase(n.history),
		{ext}.last_purchase(n.history), {ext}.last_day(n.history), NULL, NULL, NULL, false
	FROM (SELECT {c.key}, unnest(ARRAY[{ext}.net(s.history, c.changes)]) AS history FROM ({changes}) AS c LEFT JOIN {schema}.summary AS s ON {c=s}) AS n
	WHERE {ext}.last_day(n.history) IS NOT NULL) AS m
WHERE NOT m.folded OR NOT ({is_changed})$template$, false);
	END LOOP;

	PERFORM @extschema@.base_make_rhythm(options);

	-- The measures of each customer at the end of a day: the plain columns serve when nothing comes after it. Twice, for the
	-- planner's sake: for one customer the day stands apart, fenced by OFFSET 0, which plans in a moment; for all of them it is
	-- a parameter wherever it is used, so that plans are parallel.
	FOREACH scope IN ARRAY ARRAY['', 'all_'] LOOP
		PERFORM @extschema@.base_make_function(options || jsonb_build_object('one_day', CASE scope WHEN '' THEN '(SELECT $1 AS day OFFSET 0)'
			ELSE '(SELECT (SELECT $1) AS day)' END,
			'now', CASE scope WHEN '' THEN 'customer_now' ELSE 'summary_now' END), scope || 'measured_at(day date)', 'TABLE ({tenant_column}customer {customer_type},
		history {ext}.purchase_history, first_purchase date, last_purchase date, orders bigint, gross numeric, total numeric,
		frequency bigint, money numeric, stage {ext}.lifecycle_stage, as_of date)', $template$
SELECT {m.tenant,} m.customer,
	CASE WHEN m.last_day <= d.day THEN m.history ELSE {ext}.as_of(m.history, d.day) END,
	CASE WHEN m.first_purchase <= d.day THEN m.first_purchase END,
	CASE WHEN m.last_purchase <= d.day THEN m.last_purchase ELSE {ext}.last_purchase({ext}.as_of(m.history, d.day)) END,
	CASE WHEN m.last_day <= d.day THEN m.orders ELSE {ext}.orders({ext}.as_of(m.history, d.day)) END,
	CASE WHEN m.last_day <= d.day THEN m.gross ELSE {ext}.gross({ext}.as_of(m.history, d.day)) END,
	CASE WHEN m.last_day <= d.day THEN m.total ELSE {ext}.total({ext}.as_of(m.history, d.day)) END,
	[[rfm_window:{ext}.orders({ext}.slice(m.history, (d.day - {'rfm_window'}::interval)::date + 1, d.day + 1)),
	{ext}.total({ext}.slice(m.history, (d.day - {'rfm_window'}::interval)::date + 1, d.day + 1)),]]
	[[!rfm_window:CASE WHEN m.last_day <= d.day THEN m.orders ELSE {ext}.orders({ext}.as_of(m.history, d.day)) END,
	CASE WHEN m.last_day <= d.day THEN m.total ELSE {ext}.total({ext}.as_of(m.history, d.day)) END,]]
	CASE WHEN m.stage_on BETWEEN m.last_day AND d.day AND (m.stage_due > d.day) IS NOT FALSE THEN m.stage
		ELSE {ext}.lifecycle_stage(m.history, d.day, {'policy'}::{ext}.lifecycle_policy) END,
	d.day
FROM {one_day} AS d CROSS JOIN {schema}.{now} AS m
WHERE m.last_day <= d.day OR m.first_purchase <= d.day OR {ext}.refunds({ext}.as_of(m.history, d.day)) > 0$template$);
	END LOOP;

	-- The limits of the population of a day. STRICT keeps it from being inlined: a look-up by stored limits does not
	-- plan a scan that it never runs.
	PERFORM @extschema@.base_make_function(options, 'population_breaks(day date)', 'TABLE ({tenant_column}rfm {ext}.rfm_breaks, abc numeric[])', $template$
SELECT {m.tenant,} {ext}.rfm_breaks(m.as_of - m.last_purchase, m.frequency, m.money, {rfm_bins}, {'population_method'}),
	{ext}.abc_breaks(m.total, {abc_a}, {abc_b})
FROM {schema}.all_measured_at($1) AS m WHERE m.last_purchase IS NOT NULL[[tenant_sql: GROUP BY m.tenant]]$template$,
		'STABLE STRICT PARALLEL SAFE ROWS 1');

	-- The limits to score by on a day: the stored ones, or for a day before them those of its own population.
	PERFORM @extschema@.base_make_function(options, 'breaks_at(day date)', 'TABLE ({tenant_column}rfm {ext}.rfm_breaks, abc numeric[])', $template$
SELECT {c.tenant,} {stored_rfm}, array_agg(c.value ORDER BY c.cut) FILTER (WHERE c.measure = 'abc')
FROM {schema}.cut_points AS c[[tenant_sql: GROUP BY c.tenant]]
HAVING coalesce($1 >= (SELECT max(l.as_of) FROM {schema}.cut_points AS l), true)
UNION ALL
SELECT {b.tenant,} [[!fixed:b.rfm]][[fixed:(SELECT {stored_rfm} FROM {schema}.cut_points AS c{of_tenant})]], b.abc
FROM {schema}.population_breaks($1) AS b WHERE $1 < (SELECT max(l.as_of) FROM {schema}.cut_points AS l)$template$);

	-- Recency is counted to the day of the limits, so that a score does not move because a day has passed.
	FOREACH scope IN ARRAY ARRAY['', 'all_'] LOOP
		PERFORM @extschema@.base_make_function(options || jsonb_build_object('scope', scope), scope || 'scored_at(day date)', 'TABLE ({tenant_column}customer {customer_type},
		history {ext}.purchase_history, first_purchase date, last_purchase date, orders bigint, gross numeric, total numeric,
		frequency bigint, money numeric, rfm {ext}.rfm_score, abc {ext}.abc_class, stage {ext}.lifecycle_stage, as_of date)', $template$
SELECT {m.tenant,} m.customer, m.history, m.first_purchase, m.last_purchase, m.orders, m.gross, m.total, m.frequency, m.money,
	{ext}.rfm_score([[tenant_sql:b.rfm]][[!tenant_sql:(SELECT b.rfm FROM {schema}.breaks_at($1) AS b)]],
		least(m.as_of, (SELECT max(c.as_of) FROM {schema}.cut_points AS c WHERE c.measure = 'days_since_last')) - m.last_purchase,
		m.frequency, m.money),
	{ext}.abc_class([[tenant_sql:b.abc]][[!tenant_sql:(SELECT b.abc FROM {schema}.breaks_at($1) AS b)]],
		CASE WHEN m.last_purchase IS NOT NULL THEN m.total END),
	m.stage, m.as_of
FROM {schema}.{scope}measured_at($1) AS m
	[[tenant_sql:LEFT JOIN {schema}.breaks_at($1) AS b ON b.tenant {tenant_equal} m.tenant]]$template$);
	END LOOP;

	-- OFFSET 0 has a score computed once, however many columns are drawn from it, and not at all if none is. Segments are joined by m too: the
	-- planner would have them join each customer's score, before the customers, and so once for each.
	PERFORM @extschema@.base_make_view(options, 'customers', 'Every customer with all measures and scores; with a customers table also those without an order.',
		'每位客户的全部指标与评分;指定客户表时,也包括尚无订单者。', $template$
SELECT m.customer, {m.tenant,} {attributes_sql}m.first_purchase, m.last_purchase, m.as_of - m.last_purchase, m.orders,
	{ext}.refunds(m.history), m.gross::numeric(38,2), (m.gross - m.total)::numeric(38,2),
	m.total::numeric(38,2), (m.gross / nullif(m.orders, 0))::numeric(38,2), m.as_of - m.first_purchase, {ext}.median_gap(m.history),
	score.rfm::text, {ext}.recency_score(score.rfm), {ext}.frequency_score(score.rfm), {ext}.monetary_score(score.rfm),
	g.segment, g.{label}, g.rank, m.abc::text, score.stage, l.{label}, l.rank,
	score.risk, score.band, {ext}.churn_band_rank(score.band), {ext}.revenue_at_risk(coalesce(score.value, {current_value}), score.risk)::numeric(38,2), score.alive, score.purchases, {historic_value}::numeric(38,2),
	score.value::numeric(38,2), ({historic_value} + score.value)::numeric(38,2), score.trust, {last_nps}, {last_satisfaction}, {'currency'}::text, m.as_of
FROM {schema}.scored_at($1) AS m CROSS JOIN LATERAL (SELECT v.*, {ext}.churn_band(v.risk) AS band FROM (SELECT m.rfm, m.stage::text, {model_values} OFFSET 0) AS v OFFSET 0) AS score
	LEFT JOIN {schema}.segment_map AS g ON g.code = left(score.rfm::text, {digits}) AND m.customer IS NOT NULL
	LEFT JOIN {schema}.lifecycle_stages AS l ON l.stage = score.stage
	[[customers:LEFT JOIN {customers} AS s ON {key_is_customer}
UNION ALL
SELECT ({key_sql})::{customer_type}, {key_tenant,}{attributes_sql}{no_measures}, {'currency'}::text, d.day
FROM (SELECT $1 AS day OFFSET 0) AS d CROSS JOIN {customers} AS s LEFT JOIN {schema}.lifecycle_stages AS l ON l.stage = 'prospect'
WHERE {key_sql} IS NOT NULL AND NOT EXISTS (SELECT FROM {schema}.measured_at($1) AS m WHERE {key_is_customer})]]$template$);

	PERFORM @extschema@.base_make_view(options, 'rfm', 'Recency, frequency and money of every customer with a purchase, with scores and segment.',
		'每位购买客户的 R、F、M 指标、评分与分群。', $template$
SELECT m.customer, {m.tenant,} m.as_of - m.last_purchase, m.frequency, m.money::numeric(38,2), score.rfm::text, {ext}.recency_score(score.rfm),
	{ext}.frequency_score(score.rfm), {ext}.monetary_score(score.rfm), g.segment, g.{label}, g.rank, {'currency'}::text, m.as_of
FROM {schema}.scored_at($1) AS m CROSS JOIN LATERAL (SELECT m.rfm OFFSET 0) AS score
	LEFT JOIN {schema}.segment_map AS g ON g.code = left(score.rfm::text, {digits}) AND m.customer IS NOT NULL
WHERE m.last_purchase IS NOT NULL$template$);

	-- By score and days first, so that a million customers are a few thousand rows before they meet the map.
	PERFORM @extschema@.base_make_view(options, 'rfm_segments', 'The segments: how many customers, what they are worth, what to do.',
		'各分群的客户数、价值与建议行动。', $template$
SELECT {c.tenant,} c.segment, g.label, g.rank, g.action, sum(c.customers)::bigint,
	round(sum(c.customers) / sum(sum(c.customers)) OVER ({by_tenant}), 6), sum(c.total)::numeric(38,2),
	round(sum(c.total) / nullif(sum(sum(c.total)) OVER ({by_tenant}), 0), 6),
	(sum(c.gross) / nullif(sum(c.orders), 0))::numeric(38,2),
	(min(c.days) FILTER (WHERE 2 * c.upto >= c.of) + min(c.days) FILTER (WHERE 2 * c.upto > c.of))::double precision / 2,
	{'currency'}::text, $1
FROM (SELECT {s.tenant,} g.segment, s.days, sum(s.customers) AS customers, sum(s.total) AS total, sum(s.gross) AS gross,
		sum(s.orders) AS orders, sum(sum(s.customers)) OVER (PARTITION BY {s.tenant,} g.segment ORDER BY s.days) AS upto,
		sum(sum(s.customers)) OVER (PARTITION BY {s.tenant,} g.segment) AS of
	FROM (SELECT {t.tenant,} r.rfm, r.days_since_last AS days, r.customers, r.total, r.gross, r.orders
		FROM (SELECT {m.tenant,} {ext}.rfm_totals(m.rfm, m.as_of - m.last_purchase, m.orders, m.gross, m.total) AS totals
			FROM {schema}.all_scored_at($1) AS m WHERE m.last_purchase IS NOT NULL[[tenant_sql: GROUP BY m.tenant]]) AS t,
			unnest(t.totals) AS r) AS s
		JOIN {schema}.segment_map AS g ON g.code = left(s.rfm::text, {digits})
	GROUP BY {s.tenant,} g.segment, s.days) AS c
	JOIN (SELECT segment, min({label}) AS label, min(rank) AS rank, min(action) AS action FROM {schema}.segment_map GROUP BY segment) AS g
		ON g.segment = c.segment
GROUP BY {c.tenant,} c.segment, g.label, g.rank, g.action
ORDER BY {c.tenant,} g.rank$template$);

	PERFORM @extschema@.base_make_view(options, 'abc', 'Every customer with a purchase by its share of the revenue.',
		'每位购买客户在收入中的占比与 ABC 分类。', $template$
SELECT m.customer, {m.tenant,} m.total::numeric(38,2),
	round(greatest(m.total, 0) / sum(CASE WHEN m.total > 0 THEN m.total END) OVER ({by_m_tenant}), 6),
	round({ext}.cumulative_share(m.total) OVER ({by_m_tenant}), 6), m.abc::text, {'currency'}::text, m.as_of
FROM {schema}.all_scored_at($1) AS m WHERE m.last_purchase IS NOT NULL$template$);

	PERFORM @extschema@.base_make_function(options, 'kpis_by(unit text, day date)', 'TABLE ({tenant_column}period date, customers_active bigint,
		customers_new bigint, customers_returning bigint, customers_reactivated bigint, customers_lost bigint, customers_total bigint,
		orders bigint, gross numeric, refunded numeric, net numeric, average_order numeric, orders_per_customer numeric,
		repeat_rate numeric, refund_rate numeric, complete boolean, as_of date)', $template$
WITH activity AS (
	SELECT {t.tenant,} p.*, t.day
	FROM (SELECT {m.tenant,} {ext}.period_totals(m.history, $1, d.day, {'count_by'}) AS totals, d.day
			FROM (SELECT (SELECT $2) AS day) AS d CROSS JOIN {schema}.summary_now AS m GROUP BY {m.tenant,} d.day) AS t,
		LATERAL unnest(t.totals) AS p
), calendar AS (
	SELECT {c.tenant,} k.period, k.next_period AS next, c.day
	FROM (SELECT {a.tenant,} min(a.period) AS first, a.day FROM activity AS a GROUP BY {a.tenant,} a.day) AS c,
		LATERAL {ext}.calendar_periods(c.first, c.day, $1) AS k
)
SELECT {c.tenant,} c.period, coalesce(a.customers_active, 0), coalesce(a.customers_new, 0), coalesce(a.customers_returning, 0),
	coalesce(a.customers_reactivated, 0), coalesce(a.customers_lost, 0),
	(sum(a.customers_new) OVER ({by_tenant} ORDER BY c.period))::bigint, coalesce(a.orders, 0),
	coalesce(a.gross, 0)::numeric(38,2), coalesce(a.refunded, 0)::numeric(38,2), coalesce(a.gross - a.refunded, 0)::numeric(38,2),
	(a.gross / nullif(a.orders, 0))::numeric(38,2), round(a.orders::numeric / nullif(a.customers_active, 0), 6),
	round(a.customers_repeated::numeric / nullif(a.customers_active, 0), 6), round(a.refunded / nullif(a.gross, 0), 6),
	c.next <= c.day + 1 AND c.period >= coalesce({'history_starts'}::date, c.period), c.day
FROM calendar AS c LEFT JOIN activity AS a ON a.period = c.period[[tenant_sql: AND a.tenant {tenant_equal} c.tenant]]$template$);

	-- The unit stands outside of the sums, so that a condition on it spares the other units.
	PERFORM @extschema@.base_make_view(options, 'kpis', 'The business by week, month, quarter and year; filter by unit.',
		'按周、月、季、年统计的经营指标;请按 unit 筛选。',
		(SELECT string_agg(format('SELECT {k.tenant,} k.period, %L::text, k.customers_active, k.customers_new, k.customers_returning,
			k.customers_reactivated, k.customers_lost, k.customers_total, k.orders, k.gross, k.refunded, k.net, k.average_order,
			k.orders_per_customer, k.repeat_rate, k.refund_rate, k.complete, {''currency''}::text, k.as_of
			FROM {schema}.kpis_by(%1$L, $1) AS k', unit), ' UNION ALL ')
		FROM unnest('{week,month,quarter,year}'::text[]) AS unit));

	PERFORM @extschema@.base_make_lifecycle_views(options);
	PERFORM @extschema@.base_make_model_views(options);
	PERFORM @extschema@.base_make_churn_views(options);
	PERFORM @extschema@.base_make_survey_views(options);
	PERFORM @extschema@.base_make_retention_views(options);
	PERFORM @extschema@.base_make_view(options, 'histories', 'The purchase history of every customer, for SQL.',
		'每位客户的完整购买历史,供 SQL 使用。',
		'SELECT customer, {tenant,} history FROM {schema}.summary_now', false);
	PERFORM @extschema@.base_make_view(options, 'data_quality', 'What the last refresh counted, what it left out, and why; in a live base, what has been left out since is counted as well.',
		'最近一次刷新的计数:读取了什么、略去了什么及原因;实时客户库也计入此后略去的行。',
		'SELECT q.item, greatest(q.rows + coalesce(d.rows, 0), 0)::bigint AS rows, q.explanation
		FROM {schema}.quality AS q LEFT JOIN (' || @extschema@.base_left_out('{schema}.deltas') || ') AS d ON d.item = q.item ORDER BY q.ordinal', false);
	PERFORM @extschema@.base_make_view(options, 'base_status', 'The state of the base in one row.',
		'客户库的状态,仅一行。', $template$
SELECT s.base, s.base_version AS version, x.mode, d.day AS as_of, s.source,
	(SELECT q.rows FROM {schema}.quality AS q WHERE q.item = 'rows_seen') AS rows_seen,
	(SELECT count(*) FROM {schema}.summary_now) AS customers,
	pg_total_relation_size({'summary_table'}::regclass) + p.bytes AS bytes, p.rows AS delta_rows, p.oldest AS oldest_delta, t.folded_at AS last_fold,
	t.refreshed_at AS last_refresh, t.refresh_seconds, t.advanced_at AS last_advance, t.advanced_to,
	(SELECT max(c.as_of) FROM {schema}.cut_points AS c) AS cut_points_as_of, k.fitted_on AS models_fitted_on,
	CASE WHEN k.fitted_on IS NULL THEN format({'note_no_model'}, s.base) WHEN d.day - k.fitted_on > 31 THEN format({'note_old_model'}, d.day - k.fitted_on, s.base)
		WHEN k.trust NOT IN ('ok', 'small_sample') THEN format({'note_model_trust'}, k.trust) END AS models_note, t.verified_at AS last_verify,
	t.differences AS verify_differences, CASE WHEN x.mode <> 'refresh' THEN x.missing IS NULL END AS triggers_ok,
	(SELECT sum(q.rows)::bigint FROM {schema}.quality AS q WHERE q.item LIKE 'quarantined\_%') AS quarantined, t.kept_before,
	r.reason IS NOT NULL AS stale, r.reason AS stale_reason
FROM {schema}.settings AS s LEFT JOIN {schema}.state AS t ON true CROSS JOIN (SELECT {schema}.as_of() AS day) AS d
	CROSS JOIN (SELECT max(c.as_of) AS fitted_on, {models_trust} AS trust FROM {schema}.models AS c) AS k
	CROSS JOIN (SELECT sum(c.bytes)::bigint AS bytes, sum(c.rows)::bigint AS rows, min(c.oldest) AS oldest FROM (
		SELECT pg_total_relation_size({'deltas_table'}::regclass) AS bytes, count(*) AS rows, min(at) AS oldest FROM {schema}.deltas
		[[order_sql:UNION ALL SELECT pg_total_relation_size({'line_deltas_table'}::regclass), count(*), min(at) FROM {schema}.line_deltas]]) AS c) AS p
	CROSS JOIN LATERAL (SELECT count(*) AS expected, count(*) FILTER (WHERE g.missing) AS missing, min(g.relation) FILTER (WHERE g.missing) AS relation
		FROM {ext}.base_trigger_state(s.tableoid::regclass, s.source) AS g) AS g
	CROSS JOIN LATERAL (SELECT CASE WHEN t.live_since IS NOT NULL THEN 'live' WHEN g.missing < g.expected THEN 'starting' ELSE 'refresh' END AS mode,
		CASE WHEN t.live_since IS NOT NULL THEN CASE WHEN g.expected = 0 THEN s.source WHEN g.missing > 0 THEN g.relation END END AS missing) AS x
	CROSS JOIN LATERAL (SELECT CASE
		WHEN EXISTS (SELECT FROM {schema}.troubles) THEN (SELECT string_agg(concat_ws(': ', o.reason, o.detail), '; ') FROM (SELECT DISTINCT reason, detail FROM {schema}.troubles ORDER BY reason, detail LIMIT 5) AS o)
			|| {'reason_refresh'}
		WHEN g.expected = 0 THEN format({'reason_source'}, s.source)
		WHEN x.missing IS NOT NULL THEN format({'reason_trigger'}, x.missing)
		WHEN EXISTS (SELECT FROM {schema}.survey_status AS y WHERE y.stale) THEN (SELECT min(y.survey || ': ' || y.stale_reason) FROM {schema}.survey_status AS y WHERE y.stale)
		WHEN x.mode = 'starting' THEN {'reason_starting'}
		WHEN t.differences > 0 THEN {'reason_differences'}
		WHEN x.mode = 'refresh' AND s.as_of = 'today' AND (t.refreshed_at AT TIME ZONE s.time_zone)::date < d.day THEN {'reason_day'}
		WHEN x.mode = 'live' AND p.oldest < now() - interval '1 day' THEN {'reason_fold'} END AS reason) AS r$template$, false);

	PERFORM @extschema@.base_comment_columns(options, relation)
	FROM unnest('{lifecycle_changes,churn_changes,cut_points,quarantine,targets,segment_map,lifecycle_stages}'::text[]) AS relation;

	PERFORM @extschema@.base_make_function(options, 'segment_moves(from_day date, to_day date)', 'TABLE ({tenant_column}from_segment text, to_segment text,
		customers bigint, total numeric)', $template$
SELECT [[tenant_sql:coalesce(a.tenant, b.tenant), ]]a.segment, b.segment, count(*), sum(coalesce(b.total, 0))::numeric(38,2)
FROM (SELECT {m.tenant,} m.customer, g.segment, g.rank FROM {schema}.all_scored_at($1) AS m
		LEFT JOIN {schema}.segment_map AS g ON g.code = left(m.rfm::text, {digits}) WHERE m.last_purchase IS NOT NULL) AS a
	FULL JOIN (SELECT {m.tenant,} m.customer, g.segment, g.rank, m.total FROM {schema}.all_scored_at($2) AS m
		LEFT JOIN {schema}.segment_map AS g ON g.code = left(m.rfm::text, {digits}) WHERE m.last_purchase IS NOT NULL) AS b ON {a=b}
GROUP BY [[tenant_sql:coalesce(a.tenant, b.tenant), ]]a.segment, b.segment
ORDER BY [[tenant_sql:coalesce(a.tenant, b.tenant), ]]min(a.rank), min(b.rank)$template$);
	PERFORM @extschema@.base_make_function(options, 'moved(from_day date, to_day date, from_segment text, to_segment text)',
		'TABLE (customer {customer_type}, {tenant_column}from_rfm text, to_rfm text, days_since_last integer, orders bigint, total numeric)', $template$
SELECT coalesce(a.customer, b.customer), [[tenant_sql:coalesce(a.tenant, b.tenant), ]]a.rfm, b.rfm, b.days_since_last, b.orders, b.total
FROM {schema}.rfm_at($1) AS a FULL JOIN {schema}.rfm_at($2) AS b ON {a=b}
WHERE a.segment IS NOT DISTINCT FROM $3 AND b.segment IS NOT DISTINCT FROM $4$template$);

	EXECUTE @extschema@.base_template($template$
COMMENT ON FUNCTION {schema}.as_of() IS 'The day of the base.';
COMMENT ON FUNCTION {schema}.changed() IS 'The customers with changes that are not folded yet.';
COMMENT ON FUNCTION {schema}.measured_at(date) IS 'The measures of customers at the end of a day, for look-ups by key.';
COMMENT ON FUNCTION {schema}.all_measured_at(date) IS 'The same, planned for all customers.';
COMMENT ON FUNCTION {schema}.population_breaks(date) IS 'The limits of the population of a day, computed anew.';
COMMENT ON FUNCTION {schema}.breaks_at(date) IS 'The limits to score by on a day: the stored ones, or for an earlier day those of its population.';
COMMENT ON FUNCTION {schema}.scored_at(date) IS 'The measures and scores of customers at the end of a day, for look-ups by key.';
COMMENT ON FUNCTION {schema}.all_scored_at(date) IS 'The same, planned for all customers.';
COMMENT ON FUNCTION {schema}.kpis_by(text, date) IS 'The view kpis for one unit (week, month, quarter, year), as of any day.';
COMMENT ON FUNCTION {schema}.segment_moves(date, date) IS 'How many customers went from which segment to which between two days, and their total at the second; no segment: no purchase yet.';
COMMENT ON FUNCTION {schema}.moved(date, date, text, text) IS 'The customers who went from one segment to another between two days; NULL as a segment: no purchase yet.'$template$, options);
END $$;
COMMENT ON FUNCTION base_make_views(jsonb) IS
'Makes the functions and views of a customer base in its schema.';
