/*
 * gamma_gamma.h
 *		Gamma-Gamma: the average spend of a transaction. The functions are those of models.h.
 */
#ifndef PG_CUSTOMER_GAMMA_GAMMA_H
#define PG_CUSTOMER_GAMMA_GAMMA_H

#include "models.h"

extern void gamma_gamma_likelihood(const Model *model, const ModelRow *rows, size_t count, bool derivatives, Likelihood *sum);
extern double gamma_gamma_expected_spend(const Model *model, double x, double m);

#endif							/* PG_CUSTOMER_GAMMA_GAMMA_H */
