/*
 * logistic.h
 *		The type logistic_model: a logistic regression as a value.
 */
#ifndef PG_CUSTOMER_LOGISTIC_H
#define PG_CUSTOMER_LOGISTIC_H

#include "compat.h"
#include "math/logistic.h"
#include "utils/array.h"

#define LOGISTIC_VERSION 1

/* Coefficients times features must not overflow. */
#define LARGEST_COEFFICIENT 1e200

/* What a model is worth. */
typedef enum LogisticTrust
{
	LOGISTIC_GIVEN,				/* coefficients by a user */
	LOGISTIC_OK,
	LOGISTIC_SMALL_SAMPLE,
	LOGISTIC_HAS_COLLINEAR,		/* features are constant, or follow from others: these have no coefficient */
	LOGISTIC_HAS_SEPARATION,	/* there are no coefficients */
	LOGISTIC_STOPPED,			/* there is no covariance */
	LOGISTIC_NO_DATA,			/* there are no coefficients */
	LOGISTIC_TRUSTS
} LogisticTrust;

/* The stored form. After it come the coefficients, and of a fit the lower triangle of their covariance. */
typedef struct LogisticModel
{
	int32		vl_len_;
	uint16		version;
	uint16		features;
	uint8		trust;			/* LogisticTrust */
	uint8		reserved[7];
	int64		observations;
	int64		events;
	int64		left_out;
	float8		ridge;
	float8		log_likelihood;
	float8		null_log_likelihood;
	float8		auc;
	uint8		notes[LOGISTIC_FEATURES];	/* LogisticNote */
	float8		numbers[FLEXIBLE_ARRAY_MEMBER];
} LogisticModel;

#define LOGISTIC_COVARIANCE(model) ((model)->numbers + (model)->features + 1)
#define LOGISTIC_NUMBERS(features) ((features) + 1 + LOGISTIC_TRIANGLE((features) + 1))
#define LOGISTIC_SIZE(features) (offsetof(LogisticModel, numbers) + LOGISTIC_NUMBERS(features) * sizeof(float8))

#define PG_GETARG_LOGISTIC_MODEL(n) logistic_check((const LogisticModel *) PG_GETARG_VARLENA_P(n))

extern const char *const logistic_trust_names[LOGISTIC_TRUSTS];
extern const char *const logistic_note_names[LOGISTIC_NOTES];

/* The model itself, an error where its version is not known here. */
extern const LogisticModel *logistic_check(const LogisticModel *model);

/* The features of a row, and how many; an error where there is none or one that is no number, *missing where one is NULL. */
extern const double *logistic_read_features(ArrayType *array, int *count, bool *missing);

/* A new model whose numbers are not known. */
extern LogisticModel *logistic_create(int features);

#endif							/* PG_CUSTOMER_LOGISTIC_H */
