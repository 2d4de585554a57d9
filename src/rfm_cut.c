/*
 * rfm_cut.c
 *		Cutting a population into scores: the methods, and the aggregate rfm_breaks.
 */
#include "compat.h"

#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "aggregate.h"
#include "rfm.h"

PG_FUNCTION_INFO_V1(rfm_breaks_accum);
PG_FUNCTION_INFO_V1(rfm_breaks_combine);
PG_FUNCTION_INFO_V1(rfm_breaks_serialize);
PG_FUNCTION_INFO_V1(rfm_breaks_deserialize);
PG_FUNCTION_INFO_V1(rfm_breaks_final);

/* The state of the aggregate: all customers that have the three measures, and how to cut them. */
typedef struct BreaksState
{
	RfmCut		cut;
	Population *measures[RFM_MEASURES];
} BreaksState;

static const char *const method_names[] = {"quantile", "mean", "mean_score", "ntile"};

/* 'mean_score' takes its mean over this many scores. */
#define MEAN_SCORE_BINS 5

/*
 * rfm_cut
 *		Bins and method (NULL: not given, by quantiles) from the arguments of a call, or an error.
 */
RfmCut
rfm_cut(NullableDatum bins, const NullableDatum *method)
{
	RfmCut		cut = {DatumGetInt32(bins.value), RFM_QUANTILE};

	if (bins.isnull || (method != NULL && method->isnull))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("bins and method of RFM scores must not be NULL"),
				 errhint("Pass 2 to 9 bins, and quantile, mean, mean_score or ntile.")));
	if (method != NULL)
	{
		char	   *name = TextDatumGetCString(method->value);

		while (cut.method < lengthof(method_names) && strcmp(name, method_names[cut.method]) != 0)
			cut.method++;
		if (cut.method == lengthof(method_names))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("unknown method of RFM scores: \"%s\"", name),
					 errhint("Use quantile, mean, mean_score or ntile.")));
	}
	if (cut.bins < RFM_MIN_BINS || cut.bins > RFM_MAX_BINS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("bins of RFM scores must be between %d and %d, not %d",
						RFM_MIN_BINS, RFM_MAX_BINS, cut.bins),
				 errhint("A score is one digit of a code such as 543, so deciles do not fit: use 2 to 9 bins.")));
	if ((cut.method == RFM_MEAN || cut.method == RFM_MEAN_SCORE) && cut.bins != 2)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("method %s makes 2 bins, not %d", method_names[cut.method], cut.bins),
				 errhint("Pass 2 as bins, or use the method quantile.")));
	return cut;
}

/*
 * rfm_check_same_cut
 *		Refuses parameters that differ between rows. The message names them in one order, whichever row
 *		came first.
 */
void
rfm_check_same_cut(RfmCut a, RfmCut b)
{
	if (a.bins != b.bins)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("bins of RFM scores must not change between rows, but are %d and %d",
						Min(a.bins, b.bins), Max(a.bins, b.bins)),
				 errhint("Pass a constant, or group by bins.")));
	if (a.method != b.method)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("method of RFM scores must not change between rows, but is %s and %s",
						method_names[Min(a.method, b.method)], method_names[Max(a.method, b.method)]),
				 errhint("Pass a constant, or group by method.")));
}

/*
 * rfm_money_units
 */
int128
rfm_money_units(int128 millionths, const char *function_name)
{
	const int64 units = INT64CONST(1000000);
	const int128 limit = (int128) INT64CONST(10000000000000000) * INT64CONST(1000000000000000);	/* 10^25, in millionths */

	if (unlikely(millionths >= limit || millionths <= -limit))
		return score_units_from_numeric(NumericGetDatum(decimal_to_numeric(millionths, SCORE_SCALE / 2, true)), function_name);
	return millionths * units;
}

/*
 * select_quantiles
 *		Puts the values between which the quantiles k / bins lie at their ranks.
 */
static void
select_quantiles(Population *population, int bins)
{
	int64		ranks[2 * (RFM_MAX_BINS - 1)] = {0};
	int			count = 0;

	for (int k = 1; k < bins; k++)
	{
		int64		rank = (population->count - 1) * k / bins;

		for (int64 next = rank; next <= Min(rank + 1, population->count - 1); next++)
		{
			if (count == 0 || ranks[count - 1] < next)
				ranks[count++] = next;
		}
	}
	population_select(population, ranks, count);
}

