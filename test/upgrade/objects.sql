-- The definitions of all objects: those of the extension, of the bases and of the application; without what a server numbers for itself. A table's columns may have
-- come in any order.
\set ON_ERROR_STOP on
\pset format unaligned
\pset tuples_only on
SET search_path = public, customer;
CREATE TEMP VIEW members AS SELECT classid, objid FROM pg_depend WHERE refclassid = 'pg_extension'::regclass AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'pg_customer') AND deptype = 'e';
SELECT i.type, i.identity, obj_description(objid, classid::regclass::name) FROM members, pg_identify_object(classid, objid, 0) AS i ORDER BY 1, i.identity COLLATE "C";
SELECT p.oid::regprocedure, CASE WHEN prokind <> 'a' THEN pg_get_functiondef(p.oid) END, prokind, provolatile, proparallel, proisstrict, proleakproof, prosecdef, proretset, procost, prorows, prosupport,
	pg_get_function_arguments(p.oid), pg_get_function_result(p.oid), proconfig, prosrc, proacl, i.privtype, i.initprivs
FROM pg_proc AS p JOIN members ON classid = 'pg_proc'::regclass AND objid = p.oid LEFT JOIN pg_init_privs AS i ON i.classoid = 'pg_proc'::regclass AND i.objoid = p.oid ORDER BY p.oid::regprocedure::text COLLATE "C";
SELECT aggfnoid::regprocedure, aggkind, aggnumdirectargs, aggtransfn, aggfinalfn, aggcombinefn, aggserialfn, aggdeserialfn, aggmtransfn, aggminvtransfn, aggmfinalfn, aggfinalextra, aggmfinalextra,
	aggfinalmodify, aggmfinalmodify, aggsortop::regoperator, aggtranstype::regtype, aggtransspace, aggmtranstype::regtype, aggmtransspace, agginitval, aggminitval
FROM pg_aggregate JOIN members ON classid = 'pg_proc'::regclass AND objid = aggfnoid ORDER BY aggfnoid::regprocedure::text COLLATE "C";
SELECT t.oid::regtype, typlen, typbyval, typtype, typcategory, typispreferred, typdelim, typsubscript, typelem::regtype, typarray::regtype, typinput, typoutput, typreceive, typsend, typmodin, typmodout, typanalyze,
	typalign, typstorage, typnotnull, typbasetype::regtype, typcollation::regcollation, typdefault, typacl,
	(SELECT string_agg(enumlabel, ',' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid),
	(SELECT string_agg(format('%s %s', attname, format_type(atttypid, atttypmod)), ',' ORDER BY attnum) FROM pg_attribute WHERE attrelid = typrelid)
FROM pg_type AS t WHERE t.typnamespace = (SELECT extnamespace FROM pg_extension WHERE extname = 'pg_customer') ORDER BY t.oid::regtype::text COLLATE "C";
SELECT castsource::regtype, casttarget::regtype, castfunc::regprocedure, castcontext, castmethod FROM pg_cast AS c JOIN members ON classid = 'pg_cast'::regclass AND objid = c.oid ORDER BY 1::text, castsource::regtype::text, casttarget::regtype::text;
SELECT o.oid::regoperator, oprkind, oprcanmerge, oprcanhash, oprresult::regtype, oprcom::regoperator, oprnegate::regoperator, oprcode, oprrest, oprjoin FROM pg_operator AS o JOIN members ON classid = 'pg_operator'::regclass AND objid = o.oid ORDER BY o.oid::regoperator::text COLLATE "C";
SELECT opcname, amname, opcintype::regtype, opckeytype::regtype, opcdefault, opfname FROM pg_opclass AS c JOIN members ON classid = 'pg_opclass'::regclass AND objid = c.oid JOIN pg_am AS a ON a.oid = opcmethod JOIN pg_opfamily AS f ON f.oid = opcfamily ORDER BY 1, 2;
SELECT opfname, amname, amopstrategy, amoppurpose, amopopr::regoperator FROM pg_amop JOIN pg_opfamily AS f ON f.oid = amopfamily JOIN members ON classid = 'pg_opfamily'::regclass AND objid = f.oid JOIN pg_am AS a ON a.oid = opfmethod ORDER BY 1, 2, 3;
SELECT opfname, amname, amprocnum, amproc FROM pg_amproc JOIN pg_opfamily AS f ON f.oid = amprocfamily JOIN members ON classid = 'pg_opfamily'::regclass AND objid = f.oid JOIN pg_am AS a ON a.oid = opfmethod ORDER BY 1, 2, 3;

CREATE TEMP VIEW relations AS SELECT c.*, format('%I.%I', n.nspname, relname) AS name FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace WHERE nspname IN ('shop', 'till of the shop', 'report');
SELECT nspname, obj_description(n.oid, 'pg_namespace'), nspacl, defaclobjtype, defaclacl FROM pg_namespace AS n LEFT JOIN pg_default_acl ON defaclnamespace = n.oid WHERE nspname IN ('shop', 'till of the shop', 'report', 'customer') ORDER BY 1, 4;
SELECT name, relkind, relacl, reloptions, relrowsecurity, relforcerowsecurity, relpersistence, obj_description(oid, 'pg_class'), CASE WHEN relkind = 'v' THEN pg_get_viewdef(oid) WHEN relkind = 'i' THEN pg_get_indexdef(oid) END
FROM relations ORDER BY name COLLATE "C";
SELECT name, CASE WHEN relkind = 'v' THEN attnum END, attname, format_type(atttypid, atttypmod), attnotnull, attstorage, attidentity, attgenerated, pg_get_expr(adbin, adrelid), col_description(r.oid, attnum), attacl
FROM relations AS r JOIN pg_attribute AS a ON attrelid = r.oid LEFT JOIN pg_attrdef ON adrelid = r.oid AND adnum = attnum WHERE attnum > 0 AND NOT attisdropped AND relkind IN ('r', 'v') ORDER BY name COLLATE "C", 2, attname COLLATE "C";
SELECT name, conname, pg_get_constraintdef(k.oid) FROM relations AS r JOIN pg_constraint AS k ON conrelid = r.oid ORDER BY 1, 2;
SELECT tgrelid::regclass, pg_get_triggerdef(oid), tgenabled FROM pg_trigger WHERE tgrelid IN (SELECT oid FROM relations) OR tgname ~ '^pg_customer' ORDER BY pg_get_triggerdef(oid) COLLATE "C";
SELECT name, polname, polcmd, pg_get_expr(polqual, polrelid) FROM relations AS r JOIN pg_policy ON polrelid = r.oid ORDER BY 1, 2;
SELECT pg_get_functiondef(p.oid), proacl, obj_description(p.oid, 'pg_proc') FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = pronamespace WHERE nspname IN ('shop', 'till of the shop', 'report') ORDER BY p.oid::regprocedure::text COLLATE "C";

\d+ app.*
\dT+ app.*
\dX app.*
\dp app.*
SELECT pg_get_functiondef(oid), proacl FROM pg_proc WHERE pronamespace = 'app'::regnamespace AND prokind = 'f' ORDER BY proname;
