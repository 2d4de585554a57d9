#!/usr/bin/env bash
# Memory of the server over many calls of each function: within one statement, and over many statements of one transaction; and
# over the groups of each aggregate.
#
#   test/leaks.sh [CALLS [SECONDS]]          10000000 calls of each, or what fits into 20 seconds
#
# Prints each function whose memory contexts, or whose process, grew by more than 1 MB between the first tenth and the end.
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
if [ "${1:-}" = inside ]; then
	export PGOPTIONS='-c client_min_messages=error'
	psql -Xqf "$top/test/server/template.sql" && psql -Xqd customer_template -o /dev/null -f "$top/test/fuzz/seeds.sql"
	exec psql -XqAtd customer_template -v calls="$2" -v seconds="$3" -f "$top/test/fuzz/leaks.sql"
fi
stage=${STAGE:-$("$top/test/server/build.sh")}
"$top/test/server/run.sh" "$stage" bash "$top/test/leaks.sh" inside "${1:-10000000}" "${2:-20}"
