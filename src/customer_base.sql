
-- Customer bases: making, finding, granting, dropping -----------------------------------------------

CREATE FUNCTION base_read_settings(settings regclass, OUT base text, OUT source text, OUT created_at timestamptz)
	AS 'MODULE_PATHNAME', 'base_read_settings' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION base_read_settings(regclass) IS
'The name, source and time of a customer base from its settings table, read without a query; NULL for any other relation, one with row-level security, and one that the caller may not read.';

CREATE FUNCTION customer_bases()
	RETURNS TABLE (base text, schema text, owner text, source text, created_at timestamptz)
	LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT s.base, n.nspname::text, c.relowner::regrole::text, s.source, s.created_at
	FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace, LATERAL base_read_settings(c.oid) AS s
	WHERE c.relname = 'settings' AND c.relkind = 'r' AND has_schema_privilege(n.oid, 'USAGE') AND s.base IS NOT NULL
	ORDER BY n.nspname;
END;
COMMENT ON FUNCTION customer_bases() IS
'The customer bases of this database whose settings the caller may read.';

CREATE FUNCTION base_check_writable(base text) RETURNS void
	AS 'MODULE_PATHNAME', 'base_check_writable' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION base_check_writable(text) IS
'Raises an error that names the customer base on a standby server and in a read-only transaction.';

CREATE FUNCTION base_settings(base text) RETURNS regclass
	LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	settings regclass;
	bases text;
BEGIN
	-- The caller's own base in the schema of its name is found without a look at the tables of others, which they
	-- might keep locked. Then any of the caller's own comes before what others call by the same name.
	SELECT c.oid INTO settings
	FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace, LATERAL @extschema@.base_read_settings(c.oid) AS s
	WHERE c.relname = 'settings' AND n.nspname = base_settings.base AND s.base = base_settings.base AND pg_has_role(c.relowner, 'USAGE');
	IF settings IS NULL THEN
		SELECT format('%I.settings', b.schema)::regclass INTO settings
		FROM @extschema@.customer_bases() AS b WHERE b.base = base_settings.base
		ORDER BY NOT pg_has_role(b.owner::regrole, 'USAGE'), b.schema <> b.base, b.schema LIMIT 1;
	END IF;
	IF settings IS NULL THEN
		bases := (SELECT string_agg(quote_ident(b.base), ', ') FROM @extschema@.customer_bases() AS b);
		RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('there is no customer base "%s"', base),
			HINT = coalesce('The customer bases that you may read are: ' || bases || '.',
				'Make one with create_customer_base, or ask its owner for grant_reader.');
	END IF;
	RETURN settings;
END $$;
COMMENT ON FUNCTION base_settings(text) IS
'The settings table of a customer base; an unknown base is an error.';

CREATE FUNCTION base_extension_schema() RETURNS text
	LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT pg_catalog.quote_ident(n.nspname) FROM pg_catalog.pg_extension AS e JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace
	WHERE e.extname = 'pg_customer';
END;
COMMENT ON FUNCTION base_extension_schema() IS
'The schema of this extension, as SQL.';

CREATE FUNCTION base_options(settings regclass) RETURNS jsonb
	LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO'
AS $$
DECLARE
	options jsonb;
	schema text := (SELECT relnamespace::regnamespace::text FROM pg_class WHERE oid = settings);
BEGIN
	EXECUTE format('SELECT to_jsonb(s) || jsonb_build_object(''kept_before'', t.kept_before, ''differences'', t.differences) FROM ONLY %s AS s, ONLY %s.state AS t', settings, schema) INTO STRICT options;
	RETURN options || jsonb_build_object('schema', schema, 'summary_table', schema || '.summary',
		'deltas_table', schema || '.deltas', 'line_deltas_table', schema || '.line_deltas',
		'ext', @extschema@.base_extension_schema(),
		'amount_problem', CASE WHEN options ->> 'amount_type' = 'bigint' THEN 'NULL::text'
			ELSE @extschema@.base_extension_schema() || '.base_amount_problem(r.amount)' END,
		-- A number is never too long.
		'long_key', (SELECT nullif(bool_or(t.typlen = -1), false) FROM pg_type AS t WHERE t.oid IN (to_regtype(options ->> 'customer_type'), to_regtype(options ->> 'tenant_type'))),
		'until', CASE options ->> 'as_of' WHEN 'today' THEN (now() AT TIME ZONE (options ->> 'time_zone'))::date::text
			WHEN 'last_purchase' THEN NULL ELSE options ->> 'as_of' END);
