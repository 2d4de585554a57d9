
-- Filling a base from its source --------------------------------------------------------------------

-- The rows of the source as the base reads them: key, day, amount, order id, and why a row cannot be used. The day of a moment is
-- read the fast way; the expression of the base, which triggers use, has nothing that a writer needs rights for.
CREATE FUNCTION base_rows(options jsonb) RETURNS text
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
COMMENT ON FUNCTION base_rows(jsonb) IS
'The query over the source of a customer base: key, day, amount, order id, time and the reason why a row cannot be used (NULL: it can).';

-- The common table expressions "grouped", the history of each key, and "counts", what there is of each reason. Rows that
-- cannot be used are only counted; if there are any, they are read once more for their reasons. With an order id, the lines
-- of an order are one order first; a row without an order id is an order of its own.
CREATE FUNCTION base_groups(options jsonb) RETURNS text
	LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	options := options || jsonb_build_object('rows', @extschema@.base_rows(options));
	IF options ->> 'order_sql' IS NULL THEN
		RETURN @extschema@.base_template($template$
used AS MATERIALIZED (
	SELECT {key}, {ext}.purchase_history(day, amount) FILTER (WHERE reason IS NULL) AS history,
		count(*) FILTER (WHERE reason IS NULL) AS rows, count(*) AS all_rows,
		count(*) FILTER (WHERE reason IS NULL AND amount = 0) AS zero, count(*) FILTER (WHERE reason IS NULL AND amount IS NULL) AS unknown,
		count(*) FILTER (WHERE reason IS NULL AND day > {'until'}::date) AS future
	FROM ({rows}) AS r
	GROUP BY {key}),
grouped AS NOT MATERIALIZED (SELECT {key}, history FROM used WHERE rows > 0),
sums AS MATERIALIZED (
	SELECT sum(rows) AS rows, sum(all_rows) AS all_rows, sum(zero) AS zero, sum(unknown) AS unknown, sum(future) AS future FROM used),
counts AS MATERIALIZED (
	SELECT NULL AS reason, rows, rows AS orders, 0::bigint AS without_order_id, zero, unknown, future FROM sums WHERE rows > 0
	UNION ALL
	SELECT reason, count(*), count(*), 0, count(*) FILTER (WHERE amount = 0), count(*) FILTER (WHERE amount IS NULL),
		count(*) FILTER (WHERE day > {'until'}::date)
	FROM ({rows}) AS r
	WHERE reason IS NOT NULL AND (SELECT all_rows > rows FROM sums)
	GROUP BY reason)$template$, options);
	END IF;
	RETURN @extschema@.base_template($template$
orders AS MATERIALIZED (
	SELECT {key}, order_id, reason, order_id IS NULL AS single,
		min(day) AS day, sum(amount) FILTER (WHERE reason IS NULL) AS amount,
		{ext}.purchase_history(day, amount) FILTER (WHERE reason IS NULL AND order_id IS NULL) AS history,
		count(*) AS rows, count(*) FILTER (WHERE amount IS NULL) AS unknown,
		count(*) FILTER (WHERE order_id IS NULL AND amount = 0) AS zero,
		count(*) FILTER (WHERE order_id IS NULL AND day > {'until'}::date) AS future
	FROM ({rows}) AS r
	GROUP BY {key}, order_id, reason),
groups AS MATERIALIZED (
	SELECT {key}, reason, coalesce(grouped OPERATOR({ext}.+) singles, grouped, singles) AS history,
		rows, orders, without_order_id, zero, unknown, future
	FROM (SELECT {key}, reason,
			{ext}.purchase_history(day, amount) FILTER (WHERE reason IS NULL AND NOT single) AS grouped,
			{ext}.rollup(history) AS singles,
			sum(rows) AS rows, sum(CASE WHEN single THEN rows ELSE 1 END) AS orders,
			coalesce(sum(rows) FILTER (WHERE single), 0) AS without_order_id,
			count(*) FILTER (WHERE NOT single AND amount = 0) + sum(zero) AS zero, sum(unknown) AS unknown,
			count(*) FILTER (WHERE NOT single AND day > {'until'}::date) + sum(future) AS future
		FROM (SELECT {key}, single, day, amount, history, rows, unknown, zero, future,
				coalesce(reason, CASE WHEN NOT single THEN {ext}.base_amount_problem(amount) END) AS reason
			FROM orders) AS o
		GROUP BY {key}, reason) AS g),
grouped AS NOT MATERIALIZED (SELECT {key}, history FROM groups WHERE reason IS NULL),
counts AS NOT MATERIALIZED (
	SELECT reason, sum(rows) AS rows, sum(orders) AS orders, sum(without_order_id) AS without_order_id, sum(zero) AS zero,
		sum(unknown) AS unknown, sum(future) AS future
	FROM groups
	GROUP BY reason)$template$, options);
