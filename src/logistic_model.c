/*
 * logistic_model.c
 *		What a logistic_model tells: predictions, coefficients, and how it was fitted.
 */
#include "compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/tuplestore.h"

#include "inference.h"
#include "logistic.h"
#include "math/distributions.h"

PG_FUNCTION_INFO_V1(logistic_make);
PG_FUNCTION_INFO_V1(logistic_predict);
PG_FUNCTION_INFO_V1(logistic_coefficients);
PG_FUNCTION_INFO_V1(logistic_trust_of);
PG_FUNCTION_INFO_V1(logistic_observations);
PG_FUNCTION_INFO_V1(logistic_events);
PG_FUNCTION_INFO_V1(logistic_left_out);
PG_FUNCTION_INFO_V1(logistic_log_likelihood);
PG_FUNCTION_INFO_V1(logistic_null_log_likelihood);
PG_FUNCTION_INFO_V1(logistic_auc);
PG_FUNCTION_INFO_V1(logistic_aic);
PG_FUNCTION_INFO_V1(logistic_bic);

/* Squares of features, times rows, must not overflow. */
#define LARGEST_FEATURE 1e100

/*
 * logistic_read_features
 */
const double *
logistic_read_features(ArrayType *array, int *count, bool *missing)
{
	const double *features = (const double *) ARR_DATA_PTR(array);

	*count = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	if (ARR_NDIM(array) != 1 || *count > LOGISTIC_FEATURES)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 ARR_NDIM(array) == 1 ? errmsg("a row has %d features, more than %d", *count, LOGISTIC_FEATURES) :
				 errmsg("the features of a row must be a plain array of at least one number"),
				 errhint("Write ARRAY[orders, days_since_last, total].")));
	*missing = array_contains_nulls(array);
	if (*missing)
		return features;
	for (int i = 0; i < *count; i++)
	{
		if (!(fabs(features[i]) <= LARGEST_FEATURE))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("feature %d is %g", i + 1, features[i]),
					 errdetail("Features must be finite, and not above %g.", LARGEST_FEATURE),
					 errhint("Leave the row out, or make it NULL: nullif(feature, 'NaN').")));
	}
	return features;
}

/*
 * logistic_make
 *		(variadic coefficients), the intercept first
 */
Datum
logistic_make(PG_FUNCTION_ARGS)
{
	LogisticModel *model;
	Datum	   *numbers;
	bool	   *nulls;
	int			count;

	deconstruct_array(PG_GETARG_ARRAYTYPE_P(0), FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, &numbers, &nulls, &count);
	if (count < 2 || count > LOGISTIC_TERMS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a logistic_model has from 2 to %d coefficients, not %d", LOGISTIC_TERMS, count),
				 errhint("The intercept comes first, then one for each feature.")));
	model = logistic_create(count - 1);
	for (int i = 0; i < count; i++)
	{
		model->numbers[i] = nulls[i] ? get_float8_nan() : DatumGetFloat8(numbers[i]);
		if (!(fabs(model->numbers[i]) <= LARGEST_COEFFICIENT))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 nulls[i] ? errmsg("coefficient %d is NULL", i) : errmsg("coefficient %d is %g", i, model->numbers[i]),
					 errdetail("Coefficients must be finite, and not above %g.", LARGEST_COEFFICIENT)));
	}
	PG_RETURN_POINTER(model);
}

/*
 * logistic_predict
 *		(model, features): the probability of an event; NULL where a feature is, or the model has no coefficients.
 */
Datum
logistic_predict(PG_FUNCTION_ARGS)
{
	const LogisticModel *model = PG_GETARG_LOGISTIC_MODEL(0);
	bool		missing;
	int			count;
	const double *features = logistic_read_features(PG_GETARG_ARRAYTYPE_P(1), &count, &missing);

	if (count != model->features)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("the model has %d features, not %d", model->features, count),
				 errhint("Give the features that it was fitted on, in their order.")));
	if (missing || isnan(model->numbers[0]))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(logistic_probability(logistic_score(model->numbers, features, count)));
}

/*
 * logistic_coefficients
 *		(model, names, confidence) → (feature, name, estimate, std_error, z, p_value, odds_ratio, odds_low, odds_high, note)
 */
