#!/usr/bin/env bash
# Builds the extension, installs it into the private installation and prints that one's directory.
#
#   test/server/build.sh [MAKE_ARGUMENT ...]          PG_MAJOR and STAGE as for stage.sh; COPT=… for more flags of the compiler
#
# The source folder stays clean: objects go below the stage. Whatever make prints is an error, so that no
# warning goes unseen.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
stage=$("$here/stage.sh")
obj=$stage/obj
# The variables of "make demo" (DATA …) are not meant for this make.
unset MAKEFLAGS MFLAGS MAKELEVEL DATA

exec 8<"$stage"
flock 8
[ ! "$top/Makefile" -nt "$obj/pg_customer.so" ] || rm -rf "$obj"
mkdir -p "$obj"
make=(make -s -C "$obj" -f "$top/Makefile" PG_CONFIG="$(echo "$stage"/usr/lib/postgresql/*/bin/pg_config)" with_llvm=no)
status=0
"${make[@]}" COPT="-Werror${COPT:+ $COPT}" -j2 "$@" >"$stage/build.log" 2>&1 || status=$?
if [ $status -ne 0 ] || [ -s "$stage/build.log" ]; then
	cat "$stage/build.log" >&2
	echo "error: the build failed or gave warnings" >&2
	exit 1
fi
"${make[@]}" COPT="-Werror${COPT:+ $COPT}" "$@" install >&2
printf '%s\n' "$stage"
