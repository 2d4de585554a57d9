-- CDNOW in date order, day by day, into a live base that is advanced every evening: stage counts at six dates, and the
-- log of changes adds up to them.
CREATE EXTENSION IF NOT EXISTS pgtap;
SET client_min_messages = warning;
CREATE TABLE arrivals (customer_id int, day date, quantity int, amount numeric);
\set load '\\copy arrivals FROM PROGRAM ''zcat ' :data '/cdnow_master.csv.gz'' WITH (FORMAT csv, HEADER)'
:load
CREATE TABLE purchases (customer_id int, day date, amount numeric);
CREATE TABLE counted (day date, stage text, customers bigint);
SELECT plan(9);
SELECT is((SELECT count(*) FROM arrivals), 69659::bigint, '69,659 purchases');
SELECT ok(count(*) > 0, 'a base over an empty table') FROM create_customer_base('cdnow', 'purchases', 'customer_id', 'day', 'amount', as_of => 'last_purchase');
CALL start_maintenance('cdnow');

-- Each day: its orders in one statement, the advance of the evening, and at six dates what the view says.
SELECT format('INSERT INTO purchases SELECT customer_id, day, amount FROM arrivals WHERE day = %L', day) AS orders,
	'CALL advance_customer_base(''cdnow'')' AS evening,
	CASE WHEN day IN ('1997-01-31', '1997-03-31', '1997-06-30', '1997-09-30', '1997-12-31', '1998-06-30')
		THEN format('INSERT INTO counted SELECT %L, stage, customers FROM cdnow.stage_counts', day) ELSE 'SELECT WHERE false' END AS view
FROM arrivals GROUP BY day ORDER BY day
\gexec

SELECT is((SELECT count(DISTINCT day) FROM counted), 6::bigint, 'six dates');
SELECT is_empty('SELECT * FROM verify_customer_base(''cdnow'')', 'the base is right');
SELECT is((SELECT count(*) FROM cdnow.histories), 23570::bigint, '23,570 customers');
SELECT results_eq($$SELECT c.day, l.stage, sum(l.change)::bigint FROM (SELECT DISTINCT day FROM counted) AS c
		JOIN (SELECT changed_on, to_stage AS stage, 1 AS change FROM cdnow.lifecycle_changes UNION ALL SELECT changed_on, from_stage, -1 FROM cdnow.lifecycle_changes) AS l
			ON l.changed_on <= c.day AND l.stage IS NOT NULL
		GROUP BY c.day, l.stage HAVING sum(l.change) <> 0 ORDER BY c.day, l.stage$$,
	'SELECT day, stage, customers FROM counted WHERE customers > 0 ORDER BY day, stage', 'the changes up to each date add up to its counts');
SELECT results_eq($$SELECT d.day, lifecycle_stage(h.history, d.day, s.policy::lifecycle_policy)::text AS stage, count(*) FROM (SELECT DISTINCT day FROM counted) AS d, cdnow.settings AS s,
		(SELECT customer_id, purchase_history(day, amount) AS history FROM arrivals GROUP BY customer_id) AS h
		WHERE first_purchase(h.history) <= d.day GROUP BY 1, 2 ORDER BY 1, 2$$,
	'SELECT day, stage, customers FROM counted WHERE customers > 0 ORDER BY day, stage', 'and they are the stages of all histories as of that date');
SELECT results_eq($$SELECT d.day, c.stage, c.customers FROM (SELECT DISTINCT day FROM counted) AS d, LATERAL cdnow.stage_counts_at(d.day) AS c
		WHERE c.customers > 0 ORDER BY 1, 2$$,
	'SELECT day, stage, customers FROM counted WHERE customers > 0 ORDER BY day, stage', 'as the twin of the view says in the end');
SELECT is((SELECT count(*) FROM cdnow.lifecycle_changes WHERE reason = 'corrected'), 0::bigint, 'nothing had to be corrected');
SELECT diag(format('%s: %s', day, string_agg(stage || ' ' || customers, ', ' ORDER BY stage::lifecycle_stage))) FROM counted WHERE customers > 0 GROUP BY day ORDER BY day;
SELECT * FROM finish();
SELECT drop_customer_base('cdnow');
