-- Pseudonyms, and groups too small to publish
SELECT pseudonymise('customer 42', 'a key of sixteen bytes or more') AS text, pseudonymise('', 'a key of sixteen bytes or more') AS empty,
	pseudonymise('客户', '十六个字节以上的密钥') AS chinese;
-- RFC 4231, test case 1: b0344c61 d8db3853 5ca8afce af0bf12b …, and the bits of version 8
SELECT pseudonymise('Hi There', convert_from(decode(repeat('0b', 20), 'hex'), 'UTF8'));
-- a number, and a UUID, are their texts
SELECT pseudonymise(id, k) = pseudonymise(id::text, k) AS number, pseudonymise(md5(id::text)::uuid, k) = pseudonymise(md5(id::text)::uuid::text, k) AS uuid
FROM (VALUES (0::bigint), (-42), (9223372036854775807), (-9223372036854775808)) AS v (id), (VALUES (repeat('k', 16))) AS w (k);
SELECT pseudonymise(42, repeat('k', 16)) = pseudonymise('42', repeat('k', 16)) AS integer, pseudonymise(NULL::text, repeat('k', 16)) AS no_id, pseudonymise('42', NULL) AS no_key;
-- other key, other pseudonym; a key longer than a block of the hash is a key
SELECT count(DISTINCT pseudonymise(i, k)) FROM generate_series(1, 1000) AS i, (VALUES (repeat('a', 16)), (repeat('b', 16)), (repeat('a', 17)), (repeat('a', 1000))) AS v (k);
SELECT pseudonymise('42', 'fifteen bytes..');
SELECT pseudonymise(42, '');

CREATE TABLE people (name text, city text, "age band" text);
INSERT INTO people SELECT 'p' || i, CASE WHEN i <= 12 THEN '上海' WHEN i <= 18 THEN '北京' END, CASE WHEN i % 6 = 0 THEN '60+' ELSE '18-59' END FROM generate_series(1, 20) AS i;
SELECT * FROM small_groups('SELECT * FROM people', '{city,"age band"}');
SELECT * FROM small_groups('TABLE people', '{city}', 2);
SELECT * FROM small_groups('SELECT city FROM people WHERE name > ''p'' UNION ALL SELECT NULL', ARRAY['city'], 6);
SELECT count(*) FROM small_groups('SELECT * FROM people WHERE false', '{city}');
-- what cannot be
SELECT * FROM small_groups('SELECT * FROM people', '{town}');
SELECT * FROM small_groups('SELECT * FROM people', '{}');
SELECT * FROM small_groups('SELECT * FROM people', '{NULL}');
SELECT * FROM small_groups('SELECT * FROM people', '{city}', 1);
SELECT * FROM small_groups('SELECT * FROM people', '{city}', NULL);
SELECT * FROM small_groups('DELETE FROM people RETURNING *', '{city}');
SELECT * FROM small_groups('SELECT * FROM people; SELECT 1', '{city}');
SELECT * FROM small_groups('SELECT * FROM nobody', '{city}');
SELECT * FROM small_groups('SELECT 1) AS q; DROP TABLE people; SELECT (1', '{city}');
SELECT count(*) FROM people;
DROP TABLE people;
