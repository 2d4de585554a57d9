/*
 * small_models_test.c
 *		Gamma-Gamma, sBG, BdW and BG/BB against exact values, brute force and finite differences, in TAP.
 *
 *		cc -fsanitize=address,undefined -Isrc test/unit/small_models_test.c src/math/[a-z]*.c -lm
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "math/models.h"
#include "math/special.h"
#include "tap.h"

/* Whole, from 0 to most. */
static double
whole(double most)
{
	return floor(uniform(0, most + 1));
}

/*
 * random_model
 *		With parameters of 10^-spread to 10^spread.
 */
static Model
random_model(ModelKind kind, double spread)
{
	Model		model = {.kind = kind, .regularity = 1};

	for (int i = 0; i < model_classes[kind].parameter_count; i++)
		model.parameters[i] = pow(10, uniform(-spread, spread));
	if (kind == MODEL_BDW)
		model.parameters[2] = uniform(0.3, 3);
	return model;
}

/*
 * random_row
 */
static ModelRow
random_row(ModelKind kind)
{
	ModelRow	row = {.customers = 1 + whole(3)};

	switch (kind)
	{
		case MODEL_BGBB:
			row.T = whole(20);
			row.x = whole(row.T);
			row.t_x = row.x > 0 ? row.x + whole(row.T - row.x) : 0;
			break;
		case MODEL_GAMMA_GAMMA:
			row.x = 1 + whole(30);
			row.t_x = pow(10, uniform(-2, 4));
			break;
		default:
			row.x = whole(1);
			row.T = 1 + whole(30);
			break;
	}
	return row;
}

/*
 * likelihood
 *		Of some rows, at a parameter moved by a factor.
 */
static Likelihood
likelihood(Model model, const ModelRow *rows, size_t count, int parameter, double factor)
{
	Likelihood	sum;

	memset(&sum, 0, sizeof(sum));
	model.parameters[parameter] *= factor;
	model_likelihood(&model, rows, count, true, &sum);
	return sum;
}

/*
 * test_derivatives
 *		Differences of the fourth order by the logarithm of each parameter, relative to what the numbers lose by rounding.
 */
static void
test_derivatives(ModelKind kind)
{
	const double h = 2e-3;
	const int	n = model_classes[kind].parameter_count;
	double		worst_gradient = 0;
	double		worst_hessian = 0;
	bool		symmetric = true;
	bool		same_value = true;

	for (int round = 0; round < 2000; round++)
	{
		Model		model = random_model(kind, round % 2 ? 1 : 3);
		ModelRow	rows[5];
		Likelihood	sum = {0};
		Likelihood	plain = {0};

		for (int i = 0; i < 5; i++)
			rows[i] = random_row(kind);
		model_likelihood(&model, rows, 5, true, &sum);
		model_likelihood(&model, rows, 5, false, &plain);
		same_value = same_value && fabs(sum.value - plain.value) <= 1e-12 * (1 + fabs(sum.value));
		for (int i = 0; i < n; i++)
		{
			Likelihood	steps[4];
			double		by_log[MODEL_PARAMETERS + 1];
			double		scale = 0;

			for (int k = 0; k < 4; k++)
				steps[k] = likelihood(model, rows, 5, i, exp((k < 2 ? k - 2 : k - 1) * h));
			for (int j = 0; j <= n; j++)
			{
				double		f[4];

				for (int k = 0; k < 4; k++)
					f[k] = j < n ? steps[k].gradient[j] : steps[k].value;
				by_log[j] = (f[0] - 8 * f[1] + 8 * f[2] - f[3]) / (12 * h);
			}
			worse(&worst_gradient, (by_log[n] - sum.gradient[i] * model.parameters[i]) / (1 + fabs(sum.value)));
			for (int j = 0; j < n; j++)
			{
				scale = (1 + fabs(sum.value)) / model.parameters[j];
				worse(&worst_hessian, (by_log[j] - sum.hessian[i][j] * model.parameters[i]) / scale);
				symmetric = symmetric && sum.hessian[i][j] == sum.hessian[j][i];
			}
		}
	}
	ok(worst_gradient < 1e-7, "%s: the gradient is that of the value, within %.1e", model_classes[kind].title, worst_gradient);
	ok(worst_hessian < 1e-6, "%s: the Hessian is that of the gradient, within %.1e", model_classes[kind].title, worst_hessian);
	ok(symmetric && same_value, "%s: the Hessian is symmetric, and the value without derivatives the same", model_classes[kind].title);
}

