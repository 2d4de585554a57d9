-- A/B tests, sample sizes, cross-tabulation
SET extra_float_digits = -3;	-- what the mathematical library of a machine may round its own way

-- Proportions: difference is variant less control
SELECT * FROM ab_test('200/2000'::proportion, '250/2000'::proportion);
SELECT * FROM ab_test('250/2000'::proportion, '200/2000'::proportion, 0.99);
SELECT control, variant, t.* FROM (VALUES ('0/10'::proportion, '0/10'::proportion), ('10/10', '10/10'), ('0/10', '10/10'), ('0/0', '5/10'), ('5/10', '0/0'), ('0/0', '0/0')) v (control, variant),
	ab_test(control, variant) AS t;
-- The share that was planned
SELECT share, t.ratio_p_value, t.ratio_ok FROM unnest('{0.5,0.2,0.1}'::float8[]) AS share, ab_test('90/800'::proportion, '25/200'::proportion, planned_share => share) AS t;
SELECT * FROM ab_test('1/2'::proportion, '1/2'::proportion, planned_share => 1);
SELECT * FROM ab_test('0/0'::proportion, '0/0'::proportion, planned_share => 'NaN');
SELECT * FROM ab_test('1/2'::proportion, '1/2'::proportion, 95);

-- Means: Welch's test
SELECT t.* FROM (SELECT mean_tally(v) FILTER (WHERE g = 'a') AS a, mean_tally(v) FILTER (WHERE g = 'b') AS b
	FROM (VALUES ('a', 27.5), ('a', 21.0), ('a', 19.0), ('a', 23.6), ('a', 17.0), ('a', 17.9), ('b', 27.1), ('b', 22.0), ('b', 20.8), ('b', 23.4), ('b', 23.4), ('b', 23.5), ('b', 25.8)) v (g, v)) s,
	ab_test(a, b) AS t;
SELECT a, b, t.* FROM (VALUES ('(2,4,8)'::mean_tally, '(3,9,27)'::mean_tally), ('(2,4,10)', '(3,9,27)'), ('(1,4,16)', '(3,9,29)'), ('(0,0,0)', '(3,9,29)'), ('(2,-4,10)', '(2,4,10)')) v (a, b),
	ab_test(a, b, 0.9, 0.6) AS t;
SELECT * FROM ab_test('(2,4,8)'::mean_tally, '(2,4,8)'::mean_tally, 0);
SELECT * FROM ab_test('(2,4,10)'::mean_tally, '(2,4,10)'::mean_tally, planned_share => -0.5);

-- Sample sizes. R: power.prop.test(p1 = .50, p2 = .75, power = .90) is 76.7, power.t.test(delta = 1, power = .90) is 22.02110
SELECT sample_size(0.50, 0.25, 0.90), sample_size_of_mean(1, 1, 0.90), sample_size(0.10, 0.02), sample_size(0.10, -0.02), sample_size(0.001, 0.0001, confidence => 0.99) AS small;
SELECT sample_size('100/1000'::proportion, 0.02), sample_size('0/0'::proportion, 0.02) AS none, sample_size('(10,55,385)'::mean_tally, 1), sample_size('(1,5,25)'::mean_tally, 1) AS none;
SELECT d, sample_size_of_mean(1, d) FROM unnest('{1000,5,2,-0.5,0.1,0.0126,0.0125,0.001}'::float8[]) AS d;
SELECT sample_size(0, 1), sample_size(0.5, 0.1, 0.5) AS even;
SELECT sample_size(0.5, 0);
SELECT sample_size(0.9, 0.2);
SELECT sample_size(-0.1, 0.2);
SELECT sample_size(0.1, 0.02, 80);
SELECT sample_size(0.1, 0.02, 0.4);
SELECT sample_size(0.1, 0.02, confidence => 95);
SELECT sample_size(0.5, 1e-9);
SELECT sample_size_of_mean(1, 'Infinity');
SELECT sample_size_of_mean(0, 1);
SELECT sample_size_of_mean(1, 1e-9);

-- Cross-tabulation
CREATE TEMP TABLE survey (city text, rating int, answers bigint);
INSERT INTO survey VALUES ('上海', 1, 12), ('上海', 2, 30), ('上海', 3, 58), ('北京', 1, 25), ('北京', 2, 34), ('北京', 3, 41), ('广州', 1, 9), ('广州', 2, 20), ('广州', 3, 21);
SELECT (crosstab_test(city, rating, answers)).* FROM survey;
-- The same from single rows, of other types, and transposed
SELECT (crosstab_test(city, rating)).* FROM survey, generate_series(1, answers);
SELECT (crosstab_test(city::varchar, rating::numeric)).* FROM survey, generate_series(1, answers);
SELECT (crosstab_test(rating, city::name, answers)).* FROM survey;
-- NULLs are skipped, nothing is no observation; what cannot be tested, and what can hardly be
SELECT (crosstab_test(a, b, n)).* FROM (VALUES ('x', 1, 10), ('x', 2, 20), ('y', 1, 20), ('y', 2, 10), (NULL, 1, 5), ('y', NULL, 5), ('y', 2, NULL), ('z', 3, 0)) v (a, b, n);
SELECT (crosstab_test(a, b, n)).* FROM (VALUES ('x', 1, 10), ('x', 2, 20)) v (a, b, n);
SELECT (crosstab_test(a, b)).* FROM (VALUES (true, ''), (false, 'a'), (true, ''), (false, '')) v (a, b);
SELECT crosstab_test(a, b) FROM (VALUES (NULL::text, 1)) v (a, b);
SELECT crosstab_test('a'::text, b) FROM (VALUES (1)) v (b) WHERE false;
SELECT (crosstab_test(a, b, n)).* FROM (VALUES ('x', 1, 3000000000000000000), ('x', 2, 1), ('y', 1, 1), ('y', 2, 3000000000000000000)) v (a, b, n);
SELECT crosstab_test(a, b, n) FROM (VALUES ('x', 1, 9223372036854775807), ('x', 2, 1)) v (a, b, n);
SELECT crosstab_test('x'::text, 'y', -3);
