-- docs/reference.md, a line a row: what the catalog says of the objects in schema customer, by the part of the
-- install script that made them. reference_parts has the transaction of each part. For psql -At.
WITH
called AS (  -- what PostgreSQL itself calls; a final function that shares its name with an aggregate is for users as well
	SELECT unnest(ARRAY[typinput, typoutput, typreceive, typsend, typmodin, typmodout]::oid[]) AS function FROM pg_type
	UNION SELECT unnest(ARRAY[aggtransfn, aggcombinefn, aggserialfn, aggdeserialfn, aggmtransfn, aggminvtransfn]::oid[]) FROM pg_aggregate
	UNION SELECT f.oid FROM pg_aggregate JOIN pg_proc f ON f.oid IN (aggfinalfn, aggmfinalfn)
		WHERE NOT EXISTS (SELECT FROM pg_proc a WHERE a.proname = f.proname AND a.pronamespace = f.pronamespace AND a.prokind = 'a')
	UNION SELECT oprcode FROM pg_operator
	UNION SELECT amproc FROM pg_amproc
	UNION SELECT castfunc FROM pg_cast JOIN pg_proc f ON castfunc = f.oid WHERE proname LIKE '%\_to\_%'
	UNION SELECT prosupport FROM pg_proc
),
functions AS (
	SELECT p.*, xmin AS row_xmin, obj_description(oid, 'pg_proc') AS comment
	FROM pg_proc p
	WHERE pronamespace = 'customer'::regnamespace AND prorettype <> 'trigger'::regtype AND oid NOT IN (SELECT function FROM called WHERE function IS NOT NULL)
		AND proname NOT LIKE 'base\_%' AND obj_description(oid, 'pg_proc') NOT LIKE 'Internal:%'
),
arguments AS (
	SELECT f.oid, n, coalesce(proargmodes[n], 'i') IN ('i', 'b', 'v') AS given,
		concat_ws(' ', CASE WHEN proargmodes[n] = 'v' THEN 'VARIADIC' END, nullif(proargnames[n], ''), format_type(type, NULL),
			'DEFAULT ' || regexp_replace(pg_get_function_arg_default(f.oid, n::int), '::[a-z_ ]+(\[\])?', '', 'g')) AS argument
	FROM functions f, unnest(coalesce(proallargtypes, proargtypes::oid[])) WITH ORDINALITY AS a(type, n)
),
signatures AS (
	SELECT oid, coalesce(string_agg(argument, ', ' ORDER BY n) FILTER (WHERE given), '') AS given, string_agg(argument, ', ' ORDER BY n) FILTER (WHERE NOT given) AS made
	FROM functions LEFT JOIN arguments USING (oid) GROUP BY oid
),
entries(oid, row_xmin, kind, name, signature, comment) AS (
	SELECT t.oid, t.xmin, 1, typname, format('`%s`', typname) || CASE typtype
			WHEN 'e' THEN ': ' || (SELECT string_agg(format('`%s`', enumlabel), ', ' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid)
			WHEN 'c' THEN format(' `(%s)`', (SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = typrelid))
			ELSE '' END, obj_description(t.oid, 'pg_type')
	FROM pg_type t WHERE typnamespace = 'customer'::regnamespace AND typcategory <> 'A'
	UNION ALL
	SELECT oid, row_xmin, CASE prokind WHEN 'a' THEN 2 WHEN 'w' THEN 3 WHEN 'f' THEN 4 ELSE 5 END, proname,
		format('`%s(%s)`', proname, given) || CASE WHEN prokind = 'p' THEN '' ELSE format(' → `%s`',
			CASE WHEN made IS NULL THEN CASE WHEN proretset THEN 'SETOF ' ELSE '' END || format_type(prorettype, NULL)
				ELSE format('%s(%s)', CASE WHEN proretset THEN 'TABLE ' END, made) END) END, comment
	FROM functions f JOIN signatures USING (oid)
	UNION ALL
	SELECT oid, xmin, 6, oprname, format('`%s %s %s` → `%s`', format_type(oprleft, NULL), oprname, format_type(oprright, NULL), format_type(oprresult, NULL)), obj_description(oid, 'pg_operator')
	FROM pg_operator WHERE oprnamespace = 'customer'::regnamespace
	UNION ALL
	SELECT oid, xmin, 7, '', format('`%s::%s`', format_type(castsource, NULL), format_type(casttarget, NULL)), obj_description(oid, 'pg_cast')
	FROM pg_cast WHERE xmin IN (SELECT transaction FROM reference_parts)
),
items AS (  -- overloads of which the same is said stand together; the order is that of their making, for one may refer to the one before
	SELECT p.n AS part, stem, kind, name, min(oid::bigint) AS first, string_agg(signature, E'<br>\n  ' ORDER BY oid) AS signatures, comment
	FROM entries JOIN reference_parts p ON row_xmin = p.transaction GROUP BY p.n, stem, kind, name, comment
),
kinds(kind, title) AS (VALUES (1, 'Types'), (2, 'Aggregates'), (3, 'Window functions'), (4, 'Functions'), (5, 'Procedures'), (6, 'Operators'), (7, 'Casts')),
lines(part, kind, place, name, first, line) AS (
	SELECT 0, 0, 0, '', 0, $md$# Reference

What pg_customer adds to a database, as its catalog has it: `\df+`, `\dT+` and `\do+` of psql show the same. The parts stand in the order of the install script, and
each names its page where it has one of its own. The command `make reference` writes this page, and a test compares it with the catalog.

Left out is what only PostgreSQL calls (input and output of types, the parts of aggregates, what is behind operators, casts and indexes), and helpers of ours: functions whose
name begins with `base_`, and those whose comment begins with `Internal`. They may change with any version.

$md$ || string_agg(format('[%s](#%1$s)', stem), E' ·\n' ORDER BY part) FROM (SELECT DISTINCT part, stem FROM items) AS p
	UNION ALL
	SELECT part, 0, 0, '', 0, format(E'\n## %s', stem) || CASE WHEN page THEN format(E'\n\nIts page: [%s.md](%1$s.md)', stem) ELSE '' END
	FROM (SELECT DISTINCT part, stem FROM items) AS i JOIN reference_parts USING (stem)
	UNION ALL
	SELECT DISTINCT part, kind, 0, '', 0, format(E'\n**%s**\n', title) FROM items JOIN kinds USING (kind)
	UNION ALL
	SELECT part, kind, 1, name, first, format(E'* %s<br>\n  %s', signatures, regexp_replace(comment, '([\\*]|<(?=[a-z/!]))', '\\\1', 'g')) FROM items
)
SELECT line FROM lines ORDER BY part, kind, place, name COLLATE "C", first;
