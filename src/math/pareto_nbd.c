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
#include <string.h>

#include "lanes.h"
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
 *		A customer was there at the time from, and his purchases have the shape r now. That he buys nothing until u later and leaves there
 *		has the density (a / (a + u))^r s (b / (b + u))^s / (b + u), a = alpha + from, b = beta + from: *factor times exp(phi) dd / du.
 */
static Curve
leaving_curve(const Parameters *p, double r, double from, double *factor)
{
	double		a = p->alpha + from;
	double		b = p->beta + from;

	if (p->alpha < p->beta)
	{
		*factor = p->s * (a / b);
		return (Curve) {.p = r - 1,.q = p->s + 1,.rho = a / b};
	}
	*factor = p->s;
	return (Curve) {.p = p->s,.q = r,.rho = b / a};
}

/*
 * log_staying
 *		The logarithm of the probability that he buys nothing and is still there t later.
 */
static double
log_staying(const Parameters *p, double r, double from, double t)
{
	return -r * log1p(t / (p->alpha + from)) - p->s * log1p(t / (p->beta + from));
}

/*
 * silence
 *		The probability that a customer with x purchases, the last at from, makes none in the next t: *alive of it is that
 *		he is still there.
 */
static double
silence(const Parameters *p, double x, double from, double t, double *alive)
{
	double		factor;
	Curve		curve = leaving_curve(p, p->r + x, from, &factor);

	*alive = exp(log_staying(p, p->r + x, from, t));
	return *alive + factor * curve_integral(&curve, 0, log1p(t / (fmin(p->alpha, p->beta) + from)), 0);
}

/* ------------------------------------------------------------------------------------------------
 * Likelihood
 *
 * Purchases and leaving are two processes of the same kind: a rate ~ Gamma(shape, scale), and so many events. Their order here is that of their
 * scales, the smaller first. How far a process has come at a time u >= t_x is told by two facts: log((scale + u) / (scale + t_x)), and 1
 * less its inverse, (u - t_x) / (scale + u).
 * ------------------------------------------------------------------------------------------------ */

#define PROCESSES	2
#define FACTS		(2 * PROCESSES)

/* The processes, and which of them is which. */
typedef struct Processes
{
	double		shape[PROCESSES];
	double		scale[PROCESSES];
	int			buying;
	int			leaving;
} Processes;

/* A row: each process at t_x, and the facts at T. */
typedef struct Standing
{
	double		events[PROCESSES];	/* until t_x */
	double		rate[PROCESSES];	/* 1 / (scale + t_x) */
	double		past[PROCESSES];	/* t_x / scale */
	double		log_past[PROCESSES];	/* log(1 + t_x / scale) */
	double		digamma[PROCESSES]; /* psi(shape + events) - psi(shape) */
	double		trigamma[PROCESSES];	/* and its derivative */
	double		facts[FACTS];
} Standing;

/* The sums of weights, of facts and of products of two over the times when a customer may have left. */
typedef struct Moments
{
	double		weight;
	double		first[FACTS];
	double		second[FACTS][FACTS];	/* on and above the diagonal */
} Moments;

/*
 * stand
 *		All but the functions of x.
 */
static void
stand(const Processes *processes, const ModelRow *row, Standing *standing)
{
	double		length = row->T - row->t_x;
	double		arguments[LANES];
	double		logarithms[LANES];

	for (int i = 0; i < PROCESSES; i++)
	{
		standing->rate[i] = 1 / (processes->scale[i] + row->t_x);
		standing->past[i] = row->t_x / processes->scale[i];
		arguments[i] = standing->past[i];
		arguments[PROCESSES + i] = length * standing->rate[i];
	}
	log1p_lanes(arguments, LANES, logarithms);
	for (int i = 0; i < PROCESSES; i++)
	{
		standing->log_past[i] = logarithms[i];
		standing->facts[2 * i] = logarithms[PROCESSES + i];
		standing->facts[2 * i + 1] = length / (processes->scale[i] + row->T);
	}
}

/*
 * integrate
 *		Adds the moments of exp(phi) over the panels that are left of the walk.
 */
