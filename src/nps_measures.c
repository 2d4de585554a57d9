/*
 * nps_measures.c
 *		The net promoter score of a tally, how sure it is, and whether it changed.
 */
#include "compat.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/tuplestore.h"

#include "aggregate.h"
#include "decimal.h"
#include "inference.h"
#include "math/distributions.h"
#include "nps.h"

PG_FUNCTION_INFO_V1(nps_of_tally);
PG_FUNCTION_INFO_V1(nps_answers);
PG_FUNCTION_INFO_V1(nps_promoters);
PG_FUNCTION_INFO_V1(nps_passives);
PG_FUNCTION_INFO_V1(nps_detractors);
PG_FUNCTION_INFO_V1(nps_distribution);
PG_FUNCTION_INFO_V1(nps_margin);
PG_FUNCTION_INFO_V1(nps_low);
PG_FUNCTION_INFO_V1(nps_high);
PG_FUNCTION_INFO_V1(nps_difference);
PG_FUNCTION_INFO_V1(nps_pair_accum);
PG_FUNCTION_INFO_V1(nps_pair_combine);
PG_FUNCTION_INFO_V1(nps_pair_final);

/* ------------------------------------------------------------------------------------------------
 * What a tally tells
 * ------------------------------------------------------------------------------------------------ */

/*
 * promoters_of, passives_of, detractors_of
 */
static int64
promoters_of(const NpsTally *tally)
{
	return nps_answers_from(tally, nps_scales[tally->scale].promoter, SCORES - 1);
}

static int64
passives_of(const NpsTally *tally)
{
	return nps_answers_from(tally, nps_scales[tally->scale].passive, nps_scales[tally->scale].promoter - 1);
}

static int64
detractors_of(const NpsTally *tally)
{
	return nps_answers_from(tally, 0, nps_scales[tally->scale].passive - 1);
}

/*
 * nps_of
 *		100 (promoters - detractors) / answers, unrounded. There is an answer.
 */
static Numeric
nps_of(const NpsTally *tally)
{
	return decimal_ratio((int128) 100 * (promoters_of(tally) - detractors_of(tally)), nps_all_answers(tally));
}

/*
 * variance
 *		That of a mean of 1, 0 and -1, of which there are plus, zero and minus: p + d - (p - d)^2 by the number of answers, written
 *		so that nothing is subtracted.
 */
static double
variance(double plus, double zero, double minus)
{
	double		all = plus + zero + minus;

	return ((plus + minus) * zero + 4 * plus * minus) / (all * all * all);
}

/*
 * variance_of
 *		That of the score of a tally, in units of 100.
 */
static double
variance_of(const NpsTally *tally)
{
	return variance(promoters_of(tally), passives_of(tally), detractors_of(tally));
}

Datum
nps_of_tally(PG_FUNCTION_ARGS)
{
	const NpsTally *tally = PG_GETARG_NPS_TALLY(0);

	if (nps_all_answers(tally) == 0)
		PG_RETURN_NULL();
	PG_RETURN_NUMERIC(nps_of(tally));
}

Datum
nps_answers(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(nps_all_answers(PG_GETARG_NPS_TALLY(0)));
}

Datum
nps_promoters(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(promoters_of(PG_GETARG_NPS_TALLY(0)));
}

Datum
nps_passives(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(passives_of(PG_GETARG_NPS_TALLY(0)));
}

Datum
nps_detractors(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(detractors_of(PG_GETARG_NPS_TALLY(0)));
}

/*
 * nps_distribution
 *		(score, answers, share) for each score of the scale.
 */
Datum
nps_distribution(PG_FUNCTION_ARGS)
{
	const NpsTally *tally = PG_GETARG_NPS_TALLY(0);
	const NpsScale *scale = &nps_scales[tally->scale];
	int64		all = nps_all_answers(tally);
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	for (int score = scale->range.low; score <= scale->range.high; score++)
	{
		Datum		row[] = {
			Int32GetDatum(score),
			Int64GetDatum(tally->counts[score]),
			Float8GetDatum(all == 0 ? 0 : (double) tally->counts[score] / all)
		};
		bool		nulls[lengthof(row)] = {false, false, all == 0};

		tuplestore_putvalues(result->setResult, result->setDesc, row, nulls);
	}
	return (Datum) 0;
}

/*
 * nps_margin
 *		(tally, confidence): half the width of the interval around the score.
 */
