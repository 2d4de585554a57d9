#!/usr/bin/env bash
# Builds the extension without warnings and runs every test against throwaway clusters.
#
#   test/check.sh [GROUP ...]          PG_MAJOR=17 for another PostgreSQL; SHARED=… where the real data are;
#                                      TESTS='rfm abc' for some of a group of pg_regress; LIMIT=… seconds
#
# Groups: unit regress isolation pgtap docs tap real, two at a time. All that they print is TAP in the end; the
# last line counts every test. Nothing is written outside the build folder, and nothing runs longer than LIMIT, 15 minutes.
set -uo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
me=$top/test/check.sh
export LC_ALL=C.UTF-8

# --- what each group runs, inside its cluster ------------------------------------------------------
# A copy of the template, by name.
fresh() {
	PGOPTIONS='-c client_min_messages=error' psql -Xq -c "DROP DATABASE IF EXISTS $1" -c "CREATE DATABASE $1 TEMPLATE customer_template" \
		-c "ALTER DATABASE $1 SET search_path = public, customer" 2>&1
}

# The scripts of pgTAP and of real data: each in a database of its own. They find the folders of the data as
# :data and :reference.
sql_scripts() {
	psql -Xqf "$top/test/server/template.sql" 2>&1 || return 1
	local script
	for script in "$@"; do
		echo "=== ${script#"$top"/}"
		fresh tests
		psql -XqAt -v ON_ERROR_STOP=1 -v data="$SHARED/data" -v reference="$SHARED/reference" -d tests -f "$script" 2>&1
	done
}

# Sources that need no server, with the sanitizers where the compiler has them.
inside_unit() {
	local cc=(cc -std=gnu11 -g -O1 -Wall -Wextra -Werror -ffp-contract=off -I"$top/src") test program
	local sanitize=(-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
	echo 'int main(void) { return 0; }' | cc "${sanitize[@]}" -x c -o "$work/probe" - 2>/dev/null && "$work/probe" && cc+=("${sanitize[@]}")
	# Compiled once for all of the tests.
	mkdir "$work/objects"
	find "$top/src" -name '*.c' -exec grep -LE '"(compat|postgres)\.h"' {} + | (cd "$work/objects" && xargs -P 2 -n 1 "${cc[@]}" -c) 2>&1 || echo "Bail out! the sources do not compile"
	for test in "$top"/test/unit/*.c; do
		echo "=== ${test#"$top"/}"
		program=$work/$(basename "$test" .c)
		{ "${cc[@]}" -o "$program" "$test" "$work"/objects/*.o -lm && "$program"; } 2>&1 || echo "Bail out! exit status $?"
	done
}

# pg_regress says "ok" its own way before PostgreSQL 16.
regress_tap() { sed -E 's/^(test| ) +([^ ]+) +\.\.\. ok .*/ok - \2/; s/^(test| ) +([^ ]+) +\.\.\. FAILED.*/not ok - \2/; /^1\.\./d'; }
pg_regress() {  # VARIABLE FOLDER SUFFIX: the tests of the Makefile's variable; a missing file must not stop the others
	local tests=${TESTS:-$(sed -n "s/^$1 = *//p" "$top/Makefile")} present= test
	echo "1..$(wc -w <<<"$tests")"
	for test in $tests; do
		if [ -e "$top/$2/$test.$3" ]; then present+=" $test"; else echo "not ok - there is no $2/$test.$3"; fi
	done
	make -s -C "$stage/obj" -f "$top/Makefile" PG_CONFIG="$bin/pg_config" with_llvm=no installcheck REGRESS= ISOLATION= "$1=$present" 2>&1 | regress_tap
}
inside_regress() { pg_regress REGRESS sql sql; }
inside_isolation() { pg_regress ISOLATION test/isolation/specs spec; }
inside_pgtap() { sql_scripts "$top"/test/pgtap/*.sql; }
inside_real() { sql_scripts "$top"/test/real/*.sql; }
inside_docs() { psql -Xqf "$top/test/server/template.sql" 2>&1 && perl "$top/test/docs.pl" 2>&1; }
inside_tap() {
	local script
	for script in "$top"/test/tap/*.sh; do
		echo "=== ${script#"$top"/}"
		bash "$script" 2>&1 || echo "Bail out! exit status $?"
	done
}
if [ "${1:-}" = inside ]; then
	shopt -s nullglob
	"inside_$2"
	exit
fi

# --- the groups, two at a time where there are two cores ---------------------------------------------
groups=${*:-pgtap docs tap isolation unit regress real}
LIMIT=${LIMIT:-900}
unset MAKEFLAGS MFLAGS MAKELEVEL DATA
now() { date +%s.%N; }
counted() { echo "$1 passed, $2 failed$([ "$3" = 0 ] || echo ", $3 skipped")"; }
seconds() { awk -v a="$1" -v b="$(now)" 'BEGIN { printf "%.1f s", b - a }'; }

declare -A running=() begins=()
stop() { kill -TERM "${!running[@]}" 2>/dev/null; wait; exit 130; }
trap stop INT TERM HUP
begun=$(now)
stage=$("$top/test/server/build.sh") || { echo "0 passed, 1 failed"; exit 1; }
bin=$(echo "$stage"/usr/lib/postgresql/*/bin)
work=$stage/check
mkdir -p "$work"
exec 7<"$work"
flock -n 7 || { echo "error: another check is running in $stage" >&2; exit 1; }
rm -rf "${work:?}"/*
export stage bin work
# Beside a checkout there may be real data.
export SHARED=${SHARED:-$top/../shared}
line() { printf '%-10s %-48s %8s\n' "$1" "$2" "$(seconds "$begun")"; }
line build "PostgreSQL $("$bin/pg_config" --version | cut -d' ' -f2), no warnings"

passed=0 failed=0 skipped=0
finish_one() {  # of the groups that run, the one that ends first
	local status=0 pid group log report p f s
	wait -n -p pid "${!running[@]}" || status=$?
	group=${running[$pid]} begun=${begins[$pid]}
	unset "running[$pid]"
	log=$work/$group.log
	report=$(awk -f "$top/test/tap.awk" "$log")
	read -r _ p f s <<<"${report##*$'\n'}"
	if [ "$status" -ne 0 ] && [ "$f" = 0 ]; then
		f=1 report="$(tail -20 "$log")"$'\n'"  not ok: exit status $status"$'\n'
	fi
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	line "$group" "$(counted "$p" "$f" "$s")"
	[ "$f" = 0 ] || { printf '%s\n' "${report%$'\n'*}"; find "$stage/obj" -name regression.diffs -newer "$work" -exec cat {} +; echo "  log: $log"; }
}
for group in $groups; do
	if [ "$group" = real ] && [ ! -d "$SHARED/data" ]; then
		printf '%-10s skipped: there are no real data in %s\n' real "$SHARED/data"
		skipped=$((skipped + $(find "$top/test/real" -name '*.sql' 2>/dev/null | wc -l)))
		continue
	fi
	[ ${#running[@]} -lt 2 ] && { [ ${#running[@]} = 0 ] || [ "$(nproc)" -gt 1 ]; } || finish_one
	"$top/test/server/run.sh" "$stage" timeout $((SECONDS < LIMIT - 10 ? LIMIT - SECONDS : 10)) bash "$me" inside "$group" >"$work/$group.log" 2>&1 </dev/null 7<&- &
	running[$!]=$group
	begins[$!]=$(now)
done
while [ ${#running[@]} -gt 0 ]; do finish_one; done
counted $passed $failed $skipped
[ "$failed" = 0 ]
