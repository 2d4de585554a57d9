#!/usr/bin/env bash
# make soak: how large a live base grows, and what it writes, over a long run under load.
#
#   make soak MINUTES=10 RATE=400
#
# Writers insert, change and delete orders at a steady rate, for a while without a base and then with one that is folded every 10 seconds,
# advanced every 30 and refreshed every 120. Autovacuum is the server's own. Each line is an interval: orders written, sizes, dead rows, bytes of
# write-ahead log for each order. In the end the base is compared with its source, and its size with that of a base made anew.
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
if [ "${1:-}" != inside ]; then
	stage=$("$top/test/server/build.sh")
	SERVER_OPTIONS="-c fsync=on -c jit=off ${SERVER_OPTIONS:-}" exec "$top/test/server/run.sh" "$stage" bash "$0" inside
fi

minutes=${MINUTES:-10} rate=${RATE:-400}
source "$top/test/bench/lib.sh"
tmp=$(mktemp -d)
trap 'touch "$tmp/stop"; kill $(jobs -p) 2>/dev/null || true; wait; rm -rf "$tmp"' EXIT
trap 'exit 143' INT TERM HUP
export PGOPTIONS='-c client_min_messages=error'

q -v orders=500000 -v customers=50000 -f "$top/test/bench/order.sql" -f "$top/test/bench/orders.sql" >/dev/null
q -c 'ALTER TABLE orders ADD PRIMARY KEY (order_id)' -c 'CREATE INDEX ON orders (customer_id)' -c 'CREATE INDEX ON orders (ordered_at)' -c 'CREATE SEQUENCE numbers START 500001'
cat >"$tmp/order.sql" <<'SQL'
\set what random(1, 100)
\set customer random_exponential(1, 60000, 3)
\set old random(1, 500000)
\set day random_exponential(0, 900, 5)
\set cents random(100, 30000)
\if :what <= 80
INSERT INTO orders VALUES (nextval('numbers'), :customer, now() - :day * interval '1 day', :cents / 100.0);
\elif :what <= 95
UPDATE orders SET total = :cents / 100.0 WHERE order_id = :old;
\else
DELETE FROM orders WHERE order_id = :old;
\endif
SQL

# write SECONDS: prints how many transactions there were
write() {
	pgbench -n -M prepared -c 8 -j 1 -R "$rate" -T "$1" -f "$tmp/order.sql" >"$tmp/written" 2>"$tmp/errors" || { cat "$tmp/errors" >&2; exit 1; }
	sed -n 's/^number of transactions actually processed: *\([0-9]*\).*/\1/p' "$tmp/written"
}
wal() { q -c "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')"; }
every() {  # SECONDS STATEMENT
	until [ -e "$tmp/stop" ]; do
		sleep "$1"
		q -o /dev/null -c "$2" 2>>"$tmp/keepers" || touch "$tmp/stop"
	done
}
# interval NAME SECONDS: writes, and prints a line
interval() {
	local before=$(wal) written=$(write "$2") live='-|-|-|-|-|-|-'
	[ "$(q -c "SELECT to_regclass('shop.summary') IS NULL")" = t ] || live=$(q -c "SELECT concat_ws('|', m(pg_table_size('shop.summary')), m(pg_indexes_size('shop.summary')), m(pg_table_size('shop.deltas')), m(pg_indexes_size('shop.deltas')),
		(SELECT count(*) FROM shop.deltas), pg_stat_get_dead_tuples('shop.summary'::regclass), pg_stat_get_dead_tuples('shop.deltas'::regclass))
		FROM (SELECT 1) AS one")
	IFS='|' read -r summary summary_index deltas deltas_index rows dead_summary dead_deltas <<<"$live"
	printf '%-12s %8d %8.2f %8s %8s %9s %9s %9s %9s %7s\n' "$1" "$written" "$(awk -v a="$before" -v b="$(wal)" -v n="$written" 'BEGIN { print (b - a) / n / 1024 }')" \
		"$summary" "$summary_index" "$dead_summary" "$deltas" "$deltas_index" "$dead_deltas" "$rows"
}

q -c "CREATE FUNCTION m(bytes bigint) RETURNS text LANGUAGE sql RETURN round(bytes / 1048576.0, 1)::text"
about
echo "8 writers, $rate transactions a second (80 % inserts, 15 % updates, 5 % deletes) on 500000 orders of 50000 customers, three indexes; sizes in MB, write-ahead log in kB a transaction"
printf '%-12s %8s %8s %8s %8s %9s %9s %9s %9s %7s\n' '' written WAL summary index 'dead rows' deltas index 'dead rows' rows
interval 'no base' 30
q -o /dev/null -c "SELECT * FROM create_customer_base('shop', 'orders', 'customer_id', 'ordered_at', 'total', time_zone => 'UTC')" -c "CALL start_maintenance('shop')"
interval 'live' 30
every 10 "CALL fold_customer_base('shop')" &
every 30 "CALL advance_customer_base('shop')" &
every 120 "SELECT * FROM refresh_customer_base('shop')" &
for ((minute = 1; minute < minutes && SECONDS < 60 * minutes; minute++)); do
	interval "minute $minute" 60
	[ ! -e "$tmp/stop" ] || { cat "$tmp/keepers" >&2; exit 1; }
done
touch "$tmp/stop"
wait
q -c "CALL fold_customer_base('shop')"
q -o /dev/null -c "SELECT * FROM create_customer_base('anew', 'orders', 'customer_id', 'ordered_at', 'total', time_zone => 'UTC')"
echo "changes of stages logged: $(q -c "SELECT count(*) || ', ' || pg_size_pretty(pg_total_relation_size('shop.lifecycle_changes')) FROM shop.lifecycle_changes")"
echo "summary and deltas with indexes, in MB: $(q -c "SELECT m(sum(pg_total_relation_size(c.oid))::bigint) FROM pg_class AS c WHERE relnamespace = 'shop'::regnamespace AND relname IN ('summary', 'deltas')"); made anew: $(q -c "SELECT m(sum(pg_total_relation_size(c.oid))::bigint) FROM pg_class AS c WHERE relnamespace = 'anew'::regnamespace AND relname IN ('summary', 'deltas')")"
differences=$(q -c "SELECT count(*) FROM verify_customer_base('shop')")
echo "differences from the source: $differences; stale: $(q -c 'SELECT stale FROM shop.base_status')"
[ "$differences" = 0 ]
