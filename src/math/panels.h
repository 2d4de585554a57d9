/*
 * panels.h
 *		Integrals of smooth functions with one peak, panel by panel.
 */
#ifndef PG_CUSTOMER_PANELS_H
#define PG_CUSTOMER_PANELS_H

#include <stdbool.h>

/*
 * phi(d) = -p d - q log(1 + rho (e^d - 1)) - n log(1 + 1 / (sigma (e^d - 1))) - z (e^d - 1) for d >= 0 (d > 0 where n > 0), with q, n,
 * z >= 0, 0 < rho, sigma <= 1. It is concave, and with a whole n, exp(phi) is regular wherever |Im d| < pi.
 */
typedef struct Curve
{
	double		p;
	double		q;
	double		rho;
	double		n;
	double		sigma;
	double		z;
} Curve;

/* How near a sum over panels is to the integral, in relation to it: some 1e-15, or 1e-12. */
typedef enum Accuracy
{
	ACCURACY_FULL,
	ACCURACY_FAST,
	ACCURACIES
} Accuracy;

/* The most nodes of a panel. */
#define PANEL_NODES 20

/*
 * A walk along a curve, panel by panel. The arrays belong to the panel where it is, whose sum of weights is its integral of
 * exp(phi - level).
 */
typedef struct Walk
{
	const Curve *curve;
	Accuracy	accuracy;
	double		level;
	double		end;
	double		at;				/* the end of the panel */
	double		steepness;		/* of phi there */
	double		top;			/* the highest phi - level so far */
	bool		over;			/* phi has fallen so far that nothing is left */
	int			count;			/* of nodes, a multiple of LANES */
	double		d[PANEL_NODES];
	double		excess[PANEL_NODES];	/* e^d - 1 */
	double		part[PANEL_NODES];	/* rho (e^d - 1) */
	double		logarithm[PANEL_NODES];	/* log(1 + part) */
	double		phi[PANEL_NODES];	/* less the level */
	double		weight[PANEL_NODES];
} Walk;

/* The panels between from and to, which may be infinite: where phi has fallen far enough they end. phi - level must not be beyond +-600. */
extern void walk_begin(Walk *walk, const Curve *curve, Accuracy accuracy, double from, double to, double level);
extern bool walk_next(Walk *walk);

/* After the last panel, on to a later end. */
extern void walk_extend(Walk *walk, double to);

/* Where a curve with n > 0 has come near its top before the end. *level is the value of that. */
extern double curve_begin(const Curve *curve, double end, double *level);

/* The integral of exp(phi - level). */
extern double curve_integral(const Curve *curve, double from, double to, double level);

#endif							/* PG_CUSTOMER_PANELS_H */
