/*
 * simulate.c
 *		Draws customers of each model, as its paper tells the story.
 *
 * Rates and probabilities are held as logarithms and logits: heterogeneity may be such that they are no normal doubles.
 */
#include "simulate.h"

#include <math.h>

/* 2^64 by the golden ratio. */
#define GOLDEN	UINT64_C(0x9E3779B97F4A7C15)

/* ------------------------------------------------------------------------------------------------
 * Random numbers
 * ------------------------------------------------------------------------------------------------ */

/*
 * mix
 *		The step of SplitMix64, one to one (Steele, Lea, Flood 2014, Fast Splittable Pseudorandom Number Generators).
 */
static uint64_t
mix(uint64_t z)
{
	z += GOLDEN;
	z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
	return z ^ (z >> 31);
}

/*
 * random_seed
 */
void
random_seed(Random *random, int64_t seed, uint64_t stream)
{
	uint64_t	start = mix(mix((uint64_t) seed) + stream);

	for (int i = 0; i < 4; i++)
		random->state[i] = mix(start + (uint64_t) i * GOLDEN);
}

/*
 * rotate
 */
static uint64_t
rotate(uint64_t bits, int by)
{
	return bits << by | bits >> (64 - by);
}

/*
 * random_bits
 *		xoshiro256** (Blackman, Vigna 2021, Scrambled Linear Pseudorandom Number Generators).
 */
uint64_t
random_bits(Random *random)
{
	uint64_t   *s = random->state;
	uint64_t	bits = rotate(s[1] * 5, 7) * 9;
	uint64_t	shifted = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= shifted;
	s[3] = rotate(s[3], 45);
	return bits;
}

/*
 * unit_interval
 *		The middle of one of 2^52 equal parts of (0, 1): all are doubles, and none is 0 or 1.
 */
static double
unit_interval(uint64_t bits)
{
	return ((double) (bits >> 12) + 0.5) * 0x1p-52;
}

/*
 * random_uniform
 */
double
random_uniform(Random *random)
{
	return unit_interval(random_bits(random));
}

/*
 * random_normal
 *		Marsaglia's polar method (Marsaglia, Bray 1964), without the second value.
 */
double
random_normal(Random *random)
{
	double		x;
	double		square;

	do
	{
		double		y = 2 * random_uniform(random) - 1;

		x = 2 * random_uniform(random) - 1;
		square = x * x + y * y;
	} while (square >= 1);
	return x * sqrt(-2 * log(square) / square);
}

/*
 * random_erlang
 *		One logarithm for all: 16 factors of 2^-53 are still a normal double.
 */
double
random_erlang(Random *random, int phases)
{
	double		product = random_uniform(random);

	for (int i = 1; i < phases; i++)
		product *= random_uniform(random);
	return -log(product);
}

/*
 * random_log_gamma
 *		Marsaglia, Tsang (2000), A Simple Method for Generating Gamma Variables: of a shape below 1, one of the shape + 1 times
 *		U^(1 / shape). The logarithm is finite for every shape.
 */
double
random_log_gamma(Random *random, double shape)
{
	double		raised = shape < 1 ? shape + 1 : shape;
	double		d = raised - 1.0 / 3;
	double		c = 1 / sqrt(9 * d);

	for (;;)
	{
		double		x = random_normal(random);
		double		root = 1 + c * x;
		double		v = root * root * root;
		double		log_v;

		if (root <= 0)
			continue;
		log_v = 3 * log(root);
		if (log(random_uniform(random)) < 0.5 * x * x + d * (1 - v + log_v))
			return log(d) + log_v - (shape < 1 ? random_erlang(random, 1) / fmax(shape, 1e-300) : 0);
	}
}

/*
 * random_logit_beta
 *		p = X / (X + Y) with X ~ Gamma(a), Y ~ Gamma(b).
 */
double
random_logit_beta(Random *random, double a, double b)
{
	double		log_x = random_log_gamma(random, a);

	return log_x - random_log_gamma(random, b);
}

