#!/usr/bin/env bash
# A database that 0.9.0 has made, with all that an application can make of it, after ALTER EXTENSION UPDATE and upgrade_customer_base: what was there
# reads the same, and what the extension and its bases are is what a new installation makes. What 0.9.0 wrote of every type reads the same.
set -u
export PGOPTIONS='-c client_min_messages=error'
from=0.9.0
here=$(cd "$(dirname "$0")/../upgrade" && pwd)
n=0
ok() { n=$((n + 1)); if [ "$1" = 0 ]; then echo "ok $n - $2"; else echo "not ok $n - $2"; fi; }
is() { [ "$1" = "$2" ]; ok $? "$3"; [ "$1" = "$2" ] || printf 'have: %s\nwant: %s\n' "${1:0:1000}" "$2" | sed 's/^/# /'; }
like() { [[ "$1" == *"$2"* ]]; ok $? "$3"; [[ "$1" == *"$2"* ]] || printf 'have: %s\nwant: %s\n' "${1:0:1000}" "$2" | sed 's/^/# /'; }
same() { diff "$1" "$2" > "$work/diff"; ok $? "$3"; head -20 "$work/diff" | cut -c1-300 | sed 's/^/# /'; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
as_owner() { psql -XAtq -v ON_ERROR_STOP=1 -U shopkeeper "$@" 2>&1; }
sql() { PGOPTIONS="$PGOPTIONS -c search_path=public,customer" as_owner -d old "$@"; }
picture() { as_owner -d "$1" -f "$here/picture.sql"; }
wrong() { sql -c "SELECT b.base, v.* FROM unnest('{shop,till}'::text[]) AS b (base), verify_customer_base(b.base) AS v"; }
orders=0
follows() {  # WHEN: a new order reaches each live base once
	orders=$((orders + 1))
	local before=$(sql -c "SELECT sum(orders), sum(total) FROM shop.customers WHERE customer = 'c7'" -c "SELECT sum(orders), sum(total) FROM \"till of the shop\".customers WHERE customer = 7")
	sql -c "INSERT INTO order_lines VALUES ('n$orders', 'c7', '2025-09-0$orders', 10, 'north'), ('n$orders', 'c7', '2025-09-0$orders', 5.5, 'north')" -c "INSERT INTO sales VALUES (7, '2025-01-2$orders', 333)" \
		-c "INSERT INTO answers VALUES ('c7', 'north', '2025-09-0$orders', '满意', NULL)"
	is "$(sql -c "SELECT sum(orders), sum(total) FROM shop.customers WHERE customer = 'c7'" -c "SELECT sum(orders), sum(total) FROM \"till of the shop\".customers WHERE customer = 7")" \
		"$(awk -F'|' -v OFS='|' 'NR == 1 { print $1 + 1, sprintf("%.2f", $2 + 15.5) } NR == 2 { print $1 + 1, sprintf("%.2f", $2 + 3.33) }' <<<"$before")" "$1: a new order reaches a live base once"
	is "$(wrong)" '' "$1: verify finds no difference"
	is "$(sql -c 'SELECT mode, stale_reason FROM shop.base_status' -c 'SELECT mode, stale_reason FROM "till of the shop".base_status')" $'live|\nlive|' "$1: and the bases know of none"
}
make_shop() {  # DATABASE VERSION
	as_owner -d postgres -c "CREATE DATABASE $1" && as_owner -d "$1" -c 'CREATE SCHEMA customer' -c "CREATE EXTENSION pg_customer SCHEMA customer${2:+ VERSION '$2'}" &&
		PGOPTIONS="$PGOPTIONS -c search_path=public,customer" as_owner -d "$1" -f "$here/values.sql" && as_owner -d "$1" -f "$here/shop.sql"
}

psql -Xq -c "CREATE ROLE shopkeeper LOGIN CREATEDB" -c "CREATE ROLE analyst LOGIN" || exit 1
make_shop fresh '' > "$work/fresh.log" &
made=$(make_shop old $from)
is "$made" '' "the extension of $from, bases and an application, with the present library"
wait
is "$(cat "$work/fresh.log")" '' 'the same with the present version'

# --- what was written of every type ------------------------------------------------------------------
perl -ne 'chomp; print pack("H*", $_)' "$here/kept_$from.hex" > "$work/kept.binary"
sql -c 'CREATE TABLE read_binary (LIKE kept)' -c 'CREATE TABLE read_text (LIKE kept)' -c 'CREATE TABLE read_rows (LIKE kept_rows)' \
	-c "\\copy read_binary FROM '$work/kept.binary' (FORMAT binary)" -c "\\copy read_text FROM '$here/kept_$from.copy'" -c "\\copy read_rows FROM '$here/kept_rows_$from.copy'"
