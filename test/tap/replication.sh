#!/usr/bin/env bash
# A standby serves every view of a base as the primary does, says clearly what it cannot do, and goes on by itself once promoted; a logical
# subscriber keeps a base by refreshes.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
if [ "${1:-}" != inside ]; then
	export stage=${stage:-$("$top/test/server/build.sh")}
	SERVER_OPTIONS='-c wal_level=logical -c hot_standby_feedback=on' "$top/test/server/run.sh" "$stage" bash "$0" inside
	exit
fi

n=0
ok() { n=$((n + 1)); if [ "$1" = 0 ]; then echo "ok $n - $2"; else echo "not ok $n - $2"; fi; }
is() { [ "$1" = "$2" ]; ok $? "$3"; [ "$1" = "$2" ] || printf 'have: %s\nwant: %s\n' "$1" "$2" | sed '/^$/d; s/^/# /'; }
export PGOPTIONS='-c client_min_messages=error -c timezone=UTC'
data=$(dirname "$PG_CUSTOMER_SERVER_PID")
standby=$(dirname "$data")/standby
as=()
[ "$(id -u)" != 0 ] || as=(runuser -u "$(stat -c %U "$data")" --)
trap '"${as[@]}" pg_ctl -D "$standby" -m immediate -w -t 20 stop >/dev/null 2>&1' EXIT
trap 'exit 143' INT TERM HUP

primary() { psql -XAtq -v ON_ERROR_STOP=1 -d shop "$@" 2>&1; }
replica() { psql -XAtq -v ON_ERROR_STOP=1 -d shop -p 5433 "$@" 2>&1; }
# What has been committed on the primary has arrived.
caught_up() { replica -c "DO \$\$ BEGIN FOR i IN 1 .. 200 LOOP EXIT WHEN pg_last_wal_replay_lsn() >= '$(primary -c 'SELECT pg_current_wal_lsn()')'; PERFORM pg_sleep(0.1); END LOOP; END \$\$"; }

# --- a shop with two live bases: one of orders, one of order lines with tenants and a survey ------------------
psql -Xqc 'CREATE DATABASE shop' && primary >/dev/null <<'SQL' || { echo 'Bail out! no shop'; exit 1; }
CREATE SCHEMA customer;
CREATE EXTENSION pg_customer SCHEMA customer;
ALTER DATABASE shop SET search_path = public, customer;
SET search_path = public, customer;
CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer_id int, at timestamptz, total numeric);
INSERT INTO orders (customer_id, at, total) SELECT i * i % 700, now() - (i * 7919 % 900) * interval '1 day', i % 90 - 3 FROM generate_series(1, 8000) AS i;
CREATE TABLE lines (nr int, customer_id int, land text, at timestamptz, amount numeric, score int);
INSERT INTO lines SELECT i / 3, i / 3 * 7 % 400, CASE WHEN i % 3000 < 1500 THEN 'DE' ELSE 'CN' END, timestamptz '2024-01-01 UTC' + (i / 3 * 37 % 600) * interval '1 day', i % 50, i % 11
FROM generate_series(1, 6000) AS i;
CREATE INDEX ON lines (nr);
SELECT count(*) FROM create_customer_base('shop', 'orders', 'customer_id', 'at', 'total', time_zone => 'UTC', as_of => 'last_purchase');
SELECT count(*) FROM create_customer_base('lines', 'lines', 'customer_id', 'at', 'amount', order_id => 'nr', tenant => 'land', as_of => 'last_purchase', schema => 'line_base', time_zone => 'UTC');
SELECT count(*) FROM attach_survey('lines', 'lines', 'customer_id', 'at', 'score', 'nps', agent => 'land');
SELECT count(*) FROM fit_models('shop', '{mbgnbd,nbd}');
CALL start_maintenance('shop');
CALL start_maintenance('lines');
SQL
"${as[@]}" pg_basebackup -h "$PGHOST" -p "$PGPORT" -U postgres -D "$standby" -R -c fast >/dev/null 2>&1 &&
	"${as[@]}" env LC_ALL=C pg_ctl -D "$standby" -l "$standby.log" -w -t 60 -s \
		-o "-c listen_addresses='' -c unix_socket_directories='$PGHOST' -c port=5433 -c wal_level=logical -c hot_standby_feedback=on -c fsync=off -c timezone=UTC -c shared_buffers=64MB" start
ok $? 'a standby follows the primary'
# From here on changes that are not folded.
primary -c "INSERT INTO orders (customer_id, at, total) SELECT i % 60, now() - i % 3 * interval '1 day', i FROM generate_series(1, 300) AS i" \
	-c "UPDATE lines SET amount = amount + 1 WHERE nr % 40 = 0" -c "DELETE FROM lines WHERE nr % 97 = 0" \
	-c "INSERT INTO orders (customer_id, at, total) VALUES (NULL, now(), 1), (1, now(), 'NaN')" -c "CALL advance_customer_base('lines')" \
	-c "UPDATE lines SET customer_id = 5 WHERE nr % 50 = 0"
