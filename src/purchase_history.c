/*
 * purchase_history.c
 *		The type purchase_history: input and output, the aggregate, and the arithmetic.
 *
 * The stored form is that of history_codec.h, the "closed" form. The state of the aggregate is a value of the
 * same type in an "open" form, which only the functions in this file ever see:
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

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "common/int.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "purchase_history.h"

/*
 * A row, or all purchases or refunds of a day: count > 0 orders, < 0 refunds. A state that travels in a tuple, from a
 * parallel worker for one, is aligned to four bytes only.
 */
typedef struct TailRow
{
	int32		day;
	int32		count;
	int64		amount;			/* >= 0, in millionths */
} pg_attribute_packed() pg_attribute_aligned(4) TailRow;

typedef struct OpenHistory
{
	int32		vl_len_;
	uint8		tag;
	uint8		unused[3];
	uint32		tail_count;
	uint32		prefix_size;
	TailRow		tail[FLEXIBLE_ARRAY_MEMBER];
} OpenHistory;

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
static char *
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
static void
history_unsupported(int version)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("purchase_history version %d is not supported", version),
			 errhint("It was written by a newer pg_customer: install that version, and run ALTER EXTENSION pg_customer UPDATE.")));
}

/*
 * day_overflow
 */
static void
day_overflow(int32 day)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("the purchases of %s are too large for a purchase_history", history_date_text(day)),
			 errdetail("A day holds amounts below 10^21 and at most 10^15 orders.")));
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
		day_overflow(day->day);
}

/*
 * history_days_merge
 *		Merges two ascending lists.
 */
static void
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
				 errmsg("a purchase_history of %zu days is too large", list->count)));
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
	state = palloc(size);
	memset(state, 0, OPEN_HEADER);
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
	Size		size = old == NULL ? OPEN_FIRST_SIZE : VARSIZE(old);
	OpenHistory *state = old;

	while (OPEN_HEADER + prefix_size > size / 2)
		size *= 2;
	if (old == NULL || size != VARSIZE(old))
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
 * open_add_days
 *		Adds ascending days straight to the prefix: those whose numbers are larger than a row of the tail can hold.
 */
static OpenHistory *
open_add_days(OpenHistory *state, const HistoryDays *days)
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
 * open_add_row
 *		Adds orders (count > 0) or refunds (< 0) of a day to the tail.
 */
static inline OpenHistory *
open_add_row(OpenHistory *state, int32 day, int64 count, int128 amount)
{
	TailRow    *row;

	state = open_with_room(state);
	row = &state->tail[state->tail_count++];
	row->day = day;
	row->count = (int32) count;
	row->amount = (int64) amount;
	return state;
}

/*
 * open_from_datum
 *		The state of an aggregate, ready to be changed in place: a closed value is opened first.
 */
static OpenHistory *
open_from_datum(Datum datum)
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
 * closed_value
 *		A value in closed form, detoasted and possibly packed.
 */
static struct varlena *
closed_value(Datum datum)
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
	struct varlena *value = closed_value(history);

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

/* ------------------------------------------------------------------------------------------------
 * Input and output
 * ------------------------------------------------------------------------------------------------ */

PG_FUNCTION_INFO_V1(purchase_history_in);
PG_FUNCTION_INFO_V1(purchase_history_out);
PG_FUNCTION_INFO_V1(purchase_history_recv);
PG_FUNCTION_INFO_V1(purchase_history_send);

/*
 * purchase_history_in
 *		Text form {2024-01-05 2:120.5, 2024-02-01 1:35 -1:5}.
 */
Datum
purchase_history_in(PG_FUNCTION_ARGS)
{
	char	   *text = PG_GETARG_CSTRING(0);
	HistoryDays list = {0};
	HistoryDay	day = {0};
	HistoryError error = {0};
	HistoryStatus status;
	Size		position = 0;

	while ((status = history_day_from_text(text, &position, false, &day, &error)) == HISTORY_DAY)
		history_days_add(&list, &day);
	if (status == HISTORY_MALFORMED)
		ereturn(fcinfo->context, (Datum) 0,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type %s: \"%s\"", "purchase_history", text),
				 errdetail("At character %d: %s.", (int) error.position + 1, error.message),
				 error.hint ? errhint("%s", error.hint) : 0));
	return history_from_days(&list);
}

