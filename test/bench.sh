#!/usr/bin/env bash
# make bench: the measurements quoted in the docs, each beside what one would write without pg_customer.
#
#   make bench                      10 million orders of 1 million customers
#   make bench ORDERS=1000000       fewer (a tenth as many customers as orders)
#
# Timings are medians of RUNS (3) in one session each, the alternatives in turn, warm cache, no parallel workers unless said. Memory is
# the largest anonymous resident set of the backend while a statement runs. Quote ratios of one run: machines are noisy.
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
if [ "${1:-}" != inside ]; then
	stage=$("$top/test/server/build.sh")
	SERVER_OPTIONS="-c shared_buffers=2GB -c work_mem=256MB -c max_wal_size=8GB -c max_parallel_workers_per_gather=0 -c jit=off" \
		exec "$top/test/server/run.sh" "$stage" bash "$0" inside
fi

orders=${ORDERS:-10000000}
customers=$((orders / 10))
source "$top/test/bench/lib.sh"

about
q -v orders="$orders" -v customers="$customers" -f "$top/test/bench/order.sql" -f "$top/test/bench/orders.sql"
echo "$orders orders of $(q -c 'SELECT count(DISTINCT customer_id) FROM orders') customers, $(q -c "SELECT pg_size_pretty(pg_table_size('orders'))")"
echo
printf '%-58s %11s %7s %9s\n' statement 'median' 'ratio' 'peak'

source "$top/test/bench/statements.sh"
