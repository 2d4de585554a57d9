/*
 * lifecycle_totals.c
 *		The aggregates lifecycle_totals and stage_totals: all customers at once.
 *
 * lifecycle_totals is what COUNT(*) over LATERAL lifecycle_history(...) gives, without a row for each customer and stay. A
 * million customers are some ten thousand rows of (from_stage, to_stage, days), from which counts, shares and medians
 * follow exactly. stage_totals is what GROUP BY stage gives; the planner knows how few stages there are, so it is parallel.
 */
#include "compat.h"

#include "access/htup_details.h"
#include "common/hashfn.h"
#include "funcapi.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

#include "aggregate.h"
#include "lifecycle.h"

PG_FUNCTION_INFO_V1(lifecycle_totals_accum);
PG_FUNCTION_INFO_V1(lifecycle_totals_combine);
PG_FUNCTION_INFO_V1(lifecycle_totals_serialize);
PG_FUNCTION_INFO_V1(lifecycle_totals_deserialize);
PG_FUNCTION_INFO_V1(lifecycle_totals_final);
PG_FUNCTION_INFO_V1(stage_totals_accum);
PG_FUNCTION_INFO_V1(stage_totals_combine);
PG_FUNCTION_INFO_V1(stage_totals_serialize);
PG_FUNCTION_INFO_V1(stage_totals_deserialize);
PG_FUNCTION_INFO_V1(stage_totals_final);

/* The columns of the composite types lifecycle_total and stage_total. */
#define TOTAL_COLUMNS 5
#define STAGE_TOTAL_COLUMNS 3

/* Money is summed in millionths, and stays below 10^25. */
#define MONEY_SCALE 6
#define MONEY_DIGITS 25

/* The stays of one length between two stages. Where a stay goes on, its next stage is none, which sorts last. */
typedef struct LifecycleTotal
{
	uint64		key;
	char		status;			/* of the hash table */
	int64		changes;
} LifecycleTotal;

#define TO_NONE 15
#define TOTAL_KEY(from, to, days)	((uint64) (from) << 36 | (uint64) ((to) == STAGE_NONE ? TO_NONE : (to)) << 32 | (uint32) (days))
#define TOTAL_FROM(key)				((LifecycleStage) ((key) >> 36))
#define TOTAL_TO(key)				(((key) >> 32 & 15) == TO_NONE ? STAGE_NONE : (LifecycleStage) ((key) >> 32 & 15))
#define TOTAL_DAYS(key)				((int32) (uint32) (key))

#define SH_PREFIX stays
#define SH_ELEMENT_TYPE LifecycleTotal
#define SH_KEY_TYPE uint64
#define SH_KEY key
#define SH_HASH_KEY(table, key) ((uint32) murmurhash32((uint32) (key) ^ (uint32) ((key) >> 32) * 0x9E3779B1))
#define SH_EQUAL(table, a, b) ((a) == (b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

typedef struct LifecycleTotals
{
	LifecyclePolicy policy;
	DateADT		as_of;
	stays_hash *stays;
} LifecycleTotals;

/*
 * create_totals
 */
static LifecycleTotals *
create_totals(MemoryContext context, const LifecyclePolicy *policy, DateADT as_of)
{
	LifecycleTotals *state = MemoryContextAlloc(context, sizeof(LifecycleTotals));

	state->policy = *policy;
	state->as_of = as_of;
	state->stays = stays_create(context, 1024, NULL);
	return state;
}

/*
 * check_same
 *		Parameters must not change between rows, in whatever order the rows come.
 */
static void
check_same(const LifecycleTotals *state, const LifecyclePolicy *policy, DateADT as_of)
{
	if (state->as_of != as_of || !policies_equal(&state->policy, policy))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("as_of and policy of lifecycle_totals must not change between rows"),
				 errhint("Pass constants, or group by them.")));
}

/*
 * add_stays
 */
static void
add_stays(LifecycleTotals *state, uint64 key, int64 changes)
{
	bool		found;
	LifecycleTotal *total = stays_insert(state->stays, key, &found);

	if (!found)
		total->changes = 0;
	history_count_add(&total->changes, changes);
}

/*
 * lifecycle_totals_accum
 *		Adds a customer: (state, history, as_of, policy).
 */
