/*
 * rating_tally.c
 *		The type rating_tally: how answers are counted by rating and weighted, and how a tally is read and written.
 *
 * The aggregates keep their state as a value of the type itself, counted up in place.
 */
#include "compat.h"

#include "libpq/pqformat.h"
#include "nodes/nodes.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"

#include "aggregate.h"
#include "decimal.h"
#include "json_input.h"
#include "rating_tally.h"

PG_FUNCTION_INFO_V1(rating_tally_in);
PG_FUNCTION_INFO_V1(rating_tally_out);
PG_FUNCTION_INFO_V1(rating_tally_recv);
PG_FUNCTION_INFO_V1(rating_tally_send);
PG_FUNCTION_INFO_V1(rating_tally_eq);
PG_FUNCTION_INFO_V1(rating_tally_plus);
PG_FUNCTION_INFO_V1(rating_tally_minus);
PG_FUNCTION_INFO_V1(rating_tally_accum_int2);
PG_FUNCTION_INFO_V1(rating_tally_accum_int4);
PG_FUNCTION_INFO_V1(rating_tally_accum);
PG_FUNCTION_INFO_V1(rating_tally_accum_answers);
PG_FUNCTION_INFO_V1(rating_tally_accum_weight);
PG_FUNCTION_INFO_V1(rating_tally_combine);
PG_FUNCTION_INFO_V1(rating_tally_final);

/* The slots of a new state; most scales fit. */
#define FIRST_LOW	1
#define FIRST_HIGH	5

/* Weights are below 10^6, the squares of all answers of one rating below 10^17. */
#define WEIGHT_DIGITS	6
#define SQUARE_DIGITS	17

/* ------------------------------------------------------------------------------------------------
 * Counting
 * ------------------------------------------------------------------------------------------------ */

/*
 * rating_answers
 */
int64
rating_answers(const RatingTally *tally)
{
	int64		sum = 0;

	for (int i = 0; i < tally->slots; i++)
		sum += tally->counts[i];
	return sum;
}

/*
 * weight_of
 *		The weights of a slot: answers without one weigh 1.
 */
static RatingWeight
weight_of(const RatingTally *tally, int slot)
{
	if (tally->weighted)
		return RATING_WEIGHTS(tally)[slot];
	return (RatingWeight) {(int128) tally->counts[slot] * WEIGHT_UNIT, (int128) tally->counts[slot] * SQUARE_UNIT};
}

/*
 * square_limit
 *		No sum of squares may reach it.
 */
static inline int128
square_limit(void)
{
	return (int128) SQUARE_UNIT * INT64CONST(100000000000000000);
}

/*
 * check_squares
 */
static void
check_squares(const RatingWeight *weight)
{
	if (weight->squares >= square_limit())
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("the squares of the weights are out of range for rating_tally"),
				 errhint("Divide the weights by their mean: only how they compare to each other matters.")));
}

/*
 * copy_slots
 *		A copy with slots from low to high, weighted or not; what has no slot in it is left out.
 */
static RatingTally *
copy_slots(const RatingTally *tally, int low, int high, bool weighted)
{
	int			slots = high - low + 1;
	Size		size = RATING_TALLY_SIZE(slots, weighted);
	RatingTally *copy = palloc0(size);

	SET_VARSIZE(copy, size);
	copy->low = low;
	copy->slots = slots;
	copy->weighted = weighted;
	for (int i = 0; i < slots; i++)
	{
		int			from = low + i - tally->low;

		if (from < 0 || from >= tally->slots)
			continue;
		copy->counts[i] = tally->counts[from];
		if (weighted)
		{
			RATING_WEIGHTS(copy)[i] = weight_of(tally, from);
			check_squares(&RATING_WEIGHTS(copy)[i]);
		}
	}
	return copy;
}

/*
 * empty_tally
 */
static RatingTally *
empty_tally(void)
{
	return copy_slots(&(RatingTally) {0}, 0, -1, false);
}

/*
 * make_room
 *		The tally itself where it has slots from low to high, and weights where they are needed; else a copy that has. The
 *		executor moves a state that is a copy to the memory of the aggregate.
 */
