/*
 * logistic.c
 *		Logistic regression by Newton's method on standardised features.
 *
 * Separation: where a combination of features tells events from others without an error, coefficients grow for ever along it
 * while the likelihood hardly rises. Newton's steps then settle to that combination, which is checked against all rows.
 */
#include "logistic.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "lanes.h"
#include "linear.h"

/* Rows between two calls of the pause. Each chunk is summed by itself: so rounding errors hardly grow with the rows. */
#define CHUNK	4096

/* Rows that are summed at a time: a part of a chunk. */
#define BLOCK	64

/* Odds beyond e to this power are none. */
#define SMALLEST_ODDS	700

/* A feature that varies by less than the inverse of this does not vary: the square of it must not overflow. */
#define LARGEST_SCALE	1e100

/* A feature of whose variance those before it leave no more than this is said to follow from them. */
#define COLLINEAR	1e-12

#define ITERATIONS	100
#define HALVINGS	30

/* Newton's step squared, in standard errors of rows of weight 1 on average, at which the search ends; and if rounding lets it come no nearer. */
#define DECREMENT	1e-22
#define DECREMENT_STALLED	1e-10

/* From this iteration on a step that is no smaller than this is suspected to follow a separation, */
#define SUSPICIOUS_ITERATION	5
#define SUSPICIOUS_STEP	0.01

/* which is one if no row is on the wrong side by more than this part; features of smaller parts in it are rounding. */
#define WRONG_SIDE	1e-6
#define TAKES_PART	1e-4

/* Where the features are, and what is known at the coefficients. Index 0 is the intercept, the others are the active features. */
typedef struct Search
{
	const LogisticRows *data;
	int			terms;
	int			feature[LOGISTIC_TERMS];	/* of a term, from 0 */
	double		mean[LOGISTIC_FEATURES];
	double		scale[LOGISTIC_FEATURES];	/* 1 / standard deviation */
	double		weight;			/* of a row, on average */
	double		b[LOGISTIC_TERMS];
	double		value;			/* log-likelihood less the penalty */
	double		log_likelihood;
	double		gradient[LOGISTIC_TERMS];
	double		hessian[LOGISTIC_TERMS * LOGISTIC_TERMS];	/* with the sign changed */
} Search;

double
logistic_score(const double *coefficients, const double *features, int count)
{
	double		score = coefficients[0];

	for (int i = 0; i < count; i++)
		score += coefficients[i + 1] * features[i];
	return score;
}

double
logistic_probability(double score)
{
	double		e = exp(-fabs(score));

	return (score >= 0 ? 1 : e) / (1 + e);
}

/*
 * pause_at
 *		Between chunks.
 */
static inline void
pause_at(const LogisticRows *data, size_t row)
{
	if (row % CHUNK == 0 && data->pause)
		data->pause();
}

/*
 * standardise
 *		Means and standard deviations. Returns the weight of all, and of events in *events.
 */
static double
standardise(Search *search, LogisticFit *fit, double *events)
{
	const LogisticRows *data = search->data;
	int			features = data->features;
	double		sums[LOGISTIC_FEATURES] = {0};
	double		squares[LOGISTIC_FEATURES] = {0};
	bool		varies[LOGISTIC_FEATURES] = {false};
	double		total = 0;

	*events = 0;
	for (size_t i = 0; i < data->count; i++)
	{
		const double *row = data->rows + i * (features + 1);
		double		weight = fabs(row[0]);

		pause_at(data, i);
		total += weight;
		*events += row[0] > 0 ? weight : 0;
		for (int j = 0; j < features; j++)
		{
			sums[j] += weight * row[j + 1];
			varies[j] |= row[j + 1] != data->rows[j + 1];
		}
	}
	for (int j = 0; j < features; j++)
		search->mean[j] = sums[j] / total;
	for (size_t i = 0; i < data->count; i++)
	{
		const double *row = data->rows + i * (features + 1);
		double		weight = fabs(row[0]);

		pause_at(data, i);
		for (int j = 0; j < features; j++)
			squares[j] += weight * (row[j + 1] - search->mean[j]) * (row[j + 1] - search->mean[j]);
	}
	for (int j = 0; j < features; j++)
	{
		search->scale[j] = sqrt(total / squares[j]);
		fit->notes[j] = varies[j] && search->scale[j] > 0 && search->scale[j] <= LARGEST_SCALE ? LOGISTIC_NO_NOTE : LOGISTIC_CONSTANT;
	}
	return total;
}

/*
 * set_terms
 *		All features without a note.
 */
