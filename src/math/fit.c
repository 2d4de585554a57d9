/*
 * fit.c
 *		Maximum likelihood by Newton's method in the logarithms of the parameters, with a trust region.
 *
 * With theta = log p and P = diag(p), gradient and Hessian are P g and P H P + diag(P g). Values and gradients are per
 * customer, so that tolerances do not depend on how many there are.
 */
#include "models.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* Rows between two calls of the pause. Each chunk is summed by itself: so rounding errors hardly grow with the rows. */
#define CHUNK	4096

/* Opportunities of BG/BB from one look at interrupts to the next. */
#define MOST_OPPORTUNITIES 100000

/* Rows on which starts are tried where there are many more; then every LARGER^k-th row is used, with less and less k. */
#define SAMPLE	2048
#define LARGER	16

/* Bounds of the parameters, as logarithms: 1e-9 and 1e9. */
#define BOUND	20.72326583694641

/* A parameter so much smaller or larger than what it is compared with is on its way to 0 or to infinity. */
#define SMALLEST	1e-5
#define LARGEST	1e6

/* Beyond this standard error of its logarithm the data do not say how large a parameter is. */
#define LARGEST_ERROR	2.0

/*
 * Where the search ends: the gradient per customer, and what a step would still add to the log-likelihood of all. In a
 * sample, what is small beside its own errors does.
 */
#define GRADIENT	1e-9
#define DECREMENT	1e-9
#define GRADIENT_STALLED	1e-7	/* if rounding lets it come no nearer */
#define SAMPLE_DECREMENT	0.1

/*
 * Of a short step, Newton's method leaves a part as small as the step is long: such a step is the last one, taken without looking.
 * The covariance is that before it; so of all rows it must be very short.
 */
#define SHORT	0.1
#define VERY_SHORT	1e-4

/* And where it ends on the way to 0 or to infinity, as each step then adds some part of what the one before has added. */
#define OUTSIDE_DECREMENT	1e-6

/* What rounding may do to the value: parts of it that are hundreds of times as large cancel. And to a log-likelihood, at the least. */
#define NOISE	1e-11
#define ROUNDING	1e-15

#define ITERATIONS	200
#define SMALLEST_RADIUS	1e-10

/* Points to start from, and those of them, the best, from which the search starts at least: of few rows, more. */
#define STARTS	18
#define CLIMBS	3

/* What is maximised. */
typedef struct Problem
{
	Model		model;
	int			n;				/* parameters */
	double		unit[MODEL_PARAMETERS];	/* what each is to be compared with: time, spend or 1 */
	const ModelRow *rows;
	size_t		count;
	size_t		stride;			/* every stride-th row is used */
	double		penalty;
	FitPause	pause;
} Problem;

/* Where the search is, and what is known there. */
typedef struct Point
{
	double		theta[MODEL_PARAMETERS];
	double		value;
	double		log_likelihood;	/* of all customers, without the penalty */
	double		customers;
	double		norm;			/* largest component of the gradient */
	double		curvature[MODEL_PARAMETERS];	/* eigenvalues of the Hessian, with the sign changed, */
	double		axes[MODEL_PARAMETERS][MODEL_PARAMETERS];	/* its eigenvectors, by column, */
	double		slopes[MODEL_PARAMETERS];	/* and the gradient along them */
	double		decrement;		/* what Newton's step adds to the log-likelihood of all */
	int			iterations;
	bool		converged;
} Point;

/* What there is in the rows: sums over customers. */
typedef struct Totals
{
	double		customers;
	double		x;
	double		t_x;
	double		T;
	double		spend;			/* x t_x, which of Gamma-Gamma is the spend */
	bool		alike;			/* all are the same */
} Totals;

/* ------------------------------------------------------------------------------------------------
 * Evaluation
 * ------------------------------------------------------------------------------------------------ */

/*
 * sum_rows
 *		The log-likelihood of the problem's rows. Returns how many customers these are.
 */
