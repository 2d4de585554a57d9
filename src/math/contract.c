/*
 * contract.c
 *		The shifted beta geometric model (Fader, Hardie 2007, How to Project Customer Retention) and its form with duration
 *		dependence, beta discrete Weibull (Fader, Hardie, Liu, Davin, Steenburgh 2018).
 *
 * Of a customer who stays a period with probability 1 - theta, theta ~ Beta(alpha, beta), the share
 * S(t) = B(alpha, beta + t^c) / B(alpha, beta) is there after t periods; c = 1 is sBG.
 */
#include "contract.h"

#include <math.h>
#include <string.h>

#include "special.h"

/* Gauss and Legendre's nodes > 0 and weights on [-1, 1], of 16 nodes: Abramowitz, Stegun table 25.4. */
#define HALF_NODES	8
static const double nodes[HALF_NODES] =
{
	0.095012509837637440185, 0.28160355077925891323, 0.45801677765722738634, 0.61787624440264374845,
	0.75540440835500303390, 0.86563120238783174388, 0.94457502307323257608, 0.98940093499164993260
};
static const double weights[HALF_NODES] =
{
	0.18945061045506849629, 0.18260341504492358887, 0.16915651939500253819, 0.14959598881657673208,
	0.12462897125553387205, 0.095158511682492784810, 0.062253523938647892863, 0.027152459411754094852
};

/* One customer's likelihood, its derivatives by alpha, beta, c, and the second ones. */
typedef struct Term
{
	double		value;
	double		g[3];
	double		h[3][3];
} Term;

/*
 * exponent
 */
static double
exponent(const Model *model)
{
	return model->kind == MODEL_BDW ? model->parameters[2] : 1;
}

/* Powers of times are beyond this only where S is a power of time itself, S(t) ~ t^(-alpha c). */
#define LARGE_POWER 1e150

/*
 * log_stay
 *		log(S(to) / S(from)).
 */
static double
log_stay(double alpha, double beta, double c, double from, double to)
{
	double		power = pow(from, c);
	double		beyond = 0;

	if (!(pow(to, c) <= LARGE_POWER))
	{
		double		most = pow(LARGE_POWER, 1 / c);

		beyond = alpha * c * log(to / fmax(from, most));
		power = fmin(power, LARGE_POWER);
	}
	return log_beta_ratio(alpha, beta + power, fmin(pow(to, c), LARGE_POWER) - power) - beyond;
}

/*
 * term
 *		log(S(to) / S(from)) and its derivatives: first by alpha, start = beta + from^c and end = beta + to^c.
 */
static void
term(double alpha, double beta, double c, double from, double to, bool derivatives, Term *sum)
{
	const double u[2] = {fmin(pow(from, c), LARGE_POWER), fmin(pow(to, c), LARGE_POWER)};
	const double x[2] = {beta + u[0], beta + u[1]};
	const double n = u[1] - u[0];

	memset(sum, 0, sizeof(*sum));
	sum->value = log_stay(alpha, beta, c, from, to);
	if (!derivatives)
		return;

	sum->g[0] = -digamma_difference(alpha + x[0], n);
	sum->h[0][0] = -trigamma_difference(alpha + x[0], n);
	for (int i = 0; i < 2; i++)
	{
		double		sign = i == 0 ? 1 : -1;
		double		log_t = u[i] > 0 ? log(i == 0 ? from : to) : 0;
		double		first = sign * digamma_difference(x[i], alpha);
		double		second = sign * trigamma_difference(x[i], alpha);
		double		mixed = sign * trigamma(x[i] + alpha);
		double		by_c = u[i] * log_t;

		sum->g[1] += first;
		sum->g[2] += first * by_c;
		sum->h[0][1] += mixed;
		sum->h[0][2] += mixed * by_c;
		sum->h[1][1] += second;
		sum->h[1][2] += second * by_c;
		sum->h[2][2] += second * by_c * by_c + first * by_c * log_t;
	}
}

/*
 * contract_likelihood
 *		log S(T) of those who stay; of those who leave log(S(T - 1) - S(T)) = log S(T - 1) + log(1 - exp(l)), where
 *		l = log(S(T) / S(T - 1)) has d log(1 - exp(l)) = -o dl with the odds o = exp(l) / (1 - exp(l)).
 */
