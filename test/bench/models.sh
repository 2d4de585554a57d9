#!/usr/bin/env bash
# make bench-models: how long it takes to fit the purchase models, and to score customers with them.
#
#   make bench-models                98,939 customers for the fits, a million for the value in 12 months
#   make bench-models BIG=1          and ten million customers
#
# Medians of RUNS (5), warm cache, one thread. What the fastest of the packages for Python and R that were tried needs on
# such a machine is given beside it for comparison; that is not measured here.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
RUNS=${RUNS:-5}
source "$top/test/bench/lib.sh"

if [ "${1:-}" != inside ]; then
	stage=$("$top/test/server/build.sh")
	SERVER_OPTIONS="-c shared_buffers=4GB -c work_mem=512MB -c max_wal_size=16GB -c max_parallel_workers_per_gather=0 -c jit=off" \
		exec "$top/test/server/run.sh" "$stage" bash "$0" inside
fi

# row NAME PEER_SECONDS STATEMENT: a line of the table; PEER_SECONDS may be -
row() {
	local times= peak=0 run middle
	for ((run = 0; run < runs; run++)); do
		measure "$3"
		times+=" $seconds"
		[ "$megabytes" -le $peak ] || peak=$megabytes
	done
	middle=$(tr ' ' '\n' <<<"$times" | grep . | median)
	printf '%-62s %9.3f s %7s MB %9s %8s\n' "$1" "$middle" "$peak" "$2" \
		"$(awk -v a="$middle" -v b="$2" 'BEGIN { if (b != "-") printf "x %.0f", b / a }')"
}

# shop NAME CUSTOMERS: purchases of two years, histories, and the numbers of the models
shop() {
	q -v name="$1" -v measures="$1_measures" -v customers="$2" -f "$top/test/bench/models.sql"
	echo "$2 customers of a BG/NBD with r = 2.2, alpha = 60 days, a = .35, b = 3.5 over 730 days: $(q -c "SELECT count(DISTINCT (x, t_x, t)) FROM $1_measures") distinct (x, t_x, T), $(q -c "SELECT count(*) FROM $1_measures WHERE x > 0") with a repeat purchase"
}

about
echo
shop small 98939
printf '%-62s %11s %10s %9s %8s\n' statement median peak 'peer [s]' faster
row 'BG/NBD, from (x, t_x, T)' 1.2 'SELECT bgnbd_fit(x, t_x, t) FROM small_measures'
row 'MBG/NBD, from (x, t_x, T)' 1.05 'SELECT mbgnbd_fit(x, t_x, t) FROM small_measures'
row 'Pareto/NBD, from (x, t_x, T)' 15 'SELECT pareto_nbd_fit(x, t_x, t) FROM small_measures'
row 'NBD, from (x, t_x, T)' - 'SELECT nbd_fit(x, t_x, t) FROM small_measures'
row 'Gamma-Gamma, from (x, m_x)' 0.5 'SELECT gamma_gamma_fit(x, m) FROM small_measures'
row 'reading the four numbers alone' - 'SELECT sum(x), sum(t_x), sum(t), sum(m) FROM small_measures'
row 'BG/NBD, from histories' 1.2 "SELECT bgnbd_fit(history, '2024-12-31', 'day') FROM small"
row 'Pareto/NBD, from histories' 15 "SELECT pareto_nbd_fit(history, '2024-12-31', 'day') FROM small"
row '200 paths of P(alive) over 730 days' 6.06 "SELECT sum(probability) FROM (SELECT history FROM small LIMIT 200) AS s, models, alive_path(bgnbd, history, '2023-01-02', '2024-12-31')"
row '200 paths, Pareto/NBD' - "SELECT sum(probability) FROM (SELECT history FROM small LIMIT 200) AS s, models, alive_path(pareto, history, '2023-01-02', '2024-12-31')"
echo
shop million 1000000
q -c "CREATE TABLE million_months AS SELECT x, t_x / 30.4375 AS t_x, t / 30.4375 AS t, coalesce(m, 0) AS m FROM million_measures" -c 'VACUUM ANALYZE million_months'
printf '%-62s %11s %10s %9s %8s\n' statement median peak 'peer [s]' faster
for model in bgnbd mbgnbd pareto; do
	row "value in 12 months, $model, from (x, t_x, T, m_x)" 7.9 "SELECT sum(ltv($model, spend, x, t_x, t, m, 12, discount => 0.01)) FROM million_months, models"
	row "value in 12 months, $model, from histories" 7.9 "SELECT sum(ltv($model, spend, history, '2024-12-31', '12 months')) FROM million, models"
done
row 'the same in days: 365 periods' - "SELECT sum(ltv(daily, spend, history, '2024-12-31', '12 months')) FROM million, models"
row 'expected purchases of a year, bgnbd' - "SELECT sum(expected_purchases(bgnbd, history, '2024-12-31', '1 year')) FROM million, models"
row 'P(alive), bgnbd' - "SELECT sum(probability_alive(bgnbd, history, '2024-12-31')) FROM million, models"
row 'reading the histories alone' - "SELECT sum(repeat_days(history, '2024-12-31')) FROM million"

if [ -n "${BIG:-}" ]; then
	echo
	# Ten times the same million would be too easy: each time they are observed some days longer.
	q -c 'CREATE TABLE big_measures AS SELECT x, t_x, t + k AS t FROM million_measures, generate_series(0, 9) AS k' \
		-c "CREATE TABLE big AS SELECT history FROM million, generate_series(0, 9)" -c 'VACUUM ANALYZE big_measures, big'
	echo "10,000,000 customers: $(q -c 'SELECT count(*) FROM (SELECT DISTINCT x, t_x, t FROM big_measures) AS d') distinct (x, t_x, T)"
	row 'Pareto/NBD, from (x, t_x, T)   (goal 5 s)' - 'SELECT pareto_nbd_fit(x, t_x, t) FROM big_measures'
	row 'BG/NBD, from (x, t_x, T)' - 'SELECT bgnbd_fit(x, t_x, t) FROM big_measures'
	row 'value in 12 months, bgnbd   (goal 10 s)' - "SELECT sum(ltv(bgnbd, spend, history, '2024-12-31', '12 months')) FROM big, models"
fi
