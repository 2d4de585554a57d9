
-- Judging purchase models: fitted on the past, compared with what followed ------------------------------

CREATE FUNCTION histories_resolved(query text) RETURNS text
	AS 'MODULE_PATHNAME', 'histories_resolved' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION histories_resolved(text) IS
'Internal: a query with one column of type purchase_history, with every name qualified as the present search path has it; anything else is an error.';

CREATE FUNCTION histories_of_base(base text) RETURNS text
	LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN format('SELECT history FROM %s.histories', (SELECT relnamespace::regnamespace FROM pg_class WHERE oid = @extschema@.base_settings(base)));
END $$;
COMMENT ON FUNCTION histories_of_base(text) IS
'Internal: the query for the histories of a customer base; an unknown base is an error.';

CREATE FUNCTION histories_query(histories text) RETURNS text
	LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE WHEN histories ~* '^\s*(\(|(select|with|values|table)\s)' THEN histories_resolved(histories) ELSE histories_of_base(histories) END;
END;
COMMENT ON FUNCTION histories_query(text) IS
'Internal: the query that an argument "histories" means: itself if it begins with SELECT, WITH, VALUES, TABLE or a parenthesis, else that of the customer base of that name.';

CREATE FUNCTION model_title(model text) RETURNS text
	AS 'MODULE_PATHNAME', 'model_title_of' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION model_title(text) IS
'Internal: a model as papers write its name: BG/NBD for bgnbd.';

-- Trust, from what is best to what is worst; fewer data are no reason to prefer another model.
CREATE FUNCTION trust_rank(trust text) RETURNS integer
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE trust WHEN 'ok' THEN 1 WHEN 'given' THEN 1 WHEN 'small_sample' THEN 1 WHEN 'not_identified' THEN 2 WHEN 'not_converged' THEN 3 ELSE 4 END;
END;
COMMENT ON FUNCTION trust_rank(text) IS
'Internal: 1: the model can be used (ok, given, small_sample), 2: not_identified, 3: not_converged, 4: there is nothing to use.';

-- All fits in one pass over the histories: the aggregates share one state.
CREATE FUNCTION models_fit(query text, models text[], as_of date, unit text, OUT purchases purchase_model[], OUT spend spend_model,
	OUT spend_correlation double precision)
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	ext text := @extschema@.base_extension_schema();
	unknown text := (SELECT m FROM unnest(models) AS m WHERE m NOT IN ('bgnbd', 'mbgnbd', 'pareto_nbd', 'nbd') OR m IS NULL LIMIT 1);
BEGIN
	IF unknown IS NOT NULL OR cardinality(models) = 0 OR array_position(models, NULL) IS NOT NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('models cannot be %L', models::text),
			HINT = 'Give one or more of bgnbd, mbgnbd, pareto_nbd, nbd.';
	END IF;
	EXECUTE format('SELECT ARRAY[%s], %s.gamma_gamma_fit(h.history, $1), corr(%2$s.repeat_days(h.history, $1), %2$s.repeat_spend(h.history, $1)::float8)
			FILTER (WHERE %2$s.repeat_spend(h.history, $1) > 0)
		FROM (%s) AS h (history)', (SELECT string_agg(format('%s.%I(h.history, $1, $2)', ext, m || '_fit'), ', ' ORDER BY n) FROM unnest(models) WITH ORDINALITY AS m (m, n)),
		ext, query) INTO purchases, spend, spend_correlation USING as_of, unit;
END $$;
COMMENT ON FUNCTION models_fit(text, text[], date, text) IS
'Internal: purchase models, Gamma-Gamma and the correlation of x and m_x, all of the histories of a query as of a day.';

-- It is inlined, so that what forecasts of many customers have in common is kept between rows; OFFSET 0 has each computed once.
CREATE FUNCTION model_forecast(model purchase_model, spend spend_model, history purchase_history, calibration_end date, holdout_end date)
	RETURNS TABLE (x integer, actual integer, predicted double precision, spend_actual numeric, spend_predicted double precision)
	LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
	SELECT f.x, repeat_days(history, holdout_end) - f.x, f.predicted, total(slice(history, calibration_end + 1, holdout_end + 1)),
		f.predicted * expected_spend(spend, history, calibration_end)
	FROM (SELECT repeat_days(history, calibration_end) AS x,
		expected_purchases(model, history, calibration_end, make_interval(days => holdout_end - calibration_end)) AS predicted OFFSET 0) AS f
	WHERE f.x IS NOT NULL;