Datum
lifecycle_totals_accum(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	LifecycleTotals *state = PG_ARGISNULL(0) ? NULL : (LifecycleTotals *) PG_GETARG_POINTER(0);
	LifecycleScan scan;
	LifecycleChange change;
	LifecycleStage from = STAGE_NONE;
	DateADT		since = 0;

	if (PG_ARGISNULL(2) || PG_ARGISNULL(3))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("as_of and policy of lifecycle_totals must not be NULL")));
	if (state == NULL)
	{
		history_check_finite(PG_GETARG_DATEADT(2), "as_of");
		state = create_totals(context, PG_GETARG_POLICY(3), PG_GETARG_DATEADT(2));
	}
	check_same(state, PG_GETARG_POLICY(3), PG_GETARG_DATEADT(2));
	if (PG_ARGISNULL(1))
		PG_RETURN_POINTER(state);

	lifecycle_begin(&scan, PG_GETARG_DATUM(1), state->as_of, &state->policy);
	while (lifecycle_next(&scan, &change))
	{
		if (from != STAGE_NONE)
			add_stays(state, TOTAL_KEY(from, change.stage, change.day - since), 1);
		from = change.stage;
		since = change.day;
	}
	if (from != STAGE_NONE)
		add_stays(state, TOTAL_KEY(from, STAGE_NONE, state->as_of - since), 1);
	lifecycle_end(&scan);
	PG_RETURN_POINTER(state);
}

/*
 * lifecycle_totals_combine
 *		Adds the second state to the first.
 */
Datum
lifecycle_totals_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	LifecycleTotals *state = PG_ARGISNULL(0) ? NULL : (LifecycleTotals *) PG_GETARG_POINTER(0);
	LifecycleTotals *other = PG_ARGISNULL(1) ? NULL : (LifecycleTotals *) PG_GETARG_POINTER(1);
	stays_iterator iterator;
	LifecycleTotal *more;

	if (other == NULL)
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}
	if (state == NULL)
		state = create_totals(context, &other->policy, other->as_of);
	check_same(state, &other->policy, other->as_of);
	stays_start_iterate(other->stays, &iterator);
	while ((more = stays_iterate(other->stays, &iterator)) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		add_stays(state, more->key, more->changes);
	}
	PG_RETURN_POINTER(state);
}

/*
 * lifecycle_totals_serialize
 *		as_of, policy, a count, and for each length of stays between two stages its key and how many there were.
 */
Datum
lifecycle_totals_serialize(PG_FUNCTION_ARGS)
{
	LifecycleTotals *state;
	stays_iterator iterator;
	LifecycleTotal *total;
	StringInfoData buffer;

	(void) aggregate_context(fcinfo);
	state = (LifecycleTotals *) PG_GETARG_POINTER(0);
	pq_begintypsend(&buffer);
	pq_sendint32(&buffer, state->as_of);
	pq_sendbytes(&buffer, (const char *) &state->policy, sizeof(LifecyclePolicy));
	pq_sendint32(&buffer, state->stays->members);
	stays_start_iterate(state->stays, &iterator);
	while ((total = stays_iterate(state->stays, &iterator)) != NULL)
	{
		pq_sendint64(&buffer, total->key);
		pq_sendint64(&buffer, total->changes);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

/*
 * lifecycle_totals_deserialize
 *		Reads what was serialised, and checks what could do harm: stages are indexes.
 */
Datum
lifecycle_totals_deserialize(PG_FUNCTION_ARGS)
{
	StringInfoData buffer;
	bytea	   *bytes;
	LifecycleTotals *state;
	LifecyclePolicy policy;
	DateADT		as_of;
	uint32		count;

	(void) aggregate_context(fcinfo);
	bytes = PG_GETARG_BYTEA_PP(0);
	initStringInfo(&buffer);
	appendBinaryStringInfo(&buffer, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
	as_of = pq_getmsgint(&buffer, 4);
	pq_copymsgbytes(&buffer, (char *) &policy, sizeof(LifecyclePolicy));
	count = pq_getmsgint(&buffer, 4);
	state = create_totals(CurrentMemoryContext, &policy, as_of);
	for (uint32 i = 0; i < count; i++)
	{
		uint64		key = pq_getmsgint64(&buffer);

		if ((key >> 36) >= STAGES || TOTAL_TO(key) >= STAGES)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
					 errmsg("invalid state of the aggregate lifecycle_totals")));
		add_stays(state, key, pq_getmsgint64(&buffer));
	}
	pq_getmsgend(&buffer);
	PG_RETURN_POINTER(state);
}

static int
compare_keys(const void *a, const void *b)
{
	uint64		x = ((const LifecycleTotal *) a)->key;
	uint64		y = ((const LifecycleTotal *) b)->key;

	return x < y ? -1 : x > y;
}

/*
 * element_type
 *		The row type of the array that the running function returns, and the labels of its first column.
 */
static TupleDesc
element_type(FunctionCallInfo fcinfo, int columns, Oid *element, Oid labels[STAGES])
{
	TupleDesc	row_type;

	*element = get_element_type(get_func_rettype(fcinfo->flinfo->fn_oid));
	row_type = lookup_rowtype_tupdesc_copy(*element, -1);
	if (row_type->natts != columns)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("type %s is not that of the library", format_type_be(*element)),
				 errhint("Run ALTER EXTENSION pg_customer UPDATE.")));
	for (int i = 0; i < STAGES; i++)
		labels[i] = stage_label(TupleDescAttr(row_type, 0)->atttypid, (LifecycleStage) i);
	return row_type;
}

