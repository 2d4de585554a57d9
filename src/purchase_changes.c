/*
 * purchase_changes.c
 *		The type purchase_changes: signed changes of a purchase history.
 *
 * Orders that come, go or are corrected become rows (day, orders, gross, refunds, refunded) with signs. Their sums by
 * day form a group: any order of the rows gives the same value. Nothing here raises an error over a row: what cannot
 * be taken (a NULL or infinite day, NaN, a seventh digit, a sum out of range) is counted as unfit, and what does
 * not fit a history when it is netted is left over and can be seen. A shop's transaction never fails for our sake.
 */
#include "compat.h"

#include <errno.h>

#include "access/htup_details.h"
#include "common/int.h"
#include "funcapi.h"
#include "libpq/pqformat.h"
#include "parser/scansup.h"
#include "utils/builtins.h"

#include "aggregate.h"
#include "purchase_history.h"

PG_FUNCTION_INFO_V1(purchase_changes_in);
PG_FUNCTION_INFO_V1(purchase_changes_out);
PG_FUNCTION_INFO_V1(purchase_changes_recv);
PG_FUNCTION_INFO_V1(purchase_changes_send);
PG_FUNCTION_INFO_V1(purchase_changes_accum);
PG_FUNCTION_INFO_V1(purchase_changes_combine);
PG_FUNCTION_INFO_V1(purchase_changes_net);
PG_FUNCTION_INFO_V1(purchase_changes_misfits);
PG_FUNCTION_INFO_V1(purchase_changes_unfit);
PG_FUNCTION_INFO_V1(purchase_changes_days);

/* Changes in memory: days in ascending order, and the rows that could not be taken. */
typedef struct Changes
{
	HistoryDays list;
	int64		unfit;
} Changes;

/*
 * changes_check_version
 *		An error for a version that this library does not know.
 */
static void
changes_check_version(const uint8 *bytes, Size size)
{
	if (history_version(bytes, size) > HISTORY_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("purchase_changes version %d is not supported", history_version(bytes, size)),
				 errhint("It was written by a newer pg_customer: install that version, and run ALTER EXTENSION pg_customer UPDATE.")));
}

/*
 * changes_read
 *		Begins to read a value.
 */
static void
changes_read(HistoryReader *reader, Datum datum, int64 *unfit)
{
	struct varlena *value = PG_DETOAST_DATUM_PACKED(datum);
	const uint8 *bytes = (const uint8 *) VARDATA_ANY(value);
	Size		size = VARSIZE_ANY_EXHDR(value);

	if (changes_reader_init(reader, bytes, size, unfit))
		return;
	changes_check_version(bytes, size);
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("a purchase_changes value is damaged")));
}

/*
 * changes_of_datum
 *		All days of a value; nothing for NULL.
 */
static void
changes_of_datum(Changes *changes, Datum datum, bool isnull)
{
	HistoryReader reader;
	HistoryDay	day;

	memset(changes, 0, sizeof(*changes));
	if (isnull)
		return;
	changes_read(&reader, datum, &changes->unfit);
	while (history_read(&reader, &day))
		history_days_add(&changes->list, &day);
}

/*
 * changes_value
 */
static Datum
changes_value(const Changes *changes)
{
	Size		bound = changes_encoded_bound(changes->list.days, changes->list.count);
	struct varlena *value = palloc(VARHDRSZ + bound);

	SET_VARSIZE(value, VARHDRSZ + changes_encode(changes->list.days, changes->list.count, changes->unfit,
												 (uint8 *) VARDATA(value)));
	return PointerGetDatum(value);
}

/*
 * add_unfit
 *		Counts rows that could not be taken; the count stays at its largest value.
 */
static void
add_unfit(Changes *changes, int64 rows)
{
	if (pg_add_s64_overflow(changes->unfit, rows, &changes->unfit))
		changes->unfit = PG_INT64_MAX;
}

static inline bool
is_nothing(const HistoryDay *day)
{
	return day->orders == 0 && day->refunds == 0 && day->gross == 0 && day->refunded == 0;
}

/*
 * add_parts
 *		day += sign * other
 */
