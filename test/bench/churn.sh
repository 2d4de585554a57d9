#!/usr/bin/env bash
# make bench-churn: who leaves, as told on two real data sets, by every method and by gradient boosting on the same features.
#
# CDNOW as of 1997-09-30, 273 days, and Online Retail as of 2011-09-01, 90 days, from SHARED/data. The boosting is scikit-learn's (python3-sklearn
# of Debian), with its defaults, fitted on the same earlier window; "told the outcome" is fitted on what followed itself, in five parts, each
# judged by the others' model: what the features hold at most, for nobody can be told that before.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
SHARED=${SHARED:-$top/../shared}
source "$top/test/bench/lib.sh"
[ -d "$SHARED/data" ] || { echo "skipped: there are no real data in $SHARED/data"; exit 0; }
python=$(for p in python3 /usr/bin/python3; do "$p" -c 'import sklearn' 2>/dev/null && { echo "$p"; break; }; done || true)

if [ "${1:-}" != inside ]; then
	stage=$("$top/test/server/build.sh")
	SHARED=$SHARED exec "$top/test/server/run.sh" "$stage" bash "$0" inside
fi

about
q <<SQL
CREATE EXTENSION pg_customer;
CREATE TABLE purchases (customer int, day date, quantity int, amount numeric);
\copy purchases FROM PROGRAM 'zcat $SHARED/data/cdnow_master.csv.gz' WITH (FORMAT csv, HEADER)
CREATE TABLE lines (invoice text, stock_code text, description text, quantity int, invoiced_at timestamp, unit_price numeric, customer_id numeric, country text);
\copy lines FROM PROGRAM 'zcat $SHARED/data/online_retail.csv.gz' WITH (FORMAT csv, HEADER)
CREATE TABLE histories AS
	SELECT 'CDNOW' AS data, customer, purchase_history(day, amount) AS history FROM purchases GROUP BY customer
	UNION ALL SELECT 'Online Retail', customer, purchase_history(day, amount) FROM (SELECT customer_id::int AS customer, min(invoiced_at)::date AS day, sum(quantity * unit_price) AS amount
		FROM lines WHERE customer_id IS NOT NULL GROUP BY customer_id, invoice) AS i GROUP BY customer;
ANALYZE histories;
SQL

# judge DATA AS_OF DAYS
judge() {
	echo
	echo "$1 as of $2, $3 days"
	psql -Xq -P footer=off -v data="$1" -v as_of="$2" -v days="$3" <<'SQL'
SELECT method, customers, churned, round(auc::numeric, 4) AS auc, round(lift_top_decile::numeric, 3) AS lift, round(precision_top_decile::numeric, 3) AS precision,
	round(brier::numeric, 4) AS brier, round(calibration_error::numeric, 4) AS calibration_error, trust
FROM churn_backtest(format('SELECT history FROM histories WHERE data = %L', :'data'), :'as_of', make_interval(days => :days));
SQL
	if [ -z "$python" ]; then
		echo "gradient boosting: skipped, for there is no scikit-learn (apt-get install python3-sklearn)"
		return
	fi
	q -v data="$1" -v as_of="$2" -v days="$3" <<'SQL' | OMP_NUM_THREADS=1 "$python" "$top/test/bench/churn.py"
CREATE TEMP TABLE windows_data AS SELECT :'data'::text AS data;
CREATE TEMP TABLE windows AS SELECT 'train' AS part, fitted_on AS day, fitted_days AS days FROM churn_fit(format('SELECT history FROM histories WHERE data = %L', :'data'), :'as_of', make_interval(days => :days))
	UNION ALL SELECT 'test', :'as_of', :days;
COPY (SELECT w.part, (days_since_last(h.history, w.day + w.days) >= w.days)::int, f.f FROM windows AS w CROSS JOIN windows_data JOIN histories AS h ON h.data = windows_data.data AND first_purchase(h.history) <= w.day,
	LATERAL (SELECT array_to_string(churn_features(h.history, w.day), ',') AS f) AS f ORDER BY w.part, h.customer) TO STDOUT;
SQL
}
judge CDNOW 1997-09-30 273
judge 'Online Retail' 2011-09-01 90
