/*
 * nps_periods.c
 *		The aggregate nps_periods: the answers of each day, week, month, quarter or year, in one pass without a GROUP BY.
 *
 * Finding the group of a row costs the executor several times what it costs to count its answer. Answers are stored about in
 * the order in which they came, so here a row is nearly always in the period of the row before, which two comparisons tell.
 */
#include "compat.h"

#include "access/htup_details.h"
#include "funcapi.h"
#include "libpq/pqformat.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "aggregate.h"
#include "nps.h"
#include "periods.h"

PG_FUNCTION_INFO_V1(nps_periods_accum_date);
PG_FUNCTION_INFO_V1(nps_periods_accum_timestamp);
PG_FUNCTION_INFO_V1(nps_periods_accum_timestamptz);
PG_FUNCTION_INFO_V1(nps_periods_combine);
PG_FUNCTION_INFO_V1(nps_periods_serialize);
PG_FUNCTION_INFO_V1(nps_periods_deserialize);
PG_FUNCTION_INFO_V1(nps_periods_final);

/* The columns of the composite type nps_period. */
#define PERIOD_COLUMNS 2

/*
 * How far inside a period an instant is in it whatever the time zone: zones differ from UTC by less than 16 hours, and no
 * clock was ever set back by more than a day.
 */
#define ZONE_MARGIN (2 * USECS_PER_DAY)

/* The answers of a period. */
typedef struct NpsPeriod
{
	int64		index;
	NpsTally	tally;
} NpsPeriod;

/* The state: periods in order. */
typedef struct NpsPeriods
{
	TimeUnit	unit;
	const char *unit_name;
	int			unit_length;
	int			count;
	int			capacity;
	int			current;		/* that of the last row */
	int64		from;			/* days or microseconds, all of which from here to there are in it */
	int64		to;
	NpsPeriod  *periods;
} NpsPeriods;

/*
 * create_periods
 *		An empty state in the current context.
 */
static NpsPeriods *
create_periods(TimeUnit unit, int capacity)
{
	NpsPeriods *state = palloc0(sizeof(NpsPeriods));

	state->unit = unit;
	state->unit_name = time_unit_name(unit);
	state->unit_length = strlen(state->unit_name);
	state->capacity = capacity;
	state->periods = palloc_extended(capacity * sizeof(NpsPeriod), MCXT_ALLOC_HUGE);
	return state;
}

/*
 * find_period
 *		Where a period is among those of the state; a new one is put in its place.
 */
static int
find_period(NpsPeriods *state, int64 index)
{
	int			low = 0;
	int			high = state->count;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (state->periods[middle].index < index)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < state->count && state->periods[low].index == index)
		return low;
	if (state->count == state->capacity)
	{
		state->capacity *= 2;
		state->periods = repalloc_huge(state->periods, state->capacity * sizeof(NpsPeriod));
	}
	memmove(&state->periods[low + 1], &state->periods[low], (state->count - low) * sizeof(NpsPeriod));
	state->periods[low] = (NpsPeriod) {.index = index};
	state->count++;
	return low;
}

/*
 * unit_changed
 *		The error of a unit that is not that of the rows before.
 */
static void
unit_changed(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("the unit of nps_periods is not the same in each row")));
}

/*
 * aggregate_periods
 *		The state of the running aggregate for the unit that is the fourth argument.
 */
static inline NpsPeriods *
aggregate_periods(FunctionCallInfo fcinfo)
{
	MemoryContext context = aggregate_context(fcinfo);
	NpsPeriods *state = PG_ARGISNULL(0) ? NULL : (NpsPeriods *) PG_GETARG_POINTER(0);
	text	   *unit;

	if (PG_ARGISNULL(3))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the unit of nps_periods is NULL"),
				 errhint("Units are day, week, month, quarter and year.")));
	unit = PG_GETARG_TEXT_PP(3);
	if (state == NULL)
	{
		MemoryContext caller = MemoryContextSwitchTo(context);

		state = create_periods(time_unit(unit), 16);
		MemoryContextSwitchTo(caller);
	}
	else if (VARSIZE_ANY_EXHDR(unit) != state->unit_length || memcmp(VARDATA_ANY(unit), state->unit_name, state->unit_length) != 0)
		unit_changed();
	return state;
}

