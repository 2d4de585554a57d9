#!/usr/bin/env bash
# Hostile input: libFuzzer on the mathematics, and, inside a server, on text, binary values, states of aggregates and calls; and
# random options of customer bases and surveys.
#
#   test/fuzz.sh [SECONDS [TARGET ...]]          60 seconds each of: math text binary state call base
#
# All with AddressSanitizer and UndefinedBehaviorSanitizer. Inputs that reach something new are kept in build/fuzz, and what
# they show is printed: FINDING with the file of the input, or the report of a sanitizer. It needs clang, and, once, ten
# minutes for a server with assertions.
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
me=$top/test/fuzz.sh
sanitizers=address,undefined

# Inside the server: one target.
if [ "${1:-}" = inside ]; then
	work=$2 seconds=$3 target=$4
	psql -Xqf "$top/test/server/template.sql"
	[ "$target" != base ] || exec env PGOPTIONS="-c fuzz.seconds=$seconds" psql -XqAtd customer_template -f "$top/test/fuzz/bases.sql"
	psql -Xqd customer_template -o /dev/null -f "$top/test/fuzz/seeds.sql"
	# What cannot be interrupted, is stopped so that libFuzzer says where it was, and keeps the input.
	(
		sleep $((seconds + 40))
		pid=$(psql -XAtd customer_template -c "SELECT pid FROM pg_stat_activity WHERE query ~ '^SELECT fuzz'") && [ -n "$pid" ] && kill -ABRT "$pid"
	) &
	psql -Xqd customer_template -c "CREATE FUNCTION fuzz.fuzz(target text, arguments text[]) RETURNS void AS '\$libdir/pg_customer', 'fuzz' LANGUAGE C STRICT"
	psql -Xqd customer_template -c "SELECT fuzz.fuzz('$target', ARRAY['-max_total_time=$seconds', '-timeout=0', '-rss_limit_mb=0', '-detect_leaks=0', '-max_len=4096',
		'-artifact_prefix=$work/$target.', '-print_final_stats=1', '$work/$target'])" 2>/dev/null || true
	kill %1 2>/dev/null
	exit 0
fi

seconds=${1:-60}
shift || true
[ $# -gt 0 ] || set -- math text binary state call base
work=${BUILD_DIR:-$top/build}/fuzz
mkdir -p "$work"
command -v clang >/dev/null && runtime=$(clang -print-runtime-dir 2>/dev/null) && [ -d "$runtime" ] ||
	runtime=$(clang -print-resource-dir)/lib/linux
[ -e "$runtime/libclang_rt.fuzzer_no_main-x86_64.a" ] || { echo "error: there is no libFuzzer: install clang and libclang-rt-dev" >&2; exit 1; }

server=
for target in "$@"; do
	mkdir -p "$work/$target"
	log=$work/$target.log
	rm -f "$log"
	if [ "$target" = math ]; then
		clang -std=gnu11 -g -O1 -ffp-contract=off -fsanitize=fuzzer,$sanitizers -fno-sanitize-recover=all -I"$top/src" -o "$work/math.fuzz" \
			"$top/test/fuzz/math.c" "$top"/src/math/*.c -lm
		(cd "$work" && ./math.fuzz -max_total_time="$seconds" -timeout=30 -max_len=400 -print_final_stats=1 -artifact_prefix="$work/math." math >"$log" 2>&1) || true
	else
		if [ -z "$server" ]; then
			server=$("$top/test/server/assert.sh" fuzz env LD_PRELOAD="$runtime/libclang_rt.asan-x86_64.so" ASAN_OPTIONS=detect_leaks=0:detect_stack_use_after_return=0:allocator_may_return_null=1)
			# The server is built by gcc, whose warnings clang does not know.
			flags="-w -fsanitize=fuzzer-no-link,$sanitizers -fno-sanitize-recover=all -shared-libasan -fno-omit-frame-pointer -g -O1"
			clang -std=gnu11 -fPIC -fwrapv $flags -I"$top/src" -I"$("$server"/usr/lib/postgresql/*/bin/pg_config --includedir-server)" -c -o "$work/server.o" "$top/test/fuzz/server.c"
			STAGE=$server "$top/test/server/build.sh" CC=clang COPT="$flags" SHLIB_LINK="-Wl,-Bsymbolic-functions $work/server.o $runtime/libclang_rt.fuzzer_no_main-x86_64.a -lstdc++ -lm" >/dev/null
		fi
		[ "$(id -u)" != 0 ] || chown -R postgres "$work"
		KEEP_LOG=$log timeout $((seconds + 300)) "$top/test/server/run.sh" "$server" bash "$me" inside "$work" "$seconds" "$target" || true
	fi
	grep -E '^(OUTCOMES|FINDING|SUMMARY|stat::number_of_executed|stat::average|Done)|runtime error|TRAP|WARNING' "$log" | sed "s/^/$target: /" || true
done