END $$;
COMMENT ON FUNCTION base_groups(jsonb) IS
'The common table expressions that turn the source of a customer base into one history for each key, with counts for each reason to leave rows out.';

-- What the source holds of each customer, from "grouped"; with what keep_history_before has frozen.
CREATE FUNCTION base_sources(options jsonb) RETURNS text
	LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN @extschema@.base_template($template$
[[!kept_before:SELECT {key}, history FROM grouped]]
[[kept_before:SELECT {key}, {ext}.rollup(history) AS history
FROM (SELECT {key}, history FROM grouped
	UNION ALL SELECT {key}, {ext}.as_of(history, {'kept_before'}::date - 1) FROM {schema}.summary) AS part
GROUP BY {key} HAVING {ext}.last_day({ext}.rollup(history)) IS NOT NULL]]$template$, options);
END $$;
COMMENT ON FUNCTION base_sources(jsonb) IS
'The query for the history of each customer in the source of a customer base, over the common table expression grouped.';

-- The day of a base while its summary is being written: {last} is the last day of the data.
CREATE FUNCTION base_day(options jsonb, last text) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE options ->> 'as_of' WHEN 'last_purchase' THEN last ELSE pg_catalog.quote_nullable(options ->> 'until') || '::date' END;
END;
COMMENT ON FUNCTION base_day(jsonb, text) IS
'The day of a customer base as SQL; last: the expression for the last day of its data.';

-- One statement reads the source once, in one snapshot, and brings the summary to it: changes that are visible to it are in
-- the source already and go, those that commit later stay. Readers go on with what they see; a customer whose history is
-- unchanged is not written. The first fill writes to a table without an index.
CREATE FUNCTION base_fill(options jsonb, first boolean) RETURNS jsonb
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET row_security = off SET timezone = 'UTC' SET datestyle = 'ISO'
AS $$
DECLARE
	counts jsonb;
	state text;
	message text;
BEGIN
	PERFORM set_config('timezone', options ->> 'time_zone', true), set_config('datestyle', options ->> 'date_style', true);
	options := options || jsonb_build_object('groups', @extschema@.base_groups(options), 'sources', @extschema@.base_sources(options), 'again', nullif(NOT first, false),
		'day', @extschema@.base_day(options, '(SELECT max(last_day) FROM source)'));
	EXECUTE @extschema@.base_template($template$
WITH {groups},
source AS [[!kept_before:NOT]] MATERIALIZED (
	SELECT {h.key}, h.history, {ext}.last_day(h.history) AS last_day FROM ({sources}) AS h
), base AS MATERIALIZED (
	SELECT {day} AS day, t.advanced_to, [[again:{'policy'}::{ext}.lifecycle_policy]][[!again:{ext}.base_policy({'policy'},
		(SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY {ext}.median_gap(history)) FROM source WHERE {ext}.purchase_days(history) >= 3))]] AS policy
	FROM {schema}.state AS t
),
[[again:changed AS MATERIALIZED (
	SELECT {g.key}, g.history, m.stage, m.stage_on FROM source AS g LEFT JOIN {schema}.summary AS m ON {g=m}
	WHERE m.history IS NULL OR m.history OPERATOR({ext}.<>) g.history{damaged}
),]]
written AS (
	INSERT INTO {schema}.summary ({key}, history, orders, gross, total, first_purchase, last_purchase, last_day, stage, stage_on, stage_due)
	SELECT {g.key}, g.history, {ext}.orders(g.history), {ext}.gross(g.history), {ext}.total(g.history), {ext}.first_purchase(g.history),
		{ext}.last_purchase(g.history), {ext}.last_day(g.history), (l.state).stage, b.day, (l.state).due
	FROM [[again:changed]][[!again:source]] AS g CROSS JOIN base AS b
		CROSS JOIN LATERAL (SELECT {ext}.lifecycle_state(g.history, b.day, b.policy) AS state OFFSET 0) AS l
	[[again:ON CONFLICT ({key}) DO UPDATE SET {summary_columns}]]
	RETURNING 1)
