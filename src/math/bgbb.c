/*
 * bgbb.c
 *		Fader, Hardie, Shang (2010), Customer-Base Analysis in a Discrete-Time Noncontractual Setting. At each opportunity a
 *		customer first leaves with probability theta ~ Beta(gamma, delta), then, if still there, buys with probability
 *		p ~ Beta(alpha, beta).
 *
 * The likelihood of x purchases in n opportunities, the last at t_x (eq. 6), is the sum over i = 0 ... n - t_x - 1 of
 *
 *		A(i) = B(alpha + x, beta + t_x - x + i) / B(alpha, beta) B(gamma + 1, delta + t_x + i) / B(gamma, delta)
 *
 * (left right after the opportunity t_x + i), and of A(n - t_x) (gamma + delta + n) / gamma (still there at n). Each A(i + 1) / A(i) is
 * a rational number < 1, so everything is a sum of falling positive terms, relative to A(0).
 */
#include "bgbb.h"

#include <math.h>
#include <string.h>

#include "contract.h"
#include "special.h"

/* The sum over the ways in which a customer may have left, relative to A(0). */
typedef struct Past
{
	double		total;
	double		alive;			/* the part in which the customer is still there at n */
} Past;

/*
 * step
 *		A(i + 1) / A(i), for a customer at t = t_x + i who then has not bought for y = t - x opportunities in all.
 */
static double
step(const double p[4], double y, double t)
{
	return (p[1] + y) / (p[0] + p[1] + t) * ((p[3] + t) / (p[2] + p[3] + 1 + t));
}

/*
 * past
 */
static Past
past(const double p[4], double x, double t_x, double n)
{
	Past		past = {0, 0};
	double		a = 1;

	for (double t = t_x; t < n; t++)
	{
		past.total += a;
		a *= step(p, t - x, t);
	}
	past.alive = a * ((p[2] + p[3] + n) / p[2]);
	past.total += past.alive;
	return past;
}

/* Sums of w, w g and w (h + g g'), of which come the derivatives of log(sum of w). */
typedef struct Moments
{
	double		w;
	double		g[4];
	double		h[4][4];
} Moments;

/*
 * add_moments
 *		h has the blocks {alpha, beta} and {gamma, delta}, each of three numbers: aa, ab, bb.
 */
static void
add_moments(Moments *sum, double w, const double g[4], const double h[2][3])
{
	sum->w += w;
	for (int i = 0; i < 4; i++)
	{
		sum->g[i] += w * g[i];
		for (int j = i; j < 4; j++)
			sum->h[i][j] += w * (g[i] * g[j] + (i / 2 == j / 2 ? h[i / 2][i % 2 + j % 2] : 0));
	}
}

/*
 * row_derivatives
 *		The gradient g and the Hessian h of log A(0) by digamma and trigamma; those of log A(i + 1) by adding those of the
 *		logarithm of the ratio. Returns the sum, relative to A(0).
 */
static double
row_derivatives(const double p[4], double x, double t_x, double n, double gradient[4], double hessian[4][4])
{
	const double both = digamma_difference(p[0] + p[1], t_x);
	const double both2 = trigamma_difference(p[0] + p[1], t_x);
	const double lost = digamma_difference(p[2] + p[3], t_x + 1);
	const double lost2 = trigamma_difference(p[2] + p[3], t_x + 1);
	double		g[4] = {
		digamma_difference(p[0], x) - both, digamma_difference(p[1], t_x - x) - both,
		1 / p[2] - lost, digamma_difference(p[3], t_x) - lost
	};
	double		h[2][3] = {
		{trigamma_difference(p[0], x) - both2, -both2, trigamma_difference(p[1], t_x - x) - both2},
		{-1 / (p[2] * p[2]) - lost2, -lost2, trigamma_difference(p[3], t_x) - lost2}
	};
	const double end = 1 / (p[2] + p[3] + n);
	double		a = 1;
	Moments		sum;

	memset(&sum, 0, sizeof(sum));
	for (double t = t_x; t < n; t++)
	{
		const double up[2] = {1 / (p[1] + t - x), 1 / (p[3] + t)};
		const double down[2] = {1 / (p[0] + p[1] + t), 1 / (p[2] + p[3] + 1 + t)};

		add_moments(&sum, a, g, h);
		a *= step(p, t - x, t);
		for (int k = 0; k < 2; k++)
		{
			g[2 * k] -= down[k];
			g[2 * k + 1] += up[k] - down[k];
			h[k][0] += down[k] * down[k];
			h[k][1] += down[k] * down[k];
			h[k][2] += down[k] * down[k] - up[k] * up[k];
		}
	}
	g[2] += end - 1 / p[2];
	g[3] += end;
	h[1][0] += 1 / (p[2] * p[2]) - end * end;
	h[1][1] -= end * end;
	h[1][2] -= end * end;
	add_moments(&sum, a / (p[2] * end), g, h);

	for (int i = 0; i < 4; i++)
		gradient[i] = sum.g[i] / sum.w;
	for (int i = 0; i < 4; i++)
		for (int j = i; j < 4; j++)
			hessian[i][j] = hessian[j][i] = sum.h[i][j] / sum.w - gradient[i] * gradient[j];
	return sum.w;
}

