-- Everything that one reads of the bases and of the application, as text, but for what explains it: the rows of tables, of views and of their twins on another day.
\set ON_ERROR_STOP on
SET search_path = public, customer;
SET jit = off;
\pset format unaligned
\pset tuples_only on
SELECT format('SELECT %L; SELECT v FROM (SELECT (to_jsonb(r) - ''{bytes,attached_at,last_refresh,refreshed_at,refresh_seconds,last_fold,folded_at,last_advance,advanced_at,oldest_delta,live_since,at,fitted_at,recorded_at,created_at,last_verify,verified_at,verify_differences,differences,version,base_version,visible,compared_as,explanation}''::text[])::text AS v FROM (SELECT * FROM %s AS q) AS r) AS r ORDER BY v COLLATE "C"',
	what, what) FROM (
	SELECT format('%I.%I', n.nspname, c.relname) AS what FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
	WHERE n.nspname IN ('shop', 'till of the shop', 'report', 'app') AND c.relkind IN ('r', 'v', 'm') AND NOT c.relispartition
	UNION ALL SELECT format('%I.%I(''2024-12-31'')', n.nspname, p.proname) FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
	WHERE n.nspname IN ('shop', 'till of the shop', 'report') AND p.proname ~ '[^s]_at$' AND p.proargtypes = '1082'
	UNION ALL VALUES ('app.stages()'), ('app.cities()'), ('app.value_of(7)'), ('shop.moved(''2024-06-30'', ''2025-06-30'', NULL, ''champions'')')) AS w
ORDER BY what COLLATE "C" \gexec
SELECT 'together', app.together(history) = rollup(history), (array_agg(history))[1] OPERATOR(app.|+|) '{2025-02-01 1:3}' FROM (SELECT history FROM app.clients ORDER BY id) AS c;
SET enable_seqscan = off;
SELECT id FROM app.clients WHERE history = (SELECT history FROM app.clients WHERE id = 3);
SELECT id FROM app.clients WHERE last_purchase(history) > '2024-06-01' AND purchase_days(history) > 1 ORDER BY last_purchase(history), id LIMIT 5;
SELECT id FROM app.clients ORDER BY history, id LIMIT 5;
RESET enable_seqscan;
