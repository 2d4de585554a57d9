-- Policies: presets, settings, both; the text is complete and reads back.
SELECT p, p::lifecycle_policy FROM unnest(ARRAY['retail', 'grocery', 'b2b', 'retail, loyal_from 3, churned_days 180',
	'count_by orders', ' grocery ,at_risk_gaps	2.5,population_gap 41.75 ', 'at_risk_gaps 0, dormant_gaps 0, churned_gaps 0']) AS p;
SELECT count(*) FROM unnest(ARRAY['retail', 'b2b, population_gap 0.1e2', 'churned_gaps 4.1']) AS p WHERE p::lifecycle_policy::text::lifecycle_policy = p::lifecycle_policy;
SELECT lifecycle_policy() = 'retail' AS defaults, lifecycle_policy('grocery', loyal_from => 4) = 'grocery, loyal_from 4' AS changed,
	lifecycle_policy(NULL, population_gap => 30.5) = 'retail' AS differs;
SELECT lifecycle_policy('b2b', 3, 6, 'orders', 60, 1.5, 120, 2.5, 240, 3.5, 45);
CREATE TABLE policies (p lifecycle_policy);
INSERT INTO policies VALUES ('b2b, population_gap 12.5');
SELECT p, length(lifecycle_policy_send(p)) FROM policies;
DROP TABLE policies;

-- What is refused
\set VERBOSITY default
SELECT 'wholesale'::lifecycle_policy;
SELECT ''::lifecycle_policy;
SELECT 'retail, loyal 3'::lifecycle_policy;
SELECT 'loyal_from 3, retail'::lifecycle_policy;
SELECT 'loyal_from 3, loyal_from 4'::lifecycle_policy;
SELECT 'loyal_from'::lifecycle_policy;
SELECT 'loyal_from three'::lifecycle_policy;
SELECT 'loyal_from 3.5'::lifecycle_policy;
SELECT 'repeat_from 1'::lifecycle_policy;
SELECT 'loyal_from 2'::lifecycle_policy;
SELECT 'count_by visits'::lifecycle_policy;
SELECT 'at_risk_days 90'::lifecycle_policy;
SELECT 'churned_days 1e30'::lifecycle_policy;
SELECT 'at_risk_gaps nan'::lifecycle_policy;
SELECT 'at_risk_gaps -1'::lifecycle_policy;
SELECT 'churned_gaps 2'::lifecycle_policy;
SELECT 'population_gap inf'::lifecycle_policy;
SELECT 'population_gap 0'::lifecycle_policy;
SELECT lifecycle_policy(preset => 'wholesale');
SELECT lifecycle_policy(count_by => 'visits');
SELECT lifecycle_policy(at_risk_days => 0);
SELECT lifecycle_policy(at_risk_gaps => 'infinity');
SELECT lifecycle_policy(dormant_days => 400);
\set VERBOSITY terse

-- One life. The rhythm is 10 days from the third purchase day on: 30, 90 and 365 days rule.
SELECT * FROM lifecycle_history('{2024-01-01 1:10, 2024-01-11 1:10, 2024-01-21 2:10, 2024-06-01 1:10, 2024-06-11 1:10, 2025-09-01 1:5}', '2026-12-31');
SELECT * FROM lifecycle_history('{2024-01-01 1:10, 2024-01-11 1:10, 2024-01-21 2:10}', '2026-12-31', 'retail, count_by orders, loyal_from 4');
-- A slow rhythm: a median gap of 100 days makes 200, 300 and 400.
SELECT * FROM lifecycle_history('{2020-01-01 1:10, 2020-04-10 1:10, 2020-07-19 1:10}', '2022-01-01');
-- The population's rhythm serves those with fewer than three purchase days.
SELECT * FROM lifecycle_history('{2020-01-01 1:10, 2020-04-10 1:10}', '2022-01-01', 'population_gap 40');
-- Days are passed on the day after.
SELECT d, lifecycle_stage('{2024-01-01 1:10}', d), (lifecycle_state('{2024-01-01 1:10}', d)).*
FROM unnest('{2023-12-31,2024-01-01,2024-01-31,2024-02-01,2024-03-31,2024-04-01,2024-12-31,2025-01-01}'::date[]) AS d;
-- Equal thresholds: a stage that would last no day is left out.
SELECT stage, valid_from, valid_to FROM lifecycle_history('{2020-01-01 1:1, 2020-07-01 1:1, 2020-12-30 1:1}', '2023-01-01', 'dormant_gaps 2');
-- Several orders on the first day
SELECT * FROM lifecycle_history('{2024-01-01 5:10}', '2024-01-02', 'count_by orders');
-- Nothing, refunds only, a refund before the first purchase, purchases later than the day
SELECT h, lifecycle_stage(h, '2024-06-01'), s.* FROM unnest(ARRAY['{}', '{2024-01-01 -1:5}', '{2024-01-01 -1:5, 2024-05-01 1:9}', '{2024-07-01 1:9}', '{2024-05-01 -1:9, 2024-07-01 1:9}']::purchase_history[]) AS h,
	lifecycle_state(h, '2024-06-01') AS s;
