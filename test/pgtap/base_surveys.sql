-- Surveys in customer bases: what attach_survey reads, what the views make of it against plain SQL, live answers, bad ones, roles, tenants.
-- Procedures commit, so this script does not run in a transaction but leaves what it makes to the database, which is thrown away.
CREATE EXTENSION IF NOT EXISTS pgtap;
SET client_min_messages = warning;
SET jit = off;
SELECT no_plan();

CREATE FUNCTION chance(key text) RETURNS float8 LANGUAGE sql IMMUTABLE RETURN (('x' || substr(md5(key), 1, 8))::bit(32)::bigint + 0.5) / 4294967296.0;
CREATE TABLE orders (id int GENERATED ALWAYS AS IDENTITY, customer int, shop text, day date, amount numeric(9, 2));
INSERT INTO orders (customer, shop, day, amount)
SELECT c, CASE WHEN c % 3 = 0 THEN 'east' ELSE 'west' END, date '2023-01-01' + (n * (10 + c % 90) + 200 * chance('first ' || c))::int, 10 + c % 40
FROM generate_series(1, 400) AS c, generate_series(0, 3 + c % 5) AS n;
CREATE TABLE marks (id int GENERATED ALWAYS AS IDENTITY, customer int, shop text, at timestamptz, about text, mark text, way text, who text, whose text);
INSERT INTO marks (customer, shop, at, about, mark, way, who, whose)
SELECT CASE WHEN n % 17 <> 0 THEN c END, CASE WHEN c % 3 = 0 THEN 'east' ELSE 'west' END, timestamptz '2023-02-01 23:30+08' + n * interval '7 hours', (ARRAY[NULL, 'price', '质量', 'Overall'])[1 + n % 4],
	(ARRAY['1', ' 2', '3.0', '满意', 'Very satisfied', '非常不满意', '一般', '5'])[1 + floor(8 * chance('mark ' || n))::int], (ARRAY['web', 'phone'])[1 + n % 2], 'agent ' || n % 7, CASE WHEN n % 11 = 0 THEN 'internal' END
FROM (SELECT n, 1 + n * 7 % 400 AS c FROM generate_series(1, 2000) AS n) AS m;
CREATE TABLE scores (customer bigint, at timestamp, score int);
INSERT INTO scores SELECT 1 + n * 11 % 400, timestamp '2023-03-01 10:00' + n * interval '5 hours', floor(11 * sqrt(chance('score ' || n)))::int FROM generate_series(1, 1500) AS n;
CREATE TABLE complaints (customer int, on_day date, why text);
INSERT INTO complaints SELECT 1 + n * 3 % 400, date '2023-02-01' + n, (ARRAY['late', 'broken'])[1 + n % 2] FROM generate_series(1, 300) AS n;

SELECT lives_ok($$SELECT * FROM create_customer_base('plain', 'orders', 'customer', 'day', 'amount', time_zone => 'Asia/Shanghai', as_of => '2024-06-30', currency => 'CNY')$$, 'a base');
SELECT lives_ok($$SELECT * FROM create_customer_base('50% "off"', 'orders', 'customer', 'day', 'amount', tenant => 'shop', time_zone => 'UTC', as_of => '2024-06-30', language => 'zh')$$, 'a base with tenants, in Chinese');
SELECT is_empty('SELECT 1 FROM plain.survey_status UNION ALL SELECT 1 FROM plain.nps_by_period UNION ALL SELECT 1 FROM plain.survey_waves UNION ALL SELECT 1 FROM plain.kpi_targets UNION ALL SELECT 1 FROM plain.complaints_by_period',
	'without surveys the views are there, and empty');
SELECT results_eq('SELECT DISTINCT last_nps, last_satisfaction FROM plain.customers', 'VALUES (NULL::int, NULL::int)', 'and customers say nothing');

