-- What holds for every object of the extension, whoever adds it: names, comments, labels, and that no call crashes.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT plan(20);

CREATE TEMP VIEW members AS
	SELECT classid, objid, pg_describe_object(classid, objid, 0) AS name
	FROM pg_depend WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
		AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'pg_customer');
CREATE TEMP VIEW functions AS
	SELECT p.*, name, lanname AS language FROM members JOIN pg_proc p ON classid = 'pg_proc'::regclass AND objid = p.oid JOIN pg_language l ON l.oid = prolang;

SELECT cmp_ok((SELECT count(*) FROM functions), '>', 50::bigint, 'the extension has functions');
SELECT is_empty($$SELECT DISTINCT f.proname FROM functions f JOIN pg_proc p USING (proname) WHERE p.pronamespace = 'pg_catalog'::regnamespace$$,
	'no function has the name of one in pg_catalog');
SELECT is_empty($$SELECT t.typname FROM members JOIN pg_type t ON classid = 'pg_type'::regclass AND objid = t.oid JOIN pg_type p USING (typname) WHERE p.typnamespace = 'pg_catalog'::regnamespace$$,
	'no type has the name of one in pg_catalog');
SELECT is_empty($$SELECT name FROM members WHERE classid = 'pg_class'::regclass AND objid IN (SELECT oid FROM pg_class WHERE relkind <> 'c')$$,
	'the extension owns no table, view or sequence');

-- Comments: array and row types and the operator families that are made for a class have none of their own.
SELECT is_empty($$SELECT name FROM members WHERE obj_description(objid, classid::regclass::name) IS NULL
	AND classid NOT IN ('pg_opfamily'::regclass, 'pg_class'::regclass)
	AND NOT (classid = 'pg_type'::regclass AND objid IN (SELECT oid FROM pg_type WHERE typcategory = 'A' OR typtype = 'c'))$$,
	'every object has a comment');
SELECT is_empty($$SELECT name FROM functions WHERE length(obj_description(oid, 'pg_proc')) < 12$$, 'and it says something');
SELECT is_empty($$SELECT name FROM functions WHERE proname ~ '_(query|resolved)$' AND obj_description(oid, 'pg_proc') !~ '^Internal: '$$, 'the comment of a helper says that it is internal');

-- Labels
SELECT is_empty($$SELECT name FROM functions WHERE proparallel <> 's' AND provolatile = 'i' AND prokind IN ('f', 'a', 'w')$$,
	'immutable functions and all aggregates are parallel safe');
SELECT is_empty($$SELECT name FROM functions WHERE proparallel <> 's' AND provolatile = 's' AND language = 'c' AND proname NOT IN ('rfm_table')$$,
	'so are stable ones in C but rfm_table, which runs a query');
SELECT is_empty($$SELECT name FROM functions WHERE prosecdef$$, 'no function runs with the rights of its owner');
SELECT is_empty($$SELECT name FROM functions WHERE language IN ('sql', 'plpgsql') AND prosqlbody IS NULL
	AND prokind <> 'p' AND NOT coalesce(proconfig @> ARRAY['search_path=pg_catalog, pg_temp'], false)
	AND proname <> 'summarise'$$, 'functions whose body is text pin their search_path, but summarise, whose query has names of the caller''s path');
SELECT is_empty($$SELECT name FROM functions WHERE prokind = 'p' AND prosrc ~ '(^|[^.\w])(?!OPERATOR\y)\w+\('$$, 'procedures, which commit and so cannot, qualify every name');
SELECT is_empty($$SELECT name FROM functions WHERE provolatile = 'i' AND prokind <> 'a' AND proname <> 'local_day' AND EXISTS (SELECT FROM unnest(proargtypes) t WHERE t IN ('timestamptz'::regtype, 'timetz'::regtype))$$,
	'what takes a timestamptz is not immutable (aggregates have no say in it; local_day is told the zone)');

-- Aggregates: state of a plain type or with its space stated, combined in parallel, read by the final function only
SELECT is_empty($$SELECT name FROM functions f JOIN pg_aggregate ON aggfnoid = f.oid WHERE aggkind = 'n' AND aggcombinefn = 0 AND proname NOT IN ('segment_map_check')$$,
	'every aggregate over customers or orders can be combined');
SELECT is_empty($$SELECT name FROM functions f JOIN pg_aggregate ON aggfnoid = f.oid WHERE aggfinalmodify <> 'r' OR aggmfinalmodify <> 'r'$$, 'final functions only read');
SELECT is_empty($$SELECT name FROM functions f JOIN pg_aggregate ON aggfnoid = f.oid WHERE aggtranstype = 'internal'::regtype AND (aggserialfn = 0 OR aggdeserialfn = 0) AND aggcombinefn <> 0$$,
	'internal states can be sent between processes');
SELECT is_empty($$SELECT name FROM functions f JOIN pg_aggregate ON aggfnoid = f.oid JOIN pg_type t ON t.oid = aggtranstype WHERE t.typlen = -1 AND t.typcategory <> 'A' AND aggtransspace = 0
	OR aggtranstype = 'internal'::regtype AND aggtransspace = 0$$, 'the space of variable states is stated');

-- Types of our own travel in binary too.
SELECT is_empty($$SELECT name FROM members JOIN pg_type t ON classid = 'pg_type'::regclass AND objid = t.oid WHERE typtype = 'b' AND (typreceive = 0 OR typsend = 0)$$,
	'every type has binary input and output');

-- Each function called with NULL for every argument: an error or NULL, and the server stands.
CREATE TEMP TABLE called (name text, outcome text);
DO $$
DECLARE
	f record;
BEGIN
	FOR f IN SELECT name, format('SELECT %s(%s)%s', oid::regproc, (SELECT string_agg('NULL::' || CASE WHEN t = 'internal'::regtype THEN 'unknown' WHEN t IN ('anyelement'::regtype, 'anycompatible'::regtype) THEN 'int' ELSE t::regtype::text END, ', ' ORDER BY n)
				FROM unnest(proargtypes::oid[]) WITH ORDINALITY AS a(t, n)),
			CASE prokind WHEN 'w' THEN ' OVER ()' ELSE '' END) AS call
		FROM functions WHERE prokind IN ('f', 'a', 'w') AND provolatile <> 'v' AND prorettype <> 'trigger'::regtype
	LOOP
		BEGIN
			EXECUTE replace(f.call, 'NULL::unknown', 'NULL');
			INSERT INTO called VALUES (f.name, 'returned');
		EXCEPTION WHEN OTHERS THEN
			INSERT INTO called VALUES (f.name, sqlstate || ' ' || sqlerrm);
		END;
	END LOOP;
END $$;
SELECT cmp_ok((SELECT count(*) FROM called), '>', 50::bigint, 'functions were called with NULL for every argument');
SELECT is_empty($$SELECT name, outcome FROM called WHERE outcome LIKE 'XX%'$$, 'none of them failed for an internal reason');
SELECT * FROM finish();
ROLLBACK;