SELECT count(*) FROM unnest(ARRAY['{}', '{2024-01-01 -1:5}', '{2024-07-01 1:9}']::purchase_history[]) AS h, lifecycle_history(h, '2024-06-01');
SELECT lifecycle_stage(NULL, '2024-06-01') IS NULL AS null_history;
SELECT lifecycle_stage('{}', 'infinity');
SELECT * FROM lifecycle_history('{}', '-infinity');
-- The end of the calendar
SELECT * FROM lifecycle_state('{5874897-12-01 1:1}', '5874897-12-31');
SELECT * FROM lifecycle_state('{4713-01-01 BC 1:1, 5874896-01-01 1:1, 5874897-11-01 1:1}', '5874897-12-31', 'churned_gaps 1000');
SELECT lifecycle_history('{2024-01-01 1:10, 2024-01-11 1:10}', '2024-03-01');

-- The first day in a stage
SELECT s AS stage, lifecycle_reached('{2024-01-01 1:10, 2024-01-11 1:10, 2024-01-21 2:10, 2024-06-01 1:10, 2024-06-11 1:10, 2025-09-01 1:5}', s, '2026-12-31') AS reached,
	lifecycle_reached('{2024-01-01 1:10, 2024-01-11 1:10}', s, '2024-04-11') AS in_april FROM unnest(enum_range(NULL::lifecycle_stage)) AS s;
SELECT lifecycle_reached('{2024-01-01 1:10}', 'new', 'infinity');

-- What a log lacks
\set h '''{2024-01-01 1:10, 2024-01-11 1:10, 2024-06-01 1:10}'''
SELECT * FROM lifecycle_changes_since(NULL, NULL, :h, '2024-06-30');
SELECT * FROM lifecycle_changes_since('repeat', '2024-01-11', :h, '2024-06-30');
SELECT * FROM lifecycle_changes_since('repeat', '2024-06-01', :h, '2024-06-30');
-- a purchase on the day that is known already, in one more order
SELECT * FROM lifecycle_changes_since('dormant', '2024-06-01', :h, '2024-06-30');
SELECT * FROM lifecycle_changes_since(NULL, '2024-01-01', :h, '2024-01-01');
-- another past: corrected, or nothing to do
SELECT * FROM lifecycle_changes_since('loyal', '2024-05-01', :h, '2024-06-30');
SELECT * FROM lifecycle_changes_since(NULL, '2024-05-01', :h, '2024-06-30');
SELECT * FROM lifecycle_changes_since('repeat', '2024-05-01', :h, '2024-06-30');
-- the past is gone
SELECT * FROM lifecycle_changes_since('loyal', '2024-05-01', '{}', '2024-06-30');
SELECT * FROM lifecycle_changes_since('loyal', '2024-05-01', NULL, '2024-06-30');
SELECT * FROM lifecycle_changes_since('prospect', '2024-05-01', NULL, '2024-06-30');
SELECT * FROM lifecycle_changes_since('prospect', '2023-05-01', :h, '2024-01-02');
-- a day after as_of is taken as as_of
SELECT * FROM lifecycle_changes_since('new', 'infinity', :h, '2024-01-05');
SELECT * FROM lifecycle_changes_since('new', '2025-01-01', :h, '2024-01-11');
SELECT * FROM lifecycle_changes_since('new', '2025-01-01', :h, NULL);
SELECT * FROM lifecycle_changes_since('new', '2025-01-01', :h, 'infinity');

-- All histories at once: as a count over each history's rows.
CREATE TABLE histories AS
	SELECT c, purchase_history(d, a) AS h
	FROM (SELECT i % 700 AS c, date '2020-01-01' + (i::bigint * 7919 % 900 * (i % 7 + 1) / 3)::int AS d, (i * 31 % 10000) / 100.0 - 5 AS a
		  FROM generate_series(1, 4000) AS i) AS o GROUP BY 1;
CREATE VIEW by_rows AS
	SELECT p::text AS policy, stage AS from_stage, lead(stage) OVER next AS to_stage, lead(reason) OVER next AS reason, coalesce(valid_to, '2025-06-30') - valid_from AS days
	FROM histories, unnest('{retail,b2b,"grocery, count_by orders"}'::lifecycle_policy[]) AS p, lifecycle_history(h, '2025-06-30', p) WINDOW next AS (PARTITION BY p::text, c ORDER BY valid_from);
CREATE VIEW at_once AS
	SELECT p::text AS policy, t.* FROM unnest('{retail,b2b,"grocery, count_by orders"}'::lifecycle_policy[]) AS p,
		LATERAL (SELECT lifecycle_totals(h, '2025-06-30', p) AS totals FROM histories) AS a, unnest(a.totals) AS t;
