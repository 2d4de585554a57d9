/*
 * decimal.c
 *		Exact decimal numbers as 128-bit integers.
 *
 * A numeric on disk is a header (sign, display scale, weight of its first digit) followed by digits in
 * base 10,000, each two bytes. Reading them directly is some twenty times faster than going through text,
 * and every purchase comes by here.
 */
#include "compat.h"

#include <math.h>

#include "common/int.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "decimal.h"

/* The header of a numeric on disk (stable since PostgreSQL 9.1). */
#define HEADER_KIND			0xC000	/* positive, negative, short or special */
#define HEADER_NEGATIVE		0x4000
#define HEADER_SHORT		0x8000
#define HEADER_SPECIAL		0xC000
#define HEADER_NAN			0xC000
#define SHORT_NEGATIVE		0x2000
#define SHORT_WEIGHT_SIGN	0x0040
#define SHORT_WEIGHT_MASK	0x003F

#define BASE_DIGITS 4			/* decimal digits in a digit of base 10,000 */

/*
 * power_of_ten
 *		10^n as a 128-bit integer, 0 <= n <= 38.
 */
static inline int128
power_of_ten(int n)
{
	static const int64 powers[] = {
		INT64CONST(1), INT64CONST(10), INT64CONST(100), INT64CONST(1000), INT64CONST(10000),
		INT64CONST(100000), INT64CONST(1000000), INT64CONST(10000000), INT64CONST(100000000),
		INT64CONST(1000000000), INT64CONST(10000000000), INT64CONST(100000000000),
		INT64CONST(1000000000000), INT64CONST(10000000000000), INT64CONST(100000000000000),
		INT64CONST(1000000000000000), INT64CONST(10000000000000000),
		INT64CONST(100000000000000000), INT64CONST(1000000000000000000)
	};

	Assert(n >= 0 && n <= 38);
	if (n <= 18)
		return powers[n];
	if (n <= 36)
		return (int128) powers[18] * powers[n - 18];
	return (int128) powers[18] * powers[18] * powers[n - 36];
}

/*
 * numeric_digit
 *		One digit of base 10,000; the bytes may be unaligned.
 */
static inline int
numeric_digit(const char *digits, int i)
{
	int16		digit;

	memcpy(&digit, digits + i * sizeof(int16), sizeof(int16));
	return digit;
}

/*
 * decimal_from_numeric
 *		Units of 10^-scale of a numeric, exact or rounded half away from zero.
 */
DecimalStatus
decimal_from_numeric(Datum value, int scale, int limit_digits, bool round, int128 *units)
{
	struct varlena *datum = PG_DETOAST_DATUM_PACKED(value);
	const char *data = VARDATA_ANY(datum);
	int			size = VARSIZE_ANY_EXHDR(datum);
	int			groups = (scale + BASE_DIGITS - 1) / BASE_DIGITS;
	int			surplus = groups * BASE_DIGITS - scale;
	uint16		header;
	bool		negative;
	int			weight;
	int			ndigits;
	int			used;
	int			divisor = (int) power_of_ten(surplus);
	int			rest;			/* what is cut off, in units of 10^-groups*4 */
	bool		finer = false;
	int128		v = 0;

	Assert(limit_digits + groups * BASE_DIGITS <= 37);
	memcpy(&header, data, sizeof(header));
	if ((header & HEADER_KIND) == HEADER_SPECIAL)
		return header == HEADER_NAN ? DECIMAL_NAN : DECIMAL_INFINITE;
	if ((header & HEADER_KIND) == HEADER_SHORT)
	{
		negative = (header & SHORT_NEGATIVE) != 0;
		weight = header & SHORT_WEIGHT_MASK;
		if (header & SHORT_WEIGHT_SIGN)
			weight -= SHORT_WEIGHT_MASK + 1;
		data += sizeof(uint16);
		size -= sizeof(uint16);
	}
	else
	{
		int16		long_weight;

		negative = (header & HEADER_KIND) == HEADER_NEGATIVE;
		memcpy(&long_weight, data + sizeof(uint16), sizeof(long_weight));
		weight = long_weight;
		data += 2 * sizeof(uint16);
		size -= 2 * sizeof(uint16);
	}
	ndigits = size / (int) sizeof(int16);

	/* Digits are normalised: the first one is not zero, so it tells how many stand before the point. */
	if (ndigits == 0)
	{
		*units = 0;
		return DECIMAL_OK;
	}
	if ((weight + 1) * BASE_DIGITS > limit_digits)
	{
		int			first = numeric_digit(data, 0);

		if (weight * BASE_DIGITS + 1 + (first >= 10) + (first >= 100) + (first >= 1000) > limit_digits)
			return DECIMAL_TOO_LARGE;
	}

	/* The digits down to the last group that the scale needs; those that are not there are zeros. */
	used = weight + 1 + groups;
	if (weight <= 1 && groups <= 2)
	{
		uint64		fast = 0;
		uint64		whole;

		for (int i = 0; i < used; i++)
			fast = fast * 10000 + (i < ndigits ? numeric_digit(data, i) : 0);

		/* That of money in millionths is by a constant, and so a multiplication. */
		whole = divisor == 100 ? fast / 100 : fast / divisor;
		rest = (int) (fast - whole * divisor);
		v = whole;
	}
	else
	{
		for (int i = 0; i < used; i++)
			v = v * 10000 + (i < ndigits ? numeric_digit(data, i) : 0);
		rest = (int) (v % divisor);
		v /= divisor;
	}
	for (int i = Max(used, 0); i < ndigits && !finer; i++)
		finer = numeric_digit(data, i) != 0;
	if (round)
	{
		/* With no surplus the digit that decides opens the next group. */
		if (surplus > 0 ? rest >= divisor / 2
			: used >= 0 && used < ndigits && numeric_digit(data, used) >= 5000)
			v++;
	}
	else if (rest != 0 || finer)
		return DECIMAL_TOO_FINE;

	if (v >= power_of_ten(limit_digits + scale))
		return DECIMAL_TOO_LARGE;
	*units = negative ? -v : v;
	return DECIMAL_OK;
}

