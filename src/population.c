/*
 * population.c
 *		All values of a population, in one growing array.
 */
#include "compat.h"

#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/memutils.h"

#include "aggregate.h"
#include "population.h"

#define FIRST_CAPACITY 8
#define SELECT_SORTS 64			/* so few values are sorted */

/* A value in network order: the high and the low half, 8 bytes each. */
#define SENT_VALUE_SIZE 16


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
 * pivot_of
 *		A value that probably is in the middle: the median of three medians of values far apart.
 */
static int128
pivot_of(const int128 *values, int64 n)
{
#define MEDIAN(a, b, c) ((a) < (b) ? ((b) < (c) ? (b) : (a) < (c) ? (c) : (a)) : ((a) < (c) ? (a) : (b) < (c) ? (c) : (b)))
	int64		step = n / 9;
	int128		medians[3];

	for (int i = 0; i < 3; i++)
	{
		const int128 *v = values + 3 * i * step;

		medians[i] = MEDIAN(v[0], v[step], v[2 * step]);
	}
	return MEDIAN(medians[0], medians[1], medians[2]);
#undef MEDIAN
}

/*
 * select_ranks
 *		The work of population_select on values[0 .. n), of which the first has the rank base. Each step parts the values into
 *		smaller, equal and larger ones; bad luck ends in sorting.
 */
static void
select_ranks(int128 *values, int64 n, int64 base, const int64 *ranks, int count, int depth)
{
	while (count > 0)
	{
		int64		low = 0;
		int64		high = n;
		int			before = 0;
		int			behind;
		int128		pivot;

		if (n <= SELECT_SORTS || depth-- == 0)
		{
			sort_values(values, n);
			return;
		}
		CHECK_FOR_INTERRUPTS();
		pivot = pivot_of(values, n);
		for (int64 i = 0; i < high;)
		{
			int128		value = values[i];

			if (value < pivot)
			{
				values[i++] = values[low];
				values[low++] = value;
			}
			else if (value > pivot)
			{
				values[i] = values[--high];
				values[high] = value;
			}
			else
				i++;
		}

		/* The ranks among the smaller, and those among the larger; the others are at their place. */
		while (before < count && ranks[before] < base + low)
			before++;
		for (behind = before; behind < count && ranks[behind] < base + high; behind++);
		select_ranks(values, low, base, ranks, before, depth);
		ranks += behind;
		count -= behind;
		values += high;
		n -= high;
		base += high;
	}
}

/*
 * population_select
 *		Like population_sort for a few ranks, ascending, at a cost that grows with the number of values alone.
 */
void
population_select(Population *population, const int64 *ranks, int count)
{
	if (!population->sorted)
		select_ranks(population->values, population->count, 0, ranks, count, 2 * pg_leftmost_one_pos64(population->count | 1));
}

/*
 * population_send
 *		Appends count and values to a message.
 */
void
population_send(StringInfo buffer, const Population *population)
{
	make_sent_room(buffer, (population->count + 1) * SENT_VALUE_SIZE);
	pq_sendint64(buffer, population->count);
	for (int64 i = 0; i < population->count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		send_int128(buffer, population->values[i]);
	}
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
	{
		CHECK_FOR_INTERRUPTS();
		population_add(population, receive_int128(buffer));
	}
	return population;
}
