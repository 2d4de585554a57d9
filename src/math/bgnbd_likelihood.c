/*
 * bgnbd_likelihood.c
 *		The log-likelihood of BG/NBD, MBG/NBD and NBD, and its first and second derivatives.
 *
 * A customer has a purchasing rate lambda ~ Gamma(r, alpha) and leaves after a purchase with probability
 * p ~ Beta(a, b). With regularity k each purchase is the k-th event of a Poisson process of rate lambda. Let
 *		s = r + k x, c = alpha + T, tau = T - t_x, and m = x chances to leave that were not taken (MBG/NBD: x + 1).
 * Then
 *		L = B(a, b + m) / B(a, b)  Gamma(s) / Gamma(r)  alpha^r  (alive + left),
 *		alive = c^-s sum over j < k of (s)_j / j! (tau / c)^j,
 *		left = a / (b + m - 1)  (alpha + t_x)^-s:
 * alive at T with j events since the last purchase, or left at t_x. Fader, Hardie, Lee (2005), equation 6, and Batislam,
 * Denizel, Filiztekin (2007), for k = 1; Reutterer, Platzer, Schroeder (2021) for any k. NBD has no b, m and left, BG/NBD
 * no left while x = 0. Densities of Erlang-k gaps also have the factors gap^(k - 1) / Gamma(k), which (x, t_x, T) do
 * not hold; they depend on k and data alone and are left out, so that likelihoods of different k do not compare.
 */
#include "bgnbd.h"

#include <math.h>

#include "lanes.h"
#include "special.h"

/* The places of r, alpha, a and b. */
enum {R, ALPHA, A, B};

/* The largest logarithm of a ratio that is told from another. */
#define FARTHEST 690

/* What depends on x, and not on times. */
typedef struct Count
{
	double		customers;		/* of that x */
	double		s;				/* shape of lambda */
	double		value;			/* log of the factor before the bracket */
	double		log_odds;		/* log of a / (b + m - 1); only if the customer may have left */
	double		inverse;		/* 1 / (b + m - 1) */
	bool		may_have_left;
	double		gradient[MODEL_PARAMETERS]; /* of value */
	double		hessian[MODEL_PARAMETERS][MODEL_PARAMETERS];	/* of value, upper triangle */
	double		first[MODEL_REGULARITY];	/* sum over i < j of 1 / (s + i) */
	double		second[MODEL_REGULARITY];	/* sum over i < j of 1 / (s + i)^2 */
} Count;

/*
 * count_purchases
 */
static void
count_purchases(const Model *model, double x, bool derivatives, Count *of)
{
	const double *parameters = model->parameters;
	double		r = parameters[R];
	double		alpha = parameters[ALPHA];
	double		events = model->regularity * x;

	*of = (Count) {.s = r + events};
	of->value = log_gamma_ratio(r, events) + r * log(alpha);
	if (derivatives)
	{
		of->gradient[R] = digamma_difference(r, events) + log(alpha);
		of->gradient[ALPHA] = r / alpha;
		of->hessian[R][R] = trigamma_difference(r, events);
		of->hessian[R][ALPHA] = 1 / alpha;
		of->hessian[ALPHA][ALPHA] = -r / alpha / alpha;
		for (int j = 1; j < model->regularity; j++)
		{
			double		inverse = 1 / (of->s + j - 1);

			of->first[j] = of->first[j - 1] + inverse;
			of->second[j] = of->second[j - 1] + inverse * inverse;
		}
	}
	if (model->kind != MODEL_NBD)
	{
		double		a = parameters[A];
		double		b = parameters[B];
		double		stayed = model->kind == MODEL_MBGNBD ? x + 1 : x;

		of->may_have_left = stayed > 0;
		if (of->may_have_left)
		{
			of->inverse = 1 / (b + stayed - 1);
			of->log_odds = log(a * of->inverse);
			of->value += log_gamma_ratio(b, stayed) - log_gamma_ratio(a + b, stayed);
		}
		if (of->may_have_left && derivatives)
		{
			of->gradient[A] = -digamma_difference(a + b, stayed);
			of->gradient[B] = digamma_difference(b, stayed) + of->gradient[A];
			of->hessian[A][A] = of->hessian[A][B] = -trigamma_difference(a + b, stayed);
			of->hessian[B][B] = trigamma_difference(b, stayed) + of->hessian[A][A];
		}
	}
}

