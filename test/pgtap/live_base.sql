-- Live bases from start to end, on all kinds of keys and sources: whatever is done to the orders, the views are the same before and
-- after a fold, the base is right, and the log of stages adds up. Procedures commit, so this script does not run in a transaction
-- but leaves what it makes to the database, which is thrown away.
CREATE EXTENSION IF NOT EXISTS pgtap;
SET client_min_messages = warning;
SET jit = off;
SELECT no_plan();
SELECT setseed(0.3);

-- The orders of some months, of customers with several keys ---------------------------------------------------------------
CREATE TABLE sold (id bigint, customer bigint, who uuid, name text, shop text, at timestamptz, day date, amount numeric, cents int, state text, nr text);
CREATE INDEX ON sold (nr);
CREATE TABLE parts (LIKE sold) PARTITION BY RANGE (day);
CREATE TABLE parts_old PARTITION OF parts FOR VALUES FROM (MINVALUE) TO ('2024-02-01');
CREATE TABLE parts_new (note text, LIKE sold);
ALTER TABLE parts_new DROP note;
ALTER TABLE parts ATTACH PARTITION parts_new FOR VALUES FROM ('2024-02-01') TO (MAXVALUE);

CREATE FUNCTION random_sale(id bigint, day date) RETURNS sold LANGUAGE sql VOLATILE AS $$
SELECT id, c, md5(c::text)::uuid, CASE WHEN random() < 0.9 THEN chr(65 + c % 26) || repeat('é', c % 7) || c % 3 END, chr(97 + c % 3), (d + random() * interval '23 hours') AT TIME ZONE 'UTC', d,
	CASE WHEN random() < 0.02 THEN 'NaN' WHEN random() < 0.95 THEN round((random() * 100 - 10)::numeric, 2) END, floor(random() * 9000 - 500)::int,
	(ARRAY['paid', 'paid', 'paid', 'open', 'void'])[1 + floor(random() * 5)::int], CASE WHEN random() < 0.9 THEN 'N' || floor(id / 2.5) END
FROM (SELECT nullif(floor(random() * random() * 60)::int, 0) AS c, day - CASE WHEN random() < 0.1 THEN floor(random() * 40)::int ELSE 0 END AS d) AS s $$;
INSERT INTO sold SELECT r.* FROM generate_series(1, 400) AS i, random_sale(i, '2023-09-01'::date + i / 4) AS r;
INSERT INTO parts TABLE sold;

CREATE TABLE bases (base text, source text, tenant boolean, command text);
INSERT INTO bases SELECT base, source, options ~ 'tenant', format('SELECT count(*) FROM create_customer_base(%L, %L, %L, %L, %L, as_of => ''last_purchase'' %s)', base, source, customer, purchased_at, amount, options)
FROM (VALUES
	('b_bigint', 'sold', 'customer', 'day', 'amount', $$, policy => 'retail, population_gap 20', time_zone => 'UTC'$$),
	('b_uuid', 'sold', 'who', 'at', 'cents / 100.0', $$, tenant => 'shop', filter => 'state = ''paid''', time_zone => 'Asia/Shanghai', policy => 'grocery, population_gap 9'$$),
	('b_text', 'sold', 'lower(name)', 'at', 'amount', $$, language => 'zh', policy => 'retail, population_gap 20', time_zone => 'America/Lima'$$),
	('b_lines', 'sold', 'customer', 'at', 'amount', $$, order_id => 'nr', policy => 'retail, population_gap 20', time_zone => 'UTC'$$),
	('b_all', 'sold', 'name', 'at', 'cents', $$, tenant => 'customer % 4', order_id => 'nr', filter => 'state <> ''void''', count_by => 'orders', policy => 'grocery, population_gap 9', time_zone => 'Asia/Tokyo'$$),
	('b_parts', 'parts', 'customer', 'day', 'amount', $$, policy => 'retail, population_gap 20', time_zone => 'UTC'$$),
	('b_at_once', 'sold', 'customer', 'day', 'amount', $$, stage_changes => 'transaction', notify => 'advance', policy => 'retail, population_gap 20', time_zone => 'UTC'$$)
) AS b (base, source, customer, purchased_at, amount, options);
SELECT lives_ok(command, base || ': made') FROM bases;
SELECT results_eq(format('SELECT mode, triggers_ok, stale, delta_rows FROM %I.base_status', base), $$VALUES ('refresh', NULL::boolean, false, 0::bigint)$$, base || ': a new base is in refresh mode') FROM bases;

