/*
 * base_owner.c
 *		Functions that act on a customer base run as the base's owner, restricted, as REFRESH MATERIALIZED
 *		VIEW does: a superuser's call gives the expressions of a base no more rights than its owner has.
 *
 * Each function here checks that the caller has the privileges of the owner's role, and hands its arguments
 * to the SQL function that does the work.
 */
#include "compat.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/tuplestore.h"

#include "base.h"

PG_FUNCTION_INFO_V1(base_read_settings);
PG_FUNCTION_INFO_V1(refresh_customer_base);
PG_FUNCTION_INFO_V1(verify_customer_base);
PG_FUNCTION_INFO_V1(drop_customer_base);
PG_FUNCTION_INFO_V1(grant_reader);
PG_FUNCTION_INFO_V1(revoke_reader);
PG_FUNCTION_INFO_V1(base_run);
PG_FUNCTION_INFO_V1(keep_history_before);
PG_FUNCTION_INFO_V1(forget_customer);
PG_FUNCTION_INFO_V1(fit_models);
PG_FUNCTION_INFO_V1(attach_survey);
PG_FUNCTION_INFO_V1(detach_survey);
PG_FUNCTION_INFO_V1(upgrade_customer_base);
PG_FUNCTION_INFO_V1(base_check_top_level);
PG_FUNCTION_INFO_V1(base_check_writable);
PG_FUNCTION_INFO_V1(base_forget_settings);

/* The column of that name and type, or 0. */
static AttrNumber
typed_column(Relation relation, const char *name, Oid type)
{
	AttrNumber	column = get_attnum(RelationGetRelid(relation), name);

	return column > 0 && TupleDescAttr(RelationGetDescr(relation), column - 1)->atttypid == type ? column : 0;
}

/*
 * base_read_settings(settings regclass) → (base text, source text, created_at timestamptz)
 *
 * NULL for what is not a settings table that the caller may read. Anybody can make a table that looks like one,
 * and finding a base looks at them all with the finder's rights. So the rows are read straight from the table: a
 * query would run code of the table's owner, from an expression of an index or after a change to a view.
 */
Datum
base_read_settings(PG_FUNCTION_ARGS)
{
	Oid			oid = PG_GETARG_OID(0);
	Relation	settings = NULL;
	TupleDesc	result_type;
	AttrNumber	columns[3] = {0};
	Datum		values[3];
	bool		nulls[3] = {true, true, true};
	Datum		result = (Datum) 0;
	bool		missing = false;

	if (get_call_result_type(fcinfo, NULL, &result_type) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	if (pg_class_aclcheck_ext(oid, GetUserId(), ACL_SELECT, &missing) == ACLCHECK_OK)
		settings = try_relation_open(oid, AccessShareLock);
	if (settings == NULL)
		PG_RETURN_NULL();

	if (settings->rd_rel->relkind == RELKIND_RELATION && !settings->rd_rel->relrowsecurity &&
		typed_column(settings, "base_version", TEXTOID) && typed_column(settings, "customer_sql", TEXTOID) &&
		(columns[0] = typed_column(settings, "base", TEXTOID)) &&
		(columns[1] = typed_column(settings, "source", TEXTOID)) &&
		(columns[2] = typed_column(settings, "created_at", TIMESTAMPTZOID)))
	{
		TupleTableSlot *slot = table_slot_create(settings, NULL);
		TableScanDesc scan = table_beginscan(settings, GetActiveSnapshot(), 0, NULL, 0);

		if (table_scan_getnextslot(scan, ForwardScanDirection, slot))
		{
			for (int i = 0; i < 3; i++)
				values[i] = slot_getattr(slot, columns[i], &nulls[i]);
		}
		/* The values lie in the slot, so the result is made before it goes. */
		result = HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(result_type), values, nulls));
		table_endscan(scan);
		ExecDropSingleTupleTableSlot(slot);
	}
	relation_close(settings, AccessShareLock);
	if (nulls[0])
		PG_RETURN_NULL();
	PG_RETURN_DATUM(result);
}