END $$;
COMMENT ON FUNCTION base_options(regclass) IS
'The options of a customer base, from its settings table, with the names that its statements need.';

-- Every option that can be judged alone. What is wrong is named with the value and the way out.
CREATE FUNCTION base_check_options(options jsonb) RETURNS void
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
COMMENT ON FUNCTION base_check_options(jsonb) IS
'Raises an error that names the first option of a customer base that cannot be, with a hint.';

CREATE FUNCTION base_is_name(given text) RETURNS boolean
	LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN cardinality(parse_ident(given)) <= 3;
EXCEPTION WHEN invalid_parameter_value THEN
	RETURN false;
END $$;
COMMENT ON FUNCTION base_is_name(text) IS
'Whether the text is a name as SQL writes it, with at most a schema and a database before it.';

-- A relation that an option names: it exists, the caller may read it, and no policy hides rows of it.
CREATE FUNCTION base_relation(option text, given text, relation oid) RETURNS text
	LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF relation IS NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'undefined_table', MESSAGE = format('option %s: there is no table "%s"', option, given),
			HINT = 'Write its name as in SQL, with the schema: ''public.orders'', or ''"Sales"."Orders"'' where capitals matter.';
	ELSIF (SELECT relpersistence = 't' FROM pg_class WHERE oid = relation) THEN
		RAISE EXCEPTION USING ERRCODE = 'wrong_object_type', MESSAGE = format('option %s: %s is temporary', option, relation::regclass),
			HINT = 'It ends with this session, and the base stays: give a table or view that stays, too.';
	ELSIF NOT has_any_column_privilege(relation, 'SELECT') THEN
		RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege', MESSAGE = format('option %s: permission denied for %s', option, relation::regclass),
			HINT = format('Its owner can run: GRANT SELECT ON %s TO %I;', relation::regclass, current_user);
	ELSIF row_security_active(relation) THEN
		RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
			MESSAGE = format('option %s: row-level security hides rows of %s from you', option, relation::regclass),
			HINT = 'A base over a part of the rows would be wrong without a sign of it: make the base as a role that sees all rows, or over a view with an explicit filter.';
	END IF;
	RETURN relation::regclass::text;
END $$;
COMMENT ON FUNCTION base_relation(text, text, oid) IS
'The qualified name of a relation that an option of a customer base names; missing, temporary, unreadable and filtered ones are errors.';

-- The options that depend on the source, as SQL: safe expressions, the reporting day, the exact amount.
CREATE FUNCTION base_resolve(options jsonb) RETURNS jsonb
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET timezone = 'UTC'
AS $$
DECLARE
	source oid := (options ->> 'source_oid')::oid;
	path text := options ->> 'path';
	zone text := options ->> 'time_zone';
	source_zone text := options ->> 'source_time_zone';
	customer record;
	moment record;
	amount record;
	other record;
	name text;
	resolved jsonb;