-- What cannot be
SELECT throws_ok(format('SELECT * FROM attach_survey(''plain'', ''scores'', ''customer'', ''at'', ''score'', ''nps'' %s)', o), s, m, m) FROM (VALUES
	(', scale => ''1..10''', '22023', 'option scale cannot be ''1..10'' for kind nps'),
	(', tenant => ''customer''', '22023', 'customer base "plain" has no tenants'),
	(', dimension => ''about''', '42703', 'option dimension: public.scores has no column "about"'),
	(', survey => ''''', '22023', 'option survey cannot be '''''),
	(', filter => ''score''', '42804', 'option filter is of type integer, not boolean')) AS v (o, s, m);
SELECT throws_ok($$SELECT * FROM attach_survey('plain', 'scores', 'customer', 'at', 'score', 'smile')$$, '22023', 'option kind cannot be ''smile''', 'a kind that is none');
SELECT throws_ok($$SELECT * FROM attach_survey('plain', 'scores', 'customer', 'at', NULL, 'nps')$$, '22023', 'option score is missing', 'NPS needs a score');
SELECT throws_ok($$SELECT * FROM attach_survey('plain', 'complaints', 'customer', 'on_day', 'why', 'complaint')$$, '22023', 'a complaint has no score', 'a complaint has none');
SELECT throws_ok($$SELECT * FROM attach_survey('plain', 'scores', 'at', 'at', 'score', 'nps')$$, '42804', 'option customer is of type timestamp without time zone, and the customers of base "plain" are of type integer', 'another type of customer');
SELECT throws_ok($$SELECT * FROM attach_survey('plain', 'scores', 'customer', 'score', 'score', 'nps')$$, '42804', 'option answered_at is of type integer', 'no time');
SELECT throws_ok($$SELECT * FROM attach_survey('plain', 'scores', 'customer', 'at', 'at', 'nps')$$, '42804', 'option score is of type timestamp without time zone', 'no score');
SELECT throws_ok($$SELECT * FROM attach_survey('plain', 'nowhere', 'customer', 'at', 'score', 'nps')$$, '42P01', 'option source: there is no table "nowhere"', 'no table');
SELECT throws_ok($$SELECT * FROM attach_survey('none', 'scores', 'customer', 'at', 'score', 'nps')$$, '42704', 'there is no customer base "none"', 'no base');

-- What is read
SELECT results_eq($$SELECT item, value FROM attach_survey('plain', 'scores', 'customer', 'at', 'score', 'nps') WHERE item <> 'next'$$,
	$$VALUES ('survey', 'nps'), ('kind', 'nps'), ('answers', '1500'), ('customers', (SELECT count(DISTINCT customer)::text FROM scores)), ('anonymous', '0'), ('quarantined', '0'), ('first_day', '2023-03-01'), ('last_day', (SELECT max(at)::date::text FROM scores))$$,
	'attach_survey says what it read');
SELECT lives_ok($$SELECT * FROM attach_survey('plain', 'marks', 'customer', 'at', 'mark', 'csat', dimension => 'about', channel => 'way', agent => 'who', scope => 'whose', survey => 'marks')$$, 'marks as text, with all that tells them apart');
SELECT lives_ok($$SELECT * FROM attach_survey('plain', 'complaints', 'customer', 'on_day', NULL, 'complaint', dimension => 'why')$$, 'complaints');
SELECT throws_ok($$SELECT * FROM attach_survey('plain', 'scores', 'customer', 'at', 'score', 'nps')$$, '42710', 'customer base "plain" has a survey "nps" already', 'a name twice');
SELECT lives_ok($$SELECT * FROM attach_survey('50% "off"', 'marks', 'customer', 'at', 'mark', 'csat', dimension => 'about', channel => 'way', agent => 'who')$$, 'with tenants, whose column has the same name');
SELECT is_empty($$SELECT * FROM verify_customer_base('plain')$$, 'all is as in the sources');

