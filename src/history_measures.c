/*
 * history_measures.c
 *		What a purchase history tells: counts, money, rhythm, the measures of the purchase models, periods.
 *
 * All of them read days in order and keep nothing: a measure costs some ten nanoseconds a day.
 */
#include "compat.h"

#include <math.h>

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "purchase_history.h"

/* No date limits. */
#define FOREVER DATEVAL_NOEND

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
	PG_RETURN_NUMERIC(decimal_ratio(totals.gross, (int128) totals.orders * 1000000));
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
	PG_RETURN_NUMERIC(decimal_ratio(totals.gross - totals.refunded, (int128) totals.orders * 1000000));
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

static int
compare_int32(const void *a, const void *b)
{
	int32		x = *(const int32 *) a;
	int32		y = *(const int32 *) b;

	return x < y ? -1 : x > y;
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
	qsort(gaps, n, sizeof(int32), compare_int32);
	PG_RETURN_FLOAT8(n % 2 == 1 ? gaps[n / 2] : ((double) gaps[n / 2 - 1] + gaps[n / 2]) / 2);
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

/* Units in which time is cut (periods) or measured (spans). */
typedef enum TimeUnit
{
	UNIT_DAY,
	UNIT_WEEK,
	UNIT_MONTH,
	UNIT_QUARTER,
	UNIT_YEAR
} TimeUnit;

static const struct
{
	const char *name;
	double		days;
}			time_units[] = {
	[UNIT_DAY] = {"day", 1},
	[UNIT_WEEK] = {"week", 7},
	[UNIT_MONTH] = {"month", 365.25 / 12},
	[UNIT_QUARTER] = {"quarter", 365.25 / 4},
	[UNIT_YEAR] = {"year", 365.25}
};

/*
 * parse_unit
 */
static TimeUnit
parse_unit(text *name)
{
	char	   *unit = text_to_cstring(name);

	for (int i = 0; i < lengthof(time_units); i++)
	{
		if (strcmp(unit, time_units[i].name) == 0)
			return (TimeUnit) i;
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown unit \"%s\"", unit),
			 errhint("Units are day, week, month, quarter and year.")));
	pg_unreachable();
}

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
	TimeUnit	unit = parse_unit(PG_GETARG_TEXT_PP(2));

	if (!totals_as_of(fcinfo, &totals))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8((totals.last - totals.first) / time_units[unit].days);
}

/*
 * history_observed_span
 *		T = as_of - first, in units.
 */
Datum
history_observed_span(PG_FUNCTION_ARGS)
{
	HistoryTotals totals;
	TimeUnit	unit = parse_unit(PG_GETARG_TEXT_PP(2));

	if (!totals_as_of(fcinfo, &totals))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8((PG_GETARG_DATEADT(1) - totals.first) / time_units[unit].days);
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
	PG_RETURN_NUMERIC(decimal_ratio(totals.after_first, (int128) (totals.purchase_days - 1) * 1000000));
}

/* ------------------------------------------------------------------------------------------------
 * Periods
 * ------------------------------------------------------------------------------------------------ */

PG_FUNCTION_INFO_V1(history_days);
PG_FUNCTION_INFO_V1(history_periods);
PG_FUNCTION_INFO_V1(history_period_activity);
PG_FUNCTION_INFO_V1(history_coefficient_of_variation);

/*
 * period_index
 *		Periods of a unit are counted; the number of that which holds a day. Weeks begin on Mondays.
 */
static int64
period_index(int64 day, TimeUnit unit)
{
	int64		year;
	int			month;
	int			mday;

	if (unit == UNIT_DAY)
		return day;
	if (unit == UNIT_WEEK)
	{
		/* 2000-01-03 was a Monday. */
		int64		since = day - 2;

		return since >= 0 ? since / 7 : -((6 - since) / 7);
	}
	calendar_from_day(day, &year, &month, &mday);
	if (unit == UNIT_YEAR)
		return year;
	if (unit == UNIT_QUARTER)
		return year * 4 + (month - 1) / 3;
	return year * 12 + month - 1;
}

/*
 * period_first_day
 *		The calendar begins in the middle of a month.
 */
static DateADT
period_first_day(int64 index, TimeUnit unit)
{
	int			in_year = unit == UNIT_MONTH ? 12 : unit == UNIT_QUARTER ? 4 : 1;
	int64		year = index >= 0 ? index / in_year : -((in_year - 1 - index) / in_year);

	if (unit == UNIT_DAY)
		return (DateADT) index;
	if (unit == UNIT_WEEK)
		return (DateADT) (index * 7 + 2);
	return (DateADT) Max(calendar_to_day(year, 1 + (int) (index - year * in_year) * (12 / in_year), 1), HISTORY_FIRST_DAY);
}