BEGIN
	-- Constants in the expressions, such as a filter's days, are of the base's zone.
	PERFORM set_config('timezone', zone, true);
	options := options || jsonb_build_object('source', @extschema@.base_relation('source', options ->> 'source', source));
	customer := @extschema@.base_expression(source, 'customer', options ->> 'customer', path);
	moment := @extschema@.base_expression(source, 'purchased_at', options ->> 'purchased_at', path);
	amount := @extschema@.base_expression(source, 'amount', options ->> 'amount', path);

	IF moment.type NOT IN ('date'::regtype, 'timestamp'::regtype, 'timestamptz'::regtype) THEN
		RAISE EXCEPTION USING ERRCODE = 'datatype_mismatch', MESSAGE = format('option purchased_at is of type %s', moment.type),
			HINT = CASE WHEN moment.type IN ('int4'::regtype, 'int8'::regtype, 'float8'::regtype, 'numeric'::regtype)
				THEN format('For seconds since 1970 write: to_timestamp(%s)', options ->> 'purchased_at')
				ELSE format('It must be a date or a time. Write a cast: (%s)::timestamp, or (%1$s)::date', options ->> 'purchased_at') END;
	END IF;
	IF amount.type NOT IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'numeric'::regtype, 'float4'::regtype, 'float8'::regtype) THEN
		RAISE EXCEPTION USING ERRCODE = 'datatype_mismatch', MESSAGE = format('option amount is of type %s', amount.type),
			HINT = format('It must be a number. Write a cast: (%s)::numeric', options ->> 'amount');
	END IF;
	IF source_zone IS NOT NULL AND moment.type <> 'timestamp'::regtype THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = format('option source_time_zone is for a timestamp without time zone; purchased_at is of type %s', moment.type),
			HINT = 'Leave it out.';
	END IF;

	resolved := jsonb_build_object('customer_sql', customer.sql, 'customer_type', format_type(customer.type, -1), 'customer_equal', customer.equality,
		'time_sql', moment.sql,
		'day_sql', CASE WHEN moment.type = 'date'::regtype THEN moment.sql
			WHEN moment.type = 'timestamptz'::regtype THEN format('((%s) AT TIME ZONE %L)::date', moment.sql, zone)
			WHEN source_zone IS NULL THEN format('(%s)::date', moment.sql)
			ELSE format('((%s) AT TIME ZONE %L AT TIME ZONE %L)::date', moment.sql, source_zone, zone) END,
		'amount_type', CASE WHEN amount.type IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) THEN 'bigint' ELSE 'numeric' END,
		'amount_sql', CASE WHEN amount.type IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) THEN format('(%s)::bigint', amount.sql)
			WHEN amount.type IN ('float4'::regtype, 'float8'::regtype) THEN format('round((%s)::double precision::numeric, 6)', amount.sql)
			ELSE amount.sql END);
	IF options ->> 'order_id' IS NOT NULL THEN
		other := @extschema@.base_expression(source, 'order_id', options ->> 'order_id', path);
		resolved := resolved || jsonb_build_object('order_sql', other.sql, 'order_type', format_type(other.type, -1), 'order_equal', other.equality);
	END IF;
	IF options ->> 'tenant' IS NOT NULL THEN
		other := @extschema@.base_expression(source, 'tenant', options ->> 'tenant', path);
		resolved := resolved || jsonb_build_object('tenant_sql', other.sql, 'tenant_type', format_type(other.type, -1), 'tenant_equal', other.equality);
	END IF;
	FOREACH name IN ARRAY ARRAY['customer', 'order', 'tenant'] LOOP
		IF resolved ->> (name || '_sql') IS NOT NULL AND resolved ->> (name || '_equal') IS NULL THEN
			RAISE EXCEPTION USING ERRCODE = 'datatype_mismatch',
				MESSAGE = format('option %s is of type %s, which cannot be a key', replace(name, 'order', 'order_id'), resolved ->> (name || '_type')),
				HINT = format('A key needs a type with an order and a hash. Write a cast: (%s)::text', options ->> replace(name, 'order', 'order_id'));
		END IF;
	END LOOP;
	IF options ->> 'filter' IS NOT NULL THEN
		other := @extschema@.base_expression(source, 'filter', options ->> 'filter', path);
		IF other.type <> 'bool'::regtype THEN
			RAISE EXCEPTION USING ERRCODE = 'datatype_mismatch', MESSAGE = format('option filter is of type %s, not boolean', other.type),
				HINT = 'Give a condition, such as ''status = ''''paid''''''.';
		END IF;
		resolved := resolved || jsonb_build_object('filter_sql', other.sql);
	END IF;
	IF options ->> 'currency_column' IS NOT NULL THEN
		other := @extschema@.base_expression(source, 'currency_column', options ->> 'currency_column', path);
		resolved := resolved || jsonb_build_object('currency_sql', other.sql);
	END IF;
	options := options || resolved;
	IF options ->> 'customers' IS NOT NULL THEN
		options := @extschema@.base_resolve_customers(options);
	END IF;
	RETURN options;
END $$;
COMMENT ON FUNCTION base_resolve(jsonb) IS
'The options of a customer base with those that depend on its source resolved to SQL and checked.';

-- The customers table, its key and its attributes.
CREATE FUNCTION base_resolve_customers(options jsonb) RETURNS jsonb
	LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET row_security = off
AS $$
DECLARE
	relation oid := (options ->> 'customers_oid')::oid;
	path text := options ->> 'path';
	key record;
	other record;
	tenant record;
	name text;
	attribute text;
	duplicate record;
BEGIN
	options := options || jsonb_build_object('customers', @extschema@.base_relation('customers', options ->> 'customers', relation));
	key := @extschema@.base_expression(relation, 'customers_key', options ->> 'customers_key', path);
	IF key.type <> (options ->> 'customer_type')::regtype AND NOT (key.type IN ('text'::regtype, 'varchar'::regtype)
			AND (options ->> 'customer_type')::regtype IN ('text'::regtype, 'varchar'::regtype)) THEN
		RAISE EXCEPTION USING ERRCODE = 'datatype_mismatch',
			MESSAGE = format('option customers_key is of type %s, and customer of type %s', key.type, options ->> 'customer_type'),
			HINT = format('Cast the customer of the source, so that look-ups use the index of the customers table: customer => ''(%s)::%s''',
				options ->> 'customer', key.type);
	END IF;
	options := options || jsonb_build_object('key_sql', key.sql);
	IF options ->> 'tenant_sql' IS NOT NULL THEN
		tenant := @extschema@.base_expression(relation, 'tenant', options ->> 'tenant', path);
		IF tenant.type <> (options ->> 'tenant_type')::regtype THEN
			RAISE EXCEPTION USING ERRCODE = 'datatype_mismatch', MESSAGE = format('option tenant is of type %s in %s, and of type %s in %s',
					tenant.type, options ->> 'customers', options ->> 'tenant_type', options ->> 'source'),
				HINT = 'A tenant must be of one type in both tables: make a view with a cast and name it as the source.';
		END IF;
		options := options || jsonb_build_object('key_tenant_sql', tenant.sql);
	END IF;
	FOREACH name IN ARRAY ARRAY['can_afford', 'has_need'] LOOP
		CONTINUE WHEN options ->> name IS NULL;
		other := @extschema@.base_expression(relation, name, options ->> name, path);
		IF other.type <> 'bool'::regtype THEN
			RAISE EXCEPTION USING ERRCODE = 'datatype_mismatch', MESSAGE = format('option %s is of type %s, not boolean', name, other.type),
				HINT = 'Give a condition on a row of the customers table, such as ''budget >= 1000''.';
		END IF;
		options := options || jsonb_build_object(name || '_sql', other.sql);
	END LOOP;
	FOR attribute IN SELECT jsonb_array_elements_text((options ->> 'attributes')::jsonb) LOOP
		IF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = relation AND attname = attribute AND attnum > 0 AND NOT attisdropped) THEN
			PERFORM @extschema@.base_expression(relation, 'attributes', attribute, path);
			RAISE EXCEPTION USING ERRCODE = 'undefined_column', MESSAGE = format('option attributes: %s has no column "%s"', options ->> 'customers', attribute),
				HINT = 'Attributes are names of columns; for an expression make a view and name it as customers.';
		ELSIF attribute IN (SELECT c.name FROM @extschema@.base_columns() AS c
					WHERE c.view IN ('customers', 'at_risk_customers') OR c.view = 'prospects' AND options ->> 'can_afford' IS NOT NULL)
				OR attribute = 'tenant' AND options ->> 'tenant_sql' IS NOT NULL THEN
			RAISE EXCEPTION USING ERRCODE = 'duplicate_column', MESSAGE = format('option attributes: the base''s views have a column "%s" of their own', attribute),
				HINT = 'Make a view of the customers table with another name for the column, and name it as customers.';
		END IF;
	END LOOP;
	EXECUTE @extschema@.base_template($template$
SELECT ({key_sql})::text AS key, count(*) AS rows, count(*) OVER () AS keys FROM {customers} AS s WHERE {key_sql} IS NOT NULL
GROUP BY {key_sql}[[key_tenant_sql:, {key_tenant_sql}]] HAVING count(*) > 1 LIMIT 1$template$, options)
	INTO duplicate;
	IF duplicate.keys > 0 THEN
		RAISE EXCEPTION USING ERRCODE = 'unique_violation',
			MESSAGE = format('option customers_key: "%s" is in %s rows of %s', duplicate.key, duplicate.rows, options ->> 'customers'),
			DETAIL = format('Keys that are in several rows: %s.', duplicate.keys),
			HINT = 'Name a column that is unique, or make a view with one row for each customer and name it as customers.';
	END IF;
	RETURN options;