[[again:, gone AS (
	DELETE FROM {schema}.summary AS m
	WHERE NOT EXISTS (SELECT FROM source AS g WHERE {g=m})
	RETURNING {m.key}, m.stage, m.stage_on
), logged AS (
	INSERT INTO {schema}.lifecycle_changes ({key}, from_stage, to_stage, changed_on, order_day, reason)
	SELECT {g.key}, c.from_stage, c.to_stage, c.changed_on, c.order_day, c.reason
	FROM (SELECT {key}, history, stage, stage_on FROM changed UNION ALL SELECT {key}, NULL, stage, stage_on FROM gone) AS g CROSS JOIN base AS b
		CROSS JOIN LATERAL {ext}.lifecycle_changes_since(g.stage, greatest(g.stage_on, b.advanced_to), g.history, b.day, b.policy) WITH ORDINALITY AS c
	ORDER BY c.changed_on, {g.key}, c.ordinality
), told AS (DELETE FROM {schema}.deltas
)]][[lines:, told_lines AS (DELETE FROM {schema}.line_deltas
)]][[again:, mended AS (DELETE FROM {schema}.troubles)]]
SELECT jsonb_build_object('written', (SELECT count(*) FROM written),
	'gone', [[again:(SELECT count(*) FROM gone)]][[!again:0]], 'day', b.day, 'policy', b.policy::text,
	'split_orders', [[order_sql:(SELECT count(*) FROM (SELECT FROM orders WHERE reason IS NULL AND NOT single
		GROUP BY {tenant,} order_id HAVING count(*) > 1) AS split)]][[!order_sql:0]],
	'reasons', (SELECT coalesce(jsonb_agg(to_jsonb(t)), '[]') FROM (
		SELECT coalesce(reason, 'used') AS reason, rows, orders, without_order_id, zero, unknown, future FROM counts) AS t)) FROM base AS b$template$,
		-- What a verification has found in the columns beside the history is repaired as well.
		options || jsonb_build_object('damaged', CASE WHEN NOT first AND options ->> 'differences' > '0' THEN @extschema@.base_template($template$
		OR (m.orders, m.gross, m.total, m.first_purchase, m.last_purchase, m.last_day) IS DISTINCT FROM ({ext}.orders(m.history), {ext}.gross(m.history),
			{ext}.total(m.history), {ext}.first_purchase(m.history), {ext}.last_purchase(m.history), {ext}.last_day(m.history))
		OR nullif(m.stage::text, 'prospect') IS DISTINCT FROM nullif({ext}.lifecycle_stage(m.history, m.stage_on, {'policy'})::text, 'prospect')$template$, options) ELSE '' END,
			'lines', CASE WHEN NOT first THEN options ->> 'order_sql' END, 'summary_columns', @extschema@.base_summary_columns()))
	INTO counts;
	RETURN counts;
EXCEPTION WHEN data_exception OR insufficient_privilege THEN
	-- The same error, without the statement, which is nothing that the user wrote.
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT;
	RAISE EXCEPTION USING ERRCODE = state, MESSAGE = message, DETAIL = format('The error came up while %s was read.', options ->> 'source'),
		HINT = CASE WHEN state = '42501' THEN 'The owner of a base must be allowed to read all rows of its source.'
			ELSE 'Correct the rows or the expressions, or leave the rows out with the option filter.' END;
END $$;
COMMENT ON FUNCTION base_fill(jsonb, boolean) IS
'Brings the summary of a customer base to its source in one statement, and returns what it counted; first: the summary is empty and has no key yet.';

CREATE FUNCTION base_summary_columns() RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT string_agg(format('%s = excluded.%1$s', c.name), ', ')
	FROM unnest('{history,orders,gross,total,first_purchase,last_purchase,last_day,stage,stage_on,stage_due}'::text[]) AS c (name);
END;
COMMENT ON FUNCTION base_summary_columns() IS
'What a fold or a refresh of a customer base sets in a row of its summary, for ON CONFLICT.';

-- The policy of a base: what the data say of the usual gap is settled once, or else the past would move.
CREATE FUNCTION base_policy(policy text, population_gap double precision) RETURNS lifecycle_policy
	LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF population_gap IS NULL OR policy::@extschema@.lifecycle_policy::text ~ 'population_gap' THEN
		RETURN policy;
	END IF;
	RETURN policy || ', population_gap ' || round(population_gap::numeric, 1);
