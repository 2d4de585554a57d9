/*
 * logistic.h
 *		Logistic regression by maximum likelihood, with an optional ridge.
 */
#ifndef PG_CUSTOMER_LOGISTIC_MATH_H
#define PG_CUSTOMER_LOGISTIC_MATH_H

#include <stddef.h>

#define LOGISTIC_FEATURES 64

/* The intercept, then the features; and how many numbers the lower triangle of their covariance has. */
#define LOGISTIC_TERMS (LOGISTIC_FEATURES + 1)
#define LOGISTIC_TRIANGLE(terms) ((terms) * ((terms) + 1) / 2)

/*
 * What it is fitted on: rows of a weight and the features. The weight of a row without an event has a minus. Sums are made in
 * the order of the rows.
 */
typedef struct LogisticRows
{
	const double *rows;
	size_t		count;
	int			features;
	double		ridge;			/* of the coefficients of standardised features */
	void		(*pause) (void);	/* called now and then, may be NULL */
} LogisticRows;

typedef enum LogisticStatus
{
	LOGISTIC_FITTED,
	LOGISTIC_SEPARATED,			/* the likelihood has no maximum: features tell events from others without an error */
	LOGISTIC_NOT_CONVERGED,
	LOGISTIC_ONE_OUTCOME		/* nothing but events, or none, or no rows */
} LogisticStatus;

/* Why a feature has no coefficient. */
typedef enum LogisticNote
{
	LOGISTIC_NO_NOTE,
	LOGISTIC_CONSTANT,
	LOGISTIC_COLLINEAR,			/* follows from the features before it */
	LOGISTIC_SEPARATES,			/* takes part in a separation */
	LOGISTIC_NOTES
} LogisticNote;

typedef struct LogisticFit
{
	LogisticStatus status;
	int			iterations;
	unsigned char notes[LOGISTIC_FEATURES];
	double		coefficients[LOGISTIC_TERMS];	/* 0 with a note; NaN unless fitted or not converged */
	double		covariance[LOGISTIC_TRIANGLE(LOGISTIC_TERMS)];	/* rows of the lower triangle; NaN where unknown */
	double		log_likelihood; /* without the ridge */
	double		null_log_likelihood;	/* of the intercept alone */
} LogisticFit;

extern void logistic_fit(const LogisticRows *rows, LogisticFit *fit);

/* The intercept and the features, weighted by their coefficients; and the probability that it stands for. */
extern double logistic_score(const double *coefficients, const double *features, int count);
extern double logistic_probability(double score);

#endif							/* PG_CUSTOMER_LOGISTIC_MATH_H */