END $$;
COMMENT ON FUNCTION base_resolve_customers(jsonb) IS
'The options of a customer base with those about its customers table resolved and checked.';

-- The schema of a base: new, or an empty one of the caller's.
CREATE FUNCTION base_make_schema(name text, schema text) RETURNS boolean
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	existing oid := (SELECT oid FROM pg_namespace WHERE nspname = schema);
	taken text := (SELECT b.schema FROM @extschema@.customer_bases() AS b WHERE b.base = name LIMIT 1);
BEGIN
	IF taken IS NOT NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'duplicate_object', MESSAGE = format('customer base "%s" already exists in schema "%s"', name, taken),
			HINT = format('To read its source again: SELECT * FROM refresh_customer_base(%L). To make it anew, drop it first: SELECT drop_customer_base(%1$L).', name);
	ELSIF existing IS NULL THEN
		EXECUTE format('CREATE SCHEMA %I', schema);
		RETURN true;
	ELSIF EXISTS (SELECT FROM pg_depend WHERE refclassid = 'pg_namespace'::regclass AND refobjid = existing)
			OR NOT (SELECT pg_has_role(nspowner, 'USAGE') FROM pg_namespace WHERE oid = existing) THEN
		RAISE EXCEPTION USING ERRCODE = 'duplicate_schema', MESSAGE = format('schema "%s" already exists', schema),
			HINT = 'A customer base has a schema of its own: give another name, an empty schema that is yours, or the option schema.';
	END IF;
	RETURN false;
