#!/usr/bin/env bash
# make bench-nps: the net promoter score of ten million answers by month, beside the three counts one would write without it.
#
#   make bench-nps ANSWERS=1000000       fewer
#
# Medians of RUNS (9) in one session each, the alternatives in turn, warm cache; the ratio is to the three counts.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
RUNS=${RUNS:-9}
source "$top/test/bench/lib.sh"

if [ "${1:-}" != inside ]; then
	stage=$("$top/test/server/build.sh")
	SERVER_OPTIONS="-c shared_buffers=2GB -c max_wal_size=8GB -c jit=off" exec "$top/test/server/run.sh" "$stage" bash "$0" inside
fi

answers=${ANSWERS:-10000000}
counts='100.0 * (count(*) FILTER (WHERE score >= 9) - count(*) FILTER (WHERE score <= 6)) / count(score)'

# alternatives NAME WORKERS TIME GROUP: by three counts and by nps, a row of the group each, and by nps_periods of the time
alternatives() {
	local -A times=()
	local -A statements=(
		['three counts']="SELECT $4 AS month, $counts FROM answers GROUP BY 1"
		[nps]="SELECT $4 AS month, nps(score) FROM answers GROUP BY 1"
		[nps_periods]="SELECT period, nps(tally) FROM unnest((SELECT nps_periods($3, score, 'month') FROM answers))")
	local run name middle first
	for ((run = 0; run < runs; run++)); do
		for name in "${!statements[@]}"; do
			measure "SET max_parallel_workers_per_gather = $2; ${statements[$name]}"
			times[$name]+=" $seconds"
		done
	done
	for name in 'three counts' nps nps_periods; do
		middle=$(tr ' ' '\n' <<<"${times[$name]}" | grep . | median)
		[ "$name" != 'three counts' ] || first=$middle
		printf '%-36s %-14s %9.3f s   x %.2f\n' "$1" "$name" "$middle" "$(awk -v a="$middle" -v b="$first" 'BEGIN { print a / b }')"
	done
}

about
q -o /dev/null -v answers="$answers" <<'SQL'
CREATE EXTENSION pg_customer;
SELECT setseed(0.5);
CREATE UNLOGGED TABLE answers AS
	SELECT at, at::timestamp AS local_at, date_trunc('month', at)::date AS month, CASE WHEN random() < 0.95 THEN (11 * sqrt(random()))::int % 11 END AS score
	FROM (SELECT timestamptz '2022-01-01 00:00 UTC' + i * interval '3 years' / :answers AS at FROM generate_series(0, :answers - 1) AS i) AS a;
ALTER TABLE answers SET (parallel_workers = 2);
VACUUM ANALYZE answers;
SQL
echo "$answers answers of $(q -c 'SELECT count(DISTINCT month) FROM answers') months, $(q -c "SELECT pg_size_pretty(pg_table_size('answers'))"), $(q -c 'SELECT round(avg((score IS NULL)::int) * 100) FROM answers') % of them NULL; three counts and nps differ in $(
	q -c "SELECT count(*) FROM (SELECT month, nps(score) <> $counts AS differ FROM answers GROUP BY 1) AS m WHERE differ") months"
echo
for workers in 0 2; do
	how=$([ $workers = 0 ] && echo serial || echo "$workers workers")
	alternatives "$how, date_trunc of a timestamptz" $workers at "date_trunc('month', at)"
	alternatives "$how, date_trunc of a timestamp" $workers local_at "date_trunc('month', local_at)"
	alternatives "$how, a column with the month" $workers month month
	echo
done