/*
 * hazard
 *		-log(1 - p) of the logit of p.
 */
static double
hazard(double logit)
{
	return logit > 0 ? logit + log1p(exp(-logit)) : log1p(exp(logit));
}

/*
 * random_geometric
 *		P(n or more) = (1 - p)^n.
 */
double
random_geometric(Random *random, double logit)
{
	return floor(random_erlang(random, 1) / hazard(logit));
}

/*
 * spread_evenly
 *		Multiples of the golden ratio, less their whole part: n of them in succession leave no gap of 2 / n on the circle.
 */
double
spread_evenly(int64_t seed, uint64_t index)
{
	return unit_interval(mix((uint64_t) seed) + index * GOLDEN);
}

/* ------------------------------------------------------------------------------------------------
 * Customers
 * ------------------------------------------------------------------------------------------------ */

/*
 * simulation_begin
 *		What the customer's rate is, and how many purchases or how much time until leaving.
 *
 *		BG/NBD: after each repeat purchase the customer leaves with probability p ~ Beta(a, b); MBG/NBD: after the first too.
 *		Pareto/NBD: at a rate ~ Gamma(s, beta). BG/BB: before each opportunity, with a probability ~ Beta(gamma, delta).
 */
void
simulation_begin(Simulation *simulation, const Model *model, Random *random)
{
	const double *p = model->parameters;

	*simulation = (Simulation)
	{
		.random = random,
		.opportunities = model->kind == MODEL_BGBB,
		.regularity = model->regularity,
		.purchases = INFINITY,
		.end = INFINITY
	};
	if (model->kind == MODEL_BGBB)
	{
		simulation->logit = random_logit_beta(random, p[0], p[1]);
		simulation->end = random_geometric(random, random_logit_beta(random, p[2], p[3]));
		return;
	}
	simulation->gap = exp(log(p[1]) - random_log_gamma(random, p[0]));
	if (model->kind == MODEL_PARETO_NBD)
		simulation->end = random_erlang(random, 1) * exp(log(p[3]) - random_log_gamma(random, p[2]));
	else if (model->kind != MODEL_NBD)
		simulation->purchases = random_geometric(random, random_logit_beta(random, p[2], p[3])) + (model->kind == MODEL_BGNBD);
}

/*
 * simulation_next
 */
bool
simulation_next(Simulation *simulation, double *time)
{
	if (simulation->purchases < 1)
		return false;
	if (simulation->opportunities)
		simulation->time += 1 + random_geometric(simulation->random, simulation->logit);
	else
		simulation->time += simulation->gap * random_erlang(simulation->random, simulation->regularity);
	if (simulation->time > simulation->end || isinf(simulation->time))
	{
		simulation->purchases = 0;
		return false;
	}
	simulation->purchases--;
	*time = simulation->time;
	return true;
}

/*
 * simulate_log_mean_spend
 *		The mean is p / nu, with nu ~ Gamma(q, gamma).
 */
double
simulate_log_mean_spend(const Model *model, Random *random)
{
	return log(model->parameters[0]) + log(model->parameters[2]) - random_log_gamma(random, model->parameters[1]);
}

/*
 * simulate_spend
 *		Gamma(p, nu).
 */
double
simulate_spend(const Model *model, double log_mean, Random *random)
{
	return exp(log_mean + random_log_gamma(random, model->parameters[0]) - log(model->parameters[0]));
}

/*
 * simulate_lifetime
 *		With theta ~ Beta(alpha, beta), the customer is there after t periods with probability (1 - theta)^(t^c).
 */
double
simulate_lifetime(const Model *model, Random *random)
{
	double		logit = random_logit_beta(random, model->parameters[0], model->parameters[1]);
	double		c = model->kind == MODEL_BDW ? model->parameters[2] : 1;

	return 1 + floor(pow(random_erlang(random, 1) / hazard(logit), 1 / c));
}
