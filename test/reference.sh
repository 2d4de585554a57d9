#!/usr/bin/env bash
# Prints docs/reference.md, made of the catalog.
#
#   test/reference.sh            against the server of the environment; "make reference" finds one and writes the page
#
# The parts of the install script are loaded one by one, so that it is known which one made what.
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
if [ "${1:-}" = make ]; then
	stage=$("$top/test/server/build.sh")
	page=$("$top/test/server/run.sh" "$stage" "$0")
	printf '%s\n' "$page" >"$top/docs/reference.md"
	exit
fi

parts() {
	local n=0 stem
	for stem in $(sed -n '/^SQL_PARTS/,/^$/s|.*src/\(.*\)\.sql.*|\1|p' "$top/Makefile"); do
		n=$((n + 1))
		[ "$stem" != head ] || continue
		echo 'BEGIN;'
		sed 's|MODULE_PATHNAME|$libdir/pg_customer|; s/@extschema@/customer/g; s/@extowner@/CURRENT_USER/g' "$top/src/$stem.sql"
		echo "INSERT INTO reference_parts VALUES ($n, '$stem', $([ -e "$top/docs/$stem.md" ] && echo true || echo false), pg_current_xact_id()::text::xid);"
		echo 'COMMIT;'
	done
}
export PGOPTIONS='-c client_min_messages=error'
psql -Xqc 'DROP DATABASE IF EXISTS reference' -c 'CREATE DATABASE reference'
{
	echo 'CREATE SCHEMA customer; SET search_path = customer, public;'
	echo 'CREATE TABLE public.reference_parts (n int, stem text, page boolean, transaction xid);'
	parts
	cat "$top/test/reference.sql"
} | psql -XqAt -v ON_ERROR_STOP=1 -d reference
psql -Xqc 'DROP DATABASE reference'
