/*
 * Reads a schema through node-postgres, as SQLPad and Evidence do, and prints what it found in the form that test/tap/readers.sh describes.
 *
 *	node node.js SOCKET_DIRECTORY DATABASE USER SCHEMA DAY LABEL
 */
const { Client, types } = require('pg');
const [host, database, user, schema, day, label] = process.argv.slice(2);
const lines = [];
const line = (...fields) => lines.push(fields.map((field) => field ?? '\\N').join('\t'));
const nameOf = Object.fromEntries(Object.entries(types.builtins).map(([name, oid]) => [oid, name]));
const two = (number) => String(number).padStart(2, '0');

// A value of the class that the driver makes of its type. A date is midnight of the program's own zone.
function text(value, type) {
	if (typeof value === 'number' && type === types.builtins.FLOAT8) {
		const bits = Buffer.alloc(8);
		bits.writeDoubleBE(value);
		return bits.toString('hex');
	}
	if (value instanceof Date && type === types.builtins.DATE)
		return `${value.getFullYear()}-${two(value.getMonth() + 1)}-${two(value.getDate())}`;
	if (value instanceof Date)
		return new Date(type === types.builtins.TIMESTAMP ? value.getTime() - value.getTimezoneOffset() * 60000 : value).toISOString().slice(0, 19);
	return value === null ? value : String(value).replaceAll('\t', '\\t').replaceAll('\n', '\\n');
}

// The rows, and what each column with a value is in JavaScript; its type is known by OID alone.
function result(relation, found) {
	found.fields.forEach((field, i) => {
		const row = found.rows.find((values) => values[i] !== null);
		if (row) line('type', relation, field.name, `${nameOf[field.dataTypeID]} ${row[i] instanceof Date ? 'Date' : typeof row[i]}`);
	});
	for (const row of found.rows)
		line('row', relation, ...row.map((value, i) => text(value, found.fields[i].dataTypeID)));
}

async function main() {
	const client = new Client({ host, database, user });
	await client.connect();
	// Programs on this driver have no catalog of their own: they ask the standard's views, and the server's for comments.
	const relations = await client.query(`SELECT table_name, CASE table_type WHEN 'BASE TABLE' THEN 'TABLE' ELSE table_type END AS type
		FROM information_schema.tables WHERE table_schema = $1`, [schema]);
	const columns = await client.query(`SELECT table_name, column_name, udt_name, numeric_precision, numeric_scale
		FROM information_schema.columns WHERE table_schema = $1 ORDER BY table_name, ordinal_position`, [schema]);
	const comments = await client.query(`SELECT c.relname, coalesce(a.attname, '') AS attname, d.description
		FROM pg_class AS c JOIN pg_description AS d ON d.objoid = c.oid AND d.classoid = 'pg_class'::regclass
			LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = d.objsubid AND a.attnum > 0
		WHERE c.relnamespace = (SELECT n.oid FROM pg_namespace AS n WHERE n.nspname = $1)`, [schema]);
	for (const row of relations.rows) line('relation', ...Object.values(row));
	for (const row of columns.rows) line('column', ...Object.values(row));
	for (const row of comments.rows) line('comment', ...Object.values(row));
	for (const { table_name: name } of relations.rows)
		result(name, await client.query({ text: `SELECT * FROM ${client.escapeIdentifier(schema)}.${client.escapeIdentifier(name)}`, rowMode: 'array' }));
	// The function of a view for a day and a segment that are parameters, as the filters of a dashboard are.
	result('customers_at', await client.query({ text: `SELECT * FROM ${client.escapeIdentifier(schema)}.customers_at($1) WHERE segment_label = $2`, values: [day, label], rowMode: 'array' }));
	await client.end();
	process.stdout.write(lines.join('\n') + '\n');
}

main().catch((error) => {
	console.error(`error: ${error.message}`);
	process.exit(1);
});
