#!/usr/bin/env bash
# Limits: every long statement ends soon when it is cancelled, and what was cancelled leaves nothing behind.
#
#   ROWS=1000000 MOMENTS=2 test/server/run.sh STAGE bash test/tap/limits.sh [NAME …]     only statements whose name begins so
#
# Each statement of test/limits/statements.txt runs once to its end, and then with a statement_timeout at several moments of its time. How
# long after the moment it ends is printed; the aim is 200 ms, and only two seconds are a failure: the machine may be busy.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
rows=${ROWS:-10000} moments=${MOMENTS:-2}
n=0
ok() { n=$((n + 1)); if [ "$1" = 0 ]; then echo "ok $n - $2"; else echo "not ok $n - $2"; fi; }
is() { [ "$1" = "$2" ]; ok $? "$3"; [ "$1" = "$2" ] || printf 'have: %s\nwant: %s\n' "$1" "$2" | sed 's/^/# /'; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export PGDATABASE=limits PGOPTIONS='-c client_min_messages=error -c timezone=UTC -c jit=off -c max_parallel_workers_per_gather=0'
q() { psql -XAtq -v ON_ERROR_STOP=1 "$@"; }

psql -Xqd postgres -c 'CREATE DATABASE limits' && q -v rows="$rows" -f "$top/test/limits/data.sql" || { echo 'Bail out! no data'; exit 1; }

# --- statements of one snapshot ----------------------------------------------------------------------
{
	grep . "$top/test/limits/statements.txt"
	q -c "SELECT 'shop.' || table_name || '|SELECT count(v) FROM (SELECT * FROM shop.' || table_name || ' OFFSET 0) AS v' FROM information_schema.views WHERE table_schema = 'shop' ORDER BY 1"
} | { if [ $# = 0 ]; then cat; else grep -E "^($(IFS='|'; echo "$*"))"; fi; } >"$work/statements"

# run NUMBER TIMEOUT SETTINGS STATEMENT: for psql; says the number, the timeout and how long the statement took. What resets the timeout
# may itself be late.
run() {
	printf '\\echo @ %s %s\n%s\nSET statement_timeout = %s;\n\\timing on\n%s;\n\\timing off\nRESET ALL;\nRESET ALL;\n' "$1" "$2" "$3" "$2" "$4"
}
# Each statement by its number and settings before it.
each() {  # COMMAND
	local number=0 name sql settings
	while IFS='|' read -r name sql; do
		number=$((number + 1)) settings=
		case $sql in SET*) settings="${sql%; *};" sql=${sql##*; } ;; esac
		"$1" "$number" "$settings" "$sql"
	done <"$work/statements"
}
session() { psql -XAtq -v rows="$rows" 2>&1; }
whole() { run "$1" 60000 "$2" "$3"; }
each whole | session >"$work/whole"
awk '/^@ / { number = $2 } /^Time: / { print number, $2 }' "$work/whole" >"$work/times"
is "$(grep -c '^ERROR' "$work/whole"), $(wc -l <"$work/times")" "0, $(wc -l <"$work/statements")" 'every statement ends, without an error'
grep -B1 -A3 '^ERROR' "$work/whole" | sed 's/^/# /' | head -40

# Cancelled at several moments, all in one session.
at_moments() {
	local moment time=$(awk -v n="$1" '$1 == n { print $2 }' "$work/times")
	for ((moment = 0; moment < moments; moment++)); do
		run "$1" "$(awk -v t="$time" -v m="$moment" -v of="$moments" 'BEGIN { printf "%d", 3 + t * (0.9 - 0.8 * m / of) }')" "$2" "$3"
	done
}
each at_moments | session >"$work/cancelled"
awk -F'|' '
	FILENAME ~ /statements$/ { name[FNR] = $1; next }
	FILENAME ~ /times$/ { split($0, f, " "); time[f[1]] = f[2]; next }
	/^@ / { split($0, f, " "); number = f[2]; timeout = f[3]; cancelled = 0 }
	/^ERROR:  canceling statement due to statement timeout/ { cancelled = 1; next }
	/^(ERROR|FATAL|PANIC)/ { errors++; print "# " name[number] ": " $0 }
	/^Time: / { split($0, f, " "); if (cancelled) { total++; count[number]++; late = f[2] - timeout; if (late > worst[number]) worst[number] = late } }
	END {
		for (number = 1; number in name; number++)
			printf "# %-44s %8.0f ms  cancelled %2d times, ends within %5.0f ms%s\n", name[number], time[number], count[number], worst[number], (worst[number] > 200 ? " !" : "")
		for (number in worst) if (worst[number] > longest) { longest = worst[number]; slowest = name[number] }
		printf "%d %d %.0f %s\n", errors, total, longest, slowest
	}' "$work/statements" "$work/times" "$work/cancelled" >"$work/report"
grep '^#' "$work/report"
read -r errors total longest slowest < <(tail -1 "$work/report")
[ "$errors" = 0 ] && [ "$total" -gt 0 ]
ok $? "$total statements were cancelled in one session, and nothing else went wrong"
[ "$longest" -lt 2000 ]
ok $? "each ended in time, the last after $longest ms: $slowest"

# What a session learns (plans, catalogs) it has learnt after some rounds, later ones on a busy machine; what is lost at each cancel, each
# round loses: of the last three, the one that needs the least more tells.
soon() { run "$1" 15 "$2" "$3"; }
for round in 1 2 3 4 5; do
	each soon
	echo "SELECT 'memory ' || sum(total_bytes) FROM pg_backend_memory_contexts;"
done | session >"$work/soon"
read -r growth memory < <(awk '/^memory/ { v[++k] = $2 } END { for (k = 3; k <= 5; k++) { g = v[k] - v[k - 1]; if (k == 3 || g < least) least = g; all = all " " int(v[k] / 1024) } print least, all }' "$work/soon")
[ "$growth" -lt 100000 ]
ok $? "$(grep -c '^ERROR:  canceling' "$work/soon") more left no memory behind: after the last three of five rounds $memory kB"
is "$(q -c 'SELECT count(*) FROM pg_ls_tmpdir()')" 0 'no temporary file is left'

# --- what changes a base ---------------------------------------------------------------------------------
# Each is cancelled early and late, then done; whatever became of it, the base is right and nothing half made is left.
timed() { { printf 'SET statement_timeout = %s;\n\\timing on\n%s;\n' "$1" "$2"; } | psql -XAtq 2>&1; }
milliseconds() { sed -n 's/^Time: \([0-9]*\).*/\1/p' | tail -1; }
right="SELECT (SELECT count(*) FROM verify_customer_base('shop')), (SELECT count(*) FROM pg_namespace WHERE nspname = 'second'), (SELECT count(*) FROM shop.surveys), (SELECT count(*) FROM pg_ls_tmpdir())"
changed() {  # NAME STATEMENT BEFORE [UNDO]: BEFORE each try; UNDO where it ended in time
	local whole said late worst=0 cancelled=0 part wrong=
	q -c "$3" >/dev/null
	whole=$(timed 0 "$2" | milliseconds)
	q -c "${4:-$3}" >/dev/null
	for part in 5 35 65 90; do
		q -c "$3" >/dev/null
		said=$(timed $((1 + whole * part / 100)) "$2")
		if grep -q 'canceling statement due to statement timeout' <<<"$said"; then
			cancelled=$((cancelled + 1))
			late=$(($(milliseconds <<<"$said") - whole * part / 100))
			[ "$late" -le "$worst" ] || worst=$late
		elif grep -q ERROR <<<"$said"; then
			wrong+=" $said"
		else
			q -c "${4:-SELECT}" >/dev/null
		fi
		[ "$(q -c "$right")" = '0|0|1|0' ] || wrong+=" after $part %: $(q -c "$right")"
	done
	said=$(timed 0 "$2")
	! grep -q ERROR <<<"$said" || wrong+=" then: $said"
	q -c "${4:-SELECT}" >/dev/null
	is "$wrong" '' "$1: cancelled $cancelled times of ${whole:-?} ms, done within $worst ms, and the base is right"
	[ "$worst" -lt 2000 ] || { n=$((n + 1)); echo "not ok $n - $1: done only after $worst ms"; }
}
if [ $# = 0 ]; then
	changed create_customer_base "SELECT count(*) FROM create_customer_base('second', 'public.orders', 'customer_id', 'ordered_at', 'total', time_zone => 'UTC')" 'SELECT' "SELECT drop_customer_base('second')"
	changed refresh_customer_base "SELECT count(*) FROM refresh_customer_base('shop')" 'UPDATE source SET total = total + 1 WHERE order_id % 50 = 0'
	changed fold_customer_base "CALL fold_customer_base('shop', 500)" 'UPDATE source SET total = total + 1 WHERE order_id % 10 = 0'
	changed advance_customer_base "CALL advance_customer_base('shop')" "UPDATE source SET total = total + 1 WHERE order_id % 10 = 1; UPDATE shop.state SET compared_on = NULL, advanced_to = advanced_to - 40"
	changed fit_models "SELECT count(*) FROM fit_models('shop')" 'SELECT'
	changed attach_survey "SELECT count(*) FROM attach_survey('shop', 'public.source', 'customer_id', 'ordered_at', 'score', 'csat', survey => 'again')" 'SELECT' "SELECT detach_survey('shop', 'again')"
	changed start_maintenance "CALL start_maintenance('shop')" 'SELECT'
	changed keep_history_before "SELECT keep_history_before('shop', '2022-02-01')" 'SELECT'
	changed 'an order of many rows' 'UPDATE source SET total = total + 1, customer_id = customer_id + 1 WHERE order_id % 3 = 0' 'SELECT'
fi

# --- little memory and little disk -------------------------------------------------------------------------
# limited WHAT STATE SETTINGS [KILOBYTES]: all statements in one session, briefly; each ends, is cancelled, or fails with that state; then the session answers.
soon_or_refused() { run "$1" 150 "$2" "$3"; }
limited() {
	local pid_limit= lost
	[ -z "${4:-}" ] || pid_limit="SELECT pg_backend_pid() AS pid \\gset
\\setenv pid :pid
\\! $as_server prlimit --pid \$pid --as=\$((1024 * (\$(awk '/^VmSize/ { print \$2 }' /proc/\$pid/status) + $4)))"
	{
		echo "SELECT count(*) FROM histories, fitted \\g /dev/null"
		printf '%s\n\\set VERBOSITY sqlstate\n' "$pid_limit"
		each soon_or_refused
		echo "SELECT 'answers ' || count(*) FROM fitted;"
	} | PGOPTIONS="$PGOPTIONS $3" session >"$work/limited"
	lost=$(grep -E '^(ERROR|FATAL|PANIC)' "$work/limited" | grep -vE ": +(57014|$2)\$" | sort | uniq -c)
	[ -z "$lost" ] && grep -q '^answers 1$' "$work/limited"
	ok $? "$1: $(grep -c "$2\$" "$work/limited") of $(wc -l <"$work/statements") statements fail with $2, none otherwise, and the session goes on"
	printf '%s' "$lost" | sed 's/^/# /'
	is "$(q -c 'SELECT count(*) FROM pg_ls_tmpdir()')" 0 "$1: no temporary file is left"
}
limited 'temporary files of at most 100 kB' 53400 '-c work_mem=64kB -c temp_file_limit=100kB'
server=$(stat -c %U "/proc/$(head -1 "$PG_CUSTOMER_SERVER_PID")") as_server=
[ "$server" = "$(id -un)" ] || as_server="runuser -u $server --"
if command -v prlimit >/dev/null; then
	limited '12 MB of memory more' 53200 '-c work_mem=256MB' 12000
else
	n=$((n + 1)); echo "ok $n - little memory # SKIP prlimit is missing"
fi
echo "1..$n"
psql -Xqd postgres -c 'DROP DATABASE limits WITH (FORCE)'
