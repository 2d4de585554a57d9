#!/usr/bin/env bash
# Eight writers against three live bases while everything that keeps a base runs at once; run inside of a throwaway cluster.
#
#   test/server/run.sh STAGE test/stress/load.sh SECONDS KILLS SEED
#
# With KILLS the server and all its processes are killed outright that many times, every one to three seconds, started
# again, and each base is compared with its source before the load goes on. Any difference, any error or deadlock in the
# server's log, any transaction of a writer that failed is a failure. The exit status tells.
set -u
seconds=$1 kills=$2 seed=$3
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
data=$(dirname "$PG_CUSTOMER_SERVER_PID")
bases=(sold lines parts)
RANDOM=$seed
export PGDATABASE=stress
trap 'touch "$work/stop"; kill $(jobs -p) 2>/dev/null; wait; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP

as=()
[ "$(id -u)" != 0 ] || as=(runuser -u "$(stat -c %U "$data")" --)

failure() { printf '%s\n' "$@" >>"$work/failures"; touch "$work/stop"; }
stopped() { [ -e "$work/stop" ]; }
sql() { PGAPPNAME=$1 psql -XqAt -v ON_ERROR_STOP=1 -c "$2" 2>>"$work/keepers.err"; }
count() { echo x >>"$work/count.$1"; }
counted() { cat "$work/count.$1" 2>/dev/null | wc -l; }

# --- those who write -------------------------------------------------------------------------------
write() {  # WRITER ROUND UNTIL
	perl "$here/writer.pl" "$seed" "$1" "$2" "$3" 2>>"$work/writer.err" | psql -XqAt -v ON_ERROR_STOP=1 >>"$work/writer.out" 2>>"$work/writer.err"
	[ "${PIPESTATUS[1]}" = 0 ] || [ "$kills" != 0 ] || failure "writer $1 failed: $(tail -3 "$work/writer.err")"
}

# --- those who keep the bases ----------------------------------------------------------------------
# Differences are looked for by a transaction of one snapshot or of many; while a base is being stopped and started, by nobody.
compare() {  # BASE
	local begin= rows
	[ $((RANDOM % 2)) = 0 ] || begin='BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;'
	rows=$(sql verify "$begin SELECT * FROM verify_customer_base('$1')") || return 1
	count verify
	[ -z "$rows" ] || failure "base $1 differs from its source:" "$(head -5 <<<"$rows" | cut -c1-2000)" "($(wc -l <<<"$rows") differences)"
}
keep_fold() { sql fold "CALL fold_customer_base('$1', $((RANDOM % 3 == 0 ? 1 + RANDOM % 50 : 5000)))" && count fold; }
keep_advance() { sql advance "CALL advance_customer_base('$1')" && count advance; sleep 1; }
keep_refresh() { sql refresh "SELECT count(*) FROM refresh_customer_base('$1')" >/dev/null && count refresh; sleep 2; }
keep_verify() { ( flock -s 3; compare "$1" ) 3>>"$work/$1.lock"; sleep 0.5; }
keep_vacuum() { sql vacuum "VACUUM ANALYZE $1_base.deltas, $1_base.state, $1_base.summary, $1_base.troubles, $1" && count vacuum; sleep 2; }
keep_read() {
	sql read "SELECT (SELECT count(*) FROM $1_base.customers), (SELECT sum(customers) FROM $1_base.rfm_segments), (SELECT count(*) FROM $1_base.customers WHERE customer = 1),
		(SELECT sum(customers) FROM $1_base.stage_counts), (SELECT delta_rows FROM $1_base.base_status)" >/dev/null && count read
	sleep 1
}
keep_restart() {
	sleep $((kills > 0 ? 1 : 5 + seconds / 20))
	stopped || ( flock -x 3; sql stop "CALL stop_maintenance('$1')" && sql start "CALL start_maintenance('$1')" && count restart ) 3>>"$work/$1.lock"
}
keep() {  # WHAT: for one base after the other
	local turn=$RANDOM
	RANDOM=$((seed + turn))
	until stopped; do
		"keep_$1" "${bases[turn++ % 3]}"
	done
}

# --- the server ------------------------------------------------------------------------------------
kill_server() {
	local postmaster killed pid
	postmaster=$(head -1 "$PG_CUSTOMER_SERVER_PID")
	# Its children at once with it, so that few learn of its end and leave in order; meanwhile it must not start others.
	kill -STOP "$postmaster"
	killed="$postmaster $(cat "/proc/$postmaster/task/$postmaster/children")"
	kill -KILL $killed 2>/dev/null
	for pid in $killed; do
		while grep -qs '^State:[[:space:]]*[^Z[:space:]]' "/proc/$pid/status"; do sleep 0.05; done
	done
	# Who has been killed may stay as a zombie, which a new server would take for a running one.
	rm -f "$PG_CUSTOMER_SERVER_PID" "$PGHOST/.s.PGSQL.$PGPORT.lock"
}
restart_server() {
	"${as[@]}" env LC_ALL=C pg_ctl -D "$data" -l "$PG_CUSTOMER_SERVER_LOG" -w -t 120 -s restart >>"$work/restart.out" 2>&1 </dev/null
}
server_errors() {
	grep -E '(ERROR|FATAL|PANIC|WARNING): ' "$PG_CUSTOMER_SERVER_LOG" | grep -vE 'canceling autovacuum task' |
		{ if [ "$kills" = 0 ]; then cat; else grep -vE ':  (the database system is|terminating|connection to client lost|lost connection to parallel worker|postmaster exited|AbortTransaction while)'; fi; }
}