/*
 * purchase_history_out
 */
Datum
purchase_history_out(PG_FUNCTION_ARGS)
{
	HistoryReader reader;
	HistoryDay	day;
	StringInfoData out;
	char		text[HISTORY_DAY_TEXT];
	bool		first = true;

	history_begin(&reader, PG_GETARG_DATUM(0));
	initStringInfo(&out);
	appendStringInfoChar(&out, '{');
	while (history_read(&reader, &day))
	{
		Size		length = history_day_to_text(&day, false, text);

		if (!first)
			appendBinaryStringInfo(&out, ", ", 2);
		appendBinaryStringInfo(&out, text, length);
		first = false;
	}
	appendStringInfoChar(&out, '}');
	PG_RETURN_CSTRING(out.data);
}

/*
 * purchase_history_recv
 *		The stored form itself: canonical, or refused.
 */
Datum
purchase_history_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buffer = (StringInfo) PG_GETARG_POINTER(0);
	int			size = buffer->len - buffer->cursor;
	const uint8 *bytes = (const uint8 *) pq_getmsgbytes(buffer, size);
	struct varlena *value;

	if (history_version(bytes, size) > HISTORY_VERSION)
		history_unsupported(history_version(bytes, size));
	if (!history_valid(bytes, size))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid binary representation of a purchase_history"),
				 errhint("Send what purchase_history_send gives, or use the text form.")));
	value = palloc(VARHDRSZ + size);
	SET_VARSIZE(value, VARHDRSZ + size);
	memcpy(VARDATA(value), bytes, size);
	PG_RETURN_POINTER(value);
}

/*
 * purchase_history_send
 */
Datum
purchase_history_send(PG_FUNCTION_ARGS)
{
	struct varlena *value = closed_value(PG_GETARG_DATUM(0));
	StringInfoData buffer;

	pq_begintypsend(&buffer);
	pq_sendbytes(&buffer, VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

/* ------------------------------------------------------------------------------------------------
 * The aggregate
 * ------------------------------------------------------------------------------------------------ */

PG_FUNCTION_INFO_V1(purchase_history_accum_numeric);
PG_FUNCTION_INFO_V1(purchase_history_accum_float8);
PG_FUNCTION_INFO_V1(purchase_history_accum_int4);
PG_FUNCTION_INFO_V1(purchase_history_accum_int8);
PG_FUNCTION_INFO_V1(purchase_history_combine);
PG_FUNCTION_INFO_V1(purchase_history_final);

/*
 * bad_amount
 *		An amount that a history cannot hold.
 */
static void
bad_amount(DecimalStatus status, const char *value)
{
	switch (status)
	{
		case DECIMAL_TOO_FINE:
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("amount %s has more than 6 digits after the point", value),
					 errhint("Round it first: purchase_history(day, round(amount, 2)).")));
			break;
		case DECIMAL_TOO_LARGE:
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("amount %s is too large for a purchase_history", value),
					 errdetail("Amounts must be below 10^21.")));
			break;
		default:
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("amount %s cannot be part of a purchase_history", value),
					 errhint("Filter such rows out, or make the amount NULL: nullif(amount, 'NaN').")));
	}
}

/*
 * row_day
 *		The day of a row, whose second argument is a date, timestamp or timestamptz. A timestamptz is taken in the
 *		session's time zone, as its cast to date is.
 */
static int32
row_day(FunctionCallInfo fcinfo)
{
	DateADT		day;
	Oid			type = (Oid) (intptr_t) fcinfo->flinfo->fn_extra;

	if (unlikely(type == InvalidOid))
	{
		type = getBaseType(get_fn_expr_argtype(fcinfo->flinfo, 1));
		fcinfo->flinfo->fn_extra = (void *) (intptr_t) type;
	}
	if (type == TIMESTAMPOID)
	{
		Timestamp	moment = PG_GETARG_TIMESTAMP(1);

		if (TIMESTAMP_NOT_FINITE(moment))
			day = TIMESTAMP_IS_NOBEGIN(moment) ? DATEVAL_NOBEGIN : DATEVAL_NOEND;
		else
			day = (DateADT) (moment / USECS_PER_DAY - (moment % USECS_PER_DAY < 0));
	}
	else if (type == TIMESTAMPTZOID)
		day = DatumGetDateADT(DirectFunctionCall1(timestamptz_date, PG_GETARG_DATUM(1)));
	else
		day = PG_GETARG_DATEADT(1);
	if (unlikely(DATE_NOT_FINITE(day)))
		history_check_finite(day, "the day of a purchase");
	return day;
}

