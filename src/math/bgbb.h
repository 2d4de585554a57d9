/*
 * bgbb.h
 *		BG/BB: purchases at discrete opportunities. The functions are those of models.h; t_x, T and t count opportunities.
 */
#ifndef PG_CUSTOMER_BGBB_H
#define PG_CUSTOMER_BGBB_H

#include "models.h"

extern void bgbb_likelihood(const Model *model, const ModelRow *rows, size_t count, bool derivatives, Likelihood *sum);
extern double bgbb_probability_alive(const Model *model, double x, double t_x, double T);
extern double bgbb_expected_purchases(const Model *model, double x, double t_x, double T, double t);
extern double bgbb_expected_new(const Model *model, double t);
extern double bgbb_purchase_probability(const Model *model, double n, double t);
extern double bgbb_no_purchase(const Model *model, double x, double t_x, double T, double t);
extern double bgbb_residual(const Model *model, double x, double t_x, double T, double rate);

#endif							/* PG_CUSTOMER_BGBB_H */
