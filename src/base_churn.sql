
-- Churn in a base: what risks are computed from, the view, and the log of the customers that matter ----------

CREATE FUNCTION base_make_churn_tables(options jsonb) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	EXECUTE @extschema@.base_template($template$
CREATE TABLE {schema}.churn_model (one boolean PRIMARY KEY DEFAULT true CHECK (one), horizon_days integer NOT NULL DEFAULT 90 CHECK (horizon_days BETWEEN 1 AND 3650),
	rhythm {ext}.population_rhythm, rhythm_as_of date, logistic {ext}.logistic_model, logistic_days integer, logistic_as_of date, fitted_on date, fitted_days integer,
	fitted_at timestamptz, logged_on date);
INSERT INTO {schema}.churn_model DEFAULT VALUES;
COMMENT ON TABLE {schema}.churn_model IS 'What the risks of churn are computed from: the rhythm of the population, renewed with the cut points, and the logistic regression of the last fit_models, for a horizon of logistic_days. The column horizon_days is yours to edit; call fit_models after it.';

CREATE TABLE {schema}.churn_changes (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, {tenant_column}customer {customer_type} NOT NULL,
	from_band text, to_band text, risk double precision, revenue_at_risk numeric(38,2), changed_on date NOT NULL, recorded_at timestamptz NOT NULL DEFAULT now());
CREATE INDEX churn_changes_key ON {schema}.churn_changes ({key});
COMMENT ON TABLE {schema}.churn_changes IS 'Customers of ABC class A who came into the high band of risk or left it, as advance_customer_base found them: rows are only added. from_band is where the row before ended, empty in the first one of a customer; to_band is empty where the customer is not of class A any more.'$template$,
		options || jsonb_build_object('tenant_column', CASE WHEN options ->> 'tenant_sql' IS NULL THEN '' ELSE format('tenant %s, ', options ->> 'tenant_type') END));
END $$;
COMMENT ON FUNCTION base_make_churn_tables(jsonb) IS
'Makes the tables of churn in the schema of a customer base.';

-- Parts of the statements of views. Satisfaction is that of surveys of kind csat; complaints are those of half a year.
CREATE FUNCTION base_churn_parts(options jsonb) RETURNS jsonb
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN jsonb_build_object('reasons', @extschema@.base_template($template$array_to_string({ext}.churn_reasons(m.history, m.as_of, {'population_gap'}::double precision,
		{last_satisfaction}, {satisfaction_before}, CASE WHEN EXISTS (SELECT FROM {schema}.surveys AS y WHERE y.kind = 'complaint') THEN
			(SELECT sum(a.answers) FROM {schema}.answers AS a WHERE {a=m} AND a.survey = ANY (ARRAY(SELECT y.id FROM {schema}.surveys AS y WHERE y.kind = 'complaint'))
				AND a.problem IS NULL AND a.answered_at < m.as_of + 1 AND a.answered_at >= m.as_of - 180) END, language => {'language'}), '; ')$template$,
		options || jsonb_build_object('population_gap', substring(options ->> 'policy' FROM 'population_gap ([0-9.]+)'),
			'last_satisfaction', @extschema@.base_last_answer(options, 'csat'), 'satisfaction_before', @extschema@.base_last_answer(options, 'csat', 1))));
END $$;
COMMENT ON FUNCTION base_churn_parts(jsonb) IS
'Parts of the statements of a customer base''s views: why a customer may leave.';

-- STRICT keeps it from being inlined, so that it is called once in a query, and for a day before the stored one counts anew.
CREATE FUNCTION base_make_rhythm(options jsonb) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM @extschema@.base_make_function(options, 'rhythm_at(day date)', '{ext}.population_rhythm', $template$
SELECT CASE WHEN $1 >= c.rhythm_as_of THEN c.rhythm ELSE (SELECT {ext}.population_rhythm(m.history, $1) FROM {schema}.summary_now AS m) END FROM {schema}.churn_model AS c$template$,
		'STABLE STRICT PARALLEL SAFE');
	EXECUTE @extschema@.base_template('COMMENT ON FUNCTION {schema}.rhythm_at(date) IS ''The rhythm of the population to compute risks from on a day: the stored one, or for an earlier day that of its population.''', options);
