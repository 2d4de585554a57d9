-- A shop with bases of every kind, and an application that has made objects of every kind over them and over the types and functions of the extension.
\set ON_ERROR_STOP on
\set QUIET on
SET client_min_messages = error;
SET search_path = public, customer;
SET jit = off;
CREATE SCHEMA app;

CREATE TABLE order_lines (invoice text, customer text, at timestamptz, price numeric(12,2), branch text) PARTITION BY LIST (branch);
CREATE TABLE order_lines_north PARTITION OF order_lines FOR VALUES IN ('north');
CREATE TABLE order_lines_south PARTITION OF order_lines FOR VALUES IN ('south', '南');
CREATE INDEX ON order_lines (invoice);
INSERT INTO order_lines SELECT 'i' || i / 2, CASE WHEN i % 31 > 0 THEN 'c' || (i / 2 * (i / 2) % 211) % (1 + i / 2 % 130) END, timestamptz '2024-03-01 UTC' + (i / 2 * 37 % 500) * interval '1 day 1 minute',
	((i * 7919 % 20000) - 900) / 100.0, (ARRAY['north', 'south', '南'])[1 + i / 2 % 3] FROM generate_series(1, 1500) AS i;
CREATE TABLE people (id text, branch text, city text, budget integer);
INSERT INTO people SELECT 'c' || i, (ARRAY['north', 'south', '南'])[1 + i % 3], 'city ' || i % 5, i FROM generate_series(0, 150) AS i;
CREATE TABLE answers (who text, branch text, at date, given text, about text);
INSERT INTO answers SELECT 'c' || i % 130, (ARRAY['north', 'south', '南'])[1 + i % 3], date '2024-01-01' + i, (ARRAY['很满意', '满意', '一般', '2', '??'])[1 + i % 5], (ARRAY[NULL, 'price', 'staff'])[1 + i % 3]
FROM generate_series(1, 400) AS i;
CREATE TABLE promoters (who text, branch text, at date, score integer);
INSERT INTO promoters SELECT 'c' || i % 97, 'north', date '2024-06-01' + i, i * i % 12 FROM generate_series(1, 200) AS i;
SELECT count(*) FROM create_customer_base('shop', source => 'public.order_lines', customer => 'customer', purchased_at => 'at', amount => 'price', order_id => 'invoice',
	tenant => 'branch', customers => 'public.people', customers_key => 'id', attributes => '{city}', can_afford => 'budget > 50', has_need => 'budget % 2 = 0', as_of => '2025-09-30',
	time_zone => 'Asia/Shanghai', currency => 'CNY', language => 'zh', margin => 0.4) \g /dev/null
SELECT count(*) FROM attach_survey('shop', 'public.answers', 'who', 'at', 'given', 'csat', dimension => 'about') \g /dev/null
CALL start_maintenance('shop');
SELECT count(*) FROM attach_survey('shop', 'public.promoters', 'who', 'at', 'score', 'nps') \g /dev/null
CALL advance_customer_base('shop');
UPDATE shop.segment_map SET label_zh = '我的冠军' WHERE segment = 'champions';
UPDATE shop.lifecycle_stages SET action = 'call them' WHERE stage = 'at_risk';
SELECT count(*) FROM fit_models('shop', '{mbgnbd,nbd}') \g /dev/null
INSERT INTO order_lines SELECT 'j' || i / 3, 'c' || i % 40, timestamptz '2025-08-01 UTC' + i * interval '5 hours', i, 'north' FROM generate_series(1, 90) AS i;
CALL fold_customer_base('shop');
UPDATE order_lines SET price = price + 1 WHERE invoice ~ '^j';
DELETE FROM order_lines WHERE invoice = 'j7';
INSERT INTO answers VALUES ('c7', 'north', '2025-09-01', '满意', NULL);

