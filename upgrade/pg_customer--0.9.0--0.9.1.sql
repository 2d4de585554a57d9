-- pg_customer 0.9.0 to 0.9.1: made by delta.pl from the install scripts of both.
\echo Use "ALTER EXTENSION pg_customer UPDATE TO '0.9.1'" to load this file. \quit

-- Functions whose arguments or results have changed are made anew. Rights on them that somebody gave or took away go with them.
DO $$
DECLARE
	changed pg_catalog.text;
BEGIN
	FOR changed IN SELECT p.oid::pg_catalog.regprocedure FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_depend AS d ON d.objid OPERATOR(pg_catalog.=) p.oid
			AND d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_proc'::pg_catalog.regclass::pg_catalog.oid AND d.deptype OPERATOR(pg_catalog.=) 'e'::pg_catalog."char"
		JOIN pg_catalog.pg_extension AS x ON x.oid OPERATOR(pg_catalog.=) d.refobjid
		WHERE x.extname OPERATOR(pg_catalog.=) 'pg_customer'::pg_catalog.name AND p.proacl IS NOT NULL AND p.proname OPERATOR(pg_catalog.=) ANY ('{base_expression,base_make_view,create_customer_base}'::pg_catalog.name[])
	LOOP
		RAISE WARNING USING MESSAGE = pg_catalog.format('%s is made anew, and everybody may call it again', changed),
			HINT = 'Its rights had been changed: give or revoke them once more.';
	END LOOP;
END $$;
DROP FUNCTION create_customer_base(name text, source text, customer text, purchased_at text, amount text, order_id text, filter text, customers text, customers_key text, attributes text[], tenant text, time_zone text, source_time_zone text, as_of text, currency text, currency_column text, rfm_bins integer, rfm_method text, rfm_window interval, segment_map text, abc_a numeric, abc_b numeric, count_by text, history_starts date, language text, schema text, on_bad_row text, policy text, can_afford text, has_need text, stage_changes text, notify text, margin numeric, yearly_discount numeric, model_unit text);
DROP FUNCTION base_make_view(options jsonb, view text, comment text, body text, twin boolean);
DROP FUNCTION base_expression(source regclass, option text, expression text, path text, OUT sql text, OUT type regtype, OUT equality text);

COMMENT ON FUNCTION summary_query(text, anyelement) IS
'Internal: the statement that summarise runs: the query with its names looked up along the search path, grouped by customer';

COMMENT ON FUNCTION drivers(driver_tally, text[]) IS
	'A row for each dimension: performance (mean rating), correlation with the overall rating, standardised regression coefficient beta with standard error and p, importance (share of R squared by relative weights of Johnson 2000; all sum to 1), quadrant (concentrate here, keep up, low priority, possible overkill: Martilla and James 1977, cut at the means); note says why there is no number: constant, collinear, overall is constant, too few answers, no answers, nothing is explained';

-- What an option of a customer base means -----------------------------------------------------------

CREATE FUNCTION base_expression(source regclass, option text, expression text, path text,
	OUT sql text, OUT type regtype, OUT equality text, OUT bare text)
	AS 'MODULE_PATHNAME', 'base_expression' LANGUAGE C STABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION base_expression(regclass, text, text, text) IS
'An option of a customer base as SQL over the alias s, safe under any search path, with its type, that type''s equality operator (NULL: no key type), and the same SQL without the alias: the column of exactly that name, else an expression over one row of the source whose names are looked up along path; subqueries, aggregates, window, set-returning and volatile functions are errors.';

CREATE FUNCTION base_key_fits(VARIADIC key "any") RETURNS boolean
	AS 'MODULE_PATHNAME', 'base_key_fits' LANGUAGE C IMMUTABLE PARALLEL SAFE;

COMMENT ON FUNCTION base_key_fits("any") IS
'Whether the tenant and the customer of a row of the source are together short enough for an index.';

-- Filling a base from its source --------------------------------------------------------------------

-- The rows of the source as the base reads them: key, day, amount, order id, and why a row cannot be used. The day of a moment is
-- read the fast way; the expression of the base, which triggers use, has nothing that a writer needs rights for.
CREATE OR REPLACE FUNCTION base_rows(options jsonb) RETURNS text
	LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF options ->> 'day_sql' = format('((%s) AT TIME ZONE %L)::date', options ->> 'time_sql', options ->> 'time_zone') THEN
		options := options || jsonb_build_object('day_sql', format('%s.local_day(%s, %L)', options ->> 'ext', options ->> 'time_sql', options ->> 'time_zone'));
	END IF;
	RETURN @extschema@.base_template($template$
SELECT r.*, CASE WHEN r.customer IS NULL THEN 'no_customer'
	[[tenant_sql:WHEN r.tenant IS NULL THEN 'no_tenant']]
	WHEN r.day IS NULL THEN 'no_day'
	WHEN NOT isfinite(r.day) THEN 'infinite_day'
	[[currency_sql:WHEN r.currency IS DISTINCT FROM {'currency'} THEN 'foreign_currency']]
	ELSE [[long_key:coalesce(]]{amount_problem}[[long_key:, CASE WHEN NOT {ext}.base_key_fits({r.key}) THEN 'failed' END)]] END AS reason
FROM (SELECT [[tenant_sql:{tenant_sql} AS tenant, ]]{customer_sql} AS customer, {day_sql} AS day, {amount_sql} AS amount,
		{order_sql} AS order_id, {time_sql} AS purchased_at[[currency_sql:, ({currency_sql})::text AS currency]]
	FROM {source} AS s[[filter_sql: WHERE {filter_sql}]] OFFSET 0) AS r[[kept_before: WHERE NOT coalesce(r.day < {'kept_before'}, false)]] OFFSET 0$template$, options);
END $$;

-- What the counts of a fill are called, in the order in which data_quality shows them.
CREATE OR REPLACE FUNCTION base_quality_texts(OUT ordinal integer, OUT item text, OUT en text, OUT zh text) RETURNS SETOF record
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	VALUES
	(1, 'rows_seen', 'Rows of the source that pass the filter: used, skipped or quarantined.', '来源中通过筛选的行数:使用、跳过或隔离。'),
	(2, 'rows_used', 'Rows that are in the base.', '进入客户库的行数。'),
	(3, 'orders_seen', 'Orders among them: rows with the same customer and order id, or each row; with rows left out an order counts for each reason.', '其中的订单数:客户与订单号相同的行为一单,无订单号则每行一单;有行未用的订单,每种原因各计一次。'),
	(4, 'orders_used', 'Orders that are in the base: purchases and refunds.', '进入客户库的订单数:购买与退款。'),
	(5, 'purchases', 'Orders with an amount of 0 or more.', '金额不小于 0 的订单。'),
	(6, 'refunds', 'Orders with a negative amount: they lower the total and are no purchase.', '金额为负的订单:减少净额,不算购买。'),
	(7, 'purchases_of_amount_zero', 'Purchases with amount 0.', '金额为 0 的购买。'),
	(8, 'rows_of_unknown_amount', 'Rows without an amount: they add nothing to money.', '没有金额的行:不计入金额。'),
	(9, 'rows_without_order_id', 'Rows without an order id: each is an order of its own.', '没有订单号的行:每行各为一单。'),
	(10, 'order_ids_of_several_customers', 'Order ids with more than one customer: one order for each.', '对应多个客户的订单号:每个客户各为一单。'),
	(11, 'customers', 'Customers in the base.', '客户库中的客户数。'),
	(12, 'customers_without_purchase', 'Customers with refunds only: no scores, no segment.', '只有退款的客户:无评分,无分群。'),
	(13, 'orders_after_as_of', 'Orders after the day of the base: every score leaves them out.', '晚于客户库日期的订单:任何评分都不计入。'),
	(20, 'rows_skipped', 'Skipped: rows without a customer, a tenant or a day.', '跳过:没有客户、租户或日期的行。'),
	(21, 'orders_without_customer', 'Skipped: orders without a customer.', '跳过:没有客户的订单。'),
	(22, 'orders_without_tenant', 'Skipped: orders without a tenant.', '跳过:没有租户的订单。'),
	(23, 'orders_without_day', 'Skipped: orders without a day.', '跳过:没有日期的订单。'),
	(30, 'orders_quarantined', 'Orders with quarantined rows, once for each reason.', '含隔离行的订单,每种原因各计一次。'),
	(31, 'quarantined_infinite_day', 'Quarantined rows: the day is infinite.', '隔离的行:日期为无穷。'),
	(32, 'quarantined_nan', 'Quarantined rows: the amount is not a number.', '隔离的行:金额不是数字。'),
	(33, 'quarantined_infinite', 'Quarantined rows: the amount is infinite.', '隔离的行:金额为无穷。'),
	(34, 'quarantined_too_fine', 'Quarantined rows: the amount has a digit past the sixth after the point.', '隔离的行:金额的小数超过六位。'),
	(35, 'quarantined_too_large', 'Quarantined rows: the amount is 10^21 or more.', '隔离的行:金额达到 10^21 或以上。'),
	(36, 'quarantined_failed', 'Quarantined rows: an expression of the base failed, or the key is too long.', '隔离的行:客户库的表达式出错,或标识过长。'),
	(37, 'quarantined_foreign_currency', 'Quarantined rows: another currency than that of the base.', '隔离的行:币种与客户库不同。');
END;

-- Live bases: signed changes, and bringing them into the summary -------------------------------------

-- The changes of a live base by customer: what its triggers have appended, summed. With an order id, the orders whose lines
-- have changed are read again: what an order was is what it is, less what has changed. One snapshot sees both. Lines before the
-- day of keep_history_before are not read again; those that were written while it ran are what they add. A customer with
-- changes has a row, even if they come to nothing: an order that was not there before and is gone again adds nothing to a day.
-- deltas and line_deltas: what to read them from.
CREATE OR REPLACE FUNCTION base_changes(options jsonb, deltas text, line_deltas text) RETURNS text
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

-- The lines of an order that has changed, as the source has them. Readers of a base have no rights on its source and should
-- not need any, so the function runs as the base's owner, with a pinned path and the base's settings, and for orders with
-- changes that are not folded alone. Its body is text: the shop may alter its tables, and no view of ours stands in the way.
CREATE OR REPLACE FUNCTION base_make_lines_of(options jsonb) RETURNS void
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

-- The views of stages. What customers of the customers table have not bought until a day makes them prospects.
CREATE OR REPLACE FUNCTION base_make_lifecycle_views(options jsonb) RETURNS void
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

-- Cohorts, the activity of periods and survival in a base ---------------------------------------------------------

CREATE OR REPLACE FUNCTION base_make_retention_views(options jsonb) RETURNS void
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

-- The columns of the views of a base ------------------------------------------------------------------

