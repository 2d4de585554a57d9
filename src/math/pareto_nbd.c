/*
 * pareto_nbd.c
 *		The Pareto/NBD model (Schmittlein, Morrison, Colombo 1987).
 *
 * A customer buys at a rate lambda ~ Gamma(r, alpha) until he leaves, after a time that is exponential with rate mu ~ Gamma(s, beta).
 * Of x purchases, the last at t_x, the likelihood is (Fader, Hardie 2005, A Note on Deriving the Pareto/NBD Model)
 *
 *		Gamma(r + x) / Gamma(r) alpha^r beta^s (A + I),
 *		A = (alpha + T)^-(r + x) (beta + T)^-s						alive at T
 *		I = integral from t_x to T of s (alpha + u)^-(r + x) (beta + u)^-(s + 1) du	left at u
 *
 * The papers write I as a difference of two hypergeometric functions, which differ with alpha < beta and lose all digits where they are
 * nearly equal. Here it is what it says: an integral of a smooth positive function. With m the smaller of alpha and beta, M the
 * other and m + u = (m + t_x) e^d, it is one of exp(phi(d)) with phi as in panels.h.
 */
#include "pareto_nbd.h"

#include <math.h>

#include "panels.h"
#include "special.h"

/* The parameters by name. */
typedef struct Parameters
{
	double		r;
	double		alpha;
	double		s;
	double		beta;
} Parameters;

static Parameters
parameters_of(const Model *model)
{
	return (Parameters) {model->parameters[0], model->parameters[1], model->parameters[2], model->parameters[3]};
}

/*
 * leaving_curve
 *		factor exp(phi) dd is, of a customer who was there at the time from and has the parameters r and s, the probability not to have
 *		bought since then and to leave at d: (a / (a + u))^r s (b / (b + u))^s du / (b + u), with a = alpha + from, b = beta + from.
 */
static Curve
leaving_curve(double r, double alpha, double s, double beta, double from, double *factor)
{
	double		a = alpha + from;
	double		b = beta + from;

	if (alpha < beta)
	{
		*factor = s * (a / b);
		return (Curve) {.p = r - 1, .q = s + 1, .rho = a / b};
	}
	*factor = s;
	return (Curve) {.p = s, .q = r, .rho = b / a};
}

/*
 * still_alive
 *		The same of one who is still there after t.
 */
static double
still_alive(const Parameters *p, double r, double from, double t)
{
	return exp(-r * log1p(t / (p->alpha + from)) - p->s * log1p(t / (p->beta + from)));
}

/*
 * silence
 *		The probability that a customer with x purchases, the last at from, makes none in the next t: *alive of it is that
 *		he is still there.
 */
static double
silence(const Parameters *p, double x, double from, double t, double *alive)
{
	double		r = p->r + x;
	double		factor;
	Curve		curve = leaving_curve(r, p->alpha, p->s, p->beta, from, &factor);

	*alive = still_alive(p, r, from, t);
	return *alive + factor * curve_integral(&curve, 0, log1p(t / (fmin(p->alpha, p->beta) + from)), 0);
}

/* ------------------------------------------------------------------------------------------------
 * Likelihood
 * ------------------------------------------------------------------------------------------------ */

/*
 * At a time u >= t_x, how far things have gone: a = log((alpha + u) / (alpha + t_x)), 1 - e^-a, b = log((beta + u) / (beta + t_x)), 1 - e^-b.
 */
#define FACTS	4

/* The sums of weights, of facts and of their products over the times when a customer may have left. */
typedef struct Moments
{
	double		weight;
	double		first[FACTS];
	double		second[FACTS][FACTS];
} Moments;

/*
 * add_panel
 *		a and 1 - e^-a are facts 0 and 1 where alpha is the smaller, else 2 and 3.
 */
static void
add_panel(Moments *moments, const Walk *walk, bool derivatives)
{
	const Curve *curve = walk->curve;

	for (int i = 0; i < walk->count; i++)
	{
		double		d = walk->nodes[i];
		double		e = expm1(d);
		double		f = curve->rho * e;
		double		l = log1p(f);
		double		w = walk->weights[i] * exp(-curve->p * d - curve->q * l);
		double		facts[FACTS] = {d, e / (1 + e), l, f / (1 + f)};

		moments->weight += w;
		if (!derivatives)
			continue;
		for (int j = 0; j < FACTS; j++)
		{
			moments->first[j] += w * facts[j];
			for (int k = j; k < FACTS; k++)
				moments->second[j][k] += w * facts[j] * facts[k];
		}
	}
}

/*
 * pareto_nbd_likelihood
 *		In relation to what it was at t_x, the likelihood of nothing since is S = A' + I', A' = exp(-R a - s b) with R = r + x at T, and
 *		I' = the integral of factor exp(phi). The derivatives of log S are averages over the nodes of the rule and T: of
 *		the gradient g of the logarithm of each, and of g g' + h with its second derivatives h, less the square of the first.
 */
