/*
 * Reads a schema through psqlODBC, as Excel does, and prints what it found in the form that test/tap/readers.sh describes.
 *
 *	odbc CONNECTION_STRING SCHEMA DAY LABEL
 *
 * By the functions that take UTF-16, as programs for Windows do: names and text in Chinese go that way.
 */
#include <iconv.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sql.h>
#include <sqlext.h>
#include <sqlucode.h>

#define LONGEST 65536			/* text, in bytes */

static SQLHENV environment;
static SQLHDBC connection;

/* Ends the program with what the driver says, unless a call succeeded. */
static void
check(SQLRETURN result, SQLSMALLINT kind, SQLHANDLE handle, const char *what)
{
	SQLCHAR		state[6] = "",
				message[1024] = "";
	SQLINTEGER	code;
	SQLSMALLINT length;

	if (SQL_SUCCEEDED(result))
		return;
	SQLGetDiagRec(kind, handle, 1, state, &code, message, sizeof message, &length);
	fprintf(stderr, "error: %s: %s %s\n", what, state, message);
	exit(1);
}

/* Text from one encoding to another, ended by two zero bytes. */
static void
recode(const char *from, const char *to, const void *text, size_t length, void *result)
{
	iconv_t		conversion = iconv_open(to, from);
	char	   *in = (char *) text;
	char	   *out = result;
	size_t		left = LONGEST - 2;

	if (conversion == (iconv_t) -1 || iconv(conversion, &in, &length, &out, &left) == (size_t) -1)
	{
		fprintf(stderr, "error: text that is not %s\n", from);
		exit(1);
	}
	iconv_close(conversion);
	out[0] = out[1] = '\0';
}

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define UTF16 "UTF-16LE"
#else
#define UTF16 "UTF-16BE"
#endif

/* The value of a column as text in UTF-8; false for NULL. */
static bool
get_text(SQLHSTMT statement, int column, char *result)
{
	static SQLWCHAR buffer[LONGEST / sizeof(SQLWCHAR)];
	SQLLEN		length;
	SQLRETURN	got = SQLGetData(statement, column, SQL_C_WCHAR, buffer, sizeof buffer, &length);

	check(got, SQL_HANDLE_STMT, statement, "SQLGetData");
	if (length == SQL_NULL_DATA)
		return false;
	if (got != SQL_SUCCESS)
	{
		fprintf(stderr, "error: a text of %ld bytes\n", (long) length);
		exit(1);
	}
	recode(UTF16, "UTF-8", buffer, length, result);
	return true;
}

static SQLHSTMT
new_statement(void)
{
	SQLHSTMT	statement;

	check(SQLAllocHandle(SQL_HANDLE_STMT, connection, &statement), SQL_HANDLE_DBC, connection, "SQLAllocHandle");
	return statement;
}

/* Text in UTF-16; good until the second call from now. */
static SQLWCHAR *
wide(const char *text)
{
	static SQLWCHAR buffers[2][LONGEST / sizeof(SQLWCHAR)];
	static int	turn;

	turn = !turn;
	recode("UTF-8", UTF16, text, strlen(text), buffers[turn]);
	return buffers[turn];
}

static SQLHSTMT
execute(const char *query)
{
	SQLHSTMT	statement = new_statement();

	check(SQLExecDirectW(statement, wide(query), SQL_NTS), SQL_HANDLE_STMT, statement, query);
	return statement;
}

static const char *
type_name(SQLSMALLINT type)
{
	switch (type)
	{
		case SQL_BIT:
			return "SQL_BIT";
		case SQL_SMALLINT:
			return "SQL_SMALLINT";
		case SQL_INTEGER:
			return "SQL_INTEGER";
		case SQL_BIGINT:
			return "SQL_BIGINT";
		case SQL_NUMERIC:
			return "SQL_NUMERIC";
		case SQL_FLOAT:
		case SQL_DOUBLE:
			return "SQL_DOUBLE";
		case SQL_WVARCHAR:
			return "SQL_WVARCHAR";
		case SQL_TYPE_DATE:
			return "SQL_TYPE_DATE";
		case SQL_TYPE_TIMESTAMP:
			return "SQL_TYPE_TIMESTAMP";
		case SQL_GUID:
			return "SQL_GUID";
		default:
			return "another type";
	}
}