static double
sum_rows(const Problem *problem, const Model *model, bool derivatives, Likelihood *sum)
{
	size_t		used = (problem->count + problem->stride - 1) / problem->stride;
	double		customers = 0;

	memset(sum, 0, sizeof(*sum));
	for (size_t done = 0; done < used;)
	{
		ModelRow	picked[CHUNK];
		const ModelRow *rows = problem->rows + done;
		size_t		count = used - done < CHUNK ? used - done : CHUNK;
		Likelihood	part;

		/* A row of BG/BB takes as long as it has opportunities. */
		if (model->kind == MODEL_BGBB)
		{
			double		opportunities = problem->rows[done * problem->stride].T;
			size_t		few = 1;

			while (few < count && (opportunities += problem->rows[(done + few) * problem->stride].T) < MOST_OPPORTUNITIES)
				few++;
			count = few;
		}
		if (problem->stride > 1)
		{
			for (size_t i = 0; i < count; i++)
				picked[i] = problem->rows[(done + i) * problem->stride];
			rows = picked;
		}
		for (size_t i = 0; i < count; i++)
			customers += rows[i].customers;
		memset(&part, 0, sizeof(part));
		model_likelihood(model, rows, count, derivatives, &part);
		sum->value += part.value;
		for (int i = 0; i < MODEL_PARAMETERS; i++)
		{
			sum->gradient[i] += part.gradient[i];
			for (int j = 0; j < MODEL_PARAMETERS; j++)
				sum->hessian[i][j] += part.hessian[i][j];
		}
		done += count;
		if (problem->pause)
			problem->pause();
	}
	return customers;
}

/*
 * turn
 *		A point of the plane, by the angle of cosine c and sine s.
 */
static inline void
turn(double *x, double *y, double c, double s)
{
	double		old = *x;

	*x = c * old - s * *y;
	*y = s * old + c * *y;
}

/*
 * diagonalise
 *		Jacobi's method: turns one plane after the other until nothing is left beside the diagonal of a, and collects
 *		the turns in axes.
 */
static void
diagonalise(int n, double a[MODEL_PARAMETERS][MODEL_PARAMETERS], double values[MODEL_PARAMETERS],
			double axes[MODEL_PARAMETERS][MODEL_PARAMETERS])
{
	bool		done = false;

	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++)
			axes[i][j] = i == j;

	for (int sweep = 0; sweep < 50 && !done; sweep++)
	{
		done = true;
		for (int p = 0; p < n; p++)
		{
			for (int q = p + 1; q < n; q++)
			{
				double		angle;
				double		c;
				double		s;

				if (fabs(a[p][q]) <= 1e-17 * sqrt(fabs(a[p][p])) * sqrt(fabs(a[q][q])) + DBL_MIN)
					continue;
				done = false;
				angle = 0.5 * atan(2 * a[p][q] / (a[q][q] - a[p][p]));
				c = cos(angle);
				s = sin(angle);
				for (int k = 0; k < n; k++)
					turn(&a[k][p], &a[k][q], c, s);
				for (int k = 0; k < n; k++)
				{
					turn(&a[p][k], &a[q][k], c, s);
					turn(&axes[k][p], &axes[k][q], c, s);
				}
				a[p][q] = a[q][p] = 0;
			}
		}
	}
	for (int i = 0; i < n; i++)
		values[i] = a[i][i];
}

/*
 * evaluate
 *		All that is to be known at point->theta. At a bound, a gradient that leads out counts as none.
 */
static void
evaluate(const Problem *problem, Point *point)
{
	int			n = problem->n;
	double		customers;
	double		scale;
	double		weight = problem->penalty / n;
	double		gradient[MODEL_PARAMETERS];
	double		negative[MODEL_PARAMETERS][MODEL_PARAMETERS];
	Model		model = problem->model;
	Likelihood	sum;

	for (int i = 0; i < n; i++)
		model.parameters[i] = exp(point->theta[i]);
	customers = sum_rows(problem, &model, true, &sum);
	scale = 1 / customers;

	point->customers = customers;
	point->log_likelihood = sum.value;
	point->value = sum.value * scale;
	point->norm = 0;
	for (int i = 0; i < n; i++)
	{
		double		theta = point->theta[i];
		double		g = sum.gradient[i] * model.parameters[i] * scale;

		for (int j = 0; j < n; j++)
			negative[i][j] = -sum.hessian[i][j] * model.parameters[i] * model.parameters[j] * scale;
		negative[i][i] -= g - 2 * weight;
		g -= 2 * weight * theta;
		point->value -= weight * theta * theta;
		if (fabs(theta) >= BOUND && g * theta > 0)
			g = 0;
		gradient[i] = g;
		point->norm = fmax(point->norm, fabs(g));
	}
	diagonalise(n, negative, point->curvature, point->axes);

	point->decrement = 0;
	for (int k = 0; k < n; k++)
	{
		point->slopes[k] = 0;
		for (int i = 0; i < n; i++)
			point->slopes[k] += point->axes[i][k] * gradient[i];
		if (point->slopes[k] != 0)
			point->decrement += 0.5 * point->slopes[k] * point->slopes[k] / fabs(point->curvature[k]) * customers;
	}
}

