-- RFM scores and the breaks between them

--
-- The type rfm_score
--
SELECT '543'::rfm_score, '543'::rfm_score::int AS number,
	recency_score('543'), frequency_score('543'), monetary_score('543'), fm_score('543'), fm_score('544');
SELECT s FROM unnest('{111,555,545,554,999}'::rfm_score[]) s ORDER BY s DESC;
SELECT '543'::rfm_score = '543', '543'::rfm_score <> '543', '451'::rfm_score < '512', '511'::rfm_score >= '512';

-- no other than three digits from 1 to 9
SELECT '055'::rfm_score;
SELECT '550'::rfm_score;
SELECT '5430'::rfm_score;
SELECT '5a3'::rfm_score;
SELECT ' 543'::rfm_score;
SELECT ''::rfm_score;

-- unique, joined, grouped, indexed
CREATE TEMP TABLE scores (score rfm_score PRIMARY KEY, customers int);
INSERT INTO scores VALUES ('555', 10), ('151', 20), ('345', 30);
INSERT INTO scores VALUES ('151', 40);
SELECT * FROM scores WHERE score >= '345' ORDER BY score;
SET enable_seqscan = off;
SELECT customers FROM scores WHERE score = '151';
RESET enable_seqscan;

--
-- The type rfm_breaks
--
SELECT rfm_breaks('{30,60,90,180}', '{1,2,3,5}', '{10,50.50,100,500}') AS fixed;
SELECT '{days_since_last:-30.000000000001, 60 ;orders: 1,1; total : 0.5,10.00 }'::rfm_breaks AS parsed;
SELECT * FROM breaks(rfm_breaks('{30,90}', '{1,3}', '{-5,200.5}'));

SELECT rfm_breaks('{30,60}', '{1,2}', '{10}');
SELECT rfm_breaks('{30,60}', '{2,1}', '{10,20}');
SELECT rfm_breaks('{30,NULL}', '{1,2}', '{10,20}');
SELECT rfm_breaks('{}', '{}', '{}');
SELECT rfm_breaks('{1,2,3,4,5,6,7,8,9}', '{1,2,3,4,5,6,7,8,9}', '{1,2,3,4,5,6,7,8,9}');
SELECT rfm_breaks('{30,NaN}', '{1,2}', '{10,20}');
SELECT rfm_breaks('{30,60}', '{1,2}', '{10,1e25}');
SELECT rfm_breaks(NULL, '{1,2}', '{10,20}') IS NULL AS unknown;

SELECT '{days_since_last: 30; orders: 1}'::rfm_breaks;
SELECT '{days_since_last: 30; orders: 1; total: 10,20}'::rfm_breaks;
SELECT '{days_since_last: 30; orders: 1; total: 1e3}'::rfm_breaks;
SELECT '{days_since_last: 30; orders: 1; total: 0.0000000000001}'::rfm_breaks;
SELECT '{days_since_last: 30; orders: 1; total: 10} 5'::rfm_breaks;
SELECT '{days_since_last: 1,2,3,4,5,6,7,8,9; orders: 1; total: 1}'::rfm_breaks;
SELECT '{days_since_last: 30,20; orders: 1,2; total: 10,20}'::rfm_breaks;
SELECT 'x'::rfm_breaks;

--
-- The binary forms, and what is refused of them
--
\getenv builddir PG_ABS_BUILDDIR
\set copy_out '\\copy (SELECT * FROM sent) TO ''' :builddir '/results/rfm.binary'' (FORMAT binary)'
\set copy_scores '\\copy received_scores FROM ''' :builddir '/results/rfm.binary'' (FORMAT binary)'
\set copy_breaks '\\copy received_breaks FROM ''' :builddir '/results/rfm.binary'' (FORMAT binary)'
CREATE TEMP TABLE received_scores (score rfm_score);
CREATE TEMP TABLE received_breaks (breaks rfm_breaks);

CREATE TEMP VIEW sent AS SELECT score FROM scores;
:copy_out
:copy_scores
SELECT score FROM received_scores ORDER BY score;
DROP VIEW sent;
CREATE TEMP VIEW sent AS SELECT 540 AS score;
:copy_out
:copy_scores
DROP VIEW sent;
CREATE TEMP VIEW sent AS SELECT 55 AS score;
:copy_out
:copy_scores
DROP VIEW sent;