/* A value as a program gets it that asks for the type that the driver names. */
static void
print_value(SQLHSTMT statement, int column, SQLSMALLINT type)
{
	static char text[LONGEST];
	SQL_DATE_STRUCT day;
	SQL_TIMESTAMP_STRUCT time;
	double		number;
	uint64_t	bits;
	SQLLEN		length;

	switch (type)
	{
		case SQL_TYPE_DATE:
			check(SQLGetData(statement, column, SQL_C_TYPE_DATE, &day, sizeof day, &length), SQL_HANDLE_STMT, statement, "SQLGetData");
			snprintf(text, sizeof text, "%04d-%02d-%02d", day.year, day.month, day.day);
			break;
		case SQL_TYPE_TIMESTAMP:
			check(SQLGetData(statement, column, SQL_C_TYPE_TIMESTAMP, &time, sizeof time, &length), SQL_HANDLE_STMT, statement, "SQLGetData");
			snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d", time.year, time.month, time.day, time.hour, time.minute, time.second);
			break;
		case SQL_FLOAT:
		case SQL_DOUBLE:
			check(SQLGetData(statement, column, SQL_C_DOUBLE, &number, sizeof number, &length), SQL_HANDLE_STMT, statement, "SQLGetData");
			memcpy(&bits, &number, sizeof bits);
			snprintf(text, sizeof text, "%016llx", (unsigned long long) bits);
			break;
		default:
			length = get_text(statement, column, text) ? 0 : SQL_NULL_DATA;
	}
	if (length == SQL_NULL_DATA)
		fputs("\t\\N", stdout);
	else if (type == SQL_BIT)
		fputs(text[0] == '1' ? "\ttrue" : "\tfalse", stdout);
	else
	{
		putchar('\t');
		for (const char *at = text; *at; at++)
		{
			if (*at == '\n' || *at == '\t')
				fputs(*at == '\n' ? "\\n" : "\\t", stdout);
			else
				putchar(type == SQL_GUID && *at >= 'A' && *at <= 'F' ? *at + 32 : *at);
		}
	}
}

/* The types of a result's columns, and its rows; the statement ends. */
static void
print_result(const char *relation, SQLHSTMT statement)
{
	SQLSMALLINT types[256],
				columns,
				digits,
				nullable,
				length;
	SQLULEN		size;
	SQLWCHAR	name[128];
	char		text[LONGEST];
	SQLRETURN	fetched;

	check(SQLNumResultCols(statement, &columns), SQL_HANDLE_STMT, statement, "SQLNumResultCols");
	for (int i = 1; i <= columns && i < 256; i++)
	{
		check(SQLDescribeColW(statement, i, name, 128, &length, &types[i], &size, &digits, &nullable), SQL_HANDLE_STMT, statement, "SQLDescribeCol");
		recode(UTF16, "UTF-8", name, length * sizeof(SQLWCHAR), text);
		printf("type\t%s\t%s\t%s\n", relation, text, type_name(types[i]));
	}
	while ((fetched = SQLFetch(statement)) != SQL_NO_DATA)
	{
		check(fetched, SQL_HANDLE_STMT, statement, "SQLFetch");
		printf("row\t%s", relation);
		for (int i = 1; i <= columns; i++)
			print_value(statement, i, types[i]);
		putchar('\n');
	}
	SQLFreeHandle(SQL_HANDLE_STMT, statement);
}

/* Some columns of a result that are all texts; the statement ends. */
static void
print_texts(const char *kind, SQLHSTMT statement, int count, const int *columns)
{
	static char text[LONGEST];
	SQLRETURN	fetched;

	while ((fetched = SQLFetch(statement)) != SQL_NO_DATA)
	{
		check(fetched, SQL_HANDLE_STMT, statement, "SQLFetch");
		fputs(kind, stdout);
		for (int i = 0; i < count; i++)
			printf("\t%s", get_text(statement, columns[i], text) ? text : "\\N");
		putchar('\n');
	}
	SQLFreeHandle(SQL_HANDLE_STMT, statement);
}

