/*
 * compat.h
 *		What differs between the supported PostgreSQL versions, under the newest version's name.
 */
#ifndef PG_CUSTOMER_COMPAT_H
#define PG_CUSTOMER_COMPAT_H

#include "postgres.h"
#include "fmgr.h"

#if PG_VERSION_NUM < 150000
#error "pg_customer needs PostgreSQL 15 or newer"
#endif

#ifndef HAVE_INT128
#error "pg_customer needs a compiler with 128-bit integers (any 64-bit gcc or clang)"
#endif

#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#else
/* Soft errors came with 16: before, an input function's bad value is a plain error. */
struct Node;
#define ereturn(context, dummy_value, ...) \
	do { (void) (context); ereport(ERROR, __VA_ARGS__); return dummy_value; } while (0)
#define SOFT_ERROR_OCCURRED(context) ((void) (context), false)

/* The one function for all kinds of objects. */
#define object_aclcheck(class, object, role, mode) pg_proc_aclcheck(object, role, mode)

/* BufFileRead returned what it had read, even if that was too little. */
#define BufFileReadExact(file, ptr, size) \
	do { \
		if (BufFileRead(file, ptr, size) != (size)) \
			ereport(ERROR, (errcode_for_file_access(), errmsg("could not read from a temporary file: %m"))); \
	} while (0)
#endif

#if PG_VERSION_NUM >= 170000
#define current_lxid() (MyProc->vxid.lxid)
#else
#define current_lxid() (MyProc->lxid)
#endif

/* Virtual generated columns came with 18, and an entry for GROUP BY among the tables of a query. */
#if PG_VERSION_NUM >= 180000
#define explain_tables(es) ((es)->rtable_size)
#else
#define expand_generated_columns_in_expr(node, relation, rt_index) (node)
#define explain_tables(es) (list_length((es)->rtable))
#endif

/* A scan has flags since 19. */
#if PG_VERSION_NUM < 190000
#include "access/tableam.h"
#define table_beginscan(relation, snapshot, nkeys, key, flags) table_beginscan(relation, snapshot, nkeys, key)
#endif

/* The one place that knows how a library names itself to the server. */
#if PG_VERSION_NUM >= 180000
#define CUSTOMER_MODULE_MAGIC PG_MODULE_MAGIC_EXT(.name = "pg_customer", .version = PG_CUSTOMER_VERSION)
#else
#define CUSTOMER_MODULE_MAGIC PG_MODULE_MAGIC
#endif

#endif							/* PG_CUSTOMER_COMPAT_H */
