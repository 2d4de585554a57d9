/*
 * histories_query.c
 *		A query for orders, purchase histories or subscriptions, as a user wrote it, with every name qualified: it can then be a
 *		part of a statement that is run with a pinned search path.
 */
#include "compat.h"

#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "parser/analyze.h"
#include "parser/parse_coerce.h"
#include "parser/parser.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/ruleutils.h"
#include "utils/syscache.h"

#include "base.h"

PG_FUNCTION_INFO_V1(summary_query);
PG_FUNCTION_INFO_V1(histories_resolved);
PG_FUNCTION_INFO_V1(subscriptions_resolved);

/* The user's text, and what it is. */
typedef struct QueryText
{
	char	   *written;
	const char *what;
} QueryText;

/* Points an error into the user's text, which is no statement of its own. */
static void
query_error_context(void *arg)
{
	const QueryText *text = arg;
	int			position = geterrposition();

	if (position > 0)
	{
		errposition(0);
		internalerrposition(position);
		internalerrquery(text->written);
	}
	errcontext("%s", text->what);
}

/* The type purchase_history of the extension that a function belongs to. */
static Oid
history_type(FunctionCallInfo fcinfo)
{
	return GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum("purchase_history"),
						   ObjectIdGetDatum(get_func_namespace(fcinfo->flinfo->fn_oid)));
}

/* The columns that a SELECT returns. */
static List *
query_columns(Query *query)
{
	List	   *columns = NIL;
	ListCell   *cell;

	foreach(cell, query->targetList)
	{
		TargetEntry *entry = lfirst_node(TargetEntry, cell);

		if (!entry->resjunk)
			columns = lappend(columns, entry->expr);
	}
	return columns;
}

/* True when a column is of a type, or becomes it by itself. */
static bool
column_is(List *columns, int n, Oid type)
{
	Oid			actual = exprType(list_nth(columns, n));

	return can_coerce_type(1, &actual, &type, COERCION_IMPLICIT);
}

/* One column, of type purchase_history. */
static void
check_histories(FunctionCallInfo fcinfo, List *columns)
{
	Oid			type = history_type(fcinfo);

	if (list_length(columns) != 1 || exprType(linitial(columns)) != type)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("the query must have one column, of type %s", format_type_be(type)),
				 list_length(columns) == 1 ? errdetail("It is of type %s.", format_type_be(exprType(linitial(columns)))) :
				 errdetail("It has %d columns.", list_length(columns)),
				 errhint("SELECT history FROM shop.histories, or SELECT purchase_history(day, amount) FROM orders GROUP BY customer.")));
}

/* A customer of any type, two days and an amount. */
static void
check_subscriptions(FunctionCallInfo fcinfo, List *columns)
{
	if (list_length(columns) != 4)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("the query must have four columns: customer, valid_from, valid_to and monthly_amount"),
				 errdetail("It has %d columns.", list_length(columns)),
				 errhint("SELECT customer, valid_from, valid_to, monthly_amount FROM subscriptions.")));
	for (int i = 1; i <= 3; i++)
	{
		if (!column_is(columns, i, i == 3 ? NUMERICOID : DATEOID))
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("column %d of the query cannot be of type %s", i + 1, format_type_be(exprType(list_nth(columns, i)))),
					 errhint("The columns are customer, valid_from date, valid_to date and monthly_amount numeric: cast it, for example valid_from::date.")));
	}
}

#define ORDERS_EXAMPLE "SELECT customer_id, ordered_at, total FROM orders"

/*
 * amount_type
 *		The cast that makes an amount one of the types that the aggregate takes; none where it is one.
 */
static const char *
amount_type(List *columns)
{
	switch (getBaseType(exprType(list_nth(columns, 2))))
	{
		case NUMERICOID:
		case FLOAT8OID:
		case INT4OID:
		case INT8OID:
			return "";
		case INT2OID:
			return "::pg_catalog.int4";
		case FLOAT4OID:
			return "::pg_catalog.float8";
		default:
			return "::pg_catalog.numeric";
	}
}

/* A customer of the key's type, a day or a moment, an amount, and perhaps an order id. */
static void
check_orders(FunctionCallInfo fcinfo, List *columns)
{
	Oid			key = get_fn_expr_argtype(fcinfo->flinfo, 1);
	Oid			day;

	if (list_length(columns) != 3 && list_length(columns) != 4)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("the query must have three or four columns: customer, day or time, amount, and order id"),
				 list_length(columns) == 1 ? errdetail("It has one column.") : errdetail("It has %d columns.", list_length(columns)),
				 errhint("%s.", ORDERS_EXAMPLE)));
	if (!column_is(columns, 0, key))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("the customers of the query are of type %s, not %s", format_type_be(exprType(linitial(columns))), format_type_be(key)),
				 errhint("The second argument gives their type: summarise('SELECT …', NULL::%s).", format_type_be(exprType(linitial(columns))))));
	day = getBaseType(exprType(lsecond(columns)));
	if (day != DATEOID && day != TIMESTAMPOID && day != TIMESTAMPTZOID)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column 2 of the query cannot be of type %s", format_type_be(exprType(lsecond(columns)))),
				 errhint("It is the day or the time of an order: cast it, for example ordered_at::timestamptz.")));
	if (!column_is(columns, 2, NUMERICOID) && !column_is(columns, 2, FLOAT8OID))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column 3 of the query cannot be of type %s", format_type_be(exprType(lthird(columns)))),
				 errhint("It is the amount of an order: cast it, for example total::numeric.")));
}

