/*
 * survival.c
 *		How long customers stay: Kaplan and Meier's survival curve and what is read from it.
 */
#include "compat.h"

#include <math.h>

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/float.h"
#include "utils/tuplestore.h"

#include "aggregate.h"
#include "inference.h"
#include "survival.h"

PG_FUNCTION_INFO_V1(survival_accum);
PG_FUNCTION_INFO_V1(survival_rollup);
PG_FUNCTION_INFO_V1(survival_final);
PG_FUNCTION_INFO_V1(survival_plus);
PG_FUNCTION_INFO_V1(survival_observations);
PG_FUNCTION_INFO_V1(survival_events);
PG_FUNCTION_INFO_V1(survival_left_out);
PG_FUNCTION_INFO_V1(survival_table);
PG_FUNCTION_INFO_V1(survival_periods);
PG_FUNCTION_INFO_V1(survival_at);
PG_FUNCTION_INFO_V1(median_survival);

/* More periods than anybody looks at. */
#define MANY_PERIODS 1000000

/* A curve this near to a half is at it: the product of shares is rounded. */
#define ROUNDING 1e-9

/* ------------------------------------------------------------------------------------------------
 * Aggregates
 * ------------------------------------------------------------------------------------------------ */

/*
 * survival_accum
 *		(state, duration, event)
 */
Datum
survival_accum(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	EventCounts *counts = PG_ARGISNULL(0) ? event_counts_create(context) : (EventCounts *) PG_GETARG_POINTER(0);

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		counts->left_out++;
	else
		event_counts_add(counts, event_duration(PG_GETARG_FLOAT8(1)), PG_GETARG_BOOL(2), !PG_GETARG_BOOL(2));
	PG_RETURN_POINTER(counts);
}

/*
 * check_customers
 *		A curve of more could not be read again.
 */
static void
check_customers(double customers)
{
	if (customers > SURVIVAL_CUSTOMERS)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("a survival_curve cannot have %.0f customers", customers)));
}

/*
 * add_curve
 */
static void
add_curve(EventCounts *counts, const SurvivalCurve *curve)
{
	for (Size i = 0; i < SURVIVAL_ROWS(curve); i++)
		event_counts_add(counts, curve->rows[i].at, curve->rows[i].events, curve->rows[i].others);
	counts->left_out += curve->left_out;
	check_customers(counts->left_out);
}

/*
 * survival_rollup
 *		(state, survival_curve)
 */
