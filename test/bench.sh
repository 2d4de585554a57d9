#!/usr/bin/env bash
# make bench: the measurements quoted in the docs, each beside what one would write without pg_customer.
#
#   make bench                      1 and 10 million orders (a tenth as many customers); BIG=1: 100 million, too
#   make bench ORDERS=1000000       that many, nothing else
#   make bench PARTS='growth'       some of the parts: orders, base, duckdb, cliffs, growth
#
# Timings are medians of RUNS (5) in one session each, the alternatives in turn, warm cache, no parallel workers unless said. Memory is
# the largest anonymous resident set of the backend while a statement runs. Every run is in build/bench.csv. Quote ratios of one run:
# machines are noisy. DuckDB is measured where its module for Node.js is found: DUCKDB_MODULES=DIRECTORY.
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
if [ "${1:-}" != inside ]; then
	stage=$("$top/test/server/build.sh")
	SERVER_OPTIONS="-c shared_buffers=2GB -c work_mem=256MB -c max_wal_size=8GB -c max_parallel_workers_per_gather=0 -c jit=off" \
		exec "$top/test/server/run.sh" "$stage" bash "$0" inside
fi

RUNS=${RUNS:-5}
parts=" ${PARTS:-orders base duckdb cliffs growth} "
part() { case $parts in *" $1 "*) return 0 ;; *) return 1 ;; esac; }
source "$top/test/bench/lib.sh"
csv=$top/build/bench.csv
echo 'orders,statement,run,seconds,megabytes' >"$csv"

# two_cores: this process and one worker
two_cores='SET max_parallel_workers_per_gather = 1; '
source "$top/test/bench/statements.sh"

about
q -v orders=1 -v customers=1 -f "$top/test/bench/order.sql"
for orders in ${ORDERS:-1000000 10000000 ${BIG:+100000000}}; do
	make_orders "$orders"
	[ "$orders" -lt 100000000 ] || parts=" growth "
	printf '\n%s orders of %s customers, %s\n' "$orders" "$(q -c 'SELECT count(DISTINCT customer_id) FROM orders')" "$(q -c "SELECT pg_size_pretty(pg_table_size('orders'))")"
	printf '%-66s %11s %7s %9s\n' statement 'median' 'ratio' 'peak'
	if part orders; then bench_orders; fi
	if part duckdb; then bench_duckdb; fi
	if part growth; then bench_growth; fi
	if [ "$orders" = 10000000 ] || [ -n "${ORDERS:-}" ]; then
		if part base; then bench_base; fi
		if part cliffs; then bench_cliffs; fi
	fi
done