/* The tables and views of the schema. */
static SQLHSTMT
relations(const char *schema)
{
	SQLHSTMT	statement = new_statement();

	check(SQLTablesW(statement, NULL, 0, wide(schema), SQL_NTS, NULL, 0, (SQLWCHAR *) u"TABLE,VIEW", SQL_NTS), SQL_HANDLE_STMT, statement, "SQLTables");
	return statement;
}

/* The columns and all rows of every table and view. */
static void
print_relations(const char *schema)
{
	static char name[LONGEST];
	char		query[1024];
	SQLHSTMT	statement = relations(schema),
				columns;

	while (SQL_SUCCEEDED(SQLFetch(statement)) && get_text(statement, 3, name))
	{
		columns = new_statement();
		check(SQLColumnsW(columns, NULL, 0, wide(schema), SQL_NTS, wide(name), SQL_NTS, NULL, 0), SQL_HANDLE_STMT, columns, "SQLColumns");
		print_texts("column", columns, 5, (int[]) {3, 4, 6, 7, 9});
		snprintf(query, sizeof query, "SELECT * FROM \"%s\".\"%.255s\"", schema, name);
		print_result(name, execute(query));
	}
	SQLFreeHandle(SQL_HANDLE_STMT, statement);
}

/* The driver names no comments; a program that wants them asks the server's catalog. */
static void
print_comments(const char *schema)
{
	char		query[1024];

	snprintf(query, sizeof query, "SELECT c.relname, coalesce(a.attname, ''), d.description FROM pg_class AS c JOIN pg_description AS d ON d.objoid = c.oid AND d.classoid = 'pg_class'::regclass "
			 "LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = d.objsubid AND a.attnum > 0 WHERE c.relnamespace = '\"%s\"'::regnamespace", schema);
	print_texts("comment", execute(query), 3, (int[]) {1, 2, 3});
}

/* The function of a view for a day and a segment that are parameters, as the filters of a dashboard are. */
static void
print_segment(const char *schema, const char *day, const char *label)
{
	SQLHSTMT	statement = new_statement();
	SQL_DATE_STRUCT date;
	char		query[1024];

	sscanf(day, "%hd-%hu-%hu", &date.year, &date.month, &date.day);
	snprintf(query, sizeof query, "SELECT * FROM \"%s\".customers_at(?) WHERE segment_label = ?", schema);
	check(SQLPrepareW(statement, wide(query), SQL_NTS), SQL_HANDLE_STMT, statement, query);
	check(SQLBindParameter(statement, 1, SQL_PARAM_INPUT, SQL_C_TYPE_DATE, SQL_TYPE_DATE, 10, 0, &date, 0, NULL), SQL_HANDLE_STMT, statement, "SQLBindParameter");
	check(SQLBindParameter(statement, 2, SQL_PARAM_INPUT, SQL_C_WCHAR, SQL_WVARCHAR, 100, 0, wide(label), 0, NULL), SQL_HANDLE_STMT, statement, "SQLBindParameter");
	check(SQLExecute(statement), SQL_HANDLE_STMT, statement, query);
	print_result("customers_at", statement);
}

int
main(int argc, char **argv)
{
	if (argc != 5)
	{
		fprintf(stderr, "usage: %s CONNECTION_STRING SCHEMA DAY LABEL\n", argv[0]);
		return 2;
	}
	SQLAllocHandle(SQL_HANDLE_ENV, SQL_NULL_HANDLE, &environment);
	SQLSetEnvAttr(environment, SQL_ATTR_ODBC_VERSION, (void *) SQL_OV_ODBC3, 0);
	SQLAllocHandle(SQL_HANDLE_DBC, environment, &connection);
	check(SQLDriverConnectW(connection, NULL, wide(argv[1]), SQL_NTS, NULL, 0, NULL, SQL_DRIVER_NOPROMPT), SQL_HANDLE_DBC, connection, "SQLDriverConnect");

	print_texts("relation", relations(argv[2]), 2, (int[]) {3, 4});
	print_comments(argv[2]);
	print_relations(argv[2]);
	print_segment(argv[2], argv[3], argv[4]);
	SQLDisconnect(connection);
	return 0;
}
