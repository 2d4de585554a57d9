#!/usr/bin/env bash
# Eight writers against three live bases, with the server's default durability; with KILLS the server is killed again and again.
#
#   test/stress.sh [SECONDS [KILLS [SEED]]]          600 0 1
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
stage=${stage:-$("$here/server/build.sh")}
kills=${2:-0}
[ "$kills" = 0 ] || export CRASH_EXPECTED=1
SERVER_OPTIONS="-c fsync=on -c log_line_prefix=%p/%a: -c log_lock_waits=on -c autovacuum_naptime=1 ${SERVER_OPTIONS:-}" \
	exec "$here/server/run.sh" "$stage" bash "$here/stress/load.sh" "${1:-600}" "$kills" "${3:-1}"
