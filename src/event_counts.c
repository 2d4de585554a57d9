/*
 * event_counts.c
 *		Events at each of many numbers, in one growing array.
 *
 * Where rows are many, those of the same number are made one now and then, so that whole days or few scores cost nothing.
 */
#include "compat.h"

#include <math.h>

#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "aggregate.h"
#include "event_counts.h"
#include "json_input.h"

/* Rows that there is room for at first, and how many may stand there before it is worth the time to look for equal ones. */
#define FIRST_ROWS 16
#define MANY_ROWS (1 << 16)

/* Also by counts: sums of counts that are fractions then do not depend on the order of the rows. */
static inline int
compare_rows(const EventCount *a, const EventCount *b)
{
	if (a->at != b->at)
		return a->at < b->at ? -1 : 1;
	if (a->events != b->events)
		return a->events < b->events ? -1 : 1;
	return (a->others > b->others) - (a->others < b->others);
}

#define ST_SORT sort_rows
#define ST_ELEMENT_TYPE EventCount
#define ST_COMPARE(a, b) compare_rows(a, b)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#define ST_DECLARE
#include "lib/sort_template.h"

EventCounts *
event_counts_create(MemoryContext context)
{
	EventCounts *counts = MemoryContextAllocZero(context, sizeof(EventCounts));

	counts->context = context;
	return counts;
}

void
event_counts_sort(EventCounts *counts)
{
	Size		kept = 0;

	if (counts->sorted == counts->count)
		return;
	sort_rows(counts->rows, counts->count);
	for (Size i = 1; i < counts->count; i++)
	{
		if (counts->rows[kept].at == counts->rows[i].at)
		{
			counts->rows[kept].events += counts->rows[i].events;
			counts->rows[kept].others += counts->rows[i].others;
		}
		else
			counts->rows[++kept] = counts->rows[i];
	}
	counts->count = counts->sorted = kept + 1;
}

/*
 * reserve
 *		Makes room for a row: of many, by making one of equal ones first.
 */
static void
reserve(EventCounts *counts)
{
	if (counts->capacity >= MANY_ROWS)
		event_counts_sort(counts);
	if (counts->rows == NULL)
	{
		counts->capacity = FIRST_ROWS;
		counts->rows = MemoryContextAlloc(counts->context, FIRST_ROWS * sizeof(EventCount));
	}
	else if (counts->count > counts->capacity / 2)
	{
		counts->capacity *= 2;
		counts->rows = repalloc_huge(counts->rows, counts->capacity * sizeof(EventCount));
	}
}

void
event_counts_add(EventCounts *counts, double at, double events, double others)
{
	if (counts->count == counts->capacity)
		reserve(counts);
	counts->rows[counts->count++] = (EventCount) {at, events, others};
}

double
event_duration(double duration)
{
	if (!(duration >= 0) || isinf(duration))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("a duration must be a finite number from 0, not %g", duration),
				 errhint("It is the time to the event or, without one, to the end of what is known.")));
	return duration + 0.0;
}

void
event_counts_append(EventCounts *counts, const EventCounts *other)
{
	for (Size i = 0; i < other->count; i++)
		event_counts_add(counts, other->rows[i].at, other->rows[i].events, other->rows[i].others);
	counts->left_out += other->left_out;
}

void
event_counts_send(StringInfo buffer, EventCounts *counts)
{
	event_counts_sort(counts);
	make_sent_room(buffer, (counts->count + 1) * sizeof(EventCount));
	pq_sendint64(buffer, counts->left_out);
	pq_sendint64(buffer, counts->count);
	for (Size i = 0; i < counts->count; i++)
	{
		pq_sendfloat8(buffer, counts->rows[i].at);
		pq_sendfloat8(buffer, counts->rows[i].events);
		pq_sendfloat8(buffer, counts->rows[i].others);
	}
}

EventCounts *
event_counts_receive(StringInfo buffer, MemoryContext context)
{
	EventCounts *counts = event_counts_create(context);
	int64		count;
	double		total = 0;

	counts->left_out = pq_getmsgint64(buffer);
	count = pq_getmsgint64(buffer);
	for (int64 i = 0; i < count; i++)
	{
		double		at = pq_getmsgfloat8(buffer);
		double		events = pq_getmsgfloat8(buffer);
		double		others = pq_getmsgfloat8(buffer);

		CHECK_FOR_INTERRUPTS();
		total += events + others;
		if (!isfinite(at) || !(events >= 0 && others >= 0) || !(total <= JSON_LARGEST_COUNT))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
					 errmsg("invalid state of an aggregate that counts events")));
		event_counts_add(counts, at, events, others);
	}
	return counts;
}
