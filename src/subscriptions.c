/*
 * subscriptions.c
 *		What a subscription adds to the recurring revenue at the ends of periods, and when it takes it away.
 */
#include "compat.h"

#include "funcapi.h"
#include "utils/fmgrprotos.h"
#include "utils/tuplestore.h"

#include "periods.h"

PG_FUNCTION_INFO_V1(subscription_changes);

/*
 * put_change
 */
static void
put_change(ReturnSetInfo *result, int64 period, TimeUnit unit, Datum change)
{
	Datum		values[2] = {DateADTGetDatum(period_first_day(period, unit)), change};
	bool		nulls[2] = {0};

	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/*
 * subscription_changes
 *		(valid_from, valid_to, monthly_amount, unit, as_of) → rows (period, change), two at most.
 *
 * In force at the end of a period (for that of as_of: at as_of) is what has begun by that day and ends later; what as_of does not
 * know yet makes no change. NULL for valid_to: no end; for another argument: no rows.
 */
Datum
subscription_changes(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	DateADT		from;
	DateADT		to;
	DateADT		as_of;
	Datum		amount;
	TimeUnit	unit;
	bool		ended;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(3) || PG_ARGISNULL(4))
		return (Datum) 0;
	unit = time_unit(PG_GETARG_TEXT_PP(3));
	as_of = PG_GETARG_DATEADT(4);
	history_check_finite(as_of, "as_of");
	if (PG_ARGISNULL(0) || PG_ARGISNULL(2))
		return (Datum) 0;
	from = PG_GETARG_DATEADT(0);
	to = PG_ARGISNULL(1) ? DATEVAL_NOEND : PG_GETARG_DATEADT(1);
	amount = NumericGetDatum(PG_GETARG_NUMERIC(2));
	history_check_finite(from, "the first day of a subscription");
	if (to < from)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a subscription cannot begin on %s and end on %s", history_date_text(from),
						DATE_IS_NOBEGIN(to) ? "-infinity" : history_date_text(to)),
				 errhint("valid_to is the first day that is not covered; NULL is for one without an end.")));
	if (numeric_is_nan(DatumGetNumeric(amount)) || numeric_is_inf(DatumGetNumeric(amount)) ||
		DatumGetBool(DirectFunctionCall2(numeric_lt, amount, NumericGetDatum(int64_to_numeric(0)))))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the monthly amount of a subscription cannot be %s",
						DatumGetCString(DirectFunctionCall1(numeric_out, amount))),
				 errhint("Amounts are finite and not negative; subtract a discount from the subscription that it is for.")));

	ended = to <= as_of;
	if (from > as_of || (ended && period_index(to, unit) == period_index(from, unit)))
		return (Datum) 0;
	put_change(result, period_index(from, unit), unit, amount);
	if (ended)
		put_change(result, period_index(to, unit), unit, DirectFunctionCall1(numeric_uminus, amount));
	return (Datum) 0;
}