Datum
survival_rollup(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	EventCounts *counts = PG_ARGISNULL(0) ? NULL : (EventCounts *) PG_GETARG_POINTER(0);

	if (!PG_ARGISNULL(1))
	{
		if (counts == NULL)
			counts = event_counts_create(context);
		add_curve(counts, PG_GETARG_SURVIVAL_CURVE(1));
	}
	if (counts == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(counts);
}

/*
 * curve_of
 */
static SurvivalCurve *
curve_of(EventCounts *counts)
{
	SurvivalCurve *curve;
	double		customers = 0;

	event_counts_sort(counts);
	for (Size i = 0; i < counts->count; i++)
		customers += counts->rows[i].events + counts->rows[i].others;
	check_customers(customers);
	check_customers(counts->left_out);
	curve = survival_create(counts->count);
	curve->left_out = counts->left_out;
	if (counts->count > 0)
		memcpy(curve->rows, counts->rows, counts->count * sizeof(EventCount));
	return curve;
}

Datum
survival_final(PG_FUNCTION_ARGS)
{
	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_POINTER(curve_of((EventCounts *) PG_GETARG_POINTER(0)));
}

Datum
survival_plus(PG_FUNCTION_ARGS)
{
	EventCounts *counts = event_counts_create(CurrentMemoryContext);

	add_curve(counts, PG_GETARG_SURVIVAL_CURVE(0));
	add_curve(counts, PG_GETARG_SURVIVAL_CURVE(1));
	PG_RETURN_POINTER(curve_of(counts));
}

/* ------------------------------------------------------------------------------------------------
 * The curve
 * ------------------------------------------------------------------------------------------------ */

/* The curve after one of its times. */
typedef struct Step
{
	double		at_risk;		/* just before the time */
	double		survival;
	double		std_error;
	double		low;
	double		high;
	double		hazard_variance;	/* Greenwood's sum */
} Step;

/*
 * first_step
 *		Before all times: everyone is there.
 */
static Step
first_step(const SurvivalCurve *curve)
{
	Step		step = {.survival = 1,.low = 1,.high = 1};

	for (Size i = 0; i < SURVIVAL_ROWS(curve); i++)
		step.at_risk += curve->rows[i].events + curve->rows[i].others;
	return step;
}

/*
 * take_step
 *		Over a time. The interval is symmetric in log(-log(survival)), so it stays within 0 and 1; where nobody is left there
 *		is neither interval nor error.
 */
static void
take_step(Step *step, const EventCount *row, double z)
{
	double		left = step->at_risk - row->events;

	if (row->events > 0)
	{
		double		width;

		step->survival *= left / step->at_risk;
		step->hazard_variance += row->events / (step->at_risk * left);
		if (left > 0)
		{
			step->std_error = step->survival * sqrt(step->hazard_variance);
			width = z * sqrt(step->hazard_variance) / -log(step->survival);
			step->low = pow(step->survival, exp(width));
			step->high = pow(step->survival, exp(-width));
		}
		else
			step->std_error = step->low = step->high = get_float8_nan();
	}
}

/*
 * leave
 *		Who was last seen at a time is no longer at risk after it.
 */
static void
leave(Step *step, const EventCount *row)
{
	step->at_risk -= row->events + row->others;
}

/*
 * put_row
 *		(at, at_risk, events, censored, survival, std_error, low, high): the counts, and the curve after them.
 */
static void
put_row(ReturnSetInfo *result, Datum at, double at_risk, double events, double others, const Step *step)
{
	Datum		values[8] = {at, Int64GetDatum((int64) at_risk), Int64GetDatum((int64) events), Int64GetDatum((int64) others), Float8GetDatum(step->survival)};
	bool		nulls[8] = {0};

	set_number(step->std_error, &values[5], &nulls[5]);
	set_number(step->low, &values[6], &nulls[6]);
	set_number(step->high, &values[7], &nulls[7]);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/*
 * survival_table
 *		(curve, confidence): a row for each time.
 */
Datum
survival_table(PG_FUNCTION_ARGS)
{
	const SurvivalCurve *curve = PG_GETARG_SURVIVAL_CURVE(0);
	double		z = confidence_z(PG_GETARG_FLOAT8(1));
	Step		step = first_step(curve);

	InitMaterializedSRF(fcinfo, 0);
	for (Size i = 0; i < SURVIVAL_ROWS(curve); i++)
	{
		const EventCount *row = &curve->rows[i];

		CHECK_FOR_INTERRUPTS();
		take_step(&step, row, z);
		put_row((ReturnSetInfo *) fcinfo->resultinfo, Float8GetDatum(row->at), step.at_risk, row->events, row->others, &step);
		leave(&step, row);
	}
	return (Datum) 0;
}

/*
 * survival_periods
 *		(curve, length, confidence): a row for each period until the last time, also where nothing happened.
 */
Datum
survival_periods(PG_FUNCTION_ARGS)
{
	const SurvivalCurve *curve = PG_GETARG_SURVIVAL_CURVE(0);
	double		length = PG_GETARG_FLOAT8(1);
	double		z = confidence_z(PG_GETARG_FLOAT8(2));
	Size		rows = SURVIVAL_ROWS(curve);
	Size		i = 0;
	Step		step = first_step(curve);

	if (!(length > 0) || isinf(length))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the length of a period must be greater than 0 and finite, not %g", length),
				 errhint("Give it in the unit of the durations, such as 30.4375 for months of days.")));
	if (rows > 0 && !(curve->rows[rows - 1].at / length < MANY_PERIODS))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("periods of length %g are more than %d", length, MANY_PERIODS),
				 errhint("The longest duration is %g: give a length in the same unit, such as 30.4375 for months of days.", curve->rows[rows - 1].at)));
	InitMaterializedSRF(fcinfo, 0);
	for (int period = 0; i < rows; period++)
	{
		double		at_risk = step.at_risk;
		double		events = 0;
		double		others = 0;

		CHECK_FOR_INTERRUPTS();
		for (; i < rows && floor(curve->rows[i].at / length) <= period; i++)
		{
			take_step(&step, &curve->rows[i], z);
			leave(&step, &curve->rows[i]);
			events += curve->rows[i].events;
			others += curve->rows[i].others;
		}
		put_row((ReturnSetInfo *) fcinfo->resultinfo, Int32GetDatum(period), at_risk, events, others, &step);
	}
	return (Datum) 0;
}

