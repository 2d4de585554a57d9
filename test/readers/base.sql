-- A live base with everything that a base can have: tenants, attributes, prospects, surveys of every kind, models, targets, quarantine,
-- a log, changes that are not folded yet; text in Chinese, keys that are uuid, a name that needs quotes. Run by its owner.
CREATE SCHEMA customer;
CREATE EXTENSION pg_customer SCHEMA customer;
SET search_path = public, customer;

CREATE TABLE orders (order_no text, buyer uuid, ordered_at timestamptz, cents bigint, region text, currency text);
INSERT INTO orders
SELECT 'A' || i / 2, CASE WHEN i % 11 > 0 THEN md5((i / 2 * i / 7 % 300)::text)::uuid END, timestamptz '2024-01-01 UTC' + (i * 37 % 900) * interval '1 day' + i % 86400 * interval '1 second',
	(i * 7919 % 20000) - 900, CASE WHEN i % 3 = 0 THEN '华东' ELSE '华南' END, CASE WHEN i % 500 = 0 THEN 'USD' ELSE 'CNY' END
FROM generate_series(1, 5000) AS i;
CREATE INDEX ON orders (order_no);

CREATE TABLE buyers (id uuid, region text, name text, city text, joined_on date, budget numeric(10,2), vip boolean);
INSERT INTO buyers SELECT md5((i / 2)::text)::uuid, CASE WHEN i % 2 = 0 THEN '华东' ELSE '华南' END, (ARRAY['云和茶馆', '清欢"书店"', E'O''Neil & 儿子', '𠮷野家'])[1 + i % 4] || ' ' || i / 2,
	CASE WHEN i % 5 > 0 THEN '上海' END, date '2023-12-31' + i % 300, i * 12.5, i % 7 = 0
FROM generate_series(0, 679) AS i;
COMMENT ON COLUMN buyers.name IS '客户名称';

CREATE TABLE ratings (buyer uuid, region text, answered_at timestamptz, answer text, about text, way text, who text, of_staff boolean);
INSERT INTO ratings SELECT md5((i % 300)::text)::uuid, '华东', timestamptz '2025-01-01 UTC' + i * interval '5 hours', (ARRAY['很满意', '满意', '一般', '不满意', '很不满意', '??'])[1 + (i % 7 + i / 300 + d) % 6],
	(ARRAY[NULL, '质量', '价格'])[d], (ARRAY['电话', '网页'])[1 + i % 2], (ARRAY['小陈', '小冯', '小卫'])[1 + i % 3], i % 50 = 0
FROM generate_series(1, 1500) AS i, generate_series(1, 3) AS d;
CREATE TABLE recommendations (buyer uuid, region text, answered_at timestamptz, score integer);
INSERT INTO recommendations SELECT md5((i % 300)::text)::uuid, '华东', timestamptz '2025-01-01 UTC' + i * interval '9 hours', i * 7 % 11 FROM generate_series(1, 900) AS i;
CREATE TABLE efforts (buyer uuid, region text, answered_at timestamptz, score integer);
INSERT INTO efforts SELECT md5((i % 300)::text)::uuid, '华南', timestamptz '2025-06-01 UTC' + i * interval '9 hours', 1 + i * 5 % 7 FROM generate_series(1, 500) AS i;
CREATE TABLE complaints (buyer uuid, region text, at timestamptz, reason text);
INSERT INTO complaints SELECT md5((i % 300)::text)::uuid, '华南', timestamptz '2025-01-01 UTC' + i * interval '29 hours', (ARRAY['物流慢', '商品破损', NULL])[1 + i % 3] FROM generate_series(1, 400) AS i;

SELECT FROM create_customer_base('门店', source => 'public.orders', customer => 'buyer', purchased_at => 'ordered_at', amount => 'cents / 100.0', order_id => 'order_no', tenant => 'region',
	customers => 'public.buyers', customers_key => 'id', attributes => '{name,city,joined_on,budget,vip}', can_afford => 'budget > 100', has_need => 'city IS NOT NULL',
	as_of => '2026-06-30', time_zone => 'Asia/Shanghai', currency => 'CNY', currency_column => 'currency', segment_map => 'cn8', language => 'zh');
SELECT FROM attach_survey('门店', 'public.ratings', 'buyer', 'answered_at', 'answer', 'csat', dimension => 'about', channel => 'way', agent => 'who',
	scope => $$CASE WHEN of_staff THEN 'internal' ELSE 'external' END$$, survey => '满意度');
SELECT FROM attach_survey('门店', 'public.recommendations', 'buyer', 'answered_at', 'score', 'nps');
SELECT FROM attach_survey('门店', 'public.efforts', 'buyer', 'answered_at', 'score', 'ces');
SELECT FROM attach_survey('门店', 'public.complaints', 'buyer', 'at', NULL, 'complaint', dimension => 'reason');
INSERT INTO "门店".targets (tenant, metric, unit, period, target) VALUES ('华东', 'nps', 'quarter', '2025-07-01', 12.5), ('华东', 'csat', 'quarter', '2025-07-01', 0.6), ('华南', 'net', 'year', '2025-01-01', 1000000);
SELECT FROM fit_models('门店', '{mbgnbd,nbd}');
CALL start_maintenance('门店');
INSERT INTO orders SELECT 'B' || i / 3, md5((i % 40)::text)::uuid, timestamptz '2026-03-01 UTC' + i * interval '1 hour', i * 100, '华东', 'CNY' FROM generate_series(1, 90) AS i;
CALL advance_customer_base('门店');
SELECT FROM verify_customer_base('门店');
INSERT INTO orders SELECT 'C' || i, md5(i::text)::uuid, timestamptz '2026-05-01 UTC', i * 100 + 1, '华东', 'CNY' FROM generate_series(1, 30) AS i;
INSERT INTO orders VALUES ('bad', md5('7')::uuid, 'infinity', 1, '华东', 'CNY');
GRANT SELECT ON buyers TO analyst;
SELECT grant_reader('门店', 'analyst');
