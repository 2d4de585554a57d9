/*
 * history_state.c
 *		Purchase histories in memory: lists of days, the states of aggregates, and reading any value day by day.
 *
 * The stored form is that of history_codec.h, the "closed" form. The state of the aggregate is a value of the
 * same type in an "open" form, whose inside only this file knows:
 *
 *		header			the flag HISTORY_OPEN, how many rows are in the tail, how long the prefix is
 *		tail			unsorted rows, sixteen bytes each, growing upwards
 *		room
 *		prefix			a closed form of what was compacted before, at the end of the value
 *
 * A row is appended in place. When the room is used up, tail and prefix are merged into a new prefix, and the value
 * grows when that leaves too little room. A grown state is a new value: the executor copies it into the aggregate's
 * context and frees the old one, so nothing here may repalloc a state. The final function only reads.
 */
#include "compat.h"

#include "common/int.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/memutils.h"

#include "purchase_history.h"

/*
 * A row, or all purchases or refunds of a day: count > 0 orders, < 0 refunds. A state that a tuple brings is aligned to
 * four bytes, as its type is.
 */
typedef struct TailRow
{
	int32		day;
	int32		count;
	int64		amount;			/* >= 0, in millionths */
} pg_attribute_packed() pg_attribute_aligned(4) TailRow;

struct OpenHistory
{
	int32		vl_len_;
	uint8		tag;
	uint8		unused[3];
	uint32		tail_count;
	uint32		prefix_size;
	TailRow		tail[FLEXIBLE_ARRAY_MEMBER];
};

#define OPEN_HEADER		offsetof(OpenHistory, tail)
#define OPEN_FIRST_SIZE	64
#define COMPACT_FROM	6		/* with fewer rows in the tail, growing is cheaper */

/* ------------------------------------------------------------------------------------------------
 * Errors
 * ------------------------------------------------------------------------------------------------ */

/*
 * history_date_text
 *		A day for an error message.
 */
char *
history_date_text(int32 day)
{
	char	   *text = palloc(HISTORY_DAY_TEXT);

	history_date_to_text(day, text);
	return text;
}

/*
 * history_damaged
 */
static void
history_damaged(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("a purchase_history value is damaged"),
			 errhint("Build it again from the orders: SELECT purchase_history(day, amount) FROM ...")));
}

/*
 * history_unsupported
 *		A value of a version that this library does not know.
 */
void
history_unsupported(int version)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("purchase_history version %d is not supported", version),
			 errhint("It was written by a newer pg_customer: install that version, and run ALTER EXTENSION pg_customer UPDATE.")));
}

/*
 * history_day_overflow
 *		A day that no history can hold.
 */
void
history_day_overflow(int32 day)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("the purchases of %s are too large for a purchase_history", history_date_text(day)),
			 errdetail("A day holds amounts below 10^21 and at most 10^15 orders.")));
}

/*
 * history_check_text
 *		Whether a text has room for another day.
 */
void
history_check_text(const StringInfoData *text)
{
	if (text->len > MaxAllocSize - 1024)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the text of a purchase_history would exceed 1 GB"),
				 errhint("Read it day by day: SELECT * FROM days(history).")));
}

/*
 * history_check_finite
 *		No arithmetic with an infinite date.
 */
void
history_check_finite(DateADT day, const char *what)
{
	if (DATE_NOT_FINITE(day))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("%s must not be %s", what, DATE_IS_NOBEGIN(day) ? "-infinity" : "infinity"),
				 errhint("Give a date of the calendar, such as current_date.")));
}

/* ------------------------------------------------------------------------------------------------
 * Lists of days
 * ------------------------------------------------------------------------------------------------ */

/*
 * history_days_add
 *		Appends a day.
 */
void
history_days_add(HistoryDays *list, const HistoryDay *day)
{
	if (list->count == list->capacity)
	{
		Size		capacity = Max(16, list->capacity * 2);
		Size		size = mul_size(capacity, sizeof(HistoryDay));

		list->days = list->days == NULL
			? MemoryContextAllocHuge(CurrentMemoryContext, size)
			: repalloc_huge(list->days, size);
		list->capacity = capacity;
	}
	list->days[list->count++] = *day;
	if (list->count % 65536 == 0)
		CHECK_FOR_INTERRUPTS();
}

/*
 * history_day_merge
 *		Adds the parts of one day to those of another.
 */
static void
history_day_merge(HistoryDay *day, const HistoryDay *other)
{
	day->orders += other->orders;
	day->refunds += other->refunds;
	day->gross += other->gross;
	day->refunded += other->refunded;
	if (!history_day_valid(day))
		history_day_overflow(day->day);
}