static void
set_terms(Search *search, const LogisticFit *fit)
{
	search->terms = 1;
	for (int j = 0; j < search->data->features; j++)
	{
		if (fit->notes[j] == LOGISTIC_NO_NOTE)
			search->feature[search->terms++] = j;
	}
}

/* Rows, by columns. */
typedef struct Block
{
	double		weights[BLOCK]; /* with a minus where there was no event; 0 after the last row */
	double		terms[LOGISTIC_TERMS][BLOCK];
} Block;

/*
 * fill_block
 *		From a row on. Returns how many there are.
 */
static size_t
fill_block(const Search *search, size_t first, Block *block)
{
	const LogisticRows *data = search->data;
	size_t		width = data->features + 1;
	size_t		count = data->count - first < BLOCK ? data->count - first : BLOCK;
	const double *rows = data->rows + first * width;

	for (size_t i = 0; i < BLOCK; i++)
	{
		block->weights[i] = i < count ? rows[i * width] : 0;
		block->terms[0][i] = 1;
	}
	for (int k = 1; k < search->terms; k++)
	{
		const double *column = rows + search->feature[k] + 1;
		double		mean = search->mean[search->feature[k]];
		double		scale = search->scale[search->feature[k]];

		for (size_t i = 0; i < BLOCK; i++)
			block->terms[k][i] = i < count ? (column[i * width] - mean) * scale : 0;
	}
	return count;
}

/*
 * score_block
 *		The terms of each row, weighted.
 */
static inline void
score_block(int n, const double *weights, const Block *block, double *scores)
{
	memset(scores, 0, sizeof(double) * BLOCK);
	for (int k = 0; k < n; k++)
		EACH_LANE(BLOCK, i)
			scores[i] += weights[k] * block->terms[k][i];
}

/*
 * sum_block
 *		Adds what the rows give to the log-likelihood, its gradient and its curvature, of which the lower triangle is summed.
 *		The probability of what did not happen, and its complement, come from their odds without cancellation.
 */
static void
sum_block(int n, const double *b, const Block *block, double *value, double *gradient, double *hessian)
{
	double		margins[BLOCK]; /* scores, with a minus where there was no event */
	double		powers[BLOCK];
	double		odds[BLOCK];
	double		logs[BLOCK];
	double		pulls[BLOCK];
	double		bends[BLOCK];

	score_block(n, b, block, margins);
	for (int i = 0; i < BLOCK; i++)
	{
		margins[i] = block->weights[i] > 0 ? margins[i] : -margins[i];
		powers[i] = -fmin(fabs(margins[i]), SMALLEST_ODDS);
	}
	exp_lanes(powers, BLOCK, odds);
	log1p_lanes(odds, BLOCK, logs);
	for (int i = 0; i < BLOCK; i++)
	{
		double		unlikely = odds[i] / (1 + odds[i]);

		*value += fabs(block->weights[i]) * (fmin(margins[i], 0) - logs[i]);
		pulls[i] = block->weights[i] * (margins[i] > 0 ? unlikely : 1 / (1 + odds[i]));
		bends[i] = fabs(block->weights[i]) * unlikely / (1 + odds[i]);
	}
	for (int k = 0; k < n; k++)
	{
		double		bent[BLOCK];

		EACH_LANE(BLOCK, i)
			bent[i] = bends[i] * block->terms[k][i];
		gradient[k] += dot_lanes(pulls, block->terms[k], BLOCK);
		for (int l = 0; l <= k; l++)
			hessian[k * n + l] += dot_lanes(bent, block->terms[l], BLOCK);
	}
}

/*
 * evaluate
 *		All that is to be known at search->b.
 */
static void
evaluate(Search *search)
{
	const LogisticRows *data = search->data;
	int			n = search->terms;
	Block		block;
	double		gradient[LOGISTIC_TERMS];
	double		hessian[LOGISTIC_TERMS * LOGISTIC_TERMS];

	search->log_likelihood = 0;
	memset(search->gradient, 0, sizeof(search->gradient));
	memset(search->hessian, 0, sizeof(search->hessian));
	for (size_t done = 0; done < data->count;)
	{
		size_t		end = data->count - done < CHUNK ? data->count : done + CHUNK;
		double		value = 0;

		pause_at(data, done);
		memset(gradient, 0, sizeof(double) * n);
		memset(hessian, 0, sizeof(double) * n * n);
		while (done < end)
		{
			done += fill_block(search, done, &block);
			sum_block(n, search->b, &block, &value, gradient, hessian);
		}
		search->log_likelihood += value;
		for (int k = 0; k < n; k++)
			search->gradient[k] += gradient[k];
		for (int k = 0; k < n * n; k++)
			search->hessian[k] += hessian[k];
	}

	search->value = search->log_likelihood;
	for (int k = 1; k < n; k++)
	{
		search->value -= data->ridge / 2 * search->b[k] * search->b[k];
		search->gradient[k] -= data->ridge * search->b[k];
		search->hessian[k * n + k] += data->ridge;
	}
}

