#!/usr/bin/env bash
# pg_upgrade from PostgreSQL 15 to 17 of a database with customer bases, in a bare Debian of its own.
#
#   make pg-upgrade             root only; ROOTS=… where bare roots are kept, else below the build folder
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
from=15 to=17

# --- within the root: both servers, the extension for each, and the upgrade ---------------------------------
if [ "${1:-}" = inside ]; then
	here=$top/test/upgrade
	n=0 failed=0
	ok() { n=$((n + 1)); if [ "$1" = 0 ]; then echo "ok $n - $2"; else failed=$((failed + 1)); echo "not ok $n - $2"; fi; }
	is() { local status=0; [ "$1" = "$2" ] || status=1; ok $status "$3"; [ $status = 0 ] || printf 'have: %s\nwant: %s\n' "${1:0:1000}" "$2" | sed 's/^/# /'; }
	same() { local status=0; diff "$1" "$2" >"$work/diff" || status=1; ok $status "$3"; [ $status = 0 ] || head -20 "$work/diff" | cut -c1-300 | sed 's/^/# /'; }
	declare -A bin
	for major in $to $from; do
		stage=$(PG_MAJOR=$major "$top/test/server/build.sh" 2>&1 | tail -1)
		bin[$major]=$(echo "$stage/usr/lib/postgresql/$major/bin")
		[ -x "${bin[$major]}/postgres" ] || { echo "Bail out! no PostgreSQL $major: $stage"; exit 1; }
	done
	work=$(mktemp -d)
	chown postgres "$work"
	cd "$work"
	export PGHOST=$work PGPORT=5432 PGOPTIONS='-c client_min_messages=error'
	as() { runuser -u postgres -- env LC_ALL=C "$@"; }
	start() { as "${bin[$1]}/pg_ctl" -D "$work/data$1" -l "$work/log$1" -w -s -o "-c listen_addresses='' -c unix_socket_directories='$work' -c fsync=off -c timezone=UTC" start; }
	stop() { as "${bin[$1]}/pg_ctl" -D "$work/data$1" -w -s stop; }
	as_owner() { "${bin[$to]}/psql" -XAtq -v ON_ERROR_STOP=1 -U shopkeeper "$@" 2>&1; }
	sql() { PGOPTIONS="$PGOPTIONS -c search_path=public,customer" as_owner "$@"; }
	picture() { as_owner -d "$1" -f "$here/picture.sql"; }
	make_shop() {  # DATABASE VERSION
		as_owner -d postgres -c "CREATE DATABASE $1" && as_owner -d "$1" -c 'CREATE SCHEMA customer' -c "CREATE EXTENSION pg_customer SCHEMA customer${2:+ VERSION '$2'}" &&
			sql -d "$1" -f "$here/values.sql" && as_owner -d "$1" -f "$here/shop.sql"
	}
	make_mine() {
		sql -d "$1" -o /dev/null -c "SELECT * FROM create_customer_base('mine', 'public.order_lines', 'customer', 'at', 'price', tenant => 'branch', as_of => '2025-09-30', visible => 'tenant = current_setting(''app.branch'', true)')" \
			-c "SELECT grant_reader('mine', 'analyst')" -c "CALL start_maintenance('mine')"
	}
	objects() { as_owner -d "$1" -f "$here/objects.sql"; }
	for major in $from $to; do as "${bin[$major]}/initdb" -D "$work/data$major" -U postgres --auth=trust --encoding=UTF8 --locale=C.UTF-8 --no-sync >/dev/null; done

	start $from
	"${bin[$from]}/psql" -Xq -U postgres -d postgres -c 'CREATE ROLE shopkeeper LOGIN CREATEDB' -c 'CREATE ROLE analyst LOGIN'
	is "$(make_shop present '')" '' "PostgreSQL $from: bases and an application"
	is "$(make_mine present)" '' 'a base with policies'
	is "$(make_shop older 0.9.0)" '' 'another database with the objects of 0.9.0'
	for database in present older; do picture $database >"$work/$database.before"; done
	stop $from

	begun=$(date +%s.%N)
	status=0
	as "${bin[$to]}/pg_upgrade" -b "${bin[$from]}" -B "${bin[$to]}" -d "$work/data$from" -D "$work/data$to" -U postgres -s "$work" >"$work/pg_upgrade.log" 2>&1 || status=$?
	ok $status "pg_upgrade ($(awk -v a="$begun" -v b="$(date +%s.%N)" 'BEGIN { printf "%.1f s", b - a }'))"
	[ $status = 0 ] || { tail -30 "$work/pg_upgrade.log"; find "$work/data$to/pg_upgrade_output.d" -name '*.log' -o -name '*.txt' | xargs tail -n 15; echo "Bail out! pg_upgrade failed"; exit 1; }

	start $to
	as "${bin[$to]}/vacuumdb" -h "$work" -U postgres --all --analyze-in-stages --quiet
	make_shop fresh '' >"$work/fresh.log"
	is "$(cat "$work/fresh.log")" '' "PostgreSQL $to: the same from scratch"
	make_mine fresh
	objects fresh >"$work/fresh.objects"
	for database in present older; do
		picture $database >"$work/$database.after"
		same "$work/$database.before" "$work/$database.after" "$database: all rows are the same"
		is "$(sql -d $database -c "SELECT b.base, v.* FROM unnest('{shop,till,report}'::text[]) AS b (base), verify_customer_base(b.base) AS v")" '' "$database: verify finds no difference"
		before=$(sql -d $database -c "SELECT sum(orders) FROM shop.customers WHERE customer = 'c7'")
		sql -d $database -c "INSERT INTO order_lines VALUES ('n1', 'c7', '2025-09-01', 10, 'north'), ('n1', 'c7', '2025-09-01', 5.5, 'north')" -c "INSERT INTO sales VALUES (7, '2025-01-21', 333)"
		is "$(sql -d $database -c "SELECT sum(orders) FROM shop.customers WHERE customer = 'c7'")" $((before + 1)) "$database: a new order reaches a live base once"
		is "$(sql -d $database -c "CALL advance_customer_base('shop')" -c "SELECT b.base, v.* FROM unnest('{shop,till}'::text[]) AS b (base), verify_customer_base(b.base) AS v" \
			-c 'SELECT mode, triggers_ok, stale_reason FROM shop.base_status')" 'live|t|' "$database: and after an advance nothing differs"
		# The extension belongs to who ran pg_upgrade. What went through a dump is the same, but has other brackets until it is made anew.
		[ $database = present ] || "${bin[$to]}/psql" -Xq -U postgres -d $database -c 'ALTER EXTENSION pg_customer UPDATE'
		is "$(as_owner -d $database -c "SELECT count(customer.upgrade_customer_base(base)) FROM unnest('{shop,till,report}'::text[]) AS base")" 3 "$database: the bases are upgraded"
		objects $database >"$work/$database.objects"
		same <(grep -v mine "$work/fresh.objects") <(grep -v mine "$work/$database.objects") "$database: all objects are those of a new installation"
	done
	is "$("${bin[$to]}/psql" -XAtq -U analyst -d present -c "SET app.branch = 'north'" -c 'SELECT DISTINCT tenant FROM mine.customers' 2>&1)" north 'a policy shows a reader its own customers'
	is "$(sql -d present -c "SELECT count(*) FROM verify_customer_base('mine')")" 0 'and its base follows the orders'
	stop $to
	echo "1..$n"
	[ $failed = 0 ]
	exit
