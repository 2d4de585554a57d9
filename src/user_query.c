/*
 * user_query.c
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
#include "user_query.h"

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

/*
 * query_column_is
 *		True when a column is of a type, or becomes it by itself.
 */
bool
query_column_is(List *columns, int n, Oid type)
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
		if (!query_column_is(columns, i, i == 3 ? NUMERICOID : DATEOID))
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("column %d of the query cannot be of type %s", i + 1, format_type_be(exprType(list_nth(columns, i)))),
					 errhint("The columns are customer, valid_from date, valid_to date and monthly_amount numeric: cast it, for example valid_from::date.")));
	}
}

/*
 * query_resolved
 *		The text of a query with its names looked up along the present search path. It must be one SELECT; check looks at its columns.
 */
char *
query_resolved(FunctionCallInfo fcinfo, const char *what, const char *example, QueryCheck check, List **columns)
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
