/*
 * special.h
 *		Special functions that stay exact where the plain formulas cancel or overflow.
 */
#ifndef PG_CUSTOMER_SPECIAL_H
#define PG_CUSTOMER_SPECIAL_H

/* log |Gamma(x)| for x > 0. Unlike lgamma, it writes no global variable. */
extern double log_gamma(double x);

/* log Gamma(x) - ((x - 1/2) log x - x + log(2 pi) / 2), for x >= 12: what Stirling's formula leaves. */
extern double stirling_rest(double x);

/* log(Gamma(x + n) / Gamma(x)) for x > 0, n > -x, exact also where both are huge and n is small. */
extern double log_gamma_ratio(double x, double n);

/* log B(a, b), exact also where one is huge and the other small. */
extern double log_beta(double a, double b);

/* log(B(a, b + n) / B(a, b)) for n >= 0, exact also where it is next to 0. It is symmetric in a and n; a > -b may be negative. */
extern double log_beta_ratio(double a, double b, double n);

/* The first and second derivative of log Gamma. */
extern double digamma(double x);
extern double trigamma(double x);

/* digamma(x + n) - digamma(x), trigamma(x + n) - trigamma(x): exact also where n is small beside x. */
extern double digamma_difference(double x, double n);
extern double trigamma_difference(double x, double n);

#endif							/* PG_CUSTOMER_SPECIAL_H */