Datum
logistic_coefficients(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	const LogisticModel *model;
	Datum	   *names = NULL;
	bool	   *no_name = NULL;
	double		width;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0) || PG_ARGISNULL(2))
		return (Datum) 0;
	model = PG_GETARG_LOGISTIC_MODEL(0);
	width = confidence_z(PG_GETARG_FLOAT8(2));
	if (!PG_ARGISNULL(1))
	{
		int			count;

		deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), TEXTOID, -1, false, TYPALIGN_INT, &names, &no_name, &count);
		if (count != model->features)
			ereport(ERROR,
					(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
					 errmsg("there are %d names for %d features", count, model->features),
					 errhint("Name all features, in the order in which they were given to logistic_fit.")));
	}
	for (int i = 0; i <= model->features; i++)
	{
		LogisticNote note = i > 0 ? model->notes[i - 1] : LOGISTIC_NO_NOTE;
		double		estimate = note == LOGISTIC_NO_NOTE ? model->numbers[i] : get_float8_nan();
		double		error = sqrt(LOGISTIC_COVARIANCE(model)[LOGISTIC_TRIANGLE(i) + i]);
		double		z = estimate / error;
		Datum		values[10];
		bool		nulls[10];

		values[0] = Int32GetDatum(i);
		nulls[0] = false;
		values[1] = i == 0 ? CStringGetTextDatum("(intercept)") : names == NULL ? (Datum) 0 : names[i - 1];
		nulls[1] = i > 0 && (names == NULL || no_name[i - 1]);
		set_number(estimate, &values[2], &nulls[2]);
		set_number(error, &values[3], &nulls[3]);
		set_number(z, &values[4], &nulls[4]);
		set_number(2 * normal_upper(fabs(z)), &values[5], &nulls[5]);
		set_number(exp(estimate), &values[6], &nulls[6]);
		set_number(exp(estimate - width * error), &values[7], &nulls[7]);
		set_number(exp(estimate + width * error), &values[8], &nulls[8]);
		values[9] = note == LOGISTIC_NO_NOTE ? (Datum) 0 : CStringGetTextDatum(logistic_note_names[note]);
		nulls[9] = note == LOGISTIC_NO_NOTE;
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}

Datum
logistic_trust_of(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(logistic_trust_names[PG_GETARG_LOGISTIC_MODEL(0)->trust]));
}

/*
 * count_of_fit, number_of_fit
 *		NULL where the model was not fitted, or there is no number.
 */
static Datum
count_of_fit(FunctionCallInfo fcinfo, const LogisticModel *model, int64 count)
{
	if (model->trust == LOGISTIC_GIVEN)
		PG_RETURN_NULL();
	PG_RETURN_INT64(count);
}

static Datum
number_of_fit(FunctionCallInfo fcinfo, double number)
{
	if (isnan(number))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(number);
}

Datum
logistic_observations(PG_FUNCTION_ARGS)
{
	const LogisticModel *model = PG_GETARG_LOGISTIC_MODEL(0);

	return count_of_fit(fcinfo, model, model->observations);
}

Datum
logistic_events(PG_FUNCTION_ARGS)
{
	const LogisticModel *model = PG_GETARG_LOGISTIC_MODEL(0);

	return count_of_fit(fcinfo, model, model->events);
}

Datum
logistic_left_out(PG_FUNCTION_ARGS)
{
	const LogisticModel *model = PG_GETARG_LOGISTIC_MODEL(0);

	return count_of_fit(fcinfo, model, model->left_out);
}

Datum
logistic_log_likelihood(PG_FUNCTION_ARGS)
{
	return number_of_fit(fcinfo, PG_GETARG_LOGISTIC_MODEL(0)->log_likelihood);
}

Datum
logistic_null_log_likelihood(PG_FUNCTION_ARGS)
{
	return number_of_fit(fcinfo, PG_GETARG_LOGISTIC_MODEL(0)->null_log_likelihood);
}

Datum
logistic_auc(PG_FUNCTION_ARGS)
{
	return number_of_fit(fcinfo, PG_GETARG_LOGISTIC_MODEL(0)->auc);
}

/*
 * criterion
 *		2 log-likelihood less a weight for each coefficient, with the sign of an information criterion.
 */
static double
criterion(const LogisticModel *model, double weight)
{
	int			coefficients = 1;

	for (int i = 0; i < model->features; i++)
		coefficients += model->notes[i] == LOGISTIC_NO_NOTE;
	return weight * coefficients - 2 * model->log_likelihood;
}

Datum
logistic_aic(PG_FUNCTION_ARGS)
{
	return number_of_fit(fcinfo, criterion(PG_GETARG_LOGISTIC_MODEL(0), 2));
}

Datum
logistic_bic(PG_FUNCTION_ARGS)
{
	const LogisticModel *model = PG_GETARG_LOGISTIC_MODEL(0);

	return number_of_fit(fcinfo, criterion(model, log((double) model->observations)));
}