/*
 * note_collinear
 *		Without a ridge, features that follow from those before them get no coefficient. At coefficients of 0, curvature is
 *		correlation.
 */
static void
note_collinear(Search *search, LogisticFit *fit)
{
	bool		dependent[LOGISTIC_TERMS];

	memset(search->b, 0, sizeof(search->b));
	evaluate(search);
	cholesky_factor(search->terms, search->hessian, COLLINEAR, dependent);
	for (int k = 1; k < search->terms; k++)
	{
		if (dependent[k])
			fit->notes[search->feature[k]] = LOGISTIC_COLLINEAR;
	}
	set_terms(search, fit);
}

/*
 * separates
 *		Whether the combination has no row on the wrong side.
 */
static bool
separates(const Search *search, const double *combination)
{
	Block		block;
	double		scores[BLOCK];
	double		worst = 0;
	double		largest = 0;

	for (size_t done = 0; done < search->data->count;)
	{
		pause_at(search->data, done);
		done += fill_block(search, done, &block);
		score_block(search->terms, combination, &block, scores);
		for (int i = 0; i < BLOCK; i++)
		{
			if (block.weights[i] == 0)
				continue;
			largest = fmax(largest, fabs(scores[i]));
			worst = fmax(worst, block.weights[i] > 0 ? -scores[i] : scores[i]);
		}
	}
	return worst <= WRONG_SIDE * largest;
}

/*
 * note_separation
 *		The features that separate alone, if there are any; else those in the combination.
 */
static void
note_separation(const Search *search, const double *combination, LogisticFit *fit)
{
	const LogisticRows *data = search->data;
	double		lowest[2][LOGISTIC_FEATURES];
	double		highest[2][LOGISTIC_FEATURES];
	double		largest = 0;
	bool		alone = false;

	for (int j = 0; j < data->features; j++)
	{
		lowest[0][j] = lowest[1][j] = INFINITY;
		highest[0][j] = highest[1][j] = -INFINITY;
	}
	for (size_t i = 0; i < data->count; i++)
	{
		const double *row = data->rows + i * (data->features + 1);
		int			event = row[0] > 0;

		pause_at(data, i);
		for (int j = 0; j < data->features; j++)
		{
			lowest[event][j] = fmin(lowest[event][j], row[j + 1]);
			highest[event][j] = fmax(highest[event][j], row[j + 1]);
		}
	}
	for (int k = 1; k < search->terms; k++)
	{
		int			j = search->feature[k];

		largest = fmax(largest, fabs(combination[k]));
		if (highest[0][j] <= lowest[1][j] || highest[1][j] <= lowest[0][j])
		{
			fit->notes[j] = LOGISTIC_SEPARATES;
			alone = true;
		}
	}
	for (int k = 1; k < search->terms && !alone; k++)
	{
		if (fabs(combination[k]) > TAKES_PART * largest)
			fit->notes[search->feature[k]] = LOGISTIC_SEPARATES;
	}
}

/*
 * climb
 *		To the maximum, from search->b. Steps that lead down are halved.
 */
