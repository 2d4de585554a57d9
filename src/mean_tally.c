/*
 * mean_tally.c
 *		The type mean_tally: number, sum and sum of squares of values, from which mean, deviation and interval follow.
 *
 * Values are whole numbers of 10^-12, below 10^28 of them: as many as a count can number do not overflow the sums. So the
 * order of the rows does not matter, not even for errors.
 */
#include "compat.h"

#include <math.h>

#include "common/hashfn.h"
#include "common/int.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/fmgrprotos.h"

#include "decimal.h"
#include "inference.h"
#include "mean_tally.h"

PG_FUNCTION_INFO_V1(mean_tally_in);
PG_FUNCTION_INFO_V1(mean_tally_out);
PG_FUNCTION_INFO_V1(mean_tally_recv);
PG_FUNCTION_INFO_V1(mean_tally_send);
PG_FUNCTION_INFO_V1(mean_tally_accum_numeric);
PG_FUNCTION_INFO_V1(mean_tally_accum_float8);
PG_FUNCTION_INFO_V1(mean_tally_accum_int4);
PG_FUNCTION_INFO_V1(mean_tally_accum_int8);
PG_FUNCTION_INFO_V1(mean_tally_add);
PG_FUNCTION_INFO_V1(mean_tally_eq);
PG_FUNCTION_INFO_V1(mean_tally_ne);
PG_FUNCTION_INFO_V1(mean_tally_hash);
PG_FUNCTION_INFO_V1(mean_tally_observations);
PG_FUNCTION_INFO_V1(mean_tally_total);
PG_FUNCTION_INFO_V1(mean_tally_value);
PG_FUNCTION_INFO_V1(mean_tally_deviation);
PG_FUNCTION_INFO_V1(mean_tally_low);
PG_FUNCTION_INFO_V1(mean_tally_high);

#define SCALE			12
#define LIMIT_DIGITS	16
#define UNIT			INT64CONST(1000000000000)

/* Enough for the digits of all words, a sign and a point. */
#define TEXT_SIZE		96

/* ---------- numbers of several words ---------- */

/*
 * add_words
 */
static inline void
add_words(uint64 *sum, const uint64 *other, int count)
{
	uint128		carry = 0;

	for (int i = 0; i < count; i++)
	{
		carry += (uint128) sum[i] + other[i];
		sum[i] = (uint64) carry;
		carry >>= 64;
	}
}

/*
 * multiply_words
 *		By a small number, and adds another; false where it does not fit.
 */
static bool
multiply_words(uint64 *words, int count, uint64 factor, uint64 more)
{
	uint128		carry = more;

	for (int i = 0; i < count; i++)
	{
		carry += (uint128) words[i] * factor;
		words[i] = (uint64) carry;
		carry >>= 64;
	}
	return carry == 0;
}

static void
negate_words(uint64 *words, int count)
{
	static const uint64 one[SQUARES_WORDS] = {1};

	for (int i = 0; i < count; i++)
		words[i] = ~words[i];
	add_words(words, one, count);
}

/*
 * words_to_text
 *		words / 10^scale, without zeros at the end; returns where it starts in the buffer.
 */
static char *
words_to_text(const uint64 *words, int count, bool is_signed, int scale, char *buffer)
{
	uint64		rest[SQUARES_WORDS];
	bool		negative = is_signed && (words[count - 1] >> 63) != 0;
	char	   *p = buffer + TEXT_SIZE;
	bool		more = true;

	memcpy(rest, words, count * sizeof(uint64));
	if (negative)
		negate_words(rest, count);
	*--p = '\0';
	for (int digits = 0; more || digits <= scale; digits++)
	{
		uint128		remainder = 0;

		more = false;
		for (int i = count - 1; i >= 0; i--)
		{
			remainder = remainder << 64 | rest[i];
			rest[i] = (uint64) (remainder / 10);
			remainder %= 10;
			more |= rest[i] != 0;
		}
		if (digits == scale && *p != '\0')
			*--p = '.';
		if (digits >= scale || remainder != 0 || *p != '\0')
			*--p = '0' + (int) remainder;
	}
	if (negative)
		*--p = '-';
	return p;
}

/*
 * words_from_text
 *		The opposite; returns what follows the number, NULL where there is none or it does not fit.
 */
