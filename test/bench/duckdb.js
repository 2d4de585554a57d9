// The RFM question to DuckDB, on its own storage: node duckdb.js ORDERS.csv DATABASE RUNS
// Prints the seconds of the import, then those of each run. Needs @duckdb/node-api: npm install @duckdb/node-api
const { DuckDBInstance } = require(require.resolve('@duckdb/node-api', { paths: [process.env.DUCKDB_MODULES || process.cwd()] }));

const question = `WITH measured AS (
	SELECT customer_id, date_diff('day', max(ordered_at)::date, DATE '2024-12-31') AS days, count(*) AS orders, sum(total) AS total
	FROM orders GROUP BY customer_id),
scored AS (
	SELECT *, ntile(5) OVER (ORDER BY days DESC) AS r, ntile(5) OVER (ORDER BY orders) AS f, ntile(5) OVER (ORDER BY total) AS m FROM measured)
SELECT CASE WHEN r >= 5 AND f >= 4 THEN 'champions' WHEN r >= 3 AND f >= 4 THEN 'loyal' WHEN r <= 2 AND f >= 3 THEN 'at_risk' ELSE 'other' END AS segment,
	count(*), sum(total), quantile_cont(days, 0.5) FROM scored GROUP BY 1`;

async function seconds(connection, statement) {
	const start = process.hrtime.bigint();
	await connection.runAndReadAll(statement);
	return Number(process.hrtime.bigint() - start) / 1e9;
}

(async () => {
	const [csv, database, runs] = process.argv.slice(2);
	const instance = await DuckDBInstance.create(database, { threads: '2' });
	const connection = await instance.connect();
	await connection.run("SET TimeZone = 'UTC'");
	console.log((await seconds(connection, `CREATE TABLE orders AS SELECT * FROM read_csv('${csv}', header = false,
		columns = {'customer_id': 'BIGINT', 'ordered_at': 'TIMESTAMP', 'total': 'DECIMAL(12,2)'})`)).toFixed(3));
	await connection.run('CHECKPOINT');
	for (let i = 0; i < Number(runs); i++)
		console.log((await seconds(connection, question)).toFixed(3));
})();
