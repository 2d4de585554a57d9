/*
 * fast_group_scan.c
 *		Runs the fast path: reads the rows of its child into partitions, and hands out the customers of one after the other.
 */
#include "compat.h"

#include "access/parallel.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_proc.h"
#include "commands/explain.h"
#include "common/hashfn.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "nodes/extensible.h"
#include "nodes/nodeFuncs.h"
#include "utils/acl.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/ruleutils.h"

#if PG_VERSION_NUM >= 180000
#include "commands/explain_format.h"
#include "commands/explain_state.h"
#endif

#include "fast_group.h"
#include "history_row.h"

typedef struct FastGroupState
{
	CustomScanState custom;		/* first */
	FastGroupPlan plan;
	FastKey		key;
	MemoryContext context;		/* of a run */
	FastRows   *rows;			/* NULL before the first row, and after the end */
	FastSort   *sort;
	int			partition;		/* being handed out; -1 before the first, and after the last */
	bool		ended;
	FastShared *shared;			/* in a parallel plan */
	int			partitions;		/* for EXPLAIN */
	int64		memory;
	int64		disk;
} FastGroupState;

/* ------------------------------------------------------------------------------------------------
 * Reading rows
 * ------------------------------------------------------------------------------------------------ */

/*
 * row_amount
 *		The amount of a row in millionths; none is an order that adds nothing to the money.
 */
static inline int128
row_amount(Oid type, Datum amount, bool null)
{
	if (null)
		return 0;
	switch (type)
	{
		case NUMERICOID:
			return history_amount_of_numeric(amount);
		case FLOAT8OID:
			return history_amount_of_float8(DatumGetFloat8(amount));
		case INT8OID:
			return HISTORY_INTEGER_AMOUNT(DatumGetInt64(amount));
		default:
			return HISTORY_INTEGER_AMOUNT(DatumGetInt32(amount));
	}
}

/*
 * key_image
 *		Writes the image of a key to a buffer, and its hash: columns one after the other, aligned, NULLs left out.
 */
static FastImageRow *
key_image(FastGroupState *state, StringInfo buffer, const TupleTableSlot *slot)
{
	FastImageRow *row;

	resetStringInfo(buffer);
	appendStringInfoSpaces(buffer, sizeof(FastImageRow));
	row = (FastImageRow *) buffer->data;
	row->hash = 0;
	row->nulls = 0;
	for (int i = 0; i < state->key.count; i++)
	{
		FastKeyColumn *column = &state->key.columns[i];
		Datum		value = slot->tts_values[state->plan.columns[i]];
		uint32		hash;
		Size		size;

		row->hash = row->hash << 1 | row->hash >> 31;
		if (slot->tts_isnull[state->plan.columns[i]])
		{
			row->nulls |= 1u << i;
			continue;
		}
		if (column->length == -1)
			value = PointerGetDatum(PG_DETOAST_DATUM_PACKED(value));
		hash = DatumGetUInt32(FunctionCall1Coll(&column->hash, column->collation, value));
		if (column->by_value)
			appendBinaryStringInfo(buffer, (char *) &value, sizeof(Datum));
		else
		{
			size = column->length > 0 ? column->length : column->length == -1 ? VARSIZE_ANY(DatumGetPointer(value)) : strlen(DatumGetCString(value)) + 1;
			appendBinaryStringInfo(buffer, DatumGetPointer(value), size);
			while (buffer->len % MAXIMUM_ALIGNOF != 0)
				appendStringInfoCharMacro(buffer, '\0');
		}
		row = (FastImageRow *) buffer->data;
		row->hash ^= hash;
	}
	row->hash = murmurhash32(row->hash);
	row->size = buffer->len - sizeof(FastImageRow);
	return row;
}

/*
 * keep_image
 *		Keeps a row, of which the image of the key is made already.
 */
static void
keep_image(FastRows *rows, FastImageRow *image, int32 day, int64 first, int64 second, bool two)
{
	Size		size = sizeof(FastImageRow) + image->size;
	char	   *place = fast_rows_place(rows, fast_rows_partition(rows, image->hash), size * (two ? 2 : 1));

	image->day = day;
	image->row = first;
	memcpy(place, image, size);
	if (two)
	{
		image->row = second;
		memcpy(place + size, image, size);
	}
}

/*
 * keep_word
 */
static inline void
keep_word(FastRows *rows, uint64 key, bool null, int32 day, int64 first, int64 second, bool two)
{
	FastPartition *partition = null ? &rows->partitions[rows->count] : fast_rows_partition(rows, (uint32) fast_word_hash(key));
	FastWordRow *place = fast_rows_place(rows, partition, sizeof(FastWordRow) * (two ? 2 : 1));

	place[0].row = first;
	place[0].key = key;
	place[0].day = day;
	if (unlikely(two))
	{
		place[1] = place[0];
		place[1].row = second;
	}
}

