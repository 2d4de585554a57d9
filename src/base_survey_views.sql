
-- The views of surveys and targets ----------------------------------------------------------------------

-- What a target can be set for: where its actual value stands, and which side is the better one.
CREATE FUNCTION base_metrics(OUT metric text, OUT better text, OUT view text, OUT kind text, OUT value text, OUT low text, OUT high text) RETURNS SETOF record
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	VALUES ('nps', 'higher', 'nps_by_period', 'nps', 'nps', 'nps_low', 'nps_high'),
		('satisfaction', 'higher', 'satisfaction_by_period', 'csat', 'mean', 'mean_low', 'mean_high'),
		('csat', 'higher', 'satisfaction_by_period', 'csat', 'top_share', 'top_share_low', 'top_share_high'),
		('ces', 'higher', 'satisfaction_by_period', 'ces', 'mean', 'mean_low', 'mean_high'),
		('complaint_rate', 'lower', 'complaints_by_period', 'complaint', 'complaint_rate', 'complaint_rate_low', 'complaint_rate_high'),
		('complaints', 'lower', 'complaints_by_period', 'complaint', 'complaints', NULL, NULL),
		('customers_active', 'higher', 'kpis', NULL, 'customers_active', NULL, NULL), ('customers_new', 'higher', 'kpis', NULL, 'customers_new', NULL, NULL),
		('customers_lost', 'lower', 'kpis', NULL, 'customers_lost', NULL, NULL), ('orders', 'higher', 'kpis', NULL, 'orders', NULL, NULL),
		('net', 'higher', 'kpis', NULL, 'net', NULL, NULL), ('average_order', 'higher', 'kpis', NULL, 'average_order', NULL, NULL),
		('repeat_rate', 'higher', 'kpis', NULL, 'repeat_rate', NULL, NULL), ('refund_rate', 'lower', 'kpis', NULL, 'refund_rate', NULL, NULL);
END;
COMMENT ON FUNCTION base_metrics() IS
'The metrics that a target of a customer base can be set for, and where their actual values stand.';

-- The last overall answer of a customer to surveys of a kind, as SQL over an alias m with the key and a day. It is looked up only
-- in a base that has such a survey, and only if the column is read.
CREATE FUNCTION base_last_answer(options jsonb, kind text, skip integer DEFAULT 0) RETURNS text
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN @extschema@.base_template($template$CASE WHEN EXISTS (SELECT FROM {schema}.surveys AS y WHERE y.kind = {'kind'}) THEN
		(SELECT a.score FROM {schema}.answers AS a WHERE {a=m} AND a.survey = ANY (ARRAY(SELECT y.id FROM {schema}.surveys AS y WHERE y.kind = {'kind'}))
			AND a.problem IS NULL AND a.dimension IS NULL AND a.answered_at < m.as_of + 1
		GROUP BY a.answered_at, a.score HAVING sum(a.answers) > 0 ORDER BY a.answered_at DESC, a.score OFFSET {skip} LIMIT 1) END::integer$template$, options || jsonb_build_object('kind', kind, 'skip', skip));
END $$;
COMMENT ON FUNCTION base_last_answer(jsonb, text, integer) IS
'The last overall score of a customer in surveys of a kind, or one of those before it, as SQL.';

