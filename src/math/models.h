/*
 * models.h
 *		The probability models of purchases, spend and contracts: likelihoods, fits and scores.
 *
 * Nothing here knows PostgreSQL, allocates memory or keeps a state: what is here can be tested, fuzzed and sanitised
 * outside the server. Time is in one unit throughout, that of the data a model was fitted on.
 *
 *	BG/NBD			Fader, Hardie, Lee (2005), "Counting Your Customers" the Easy Way
 *	MBG/NBD			Batislam, Denizel, Filiztekin (2007); a customer may also leave right after the first purchase
 *	(M)BG/CNBD-k	Platzer, Reutterer (2016) and Reutterer, Platzer, Schroeder (2021): Erlang-k gaps, k = 1 being the plain models
 *	Pareto/NBD		Schmittlein, Morrison, Colombo (1987); Fader, Hardie (2005), A Note on Deriving the Pareto/NBD Model
 *	NBD				Ehrenberg (1959): no customer ever leaves; the baseline
 *	BG/BB			Fader, Hardie, Shang (2010), for discrete opportunities to buy
 *	sBG, BdW		Fader, Hardie (2007), How to Project Customer Retention; Fader, Hardie, Liu, Davin, Steenburgh (2018)
 *	Gamma-Gamma		Fader, Hardie (2013), The Gamma-Gamma Model of Monetary Value
 */
#ifndef PG_CUSTOMER_MODELS_H
#define PG_CUSTOMER_MODELS_H

#include <stdbool.h>
#include <stddef.h>

typedef enum ModelKind
{
	MODEL_BGNBD,				/* r, alpha, a, b */
	MODEL_MBGNBD,				/* r, alpha, a, b */
	MODEL_PARETO_NBD,			/* r, alpha, s, beta */
	MODEL_NBD,					/* r, alpha */
	MODEL_BGBB,					/* alpha, beta, gamma, delta */
	MODEL_GAMMA_GAMMA,			/* p, q, gamma */
	MODEL_SBG,					/* alpha, beta */
	MODEL_BDW,					/* alpha, beta, c */
	MODEL_KINDS
} ModelKind;

#define MODEL_PARAMETERS 4

/* The most phases of an Erlang gap. */
#define MODEL_REGULARITY 16

/* What a model is, without data. */
typedef struct ModelClass
{
	const char *name;			/* as users write it: bgnbd */
	const char *title;			/* as papers write it: BG/NBD */
	int			parameter_count;
	const char *parameter_names[MODEL_PARAMETERS];
} ModelClass;

extern const ModelClass model_classes[MODEL_KINDS];

/* Parameters that a model can be asked with. */
#define MODEL_SMALLEST_PARAMETER 1e-15
#define MODEL_LARGEST_PARAMETER 1e15

/* A model with its parameters. */
typedef struct Model
{
	ModelKind	kind;
	int			regularity;		/* k, for BG/NBD and MBG/NBD; else 1 */
	double		parameters[MODEL_PARAMETERS];
} Model;

/*
 * What a model is fitted on: so many customers who are alike.
 *
 * Purchases in continuous time (BG/NBD, MBG/NBD, Pareto/NBD, NBD): x repeat purchases, the last at t_x, observed until T.
 * BG/BB: x purchases in n = T opportunities, the last at t_x.
 * Gamma-Gamma: x > 0 transactions of the average m > 0, in t_x. T is not used.
 * sBG and BdW: T > 0 periods; x = 1: left at the end of the T-th; x = 0: still there after T.
 */
typedef struct ModelRow
{
	double		x;
	double		t_x;
	double		T;
	double		customers;
} ModelRow;

/* The sum over rows of the log-likelihood and its derivatives by the parameters. */
typedef struct Likelihood
{
	double		value;
	double		gradient[MODEL_PARAMETERS];
	double		hessian[MODEL_PARAMETERS][MODEL_PARAMETERS];	/* symmetric, filled on both sides */
} Likelihood;

/*
 * Adds the log-likelihood of rows to *sum, and its derivatives too if they are wanted. Rows that are sorted by x, then
 * t_x, then T, are cheapest. Terms that depend on the data alone are left out as the papers leave them out: densities
 * are per unit of time, and an order of purchases is one of equals.
 */
extern void model_likelihood(const Model *model, const ModelRow *rows, size_t count, bool derivatives, Likelihood *sum);

/* ------------------------------------------------------------------------------------------------
 * Fits (fit.c)
 * ------------------------------------------------------------------------------------------------ */