void
pareto_nbd_likelihood(const Model *model, const ModelRow *rows, size_t count, bool derivatives, Likelihood *sum)
{
	const Parameters p = parameters_of(model);
	const double log_alpha = log(p.alpha);
	double		x = -1;
	double		gamma_ratio = 0;
	double		digamma_ratio = 0;
	double		trigamma_ratio = 0;
	double		value = 0;
	double		gradient[4] = {0};
	double		hessian[4][4] = {{0}};

	for (size_t i = 0; i < count; i++)
	{
		const ModelRow *row = &rows[i];
		const double R = p.r + row->x;
		const double length = row->T - row->t_x;
		const double at_alpha = 1 / (p.alpha + row->t_x);
		const double at_beta = 1 / (p.beta + row->t_x);
		const double since_alpha = log1p(row->t_x / p.alpha);
		const double since_beta = log1p(row->t_x / p.beta);
		const double a = log1p(length * at_alpha);
		const double b = log1p(length * at_beta);
		const bool	alpha_first = p.alpha < p.beta;
		double		factor;
		const Curve curve = leaving_curve(R, p.alpha, p.s, p.beta, row->t_x, &factor);
		const double alive = exp(-R * a - p.s * b);
		Moments		moments = {0};
		Walk		walk;
		double		total;

		if (row->x != x)
		{
			x = row->x;
			gamma_ratio = log_gamma_ratio(p.r, x);
			if (derivatives)
			{
				digamma_ratio = digamma_difference(p.r, x);
				trigamma_ratio = trigamma_difference(p.r, x);
			}
		}

		walk_begin(&walk, &curve, ACCURACY_FAST, 0, alpha_first ? a : b);
		while (walk_next(&walk))
			add_panel(&moments, &walk, derivatives);
		total = alive + factor * moments.weight;
		value += row->customers * (gamma_ratio - x * log_alpha - R * since_alpha - p.s * since_beta + log(total));

		if (derivatives)
		{
			/* What the sums count by, the facts at T, and each parameter's gradient as a fact times a slope plus a constant. */
			const double dead_share = factor / total;
			const double alive_share = alive / total;
			const double at_T[FACTS] = {a, length / (p.alpha + row->T), b, length / (p.beta + row->T)};
			const double alive_slope[4] = {-1, R * at_alpha, -1, p.s * at_beta};
			const double dead_slope[4] = {-1, R * at_alpha, -1, (p.s + 1) * at_beta};
			const double dead_constant[4] = {0, 0, 1 / p.s, -at_beta};
			double		first[FACTS];
			double		mean[FACTS];
			double		squares[FACTS][FACTS];
			double		g[4];
			const double dead = dead_share * moments.weight;

			for (int j = 0; j < FACTS; j++)
			{
				first[j] = dead_share * moments.first[alpha_first ? j : j ^ 2];
				for (int k = j; k < FACTS; k++)
				{
					int			u = alpha_first ? j : j ^ 2;
					int			v = alpha_first ? k : k ^ 2;

					squares[j][k] = dead_share * (u < v ? moments.second[u][v] : moments.second[v][u]);
				}
				mean[j] = first[j] + alive_share * at_T[j];
				g[j] = dead_slope[j] * first[j] + dead_constant[j] * dead + alive_slope[j] * alive_share * at_T[j];
			}

			gradient[0] += row->customers * (digamma_ratio - since_alpha + g[0]);
			gradient[1] += row->customers * ((p.r * row->t_x / p.alpha - x) * at_alpha + g[1]);
			gradient[2] += row->customers * (g[2] - since_beta);
			gradient[3] += row->customers * (p.s * row->t_x / p.beta * at_beta + g[3]);

			for (int j = 0; j < FACTS; j++)
				for (int k = j; k < FACTS; k++)
				{
					double		average = dead_slope[j] * dead_slope[k] * squares[j][k]
						+ dead_slope[j] * dead_constant[k] * first[j] + dead_constant[j] * dead_slope[k] * first[k]
						+ dead_constant[j] * dead_constant[k] * dead
						+ alive_slope[j] * alive_slope[k] * alive_share * at_T[j] * at_T[k];

					hessian[j][k] += row->customers * (average - g[j] * g[k]);
				}
			hessian[0][0] += row->customers * trigamma_ratio;
			hessian[0][1] += row->customers * at_alpha * (row->t_x / p.alpha + mean[1]);
			hessian[1][1] += row->customers * (at_alpha * (x * at_alpha - p.r * row->t_x / p.alpha * (1 / p.alpha + at_alpha))
											   - R * at_alpha * at_alpha * (2 * mean[1] - squares[1][1] - alive_share * at_T[1] * at_T[1]));
			hessian[2][2] -= row->customers * dead / (p.s * p.s);
			hessian[2][3] += row->customers * at_beta * (row->t_x / p.beta + mean[3]);
			hessian[3][3] += row->customers * at_beta * (at_beta * (dead - (p.s + 1) * (2 * first[3] - squares[3][3])
																	 - p.s * alive_share * at_T[3] * (2 - at_T[3]))
														  - p.s * row->t_x / p.beta * (1 / p.beta + at_beta));
		}
	}

	sum->value += value;
	for (int j = 0; derivatives && j < 4; j++)
	{
		sum->gradient[j] += gradient[j];
		for (int k = 0; k < 4; k++)
			sum->hessian[j][k] += j < k ? hessian[j][k] : hessian[k][j];
	}
}

