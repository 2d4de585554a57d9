-- mean_tally: number, sum and sum of squares of values
SET extra_float_digits = -3;	-- what the mathematical library of a machine may round its own way

-- Every number type, and a bare literal
SELECT mean_tally(v::smallint) AS s, mean_tally(v) AS i, mean_tally(v::bigint) AS b, mean_tally(v::real) AS r, mean_tally(v::float8) AS f, mean_tally(v::numeric) AS n,
	mean_tally(5) AS literal
FROM (VALUES (3), (NULL), (-1), (4)) t (v);
SELECT mean_tally(v) AS none FROM (VALUES (NULL::numeric)) t (v);
SELECT id, mean_tally(v) OVER (ORDER BY id) AS so_far FROM (VALUES (1, 1.5), (2, NULL), (3, 2)) t (id, v);

-- Exact to the 12th digit, which is rounded; floats count with their 15 digits
SELECT mean_tally(v), mean_tally(v::float8) AS float8 FROM (VALUES (0.1), (-0.25), (12345678.9), (0.0000000000005), (1e-300)) t (v);
SELECT mean_tally(v) AS float8 FROM (VALUES (0.1::float8 + 0.2::float8), (1234.56789012345678), (1e15 + 0.5), (123456.7890125)) t (v);
SELECT mean_tally(v) AS largest FROM (VALUES (9999999999999999.999999999999), (-9999999999999999.999999999999), (0.000000000001)) t (v);
SELECT mean_tally(9999999999999999::bigint), mean_tally(-2147483648);
SELECT mean_tally(1e16::numeric);
SELECT mean_tally(10000000000000000::bigint);
SELECT mean_tally(-1e16::float8);
SELECT mean_tally('NaN'::float8);
SELECT mean_tally('-Infinity'::numeric);

-- Text, binary, jsonb
SELECT '(3,6,14)'::mean_tally, '(0,0,0)'::mean_tally AS none, '(2,-0.50,0.125)'::mean_tally AS fractions, mean_tally_send('(2,-0.5,0.125)');
SELECT '(3,6,14)'::mean_tally::jsonb, '(1,6,36)'::mean_tally::jsonb AS one, '(0,0,0)'::mean_tally::jsonb AS none;
SELECT '3,6,14'::mean_tally;
SELECT '(3,6)'::mean_tally;
SELECT '(3,6,14) '::mean_tally;
SELECT '(3,6,-14)'::mean_tally;
SELECT '(3,6.,14..0)'::mean_tally;
SELECT '(3,0.0000000000001,14)'::mean_tally;
SELECT '(3,1e3,14)'::mean_tally;
SELECT '(9223372036854775808,6,14)'::mean_tally;
SELECT '(3,9999999999999999999999999999999999999999999999999999999999,14)'::mean_tally;
SELECT '(3,6,11)'::mean_tally;
SELECT '(0,0,1)'::mean_tally;
SELECT '(-1,0,0)'::mean_tally;
SELECT '(1,0,100000000000000000000000000000000)'::mean_tally;

-- Sums and comparison
SELECT '(3,6,14)'::mean_tally + '(1,-6,36)', rollup(t) FROM (VALUES ('(3,6,14)'::mean_tally), (NULL), ('(1,-6,36)')) v (t);
SELECT rollup(t) AS none FROM (VALUES (NULL::mean_tally)) v (t);
SELECT '(3,6,14)'::mean_tally = '(3,6.0,14.00)' AS same, '(3,6,14)'::mean_tally <> '(3,6,15)' AS other;
SELECT t, count(*) FROM (VALUES ('(3,6,14)'::mean_tally), ('(3,6,15)'), ('(3,6,14)')) v (t) GROUP BY t ORDER BY t::text;
SELECT '(9223372036854775807,0,1)'::mean_tally + '(1,0,0)';

-- Measures
SELECT t, observations(t), total(t), mean(t), standard_deviation(t), low(t), high(t), low(t, 0.8)
FROM (SELECT mean_tally(v) FROM generate_series(1, 10) v UNION ALL SELECT '(0,0,0)' UNION ALL SELECT '(1,2.5,6.25)' UNION ALL SELECT '(2,5,12.5)' UNION ALL
	-- what cancels in floats does not here
	SELECT mean_tally(1000000000 + v / 1000.0) FROM generate_series(1, 10) v) s (t);
SELECT high('(3,6,14)'::mean_tally, 2);