/*
 * add_count
 *		For all its customers.
 */
static void
add_count(const Count *of, Likelihood *sum)
{
	sum->value += of->customers * of->value;
	for (int m = 0; m < MODEL_PARAMETERS; m++)
	{
		sum->gradient[m] += of->customers * of->gradient[m];
		for (int n = m; n < MODEL_PARAMETERS; n++)
			sum->hessian[m][n] += of->customers * of->hessian[m][n];
	}
}

/* Of rows of one x: the logarithm of alive, and its derivatives by r and alpha. */
typedef struct Alive
{
	double		value[BLOCK];
	double		r[BLOCK];
	double		alpha[BLOCK];
	double		r_r[BLOCK];
	double		r_alpha[BLOCK];
	double		alpha_alpha[BLOCK];
} Alive;

/*
 * still_alive
 *		With weights w_j = (s)_j / j! (tau / c)^j, whose logarithms have the gradients g_j = (first[j], -j / c), the gradient
 *		of the logarithm of their sum is the mean of g_j; the second derivatives are the mean of those of log w_j, and
 *		the covariance of g_j. With k = 1 there is but w_0 = 1.
 */
static void
still_alive(const Count *of, int k, const double *tau, const double *c, const double *log_c, int lanes, Alive *alive)
{
	double		s = of->s;

	EACH_LANE(lanes, i)
	{
		double		inverse = 1 / c[i];

		alive->value[i] = -s * log_c[i];
		alive->r[i] = -log_c[i];
		alive->alpha[i] = -s * inverse;
		alive->r_r[i] = 0;
		alive->r_alpha[i] = -inverse;
		alive->alpha_alpha[i] = s * inverse * inverse;
	}
	for (int i = 0; k > 1 && i < lanes; i++)
	{
		double		sum = 1;
		double		weight = 1;
		double		g = 0;
		double		n = 0;
		double		g_g = 0;
		double		g_n = 0;
		double		n_n = 0;

		for (int j = 1; j < k; j++)
		{
			weight *= (s + j - 1) / j * (tau[i] / c[i]);
			sum += weight;
			g += weight * of->first[j];
			n += weight * j;
			g_g += weight * (of->first[j] * of->first[j] - of->second[j]);
			g_n += weight * of->first[j] * j;
			n_n += weight * j * (j + 1);
		}
		g /= sum;
		n /= sum;
		alive->value[i] += log(sum);
		alive->r[i] += g;
		alive->alpha[i] -= n / c[i];
		alive->r_r[i] = g_g / sum - g * g;
		alive->r_alpha[i] -= (g_n / sum - g * n) / c[i];
		alive->alpha_alpha[i] += (n_n / sum - n * n) / c[i] / c[i];
	}
}

/*
 * bgnbd_likelihood
 *		The logarithm of alive + left has the gradient P g1 + Q g2, where P = alive / (alive + left) and Q = 1 - P, and the
 *		second derivatives P H1 + Q H2 + P Q (g1 - g2) (g1 - g2)'. Rows of one x are taken a block at a time.
 */
