/*
 * user_query.h
 *		Queries that users give as text.
 */
#ifndef PG_CUSTOMER_USER_QUERY_H
#define PG_CUSTOMER_USER_QUERY_H

#include "compat.h"
#include "nodes/pg_list.h"

/* Looks at the expressions of a query's columns; raises an error for what cannot be. */
typedef void (*QueryCheck) (FunctionCallInfo fcinfo, List *columns);

/*
 * The text that is the first argument of a call, one SELECT that changes nothing, with its names looked up along the
 * present search path; what it is for the context of errors, and an example for a hint.
 */
extern char *query_resolved(FunctionCallInfo fcinfo, const char *what, const char *example, QueryCheck check, List **columns);

extern bool query_column_is(List *columns, int n, Oid type);

#endif							/* PG_CUSTOMER_USER_QUERY_H */