/* One period of a history. */
typedef struct Period
{
	int64		index;
	HistoryDay	sums;			/* sums.day is not used */
	int64		purchase_days;
} Period;

/*
 * read_period
 *		Sums the days of the next period up to a date. *day is the day read ahead, of the reader before; false at the end.
 */
static bool
read_period(HistoryReader *reader, HistoryDay *day, bool *ahead, TimeUnit unit, DateADT to, Period *period)
{
	if (!*ahead)
		return false;
	memset(period, 0, sizeof(*period));
	period->index = period_index(day->day, unit);
	do
	{
		history_count_add(&period->sums.orders, day->orders);
		history_count_add(&period->sums.refunds, day->refunds);
		period->sums.gross += day->gross;
		period->sums.refunded += day->refunded;
		period->purchase_days += day->orders > 0;
		*ahead = history_read(reader, day) && day->day <= to;
	} while (*ahead && period_index(day->day, unit) == period->index);
	return true;
}

/* What a set-returning function keeps between calls. */
typedef struct PeriodScan
{
	HistoryReader reader;
	HistoryDay	day;
	bool		ahead;
	TimeUnit	unit;
	DateADT		to;
	bool		count_orders;
	/* period_activity only */
	bool		any_purchase;
	int64		last_active;	/* the last period with a purchase */
	bool		lost_pending;	/* the period after last_active is still to be reported as lost, unless it has rows */
	bool		held;			/* period was read, but a lost one comes before it */
	Period		period;
} PeriodScan;

/*
 * begin_scan
 *		Sets a set-returning function up; its history is copied where it lives as long as the calls.
 */
static PeriodScan *
begin_scan(FunctionCallInfo fcinfo, TimeUnit unit, DateADT to)
{
	FuncCallContext *context = SRF_FIRSTCALL_INIT();
	MemoryContext old = MemoryContextSwitchTo(context->multi_call_memory_ctx);
	PeriodScan *scan = palloc0(sizeof(PeriodScan));

	if (get_call_result_type(fcinfo, NULL, &context->tuple_desc) != TYPEFUNC_COMPOSITE)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("function returning record called in context that cannot accept type record")));
	context->tuple_desc = BlessTupleDesc(context->tuple_desc);
	history_begin(&scan->reader, PointerGetDatum(PG_DETOAST_DATUM_COPY(PG_GETARG_DATUM(0))));
	scan->unit = unit;
	scan->to = to;
	scan->ahead = history_read(&scan->reader, &scan->day) && scan->day.day <= to;
	context->user_fctx = scan;
	MemoryContextSwitchTo(old);
	return scan;
}

/*
 * put_sums
 *		Day or period, orders, gross, refunds, refunded as the first five columns.
 */
static void
put_sums(Datum *values, DateADT day, const HistoryDay *sums)
{
	values[0] = DateADTGetDatum(day);
	values[1] = Int64GetDatum(sums->orders);
	values[2] = NumericGetDatum(history_money(sums->gross));
	values[3] = Int64GetDatum(sums->refunds);
	values[4] = NumericGetDatum(history_money(sums->refunded));
}

/*
 * return_periods
 *		Rows (period, orders, gross, refunds, refunded) for days() and periods().
 */
static Datum
return_periods(FunctionCallInfo fcinfo)
{
	FuncCallContext *context = SRF_PERCALL_SETUP();
	PeriodScan *scan = context->user_fctx;
	Period		period;
	Datum		values[5];
	bool		nulls[5] = {0};

	if (!read_period(&scan->reader, &scan->day, &scan->ahead, scan->unit, scan->to, &period))
		SRF_RETURN_DONE(context);
	put_sums(values, period_first_day(period.index, scan->unit), &period.sums);
	SRF_RETURN_NEXT(context, HeapTupleGetDatum(heap_form_tuple(context->tuple_desc, values, nulls)));
}

Datum
history_days(PG_FUNCTION_ARGS)
{
	if (SRF_IS_FIRSTCALL())
		begin_scan(fcinfo, UNIT_DAY, FOREVER);
	return return_periods(fcinfo);
}

Datum
history_periods(PG_FUNCTION_ARGS)
{
	if (SRF_IS_FIRSTCALL())
		begin_scan(fcinfo, parse_unit(PG_GETARG_TEXT_PP(1)), FOREVER);
	return return_periods(fcinfo);
}

/*
 * history_period_activity
 *		A row for each period with a purchase or refund up to as_of, and for each that follows an active one without
 *		being active, saying whether the customer was new, returning, reactivated or lost in it.
 */
