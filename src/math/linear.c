/*
 * linear.c
 *		Small symmetric systems: Cholesky's factorisation and Jacobi's method.
 */
#include "linear.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* Sweeps over all planes; a handful is enough. */
#define SWEEPS	50

/*
 * cholesky_factor
 *		Column by column; the diagonal that is left is what the columns before do not explain.
 */
int
cholesky_factor(int n, double *a, double tolerance, bool *dependent)
{
	int			rank = 0;

	for (int j = 0; j < n; j++)
	{
		double		left = a[j * n + j];

		for (int k = 0; k < j; k++)
			left -= a[j * n + k] * a[j * n + k];
		dependent[j] = !(left > tolerance * a[j * n + j]);
		if (dependent[j])
		{
			for (int i = j; i < n; i++)
				a[i * n + j] = 0;
			continue;
		}
		rank++;
		a[j * n + j] = sqrt(left);
		for (int i = j + 1; i < n; i++)
		{
			double		sum = a[i * n + j];

			for (int k = 0; k < j; k++)
				sum -= a[i * n + k] * a[j * n + k];
			a[i * n + j] = sum / a[j * n + j];
		}
	}
	return rank;
}

/*
 * cholesky_solve
 *		Forwards with the factor, backwards with its transpose.
 */
void
cholesky_solve(int n, const double *factor, const bool *dependent, double *b)
{
	for (int i = 0; i < n; i++)
	{
		for (int k = 0; k < i; k++)
			b[i] -= factor[i * n + k] * b[k];
		b[i] = dependent[i] ? 0 : b[i] / factor[i * n + i];
	}
	for (int i = n - 1; i >= 0; i--)
	{
		for (int k = i + 1; k < n; k++)
			b[i] -= factor[k * n + i] * b[k];
		b[i] = dependent[i] ? 0 : b[i] / factor[i * n + i];
	}
}

/*
 * cholesky_invert
 *		The columns of the unit matrix, solved; the halves of the result are made the same.
 */
void
cholesky_invert(int n, const double *factor, const bool *dependent, double *inverse)
{
	memset(inverse, 0, sizeof(double) * n * n);
	for (int j = 0; j < n; j++)
	{
		if (dependent[j])
			continue;
		inverse[j * n + j] = 1;
		cholesky_solve(n, factor, dependent, inverse + j * n);
	}
	for (int i = 0; i < n; i++)
		for (int j = 0; j < i; j++)
			inverse[i * n + j] = inverse[j * n + i] = (inverse[i * n + j] + inverse[j * n + i]) / 2;
}

/*
 * turn
 *		A point of the plane, by the angle of cosine c and sine s.
 */
static inline void
turn(double *x, double *y, double c, double s)
{
	double		old = *x;

	*x = c * old - s * *y;
	*y = s * old + c * *y;
}

/*
 * symmetric_eigen
 *		Jacobi's method: turns one plane after the other until nothing is left beside the diagonal.
 */
void
symmetric_eigen(int n, double *a, double *values, double *vectors)
{
	bool		done = false;

	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++)
			vectors[i * n + j] = i == j;

	for (int sweep = 0; sweep < SWEEPS && !done; sweep++)
	{
		done = true;
		for (int p = 0; p < n; p++)
		{
			for (int q = p + 1; q < n; q++)
			{
				double		angle;
				double		c;
				double		s;

				if (fabs(a[p * n + q]) <= 1e-17 * (fabs(a[p * n + p]) + fabs(a[q * n + q])) + DBL_MIN)
					continue;
				done = false;
				angle = 0.5 * atan(2 * a[p * n + q] / (a[q * n + q] - a[p * n + p]));
				c = cos(angle);
				s = sin(angle);
				for (int k = 0; k < n; k++)
					turn(&a[k * n + p], &a[k * n + q], c, s);
				for (int k = 0; k < n; k++)
				{
					turn(&a[p * n + k], &a[q * n + k], c, s);
					turn(&vectors[k * n + p], &vectors[k * n + q], c, s);
				}
				a[p * n + q] = a[q * n + p] = 0;
			}
		}
	}
	for (int i = 0; i < n; i++)
		values[i] = a[i * n + i];
}
