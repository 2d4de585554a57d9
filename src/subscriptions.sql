
-- Subscriptions: movements of recurring revenue, renewals ------------------------------------------------

CREATE FUNCTION subscriptions_resolved(query text) RETURNS text
	AS 'MODULE_PATHNAME', 'subscriptions_resolved' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION subscriptions_resolved(text) IS
'Internal: a query with the four columns customer, valid_from date, valid_to date and monthly_amount numeric, with every name qualified as the present search path has it; anything else is an error.';

CREATE FUNCTION subscription_changes(valid_from date, valid_to date, monthly_amount numeric, unit text, as_of date,
	OUT period date, OUT change numeric) RETURNS SETOF record
	AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 2;
COMMENT ON FUNCTION subscription_changes(date, date, numeric, text, date) IS
'In which periods a subscription adds to the monthly revenue in force at their ends, and in which it takes it away again; valid_to is the first day that is not covered, NULL for none; what begins after as_of is not known yet; a negative or infinite amount, an infinite first day and an end before the beginning are errors';

CREATE TYPE mrr_movement AS (
	period date, mrr_start numeric, new numeric, expansion numeric, contraction numeric, churn numeric, reactivation numeric, mrr_end numeric,
	customers_start int8, customers_new int8, customers_expanded int8, customers_contracted int8, customers_churned int8, customers_reactivated int8,
	customers_end int8, gross_retention numeric, net_retention numeric, customer_churn proportion, quick_ratio numeric, complete boolean
);
COMMENT ON TYPE mrr_movement IS
'One period of subscriptions: the monthly recurring revenue at its start and its end, what moved it, whose it was, and the rates of that';

-- The first change of a customer is new revenue; after it, nothing in force before or after tells what it is.
CREATE FUNCTION mrr_changes(query text, as_of date, unit text) RETURNS TABLE (period date, kind text, customers bigint, amount numeric)
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY EXECUTE format($query$SELECT l.period, CASE WHEN l.first THEN 'new' WHEN l.after = l.change THEN 'reactivation' WHEN l.after = 0 THEN 'churn'
	WHEN l.change > 0 THEN 'expansion' ELSE 'contraction' END, count(*), abs(sum(l.change))
FROM (SELECT c.period, c.change, sum(c.change) OVER w AS after, row_number() OVER w = 1 AS first
	FROM (SELECT s.customer, c.period, sum(c.change) AS change
		FROM (%s) AS s (customer, valid_from, valid_to, monthly_amount), %s.subscription_changes(s.valid_from, s.valid_to, s.monthly_amount, $1, $2) AS c
		WHERE s.customer IS NOT NULL GROUP BY s.customer, c.period HAVING sum(c.change) <> 0) AS c
	WINDOW w AS (PARTITION BY c.customer ORDER BY c.period)) AS l
GROUP BY 1, 2$query$, query, @extschema@.base_extension_schema()) USING unit, as_of;
END $$;
COMMENT ON FUNCTION mrr_changes(text, date, text) IS
'Internal: how many customers of a query whose names are qualified moved the recurring revenue in which way in each period, and by how much.';

CREATE FUNCTION mrr_movements(subscriptions text, as_of date, unit text DEFAULT 'month') RETURNS SETOF mrr_movement
	LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
	WITH totals AS MATERIALIZED (
		SELECT c.period,
			coalesce(sum(c.amount) FILTER (WHERE c.kind = 'new'), 0) AS new, coalesce(sum(c.customers) FILTER (WHERE c.kind = 'new'), 0)::bigint AS customers_new,
			coalesce(sum(c.amount) FILTER (WHERE c.kind = 'expansion'), 0) AS expansion, coalesce(sum(c.customers) FILTER (WHERE c.kind = 'expansion'), 0)::bigint AS expanded,
			coalesce(sum(c.amount) FILTER (WHERE c.kind = 'contraction'), 0) AS contraction, coalesce(sum(c.customers) FILTER (WHERE c.kind = 'contraction'), 0)::bigint AS contracted,
			coalesce(sum(c.amount) FILTER (WHERE c.kind = 'churn'), 0) AS churn, coalesce(sum(c.customers) FILTER (WHERE c.kind = 'churn'), 0)::bigint AS churned,
			coalesce(sum(c.amount) FILTER (WHERE c.kind = 'reactivation'), 0) AS reactivation, coalesce(sum(c.customers) FILTER (WHERE c.kind = 'reactivation'), 0)::bigint AS reactivated
		FROM mrr_changes(subscriptions_resolved(subscriptions), as_of, unit) AS c GROUP BY c.period
	), movements AS (
		SELECT k.period, k.next_period <= as_of + 1 AS complete, coalesce(t.new, 0) AS new, coalesce(t.expansion, 0) AS expansion,
			coalesce(t.contraction, 0) AS contraction, coalesce(t.churn, 0) AS churn, coalesce(t.reactivation, 0) AS reactivation,
			coalesce(t.customers_new, 0) AS customers_new, coalesce(t.expanded, 0) AS expanded, coalesce(t.contracted, 0) AS contracted,
			coalesce(t.churned, 0) AS churned, coalesce(t.reactivated, 0) AS reactivated
		FROM (SELECT min(t.period) AS first FROM totals AS t) AS f, LATERAL calendar_periods(f.first, as_of, unit) AS k LEFT JOIN totals AS t ON t.period = k.period
	), ends AS (
		SELECT m.*, sum(m.new + m.expansion - m.contraction - m.churn + m.reactivation) OVER w AS mrr,
			(sum(m.customers_new - m.churned + m.reactivated) OVER w)::bigint AS customers
		FROM movements AS m WINDOW w AS (ORDER BY m.period)
	)
	SELECT e.period, b.mrr, e.new, e.expansion, e.contraction, e.churn, e.reactivation, e.mrr, b.customers, e.customers_new, e.expanded, e.contracted, e.churned,
		e.reactivated, e.customers, CASE WHEN e.complete THEN (b.mrr - e.contraction - e.churn) / nullif(b.mrr, 0) END,
		CASE WHEN e.complete THEN (b.mrr + e.expansion - e.contraction - e.churn) / nullif(b.mrr, 0) END,
		CASE WHEN e.complete THEN proportion(e.churned, b.customers) END,
		CASE WHEN e.complete THEN (e.new + e.expansion + e.reactivation) / nullif(e.contraction + e.churn, 0) END, e.complete
	FROM ends AS e CROSS JOIN LATERAL (SELECT e.mrr - e.new - e.expansion + e.contraction + e.churn - e.reactivation AS mrr,
		e.customers - e.customers_new + e.churned - e.reactivated AS customers) AS b
	ORDER BY e.period;