END;
COMMENT ON FUNCTION model_forecast(purchase_model, spend_model, purchase_history, date, date) IS
'Internal: what models make of a customer from one day for the time until another one, and what came; no row for who had not bought yet.';

CREATE FUNCTION model_holdout(query text, model purchase_model, spend spend_model, calibration_end date, holdout_end date, by_frequency boolean)
	RETURNS TABLE (x integer, customers bigint, actual bigint, predicted double precision, mae double precision, rmse double precision,
		correlation double precision, spend_actual numeric, spend_predicted double precision, spend_mae double precision)
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY EXECUTE format('SELECT %s, count(*), sum(f.actual), sum(f.predicted), avg(abs(f.predicted - f.actual)), sqrt(avg((f.predicted - f.actual) ^ 2)),
			corr(f.predicted, f.actual), sum(f.spend_actual), sum(f.spend_predicted), avg(abs(f.spend_predicted - f.spend_actual::float8))
		FROM (%s) AS h (history) CROSS JOIN LATERAL %s.model_forecast($1, $2, h.history, $3, $4) AS f%s',
		CASE WHEN by_frequency THEN 'least(f.x, 7)' ELSE 'NULL::integer' END, query, @extschema@.base_extension_schema(),
		CASE WHEN by_frequency THEN ' GROUP BY 1 ORDER BY 1' ELSE '' END) USING model, spend, calibration_end, holdout_end;
END $$;
COMMENT ON FUNCTION model_holdout(text, purchase_model, spend_model, date, date, boolean) IS
'Internal: forecasts of one model for the customers of a query, compared with what came; by frequency: by x, of which 7 is 7 or more.';

CREATE FUNCTION models_check_days(calibration_end date, holdout_end date) RETURNS void
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT isfinite(calibration_end) OR NOT isfinite(holdout_end) OR calibration_end >= holdout_end THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = format('the calibration cannot end on %s and the holdout on %s', calibration_end, holdout_end),
			HINT = 'Models are fitted on all until calibration_end, and judged by what follows until holdout_end, a later day.';
	END IF;
END $$;
COMMENT ON FUNCTION models_check_days(date, date) IS
'Internal: raises an error unless the holdout ends after the calibration.';

CREATE FUNCTION models_holdout(query text, calibration_end date, holdout_end date, unit text, models text[])
	RETURNS TABLE (model text, customers bigint, actual bigint, predicted double precision, mae double precision, rmse double precision,
		correlation double precision, spend_actual numeric, spend_predicted double precision, spend_mae double precision,
		log_likelihood double precision, aic double precision, trust text, purchases purchase_model, spend spend_model)
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	fits record;
	fit @extschema@.purchase_model;
BEGIN
	PERFORM @extschema@.models_check_days(calibration_end, holdout_end);
	fits := @extschema@.models_fit(query, models, calibration_end, unit);
	FOREACH fit IN ARRAY fits.purchases LOOP
		RETURN QUERY SELECT @extschema@.model_name(fit), h.customers, h.actual, h.predicted, h.mae, h.rmse, h.correlation, h.spend_actual, h.spend_predicted, h.spend_mae,
				@extschema@.log_likelihood(fit), @extschema@.aic(fit), @extschema@.trust(fit), fit, fits.spend
			FROM @extschema@.model_holdout(query, fit, fits.spend, calibration_end, holdout_end, false) AS h;
	END LOOP;
END $$;
COMMENT ON FUNCTION models_holdout(text, date, date, text, text[]) IS
'Internal: the work of holdout_test, over a query whose names are qualified.';

CREATE FUNCTION models_holdout_by_frequency(query text, calibration_end date, holdout_end date, unit text, models text[])
	RETURNS TABLE (model text, x integer, customers bigint, actual_mean double precision, predicted_mean double precision)
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	fits record;
	fit @extschema@.purchase_model;
BEGIN
	PERFORM @extschema@.models_check_days(calibration_end, holdout_end);
	fits := @extschema@.models_fit(query, models, calibration_end, unit);
	FOREACH fit IN ARRAY fits.purchases LOOP
		RETURN QUERY SELECT @extschema@.model_name(fit), h.x, h.customers, h.actual::float8 / h.customers, h.predicted / h.customers
			FROM @extschema@.model_holdout(query, fit, fits.spend, calibration_end, holdout_end, true) AS h;
	END LOOP;
END $$;
COMMENT ON FUNCTION models_holdout_by_frequency(text, date, date, text, text[]) IS
'Internal: the work of holdout_by_frequency, over a query whose names are qualified.';

