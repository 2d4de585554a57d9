/*
 * retention.c
 *		Retention of events, with the names and arguments that users of ClickHouse, Hologres and DWS know: retention over
 *		conditions, range_retention_count and range_retention_sum over days.
 */
#include "compat.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "aggregate.h"
#include "cells.h"

PG_FUNCTION_INFO_V1(retention_accum);
PG_FUNCTION_INFO_V1(retention_combine);
PG_FUNCTION_INFO_V1(retention_final);
PG_FUNCTION_INFO_V1(range_retention_count_accum);
PG_FUNCTION_INFO_V1(range_retention_count_combine);
PG_FUNCTION_INFO_V1(range_retention_count_serialize);
PG_FUNCTION_INFO_V1(range_retention_count_deserialize);
PG_FUNCTION_INFO_V1(range_retention_count_final);
PG_FUNCTION_INFO_V1(range_retention_sum_accum);
PG_FUNCTION_INFO_V1(range_retention_sum_final);

/* The state of retention: a bit for each condition that held, and above them how many there are. */
#define MAX_CONDITIONS 32
#define RETENTION_STATE(conditions, held) ((int64) (conditions) << MAX_CONDITIONS | (int64) (held))
#define RETENTION_CONDITIONS(state) ((int) ((state) >> MAX_CONDITIONS))

/*
 * check_conditions
 *		All rows of a group must have the same number.
 */
static void
check_conditions(int64 state, int64 other)
{
	if (RETENTION_CONDITIONS(state) != RETENTION_CONDITIONS(other))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("retention has %d conditions in one row and %d in another",
						RETENTION_CONDITIONS(Max(state, other)), RETENTION_CONDITIONS(Min(state, other)))));
}

/*
 * retention_accum
 *		Adds a row: (state, conditions). A condition that is NULL does not hold.
 */
Datum
retention_accum(PG_FUNCTION_ARGS)
{
	ArrayType  *array;
	Datum	   *conditions;
	bool	   *nulls;
	uint32		held = 0;
	int			count;
	int64		state;

	if (PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the conditions of retention must not be a NULL array")));
	array = PG_GETARG_ARRAYTYPE_P(1);
	deconstruct_array(array, BOOLOID, 1, true, TYPALIGN_CHAR, &conditions, &nulls, &count);
	if (count < 1 || count > MAX_CONDITIONS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("retention cannot have %d conditions", count),
				 errhint("Give 1 to %d.", MAX_CONDITIONS)));
	for (int i = 0; i < count; i++)
	{
		if (!nulls[i] && DatumGetBool(conditions[i]))
			held |= (uint32) 1 << i;
	}
	state = RETENTION_STATE(count, held);
	if (!PG_ARGISNULL(0))
	{
		check_conditions(PG_GETARG_INT64(0), state);
		state |= PG_GETARG_INT64(0);
	}
	PG_RETURN_INT64(state);
}

/*
 * retention_combine
 *		What held in either part.
 */
Datum
retention_combine(PG_FUNCTION_ARGS)
{
	check_conditions(PG_GETARG_INT64(0), PG_GETARG_INT64(1));
	PG_RETURN_INT64(PG_GETARG_INT64(0) | PG_GETARG_INT64(1));
}

/*
 * retention_final
 *		An array of 1 and 0: the first condition, and each other one if the first held too.
 */
Datum
retention_final(PG_FUNCTION_ARGS)
{
	int64		state = PG_GETARG_INT64(0);
	int			count = RETENTION_CONDITIONS(state);
	Datum		elements[MAX_CONDITIONS];

	/* Anybody may call this function with any number. */
	if (count < 0 || count > MAX_CONDITIONS)
		count = 0;
	for (int i = 0; i < count; i++)
		elements[i] = Int32GetDatum((state & 1) & (state >> i & 1));
	PG_RETURN_ARRAYTYPE_P(construct_array(elements, count, INT4OID, sizeof(int32), true, TYPALIGN_INT));
}

/* Hologres and DWS take fifteen intervals; so many bits of an element say which were kept. */
#define MAX_INTERVALS 15
#define INTERVAL_BITS 16

/* In the state, periods of events of one customer: numbers with two bits below them. */
#define EVENT_FIRST 2
#define EVENT_ACTIVE 1