/*
 * read_rows
 *		Reads all rows of the child.
 */
static void
read_rows(FastGroupState *state)
{
	PlanState  *child = linitial(state->custom.custom_ps);
	ExprContext *work = state->custom.ss.ps.ps_ExprContext;
	FastRows   *rows = state->rows;
	int			key_column = state->plan.columns[0];
	int			day_column = state->plan.columns[state->plan.keys];
	int			amount_column = state->plan.columns[state->plan.keys + 1];
	int			filter_column = state->plan.columns[state->plan.keys + 2];
	const int  *count_columns = &state->plan.columns[state->plan.keys + 2 + state->plan.filter];
	int			last_column = 0;
	Oid			day_type = state->plan.day_type;
	Oid			amount_type = state->plan.amount_type;
	bool		words = state->key.word;
	bool		short_word = words && state->key.columns[0].length == 4;
	StringInfoData image;

	for (int i = 0; i < FAST_GROUP_COLUMNS(&state->plan); i++)
		last_column = Max(last_column, state->plan.columns[i]);
	initStringInfo(&image);
	for (;;)
	{
		TupleTableSlot *slot = ExecProcNode(child);
		MemoryContext before;
		const Datum *values;
		const bool *nulls;
		int32		day = 0;
		uint32		counts = 0;
		int64		first;
		int64		second = 0;
		bool		two = false;

		if (TupIsNull(slot))
			break;
		slot_getsomeattrs(slot, last_column + 1);
		before = MemoryContextSwitchTo(work->ecxt_per_tuple_memory);
		values = slot->tts_values;
		nulls = slot->tts_isnull;
		for (int i = 0, filter = 0; i < state->plan.counts; i++)
		{
			if ((state->plan.count_filters & (1 << i)) != 0)
			{
				int			column = count_columns[filter++];

				if (nulls[column] || !DatumGetBool(values[column]))
					continue;
			}
			counts |= 1u << i;
		}
		first = FAST_ROW(0, counts, FAST_ROW_NOTHING);
		if (!nulls[day_column] && (!state->plan.filter || (!nulls[filter_column] && DatumGetBool(values[filter_column]))))
		{
			int128		amount = row_amount(amount_type, values[amount_column], nulls[amount_column]);

			day = history_row_day(day_type, values[day_column]);
			two = unlikely(amount >= FAST_ROW_LIMIT || amount < -FAST_ROW_LIMIT);
			if (two)
			{
				/* The order itself keeps the sign, and so is not 0 when the amount is below 0. */
				int128		more = (amount < 0 ? -amount - 1 : amount) >> FAST_MORE_BITS;
				int128		low = (amount < 0 ? -amount : amount) - (more << FAST_MORE_BITS);

				first = FAST_ROW((int64) (amount < 0 ? -low : low), counts, FAST_ROW_ORDER);
				second = FAST_ROW((int64) (amount < 0 ? -more : more), 0, FAST_ROW_MORE);
			}
			else
				first = FAST_ROW((int64) amount, counts, FAST_ROW_ORDER);
		}
		if (words)
			keep_word(rows, nulls[key_column] ? 0 : short_word ? (uint64) Int32GetDatum(DatumGetInt32(values[key_column])) : (uint64) values[key_column],
					  nulls[key_column], day, first, second, two);
		else
			keep_image(rows, key_image(state, &image, slot), day, first, second, two);
		if (unlikely(rows->split))
			fast_rows_split(rows);
		MemoryContextSwitchTo(before);
		ResetExprContext(work);
	}
	pfree(image.data);
}

/*
 * begin_run
 *		Before the first customer is handed out. The child runs in the context of the query, where it keeps what it makes at
 *		its first row.
 */
static void
begin_run(FastGroupState *state)
{
	EState	   *estate = state->custom.ss.ps.state;
	bool		reads = true;

	if (state->shared != NULL)
	{
		state->rows = fast_rows_create_shared(state->context, state->key.word, state->shared, estate->es_query_dsa);
		reads = fast_shared_join(state->rows);
	}
	else
		state->rows = fast_rows_create(state->context, state->key.word, state->plan.bytes);
	if (reads)
	{
		read_rows(state);
		fast_rows_end(state->rows);
		if (state->shared != NULL)
			fast_shared_wait(state->rows);
	}
	state->sort = fast_sort_create(state->context, &state->key, state->plan.totals, state->plan.counts);
	state->partitions = state->rows->count;
	state->memory = Max(state->memory, (int64) state->rows->memory);
	state->disk = Max(state->disk, state->rows->file_blocks * BLCKSZ);
}