static RatingTally *
make_room(RatingTally *tally, int low, int high, bool weighted)
{
	if (tally->slots == 0)
	{
		low = Min(low, FIRST_LOW);
		high = Max(high, FIRST_HIGH);
	}
	else
	{
		low = Min(low, tally->low);
		high = Max(high, tally->low + tally->slots - 1);
	}
	weighted = weighted || tally->weighted;
	if (high - low + 1 == tally->slots && weighted == tally->weighted)
		return tally;
	return copy_slots(tally, low, high, weighted);
}

/*
 * canonical
 *		The stored form: a copy without empty slots at either end, and without weights that are all 1.
 */
static RatingTally *
canonical(const RatingTally *tally)
{
	int			first = 0;
	int			last = tally->slots - 1;
	bool		weighted = false;

	while (first <= last && tally->counts[first] == 0)
		first++;
	while (last >= first && tally->counts[last] == 0)
		last--;
	if (first > last)
		return empty_tally();

	/* Weights whose sum and sum of squares are their number are all 1. */
	for (int i = first; tally->weighted && i <= last; i++)
	{
		RatingWeight weight = weight_of(tally, i);

		weighted = weighted || weight.sum != (int128) tally->counts[i] * WEIGHT_UNIT ||
			weight.squares != (int128) tally->counts[i] * SQUARE_UNIT;
	}
	return copy_slots(tally, tally->low + first, tally->low + last, weighted);
}

/*
 * weight_is_valid
 *		Can so many answers have these weights? Their squares lie between those of equal weights and that of one which has all.
 */
static bool
weight_is_valid(int64 answers, const RatingWeight *weight)
{
	double		sum = (double) weight->sum;
	double		squares = (double) weight->squares;

	if (answers < 0 || weight->sum < 0 || weight->squares < 0 || weight->squares >= square_limit() ||
		weight->sum > (int128) WEIGHT_UNIT * PG_INT64_MAX)
		return false;
	if (answers == 0)
		return weight->sum == 0 && weight->squares == 0;
	return squares <= sum * sum * (1 + 1e-9) && sum * sum <= squares * answers * (1 + 1e-9);
}

/*
 * add_to_slot
 *		Adds answers and their weights to the slot of a rating, which is there; total is that of the tally before.
 */
static void
add_to_slot(RatingTally *tally, int rating, int64 answers, const RatingWeight *weight, int64 total)
{
	int			slot = rating - tally->low;

	if (answers > PG_INT64_MAX - total)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("too many answers for rating_tally")));
	tally->counts[slot] += answers;
	if (tally->weighted)
	{
		RatingWeight *sums = &RATING_WEIGHTS(tally)[slot];

		sums->sum += weight->sum;
		sums->squares += weight->squares;
		check_squares(sums);
	}
}

/*
 * add_tally
 *		Adds all answers of another tally.
 */
static RatingTally *
add_tally(RatingTally *tally, const RatingTally *other)
{
	int64		total;

	if (other->slots == 0)
		return tally;
	tally = make_room(tally, other->low, other->low + other->slots - 1, other->weighted);
	total = rating_answers(tally);
	for (int i = 0; i < other->slots; i++)
	{
		RatingWeight weight = weight_of(other, i);

		add_to_slot(tally, other->low + i, other->counts[i], &weight, total);
		total += other->counts[i];
	}
	return tally;
}

/*
 * aggregate_state
 *		The state of the running aggregate. The transition functions are strict, so that there is one.
 */
static RatingTally *
aggregate_state(FunctionCallInfo fcinfo)
{
	(void) aggregate_context(fcinfo);
	return PG_GETARG_RATING_TALLY(0);
}

/*
 * add_rating
 *		The state with more answers of a rating.
 */
static RatingTally *
add_rating(RatingTally *tally, int rating, int64 answers, const RatingWeight *weight)
{
	tally = make_room(tally, rating, rating, false);
	add_to_slot(tally, rating, answers, weight, rating_answers(tally));
	return tally;
}

/*
 * rating_tally_accum
 *		(tally, rating of any type)
 */
