/*
 * fit_test.c
 *		Fits of published data, of simulated customers, and of data that do not say enough, in TAP.
 *
 *		cc -fsanitize=address,undefined -Isrc test/unit/fit_test.c src/math/[a-z]*.c -lm
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "math/models.h"
#include "tap.h"

#define MOST_ROWS	1500

/* ------------------------------------------------------------------------------------------------
 * Random customers, the same in every run
 * ------------------------------------------------------------------------------------------------ */

static double
positive(void)
{
	return uniform(0x1p-54, 1);
}

static double
exponential(double rate)
{
	return -log(positive()) / rate;
}

static double
normal(void)
{
	return sqrt(-2 * log(positive())) * cos(2 * 3.14159265358979323846 * positive());
}

/* Marsaglia, Tsang (2000), A Simple Method for Generating Gamma Variables. */
static double
gamma_variate(double shape, double rate)
{
	double		d,
				x,
				v;

	if (shape < 1)
		return gamma_variate(shape + 1, rate) * pow(positive(), 1 / shape);
	d = shape - 1.0 / 3;
	do
	{
		x = normal();
		v = 1 + x / sqrt(9 * d);
		v = v * v * v;
	} while (v <= 0 || log(positive()) > 0.5 * x * x + d - d * v + d * log(v));
	return d * v / rate;
}

static double
beta_variate(double a, double b)
{
	double		x = gamma_variate(a, 1);

	return x / (x + gamma_variate(b, 1));
}

/* Purchases in continuous time, until the customer leaves or T is over. */
static void
simulate_purchases(const Model *model, ModelRow *row)
{
	const double *p = model->parameters;
	bool		geometric = model->kind == MODEL_BGNBD || model->kind == MODEL_MBGNBD;
	double		rate = gamma_variate(p[0], p[1]);
	double		leaving = geometric ? beta_variate(p[2], p[3]) : 0;
	double		life = model->kind == MODEL_PARETO_NBD ? exponential(gamma_variate(p[2], p[3])) : INFINITY;

	if (model->kind == MODEL_MBGNBD && positive() < leaving)
		return;
	for (;;)
	{
		double		t = row->t_x;

		for (int phase = 0; phase < model->regularity; phase++)
			t += exponential(rate);
		if (t > row->T || t > life)
			return;
		row->x++;
		row->t_x = t;
		if (geometric && positive() < leaving)
			return;
	}
}

static void
simulate(const Model *model, ModelRow *rows, size_t count)
{
	const double *p = model->parameters;

	for (size_t i = 0; i < count; i++)
	{
		ModelRow   *row = &rows[i];
		double		q;

		*row = (ModelRow) {.customers = 1};
		switch (model->kind)
		{
			case MODEL_BGBB:
				row->T = 6 + floor(6 * positive());
				q = beta_variate(p[0], p[1]);
				for (double t = 1, leaving = beta_variate(p[2], p[3]); t <= row->T && positive() >= leaving; t++)
				{
					if (positive() < q)
					{
						row->x++;
						row->t_x = t;
					}
				}
				break;
			case MODEL_GAMMA_GAMMA:
				row->x = 1 + floor(exponential(0.3));
				row->t_x = gamma_variate(p[0] * row->x, gamma_variate(p[1], p[2]) * row->x);
				break;
			case MODEL_SBG:
			case MODEL_BDW:
				q = pow(log(positive()) / log1p(-beta_variate(p[0], p[1])), 1 / (model->kind == MODEL_BDW ? p[2] : 1));
				row->x = q <= 12;
				row->T = fmin(fmax(ceil(q), 1), 12);
				break;
			default:
				row->T = 30 + 50 * positive();
				simulate_purchases(model, row);
				break;
		}
	}
}

/* ------------------------------------------------------------------------------------------------
 * The tests
 * ------------------------------------------------------------------------------------------------ */

/* Survivors at the ends of years 0 to 7: Fader, Hardie (2007), How to Project Customer Retention, table 1. */
static const double regular[] = {1000, 631, 468, 382, 326, 289, 262, 241};
static const double high_end[] = {1000, 869, 743, 653, 593, 551, 517, 491};

