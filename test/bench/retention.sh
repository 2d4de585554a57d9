#!/usr/bin/env bash
# make bench-retention: the monthly cohort matrix, and the risk of churn of every customer, against plain SQL on the orders.
#
#   make bench-retention                     10 million orders of 1 million customers
#   make bench-retention ORDERS=1000000      fewer
#
# Medians of RUNS (3), the alternatives in turn, warm cache, no parallel workers unless said. Every alternative gives the same cells, which
# is checked first; so is that plain SQL finds the same silence and usual gap of every customer as the view churn_risk. Its risk is a rule of
# thumb: a view with a forecast, reasons and values has no equal in plain SQL.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
if [ "${1:-}" != inside ]; then
	stage=$("$top/test/server/build.sh")
	SERVER_OPTIONS="-c shared_buffers=2GB -c work_mem=256MB -c max_wal_size=8GB -c max_parallel_workers_per_gather=0 -c jit=off -c timezone=UTC" \
		exec "$top/test/server/run.sh" "$stage" bash "$0" inside
fi

orders=${ORDERS:-10000000}
source "$top/test/bench/lib.sh"

# As analysts write it: the first month of each customer, joined to the months of all, with distinct counts.
joined="WITH firsts AS (SELECT customer_id, date_trunc('month', min(ordered_at)) AS cohort FROM orders WHERE total >= 0 GROUP BY 1),
active AS (SELECT customer_id, date_trunc('month', ordered_at) AS month FROM orders WHERE total >= 0)
SELECT cohort::date AS cohort, ((extract(year FROM month) - extract(year FROM cohort)) * 12 + extract(month FROM month) - extract(month FROM cohort))::int AS period,
	count(DISTINCT customer_id) AS customers FROM firsts JOIN active USING (customer_id) GROUP BY 1, 2"
# As fast as it gets: one aggregation by customer and month, then the first month as a window.
window="SELECT cohort::date AS cohort, ((extract(year FROM month) - extract(year FROM cohort)) * 12 + extract(month FROM month) - extract(month FROM cohort))::int AS period, count(*) AS customers
FROM (SELECT month, min(month) OVER (PARTITION BY customer_id) AS cohort
	FROM (SELECT customer_id, date_trunc('month', ordered_at) AS month FROM orders WHERE total >= 0 GROUP BY 1, 2) AS m) AS c GROUP BY 1, 2"
base="SELECT cohort, period, customers FROM shop.cohort_retention"
query="SELECT cohort, period, customers FROM cohort_retention('SELECT purchase_history(ordered_at, total) FROM orders GROUP BY customer_id', '2024-12-31')"

# What an analyst asks of the orders: who is silent for longer than usual, who spends less than before, and what is at stake.
churn="WITH days AS (SELECT customer_id, ordered_at::date AS day, sum(total) AS spend FROM orders WHERE total >= 0 GROUP BY 1, 2),
gaps AS (SELECT *, day - lag(day) OVER w AS gap, count(*) OVER w AS n, count(*) OVER (PARTITION BY customer_id) AS of FROM days WINDOW w AS (PARTITION BY customer_id ORDER BY day)),
customers AS (SELECT customer_id AS customer, (SELECT max(ordered_at)::date FROM orders) - max(day) AS days_since_last, percentile_cont(0.5) WITHIN GROUP (ORDER BY gap) AS median_gap_days,
		avg(spend) FILTER (WHERE of - n < 3) / nullif(avg(spend) FILTER (WHERE of - n >= 3), 0) AS spend_trend, sum(spend) FILTER (WHERE day > (SELECT max(ordered_at)::date FROM orders) - 365) AS last_year
	FROM gaps GROUP BY 1)
SELECT *, days_since_last / nullif(median_gap_days, 0) AS overdue_ratio, risk, CASE WHEN risk < 1 / 3.0 THEN 'low' WHEN risk < 2 / 3.0 THEN 'medium' ELSE 'high' END AS band, last_year * risk AS revenue_at_risk
FROM customers, LATERAL (SELECT round(1 - exp(-days_since_last / (2 * coalesce(median_gap_days, 90)))::numeric, 6) AS risk) AS r"
# all QUERY: every column of every row is computed, none is sent.
all() { echo "SELECT count(t) FROM ($1 OFFSET 0) AS t;"; }