END $$;
COMMENT ON FUNCTION base_policy(text, double precision) IS
'The lifecycle policy of a customer base with the usual gap of its population in days, unless it has one.';

-- What the counts of a fill are called, in the order in which data_quality shows them.
CREATE FUNCTION base_quality_texts(OUT ordinal integer, OUT item text, OUT en text, OUT zh text) RETURNS SETOF record
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
COMMENT ON FUNCTION base_quality_texts() IS
'The items of a base''s view data_quality, with their explanations in English and Chinese.';

-- Keeps up to a thousand rows of each kind that cannot be used; a strict base refuses them.
CREATE FUNCTION base_quarantine(options jsonb, reasons text[]) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET row_security = off SET timezone = 'UTC' SET datestyle = 'ISO'
AS $$
DECLARE
	example record;
BEGIN
	PERFORM set_config('timezone', options ->> 'time_zone', true), set_config('datestyle', options ->> 'date_style', true);
	EXECUTE @extschema@.base_template('DELETE FROM {schema}.quarantine', options);
	IF cardinality(reasons) = 0 THEN
		RETURN;
	END IF;
	options := options || jsonb_build_object('rows', @extschema@.base_rows(options), 'reasons', reasons::text);
	EXECUTE @extschema@.base_template($template$
INSERT INTO {schema}.quarantine ({tenant,} customer, purchased_at, amount, order_id, reason)
SELECT [[tenant_sql:tenant::text, ]]customer::text, purchased_at::text, amount::text, order_id::text, reason
FROM (SELECT r.*, row_number() OVER (PARTITION BY r.reason) AS n
	FROM ({rows}) AS r WHERE r.reason = ANY ({'reasons'}::text[])) AS bad
WHERE n <= 1000$template$, options);
	IF options ->> 'on_bad_row' = 'error' THEN
		EXECUTE @extschema@.base_template('SELECT * FROM {schema}.quarantine ORDER BY id LIMIT 1', options) INTO example;
		RAISE EXCEPTION USING ERRCODE = 'data_exception',
			MESSAGE = format('%s has rows that a customer base cannot use: %s', options ->> 'source', array_to_string(reasons, ', ')),
			DETAIL = format('The first: customer %s, purchased_at %s, amount %s, order_id %s.', coalesce(example.customer, 'NULL'),
				coalesce(example.purchased_at, 'NULL'), coalesce(example.amount, 'NULL'), coalesce(example.order_id, 'NULL')),
			HINT = 'Correct the rows, leave them out with the option filter, or give on_bad_row => ''quarantine''.';
	END IF;
END $$;
COMMENT ON FUNCTION base_quarantine(jsonb, text[]) IS
'Replaces the table quarantine of a customer base by up to 1,000 rows of the source for each reason; with on_bad_row ''error'' the first is an error.';

