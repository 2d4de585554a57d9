/*
 * linear.h
 *		Small symmetric systems: solving, inverses and eigenvectors, with columns found that follow from those before.
 *
 * Matrices are n x n, one row after the other.
 */
#ifndef PG_CUSTOMER_LINEAR_H
#define PG_CUSTOMER_LINEAR_H

#include <stdbool.h>

/*
 * The Cholesky factor of a positive semidefinite matrix in place of its lower triangle; returns the rank. A column of
 * which those before it leave no more than this part is dependent on them, and counts as absent from here on.
 */
extern int	cholesky_factor(int n, double *a, double tolerance, bool *dependent);

/* The solution of a x = b in place of b, by the factor; 0 for dependent columns. */
extern void cholesky_solve(int n, const double *factor, const bool *dependent, double *b);

/* The inverse, by the factor; 0 for dependent columns. */
extern void cholesky_invert(int n, const double *factor, const bool *dependent, double *inverse);

/* The eigenvalues of a symmetric matrix, which is destroyed, and its eigenvectors by column. */
extern void symmetric_eigen(int n, double *a, double *values, double *vectors);

#endif							/* PG_CUSTOMER_LINEAR_H */
