/*
 * satisfaction.c
 *		What a tally of ratings tells: satisfied customers, effort, means and their intervals; levels of satisfaction and the
 *		index over dimensions.
 */
#include "compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/tuplestore.h"

#include "inference.h"
#include "language.h"
#include "math/distributions.h"
#include "rating_tally.h"

/* Weights of the index; no sum of them is out of the range of numbers. */
#define LARGEST_WEIGHT 1e100

PG_FUNCTION_INFO_V1(rating_tally_answers);
PG_FUNCTION_INFO_V1(rating_mean);
PG_FUNCTION_INFO_V1(rating_mean_on_scale);
PG_FUNCTION_INFO_V1(rating_median);
PG_FUNCTION_INFO_V1(rating_distribution);
PG_FUNCTION_INFO_V1(rating_top_share);
PG_FUNCTION_INFO_V1(rating_top_low);
PG_FUNCTION_INFO_V1(rating_top_high);
PG_FUNCTION_INFO_V1(rating_mean_low);
PG_FUNCTION_INFO_V1(rating_mean_high);
PG_FUNCTION_INFO_V1(rating_mean_difference);
PG_FUNCTION_INFO_V1(rating_shrunk_mean);
PG_FUNCTION_INFO_V1(satisfaction_level_from_text);
PG_FUNCTION_INFO_V1(satisfaction_level_from_int);
PG_FUNCTION_INFO_V1(satisfaction_rank);
PG_FUNCTION_INFO_V1(satisfaction_label);
PG_FUNCTION_INFO_V1(satisfaction_index);

/* ------------------------------------------------------------------------------------------------
 * Sums over a tally
 * ------------------------------------------------------------------------------------------------ */

/*
 * slot_weight
 *		What the answers of a slot weigh together, in units that are the same for all slots.
 */
static inline int128
slot_weight(const RatingTally *tally, int slot)
{
	return tally->weighted ? RATING_WEIGHTS(tally)[slot].sum : tally->counts[slot];
}

/*
 * weight_from
 *		That of all answers of at least a rating.
 */
static int128
weight_from(const RatingTally *tally, int rating)
{
	int128		sum = 0;

	for (int i = Max(rating - tally->low, 0); i < tally->slots; i++)
		sum += slot_weight(tally, i);
	return sum;
}

static int128
all_weight(const RatingTally *tally)
{
	return weight_from(tally, RATING_LOW);
}

/*
 * effective_answers
 *		To how many answers of equal weight the answers amount: (sum of weights)^2 / sum of squares of weights.
 */
static double
effective_answers(const RatingTally *tally)
{
	double		sum = (double) all_weight(tally);
	int128		squares = 0;

	if (!tally->weighted)
		return sum;
	for (int i = 0; i < tally->slots; i++)
		squares += RATING_WEIGHTS(tally)[i].squares;
	return sum * (sum / (double) squares);
}

/*
 * mean_of
 *		The mean, of which the sums are exact. The answers have a weight.
 */
static double
mean_of(const RatingTally *tally)
{
	int128		sum = 0;

	for (int i = 0; i < tally->slots; i++)
		sum += slot_weight(tally, i) * (tally->low + i);
	return (double) sum / (double) all_weight(tally);
}

/*
 * variance_of
 *		That of the answers, with the divisor n.
 */
static double
variance_of(const RatingTally *tally)
{
	double		mean = mean_of(tally);
	double		sum = 0;

	for (int i = 0; i < tally->slots; i++)
		sum += (double) slot_weight(tally, i) * (tally->low + i - mean) * (tally->low + i - mean);
	return sum / (double) all_weight(tally);
}

/*
 * check_scale
 *		All answers of a stored tally are on the scale; its first and last slot have some.
 */
static void
check_scale(const RatingTally *tally, const RatingScale *scale)
{
	if (tally->slots == 0)
		return;
	if (tally->low < scale->low)
		rating_not_on_scale(psprintf("%d", tally->low), scale);
	if (tally->low + tally->slots - 1 > scale->high)
		rating_not_on_scale(psprintf("%d", tally->low + tally->slots - 1), scale);
}

/* ------------------------------------------------------------------------------------------------
 * Answers, means, distribution
 * ------------------------------------------------------------------------------------------------ */

Datum
rating_tally_answers(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(rating_answers(PG_GETARG_RATING_TALLY(0)));
}

