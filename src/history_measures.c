/*
 * history_measures.c
 *		What a purchase history tells: counts, money, rhythm, the measures of the purchase models.
 *
 * All of them read days in order and keep nothing: a measure costs some ten nanoseconds a day.
 */
#include "compat.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"

#include "periods.h"

/* No date limits. */
#define FOREVER DATEVAL_NOEND

#define ST_SORT sort_days
#define ST_ELEMENT_TYPE int32
#define ST_COMPARE(a, b) ((*(a) > *(b)) - (*(a) < *(b)))
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

/* ------------------------------------------------------------------------------------------------
 * Counts and money
 * ------------------------------------------------------------------------------------------------ */

PG_FUNCTION_INFO_V1(history_orders);
PG_FUNCTION_INFO_V1(history_purchase_days);
PG_FUNCTION_INFO_V1(history_refunds);
PG_FUNCTION_INFO_V1(history_total);
PG_FUNCTION_INFO_V1(history_gross);
PG_FUNCTION_INFO_V1(history_refunded);
PG_FUNCTION_INFO_V1(history_average_order);
PG_FUNCTION_INFO_V1(history_average_order_net);
PG_FUNCTION_INFO_V1(history_first_purchase);
PG_FUNCTION_INFO_V1(history_last_purchase);
PG_FUNCTION_INFO_V1(history_last_day);

Datum
history_orders(PG_FUNCTION_ARGS)
{
	HistoryTotals totals;

	history_totals(PG_GETARG_DATUM(0), FOREVER, &totals);
	PG_RETURN_INT64(totals.orders);
}

Datum
history_purchase_days(PG_FUNCTION_ARGS)
{
	HistoryTotals totals;

	history_totals(PG_GETARG_DATUM(0), FOREVER, &totals);
	PG_RETURN_INT64(totals.purchase_days);
}

Datum
history_refunds(PG_FUNCTION_ARGS)
{
	HistoryTotals totals;

	history_totals(PG_GETARG_DATUM(0), FOREVER, &totals);
	PG_RETURN_INT64(totals.refunds);
}

Datum
history_total(PG_FUNCTION_ARGS)
{
	HistoryTotals totals;

	history_totals(PG_GETARG_DATUM(0), FOREVER, &totals);
	PG_RETURN_NUMERIC(history_money(totals.gross - totals.refunded));
}

Datum
history_gross(PG_FUNCTION_ARGS)
{
	HistoryTotals totals;

	history_totals(PG_GETARG_DATUM(0), FOREVER, &totals);
	PG_RETURN_NUMERIC(history_money(totals.gross));
}

Datum
history_refunded(PG_FUNCTION_ARGS)
{
	HistoryTotals totals;

	history_totals(PG_GETARG_DATUM(0), FOREVER, &totals);
	PG_RETURN_NUMERIC(history_money(totals.refunded));
}

/*
 * money_per
 *		An amount by a count, as numeric division gives it, and no digit of the amount lost.
 */
static Numeric
money_per(int128 millionths, int64 count)
{
	return DatumGetNumeric(DirectFunctionCall2(numeric_div,
											   NumericGetDatum(decimal_to_numeric(millionths, HISTORY_SCALE, false)),
											   NumericGetDatum(int64_to_numeric(count))));
}

/*
 * history_average_order
 *		Gross by orders; NULL without an order.
 */
Datum
history_average_order(PG_FUNCTION_ARGS)
{
	HistoryTotals totals;

	history_totals(PG_GETARG_DATUM(0), FOREVER, &totals);
	if (totals.orders == 0)
		PG_RETURN_NULL();
	PG_RETURN_NUMERIC(money_per(totals.gross, totals.orders));
}

/*
 * history_average_order_net
 *		Total, refunds taken off, by orders.
 */
Datum
history_average_order_net(PG_FUNCTION_ARGS)
{
	HistoryTotals totals;

	history_totals(PG_GETARG_DATUM(0), FOREVER, &totals);
	if (totals.orders == 0)
		PG_RETURN_NULL();
	PG_RETURN_NUMERIC(money_per(totals.gross - totals.refunded, totals.orders));
}