CREATE TABLE sales (customer bigint, day date, cents integer);
INSERT INTO sales SELECT (i * i % 97) % (1 + i % 60), date '2023-09-01' + i * i * 7 % 501, i * 7919 % 30000 - 2000 FROM generate_series(1, 900) AS i;
SELECT count(*) FROM create_customer_base('till', source => 'public.sales', customer => 'customer', purchased_at => 'day', amount => 'cents / 100.0', as_of => '2025-01-31', time_zone => 'UTC',
	stage_changes => 'transaction', policy => 'grocery, loyal_from 4', rfm_window => '1 year', schema => 'till of the shop') \g /dev/null
CALL start_maintenance('till');
INSERT INTO sales VALUES (1, '2025-01-05', 4200), (77, '2025-01-06', 100), (78, '2025-01-07', -100);
CREATE VIEW sales_seen AS SELECT * FROM sales WHERE cents > 0;
SELECT count(*) FROM create_customer_base('report', source => 'public.sales_seen', customer => 'customer', purchased_at => 'day', amount => 'cents', as_of => 'last_purchase', time_zone => 'UTC',
	segment_map => 'cn8', abc_a => 0.7, count_by => 'orders', history_starts => '2023-06-01') \g /dev/null
DO $$ BEGIN PERFORM grant_reader(base, 'analyst') FROM unnest('{shop,till,report}'::text[]) AS base; END $$;
GRANT USAGE ON SCHEMA customer, app TO analyst;
GRANT SELECT ON people TO analyst;

-- The application's own.
CREATE TABLE app.kept AS SELECT * FROM kept;
CREATE TABLE app.kept_rows AS SELECT * FROM kept_rows;
CREATE TYPE app.profile AS (history purchase_history, stage lifecycle_stage);
CREATE DOMAIN app.share AS proportion CHECK (trials(VALUE) > 0);
CREATE TABLE app.scores (score rfm_score PRIMARY KEY, note text);
INSERT INTO app.scores SELECT (a * 100 + b * 10 + c)::text::rfm_score, 'x' FROM generate_series(1, 5) AS a, generate_series(1, 5) AS b, generate_series(1, 5) AS c;
CREATE TABLE app.clients (id bigint PRIMARY KEY, history purchase_history NOT NULL DEFAULT '{}', bought bigint GENERATED ALWAYS AS (orders(history)) STORED, rest purchase_history GENERATED ALWAYS AS (as_of(history, '2024-01-01')) STORED,
	score rfm_score REFERENCES app.scores, stage lifecycle_stage DEFAULT 'new', policy lifecycle_policy DEFAULT 'retail', share app.share DEFAULT proportion(1, 2), profile app.profile,
	tally nps_tally, model purchase_model DEFAULT purchase_model('bgnbd', 'week', 0.8, 4, 0.8, 2.5), CHECK (total(history) > -100000), CONSTRAINT sane CHECK (stage <> 'prospect'),
	EXCLUDE USING btree (history WITH =) WHERE (orders(history) > 1000));
INSERT INTO app.clients (id, history, score, stage, profile, tally) SELECT customer, h.history, r.rfm::rfm_score, lifecycle_stage(h.history, '2025-01-31'), ROW(h.history, 'loyal')::app.profile,
	(SELECT nps_tally(n::integer) FROM generate_series(0, customer % 11) AS n) FROM "till of the shop".histories AS h LEFT JOIN "till of the shop".rfm AS r USING (customer);