Datum
rating_mean(PG_FUNCTION_ARGS)
{
	const RatingTally *tally = PG_GETARG_RATING_TALLY(0);

	if (all_weight(tally) == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(mean_of(tally));
}

/*
 * rating_mean_on_scale
 *		(tally, scale)
 */
Datum
rating_mean_on_scale(PG_FUNCTION_ARGS)
{
	RatingScale scale = read_scale(fcinfo, 1);

	check_scale(PG_GETARG_RATING_TALLY(0), &scale);
	return rating_mean(fcinfo);
}

/*
 * rating_median
 *		The rating up to which half of the weight lies; between two ratings where that is exactly so many.
 */
Datum
rating_median(PG_FUNCTION_ARGS)
{
	const RatingTally *tally = PG_GETARG_RATING_TALLY(0);
	int128		all = all_weight(tally);
	int128		below = 0;
	int			lower = 0;
	bool		half = false;

	for (int i = 0; all > 0 && i < tally->slots; i++)
	{
		int128		weight = slot_weight(tally, i);
		int			rating = tally->low + i;

		if (weight == 0)
			continue;
		if (half)
			PG_RETURN_FLOAT8((lower + rating) / 2.0);
		below += weight;
		if (below > all - below)
			PG_RETURN_FLOAT8(rating);
		half = below == all - below;
		lower = rating;
	}
	PG_RETURN_NULL();
}

/*
 * rating_distribution
 *		(tally [, scale]): a row (rating, answers, share) for each rating of the scale, or from the lowest to the highest answer.
 */
Datum
rating_distribution(PG_FUNCTION_ARGS)
{
	const RatingTally *tally = PG_GETARG_RATING_TALLY(0);
	RatingScale scale = {tally->low, tally->low + tally->slots - 1};
	double		all = (double) all_weight(tally);
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	if (PG_NARGS() > 1)
	{
		scale = read_scale(fcinfo, 1);
		check_scale(tally, &scale);
	}
	InitMaterializedSRF(fcinfo, 0);
	for (int rating = scale.low; rating <= scale.high; rating++)
	{
		int			slot = rating - tally->low;
		bool		present = slot >= 0 && slot < tally->slots;
		Datum		row[] = {
			Int32GetDatum(rating),
			Int64GetDatum(present ? tally->counts[slot] : 0),
			Float8GetDatum(present && all > 0 ? (double) slot_weight(tally, slot) / all : 0)
		};
		bool		nulls[lengthof(row)] = {false, false, all == 0};

		tuplestore_putvalues(result->setResult, result->setDesc, row, nulls);
	}
	return (Datum) 0;
}

/*
 * squared_error
 *		The squared standard error of the mean of some answers, at least two.
 */
static double
squared_error(const RatingTally *tally)
{
	return variance_of(tally) / (effective_answers(tally) - 1);
}

/*
 * mean_bound
 *		(tally, confidence): an end of Student's interval of the mean, with the effective number of answers. Where that is
 *		hardly more than one, no double holds the quantile.
 */
static Datum
mean_bound(FunctionCallInfo fcinfo, int sign)
{
	const RatingTally *tally = PG_GETARG_RATING_TALLY(0);
	double		confidence = PG_GETARG_FLOAT8(1);
	double		answers;
	double		width;

	(void) confidence_z(confidence);
	if (all_weight(tally) == 0)
		PG_RETURN_NULL();
	answers = effective_answers(tally);
	if (!(answers > 1))
		PG_RETURN_NULL();
	width = confidence_t(confidence, answers - 1) * sqrt(squared_error(tally));
	if (!isfinite(width))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(mean_of(tally) + sign * width);
}

Datum
rating_mean_low(PG_FUNCTION_ARGS)
{
	return mean_bound(fcinfo, -1);
}

Datum
rating_mean_high(PG_FUNCTION_ARGS)
{
	return mean_bound(fcinfo, 1);
}

/*
 * rating_mean_difference
 *		(before, after, confidence): by how much the second mean is the higher, with Welch's test.
 */
Datum
rating_mean_difference(PG_FUNCTION_ARGS)
{
	const RatingTally *before = PG_GETARG_RATING_TALLY(0);
	const RatingTally *after = PG_GETARG_RATING_TALLY(1);
	Welch		test;
	double		difference;

	if (all_weight(before) == 0 || all_weight(after) == 0)
		PG_RETURN_NULL();
	difference = mean_of(after) - mean_of(before);
	if (effective_answers(before) > 1 && effective_answers(after) > 1)
		test = welch_test(difference, squared_error(before), effective_answers(before), squared_error(after), effective_answers(after), PG_GETARG_FLOAT8(2));
	else
		test = welch_test(difference, 0, 0, 0, 0, PG_GETARG_FLOAT8(2));
	return result_row_of_numbers(fcinfo, (double[]) {difference, test.t, test.df, test.p_value, test.low, test.high}, 6);
}

/*
 * rating_shrunk_mean
 *		(tally, prior_mean, prior_answers): the mean of the answers and so many more that are the prior mean.
 */
Datum
rating_shrunk_mean(PG_FUNCTION_ARGS)
{
	const RatingTally *tally = PG_GETARG_RATING_TALLY(0);
	double		prior_mean = PG_GETARG_FLOAT8(1);
	double		prior_answers = PG_GETARG_FLOAT8(2);
	bool		any = all_weight(tally) > 0;
	double		answers = any ? effective_answers(tally) : 0;

	if (!isfinite(prior_mean))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("prior_mean is not a number: %g", prior_mean)));
	if (!(prior_answers >= 0) || isinf(prior_answers))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("prior_answers is not a number of at least 0: %g", prior_answers)));
	if (answers + prior_answers == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8((prior_answers * prior_mean + (any ? answers * mean_of(tally) : 0)) / (prior_answers + answers));
}