static void
add_parts(HistoryDay *day, const HistoryDay *other, int sign)
{
	day->orders += sign * other->orders;
	day->refunds += sign * other->refunds;
	day->gross += sign * other->gross;
	day->refunded += sign * other->refunded;
}

/*
 * merge_changes
 *		Adds ascending changes to others.
 */
static void
merge_changes(Changes *sum, const Changes *a, const Changes *b)
{
	Size		i = 0;
	Size		j = 0;

	memset(sum, 0, sizeof(*sum));
	sum->unfit = a->unfit;
	add_unfit(sum, b->unfit);
	while (i < a->list.count || j < b->list.count)
	{
		HistoryDay	day;

		if (j >= b->list.count || (i < a->list.count && a->list.days[i].day < b->list.days[j].day))
			day = a->list.days[i++];
		else if (i >= a->list.count || b->list.days[j].day < a->list.days[i].day)
			day = b->list.days[j++];
		else
		{
			HistoryDay	before = a->list.days[i++];

			day = before;
			add_parts(&day, &b->list.days[j++], 1);
			if (!changes_day_valid(&day))
			{
				day = before;
				add_unfit(sum, 1);
			}
			if (is_nothing(&day))
				continue;
		}
		history_days_add(&sum->list, &day);
	}
}

/* ------------------------------------------------------------------------------------------------
 * Input and output
 * ------------------------------------------------------------------------------------------------ */

/*
 * purchase_changes_in
 *		{2024-01-05 orders +1 gross +20.5, …}, after "N unfit" where rows were not taken.
 */
Datum
purchase_changes_in(PG_FUNCTION_ARGS)
{
	char	   *text = PG_GETARG_CSTRING(0);
	char	   *start = text;
	char	   *end;
	Changes		changes = {0};
	HistoryDay	day = {0};
	HistoryError error = {0};
	HistoryStatus status;
	Size		position = 0;

	while (scanner_isspace(*start))
		start++;
	if (*start >= '0' && *start <= '9')
	{
		errno = 0;
		changes.unfit = strtoll(start, &end, 10);
		if (errno != 0 || strncmp(end, " unfit ", 7) != 0)
			ereturn(fcinfo->context, (Datum) 0,
					(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
					 errmsg("invalid input syntax for type %s: \"%s\"", "purchase_changes", text),
					 errhint("A number in front says how many rows did not fit: 3 unfit {...}.")));
		start = end + 7;
	}
	while ((status = history_day_from_text(start, &position, true, &day, &error)) == HISTORY_DAY)
		history_days_add(&changes.list, &day);
	if (status == HISTORY_MALFORMED)
		ereturn(fcinfo->context, (Datum) 0,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type %s: \"%s\"", "purchase_changes", text),
				 errdetail("At character %d: %s.", (int) (start - text + error.position) + 1, error.message),
				 error.hint ? errhint("%s", error.hint) : 0));
	return changes_value(&changes);
}

Datum
purchase_changes_out(PG_FUNCTION_ARGS)
{
	HistoryReader reader;
	HistoryDay	day;
	int64		unfit;
	StringInfoData out;
	char		text[HISTORY_DAY_TEXT];
	bool		first = true;

	changes_read(&reader, PG_GETARG_DATUM(0), &unfit);
	initStringInfo(&out);
	if (unfit > 0)
		appendStringInfo(&out, INT64_FORMAT " unfit ", unfit);
	appendStringInfoChar(&out, '{');
	while (history_read(&reader, &day))
	{
		history_day_to_text(&day, true, text);
		appendStringInfo(&out, "%s%s", first ? "" : ", ", text);
		first = false;
	}
	appendStringInfoChar(&out, '}');
	PG_RETURN_CSTRING(out.data);
}

Datum
purchase_changes_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buffer = (StringInfo) PG_GETARG_POINTER(0);
	int			size = buffer->len - buffer->cursor;
	const uint8 *bytes = (const uint8 *) pq_getmsgbytes(buffer, size);
	struct varlena *value;

	changes_check_version(bytes, size);
	if (!changes_valid(bytes, size))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid binary representation of purchase_changes"),
				 errhint("Send what purchase_changes_send gives, or use the text form.")));
	value = palloc(VARHDRSZ + size);
	SET_VARSIZE(value, VARHDRSZ + size);
	memcpy(VARDATA(value), bytes, size);
	PG_RETURN_POINTER(value);
}

