/*
 * classification.c
 *		How well scores tell events from others: the aggregates auc, brier, classification_test and calibration_table.
 */
#include "compat.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "aggregate.h"
#include "classification.h"
#include "inference.h"

PG_FUNCTION_INFO_V1(event_counts_accum_score);
PG_FUNCTION_INFO_V1(event_counts_combine);
PG_FUNCTION_INFO_V1(event_counts_serialize);
PG_FUNCTION_INFO_V1(event_counts_deserialize);
PG_FUNCTION_INFO_V1(auc_final);
PG_FUNCTION_INFO_V1(brier_final);
PG_FUNCTION_INFO_V1(classification_test_final);
PG_FUNCTION_INFO_V1(calibration_table_final);

#define DECILES 10

/* One bin of a calibration table. */
typedef struct Bin
{
	double		rows;
	double		events;
	double		lowest;
	double		highest;
	double		scores;			/* their sum */
} Bin;

/* ------------------------------------------------------------------------------------------------
 * The state
 * ------------------------------------------------------------------------------------------------ */

/*
 * event_counts_accum_score
 *		(state, score, event)
 */
Datum
event_counts_accum_score(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	EventCounts *counts = PG_ARGISNULL(0) ? event_counts_create(context) : (EventCounts *) PG_GETARG_POINTER(0);

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		counts->left_out++;
	else
	{
		double		score = PG_GETARG_FLOAT8(1);

		if (!isfinite(score))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("a score must be a finite number, not %g", score),
					 errhint("Leave the row out, or make it NULL: nullif(score, 'NaN').")));
		event_counts_add(counts, score + 0.0, PG_GETARG_BOOL(2), !PG_GETARG_BOOL(2));
	}
	PG_RETURN_POINTER(counts);
}

Datum
event_counts_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	EventCounts *counts = PG_ARGISNULL(0) ? NULL : (EventCounts *) PG_GETARG_POINTER(0);

	if (!PG_ARGISNULL(1))
	{
		if (counts == NULL)
			counts = event_counts_create(context);
		event_counts_append(counts, (EventCounts *) PG_GETARG_POINTER(1));
	}
	if (counts == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(counts);
}

Datum
event_counts_serialize(PG_FUNCTION_ARGS)
{
	StringInfoData buffer;

	(void) aggregate_context(fcinfo);
	pq_begintypsend(&buffer);
	event_counts_send(&buffer, (EventCounts *) PG_GETARG_POINTER(0));
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

Datum
event_counts_deserialize(PG_FUNCTION_ARGS)
{
	StringInfoData buffer;
	bytea	   *bytes;
	EventCounts *counts;

	(void) aggregate_context(fcinfo);
	bytes = PG_GETARG_BYTEA_PP(0);
	initStringInfo(&buffer);
	appendBinaryStringInfo(&buffer, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
	counts = event_counts_receive(&buffer, CurrentMemoryContext);
	pq_getmsgend(&buffer);
	PG_RETURN_POINTER(counts);
}

/* ------------------------------------------------------------------------------------------------
 * Measures
 * ------------------------------------------------------------------------------------------------ */

/*
 * total_counts
 *		How many rows there are, and how many of them are events.
 */
static double
total_counts(const EventCounts *counts, double *events)
{
	double		others = 0;

	*events = 0;
	for (Size i = 0; i < counts->count; i++)
	{
		*events += counts->rows[i].events;
		others += counts->rows[i].others;
	}
	return *events + others;
}

double
area_under_curve(EventCounts *counts)
{
	double		below = 0;		/* others of lower scores */
	double		pairs = 0;		/* twice those in which the event has the higher score, and once those of ties */
	double		events;
	double		total;

	event_counts_sort(counts);
	total = total_counts(counts, &events);
	for (Size i = 0; i < counts->count; i++)
	{
		const EventCount *row = &counts->rows[i];

		pairs += row->events * (2 * below + row->others);
		below += row->others;
	}
	return events > 0 && events < total ? pairs / 2 / events / (total - events) : get_float8_nan();
}

/*
 * are_probabilities
 */
static bool
are_probabilities(const EventCounts *counts)
{
	return counts->count == 0 || (counts->rows[0].at >= 0 && counts->rows[counts->count - 1].at <= 1);
}

/*
 * brier_score
 *		The mean squared distance of score and outcome.
 */
static double
brier_score(const EventCounts *counts)
{
	double		events;
	double		total = total_counts(counts, &events);
	double		sum = 0;

	for (Size i = 0; i < counts->count; i++)
	{
		const EventCount *row = &counts->rows[i];

		sum += row->events * (1 - row->at) * (1 - row->at) + row->others * row->at * row->at;
	}
	return sum / total;
}

/*
 * log_loss
 *		The mean of -log of the probability that was given to what happened; infinite where that was 0.
 */
static double
log_loss(const EventCounts *counts)
{
	double		events;
	double		total = total_counts(counts, &events);
	double		sum = 0;

	for (Size i = 0; i < counts->count; i++)
	{
		const EventCount *row = &counts->rows[i];

		if (row->events > 0)
			sum -= row->events * log(row->at);
		if (row->others > 0)
			sum -= row->others * log1p(-row->at);
	}
	return sum / total;
}

/*
 * top_precision
 *		The share of events in the tenth of the rows with the highest scores; of equal scores at its border, a part.
 */
static double
top_precision(const EventCounts *counts)
{
	double		events;
	double		wanted = total_counts(counts, &events) / DECILES;
	double		left = wanted;
	double		found = 0;

	for (Size i = counts->count; i-- > 0 && left > 0;)
	{
		const EventCount *row = &counts->rows[i];
		double		rows = row->events + row->others;

		found += row->events * Min(1, left / rows);
		left -= rows;
	}
	return found / wanted;
}

/*
 * fill_bins
 *		Tenths of the rows, the first with the highest scores. Equal scores are in one bin: that of the middle one of them.
 */
static void
fill_bins(const EventCounts *counts, Bin *bins)
{
	double		events;
	double		total = total_counts(counts, &events);
	double		before = 0;

	memset(bins, 0, sizeof(Bin) * DECILES);
	for (Size i = counts->count; i-- > 0;)
	{
		const EventCount *row = &counts->rows[i];
		double		rows = row->events + row->others;
		Bin		   *bin = &bins[Min((int) (DECILES * (before + rows / 2) / total), DECILES - 1)];

		if (bin->rows == 0)
			bin->highest = row->at;
		bin->lowest = row->at;
		bin->rows += rows;
		bin->events += row->events;
		bin->scores += rows * row->at;
		before += rows;
	}
}

/*
 * calibration_error
 *		The mean distance of mean score and share of events in a bin.
 */
static double
calibration_error(const EventCounts *counts)
{
	Bin			bins[DECILES];
	double		events;
	double		total = total_counts(counts, &events);
	double		sum = 0;

	fill_bins(counts, bins);
	for (int i = 0; i < DECILES; i++)
		sum += fabs(bins[i].scores - bins[i].events);
	return sum / total;
}

/*
 * sorted_counts
 *		The state of a final function; NULL if there is nothing in it.
 */
static EventCounts *
sorted_counts(FunctionCallInfo fcinfo)
{
	EventCounts *counts;

	(void) aggregate_context(fcinfo);
	counts = PG_ARGISNULL(0) ? NULL : (EventCounts *) PG_GETARG_POINTER(0);
	if (counts == NULL || counts->count == 0)
		return NULL;
	event_counts_sort(counts);
	return counts;
}

Datum
auc_final(PG_FUNCTION_ARGS)
{
	EventCounts *counts = sorted_counts(fcinfo);
	double		area = counts == NULL ? get_float8_nan() : area_under_curve(counts);

	if (isnan(area))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(area);
}

Datum
brier_final(PG_FUNCTION_ARGS)
{
	EventCounts *counts = sorted_counts(fcinfo);

	if (counts == NULL)
		PG_RETURN_NULL();
	if (!are_probabilities(counts))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("scores of brier must be probabilities, but there is %g",
						counts->rows[0].at < 0 ? counts->rows[0].at : counts->rows[counts->count - 1].at),
				 errhint("auc takes any score.")));
	PG_RETURN_FLOAT8(brier_score(counts));
}