/*
 * end_run
 */
static void
end_run(FastGroupState *state)
{
	if (state->rows != NULL)
		fast_rows_close(state->rows);
	state->rows = NULL;
	state->sort = NULL;
	state->partition = -1;
	MemoryContextReset(state->context);
}

/*
 * next_customer
 *		The keys, the history and the counts of the next customer: the scan tuple, of which ExecScan makes what is wanted.
 */
static TupleTableSlot *
next_customer(ScanState *node)
{
	FastGroupState *state = (FastGroupState *) node;
	TupleTableSlot *slot = state->custom.ss.ss_ScanTupleSlot;

	ExecClearTuple(slot);
	if (state->rows == NULL && !state->ended)
		begin_run(state);
	while (!state->ended)
	{
		MemoryContext before = MemoryContextSwitchTo(node->ps.ps_ExprContext->ecxt_per_tuple_memory);
		bool		found = state->partition >= 0 && fast_sort_next(state->sort, slot->tts_values, slot->tts_isnull);

		MemoryContextSwitchTo(before);
		if (found)
			return ExecStoreVirtualTuple(slot);
		state->partition = fast_rows_take(state->rows, state->partition);
		if (state->partition >= 0)
			fast_sort_partition(state->sort, state->rows, state->partition);
		else
		{
			end_run(state);
			state->ended = true;
		}
	}
	return slot;
}

/*
 * recheck
 *		When another transaction has changed a row, the query is run for it again (EvalPlanQual). No group is locked, so that
 *		run's subqueries want their next customer, for which ExecScan asks here before PostgreSQL 15.14.
 */
static bool
recheck(ScanState *node, TupleTableSlot *slot)
{
	return !TupIsNull(next_customer(node));
}

/* ------------------------------------------------------------------------------------------------
 * Executor methods
 * ------------------------------------------------------------------------------------------------ */

/*
 * is_word
 *		Whether a type's values are equal where their Datums are: integers, days and the like.
 */
static bool
is_word(Oid equal)
{
	switch (get_opcode(equal))
	{
		case F_INT2EQ:
		case F_INT4EQ:
		case F_INT8EQ:
		case F_OIDEQ:
		case F_DATE_EQ:
			return true;
		default:
			return false;
	}
}

/*
 * check_aggregate
 *		Whether the caller may call it.
 */
static void
check_aggregate(Oid aggregate)
{
	AclResult	allowed = object_aclcheck(ProcedureRelationId, aggregate, GetUserId(), ACL_EXECUTE);

	if (allowed != ACLCHECK_OK)
		aclcheck_error(allowed, OBJECT_AGGREGATE, get_func_name(aggregate));
	InvokeFunctionExecuteHook(aggregate);
}

/*
 * begin
 */
static void
begin(CustomScanState *node, EState *estate, int eflags)
{
	FastGroupState *state = (FastGroupState *) node;
	CustomScan *scan = (CustomScan *) node->ss.ps.plan;
	Plan	   *child = linitial(scan->custom_plans);

	fast_group_plan_read(&state->plan, scan->custom_private);
	check_aggregate(state->plan.aggregate);
	if (state->plan.counts > 0)
		check_aggregate(F_COUNT_);

	node->custom_ps = list_make1(ExecInitNode(child, estate, eflags & ~(EXEC_FLAG_REWIND | EXEC_FLAG_BACKWARD | EXEC_FLAG_MARK)));
	state->partition = -1;
	state->context = AllocSetContextCreate(CurrentMemoryContext, "fast_group", ALLOCSET_DEFAULT_SIZES);
	state->key.count = state->plan.keys;
	state->key.word = state->plan.keys == 1 && is_word(state->plan.equal[0]);
	for (int i = 0; i < state->plan.keys; i++)
	{
		FastKeyColumn *column = &state->key.columns[i];
		TargetEntry *entry = list_nth_node(TargetEntry, child->targetlist, state->plan.columns[i]);
		RegProcedure left;
		RegProcedure right;

		get_typlenbyval(exprType((Node *) entry->expr), &column->length, &column->by_value);
		if (!get_op_hash_functions(state->plan.equal[i], &left, &right))
			elog(ERROR, "operator %u has no hash function", state->plan.equal[i]);
		fmgr_info(left, &column->hash);
		fmgr_info(get_opcode(state->plan.equal[i]), &column->equal);
		column->collation = state->plan.collation[i];
	}
}

/*
 * run
 */