typedef struct RangeRetention
{
	MemoryContext context;
	int32		unit;
	int32		nintervals;
	int32		intervals[MAX_INTERVALS];
	Size		count;
	Size		capacity;
	int64	   *events;
} RangeRetention;

/*
 * granularity
 *		day, week or month: other units are not what users of these functions know.
 */
static TimeUnit
granularity(text *name)
{
	TimeUnit	unit = time_unit(name);

	if (unit > UNIT_MONTH)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("range_retention_count has no granularity \"%s\"", text_to_cstring(name)),
				 errhint("Granularities are day, week and month.")));
	return unit;
}

/*
 * read_intervals
 *		The intervals of an array: 1 to 15 of them, none NULL or negative.
 */
static int
read_intervals(ArrayType *array, int32 *intervals)
{
	Datum	   *elements;
	bool	   *nulls;
	int			count;

	deconstruct_array(array, INT4OID, sizeof(int32), true, TYPALIGN_INT, &elements, &nulls, &count);
	if (count < 1 || count > MAX_INTERVALS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("range_retention_count cannot have %d intervals", count),
				 errhint("Give 1 to %d, such as ARRAY[1,3,7,30].", MAX_INTERVALS)));
	for (int i = 0; i < count; i++)
	{
		if (nulls[i] || DatumGetInt32(elements[i]) < 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 nulls[i] ? errmsg("an interval of range_retention_count must not be NULL") :
					 errmsg("an interval of range_retention_count cannot be %d", DatumGetInt32(elements[i])),
					 errhint("Intervals are numbers of days, weeks or months after the first one.")));
		intervals[i] = DatumGetInt32(elements[i]);
	}
	return count;
}

/*
 * create_range_retention
 */
static RangeRetention *
create_range_retention(MemoryContext context, TimeUnit unit, int nintervals, const int32 *intervals)
{
	RangeRetention *state = MemoryContextAllocZero(context, sizeof(RangeRetention));

	state->context = context;
	state->unit = unit;
	state->nintervals = nintervals;
	memcpy(state->intervals, intervals, nintervals * sizeof(int32));
	return state;
}

/*
 * check_same_range
 *		Intervals and granularity must not change between rows.
 */
static void
check_same_range(const RangeRetention *state, int32 unit, int nintervals, const int32 *intervals)
{
	if (state->unit != unit || state->nintervals != nintervals ||
		memcmp(state->intervals, intervals, nintervals * sizeof(int32)) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("intervals and granularity of range_retention_count must not change between rows"),
				 errhint("Pass constants, or group by them.")));
}

static int
compare_events(const void *a, const void *b)
{
	int64		x = *(const int64 *) a;
	int64		y = *(const int64 *) b;

	return x < y ? -1 : x > y;
}

/*
 * sort_events
 *		One event a period, in order, with the flags of all events of that period.
 */
static Size
sort_events(int64 *events, Size count)
{
	Size		kept = 0;

	qsort(events, count, sizeof(int64), compare_events);
	for (Size i = 0; i < count; i++)
	{
		if (kept > 0 && events[kept - 1] >> 2 == events[i] >> 2)
			events[kept - 1] |= events[i] & 3;
		else
			events[kept++] = events[i];
	}
	return kept;
}

/*
 * add_event
 *		Appends; when the room is full, many events of few periods make some again.
 */
static void
add_event(RangeRetention *state, int64 event)
{
	if (state->count == state->capacity)
	{
		state->count = sort_events(state->events, state->count);
		if (state->count * 2 >= state->capacity)
		{
			state->capacity = Max(state->capacity * 2, 4);
			state->events = state->events == NULL ? MemoryContextAlloc(state->context, state->capacity * sizeof(int64)) :
				repalloc_huge(state->events, state->capacity * sizeof(int64));
		}
	}
	state->events[state->count++] = event;
}

/*
 * range_retention_count_accum
 *		Adds an event of a customer: (state, is_first, is_active, dt, retention_interval, retention_granularity).
 */