/*
 * history_days_merge
 *		Merges two ascending lists.
 */
void
history_days_merge(HistoryDays *result, const HistoryDays *a, const HistoryDays *b)
{
	Size		i = 0;
	Size		j = 0;

	while (i < a->count || j < b->count)
	{
		if (j >= b->count || (i < a->count && a->days[i].day < b->days[j].day))
			history_days_add(result, &a->days[i++]);
		else if (i >= a->count || b->days[j].day < a->days[i].day)
			history_days_add(result, &b->days[j++]);
		else
		{
			HistoryDay	day = a->days[i++];

			history_day_merge(&day, &b->days[j++]);
			history_days_add(result, &day);
		}
	}
}

/*
 * history_days_free
 */
static void
history_days_free(HistoryDays *list)
{
	if (list->days != NULL)
		pfree(list->days);
	list->days = NULL;
}

/*
 * history_from_days
 *		The closed value of ascending days.
 */
Datum
history_from_days(const HistoryDays *list)
{
	Size		bound = history_encoded_bound(list->days, list->count);
	struct varlena *value;

	if (!AllocSizeIsValid(VARHDRSZ + bound))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a purchase_history of %zu days is too large", list->count),
				 errdetail("A value has at most 1 GB."),
				 errhint("Keep a history for each customer, or for a part of the days.")));
	value = palloc(VARHDRSZ + bound);
	SET_VARSIZE(value, VARHDRSZ + history_encode(list->days, list->count, (uint8 *) VARDATA(value)));
	return PointerGetDatum(value);
}

/* ------------------------------------------------------------------------------------------------
 * The open form
 * ------------------------------------------------------------------------------------------------ */

/*
 * is_open
 *		Whether a detoasted value, packed or not, is a state.
 */
static inline bool
is_open(const struct varlena *value)
{
	return VARSIZE_ANY_EXHDR(value) > 0 && (*(const uint8 *) VARDATA_ANY(value) & HISTORY_OPEN) != 0;
}

/*
 * open_room
 *		Bytes between tail and prefix. Checks the header, which bounds every access.
 */
static Size
open_room(const OpenHistory *state)
{
	Size		size = VARSIZE(state);
	Size		used = OPEN_HEADER + (Size) state->tail_count * sizeof(TailRow) + state->prefix_size;

	if (size < OPEN_HEADER || used > size)
		history_damaged();
	return size - used;
}

static inline uint8 *
open_prefix(const OpenHistory *state)
{
	return (uint8 *) state + VARSIZE(state) - state->prefix_size;
}

/*
 * open_create
 *		An empty state of a size.
 */
static OpenHistory *
open_create(Size size)
{
	OpenHistory *state;

	if (!AllocSizeIsValid(size))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a purchase_history grows past 1 GB while it is aggregated"),
				 errhint("Aggregate by customer or by period, and merge the parts with rollup().")));
	/* The room as well: a state without a final function may be stored. */
	state = palloc0(size);
	SET_VARSIZE(state, size);
	state->tag = HISTORY_TAG(HISTORY_SCALE) | HISTORY_OPEN;
	return state;
}

static int
compare_rows(const void *a, const void *b)
{
	int32		x = ((const TailRow *) a)->day;
	int32		y = ((const TailRow *) b)->day;

	return x < y ? -1 : x > y;
}

/*
 * sort_rows
 *		Rows mostly come in order already.
 */
static void
sort_rows(TailRow *rows, uint32 n)
{
	if (n > 24)
	{
		qsort(rows, n, sizeof(TailRow), compare_rows);
		return;
	}
	for (uint32 i = 1; i < n; i++)
	{
		TailRow		row = rows[i];
		uint32		j = i;

		for (; j > 0 && rows[j - 1].day > row.day; j--)
			rows[j] = rows[j - 1];
		rows[j] = row;
	}
}

/*
 * closed_begin
 *		Begins to read a closed form.
 */
static void
closed_begin(HistoryReader *reader, const uint8 *bytes, Size size)
{
	if (history_reader_init(reader, bytes, size))
		return;
	if (history_version(bytes, size) > HISTORY_VERSION)
		history_unsupported(history_version(bytes, size));
	history_damaged();
}

/*
 * days_of_bytes
 *		All days of a closed form.
 */
static void
days_of_bytes(HistoryDays *list, const uint8 *bytes, Size size)
{
	HistoryReader reader;
	HistoryDay	day;

	closed_begin(&reader, bytes, size);
	while (history_read(&reader, &day))
		history_days_add(list, &day);
}

/*
 * open_days
 *		All days of a state, which is not changed.
 */
