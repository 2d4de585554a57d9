/*
 * bgnbd.h
 *		BG/NBD, MBG/NBD and NBD, with gaps of Erlang-k too. The functions are those of models.h.
 */
#ifndef PG_CUSTOMER_BGNBD_H
#define PG_CUSTOMER_BGNBD_H

#include "models.h"

/* bgnbd_likelihood.c */
extern void bgnbd_likelihood(const Model *model, const ModelRow *rows, size_t count, bool derivatives, Likelihood *sum);

/* bgnbd.c */
extern double bgnbd_probability_alive(const Model *model, double x, double t_x, double T);
extern void bgnbd_purchases_alive(const Model *model, double x, double t_x, double T, const double *t, int count, double *purchases);
extern double bgnbd_expected_new(const Model *model, double t);
extern double bgnbd_purchase_probability(const Model *model, double n, double t);
extern double bgnbd_no_purchase(const Model *model, double x, double t_x, double T, double t);
extern double bgnbd_residual(const Model *model, double x, double t_x, double T, double rate);

#endif							/* PG_CUSTOMER_BGNBD_H */
