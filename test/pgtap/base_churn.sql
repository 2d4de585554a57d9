-- Churn and retention in live bases with tenants, over a source with row-level security: whoever writes, however the day moves on, the views say
-- what those of a base that is made anew say, and the log of churn has each coming and going once. Procedures commit, so this script does not run
-- in a transaction but leaves what it makes to the database, which is thrown away.
CREATE EXTENSION IF NOT EXISTS pgtap;
SET client_min_messages = error;
SET jit = off;
SELECT plan(32);
SELECT setseed(0.7);
SELECT 'churn_east_' || oid AS east, 'churn_reader_' || oid AS reader FROM pg_database WHERE datname = current_database() \gset
CREATE ROLE :east;
CREATE ROLE :reader;
SELECT format('GRANT USAGE ON SCHEMA %I TO PUBLIC', extnamespace::regnamespace) FROM pg_extension WHERE extname = 'pg_customer' \gexec
GRANT USAGE ON SCHEMA public TO PUBLIC;

-- Customer 7 of the east is not customer 7 of the west: they buy every 10, 25, 40 … days; a third of them stop, some of whom had spent much.
CREATE TABLE sold (id bigint GENERATED ALWAYS AS IDENTITY, region text, customer int, at timestamptz, amount numeric(8, 2));
INSERT INTO sold (region, customer, at, amount)
SELECT r, c, timestamptz '2023-01-01 10:00+00' + make_interval(days => c % 60 + g * (10 + c % 7 * 15), hours => c % 24), (5 + c * 37 % 101) * CASE WHEN stops AND c % 5 = 0 THEN 300 ELSE 1 END + random()
FROM unnest('{east,west}'::text[]) AS r, generate_series(1, 450) AS c, LATERAL (SELECT c % 3 = CASE r WHEN 'east' THEN 0 ELSE 1 END AS stops) AS s,
	generate_series(0, CASE WHEN stops THEN c % 6 ELSE 520 / (10 + c % 7 * 15) END) AS g;
INSERT INTO sold (region, customer, at, amount) SELECT region, customer, at + interval '2 days', -amount / 2 FROM sold WHERE id % 17 = 0;
ALTER TABLE sold ENABLE ROW LEVEL SECURITY;
CREATE POLICY one_region ON sold TO :east USING (region = 'east') WITH CHECK (region = 'east');
GRANT SELECT, INSERT, UPDATE, DELETE ON sold TO :east;

CREATE FUNCTION make(base text) RETURNS text LANGUAGE sql AS $$
SELECT value FROM create_customer_base(base, 'sold', 'customer', 'at', 'amount', tenant => 'region', as_of => 'last_purchase', time_zone => 'Asia/Shanghai', policy => 'retail, population_gap 30',
	history_starts => '2023-01-02', currency => 'CNY', visible => 'true') WHERE item = 'customers' $$;
SELECT is(make('live'), '900', 'a base of two tenants');
CALL start_maintenance('live');
SELECT results_eq('SELECT mode, stale FROM live.base_status', $$VALUES ('live', false)$$, 'it is live');
SELECT grant_reader('live', :'reader') \g /dev/null

-- Rows of what the views say, but of the day on which they are asked
CREATE FUNCTION said(schema text) RETURNS TABLE (what text, line text, times bigint) LANGUAGE plpgsql AS $$
DECLARE
	what text;
BEGIN
	FOREACH what IN ARRAY '{cohort_retention,cohort_revenue,period_activity,cohort_retention_at(''2024-02-29''),cohort_revenue_at(''2023-12-31''),period_activity_at(''2024-02-28''),
		"cohorts_by(''week'', ''2024-03-31'')","period_rates_by(''quarter'', ''2024-03-31'')",churn_risk,churn_risk_at(''2024-02-29'')}'::text[] LOOP
		RETURN QUERY EXECUTE format('SELECT %L::text, t::text, count(*) FROM %I.%s AS t GROUP BY t::text', what, schema, what);
	END LOOP;
