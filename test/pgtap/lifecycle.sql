-- Properties of stages, timelines and of what a log lacks, on random histories and against the rules in plain SQL
BEGIN;
CREATE EXTENSION IF NOT EXISTS pgtap;
SELECT plan(23);
SELECT setseed(0.42);

-- Rhythms from daily to yearly, bursts, refunds before and after the first purchase, several orders a day
CREATE TEMP TABLE histories AS
SELECT c, coalesce(purchase_history(d, a) FILTER (WHERE d IS NOT NULL), '{}') AS h
FROM generate_series(1, 300) AS c LEFT JOIN LATERAL (
	SELECT date '2020-01-01' + (random() * 200)::int + sum((random() * random() * (ARRAY[3, 12, 40, 120, 500])[c % 5 + 1])::int) OVER (ORDER BY i)::int AS d,
		CASE WHEN random() < 0.1 OR c % 29 = 0 THEN -1 ELSE 1 END * (random() * 100)::numeric(6, 2) AS a
	FROM generate_series(1, c % 23) AS i) AS orders ON true
GROUP BY c;

CREATE TEMP TABLE policies (id int, repeat_from int, loyal_from int, count_by text, days int[], gaps float8[], population_gap float8, policy lifecycle_policy);
INSERT INTO policies VALUES (1, 2, 5, 'days', '{30,90,365}', '{2,3,4}', NULL), (2, 2, 10, 'orders', '{14,30,90}', '{2,3,4}', 21.5),
	(3, 3, 4, 'days', '{5,6,7}', '{0.4,0.4,9.25}', 3), (4, 2, 4, 'orders', '{90,180,730}', '{0,0,0}', 1000);
UPDATE policies SET policy = lifecycle_policy('b2b', repeat_from, loyal_from, count_by, days[1], gaps[1], days[2], gaps[2], days[3], gaps[3], population_gap);
SELECT is((SELECT policy FROM policies WHERE id = 1), 'retail'::lifecycle_policy, 'a preset can be written out');
SELECT is(policy::text::lifecycle_policy, policy, format('policy %s reads back', id)) FROM policies;

-- The rules
CREATE FUNCTION pg_temp.stage(h purchase_history, d date, p policies) RETURNS lifecycle_stage LANGUAGE sql AS $$
	SELECT CASE
		WHEN h_then = '{}' THEN 'prospect'
		WHEN n = 0 THEN NULL
		WHEN d - last > greatest((p).days[3], (p).gaps[3] * gap) THEN 'churned'
		WHEN d - last > greatest((p).days[2], (p).gaps[2] * gap) THEN 'dormant'
		WHEN d - last > greatest((p).days[1], (p).gaps[1] * gap) THEN 'at_risk'
		WHEN counted >= (p).loyal_from THEN 'loyal'
		WHEN counted >= (p).repeat_from THEN 'repeat'
		ELSE 'new' END::lifecycle_stage
	FROM (SELECT as_of(h, d) AS h_then) AS a,
		LATERAL (SELECT count(*) AS n, max(day) AS last, CASE (p).count_by WHEN 'days' THEN count(*) ELSE sum(orders) END AS counted,
				coalesce(CASE WHEN count(*) >= 3 THEN percentile_cont(0.5) WITHIN GROUP (ORDER BY before) ELSE (p).population_gap END, 0) AS gap
			FROM (SELECT day, orders, day - lag(day) OVER (ORDER BY day) AS before FROM days(h_then) WHERE orders > 0) AS purchases) AS m
$$;
CREATE TEMP TABLE moments AS
SELECT c, h, id, p, d FROM histories, policies AS p,
	LATERAL (SELECT DISTINCT date '2019-12-01' + (hashint4(c * 100 + i) & 2047) AS d FROM generate_series(1, 8) AS i) AS sampled;
SELECT is_empty('SELECT c, id, d, h FROM moments WHERE lifecycle_stage(h, d, (p).policy) IS DISTINCT FROM pg_temp.stage(h, d, p)',
	'the stage is that of the rules in plain SQL');
SELECT is((SELECT count(DISTINCT coalesce(lifecycle_stage(h, d, (p).policy)::text, 'none')) FROM moments), 8::bigint, 'the samples have every stage, and none');

