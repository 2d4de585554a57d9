
-- Retention of the histories of a customer base, or of a query -------------------------------------------

CREATE FUNCTION cohorts_of(query text, as_of date, unit text, rolling_days integer) RETURNS cohort_total[]
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	cohorts @extschema@.cohort_total[];
BEGIN
	EXECUTE format('SELECT %s.cohort_totals(h.history, $1, $2, $3) FROM (%s) AS h (history)', @extschema@.base_extension_schema(), query)
		INTO cohorts USING unit, as_of, rolling_days;
	RETURN cohorts;
END $$;
COMMENT ON FUNCTION cohorts_of(text, date, text, integer) IS
'Internal: the cohorts of the histories of a query whose names are qualified.';

CREATE FUNCTION cohort_retention(histories text, as_of date, unit text DEFAULT 'month', rolling_days integer DEFAULT NULL,
	unbounded boolean DEFAULT false, history_starts date DEFAULT NULL)
	RETURNS TABLE (cohort date, period integer, cohort_size bigint, customers bigint, retention numeric, revenue numeric, complete boolean)
	LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
	SELECT c.cohort, c.period, c.cohort_size, v.customers, CASE WHEN v.complete THEN v.customers::numeric / c.cohort_size END, c.gross - c.refunded, v.complete
	FROM unnest(cohorts_of(histories_query(histories), as_of, unit, rolling_days)) AS c
		CROSS JOIN LATERAL (SELECT CASE WHEN unbounded THEN c.customers_or_later ELSE c.customers END AS customers,
			c.complete AND c.cohort >= coalesce(history_starts, c.cohort) AS complete) AS v;
END;
COMMENT ON FUNCTION cohort_retention(text, date, text, integer, boolean, date) IS
'Retention by cohort, of the histories of a customer base or of a query: of those whose first purchase was in a period, how many bought in each period from it on, or, unbounded, in it or later; periods of the calendar, or of rolling_days days since the first purchase of each; while a period is not over at as_of, and in cohorts that begin before history_starts, retention is NULL and complete false.';

CREATE FUNCTION cohort_revenue(histories text, as_of date, unit text DEFAULT 'month', rolling_days integer DEFAULT NULL, history_starts date DEFAULT NULL)
	RETURNS TABLE (cohort date, period integer, cohort_size bigint, orders bigint, revenue numeric, revenue_retention numeric,
		cumulative_revenue numeric, cumulative_per_customer numeric, complete boolean)
	LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
	SELECT r.cohort, r.period, r.cohort_size, r.orders, r.revenue,
		CASE WHEN r.complete AND r.first_revenue > 0 THEN r.revenue / r.first_revenue END, r.cumulative,
		CASE WHEN r.complete THEN r.cumulative / r.cohort_size END, r.complete
	FROM (SELECT c.cohort, c.period, c.cohort_size, c.orders, c.gross - c.refunded AS revenue,
			first_value(c.gross - c.refunded) OVER w AS first_revenue, sum(c.gross - c.refunded) OVER w AS cumulative,
			c.complete AND c.cohort >= coalesce(history_starts, c.cohort) AS complete
		FROM unnest(cohorts_of(histories_query(histories), as_of, unit, rolling_days)) AS c
		WINDOW w AS (PARTITION BY c.cohort ORDER BY c.period)) AS r;
END;
COMMENT ON FUNCTION cohort_revenue(text, date, text, integer, date) IS
'What cohorts bring: orders and net revenue in each period from that of the first purchase on, revenue as a share of that of the first period, and summed up, also for each customer of the cohort; arguments as for cohort_retention; shares and means of periods that are not complete are NULL.';

CREATE FUNCTION period_rates_query(query text, as_of date, unit text, count_by text, policy lifecycle_policy, history_starts date)
	RETURNS SETOF period_rate
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY EXECUTE format('SELECT r.* FROM (SELECT %s.period_totals(h.history, $1, $2, $3) AS totals, %1$s.churn_totals(h.history, $1, $2, $4) AS churn
		FROM (%s) AS h (history)) AS t, %1$s.period_rates_of(t.totals, t.churn, $1, $2, $5) AS r ORDER BY r.period',
		@extschema@.base_extension_schema(), query) USING unit, as_of, count_by, policy, history_starts;
END $$;
COMMENT ON FUNCTION period_rates_query(text, date, text, text, lifecycle_policy, date) IS
'Internal: the work of period_rates, over a query whose names are qualified.';

CREATE FUNCTION period_rates(histories text, as_of date, unit text DEFAULT 'month', count_by text DEFAULT 'days',
	policy lifecycle_policy DEFAULT 'retail', history_starts date DEFAULT NULL)
	RETURNS SETOF period_rate
	LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
	SELECT r.* FROM period_rates_query(histories_query(histories), as_of, unit, count_by, policy, history_starts) AS r;
END;
COMMENT ON FUNCTION period_rates(text, date, text, text, lifecycle_policy, date) IS
'Period by period, of the histories of a customer base or of a query: customers active, new, returning, reactivated (resurrected), lost (active in the period before, not in this) and in all; as mergeable proportions the repeat rate (bought twice of bought), loss rate (lost of active before), reactivation rate (of those who had bought, but not in the period before), churn rate (entered the stage churned of customers at the start who had not) and win-back rate (of churned at the start); stickiness: active days of active customers / all their days; rates are NULL while the period is not over.';

CREATE FUNCTION stickiness_query(query text, from_day date, to_day date, unit text)
	RETURNS TABLE (active_periods integer, customers bigint, share numeric)
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY EXECUTE format('SELECT a.periods, count(*), count(*) / sum(count(*)) OVER ()
		FROM (SELECT %s.active_periods(h.history, $1, $2, $3) AS periods FROM (%s) AS h (history)) AS a WHERE a.periods > 0 GROUP BY 1 ORDER BY 1',
		@extschema@.base_extension_schema(), query) USING from_day, to_day, unit;
END $$;
COMMENT ON FUNCTION stickiness_query(text, date, date, text) IS
'Internal: the work of stickiness, over a query whose names are qualified.';

CREATE FUNCTION stickiness(histories text, from_day date, to_day date, unit text DEFAULT 'day')
	RETURNS TABLE (active_periods integer, customers bigint, share numeric)
	LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
	SELECT s.* FROM stickiness_query(histories_query(histories), from_day, to_day, unit) AS s;
END;
COMMENT ON FUNCTION stickiness(text, date, date, text) IS
'How many customers of a base, or of a query of histories, bought in one period, in two, in three … from from_day to before to_day, with their shares of all who did.';