-- Every column of every view, and of the tables that analysts read: its type, and what it means in English and Chinese. The views, their
-- twins and all comments are made from this list. What depends on a base (key, attributes) stands in angle brackets.
CREATE OR REPLACE FUNCTION base_columns(OUT view text, OUT name text, OUT type text, OUT en text, OUT zh text) RETURNS SETOF record
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE ROWS 600 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	-- In this language a session reads them once, not for each view.
	RETURN QUERY VALUES
	('customers', 'customer', '<customer>', 'Key of the customer.', '客户标识。'),
	('customers', 'tenant', '<tenant>', 'Tenant of the customer.', '客户所属租户。'),
	('customers', '<attributes>', '', '', ''),
	('customers', 'first_purchase', 'date', 'Day of the first purchase.', '首次购买日期。'),
	('customers', 'last_purchase', 'date', 'Day of the last purchase.', '最近一次购买日期。'),
	('customers', 'days_since_last', 'integer', 'Days from the last purchase to as_of; 0 is the same day.', '最近一次购买距今天数,当天为 0。'),
	('customers', 'orders', 'bigint', 'Number of purchases.', '购买订单数。'),
	('customers', 'refunds', 'bigint', 'Number of refunds.', '退款订单数。'),
	('customers', 'gross', 'numeric(38,2)', 'Sum of purchases.', '购买总额。'),
	('customers', 'refunded', 'numeric(38,2)', 'Sum of refunds, as a positive amount.', '退款总额(正数)。'),
	('customers', 'total', 'numeric(38,2)', 'Gross less refunded.', '净额:购买减退款。'),
	('customers', 'average_order', 'numeric(38,2)', 'Gross divided by orders.', '客单价:购买总额除以订单数。'),
	('customers', 'tenure_days', 'integer', 'Days from the first purchase to as_of.', '首次购买距今天数。'),
	('customers', 'median_gap_days', 'double precision', 'Median of the days between purchase days; empty with fewer than two.', '购买间隔天数的中位数;不足两个购买日为空。'),
	('customers', 'rfm', 'text', 'Recency, frequency and money score as one code; the number of bins is best.', 'R、F、M 三个评分组成的代码,数字越大越好。'),
	('customers', 'recency_score', 'integer', 'Score of the last purchase; higher is more recent.', '最近购买评分,越大越近。'),
	('customers', 'frequency_score', 'integer', 'Score of the number of orders; higher is more.', '购买频次评分,越大越多。'),
	('customers', 'monetary_score', 'integer', 'Score of the total; higher is more.', '购买金额评分,越大越多。'),
	('customers', 'segment', 'text', 'Stable key of the segment.', '分群的固定标识。'),
	('customers', 'segment_label', 'text', 'Name of the segment.', '分群名称。'),
	('customers', 'segment_rank', 'integer', 'Order of the segments; 1 is best.', '分群排序,1 为最佳。'),
	('customers', 'abc_class', 'text', 'A: the customers that hold the first part of all revenue; B: the next; C: the rest.', 'ABC 分类:A 为贡献最大的一部分收入的客户,B 次之,C 为其余。'),
	('customers', 'stage', 'text', 'Stable key of the lifecycle stage: prospect, new, repeat, loyal, at_risk, dormant or churned; empty with refunds only.', '生命周期阶段的固定标识;仅有退款者为空。'),
	('customers', 'stage_label', 'text', 'Name of the stage.', '阶段名称。'),
	('customers', 'stage_rank', 'integer', 'Order of the stages: 1 prospect to 7 churned.', '阶段排序:1 潜在客户至 7 流失。'),
	('customers', 'churn_risk', 'double precision', 'Probability of no purchase in the next 90 days, by the best method there is (view churn_risk).', '未来 90 天无购买的概率,按现有最佳方法(见视图 churn_risk)。'),
	('customers', 'churn_band', 'text', 'low, medium or high: each third of the risks.', '风险等级:low(低)、medium(中)、high(高),各占三分之一区间。'),
	('customers', 'churn_band_rank', 'integer', 'Order of the bands: 1 low to 3 high.', '风险等级排序:1 低至 3 高。'),
	('customers', 'revenue_at_risk', 'numeric(38,2)', 'Value to expect in the next 12 months, without models the last 12 months'', times the risk.', '风险收入:未来 12 个月预计价值(无模型时为最近 12 个月)乘以流失风险。'),
	('customers', 'probability_alive', 'double precision', 'Probability that the customer is still one, by the model; empty where the model says 1 of everybody: NBD, and BG/NBD without a repeat purchase.', '仍为客户的概率(按模型);模型对所有人恒为 1 时为空(NBD,以及无复购的 BG/NBD)。'),
	('customers', 'expected_purchases', 'double precision', 'Purchase days to expect in the next 12 months.', '未来 12 个月预计购买日数。'),
	('customers', 'historic_value', 'numeric(38,2)', 'Value of the customer so far: the total, at least 0, times the margin.', '至今的客户价值:净额(不小于 0)乘以毛利率。'),
	('customers', 'predicted_value_12m', 'numeric(38,2)', 'Value to expect in the next 12 months: purchases times spend times the margin, discounted.', '未来 12 个月预计价值:购买次数×金额×毛利率,已折现。'),
	('customers', 'total_value', 'numeric(38,2)', 'Historic and predicted value together.', '历史价值与预计价值之和。'),
	('customers', 'model_trust', 'text', 'What the predicted values are worth: ok, small_sample, not_identified; without values: not_converged, no_data, no_model (call fit_models).', '预计值的可信度:ok、small_sample(样本小)、not_identified(参数不可识别);无值时:not_converged、no_data、no_model(请运行 fit_models)。'),
	('customers', 'last_nps', 'integer', 'Last answer to a survey of kind nps, 0 to 10.', '最近一次 NPS 评分,0 至 10。'),
	('customers', 'last_satisfaction', 'integer', 'Last overall answer to a survey of kind csat; higher is more satisfied.', '最近一次总体满意度评分,越大越满意。'),
	('customers', 'currency', 'text', 'Currency of every amount.', '金额的币种。'),
	('customers', 'as_of', 'date', 'The day of which the row speaks; later orders are left out.', '本行所述日期;之后的订单不计。'),
	('rfm', 'customer', '<customer>', 'Key of the customer.', '客户标识。'),
	('rfm', 'tenant', '<tenant>', 'Tenant of the customer.', '客户所属租户。'),
	('rfm', 'days_since_last', 'integer', 'Days from the last purchase to as_of; 0 is the same day.', '最近一次购买距今天数,当天为 0。'),
	('rfm', 'orders', 'bigint', 'Number of purchases, within the base''s rfm_window.', '购买订单数(在 rfm_window 之内)。'),
	('rfm', 'total', 'numeric(38,2)', 'Gross less refunded, within the base''s rfm_window.', '净额(在 rfm_window 之内)。'),
	('rfm', 'rfm', 'text', 'Recency, frequency and money score as one code; the number of bins is best.', 'R、F、M 三个评分组成的代码,数字越大越好。'),
	('rfm', 'recency_score', 'integer', 'Score of the last purchase; higher is more recent.', '最近购买评分,越大越近。'),
	('rfm', 'frequency_score', 'integer', 'Score of the number of orders; higher is more.', '购买频次评分,越大越多。'),
	('rfm', 'monetary_score', 'integer', 'Score of the total; higher is more.', '购买金额评分,越大越多。'),
	('rfm', 'segment', 'text', 'Stable key of the segment.', '分群的固定标识。'),
	('rfm', 'segment_label', 'text', 'Name of the segment.', '分群名称。'),
	('rfm', 'segment_rank', 'integer', 'Order of the segments; 1 is best.', '分群排序,1 为最佳。'),
	('rfm', 'currency', 'text', 'Currency of every amount.', '金额的币种。'),
	('rfm', 'as_of', 'date', 'The day of which the row speaks; later orders are left out.', '本行所述日期;之后的订单不计。'),
	('rfm_segments', 'tenant', '<tenant>', 'Tenant.', '租户。'),
	('rfm_segments', 'segment', 'text', 'Stable key of the segment.', '分群的固定标识。'),
	('rfm_segments', 'segment_label', 'text', 'Name of the segment.', '分群名称。'),
	('rfm_segments', 'segment_rank', 'integer', 'Order of the segments; 1 is best.', '分群排序,1 为最佳。'),
	('rfm_segments', 'action', 'text', 'What to do with these customers.', '建议的行动。'),
	('rfm_segments', 'customers', 'bigint', 'Number of customers.', '客户数。'),
	('rfm_segments', 'share_of_customers', 'numeric(38,6)', 'Share of all scored customers, 0 to 1.', '占全部已评分客户的比例,0 到 1。'),
	('rfm_segments', 'total', 'numeric(38,2)', 'Their total.', '其净额合计。'),
	('rfm_segments', 'share_of_total', 'numeric(38,6)', 'Share of the total of all scored customers.', '占全部已评分客户净额的比例。'),
	('rfm_segments', 'average_order', 'numeric(38,2)', 'Their gross divided by their orders.', '客单价。'),
	('rfm_segments', 'median_days_since_last', 'double precision', 'Median of the days since the last purchase.', '最近一次购买距今天数的中位数。'),
	('rfm_segments', 'currency', 'text', 'Currency of every amount.', '金额的币种。'),
	('rfm_segments', 'as_of', 'date', 'The day of which the row speaks; later orders are left out.', '本行所述日期;之后的订单不计。'),
	('abc', 'customer', '<customer>', 'Key of the customer.', '客户标识。'),
	('abc', 'tenant', '<tenant>', 'Tenant of the customer.', '客户所属租户。'),
	('abc', 'total', 'numeric(38,2)', 'Gross less refunded.', '净额:购买减退款。'),
	('abc', 'share', 'numeric(38,6)', 'Share of the sum of all positive totals, 0 to 1.', '占全部正净额的比例,0 到 1。'),
	('abc', 'cumulative_share', 'numeric(38,6)', 'Share held by this customer and all larger ones; equal totals share it.', '累计比例:本客户与更大客户合计;净额相同者相同。'),
	('abc', 'abc_class', 'text', 'Class by the base''s stored limits: A, B or C.', '按客户库保存的界限分类:A、B 或 C。'),
	('abc', 'currency', 'text', 'Currency of every amount.', '金额的币种。'),
	('abc', 'as_of', 'date', 'The day of which the row speaks; later orders are left out.', '本行所述日期;之后的订单不计。'),
	('kpis', 'tenant', '<tenant>', 'Tenant.', '租户。'),
	('kpis', 'period', 'date', 'First day of the period.', '周期首日。'),
	('kpis', 'unit', 'text', 'week (from Monday), month, quarter or year: filter by it.', '周期单位:周(周一起)、月、季、年;请按此筛选。'),
	('kpis', 'customers_active', 'bigint', 'Customers with a purchase in the period.', '本期有购买的客户。'),
	('kpis', 'customers_new', 'bigint', 'Active customers whose first purchase ever it is.', '新客户:首次购买在本期。'),
	('kpis', 'customers_returning', 'bigint', 'Active customers who were active in the period before.', '回头客户:上期也有购买。'),
	('kpis', 'customers_reactivated', 'bigint', 'Active customers, not new, who were not active in the period before.', '唤回客户:非新客户,且上期无购买。'),
	('kpis', 'customers_lost', 'bigint', 'Customers active in the period before and not in this.', '流失客户:上期有购买而本期没有。'),
	('kpis', 'customers_total', 'bigint', 'Customers with a purchase until the end of the period.', '截至本期末购买过的客户总数。'),
	('kpis', 'orders', 'bigint', 'Number of purchases.', '购买订单数。'),
	('kpis', 'gross', 'numeric(38,2)', 'Sum of purchases.', '购买总额。'),
	('kpis', 'refunded', 'numeric(38,2)', 'Sum of refunds, as a positive amount.', '退款总额(正数)。'),
	('kpis', 'net', 'numeric(38,2)', 'Gross less refunded.', '净额:购买减退款。'),
	('kpis', 'average_order', 'numeric(38,2)', 'Gross divided by orders.', '客单价。'),
	('kpis', 'orders_per_customer', 'numeric(38,6)', 'Orders divided by active customers.', '人均订单数。'),
	('kpis', 'repeat_rate', 'numeric(38,6)', 'Share of the active customers with at least two purchases in the period, by the base''s count_by.', '复购率:本期至少购买两次的客户占比(按 count_by 计)。'),
	('kpis', 'refund_rate', 'numeric(38,6)', 'Refunded divided by gross.', '退款率:退款额除以购买额。'),
	('kpis', 'complete', 'boolean', 'False while the period is not over, and before history_starts.', '周期未结束或早于 history_starts 时为假。'),
	('kpis', 'currency', 'text', 'Currency of every amount.', '金额的币种。'),
	('kpis', 'as_of', 'date', 'The day of which the row speaks; later orders are left out.', '本行所述日期;之后的订单不计。'),
	('lifecycle', 'customer', '<customer>', 'Key of the customer.', '客户标识。'),
	('lifecycle', 'tenant', '<tenant>', 'Tenant of the customer.', '客户所属租户。'),
	('lifecycle', 'stage', 'text', 'Stable key of the lifecycle stage.', '生命周期阶段的固定标识。'),
	('lifecycle', 'stage_label', 'text', 'Name of the stage.', '阶段名称。'),
	('lifecycle', 'stage_rank', 'integer', 'Order of the stages: 1 prospect to 7 churned.', '阶段排序:1 潜在客户至 7 流失。'),
	('lifecycle', 'since', 'date', 'First day in the stage; empty for prospects.', '进入该阶段的日期;潜在客户为空。'),
	('lifecycle', 'days_in_stage', 'integer', 'Days from since to as_of.', '处于该阶段的天数。'),
	('lifecycle', 'reason', 'text', 'What brought the stage: first purchase, repeat purchase, loyal, silence or won back.', '变化原因:首次购买、再次购买、忠诚、沉默或赢回。'),
	('lifecycle', 'as_of', 'date', 'The day of which the row speaks; later orders are left out.', '本行所述日期;之后的订单不计。'),
	('stage_counts', 'tenant', '<tenant>', 'Tenant.', '租户。'),
	('stage_counts', 'stage', 'text', 'Stable key of the lifecycle stage.', '生命周期阶段的固定标识。'),
	('stage_counts', 'stage_label', 'text', 'Name of the stage.', '阶段名称。'),
	('stage_counts', 'stage_rank', 'integer', 'Order of the stages: 1 prospect to 7 churned.', '阶段排序:1 潜在客户至 7 流失。'),
	('stage_counts', 'action', 'text', 'What to do with these customers.', '建议的行动。'),
	('stage_counts', 'customers', 'bigint', 'Number of customers; prospects are those of the customers table without an order.', '客户数;潜在客户为客户表中无订单者。'),
	('stage_counts', 'share_of_customers', 'numeric(38,6)', 'Share of the customers of all stages, 0 to 1.', '占各阶段客户总数的比例,0 到 1。'),
	('stage_counts', 'total', 'numeric(38,2)', 'What they have brought so far: gross less refunded.', '其至今净额合计。'),
	('stage_counts', 'share_of_total', 'numeric(38,6)', 'Share of the total of all stages.', '占各阶段净额合计的比例。'),
	('stage_counts', 'currency', 'text', 'Currency of every amount.', '金额的币种。'),
	('stage_counts', 'as_of', 'date', 'The day of which the row speaks; later orders are left out.', '本行所述日期;之后的订单不计。'),
	('stage_transitions', 'tenant', '<tenant>', 'Tenant.', '租户。'),
	('stage_transitions', 'from_stage', 'text', 'Stable key of the stage that was left.', '离开的阶段标识。'),
	('stage_transitions', 'from_label', 'text', 'Name of the stage that was left.', '离开的阶段名称。'),
	('stage_transitions', 'from_rank', 'integer', 'Order of the stage that was left.', '离开的阶段排序。'),
	('stage_transitions', 'to_stage', 'text', 'Stable key of the stage that was entered.', '进入的阶段标识。'),
	('stage_transitions', 'to_label', 'text', 'Name of the stage that was entered.', '进入的阶段名称。'),
	('stage_transitions', 'to_rank', 'integer', 'Order of the stage that was entered.', '进入的阶段排序。'),
	('stage_transitions', 'changes', 'bigint', 'How often that happened, to all customers until as_of.', '截至 as_of 全部客户发生的次数。'),
	('stage_transitions', 'share', 'numeric(38,6)', 'Share of all that left from_stage, 0 to 1.', '占离开该阶段次数的比例,0 到 1。'),
	('stage_transitions', 'median_days', 'double precision', 'Median of the days spent in from_stage before.', '此前在该阶段停留天数的中位数。'),
	('stage_transitions', 'as_of', 'date', 'The day of which the row speaks; later orders are left out.', '本行所述日期;之后的订单不计。'),
	('win_backs', 'tenant', '<tenant>', 'Tenant.', '租户。'),
	('win_backs', 'stage', 'text', 'Stable key of the silent stage: at_risk, dormant or churned.', '沉默类阶段标识:流失预警、沉默或流失。'),
	('win_backs', 'stage_label', 'text', 'Name of the stage.', '阶段名称。'),
	('win_backs', 'stage_rank', 'integer', 'Order of the stages: 1 prospect to 7 churned.', '阶段排序:1 潜在客户至 7 流失。'),
	('win_backs', 'entered', 'bigint', 'How often customers have entered the stage.', '进入该阶段的次数。'),
	('win_backs', 'won_back', 'bigint', 'How often a purchase ended it.', '因购买而赢回的次数。'),
	('win_backs', 'went_on', 'bigint', 'How often the next, worse stage followed.', '恶化到下一阶段的次数。'),
	('win_backs', 'still_there', 'bigint', 'Customers who are in it on as_of.', '截至 as_of 仍在该阶段的客户数。'),
	('win_backs', 'share_won_back', 'numeric(38,6)', 'Share won back of the stays that ended, 0 to 1; of churned, which nothing else ends, of all that began.', '赢回率:赢回次数占已结束次数的比例;流失阶段则占全部进入次数。'),
	('win_backs', 'median_days', 'double precision', 'Median of the days in the stage of those who were won back.', '被赢回者停留天数的中位数。'),
	('win_backs', 'as_of', 'date', 'The day of which the row speaks; later orders are left out.', '本行所述日期;之后的订单不计。'),
	('at_risk_customers', 'customer', '<customer>', 'Key of the customer.', '客户标识。'),
	('at_risk_customers', 'tenant', '<tenant>', 'Tenant of the customer.', '客户所属租户。'),
	('at_risk_customers', '<attributes>', '', '', ''),
	('at_risk_customers', 'stage', 'text', 'at_risk or dormant.', '流失预警 (at_risk) 或沉默 (dormant)。'),
	('at_risk_customers', 'stage_label', 'text', 'Name of the stage.', '阶段名称。'),
	('at_risk_customers', 'stage_rank', 'integer', 'Order of the stages: 1 prospect to 7 churned.', '阶段排序:1 潜在客户至 7 流失。'),
	('at_risk_customers', 'net_per_year', 'numeric(38,2)', 'What the firm would lose a year: total by the years since the first purchase, at least one.', '每年可能损失的净额:净额除以首购以来的年数(不足一年按一年)。'),
	('at_risk_customers', 'total', 'numeric(38,2)', 'Gross less refunded.', '净额:购买减退款。'),
	('at_risk_customers', 'orders', 'bigint', 'Number of purchases.', '购买订单数。'),
	('at_risk_customers', 'last_purchase', 'date', 'Day of the last purchase.', '最近一次购买日期。'),
	('at_risk_customers', 'days_since_last', 'integer', 'Days from the last purchase to as_of.', '最近一次购买距今天数。'),
	('at_risk_customers', 'median_gap_days', 'double precision', 'Usual gap: median of the days between purchase days; empty with fewer than two.', '通常间隔:购买间隔天数的中位数;不足两个购买日为空。'),
	('at_risk_customers', 'since', 'date', 'First day in the stage.', '进入该阶段的日期。'),
	('at_risk_customers', 'reasons', 'text', 'Why: each sign with its measure.', '原因:各项信号及其数值。'),
	('at_risk_customers', 'churn_risk', 'double precision', 'Probability of no purchase in the next 90 days.', '未来 90 天无购买的概率。'),
	('at_risk_customers', 'revenue_at_risk', 'numeric(38,2)', 'Value to expect in the next 12 months times the risk.', '风险收入:未来 12 个月预计价值乘以流失风险。'),
	('at_risk_customers', 'currency', 'text', 'Currency of every amount.', '金额的币种。'),
	('at_risk_customers', 'as_of', 'date', 'The day of which the row speaks; later orders are left out.', '本行所述日期;之后的订单不计。'),
	('prospects', 'customer', '<customer>', 'Key in the customers table.', '客户表中的标识。'),
	('prospects', 'tenant', '<tenant>', 'Tenant of the customer.', '客户所属租户。'),
	('prospects', '<attributes>', '', '', ''),
	('prospects', 'can_afford', 'boolean', 'Whether they can afford it, by the base''s option can_afford.', '是否买得起(按选项 can_afford)。'),
	('prospects', 'has_need', 'boolean', 'Whether they need it, by the base''s option has_need.', '是否用得着(按选项 has_need)。'),
	('prospects', 'prospect_stage', 'text', 'prospect, hot_prospect (both hold) or customer (has bought).', '潜在客户、准客户(两项均满足)或成交客户(已购买)。'),
	('prospects', 'prospect_label', 'text', 'Name of the stage.', '阶段名称。'),
	('prospects', 'prospect_rank', 'integer', 'Order of the stages: 1 prospect to 3 customer.', '阶段排序:1 潜在客户至 3 成交客户。'),
	('prospects', 'as_of', 'date', 'The day of which the row speaks; later orders are left out.', '本行所述日期;之后的订单不计。'),
	('cohort_retention', 'tenant', '<tenant>', 'Tenant.', '租户。'),
	('cohort_retention', 'cohort', 'date', 'First day of the month of the first purchase.', '首次购买所在月份的首日(同期群)。'),
	('cohort_retention', 'period', 'integer', 'Months since; 0 is the month of the first purchase.', '距首购月份的月数,首购当月为 0。'),
	('cohort_retention', 'cohort_size', 'bigint', 'Customers whose first purchase was in that month.', '该月首次购买的客户数。'),
	('cohort_retention', 'customers', 'bigint', 'How many of them bought in the period, so far.', '其中本期有购买的客户数(截至目前)。'),
	('cohort_retention', 'retention', 'numeric(38,6)', 'Retention: their share of the cohort; empty while the period is not complete.', '留存率:占同期群的比例;周期不完整时为空。'),
	('cohort_retention', 'customers_or_later', 'bigint', 'How many of them bought in the period or later, so far.', '其中本期或之后有购买的客户数(截至目前)。'),
	('cohort_retention', 'retention_or_later', 'numeric(38,6)', 'Unbounded retention: their share of the cohort; empty while the period is not complete.', '无界留存率:占同期群的比例;周期不完整时为空。'),
	('cohort_retention', 'complete', 'boolean', 'False while the period is not over, and for cohorts before history_starts.', '周期未结束或早于 history_starts 的同期群为假。'),
	('cohort_retention', 'as_of', 'date', 'The day of which the row speaks; later orders are left out.', '本行所述日期;之后的订单不计。'),
	('cohort_revenue', 'tenant', '<tenant>', 'Tenant.', '租户。'),
	('cohort_revenue', 'cohort', 'date', 'First day of the month of the first purchase.', '首次购买所在月份的首日(同期群)。'),
	('cohort_revenue', 'period', 'integer', 'Months since; 0 is the month of the first purchase.', '距首购月份的月数,首购当月为 0。'),
	('cohort_revenue', 'cohort_size', 'bigint', 'Customers whose first purchase was in that month.', '该月首次购买的客户数。'),
	('cohort_revenue', 'orders', 'bigint', 'Their purchases in the period.', '本期购买订单数。'),
	('cohort_revenue', 'revenue', 'numeric(38,2)', 'Their gross less refunded in the period.', '本期净额:购买减退款。'),
	('cohort_revenue', 'revenue_retention', 'numeric(38,6)', 'That by the revenue of period 0; empty while the period is not complete.', '收入留存率:与第 0 期净额之比;周期不完整时为空。'),
	('cohort_revenue', 'cumulative_revenue', 'numeric(38,2)', 'Revenue of the cohort so far.', '累计净额。'),
	('cohort_revenue', 'cumulative_per_customer', 'numeric(38,2)', 'That by the customers of the cohort; empty while the period is not complete.', '人均累计净额;周期不完整时为空。'),
	('cohort_revenue', 'complete', 'boolean', 'False while the period is not over, and for cohorts before history_starts.', '周期未结束或早于 history_starts 的同期群为假。'),
	('cohort_revenue', 'currency', 'text', 'Currency of every amount.', '金额的币种。'),
	('cohort_revenue', 'as_of', 'date', 'The day of which the row speaks; later orders are left out.', '本行所述日期;之后的订单不计。'),
	('period_activity', 'tenant', '<tenant>', 'Tenant.', '租户。'),
	('period_activity', 'period', 'date', 'First day of the period.', '周期首日。'),
	('period_activity', 'unit', 'text', 'week (from Monday), month, quarter or year: filter by it.', '周期单位:周(周一起)、月、季、年;请按此筛选。'),
	('period_activity', 'customers_active', 'bigint', 'Customers with a purchase in the period.', '本期有购买的客户。'),
	('period_activity', 'customers_new', 'bigint', 'Active customers whose first purchase ever it is.', '新客户:首次购买在本期。'),
	('period_activity', 'customers_returning', 'bigint', 'Active customers who were active in the period before.', '回头客户:上期也有购买。'),
	('period_activity', 'customers_reactivated', 'bigint', 'Active customers, not new, who were not active in the period before.', '唤回客户:非新客户,且上期无购买。'),
	('period_activity', 'customers_lost', 'bigint', 'Customers active in the period before and not in this.', '流失客户:上期有购买而本期没有。'),
	('period_activity', 'customers_total', 'bigint', 'Customers with a purchase until the end of the period.', '截至本期末购买过的客户总数。'),
	('period_activity', 'customers_at_start', 'bigint', 'Customers at the start of the period who were not in the stage churned.', '期初客户:已购买且未处于流失阶段。'),
	('period_activity', 'customers_churned', 'bigint', 'How many of them entered the stage churned in the period.', '其中本期进入流失阶段的客户。'),
	('period_activity', 'churned_at_start', 'bigint', 'Customers in the stage churned at the start of the period.', '期初处于流失阶段的客户。'),
	('period_activity', 'customers_won_back', 'bigint', 'How many of them bought in the period.', '其中本期被赢回的客户。'),
	('period_activity', 'repeat_rate', 'numeric(38,6)', 'Active customers with at least two purchases in the period, by the base''s count_by, of all active ones.', '复购率:本期至少购买两次的客户占比(按 count_by 计)。'),
	('period_activity', 'loss_rate', 'numeric(38,6)', 'Customers lost, of those active in the period before.', '失活率:上期活跃客户中本期未购买的比例。'),
	('period_activity', 'reactivation_rate', 'numeric(38,6)', 'Customers reactivated, of those who had bought, but not in the period before.', '唤回率:上期未购买的老客户中本期购买的比例。'),
	('period_activity', 'churn_rate', 'numeric(38,6)', 'Customers churned, of those at the start.', '流失率:本期流失占期初客户的比例。'),
	('period_activity', 'win_back_rate', 'numeric(38,6)', 'Customers won back, of those churned at the start.', '赢回率:本期赢回占期初已流失客户的比例。'),
	('period_activity', 'stickiness', 'numeric(38,6)', 'Days with a purchase of the active customers, of all their days in the period.', '粘性:活跃客户的购买日数占其全部日数的比例。'),
	('period_activity', 'complete', 'boolean', 'False while the period is not over, and before history_starts; the rates are empty then.', '周期未结束或早于 history_starts 时为假,此时各比率为空。'),
	('period_activity', 'as_of', 'date', 'The day of which the row speaks; later orders are left out.', '本行所述日期;之后的订单不计。'),
	('survival', 'tenant', '<tenant>', 'Tenant.', '租户。'),
	('survival', 'cohort_year', 'integer', 'Year of the first purchase; empty: all customers.', '首次购买的年份;为空表示全部客户。'),
	('survival', 'month', 'integer', 'Month of life, from the first purchase; 0 is the first. A month is 30.4375 days.', '自首次购买起的客户生命月数,首月为 0;每月按 30.4375 天计。'),
	('survival', 'at_risk', 'bigint', 'Customers not lost before the month, of those observed for so long.', '期初在险客户:观察时间足够且此前未流失的客户。'),
	('survival', 'events', 'bigint', 'Customers lost in it: their stage became churned, for the first time.', '本月流失的客户:首次进入流失阶段。'),
	('survival', 'censored', 'bigint', 'Customers never lost so far whose life until as_of ends in it.', '至今未曾流失、观察止于本月的客户(删失)。'),
	('survival', 'survival', 'numeric(38,6)', 'Share of customers whose life is longer than until the end of the month (Kaplan-Meier, on days).', '生存率:生命超过本月末的客户占比(Kaplan-Meier,按日计算)。'),
	('survival', 'survival_low', 'numeric(38,6)', 'Lower end of its 95 % interval.', '其 95 % 区间下限。'),
	('survival', 'survival_high', 'numeric(38,6)', 'Upper end of its 95 % interval.', '其 95 % 区间上限。'),
	('survival', 'median_days', 'double precision', 'Days that half of these customers live longer than, the same in all their rows; empty while the curve is above a half.', '该组客户的中位生命天数,同组各行相同;曲线尚未降至一半时为空。'),
	('survival', 'as_of', 'date', 'The day of which the row speaks; later orders are left out.', '本行所述日期;之后的订单不计。'),
	('histories', 'customer', '<customer>', 'Key of the customer.', '客户标识。'),
	('histories', 'tenant', '<tenant>', 'Tenant of the customer.', '客户所属租户。'),
	('histories', 'history', '<history>', 'Every day with purchases or refunds, as a purchase_history.', '完整购买历史(purchase_history)。'),
	('summary_now', 'customer', '<customer>', 'Key of the customer.', '客户标识。'),
	('summary_now', 'tenant', '<tenant>', 'Tenant of the customer.', '客户所属租户。'),
	('summary_now', 'history', '<history>', 'Every day with purchases or refunds, as a purchase_history.', '完整购买历史(purchase_history)。'),
	('summary_now', 'orders', 'bigint', 'Number of purchases.', '购买订单数。'),
	('summary_now', 'gross', 'numeric', 'Sum of purchases.', '购买总额。'),
	('summary_now', 'total', 'numeric', 'Gross less refunded.', '净额:购买减退款。'),
	('summary_now', 'first_purchase', 'date', 'Day of the first purchase.', '首次购买日期。'),
	('summary_now', 'last_purchase', 'date', 'Day of the last purchase.', '最近一次购买日期。'),
	('summary_now', 'last_day', 'date', 'Last day with a purchase or a refund.', '最近一次购买或退款的日期。'),
	('summary_now', 'stage', '<stage>', 'Lifecycle stage on stage_on; empty where changes are not folded yet.', 'stage_on 当日的生命周期阶段;有未合并变更时为空。'),
	('summary_now', 'stage_on', 'date', 'The day of that stage.', '该阶段的日期。'),
	('summary_now', 'stage_due', 'date', 'The day on which it changes without a purchase.', '若无购买,阶段变化的日期。'),
	('churn_risk', 'customer', '<customer>', 'Key of the customer.', '客户标识。'),
	('churn_risk', 'tenant', '<tenant>', 'Tenant of the customer.', '客户所属租户。'),
	('churn_risk', 'risk', 'double precision', 'Probability of no purchase in the next horizon_days.', '未来 horizon_days 天无购买的概率。'),
	('churn_risk', 'band', 'text', 'low, medium or high: each third of the risks.', '风险等级:low、medium、high,各占三分之一区间。'),
	('churn_risk', 'band_label', 'text', 'Name of the band.', '风险等级名称。'),
	('churn_risk', 'band_rank', 'integer', 'Order of the bands: 1 low to 3 high.', '风险等级排序:1 低至 3 高。'),
	('churn_risk', 'method', 'text', 'What the risk is computed by: logistic (regression on churn_features), a purchase model, or own_rhythm.', '计算方法:logistic(逻辑回归)、购买模型或 own_rhythm(自身节奏)。'),
	('churn_risk', 'days_since_last', 'integer', 'Days from the last purchase to as_of; 0 is the same day.', '最近一次购买距今天数,当天为 0。'),
	('churn_risk', 'median_gap_days', 'double precision', 'Usual gap: median of the days between purchase days; empty with fewer than two.', '惯常购买间隔天数的中位数;不足两个购买日为空。'),
	('churn_risk', 'overdue_ratio', 'double precision', 'Silence in usual gaps; more than 2 is overdue.', '沉默天数与惯常间隔之比,大于 2 为超期。'),
	('churn_risk', 'reasons', 'text', 'Why: each sign with its measure.', '原因:各项信号及其数值。'),
	('churn_risk', 'expected_value', 'numeric(38,2)', 'Value to expect in the next 12 months by the models; without them that of the last 12 months.', '未来 12 个月预计价值(按模型);无模型时为最近 12 个月价值。'),
	('churn_risk', 'revenue_at_risk', 'numeric(38,2)', 'Expected value times the risk.', '风险收入:预计价值乘以风险。'),
	('churn_risk', 'next_purchase', 'date', 'Day by which half of such customers have bought again, of those who do.', '若会再次购买,一半此类客户将在此日之前购买。'),
	('churn_risk', 'next_purchase_earliest', 'date', 'Lower end of its 80 % interval.', '其 80 % 区间下限。'),
	('churn_risk', 'next_purchase_latest', 'date', 'Upper end of its 80 % interval.', '其 80 % 区间上限。'),
	('churn_risk', 'horizon_days', 'integer', 'Days of which the risk speaks; edit it in churn_model.', '风险所指天数,可在 churn_model 中修改。'),
	('churn_risk', 'currency', 'text', 'Currency of every amount.', '金额的币种。'),
	('churn_risk', 'as_of', 'date', 'The day of which the row speaks; later orders are left out.', '本行所述日期;之后的订单不计。'),
	('ltv', 'customer', '<customer>', 'Key of the customer.', '客户标识。'),
	('ltv', 'tenant', '<tenant>', 'Tenant of the customer.', '客户所属租户。'),
	('ltv', 'historic_value', 'numeric(38,2)', 'Value so far: the total, at least 0, times the margin.', '至今的价值:净额(不小于 0)乘以毛利率。'),
	('ltv', 'probability_alive', 'double precision', 'Probability that the customer is still one, by the model; empty where the model says 1 of everybody: NBD, and BG/NBD without a repeat purchase.', '仍为客户的概率(按模型);模型对所有人恒为 1 时为空(NBD,以及无复购的 BG/NBD)。'),
	('ltv', 'expected_purchases', 'double precision', 'Purchase days to expect in the next 12 months.', '未来 12 个月预计购买日数。'),
	('ltv', 'expected_spend', 'numeric(38,2)', 'Spend to expect on each of them, before the margin.', '每个购买日预计金额(未乘毛利率)。'),
	('ltv', 'predicted_value_12m', 'numeric(38,2)', 'Value to expect in the next 12 months: purchases times spend times the margin, discounted.', '未来 12 个月预计价值:购买次数×金额×毛利率,已折现。'),
	('ltv', 'total_value', 'numeric(38,2)', 'Historic and predicted value together.', '历史价值与预计价值之和。'),
	('ltv', 'current_value', 'numeric(38,2)', 'What the customer has brought in the last 12 months: net amount times the margin.', '当前价值:最近 12 个月净额乘以毛利率。'),
	('ltv', 'potential_value', 'numeric(38,2)', 'Potential: by how much current_value is below that of the median customer of the same segment, as of the last fit_models.', '潜在价值:当前价值低于同一分群中位客户的差额(按最近一次 fit_models)。'),
	('ltv', 'segment', 'text', 'Stable key of that segment.', '该分群的固定标识。'),
	('ltv', 'model', 'text', 'The purchase model of these values.', '所用购买模型。'),
	('ltv', 'model_trust', 'text', 'What the predicted values are worth: ok, small_sample, not_identified; without values: not_converged, no_data, no_model (call fit_models).', '预计值的可信度:ok、small_sample(样本小)、not_identified(参数不可识别);无值时:not_converged、no_data、no_model(请运行 fit_models)。'),
	('ltv', 'currency', 'text', 'Currency of every amount.', '金额的币种。'),
	('ltv', 'as_of', 'date', 'The day of which the row speaks; later orders are left out.', '本行所述日期;之后的订单不计。'),
	('model_fit', 'model', 'text', 'Stable key of the model.', '模型的固定标识。'),
	('model_fit', 'title', 'text', 'Name of the model in the literature.', '模型的文献名称。'),
	('model_fit', 'is_default', 'boolean', 'Whether the values of customers are those of this model.', '客户价值是否采用此模型。'),
	('model_fit', 'chosen_by', 'text', 'Why: holdout (smallest error by customer in the holdout), aic (the data are too short for one), default (no model can be trusted).', '选择依据:holdout(留出期内客户误差最小)、aic(数据太短)、default(没有可信模型)。'),
	('model_fit', 'trust', 'text', 'What its numbers are worth: ok, small_sample, not_identified, not_converged, no_data.', '可信度:ok、small_sample、not_identified、not_converged、no_data。'),
	('model_fit', 'customers', 'bigint', 'Customers that it was fitted on.', '拟合所用客户数。'),
	('model_fit', 'repeat_customers', 'bigint', 'Customers among them with a repeat purchase.', '其中有复购的客户数。'),
	('model_fit', 'left_out', 'bigint', 'Customers who had nothing to fit on.', '无可用数据而未参与拟合的客户数。'),
	('model_fit', 'log_likelihood', 'double precision', 'Log-likelihood at the parameters.', '对数似然。'),
	('model_fit', 'aic', 'double precision', 'Akaike''s information criterion; less is better, among purchase models.', 'AIC,越小越好(仅在购买模型之间比较)。'),
	('model_fit', 'bic', 'double precision', 'Bayesian information criterion; less is better, among purchase models.', 'BIC,越小越好(仅在购买模型之间比较)。'),
	('model_fit', 'calibrated_until', 'date', 'The holdout: a second fit on all until this day was judged by what followed; empty where the data are too short.', '留出检验:另用截至此日的数据拟合,以其后的数据检验;数据太短时为空。'),
	('model_fit', 'held_out_until', 'date', 'Last day of the holdout.', '留出期最后一日。'),
	('model_fit', 'holdout_trust', 'text', 'Trust of that second fit.', '该次拟合的可信度。'),
	('model_fit', 'holdout_customers', 'bigint', 'Customers in the holdout.', '参与检验的客户数。'),
	('model_fit', 'holdout_actual', 'bigint', 'Their purchase days in it.', '留出期内实际购买日数。'),
	('model_fit', 'holdout_predicted', 'double precision', 'Purchase days that were predicted.', '预计购买日数。'),
	('model_fit', 'holdout_mae', 'double precision', 'Mean absolute error by customer.', '每客户平均绝对误差。'),
	('model_fit', 'holdout_rmse', 'double precision', 'Root mean squared error by customer.', '每客户均方根误差。'),
	('model_fit', 'holdout_correlation', 'double precision', 'Correlation of predicted and actual purchase days.', '预计与实际的相关系数。'),
	('model_fit', 'spend_correlation', 'double precision', 'Of Gamma-Gamma: correlation of the number of repeat purchases and their mean, which it assumes to be near 0.', 'Gamma-Gamma:复购次数与平均金额的相关系数,模型假设其接近 0。'),
	('model_fit', 'as_of', 'date', 'The day until which it was fitted.', '拟合所用数据的截止日。'),
	('model_fit', 'fitted_at', 'timestamp with time zone', 'When it was fitted.', '拟合时间。'),
	('model_fit', 'age_days', 'integer', 'Days from as_of to the day of the base.', '拟合截止日距客户库日期的天数。'),
	('model_parameters', 'model', 'text', 'Stable key of the model.', '模型的固定标识。'),
	('model_parameters', 'parameter', 'text', 'Name of the parameter in the literature.', '参数名称。'),
	('model_parameters', 'estimate', 'double precision', 'Its estimate.', '估计值。'),
	('model_parameters', 'std_error', 'double precision', 'Standard error; empty where the data do not tell.', '标准误;数据不足以判断时为空。'),
	('model_parameters', 'ci_low', 'double precision', 'Lower end of the 95 % interval.', '95 % 区间下限。'),
	('model_parameters', 'ci_high', 'double precision', 'Upper end of the 95 % interval.', '95 % 区间上限。'),
	('model_parameters', 'is_default', 'boolean', 'Whether the values of customers are those of this model.', '客户价值是否采用此模型。'),
	('nps_by_period', 'tenant', '<tenant>', 'Tenant.', '租户。'),
	('nps_by_period', 'survey', 'text', 'Name of the survey.', '调查名称。'),
	('nps_by_period', 'scope', 'text', 'Whose satisfaction: external customers, or internal ones (staff), as the survey says.', '调查对象:external(外部客户)或 internal(内部客户),按调查所述。'),
	('nps_by_period', 'period', 'date', 'First day of the period.', '周期首日。'),
	('nps_by_period', 'unit', 'text', 'week (from Monday), month, quarter or year: filter by it.', '周期单位:周(周一起)、月、季、年;请按此筛选。'),
	('nps_by_period', 'answers', 'bigint', 'Number of answers.', '回答数。'),
	('nps_by_period', 'promoters', 'bigint', 'Answers of 9 and 10.', '推荐者:9 至 10 分。'),
	('nps_by_period', 'passives', 'bigint', 'Answers of 7 and 8.', '被动者:7 至 8 分。'),
	('nps_by_period', 'detractors', 'bigint', 'Answers of 0 to 6.', '贬损者:0 至 6 分。'),
	('nps_by_period', 'nps', 'numeric(38,2)', 'Net promoter score, -100 to 100.', '净推荐值,-100 至 100。'),
	('nps_by_period', 'nps_low', 'numeric(38,2)', 'Lower end of its 95 % interval (adjusted Wald).', '其 95 % 区间下限(调整 Wald)。'),
	('nps_by_period', 'nps_high', 'numeric(38,2)', 'Upper end of its 95 % interval (adjusted Wald).', '其 95 % 区间上限(调整 Wald)。'),
	('nps_by_period', 'change', 'numeric(38,2)', 'Difference to the period before that has answers.', '与上一个有回答的周期之差。'),
	('nps_by_period', 'p_value', 'numeric(38,6)', 'Probability of a change at least as large if nothing had changed, for independent samples.', '若无变化,出现如此差异的概率(独立样本)。'),
	('nps_by_period', 'complete', 'boolean', 'False while the period is not over.', '周期未结束时为假。'),
	('nps_by_period', 'as_of', 'date', 'The day of which the row speaks; later answers are left out.', '本行所述日期;之后的回答不计。'),
	('satisfaction_by_period', 'tenant', '<tenant>', 'Tenant.', '租户。'),
	('satisfaction_by_period', 'survey', 'text', 'Name of the survey.', '调查名称。'),
	('satisfaction_by_period', 'kind', 'text', 'nps (0 to 10), csat (satisfaction) or ces (ease).', '调查类型:nps(0 至 10)、csat(满意度)或 ces(费力度)。'),
	('satisfaction_by_period', 'scope', 'text', 'Whose satisfaction: external customers, or internal ones (staff), as the survey says.', '调查对象:external(外部客户)或 internal(内部客户),按调查所述。'),
	('satisfaction_by_period', 'period', 'date', 'First day of the period.', '周期首日。'),
	('satisfaction_by_period', 'unit', 'text', 'week (from Monday), month, quarter or year: filter by it.', '周期单位:周(周一起)、月、季、年;请按此筛选。'),
	('satisfaction_by_period', 'answers', 'bigint', 'Number of answers.', '回答数。'),
	('satisfaction_by_period', 'mean', 'numeric(38,2)', 'Mean score.', '平均分。'),
	('satisfaction_by_period', 'mean_low', 'numeric(38,2)', 'Lower end of its 95 % interval.', '其 95 % 区间下限。'),
	('satisfaction_by_period', 'mean_high', 'numeric(38,2)', 'Upper end of its 95 % interval.', '其 95 % 区间上限。'),
	('satisfaction_by_period', 'top_share', 'numeric(38,6)', 'Share of satisfied answers, 0 to 1: the top two of csat, the top three of ces, promoters of nps.', '满意回答占比(0 到 1):csat 最高两档、ces 最高三档、nps 推荐者。'),
	('satisfaction_by_period', 'top_share_low', 'numeric(38,6)', 'Lower end of its 95 % interval (Wilson).', '其 95 % 区间下限(Wilson)。'),
	('satisfaction_by_period', 'top_share_high', 'numeric(38,6)', 'Upper end of its 95 % interval (Wilson).', '其 95 % 区间上限(Wilson)。'),
	('satisfaction_by_period', 'change', 'numeric(38,2)', 'Difference of the mean to the period before that has answers.', '平均分与上一个有回答的周期之差。'),
	('satisfaction_by_period', 'p_value', 'numeric(38,6)', 'Probability of a change at least as large if nothing had changed, for independent samples.', '若无变化,出现如此差异的概率(独立样本)。'),
	('satisfaction_by_period', 'complete', 'boolean', 'False while the period is not over.', '周期未结束时为假。'),
	('satisfaction_by_period', 'as_of', 'date', 'The day of which the row speaks; later answers are left out.', '本行所述日期;之后的回答不计。'),
	('satisfaction_by_dimension', 'tenant', '<tenant>', 'Tenant.', '租户。'),
	('satisfaction_by_dimension', 'survey', 'text', 'Name of the survey.', '调查名称。'),
	('satisfaction_by_dimension', 'kind', 'text', 'nps (0 to 10), csat (satisfaction) or ces (ease).', '调查类型:nps(0 至 10)、csat(满意度)或 ces(费力度)。'),
	('satisfaction_by_dimension', 'scope', 'text', 'Whose satisfaction: external customers, or internal ones (staff), as the survey says.', '调查对象:external(外部客户)或 internal(内部客户),按调查所述。'),
	('satisfaction_by_dimension', 'dimension', 'text', 'What was asked about, such as quality, price, delivery or service.', '评价维度,如质量、价格、交付、服务。'),
	('satisfaction_by_dimension', 'answers', 'bigint', 'Number of answers.', '回答数。'),
	('satisfaction_by_dimension', 'mean', 'numeric(38,2)', 'Mean score.', '平均分。'),
	('satisfaction_by_dimension', 'mean_low', 'numeric(38,2)', 'Lower end of its 95 % interval.', '其 95 % 区间下限。'),
	('satisfaction_by_dimension', 'mean_high', 'numeric(38,2)', 'Upper end of its 95 % interval.', '其 95 % 区间上限。'),
	('satisfaction_by_dimension', 'top_share', 'numeric(38,6)', 'Share of satisfied answers, 0 to 1: the top two of csat, the top three of ces, promoters of nps.', '满意回答占比(0 到 1):csat 最高两档、ces 最高三档、nps 推荐者。'),
	('satisfaction_by_dimension', 'top_share_low', 'numeric(38,6)', 'Lower end of its 95 % interval (Wilson).', '其 95 % 区间下限(Wilson)。'),
	('satisfaction_by_dimension', 'top_share_high', 'numeric(38,6)', 'Upper end of its 95 % interval (Wilson).', '其 95 % 区间上限(Wilson)。'),
	('satisfaction_by_dimension', 'gap', 'numeric(38,2)', 'Mean of this dimension less that of all dimensions of the survey.', '本维度平均分减去该调查全部维度的平均分。'),
	('satisfaction_by_dimension', 'as_of', 'date', 'The day of which the row speaks; later answers are left out.', '本行所述日期;之后的回答不计。'),
	('satisfaction_by_channel', 'tenant', '<tenant>', 'Tenant.', '租户。'),
	('satisfaction_by_channel', 'survey', 'text', 'Name of the survey.', '调查名称。'),
	('satisfaction_by_channel', 'kind', 'text', 'nps (0 to 10), csat (satisfaction) or ces (ease).', '调查类型:nps(0 至 10)、csat(满意度)或 ces(费力度)。'),
	('satisfaction_by_channel', 'scope', 'text', 'Whose satisfaction: external customers, or internal ones (staff), as the survey says.', '调查对象:external(外部客户)或 internal(内部客户),按调查所述。'),
	('satisfaction_by_channel', 'channel', 'text', 'How the answer was collected.', '收集渠道。'),
	('satisfaction_by_channel', 'answers', 'bigint', 'Number of answers.', '回答数。'),
	('satisfaction_by_channel', 'mean', 'numeric(38,2)', 'Mean score.', '平均分。'),
	('satisfaction_by_channel', 'mean_low', 'numeric(38,2)', 'Lower end of its 95 % interval.', '其 95 % 区间下限。'),
	('satisfaction_by_channel', 'mean_high', 'numeric(38,2)', 'Upper end of its 95 % interval.', '其 95 % 区间上限。'),
	('satisfaction_by_channel', 'top_share', 'numeric(38,6)', 'Share of satisfied answers, 0 to 1: the top two of csat, the top three of ces, promoters of nps.', '满意回答占比(0 到 1):csat 最高两档、ces 最高三档、nps 推荐者。'),
	('satisfaction_by_channel', 'top_share_low', 'numeric(38,6)', 'Lower end of its 95 % interval (Wilson).', '其 95 % 区间下限(Wilson)。'),
	('satisfaction_by_channel', 'top_share_high', 'numeric(38,6)', 'Upper end of its 95 % interval (Wilson).', '其 95 % 区间上限(Wilson)。'),
	('satisfaction_by_channel', 'bias', 'numeric(38,2)', 'Mean of this channel less that of all others.', '渠道偏差:本渠道平均分减去其余渠道平均分。'),
	('satisfaction_by_channel', 'bias_low', 'numeric(38,2)', 'Lower end of its 95 % interval (Welch).', '其 95 % 区间下限(Welch)。'),
	('satisfaction_by_channel', 'bias_high', 'numeric(38,2)', 'Upper end of its 95 % interval (Welch).', '其 95 % 区间上限(Welch)。'),
	('satisfaction_by_channel', 'p_value', 'numeric(38,6)', 'Probability of such a bias if channels did not differ.', '若渠道无差异,出现如此偏差的概率。'),
	('satisfaction_by_channel', 'as_of', 'date', 'The day of which the row speaks; later answers are left out.', '本行所述日期;之后的回答不计。'),
	('satisfaction_by_agent', 'tenant', '<tenant>', 'Tenant.', '租户。'),
	('satisfaction_by_agent', 'survey', 'text', 'Name of the survey.', '调查名称。'),
	('satisfaction_by_agent', 'kind', 'text', 'nps (0 to 10), csat (satisfaction) or ces (ease).', '调查类型:nps(0 至 10)、csat(满意度)或 ces(费力度)。'),
	('satisfaction_by_agent', 'scope', 'text', 'Whose satisfaction: external customers, or internal ones (staff), as the survey says.', '调查对象:external(外部客户)或 internal(内部客户),按调查所述。'),
	('satisfaction_by_agent', 'agent', 'text', 'Who served the customer.', '服务人员。'),
	('satisfaction_by_agent', 'answers', 'bigint', 'Number of answers.', '回答数。'),
	('satisfaction_by_agent', 'enough', 'boolean', 'Whether there are as many answers as the survey''s minimum_answers; if not, compare nobody by them.', '回答数是否达到该调查的 minimum_answers;未达到时不宜比较。'),
	('satisfaction_by_agent', 'mean', 'numeric(38,2)', 'Mean score.', '平均分。'),
	('satisfaction_by_agent', 'mean_low', 'numeric(38,2)', 'Lower end of its 95 % interval.', '其 95 % 区间下限。'),
	('satisfaction_by_agent', 'mean_high', 'numeric(38,2)', 'Upper end of its 95 % interval.', '其 95 % 区间上限。'),
	('satisfaction_by_agent', 'shrunk_mean', 'numeric(38,2)', 'Mean drawn to that of all agents where answers are few, for ranking.', '收缩平均分:回答少时向全体平均靠拢,用于排名。'),
	('satisfaction_by_agent', 'top_share', 'numeric(38,6)', 'Share of satisfied answers, 0 to 1: the top two of csat, the top three of ces, promoters of nps.', '满意回答占比(0 到 1):csat 最高两档、ces 最高三档、nps 推荐者。'),
	('satisfaction_by_agent', 'top_share_low', 'numeric(38,6)', 'Lower end of its 95 % interval (Wilson).', '其 95 % 区间下限(Wilson)。'),
	('satisfaction_by_agent', 'top_share_high', 'numeric(38,6)', 'Upper end of its 95 % interval (Wilson).', '其 95 % 区间上限(Wilson)。'),
	('satisfaction_by_agent', 'as_of', 'date', 'The day of which the row speaks; later answers are left out.', '本行所述日期;之后的回答不计。'),
	('satisfaction_drivers', 'tenant', '<tenant>', 'Tenant.', '租户。'),
	('satisfaction_drivers', 'survey', 'text', 'Name of the survey.', '调查名称。'),
	('satisfaction_drivers', 'kind', 'text', 'nps (0 to 10), csat (satisfaction) or ces (ease).', '调查类型:nps(0 至 10)、csat(满意度)或 ces(费力度)。'),
	('satisfaction_drivers', 'dimension', 'text', 'What was asked about.', '评价维度。'),
	('satisfaction_drivers', 'answers', 'bigint', 'Responses with an overall answer and one for each dimension.', '含总体与全部维度评分的回答份数。'),
	('satisfaction_drivers', 'performance', 'numeric(38,2)', 'Mean score of the dimension.', '表现:该维度平均分。'),
	('satisfaction_drivers', 'correlation', 'numeric(38,6)', 'Correlation with the overall answer.', '与总体评分的相关系数。'),
	('satisfaction_drivers', 'beta', 'numeric(38,6)', 'Standardised coefficient of the regression of the overall answer on all dimensions.', '总体评分对各维度回归的标准化系数。'),
	('satisfaction_drivers', 'std_error', 'numeric(38,6)', 'Its standard error.', '其标准误。'),
	('satisfaction_drivers', 'p_value', 'numeric(38,6)', 'Probability of such a coefficient if the dimension did not matter.', '若该维度无影响,出现如此系数的概率。'),
	('satisfaction_drivers', 'importance', 'numeric(38,6)', 'Share of what all dimensions explain together, 0 to 1.', '重要性:在全部维度共同解释部分中的占比。'),
	('satisfaction_drivers', 'quadrant', 'text', 'keep up, concentrate here, low priority or possible overkill: importance and performance against their means.', '重要性-表现象限。'),
	('satisfaction_drivers', 'quadrant_label', 'text', 'Name of the quadrant.', '象限名称。'),
	('satisfaction_drivers', 'note', 'text', 'Why there is no number, if there is none.', '无数值时的原因。'),
	('satisfaction_drivers', 'as_of', 'date', 'The day of which the row speaks; later answers are left out.', '本行所述日期;之后的回答不计。'),
	('survey_waves', 'tenant', '<tenant>', 'Tenant.', '租户。'),
	('survey_waves', 'survey', 'text', 'Name of the survey.', '调查名称。'),
	('survey_waves', 'kind', 'text', 'nps (0 to 10), csat (satisfaction) or ces (ease).', '调查类型:nps(0 至 10)、csat(满意度)或 ces(费力度)。'),
	('survey_waves', 'scope', 'text', 'Whose satisfaction: external customers, or internal ones (staff), as the survey says.', '调查对象:external(外部客户)或 internal(内部客户),按调查所述。'),
	('survey_waves', 'dimension', 'text', 'What was asked about; empty: the survey''s overall question, or all of its questions.', '评价维度;空为总体问题(或全部问题)。'),
	('survey_waves', 'wave', 'date', 'First day of the wave.', '本轮首日。'),
	('survey_waves', 'unit', 'text', 'Length of a wave, as the table surveys says.', '每轮长度,见 surveys 表。'),
	('survey_waves', 'answers', 'bigint', 'Number of answers.', '回答数。'),
	('survey_waves', 'mean', 'numeric(38,2)', 'Mean score.', '平均分。'),
	('survey_waves', 'mean_low', 'numeric(38,2)', 'Lower end of its 95 % interval.', '其 95 % 区间下限。'),
	('survey_waves', 'mean_high', 'numeric(38,2)', 'Upper end of its 95 % interval.', '其 95 % 区间上限。'),
	('survey_waves', 'top_share', 'numeric(38,6)', 'Share of satisfied answers, 0 to 1: the top two of csat, the top three of ces, promoters of nps.', '满意回答占比(0 到 1):csat 最高两档、ces 最高三档、nps 推荐者。'),
	('survey_waves', 'top_share_low', 'numeric(38,6)', 'Lower end of its 95 % interval (Wilson).', '其 95 % 区间下限(Wilson)。'),
	('survey_waves', 'top_share_high', 'numeric(38,6)', 'Upper end of its 95 % interval (Wilson).', '其 95 % 区间上限(Wilson)。'),
	('survey_waves', 'nps', 'numeric(38,2)', 'Net promoter score, for kind nps.', '净推荐值(仅 nps)。'),
	('survey_waves', 'previous_wave', 'date', 'First day of the wave before.', '上一轮首日。'),
	('survey_waves', 'previous_answers', 'bigint', 'Its number of answers.', '上一轮回答数。'),
	('survey_waves', 'change', 'numeric(38,2)', 'Difference to the wave before: of the net promoter score for kind nps, else of the mean.', '与上一轮之差:nps 为净推荐值,其余为平均分。'),
	('survey_waves', 'p_value', 'numeric(38,6)', 'Probability of a change at least as large if nothing had changed, for independent samples.', '若无变化,出现如此差异的概率(独立样本)。'),
	('survey_waves', 'significant', 'boolean', 'Whether the change is more than chance, at 5 %.', '变化是否显著(5 % 水平)。'),
	('survey_waves', 'latest', 'boolean', 'Whether it is the last wave that has answers.', '是否为最近一轮。'),
	('survey_waves', 'complete', 'boolean', 'False while the period is not over.', '周期未结束时为假。'),
	('survey_waves', 'as_of', 'date', 'The day of which the row speaks; later answers are left out.', '本行所述日期;之后的回答不计。'),
	('detractors_to_call', 'customer', '<customer>', 'Key of the customer.', '客户标识。'),
	('detractors_to_call', 'tenant', '<tenant>', 'Tenant of the customer.', '客户所属租户。'),
	('detractors_to_call', '<attributes>', '', '', ''),
	('detractors_to_call', 'survey', 'text', 'Name of the survey.', '调查名称。'),
	('detractors_to_call', 'kind', 'text', 'nps (0 to 10), csat (satisfaction) or ces (ease).', '调查类型:nps(0 至 10)、csat(满意度)或 ces(费力度)。'),
	('detractors_to_call', 'score', 'integer', 'The customer''s last answer: 0 to 6 of nps, the lowest two of csat, the lowest three of ces.', '最近一次评分:nps 0 至 6、csat 最低两档、ces 最低三档。'),
	('detractors_to_call', 'answered_on', 'date', 'Day of that answer.', '回答日期。'),
	('detractors_to_call', 'days_ago', 'integer', 'Days from it to as_of.', '距今天数。'),
	('detractors_to_call', 'stage', 'text', 'Stable key of the lifecycle stage.', '生命周期阶段的固定标识。'),
	('detractors_to_call', 'stage_label', 'text', 'Name of the stage.', '阶段名称。'),
	('detractors_to_call', 'total', 'numeric(38,2)', 'What the customer has brought so far: gross less refunded.', '客户至今净额。'),
	('detractors_to_call', 'orders', 'bigint', 'Number of purchases.', '购买订单数。'),
	('detractors_to_call', 'last_purchase', 'date', 'Day of the last purchase.', '最近一次购买日期。'),
	('detractors_to_call', 'currency', 'text', 'Currency of every amount.', '金额的币种。'),
	('detractors_to_call', 'as_of', 'date', 'The day of which the row speaks; later answers are left out.', '本行所述日期;之后的回答不计。'),
	('satisfaction_loyalty', 'tenant', '<tenant>', 'Tenant.', '租户。'),
	('satisfaction_loyalty', 'survey', 'text', 'Name of the survey.', '调查名称。'),
	('satisfaction_loyalty', 'kind', 'text', 'nps (0 to 10), csat (satisfaction) or ces (ease).', '调查类型:nps(0 至 10)、csat(满意度)或 ces(费力度)。'),
	('satisfaction_loyalty', 'level', 'integer', 'Score of the customer''s answer; of nps 1 detractors, 2 passives, 3 promoters.', '评分档;nps 为 1 贬损者、2 被动者、3 推荐者。'),
	('satisfaction_loyalty', 'level_label', 'text', 'Name of the level.', '档位名称。'),
	('satisfaction_loyalty', 'customers', 'bigint', 'Customers whose last answer that was, long enough ago to know.', '最近一次评分为此档且已满观察期的客户数。'),
	('satisfaction_loyalty', 'repeated', 'bigint', 'Customers among them who bought again within the survey''s loyalty_days.', '其中在 loyalty_days 天内再次购买的客户数。'),
	('satisfaction_loyalty', 'repeat_rate', 'numeric(38,6)', 'Share of them, 0 to 1.', '再购率,0 到 1。'),
	('satisfaction_loyalty', 'repeat_rate_low', 'numeric(38,6)', 'Lower end of its 95 % interval (Wilson).', '其 95 % 区间下限(Wilson)。'),
	('satisfaction_loyalty', 'repeat_rate_high', 'numeric(38,6)', 'Upper end of its 95 % interval (Wilson).', '其 95 % 区间上限(Wilson)。'),
	('satisfaction_loyalty', 'odds_ratio', 'numeric(38,2)', 'Odds of buying again against those of the next lower level that has customers.', '与下一较低档相比的再购优势比。'),
	('satisfaction_loyalty', 'odds_ratio_low', 'numeric(38,2)', 'Lower end of its 95 % interval.', '其 95 % 区间下限。'),
	('satisfaction_loyalty', 'odds_ratio_high', 'numeric(38,2)', 'Upper end of its 95 % interval.', '其 95 % 区间上限。'),
	('satisfaction_loyalty', 'p_value', 'numeric(38,6)', 'Probability of such a ratio if levels did not differ.', '若两档无差异,出现如此比值的概率。'),
	('satisfaction_loyalty', 'as_of', 'date', 'The day of which the row speaks; later answers are left out.', '本行所述日期;之后的回答不计。'),
	('complaints_by_period', 'tenant', '<tenant>', 'Tenant.', '租户。'),
	('complaints_by_period', 'survey', 'text', 'Name of the survey.', '调查名称。'),
	('complaints_by_period', 'scope', 'text', 'Whose satisfaction: external customers, or internal ones (staff), as the survey says.', '调查对象:external(外部客户)或 internal(内部客户),按调查所述。'),
	('complaints_by_period', 'period', 'date', 'First day of the period.', '周期首日。'),
	('complaints_by_period', 'unit', 'text', 'week (from Monday), month, quarter or year: filter by it.', '周期单位:周(周一起)、月、季、年;请按此筛选。'),
	('complaints_by_period', 'complaints', 'bigint', 'Number of complaints.', '投诉数。'),
	('complaints_by_period', 'customers', 'bigint', 'Customers who complained.', '投诉客户数。'),
	('complaints_by_period', 'orders', 'bigint', 'Purchases of the period.', '本期购买订单数。'),
	('complaints_by_period', 'per_100_orders', 'numeric(38,2)', 'Complaints for each hundred purchases.', '每百单投诉数。'),
	('complaints_by_period', 'complaint_rate', 'numeric(38,6)', 'Complaints divided by purchases.', '投诉率:投诉数除以购买订单数。'),
	('complaints_by_period', 'complaint_rate_low', 'numeric(38,6)', 'Lower end of its 95 % interval (Wilson).', '其 95 % 区间下限(Wilson)。'),
	('complaints_by_period', 'complaint_rate_high', 'numeric(38,6)', 'Upper end of its 95 % interval (Wilson).', '其 95 % 区间上限(Wilson)。'),
	('complaints_by_period', 'complete', 'boolean', 'False while the period is not over.', '周期未结束时为假。'),
	('complaints_by_period', 'as_of', 'date', 'The day of which the row speaks; later answers are left out.', '本行所述日期;之后的回答不计。'),
	('complaint_reasons', 'tenant', '<tenant>', 'Tenant.', '租户。'),
	('complaint_reasons', 'survey', 'text', 'Name of the survey.', '调查名称。'),
	('complaint_reasons', 'reason', 'text', 'The complaint''s dimension; empty where none was given.', '投诉原因(维度);未注明为空。'),
	('complaint_reasons', 'complaints', 'bigint', 'Number of complaints.', '投诉数。'),
	('complaint_reasons', 'share', 'numeric(38,6)', 'Share of all complaints, 0 to 1.', '占全部投诉的比例。'),
	('complaint_reasons', 'last_90_days', 'bigint', 'Complaints of the last 90 days.', '最近 90 天投诉数。'),
	('complaint_reasons', 'before_90_days', 'bigint', 'Complaints of the 90 days before.', '此前 90 天投诉数。'),
	('complaint_reasons', 'p_value', 'numeric(38,6)', 'Probability of such a change of the reason''s share if nothing had changed.', '若该原因占比无变化,出现如此差异的概率。'),
	('complaint_reasons', 'as_of', 'date', 'The day of which the row speaks; later answers are left out.', '本行所述日期;之后的回答不计。'),
	('survey_status', 'survey', 'text', 'Name of the survey.', '调查名称。'),
	('survey_status', 'kind', 'text', 'nps, csat, ces or complaint.', 'nps、csat、ces 或 complaint(投诉)。'),
	('survey_status', 'scale', 'text', 'Lowest and highest score.', '最低与最高分。'),
	('survey_status', 'source', 'text', 'Table or view that is read.', '来源表或视图。'),
	('survey_status', 'mode', 'text', 'live: exact at every moment; refresh: follows its source when the base is refreshed or advanced.', 'live:实时;refresh:随客户库刷新或推进而更新。'),
	('survey_status', 'answers', 'bigint', 'Number of answers.', '回答数。'),
	('survey_status', 'customers', 'bigint', 'Customers who answered.', '回答过的客户数。'),
	('survey_status', 'anonymous', 'bigint', 'Answers without a customer.', '匿名回答数。'),
	('survey_status', 'quarantined', 'bigint', 'Answers that cannot be used: the table answers has them with their problem.', '无法使用的回答数;见 answers 表的 problem 列。'),
	('survey_status', 'first_day', 'date', 'Day of the first answer.', '最早回答日期。'),
	('survey_status', 'last_day', 'date', 'Day of the last answer.', '最近回答日期。'),
	('survey_status', 'refreshed_at', 'timestamp with time zone', 'When the source was read last.', '最近一次读取来源的时间。'),
	('survey_status', 'stale', 'boolean', 'Whether the survey is known to be behind its source.', '是否已知落后于来源。'),
	('survey_status', 'stale_reason', 'text', 'Why, and what to do.', '原因与处理办法。'),
	('kpi_targets', 'tenant', '<tenant>', 'Tenant.', '租户。'),
	('kpi_targets', 'metric', 'text', 'What is to be reached.', '指标。'),
	('kpi_targets', 'survey', 'text', 'Name of the survey, for metrics of surveys.', '调查名称(调查类指标)。'),
	('kpi_targets', 'period', 'date', 'First day of the period.', '周期首日。'),
	('kpi_targets', 'unit', 'text', 'week, month, quarter or year.', '周期单位:周、月、季、年。'),
	('kpi_targets', 'target', 'numeric(38,6)', 'The target.', '目标值。'),
	('kpi_targets', 'better', 'text', 'higher or lower.', '越高越好 (higher) 或越低越好 (lower)。'),
	('kpi_targets', 'actual', 'numeric(38,6)', 'What was reached so far.', '实际值。'),
	('kpi_targets', 'low', 'numeric(38,6)', 'Lower end of its 95 % interval, where it is of a sample.', '其 95 % 区间下限(样本类指标)。'),
	('kpi_targets', 'high', 'numeric(38,6)', 'Upper end of its 95 % interval.', '其 95 % 区间上限。'),
	('kpi_targets', 'met', 'boolean', 'Whether the target is met; empty without data.', '是否达标;无数据为空。'),
	('kpi_targets', 'certain', 'boolean', 'Whether the whole interval lies on that side of the target.', '整个区间是否都在目标的同一侧。'),
	('kpi_targets', 'complete', 'boolean', 'False while the period is not over.', '周期未结束时为假。'),
	('kpi_targets', 'as_of', 'date', 'The day of which the row speaks.', '本行所述日期。'),
	('lifecycle_changes', 'id', 'bigint', 'Number of the change, ascending in the order in which changes were found.', '变更序号,按发现顺序递增。'),
	('lifecycle_changes', 'tenant', '<tenant>', 'Tenant of the customer.', '客户所属租户。'),
	('lifecycle_changes', 'customer', '<customer>', 'Key of the customer.', '客户标识。'),
	('lifecycle_changes', 'from_stage', 'text', 'Stage before, as the log knew it; empty before the first one.', '此前的阶段(按日志);首次为空。'),
	('lifecycle_changes', 'to_stage', 'text', 'Stage after; empty where no purchase is left.', '此后的阶段;不再有购买时为空。'),
	('lifecycle_changes', 'changed_on', 'date', 'Day of the change.', '变更日期。'),
	('lifecycle_changes', 'order_day', 'date', 'Day of the purchase that caused it; empty when silence did.', '引起变更的购买日期;因沉默而变时为空。'),
	('lifecycle_changes', 'recorded_at', 'timestamp with time zone', 'When it was found.', '发现时间。'),
	('lifecycle_changes', 'reason', 'text', 'What brought the stage: first purchase, repeat purchase, loyal, silence or won back; corrected: the past was not what the log said.', '变化原因:首次购买、再次购买、忠诚、沉默或赢回;corrected 为更正此前记录。'),
	('churn_changes', 'id', 'bigint', 'Number of the change, ascending in the order in which changes were found.', '变更序号,按发现顺序递增。'),
	('churn_changes', 'tenant', '<tenant>', 'Tenant of the customer.', '客户所属租户。'),
	('churn_changes', 'customer', '<customer>', 'Key of the customer.', '客户标识。'),
	('churn_changes', 'from_band', 'text', 'Band before, as the log knew it; empty in the first row of a customer.', '此前的风险等级(按日志);首次为空。'),
	('churn_changes', 'to_band', 'text', 'Band after; empty where the customer is not of class A any more.', '此后的风险等级;不再是 A 类客户时为空。'),
	('churn_changes', 'risk', 'double precision', 'Probability of no purchase in the days of churn_model.', '在 churn_model 所定天数内无购买的概率。'),
	('churn_changes', 'revenue_at_risk', 'numeric(38,2)', 'Value to expect in the next 12 months times the risk.', '风险收入:未来 12 个月预计价值乘以风险。'),
	('churn_changes', 'changed_on', 'date', 'Day of the base on which it was found.', '发现变更时的客户库日期。'),
	('churn_changes', 'recorded_at', 'timestamp with time zone', 'When it was found.', '发现时间。'),
	('cut_points', 'tenant', '<tenant>', 'Tenant.', '租户。'),
	('cut_points', 'measure', 'text', 'What is cut: days_since_last, orders or total for scores, abc for classes.', '所分指标:评分为 days_since_last、orders、total,分类为 abc。'),
	('cut_points', 'cut', 'integer', 'Number of the limit, from 1.', '分界点序号,从 1 开始。'),
	('cut_points', 'value', 'numeric', 'The limit.', '分界值。'),
	('cut_points', 'as_of', 'date', 'The day whose customers it was computed from.', '计算所用客户的日期。'),
	('cut_points', 'day', 'date', 'The limit of days_since_last as a day.', 'days_since_last 分界值对应的日期。'),
	('quarantine', 'id', 'bigint', 'Number of the row.', '行号。'),
	('quarantine', 'tenant', 'text', 'Tenant, as it stands in the source.', '来源中的租户。'),
	('quarantine', 'customer', 'text', 'Key of the customer, as it stands in the source.', '来源中的客户标识。'),
	('quarantine', 'purchased_at', 'text', 'Time, as it stands in the source.', '来源中的时间。'),
	('quarantine', 'amount', 'text', 'Amount, as it stands in the source.', '来源中的金额。'),
	('quarantine', 'order_id', 'text', 'Number of the order, as it stands in the source.', '来源中的订单号。'),
	('quarantine', 'reason', 'text', 'Why the row cannot be used.', '无法使用的原因。'),
	('quarantine', 'at', 'timestamp with time zone', 'When it was found.', '发现时间。'),
	('targets', 'tenant', '<tenant>', 'Tenant.', '租户。'),
	('targets', 'metric', 'text', 'What is to be reached.', '指标。'),
	('targets', 'survey', 'text', 'Name of the survey, for metrics of surveys; empty: any.', '调查名称(调查类指标);为空表示任一。'),
	('targets', 'unit', 'text', 'week, month, quarter or year.', '周期单位:周、月、季、年。'),
	('targets', 'period', 'date', 'First day of the period.', '周期首日。'),
	('targets', 'target', 'numeric', 'The target.', '目标值。'),
	('segment_map', 'code', 'text', 'The scores, or the first of them, as a code.', '评分代码(或其前几位)。'),
	('segment_map', 'segment', 'text', 'Stable key of the segment.', '分群的固定标识。'),
	('segment_map', 'rank', 'integer', 'Order of the segments; 1 is best.', '分群排序,1 为最佳。'),
	('segment_map', 'label_en', 'text', 'Name of the segment in English.', '分群英文名称。'),
	('segment_map', 'label_zh', 'text', 'Name of the segment in Chinese.', '分群中文名称。'),
	('segment_map', 'action', 'text', 'What to do with these customers.', '建议的行动。'),
	('lifecycle_stages', 'stage', 'text', 'Stable key of the lifecycle stage.', '生命周期阶段的固定标识。'),
	('lifecycle_stages', 'rank', 'integer', 'Order of the stages: 1 prospect to 7 churned.', '阶段排序:1 潜在客户至 7 流失。'),
	('lifecycle_stages', 'label_en', 'text', 'Name of the stage in English.', '阶段英文名称。'),
	('lifecycle_stages', 'label_zh', 'text', 'Name of the stage in Chinese.', '阶段中文名称。'),
	('lifecycle_stages', 'action', 'text', 'What to do with these customers.', '建议的行动。'),
	('data_quality', 'item', 'text', 'What was counted.', '计数项目。'),
	('data_quality', 'rows', 'bigint', 'How many.', '数量。'),
	('data_quality', 'explanation', 'text', 'What it means.', '说明。'),
	('base_status', 'base', 'text', 'Name of the base.', '客户库名称。'),
	('base_status', 'version', 'text', 'Version of the base''s tables and views.', '客户库版本。'),
	('base_status', 'mode', 'text', 'live: exact at every moment; refresh: follows its source when it is refreshed; starting: triggers are there, the source is to be read.', 'live:实时;refresh:刷新时同步;starting:触发器已建,待读取来源。'),
	('base_status', 'as_of', 'date', 'The day of the base.', '客户库日期。'),
	('base_status', 'source', 'text', 'Table or view that is read.', '来源表或视图。'),
	('base_status', 'rows_seen', 'bigint', 'Rows that the last refresh read.', '最近一次刷新读取的行数。'),
	('base_status', 'customers', 'bigint', 'Customers in the base.', '客户数。'),
	('base_status', 'bytes', 'bigint', 'Size of the summary and of what is not folded yet, with their indexes.', '汇总表与未合并变更及其索引的字节数。'),
	('base_status', 'delta_rows', 'bigint', 'Changes that are not folded into the summary yet; every view has them already.', '尚未合并的变更行数(各视图已计入)。'),
	('base_status', 'oldest_delta', 'timestamp with time zone', 'When the oldest of them was made.', '其中最早一条的时间。'),
	('base_status', 'last_fold', 'timestamp with time zone', 'When changes were folded last.', '最近一次合并的时间。'),
	('base_status', 'last_refresh', 'timestamp with time zone', 'When the source was read last.', '最近一次刷新时间。'),
	('base_status', 'refresh_seconds', 'numeric(12,2)', 'How long that took.', '刷新用时(秒)。'),
	('base_status', 'last_advance', 'timestamp with time zone', 'When the base was advanced last.', '最近一次推进的时间。'),
	('base_status', 'advanced_to', 'date', 'The day that the log of stages has reached.', '阶段日志所到日期。'),
	('base_status', 'cut_points_as_of', 'date', 'The day of the stored cut points.', '所存分界点的日期。'),
	('base_status', 'models_fitted_on', 'date', 'The day until which the models were fitted; empty without models.', '模型拟合数据的截止日;无模型时为空。'),
	('base_status', 'models_note', 'text', 'What to know of them: that there are none, that they are old, or that they cannot be trusted.', '模型提示:没有模型、模型过旧或不可信。'),
	('base_status', 'last_verify', 'timestamp with time zone', 'When the base was verified last since the last refresh.', '最近一次核对的时间(自上次刷新)。'),
	('base_status', 'verify_differences', 'bigint', 'Differences that were found.', '核对发现的差异数。'),
	('base_status', 'triggers_ok', 'boolean', 'Whether a live base has all its triggers; empty in refresh mode.', '实时客户库的触发器是否齐全;刷新模式为空。'),
	('base_status', 'quarantined', 'bigint', 'Rows of the source that could not be used.', '无法使用的来源行数。'),
	('base_status', 'kept_before', 'date', 'Orders before this day are the base''s own and are not compared with the source.', '此日之前的历史由客户库保留,不再与来源比较。'),
	('base_status', 'stale', 'boolean', 'Whether the base is known to be behind its source or its day.', '是否已知落后于来源或日期。'),
	('base_status', 'stale_reason', 'text', 'Why, and what to do.', '原因与处理办法。');
