-- proportion: successes of trials
SET extra_float_digits = -3;	-- what the mathematical library of a machine may round its own way

-- NULL is no trial; without a row there is none.
SELECT proportion(b), proportion(b) FILTER (WHERE b IS NULL) AS none FROM (VALUES (true), (false), (NULL), (true)) v (b);
SELECT proportion(b) FROM (VALUES (true)) v (b) WHERE false;
SELECT proportion(3, 10), proportion(0, 0), proportion(9223372036854775807, 9223372036854775807);
SELECT id, proportion(b) OVER (ORDER BY id) AS so_far FROM (VALUES (1, true), (2, false), (3, NULL), (4, true)) v (id, b);

-- Text, binary, jsonb
SELECT '3/10'::proportion, ' +3/ 10 '::proportion AS spaces, '0/0'::proportion AS none;
SELECT '3/10'::proportion::jsonb, proportion_send('3/10');
SELECT '3'::proportion;
SELECT '3/'::proportion;
SELECT '/10'::proportion;
SELECT '3/10 %'::proportion;
SELECT '0.3/1'::proportion;
SELECT '1/9223372036854775808'::proportion;
SELECT '11/10'::proportion;
SELECT '-1/10'::proportion;
SELECT proportion(10, 3);
SELECT proportion(-1, 3);

-- Sums and comparison
SELECT '3/10'::proportion + '1/2', rollup(p) FROM (VALUES ('3/10'::proportion), (NULL), ('1/2')) v (p);
SELECT rollup(p) AS none FROM (VALUES (NULL::proportion)) v (p);
SELECT '1/2'::proportion = '1/2' AS same, '1/2'::proportion = '2/4' AS scaled, '1/2'::proportion <> '1/3' AS other;
SELECT p, count(*) FROM (VALUES ('1/2'::proportion), ('2/4'), ('1/2')) v (p) GROUP BY p ORDER BY p::text;
SELECT '1/9223372036854775807'::proportion + '0/1';
SELECT rollup(p) FROM (VALUES ('1/9223372036854775807'::proportion), ('0/1')) v (p);

-- One proportion: value, and Wilson's interval
SELECT p, successes(p), trials(p), value(p), low(p), high(p), low(p, 0.8), high(p, 0.8)
FROM unnest('{0/0,0/10,1/10,5/10,10/10,15/148,81/263,1/1000000000}'::proportion[]) AS p;
SELECT low('1/2'::proportion, 1);
SELECT high('1/2'::proportion, 'NaN');
SELECT low('0/0'::proportion, 95);

-- Two proportions: the examples of Newcombe 1998, table II, method 10
SELECT p1, p2, round(d.difference::numeric, 4) AS difference, round(d.low::numeric, 4) AS low, round(d.high::numeric, 4) AS high
FROM (VALUES ('56/70'::proportion, '48/80'::proportion), ('9/10', '3/10'), ('10/10', '0/20'), ('5/56', '0/29'), ('0/10', '0/10')) v (p1, p2), difference(p1, p2) AS d;
SELECT * FROM difference('0/0'::proportion, '1/2');
SELECT (difference('999999999999/1000000000000'::proportion, '999999999998/999999999999')).difference AS tiny;
SELECT p1, p2, r.* FROM (VALUES ('36/1000'::proportion, '14/1000'::proportion), ('0/10', '5/10'), ('5/10', '0/10'), ('10/10', '5/10'), ('5/10', '10/10'),
	('10/10', '10/10'), ('0/10', '0/10'), ('0/0', '5/10')) v (p1, p2), ratio(p1, p2) AS r;
SELECT p1, p2, o.* FROM (VALUES ('36/1000'::proportion, '14/1000'::proportion), ('0/10', '5/10'), ('10/10', '5/10'), ('10/10', '10/10'), ('5/10', '0/0')) v (p1, p2),
	odds_ratio(p1, p2) AS o;
SELECT * FROM ratio('1/2'::proportion, '1/3', 0);
SELECT * FROM odds_ratio('1/2'::proportion, '1/3', 1.5);
