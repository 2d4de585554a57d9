#!/usr/bin/env bash
# Live bases under random load for a quarter of a minute, and through three kills of the server; each in a cluster of its own.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
n=0
run() {  # NAME SECONDS KILLS
	local out status
	out=$(bash "$top/test/stress.sh" "$2" "$3" 1 2>&1); status=$?
	n=$((n + 1))
	if [ $status = 0 ]; then echo "ok $n - $1"; else echo "not ok $n - $1"; fi
	sed 's/^/# /' <<<"$out"
}
run 'eight writers while bases are kept: no difference, no failed transaction' 15 0
run 'the server is killed under load: no difference after each restart' 0 3
echo "1..$n"