END $$;

COMMENT ON FUNCTION base_columns() IS
'The columns of the views of a customer base and of the tables that analysts read, with their comments in English and Chinese.';

COMMENT ON FUNCTION base_columns_of(jsonb, text) IS
'The columns of one view or table of a customer base, in order.';

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

CREATE OR REPLACE FUNCTION base_make_views(options jsonb) RETURNS void
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

CREATE OR REPLACE FUNCTION base_make_model_views(options jsonb) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM @extschema@.base_make_view(options, 'ltv', 'What every customer with a purchase has brought, is to bring in the next 12 months by the stored models, and could bring.',
		'每位购买客户的价值:至今价值、按所存模型预计的未来 12 个月价值、潜在价值。', $template$
SELECT m.customer, {m.tenant,} {historic_value}::numeric(38,2), v.alive, v.purchases, v.spend::numeric(38,2), v.value::numeric(38,2),
	({historic_value} + v.value)::numeric(38,2), v.current::numeric(38,2), CASE WHEN t.typical_value IS NOT NULL THEN greatest(t.typical_value - v.current, 0) END::numeric(38,2), g.segment, v.model, v.trust,
	{'currency'}::text, m.as_of
FROM {schema}.scored_at($1) AS m CROSS JOIN LATERAL (SELECT m.rfm, {current_value} AS current, {model_values} OFFSET 0) AS v
	LEFT JOIN {schema}.segment_map AS g ON g.code = left(v.rfm::text, {digits}) AND m.customer IS NOT NULL
	LEFT JOIN {schema}.segment_values AS t ON t.segment = g.segment[[tenant_sql: AND t.tenant {tenant_equal} m.tenant]]
WHERE m.last_purchase IS NOT NULL$template$);

	PERFORM @extschema@.base_make_view(options, 'model_fit', 'The models of the last fit_models: how well they fit, how well they forecast, how far to trust them.',
		'最近一次 fit_models 的模型:拟合如何、预测如何、可信多少。', $template$
SELECT d.model, {ext}.model_title(d.model) AS title, d.is_default, d.chosen_by, d.trust,
	coalesce({ext}.customers(d.purchases), {ext}.customers(d.spend)) AS customers,
	coalesce({ext}.repeat_customers(d.purchases), {ext}.repeat_customers(d.spend)) AS repeat_customers,
	coalesce({ext}.left_out(d.purchases), {ext}.left_out(d.spend)) AS left_out,
	coalesce({ext}.log_likelihood(d.purchases), {ext}.log_likelihood(d.spend)) AS log_likelihood,
	coalesce({ext}.aic(d.purchases), {ext}.aic(d.spend)) AS aic, coalesce({ext}.bic(d.purchases), {ext}.bic(d.spend)) AS bic,
	d.calibrated_until, d.held_out_until, d.holdout_trust, d.holdout_customers, d.holdout_actual, d.holdout_predicted, d.holdout_mae, d.holdout_rmse,
	d.holdout_correlation, d.spend_correlation, d.as_of, d.fitted_at, {schema}.as_of() - d.as_of AS age_days
FROM {schema}.models AS d$template$, false);

	PERFORM @extschema@.base_make_view(options, 'model_parameters', 'The parameters of the models of the last fit_models, with standard errors and 95 % intervals.',
		'最近一次 fit_models 的模型参数,附标准误与 95 % 区间。', $template$
SELECT d.model, p.name AS parameter, p.estimate, p.std_error, p.ci_low, p.ci_high, d.is_default
FROM {schema}.models AS d CROSS JOIN LATERAL (SELECT * FROM {ext}.parameters(d.purchases) UNION ALL SELECT * FROM {ext}.parameters(d.spend)) AS p$template$, false);
END $$;

