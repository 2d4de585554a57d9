/*
 * math.c
 *		A fuzz target of libFuzzer: the mathematics, with any numbers.
 *
 * The first byte picks a question, the next ones numbers for it. Where these are those that the question is defined for, the
 * answer must be as src/math says it is; elsewhere it may be any number, but there must be one, and soon.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "math/distributions.h"
#include "math/linear.h"
#include "math/logistic.h"
#include "math/models.h"
#include "math/simulate.h"
#include "math/special.h"
#include "findings.h"

#define MOST_ROWS 24

static const uint8_t *data;
static size_t left;

static const double special[] = {
	0, -0.0, 1, -1, 0.5, 1 - 0x1p-53, 1 + 0x1p-52, 2, 0x1p-1074, 0x1p-1022, 0x1.fffffffffffffp1023, -0x1.fffffffffffffp1023,
	INFINITY, -INFINITY, NAN, 1e-300, 1e300, 1e-16, 1e16, 0x1p53, 0x1p53 + 2, 1e6, 1e9, 365.25, 1e-9, 700, -700, 745.2, 1e154, 1e-154
};

static uint8_t
take_byte(void)
{
	if (left == 0)
		return 0;
	left--;
	return *data++;
}

/*
 * take_number
 *		Any double, or, four times as often, one near those that occur.
 */
static double
take_number(void)
{
	uint8_t		way = take_byte();
	double		number = 0;

	switch (way & 3)
	{
		case 0:
			return special[take_byte() % (sizeof(special) / sizeof(special[0]))];
		case 1:
			return take_byte();
		case 2:
			for (int i = 0; i < 3; i++)
				number = number * 256 + take_byte();
			return ldexp(number, -24 + (int8_t) take_byte() / (way & 4 ? 1 : 16));
		default:
			for (size_t i = 0; i < sizeof(number); i++)
				((uint8_t *) &number)[i] = take_byte();
			return number;
	}
}

/* One that a parameter can be. */
static double
take_positive(void)
{
	double		number = fabs(take_number());

	return number >= MODEL_SMALLEST_PARAMETER && number <= MODEL_LARGEST_PARAMETER ? number : 1;
}

static const Model *asked;

/*
 * wrong
 *		Says what the answer to a question is, that ought to be another one.
 */
static void
wrong(const char *what, double result, double a, double b, double c, double d)
{
	char		text[500];

	if (asked == NULL)
		snprintf(text, sizeof(text), "%.17g of %.17g, %.17g, %.17g, %.17g", result, a, b, c, d);
	else
		snprintf(text, sizeof(text), "%.17g of %.17g, %.17g, %.17g, %.17g; regularity %d, parameters %.17g %.17g %.17g %.17g", result, a, b, c, d,
				 asked->regularity, asked->parameters[0], asked->parameters[1], asked->parameters[2], asked->parameters[3]);
	finding(what, text);
}