caught_up

# --- reading ---------------------------------------------------------------------------------------------------
# A line for every view of both bases and for what else is read: what is in it. A file of a standby may have another size.
primary -c "SELECT format('SELECT %L, count(*), md5(string_agg(w, E''\\n'' ORDER BY w)) FROM %1\$s AS v, LATERAL (SELECT (to_jsonb(v) - ''bytes'')::text AS w) AS w;', format('%I.%I', table_schema, table_name))
		FROM information_schema.views WHERE table_schema IN ('shop', 'line_base') ORDER BY table_schema, table_name" >"$data/../views.sql"
cat >>"$data/../views.sql" <<'SQL'
SELECT 'customers_at', count(*), md5(string_agg(v::text, E'\n' ORDER BY v::text)) FROM shop.customers_at(current_date - 200) AS v;
SELECT 'segment_moves', count(*), md5(string_agg(v::text, E'\n' ORDER BY v::text)) FROM shop.segment_moves(current_date - 200, current_date) AS v;
SELECT 'bases', count(*), string_agg(base, ' ' ORDER BY base) FROM customer_bases();
SELECT 'summarise', count(*), md5(string_agg(v::text, E'\n' ORDER BY v::text)) FROM summarise('SELECT customer_id, at, total FROM orders WHERE total < 1000 AND customer_id IS NOT NULL', NULL::int) AS v;
SELECT 'GROUP BY', count(*), md5(string_agg(h::text, E'\n' ORDER BY c)) FROM (SELECT customer_id AS c, purchase_history(at, total) AS h FROM orders WHERE total < 1000 GROUP BY customer_id) AS v;
SELECT 'rfm_table', count(*), md5(string_agg(v::text, E'\n' ORDER BY v::text)) FROM rfm_table('SELECT customer_id, at, total FROM orders WHERE total < 1000', NULL::int, '2026-01-01') AS v;
SELECT 'holdout_test', count(*), md5(string_agg(v::text, E'\n' ORDER BY v::text)) FROM holdout_test('lines', '2024-12-31', '2025-06-30') AS v;
SQL
views="$data/../views.sql"
primary -f "$views" >"$views.primary"
replica -f "$views" >"$views.replica"
{ echo 'BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY;'; cat "$views"; echo 'COMMIT;'; } >"$views.only"
primary -f "$views.only" >"$views.primary.only"
replica -f "$views.only" >"$views.replica.only"
[ "$(wc -l <"$views.primary")" = "$(grep -c . "$views")" ] && ! grep -q ERROR "$views.primary"
ok $? "$(grep -c 'base\.\|shop\.' "$views.primary") views and what else is read"
grep ERROR "$views.primary" | sed 's/^/# /'
for where in replica primary.only replica.only; do
	is "$(diff "$views.primary" "$views.$where")" '' "the same rows: $where"
done
[ "$(grep -cv '|0|' "$views.replica")" -gt 30 ]
ok $? 'most of them have rows'
is "$(for base in shop lines; do replica -c "SELECT * FROM verify_customer_base('$base')"; done)" '' 'a base can be verified there'

# --- what cannot be done there -----------------------------------------------------------------------------------
# The message, the hint and the code of each.
writing=(
	"SELECT * FROM create_customer_base('shop', 'orders', 'customer_id', 'at', 'total')"
	"SELECT * FROM refresh_customer_base('shop')" "SELECT * FROM fit_models('shop')" "SELECT forget_customer('shop', '7')" "SELECT keep_history_before('shop', '2025-01-01')"
	"SELECT drop_customer_base('shop')" "SELECT grant_reader('shop', 'postgres')" "SELECT revoke_reader('shop', 'postgres')" "SELECT upgrade_customer_base('shop')"
	"SELECT * FROM attach_survey('shop', 'lines', 'customer_id', 'at', 'score', 'nps')" "SELECT detach_survey('shop', 'nps')"
	"CALL start_maintenance('shop')" "CALL stop_maintenance('shop')" "CALL fold_customer_base('shop')" "CALL advance_customer_base('shop')"
)
# Who does not say it, and what is said instead.
refused() {  # COMMAND ERROR [OPTION]
	local statement
	for statement in "${writing[@]}"; do
		PGOPTIONS="$PGOPTIONS ${3:-}" "$1" -v VERBOSITY=verbose -c "$statement" | grep -qF "ERROR:  25006: $2" || { echo "$statement:"; PGOPTIONS="$PGOPTIONS ${3:-}" "$1" -c "$statement" | head -2; }
	done
}
is "$(refused replica 'customer base "shop" cannot be changed on a standby server')" '' 'what changes a base says so on a standby'
is "$(refused primary 'customer base "shop" cannot be changed in a read-only transaction' '-c default_transaction_read_only=on')" '' 'and in a read-only transaction'
is "$(replica -c "CALL advance_customer_base('shop')" | sed -n 2p)" 'HINT:  Call it on the primary: the standby follows. Here the views and verify_customer_base can be read.' 'with the way out'

