/*
 * logistic.c
 *		The aggregate logistic_fit, and what a logistic_model tells.
 *
 * The state is all rows. Before a fit they are sorted, and the result does not depend on the order in which they came.
 */
#include "compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/memutils.h"

#include "aggregate.h"
#include "classification.h"
#include "inference.h"
#include "logistic.h"
#include "math/distributions.h"

PG_FUNCTION_INFO_V1(logistic_accum);
PG_FUNCTION_INFO_V1(logistic_combine);
PG_FUNCTION_INFO_V1(logistic_serialize);
PG_FUNCTION_INFO_V1(logistic_deserialize);
PG_FUNCTION_INFO_V1(logistic_final);
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

/* With fewer events, or others, for each feature, estimates are known to be off (Peduzzi and others 1996). */
#define EVENTS_PER_FEATURE 10

/* Squares of features, times rows, must not overflow. */
#define LARGEST_FEATURE 1e100

#define FIRST_ROWS 64

/* What one serialised state, a bytea of at most 1 GB, has room for. */
#define MAX_SENT_BYTES ((Size) (MaxAllocSize - 1024))

/* Rows as logistic_fit of math/ reads them: the weight, with a minus where there was no event, and the features. */
typedef struct LogisticState
{
	MemoryContext context;
	int			features;		/* 0 while not known */
	double		ridge;
	Size		count;
	Size		capacity;
	int64		left_out;		/* rows with a NULL, or of weight 0 */
	double	   *rows;
} LogisticState;

/* ------------------------------------------------------------------------------------------------
 * Rows
 * ------------------------------------------------------------------------------------------------ */

/* Rows are put in the order of a hash of theirs: any order will do, if it is always the same. */
typedef struct RowKey
{
	uint64		hash;
	Size		row;
} RowKey;

static inline int
compare_keys(const RowKey *a, const RowKey *b, const LogisticState *state)
{
	Size		size = (state->features + 1) * sizeof(double);

	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	return memcmp((const char *) state->rows + a->row * size, (const char *) state->rows + b->row * size, size);
}

#define ST_SORT sort_keys
#define ST_ELEMENT_TYPE RowKey
#define ST_COMPARE(a, b, state) compare_keys(a, b, state)
#define ST_COMPARE_ARG_TYPE const LogisticState
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#define ST_DECLARE
#include "lib/sort_template.h"

/*
 * sort_rows
 *		Keys are sorted, then each row moves to its place, round after round of places that swap.
 */
static void
sort_rows(LogisticState *state)
{
	int			width = state->features + 1;
	RowKey	   *keys = palloc_extended(Max(state->count, 1) * sizeof(RowKey), MCXT_ALLOC_HUGE);
	double		first[LOGISTIC_TERMS];

	for (Size i = 0; i < state->count; i++)
	{
		const double *row = state->rows + i * width;
		uint64		hash = 0;

		CHECK_FOR_INTERRUPTS();
		for (int j = 0; j < width; j++)
		{
			uint64		bits;

			memcpy(&bits, &row[j], sizeof(bits));
			hash = (hash ^ bits) * UINT64CONST(0x9E3779B97F4A7C15);
			hash ^= hash >> 32;
		}
		keys[i] = (RowKey) {hash, i};
	}
	sort_keys(keys, state->count, state);
	for (Size i = 0; i < state->count; i++)
	{
		Size		to = i;

		CHECK_FOR_INTERRUPTS();
		if (keys[i].row == i)
			continue;
		memcpy(first, state->rows + i * width, width * sizeof(double));
		for (Size from; (from = keys[to].row) != i; to = from)
		{
			memcpy(state->rows + to * width, state->rows + from * width, width * sizeof(double));
			keys[to].row = to;
		}
		memcpy(state->rows + to * width, first, width * sizeof(double));
		keys[to].row = to;
	}
	pfree(keys);
}

/*
 * create_state
 */
static LogisticState *
create_state(MemoryContext context, double ridge)
{
	LogisticState *state = MemoryContextAllocZero(context, sizeof(LogisticState));

	state->context = context;
	state->ridge = ridge;
	return state;
}

/*
 * check_features
 *		All rows have the same features; the first one says how many.
 */
static void
check_features(LogisticState *state, int features)
{
	if (state->features == 0)
		state->features = features;
	else if (features != 0 && features != state->features)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("rows have different numbers of features: %d and %d", Min(features, state->features), Max(features, state->features)),
				 errhint("Give each row an array of the same length, with NULL where a feature is missing.")));
}

static void
check_ridge(double a, double b)
{
	if (a != b)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("ridge of logistic_fit must not change between rows: %g and %g", Min(a, b), Max(a, b)),
				 errhint("Pass a constant, or group by it.")));
}

