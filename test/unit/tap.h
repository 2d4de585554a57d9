/*
 * tap.h
 *		What the unit tests share: lines of TAP, and random numbers that are the same in every run.
 */
#ifndef PG_CUSTOMER_TAP_H
#define PG_CUSTOMER_TAP_H

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

static int	tests = 0;
static int	failures = 0;

/*
 * ok
 *		One line of TAP.
 */
static inline void
ok(bool passed, const char *format,...)
{
	va_list		args;

	printf("%sok %d - ", passed ? "" : "not ", ++tests);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	failures += !passed;
}

/*
 * finish
 *		How many lines there were, and the exit status.
 */
static inline int
finish(void)
{
	printf("1..%d\n", tests);
	return failures > 0;
}

/*
 * worse
 *		Keeps the larger of two errors, of which NaN is the largest.
 */
static inline void
worse(double *worst, double error)
{
	if (!(fabs(error) <= *worst))
		*worst = fabs(error);
}

/* Where random numbers start; a test may set a seed of its own. */
static uint64_t seed = 1;

/*
 * any_bits
 *		xorshift64* (Vigna 2016, An experimental exploration of Marsaglia's xorshift generators, scrambled).
 */
static inline uint64_t
any_bits(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed * UINT64_C(0x2545F4914F6CDD1D);
}

static inline double
uniform(double low, double high)
{
	return low + (high - low) * (double) (any_bits() >> 11) * 0x1p-53;
}

#endif							/* PG_CUSTOMER_TAP_H */
