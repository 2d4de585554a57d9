/*
 * rfm_window.c
 *		The window functions rfm_score: all customers of a partition, scored against each other.
 *
 * At the first row of a partition all of its rows are read and scored, whatever the frame; every later row
 * only looks its score up.
 */
#include "compat.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "windowapi.h"

#include "purchase_history.h"
#include "rfm.h"

PG_FUNCTION_INFO_V1(rfm_score_of_measures);
PG_FUNCTION_INFO_V1(rfm_score_of_dates);
PG_FUNCTION_INFO_V1(rfm_score_of_histories);

/* The scores of a partition's rows; 0 for a row without a score. */
typedef struct PartitionScores
{
	bool		scored;
	uint16		codes[FLEXIBLE_ARRAY_MEMBER];
} PartitionScores;

/* Reads the measures at a row; false when one of them is NULL. */
typedef bool (*ReadRow) (FunctionCallInfo fcinfo, int64 row, int128 values[RFM_MEASURES]);

/* Sorting rows by value, those of equal value in input order. */
#define ST_SORT sort_rows_by_value
#define ST_ELEMENT_TYPE int64
#define ST_COMPARE_ARG_TYPE const int128
#define ST_COMPARE(a, b, values) \
	((values)[*(a)] < (values)[*(b)] ? -1 : (values)[*(a)] > (values)[*(b)] ? 1 : *(a) < *(b) ? -1 : 1)
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

/*
 * row_argument
 *		An argument of the call at a row. By reference it holds until the next one is read.
 */
static NullableDatum
row_argument(FunctionCallInfo fcinfo, int64 row, int argument)
{
	NullableDatum result;
	bool		outside;

	result.value = WinGetFuncArgInPartition(PG_WINDOW_OBJECT(), argument, row, WINDOW_SEEK_HEAD, false,
											&result.isnull, &outside);
	return result;
}

/*
 * row_cut
 *		The arguments bins and method at a row.
 */
static RfmCut
row_cut(FunctionCallInfo fcinfo, int64 row, int argument)
{
	NullableDatum bins = row_argument(fcinfo, row, argument);
	NullableDatum method = row_argument(fcinfo, row, argument + 1);

	return rfm_cut(bins, &method);
}

/*
 * read_orders_and_total
 *		The number of orders and the total at a row; the total is a numeric or a float8.
 */
static bool
read_orders_and_total(FunctionCallInfo fcinfo, int64 row, int128 values[RFM_MEASURES])
{
	NullableDatum orders = row_argument(fcinfo, row, 1);
	NullableDatum total = row_argument(fcinfo, row, 2);

	if (orders.isnull || total.isnull)
		return false;
	values[RFM_ORDERS] = RFM_WHOLE_UNITS(DatumGetInt64(orders.value));
	if (get_fn_expr_argtype(fcinfo->flinfo, 2) == FLOAT8OID)
		values[RFM_TOTAL] = score_units_from_float8(DatumGetFloat8(total.value), "rfm_score");
	else
		values[RFM_TOTAL] = score_units_from_numeric(total.value, "rfm_score");
	return true;
}

/*
 * read_measures
 *		Recency as a number: (days_since_last, orders, total, bins, method).
 */
static bool
read_measures(FunctionCallInfo fcinfo, int64 row, int128 values[RFM_MEASURES])
{
	NullableDatum days = row_argument(fcinfo, row, 0);

	values[RFM_DAYS] = RFM_WHOLE_UNITS(DatumGetInt32(days.value));
	return !days.isnull && read_orders_and_total(fcinfo, row, values);
}

/*
 * read_dates
 *		Recency as a date: (last_purchase, orders, total, as_of, bins, method). A purchase after as_of is
 *		none yet.
 */
static bool
read_dates(FunctionCallInfo fcinfo, int64 row, int128 values[RFM_MEASURES])
{
	NullableDatum last = row_argument(fcinfo, row, 0);
	NullableDatum as_of = row_argument(fcinfo, row, 3);
	int64		days;

	if (last.isnull || as_of.isnull)
		return false;
	history_check_finite(DatumGetDateADT(last.value), "last_purchase");
	history_check_finite(DatumGetDateADT(as_of.value), "as_of");
	days = (int64) DatumGetDateADT(as_of.value) - DatumGetDateADT(last.value);
	values[RFM_DAYS] = RFM_WHOLE_UNITS(days);
	return days >= 0 && read_orders_and_total(fcinfo, row, values);
}

/*
 * read_history
 *		All in one value: (history, as_of, bins, method). Without a purchase until as_of there are no measures.
 */
static bool
read_history(FunctionCallInfo fcinfo, int64 row, int128 values[RFM_MEASURES])
{
	NullableDatum as_of = row_argument(fcinfo, row, 1);
	NullableDatum history = row_argument(fcinfo, row, 0);
	HistoryTotals totals;

	if (as_of.isnull || history.isnull)
		return false;
	history_check_finite(DatumGetDateADT(as_of.value), "as_of");
	history_totals(history.value, DatumGetDateADT(as_of.value), &totals);
	if (totals.purchase_days == 0)
		return false;
	values[RFM_DAYS] = RFM_WHOLE_UNITS((int64) DatumGetDateADT(as_of.value) - totals.last);
	values[RFM_ORDERS] = RFM_WHOLE_UNITS(totals.orders);
	values[RFM_TOTAL] = rfm_money_units(totals.gross - totals.refunded, "rfm_score");
	return true;
}

/*
 * score_by_breaks
 *		Scores customers by breaks made of themselves.
 */