CREATE TEMP VIEW sent AS SELECT '{days_since_last: -30.5,60; orders: 1,2; total: -9999999999999999999999999.999999999999,10}'::rfm_breaks AS breaks;
:copy_out
:copy_breaks
SELECT breaks FROM received_breaks;
DROP VIEW sent;
CREATE TEMP VIEW sent AS SELECT '\x0201'::bytea AS breaks;
:copy_out
:copy_breaks
DROP VIEW sent;
CREATE TEMP VIEW sent AS SELECT '\x010a'::bytea AS breaks;
:copy_out
:copy_breaks
DROP VIEW sent;
CREATE TEMP VIEW sent AS SELECT substr(rfm_breaks_send(rfm_breaks('{1}', '{1}', '{1}')), 1, 49) AS breaks;
:copy_out
:copy_breaks
DROP VIEW sent;
CREATE TEMP VIEW sent AS SELECT overlay(rfm_breaks_send(rfm_breaks('{1}', '{1}', '{1}')) PLACING '\x7f' FROM 3) AS breaks;
:copy_out
:copy_breaks
DROP VIEW sent;
CREATE TEMP VIEW sent AS SELECT overlay(rfm_breaks_send(rfm_breaks('{1,2}', '{1,2}', '{1,2}')) PLACING '\x01' FROM 4) AS breaks;
:copy_out
:copy_breaks
DROP VIEW sent;

--
-- One customer by given breaks: a value equal to a break is on its lower side
--
SELECT days, orders, total,
	rfm_score(rfm_breaks('{30,90}', '{1,3}', '{50,200}'), days, orders, total)
FROM (VALUES (0, 1::bigint, 50.00), (30, 1, 50.01), (31, 2, 200), (90, 3, 200.000000000001), (91, 4, 1e20),
	(-1, 4, 0), (91, 0, -5), (NULL, 1, 1), (1, NULL, 1), (1, 1, NULL)) c (days, orders, total);

-- no net total, no money score, wherever the breaks are
SELECT total, rfm_score(rfm_breaks('{30}', '{1}', '{-100}'), 1, 1, total) FROM (VALUES (-50.00), (0), (0.01)) c (total);

--
-- The breaks of a population
--
CREATE TEMP TABLE customers (customer int, days int, orders bigint, total numeric, last_purchase date);
INSERT INTO customers
SELECT i, 10 * i, 11 - i, 100 * (11 - i), date '2024-12-31' - 10 * i FROM generate_series(1, 10) i;
INSERT INTO customers VALUES (11, NULL, NULL, NULL, NULL), (12, 5, NULL, 10, NULL), (13, 5, 1, NULL, '2024-12-26');

-- R's type 7: 1 + 9 * 0.2 = 2.8, …; the three customers without all measures are left out
SELECT rfm_breaks(days, orders, total, 5) FROM customers;
SELECT rfm_breaks(days, orders, total, 9) FROM customers;
SELECT rfm_breaks(days, orders, total, 2) AS median, rfm_breaks(days, orders, total, 2, 'mean') AS mean,
	rfm_breaks(days, orders, total, 2, 'mean_score') AS mean_score
FROM customers;
SELECT rfm_breaks(days, orders, total, 5) FROM customers WHERE customer = 1;
SELECT rfm_breaks(days, orders, total, 5) IS NULL AS unknown FROM customers WHERE customer > 10;
SELECT rfm_breaks(days, orders, total, 5) IS NULL AS unknown FROM customers WHERE false;

SELECT rfm_breaks(days, orders, total, 10) FROM customers;
SELECT rfm_breaks(days, orders, total, 1) FROM customers;
SELECT rfm_breaks(days, orders, total, NULL) FROM customers;
SELECT rfm_breaks(days, orders, total, 5, NULL) FROM customers;
SELECT rfm_breaks(days, orders, total, 5, 'mean') FROM customers;
SELECT rfm_breaks(days, orders, total, 3, 'mean_score') FROM customers;
SELECT rfm_breaks(days, orders, total, 5, 'median') FROM customers;
SELECT rfm_breaks(days, orders, total, 5, 'ntile') FROM customers;
SELECT rfm_breaks(days, orders, total, 5 - customer % 2) FROM customers;
SELECT rfm_breaks(days, orders, total, 2, CASE customer WHEN 1 THEN 'mean' ELSE 'quantile' END) FROM customers;
-- a customer that is left out has a say, too, or the error would depend on the data
SELECT rfm_breaks(days, orders, total, CASE customer WHEN 11 THEN 4 ELSE 5 END) FROM customers;
SELECT rfm_breaks(days, orders, 'NaN'::numeric, 5) FROM customers;
SELECT rfm_breaks(days, orders, 'Infinity'::numeric, 5) FROM customers;
SELECT rfm_breaks(days, orders, 1e25, 5) FROM customers;

