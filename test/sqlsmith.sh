#!/usr/bin/env bash
# Random statements by SQLsmith, as a plain role that reads values of every type, and a customer base with its views.
#
#   test/sqlsmith.sh [QUERIES [SEED [SECONDS]]]          100000 1, or what fits into a day
#
# On the server with assertions of assert.sh. Prints how many statements there were and their errors by SQLSTATE; a crash, or an
# internal error (class XX) that names a function of ours, fails.
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)

if [ "${1:-}" = inside ]; then
	queries=$2 seed=$3 end=$((SECONDS + $4))
	export PGOPTIONS='-c client_min_messages=error'
	psql -Xqf "$top/test/server/template.sql" && psql -Xqd customer_template -o /dev/null -f "$top/test/fuzz/seeds.sql"
	psql -Xqd customer_template -v ON_ERROR_STOP=1 -o /dev/null -f "$top/test/fuzz/sqlsmith.sql"
	unset PGOPTIONS
	log=$PG_CUSTOMER_SERVER_LOG
	before=$(wc -l <"$log")
	# It ends when its connection does, as some of its statements want: then on with the next seed.
	made=0
	while [ "$made" -lt "$queries" ] && [ $SECONDS -lt $end ]; do
		timeout $((end - SECONDS)) sqlsmith --target="host=$PGHOST port=$PGPORT dbname=customer_template user=smith" --exclude-catalog --max-queries=$((queries - made)) --seed="$seed" --verbose >"$PGHOST/smith.out" 2>&1 || true
		now=$(grep -aoE '^queries: [0-9]+' "$PGHOST/smith.out" | tail -1 | cut -d' ' -f2)
		[ "${now:-0}" -gt 0 ] || { tail -5 "$PGHOST/smith.out" >&2; break; }
		made=$((made + now)) seed=$((seed + 1))
	done
	echo "statements: $made"
	echo "errors by SQLSTATE:"
	tail -n +"$before" "$log" | grep -aoE '(ERROR|FATAL|PANIC):  [0-9A-Z]{5}: ' | cut -d' ' -f3 | sort | uniq -c | sort -rn || true
	echo "internal errors:"
	tail -n +"$before" "$log" | grep -aE 'ERROR:  XX[0-9A-Z]{3}: ' | sed -E 's/^.*ERROR:  //; s/[0-9]{3,}/N/g' | sort | uniq -c | sort -rn | head -20 || true
	echo "assertions and crashes: $(tail -n +"$before" "$log" | grep -acE 'TRAP|terminated by signal' || true)"
	exit 0
fi

command -v sqlsmith >/dev/null || { echo "error: there is no sqlsmith: install it" >&2; exit 1; }
STAGE=$("$top/test/server/assert.sh")
export STAGE
"$top/test/server/build.sh" >/dev/null
SERVER_OPTIONS='-c log_error_verbosity=verbose -c log_min_error_statement=panic' \
	"$top/test/server/run.sh" "$STAGE" bash "$top/test/sqlsmith.sh" inside "${1:-100000}" "${2:-1}" "${3:-86400}"