-- The views against plain SQL
CREATE VIEW all_levels AS SELECT m.*, nullif(lower(about), 'overall') AS dimension, (at AT TIME ZONE 'Asia/Shanghai')::date AS day, coalesce(whose, 'external') AS scope,
	CASE btrim(mark) WHEN '1' THEN 1 WHEN '2' THEN 2 WHEN '3.0' THEN 3 WHEN '满意' THEN 4 WHEN 'Very satisfied' THEN 5 WHEN '非常不满意' THEN 1 WHEN '一般' THEN 3 WHEN '5' THEN 5 END AS level FROM marks AS m;
CREATE VIEW levels AS SELECT * FROM all_levels WHERE day <= '2024-06-30';
SELECT results_eq($$SELECT period, answers, promoters, passives, detractors, nps FROM plain.nps_by_period WHERE unit = 'month' ORDER BY 1$$,
	$$SELECT date_trunc('month', at)::date, count(*), count(*) FILTER (WHERE score >= 9), count(*) FILTER (WHERE score IN (7, 8)), count(*) FILTER (WHERE score <= 6),
		round(100.0 * (count(*) FILTER (WHERE score >= 9) - count(*) FILTER (WHERE score <= 6)) / count(*), 2)::numeric(38,2) FROM scores GROUP BY 1 ORDER BY 1$$, 'nps_by_period');
SELECT is((SELECT count(*) FROM plain.nps_by_period WHERE nps NOT BETWEEN nps_low AND nps_high OR (change IS NULL) <> (p_value IS NULL)), 0::bigint, 'with an interval and a change');
SELECT results_eq($$SELECT scope, period, answers, mean, top_share FROM plain.satisfaction_by_period WHERE unit = 'quarter' ORDER BY 1, 2$$,
	$$SELECT scope, date_trunc('quarter', day)::date, count(*), round(avg(level), 2)::numeric(38,2), round(avg((level >= 4)::int), 6)::numeric(38,6) FROM levels WHERE dimension IS NULL GROUP BY 1, 2 ORDER BY 1, 2$$,
	'satisfaction_by_period: overall answers, days of the base''s zone');
SELECT results_eq($$SELECT scope, dimension, answers, mean FROM plain.satisfaction_by_dimension ORDER BY 1, 2$$, $$SELECT scope, dimension, count(*), round(avg(level), 2)::numeric(38,2) FROM levels WHERE dimension IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2$$, 'satisfaction_by_dimension');
SELECT results_eq($$SELECT channel, answers, mean, bias FROM plain.satisfaction_by_channel WHERE survey = 'marks' AND scope = 'external' ORDER BY 1$$,
	$$SELECT way, count(*), round(avg(level), 2)::numeric(38,2), round(avg(level) - (SELECT avg(o.level) FROM levels AS o WHERE o.way <> l.way AND o.dimension IS NULL AND scope = 'external'), 2)::numeric(38,2)
		FROM levels AS l WHERE dimension IS NULL AND scope = 'external' GROUP BY 1 ORDER BY 1$$, 'satisfaction_by_channel, with the bias to the others');
SELECT results_eq($$SELECT agent, answers, enough, mean FROM plain.satisfaction_by_agent WHERE scope = 'internal' ORDER BY 1$$, $$SELECT who, count(*), count(*) >= 30, round(avg(level), 2)::numeric(38,2) FROM levels WHERE dimension IS NULL AND scope = 'internal' GROUP BY 1 ORDER BY 1$$, 'satisfaction_by_agent, who has enough answers');
SELECT is((SELECT count(*) FROM plain.satisfaction_by_agent AS a WHERE abs(a.shrunk_mean - (SELECT avg(level) FROM levels AS l WHERE dimension IS NULL AND l.scope = a.scope)) > abs(a.mean - (SELECT avg(level) FROM levels AS l WHERE dimension IS NULL AND l.scope = a.scope)) + 0.01), 0::bigint,
	'few answers are drawn to the mean of all');
