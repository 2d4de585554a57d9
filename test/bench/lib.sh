# What the measurements have in common; sourced.

runs=${RUNS:-3}
q() { psql -XAtq -v ON_ERROR_STOP=1 "$@"; }

# median: of the numbers of standard input, a line each
median() { sort -n | awk '{ v[NR] = $1 } END { print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'; }

# about: on what everything was measured
about() {
	echo "pg_customer $(sed -n "s/^default_version *= *'\(.*\)'/\1/p" "$top/pg_customer.control") on PostgreSQL $(q -c 'SHOW server_version'), $(nproc) cores, $(awk '/MemTotal/ { printf "%.0f GB", $2 / 1048576 }' /proc/meminfo)"
}

# measure STATEMENT: one run in a session of its own; sets seconds and megabytes
measure() {
	local pid peak=0 rss out fifo
	out=$(mktemp) fifo=$(mktemp -u)
	mkfifo "$fifo"
	psql -XAtq -v ON_ERROR_STOP=1 <"$fifo" >"$out" 2>&1 &
	local client=$!
	exec 9>"$fifo"
	rm "$fifo"
	printf 'SET client_min_messages = error;\nSELECT pg_backend_pid();\n' >&9
	until [ -s "$out" ]; do sleep 0.01; done
	pid=$(head -1 "$out")
	printf '\\timing on\n%s\n' "$1" >&9
	exec 9>&-
	while kill -0 $client 2>/dev/null; do
		rss=$(awk '/RssAnon/ { print $2 }' "/proc/$pid/status" 2>/dev/null || true)
		[ "${rss:-0}" -le $peak ] || peak=$rss
		sleep 0.02
	done
	wait $client || { cat "$out" >&2; exit 1; }
	seconds=$(sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p' "$out" | awk '{ s += $1 } END { printf "%.3f", s / 1000 }')
	megabytes=$((peak / 1024))
	rm "$out"
}

# report NAME STATEMENT [NAME STATEMENT ...]: alternatives in turn, medians, ratio to the first
report() {
	local names=() statements=() i r first
	while [ $# -gt 0 ]; do names+=("$1"); statements+=("$2"); shift 2; done
	local times=() memory=()
	for ((r = 0; r < runs; r++)); do
		for i in "${!names[@]}"; do
			measure "${statements[$i]}"
			[ -z "${csv:-}" ] || printf '%s,"%s",%s,%s,%s\n' "$orders" "${names[$i]}" $((r + 1)) "$seconds" "$megabytes" >>"$csv"
			times[$i]="${times[$i]:-} $seconds"
			[ "$megabytes" -le "${memory[$i]:-0}" ] || memory[$i]=$megabytes
		done
	done
	for i in "${!names[@]}"; do
		local middle=$(tr ' ' '\n' <<<"${times[$i]}" | grep . | median)
		[ "$i" -gt 0 ] || first=$middle
		printf '%-66s %9.3f s %7s %6s MB\n' "${names[$i]}" "$middle" \
			"$(awk -v a="$middle" -v b="$first" 'BEGIN { printf "x %.2f", a / b }')" "${memory[$i]}"
	done
	echo
}