-- What the log begins with
CREATE TABLE begun (base text, tenant text, customer text, stage text);
CREATE FUNCTION per_base(what text) RETURNS SETOF record LANGUAGE plpgsql AS $$
DECLARE b record;
BEGIN
	FOR b IN SELECT * FROM bases LOOP
		RETURN QUERY EXECUTE replace(replace(replace(what, '{base}', b.base), '{tenant}', CASE WHEN b.tenant THEN 'tenant' ELSE 'NULL' END), '{tenant,}', CASE WHEN b.tenant THEN 'tenant, ' ELSE '' END);
	END LOOP;
END $$;
INSERT INTO begun SELECT * FROM per_base($$SELECT '{base}', {tenant}::text, customer::text, stage::text FROM {base}.summary$$) AS t (base text, tenant text, customer text, stage text);

-- Starting: after the first step, then after the second
SELECT is(base_run('b_bigint', 'start'), 4::bigint, 'four triggers');
SELECT results_eq('SELECT mode, triggers_ok, stale, stale_reason FROM b_bigint.base_status', $$VALUES ('starting', true, true, 'start_maintenance was not finished: call it again')$$, 'a start that was interrupted shows');
INSERT INTO sold SELECT r.* FROM random_sale(401, '2023-12-10') AS r;
SELECT is((SELECT delta_rows FROM b_bigint.base_status), 1::bigint, 'from then on changes are recorded');
CALL start_maintenance('b_bigint');
DO $$ DECLARE b text; BEGIN FOREACH b IN ARRAY ARRAY(SELECT base FROM bases) LOOP CALL start_maintenance(b); END LOOP; END $$;
SELECT results_eq(format('SELECT mode, triggers_ok, stale, delta_rows FROM %I.base_status', base), $$VALUES ('live', true, false, 0::bigint)$$, base || ': live') FROM bases;
SELECT is((SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'pg\_customer\_b\_parts\_%'), 12::bigint, 'a partitioned source has triggers everywhere');

-- Everything that the views of a base say, as one text for each
CREATE FUNCTION picture(base text, OUT view text, OUT rows text) RETURNS SETOF record LANGUAGE plpgsql AS $$
BEGIN
	FOR view IN
		SELECT oid::regclass::text FROM pg_class WHERE relnamespace = base::regnamespace AND relkind = 'v' AND relname NOT IN ('base_status', 'customer_now', 'summary_now')
		UNION ALL SELECT format('%s(%s)', p.oid::regproc, replace(d, ' ', ''', ''')) FROM pg_proc AS p, LATERAL unnest(CASE pronargs WHEN 1 THEN '{2023-11-15,2024-02-10}' WHEN 2 THEN '{2023-11-15 2024-02-10}' END::text[]) AS d
		WHERE pronamespace = base::regnamespace AND proname ~ '(_at|_moves)$'
	LOOP
		view := replace(replace(view, '(2', '(''2'), '0)', '0'')');
		view := regexp_replace(view, '5\)$', '5'')');
		EXECUTE format('SELECT md5(string_agg(v::text, ''|'' ORDER BY v::text)) FROM %s AS v', view) INTO rows;
		RETURN NEXT;
	END LOOP;
END $$;
CREATE TABLE pictures (step int, base text, view text, rows text, folded boolean);
SELECT cmp_ok((SELECT count(*) FROM picture('b_bigint')), '>=', 30::bigint, 'there are views to compare');

-- A day's work, of any kind
CREATE FUNCTION work(step int, day date) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	pick int := floor(random() * 10);
	target text := (ARRAY['sold', 'sold', 'parts'])[1 + step % 3];
