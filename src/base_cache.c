/*
 * base_cache.c
 *		What a session knows of a customer base and of one table of its source.
 *
 * Reading the settings of a base and compiling its expressions takes some hundred times as long as recording an
 * order. So it is done once, and again when something it rests on has changed: a table, a name, a right, a function.
 */
#include "compat.h"

#include "access/genam.h"
#include "access/relation.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/partition.h"
#include "catalog/pg_class.h"
#include "catalog/pg_language.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "rewrite/rewriteHandler.h"
#include "storage/lmgr.h"
#include "storage/proc.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/varlena.h"

#include "base_changes.h"

/* The versions of bases whose settings and tables this file knows: "2" has policies. */
static const char *const base_versions[] = {"1", "2"};

/* The columns of the table settings that are read. Those of the parts come first, in the order of SourcePart. */
enum
{
	SETTING_BASE = SOURCE_PARTS,
	SETTING_VERSION,
	SETTING_SOURCE,
	SETTING_AMOUNT_TYPE,
	SETTING_CURRENCY,
	SETTING_TIME_ZONE,
	SETTING_DATE_STYLE,
	SETTING_STAGE_CHANGES,
	SETTING_CUSTOMER_TYPE,
	SETTING_TENANT_TYPE,
	SETTING_ORDER_TYPE,
	SETTINGS
};

static const char *const setting_names[SETTINGS] = {
	"filter_sql", "customer_sql", "tenant_sql", "day_sql", "currency_sql", "amount_sql", "order_sql", "time_sql",
	"base", "base_version", "source", "amount_type", "currency", "time_zone", "date_style", "stage_changes",
	"customer_type", "tenant_type", "order_type"
};

static HTAB *entries = NULL;

/* What building an entry is about. */
typedef struct Building
{
	BaseEntry  *entry;
	Relation	source;
	const char *part;			/* the part that is being compiled, for errors */
} Building;

/* ------------------------------------------------------------------------------------------------
 * Entries, and when they are no longer true
 * ------------------------------------------------------------------------------------------------ */

/*
 * relation_changed, catalog_changed
 *		Callbacks of the server. What failed may succeed after any change.
 */
static void
relation_changed(Datum arg, Oid relation)
{
	HASH_SEQ_STATUS scan;
	BaseEntry  *entry;

	hash_seq_init(&scan, entries);
	while ((entry = hash_seq_search(&scan)) != NULL)
	{
		if (!OidIsValid(relation) || relation == entry->key.source || relation == entry->root ||
			relation == entry->settings || relation == entry->state || relation == entry->deltas.oid ||
			relation == entry->line_deltas.oid)
			entry->valid = false;
		entry->failed_in = InvalidLocalTransactionId;
	}
}

static void
catalog_changed(Datum arg, int cache, uint32 hash)
{
	relation_changed(arg, InvalidOid);
}

/*
 * function_changed
 *		What was built knows by itself whether the functions and types that it uses have changed.
 */
static void
function_changed(Datum arg, int cache, uint32 hash)
{
	HASH_SEQ_STATUS scan;
	BaseEntry  *entry;

	hash_seq_init(&scan, entries);
	while ((entry = hash_seq_search(&scan)) != NULL)
		entry->failed_in = InvalidLocalTransactionId;
}

/*
 * base_entry
 */
BaseEntry *
base_entry(Oid source, const char *schema)
{
	BaseEntryKey key;
	BaseEntry  *entry;
	bool		found;

	if (entries == NULL)
	{
		HASHCTL		control = {.keysize = sizeof(BaseEntryKey),.entrysize = sizeof(BaseEntry)};

		entries = hash_create("pg_customer bases", 16, &control, HASH_ELEM | HASH_BLOBS);
		CacheRegisterRelcacheCallback(relation_changed, (Datum) 0);
		CacheRegisterSyscacheCallback(NAMESPACEOID, catalog_changed, (Datum) 0);
		CacheRegisterSyscacheCallback(AUTHOID, catalog_changed, (Datum) 0);
		CacheRegisterSyscacheCallback(AUTHMEMROLEMEM, catalog_changed, (Datum) 0);
		CacheRegisterSyscacheCallback(PROCOID, function_changed, (Datum) 0);
		CacheRegisterSyscacheCallback(TYPEOID, function_changed, (Datum) 0);
	}
	memset(&key, 0, sizeof(key));
	key.source = source;
	strlcpy(key.schema, schema, NAMEDATALEN);
	entry = hash_search(entries, &key, HASH_ENTER, &found);
	if (!found)
		memset((char *) entry + sizeof(key), 0, sizeof(BaseEntry) - sizeof(key));
	return entry;
}

