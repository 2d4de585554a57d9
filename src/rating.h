/*
 * rating.h
 *		Answers of surveys: whole numbers on a scale, of whatever type they come in.
 */
#ifndef PG_CUSTOMER_RATING_H
#define PG_CUSTOMER_RATING_H

#include "compat.h"

/* No scale goes beyond. */
#define RATING_LOW	(-100)
#define RATING_HIGH	100

/* Digits of a number of answers, which fits 64 bits. */
#define COUNT_DIGITS 19

/* From the lowest answer to the highest. */
typedef struct RatingScale
{
	int			low;
	int			high;
} RatingScale;

static const RatingScale any_scale = {RATING_LOW, RATING_HIGH};

/* The levels of satisfaction, 1 to 5. */
#define SATISFACTION_LEVELS 5

/* The type of an argument, and how to read it. */
typedef struct RatingReader
{
	Oid			type;
	bool		words;			/* a text may be a level of satisfaction */
	bool		float8_weight;	/* the argument after it is a double precision */
	Oid			levels[SATISFACTION_LEVELS];	/* of the enum, when the argument is one */
} RatingReader;

/* That of an argument of the running function; it is kept for the next call. */
extern const RatingReader *rating_reader(FunctionCallInfo fcinfo, int argument, bool words);

/* An answer as a number; an error when it is not a whole one on the scale. */
extern int	read_rating(const RatingReader *reader, Datum value, const RatingScale *scale);

/* A number of answers that are counted already; an error when it is negative. */
extern int64 read_answers(FunctionCallInfo fcinfo, int argument);

/* A scale such as 1..5, from an argument that must not be NULL. */
extern RatingScale read_scale(FunctionCallInfo fcinfo, int argument);

/* The error of an answer that is not on the scale. */
extern void rating_not_on_scale(const char *answer, const RatingScale *scale);

/* The labels of the enum satisfaction_level as the catalog has them, from 1 up. */
extern void satisfaction_level_oids(Oid enum_type, Oid oids[SATISFACTION_LEVELS]);

/* The level of satisfaction that a text names in English or Chinese, or as a digit; 0 for none. */
extern int	find_satisfaction_level(const char *text);

/* What level is called in a language. */
extern const char *satisfaction_level_label(int level, bool chinese);

#endif							/* PG_CUSTOMER_RATING_H */