about
q -v orders="$orders" -v customers=$((orders / 10)) -f "$top/test/bench/order.sql" -f "$top/test/bench/orders.sql"
q -o /dev/null -c "SELECT * FROM create_customer_base('shop', source => 'public.orders', customer => 'customer_id', purchased_at => 'ordered_at', amount => 'total', time_zone => 'UTC', as_of => 'last_purchase')" -c 'VACUUM ANALYZE shop.summary'
echo "$orders orders of $(q -c 'SELECT count(*) FROM shop.histories') customers; $(q -c "SELECT count(*) || ' cells, ' || sum(customers) || ' active months' FROM shop.cohort_retention")"
different=$(q -c "WITH plain AS ($window) SELECT count(*) FROM ($base WHERE customers > 0) AS b FULL JOIN plain AS p USING (cohort, period) WHERE b.customers IS DISTINCT FROM p.customers")
[ "$different" = 0 ] || { echo "the base and plain SQL differ in $different cells" >&2; exit 1; }
different=$(q -c "WITH plain AS ($churn) SELECT count(*) FROM shop.churn_risk AS v FULL JOIN plain AS p USING (customer)
	WHERE (v.days_since_last, v.median_gap_days) IS DISTINCT FROM (p.days_since_last, p.median_gap_days)")
[ "$different" = 0 ] || { echo "the base and plain SQL differ in $different customers" >&2; exit 1; }
echo
printf '%-58s %11s %7s %9s\n' statement 'median' 'ratio' 'peak'
report \
	'monthly cohorts: shop.cohort_retention' "$base;" \
	'the same with two parallel workers' "SET max_parallel_workers_per_gather = 2; $base;" \
	'cohort_retention of a query of the orders' "$query;" \
	'plain SQL on the orders: months by customer, window' "$window;" \
	'plain SQL with two parallel workers' "SET max_parallel_workers_per_gather = 2; $window;" \
	'plain SQL on the orders: join, count(DISTINCT)' "$joined;"
report \
	'shop.cohort_revenue' 'SELECT * FROM shop.cohort_revenue;' \
	'weekly cohorts: shop.cohorts_by(week)' "SELECT * FROM shop.cohorts_by('week', shop.as_of());" \
	'daily cohorts: shop.cohorts_by(day)' "SELECT * FROM shop.cohorts_by('day', shop.as_of());" \
	'rolling 30 days: cohort_retention(shop, ..., 30)' "SELECT * FROM cohort_retention('shop', '2024-12-31', rolling_days => 30);" \
	'shop.period_activity, months' "SELECT * FROM shop.period_activity WHERE unit = 'month';" \
	'shop.period_activity, all four units' 'SELECT * FROM shop.period_activity;' \
	'shop.survival' 'SELECT * FROM shop.survival;' \
	'the same with two parallel workers' 'SET max_parallel_workers_per_gather = 2; SELECT * FROM shop.survival;'
report \
	'shop.churn_risk, own rhythm, all columns' "$(all 'SELECT * FROM shop.churn_risk')" \
	'its bands: customers, revenue at risk' 'SELECT band, count(*), sum(revenue_at_risk) FROM shop.churn_risk GROUP BY 1;' \
	'plain SQL on the orders: gap, silence, trend, a risk' "$(all "$churn")" \
	'plain SQL with two parallel workers' "SET max_parallel_workers_per_gather = 2; $(all "$churn")"
measure "SELECT * FROM fit_models('shop');"
printf '%-58s %9.3f s %7s %6s MB\n' "fit_models('shop')" "$seconds" '' "$megabytes"
echo "    $(q -c "SELECT 'risks by ' || min(method) || ', values by ' || (SELECT model FROM shop.model_fit WHERE is_default LIMIT 1) FROM shop.churn_risk")"
report \
	'shop.churn_risk, fitted, all columns' "$(all 'SELECT * FROM shop.churn_risk')" \
	'its bands: customers, revenue at risk' 'SELECT band, count(*), sum(revenue_at_risk) FROM shop.churn_risk GROUP BY 1;' \
	'customer and risk alone' 'SELECT count(customer), sum(risk) FROM shop.churn_risk;'