CREATE OR REPLACE FUNCTION base_make_churn_views(options jsonb) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM @extschema@.base_make_view(options, 'churn_risk', 'The risk that a customer makes no purchase in the next 90 days (churn_model has the horizon), why, and what it would cost.',
		'客户未来 90 天无购买的风险(天数见 churn_model)、原因及可能损失的金额。', $template$
SELECT m.customer, {m.tenant,} v.risk, v.band, {ext}.churn_band_label(v.band, {'language'}), {ext}.churn_band_rank(v.band), v.method, m.as_of - m.last_purchase,
	v.usual_gap, (m.as_of - m.last_purchase) / nullif(v.usual_gap, 0), {reasons}, v.expected::numeric(38,2),
	{ext}.revenue_at_risk(v.expected, v.risk)::numeric(38,2), (v.next).next_purchase, (v.next).earliest, (v.next).latest,
	v.horizon_days, {'currency'}::text, m.as_of
FROM {schema}.measured_at($1) AS m
	CROSS JOIN LATERAL (SELECT v.*, {ext}.churn_band(v.risk) AS band, coalesce(v.value, {current_value}) AS expected FROM (SELECT {ext}.median_gap(m.history) AS usual_gap, {model_values} OFFSET 0) AS v OFFSET 0) AS v
WHERE m.last_purchase IS NOT NULL$template$);
END $$;