static TupleTableSlot *
run(CustomScanState *node)
{
	return ExecScan(&node->ss, next_customer, recheck);
}

/*
 * rescan
 */
static void
rescan(CustomScanState *node)
{
	FastGroupState *state = (FastGroupState *) node;
	PlanState  *child = linitial(node->custom_ps);

	end_run(state);
	state->ended = false;
	ExecScanReScan(&node->ss);
	if (node->ss.ps.chgParam != NULL)
		UpdateChangedParamSet(child, node->ss.ps.chgParam);
	if (child->chgParam == NULL)
		ExecReScan(child);
}

/*
 * shutdown
 *		What is shared is still there: later it is not.
 */
static void
shutdown_scan(CustomScanState *node)
{
	FastGroupState *state = (FastGroupState *) node;

	if (state->shared != NULL)
	{
		state->ended = true;
		end_run(state);
		state->shared = NULL;
	}
}

/*
 * end
 */
static void
end(CustomScanState *node)
{
	FastGroupState *state = (FastGroupState *) node;

	end_run(state);
	ExecEndNode(linitial(node->custom_ps));
}

/*
 * explain
 */
static void
explain(CustomScanState *node, List *ancestors, ExplainState *es)
{
	FastGroupState *state = (FastGroupState *) node;
	Plan	   *child = ((PlanState *) linitial(node->custom_ps))->plan;
	List	   *context = set_deparse_context_plan(es->deparse_cxt, child, lcons(node->ss.ps.plan, ancestors));
	List	   *keys = NIL;

	for (int i = 0; i < state->plan.keys; i++)
	{
		TargetEntry *entry = list_nth_node(TargetEntry, child->targetlist, state->plan.columns[i]);

		keys = lappend(keys, deparse_expression((Node *) entry->expr, context, explain_tables(es) > 1 || es->verbose, true));
	}
	ExplainPropertyList("Group Key", keys, es);
	ExplainPropertyText("Histories", state->plan.totals ? "totals" : "complete", es);
	if (es->analyze && state->partitions > 0)
	{
		ExplainPropertyInteger("Partitions", NULL, state->partitions, es);
		ExplainPropertyInteger("Memory Usage", "kB", (state->memory + 1023) / 1024, es);
		if (state->disk > 0)
			ExplainPropertyInteger("Disk Usage", "kB", state->disk / 1024, es);
	}
}

/* ------------------------------------------------------------------------------------------------
 * Parallel plans
 * ------------------------------------------------------------------------------------------------ */

static Size
estimate_shared(CustomScanState *node, ParallelContext *parallel)
{
	return fast_shared_size(parallel->nworkers + 1);
}

static void
init_shared(CustomScanState *node, ParallelContext *parallel, void *place)
{
	FastGroupState *state = (FastGroupState *) node;

	/* Without shared memory there are no workers either. */
	if (parallel->seg == NULL)
		return;
	state->shared = place;
	fast_shared_init(state->shared, parallel->nworkers + 1, state->plan.bytes, parallel->seg);
}

static void
reset_shared(CustomScanState *node, ParallelContext *parallel, void *place)
{
	FastGroupState *state = (FastGroupState *) node;

	end_run(state);
	state->ended = false;
	if (state->shared != NULL)
		fast_shared_reset(state->shared, node->ss.ps.state->es_query_dsa);
}

static void
init_worker(CustomScanState *node, shm_toc *toc, void *place)
{
	FastGroupState *state = (FastGroupState *) node;

	state->shared = place;
	fast_shared_attach(state->shared);
}

static const CustomExecMethods run_methods = {
	.CustomName = "FastGroup",
	.BeginCustomScan = begin,
	.ExecCustomScan = run,
	.EndCustomScan = end,
	.ReScanCustomScan = rescan,
	.EstimateDSMCustomScan = estimate_shared,
	.InitializeDSMCustomScan = init_shared,
	.ReInitializeDSMCustomScan = reset_shared,
	.InitializeWorkerCustomScan = init_worker,
	.ShutdownCustomScan = shutdown_scan,
	.ExplainCustomScan = explain
};

/*
 * create
 *		The state of a plan.
 */
static Node *
create(CustomScan *plan)
{
	FastGroupState *state = (FastGroupState *) newNode(sizeof(FastGroupState), T_CustomScanState);

	state->custom.methods = &run_methods;
	return (Node *) state;
}

/*
 * fast_group_scan_methods
 */
const CustomScanMethods *
fast_group_scan_methods(void)
{
	static const CustomScanMethods methods = {
		.CustomName = "FastGroup",
		.CreateCustomScanState = create
	};

	return &methods;
}
