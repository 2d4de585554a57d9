/*
 * pareto_nbd.h
 *		Pareto/NBD: what models.h asks of every purchase model.
 */
#ifndef PG_CUSTOMER_PARETO_NBD_H
#define PG_CUSTOMER_PARETO_NBD_H

#include "models.h"

extern void pareto_nbd_likelihood(const Model *model, const ModelRow *rows, size_t count, bool derivatives, Likelihood *sum);
extern double pareto_nbd_probability_alive(const Model *model, double x, double t_x, double T);
extern void pareto_nbd_alive_parts(const Model *model, double T, int count, double *parts);
extern double pareto_nbd_alive_from_parts(const Model *model, double x, double t_x, double T, double part_t_x, double part_T);
extern void pareto_nbd_purchases_alive(const Model *model, double x, double t_x, double T, const double *t, int count, double *purchases);
extern double pareto_nbd_expected_new(const Model *model, double t);
extern double pareto_nbd_purchase_probability(const Model *model, double n, double t);
extern double pareto_nbd_no_purchase(const Model *model, double x, double t_x, double T, double t);
extern double pareto_nbd_residual(const Model *model, double x, double t_x, double T, double rate);

#endif							/* PG_CUSTOMER_PARETO_NBD_H */