/* ------------------------------------------------------------------------------------------------
 * Scores
 * ------------------------------------------------------------------------------------------------ */

/*
 * pareto_nbd_probability_alive
 *		A / (A + I), both in relation to where he was at t_x.
 */
double
pareto_nbd_probability_alive(const Model *model, double x, double t_x, double T)
{
	Parameters	p = parameters_of(model);
	double		alive;
	double		all = silence(&p, x, t_x, T - t_x, &alive);

	return alive / all;
}

/*
 * pareto_nbd_no_purchase
 *		The likelihood of nothing since t_x until T + t, in relation to that of nothing until T.
 */
double
pareto_nbd_no_purchase(const Model *model, double x, double t_x, double T, double t)
{
	Parameters	p = parameters_of(model);
	double		alive;

	return silence(&p, x, t_x, T - t_x + t, &alive) / silence(&p, x, t_x, T - t_x, &alive);
}

/*
 * saturation
 *		(1 - exp(-y)) / y.
 */
static double
saturation(double y)
{
	return y == 0 ? 1 : -expm1(-y) / y;
}

/*
 * pareto_nbd_purchases_alive
 *		Fader, Hardie 2005, equation 42 without P(alive): (r + x) (beta + T) / ((alpha + T) (s - 1)) (1 - ((beta + T) / (beta + T + t))^(s - 1)),
 *		in a form for which s = 1 is no special case.
 */
void
pareto_nbd_purchases_alive(const Model *model, double x, double t_x, double T, const double *t, int count, double *purchases)
{
	Parameters	p = parameters_of(model);

	(void) t_x;
	for (int i = 0; i < count; i++)
	{
		double		length = log1p(t[i] / (p.beta + T));

		purchases[i] = (p.r + x) * ((p.beta + T) / (p.alpha + T)) * length * saturation((p.s - 1) * length);
	}
}

/*
 * pareto_nbd_expected_new
 */
double
pareto_nbd_expected_new(const Model *model, double t)
{
	double		purchases;

	pareto_nbd_purchases_alive(model, 0, 0, 0, &t, 1, &purchases);
	return purchases;
}

/*
 * pareto_nbd_purchase_probability
 *		Fader, Hardie 2006, Deriving an Expression for P(X(t) = x) Under the Pareto/NBD Model: n purchases and still there at t, or left
 *		at u after n purchases. With C = Gamma(r + n) / (Gamma(r) n!) = 1 / (n B(r, n)), that is
 *		C (alpha / (alpha + t))^r (t / (alpha + t))^n (beta / (beta + t))^s, and the integral over u of C (u / (alpha + u))^n on the curve of those
 *		who leave. The curve starts at 0 where n > 0, and has its peak inside.
 */
double
pareto_nbd_purchase_probability(const Model *model, double n, double t)
{
	Parameters	p = parameters_of(model);
	double		end = log1p(t / fmin(p.alpha, p.beta));
	double		begin = 0;
	double		level = 0;
	double		ways = 0;
	double		factor;
	double		slope;
	Curve		curve = leaving_curve(p.r, p.alpha, p.s, p.beta, 0, &factor);

	if (t <= 0)
		return n == 0 ? 1 : 0;
	if (n > 0)
	{
		ways = -log_beta(p.r, n) - log(n);
		curve.n = n;
		curve.sigma = fmin(1, p.beta / p.alpha);
		begin = curve_begin(&curve, end, &level);
	}
	curve_value(&curve, end, &slope);
	return exp(ways - n * log1p(p.alpha / t)) * still_alive(&p, p.r, 0, t)
		+ exp(ways + level + log(factor)) * curve_integral(&curve, begin, end, level);
}

/*
 * pareto_nbd_residual
 *		Fader, Hardie, Lee 2005, RFM and CLV, give it by Tricomi's U. It is P(alive) times the integral of exp(-rate t) (r + x) / (alpha + T)
 *		((beta + T) / (beta + T + t))^s dt, with t = (beta + T) (e^d - 1) one over a curve without any singularity.
 */
double
pareto_nbd_residual(const Model *model, double x, double t_x, double T, double rate)
{
	Parameters	p = parameters_of(model);
	Curve		curve = {.p = p.s - 1, .rho = 1, .z = rate * (p.beta + T)};

	return pareto_nbd_probability_alive(model, x, t_x, T) * (p.r + x) * ((p.beta + T) / (p.alpha + T)) * curve_integral(&curve, 0, INFINITY, 0);
}
