-- The measures of the purchase models on CDNOW, against the published summary of it.
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
CREATE TEMP TABLE cdnow (master_id int, customer_id int, day date, quantity int, amount numeric);
CREATE TEMP TABLE expected (customer_id int, x int, t_x int, t int, m_x numeric);
\set load '\\copy cdnow FROM PROGRAM ''zcat ' :data '/cdnow_sample.csv.gz'' WITH (FORMAT csv, HEADER)'
:load
\set load '\\copy expected FROM ' :reference '/rfm_cdnow_sample_cal_D.csv WITH (FORMAT csv, HEADER)'
:load
CREATE TEMP TABLE histories AS SELECT customer_id, purchase_history(day, amount) AS h FROM cdnow GROUP BY customer_id;

SELECT plan(11);
SELECT is((SELECT count(*) FROM expected), 2357::bigint, 'all 2,357 customers are in the reference');
SELECT is((SELECT count(*) FROM histories JOIN expected USING (customer_id) WHERE repeat_days(h, '1997-09-30') = x),
	2357::bigint, 'x, all rows');
SELECT is((SELECT count(*) FROM histories JOIN expected USING (customer_id) WHERE repeat_span(h, '1997-09-30') = t_x),
	2357::bigint, 't_x, all rows');
SELECT is((SELECT count(*) FROM histories JOIN expected USING (customer_id) WHERE observed_span(h, '1997-09-30') = t),
	2357::bigint, 'T, all rows');
SELECT is((SELECT count(*) FROM histories JOIN expected USING (customer_id)
		   WHERE coalesce(round(repeat_spend(h, '1997-09-30'), scale(m_x)), 0) = m_x),
	2357::bigint, 'm_x, all rows, to the last digit of the reference (which has 0 where x = 0)');
SELECT is((SELECT max(observed_span(h, '1997-09-30', 'week')) FROM histories), 272 / 7::float8,
	'T of a first purchase on 1997-01-01 is 272/7 weeks');

-- The other measures against plain SQL on the rows themselves, as of the end of the calibration.
CREATE TEMP TABLE by_hand AS
	SELECT customer_id, count(*) FILTER (WHERE amount >= 0) AS orders, count(DISTINCT day) AS days, sum(amount) AS total,
		min(day) AS first, max(day) AS last, date '1997-09-30' - max(day) AS since
	FROM cdnow WHERE day <= '1997-09-30' GROUP BY customer_id;
SELECT is((SELECT count(*) FROM by_hand), 2357::bigint, 'everybody bought in the calibration period');
SELECT is((SELECT count(*) FROM histories JOIN by_hand b USING (customer_id), as_of(h, '1997-09-30') AS c
		   WHERE orders(c) = b.orders AND purchase_days(c) = b.days AND total(c) = b.total
			 AND first_purchase(c) = b.first AND last_purchase(c) = b.last
			 AND days_since_last(h, '1997-09-30') = b.since),
	2357::bigint, 'orders, purchase days, total, first and last purchase, days since last: equal to plain SQL');
SELECT is((SELECT count(*) FROM histories JOIN (
			SELECT customer_id, percentile_cont(0.5) WITHIN GROUP (ORDER BY gap) AS median, stddev_samp(gap) AS deviation
			FROM (SELECT customer_id, day - lag(day) OVER (PARTITION BY customer_id ORDER BY day) AS gap
				  FROM (SELECT DISTINCT customer_id, day FROM cdnow) d) g GROUP BY customer_id) b USING (customer_id)
		   WHERE median_gap(h) IS NOT DISTINCT FROM b.median
			 AND (gap_stddev(h) IS NULL) = (b.deviation IS NULL)
			 AND coalesce(abs(gap_stddev(h) - b.deviation), 0) <= 1e-12 * coalesce(b.deviation, 1)),
	2357::bigint, 'median and standard deviation of the gaps: equal to plain SQL');
SELECT is((SELECT rollup(h) FROM histories), (SELECT purchase_history(day, amount) FROM cdnow),
	'the histories of all customers roll up to the history of all rows');
SELECT is((SELECT count(*) FROM histories, as_of(h, '1997-09-30') AS past, slice(h, '1997-10-01', 'infinity') AS rest
		   WHERE past + rest = h AND h - rest = past), 2357::bigint, 'calibration + holdout = all');
SELECT * FROM finish();
ROLLBACK;