# --- promoted ------------------------------------------------------------------------------------------------------
"${as[@]}" pg_ctl -D "$standby" -w -t 60 -s promote
ok $? 'the standby is promoted'
is "$(replica -f "$views" | diff "$views.primary" -)" '' 'the same rows after that'
replica -c "INSERT INTO orders (customer_id, at, total) SELECT 650 + i, now(), 20 FROM generate_series(1, 100) AS i" -c "UPDATE lines SET amount = 1 WHERE nr = 13" -c "DELETE FROM orders WHERE id % 50 = 0"
status="SELECT mode, triggers_ok, stale, delta_rows > 0 FROM shop.base_status"
is "$(replica -c "$status"), $(replica -c "SELECT count(*) FROM verify_customer_base('shop')"), $(replica -c "SELECT count(*) FROM verify_customer_base('lines')")" 'live|t|f|t, 0, 0' 'triggers go on'
is "$(replica -c "CALL fold_customer_base('lines')" -c "CALL advance_customer_base('shop')" -c "$status")" 'live|t|f|f' 'so do folds and advances'
is "$(replica -c "SELECT count(*) > 5 FROM refresh_customer_base('shop')"), $(replica -c "SELECT count(*) FROM verify_customer_base('shop')")" 't, 0' 'and refreshes'

# --- a logical subscriber ------------------------------------------------------------------------------------------
psql -Xqc 'CREATE DATABASE branch' && psql -Xqd branch -c 'CREATE SCHEMA customer' -c 'CREATE EXTENSION pg_customer SCHEMA customer' -c 'ALTER DATABASE branch SET search_path = public, customer'
branch() { psql -XAtq -v ON_ERROR_STOP=1 -d branch "$@" 2>&1; }
primary -c 'CREATE PUBLICATION feed FOR TABLE orders' -c "SELECT FROM pg_create_logical_replication_slot('feed', 'pgoutput')"
branch -c 'CREATE TABLE orders (id bigint PRIMARY KEY, customer_id int, at timestamptz, total numeric)' \
	-c "CREATE SUBSCRIPTION feed CONNECTION 'host=$PGHOST port=$PGPORT dbname=shop user=postgres' PUBLICATION feed WITH (create_slot = false, slot_name = 'feed', copy_data = true)"
arrived() { branch -c "DO \$\$ BEGIN FOR i IN 1 .. 200 LOOP EXIT WHEN (SELECT count(*) FROM orders) = $(primary -c 'SELECT count(*) FROM orders'); COMMIT; PERFORM pg_sleep(0.1); END LOOP; END \$\$"; }
arrived
is "$(branch -c "SELECT value FROM create_customer_base('branch', 'orders', 'customer_id', 'at', 'total', time_zone => 'UTC') WHERE item = 'customers'")" \
	"$(primary -c 'SELECT customers FROM shop.base_status')" 'a subscriber has a base of the orders that it receives'
is "$(branch -c "CALL start_maintenance('branch')" | head -2)" "ERROR:  customer base \"branch\" cannot be live: public.orders is filled by a subscription, which fires no triggers
HINT:  A base in refresh mode follows any source: schedule SELECT * FROM refresh_customer_base('branch')." 'which cannot be live, and says what to do'
primary -c "INSERT INTO orders (customer_id, at, total) SELECT 5000 + i, now(), 20 FROM generate_series(1, 50) AS i"
arrived
is "$(branch -c "SELECT count(*) FROM verify_customer_base('branch')"), $(branch -c "SELECT count(*) > 5 FROM refresh_customer_base('branch')"), $(branch -c "SELECT count(*) FROM verify_customer_base('branch')"), $(branch -c 'SELECT stale FROM branch.base_status')" \
	'50, t, 0, f' 'a refresh brings what has been received since'
same="SELECT count(*), sum(orders), sum(total), max(stage) FROM"
is "$(branch -c "$same branch.customers")" "$(primary -c "$same shop.customers")" 'the customers are those of the publisher'
branch -c 'ALTER SUBSCRIPTION feed DISABLE' -c 'ALTER SUBSCRIPTION feed SET (slot_name = NONE)' -c 'DROP SUBSCRIPTION feed'

# A load that fires no triggers, on a live base.
primary -c "CALL advance_customer_base('shop')" -c 'UPDATE shop.state SET compared_on = NULL'
PGOPTIONS="$PGOPTIONS -c session_replication_role=replica" primary -c "INSERT INTO orders (customer_id, at, total) VALUES (1, now(), 5)"
is "$(primary -c "CALL advance_customer_base('shop')" -c "SELECT stale, stale_reason ~ '^difference: the source has' FROM shop.base_status")" 't|t' 'a load that fires no triggers is found by the next comparison'
is "$(primary -c "SELECT count(*) > 5 FROM refresh_customer_base('shop')" -c 'SELECT stale FROM shop.base_status' | tail -1)" f 'and a refresh makes up for it'
echo "1..$n"