static const char *
words_from_text(const char *text, uint64 *words, int count, bool is_signed, int scale)
{
	bool		negative = is_signed && *text == '-';
	int			after_point = -1;

	memset(words, 0, count * sizeof(uint64));
	text += negative;
	if (!isdigit((unsigned char) *text))
		return NULL;
	for (; isdigit((unsigned char) *text) || (*text == '.' && after_point < 0); text++)
	{
		if (*text == '.')
			after_point = 0;
		else if ((after_point >= 0 && ++after_point > scale) || !multiply_words(words, count, 10, *text - '0'))
			return NULL;
	}
	for (int i = Max(after_point, 0); i < scale; i++)
	{
		if (!multiply_words(words, count, 10, 0))
			return NULL;
	}
	if (is_signed && (words[count - 1] >> 63) != 0)
		return NULL;
	if (negative)
		negate_words(words, count);
	return text;
}

/* ---------- numeric ---------- */

static Datum
numeric_from_words(const uint64 *words, int count, bool is_signed, int scale)
{
	char		buffer[TEXT_SIZE];

	return DirectFunctionCall3(numeric_in, CStringGetDatum(words_to_text(words, count, is_signed, scale, buffer)),
							   ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
}

static Datum
tally_count(const MeanTally *tally)
{
	return NumericGetDatum(int64_to_numeric(tally->count));
}

static Datum
tally_sum(const MeanTally *tally)
{
	return numeric_from_words(tally->sum, SUM_WORDS, true, SCALE);
}

static Datum
tally_squares(const MeanTally *tally)
{
	return numeric_from_words(tally->squares, SQUARES_WORDS, false, 2 * SCALE);
}

/*
 * tally_spread
 *		n times the sum of squares, less the square of the sum: n^2 times the variance of a population.
 */
static Datum
tally_spread(const MeanTally *tally)
{
	Datum		sum = tally_sum(tally);

	return DirectFunctionCall2(numeric_sub, DirectFunctionCall2(numeric_mul, tally_count(tally), tally_squares(tally)),
							   DirectFunctionCall2(numeric_mul, sum, sum));
}

static double
quotient(Datum a, Datum b)
{
	return DatumGetFloat8(DirectFunctionCall1(numeric_float8, DirectFunctionCall2(numeric_div, a, b)));
}

/*
 * is_valid
 *		Whether there can be such values.
 */
static bool
is_valid(const MeanTally *tally)
{
	static const MeanTally none = {0};
	Datum		zero = NumericGetDatum(int64_to_numeric(0));
	Datum		limit;

	if (tally->count <= 0)
		return memcmp(tally, &none, sizeof(MeanTally)) == 0;
	limit = DirectFunctionCall2(numeric_mul, tally_count(tally),
								DirectFunctionCall3(numeric_in, CStringGetDatum(psprintf("1e%d", 2 * LIMIT_DIGITS)),
													ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
	return DatumGetBool(DirectFunctionCall2(numeric_ge, tally_spread(tally), zero)) &&
		DatumGetBool(DirectFunctionCall2(numeric_lt, tally_squares(tally), limit));
}

/* ---------- input and output ---------- */

/*
 * mean_tally_in
 *		Number, sum and sum of squares: (3,6,14).
 */
Datum
mean_tally_in(PG_FUNCTION_ARGS)
{
	char	   *text = PG_GETARG_CSTRING(0);
	MeanTally  *tally = palloc0(sizeof(MeanTally));
	const char *rest = NULL;
	char	   *comma;

	errno = 0;
	if (*text == '(')
	{
		tally->count = strtoi64(text + 1, &comma, 10);
		if (errno == 0 && comma > text + 1 && *comma == ',')
			rest = words_from_text(comma + 1, tally->sum, SUM_WORDS, true, SCALE);
		if (rest != NULL)
			rest = *rest == ',' ? words_from_text(rest + 1, tally->squares, SQUARES_WORDS, false, 2 * SCALE) : NULL;
	}
	if (rest == NULL || strcmp(rest, ")") != 0)
		ereturn(fcinfo->context, (Datum) 0,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type %s: \"%s\"", "mean_tally", text),
				 errhint("Write the number of values, their sum and their sum of squares: (3,6,14).")));
	if (!is_valid(tally))
		ereturn(fcinfo->context, (Datum) 0,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("no values have the number, sum and sum of squares %s", text)));
	PG_RETURN_POINTER(tally);
}

