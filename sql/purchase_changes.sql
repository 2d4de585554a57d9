--
-- purchase_changes: signed changes of a purchase history
--
SET datestyle = ISO;

-- Text form
SELECT c::purchase_changes AS changes
FROM (VALUES
	('{}'),
	('{2024-01-05 orders +1 gross +20.5, 2024-02-01 refunds -1 refunded -5}'),
	('  { 2024-1-5  orders 1 gross 20.50 ,2024-02-01 refunds -1 refunded -5.0 } '),
	('0 unfit {}'),
	('  3 unfit {2024-01-05 gross -0.000001}'),
	('9223372036854775807 unfit {4714-11-24 BC orders -999999999999999999 gross +999999999999999999999999999999.999999}')
) AS t(c);
SELECT ''::purchase_changes;
SELECT '{2024-01-05}'::purchase_changes;
SELECT '{2024-01-05 1:20}'::purchase_changes;
SELECT '{05/01/2024 orders +1}'::purchase_changes;
SELECT '{2024-01-05 orders +0}'::purchase_changes;
SELECT '{2024-01-05 orders +}'::purchase_changes;
SELECT '{2024-01-05 gross +1 orders +1}'::purchase_changes;
SELECT '{2024-01-05 orders +1000000000000000000}'::purchase_changes;
SELECT '{2024-01-05 gross -1000000000000000000000000000000}'::purchase_changes;
SELECT '{2024-01-05 gross +0.0000001}'::purchase_changes;
SELECT '{2024-01-05 orders +1, 2024-01-05 orders +1}'::purchase_changes;
SELECT '3 misfit {}'::purchase_changes;
SELECT '-3 unfit {}'::purchase_changes;
SELECT '9223372036854775808 unfit {}'::purchase_changes;
SELECT '3 unfit {'::purchase_changes;

-- The stored form is for ever (see src/history_codec.h)
SELECT purchase_changes_send('{}') AS empty,
	purchase_changes_send('3 unfit {2000-01-02 orders -1 gross -20.5}') AS one_day,
	purchase_changes_send('{2000-01-01 orders +2 gross +300 refunds +1 refunded -5}') AS all_parts;

