#!/usr/bin/env bash
# Limits: every long statement ends soon when it is cancelled, and what was cancelled leaves nothing behind.
#
#   ROWS=1000000 MOMENTS=2 test/server/run.sh STAGE bash test/tap/limits.sh [NAME …]     only statements whose name begins so
#
# Each statement of test/limits/statements.txt runs once to its end, and then with a statement_timeout at several moments of its time. How
# long after the moment it ends is printed; the aim is 200 ms, and only two seconds are a failure: the machine may be busy.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
rows=${ROWS:-100000} moments=${MOMENTS:-2}
n=0
ok() { n=$((n + 1)); if [ "$1" = 0 ]; then echo "ok $n - $2"; else echo "not ok $n - $2"; fi; }
is() { [ "$1" = "$2" ]; ok $? "$3"; [ "$1" = "$2" ] || printf 'have: %s\nwant: %s\n' "$1" "$2" | sed 's/^/# /'; }
work=$(mktemp -d)
trap 'cp -r "$work" ${KEEP:-/dev/null} 2>/dev/null; rm -rf "$work"' EXIT
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

# What a session learns once (plans, catalogs) it has learnt after the first two rounds; a third one must not need more memory.
soon() { run "$1" 15 "$2" "$3"; }
for round in 1 2 3; do
	each soon
	echo "SELECT 'memory ' || sum(total_bytes) FROM pg_backend_memory_contexts;"
done | session >"$work/soon"
read -r before after < <(awk '/^memory/ { v[++k] = $2 } END { print v[2], v[3] }' "$work/soon")
[ "$after" -lt $((before + 300000)) ]
ok $? "$(grep -c '^ERROR:  canceling' "$work/soon") more left no memory behind: $((before / 1024)) kB, and a third of them later $((after / 1024)) kB"
is "$(q -c 'SELECT count(*) FROM pg_ls_tmpdir()')" 0 'no temporary file is left'
echo "1..$n"
psql -Xqd postgres -c 'DROP DATABASE limits WITH (FORCE)'