/* The settings table of a base, found with the caller's rights; an unknown base is an error. */
static Oid
find_settings(const char *extension_schema, Datum base)
{
	Oid			argument_type = TEXTOID;
	bool		null;
	Oid			settings;

	SPI_execute_with_args(psprintf("SELECT %s.base_settings($1)", extension_schema), 1, &argument_type, &base, NULL,
						  false, 1);
	settings = DatumGetObjectId(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &null));
	SPI_freetuptable(SPI_tuptable);
	return settings;
}

/* The owner of a relation. */
static Oid
relation_owner(Oid relation)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for relation %u", relation);
	owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	return owner;
}

/*
 * Refuses to change a base where nothing can be written, before a lock or a table says so in words of its own.
 */
static void
check_writable(Datum base)
{
	if (!XactReadOnly)
		return;
	if (RecoveryInProgress())
		ereport(ERROR,
				(errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
				 errmsg("customer base \"%s\" cannot be changed on a standby server", TextDatumGetCString(base)),
				 errhint("Call it on the primary: the standby follows. Here the views and verify_customer_base can be read.")));
	ereport(ERROR,
			(errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
			 errmsg("customer base \"%s\" cannot be changed in a read-only transaction", TextDatumGetCString(base)),
			 errhint("SET default_transaction_read_only = off, or BEGIN READ WRITE.")));
}

/*
 * Runs worker(settings table, further arguments) as the owner of the base that the first argument names, and
 * returns its rows, or its one value of a type that is passed by value; writes: it changes the base. The SQL function worker stands in the
 * extension's schema. An error restores the role, the security context and the settings by ending the transaction
 * or subtransaction.
 */
static Datum
run_as_owner(FunctionCallInfo fcinfo, const char *worker, bool writes)
{
	const char *extension_schema = quote_identifier(get_namespace_name(get_func_namespace(fcinfo->flinfo->fn_oid)));
	bool		returns_set = get_func_retset(fcinfo->flinfo->fn_oid);
	Datum		values[FUNC_MAX_ARGS];
	char		nulls[FUNC_MAX_ARGS + 1];
	Datum		result = (Datum) 0;
	bool		isnull = true;
	Oid		   *types;
	int			count;
	StringInfoData call;
	Oid			settings;
	Oid			owner;
	Oid			caller;
	int			security;
	int			nest_level;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the name of the customer base is NULL")));
	if (writes)
		check_writable(PG_GETARG_DATUM(0));
	if (returns_set)
		InitMaterializedSRF(fcinfo, 0);
	(void) get_func_signature(fcinfo->flinfo->fn_oid, &types, &count);
	SPI_connect();
	nest_level = NewGUCNestLevel();
	set_setting("search_path", "pg_catalog, pg_temp");
	set_setting("standard_conforming_strings", "on");

	settings = find_settings(extension_schema, PG_GETARG_DATUM(0));
	owner = relation_owner(settings);
	if (!has_privs_of_role(GetUserId(), owner))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be owner of customer base \"%s\"", text_to_cstring(PG_GETARG_TEXT_PP(0))),
				 errhint("It belongs to role \"%s\": ask its members, or become one.", GetUserNameFromId(owner, false))));

	initStringInfo(&call);
	appendStringInfo(&call, "SELECT * FROM %s.%s($1", extension_schema, worker);
	values[0] = ObjectIdGetDatum(settings);
	types[0] = REGCLASSOID;
	nulls[0] = ' ';
	nulls[count] = '\0';
	for (int i = 1; i < count; i++)
	{
		appendStringInfo(&call, ", $%d", i + 1);
		values[i] = PG_GETARG_DATUM(i);
		nulls[i] = PG_ARGISNULL(i) ? 'n' : ' ';
	}
	appendStringInfoChar(&call, ')');

	GetUserIdAndSecContext(&caller, &security);
	SetUserIdAndSecContext(owner, security | SECURITY_RESTRICTED_OPERATION);
	set_setting("row_security", "off");
	base_set_output();
	SPI_execute_with_args(call.data, count, types, values, nulls, false, 0);
	SetUserIdAndSecContext(caller, security);

	if (returns_set)
	{
		ReturnSetInfo *rows = (ReturnSetInfo *) fcinfo->resultinfo;

		for (uint64 i = 0; i < SPI_processed; i++)
			tuplestore_puttuple(rows->setResult, SPI_tuptable->vals[i]);
	}
	else if (get_func_rettype(fcinfo->flinfo->fn_oid) != VOIDOID)
		result = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);

	/* Whatever the owner's code has set must not stay in the caller's session. */
	AtEOXact_GUC(false, nest_level);
	SPI_finish();
	fcinfo->isnull = !returns_set && isnull && get_func_rettype(fcinfo->flinfo->fn_oid) != VOIDOID;
	return result;
}

