
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
	RETURNS TABLE (month date, spend numeric, new_customers bigint, cac numeric, historic_value numeric, ltv numeric, ltv_to_cac numeric, payback_months integer)
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
), won AS MATERIALIZED (
	SELECT date_trunc('month', c.first_purchase)::date AS month, c.first_purchase, c.historic_value, c.total_value, c.as_of, h.history
	FROM {schema}.customers AS c JOIN {schema}.histories AS h ON {h=c} WHERE date_trunc('month', c.first_purchase) IN (SELECT s.month FROM spent AS s)
), cost AS (
	SELECT s.month, s.spend, coalesce(w.customers, 0) AS customers, {ext}.acquisition_cost(s.spend, w.customers) AS cac, w.historic, w.total
	FROM spent AS s LEFT JOIN (SELECT w.month, count(*) AS customers, avg(w.historic_value) AS historic, avg(w.total_value) AS total FROM won AS w GROUP BY w.month) AS w
		ON w.month = s.month
), earned AS (
	SELECT w.month, greatest(floor((d.day - w.first_purchase) * 12 / 365.25)::integer, 0) AS age, sum(d.gross - d.refunded) * {margin} AS value
	FROM won AS w, LATERAL {ext}.days(w.history) AS d WHERE d.day <= w.as_of GROUP BY 1, 2
), paid AS (
	SELECT e.month, e.age, sum(e.value) OVER (PARTITION BY e.month ORDER BY e.age) / c.customers >= c.cac AS back FROM earned AS e JOIN cost AS c ON c.month = e.month
)
SELECT c.month, round(c.spend, 2), c.customers, round(c.cac, 2), round(c.historic, 2), round(c.total, 2), round({ext}.ltv_to_cac(c.total, c.cac), 2),
	(SELECT min(p.age) + 1 FROM paid AS p WHERE p.month = c.month AND p.back)
FROM cost AS c
ORDER BY c.month$template$, options);
END $$;
COMMENT ON FUNCTION base_economics(text, text, oid, text, text, text) IS
'The work of acquisition_economics.';

CREATE FUNCTION acquisition_economics(base text, spend_table text, spent_on text DEFAULT 'month', amount text DEFAULT 'spend')
	RETURNS TABLE (month date, spend numeric, new_customers bigint, cac numeric, historic_value numeric, ltv numeric, ltv_to_cac numeric, payback_months integer)
	LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
	SELECT e.* FROM base_economics(base, spend_table, pg_catalog.to_regclass(spend_table)::oid, spent_on, amount, pg_catalog.current_setting('search_path')) AS e;
END;
COMMENT ON FUNCTION acquisition_economics(text, text, text, text) IS
'Each month of a table of acquisition spend, whose day and amount are columns or expressions: new customers of the base (first purchases), what each cost, what they have brought on average, what they will have brought with the next 12 months (NULL without models), that by the cost, and in which month after the first purchase they had brought the cost on average (1 is the first; NULL: not yet).';
