-- The lifecycle views of a base against plain SQL over the timelines of all customers, with and without tenants, on several days
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT plan(36);
SET LOCAL client_min_messages = warning;
SELECT setseed(0.7);
SET LOCAL jit = off;

CREATE FUNCTION pg_temp.same_rows(a text, b text, description text) RETURNS text LANGUAGE sql AS $$
	SELECT is_empty(format('((%1$s) EXCEPT ALL (%2$s)) UNION ALL ((%2$s) EXCEPT ALL (%1$s))', a, b), description)
$$;

CREATE TABLE sales AS
SELECT i AS id, c AS customer, CASE WHEN c % 2 = 0 THEN 'east' ELSE 'west' END AS region,
	date '2022-01-01' + (random() * 150 * (c % 4 + 1))::int + (c * 7 % 300) AS sold_on,
	(CASE WHEN random() < 0.08 OR c = 11 THEN -1 ELSE 1 END * (random() * 90 + 5))::numeric(8, 2) AS amount
FROM (SELECT i, (1 + random() * random() * 250)::int AS c FROM generate_series(1, 2000) AS i) AS s;
CREATE TABLE people (id int PRIMARY KEY, region text, name text, income int, interest text);
INSERT INTO people SELECT c, CASE WHEN c % 2 = 0 THEN 'east' ELSE 'west' END, 'person ' || c, c * 37 % 100, CASE c % 3 WHEN 0 THEN 'tea' WHEN 1 THEN 'coffee' END FROM generate_series(20, 300) AS c;

SELECT lives_ok($$SELECT * FROM create_customer_base('plain', 'sales', 'customer', 'sold_on', 'amount', time_zone => 'UTC', as_of => '2023-08-31', currency => 'EUR',
	customers => 'people', customers_key => 'id', attributes => '{name}', can_afford => 'income >= 50', has_need => 'interest = ''tea''')$$, 'a base with prospects');
SELECT lives_ok($$SELECT * FROM create_customer_base('regions', 'sales', 'customer', 'sold_on', 'amount', order_id => 'id', tenant => 'region', time_zone => 'UTC', as_of => '2023-08-31',
	customers => 'people', customers_key => 'id', policy => 'grocery, population_gap 20', count_by => 'orders', language => 'zh')$$, 'a base with tenants and a policy');
SELECT lives_ok($$SELECT * FROM create_customer_base('bare', 'sales', 'customer', 'sold_on', 'amount', time_zone => 'UTC', as_of => '2023-08-31')$$, 'a base without customers table');

SELECT is((SELECT policy::lifecycle_policy FROM plain.settings), lifecycle_policy('retail', population_gap => (
	SELECT round((percentile_cont(0.5) WITHIN GROUP (ORDER BY median_gap(history)))::numeric, 1) FROM plain.histories WHERE purchase_days(history) >= 3)),
	'the gap of the population comes from the data');
SELECT is((SELECT policy::lifecycle_policy FROM regions.settings), 'grocery, count_by orders, population_gap 20'::lifecycle_policy, 'or from the policy; the base counts');
SELECT throws_like($$SELECT * FROM create_customer_base('x', 'sales', 'customer', 'sold_on', 'amount', policy => 'retail, count_by orders')$$,
	'option policy counts purchases by orders, and option count_by is ''days''', 'a policy does not count otherwise than its base');
SELECT throws_like($$SELECT * FROM create_customer_base('x', 'sales', 'customer', 'sold_on', 'amount', policy => 'discount')$$, 'invalid input syntax for type lifecycle_policy%', 'an unknown policy');
SELECT throws_like($$SELECT * FROM create_customer_base('x', 'sales', 'customer', 'sold_on', 'amount', policy => NULL)$$, 'option policy cannot be NULL', 'no policy');
SELECT throws_like($$SELECT * FROM create_customer_base('x', 'sales', 'customer', 'sold_on', 'amount', can_afford => 'true')$$, 'option has_need cannot be NULL', 'one criterion');
SELECT throws_like($$SELECT * FROM create_customer_base('x', 'sales', 'customer', 'sold_on', 'amount', can_afford => 'true', has_need => 'true')$$, 'option can_afford cannot be ''true''', 'criteria without a customers table');
SELECT throws_like($$SELECT * FROM create_customer_base('x', 'sales', 'customer', 'sold_on', 'amount', customers => 'people', customers_key => 'id', can_afford => 'income', has_need => 'true')$$,
	'option can_afford is of type integer, not boolean', 'a criterion that is no condition');