/*
 * lifecycle_totals_final
 *		An array of lifecycle_total, by stages and days.
 */
Datum
lifecycle_totals_final(PG_FUNCTION_ARGS)
{
	LifecycleTotals *state;
	stays_iterator iterator;
	LifecycleTotal *total;
	LifecycleTotal *sorted;
	Datum	   *elements;
	TupleDesc	row_type;
	Oid			element;
	Oid			labels[STAGES];
	int			count = 0;

	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (LifecycleTotals *) PG_GETARG_POINTER(0);
	sorted = palloc_extended(Max(state->stays->members, 1) * sizeof(LifecycleTotal), MCXT_ALLOC_HUGE);
	stays_start_iterate(state->stays, &iterator);
	while ((total = stays_iterate(state->stays, &iterator)) != NULL)
		sorted[count++] = *total;
	qsort(sorted, count, sizeof(LifecycleTotal), compare_keys);

	row_type = element_type(fcinfo, TOTAL_COLUMNS, &element, labels);
	elements = palloc_extended(Max(count, 1) * sizeof(Datum), MCXT_ALLOC_HUGE);
	for (int i = 0; i < count; i++)
	{
		LifecycleStage from = TOTAL_FROM(sorted[i].key);
		LifecycleStage to = TOTAL_TO(sorted[i].key);
		bool		open = to == STAGE_NONE;
		Datum		values[TOTAL_COLUMNS] = {
			ObjectIdGetDatum(labels[from]),
			ObjectIdGetDatum(open ? InvalidOid : labels[to]),
			CStringGetTextDatum(open ? "" : lifecycle_reason_key(lifecycle_reason(from, to))),
			Int32GetDatum(TOTAL_DAYS(sorted[i].key)),
			Int64GetDatum(sorted[i].changes)
		};
		bool		nulls[TOTAL_COLUMNS] = {false, open, open, false, false};

		CHECK_FOR_INTERRUPTS();
		elements[i] = HeapTupleGetDatum(heap_form_tuple(row_type, values, nulls));
	}
	PG_RETURN_ARRAYTYPE_P(construct_array(elements, count, element, -1, false, TYPALIGN_DOUBLE));
}

/* ------------------------------------------------------------------------------------------------
 * stage_totals
 * ------------------------------------------------------------------------------------------------ */

/* Customers and their money, by stage. */
typedef struct StageTotals
{
	int64		customers[STAGES];
	int128		totals[STAGES];
} StageTotals;

/*
 * add_to_stage
 */
static void
add_to_stage(StageTotals *state, int stage, int64 customers, int128 total)
{
	history_count_add(&state->customers[stage], customers);
	if (__builtin_add_overflow(state->totals[stage], total, &state->totals[stage]))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("the sums of stage_totals are out of range"),
				 errhint("Express the amounts in a larger unit.")));
}

/*
 * stage_totals_accum
 *		Adds a customer: (state, stage, total). One without a stage is left out, a NULL total is nothing.
 */
