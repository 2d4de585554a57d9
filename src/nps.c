/*
 * nps.c
 *		The net promoter score: answers to "would you recommend us", tallied by score.
 *
 * The aggregates keep their state as a value of the type itself, of fixed length and counted up in place.
 */
#include "compat.h"

#include "libpq/pqformat.h"
#include "nodes/nodes.h"

#include "aggregate.h"
#include "json_input.h"
#include "nps.h"

PG_FUNCTION_INFO_V1(nps_tally_in);
PG_FUNCTION_INFO_V1(nps_tally_out);
PG_FUNCTION_INFO_V1(nps_tally_recv);
PG_FUNCTION_INFO_V1(nps_tally_send);
PG_FUNCTION_INFO_V1(nps_tally_eq);
PG_FUNCTION_INFO_V1(nps_tally_plus);
PG_FUNCTION_INFO_V1(nps_tally_minus);
PG_FUNCTION_INFO_V1(nps_tally_accum_int2);
PG_FUNCTION_INFO_V1(nps_tally_accum_int4);
PG_FUNCTION_INFO_V1(nps_tally_accum);
PG_FUNCTION_INFO_V1(nps_tally_accum_answers);
PG_FUNCTION_INFO_V1(nps_tally_combine);

StaticAssertDecl(sizeof(NpsTally) == 96, "nps_tally has 96 bytes");

const NpsScale nps_scales[4] = {
	{{0, 10}, 7, 9},
	{{1, 5}, 4, 5},
	{{1, 7}, 5, 7},
	{{1, 10}, 7, 9}
};

/* ------------------------------------------------------------------------------------------------
 * Counting
 * ------------------------------------------------------------------------------------------------ */

/*
 * nps_scale_argument
 *		Which of the scales an argument names; the first one when it is not given.
 */
int
nps_scale_argument(FunctionCallInfo fcinfo, int argument)
{
	RatingScale range;

	if (PG_NARGS() <= argument)
		return 0;
	range = read_scale(fcinfo, argument);
	for (int i = 0; i < lengthof(nps_scales); i++)
	{
		if (nps_scales[i].range.low == range.low && nps_scales[i].range.high == range.high)
			return i;
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("the net promoter score has no scale %d..%d", range.low, range.high),
			 errhint("Its scales are 0..10, 1..5, 1..7 and 1..10.")));
}

/*
 * nps_scale_name
 */
static const char *
nps_scale_name(int scale)
{
	return psprintf("%d..%d", nps_scales[scale].range.low, nps_scales[scale].range.high);
}

/*
 * use_scale
 *		Makes a tally ready for answers on a scale; those on two scales have no score in common.
 */
static void
use_scale(NpsTally *tally, int scale)
{
	if (tally->scale == scale)
		return;
	if (nps_all_answers(tally) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("answers on the scales %s and %s have no score in common",
						nps_scale_name(Min(tally->scale, scale)), nps_scale_name(Max(tally->scale, scale))),
				 errhint("Tally each scale on its own.")));
	tally->scale = scale;
}

/*
 * add_answers
 *		Adds answers of one score.
 */
static void
add_answers(NpsTally *tally, int score, int64 answers)
{
	if (answers > PG_INT64_MAX - nps_all_answers(tally))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("too many answers for nps_tally")));
	tally->counts[score] += answers;
}

/*
 * add_tally
 *		Adds all answers of another tally.
 */
static void
add_tally(NpsTally *tally, const NpsTally *other)
{
	if (nps_all_answers(other) == 0)
		return;
	use_scale(tally, other->scale);
	for (int score = 0; score < SCORES; score++)
		add_answers(tally, score, other->counts[score]);
}

/*
 * count_score
 *		One more answer on the scale 0..10. This is done for every row, so that it is kept short: what the first condition
 *		is true for is an aggregate in a query, as aggregate_context finds too.
 */
static inline Datum
count_score(FunctionCallInfo fcinfo, int score)
{
	NpsTally   *tally = PG_GETARG_NPS_TALLY(0);

	if (unlikely(fcinfo->context == NULL || !IsA(fcinfo->context, AggState)))
		(void) aggregate_context(fcinfo);
	if (unlikely(tally->scale != 0))
		use_scale(tally, 0);
	if (unlikely(score < 0 || score >= SCORES))
		rating_not_on_scale(psprintf("%d", score), &nps_scales[0].range);
	tally->counts[score]++;
	PG_RETURN_POINTER(tally);
}

