/*
 * simulate_test.c
 *		Random numbers by their moments, simulated customers by what the models say of them, in TAP.
 *
 *		cc -fsanitize=address,undefined -Isrc test/unit/simulate_test.c src/math/(all).c -lm
 *
 * Means are compared at five standard errors. Seeds are fixed, so what passes once passes always.
 */
#include <stdio.h>
#include <string.h>

#include "math/special.h"
#include "../recovery/rows.h"
#include "tap.h"

#define DRAWS	200000
#define CUSTOMERS	40000

/* Values, their mean and its standard error. */
typedef struct Mean
{
	double		n;
	double		sum;
	double		squares;
} Mean;

static void
add(Mean *mean, double value)
{
	mean->n++;
	mean->sum += value;
	mean->squares += value * value;
}

/*
 * near
 *		Is the mean, to five standard errors, what it should be?
 */
static bool
near(const Mean *mean, double expected)
{
	double		average = mean->sum / mean->n;
	double		variance = fmax(mean->squares / mean->n - average * average, 0);

	if (fabs(average - expected) <= 5 * sqrt(variance / mean->n) + 1e-12 * fabs(expected))
		return true;
	printf("# %.9g for %.9g, standard error %.3g\n", average, expected, sqrt(variance / mean->n));
	return false;
}

/* ------------------------------------------------------------------------------------------------
 * Random numbers
 * ------------------------------------------------------------------------------------------------ */

/*
 * test_generator
 *		The first numbers of xoshiro256** from the state 1, 2, 3, 4, and streams.
 */
static void
test_generator(void)
{
	static const uint64_t first[] = {
		UINT64_C(11520), 0, UINT64_C(1509978240), UINT64_C(1215971899390074240), UINT64_C(1216172134540287360),
		UINT64_C(607988272756665600), UINT64_C(16172922978634559625), UINT64_C(8476171486693032832)
	};
	Random		random = {{1, 2, 3, 4}};
	Random		other;
	bool		same = true;
	double		gap = 0;

	for (int i = 0; i < 8; i++)
		same = same && random_bits(&random) == first[i];
	ok(same, "xoshiro256** begins as published");

	random_seed(&random, 7, 1);
	random_seed(&other, 7, 1);
	ok(memcmp(&random, &other, sizeof(random)) == 0, "a seed and a stream give one generator");
	random_seed(&other, 7, 2);
	ok(random_bits(&random) != random_bits(&other), "another stream another one");
	random_seed(&random, INT64_MIN, UINT64_MAX);
	random_seed(&other, INT64_MAX, UINT64_MAX);
	ok(random_bits(&random) != random_bits(&other), "and another seed");
	random_seed(&random, 1, 1);
	ok(random_bits(&random) == UINT64_C(13229287141060881785), "the same on every machine");

	for (int n = 1; n <= 128; n++)
	{
		for (int i = 0; i < n; i++)
		{
			double		next = 2;

			for (int j = 0; j < n; j++)
			{
				double		distance = spread_evenly(5, j) - spread_evenly(5, i);

				if (j != i)
					next = fmin(next, distance < 0 ? distance + 1 : distance);
			}
			if (n > 1)
				gap = fmax(gap, next * n);
		}
	}
	ok(gap < 2, "n points that are spread evenly leave no gap of 2 / n");
}

/*
 * test_moments
 */
