#!/usr/bin/env bash
# make bench-live: what a live customer base costs those who write orders, and what it costs to read and to keep.
#
#   make bench-live                            everything, about an hour on two cores; QUICK=1: small and short, to try it
#   make bench-live PARTS='writers copy'       some of: writers no_fsync copy days reading size; each has a cluster of its own
#   make bench-live PAIRS=9 DURATION=30        more pairs of runs, longer ones; CLIENTS=8
#
# Prints tables, and writes every single run and every median to CSV (build/bench-live.csv). fsync is on but where it says otherwise.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
source "$top/test/bench/lib.sh"

parts=${PARTS:-writers no_fsync copy days reading size}
clients=${CLIENTS:-8}
if [ -z "${QUICK:-}" ]; then
	pairs=${PAIRS:-5} duration=${DURATION:-15} customers=${CUSTOMERS:-100000} orders=${ORDERS:-500000}
	copied=${COPIED:-1000000} population=${POPULATION:-1000000} singles=${SINGLES:-10000000}
else
	pairs=${PAIRS:-2} duration=${DURATION:-2} customers=${CUSTOMERS:-10000} orders=${ORDERS:-50000}
	copied=${COPIED:-100000} population=${POPULATION:-50000} singles=${SINGLES:-200000}
fi

if [ "${1:-}" != inside ]; then
	stage=$("$top/test/server/build.sh")
	export CSV=${CSV:-${stage%/*}/bench-live.csv}
	echo 'part,case,side,run,measure,value' >"$CSV"
	status=0
	for part in $parts; do
		# Nothing but the clients is to be at work while they are measured; autovacuum is where time goes by.
		case $part in
			writers | copy | days | reading) settings='-c fsync=on -c autovacuum=off' ;;
			no_fsync) settings='-c autovacuum=off' ;;
			size) settings='-c synchronous_commit=off -c autovacuum_naptime=1s' ;;
			*) echo "there is no part $part" >&2; exit 1 ;;
		esac
		SERVER_OPTIONS="-c shared_buffers=2GB -c work_mem=256MB -c max_wal_size=16GB -c max_parallel_workers_per_gather=0 -c jit=off $settings" \
			"$top/test/server/run.sh" "$stage" bash "$0" inside "$part" || status=1
	done
	echo "every run: $CSV"
	exit $status
fi

part=$2
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# note CASE SIDE RUN MEASURE VALUE: a line of the CSV
note() { printf '%s,"%s",%s,%s,%s,%s\n' "$part" "$@" >>"$CSV"; }

# divide A B
divide() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'; }

# make_base NAME SOURCE [OPTIONS]: a live base of the orders of a table, which may have none yet
make_base() {
	PGOPTIONS='-c client_min_messages=error' q -c "SELECT FROM create_customer_base('$1', source => 'public.$2', customer => 'customer_id', purchased_at => 'ordered_at',
		amount => 'total', time_zone => 'UTC'${3:+, $3})" -c "CALL start_maintenance('$1')"
}

# make_shop: customers, and a table of orders for each side: without a base, with a live one, and with one that logs stages at once
make_shop() {
	q -v customers="$customers" -v orders="$orders" -f "$top/test/bench/order.sql" -f "$top/test/bench/shop.sql"
	make_base live orders_live
	make_base instant orders_instant "stage_changes => 'transaction'"
	q -c 'VACUUM ANALYZE'
}

# settle: before a pair of runs, all that the last one left is folded and its space is free again
settle() {
	q -c "CALL fold_customer_base('live')" -c "CALL fold_customer_base('instant')" -c 'VACUUM'
}

# check BASE ...: what was measured must have been right
check() {
	local base differences troubles wrong=0
	for base in "$@"; do
		differences=$(q -c "SELECT count(*) FROM verify_customer_base('$base')")
		troubles=$(q -c "SELECT count(*) FROM $base.troubles")
		echo "differences of the base $base from its source: $differences; troubles: $troubles"
		wrong=$((wrong + differences + troubles))
	done
	echo
	[ $wrong -eq 0 ]
}

# run_clients SIDE SCRIPT SECONDS: sets tps, latency and p99 in microseconds, wal in bytes a transaction, failures
run_clients() {
	local before folder= done
	q -c CHECKPOINT
	before=$(q -c 'SELECT pg_current_wal_insert_lsn()')
	if [ "$1" != none ] && [ -n "${folding:-}" ]; then
		touch "$tmp/folding"
		while [ -e "$tmp/folding" ]; do q -c "CALL fold_customer_base('live')"; sleep 1; done &
		folder=$!
	fi
	PGOPTIONS=${pgoptions:-} pgbench -n -M "${protocol:-prepared}" -c "$clients" -j "$(nproc)" -T "$3" --failures-detailed \
		--log --log-prefix="$tmp/log" --sampling-rate="${sampling:-0.1}" -f "$2" >"$tmp/pgbench" 2>"$tmp/errors" || { cat "$tmp/errors" >&2; exit 1; }
	if [ -n "$folder" ]; then
		rm "$tmp/folding"
		wait "$folder"
	fi
	tps=$(sed -n 's/^tps = \([0-9.]*\) .*/\1/p' "$tmp/pgbench")
	done=$(sed -n 's/^number of transactions actually processed: \([0-9]*\).*/\1/p' "$tmp/pgbench")
	failures=$(sed -n 's/^number of \(serialization\|deadlock\) failures: \([0-9]*\) .*/\2/p' "$tmp/pgbench" | awk '{ n += $1 } END { print n + 0 }')
	latency=$(awk -v tps="$tps" -v clients="$clients" 'BEGIN { printf "%.1f", clients / tps * 1e6 }')
	p99=$(cat "$tmp"/log.* | awk '{ print $3 }' | sort -n | awk '{ v[NR] = $1 } END { print v[int(NR * 0.99) + 1] }')
	wal=$(q -c "SELECT round(pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '$before') / greatest($done, 1), 1)")
	rm "$tmp"/log.*
}

# compare CASE SIDE SCRIPT SIDE SCRIPT: pairs of runs, now the one first and now the other, after a short pair that is not counted.
# Leaves results: a line of pair, side, tps, latency, p99, wal, failures for each run.
compare() {
	local case=$1 first=$2 second=$4 pair side sides
	local -A scripts=([$2]=$3 [$4]=$5)
	: >"$tmp/results"
	for ((pair = 0; pair <= pairs; pair++)); do
		settle
		sides="$first $second"
		[ $((pair % 2)) -eq 0 ] || sides="$second $first"
		for side in $sides; do
			run_clients "$side" "${scripts[$side]}" $((pair > 0 ? duration : (duration + 3) / 4))
			[ $pair -gt 0 ] || continue
			echo "$pair $side $tps $latency $p99 $wal $failures" >>"$tmp/results"
			note "$case" "$side" $pair tps "$tps"
			note "$case" "$side" $pair latency_us "$latency"
			note "$case" "$side" $pair p99_us "$p99"
			note "$case" "$side" $pair wal_bytes "$wal"
			note "$case" "$side" $pair failures "$failures"
		done
	done
}

# middle COLUMN SIDE: the median of a column of the results; ratio COLUMN SIDE SIDE: that of the pairs' ratios, second to first
middle() { awk -v c="$1" -v side="$2" '$2 == side { print $c }' "$tmp/results" | median; }
ratio() { awk -v c="$1" -v a="$2" -v b="$3" '$2 == a { x[$1] = $c } $2 == b { y[$1] = $c } END { for (pair in x) print y[pair] / x[pair] }' "$tmp/results" | median; }
total() { awk -v c="$1" -v side="$2" '$2 == side { n += $c } END { print n }' "$tmp/results"; }

# --- writers ----------------------------------------------------------------------------------------

# writing SIDE KIND: the file of a pgbench script
writing() {
	local file=$tmp/$1.$2 n
	local customer="permute(random_zipfian(1, $customers, 1.01) - 1, $customers) + 1"
	local insert="INSERT INTO orders_$1 (customer_id, ordered_at, total) VALUES (:c, now(), :a * 0.01);"
	case $2 in
		insert) printf '%s\n' "\\set c $customer" '\set a random(500, 20000)' "$insert" ;;
		inserts)
			echo 'BEGIN;'
			for n in 1 2 3; do printf '%s\n' "\\set c $customer" '\set a random(500, 20000)' "$insert"; done
			echo 'COMMIT;' ;;
		amount) printf '%s\n' "\\set o random(1, $orders)" '\set a random(500, 20000)' "UPDATE orders_$1 SET total = :a * 0.01 WHERE order_id = :o;" ;;
		other) printf '%s\n' "\\set o random(1, $orders)" '\set a random(500, 20000)' "UPDATE orders_$1 SET note = :a WHERE order_id = :o;" ;;
	esac >"$file"
	echo "$file"
}

