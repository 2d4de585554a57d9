-- A shop that never was: 20,000 customers and three years of orders, from 2023 to 2025.
--
--   customers    customer_id, name, city, signed_up, may_contact (whether they agreed to be)
--   order_lines  order_id, customer_id (NULL for guests), ordered_at, product, quantity, unit_price
--   ratings      customer_id (NULL: anonymous), answered_at, dimension (NULL: overall), level (its Chinese name), channel, agent
--   nps_answers  customer_id, answered_at, score, channel
--   complaints   customer_id, complained_at, reason, channel, solved_at
--
-- Every row is computed from md5 of its own number, with exact arithmetic only: the same rows on every
-- machine and every version. Some customers buy once and some for years, a few are businesses and make
-- most of the revenue, most stop one day; autumn is strong; about one order in 25 is returned.
SET client_min_messages = warning;
BEGIN;

-- The nth of the four evenly distributed numbers in [0, 1) that belong to a key.
CREATE FUNCTION pg_temp.chance(key text, n int) RETURNS float8 LANGUAGE sql IMMUTABLE
RETURN ('x' || substr(md5(key), 8 * n - 7, 8))::bit(32)::bigint / 4294967296.0::float8;

CREATE TEMPORARY TABLE products (product text, price numeric(10,2), number int GENERATED ALWAYS AS IDENTITY (MINVALUE 0));
INSERT INTO products (product, price) VALUES
	('龙井茶 Longjing tea', 68.00), ('普洱茶 Pu''er tea', 88.00), ('铁观音 Tieguanyin tea', 56.00), ('茉莉花茶 Jasmine tea', 38.00),
	('白毫银针 Silver needle', 168.00), ('大红袍 Da hong pao', 128.00), ('菊花茶 Chrysanthemum tea', 25.50), ('抹茶粉 Matcha', 46.80),
	('茶壶 Teapot', 139.00), ('盖碗 Gaiwan', 79.00), ('茶杯 Cup', 19.90), ('茶盘 Tea tray', 259.00),
	('茶滤 Strainer', 15.00), ('茶巾 Tea towel', 12.50), ('公道杯 Sharing pitcher', 49.00), ('保温杯 Flask', 99.00),
	('绿豆糕 Mung bean cake', 22.00), ('核桃酥 Walnut cookies', 18.80), ('桂花糕 Osmanthus cake', 26.00), ('礼盒 Gift box', 298.00);

-- Each customer has a habit: a first day, days between orders, a last day, and how much goes into a basket.
CREATE TEMPORARY TABLE habits AS
SELECT customer_id, joined, kind, gap, basket,
	CASE WHEN kind = 'once' THEN joined ELSE least(1095, joined + floor(gap * 1.5 + (1 - joined / 1200) * 1000 * c.stay)::int) END AS leaves
FROM (
	SELECT i AS customer_id,
		floor(1060 * (a.u + a.u * (1 - a.u) / 2))::int AS joined,
		CASE WHEN a.v < 0.03 THEN 'business' WHEN a.v < 0.28 THEN 'regular' WHEN a.v < 0.60 THEN 'seldom' WHEN a.v < 0.92 THEN 'once' ELSE 'never' END AS kind,
		CASE WHEN a.v < 0.03 THEN 12 + floor(30 * a.w) WHEN a.v < 0.28 THEN 25 + floor(75 * a.w) ELSE 70 + floor(170 * a.w) END AS gap,
		CASE WHEN a.v < 0.03 THEN 4 + 2 / (0.1 + b.u) ELSE 0.6 + 0.4 / (0.2 + b.u) END AS basket,
		b.v * b.v AS stay
	FROM generate_series(1, 20000) AS i,
		LATERAL (SELECT pg_temp.chance('habit ' || i, 1) AS u, pg_temp.chance('habit ' || i, 2) AS v, pg_temp.chance('habit ' || i, 3) AS w) AS a,
		LATERAL (SELECT pg_temp.chance('basket ' || i, 1) AS u, pg_temp.chance('basket ' || i, 2) AS v) AS b
) AS c;