SELECT results_eq($$SELECT dimension, wave, answers, mean, previous_answers, latest FROM plain.survey_waves WHERE survey = 'marks' AND scope = 'external' ORDER BY 1 NULLS FIRST, 2$$,
	$$SELECT dimension, date_trunc('quarter', day)::date, count(*), round(avg(level), 2)::numeric(38,2), lag(count(*)) OVER (PARTITION BY dimension ORDER BY date_trunc('quarter', day)::date),
		date_trunc('quarter', day)::date = max(date_trunc('quarter', day)::date) OVER (PARTITION BY dimension) FROM levels WHERE scope = 'external' GROUP BY 1, 2 ORDER BY 1 NULLS FIRST, 2$$, 'survey_waves: each against the one before');
SELECT results_eq($$SELECT period, complaints, customers, orders, complaint_rate FROM plain.complaints_by_period WHERE unit = 'month' ORDER BY 1$$,
	$$SELECT c.period, c.n, c.who, o.n, round(c.n::numeric / o.n, 6)::numeric(38,6) FROM (SELECT date_trunc('month', on_day)::date AS period, count(*) AS n, count(DISTINCT customer) AS who FROM complaints GROUP BY 1) AS c
		JOIN (SELECT date_trunc('month', day)::date AS period, count(*) AS n FROM orders GROUP BY 1) AS o USING (period) ORDER BY 1$$, 'complaints_by_period, against purchases');
SELECT results_eq($$SELECT reason, complaints FROM plain.complaint_reasons ORDER BY 1$$, $$SELECT why, count(*) FROM complaints GROUP BY 1 ORDER BY 1$$, 'complaint_reasons');
SELECT results_eq($$SELECT customer, last_nps, last_satisfaction FROM plain.customers ORDER BY 1$$,
	$$SELECT c, (SELECT score FROM scores WHERE customer = c ORDER BY at DESC LIMIT 1), (SELECT level FROM levels WHERE customer = c AND dimension IS NULL ORDER BY at DESC LIMIT 1) FROM generate_series(1, 400) AS c$$, 'customers have their last answers');
SELECT results_eq($$SELECT customer, score, answered_on FROM plain.detractors_to_call WHERE survey = 'nps' ORDER BY 1$$,
	$$SELECT * FROM (SELECT DISTINCT ON (customer) customer::int, score, at::date FROM scores ORDER BY customer, at DESC) AS s WHERE score <= 6 ORDER BY 1$$, 'detractors_to_call: whose last answer was bad');
SELECT results_eq($$SELECT level, customers, repeated FROM plain.satisfaction_loyalty WHERE survey = 'nps' ORDER BY 1$$,
	$$SELECT CASE WHEN score <= 6 THEN 1 WHEN score <= 8 THEN 2 ELSE 3 END, count(*), count(*) FILTER (WHERE EXISTS (SELECT FROM orders AS o WHERE o.customer = s.customer AND o.day > s.at::date AND o.day <= s.at::date + 90))
		FROM (SELECT DISTINCT ON (customer) customer, score, at FROM scores WHERE at::date <= date '2024-06-30' - 90 ORDER BY customer, at DESC) AS s GROUP BY 1 ORDER BY 1$$, 'satisfaction_loyalty: who bought again within 90 days');
SELECT results_eq($$SELECT period, answers FROM plain.nps_by_period_at('2023-05-10') WHERE unit = 'month' ORDER BY 1$$, $$SELECT date_trunc('month', at)::date, count(*) FROM scores WHERE at < '2023-05-11' GROUP BY 1 ORDER BY 1$$, 'as of any day');
SELECT results_eq($$SELECT tenant, dimension, answers FROM "50% ""off""".satisfaction_by_dimension ORDER BY 1, 2$$, $$SELECT shop, dimension, count(*) FROM all_levels WHERE dimension IS NOT NULL AND at < '2024-07-01 UTC' GROUP BY 1, 2 ORDER BY 1, 2$$, 'by tenant');
SELECT results_eq($$SELECT DISTINCT level, level_label FROM "50% ""off""".satisfaction_loyalty ORDER BY 1$$, $$VALUES (1, '很不满意'), (2, '不满意'), (3, '基本满意'), (4, '满意'), (5, '很满意')$$, 'labels in the base''s language');