/* ------------------------------------------------------------------------------------------------
 * Gamma-Gamma
 * ------------------------------------------------------------------------------------------------ */

static void
test_gamma_gamma(void)
{
	Model		model = {MODEL_GAMMA_GAMMA, 1, {6.25, 3.74, 15.44}};
	ModelRow	row = {1, 0, 0, 1};
	double		total = 0;

	ok(fabs(model_expected_spend(&model, 1, 11.77) / 18.916852057842047 - 1) < 1e-15
	   && fabs(model_expected_spend(&model, 29, 50) / 49.779879341268547 - 1) < 1e-15
	   && fabs(model_expected_spend(&model, 0, 0) - 6.25 * 15.44 / 2.74) < 1e-13, "Gamma-Gamma: spend to expect of published customers");
	model.parameters[1] = 0.9;
	ok(isinf(model_expected_spend(&model, 0, 0)) && fabs(model_expected_spend(&model, 1, 11.77) / 27.652439024390244 - 1) < 1e-15,
	   "Gamma-Gamma: with q <= 1 only customers with a past have a mean");
	model.parameters[0] = 0.05;
	ok(isinf(model_expected_spend(&model, 1, 10)) && isfinite(model_expected_spend(&model, 3, 10)), "Gamma-Gamma: from p x + q > 1 on");

	/* In y = log m the density falls like a power on both sides, and the trapezoidal rule is exact. */
	model = (Model) {MODEL_GAMMA_GAMMA, 1, {2.5, 3.74, 15.44}};
	row.x = 3;
	for (double y = -15; y < 20; y += 0.05)
	{
		Likelihood	sum = {0};

		row.t_x = exp(y);
		model_likelihood(&model, &row, 1, false, &sum);
		total += 0.05 * exp(sum.value + y);
	}
	ok(fabs(total - 1) < 1e-12, "Gamma-Gamma: the density of the average adds up to 1 + %.1e", total - 1);
}

/* ------------------------------------------------------------------------------------------------
 * Contracts
 * ------------------------------------------------------------------------------------------------ */

