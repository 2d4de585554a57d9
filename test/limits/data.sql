-- Large inputs for test/tap/limits.sh, the same every time: :rows orders and as many rows of numbers, a tenth of the customers.
\set ON_ERROR_STOP on
CREATE SCHEMA customer;
CREATE EXTENSION pg_customer SCHEMA customer;
SELECT format('ALTER DATABASE %I SET search_path = public, customer', current_database()) \gexec
SET search_path = public, customer;

-- A fraction that looks random: the n-th of row i.
CREATE FUNCTION chance(i bigint, n bigint) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN (hashint8extended(i, n) & 1048575) / 1048576.0::float8;

CREATE TABLE orders (order_id bigint, customer_id bigint, ordered_at timestamptz, total numeric(12,2), score int, agent int);
INSERT INTO orders SELECT i, 1 + (:rows / 10 * power(chance(i, 1), 1.3))::bigint, timestamptz '2022-01-01 UTC' + chance(i, 2) * interval '1090 days',
	round((CASE WHEN chance(i, 3) < 0.02 THEN -10 ELSE 5 + 300 * power(chance(i, 4), 3) END)::numeric, 2), 1 + (chance(i, 5) * 5)::int, (chance(i, 6) * 20)::int
FROM generate_series(1, :rows) AS i;
CREATE TABLE histories AS SELECT customer_id AS customer, purchase_history(ordered_at, total) AS history FROM orders GROUP BY customer_id;
-- Histories of thousands of days, and one that no shop has.
CREATE TABLE long_histories AS SELECT customer, purchase_history(date '2010-01-01' + day, customer + day % 97) AS history
	FROM generate_series(1, greatest(30, :rows / 10000)) AS customer, generate_series(0, 4999) AS day GROUP BY customer;
CREATE TABLE vast AS SELECT purchase_history(date '0001-01-01' + day, day % 977) AS history FROM generate_series(0, :rows - 1) AS day;

CREATE TABLE numbers AS SELECT i, round((1000 * chance(i, 1))::numeric, 4) AS v, chance(i, 2) AS score, chance(i, 3) < chance(i, 2) AS event,
	floor(8 * power(chance(i, 4), 3)) AS x, 0.0::float8 AS t_x, 10 + 90 * chance(i, 5) AS t, 20 + 50 * chance(i, 6) AS m, floor(11 * chance(i, 7))::int AS answer,
	1 + floor(5 * chance(i, 8))::int AS rating, floor(1000 * chance(i, 9))::int AS grp, date '2022-01-01' + (1000 * chance(i, 10))::int AS day
FROM generate_series(1, :rows) AS i;
UPDATE numbers SET t_x = CASE WHEN x > 0 THEN t * (0.5 + chance(i, 11) / 2) ELSE 0 END;
CREATE TABLE contracts AS SELECT i AS customer, date '2022-01-01' + (700 * chance(i, 1))::int AS valid_from, date '2024-01-01' + (300 * chance(i, 2))::int AS valid_to,
	round((10 + 90 * chance(i, 3))::numeric, 2) AS monthly_amount FROM generate_series(1, :rows / 10) AS i;
CREATE TABLE fitted AS SELECT purchase_model('bgnbd', 'week', 2.2, 8.6, .35, 3.5) AS bgnbd, purchase_model('pareto_nbd', 'week', 2.2, 8.6, .6, 20) AS pareto,
	spend_model('gamma_gamma', 6.25, 3.74, 15.44) AS spend, (SELECT population_rhythm(history, '2024-12-31') FROM histories) AS rhythm;
VACUUM ANALYZE;

CREATE TABLE source AS TABLE orders;
CREATE INDEX ON source (order_id);
SELECT count(*) FROM create_customer_base('shop', 'public.source', 'customer_id', 'ordered_at', 'total', time_zone => 'UTC', as_of => '2024-12-31') \g /dev/null
SELECT count(*) FROM attach_survey('shop', 'public.source', 'customer_id', 'ordered_at', 'score', 'csat', dimension => 'agent') \g /dev/null
CALL start_maintenance('shop');
SELECT count(*) FROM fit_models('shop', '{mbgnbd}') \g /dev/null
VACUUM ANALYZE;