-- The table of a name that is stored with its schema; NULL: there is none. Other than to_regclass, it asks nobody for rights on that schema.
CREATE FUNCTION base_find_table(name text) RETURNS regclass
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT c.oid::regclass FROM pg_catalog.parse_ident(name) AS p (parts)
		JOIN pg_catalog.pg_namespace AS n ON n.nspname = p.parts[1]::name JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = p.parts[2]::name;
END;

COMMENT ON FUNCTION base_find_table(text) IS
'The table of a qualified name, for readers who may not use its schema; NULL if there is none.';

-- The same for a view that must not fail when the source is gone: one row for each table. STRICT keeps it from being inlined,
-- or the view's cost would be that of a source with a million partitions, for which the server would compile it to machine code.
CREATE OR REPLACE FUNCTION base_trigger_state(settings regclass, source text) RETURNS TABLE (relation text, missing boolean)
	LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 10
BEGIN ATOMIC
	SELECT t.relation::text, EXISTS (SELECT FROM base_missing_triggers(n.nspname, base_find_table(source)) AS m WHERE m.relation = t.relation)
	FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace, base_tables(base_find_table(source)) AS t
	WHERE c.oid = settings;
END;

-- Refuses sources on which triggers would not see every change, with the way out.
CREATE OR REPLACE FUNCTION base_check_live(options jsonb) RETURNS void
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

