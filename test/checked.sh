#!/usr/bin/env bash
# The tests on a server that looks closer: with assertions, with sanitizers, or under valgrind.
#
#   test/checked.sh assert [GROUP ...]        assertions and checks of memory; then again with all caches discarded all the time,
#                                             and with every plan in a worker that may be
#   test/checked.sh sanitize [GROUP ...]      the extension with AddressSanitizer and UndefinedBehaviorSanitizer
#   test/checked.sh valgrind [TEST ...]       tests of pg_regress, 50 times slower
#
# Groups are those of check.sh; without one: regress pgtap. The server is that of assert.sh, made once in ten minutes.
set -uo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
kind=${1:?assert, sanitize or valgrind}
shift
export LIMIT=${LIMIT:-36000}
failed=0
check() {  # WHAT GROUP ...
	echo "--- $1"
	shift
	bash "$top/test/check.sh" "$@" || failed=1
}

case $kind in
	assert)
		STAGE=$("$top/test/server/assert.sh") || exit 1
		export STAGE
		[ $# -gt 0 ] || set -- regress pgtap
		check 'assertions' "$@"
		parallel=debug_parallel_query
		[ "${PG_MAJOR:-15}" -ge 16 ] || parallel=force_parallel_mode
		SERVER_OPTIONS="-c $parallel=regress" check "assertions, $parallel=regress" "$@"
		# What makes bases reads the catalogs so often that this takes hours.
		SERVER_OPTIONS='-c debug_discard_caches=1' TESTS=${TESTS:-purchase_history period_totals purchase_changes rfm segment_map abc proportion mean_tally ab_test drivers logistic survival nps satisfaction} \
			check 'assertions, debug_discard_caches=1' regress
		;;
	sanitize)
		STAGE=$("$top/test/server/assert.sh" sanitize env "LD_PRELOAD=$(gcc -print-file-name=libasan.so):$(gcc -print-file-name=libubsan.so)" \
			ASAN_OPTIONS=detect_leaks=0:detect_stack_use_after_return=0 UBSAN_OPTIONS=print_stacktrace=1) || exit 1
		export STAGE COPT='-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -Wno-maybe-uninitialized'
		[ $# -gt 0 ] || set -- regress pgtap
		check 'AddressSanitizer and UndefinedBehaviorSanitizer' "$@"
		;;
	valgrind)
		command -v valgrind >/dev/null || { echo "error: there is no valgrind: install it" >&2; exit 1; }
		STAGE=$("$top/test/server/assert.sh") || exit 1
		logs=$STAGE/valgrind
		rm -rf "$logs" && mkdir -p "$logs" && chmod 777 "$logs"
		STAGE=$("$top/test/server/assert.sh" valgrind valgrind --quiet --trace-children=yes --leak-check=no --undef-value-errors=yes --gen-suppressions=no \
			--suppressions="$STAGE/valgrind.supp" --log-file="$logs/%p.log") || exit 1
		export STAGE TESTS=${*:-proportion ab_test segment_map abc purchase_changes period_totals}
		check 'valgrind' regress
		if find "$logs" -type f -size +0 | grep -q .; then
			failed=1
			find "$logs" -type f -size +0 -exec head -40 {} +
		else
			echo "valgrind: nothing found"
		fi
		;;
	*) echo "error: no such check: $kind" >&2; exit 1 ;;
esac
exit $failed
