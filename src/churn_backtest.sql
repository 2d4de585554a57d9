
-- Models of churn fitted on the past, and judged by what followed ----------------------------------------

-- A logistic regression learns from an earlier window: what was known before it, and who bought in it. The window is as long as the horizon,
-- but leaves two thirds of the time to know customers by. Where it is shorter than the horizon, the regression tells who is at risk, and the level comes from the rhythm of
-- the population: its mean risk over the horizon, corrected by what it was off (in log-odds) in the window.
CREATE FUNCTION churn_fit_query(query text, as_of date, days integer, OUT rhythm population_rhythm, OUT model logistic_model, OUT fitted_on date, OUT fitted_days integer)
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	ext text := @extschema@.base_extension_schema();
	first date;
	window_rhythm @extschema@.population_rhythm;
	level record;
	scores float8[];
	counts bigint[];
	target float8;
	share float8;
	slope float8;
	shift float8 := 0;
BEGIN
	EXECUTE format('SELECT min(%1$s.first_purchase(h.history)), %1$s.population_rhythm(h.history, $1) FROM (%2$s) AS h (history)', ext, query)
		INTO first, rhythm USING as_of;
	IF (as_of - first >= 42) IS NOT TRUE THEN
		RETURN;
	END IF;
	fitted_days := least(days, (as_of - first) / 3);
	fitted_on := as_of - fitted_days;
	EXECUTE format('SELECT %1$s.logistic_fit(%1$s.churn_features(h.history, $1), %1$s.days_since_last(h.history, $2) >= $2 - $1, 1, 10),
			%1$s.population_rhythm(h.history, $1)
		FROM (%2$s) AS h (history) WHERE %1$s.first_purchase(h.history) <= $1', ext, query)
		INTO model, window_rhythm USING fitted_on, as_of;
	IF fitted_days < days AND @extschema@.events(model) > 0 AND @extschema@.events(model) < @extschema@.observations(model) THEN
		EXECUTE format('SELECT avg(%1$s.churn_risk(h.history, $2, $3, $5)) AS now, avg(%1$s.churn_risk(h.history, $1, $4, $6)) AS before
			FROM (%2$s) AS h (history) WHERE %1$s.first_purchase(h.history) <= $2', ext, query)
			INTO level USING fitted_on, as_of, rhythm, window_rhythm, make_interval(days => days), make_interval(days => fitted_days);
		share := @extschema@.events(model)::float8 / @extschema@.observations(model);
		-- A rhythm that leaves no doubt has no log-odds.
		IF level.now > 0 AND level.now < 1 AND level.before > 0 AND level.before < 1 THEN
			target := 1 / (1 + exp(-(ln(level.now / (1 - level.now)) - ln(level.before / (1 - level.before)) + ln(share / (1 - share)))));
			EXECUTE format('SELECT array_agg(s.score), array_agg(s.customers) FROM (
					SELECT round(ln(p.risk / (1 - p.risk))::numeric, 2)::float8 AS score, count(*) AS customers
					FROM (SELECT greatest(least(%1$s.churn_risk($1, h.history, $2), 1 - 1e-9), 1e-9) AS risk FROM (%2$s) AS h (history)) AS p
					WHERE p.risk IS NOT NULL GROUP BY 1 ORDER BY 1) AS s', ext, query)
				INTO scores, counts USING model, as_of;
			-- Newton's method: the mean risk is steepest in the middle, so that steps are bounded.
			FOR step IN 1 .. 50 LOOP
				SELECT sum(s.customers * p.risk) / sum(s.customers), sum(s.customers * p.risk * (1 - p.risk)) / sum(s.customers) INTO share, slope
				FROM unnest(scores, counts) AS s (score, customers) CROSS JOIN LATERAL (SELECT 1 / (1 + exp(-(s.score + shift))) AS risk) AS p;
				EXIT WHEN abs(share - target) < 1e-6;
				shift := shift + greatest(least((target - share) / greatest(slope, 1e-6), 1), -1);
			END LOOP;
			model := @extschema@.shift_intercept(model, shift);
		END IF;
	END IF;
END $$;
COMMENT ON FUNCTION churn_fit_query(text, date, integer) IS
'Internal: the work of churn_fit, over a query whose names are qualified, for a horizon of so many days.';

CREATE FUNCTION churn_days(as_of date, horizon interval) RETURNS integer
	LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	days integer;
BEGIN
	IF NOT isfinite(as_of) THEN
		RAISE EXCEPTION USING ERRCODE = 'datetime_field_overflow', MESSAGE = format('as_of must not be %s', as_of), HINT = 'Give a date of the calendar, such as current_date.';
	END IF;
	days := (as_of + horizon)::date - as_of;
	IF days < 1 OR as_of + horizon <> (as_of + days)::timestamp THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('horizon must be one day or more, in whole days: %s', horizon), HINT = 'Say ''90 days'' or ''12 months''.';
	END IF;
	RETURN days;
END $$;
COMMENT ON FUNCTION churn_days(date, interval) IS
'Internal: the days of a horizon after as_of; an error unless they are whole and at least one.';

CREATE FUNCTION churn_fit(histories text, as_of date, horizon interval DEFAULT '90 days', OUT rhythm population_rhythm, OUT model logistic_model, OUT fitted_on date, OUT fitted_days integer)
	LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
	SELECT f.rhythm, f.model, f.fitted_on, f.fitted_days FROM churn_fit_query(histories_query(histories), as_of, churn_days(as_of, horizon)) AS f;
END;
COMMENT ON FUNCTION churn_fit(text, date, interval) IS
'What risks in the horizon after as_of are computed from, of a customer base or a query for histories, by nothing but purchases until then: the rhythm of the population; and a logistic regression on churn_features (ridge 10), fitted on who bought in the fitted_days after fitted_on; NULL where less than six weeks are known.';

-- Every method, its risk as SQL over h.history, $1 the day, $2 the horizon, and what it is worth.
CREATE FUNCTION churn_methods(query text, as_of date, horizon interval, unit text, models text[])
	RETURNS TABLE (method text, score text, trust text)
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	ext text := @extschema@.base_extension_schema();
	fits record;
	fit record;
BEGIN
	fit := @extschema@.churn_fit_query(query, as_of, @extschema@.churn_days(as_of, horizon));
	method := 'recency';
	score := format('%s.days_since_last(h.history, $1)', ext);
	trust := 'no probability';
	RETURN NEXT;
	method := 'own_rhythm';
	score := format('%s.churn_risk(h.history, $1, %L::%1$s.population_rhythm, $2)', ext, fit.rhythm);
	SELECT CASE WHEN p.rhythmic >= 100 THEN 'ok' WHEN p.customers > 0 THEN 'small_sample' ELSE 'no_data' END INTO trust FROM @extschema@.rhythm_parameters(fit.rhythm) AS p;
	RETURN NEXT;
	IF cardinality(models) > 0 THEN
		fits := @extschema@.models_fit(query, models, as_of, unit);
		FOR method, score, trust IN SELECT f.name, format('%s.churn_risk(%L::%1$s.purchase_model, h.history, $1, $2)', ext, f.model), coalesce(@extschema@.trust(f.model), 'no_data')
			FROM unnest(models, fits.purchases) AS f (name, model) LOOP
			RETURN NEXT;
		END LOOP;
	END IF;
	method := 'logistic';
	score := CASE WHEN fit.model IS NULL THEN 'NULL::float8' ELSE format('%s.churn_risk(%L::%1$s.logistic_model, h.history, $1)', ext, fit.model) END;
	trust := coalesce(@extschema@.trust(fit.model), 'no_data');
	RETURN NEXT;
END $$;
COMMENT ON FUNCTION churn_methods(text, date, interval, text, text[]) IS
'Internal: the methods of churn_backtest, fitted on the histories of a query until as_of, each as an expression for the risk.';

-- The histories of a query with what followed.
CREATE FUNCTION churn_outcomes(query text, as_of date, horizon interval) RETURNS text
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	ext text := @extschema@.base_extension_schema();
	until date := as_of + horizon;
	last date;
BEGIN
	EXECUTE format('SELECT max(%s.last_day(h.history)) FROM (%s) AS h (history)', ext, query) INTO last;
	IF last < until THEN
		RAISE WARNING USING MESSAGE = format('the horizon ends on %s, and the data on %s', until, last),
			HINT = 'Who has not bought yet looks as if churned: give an earlier as_of or a shorter horizon.';
	END IF;
	RETURN format('SELECT h.history, %1$s.days_since_last(h.history, %3$L::date) >= %3$L::date - %4$L::date AS churned
		FROM (%2$s) AS h (history) WHERE %1$s.first_purchase(h.history) <= %4$L::date', ext, query, until, as_of);
END $$;
COMMENT ON FUNCTION churn_outcomes(text, date, interval) IS
'Internal: the query for the customers of a query with a purchase until as_of, and whether they made none in the horizon; data that end before it are a warning.';

CREATE FUNCTION churn_judge(query text, as_of date, horizon interval, unit text, models text[])
	RETURNS TABLE (method text, customers bigint, churned bigint, auc double precision, lift_top_decile double precision, precision_top_decile double precision,
		brier double precision, calibration_error double precision, trust text)
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	names text[];
	scores text[];
	trusts text[];
	tests @extschema@.score_test[];
BEGIN
	SELECT array_agg(m.method), array_agg(m.score), array_agg(m.trust) INTO names, scores, trusts FROM @extschema@.churn_methods(query, as_of, horizon, unit, models) AS m;
	EXECUTE format('SELECT ARRAY[%s] FROM (%s) AS h', (SELECT string_agg(format('%s.classification_test(%s, h.churned)', @extschema@.base_extension_schema(), s), ', ' ORDER BY n)
			FROM unnest(scores) WITH ORDINALITY AS s (s, n)), @extschema@.churn_outcomes(query, as_of, horizon))
		INTO tests USING as_of, horizon;
	FOR i IN 1 .. cardinality(names) LOOP
		method := names[i];
		customers := coalesce(tests[i].observations, 0);
		churned := coalesce(tests[i].events, 0);
		auc := tests[i].auc;
		lift_top_decile := tests[i].lift_top_decile;
		precision_top_decile := tests[i].precision_top_decile;
		brier := CASE WHEN i > 1 THEN tests[i].brier END;
		calibration_error := CASE WHEN i > 1 THEN tests[i].calibration_error END;
		trust := trusts[i];
		RETURN NEXT;
	END LOOP;
END $$;
COMMENT ON FUNCTION churn_judge(text, date, interval, text, text[]) IS
'Internal: the work of churn_backtest, over a query whose names are qualified.';

CREATE FUNCTION churn_backtest(histories text, as_of date, horizon interval DEFAULT '90 days', models text[] DEFAULT '{bgnbd,mbgnbd,pareto_nbd,nbd}', unit text DEFAULT 'week')
	RETURNS TABLE (method text, customers bigint, churned bigint, auc double precision, lift_top_decile double precision, precision_top_decile double precision,
		brier double precision, calibration_error double precision, trust text)
	LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
	SELECT j.* FROM churn_judge(histories_query(histories), as_of, horizon, unit, models) AS j;
END;
COMMENT ON FUNCTION churn_backtest(text, date, interval, text[], text) IS
'Scores the customers of a base, or of a query for histories, as of a past day by every method, each fitted on what was known then, and compares with who made no purchase in the horizon: area under the ROC curve, lift and precision of the tenth with the highest risk, Brier score, calibration error; recency (days since the last purchase) is no probability.';

CREATE FUNCTION churn_deciles(query text, as_of date, horizon interval, method text, unit text)
	RETURNS TABLE (decile integer, customers bigint, churned bigint, lowest double precision, highest double precision, predicted double precision, observed double precision, lift double precision)
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	names text[] := '{recency,own_rhythm,bgnbd,mbgnbd,pareto_nbd,nbd,logistic}';
BEGIN
	IF churn_deciles.method <> ALL (names) THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('there is no method "%s" of churn_backtest', churn_deciles.method),
			HINT = format('The methods are: %s.', array_to_string(names, ', '));
	END IF;
	RETURN QUERY EXECUTE format('SELECT b.decile, b.observations, b.events, b.lowest, b.highest, b.mean_score, b.observed, b.lift
			FROM (SELECT %s.calibration_table(%s, h.churned) AS bins FROM (%s) AS h) AS t, unnest(t.bins) AS b', @extschema@.base_extension_schema(),
			(SELECT m.score FROM @extschema@.churn_methods(query, as_of, horizon, unit,
				CASE WHEN churn_deciles.method IN ('recency', 'own_rhythm', 'logistic') THEN '{}' ELSE ARRAY[churn_deciles.method] END) AS m WHERE m.method = churn_deciles.method),
			@extschema@.churn_outcomes(query, as_of, horizon))
		USING as_of, horizon;
END $$;
COMMENT ON FUNCTION churn_deciles(text, date, interval, text, text) IS
'Internal: the work of churn_calibration, over a query whose names are qualified.';

CREATE FUNCTION churn_calibration(histories text, as_of date, horizon interval DEFAULT '90 days', method text DEFAULT 'logistic', unit text DEFAULT 'week')
	RETURNS TABLE (decile integer, customers bigint, churned bigint, lowest double precision, highest double precision, predicted double precision, observed double precision, lift double precision)
	LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
	SELECT d.* FROM churn_deciles(histories_query(histories), as_of, horizon, method, unit) AS d;
END;
COMMENT ON FUNCTION churn_calibration(text, date, interval, text, text) IS
'One method of churn_backtest by tenths of the customers, the first with the highest risk: the risk that was predicted, the share of customers that made no purchase, and that share over the one of all.';

-- Churned against kept, by what was known of the customers before: segment, stage, class, purchases, the signs of churn_signals, and the base's attributes of its customers table.
CREATE FUNCTION churn_attributes(base text, as_of date, horizon interval DEFAULT '90 days')
	RETURNS TABLE (attribute text, value text, customers bigint, churned bigint, churn_rate double precision, low double precision, high double precision, lift double precision,
		share_of_churned double precision)
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	options jsonb := @extschema@.base_options(@extschema@.base_settings(base));
	own text;
BEGIN
	PERFORM @extschema@.churn_days(as_of, horizon);
	-- Two attributes of one name would be one.
	SELECT string_agg(format(', (%L, c.%I::text, %s)', CASE WHEN a.attname IN ('purchases', 'overdue', 'never_repeated', 'spend_falling', 'orders_thinning') THEN 'customers.' ELSE '' END || a.attname, a.attname,
		CASE WHEN coalesce(nullif(t.typbasetype, 0), t.oid) = ANY ('{int2,int4,int8,float4,float8,numeric}'::regtype[]) THEN format('c.%I::float8', a.attname) ELSE 'NULL' END), '' ORDER BY x.n) INTO own
	FROM jsonb_array_elements_text(coalesce((options ->> 'attributes')::jsonb, '[]')) WITH ORDINALITY AS x (attribute, n)
		JOIN pg_attribute AS a ON a.attrelid = (options ->> 'customers')::regclass AND a.attname = x.attribute JOIN pg_type AS t ON t.oid = a.atttypid;
	RETURN QUERY EXECUTE @extschema@.base_template($template$
WITH outcomes AS MATERIALIZED (
	SELECT {c.key}, {ext}.days_since_last(c.history, ($1 + $2)::date) >= ($1 + $2)::date - $1 AS churned, {ext}.as_of(c.history, $1) AS history
	FROM {schema}.histories AS c WHERE {ext}.first_purchase(c.history) <= $1
), facts AS MATERIALIZED (
	SELECT o.churned, v.attribute, v.value, v.number
	FROM outcomes AS o JOIN {schema}.customers_at($1) AS c ON {c=o} CROSS JOIN LATERAL (VALUES ('segment', c.segment, NULL::float8), ('stage', c.stage, NULL), ('abc_class', c.abc_class, NULL),
		('purchases', CASE WHEN c.orders < 3 THEN c.orders::text WHEN c.orders < 6 THEN '3 to 5' ELSE '6 or more' END, NULL),
		('refunds', CASE WHEN c.refunds > 0 THEN 'yes' ELSE 'no' END, NULL){own}) AS v (attribute, value, number)
	UNION ALL
	SELECT o.churned, s.signal, CASE WHEN s.raised THEN 'yes' ELSE 'no' END, NULL
	FROM outcomes AS o CROSS JOIN LATERAL {ext}.churn_signals(o.history, $1) AS s
	WHERE s.signal IN ('overdue', 'never_repeated', 'spend_falling', 'orders_thinning')
), quartiles AS (
	SELECT f.attribute, percentile_disc(ARRAY[0.25, 0.5, 0.75]::float8[]) WITHIN GROUP (ORDER BY f.number) AS q
	FROM facts AS f WHERE f.number IS NOT NULL AND f.number <> 'NaN' GROUP BY f.attribute HAVING count(DISTINCT f.number) > 20
), groups AS (
	SELECT p.attribute, CASE WHEN p.customers >= 10 THEN p.value ELSE '(others)' END AS value, sum(p.customers)::bigint AS customers, sum(p.churned)::bigint AS churned
	FROM (SELECT f.attribute, f.value, count(*) AS customers, count(*) FILTER (WHERE f.churned) AS churned
	FROM (SELECT f.churned, f.attribute, CASE WHEN q.q IS NULL OR f.number IS NULL THEN f.value WHEN f.number <= q.q[1] THEN format('to %s', q.q[1])
			WHEN f.number <= q.q[2] THEN format('%s to %s', q.q[1], q.q[2]) WHEN f.number <= q.q[3] THEN format('%s to %s', q.q[2], q.q[3]) ELSE format('over %s', q.q[3]) END AS value
		FROM facts AS f LEFT JOIN quartiles AS q ON q.attribute = f.attribute) AS f
	GROUP BY f.attribute, f.value) AS p
	GROUP BY 1, 2
), alltogether AS (
	SELECT count(*) AS customers, count(*) FILTER (WHERE churned) AS churned FROM outcomes
)
SELECT g.attribute, g.value, g.customers, g.churned, g.churned::float8 / g.customers, {ext}.low(p.rate), {ext}.high(p.rate),
	g.churned::float8 / g.customers / nullif(t.churned::float8 / t.customers, 0), g.churned::float8 / nullif(t.churned, 0)
FROM groups AS g CROSS JOIN alltogether AS t CROSS JOIN LATERAL (SELECT {ext}.proportion(g.churned, g.customers) AS rate) AS p
ORDER BY g.attribute, 8 DESC NULLS LAST, g.value$template$, options || jsonb_build_object('own', coalesce(own, ''))) USING as_of, horizon;
END $$;
COMMENT ON FUNCTION churn_attributes(text, date, interval) IS
'Who of the customers of a base made no purchase in the horizon after as_of, by what was known of them: a row for each value of an attribute, with the churn rate, its 95 % interval (Wilson), its lift over the rate of all, and its share of the churned; numbers of more than 20 values in quarters, values of fewer than 10 customers as (others).';