Datum
history_first_purchase(PG_FUNCTION_ARGS)
{
	HistoryTotals totals;

	history_totals(PG_GETARG_DATUM(0), FOREVER, &totals);
	if (totals.purchase_days == 0)
		PG_RETURN_NULL();
	PG_RETURN_DATEADT(totals.first);
}

Datum
history_last_purchase(PG_FUNCTION_ARGS)
{
	HistoryTotals totals;

	history_totals(PG_GETARG_DATUM(0), FOREVER, &totals);
	if (totals.purchase_days == 0)
		PG_RETURN_NULL();
	PG_RETURN_DATEADT(totals.last);
}

/*
 * history_last_day
 *		The last day with anything, refunds included.
 */
Datum
history_last_day(PG_FUNCTION_ARGS)
{
	HistoryReader reader;
	HistoryDay	day;
	bool		any = false;

	history_begin(&reader, PG_GETARG_DATUM(0));
	while (history_read(&reader, &day))
		any = true;
	if (!any)
		PG_RETURN_NULL();
	PG_RETURN_DATEADT(day.day);
}

/* ------------------------------------------------------------------------------------------------
 * Rhythm
 * ------------------------------------------------------------------------------------------------ */

PG_FUNCTION_INFO_V1(history_days_since_last);
PG_FUNCTION_INFO_V1(history_tenure);
PG_FUNCTION_INFO_V1(history_median_gap);
PG_FUNCTION_INFO_V1(history_gap_stddev);

/*
 * totals_as_of
 *		Totals up to the date that is the second argument; false without a purchase until then.
 */
static bool
totals_as_of(FunctionCallInfo fcinfo, HistoryTotals *totals)
{
	history_check_finite(PG_GETARG_DATEADT(1), "as_of");
	history_totals(PG_GETARG_DATUM(0), PG_GETARG_DATEADT(1), totals);
	return totals->purchase_days > 0;
}

Datum
history_days_since_last(PG_FUNCTION_ARGS)
{
	HistoryTotals totals;

	if (!totals_as_of(fcinfo, &totals))
		PG_RETURN_NULL();
	PG_RETURN_INT32(PG_GETARG_DATEADT(1) - totals.last);
}

Datum
history_tenure(PG_FUNCTION_ARGS)
{
	HistoryTotals totals;

	if (!totals_as_of(fcinfo, &totals))
		PG_RETURN_NULL();
	PG_RETURN_INT32(PG_GETARG_DATEADT(1) - totals.first);
}

/*
 * purchase_gaps
 *		The days between one purchase day and the next.
 */
static int32 *
purchase_gaps(Datum history, Size *count)
{
	HistoryReader reader;
	HistoryDay	day;
	Size		capacity = 64;
	int32	   *gaps = palloc(capacity * sizeof(int32));
	bool		any = false;
	int32		last = 0;

	*count = 0;
	history_begin(&reader, history);
	while (history_read(&reader, &day))
	{
		if (day.orders == 0)
			continue;
		if (any)
		{
			if (*count == capacity)
			{
				capacity *= 2;
				gaps = repalloc_huge(gaps, capacity * sizeof(int32));
			}
			gaps[(*count)++] = day.day - last;
		}
		any = true;
		last = day.day;
	}
	return gaps;
}

/*
 * history_median_of
 *		Of at least one number of days, which it sorts.
 */
double
history_median_of(int32 *days, Size n)
{
	sort_days(days, n);
	return n % 2 == 1 ? days[n / 2] : ((double) days[n / 2 - 1] + days[n / 2]) / 2;
}

/*
 * history_median_gap
 *		NULL with fewer than two purchase days.
 */