/*
 * accumulate
 *		Adds a row to the state. amount >= 0 is a purchase, < 0 a refund.
 */
static Datum
accumulate(FunctionCallInfo fcinfo, int128 amount)
{
	OpenHistory *state = PG_ARGISNULL(0)
		? open_create(OPEN_FIRST_SIZE)
		: open_from_datum(PG_GETARG_DATUM(0));
	int32		day = row_day(fcinfo);

	if (unlikely(amount > PG_INT64_MAX || amount < -PG_INT64_MAX))
	{
		HistoryDay	large = {.day = day};

		if (amount >= 0)
		{
			large.orders = 1;
			large.gross = amount;
		}
		else
		{
			large.refunds = 1;
			large.refunded = -amount;
		}
		state = open_add_days(state, &(HistoryDays) {.days = &large,.count = 1,.capacity = 1});
	}
	else if (amount >= 0)
		state = open_add_row(state, day, 1, amount);
	else
		state = open_add_row(state, day, -1, -amount);
	PG_RETURN_POINTER(state);
}

/*
 * skip_row
 *		A row without a day is skipped. True when there is nothing to add; every caller then returns the state.
 */
static bool
skip_row(FunctionCallInfo fcinfo, const char *function_name)
{
	if (!AggCheckCallContext(fcinfo, NULL))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("%s can only be called by an aggregate", function_name)));
	return PG_ARGISNULL(1);
}

#define RETURN_STATE() \
	do { if (PG_ARGISNULL(0)) PG_RETURN_NULL(); PG_RETURN_DATUM(PG_GETARG_DATUM(0)); } while (0)

/*
 * purchase_history_accum_numeric
 *		A NULL amount is a purchase of unknown amount: an order that adds nothing to the money.
 */
Datum
purchase_history_accum_numeric(PG_FUNCTION_ARGS)
{
	int128		amount = 0;
	DecimalStatus status;

	if (skip_row(fcinfo, "purchase_history_accum_numeric"))
		RETURN_STATE();
	if (!PG_ARGISNULL(2))
	{
		status = decimal_from_numeric(PG_GETARG_DATUM(2), HISTORY_SCALE, HISTORY_AMOUNT_DIGITS, false, &amount);
		if (unlikely(status != DECIMAL_OK))
			bad_amount(status, DatumGetCString(DirectFunctionCall1(numeric_out, PG_GETARG_DATUM(2))));
	}
	return accumulate(fcinfo, amount);
}

/*
 * purchase_history_accum_float8
 *		A double is rounded to the sixth digit.
 */
Datum
purchase_history_accum_float8(PG_FUNCTION_ARGS)
{
	int128		amount = 0;
	DecimalStatus status;

	if (skip_row(fcinfo, "purchase_history_accum_float8"))
		RETURN_STATE();
	if (!PG_ARGISNULL(2))
	{
		status = decimal_from_float8(PG_GETARG_FLOAT8(2), HISTORY_SCALE, HISTORY_AMOUNT_DIGITS, &amount);
		if (unlikely(status != DECIMAL_OK))
			bad_amount(status, DatumGetCString(DirectFunctionCall1(float8out, PG_GETARG_DATUM(2))));
	}
	return accumulate(fcinfo, amount);
}

Datum
purchase_history_accum_int4(PG_FUNCTION_ARGS)
{
	if (skip_row(fcinfo, "purchase_history_accum_int4"))
		RETURN_STATE();
	return accumulate(fcinfo, PG_ARGISNULL(2) ? 0 : (int128) PG_GETARG_INT32(2) * 1000000);
}