/* Each finding once for each kind of model. */
#define REQUIRE(condition, result, ...) \
	do { \
		double		result_ = (result); \
		char		what_[200]; \
		if (condition) \
			break; \
		snprintf(what_, sizeof(what_), "%s: %s", asked ? model_classes[asked->kind].name : "any", #result); \
		wrong(what_, result_, __VA_ARGS__); \
	} while (0)
#define NUMBER(result, ...) REQUIRE(!isnan(result_), result, __VA_ARGS__)
#define SHARE(result, ...) REQUIRE(result_ >= 0 && result_ <= 1, result, __VA_ARGS__)
#define AMOUNT(result, ...) REQUIRE(result_ >= 0, result, __VA_ARGS__)

/* ------------------------------------------------------------------------------------------------
 * Special functions and distributions
 * ------------------------------------------------------------------------------------------------ */

static void
ask_special(void)
{
	double		a = take_number(),
				b = take_number(),
				c = take_number();

	a = fabs(a), b = fabs(b), c = fabs(c);
	if (a >= 1e-150 && a <= 1e150)
	{
		NUMBER(log_gamma(a), a, 0, 0, 0);
		NUMBER(digamma(a), a, 0, 0, 0);
		AMOUNT(trigamma(a), a, 0, 0, 0);
		if (b <= 1e150)
		{
			AMOUNT(digamma_difference(a, b), a, b, 0, 0);
			AMOUNT(trigamma_difference(a + b, -b), a, b, 0, 0);
			NUMBER(log_gamma_ratio(a, b), a, b, 0, 0);
			if (b >= 1e-150)
				NUMBER(log_beta(a, b), a, b, 0, 0);
			if (b >= 1e-150 && c <= 1e150)
				NUMBER(log_beta_ratio(a, b, c), a, b, c, 0);
		}
	}
	if (isnan(a))
		return;
	SHARE(normal_cdf(-a), a, 0, 0, 0);
	SHARE(normal_upper(-a), a, 0, 0, 0);
	if (b >= 0.1)
		SHARE(student_t_two_sided(a, b), a, b, 0, 0);
	if (b >= 1 && b == floor(b) && b <= 1e6)
		SHARE(chi_square_upper(a, b), a, b, 0, 0);
	if (b >= 2 && isfinite(b) && isfinite(c))
		SHARE(student_t_shifted_cdf(a, b, c), a, b, c, 0);
	if (a >= 1e-300 && a <= 1)
	{
		NUMBER(normal_quantile(a), a, 0, 0, 0);
		if (b >= 0.1)
			NUMBER(student_t_quantile(a, b), a, b, 0, 0);
	}
}

static void
ask_linear(void)
{
	double		a[6 * 6],
				kept[6 * 6],
				values[6],
				vectors[6 * 6],
				b[6],
				inverse[6 * 6];
	bool		dependent[6];
	int			n = 1 + take_byte() % 6;

	for (int i = 0; i < n; i++)
	{
		b[i] = take_number();
		for (int j = 0; j <= i; j++)
			a[i * n + j] = a[j * n + i] = take_number();
	}
	memcpy(kept, a, sizeof(a));
	cholesky_factor(n, a, 1e-10, dependent);
	cholesky_solve(n, a, dependent, b);
	cholesky_invert(n, a, dependent, inverse);
	symmetric_eigen(n, kept, values, vectors);
}

/* ------------------------------------------------------------------------------------------------
 * Models
 * ------------------------------------------------------------------------------------------------ */

static Model
take_model(void)
{
	Model		model = {.kind = take_byte() % MODEL_KINDS,.regularity = 1};

	if (model.kind == MODEL_BGNBD || model.kind == MODEL_MBGNBD)
		model.regularity = 1 + take_byte() % MODEL_REGULARITY;
	for (int i = 0; i < model_classes[model.kind].parameter_count; i++)
		model.parameters[i] = take_positive();
	return model;
}

static bool
is_contract(ModelKind kind)
{
	return kind == MODEL_SBG || kind == MODEL_BDW;
}

/*
 * take_past
 *		A customer as the kind of model wants one.
 */
static void
take_past(ModelKind kind, ModelRow *row)
{
	double		x = floor(fabs(take_number())),
				T = fabs(take_number()),
				share = fabs(take_number());

	row->customers = 1 + take_byte();
	row->x = x < 1e9 ? x : 3;
	row->T = T < (kind == MODEL_BGBB ? MODEL_MOST_OPPORTUNITIES : 1e9) ? T : 100;
	if (kind == MODEL_GAMMA_GAMMA)
	{
		row->x = fmax(row->x, 1);
		row->t_x = T >= 1e-100 && T <= 1e100 ? T : 1;
		return;
	}
	if (is_contract(kind))
	{
		row->x = fmod(row->x, 2);
		row->T = 1 + floor(row->T);
		row->t_x = 0;
		return;
	}
	if (kind == MODEL_BGBB)
		row->T = floor(row->T);
	row->t_x = row->T * (share <= 1 ? share : 1 / share);
	if (kind == MODEL_BGBB)
	{
		row->t_x = ceil(row->t_x);
		row->x = fmin(row->x, row->t_x);
	}
	if (!(row->t_x > 0) || row->x == 0)
		row->x = row->t_x = 0;
}

static void
ask_scores(void)
{
	Model		model = take_model();
	ModelRow	past = {0};
	double		t,
				rate,
				n;

	asked = &model;
	take_past(model.kind, &past);
	t = take_positive();
	t = t < 1e5 ? t : 1e5;
	rate = take_positive();
	n = floor(take_positive());
	n = n < 0x7fffffff ? n : 0x7fffffff;
	if (model.kind == MODEL_GAMMA_GAMMA)
	{
		AMOUNT(model_expected_spend(&model, past.x, past.t_x), past.x, past.t_x, 0, 0);
		AMOUNT(model_expected_spend(&model, 0, 0), 0, 0, 0, 0);
	}
	else if (is_contract(model.kind))
	{
		SHARE(model_survival(&model, t), t, 0, 0, 0);
		if (rate <= 1)
			AMOUNT(model_residual_lifetime(&model, past.T, rate, past.x > 0), past.T, rate, past.x, 0);
	}
	else
	{
		if (model.kind == MODEL_BGBB)
			t = floor(t);
		SHARE(model_probability_alive(&model, past.x, past.t_x, past.T), past.x, past.t_x, past.T, 0);
		AMOUNT(model_expected_purchases(&model, past.x, past.t_x, past.T, t), past.x, past.t_x, past.T, t);
		AMOUNT(model_expected_new(&model, t), t, 0, 0, 0);
		SHARE(model_purchase_probability(&model, n, t), n, t, 0, 0);
		SHARE(model_no_purchase(&model, past.x, past.t_x, past.T, t), past.x, past.t_x, past.T, t);
		AMOUNT(model_residual(&model, past.x, past.t_x, past.T, rate), past.x, past.t_x, past.T, rate);
		if (model_has_alive_parts(&model))
		{
			int			count = 1 + (int) fmin(past.x, 20);
			double		at_last[21],
						at_end[21];

			model_alive_parts(&model, past.t_x, count, at_last);
			model_alive_parts(&model, past.T, count, at_end);
			if (past.x < count)
				SHARE(model_alive_from_parts(&model, past.x, past.t_x, past.T, at_last[count - 1], at_end[count - 1]), past.x, past.t_x, past.T, 0);
		}
	}
}

static void
ask_likelihood(void)
{
	Model		model = take_model();
	ModelRow	rows[MOST_ROWS] = {0};
	Likelihood	sum = {0};
	int			count = 1 + take_byte() % 4;

	asked = &model;
	for (int i = 0; i < count; i++)
		take_past(model.kind, &rows[i]);
	model_likelihood(&model, rows, count, true, &sum);
	NUMBER(sum.value, rows[0].x, rows[0].t_x, rows[0].T, count);
}

static void
pause_not(void)
{
}

static void
ask_fit(void)
{
	ModelKind	kind = take_byte() % MODEL_KINDS;
	int			regularity = kind == MODEL_BGNBD || kind == MODEL_MBGNBD ? 1 + take_byte() % MODEL_REGULARITY : 1;
	double		penalty = take_byte() % 2 ? 0 : fabs(take_number());
	ModelRow	rows[MOST_ROWS] = {0};
	int			count = take_byte() % (MOST_ROWS + 1);
	Model		none = {.kind = kind,.regularity = regularity};
	Fit			fit;

	asked = &none;
	for (int i = 0; i < count; i++)
	{
		take_past(kind, &rows[i]);
		/* Not so many at each of so many steps. */
		if (kind == MODEL_BGBB && rows[i].T > 1000)
			rows[i] = (ModelRow) {1, 1, 1000, 1};
	}
	model_fit(kind, regularity, rows, count, isfinite(penalty) ? penalty : 0, pause_not, &fit);
	if (fit.status == FIT_CONVERGED)
	{
		for (int i = 0; i < model_classes[kind].parameter_count; i++)
			REQUIRE(result_ > 0 && isfinite(result_), fit.model.parameters[i], i, count, penalty, 0);
		NUMBER(fit.log_likelihood, count, penalty, 0, 0);
	}
}

static void
ask_logistic(void)
{
	int			features = take_byte() % 5;
	int			count = take_byte() % MOST_ROWS;
	double		rows[MOST_ROWS * 5];
	static LogisticFit fit;
	LogisticRows all = {.rows = rows,.count = count,.features = features,.ridge = take_byte() % 2 ? 0 : fabs(take_number())};

	asked = NULL;
	if (!isfinite(all.ridge))
		all.ridge = 1;
	for (int i = 0; i < count; i++)
	{
		uint8_t		weight = take_byte();

		rows[i * (features + 1)] = (weight & 1 ? -1 : 1) * ldexp(1 + weight % 7, weight & 64 ? weight % 40 - 20 : 0);
		for (int j = 1; j <= features; j++)
		{
			double		feature = take_number();

			rows[i * (features + 1) + j] = isfinite(feature) ? feature : 0;
		}
	}
	logistic_fit(&all, &fit);
	if (fit.status == LOGISTIC_FITTED)
	{
		for (int j = 0; j <= features; j++)
			NUMBER(fit.coefficients[j], j, count, features, all.ridge);
		NUMBER(fit.log_likelihood, count, features, all.ridge, 0);
		SHARE(logistic_probability(logistic_score(fit.coefficients, rows + 1, features)), count, features, 0, 0);
	}
}

static void
ask_simulation(void)
{
	Model		model = take_model();
	Random		random;
	Simulation	simulation;
	double		time,
				before = 0;

	asked = &model;
	random_seed(&random, take_byte(), take_byte());
	if (model.kind == MODEL_GAMMA_GAMMA)
		AMOUNT(simulate_spend(&model, simulate_log_mean_spend(&model, &random), &random), 0, 0, 0, 0);
	else if (is_contract(model.kind))
		AMOUNT(simulate_lifetime(&model, &random), 0, 0, 0, 0);
	else
	{
		simulation_begin(&simulation, &model, &random);
		for (int i = 0; i < 50 && simulation_next(&simulation, &time); i++)
		{
			REQUIRE(result_ >= before, time, before, i, 0, 0);
			before = time;
		}
	}
}

extern int	LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static void (*const questions[]) (void) = {
		ask_special, ask_linear, ask_scores, ask_scores, ask_likelihood, ask_fit, ask_logistic, ask_simulation
	};

	finding_data = data = bytes;
	finding_size = left = size;
	asked = NULL;
	questions[take_byte() % (sizeof(questions) / sizeof(questions[0]))] ();
	return 0;
}
