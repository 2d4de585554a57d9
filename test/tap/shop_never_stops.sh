#!/usr/bin/env bash
# Every way to break a live customer base: the orders are written, by a role that may do nothing else, without an error and
# without a wait; the base says what is wrong; and when that is put right, a refresh brings it back.
#
# Then what no trigger survives, with the runbook: one statement that has the orders go on.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
if [ "${1:-}" != inside ]; then
	export stage=${stage:-$("$top/test/server/build.sh")} copy
	# An installation of its own, whose library can be taken away without disturbing anybody.
	copy=$(mktemp -d "$stage/shop.XXXXXX") && trap 'rm -rf "$copy"' EXIT && chmod 755 "$copy" && cp -al "$stage/usr" "$copy/usr" || exit 1
	SERVER_OPTIONS='-c max_prepared_transactions=3 -c wal_level=logical' "$top/test/server/run.sh" "$copy" bash "$0" inside
	exit
fi

n=0
ok() { n=$((n + 1)); if [ "$1" = 0 ]; then echo "ok $n - $2"; else echo "not ok $n - $2"; fi; }
is() { [ "$1" = "$2" ]; ok $? "$3"; [ "$1" = "$2" ] || printf 'have: %s\nwant: %s\n' "$1" "$2" | told; }
like() { [[ $1 =~ $2 ]]; ok $? "$3"; [[ $1 =~ $2 ]] || printf 'have: %s\nwant: %s\n' "$1" "$2" | told; }
told() { sed '/^$/d; s/^/# /'; }
work=$(mktemp -d)
chmod 755 "$work"
trap 'rm -rf "$work"' EXIT

# Statements in the database of the present case, as a role: value(s), or the error.
as() { local role=$1; shift; PGOPTIONS="-c client_min_messages=error -c statement_timeout=20s" psql -XAtq -v ON_ERROR_STOP=1 -v VERBOSITY=terse -U "$role" -d shop "$@" 2>&1; }
dba() { as postgres -c "$1"; }
keeper() { as "$owner" -c "$1"; }

# --- the shop ------------------------------------------------------------------------------------------
# merchant owns the orders and clerk writes them; keeper may read them, and owns the bases.
psql -Xq -c 'CREATE ROLE merchant' -c 'CREATE ROLE clerk LOGIN' -c 'CREATE ROLE keeper LOGIN' -c 'CREATE ROLE heir LOGIN' -c 'CREATE DATABASE shop' || exit 1
PGOPTIONS='-c client_min_messages=error' psql -XAtq -v ON_ERROR_STOP=1 -d shop >/dev/null <<'SQL' || exit 1
CREATE SCHEMA customer;
CREATE EXTENSION pg_customer SCHEMA customer;
GRANT USAGE ON SCHEMA customer TO keeper, heir;
GRANT EXECUTE ON FUNCTION customer.base_record_changes() TO keeper;
SET search_path = public, customer;
GRANT CREATE ON SCHEMA public TO merchant;
SET ROLE merchant;
CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer_id int, at timestamptz, total numeric, note text);
INSERT INTO orders (customer_id, at, total) SELECT i % 40, now() - i * interval '7 hours', i % 90 - 5 FROM generate_series(1, 500) AS i;
CREATE TABLE visits (customer_id int, at timestamptz, total numeric, note text) PARTITION BY LIST (note);
CREATE TABLE visits_a PARTITION OF visits FOR VALUES IN ('a');
CREATE TABLE visits_rest PARTITION OF visits DEFAULT;
INSERT INTO visits (customer_id, at, total, note) SELECT i % 40, now() - i * interval '7 hours', i % 90 - 5, chr(97 + i % 2) FROM generate_series(1, 500) AS i;
GRANT INSERT ON ALL TABLES IN SCHEMA public TO clerk;
GRANT SELECT, TRIGGER ON ALL TABLES IN SCHEMA public TO keeper;
RESET ROLE;
GRANT CREATE ON DATABASE shop TO keeper;
SET ROLE keeper;
SELECT count(*) FROM create_customer_base('shop', 'orders', 'customer_id', 'at', 'total', time_zone => 'Europe/Paris');
SELECT count(*) FROM create_customer_base('parts', 'visits', 'customer_id', 'at', 'total', time_zone => 'Europe/Paris');
CALL start_maintenance('shop');
CALL start_maintenance('parts');
SQL
psql -Xq -c 'ALTER DATABASE shop RENAME TO ready' || exit 1
# A database of its own for each case.
from=ready owner=keeper
fresh() {
	psql -Xq -c 'SET client_min_messages = error' -c 'DROP DATABASE IF EXISTS shop WITH (FORCE)' -c "CREATE DATABASE shop TEMPLATE $from STRATEGY file_copy" \
		-c 'ALTER DATABASE shop SET search_path = public, customer' -c 'GRANT CREATE ON DATABASE shop TO keeper'
}

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
# As the clerk; a statement that takes two seconds has waited for something.
sell() { PGOPTIONS='-c statement_timeout=2s' psql -Xq -v ON_ERROR_STOP=1 -U clerk -d shop >>"$work/said" 2>&1; }

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
	! grep -E 'ERROR|FATAL|could not' "$work/said" "$work/broken" | told
}

