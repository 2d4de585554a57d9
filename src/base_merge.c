/*
 * base_merge.c
 *		Rows of a MERGE that PostgreSQL 18 mistakes for others: 18, and the release candidate of 19.
 *
 * Where a MERGE into a partitioned table first inserts a row and then updates others, the table of new rows that triggers get has the
 * inserted row in the place of each updated one (seen in 18.6 and 19rc1, not in 15 and 17). Nobody can tell from it what has been written, but
 * that it has happened can be told: a row that a statement has inserted is never one that it has updated as well.
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

#if PG_VERSION_NUM >= 180000

/* A statement that writes more is no MERGE that is worth the memory; the daily comparison finds what it got wrong. */
#define MAX_WRITTEN 100000

/* The new rows that the last call of this transaction has seen, as hashes. */
static MemoryContext written_context = NULL;
static HTAB *written;
static Oid	written_to;
static bool written_by_insert;

/* Their memory goes, at the latest when the transaction ends. */
static void
forget_written(void *arg)
{
	written_context = NULL;
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
remember(uint64 hash, void *arg)
{
	(void) hash_search(written, &hash, HASH_ENTER, NULL);
	return true;
}

static bool
is_other(uint64 hash, void *arg)
{
	return hash_search(written, &hash, HASH_FIND, NULL) == NULL;
}

/*
 * remember_rows
 *		Keeps the new rows of this call for the next.
 */
static void
remember_rows(const TriggerData *trigger, TupleTableSlot *slot)
{
	HASHCTL		control = {.keysize = sizeof(uint64),.entrysize = sizeof(uint64)};
	MemoryContextCallback *callback;

	control.hcxt = AllocSetContextCreate(TopTransactionContext, "rows written to a partitioned table", ALLOCSET_SMALL_SIZES);
	callback = MemoryContextAlloc(control.hcxt, sizeof(MemoryContextCallback));
	callback->func = forget_written;
	callback->arg = NULL;
	MemoryContextRegisterResetCallback(control.hcxt, callback);
	written = hash_create("rows written to a partitioned table", 256, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	written_to = RelationGetRelid(trigger->tg_relation);
	written_by_insert = TRIGGER_FIRED_BY_INSERT(trigger->tg_event);
	written_context = control.hcxt;
	(void) for_each_row(trigger->tg_newtable, slot, remember, NULL);
}

/*
 * base_rows_mistaken
 *		Whether the new rows of an UPDATE are rows that were inserted, by the call before or after it.
 */
bool
base_rows_mistaken(const TriggerData *trigger)
{
	Relation	relation = trigger->tg_relation;
	bool		inserts = TRIGGER_FIRED_BY_INSERT(trigger->tg_event);
	TupleTableSlot *slot;
	bool		mistaken = false;

	if (relation->rd_rel->relkind != RELKIND_PARTITIONED_TABLE || trigger->tg_newtable == NULL)
		return false;
	slot = MakeSingleTupleTableSlot(RelationGetDescr(relation), &TTSOpsMinimalTuple);
	if (written_context != NULL && written_to == RelationGetRelid(relation) && written_by_insert != inserts)
		/* A later statement may change what was inserted, and even to what it was. */
		mistaken = !for_each_row(trigger->tg_newtable, slot, is_other, NULL) &&
			(inserts || for_each_row(trigger->tg_oldtable, slot, is_other, NULL));
	if (written_context != NULL)
		MemoryContextDelete(written_context);
	if (tuplestore_tuple_count(trigger->tg_newtable) <= MAX_WRITTEN)
		remember_rows(trigger, slot);
	ExecDropSingleTupleTableSlot(slot);
	return mistaken;
}

#else

bool
base_rows_mistaken(const TriggerData *trigger)
{
	return false;
}

#endif