Datum
rating_tally_accum(PG_FUNCTION_ARGS)
{
	static const RatingWeight one = {WEIGHT_UNIT, SQUARE_UNIT};
	RatingTally *tally = aggregate_state(fcinfo);

	PG_RETURN_POINTER(add_rating(tally, read_rating(rating_reader(fcinfo, 1, true), PG_GETARG_DATUM(1), &any_scale), 1, &one));
}

/*
 * count_rating
 *		One more answer. This is done for every row, so that it is kept short: what is out of the ordinary takes the general way.
 */
static inline Datum
count_rating(FunctionCallInfo fcinfo, int rating)
{
	if (likely(fcinfo->context != NULL && IsA(fcinfo->context, AggState)))
	{
		RatingTally *tally = PG_GETARG_RATING_TALLY(0);
		int64		slot = (int64) rating - tally->low;

		if (likely(slot >= 0 && slot < tally->slots && !tally->weighted))
		{
			tally->counts[slot]++;
			PG_RETURN_POINTER(tally);
		}
	}
	return rating_tally_accum(fcinfo);
}

/*
 * rating_tally_accum_int2, rating_tally_accum_int4
 *		(tally, rating)
 */
Datum
rating_tally_accum_int2(PG_FUNCTION_ARGS)
{
	return count_rating(fcinfo, PG_GETARG_INT16(1));
}

Datum
rating_tally_accum_int4(PG_FUNCTION_ARGS)
{
	return count_rating(fcinfo, PG_GETARG_INT32(1));
}

/*
 * rating_tally_accum_answers
 *		(tally, rating, answers)
 */
Datum
rating_tally_accum_answers(PG_FUNCTION_ARGS)
{
	RatingTally *tally = aggregate_state(fcinfo);
	int			rating = read_rating(rating_reader(fcinfo, 1, true), PG_GETARG_DATUM(1), &any_scale);
	int64		answers = read_answers(fcinfo, 2);
	RatingWeight weight = {(int128) answers * WEIGHT_UNIT, (int128) answers * SQUARE_UNIT};

	PG_RETURN_POINTER(add_rating(tally, rating, answers, &weight));
}

/*
 * read_weight
 *		A weight of either type in units, rounded to the 9th digit.
 */
static RatingWeight
read_weight(const RatingReader *reader, Datum value)
{
	Datum		number = reader->float8_weight ? DirectFunctionCall1(float8_numeric, value) : value;
	int128		units = 0;

	if (decimal_from_numeric(number, WEIGHT_SCALE, WEIGHT_DIGITS, true, &units) != DECIMAL_OK || units < 0)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("weight is out of range: %s", DatumGetCString(DirectFunctionCall1(numeric_out, number))),
				 errhint("Weights are at least 0 and below 10^%d.", WEIGHT_DIGITS)));
	return (RatingWeight) {units, units * units};
}

/*
 * rating_tally_accum_weight
 *		(tally, rating, weight)
 */
Datum
rating_tally_accum_weight(PG_FUNCTION_ARGS)
{
	RatingTally *tally = aggregate_state(fcinfo);
	const RatingReader *reader = rating_reader(fcinfo, 1, true);
	int			rating = read_rating(reader, PG_GETARG_DATUM(1), &any_scale);
	RatingWeight weight = read_weight(reader, PG_GETARG_DATUM(2));

	PG_RETURN_POINTER(add_rating(make_room(tally, rating, rating, true), rating, 1, &weight));
}

/*
 * rating_tally_combine
 *		Adds the second state to the first; also the transition function of rollup.
 */
Datum
rating_tally_combine(PG_FUNCTION_ARGS)
{
	RatingTally *tally = aggregate_state(fcinfo);

	PG_RETURN_POINTER(add_tally(tally, PG_GETARG_RATING_TALLY(1)));
}

/*
 * rating_tally_final
 *		The canonical form of a state.
 */
Datum
rating_tally_final(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(canonical(PG_GETARG_RATING_TALLY(0)));
}

/*
 * rating_tally_plus
 *		All answers of both.
 */