Datum
range_retention_count_accum(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	RangeRetention *state = PG_ARGISNULL(0) ? NULL : (RangeRetention *) PG_GETARG_POINTER(0);
	int			flags = 0;
	int32		intervals[MAX_INTERVALS];
	int			nintervals;
	TimeUnit	unit;

	if (PG_ARGISNULL(4) || PG_ARGISNULL(5))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("intervals and granularity of range_retention_count must not be NULL")));
	nintervals = read_intervals(PG_GETARG_ARRAYTYPE_P(4), intervals);
	unit = granularity(PG_GETARG_TEXT_PP(5));
	if (state == NULL)
		state = create_range_retention(context, unit, nintervals, intervals);
	check_same_range(state, unit, nintervals, intervals);

	if (!PG_ARGISNULL(1) && PG_GETARG_BOOL(1))
		flags |= EVENT_FIRST;
	if (!PG_ARGISNULL(2) && PG_GETARG_BOOL(2))
		flags |= EVENT_ACTIVE;
	if (flags != 0 && !PG_ARGISNULL(3))
	{
		history_check_finite(PG_GETARG_DATEADT(3), "dt");
		add_event(state, period_index(PG_GETARG_DATEADT(3), unit) * 4 + flags);
	}
	PG_RETURN_POINTER(state);
}

/*
 * range_retention_count_combine
 *		Adds the events of the second state to the first.
 */
Datum
range_retention_count_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	RangeRetention *state = PG_ARGISNULL(0) ? NULL : (RangeRetention *) PG_GETARG_POINTER(0);
	RangeRetention *other = PG_ARGISNULL(1) ? NULL : (RangeRetention *) PG_GETARG_POINTER(1);

	if (other == NULL)
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}
	if (state == NULL)
		state = create_range_retention(context, other->unit, other->nintervals, other->intervals);
	check_same_range(state, other->unit, other->nintervals, other->intervals);
	for (Size i = 0; i < other->count; i++)
		add_event(state, other->events[i]);
	PG_RETURN_POINTER(state);
}

/*
 * range_retention_count_serialize
 */