static void
open_days(HistoryDays *result, const OpenHistory *state)
{
	HistoryDays tail = {0};
	HistoryDays prefix = {0};
	Size		tail_size = (Size) state->tail_count * sizeof(TailRow);
	TailRow    *rows;

	(void) open_room(state);
	if (tail_size > 0)
	{
		rows = MemoryContextAllocHuge(CurrentMemoryContext, tail_size);
		memcpy(rows, state->tail, tail_size);
		sort_rows(rows, state->tail_count);
		for (uint32 i = 0; i < state->tail_count; i++)
		{
			TailRow    *row = &rows[i];
			HistoryDay	day = {.day = row->day};

			if (row->count > 0)
			{
				day.orders = row->count;
				day.gross = row->amount;
			}
			else
			{
				day.refunds = -(int64) row->count;
				day.refunded = row->amount;
			}
			if (tail.count > 0 && tail.days[tail.count - 1].day == row->day)
				history_day_merge(&tail.days[tail.count - 1], &day);
			else
				history_days_add(&tail, &day);
		}
		pfree(rows);
	}
	if (state->prefix_size == 0)
	{
		*result = tail;
		return;
	}
	days_of_bytes(&prefix, open_prefix(state), state->prefix_size);
	if (tail.count == 0)
	{
		*result = prefix;
		return;
	}
	history_days_merge(result, &prefix, &tail);
	history_days_free(&prefix);
	history_days_free(&tail);
}

/*
 * open_rebuild
 *		A state that holds the days in its prefix, with room for rows: at least as much as is used.
 */
static OpenHistory *
open_rebuild(OpenHistory *old, const HistoryDays *list)
{
	Size		bound = history_encoded_bound(list->days, list->count);
	uint8	   *bytes = palloc_extended(bound, MCXT_ALLOC_HUGE);
	Size		prefix_size = history_encode(list->days, list->count, bytes);
	Size		size = VARSIZE(old);
	OpenHistory *state = old;

	while (OPEN_HEADER + prefix_size > size / 2)
		size *= 2;
	if (size != VARSIZE(old))
		state = open_create(size);
	state->tail_count = 0;
	state->prefix_size = prefix_size;
	memcpy(open_prefix(state), bytes, prefix_size);
	pfree(bytes);
	return state;
}

/*
 * open_with_room
 *		A state with room for one more row: the one given or its successor.
 */
static OpenHistory *
open_with_room(OpenHistory *state)
{
	OpenHistory *grown;

	if (likely(open_room(state) >= sizeof(TailRow)))
		return state;
	if (state->tail_count >= COMPACT_FROM)
	{
		HistoryDays list = {0};

		open_days(&list, state);
		grown = open_rebuild(state, &list);
		history_days_free(&list);
		if (open_room(grown) >= sizeof(TailRow))
			return grown;
		state = grown;
	}
	grown = open_create(VARSIZE(state) * 2);
	grown->tail_count = state->tail_count;
	grown->prefix_size = state->prefix_size;
	memcpy(grown->tail, state->tail, (Size) state->tail_count * sizeof(TailRow));
	memcpy(open_prefix(grown), open_prefix(state), state->prefix_size);
	return grown;
}

/*
 * history_state_add_days
 *		Adds ascending days straight to the prefix: those whose numbers are larger than a row of the tail can hold.
 */
OpenHistory *
history_state_add_days(OpenHistory *state, const HistoryDays *days)
{
	HistoryDays all = {0};
	HistoryDays sum = {0};

	open_days(&all, state);
	history_days_merge(&sum, &all, days);
	state = open_rebuild(state, &sum);
	history_days_free(&all);
	history_days_free(&sum);
	return state;
}

/*
 * history_state_add_row
 *		Adds orders (count > 0) or refunds (< 0) of a day to the tail.
 */
OpenHistory *
history_state_add_row(OpenHistory *state, int32 day, int32 count, int64 amount)
{
	TailRow    *row;

	state = open_with_room(state);
	row = &state->tail[state->tail_count++];
	row->day = day;
	row->count = count;
	row->amount = amount;
	return state;
}

/*
 * history_state_create
 *		The state before the first row.
 */
OpenHistory *
history_state_create(void)
{
	return open_create(OPEN_FIRST_SIZE);
}

/*
 * history_state
 *		The state of an aggregate, ready to be changed in place: a closed value is opened first.
 */
