/*
 * base_table.c
 *		Tables of a customer base that the trigger writes to without a query.
 *
 * Nothing but the rows of the trigger may come of it: a table with a trigger, a rule, a policy for its owner, a constraint
 * or an index over an expression is not as it was made, and is left alone. No lock is waited for.
 */
#include "compat.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/index.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_index.h"
#include "executor/executor.h"
#include "nodes/execnodes.h"
#include "storage/lmgr.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "base_changes.h"

/* How many rows go to the table at once. */
#define INSERT_ROWS 256

/*
 * columns_fit
 *		The columns are these, in this order, and hold whatever their types hold.
 */
static bool
columns_fit(TupleDesc have, const BaseColumn *want, int count)
{
	if (have->natts != count)
		return false;
	for (int i = 0; i < count; i++)
	{
		Form_pg_attribute column = TupleDescAttr(have, i);

		if (column->attisdropped || column->atttypid != want[i].type || column->atttypmod != -1 ||
			column->attgenerated || column->attidentity || (column->attnotnull && !want[i].not_null) ||
			strcmp(NameStr(column->attname), want[i].name) != 0)
			return false;
	}
	return true;
}

/*
 * table_fits
 *		Writing a row to the table does that and nothing else.
 */
static bool
table_fits(Relation relation, const BaseColumn *columns, int count)
{
	Form_pg_class class = relation->rd_rel;
	TupleConstr *constraints = RelationGetDescr(relation)->constr;

	return class->relkind == RELKIND_RELATION && class->relpersistence == RELPERSISTENCE_PERMANENT &&
		!class->relispartition && !class->relforcerowsecurity && relation->rd_rules == NULL && relation->trigdesc == NULL &&
		(constraints == NULL || constraints->num_check == 0) &&
		columns_fit(RelationGetDescr(relation), columns, count);
}

/*
 * index_fits
 *		Writing an entry to the index cannot fail and runs no code of a user's. Keys of customers are never too long for
 *		it; the id of an order may be.
 */
static bool
index_fits(Relation relation, Relation index)
{
	Form_pg_index form = index->rd_index;

	for (int i = 0; i < form->indnatts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(RelationGetDescr(relation), Max(form->indkey.values[i], 1) - 1);

		if (column->attlen == -1 && strcmp(NameStr(column->attname), "order_id") == 0)
			return false;
	}

	return index->rd_rel->relam == BTREE_AM_OID && !form->indisunique && !form->indisexclusion &&
		heap_attisnull(index->rd_indextuple, Anum_pg_index_indexprs, NULL) &&
		heap_attisnull(index->rd_indextuple, Anum_pg_index_indpred, NULL);
}

/*
 * base_table_lock
 */
bool
base_table_lock(const BaseTable *table)
{
	if (OidIsValid(table->oid) && !ConditionalLockRelationOid(table->oid, RowExclusiveLock))
		return false;
	for (int i = 0; i < table->index_count; i++)
	{
		if (!ConditionalLockRelationOid(table->index_oids[i], RowExclusiveLock))
			return false;
	}
	return true;
}

/*
 * base_table_read
 */
BaseTableStatus
base_table_read(BaseTable *table, Oid oid, const BaseColumn *columns, int count)
{
	Relation	relation;
	List	   *indexes;
	ListCell   *cell;
	BaseTableStatus status = BASE_TABLE_CHANGED;

	if (!ConditionalLockRelationOid(oid, RowExclusiveLock))
		return BASE_TABLE_LOCKED;
	relation = try_relation_open(oid, NoLock);
	if (relation == NULL)
		return BASE_TABLE_CHANGED;

	if (table_fits(relation, columns, count))
	{
		status = BASE_TABLE_FITS;
		table->oid = oid;
		table->columns = CreateTupleDescCopy(RelationGetDescr(relation));
		table->index_count = 0;
		indexes = RelationGetIndexList(relation);
		table->index_oids = palloc(sizeof(Oid) * list_length(indexes));
		table->index_infos = palloc(sizeof(IndexInfo *) * list_length(indexes));
		foreach(cell, indexes)
		{
			Relation	index;

			if (!ConditionalLockRelationOid(lfirst_oid(cell), RowExclusiveLock))
			{
				status = BASE_TABLE_LOCKED;
				break;
			}
			index = index_open(lfirst_oid(cell), NoLock);
			if (!index_fits(relation, index))
				status = BASE_TABLE_CHANGED;
			/* One that is being built concurrently takes no entries at first. */
			else if (index->rd_index->indisready)
			{
				table->index_oids[table->index_count] = lfirst_oid(cell);
				table->index_infos[table->index_count++] = BuildIndexInfo(index);
			}
			index_close(index, NoLock);
		}
	}
	relation_close(relation, NoLock);
	return status;
}