forms_are_read() {  # WHEN
	sql -c "\\copy read_binary TO '$work/binary' (FORMAT binary)" -c "\\copy read_binary TO '$work/text'" -c "\\copy read_text TO '$work/text2'" -c "\\copy read_text TO '$work/binary2' (FORMAT binary)" -c "\\copy read_rows TO '$work/rows'"
	cmp "$work/kept.binary" "$work/binary" && cmp "$work/kept.binary" "$work/binary2"
	ok $? "$1: the binary forms of all types, read and written"
	same "$here/kept_$from.copy" "$work/text" "$1: their text forms"
	same "$here/kept_$from.copy" "$work/text2" "$1: and these read"
	same "$here/kept_rows_$from.copy" "$work/rows" "$1: composite types and arrays"
}
forms_are_read "$from"
is "$(sql -c "SELECT string_agg(t.typname, ' ') FROM pg_type AS t WHERE typnamespace = 'customer'::regnamespace AND typelem = 0 AND NOT EXISTS (SELECT FROM pg_attribute AS a
	WHERE attrelid IN ('kept'::regclass, 'kept_rows'::regclass) AND atttypid IN (t.oid, t.typarray))")" '' 'every type has a column in the tables'

# --- the old objects with the present library ---------------------------------------------------------
picture old > "$work/before"
[ "$(wc -l < "$work/before")" -gt 10000 ]
ok $? 'there is something to compare'
picture fresh > "$work/fresh"
same "$work/fresh" "$work/before" "$from with the present library: all rows and definitions are those of the present version"
follows "$from with the present library"
is "$(sql -c "SELECT count(*) > 0 FROM refresh_customer_base('shop')" -c "CALL advance_customer_base('shop')" -c "CALL fold_customer_base('till')" -c "SELECT count(*) > 0 FROM fit_models('shop', '{mbgnbd,nbd}')" \
	-c "SELECT count(*) > 0 FROM create_customer_base('later', 'public.sales', 'customer', 'day', 'cents', on_bad_row => 'error')" -c "SELECT drop_customer_base('later')" -c "SELECT upgrade_customer_base('report')")" $'t\nt\nt' \
	"$from with the present library: bases are made, refreshed, folded, advanced, fitted, upgraded, dropped"
follows "$from with the present library, once more"

# --- the update, beside a session that is at work ---------------------------------------------------------
sql -c "CALL fold_customer_base('shop')"
picture old > "$work/before"
update='psql -XAtq -U shopkeeper -d old -c "ALTER EXTENSION pg_customer UPDATE"'
upgrade="psql -XAtq -U shopkeeper -d old -c \"SELECT count(customer.upgrade_customer_base(base)) FROM unnest('{shop,till,report}'::text[]) AS base\""
beside() {  # COMMAND: a session writes before and after it, and takes it back
	PGOPTIONS="$PGOPTIONS -c search_path=public,customer" psql -XAtq -U shopkeeper -d old <<SQL 2>&1
INSERT INTO order_lines VALUES ('beside1', 'c8', '2025-09-02', 1, 'north');
\\! $1
INSERT INTO order_lines VALUES ('beside2', 'c8', '2025-09-03', 2, 'north');
SELECT count(*), sum(amount) FROM shop.line_deltas WHERE order_id ~ 'beside';
DELETE FROM order_lines WHERE invoice ~ 'beside';
CALL fold_customer_base('shop');
SELECT count(*) FROM verify_customer_base('shop');
SQL
}
is "$(beside "$update")" $'2|3\n0' 'a session records orders before and after the update'
is "$(sql -c "SELECT extversion = default_version FROM pg_extension JOIN pg_available_extensions ON name = extname WHERE extname = 'pg_customer'")" t 'the extension is of the present version'
picture old > "$work/updated"
same "$work/before" "$work/updated" 'after the update all rows and definitions are the same'
is "$(sql -c 'SELECT version FROM shop.base_status')" 1 'the base is still of the old version'
follows 'after the update'
is "$(sql -c "SELECT count(*) > 0 FROM refresh_customer_base('shop')" -c "CALL advance_customer_base('shop')" -c "SELECT count(*) > 0 FROM fit_models('shop', '{mbgnbd,nbd}')")" $'t\nt' 'it is refreshed, advanced and fitted'
follows 'after that'
forms_are_read 'after the update'