/*
 * new_rows
 *		Room for some more rows.
 */
static double *
new_rows(LogisticState *state, Size more)
{
	Size		width = state->features + 1;

	if (state->count + more > state->capacity)
	{
		state->capacity = Max(state->count + more, Max(FIRST_ROWS, state->capacity * 2));
		if (state->rows == NULL)
			state->rows = MemoryContextAllocHuge(state->context, state->capacity * width * sizeof(double));
		else
			state->rows = repalloc_huge(state->rows, state->capacity * width * sizeof(double));
	}
	state->count += more;
	return state->rows + (state->count - more) * width;
}

/*
 * read_features
 *		The numbers of an array; an error where it is none of features, *missing where one is NULL.
 */
static const double *
read_features(ArrayType *array, int *count, bool *missing)
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
 * logistic_accum
 *		(state, features, event [, weight [, ridge]])
 */
Datum
logistic_accum(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	LogisticState *state = PG_ARGISNULL(0) ? NULL : (LogisticState *) PG_GETARG_POINTER(0);
	bool		missing = PG_ARGISNULL(1) || PG_ARGISNULL(2) || (PG_NARGS() > 3 && PG_ARGISNULL(3));
	double		weight = PG_NARGS() > 3 && !PG_ARGISNULL(3) ? PG_GETARG_FLOAT8(3) : 1;
	double		ridge = PG_NARGS() > 4 && !PG_ARGISNULL(4) ? PG_GETARG_FLOAT8(4) : 0;

	if (!(weight >= 0) || isinf(weight))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("weight must be 0 or more, not %g", weight),
				 errhint("A row of weight 2 counts as two rows.")));
	if (PG_NARGS() > 4 && (PG_ARGISNULL(4) || !(ridge >= 0) || isinf(ridge)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 PG_ARGISNULL(4) ? errmsg("ridge must not be NULL") : errmsg("ridge must be 0 or more, not %g", ridge),
				 errhint("0 is maximum likelihood; 1 is a usual value.")));
	if (state == NULL)
		state = create_state(context, ridge);
	check_ridge(state->ridge, ridge);

	if (!PG_ARGISNULL(1))
	{
		bool		has_null;
		int			count;
		const double *features = read_features(PG_GETARG_ARRAYTYPE_P(1), &count, &has_null);

		check_features(state, count);
		missing |= has_null || weight == 0;
		if (!missing)
		{
			double	   *row = new_rows(state, 1);

			/* Adding 0 makes one of both zeros. */
			row[0] = PG_GETARG_BOOL(2) ? weight : -weight;
			for (int i = 0; i < count; i++)
				row[i + 1] = features[i] + 0.0;
		}
	}
	if (missing)
		state->left_out++;
	PG_RETURN_POINTER(state);
}

/*
 * logistic_combine
 *		Adds the rows of the second state to the first.
 */
Datum
logistic_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	LogisticState *state = PG_ARGISNULL(0) ? NULL : (LogisticState *) PG_GETARG_POINTER(0);
	const LogisticState *other = PG_ARGISNULL(1) ? NULL : (LogisticState *) PG_GETARG_POINTER(1);

	if (other != NULL)
	{
		if (state == NULL)
			state = create_state(context, other->ridge);
		check_ridge(state->ridge, other->ridge);
		check_features(state, other->features);
		if (other->count > 0)
			memcpy(new_rows(state, other->count), other->rows, other->count * (other->features + 1) * sizeof(double));
		state->left_out += other->left_out;
	}
	if (state == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(state);
}

/*
 * logistic_serialize
 */
Datum
logistic_serialize(PG_FUNCTION_ARGS)
{
	LogisticState *state;
	StringInfoData buffer;
	Size		numbers;

	(void) aggregate_context(fcinfo);
	state = (LogisticState *) PG_GETARG_POINTER(0);
	numbers = state->count * (state->features + 1);
	if (numbers > MAX_SENT_BYTES / sizeof(double))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a parallel worker cannot pass on %zu rows of %d features", state->count, state->features),
				 errdetail("One worker can pass on at most 1 GB."),
				 errhint("Run the query without workers: SET max_parallel_workers_per_gather = 0.")));
	pq_begintypsend(&buffer);
	enlargeStringInfo(&buffer, (int) (numbers * sizeof(double)) + 64);
	pq_sendint32(&buffer, state->features);
	pq_sendfloat8(&buffer, state->ridge);
	pq_sendint64(&buffer, state->left_out);
	pq_sendint64(&buffer, state->count);
	for (Size i = 0; i < numbers; i++)
		pq_sendfloat8(&buffer, state->rows[i]);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

