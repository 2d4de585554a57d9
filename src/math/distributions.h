/*
 * distributions.h
 *		The normal, Student's and the chi-square distribution, exact in both tails.
 *
 * An error relative to the result is below 1e-13 for probabilities down to 1e-100.
 */
#ifndef PG_CUSTOMER_DISTRIBUTIONS_H
#define PG_CUSTOMER_DISTRIBUTIONS_H

/* The probability below x, and above x. */
extern double normal_cdf(double x);
extern double normal_upper(double x);

/*
 * The x below which the probability is p. Of a two-sided interval: -normal_quantile((1 - confidence) / 2), which stays exact
 * where the confidence is next to 1.
 */
extern double normal_quantile(double p);

/* The probability of a value further from 0 than t, and the t below which the probability is p (from 1e-300); df from 0.1, infinity included. */
extern double student_t_two_sided(double t, double df);
extern double student_t_quantile(double p, double df);

/* The probability below t if the normal numerator of t has that mean in place of 0; df >= 2. */
extern double student_t_shifted_cdf(double t, double df, double mean);

/* The probability above x; df is a whole number from 1. */
extern double chi_square_upper(double x, double df);

#endif							/* PG_CUSTOMER_DISTRIBUTIONS_H */