BEGIN
	EXECUTE CASE
		WHEN pick < 4 THEN format('INSERT INTO %s SELECT r.* FROM generate_series(%s, %s) AS i, random_sale(i, %L) AS r', target, step * 1000, step * 1000 + 8 * pick, day)
		WHEN pick = 4 THEN format('UPDATE %s SET amount = amount + 1, cents = -cents WHERE id %% 13 = %s', target, step % 13)
		WHEN pick = 5 THEN format('UPDATE %s SET customer = customer + 1, name = upper(name), who = md5(id::text)::uuid, shop = ''b'' WHERE id %% 17 = %s', target, step % 17)
		WHEN pick = 6 THEN format('UPDATE %s SET day = day - 3, at = at - interval ''40 hours'' WHERE id %% 19 = %s', target, step % 19)
		WHEN pick = 7 THEN format('DELETE FROM %s WHERE id %% 23 = %s', target, step % 23)
		WHEN pick = 8 THEN format('UPDATE %s SET state = CASE state WHEN ''paid'' THEN ''void'' ELSE ''paid'' END, nr = CASE WHEN id %% 3 = 0 THEN NULL ELSE ''N7'' END WHERE id %% 29 = %s', target, step % 29)
		ELSE format('WITH gone AS (DELETE FROM %1$s WHERE customer = %2$s RETURNING *) INSERT INTO %1$s SELECT * FROM gone WHERE id %% 2 = 0', target, 20 + step % 20) END;
	RETURN pick;
END $$;
CREATE TABLE works (step int, day date, what text);
CREATE TABLE faults (step int, base text, fault text);
CREATE TABLE logs (base text, id bigint, line text);

CREATE PROCEDURE work_on(steps int) LANGUAGE plpgsql AS $$
DECLARE
	b text;
	day date := '2023-12-10';
BEGIN
	FOR step IN 1 .. steps LOOP
		day := day + floor(random() * 8)::int;
		FOR turn IN 1 .. 3 LOOP
			INSERT INTO works SELECT step, day, work(step, day);
			COMMIT;
		END LOOP;
		FOREACH b IN ARRAY ARRAY(SELECT base FROM bases) LOOP
			INSERT INTO faults SELECT step, b, 'live: ' || v::text FROM verify_customer_base(b) AS v;
			CONTINUE WHEN random() < 0.4;
			IF step % 6 = 0 THEN
				INSERT INTO pictures SELECT step, b, p.*, false FROM picture(b) AS p;
			END IF;
			CALL fold_customer_base(b, 7);
			INSERT INTO faults SELECT step, b, 'folded: ' || v::text FROM verify_customer_base(b) AS v;
			IF step % 6 = 0 THEN
				INSERT INTO pictures SELECT step, b, p.*, true FROM picture(b) AS p;
			END IF;
			CONTINUE WHEN random() < 0.3;
			IF random() < 0.3 THEN
				-- interrupted after one step of few customers
				PERFORM base_run(b, 'advance', 3);
				COMMIT;
			END IF;
			CALL advance_customer_base(b);
			INSERT INTO faults SELECT step, b, 'advanced: ' || v::text FROM verify_customer_base(b) AS v;
			EXECUTE format('INSERT INTO faults SELECT %s, %L, ''due: '' || m::text FROM %I.summary AS m, %3$I.as_of() AS d WHERE m.stage_due <= d OR m.stage_on > d', step, b, b);
		END LOOP;
		-- Rows of a log never change and never go.
		INSERT INTO faults SELECT step, l.base, 'log: ' || l.line FROM logs AS l
			LEFT JOIN per_base($q$SELECT '{base}', id, l::text FROM {base}.lifecycle_changes AS l$q$) AS n (base text, id bigint, line text) USING (base, id) WHERE n.line IS DISTINCT FROM l.line;
		DELETE FROM logs;
		INSERT INTO logs SELECT * FROM per_base($q$SELECT '{base}', id, l::text FROM {base}.lifecycle_changes AS l$q$) AS n (base text, id bigint, line text);
		COMMIT;
	END LOOP;
END $$;
CALL work_on(30);
SELECT is((SELECT count(DISTINCT what) FROM works), 10::bigint, 'all kinds of work were done');
SELECT is_empty('SELECT * FROM faults', 'after each statement, fold and advance every base is right, and no log has lost or changed a row');
SELECT cmp_ok((SELECT count(*) FROM pictures), '>=', 300::bigint, 'there are pictures');
SELECT is_empty($$SELECT step, base, view, array_agg(rows) FROM pictures GROUP BY step, base, view HAVING count(*) <> 2 OR min(rows) IS DISTINCT FROM max(rows)$$,
	'every view and function says the same with changes that are not folded as after the fold');
