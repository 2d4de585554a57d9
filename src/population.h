/*
 * population.h
 *		All values of a population, kept while a statement needs them: the state of aggregates such as
 *		pareto_share, gini, abc_breaks and rfm_breaks.
 *
 * Values are units at SCORE_SCALE (decimal.h).
 */
#ifndef PG_CUSTOMER_POPULATION_H
#define PG_CUSTOMER_POPULATION_H

#include "compat.h"
#include "lib/stringinfo.h"

typedef struct Population
{
	MemoryContext context;		/* where values lives, also when it grows */
	int64		count;
	int64		capacity;
	bool		sorted;
	int128	   *values;
} Population;

extern Population *population_create(MemoryContext context);
extern void population_add(Population *population, int128 value);

/* Adds all values of another one, which stays as it is. */
extern void population_append(Population *population, const Population *other);

/* Puts each value that sorting would put at one of these ranks there, the smaller ones before it and the larger ones behind. */
extern void population_select(Population *population, const int64 *ranks, int count);

/* Ascending. Sorting again costs nothing. */
extern void population_sort(Population *population);

/* In network byte order, for serialfunc and deserialfunc; receive checks what it reads. */
extern void population_send(StringInfo buffer, const Population *population);
extern Population *population_receive(StringInfo buffer, MemoryContext context);

#endif							/* PG_CUSTOMER_POPULATION_H */