/* Donations: x, t_x, n = 6, donors; Fader, Hardie, Shang (2010), table 1. */
static const ModelRow donations[] = {
	{0, 0, 6, 3464}, {1, 1, 6, 1091}, {1, 2, 6, 277}, {1, 3, 6, 129}, {1, 4, 6, 78}, {1, 5, 6, 119}, {1, 6, 6, 129}, {2, 2, 6, 613},
	{2, 3, 6, 255}, {2, 4, 6, 155}, {2, 5, 6, 173}, {2, 6, 6, 234}, {3, 3, 6, 322}, {3, 4, 6, 181}, {3, 5, 6, 225}, {3, 6, 6, 357},
	{4, 4, 6, 240}, {4, 5, 6, 284}, {4, 6, 6, 512}, {5, 5, 6, 335}, {5, 6, 6, 728}, {6, 6, 6, 1203}
};

/*
 * is_published
 */
static void
is_published(const char *name, ModelKind kind, const ModelRow *rows, size_t count, double log_likelihood,
			 const double *parameters, const double *errors)
{
	Fit			fit;
	bool		same;

	model_fit(kind, 1, rows, count, 0, NULL, &fit);
	same = fit.status == FIT_CONVERGED && fabs(fit.log_likelihood - log_likelihood) <= 1e-4;
	for (int i = 0; i < model_classes[kind].parameter_count; i++)
		same = same && fabs(fit.model.parameters[i] / parameters[i] - 1) <= 1e-6
			&& fabs(sqrt(fit.covariance[i][i]) / errors[i] - 1) <= 1e-3;
	ok(same, "%s of %s: log-likelihood %.6f, gradient %.1e", model_classes[kind].title, name, fit.log_likelihood, fit.gradient_norm);
}

/*
 * survivors
 *		As rows of those who leave in each year, and of those who stay.
 */
static size_t
survivors(const double left[8], ModelRow rows[8])
{
	for (int i = 0; i < 7; i++)
		rows[i] = (ModelRow) {1, 0, i + 1, left[i] - left[i + 1]};
	rows[7] = (ModelRow) {0, 0, 7, left[7]};
	return 8;
}

static void
test_published(void)
{
	ModelRow	rows[8];

	survivors(regular, rows);
	is_published("regular customers", MODEL_SBG, rows, 8, -1680.265188,
				 (double[]) {0.7040772985, 1.182043026}, (double[]) {0.06559896243, 0.1524756272});
	is_published("regular customers", MODEL_BDW, rows, 8, -1679.602833,
				 (double[]) {0.4556139893, 0.7793255083, 1.283451286}, (double[]) {0.1670414584, 0.2827099686, 0.2980951252});
	survivors(high_end, rows);
	is_published("high-end customers", MODEL_SBG, rows, 8, -1611.158147,
				 (double[]) {0.6680883511, 3.806094964}, (double[]) {0.1037349283, 0.7855316644});
	is_published("high-end customers", MODEL_BDW, rows, 8, -1605.314213,
				 (double[]) {0.2142533393, 1.426574875, 1.723564849}, (double[]) {0.05957971545, 0.3814086691, 0.3010433247});
	is_published("donations", MODEL_BGBB, donations, 22, -33225.58127,
				 (double[]) {1.203522351, 0.7497163581, 0.6567182083, 2.783442232},
				 (double[]) {0.06939137332, 0.02944772147, 0.05100983229, 0.3208188624});
}

/*
 * test_recovery
 *		The parameters that customers were simulated with are found again, within 4.5 standard errors of their logarithms.
 */