Datum
history_period_activity(PG_FUNCTION_ARGS)
{
	FuncCallContext *context;
	PeriodScan *scan;
	Period	   *period;
	Datum		values[10];
	bool		nulls[10] = {0};
	int64		purchases;
	bool		follows;

	if (SRF_IS_FIRSTCALL())
	{
		char	   *count_by = text_to_cstring(PG_GETARG_TEXT_PP(3));

		if (strcmp(count_by, "days") != 0 && strcmp(count_by, "orders") != 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("unknown count_by \"%s\"", count_by),
					 errhint("Purchases are counted by 'days' or by 'orders'.")));
		history_check_finite(PG_GETARG_DATEADT(2), "as_of");
		scan = begin_scan(fcinfo, parse_unit(PG_GETARG_TEXT_PP(1)), PG_GETARG_DATEADT(2));
		scan->count_orders = strcmp(count_by, "orders") == 0;
	}
	context = SRF_PERCALL_SETUP();
	scan = context->user_fctx;
	period = &scan->period;

	if (!scan->held)
		scan->held = read_period(&scan->reader, &scan->day, &scan->ahead, scan->unit, scan->to, period);

	/* A period without any row that follows an active one. */
	if (scan->lost_pending)
	{
		int64		lost = scan->last_active + 1;

		scan->lost_pending = false;
		if ((!scan->held || period->index > lost) && lost <= period_index(scan->to, scan->unit))
		{
			HistoryDay	nothing = {0};

			put_sums(values, period_first_day(lost, scan->unit), &nothing);
			values[5] = Int64GetDatum(0);
			values[6] = values[7] = values[8] = BoolGetDatum(false);
			values[9] = BoolGetDatum(true);
			SRF_RETURN_NEXT(context, HeapTupleGetDatum(heap_form_tuple(context->tuple_desc, values, nulls)));
		}
	}
	if (!scan->held)
		SRF_RETURN_DONE(context);
	scan->held = false;

	purchases = scan->count_orders ? period->sums.orders : period->purchase_days;
	follows = scan->any_purchase && scan->last_active == period->index - 1;
	put_sums(values, period_first_day(period->index, scan->unit), &period->sums);
	values[5] = Int64GetDatum(purchases);
	values[6] = BoolGetDatum(purchases > 0 && !scan->any_purchase);
	values[7] = BoolGetDatum(purchases > 0 && follows);
	values[8] = BoolGetDatum(purchases > 0 && scan->any_purchase && !follows);
	values[9] = BoolGetDatum(purchases == 0 && follows);
	if (purchases > 0)
	{
		scan->any_purchase = true;
		scan->last_active = period->index;
		scan->lost_pending = true;
	}
	SRF_RETURN_NEXT(context, HeapTupleGetDatum(heap_form_tuple(context->tuple_desc, values, nulls)));
}

/*
 * history_coefficient_of_variation
 *		Population standard deviation of the net totals of periods by their mean: all periods from the first purchase (or
 *		from, if that is later) to the day before to, empty ones 0. NULL with fewer than two periods or a mean <= 0.
 */
Datum
history_coefficient_of_variation(PG_FUNCTION_ARGS)
{
	Datum		history = PG_GETARG_DATUM(0);
	DateADT		from = PG_GETARG_DATEADT(1);
	DateADT		to = PG_GETARG_DATEADT(2);
	TimeUnit	unit = parse_unit(PG_GETARG_TEXT_PP(3));
	HistoryTotals totals;
	int128		sum = 0;
	int64		n;
	double		mean = 0;
	double		squares = 0;

	history_check_finite(to, "the end of the range");
	history_totals(history, to - 1, &totals);
	if (totals.purchase_days == 0)
		PG_RETURN_NULL();
	from = Max(from, totals.first);
	if (from >= to)
		PG_RETURN_NULL();
	n = period_index((int64) to - 1, unit) - period_index(from, unit) + 1;
	if (n < 2)
		PG_RETURN_NULL();

	/* The mean first, then the squares of the differences: no digits cancel. */
	for (int pass = 0; pass < 2; pass++)
	{
		HistoryReader reader;
		HistoryDay	day;
		Period		period;
		bool		ahead;
		int64		seen = 0;

		history_begin(&reader, history);
		do
			ahead = history_read(&reader, &day);
		while (ahead && day.day < from);
		ahead = ahead && day.day < to;
		while (read_period(&reader, &day, &ahead, unit, to - 1, &period))
		{
			int128		net = period.sums.gross - period.sums.refunded;
			double		difference = (double) net - mean;

			sum += net;
			squares += difference * difference;
			seen++;
		}
		if (pass == 0)
		{
			if (sum <= 0)
				PG_RETURN_NULL();
			mean = (double) sum / n;
			squares = 0;
		}
		else
			squares += (n - seen) * mean * mean;
	}
	PG_RETURN_FLOAT8(sqrt(squares / n) / mean);
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