Datum
rating_tally_plus(PG_FUNCTION_ARGS)
{
	RatingTally *sum = empty_tally();

	sum = add_tally(sum, PG_GETARG_RATING_TALLY(0));
	PG_RETURN_POINTER(canonical(add_tally(sum, PG_GETARG_RATING_TALLY(1))));
}

/*
 * rating_tally_minus
 *		Takes answers out of a tally that contains them.
 */
Datum
rating_tally_minus(PG_FUNCTION_ARGS)
{
	const RatingTally *tally = PG_GETARG_RATING_TALLY(0);
	const RatingTally *other = PG_GETARG_RATING_TALLY(1);
	RatingTally *rest = canonical(tally);

	if (other->slots > 0)
		rest = copy_slots(rest, Min(rest->low, other->low), Max(rest->low + rest->slots, other->low + other->slots) - 1,
						  rest->weighted || other->weighted);
	for (int i = 0; i < other->slots; i++)
	{
		int			slot = other->low + i - rest->low;
		bool		contained;

		rest->counts[slot] -= other->counts[i];
		contained = rest->counts[slot] >= 0;
		if (rest->weighted)
		{
			RatingWeight *left = &RATING_WEIGHTS(rest)[slot];
			RatingWeight out = weight_of(other, i);

			left->sum -= out.sum;
			left->squares -= out.squares;
			contained = contained && weight_is_valid(rest->counts[slot], left);
		}
		if (!contained)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("the tally does not contain the answers that are taken out: " INT64_FORMAT " of %d",
							other->counts[i], other->low + i)));
	}
	PG_RETURN_POINTER(canonical(rest));
}

/*
 * rating_tally_eq
 */
Datum
rating_tally_eq(PG_FUNCTION_ARGS)
{
	const RatingTally *a = PG_GETARG_RATING_TALLY(0);
	const RatingTally *b = PG_GETARG_RATING_TALLY(1);

	PG_RETURN_BOOL(VARSIZE(a) == VARSIZE(b) && memcmp(a, b, VARSIZE(a)) == 0);
}

/* ------------------------------------------------------------------------------------------------
 * Input and output
 * ------------------------------------------------------------------------------------------------ */

/*
 * read_entry
 *		The answers of a rating: how many, or an array of that, their weight and its squares. False, and the key is wrong, for
 *		anything else.
 */
static bool
read_entry(JsonInput *input, const char *key, const JsonbValue *value, int64 room, int64 *answers, RatingWeight *weight)
{
	JsonbContainer *numbers = value->type == jbvNumeric ? NULL : json_array(input, key, value, 3);
	int128		count = 0;

	if (numbers == NULL && value->type != jbvNumeric)
		return false;
	json_units(input, key, numbers ? getIthJsonbValueFromContainer(numbers, 0) : value, 0, COUNT_DIGITS, &count);
	if (count < 0 || count > room)
		json_wrong(input, key);
	*weight = (RatingWeight) {count * WEIGHT_UNIT, count * SQUARE_UNIT};
	if (numbers != NULL)
	{
		json_units(input, key, getIthJsonbValueFromContainer(numbers, 1), WEIGHT_SCALE, 25, &weight->sum);
		json_units(input, key, getIthJsonbValueFromContainer(numbers, 2), SQUARE_SCALE, SQUARE_DIGITS, &weight->squares);
	}
	*answers = (int64) count;
	if (input->wrong == NULL && numbers != NULL && !weight_is_valid(*answers, weight))
		json_wrong(input, key);
	return input->wrong == NULL;
}

/*
 * rating_tally_in
 *		Answers by rating, as {"4": 7, "5": 20}; of weighted ones {"4": [7, 6.5, 6.1]}.
 */