CREATE FUNCTION base_make_survey_views(options jsonb) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	zh boolean := options ->> 'language' = 'zh';
BEGIN
	options := options || jsonb_build_object(
		'reason_gone', CASE WHEN zh THEN '来源 %s 不存在' ELSE 'there is no %s any more' END,
		'reason_lacks', CASE WHEN zh THEN '%s 缺少触发器或触发器已停用:请推进 (advance_customer_base)' ELSE '%s lacks a trigger, or it is disabled: advance the base' END,
		'reason_missed', CASE WHEN zh THEN '。排除原因后请刷新' ELSE '. When that is put right, refresh' END,
		'reason_advance', CASE WHEN zh THEN '尚未实时:请推进 (advance_customer_base)' ELSE 'not live yet: advance the base' END,
		'units', $units$(VALUES ('week', interval '1 week'), ('month', '1 month'), ('quarter', '3 months'), ('year', '1 year')) AS u (unit, length)$units$,
		'waves', $units$(VALUES ('week', interval '1 week'), ('month', '1 month'), ('quarter', '3 months'), ('half', '6 months'), ('year', '1 year')) AS u (unit, length)$units$,
		'wave', $wave$(CASE a.wave WHEN 'half' THEN date_trunc('year', a.answered_on::timestamp) + interval '6 months' * (extract(month FROM a.answered_on) > 6)::integer ELSE date_trunc(a.wave, a.answered_on::timestamp) END)$wave$,
		'top', '(CASE c.kind WHEN ''ces'' THEN 3 ELSE 2 END)');
	options := options || jsonb_build_object('measures', @extschema@.base_template($template$round({ext}.mean(c.tally)::numeric, 2), round({ext}.mean_low(c.tally)::numeric, 2), round({ext}.mean_high(c.tally)::numeric, 2),
	round({ext}.csat(c.tally, {top}, c.scale)::numeric, 6), round({ext}.csat_low(c.tally, {top}, c.scale)::numeric, 6), round({ext}.csat_high(c.tally, {top}, c.scale)::numeric, 6)$template$, options));

	-- What was answered until a day, whether it is counted already or not, without its customers. A survey that has overall answers
	-- speaks by them; one that only asks of dimensions, by all of its answers.
	PERFORM @extschema@.base_make_function(options, 'answers_until(day date)', 'TABLE ({tenant_column}survey text, kind text, scale text, wave text, minimum_answers integer, answered_on date, scope text,
		dimension text, channel text, agent text, score integer, answers bigint, overall boolean)', $template$
SELECT {a.tenant,} s.survey, s.kind, s.scale, s.wave, s.minimum_answers, a.day, a.scope, a.dimension, a.channel, a.agent, a.score::integer, sum(a.answers)::bigint, a.dimension IS NULL OR NOT s.overall
FROM (SELECT survey, {tenant,} day, scope, dimension, channel, agent, score, answers FROM {schema}.answer_counts
	UNION ALL SELECT survey, {tenant,} answered_at::date, scope, dimension, channel, agent, score, answers FROM {schema}.answers WHERE NOT counted AND problem IS NULL) AS a
	JOIN (SELECT y.*, EXISTS (SELECT FROM {schema}.answer_counts AS o WHERE o.survey = y.id AND o.dimension IS NULL) AS overall FROM {schema}.surveys AS y OFFSET 0) AS s ON s.id = a.survey