# The base after a refresh, and as it follows the next orders without it.
mended() {
	local refreshed followed verify="SELECT count(*) FROM verify_customer_base('$base')"
	refreshed=$(as "$owner" -c "SELECT FROM refresh_customer_base('$base') HAVING count(*) = 0" -c "$verify")
	: >"$work/said"
	orders | sell || told <"$work/said"
	followed=$(as "$owner" -c "$verify" -c "CALL advance_customer_base('$base')" -c "$verify" | tr '\n' ' ')
	is "$refreshed, $followed, $(grep -c WARNING "$work/said") warnings, $(status)" '0, 0 0 , 0 warnings, right' "$1"
}
status() { as postgres -c "SELECT CASE WHEN stale THEN stale_reason ELSE 'right' END FROM ${schema:-$base}.base_status"; }

# breaks WHAT REASON BREAK REPAIR: a case of its own; REASON: what base_status says.
breaks() {
	fresh
	table=${table:-orders} base=${base:-shop}
	echo "$3" >"$work/break.sql"
	sold "$1" "$([ "$2" = right ] && echo 0 || echo "${warnings:-2}")"
	like "$(status)" "^$2" "$1: base_status says so"
	dba "$4" | told
	mended "$1: put right and refreshed, it follows"
}

# --- the tables of the base ----------------------------------------------------------------------------
table=orders base=shop schema=
breaks 'deltas renamed' 'deltas_missing: deltas' 'ALTER TABLE shop.deltas RENAME TO gone' 'ALTER TABLE shop.gone RENAME TO deltas'
breaks 'a check on deltas' 'deltas_changed: deltas' 'ALTER TABLE shop.deltas ADD CONSTRAINT small CHECK (gross < 10) NOT VALID' 'ALTER TABLE shop.deltas DROP CONSTRAINT small'
breaks 'a column of deltas that must be given' 'deltas_changed: deltas' 'CALL fold_customer_base($$shop$$); ALTER TABLE shop.deltas ALTER refunds SET NOT NULL' \
	'ALTER TABLE shop.deltas ALTER refunds DROP NOT NULL'
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
breaks 'the row of state deleted' settings_missing 'CREATE TABLE kept AS TABLE shop.state; DELETE FROM shop.state; ALTER TABLE shop.state SET (fillfactor = 90)' \
	'INSERT INTO shop.state TABLE kept'
breaks 'a base of a version that nobody knows' 'version: 99' "UPDATE shop.settings SET base_version = '99'; SELECT base_forget_settings('shop.settings')" \
	"UPDATE shop.settings SET base_version = '2'; SELECT base_forget_settings('shop.settings')"
breaks 'a base of an older version' 'version: 0' "UPDATE shop.settings SET base_version = '0'; SELECT base_forget_settings('shop.settings')" "SELECT upgrade_customer_base('shop')"

# What cannot be put right is dropped and made anew. The triggers that are left go on with the new base.
made_anew() {
	dba "DROP SCHEMA IF EXISTS shop CASCADE"
	keeper "SELECT FROM create_customer_base('shop', 'orders', 'customer_id', 'at', 'total')"
	keeper "CALL start_maintenance('shop')"
}
ruins() {  # WHAT BREAK WARNINGS
	fresh
	echo "$2" >"$work/break.sql"
	sold "$1" "${3:-2}"
	made_anew | told
	mended "$1: made anew, it follows"
}
ruins 'the schema of the base dropped' 'DROP SCHEMA shop CASCADE'
ruins 'the base dropped' 'DROP TRIGGER pg_customer_shop_insert ON orders; DROP TRIGGER pg_customer_shop_update ON orders; DROP TRIGGER pg_customer_shop_delete ON orders;
	DROP TRIGGER pg_customer_shop_truncate ON orders; SELECT FROM drop_customer_base($$shop$$)' 0
ruins 'deltas dropped' 'DROP TABLE shop.deltas CASCADE'
ruins 'settings dropped' 'DROP TABLE shop.settings CASCADE'
ruins 'everything but deltas dropped' 'DROP TABLE shop.settings, shop.state, shop.troubles, shop.summary, shop.lifecycle_changes, shop.quarantine CASCADE'
ruins 'troubles and deltas dropped' 'DROP TABLE shop.troubles, shop.deltas CASCADE'
ruins 'a column of deltas added' 'ALTER TABLE shop.deltas ADD extra text'
ruins 'a column of deltas dropped' 'ALTER TABLE shop.deltas DROP refunded CASCADE'
ruins 'another table in the place of deltas' 'DROP TABLE shop.deltas CASCADE; CREATE TABLE shop.deltas (customer text, day date, orders bigint, gross numeric, refunds bigint,
	refunded numeric, item text, at timestamptz NOT NULL); ALTER TABLE shop.deltas OWNER TO keeper'