DO $$ DECLARE b text; BEGIN FOREACH b IN ARRAY ARRAY(SELECT base FROM bases) LOOP CALL advance_customer_base(b); END LOOP; END $$;
SELECT results_eq(format('SELECT mode, triggers_ok, stale, stale_reason, delta_rows, advanced_to = as_of, cut_points_as_of = as_of FROM %I.base_status', base),
	$$VALUES ('live', true, false, NULL, 0::bigint, true, true)$$, base || ': advanced') FROM bases;

-- The log: from one stage to the next, and it adds up
CREATE TABLE log AS SELECT * FROM per_base($$SELECT '{base}', {tenant}::text, customer::text, id, from_stage, to_stage, changed_on, order_day, recorded_at, reason FROM {base}.lifecycle_changes$$)
	AS t (base text, tenant text, customer text, id bigint, from_stage text, to_stage text, changed_on date, order_day date, recorded_at timestamptz, reason text);
SELECT cmp_ok((SELECT count(*) FROM log), '>', 500::bigint, 'there is a log');
SELECT set_eq('SELECT DISTINCT reason FROM log', ARRAY['first purchase', 'repeat purchase', 'loyal', 'silence', 'won back', 'corrected'], 'with all reasons');
SELECT is_empty($$SELECT * FROM (SELECT l.*, CASE WHEN lag(id) OVER w IS NULL THEN b.stage ELSE lag(to_stage) OVER w END AS before FROM log AS l LEFT JOIN begun AS b
		ON (b.base, b.customer) = (l.base, l.customer) AND b.tenant IS NOT DISTINCT FROM l.tenant WINDOW w AS (PARTITION BY l.base, l.tenant, l.customer ORDER BY id)) AS c WHERE from_stage IS DISTINCT FROM before$$,
	'each change begins where the one before it ended');
SELECT is_empty($$SELECT base, tenant, stage, sum(n) FROM (
		SELECT base, tenant, stage, 1 AS n FROM begun UNION ALL SELECT base, tenant, to_stage, 1 FROM log UNION ALL SELECT base, tenant, from_stage, -1 FROM log
		UNION ALL SELECT base, tenant, stage, -customers FROM per_base('SELECT ''{base}'', {tenant}::text, stage, customers FROM {base}.stage_counts') AS c (base text, tenant text, stage text, customers bigint)
	) AS moves WHERE stage IS NOT NULL GROUP BY base, tenant, stage HAVING sum(n) <> 0$$, 'what the log began with and all changes are the counts of today');
SELECT is_empty($$SELECT * FROM log WHERE reason <> 'corrected' AND (order_day IS NULL) <> (reason = 'silence')$$, 'a change has the day of the order that caused it');

-- A refresh changes nothing but what it renews
CREATE TABLE before AS SELECT b.base, p.* FROM bases AS b, picture(b.base) AS p;
SELECT lives_ok(format('SELECT count(*) FROM refresh_customer_base(%L)', base), base || ': refreshed') FROM bases;
CREATE TABLE refreshed AS SELECT b.base, p.* FROM bases AS b, picture(b.base) AS p;
SELECT is_empty($$SELECT base, view FROM before AS b FULL JOIN refreshed AS r USING (base, view) WHERE b.rows IS DISTINCT FROM r.rows AND view !~ 'data_quality'$$,
	'an advanced base says the same after a refresh');
SET client_min_messages = error;
SELECT lives_ok(replace(command, '''' || base || '''', '''' || base || '_2'''), base || ': made anew') FROM bases;
CREATE TABLE anew AS SELECT b.base, replace(p.view, b.base || '_2.', b.base || '.') AS view, p.rows FROM bases AS b, picture(b.base || '_2') AS p;
SELECT is_empty($$SELECT base, view FROM before AS b FULL JOIN anew AS a USING (base, view) WHERE b.rows IS DISTINCT FROM a.rows AND view !~ 'data_quality'$$,
	'and so does a base that is made anew');
SELECT drop_customer_base(base || '_2') FROM bases \g /dev/null

SELECT * FROM finish();
