/*
 * recovery.c
 *		Do fits find the parameters that data were simulated from, as often as they claim to?
 *
 *		recovery							names the cases
 *		recovery NAME SETS CUSTOMERS		simulates and fits so many sets of so many customers
 *
 * For each parameter: how often the 95 % interval, which is symmetric in the logarithm, holds the true value. Exit status 1
 * if that is not from 93.5 to 96.5 %, or a fit claims to have converged and has not.
 */
#include <stdio.h>
#include <string.h>

#include "rows.h"

#define NORMAL_975	1.959963984540054

/* A gradient by the logarithms per customer that is certainly that of a maximum. */
#define GRADIENT	1e-6

/*
 * The parameters are those of papers, or near them. Customers are observed for long enough that the data identify all
 * parameters; where 95 % intervals need more customers than usual to be normal, there are so many times more. That is MBG/NBD: of
 * 2,000 customers the intervals of r cover in 93.0 % of 4,000 sets, those of b in 93.4; of 8,000 customers in 94.9 and 95.3.
 */
static const struct
{
	const char *name;
	Model		model;
	double		shortest;		/* time observed, at the least and at the most */
	double		longest;
	int			times;			/* more customers */
}			cases[] = {
	{"bgnbd", {MODEL_BGNBD, 1, {0.243, 4.414, 0.793, 2.426}}, 52, 78, 1},
	{"mbgnbd", {MODEL_MBGNBD, 1, {0.525, 6.183, 0.891, 1.614}}, 52, 78, 4},
	{"bgcnbd2", {MODEL_BGNBD, 2, {0.525, 3.091, 0.793, 2.426}}, 52, 78, 1},
	{"mbgcnbd3", {MODEL_MBGNBD, 3, {0.8, 3.0, 0.891, 1.614}}, 52, 78, 1},
	{"pareto_nbd", {MODEL_PARETO_NBD, 1, {0.553, 10.578, 0.606, 11.669}}, 52, 78, 1},
	{"nbd", {MODEL_NBD, 1, {0.385, 12.072}}, 52, 78, 1},
	{"bgbb", {MODEL_BGBB, 1, {1.204, 0.750, 0.657, 2.783}}, 6, 12, 1},
	{"gamma_gamma", {MODEL_GAMMA_GAMMA, 1, {6.25, 3.74, 15.44}}, 3, 3, 1},
	{"sbg", {MODEL_SBG, 1, {0.668, 3.806}}, 4, 10, 1},
	{"bdw", {MODEL_BDW, 1, {0.668, 3.806, 1.2}}, 4, 10, 1},
};

#define CASES	((int) (sizeof(cases) / sizeof(cases[0])))

/*
 * misled
 *		A fit that claims to be at the maximum, and is not: the gradient is not 0, or the truth is likelier.
 */
static bool
misled(const Fit *fit, const Model *truth, const ModelRow *rows, size_t count)
{
	Likelihood	sum = {0};

	model_likelihood(truth, rows, count, false, &sum);
	return !(fit->gradient_norm <= GRADIENT) || !(fit->log_likelihood >= sum.value - 1e-6);
}

/*
 * recover
 *		Whether a case is as it should be.
 */
static bool
recover(int which, int sets, size_t customers)
{
	const Model *truth = &cases[which].model;
	const ModelClass *class = &model_classes[truth->kind];
	ModelRow   *rows = malloc(customers * sizeof(ModelRow));
	int			statuses[FIT_NO_DATA + 1] = {0};
	int			misleading = 0;
	int			covered[MODEL_PARAMETERS] = {0};
	double		estimates[MODEL_PARAMETERS] = {0};
	double		errors[MODEL_PARAMETERS] = {0};
	bool		good;

	for (int set = 0; set < sets; set++)
	{
		Fit			fit;
		size_t		count = simulated_rows(truth, cases[which].shortest, cases[which].longest, set, customers, rows);

		model_fit(truth->kind, truth->regularity, rows, count, 0, NULL, &fit);
		statuses[fit.status]++;
		if (fit.status != FIT_CONVERGED)
			continue;
		misleading += misled(&fit, truth, rows, count);
		for (int i = 0; i < class->parameter_count; i++)
		{
			double		error = sqrt(fit.covariance[i][i]) / fit.model.parameters[i];

			estimates[i] += fit.model.parameters[i];
			errors[i] += error;
			covered[i] += fabs(log(fit.model.parameters[i] / truth->parameters[i])) <= NORMAL_975 * error;
		}
	}
	free(rows);

	good = misleading == 0 && statuses[FIT_CONVERGED] > 0;
	printf("%s (%s, regularity %d): %d sets of %zu customers observed for %g to %g\n", cases[which].name, class->title, truth->regularity,
		   sets, customers, cases[which].shortest, cases[which].longest);
	printf("  converged %d (%d wrongly), not identified %d, not converged %d, no data %d\n", statuses[FIT_CONVERGED], misleading,
		   statuses[FIT_NOT_IDENTIFIED], statuses[FIT_NOT_CONVERGED], statuses[FIT_NO_DATA]);
	for (int i = 0; i < class->parameter_count; i++)
	{
		double		coverage = 100.0 * covered[i] / statuses[FIT_CONVERGED];
		bool		kept = coverage >= 93.5 && coverage <= 96.5;

		printf("  %-6s true %8.4f   mean estimate %8.4f   mean standard error %5.1f %%   covered %6.2f %%%s\n", class->parameter_names[i],
			   truth->parameters[i], estimates[i] / statuses[FIT_CONVERGED], 100 * errors[i] / statuses[FIT_CONVERGED], coverage,
			   kept ? "" : "   MISSED");
		good = good && kept;
	}
	return good;
}

int
main(int argc, char **argv)
{
	for (int which = 0; which < CASES; which++)
	{
		if (argc < 4)
			printf("%s\n", cases[which].name);
		else if (strcmp(argv[1], cases[which].name) == 0)
			return !recover(which, atoi(argv[2]), (size_t) atoi(argv[3]) * cases[which].times);
	}
	return argc >= 4;
}
