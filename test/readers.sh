#!/usr/bin/env bash
# make readers: installs psqlODBC, JDBC and node-postgres where they are missing, and reads a customer base through each.
#
# System packages come from apt-get, which wants root; node-postgres goes below build/.
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
modules=$top/build/readers

packages=()
need() { packages+=("$@"); }
[ -e /usr/include/sqlucode.h ] || need unixodbc-dev
odbcinst -q -d -n 'PostgreSQL Unicode' >/dev/null 2>&1 || need odbcinst odbc-postgresql
[ -e /usr/share/java/postgresql.jar ] || need libpostgresql-jdbc-java
command -v javac >/dev/null || need default-jdk-headless
command -v node >/dev/null || need nodejs
command -v npm >/dev/null || need npm
if [ ${#packages[@]} -gt 0 ]; then
	echo "installing ${packages[*]}"
	apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${packages[@]}" >/dev/null
fi
[ -d "$modules/node_modules/pg" ] || npm install --silent --no-audit --no-fund --prefix "$modules" pg@8

stage=$("$top/test/server/build.sh")
"$top/test/server/run.sh" "$stage" bash "$top/test/tap/readers.sh" | tee "$modules/tap.log"
read -r _ passed failed skipped < <(awk -f "$top/test/tap.awk" "$modules/tap.log" | tail -1)
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed$skipped" = 00 ]
