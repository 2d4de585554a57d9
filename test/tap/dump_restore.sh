#!/usr/bin/env bash
# A role that is no superuser installs the extension, makes a base and dumps its database; every kind of dump restores to the same.
set -u
export PGOPTIONS='-c client_min_messages=error'
n=0
ok() { n=$((n + 1)); if [ "$1" = 0 ]; then echo "ok $n - $2"; else echo "not ok $n - $2"; fi; }
is() { [ "$1" = "$2" ]; ok $? "$3"; [ "$1" = "$2" ] || printf '# have: %s\n# want: %s\n' "$1" "$2"; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
as_owner() { psql -XAtq -v ON_ERROR_STOP=1 -U shopkeeper "$@"; }

psql -Xq -c "CREATE ROLE shopkeeper LOGIN CREATEDB" -c "CREATE ROLE analyst LOGIN" || exit 1
as_owner -d postgres -c 'CREATE DATABASE shop_a' || exit 1
as_owner -d shop_a <<'SQL'
CREATE SCHEMA customer;
CREATE EXTENSION pg_customer SCHEMA customer;
CREATE TABLE "Bestellungen" (nr text, "Kunde Nr" uuid, at timestamptz, cents bigint, land text);
INSERT INTO "Bestellungen"
SELECT 'B' || i / 2, CASE WHEN i % 11 > 0 THEN md5((i / 2 * i / 7 % 300)::text)::uuid END,
	timestamptz '2024-01-01 UTC' + (i * 37 % 900) * interval '1 day', (i * 7919 % 20000) - 900, CASE WHEN i % 3 = 0 THEN 'DE' ELSE '中国' END
FROM generate_series(1, 5000) AS i;
CREATE TABLE kunden (id uuid PRIMARY KEY, land text, name text);
INSERT INTO kunden SELECT md5(i::text)::uuid, 'DE', 'Kunde ' || i FROM generate_series(0, 320) AS i;
SELECT count(*) > 0 FROM customer.create_customer_base('Mein Laden', source => 'public."Bestellungen"', customer => 'Kunde Nr', purchased_at => 'at',
	amount => 'cents / 100.0', order_id => 'nr', tenant => 'land', customers => 'public.kunden', customers_key => 'id', attributes => '{name}',
	as_of => '2026-06-30', time_zone => 'Asia/Shanghai', currency => 'EUR', language => 'zh') AS made \g /dev/null
CREATE TABLE "Umfrage" (wer uuid, land text, "Wann" timestamptz, "Urteil" text, worin text);
INSERT INTO "Umfrage" SELECT md5((i % 300)::text)::uuid, 'DE', timestamptz '2025-01-01 UTC' + i * interval '11 hours', (ARRAY['很满意', '满意', 'Neutral', '2', '很不满意', '??'])[1 + i % 6], (ARRAY[NULL, '质量', 'Preis'])[1 + i % 3]
FROM generate_series(1, 700) AS i;
SELECT count(*) FROM customer.attach_survey('Mein Laden', 'public."Umfrage"', 'wer', 'Wann', 'Urteil', 'csat', dimension => 'worin') \g /dev/null
SELECT customer.grant_reader('Mein Laden', 'analyst');
CREATE INDEX ON "Bestellungen" (nr);
CALL customer.start_maintenance('Mein Laden');
INSERT INTO "Bestellungen" SELECT 'C' || i / 3, md5((i % 40)::text)::uuid, timestamptz '2026-03-01 UTC' + i * interval '1 hour', i * 100, 'DE' FROM generate_series(1, 90) AS i;
CALL customer.fold_customer_base('Mein Laden');
UPDATE "Bestellungen" SET cents = cents + 1 WHERE nr ~ '^C';
DELETE FROM "Bestellungen" WHERE nr = 'C7';
INSERT INTO "Umfrage" VALUES (md5('7')::uuid, 'DE', '2026-01-01', '1', NULL);
INSERT INTO "Mein Laden".targets (tenant, metric, period, unit, target) VALUES ('DE', 'csat', '2025-01-01', 'year', 0.5);
GRANT SELECT ON kunden TO analyst;
GRANT USAGE ON SCHEMA customer TO analyst;
UPDATE "Mein Laden".segment_map SET label_zh = '我的冠军' WHERE segment = 'champions';
SELECT count(*) FROM customer.create_customer_base('DE allein', source => 'public."Bestellungen"', customer => 'Kunde Nr', purchased_at => 'at', amount => 'cents / 100.0', tenant => 'land',
	as_of => '2026-06-30', time_zone => 'Asia/Shanghai', visible => 'tenant <> ''中国''') \g /dev/null
SELECT customer.grant_reader('DE allein', 'analyst');
CALL customer.start_maintenance('DE allein');
SELECT count(*) FROM customer.fit_models('Mein Laden', '{mbgnbd,nbd}') \g /dev/null
CREATE VIEW best AS SELECT name, total FROM "Mein Laden".customers WHERE segment = 'champions';
SQL
ok $? 'a role that is no superuser installs the extension and makes a live base'
is "$(as_owner -d shop_a -c "SELECT count(*) FROM customer.verify_customer_base('Mein Laden')")" 0 'the base is right'
is "$(as_owner -d shop_a -c 'SELECT mode, delta_rows > 50, stale FROM "Mein Laden".base_status')" 'live|t|f' 'and has changes that are not folded yet'

# Everything that one can see of a base, as text.
picture() {
	as_owner -d "$1" <<'SQL' 2>&1
SET search_path = customer, public;
SELECT * FROM "Mein Laden".customers ORDER BY tenant, customer;
SELECT * FROM "Mein Laden".rfm_segments ORDER BY 1, 2;
SELECT * FROM "Mein Laden".kpis WHERE unit = 'quarter' ORDER BY 1, 2;
SELECT * FROM "Mein Laden".abc ORDER BY tenant, customer;
SELECT * FROM "Mein Laden".histories ORDER BY 1, 2;
SELECT * FROM "Mein Laden".cut_points ORDER BY 1, 2, 3;
SELECT * FROM "Mein Laden".models ORDER BY 1;
SELECT * FROM "Mein Laden".segment_values ORDER BY 1, 2;
SELECT * FROM "Mein Laden".model_fit ORDER BY 1;
SELECT * FROM "Mein Laden".model_parameters ORDER BY 1, 2;
SELECT * FROM "Mein Laden".ltv ORDER BY 1, 2;
SELECT * FROM "Mein Laden".survey_waves ORDER BY 1, 2, dimension, wave;
SELECT * FROM "Mein Laden".satisfaction_loyalty ORDER BY 1, 2, level;
SELECT * FROM "Mein Laden".kpi_targets;
SELECT survey, mode, answers, customers, quarantined, stale FROM "Mein Laden".survey_status;
SELECT * FROM "Mein Laden".lifecycle ORDER BY 1, 2;
SELECT * FROM "Mein Laden".lifecycle_changes ORDER BY 1;
SELECT * FROM "Mein Laden".rfm_segments_at('2025-06-30') ORDER BY 1, 2;
SELECT base, version, mode, as_of, source, customers, quarantined, triggers_ok, stale FROM "Mein Laden".base_status;
SELECT * FROM best ORDER BY 1, 2;
SELECT * FROM "DE allein".customers ORDER BY tenant, customer;
SELECT c.relname, c.relkind, c.relacl, c.reloptions, d.description FROM pg_class c LEFT JOIN pg_description d ON d.objoid = c.oid AND d.objsubid = 0 AND d.classoid = 'pg_class'::regclass
	WHERE relnamespace = '"Mein Laden"'::regnamespace ORDER BY 1;
SELECT tgrelid::regclass, tgname, tgenabled FROM pg_trigger WHERE NOT tgisinternal ORDER BY tgrelid::regclass::text, 2;
SELECT polrelid::regclass::text, polname, pg_get_expr(polqual, polrelid), relrowsecurity FROM pg_policy JOIN pg_class AS c ON c.oid = polrelid ORDER BY 1;
SELECT p.proname, pg_get_function_arguments(p.oid), pg_get_function_result(p.oid), p.provolatile, p.proparallel, p.proacl FROM pg_proc p WHERE pronamespace = '"Mein Laden"'::regnamespace ORDER BY 1;
SQL
}
picture shop_a > "$work/before"
[ "$(wc -l < "$work/before")" -gt 500 ]
ok $? 'there is something to compare'

restored() {  # NAME: what the restored database shows, and that it works on
	picture "$1" > "$work/$1"
	diff "$work/before" "$work/$1" > "$work/diff"
	ok $? "$2: all views, functions, comments, rights and rows are the same"
	head -30 "$work/diff" | sed 's/^/# /'
	is "$(as_owner -d "$1" -c "SELECT count(*) FROM customer.verify_customer_base('Mein Laden')")" 0 "$2: verify finds no difference"
	as_owner -d "$1" -c "INSERT INTO \"Bestellungen\" VALUES ('new', md5('7')::uuid, '2026-01-01', 4200, 'DE')"
	as_owner -d "$1" -c "INSERT INTO \"Umfrage\" VALUES (md5('7')::uuid, 'DE', '2026-01-02', '5', NULL)"
	is "$(as_owner -d "$1" -c "SELECT count(*) FROM unnest('{Mein Laden,DE allein}'::text[]) AS base, customer.verify_customer_base(base)")" 0 "$2: triggers follow a new order and a new answer, once"
	as_owner -d "$1" -c "CALL customer.advance_customer_base('Mein Laden')"
	is "$(as_owner -d "$1" -c "SELECT count(*) FROM customer.verify_customer_base('Mein Laden')")" 0 "$2: so does an advance"
	as_owner -d "$1" -c 'UPDATE "Mein Laden".summary SET orders = orders + 1 WHERE customer = md5($$7$$)::uuid AND tenant = $$DE$$'
	is "$(as_owner -d "$1" -c "SELECT count(*) FROM customer.verify_customer_base('Mein Laden')")" 1 "$2: verify finds damage"
	as_owner -d "$1" -c "SELECT count(*) FROM customer.refresh_customer_base('Mein Laden')" >/dev/null
	is "$(as_owner -d "$1" -c "SELECT count(*) FROM customer.verify_customer_base('Mein Laden')")" 0 "$2: refresh repairs it"
	is "$(psql -XAtq -U analyst -d "$1" -c 'SELECT count(*) > 0 FROM "Mein Laden".customers' -c 'SELECT DISTINCT tenant FROM "DE allein".customers' 2>&1)" $'t\nDE' "$2: the reader reads what the policies show"
}

for database in plain custom directory parts twice; do as_owner -d postgres -c "CREATE DATABASE restored_$database"; done
pg_dump -U shopkeeper -d shop_a > "$work/plain.sql" && as_owner -d restored_plain -f "$work/plain.sql" >/dev/null
ok $? 'a plain dump restores without an error'
restored restored_plain plain

pg_dump -U shopkeeper -Fc -d shop_a -f "$work/custom.dump" && pg_restore -U shopkeeper --exit-on-error -d restored_custom "$work/custom.dump"
ok $? 'a custom dump restores without an error'
restored restored_custom custom

pg_dump -U shopkeeper -Fd -j 2 -d shop_a -f "$work/directory" && pg_restore -U shopkeeper --exit-on-error -j 2 -d restored_directory "$work/directory"
ok $? 'a directory, dumped and restored by two, restores without an error'
restored restored_directory directory

as_owner -d shop_a -c "SELECT count(*) FROM unnest('{Mein Laden,DE allein}'::text[]) AS base, customer.refresh_customer_base(base)" >/dev/null
picture shop_a > "$work/before"
pg_dump -U shopkeeper --schema-only -d shop_a > "$work/schema.sql" && pg_dump -U shopkeeper --data-only -d shop_a > "$work/data.sql" &&
	as_owner -d restored_parts -f "$work/schema.sql" >/dev/null && PGOPTIONS="$PGOPTIONS -c pg_customer.maintain=off" as_owner -d restored_parts -f "$work/data.sql" >/dev/null
ok $? 'schema and data apart restore without an error'
is "$(as_owner -d restored_parts -c 'SELECT stale_reason ~ $$maintenance was switched off$$ FROM "Mein Laden".base_status')" t 'a base whose triggers were switched off for it says so'
as_owner -d restored_parts -c "SELECT count(*) FROM unnest('{Mein Laden,DE allein}'::text[]) AS base, customer.refresh_customer_base(base)" >/dev/null
restored restored_parts parts

as_owner -d restored_twice -f "$work/schema.sql" >/dev/null && as_owner -d restored_twice -f "$work/data.sql" >/dev/null
ok $? 'schema and data apart restore without an error, triggers left on'
as_owner -d restored_twice -c "CALL customer.advance_customer_base('Mein Laden')"
is "$(as_owner -d restored_twice -c 'SELECT stale_reason ~ $$^difference: the source has$$ FROM "Mein Laden".base_status')" t 'orders that are in the base already were counted again: the next advance finds it, on the same day too'
as_owner -d restored_twice -c "SELECT count(*) FROM unnest('{Mein Laden,DE allein}'::text[]) AS base, customer.refresh_customer_base(base)" >/dev/null
restored restored_twice twice

as_owner -d shop_a -c 'DROP EXTENSION pg_customer' 2>/dev/null
is $? 1 'the extension cannot be dropped under a base'
as_owner -d shop_a -c "DROP VIEW best" -c "SELECT customer.drop_customer_base(base) FROM unnest('{Mein Laden,DE allein}'::text[]) AS base" -c 'DROP EXTENSION pg_customer' >/dev/null
ok $? 'without the base it can'
is "$(as_owner -d shop_a -c "SELECT count(*) FROM pg_namespace WHERE nspname IN ('Mein Laden', 'DE allein')")" 0 'and nothing of the base is left'
for database in shop_a restored_plain restored_custom restored_directory restored_parts restored_twice; do psql -Xqc "DROP DATABASE $database"; done
psql -Xq -c 'DROP ROLE shopkeeper' -c 'DROP ROLE analyst'
echo "1..$n"