END;
COMMENT ON FUNCTION mrr_movements(text, date, text) IS
'Movements of the monthly recurring revenue by month (or another unit), from a query of (customer, valid_from, valid_to, monthly_amount): the revenue of each customer at the end of a period against the end of the one before is new, expansion, contraction, churn or reactivation; gross retention (start - contraction - churn) / start, net retention with expansion, quick ratio (new + expansion + reactivation) / (contraction + churn), the share of customers who churned; these are NULL while the period is not over at as_of.';

CREATE TYPE renewal_rate AS (
	period date, due int8, renewed int8, not_renewed int8, pending int8, renewal_rate proportion, churn_rate proportion, complete boolean
);
COMMENT ON TYPE renewal_rate IS
'One period of contracts that came due in it: how many, how many were renewed, were not, can still be; and the rates of what is decided';

-- A contract that changes no day is none, or is not known yet; what cannot be one is an error.
CREATE FUNCTION renewal_rates_query(query text, as_of date, unit text, grace_days integer)
	RETURNS SETOF renewal_rate
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY EXECUTE format($query$SELECT d.period, count(*), count(*) FILTER (WHERE d.renewed), count(*) FILTER (WHERE NOT d.renewed), count(*) FILTER (WHERE d.renewed IS NULL),
	%2$s.proportion(d.renewed), %2$s.proportion(NOT d.renewed), bool_and(d.renewed IS NOT NULL AND d.over)
FROM (SELECT k.period, k.next_period <= $1 + 1 AS over, %2$s.renewed(s.valid_to, s.next_from, $1, $3) AS renewed
	FROM (SELECT s.valid_to, min(s.valid_from) OVER (PARTITION BY s.customer ORDER BY coalesce(s.valid_to, 'infinity') DESC
			GROUPS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS next_from
		FROM (%1$s) AS s (customer, valid_from, valid_to, monthly_amount)
		WHERE s.customer IS NOT NULL AND EXISTS (SELECT FROM %2$s.subscription_changes(s.valid_from, s.valid_to, s.monthly_amount, 'day', $1))) AS s,
		%2$s.calendar_periods(s.valid_to, s.valid_to, $2) AS k
	WHERE s.valid_to <= $1) AS d
GROUP BY d.period ORDER BY d.period$query$, query, @extschema@.base_extension_schema()) USING as_of, unit, grace_days;
END $$;
COMMENT ON FUNCTION renewal_rates_query(text, date, text, integer) IS
'Internal: the work of renewal_rates, over a query whose names are qualified.';

CREATE FUNCTION renewal_rates(subscriptions text, as_of date, unit text DEFAULT 'month', grace_days integer DEFAULT 0)
	RETURNS SETOF renewal_rate
	LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
	SELECT r.* FROM renewal_rates_query(subscriptions_resolved(subscriptions), as_of, unit, grace_days) AS r;
END;
COMMENT ON FUNCTION renewal_rates(text, date, text, integer) IS
'Renewals by period of the due date, from a query of (customer, valid_from, valid_to, monthly_amount): a contract is due on its valid_to, and renewed when one of the same customer that ends later begins by then or within grace_days after; until that day is over it is pending, and in neither rate; the churn rate is the rest of the renewal rate.';