Datum
range_retention_count_serialize(PG_FUNCTION_ARGS)
{
	const RangeRetention *state;
	StringInfoData buffer;

	(void) aggregate_context(fcinfo);
	state = (const RangeRetention *) PG_GETARG_POINTER(0);
	pq_begintypsend(&buffer);
	make_sent_room(&buffer, state->count * sizeof(int64) + 128);
	pq_sendint32(&buffer, state->unit);
	pq_sendint32(&buffer, state->nintervals);
	for (int i = 0; i < state->nintervals; i++)
		pq_sendint32(&buffer, state->intervals[i]);
	pq_sendint64(&buffer, state->count);
	for (Size i = 0; i < state->count; i++)
		pq_sendint64(&buffer, state->events[i]);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

/*
 * range_retention_count_deserialize
 *		Reads what was serialised; what is cut off is an error of the message's.
 */
Datum
range_retention_count_deserialize(PG_FUNCTION_ARGS)
{
	StringInfoData buffer;
	bytea	   *bytes;
	RangeRetention *state;
	int32		intervals[MAX_INTERVALS];
	uint32		unit;
	uint32		nintervals;
	int64		count;

	(void) aggregate_context(fcinfo);
	bytes = PG_GETARG_BYTEA_PP(0);
	initStringInfo(&buffer);
	appendBinaryStringInfo(&buffer, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
	unit = pq_getmsgint(&buffer, 4);
	nintervals = pq_getmsgint(&buffer, 4);
	if (unit > UNIT_MONTH || nintervals > MAX_INTERVALS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid state of the aggregate range_retention_count")));
	for (uint32 i = 0; i < nintervals; i++)
		intervals[i] = pq_getmsgint(&buffer, 4);
	state = create_range_retention(CurrentMemoryContext, (TimeUnit) unit, nintervals, intervals);
	count = pq_getmsgint64(&buffer);
	for (int64 i = 0; i < count; i++)
		add_event(state, pq_getmsgint64(&buffer));
	pq_getmsgend(&buffer);
	PG_RETURN_POINTER(state);
}

/*
 * range_retention_count_final
 *		One customer as an array of bigint: first what the intervals are, so that those of others can be compared with them, then
 *		for each period with a first event its first day and, in the low bits, after which intervals the customer was active.
 */
Datum
range_retention_count_final(PG_FUNCTION_ARGS)
{
	const RangeRetention *state;
	int64	   *events;
	Datum	   *elements;
	Size		count;
	int			n = 1;
	uint64		definition;

	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (const RangeRetention *) PG_GETARG_POINTER(0);
	events = palloc_extended(Max(state->count, 1) * sizeof(int64), MCXT_ALLOC_HUGE);
	for (Size i = 0; i < state->count; i++)
		events[i] = state->events[i];
	count = sort_events(events, state->count);
	elements = palloc_extended((count + 1) * sizeof(Datum), MCXT_ALLOC_HUGE);
	definition = hash_bytes_extended((const unsigned char *) state->intervals, state->nintervals * sizeof(int32), state->unit);
	elements[0] = Int64GetDatum((int64) (definition >> 1 & ~UINT64CONST(15)) | state->nintervals);
	for (Size i = 0; i < count; i++)
	{
		int64		index = events[i] >> 2;
		int64		kept = 0;

		if ((events[i] & EVENT_FIRST) == 0)
			continue;
		for (int j = 0; j < state->nintervals; j++)
		{
			int64		wanted = (index + state->intervals[j]) << 2;
			Size		low = i;
			Size		high = count;

			while (low < high)
			{
				Size		middle = low + (high - low) / 2;

				if (events[middle] < wanted)
					low = middle + 1;
				else
					high = middle;
			}
			if (low < count && events[low] >> 2 == wanted >> 2 && (events[low] & EVENT_ACTIVE) != 0)
				kept |= 1 << j;
		}
		elements[n++] = Int64GetDatum((int64) period_first_day(index, (TimeUnit) state->unit) * (1 << INTERVAL_BITS) + kept);
	}
	PG_RETURN_ARRAYTYPE_P(construct_array(elements, n, INT8OID, sizeof(int64), true, TYPALIGN_DOUBLE));
}

/*
 * range_retention_sum_accum
 *		Adds a customer: (state, what range_retention_count gave).
 */
Datum
range_retention_sum_accum(PG_FUNCTION_ARGS)
{
	CellParameters parameters = {.aggregate = CELLS_RANGE_RETENTION};
	ArrayType  *array;
	Cells	   *cells;
	const int64 *elements;
	int			count;

	if (PG_ARGISNULL(1))
	{
		(void) aggregate_context(fcinfo);
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_POINTER(PG_GETARG_POINTER(0));
	}
	array = PG_GETARG_ARRAYTYPE_P(1);
	if (ARR_NDIM(array) != 1 || ARR_HASNULL(array))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("range_retention_sum takes what range_retention_count returns")));
	elements = (const int64 *) ARR_DATA_PTR(array);
	count = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	parameters.definition = elements[0];
	cells = cells_state(fcinfo, &parameters);
	for (int i = 1; i < count; i++)
	{
		int64		day = elements[i] >> INTERVAL_BITS;
		Cell	   *cell;

		if (day < HISTORY_FIRST_DAY || day > HISTORY_LAST_DAY)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("range_retention_sum takes what range_retention_count returns")));
		cell = cells_find(cells, CELL_KEY(day, 0));
		cell->counts[0]++;
		for (int j = 0; j < MAX_INTERVALS; j++)
			cell->counts[1 + j] += elements[i] >> j & 1;
	}
	PG_RETURN_POINTER(cells);
}

/*
 * range_retention_sum_final
 *		For each period with first events: its first day, the customers, and how many of them were active after each interval.
 */
Datum
range_retention_sum_final(PG_FUNCTION_ARGS)
{
	const Cells *cells = cells_final_state(fcinfo);
	Cell	   *sorted;
	CellRows	rows;
	int			count;

	if (cells == NULL)
		PG_RETURN_NULL();
	sorted = cells_sorted(cells, &count);
	cell_rows_begin(&rows, fcinfo, cells, 3, count);
	for (int i = 0; i < count; i++)
	{
		Datum		retained[MAX_INTERVALS];
		int			nintervals = (int) (cells->parameters.definition & 15);
		Datum		values[3];
		bool		nulls[3] = {0};

		for (int j = 0; j < nintervals; j++)
			retained[j] = Int64GetDatum(sorted[i].counts[1 + j]);
		values[0] = DateADTGetDatum(CELL_GROUP(sorted[i].key));
		values[1] = Int64GetDatum(sorted[i].counts[0]);
		values[2] = PointerGetDatum(construct_array(retained, nintervals, INT8OID, sizeof(int64), true, TYPALIGN_DOUBLE));
		cell_rows_add(&rows, values, nulls);
	}
	return cell_rows_end(&rows);
}
