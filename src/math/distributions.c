/*
 * distributions.c
 *		The normal, Student's and the chi-square distribution.
 *
 * A small probability is never taken as 1 less a large one: each tail is a sum of its own. Where the density's exponent is
 * large, most of the error is that of the exponent, some 3e-16 of it.
 */
#include "distributions.h"

#include <math.h>
#include <stdbool.h>

#include "special.h"

#define SQRT_HALF		0.70710678118654752440
#define SQRT_HALF_LOW	-4.8336466567264567e-17 /* what the line above lacks as a double */
#define TWO_BY_SQRT_PI	1.1283791670955125739
#define SQRT_2PI		2.5066282746310005024
#define HALF_LOG_PI		0.57236494292470008707

/* A term this small beside its sum changes nothing. */
#define NEGLIGIBLE		1e-18

/* Below it, the series of Student's distribution have too many terms. */
#define SMALLEST_DF		0.1

/* From here on Student's distribution is the normal one. */
#define NEARLY_NORMAL	1e20

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
 * normal_upper
 *		By the complementary error function of y = x / sqrt(2). What rounding y leaves out, times the derivative,
 *		is given back: far out it would be the largest error.
 */
double
normal_upper(double x)
{
	double		y = x * SQRT_HALF;
	double		rest = fma(x, SQRT_HALF, -y) + x * SQRT_HALF_LOW;

	if (!(fabs(y) < 30))
		return erfc(y) / 2;
	return (erfc(y) - TWO_BY_SQRT_PI * exp(-y * y) * rest) / 2;
}

double
normal_cdf(double x)
{
	return normal_upper(-x);
}

/*
 * normal_quantile
 *		Wichura (1988), The Percentage Points of the Normal Distribution, algorithm AS 241, PPND16.
 */
double
normal_quantile(double p)
{
	static const double a[] = {
		3.3871328727963666080, 133.14166789178437745, 1971.5909503065514427, 13731.693765509461125,
		45921.953931549871457, 67265.770927008700853, 33430.575583588128105, 2509.0809287301226727
	};
	static const double b[] = {
		1, 42.313330701600911252, 687.18700749205790830, 5394.1960214247511077,
		21213.794301586595867, 39307.895800092710610, 28729.085735721942674, 5226.4952788528545610
	};
	static const double c[] = {
		1.42343711074968357734, 4.63033784615654529590, 5.76949722146069140550, 3.64784832476320460504,
		1.27045825245236838258, 0.241780725177450611770, 0.0227238449892691845833, 7.74545014278341407640e-4
	};
	static const double d[] = {
		1, 2.05319162663775882187, 1.67638483018380384940, 0.689767334985100004550,
		0.148103976427480074590, 0.0151986665636164571966, 5.47593808499534494600e-4, 1.05075007164441684324e-9
	};
	static const double e[] = {
		6.65790464350110377720, 5.46378491116411436990, 1.78482653991729133580, 0.296560571828504891230,
		0.0265321895265761230930, 0.00124266094738807843860, 2.71155556874348757815e-5, 2.01033439929228813265e-7
	};
	static const double f[] = {
		1, 0.599832206555887937690, 0.136929880922735805310, 0.0148753612908506148525,
		7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7, 2.04426310338993978564e-15
	};
	double		q = p - 0.5;
	double		r;
	double		x;

	if (!(p > 0 && p < 1))
		return p == 0 ? -INFINITY : p == 1 ? INFINITY : NAN;
	if (fabs(q) <= 0.425)
	{
		r = 0.180625 - q * q;
		return q * polynomial(a, 8, r) / polynomial(b, 8, r);
	}
	r = sqrt(-log(q < 0 ? p : 1 - p));
	x = r <= 5 ? polynomial(c, 8, r - 1.6) / polynomial(d, 8, r - 1.6) : polynomial(e, 8, r - 5) / polynomial(f, 8, r - 5);
	return q < 0 ? -x : x;
}

/*
 * student_t_log_ratio
 *		log(1 + t^2 / df).
 */
