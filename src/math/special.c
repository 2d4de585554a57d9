/*
 * special.c
 *		The Gamma function's logarithm, its derivatives, and the differences of them.
 *
 * From LARGE on all are Stirling's series (Abramowitz, Stegun 6.1.40, 6.3.18, 6.4.12) in 1/x, whose error is below the
 * first term left out: with eight terms, 2e-19 for log Gamma, 5e-18 for the derivatives. Smaller arguments are
 * moved up by the recurrence Gamma(x + 1) = x Gamma(x). Differences are sums of terms of one sign, each
 * with the step n as a factor, so that they lose nothing however small n is beside x.
 */
#include "special.h"

#include <math.h>

#define LARGE	12.0
#define TERMS	8
#define HALF_LOG_2PI	0.91893853320467274178

/* Bernoulli's numbers B_2k / (2k (2k - 1)) at x^-(2k - 1), B_2k / 2k at x^-2k, and B_2k at x^-(2k + 1) after 1 / x. */
static const double gamma_terms[TERMS] =
{1.0 / 12, -1.0 / 360, 1.0 / 1260, -1.0 / 1680, 1.0 / 1188, -691.0 / 360360, 1.0 / 156, -3617.0 / 122400};
static const double digamma_terms[TERMS] =
{1.0 / 12, -1.0 / 120, 1.0 / 252, -1.0 / 240, 1.0 / 132, -691.0 / 32760, 1.0 / 12, -3617.0 / 8160};
static const double trigamma_terms[TERMS + 1] =
{1, 1.0 / 6, -1.0 / 30, 1.0 / 42, -1.0 / 30, 5.0 / 66, -691.0 / 2730, 7.0 / 6, -3617.0 / 510};

/* 1 - Euler's constant, and (-1)^k (zeta(k) - 1) / k for k = 2 ... 26: Abramowitz, Stegun 6.1.33, which is 6.1.34 about 2. */
static const double taylor[] =
{
	0.42278433509846713939, 0.32246703342411321824, -0.067352301053198095133, 0.020580808427784547879,
	-0.0073855510286739852663, 0.0028905103307415232858, -0.0011927539117032609771, 0.00050966952474304242234,
	-0.00022315475845357937976, 9.9457512781808533715e-05, -4.49262367381331417e-05, 2.0507212775670691553e-05,
	-9.439488275268395904e-06, 4.3748667899074878042e-06, -2.0392157538013662368e-06, 9.5514121304074198329e-07,
	-4.4924691987645660433e-07, 2.1207184805554665869e-07, -1.0043224823968099609e-07, 4.7698101693639805658e-08,
	-2.271109460894316491e-08, 1.0838659214896954091e-08, -5.1834750419700466551e-09, 2.4836745438024783172e-09,
	-1.1921401405860912074e-09, 5.7313672416788620133e-10,
};

/*
 * polynomial
 *		sum of c[k] x^k, by Horner's rule.
 */
static double
polynomial(const double *c, int count, double x)
{
	double		sum = 0;

	for (int k = count - 1; k >= 0; k--)
		sum = sum * x + c[k];
	return sum;
}

/*
 * powers_difference
 *		sum of c[k] (y^-p - x^-p) over p = first, first + 2, ..., first being 1 or 2, with y = x + n. From the difference d
 *		at p comes that at p + 2 as y^-2 d + x^-p (y^-2 - x^-2), whose parts have one sign.
 */
static double
powers_difference(const double *c, int count, int first, double x, double n)
{
	double		ix = 1 / x;
	double		iy = 1 / (x + n);
	double		step = -n * ix * iy;
	double		two = step * (iy + ix);
	double		power = first == 1 ? ix : ix * ix;
	double		difference = first == 1 ? step : two;
	double		sum = 0;

	for (int k = 0; k < count; k++)
	{
		sum += c[k] * difference;
		difference = iy * iy * difference + power * two;
		power *= ix * ix;
	}
	return sum;
}

/*
 * powers_difference_twice
 *		sum of c[k] over p = 1, 3, ... of (x + n)^-p - x^-p - (x + a + n)^-p + (x + a)^-p, x + a > 0. With u, v, w, z the inverses in
 *		the order x, x + n, x + a, x + a + n, and d and e the differences of the first and the second pair, d - e
 *		becomes v^2 (d - e) + (v^2 - z^2) e + u^p (d2 - e2) + (u^p - w^p) e2: parts of one sign again.
 */
