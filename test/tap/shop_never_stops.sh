#!/usr/bin/env bash
# Every way to break a live customer base: the orders are written, by a role that may do nothing else, without an error and
# without a wait; the base says what is wrong; and when that is put right, a refresh brings it back.
#
# Then what no trigger survives, with the runbook: one statement that has the orders go on.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
if [ "${1:-}" != inside ]; then
	export stage=${stage:-$("$top/test/server/build.sh")}
	# An installation of its own, whose library can be taken away without disturbing anybody.
	copy=$(mktemp -d "$stage/shop.XXXXXX") && chmod 755 "$copy" && cp -al "$stage/usr" "$copy/usr" || exit 1
	SERVER_OPTIONS='-c max_prepared_transactions=3 -c wal_level=logical' CRASH_EXPECTED= \
		"$top/test/server/run.sh" "$copy" bash "$0" inside
	status=$?
	rm -rf "$copy"
	exit $status
fi

n=0
ok() { n=$((n + 1)); if [ "$1" = 0 ]; then echo "ok $n - $2"; else echo "not ok $n - $2"; fi; }
is() { [ "$1" = "$2" ]; ok $? "$3"; [ "$1" = "$2" ] || printf 'have: %s\nwant: %s\n' "$1" "$2" | sed 's/^/# /'; }
like() { [[ $1 =~ $2 ]]; ok $? "$3"; [[ $1 =~ $2 ]] || printf 'have: %s\nwant: %s\n' "$1" "$2" | sed 's/^/# /'; }
work=$(mktemp -d)
chmod 755 "$work"
trap 'rm -rf "$work"' EXIT

# Statements in the database of the present case, as a role: value(s), or the error.
as() { local role=$1; shift; PGOPTIONS="-c client_min_messages=error -c statement_timeout=20s" psql -XAtq -v ON_ERROR_STOP=1 -U "$role" -d shop "$@" 2>&1; }
dba() { as postgres -c "$1"; }
keeper() { as keeper -c "$1"; }

# --- the shop ------------------------------------------------------------------------------------------
# merchant owns the orders and clerk writes them; keeper may read them, and owns the bases.
psql -Xq -c 'CREATE ROLE merchant' -c 'CREATE ROLE clerk LOGIN' -c 'CREATE ROLE keeper LOGIN' -c 'CREATE ROLE heir LOGIN' -c 'CREATE DATABASE shop' || exit 1
PGOPTIONS='-c client_min_messages=error' psql -XAtq -v ON_ERROR_STOP=1 -d shop >/dev/null <<'SQL' || exit 1
CREATE SCHEMA customer;
CREATE EXTENSION pg_customer SCHEMA customer;
GRANT USAGE ON SCHEMA customer TO keeper, heir;
GRANT EXECUTE ON FUNCTION customer.base_record_changes() TO keeper;
GRANT CREATE ON DATABASE shop TO keeper, heir;
ALTER DATABASE shop SET search_path = public, customer;
SET search_path = public, customer;
GRANT CREATE ON SCHEMA public TO merchant;
SET ROLE merchant;
CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer_id int, at timestamptz, total numeric, note text);
INSERT INTO orders (customer_id, at, total) SELECT i % 40, now() - i * interval '7 hours', i % 90 - 5 FROM generate_series(1, 500) AS i;
CREATE TABLE visits (id bigint GENERATED ALWAYS AS IDENTITY, customer_id int, at timestamptz, total numeric, note text) PARTITION BY LIST (note);
CREATE TABLE visits_a PARTITION OF visits FOR VALUES IN ('a');
CREATE TABLE visits_rest PARTITION OF visits DEFAULT;
INSERT INTO visits (customer_id, at, total, note) SELECT i % 40, now() - i * interval '7 hours', i % 90 - 5, chr(97 + i % 2) FROM generate_series(1, 500) AS i;
GRANT INSERT ON ALL TABLES IN SCHEMA public TO clerk;
GRANT SELECT, TRIGGER ON ALL TABLES IN SCHEMA public TO keeper;
RESET ROLE;
SET ROLE keeper;
SELECT count(*) FROM create_customer_base('shop', 'orders', 'customer_id', 'at', 'total', time_zone => 'Europe/Paris');
SELECT count(*) FROM create_customer_base('parts', 'visits', 'customer_id', 'at', 'total', time_zone => 'Europe/Paris');
CALL start_maintenance('shop');
CALL start_maintenance('parts');
SQL
psql -Xq -c 'ALTER DATABASE shop RENAME TO ready' || exit 1
fresh() { psql -Xq -c 'SET client_min_messages = error' -c 'DROP DATABASE IF EXISTS shop WITH (FORCE)' -c 'CREATE DATABASE shop TEMPLATE ready' -c 'ALTER DATABASE shop SET search_path = public, customer'; }

# --- orders --------------------------------------------------------------------------------------------
# One order, and then 27 of all kinds, for the table in $table.
one_order() { echo "INSERT INTO $table (customer_id, at, total) VALUES (3, now(), 11);"; }
orders() {
	cat <<-SQL
		INSERT INTO $table (customer_id, at, total) VALUES (7, now(), 12.5);
		INSERT INTO $table (customer_id, at, total, note) SELECT i % 5, now() - i * interval '1 day', i, chr(97 + i % 3) FROM generate_series(1, 20) AS i;
		COPY $table (customer_id, at, total) FROM STDIN;
		1	now	5
		\\N	yesterday	5
		2	now	-5.25
		\\.
		BEGIN;
		INSERT INTO $table (customer_id, at, total) VALUES (8, now(), 1);
		SAVEPOINT s;
		INSERT INTO $table (customer_id, at, total) VALUES (8, now(), 2);
		ROLLBACK TO s;
		INSERT INTO $table (customer_id, at, total) VALUES (9, now(), 3);
		COMMIT;
		BEGIN ISOLATION LEVEL SERIALIZABLE;
		INSERT INTO $table (customer_id, at, total) VALUES (70, now(), 4);
		COMMIT;
	SQL
}
# As the clerk; a statement that takes a second has waited for something.
sell() { PGOPTIONS='-c statement_timeout=1s' psql -Xq -v ON_ERROR_STOP=1 -U clerk -d shop >>"$work/said" 2>&1; }