/*
 * nps_tally_accum_int2, nps_tally_accum_int4
 *		(tally, score)
 */
Datum
nps_tally_accum_int2(PG_FUNCTION_ARGS)
{
	return count_score(fcinfo, PG_GETARG_INT16(1));
}

Datum
nps_tally_accum_int4(PG_FUNCTION_ARGS)
{
	return count_score(fcinfo, PG_GETARG_INT32(1));
}

/*
 * aggregate_tally
 *		The state of a transition function that is not strict.
 */
static NpsTally *
aggregate_tally(FunctionCallInfo fcinfo)
{
	MemoryContext context = aggregate_context(fcinfo);

	return PG_ARGISNULL(0) ? MemoryContextAllocZero(context, sizeof(NpsTally)) : PG_GETARG_NPS_TALLY(0);
}

/*
 * nps_tally_accum
 *		(tally, score of any type [, scale])
 */
Datum
nps_tally_accum(PG_FUNCTION_ARGS)
{
	NpsTally   *tally = aggregate_tally(fcinfo);
	int			scale = nps_scale_argument(fcinfo, 2);

	if (!PG_ARGISNULL(1))
	{
		int			score = read_rating(rating_reader(fcinfo, 1, false), PG_GETARG_DATUM(1), &nps_scales[scale].range);

		use_scale(tally, scale);
		add_answers(tally, score, 1);
	}
	PG_RETURN_POINTER(tally);
}

/*
 * nps_tally_accum_answers
 *		(tally, score, answers [, scale])
 */
Datum
nps_tally_accum_answers(PG_FUNCTION_ARGS)
{
	NpsTally   *tally = aggregate_tally(fcinfo);
	int			scale = nps_scale_argument(fcinfo, 3);

	if (!PG_ARGISNULL(1) && !PG_ARGISNULL(2))
	{
		int			score = read_rating(rating_reader(fcinfo, 1, false), PG_GETARG_DATUM(1), &nps_scales[scale].range);
		int64		answers = read_answers(fcinfo, 2);

		if (answers > 0)
			use_scale(tally, scale);
		add_answers(tally, score, answers);
	}
	PG_RETURN_POINTER(tally);
}

/*
 * nps_tally_combine
 *		Adds the second state to the first; also the transition function of rollup.
 */
Datum
nps_tally_combine(PG_FUNCTION_ARGS)
{
	NpsTally   *tally = PG_GETARG_NPS_TALLY(0);

	(void) aggregate_context(fcinfo);
	add_tally(tally, PG_GETARG_NPS_TALLY(1));
	PG_RETURN_POINTER(tally);
}

/*
 * copy_tally
 */
static NpsTally *
copy_tally(const NpsTally *tally)
{
	NpsTally   *copy = palloc(sizeof(NpsTally));

	*copy = *tally;
	return copy;
}

/*
 * nps_tally_plus
 *		All answers of both.
 */
Datum
nps_tally_plus(PG_FUNCTION_ARGS)
{
	NpsTally   *sum = copy_tally(PG_GETARG_NPS_TALLY(0));

	add_tally(sum, PG_GETARG_NPS_TALLY(1));
	PG_RETURN_POINTER(sum);
}

/*
 * nps_tally_minus
 *		Takes answers out of a tally that contains them.
 */
Datum
nps_tally_minus(PG_FUNCTION_ARGS)
{
	NpsTally   *rest = copy_tally(PG_GETARG_NPS_TALLY(0));
	NpsTally   *other = PG_GETARG_NPS_TALLY(1);

	if (nps_all_answers(other) > 0)
		use_scale(rest, other->scale);
	for (int score = 0; score < SCORES; score++)
	{
		rest->counts[score] -= other->counts[score];
		if (rest->counts[score] < 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("the tally does not contain the answers that are taken out: " INT64_FORMAT " of score %d",
							other->counts[score], score)));
	}
	if (nps_all_answers(rest) == 0)
		rest->scale = 0;
	PG_RETURN_POINTER(rest);
}

/*
 * nps_tally_eq
 */
Datum
nps_tally_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(memcmp(PG_GETARG_NPS_TALLY(0), PG_GETARG_NPS_TALLY(1), sizeof(NpsTally)) == 0);
}

/* ------------------------------------------------------------------------------------------------
 * Input and output
 * ------------------------------------------------------------------------------------------------ */