-- Targets
INSERT INTO plain.targets (metric, period, target, unit) VALUES ('nps', '2023-05-20', -30, 'month'), ('nps', '2023-06-01', 95, 'month'), ('complaint_rate', '2023-04-01', 0.10, 'quarter'), ('net', '2023-04-01', 1, 'year'), ('csat', '2030-01-01', 0.9, 'year');
SELECT results_eq('SELECT metric, period, better, actual IS NOT NULL, met, certain, complete FROM plain.kpi_targets ORDER BY metric, period',
	$$VALUES ('complaint_rate', date '2023-04-01', 'lower', true, (SELECT complaint_rate <= 0.1 FROM plain.complaints_by_period WHERE unit = 'quarter' AND period = '2023-04-01'),
		(SELECT CASE WHEN complaint_rate <= 0.1 THEN complaint_rate_high < 0.1 ELSE complaint_rate_low >= 0.1 END FROM plain.complaints_by_period WHERE unit = 'quarter' AND period = '2023-04-01'), true),
		('csat', '2030-01-01', 'higher', false, NULL, NULL, NULL), ('net', '2023-04-01', 'higher', true, true, NULL, true),
		('nps', '2023-05-20', 'higher', true, (SELECT nps >= -30 FROM plain.nps_by_period WHERE unit = 'month' AND period = '2023-05-01'), (SELECT nps_low >= -30 FROM plain.nps_by_period WHERE unit = 'month' AND period = '2023-05-01'), true),
		('nps', '2023-06-01', 'higher', true, false, true, true)$$, 'targets: met or not, and how certain');
SELECT throws_ok($$INSERT INTO plain.targets (metric, period, target) VALUES ('mood', '2024-01-01', 1)$$, '23514', NULL, 'a metric that is none');

-- Bad answers
INSERT INTO marks (customer, shop, at, about, mark) VALUES (1, 'west', '2023-09-01', NULL, '11'), (1, 'west', '2023-09-01', NULL, 'meh'), (1, 'west', '2023-09-01', NULL, '3.5'), (1, 'west', 'infinity', NULL, '3'), (1, 'west', NULL, NULL, '3'), (1, 'west', '2023-09-02', NULL, NULL);
SELECT is((SELECT count(*) FROM verify_customer_base('plain')), 1::bigint, 'a base in refresh mode is behind');
SELECT lives_ok($$SELECT * FROM refresh_customer_base('plain')$$, 'until it is refreshed');
SELECT results_eq($$SELECT problem, given, answers FROM plain.answers WHERE problem IS NOT NULL ORDER BY 1, 2$$, $$VALUES ('infinite_day', '3', 1), ('no_day', '3', 1), ('not_a_score', 'meh', 1), ('not_whole', '3.5', 1), ('outside_scale', '11', 1)$$, 'bad answers are kept apart, each with its problem; none is none');
SELECT results_eq($$SELECT answers, quarantined FROM plain.survey_status WHERE survey = 'marks'$$, 'VALUES (2000::bigint, 5::bigint)', 'and counted');
SELECT throws_ok($$SELECT * FROM create_customer_base('strict', 'orders', 'customer', 'day', 'amount', time_zone => 'UTC', on_bad_row => 'error'); SELECT * FROM attach_survey('strict', 'marks', 'customer', 'at', 'mark', 'csat')$$, '22000',
	'public.marks has 5 answers that survey "csat" cannot use', 'a strict base refuses them');
DELETE FROM marks WHERE at IS NULL OR at >= '2023-09-01' AND mark IN ('11', 'meh', '3.5');

