-- RFM scores of 4,906 orders of 995 customers against those of the R package rfm 0.3.0.
--
--	psql -X -v data=DIR -v reference=DIR -f rfm_orders.sql		in a database with the extension; prints TAP
--
-- The package takes quantile + 1 for the limit below which a value v belongs to a bin. For whole numbers that is
-- v <= quantile, as here, unless the quantile is a fraction: then it is v <= the next whole number. Three customers
-- have just that number.
\set ON_ERROR_STOP on
\set QUIET on
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;

\set load_orders '\\copy orders FROM PROGRAM ''zcat ' :data '/rfm_orders.csv.gz'' WITH (FORMAT csv, HEADER)'
\set load_scores '\\copy package_scores FROM ''' :reference '/rfm_scores_rfmR_orders.csv'' WITH (FORMAT csv, HEADER)'
\set load_limits '\\copy package_limits FROM ''' :reference '/rfm_thresholds_rfmR_orders.csv'' WITH (FORMAT csv, HEADER)'

CREATE TEMP TABLE orders (customer text, day date, revenue numeric);
CREATE TEMP TABLE package_scores (customer text, days int, orders bigint, total numeric, r int, f int, m int, score rfm_score);
CREATE TEMP TABLE package_limits (days_from numeric, days numeric, orders_from numeric, orders numeric, total_from numeric, total numeric);
:load_orders
:load_scores
:load_limits

CREATE TEMP TABLE customers AS
SELECT customer, '2006-12-31'::date - max(day) AS days, count(*) AS orders, sum(revenue) AS total
FROM orders GROUP BY customer;
CREATE TEMP TABLE compared AS
SELECT ours.*, package.score AS package_score
FROM (SELECT *, rfm_score(days, orders, total) OVER () AS score FROM customers) ours
	JOIN package_scores package USING (customer, days, orders, total);
CREATE TEMP TABLE limits AS
SELECT measure, cut, value, package_limit
FROM (SELECT (breaks(rfm_breaks(days, orders, total, 5))).* FROM customers) ours
	JOIN (SELECT measure, row_number() OVER (PARTITION BY measure ORDER BY package_limit) AS cut, package_limit
		FROM package_limits, LATERAL (VALUES ('days_since_last', days), ('orders', orders), ('total', total)) v (measure, package_limit)) package
	USING (measure, cut);

CREATE FUNCTION pg_temp.ok(passed boolean, number int, description text) RETURNS text LANGUAGE sql AS $$
	SELECT CASE WHEN passed THEN '' ELSE 'not ' END || 'ok ' || number || ' - ' || description
$$;

SELECT '1..5';
SELECT pg_temp.ok(count(*) = 995, 1, 'the measures of all 995 customers are equal') FROM compared;
SELECT pg_temp.ok(count(*) = 992, 2, 'the scores of 992 customers are equal') FROM compared WHERE score = package_score;
SELECT pg_temp.ok(count(*) = 12 AND bool_and(package_limit = value + 1), 3, 'the package''s limits are the quantiles plus 1') FROM limits;

-- The three others, and the break that their value is above by less than 1.
SELECT '# ' || customer || ': ' || score || ', package ' || package_score || '; ' || measure || ' ' || v || ' is above ' || value || ' and below ' || package_limit
FROM compared, LATERAL (VALUES ('days_since_last', days::numeric), ('orders', orders), ('total', total)) m (measure, v)
	JOIN limits USING (measure)
WHERE score <> package_score AND v > value AND v < package_limit
ORDER BY customer;
SELECT pg_temp.ok(count(*) = 3 AND count(DISTINCT customer) = 3, 4, 'each of the other three is between a quantile and the quantile plus 1')
FROM compared, LATERAL (VALUES ('days_since_last', days::numeric), ('orders', orders), ('total', total)) m (measure, v)
	JOIN limits USING (measure)
WHERE score <> package_score AND v > value AND v < package_limit;

-- The package's rule as fixed breaks.
SELECT pg_temp.ok(count(*) = 995, 5, 'by breaks that are rounded up all 995 are equal')
FROM compared, (
	SELECT rfm_breaks(
		array_agg(ceil(value) ORDER BY cut) FILTER (WHERE measure = 'days_since_last'),
		array_agg(ceil(value) ORDER BY cut) FILTER (WHERE measure = 'orders'),
		array_agg(ceil(value) ORDER BY cut) FILTER (WHERE measure = 'total')) AS rounded
	FROM limits) b
WHERE rfm_score(rounded, days, orders, total) = package_score;