/*
 * survival_at
 *		(curve, time): NULL after the last time, unless nobody is left there.
 */
Datum
survival_at(PG_FUNCTION_ARGS)
{
	const SurvivalCurve *curve = PG_GETARG_SURVIVAL_CURVE(0);
	double		time = event_duration(PG_GETARG_FLOAT8(1));
	Step		step = first_step(curve);
	Size		i;

	for (i = 0; i < SURVIVAL_ROWS(curve) && curve->rows[i].at <= time; i++)
	{
		CHECK_FOR_INTERRUPTS();
		take_step(&step, &curve->rows[i], 1);
		leave(&step, &curve->rows[i]);
	}
	if (i == SURVIVAL_ROWS(curve) && step.survival > 0 && (i == 0 || curve->rows[i - 1].at < time))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(step.survival);
}

/*
 * median_survival
 *		(curve, confidence) → (median, low, high): when the curve, and when the ends of its interval come to a half. Where the curve
 *		stays at a half for a while, the median is in the middle of it.
 */
Datum
median_survival(PG_FUNCTION_ARGS)
{
	const SurvivalCurve *curve = PG_GETARG_SURVIVAL_CURVE(0);
	double		z = confidence_z(PG_GETARG_FLOAT8(1));
	double		nan = get_float8_nan();
	double		times[3] = {nan, nan, nan};
	bool		at_half = false;
	Step		step = first_step(curve);

	for (Size i = 0; i < SURVIVAL_ROWS(curve); i++)
	{
		const EventCount *row = &curve->rows[i];

		CHECK_FOR_INTERRUPTS();
		take_step(&step, row, z);
		if (row->events > 0)
		{
			if (at_half)
				times[0] = (times[0] + row->at) / 2;
			else if (isnan(times[0]) && step.survival <= 0.5 + ROUNDING)
				times[0] = row->at;
			at_half = times[0] == row->at && step.survival >= 0.5 - ROUNDING;
			if (isnan(times[1]) && step.low <= 0.5)
				times[1] = row->at;
			if (isnan(times[2]) && step.high <= 0.5)
				times[2] = row->at;
		}
		leave(&step, row);
	}
	return result_row_of_numbers(fcinfo, times, 3);
}

/*
 * survival_observations, survival_events, survival_left_out
 */
Datum
survival_observations(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64((int64) first_step(PG_GETARG_SURVIVAL_CURVE(0)).at_risk);
}

Datum
survival_events(PG_FUNCTION_ARGS)
{
	const SurvivalCurve *curve = PG_GETARG_SURVIVAL_CURVE(0);
	double		events = 0;

	for (Size i = 0; i < SURVIVAL_ROWS(curve); i++)
		events += curve->rows[i].events;
	PG_RETURN_INT64((int64) events);
}

Datum
survival_left_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(PG_GETARG_SURVIVAL_CURVE(0)->left_out);
}