/*
 * log_first
 *		log A(0) for t_x = x + y: B(a + m, b + n) / B(a, b) is taken as a product of two ratios < 1.
 */
static double
log_first(const double p[4], double x, double y)
{
	return log_beta_ratio(p[1], p[0], x) + log_beta_ratio(p[0] + x, p[1], y)
		+ log_beta_ratio(p[3], p[2], 1) + log_beta_ratio(p[2] + 1, p[3], x + y);
}

/*
 * bgbb_likelihood
 */
void
bgbb_likelihood(const Model *model, const ModelRow *rows, size_t count, bool derivatives, Likelihood *sum)
{
	const double *p = model->parameters;

	for (size_t row = 0; row < count; row++)
	{
		const double x = rows[row].x;
		const double t_x = rows[row].t_x;
		const double n = rows[row].T;
		const double w = rows[row].customers;
		double		gradient[4];
		double		hessian[4][4];
		double		total = derivatives ? row_derivatives(p, x, t_x, n, gradient, hessian) : past(p, x, t_x, n).total;

		sum->value += w * (log_first(p, x, t_x - x) + log(total));
		for (int i = 0; derivatives && i < 4; i++)
		{
			sum->gradient[i] += w * gradient[i];
			for (int j = 0; j < 4; j++)
				sum->hessian[i][j] += w * hessian[i][j];
		}
	}
}

/*
 * bgbb_probability_alive
 *		Whether a customer will still be there at the next opportunity, the n + 1st (eq. 10 with m = 1).
 */
double
bgbb_probability_alive(const Model *model, double x, double t_x, double T)
{
	const double *p = model->parameters;
	Past		customer = past(p, x, t_x, T);

	return customer.alive / customer.total * ((p[3] + T) / (p[2] + p[3] + T));
}

/*
 * survivals
 *		The sum over j = 1 ... t of B(gamma, d + j) / B(gamma, d), the chances to be there at the next t opportunities:
 *		d (1 - (d + 1)_t / (d + gamma)_t) / (gamma - 1), whose limit for gamma = 1 is d (psi(d + 1 + t) - psi(d + 1)).
 */
static double
survivals(double gamma, double d, double t)
{
	t = floor(t);
	if (gamma == 1)
		return d * digamma_difference(d + 1, t);
	return -d * (expm1(log_beta_ratio(gamma - 1, d + 1, t)) / (gamma - 1));
}

/*
 * bgbb_expected_purchases
 *		Eq. 13: still there at n, there at each of the next t opportunities, and buying.
 */
double
bgbb_expected_purchases(const Model *model, double x, double t_x, double T, double t)
{
	const double *p = model->parameters;
	Past		customer = past(p, x, t_x, T);

	return customer.alive / customer.total * ((p[0] + x) / (p[0] + p[1] + T)) * survivals(p[2], p[3] + T, t);
}

/*
 * bgbb_expected_new
 *		Eq. 9 as a sum.
 */
double
bgbb_expected_new(const Model *model, double t)
{
	const double *p = model->parameters;

	return p[0] / (p[0] + p[1]) * survivals(p[2], p[3], t);
}

/*
 * bgbb_purchase_probability
 *		Eq. 8: as the likelihood, with all orders of n purchases among i opportunities. The terms may rise first, so the
 *		sum is scaled on the way.
 */
double
bgbb_purchase_probability(const Model *model, double n, double t)
{
	const double *p = model->parameters;
	double		scale = log_first(p, n, 0);
	double		a = 1;
	double		sum = 0;

	t = floor(t);
	if (n > t)
		return 0;
	for (double i = n; i < t; i++)
	{
		sum += a;
		a *= step(p, i - n, i) * ((i + 1) / (i + 1 - n));
		if (a > 1e200)
		{
			a *= 1e-200;
			sum *= 1e-200;
			scale += 200 * log(10);
		}
	}
	return exp(scale + log(sum + a * ((p[2] + p[3] + t) / p[2])));
}

/*
 * bgbb_no_purchase
 *		The likelihood of the same past, and t opportunities more without a purchase, relative to that of the past.
 */
double
bgbb_no_purchase(const Model *model, double x, double t_x, double T, double t)
{
	const double *p = model->parameters;

	return past(p, x, t_x, T + floor(t)).total / past(p, x, t_x, T).total;
}

/*
 * bgbb_residual
 *		Eq. 14: the chances to be there at later opportunities are those of a shifted beta geometric model.
 */
double
bgbb_residual(const Model *model, double x, double t_x, double T, double rate)
{
	const double *p = model->parameters;
	Past		customer = past(p, x, t_x, T);

	return customer.alive / customer.total * ((p[0] + x) / (p[0] + p[1] + T)) * contract_discounted(p[2], p[3] + T, 1, 0, rate);
}
