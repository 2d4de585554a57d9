/*
 * purchase_history.c
 *		The type purchase_history: input and output, the aggregate, arithmetic and comparison.
 */
#include "compat.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "aggregate.h"
#include "history_row.h"
#include "purchase_history.h"

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

		history_check_text(&out);
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
	struct varlena *value = history_closed(PG_GETARG_DATUM(0));
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
 * row_day
 *		The day of a row, whose second argument is a date, timestamp or timestamptz.
 */
static int32
row_day(FunctionCallInfo fcinfo)
{
	Oid			type = (Oid) (intptr_t) fcinfo->flinfo->fn_extra;

	if (unlikely(type == InvalidOid))
	{
		type = getBaseType(get_fn_expr_argtype(fcinfo->flinfo, 1));
		fcinfo->flinfo->fn_extra = (void *) (intptr_t) type;
	}
	return history_row_day(type, PG_GETARG_DATUM(1));
}

/*
 * accumulate
 *		Adds a row to the state. amount >= 0 is a purchase, < 0 a refund.
 */
static Datum
accumulate(FunctionCallInfo fcinfo, int128 amount)
{
	OpenHistory *state = PG_ARGISNULL(0) ? history_state_create() : history_state(PG_GETARG_DATUM(0));
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
		state = history_state_add_days(state, &(HistoryDays) {.days = &large,.count = 1,.capacity = 1});
	}
	else if (amount >= 0)
		state = history_state_add_row(state, day, 1, amount);
	else
		state = history_state_add_row(state, day, -1, -amount);
	PG_RETURN_POINTER(state);
}

/*
 * skip_row
 *		A row without a day is skipped. True when there is nothing to add; every caller then returns the state.
 */
static bool
skip_row(FunctionCallInfo fcinfo)
{
	(void) aggregate_context(fcinfo);
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
	if (skip_row(fcinfo))
		RETURN_STATE();
	return accumulate(fcinfo, PG_ARGISNULL(2) ? 0 : history_amount_of_numeric(PG_GETARG_DATUM(2)));
}

Datum
purchase_history_accum_float8(PG_FUNCTION_ARGS)
{
	if (skip_row(fcinfo))
		RETURN_STATE();
	return accumulate(fcinfo, PG_ARGISNULL(2) ? 0 : history_amount_of_float8(PG_GETARG_FLOAT8(2)));
}

Datum
purchase_history_accum_int4(PG_FUNCTION_ARGS)
{
	if (skip_row(fcinfo))
		RETURN_STATE();
	return accumulate(fcinfo, PG_ARGISNULL(2) ? 0 : HISTORY_INTEGER_AMOUNT(PG_GETARG_INT32(2)));
}

Datum
purchase_history_accum_int8(PG_FUNCTION_ARGS)
{
	if (skip_row(fcinfo))
		RETURN_STATE();
	return accumulate(fcinfo, PG_ARGISNULL(2) ? 0 : HISTORY_INTEGER_AMOUNT(PG_GETARG_INT64(2)));
}

/*
 * purchase_history_combine
 *		Adds a history to the state: merges partial states, and is the transition function of rollup().
 */
Datum
purchase_history_combine(PG_FUNCTION_ARGS)
{
	if (skip_row(fcinfo))
		RETURN_STATE();

	/* The first one is a state as it is: the executor copies it into the aggregate's context. */
	if (PG_ARGISNULL(0))
		PG_RETURN_POINTER(PG_DETOAST_DATUM(PG_GETARG_DATUM(1)));
	PG_RETURN_POINTER(history_state_merge(history_state(PG_GETARG_DATUM(0)), PG_GETARG_DATUM(1)));
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
	PG_RETURN_POINTER(history_closed(PG_GETARG_DATUM(0)));
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
	struct varlena *a = history_closed(PG_GETARG_DATUM(0));
	struct varlena *b = history_closed(PG_GETARG_DATUM(1));
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
	struct varlena *value = history_closed(PG_GETARG_DATUM(0));
	uint32		hash = hash_bytes((unsigned char *) VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));

	PG_FREE_IF_COPY(value, 0);
	PG_RETURN_UINT32(hash);
}

Datum
purchase_history_hash_extended(PG_FUNCTION_ARGS)
{
	struct varlena *value = history_closed(PG_GETARG_DATUM(0));
	uint64		hash = hash_bytes_extended((unsigned char *) VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value),
										   PG_GETARG_INT64(1));

	PG_FREE_IF_COPY(value, 0);
	PG_RETURN_UINT64(hash);
}
