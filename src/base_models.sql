
-- Models in a base: fitted when asked, stored, and read by the views ------------------------------------

-- Where a model says 1 of everybody by construction, it says nothing of this one.
CREATE FUNCTION base_alive(model purchase_model, history purchase_history, as_of date) RETURNS double precision
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE WHEN model_name(model) = 'nbd' OR model_name(model) = 'bgnbd' AND repeat_days(history, as_of) = 0 THEN NULL
		ELSE probability_alive(model, history, as_of) END;
END;
COMMENT ON FUNCTION base_alive(purchase_model, purchase_history, date) IS
'probability_alive as the views of a customer base show it: NULL for nbd, and for bgnbd without a repeat purchase.';

-- What the views have in common. The models are looked up once in a query, and only if one of its columns needs them; a function in between
-- has the regression uncompressed once, not for every customer. Their trust is
-- that of the worse of both.
CREATE FUNCTION base_model_parts(options jsonb) RETURNS jsonb
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	options := options || jsonb_build_object(
		'models_trust', @extschema@.base_template($template$(SELECT d.trust FROM {schema}.models AS d WHERE d.is_default
		ORDER BY {ext}.trust_rank(d.trust) DESC, d.trust DESC LIMIT 1)$template$, options),
		'historic_value', @extschema@.base_template('(greatest(m.total, 0) * {margin})', options));
	options := jsonb_build_object('risk_day', '$1') || options;
	RETURN jsonb_build_object('models_trust', options -> 'models_trust', 'historic_value', options -> 'historic_value',
		'current_value', @extschema@.base_template('({ext}.total({ext}.slice(m.history, (m.as_of - interval ''1 year'')::date + 1, m.as_of + 1)) * {margin})', options),
		'model_values', @extschema@.base_template($template${ext}.base_alive(k.purchases, m.history, m.as_of) AS alive,
		{ext}.expected_purchases(k.purchases, m.history, m.as_of, interval '1 year') AS purchases,
		{ext}.expected_spend(k.spend, m.history, m.as_of) AS spend,
		{ext}.ltv(k.purchases, k.spend, m.history, m.as_of, interval '1 year', {yearly_discount}, {margin}) AS value, k.model, k.trust,
		CASE WHEN k.logistic IS NOT NULL THEN {ext}.churn_risk(k.logistic, m.history, m.as_of)
			WHEN k.trusted IS NOT NULL THEN {ext}.churn_risk(k.trusted, m.history, m.as_of, make_interval(days => k.horizon_days))
			ELSE {ext}.churn_risk(m.history, m.as_of, k.rhythm, make_interval(days => k.horizon_days)) END AS risk,
		CASE WHEN k.logistic IS NOT NULL THEN 'logistic' WHEN k.trusted IS NOT NULL THEN k.model ELSE 'own_rhythm' END AS method,
		{ext}.next_purchase(m.history, m.as_of, k.rhythm) AS next, k.horizon_days
	FROM (SELECT (SELECT d.purchases FROM {schema}.models AS d WHERE d.is_default AND d.purchases IS NOT NULL AND d.trust <> 'not_converged') AS purchases,
		(SELECT d.spend FROM {schema}.models AS d WHERE d.is_default AND d.spend IS NOT NULL AND d.trust <> 'not_converged') AS spend,
		(SELECT d.model FROM {schema}.models AS d WHERE d.is_default AND d.purchases IS NOT NULL) AS model,
		coalesce({models_trust}, 'no_model') AS trust,
		(SELECT d.purchases FROM {schema}.models AS d WHERE d.is_default AND d.purchases IS NOT NULL AND d.trust IN ('ok', 'small_sample')) AS trusted,
		(SELECT {ext}.shift_intercept(c.logistic, 0) FROM {schema}.churn_model AS c WHERE c.logistic_days = c.horizon_days AND {ext}.trust(c.logistic) IN ('ok', 'collinear')
			AND least({ext}.events(c.logistic), {ext}.observations(c.logistic) - {ext}.events(c.logistic)) >= 180) AS logistic,
		(SELECT {schema}.rhythm_at({risk_day})) AS rhythm, (SELECT c.horizon_days FROM {schema}.churn_model AS c) AS horizon_days OFFSET 0) AS k$template$, options));
END $$;
COMMENT ON FUNCTION base_model_parts(jsonb) IS
'Parts of the statements of a customer base''s views: the values of a customer by the stored models, and the trust of these.';

