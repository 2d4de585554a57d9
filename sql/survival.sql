-- Survival curves and log-rank tests: what is printed, and errors
\pset null -
SET extra_float_digits = 0;

-- Weeks of remission of leukaemia patients (Freireich and others 1963; Gehan 1965), 21 treated and 21 not; without an event, so far
CREATE TABLE patients (treated boolean, weeks int, relapsed boolean);
INSERT INTO patients SELECT true, w, true FROM unnest(ARRAY[6, 6, 6, 7, 10, 13, 16, 22, 23]) w;
INSERT INTO patients SELECT true, w, false FROM unnest(ARRAY[6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]) w;
INSERT INTO patients SELECT false, w, true FROM unnest(ARRAY[1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]) w;

SELECT time, at_risk, events, censored, round(survival::numeric, 6) AS survival, round(std_error::numeric, 6) AS std_error, round(low::numeric, 6) AS low, round(high::numeric, 6) AS high
FROM survival_table((SELECT survival_curve(weeks, relapsed) FROM patients WHERE treated));
SELECT time, at_risk, events, round(survival::numeric, 6) AS survival, round(std_error::numeric, 6) AS std_error, round(low::numeric, 6) AS low, round(high::numeric, 6) AS high
FROM survival_table((SELECT survival_curve(weeks, relapsed) FROM patients WHERE NOT treated), 0.9);
-- By periods, also where nothing happened
SELECT period, at_risk, events, censored, round(survival::numeric, 6) AS survival, round(std_error::numeric, 6) AS std_error, round(low::numeric, 6) AS low, round(high::numeric, 6) AS high
FROM survival_periods((SELECT survival_curve(weeks, relapsed) FROM patients WHERE treated), 4);
SELECT period, at_risk, events, censored, round(survival::numeric, 6) AS survival, round(std_error::numeric, 6) AS std_error, round(low::numeric, 6) AS low, round(high::numeric, 6) AS high
FROM survival_periods((SELECT survival_curve(weeks, relapsed) FROM patients WHERE NOT treated), 17.5, 0.9);
SELECT treated, observations(c), events(c), left_out(c), m.*, survival(c, 0) AS at_0, round(survival(c, 10)::numeric, 4) AS at_10, survival(c, 35) AS at_35, survival(c, 36) AS at_36
FROM (SELECT treated, survival_curve(weeks, relapsed) AS c FROM patients GROUP BY treated) s, median_survival(c) m ORDER BY treated;
SELECT round((t).chi_square::numeric, 4) AS chi_square, (t).df, round((t).p_value::numeric, 8) AS p_value FROM (SELECT logrank(weeks, relapsed, treated::text) AS t FROM patients) s;

-- The value
SELECT survival_curve(weeks, relapsed) FROM patients WHERE weeks < 4;
SELECT survival_curve(weeks, relapsed) FROM patients WHERE false;
SELECT survival_curve(w, e) FROM (VALUES (1, true), (NULL, true), (2, NULL)) v (w, e);
SELECT rollup(c) FROM (SELECT survival_curve(weeks, relapsed) AS c FROM patients WHERE weeks < 5 GROUP BY weeks UNION ALL SELECT NULL) s;
SELECT '{"times": [1], "events": [2], "censored": [0], "left_out": 1}'::survival_curve + '{"times": [0.5, 1], "events": [0, 1], "censored": [3, 0], "left_out": 0}';
SELECT '{"times": [3, 5], "events": [2, 0], "censored": [1, 4], "left_out": 0}'::survival_curve::jsonb::survival_curve;
-- Where the curve stays at a half, the median is in the middle.
SELECT median FROM median_survival('{"times": [1, 2, 5, 7], "events": [1, 1, 1, 1], "censored": [0, 0, 0, 0], "left_out": 0}');
SELECT median FROM median_survival('{"times": [1, 2, 3, 5], "events": [1, 1, 0, 1], "censored": [0, 0, 1, 0], "left_out": 0}');
SELECT * FROM median_survival('{"times": [1, 2], "events": [1, 0], "censored": [0, 8], "left_out": 0}');
SELECT count(*) FROM survival_table('{"times": [], "events": [], "censored": [], "left_out": 4}');
SELECT count(*) FROM survival_periods('{"times": [], "events": [], "censored": [], "left_out": 4}', 1);
SELECT * FROM median_survival('{"times": [], "events": [], "censored": [], "left_out": 4}');

-- Nothing to compare
SELECT logrank(weeks, relapsed, 'all') FROM patients;
SELECT logrank(weeks, false, treated::text) FROM patients;
SELECT logrank(weeks, relapsed, NULL) FROM patients;
SELECT logrank(weeks, relapsed, 'all') FROM patients WHERE false;

-- Errors
SELECT survival_curve(-weeks, relapsed) FROM patients WHERE weeks = 12;
SELECT survival_curve('NaN', relapsed) FROM patients;
SELECT survival_curve('infinity', relapsed) FROM patients;
SELECT logrank(-1, true, 'a');
SELECT logrank(1, true, i::text) FROM generate_series(1, 65) i;
SELECT * FROM survival_table('{"times": [1], "events": [1], "censored": [0], "left_out": 0}', 95);
SELECT * FROM survival_periods('{"times": [1], "events": [1], "censored": [0], "left_out": 0}', 0);
SELECT * FROM survival_periods('{"times": [1], "events": [1], "censored": [0], "left_out": 0}', 'NaN');
SELECT * FROM survival_periods('{"times": [1], "events": [1], "censored": [0], "left_out": 0}', 1e-6);
SELECT count(*) FROM survival_periods('{"times": [1], "events": [1], "censored": [0], "left_out": 0}', 1.1e-6);
SELECT '{"times": [1, 1], "events": [1, 1], "censored": [0, 0], "left_out": 0}'::survival_curve;
SELECT '{"times": [1], "events": [0.5], "censored": [0], "left_out": 0}'::survival_curve;
SELECT '{"times": [1], "events": [0], "censored": [0], "left_out": 0}'::survival_curve;
SELECT '{"times": [1], "events": [1, 2], "censored": [0], "left_out": 0}'::survival_curve;
SELECT '{"times": [1], "events": [1], "censored": [null], "left_out": 0}'::survival_curve;
SELECT '[]'::survival_curve;
SELECT rollup('{"times": [1], "events": [4503599627370496], "censored": [0], "left_out": 0}'::survival_curve) FROM generate_series(1, 2);
SELECT '{"times": [], "events": [], "censored": [], "left_out": 4503599627370496}'::survival_curve + '{"times": [], "events": [], "censored": [], "left_out": 1}';
DROP TABLE patients;