/*
 * quantile
 *		The break number k (1 to bins - 1) of a population in which select_quantiles has been: the quantile k / bins by linear
 *		interpolation (R's type 7), rounded down to a unit.
 *
 * For the values v of the population, break < v is the same as x[j] < v, so that neither interpolation nor
 * rounding ever moves a customer: with x[j] <= break <= x[j+1], v <= x[j] is not above the break; and
 * v > x[j] means v >= x[j+1], which is above the break unless the break is x[j+1], and that is so only
 * when x[j+1] = x[j], as the fraction is less than 1: then v > x[j] is above it, too.
 */
static int128
quantile(const Population *population, int k, int bins)
{
	int64		rank = (population->count - 1) * k;
	const int128 *x = population->values + rank / bins;
	int			fraction = rank % bins;
	int128		gap;

	if (fraction == 0)
		return x[0];
	gap = x[1] - x[0];
	return x[0] + gap / bins * fraction + gap % bins * fraction / bins;
}

/*
 * mean
 *		The mean, rounded down to a unit: the same units are above it as above the exact one.
 *
 * Quotients and remainders are summed apart, so that no sum overflows.
 */
static int128
mean(const Population *population)
{
	int128		n = population->count;
	int128		quotients = 0;
	int128		remainders = 0;

	for (int64 i = 0; i < population->count; i++)
	{
		int128		remainder = population->values[i] % n;

		CHECK_FOR_INTERRUPTS();
		if (remainder < 0)
			remainder += n;
		quotients += (population->values[i] - remainder) / n;
		remainders += remainder;
	}
	return quotients + remainders / n;
}

/*
 * count_above
 *		How many values of a population are above a limit.
 */
static int64
count_above(const Population *population, int128 limit)
{
	int64		above = 0;

	for (int64 i = 0; i < population->count; i++)
		above += population->values[i] > limit;
	return above;
}

/*
 * mean_score_break
 *		The quantile that separates the scores above the mean score from the others.
 *
 * A score counts breaks, so the sum of all scores follows from the values above each break; and scores are
 * whole, so a score is above the mean when it is above the mean's whole part.
 */
static int128
mean_score_break(const Population *population, RfmMeasure measure)
{
	int64		n = population->count;
	int64		above = 0;
	int			score;

	for (int k = 1; k < MEAN_SCORE_BINS; k++)
	{
		int128		limit = quantile(population, k, MEAN_SCORE_BINS);

		/* Totals up to 0 have the money score 1. */
		above += count_above(population, measure == RFM_TOTAL ? Max(limit, 0) : limit);
	}
	if (measure != RFM_DAYS)
		return quantile(population, 1 + above / n, MEAN_SCORE_BINS);

	/* All days equal: all have the best score, as by the mean of the days. */
	score = Min(MEAN_SCORE_BINS - 1, (MEAN_SCORE_BINS * n - above) / n);
	return quantile(population, MEAN_SCORE_BINS - score, MEAN_SCORE_BINS);
}

/*
 * rfm_cut_measure
 *		The breaks of one measure of a population that is not empty; changes the order of its values.
 */
void
rfm_cut_measure(Population *population, RfmMeasure measure, RfmCut cut, RfmBreaks *breaks)
{
	int128	   *cuts = RFM_BREAKS_OF(breaks, measure);

	if (cut.method == RFM_MEAN)
		cuts[0] = mean(population);
	else if (cut.method == RFM_MEAN_SCORE)
	{
		select_quantiles(population, MEAN_SCORE_BINS);
		cuts[0] = mean_score_break(population, measure);
	}
	else
	{
		select_quantiles(population, cut.bins);
		for (int k = 1; k < cut.bins; k++)
			cuts[k - 1] = quantile(population, k, cut.bins);
	}
}

/*
 * rfm_breaks_of
 *		The breaks of a population that is not empty; changes the order of its values.
 */
RfmBreaks *
rfm_breaks_of(Population *measures[RFM_MEASURES], RfmCut cut)
{
	RfmBreaks  *breaks = rfm_breaks_create(cut.bins);

	for (int measure = 0; measure < RFM_MEASURES; measure++)
		rfm_cut_measure(measures[measure], measure, cut, breaks);
	return breaks;
}

/*
 * create_state
 *		A state without customers.
 */
static BreaksState *
create_state(MemoryContext context, RfmCut cut)
{
	BreaksState *state = MemoryContextAlloc(context, sizeof(BreaksState));

	state->cut = cut;
	for (int measure = 0; measure < RFM_MEASURES; measure++)
		state->measures[measure] = population_create(context);
	return state;
}

