-- pg_customer 0.9.0 to 0.9.1: made by delta.pl from the install scripts of both.
\echo Use "ALTER EXTENSION pg_customer UPDATE TO '0.9.1'" to load this file. \quit

-- Functions whose arguments or results have changed are made anew. Rights on them that somebody gave or took away go with them.
DO $$
DECLARE
	changed text;
BEGIN
	FOR changed IN SELECT p.oid::regprocedure FROM pg_proc AS p JOIN pg_depend AS d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
		JOIN pg_extension AS e ON e.oid = d.refobjid
		WHERE e.extname = 'pg_customer' AND p.proacl IS NOT NULL AND p.proname IN ('base_expression', 'create_customer_base')
	LOOP
		RAISE WARNING USING MESSAGE = format('%s is made anew, and everybody may call it again', changed),
			HINT = 'Its rights had been changed: give or revoke them once more.';
	END LOOP;
END $$;
DROP FUNCTION create_customer_base(name text, source text, customer text, purchased_at text, amount text, order_id text, filter text, customers text, customers_key text, attributes text[], tenant text, time_zone text, source_time_zone text, as_of text, currency text, currency_column text, rfm_bins integer, rfm_method text, rfm_window interval, segment_map text, abc_a numeric, abc_b numeric, count_by text, history_starts date, language text, schema text, on_bad_row text, policy text, can_afford text, has_need text, stage_changes text, notify text, margin numeric, yearly_discount numeric, model_unit text);
DROP FUNCTION base_expression(source regclass, option text, expression text, path text, OUT sql text, OUT type regtype, OUT equality text);

-- What an option of a customer base means -----------------------------------------------------------

CREATE FUNCTION base_expression(source regclass, option text, expression text, path text,
	OUT sql text, OUT type regtype, OUT equality text, OUT bare text)
	AS 'MODULE_PATHNAME', 'base_expression' LANGUAGE C STABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION base_expression(regclass, text, text, text) IS
'An option of a customer base as SQL over the alias s, safe under any search path, with its type, that type''s equality operator (NULL: no key type), and the same SQL without the alias: the column of exactly that name, else an expression over one row of the source whose names are looked up along path; subqueries, aggregates, window, set-returning and volatile functions are errors.';

-- The work of upgrade_customer_base: views and functions of this version in the place of those that are there, and what tables have gained. The
-- settings are locked last and for a moment, for a trigger that finds them locked cannot record its order.
CREATE OR REPLACE FUNCTION base_upgrade(settings regclass) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	options jsonb;
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
	IF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = settings AND attname = 'visible') THEN
		PERFORM set_config('lock_timeout', '100ms', true);
		EXECUTE format('ALTER TABLE %s ADD COLUMN visible text', settings);
	END IF;
	EXECUTE format('UPDATE %s SET base_version = %L', settings, @extschema@.base_version());
	PERFORM @extschema@.base_forget_settings(settings);
EXCEPTION WHEN lock_not_available THEN
	RAISE EXCEPTION USING ERRCODE = 'lock_not_available',
		MESSAGE = format('customer base "%s" could not be upgraded: something is reading its settings', options ->> 'base'),
		HINT = 'Nothing has changed. Call it again when that is over.';
END $$;

CREATE OR REPLACE FUNCTION base_version() RETURNS integer
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT 2;
END;

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

-- Tables, in the order in which a reader meets them. Every option is kept as text.
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
	compared_on date, logged_to bigint, kept_before date) WITH (vacuum_truncate = false);
COMMENT ON TABLE {schema}.state IS 'What the last refresh, fold, advance and verification found, and whether the base is live.';
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
INSERT INTO {schema}.deltas (item) VALUES ('');
DELETE FROM {schema}.deltas;
CREATE INDEX deltas_key ON {schema}.deltas ({key});
[[to_last:CREATE INDEX deltas_day ON {schema}.deltas (day);]]
COMMENT ON TABLE {schema}.deltas IS 'What orders have changed since the last fold, as signed rows by customer and day; with an item: how many rows could not be used. Written by the triggers of a live base alone.';
[[order_sql:
CREATE TABLE {schema}.line_deltas ({tenant_column}customer {customer_type}, order_id {order_type}, day date, lines bigint, amount numeric,
	at timestamptz NOT NULL DEFAULT now()) WITH (vacuum_truncate = false, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);
CREATE INDEX line_deltas_key ON {schema}.line_deltas ({key});
COMMENT ON TABLE {schema}.line_deltas IS 'The same for lines of orders with an order id: their orders are read again from the source.';]]
[[lines_to_last:CREATE INDEX line_deltas_day ON {schema}.line_deltas (day);]]

CREATE TABLE {schema}.lifecycle_changes (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, {tenant_column}customer {customer_type} NOT NULL,
	from_stage text, to_stage text, changed_on date NOT NULL, order_day date, recorded_at timestamptz NOT NULL DEFAULT now(), reason text NOT NULL);
