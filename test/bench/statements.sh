# The statements of make bench; sourced by test/bench.sh.

floor='SELECT max(ordered_at), sum(total) FROM orders;'
grouping='SELECT count(*), sum(total(h)) FROM (SELECT customer_id, purchase_history(ordered_at, total) AS h FROM orders GROUP BY 1) c;'
summary="SELECT count(*), sum(total(history)) FROM summarise('SELECT customer_id, ordered_at, total FROM orders', NULL::bigint);"

# What a user would write instead: the three ntiles that every tutorial shows, on the same rows.
plain="WITH measured AS (
	SELECT customer_id, date '2024-12-31' - max(ordered_at)::date AS days, count(*) AS orders, sum(total) AS total
	FROM orders GROUP BY customer_id),
scored AS (
	SELECT *, ntile(5) OVER (ORDER BY days DESC) AS r, ntile(5) OVER (ORDER BY orders) AS f, ntile(5) OVER (ORDER BY total) AS m FROM measured)
SELECT CASE WHEN r >= 5 AND f >= 4 THEN 'champions' WHEN r >= 3 AND f >= 4 THEN 'loyal' WHEN r <= 2 AND f >= 3 THEN 'at_risk' ELSE 'other' END AS segment,
	count(*), sum(total), percentile_cont(0.5) WITHIN GROUP (ORDER BY days) FROM scored GROUP BY 1;"
table="SELECT rfm_segment(rfm), count(*), sum(total), percentile_cont(0.5) WITHIN GROUP (ORDER BY days_since_last)
	FROM rfm_table('SELECT customer_id, ordered_at, total FROM orders', NULL::bigint, '2024-12-31') GROUP BY 1;"
window="SELECT rfm_segment(score), count(*), sum(total(h)) FROM (
	SELECT h, rfm_score(h, '2024-12-31') OVER () AS score FROM (
		SELECT customer_id, purchase_history(ordered_at, total) AS h FROM orders GROUP BY 1) c) s GROUP BY 1;"

# make_orders N: the table of orders, a tenth as many customers
make_orders() {
	q -c 'SET client_min_messages = warning' -c 'DROP TABLE IF EXISTS orders'
	q -v orders="$1" -v customers=$(($1 / 10)) -f "$top/test/bench/orders.sql"
}

bench_orders() {
	report \
		'floor: SELECT max(ordered_at), sum(total) FROM orders' "$floor" \
		'GROUP BY customer: count, min, max, sum' \
		'SELECT count(*), sum(t) FROM (SELECT customer_id, count(*), min(ordered_at), max(ordered_at), sum(total) AS t FROM orders GROUP BY 1) c;' \
		'GROUP BY customer: purchase_history, fast path off' "SET pg_customer.enable_fast_group = off; $grouping" \
		'GROUP BY customer: purchase_history' "$grouping" \
		'the same on two cores' "$two_cores$grouping" \
		'summarise' "$summary" \
		'the same on two cores' "$two_cores$summary" \
		'rfm_table: the whole RFM' "$table" \
		'the same on two cores' "$two_cores$table"
	report \
		'RFM segments: plain SQL with three ntile(5)' "$plain" \
		'RFM segments: rfm_score() OVER () of histories' "$window" \
		'RFM segments: rfm_table' "$table" \
		'the same on two cores' "$two_cores$table"
}

# DuckDB on its own storage with two threads, and what it takes to bring the orders there.
bench_duckdb() {
	local file start exported
	if ! command -v node >/dev/null || ! node -e "require.resolve('@duckdb/node-api', { paths: [process.env.DUCKDB_MODULES || process.cwd()] })" 2>/dev/null; then
		printf 'DuckDB: its module for Node.js is not here (npm install @duckdb/node-api, then DUCKDB_MODULES=DIRECTORY): skipped\n\n'
		return
	fi
	file=$(mktemp -d)
	start=$(date +%s.%N)
	q -c "COPY (SELECT customer_id, ordered_at::timestamp, total FROM orders) TO STDOUT (FORMAT csv)" >"$file/orders.csv"
	exported=$(awk -v a="$start" -v b="$(date +%s.%N)" 'BEGIN { print b - a }')
	node "$top/test/bench/duckdb.js" "$file/orders.csv" "$file/orders.duckdb" $((runs + 1)) >"$file/times"
	printf '%-66s %9.3f s\n' 'DuckDB: export as CSV and import' "$(awk -v e="$exported" 'NR == 1 { print $1 + e }' "$file/times")"
	printf '%-66s %9.3f s\n\n' 'DuckDB, 2 threads, its own storage: three ntile(5)' "$(tail -n +3 "$file/times" | median)"
	tail -n +3 "$file/times" | awk -v o="$orders" '{ print o ",DuckDB," NR "," $1 "," }' >>"$csv"
	rm -r "$file"
}

