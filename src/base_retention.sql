
-- Cohorts, the activity of periods and survival in a base ---------------------------------------------------------

CREATE FUNCTION base_make_retention_views(options jsonb) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM @extschema@.base_make_function(options, 'cohorts_by(unit text, day date)', 'TABLE ({tenant_column}cohort date, period integer, cohort_size bigint,
		customers bigint, customers_or_later bigint, orders bigint, revenue numeric, complete boolean, as_of date)', $template$
SELECT {t.tenant,} c.cohort, c.period, c.cohort_size, c.customers, c.customers_or_later, c.orders, c.gross - c.refunded,
	c.complete AND c.cohort >= coalesce({'history_starts'}::date, c.cohort), t.day
FROM (SELECT {m.tenant,} {ext}.cohort_totals(m.history, $1, d.day) AS totals, d.day
		FROM (SELECT (SELECT $2) AS day) AS d CROSS JOIN {schema}.summary_now AS m GROUP BY {m.tenant,} d.day) AS t,
	LATERAL unnest(t.totals) AS c$template$);

	PERFORM @extschema@.base_make_view(options, 'cohort_retention', 'Of the customers who first bought in a month: how many bought in each month since.',
		'同期群留存:某月首次购买的客户,此后每月有多少人购买。', $template$
SELECT {c.tenant,} c.cohort, c.period, c.cohort_size, c.customers, CASE WHEN c.complete THEN round(c.customers::numeric / c.cohort_size, 6) END,
	c.customers_or_later, CASE WHEN c.complete THEN round(c.customers_or_later::numeric / c.cohort_size, 6) END, c.complete, c.as_of
FROM {schema}.cohorts_by('month', $1) AS c$template$);

	PERFORM @extschema@.base_make_view(options, 'cohort_revenue', 'Of the customers who first bought in a month: what they brought in each month since.',
		'同期群收入:某月首次购买的客户,此后每月带来多少金额。', $template$
SELECT {c.tenant,} c.cohort, c.period, c.cohort_size, c.orders, c.revenue::numeric(38,2),
	CASE WHEN c.complete AND c.first > 0 THEN round(c.revenue / c.first, 6) END, c.cumulative::numeric(38,2),
	CASE WHEN c.complete THEN (c.cumulative / c.cohort_size)::numeric(38,2) END, c.complete, {'currency'}::text, c.as_of
FROM (SELECT c.*, first_value(c.revenue) OVER w AS first, sum(c.revenue) OVER w AS cumulative
	FROM {schema}.cohorts_by('month', $1) AS c WINDOW w AS (PARTITION BY {c.tenant,} c.cohort ORDER BY c.period)) AS c$template$);

	PERFORM @extschema@.base_make_function(options, 'period_rates_by(unit text, day date)', 'TABLE ({tenant_column}rate {ext}.period_rate, as_of date)', $template$
SELECT {t.tenant,} r, t.day
FROM (SELECT {m.tenant,} {ext}.period_totals(m.history, $1, d.day, {'count_by'}) AS totals,
			{ext}.churn_totals(m.history, $1, d.day, {'policy'}::{ext}.lifecycle_policy) AS churn, d.day
		FROM (SELECT (SELECT $2) AS day) AS d CROSS JOIN {schema}.summary_now AS m GROUP BY {m.tenant,} d.day) AS t,
	LATERAL {ext}.period_rates_of(t.totals, t.churn, $1, t.day, {'history_starts'}::date) AS r$template$);

	-- The unit stands outside of the sums, so that a condition on it spares the other units.
	PERFORM @extschema@.base_make_view(options, 'period_activity', 'Customers by week, month, quarter and year: active, new, returning, reactivated, lost, churned and won back, with rates; filter by unit.',
		'按周、月、季、年统计的客户:活跃、新增、回头、唤回、失活、流失、赢回及各比率;请按 unit 筛选。',
		(SELECT string_agg(format('SELECT {p.tenant,} (p.rate).period, %L::text, (p.rate).customers_active, (p.rate).customers_new,
			(p.rate).customers_returning, (p.rate).customers_reactivated, (p.rate).customers_lost, (p.rate).customers_total,
			(p.rate).customers_at_start, (p.rate).customers_churned, (p.rate).churned_at_start, (p.rate).customers_won_back,
			round({ext}.value((p.rate).repeat_rate)::numeric, 6), round({ext}.value((p.rate).loss_rate)::numeric, 6),
			round({ext}.value((p.rate).reactivation_rate)::numeric, 6), round({ext}.value((p.rate).churn_rate)::numeric, 6),
			round({ext}.value((p.rate).win_back_rate)::numeric, 6), round((p.rate).stickiness, 6), (p.rate).complete, p.as_of
			FROM {schema}.period_rates_by(%1$L, $1) AS p', unit), ' UNION ALL ')
		FROM unnest('{week,month,quarter,year}'::text[]) AS unit));
	-- A curve for each year, in days; all customers are the sum of these. Months are of average length, as those of models are. unnest has the day of
	-- the loss computed once, and leaves the plan parallel.
	PERFORM @extschema@.base_make_view(options, 'survival', 'How long customers stay, from the first purchase until they are lost, by year of the first purchase and for all: the curve of Kaplan and Meier by month of life.',
		'客户能留多久:自首次购买至流失,按首购年份与全部客户;Kaplan-Meier 曲线,以客户生命月计。', $template$
WITH years AS (
	SELECT {m.tenant,} extract(year FROM m.first_purchase)::integer AS year, {ext}.survival_curve(coalesce(m.lost, m.day) - m.first_purchase, m.lost IS NOT NULL) AS curve
	FROM (SELECT {m.tenant,} m.first_purchase, d.day, unnest(ARRAY[{ext}.lifecycle_reached(m.history, 'churned', d.day, {'policy'}::{ext}.lifecycle_policy)]) AS lost
		FROM (SELECT (SELECT $1) AS day) AS d CROSS JOIN {schema}.summary_now AS m
		WHERE m.first_purchase BETWEEN coalesce({'history_starts'}::date, m.first_purchase) AND d.day) AS m
	GROUP BY {m.tenant,} extract(year FROM m.first_purchase)
), curves AS (
	SELECT {y.tenant,} y.year, y.curve FROM years AS y
	UNION ALL
	SELECT {y.tenant,} NULL, {ext}.rollup(y.curve) FROM years AS y[[tenant_sql: GROUP BY y.tenant]]
)
SELECT {c.tenant,} c.year, p.period, p.at_risk, p.events, p.censored, round(p.survival::numeric, 6), round(p.low::numeric, 6), round(p.high::numeric, 6), d.median, $1
FROM curves AS c CROSS JOIN LATERAL {ext}.survival_periods(c.curve, 30.4375) AS p CROSS JOIN LATERAL {ext}.median_survival(c.curve) AS d$template$);

	EXECUTE @extschema@.base_template($template$
COMMENT ON FUNCTION {schema}.cohorts_by(text, date) IS 'Cohorts by day, week, month, quarter or year, as of any day.';
COMMENT ON FUNCTION {schema}.period_rates_by(text, date) IS 'What the view period_activity shows, for one unit (day, week, month, quarter, year) and as of any day, with rates as proportions.'$template$, options);
END $$;
COMMENT ON FUNCTION base_make_retention_views(jsonb) IS
'Makes the views of cohorts, of the activity of periods and of survival in the schema of a customer base.';
