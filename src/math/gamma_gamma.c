/*
 * gamma_gamma.c
 *		Fader, Hardie (2013), The Gamma-Gamma Model of Monetary Value: a transaction of a customer is Gamma(p, nu), and nu is
 *		Gamma(q, gamma) over customers.
 */
#include "gamma_gamma.h"

#include <math.h>

#include "lanes.h"
#include "special.h"

/*
 * gamma_gamma_likelihood
 *		The density of the average m of x transactions (eq. 1a), written with u = m x / gamma as
 *		m^-1 u^(p x) / (1 + u)^(p x + q) / B(p x, q): so large p, q and gamma cancel before they are rounded. Rows of one x
 *		are taken a block at a time; log(u) is log(1 + u) - log(1 + 1 / u).
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

	for (size_t i = 0, many; i < count; i += many)
	{
		const double x = rows[i].x;
		double		w[BLOCK], u[BLOCK], inverse[BLOCK], above[BLOCK], below[BLOCK], part[6][BLOCK];
		double		customers = 0;
		int			lanes;

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
		for (many = 0; many < BLOCK && i + many < count && rows[i + many].x == x; many++)
		{
			u[many] = rows[i + many].t_x * x / gamma;
			w[many] = rows[i + many].customers;
			customers += w[many];
		}
		for (lanes = many; lanes % LANES != 0; lanes++)
		{
			u[lanes] = u[0];
			w[lanes] = 0;
		}

		EACH_LANE(lanes, j)
			inverse[j] = 1 / u[j];
		log1p_lanes(u, lanes, above);
		log1p_lanes(inverse, lanes, below);
		EACH_LANE(lanes, j)
			part[0][j] = constant + (1 - px) * below[j] - (1 + q) * above[j];
		value += dot_lanes(w, part[0], lanes);
		if (!derivatives)
			continue;
		EACH_LANE(lanes, j)
		{
			const double rest = 1 / (1 + u[j]);

			part[0][j] = dp - below[j];
			part[1][j] = dq - above[j];
			part[2][j] = (q * u[j] - px) * rest;
			part[3][j] = rest;
			part[4][j] = u[j] * rest;
			part[5][j] = shape * rest * rest - q;
		}
		g[0] += x * dot_lanes(w, part[0], lanes);
		g[1] += dot_lanes(w, part[1], lanes);
		g[2] += dot_lanes(w, part[2], lanes) / gamma;
		h[0] += customers * x * x * dpp;
		h[1] += customers * x * dpq;
		h[2] -= x * dot_lanes(w, part[3], lanes) / gamma;
		h[3] += customers * dqq;
		h[4] += dot_lanes(w, part[4], lanes) / gamma;
		h[5] += dot_lanes(w, part[5], lanes) / gamma / gamma;
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
