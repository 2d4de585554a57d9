# The statements of make bench; sourced by test/bench.sh.

report \
	'floor: SELECT max(ordered_at), sum(total) FROM orders' \
	'SELECT max(ordered_at), sum(total) FROM orders;' \
	'GROUP BY customer: count, min, max, sum' \
	'SELECT count(*), sum(t) FROM (SELECT customer_id, count(*), min(ordered_at), max(ordered_at), sum(total) AS t FROM orders GROUP BY 1) c;' \
	'GROUP BY customer: purchase_history(ordered_at, total)' \
	"SELECT count(*), sum(total(h)) FROM (SELECT customer_id, purchase_history(ordered_at, total) AS h FROM orders GROUP BY 1) c;"

# What a user would write instead: the three ntiles that every tutorial shows, on the same rows.
plain="WITH measured AS (
	SELECT customer_id, date '2024-12-31' - max(ordered_at)::date AS days, count(*) AS orders, sum(total) AS total
	FROM orders GROUP BY customer_id),
scored AS (
	SELECT *, ntile(5) OVER (ORDER BY days DESC) AS r, ntile(5) OVER (ORDER BY orders) AS f, ntile(5) OVER (ORDER BY total) AS m FROM measured)
SELECT CASE WHEN r >= 5 AND f >= 4 THEN 'champions' WHEN r >= 3 AND f >= 4 THEN 'loyal' WHEN r <= 2 AND f >= 3 THEN 'at_risk' ELSE 'other' END AS segment,
	count(*), sum(total), percentile_cont(0.5) WITHIN GROUP (ORDER BY days) FROM scored GROUP BY 1;"
ours="SELECT rfm_segment(score), count(*), sum(total(h)) FROM (
	SELECT h, rfm_score(h, '2024-12-31') OVER () AS score FROM (
		SELECT customer_id, purchase_history(ordered_at, total) AS h FROM orders GROUP BY 1) c) s GROUP BY 1;"
report 'RFM segments of orders, plain SQL with three ntile(5)' "$plain" 'RFM segments of orders, rfm_score() OVER ()' "$ours"

measure "SELECT * FROM create_customer_base('shop', source => 'public.orders', customer => 'customer_id', purchased_at => 'ordered_at', amount => 'total', time_zone => 'UTC', as_of => 'last_purchase');"
printf '%-58s %9.3f s %7s %6s MB\n' "create_customer_base('shop', ...)" "$seconds" '' "$megabytes"
echo "    summary: $(q -c "SELECT pg_size_pretty(pg_table_size('shop.summary')) || ' and ' || pg_size_pretty(pg_indexes_size('shop.summary')) || ' of index; ' || round(avg(pg_column_size(history)), 1) || ' bytes a history, ' || round(sum(pg_column_size(history))::numeric / sum(purchase_days(history)), 2) || ' bytes a purchase day' FROM shop.summary")"
measure "SELECT * FROM refresh_customer_base('shop');"
printf '%-58s %9.3f s %7s %6s MB\n\n' "refresh_customer_base('shop'), nothing changed" "$seconds" '' "$megabytes"

report \
	'SELECT * FROM shop.rfm_segments' \
	'SELECT * FROM shop.rfm_segments;' \
	'the same with two parallel workers' \
	'SET max_parallel_workers_per_gather = 2; SELECT * FROM shop.rfm_segments;' \
	'the same question to the orders, plain SQL' \
	"$plain"
report \
	"100 times SELECT * FROM shop.customers WHERE customer = ..." \
	"$(for i in $(seq 1 100); do echo "SELECT * FROM shop.customers WHERE customer = $((4711 * i % customers + 1)) \\g /dev/null"; done)"
echo "    plan: $(q -c "EXPLAIN (COSTS OFF) SELECT * FROM shop.customers WHERE customer = 4711" | grep -oE '(Index|Bitmap Index|Seq) Scan[^(]*summary[^ ]*|WindowAgg' | sort -u | paste -sd, -)"
echo
report \
	'SELECT count(*), sum(total) FROM shop.customers' 'SELECT count(*), sum(total) FROM shop.customers;' \
	'SELECT abc_class, count(*), sum(total) FROM shop.abc GROUP BY 1' 'SELECT abc_class, count(*), sum(total) FROM shop.abc GROUP BY 1;' \
	"SELECT * FROM shop.kpis WHERE unit = 'month'" "SELECT * FROM shop.kpis WHERE unit = 'month';" \
	'the same with two parallel workers' "SET max_parallel_workers_per_gather = 2; SELECT * FROM shop.kpis WHERE unit = 'month';"