CREATE FUNCTION holdout_test(histories text, calibration_end date, holdout_end date, unit text DEFAULT 'week',
	models text[] DEFAULT '{bgnbd,mbgnbd,pareto_nbd,nbd}')
	RETURNS TABLE (model text, customers bigint, actual bigint, predicted double precision, mae double precision, rmse double precision,
		correlation double precision, spend_actual numeric, spend_predicted double precision, spend_mae double precision,
		log_likelihood double precision, aic double precision, trust text, purchases purchase_model, spend spend_model)
	LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
	SELECT h.* FROM models_holdout(histories_query(histories), calibration_end, holdout_end, unit, models) AS h;
END;
COMMENT ON FUNCTION holdout_test(text, date, date, text, text[]) IS
'Fits models on the histories of a customer base, or of a query, until calibration_end, forecasts each customer until holdout_end and compares with what came: purchase days in all, mean absolute and root mean squared error by customer, correlation, and the same of spend.';

CREATE FUNCTION holdout_by_frequency(histories text, calibration_end date, holdout_end date, unit text DEFAULT 'week',
	models text[] DEFAULT '{bgnbd,mbgnbd,pareto_nbd,nbd}')
	RETURNS TABLE (model text, x integer, customers bigint, actual_mean double precision, predicted_mean double precision)
	LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
	SELECT h.* FROM models_holdout_by_frequency(histories_query(histories), calibration_end, holdout_end, unit, models) AS h;
END;
COMMENT ON FUNCTION holdout_by_frequency(text, date, date, text, text[]) IS
'The forecasts of holdout_test by the repeat purchase days x until calibration_end, where 7 is 7 or more: how many customers, and their purchase days in the holdout on average, as they came and as predicted.';

-- Which customers came on which day is all that the expectation needs, so it is computed once for each day.
CREATE FUNCTION model_tracking(query text, model purchase_model, until date)
	RETURNS TABLE (period integer, period_end date, actual bigint, expected double precision, actual_total bigint, expected_total double precision)
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	length float8 := @extschema@.unit_days(model);
BEGIN
	RETURN QUERY EXECUTE format($query$
WITH bought AS MATERIALIZED (
	SELECT d.day, d.day = h.first AS first, count(*) AS customers
	FROM (SELECT h.history, %2$s.first_purchase(h.history) AS first FROM (%1$s) AS h (history) OFFSET 0) AS h, LATERAL %2$s.days(h.history) AS d
	WHERE h.first <= $2 AND d.day <= $2 AND d.orders > 0
	GROUP BY 1, 2
), periods AS (
	SELECT p.period, f.first + floor(p.period * $3)::integer - 1 AS period_end
	FROM (SELECT min(day) AS first FROM bought) AS f, generate_series(1, floor(($2 - f.first + 1) / $3)::integer) AS p (period)
), totals AS (
	SELECT p.period, p.period_end, coalesce((SELECT sum(b.customers) FROM bought AS b WHERE NOT b.first AND b.day <= p.period_end), 0)::bigint AS actual,
		(SELECT sum(b.customers * %2$s.expected_purchases($1, (p.period_end - b.day) / $3)) FROM bought AS b WHERE b.first AND b.day <= p.period_end) AS expected
	FROM periods AS p
)
SELECT t.period, t.period_end, t.actual - lag(t.actual, 1, 0::bigint) OVER w, t.expected - lag(t.expected, 1, 0::float8) OVER w, t.actual, t.expected
FROM totals AS t WINDOW w AS (ORDER BY t.period) ORDER BY t.period$query$, query, @extschema@.base_extension_schema()) USING model, until, length;
END $$;
COMMENT ON FUNCTION model_tracking(text, purchase_model, date) IS
'Internal: the work of tracking_curve, over a query whose names are qualified.';

CREATE FUNCTION tracking_curve(histories text, model purchase_model, until date)
	RETURNS TABLE (period integer, period_end date, actual bigint, expected double precision, actual_total bigint, expected_total double precision)
	LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
	SELECT t.* FROM model_tracking(histories_query(histories), model, until) AS t;
END;
COMMENT ON FUNCTION tracking_curve(text, purchase_model, date) IS
'Repeat purchase days in each whole period of the model''s unit since the first purchase of all, as they came and as a model expects them of all customers from their first purchases on; also summed up.';