static void
test_moments(void)
{
	static const double shapes[] = {1e-3, 0.05, 0.5, 1, 1.5, 20, 1e4};
	static const double betas[][2] = {{1e-3, 1e-3}, {0.05, 3}, {0.793, 2.426}, {1, 1}, {30, 0.2}, {500, 1e5}};
	Random		random;
	Mean		mean[4] = {{0}};
	double		least = 1;
	double		most = 0;

	random_seed(&random, 1, 0);
	for (int i = 0; i < DRAWS; i++)
	{
		double		u = random_uniform(&random);
		double		z = random_normal(&random);

		least = fmin(least, u);
		most = fmax(most, u);
		add(&mean[0], u);
		add(&mean[1], z);
		add(&mean[2], z * z);
		add(&mean[3], z * z * z * z);
	}
	ok(least > 0 && least < 1e-4 && most < 1 && most > 1 - 1e-4 && near(&mean[0], 0.5), "uniform between 0 and 1");
	ok(near(&mean[1], 0) && near(&mean[2], 1) && near(&mean[3], 3), "normal: mean, variance, fourth moment");

	for (int phases = 1; phases <= MODEL_REGULARITY; phases += 5)
	{
		memset(mean, 0, sizeof(mean));
		for (int i = 0; i < DRAWS / 4; i++)
		{
			double		t = random_erlang(&random, phases);

			add(&mean[0], t);
			add(&mean[1], (t - phases) * (t - phases));
		}
		ok(near(&mean[0], phases) && near(&mean[1], phases), "Erlang of %d phases: mean, variance", phases);
	}

	for (size_t k = 0; k < sizeof(shapes) / sizeof(shapes[0]); k++)
	{
		double		center = digamma(shapes[k]);

		memset(mean, 0, sizeof(mean));
		for (int i = 0; i < DRAWS / 2; i++)
		{
			double		log_gamma = random_log_gamma(&random, shapes[k]);

			add(&mean[0], log_gamma - center);
			add(&mean[1], (log_gamma - center) * (log_gamma - center));
			add(&mean[2], exp(log_gamma));
		}
		ok(near(&mean[0], 0) && near(&mean[1], trigamma(shapes[k])) && near(&mean[2], shapes[k]),
		   "Gamma of shape %g: mean and variance of the logarithm, mean", shapes[k]);
	}

	for (size_t k = 0; k < sizeof(betas) / sizeof(betas[0]); k++)
	{
		double		a = betas[k][0];
		double		b = betas[k][1];

		memset(mean, 0, sizeof(mean));
		for (int i = 0; i < DRAWS / 4; i++)
		{
			double		logit = random_logit_beta(&random, a, b);
			double		p = 1 / (1 + exp(-logit));

			add(&mean[0], logit);
			add(&mean[1], p);
			add(&mean[2], p * (1 - p));
		}
		ok(near(&mean[0], digamma(a) - digamma(b)) && near(&mean[1], a / (a + b)) && near(&mean[2], a * b / ((a + b) * (a + b + 1))),
		   "Beta of %g and %g: mean of the logit, first two moments", a, b);
	}

	for (double p = 0.001; p < 1; p = 1 - (1 - p) * (p < 0.5 ? 0.7 : 0.1))
	{
		double		odds = p / (1 - p);

		memset(mean, 0, sizeof(mean));
		for (int i = 0; i < DRAWS / 4; i++)
		{
			double		failures_before = random_geometric(&random, log(odds));

			add(&mean[0], failures_before);
			add(&mean[1], failures_before == 0);
		}
		ok(near(&mean[0], 1 / odds) && near(&mean[1], p), "geometric of probability %.4g: mean, first", p);
		if (p > 0.9999)
			break;
	}
}

/* ------------------------------------------------------------------------------------------------
 * Customers
 * ------------------------------------------------------------------------------------------------ */

/* Models, and for how long their customers are observed at the least and at the most. */
static const struct
{
	Model		model;
	double		shortest;
	double		longest;
}			cases[] = {
	{{MODEL_BGNBD, 1, {0.243, 4.414, 0.793, 2.426}}, 26, 78},
	{{MODEL_BGNBD, 1, {2.2, 8.6, 0.35, 3.5}}, 26, 104},
	{{MODEL_BGNBD, 3, {0.9, 2.5, 0.8, 2.4}}, 26, 78},
	{{MODEL_MBGNBD, 1, {0.525, 6.183, 0.891, 1.614}}, 26, 78},
	{{MODEL_MBGNBD, 2, {1.1, 4.0, 0.9, 3.0}}, 26, 78},
	{{MODEL_PARETO_NBD, 1, {0.553, 10.578, 0.606, 11.669}}, 26, 78},
	{{MODEL_NBD, 1, {0.385, 12.072}}, 26, 78},
	{{MODEL_BGBB, 1, {1.204, 0.750, 0.657, 2.783}}, 5, 9},
	{{MODEL_GAMMA_GAMMA, 1, {6.25, 3.74, 15.44}}, 3, 3},
	{{MODEL_SBG, 1, {0.668, 3.806}}, 3, 8},
	{{MODEL_BDW, 1, {0.5, 0.9, 1.4}}, 3, 8},
};