Datum
purchase_history_accum_int8(PG_FUNCTION_ARGS)
{
	if (skip_row(fcinfo, "purchase_history_accum_int8"))
		RETURN_STATE();
	return accumulate(fcinfo, PG_ARGISNULL(2) ? 0 : (int128) PG_GETARG_INT64(2) * 1000000);
}

/*
 * purchase_history_combine
 *		Adds a history to the state: merges partial states, and is the transition function of rollup().
 */
Datum
purchase_history_combine(PG_FUNCTION_ARGS)
{
	OpenHistory *state;
	struct varlena *value;
	const uint8 *bytes;
	Size		size;
	HistoryReader reader;
	HistoryDay	day;
	HistoryDays large = {0};

	if (skip_row(fcinfo, "purchase_history_combine"))
		RETURN_STATE();
	value = PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(1));
	if (PG_ARGISNULL(0) || is_open(value))
		value = PG_DETOAST_DATUM(PointerGetDatum(value));
	bytes = (const uint8 *) VARDATA_ANY(value);
	size = VARSIZE_ANY_EXHDR(value);
	if (PG_ARGISNULL(0))
	{
		/* The executor copies it into the aggregate's context. */
		if (!is_open(value))
			closed_begin(&reader, bytes, size);
		PG_RETURN_POINTER(value);
	}
	state = open_from_datum(PG_GETARG_DATUM(0));
	if (is_open(value))
	{
		OpenHistory *other = (OpenHistory *) value;

		(void) open_room(other);
		for (uint32 i = 0; i < other->tail_count; i++)
		{
			const TailRow *row = &other->tail[i];

			state = open_add_row(state, row->day, row->count, row->amount);
		}
		bytes = open_prefix(other);
		size = other->prefix_size;
		if (size == 0)
			PG_RETURN_POINTER(state);
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
			state = open_add_row(state, day.day, day.orders, day.gross);
		if (day.refunds > 0)
			state = open_add_row(state, day.day, -day.refunds, day.refunded);
	}
	if (large.count > 0)
		state = open_add_days(state, &large);
	PG_RETURN_POINTER(state);
}

/*
 * purchase_history_final
 *		The canonical form of the state, which stays as it is.
 */
Datum
purchase_history_final(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_POINTER(closed_value(PG_GETARG_DATUM(0)));
}

/* ------------------------------------------------------------------------------------------------
 * Arithmetic and comparison
 * ------------------------------------------------------------------------------------------------ */

PG_FUNCTION_INFO_V1(purchase_history_plus);
PG_FUNCTION_INFO_V1(purchase_history_minus);
PG_FUNCTION_INFO_V1(purchase_history_slice);
PG_FUNCTION_INFO_V1(purchase_history_as_of);
PG_FUNCTION_INFO_V1(purchase_history_eq);
PG_FUNCTION_INFO_V1(purchase_history_ne);
PG_FUNCTION_INFO_V1(purchase_history_lt);
PG_FUNCTION_INFO_V1(purchase_history_le);
PG_FUNCTION_INFO_V1(purchase_history_gt);
PG_FUNCTION_INFO_V1(purchase_history_ge);
PG_FUNCTION_INFO_V1(purchase_history_cmp);
PG_FUNCTION_INFO_V1(purchase_history_hash);
PG_FUNCTION_INFO_V1(purchase_history_hash_extended);

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
 * purchase_history_plus
 *		Everything of both.
 */
Datum
purchase_history_plus(PG_FUNCTION_ARGS)
{
	HistoryDays a = {0};
	HistoryDays b = {0};
	HistoryDays sum = {0};

	history_of_datum(&a, PG_GETARG_DATUM(0));
	history_of_datum(&b, PG_GETARG_DATUM(1));
	history_days_merge(&sum, &a, &b);
	return history_from_days(&sum);
}

/*
 * purchase_history_minus
 *		Takes a contained history out again; a day that is not contained is an error.
 */