SELECT throws_like($$SELECT * FROM create_customer_base('x', 'sales', 'customer', 'sold_on', 'amount', customers => 'people', customers_key => 'id', can_afford => '(SELECT true)', has_need => 'true')$$,
	'option can_afford%', 'a criterion with a subquery');

-- All bases and days at once, in plain SQL
CREATE TEMP TABLE days (day date);
INSERT INTO days VALUES ('2021-12-31'), ('2022-06-30'), ('2023-02-01'), ('2023-08-31'), ('2024-12-31');
CREATE TEMP TABLE histories AS
	SELECT 'plain' AS base, NULL AS tenant, h.customer, policy::lifecycle_policy, history FROM plain.histories AS h, plain.settings
	UNION ALL SELECT 'regions', h.tenant, h.customer, policy::lifecycle_policy, history FROM regions.histories AS h, regions.settings
	UNION ALL SELECT 'bare', NULL, h.customer, policy::lifecycle_policy, history FROM bare.histories AS h, bare.settings;
CREATE TEMP TABLE timelines AS
	SELECT base, tenant, customer, day, history, row_number() OVER w AS n, t.*, lead(stage) OVER w AS next_stage, lead(t.reason) OVER w AS next_reason, coalesce(valid_to, day) - valid_from AS length
	FROM histories, days, lifecycle_history(history, day, policy) AS t WINDOW w AS (PARTITION BY base, tenant, customer, day ORDER BY valid_from);
CREATE TEMP TABLE states AS
	SELECT base, tenant, customer, day, stage, valid_from AS since, reason, total(as_of(history, day)) AS total, as_of(history, day) AS history FROM timelines WHERE valid_to IS NULL
	UNION ALL
	SELECT b.base, CASE b.base WHEN 'regions' THEN region END, id, day, 'prospect', NULL, NULL, 0, NULL FROM (VALUES ('plain'), ('regions')) AS b (base), people, days
	WHERE NOT EXISTS (SELECT FROM histories AS h WHERE h.base = b.base AND h.customer = id AND as_of(h.history, day) <> '{}');
-- the bases
CREATE TEMP VIEW lifecycle AS
	SELECT 'plain' AS base, NULL AS tenant, l.* FROM days, plain.lifecycle_at(day) AS l UNION ALL SELECT 'bare', NULL, l.* FROM days, bare.lifecycle_at(day) AS l
	UNION ALL SELECT 'regions', l.tenant, l.customer, l.stage, l.stage_label, l.stage_rank, l.since, l.days_in_stage, l.reason, l.as_of FROM days, regions.lifecycle_at(day) AS l;
SELECT pg_temp.same_rows('SELECT base, tenant, customer, as_of, stage, since, days_in_stage, reason, stage_rank FROM lifecycle',
	'SELECT base, tenant, customer, day, stage::text, since, day - since, reason, cardinality(enum_range(NULL, stage)) FROM states', 'lifecycle: the last rows of the timelines, and prospects');
SELECT is_empty($$SELECT * FROM lifecycle WHERE stage_label <> lifecycle_label(stage::lifecycle_stage, CASE base WHEN 'regions' THEN 'zh' ELSE 'en' END)$$, 'in the language of the base');
SELECT pg_temp.same_rows($$SELECT 'plain', NULL, c.customer, as_of, c.stage FROM days, plain.customers_at(day) AS c WHERE c.stage IS NOT NULL UNION ALL SELECT 'bare', NULL, c.customer, as_of, c.stage FROM days, bare.customers_at(day) AS c WHERE c.stage IS NOT NULL
	UNION ALL SELECT 'regions', c.tenant, c.customer, as_of, c.stage FROM days, regions.customers_at(day) AS c WHERE c.stage IS NOT NULL$$,
	'SELECT base, tenant, customer, day, stage::text FROM states', 'customers: the same stages');
SELECT is((SELECT count(*) FROM plain.customers_at('2024-12-31') WHERE stage IS NULL), (SELECT count(*) FROM histories WHERE base = 'plain' AND orders(history) = 0), 'customers with refunds only have none');
SELECT pg_temp.same_rows($$SELECT 'plain', NULL, as_of, s.stage, customers, total, share_of_customers, share_of_total FROM days, plain.stage_counts_at(day) AS s
	UNION ALL SELECT 'bare', NULL, as_of, s.stage, customers, total, share_of_customers, share_of_total FROM days, bare.stage_counts_at(day) AS s
	UNION ALL SELECT 'regions', tenant, as_of, s.stage, customers, total, share_of_customers, share_of_total FROM days, regions.stage_counts_at(day) AS s$$,
	$$SELECT base, tenant, day, stage::text, count(*), sum(total), round(count(*) / sum(count(*)) OVER w, 6), round(sum(total) / nullif(sum(sum(total)) OVER w, 0), 6)
	FROM states GROUP BY base, tenant, day, stage WINDOW w AS (PARTITION BY base, tenant, day)$$, 'stage_counts');