static LogisticStatus
climb(Search *search, LogisticFit *fit)
{
	int			n = search->terms;
	double		before = INFINITY;

	evaluate(search);
	for (fit->iterations = 0; fit->iterations < ITERATIONS; fit->iterations++)
	{
		Search		here;
		bool		dependent[LOGISTIC_TERMS];
		double		factor[LOGISTIC_TERMS * LOGISTIC_TERMS];
		double		step[LOGISTIC_TERMS];
		double		decrement = 0;
		double		longest = 0;

		memcpy(factor, search->hessian, sizeof(double) * n * n);
		memcpy(step, search->gradient, sizeof(double) * n);
		cholesky_factor(n, factor, 1e-15, dependent);
		cholesky_solve(n, factor, dependent, step);
		for (int k = 0; k < n; k++)
		{
			decrement += step[k] * search->gradient[k];
			longest = fmax(longest, fabs(step[k]));
		}
		decrement /= search->weight;
		if (search->data->ridge == 0 && fit->iterations >= SUSPICIOUS_ITERATION && longest > SUSPICIOUS_STEP && separates(search, step))
		{
			note_separation(search, step, fit);
			return LOGISTIC_SEPARATED;
		}
		if (decrement <= DECREMENT || (decrement <= DECREMENT_STALLED && decrement >= before))
			return LOGISTIC_FITTED;
		before = decrement;

		here = *search;
		for (int halving = 0;; halving++)
		{
			for (int k = 0; k < n; k++)
				search->b[k] = here.b[k] + step[k];
			evaluate(search);
			/* Next to the maximum the value is all noise. */
			if (search->value >= here.value || decrement < 1e-6)
				break;
			if (halving == HALVINGS)
			{
				*search = here;
				return LOGISTIC_NOT_CONVERGED;
			}
			for (int k = 0; k < n; k++)
				step[k] /= 2;
		}
	}
	return LOGISTIC_NOT_CONVERGED;
}

/*
 * set_result
 *		Coefficients and covariance of the features as they are: the intercept takes what the means do.
 */
static void
set_result(const Search *search, LogisticFit *fit)
{
	int			n = search->terms;
	int			all = search->data->features + 1;
	bool		dependent[LOGISTIC_TERMS];
	double		factor[LOGISTIC_TERMS * LOGISTIC_TERMS];
	double		inverse[LOGISTIC_TERMS * LOGISTIC_TERMS];
	double		shift[LOGISTIC_TERMS];	/* what a coefficient of a standardised feature takes from the intercept */
	double		factors[LOGISTIC_TERMS];	/* and what it is multiplied by */

	fit->coefficients[0] = search->b[0];
	shift[0] = 0;
	factors[0] = 1;
	for (int j = 0; j < all - 1; j++)
		fit->coefficients[j + 1] = 0;
	for (int k = 1; k < n; k++)
	{
		int			j = search->feature[k];

		factors[k] = search->scale[j];
		shift[k] = search->mean[j] * search->scale[j];
		fit->coefficients[j + 1] = search->b[k] * factors[k];
		fit->coefficients[0] -= search->b[k] * shift[k];
	}
	if (fit->status != LOGISTIC_FITTED)
		return;

	memcpy(factor, search->hessian, sizeof(double) * n * n);
	cholesky_factor(n, factor, 1e-15, dependent);
	cholesky_invert(n, factor, dependent, inverse);
	for (int k = 1; k < n; k++)
	{
		inverse[0] += shift[k] * (-2 * inverse[k]);
		for (int l = 1; l < n; l++)
			inverse[0] += shift[k] * shift[l] * inverse[k * n + l];
	}
	for (int k = 1; k < n; k++)
	{
		for (int l = 1; l < n; l++)
			inverse[k * n] -= shift[l] * inverse[k * n + l];
	}
	for (int k = 0; k < n; k++)
	{
		for (int l = 0; l <= k; l++)
		{
			int			row = k == 0 ? 0 : search->feature[k] + 1;
			int			column = l == 0 ? 0 : search->feature[l] + 1;

			fit->covariance[LOGISTIC_TRIANGLE(row) + column] = inverse[k * n + l] * factors[k] * factors[l];
		}
	}
}

void
logistic_fit(const LogisticRows *rows, LogisticFit *fit)
{
	Search		search = {.data = rows};
	double		events = 0;
	double		total;

	memset(fit, 0, sizeof(*fit));
	for (int i = 0; i < LOGISTIC_TERMS; i++)
		fit->coefficients[i] = NAN;
	for (int i = 0; i < LOGISTIC_TRIANGLE(LOGISTIC_TERMS); i++)
		fit->covariance[i] = NAN;
	fit->log_likelihood = fit->null_log_likelihood = NAN;
	fit->status = LOGISTIC_ONE_OUTCOME;

	total = standardise(&search, fit, &events);
	if (!(events > 0 && events < total))
		return;
	search.weight = total / rows->count;
	set_terms(&search, fit);
	if (rows->ridge == 0)
		note_collinear(&search, fit);

	memset(search.b, 0, sizeof(search.b));
	search.b[0] = log(events / (total - events));
	fit->null_log_likelihood = events * log(events / total) + (total - events) * log((total - events) / total);
	fit->status = climb(&search, fit);
	if (fit->status == LOGISTIC_SEPARATED)
		return;
	fit->log_likelihood = search.log_likelihood;
	set_result(&search, fit);
}
