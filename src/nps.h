/*
 * nps.h
 *		Answers of the net promoter score, counted by score.
 */
#ifndef PG_CUSTOMER_NPS_H
#define PG_CUSTOMER_NPS_H

#include "rating.h"

/* Scores are 0 to 10. */
#define SCORES 11

/* A value of the type nps_tally. One without an answer is all zeros, so that it joins any other. */
typedef struct NpsTally
{
	int64		counts[SCORES]; /* by score */
	int32		scale;			/* which of nps_scales */
	int32		unused;			/* 0 */
} NpsTally;

#define PG_GETARG_NPS_TALLY(n) ((NpsTally *) PG_GETARG_POINTER(n))

/* The scales that are asked for by name; the first is that of the score itself. */
typedef struct NpsScale
{
	RatingScale range;
	int			passive;		/* the lowest score of passives, and of promoters */
	int			promoter;
} NpsScale;

/* 0..10, 1..5, 1..7 and 1..10. */
extern const NpsScale nps_scales[4];

/* Which of them an argument names; the first one when it is not given. */
extern int	nps_scale_argument(FunctionCallInfo fcinfo, int argument);

/* How many answers there are from one score to another. All together fit 64 bits. */
static inline int64
nps_answers_from(const NpsTally *tally, int from, int to)
{
	int64		sum = 0;

	for (int score = from; score <= to; score++)
		sum += tally->counts[score];
	return sum;
}

static inline int64
nps_all_answers(const NpsTally *tally)
{
	return nps_answers_from(tally, 0, SCORES - 1);
}

#endif							/* PG_CUSTOMER_NPS_H */