ruins 'a view in the place of deltas' 'ALTER TABLE shop.deltas RENAME TO old; CREATE VIEW shop.deltas AS TABLE shop.old'
ruins 'all that the owner of the base owns dropped' 'DROP OWNED BY keeper CASCADE; GRANT SELECT, TRIGGER ON orders TO keeper; GRANT USAGE ON SCHEMA customer TO keeper;
	GRANT EXECUTE ON FUNCTION customer.base_record_changes() TO keeper; GRANT CREATE ON DATABASE shop TO keeper'
fresh
dba 'DROP TABLE shop.deltas CASCADE'
hint=$(PGOPTIONS= psql -Xq -U keeper -d shop -c "SELECT drop_customer_base('shop')" 2>&1 | sed -n 's/^HINT: *The owner can run: \(.*\) Then call this again.$/\1/p')
is "$(dba "SET ROLE merchant; $hint")" '' 'who may not drop triggers is told the statements for who may'
is "$(keeper "SELECT drop_customer_base('shop')"), $(dba "SELECT count(*) FROM pg_namespace WHERE nspname = 'shop'")" ', 0' 'what is left of a base can be dropped'

# --- the source ----------------------------------------------------------------------------------------
# The names and types of columns are those of the table: the orders of this test are written under both.
renaming() {  # WHAT REASON BREAK REPAIR INSERT: as breaks, where the statements of the clerk change with the table
	local before after
	fresh
	echo "$3" >"$work/break.sql"
	before=$(dba "SELECT count(*) FROM orders")
	: >"$work/said"
	{ one_order; echo "\\! psql -Xq -U postgres -d shop -f $work/break.sql"; echo "$5"; } | sell; local status=$?
	echo "$5" | sell; status=$((status + $?))
	is "$status, $(grep -cE 'ERROR|FATAL' "$work/said") errors, $(grep -c '^WARNING:  customer base' "$work/said") warnings" '0, 0 errors, 2 warnings' "$1: the orders are written"
	! grep -E 'ERROR|FATAL' "$work/said" | told
	like "$(status)" "^$2" "$1: base_status says so"
	dba "$4" | told
	after=$(dba "SELECT count(*) FROM orders")
	is $((after - before)) 3 "$1: all of them"
	mended "$1: put right and refreshed, it follows"
}
renaming 'a column of the source renamed' 'expression: amount_sql: .*total' 'ALTER TABLE orders RENAME total TO sum' 'ALTER TABLE orders RENAME sum TO total' \
	'INSERT INTO orders (customer_id, at, sum) VALUES (1, now(), 5);'
renaming 'a column of the source dropped' 'expression: amount_sql: .*total' 'ALTER TABLE orders DROP total' 'ALTER TABLE orders ADD total numeric DEFAULT 3' \
	'INSERT INTO orders (customer_id, at) VALUES (1, now());'
renaming 'the type of the amount changed' 'expression: amount_sql is of type double precision, not numeric' 'ALTER TABLE orders ALTER total TYPE float8' 'ALTER TABLE orders ALTER total TYPE numeric' \
	'INSERT INTO orders (customer_id, at, total) VALUES (1, now(), 5);'
renaming 'the type of the customer changed' 'expression: customer_sql is of type bigint, not integer' 'ALTER TABLE orders ALTER customer_id TYPE bigint' 'ALTER TABLE orders ALTER customer_id TYPE int' \
	'INSERT INTO orders (customer_id, at, total) VALUES (1, now(), 5);'
renaming 'the type of the day changed' 'expression: day_sql: ' 'ALTER TABLE orders ALTER at TYPE text' 'ALTER TABLE orders ALTER at TYPE timestamptz USING at::timestamptz' \
	'INSERT INTO orders (customer_id, at, total) VALUES (1, now()::text, 5);'
renaming 'the source renamed' 'source_renamed: public.orders' 'ALTER TABLE orders RENAME TO sales' 'ALTER TABLE sales RENAME TO orders' \
	'INSERT INTO sales (customer_id, at, total) VALUES (1, now(), 5);'
renaming 'the source in another schema' 'source_renamed: public.orders' 'CREATE SCHEMA far; GRANT USAGE ON SCHEMA far TO clerk; ALTER TABLE orders SET SCHEMA far' 'ALTER TABLE far.orders SET SCHEMA public' \
	'INSERT INTO far.orders (customer_id, at, total) VALUES (1, now(), 5);'
breaks 'columns that are none of the base' right 'ALTER TABLE orders ADD extra int DEFAULT 5, DROP note, ADD note text' ''
breaks 'the table rewritten' right 'VACUUM FULL orders' ''
breaks 'row-level security on the source' 'rights: role keeper may not read all rows of public.orders' \
	'ALTER TABLE orders ENABLE ROW LEVEL SECURITY; CREATE POLICY one ON orders USING (customer_id = 1); ALTER ROLE clerk BYPASSRLS' \
	'ALTER TABLE orders DISABLE ROW LEVEL SECURITY; ALTER ROLE clerk NOBYPASSRLS'

