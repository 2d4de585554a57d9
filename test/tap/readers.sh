#!/usr/bin/env bash
# Every view and table of a customer base as programs read it: through psqlODBC, JDBC and node-postgres, by a role that may only read.
#
# A reader that is not installed is skipped; "make readers" installs all of them. Each prints what it found, as lines of
#
#   relation  NAME  TABLE or VIEW
#   column    RELATION  NAME  TYPE  PRECISION  SCALE
#   comment   RELATION  COLUMN  TEXT                   the column is empty for that of the relation
#   type      RELATION  COLUMN  WHAT                   what the driver makes of the column in a result
#   row       RELATION  VALUE ...                      NULL is \N, a moment is to the second in UTC, a double precision is its bits
#
# with tabs between, and at last customers_at for a day and a label that are parameters. The server's catalog and psql say what is right.
set -u
export LC_ALL=C.UTF-8
top=$(cd "$(dirname "$0")/../.." && pwd)
n=0
ok() { n=$((n + 1)); if [ "$1" = 0 ]; then echo "ok $n - $2"; else echo "not ok $n - $2"; fi; }
same() { diff "$2" "$3" >"$work/diff"; ok $? "$1"; head -20 "$work/diff" | cut -c1-300 | sed 's/^/# /'; }
nothing() { [ -z "$2" ]; ok $? "$1"; [ -z "$2" ] || head -20 <<<"$2" | sed 's/^/# /'; }
skip() { n=$((n + 1)); echo "ok $n # SKIP no $1"; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
quietly() { PGOPTIONS='-c client_min_messages=error' psql -XAtq -v ON_ERROR_STOP=1 "$@"; }
reader() { psql -XAtq -F $'\t' -P 'null=\N' -v ON_ERROR_STOP=1 -U analyst -d readers "$@"; }

# --- the base, and what is right ------------------------------------------------------------------------
# Views of many sums are planned as dear: compiled, a query of milliseconds takes seconds.
quietly -c 'CREATE ROLE shopkeeper LOGIN' -c 'CREATE ROLE analyst LOGIN' -c 'CREATE DATABASE readers OWNER shopkeeper' &&
	quietly -U shopkeeper -d readers -f "$top/test/readers/base.sql" >/dev/null && quietly -U shopkeeper -d readers -c 'VACUUM ANALYZE' || exit 1
day=2025-12-31 label=重要价值

reader >"$work/relation" <<'SQL'
SELECT 'relation', c.relname, CASE c.relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END
FROM pg_class AS c WHERE c.relnamespace = '"门店"'::regnamespace AND c.relkind IN ('r', 'v') ORDER BY c.relname COLLATE "C"
SQL
reader >"$work/column" <<'SQL'
SELECT 'column', c.relname, a.attname, CASE t.typname WHEN 'numeric' THEN format_type(a.atttypid, a.atttypmod) ELSE t.typname END
FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 JOIN pg_type AS t ON t.oid = a.atttypid
WHERE c.relnamespace = '"门店"'::regnamespace AND c.relkind IN ('r', 'v') ORDER BY c.relname COLLATE "C", a.attnum
SQL
reader >"$work/comment" <<'SQL'
SELECT 'comment', c.relname, coalesce(a.attname, ''), coalesce(col_description(c.oid, a.attnum), obj_description(c.oid, 'pg_class'))
FROM pg_class AS c CROSS JOIN LATERAL (SELECT NULL AS attname, NULL AS attnum UNION ALL SELECT attname, attnum FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0) AS a
WHERE c.relnamespace = '"门店"'::regnamespace AND c.relkind IN ('r', 'v') AND (a.attnum IS NULL OR col_description(c.oid, a.attnum) IS NOT NULL) ORDER BY c.relname COLLATE "C", a.attname COLLATE "C"
SQL
# The rows of every relation, and those of one of the functions.
reader -v day=$day -v label=$label <<'SQL' | sort >"$work/row"
SELECT format('SELECT ''row'', %L, %s FROM %s', r.name, string_agg(CASE a.atttypid::regtype::text WHEN 'double precision' THEN format('encode(float8send(%I), ''hex'')', a.attname)
		WHEN 'timestamp with time zone' THEN format('to_char(%I AT TIME ZONE ''UTC'', ''YYYY-MM-DD"T"HH24:MI:SS'')', a.attname)
		WHEN 'timestamp without time zone' THEN format('to_char(%I, ''YYYY-MM-DD"T"HH24:MI:SS'')', a.attname)
		ELSE format('replace(replace(%I::text, E''\t'', ''\t''), E''\n'', ''\n'')', a.attname) END, ', ' ORDER BY a.attnum), r.rows)
FROM (SELECT c.oid, c.relname, format('"门店".%I', c.relname) FROM pg_class AS c WHERE c.relnamespace = '"门店"'::regnamespace AND c.relkind IN ('r', 'v')
		UNION ALL SELECT '"门店".customers'::regclass, 'customers_at', format('"门店".customers_at(%L) WHERE segment_label = %L', :'day', :'label')) AS r (oid, name, rows)
	JOIN pg_attribute AS a ON a.attrelid = r.oid AND a.attnum > 0
GROUP BY r.name, r.rows \gexec
SQL

# --- what readers need of the views -----------------------------------------------------------------------
in_views="FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 WHERE c.relnamespace = '\"门店\"'::regnamespace AND c.relkind = 'v'"
within="c.relname NOT IN ('histories', 'summary_now', 'customer_now')"
nothing 'every column of every view has a comment in the language of the base, but attributes that have none' "$(reader -c "SELECT c.relname, a.attname, col_description(c.oid, a.attnum) $in_views
	AND coalesce(col_description(c.oid, a.attnum), '') !~ '[一-龥]' AND col_description(c.oid, a.attnum) IS DISTINCT FROM 'public.buyers.' || a.attname")"
nothing 'so has every view' "$(reader -c "SELECT c.relname FROM pg_class AS c WHERE c.relnamespace = '\"门店\"'::regnamespace AND c.relkind = 'v' AND coalesce(obj_description(c.oid, 'pg_class'), '') !~ '[一-龥]'")"
nothing 'and every column of the tables for analysts' "$(reader -c "SELECT c.relname, a.attname FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 WHERE c.relnamespace = '\"门店\"'::regnamespace
	AND c.relname IN ('lifecycle_changes', 'churn_changes', 'cut_points', 'quarantine', 'targets', 'segment_map', 'lifecycle_stages') AND coalesce(col_description(c.oid, a.attnum), '') !~ '[一-龥]'")"
nothing 'views have plain types alone, but those with histories' "$(reader -c "SELECT c.relname, a.attname, a.atttypid::regtype $in_views AND $within AND a.atttypid <> ALL ('{boolean,integer,bigint,numeric,float8,text,date,timestamptz,uuid}'::regtype[])")"
nothing 'and their numerics have a scale' "$(reader -c "SELECT c.relname, a.attname $in_views AND $within AND a.atttypid = 'numeric'::regtype AND a.atttypmod = -1")"
nothing 'every view has rows to read' "$(comm -23 <(grep -w VIEW "$work/relation" | cut -f2 | sort) <(cut -f2 "$work/row" | sort -u))"

# --- the readers --------------------------------------------------------------------------------------------
# What a reader found, against what is right; then what it makes of the types.
compare() {  # READER FILE
	local kind
	sort "$2" >"$work/sorted"
	same "$1 names all tables and views" "$work/relation" <(grep -a ^relation "$work/sorted")
	# A numeric without a scale is one of a scale of the reader's own choice; the order is that of the columns.
	same "$1: the columns of each, and their types" "$work/column" <(awk -F'\t' -v OFS='\t' '$1 == "column" {
		type = $4; sub(/^"customer"\."|"$/, "", type); sub(/"$/, "", type); sub(/^bigserial$/, "int8", type)
		if (type == "numeric" && $5 + 0 > 0 && !($5 == 28 && $6 == 6)) type = type "(" $5 "," $6 ")"
		print $1, $2, $3, type }' "$2" | sort -s -t$'\t' -k2,2)
	same "$1: their comments" <(sort "$work/comment") <(grep -a ^comment "$work/sorted")
	same "$1: $(wc -l <"$work/row") rows, every value" "$work/row" <(grep -a ^row "$work/sorted")
	same "$1: what types become" <(sed 's/  */\t/' | sort) <(awk -F'\t' -v OFS='\t' '$1 == "column" { type[$2, $3] = $4 } $1 == "type" && ($2, $3) in type { print type[$2, $3], $4 }' "$2" |
		grep -Ev '^("customer"|purchase_|population_|lifecycle_|logistic_|spend_)' | sort -u)
}

if ! echo '#include <sqlucode.h>' | cc -E - >/dev/null 2>&1 || ! odbcinst -q -d -n 'PostgreSQL Unicode' >/dev/null 2>&1; then
	skip 'psqlODBC: apt-get install odbc-postgresql unixodbc-dev'
else
	cc -Wall -Wextra -Werror -o "$work/odbc" "$top/test/readers/odbc.c" -lodbc 2>&1 &&
		"$work/odbc" "Driver={PostgreSQL Unicode};Servername=$PGHOST;Port=$PGPORT;Database=readers;Username=analyst;BoolsAsChar=0;TextAsLongVarchar=0;MaxVarcharSize=4000" \
			门店 $day $label >"$work/odbc.found"
	compare psqlODBC "$work/odbc.found" <<'END'
bool SQL_BIT
date SQL_TYPE_DATE
float8 SQL_DOUBLE
int2 SQL_SMALLINT
int4 SQL_INTEGER
int8 SQL_BIGINT
numeric SQL_NUMERIC
text SQL_WVARCHAR
timestamp SQL_TYPE_TIMESTAMP
timestamptz SQL_TYPE_TIMESTAMP
uuid SQL_GUID
END
fi

# Zones of their own for the programs: no day may move with them.
jar=/usr/share/java/postgresql.jar
if [ ! -e $jar ] || [ "$(javac -version 2>/dev/null | sed 's/[^0-9]*\([0-9]*\).*/\1/')0" -lt 160 ]; then
	skip 'JDBC: apt-get install libpostgresql-jdbc-java default-jdk-headless (Java 16 or newer)'
else
	javac -Xlint:all -Werror -encoding UTF-8 -d "$work" "$top/test/readers/Jdbc.java" 2>&1 &&
		java -Duser.timezone=America/Bogota -cp "$jar:$work" Jdbc "$PGHOST/.s.PGSQL.$PGPORT" readers analyst 门店 $day $label >"$work/jdbc.found"
	compare JDBC "$work/jdbc.found" <<'END'
bool java.lang.Boolean
date java.sql.Date
float8 java.lang.Double
int2 java.lang.Integer
int4 java.lang.Integer
int8 java.lang.Long
numeric java.math.BigDecimal
text java.lang.String
timestamp java.sql.Timestamp
timestamptz java.sql.Timestamp
uuid java.util.UUID
END
fi

export NODE_PATH=$top/build/readers/node_modules${NODE_PATH:+:$NODE_PATH}
if ! node -e 'require("pg")' >/dev/null 2>&1; then
	skip 'node-postgres: make readers'
else
	TZ=Asia/Kolkata node "$top/test/readers/node.js" "$PGHOST" readers analyst 门店 $day $label >"$work/node.found"
	compare node-postgres "$work/node.found" <<'END'
bool BOOL boolean
date DATE Date
float8 FLOAT8 number
int2 INT2 number
int4 INT4 number
int8 INT8 string
numeric NUMERIC string
text TEXT string
timestamp TIMESTAMP Date
timestamptz TIMESTAMPTZ Date
uuid UUID string
END
fi
psql -Xqc 'DROP DATABASE readers' -c 'DROP ROLE shopkeeper' -c 'DROP ROLE analyst'
echo "1..$n"