/*
 * base_insert_begin
 *		The table is locked. Everything is made in the present memory context.
 */
void
base_insert_begin(BaseInsert *insert, const BaseTable *table)
{
	insert->table = table;
	insert->relation = table_open(table->oid, NoLock);
	insert->slots = palloc0(sizeof(TupleTableSlot *) * INSERT_ROWS);
	insert->filled = 0;
	insert->context = AllocSetContextCreate(CurrentMemoryContext, "pg_customer rows", ALLOCSET_DEFAULT_SIZES);
}

/*
 * write_rows
 *		Writes the rows that were filled, to the table and then to one index after the other.
 */
static void
write_rows(BaseInsert *insert)
{
	const BaseTable *table = insert->table;
	CommandId	command = GetCurrentCommandId(true);
	MemoryContext old = MemoryContextSwitchTo(insert->context);

	if (insert->filled == 1)
		table_tuple_insert(insert->relation, insert->slots[0], command, 0, NULL);
	else
		table_multi_insert(insert->relation, insert->slots, insert->filled, command, 0, NULL);
	for (int i = 0; i < table->index_count; i++)
	{
		Relation	index = index_open(table->index_oids[i], NoLock);
		Datum		values[INDEX_MAX_KEYS];
		bool		nulls[INDEX_MAX_KEYS];

		for (int row = 0; row < insert->filled; row++)
		{
			FormIndexDatum(table->index_infos[i], insert->slots[row], NULL, values, nulls);
			index_insert(index, values, nulls, &insert->slots[row]->tts_tid, insert->relation, UNIQUE_CHECK_NO,
						 false, table->index_infos[i]);
		}
		index_close(index, NoLock);
	}
	for (int row = 0; row < insert->filled; row++)
		ExecClearTuple(insert->slots[row]);
	insert->filled = 0;
	MemoryContextSwitchTo(old);
	MemoryContextReset(insert->context);
}

/*
 * base_insert_row
 */
void
base_insert_row(BaseInsert *insert)
{
	if (insert->filled == INSERT_ROWS)
		write_rows(insert);
	if (insert->slots[insert->filled] == NULL)
		insert->slots[insert->filled] = MakeSingleTupleTableSlot(insert->table->columns,
																 table_slot_callbacks(insert->relation));
	ExecStoreVirtualTuple(insert->slots[insert->filled++]);
	insert->column = 0;
}

/*
 * base_insert_value
 */
void
base_insert_value(BaseInsert *insert, Datum value, bool null)
{
	TupleTableSlot *slot = insert->slots[insert->filled - 1];

	Assert(insert->column < slot->tts_tupleDescriptor->natts);
	slot->tts_values[insert->column] = value;
	slot->tts_isnull[insert->column++] = null;
}

/*
 * base_insert_end
 */
void
base_insert_end(BaseInsert *insert)
{
	if (insert->filled > 0)
		write_rows(insert);
	for (int i = 0; i < INSERT_ROWS && insert->slots[i]; i++)
		ExecDropSingleTupleTableSlot(insert->slots[i]);
	pfree(insert->slots);
	MemoryContextDelete(insert->context);
	table_close(insert->relation, NoLock);
}
