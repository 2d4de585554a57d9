/*
 * event_counts.h
 *		How many events there were, and how many times there was none, at each of many numbers: at durations, or at scores.
 *		The state of aggregates such as survival_curve and auc.
 */
#ifndef PG_CUSTOMER_EVENT_COUNTS_H
#define PG_CUSTOMER_EVENT_COUNTS_H

#include "compat.h"
#include "lib/stringinfo.h"

typedef struct EventCount
{
	float8		at;
	float8		events;
	float8		others;
} EventCount;

typedef struct EventCounts
{
	MemoryContext context;		/* where rows lives, also when it grows */
	EventCount *rows;
	Size		count;
	Size		sorted;			/* so many from the first on are sorted and distinct */
	Size		capacity;
	int64		left_out;		/* rows with a NULL */
} EventCounts;

extern EventCounts *event_counts_create(MemoryContext context);
extern void event_counts_add(EventCounts *counts, double at, double events, double others);

/* A duration as it was passed; an error where it is none. */
extern double event_duration(double duration);

/* Adds all of another one, which stays as it is. */
extern void event_counts_append(EventCounts *counts, const EventCounts *other);

/* Ascending, one row for each number. What the counts are does not change by it. */
extern void event_counts_sort(EventCounts *counts);

/* In network byte order; receive checks what it reads. */
extern void event_counts_send(StringInfo buffer, EventCounts *counts);
extern EventCounts *event_counts_receive(StringInfo buffer, MemoryContext context);

#endif							/* PG_CUSTOMER_EVENT_COUNTS_H */