#define CASES	(sizeof(cases) / sizeof(cases[0]))

/*
 * test_purchases
 *		Against the models' own words: purchases of a new customer by n; of a customer with a past, how many more there are, and
 *		whether there are any.
 */
static void
test_purchases(const Model *model, double T, double t, int64_t seed)
{
	const ModelClass *class = &model_classes[model->kind];
	Mean		total = {0};
	Mean		exactly[4] = {{0}};
	Mean		more = {0};
	Mean		none = {0};
	Mean		gained = {0};

	for (int i = 0; i < CUSTOMERS; i++)
	{
		Random		random;
		Simulation	simulation;
		double		time;
		double		x = 0;
		double		t_x = 0;
		double		later = 0;

		random_seed(&random, seed, i);
		simulation_begin(&simulation, model, &random);
		while (simulation_next(&simulation, &time) && time <= T + t)
		{
			if (time <= T)
			{
				x++;
				t_x = time;
			}
			else
				later++;
		}
		add(&total, x);
		for (int n = 0; n < 4; n++)
			add(&exactly[n], x == n);
		if (i < CUSTOMERS / 4)
		{
			double		expected = model_expected_purchases(model, x, t_x, T, t);

			add(&more, later - expected);
			add(&gained, (later - expected) * expected);
			add(&none, (later == 0) - model_no_purchase(model, x, t_x, T, t));
		}
	}
	ok(near(&total, model_expected_new(model, T)), "%s, regularity %d: purchases of a new customer", class->title, model->regularity);
	for (int n = 0; n < 4; n++)
		ok(near(&exactly[n], model_purchase_probability(model, n, T)), "%s, regularity %d: P(X = %d)", class->title, model->regularity, n);
	ok(near(&more, 0) && near(&gained, 0), "%s, regularity %d: purchases after a past, whatever was expected", class->title, model->regularity);
	ok(near(&none, 0), "%s, regularity %d: no purchase after a past", class->title, model->regularity);
}

/*
 * test_spend
 *		Means are p / nu, nu ~ Gamma(q, gamma); the spend to expect after x transactions is what the next one is on average.
 */
static void
test_spend(const Model *model)
{
	double		p = model->parameters[0];
	double		q = model->parameters[1];
	Mean		means = {0};
	Mean		logs = {0};
	Mean		first = {0};
	Mean		after = {0};
	Random		random;

	random_seed(&random, 11, 0);
	for (int i = 0; i < CUSTOMERS; i++)
	{
		double		log_mean = simulate_log_mean_spend(model, &random);
		double		spend[3];

		for (int j = 0; j < 3; j++)
			spend[j] = simulate_spend(model, log_mean, &random);
		add(&means, exp(log_mean));
		add(&logs, log_mean);
		add(&first, spend[0]);
		add(&after, spend[2] - model_expected_spend(model, 2, (spend[0] + spend[1]) / 2));
	}
	ok(near(&means, model_expected_spend(model, 0, 0)) && near(&first, model_expected_spend(model, 0, 0)), "Gamma-Gamma: mean spend");
	ok(near(&logs, log(p * model->parameters[2]) - digamma(q)), "Gamma-Gamma: logarithm of the mean");
	ok(near(&after, 0), "Gamma-Gamma: the third transaction after two");
}

/*
 * test_contracts
 */
static void
test_contracts(const Model *model)
{
	Mean		there[12] = {{0}};
	bool		good = true;
	Random		random;

	random_seed(&random, 12, 0);
	for (int i = 0; i < CUSTOMERS; i++)
	{
		double		lifetime = simulate_lifetime(model, &random);

		good = good && lifetime >= 1 && lifetime == floor(lifetime);
		for (int t = 0; t < 12; t++)
			add(&there[t], lifetime > t);
	}
	for (int t = 0; t < 12; t++)
		good = near(&there[t], model_survival(model, t)) && good;
	ok(good, "%s: the share that is there after 0 to 11 periods", model_classes[model->kind].title);
}