-- The model to recommend can be trusted, is not NBD unless there is nothing else, and forecasts customers best. Where the data do not tell the
-- parameters of the others, and these all the same forecast clearly better than NBD, none is recommended, and the best of them is there by default.
CREATE FUNCTION models_compare(query text, calibration_end date, holdout_end date, unit text, models text[])
	RETURNS TABLE (model text, recommended boolean, chosen_by text, purchases purchase_model, spend spend_model, spend_correlation double precision,
		calibrated_until date, held_out_until date, holdout_trust text, holdout_customers bigint, holdout_actual bigint, holdout_predicted double precision,
		holdout_mae double precision, holdout_rmse double precision, holdout_correlation double precision)
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	first date;
	last date;
	until date;
	calibrated date;
	fits record;
BEGIN
	EXECUTE format('SELECT min(%s.first_purchase(h.history)), max(%1$s.last_purchase(h.history)) FROM (%s) AS h (history)', @extschema@.base_extension_schema(), query)
		INTO first, last;
	IF first IS NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'no_data_found', MESSAGE = 'there is no purchase to fit models on';
	END IF;
	until := coalesce(holdout_end, last);
	-- Two thirds of the time show the models what customers are like, one third shows what the models are like.
	calibrated := coalesce(calibration_end, CASE WHEN until - first >= 270 THEN first + (until - first) * 2 / 3 END);
	fits := @extschema@.models_fit(query, models, until, unit);
	RETURN QUERY
	WITH judged AS (
		SELECT h.* FROM @extschema@.models_holdout(query, calibrated, until, unit, models) AS h
	), fitted AS (
		SELECT f.n, f.model AS purchases, @extschema@.model_name(f.model) AS model, @extschema@.trust_rank(@extschema@.trust(f.model)) AS trust_rank,
			j.trust, j.customers, j.actual, j.predicted, j.mae, j.rmse, j.correlation,
			1.05 * min(j.rmse) FILTER (WHERE @extschema@.trust(f.model) = 'not_identified') OVER () AS limit_of_nbd
		FROM unnest(fits.purchases) WITH ORDINALITY AS f (model, n) LEFT JOIN judged AS j ON j.model = @extschema@.model_name(f.model)
	), ranked AS (
		SELECT f.*, row_number() OVER (ORDER BY CASE WHEN f.trust_rank > 1 THEN 2 * f.trust_rank WHEN f.model <> 'nbd' THEN 1 WHEN f.rmse > f.limit_of_nbd THEN 5 ELSE 2 END,
			@extschema@.trust_rank(f.trust), f.rmse, @extschema@.aic(f.purchases), f.n) AS place
		FROM fitted AS f
	)
	SELECT r.model, r.place = 1 AND r.trust_rank = 1, CASE WHEN r.place = 1 THEN CASE WHEN r.trust_rank > 1 THEN 'default' WHEN r.rmse IS NULL THEN 'aic' ELSE 'holdout' END END,
		r.purchases, fits.spend, fits.spend_correlation, calibrated, until, r.trust, r.customers, r.actual, r.predicted, r.mae, r.rmse, r.correlation
	FROM ranked AS r ORDER BY r.n;
END $$;
COMMENT ON FUNCTION models_compare(text, date, date, text, text[]) IS
'Internal: the work of compare_models, over a query whose names are qualified; chosen_by marks the model to use: by its holdout, by its AIC where the data are too short for one, or by default where none can be trusted.';

CREATE FUNCTION compare_models(histories text, calibration_end date DEFAULT NULL, holdout_end date DEFAULT NULL, unit text DEFAULT 'week',
	models text[] DEFAULT '{bgnbd,mbgnbd,pareto_nbd,nbd}')
	RETURNS TABLE (model text, title text, recommended boolean, chosen_by text, trust text, customers bigint, log_likelihood double precision, aic double precision,
		bic double precision, holdout_actual bigint, holdout_predicted double precision, holdout_mae double precision, holdout_rmse double precision,
		holdout_correlation double precision, holdout_trust text, purchases purchase_model)
	LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
	SELECT c.model, model_title(c.model), c.recommended, c.chosen_by, trust(c.purchases), customers(c.purchases), log_likelihood(c.purchases), aic(c.purchases), bic(c.purchases),
		c.holdout_actual, c.holdout_predicted, c.holdout_mae, c.holdout_rmse, c.holdout_correlation, c.holdout_trust, c.purchases
	FROM models_compare(histories_query(histories), calibration_end, holdout_end, unit, models) AS c;
END;
COMMENT ON FUNCTION compare_models(text, date, date, text, text[]) IS
'Models fitted on the histories of a customer base, or of a query, until holdout_end (by default the last purchase): likelihood, AIC, BIC, trust, and the errors of a fit until calibration_end (by default two thirds of the time, if that is 270 days or more); recommended: of those that can be trusted the one with the smallest root mean squared error by customer, without a holdout the smallest AIC; nbd only where no other can be.';
