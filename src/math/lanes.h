/*
 * lanes.h
 *		Exponentials and logarithms of four numbers at a time.
 *
 * Every loop here is one of LANES steps without branches, which compilers turn into vector instructions, of any machine's
 * basic set: then four cost hardly more than two by the library. Errors are below 5e-16 of the result.
 */
#ifndef PG_CUSTOMER_LANES_H
#define PG_CUSTOMER_LANES_H

#include <stdint.h>
#include <string.h>

#define LANES 4

/* So many numbers stay in the nearest cache, with all that is computed of them. */
#define BLOCK 64

/* For each i from 0 to count - 1, count being a multiple of LANES. */
#define EACH_LANE(count, i) \
	for (int i##_block = 0; i##_block < (count); i##_block += LANES) \
		for (int i = i##_block; i < i##_block + LANES; i++)

#define LOG_2_HIGH	0x1.62e42feep-1		/* with so few digits that its multiples by whole numbers are exact */
#define LOG_2_LOW	0x1.a39ef35793c76p-33

/* A number that is added and taken away again to round to whole numbers, which it leaves in the last bits. */
#define ROUNDER		0x1.8p52

static inline uint64_t
bits_of(double x)
{
	uint64_t	bits;

	memcpy(&bits, &x, sizeof(bits));
	return bits;
}

static inline double
from_bits(uint64_t bits)
{
	double		x;

	memcpy(&x, &bits, sizeof(x));
	return x;
}

/*
 * lane_exp
 *		2^k *power = e^x / (1 + *part), *part = e^rest - 1 with |rest| <= log(2) / 2 by a minimax polynomial (error 4e-17), for |x| <= 700.
 */
static inline double
lane_exp(double x, double *part)
{
	double		rounded = x * 1.4426950408889634 + ROUNDER;
	double		k = rounded - ROUNDER;
	double		r = (x - k * LOG_2_HIGH) - k * LOG_2_LOW;
	double		p = 2.5100385495510319e-8;

	p = p * r + 2.7620088445409748e-7;
	p = p * r + 2.7557268459997065e-6;
	p = p * r + 2.4801521295954375e-5;
	p = p * r + 1.9841269863053617e-4;
	p = p * r + 1.3888888917213717e-3;
	p = p * r + 8.3333333333300618e-3;
	p = p * r + 4.1666666666624128e-2;
	p = p * r + 0.16666666666666667;
	p = p * r + 0.50000000000000010;
	*part = r + r * r * p;
	return from_bits((bits_of(rounded) << 52) + bits_of(1.0));
}

/*
 * exp_lanes
 *		e^x for |x| <= 700.
 */
static inline void
exp_lanes(const double *restrict x, int count, double *restrict result)
{
	EACH_LANE(count, i)
	{
		double		part;
		double		power = lane_exp(x[i], &part);

		result[i] = power + power * part;
	}
}

/*
 * expm1_lanes
 *		e^x - 1 for |x| <= 700.
 */
static inline void
expm1_lanes(const double *restrict x, int count, double *restrict result)
{
	EACH_LANE(count, i)
	{
		double		part;
		double		power = lane_exp(x[i], &part);

		result[i] = (power - 1) + power * part;
	}
}

/*
 * log1p_lanes
 *		log(1 + x) for 0 <= x < 2^1000: with 1 + x = 2^k (1 + f), 1/sqrt(2) <= 1 + f < sqrt(2), it is k log 2 + 2 atanh(f / (2 + f)), by a minimax
 *		polynomial (error 5e-18). To f goes what was lost when 1 was added to x, so that it is x itself where k = 0.
 */
static inline void
log1p_lanes(const double *restrict x, int count, double *restrict result)
{
	const uint64_t root = bits_of(0x1.6a09e667f3bcdp-1);
	const uint64_t fraction = (UINT64_C(1) << 52) - 1;

	EACH_LANE(count, i)
	{
		double		sum = 1 + x[i];
		uint64_t	above = bits_of(sum) - root;
		double		k = from_bits((above >> 52) + bits_of(0x1p52)) - 0x1p52;
		double		lost = (x[i] - (sum - 1)) * from_bits(bits_of(1.0) - (above & ~fraction));
		double		f = (from_bits((above & fraction) + root) - 1) + lost;
		double		s = f / (2 + f);
		double		y = s * s;
		double		p = 0.14616585424888622;

		p = p * y + 0.15331710618210772;
		p = p * y + 0.18182889455674946;
		p = p * y + 0.22222211130259877;
		p = p * y + 0.28571428626003269;
		p = p * y + 0.39999999999899443;
		p = p * y + 0.66666666666666697;
		result[i] = k * LOG_2_HIGH + (k * LOG_2_LOW + (2 * s + s * y * p));
	}
}

/*
 * dot_lanes
 *		The sum of products.
 */
static inline double
dot_lanes(const double *x, const double *y, int count)
{
	double		a = 0;
	double		b = 0;
	double		c = 0;
	double		d = 0;

	for (int i = 0; i < count; i += LANES)
	{
		a += x[i] * y[i];
		b += x[i + 1] * y[i + 1];
		c += x[i + 2] * y[i + 2];
		d += x[i + 3] * y[i + 3];
	}
	return (a + b) + (c + d);
}

/*
 * sum_lanes
 */
static inline double
sum_lanes(const double *x, int count)
{
	double		a = 0;
	double		b = 0;
	double		c = 0;
	double		d = 0;

	for (int i = 0; i < count; i += LANES)
	{
		a += x[i];
		b += x[i + 1];
		c += x[i + 2];
		d += x[i + 3];
	}
	return (a + b) + (c + d);
}

#endif							/* PG_CUSTOMER_LANES_H */