/*
 * classification_test_final
 *		A score_test.
 */
Datum
classification_test_final(PG_FUNCTION_ARGS)
{
	EventCounts *counts;
	Datum		values[9];
	bool		nulls[9] = {0};
	double		nan = get_float8_nan();
	double		total;
	double		events;
	double		precision;
	bool		probabilities;

	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	counts = (EventCounts *) PG_GETARG_POINTER(0);
	event_counts_sort(counts);
	total = total_counts(counts, &events);
	probabilities = counts->count > 0 && are_probabilities(counts);
	precision = counts->count > 0 ? top_precision(counts) : nan;
	values[0] = Int64GetDatum((int64) total);
	values[1] = Int64GetDatum((int64) events);
	values[2] = Int64GetDatum(counts->left_out);
	set_number(area_under_curve(counts), &values[3], &nulls[3]);
	set_number(probabilities ? brier_score(counts) : nan, &values[4], &nulls[4]);
	set_number(probabilities ? log_loss(counts) : nan, &values[5], &nulls[5]);
	set_number(probabilities ? calibration_error(counts) : nan, &values[6], &nulls[6]);
	set_number(events > 0 ? precision / (events / total) : nan, &values[7], &nulls[7]);
	set_number(precision, &values[8], &nulls[8]);
	return result_row(fcinfo, values, nulls);
}

/*
 * calibration_table_final
 *		An array of calibration_bin, without those that are empty.
 */
Datum
calibration_table_final(PG_FUNCTION_ARGS)
{
	EventCounts *counts = sorted_counts(fcinfo);
	Bin			bins[DECILES];
	Datum		elements[DECILES];
	int			count = 0;
	double		total;
	double		events;
	Oid			element;
	TupleDesc	row_type;

	if (counts == NULL)
		PG_RETURN_NULL();
	total = total_counts(counts, &events);
	fill_bins(counts, bins);
	element = get_element_type(get_func_rettype(fcinfo->flinfo->fn_oid));
	row_type = lookup_rowtype_tupdesc_copy(element, -1);
	if (row_type->natts != 8)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("type %s is not that of the library", format_type_be(element)),
				 errhint("Run ALTER EXTENSION pg_customer UPDATE.")));
	for (int i = 0; i < DECILES; i++)
	{
		const Bin  *bin = &bins[i];
		double		observed = bin->events / bin->rows;
		Datum		values[] = {
			Int32GetDatum(i + 1), Int64GetDatum((int64) bin->rows), Int64GetDatum((int64) bin->events),
			Float8GetDatum(bin->lowest), Float8GetDatum(bin->highest), Float8GetDatum(bin->scores / bin->rows),
			Float8GetDatum(observed), Float8GetDatum(observed / (events / total))
		};
		bool		nulls[8] = {[7] = events == 0};

		if (bin->rows > 0)
			elements[count++] = HeapTupleGetDatum(heap_form_tuple(row_type, values, nulls));
	}
	PG_RETURN_ARRAYTYPE_P(construct_array(elements, count, element, -1, false, TYPALIGN_DOUBLE));
}
