/*
 * cohort.c
 *		The aggregate cohort_totals: who came when, who came again, and what they brought, in one pass over all histories.
 */
#include "compat.h"

#include "utils/fmgrprotos.h"

#include "cells.h"

PG_FUNCTION_INFO_V1(cohort_totals_accum);
PG_FUNCTION_INFO_V1(cohort_totals_final);

/* What a cell of a cohort and a period counts: customers active in it, and those never active after it. */
enum
{
	COUNT_ACTIVE,
	COUNT_LAST_ACTIVE,
	COUNT_PURCHASE_DAYS,
	COUNT_ORDERS
};

#define COHORT_TOTAL_COLUMNS 10

/*
 * cohort_totals_accum
 *		Adds a customer: (state, history, unit, as_of [, rolling_days]). Refunds before the first purchase count to its period, so
 *		that the cells of a cohort sum to the net totals of its customers; who has never bought is in none.
 */
Datum
cohort_totals_accum(PG_FUNCTION_ARGS)
{
	CellParameters parameters = {.aggregate = CELLS_COHORT_TOTALS};
	Cells	   *cells;
	HistoryReader reader;
	HistoryDay	day;
	Cell		sums = {0};
	DateADT		first = 0;
	int64		cohort = 0;
	int64		period = 0;
	int64		last_active = 0;
	bool		any = false;
	bool		more;

	if (PG_ARGISNULL(2) || PG_ARGISNULL(3))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("unit and as_of of cohort_totals must not be NULL")));
	parameters.unit = time_unit(PG_GETARG_TEXT_PP(2));
	parameters.as_of = PG_GETARG_DATEADT(3);
	history_check_finite(parameters.as_of, "as_of");
	if (PG_NARGS() == 5 && !PG_ARGISNULL(4))
	{
		parameters.option = PG_GETARG_INT32(4);
		if (parameters.option < 1)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("rolling_days cannot be %d", parameters.option),
					 errhint("Give the length of a period in days, such as 30, or NULL for periods of the calendar.")));
	}
	cells = cells_state(fcinfo, &parameters);
	if (PG_ARGISNULL(1))
		PG_RETURN_POINTER(cells);

	history_begin(&reader, PG_GETARG_DATUM(1));
	do
	{
		int64		next = period;

		more = history_read(&reader, &day) && day.day <= parameters.as_of;
		if (more && any)
			next = parameters.option > 0 ? ((int64) day.day - first) / parameters.option :
				period_index(day.day, parameters.unit) - cohort;
		if (any && (!more || next != period))
		{
			Cell	   *cell = cells_find(cells, CELL_KEY(cohort, period));

			cell->counts[COUNT_ACTIVE] += sums.counts[COUNT_PURCHASE_DAYS] > 0;
			history_count_add(&cell->counts[COUNT_PURCHASE_DAYS], sums.counts[COUNT_PURCHASE_DAYS]);
			history_count_add(&cell->counts[COUNT_ORDERS], sums.counts[COUNT_ORDERS]);
			cell_add_money(cells, cell, sums.gross, sums.refunded);
			sums = (Cell) {0};
			period = next;
		}
		if (!more)
			break;
		if (day.orders > 0)
		{
			if (!any)
			{
				any = true;
				first = day.day;
				cohort = period_index(first, parameters.unit);
			}
			last_active = period;
			sums.counts[COUNT_PURCHASE_DAYS]++;
			history_count_add(&sums.counts[COUNT_ORDERS], day.orders);
		}
		cell_add_money(cells, &sums, day.gross, day.refunded);
	} while (true);
	if (any)
		cells_find(cells, CELL_KEY(cohort, last_active))->counts[COUNT_LAST_ACTIVE]++;
	PG_RETURN_POINTER(cells);
}

/*
 * cohort_periods
 *		How many periods of a cohort have begun by as_of, for the first who can be in it, and how many are over, for the last one.
 */
static void
cohort_periods(int64 cohort, const CellParameters *parameters, int64 *begun, int64 *over)
{
	int64		tomorrow = (int64) parameters->as_of + 1;

	if (parameters->option > 0)
	{
		int64		youngest = (int64) period_first_day(cohort + 1, parameters->unit) - 1;

		*begun = (parameters->as_of - (int64) period_first_day(cohort, parameters->unit)) / parameters->option + 1;
		*over = Max(tomorrow - youngest, 0) / parameters->option;
	}
	else
	{
		*begun = period_index(parameters->as_of, parameters->unit) - cohort + 1;
		*over = period_index(tomorrow, parameters->unit) - cohort;
	}
}

/*
 * cohort_totals_final
 *		For each cohort its periods from the first to that of as_of, without gaps, as an array of cohort_total.
 */
Datum
cohort_totals_final(PG_FUNCTION_ARGS)
{
	const Cells *cells = cells_final_state(fcinfo);
	Cell	   *sorted;
	CellRows	rows;
	int64		needed = 0;
	int64		begun;
	int64		over;
	int			count;
	int			next = 0;

	if (cells == NULL)
		PG_RETURN_NULL();
	sorted = cells_sorted(cells, &count);
	for (int i = 0; i < count; i++)
	{
		if (i == 0 || CELL_GROUP(sorted[i].key) != CELL_GROUP(sorted[i - 1].key))
		{
			cohort_periods(CELL_GROUP(sorted[i].key), &cells->parameters, &begun, &over);
			needed += begun;
		}
	}
	cell_rows_begin(&rows, fcinfo, cells, COHORT_TOTAL_COLUMNS, needed);
	while (next < count)
	{
		int32		cohort = CELL_GROUP(sorted[next].key);
		int64		size = sorted[next].counts[COUNT_ACTIVE];
		int64		still_active = size;
		Datum		first_day = DateADTGetDatum(period_first_day(cohort, cells->parameters.unit));

		cohort_periods(cohort, &cells->parameters, &begun, &over);
		for (int64 period = 0; period < begun; period++)
		{
			static const Cell none = {0};
			const Cell *cell = next < count && sorted[next].key == CELL_KEY(cohort, period) ? &sorted[next++] : &none;
			Datum		values[COHORT_TOTAL_COLUMNS];
			bool		nulls[COHORT_TOTAL_COLUMNS] = {0};

			values[0] = first_day;
			values[1] = Int32GetDatum((int32) period);
			values[2] = Int64GetDatum(size);
			values[3] = Int64GetDatum(cell->counts[COUNT_ACTIVE]);
			values[4] = Int64GetDatum(still_active);
			values[5] = Int64GetDatum(cell->counts[COUNT_PURCHASE_DAYS]);
			values[6] = Int64GetDatum(cell->counts[COUNT_ORDERS]);
			values[7] = NumericGetDatum(history_money(cell->gross));
			values[8] = NumericGetDatum(history_money(cell->refunded));
			values[9] = BoolGetDatum(period < over);
			cell_rows_add(&rows, values, nulls);
			still_active -= cell->counts[COUNT_LAST_ACTIVE];
		}
		while (next < count && CELL_GROUP(sorted[next].key) == cohort)
			next++;
	}
	return cell_rows_end(&rows);
}