Datum
stage_totals_accum(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	StageTotals *state = PG_ARGISNULL(0) ? NULL : (StageTotals *) PG_GETARG_POINTER(0);
	int128		total = 0;

	if (state == NULL)
		state = MemoryContextAllocZero(context, sizeof(StageTotals));
	if (PG_ARGISNULL(1))
		PG_RETURN_POINTER(state);
	if (!PG_ARGISNULL(2) &&
		decimal_from_numeric(PG_GETARG_DATUM(2), MONEY_SCALE, MONEY_DIGITS, true, &total) != DECIMAL_OK)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("stage_totals cannot sum %s",
						DatumGetCString(DirectFunctionCall1(numeric_out, PG_GETARG_DATUM(2)))),
				 errhint("Amounts must be finite and below 10^%d.", MONEY_DIGITS)));
	add_to_stage(state, stage_of_label(argument_labels(fcinfo, 1), PG_GETARG_OID(1)), 1, total);
	PG_RETURN_POINTER(state);
}

/*
 * stage_totals_combine
 *		Adds the second state to the first.
 */
Datum
stage_totals_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	StageTotals *state = PG_ARGISNULL(0) ? NULL : (StageTotals *) PG_GETARG_POINTER(0);
	const StageTotals *other = PG_ARGISNULL(1) ? NULL : (StageTotals *) PG_GETARG_POINTER(1);

	if (state == NULL && other == NULL)
		PG_RETURN_NULL();
	if (state == NULL)
		state = MemoryContextAllocZero(context, sizeof(StageTotals));
	for (int i = 0; other != NULL && i < STAGES; i++)
		add_to_stage(state, i, other->customers[i], other->totals[i]);
	PG_RETURN_POINTER(state);
}

/*
 * stage_totals_serialize
 *		Customers and money of each stage.
 */
Datum
stage_totals_serialize(PG_FUNCTION_ARGS)
{
	const StageTotals *state;
	StringInfoData buffer;

	(void) aggregate_context(fcinfo);
	state = (const StageTotals *) PG_GETARG_POINTER(0);
	pq_begintypsend(&buffer);
	for (int i = 0; i < STAGES; i++)
	{
		pq_sendint64(&buffer, state->customers[i]);
		send_int128(&buffer, state->totals[i]);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

/*
 * stage_totals_deserialize
 *		Reads what was serialised; what is cut off is an error of the message's.
 */
Datum
stage_totals_deserialize(PG_FUNCTION_ARGS)
{
	StringInfoData buffer;
	bytea	   *bytes;
	StageTotals *state;

	(void) aggregate_context(fcinfo);
	bytes = PG_GETARG_BYTEA_PP(0);
	initStringInfo(&buffer);
	appendBinaryStringInfo(&buffer, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
	state = palloc(sizeof(StageTotals));
	for (int i = 0; i < STAGES; i++)
	{
		state->customers[i] = pq_getmsgint64(&buffer);
		state->totals[i] = receive_int128(&buffer);
	}
	pq_getmsgend(&buffer);
	PG_RETURN_POINTER(state);
}

/*
 * stage_totals_final
 *		An array of stage_total for the stages that have customers, in order.
 */
Datum
stage_totals_final(PG_FUNCTION_ARGS)
{
	const StageTotals *state;
	Datum		elements[STAGES];
	TupleDesc	row_type;
	Oid			element;
	Oid			labels[STAGES];
	int			count = 0;

	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (const StageTotals *) PG_GETARG_POINTER(0);
	row_type = element_type(fcinfo, STAGE_TOTAL_COLUMNS, &element, labels);
	for (int i = 0; i < STAGES; i++)
	{
		Datum		values[STAGE_TOTAL_COLUMNS] = {
			ObjectIdGetDatum(labels[i]),
			Int64GetDatum(state->customers[i]),
			NumericGetDatum(decimal_to_numeric(state->totals[i], MONEY_SCALE, true))
		};
		bool		nulls[STAGE_TOTAL_COLUMNS] = {false};

		if (state->customers[i] > 0)
			elements[count++] = HeapTupleGetDatum(heap_form_tuple(row_type, values, nulls));
	}
	PG_RETURN_ARRAYTYPE_P(construct_array(elements, count, element, -1, false, TYPALIGN_DOUBLE));
}