fi

# --- the root: trixie, as test/check_all.sh makes it, with the packages of PostgreSQL 15 from bookworm ------------
[ "$(id -u)" = 0 ] || { echo "error: a root file system is made by root" >&2; echo "hint: sudo make pg-upgrade" >&2; exit 1; }
if [ "${1:-}" != mounts ]; then
	# What is mounted or started goes with this process, whatever becomes of it.
	exec unshare --mount --propagation private --pid --fork --kill-child bash "$0" mounts
fi
command -v mmdebstrap >/dev/null || { apt-get -qq update; DEBIAN_FRONTEND=noninteractive apt-get -qq -y install --no-install-recommends mmdebstrap; } >&2
roots=${ROOTS:-$top/build/roots}
base=$roots/trixie root=$roots/pg-upgrade
mkdir -p "$roots"
if [ ! -e "$base/bin/sh" ]; then
	mmdebstrap --quiet --variant=minbase --mode=root --aptopt='Acquire::Check-Valid-Until "false"' --include=make trixie "$base.new"
	mv "$base.new" "$base"
fi
rm -rf --one-file-system "$root"
cp -a "$base" "$root"
# Second to trixie's, and so only where trixie has none of the name.
echo 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian bookworm main' >"$root/etc/apt/sources.list.d/bookworm.list"
printf 'Package: *\nPin: release n=bookworm\nPin-Priority: 100\n' >"$root/etc/apt/preferences.d/bookworm"
mkdir -p "$root/srv/pg_customer"
tree=$(git -C "$top" stash create)
git -C "$top" archive "${tree:-HEAD}" | tar x -C "$root/srv/pg_customer"
mount --bind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/dev/shm" 2>/dev/null || true
status=0
chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 bash /srv/pg_customer/test/pg_upgrade.sh inside </dev/null || status=$?
umount -R "$root/proc" "$root/dev"
[ $status != 0 ] || rm -rf --one-file-system "$root"
exit $status