Datum
purchase_history_minus(PG_FUNCTION_ARGS)
{
	HistoryDays a = {0};
	HistoryDays b = {0};
	HistoryDays rest = {0};
	Size		i = 0;

	history_of_datum(&a, PG_GETARG_DATUM(0));
	history_of_datum(&b, PG_GETARG_DATUM(1));
	for (Size j = 0; j < b.count; j++)
	{
		HistoryDay *taken = &b.days[j];
		HistoryDay	day = {.day = taken->day};

		while (i < a.count && a.days[i].day < taken->day)
			history_days_add(&rest, &a.days[i++]);
		if (i < a.count && a.days[i].day == taken->day)
			day = a.days[i++];
		day.orders -= taken->orders;
		day.refunds -= taken->refunds;
		day.gross -= taken->gross;
		day.refunded -= taken->refunded;
		if (day.orders == 0 && day.refunds == 0 && day.gross == 0 && day.refunded == 0)
			continue;
		if (!history_day_valid(&day))
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("the purchases of %s are not contained in the history", history_date_text(taken->day)),
					 errhint("Only what was added can be taken out. To apply changes that may not fit, use net(history, changes).")));
		history_days_add(&rest, &day);
	}
	while (i < a.count)
		history_days_add(&rest, &a.days[i++]);
	return history_from_days(&rest);
}

/*
 * slice
 *		The days from <= day <= to.
 */
static Datum
slice(Datum history, DateADT from, DateADT to)
{
	HistoryDays list = {0};
	HistoryReader reader;
	HistoryDay	day;

	history_begin(&reader, history);
	while (history_read(&reader, &day) && day.day <= to)
	{
		if (day.day >= from)
			history_days_add(&list, &day);
	}
	return history_from_days(&list);
}

/*
 * purchase_history_slice
 *		The days from <= day < to.
 */
Datum
purchase_history_slice(PG_FUNCTION_ARGS)
{
	DateADT		to = PG_GETARG_DATEADT(2);

	if (DATE_IS_NOBEGIN(to))
		return history_from_days(&(HistoryDays) {0});
	return slice(PG_GETARG_DATUM(0), PG_GETARG_DATEADT(1), DATE_IS_NOEND(to) ? to : to - 1);
}

/*
 * purchase_history_as_of
 *		The history as it was at the end of a day.
 */
Datum
purchase_history_as_of(PG_FUNCTION_ARGS)
{
	return slice(PG_GETARG_DATUM(0), DATEVAL_NOBEGIN, PG_GETARG_DATEADT(1));
}

/*
 * compare
 *		An order of the canonical bytes. It has no meaning but that equal histories are equal.
 */
static int
compare(FunctionCallInfo fcinfo)
{
	struct varlena *a = closed_value(PG_GETARG_DATUM(0));
	struct varlena *b = closed_value(PG_GETARG_DATUM(1));
	Size		a_size = VARSIZE_ANY_EXHDR(a);
	Size		b_size = VARSIZE_ANY_EXHDR(b);
	int			result = memcmp(VARDATA_ANY(a), VARDATA_ANY(b), Min(a_size, b_size));

	if (result == 0)
		result = a_size < b_size ? -1 : a_size > b_size;
	PG_FREE_IF_COPY(a, 0);
	PG_FREE_IF_COPY(b, 1);
	return result;
}

Datum
purchase_history_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare(fcinfo) == 0);
}

Datum
purchase_history_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare(fcinfo) != 0);
}

Datum
purchase_history_lt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare(fcinfo) < 0);
}

Datum
purchase_history_le(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare(fcinfo) <= 0);
}

Datum
purchase_history_gt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare(fcinfo) > 0);
}

Datum
purchase_history_ge(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare(fcinfo) >= 0);
}

Datum
purchase_history_cmp(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(compare(fcinfo));
}

Datum
purchase_history_hash(PG_FUNCTION_ARGS)
{
	struct varlena *value = closed_value(PG_GETARG_DATUM(0));
	uint32		hash = hash_bytes((unsigned char *) VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));

	PG_FREE_IF_COPY(value, 0);
	PG_RETURN_UINT32(hash);
}

Datum
purchase_history_hash_extended(PG_FUNCTION_ARGS)
{
	struct varlena *value = closed_value(PG_GETARG_DATUM(0));
	uint64		hash = hash_bytes_extended((unsigned char *) VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value),
										   PG_GETARG_INT64(1));

	PG_FREE_IF_COPY(value, 0);
	PG_RETURN_UINT64(hash);
}
