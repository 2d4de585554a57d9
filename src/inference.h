/*
 * inference.h
 *		What functions that return estimates with their uncertainty share.
 */
#ifndef PG_CUSTOMER_INFERENCE_H
#define PG_CUSTOMER_INFERENCE_H

#include "compat.h"

/* How many standard errors on either side hold that share, of a normal and of Student's distribution; checks the confidence. */
extern double confidence_z(double confidence);
extern double confidence_t(double confidence, double df);

/*
 * The interval of a proportion (Wilson 1927, Probable Inference, the Law of Succession, and Statistical Inference), of trials > 0;
 * counts may be fractions. Without a success it starts at 0, without a failure it ends at 1.
 */
extern double wilson_low(double successes, double trials, double z);
extern double wilson_high(double successes, double trials, double z);

/* What Welch's test says of a difference of means; NaN where neither varies. */
typedef struct Welch
{
	double		t;
	double		df;
	double		p_value;
	double		low;
	double		high;
} Welch;

/*
 * Welch (1947), The Generalization of "Student's" Problem when Several Different Population Variances are Involved; the squares are the
 * squared standard errors of the two means, each of that many observations.
 */
extern Welch welch_test(double difference, double square1, double count1, double square2, double count2, double confidence);

/* A column of a result: a number, NULL for NaN. */
extern void set_number(double number, Datum *value, bool *isnull);

/* A row of the columns that the function returns. */
extern Datum result_row(FunctionCallInfo fcinfo, Datum *values, bool *nulls);

/* A row of numbers only, NULL for NaN. */
extern Datum result_row_of_numbers(FunctionCallInfo fcinfo, const double *numbers, int count);

#endif							/* PG_CUSTOMER_INFERENCE_H */
