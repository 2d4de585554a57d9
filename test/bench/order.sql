-- The extension, and the i-th order of the benchmark: seeded by hashes, skewed, three years, 2 % refunds. Times rise with i, but for a spread in days.
CREATE SCHEMA customer;
CREATE EXTENSION pg_customer SCHEMA customer;
SELECT format('ALTER DATABASE %I SET search_path = public, customer', current_database()) \gexec
CREATE FUNCTION nth_order(i bigint, orders bigint, customers bigint, spread integer)
	RETURNS TABLE (order_id bigint, customer_id bigint, ordered_at timestamptz, total numeric)
	LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
	SELECT i,
		1 + floor(customers * power((hashint8extended(i, 1) & 2147483647) / 2147483648.0::float8, 1.3))::bigint,
		timestamptz '2022-01-01 00:00+00' + (i::float8 / orders * (1095 - spread) + (hashint8extended(i, 2) & 1048575) / 1048576.0::float8 * spread) * interval '1 day',
		CASE WHEN (hashint8extended(i, 3) & 63) = 0 THEN -1 ELSE 1 END
			* round((5 + exp(3 + 1.2 * ((hashint8extended(i, 4) & 65535) + (hashint8extended(i, 5) & 65535) - 65535) / 32768.0::float8))::numeric, 2);
END;
