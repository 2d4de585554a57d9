/*
 * rating_tally.h
 *		Answers on any scale, counted by rating, with their weights where they have some.
 */
#ifndef PG_CUSTOMER_RATING_TALLY_H
#define PG_CUSTOMER_RATING_TALLY_H

#include "rating.h"

/* The weights of the answers of one rating, in units of 10^-9, and their squares, in units of 10^-18. */
typedef struct RatingWeight
{
	int128		sum;
	int128		squares;
} RatingWeight;

#define WEIGHT_SCALE	9
#define SQUARE_SCALE	18
#define WEIGHT_UNIT		INT64CONST(1000000000)
#define SQUARE_UNIT		INT64CONST(1000000000000000000)

/*
 * A value of the type rating_tally: a slot for each rating in a range. Counts are followed by as many weights when it is
 * weighted; else each answer weighs 1. What is stored is canonical: the first and last slot have answers, and there are no
 * weights where all of them are 1. The state of an aggregate has slots to spare.
 */
typedef struct RatingTally
{
	int32		vl_len_;		/* varlena header */
	int16		low;			/* the rating of the first slot */
	uint8		slots;
	bool		weighted;
	int64		counts[FLEXIBLE_ARRAY_MEMBER];
} RatingTally;

#define RATING_TALLY_SIZE(slots, weighted) \
	(offsetof(RatingTally, counts) + (slots) * (sizeof(int64) + ((weighted) ? sizeof(RatingWeight) : 0)))

#define RATING_WEIGHTS(tally) ((RatingWeight *) ((tally)->counts + (tally)->slots))

#define PG_GETARG_RATING_TALLY(n) ((RatingTally *) PG_DETOAST_DATUM(PG_GETARG_DATUM(n)))

/* How many answers there are. All together fit 64 bits. */
extern int64 rating_answers(const RatingTally *tally);

#endif							/* PG_CUSTOMER_RATING_TALLY_H */