CREATE TEMP VIEW transitions AS
	SELECT 'plain' AS base, NULL AS tenant, t.* FROM days, plain.stage_transitions_at(day) AS t UNION ALL SELECT 'bare', NULL, t.* FROM days, bare.stage_transitions_at(day) AS t
	UNION ALL SELECT 'regions', tenant, from_stage, from_label, from_rank, to_stage, to_label, to_rank, changes, share, median_days, as_of FROM days, regions.stage_transitions_at(day) AS t;
SELECT pg_temp.same_rows('SELECT base, tenant, as_of, from_stage, to_stage, changes, share, median_days FROM transitions',
	$$SELECT base, tenant, day, stage::text, next_stage::text, count(*), round(count(*) / sum(count(*)) OVER (PARTITION BY base, tenant, day, stage), 6), percentile_cont(0.5) WITHIN GROUP (ORDER BY length)
	FROM timelines WHERE next_stage IS NOT NULL GROUP BY base, tenant, day, stage, next_stage$$, 'stage_transitions');
SELECT is_empty($$SELECT * FROM transitions WHERE base = 'regions' AND (from_label, to_label, from_rank, to_rank) IS DISTINCT FROM (lifecycle_label(from_stage::lifecycle_stage, 'zh'), lifecycle_label(to_stage::lifecycle_stage, 'zh'),
	cardinality(enum_range(NULL, from_stage::lifecycle_stage)), cardinality(enum_range(NULL, to_stage::lifecycle_stage)))$$, 'with labels and ranks');
SELECT pg_temp.same_rows($$SELECT 'plain', NULL, as_of, w.stage, entered, won_back, went_on, still_there, share_won_back, median_days FROM days, plain.win_backs_at(day) AS w
	UNION ALL SELECT 'bare', NULL, as_of, w.stage, entered, won_back, went_on, still_there, share_won_back, median_days FROM days, bare.win_backs_at(day) AS w
	UNION ALL SELECT 'regions', tenant, as_of, w.stage, entered, won_back, went_on, still_there, share_won_back, median_days FROM days, regions.win_backs_at(day) AS w$$,
	$$SELECT base, tenant, day, stage::text, count(*), count(*) FILTER (WHERE next_stage < 'at_risk'), count(*) FILTER (WHERE next_stage > 'at_risk'), count(*) FILTER (WHERE next_stage IS NULL),
		round(count(*) FILTER (WHERE next_stage < 'at_risk')::numeric / nullif(CASE stage WHEN 'churned' THEN count(*) ELSE count(next_stage) END, 0), 6), percentile_cont(0.5) WITHIN GROUP (ORDER BY length) FILTER (WHERE next_stage < 'at_risk')
	FROM timelines WHERE stage >= 'at_risk' GROUP BY base, tenant, day, stage$$, 'win_backs');
SELECT pg_temp.same_rows($$SELECT 'plain', NULL, as_of, r.customer, r.stage, net_per_year, total, orders, days_since_last, median_gap_days, since FROM days, plain.at_risk_customers_at(day) AS r
	UNION ALL SELECT 'bare', NULL, as_of, r.customer, r.stage, net_per_year, total, orders, days_since_last, median_gap_days, since FROM days, bare.at_risk_customers_at(day) AS r
	UNION ALL SELECT 'regions', tenant, as_of, r.customer, r.stage, net_per_year, total, orders, days_since_last, median_gap_days, since FROM days, regions.at_risk_customers_at(day) AS r$$,
	$$SELECT base, tenant, day, customer, stage::text, round(total * 365 / greatest(tenure(history, day), 365), 2), total, orders(history), days_since_last(history, day), median_gap(history), since
	FROM states WHERE stage IN ('at_risk', 'dormant')$$, 'at_risk_customers');
SELECT is_empty('SELECT * FROM (SELECT net_per_year, lag(net_per_year) OVER () AS before FROM plain.at_risk_customers) AS r WHERE net_per_year > before', 'the largest loss first');
SELECT is_empty('SELECT * FROM plain.at_risk_customers AS r LEFT JOIN people ON id = customer WHERE r.name IS DISTINCT FROM people.name', 'with their attributes');
SELECT cmp_ok((SELECT count(*) FROM timelines), '>', 10000::bigint, 'there was something to compare');

