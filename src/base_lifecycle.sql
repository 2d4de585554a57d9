
-- The lifecycle of a base's customers ------------------------------------------------------------------

-- The policy as all its settings. A base has one count_by for everything, so its policy has no other.
CREATE FUNCTION base_full_policy(policy text, count_by text) RETURNS text
	LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	full_policy text := policy::@extschema@.lifecycle_policy::text;
	own text := substring(full_policy FROM 'count_by (\w+)');
BEGIN
	IF own = count_by THEN
		RETURN full_policy;
	ELSIF policy ~ '\mcount_by\M' THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = format('option policy counts purchases by %s, and option count_by is %L', own, count_by),
			HINT = format('Everything in a base counts alike. Give count_by => %L, or leave count_by out of the policy.', own);
	END IF;
	RETURN (policy || ', count_by ' || count_by)::@extschema@.lifecycle_policy::text;
END $$;
COMMENT ON FUNCTION base_full_policy(text, text) IS
'All settings of the lifecycle policy of a customer base, with the base''s count_by; a policy that names another is an error.';

-- The views of stages. What customers of the customers table have not bought until a day makes them prospects.
CREATE FUNCTION base_make_lifecycle_views(options jsonb) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM @extschema@.base_make_view(options, 'lifecycle', 'The stage of every customer, since when and why.',
		'每位客户的生命周期阶段、进入日期与原因。', $template$
SELECT m.customer, {m.tenant,} (s.state).stage::text, l.{label}, l.rank, (s.state).since, m.as_of - (s.state).since, (s.state).reason, m.as_of
FROM {schema}.measured_at($1) AS m
	CROSS JOIN LATERAL (SELECT {ext}.lifecycle_state(m.history, m.as_of, {'policy'}::{ext}.lifecycle_policy) AS state OFFSET 0) AS s
	LEFT JOIN {schema}.lifecycle_stages AS l ON l.stage = (s.state).stage::text
WHERE m.last_purchase IS NOT NULL
	[[customers:UNION ALL
SELECT ({key_sql})::{customer_type}, {key_tenant,}'prospect', l.{label}, l.rank, NULL, NULL, NULL, d.day
FROM (SELECT $1 AS day OFFSET 0) AS d CROSS JOIN {customers} AS s LEFT JOIN {schema}.lifecycle_stages AS l ON l.stage = 'prospect'
WHERE {key_sql} IS NOT NULL AND NOT EXISTS (SELECT FROM {schema}.measured_at($1) AS m WHERE {key_is_customer})]]$template$);

	PERFORM @extschema@.base_make_view(options, 'stage_counts', 'The stages: how many customers, what they have brought, what to do.',
		'各阶段的客户数、贡献金额与建议行动。', $template$
SELECT {c.tenant,} c.stage::text, l.{label}, l.rank, l.action, c.customers,
	round(c.customers / sum(c.customers) OVER ({by_tenant}), 6), c.total::numeric(38,2),
	round(c.total / nullif(sum(c.total) OVER ({by_tenant}), 0), 6), {'currency'}::text, $1
FROM (SELECT {t.tenant,} p.stage, p.customers, p.total
	FROM (SELECT {m.tenant,} {ext}.stage_totals(m.stage, m.total) AS totals FROM {schema}.all_measured_at($1) AS m[[tenant_sql: GROUP BY m.tenant]]) AS t,
		unnest(t.totals) AS p
	[[customers:UNION ALL
	SELECT {key_tenant,}'prospect', count(*), 0 FROM {customers} AS s
	WHERE {key_sql} IS NOT NULL AND NOT EXISTS (SELECT FROM {schema}.all_measured_at($1) AS m WHERE {key_is_customer})
	{of_each_key_tenant} HAVING count(*) > 0]]) AS c LEFT JOIN {schema}.lifecycle_stages AS l ON l.stage = c.stage::text
ORDER BY {c.tenant,} c.stage$template$);

	-- All stays of all customers, by their length: a few thousand rows, from which the other views are counted.
	PERFORM @extschema@.base_make_function(options, 'stays_at(day date)', 'TABLE ({tenant_column}from_stage {ext}.lifecycle_stage, to_stage {ext}.lifecycle_stage,
		reason text, days integer, changes bigint)', $template$