/* ------------------------------------------------------------------------------------------------
 * The top of a scale
 * ------------------------------------------------------------------------------------------------ */

/*
 * top_share
 *		(tally, top, scale, ...): the share of the answers that are among the best of the scale; false when there is none.
 */
static bool
top_share(FunctionCallInfo fcinfo, const RatingTally *tally, double *share)
{
	int			top = PG_GETARG_INT32(1);
	RatingScale scale = read_scale(fcinfo, 2);
	int128		all = all_weight(tally);

	if (top < 1 || top > scale.high - scale.low)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("top must be between 1 and %d on the scale %d..%d, not %d", scale.high - scale.low, scale.low, scale.high, top),
				 errhint("It is how many of the best answers count: 2 of 1..5 are 4 and 5.")));
	check_scale(tally, &scale);
	if (all == 0)
		return false;
	*share = (double) weight_from(tally, scale.high - top + 1) / (double) all;
	return true;
}

Datum
rating_top_share(PG_FUNCTION_ARGS)
{
	double		share;

	if (!top_share(fcinfo, PG_GETARG_RATING_TALLY(0), &share))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(share);
}

/*
 * top_bound
 *		(tally, top, scale, confidence): an end of Wilson's interval of the share, with the effective number of answers.
 */
static Datum
top_bound(FunctionCallInfo fcinfo, bool high)
{
	const RatingTally *tally = PG_GETARG_RATING_TALLY(0);
	double		z = confidence_z(PG_GETARG_FLOAT8(3));
	double		answers = effective_answers(tally);
	double		share;

	if (!top_share(fcinfo, tally, &share))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(high ? wilson_high(share * answers, answers, z) : wilson_low(share * answers, answers, z));
}

Datum
rating_top_low(PG_FUNCTION_ARGS)
{
	return top_bound(fcinfo, false);
}

Datum
rating_top_high(PG_FUNCTION_ARGS)
{
	return top_bound(fcinfo, true);
}

/* ------------------------------------------------------------------------------------------------
 * Levels of satisfaction
 * ------------------------------------------------------------------------------------------------ */

/*
 * level_result
 *		A level as the enum that the running function returns.
 */
static Datum
level_result(FunctionCallInfo fcinfo, int level)
{
	FmgrInfo   *flinfo = fcinfo->flinfo;

	if (flinfo->fn_extra == NULL)
	{
		Oid		   *oids = MemoryContextAlloc(flinfo->fn_mcxt, SATISFACTION_LEVELS * sizeof(Oid));

		satisfaction_level_oids(get_func_rettype(flinfo->fn_oid), oids);
		flinfo->fn_extra = oids;
	}
	PG_RETURN_OID(((Oid *) flinfo->fn_extra)[level - 1]);
}