-- Live
CALL start_maintenance('plain');
SELECT results_eq('SELECT survey, mode, stale FROM plain.survey_status ORDER BY 1', $$VALUES ('complaint', 'live', false), ('marks', 'live', false), ('nps', 'live', false)$$, 'a live base has live surveys');
CREATE FUNCTION same(step text) RETURNS text LANGUAGE sql AS $$SELECT is((SELECT count(*) FROM verify_customer_base('plain')), 0::bigint, step)$$;
INSERT INTO scores SELECT 5, timestamp '2024-06-01' + n * interval '1 minute', n % 11 FROM generate_series(1, 100) AS n;
SELECT same('an insert');
SELECT is((SELECT last_nps FROM plain.customers WHERE customer = 5), 1, 'at once');
SELECT is((SELECT answers FROM plain.nps_by_period WHERE unit = 'month' AND period = '2024-06-01'), 100::bigint, 'in every view');
UPDATE scores SET score = 0 WHERE at >= '2024-06-01' AND score > 5;
SELECT same('an update');
UPDATE scores SET score = score;
SELECT is((SELECT count(*) FROM plain.answers WHERE NOT counted AND answered_at < '2024-06-01'), 0::bigint, 'an update of nothing writes nothing');
DELETE FROM scores WHERE at >= '2024-06-01 01:00';
SELECT same('a delete');
SELECT is((SELECT last_nps FROM plain.customers WHERE customer = 5), (SELECT score FROM scores WHERE customer = 5 ORDER BY at DESC LIMIT 1), 'the answer before is the last one again');
BEGIN; INSERT INTO scores VALUES (1, '2024-06-02', 3); ROLLBACK;
SELECT same('a rollback');
INSERT INTO scores VALUES (2, '2024-06-03', 99), (2, '2024-06-03', 9);
SELECT results_eq($$SELECT problem, given FROM plain.answers WHERE problem IS NOT NULL AND answered_at = '2024-06-03'$$, $$VALUES ('outside_scale', '99')$$, 'a bad live answer is kept apart, and the good one counts');
SELECT lives_ok($$DELETE FROM scores WHERE score = 99$$, 'and goes again');
SELECT same('with its row');
CALL fold_customer_base('plain');
SELECT same('a fold');
SELECT is((SELECT count(*) FROM plain.answers WHERE NOT counted), 0::bigint, 'counts everything');
CALL advance_customer_base('plain');
SELECT is((SELECT count(*) FROM plain.answers WHERE answers < 0), 0::bigint, 'an advance tidies up');
SELECT same('and changes nothing');
CREATE TABLE later (customer int, at timestamptz, ease float8);
INSERT INTO later SELECT n, timestamptz '2024-01-01 UTC' + n * interval '1 hour', 1 + n % 7 FROM generate_series(1, 100) AS n;
SELECT lives_ok($$SELECT * FROM attach_survey('plain', 'later', 'customer', 'at', 'ease', 'ces')$$, 'a survey comes to a live base');
INSERT INTO later VALUES (1, '2024-05-05', 7);
CALL advance_customer_base('plain');
SELECT results_eq($$SELECT mode, answers FROM plain.survey_status WHERE survey = 'ces'$$, $$VALUES ('live', 101::bigint)$$, 'and is live from the next advance on');
INSERT INTO later VALUES (1, '2024-05-06', 7);
SELECT same('with what comes after');
CREATE FUNCTION fails(x float8) RETURNS float8 IMMUTABLE LANGUAGE plpgsql AS $$BEGIN IF x = 6.5 THEN RAISE EXCEPTION 'no such ease'; END IF; RETURN x; END$$;
SELECT is(detach_survey('plain', 'ces'), 102::bigint, 'it goes again');
SELECT lives_ok($$SELECT * FROM attach_survey('plain', 'later', 'customer', 'at', 'public.fails(ease)', 'ces')$$, 'a score by an expression that may fail');
CALL advance_customer_base('plain');
SELECT lives_ok($$INSERT INTO later VALUES (2, '2024-05-07', 6.5), (2, '2024-05-07', 6)$$, 'an expression that fails rejects no answer');
SELECT results_eq($$SELECT problem, given FROM plain.answers WHERE problem = 'failed'$$, $$VALUES ('failed', 'no such ease')$$, 'the row is kept apart, with the error');
SELECT is((SELECT count(*) FROM plain.answers AS a JOIN plain.surveys AS s ON s.id = a.survey WHERE s.survey = 'ces' AND a.answered_at::date = '2024-05-07' AND a.score = 6), 1::bigint, 'the row beside it counts');
DELETE FROM later WHERE ease = 6.5;
SELECT same('and goes with it');
TRUNCATE later;
SELECT same('a truncate');
SET pg_customer.maintain = off;
INSERT INTO later VALUES (3, '2024-05-08', 5);
RESET pg_customer.maintain;
SELECT results_eq($$SELECT stale, stale_reason FROM plain.survey_status WHERE survey = 'ces'$$, $$VALUES (true, 'ces: pg_customer.maintain is off. When that is put right, refresh')$$, 'what was not recorded is known');
SELECT is((SELECT stale FROM plain.base_status), true, 'to the base as well');
SELECT lives_ok($$SELECT * FROM refresh_customer_base('plain')$$, 'a refresh brings it');
SELECT same('and all is right');
SELECT is((SELECT stale FROM plain.base_status), false, 'and said so');
ALTER TABLE later DISABLE TRIGGER USER;
SELECT is((SELECT stale_reason FROM plain.survey_status WHERE survey = 'ces'), 'later lacks a trigger, or it is disabled: advance the base', 'a disabled trigger is seen');
ALTER TABLE later ENABLE TRIGGER USER;

