/*
 * summarise.h
 *		A query for orders: what the reports that start from orders have in common.
 */
#ifndef PG_CUSTOMER_SUMMARISE_H
#define PG_CUSTOMER_SUMMARISE_H

#include "compat.h"

/* Its columns are customer, day, amount, and order_id where it has lines of orders. */
typedef struct OrdersQuery
{
	char	   *text;
	const char *key;			/* the type of the customers */
	const char *ext;			/* our schema, quoted */
	const char *amount;			/* the amount as a type that the aggregate takes; that of a line as one that adds up exactly */
	Oid			day_type;		/* date, timestamp or timestamptz */
	bool		lines;
} OrdersQuery;

extern void orders_query(FunctionCallInfo fcinfo, OrdersQuery *orders);
extern char *orders_histories(const OrdersQuery *orders);

#endif							/* PG_CUSTOMER_SUMMARISE_H */