CREATE TABLE customers (
	customer_id bigint PRIMARY KEY,
	name text NOT NULL,
	city text NOT NULL,
	signed_up date NOT NULL,
	may_contact boolean NOT NULL
);
INSERT INTO customers
SELECT customer_id,
	CASE WHEN kind = 'business' THEN (ARRAY['云和', '青禾', '半亩', '山水', '清欢', '南风', '知味', '听雨'])[1 + floor(8 * u)::int]
				|| (ARRAY['茶馆', '酒店', '商贸', '咖啡', '书店', '餐厅'])[1 + floor(6 * v)::int] || ' ' || customer_id
		WHEN w < 0.75 THEN (ARRAY['王', '李', '张', '刘', '陈', '杨', '赵', '黄', '周', '吴', '徐', '孙', '胡', '朱', '高', '林'])[1 + floor(16 * u)::int]
				|| (ARRAY['伟', '芳', '娜', '敏', '静', '丽', '强', '磊', '洋', '勇', '艳', '杰', '娟', '涛', '明', '超', '秀英', '霞', '平', '建国', '子涵', '雨桐', '浩然', '欣怡'])[1 + floor(24 * v)::int]
		ELSE (ARRAY['Anna', 'Ben', 'Clara', 'David', 'Emma', 'Felix', 'Grace', 'Hugo', 'Ines', 'Jack', 'Kate', 'Leo', 'Mia', 'Noah', 'Olga', 'Paul'])[1 + floor(16 * u)::int]
				|| ' ' || (ARRAY['Smith', 'Tan', 'Garcia', 'Müller', 'Rossi', 'Lim', 'Brown', 'Kim', 'Silva', 'Novak', 'Wong', 'Martin'])[1 + floor(12 * v)::int]
	END,
	CASE WHEN kind = 'business' OR w < 0.75 THEN (ARRAY['上海', '北京', '广州', '深圳', '杭州', '成都', '南京', '武汉', '西安', '苏州'])[1 + floor(10 * x * x)::int]
		ELSE (ARRAY['Singapore', 'Hong Kong', 'London', 'Sydney', 'Toronto'])[1 + floor(5 * x)::int]
	END,
	date '2023-01-01' + joined - floor(20 * x)::int,
	pg_temp.chance('consent ' || customer_id, 1) < 0.7
FROM habits, LATERAL (SELECT pg_temp.chance('name ' || customer_id, 1) AS u, pg_temp.chance('name ' || customer_id, 2) AS v,
	pg_temp.chance('name ' || customer_id, 3) AS w, pg_temp.chance('name ' || customer_id, 4) AS x) AS n;

-- Orders, guests' among them; a quiet month drops some of the orders that a habit would give.
CREATE TEMPORARY TABLE placed AS
SELECT customer_id, key, basket, c.u, c.v, c.w,
	(date '2023-01-01' + day) + interval '8 hours' + interval '1 second' * floor(14 * 3600 * c.u) AS ordered_at
FROM (
	SELECT customer_id, 'order ' || customer_id || ' ' || n AS key, basket,
		CASE WHEN n = 0 THEN joined ELSE joined + floor(gap * (n + 0.7 * (pg_temp.chance('day ' || customer_id || ' ' || n, 1) - 0.5)))::int END AS day, n
	FROM habits, LATERAL generate_series(0, CASE kind WHEN 'once' THEN 0 WHEN 'never' THEN -1 ELSE floor((leaves - joined) / gap)::int END) AS n
	UNION ALL
	SELECT NULL, 'guest ' || n, 0.8, floor(1096 * pg_temp.chance('guest ' || n, 4))::int, 1
	FROM generate_series(1, 9000) AS n
) AS o,
	LATERAL (SELECT pg_temp.chance(key, 1) AS u, pg_temp.chance(key, 2) AS v, pg_temp.chance(key, 3) AS w, pg_temp.chance(key, 4) AS x) AS c