ALTER TABLE later RENAME ease TO ease_of_use;
SET client_min_messages = error;
INSERT INTO later VALUES (3, '2024-05-09', 5);
SET client_min_messages = warning;
SELECT is((SELECT stale_reason FROM plain.survey_status WHERE survey = 'ces'), 'ces: column s.ease does not exist. When that is put right, refresh', 'a column that is renamed fails no row, but the survey');
ALTER TABLE later RENAME ease_of_use TO ease;
SELECT lives_ok($$SELECT * FROM refresh_customer_base('plain')$$, 'a refresh mends it');
SELECT same('with what was answered meanwhile');

-- Who may
CREATE ROLE survey_teller; GRANT INSERT, SELECT, DELETE ON scores TO survey_teller;
CREATE ROLE survey_reader; SELECT grant_reader('plain', 'survey_reader'); GRANT SELECT, TRIGGER ON scores TO survey_reader;
GRANT USAGE ON SCHEMA customer TO survey_teller, survey_reader;
SET ROLE survey_teller;
SELECT lives_ok($$INSERT INTO scores VALUES (7, '2024-06-20', 10)$$, 'who writes answers needs no rights on the base');
SELECT throws_ok('SELECT * FROM plain.answers', '42501', NULL, 'and gets none');
SET ROLE survey_reader;
SELECT is((SELECT last_nps FROM plain.customers WHERE customer = 7), 10, 'a reader reads');
SELECT throws_ok($$CREATE TRIGGER mine AFTER INSERT ON scores REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION plain.survey_1_changes()$$, '42501', NULL, 'but makes no triggers of the base');
SELECT throws_ok($$SELECT * FROM attach_survey('plain', 'scores', 'customer', 'at', 'score', 'nps', survey => 'mine')$$, '42501', 'must be owner of customer base "plain"', 'and attaches nothing');
SELECT throws_ok($$SELECT detach_survey('plain', 'nps')$$, '42501', 'must be owner of customer base "plain"', 'nor detaches');
RESET ROLE;

SELECT lives_ok($$SELECT * FROM attach_survey('plain', 'scores', 'customer', 'at', 'score', 'nps', survey => 'again')$$, 'a survey that comes after a reader');
CALL advance_customer_base('plain');
SELECT is_empty($$SELECT oid::regproc FROM pg_proc WHERE pronamespace = 'plain'::regnamespace AND proname ~ '^survey_\d+_changes$' AND has_function_privilege('survey_reader', oid, 'EXECUTE')$$,
	'is none that the reader makes triggers of');