void
contract_likelihood(const Model *model, const ModelRow *rows, size_t count, bool derivatives, Likelihood *sum)
{
	const double alpha = model->parameters[0];
	const double beta = model->parameters[1];
	const double c = exponent(model);
	const int	parameters = model->kind == MODEL_BDW ? 3 : 2;

	for (size_t row = 0; row < count; row++)
	{
		const double w = rows[row].customers;
		const bool	left = rows[row].x > 0;
		const double until = left ? fmax(rows[row].T - 1, 0) : rows[row].T;
		Term		stayed;
		Term		last;
		double		odds = 0;

		term(alpha, beta, c, 0, until, derivatives, &stayed);
		if (left)
		{
			term(alpha, beta, c, until, rows[row].T, derivatives, &last);
			odds = 1 / expm1(-last.value);
			stayed.value += log(-expm1(last.value));
		}
		sum->value += w * stayed.value;
		for (int i = 0; derivatives && i < parameters; i++)
		{
			sum->gradient[i] += w * (stayed.g[i] - (left ? odds * last.g[i] : 0));
			for (int j = i; j < parameters; j++)
			{
				double		h = stayed.h[i][j];

				if (left)
					h -= odds * (last.h[i][j] + (1 + odds) * last.g[i] * last.g[j]);
				sum->hessian[i][j] += w * h;
				if (j > i)
					sum->hessian[j][i] += w * h;
			}
		}
	}
}

/*
 * contract_survival
 */
double
contract_survival(const Model *model, double T)
{
	return exp(log_stay(model->parameters[0], model->parameters[1], exponent(model), 0, T));
}

/* What contract_discounted sums. */
typedef struct Discounted
{
	double		alpha;
	double		beta;
	double		c;
	double		T;
	double		discount;		/* log(1 + rate) */
} Discounted;

/*
 * discounted
 *		S(T + x) / S(T) / (1 + rate)^x, for any x >= 0.
 */
static double
discounted(const Discounted *d, double x)
{
	return exp(log_stay(d->alpha, d->beta, d->c, d->T, d->T + x) - d->discount * x);
}

/*
 * contract_discounted
 *		The first terms one by one. Of all from the M-th on, Euler and Maclaurin's formula in central differences (Steffensen,
 *		Interpolation, 1927), which leaves out some 2e-4 times the ninth difference, beside the integral from M to infinity.
 *		The terms f are smooth on the scale of x / c, so M = 64 (1 + c) makes that less than 1e-15 of the sum.
 *
 *		The integral is taken in y = log x, in panels of 16 nodes. log f is no nearer to a singularity there than
 *		pi / c, and a panel is at most 2 / c long, so that the error's bound rho^-32 has rho > 6. Where a panel adds nothing, f falls
 *		faster than any power that could still come, and nothing follows.
 */
double
contract_discounted(double alpha, double beta, double c, double T, double rate)
{
	static const double c1 = -1.0 / 12, c3 = 11.0 / 720, c5 = -191.0 / 60480, c7 = 2497.0 / 3628800;
	const double ends[] = {(c1 - 2 * c3 + 5 * c5 - 14 * c7) / 2, (c3 - 4 * c5 + 14 * c7) / 2, (c5 - 6 * c7) / 2, c7 / 2};
	const Discounted d = {alpha, beta, c, T, log1p(rate)};
	const double first = floor(64 * (1 + fmin(c, 1000)));
	const double half = fmin(0.5, 2 / c) / 2;
	const double last = 50 / d.discount;
	double		sum = 0;
	double		f;

	for (double i = 1; i < first; i++)
	{
		f = discounted(&d, i);
		sum += f;
		if (f <= 1e-18 * sum)
			return sum;
	}
	sum += discounted(&d, first) / 2;
	for (int k = 0; k < 4; k++)
		sum += ends[k] * (discounted(&d, first + k + 1) - discounted(&d, first - k - 1));

	for (double x = first; x < last; x *= exp(2 * half))
	{
		double		middle = x * exp(half);
		double		panel = 0;

		for (int k = 0; k < HALF_NODES; k++)
		{
			double		ratio = exp(half * nodes[k]);

			panel += weights[k] * (ratio * discounted(&d, middle * ratio) + discounted(&d, middle / ratio) / ratio);
		}
		panel *= half * middle;
		sum += panel;
		if (panel <= 1e-18 * sum)
			break;
	}
	return sum;
}

/*
 * contract_residual_lifetime
 *		Fader, Hardie (2010), Customer-Base Valuation in a Contractual Setting: The Perils of Ignoring Heterogeneity.
 */
double
contract_residual_lifetime(const Model *model, double T, double rate, bool at_renewal)
{
	return (at_renewal ? 1 + rate : 1) * contract_discounted(model->parameters[0], model->parameters[1], exponent(model), T, rate);
}
