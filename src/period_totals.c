/*
 * period_totals.c
 *		The aggregates period_totals and churn_totals: the activity of all customers, period by period, in one pass.
 *
 * period_totals is what SUM(...) over LATERAL period_activity(...) gives, and churn_totals what can be counted from LATERAL
 * lifecycle_history(...), without a row for each customer and period.
 */
#include "compat.h"

#include "utils/fmgrprotos.h"

#include "cells.h"

PG_FUNCTION_INFO_V1(period_totals_accum);
PG_FUNCTION_INFO_V1(period_totals_final);
PG_FUNCTION_INFO_V1(churn_totals_accum);
PG_FUNCTION_INFO_V1(churn_totals_final);

/* In the order of the composite type period_total. Customers are counted in the first six. */
enum
{
	COUNT_ACTIVE,
	COUNT_NEW,
	COUNT_RETURNING,
	COUNT_REACTIVATED,
	COUNT_LOST,
	COUNT_REPEATED,
	COUNT_PURCHASE_DAYS,
	COUNT_ORDERS,
	COUNT_REFUNDS,
	PERIOD_COUNTS
};

#define PERIOD_TOTAL_COLUMNS (1 + PERIOD_COUNTS + 2)

/* The starts are kept as changes from the period before. */
enum
{
	COUNT_KEPT_START,
	COUNT_CHURNED,
	COUNT_CHURNED_START,
	COUNT_WON_BACK,
	CHURN_COUNTS
};

#define CHURN_TOTAL_COLUMNS (1 + CHURN_COUNTS)

/*
 * period_totals_accum
 *		Adds a customer: (state, history, unit, as_of, count_by).
 */
Datum
period_totals_accum(PG_FUNCTION_ARGS)
{
	CellParameters parameters = {.aggregate = CELLS_PERIOD_TOTALS};
	Cells	   *cells;
	PeriodScan	scan;
	Period		period;

	if (PG_ARGISNULL(2) || PG_ARGISNULL(3) || PG_ARGISNULL(4))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("unit, as_of and count_by of period_totals must not be NULL")));
	parameters.unit = time_unit(PG_GETARG_TEXT_PP(2));
	parameters.as_of = PG_GETARG_DATEADT(3);
	parameters.option = counts_orders(PG_GETARG_TEXT_PP(4));
	history_check_finite(parameters.as_of, "as_of");
	cells = cells_state(fcinfo, &parameters);
	if (PG_ARGISNULL(1))
		PG_RETURN_POINTER(cells);

	period_scan_begin(&scan, PG_GETARG_DATUM(1), parameters.unit, DATEVAL_NOBEGIN, parameters.as_of);
	scan.count_orders = parameters.option;
	while (period_scan_activity(&scan, &period))
	{
		Cell	   *cell = cells_find(cells, CELL_KEY(period.index, 0));

		cell->counts[COUNT_ACTIVE] += period.purchases > 0;
		cell->counts[COUNT_NEW] += period.is_new;
		cell->counts[COUNT_RETURNING] += period.is_returning;
		cell->counts[COUNT_REACTIVATED] += period.is_reactivated;
		cell->counts[COUNT_LOST] += period.is_lost;
		cell->counts[COUNT_REPEATED] += period.purchases >= 2;
		history_count_add(&cell->counts[COUNT_PURCHASE_DAYS], period.purchase_days);
		history_count_add(&cell->counts[COUNT_ORDERS], period.sums.orders);
		history_count_add(&cell->counts[COUNT_REFUNDS], period.sums.refunds);
		cell_add_money(cells, cell, period.sums.gross, period.sums.refunded);
	}
	PG_RETURN_POINTER(cells);
}

/*
 * period_totals_final
 *		The periods in order, as an array of period_total.
 */
Datum
period_totals_final(PG_FUNCTION_ARGS)
{
	const Cells *cells = cells_final_state(fcinfo);
	Cell	   *sorted;
	CellRows	rows;
	int			count;

	if (cells == NULL)
		PG_RETURN_NULL();
	sorted = cells_sorted(cells, &count);
	cell_rows_begin(&rows, fcinfo, cells, PERIOD_TOTAL_COLUMNS, count);
	for (int i = 0; i < count; i++)
	{
		Datum		values[PERIOD_TOTAL_COLUMNS];
		bool		nulls[PERIOD_TOTAL_COLUMNS] = {0};

		values[0] = DateADTGetDatum(period_first_day(CELL_GROUP(sorted[i].key), cells->parameters.unit));
		for (int j = 0; j < PERIOD_COUNTS; j++)
			values[1 + j] = Int64GetDatum(sorted[i].counts[j]);
		values[1 + PERIOD_COUNTS] = NumericGetDatum(history_money(sorted[i].gross));
		values[2 + PERIOD_COUNTS] = NumericGetDatum(history_money(sorted[i].refunded));
		cell_rows_add(&rows, values, nulls);
	}
	return cell_rows_end(&rows);
}