WHERE a.day <= $1
GROUP BY {a.tenant,} s.survey, s.kind, s.scale, s.wave, s.minimum_answers, s.overall, a.day, a.scope, a.dimension, a.channel, a.agent, a.score HAVING sum(a.answers) > 0$template$);

	PERFORM @extschema@.base_make_view(options, 'nps_by_period', 'The net promoter score by week, month, quarter and year; filter by unit.',
		'按周、月、季、年统计的净推荐值;请按 unit 筛选。', $template$
SELECT {c.tenant,} c.survey, c.scope, c.period, c.unit, {ext}.answers(c.tally), {ext}.promoters(c.tally), {ext}.passives(c.tally), {ext}.detractors(c.tally),
	round({ext}.nps(c.tally), 2), round({ext}.nps_low(c.tally)::numeric, 2), round({ext}.nps_high(c.tally)::numeric, 2), round(d.difference::numeric, 2), round(d.p_value::numeric, 6), c.next <= $1 + 1, $1
FROM (SELECT c.*, lag(c.tally) OVER (PARTITION BY {c.tenant,} c.survey, c.scope, c.unit ORDER BY c.period) AS before
	FROM (SELECT {a.tenant,} a.survey, a.scope, u.unit, date_trunc(u.unit, a.answered_on::timestamp)::date AS period, (date_trunc(u.unit, a.answered_on::timestamp) + u.length)::date AS next,
			{ext}.nps_tally(a.score, a.answers) AS tally
		FROM {schema}.answers_until($1) AS a CROSS JOIN {units} WHERE a.kind = 'nps' AND a.overall GROUP BY {a.tenant,} a.survey, a.scope, u.unit, period, next) AS c) AS c
	LEFT JOIN LATERAL {ext}.nps_difference(c.before, c.tally) AS d ON true$template$);

	PERFORM @extschema@.base_make_view(options, 'satisfaction_by_period', 'Satisfaction and ease by week, month, quarter and year; filter by unit.',
		'按周、月、季、年统计的满意度与费力度;请按 unit 筛选。', $template$
SELECT {c.tenant,} c.survey, c.kind, c.scope, c.period, c.unit, {ext}.answers(c.tally), {measures}, round(d.difference::numeric, 2), round(d.p_value::numeric, 6), c.next <= $1 + 1, $1
FROM (SELECT c.*, lag(c.tally) OVER (PARTITION BY {c.tenant,} c.survey, c.scope, c.unit ORDER BY c.period) AS before
	FROM (SELECT {a.tenant,} a.survey, a.kind, a.scale, a.scope, u.unit, date_trunc(u.unit, a.answered_on::timestamp)::date AS period, (date_trunc(u.unit, a.answered_on::timestamp) + u.length)::date AS next,
			{ext}.rating_tally(a.score, a.answers) AS tally
		FROM {schema}.answers_until($1) AS a CROSS JOIN {units} WHERE a.kind IN ('csat', 'ces') AND a.overall GROUP BY {a.tenant,} a.survey, a.kind, a.scale, a.scope, u.unit, period, next) AS c) AS c
	LEFT JOIN LATERAL {ext}.mean_difference(c.before, c.tally) AS d ON true$template$);

	PERFORM @extschema@.base_make_view(options, 'satisfaction_by_dimension', 'What was asked about, over all time until the day: quality, price, delivery, service and whatever the survey tells apart.',
		'截至所述日期,各评价维度的满意度:质量、价格、交付、服务等。', $template$
SELECT {c.tenant,} c.survey, c.kind, c.scope, c.dimension, {ext}.answers(c.tally), {measures}, round(({ext}.mean(c.tally) - {ext}.mean({ext}.rollup(c.tally) OVER (PARTITION BY {c.tenant,} c.survey, c.scope)))::numeric, 2), $1
FROM (SELECT {a.tenant,} a.survey, a.kind, a.scale, a.scope, a.dimension, {ext}.rating_tally(a.score, a.answers) AS tally
	FROM {schema}.answers_until($1) AS a WHERE a.kind <> 'complaint' AND a.dimension IS NOT NULL GROUP BY {a.tenant,} a.survey, a.kind, a.scale, a.scope, a.dimension) AS c$template$);

	PERFORM @extschema@.base_make_view(options, 'satisfaction_by_channel', 'The same survey by the channel of its answers, and by how much a channel differs from all others.',
		'同一调查按收集渠道统计,以及各渠道与其余渠道的偏差。', $template$
SELECT {c.tenant,} c.survey, c.kind, c.scope, c.channel, {ext}.answers(c.tally), {measures}, round(d.difference::numeric, 2), round(d.low::numeric, 2), round(d.high::numeric, 2), round(d.p_value::numeric, 6), $1
FROM (SELECT c.*, {ext}.rollup(c.tally) OVER (PARTITION BY {c.tenant,} c.survey, c.scope ORDER BY c.channel ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING EXCLUDE CURRENT ROW) AS others
	FROM (SELECT {a.tenant,} a.survey, a.kind, a.scale, a.scope, a.channel, {ext}.rating_tally(a.score, a.answers) AS tally
		FROM {schema}.answers_until($1) AS a WHERE a.kind <> 'complaint' AND a.channel IS NOT NULL AND a.overall GROUP BY {a.tenant,} a.survey, a.kind, a.scale, a.scope, a.channel) AS c) AS c
	LEFT JOIN LATERAL {ext}.mean_difference(c.others, c.tally) AS d ON true$template$);

	PERFORM @extschema@.base_make_view(options, 'satisfaction_by_agent', 'Satisfaction by who served the customer, with what so few answers can say.',
		'按服务人员统计的满意度,并说明回答多少才足以比较。', $template$
SELECT {c.tenant,} c.survey, c.kind, c.scope, c.agent, {ext}.answers(c.tally), {ext}.answers(c.tally) >= c.minimum_answers,
	round({ext}.mean(c.tally)::numeric, 2), round({ext}.mean_low(c.tally)::numeric, 2), round({ext}.mean_high(c.tally)::numeric, 2),
	round({ext}.shrunk_mean(c.tally, {ext}.mean(c.everybody), c.minimum_answers)::numeric, 2),
	round({ext}.csat(c.tally, {top}, c.scale)::numeric, 6), round({ext}.csat_low(c.tally, {top}, c.scale)::numeric, 6), round({ext}.csat_high(c.tally, {top}, c.scale)::numeric, 6), $1
FROM (SELECT c.*, {ext}.rollup(c.tally) OVER (PARTITION BY {c.tenant,} c.survey, c.scope) AS everybody
	FROM (SELECT {a.tenant,} a.survey, a.kind, a.scale, a.scope, a.agent, a.minimum_answers, {ext}.rating_tally(a.score, a.answers) AS tally
		FROM {schema}.answers_until($1) AS a WHERE a.kind <> 'complaint' AND a.agent IS NOT NULL AND a.overall GROUP BY {a.tenant,} a.survey, a.kind, a.scale, a.scope, a.agent, a.minimum_answers) AS c) AS c$template$);

	PERFORM @extschema@.base_make_view(options, 'survey_waves', 'Every wave of every survey against the one before, overall and for each dimension.',
		'每项调查每一轮与上一轮的比较:总体及各维度。', $template$
SELECT {c.tenant,} c.survey, c.kind, c.scope, c.dimension, c.wave_start, c.unit, {ext}.answers(c.tally), {measures},
	CASE WHEN c.kind = 'nps' THEN round({ext}.nps(c.nps_tally), 2) END, c.wave_before, {ext}.answers(c.before),
	round(d.difference::numeric, 2), round(d.p_value::numeric, 6), d.p_value < 0.05, c.latest, c.next <= $1 + 1, $1
FROM (SELECT c.*, lag(c.tally) OVER w AS before, lag(c.nps_tally) OVER w AS nps_before, lag(c.wave_start) OVER w AS wave_before, lead(c.wave_start) OVER w IS NULL AS latest
	FROM (SELECT {a.tenant,} a.survey, a.kind, a.scale, a.scope, g.dimension, a.wave AS unit, {wave}::date AS wave_start, ({wave} + u.length)::date AS next,
			{ext}.rating_tally(a.score, a.answers) AS tally, {ext}.nps_tally(a.score, a.answers) FILTER (WHERE a.kind = 'nps') AS nps_tally
		FROM {schema}.answers_until($1) AS a JOIN {waves} ON u.unit = a.wave
			CROSS JOIN LATERAL (SELECT a.dimension WHERE a.dimension IS NOT NULL UNION ALL SELECT NULL WHERE a.overall) AS g
		WHERE a.kind <> 'complaint' GROUP BY {a.tenant,} a.survey, a.kind, a.scale, a.scope, g.dimension, a.wave, wave_start, next) AS c
	WINDOW w AS (PARTITION BY {c.tenant,} c.survey, c.scope, c.dimension ORDER BY c.wave_start)) AS c
	LEFT JOIN LATERAL (SELECT m.difference, m.p_value FROM {ext}.mean_difference(c.before, c.tally) AS m WHERE c.kind <> 'nps'
		UNION ALL SELECT n.difference, n.p_value FROM {ext}.nps_difference(c.nps_before, c.nps_tally) AS n WHERE c.kind = 'nps') AS d ON true$template$);

	-- A response is what one customer said at one time; it counts if it has the overall answer and one for each dimension.
	PERFORM @extschema@.base_make_view(options, 'satisfaction_drivers', 'Which dimension matters how much for the overall answer, and how well it does.',
		'各维度对总体评分的重要性及其表现。', $template$
SELECT {t.tenant,} t.survey, t.kind, d.name, d.answers, round(d.performance::numeric, 2), round(d.correlation::numeric, 6), round(d.beta::numeric, 6), round(d.std_error::numeric, 6), round(d.p_value::numeric, 6),
	round(d.importance::numeric, 6), d.quadrant, {ext}.quadrant_label(d.quadrant, {'language'}), d.note, $1
FROM (SELECT {r.tenant,} r.survey, r.kind, r.names, {ext}.satisfaction_drivers(r.overall, r.scores) AS tally
	FROM (SELECT {a.tenant,} s.survey, s.kind, n.names, max(a.score) FILTER (WHERE a.dimension IS NULL)::integer AS overall, array_agg(a.score::integer ORDER BY a.dimension) FILTER (WHERE a.dimension IS NOT NULL) AS scores
		FROM (SELECT survey, {key}, answered_at, dimension, channel, agent, scope, score FROM {schema}.answers WHERE problem IS NULL AND answered_at < $1 + 1
				GROUP BY survey, {key}, answered_at, dimension, channel, agent, scope, score HAVING sum(answers) > 0) AS a
			JOIN {schema}.surveys AS s ON s.id = a.survey AND s.dimension_sql IS NOT NULL AND s.kind <> 'complaint'
			JOIN (SELECT survey, array_agg(DISTINCT dimension ORDER BY dimension) AS names FROM {schema}.answer_counts WHERE dimension IS NOT NULL AND answers > 0 GROUP BY survey) AS n ON n.survey = a.survey
		GROUP BY {a.tenant,} s.survey, s.kind, n.names, a.customer, a.answered_at, a.channel, a.agent, a.scope) AS r
	WHERE cardinality(r.scores) = cardinality(r.names) AND r.overall IS NOT NULL GROUP BY {r.tenant,} r.survey, r.kind, r.names) AS t
	CROSS JOIN LATERAL {ext}.drivers(t.tally, t.names) AS d$template$);

	-- The last overall answer of every customer to every survey, with the day.
	PERFORM @extschema@.base_make_function(options, 'last_answers(day date, days_before integer)', 'TABLE ({tenant_column}customer {customer_type}, survey text, kind text, scale text, loyalty_days integer, score integer, answered_on date)', $template$
SELECT DISTINCT ON (s.id, {a.key}) {a.key}, s.survey, s.kind, s.scale, s.loyalty_days, a.score::integer, a.answered_at::date
FROM {schema}.surveys AS s JOIN {schema}.answers AS a ON a.survey = s.id
WHERE s.kind <> 'complaint' AND a.problem IS NULL AND a.customer IS NOT NULL AND a.dimension IS NULL AND a.answered_at < $1 + 1 - CASE WHEN $2 IS NULL THEN s.loyalty_days ELSE $2 END
GROUP BY s.id, s.survey, s.kind, s.scale, s.loyalty_days, {a.key}, a.answered_at, a.score HAVING sum(a.answers) > 0
ORDER BY s.id, {a.key}, a.answered_at DESC, a.score$template$);

	PERFORM @extschema@.base_make_view(options, 'detractors_to_call', 'Whom to call: customers whose last answer was a bad one, by what they have brought.',
		'需要回访的客户:最近一次评分不佳者,按至今金额排序。', $template$
SELECT m.customer, {m.tenant,} {attributes_sql}a.survey, a.kind, a.score, a.answered_on, $1 - a.answered_on, m.stage::text, l.{label}, m.total::numeric(38,2), m.orders, m.last_purchase, {'currency'}::text, m.as_of
FROM {schema}.last_answers($1, 0) AS a JOIN {schema}.all_measured_at($1) AS m ON {a=m}
	LEFT JOIN {schema}.lifecycle_stages AS l ON l.stage = m.stage::text
	[[customers:LEFT JOIN {customers} AS s ON {key_is_customer}]]
WHERE a.score <= CASE a.kind WHEN 'nps' THEN 6 ELSE split_part(a.scale, '..', 1)::integer + CASE a.kind WHEN 'ces' THEN 2 ELSE 1 END END
ORDER BY {m.tenant,} m.total DESC, m.customer, a.survey$template$);

	PERFORM @extschema@.base_make_view(options, 'satisfaction_loyalty', 'Does satisfaction bring customers back? Who bought again soon after the last answer, by level of it, against the level below.',
		'满意能否带来再购:最近一次评分之后不久是否再次购买,逐档比较。', $template$
SELECT {c.tenant,} c.survey, c.kind, c.level, c.label, {ext}.trials(c.loyal), {ext}.successes(c.loyal), round({ext}.value(c.loyal)::numeric, 6), round({ext}.low(c.loyal)::numeric, 6), round({ext}.high(c.loyal)::numeric, 6),
	round(d.odds_ratio::numeric, 2), round(d.low::numeric, 2), round(d.high::numeric, 2), round(d.p_value::numeric, 6), $1
FROM (SELECT c.*, lag(c.loyal) OVER (PARTITION BY {c.tenant,} c.survey ORDER BY c.level) AS below
	FROM (SELECT {a.tenant,} a.survey, a.kind, v.level,
			CASE a.kind WHEN 'nps' THEN (ARRAY[{'detractors'}, {'passives'}, {'promoters'}])[v.level] ELSE CASE WHEN a.scale = '1..5' AND a.kind = 'csat' THEN {ext}.satisfaction_label({ext}.satisfaction(v.level), {'language'}) ELSE v.level::text END END AS label,
			{ext}.proportion({ext}.orders({ext}.slice(m.history, a.answered_on + 1, a.answered_on + 1 + a.loyalty_days)) > 0) AS loyal
		FROM {schema}.last_answers($1, NULL) AS a JOIN {schema}.summary_now AS m ON {a=m}
			CROSS JOIN LATERAL (SELECT CASE WHEN a.kind <> 'nps' THEN a.score WHEN a.score <= 6 THEN 1 WHEN a.score <= 8 THEN 2 ELSE 3 END AS level OFFSET 0) AS v
		GROUP BY {a.tenant,} a.survey, a.kind, a.scale, v.level) AS c) AS c
	LEFT JOIN LATERAL {ext}.odds_ratio(c.loyal, c.below) AS d ON true$template$);

	PERFORM @extschema@.base_make_view(options, 'complaints_by_period', 'Complaints by week, month, quarter and year, against purchases; filter by unit.',
		'按周、月、季、年统计的投诉,与购买订单数相比;请按 unit 筛选。', (SELECT string_agg($template$
SELECT {c.tenant,} c.survey, c.scope, c.period, '$template$ || u.unit || $template$'::text, c.complaints, c.customers, coalesce(k.orders, 0),
	round(100.0 * c.complaints / nullif(k.orders, 0), 2), round(c.complaints::numeric / nullif(k.orders, 0), 6), round({ext}.low(p.rate)::numeric, 6), round({ext}.high(p.rate)::numeric, 6), c.next <= $1 + 1, $1
FROM (SELECT {a.tenant,} a.survey, a.scope, a.period, (a.period + interval '$template$ || u.length || $template$')::date AS next, sum(a.complaints)::bigint AS complaints, count(DISTINCT a.customer) AS customers
	FROM (SELECT {a.tenant,} s.survey, a.scope, a.customer, date_trunc('$template$ || u.unit || $template$', a.answered_at)::date AS period, sum(a.answers) AS complaints
		FROM {schema}.surveys AS s JOIN {schema}.answers AS a ON a.survey = s.id WHERE s.kind = 'complaint' AND a.problem IS NULL AND a.answered_at < $1 + 1
		GROUP BY {a.tenant,} s.survey, a.scope, a.customer, date_trunc('$template$ || u.unit || $template$', a.answered_at)::date HAVING sum(a.answers) > 0) AS a
	GROUP BY {a.tenant,} a.survey, a.scope, a.period) AS c
	LEFT JOIN {schema}.kpis_by('$template$ || u.unit || $template$', $1) AS k ON k.period = c.period[[tenant_sql: AND k.tenant {tenant_equal} c.tenant]]
	CROSS JOIN LATERAL (SELECT CASE WHEN c.complaints <= k.orders THEN {ext}.proportion(c.complaints, k.orders) END AS rate OFFSET 0) AS p$template$, ' UNION ALL ')
		FROM (VALUES ('week', '1 week'), ('month', '1 month'), ('quarter', '3 months'), ('year', '1 year')) AS u (unit, length)));

	PERFORM @extschema@.base_make_view(options, 'complaint_reasons', 'What customers complain of, and what has become more or less of late.',
		'客户投诉的原因,以及近来增减。', $template$
SELECT {c.tenant,} c.survey, c.dimension, c.complaints, round(c.complaints / sum(c.complaints) OVER w, 6), c.late, c.early, round(t.p_value::numeric, 6), $1
FROM (SELECT {a.tenant,} a.survey, a.dimension, sum(a.answers)::bigint AS complaints, coalesce(sum(a.answers) FILTER (WHERE a.answered_on > $1 - 90), 0)::bigint AS late,
		coalesce(sum(a.answers) FILTER (WHERE a.answered_on > $1 - 180 AND a.answered_on <= $1 - 90), 0)::bigint AS early,
		(sum(sum(a.answers) FILTER (WHERE a.answered_on > $1 - 90)) OVER (PARTITION BY {a.tenant,} a.survey))::bigint AS all_late,
		(sum(sum(a.answers) FILTER (WHERE a.answered_on > $1 - 180 AND a.answered_on <= $1 - 90)) OVER (PARTITION BY {a.tenant,} a.survey))::bigint AS all_early
	FROM {schema}.answers_until($1) AS a WHERE a.kind = 'complaint' GROUP BY {a.tenant,} a.survey, a.dimension) AS c
	LEFT JOIN LATERAL {ext}.ab_test({ext}.proportion(c.early, c.all_early), {ext}.proportion(c.late, c.all_late)) AS t ON true
WINDOW w AS (PARTITION BY {c.tenant,} c.survey)
ORDER BY {c.tenant,} c.survey, c.complaints DESC, c.dimension$template$);

	PERFORM @extschema@.base_make_view(options, 'survey_status', 'The surveys of the base: what they read, what they hold, and whether they follow.',
		'各项调查的状态:来源、回答数、是否同步。', $template$
SELECT s.survey, s.kind, s.scale, s.source, CASE WHEN s.live_since IS NOT NULL THEN 'live' ELSE 'refresh' END AS mode, coalesce(a.answers, 0)::bigint AS answers, coalesce(a.customers, 0) AS customers,
	coalesce(a.anonymous, 0)::bigint AS anonymous, coalesce(a.quarantined, 0)::bigint AS quarantined, a.first_day, a.last_day, s.refreshed_at, r.reason IS NOT NULL AS stale, r.reason AS stale_reason
FROM {schema}.surveys AS s CROSS JOIN {schema}.settings AS b
	LEFT JOIN LATERAL (SELECT sum(a.answers) FILTER (WHERE a.problem IS NULL) AS answers, count(DISTINCT a.customer) FILTER (WHERE a.problem IS NULL) AS customers,
			sum(a.answers) FILTER (WHERE a.problem IS NULL AND a.customer IS NULL) AS anonymous, sum(a.answers) FILTER (WHERE a.problem IS NOT NULL) AS quarantined,
			min(a.answered_at) FILTER (WHERE a.problem IS NULL)::date AS first_day, max(a.answered_at) FILTER (WHERE a.problem IS NULL)::date AS last_day
		FROM {schema}.answers AS a WHERE a.survey = s.id) AS a ON true
	CROSS JOIN LATERAL (SELECT CASE
		WHEN {ext}.base_find_table(s.source) IS NULL THEN format({'reason_gone'}, s.source)
		WHEN EXISTS (SELECT FROM {schema}.troubles AS o WHERE o.reason = 'survey' AND starts_with(o.detail, s.survey || ': '))
			THEN (SELECT min(o.detail) FROM {schema}.troubles AS o WHERE o.reason = 'survey' AND starts_with(o.detail, s.survey || ': ')) || {'reason_missed'}
		WHEN s.live_since IS NOT NULL THEN (SELECT format({'reason_lacks'}, min(m.relation::text)) FROM {ext}.base_missing_survey_triggers((SELECT n.nspname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
			WHERE c.oid = b.tableoid), s.id, s.source) AS m HAVING count(*) > 0) END AS reason OFFSET 0) AS r
ORDER BY s.id$template$, false);

	-- Each view is read once for all of its metrics, if any of them has a target, and kpis for the units that targets have.
	PERFORM @extschema@.base_make_view(options, 'kpi_targets', 'Actual against target, met or not, and whether the data are enough to be certain.',
		'实际与目标:是否达标,数据是否足以确定。', replace($template$
SELECT {g.tenant,} g.metric, g.survey, g.period, g.unit, g.target, k.better, v.value, v.low, v.high,
	CASE k.better WHEN 'higher' THEN v.value >= g.target ELSE v.value <= g.target END,
	CASE WHEN v.value >= g.target THEN v.low >= g.target ELSE v.high < g.target END, v.complete, $1
FROM {schema}.targets AS g JOIN {ext}.base_metrics() AS k ON k.metric = g.metric
	LEFT JOIN (#) AS v ON v.metric = g.metric AND v.unit = g.unit AND v.period = date_trunc(g.unit, g.period::timestamp)::date AND (g.survey IS NULL OR v.survey = g.survey)[[tenant_sql: AND v.tenant {tenant_equal} g.tenant]]
ORDER BY {g.tenant,} g.period, g.metric, g.survey$template$, '#',
		(SELECT string_agg(format('SELECT {v.tenant,} x.metric, %s AS survey, %s AS unit, v.period, x.value, x.low, x.high, v.complete FROM %s CROSS JOIN LATERAL (VALUES %s) AS x (metric, value, low, high)
			WHERE EXISTS (SELECT FROM {schema}.targets AS t WHERE t.metric IN (%s))%s', m.survey, m.unit, m.source, m.values, m.metrics, m.condition), ' UNION ALL ')
		FROM (SELECT m.view, string_agg(format('(%L, v.%I::numeric(38,6), %s::numeric(38,6), %s::numeric(38,6))', m.metric, m.value, coalesce('v.' || m.low, 'NULL'), coalesce('v.' || m.high, 'NULL')), ', ') AS values,
				string_agg(quote_literal(m.metric), ', ') AS metrics, CASE m.view WHEN 'kpis' THEN 'NULL::text' ELSE 'v.survey' END AS survey, CASE m.view WHEN 'kpis' THEN 'u.unit' ELSE 'v.unit' END AS unit,
				CASE m.view WHEN 'kpis' THEN '(SELECT DISTINCT t.unit FROM {schema}.targets AS t) AS u CROSS JOIN LATERAL {schema}.kpis_by(u.unit, $1) AS v' ELSE format('{schema}.%I($1) AS v', m.view || '_at') END AS source,
				CASE m.view WHEN 'kpis' THEN '' WHEN 'satisfaction_by_period' THEN ' AND v.scope = ''external'' AND (v.kind = ''ces'') = (x.metric = ''ces'')' ELSE ' AND v.scope = ''external''' END AS condition
			FROM @extschema@.base_metrics() AS m GROUP BY m.view) AS m)));

	EXECUTE @extschema@.base_template($template$
COMMENT ON FUNCTION {schema}.answers_until(date) IS 'What was answered to surveys until a day, by all but the customer.';
COMMENT ON FUNCTION {schema}.last_answers(date, integer) IS 'The last overall answer of every customer to every survey until some days before a day; NULL: the survey''s loyalty_days.'$template$, options);
END $$;
COMMENT ON FUNCTION base_make_survey_views(jsonb) IS
'Makes the views of surveys and targets in the schema of a customer base.';