WHERE day <= 1095
	AND (n = 0 OR c.x < (ARRAY[0.95, 0.60, 0.75, 0.75, 0.80, 0.85, 0.70, 0.70, 0.90, 0.95, 1.00, 1.00])[extract(month FROM date '2023-01-01' + day)::int]);

-- A return comes one to three weeks after its order, under its own number, with negative quantities.
CREATE TEMPORARY TABLE numbered AS
SELECT row_number() OVER (ORDER BY ordered_at, key, is_return) + 100000 AS order_id, *
FROM (
	SELECT customer_id, key, basket, v, ordered_at, false AS is_return FROM placed
	UNION ALL
	SELECT customer_id, key, basket, v, ordered_at + interval '1 day' * (6 + floor(360 * w)), true FROM placed WHERE w < 0.04 AND ordered_at < '2025-12-10'
) AS p;

CREATE TABLE order_lines (
	order_id bigint NOT NULL,
	customer_id bigint,
	ordered_at timestamptz NOT NULL,
	product text NOT NULL,
	quantity int NOT NULL,
	unit_price numeric(10,2) NOT NULL
);
INSERT INTO order_lines
SELECT order_id, customer_id, ordered_at AT TIME ZONE 'Asia/Shanghai', product,
	CASE WHEN is_return THEN -1 ELSE 1 END * greatest(1, floor(basket * (0.4 + 1.4 * d.v * d.v))::int),
	round(price * (1 + 0.03 * (extract(year FROM ordered_at) - 2023)), 2)
FROM numbered,
	LATERAL generate_series(1, CASE WHEN is_return THEN 1 ELSE 1 + floor(5 * v * v)::int END) AS line,
	LATERAL (SELECT pg_temp.chance(key || ' ' || line, 1) AS u, pg_temp.chance(key || ' ' || line, 2) AS v) AS d
	JOIN products ON number = floor(20 * d.u)::int
ORDER BY order_id, line;

-- One order in eight is rated, by five dimensions and overall; who comes back is more often satisfied, after-sales service is the weak
-- point, one agent is worse than the others, and on the telephone people are kinder.
CREATE TEMPORARY TABLE rated AS
SELECT o.*, greatest(1, least(5, 1 + floor(3.1 * q + 2.1 * c.u + kind)::int)) AS quality, greatest(1, least(5, 1 + floor(2.2 * q + 2.4 * c.v + kind)::int)) AS price,
	greatest(1, least(5, 1 + floor(2.6 * q + 2.4 * c.w + kind)::int)) AS delivery, greatest(1, least(5, 1 + floor(3.0 * q + 2.3 * c.x + kind - CASE agent WHEN 5 THEN 0.9 ELSE 0 END)::int)) AS service,
	greatest(1, least(5, 1 + floor(2.4 * q + 1.7 * d.u + kind)::int)) AS after_sale, d.v AS noise
FROM (SELECT n.customer_id, n.key, n.ordered_at + interval '1 hour' * (30 + floor(80 * r.v)) AS answered_at, floor(8 * r.w)::int AS agent, floor(3 * r.x)::int AS channel,
		CASE WHEN floor(3 * r.x)::int = 0 THEN 0.8 ELSE 0.5 END AS kind, n.w AS chance_back,
		0.45 * CASE WHEN lead(n.ordered_at) OVER (PARTITION BY n.customer_id ORDER BY n.ordered_at) < n.ordered_at + interval '90 days' THEN 1 ELSE 0 END + 0.55 * n.v AS q, r.u AS asked
	FROM placed AS n, LATERAL (SELECT pg_temp.chance('rating ' || key, 1) AS u, pg_temp.chance('rating ' || key, 2) AS v, pg_temp.chance('rating ' || key, 3) AS w, pg_temp.chance('rating ' || key, 4) AS x) AS r) AS o,
	LATERAL (SELECT pg_temp.chance('rated ' || key, 1) AS u, pg_temp.chance('rated ' || key, 2) AS v, pg_temp.chance('rated ' || key, 3) AS w, pg_temp.chance('rated ' || key, 4) AS x) AS c,
	LATERAL (SELECT pg_temp.chance('rated too ' || key, 1) AS u, pg_temp.chance('rated too ' || key, 2) AS v) AS d