/*
 * query_resolved
 *		The text of a query with its names looked up along the present search path. It must be one SELECT; check looks at its columns.
 */
static char *
query_resolved(FunctionCallInfo fcinfo, const char *what, const char *example,
			   void (*check) (FunctionCallInfo fcinfo, List *columns), List **columns)
{
	QueryText	given = {text_to_cstring(PG_GETARG_TEXT_PP(0)), what};
	ErrorContextCallback callback = {error_context_stack, query_error_context, &given};
	List	   *statements;
	Query	   *query = NULL;
	int			settings;
	char	   *resolved;

	error_context_stack = &callback;
	statements = raw_parser(given.written, RAW_PARSE_DEFAULT);
	if (list_length(statements) == 1 && IsA(linitial_node(RawStmt, statements)->stmt, SelectStmt))
		query = parse_analyze_fixedparams(linitial_node(RawStmt, statements), given.written, NULL, 0, NULL);
	if (query == NULL || query->commandType != CMD_SELECT || query->utilityStmt != NULL || query->hasModifyingCTE)
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 errmsg("one SELECT is expected"),
				 errhint("Give a query such as %s.", example)));
	*columns = query_columns(query);
	check(fcinfo, *columns);
	error_context_stack = callback.previous;

	/* As pg_dump writes constants, which every session reads alike. */
	settings = NewGUCNestLevel();
	set_setting("search_path", "pg_catalog, pg_temp");
	set_setting("datestyle", "ISO");
	set_setting("intervalstyle", "postgres");
	set_setting("extra_float_digits", "3");
	set_setting("standard_conforming_strings", "on");
	resolved = pg_get_querydef(query, false);
	AtEOXact_GUC(false, settings);
	return resolved;
}

/*
 * histories_resolved(query text) → text
 */
Datum
histories_resolved(PG_FUNCTION_ARGS)
{
	List	   *columns;

	PG_RETURN_TEXT_P(cstring_to_text(query_resolved(fcinfo, "query for histories", "SELECT history FROM shop.histories, or the name of a customer base",
													check_histories, &columns)));
}

/*
 * subscriptions_resolved(query text) → text
 */
Datum
subscriptions_resolved(PG_FUNCTION_ARGS)
{
	List	   *columns;

	PG_RETURN_TEXT_P(cstring_to_text(query_resolved(fcinfo, "query for subscriptions", "SELECT customer, valid_from, valid_to, monthly_amount FROM subscriptions",
													check_subscriptions, &columns)));
}

/*
 * summary_query(query text, key anyelement) → text
 *		The query for one history for each customer. With an order id, the lines of an order are one order first, of its
 *		earliest day; a line without one is an order of its own.
 */
Datum
summary_query(PG_FUNCTION_ARGS)
{
	List	   *columns;
	char	   *query;
	const char *key;
	const char *ext;
	const char *amount;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the query must not be NULL"),
				 errhint("Give a query such as %s.", ORDERS_EXAMPLE)));
	query = query_resolved(fcinfo, "query for orders", ORDERS_EXAMPLE, check_orders, &columns);
	key = format_type_extended(get_fn_expr_argtype(fcinfo->flinfo, 1), -1, FORMAT_TYPE_FORCE_QUALIFY);
	ext = quote_identifier(get_namespace_name(get_func_namespace(fcinfo->flinfo->fn_oid)));
	amount = amount_type(columns);
	if (list_length(columns) == 3)
		query = psprintf("SELECT customer::%s, %s.purchase_history(day, amount%s)\nFROM (%s\n) AS orders (customer, day, amount)\nGROUP BY 1",
						 key, ext, amount, query);
	else
		query = psprintf("SELECT customer, CASE WHEN singles IS NULL THEN orders WHEN orders IS NULL THEN singles ELSE orders OPERATOR(%s.+) singles END\n"
						 "FROM (SELECT customer, %s.purchase_history(day, amount) FILTER (WHERE order_id IS NOT NULL) AS orders, %s.rollup(history) AS singles\n"
						 "FROM (SELECT customer::%s, order_id, pg_catalog.min(day) AS day, pg_catalog.sum(amount%s) AS amount,\n"
						 "%s.purchase_history(day, amount%s) FILTER (WHERE order_id IS NULL) AS history\n"
						 "FROM (%s\n) AS lines (customer, day, amount, order_id)\nGROUP BY 1, 2) AS orders\nGROUP BY 1) AS parts",
						 ext, ext, ext, key, amount, ext, amount, query);
	PG_RETURN_TEXT_P(cstring_to_text(query));
}