/*
 * base_entry_warn
 */
bool
base_entry_warn(BaseEntry *entry, BaseTrouble trouble)
{
	HASH_SEQ_STATUS scan;
	BaseEntry  *other;
	bool		warned = false;

	hash_seq_init(&scan, entries);
	while ((other = hash_seq_search(&scan)) != NULL)
	{
		if (strcmp(other->key.schema, entry->key.schema) == 0)
			warned |= (other->warned & (1U << trouble)) != 0;
	}
	entry->warned |= 1U << trouble;
	return !warned;
}

/*
 * clear_entry
 *		Leaves of an entry only what outlives building it anew.
 */
static void
clear_entry(BaseEntry *entry)
{
	uint32		warned = entry->warned;

	for (int part = 0; part < SOURCE_PARTS; part++)
	{
		if (entry->parts[part].cached)
			FreeCachedExpression(entry->parts[part].cached);
	}
	if (entry->context)
		MemoryContextDelete(entry->context);
	memset((char *) entry + sizeof(BaseEntryKey), 0, sizeof(BaseEntry) - sizeof(BaseEntryKey));
	entry->warned = warned;
}

/* ------------------------------------------------------------------------------------------------
 * Building an entry
 * ------------------------------------------------------------------------------------------------ */

/*
 * failed
 *		Notes why the entry cannot be built.
 */
static bool
failed(BaseEntry *entry, BaseTrouble trouble, char *detail)
{
	entry->trouble = trouble;
	entry->detail = detail;
	return false;
}

/*
 * read_row
 *		The only row of a table of the base, as text, into the present memory context; NULL for a column that is
 *		not there. It is read without a query, for a query might run code of whoever made the table.
 */
static bool
read_row(BaseEntry *entry, Oid table, const char *const *names, int count, char **values)
{
	Relation	relation;
	bool		found = false;

	if (!ConditionalLockRelationOid(table, AccessShareLock))
		return failed(entry, TROUBLE_LOCKED, NULL);
	relation = try_relation_open(table, NoLock);
	if (relation == NULL)
		return failed(entry, TROUBLE_SETTINGS_MISSING, NULL);
	if (relation->rd_rel->relkind == RELKIND_RELATION && !relation->rd_rel->relrowsecurity)
	{
		TupleTableSlot *slot = table_slot_create(relation, NULL);
		Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
		TableScanDesc scan = table_beginscan(relation, snapshot, 0, NULL, 0);

		found = table_scan_getnextslot(scan, ForwardScanDirection, slot);
		for (int i = 0; i < count && found; i++)
		{
			AttrNumber	column = get_attnum(table, names[i]);
			bool		null = true;
			Datum		value = 0;
			Oid			output;
			bool		varlena;

			if (column > 0)
				value = slot_getattr(slot, column, &null);
			if (!null)
				getTypeOutputInfo(TupleDescAttr(RelationGetDescr(relation), column - 1)->atttypid, &output, &varlena);
			values[i] = null ? NULL : OidOutputFunctionCall(output, value);
		}
		table_endscan(scan);
		UnregisterSnapshot(snapshot);
		ExecDropSingleTupleTableSlot(slot);
	}
	relation_close(relation, AccessShareLock);
	return found || failed(entry, TROUBLE_SETTINGS_MISSING, NULL);
}

/*
 * relation_owner
 */
static Oid
relation_owner(Oid relation)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
	Oid			owner = InvalidOid;

	if (HeapTupleIsValid(tuple))
	{
		owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
		ReleaseSysCache(tuple);
	}
	return owner;
}

/*
 * find_root
 *		The table that the settings call the source: this one, or one that it is a partition of.
 */
static Oid
find_root(Relation source, const char *name)
{
	List	   *candidates = list_make1_oid(RelationGetRelid(source));
	List	   *names;
	ListCell   *cell;

	if (!SplitIdentifierString(pstrdup(name), '.', &names) || list_length(names) != 2)
		return InvalidOid;
	if (source->rd_rel->relispartition)
		candidates = list_concat(candidates, get_partition_ancestors(RelationGetRelid(source)));
	foreach(cell, candidates)
	{
		char	   *schema = get_namespace_name(get_rel_namespace(lfirst_oid(cell)));
		char	   *relation = get_rel_name(lfirst_oid(cell));

		if (schema && relation && strcmp(schema, linitial(names)) == 0 && strcmp(relation, lsecond(names)) == 0)
			return lfirst_oid(cell);
	}
	return InvalidOid;
}