# --- the upgrade of the bases ----------------------------------------------------------------------------
psql -XAtq -U shopkeeper -d old -c 'BEGIN' -c 'SELECT count(*) FROM shop.settings' -c 'SELECT pg_sleep(60)' >/dev/null 2>&1 &
until [ "$(sql -c "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)'")" = 1 ]; do sleep 0.05; done
like "$(sql -c "SELECT upgrade_customer_base('shop')")" 'could not be upgraded: something is using its settings' 'a base is not upgraded under a transaction that reads its settings'
is "$(sql -c "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)'")" t 'which ends'
wait
sql -c "CALL fold_customer_base('shop')"
picture old > "$work/before"
is "$(beside "$upgrade")" $'3\n2|3\n0' 'a session records orders before and after its base is upgraded'
picture old > "$work/upgraded"
same "$work/before" "$work/upgraded" 'after the upgrade of the bases all rows and definitions are the same'
follows 'after the upgrade'
for database in old fresh; do as_owner -d $database -f "$here/objects.sql" > "$work/$database.objects"; done
[ "$(wc -l < "$work/fresh.objects")" -gt 10000 ]
ok $? 'there are definitions to compare'
same "$work/fresh.objects" "$work/old.objects" 'the objects of the extension and of its bases are those of a new installation'
[ ! -s "$work/diff" ] || echo "# what the install script has gained, the script of the update lacks: make it anew with upgrade/delta.pl"
is "$(sql -c "SELECT count(*) > 0 FROM create_customer_base('late', 'public.sales', 'customer', 'day', 'cents', visible => 'true')" -c "SELECT drop_customer_base('late')")" t 'a base with new options can be made'
is "$(psql -XAtq -U analyst -d old -c 'SELECT count(*) > 0 FROM shop.customers' -c 'SELECT count(*) > 0 FROM app.best' 2>&1)" $'t\nt' 'the reader still reads'

# --- what stands in the way ------------------------------------------------------------------------------------
as_owner -d postgres -c 'CREATE DATABASE small'
like "$(as_owner -d small -c 'CREATE SCHEMA customer' -c "CREATE EXTENSION pg_customer SCHEMA customer VERSION '$from'" -c 'CREATE TABLE orders AS SELECT i AS customer, date $$2024-01-01$$ + i AS day, i AS amount FROM generate_series(1, 9) AS i' \
	-c "CREATE FUNCTION make() RETURNS bigint BEGIN ATOMIC SELECT count(*) FROM customer.create_customer_base('built_on', 'public.orders', 'customer', 'day', 'amount', as_of => '2024-02-01'); END" -c 'SELECT make() > 0' \
	-c "SELECT count(*) > 0 FROM customer.create_customer_base('free', 'public.orders', 'customer', 'day', 'amount', as_of => '2024-02-01')" -c 'GRANT USAGE ON SCHEMA free TO analyst' -c 'GRANT SELECT ON free.kpi_targets TO analyst WITH GRANT OPTION' \
	-c 'CREATE VIEW met AS SELECT metric, target, met FROM built_on.kpi_targets' -c "INSERT INTO built_on.targets (metric, period, unit, target) VALUES ('customers_active', '2024-01-01', 'month', 8.5)" -c 'ALTER EXTENSION pg_customer UPDATE')" \
	'function public.make() depends on function create_customer_base' 'an update names a function of somebody that stands in its way'
psql -XAtq -d small -c 'REVOKE EXECUTE ON FUNCTION customer.create_customer_base FROM PUBLIC'
like "$(PGOPTIONS= as_owner -d small -c 'DROP FUNCTION make' -c 'ALTER EXTENSION pg_customer UPDATE')" 'is made anew, and everybody may call it again' 'it says that rights on a function are gone'
is "$(as_owner -d small -c "SELECT count(customer.upgrade_customer_base(base)) FROM unnest('{free,built_on}'::text[]) AS base" -c 'SELECT * FROM met')" $'2\ncustomers_active|8.5|t' 'a view over a view whose column has another type now stays as it was'
is "$(as_owner -d small -c "SELECT attrelid::regclass, format_type(atttypid, atttypmod), replace(relacl::text, 'xtm/', 'xt/') FROM pg_attribute JOIN pg_class AS c ON c.oid = attrelid WHERE attname = 'target' AND relname IN ('kpi_targets', 'met') ORDER BY attrelid::regclass::text COLLATE \"C\"")" \
	$'built_on.kpi_targets|numeric|\nfree.kpi_targets|numeric(38,6)|{shopkeeper=arwdDxt/shopkeeper,analyst=r*/shopkeeper}\nmet|numeric|' 'a column gets its new type where nobody has built on it, and rights stay'

for database in old fresh small; do psql -Xqc "DROP DATABASE $database"; done
psql -Xq -c 'DROP ROLE shopkeeper' -c 'DROP ROLE analyst'
echo "1..$n"