# --- the run ---------------------------------------------------------------------------------------
round() {  # ROUND SECONDS: writers and keepers
	local writer keeper
	for writer in 0 1 2 3 4 5 6 7; do write $writer "$1" $(($(date +%s) + $2)) & done
	[ "$1" != 0 ] || { sleep 2; make_bases; }
	for keeper in fold fold advance refresh verify vacuum read; do keep $keeper & done
	[ $((kills > 0 ? RANDOM % 4 : 0)) != 0 ] || keep restart &
}
make_bases() {
	local options
	for base in "${bases[@]}"; do
		case $base in
		sold) options="filter => 'status <> ''draft''', as_of => 'last_purchase'" ;;
		lines) options="order_id => 'order_id', filter => 'status <> ''draft''', stage_changes => '$([ $((seed % 2)) = 0 ] && echo transaction || echo advance)'" ;;
		parts) options="tenant => 'tenant', as_of => '2024-06-30', stage_changes => 'transaction'" ;;
		esac
		PGOPTIONS='-c client_min_messages=error' sql create "SELECT count(*) > 0 FROM create_customer_base('$base', '$base', 'customer', 'at', 'amount', schema => '${base}_base',
			time_zone => 'Asia/Shanghai', $options)" >/dev/null && sql attach "SELECT count(*) > 0 FROM attach_survey('$base', '$base', 'customer', 'at', 'floor(abs(amount) / 60) + 1', 'csat',
			dimension => 'status', agent => 'tenant')" >/dev/null && sql start "CALL start_maintenance('$base')" || failure "base $base could not be made: $(tail -3 "$work/keepers.err")"
	done
}

[ "$(psql -XqAtd postgres -f "$here/merge.sql")" = f ] || export NO_MERGE_INTO_PARTS=1
what="seed $seed, $([ "$kills" = 0 ] && echo "$seconds s" || echo "$kills kills and restarts"), 8 writers"
echo "$what …"
createdb stress 2>>"$work/keepers.err" && psql -Xqf "$here/schema.sql" || exit 1
round 0 $((kills == 0 ? seconds : 600))
for ((killed = 0; killed < kills; killed++)); do
	sleep $((1 + RANDOM % 2)).$((RANDOM % 10))
	stopped && break
	kill_server
	touch "$work/stop"
	wait
	[ ! -e "$work/failures" ] || break
	restart_server || { failure "the server did not start again: $(tail -n 5 "$work/restart.out")"; break; }
	for base in "${bases[@]}"; do
		# Killed while it was being stopped or started: it is started again.
		[ "$(sql status "SELECT mode FROM ${base}_base.base_status")" = live ] || { sql start "CALL start_maintenance('$base')" && count again; }
		compare "$base" || failure "base $base cannot be compared: $(tail -3 "$work/keepers.err")"
	done
	[ ! -e "$work/failures" ] || break
	rm -f "$work/stop"
	[ $((killed + 1)) = "$kills" ] || round $((killed + 1)) 600
done
if [ "$kills" = 0 ]; then
	until stopped || [ "$(grep -c '^transactions' "$work/writer.out" 2>/dev/null)" = 8 ]; do sleep 0.5; done
	touch "$work/stop"
	wait
fi

# All that was recorded is folded; then a base has nothing left but its summary, and what it counted is what a refresh counts.
for base in "${bases[@]}"; do
	[ ! -e "$work/failures" ] || break
	compare "$base"
	sql fold "CALL fold_customer_base('$base')"
	compare "$base"
	rest=$(sql status "SELECT mode, delta_rows, triggers_ok, stale, stale_reason FROM ${base}_base.base_status")
	[ "$rest" = 'live|0|t|f|' ] || failure "base $base after the last fold is not live|0|t|f: $rest"
	counts="SELECT string_agg(item || ' ' || rows, ', ' ORDER BY ordinal) FROM ${base}_base.quality WHERE item LIKE 'quarantined%'"
	before=$(sql status "$counts")
	sql refresh "SELECT count(*) FROM refresh_customer_base('$base')" >/dev/null
	[ "$before" = "$(sql status "$counts")" ] || failure "base $base counted: $before" "a refresh counts:  $(sql status "$counts")"
done

errors=$(server_errors)
[ -z "$errors" ] || failure "$(wc -l <<<"$errors") errors in the server's log, first:" "$(head -5 <<<"$errors" | cut -c1-500)"
[ "$kills" = 0 ] || echo "killed and started again: $killed times; bases that were just then being stopped or started: $(counted again)"
echo "written: $(awk '/^transactions/ { n += $2 } END { if (n) printf "%d transactions, ", n }' "$work/writer.out")$(
	sql count "SELECT (SELECT count(*) FROM sold) + (SELECT count(*) FROM lines) + (SELECT count(*) FROM parts)") rows in 3 sources"
echo "folds $(counted fold), advances $(counted advance), refreshes $(counted refresh), stops and starts $(counted restart), reads $(counted read), comparisons $(counted verify)"
echo "orders that waited for more than a second: $(grep -c '/writer.*still waiting' "$PG_CUSTOMER_SERVER_LOG"), deadlocks: $(grep -c 'deadlock detected' "$PG_CUSTOMER_SERVER_LOG")"
if [ -e "$work/failures" ]; then
	sed 's/^/FAILED: /' "$work/failures"
	exit 1
fi
echo "PASSED: $what: every comparison found no difference, no transaction failed, no error in the log"