CREATE INDEX clients_history ON app.clients (history);
CREATE INDEX clients_history_hash ON app.clients USING hash (history);
CREATE INDEX clients_last ON app.clients (last_purchase(history), stage) INCLUDE (score) WHERE purchase_days(history) > 1;
CREATE INDEX clients_nps ON app.clients (nps(tally) DESC);
CREATE UNIQUE INDEX clients_score ON app.clients (score, id);
CREATE STATISTICS app.clients_total ON (total(history)), score FROM app.clients;
ANALYZE app.clients;
ALTER TABLE app.clients ENABLE ROW LEVEL SECURITY;
CREATE POLICY bought ON app.clients USING (refunds(history) < 100);
CREATE TABLE app.by_stage (id bigint, stage lifecycle_stage NOT NULL, score rfm_score) PARTITION BY LIST (stage);
CREATE TABLE app.by_stage_good PARTITION OF app.by_stage FOR VALUES IN ('new', 'repeat', 'loyal') PARTITION BY RANGE (score);
CREATE TABLE app.by_stage_good_low PARTITION OF app.by_stage_good FOR VALUES FROM (MINVALUE) TO ('333');
CREATE TABLE app.by_stage_good_high PARTITION OF app.by_stage_good FOR VALUES FROM ('333') TO (MAXVALUE);
CREATE TABLE app.by_stage_rest PARTITION OF app.by_stage DEFAULT;
INSERT INTO app.by_stage SELECT id, stage, score FROM app.clients WHERE score IS NOT NULL;
CREATE VIEW app.best AS SELECT customer, city, segment_label, total, predicted_value_12m FROM shop.customers WHERE stage = 'loyal';
CREATE VIEW app.everything AS SELECT c.*, l.since FROM shop.customers AS c LEFT JOIN shop.lifecycle AS l USING (tenant, customer);
CREATE VIEW app.then AS SELECT segment, customers FROM shop.rfm_segments_at('2024-12-31') UNION ALL SELECT segment, customers FROM report.rfm_segments;
CREATE VIEW app.scored AS SELECT customer, rfm_score(last_purchase(history), orders(history), total(history), '2025-01-31') OVER () AS score FROM report.histories;
CREATE VIEW app.moves AS SELECT * FROM shop.segment_moves('2024-06-30', '2025-06-30');
CREATE VIEW app.rates AS SELECT period, repeat_rate, customers_lost FROM period_rates('SELECT history FROM public.kept_customers', '2024-12-31', 'quarter');
CREATE VIEW app.rolled AS SELECT stage, rollup(history) AS history, count(*) FROM app.clients GROUP BY stage HAVING rollup(history) IS NOT NULL;
CREATE VIEW app.numbers AS SELECT orders, total, first_day FROM (SELECT orders(history), total(history), (days(history)).day AS first_day FROM app.clients WHERE id < 3) AS s;
CREATE MATERIALIZED VIEW app.segments AS SELECT * FROM shop.rfm_segments;
CREATE UNIQUE INDEX ON app.segments (tenant, segment);
CREATE FUNCTION app.value_of(who bigint) RETURNS numeric LANGUAGE sql STABLE BEGIN ATOMIC SELECT total(history) FROM app.clients WHERE id = who; END;
CREATE FUNCTION app.stages(day date DEFAULT '2025-01-31', policy lifecycle_policy DEFAULT 'b2b') RETURNS TABLE (stage lifecycle_stage, n bigint) LANGUAGE sql STABLE
	BEGIN ATOMIC SELECT lifecycle_stage(history, day, policy), count(*) FROM app.clients GROUP BY 1; END;
CREATE FUNCTION app.cities() RETURNS SETOF shop.customers LANGUAGE sql STABLE AS 'SELECT * FROM shop.customers WHERE city = ''city 1''';
CREATE AGGREGATE app.together (purchase_history) (sfunc = purchase_history_plus, stype = purchase_history, initcond = '{}');
CREATE OPERATOR app.|+| (leftarg = purchase_history, rightarg = purchase_history, function = purchase_history_plus);
CREATE CAST (app.profile AS text) WITH INOUT;
CREATE RULE note AS ON DELETE TO app.scores WHERE old.score = '555' DO INSTEAD NOTHING;
CREATE FUNCTION app.noticed() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE TRIGGER noticed BEFORE UPDATE ON app.clients FOR EACH ROW WHEN (old.history < new.history) EXECUTE FUNCTION app.noticed();
COMMENT ON VIEW app.best IS 'Who matters.';
GRANT SELECT ON ALL TABLES IN SCHEMA app TO analyst;
