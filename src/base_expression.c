/*
 * base_expression.c
 *		Turns what a user wrote for an option of a customer base, a column's name or an expression over
 *		one row of the source, into SQL that means the same under every search path.
 *
 * The text is never pasted into a statement: it is parsed and analysed as one expression, checked, and
 * written anew from the tree.
 */
#include "compat.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "catalog/pg_class.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "parser/parse_collate.h"
#include "parser/parse_expr.h"
#include "parser/parse_relation.h"
#include "parser/parser.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"
#include "utils/syscache.h"
#include "utils/typcache.h"
#include "utils/varlena.h"

#include "base.h"
#include "decimal.h"

/* What stands before the user's text when it is parsed. */
#define PARSE_PREFIX "SELECT ("

/* A history keeps six digits after the point, and amounts below 10^21. */
#define AMOUNT_SCALE 6
#define AMOUNT_LIMIT_DIGITS 21

/* How many columns a hint lists. */
#define HINT_COLUMNS 20

/* What the error context says while an option's text is read. */
typedef struct OptionContext
{
	const char *option;
	const char *text;
} OptionContext;

PG_FUNCTION_INFO_V1(base_expression);
PG_FUNCTION_INFO_V1(base_amount_problem);

/* Names the option in every error that the parser or planner raises, and points into the user's text. */
static void
option_error_context(void *arg)
{
	OptionContext *context = arg;
	int			position = geterrposition();

	if (position > 0)
	{
		errposition(0);
		internalerrposition(Max(position - (int) strlen(PARSE_PREFIX), 1));
		internalerrquery(context->text);
	}
	if (geterrcode() == ERRCODE_UNDEFINED_TABLE)
		errhint("Name the columns of the source without a table.");
	else if (geterrcode() == ERRCODE_UNDEFINED_COLUMN)
		errdetail("What stands in double quotes is a column's name, what stands in single quotes is text.");
	else if (geterrcode() == ERRCODE_SYNTAX_ERROR)
		errhint("Give an expression over one row, without SELECT or WHERE; the name of a column that is a word of SQL stands in double quotes.");
	errcontext("option %s of the customer base", context->option);
}

/* Tells whether the text is one unquoted name, of any alphabet. */
static bool
is_identifier(const char *text)
{
	const unsigned char *c = (const unsigned char *) text;

	if (!(isalpha(*c) || *c == '_' || IS_HIGHBIT_SET(*c)))
		return false;
	for (c++; *c; c++)
	{
		if (!(isalnum(*c) || *c == '_' || *c == '$' || IS_HIGHBIT_SET(*c)))
			return false;
	}
	return true;
}

/* The text without white space at either end. */
static char *
trimmed(const char *text)
{
	const char *end = text + strlen(text);

	while (isspace((unsigned char) *text))
		text++;
	while (end > text && isspace((unsigned char) end[-1]))
		end--;
	return pnstrdup(text, end - text);
}

/* Names the columns that a misspelt one may have meant: the nearest first, then all. */
static char *
column_hint(Relation source, const char *name)
{
	TupleDesc	columns = RelationGetDescr(source);
	StringInfoData list;
	StringInfoData hint;
	const char *nearest = NULL;
	int			shown = 0;
	int			best = Max((int) strlen(name) / 2, 1) + 1;

	initStringInfo(&list);
	initStringInfo(&hint);
	for (int i = 0; i < columns->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(columns, i);
		const char *candidate = NameStr(column->attname);

		if (column->attisdropped)
			continue;
		if (shown < HINT_COLUMNS)
			appendStringInfo(&list, "%s%s", shown ? ", " : "", quote_identifier(candidate));
		else if (shown == HINT_COLUMNS)
			appendStringInfoString(&list, ", …");
		shown++;

		if (pg_strcasecmp(candidate, name) == 0)
		{
			nearest = candidate;
			best = 0;
		}
		else if (best > 0 && strlen(name) < NAMEDATALEN)
		{
			int			distance = varstr_levenshtein_less_equal(name, strlen(name), candidate, strlen(candidate),
																 1, 1, 1, best, true);

			if (distance < best)
			{
				nearest = candidate;
				best = distance;
			}
		}
	}

	if (nearest && best == 0)
		appendStringInfo(&hint, "Upper and lower case differ: the column is named \"%s\". ", nearest);
	else if (nearest)
		appendStringInfo(&hint, "Perhaps you mean \"%s\". ", nearest);
	appendStringInfo(&hint, "The columns are: %s.", list.data);
	return hint.data;
}

/* Refuses an expression that is more than a function of one row. */
static void
refuse_expression(const char *option, const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("option %s: %s cannot be used", option, what),
			 strcmp(option, "visible") == 0 ?
			 errhint("Give an expression over the key of one customer; for anything more, write a STABLE function and call it.") :
			 errhint("Give an expression over one row of the source, or make a view for anything more and name it as the source.")));
}

