/*
 * fast_group_sort.c
 *		The histories of the customers of one partition.
 *
 * Customers are numbered as they are met, by a hash table that fits into the cache; rows are counted, then moved to their
 * customer, which keeps their order. Days mostly come in order; if not, a customer's rows are sorted. A partition too
 * large for that is taken in parts, and each customer's rows of a part are folded into a history at once.
 */
#include "compat.h"

#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "fast_group.h"

#define MIN_PART_ROWS	(64 * 1024)
#define MAX_PART_ROWS	(1024 * 1024)
#define FEW_ROWS		24		/* are sorted by insertion */
#define FEW_DAYS		512		/* of a history that needs no memory of its own */
#define CALENDAR_DAYS	8192	/* rows of a customer within so many days need no sorting */

/* A customer of the partition. */
typedef struct Group
{
	uint64		key;			/* a word, or a pointer to a KeyImage */
	struct varlena *history;	/* of the parts before this one */
	uint32		rows;			/* of this part */
	uint32		first;
	bool		purchased;		/* has a row that the aggregate does not skip */
} Group;

/* A key that is no word. */
typedef struct KeyImage
{
	uint32		size;
	uint32		nulls;
	char		image[FLEXIBLE_ARRAY_MEMBER];
} KeyImage;

/* The hash table: a word or hash, and the number of a group, from 1. */
typedef struct Slot
{
	uint64		tag;
	uint32		group;
} Slot;

/* A row as it is read, and as it is moved to its customer. */
typedef struct ReadRow
{
	int64		row;
	int32		day;
	uint32		group;
} ReadRow;

typedef struct SortedRow
{
	int64		row;
	int32		day;
} SortedRow;

struct FastSort
{
	const FastKey *key;
	MemoryContext context;		/* of the arrays, which are used again */
	MemoryContext keys;			/* of one partition: images of keys, histories */
	MemoryContext work;			/* of one chunk, or of one customer */

	Slot	   *slots;
	uint32		mask;
	Group	   *groups;
	uint32		group_count;
	uint32		group_capacity;

	ReadRow    *read;
	SortedRow  *sorted;
	uint32		row_count;
	uint32		row_capacity;
	uint32		part_rows;		/* so many are a part */

	bool		totals;			/* histories are one day: the last purchase, with the sums of all */
	HistoryDay *sums;			/* of each group then */
	int			counts;
	int64	   *counted;		/* so many for each group */

	bool		null_key;		/* the partition of the key NULL */
	uint32		next;			/* group to hand out */
	HistoryDays days;
	struct varlena *history;	/* the one handed out */
	HistoryDay *calendar;
};

/*
 * resized
 *		An array with room for so many elements.
 */
static void *
resized(FastSort *sort, void *array, Size elements, Size size)
{
	return array == NULL ? MemoryContextAllocHuge(sort->context, elements * size) : repalloc_huge(array, elements * size);
}

/*
 * make_groups
 *		Room for as many groups as the capacity says.
 */
static void
make_groups(FastSort *sort)
{
	sort->groups = resized(sort, sort->groups, sort->group_capacity, sizeof(Group));
	if (sort->totals)
		sort->sums = resized(sort, sort->sums, sort->group_capacity, sizeof(HistoryDay));
	if (sort->counts > 0)
		sort->counted = resized(sort, sort->counted, sort->group_capacity, sort->counts * sizeof(int64));
}

/*
 * fast_sort_create
 */
