/*
 * base_merge.c
 *		Rows of a MERGE that PostgreSQL mistakes for others.
 *
 * Where a MERGE into a partitioned table first inserts a row and then updates others, the table of new rows that triggers get has the
 * inserted row in the place of each updated one: in 15.18, 18.6 and 19rc1, no longer in 15.20 and 17.12. Nobody can tell from it what
 * has been written, but that it has happened can be told: a row that a statement has inserted is never one that it has updated as well.
 */
#include "compat.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "common/hashfn.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/tuplestore.h"

#include "base_changes.h"

/* A statement that writes more is no MERGE that is worth the memory; the daily comparison finds what it got wrong. */
#define MAX_WRITTEN 100000

/* The new rows that the last call for a trigger's base on a table has seen in this transaction, as hashes. */
typedef struct Written
{
	struct Written *next;
	Oid			relation;
	char	   *base;
	bool		by_insert;
	HTAB	   *rows;
	MemoryContext context;
} Written;

static Written *all_written = NULL;

/* Their memory goes when the transaction ends, at the latest. */
static void
forget_written(void *arg)
{
	Written   **written = &all_written;

	while (*written != NULL && *written != arg)
		written = &(*written)->next;
	if (*written != NULL)
		*written = (*written)->next;
}

static Written *
written_before(Oid relation, const char *base)
{
	Written    *written = all_written;

	while (written != NULL && (written->relation != relation || strcmp(written->base, base) != 0))
		written = written->next;
	return written;
}

/* Calls take for the hash of each row, as long as it returns true. */
static bool
for_each_row(Tuplestorestate *rows, TupleTableSlot *slot, bool (*take) (uint64 hash, void *arg), void *arg)
{
	int			pointer = tuplestore_alloc_read_pointer(rows, EXEC_FLAG_REWIND);
	bool		go_on = true;

	tuplestore_select_read_pointer(rows, pointer);
	tuplestore_rescan(rows);
	while (go_on && tuplestore_gettupleslot(rows, true, false, slot))
	{
		MinimalTuple tuple = ((MinimalTupleTableSlot *) slot)->mintuple;

		CHECK_FOR_INTERRUPTS();
		go_on = take(hash_bytes_extended((const unsigned char *) tuple + MINIMAL_TUPLE_DATA_OFFSET, tuple->t_len - MINIMAL_TUPLE_DATA_OFFSET, 0), arg);
	}
	return go_on;
}

static bool
remember(uint64 hash, void *written)
{
	(void) hash_search(((Written *) written)->rows, &hash, HASH_ENTER, NULL);
	return true;
}

static bool
is_other(uint64 hash, void *written)
{
	return hash_search(((Written *) written)->rows, &hash, HASH_FIND, NULL) == NULL;
}

/*
 * remember_rows
 *		Keeps the new rows of this call for the next.
 */
static void
remember_rows(const TriggerData *trigger, const char *base, TupleTableSlot *slot)
{
	MemoryContext context = AllocSetContextCreate(TopTransactionContext, "rows written to a partitioned table", ALLOCSET_SMALL_SIZES);
	HASHCTL		control = {.keysize = sizeof(uint64),.entrysize = sizeof(uint64),.hcxt = context};
	Written    *written = MemoryContextAllocZero(context, sizeof(Written));
	MemoryContextCallback *callback = MemoryContextAlloc(context, sizeof(MemoryContextCallback));

	written->relation = RelationGetRelid(trigger->tg_relation);
	written->base = MemoryContextStrdup(context, base);
	written->by_insert = TRIGGER_FIRED_BY_INSERT(trigger->tg_event);
	written->context = context;
	written->rows = hash_create("rows written to a partitioned table", 256, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	callback->func = forget_written;
	callback->arg = written;
	MemoryContextRegisterResetCallback(context, callback);
	written->next = all_written;
	all_written = written;
	(void) for_each_row(trigger->tg_newtable, slot, remember, written);
}

/*
 * base_rows_mistaken
 *		Whether the new rows of an UPDATE are rows that were inserted, by the call for the same base before or after it.
 */
bool
base_rows_mistaken(const TriggerData *trigger, const char *base)
{
	Relation	relation = trigger->tg_relation;
	bool		inserts = TRIGGER_FIRED_BY_INSERT(trigger->tg_event);
	Written    *before;
	TupleTableSlot *slot;
	bool		mistaken = false;

	if (relation->rd_rel->relkind != RELKIND_PARTITIONED_TABLE || trigger->tg_newtable == NULL)
		return false;
	slot = MakeSingleTupleTableSlot(RelationGetDescr(relation), &TTSOpsMinimalTuple);
	before = written_before(RelationGetRelid(relation), base);
	if (before != NULL && before->by_insert != inserts)
		/* A later statement may change what was inserted, and even to what it was. */
		mistaken = !for_each_row(trigger->tg_newtable, slot, is_other, before) &&
			(inserts || for_each_row(trigger->tg_oldtable, slot, is_other, before));
	if (before != NULL)
		MemoryContextDelete(before->context);
	if (tuplestore_tuple_count(trigger->tg_newtable) <= MAX_WRITTEN)
		remember_rows(trigger, base, slot);
	ExecDropSingleTupleTableSlot(slot);
	return mistaken;
}