# --- rights --------------------------------------------------------------------------------------------
breaks 'SELECT on the source revoked' 'rights: role keeper may not read all rows of public.orders' 'REVOKE SELECT ON orders FROM keeper' 'GRANT SELECT ON orders TO keeper'
breaks 'SELECT on columns is enough' right 'REVOKE SELECT ON orders FROM keeper; GRANT SELECT (customer_id, at, total) ON orders TO keeper' 'GRANT SELECT ON orders TO keeper'
breaks 'INSERT on deltas revoked from their owner' right 'REVOKE ALL ON shop.deltas, shop.troubles FROM keeper' 'GRANT ALL ON shop.deltas, shop.troubles TO keeper'
breaks 'USAGE on the schema revoked from its owner' right 'REVOKE ALL ON SCHEMA shop FROM keeper' 'GRANT ALL ON SCHEMA shop TO keeper'
breaks 'USAGE on the schema of the extension revoked' right 'REVOKE ALL ON SCHEMA customer FROM keeper' 'GRANT USAGE ON SCHEMA customer TO keeper'
breaks 'EXECUTE on the trigger function revoked' right 'REVOKE ALL ON FUNCTION base_record_changes() FROM keeper' 'GRANT EXECUTE ON FUNCTION base_record_changes() TO keeper'
breaks 'the owner of the base may not log in' right 'ALTER ROLE keeper NOLOGIN CONNECTION LIMIT 0' 'ALTER ROLE keeper LOGIN CONNECTION LIMIT -1'

# An expression of a function
fresh
dba "CREATE FUNCTION worth(amount numeric) RETURNS numeric IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN 2 * amount; END'"
keeper "SELECT FROM create_customer_base('worth', 'orders', 'customer_id', 'at', 'worth(total)')"
keeper "CALL start_maintenance('worth')"
psql -Xq -c 'ALTER DATABASE shop RENAME TO worth'
from=worth base=worth schema=
breaks 'EXECUTE on a function of an expression revoked' 'expression: .*permission denied for function worth' 'REVOKE ALL ON FUNCTION worth FROM PUBLIC' 'GRANT EXECUTE ON FUNCTION worth TO PUBLIC'
breaks 'a function of an expression renamed' 'expression: amount_sql: .*worth' 'ALTER FUNCTION worth RENAME TO price' 'ALTER FUNCTION price RENAME TO worth'
breaks 'a function of an expression dropped' 'expression: amount_sql: .*worth' 'DROP FUNCTION worth' "CREATE FUNCTION worth(amount numeric) RETURNS numeric IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN 2 * amount; END'"

from=ready base=shop

# --- what triggers do not see: the comparison of advance finds it -----------------------------------------
# found WHAT BEFORE AFTER: what base_status says, and then after an advance; a refresh mends it.
found() {
	like "$(status)" "^$2" "$1: ${2:-nothing is known yet}"
	keeper "CALL advance_customer_base('$base')" | told
	like "$(status)" "^$3" "$1: advance finds it"
	mended "$1: refreshed, it follows"
}
differs='difference: the source has [0-9]+ rows, total [-.0-9]+, last day [-0-9]+; the base [0-9]+, [-.0-9]+, [-0-9]+'
fresh
is "$(dba "SET session_replication_role = replica; INSERT INTO orders (customer_id, at, total) VALUES (1, now(), 5); DELETE FROM orders WHERE id = 7")" '' 'session_replication_role = replica: orders are written'
found 'session_replication_role = replica' right "$differs"

fresh
table=visits base=parts
dba "CREATE TABLE visits_b PARTITION OF visits FOR VALUES IN ('z'); GRANT INSERT ON visits_b TO clerk; GRANT TRIGGER ON visits_b TO keeper"
: >"$work/break.sql"
sold 'a new partition' 0
is "$(as clerk -c "INSERT INTO visits_b (customer_id, at, total, note) VALUES (1, now(), 5, 'z')")" '' 'a new partition: orders are written to it directly'
found 'a new partition' 'visits_b lacks a trigger' "$differs"
is "$(dba "SELECT triggers_ok FROM parts.base_status")" t 'a new partition: it has its triggers now'

fresh
dba "CREATE TABLE visits_b PARTITION OF visits FOR VALUES IN ('z'); GRANT INSERT ON visits_b TO clerk"
like "$(PGOPTIONS= psql -XAtq -U keeper -d shop -c "CALL advance_customer_base('parts')" 2>&1)" "WARNING: .*public.visits_b may not have triggers of keeper.*HINT: .*GRANT TRIGGER ON public.visits_b TO keeper;" 'a partition that may not have triggers: advance says so'
like "$(status)" 'visits_b lacks a trigger' 'a partition that may not have triggers: base_status too'
is "$(dba "SELECT advanced_at IS NOT NULL FROM parts.state")" t 'a partition that may not have triggers: the rest of advance is done'