/*
 * tally_is_valid
 *		Counts are not negative, fit 64 bits together, and stand on the scale; without any, the scale is the first one.
 */
static bool
tally_is_valid(NpsTally *tally)
{
	int64		total = 0;

	for (int score = 0; score < SCORES; score++)
	{
		if (tally->counts[score] < 0 || __builtin_add_overflow(total, tally->counts[score], &total))
			return false;
	}
	if (total == 0)
		tally->scale = 0;
	return total == nps_answers_from(tally, nps_scales[tally->scale].range.low, nps_scales[tally->scale].range.high);
}

/*
 * nps_tally_in
 *		Answers by score, as {"6": 2, "9": 5}; the key scale where it is not 0..10.
 */
Datum
nps_tally_in(PG_FUNCTION_ARGS)
{
	JsonInput	input = {.type = "nps_tally", .text = PG_GETARG_CSTRING(0), .escontext = (struct Node *) fcinfo->context};
	NpsTally   *tally = palloc0(sizeof(NpsTally));
	char		scale[8];

	if (!json_open(&input, "{\"6\": 2, \"9\": 5} or {\"scale\": \"1..5\", \"4\": 7}"))
		PG_RETURN_NULL();
	for (int score = 0; score < SCORES; score++)
	{
		char	   *key = psprintf("%d", score);
		JsonbValue *value = json_value(&input, input.object, key);
		int128		answers = 0;

		if (value != NULL)
			json_units(&input, key, value, 0, COUNT_DIGITS, &answers);
		if (answers < 0 || answers > PG_INT64_MAX)
			json_wrong(&input, key);
		tally->counts[score] = (int64) answers;
	}
	json_text(&input, "scale", scale, sizeof(scale));
	tally->scale = scale[0] == '\0' ? 0 : -1;
	for (int i = 0; i < lengthof(nps_scales); i++)
	{
		if (strcmp(scale, nps_scale_name(i)) == 0)
			tally->scale = i;
	}
	if (tally->scale < 0)
		json_wrong(&input, "scale");
	if (json_failed(&input, "Keys are scores of 0 to 10, their values numbers of answers; and scale: 0..10, 1..5, 1..7 or 1..10."))
		PG_RETURN_NULL();
	if (!tally_is_valid(tally))
		ereturn(input.escontext, (Datum) 0,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("value out of range for type nps_tally: \"%s\"", input.text),
				 errhint("All answers are on the scale, and fit 64 bits together.")));
	PG_RETURN_POINTER(tally);
}

/*
 * nps_tally_out
 */
Datum
nps_tally_out(PG_FUNCTION_ARGS)
{
	const NpsTally *tally = PG_GETARG_NPS_TALLY(0);
	StringInfoData text;
	const char *separator = "";

	initStringInfo(&text);
	appendStringInfoChar(&text, '{');
	if (tally->scale != 0)
	{
		appendStringInfo(&text, "\"scale\": \"%s\"", nps_scale_name(tally->scale));
		separator = ", ";
	}
	for (int score = 0; score < SCORES; score++)
	{
		if (tally->counts[score] == 0)
			continue;
		appendStringInfo(&text, "%s\"%d\": " INT64_FORMAT, separator, score, tally->counts[score]);
		separator = ", ";
	}
	appendStringInfoChar(&text, '}');
	PG_RETURN_CSTRING(text.data);
}

/*
 * nps_tally_send
 *		The scale, and the count of each score.
 */
Datum
nps_tally_send(PG_FUNCTION_ARGS)
{
	const NpsTally *tally = PG_GETARG_NPS_TALLY(0);
	StringInfoData buffer;

	pq_begintypsend(&buffer);
	pq_sendint32(&buffer, tally->scale);
	for (int score = 0; score < SCORES; score++)
		pq_sendint64(&buffer, tally->counts[score]);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

/*
 * nps_tally_recv
 */
Datum
nps_tally_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buffer = (StringInfo) PG_GETARG_POINTER(0);
	NpsTally   *tally = palloc0(sizeof(NpsTally));
	uint32		scale = pq_getmsgint(buffer, 4);

	for (int score = 0; score < SCORES; score++)
		tally->counts[score] = pq_getmsgint64(buffer);
	tally->scale = scale;
	if (scale >= lengthof(nps_scales) || !tally_is_valid(tally))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid binary form of nps_tally")));
	PG_RETURN_POINTER(tally);
}