/*
 * logistic_deserialize
 */
Datum
logistic_deserialize(PG_FUNCTION_ARGS)
{
	StringInfoData buffer;
	bytea	   *bytes;
	LogisticState *state;
	uint32		features;
	int64		count;

	(void) aggregate_context(fcinfo);
	bytes = PG_GETARG_BYTEA_PP(0);
	initStringInfo(&buffer);
	appendBinaryStringInfo(&buffer, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
	features = pq_getmsgint(&buffer, 4);
	state = create_state(CurrentMemoryContext, pq_getmsgfloat8(&buffer));
	state->left_out = pq_getmsgint64(&buffer);
	count = pq_getmsgint64(&buffer);
	if (features > LOGISTIC_FEATURES || count < 0 || (features == 0 && count > 0) ||
		count > (buffer.len - buffer.cursor) / (int64) ((features + 1) * sizeof(double)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid state of logistic_fit")));
	state->features = features;
	if (count > 0)
	{
		double	   *number = new_rows(state, count);

		for (int64 i = count * (features + 1); i > 0; i--)
			*number++ = pq_getmsgfloat8(&buffer);
	}
	pq_getmsgend(&buffer);
	PG_RETURN_POINTER(state);
}

/* ------------------------------------------------------------------------------------------------
 * Fit
 * ------------------------------------------------------------------------------------------------ */

static void
pause_fit(void)
{
	CHECK_FOR_INTERRUPTS();
}

/*
 * fitted_auc
 *		How well the scores tell the model's own rows apart.
 */
static double
fitted_auc(const LogisticState *state, const LogisticModel *model)
{
	EventCounts *counts = event_counts_create(CurrentMemoryContext);

	for (Size i = 0; i < state->count; i++)
	{
		const double *row = state->rows + i * (state->features + 1);
		double		score = logistic_score(model->numbers, row + 1, state->features);

		CHECK_FOR_INTERRUPTS();
		event_counts_add(counts, score, Max(row[0], 0), Max(-row[0], 0));
	}
	return area_under_curve(counts);
}

/*
 * trust_of
 */
static LogisticTrust
trust_of(const LogisticFit *fit, const LogisticModel *model)
{
	int			used = 0;

	if (fit->status == LOGISTIC_ONE_OUTCOME)
		return LOGISTIC_NO_DATA;
	if (fit->status == LOGISTIC_SEPARATED)
		return LOGISTIC_HAS_SEPARATION;
	if (fit->status == LOGISTIC_NOT_CONVERGED)
		return LOGISTIC_STOPPED;
	for (int i = 0; i < model->features; i++)
		used += fit->notes[i] == LOGISTIC_NO_NOTE;
	if (used < model->features)
		return LOGISTIC_HAS_COLLINEAR;
	if (Min(model->events, model->observations - model->events) < EVENTS_PER_FEATURE * used)
		return LOGISTIC_SMALL_SAMPLE;
	return LOGISTIC_OK;
}

/*
 * logistic_final
 *		Sorting the rows of the state leaves it the same state.
 */
Datum
logistic_final(PG_FUNCTION_ARGS)
{
	LogisticState *state;
	LogisticRows rows;
	LogisticFit *fit;
	LogisticModel *model;
	int			width;

	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (LogisticState *) PG_GETARG_POINTER(0);
	width = state->features + 1;
	sort_rows(state);

	model = logistic_create(state->features);
	model->observations = state->count;
	model->left_out = state->left_out;
	model->ridge = state->ridge;
	for (Size i = 0; i < state->count; i++)
		model->events += state->rows[i * width] > 0;

	rows = (LogisticRows) {state->rows, state->count, state->features, state->ridge, pause_fit};
	fit = palloc(sizeof(LogisticFit));
	logistic_fit(&rows, fit);
	model->trust = trust_of(fit, model);
	model->log_likelihood = fit->log_likelihood;
	model->null_log_likelihood = fit->null_log_likelihood;
	memcpy(model->notes, fit->notes, sizeof(model->notes));
	memcpy(model->numbers, fit->coefficients, width * sizeof(float8));
	memcpy(LOGISTIC_COVARIANCE(model), fit->covariance, LOGISTIC_TRIANGLE(width) * sizeof(float8));
	if (!isnan(model->numbers[0]))
		model->auc = fitted_auc(state, model);
	PG_RETURN_POINTER(model);
}

/* ------------------------------------------------------------------------------------------------
 * What a model tells
 * ------------------------------------------------------------------------------------------------ */

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
		if (!isfinite(model->numbers[i]))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("coefficient %d is not a finite number", i)));
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
	const double *features = read_features(PG_GETARG_ARRAYTYPE_P(1), &count, &missing);

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