-- The end of advance_customer_base: the log now speaks for the day; once a day the source is compared and cut points are renewed.
CREATE OR REPLACE FUNCTION base_finish(settings regclass) RETURNS bigint
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

-- Dispatches the steps of the procedures below.
CREATE OR REPLACE FUNCTION base_step(settings regclass, step text, argument bigint) RETURNS bigint
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

-- The work of upgrade_customer_base: views and functions of this version in the place of those that are there, and what tables have gained. The
-- settings and the state are locked last and for a moment, for a trigger that finds them locked cannot record its order.
CREATE OR REPLACE FUNCTION base_upgrade(settings regclass) RETURNS void
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

CREATE OR REPLACE FUNCTION base_version() RETURNS integer
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT 2;
END;

CREATE OR REPLACE FUNCTION base_make_survey_views(options jsonb) RETURNS void
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

-- Who sees which customers of a base ------------------------------------------------------------------

-- Who sees which customers, by the option visible. A table without a column that the condition asks for is hidden, but for those that hold
-- limits and targets alone, by which what one sees is scored. The owner of the base sees all, as its maintenance does.
CREATE FUNCTION base_make_policies(options jsonb) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	summary regclass := to_regclass(options ->> 'schema' || '.summary');
	visible record;
	columns name[];
	other name;
	relation record;
BEGIN
	IF options ->> 'visible' IS NULL THEN
		RETURN;
	END IF;
	visible := @extschema@.base_expression(summary, 'visible', options ->> 'visible', options ->> 'path');
	IF visible.type <> 'bool'::regtype THEN
		RAISE EXCEPTION USING ERRCODE = 'datatype_mismatch', MESSAGE = format('option visible is of type %s, not boolean', visible.type),
			HINT = 'Give a condition on tenant and customer, such as ''tenant = current_setting(''''app.tenant'''')''.';
	END IF;
	EXECUTE format('CREATE POLICY visible ON %s FOR SELECT USING (%s)', summary, visible.bare);
	columns := ARRAY(SELECT a.attname FROM pg_policy AS p JOIN pg_depend AS d ON d.classid = 'pg_policy'::regclass AND d.objid = p.oid
		JOIN pg_attribute AS a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
		WHERE p.polrelid = summary AND d.refclassid = 'pg_class'::regclass AND d.refobjid = p.polrelid AND d.refobjsubid > 0);
	SELECT c INTO other FROM unnest(columns) AS c WHERE c NOT IN ('tenant', 'customer') LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('option visible cannot ask for the column %s', other),
			HINT = 'It is a condition on tenant and customer, for it decides in every table of the base.';
	END IF;
	FOR relation IN SELECT c.oid::regclass AS name,
			CASE WHEN NOT EXISTS (SELECT FROM unnest(columns) AS u WHERE NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = c.oid AND attname = u))
				AND c.relname NOT IN ('quality', 'quarantine') THEN visible.bare
			WHEN c.relname NOT IN ('cut_points', 'segment_values', 'targets') THEN 'false' END AS condition
		FROM pg_class AS c WHERE c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = summary) AND c.relkind = 'r'
			AND c.relname IN ('summary', 'deltas', 'line_deltas', 'lifecycle_changes', 'churn_changes', 'cut_points', 'segment_values', 'quality', 'quarantine',
				'answers', 'answer_counts', 'targets')
	LOOP
		CONTINUE WHEN relation.condition IS NULL;
		IF relation.name <> summary THEN
			EXECUTE format('CREATE POLICY visible ON %s FOR SELECT USING (%s)', relation.name, relation.condition);
		END IF;
		EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', relation.name);
	END LOOP;
END $$;

COMMENT ON FUNCTION base_make_policies(jsonb) IS
'Makes the policies of a customer base that was given the option visible.';

CREATE FUNCTION base_visible_hint() RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 'For other readers make the base anew with the option visible: a condition on tenant and customer that says which customers a reader sees, or ''true'' for all.';

COMMENT ON FUNCTION base_visible_hint() IS
'The way out for a base over a source with row-level security.';

CREATE FUNCTION base_check_writable(base text) RETURNS void
	AS 'MODULE_PATHNAME', 'base_check_writable' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;

COMMENT ON FUNCTION base_check_writable(text) IS
'Raises an error that names the customer base on a standby server and in a read-only transaction.';

CREATE OR REPLACE FUNCTION base_options(settings regclass) RETURNS jsonb
	LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO'
AS $$
DECLARE
	options jsonb;
	schema text := (SELECT relnamespace::regnamespace::text FROM pg_class WHERE oid = settings);
BEGIN
	EXECUTE format('SELECT to_jsonb(s) || jsonb_build_object(''kept_before'', t.kept_before, ''differences'', t.differences) FROM ONLY %s AS s, ONLY %s.state AS t', settings, schema) INTO STRICT options;
	RETURN options || jsonb_build_object('schema', schema, 'summary_table', schema || '.summary',
		'deltas_table', schema || '.deltas', 'line_deltas_table', schema || '.line_deltas',
		'ext', @extschema@.base_extension_schema(),
		'amount_problem', CASE WHEN options ->> 'amount_type' = 'bigint' THEN 'NULL::text'
			ELSE @extschema@.base_extension_schema() || '.base_amount_problem(r.amount)' END,
		-- A number is never too long.
		'long_key', (SELECT nullif(bool_or(t.typlen = -1), false) FROM pg_type AS t WHERE t.oid IN (to_regtype(options ->> 'customer_type'), to_regtype(options ->> 'tenant_type'))),
		'until', CASE options ->> 'as_of' WHEN 'today' THEN (now() AT TIME ZONE (options ->> 'time_zone'))::date::text
			WHEN 'last_purchase' THEN NULL ELSE options ->> 'as_of' END);
END $$;

-- Every option that can be judged alone. What is wrong is named with the value and the way out.
CREATE OR REPLACE FUNCTION base_check_options(options jsonb) RETURNS void
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	map record;
	wrong record;
BEGIN
	SELECT m.map, m.bins INTO map FROM @extschema@.segment_maps() AS m WHERE m.map = options ->> 'segment_map';
	SELECT w.option, coalesce(quote_nullable(options ->> w.option), '') AS value, w.hint INTO wrong
	FROM (SELECT o ->> 'name' AS name, (o ->> 'rfm_bins')::integer AS bins, (o ->> 'abc_a')::numeric AS a,
			(o ->> 'abc_b')::numeric AS b, o FROM (SELECT options AS o) AS given) AS given,
		LATERAL (VALUES
			('name', coalesce(name = '' OR octet_length(name) > 63, true), 'Give the base a name of 1 to 63 bytes: it names its schema.'),
			('schema', o ->> 'schema' = '' OR octet_length(o ->> 'schema') > 63, 'Give the schema a name of 1 to 63 bytes.'),
			('source', o ->> 'source' IS NULL, 'Name the table or view that holds the orders, as in ''public.orders''.'),
			('customer', o ->> 'customer' IS NULL, 'Name the column of the customer''s key.'),
			('purchased_at', o ->> 'purchased_at' IS NULL, 'Name the column of the day or time of the order.'),
			('amount', o ->> 'amount' IS NULL, 'Name the column of the amount, or give an expression such as ''quantity * unit_price''.'),
			('customers', o ->> 'customers' IS NULL AND coalesce(o ->> 'customers_key', o ->> 'attributes') IS NOT NULL,
				'The options customers_key and attributes are about the table that the option customers names.'),
			('customers_key', o ->> 'customers' IS NOT NULL AND o ->> 'customers_key' IS NULL,
				'Name the column of the customers table that holds the customer''s key.'),
			('time_zone', NOT EXISTS (SELECT FROM pg_timezone_names AS z WHERE lower(z.name) = lower(o ->> 'time_zone')),
				'Give a name of pg_timezone_names, such as ''Asia/Shanghai'' or ''Europe/Paris'': the days of the base are days of that zone.'),
			('source_time_zone', o ->> 'source_time_zone' IS NOT NULL
				AND NOT EXISTS (SELECT FROM pg_timezone_names AS z WHERE lower(z.name) = lower(o ->> 'source_time_zone')),
				'Give a name of pg_timezone_names, such as ''UTC''.'),
			('as_of', coalesce(o ->> 'as_of' !~ '^(today|last_purchase|\d{4}-\d\d-\d\d)$', true),
				'Give ''today'', ''last_purchase'' (the last day in the data) or a date such as ''2024-12-31''.'),
			('currency', o ->> 'currency' !~ '^[A-Z]{3}$', 'Give a code of three capital letters, such as ''EUR'' or ''CNY''.'),
			('currency', o ->> 'currency' IS NULL AND o ->> 'currency_column' IS NOT NULL,
				'With currency_column, name the currency of the base: rows in another one are quarantined.'),
			('rfm_bins', coalesce(bins NOT BETWEEN 2 AND 9, true), 'Give a number from 2 to 9: a score is one digit.'),
			('rfm_method', o ->> 'rfm_method' = 'ntile',
				'ntile gives equal values different scores, so a base cannot store its cut points: use ''quantile'', or the window function rfm_score.'),
			('rfm_method', coalesce(o ->> 'rfm_method' NOT IN ('quantile', 'mean', 'mean_score', 'fixed', 'ntile'), true),
				'Give ''quantile'', ''mean'', ''mean_score'' or ''fixed''.'),
			('segment_map', map.map IS NULL, 'The maps are: '
				|| (SELECT string_agg(m.map, ', ') FROM @extschema@.segment_maps() AS m) || '.'),
			('rfm_bins', bins <> map.bins, format('The map %s is for %s bins: leave rfm_bins out.', map.map, map.bins)),
			('rfm_method', o ->> 'rfm_method' LIKE 'mean%' AND bins <> 2, 'A mean cuts in two: give segment_map => ''cn8''.'),
			('rfm_window', (o ->> 'rfm_window')::interval <= interval '0', 'Give a positive interval, such as ''1 year''.'),
			('abc_a', coalesce(NOT a BETWEEN 0 AND 1, true), 'Give a share from 0 to 1, such as 0.80.'),
			('abc_b', coalesce(NOT b BETWEEN a AND 1, true), 'Give a share from abc_a to 1, such as 0.95.'),
			('count_by', coalesce(o ->> 'count_by' NOT IN ('days', 'orders'), true), 'Give ''days'' or ''orders''.'),
			('policy', o ->> 'policy' IS NULL, 'Give ''retail'', ''grocery'' or ''b2b'', or one of them with settings: ''retail, loyal_from 3''.'),
			('can_afford', o ->> 'can_afford' IS NULL AND o ->> 'has_need' IS NOT NULL, 'Give both can_afford and has_need: a hot prospect meets both.'),
			('has_need', o ->> 'can_afford' IS NOT NULL AND o ->> 'has_need' IS NULL, 'Give both can_afford and has_need: a hot prospect meets both.'),
			('can_afford', o ->> 'can_afford' IS NOT NULL AND o ->> 'customers' IS NULL,
				'The options can_afford and has_need are conditions on the table that the option customers names.'),
			('language', coalesce(o ->> 'language' NOT IN ('en', 'zh'), true), 'Give ''en'' or ''zh''.'),
			('on_bad_row', coalesce(o ->> 'on_bad_row' NOT IN ('quarantine', 'error'), true), 'Give ''quarantine'' or ''error''.'),
			('stage_changes', coalesce(o ->> 'stage_changes' NOT IN ('advance', 'transaction'), true), 'Give ''advance'' or ''transaction''.'),
			('notify', coalesce(o ->> 'notify' NOT IN ('off', 'advance'), true), 'Give ''off'' or ''advance''.'),
			('margin', coalesce(NOT (o ->> 'margin')::numeric BETWEEN 0 AND 1, true), 'Give a fraction from 0 to 1: 0.30 is 30 %, 1 counts revenue.'),
			('yearly_discount', coalesce(NOT (o ->> 'yearly_discount')::numeric BETWEEN 0 AND 1, true), 'Give a fraction from 0 to 1: 0.10 is 10 % a year.'),
			('visible', o ->> 'visible' = '', 'Give a condition on tenant and customer, such as ''tenant = current_setting(''''app.tenant'''')''.'),
			('model_unit', coalesce(o ->> 'model_unit' NOT IN ('day', 'week', 'month', 'quarter', 'year'), true), 'Give ''day'', ''week'', ''month'', ''quarter'' or ''year''.')
		) AS w (option, wrong, hint)
	WHERE w.wrong LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = format('option %s cannot be %s', wrong.option, wrong.value), HINT = wrong.hint;
	END IF;
	IF options ->> 'as_of' ~ '^\d' THEN
		BEGIN
			PERFORM (options ->> 'as_of')::date;
		EXCEPTION WHEN datetime_field_overflow THEN
			RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
				MESSAGE = format('option as_of cannot be %L', options ->> 'as_of'), HINT = 'The calendar has no such day.';
		END;
	END IF;