/*
 * accum
 *		(state, time, score, unit): counts an answer in its period. The day of a time is looked up only where the time is not
 *		surely in the period of the last row.
 */
static inline Datum
accum(FunctionCallInfo fcinfo, int64 time, int64 day_length, int64 margin, int64 (*day_of) (int64 time))
{
	NpsPeriods *state = aggregate_periods(fcinfo);
	int			score = PG_GETARG_INT32(2);

	if (unlikely(time < state->from || time >= state->to))
	{
		int64		day = day_of(time);
		int64		index = period_index(day, state->unit);

		state->current = find_period(state, index);
		if (__builtin_mul_overflow((int64) period_first_day(index, state->unit), day_length, &state->from) ||
			__builtin_mul_overflow((int64) period_first_day(index + 1, state->unit), day_length, &state->to))
			state->from = state->to = 0;
		else
		{
			state->from += margin;
			state->to -= margin;
		}
	}
	if (unlikely(score < 0 || score >= SCORES))
		rating_not_on_scale(psprintf("%d", score), &nps_scales[0].range);
	state->periods[state->current].tally.counts[score]++;
	PG_RETURN_POINTER(state);
}

/*
 * infinite_time
 */
static void
infinite_time(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
			 errmsg("an answer of nps_periods has an infinite time"),
			 errhint("Leave such answers out: FILTER (WHERE isfinite(answered_at)).")));
}

static int64
day_of_date(int64 day)
{
	if (DATE_NOT_FINITE(day))
		infinite_time();
	return day;
}

static int64
day_of_timestamp(int64 time)
{
	if (TIMESTAMP_NOT_FINITE(time))
		infinite_time();
	return time >= 0 ? time / USECS_PER_DAY : -((USECS_PER_DAY - 1 - time) / USECS_PER_DAY);
}

/*
 * day_of_timestamptz
 *		In the time zone of the session.
 */
static int64
day_of_timestamptz(int64 time)
{
	struct pg_tm tm;
	fsec_t		fsec;
	int			tz;

	if (TIMESTAMP_NOT_FINITE(time))
		infinite_time();
	if (timestamp2tm(time, &tz, &tm, &fsec, NULL, NULL) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("timestamp out of range")));
	return date2j(tm.tm_year, tm.tm_mon, tm.tm_mday) - POSTGRES_EPOCH_JDATE;
}

/*
 * unchanged
 *		The state after a row that has a NULL.
 */
static Datum
unchanged(FunctionCallInfo fcinfo)
{
	PG_RETURN_POINTER(aggregate_periods(fcinfo));
}

/*
 * nps_periods_accum_date, nps_periods_accum_timestamp, nps_periods_accum_timestamptz
 *		(state, time, score, unit)
 */
Datum
nps_periods_accum_date(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return unchanged(fcinfo);
	return accum(fcinfo, PG_GETARG_DATEADT(1), 1, 0, day_of_date);
}

Datum
nps_periods_accum_timestamp(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return unchanged(fcinfo);
	return accum(fcinfo, PG_GETARG_TIMESTAMP(1), USECS_PER_DAY, 0, day_of_timestamp);
}

Datum
nps_periods_accum_timestamptz(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return unchanged(fcinfo);
	return accum(fcinfo, PG_GETARG_TIMESTAMPTZ(1), USECS_PER_DAY, ZONE_MARGIN, day_of_timestamptz);
}

/*
 * nps_periods_combine
 *		Adds the second state to the first.
 */