static void
integrate(Walk *walk, bool derivatives, Moments *moments)
{
	while (walk_next(walk))
	{
		double		inverse[2][PANEL_NODES];
		const double *facts[FACTS] = {walk->d, inverse[0], walk->logarithm, inverse[1]};

		for (int i = 0; i < walk->count; i++)
			moments->weight += walk->weight[i];
		if (!derivatives)
			continue;
		EACH_LANE(walk->count, i)
		{
			inverse[0][i] = walk->excess[i] / (1 + walk->excess[i]);
			inverse[1][i] = walk->part[i] / (1 + walk->part[i]);
		}
		for (int j = 0; j < FACTS; j++)
		{
			double		weighted[PANEL_NODES];

			EACH_LANE(walk->count, i)
				weighted[i] = walk->weight[i] * facts[j][i];
			moments->first[j] += dot_lanes(walk->weight, facts[j], walk->count);
			for (int k = j; k < FACTS; k++)
				moments->second[j][k] += dot_lanes(weighted, facts[k], walk->count);
		}
	}
}

/*
 * add_derivatives
 *		Those of the logarithm of S = alive + dead times the moments. With g the gradient of the logarithm of a part of S, and h its second
 *		derivatives, they are the averages of g, and of g g' + h less the square of the former. A process with e events at u
 *		adds D_e - log((scale + u) / scale) to g by the shape, where D_e = psi(shape + e) - psi(shape), and
 *		shape / scale - (shape + e) / (scale + u) to that by the scale. Of the two parts of S, the dead have one more event of leaving.
 */
static void
add_derivatives(const Processes *processes, const Standing *standing, const Moments *moments, double alive, double dead, double customers,
				Likelihood *sum)
{
	double		left = dead * moments->weight;
	double		alive_slope[FACTS];
	double		dead_slope[FACTS];
	double		constant[FACTS] = {0};
	double		first[FACTS];
	double		g[FACTS];

	/* Each entry of g is a slope times a fact, with a constant for the dead; what is equal for all is added below. */
	for (int i = 0; i < PROCESSES; i++)
	{
		double		exponent = processes->shape[i] + standing->events[i];

		alive_slope[2 * i] = dead_slope[2 * i] = -1;
		alive_slope[2 * i + 1] = exponent * standing->rate[i];
		dead_slope[2 * i + 1] = (exponent + (i == processes->leaving)) * standing->rate[i];
	}
	constant[2 * processes->leaving] = 1 / processes->shape[processes->leaving];
	constant[2 * processes->leaving + 1] = -standing->rate[processes->leaving];

	for (int j = 0; j < FACTS; j++)
	{
		first[j] = dead * moments->first[j];
		g[j] = dead_slope[j] * first[j] + constant[j] * left + alive_slope[j] * alive * standing->facts[j];
	}
	for (int j = 0; j < FACTS; j++)
		for (int k = j; k < FACTS; k++)
			sum->hessian[j][k] += customers * (dead_slope[j] * dead_slope[k] * dead * moments->second[j][k]
											   + dead_slope[j] * constant[k] * first[j] + constant[j] * dead_slope[k] * first[k]
											   + constant[j] * constant[k] * left
											   + alive_slope[j] * alive_slope[k] * alive * standing->facts[j] * standing->facts[k]
											   - g[j] * g[k]);

	for (int i = 0; i < PROCESSES; i++)
	{
		int			j = 2 * i;
		int			k = 2 * i + 1;
		bool		leaving = i == processes->leaving;
		double		rate = standing->rate[i];
		double		past = standing->past[i];
		double		shape = processes->shape[i];
		double		fact = standing->facts[k];

		sum->gradient[j] += customers * (g[j] - standing->log_past[i] + standing->digamma[i]);
		sum->gradient[k] += customers * (g[k] + (shape * past - standing->events[i]) * rate);
		sum->hessian[j][j] += customers * (standing->trigamma[i] - (leaving ? left / (shape * shape) : 0));
		sum->hessian[j][k] += customers * rate * (past + first[k] + alive * fact);
		sum->hessian[k][k] += customers * rate * (rate * (standing->events[i] + (leaving ? left : 0))
												  - shape * past * (1 / processes->scale[i] + rate)
												  - dead_slope[k] * (2 * first[k] - dead * moments->second[k][k])
												  - alive_slope[k] * alive * fact * (2 - fact));
	}
}