-- Writes what a fill counted to the tables quality and state.
CREATE FUNCTION base_record_fill(options jsonb, counts jsonb, started timestamptz, first boolean) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	options := options || jsonb_build_object('counts', counts, 'started', started, 'first', nullif(first, false));
	EXECUTE @extschema@.base_template($template$
DELETE FROM {schema}.quality;
WITH reasons AS (
	SELECT * FROM jsonb_to_recordset({'counts'}::jsonb -> 'reasons') AS t (reason text, rows bigint, orders bigint,
		without_order_id bigint, zero bigint, unknown bigint, future bigint)
), counted AS (
	SELECT 'rows_seen' AS item, sum(rows) AS rows FROM reasons
	UNION ALL SELECT 'orders_seen', sum(orders) FROM reasons
	UNION ALL SELECT 'rows_skipped', sum(rows) FROM reasons WHERE reason LIKE 'no\_%'
	UNION ALL SELECT 'orders_quarantined', sum(orders) FROM reasons WHERE reason NOT LIKE 'no\_%' AND reason <> 'used'
	UNION ALL SELECT v.item, v.rows FROM reasons AS r, LATERAL (VALUES ('rows_used', r.rows), ('orders_used', r.orders),
		('purchases_of_amount_zero', r.zero), ('rows_of_unknown_amount', r.unknown),
		('rows_without_order_id', r.without_order_id), ('orders_after_as_of', r.future)) AS v (item, rows)
		WHERE r.reason = 'used'
	UNION ALL SELECT 'orders_without_' || substr(reason, 4), orders FROM reasons WHERE starts_with(reason, 'no_')
	UNION ALL SELECT 'quarantined_' || reason, rows FROM reasons WHERE NOT starts_with(reason, 'no_') AND reason <> 'used'
	UNION ALL SELECT 'order_ids_of_several_customers', ({'counts'}::jsonb ->> 'split_orders')::bigint
	UNION ALL SELECT v.item, v.rows FROM (SELECT count(*) AS customers, sum(orders) AS purchases,
			sum({ext}.refunds(history)) AS refunds, count(*) FILTER (WHERE first_purchase IS NULL) AS refunders
			FROM {schema}.summary) AS m, LATERAL (VALUES ('customers', m.customers), ('purchases', m.purchases),
		('refunds', m.refunds), ('customers_without_purchase', m.refunders)) AS v (item, rows)
)
INSERT INTO {schema}.quality (ordinal, item, rows, explanation)
SELECT t.ordinal, t.item, coalesce(c.rows, 0), t.{language}
FROM {ext}.base_quality_texts() AS t LEFT JOIN counted AS c USING (item);
UPDATE {schema}.settings SET policy = {'counts'}::jsonb ->> 'policy' WHERE policy IS DISTINCT FROM {'counts'}::jsonb ->> 'policy';
UPDATE {schema}.state SET (first_day, last_day) = (SELECT min(first_purchase), max(last_day) FROM {schema}.summary),
	advanced_to = [[first:({'counts'}::jsonb ->> 'day')::date]][[!first:advanced_to]], refreshed_at = {'started'}, refresh_seconds = round(extract(epoch FROM clock_timestamp() - {'started'}::timestamptz), 2),
	verified_at = NULL, differences = NULL$template$, options);
END $$;
COMMENT ON FUNCTION base_record_fill(jsonb, jsonb, timestamptz, boolean) IS
'Writes what a fill of a customer base counted to its tables quality and state.';

-- The cut points that the views score by, of the base's population on its day. Chosen ones (rfm_method 'fixed')
-- stand: they are made once for each tenant, as a start, and then belong to the user.
CREATE FUNCTION base_renew_cut_points(options jsonb) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	options := options || jsonb_build_object('fixed', nullif(options ->> 'rfm_method' = 'fixed', false));
	EXECUTE @extschema@.base_template($template$
DELETE FROM {schema}.cut_points[[fixed: WHERE measure = 'abc']];
INSERT INTO {schema}.cut_points ({tenant,} measure, cut, value, as_of)
SELECT {b.tenant,} c.measure, c.cut, c.value, CASE WHEN c.measure = 'abc' [[!fixed:OR true]] THEN d.day END
FROM (SELECT {schema}.as_of() AS day) AS d, LATERAL {schema}.population_breaks(d.day) AS b,
	LATERAL (SELECT r.measure, r.cut, r.value FROM {ext}.breaks(b.rfm) AS r
		UNION ALL SELECT 'abc', a.cut::integer, a.value FROM unnest(b.abc) WITH ORDINALITY AS a (value, cut)) AS c (measure, cut, value)
WHERE NOT EXISTS (SELECT FROM {schema}.cut_points AS k WHERE k.measure = c.measure[[tenant_sql: AND k.tenant {tenant_equal} b.tenant]])$template$, options);
	PERFORM @extschema@.base_renew_rhythm(options);
END $$;
COMMENT ON FUNCTION base_renew_cut_points(jsonb) IS
'Replaces the cut points of a customer base by those of its population on its day; with rfm_method ''fixed'' those of scores that are there stand.';

CREATE FUNCTION base_bad_reasons(counts jsonb) RETURNS text[]
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT coalesce(array_agg(r.reason), '{}')
	FROM (SELECT jsonb_array_elements(counts -> 'reasons') ->> 'reason' AS reason) AS r
	WHERE r.reason <> 'used' AND NOT starts_with(r.reason, 'no_');
END;
COMMENT ON FUNCTION base_bad_reasons(jsonb) IS
'The reasons for which a fill of a customer base put rows into quarantine.';

