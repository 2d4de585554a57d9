/*
 * abc.h
 *		What the window functions of abc.c and the aggregates of pareto.c share.
 *
 * Values are units at SCORE_SCALE (decimal.h), thresholds whole millionths: no float decides a class.
 */
#ifndef PG_CUSTOMER_ABC_H
#define PG_CUSTOMER_ABC_H

#include "compat.h"

#include "population.h"

#define THRESHOLD_SCALE 6
#define MILLION 1000000			/* 10^THRESHOLD_SCALE */

/* What a function finds out on its first call. */
typedef struct CallCache
{
	bool		is_float8;		/* the type of the value: double precision, else numeric */
	Oid			labels[3];		/* of the enum that is returned */
} CallCache;

/*
 * Where a class ends, seen from the largest value: values above it are inside, and so are the first `rows`
 * rows that equal it. `seen` counts the equal rows that have been asked for.
 */
typedef struct Cut
{
	int128		value;
	int64		rows;
	int64		seen;
} Cut;

extern CallCache *call_cache(FunctionCallInfo fcinfo, int value_arg, const char *labels);
extern int128 value_units(const CallCache *cache, Datum value, const char *function_name);
extern int128 population_total(const Population *population, const char *function_name);
extern void read_thresholds(NullableDatum a, NullableDatum b, const char *function_name, int64 thresholds[2]);
extern void find_cuts(const Population *population, const int64 thresholds[2], bool split,
					  const char *function_name, Cut cuts[2]);

#endif							/* PG_CUSTOMER_ABC_H */