static void
test_contracts(void)
{
	Model		sbg = {MODEL_SBG, 1, {0.668, 3.806}};
	Model		bdw = {MODEL_BDW, 1, {0.668, 3.806, 1}};
	double		survival = 1;
	double		worst = 0;

	for (int t = 1; t <= 100; t++)
	{
		survival *= (3.806 + t - 1) / (0.668 + 3.806 + t - 1);
		worse(&worst, model_survival(&sbg, t) / survival - 1);
		worse(&worst, model_survival(&bdw, t) / survival - 1);
	}
	ok(worst < 2e-14 && model_survival(&sbg, 0) == 1, "sBG: survival is the product of retention rates, within %.1e", worst);
	ok(model_survival(&sbg, 1.5) < model_survival(&sbg, 1) && model_survival(&sbg, 1.5) > model_survival(&sbg, 2), "sBG: between periods too");

	/* Fader, Hardie (2010), at the renewal after T periods: 1.1 times what is seen from just after the one before. */
	ok(fabs(1.1 * model_residual_lifetime(&sbg, 0, 0.1, false) / 5.4148560483740406 - 1) < 1e-14
	   && fabs(1.1 * model_residual_lifetime(&sbg, 20, 0.1, false) / 8.8577518475499962 - 1) < 1e-14,
	   "sBG: residual lifetime of published customers");
	ok(model_residual_lifetime(&sbg, 4, 0.1, true) == 1.1 * model_residual_lifetime(&sbg, 4, 0.1, false), "sBG: at a renewal, a period earlier");

	/* Beta(1, 1): S(T + i) / S(T) = (T + 1) / (T + i + 1), whose discounted sum is a logarithm's series. */
	worst = 0;
	sbg = (Model) {MODEL_SBG, 1, {1, 1}};
	for (double rate = 1e-6; rate < 20; rate *= 1.7)
	{
		double		v = 1 / (1 + rate);
		double		exact = -log(rate * v) / v - 1;

		worse(&worst, rate < 1 ? model_residual_lifetime(&sbg, 0, rate, false) / exact - 1 : 0);
	}
	ok(worst < 1e-13, "sBG: residual lifetime at rates from 1e-6 on, within %.1e", worst);

	worst = 0;
	for (int round = 0; round < 300; round++)
	{
		Model		model = random_model(MODEL_BDW, 2);
		double		T = round % 3 == 0 ? 0 : whole(60);
		double		rate = pow(10, uniform(-1.5, 1));
		double		sum = 0;

		for (double i = 50 / log1p(rate); i >= 0; i--)
		{
			double		step = floor(50 / log1p(rate)) - floor(i) + 1;

			sum += model_survival(&model, T + step) / model_survival(&model, T) * pow(1 + rate, -step);
		}
		if (sum > 1e-200)
			worse(&worst, model_residual_lifetime(&model, T, rate, false) / sum - 1);
	}
	ok(worst < 1e-12, "BdW: residual lifetime is the sum, within %.1e", worst);
}

/* ------------------------------------------------------------------------------------------------
 * BG/BB
 * ------------------------------------------------------------------------------------------------ */

/* Eq. 6 of Fader, Hardie, Shang (2010), term by term. */
static double
likelihood_by_definition(const double p[4], double x, double t_x, double n)
{
	double		scale = log_beta(p[0], p[1]) + log_beta(p[2], p[3]);
	double		sum = exp(log_beta(p[0] + x, p[1] + n - x) + log_beta(p[2], p[3] + n) - scale);

	for (double t = t_x; t < n; t++)
		sum += exp(log_beta(p[0] + x, p[1] + t - x) + log_beta(p[2] + 1, p[3] + t) - scale);
	return sum;
}