Datum
history_median_gap(PG_FUNCTION_ARGS)
{
	Size		n;
	int32	   *gaps = purchase_gaps(PG_GETARG_DATUM(0), &n);

	if (n == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(history_median_of(gaps, n));
}

/*
 * history_gap_stddev
 *		Sample standard deviation; NULL with fewer than three purchase days.
 */
Datum
history_gap_stddev(PG_FUNCTION_ARGS)
{
	Size		n;
	int32	   *gaps = purchase_gaps(PG_GETARG_DATUM(0), &n);
	int64		sum = 0;
	double		mean;
	double		squares = 0;

	if (n < 2)
		PG_RETURN_NULL();
	for (Size i = 0; i < n; i++)
		sum += gaps[i];
	mean = (double) sum / n;
	for (Size i = 0; i < n; i++)
		squares += (gaps[i] - mean) * (gaps[i] - mean);
	PG_RETURN_FLOAT8(sqrt(squares / (n - 1)));
}

/* ------------------------------------------------------------------------------------------------
 * The measures of the purchase models (Fader, Hardie, Lee 2005): x, t_x, T and m_x
 * ------------------------------------------------------------------------------------------------ */

PG_FUNCTION_INFO_V1(history_repeat_days);
PG_FUNCTION_INFO_V1(history_repeat_span);
PG_FUNCTION_INFO_V1(history_observed_span);
PG_FUNCTION_INFO_V1(history_repeat_spend);

/*
 * history_repeat_days
 *		x = purchase days - 1.
 */
Datum
history_repeat_days(PG_FUNCTION_ARGS)
{
	HistoryTotals totals;

	if (!totals_as_of(fcinfo, &totals))
		PG_RETURN_NULL();
	PG_RETURN_INT32((int32) (totals.purchase_days - 1));
}

/*
 * history_repeat_span
 *		t_x = last - first, in units.
 */
Datum
history_repeat_span(PG_FUNCTION_ARGS)
{
	HistoryTotals totals;
	TimeUnit	unit = time_unit(PG_GETARG_TEXT_PP(2));

	if (!totals_as_of(fcinfo, &totals))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8((totals.last - totals.first) / time_unit_days(unit));
}

/*
 * history_observed_span
 *		T = as_of - first, in units.
 */
Datum
history_observed_span(PG_FUNCTION_ARGS)
{
	HistoryTotals totals;
	TimeUnit	unit = time_unit(PG_GETARG_TEXT_PP(2));

	if (!totals_as_of(fcinfo, &totals))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8((PG_GETARG_DATEADT(1) - totals.first) / time_unit_days(unit));
}

/*
 * history_repeat_spend
 *		m_x = net amount of everything after the first purchase day / x; NULL when x = 0.
 */
Datum
history_repeat_spend(PG_FUNCTION_ARGS)
{
	HistoryTotals totals;

	if (!totals_as_of(fcinfo, &totals) || totals.purchase_days == 1)
		PG_RETURN_NULL();
	PG_RETURN_NUMERIC(money_per(totals.after_first, totals.purchase_days - 1));
}

/* ------------------------------------------------------------------------------------------------
 * JSON
 * ------------------------------------------------------------------------------------------------ */

PG_FUNCTION_INFO_V1(purchase_history_to_jsonb);

/*
 * purchase_history_to_jsonb
 *		[{"day": "2024-01-05", "orders": 2, "gross": 120.5, "refunds": 1, "refunded": 5}, …], absent parts left out.
 */
Datum
purchase_history_to_jsonb(PG_FUNCTION_ARGS)
{
	HistoryReader reader;
	HistoryDay	day;
	StringInfoData json;
	char		text[HISTORY_DAY_TEXT];

	initStringInfo(&json);
	appendStringInfoChar(&json, '[');
	history_begin(&reader, PG_GETARG_DATUM(0));
	while (history_read(&reader, &day))
	{
		history_check_text(&json);
		history_date_to_text(day.day, text);
		appendStringInfo(&json, "%s{\"day\": \"%s\"", json.len > 1 ? ", " : "", text);
		if (day.orders > 0)
		{
			history_amount_to_text(day.gross, text);
			appendStringInfo(&json, ", \"orders\": " INT64_FORMAT ", \"gross\": %s", day.orders, text);
		}
		if (day.refunds > 0)
		{
			history_amount_to_text(day.refunded, text);
			appendStringInfo(&json, ", \"refunds\": " INT64_FORMAT ", \"refunded\": %s", day.refunds, text);
		}
		appendStringInfoChar(&json, '}');
	}
	appendStringInfoChar(&json, ']');
	PG_RETURN_DATUM(DirectFunctionCall1(jsonb_in, CStringGetDatum(json.data)));
}