-- The timeline
CREATE TEMP TABLE timelines AS
SELECT c, h, id, (p).policy, d, t.*, lead(valid_from) OVER w AS next_from, lag(stage) OVER w AS before, row_number() OVER w AS n
FROM moments, lifecycle_history(h, d, (p).policy) AS t WINDOW w AS (PARTITION BY c, id, d ORDER BY valid_from);
SELECT is_empty('SELECT * FROM timelines WHERE valid_to IS DISTINCT FROM next_from', 'no gap and no overlap; the last row is open');
SELECT is_empty('SELECT * FROM timelines WHERE valid_to <= valid_from OR valid_from > d OR stage = before', 'each row lasts a day or more, and is another stage than the one before');
SELECT is_empty('SELECT * FROM timelines WHERE n = 1 AND valid_from <> first_purchase(h)', 'it begins with the first purchase');
SELECT is_empty($$SELECT c, d FROM moments WHERE (first_purchase(as_of(h, d)) IS NULL) = EXISTS (SELECT FROM lifecycle_history(h, d, (p).policy))$$, 'and is empty without one');
SELECT is_empty('SELECT * FROM timelines WHERE valid_to IS NULL AND stage IS DISTINCT FROM lifecycle_stage(h, d, policy)', 'the last row is the stage');
SELECT is_empty('SELECT t.c, id, day FROM timelines AS t, LATERAL (SELECT day::date FROM generate_series(valid_from, least(valid_to, d + 1) - 1, interval ''1 day'') AS day) AS s
	WHERE hashint4(t.c + id) % 3 = 0 AND stage IS DISTINCT FROM lifecycle_stage(h, day, policy)', 'the stage on every day is that of the row that covers it');
SELECT is_empty('SELECT c, id, d, stage FROM (moments CROSS JOIN unnest(enum_range(NULL::lifecycle_stage)) AS stage)
	LEFT JOIN (SELECT c, id, d, stage, min(valid_from) AS first FROM timelines GROUP BY 1, 2, 3, 4) AS t USING (c, id, d, stage)
	WHERE lifecycle_reached(h, stage, d, (p).policy) IS DISTINCT FROM first', 'a stage is reached with its first row');
SELECT is_empty('SELECT a.c, a.id, a.d, b.d FROM timelines AS a JOIN timelines AS b USING (c, id) LEFT JOIN timelines AS e ON (e.c, e.id, e.d, e.stage, e.valid_from, e.reason) = (a.c, a.id, b.d, a.stage, a.valid_from, a.reason)
	WHERE a.d < b.d AND b.n = 1 AND (e.c IS NULL OR e.valid_to IS DISTINCT FROM a.valid_to AND a.valid_to IS NOT NULL)', 'a later day adds to the timeline, and changes nothing in it');
SELECT is_empty($$SELECT * FROM timelines WHERE reason <> CASE WHEN stage >= 'at_risk' THEN 'silence' WHEN before >= 'at_risk' THEN 'won back' WHEN before IS NULL THEN 'first purchase'
	WHEN stage = 'loyal' THEN 'loyal' ELSE 'repeat purchase' END$$, 'each row has its reason');
SELECT is_empty($$SELECT * FROM timelines WHERE (reason = 'silence') = EXISTS (SELECT FROM days(h) WHERE day = valid_from AND orders > 0)$$, 'purchases cause what silence does not');

-- The state
SELECT is_empty($$SELECT c, id, d FROM moments, lifecycle_state(h, d, (p).policy) AS s LEFT JOIN LATERAL (SELECT * FROM lifecycle_history(h, d, (p).policy) WHERE valid_to IS NULL) AS t ON true
	WHERE (s.since, s.reason, s.order_day) IS DISTINCT FROM (t.valid_from, t.reason, CASE WHEN t.reason <> 'silence' THEN t.valid_from END) OR s.stage IS DISTINCT FROM lifecycle_stage(h, d, (p).policy)$$,
	'the state is the last row');
SELECT is_empty($$SELECT c, id, d FROM moments, lifecycle_state(h, d, (p).policy) AS s
	WHERE CASE WHEN s.stage = 'prospect' OR s.stage = 'churned' OR s.stage IS NULL THEN due IS NOT NULL ELSE due IS NULL OR due <= d
		OR lifecycle_stage(as_of(h, d), due - 1, (p).policy) <> s.stage OR lifecycle_stage(as_of(h, d), due, (p).policy) <= s.stage END$$,
	'without a purchase the stage lasts until the day that is due');

-- The log. First what was never wrong: step by step it is the whole timeline.
CREATE FUNCTION pg_temp.next_stage(logged lifecycle_stage, known date, h purchase_history, d date, p lifecycle_policy, OUT stage lifecycle_stage, OUT faults text[], OUT changes int) LANGUAGE plpgsql AS $$
DECLARE
	r record;
	last_day date := known;
BEGIN
	stage := nullif(logged, 'prospect');
	changes := 0;
	FOR r IN SELECT * FROM lifecycle_changes_since(logged, known, h, d, p) LOOP
		changes := changes + 1;
		IF r.from_stage IS DISTINCT FROM stage OR r.to_stage IS NOT DISTINCT FROM stage THEN faults := faults || format('%s -> %s in stage %s', r.from_stage, r.to_stage, stage); END IF;
		IF r.changed_on < last_day OR r.changed_on > d THEN faults := faults || format('changed on %s, known on %s, as of %s', r.changed_on, last_day, d); END IF;
		IF r.from_stage = 'prospect' OR r.to_stage = 'prospect' THEN faults := faults || 'prospect'::text; END IF;
		IF r.reason = 'corrected' AND (r.changed_on <> d OR r.order_day IS DISTINCT FROM last_purchase(as_of(h, d))) THEN faults := faults || 'correction'::text; END IF;
		stage := r.to_stage;
		last_day := r.changed_on;
	END LOOP;
	IF stage IS DISTINCT FROM nullif(lifecycle_stage(coalesce(h, '{}'), d, p), 'prospect') THEN faults := faults || format('%s instead of %s', stage, lifecycle_stage(h, d, p)); END IF;
END $$;
CREATE TEMP TABLE logs (c int, id int, fault text, changes int, corrected bool);
DO $$
DECLARE
	m record;
	s record;
	stage lifecycle_stage;
	known date;
	h purchase_history;
	changes int;
	last_known date;
BEGIN
	FOR m IN SELECT c, histories.h, id, policy, ARRAY(SELECT d FROM moments WHERE (c, id) = (histories.c, policies.id) ORDER BY d) AS dates FROM histories, policies LOOP
		-- the past stands
		SELECT NULL, NULL, 0 INTO stage, known, changes;
		FOREACH last_known IN ARRAY m.dates LOOP
			SELECT * INTO s FROM pg_temp.next_stage(stage, known, m.h, last_known, m.policy);
			INSERT INTO logs SELECT m.c, m.id, unnest(s.faults), 0, false;
			stage := s.stage;
			known := last_known;
			changes := changes + s.changes;
		END LOOP;
		INSERT INTO logs SELECT m.c, m.id, CASE WHEN changes <> (SELECT count(*) FROM lifecycle_history(m.h, known, m.policy)) THEN 'changes' END, changes, false;
		-- late orders come and old ones go
		SELECT NULL, NULL, 0, '{}' INTO stage, known, changes, h;
		FOREACH last_known IN ARRAY m.dates LOOP
			h := CASE (random() * 6)::int WHEN 0 THEN '{}' WHEN 1 THEN m.h WHEN 2 THEN slice(m.h, last_known - (random() * 500)::int, 'infinity')
				WHEN 3 THEN NULL WHEN 4 THEN h ELSE as_of(m.h, last_known) + format('{%s 1:1}', last_known - (random() * 200)::int)::purchase_history END;
			SELECT * INTO s FROM pg_temp.next_stage(stage, known, h, last_known, m.policy);
			INSERT INTO logs SELECT m.c, m.id, unnest(s.faults), 0, true;
			-- a second look on the same day finds nothing
			INSERT INTO logs SELECT m.c, m.id, 'again', 0, true FROM pg_temp.next_stage(s.stage, last_known, h, last_known, m.policy) AS again WHERE again.changes > 0;
			stage := s.stage;
			known := last_known;
			changes := changes + s.changes;
		END LOOP;
		INSERT INTO logs VALUES (m.c, m.id, NULL, changes, true);
	END LOOP;
END $$;
SELECT is_empty('SELECT * FROM logs WHERE fault IS NOT NULL AND NOT corrected', 'a log that is carried on step by step has every change once');
SELECT is_empty('SELECT * FROM logs WHERE fault IS NOT NULL AND corrected', 'whatever becomes of the past, a log ends in the stage');
SELECT cmp_ok((SELECT sum(changes) FROM logs WHERE corrected), '>', 3000::bigint, 'there was something to correct');
SELECT is_empty($$SELECT * FROM histories, lifecycle_changes_since(NULL, NULL, h, '2026-01-01') AS c WHERE (order_day IS NULL) <> (reason = 'silence')$$, 'a change that no purchase caused has no order day');
SELECT * FROM finish();
ROLLBACK;
