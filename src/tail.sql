
-- Nothing above may have taken an object that somebody planted in this schema, with just the types that a call here has.
DO $$
DECLARE
	taken pg_catalog.text;
BEGIN
	SELECT pg_catalog.format('%s takes %s', pg_catalog.pg_describe_object(d.classid, d.objid, 0), pg_catalog.pg_describe_object(d.refclassid, d.refobjid, 0)) INTO taken
	FROM pg_catalog.pg_extension AS x
		JOIN pg_catalog.pg_depend AS m ON m.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_extension'::pg_catalog.regclass::pg_catalog.oid
			AND m.refobjid OPERATOR(pg_catalog.=) x.oid AND m.deptype OPERATOR(pg_catalog.=) 'e'::pg_catalog."char"
		JOIN pg_catalog.pg_depend AS d ON d.classid OPERATOR(pg_catalog.=) m.classid AND d.objid OPERATOR(pg_catalog.=) m.objid
			AND d.deptype OPERATOR(pg_catalog.=) 'n'::pg_catalog."char"
	WHERE x.extname OPERATOR(pg_catalog.=) 'pg_customer'::pg_catalog.name AND d.refobjid OPERATOR(pg_catalog.>=) '16384'::pg_catalog.oid
		AND d.refclassid OPERATOR(pg_catalog.<>) 'pg_catalog.pg_namespace'::pg_catalog.regclass::pg_catalog.oid
		AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS o WHERE o.classid OPERATOR(pg_catalog.=) d.refclassid AND o.objid OPERATOR(pg_catalog.=) d.refobjid
			AND o.deptype OPERATOR(pg_catalog.=) ANY ('{e,i}'::pg_catalog."char"[]));
	IF taken IS NOT NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'duplicate_object', MESSAGE = pg_catalog.format('schema %s has objects that pg_customer would mistake for those of PostgreSQL', '@extschema@'),
			DETAIL = pg_catalog.format('%s.', taken),
			HINT = 'Give the extension a schema of its own: CREATE SCHEMA customer; CREATE EXTENSION pg_customer SCHEMA customer;';
	END IF;
END $$;