# Its triggers go with a partition. They are dropped by advance if the base's owner may do that, else by the partition's owner.
for member in GRANT REVOKE; do
	fresh
	dba "$member merchant $([ $member = GRANT ] && echo TO || echo FROM) keeper"
	dba "CREATE TABLE more (LIKE visits); ALTER TABLE more OWNER TO merchant; INSERT INTO more SELECT 3, now(), 8, 'z' FROM generate_series(1, 50) AS i;
		GRANT INSERT ON more TO clerk; GRANT TRIGGER ON more TO keeper; ALTER TABLE visits ATTACH PARTITION more FOR VALUES IN ('z')"
	sold "a partition attached ($member)" 0
	found "a partition attached ($member)" 'more lacks a trigger' "$differs"
	dba 'ALTER TABLE visits DETACH PARTITION visits_a'
	sold "a partition detached ($member)" 0
	[ $member = GRANT ] || dba 'UPDATE parts.state SET compared_on = NULL'
	found "a partition detached ($member)" right "$differs"
	is "$(as clerk -c "INSERT INTO visits_a (customer_id, at, total, note) VALUES (1, now(), 5, 'a')")" '' "a partition detached ($member): it can be written to"
	like "$(status)" "^$([ $member = GRANT ] && echo right || echo source_renamed: public.visits)" "a partition detached ($member): the base hears of that only by its triggers"
done
fresh
dba 'DROP TABLE visits_a'
sold 'a partition dropped' 0
dba 'UPDATE parts.state SET compared_on = NULL'
found 'a partition dropped' right "$differs"

table=orders base=shop
fresh
dba 'CREATE TABLE more () INHERITS (orders); INSERT INTO more (id, customer_id, at, total) VALUES (-1, 1, now(), 5)'
found 'a table that inherits from the source' right "$differs"

# --- triggers ------------------------------------------------------------------------------------------
fresh
triggers='TRIGGER pg_customer_shop_insert, %1$s TRIGGER pg_customer_shop_update, %1$s TRIGGER pg_customer_shop_delete, %1$s TRIGGER pg_customer_shop_truncate'
disable="ALTER TABLE orders DISABLE ${triggers//%1\$s/DISABLE}" enable="ALTER TABLE orders ENABLE ${triggers//%1\$s/ENABLE}"
echo "SET ROLE merchant; $disable" >"$work/break.sql"
sold 'triggers disabled' 0
like "$(status)" '^orders lacks a trigger, or it is disabled' 'triggers disabled: base_status says so'
keeper "CALL advance_customer_base('shop')"
is "$(dba "SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'pg\_customer\_shop\_%' AND tgenabled = 'D'")" 4 'triggers disabled: advance leaves them so'
dba "SET ROLE merchant; $enable"
like "$(status)" 'trigger_disabled: ' 'triggers enabled again: base_status knows that they were not'
mended 'triggers enabled again: refreshed, it follows'
dba "$disable"
keeper "CALL start_maintenance('shop')"
mended 'triggers disabled: start_maintenance enables them'
dba 'ALTER TABLE orders ENABLE REPLICA TRIGGER pg_customer_shop_insert'
like "$(status)" '^orders lacks a trigger' 'a trigger that fires for replicas alone: base_status says so'
dba 'ALTER TABLE orders ENABLE ALWAYS TRIGGER pg_customer_shop_insert; ALTER TRIGGER pg_customer_shop_insert ON orders RENAME TO other'
mended 'a trigger renamed: it serves all the same'
dba 'DROP TRIGGER other ON orders; INSERT INTO orders (customer_id, at, total) VALUES (1, now(), 5); UPDATE shop.state SET compared_on = NULL'
found 'a trigger dropped' 'orders lacks a trigger' "$differs"

fresh
echo 'ALTER SCHEMA shop RENAME TO store' >"$work/break.sql"
sold 'the schema of the base renamed' 2
schema=store
found 'the schema of the base renamed' 'orders lacks a trigger' "$differs" >"$work/found"
grep -v ' - .*refreshed' "$work/found" | grep -E '^(not )?ok'; n=$((n - 1))
is "$(dba "SET ROLE merchant; SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'pg\_customer\_shop\_%'; DROP TRIGGER pg_customer_shop_insert ON orders; DROP TRIGGER pg_customer_shop_update ON orders;
	DROP TRIGGER pg_customer_shop_delete ON orders; DROP TRIGGER pg_customer_shop_truncate ON orders")" 4 'the schema of the base renamed: its old triggers are for the owner of the table to drop'
mended 'the schema of the base renamed: it follows under the new name'
schema=

