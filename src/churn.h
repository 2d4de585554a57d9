/*
 * churn.h
 *		Churn: the rhythm of a population, and what a history tells of the risk that no purchase follows.
 */
#ifndef PG_CUSTOMER_CHURN_H
#define PG_CUSTOMER_CHURN_H

#include "access/tupdesc.h"
#include "lib/stringinfo.h"

#include "purchase_history.h"

/* ------------------------------------------------------------------------------------------------
 * The purchases of one customer until a day
 * ------------------------------------------------------------------------------------------------ */

#define FEW_PURCHASES 64

/* Its purchase days, ascending, with what was spent on each; and sums, refunds included. */
typedef struct Purchases
{
	int64		count;			/* of purchase days */
	int32	   *days;
	double	   *spend;
	int64		orders;
	int64		refunds;
	double		gross;
	double		refunded;
	int32		silence;		/* days since the last purchase day */
	int32		tenure;			/* days since the first */
	int64		capacity;
	int32		few_days[FEW_PURCHASES];
	double		few_spend[FEW_PURCHASES];
} Purchases;

/* False without a purchase until then. What a long history needs is freed with the memory context. */
extern bool purchases_read(Purchases *purchases, Datum history, DateADT as_of);

/* The median of the days between purchase days; there are two of these at least. */
extern double purchases_median_gap(const Purchases *purchases);

/* ------------------------------------------------------------------------------------------------
 * The type population_rhythm
 * ------------------------------------------------------------------------------------------------ */

/*
 * Gaps between purchase days, and silences since the last one, are counted on a fixed grid: days up to 63 by themselves, then
 * 32 steps to each doubling. So the counts of two populations can be added.
 */
#define RHYTHM_SINGLE_DAYS	64
#define RHYTHM_STEPS		32
#define RHYTHM_BINS			(RHYTHM_SINGLE_DAYS + 26 * RHYTHM_STEPS)

typedef struct RhythmBin
{
	int64		gaps;			/* that ended after so many days */
	int64		silences;		/* that have lasted so many days */
} RhythmBin;

/* Rates are kept in units of 10^-15 a day, so that sums do not depend on the order of rows. */
#define RHYTHM_SCALE 15

typedef struct StoredRhythm
{
	int32		vl_len_;
	int32		bins;			/* up to the last that counts anything */
	int64		customers;		/* with a purchase */
	int64		rhythmic;		/* with at least two gaps, whose rates these are: */
	int128		rates;			/* the sum of (gaps - 1) / days from the first purchase to the last */
	int128		squares;		/* the sum of their squares */
	RhythmBin	counts[FLEXIBLE_ARRAY_MEMBER];
} StoredRhythm;

#define RHYTHM_SIZE(bins) (offsetof(StoredRhythm, counts) + (bins) * sizeof(RhythmBin))
#define DatumGetRhythm(datum) ((const StoredRhythm *) PG_DETOAST_DATUM(datum))
#define PG_GETARG_RHYTHM(n) DatumGetRhythm(PG_GETARG_DATUM(n))

/* No count reaches it, so that no sum of two overflows. */
#define RHYTHM_LARGEST_COUNT INT64_C(1000000000000000)

/* Sums of rates and of their squares are below 10^18, in units of RHYTHM_SCALE. */
#define RHYTHM_RATE_DIGITS 18
#define RHYTHM_RATE_LIMIT ((int128) INT64_C(1000000000000000000) * INT64_C(1000000000000000))

/* Where a gap of so many days is counted, and the fewest days that are counted there. */
extern int	rhythm_bin(int32 days);
extern int64 rhythm_bin_start(int bin);

/* Nothing counted yet; and a copy without the bins at the end that count nothing. */
extern StoredRhythm *rhythm_create(int bins);
extern StoredRhythm *rhythm_trimmed(const StoredRhythm *rhythm);

/* The binary form; what is received is checked. */
extern void rhythm_send(StringInfo buffer, const StoredRhythm *rhythm);
extern StoredRhythm *rhythm_receive(StringInfo buffer);

/* What risks are computed from. */
typedef struct RhythmCurve
{
	double		k;				/* rates of customers are distributed as Gamma(k, theta), */
	double		theta;			/* theta in days */
	double		never;			/* share of those who never return, just after a purchase */
	int			bins;
	double		survival[RHYTHM_BINS];	/* Kaplan-Meier: the share of gaps longer than the days of a bin */
} RhythmCurve;

/* That of an argument of a function, kept at the place in the query from which it is called; NULL without a customer. */
extern const RhythmCurve *rhythm_argument(FunctionCallInfo fcinfo, int argument);

/* The row type of that function, kept there too. */
extern TupleDesc rhythm_row_type(FunctionCallInfo fcinfo);

/* ------------------------------------------------------------------------------------------------
 * Features for a model of churn
 * ------------------------------------------------------------------------------------------------ */

#define CHURN_FEATURES 18

extern void churn_features_of(const Purchases *purchases, double features[CHURN_FEATURES]);

#endif							/* PG_CUSTOMER_CHURN_H */