FastSort *
fast_sort_create(MemoryContext parent, const FastKey *key, bool totals, int counts)
{
	MemoryContext context = AllocSetContextCreate(parent, "fast_group sort", ALLOCSET_DEFAULT_SIZES);
	FastSort   *sort = MemoryContextAllocZero(context, sizeof(FastSort));

	sort->key = key;
	sort->totals = totals;
	sort->counts = counts;
	sort->context = context;
	sort->keys = AllocSetContextCreate(context, "fast_group keys", ALLOCSET_DEFAULT_SIZES);
	sort->work = AllocSetContextCreate(context, "fast_group work", ALLOCSET_DEFAULT_SIZES);
	sort->part_rows = Min(Max(work_mem * (Size) 1024 / sizeof(ReadRow), MIN_PART_ROWS), MAX_PART_ROWS);
	sort->mask = 1023;
	sort->slots = MemoryContextAllocZero(context, 1024 * sizeof(Slot));
	sort->group_capacity = 512;
	make_groups(sort);
	sort->row_capacity = 4096;
	sort->read = MemoryContextAlloc(context, sort->row_capacity * sizeof(ReadRow));
	sort->sorted = MemoryContextAlloc(context, sort->row_capacity * sizeof(SortedRow));
	sort->history = MemoryContextAlloc(context, VARHDRSZ + HISTORY_EMPTY_SIZE + FEW_DAYS * HISTORY_DAY_BYTES);
	sort->days.capacity = FEW_DAYS;
	sort->days.days = MemoryContextAlloc(context, sort->days.capacity * sizeof(HistoryDay));
	return sort;
}

/* ------------------------------------------------------------------------------------------------
 * Which customer
 * ------------------------------------------------------------------------------------------------ */

/*
 * image_datum
 *		The next column of an image, and the place after it.
 */
static Datum
image_datum(const FastKeyColumn *column, const char **place)
{
	const char *at = *place;
	Size		size;

	if (column->by_value)
	{
		*place = at + sizeof(Datum);
		return *(const Datum *) at;
	}
	if (column->length > 0)
		size = column->length;
	else
		size = column->length == -1 ? VARSIZE_ANY(at) : strlen(at) + 1;
	*place = at + MAXALIGN(size);
	return PointerGetDatum(at);
}

/*
 * same_key
 *		Whether two images are of one key. Equal ones mostly look alike; but 1.0 equals 1.00.
 */
static bool
same_key(const FastKey *key, const FastImageRow *row, const KeyImage *image)
{
	const char *a = FAST_ROW_IMAGE(row);
	const char *b = image->image;

	if (row->nulls != image->nulls)
		return false;
	if (row->size == image->size && memcmp(a, b, row->size) == 0)
		return true;
	for (int i = 0; i < key->count; i++)
	{
		FastKeyColumn *column = (FastKeyColumn *) &key->columns[i];
		Datum		x;
		Datum		y;

		if (row->nulls & (1u << i))
			continue;
		x = image_datum(column, &a);
		y = image_datum(column, &b);
		if (!DatumGetBool(FunctionCall2Coll(&column->equal, column->collation, x, y)))
			return false;
	}
	return true;
}

/*
 * slot_of
 *		Where a tag's search begins.
 */
static inline uint32
slot_of(const FastSort *sort, uint64 tag)
{
	/* The partition is of the lower half of the hash of a word, of the upper bits of that of an image. */
	return (sort->key->word ? fast_word_hash(tag) >> 32 : murmurhash32((uint32) tag)) & sort->mask;
}

/*
 * grow_slots
 */
