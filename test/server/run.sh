#!/usr/bin/env bash
# Runs a command against a throwaway cluster of its own, which is removed whatever happens.
#
#   test/server/run.sh STAGE COMMAND [ARG ...]      SERVER_OPTIONS='-c work_mem=64MB' for more settings
#
# STAGE is what stage.sh printed. The cluster listens on a socket in its own directory only; the command
# finds it by PGHOST, PGPORT, PGUSER and PGDATABASE, and the stage's binaries first on the PATH.
set -euo pipefail
stage=$(cd "$1" && pwd); shift
bin=$(echo "$stage"/usr/lib/postgresql/*/bin)

# A run holds a lock on its cluster's directory. What has no holder was left by a run that was killed
# outright, and is removed now; nobody else makes or removes clusters here meanwhile.
exec 8<"$stage"
flock 8
for old in "$stage"/cluster.*; do
	[ -d "$old" ] && flock -n "$old" true || continue
	postmaster=$(head -1 "$old/data/postmaster.pid" 2>/dev/null || true)
	if [ -n "$postmaster" ] && grep -qsF "$old/data" "/proc/$postmaster/cmdline"; then kill -QUIT "$postmaster"; sleep 1; fi
	rm -rf "$old"
done
dir=$(mktemp -d "$stage/cluster.XXXXXX")
exec 9<"$dir"
flock 9
exec 8<&-

as=()
if [ "$(id -u)" = 0 ]; then
	user=nobody; id postgres >/dev/null 2>&1 && user=postgres
	chown $user "$dir"
	as=(runuser -u $user --)
fi
socket=$dir
[ ${#dir} -lt 80 ] || { socket=$(mktemp -d /tmp/pgc.XXXXXX); [ ${#as[@]} -eq 0 ] || chown $user "$socket"; }
chmod 700 "$dir" "$socket"

child=
finish() {
	trap '' INT TERM HUP
	[ -z "$child" ] || kill -TERM "$child" 2>/dev/null || true
	"${as[@]}" "$bin/pg_ctl" -D "$dir/data" -m immediate -w -t 20 stop >/dev/null 2>&1 ||
		{ [ -s "$dir/data/postmaster.pid" ] && kill -KILL "$(head -1 "$dir/data/postmaster.pid")" 2>/dev/null; } || true
	[ -z "${KEEP_LOG:-}" ] || cp "$dir/log" "$KEEP_LOG" 2>/dev/null || true
	rm -rf "$dir" "$socket"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

cd "$dir" || exit 1
"${as[@]}" env LC_ALL=C "$bin/initdb" -D "$dir/data" -U postgres --auth=trust --encoding=UTF8 --locale=C.UTF-8 \
	--no-sync >"$dir/initdb.log" 2>&1 || { cat "$dir/initdb.log" >&2; exit 1; }
"${as[@]}" env LC_ALL=C "$bin/pg_ctl" -D "$dir/data" -l "$dir/log" -w -t 60 -s \
	-o "-c listen_addresses='' -c unix_socket_directories='$socket' -c port=5432 -c fsync=off -c max_wal_size=4GB -c timezone=UTC -c shared_buffers=256MB -c log_min_messages=warning ${SERVER_OPTIONS:-}" start 9<&- ||
	{ cat "$dir/log" >&2; exit 1; }
cd "$OLDPWD"
export PGHOST=$socket PGPORT=5432 PGUSER=postgres PGDATABASE=postgres PATH=$bin:$PATH
unset PGOPTIONS PGSERVICE PGPASSWORD
export PG_CUSTOMER_SERVER_LOG=$dir/log PG_CUSTOMER_SERVER_PID=$dir/data/postmaster.pid

# In the foreground of this script, but so that a signal to it ends the command as well.
status=0
"$@" <&0 9<&- & child=$!
wait "$child" || status=$?
child=
if grep -qE 'PANIC|was terminated by signal' "$dir/log" 2>/dev/null && [ -z "${CRASH_EXPECTED:-}" ]; then
	echo "error: the server crashed; its log ends:" >&2
	tail -20 "$dir/log" >&2
	[ $status -ne 0 ] || status=1
fi
exit $status