static double
student_t_log_ratio(double t, double df)
{
	double		r = t / sqrt(df);

	return r < 1e8 ? log1p(r * r) : 2 * log(t) - log(df);
}

/*
 * student_t_mass
 *		t times the density on both sides.
 */
static double
student_t_mass(double t, double df)
{
	double		r = t / sqrt(df);

	return 2 * exp(log_gamma_ratio(df / 2, 0.5) - HALF_LOG_PI - df / 2 * student_t_log_ratio(t, df)) * (r < 1e8 ? r / hypot(1, r) : 1);
}

/*
 * beta_series
 *		1 + (a + b) / (a + 1) x + (a + b) (a + b + 1) / ((a + 1) (a + 2)) x^2 + ...: the incomplete beta function, divided by
 *		x^a (1 - x)^b / a (Abramowitz, Stegun 26.5.4).
 */
static double
beta_series(double a, double b, double x)
{
	double		term = 1;
	double		sum = 1;

	for (double n = 0; term > NEGLIGIBLE * sum; n++)
	{
		term *= (a + b + n) / (a + 1 + n) * x;
		sum += term;
	}
	return sum;
}

/*
 * student_t_central
 *		The probability of a value nearer to 0 than t, for small t.
 */
static double
student_t_central(double t, double df)
{
	return student_t_mass(t, df) * beta_series(0.5, df / 2, -expm1(-student_t_log_ratio(t, df)));
}

/*
 * student_t_tail
 *		The probability of a value further from 0 than t, for t^2 >= 3.
 *
 * With v = log(1 + t^2 / df) it is the integral of exp(-T v) v^-1/2 (sinh(v / 2) / (v / 2))^-1/2 from there on, but for a factor,
 * T = df / 2 - 1/4. The last factor is a series in v^2 (radius 2 pi), whose first term leaves an error function, and from
 * the integral of exp(-T v) v^(s - 1) follows that of v^s by parts: as DiDonato, Morris (1992), algorithm 708, BGRAT, for b = 1/2.
 * Where df is small, or t^2 > df, the plain series has few terms.
 */
static double
student_t_tail(double t, double df)
{
	static const double c[] = {
		1, -0.020833333333333333333, 0.000390625, -7.8796709656084656085e-6, 1.6967665791721781305e-7,
		-3.8050641917219065657e-9, 8.7483775963154073041e-11, -2.0445233594119738176e-12, 4.8333517979677044083e-14,
		-1.1524341017673859239e-15, 2.7660520435993700423e-17
	};
	double		from = student_t_log_ratio(t, df);
	double		T = df / 2 - 0.25;
	double		power;
	double		integral;
	double		sum = 0;

	if (df < 20 || t > sqrt(df))
		return student_t_mass(t, df) / df * beta_series(df / 2, 0.5, exp(-from));

	power = sqrt(T * from) * exp(-T * from);
	integral = erfc(sqrt(T * from)) / TWO_BY_SQRT_PI * 2;
	for (int n = 0; n < (int) (sizeof(c) / sizeof(c[0])); n++)
	{
		double		s = 2 * n + 0.5;

		sum += c[n] * integral;
		integral = ((s + 1) * (s * integral + power) + T * from * power) / T / T;
		power *= from * from;
	}
	return exp(log_gamma_ratio(df / 2, 0.5) - HALF_LOG_PI - log(T) / 2) * sum;
}

/*
 * student_t_two_sided
 */
double
student_t_two_sided(double t, double df)
{
	t = fabs(t);
	if (!(df >= SMALLEST_DF) || isnan(t))
		return NAN;
	if (df > NEARLY_NORMAL || isinf(t))
		return 2 * normal_upper(t);
	return t * t < 3 ? 1 - student_t_central(t, df) : student_t_tail(t, df);
}

/*
 * student_t_quantile
 *		Newton's iteration of the logarithm of the tail, or about the middle of what is between -t and t, by log t. Both are concave,
 *		so that it converges from anywhere.
 */