# write_against SIDE KIND CASE: a line of the table, a base's side beside none
write_against() {
	local before deadlocks
	before=$(q -c 'SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()')
	compare "$3" none "$(writing none "$2")" "$1" "$(writing "$1" "$2")"
	deadlocks=$(($(q -c 'SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()') - before))
	note "$3" "$1" '' deadlocks $deadlocks
	for m in tps:3 latency_us:4 p99_us:5 wal_bytes:6; do
		note "$3" none '' "${m%:*}" "$(middle "${m#*:}" none)"
		note "$3" "$1" '' "${m%:*}" "$(middle "${m#*:}" "$1")"
		note "$3" "$1" '' "${m%:*}_ratio" "$(ratio "${m#*:}" none "$1")"
	done
	printf '%-44s %8.0f %8.0f %6.3f %8.0f %8.2f %8.2f %6.2f %7.0f %7.0f %6.2f %9d %9s\n' "$3" \
		"$(middle 3 none)" "$(middle 3 "$1")" "$(ratio 3 none "$1")" "$(awk -v a="$(middle 4 none)" -v b="$(middle 4 "$1")" 'BEGIN { print b - a }')" \
		"$(awk -v v="$(middle 5 none)" 'BEGIN { print v / 1000 }')" "$(awk -v v="$(middle 5 "$1")" 'BEGIN { print v / 1000 }')" "$(ratio 5 none "$1")" \
		"$(middle 6 none)" "$(middle 6 "$1")" "$(ratio 6 none "$1")" "$deadlocks" "$(total 7 none)/$(total 7 "$1")"
}

writing_title() {
	echo "$clients clients, $customers customers (Zipf), $orders orders to begin with, 3 indexes, a foreign key; $pairs pairs of $duration s; $1"
	printf '%-44s %8s %8s %6s %8s %8s %8s %6s %7s %7s %6s %9s %9s\n' "none: no base; with: beside it, a live base" \
		'tps none' 'tps with' ratio 'us added' 'p99 none' 'p99 with' ratio 'WAL' 'with' ratio deadlocks failures
}

writers() {
	make_shop
	writing_title 'fsync and synchronous_commit on'
	echo '(medians; ratios are medians over the pairs: goals 0.90 or more of the throughput, at most 1.25 of p99 [ms], at most 1.60 of the WAL [bytes a transaction])'
	write_against live insert 'single-row inserts'
	write_against live inserts 'transactions of 3 inserts'
	write_against live amount 'UPDATE of the amount'
	write_against live other 'UPDATE of a column of no base'
	echo '(for information)'
	pairs=$(((pairs + 1) / 2))
	folding=1 write_against live insert 'single-row inserts, a fold every second'
	pgoptions='-c default_transaction_isolation=serializable' write_against live inserts 'transactions of 3 inserts, serializable'
	write_against instant insert "single-row inserts, stages at once"
	write_against instant inserts "transactions of 3 inserts, stages at once"
	settle
	check live instant
}

no_fsync() {
	make_shop
	pairs=$(((pairs + 1) / 2)) duration=$(((duration + 1) / 2))
	writing_title 'fsync off, for information'
	write_against live insert 'single-row inserts'
	write_against live inserts 'transactions of 3 inserts'
	write_against live amount 'UPDATE of the amount'
	write_against live other 'UPDATE of a column of no base'
	settle
	check live
}

# --- bulk loads -------------------------------------------------------------------------------------

# copy_against CASE FILE NONE LIVE BASE: a line of the table; both tables are emptied before each pair
copy_against() {
	local case=$1 file=$PGHOST/$2 none=$3 live=$4 base=$5 pair side sides table
	: >"$tmp/results"
	for ((pair = 1; pair <= runs; pair++)); do
		q -c "TRUNCATE $none, $live" -c "VACUUM $base.deltas, $base.summary"
		sides='none live'
		[ $((pair % 2)) -eq 0 ] || sides='live none'
		for side in $sides; do
			table=$none
			[ $side = none ] || table=$live
			q -c CHECKPOINT
			measure "COPY $table (customer_id, ordered_at, total) FROM '$file' (FORMAT csv);"
			echo "$pair $side $seconds $megabytes" >>"$tmp/results"
			note "$case" $side $pair seconds "$seconds"
			note "$case" $side $pair megabytes "$megabytes"
		done
	done
	note "$case" live '' seconds_ratio "$(ratio 3 none live)"
	printf '%-44s %9.3f %9.3f %6.2f %9.0f %9.0f %9d\n' "$case" "$(middle 3 none)" "$(middle 3 live)" "$(ratio 3 none live)" \
		"$(middle 4 none)" "$(middle 4 live)" "$(q -c "SELECT count(*) FROM $base.deltas")"
}

copy() {
	customers=$((copied * 3 / 10)) orders=0
	make_shop
	q -c "COPY (SELECT customer_id, ordered_at, total FROM generate_series(1, $copied) AS i, nth_order(i, $copied, $customers, 95)) TO '$PGHOST/years.csv' (FORMAT csv)" \
		-c "COPY (SELECT customer_id, timestamptz '2024-11-29 12:00+00', total FROM generate_series(1, $copied) AS i, nth_order(i, $copied, $customers, 95)) TO '$PGHOST/day.csv' (FORMAT csv)" \
		-c 'CREATE TABLE bare_none (customer_id bigint, ordered_at timestamptz, total numeric(12,2))' -c 'CREATE TABLE bare_live (LIKE bare_none)'
	make_base bare bare_live
	echo "COPY of $copied orders of $customers customers, medians of $runs pairs: goal at most 1.30 of the time"
	printf '%-44s %9s %9s %6s %9s %9s %9s\n' '' 's none' 's live' ratio 'MB none' 'MB live' deltas
	copy_against '3 indexes, a foreign key, orders of 3 years' years.csv orders_none orders_live live
	copy_against '3 indexes, a foreign key, orders of a day' day.csv orders_none orders_live live
	echo '(for information)'
	copy_against 'no index, no key, orders of 3 years' years.csv bare_none bare_live bare
	copy_against 'no index, no key, orders of a day' day.csv bare_none bare_live bare
	check live bare
}

# --- long histories ---------------------------------------------------------------------------------

days() {
	local short=$((customers + 1)) long=$((customers + 2)) side who
	make_shop
	q -c "INSERT INTO customers VALUES ($short, 'ten days'), ($long, 'three thousand days')"
	for side in live instant; do
		q -c "INSERT INTO orders_$side (customer_id, ordered_at, total) SELECT $long, now() - day * interval '1 day', 20 FROM generate_series(1, 3000) AS day" \
			-c "INSERT INTO orders_$side (customer_id, ordered_at, total) SELECT $short, now() - day * interval '1 day', 20 FROM generate_series(1, 10) AS day"
	done
	settle
	clients=1 sampling=1 duration=$(((duration + 2) / 3))
	echo "one customer of 10 and one of $(q -c "SELECT purchase_days(history) FROM live.histories WHERE customer = $long") purchase days, 1 client, $pairs pairs of $duration s: goal less than 1.50 apart"
	printf '%-44s %10s %10s %6s %10s %10s\n' '' 'us short' 'us long' ratio 'p99 short' 'p99 long'
	for side in live instant; do
		for who in short long; do
			echo "INSERT INTO orders_$side (customer_id, ordered_at, total) VALUES (${!who}, now(), 20);" >"$tmp/insert.$who"
		done
		days_line "$([ $side = live ] && echo 'one order' || echo 'one order, stages at once (for information)')" insert
	done
	for who in short long; do
		echo "SELECT * FROM live.customers WHERE customer = ${!who};" >"$tmp/look.$who"
	done
	protocol=simple days_line 'look-up, all folded' look
	settle() { :; }
	q -c "INSERT INTO orders_live (customer_id, ordered_at, total) VALUES ($short, now(), 20)" -c "INSERT INTO orders_live (customer_id, ordered_at, total) VALUES ($long, now(), 20)"
	protocol=simple days_line 'look-up, one order not folded' look
	check live instant
}

days_line() {
	compare "$1" short "$tmp/$2.short" long "$tmp/$2.long"
	note "$1" long '' latency_us_ratio "$(ratio 4 short long)"
	printf '%-44s %10.0f %10.0f %6.2f %10.0f %10.0f\n' "$1" "$(middle 4 short)" "$(middle 4 long)" "$(ratio 4 short long)" "$(middle 5 short)" "$(middle 5 long)"
}

# --- reading, folding, advancing --------------------------------------------------------------------

# timed CASE STATEMENT [BEFORE]: the median of runs, each after BEFORE
timed() {
	local run
	: >"$tmp/times"
	for ((run = 1; run <= ${times:-$runs}; run++)); do
		[ -z "${3:-}" ] || q -c "$3"
		measure "$2"
		echo "$seconds" >>"$tmp/times"
		note "$1" '' $run seconds "$seconds"
	done
	seconds=$(median <"$tmp/times")
	note "$1" '' '' seconds "$seconds"
}

# later_orders N DAYS: N orders of as many customers, spread over the population, so many days after the last
later_orders() {
	echo "INSERT INTO orders SELECT -i, 1 + i * 97 % $population, (SELECT max(ordered_at) FROM orders) + $2 * interval '1 day', 20 FROM generate_series(1, $1) AS i"
}

reading() {
	local deltas all=$population some=$((population / 100)) case base
	orders=$((population * 10))
	q -v orders=$orders -v customers=$population -f "$top/test/bench/order.sql" -f "$top/test/bench/orders.sql"
	# What advance asks first each day: the last day of the source.
	q -c 'CREATE INDEX ON orders (ordered_at)'
	make_base shop orders
	make_base dated orders "as_of => 'last_purchase'"
	echo "a base of $(q -c 'SELECT count(*) FROM shop.summary') customers and $orders orders; changes of as many customers, not folded"
	printf '%-22s %14s %21s %14s %14s %14s\n' 'not folded' 'one customer' "of a 'last_purchase'" 'rfm_segments' 'fold' 'rows/s'
	for deltas in 0 $some $all; do
		[ $deltas -eq 0 ] || q -c "$(later_orders $deltas 0)"
		case="$(q -c 'SELECT count(*) FROM shop.deltas') rows"
		printf '%-22s' "$case"
		for base in shop dated; do
			echo "\\set c 1 + random(1, $((deltas > 0 ? deltas : some))) * 97 % $population
				SELECT * FROM $base.customers WHERE customer = :c;" >"$tmp/look"
			clients=1 sampling=1 protocol=simple run_clients none "$tmp/look" "$(((duration + 2) / 3))"
			note "$case: one customer" $base '' latency_us "$latency"
			printf " %$([ $base = shop ] && echo 11 || echo 18).3f ms" "$(awk -v v="$latency" 'BEGIN { print v / 1000 }')"
		done
		timed "$case: rfm_segments" 'SELECT * FROM shop.rfm_segments;'
		printf ' %12.3f s' "$seconds"
		if [ $deltas -gt 0 ]; then
			times=1 timed "$case: fold" "CALL fold_customer_base('shop');"
			printf ' %12.3f s %14.0f' "$seconds" "$(divide $deltas "$seconds")"
			q -c "CALL fold_customer_base('dated')" -c 'VACUUM ANALYZE shop.deltas, shop.summary, dated.deltas, dated.summary'
		fi
		echo
	done
	echo
	echo 'advance_customer_base'
	times=1 timed 'first of a day: compares with the source' "CALL advance_customer_base('dated');"
	printf '%-44s %9.3f s\n' 'first of a day: compares with the source' "$seconds"
	timed 'nothing new' "CALL advance_customer_base('dated');"
	printf '%-44s %9.3f s\n' 'nothing new' "$seconds"
	timed '1000 orders since' "CALL advance_customer_base('dated');" "$(later_orders 1000 0)"
	printf '%-44s %9.3f s\n' '1000 orders since' "$seconds"
	local logged=$(q -c 'SELECT count(*) FROM dated.lifecycle_changes')
	timed 'a day later' "CALL advance_customer_base('dated');" "$(later_orders 1000 1)"
	logged=$((($(q -c 'SELECT count(*) FROM dated.lifecycle_changes') - logged) / runs))
	note 'a day later' '' '' logged $logged
	printf '%-44s %9.3f s   %d changes of stages a day; cut points renewed\n' '1000 orders of the next day' "$seconds" $logged
	check shop dated
}

# --- size -------------------------------------------------------------------------------------------

# bytes BASE: of its summary and its deltas, with their indexes
bytes() { q -c "SELECT pg_total_relation_size('$1.summary') + pg_total_relation_size('$1.deltas')"; }
pretty() { q -c "SELECT pg_size_pretty($1::bigint)"; }
# sizes BASE: the same in full
sizes() {
	q -c "SELECT format('%s: summary %s and index %s, deltas %s and index %s', VARIADIC pg_size_pretty(sum(bytes)) || array_agg(pg_size_pretty(bytes)))
		FROM (VALUES (pg_table_size('$1.summary')), (pg_indexes_size('$1.summary')), (pg_table_size('$1.deltas')), (pg_indexes_size('$1.deltas'))) AS s (bytes)"
}

size() {
	local every=$((singles / 100)) step largest=0 folded=0 now
	q -f "$top/test/bench/order.sql" -c 'CREATE TABLE orders (order_id bigint, customer_id bigint, ordered_at timestamptz, total numeric(12,2))'
	make_base shop orders "as_of => 'last_purchase'"
	q <<-SQL
		CREATE SEQUENCE chunks MINVALUE 0;
		CREATE FUNCTION write_orders(chunk bigint, size bigint) RETURNS void LANGUAGE plpgsql
		AS \$\$ BEGIN
			FOR i IN chunk * size + 1 .. (chunk + 1) * size LOOP
				INSERT INTO orders SELECT * FROM nth_order(i, $singles, $((singles / 10)), 0);
			END LOOP;
		END \$\$;
	SQL
	echo "SELECT write_orders(nextval('chunks'), $((every / 100)));" >"$tmp/write"
	for ((step = 0; step < 100; step++)); do
		pgbench -n -M prepared -c 2 -j 1 -t 50 -f "$tmp/write" >/dev/null 2>"$tmp/errors" || { cat "$tmp/errors" >&2; exit 1; }
		measure "CALL fold_customer_base('shop');"
		note fold '' "$step" seconds "$seconds"
		folded=$(awk -v a="$folded" -v b="$seconds" 'BEGIN { print a + b }')
		now=$(bytes shop)
		note fold '' "$step" bytes "$now"
		[ "$now" -le "$largest" ] || largest=$now
	done
	make_base fresh orders "as_of => 'last_purchase'"
	echo "$(q -c 'SELECT count(*) FROM orders') orders of $(q -c 'SELECT count(*) FROM shop.summary') customers, each a statement of its own, in the order of time; a fold after every $every (autovacuum every second, as the time of years goes by in minutes)"
	printf '%-44s %s\n' 'the base, all folded' "$(sizes shop)"
	printf '%-44s %s\n' 'the largest after a fold' "$(pretty "$largest")"
	printf '%-44s %s\n' 'a base made anew' "$(sizes fresh)"
	printf '%-44s %s   (goal at most 1.50)\n' 'ratio' "$(divide "$(bytes shop)" "$(bytes fresh)")"
	printf '%-44s %s rows/s\n' 'all folds together' "$(awk -v n="$singles" -v s="$folded" 'BEGIN { printf "%.0f", n / s }')"
	for base in shop fresh; do note 'at the end' $base '' bytes "$(bytes $base)"; done
	check shop
}

[ "$part" != "${parts%% *}" ] || { about; echo; }
$part