END $$;

-- Tables, in the order in which a reader meets them. Every option is kept as text. Those without a primary key have their rows as identity, or
-- a publication of all tables would make every refresh and fold an error.
CREATE OR REPLACE FUNCTION base_make_tables(options jsonb) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	EXECUTE @extschema@.base_template($template$
CREATE TABLE {schema}.settings (base text PRIMARY KEY, base_version text NOT NULL, created_at timestamptz NOT NULL, made_schema text,
	source text NOT NULL, customer text, purchased_at text, amount text, order_id text, filter text, customers text,
	customers_key text, attributes text, tenant text, time_zone text, source_time_zone text, date_style text, as_of text, currency text,
	currency_column text, rfm_bins text, rfm_method text, rfm_window text, segment_map text, abc_a text, abc_b text,
	count_by text, history_starts text, language text, on_bad_row text, policy text, can_afford text, has_need text,
	stage_changes text, notify text, margin text, yearly_discount text, model_unit text, visible text,
	customer_sql text, customer_type text, customer_equal text, tenant_sql text, tenant_type text, tenant_equal text,
	time_sql text, day_sql text, amount_sql text, amount_type text, order_sql text, order_type text, order_equal text, filter_sql text, currency_sql text,
	key_sql text, key_tenant_sql text, can_afford_sql text, has_need_sql text);
COMMENT ON TABLE {schema}.settings IS 'How the customer base was made: its options as given, and below them as the SQL that they mean. A record: to change an option, drop the base and make it anew.';

CREATE TABLE {schema}.state (first_day date, last_day date, refreshed_at timestamptz, refresh_seconds numeric(12,2),
	verified_at timestamptz, differences bigint, live_since timestamptz, folded_at timestamptz, advanced_at timestamptz, advanced_to date,
	compared_on date, compared_as bigint, logged_to bigint, kept_before date) WITH (vacuum_truncate = false);
COMMENT ON TABLE {schema}.state IS 'What the last refresh, fold, advance and verification found, and whether the base is live.';
ALTER TABLE {schema}.state REPLICA IDENTITY FULL;
INSERT INTO {schema}.state DEFAULT VALUES;

CREATE TABLE {schema}.segment_map (code text PRIMARY KEY CHECK (code ~ '^[1-{rfm_bins}]{{digits}}$'), segment text NOT NULL, rank integer NOT NULL,
	label_en text NOT NULL, label_zh text NOT NULL, action text);
COMMENT ON TABLE {schema}.segment_map IS 'Which scores make which segment. Yours to edit: every change is checked for holes and overlaps.';
INSERT INTO {schema}.segment_map SELECT code, segment, rank, label_en, label_zh, action FROM {ext}.segment_map({'segment_map'}, {'language'});

CREATE TABLE {schema}.lifecycle_stages (stage text PRIMARY KEY, rank integer NOT NULL, label_en text NOT NULL, label_zh text NOT NULL, action text);
COMMENT ON TABLE {schema}.lifecycle_stages IS 'The names of the lifecycle stages, and what to do with customers in them. Yours to edit.';
INSERT INTO {schema}.lifecycle_stages SELECT stage::text, rank, label_en, label_zh, action_{language} FROM {ext}.lifecycle_stages();

CREATE TABLE {schema}.summary ([[tenant_sql:tenant {tenant_type} NOT NULL, ]]customer {customer_type} NOT NULL,
	history {ext}.purchase_history NOT NULL, orders bigint NOT NULL, gross numeric NOT NULL, total numeric NOT NULL,
	first_purchase date, last_purchase date, last_day date NOT NULL,
	stage {ext}.lifecycle_stage, stage_on date, stage_due date) WITH (fillfactor = 80);
ALTER TABLE {schema}.summary ALTER history SET STORAGE EXTERNAL;
COMMENT ON TABLE {schema}.summary IS 'One row for each customer: the complete purchase history and, drawn from it, what the views read most; the lifecycle stage that the log knows, on which day, and the day on which it changes without a purchase.';

CREATE TABLE {schema}.deltas ({tenant_column}customer {customer_type}, day date, orders bigint, gross numeric,
	refunds bigint, refunded numeric, item text, at timestamptz NOT NULL DEFAULT now()) WITH (vacuum_truncate = false, autovacuum_vacuum_scale_factor = 0,
	autovacuum_vacuum_threshold = 20000);
ALTER TABLE {schema}.deltas REPLICA IDENTITY FULL;
INSERT INTO {schema}.deltas (item) VALUES ('');
DELETE FROM {schema}.deltas;
CREATE INDEX deltas_key ON {schema}.deltas ({key});
[[to_last:CREATE INDEX deltas_day ON {schema}.deltas (day);]]
COMMENT ON TABLE {schema}.deltas IS 'What orders have changed since the last fold, as signed rows by customer and day; with an item: how many rows could not be used. Written by the triggers of a live base alone.';
[[order_sql:
CREATE TABLE {schema}.line_deltas ({tenant_column}customer {customer_type}, order_id {order_type}, day date, lines bigint, amount numeric,
	at timestamptz NOT NULL DEFAULT now()) WITH (vacuum_truncate = false, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);
ALTER TABLE {schema}.line_deltas REPLICA IDENTITY FULL;
CREATE INDEX line_deltas_key ON {schema}.line_deltas ({key});
COMMENT ON TABLE {schema}.line_deltas IS 'The same for lines of orders with an order id: their orders are read again from the source.';]]
[[lines_to_last:CREATE INDEX line_deltas_day ON {schema}.line_deltas (day);]]

CREATE TABLE {schema}.lifecycle_changes (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, {tenant_column}customer {customer_type} NOT NULL,
	from_stage text, to_stage text, changed_on date NOT NULL, order_day date, recorded_at timestamptz NOT NULL DEFAULT now(), reason text NOT NULL);
CREATE INDEX lifecycle_changes_key ON {schema}.lifecycle_changes ({key});
COMMENT ON TABLE {schema}.lifecycle_changes IS 'Every change of a lifecycle stage, as it was found: rows are only added, and what later turns out to have been otherwise is corrected by a new row.';

CREATE TABLE {schema}.troubles (reason text NOT NULL, detail text, at timestamptz NOT NULL DEFAULT now()) WITH (vacuum_truncate = false);
ALTER TABLE {schema}.troubles REPLICA IDENTITY FULL;
COMMENT ON TABLE {schema}.troubles IS 'Why the base is known to be behind its source; a refresh empties it.';

CREATE TABLE {schema}.cut_points ([[tenant_sql:tenant {tenant_type} NOT NULL, ]]measure text NOT NULL
		CHECK (measure IN ('days_since_last', 'orders', 'total', 'abc')),
	cut integer NOT NULL, value numeric, as_of date,
	day date GENERATED ALWAYS AS (CASE WHEN measure = 'days_since_last' THEN as_of - floor(value)::integer END) STORED,
	PRIMARY KEY ({tenant,} measure, cut));
COMMENT ON TABLE {schema}.cut_points IS 'The limits that the views score by, renewed by every refresh. With rfm_method ''fixed'' those of days_since_last, orders and total are yours to edit; every change is checked.';

CREATE TABLE {schema}.models (model text PRIMARY KEY, purchases {ext}.purchase_model, spend {ext}.spend_model,
	trust text NOT NULL, is_default boolean NOT NULL, chosen_by text, spend_correlation double precision,
	as_of date NOT NULL, fitted_at timestamptz NOT NULL DEFAULT now(), calibrated_until date, held_out_until date, holdout_trust text, holdout_customers bigint,
	holdout_actual bigint, holdout_predicted double precision, holdout_mae double precision, holdout_rmse double precision, holdout_correlation double precision,
	CHECK ((purchases IS NULL) <> (spend IS NULL)));
COMMENT ON TABLE {schema}.models IS 'The models of the last fit_models, which the views read: those with is_default make the values of customers.';

CREATE TABLE {schema}.segment_values ([[tenant_sql:tenant {tenant_type} NOT NULL, ]]segment text NOT NULL, customers bigint NOT NULL, typical_value numeric NOT NULL,
	as_of date NOT NULL, PRIMARY KEY ({tenant,} segment));
COMMENT ON TABLE {schema}.segment_values IS 'What the median customer of each segment brought in the 12 months before the last fit_models: the gap to it is potential value.';

CREATE TABLE {schema}.quality (ordinal integer PRIMARY KEY, item text NOT NULL, rows bigint NOT NULL, explanation text NOT NULL);
COMMENT ON TABLE {schema}.quality IS 'What the last refresh counted; the view data_quality shows it.';

CREATE TABLE {schema}.quarantine (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, {tenant_text}customer text, purchased_at text,
	amount text, order_id text, reason text NOT NULL, at timestamptz NOT NULL DEFAULT now());
COMMENT ON TABLE {schema}.quarantine IS 'Rows of the source that the base cannot use, as text: up to 1,000 for each reason, of the last refresh.';

INSERT INTO {schema}.settings SELECT * FROM jsonb_populate_record(NULL::{schema}.settings, {'options'}::jsonb)$template$,
		options || jsonb_build_object('options', options, 'to_last', nullif(options ->> 'as_of' = 'last_purchase', false),
			'lines_to_last', CASE WHEN options ->> 'order_sql' IS NOT NULL THEN nullif(options ->> 'as_of' = 'last_purchase', false) END, 'tenant_text', CASE WHEN options ->> 'tenant_sql' IS NULL THEN '' ELSE 'tenant text, ' END,
			'tenant_column', CASE WHEN options ->> 'tenant_sql' IS NULL THEN '' ELSE format('tenant %s, ', options ->> 'tenant_type') END,
			'digits', (SELECT m.digits FROM @extschema@.segment_maps() AS m WHERE m.map = options ->> 'segment_map')));
	PERFORM @extschema@.base_make_survey_tables(options);
	PERFORM @extschema@.base_make_churn_tables(options);
	PERFORM @extschema@.base_make_policies(options);
END $$;

-- The work of create_customer_base. It runs with the caller's rights, and an error leaves nothing behind.
CREATE OR REPLACE FUNCTION base_create(options jsonb) RETURNS TABLE (item text, value text)
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET row_security = off SET standard_conforming_strings = on
	SET bytea_output = hex SET extra_float_digits = 1 SET intervalstyle = postgres
AS $$
DECLARE
	started timestamptz := clock_timestamp();
	name text := options ->> 'name';
	schema text := coalesce(options ->> 'schema', name);
	bins integer;
	made boolean;
	counts jsonb;
	warnings text[];
