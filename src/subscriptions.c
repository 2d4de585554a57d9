/*
 * subscriptions.c
 *		What a subscription adds to the recurring revenue at the ends of periods, and when it takes it away.
 */
#include "compat.h"

#include "access/htup_details.h"
#include "funcapi.h"
#include "utils/fmgrprotos.h"

#include "periods.h"

PG_FUNCTION_INFO_V1(subscription_changes);

/* At most two changes. */
typedef struct SubscriptionChanges
{
	TimeUnit	unit;
	int64		periods[2];
	Numeric		changes[2];
	int			count;
} SubscriptionChanges;

/*
 * read_subscription
 *		In force at the end of a period (for that of as_of, at as_of) is what has begun by that day and ends later. What as_of
 *		does not know yet makes no change.
 */
static void
read_subscription(FunctionCallInfo fcinfo, SubscriptionChanges *changes)
{
	DateADT		from = PG_GETARG_DATEADT(0);
	DateADT		to = PG_ARGISNULL(1) ? DATEVAL_NOEND : PG_GETARG_DATEADT(1);
	Numeric		amount = PG_GETARG_NUMERIC_COPY(2);
	DateADT		as_of = PG_GETARG_DATEADT(4);
	bool		ended = to <= as_of;
	int64		first;

	history_check_finite(from, "the first day of a subscription");
	if (to < from)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a subscription cannot begin on %s and end on %s", history_date_text(from),
						DATE_IS_NOBEGIN(to) ? "-infinity" : history_date_text(to)),
				 errhint("valid_to is the first day that is not covered; NULL is for one without an end.")));
	if (numeric_is_nan(amount) || numeric_is_inf(amount) ||
		DatumGetBool(DirectFunctionCall2(numeric_lt, NumericGetDatum(amount), NumericGetDatum(int64_to_numeric(0)))))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the monthly amount of a subscription cannot be %s",
						DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(amount)))),
				 errhint("Amounts are finite and not negative; subtract a discount from the subscription that it is for.")));
	if (from > as_of)
		return;
	first = period_index(from, changes->unit);
	if (ended && period_index(to, changes->unit) == first)
		return;
	changes->periods[0] = first;
	changes->changes[0] = amount;
	changes->count = 1;
	if (ended)
	{
		changes->periods[1] = period_index(to, changes->unit);
		changes->changes[1] = DatumGetNumeric(DirectFunctionCall1(numeric_uminus, NumericGetDatum(amount)));
		changes->count = 2;
	}
}

/*
 * subscription_changes
 *		(valid_from, valid_to, monthly_amount, unit, as_of) → rows (period, change). NULL for valid_to: no end; for another: no rows.
 */
Datum
subscription_changes(PG_FUNCTION_ARGS)
{
	FuncCallContext *context;
	SubscriptionChanges *changes;
	Datum		values[2];
	bool		nulls[2] = {0};
	uint64		n;

	if (SRF_IS_FIRSTCALL())
	{
		MemoryContext old;

		context = SRF_FIRSTCALL_INIT();
		old = MemoryContextSwitchTo(context->multi_call_memory_ctx);
		if (get_call_result_type(fcinfo, NULL, &context->tuple_desc) != TYPEFUNC_COMPOSITE)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("function returning record called in context that cannot accept type record")));
		context->tuple_desc = BlessTupleDesc(context->tuple_desc);
		changes = palloc0(sizeof(SubscriptionChanges));
		if (!PG_ARGISNULL(3) && !PG_ARGISNULL(4))
		{
			changes->unit = time_unit(PG_GETARG_TEXT_PP(3));
			history_check_finite(PG_GETARG_DATEADT(4), "as_of");
			if (!PG_ARGISNULL(0) && !PG_ARGISNULL(2))
				read_subscription(fcinfo, changes);
		}
		context->user_fctx = changes;
		MemoryContextSwitchTo(old);
	}
	context = SRF_PERCALL_SETUP();
	changes = context->user_fctx;
	n = context->call_cntr;
	if (n >= changes->count)
		SRF_RETURN_DONE(context);
	values[0] = DateADTGetDatum(period_first_day(changes->periods[n], changes->unit));
	values[1] = NumericGetDatum(changes->changes[n]);
	SRF_RETURN_NEXT(context, HeapTupleGetDatum(heap_form_tuple(context->tuple_desc, values, nulls)));
}
