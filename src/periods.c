/*
 * periods.c
 *		Histories cut into days, weeks, months, quarters or years.
 */
#include "compat.h"

#include <math.h>

#include "funcapi.h"
#include "miscadmin.h"
#include "access/htup_details.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "periods.h"

PG_FUNCTION_INFO_V1(history_days);
PG_FUNCTION_INFO_V1(history_periods);
PG_FUNCTION_INFO_V1(history_period_activity);
PG_FUNCTION_INFO_V1(history_active_periods);
PG_FUNCTION_INFO_V1(calendar_periods);
PG_FUNCTION_INFO_V1(history_coefficient_of_variation);

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
 * time_unit
 *		The unit of a name.
 */
TimeUnit
time_unit(text *name)
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
 * time_unit_name
 *		The name of a unit.
 */
const char *
time_unit_name(TimeUnit unit)
{
	return time_units[unit].name;
}

/*
 * time_unit_days
 *		The average length of a unit.
 */
double
time_unit_days(TimeUnit unit)
{
	return time_units[unit].days;
}

/*
 * counts_orders
 *		How purchases are counted.
 */
bool
counts_orders(text *count_by)
{
	char	   *name = text_to_cstring(count_by);

	if (strcmp(name, "orders") == 0)
		return true;
	if (strcmp(name, "days") == 0)
		return false;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown count_by \"%s\"", name),
			 errhint("Purchases are counted by 'days' or by 'orders'.")));
	pg_unreachable();
}

/*
 * period_index
 *		Periods of a unit are counted; the number of that which holds a day. Weeks begin on Mondays.
 */
int64
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
DateADT
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

/*
 * period_scan_begin
 *		Begins to read a history.
 */
void
period_scan_begin(PeriodScan *scan, Datum history, TimeUnit unit, DateADT from, DateADT to)
{
	memset(scan, 0, sizeof(*scan));
	scan->unit = unit;
	scan->to = to;
	history_begin(&scan->reader, history);
	do
		scan->ahead = history_read(&scan->reader, &scan->day) && scan->day.day <= to;
	while (scan->ahead && scan->day.day < from);
}

/*
 * period_scan_next
 *		Sums the days of the next period.
 */
static bool
period_scan_next(PeriodScan *scan, Period *period)
{
	HistoryDay *day = &scan->day;

	if (!scan->ahead)
		return false;
	memset(period, 0, sizeof(*period));
	period->index = period_index(day->day, scan->unit);
	do
	{
		history_count_add(&period->sums.orders, day->orders);
		history_count_add(&period->sums.refunds, day->refunds);
		period->sums.gross += day->gross;
		period->sums.refunded += day->refunded;
		period->purchase_days += day->orders > 0;
		scan->ahead = history_read(&scan->reader, day) && day->day <= scan->to;
	} while (scan->ahead && period_index(day->day, scan->unit) == period->index);
	return true;
}

/*
 * period_scan_activity
 *		A period with a purchase or refund, or one that follows an active one without being active.
 */
bool
period_scan_activity(PeriodScan *scan, Period *period)
{
	bool		follows;

	if (!scan->held)
		scan->held = period_scan_next(scan, &scan->period);

	/* A period without any row that follows an active one. */
	if (scan->lost_pending)
	{
		int64		lost = scan->last_active + 1;

		scan->lost_pending = false;
		if ((!scan->held || scan->period.index > lost) && lost <= period_index(scan->to, scan->unit))
		{
			*period = (Period) {.index = lost, .is_lost = true};
			return true;
		}
	}
	if (!scan->held)
		return false;
	scan->held = false;

	*period = scan->period;
	period->purchases = scan->count_orders ? period->sums.orders : period->purchase_days;
	follows = scan->any_purchase && scan->last_active == period->index - 1;
	if (period->purchases > 0)
	{
		period->is_new = !scan->any_purchase;
		period->is_returning = follows;
		period->is_reactivated = scan->any_purchase && !follows;
		scan->any_purchase = true;
		scan->last_active = period->index;
		scan->lost_pending = true;
	}
	else
		period->is_lost = follows;
	return true;
}

/*
 * calendar_periods
 *		Every period from that of one day to that of another, with the one after it.
 */
