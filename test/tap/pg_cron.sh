#!/usr/bin/env bash
# advance_customer_base, called every minute by pg_cron as the owner of a base, who is no superuser.
#
# Debian's package of pg_cron is unpacked into an installation of this test's own. Without it, the test is skipped.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
if [ "${1:-}" != inside ]; then
	export stage=${stage:-$("$top/test/server/build.sh")}
	major=$(basename "$(dirname "$(echo "$stage"/usr/lib/postgresql/*/bin)")")
	lib=usr/lib/postgresql/$major/lib share=usr/share/postgresql/$major/extension
	cron=$stage/pg_cron
	if [ ! -e "$stage/$lib/pg_cron.so" ] && [ ! -e "$cron/$lib/pg_cron.so" ]; then
		rm -rf "$cron" && mkdir -p "$cron"
		(cd "$cron" && apt-get -qq -o APT::Sandbox::User=root download "postgresql-$major-cron" && dpkg -x ./*.deb .) >/dev/null 2>&1 ||
			{ echo "1..0 # SKIP there is no package postgresql-$major-cron"; exit 0; }
	fi
	copy=$(mktemp -d "$stage/cron.XXXXXX") && trap 'rm -rf "$copy"' EXIT && chmod 755 "$copy" && cp -al "$stage/usr" "$copy/usr" || exit 1
	[ -e "$stage/$lib/pg_cron.so" ] || { cp "$cron/$lib/pg_cron.so" "$copy/$lib/" && cp "$cron/$share"/pg_cron* "$copy/$share/"; } || exit 1
	SERVER_OPTIONS='-c shared_preload_libraries=pg_cron -c cron.use_background_workers=on' "$top/test/server/run.sh" "$copy" bash "$0" inside
	exit
fi

n=0
is() { n=$((n + 1)); if [ "$1" = "$2" ]; then echo "ok $n - $3"; else printf 'not ok %s - %s\n# have: %s\n# want: %s\n' $n "$3" "$1" "$2"; fi; }
as() { PGOPTIONS='-c client_min_messages=error' psql -XAtq -v ON_ERROR_STOP=1 -U "$1" -c "$2" 2>&1; }

PGOPTIONS='-c client_min_messages=error' psql -XAtq -v ON_ERROR_STOP=1 >/dev/null <<'SQL' || exit 1
CREATE EXTENSION pg_cron;
CREATE SCHEMA customer;
CREATE EXTENSION pg_customer SCHEMA customer;
ALTER DATABASE postgres SET search_path = public, customer;
CREATE ROLE keeper LOGIN;
CREATE ROLE clerk LOGIN;
CREATE TABLE orders (customer_id int, at timestamptz, total numeric);
INSERT INTO orders SELECT i % 300, now() - (i * 7919 % 700) * interval '1 day', i % 90 FROM generate_series(1, 5000) AS i;
INSERT INTO orders SELECT 1000 + i % 10, now() - (40 + i / 10) * interval '1 day', 9 FROM generate_series(0, 49) AS i;
GRANT SELECT, TRIGGER ON orders TO keeper;
GRANT INSERT ON orders TO clerk;
GRANT CREATE ON DATABASE postgres TO keeper;
GRANT USAGE ON SCHEMA customer, cron TO keeper;
GRANT EXECUTE ON FUNCTION customer.base_record_changes() TO keeper;
SET search_path = public, customer;
SET ROLE keeper;
SELECT count(*) FROM create_customer_base('shop', 'orders', 'customer_id', 'at', 'total');
CALL start_maintenance('shop');
SQL
# A month without advance: time has changed stages as well.
as postgres "UPDATE shop.summary SET stage = (lifecycle_state(history, stage_on - 30, s.policy::lifecycle_policy)).stage, stage_on = stage_on - 30,
	stage_due = (lifecycle_state(history, stage_on - 30, s.policy::lifecycle_policy)).due FROM shop.settings AS s; UPDATE shop.state SET advanced_to = advanced_to - 30"
as clerk "INSERT INTO orders SELECT 250 + i % 100, now(), i FROM generate_series(1, 1000) AS i"
is "$(as keeper 'SELECT delta_rows, last_advance IS NULL FROM shop.base_status')" '100|t' 'orders are waiting to be folded'

# A job before its minute, so that it is not missed; the second one cannot succeed.
as keeper "SELECT cron.schedule('advance shop', '* * * * *', 'CALL customer.advance_customer_base(''shop'')'),
	cron.schedule('advance none', '* * * * *', 'CALL customer.advance_customer_base(''none'')')" >/dev/null
for ((i = 0; i < 75; i++)); do
	[ "$(as keeper "SELECT count(*) FROM cron.job_run_details WHERE status IN ('succeeded', 'failed')")" -ge 2 ] && break
	sleep 1
done
is "$(as keeper "SELECT DISTINCT status, d.username FROM cron.job_run_details AS d JOIN cron.job USING (jobid) WHERE jobname = 'advance shop'")" 'succeeded|keeper' 'the job ran and succeeded'
is "$(as keeper "SELECT status, return_message FROM cron.job_run_details JOIN cron.job USING (jobid) WHERE jobname = 'advance none' LIMIT 1" | sed -n '1s/: */: /p')" \
	'failed|ERROR: there is no customer base "none"' 'the job of a base that is not there failed, and says why'
is "$(as keeper "SELECT cron.unschedule(jobid) FROM cron.job" | sort -u)" t 'jobs can be ended'
is "$(as keeper 'SELECT delta_rows, last_advance IS NOT NULL, advanced_to = as_of, stale FROM shop.base_status')" '0|t|t|f' 'the base has been advanced'
is "$(as keeper "SELECT reason, count(*) FROM shop.lifecycle_changes GROUP BY reason ORDER BY reason" | tr '\n' ' ')" 'first purchase|50 silence|10 ' \
	'changes of stages are logged, those of orders and those of time'
is "$(as keeper "SELECT count(*) FROM verify_customer_base('shop')")" 0 'the base is right'
echo "1..$n"