END $$;
-- Both ways, the views of the live base and those of one that is made anew
CREATE FUNCTION differences() RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM make('fresh');
	-- a new base has no models yet
	UPDATE fresh.churn_model SET (logistic, logistic_days, logistic_as_of, horizon_days) = (SELECT logistic, logistic_days, logistic_as_of, horizon_days FROM live.churn_model);
	INSERT INTO fresh.models SELECT * FROM live.models;
	RETURN QUERY SELECT coalesce(l.what, f.what) || ': ' || coalesce(l.line, f.line) FROM said('live') AS l FULL JOIN said('fresh') AS f USING (what, line) WHERE l.times IS DISTINCT FROM f.times;
	PERFORM drop_customer_base('fresh');
END $$;
-- The log against what is so: who stands in the log as high, and who is of class A and in the high band; and rows that do not begin where the one before ended
CREATE FUNCTION wrong_in_log() RETURNS SETOF text LANGUAGE sql AS $$
SELECT format('%s %s', c.tenant, c.customer) FROM (SELECT DISTINCT ON (tenant, customer) * FROM live.churn_changes ORDER BY tenant, customer, id DESC) AS l
	FULL JOIN live.customers AS c USING (tenant, customer) WHERE coalesce(l.to_band = 'high', false) <> coalesce(c.abc_class = 'A' AND c.churn_band = 'high', false)
UNION ALL
SELECT l::text FROM (SELECT *, lag(to_band) OVER (PARTITION BY tenant, customer ORDER BY id) AS before FROM live.churn_changes) AS l
WHERE from_band IS DISTINCT FROM before OR (to_band = 'high') IS NOT DISTINCT FROM coalesce(from_band = 'high', false)
$$;

SELECT is_empty('SELECT * FROM differences()', 'before any change');
CALL advance_customer_base('live');
SELECT cmp_ok((SELECT count(DISTINCT tenant) FROM live.churn_changes), '=', 2::bigint, 'the log has customers of both tenants');
SELECT is_empty('SELECT * FROM wrong_in_log()', 'they are those of class A in the high band');
SELECT is((SELECT min(method) || max(method) FROM live.churn_risk), 'own_rhythmown_rhythm', 'by their own rhythm');
CREATE TABLE logged AS TABLE live.churn_changes;
CALL advance_customer_base('live');
SELECT results_eq('TABLE live.churn_changes', 'TABLE logged', 'a day is logged once');

-- Somebody of the east, who sees no other rows, writes: some who were silent come back in the night, which in UTC is the day before; others change, and go
GRANT SELECT ON logged TO :east;
SET ROLE :east;
SELECT is((SELECT count(DISTINCT region) FROM sold), 1::bigint, 'row-level security hides the west');
INSERT INTO sold (region, customer, at, amount) SELECT 'east', l.customer, timestamptz '2024-08-10 00:30+08' - make_interval(days => l.n::int % 3), 400
	FROM (SELECT customer, row_number() OVER (ORDER BY id) AS n FROM logged WHERE tenant = 'east') AS l WHERE n <= 6;
UPDATE sold SET amount = amount + 1, at = at - interval '5 days' WHERE customer % 11 = 0;
UPDATE sold SET customer = customer + 1 WHERE id % 23 = 0;
DELETE FROM sold WHERE customer % 19 = 0;
SELECT throws_ok($$INSERT INTO sold (region, customer, at, amount) VALUES ('west', 1, '2024-07-15', 1)$$, '42501', NULL, 'and what is the west''s is not written');
SELECT throws_ok('SELECT * FROM live.churn_changes', '42501', NULL, 'nor read: who writes orders is no reader');
RESET ROLE;
SELECT is((SELECT live.as_of()), '2024-08-10'::date, 'the day has moved on, by the clock of the base');
SELECT is_empty($$SELECT * FROM differences() AS d WHERE d !~ '^churn_risk:'$$, 'changes that are not folded are in every view; the rhythm is still that of the day before');
CALL fold_customer_base('live');
SELECT is_empty($$SELECT * FROM differences() AS d WHERE d !~ '^churn_risk:'$$, 'folded, too');
SELECT results_eq('TABLE live.churn_changes', 'TABLE logged', 'a fold writes no log');
CALL advance_customer_base('live');
SELECT is_empty('SELECT * FROM differences()', 'advanced, the risks are those of the new day');
SELECT is_empty('SELECT * FROM wrong_in_log()', 'the log follows');
SELECT cmp_ok((SELECT count(*) FROM live.churn_changes AS l WHERE from_band = 'high' AND to_band = 'medium' AND tenant = 'east' AND changed_on = '2024-08-10'
	AND EXISTS (SELECT FROM sold AS s WHERE s.region = 'east' AND s.customer = l.customer AND s.amount = 400)), '>', 0::bigint, 'who came back has left the high band');
