/*
 * summarise.c
 *		A query for orders, as a user gives it: the statements that make one history, or one line of an RFM table, of each
 *		customer.
 */
#include "compat.h"

#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "summarise.h"
#include "user_query.h"

PG_FUNCTION_INFO_V1(summary_query);

#define ORDERS_EXAMPLE "SELECT customer_id, ordered_at, total FROM orders"

/*
 * amount_cast
 *		The cast that makes an amount one of the types that the aggregate takes; none where it is one.
 */
static const char *
amount_cast(List *columns)
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

/*
 * exact_amount
 *		The amount of a line of an order, exact: the lines of an order have one sum, in whatever order they come.
 */
static const char *
exact_amount(List *columns)
{
	Oid			type = getBaseType(exprType(list_nth(columns, 2)));

	return type == FLOAT4OID || type == FLOAT8OID ? "pg_catalog.round(amount::pg_catalog.float8::pg_catalog.numeric, 6)" :
		psprintf("amount%s", amount_cast(columns));
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
	if (!query_column_is(columns, 0, key))
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
	for (int i = 0; i < list_length(columns); i += 3)
	{
		Oid			type = exprType(list_nth(columns, i));

		if (!OidIsValid(lookup_type_cache(type, TYPECACHE_EQ_OPR)->eq_opr))
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("column %d of the query cannot be of type %s", i + 1, format_type_be(type)),
					 errhint("Rows are grouped by it, and this type does not say which values are equal: cast it, for example to text.")));
	}
	if (!query_column_is(columns, 2, NUMERICOID) && !query_column_is(columns, 2, FLOAT8OID))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column 3 of the query cannot be of type %s", format_type_be(exprType(lthird(columns)))),
				 errhint("It is the amount of an order: cast it, for example total::numeric.")));
}

/*
 * orders_query
 *		What a call's first two arguments say: the query for orders, and the type of the customers.
 */
void
orders_query(FunctionCallInfo fcinfo, OrdersQuery *orders)
{
	List	   *columns;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the query must not be NULL"),
				 errhint("Give a query such as %s.", ORDERS_EXAMPLE)));
	orders->text = query_resolved(fcinfo, "query for orders", ORDERS_EXAMPLE, check_orders, &columns);
	orders->key = format_type_extended(get_fn_expr_argtype(fcinfo->flinfo, 1), -1, FORMAT_TYPE_FORCE_QUALIFY);
	orders->ext = quote_identifier(get_namespace_name(get_func_namespace(fcinfo->flinfo->fn_oid)));
	orders->day_type = getBaseType(exprType(lsecond(columns)));
	orders->lines = list_length(columns) == 4;
	orders->amount = orders->lines ? exact_amount(columns) : psprintf("amount%s", amount_cast(columns));
}

/*
 * orders_histories
 *		The query for customer and history. With an order id, the lines of an order are one order first, of its earliest day; a
 *		line without one is an order of its own, and a line without a day is left out. So it is in a customer base.
 */
char *
orders_histories(const OrdersQuery *orders)
{
	const char *ext = orders->ext;

	if (!orders->lines)
		return psprintf("SELECT customer::%s AS customer, %s.purchase_history(day, %s) AS history\n"
						"FROM (%s\n) AS orders (customer, day, amount)\nGROUP BY 1", orders->key, ext, orders->amount, orders->text);
	return psprintf("SELECT customer, CASE WHEN singles IS NULL THEN orders WHEN orders IS NULL THEN singles ELSE orders OPERATOR(%s.+) singles END AS history\n"
					"FROM (SELECT customer, %s.purchase_history(day, amount) FILTER (WHERE order_id IS NOT NULL) AS orders, %s.rollup(history) AS singles\n"
					"FROM (SELECT customer, order_id, pg_catalog.min(day) AS day, pg_catalog.sum(amount) FILTER (WHERE day IS NOT NULL) AS amount,\n"
					"%s.purchase_history(day, amount) FILTER (WHERE order_id IS NULL) AS history\n"
					"FROM (SELECT customer::%s AS customer, day::pg_catalog.date AS day, %s AS amount, order_id\n"
					"FROM (%s\n) AS lines (customer, day, amount, order_id)) AS lines\nGROUP BY 1, 2) AS orders\nGROUP BY 1) AS parts",
					ext, ext, ext, ext, orders->key, orders->amount, orders->text);
}

/*
 * summary_query(query text, key anyelement) → text
 */
Datum
summary_query(PG_FUNCTION_ARGS)
{
	OrdersQuery orders;

	orders_query(fcinfo, &orders);
	PG_RETURN_TEXT_P(cstring_to_text(orders_histories(&orders)));
}