# The same with little memory: time and memory by the number of orders.
bench_growth() {
	report \
		'work_mem = 64MB: floor' "SET work_mem = '64MB'; $floor" \
		'work_mem = 64MB: summarise' "SET work_mem = '64MB'; $summary" \
		'work_mem = 64MB: the same on two cores' "SET work_mem = '64MB'; $two_cores$summary" \
		'work_mem = 64MB: rfm_table' "SET work_mem = '64MB'; $table"
}

# Shapes that are not even, of as many orders, each by its own floor.
bench_cliffs() {
	local shape
	for shape in \
		"half of the orders are one customer's|CASE WHEN i % 2 = 0 THEN 1 ELSE o.customer_id END|o.ordered_at" \
		"all orders on one day|o.customer_id|timestamptz '2024-05-01 00:00+00' + (i % 86400) * interval '1 second'" \
		"every customer has one order|i|o.ordered_at"; do
		IFS='|' read -r name customer at <<<"$shape"
		q -c 'SET client_min_messages = warning' -c 'DROP TABLE IF EXISTS shaped' -c "CREATE TABLE shaped AS SELECT o.order_id, $customer::bigint AS customer_id, $at AS ordered_at, o.total
			FROM (SELECT order_id AS i, * FROM orders) AS o" -c 'VACUUM ANALYZE shaped'
		report "$name: floor" "${floor//orders;/shaped;}" "$name: summarise" "${summary//FROM orders/FROM shaped}"
	done
	q -c 'DROP TABLE shaped'
}

bench_base() {
	measure "SELECT * FROM create_customer_base('shop', source => 'public.orders', customer => 'customer_id', purchased_at => 'ordered_at', amount => 'total', time_zone => 'Asia/Shanghai', as_of => 'last_purchase');"
	printf '%-66s %9.3f s %7s %6s MB\n' "create_customer_base('shop', ...)" "$seconds" '' "$megabytes"
	echo "    summary: $(q -c "SELECT pg_size_pretty(pg_table_size('shop.summary')) || ' and ' || pg_size_pretty(pg_indexes_size('shop.summary')) || ' of index; ' || round(avg(pg_column_size(history)), 1) || ' bytes a history, ' || round(sum(pg_column_size(history))::numeric / sum(purchase_days(history)), 2) || ' bytes a purchase day' FROM shop.summary")"
	measure "SELECT * FROM refresh_customer_base('shop');"
	printf '%-66s %9.3f s %7s %6s MB\n\n' "refresh_customer_base('shop'), nothing changed" "$seconds" '' "$megabytes"

	report \
		'SELECT * FROM shop.rfm_segments' \
		'SELECT * FROM shop.rfm_segments;' \
		'the same with two parallel workers' \
		'SET max_parallel_workers_per_gather = 2; SELECT * FROM shop.rfm_segments;' \
		'the same question to the orders, plain SQL' \
		"$plain"
	report \
		"100 times SELECT * FROM shop.customers WHERE customer = ..." \
		"$(for i in $(seq 1 100); do echo "SELECT * FROM shop.customers WHERE customer = $((4711 * i % (orders / 10) + 1)) \\g /dev/null"; done)"
	echo "    plan: $(q -c "EXPLAIN (COSTS OFF) SELECT * FROM shop.customers WHERE customer = 4711" | grep -oE '(Index|Bitmap Index|Seq) Scan[^(]*summary[^ ]*|WindowAgg' | sort -u | paste -sd, -)"
	echo
	report \
		'SELECT count(*), sum(total) FROM shop.customers' 'SELECT count(*), sum(total) FROM shop.customers;' \
		'SELECT abc_class, count(*), sum(total) FROM shop.abc GROUP BY 1' 'SELECT abc_class, count(*), sum(total) FROM shop.abc GROUP BY 1;' \
		"SELECT * FROM shop.kpis WHERE unit = 'month'" "SELECT * FROM shop.kpis WHERE unit = 'month';" \
		'the same with two parallel workers' "SET max_parallel_workers_per_gather = 2; SELECT * FROM shop.kpis WHERE unit = 'month';"
	q -c "SELECT drop_customer_base('shop')" >/dev/null
}