static void
grow_slots(FastSort *sort)
{
	Slot	   *old = sort->slots;
	uint32		old_mask = sort->mask;

	sort->mask = sort->mask * 2 + 1;
	sort->slots = MemoryContextAllocExtended(sort->context, ((Size) sort->mask + 1) * sizeof(Slot), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (uint32 i = 0; i <= old_mask; i++)
	{
		uint32		j;

		if (old[i].group == 0)
			continue;
		for (j = slot_of(sort, old[i].tag); sort->slots[j].group != 0; j = (j + 1) & sort->mask);
		sort->slots[j] = old[i];
	}
	pfree(old);
}

/*
 * new_group
 *		A customer that is met for the first time.
 */
static uint32
new_group(FastSort *sort, Slot *slot, uint64 tag, const FastImageRow *row)
{
	Group	   *group;

	if (sort->group_count == sort->group_capacity)
	{
		sort->group_capacity *= 2;
		make_groups(sort);
	}
	if (sort->totals)
		memset(&sort->sums[sort->group_count], 0, sizeof(HistoryDay));
	if (sort->counts > 0)
		memset(&sort->counted[(Size) sort->group_count * sort->counts], 0, sort->counts * sizeof(int64));
	group = &sort->groups[sort->group_count++];
	memset(group, 0, sizeof(*group));
	group->key = tag;
	if (row != NULL)
	{
		KeyImage   *image = MemoryContextAllocExtended(sort->keys, offsetof(KeyImage, image) + row->size, MCXT_ALLOC_HUGE);

		image->size = row->size;
		image->nulls = row->nulls;
		memcpy(image->image, FAST_ROW_IMAGE(row), row->size);
		group->key = (uint64) (uintptr_t) image;
	}
	slot->tag = tag;
	slot->group = sort->group_count;
	if (sort->group_count > sort->mask / 2)
		grow_slots(sort);
	return sort->group_count - 1;
}

/*
 * group_of_word, group_of_image
 *		The number of a row's customer.
 */
static inline uint32
group_of_word(FastSort *sort, uint64 key)
{
	for (uint32 i = slot_of(sort, key);; i = (i + 1) & sort->mask)
	{
		Slot	   *slot = &sort->slots[i];

		if (slot->group == 0)
			return new_group(sort, slot, key, NULL);
		if (slot->tag == key)
			return slot->group - 1;
	}
}

static inline uint32
group_of_image(FastSort *sort, const FastImageRow *row)
{
	for (uint32 i = slot_of(sort, row->hash);; i = (i + 1) & sort->mask)
	{
		Slot	   *slot = &sort->slots[i];

		if (slot->group == 0)
			return new_group(sort, slot, row->hash, row);
		if (slot->tag == row->hash && same_key(sort->key, row, (KeyImage *) (uintptr_t) sort->groups[slot->group - 1].key))
			return slot->group - 1;
	}
}

/* ------------------------------------------------------------------------------------------------
 * Rows into days
 * ------------------------------------------------------------------------------------------------ */

/*
 * add_to_day
 *		Adds a row to its day.
 */
static inline void
add_to_day(HistoryDay *day, int64 row)
{
	int128		amount = FAST_ROW_AMOUNT(row);

	if (likely(FAST_ROW_KIND(row) == FAST_ROW_ORDER))
	{
		day->orders += amount >= 0;
		day->refunds += amount < 0;
	}
	else
		amount *= INT64CONST(1) << FAST_MORE_BITS;
	if (amount >= 0)
		day->gross += amount;
	else
		day->refunded -= amount;
}

/*
 * add_day
 *		A day is complete.
 */
static inline void
add_day(FastSort *sort, const HistoryDay *day)
{
	if (unlikely(day->gross >= HISTORY_MAX_AMOUNT || day->refunded >= HISTORY_MAX_AMOUNT))
		history_day_overflow(day->day);
	history_days_add(&sort->days, day);
}

/*
 * ascending
 *		Whether rows are in the order of their days; and what days they span.
 */
static bool
ascending(const SortedRow *rows, uint32 n, int32 *first, int32 *last)
{
	bool		result = true;

	*first = *last = rows[0].day;
	for (uint32 i = 1; i < n; i++)
	{
		result &= rows[i].day >= rows[i - 1].day;
		*first = Min(*first, rows[i].day);
		*last = Max(*last, rows[i].day);
	}
	return result;
}

static int
compare_days(const void *a, const void *b)
{
	int32		x = ((const SortedRow *) a)->day;
	int32		y = ((const SortedRow *) b)->day;

	return x < y ? -1 : x > y;
}

/*
 * sort_few
 */
static void
sort_few(SortedRow *rows, uint32 n)
{
	for (uint32 i = 1; i < n; i++)
	{
		SortedRow	row = rows[i];
		uint32		j = i;

		for (; j > 0 && rows[j - 1].day > row.day; j--)
			rows[j] = rows[j - 1];
		rows[j] = row;
	}
}

/*
 * fold_calendar
 *		The days of many rows that span few days: each is added to its place in a calendar.
 */
static void
fold_calendar(FastSort *sort, const SortedRow *rows, uint32 n, int32 first, int32 last)
{
	HistoryDay *calendar = sort->calendar;

	if (calendar == NULL)
		calendar = sort->calendar = MemoryContextAllocZero(sort->context, CALENDAR_DAYS * sizeof(HistoryDay));
	for (uint32 i = 0; i < n; i++)
		add_to_day(&calendar[rows[i].day - first], rows[i].row);
	for (int32 i = 0; i <= last - first; i++)
	{
		if (calendar[i].orders == 0 && calendar[i].refunds == 0)
			continue;
		calendar[i].day = first + i;
		add_day(sort, &calendar[i]);
		memset(&calendar[i], 0, sizeof(HistoryDay));
	}
}

/*
 * add_to_sum
 *		Adds a row to the sums of its customer, of whom the day of the last purchase is kept, or that of the last refund.
 */
static inline void
add_to_sum(HistoryDay *sum, int32 day, int64 row)
{
	if (FAST_ROW_KIND(row) == FAST_ROW_ORDER)
	{
		bool		refund = FAST_ROW_AMOUNT(row) < 0;

		if (refund ? sum->orders == 0 && (sum->refunds == 0 || day > sum->day) : sum->orders == 0 || day > sum->day)
			sum->day = day;
	}
	add_to_day(sum, row);
}

/*
 * take_surplus
 *		Leaves of an amount what a day can hold, and gives a day before as much as one order can be.
 */
static bool
take_surplus(int128 *left, int64 *left_count, int128 *amount, int64 *count)
{
	if (*left < HISTORY_MAX_AMOUNT)
		return false;
	*amount = HISTORY_MAX_AMOUNT - 1;
	*count = 1;
	*left -= *amount;
	(*left_count)--;
	return true;
}

/*
 * days_of_sum
 *		The sums of a customer as one day. Sums that no day can hold are spread over the days before it.
 */
static void
days_of_sum(FastSort *sort, HistoryDay sum)
{
	int			more = (int) (Max(sum.gross, sum.refunded) / (HISTORY_MAX_AMOUNT - 1));

	sort->days.count = 0;
	if (sum.day < HISTORY_FIRST_DAY + more)
		history_day_overflow(sum.day);
	for (int i = more; i > 0; i--)
	{
		HistoryDay	day = {.day = sum.day - i};
		bool		purchases = take_surplus(&sum.gross, &sum.orders, &day.gross, &day.orders);
		bool		refunds = take_surplus(&sum.refunded, &sum.refunds, &day.refunded, &day.refunds);

		if (purchases || refunds)
			history_days_add(&sort->days, &day);
	}
	history_days_add(&sort->days, &sum);
}

/*
 * fold
 *		The days of a customer's rows of this part, in sort->days.
 */
static void
fold(FastSort *sort, const Group *group)
{
	SortedRow  *rows = sort->sorted + group->first;
	uint32		n = group->rows;
	int32		first;
	int32		last;

	sort->days.count = 0;
	if (n == 0)
		return;
	if (!ascending(rows, n, &first, &last))
	{
		if (n <= FEW_ROWS)
			sort_few(rows, n);
		else if ((int64) last - first < CALENDAR_DAYS && (int64) last - first < (int64) n * 8)
		{
			fold_calendar(sort, rows, n, first, last);
			return;
		}
		else
			qsort(rows, n, sizeof(SortedRow), compare_days);
	}
	for (uint32 i = 0; i < n;)
	{
		HistoryDay	day = {.day = rows[i].day};

		do
			add_to_day(&day, rows[i].row);
		while (++i < n && rows[i].day == day.day);
		add_day(sort, &day);
	}
}

/*
 * days_of_group
 *		The days of a customer, of this part and those before.
 */
static const HistoryDays *
days_of_group(FastSort *sort, const Group *group, HistoryDays *before, HistoryDays *sum)
{
	fold(sort, group);
	if (group->history == NULL)
		return &sort->days;
	history_of_datum(before, PointerGetDatum(group->history));
	history_days_merge(sum, before, &sort->days);
	return sum;
}

/* ------------------------------------------------------------------------------------------------
 * A partition
 * ------------------------------------------------------------------------------------------------ */

/*
 * move_rows
 *		Moves the rows of a part to their customers.
 */
static void
move_rows(FastSort *sort)
{
	uint32		first = 0;

	for (uint32 i = 0; i < sort->group_count; i++)
	{
		Group	   *group = &sort->groups[i];

		group->first = first;
		first += group->rows;
		group->rows = 0;
	}
	for (uint32 i = 0; i < sort->row_count; i++)
	{
		const ReadRow *row = &sort->read[i];
		Group	   *group = &sort->groups[row->group];
		SortedRow  *place = &sort->sorted[group->first + group->rows++];

		place->row = row->row;
		place->day = row->day;
	}
	sort->row_count = 0;
}

/*
 * end_part
 *		Folds the rows of a part, of which the partition has more: each customer's become a history.
 */
static void
end_part(FastSort *sort)
{
	move_rows(sort);
	for (uint32 i = 0; i < sort->group_count; i++)
	{
		Group	   *group = &sort->groups[i];
		HistoryDays old = {0};
		HistoryDays sum = {0};
		const HistoryDays *days;
		Datum		history;

		if (group->rows == 0)
			continue;
		CHECK_FOR_INTERRUPTS();
		days = days_of_group(sort, group, &old, &sum);
		if (group->history != NULL)
			pfree(group->history);
		MemoryContextSwitchTo(sort->keys);
		history = history_from_days(days);
		MemoryContextSwitchTo(sort->work);
		group->history = (struct varlena *) DatumGetPointer(history);
		group->rows = 0;
		MemoryContextReset(sort->work);
	}
}

/*
 * more_rows
 *		Room for so many rows more.
 */
static void
more_rows(FastSort *sort, uint32 n)
{
	if (sort->row_count >= sort->part_rows)
		end_part(sort);
	if (sort->row_count + n <= sort->row_capacity)
		return;
	while (sort->row_count + n > sort->row_capacity)
		sort->row_capacity *= 2;
	pfree(sort->sorted);
	sort->read = repalloc_huge(sort->read, sort->row_capacity * sizeof(ReadRow));
	sort->sorted = MemoryContextAllocHuge(sort->context, sort->row_capacity * sizeof(SortedRow));
}

/*
 * read_row
 *		A row of a customer.
 */
static inline void
read_row(FastSort *sort, uint32 group, int32 day, int64 row)
{
	ReadRow    *place = &sort->read[sort->row_count];

	for (uint32 counts = FAST_ROW_COUNTS(row); counts != 0; counts &= counts - 1)
		sort->counted[(Size) group * sort->counts + pg_rightmost_one_pos32(counts)]++;
	if (FAST_ROW_KIND(row) == FAST_ROW_NOTHING)
		return;
	sort->groups[group].purchased = true;
	if (sort->totals)
	{
		add_to_sum(&sort->sums[group], day, row);
		return;
	}
	sort->groups[group].rows++;
	place->row = row;
	place->day = day;
	place->group = group;
	sort->row_count++;
}

/*
 * read_words
 *		The rows of a chunk whose keys are words.
 */
static void
read_words(FastSort *sort, const FastChunk *chunk)
{
	const FastWordRow *rows = (const FastWordRow *) chunk->rows;
	uint32		n = chunk->used / sizeof(FastWordRow);

	more_rows(sort, n);
	for (uint32 i = 0; i < n; i++)
		read_row(sort, group_of_word(sort, rows[i].key), rows[i].day, rows[i].row);
}

/*
 * read_images
 */
static void
read_images(FastSort *sort, const FastChunk *chunk)
{
	const char *end = chunk->rows + chunk->used;

	more_rows(sort, chunk->used / sizeof(FastImageRow));
	for (const char *at = chunk->rows; at < end;)
	{
		const FastImageRow *row = (const FastImageRow *) at;

		read_row(sort, group_of_image(sort, row), row->day, row->row);
		at += sizeof(FastImageRow) + row->size;
	}
}

/*
 * fast_sort_partition
 *		Groups the rows of a partition. fast_sort_next hands out its customers.
 */
void
fast_sort_partition(FastSort *sort, FastRows *rows, int partition)
{
	MemoryContext before = MemoryContextSwitchTo(sort->work);
	FastChunkReader reader;
	FastChunk  *chunk;

	MemoryContextReset(sort->keys);
	memset(sort->slots, 0, ((Size) sort->mask + 1) * sizeof(Slot));
	sort->group_count = sort->row_count = sort->next = 0;
	sort->null_key = partition == rows->count;

	fast_chunks_begin(&reader, rows, partition);
	while ((chunk = fast_chunks_next(&reader)) != NULL)
	{
		if (sort->key->word)
			read_words(sort, chunk);
		else
			read_images(sort, chunk);
		MemoryContextReset(sort->work);
	}
	fast_chunks_end(&reader);
	MemoryContextSwitchTo(before);
	if (!sort->totals)
		move_rows(sort);
}

/*
 * history_of_group
 *		The history of a customer: in memory that is used for each, or that of the tuple where it is long.
 */
static Datum
history_of_group(FastSort *sort, const Group *group)
{
	HistoryDays before = {0};
	HistoryDays sum = {0};
	const HistoryDays *days = &sort->days;

	if (sort->totals)
		days_of_sum(sort, sort->sums[group - sort->groups]);
	else
		days = days_of_group(sort, group, &before, &sum);
	if (days->count > FEW_DAYS)
		return history_from_days(days);
	SET_VARSIZE(sort->history, VARHDRSZ + history_encode(days->days, days->count, (uint8 *) VARDATA(sort->history)));
	return PointerGetDatum(sort->history);
}

/*
 * fast_sort_next
 *		The next customer of the partition: keys, history and counts; false after the last. Keys stay until the next call, and so does the history, or as long as the caller's
 *		context.
 */
bool
fast_sort_next(FastSort *sort, Datum *values, bool *nulls)
{
	int			keys = sort->key->count;
	const Group *group;

	if (sort->next == sort->group_count)
		return false;
	group = &sort->groups[sort->next++];
	if (sort->key->word)
	{
		values[0] = (Datum) group->key;
		nulls[0] = sort->null_key;
	}
	else
	{
		const KeyImage *image = (const KeyImage *) (uintptr_t) group->key;
		const char *place = image->image;

		for (int i = 0; i < keys; i++)
		{
			nulls[i] = (image->nulls & (1u << i)) != 0;
			values[i] = nulls[i] ? (Datum) 0 : image_datum(&sort->key->columns[i], &place);
		}
	}
	nulls[keys] = !group->purchased;
	values[keys] = group->purchased ? history_of_group(sort, group) : (Datum) 0;
	for (int i = 0; i < sort->counts; i++)
	{
		values[keys + 1 + i] = Int64GetDatum(sort->counted[(Size) (group - sort->groups) * sort->counts + i]);
		nulls[keys + 1 + i] = false;
	}
	return true;
}