/*
 * test_extremes
 *		Whatever the parameters: times increase, nothing is NaN, and who is gone stays away.
 */
static void
test_extremes(void)
{
	static const double sizes[] = {1e-308, 1e-30, 1e-3, 1, 1e4, 1e30, 1e308};
	Random		random;
	bool		good = true;

	random_seed(&random, 13, 0);
	for (int i = 0; i < 40000; i++)
	{
		Model		model = {.kind = i % MODEL_KINDS,.regularity = 1};
		Simulation	simulation;
		double		before = 0;
		double		time;

		for (int k = 0; k < MODEL_PARAMETERS; k++)
			model.parameters[k] = sizes[random_bits(&random) % 7];
		if (model.kind == MODEL_GAMMA_GAMMA)
			good = good && simulate_spend(&model, simulate_log_mean_spend(&model, &random), &random) >= 0;
		else if (model.kind == MODEL_SBG || model.kind == MODEL_BDW)
			good = good && simulate_lifetime(&model, &random) >= 1;
		else
		{
			int			n = 0;

			if (model.kind == MODEL_BGNBD || model.kind == MODEL_MBGNBD)
				model.regularity = 1 + i / MODEL_KINDS % MODEL_REGULARITY;
			simulation_begin(&simulation, &model, &random);
			while (n < 30 && simulation_next(&simulation, &time))
			{
				good = good && time >= before && isfinite(time);
				before = time;
				n++;
			}
			good = good && (n == 30 || !simulation_next(&simulation, &time));
		}
	}
	ok(good, "extreme parameters: no NaN, no purchase out of order or after the last");
}

/*
 * test_fit
 *		A fit on simulated customers is where its covariance says: of chi square with n degrees of freedom, less than 30.
 */
static void
test_fit(const Model *model, double shortest, double longest)
{
	const int	n = model_classes[model->kind].parameter_count;
	static ModelRow rows[CUSTOMERS / 4];
	size_t		count = simulated_rows(model, shortest, longest, 14, sizeof(rows) / sizeof(rows[0]), rows);
	double		a[MODEL_PARAMETERS][MODEL_PARAMETERS + 1];
	double		square = 0;
	Fit			fit;

	model_fit(model->kind, model->regularity, rows, count, 0, NULL, &fit);

	/* square = d' C^-1 d, by elimination with the difference d of logarithms as the last column */
	for (int i = 0; i < n; i++)
	{
		a[i][n] = log(fit.model.parameters[i] / model->parameters[i]);
		for (int j = 0; j < n; j++)
			a[i][j] = fit.covariance[i][j] / fit.model.parameters[i] / fit.model.parameters[j];
	}
	for (int i = 0; i < n; i++)
	{
		square += a[i][n] * a[i][n] / a[i][i];
		for (int k = i + 1; k < n; k++)
		{
			double		factor = a[k][i] / a[i][i];

			for (int j = i; j <= n; j++)
				a[k][j] -= factor * a[i][j];
		}
	}
	ok(fit.status == FIT_CONVERGED && square < 30, "%s, regularity %d: a fit finds the parameters (chi square %.1f)",
	   model_classes[model->kind].title, model->regularity, square);
}

int
main(void)
{
	test_generator();
	test_moments();
	for (size_t i = 0; i < CASES; i++)
	{
		const Model *model = &cases[i].model;

		if (model->kind == MODEL_GAMMA_GAMMA)
			test_spend(model);
		else if (model->kind == MODEL_SBG || model->kind == MODEL_BDW)
			test_contracts(model);
		else
			test_purchases(model, floor(cases[i].shortest), floor(cases[i].longest / 2), (int64_t) i);
		test_fit(model, cases[i].shortest, cases[i].longest);
	}
	test_extremes();
	return finish();
}