Datum
nps_periods_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	NpsPeriods *state = PG_ARGISNULL(0) ? NULL : (NpsPeriods *) PG_GETARG_POINTER(0);
	NpsPeriods *other = PG_ARGISNULL(1) ? NULL : (NpsPeriods *) PG_GETARG_POINTER(1);

	if (other == NULL && state == NULL)
		PG_RETURN_NULL();
	if (other == NULL)
		PG_RETURN_POINTER(state);
	if (state == NULL)
	{
		MemoryContext caller = MemoryContextSwitchTo(context);

		state = create_periods(other->unit, Max(other->count, 16));
		MemoryContextSwitchTo(caller);
	}
	if (state->unit != other->unit)
		unit_changed();
	for (int i = 0; i < other->count; i++)
	{
		/* It may move the periods. */
		int			at = find_period(state, other->periods[i].index);

		for (int score = 0; score < SCORES; score++)
			state->periods[at].tally.counts[score] += other->periods[i].tally.counts[score];
	}
	state->from = state->to = 0;
	PG_RETURN_POINTER(state);
}

/*
 * nps_periods_serialize
 *		The unit, the number of periods, and for each its index and counts.
 */
Datum
nps_periods_serialize(PG_FUNCTION_ARGS)
{
	NpsPeriods *state;
	StringInfoData buffer;

	(void) aggregate_context(fcinfo);
	state = (NpsPeriods *) PG_GETARG_POINTER(0);
	pq_begintypsend(&buffer);
	pq_sendint32(&buffer, state->unit);
	pq_sendint32(&buffer, state->count);
	for (int i = 0; i < state->count; i++)
	{
		pq_sendint64(&buffer, state->periods[i].index);
		for (int score = 0; score < SCORES; score++)
			pq_sendint64(&buffer, state->periods[i].tally.counts[score]);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

/*
 * nps_periods_deserialize
 *		Reads what was serialised.
 */
Datum
nps_periods_deserialize(PG_FUNCTION_ARGS)
{
	StringInfoData buffer;
	bytea	   *bytes;
	NpsPeriods *state;
	TimeUnit	unit;
	int			count;

	(void) aggregate_context(fcinfo);
	bytes = PG_GETARG_BYTEA_PP(0);
	initStringInfo(&buffer);
	appendBinaryStringInfo(&buffer, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
	unit = (TimeUnit) pq_getmsgint(&buffer, 4);
	count = pq_getmsgint(&buffer, 4);
	if (unit > UNIT_YEAR)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid state of nps_periods")));
	state = create_periods(unit, 16);
	for (int i = 0; i < count; i++)
	{
		int			at = find_period(state, pq_getmsgint64(&buffer));

		for (int score = 0; score < SCORES; score++)
			state->periods[at].tally.counts[score] = pq_getmsgint64(&buffer);
	}
	pq_getmsgend(&buffer);
	PG_RETURN_POINTER(state);
}

/*
 * nps_periods_final
 *		An array of nps_period, in order.
 */
Datum
nps_periods_final(PG_FUNCTION_ARGS)
{
	NpsPeriods *state;
	TupleDesc	row_type;
	Oid			element;
	Datum	   *elements;

	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (NpsPeriods *) PG_GETARG_POINTER(0);
	element = get_element_type(get_func_rettype(fcinfo->flinfo->fn_oid));
	row_type = lookup_rowtype_tupdesc_copy(element, -1);
	if (row_type->natts != PERIOD_COLUMNS)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("type %s is not that of the library", format_type_be(element)),
				 errhint("Run ALTER EXTENSION pg_customer UPDATE.")));
	elements = palloc_extended(Max(state->count, 1) * sizeof(Datum), MCXT_ALLOC_HUGE);
	for (int i = 0; i < state->count; i++)
	{
		Datum		values[PERIOD_COLUMNS] = {
			DateADTGetDatum(period_first_day(state->periods[i].index, state->unit)),
			PointerGetDatum(&state->periods[i].tally)
		};
		bool		nulls[PERIOD_COLUMNS] = {false};

		elements[i] = HeapTupleGetDatum(heap_form_tuple(row_type, values, nulls));
	}
	PG_RETURN_ARRAYTYPE_P(construct_array(elements, state->count, element, -1, false, TYPALIGN_DOUBLE));
}