Datum
mean_tally_out(PG_FUNCTION_ARGS)
{
	const MeanTally *tally = PG_GETARG_MEAN_TALLY(0);
	char		sum[TEXT_SIZE];
	char		squares[TEXT_SIZE];

	PG_RETURN_CSTRING(psprintf("(" INT64_FORMAT ",%s,%s)", tally->count,
							   words_to_text(tally->sum, SUM_WORDS, true, SCALE, sum),
							   words_to_text(tally->squares, SQUARES_WORDS, false, 2 * SCALE, squares)));
}

Datum
mean_tally_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buffer = (StringInfo) PG_GETARG_POINTER(0);
	MeanTally  *tally = palloc(sizeof(MeanTally));

	tally->count = pq_getmsgint64(buffer);
	for (int i = 0; i < SUM_WORDS; i++)
		tally->sum[i] = pq_getmsgint64(buffer);
	for (int i = 0; i < SQUARES_WORDS; i++)
		tally->squares[i] = pq_getmsgint64(buffer);
	if (!is_valid(tally))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("no values have the number, sum and sum of squares of this mean_tally")));
	PG_RETURN_POINTER(tally);
}

Datum
mean_tally_send(PG_FUNCTION_ARGS)
{
	const MeanTally *tally = PG_GETARG_MEAN_TALLY(0);
	StringInfoData buffer;

	pq_begintypsend(&buffer);
	pq_sendint64(&buffer, tally->count);
	for (int i = 0; i < SUM_WORDS; i++)
		pq_sendint64(&buffer, tally->sum[i]);
	for (int i = 0; i < SQUARES_WORDS; i++)
		pq_sendint64(&buffer, tally->squares[i]);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

/* ---------- sums ---------- */

/*
 * add
 *		Adds to a tally, in place where it is the state of an aggregate.
 */
static Datum
add(FunctionCallInfo fcinfo, const MeanTally *other)
{
	MeanTally  *tally = PG_GETARG_MEAN_TALLY(0);

	if (!AggCheckCallContext(fcinfo, NULL))
		tally = memcpy(palloc(sizeof(MeanTally)), tally, sizeof(MeanTally));
	if (unlikely(pg_add_s64_overflow(tally->count, other->count, &tally->count)))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("the number of values of a mean_tally is out of range")));
	add_words(tally->sum, other->sum, SUM_WORDS);
	add_words(tally->squares, other->squares, SQUARES_WORDS);
	PG_RETURN_POINTER(tally);
}

/*
 * add_value
 *		Adds one value, in units, if it is one.
 */
static Datum
add_value(FunctionCallInfo fcinfo, DecimalStatus status, int128 units)
{
	uint128		size = units < 0 ? -(uint128) units : (uint128) units;
	uint64		low = (uint64) size;
	uint64		high = (uint64) (size >> 64);	/* below 2^30 */
	uint128		middle = (uint128) low * high * 2;
	uint128		carry = (uint128) low * low;
	MeanTally	one = {1};

	if (unlikely(status != DECIMAL_OK))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 status == DECIMAL_TOO_LARGE ? errmsg("value is too large for mean_tally")
				 : errmsg("mean_tally cannot take %s", status == DECIMAL_NAN ? "NaN" : "an infinite value"),
				 status == DECIMAL_TOO_LARGE ? errhint("Values must be below 10^%d: express them in a larger unit.", LIMIT_DIGITS)
				 : errhint("Filter such values out, or turn them into NULL: nullif(value, 'NaN').")));

	one.sum[0] = (uint64) units;
	one.sum[1] = (uint64) (units >> 64);
	one.sum[2] = units < 0 ? PG_UINT64_MAX : 0;
	one.squares[0] = (uint64) carry;
	carry = (carry >> 64) + (uint64) middle;
	one.squares[1] = (uint64) carry;
	carry = (carry >> 64) + (middle >> 64) + high * high;
	one.squares[2] = (uint64) carry;
	one.squares[3] = (uint64) (carry >> 64);
	return add(fcinfo, &one);
}

/*
 * mean_tally_accum_...
 *		Adds one value: (state, value).
 */
