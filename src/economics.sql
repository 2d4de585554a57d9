
-- The economics of winning customers ------------------------------------------------------------------

CREATE FUNCTION acquisition_cost(spend numeric, new_customers bigint) RETURNS numeric
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN spend OPERATOR(pg_catalog./) nullif(greatest(new_customers, 0), 0)::numeric;
COMMENT ON FUNCTION acquisition_cost(numeric, bigint) IS
'What it cost to win a customer (CAC): spend by new customers; NULL where nobody came.';

CREATE FUNCTION ltv_to_cac(ltv numeric, cac numeric) RETURNS numeric
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE WHEN cac OPERATOR(pg_catalog.>) 0 THEN ltv OPERATOR(pg_catalog./) cac END;
COMMENT ON FUNCTION ltv_to_cac(numeric, numeric) IS
'Lifetime value by acquisition cost; NULL where customers cost nothing. Below 1 a customer costs more than it brings.';

CREATE FUNCTION payback_months(cac numeric, monthly_margin numeric) RETURNS numeric
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE WHEN monthly_margin OPERATOR(pg_catalog.>) 0 THEN cac OPERATOR(pg_catalog./) monthly_margin END;
COMMENT ON FUNCTION payback_months(numeric, numeric) IS
'Months until a customer has brought what it cost: acquisition cost by the margin of a month; NULL where there is no margin above 0, for then it never does.';

CREATE FUNCTION base_economics(base text, spend_table text, spend_oid oid, spent_on text, amount text, path text)
	RETURNS TABLE (month date, spend numeric, new_customers bigint, cac numeric, historic_value numeric, ltv numeric, ltv_to_cac numeric, payback_months numeric)
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	options jsonb := @extschema@.base_options(@extschema@.base_settings(base));
BEGIN
	options := options || jsonb_build_object('spend_table', @extschema@.base_relation('spend_table', spend_table, spend_oid));
	options := options || jsonb_build_object('day_sql', (@extschema@.base_expression(spend_oid, 'spent_on', spent_on, path)).sql,
		'spend_sql', (@extschema@.base_expression(spend_oid, 'amount', amount, path)).sql);
	RETURN QUERY EXECUTE @extschema@.base_template($template$
WITH spent AS (
	SELECT date_trunc('month', {day_sql})::date AS month, sum({spend_sql})::numeric AS spend FROM {spend_table} AS s WHERE {day_sql} IS NOT NULL GROUP BY 1
), won AS (
	SELECT date_trunc('month', c.first_purchase)::date AS month, count(*) AS customers, avg(c.historic_value) AS historic, avg(c.total_value) AS total,
		sum(c.historic_value) / nullif(sum(c.tenure_days), 0) * 365.25 / 12 AS monthly
	FROM {schema}.customers AS c WHERE c.first_purchase IS NOT NULL GROUP BY 1
)
SELECT s.month, round(s.spend, 2), coalesce(w.customers, 0), round(e.cac, 2), round(w.historic, 2), round(w.total, 2), round({ext}.ltv_to_cac(w.total, e.cac), 2),
	round({ext}.payback_months(e.cac, w.monthly), 1)
FROM spent AS s LEFT JOIN won AS w ON w.month = s.month CROSS JOIN LATERAL (SELECT {ext}.acquisition_cost(s.spend, w.customers) AS cac) AS e
ORDER BY s.month$template$, options);
END $$;
COMMENT ON FUNCTION base_economics(text, text, oid, text, text, text) IS
'The work of acquisition_economics.';

CREATE FUNCTION acquisition_economics(base text, spend_table text, spent_on text DEFAULT 'month', amount text DEFAULT 'spend')
	RETURNS TABLE (month date, spend numeric, new_customers bigint, cac numeric, historic_value numeric, ltv numeric, ltv_to_cac numeric, payback_months numeric)
	LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
	SELECT e.* FROM base_economics(base, spend_table, pg_catalog.to_regclass(spend_table)::oid, spent_on, amount, pg_catalog.current_setting('search_path')) AS e;
END;
COMMENT ON FUNCTION acquisition_economics(text, text, text, text) IS
'Each month of a table of acquisition spend, whose day and amount are columns or expressions: new customers of the base (first purchases), what each cost, what they have brought on average, what they will have brought with the next 12 months (NULL without models), that by the cost, and the months of the average margin so far that the cost takes.';