/*
 * rfm_breaks_accum
 *		Adds a customer. One without all three measures is left out, but the parameters count.
 */
Datum
rfm_breaks_accum(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	RfmCut		cut = rfm_cut(fcinfo->args[4], PG_NARGS() > 5 ? &fcinfo->args[5] : NULL);
	BreaksState *state = PG_ARGISNULL(0) ? create_state(context, cut) : (BreaksState *) PG_GETARG_POINTER(0);

	if (cut.method == RFM_NTILE)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("method ntile cuts between rows and has no breaks"),
				 errhint("Use the window function rfm_score(...) OVER () with the method ntile.")));
	rfm_check_same_cut(state->cut, cut);
	if (!PG_ARGISNULL(1) && !PG_ARGISNULL(2) && !PG_ARGISNULL(3))
	{
		population_add(state->measures[RFM_DAYS], RFM_WHOLE_UNITS(PG_GETARG_INT32(1)));
		population_add(state->measures[RFM_ORDERS], RFM_WHOLE_UNITS(PG_GETARG_INT64(2)));
		population_add(state->measures[RFM_TOTAL],
					   score_units_from_numeric(PG_GETARG_DATUM(3), "rfm_breaks"));
	}
	PG_RETURN_POINTER(state);
}

/*
 * rfm_breaks_combine
 *		Adds the customers of the second state to the first, with the checks of rfm_breaks_accum.
 */
Datum
rfm_breaks_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	BreaksState *state = PG_ARGISNULL(0) ? NULL : (BreaksState *) PG_GETARG_POINTER(0);
	const BreaksState *other;

	if (PG_ARGISNULL(1))
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}
	other = (const BreaksState *) PG_GETARG_POINTER(1);
	if (state == NULL)
		state = create_state(context, other->cut);
	rfm_check_same_cut(state->cut, other->cut);
	for (int measure = 0; measure < RFM_MEASURES; measure++)
		population_append(state->measures[measure], other->measures[measure]);
	PG_RETURN_POINTER(state);
}

/*
 * rfm_breaks_serialize
 *		Writes a state for another process.
 */
Datum
rfm_breaks_serialize(PG_FUNCTION_ARGS)
{
	const BreaksState *state;
	StringInfoData buffer;

	aggregate_context(fcinfo);
	state = (const BreaksState *) PG_GETARG_POINTER(0);
	pq_begintypsend(&buffer);
	pq_sendbyte(&buffer, state->cut.bins);
	pq_sendbyte(&buffer, state->cut.method);
	for (int measure = 0; measure < RFM_MEASURES; measure++)
		population_send(&buffer, state->measures[measure]);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

/*
 * rfm_breaks_deserialize
 *		Reads what rfm_breaks_serialize wrote, and checks it.
 */
Datum
rfm_breaks_deserialize(PG_FUNCTION_ARGS)
{
	bytea	   *serialized;
	StringInfoData buffer;
	BreaksState *state;

	aggregate_context(fcinfo);
	serialized = PG_GETARG_BYTEA_PP(0);
	initStringInfo(&buffer);
	appendBinaryStringInfo(&buffer, VARDATA_ANY(serialized), VARSIZE_ANY_EXHDR(serialized));

	state = palloc(sizeof(BreaksState));
	state->cut.bins = pq_getmsgbyte(&buffer);
	state->cut.method = pq_getmsgbyte(&buffer);
	for (int measure = 0; measure < RFM_MEASURES; measure++)
		state->measures[measure] = population_receive(&buffer, CurrentMemoryContext);
	pq_getmsgend(&buffer);
	if (state->cut.bins < RFM_MIN_BINS || state->cut.bins > RFM_MAX_BINS || state->cut.method >= RFM_NTILE ||
		state->measures[RFM_DAYS]->count != state->measures[RFM_ORDERS]->count ||
		state->measures[RFM_DAYS]->count != state->measures[RFM_TOTAL]->count)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid state of the aggregate rfm_breaks")));
	PG_RETURN_POINTER(state);
}

/*
 * rfm_breaks_final
 *		The breaks; NULL without customers.
 */
Datum
rfm_breaks_final(PG_FUNCTION_ARGS)
{
	BreaksState *state;

	aggregate_context(fcinfo);
	state = PG_ARGISNULL(0) ? NULL : (BreaksState *) PG_GETARG_POINTER(0);
	if (state == NULL || state->measures[RFM_DAYS]->count == 0)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(rfm_breaks_of(state->measures, state->cut));
}
