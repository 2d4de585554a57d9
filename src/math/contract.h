/*
 * contract.h
 *		sBG and BdW: how long contracts last. The functions are those of models.h.
 */
#ifndef PG_CUSTOMER_CONTRACT_H
#define PG_CUSTOMER_CONTRACT_H

#include "models.h"

extern void contract_likelihood(const Model *model, const ModelRow *rows, size_t count, bool derivatives, Likelihood *sum);
extern double contract_survival(const Model *model, double T);
extern double contract_residual_lifetime(const Model *model, double T, double rate, bool at_renewal);

/* The sum over i >= 1 of S(T + i) / S(T) / (1 + rate)^i, with S(t) = B(alpha, beta + t^c) / B(alpha, beta); rate > 0. */
extern double contract_discounted(double alpha, double beta, double c, double T, double rate);

#endif							/* PG_CUSTOMER_CONTRACT_H */