/* Parses the text as exactly one expression. */
static Node *
parse_one_expression(const char *option, const char *text)
{
	List	   *statements = raw_parser(psprintf(PARSE_PREFIX "%s\n)", text), RAW_PARSE_DEFAULT);
	SelectStmt *select = NULL;
	ResTarget  *target = NULL;

	if (list_length(statements) == 1)
	{
		Node	   *statement = linitial_node(RawStmt, statements)->stmt;

		if (IsA(statement, SelectStmt))
			select = (SelectStmt *) statement;
	}
	if (select && select->op == SETOP_NONE && list_length(select->targetList) == 1 &&
		!select->distinctClause && !select->intoClause && !select->fromClause && !select->whereClause &&
		!select->groupClause && !select->havingClause && !select->windowClause && !select->valuesLists &&
		!select->sortClause && !select->limitOffset && !select->limitCount && !select->lockingClause &&
		!select->withClause)
		target = linitial_node(ResTarget, select->targetList);
	if (!target || target->name || target->indirection)
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 errmsg("option %s: one expression is expected, not \"%s\"", option, text)));
	return target->val;
}

/* Analyses the expression over a row of the source, whose alias is s, and refuses what is not a function of it. */
static Node *
analyse_expression(Relation source, const char *option, Node *raw)
{
	ParseState *pstate = make_parsestate(NULL);
	ParseNamespaceItem *item;
	Node	   *expression;

	item = addRangeTableEntryForRelation(pstate, source, AccessShareLock, makeAlias("s", NIL), false, true);
	addNSItemToQuery(pstate, item, true, true, true);
	expression = transformExpr(pstate, raw, EXPR_KIND_OTHER);
	if (exprType(expression) == UNKNOWNOID)
		expression = coerce_type(pstate, expression, UNKNOWNOID, TEXTOID, -1,
								 COERCION_IMPLICIT, COERCE_IMPLICIT_CAST, -1);
	assign_expr_collations(pstate, expression);

	if (pstate->p_hasSubLinks)
		refuse_expression(option, "a subquery");
	if (pstate->p_hasAggs)
		refuse_expression(option, "an aggregate function");
	if (pstate->p_hasWindowFuncs)
		refuse_expression(option, "a window function");
	if (expression_returns_set(expression))
		refuse_expression(option, "a function that returns a set");
	if (contain_volatile_functions((Node *) expression_planner((Expr *) copyObject(expression))))
		refuse_expression(option, "a volatile function");
	if (get_typtype(exprType(expression)) == TYPTYPE_PSEUDO || type_is_rowtype(exprType(expression)))
		refuse_expression(option, psprintf("a value of type %s", format_type_be(exprType(expression))));

	free_parsestate(pstate);
	return expression;
}

/* The text as an expression over a row of the source, whose alias is s, with the names that the present search path gives. */
Node *
base_source_expression(Relation source, const char *option, const char *text)
{
	return analyse_expression(source, option, parse_one_expression(option, text));
}

/*
 * A base tells its keys apart by their bytes, in tables of its own.
 */
static void
check_key_collation(const char *option, Node *expression)
{
	Oid			collation = exprCollation(expression);

	if (OidIsValid(collation) && !get_collation_isdeterministic(collation) &&
		(strcmp(option, "customer") == 0 || strcmp(option, "customers_key") == 0 || strcmp(option, "tenant") == 0 ||
		 strcmp(option, "order_id") == 0))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("option %s has the nondeterministic collation \"%s\", and different texts may be the same key", option,
						get_collation_name(collation)),
				 errhint("Give an expression that is the same for the same key, with another collation, such as: lower(email) COLLATE \"C\"")));
}

/* The equality operator of a type, written so that no search path matters; NULL for a type that cannot be a key. */
static char *
equality_operator(Oid type)
{
	TypeCacheEntry *entry = lookup_type_cache(type, TYPECACHE_EQ_OPR | TYPECACHE_LT_OPR | TYPECACHE_HASH_PROC);
	HeapTuple	tuple;
	Form_pg_operator operator;
	char	   *result;

	if (!OidIsValid(entry->eq_opr) || !OidIsValid(entry->lt_opr) || !OidIsValid(entry->hash_proc))
		return NULL;
	tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(entry->eq_opr));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for operator %u", entry->eq_opr);
	operator = (Form_pg_operator) GETSTRUCT(tuple);
	result = psprintf("OPERATOR(%s.%s)", quote_identifier(get_namespace_name(operator->oprnamespace)),
					  NameStr(operator->oprname));
	ReleaseSysCache(tuple);
	return result;
}

/* Sets a configuration parameter until the current nest level of settings ends. */
void
set_setting(const char *name, const char *value)
{
	(void) set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
}