OpenHistory *
history_state(Datum datum)
{
	struct varlena *value = (struct varlena *) DatumGetPointer(datum);
	OpenHistory *state;

	if (VARATT_IS_4B_U(value) && is_open(value))
		return (OpenHistory *) value;

	value = PG_DETOAST_DATUM(datum);
	if (is_open(value))
		return (OpenHistory *) value;
	state = open_create(Max(OPEN_FIRST_SIZE, pg_nextpower2_64(2 * (VARSIZE(value) + OPEN_HEADER))));
	state->prefix_size = VARSIZE(value) - VARHDRSZ;
	memcpy(open_prefix(state), VARDATA(value), state->prefix_size);
	return state;
}

/*
 * history_state_merge
 *		Adds all days of a history, which may itself be a state.
 */
OpenHistory *
history_state_merge(OpenHistory *state, Datum history)
{
	struct varlena *value = PG_DETOAST_DATUM_PACKED(history);
	const uint8 *bytes = (const uint8 *) VARDATA_ANY(value);
	Size		size = VARSIZE_ANY_EXHDR(value);
	HistoryReader reader;
	HistoryDay	day;
	HistoryDays large = {0};

	if (is_open(value))
	{
		OpenHistory *other = (OpenHistory *) PG_DETOAST_DATUM(PointerGetDatum(value));

		(void) open_room(other);
		for (uint32 i = 0; i < other->tail_count; i++)
			state = history_state_add_row(state, other->tail[i].day, other->tail[i].count, other->tail[i].amount);
		bytes = open_prefix(other);
		size = other->prefix_size;
		if (size == 0)
			return state;
	}
	closed_begin(&reader, bytes, size);
	while (history_read(&reader, &day))
	{
		if (day.orders > PG_INT32_MAX || day.gross > PG_INT64_MAX ||
			day.refunds > PG_INT32_MAX || day.refunded > PG_INT64_MAX)
		{
			history_days_add(&large, &day);
			continue;
		}
		if (day.orders > 0)
			state = history_state_add_row(state, day.day, day.orders, day.gross);
		if (day.refunds > 0)
			state = history_state_add_row(state, day.day, -day.refunds, day.refunded);
	}
	if (large.count > 0)
		state = history_state_add_days(state, &large);
	return state;
}

/*
 * history_closed
 *		A value in closed form, detoasted and possibly packed.
 */
struct varlena *
history_closed(Datum datum)
{
	struct varlena *value = PG_DETOAST_DATUM_PACKED(datum);
	HistoryDays list = {0};

	if (!is_open(value))
		return value;
	open_days(&list, (OpenHistory *) PG_DETOAST_DATUM(PointerGetDatum(value)));
	return (struct varlena *) DatumGetPointer(history_from_days(&list));
}

/* ------------------------------------------------------------------------------------------------
 * Reading
 * ------------------------------------------------------------------------------------------------ */

/*
 * history_begin
 *		Begins to read the days of a value.
 */
void
history_begin(HistoryReader *reader, Datum history)
{
	struct varlena *value = history_closed(history);

	closed_begin(reader, (const uint8 *) VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
}

/*
 * history_read
 *		The next day; false at the end.
 */
bool
history_read(HistoryReader *reader, HistoryDay *day)
{
	HistoryStatus status = history_next(reader, day);

	CHECK_FOR_INTERRUPTS();
	if (unlikely(status == HISTORY_MALFORMED))
		history_damaged();
	return status == HISTORY_DAY;
}

/*
 * history_count_add
 *		Adds to a sum of counts.
 */
void
history_count_add(int64 *sum, int64 count)
{
	if (unlikely(pg_add_s64_overflow(*sum, count, sum)))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("the number of orders is out of range for bigint")));
}

/*
 * history_of_datum
 *		All days of a value.
 */
void
history_of_datum(HistoryDays *list, Datum datum)
{
	HistoryReader reader;
	HistoryDay	day;

	history_begin(&reader, datum);
	while (history_read(&reader, &day))
		history_days_add(list, &day);
}

/*
 * history_totals
 *		Sums the days up to as_of.
 */
void
history_totals(Datum history, DateADT as_of, HistoryTotals *totals)
{
	HistoryReader reader;
	HistoryDay	day;

	memset(totals, 0, sizeof(*totals));
	history_begin(&reader, history);
	while (history_read(&reader, &day) && day.day <= as_of)
	{
		history_count_add(&totals->orders, day.orders);
		history_count_add(&totals->refunds, day.refunds);
		totals->gross += day.gross;
		totals->refunded += day.refunded;
		if (totals->purchase_days > 0)
			totals->after_first += day.gross - day.refunded;
		if (day.orders > 0)
		{
			if (totals->purchase_days++ == 0)
				totals->first = day.day;
			totals->last = day.day;
		}
	}
}