END $$;
COMMENT ON FUNCTION base_make_schema(text, text) IS
'Makes the schema of a customer base; true if it is new, false for an empty one of the caller''s, an error for any other.';

-- Tables, in the order in which a reader meets them. Every option is kept as text. Those without a primary key have their rows as identity, or
-- a publication of all tables would make every refresh and fold an error.
CREATE FUNCTION base_make_tables(options jsonb) RETURNS void
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
	compared_on date, compared_as bigint, logged_to bigint, kept_before date) WITH (vacuum_truncate = false);
COMMENT ON TABLE {schema}.state IS 'What the last refresh, fold, advance and verification found, and whether the base is live.';
ALTER TABLE {schema}.state REPLICA IDENTITY FULL;
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
ALTER TABLE {schema}.deltas REPLICA IDENTITY FULL;
INSERT INTO {schema}.deltas (item) VALUES ('');
DELETE FROM {schema}.deltas;
CREATE INDEX deltas_key ON {schema}.deltas ({key});
[[to_last:CREATE INDEX deltas_day ON {schema}.deltas (day);]]
COMMENT ON TABLE {schema}.deltas IS 'What orders have changed since the last fold, as signed rows by customer and day; with an item: how many rows could not be used. Written by the triggers of a live base alone.';
[[order_sql:
CREATE TABLE {schema}.line_deltas ({tenant_column}customer {customer_type}, order_id {order_type}, day date, lines bigint, amount numeric,
	at timestamptz NOT NULL DEFAULT now()) WITH (vacuum_truncate = false, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);
ALTER TABLE {schema}.line_deltas REPLICA IDENTITY FULL;
CREATE INDEX line_deltas_key ON {schema}.line_deltas ({key});
COMMENT ON TABLE {schema}.line_deltas IS 'The same for lines of orders with an order id: their orders are read again from the source.';]]
[[lines_to_last:CREATE INDEX line_deltas_day ON {schema}.line_deltas (day);]]

CREATE TABLE {schema}.lifecycle_changes (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, {tenant_column}customer {customer_type} NOT NULL,
	from_stage text, to_stage text, changed_on date NOT NULL, order_day date, recorded_at timestamptz NOT NULL DEFAULT now(), reason text NOT NULL);
CREATE INDEX lifecycle_changes_key ON {schema}.lifecycle_changes ({key});
COMMENT ON TABLE {schema}.lifecycle_changes IS 'Every change of a lifecycle stage, as it was found: rows are only added, and what later turns out to have been otherwise is corrected by a new row.';

CREATE TABLE {schema}.troubles (reason text NOT NULL, detail text, at timestamptz NOT NULL DEFAULT now()) WITH (vacuum_truncate = false);
ALTER TABLE {schema}.troubles REPLICA IDENTITY FULL;
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
COMMENT ON FUNCTION base_make_tables(jsonb) IS
'Makes the tables of a customer base in its schema.';

CREATE FUNCTION base_segment_map_check() RETURNS trigger
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	EXECUTE 'SELECT ' || @extschema@.base_extension_schema() || '.segment_map_check(code, segment, rank) FROM ' || TG_RELID::regclass;
	RETURN NULL;
END $$;
COMMENT ON FUNCTION base_segment_map_check() IS
'Trigger of a base''s table segment_map: refuses a map with holes or overlaps.';

CREATE FUNCTION base_cut_points_check() RETURNS trigger
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	EXECUTE format('SELECT count(rfm) FROM %I.breaks_at(''infinity'')', TG_TABLE_SCHEMA);
	RETURN NULL;
END $$;
COMMENT ON FUNCTION base_cut_points_check() IS
'Trigger of a base''s table cut_points: refuses limits that no view could score by.';