Datum
rating_tally_in(PG_FUNCTION_ARGS)
{
	JsonInput	input = {.type = "rating_tally", .text = PG_GETARG_CSTRING(0), .escontext = (struct Node *) fcinfo->context};
	RatingTally *tally = empty_tally();
	int64		total = 0;

	if (!json_open(&input, "{\"4\": 7, \"5\": 20}"))
		PG_RETURN_NULL();
	for (int rating = RATING_LOW; rating <= RATING_HIGH; rating++)
	{
		char	   *key = psprintf("%d", rating);
		JsonbValue *value = json_value(&input, input.object, key);
		RatingWeight weight;
		int64		answers;

		if (value != NULL && read_entry(&input, key, value, PG_INT64_MAX - total, &answers, &weight))
		{
			tally = make_room(tally, rating, rating, value->type != jbvNumeric);
			add_to_slot(tally, rating, answers, &weight, total);
			total += answers;
		}
	}
	if (json_failed(&input, "Keys are ratings of -100 to 100, their values numbers of answers; of weighted ones [answers, sum of weights, sum of their squares]."))
		PG_RETURN_NULL();
	PG_RETURN_POINTER(canonical(tally));
}

/*
 * decimal_text
 */
static char *
decimal_text(int128 units, int scale)
{
	return DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(decimal_to_numeric(units, scale, true))));
}

/*
 * rating_tally_out
 */
Datum
rating_tally_out(PG_FUNCTION_ARGS)
{
	const RatingTally *tally = PG_GETARG_RATING_TALLY(0);
	StringInfoData text;
	const char *separator = "";

	initStringInfo(&text);
	appendStringInfoChar(&text, '{');
	for (int i = 0; i < tally->slots; i++)
	{
		RatingWeight weight = weight_of(tally, i);

		if (tally->counts[i] == 0)
			continue;
		appendStringInfo(&text, "%s\"%d\": ", separator, tally->low + i);
		if (weight.sum == (int128) tally->counts[i] * WEIGHT_UNIT && weight.squares == (int128) tally->counts[i] * SQUARE_UNIT)
			appendStringInfo(&text, INT64_FORMAT, tally->counts[i]);
		else
			appendStringInfo(&text, "[" INT64_FORMAT ", %s, %s]", tally->counts[i],
							 decimal_text(weight.sum, WEIGHT_SCALE),
							 decimal_text(weight.squares, SQUARE_SCALE));
		separator = ", ";
	}
	appendStringInfoChar(&text, '}');
	PG_RETURN_CSTRING(text.data);
}

/*
 * rating_tally_send
 *		The lowest rating, the number of slots, whether there are weights; then the slots.
 */
Datum
rating_tally_send(PG_FUNCTION_ARGS)
{
	const RatingTally *tally = PG_GETARG_RATING_TALLY(0);
	StringInfoData buffer;

	pq_begintypsend(&buffer);
	pq_sendint16(&buffer, tally->low);
	pq_sendbyte(&buffer, tally->slots);
	pq_sendbyte(&buffer, tally->weighted);
	for (int i = 0; i < tally->slots; i++)
	{
		pq_sendint64(&buffer, tally->counts[i]);
		if (tally->weighted)
		{
			send_int128(&buffer, RATING_WEIGHTS(tally)[i].sum);
			send_int128(&buffer, RATING_WEIGHTS(tally)[i].squares);
		}
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

/*
 * rating_tally_recv
 *		Checked, and made canonical.
 */
Datum
rating_tally_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buffer = (StringInfo) PG_GETARG_POINTER(0);
	int			low = (int16) pq_getmsgint(buffer, 2);
	int			slots = pq_getmsgbyte(buffer);
	bool		weighted = pq_getmsgbyte(buffer) != 0;
	RatingTally *tally;
	int64		total = 0;
	bool		valid = low >= RATING_LOW && low + slots - 1 <= RATING_HIGH;

	tally = copy_slots(&(RatingTally) {0}, low, low + slots - 1, weighted);
	for (int i = 0; i < slots; i++)
	{
		tally->counts[i] = pq_getmsgint64(buffer);
		valid = valid && tally->counts[i] >= 0 && !__builtin_add_overflow(total, tally->counts[i], &total);
		if (weighted)
		{
			RatingWeight *weight = &RATING_WEIGHTS(tally)[i];

			weight->sum = receive_int128(buffer);
			weight->squares = receive_int128(buffer);
			valid = valid && weight_is_valid(tally->counts[i], weight);
		}
	}
	if (!valid)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid binary form of rating_tally")));
	PG_RETURN_POINTER(canonical(tally));
}
