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

#include "special.h"

/* The places of r, alpha, a and b. */
enum {R, ALPHA, A, B};

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

/* The logarithm of alive, and its derivatives by r and alpha. */
typedef struct Alive
{
	double		value;
	double		r;
	double		alpha;
	double		r_r;
	double		r_alpha;
	double		alpha_alpha;
} Alive;

/*
 * still_alive
 *		With weights w_j = (s)_j / j! (tau / c)^j, whose logarithms have the gradients g_j = (first[j], -j / c), the gradient
 *		of the logarithm of their sum is the mean of g_j; the second derivatives are the mean of those of log w_j, and
 *		the covariance of g_j.
 */
static Alive
still_alive(const Count *of, int k, double tau, double c, double log_c)
{
	double		s = of->s;
	double		sum = 1;
	double		weight = 1;
	double		g = 0;
	double		n = 0;
	double		g_g = 0;
	double		g_n = 0;
	double		n_n = 0;

	for (int j = 1; j < k; j++)
	{
		weight *= (s + j - 1) / j * (tau / c);
		sum += weight;
		g += weight * of->first[j];
		n += weight * j;
		g_g += weight * (of->first[j] * of->first[j] - of->second[j]);
		g_n += weight * of->first[j] * j;
		n_n += weight * j * (j + 1);
	}
	g /= sum;
	n /= sum;
	return (Alive)
	{
		.value = log(sum) - s * log_c,
		.r = g - log_c,
		.alpha = -(n + s) / c,
		.r_r = g_g / sum - g * g,
		.r_alpha = -(g_n / sum - g * n + 1) / c,
		.alpha_alpha = (n_n / sum - n * n + s) / c / c,
	};
}

/*
 * bgnbd_likelihood
 *		The logarithm of alive + left has the gradient P g1 + Q g2, where P = alive / (alive + left) and Q = 1 - P, and the
 *		second derivatives P H1 + Q H2 + P Q (g1 - g2) (g1 - g2)'.
 */
void
bgnbd_likelihood(const Model *model, const ModelRow *rows, size_t count, bool derivatives, Likelihood *sum)
{
	double		alpha = model->parameters[ALPHA];
	double		a = model->parameters[A];
	int			k = model->regularity;
	Likelihood	total = {0};
	Count		of = {0};
	double		log_c = 0;

	for (size_t i = 0; i < count; i++)
	{
		const ModelRow *row = &rows[i];
		double		customers = row->customers;
		double		c = alpha + row->T;
		double		began = alpha + row->t_x;
		double		stayed_share = 1;
		double		left_share = 0;
		double		log_began = 0;
		Alive		alive;

		if (i == 0 || row->x != row[-1].x)
		{
			add_count(&of, &total);
			count_purchases(model, row->x, derivatives, &of);
		}
		if (i == 0 || row->T != row[-1].T)
			log_c = log(c);
		if (k == 1)
			alive = (Alive)
		{
			-of.s * log_c, -log_c, -of.s / c, 0, -1 / c, of.s / c / c
		};
		else
			alive = still_alive(&of, k, row->T - row->t_x, c, log_c);

		of.customers += customers;
		total.value += customers * alive.value;
		if (of.may_have_left)
		{
			double		log_ratio;	/* of left to alive */
			double		smaller;

			log_began = log(began);
			log_ratio = of.log_odds - of.s * log_began - alive.value;
			smaller = exp(-fabs(log_ratio));
			total.value += customers * (fmax(log_ratio, 0) + log1p(smaller));
			stayed_share = (log_ratio > 0 ? smaller : 1) / (1 + smaller);
			left_share = (log_ratio > 0 ? 1 : smaller) / (1 + smaller);
		}
		if (derivatives)
		{
			double		P = customers * stayed_share;
			double		Q = customers * left_share;
			double		PQ = P * left_share;
			double		back = 1 / began;
			double		d_r = alive.r + log_began;	/* g1 - g2 */
			double		d_alpha = alive.alpha + of.s * back;
			double		d_a = -1 / a;
			double		d_b = of.inverse;

			total.gradient[R] += P * alive.r - Q * log_began;
			total.gradient[ALPHA] += P * alive.alpha - Q * of.s * back;
			total.hessian[R][R] += P * alive.r_r + PQ * d_r * d_r;
			total.hessian[R][ALPHA] += P * alive.r_alpha - Q * back + PQ * d_r * d_alpha;
			total.hessian[ALPHA][ALPHA] += P * alive.alpha_alpha + Q * of.s * back * back + PQ * d_alpha * d_alpha;
			if (of.may_have_left)
			{
				total.gradient[A] -= Q * d_a;
				total.gradient[B] -= Q * d_b;
				total.hessian[R][A] += PQ * d_r * d_a;
				total.hessian[R][B] += PQ * d_r * d_b;
				total.hessian[ALPHA][A] += PQ * d_alpha * d_a;
				total.hessian[ALPHA][B] += PQ * d_alpha * d_b;
				total.hessian[A][A] += (PQ - Q) * d_a * d_a;
				total.hessian[A][B] += PQ * d_a * d_b;
				total.hessian[B][B] += (PQ + Q) * d_b * d_b;
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
