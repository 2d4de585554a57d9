/*
 * linear_test.c
 *		Solving, inverses and eigenvectors of random matrices, put together again.
 *
 *		cc -fsanitize=address,undefined -Isrc test/unit/linear_test.c src/math/linear.c -lm
 */
#include <string.h>

#include "math/linear.h"
#include "tap.h"

#define LARGEST 12

/*
 * random_gram
 *		The products of random columns, of which the last follows from the first two if it is to.
 */
static void
random_gram(int n, bool degenerate, double *a)
{
	double		columns[3 * LARGEST][LARGEST];

	for (int row = 0; row < 3 * n; row++)
	{
		for (int j = 0; j < n; j++)
			columns[row][j] = uniform(-1, 1);
		if (degenerate)
			columns[row][n - 1] = 2 * columns[row][0] - columns[row][1];
	}
	for (int i = 0; i < n; i++)
	{
		for (int j = 0; j < n; j++)
		{
			a[i * n + j] = 0;
			for (int row = 0; row < 3 * n; row++)
				a[i * n + j] += columns[row][i] * columns[row][j];
		}
	}
}

/*
 * test_regular
 *		a x = b and a inverse = 1.
 */
static void
test_regular(void)
{
	double		solved = 0;
	double		inverted = 0;
	bool		full = true;

	for (int round = 0; round < 1000; round++)
	{
		int			n = 1 + round % LARGEST;
		double		a[LARGEST * LARGEST];
		double		factor[LARGEST * LARGEST];
		double		inverse[LARGEST * LARGEST];
		double		b[LARGEST];
		double		x[LARGEST];
		bool		dependent[LARGEST];

		random_gram(n, false, a);
		memcpy(factor, a, sizeof(a));
		for (int i = 0; i < n; i++)
			x[i] = b[i] = uniform(-1, 1);
		full &= cholesky_factor(n, factor, 1e-12, dependent) == n;
		cholesky_solve(n, factor, dependent, x);
		cholesky_invert(n, factor, dependent, inverse);
		for (int i = 0; i < n; i++)
		{
			double		sum = -b[i];

			for (int j = 0; j < n; j++)
			{
				double		unit = -(i == j);

				sum += a[i * n + j] * x[j];
				for (int k = 0; k < n; k++)
					unit += a[i * n + k] * inverse[k * n + j];
				worse(&inverted, unit);
			}
			worse(&solved, sum);
		}
	}
	ok(full, "regular matrices have the full rank");
	ok(solved < 1e-12, "a x = b: %.2g", solved);
	ok(inverted < 1e-12, "a inverse = 1: %.2g", inverted);
}

/*
 * test_degenerate
 *		The column that follows from others is found, and absent from the solution.
 */
static void
test_degenerate(void)
{
	double		worst = 0;
	bool		found = true;

	for (int round = 0; round < 1000; round++)
	{
		int			n = 3 + round % (LARGEST - 2);
		double		a[LARGEST * LARGEST];
		double		inverse[LARGEST * LARGEST];
		double		smaller[LARGEST * LARGEST];
		double		of_smaller[LARGEST * LARGEST];
		bool		dependent[LARGEST];

		random_gram(n, true, a);
		for (int i = 0; i < n - 1; i++)
			for (int j = 0; j < n - 1; j++)
				smaller[i * (n - 1) + j] = a[i * n + j];
		found &= cholesky_factor(n, a, 1e-10, dependent) == n - 1 && dependent[n - 1];
		cholesky_invert(n, a, dependent, inverse);
		cholesky_factor(n - 1, smaller, 1e-10, dependent);
		cholesky_invert(n - 1, smaller, dependent, of_smaller);
		for (int i = 0; i < n; i++)
			for (int j = 0; j < n; j++)
				worse(&worst, inverse[i * n + j] - (i < n - 1 && j < n - 1 ? of_smaller[i * (n - 1) + j] : 0));
	}
	ok(found, "the column that follows from others is found");
	ok(worst == 0, "and absent from the inverse: %.2g", worst);
}

/*
 * test_eigen
 *		The eigenvectors are orthogonal and give the matrix back, also where eigenvalues are the same.
 */
static void
test_eigen(void)
{
	double		orthogonal = 0;
	double		back = 0;
	double		ones[4] = {1, 1, 1, 1};
	double		values[LARGEST];
	double		vectors[LARGEST * LARGEST];

	for (int round = 0; round < 1000; round++)
	{
		int			n = 1 + round % LARGEST;
		double		a[LARGEST * LARGEST];
		double		copy[LARGEST * LARGEST];

		random_gram(n, round % 2 == 0 && n > 2, a);
		memcpy(copy, a, sizeof(a));
		symmetric_eigen(n, copy, values, vectors);
		for (int i = 0; i < n; i++)
		{
			for (int j = 0; j < n; j++)
			{
				double		unit = -(i == j);
				double		sum = -a[i * n + j];

				for (int k = 0; k < n; k++)
				{
					unit += vectors[k * n + i] * vectors[k * n + j];
					sum += vectors[i * n + k] * values[k] * vectors[j * n + k];
				}
				worse(&orthogonal, unit);
				worse(&back, sum);
			}
		}
	}
	ok(orthogonal < 1e-14, "eigenvectors are orthogonal: %.2g", orthogonal);
	ok(back < 1e-12, "and give the matrix back: %.2g", back);
	symmetric_eigen(2, ones, values, vectors);
	ok(fabs(values[0]) < 1e-15 && fabs(values[1] - 2) < 1e-15, "of ones they are 0 and 2: %g, %g", values[0], values[1]);
}

int
main(void)
{
	test_regular();
	test_degenerate();
	test_eigen();
	return finish();
}
