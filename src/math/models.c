/*
 * models.c
 *		What each model is called, and which functions answer for it.
 */
#include "models.h"

#include <math.h>

#include "bgbb.h"
#include "bgnbd.h"
#include "contract.h"
#include "gamma_gamma.h"
#include "pareto_nbd.h"

const ModelClass model_classes[MODEL_KINDS] = {
	[MODEL_BGNBD] = {"bgnbd", "BG/NBD", 4, {"r", "alpha", "a", "b"}},
	[MODEL_MBGNBD] = {"mbgnbd", "MBG/NBD", 4, {"r", "alpha", "a", "b"}},
	[MODEL_PARETO_NBD] = {"pareto_nbd", "Pareto/NBD", 4, {"r", "alpha", "s", "beta"}},
	[MODEL_NBD] = {"nbd", "NBD", 2, {"r", "alpha"}},
	[MODEL_BGBB] = {"bgbb", "BG/BB", 4, {"alpha", "beta", "gamma", "delta"}},
	[MODEL_GAMMA_GAMMA] = {"gamma_gamma", "Gamma-Gamma", 3, {"p", "q", "gamma"}},
	[MODEL_SBG] = {"sbg", "sBG", 2, {"alpha", "beta"}},
	[MODEL_BDW] = {"bdw", "BdW", 3, {"alpha", "beta", "c"}},
};

/* What a model answers. A question that it does not answer gives NaN. */
typedef struct ModelFunctions
{
	void		(*likelihood) (const Model *model, const ModelRow *rows, size_t count, bool derivatives, Likelihood *sum);
	double		(*probability_alive) (const Model *model, double x, double t_x, double T);
	void		(*alive_parts) (const Model *model, double T, int count, double *parts);
	double		(*alive_from_parts) (const Model *model, double x, double t_x, double T, double part_t_x, double part_T);
	void		(*purchases_alive) (const Model *model, double x, double t_x, double T, const double *t, int count, double *purchases);
	double		(*expected_purchases) (const Model *model, double x, double t_x, double T, double t);
	double		(*expected_new) (const Model *model, double t);
	double		(*purchase_probability) (const Model *model, double n, double t);
	double		(*no_purchase) (const Model *model, double x, double t_x, double T, double t);
	double		(*residual) (const Model *model, double x, double t_x, double T, double rate);
	double		(*expected_spend) (const Model *model, double x, double m);
	double		(*survival) (const Model *model, double T);
	double		(*residual_lifetime) (const Model *model, double T, double rate, bool at_renewal);
} ModelFunctions;

/*
 * expected_if_alive
 *		In continuous time: alive, and then so many.
 */
static double
expected_if_alive(const Model *model, double x, double t_x, double T, double t)
{
	double		purchases;

	model_purchases_alive(model, x, t_x, T, &t, 1, &purchases);
	return model_probability_alive(model, x, t_x, T) * purchases;
}

#define BGNBD_FUNCTIONS { \
	.likelihood = bgnbd_likelihood, \
	.probability_alive = bgnbd_probability_alive, \
	.purchases_alive = bgnbd_purchases_alive, \
	.expected_purchases = expected_if_alive, \
	.expected_new = bgnbd_expected_new, \
	.purchase_probability = bgnbd_purchase_probability, \
	.no_purchase = bgnbd_no_purchase, \
	.residual = bgnbd_residual, \
}

#define CONTRACT_FUNCTIONS { \
	.likelihood = contract_likelihood, \
	.survival = contract_survival, \
	.residual_lifetime = contract_residual_lifetime, \
}

static const ModelFunctions functions[MODEL_KINDS] = {
	[MODEL_BGNBD] = BGNBD_FUNCTIONS,
	[MODEL_MBGNBD] = BGNBD_FUNCTIONS,
	[MODEL_PARETO_NBD] = {
		.likelihood = pareto_nbd_likelihood,
		.probability_alive = pareto_nbd_probability_alive,
		.alive_parts = pareto_nbd_alive_parts,
		.alive_from_parts = pareto_nbd_alive_from_parts,
		.purchases_alive = pareto_nbd_purchases_alive,
		.expected_purchases = expected_if_alive,
		.expected_new = pareto_nbd_expected_new,
		.purchase_probability = pareto_nbd_purchase_probability,
		.no_purchase = pareto_nbd_no_purchase,
		.residual = pareto_nbd_residual,
	},
	[MODEL_NBD] = BGNBD_FUNCTIONS,
	[MODEL_BGBB] = {
		.likelihood = bgbb_likelihood,
		.probability_alive = bgbb_probability_alive,
		.expected_purchases = bgbb_expected_purchases,
		.expected_new = bgbb_expected_new,
		.purchase_probability = bgbb_purchase_probability,
		.no_purchase = bgbb_no_purchase,
		.residual = bgbb_residual,
	},
	[MODEL_GAMMA_GAMMA] = {
		.likelihood = gamma_gamma_likelihood,
		.expected_spend = gamma_gamma_expected_spend,
	},
	[MODEL_SBG] = CONTRACT_FUNCTIONS,
	[MODEL_BDW] = CONTRACT_FUNCTIONS,
};

/* Asks the model, if it answers. */
#define ASK(function, ...) (functions[model->kind].function ? functions[model->kind].function(model, __VA_ARGS__) : NAN)

/*
 * share
 *		A probability, of which rounding may have left a little more than 1, or less than 0; NaN stays what it is.
 */
static double
share(double probability)
{
	return probability > 1 ? 1 : probability < 0 ? 0 : probability;
}

void
model_likelihood(const Model *model, const ModelRow *rows, size_t count, bool derivatives, Likelihood *sum)
{
	functions[model->kind].likelihood(model, rows, count, derivatives, sum);
}

double
model_probability_alive(const Model *model, double x, double t_x, double T)
{
	return share(ASK(probability_alive, x, t_x, T));
}

bool
model_has_alive_parts(const Model *model)
{
	return functions[model->kind].alive_parts != NULL;
}

void
model_alive_parts(const Model *model, double T, int count, double *parts)
{
	functions[model->kind].alive_parts(model, T, count, parts);
}

double
model_alive_from_parts(const Model *model, double x, double t_x, double T, double part_t_x, double part_T)
{
	return ASK(alive_from_parts, x, t_x, T, part_t_x, part_T);
}

void
model_purchases_alive(const Model *model, double x, double t_x, double T, const double *t, int count, double *purchases)
{
	if (functions[model->kind].purchases_alive)
		functions[model->kind].purchases_alive(model, x, t_x, T, t, count, purchases);
	else
		for (int i = 0; i < count; i++)
			purchases[i] = NAN;
}

double
model_expected_purchases(const Model *model, double x, double t_x, double T, double t)
{
	return ASK(expected_purchases, x, t_x, T, t);
}

double
model_expected_new(const Model *model, double t)
{
	return ASK(expected_new, t);
}

double
model_purchase_probability(const Model *model, double n, double t)
{
	return share(ASK(purchase_probability, n, t));
}

double
model_no_purchase(const Model *model, double x, double t_x, double T, double t)
{
	return share(ASK(no_purchase, x, t_x, T, t));
}

double
model_residual(const Model *model, double x, double t_x, double T, double rate)
{
	return ASK(residual, x, t_x, T, rate);
}

double
model_expected_spend(const Model *model, double x, double m)
{
	return ASK(expected_spend, x, m);
}

double
model_survival(const Model *model, double T)
{
	return share(ASK(survival, T));
}

double
model_residual_lifetime(const Model *model, double T, double rate, bool at_renewal)
{
	return ASK(residual_lifetime, T, rate, at_renewal);
}