static void
score_by_breaks(Population *measures[RFM_MEASURES], RfmCut cut, uint16 *codes)
{
	Population *copies[RFM_MEASURES];
	RfmBreaks  *breaks;

	for (int measure = 0; measure < RFM_MEASURES; measure++)
	{
		copies[measure] = population_create(CurrentMemoryContext);
		population_append(copies[measure], measures[measure]);
	}
	breaks = rfm_breaks_of(copies, cut);
	for (int64 i = 0; i < measures[RFM_DAYS]->count; i++)
	{
		int128		values[RFM_MEASURES];

		CHECK_FOR_INTERRUPTS();
		for (int measure = 0; measure < RFM_MEASURES; measure++)
			values[measure] = measures[measure]->values[i];
		codes[i] = rfm_code(breaks, values);
	}
}

/*
 * score_by_rows
 *		Scores customers as SQL's ntile numbers rows: the first count % bins buckets hold one row more.
 */
static void
score_by_rows(Population *measures[RFM_MEASURES], int bins, uint16 *codes)
{
	static const int weights[RFM_MEASURES] = {RFM_CODE(1, 0, 0), RFM_CODE(0, 1, 0), RFM_CODE(0, 0, 1)};
	int64		count = measures[RFM_DAYS]->count;
	int64	   *rows = MemoryContextAllocHuge(CurrentMemoryContext, count * sizeof(int64));

	for (int measure = 0; measure < RFM_MEASURES; measure++)
	{
		int128	   *values = measures[measure]->values;

		for (int64 i = 0; i < count; i++)
		{
			rows[i] = i;
			/* Fewer days are better. */
			if (measure == RFM_DAYS)
				values[i] = -values[i];
		}
		sort_rows_by_value(rows, count, values);
		for (int64 i = 0; i < count; i++)
		{
			int64		longer = count % bins * (count / bins + 1);
			int			bucket = i < longer ? i / (count / bins + 1)
				: count % bins + (i - longer) / (count / bins);

			CHECK_FOR_INTERRUPTS();
			if (measure == RFM_TOTAL && values[rows[i]] <= 0)
				bucket = 0;
			codes[rows[i]] += (bucket + 1) * weights[measure];
		}
	}
}

/*
 * rfm_codes
 *		Scores customers against each other.
 */
void
rfm_codes(Population *measures[RFM_MEASURES], RfmCut cut, uint16 *codes)
{
	if (cut.method == RFM_NTILE)
		score_by_rows(measures, cut.bins, codes);
	else
		score_by_breaks(measures, cut, codes);
}

/*
 * score_partition
 *		Reads and scores all rows of the partition.
 */
static void
score_partition(FunctionCallInfo fcinfo, ReadRow read, int cut_argument, uint16 *codes)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "rfm_score", ALLOCSET_DEFAULT_SIZES);
	MemoryContext row_context = AllocSetContextCreate(context, "rfm_score row", ALLOCSET_SMALL_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	bool		constant_cut = get_fn_expr_arg_stable(fcinfo->flinfo, cut_argument) &&
		get_fn_expr_arg_stable(fcinfo->flinfo, cut_argument + 1);
	int64		nrows = WinGetPartitionRowCount(PG_WINDOW_OBJECT());
	RfmCut		cut = row_cut(fcinfo, 0, cut_argument);
	Population *measures[RFM_MEASURES];
	uint16	   *found;

	for (int measure = 0; measure < RFM_MEASURES; measure++)
		measures[measure] = population_create(context);
	for (int64 row = 0; row < nrows; row++)
	{
		int128		values[RFM_MEASURES];

		CHECK_FOR_INTERRUPTS();
		MemoryContextReset(row_context);
		MemoryContextSwitchTo(row_context);
		if (!constant_cut)
			rfm_check_same_cut(cut, row_cut(fcinfo, row, cut_argument));
		if (read(fcinfo, row, values))
		{
			for (int measure = 0; measure < RFM_MEASURES; measure++)
				population_add(measures[measure], values[measure]);
			codes[row] = 1;
		}
	}
	MemoryContextSwitchTo(context);

	if (measures[RFM_DAYS]->count > 0)
	{
		found = MemoryContextAllocExtended(context, measures[RFM_DAYS]->count * sizeof(uint16),
										   MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
		rfm_codes(measures, cut, found);
		for (int64 row = 0; row < nrows; row++)
		{
			if (codes[row] != 0)
				codes[row] = *found++;
		}
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
}

/*
 * rfm_score_over
 *		The score of the current row.
 */
static Datum
rfm_score_over(FunctionCallInfo fcinfo, ReadRow read, int cut_argument)
{
	WindowObject winobj = PG_WINDOW_OBJECT();
	Size		size = offsetof(PartitionScores, codes) + WinGetPartitionRowCount(winobj) * sizeof(uint16);
	PartitionScores *scores = WinGetPartitionLocalMemory(winobj, size);
	uint16		code;

	if (!scores->scored)
	{
		score_partition(fcinfo, read, cut_argument, scores->codes);
		scores->scored = true;
	}
	code = scores->codes[WinGetCurrentPosition(winobj)];
	if (code == 0)
		PG_RETURN_NULL();
	PG_RETURN_INT32(code);
}

/*
 * rfm_score_of_measures, rfm_score_of_dates, rfm_score_of_histories
 *		The window functions, by the form in which they take the measures.
 */
Datum
rfm_score_of_measures(PG_FUNCTION_ARGS)
{
	return rfm_score_over(fcinfo, read_measures, 3);
}

Datum
rfm_score_of_dates(PG_FUNCTION_ARGS)
{
	return rfm_score_over(fcinfo, read_dates, 4);
}

Datum
rfm_score_of_histories(PG_FUNCTION_ARGS)
{
	return rfm_score_over(fcinfo, read_history, 2);
}
