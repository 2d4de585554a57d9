
-- Who sees which customers of a base ------------------------------------------------------------------

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