CREATE FUNCTION base_make_model_views(options jsonb) RETURNS void
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
COMMENT ON FUNCTION base_make_model_views(jsonb) IS
'Makes the views of models and values in the schema of a customer base.';

-- The work of fit_models. Nobody waits for a fit but another one: views read what was there before, until it is done.
CREATE FUNCTION base_fit_models(settings regclass, models text[])
	RETURNS TABLE (model text, is_default boolean, chosen_by text, trust text, customers bigint, repeat_customers bigint, log_likelihood double precision,
		aic double precision, holdout_actual bigint, holdout_predicted double precision, holdout_rmse double precision)
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	options jsonb := @extschema@.base_options(settings);
BEGIN
	options := options || @extschema@.base_model_parts(options)
		|| jsonb_build_object('histories', format('SELECT history FROM %s.summary_now', options ->> 'schema'),
			'digits', (SELECT m.digits FROM @extschema@.segment_maps() AS m WHERE m.map = options ->> 'segment_map'));
	EXECUTE @extschema@.base_template($template$
LOCK TABLE {schema}.models, {schema}.segment_values IN SHARE ROW EXCLUSIVE MODE;
DELETE FROM {schema}.models;
WITH fits AS MATERIALIZED (SELECT d.day, c.* FROM (SELECT {schema}.as_of() AS day) AS d,
	{ext}.models_compare({'histories'}, NULL, d.day, {'model_unit'}, $1) AS c)
INSERT INTO {schema}.models (model, purchases, spend, trust, is_default, chosen_by, spend_correlation, as_of, calibrated_until, held_out_until, holdout_trust,
	holdout_customers, holdout_actual, holdout_predicted, holdout_mae, holdout_rmse, holdout_correlation)
SELECT f.model, f.purchases, NULL, {ext}.trust(f.purchases), f.chosen_by IS NOT NULL, f.chosen_by, NULL, f.day, f.calibrated_until,
	CASE WHEN f.calibrated_until IS NOT NULL THEN f.held_out_until END, f.holdout_trust, f.holdout_customers, f.holdout_actual, f.holdout_predicted, f.holdout_mae,
	f.holdout_rmse, f.holdout_correlation
FROM fits AS f
UNION ALL
SELECT {ext}.model_name(f.spend), NULL, f.spend, {ext}.trust(f.spend), true, NULL, f.spend_correlation, f.day, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM fits AS f WHERE f.chosen_by IS NOT NULL;
DELETE FROM {schema}.segment_values;
INSERT INTO {schema}.segment_values ({tenant,} segment, customers, typical_value, as_of)
SELECT {m.tenant,} g.segment, count(*), percentile_disc(0.5) WITHIN GROUP (ORDER BY {current_value}), m.as_of
FROM {schema}.all_scored_at({schema}.as_of()) AS m JOIN {schema}.segment_map AS g ON g.code = left(m.rfm::text, {digits})
WHERE m.last_purchase IS NOT NULL GROUP BY {m.tenant,} g.segment, m.as_of;
ANALYZE {schema}.models; ANALYZE {schema}.segment_values$template$, options) USING models;
	PERFORM @extschema@.base_fit_churn(options);
	RETURN QUERY EXECUTE @extschema@.base_template($template$
SELECT f.model, f.is_default, f.chosen_by, f.trust, f.customers, f.repeat_customers, f.log_likelihood, f.aic, f.holdout_actual, f.holdout_predicted, f.holdout_rmse
FROM {schema}.model_fit AS f ORDER BY f.model = 'gamma_gamma', NOT f.is_default, f.holdout_rmse, f.aic$template$, options);
END $$;
COMMENT ON FUNCTION base_fit_models(regclass, text[]) IS
'The work of fit_models, with the caller''s rights.';

CREATE FUNCTION fit_models(base text, models text[] DEFAULT '{bgnbd,mbgnbd,pareto_nbd,nbd}')
	RETURNS TABLE (model text, is_default boolean, chosen_by text, trust text, customers bigint, repeat_customers bigint, log_likelihood double precision,
		aic double precision, holdout_actual bigint, holdout_predicted double precision, holdout_rmse double precision)
	AS 'MODULE_PATHNAME', 'fit_models' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION fit_models(text, text[]) IS
'Fits purchase models and Gamma-Gamma on a customer base as of its day, judges them by a holdout, and stores them for its views with the default one marked; a model named alone is the default; for members of the base''s owner, whose rights it uses.';
