/*
 * histories_query.c
 *		A query for purchase histories, as a user wrote it, with every name qualified: it can then be a part of a statement
 *		that is run with a pinned search path.
 */
#include "compat.h"

#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "parser/analyze.h"
#include "parser/parser.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/ruleutils.h"
#include "utils/syscache.h"

#include "base.h"

PG_FUNCTION_INFO_V1(histories_resolved);

/* Points an error into the user's text, which is no statement of its own. */
static void
query_error_context(void *arg)
{
	int			position = geterrposition();

	if (position > 0)
	{
		errposition(0);
		internalerrposition(position);
		internalerrquery((const char *) arg);
	}
	errcontext("query for histories");
}

/* The type purchase_history of the extension that a function belongs to. */
static Oid
history_type(FunctionCallInfo fcinfo)
{
	return GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum("purchase_history"),
						   ObjectIdGetDatum(get_func_namespace(fcinfo->flinfo->fn_oid)));
}

/*
 * histories_resolved(query text) → text
 *
 * Names are looked up along the present search path. The query must be one SELECT with one column, of type purchase_history.
 */
Datum
histories_resolved(PG_FUNCTION_ARGS)
{
	char	   *written = text_to_cstring(PG_GETARG_TEXT_PP(0));
	ErrorContextCallback callback = {error_context_stack, query_error_context, written};
	Oid			type = history_type(fcinfo);
	List	   *statements;
	Query	   *query = NULL;
	TargetEntry *column = NULL;
	ListCell   *cell;
	int			columns = 0;
	int			settings;
	char	   *resolved;

	error_context_stack = &callback;
	statements = raw_parser(written, RAW_PARSE_DEFAULT);
	if (list_length(statements) == 1 && IsA(linitial_node(RawStmt, statements)->stmt, SelectStmt))
		query = parse_analyze_fixedparams(linitial_node(RawStmt, statements), written, NULL, 0, NULL);
	if (query == NULL || query->commandType != CMD_SELECT || query->utilityStmt != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 errmsg("one SELECT is expected"),
				 errhint("Give a query such as SELECT history FROM shop.histories, or the name of a customer base.")));
	foreach(cell, query->targetList)
	{
		TargetEntry *entry = lfirst_node(TargetEntry, cell);

		if (entry->resjunk)
			continue;
		column = entry;
		columns++;
	}
	if (columns != 1 || exprType((Node *) column->expr) != type)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("the query must have one column, of type %s", format_type_be(type)),
				 columns == 1 ? errdetail("It is of type %s.", format_type_be(exprType((Node *) column->expr))) :
				 errdetail("It has %d columns.", columns),
				 errhint("SELECT history FROM shop.histories, or SELECT purchase_history(day, amount) FROM orders GROUP BY customer.")));
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
	PG_RETURN_TEXT_P(cstring_to_text(resolved));
}