/*
 * may_read
 *		The owner of the base may read these columns of all rows of the source: what the trigger tells the base,
 *		its owner could have asked for.
 */
static bool
may_read(BaseEntry *entry, Relation source, Bitmapset *columns)
{
	int			column = -1;

	if (check_enable_rls(entry->root, entry->owner, true) == RLS_ENABLED)
		return false;
	if (pg_class_aclcheck(entry->root, entry->owner, ACL_SELECT) == ACLCHECK_OK)
		return true;
	while ((column = bms_next_member(columns, column)) >= 0)
	{
		AttrNumber	here = column + FirstLowInvalidHeapAttributeNumber;
		AttrNumber	there = InvalidAttrNumber;

		if (here > 0)
			there = get_attnum(entry->root, NameStr(TupleDescAttr(RelationGetDescr(source), here - 1)->attname));
		if (there <= 0 || pg_attribute_aclcheck(entry->root, there, entry->owner, ACL_SELECT) != ACLCHECK_OK)
			return false;
	}
	return true;
}

/* Whether a function is none of PostgreSQL's own in C. */
static bool
is_foreign_function(Oid function, void *context)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	bool		foreign = true;

	if (HeapTupleIsValid(tuple))
	{
		foreign = ((Form_pg_proc) GETSTRUCT(tuple))->prolang != INTERNALlanguageId;
		ReleaseSysCache(tuple);
	}
	return foreign;
}

static bool
has_foreign_function(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, CoerceToDomain) || check_functions_in_node(node, is_foreign_function, NULL))
		return true;
	return expression_tree_walker(node, has_foreign_function, NULL);
}

/* A value becomes one of another type by way of text, which settings give a form, though PostgreSQL calls that immutable. */
static bool
goes_by_text(Node *node, void *context)
{
	if (node == NULL)
		return false;
	return IsA(node, CoerceViaIO) || IsA(node, ArrayCoerceExpr) || expression_tree_walker(node, goes_by_text, NULL);
}

/*
 * cannot_fail
 *		Evaluating the expression raises no error, whatever the row: a column, a constant, an integer made numeric, or
 *		the day of a timestamptz in a zone. Its column is the entry's instant, for the first and last days there are
 *		do raise errors.
 */
static bool
cannot_fail(Node *node, BaseEntry *entry)
{
	FuncExpr   *call = (FuncExpr *) node;
	Const	   *zone;
	Var		   *instant;

	if (IsA(node, Var) || IsA(node, Const))
		return true;
	if (IsA(node, RelabelType))
		return cannot_fail((Node *) ((RelabelType *) node)->arg, entry);
	if (!IsA(node, FuncExpr))
		return false;
	switch (call->funcid)
	{
		case F_NUMERIC_INT2:
		case F_NUMERIC_INT4:
		case F_NUMERIC_INT8:
			return cannot_fail(linitial(call->args), entry);
		case F_DATE_TIMESTAMP:
			call = linitial(call->args);
			if (!IsA(call, FuncExpr) || call->funcid != F_TIMEZONE_TEXT_TIMESTAMPTZ)
				return false;
			zone = linitial(call->args);
			instant = lsecond(call->args);
			if (!IsA(zone, Const) || zone->constisnull || !IsA(instant, Var) || instant->varattno <= 0 ||
				(entry->instant != 0 && entry->instant != instant->varattno))
				return false;
			/* A zone that was found once is found again for as long as the session lasts. */
			DirectFunctionCall2(timestamptz_zone, zone->constvalue, TimestampTzGetDatum(0));
			entry->instant = instant->varattno;
			return true;
		default:
			return false;
	}
}

/*
 * columns_to_params, params_to_columns
 *		Columns of the source as parameters and back: what plans a cached expression knows of no table (and, in 19, looks for that
 *		of each column).
 */