-- far values: nothing overflows
SELECT rfm_breaks(d, o, t, 2, 'mean'), rfm_breaks(d, o, t, 4)
FROM (VALUES (-2147483648, -9223372036854775808, -9999999999999999999999999.999999999999),
	(2147483647, 9223372036854775807, 9999999999999999999999999.999999999999)) v (d, o, t);

--
-- rfm_score(…) OVER (): 5 is best, equal values score equal
--
SELECT customer, days, orders, total, rfm_score(days, orders, total) OVER () FROM customers ORDER BY customer;

-- one-time buyers score 1; few distinct values leave scores unused
SELECT orders, rfm_score(10, orders, 5) OVER () FROM unnest('{1,1,1,1,1,1,1,2,2,3}'::bigint[]) orders;
SELECT DISTINCT rfm_score(10, 1, 5) OVER () FROM generate_series(1, 7);
SELECT orders, rfm_score(10, orders, 5) OVER () FROM unnest('{1,2}'::bigint[]) orders;

-- net totals up to 0 score 1, however many they are
SELECT total, rfm_score(10, 1, total, 3) OVER () AS quantile, rfm_score(10, 1, total, 3, 'ntile') OVER () AS ntile,
	rfm_score(10, 1, total, 2, 'mean') OVER () AS mean, rfm_score(10, 1, total, 2, 'mean_score') OVER () AS mean_score
FROM unnest('{-300,-200,-100,-50,-10,0,1,2}'::numeric[]) total;

-- the whole partition counts, whatever the frame and its order
SELECT customer, rfm_score(days, orders, total) OVER (ORDER BY customer DESC ROWS 1 PRECEDING) FROM customers
WHERE customer <= 5 ORDER BY customer;
SELECT customer, rfm_score(days, orders, total, 2) OVER (PARTITION BY customer % 2) FROM customers
WHERE customer <= 4 OR customer = 11 ORDER BY customer;

-- bins and methods; rows of equal value are apart only by ntile, in input order
SELECT customer, rfm_score(days, orders, total, 3) OVER w AS "3", rfm_score(days, orders, total, bins => 9) OVER w AS "9",
	rfm_score(days, orders, total, 2, 'mean') OVER w AS mean,
	rfm_score(days, orders, total, 2, 'mean_score') OVER w AS mean_score,
	rfm_score(days, orders, total, method => 'ntile') OVER w AS ntile
FROM customers WINDOW w AS () ORDER BY customer;
SELECT rfm_score(1, 1, 1, method => 'ntile') OVER () FROM generate_series(1, 7);
SELECT rfm_score(1, 1, 1, method => 'ntile') OVER () FROM generate_series(1, 3);

-- from the date of the last purchase: the same; a purchase after as_of is none yet
SELECT customer, rfm_score(days, orders, total) OVER () = rfm_score(last_purchase, orders, total, '2024-12-31') OVER () AS same
FROM customers ORDER BY customer;
SELECT customer, rfm_score(last_purchase, orders, total, '2024-12-01') OVER () AS score,
	rfm_score(last_purchase, orders, total, '2024-12-01', 3, 'ntile') OVER () AS ntile,
	rfm_score(last_purchase, orders, total, NULL::date) OVER () AS never
FROM customers ORDER BY customer;

-- from purchase histories, which are cut at as_of
CREATE TEMP TABLE histories (customer text, history purchase_history);
INSERT INTO histories VALUES
	('one order, long ago', '{2024-01-05 1:10}'),
	('two orders, lately', '{2024-01-05 1:100, 2024-12-30 1:50.5}'),
	('all sent back', '{2024-06-01 1:500, 2024-06-09 -1:500}'),
	('only a refund', '{2024-06-09 -1:500}'),
	('tomorrow', '{2025-01-01 1:99}'),
	('nothing', '{}'),
	('unknown', NULL);
SELECT customer, rfm_score(history, '2024-12-31', 3) OVER () AS score, rfm_score(history, '2024-06-01', 2, 'mean') OVER () AS in_june
FROM histories;

