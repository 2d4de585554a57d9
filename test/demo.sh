#!/usr/bin/env bash
# Shows what a customer base tells, in a throwaway database: of a made-up shop, or of a CSV file.
#
#   test/demo.sh
#   DATA=orders.csv CUSTOMER=column AT=column AMOUNT=expression [ORDER=column] [ENCODING=GBK] test/demo.sh
#
# Installs what is missing, builds, shows, and leaves nothing running.
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
demo=$top/test/demo
export LC_ALL=C.UTF-8 PGCLIENTENCODING=UTF8

seconds() { awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN { printf "%8.1f s\n", b - a }'; }

# Says what is being done, does it, and says how long it took.
step() {
	local begun=$EPOCHREALTIME
	printf '%-60s' "$1"; shift
	"$@" 2>"$work/errors" || { echo; cat "$work/errors" >&2; exit 1; }
	seconds "$begun"
	cat "$work/errors"
}

# The user's file as UTF-8 text.
read_data() {
	local unpack=(cat)
	case $DATA in *.gz) unpack=(gzip -dc) ;; esac
	if [ -z "${ENCODING:-}" ]; then "${unpack[@]}" <"$DATA"; else "${unpack[@]}" <"$DATA" | iconv -f "$ENCODING" -t UTF-8; fi
}

sql() { psql -Xq -v ON_ERROR_STOP=1 -d demo "$@"; }
prepare() {
	psql -Xqc 'CREATE DATABASE demo' && sql -c 'CREATE SCHEMA customer' -c 'CREATE EXTENSION pg_customer SCHEMA customer' \
		-c 'ALTER DATABASE demo SET search_path = public, customer'
}
load() { read_data | sql -f "$work/load.sql" && sql -f "$demo/types.sql"; }

# In the throwaway cluster, whose directory also takes our files.
if [ "${1:-}" = inside ]; then
	work=$(dirname "$PG_CUSTOMER_SERVER_LOG")
	base=$demo/base.sql who="name || ', ' || city"
	step 'CREATE EXTENSION pg_customer' prepare
	if [ -z "${DATA:-}" ]; then
		step 'A shop: 20,000 customers, 63,000 orders in three years' sql -f "$demo/shop.sql"
	else
		perl "$demo/load.pl" "$work" < <(read_data)
		base=$work/base.sql who=customer::text
		step "Reading $DATA" load
	fi
	step 'Its customer base: create_customer_base' sql -o /dev/null -f "$base"
	begun=$EPOCHREALTIME
	echo
	[ -z "${DATA:-}" ] || sql -P footer=off -P border=0 -c "SELECT attname AS column, format_type(atttypid, atttypmod) AS type
		FROM pg_attribute WHERE attrelid = 'public.orders'::regclass AND attnum > 0 ORDER BY attnum"
	grep -v '^--' "$base"
	echo
	sql -v who="$who" -f "$demo/report.sql"
	printf '%-60s' 'These answers'; seconds "$begun"
	printf '%-60s' 'All'; seconds "$BEGUN"
	cat <<-'END'

	The same for your own data, in your own database:

	  CREATE SCHEMA customer; CREATE EXTENSION pg_customer SCHEMA customer;
	  SELECT * FROM customer.create_customer_base('shop', source => 'public.orders',
	      customer => 'customer_id', purchased_at => 'ordered_at', amount => 'total');
	  SELECT * FROM shop.rfm_segments ORDER BY segment_rank;

	Or from a file: make demo DATA=orders.csv CUSTOMER=column AT=column AMOUNT=column
	END
	exit
fi

export BEGUN=$EPOCHREALTIME
if [ -n "${DATA:-}" ]; then
	[ -r "$DATA" ] && [ -f "$DATA" ] || { echo "error: there is no file $DATA that can be read" >&2; exit 2; }
	perl "$demo/load.pl" < <(read_data)
fi
stage=$("$top/test/server/build.sh")
printf '%-60s' "PostgreSQL $("$stage"/usr/lib/postgresql/*/bin/pg_config --version | cut -d' ' -f2), pg_customer built"; seconds "$BEGUN"
exec "$top/test/server/run.sh" "$stage" bash "$top/test/demo.sh" inside