SELECT detach_survey('plain', 'again') \g /dev/null

-- What is too long for an index, a snapshot that is too old, and names that are too long
INSERT INTO marks (customer, at, mark, about) SELECT 8, '2024-06-01', '5', string_agg(md5(i::text), '') FROM generate_series(1, 400) AS i;
SELECT results_eq($$SELECT customer, problem, answers FROM plain.answers WHERE length(dimension) > 2700$$, $$VALUES (NULL::int, 'too_long', 1)$$, 'an answer that is too long is kept with its problem');
CALL advance_customer_base('plain');
SELECT same('and the others are counted');
SELECT lives_ok($$SELECT * FROM refresh_customer_base('plain')$$, 'refreshed');
DELETE FROM marks WHERE length(about) > 2700;
SELECT is_empty($$SELECT survey FROM plain.answers WHERE length(dimension) > 2700 GROUP BY survey HAVING sum(answers) <> 0$$, 'it goes with its row');
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*) > 0 FROM plain.answers \g /dev/null
TRUNCATE complaints;
SELECT matches((SELECT stale_reason FROM plain.survey_status WHERE survey = 'complaint'), '^complaint: it was truncated in a REPEATABLE READ transaction', 'an old snapshot may not see all answers that a TRUNCATE takes back');
ROLLBACK;
SELECT results_eq($$SELECT count(*), count(DISTINCT m.trigger) FROM generate_series(1, 12) AS id, base_missing_survey_triggers(repeat('x', 40)::name, id::smallint, 'public.scores') AS m$$,
	$$VALUES (48::bigint, 48::bigint)$$, 'each trigger has a name of its own, however long that of the schema is');

-- Erasure, and the end
SELECT throws_ok($$SELECT * FROM forget_customer('plain', '7')$$, '55000', NULL, 'a customer with orders is not forgotten');
DELETE FROM orders WHERE customer = 7;
SELECT throws_ok($$SELECT * FROM forget_customer('plain', '7')$$, '55000', NULL, 'nor one with answers');
DELETE FROM scores WHERE customer = 7; DELETE FROM complaints WHERE customer = 7; DELETE FROM marks WHERE customer = 7;
CALL fold_customer_base('plain');
SELECT lives_ok($$SELECT * FROM forget_customer('plain', '7')$$, 'then it is');
SELECT is((SELECT count(*) FROM plain.answers WHERE customer = 7), 0::bigint, 'everywhere');
SELECT same('and the rest is right');
SELECT is((SELECT sum(answers)::bigint FROM plain.answer_counts), (SELECT sum(answers) FROM plain.answers WHERE problem IS NULL), 'counts and answers agree');
SELECT lives_ok($$SELECT upgrade_customer_base('plain')$$, 'an upgrade makes the views anew');
CALL stop_maintenance('plain');
SELECT is((SELECT count(*) FROM pg_trigger WHERE tgname ~ 'survey'), 0::bigint, 'stop_maintenance takes the triggers of surveys away');
SELECT is(detach_survey('plain', 'nps'), (SELECT count(*) FROM scores), 'detach_survey lets go of a survey');
SELECT throws_ok($$SELECT detach_survey('plain', 'nps')$$, '42704', 'customer base "plain" has no survey "nps"', 'once');
SELECT is_empty('SELECT 1 FROM plain.nps_by_period', 'and its answers are gone');
CALL start_maintenance('plain');
SELECT lives_ok($$SELECT drop_customer_base('plain')$$, 'a base is dropped with its surveys');
SELECT is((SELECT count(*) FROM pg_trigger WHERE tgname ~ 'pg_customer_plain'), 0::bigint, 'and their triggers');
INSERT INTO marks (customer, at, mark) VALUES (1, '2024-01-01', '5');
SELECT lives_ok($$DROP SCHEMA "50% ""off""" CASCADE$$, 'a schema that is dropped by hand');
DROP OWNED BY survey_teller, survey_reader;
DROP ROLE survey_teller, survey_reader;
SELECT * FROM finish();