static Node *
columns_to_params(Node *node, void *unused)
{
	if (node != NULL && IsA(node, Var))
	{
		Var		   *column = (Var *) node;
		Param	   *param = makeNode(Param);

		param->paramkind = PARAM_EXEC;
		param->paramid = column->varattno - FirstLowInvalidHeapAttributeNumber;
		param->paramtype = column->vartype;
		param->paramtypmod = column->vartypmod;
		param->paramcollid = column->varcollid;
		param->location = -1;
		return (Node *) param;
	}
	return expression_tree_mutator(node, columns_to_params, unused);
}

static Node *
params_to_columns(Node *node, void *unused)
{
	if (node != NULL && IsA(node, Param))
	{
		Param	   *param = (Param *) node;

		return (Node *) makeVar(1, param->paramid + FirstLowInvalidHeapAttributeNumber, param->paramtype, param->paramtypmod, param->paramcollid, 0);
	}
	return expression_tree_mutator(node, params_to_columns, unused);
}

/*
 * cached_expression
 *		An expression over the columns of a table, planned, and made invalid by what changes it.
 */
static CachedExpression *
cached_expression(Node *node)
{
	CachedExpression *cached = GetCachedExpression(columns_to_params(node, NULL));
	MemoryContext before = MemoryContextSwitchTo(cached->context);

	cached->expr = params_to_columns(cached->expr, NULL);
	MemoryContextSwitchTo(before);
	return cached;
}

/*
 * compile_part
 *		Parses the text of a part over the table's own columns, whose order may differ between partitions.
 */
static void
compile_part(Building *building, SourcePart part, const char *text, Bitmapset **columns)
{
	BaseEntry  *entry = building->entry;
	SourceExpression *expression = &entry->parts[part];
	Node	   *node;
	bool		varlena;

	building->part = setting_names[part];
	node = base_source_expression(building->source, setting_names[part], text);
	node = expand_generated_columns_in_expr(node, building->source, 1);
	pull_varattnos(node, 1, columns);
	expression->cached = cached_expression(node);
	node = expression->cached->expr;
	expression->type = exprType(node);
	get_typlenbyval(expression->type, &expression->typlen, &expression->typbyval);
	getTypeOutputInfo(expression->type, &expression->output, &varlena);

	entry->builtin = entry->builtin && !has_foreign_function(node, NULL);
	entry->settings_matter = entry->settings_matter || !entry->builtin || contain_mutable_functions(node) || goes_by_text(node, NULL);
	while (IsA(node, RelabelType))
		node = (Node *) ((RelabelType *) node)->arg;
	if (IsA(node, Var) && ((Var *) node)->varattno > 0)
		expression->column = ((Var *) node)->varattno;
	else if (part != PART_TIME)
		entry->plain = cannot_fail(node, entry) && entry->plain;
}

/*
 * compile_parts
 */
static bool
compile_parts(Building *building, char **settings)
{
	BaseEntry  *entry = building->entry;
	const char *types[SOURCE_PARTS] = {
		[PART_FILTER] = "boolean",[PART_CUSTOMER] = settings[SETTING_CUSTOMER_TYPE],[PART_TENANT] = settings[SETTING_TENANT_TYPE],
		[PART_DAY] = "date",[PART_CURRENCY] = "text",[PART_ORDER] = settings[SETTING_ORDER_TYPE],
		[PART_AMOUNT] = settings[SETTING_AMOUNT_TYPE] && strcmp(settings[SETTING_AMOUNT_TYPE], "bigint") == 0 ? "bigint" : "numeric"
	};
	Bitmapset  *columns = NULL;
	int			column;

	if (settings[PART_CURRENCY])
		settings[PART_CURRENCY] = psprintf("(%s)::text", settings[PART_CURRENCY]);
	entry->plain = entry->builtin = true;
	for (int part = 0; part < SOURCE_PARTS; part++)
	{
		char	   *type;

		if (settings[part] == NULL)
			continue;
		compile_part(building, part, settings[part], &columns);
		type = format_type_with_typemod(entry->parts[part].type, -1);
		if (types[part] && strcmp(type, types[part]) != 0)
			return failed(entry, TROUBLE_EXPRESSION, psprintf("%s is of type %s, not %s", setting_names[part], type, types[part]));
	}
	building->part = NULL;
	if (!entry->parts[PART_CUSTOMER].cached || !entry->parts[PART_DAY].cached || !entry->parts[PART_AMOUNT].cached)
		return failed(entry, TROUBLE_SETTINGS_MISSING, pstrdup("settings"));
	column = bms_next_member(columns, -1);
	if (column >= 0 && column + FirstLowInvalidHeapAttributeNumber < 0)
		return failed(entry, TROUBLE_EXPRESSION, pstrdup("a system column of the source is used"));
	if (!may_read(entry, building->source, columns))
		return failed(entry, TROUBLE_RIGHTS, psprintf("role %s may not read all rows of %s",
													   GetUserNameFromId(entry->owner, false), settings[SETTING_SOURCE]));
	return true;
}