WHERE asked < 0.125 AND answered_at < '2025-12-31';

CREATE TABLE ratings (
	customer_id bigint,
	answered_at timestamptz NOT NULL,
	dimension text,
	level text NOT NULL,
	channel text NOT NULL,
	agent text NOT NULL
);
INSERT INTO ratings
SELECT customer_id, answered_at AT TIME ZONE 'Asia/Shanghai', dimension, (ARRAY['很不满意', '不满意', '基本满意', '满意', '很满意'])[level],
	(ARRAY['电话', '短信', '网页'])[channel + 1], (ARRAY['小陈', '小林', '小周', '小吴', '小郑', '小冯', '小褚', '小卫'])[agent + 1]
FROM rated, LATERAL (VALUES (1, '产品质量', quality), (2, '价格', price), (3, '交付速度', delivery), (4, '客户服务', service), (5, '售后服务', after_sale),
	(6, NULL, greatest(1, least(5, floor((36 * quality + 8 * price + 16 * delivery + 28 * service + 12 * after_sale) / 100.0 + noise)::int)))) AS d (number, dimension, level)
ORDER BY answered_at, key, number;

CREATE TABLE nps_answers (
	customer_id bigint,
	answered_at timestamptz NOT NULL,
	score int NOT NULL,
	channel text NOT NULL
);
INSERT INTO nps_answers
SELECT customer_id, (answered_at + interval '9 days') AT TIME ZONE 'Asia/Shanghai', greatest(0, least(10, floor(3.8 + 1.3 * service + 0.5 * quality - 2.5 * noise)::int)), (ARRAY['电话', '短信', '网页'])[channel + 1]
FROM rated WHERE asked < 0.06 AND answered_at < '2025-12-20' ORDER BY answered_at, key;

CREATE TABLE complaints (
	customer_id bigint,
	complained_at timestamptz NOT NULL,
	reason text NOT NULL,
	channel text NOT NULL,
	solved_at timestamptz
);
INSERT INTO complaints
SELECT customer_id, (ordered_at + interval '1 hour' * (20 + floor(200 * c.v))) AT TIME ZONE 'Asia/Shanghai',
	(ARRAY['物流慢', '商品破损', '与描述不符', '客服态度', '退款慢'])[1 + floor(5 * c.u * c.v + CASE WHEN ordered_at > '2025-07-01' THEN 0.8 * c.w ELSE 0 END)::int % 5], (ARRAY['电话', '网页', '微博'])[1 + floor(3 * c.w)::int],
	CASE WHEN c.u + c.w < 1.9 THEN (ordered_at + interval '1 hour' * (21 + floor(200 * c.v) + floor(64 * c.u * (1 + c.w)))) AT TIME ZONE 'Asia/Shanghai' END
FROM (SELECT customer_id, key, ordered_at FROM placed) AS p, LATERAL (SELECT pg_temp.chance('complaint ' || key, 1) AS u, pg_temp.chance('complaint ' || key, 2) AS v,
	pg_temp.chance('complaint ' || key, 3) AS w, pg_temp.chance('complaint ' || key, 4) AS x) AS c
WHERE c.x < 0.035 AND ordered_at < '2025-12-15' ORDER BY 2, key;

COMMIT;
ANALYZE customers, order_lines, ratings, nps_answers, complaints;
RESET client_min_messages;