-- What the user reads after a base has been made or refreshed.
CREATE FUNCTION base_report(options jsonb) RETURNS TABLE (item text, value text)
	LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY EXECUTE @extschema@.base_template($template$
SELECT 'base', {'base'}
UNION ALL (SELECT q.item, q.rows::text FROM {schema}.quality AS q
	WHERE q.rows > 0 OR q.item IN ('rows_seen', 'customers', 'purchases', 'refunds') ORDER BY q.ordinal)
UNION ALL SELECT v.item, v.value FROM {schema}.state AS s, LATERAL (VALUES
	('first_day', s.first_day::text), ('last_day', s.last_day::text), ('as_of', {schema}.as_of()::text),
	('seconds', round(extract(epoch FROM clock_timestamp() - s.refreshed_at), 2)::text),
	('bytes', pg_total_relation_size({'summary_table'})::text)) AS v (item, value)
$template$, options);
END $$;
COMMENT ON FUNCTION base_report(jsonb) IS
'What a customer base holds and what its last fill left out, as items and values.';

-- The work of refresh_customer_base, as the base's owner.
CREATE FUNCTION base_refresh(settings regclass) RETURNS TABLE (item text, value text)
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET row_security = off
AS $$
DECLARE
	started timestamptz;
	options jsonb;
	counts jsonb;
BEGIN
	IF current_setting('transaction_isolation') <> 'read committed' THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_transaction_state', MESSAGE = format('a customer base cannot be refreshed in a %s transaction', upper(current_setting('transaction_isolation'))),
			DETAIL = 'Its snapshot may be older than what a fold or another refresh has done.', HINT = 'Use a READ COMMITTED transaction.';
	END IF;
	-- One refresh after the other; readers and writers of orders are not concerned.
	EXECUTE format('LOCK TABLE %s IN SHARE UPDATE EXCLUSIVE MODE', settings);
	started := clock_timestamp();
	options := @extschema@.base_options(settings);
	PERFORM @extschema@.base_follow_schema(options);
	IF options ->> 'kept_before' IS NOT NULL THEN
		EXECUTE @extschema@.base_template('SELECT {schema}.fold_some(9223372036854775807)', options);
	END IF;
	counts := @extschema@.base_fill(options, false);
	IF options ->> 'differences' > '0' THEN
		EXECUTE @extschema@.base_template($template$
INSERT INTO {schema}.lifecycle_changes ({key}, from_stage, to_stage, changed_on, reason)
SELECT {l.key}, l.to_stage, nullif(m.stage::text, 'prospect'), coalesce(m.stage_on, CURRENT_DATE), 'corrected'
FROM (SELECT DISTINCT ON ({key}) {key}, to_stage FROM {schema}.lifecycle_changes ORDER BY {key}, id DESC) AS l LEFT JOIN {schema}.summary AS m ON {l=m}
WHERE l.to_stage IS DISTINCT FROM nullif(m.stage::text, 'prospect')$template$, options);
	END IF;
	PERFORM @extschema@.base_quarantine(options, @extschema@.base_bad_reasons(counts));
	PERFORM @extschema@.base_record_fill(options, counts, started, false);
	PERFORM @extschema@.base_renew_cut_points(options);
	EXECUTE format('ANALYZE %s', options ->> 'summary_table');
	PERFORM @extschema@.base_refresh_surveys(options);
	RETURN QUERY SELECT r.item, r.value FROM @extschema@.base_report(options) AS r
		UNION ALL VALUES ('customers_written', counts ->> 'written'), ('customers_removed', counts ->> 'gone');
END $$;
COMMENT ON FUNCTION base_refresh(regclass) IS
'The work of refresh_customer_base, with the caller''s rights.';

-- The work of verify_customer_base, as the base's owner. Equality is that of the key's own operator class: both sides
-- are grouped together, never compared by name.
CREATE FUNCTION base_verify(settings regclass, sample double precision)
	RETURNS TABLE (customer text, problem text, in_source text, in_summary text)
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET row_security = off SET timezone = 'UTC' SET datestyle = 'ISO'
AS $$
DECLARE
	options jsonb := @extschema@.base_options(settings);
	differences bigint;
	id smallint;
	answers bigint;