Datum
mean_tally_accum_numeric(PG_FUNCTION_ARGS)
{
	int128		units = 0;
	DecimalStatus status = decimal_from_numeric(PG_GETARG_DATUM(1), SCALE, LIMIT_DIGITS, true, &units);

	return add_value(fcinfo, status, units);
}

Datum
mean_tally_accum_float8(PG_FUNCTION_ARGS)
{
	int128		units = 0;
	DecimalStatus status = decimal_from_float8(PG_GETARG_FLOAT8(1), SCALE, LIMIT_DIGITS, &units);

	return add_value(fcinfo, status, units);
}

Datum
mean_tally_accum_int4(PG_FUNCTION_ARGS)
{
	return add_value(fcinfo, DECIMAL_OK, (int128) PG_GETARG_INT32(1) * UNIT);
}

Datum
mean_tally_accum_int8(PG_FUNCTION_ARGS)
{
	int128		units = (int128) PG_GETARG_INT64(1) * UNIT;
	int128		limit = (int128) UNIT * INT64CONST(10000000000000000);

	return add_value(fcinfo, units > -limit && units < limit ? DECIMAL_OK : DECIMAL_TOO_LARGE, units);
}

/*
 * mean_tally_add
 *		The operator +, and what merges states.
 */
Datum
mean_tally_add(PG_FUNCTION_ARGS)
{
	return add(fcinfo, PG_GETARG_MEAN_TALLY(1));
}

/* ---------- comparison ---------- */

static bool
same(FunctionCallInfo fcinfo)
{
	return memcmp(PG_GETARG_POINTER(0), PG_GETARG_POINTER(1), sizeof(MeanTally)) == 0;
}

Datum
mean_tally_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(same(fcinfo));
}

Datum
mean_tally_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(!same(fcinfo));
}

Datum
mean_tally_hash(PG_FUNCTION_ARGS)
{
	return hash_any((unsigned char *) PG_GETARG_POINTER(0), sizeof(MeanTally));
}

/* ---------- measures ---------- */

double
mean_tally_mean(const MeanTally *tally)
{
	return tally->count > 0 ? quotient(tally_sum(tally), tally_count(tally)) : get_float8_nan();
}

double
mean_tally_variance(const MeanTally *tally)
{
	if (tally->count < 2)
		return get_float8_nan();
	return quotient(tally_spread(tally), DirectFunctionCall2(numeric_mul, tally_count(tally),
															  NumericGetDatum(int64_to_numeric(tally->count - 1))));
}

double
mean_tally_minus(const MeanTally *a, const MeanTally *b)
{
	if (a->count == 0 || b->count == 0)
		return get_float8_nan();
	return quotient(DirectFunctionCall2(numeric_sub, DirectFunctionCall2(numeric_mul, tally_sum(a), tally_count(b)),
										DirectFunctionCall2(numeric_mul, tally_sum(b), tally_count(a))),
					DirectFunctionCall2(numeric_mul, tally_count(a), tally_count(b)));
}

Datum
mean_tally_observations(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(PG_GETARG_MEAN_TALLY(0)->count);
}

Datum
mean_tally_total(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(tally_sum(PG_GETARG_MEAN_TALLY(0)));
}

Datum
mean_tally_value(PG_FUNCTION_ARGS)
{
	const MeanTally *tally = PG_GETARG_MEAN_TALLY(0);

	if (tally->count == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(mean_tally_mean(tally));
}

Datum
mean_tally_deviation(PG_FUNCTION_ARGS)
{
	const MeanTally *tally = PG_GETARG_MEAN_TALLY(0);

	if (tally->count < 2)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(sqrt(mean_tally_variance(tally)));
}

/*
 * bound
 *		(tally, confidence): the mean and so many times what Student's distribution says.
 */
static Datum
bound(FunctionCallInfo fcinfo, int side)
{
	const MeanTally *tally = PG_GETARG_MEAN_TALLY(0);
	double		t = confidence_t(PG_GETARG_FLOAT8(1), Max(tally->count - 1, 1));

	if (tally->count < 2)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(mean_tally_mean(tally) + side * t * sqrt(mean_tally_variance(tally) / tally->count));
}

Datum
mean_tally_low(PG_FUNCTION_ARGS)
{
	return bound(fcinfo, -1);
}

Datum
mean_tally_high(PG_FUNCTION_ARGS)
{
	return bound(fcinfo, 1);
}