static void
test_recovery(void)
{
	static const Model truths[] = {
		{MODEL_BGNBD, 1, {0.8, 6, 0.7, 2.4}}, {MODEL_BGNBD, 3, {0.8, 2, 0.7, 2.4}}, {MODEL_MBGNBD, 1, {0.8, 6, 0.9, 2}},
		{MODEL_MBGNBD, 2, {1.5, 4, 0.9, 2}}, {MODEL_PARETO_NBD, 1, {0.8, 8, 0.8, 12}}, {MODEL_NBD, 1, {0.4, 12}},
		{MODEL_BGBB, 1, {1.2, 0.75, 0.66, 2.8}}, {MODEL_GAMMA_GAMMA, 1, {6.25, 3.74, 15.44}}, {MODEL_SBG, 1, {0.7, 1.2}},
		{MODEL_BDW, 1, {0.5, 1.4, 1.4}},
	};
	static ModelRow rows[MOST_ROWS];

	for (size_t i = 0; i < sizeof(truths) / sizeof(truths[0]); i++)
	{
		const ModelClass *class = &model_classes[truths[i].kind];
		double		furthest = 0;
		Fit			fit;

		simulate(&truths[i], rows, MOST_ROWS);
		model_fit(truths[i].kind, truths[i].regularity, rows, MOST_ROWS, 0, NULL, &fit);
		for (int j = 0; j < class->parameter_count; j++)
		{
			double		p = fit.model.parameters[j];

			furthest = fmax(furthest, fabs(log(p / truths[i].parameters[j])) * p / sqrt(fit.covariance[j][j]));
		}
		ok(fit.status == FIT_CONVERGED && furthest < 4.5 && fit.gradient_norm <= 1e-9,
		   "%s with k = %d is recovered: %.2f standard errors away", class->title, truths[i].regularity, furthest);
	}
}

/*
 * test_poor_data
 *		Too little, or nothing of one kind: never a fit that looks good.
 */
static void
test_poor_data(void)
{
	static const double ageing[] = {1000, 950, 880, 780, 650, 500, 350, 200};
	static const ModelRow never[] = {{0, 0, 30, 5}, {0, 0, 40, 5}};
	static const ModelRow alike[] = {{3, 20, 40, 5}, {3, 20, 40, 7}};
	static const ModelRow two[] = {{3, 20, 40, 5}, {1, 20, 40, 7}};
	static ModelRow rows[MOST_ROWS];
	Model		truth = {MODEL_NBD, 1, {2, 20}};
	Fit			fit;
	bool		finished = true;

	for (int kind = 0; kind < MODEL_KINDS; kind++)
	{
		model_fit(kind, 1, never, 0, 0, NULL, &fit);
		ok(fit.status == FIT_NO_DATA && isnan(fit.model.parameters[0]) && isnan(fit.covariance[0][0]), "%s of no rows", model_classes[kind].title);
		model_fit(kind, 1, never, 2, 0, NULL, &fit);
		ok(fit.status == FIT_NO_DATA, "%s of customers with one purchase", model_classes[kind].title);
		model_fit(kind, 1, alike, 2, 0, NULL, &fit);
		ok(fit.status == FIT_NO_DATA, "%s of customers who are all alike", model_classes[kind].title);
		model_fit(kind, 1, two, 2, 0, NULL, &fit);
		finished = finished && fit.status != FIT_NO_DATA && isfinite(fit.log_likelihood) && fit.model.parameters[0] > 0;
	}
	ok(finished, "two rows end in some way");

	simulate(&truth, rows, MOST_ROWS);
	for (int i = 0; i < MOST_ROWS; i++)
		rows[i].t_x = rows[i].x > 0 ? rows[i].T : 0;
	model_fit(MODEL_NBD, 1, rows, MOST_ROWS, 0, NULL, &fit);
	ok(fit.status == FIT_CONVERGED, "NBD of customers who never leave");
	for (int kind = MODEL_BGNBD; kind <= MODEL_PARETO_NBD; kind++)
	{
		model_fit(kind, 1, rows, MOST_ROWS, 0, NULL, &fit);
		ok(fit.status == FIT_NOT_IDENTIFIED && fit.iterations < 100, "%s of customers who never leave: not identified after %d steps",
		   model_classes[kind].title, fit.iterations);
	}

	truth = (Model) {MODEL_GAMMA_GAMMA, 1, {3, 1e6, 1e7}};
	simulate(&truth, rows, MOST_ROWS);
	model_fit(MODEL_GAMMA_GAMMA, 1, rows, MOST_ROWS, 0, NULL, &fit);
	ok(fit.status == FIT_NOT_IDENTIFIED, "Gamma-Gamma of customers who all spend alike: not identified");
	survivors(ageing, rows);
	model_fit(MODEL_SBG, 1, rows, 8, 0, NULL, &fit);
	ok(fit.status == FIT_NOT_IDENTIFIED, "sBG of customers who leave the more the older they are: not identified");
	model_fit(MODEL_SBG, 1, rows, 8, 0.001, NULL, &fit);
	ok(fit.status == FIT_CONVERGED, "with a penalty it is: alpha %.3g, beta %.3g", fit.model.parameters[0], fit.model.parameters[1]);
}

