/*
 * simulate.h
 *		Customers who behave as a model says, from a seed.
 *
 * As in models.h, nothing here knows PostgreSQL, allocates memory or keeps a state of its own. A customer's purchases come one
 * after the other, so that none has to be kept.
 */
#ifndef PG_CUSTOMER_SIMULATE_H
#define PG_CUSTOMER_SIMULATE_H

#include <stdint.h>

#include "models.h"

/* ------------------------------------------------------------------------------------------------
 * Random numbers: the bits are the same on every machine; logarithms and exponentials are those of its C library
 * ------------------------------------------------------------------------------------------------ */

typedef struct Random
{
	uint64_t	state[4];
} Random;

/* A seed has as many streams as one likes, independent of one another. */
extern void random_seed(Random *random, int64_t seed, uint64_t stream);

extern uint64_t random_bits(Random *random);

/* Between 0 and 1, and neither. */
extern double random_uniform(Random *random);

extern double random_normal(Random *random);

/* The sum of so many exponential variables of mean 1; at least one. */
extern double random_erlang(Random *random, int phases);

/* The logarithm of a Gamma variable of scale 1: of a shape of .001, most are too small for a double. */
extern double random_log_gamma(Random *random, double shape);

/* The logit, log(p / (1 - p)), of a Beta variable p. */
extern double random_logit_beta(Random *random, double a, double b);

/* Failures before the first success, of which that is the logit of the probability; may be infinite. */
extern double random_geometric(Random *random, double logit);

/* Between 0 and 1: a sequence, begun by the seed, of which any part is spread evenly. */
extern double spread_evenly(int64_t seed, uint64_t index);

/* ------------------------------------------------------------------------------------------------
 * Customers
 * ------------------------------------------------------------------------------------------------ */

/* A customer, who has bought at time 0. */
typedef struct Simulation
{
	Random	   *random;
	bool		opportunities;	/* BG/BB: time is in these */
	int			regularity;
	double		gap;			/* mean time of a phase; k phases are a gap */
	double		logit;			/* BG/BB: of the probability to buy at an opportunity */
	double		time;			/* of the last purchase */
	double		purchases;		/* so many more at most, then the customer leaves */
	double		end;			/* or then */
} Simulation;

/* Draws a customer of a model of purchases. The generator is used until the last purchase has been asked for. */
extern void simulation_begin(Simulation *simulation, const Model *model, Random *random);

/*
 * The time of the next repeat purchase, in the unit of the model, or the number of the opportunity (1, 2 …) for BG/BB; false when there
 * is none any more.
 */
extern bool simulation_next(Simulation *simulation, double *time);

/* Gamma-Gamma: the logarithm of a customer's mean spend; the spend of one transaction of a customer with that mean. */
extern double simulate_log_mean_spend(const Model *model, Random *random);
extern double simulate_spend(const Model *model, double log_mean, Random *random);

/* sBG, BdW: the period at whose end a customer leaves (1, 2 …); may be infinite. */
extern double simulate_lifetime(const Model *model, Random *random);

#endif							/* PG_CUSTOMER_SIMULATE_H */
