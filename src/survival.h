/*
 * survival.h
 *		The type survival_curve: how many events there were after which time, and how many were last seen then.
 */
#ifndef PG_CUSTOMER_SURVIVAL_H
#define PG_CUSTOMER_SURVIVAL_H

#include "event_counts.h"

#define SURVIVAL_VERSION 1

/* Up to this, sums of counts are exact. */
#define SURVIVAL_CUSTOMERS (INT64CONST(1) << 52)

/* Others of a row are censored: they were last seen then, without an event. */
typedef struct SurvivalCurve
{
	int32		vl_len_;
	int32		version;
	int64		left_out;		/* rows with a NULL */
	EventCount	rows[FLEXIBLE_ARRAY_MEMBER];	/* by time, each of its own */
} SurvivalCurve;

#define SURVIVAL_SIZE(count) (offsetof(SurvivalCurve, rows) + (count) * sizeof(EventCount))
#define SURVIVAL_ROWS(curve) ((VARSIZE(curve) - offsetof(SurvivalCurve, rows)) / sizeof(EventCount))

#define PG_GETARG_SURVIVAL_CURVE(n) survival_check((const SurvivalCurve *) PG_GETARG_VARLENA_P(n))

/* The value itself, an error where its version is not known here. */
extern const SurvivalCurve *survival_check(const SurvivalCurve *curve);

/* A curve of so many rows, which are still to be set; an error if there is no room for them. */
extern SurvivalCurve *survival_create(Size count);

#endif							/* PG_CUSTOMER_SURVIVAL_H */
