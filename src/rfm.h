/*
 * rfm.h
 *		Scores of recency, frequency and money, and the breaks between them.
 */
#ifndef PG_CUSTOMER_RFM_H
#define PG_CUSTOMER_RFM_H

#include "compat.h"

#include "decimal.h"
#include "population.h"

#define RFM_MIN_BINS 2
#define RFM_MAX_BINS 9

typedef enum RfmMeasure
{
	RFM_DAYS,
	RFM_ORDERS,
	RFM_TOTAL
} RfmMeasure;

#define RFM_MEASURES 3

/* How a population is cut. All but RFM_NTILE cut between values, so that equal values score equal. */
typedef enum RfmMethod
{
	RFM_QUANTILE,				/* bins of equal size, as far as ties allow */
	RFM_MEAN,					/* 2 bins: at the mean */
	RFM_MEAN_SCORE,				/* 2 bins: at the mean of the scores 1 to 5 by quantiles */
	RFM_NTILE					/* bins of rows, ties in input order */
} RfmMethod;

typedef struct RfmCut
{
	int			bins;
	RfmMethod	method;
} RfmCut;

/* The stored form. Breaks are units at SCORE_SCALE: bins - 1 of each measure, ascending. */
typedef struct RfmBreaks
{
	int32		vl_len_;
	uint8		version;
	uint8		bins;
	uint16		unused;			/* zero */
	int128		breaks[FLEXIBLE_ARRAY_MEMBER];
} RfmBreaks;

#define RFM_BREAKS_VERSION 1

/* The breaks of one measure. */
#define RFM_BREAKS_OF(b, measure) ((b)->breaks + (measure) * ((b)->bins - 1))

/* The three digits of a score, and one number of them. */
#define RFM_CODE(r, f, m) ((r) * 100 + (f) * 10 + (m))
#define RFM_RECENCY(code) ((code) / 100)
#define RFM_FREQUENCY(code) ((code) / 10 % 10)
#define RFM_MONETARY(code) ((code) % 10)

/* Whole numbers (days, orders) as units. */
#define RFM_WHOLE_UNITS(n) ((int128) (n) * INT64CONST(1000000000000))

/* Money in millionths as units; what is too large to be ranked is an error that names the function. */
extern int128 rfm_money_units(int128 millionths, const char *function_name);

/* rfm_window.c: the code of each customer, of whom measures hold what makes it; codes are 0 before. Measures may change. */
extern void rfm_codes(Population *measures[RFM_MEASURES], RfmCut cut, uint16 *codes);

/* rfm_cut.c */
extern RfmCut rfm_cut(NullableDatum bins, const NullableDatum *method);
extern void rfm_check_same_cut(RfmCut a, RfmCut b);
extern void rfm_cut_measure(Population *population, RfmMeasure measure, RfmCut cut, RfmBreaks *breaks);
extern RfmBreaks *rfm_breaks_of(Population *measures[RFM_MEASURES], RfmCut cut);

/* rfm_breaks.c */
extern RfmBreaks *rfm_breaks_create(int bins);
extern int	rfm_code(const RfmBreaks *breaks, const int128 values[RFM_MEASURES]);

#endif							/* PG_CUSTOMER_RFM_H */
