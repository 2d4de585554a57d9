-- Drivers of satisfaction: what is printed, and errors
\pset null -

CREATE TABLE stays (guest int, overall int, room int, service int, food int);
INSERT INTO stays VALUES (1, 5, 5, 4, 3), (2, 4, 4, 4, 5), (3, 2, 1, 3, 4), (4, 3, 3, 2, 4), (5, 5, 4, 5, 5), (6, 1, 2, 1, 3),
	(7, 4, 5, 3, 4), (8, 2, 2, 2, 5), (9, NULL, 3, 3, 3), (10, 4, NULL, 4, 4), (11, 3, 3, 3, 4), (12, 5, 5, 5, 4);

SELECT dimension, name, answers, round(performance::numeric, 4) AS performance, round(correlation::numeric, 6) AS correlation, round(beta::numeric, 6) AS beta,
	round(std_error::numeric, 6) AS std_error, round(p_value::numeric, 6) AS p_value, round(importance::numeric, 6) AS importance, quadrant, note
FROM drivers((SELECT satisfaction_drivers(overall, ARRAY[room, service, food]) FROM stays), '{room,service,food}');
SELECT round(r_squared(t)::numeric, 6) AS r_squared, answers(t), left_out(t) FROM (SELECT satisfaction_drivers(overall, ARRAY[room, service, food]) AS t FROM stays) s;

-- The value
SELECT satisfaction_drivers(overall, ARRAY[room, service]) FROM stays;
SELECT satisfaction_drivers(overall * 1.25, ARRAY[room / 8.0, service::numeric]) FROM stays WHERE guest <= 3;
SELECT satisfaction_drivers(overall * 1e-7, ARRAY[room * 0.0000005]) FROM stays;
SELECT satisfaction_drivers(overall, ARRAY[room, service]) FROM stays WHERE false;
SELECT satisfaction_drivers(overall, NULL::int[]) FROM stays;
SELECT satisfaction_drivers(overall, NULL::int[]) + satisfaction_drivers(overall, ARRAY[room]) FROM stays WHERE guest <= 3;
SELECT rollup(t) FROM (SELECT satisfaction_drivers(overall, CASE WHEN guest > 3 THEN ARRAY[room] END) AS t FROM stays WHERE guest < 6 GROUP BY guest) s;
SELECT '{"answers": 2, "left_out": 0, "sums": [9, 8], "products": [[41], [36, 32]]}'::driver_tally::jsonb::driver_tally;

-- Numbers that there are not
SELECT dimension, round(beta::numeric, 6) AS beta, round(importance::numeric, 6) AS importance, quadrant, note
FROM drivers((SELECT satisfaction_drivers(overall, ARRAY[room, service, room + service, 3, food]) FROM stays));
SELECT dimension, performance, correlation, importance, note FROM drivers((SELECT satisfaction_drivers(3, ARRAY[room, food]) FROM stays));
SELECT dimension, round(correlation::numeric, 6) AS correlation, beta, note FROM drivers((SELECT satisfaction_drivers(overall, ARRAY[room, service, food]) FROM stays WHERE guest <= 4));
SELECT dimension, performance, note FROM drivers((SELECT satisfaction_drivers(NULL::int, ARRAY[room, food]) FROM stays));
SELECT count(*) FROM drivers(NULL);
SELECT count(*) FROM drivers((SELECT satisfaction_drivers(overall, NULL::int[]) FROM stays));
SELECT r_squared(satisfaction_drivers(overall, ARRAY[overall, room])) AS perfect, r_squared(satisfaction_drivers(3, ARRAY[room])) AS constant,
	r_squared(satisfaction_drivers(overall, ARRAY[3])) AS nothing_varies FROM stays;
SELECT dimension, round(beta::numeric, 6) AS beta, std_error < 1e-7 AS exact, p_value FROM drivers((SELECT satisfaction_drivers(overall, ARRAY[overall]) FROM stays));

-- Labels
SELECT q, quadrant_label(q), quadrant_label(q, 'zh') FROM unnest(ARRAY['concentrate here', 'keep up', 'low priority', 'possible overkill']) q;
SELECT quadrant_label('top left');
SELECT quadrant_label('keep up', 'fr');

-- Errors
SELECT satisfaction_drivers(overall, CASE WHEN guest = 5 THEN ARRAY[room] ELSE ARRAY[room, service] END) FROM stays;
SELECT rollup(t) FROM (SELECT satisfaction_drivers(overall, CASE WHEN guest > 3 THEN ARRAY[room] ELSE ARRAY[room, food] END) AS t FROM stays GROUP BY guest) s;
SELECT satisfaction_drivers(overall, '{}'::int[]) FROM stays;
SELECT satisfaction_drivers(overall, ARRAY[[room, service], [food, food]]) FROM stays;
SELECT satisfaction_drivers(overall, array_fill(room, ARRAY[65])) FROM stays;
SELECT satisfaction_drivers(overall, ARRAY['NaN'::numeric]) FROM stays;
SELECT satisfaction_drivers('infinity'::float8, ARRAY[room]::float8[]) FROM stays;
SELECT satisfaction_drivers(overall, ARRAY[1000000000]) FROM stays;
SELECT satisfaction_drivers(-1e9, ARRAY[room]::numeric[]) FROM stays;
SELECT * FROM drivers((SELECT satisfaction_drivers(overall, ARRAY[room, service]) FROM stays), '{room}');
SELECT '7'::driver_tally;
SELECT '{"answers": 2, "left_out": 0, "sums": [9, 8]}'::driver_tally;
SELECT '{"answers": 2.5, "left_out": 0, "sums": [9, 8], "products": [[41], [36, 32]]}'::driver_tally;
SELECT '{"answers": 2, "left_out": 0, "sums": [9, 8], "products": [[41], [36, 31]]}'::driver_tally;
SELECT '{"answers": 2, "left_out": 0, "sums": [9, 8], "products": [[41], [36, 32, 5]]}'::driver_tally;
SELECT '{"answers": 2, "left_out": 0, "sums": [9, 8], "products": [[41], [36, 32]], "rows": 2}'::driver_tally;
SELECT '{"answers": 2, "left_out": 0, "sums": [9, 8], "products": [[1e26], [36, 32]]}'::driver_tally;
SELECT '{"answers": 1, "left_out": 0, "sums": [9], "products": [[81]]}'::driver_tally;
DROP TABLE stays;