Datum
purchase_changes_send(PG_FUNCTION_ARGS)
{
	struct varlena *value = PG_GETARG_VARLENA_PP(0);
	StringInfoData buffer;

	pq_begintypsend(&buffer);
	pq_sendbytes(&buffer, VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

/* ------------------------------------------------------------------------------------------------
 * The aggregate
 * ------------------------------------------------------------------------------------------------ */

/*
 * changed_count, changed_amount
 *		The parts of a row; NULL is 0. False when a value does not fit.
 */
static bool
changed_count(FunctionCallInfo fcinfo, int arg, int64 *count)
{
	*count = PG_ARGISNULL(arg) ? 0 : PG_GETARG_INT64(arg);
	return *count >= -CHANGE_ROW_COUNT && *count <= CHANGE_ROW_COUNT;
}

static bool
changed_amount(FunctionCallInfo fcinfo, int arg, history_amount *amount)
{
	int128		units = 0;

	if (!PG_ARGISNULL(arg) &&
		decimal_from_numeric(PG_GETARG_DATUM(arg), HISTORY_SCALE, HISTORY_AMOUNT_DIGITS, false, &units) != DECIMAL_OK)
		return false;
	*amount = units;
	return true;
}

/*
 * purchase_changes_accum
 *		Adds a signed row (day, orders, gross, refunds, refunded).
 */
Datum
purchase_changes_accum(PG_FUNCTION_ARGS)
{
	Changes		state;
	Changes		sum;
	HistoryDay	day = {0};
	Changes		row = {.list = {.days = &day,.count = 1,.capacity = 1}};

	(void) aggregate_context(fcinfo);
	changes_of_datum(&state, PG_GETARG_DATUM(0), PG_ARGISNULL(0));
	if (PG_ARGISNULL(1) || DATE_NOT_FINITE(PG_GETARG_DATEADT(1)) ||
		!changed_count(fcinfo, 2, &day.orders) || !changed_amount(fcinfo, 3, &day.gross) ||
		!changed_count(fcinfo, 4, &day.refunds) || !changed_amount(fcinfo, 5, &day.refunded))
	{
		row.unfit = 1;
		row.list.count = 0;
	}
	else
	{
		day.day = PG_GETARG_DATEADT(1);
		if (is_nothing(&day))
			row.list.count = 0;
	}
	merge_changes(&sum, &state, &row);
	return changes_value(&sum);
}

/*
 * purchase_changes_combine
 *		The sum of two; also the transition function of rollup().
 */
Datum
purchase_changes_combine(PG_FUNCTION_ARGS)
{
	Changes		a;
	Changes		b;
	Changes		sum;

	if (PG_ARGISNULL(0) && PG_ARGISNULL(1))
		PG_RETURN_NULL();
	changes_of_datum(&a, PG_GETARG_DATUM(0), PG_ARGISNULL(0));
	changes_of_datum(&b, PG_GETARG_DATUM(1), PG_ARGISNULL(1));
	merge_changes(&sum, &a, &b);
	return changes_value(&sum);
}

/* ------------------------------------------------------------------------------------------------
 * Netting against a history
 * ------------------------------------------------------------------------------------------------ */

/*
 * fit_purchases
 *		Clamps orders and gross (or refunds and refunded) to what a day of a history can hold.
 */
static void
fit_purchases(int64 *count, history_amount *amount)
{
	*count = Min(Max(*count, 0), HISTORY_MAX_COUNT);
	if (*amount < 0 || *count == 0)
		*amount = 0;
	else if (*amount >= HISTORY_MAX_AMOUNT)
		*amount = HISTORY_MAX_AMOUNT - 1;
}

/*
 * net
 *		history + changes = fitting + left over, exactly, day by day: fitting is the nearest thing that a history can
 *		hold, without a negative count or amount and without money on a day that has no order.
 */
static void
net(FunctionCallInfo fcinfo, HistoryDays *fitting, Changes *left)
{
	HistoryDays history = {0};
	Changes		changes;
	Size		i = 0;
	Size		j = 0;

	if (!PG_ARGISNULL(0))
		history_of_datum(&history, PG_GETARG_DATUM(0));
	changes_of_datum(&changes, PG_GETARG_DATUM(1), PG_ARGISNULL(1));
	left->unfit = changes.unfit;
	while (i < history.count || j < changes.list.count)
	{
		HistoryDay	day = {0};
		HistoryDay	fit;

		day.day = i >= history.count ? changes.list.days[j].day
			: j >= changes.list.count ? history.days[i].day
			: Min(history.days[i].day, changes.list.days[j].day);
		if (i < history.count && history.days[i].day == day.day)
			add_parts(&day, &history.days[i++], 1);
		if (j < changes.list.count && changes.list.days[j].day == day.day)
			add_parts(&day, &changes.list.days[j++], 1);
		fit = day;
		fit_purchases(&fit.orders, &fit.gross);
		fit_purchases(&fit.refunds, &fit.refunded);
		add_parts(&day, &fit, -1);
		if (!is_nothing(&fit))
			history_days_add(fitting, &fit);
		if (!changes_day_valid(&day))
			add_unfit(left, 1);
		else if (!is_nothing(&day))
			history_days_add(&left->list, &day);
	}
}

/*
 * purchase_changes_net
 *		The history after the changes. NULL counts as nothing on either side.
 */
Datum
purchase_changes_net(PG_FUNCTION_ARGS)
{
	HistoryDays fitting = {0};
	Changes		left = {0};

	if (PG_ARGISNULL(0) && PG_ARGISNULL(1))
		PG_RETURN_NULL();
	net(fcinfo, &fitting, &left);
	return history_from_days(&fitting);
}

/*
 * purchase_changes_misfits
 *		What of the changes did not fit the history; NULL when all did.
 */
Datum
purchase_changes_misfits(PG_FUNCTION_ARGS)
{
	HistoryDays fitting = {0};
	Changes		left = {0};

	net(fcinfo, &fitting, &left);
	if (left.list.count == 0 && left.unfit == 0)
		PG_RETURN_NULL();
	return changes_value(&left);
}

Datum
purchase_changes_unfit(PG_FUNCTION_ARGS)
{
	HistoryReader reader;
	int64		unfit;

	changes_read(&reader, PG_GETARG_DATUM(0), &unfit);
	PG_RETURN_INT64(unfit);
}

/*
 * purchase_changes_days
 *		Rows (day, orders, gross, refunds, refunded), signed.
 */
Datum
purchase_changes_days(PG_FUNCTION_ARGS)
{
	FuncCallContext *context;
	HistoryReader *reader;
	HistoryDay	day;
	Datum		values[5];
	bool		nulls[5] = {0};

	if (SRF_IS_FIRSTCALL())
	{
		MemoryContext old;
		int64		unfit;

		context = SRF_FIRSTCALL_INIT();
		old = MemoryContextSwitchTo(context->multi_call_memory_ctx);
		if (get_call_result_type(fcinfo, NULL, &context->tuple_desc) != TYPEFUNC_COMPOSITE)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("function returning record called in context that cannot accept type record")));
		context->tuple_desc = BlessTupleDesc(context->tuple_desc);
		reader = palloc(sizeof(HistoryReader));
		changes_read(reader, PointerGetDatum(PG_DETOAST_DATUM_COPY(PG_GETARG_DATUM(0))), &unfit);
		context->user_fctx = reader;
		MemoryContextSwitchTo(old);
	}
	context = SRF_PERCALL_SETUP();
	reader = context->user_fctx;
	if (!history_read(reader, &day))
		SRF_RETURN_DONE(context);
	values[0] = DateADTGetDatum(day.day);
	values[1] = Int64GetDatum(day.orders);
	values[2] = NumericGetDatum(history_money(day.gross));
	values[3] = Int64GetDatum(day.refunds);
	values[4] = NumericGetDatum(history_money(day.refunded));
	SRF_RETURN_NEXT(context, HeapTupleGetDatum(heap_form_tuple(context->tuple_desc, values, nulls)));
}