-- The work of create_customer_base. It runs with the caller's rights, and an error leaves nothing behind.
CREATE FUNCTION base_create(options jsonb) RETURNS TABLE (item text, value text)
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET row_security = off SET standard_conforming_strings = on
	SET bytea_output = hex SET extra_float_digits = 1 SET intervalstyle = postgres
AS $$
DECLARE
	started timestamptz := clock_timestamp();
	name text := options ->> 'name';
	schema text := coalesce(options ->> 'schema', name);
	bins integer;
	made boolean;
	counts jsonb;
	warnings text[];
BEGIN
	PERFORM @extschema@.base_check_writable(name);
	-- Bins and method are those that the map is for, unless given.
	bins := coalesce((options ->> 'rfm_bins')::integer, (SELECT m.bins FROM @extschema@.segment_maps() AS m WHERE m.map = options ->> 'segment_map'), 5);
	options := options || jsonb_build_object('rfm_bins', bins,
		'rfm_method', coalesce(options ->> 'rfm_method', CASE WHEN bins = 2 THEN 'mean' ELSE 'quantile' END));
	PERFORM @extschema@.base_check_options(options);
	options := @extschema@.base_resolve(options)
		|| jsonb_build_object('policy', @extschema@.base_full_policy(options ->> 'policy', options ->> 'count_by'));
	made := @extschema@.base_make_schema(name, schema);
	options := options || jsonb_build_object('base', name, 'base_version', @extschema@.base_version(), 'created_at', now(), 'made_schema', nullif(made, false),
		'date_style', 'ISO, ' || split_part(current_setting('datestyle'), ', ', 2),
		'schema', quote_ident(schema), 'ext', @extschema@.base_extension_schema());
	EXECUTE format('COMMENT ON SCHEMA %I IS %L', schema,
		format('Customer base %s over %s: tables, and views for analysis.', name, options ->> 'source'));
	PERFORM @extschema@.base_make_tables(options);
	options := @extschema@.base_options(format('%I.settings', schema)::regclass);
	counts := @extschema@.base_fill(options, true);
	PERFORM @extschema@.base_quarantine(options, @extschema@.base_bad_reasons(counts));
	EXECUTE @extschema@.base_template('ALTER TABLE {schema}.summary ADD PRIMARY KEY ({key});
		ANALYZE {schema}.summary; ANALYZE {schema}.deltas; [[order_sql:ANALYZE {schema}.line_deltas]]', options);
	PERFORM @extschema@.base_record_fill(options, counts, started, true);
	options := @extschema@.base_options(format('%I.settings', schema)::regclass);
	PERFORM @extschema@.base_make_views(options);
	PERFORM @extschema@.base_renew_cut_points(options);
	-- Small tables that are never analysed look large to the planner, and every query worth compiling.
	EXECUTE @extschema@.base_template('ANALYZE {schema}.cut_points; ANALYZE {schema}.segment_map; ANALYZE {schema}.lifecycle_stages; ANALYZE {schema}.models; ANALYZE {schema}.segment_values; ANALYZE {schema}.surveys; ANALYZE {schema}.answers; ANALYZE {schema}.answer_counts; ANALYZE {schema}.targets', options);
	EXECUTE @extschema@.base_template('CREATE TRIGGER complete AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {schema}.segment_map
		EXECUTE FUNCTION {ext}.base_segment_map_check();
		CREATE TRIGGER complete AFTER INSERT OR UPDATE OR DELETE ON {schema}.cut_points
		EXECUTE FUNCTION {ext}.base_cut_points_check()', options);

	warnings := @extschema@.base_warnings(options);
	RETURN QUERY SELECT r.item, r.value FROM @extschema@.base_report(options) AS r
		UNION ALL SELECT 'warning', w FROM unnest(warnings) AS w
		UNION ALL VALUES ('next', format('SELECT * FROM %I.rfm_segments;', schema)), ('next', format('SELECT * FROM %I.customers LIMIT 10;', schema)),
			('next', format('SELECT * FROM fit_models(%L);', name)), ('next', format('SELECT * FROM refresh_customer_base(%L);', name));
END $$;
COMMENT ON FUNCTION base_create(jsonb) IS
'The work of create_customer_base, with its arguments as one value.';

-- What deserves a second look, each also raised as a WARNING: rows that look like lines of orders, and policies.
CREATE FUNCTION base_warnings(options jsonb) RETURNS text[]
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
COMMENT ON FUNCTION base_warnings(jsonb) IS
'Warnings about a customer base that has just been made.';

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

-- The work of drop_customer_base: what the base made and still is there, and nothing that is the user's.
CREATE FUNCTION base_drop(settings regclass) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp SET client_min_messages = warning
AS $$
DECLARE
	options jsonb := @extschema@.base_options(settings);
	surveys smallint[] := ARRAY(SELECT * FROM @extschema@.base_survey_ids(options));
	id smallint;
	dependents text;
BEGIN
	EXECUTE format('LOCK TABLE %s IN SHARE UPDATE EXCLUSIVE MODE', settings);
	EXECUTE @extschema@.base_template($template$
DROP VIEW IF EXISTS {schema}.base_status, {schema}.nps_by_period, {schema}.satisfaction_by_period, {schema}.satisfaction_by_dimension, {schema}.satisfaction_by_channel, {schema}.satisfaction_by_agent,
	{schema}.survey_waves, {schema}.satisfaction_drivers, {schema}.detractors_to_call, {schema}.satisfaction_loyalty, {schema}.complaints_by_period, {schema}.complaint_reasons, {schema}.survey_status, {schema}.kpi_targets;
DROP FUNCTION IF EXISTS {schema}.kpi_targets_at(date), {schema}.nps_by_period_at(date), {schema}.satisfaction_by_period_at(date), {schema}.satisfaction_by_dimension_at(date),
	{schema}.satisfaction_by_channel_at(date), {schema}.satisfaction_by_agent_at(date), {schema}.survey_waves_at(date), {schema}.satisfaction_drivers_at(date), {schema}.detractors_to_call_at(date), {schema}.satisfaction_loyalty_at(date),
	{schema}.complaints_by_period_at(date), {schema}.complaint_reasons_at(date), {schema}.answers_until(date), {schema}.last_answers(date, integer);
[[can_afford:DROP VIEW IF EXISTS {schema}.prospects;
DROP FUNCTION IF EXISTS {schema}.prospects_at(date);]]
DROP VIEW IF EXISTS {schema}.cohort_retention, {schema}.cohort_revenue, {schema}.period_activity, {schema}.survival;
DROP FUNCTION IF EXISTS {schema}.cohort_retention_at(date), {schema}.cohort_revenue_at(date), {schema}.period_activity_at(date), {schema}.survival_at(date),
	{schema}.cohorts_by(text, date), {schema}.period_rates_by(text, date);
DROP VIEW IF EXISTS {schema}.churn_risk, {schema}.ltv, {schema}.model_fit, {schema}.model_parameters;
DROP FUNCTION IF EXISTS {schema}.churn_risk_at(date), {schema}.ltv_at(date);
DROP VIEW IF EXISTS {schema}.lifecycle, {schema}.stage_counts, {schema}.stage_transitions, {schema}.win_backs, {schema}.at_risk_customers;
DROP FUNCTION IF EXISTS {schema}.lifecycle_at(date), {schema}.stage_counts_at(date), {schema}.stage_transitions_at(date), {schema}.win_backs_at(date),
	{schema}.at_risk_customers_at(date), {schema}.stays_at(date);
DROP VIEW IF EXISTS {schema}.customers, {schema}.rfm, {schema}.rfm_segments, {schema}.abc, {schema}.kpis, {schema}.histories,
	{schema}.data_quality;
DROP FUNCTION IF EXISTS {schema}.moved(date, date, text, text), {schema}.segment_moves(date, date), {schema}.customers_at(date), {schema}.rfm_at(date),
	{schema}.rfm_segments_at(date), {schema}.abc_at(date), {schema}.kpis_at(date), {schema}.kpis_by(text, date),
	{schema}.scored_at(date), {schema}.all_scored_at(date), {schema}.breaks_at(date), {schema}.population_breaks(date),
	{schema}.measured_at(date), {schema}.all_measured_at(date), {schema}.rhythm_at(date), {schema}.as_of();
DROP VIEW IF EXISTS {schema}.summary_now, {schema}.customer_now;
DROP FUNCTION IF EXISTS {schema}.fold_some(bigint), {schema}.fold_now(text[], text[]), {schema}.changed()[[order_sql:, {schema}.lines_of]];
DROP TABLE IF EXISTS {schema}.settings, {schema}.state, {schema}.segment_map, {schema}.lifecycle_stages, {schema}.summary, {schema}.deltas[[order_sql:, {schema}.line_deltas]],
	{schema}.lifecycle_changes, {schema}.troubles, {schema}.cut_points, {schema}.models, {schema}.segment_values, {schema}.churn_model, {schema}.churn_changes, {schema}.quality, {schema}.quarantine,
	{schema}.targets, {schema}.answer_counts, {schema}.answers, {schema}.surveys;
$template$, options);
	-- Last, so that no order waits behind those who read the base.
	PERFORM @extschema@.base_drop_triggers(options);
	PERFORM @extschema@.base_drop_survey_triggers(options);
	FOREACH id IN ARRAY surveys LOOP
		EXECUTE format('DROP FUNCTION IF EXISTS %s.survey_%s_changes()', options ->> 'schema', id);
	END LOOP;
	EXECUTE @extschema@.base_template('[[made_schema:DROP SCHEMA {schema}]][[!made_schema:COMMENT ON SCHEMA {schema} IS NULL]]', options);
EXCEPTION WHEN dependent_objects_still_exist THEN
	GET STACKED DIAGNOSTICS dependents = PG_EXCEPTION_DETAIL;
	RAISE EXCEPTION USING ERRCODE = 'dependent_objects_still_exist',
		MESSAGE = format('customer base "%s" is in use by objects that it did not make', options ->> 'base'), DETAIL = dependents,
		HINT = format('Drop them first, or all together with: DROP SCHEMA %s CASCADE;', options ->> 'schema');
WHEN lock_not_available THEN
	RAISE EXCEPTION USING ERRCODE = 'lock_not_available',
		MESSAGE = format('customer base "%s" could not be dropped: a long transaction uses its source', options ->> 'base'),
		HINT = format('Nothing has changed. Try again later, or end its maintenance first: CALL stop_maintenance(%L);', options ->> 'base');
END $$;
COMMENT ON FUNCTION base_drop(regclass) IS
'The work of drop_customer_base, with the caller''s rights.';

CREATE FUNCTION base_check_role(role text) RETURNS void
	LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
		RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('role "%s" does not exist', role);
	END IF;
END $$;
COMMENT ON FUNCTION base_check_role(text) IS 'Raises an error for an unknown role.';

CREATE FUNCTION base_grant(settings regclass, role text) RETURNS void
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
COMMENT ON FUNCTION base_grant(regclass, text) IS
'The work of grant_reader, with the caller''s rights.';

CREATE FUNCTION base_revoke(settings regclass, role text) RETURNS void
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM @extschema@.base_check_role(role);
	EXECUTE @extschema@.base_template($template$
ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} REVOKE EXECUTE ON FUNCTIONS FROM {role};
ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} REVOKE SELECT ON TABLES FROM {role};
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA {schema} FROM {role};
REVOKE SELECT ON ALL TABLES IN SCHEMA {schema} FROM {role};
REVOKE USAGE ON SCHEMA {schema} FROM {role}$template$, @extschema@.base_options(settings) || jsonb_build_object('role', quote_ident(role)));
END $$;
COMMENT ON FUNCTION base_revoke(regclass, text) IS
'The work of revoke_reader, with the caller''s rights.';