/* ------------------------------------------------------------------------------------------------
 * The search
 * ------------------------------------------------------------------------------------------------ */

/*
 * step_along_axes
 *		Newton's step with the curvatures' absolute values (so that it leads upwards at a saddle too), raised by the
 *		shift that keeps it within the radius. Returns its length; *promise is what the quadratic model says it adds.
 */
static double
step_along_axes(int n, const Point *at, double radius, double step[MODEL_PARAMETERS], double *promise)
{
	const double *g = at->slopes;
	double		bend[MODEL_PARAMETERS];
	double		largest = DBL_MIN;
	double		low = 0;
	double		high = 0;
	double		length = 0;
	double		shift = 0;

	for (int k = 0; k < n; k++)
	{
		largest = fmax(largest, fabs(at->curvature[k]));
		high += g[k] * g[k];
	}
	high = sqrt(high) / radius;	/* with such a shift the step is certainly short enough */
	for (int k = 0; k < n; k++)
		bend[k] = fmax(fabs(at->curvature[k]), 1e-15 * largest);

	for (int round = 0; round < 60; round++)
	{
		double		square = 0;

		for (int k = 0; k < n; k++)
			square += g[k] / (bend[k] + shift) * (g[k] / (bend[k] + shift));
		length = sqrt(square);
		if (length > radius)
			low = shift;
		else if (shift == 0 || length > 0.9 * radius)
			break;
		else
			high = shift;
		shift = (low + high) / 2;
	}

	*promise = 0;
	for (int i = 0; i < n; i++)
		step[i] = 0;
	for (int k = 0; k < n; k++)
	{
		double		s = g[k] / (bend[k] + shift);

		*promise += s * (g[k] - 0.5 * s * at->curvature[k]);
		for (int i = 0; i < n; i++)
			step[i] += at->axes[i][k] * s;
	}
	return length;
}

/*
 * outside
 *		Whether a parameter is on its way to 0 or to infinity.
 */
static bool
outside(const Problem *problem, const Point *point)
{
	for (int i = 0; i < problem->n; i++)
	{
		double		p = exp(point->theta[i]) / problem->unit[i];

		if (!(p >= SMALLEST && p <= LARGEST))
			return true;
	}
	return false;
}

/*
 * arrived
 *		Whether a maximum is as near as it should be, or will be after a last step of that length.
 */
static bool
arrived(const Problem *problem, const Point *point, double length, bool stalled)
{
	double		left = length <= VERY_SHORT ? length : 1;

	if (problem->stride > 1)
		return point->decrement <= SAMPLE_DECREMENT;
	return point->decrement * left <= DECREMENT + ROUNDING * fabs(point->log_likelihood) &&
		point->norm * left <= (stalled ? GRADIENT_STALLED : GRADIENT);
}

/*
 * take_last_step
 *		What the quadratic model says is what there is.
 */
static void
take_last_step(const Problem *problem, Point *point, const double step[MODEL_PARAMETERS], double length, double promise)
{
	double		squares = 0;

	for (int i = 0; i < problem->n; i++)
	{
		point->theta[i] = fmin(fmax(point->theta[i] + step[i], -BOUND), BOUND);
		squares += point->theta[i] * point->theta[i];
	}
	point->value += promise;
	point->log_likelihood = (point->value + problem->penalty / problem->n * squares) * point->customers;
	point->norm *= length;
	point->iterations++;
}

/*
 * climb
 *		From point->theta to a maximum, if there is one within the bounds.
 */
static void
climb(const Problem *problem, Point *point)
{
	double		radius = 1;

	evaluate(problem, point);
	for (point->iterations = 0;; point->iterations++)
	{
		bool		stalled = !(radius >= SMALLEST_RADIUS) || point->iterations >= ITERATIONS;
		double		promise;
		double		step[MODEL_PARAMETERS];
		double		length = step_along_axes(problem->n, point, radius, step, &promise);
		double		gain;
		Point		next = *point;

		point->converged = arrived(problem, point, length, stalled);
		if (point->converged && length <= SHORT)
			take_last_step(problem, point, step, length, promise);
		if (point->converged || stalled || (point->decrement <= OUTSIDE_DECREMENT && outside(problem, point)))
			break;

		for (int i = 0; i < problem->n; i++)
			next.theta[i] = fmin(fmax(point->theta[i] + step[i], -BOUND), BOUND);
		evaluate(problem, &next);

		/* Next to the maximum the value is all noise, and the gradient tells. */
		gain = next.value - point->value;
		if (promise <= NOISE * (1 + fabs(point->value)))
			gain = next.norm < point->norm ? promise : -promise;
		if (!(gain >= 0.25 * promise))
			radius = 0.25 * length;
		else if (gain > 0.75 * promise && length > 0.8 * radius)
			radius = fmin(3 * radius, 4);
		if (gain > 0)
		{
			next.iterations = point->iterations;
			*point = next;
		}
	}
}