# --- TRUNCATE --------------------------------------------------------------------------------------------
fresh
echo 'SET ROLE merchant; TRUNCATE orders' >"$work/break.sql"
: >"$work/said"
{ one_order; echo "\\! psql -Xq -U postgres -d shop -f $work/break.sql"; orders; } | sell
is "$?, $(cat "$work/said"), $(dba 'SELECT count(*) FROM orders'), $(keeper "SELECT count(*) FROM verify_customer_base('shop')"), $(status)" '0, , 27, 0, right' 'TRUNCATE of the source empties the base'
like "$(printf 'BEGIN ISOLATION LEVEL REPEATABLE READ;\nTRUNCATE orders;\nCOMMIT;' | as postgres; status)" '^truncated: orders' 'TRUNCATE in an old snapshot is done, and base_status says so'
mended 'TRUNCATE in an old snapshot: refreshed, it follows'
table=visits base=parts
fresh
echo 'SET ROLE merchant; TRUNCATE visits_a' >"$work/break.sql"
: >"$work/said"
{ one_order; echo "\\! psql -Xq -U postgres -d shop -f $work/break.sql"; orders; } | sell
is "$?, $(grep -c '^WARNING:  ' "$work/said")" '0, 0' 'TRUNCATE of a partition: the orders are written'
like "$(status)" '^truncated: visits_a' 'TRUNCATE of a partition: base_status says so'
mended 'TRUNCATE of a partition: refreshed, it follows'
table=orders base=shop

# --- sessions --------------------------------------------------------------------------------------------
warnings=1 breaks 'pg_customer.maintain = off' 'maintain_off: maintenance was switched off' 'ALTER DATABASE shop SET pg_customer.maintain = off' 'ALTER DATABASE shop RESET pg_customer.maintain'
warnings=1 breaks 'a time zone that does not exist any more' 'expression: time_zone: invalid value for parameter' "UPDATE shop.settings SET time_zone = 'Mars/Olympus'" "UPDATE shop.settings SET time_zone = 'Europe/Paris'"
unset warnings
breaks 'a time zone within an expression that does not exist any more' 'expression: day_sql: time zone "Mars/Olympus" not recognized' "UPDATE shop.settings SET day_sql = replace(day_sql, 'Europe/Paris', 'Mars/Olympus'); SELECT base_forget_settings('shop.settings')" \
	"UPDATE shop.settings SET day_sql = replace(day_sql, 'Mars/Olympus', 'Europe/Paris'); SELECT base_forget_settings('shop.settings')"

# locked WHAT TABLES MODE: by a session that does nothing else
locked() {
	fresh
	cat >"$work/break.sql" <<-SQL
		\\! psql -Xq -U postgres -d shop -c "BEGIN" -c "LOCK TABLE $2 IN $3 MODE" -c "SELECT pg_sleep(60)" >$work/locker 2>&1 &
		DO \$\$ BEGIN WHILE NOT EXISTS (SELECT FROM pg_locks WHERE relation = 'shop.deltas'::regclass AND granted AND mode ~ 'Exclusive' AND pid <> pg_backend_pid()) LOOP PERFORM pg_sleep(0.01); END LOOP; END \$\$;
	SQL
	sold "$1" "$4"
}
unlock() { dba "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'" >/dev/null; }
locked 'deltas locked by somebody' shop.deltas EXCLUSIVE 2
like "$(status)" '^locked' 'deltas locked by somebody: base_status says so'
unlock
mended 'deltas locked by somebody: refreshed, it follows'
locked 'all tables of the base locked by somebody' 'shop.deltas, shop.settings, shop.state, shop.troubles, shop.summary, shop.quarantine' 'ACCESS EXCLUSIVE' 2
unlock
found 'all tables of the base locked by somebody' right "$differs"

# --- transactions in doubt --------------------------------------------------------------------------------
fresh
is "$(printf "BEGIN;\nINSERT INTO orders (customer_id, at, total) SELECT i %% 60, now(), i FROM generate_series(1, 100) AS i;\nPREPARE TRANSACTION 'kept';
	BEGIN;\nINSERT INTO orders (customer_id, at, total) VALUES (1, now(), 5);\nPREPARE TRANSACTION 'left';" | as clerk)" '' 'PREPARE TRANSACTION'
mended 'transactions in doubt: nobody waits for them'
is "$(as clerk -c "COMMIT PREPARED 'kept'" -c "ROLLBACK PREPARED 'left'")" '' 'COMMIT PREPARED'
mended 'COMMIT PREPARED: the base has them as well'
dba 'ALTER TABLE shop.deltas RENAME TO gone'
is "$(printf "BEGIN;\nINSERT INTO orders (customer_id, at, total) VALUES (1, now(), 5);\nPREPARE TRANSACTION 'kept';\nCOMMIT PREPARED 'kept';" | as clerk)" '' 'a broken base: transactions are prepared all the same'
like "$(status)" '^deltas_missing' 'a broken base: a transaction that was prepared says so'
dba 'ALTER TABLE shop.gone RENAME TO deltas'
mended 'a broken base: put right and refreshed, it follows'