/*
 * read_target
 *		Locks and reads a table that is written to. Its keys are of the types of the parts.
 */
static bool
read_target(BaseEntry *entry, BaseTable *table, const char *name, bool lines)
{
	BaseColumn	columns[BASE_TABLE_COLUMNS];
	int			count = 0;
	Oid			oid = get_relname_relid(name, entry->namespace);

	if (!OidIsValid(oid))
		return failed(entry, TROUBLE_DELTAS_MISSING, pstrdup(name));
	table->oid = oid;
	if (entry->parts[PART_TENANT].cached)
		columns[count++] = (BaseColumn) {"tenant", entry->parts[PART_TENANT].type};
	columns[count++] = (BaseColumn) {"customer", entry->parts[PART_CUSTOMER].type};
	if (lines)
		columns[count++] = (BaseColumn) {"order_id", entry->parts[PART_ORDER].type};
	columns[count++] = (BaseColumn) {"day", DATEOID};
	columns[count++] = (BaseColumn) {lines ? "lines" : "orders", INT8OID};
	columns[count++] = (BaseColumn) {lines ? "amount" : "gross", NUMERICOID};
	if (!lines)
	{
		columns[count++] = (BaseColumn) {"refunds", INT8OID};
		columns[count++] = (BaseColumn) {"refunded", NUMERICOID};
		columns[count++] = (BaseColumn) {"item", TEXTOID};
	}
	columns[count++] = (BaseColumn) {"at", TIMESTAMPTZOID, true};

	switch (base_table_read(table, oid, columns, count))
	{
		case BASE_TABLE_FITS:
			break;
		case BASE_TABLE_LOCKED:
			return failed(entry, TROUBLE_LOCKED, NULL);
		case BASE_TABLE_CHANGED:
			return failed(entry, TROUBLE_DELTAS_CHANGED, pstrdup(name));
	}
	if (relation_owner(oid) != entry->owner)
		return failed(entry, TROUBLE_DELTAS_CHANGED, psprintf("%s belongs to another role", name));
	return true;
}

/*
 * is_known_version
 */
static bool
is_known_version(const char *version)
{
	for (int i = 0; version && i < lengthof(base_versions); i++)
	{
		if (strcmp(version, base_versions[i]) == 0)
			return true;
	}
	return false;
}

/*
 * build_as_owner
 *		All that needs the settings, with the rights of the base's owner.
 */
static bool
build_as_owner(Building *building)
{
	static const char *const state_names[] = {"kept_before"};
	BaseEntry  *entry = building->entry;
	char	   *settings[SETTINGS];
	char	   *kept_before;

	if (!read_row(entry, entry->settings, setting_names, SETTINGS, settings) ||
		!read_row(entry, entry->state, state_names, 1, &kept_before))
		return false;
	entry->base = settings[SETTING_BASE] ? settings[SETTING_BASE] : entry->key.schema;
	if (!is_known_version(settings[SETTING_VERSION]))
		return failed(entry, TROUBLE_VERSION, settings[SETTING_VERSION]);
	entry->root = settings[SETTING_SOURCE] ? find_root(building->source, settings[SETTING_SOURCE]) : InvalidOid;
	if (!OidIsValid(entry->root))
		return failed(entry, TROUBLE_SOURCE_RENAMED, settings[SETTING_SOURCE]);
	entry->currency = settings[SETTING_CURRENCY];
	entry->time_zone = settings[SETTING_TIME_ZONE];
	entry->date_style = settings[SETTING_DATE_STYLE];
	entry->fold_at_once = settings[SETTING_STAGE_CHANGES] && strcmp(settings[SETTING_STAGE_CHANGES], "transaction") == 0;
	entry->has_kept_before = kept_before != NULL;
	if (kept_before)
		entry->kept_before = DatumGetDateADT(DirectFunctionCall1(date_in, CStringGetDatum(kept_before)));

	building->part = "time_zone";
	if (entry->time_zone)
		set_setting("timezone", entry->time_zone);
	building->part = "date_style";
	if (entry->date_style)
		set_setting("datestyle", entry->date_style);
	if (!compile_parts(building, settings) ||
		!read_target(entry, &entry->deltas, "deltas", false) ||
		(entry->parts[PART_ORDER].cached && !read_target(entry, &entry->line_deltas, "line_deltas", true)))
		return false;
	/* With the values of columns that were added later. */
	entry->columns = CreateTupleDescCopyConstr(RelationGetDescr(building->source));
	entry->state_context = AllocSetContextCreate(entry->context, "pg_customer expressions", ALLOCSET_SMALL_SIZES);
	base_entry_states(entry);
	return true;
}