/* ------------------------------------------------------------------------------------------------
 * Where to start
 * ------------------------------------------------------------------------------------------------ */

/*
 * total_rows
 */
static Totals
total_rows(const ModelRow *rows, size_t count)
{
	Totals		totals = {.alike = true};

	for (size_t i = 0; i < count; i++)
	{
		double		w = rows[i].customers;

		totals.customers += w;
		totals.x += w * rows[i].x;
		totals.t_x += w * rows[i].t_x;
		totals.T += w * rows[i].T;
		totals.spend += w * rows[i].x * rows[i].t_x;
		if (rows[i].x != rows[0].x || rows[i].t_x != rows[0].t_x || rows[i].T != rows[0].T)
			totals.alike = false;
	}
	return totals;
}

/*
 * set_units
 */
static void
set_units(Problem *problem, const Totals *totals)
{
	ModelKind	kind = problem->model.kind;
	double		time = totals->T / totals->customers;

	for (int i = 0; i < problem->n; i++)
		problem->unit[i] = 1;
	if (kind == MODEL_BGNBD || kind == MODEL_MBGNBD || kind == MODEL_NBD || kind == MODEL_PARETO_NBD)
		problem->unit[1] = time;
	if (kind == MODEL_PARETO_NBD)
		problem->unit[3] = time;
	if (kind == MODEL_GAMMA_GAMMA)
		problem->unit[2] = totals->spend / totals->x;
}

/*
 * set_start
 *		The i-th point to try: the averages of the data hold (rate of purchases, share of purchases, spend, rate of
 *		leaving), and the spread over customers is small, medium or large.
 */
static void
set_start(ModelKind kind, int regularity, const Totals *totals, int i, double start[MODEL_PARAMETERS])
{
	static const double spreads[3] = {0.3, 1, 4};
	static const double dropouts[3][2] = {{0.7, 2.5}, {0.3, 4}, {0.1, 0.3}};
	static const double lifetimes[3][2] = {{0.6, 0.3}, {0.3, 0.5}, {2, 3}};
	double		a = spreads[i % 3];
	double		b = spreads[i / 3 % 3];
	double		boost = i / 9 == 0 ? 1 : 4;
	double		time = totals->T / totals->customers;
	double		share;

	switch (kind)
	{
		case MODEL_BGNBD:
		case MODEL_MBGNBD:
		case MODEL_NBD:
			start[0] = a;
			start[1] = a * totals->T / (regularity * totals->x) / boost;
			start[2] = dropouts[i / 3 % 3][0];
			start[3] = dropouts[i / 3 % 3][1];
			break;
		case MODEL_PARETO_NBD:
			start[0] = a;
			start[1] = a * totals->T / totals->x / boost;
			start[2] = lifetimes[i / 3 % 3][0];
			start[3] = lifetimes[i / 3 % 3][1] * time;
			break;
		case MODEL_BGBB:
			share = fmin(totals->x / fmax(totals->t_x, 1), 0.99);
			start[0] = 2 * a * share;
			start[1] = 2 * a * (1 - share);
			start[2] = b;
			start[3] = b * (boost == 1 ? 5 : 1) * (1 + time) / 5;
			break;
		case MODEL_GAMMA_GAMMA:
			start[0] = 2 * a * boost;
			start[1] = 1 + 2 * b;
			start[2] = totals->spend / totals->x * 2 * b / start[0];
			break;
		default:
			share = fmin(totals->x / totals->T, 0.99);
			start[0] = a * boost * share;
			start[1] = a * boost * (1 - share);
			start[2] = i / 3 % 3 == 0 ? 0.7 : 1 + 0.5 * (i / 3 % 3 - 1);
			break;
	}
}

/*
 * climb_from_starts
 *		Looks at the value at each start, climbs from the best few that differ, and keeps the highest place.
 */
