/*
 * decimal.h
 *		Exact decimal numbers as 128-bit integers: "units" of 10^-scale.
 *
 * Money and scores are computed in units, never in floats; numeric stands only at the doors.
 */
#ifndef PG_CUSTOMER_DECIMAL_H
#define PG_CUSTOMER_DECIMAL_H

#include "compat.h"
#include "utils/numeric.h"

/* Values that are ranked or summed over a population are kept to the 12th digit after the point. */
#define SCORE_SCALE 12

/* No value may reach 10^25. Fewer than twenty that large fit a sum at SCORE_SCALE, so sums are checked. */
#define SCORE_LIMIT_DIGITS 25

typedef enum DecimalStatus
{
	DECIMAL_OK,
	DECIMAL_NAN,
	DECIMAL_INFINITE,
	DECIMAL_TOO_FINE,			/* a non-zero digit past the scale */
	DECIMAL_TOO_LARGE			/* 10^limit_digits or more */
} DecimalStatus;

/*
 * Units of a numeric. The datum may be packed or toasted. With round, digits past the scale are rounded
 * half away from zero (as round() of numeric does); without, they are DECIMAL_TOO_FINE.
 */
extern DecimalStatus decimal_from_numeric(Datum value, int scale, int limit_digits, bool round, int128 *units);

/* The same of a double, taken with its 15 significant digits and rounded half away from zero to the scale. */
extern DecimalStatus decimal_from_float8(double value, int scale, int limit_digits, int128 *units);

/* A numeric with scale digits after the point; trim leaves out its trailing zeros. */
extern Numeric decimal_to_numeric(int128 units, int scale, bool trim);

/* a / b as numeric division gives it; b must not be 0. */
extern Numeric decimal_ratio(int128 a, int128 b);

/*
 * Units of a value to rank (scale SCORE_SCALE, rounded), for functions over a population. NaN, infinity and
 * values of 10^25 or more are errors that name the function.
 */
extern int128 score_units_from_numeric(Datum value, const char *function_name);
extern int128 score_units_from_float8(double value, const char *function_name);

#endif							/* PG_CUSTOMER_DECIMAL_H */