SELECT results_eq('SELECT DISTINCT tenant FROM live.churn_changes WHERE id > (SELECT max(id) FROM logged)', ARRAY['east'], 'nobody of the west has moved');
SELECT is_empty('SELECT * FROM logged EXCEPT TABLE live.churn_changes', 'rows are only added');

-- By a regression
SELECT ok(count(*) > 0, 'models are fitted') FROM fit_models('live', '{nbd}');
SELECT results_eq('SELECT DISTINCT method FROM live.churn_risk', ARRAY['logistic'], 'the risk is that of a regression');
INSERT INTO sold (region, customer, at, amount) SELECT 'west', 600 + c, '2024-08-11 12:00+00', 9000 FROM generate_series(1, 20) AS c;
DELETE FROM sold WHERE region = 'west' AND customer % 13 = 0;
CALL advance_customer_base('live');
SELECT is_empty('SELECT * FROM differences()', 'advanced by a day');
SELECT is_empty('SELECT * FROM wrong_in_log()', 'the log follows');
INSERT INTO sold (region, customer, at, amount) VALUES ('west', 1, '2024-11-30 12:00+00', 1);
CALL advance_customer_base('live');
SELECT is_empty('SELECT * FROM differences()', 'after a season without a purchase');
SELECT is_empty('SELECT * FROM wrong_in_log()', 'the log follows again');
SELECT cmp_ok((SELECT count(*) FROM live.churn_changes WHERE changed_on = '2024-11-30' AND to_band = 'high'), '>', 0::bigint, 'somebody has come into the high band');
CREATE TABLE season AS TABLE live.churn_changes;
DELETE FROM sold WHERE at > '2024-08-12';
CALL advance_customer_base('live');
SELECT is((SELECT live.as_of()), '2024-08-11'::date, 'a mistake is deleted, and the day goes back');
SELECT results_eq('TABLE live.churn_changes', 'TABLE season', 'a day that is past is not logged again');

-- A reader reads all of it, whatever the search path holds
CREATE TABLE seen AS SELECT * FROM said('live');
CREATE SCHEMA traps;
CREATE FUNCTION traps.no(date, date) RETURNS boolean LANGUAGE sql AS 'SELECT false';
CREATE OPERATOR traps.= (LEFTARG = date, RIGHTARG = date, FUNCTION = traps.no);
CREATE OPERATOR traps.<= (LEFTARG = date, RIGHTARG = date, FUNCTION = traps.no);
CREATE OPERATOR traps.>= (LEFTARG = date, RIGHTARG = date, FUNCTION = traps.no);
CREATE FUNCTION traps.churn_band(float8) RETURNS text LANGUAGE sql AS $$SELECT 'none'$$;
GRANT USAGE ON SCHEMA traps TO :reader;
GRANT SELECT ON seen, season TO :reader;
SET ROLE :reader;
SELECT set_config('search_path', 'traps, ' || current_setting('search_path') || ', pg_catalog', false) \g /dev/null
SELECT is_empty($$SELECT * FROM said('live') EXCEPT TABLE seen$$, 'a reader reads what the owner does');
SELECT is((SELECT count(*) FROM said('live')), (SELECT count(*) FROM seen), 'all of it');
SELECT results_eq('TABLE live.churn_changes', 'TABLE season', 'and the log');
SELECT throws_ok('DELETE FROM live.churn_changes', '42501', NULL, 'which is not for a reader to change');
RESET ROLE;
SELECT * FROM finish();