-- any number type
SELECT rfm_score(d, o, t::int) OVER () AS int, rfm_score(d, o, t::bigint) OVER () AS bigint, rfm_score(d, o, t::float8) OVER () AS float8,
	rfm_score(d, o, t::real) OVER () AS real, rfm_score(d, o::bigint, t) OVER () AS numeric, rfm_score(d, o, 7) OVER () AS literal,
	rfm_score('2025-01-01'::date - d, o, t::float8, '2025-01-01', 2) OVER () AS dates
FROM (VALUES (1, 2, 30), (2, 1, 10), (3, 3, 20)) v (d, o, t);

SELECT rfm_score(days, orders, total, 10) OVER () FROM customers;
SELECT rfm_score(days, orders, total, 0) OVER () FROM customers;
SELECT rfm_score(days, orders, total, NULL) OVER () FROM customers;
SELECT rfm_score(days, orders, total, method => NULL) OVER () FROM customers;
SELECT rfm_score(days, orders, total, method => 'mean') OVER () FROM customers;
SELECT rfm_score(days, orders, total, method => 'rank') OVER () FROM customers;
SELECT rfm_score(days, orders, total, 4 + customer % 2) OVER () FROM customers;
SELECT customer, rfm_score(days, orders, total, 4 + customer % 2) OVER (PARTITION BY customer % 2) FROM customers WHERE customer < 5;
SELECT rfm_score(days, orders, 'NaN'::float8) OVER () FROM customers;
SELECT rfm_score('infinity'::date, orders, total, '2024-12-31') OVER () FROM customers;
SELECT rfm_score(last_purchase, orders, total, '-infinity') OVER () FROM customers;
SELECT rfm_score(history, 'infinity') OVER () FROM histories;
SELECT rfm_score(days, orders, total) FROM customers;

-- rfm_totals: GROUP BY score and days in one aggregate
CREATE TABLE scored AS
	SELECT i, CASE WHEN i % 17 > 0 THEN (100 * (1 + i % 5) + 10 * (1 + i % 3) + 1 + i % 4)::text::rfm_score END AS rfm,
		CASE WHEN i % 19 > 0 THEN i * 7919 % 30 - 2 END AS days, CASE WHEN i % 23 > 0 THEN i % 7 END::bigint AS orders,
		CASE WHEN i % 29 > 0 THEN i / 100.0 END AS gross, (i - 300) / 100.0 AS total
	FROM generate_series(1, 20000) AS i;
CREATE VIEW grouped AS
	SELECT rfm, days, count(*) AS customers, coalesce(sum(orders), 0)::bigint AS orders, coalesce(sum(gross), 0) AS gross, sum(total) AS total
	FROM scored WHERE rfm IS NOT NULL AND days IS NOT NULL GROUP BY rfm, days;
CREATE VIEW at_once AS SELECT t.* FROM (SELECT rfm_totals(rfm, days, orders, gross, total) AS totals FROM scored) AS s, unnest(s.totals) AS t;
SELECT count(*), sum(customers) AS customers FROM at_once;
SELECT count(*) AS differences FROM ((TABLE grouped EXCEPT TABLE at_once) UNION ALL (TABLE at_once EXCEPT TABLE grouped)) AS d;
CREATE TABLE serial AS SELECT rfm_totals(rfm, days, orders, gross, total) AS totals FROM scored;
ALTER TABLE scored SET (parallel_workers = 2);
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
EXPLAIN (COSTS OFF) SELECT rfm_totals(rfm, days, orders, gross, total) FROM scored;
SELECT rfm_totals(rfm, days, orders, gross, total) = (SELECT totals FROM serial) AS same FROM scored;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
SELECT rfm_totals(rfm, days, orders, gross, total ORDER BY i DESC) = (SELECT totals FROM serial) AS same FROM scored;
SELECT rfm_totals(rfm, days, orders, gross, total) FROM scored WHERE false;
SELECT rfm_totals('999', -2147483648, 9223372036854775807, 0, 0);
SELECT rfm_totals('555', 1, 9223372036854775807, 0, 0) FROM generate_series(1, 2);
SELECT rfm_totals('555', 1, 1, 'NaN', 0);
SELECT rfm_totals('555', 1, 1, 0, 1e25);
DROP VIEW grouped, at_once;
DROP TABLE scored, serial;