CREATE FUNCTION refresh_customer_base(base text) RETURNS TABLE (item text, value text)
	AS 'MODULE_PATHNAME', 'refresh_customer_base' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION refresh_customer_base(text) IS
'Reads the source of a customer base again in one snapshot, writes the customers that changed, and renews the cut points; blocks neither readers nor writers; for members of the base''s owner, whose rights it uses.';

CREATE FUNCTION verify_customer_base(base text, sample double precision DEFAULT 1.0)
	RETURNS TABLE (customer text, problem text, in_source text, in_summary text)
	AS 'MODULE_PATHNAME', 'verify_customer_base' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION verify_customer_base(text, double precision) IS
'Every customer, or a sample of them (a share from 0.000001 to 1), whose history in the base differs from the source; no row: the base is right; for members of the base''s owner.';

CREATE FUNCTION drop_customer_base(base text) RETURNS void
	AS 'MODULE_PATHNAME', 'drop_customer_base' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION drop_customer_base(text) IS
'Drops all that a customer base made; objects of others in its schema, or that depend on it, are an error; for members of the base''s owner.';

CREATE FUNCTION grant_reader(base text, role text) RETURNS void
	AS 'MODULE_PATHNAME', 'grant_reader' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION grant_reader(text, text) IS
'Lets a role read a customer base, with what it will hold later; for members of the base''s owner.';

CREATE FUNCTION revoke_reader(base text, role text) RETURNS void
	AS 'MODULE_PATHNAME', 'revoke_reader' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION revoke_reader(text, text) IS
'Takes back what grant_reader gave; for members of the base''s owner.';