/*
 * build
 *		Fills an empty entry; in a subtransaction, for compiling may raise errors.
 */
static void
build(void *arg)
{
	Building   *building = arg;
	BaseEntry  *entry = building->entry;
	MemoryContext old = MemoryContextSwitchTo(entry->context);
	Oid			caller;
	int			security;
	int			nest_level;

	entry->namespace = get_namespace_oid(entry->key.schema, true);
	if (!OidIsValid(entry->namespace))
		failed(entry, TROUBLE_SCHEMA_MISSING, NULL);
	else
	{
		entry->settings = get_relname_relid("settings", entry->namespace);
		entry->state = get_relname_relid("state", entry->namespace);
		entry->owner = relation_owner(entry->settings);
		if (!OidIsValid(entry->owner) || relation_owner(entry->state) != entry->owner)
			failed(entry, TROUBLE_SETTINGS_MISSING, NULL);
		else
		{
			GetUserIdAndSecContext(&caller, &security);
			SetUserIdAndSecContext(entry->owner, security | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
			nest_level = NewGUCNestLevel();
			set_setting("search_path", "pg_catalog, pg_temp");
			set_setting("standard_conforming_strings", "on");
			set_setting("datestyle", "ISO");
			(void) build_as_owner(building);
			AtEOXact_GUC(false, nest_level);
			SetUserIdAndSecContext(caller, security);
		}
	}
	MemoryContextSwitchTo(old);
}

/*
 * is_current
 */
static bool
is_current(const BaseEntry *entry)
{
	if (!entry->built || !entry->valid)
		return false;
	for (int part = 0; part < SOURCE_PARTS; part++)
	{
		if (entry->parts[part].cached && !entry->parts[part].cached->is_valid)
			return false;
	}
	return true;
}

/*
 * base_entry_prepare
 */
BaseTrouble
base_entry_prepare(BaseEntry *entry, Relation source)
{
	Building	building = {entry, source};
	char	   *message;

	if (entry->busy)
		return TROUBLE_RECURSION;
	if (entry->failed_in == current_lxid())
		return entry->trouble;

	/* To take a lock is to hear of changes, so it comes first. */
	if (is_current(entry))
	{
		if (!base_table_lock(&entry->deltas) || !base_table_lock(&entry->line_deltas))
			return TROUBLE_LOCKED;
		if (is_current(entry))
			return TROUBLE_NONE;
	}

	clear_entry(entry);
	entry->context = AllocSetContextCreate(CacheMemoryContext, "pg_customer base", ALLOCSET_SMALL_SIZES);
	entry->valid = true;
	if (!base_attempt(build, &building, &message))
		failed(entry, TROUBLE_EXPRESSION, MemoryContextStrdup(entry->context, building.part ?
			   psprintf("%s: %s", building.part, message) : message));
	entry->built = entry->trouble == TROUBLE_NONE;
	if (!entry->built && entry->trouble != TROUBLE_LOCKED)
		entry->failed_in = current_lxid();
	return entry->trouble;
}

/*
 * base_entry_states
 *		States of PostgreSQL's own functions are good for ever; others may hold on to something of a transaction.
 */
void
base_entry_states(BaseEntry *entry)
{
	MemoryContext old;

	if (entry->state_of == current_lxid() || (entry->builtin && entry->state_of != InvalidLocalTransactionId))
		return;
	entry->state_of = InvalidLocalTransactionId;
	MemoryContextReset(entry->state_context);
	old = MemoryContextSwitchTo(entry->state_context);
	for (int part = 0; part < SOURCE_PARTS; part++)
	{
		if (entry->parts[part].cached)
			entry->parts[part].state = ExecInitExpr((Expr *) entry->parts[part].cached->expr, NULL);
	}
	MemoryContextSwitchTo(old);
	entry->state_of = current_lxid();
}