typedef enum FitStatus
{
	FIT_CONVERGED,
	FIT_NOT_IDENTIFIED,			/* the likelihood has no inner maximum, or is flat in some direction, so far as doubles can tell */
	FIT_NOT_CONVERGED,			/* stopped before it was there */
	FIT_NO_DATA					/* nothing to fit on: no rows, or no repeat purchase */
} FitStatus;

typedef struct Fit
{
	FitStatus	status;
	Model		model;
	double		log_likelihood;	/* without the penalty */
	double		gradient_norm;	/* largest component by the logarithms of the parameters, per customer */
	double		covariance[MODEL_PARAMETERS][MODEL_PARAMETERS];	/* of the parameters; NaN where it is not known */
	int			iterations;
} Fit;

/* Called between pieces of work; it may leave by longjmp. */
typedef void (*FitPause) (void);

/*
 * Maximum likelihood, less penalty times the mean square of the logarithms of the parameters for each customer.
 * Rows need not be sorted for the result to be right; equal data in equal order give equal results, bit for bit.
 */
extern void model_fit(ModelKind kind, int regularity, const ModelRow *rows, size_t count, double penalty, FitPause pause, Fit *fit);

/* ------------------------------------------------------------------------------------------------
 * Scores. Errors are relative and below 1e-11 wherever the result is a normal number. They are defined for all
 * x >= 0 (whole), 0 <= t_x <= T, t >= 0; x = 0 means t_x = 0. Nothing overflows, and nothing is NaN.
 * ------------------------------------------------------------------------------------------------ */

/* All of these are up to the first; for BG/BB, which walks through opportunities one by one, up to the second. */
#define MODEL_LONGEST_TIME 1e10
#define MODEL_MOST_OPPORTUNITIES 1e5

/* The probability that a customer is alive at T: 1 for NBD, and for BG/NBD while x = 0. */
extern double model_probability_alive(const Model *model, double x, double t_x, double T);

/*
 * The same from two parts of one time each, at t_x and at T, which are cheaper where many customers have these times in common. Pareto/NBD only: the
 * probability that a customer who is alive at T after x purchases leaves without another one, for x from 0 to count - 1.
 */
extern bool model_has_alive_parts(const Model *model);
extern void model_alive_parts(const Model *model, double T, int count, double *parts);
extern double model_alive_from_parts(const Model *model, double x, double t_x, double T, double part_t_x, double part_T);

/*
 * Given that a customer is alive at T after x repeat purchases: the purchases to expect in (T, T + t[i]], for each of
 * count horizons. It does not depend on t_x, except with regularity > 1. Continuous time only.
 */
extern void model_purchases_alive(const Model *model, double x, double t_x, double T, const double *t, int count, double *purchases);

/* Purchases to expect in (T, T + t] from a customer with that past. */
extern double model_expected_purchases(const Model *model, double x, double t_x, double T, double t);

/* Repeat purchases to expect of a new customer in (0, t]. */
extern double model_expected_new(const Model *model, double t);

/* The probability that a new customer makes n repeat purchases in (0, t]. */
extern double model_purchase_probability(const Model *model, double n, double t);

/* The probability that a customer with that past makes no purchase in (T, T + t]. */
extern double model_no_purchase(const Model *model, double x, double t_x, double T, double t);

/*
 * Discounted expected residual transactions: the integral over t from 0 to infinity of exp(-rate * t) d E[X(T, T + t)];
 * rate > 0 (without discounting it may be infinite). BG/BB: the sum over opportunities i > T of
 * P(purchase) / (1 + rate)^(i - T).
 */
extern double model_residual(const Model *model, double x, double t_x, double T, double rate);

/*
 * Gamma-Gamma: the spend to expect of a transaction after x of the average m; of a new customer with x = 0, which
 * is infinite for q <= 1: then, and wherever p x + q <= 1, infinity is returned.
 */
extern double model_expected_spend(const Model *model, double x, double m);

/* sBG, BdW: the share of customers who are still there after T periods (T >= 0, whole or not). */
extern double model_survival(const Model *model, double T);

/*
 * sBG, BdW: discounted expected residual lifetime, in periods to come, of a customer who has been there for T: the sum over
 * i >= 1 of survival(T + i) / survival(T) / (1 + rate)^i, just after a renewal, or, at_renewal, just before the next
 * one, / (1 + rate)^(i - 1).
 */
extern double model_residual_lifetime(const Model *model, double T, double rate, bool at_renewal);

#endif							/* PG_CUSTOMER_MODELS_H */