static void
test_bgbb(void)
{
	Model		donations = {MODEL_BGBB, 1, {1.204, 0.75, 0.657, 2.783}};
	double		worst[6] = {0};
	double		gap;

	ok(fabs(model_probability_alive(&donations, 1, 2, 6) / 0.25455647695170052 - 1) < 1e-14
	   && fabs(model_expected_purchases(&donations, 4, 5, 6, 5) / 2.0296230314777986 - 1) < 1e-14
	   && fabs(model_residual(&donations, 3, 3, 6, 0.1) / 0.35197162647532955 - 1) < 1e-14, "BG/BB: donors as published");
	ok(fabs(model_expected_purchases(&donations, 100, 200, 500, 5) / 1.1298846057246218e-47 - 1) < 1e-12
	   && fabs(model_residual(&donations, 0, 0, 2000, 0.1) / 2.2591285662445641e-8 - 1) < 1e-12, "BG/BB: of hundreds of opportunities");
	donations.parameters[2] = 1;
	ok(fabs(model_expected_purchases(&donations, 2, 4, 6, 5) / 0.79920075828373231 - 1) < 1e-14
	   && fabs(model_residual(&donations, 2, 4, 6, 0.1) / 1.1437168730975329 - 1) < 1e-14, "BG/BB: gamma = 1 is no special case");
	gap = model_expected_new(&donations, 1e6);
	donations.parameters[2] = 1 + 1e-12;
	ok(fabs(model_expected_new(&donations, 1e6) / gap - 1) < 1e-10, "BG/BB: nor is what is next to it");

	for (int round = 0; round < 500; round++)
	{
		Model		model = random_model(MODEL_BGBB, 1.5);
		const double *p = model.parameters;
		ModelRow	row = random_row(MODEL_BGBB);
		double		past = likelihood_by_definition(p, row.x, row.t_x, row.T);
		double		alive = exp(log_beta(p[0] + row.x, p[1] + row.T - row.x) - log_beta(p[0], p[1])
								+ log_beta(p[2], p[3] + row.T + 1) - log_beta(p[2], p[3]));
		double		t = 1 + whole(20);
		double		total = 0;
		double		mean = 0;
		Likelihood	sum = {0};

		model_likelihood(&model, &row, 1, false, &sum);
		worse(&worst[0], sum.value / row.customers - log(past));
		worse(&worst[1], model_probability_alive(&model, row.x, row.t_x, row.T) * past / alive - 1);
		worse(&worst[2], model_no_purchase(&model, row.x, row.t_x, row.T, t) * past
			  / likelihood_by_definition(p, row.x, row.t_x, row.T + t) - 1);
		for (double n = 0; n <= t; n++)
		{
			double		probability = model_purchase_probability(&model, n, t);

			total += probability;
			mean += n * probability;
		}
		worse(&worst[3], total - 1);
		worse(&worst[4], mean / model_expected_new(&model, t) - 1);
		mean = 0;
		for (double i = 1; i <= t; i++)
			mean += (1 - model_no_purchase(&model, row.x, row.t_x, row.T + i - 1, 1)) * model_no_purchase(&model, row.x, row.t_x, row.T, i - 1);
		worse(&worst[5], 1 - mean - model_no_purchase(&model, row.x, row.t_x, row.T, t));
	}
	ok(worst[0] < 1e-11, "BG/BB: the likelihood is its definition, within %.1e", worst[0]);
	ok(worst[1] < 1e-11, "BG/BB: P(alive) likewise, within %.1e", worst[1]);
	ok(worst[2] < 1e-11, "BG/BB: P(no purchase) likewise, within %.1e", worst[2]);
	ok(worst[3] < 1e-12, "BG/BB: probabilities of 0 to n purchases add up to 1, within %.1e", worst[3]);
	ok(worst[4] < 1e-12, "BG/BB: and their mean is the expectation, within %.1e", worst[4]);
	ok(worst[5] < 1e-12, "BG/BB: a first purchase comes at some opportunity, or none, within %.1e", worst[5]);
	donations.parameters[2] = 0.657;
	ok(model_purchase_probability(&donations, 3, 2) == 0 && isfinite(log(model_purchase_probability(&donations, 1000, 2000))),
	   "BG/BB: never more purchases than opportunities, and no overflow");
}

/*
 * test_dispatch
 *		A question that a model does not answer gives NaN.
 */
static void
test_dispatch(void)
{
	Model		spend = {MODEL_GAMMA_GAMMA, 1, {6.25, 3.74, 15.44}};
	double		t = 1;

	model_purchases_alive(&spend, 1, 1, 2, &t, 1, &t);
	ok(isnan(t) && isnan(model_probability_alive(&spend, 1, 1, 2)) && isnan(model_survival(&spend, 1)), "Gamma-Gamma knows nothing of time");
	for (int kind = 0; kind < MODEL_KINDS; kind++)
	{
		const ModelClass *class = &model_classes[kind];

		ok(class->name && class->title && class->parameter_count >= 2 && class->parameter_names[class->parameter_count - 1], "%s has names", class->title);
	}
}

int
main(void)
{
	seed = UINT64_C(19970930);
	test_derivatives(MODEL_GAMMA_GAMMA);
	test_derivatives(MODEL_SBG);
	test_derivatives(MODEL_BDW);
	test_derivatives(MODEL_BGBB);
	test_gamma_gamma();
	test_contracts();
	test_bgbb();
	test_dispatch();
	return finish();
}