SELECT policy, count(*), sum(changes) FROM at_once GROUP BY 1 ORDER BY 1;
SELECT count(*) AS apart FROM (SELECT policy, from_stage, to_stage, reason, days, count(*) FROM by_rows GROUP BY 1, 2, 3, 4, 5) AS r
	FULL JOIN at_once AS t ON (t.policy, t.from_stage, t.days) = (r.policy, r.from_stage, r.days) AND t.to_stage IS NOT DISTINCT FROM r.to_stage AND t.reason IS NOT DISTINCT FROM r.reason
	WHERE changes IS DISTINCT FROM count;
SELECT from_stage, to_stage, reason, sum(changes) FROM at_once WHERE policy LIKE '%at_risk_days 30%' GROUP BY 1, 2, 3 ORDER BY 1, 2;
-- parallel, in any order, with NULLs, without rows
CREATE TABLE serial AS SELECT lifecycle_totals(h, '2025-06-30', 'retail') AS totals FROM histories;
ALTER TABLE histories SET (parallel_workers = 2);
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
EXPLAIN (COSTS OFF) SELECT lifecycle_totals(h, '2025-06-30', 'retail') FROM histories;
SELECT lifecycle_totals(h, '2025-06-30', 'retail') = (SELECT totals FROM serial) AS same FROM histories;
RESET ALL;
SELECT lifecycle_totals(h, '2025-06-30', 'retail' ORDER BY c DESC) = (SELECT totals FROM serial) AS same
FROM (SELECT * FROM histories UNION ALL SELECT -1, NULL) AS h;
SELECT lifecycle_totals(h, '2025-06-30', 'retail') FROM histories WHERE false;
SELECT lifecycle_totals(NULL, '2025-06-30', 'retail');
SELECT lifecycle_totals(h, date '2025-06-30' - c, 'retail') FROM histories;
SELECT lifecycle_totals(h, '2025-06-30', lifecycle_policy(loyal_from => 3 + c)) FROM histories;
SELECT lifecycle_totals(h, 'infinity', 'retail') FROM histories;
SELECT lifecycle_totals(h, '2025-06-30', NULL) FROM histories;

-- Customers and money by stage: as GROUP BY says, in parallel too.
CREATE VIEW staged AS SELECT lifecycle_stage(h, '2023-06-30') AS stage, total(h) / 7 AS total FROM histories;
SELECT count(*) AS stages, count(*) FILTER (WHERE (t.customers, t.total) IS DISTINCT FROM (g.customers, g.total)) AS apart
FROM (SELECT stage, count(*) AS customers, sum(round(total, 6)) AS total FROM staged WHERE stage IS NOT NULL GROUP BY stage) AS g
	FULL JOIN (SELECT t.* FROM (SELECT stage_totals(stage, total) AS totals FROM staged) AS s, unnest(totals) AS t) AS t USING (stage);
CREATE TABLE stages AS SELECT stage_totals(stage, total) AS totals FROM staged;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
EXPLAIN (COSTS OFF) SELECT stage_totals(stage, total) FROM staged;
SELECT stage_totals(stage, total) = (SELECT totals FROM stages) AS same FROM staged;
RESET ALL;
SELECT stage_totals(stage, total) FROM (VALUES ('new'::lifecycle_stage, 1.25), (NULL, 7), ('new', NULL), ('churned', -3.0000004), ('prospect', 0)) AS v (stage, total);
SELECT stage_totals(NULL, 1), stage_totals('new', 1) FILTER (WHERE false);
SELECT stage_totals('new', 'NaN');
SELECT stage_totals('new', 1e25);
DROP VIEW by_rows, at_once, staged;
DROP TABLE histories, serial, stages;

-- Words
SELECT * FROM lifecycle_stages();
SELECT stage, lifecycle_label(stage), lifecycle_label(stage, 'zh'), lifecycle_phase(stage, 'relationship') AS relationship, lifecycle_phase(stage, 'relationship', 'zh') AS zh,
	lifecycle_phase(stage, 'growth') AS growth, lifecycle_phase(stage, 'growth', 'zh') AS zh, lifecycle_phase(stage, 'activity') AS activity, lifecycle_phase(stage, 'activity', 'zh') AS zh
FROM lifecycle_stages();
SELECT lifecycle_label('new', 'fr');
SELECT lifecycle_phase('new', 'seasons');
SELECT lifecycle_phase('new', 'growth', 'fr');
SELECT can_afford, has_need, has_purchase, prospect_stage(can_afford, has_need, has_purchase), prospect_label(prospect_stage(can_afford, has_need, has_purchase)),
	prospect_label(prospect_stage(can_afford, has_need, has_purchase), 'zh') AS zh
FROM (VALUES (false, false, false), (true, false, false), (NULL, true, NULL), (true, true, false), (true, true, NULL), (false, NULL, true)) AS v (can_afford, has_need, has_purchase);
SELECT prospect_label('customer', 'fr');