static void
climb_from_starts(const Problem *problem, const Totals *totals, size_t climbs, Point *best)
{
	double		values[STARTS];
	double		starts[STARTS][MODEL_PARAMETERS];

	for (int i = 0; i < STARTS; i++)
	{
		Model		model = problem->model;
		Likelihood	sum;

		set_start(model.kind, model.regularity, totals, i, starts[i]);
		for (int j = 0; j < problem->n; j++)
			model.parameters[j] = starts[i][j] = fmin(fmax(starts[i][j], exp(-BOUND)), exp(BOUND));
		sum_rows(problem, &model, false, &sum);
		values[i] = sum.value;
	}

	best->value = -INFINITY;
	for (size_t rank = 0; rank < climbs; rank++)
	{
		int			top = 0;
		double		value;
		Point		point;

		for (int i = 1; i < STARTS; i++)
			if (values[i] > values[top])
				top = i;
		if (rank > 0 && values[top] == -INFINITY)
			break;
		for (int j = 0; j < problem->n; j++)
			point.theta[j] = log(starts[top][j]);
		value = values[top];
		for (int i = 0; i < STARTS; i++)
			if (values[i] == value)
				values[i] = -INFINITY;
		climb(problem, &point);
		if (rank == 0 || point.value > best->value)
			*best = point;
	}
}

/* ------------------------------------------------------------------------------------------------
 * The result
 * ------------------------------------------------------------------------------------------------ */

/*
 * finish
 *		What is known at the end of a search: the covariance is the inverse of the Hessian, if that is one of a maximum so
 *		far as doubles can tell. Not identified is what is on its way to 0 or to infinity, or on a ridge.
 */
static void
finish(const Problem *problem, const Point *point, Fit *fit)
{
	int			n = problem->n;
	double		largest = 0;
	bool		identified = !outside(problem, point);

	for (int k = 0; k < n; k++)
		largest = fmax(largest, fabs(point->curvature[k]));
	for (int k = 0; k < n; k++)
		identified = identified && point->curvature[k] > 1e-12 * largest;
	for (int i = 0; i < n; i++)
		fit->model.parameters[i] = exp(point->theta[i]);
	for (int i = 0; i < n; i++)
	{
		for (int j = 0; j < n; j++)
		{
			double		sum = 0;

			for (int k = 0; k < n; k++)
				sum += point->axes[i][k] * point->axes[j][k] / point->curvature[k];
			fit->covariance[i][j] = identified ? sum / point->customers * fit->model.parameters[i] * fit->model.parameters[j] : NAN;
		}
	}

	for (int i = 0; i < n; i++)
		identified = identified && sqrt(fit->covariance[i][i]) <= LARGEST_ERROR * fit->model.parameters[i];
	fit->log_likelihood = point->log_likelihood;
	fit->gradient_norm = point->norm;
	fit->iterations = point->iterations;
	fit->status = !identified ? FIT_NOT_IDENTIFIED : point->converged ? FIT_CONVERGED : FIT_NOT_CONVERGED;
}

/*
 * model_fit
 *		Of many rows, first an even sample: it costs little, and is so near that a few steps on all rows do.
 */
void
model_fit(ModelKind kind, int regularity, const ModelRow *rows, size_t count, double penalty, FitPause pause, Fit *fit)
{
	Totals		totals = total_rows(rows, count);
	Problem		all = {
		.model = {.kind = kind, .regularity = regularity},
		.n = model_classes[kind].parameter_count,
		.rows = rows, .count = count, .stride = 1,
		.penalty = penalty, .pause = pause
	};
	Point		point;

	memset(fit, 0, sizeof(*fit));
	fit->model = all.model;
	for (int i = 0; i < MODEL_PARAMETERS; i++)
	{
		fit->model.parameters[i] = NAN;
		for (int j = 0; j < MODEL_PARAMETERS; j++)
			fit->covariance[i][j] = NAN;
	}
	fit->log_likelihood = fit->gradient_norm = NAN;
	set_units(&all, &totals);
	if (totals.alike || !(totals.x > 0) || !(totals.customers > 0))
	{
		fit->status = FIT_NO_DATA;
		return;
	}

	if (count > 4 * SAMPLE)
		all.stride = count / SAMPLE;
	climb_from_starts(&all, &totals, CLIMBS + SAMPLE / count, &point);
	finish(&all, &point, fit);
	while (all.stride > 1)
	{
		size_t		stride = all.stride;

		for (all.stride = 1; all.stride * LARGER * 2 <= stride;)
			all.stride *= LARGER;
		if (fit->status == FIT_CONVERGED)
			climb(&all, &point);
		else
			climb_from_starts(&all, &totals, 1, &point);
		finish(&all, &point, fit);
	}
}
