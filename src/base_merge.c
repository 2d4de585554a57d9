/*
 * base_merge.c
 *		Rows of a MERGE that PostgreSQL 18 mistakes for others.
 *
 * Where a MERGE into a partitioned table first inserts a row and then updates others, the table of new rows that triggers get has the
 * inserted row in the place of each updated one (seen in 18.6, not in 15 and 17). Nobody can tell from it what has been written, but
 * that it has happened can be told: a row that the statement has inserted is never one that it has updated as well.
 */
#include "compat.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "common/hashfn.h"
#include "executor/executor.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/tuplestore.h"

#include "base_changes.h"

#if PG_VERSION_NUM >= 180000

/* A statement that inserts more is no MERGE that is worth the memory; the daily comparison finds what it got wrong. */
#define MAX_INSERTED 100000

/* The rows that the last INSERT of this transaction has written to a partitioned table, as hashes. */
static MemoryContext inserted_context = NULL;
static HTAB *inserted;
static Oid	inserted_into;

/* Their memory goes, at the latest when the transaction ends. */
static void
forget_inserted(void *arg)
{
	inserted_context = NULL;
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

		go_on = take(hash_bytes_extended((const unsigned char *) tuple + MINIMAL_TUPLE_DATA_OFFSET, tuple->t_len - MINIMAL_TUPLE_DATA_OFFSET, 0), arg);
	}
	return go_on;
}

static bool
remember(uint64 hash, void *arg)
{
	(void) hash_search(inserted, &hash, HASH_ENTER, NULL);
	return true;
}

static bool
is_new(uint64 hash, void *arg)
{
	return hash_search(inserted, &hash, HASH_FIND, NULL) == NULL;
}

/*
 * base_rows_mistaken
 *		Whether the new rows of an UPDATE are rows that were inserted before.
 */
bool
base_rows_mistaken(const TriggerData *trigger)
{
	Relation	relation = trigger->tg_relation;
	TupleTableSlot *slot;
	bool		mistaken = false;

	if (relation->rd_rel->relkind != RELKIND_PARTITIONED_TABLE)
		return false;
	slot = MakeSingleTupleTableSlot(RelationGetDescr(relation), &TTSOpsMinimalTuple);
	if (TRIGGER_FIRED_BY_INSERT(trigger->tg_event))
	{
		if (inserted_context != NULL)
			MemoryContextDelete(inserted_context);
		if (tuplestore_tuple_count(trigger->tg_newtable) <= MAX_INSERTED)
		{
			MemoryContextCallback *callback;
			HASHCTL		control = {.keysize = sizeof(uint64),.entrysize = sizeof(uint64)};

			control.hcxt = AllocSetContextCreate(TopTransactionContext, "rows inserted into a partitioned table", ALLOCSET_SMALL_SIZES);
			callback = MemoryContextAlloc(control.hcxt, sizeof(MemoryContextCallback));
			callback->func = forget_inserted;
			callback->arg = NULL;
			MemoryContextRegisterResetCallback(control.hcxt, callback);
			inserted = hash_create("rows inserted into a partitioned table", 256, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
			inserted_into = RelationGetRelid(relation);
			inserted_context = control.hcxt;
			(void) for_each_row(trigger->tg_newtable, slot, remember, NULL);
		}
	}
	else if (TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) && inserted_context != NULL && inserted_into == RelationGetRelid(relation))
		/* A later statement may change what was inserted, and even to what it was. */
		mistaken = !for_each_row(trigger->tg_newtable, slot, is_new, NULL) && for_each_row(trigger->tg_oldtable, slot, is_new, NULL);
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