BEGIN
	PERFORM @extschema@.base_check_writable(name);
	-- Bins and method are those that the map is for, unless given.
	bins := coalesce((options ->> 'rfm_bins')::integer, (SELECT m.bins FROM @extschema@.segment_maps() AS m WHERE m.map = options ->> 'segment_map'), 5);
	options := options || jsonb_build_object('rfm_bins', bins,
		'rfm_method', coalesce(options ->> 'rfm_method', CASE WHEN bins = 2 THEN 'mean' ELSE 'quantile' END));
	PERFORM @extschema@.base_check_options(options);
	options := @extschema@.base_resolve(options)
		|| jsonb_build_object('policy', @extschema@.base_full_policy(options ->> 'policy', options ->> 'count_by'));
	made := @extschema@.base_make_schema(name, schema);
	options := options || jsonb_build_object('base', name, 'base_version', @extschema@.base_version(), 'created_at', now(), 'made_schema', nullif(made, false),
		'date_style', 'ISO, ' || split_part(current_setting('datestyle'), ', ', 2),
		'schema', quote_ident(schema), 'ext', @extschema@.base_extension_schema());
	EXECUTE format('COMMENT ON SCHEMA %I IS %L', schema,
		format('Customer base %s over %s: tables, and views for analysis.', name, options ->> 'source'));
	PERFORM @extschema@.base_make_tables(options);
	options := @extschema@.base_options(format('%I.settings', schema)::regclass);
	counts := @extschema@.base_fill(options, true);
	PERFORM @extschema@.base_quarantine(options, @extschema@.base_bad_reasons(counts));
	EXECUTE @extschema@.base_template('ALTER TABLE {schema}.summary ADD PRIMARY KEY ({key});
		ANALYZE {schema}.summary; ANALYZE {schema}.deltas; [[order_sql:ANALYZE {schema}.line_deltas]]', options);
	PERFORM @extschema@.base_record_fill(options, counts, started, true);
	options := @extschema@.base_options(format('%I.settings', schema)::regclass);
	PERFORM @extschema@.base_make_views(options);
	PERFORM @extschema@.base_renew_cut_points(options);
	-- Small tables that are never analysed look large to the planner, and every query worth compiling.
	EXECUTE @extschema@.base_template('ANALYZE {schema}.cut_points; ANALYZE {schema}.segment_map; ANALYZE {schema}.lifecycle_stages; ANALYZE {schema}.models; ANALYZE {schema}.segment_values; ANALYZE {schema}.surveys; ANALYZE {schema}.answers; ANALYZE {schema}.answer_counts; ANALYZE {schema}.targets', options);
	EXECUTE @extschema@.base_template('CREATE TRIGGER complete AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {schema}.segment_map
		EXECUTE FUNCTION {ext}.base_segment_map_check();
		CREATE TRIGGER complete AFTER INSERT OR UPDATE OR DELETE ON {schema}.cut_points
		EXECUTE FUNCTION {ext}.base_cut_points_check()', options);

	warnings := @extschema@.base_warnings(options);
	RETURN QUERY SELECT r.item, r.value FROM @extschema@.base_report(options) AS r
		UNION ALL SELECT 'warning', w FROM unnest(warnings) AS w
		UNION ALL VALUES ('next', format('SELECT * FROM %I.rfm_segments;', schema)), ('next', format('SELECT * FROM %I.customers LIMIT 10;', schema)),
			('next', format('SELECT * FROM fit_models(%L);', name)), ('next', format('SELECT * FROM refresh_customer_base(%L);', name));
END $$;

-- What deserves a second look, each also raised as a WARNING: rows that look like lines of orders, and policies.
CREATE OR REPLACE FUNCTION base_warnings(options jsonb) RETURNS text[]
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET row_security = off SET timezone = 'UTC' SET datestyle = 'ISO'
AS $$
DECLARE
	rows bigint;
	shared bigint := 0;
	filled boolean;
	warnings text[] := '{}';
	hint text;
BEGIN
	PERFORM set_config('timezone', options ->> 'time_zone', true), set_config('datestyle', options ->> 'date_style', true);
	IF options ->> 'order_sql' IS NULL THEN
		-- Rows that share a time share a day: each further row of a day makes two of them at the most.
		EXECUTE @extschema@.base_template('SELECT sum(orders + {ext}.refunds(history)), 2 * sum(orders + {ext}.refunds(history)
			- {ext}.purchase_days(history)) FROM {schema}.summary', options) INTO rows, shared;
		IF shared > 0.2 * rows THEN
			EXECUTE @extschema@.base_template('SELECT sum(n) FROM (SELECT count(*) AS n FROM ({rows}) AS r
				WHERE reason IS NULL GROUP BY {key}, purchased_at HAVING count(*) > 1) AS d',
				options || jsonb_build_object('rows', @extschema@.base_rows(options))) INTO shared;
		END IF;
		IF shared > 0.2 * rows THEN
			warnings := warnings || format('%s looks like order lines: %s of %s rows share customer and time with another row, and each counts as an order.',
				options ->> 'source', shared, rows);
			hint := 'If they are lines, drop the base and make it anew with the option order_id.';
			RAISE WARNING USING MESSAGE = warnings[cardinality(warnings)], HINT = hint;
		END IF;
	END IF;
	EXECUTE @extschema@.base_template('SELECT EXISTS (SELECT FROM {schema}.summary)', options) INTO filled;
	IF NOT filled THEN
		warnings := warnings || format('the base has no customer: no row of %s has a customer, a day and an amount that can be used.', options ->> 'source');
		RAISE WARNING USING MESSAGE = warnings[cardinality(warnings)],
			HINT = format('What was read, and what was left out: SELECT * FROM %s.data_quality WHERE rows > 0;', options ->> 'schema');
	END IF;
	IF options ->> 'visible' IS NULL AND (SELECT relrowsecurity FROM pg_class WHERE oid = (options ->> 'source')::regclass) THEN
		warnings := warnings || format('%s has row-level security, which the base does not have: only its owner may read it.', options ->> 'source');
		RAISE WARNING USING MESSAGE = warnings[cardinality(warnings)], HINT = @extschema@.base_visible_hint();
	END IF;
	RETURN warnings;
END $$;

CREATE FUNCTION create_customer_base(name text, source text, customer text, purchased_at text, amount text,
	order_id text DEFAULT NULL, filter text DEFAULT NULL, customers text DEFAULT NULL, customers_key text DEFAULT NULL,
	attributes text[] DEFAULT NULL, tenant text DEFAULT NULL, time_zone text DEFAULT NULL, source_time_zone text DEFAULT NULL,
	as_of text DEFAULT 'today', currency text DEFAULT NULL, currency_column text DEFAULT NULL, rfm_bins integer DEFAULT NULL,
	rfm_method text DEFAULT NULL, rfm_window interval DEFAULT NULL, segment_map text DEFAULT 'grid25',
	abc_a numeric DEFAULT 0.80, abc_b numeric DEFAULT 0.95, count_by text DEFAULT 'days', history_starts date DEFAULT NULL,
	language text DEFAULT 'en', schema text DEFAULT NULL, on_bad_row text DEFAULT 'quarantine',
	policy text DEFAULT 'retail', can_afford text DEFAULT NULL, has_need text DEFAULT NULL, stage_changes text DEFAULT 'advance', notify text DEFAULT 'off',
	margin numeric DEFAULT 1, yearly_discount numeric DEFAULT 0.10, model_unit text DEFAULT 'week', visible text DEFAULT NULL)
	RETURNS TABLE (item text, value text) LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
	SELECT c.item, c.value FROM base_create(pg_catalog.jsonb_build_object('name', name, 'source', source, 'customer', customer,
		'purchased_at', purchased_at, 'amount', amount, 'order_id', order_id, 'filter', filter, 'customers', customers,
		'customers_key', customers_key, 'attributes', attributes, 'tenant', tenant,
		'time_zone', coalesce(time_zone, pg_catalog.current_setting('timezone')), 'source_time_zone', source_time_zone,
		'as_of', as_of, 'currency', currency, 'currency_column', currency_column, 'rfm_bins', rfm_bins, 'rfm_method', rfm_method,
		'rfm_window', rfm_window, 'segment_map', segment_map, 'abc_a', abc_a, 'abc_b', abc_b, 'count_by', count_by,
		'history_starts', history_starts, 'language', language, 'schema', schema, 'on_bad_row', on_bad_row,
		'policy', policy, 'can_afford', can_afford, 'has_need', has_need, 'stage_changes', stage_changes, 'notify', notify,
		'margin', margin, 'yearly_discount', yearly_discount, 'model_unit', model_unit, 'visible', visible,
		'path', pg_catalog.current_setting('search_path'), 'source_oid', CASE WHEN base_is_name(source) THEN pg_catalog.to_regclass(source)::oid END,
		'customers_oid', CASE WHEN base_is_name(customers) THEN pg_catalog.to_regclass(customers)::oid END)) AS c;
END;

COMMENT ON FUNCTION create_customer_base(text, text, text, text, text, text, text, text, text, text[], text, text, text, text, text, text, integer, text, interval, text, numeric, numeric, text, date, text, text, text, text, text, text, text, text, numeric, numeric, text, text) IS
'Makes a customer base over a table or view of orders: a schema of that name with a summary of one purchase history for each customer and views for analysis; locks the source no more than a query does, and returns what it found.';

CREATE OR REPLACE FUNCTION base_grant(settings regclass, role text) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	options jsonb := @extschema@.base_options(settings) || jsonb_build_object('role', quote_ident(role));
BEGIN
	-- Nobody but the owner makes a trigger of them.
	options := options || jsonb_build_object('revoke', (SELECT coalesce(string_agg(format('REVOKE EXECUTE ON FUNCTION %s.survey_%s_changes() FROM %I;', options ->> 'schema', id, role), ' '), '')
		FROM @extschema@.base_survey_ids(options) AS id WHERE to_regproc(format('%s.survey_%s_changes', options ->> 'schema', id)) IS NOT NULL));
	PERFORM @extschema@.base_check_role(role);
	IF options ->> 'visible' IS NULL AND (SELECT relrowsecurity FROM pg_class WHERE oid = to_regclass(options ->> 'source')) THEN
		RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
			MESSAGE = format('%s has row-level security, which customer base "%s" does not have', options ->> 'source', options ->> 'base'),
			HINT = @extschema@.base_visible_hint();
	END IF;
	EXECUTE @extschema@.base_template($template$
GRANT USAGE ON SCHEMA {schema} TO {role};
GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {role};
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {schema} TO {role};
{revoke}ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT SELECT ON TABLES TO {role};
ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT EXECUTE ON FUNCTIONS TO {role}$template$, options);
	IF options ->> 'customers' IS NOT NULL AND NOT has_any_column_privilege(role, options ->> 'customers', 'SELECT') THEN
		RAISE WARNING USING MESSAGE = format('role "%s" cannot read %s, which the view customers joins', role, options ->> 'customers'),
			HINT = format('Its owner can run: GRANT SELECT ON %s TO %I;', options ->> 'customers', role);
	END IF;
END $$;

-- The tables of surveys, in every base. What was answered is kept as signed rows: a row that goes from the source adds one with -1.
-- So triggers only ever append, whoever comes first, and the sum over equal rows is exact. What cannot be used stands among them with
-- its problem, and goes like the rest when its row goes.
CREATE OR REPLACE FUNCTION base_make_survey_tables(options jsonb) RETURNS void
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

-- The rows of a survey as the base keeps them, from its source or from rows of it that a trigger has. A question that was not answered is none.
-- What tells answers apart must fit into an index.
CREATE OR REPLACE FUNCTION base_answer_rows(options jsonb, relation text) RETURNS text
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

-- The trigger function of a survey stands in the base's schema and runs as the base's owner, for who writes answers has no rights on
-- the base; its path and settings are pinned, nobody else may use it for a trigger, and it acts for the survey's own source alone. It
-- appends, so it waits for nobody but an instant, while the table grows: locked tables are left alone. Whatever goes wrong, the answer is
-- written and the base is known to be behind. A row whose expressions fail is found by reading the statement's rows one by one, unless what fails
-- is no row: a column or a function is gone, or a right.
CREATE OR REPLACE FUNCTION base_make_survey_function(options jsonb) RETURNS void
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

-- Triggers of a survey, as base_triggers and base_missing_triggers are those of the orders.
CREATE OR REPLACE FUNCTION base_missing_survey_triggers(schema name, id smallint, source text) RETURNS TABLE (relation regclass, trigger name, event text, referencing text, disabled boolean)
	LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT t.relation, pg_catalog.concat('pg_customer_', CASE WHEN pg_catalog.octet_length(schema::text) > 34 THEN pg_catalog.md5(schema::text) ELSE schema END, '_survey_', id, '_', pg_catalog.lower(e.event))::name, e.event, e.referencing, g.present > 0
	FROM base_tables(base_find_table(source)) AS t CROSS JOIN base_triggers(schema) AS e,
		LATERAL (SELECT count(*) FILTER (WHERE p.tgenabled IN ('O', 'A')) AS enabled, count(*) AS present FROM pg_catalog.pg_trigger AS p
			WHERE p.tgrelid = t.relation AND p.tgtype = e.type AND p.tgfoid = pg_catalog.to_regproc(pg_catalog.format('%I.survey_%s_changes', schema, id))) AS g
	WHERE g.enabled = 0;
END;

COMMENT ON FUNCTION histories_resolved(text) IS
'Internal: a query with one column of type purchase_history, with every name qualified as the present search path has it; anything else is an error.';

COMMENT ON FUNCTION histories_of_base(text) IS
'Internal: the query for the histories of a customer base; an unknown base is an error.';

COMMENT ON FUNCTION histories_query(text) IS
'Internal: the query that an argument "histories" means: itself if it begins with SELECT, WITH, VALUES, TABLE or a parenthesis, else that of the customer base of that name.';

COMMENT ON FUNCTION model_title(text) IS
'Internal: a model as papers write its name: BG/NBD for bgnbd.';

COMMENT ON FUNCTION trust_rank(text) IS
'Internal: 1: the model can be used (ok, given, small_sample), 2: not_identified, 3: not_converged, 4: there is nothing to use.';

COMMENT ON FUNCTION models_fit(text, text[], date, text) IS
'Internal: purchase models, Gamma-Gamma and the correlation of x and m_x, all of the histories of a query as of a day.';

COMMENT ON FUNCTION model_forecast(purchase_model, spend_model, purchase_history, date, date) IS
'Internal: what models make of a customer from one day for the time until another one, and what came; no row for who had not bought yet.';

COMMENT ON FUNCTION model_holdout(text, purchase_model, spend_model, date, date, boolean) IS
'Internal: forecasts of one model for the customers of a query, compared with what came; by frequency: by x, of which 7 is 7 or more.';

COMMENT ON FUNCTION models_check_days(date, date) IS
'Internal: raises an error unless the holdout ends after the calibration.';

COMMENT ON FUNCTION models_holdout(text, date, date, text, text[]) IS
'Internal: the work of holdout_test, over a query whose names are qualified.';

COMMENT ON FUNCTION models_holdout_by_frequency(text, date, date, text, text[]) IS
'Internal: the work of holdout_by_frequency, over a query whose names are qualified.';

COMMENT ON FUNCTION model_tracking(text, purchase_model, date) IS
'Internal: the work of tracking_curve, over a query whose names are qualified.';

COMMENT ON FUNCTION models_compare(text, date, date, text, text[]) IS
'Internal: the work of compare_models, over a query whose names are qualified; chosen_by marks the model to use: by its holdout, by its AIC where the data are too short for one, or by default where none can be trusted.';

COMMENT ON FUNCTION cohorts_of(text, date, text, integer) IS
'Internal: the cohorts of the histories of a query whose names are qualified.';

COMMENT ON FUNCTION period_rates_query(text, date, text, text, lifecycle_policy, date) IS
'Internal: the work of period_rates, over a query whose names are qualified.';

COMMENT ON FUNCTION stickiness_query(text, date, date, text) IS
'Internal: the work of stickiness, over a query whose names are qualified.';

COMMENT ON FUNCTION subscriptions_resolved(text) IS
'Internal: a query with the four columns customer, valid_from date, valid_to date and monthly_amount numeric, with every name qualified as the present search path has it; anything else is an error.';

COMMENT ON FUNCTION mrr_changes(text, date, text) IS
'Internal: how many customers of a query whose names are qualified moved the recurring revenue in which way in each period, and by how much.';

COMMENT ON FUNCTION renewal_rates_query(text, date, text, integer) IS
'Internal: the work of renewal_rates, over a query whose names are qualified.';

COMMENT ON FUNCTION churn_fit_query(text, date, integer) IS
'Internal: the work of churn_fit, over a query whose names are qualified, for a horizon of so many days.';

COMMENT ON FUNCTION churn_days(date, interval) IS
'Internal: the days of a horizon after as_of; an error unless they are whole and at least one.';

COMMENT ON FUNCTION churn_methods(text, date, interval, text, text[]) IS
'Internal: the methods of churn_backtest, fitted on the histories of a query until as_of, each as an expression for the risk.';

COMMENT ON FUNCTION churn_outcomes(text, date, interval) IS
'Internal: the query for the customers of a query with a purchase until as_of, and whether they made none in the horizon; data that end before it are a warning.';

COMMENT ON FUNCTION churn_judge(text, date, interval, text, text[]) IS
'Internal: the work of churn_backtest, over a query whose names are qualified.';

COMMENT ON FUNCTION churn_deciles(text, date, interval, text, text) IS
'Internal: the work of churn_calibration, over a query whose names are qualified.';

-- ---------------------------------------------------------------------------------------------------
-- Privacy: customers without their names, and groups too small to publish
-- ---------------------------------------------------------------------------------------------------

CREATE FUNCTION pseudonymise(id text, key text) RETURNS uuid
	AS 'MODULE_PATHNAME', 'pseudonymise_text' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;

CREATE FUNCTION pseudonymise(id bigint, key text) RETURNS uuid
	AS 'MODULE_PATHNAME', 'pseudonymise_bigint' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;

CREATE FUNCTION pseudonymise(id uuid, key text) RETURNS uuid
	AS 'MODULE_PATHNAME', 'pseudonymise_uuid' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;

COMMENT ON FUNCTION pseudonymise(text, text) IS
'A pseudonym for an id: the same for the same id and key, and without the key nobody finds the id or makes the pseudonym. 122 bits of HMAC-SHA-256 (RFC 2104) as a UUID of version 8; a key of fewer than 16 bytes is an error';

COMMENT ON FUNCTION pseudonymise(bigint, text) IS
'The pseudonym of a number: that of its text';

COMMENT ON FUNCTION pseudonymise(uuid, text) IS
'The pseudonym of a UUID: that of its text, in small letters';

CREATE FUNCTION people_resolved(query text) RETURNS text
	AS 'MODULE_PATHNAME', 'people_resolved' LANGUAGE C STABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION people_resolved(text) IS
'Internal: a query with one row for each person, with every name qualified as the present search path has it; what is not one SELECT is an error.';

CREATE FUNCTION small_groups_query(query text, quasi_identifiers text[], k integer)
	RETURNS TABLE (size bigint, quasi_identifier jsonb)
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	columns text := (SELECT string_agg(format('q.%I', c), ', ' ORDER BY n) FROM unnest(quasi_identifiers) WITH ORDINALITY AS u (c, n) WHERE c IS NOT NULL);
BEGIN
	IF columns IS NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'no column is named as a quasi-identifier',
			HINT = 'Name the columns that an outsider may know of a person, as in ARRAY[''city'', ''age_band''].';
	ELSIF k IS NULL OR k < 2 THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('k cannot be %s', coalesce(k::text, 'NULL')),
			HINT = 'Give a number from 2; 5 and 10 are common.';
	END IF;
	RETURN QUERY EXECUTE format('SELECT count(*) AS size, (SELECT to_jsonb(r) FROM (SELECT %1$s) AS r) AS quasi_identifier FROM (%2$s) AS q
		GROUP BY %1$s HAVING count(*) < $1 ORDER BY 1, 2', columns, query) USING k;
END $$;

COMMENT ON FUNCTION small_groups_query(text, text[], integer) IS
'Internal: small_groups of a query whose names are resolved.';

CREATE FUNCTION small_groups(query text, quasi_identifiers text[], k integer DEFAULT 5)
	RETURNS TABLE (size bigint, quasi_identifier jsonb)
	LANGUAGE sql STABLE PARALLEL UNSAFE ROWS 100
BEGIN ATOMIC
	SELECT g.size, g.quasi_identifier FROM small_groups_query(people_resolved(query), quasi_identifiers, k) AS g;
END;

COMMENT ON FUNCTION small_groups(text, text[], integer) IS
'The groups of fewer than k rows that a query with one row for each person has by its quasi-identifiers, the smallest first; no row: the table is k-anonymous (Sweeney 2002); NULL is a value like any other';

-- Nothing above may have taken an object that somebody planted in this schema, with just the types that a call here has.
DO $$
DECLARE
	taken pg_catalog.text;
BEGIN
	SELECT pg_catalog.format('%s takes %s', pg_catalog.pg_describe_object(d.classid, d.objid, 0), pg_catalog.pg_describe_object(d.refclassid, d.refobjid, 0)) INTO taken
	FROM pg_catalog.pg_extension AS x
		JOIN pg_catalog.pg_depend AS m ON m.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_extension'::pg_catalog.regclass::pg_catalog.oid
			AND m.refobjid OPERATOR(pg_catalog.=) x.oid AND m.deptype OPERATOR(pg_catalog.=) 'e'::pg_catalog."char"
		JOIN pg_catalog.pg_depend AS d ON d.classid OPERATOR(pg_catalog.=) m.classid AND d.objid OPERATOR(pg_catalog.=) m.objid
			AND d.deptype OPERATOR(pg_catalog.=) 'n'::pg_catalog."char"
	WHERE x.extname OPERATOR(pg_catalog.=) 'pg_customer'::pg_catalog.name AND d.refobjid OPERATOR(pg_catalog.>=) '16384'::pg_catalog.oid
		AND d.refclassid OPERATOR(pg_catalog.<>) 'pg_catalog.pg_namespace'::pg_catalog.regclass::pg_catalog.oid
		AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS o WHERE o.classid OPERATOR(pg_catalog.=) d.refclassid AND o.objid OPERATOR(pg_catalog.=) d.refobjid
			AND o.deptype OPERATOR(pg_catalog.=) ANY ('{e,i}'::pg_catalog."char"[]));
	IF taken IS NOT NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'duplicate_object', MESSAGE = pg_catalog.format('schema %s has objects that pg_customer would mistake for those of PostgreSQL', '@extschema@'),
			DETAIL = pg_catalog.format('%s.', taken),
			HINT = 'Give the extension a schema of its own: CREATE SCHEMA customer; CREATE EXTENSION pg_customer SCHEMA customer;';
	END IF;
END $$;