double
student_t_quantile(double p, double df)
{
	double		tail = 2 * fmin(p, 1 - p);
	double		central = fabs(p - 0.5) * 2;
	double		t = fabs(normal_quantile(p));
	double		step = 1;

	if (!(df >= SMALLEST_DF) || isnan(t))
		return NAN;
	if (df > NEARLY_NORMAL || isinf(t) || t == 0)
		return normal_quantile(p);
	for (int i = 0; i < 200 && fabs(step) > 1e-15 && !isinf(t); i++)
	{
		double		now = t * t < 3 ? student_t_central(t, df) : student_t_tail(t, df);
		bool		near = t * t < 3;
		double		by_log_t = student_t_mass(t, df);

		if (!(now > 0 && by_log_t > 0))
			/* So far out that doubles end: back by half. */
			step = -0.5 * fabs(step);
		else if (central < 0.5)
		{
			now = near ? now : 1 - now;
			step = now * log(central / now) / by_log_t;
		}
		else
		{
			now = near ? 1 - now : now;
			step = now * log(now / tail) / by_log_t;
		}
		t *= exp(step);
	}
	return p < 0.5 ? -t : t;
}

/*
 * student_t_shifted_cdf
 *		The noncentral t distribution: (z + mean) / s is below t with the normal probability of z < t s - mean, whose mean over the density
 *		of y = log s, some exp(df (y - exp(2 y) / 2)), is taken as a sum. Of a smooth function with both tails in it, that is as
 *		exact as its terms.
 */
double
student_t_shifted_cdf(double t, double df, double mean)
{
	const int	steps = 2000;
	double		reach = sqrt(40 / df);
	double		step = (2 * reach + reach * reach) / steps;
	double		sum = 0;
	double		weights = 0;

	for (int i = 0; i <= steps; i++)
	{
		double		y = reach - i * step;
		double		weight = exp(df * (y - expm1(2 * y) / 2));

		weights += weight;
		sum += weight * normal_cdf(t * exp(y) - mean);
	}
	return sum / weights;
}

/*
 * poisson_term
 *		x^k e^-x / Gamma(k + 1), k > -1. For large k, of which the large parts cancel: Loader (2000), Fast and Accurate
 *		Computation of Binomial Probabilities.
 */
static double
poisson_term(double k, double x)
{
	double		ratio = (k - x) / (k + x);
	double		term = 2 * k * ratio;
	double		deviance = (k - x) * ratio;	/* k log(k / x) + x - k */

	if (k < 12)
		return exp(k * log(x) - x - log_gamma(k + 1));
	if (fabs(ratio) > 0.1)
		deviance = k * log(k / x) + x - k;
	else
	{
		for (int i = 3; fabs(term) > NEGLIGIBLE * deviance; i += 2)
		{
			term *= ratio * ratio;
			deviance += term / i;
		}
	}
	return exp(-deviance - stirling_rest(k)) / (SQRT_2PI * sqrt(k));
}

/*
 * chi_square_upper
 *		With a = df / 2 and y = x / 2: the terms y^k e^-y / Gamma(k + 1) of k = a - 1, a - 2, ... down to 0, or to 1/2 and an
 *		error function (Abramowitz, Stegun 26.4.4, 26.4.5). Left of the middle, 1 less those of k = a, a + 1, ...
 */
double
chi_square_upper(double x, double df)
{
	double		k = df / 2;
	double		y = x / 2;
	double		term;
	double		sum = 0;

	if (!(df >= 1) || isnan(x))
		return NAN;
	if (x <= 0 || isinf(x))
		return x <= 0;
	if (y < k)
	{
		for (term = poisson_term(k, y); term > NEGLIGIBLE * sum; term *= y / ++k)
			sum += term;
		return 1 - sum;
	}
	if (df == 1)
		return 2 * normal_upper(sqrt(x));
	for (term = poisson_term(--k, y); k >= 0 && term > NEGLIGIBLE * sum; term *= k-- / y)
		sum += term;
	return k == -0.5 ? sum + 2 * normal_upper(sqrt(x)) : sum;
}