/*
 * test_invariance
 *		What must not matter, and what must.
 */
static void
test_invariance(void)
{
	static ModelRow rows[MOST_ROWS];
	static ModelRow others[MOST_ROWS];
	Model		truth = {MODEL_PARETO_NBD, 1, {0.8, 8, 0.8, 12}};
	Fit			fit,
				again,
				other;
	double		purchases = 0;

	simulate(&truth, rows, MOST_ROWS);
	model_fit(MODEL_PARETO_NBD, 1, rows, MOST_ROWS, 0, NULL, &fit);
	model_fit(MODEL_PARETO_NBD, 1, rows, MOST_ROWS, 0, NULL, &again);
	ok(memcmp(&fit, &again, sizeof(fit)) == 0, "equal data give equal fits, bit for bit");

	for (int i = 0; i < MOST_ROWS; i++)
		others[i] = rows[MOST_ROWS - 1 - i];
	model_fit(MODEL_PARETO_NBD, 1, others, MOST_ROWS, 0, NULL, &other);
	ok(fabs(other.model.parameters[3] / fit.model.parameters[3] - 1) < 1e-6 && fabs(other.log_likelihood - fit.log_likelihood) < 1e-7,
	   "the order of rows does not matter");

	for (int i = 0; i < MOST_ROWS; i++)
	{
		others[i] = rows[i];
		others[i].t_x *= 7;
		others[i].T *= 7;
		purchases += rows[i].x;
	}
	model_fit(MODEL_PARETO_NBD, 1, others, MOST_ROWS, 0, NULL, &other);
	ok(fabs(other.model.parameters[3] / fit.model.parameters[3] - 7) < 1e-5
	   && fabs(other.log_likelihood + purchases * log(7) - fit.log_likelihood) < 1e-6, "in days all is as in weeks, times 7");

	for (int i = 0; i < MOST_ROWS; i++)
	{
		others[i] = rows[i];
		others[i].customers = 4;
	}
	model_fit(MODEL_PARETO_NBD, 1, others, MOST_ROWS, 0, NULL, &other);
	ok(fabs(other.model.parameters[3] / fit.model.parameters[3] - 1) < 1e-6
	   && fabs(other.covariance[3][3] * 4 / fit.covariance[3][3] - 1) < 1e-6, "of four times as many, standard errors are half");

	model_fit(MODEL_PARETO_NBD, 1, rows, MOST_ROWS, 1e-3, NULL, &other);
	ok(other.log_likelihood < fit.log_likelihood && other.model.parameters[3] < fit.model.parameters[3]
	   && other.covariance[3][3] < fit.covariance[3][3], "a penalty draws parameters to 1 and costs likelihood");
}

/*
 * test_sample
 *		Many rows are fitted from a sample on; the result is that of all.
 */
static size_t pauses = 0;

static void
count_pause(void)
{
	pauses++;
}

static void
test_sample(void)
{
	static ModelRow rows[40000];
	Model		truth = {MODEL_GAMMA_GAMMA, 1, {6.25, 3.74, 15.44}};
	Fit			fit,
				half;
	Likelihood	sum;

	simulate(&truth, rows, 40000);
	model_fit(MODEL_GAMMA_GAMMA, 1, rows, 40000, 0, count_pause, &fit);
	memset(&sum, 0, sizeof(sum));
	model_likelihood(&fit.model, rows, 40000, true, &sum);
	ok(fit.status == FIT_CONVERGED && fabs(sum.value - fit.log_likelihood) < 1e-6 && fabs(sum.gradient[0]) < 1e-3,
	   "40,000 rows: all of them are fitted, in %d steps after the sample", fit.iterations);
	ok(pauses > 60, "with %zu pauses", pauses);
	model_fit(MODEL_GAMMA_GAMMA, 1, rows, 16000, 0, NULL, &half);
	ok(half.status == FIT_CONVERGED && fabs(half.model.parameters[1] - fit.model.parameters[1]) < 4 * sqrt(half.covariance[1][1]),
	   "next to the fit of a part");
}

int
main(void)
{
	seed = UINT64_C(20050215);
	test_published();
	test_recovery();
	test_poor_data();
	test_invariance();
	test_sample();
	return finish();
}
