-- What holds of the movements of any subscriptions, and whose names a query means
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT plan(18);
SELECT setseed(0.2);

CREATE TABLE contracts AS
	SELECT c AS customer, f AS valid_from, CASE WHEN random() < 0.8 THEN f + (random() * 200)::int END AS valid_to, (random() * 100)::numeric(6, 2) AS monthly_amount
	FROM (SELECT i % 150 AS c, date '2022-06-15' + (random() * 800)::int AS f FROM generate_series(1, 600) AS i) AS s;
\set q '''SELECT customer, valid_from, valid_to, monthly_amount FROM contracts'''

SELECT is_empty(format($$SELECT FROM mrr_movements(%s, '2024-03-20', %L) WHERE mrr_end <> mrr_start + new + expansion - contraction - churn + reactivation
	OR customers_end <> customers_start + customers_new - customers_churned + customers_reactivated OR gross_retention > least(net_retention, 1)$$, quote_literal(:q), unit), 'movements by ' || unit || ' add up')
FROM unnest('{day,week,month,quarter,year}'::text[]) AS unit;
SELECT is_empty(format($$SELECT FROM (SELECT *, lag(mrr_end, 1, 0::numeric) OVER (ORDER BY period) AS before FROM mrr_movements(%s, '2024-03-20', %L)) AS m WHERE mrr_start <> before OR mrr_start < 0$$, quote_literal(:q), unit),
	'each ' || unit || ' starts where the one before ended') FROM unnest('{day,month,year}'::text[]) AS unit;
SELECT is((SELECT mrr_end FROM mrr_movements(:q, '2024-03-20', unit) ORDER BY period DESC LIMIT 1),
	(SELECT sum(monthly_amount) FROM contracts WHERE valid_from <= '2024-03-20' AND coalesce(valid_to, 'infinity') > '2024-03-20'), 'the last ' || unit || ' ends with what is in force')
FROM unnest('{day,month,year}'::text[]) AS unit;
SELECT results_eq(format('SELECT * FROM mrr_movements(%s, ''2023-05-10'')', quote_literal(:q)), $$SELECT * FROM mrr_movements('SELECT customer, valid_from, CASE WHEN valid_to <= ''2023-05-10'' THEN valid_to END, monthly_amount
	FROM contracts WHERE valid_from <= ''2023-05-10''', '2023-05-10')$$, 'what as_of does not know changes nothing');
SELECT results_eq(format('SELECT * FROM mrr_movements(%s, ''2024-03-20'')', quote_literal(:q)), $$SELECT * FROM mrr_movements('SELECT ''c'' || customer, valid_from, valid_to, monthly_amount FROM contracts ORDER BY random()', '2024-03-20')$$,
	'customers of any type, in any order');
SELECT is((SELECT sum(due) FROM renewal_rates(:q, '2024-03-20', unit)), (SELECT count(*)::numeric FROM contracts WHERE valid_to <= '2024-03-20' AND valid_to > valid_from), 'renewals by ' || unit || ': every contract that ended')
FROM unnest('{month,year}'::text[]) AS unit;
SELECT ok((SELECT bool_and(b.renewed >= a.renewed) FROM renewal_rates(:q, '2024-03-20', 'year') AS a JOIN renewal_rates(:q, '2024-03-20', 'year', 30) AS b USING (period)), 'grace never renews fewer');

-- The names of a query are looked up as its author sees them; ours are ours.
CREATE SCHEMA theirs;
CREATE TABLE theirs.mine (customer int, valid_from date, valid_to date, monthly_amount numeric);
INSERT INTO theirs.mine VALUES (1, '2024-01-01', NULL, 10);
CREATE FUNCTION theirs.subscription_changes(date, date, numeric, text, date) RETURNS TABLE (period date, change numeric) LANGUAGE sql AS 'SELECT NULL::date, 1/0.0';
CREATE FUNCTION theirs.calendar_periods(date, date, text) RETURNS TABLE (period date, next_period date) LANGUAGE sql AS 'SELECT NULL::date, NULL::date FROM (SELECT 1/0) AS x';
SELECT set_config('search_path', 'theirs, ' || current_setting('search_path'), true) \gset
SELECT is((SELECT mrr_end FROM mrr_movements('SELECT * FROM mine', '2024-01-31')), 10::numeric, 'a query finds tables along the search path');
SELECT is((SELECT sum(due) FROM renewal_rates('SELECT 1, date ''2024-01-01'', date ''2024-02-01'', 5', '2024-03-31')), 1::numeric, 'and functions with our names are not called');
SELECT * FROM finish();
ROLLBACK;