END $$;
COMMENT ON FUNCTION base_make_rhythm(jsonb) IS
'Makes the function of a customer base that gives the rhythm of its population.';

CREATE FUNCTION base_make_churn_views(options jsonb) RETURNS void
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
COMMENT ON FUNCTION base_make_churn_views(jsonb) IS
'Makes the views of churn in the schema of a customer base.';

CREATE FUNCTION base_renew_rhythm(options jsonb) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
	day date;
BEGIN
	EXECUTE format('SELECT %s.as_of()', options ->> 'schema') INTO day;
	EXECUTE @extschema@.base_template('UPDATE {schema}.churn_model SET rhythm = (SELECT {ext}.population_rhythm(m.history, $1) FROM {schema}.summary_now AS m), rhythm_as_of = $1', options) USING day;
END $$;
COMMENT ON FUNCTION base_renew_rhythm(jsonb) IS
'Renews the rhythm of the population of a customer base.';

CREATE FUNCTION base_fit_churn(options jsonb) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	EXECUTE @extschema@.base_template($template$
UPDATE {schema}.churn_model AS c SET (rhythm, rhythm_as_of, logistic, logistic_days, logistic_as_of, fitted_on, fitted_days, fitted_at)
	= (SELECT f.rhythm, d.day, f.model, c.horizon_days, d.day, f.fitted_on, f.fitted_days, clock_timestamp()
		FROM (SELECT {schema}.as_of() AS day) AS d CROSS JOIN LATERAL {ext}.churn_fit_query({'histories'}, d.day, c.horizon_days) AS f);
ANALYZE {schema}.churn_model$template$, options);
END $$;
COMMENT ON FUNCTION base_fit_churn(jsonb) IS
'Fits the logistic regression of churn of a customer base, as a part of fit_models.';

-- Once a day: customers of value who are in the high band now and were not by the log, and those who were and are not.
CREATE FUNCTION base_log_churn(options jsonb) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
DECLARE
	day date;
BEGIN
	EXECUTE @extschema@.base_template('UPDATE {schema}.churn_model SET logged_on = {schema}.as_of() WHERE logged_on < {schema}.as_of() OR logged_on IS NULL RETURNING logged_on', options) INTO day;
	IF day IS NULL THEN
		RETURN;
	END IF;
	options := options || jsonb_build_object('risk_day', quote_literal(day) || '::date');
	EXECUTE @extschema@.base_template($template$
WITH now AS MATERIALIZED (
	SELECT {m.tenant,} m.customer, {ext}.churn_band(v.risk) AS band, v.risk, {ext}.revenue_at_risk(coalesce(v.value, {current_value}), v.risk) AS revenue_at_risk
	FROM {schema}.all_scored_at({risk_day}) AS m CROSS JOIN LATERAL (SELECT {model_values} OFFSET 0) AS v
	WHERE m.abc = 'A'
), before AS MATERIALIZED (
	SELECT DISTINCT ON ({key}) {key}, to_band FROM {schema}.churn_changes ORDER BY {key}, id DESC
)
INSERT INTO {schema}.churn_changes ({key}, from_band, to_band, risk, revenue_at_risk, changed_on)
SELECT [[tenant_sql:coalesce(m.tenant, b.tenant), ]]coalesce(m.customer, b.customer), b.to_band, m.band, m.risk, m.revenue_at_risk, {risk_day}
FROM now AS m FULL JOIN before AS b ON {b=m}
WHERE coalesce(m.band = 'high', false) <> coalesce(b.to_band = 'high', false)
ORDER BY [[tenant_sql:1, 2]][[!tenant_sql:1]]$template$, options || @extschema@.base_model_parts(options));
END $$;
COMMENT ON FUNCTION base_log_churn(jsonb) IS
'Logs the customers of ABC class A of a customer base that came into the high band of risk or left it, as a part of advance_customer_base; to_band NULL: no longer in that class.';