/* refresh_customer_base(base text) → setof (item, value) */
Datum
refresh_customer_base(PG_FUNCTION_ARGS)
{
	return run_as_owner(fcinfo, "base_refresh", true);
}

/* verify_customer_base(base text, sample float8) → setof (customer, problem, in_source, in_summary) */
Datum
verify_customer_base(PG_FUNCTION_ARGS)
{
	return run_as_owner(fcinfo, "base_verify", false);
}

/* drop_customer_base(base text) */
Datum
drop_customer_base(PG_FUNCTION_ARGS)
{
	return run_as_owner(fcinfo, "base_drop", true);
}

/* grant_reader(base text, role text) */
Datum
grant_reader(PG_FUNCTION_ARGS)
{
	return run_as_owner(fcinfo, "base_grant", true);
}

/* revoke_reader(base text, role text) */
Datum
revoke_reader(PG_FUNCTION_ARGS)
{
	return run_as_owner(fcinfo, "base_revoke", true);
}

/* base_run(base text, step text, argument bigint) → bigint */
Datum
base_run(PG_FUNCTION_ARGS)
{
	return run_as_owner(fcinfo, "base_step", true);
}

/* keep_history_before(base text, day date) */
Datum
keep_history_before(PG_FUNCTION_ARGS)
{
	return run_as_owner(fcinfo, "base_keep", true);
}

/* forget_customer(base text, customer text, tenant text) → setof (item, rows) */
Datum
forget_customer(PG_FUNCTION_ARGS)
{
	return run_as_owner(fcinfo, "base_forget", true);
}

/* fit_models(base text, models text[]) → setof rows */
Datum
fit_models(PG_FUNCTION_ARGS)
{
	return run_as_owner(fcinfo, "base_fit_models", true);
}

/* base_attach_as_owner(base text, given jsonb) → setof (item, value) */
Datum
attach_survey(PG_FUNCTION_ARGS)
{
	return run_as_owner(fcinfo, "base_attach_survey", true);
}

/* detach_survey(base text, survey text) → bigint */
Datum
detach_survey(PG_FUNCTION_ARGS)
{
	return run_as_owner(fcinfo, "base_detach_survey", true);
}

/* upgrade_customer_base(base text) */
Datum
upgrade_customer_base(PG_FUNCTION_ARGS)
{
	return run_as_owner(fcinfo, "base_upgrade", true);
}

/*
 * base_check_top_level(routine text)
 *
 * Procedures that commit cannot run within a transaction block, and each of their steps needs the newest state.
 */
Datum
base_check_top_level(PG_FUNCTION_ARGS)
{
	char	   *routine = text_to_cstring(PG_GETARG_TEXT_PP(0));

	if (IsTransactionBlock())
		ereport(ERROR,
				(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				 errmsg("%s cannot run inside a transaction block", routine),
				 errhint("It commits what it has done step by step: CALL it by itself, without BEGIN.")));
	if (XactIsoLevel != XACT_READ_COMMITTED)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TRANSACTION_STATE),
				 errmsg("%s must run in READ COMMITTED transactions", routine),
				 errhint("SET default_transaction_isolation = 'read committed';")));
	PG_RETURN_VOID();
}

/* base_check_writable(base text) */
Datum
base_check_writable(PG_FUNCTION_ARGS)
{
	check_writable(PG_GETARG_DATUM(0));
	PG_RETURN_VOID();
}

/*
 * base_forget_settings(settings regclass)
 *
 * Sessions keep what their triggers need of a base; this has them read it again.
 */
Datum
base_forget_settings(PG_FUNCTION_ARGS)
{
	Oid			settings = PG_GETARG_OID(0);

	if (!has_privs_of_role(GetUserId(), relation_owner(settings)))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be owner of %s", get_rel_name(settings))));
	CacheInvalidateRelcacheByRelid(settings);
	PG_RETURN_VOID();
}