-- Binary form through COPY: what goes out comes back; anything else is refused
CREATE TABLE copied (c purchase_changes);
INSERT INTO copied VALUES ('{}'), (NULL), ('3 unfit {2000-01-02 orders -1 gross -20.5}');
SELECT '/tmp/pg_customer_copy.' || pg_backend_pid() AS file \gset
\setenv FILE :file
COPY copied TO :'file' (FORMAT binary);
COPY copied FROM :'file' (FORMAT binary);
SELECT c::text, count(*) FROM copied GROUP BY 1 ORDER BY 1;
CREATE FUNCTION receive(bytes bytea, file text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	CREATE TEMP TABLE raw AS SELECT bytes;
	EXECUTE format('COPY raw TO %L (FORMAT binary)', file);
	DROP TABLE raw;
	TRUNCATE copied;
	EXECUTE format('COPY copied FROM %L (FORMAT binary)', file);
END $$;
\set SHOW_CONTEXT never
SELECT receive('\x110323019903', :'file');
SELECT c FROM copied;
SELECT receive('\x', :'file');
SELECT receive('\x10', :'file');
SELECT receive('\x2000', :'file');
SELECT receive('\x11032301', :'file');
SELECT receive('\x10000000', :'file');
\set SHOW_CONTEXT errors
DROP FUNCTION receive;
DROP TABLE copied;

-- The aggregate: sums of signed rows by day, in any order; what cancels leaves nothing
CREATE TABLE deltas (id int GENERATED ALWAYS AS IDENTITY, customer int, day date, orders int8, gross numeric, refunds int8, refunded numeric);
INSERT INTO deltas (customer, day, orders, gross, refunds, refunded) VALUES
	(1, '2024-01-05', 1, 100, 0, 0), (1, '2024-01-05', 1, 20.5, 0, 0), (1, '2024-02-01', 0, 0, 1, 5),
	(2, '2024-01-05', 1, 10, NULL, NULL), (2, '2024-01-05', -1, -10, 0, 0), (2, '2024-01-06', 0, 0, 0, 0),
	(3, '2024-01-05', -1, -10, 0, 0), (3, '2024-01-07', 0, 2.25, NULL, 0);
SELECT customer, purchase_changes(day, orders, gross, refunds, refunded) FROM deltas GROUP BY customer ORDER BY customer;
SELECT rollup(c) AS of_all, rollup(c ORDER BY customer DESC)::text = rollup(c)::text AS any_order
FROM (SELECT customer, purchase_changes(day, orders, gross, refunds, refunded) AS c FROM deltas GROUP BY customer) AS t;
SELECT purchase_changes(day, orders, gross, refunds, refunded) FROM deltas WHERE false;
SELECT rollup(c) FROM (VALUES (NULL::purchase_changes), ('{2024-01-05 orders +1}'), ('{2024-01-05 orders -1}')) AS t(c);
SELECT rollup(c) IS NULL AS of_nothing FROM (VALUES (NULL::purchase_changes)) AS t(c);

-- rows that cannot be taken are counted; none is an error
SELECT purchase_changes(day, orders, gross, refunds, refunded) AS changes, unfit(purchase_changes(day, orders, gross, refunds, refunded))
FROM (VALUES
	(date '2024-01-05', 1::int8, 20::numeric, 0::int8, 0::numeric),
	(NULL, 1, 20, 0, 0), ('infinity', 1, 20, 0, 0), ('-infinity', 1, 20, 0, 0),
	('2024-01-05', 1, 'NaN', 0, 0), ('2024-01-05', 1, 0, 0, 'NaN'), ('2024-01-05', 1, 'Infinity', 0, 0), ('2024-01-05', 1, '-Infinity', 0, 0),
	('2024-01-05', 1, 0.0000001, 0, 0), ('2024-01-05', 1, 1e21, 0, 0), ('2024-01-05', 1, -1e100, 0, 0),
	('2024-01-05', 1000000000001, 0, 0, 0), ('2024-01-05', -9223372036854775808, 0, 0, 0), ('2024-01-05', 0, 0, 9223372036854775807, 0),
	(NULL, NULL, NULL, NULL, NULL)
) AS t(day, orders, gross, refunds, refunded);

-- sums larger than a day of a history can be are kept, so that the order of the rows does not matter
SELECT purchase_changes(day, orders, gross, 0, 0 ORDER BY gross) AS changes,
	purchase_changes(day, orders, gross, 0, 0 ORDER BY gross DESC)::text = purchase_changes(day, orders, gross, 0, 0 ORDER BY gross)::text AS any_order
FROM (VALUES (date '2024-01-05', 1, 1e21 - 1), ('2024-01-05', 1000000000000, 1e21 - 1), ('2024-01-05', -1000000000000, -(1e21 - 1)), ('2024-01-05', -1, -(1e21 - 2))) AS t(day, orders, gross);
-- at the limit of the sums, and of the count of unfit rows
SELECT rollup(c) FROM (VALUES ('9223372036854775807 unfit {2024-01-05 orders +999999999999999999}'::purchase_changes), ('1 unfit {2024-01-05 orders +1}')) AS t(c);

-- functions called directly
SELECT purchase_changes_accum('{}', '2024-01-05', 1, 20, 0, 0);
SELECT purchase_changes_combine('{2024-01-05 orders +1}', '2 unfit {2024-01-05 orders -1}') AS sum, purchase_changes_combine(NULL, NULL) AS nothing;
CREATE AGGREGATE changes_after(date, int8, numeric, int8, numeric) (
	SFUNC = purchase_changes_accum, STYPE = purchase_changes, INITCOND = '5 unfit {2020-02-29 orders +1}');
SELECT changes_after(day, orders, gross, refunds, refunded) FROM deltas WHERE customer = 1;
DROP AGGREGATE changes_after(date, int8, numeric, int8, numeric);

-- Netting: history + changes = net + misfits
SELECT h AS history, c AS changes, net(h, c), misfits(h, c)
FROM (VALUES
	('{2024-01-05 1:100}'::purchase_history, '{2024-01-05 orders +1 gross +20.5, 2024-02-01 refunds +1 refunded +5}'::purchase_changes),
	('{2024-01-05 1:100}', '{2024-01-05 orders -1 gross -100}'),
	('{2024-01-05 2:100, 2024-02-01 1:1}', '{2024-01-05 orders -1 gross -40}'),
	('{2024-01-05 1:100}', '{2024-01-06 orders -1 gross -100}'),
	('{2024-01-05 1:100}', '{2024-01-05 orders -2 gross -150}'),
	('{2024-01-05 1:100}', '{2024-01-05 gross -150}'),
	('{2024-01-05 1:100}', '{2024-01-05 orders -1}'),
	('{2024-01-05 1:100 -1:5}', '{2024-01-05 refunds -1 refunded -4}'),
	('{2024-01-05 1000000000000000:1}', '{2024-01-05 orders +1 gross +999999999999999999999}'),
	('{2024-01-05 1:100}', '7 unfit {}'),
	('{2024-01-05 1:100}', NULL),
	(NULL, '{2024-01-05 orders +1 gross +20.5}'),
	(NULL, '{2024-01-05 orders -1}'),
	(NULL, NULL)
) AS t(h, c);

SELECT customer, d.* FROM (SELECT customer, purchase_changes(day, orders, gross, refunds, refunded) AS c FROM deltas GROUP BY customer) AS t, days(c) AS d ORDER BY 1, 2;
SELECT count(*) FROM days('5 unfit {}'::purchase_changes);
SELECT unfit('5 unfit {}'), unfit('{}'), unfit(NULL);
DROP TABLE deltas;
\! rm -f "$FILE" 2>/dev/null