BEGIN
	IF NOT (sample >= 0.000001 AND sample <= 1) THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('sample must be from 0.000001 to 1, not %s', sample),
			HINT = 'It is the part of the customers to compare: 1 compares all, 0.01 one in a hundred.';
	END IF;
	PERFORM set_config('timezone', options ->> 'time_zone', true), set_config('datestyle', options ->> 'date_style', true);
	options := options || jsonb_build_object('groups', @extschema@.base_groups(options), 'sources', @extschema@.base_sources(options),
		'seed', (random() * 1e15)::bigint, 'limit', (sample * 1e6)::integer);
	RETURN QUERY EXECUTE @extschema@.base_template($template$
WITH {groups}, settings AS MATERIALIZED (SELECT policy::{ext}.lifecycle_policy AS policy FROM {schema}.settings), sides AS (
	SELECT {key}, history AS source, NULL::{ext}.purchase_history AS summary, false AS wrong, NULL::text AS stage, NULL::text AS logged FROM ({sources}) AS s
	UNION ALL
	SELECT {key}, NULL, history, false, NULL, NULL FROM {schema}.histories
	UNION ALL
	SELECT {key}, NULL, NULL, (orders, gross, total, first_purchase, last_purchase, last_day) IS DISTINCT FROM ({ext}.orders(history),
		{ext}.gross(history), {ext}.total(history), {ext}.first_purchase(history), {ext}.last_purchase(history), {ext}.last_day(history)),
		coalesce(nullif({ext}.lifecycle_stage(history, stage_on, s.policy)::text, 'prospect'), 'none'), coalesce(nullif(stage::text, 'prospect'), 'none')
	FROM {schema}.summary CROSS JOIN settings AS s WHERE stage_on IS NOT NULL
	UNION ALL
	SELECT {key}, NULL, NULL, false, coalesce(nullif(stage::text, 'prospect'), 'none'), coalesce(to_stage, 'none') FROM {schema}.summary JOIN (SELECT DISTINCT ON ({key}) {key}, to_stage
		FROM {schema}.lifecycle_changes ORDER BY {key}, id DESC) AS l USING ({key})
), differences AS (
	SELECT {key}, count(source) AS sources, count(summary) AS summaries, bool_or(wrong) AS wrong, {ext}.rollup(source) AS source,
		{ext}.rollup(summary) AS summary, min(stage) FILTER (WHERE stage <> logged) AS stage, min(logged) FILTER (WHERE stage <> logged) AS logged
	FROM sides
	WHERE {'limit'}::integer = 1000000 OR abs(hashtextextended(concat_ws(' / ', {key}), {'seed'}::bigint) % 1000000) < {'limit'}::integer
	GROUP BY {key}
)
SELECT concat_ws(' / ', {d.key}), p.problem, p.in_source, p.in_summary
FROM differences AS d, LATERAL (VALUES
	(CASE WHEN d.summaries = 0 AND d.sources > 0 THEN 'missing in the summary'
		WHEN d.sources = 0 AND d.summaries > 0 THEN 'not in the source'
		WHEN d.source OPERATOR({ext}.<>) d.summary THEN 'another history'
		WHEN d.wrong THEN 'columns differ from the history' END, d.source::text, d.summary::text),
	(CASE WHEN d.stage IS NOT NULL THEN 'another stage in the log' END, d.stage, d.logged)) AS p (problem, in_source, in_summary)
WHERE p.problem IS NOT NULL
ORDER BY 1$template$, options);
	GET DIAGNOSTICS differences = ROW_COUNT;
	FOR id IN SELECT * FROM @extschema@.base_survey_ids(options) LOOP
		answers := @extschema@.base_survey_differences(options, id);
		CONTINUE WHEN answers = 0;
		differences := differences + 1;
		RETURN QUERY EXECUTE format('SELECT NULL::text, format(''%%s answers of survey %%I differ'', %s, survey), NULL::text, NULL::text FROM %s.surveys WHERE id = %s', answers, options ->> 'schema', id);
	END LOOP;
	-- A fold locks the settings before the state, too. Of an older snapshot the state may have gone on.
	IF current_setting('transaction_read_only') = 'off' AND current_setting('transaction_isolation') = 'read committed' THEN
		EXECUTE format('LOCK TABLE %s IN SHARE UPDATE EXCLUSIVE MODE', settings);
		EXECUTE @extschema@.base_template('UPDATE {schema}.state SET verified_at = now(), differences = ', options) || differences;
	END IF;
END $$;
COMMENT ON FUNCTION base_verify(regclass, double precision) IS
'The work of verify_customer_base, with the caller''s rights.';