SELECT {t.tenant,} s.from_stage, s.to_stage, s.reason, s.days, s.changes
FROM (SELECT {m.tenant,} {ext}.lifecycle_totals(m.history, (SELECT $1), {'policy'}::{ext}.lifecycle_policy) AS totals
		FROM {schema}.summary_now AS m[[tenant_sql: GROUP BY m.tenant]]) AS t, unnest(t.totals) AS s$template$);

	PERFORM @extschema@.base_make_view(options, 'stage_transitions', 'Where customers went from each stage, and after how many days.',
		'客户从各阶段去往何处,停留多少天。', $template$
SELECT {c.tenant,} c.from_stage::text, f.{label}, f.rank, c.to_stage::text, l.{label}, l.rank, sum(c.changes)::bigint,
	round(sum(c.changes) / sum(sum(c.changes)) OVER (PARTITION BY {c.tenant,} c.from_stage), 6),
	(min(c.days) FILTER (WHERE 2 * c.upto >= c.of) + min(c.days) FILTER (WHERE 2 * c.upto > c.of))::double precision / 2, $1
FROM (SELECT s.*, sum(s.changes) OVER (PARTITION BY {s.tenant,} s.from_stage, s.to_stage ORDER BY s.days) AS upto,
		sum(s.changes) OVER (PARTITION BY {s.tenant,} s.from_stage, s.to_stage) AS of
	FROM {schema}.stays_at($1) AS s WHERE s.to_stage IS NOT NULL) AS c
	LEFT JOIN {schema}.lifecycle_stages AS f ON f.stage = c.from_stage::text
	LEFT JOIN {schema}.lifecycle_stages AS l ON l.stage = c.to_stage::text
GROUP BY {c.tenant,} c.from_stage, f.{label}, f.rank, c.to_stage, l.{label}, l.rank
ORDER BY {c.tenant,} c.from_stage, c.to_stage$template$);

	PERFORM @extschema@.base_make_view(options, 'win_backs', 'Who fell silent: how often customers came back, and how often they did not.',
		'沉默的客户:赢回多少次,未赢回多少次。', $template$
SELECT {c.tenant,} c.from_stage::text, l.{label}, l.rank, sum(c.changes)::bigint, coalesce(sum(c.changes) FILTER (WHERE c.won), 0)::bigint,
	coalesce(sum(c.changes) FILTER (WHERE NOT c.won), 0)::bigint, coalesce(sum(c.changes) FILTER (WHERE c.won IS NULL), 0)::bigint,
	round(coalesce(sum(c.changes) FILTER (WHERE c.won), 0) / sum(c.changes) FILTER (WHERE c.won IS NOT NULL OR c.from_stage = 'churned'), 6),
	(min(c.days) FILTER (WHERE c.won AND 2 * c.upto >= c.of) + min(c.days) FILTER (WHERE c.won AND 2 * c.upto > c.of))::double precision / 2, $1
FROM (SELECT s.*, s.reason = 'won back' AS won, sum(s.changes) OVER (PARTITION BY {s.tenant,} s.from_stage, s.reason ORDER BY s.days) AS upto,
		sum(s.changes) OVER (PARTITION BY {s.tenant,} s.from_stage, s.reason) AS of
	FROM {schema}.stays_at($1) AS s WHERE s.from_stage >= 'at_risk') AS c
	LEFT JOIN {schema}.lifecycle_stages AS l ON l.stage = c.from_stage::text
GROUP BY {c.tenant,} c.from_stage, l.{label}, l.rank
ORDER BY {c.tenant,} c.from_stage$template$);

	PERFORM @extschema@.base_make_view(options, 'at_risk_customers', 'Whom to win back: customers at risk and dormant, by what the firm would lose a year.',
		'需要挽回的客户:流失预警与沉默客户,按每年可能损失的金额排序。', $template$
SELECT m.customer, {m.tenant,} {attributes_sql}m.stage::text, l.{label}, l.rank, m.net_per_year::numeric(38,2), m.total::numeric(38,2), m.orders, m.last_purchase,
	m.as_of - m.last_purchase, {ext}.median_gap(m.history), ({ext}.lifecycle_state(m.history, m.as_of, {'policy'}::{ext}.lifecycle_policy)).since,
	{reasons}, v.risk, {ext}.revenue_at_risk(coalesce(v.value, {current_value}), v.risk)::numeric(38,2), {'currency'}::text, m.as_of
FROM (SELECT m.*, m.total * 365 / greatest(m.as_of - m.first_purchase, 365) AS net_per_year
	FROM {schema}.all_measured_at($1) AS m WHERE m.stage IN ('at_risk', 'dormant')) AS m
	CROSS JOIN LATERAL (SELECT {model_values} OFFSET 0) AS v
	LEFT JOIN {schema}.lifecycle_stages AS l ON l.stage = m.stage::text
	[[customers:LEFT JOIN {customers} AS s ON {key_is_customer}]]
ORDER BY {m.tenant,} m.net_per_year DESC, m.customer$template$);

	IF options ->> 'can_afford' IS NOT NULL THEN
		PERFORM @extschema@.base_make_view(options, 'prospects', 'Every row of the customers table on its way to the first purchase.',
		'客户表中的每一行:在首次购买之路上走到哪一步。', $template$
SELECT ({key_sql})::{customer_type}, {key_tenant,}{attributes_sql}c.can_afford, c.has_need, p.stage::text, {ext}.prospect_label(p.stage, {'language'}),
	cardinality(enum_range(NULL, p.stage)), d.day
FROM (SELECT $1 AS day OFFSET 0) AS d CROSS JOIN {customers} AS s
	LEFT JOIN {schema}.measured_at($1) AS m ON {key_is_customer}
	CROSS JOIN LATERAL (SELECT {can_afford_sql} AS can_afford, {has_need_sql} AS has_need) AS c
	CROSS JOIN LATERAL (SELECT {ext}.prospect_stage(c.can_afford, c.has_need, m.last_purchase IS NOT NULL) AS stage OFFSET 0) AS p
WHERE {key_sql} IS NOT NULL$template$);
	END IF;
	EXECUTE @extschema@.base_template($template$
COMMENT ON FUNCTION {schema}.stays_at(date) IS 'How many stays in a stage ended in which other one after how many days, until a day; to_stage NULL: go on, for that many days so far.'$template$, options);
END $$;
COMMENT ON FUNCTION base_make_lifecycle_views(jsonb) IS
'Makes the views of the lifecycle in the schema of a customer base.';
