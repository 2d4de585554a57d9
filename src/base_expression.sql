
-- What an option of a customer base means -----------------------------------------------------------

CREATE FUNCTION base_expression(source regclass, option text, expression text, path text,
	OUT sql text, OUT type regtype, OUT equality text, OUT bare text)
	AS 'MODULE_PATHNAME', 'base_expression' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION base_expression(regclass, text, text, text) IS
'An option of a customer base as SQL over the alias s, safe under any search path, with its type, that type''s equality operator (NULL: no key type), and the same SQL without the alias: the column of exactly that name, else an expression over one row of the source whose names are looked up along path; subqueries, aggregates, window, set-returning and volatile functions are errors.';

CREATE FUNCTION base_amount_problem(amount numeric) RETURNS text
	AS 'MODULE_PATHNAME', 'base_amount_problem' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION base_amount_problem(numeric) IS
'Why a purchase history cannot take the amount: nan, infinite, too_fine (a non-zero digit past the sixth) or too_large (10^21 or more); NULL for an amount that it takes.';

CREATE FUNCTION base_key_fits(VARIADIC key "any") RETURNS boolean
	AS 'MODULE_PATHNAME', 'base_key_fits' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION base_key_fits("any") IS
'Whether the tenant and the customer of a row of the source are together short enough for an index.';

-- Statements of a base are written as templates. [[name:text]] stands only if the option name is set and
-- [[!name:text]] only if it is not. Then, in one pass, so that no value is ever taken for a part of the template:
--   {name} {'name'}          the option as SQL, or as a literal
--   {key} {m.key}            the columns of the key: tenant, customer or customer alone
--   {tenant,} {m.tenant,}    the tenant and a comma, or nothing
--   {g=m}                    the keys of g and m are equal
CREATE FUNCTION base_template(template text, options jsonb) RETURNS text
	LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	tenant boolean := options ->> 'tenant_sql' IS NOT NULL;
	section text[];
	parts text[] := '{}';
	part text;
	name text;
BEGIN
	LOOP
		section := regexp_match(template, '(\[\[(!?)(\w+):([^]]*)\]\])');
		EXIT WHEN section IS NULL;
		template := replace(template, section[1],
			CASE WHEN (options ->> section[3] IS NULL) = (section[2] = '!') THEN section[4] ELSE '' END);
	END LOOP;
	FOR part IN SELECT m[1] FROM regexp_matches(template, '\{[^{}]+\}|[^{]+|\{', 'g') AS m LOOP
		name := substring(part FROM '^\{(.+)\}$');
		parts := parts || CASE
			WHEN name IS NULL THEN part
			WHEN name ~ '^''' THEN quote_nullable(options ->> btrim(name, ''''))
			WHEN name ~ '^(\w+\.)?tenant,$' THEN CASE WHEN tenant THEN name || ' ' ELSE '' END
			WHEN name ~ '^(\w+\.)?key$' THEN
				CASE WHEN tenant THEN replace(name, 'key', 'tenant, ') ELSE '' END || replace(name, 'key', 'customer')
			WHEN name ~ '^\w+=\w+$' THEN
				format('%s.customer %s %s.customer', split_part(name, '=', 1), options ->> 'customer_equal', split_part(name, '=', 2))
				|| CASE WHEN tenant THEN format(' AND %s.tenant %s %s.tenant', split_part(name, '=', 1),
					options ->> 'tenant_equal', split_part(name, '=', 2)) ELSE '' END
			ELSE coalesce(options ->> name, 'NULL')
		END;
	END LOOP;
	RETURN array_to_string(parts, '');
END $$;
COMMENT ON FUNCTION base_template(text, jsonb) IS
'A statement of a customer base from its template and the options of the base.';