Datum
calendar_periods(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	TimeUnit	unit = time_unit(PG_GETARG_TEXT_PP(2));
	int64		last;

	history_check_finite(PG_GETARG_DATEADT(0), "the first day");
	history_check_finite(PG_GETARG_DATEADT(1), "the last day");
	InitMaterializedSRF(fcinfo, 0);
	last = period_index(PG_GETARG_DATEADT(1), unit);
	for (int64 index = period_index(PG_GETARG_DATEADT(0), unit); index <= last; index++)
	{
		Datum		values[2] = {DateADTGetDatum(period_first_day(index, unit)), DateADTGetDatum(period_first_day(index + 1, unit))};
		bool		nulls[2] = {0};

		CHECK_FOR_INTERRUPTS();
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/*
 * begin_rows
 *		Sets a set-returning function up; its history is copied where it lives as long as the calls.
 */
static PeriodScan *
begin_rows(FunctionCallInfo fcinfo, TimeUnit unit, DateADT to)
{
	FuncCallContext *context = SRF_FIRSTCALL_INIT();
	MemoryContext old = MemoryContextSwitchTo(context->multi_call_memory_ctx);
	PeriodScan *scan = palloc(sizeof(PeriodScan));

	if (get_call_result_type(fcinfo, NULL, &context->tuple_desc) != TYPEFUNC_COMPOSITE)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("function returning record called in context that cannot accept type record")));
	context->tuple_desc = BlessTupleDesc(context->tuple_desc);
	period_scan_begin(scan, PointerGetDatum(PG_DETOAST_DATUM_COPY(PG_GETARG_DATUM(0))), unit, DATEVAL_NOBEGIN, to);
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

	if (!period_scan_next(scan, &period))
		SRF_RETURN_DONE(context);
	put_sums(values, period_first_day(period.index, scan->unit), &period.sums);
	SRF_RETURN_NEXT(context, HeapTupleGetDatum(heap_form_tuple(context->tuple_desc, values, nulls)));
}

Datum
history_days(PG_FUNCTION_ARGS)
{
	if (SRF_IS_FIRSTCALL())
		begin_rows(fcinfo, UNIT_DAY, DATEVAL_NOEND);
	return return_periods(fcinfo);
}

Datum
history_periods(PG_FUNCTION_ARGS)
{
	if (SRF_IS_FIRSTCALL())
		begin_rows(fcinfo, time_unit(PG_GETARG_TEXT_PP(1)), DATEVAL_NOEND);
	return return_periods(fcinfo);
}

/*
 * history_period_activity
 *		What the customer was in each period up to as_of.
 */
Datum
history_period_activity(PG_FUNCTION_ARGS)
{
	FuncCallContext *context;
	PeriodScan *scan;
	Period		period;
	Datum		values[10];
	bool		nulls[10] = {0};

	if (SRF_IS_FIRSTCALL())
	{
		bool		count_orders = counts_orders(PG_GETARG_TEXT_PP(3));

		history_check_finite(PG_GETARG_DATEADT(2), "as_of");
		scan = begin_rows(fcinfo, time_unit(PG_GETARG_TEXT_PP(1)), PG_GETARG_DATEADT(2));
		scan->count_orders = count_orders;
	}
	context = SRF_PERCALL_SETUP();
	scan = context->user_fctx;
	if (!period_scan_activity(scan, &period))
		SRF_RETURN_DONE(context);
	put_sums(values, period_first_day(period.index, scan->unit), &period.sums);
	values[5] = Int64GetDatum(period.purchases);
	values[6] = BoolGetDatum(period.is_new);
	values[7] = BoolGetDatum(period.is_returning);
	values[8] = BoolGetDatum(period.is_reactivated);
	values[9] = BoolGetDatum(period.is_lost);
	SRF_RETURN_NEXT(context, HeapTupleGetDatum(heap_form_tuple(context->tuple_desc, values, nulls)));
}

/*
 * history_active_periods
 *		In how many periods of from <= day < to there is a purchase.
 */
Datum
history_active_periods(PG_FUNCTION_ARGS)
{
	DateADT		to = PG_GETARG_DATEADT(2);
	PeriodScan	scan;
	Period		period;
	int32		active = 0;

	/* Nothing comes before -infinity, and infinity is after every day. */
	if (DATE_IS_NOBEGIN(to))
		PG_RETURN_INT32(0);
	period_scan_begin(&scan, PG_GETARG_DATUM(0), time_unit(PG_GETARG_TEXT_PP(3)), PG_GETARG_DATEADT(1), to - 1);
	while (period_scan_next(&scan, &period))
		active += period.purchase_days > 0;
	PG_RETURN_INT32(active);
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
	TimeUnit	unit = time_unit(PG_GETARG_TEXT_PP(3));
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
		PeriodScan	scan;
		Period		period;
		int64		seen = 0;

		period_scan_begin(&scan, history, unit, from, to - 1);
		while (period_scan_next(&scan, &period))
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
