/*
 * proportion.h
 *		Successes of trials.
 */
#ifndef PG_CUSTOMER_PROPORTION_H
#define PG_CUSTOMER_PROPORTION_H

#include "compat.h"

/* The type proportion: 0 <= successes <= trials. */
typedef struct Proportion
{
	int64		successes;
	int64		trials;
} Proportion;

#define PG_GETARG_PROPORTION(n)		((Proportion *) PG_GETARG_POINTER(n))

/* Successes by trials; NaN without a trial. */
extern double proportion_estimate(const Proportion *p);

/* p1 - p2, and its interval; NaN without a trial of either. */
extern double proportion_minus(const Proportion *p1, const Proportion *p2);
extern void newcombe_interval(const Proportion *p1, const Proportion *p2, double z, double *low, double *high);

#endif							/* PG_CUSTOMER_PROPORTION_H */