void
bgnbd_likelihood(const Model *model, const ModelRow *rows, size_t count, bool derivatives, Likelihood *sum)
{
	const double alpha = model->parameters[ALPHA];
	const double log_alpha = log(alpha);
	const int	k = model->regularity;
	Likelihood	total = {0};
	Count		of = {0};

	for (size_t i = 0, many; i < count; i += many)
	{
		double		customers[BLOCK], past[BLOCK], tau[BLOCK], back[BLOCK], c[BLOCK], log_began[BLOCK], log_c[BLOCK];
		double		P[BLOCK], Q[BLOCK], sums[9][BLOCK];
		Alive		alive;
		double		s;
		int			lanes;

		if (i == 0 || rows[i].x != rows[i - 1].x)
		{
			add_count(&of, &total);
			count_purchases(model, rows[i].x, derivatives, &of);
		}
		s = of.s;
		for (many = 0; many < BLOCK && i + many < count && rows[i + many].x == rows[i].x; many++)
		{
			customers[many] = rows[i + many].customers;
			past[many] = rows[i + many].t_x;
			tau[many] = rows[i + many].T - past[many];
			of.customers += customers[many];
		}
		for (lanes = many; lanes % LANES != 0; lanes++)
		{
			customers[lanes] = 0;
			past[lanes] = tau[lanes] = 0;
		}

		EACH_LANE(lanes, j)
		{
			back[j] = 1 / (alpha + past[j]);
			c[j] = alpha + past[j] + tau[j];
			past[j] *= 1 / alpha;
			P[j] = tau[j] * back[j];
		}
		log1p_lanes(past, lanes, log_began);
		log1p_lanes(P, lanes, log_c);
		EACH_LANE(lanes, j)
		{
			log_began[j] += log_alpha;
			log_c[j] += log_began[j];
		}
		still_alive(&of, k, tau, c, log_c, lanes, &alive);

		if (of.may_have_left)
		{
			double		log_ratio[BLOCK];	/* of left to alive, as far as exponentials reach */
			double		ratio[BLOCK];
			double		log_both[BLOCK];

			EACH_LANE(lanes, j)
			{
				double		all = of.log_odds - s * log_began[j] - alive.value[j];
				double		lower = all < FARTHEST ? all : FARTHEST;

				alive.value[j] += all - lower;
				log_ratio[j] = lower > -FARTHEST ? lower : -FARTHEST;
			}
			exp_lanes(log_ratio, lanes, ratio);
			log1p_lanes(ratio, lanes, log_both);
			EACH_LANE(lanes, j)
			{
				alive.value[j] += log_both[j];
				P[j] = 1 / (1 + ratio[j]);
				Q[j] = ratio[j] * P[j];
			}
		}
		else
			EACH_LANE(lanes, j)
			{
				P[j] = 1;
				Q[j] = 0;
			}
		total.value += dot_lanes(customers, alive.value, lanes);

		if (derivatives)
		{
			EACH_LANE(lanes, j)
			{
				double		stayed = customers[j] * P[j];
				double		left = customers[j] * Q[j];
				double		both = stayed * Q[j];
				double		d_r = alive.r[j] + log_began[j];	/* g1 - g2 */
				double		d_alpha = alive.alpha[j] + s * back[j];

				sums[0][j] = stayed * alive.r[j] - left * log_began[j];
				sums[1][j] = stayed * alive.alpha[j] - left * s * back[j];
				sums[2][j] = stayed * alive.r_r[j] + both * d_r * d_r;
				sums[3][j] = stayed * alive.r_alpha[j] - left * back[j] + both * d_r * d_alpha;
				sums[4][j] = stayed * alive.alpha_alpha[j] + left * s * back[j] * back[j] + both * d_alpha * d_alpha;
				sums[5][j] = left;
				sums[6][j] = both;
				sums[7][j] = both * d_r;
				sums[8][j] = both * d_alpha;
			}
			total.gradient[R] += sum_lanes(sums[0], lanes);
			total.gradient[ALPHA] += sum_lanes(sums[1], lanes);
			total.hessian[R][R] += sum_lanes(sums[2], lanes);
			total.hessian[R][ALPHA] += sum_lanes(sums[3], lanes);
			total.hessian[ALPHA][ALPHA] += sum_lanes(sums[4], lanes);
			if (of.may_have_left)
			{
				double		left = sum_lanes(sums[5], lanes);
				double		both = sum_lanes(sums[6], lanes);
				double		d_a = -1 / model->parameters[A];
				double		d_b = of.inverse;

				total.gradient[A] -= left * d_a;
				total.gradient[B] -= left * d_b;
				total.hessian[R][A] += sum_lanes(sums[7], lanes) * d_a;
				total.hessian[R][B] += sum_lanes(sums[7], lanes) * d_b;
				total.hessian[ALPHA][A] += sum_lanes(sums[8], lanes) * d_a;
				total.hessian[ALPHA][B] += sum_lanes(sums[8], lanes) * d_b;
				total.hessian[A][A] += (both - left) * d_a * d_a;
				total.hessian[A][B] += both * d_a * d_b;
				total.hessian[B][B] += (both + left) * d_b * d_b;
			}
		}
	}

	add_count(&of, &total);
	sum->value += total.value;
	if (derivatives)
		for (int m = 0; m < MODEL_PARAMETERS; m++)
		{
			sum->gradient[m] += total.gradient[m];
			for (int n = m; n < MODEL_PARAMETERS; n++)
			{
				sum->hessian[m][n] += total.hessian[m][n];
				if (n > m)
					sum->hessian[n][m] += total.hessian[m][n];
			}
		}
}
