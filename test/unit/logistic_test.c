/*
 * logistic_test.c
 *		Logistic regression: the maximum is one, and separation is found just where there is one.
 *
 *		cc -fsanitize=address,undefined -Isrc test/unit/logistic_test.c src/math/logistic.c src/math/linear.c -lm
 */
#include <string.h>

#include "math/logistic.h"
#include "tap.h"

#define ROWS 12
#define FEATURES 2

/*
 * separable
 *		Whether some line has no event on one side and nothing else on the other, rows on it apart, but not all of them on it.
 *		If there is one, there is one through two of the points, or perpendicular to such a line.
 */
static bool
separable(const double *rows, int count)
{
	for (int i = 0; i < count; i++)
	{
		for (int j = 0; j < count; j++)
		{
			double		dx = rows[3 * j + 1] - rows[3 * i + 1];
			double		dy = rows[3 * j + 2] - rows[3 * i + 2];

			if (dx == 0 && dy == 0)
				continue;
			for (int turned = 0; turned < 2; turned++)
			{
				double		a = turned ? dx : -dy;
				double		b = turned ? dy : dx;
				double		c = -a * rows[3 * i + 1] - b * rows[3 * i + 2];
				bool		wrong = false;
				bool		right = false;

				for (int k = 0; k < count; k++)
				{
					double		side = (a * rows[3 * k + 1] + b * rows[3 * k + 2] + c) * (rows[3 * k] > 0 ? 1 : -1);

					wrong |= side < 0;
					right |= side > 0;
				}
				if (right && !wrong)
					return true;
			}
		}
	}
	return false;
}

/*
 * test_separation
 *		Points of a small grid, so that many are on a line with others.
 */
static void
test_separation(void)
{
	static LogisticFit fit;
	int			separated = 0;
	int			fitted = 0;
	int			wrong = 0;
	double		slope = 0;

	for (int round = 0; round < 20000; round++)
	{
		double		rows[ROWS * (FEATURES + 1)];
		double		x = 0;
		double		y = 0;
		bool		varies[2] = {false, false};
		bool		line = true;
		LogisticRows data = {rows, ROWS, FEATURES, 0, NULL};

		for (int i = 0; i < ROWS; i++)
		{
			double		u = floor(uniform(0, 4));
			double		v = floor(uniform(0, 4));

			rows[3 * i] = uniform(0, 1) < 1 / (1 + exp(0.5 * (2 * u - v - 1.5))) ? 1 : -1;
			rows[3 * i + 1] = u;
			rows[3 * i + 2] = v;
			varies[0] |= u != rows[1];
			varies[1] |= v != rows[2];
		}
		/* Points on one line are another case. */
		for (int i = 1; i < ROWS; i++)
		{
			double		u = rows[3 * i + 1] - rows[1];
			double		v = rows[3 * i + 2] - rows[2];

			if (x == 0 && y == 0)
			{
				x = u;
				y = v;
			}
			line &= u * y == v * x;
		}
		logistic_fit(&data, &fit);
		if (line || !varies[0] || !varies[1] || fit.status == LOGISTIC_ONE_OUTCOME)
			continue;
		wrong += (fit.status == LOGISTIC_SEPARATED) != separable(rows, ROWS) || fit.status == LOGISTIC_NOT_CONVERGED;
		separated += fit.status == LOGISTIC_SEPARATED;
		if (fit.status != LOGISTIC_FITTED)
			continue;
		fitted++;
		for (int j = 0; j <= FEATURES; j++)
		{
			double		sum = 0;

			for (int i = 0; i < ROWS; i++)
				sum += ((rows[3 * i] > 0) - logistic_probability(logistic_score(fit.coefficients, rows + 3 * i + 1, FEATURES))) *
					(j == 0 ? 1 : rows[3 * i + j]);
			worse(&slope, sum);
		}
	}
	ok(separated > 2000 && fitted > 2000, "%d small sets are separated, %d are not", separated, fitted);
	ok(wrong == 0, "which is found each time: %d are wrong", wrong);
	ok(slope < 1e-9, "at the maximum the likelihood is level: %.2g", slope);
}

/*
 * test_probability
 */
static void
test_probability(void)
{
	double		worst = 0;

	for (double score = -700; score <= 700; score += 0.7)
		worse(&worst, logistic_probability(score) + logistic_probability(-score) - 1);
	ok(worst < 1e-15, "probabilities of both outcomes add up to 1: %.2g", worst);
	ok(fabs(logistic_probability(-700) / exp(-700) - 1) < 1e-14, "small ones are exact");
}

/*
 * test_no_rows
 */
static void
test_no_rows(void)
{
	static LogisticFit fit;
	LogisticRows data = {NULL, 0, 3, 0, NULL};

	logistic_fit(&data, &fit);
	ok(fit.status == LOGISTIC_ONE_OUTCOME && isnan(fit.coefficients[0]), "without rows there is no fit");
}

int
main(void)
{
	test_separation();
	test_probability();
	test_no_rows();
	return finish();
}