/*
 * churn_totals_accum
 *		Adds a customer: (state, history, unit, as_of, policy). Who was no customer at the start of a period, or had churned by
 *		then, cannot churn in it; who does so twice in a period counts once.
 */
Datum
churn_totals_accum(PG_FUNCTION_ARGS)
{
	CellParameters parameters = {.aggregate = CELLS_CHURN_TOTALS};
	enum {NO_CUSTOMER, KEPT, CHURNED} status = NO_CUSTOMER, at_start = NO_CUSTOMER;
	Cells	   *cells;
	LifecycleScan scan;
	LifecycleChange change;
	int64		index = PG_INT64_MIN;
	bool		counted = false;

	if (PG_ARGISNULL(2) || PG_ARGISNULL(3) || PG_ARGISNULL(4))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("unit, as_of and policy of churn_totals must not be NULL")));
	parameters.unit = time_unit(PG_GETARG_TEXT_PP(2));
	parameters.as_of = PG_GETARG_DATEADT(3);
	parameters.policy = *PG_GETARG_POLICY(4);
	history_check_finite(parameters.as_of, "as_of");
	cells = cells_state(fcinfo, &parameters);
	if (PG_ARGISNULL(1))
		PG_RETURN_POINTER(cells);

	lifecycle_begin(&scan, PG_GETARG_DATUM(1), parameters.as_of, &parameters.policy);
	while (lifecycle_next(&scan, &change))
	{
		int			next = change.stage == STAGE_CHURNED ? CHURNED : KEPT;
		int64		period;
		Cell	   *cell;

		if (next == status)
			continue;
		period = period_index(change.day, parameters.unit);
		if (period != index)
		{
			index = period;
			at_start = status;
			counted = false;
		}
		cell = cells_find(cells, CELL_KEY(index, 0));
		if (!counted && status == at_start && status != NO_CUSTOMER)
		{
			cell->counts[status == KEPT ? COUNT_CHURNED : COUNT_WON_BACK]++;
			counted = true;
		}
		cell = cells_find(cells, CELL_KEY(index + 1, 0));
		if (status != NO_CUSTOMER)
			cell->counts[status == KEPT ? COUNT_KEPT_START : COUNT_CHURNED_START]--;
		cell->counts[next == KEPT ? COUNT_KEPT_START : COUNT_CHURNED_START]++;
		status = next;
	}
	lifecycle_end(&scan);
	PG_RETURN_POINTER(cells);
}

/*
 * churn_totals_final
 *		Every period from that of the first purchase to that of as_of, as an array of churn_total.
 */
Datum
churn_totals_final(PG_FUNCTION_ARGS)
{
	const Cells *cells = cells_final_state(fcinfo);
	Cell	   *sorted;
	CellRows	rows;
	int64		first;
	int64		last;
	int64		kept = 0;
	int64		churned = 0;
	int			count;
	int			next = 0;

	if (cells == NULL)
		PG_RETURN_NULL();
	sorted = cells_sorted(cells, &count);
	last = period_index(cells->parameters.as_of, cells->parameters.unit);
	first = count > 0 ? CELL_GROUP(sorted[0].key) : last + 1;
	cell_rows_begin(&rows, fcinfo, cells, CHURN_TOTAL_COLUMNS, last - first + 1);
	for (int64 index = first; index <= last; index++)
	{
		static const Cell none = {0};
		const Cell *cell = next < count && CELL_GROUP(sorted[next].key) == index ? &sorted[next++] : &none;
		Datum		values[CHURN_TOTAL_COLUMNS];
		bool		nulls[CHURN_TOTAL_COLUMNS] = {0};

		kept += cell->counts[COUNT_KEPT_START];
		churned += cell->counts[COUNT_CHURNED_START];
		values[0] = DateADTGetDatum(period_first_day(index, cells->parameters.unit));
		values[1 + COUNT_KEPT_START] = Int64GetDatum(kept);
		values[1 + COUNT_CHURNED] = Int64GetDatum(cell->counts[COUNT_CHURNED]);
		values[1 + COUNT_CHURNED_START] = Int64GetDatum(churned);
		values[1 + COUNT_WON_BACK] = Int64GetDatum(cell->counts[COUNT_WON_BACK]);
		cell_rows_add(&rows, values, nulls);
	}
	return cell_rows_end(&rows);
}