CREATE INDEX lifecycle_changes_key ON {schema}.lifecycle_changes ({key});
COMMENT ON TABLE {schema}.lifecycle_changes IS 'Every change of a lifecycle stage, as it was found: rows are only added, and what later turns out to have been otherwise is corrected by a new row.';

CREATE TABLE {schema}.troubles (reason text NOT NULL, detail text, at timestamptz NOT NULL DEFAULT now()) WITH (vacuum_truncate = false);
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

-- The trigger function of a survey stands in the base's schema and runs as the base's owner, for who writes answers has no rights on
-- the base; its path and settings are pinned, nobody else may use it for a trigger, and it acts for the survey's own source alone. It
-- appends, so it waits for nobody; and whatever goes wrong, the answer is written and the base is known to be behind. A row whose
-- expressions fail is found by reading the statement's rows one by one.
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
				EXCEPTION WHEN OTHERS THEN
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
	SET search_path = pg_catalog, pg_temp SET timezone = {'time_zone'} SET datestyle = {'date_style'} SET row_security = off SET lock_timeout = '10ms' AS {'body'};
REVOKE ALL ON FUNCTION {schema}.survey_{id}_changes() FROM PUBLIC;
COMMENT ON FUNCTION {schema}.survey_{id}_changes() IS 'Trigger of a survey''s source: records its changes in the table answers; runs as the owner of the base.'$template$,
		options || jsonb_build_object('body', @extschema@.base_template($template$
#variable_conflict use_column
DECLARE
	problem text;
	failed bigint := 0;
	many boolean := false;
BEGIN
	IF TG_RELID <> coalesce(to_regclass({'answer_source'}), 0) AND NOT EXISTS (SELECT FROM pg_partition_ancestors(TG_RELID) AS a WHERE a.relid = to_regclass({'answer_source'})) THEN
		IF to_regclass({'answer_source'}) IS NULL THEN
			INSERT INTO {schema}.troubles (reason, detail) VALUES ('survey', {'survey'} || ': its source was renamed');
		END IF;
		RETURN NULL;
	ELSIF current_setting('pg_customer.maintain', true) = 'off' THEN
		INSERT INTO {schema}.troubles (reason, detail) VALUES ('survey', {'survey'} || ': pg_customer.maintain is off');
		RETURN NULL;
	ELSIF TG_OP = 'TRUNCATE' THEN
		IF to_regclass({'answer_source'}) <> TG_RELID THEN
			INSERT INTO {schema}.troubles (reason, detail) VALUES ('survey', {'survey'} || ': a partition was truncated');
			RETURN NULL;
		END IF;
		INSERT INTO {schema}.answers ({columns}, answers) SELECT {columns}, -sum(answers) FROM {schema}.answers WHERE survey = {id} GROUP BY {columns} HAVING sum(answers) <> 0;
		RETURN NULL;
	END IF;
	BEGIN
{batches}	EXCEPTION WHEN OTHERS THEN{single}
		IF many THEN
			problem := [[visible:SQLSTATE]][[!visible:SQLERRM]];
			INSERT INTO {schema}.troubles (reason, detail) VALUES ('survey', {'survey'} || ': ' || problem);
		END IF;
	END;
	RETURN NULL;
EXCEPTION WHEN OTHERS THEN
	problem := [[visible:SQLSTATE]][[!visible:SQLERRM]];
	BEGIN
		INSERT INTO {schema}.troubles (reason, detail) VALUES ('survey', {'survey'} || ': ' || problem);
	EXCEPTION WHEN OTHERS THEN
		NULL;
	END;
	RAISE WARNING USING MESSAGE = format('customer base "%s" does not follow survey "%s": %s', {'base'}, {'survey'}, problem),
		HINT = format('The answers are written. When that is put right, run: SELECT * FROM refresh_customer_base(%L);', {'base'});
	RETURN NULL;
END $template$, options || jsonb_build_object('batches', body, 'single', part, 'columns', columns))));
END $$;

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
'A query with one row for each person, with every name qualified as the present search path has it; what is not one SELECT is an error.';

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
'small_groups of a query whose names are resolved.';

CREATE FUNCTION small_groups(query text, quasi_identifiers text[], k integer DEFAULT 5)
	RETURNS TABLE (size bigint, quasi_identifier jsonb)
	LANGUAGE sql STABLE PARALLEL UNSAFE ROWS 100
BEGIN ATOMIC
	SELECT g.size, g.quasi_identifier FROM small_groups_query(people_resolved(query), quasi_identifiers, k) AS g;
END;

COMMENT ON FUNCTION small_groups(text, text[], integer) IS
'The groups of fewer than k rows that a query with one row for each person has by its quasi-identifiers, the smallest first; no row: the table is k-anonymous (Sweeney 2002); NULL is a value like any other';
