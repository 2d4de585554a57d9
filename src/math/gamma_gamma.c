/*
 * gamma_gamma.c
 *		Fader, Hardie (2013), The Gamma-Gamma Model of Monetary Value: a transaction of a customer is Gamma(p, nu), and nu is
 *		Gamma(q, gamma) over customers.
 */
#include "gamma_gamma.h"

#include <math.h>

#include "special.h"

/*
 * gamma_gamma_likelihood
 *		The density of the average m of x transactions (eq. 1a), written with u = m x / gamma as
 *		m^-1 u^(p x) / (1 + u)^(p x + q) / B(p x, q): so large p, q and gamma cancel before they are rounded. What depends
 *		on x alone is kept from row to row.
 */
void
gamma_gamma_likelihood(const Model *model, const ModelRow *rows, size_t count, bool derivatives, Likelihood *sum)
{
	const double p = model->parameters[0];
	const double q = model->parameters[1];
	const double gamma = model->parameters[2];
	double		last_x = -1;
	double		px = 0, shape = 0, constant = 0;
	double		dp = 0, dq = 0, dpp = 0, dpq = 0, dqq = 0;
	double		value = 0, g[3] = {0}, h[6] = {0};

	for (size_t i = 0; i < count; i++)
	{
		const double x = rows[i].x;
		const double w = rows[i].customers;
		const double u = rows[i].t_x * x / gamma;
		const double log_u = log(u);
		const double log_rest = u < 0.1 ? -log1p(u) : -log(1 + u);	/* of gamma / (gamma + m x); log is faster */
		const double log_share = log_u + log_rest;	/* of m x / (gamma + m x) */

		if (x != last_x)
		{
			last_x = x;
			px = p * x;
			shape = px + q;
			constant = log(x / gamma) - log_beta(px, q);
			if (derivatives)
			{
				dp = digamma_difference(px, q);
				dq = digamma_difference(q, px);
				dpq = trigamma(shape);
				dpp = trigamma_difference(px, q);
				dqq = trigamma_difference(q, px);
			}
		}
		value += w * (constant - log_u + px * log_share + q * log_rest);
		if (derivatives)
		{
			const double rest = 1 / (1 + u);
			const double scaled = w / gamma;

			g[0] += w * x * (dp + log_share);
			g[1] += w * (dq + log_rest);
			g[2] += scaled * (q * u - px) * rest;
			h[0] += w * x * x * dpp;
			h[1] += w * x * dpq;
			h[2] -= scaled * x * rest;
			h[3] += w * dqq;
			h[4] += scaled * u * rest;
			h[5] += scaled / gamma * (shape * rest * rest - q);
		}
	}

	sum->value += value;
	for (int i = 0, k = 0; derivatives && i < 3; i++)
	{
		sum->gradient[i] += g[i];
		for (int j = i; j < 3; j++, k++)
		{
			sum->hessian[i][j] += h[k];
			if (j > i)
				sum->hessian[j][i] += h[k];
		}
	}
}

/*
 * gamma_gamma_expected_spend
 *		Eq. 5: between the average of all customers and the customer's own. nu is Gamma(p x + q, gamma + m x) after x
 *		transactions, and p / nu has a mean only from shapes above 1.
 */
double
gamma_gamma_expected_spend(const Model *model, double x, double m)
{
	const double p = model->parameters[0];
	const double q = model->parameters[1];
	const double gamma = model->parameters[2];
	const double excess = (q - 1) + p * x;

	return excess > 0 ? p / excess * (gamma + m * x) : INFINITY;
}