static double
powers_difference_twice(const double *c, int count, double x, double n, double a)
{
	const double u = 1 / x;
	const double v = 1 / (x + n);
	const double w = 1 / (x + a);
	const double z = 1 / (x + a + n);
	const double second = -n * (w * z) * (w + z);	/* z^2 - w^2 */
	const double fall = a * (v * z) * (v + z);	/* v^2 - z^2 */
	const double rise = a * (u * w) * (u + w);	/* u^2 - w^2 */
	double		twice = -n * (u * v) * (a * (w * z)) * (x + a + n + x);
	double		twice2 = twice * (u + v) - n * (w * z) * (a * (u * w + v * z));
	double		one = -n * w * z;
	double		first = a * u * w;
	double		power = u;
	double		sum = 0;

	for (int k = 0; k < count; k++)
	{
		sum += c[k] * twice;
		twice = v * v * twice + fall * one + power * twice2 + first * second;
		one = z * z * one + (power - first) * second;
		first = u * u * first + (power - first) * rise;
		power *= u * u;
	}
	return sum;
}

/*
 * stirling_rest
 */
double
stirling_rest(double x)
{
	return polynomial(gamma_terms, TERMS, 1 / x / x) / x;
}

/*
 * log_gamma
 *		Taylor's series about 2 where it converges fast, so that both zeros are exact; Stirling's series above.
 */
double
log_gamma(double x)
{
	double		product = 1;

	if (x >= LARGE)
		return (x - 0.5) * (log(x) - 1) - 0.5 + HALF_LOG_2PI + stirling_rest(x);
	if (x < 0.5)
		return x * polynomial(taylor, sizeof(taylor) / sizeof(double), x) - log1p(x) - log(x);
	if (x < 1.5)
		return (x - 1) * polynomial(taylor, sizeof(taylor) / sizeof(double), x - 1) - log1p(x - 1);
	while (x > 2.5)
		product *= x -= 1;
	return (x - 2) * polynomial(taylor, sizeof(taylor) / sizeof(double), x - 2) + (product > 1 ? log(product) : 0);
}

/*
 * log_gamma_ratio
 *		For small x, first the product of 1 + n / (x + i), less 1.
 */
double
log_gamma_ratio(double x, double n)
{
	double		excess = 0;

	if (n < 0)
		return -log_gamma_ratio(x + n, -n);
	if (x < LARGE && n > 1)
		return log_gamma(x + n) - log_gamma(x);
	for (; x < LARGE; x++)
		excess += (1 + excess) * (n / x);
	return (x - 0.5) * log1p(n / x) - n + n * log(x + n) + powers_difference(gamma_terms, TERMS, 1, x, n) - log1p(excess);
}

/*
 * log_beta
 *		Where both are large, the large parts of Stirling's series are taken together.
 */
double
log_beta(double a, double b)
{
	double		small = fmin(a, b);
	double		large = fmax(a, b);

	if (small < LARGE)
		return log_gamma(small) - log_gamma_ratio(large, small);
	return (small - 0.5) * log(small / (a + b)) - large * log1p(small / large) - 0.5 * log(large) + HALF_LOG_2PI
		+ stirling_rest(small) + powers_difference(gamma_terms, TERMS, 1, a + b, -small);
}

/*
 * log_beta_ratio
 *		log(Gamma(b + n) Gamma(a + b) / (Gamma(b) Gamma(a + b + n))), the logarithms in Stirling's series taken together so that
 *		their sum keeps the factor a n. For small b, first the product of 1 + a n / ((b + i) (a + b + i + n)), less 1.
 */
double
log_beta_ratio(double a, double b, double n)
{
	double		excess = 0;

	for (; b < LARGE; b++)
		excess += (1 + excess) * (a / b * (n / (a + b + n)));
	return (b - 0.5) * log1p(a / b * (n / (a + b + n))) - n * log1p(a / (b + n)) - a * log1p(n / (a + b))
		+ powers_difference_twice(gamma_terms, TERMS, b, n, a) - log1p(excess);
}

/*
 * digamma
 */
double
digamma(double x)
{
	double		below = 0;

	for (; x < LARGE; x++)
		below += 1 / x;
	return log(x) - 0.5 / x - polynomial(digamma_terms, TERMS, 1 / x / x) / x / x - below;
}

/*
 * trigamma
 */
double
trigamma(double x)
{
	double		below = 0;

	for (; x < LARGE; x++)
		below += 1 / x / x;
	return polynomial(trigamma_terms, TERMS + 1, 1 / x / x) / x + 0.5 / x / x + below;
}

/*
 * digamma_difference
 */
double
digamma_difference(double x, double n)
{
	static const double half = 0.5;
	double		below = 0;

	if (n < 0)
		return -digamma_difference(x + n, -n);
	for (; x < LARGE; x++)
		below += n / (x + n) / x;
	return log1p(n / x) - powers_difference(&half, 1, 1, x, n) - powers_difference(digamma_terms, TERMS, 2, x, n) + below;
}

/*
 * trigamma_difference
 */
double
trigamma_difference(double x, double n)
{
	static const double half = 0.5;
	double		below = 0;

	if (n < 0)
		return -trigamma_difference(x + n, -n);
	for (; x < LARGE; x++)
		below += n / (x + n) / x * (1 / x + 1 / (x + n));
	return powers_difference(trigamma_terms, TERMS + 1, 1, x, n) + powers_difference(&half, 1, 2, x, n) - below;
}