# sold WHAT WARNINGS: a session that has written to the table before, and a new one, write orders while the base is broken by
# $work/break.sql. Each is warned once of each trouble.
sold() {
	local before after status
	: >"$work/said"
	before=$(dba "SELECT count(*) FROM $table")
	{ one_order; echo "\\! psql -Xq -v ON_ERROR_STOP=1 -U postgres -d shop -f $work/break.sql >$work/broken 2>&1 || echo 'could not break it'"; orders; } | sell
	status=$?
	orders | sell
	status=$((status + $?))
	after=$(dba "SELECT count(*) FROM $table")
	is "$status, $((after - before)) orders, $(grep -cE 'ERROR|FATAL|could not' "$work/said") errors, $(grep -c '^WARNING:  customer base' "$work/said") warnings" \
		"0, 55 orders, 0 errors, $2 warnings" "$1: the orders are written"
	! grep -E 'ERROR|FATAL|could not' "$work/said" "$work/broken" | sed 's/^/# /'
}

# The base after a refresh, and as it follows the next orders without it.
mended() {
	local refreshed followed folded
	keeper "SELECT FROM refresh_customer_base('$base')" | sed 's/^/# /'
	refreshed=$(keeper "SELECT count(*) FROM verify_customer_base('$base')")
	: >"$work/said"
	orders | sell || cat "$work/said"
	followed=$(keeper "SELECT count(*) FROM verify_customer_base('$base')")
	keeper "CALL advance_customer_base('$base')" | sed 's/^/# /'
	folded=$(keeper "SELECT count(*) FROM verify_customer_base('$base')")
	is "$refreshed, $followed, $folded, $(grep -c WARNING "$work/said"), $(status)" '0, 0, 0, 0, right' "$1"
}
status() { as postgres -c "SELECT CASE WHEN stale THEN stale_reason ELSE 'right' END FROM ${schema:-$base}.base_status"; }

# breaks WHAT REASON BREAK REPAIR: a case of its own; REASON: what base_status says.
breaks() {
	fresh
	table=${table:-orders} base=${base:-shop}
	echo "$3" >"$work/break.sql"
	sold "$1" "$([ "$2" = right ] && echo 0 || echo "${warnings:-2}")"
	like "$(status)" "^$2" "$1: base_status says so"
	dba "$4" | sed 's/^/# /'
	mended "$1: put right and refreshed, it follows"
}

# --- the tables of the base ----------------------------------------------------------------------------
table=orders base=shop schema=
breaks 'deltas renamed' 'deltas_missing: deltas' 'ALTER TABLE shop.deltas RENAME TO gone' 'ALTER TABLE shop.gone RENAME TO deltas'
breaks 'a check on deltas' 'deltas_changed: deltas' 'ALTER TABLE shop.deltas ADD CONSTRAINT small CHECK (gross < 10)' 'ALTER TABLE shop.deltas DROP CONSTRAINT small'
breaks 'a column of deltas that must be given' 'deltas_changed: deltas' 'ALTER TABLE shop.deltas ALTER refunds SET NOT NULL' 'ALTER TABLE shop.deltas ALTER refunds DROP NOT NULL'
breaks 'a trigger on deltas' 'deltas_changed: deltas' "CREATE FUNCTION shop.refuse() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN RAISE EXCEPTION 'no'; END \$\$;
	CREATE TRIGGER refuse BEFORE INSERT ON shop.deltas FOR EACH ROW EXECUTE FUNCTION shop.refuse()" 'DROP FUNCTION shop.refuse CASCADE'
breaks 'a rule on deltas' 'deltas_changed: deltas' 'CREATE RULE nothing AS ON INSERT TO shop.deltas DO INSTEAD NOTHING' 'DROP RULE nothing ON shop.deltas'
breaks 'row-level security on deltas' 'deltas_changed: deltas' 'ALTER TABLE shop.deltas ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY' \
	'ALTER TABLE shop.deltas DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY'
breaks 'a unique index on deltas' 'deltas_changed: deltas' 'CREATE UNIQUE INDEX one ON shop.deltas (at)' 'DROP INDEX shop.one'
breaks 'an index over an expression on deltas' 'deltas_changed: deltas' 'CREATE INDEX half ON shop.deltas ((1 / orders))' 'DROP INDEX shop.half'
breaks 'deltas unlogged' 'deltas_changed: deltas' 'ALTER TABLE shop.deltas SET UNLOGGED' 'ALTER TABLE shop.deltas SET LOGGED'
breaks 'deltas belong to somebody else' 'deltas_changed: deltas belongs to another role' 'ALTER TABLE shop.deltas OWNER TO heir' 'ALTER TABLE shop.deltas OWNER TO keeper'
breaks 'no index on deltas' right 'DROP INDEX shop.deltas_key' 'CREATE INDEX deltas_key ON shop.deltas (customer)'
breaks 'the row of state deleted' settings_missing 'CREATE TABLE kept AS TABLE shop.state; DELETE FROM shop.state; ALTER TABLE shop.state SET (fillfactor = 90)' 'INSERT INTO shop.state TABLE kept'

echo "1..$n"
