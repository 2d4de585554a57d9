/*
 * population.c
 *		All values of a population, in one growing array.
 */
#include "compat.h"

#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "aggregate.h"
#include "population.h"

#define FIRST_CAPACITY 8

/* A value in network order: the high and the low half, 8 bytes each. */
#define SENT_VALUE_SIZE 16

/* What one serialised state, a bytea of at most 1 GB, has room for; the rest is for what stands around it. */
#define MAX_SENT_VALUES ((int64) (MaxAllocSize - 1024) / SENT_VALUE_SIZE)

#define ST_SORT sort_values
#define ST_ELEMENT_TYPE int128
#define ST_COMPARE(a, b) ((*(a) > *(b)) - (*(a) < *(b)))
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/*
 * population_create
 *		An empty population whose values live in the context; they take no memory before the first.
 */
Population *
population_create(MemoryContext context)
{
	Population *population = MemoryContextAllocZero(context, sizeof(Population));

	population->context = context;
	population->sorted = true;
	return population;
}

/*
 * reserve
 *		Makes room for more values: capacity at least doubles, so that adding stays cheap.
 */
static void
reserve(Population *population, int64 more)
{
	int64		needed = population->count + more;
	int64		capacity;

	if (needed <= population->capacity)
		return;
	capacity = Max(needed, Max(FIRST_CAPACITY, population->capacity * 2));
	if (population->values == NULL)
		population->values = MemoryContextAllocHuge(population->context, capacity * sizeof(int128));
	else
		population->values = repalloc_huge(population->values, capacity * sizeof(int128));
	population->capacity = capacity;
}

/*
 * population_add
 *		Adds one value.
 */
void
population_add(Population *population, int128 value)
{
	if (population->count == population->capacity)
		reserve(population, 1);
	population->values[population->count++] = value;
	population->sorted = false;
}

/*
 * population_append
 *		Adds all values of another population.
 */
void
population_append(Population *population, const Population *other)
{
	if (other->count == 0)
		return;
	reserve(population, other->count);
	memcpy(population->values + population->count, other->values, other->count * sizeof(int128));
	population->count += other->count;
	population->sorted = false;
}

/*
 * population_sort
 *		Puts the values in ascending order. What a population is does not change by it, so final functions
 *		may call it.
 */
void
population_sort(Population *population)
{
	if (population->sorted)
		return;
	sort_values(population->values, population->count);
	population->sorted = true;
}

/*
 * population_send
 *		Appends count and values to a message.
 */
void
population_send(StringInfo buffer, const Population *population)
{
	if (population->count > MAX_SENT_VALUES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a parallel worker cannot pass on " INT64_FORMAT " values", population->count),
				 errdetail("One worker can pass on at most " INT64_FORMAT " values of a group.", MAX_SENT_VALUES),
				 errhint("Run the query without workers: SET max_parallel_workers_per_gather = 0.")));

	pq_sendint64(buffer, population->count);
	enlargeStringInfo(buffer, (int) (population->count * SENT_VALUE_SIZE));
	for (int64 i = 0; i < population->count; i++)
		send_int128(buffer, population->values[i]);
}

/*
 * population_receive
 *		Reads what population_send wrote, into the context.
 */
Population *
population_receive(StringInfo buffer, MemoryContext context)
{
	Population *population = population_create(context);
	int64		count = pq_getmsgint64(buffer);

	if (count < 0 || count > (buffer->len - buffer->cursor) / SENT_VALUE_SIZE)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid population: " INT64_FORMAT " values do not fit into its bytes", count)));

	reserve(population, count);
	for (int64 i = 0; i < count; i++)
		population_add(population, receive_int128(buffer));
	return population;
}