# --- values ----------------------------------------------------------------------------------------------
fresh
: >"$work/said"
sell <<'SQL'
INSERT INTO orders (customer_id, at, total) VALUES (1, now(), 'NaN');
INSERT INTO orders (customer_id, at, total) VALUES (1, now(), 1.123456789);
INSERT INTO orders (customer_id, at, total) VALUES (1, now(), 'Infinity'), (1, now(), 1e30), (2, now(), 5), (1, 'infinity', 3), (1, NULL, 3), (NULL, now(), 3), (2, now(), NULL);
INSERT INTO orders (customer_id, at, total) VALUES (1, '4714-11-24 00:00 BC', 1), (1, '294276-12-31 00:00', 1);
SQL
is "$?, $(cat "$work/said"), $(status), $(keeper "SELECT count(*) FROM verify_customer_base('shop')")" '0, , right, 0' 'NaN, nine digits, infinity: the orders are written, and the base is right'
quality() { keeper "SELECT string_agg(item || ' ' || rows, ', ' ORDER BY item) FROM shop.data_quality WHERE item ~ '^(quarantined_|orders_without)' AND rows > 0"; }
left_out='orders_without_customer 1, orders_without_day 1, quarantined_infinite 1, quarantined_infinite_day 1, quarantined_nan 1, quarantined_too_fine 1, quarantined_too_large 1'
is "$(quality)" "$left_out" 'what could not be used is counted at once'
keeper "CALL advance_customer_base('shop')"
is "$(quality), $(dba 'SELECT quarantined FROM shop.base_status'), $(dba 'SELECT count(*) FROM shop.quarantine')" "$left_out, 5, 5" 'and stays so'
dba "SET ROLE merchant; UPDATE orders SET total = 7, at = now() WHERE NOT (abs(total) < 1000 AND scale(total) < 7 AND at < 'infinity')"
is "$(quality), $(keeper "SELECT count(*) FROM verify_customer_base('shop')")" "orders_without_customer 1, orders_without_day 1, 0" 'what was put right is in the base'
mended 'NaN, nine digits, infinity: put right, it follows'

# --- the owner of the base -------------------------------------------------------------------------------
fresh
like "$(psql -Xq -d postgres -c 'DROP ROLE keeper' 2>&1)" 'cannot be dropped because some objects depend on it' 'the role of a base is not dropped by accident'
echo 'REASSIGN OWNED BY keeper TO heir' >"$work/break.sql"
sold 'the base is somebody else'"'"'s now' 2
like "$(status)" '^rights: role heir may not read all rows of public.orders' 'the base is somebody else'"'"'s now: base_status says so'
dba 'GRANT SELECT, TRIGGER ON orders TO heir; GRANT USAGE ON SCHEMA customer TO heir'
owner=heir mended 'the base is somebody else'"'"'s now, who may read the source: it follows'

# --- the extension ---------------------------------------------------------------------------------------
fresh
like "$(psql -Xq -d shop -c 'DROP EXTENSION pg_customer' 2>&1)" 'cannot drop extension pg_customer because other objects depend on it' 'DROP EXTENSION is refused while a base is live'
like "$(psql -Xq -d shop -c 'ALTER EXTENSION pg_customer SET SCHEMA public' 2>&1)" 'does not support SET SCHEMA' 'so is another schema'
like "$(psql -Xq -d shop -c 'DROP FUNCTION base_record_changes() CASCADE' 2>&1)" 'cannot drop function' 'and the end of the trigger function'
echo 'SET client_min_messages = error; DROP EXTENSION pg_customer CASCADE' >"$work/break.sql"
sold 'DROP EXTENSION CASCADE' 0
is "$(dba "SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'pg\_customer%'")" 0 'DROP EXTENSION CASCADE takes the triggers along'

# --- replication: a subscription fires no triggers ----------------------------------------------------------
fresh
dba "SELECT FROM pg_create_logical_replication_slot('feed', 'pgoutput')" | told
psql -Xq -c 'CREATE DATABASE branch TEMPLATE shop' -c 'ALTER DATABASE shop RENAME TO head' -c 'ALTER DATABASE branch RENAME TO shop' -c 'ALTER DATABASE shop SET search_path = public, customer'
psql -Xq -d head -c 'CREATE PUBLICATION feed FOR TABLE orders'
dba "CREATE SUBSCRIPTION feed CONNECTION 'host=$PGHOST port=$PGPORT dbname=head user=postgres' PUBLICATION feed WITH (create_slot = false, slot_name = 'feed', copy_data = false)" | told
psql -Xq -d head -c "INSERT INTO orders (customer_id, at, total) VALUES (-1, now(), 5)"
dba "DO \$\$ BEGIN FOR i IN 1 .. 100 LOOP EXIT WHEN EXISTS (SELECT FROM orders WHERE customer_id = -1); PERFORM pg_sleep(0.1); COMMIT; END LOOP; END \$\$"
is "$(dba 'SELECT count(*) FROM orders WHERE customer_id = -1'), $(status)" '1, right' 'a subscription writes orders that triggers do not see'
keeper "CALL advance_customer_base('shop')"
like "$(status)" "^$differs" 'a subscription: advance finds it'
like "$(PGOPTIONS= psql -XAtq -U keeper -d shop -c "CALL start_maintenance('shop')" 2>&1)" 'public.orders is filled by a subscription, which fires no triggers.*HINT:.*refresh_customer_base' 'a subscription: no base can be live'
dba 'ALTER SUBSCRIPTION feed DISABLE; ALTER SUBSCRIPTION feed SET (slot_name = NONE); DROP SUBSCRIPTION feed' | told
psql -Xq -d postgres -c "DO \$\$ BEGIN WHILE EXISTS (SELECT FROM pg_replication_slots WHERE active) LOOP PERFORM pg_sleep(0.1); END LOOP; END \$\$" -c 'DROP DATABASE head WITH (FORCE)' 2>&1 | told