/*
 * base_expression(source regclass, option text, expression text, path text)
 *		→ (sql text, type regtype, equality text, bare text)
 *
 * A text that exactly names a column is that column. Any other is an expression, whose names are looked up
 * along path, the user's own search path; a word by itself is a column or a mistake, but for true and false.
 */
Datum
base_expression(PG_FUNCTION_ARGS)
{
	Oid			source_oid = PG_GETARG_OID(0);
	char	   *option = text_to_cstring(PG_GETARG_TEXT_PP(1));
	char	   *written = trimmed(text_to_cstring(PG_GETARG_TEXT_PP(2)));
	char	   *path = text_to_cstring(PG_GETARG_TEXT_PP(3));
	OptionContext context = {option, written};
	ErrorContextCallback callback = {error_context_stack, option_error_context, &context};
	Relation	source;
	AttrNumber	column;
	Node	   *expression;
	int			settings;
	TupleDesc	result_type;
	List	   *names;
	Datum		values[4];
	bool		nulls[4] = {false};
	char	   *equality;

	if (get_call_result_type(fcinfo, NULL, &result_type) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	if (written[0] == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option %s is empty", option),
				 errhint("Give the name of a column of the source, or an expression over one of its rows.")));

	source = try_relation_open(source_oid, AccessShareLock);
	if (!source)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("there is no table with OID %u", source_oid)));
	switch (source->rd_rel->relkind)
	{
		case RELKIND_RELATION:
		case RELKIND_PARTITIONED_TABLE:
		case RELKIND_FOREIGN_TABLE:
		case RELKIND_VIEW:
		case RELKIND_MATVIEW:
			break;
		default:
			ereport(ERROR,
					(errcode(ERRCODE_WRONG_OBJECT_TYPE),
					 errmsg("\"%s\" cannot be read as a table", RelationGetRelationName(source)),
					 errhint("Name a table, a partitioned table, a foreign table, a view or a materialized view.")));
	}

	column = get_attnum(source_oid, written);
	if (column > 0)
	{
		Form_pg_attribute attribute = TupleDescAttr(RelationGetDescr(source), column - 1);

		expression = (Node *) makeVar(1, column, attribute->atttypid, attribute->atttypmod,
									  attribute->attcollation, 0);
	}
	else if (is_identifier(written) && pg_strcasecmp(written, "true") != 0 && pg_strcasecmp(written, "false") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("option %s: %s has no column \"%s\"", option,
						quote_qualified_identifier(get_namespace_name(RelationGetNamespace(source)),
												   RelationGetRelationName(source)), written),
				 errhint("%s", column_hint(source, written))));
	else
	{
		error_context_stack = &callback;
		settings = NewGUCNestLevel();
		set_setting("search_path", path);
		expression = base_source_expression(source, option, written);
		AtEOXact_GUC(false, settings);
		error_context_stack = callback.previous;
	}

	check_key_collation(option, expression);

	/*
	 * With nothing but pg_catalog on the path, every other name is written with its schema; and constants are
	 * written in the one way that every session reads alike, as pg_dump writes them.
	 */
	settings = NewGUCNestLevel();
	set_setting("search_path", "pg_catalog, pg_temp");
	set_setting("datestyle", "ISO");
	set_setting("intervalstyle", "postgres");
	set_setting("extra_float_digits", "3");
	set_setting("standard_conforming_strings", "on");
	names = deparse_context_for("s", source_oid);
	values[0] = CStringGetTextDatum(deparse_expression(expression, names, true, false));
	values[3] = CStringGetTextDatum(deparse_expression(expression, names, false, false));
	AtEOXact_GUC(false, settings);
	values[1] = ObjectIdGetDatum(exprType(expression));
	equality = equality_operator(exprType(expression));
	if (equality)
		values[2] = CStringGetTextDatum(equality);
	else
		nulls[2] = true;

	relation_close(source, AccessShareLock);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(result_type), values, nulls)));
}

/*
 * base_amount_problem(numeric) → text
 *
 * Why a history cannot take the amount; NULL for an amount that it takes.
 */
Datum
base_amount_problem(PG_FUNCTION_ARGS)
{
	int128		units;

	switch (decimal_from_numeric(PG_GETARG_DATUM(0), AMOUNT_SCALE, AMOUNT_LIMIT_DIGITS, false, &units))
	{
		case DECIMAL_OK:
			break;
		case DECIMAL_NAN:
			PG_RETURN_TEXT_P(cstring_to_text("nan"));
		case DECIMAL_INFINITE:
			PG_RETURN_TEXT_P(cstring_to_text("infinite"));
		case DECIMAL_TOO_FINE:
			PG_RETURN_TEXT_P(cstring_to_text("too_fine"));
		case DECIMAL_TOO_LARGE:
			PG_RETURN_TEXT_P(cstring_to_text("too_large"));
	}
	PG_RETURN_NULL();
}