/*
 * decimal_from_float8
 *		Units of 10^-scale of a double: what round(value::numeric, scale) gives.
 */
DecimalStatus
decimal_from_float8(double value, int scale, int limit_digits, int128 *units)
{
	if (isnan(value))
		return DECIMAL_NAN;
	if (isinf(value))
		return DECIMAL_INFINITE;

	/* Integers, in a column that happens to be a float. */
	if (fabs(value) < 1e15 && value == rint(value) && limit_digits >= 15)
	{
		*units = (int64) value * power_of_ten(scale);
		return DECIMAL_OK;
	}

	/*
	 * A product far from a tie rounds the same way whatever its last bits are, and whether or not it is first cut to 15
	 * significant digits. That is nearly every amount; the others go through numeric.
	 */
	if (fabs(value) < (scale <= 6 ? 1e6 : 1e3) && scale <= 12)
	{
		double		scaled = value * (double) power_of_ten(scale);
		double		nearest = rint(scaled);

		if (fabs(scaled - nearest) < 0.43)
		{
			*units = (int64) nearest;
			return DECIMAL_OK;
		}
	}

	/* At most six digits after the point, as most have: the number of no more than 15 digits that reads back as the value. */
	if (fabs(value) < 1e9 && scale > 6)
	{
		double		millionths = rint(value * 1e6);

		if (millionths / 1e6 == value)
		{
			*units = (int64) millionths * power_of_ten(scale - 6);
			return DECIMAL_OK;
		}
	}
	return decimal_from_numeric(DirectFunctionCall1(float8_numeric, Float8GetDatum(value)),
								scale, limit_digits, true, units);
}

/*
 * format_units
 *		The digits of units in decimal; returns where they start in the buffer.
 */
static char *
format_units(int128 units, char *buffer, int size)
{
	bool		negative = units < 0;
	uint128		rest = negative ? -(uint128) units : (uint128) units;
	char	   *p = buffer + size;

	*--p = '\0';
	do
	{
		*--p = '0' + (int) (rest % 10);
		rest /= 10;
	} while (rest > 0);
	if (negative)
		*--p = '-';
	return p;
}

/*
 * decimal_to_numeric
 *		units / 10^scale as a numeric.
 */
Numeric
decimal_to_numeric(int128 units, int scale, bool trim)
{
	char		digits[48];
	char	   *text;

	if (units >= PG_INT64_MIN && units <= PG_INT64_MAX)
	{
		int64		small = (int64) units;

		for (; trim && scale > 0 && small % 10 == 0; scale--)
			small /= 10;
		return scale == 0 ? int64_to_numeric(small) : int64_div_fast_to_numeric(small, scale);
	}
	for (; trim && scale > 0 && units % 10 == 0; scale--)
		units /= 10;

	text = psprintf("%se-%d", format_units(units, digits, sizeof(digits)), scale);
	return DatumGetNumeric(DirectFunctionCall3(numeric_in, CStringGetDatum(text),
											   ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
}

/*
 * decimal_ratio
 *		a / b, with as many digits as numeric division gives.
 */
Numeric
decimal_ratio(int128 a, int128 b)
{
	Assert(b != 0);
	return DatumGetNumeric(DirectFunctionCall2(numeric_div,
											   NumericGetDatum(decimal_to_numeric(a, 0, false)),
											   NumericGetDatum(decimal_to_numeric(b, 0, false))));
}

/*
 * score_units_error
 *		The error for a value that cannot be ranked.
 */
static void
score_units_error(DecimalStatus status, const char *function_name)
{
	if (status == DECIMAL_TOO_LARGE)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("value is too large for %s", function_name),
				 errdetail("Values must be below 10^%d.", SCORE_LIMIT_DIGITS),
				 errhint("Express the values in a larger unit.")));
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("%s cannot rank %s", function_name, status == DECIMAL_NAN ? "NaN" : "an infinite value"),
			 errhint("Filter such values out, or turn them into NULL: nullif(value, 'NaN').")));
}

/*
 * score_units_from_numeric
 *		Units of a numeric that is to be ranked.
 */
int128
score_units_from_numeric(Datum value, const char *function_name)
{
	int128		units = 0;
	DecimalStatus status = decimal_from_numeric(value, SCORE_SCALE, SCORE_LIMIT_DIGITS, true, &units);

	if (status != DECIMAL_OK)
		score_units_error(status, function_name);
	return units;
}

/*
 * score_units_from_float8
 *		Units of a double that is to be ranked.
 */
int128
score_units_from_float8(double value, const char *function_name)
{
	int128		units = 0;
	DecimalStatus status = decimal_from_float8(value, SCORE_SCALE, SCORE_LIMIT_DIGITS, &units);

	if (status != DECIMAL_OK)
		score_units_error(status, function_name);
	return units;
}
