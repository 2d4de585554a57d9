/*
 * base_troubles.c
 *		What the trigger of live customer bases does when it cannot record a change.
 *
 * The order is written whatever happens; the base says that it is behind its source and why, and a refresh
 * brings it back.
 */
#include "compat.h"

#include "access/genam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "base_changes.h"

/* The columns of the table troubles. */
enum
{
	TROUBLES_REASON,
	TROUBLES_DETAIL,
	TROUBLES_AT,
	TROUBLES_COLUMNS
};

static const BaseColumn troubles_columns[TROUBLES_COLUMNS] = {
	{"reason", TEXTOID, true}, {"detail", TEXTOID}, {"at", TIMESTAMPTZOID, true}
};

static const struct
{
	const char *reason;
	const char *sentence;		/* what a session is told, with nothing of a row or a setting in it */
} troubles[BASE_TROUBLES] = {
	[TROUBLE_SCHEMA_MISSING] = {"schema_missing", "there is no such schema"},
	[TROUBLE_SETTINGS_MISSING] = {"settings_missing", "its settings are missing"},
	[TROUBLE_VERSION] = {"version", "it is of a version that this pg_customer does not know"},
	[TROUBLE_SOURCE_RENAMED] = {"source_renamed", "its settings name another table as the source"},
	[TROUBLE_RIGHTS] = {"rights", "its owner may not read all rows of the source"},
	[TROUBLE_EXPRESSION] = {"expression", "one of its expressions cannot be evaluated"},
	[TROUBLE_DELTAS_MISSING] = {"deltas_missing", "the table for its changes is missing"},
	[TROUBLE_DELTAS_CHANGED] = {"deltas_changed", "the table for its changes is not as it was made"},
	[TROUBLE_LOCKED] = {"locked", "one of its tables is locked"},
	[TROUBLE_RECURSION] = {"recursion", "one of its expressions writes to the source"},
	[TROUBLE_TRIGGER_CHANGED] = {"trigger_changed", "its trigger is not as it was made"},
	[TROUBLE_TRUNCATED] = {"truncated", "its source was truncated"},
	[TROUBLE_MAINTAIN_OFF] = {"maintain_off", "pg_customer.maintain is off"},
	[TROUBLE_MERGED] = {"merged", "PostgreSQL named other rows than a MERGE has written"},
};

/*
 * is_noted
 *		The table has a row for the trouble already. Whatever is committed counts, so that sessions do not all add
 *		their own.
 */
static bool
is_noted(Oid table, text *reason, text *detail)
{
	Relation	relation = table_open(table, NoLock);
	TupleTableSlot *slot = table_slot_create(relation, NULL);
	TableScanDesc scan = table_beginscan(relation, SnapshotSelf, 0, NULL, 0);
	bool		noted = false;

	while (!noted && table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		slot_getallattrs(slot);
		noted = !slot->tts_isnull[TROUBLES_REASON] && slot->tts_isnull[TROUBLES_DETAIL] == (detail == NULL) &&
			DatumGetBool(DirectFunctionCall2Coll(texteq, C_COLLATION_OID, slot->tts_values[TROUBLES_REASON],
												 PointerGetDatum(reason))) &&
			(detail == NULL || DatumGetBool(DirectFunctionCall2Coll(texteq, C_COLLATION_OID,
																	slot->tts_values[TROUBLES_DETAIL], PointerGetDatum(detail))));
	}
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	table_close(relation, NoLock);
	return noted;
}

/*
 * note
 *		Appends a row to the table troubles, without a query as well: nobody knows who made what stands there now.
 *
 * A row of another transaction serves as well, but only if no refresh that does not see this transaction can remove
 * it: refreshes hold a lock on the settings that conflicts with the one that is taken here until the transaction ends.
 */
static void
note(const char *schema, const char *reason, const char *detail)
{
	Oid			namespace = get_namespace_oid(schema, true);
	Oid			oid = OidIsValid(namespace) ? get_relname_relid("troubles", namespace) : InvalidOid;
	Oid			settings = OidIsValid(namespace) ? get_relname_relid("settings", namespace) : InvalidOid;
	text	   *reason_text = cstring_to_text(reason);
	text	   *detail_text = detail ? cstring_to_text(detail) : NULL;
	BaseTable	table;
	BaseInsert	insert;

	if (!OidIsValid(oid) || base_table_read(&table, oid, troubles_columns, TROUBLES_COLUMNS) != BASE_TABLE_FITS)
		return;
	if ((!OidIsValid(settings) || ConditionalLockRelationOid(settings, ShareLock)) && is_noted(oid, reason_text, detail_text))
		return;
	base_insert_begin(&insert, &table);
	base_insert_row(&insert);
	base_insert_value(&insert, PointerGetDatum(reason_text), false);
	base_insert_value(&insert, PointerGetDatum(detail_text), detail_text == NULL);
	base_insert_value(&insert, TimestampTzGetDatum(GetCurrentTransactionStartTimestamp()), false);
	base_insert_end(&insert);
}

/*
 * base_trouble
 */
void
base_trouble(BaseEntry *entry, BaseTrouble trouble, const char *detail)
{
	const char *base = entry->base ? entry->base : entry->key.schema;

	note(entry->key.schema, troubles[trouble].reason, detail);
	if (!base_entry_warn(entry, trouble))
		return;
	ereport(WARNING,
			(errmsg("customer base \"%s\" does not follow its source: %s", base, troubles[trouble].sentence),
			 trouble == TROUBLE_SCHEMA_MISSING ?
			 errhint("The orders are written. If the base is gone for good, drop its triggers from the table.") :
			 errhint("The orders are written. Put right what the table %s names, then run: SELECT * FROM refresh_customer_base(%s);",
					 quote_qualified_identifier(entry->key.schema, "troubles"), quote_literal_cstr(base))));
}

/*
 * source_is_empty
 *		No part of the source has a row, not even one that is not committed yet.
 */
static bool
source_is_empty(Oid source)
{
	ListCell   *cell;

	foreach(cell, find_all_inheritors(source, NoLock, NULL))
	{
		Oid			oid = lfirst_oid(cell);
		Relation	relation;
		bool		empty;

		if (!ConditionalLockRelationOid(oid, AccessShareLock))
			return false;
		relation = try_table_open(oid, NoLock);
		if (relation == NULL)
			return false;
		empty = !RELKIND_HAS_STORAGE(relation->rd_rel->relkind) || RelationGetNumberOfBlocks(relation) == 0;
		table_close(relation, NoLock);
		if (!empty)
			return false;
	}
	return true;
}

/*
 * base_truncated
 *		When nothing is left of the source, nothing is left of the base. Of a partition that was truncated alone
 *		nobody knows what it held. In a snapshot that is older than the statement, rows of the base might be unseen.
 */
void
base_truncated(BaseEntry *entry, Oid trigger_function)
{
	Oid			type = REGCLASSOID;
	Datum		settings = ObjectIdGetDatum(entry->settings);
	Oid			caller;
	int			security;
	bool		done = false;
	char	   *message = NULL;

	if (!IsolationUsesXactSnapshot() && source_is_empty(entry->root))
	{
		GetUserIdAndSecContext(&caller, &security);
		SetUserIdAndSecContext(entry->owner, security | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
		done = base_execute(psprintf("SELECT %s.base_source_truncated($1)", base_extension_schema(trigger_function)),
							1, &type, &settings, &message);
		SetUserIdAndSecContext(caller, security);
	}
	if (!done)
		base_trouble(entry, TROUBLE_TRUNCATED, message ? message : get_rel_name(entry->key.source));
}