# --- what no trigger survives, and how orders go on ---------------------------------------------------------
# stops ERROR: the orders of the clerk are not written. The runbook has them written; afterwards the base is brought back.
stops() {  # WHAT ERROR
	: >"$work/said"
	orders | sell
	is "$?" 3 "$1: orders are not written"
	like "$(cat "$work/said")" "$2" "$1: the error says why"
}
# The statements for every table of a source, partitions included.
each_trigger() { echo "SELECT format('$1', tgrelid::regclass, tgname) FROM pg_trigger WHERE tgname LIKE 'pg\\_customer\\_$base\\_%' \\gexec" | as postgres; }
goes_on() {
	: >"$work/said"
	orders | sell
	is "$?, $(cat "$work/said")" '0, ' "$1: without the triggers orders are written"
}

fresh
library=$(echo "$copy"/usr/lib/postgresql/*/lib/pg_customer.so)
: >"$work/said"
{ one_order; echo "\\! mv $library $library.away"; orders; } | sell
is "$?, $(cat "$work/said")" '0, ' 'the library is gone: sessions that have it go on'
stops 'the library is gone' 'could not access file "[^"]*pg_customer".*No such file'
is "$(dba "SET ROLE merchant; $disable")" '' 'the library is gone: one statement disables the triggers'
goes_on 'the library is gone'
mv "$library.away" "$library"
is "$(dba "SET ROLE merchant; $enable")" '' 'the library is back: one statement enables the triggers'
mended 'the library is back: refreshed, the base follows'

table=visits base=parts
fresh
dba "CREATE TABLE far (LIKE visits); CREATE EXTENSION postgres_fdw SCHEMA public; CREATE SERVER here FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '$PGHOST', port '$PGPORT', dbname 'shop');
	CREATE USER MAPPING FOR PUBLIC SERVER here OPTIONS (user 'postgres', password_required 'false');
	CREATE FOREIGN TABLE visits_far PARTITION OF visits FOR VALUES IN ('c') SERVER here OPTIONS (table_name 'far')"
stops 'a foreign partition' 'cannot collect transition tuples from child foreign tables'
like "$(status)" '^visits_far lacks a trigger' 'a foreign partition: base_status says so'
like "$(PGOPTIONS= psql -XAtq -U keeper -d shop -c "CALL advance_customer_base('parts')" 2>&1)" 'WARNING: .*public.visits_far is a foreign table' 'a foreign partition: so does advance'
# A trigger that is disabled has its rows collected all the same.
is "$(each_trigger 'DROP TRIGGER %2$I ON %1$s')" '' 'a foreign partition: one statement drops the triggers'
goes_on 'a foreign partition'
is "$(dba 'DROP FOREIGN TABLE visits_far'; keeper "CALL start_maintenance('parts')")" '' 'a foreign partition: gone, the base is live again'
mended 'a foreign partition: gone and refreshed, the base follows'

# A file that cannot grow: a limit for one session, above the size of a file of the write-ahead log.
fresh
dba "INSERT INTO visits SELECT i % 1000, '2026-11-01'::timestamptz - i / 1000 * interval '1 day', 12.34, chr(97 + i % 2) FROM generate_series(1, 350000) AS i"
size=$(dba "SELECT pg_relation_size('parts.deltas')")
as_server= server=$(stat -c %U "/proc/$(head -1 "$PG_CUSTOMER_SERVER_PID")")
[ "$server" = "$(id -un)" ] || as_server="runuser -u $server --"
full() {  # FILE-SIZE-LIMIT: orders in a session of the clerk that has it
	{ printf "SELECT pg_backend_pid() AS pid \\gset\n\\setenv pid :pid\n\\! $as_server prlimit --pid \$pid --fsize=%s\n" "$1"; cat; } | sell
}
if ! command -v prlimit >/dev/null || [ "$size" -lt 17000000 ]; then
	ok 0 "the disk is full # SKIP prlimit is missing, or deltas have only $size bytes"
else
	: >"$work/said"
	echo "INSERT INTO visits SELECT i % 1000, '2026-11-02', 12.34, chr(97 + i % 2) FROM generate_series(1, 1000) AS i;" | full "$size"
	is "$?" 3 'the disk is full: orders are not written'
	like "$(cat "$work/said")" 'could not (extend|write)' 'the disk is full: the error says why'
	is "$(each_trigger 'ALTER TABLE %s DISABLE TRIGGER %I')" '' 'the disk is full: one statement disables the triggers'
	: >"$work/said"
	orders | full "$size"
	is "$?, $(cat "$work/said")" '0, ' 'the disk is full: without the triggers orders are written'
	is "$(each_trigger 'ALTER TABLE %s ENABLE TRIGGER %I')" '' 'the disk has room again: one statement enables the triggers'
	mended 'the disk has room again: refreshed, the base follows'
fi

echo "1..$n"