/*
 * pareto_nbd_likelihood
 *		In relation to (alpha + t_x)^-(r + x) (beta + t_x)^-s, what there was at t_x, A + I is a sum S of numbers that are not large.
 */
void
pareto_nbd_likelihood(const Model *model, const ModelRow *rows, size_t count, bool derivatives, Likelihood *sum)
{
	const Parameters p = parameters_of(model);
	const int	buying = p.alpha < p.beta ? 0 : 1;
	const double log_alpha = log(p.alpha);
	Processes	processes = {.buying = buying, .leaving = 1 - buying};
	Likelihood	part = {0};
	Standing	standing = {0};
	double		gamma_ratio = 0;
	double		factor = 0;
	Curve		curve;
	Walk		walk;
	Moments		moments;

	processes.shape[buying] = p.r;
	processes.scale[buying] = p.alpha;
	processes.shape[1 - buying] = p.s;
	processes.scale[1 - buying] = p.beta;

	for (size_t i = 0; i < count; i++)
	{
		const ModelRow *row = &rows[i];
		double		r = p.r + row->x;
		double		alive;
		double		total;

		if (i == 0 || row->x != rows[i - 1].x)
		{
			gamma_ratio = log_gamma_ratio(p.r, row->x);
			standing.events[buying] = row->x;
			if (derivatives)
			{
				standing.digamma[buying] = digamma_difference(p.r, row->x);
				standing.trigamma[buying] = trigamma_difference(p.r, row->x);
			}
		}
		stand(&processes, row, &standing);
		if (i == 0 || row->x != row[-1].x || row->t_x != row[-1].t_x || row->T < row[-1].T)
		{
			curve = leaving_curve(&p, r, row->t_x, &factor);
			walk_begin(&walk, &curve, ACCURACY_FAST, 0, standing.facts[0], 0);
			memset(&moments, 0, sizeof(moments));
		}
		walk_extend(&walk, standing.facts[0]);
		integrate(&walk, derivatives, &moments);
		alive = exp(-r * standing.facts[2 * buying] - p.s * standing.facts[2 - 2 * buying]);
		total = alive + factor * moments.weight;
		part.value += row->customers * (gamma_ratio - row->x * log_alpha - r * standing.log_past[buying] - p.s * standing.log_past[1 - buying]
										+ log(total));
		if (derivatives)
			add_derivatives(&processes, &standing, &moments, alive / total, factor / total, row->customers, &part);
	}

	sum->value += part.value;
	for (int j = 0; derivatives && j < FACTS; j++)
	{
		int			u = buying == 0 ? j : j ^ 2;

		sum->gradient[u] += part.gradient[j];
		for (int k = 0; k < FACTS; k++)
			sum->hessian[u][buying == 0 ? k : k ^ 2] += j < k ? part.hessian[j][k] : part.hessian[k][j];
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
 * leaving_next
 *		The probability that a customer who is alive at T leaves before the next purchase: the integral of leaving_curve without end.
 *		From where rho e^d is 1e17, exp(phi) falls as exp(-(p + q) d).
 */
static double
leaving_next(const Parameters *p, double x, double T)
{
	double		factor;
	Curve		curve = leaving_curve(p, p->r + x, T, &factor);
	double		end = log1p(1e17 / curve.rho);
	double		rest = exp(-curve.p * end - curve.q * log1p(curve.rho * expm1(end))) / (curve.p + curve.q);

	return factor * (curve_integral(&curve, 0, end, 0) + rest);
}

/*
 * pareto_nbd_alive_parts
 *		With rho = (alpha + T) / (beta + T), h = leaving_next is s rho times the integral of w^(m - 1) (rho + (1 - rho) w)^-(s + 1) dw from 0 to
 *		1, m = r + x + s. Integrated by parts,
 *			m h(x) = s + (r + x) (1 - 1/rho) h(x + 1).
 *		For rho > 1 all terms are positive. Else m h / s falls with x towards rho. Where it is above 1/2, an error of h(x + 1) becomes no larger in
 *		relation to h(x); where it is below, one of h(x) in relation to h(x + 1). So all follow from one near where it is 1/2: there
 *		r + x is some (s rho + 1 - rho) / (1 - 2 rho), for near w = 1 the integrand is an exponential; for rho >= 1/2, from the last.
 */
void
pareto_nbd_alive_parts(const Model *model, double T, int count, double *parts)
{
	Parameters	p = parameters_of(model);
	double		rho = (p.alpha + T) / (p.beta + T);
	double		step = (p.alpha - p.beta) / (p.alpha + T);	/* 1 - 1/rho */
	double		balance = rho < 0.5 ? (p.s * rho + 1 - rho) / (1 - 2 * rho) - p.r : INFINITY;
	int			begin = balance < count - 1 ? (int) fmax(balance + 0.5, 0) : count - 1;

	parts[begin] = leaving_next(&p, begin, T);
	for (int x = begin - 1; x >= 0; x--)
		parts[x] = (p.s + (p.r + x) * step * parts[x + 1]) / (p.r + x + p.s);
	for (int x = begin; x < count - 1; x++)
		parts[x + 1] = ((p.r + x + p.s) * parts[x] - p.s) / ((p.r + x) * step);
}

/*
 * pareto_nbd_alive_from_parts
 *		To leave between t_x and T is to leave after t_x, but not after T. As the latter is less than to be alive at T, A + I loses no digits.
 */
double
pareto_nbd_alive_from_parts(const Model *model, double x, double t_x, double T, double part_t_x, double part_T)
{
	Parameters	p = parameters_of(model);
	double		alive = exp(log_staying(&p, p.r + x, t_x, T - t_x));

	return alive / (alive + fmax(part_t_x - alive * part_T, 0));
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
 * pareto_nbd_purchases_alive
 *		Fader, Hardie 2005, without P(alive): (r + x) (beta + T) / ((alpha + T) (s - 1)) (1 - ((beta + T) / (beta + T + t))^(s - 1)). With
 *		L = log(1 + t / (beta + T)) and y = (1 - s) L it is (r + x) (beta + T) / (alpha + T) (e^y - 1) / (1 - s), whose limit for
 *		s = 1 has L in the place of the quotient.
 */
void
pareto_nbd_purchases_alive(const Model *model, double x, double t_x, double T, const double *t, int count, double *purchases)
{
	Parameters	p = parameters_of(model);
	double		scale = (p.r + x) * ((p.beta + T) / (p.alpha + T));

	(void) t_x;
	for (int begin = 0; begin < count; begin += LANES)
	{
		int			many = count - begin < LANES ? count - begin : LANES;
		double		part[LANES] = {0};
		double		length[LANES];
		double		y[LANES];
		double		growth[LANES];

		for (int i = 0; i < many; i++)
			part[i] = t[begin + i] / (p.beta + T);
		log1p_lanes(part, LANES, length);
		for (int i = 0; i < LANES; i++)
			y[i] = (1 - p.s) * length[i] > -700 ? (1 - p.s) * length[i] : -700;
		expm1_lanes(y, LANES, growth);
		for (int i = 0; i < many; i++)
			purchases[begin + i] = scale * (y[i] == 0 ? length[i] : growth[i] / (1 - p.s));
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
 *		Fader, Hardie 2006 (revised 2020), Deriving an Expression for P(X(t) = x) Under the Pareto/NBD Model: n purchases and still there at t, or left
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
	Curve		curve = leaving_curve(&p, p.r, 0, &factor);

	if (t <= 0)
		return n == 0 ? 1 : 0;
	if (n > 0)
	{
		ways = -log_beta(p.r, n) - log(n);
		curve.n = n;
		curve.sigma = fmin(1, p.beta / p.alpha);
		begin = curve_begin(&curve, end, &level);
	}
	return exp(ways - n * log1p(p.alpha / t) + log_staying(&p, p.r, 0, t))
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