Datum
satisfaction_level_from_text(PG_FUNCTION_ARGS)
{
	char	   *label = text_to_cstring(PG_GETARG_TEXT_PP(0));
	int			level = find_satisfaction_level(label);

	if (level == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("no level of satisfaction: \"%s\"", label),
				 errhint("Levels are very dissatisfied, dissatisfied, neutral, satisfied, very satisfied; 很不满意, 不满意, 基本满意, 满意, 很满意; 非常不满意, 不满意, 一般, 满意, 非常满意; 1 to 5.")));
	return level_result(fcinfo, level);
}

Datum
satisfaction_level_from_int(PG_FUNCTION_ARGS)
{
	int			level = PG_GETARG_INT32(0);

	if (level < 1 || level > SATISFACTION_LEVELS)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("no level of satisfaction: %d", level),
				 errhint("Levels are 1 (very dissatisfied) to %d (very satisfied).", SATISFACTION_LEVELS)));
	return level_result(fcinfo, level);
}

/*
 * satisfaction_rank
 *		1 to 5.
 */
Datum
satisfaction_rank(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(read_rating(rating_reader(fcinfo, 0, false), PG_GETARG_DATUM(0), &any_scale));
}

/*
 * satisfaction_label
 *		(level, language)
 */
Datum
satisfaction_label(PG_FUNCTION_ARGS)
{
	int			level = read_rating(rating_reader(fcinfo, 0, false), PG_GETARG_DATUM(0), &any_scale);

	PG_RETURN_DATUM(CStringGetTextDatum(satisfaction_level_label(level, speaks_chinese(PG_GETARG_TEXT_PP(1)))));
}

/* ------------------------------------------------------------------------------------------------
 * The index over dimensions
 * ------------------------------------------------------------------------------------------------ */

/*
 * array_argument
 *		The elements of an array of one dimension.
 */
static void
array_argument(FunctionCallInfo fcinfo, int argument, Datum **values, bool **nulls, int *count)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(argument);

	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("an array of satisfaction_index has %d dimensions", ARR_NDIM(array)),
				 errhint("Pass one score and one weight for each dimension of satisfaction, in the same order.")));
	deconstruct_array(array, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, values, nulls, count);
}

/*
 * satisfaction_index
 *		(scores, weights, scale): the weighted mean of the scores as percent of the way from the lowest to the highest answer.
 *		Weights may be NULL: all are 1. A score that is NULL is left out with its weight. Each score is a share first, so
 *		that rounding never takes the index past 100.
 */
Datum
satisfaction_index(PG_FUNCTION_ARGS)
{
	RatingScale scale;
	Datum	   *scores;
	Datum	   *weights = NULL;
	bool	   *no_score;
	bool	   *no_weight = NULL;
	int			count;
	int			weight_count;
	double		sum = 0;
	double		total = 0;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	scale = read_scale(fcinfo, 2);
	array_argument(fcinfo, 0, &scores, &no_score, &count);
	if (!PG_ARGISNULL(1))
	{
		array_argument(fcinfo, 1, &weights, &no_weight, &weight_count);
		if (weight_count != count)
			ereport(ERROR,
					(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
					 errmsg("satisfaction_index has %d scores but %d weights", count, weight_count)));
	}
	for (int i = 0; i < count; i++)
	{
		double		weight = 1;
		double		score;

		if (weights != NULL)
		{
			weight = no_weight[i] ? get_float8_nan() : DatumGetFloat8(weights[i]);
			if (!(weight >= 0 && weight <= LARGEST_WEIGHT))
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 no_weight[i] ? errmsg("weight %d of satisfaction_index is NULL", i + 1)
						 : errmsg("weight %d of satisfaction_index is not a number from 0 to %g: %g", i + 1, LARGEST_WEIGHT, weight),
						 errhint("Only how the weights compare to each other matters; 0 leaves a dimension out.")));
		}
		if (no_score[i])
			continue;
		score = DatumGetFloat8(scores[i]);
		if (!(score >= scale.low && score <= scale.high))
			rating_not_on_scale(DatumGetCString(DirectFunctionCall1(float8out, scores[i])), &scale);
		sum += weight * ((score - scale.low) / (scale.high - scale.low));
		total += weight;
	}
	if (total == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(100 * (sum / total));
}