-- The stages add up, whatever the day.
SELECT is_empty($$SELECT base, day, stage FROM (SELECT base, tenant, as_of AS day, stage, count(*) AS n FROM lifecycle WHERE stage <> 'prospect' GROUP BY 1, 2, 3, 4) AS c
	FULL JOIN (SELECT base, tenant, day, stage::text, sum(n) AS n FROM (
		SELECT base, tenant, day, stage, 1 AS n FROM timelines WHERE n = 1
		UNION ALL SELECT base, tenant, as_of, to_stage::lifecycle_stage, changes FROM transitions
		UNION ALL SELECT base, tenant, as_of, from_stage::lifecycle_stage, -changes FROM transitions) AS moves GROUP BY 1, 2, 3, 4 HAVING sum(n) > 0) AS m USING (base, day, stage)
	WHERE c.tenant IS NOT DISTINCT FROM m.tenant AND c.n IS DISTINCT FROM m.n$$, 'first purchases and transitions add up to the counts');

-- Stored stages serve from the day on which they were found, and never a day before.
SELECT isnt_empty($$SELECT FROM plain.summary WHERE stage_due BETWEEN '2023-09-01' AND '2024-12-31'$$, 'stages are stored with the day on which they end');
SELECT pg_temp.same_rows($$SELECT m.customer, day::date, stage::text FROM generate_series('2023-06-01', '2024-09-01', interval '9 days') AS day, plain.measured_at(day::date) AS m$$,
	$$SELECT customer, day::date, lifecycle_stage(history, day::date, policy)::text FROM generate_series('2023-06-01', '2024-09-01', interval '9 days') AS day, histories
	WHERE base = 'plain' AND as_of(history, day::date) <> '{}'$$, 'the stage of each day is that of the history');

-- Prospects
SELECT pg_temp.same_rows('SELECT customer, name, as_of, can_afford, has_need, prospect_stage, prospect_label, prospect_rank FROM days, plain.prospects_at(day)',
	$$SELECT id, name, day, income >= 50, interest = 'tea', s, CASE s WHEN 'customer' THEN 'Customer' WHEN 'hot_prospect' THEN 'Hot prospect' ELSE 'Prospect' END, CASE s WHEN 'customer' THEN 3 WHEN 'hot_prospect' THEN 2 ELSE 1 END
	FROM days, people LEFT JOIN histories ON base = 'plain' AND customer = id, LATERAL (SELECT CASE WHEN orders(as_of(history, day)) > 0 THEN 'customer' WHEN income >= 50 AND interest = 'tea' THEN 'hot_prospect' ELSE 'prospect' END AS s) AS p$$, 'prospects');
SELECT hasnt_view('bare', 'prospects', 'without the two criteria there is no such view');

-- Labels and actions are the user's.
UPDATE plain.lifecycle_stages SET label_en = 'Sleeping', action = 'Send the catalogue.' WHERE stage = 'dormant';
SELECT is((SELECT stage_label || ': ' || action FROM plain.stage_counts WHERE stage = 'dormant'), 'Sleeping: Send the catalogue.', 'a label and an action of the user''s');
SELECT is((SELECT DISTINCT stage_label FROM plain.customers WHERE stage = 'dormant'), 'Sleeping', 'everywhere');
SELECT throws_ok($$INSERT INTO plain.lifecycle_stages VALUES ('dormant', 8, 'x', 'x')$$, '23505', NULL, 'a stage has one row');
DELETE FROM plain.lifecycle_stages WHERE stage = 'new';
SELECT is((SELECT count(*) FROM plain.customers_at('2023-02-01') WHERE stage = 'new' AND stage_label IS NULL), (SELECT count(*) FROM states WHERE base = 'plain' AND day = '2023-02-01' AND stage = 'new'),
	'a stage without a row has no label, and stays');

DROP VIEW lifecycle, transitions;
SELECT lives_ok($$SELECT drop_customer_base('plain')$$, 'all of it is dropped');
SELECT lives_ok($$SELECT drop_customer_base('regions'), drop_customer_base('bare')$$, 'with tenants, and without a customers table');
SELECT is_empty($$SELECT FROM pg_namespace WHERE nspname IN ('plain', 'regions', 'bare')$$, 'nothing stays');
SELECT * FROM finish();
ROLLBACK;
