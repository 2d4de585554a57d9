/*
 * mean_tally.h
 *		Number, sum and sum of squares of values, exact.
 */
#ifndef PG_CUSTOMER_MEAN_TALLY_H
#define PG_CUSTOMER_MEAN_TALLY_H

#include "compat.h"

#define SUM_WORDS		3
#define SQUARES_WORDS	4

/* The type mean_tally: sums of units of 10^-12, and of their squares; two's complement, the lowest word first. */
typedef struct MeanTally
{
	int64		count;
	uint64		sum[SUM_WORDS];
	uint64		squares[SQUARES_WORDS];
} MeanTally;

#define PG_GETARG_MEAN_TALLY(n)		((MeanTally *) PG_GETARG_POINTER(n))

/* NaN without a value. */
extern double mean_tally_mean(const MeanTally *tally);

/* Of a sample, with n - 1; NaN with fewer than 2 values. */
extern double mean_tally_variance(const MeanTally *tally);

/* The mean of a less that of b, exact before it is rounded; NaN without a value of either. */
extern double mean_tally_minus(const MeanTally *a, const MeanTally *b);

#endif							/* PG_CUSTOMER_MEAN_TALLY_H */