Datum
nps_margin(PG_FUNCTION_ARGS)
{
	const NpsTally *tally = PG_GETARG_NPS_TALLY(0);
	double		z = confidence_z(PG_GETARG_FLOAT8(1));

	if (nps_all_answers(tally) == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(100 * z * sqrt(variance_of(tally)));
}

/*
 * adjusted_bound
 *		A bound of the adjusted Wald interval: three answers more, of which 3/4 promote and 3/4 detract.
 */
static Datum
adjusted_bound(FunctionCallInfo fcinfo, int sign)
{
	const NpsTally *tally = PG_GETARG_NPS_TALLY(0);
	double		z = confidence_z(PG_GETARG_FLOAT8(1));
	double		plus = promoters_of(tally) + 0.75;
	double		minus = detractors_of(tally) + 0.75;
	double		zero = passives_of(tally) + 1.5;
	double		bound = 100 * ((plus - minus) / (plus + zero + minus) + sign * z * sqrt(variance(plus, zero, minus)));

	if (nps_all_answers(tally) == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(Max(-100, Min(100, bound)));
}

Datum
nps_low(PG_FUNCTION_ARGS)
{
	return adjusted_bound(fcinfo, -1);
}

Datum
nps_high(PG_FUNCTION_ARGS)
{
	return adjusted_bound(fcinfo, 1);
}

/* ------------------------------------------------------------------------------------------------
 * Changes
 * ------------------------------------------------------------------------------------------------ */

/*
 * change_row
 *		A row that ends in (difference, z, p_value), after the number of answers where there is a column for it; z is the
 *		difference by its standard error, and NULL where that is 0.
 */
static Datum
change_row(FunctionCallInfo fcinfo, int64 answers, Numeric difference, double std_error)
{
	TupleDesc	type;
	Datum		values[4];
	bool		nulls[4] = {false};
	int			first;
	double		z;

	if (get_call_result_type(fcinfo, NULL, &type) != TYPEFUNC_COMPOSITE || type->natts < 3 || type->natts > 4)
		elog(ERROR, "return type must be a row of three or four columns");
	first = type->natts == 4 ? 0 : 1;
	values[0] = Int64GetDatum(answers);
	nulls[1] = difference == NULL;
	nulls[2] = nulls[3] = difference == NULL || std_error == 0;
	if (!nulls[1])
		values[1] = NumericGetDatum(difference);
	if (!nulls[2])
	{
		z = DatumGetFloat8(DirectFunctionCall1(numeric_float8, values[1])) / std_error;
		values[2] = Float8GetDatum(z);
		values[3] = Float8GetDatum(2 * normal_upper(fabs(z)));
	}
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(type), values + first, nulls + first));
}

/*
 * nps_difference
 *		(before, after), of different respondents.
 */
Datum
nps_difference(PG_FUNCTION_ARGS)
{
	const NpsTally *before = PG_GETARG_NPS_TALLY(0);
	const NpsTally *after = PG_GETARG_NPS_TALLY(1);
	Numeric		difference;

	if (nps_all_answers(before) == 0 || nps_all_answers(after) == 0)
		return change_row(fcinfo, 0, NULL, 0);
	difference = DatumGetNumeric(DirectFunctionCall2(numeric_sub, NumericGetDatum(nps_of(after)), NumericGetDatum(nps_of(before))));
	return change_row(fcinfo, 0, difference, 100 * sqrt(variance_of(before) + variance_of(after)));
}

/* From detractor to promoter is 2, from promoter to detractor -2: counts by that, which are the state of paired differences. */
#define PAIR_LIMIT 2
#define PAIR_COUNTS (2 * PAIR_LIMIT + 1)

/*
 * pair_counts
 *		The counts of a state.
 */
static int64 *
pair_counts(ArrayType *state)
{
	if (ARR_NDIM(state) != 1 || ARR_DIMS(state)[0] != PAIR_COUNTS || ARR_HASNULL(state) || ARR_ELEMTYPE(state) != INT8OID)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the state of a paired difference is not %d counts", PAIR_COUNTS)));
	return (int64 *) ARR_DATA_PTR(state);
}

/*
 * side_of
 *		1 for a promoter, 0 for a passive, -1 for a detractor.
 */
static int
side_of(const NpsScale *scale, int score)
{
	return score >= scale->promoter ? 1 : score >= scale->passive ? 0 : -1;
}

/*
 * nps_pair_accum
 *		(state, before, after [, scale]): the two answers of one respondent.
 */
Datum
nps_pair_accum(PG_FUNCTION_ARGS)
{
	const NpsScale *scale;
	const RatingReader *reader;
	ArrayType  *state;

	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = PG_GETARG_ARRAYTYPE_P(0);
	scale = &nps_scales[nps_scale_argument(fcinfo, 3)];
	if (!PG_ARGISNULL(1) && !PG_ARGISNULL(2))
	{
		reader = rating_reader(fcinfo, 1, false);
		pair_counts(state)[PAIR_LIMIT +
						   side_of(scale, read_rating(reader, PG_GETARG_DATUM(2), &scale->range)) -
						   side_of(scale, read_rating(reader, PG_GETARG_DATUM(1), &scale->range))]++;
	}
	PG_RETURN_ARRAYTYPE_P(state);
}

/*
 * nps_pair_combine
 *		Adds the second state to the first.
 */
Datum
nps_pair_combine(PG_FUNCTION_ARGS)
{
	ArrayType  *state;
	int64	   *counts;
	int64	   *others;

	(void) aggregate_context(fcinfo);
	state = PG_GETARG_ARRAYTYPE_P(0);
	counts = pair_counts(state);
	others = pair_counts(PG_GETARG_ARRAYTYPE_P(1));
	for (int i = 0; i < PAIR_COUNTS; i++)
		counts[i] += others[i];
	PG_RETURN_ARRAYTYPE_P(state);
}

/*
 * nps_pair_final
 *		(answers, difference, z, p_value). The variance of a difference is its plug-in one, as that of a score.
 */
Datum
nps_pair_final(PG_FUNCTION_ARGS)
{
	int64	   *counts;
	int64		answers = 0;
	int64		sum = 0;
	int64		squares = 0;
	double		spread;

	(void) aggregate_context(fcinfo);
	counts = pair_counts(PG_GETARG_ARRAYTYPE_P(0));
	for (int i = 0; i < PAIR_COUNTS; i++)
	{
		answers += counts[i];
		sum += (i - PAIR_LIMIT) * counts[i];
		squares += (i - PAIR_LIMIT) * (i - PAIR_LIMIT) * counts[i];
	}
	if (answers <= 0)
		return change_row(fcinfo, 0, NULL, 0);
	spread = (double) ((int128) squares * answers - (int128) sum * sum);
	return change_row(fcinfo, answers, decimal_ratio((int128) 100 * sum, answers),
					  100 * sqrt(Max(spread, 0) / answers) / answers);
}
