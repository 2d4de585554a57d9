/*
 * logistic.c
 *		The aggregate logistic_fit.
 *
 * The state is all rows. Before a fit they are sorted, and the result does not depend on the order in which they came.
 */
#include "compat.h"

#include <math.h>

#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/memutils.h"

#include "aggregate.h"
#include "classification.h"
#include "logistic.h"

PG_FUNCTION_INFO_V1(logistic_accum);
PG_FUNCTION_INFO_V1(logistic_combine);
PG_FUNCTION_INFO_V1(logistic_serialize);
PG_FUNCTION_INFO_V1(logistic_deserialize);
PG_FUNCTION_INFO_V1(logistic_final);

/* With fewer events, or others, for each feature, estimates are known to be off (Peduzzi and others 1996). */
#define EVENTS_PER_FEATURE 10

#define FIRST_ROWS 64

/* Beyond these, sums and products of weights are out of the range of numbers. */
#define SMALLEST_WEIGHT 1e-100
#define LARGEST_WEIGHT 1e100


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

	if (weight != 0 && !(weight >= SMALLEST_WEIGHT && weight <= LARGEST_WEIGHT))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("weight must be 0, or from %g to %g, not %g", SMALLEST_WEIGHT, LARGEST_WEIGHT, weight),
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
		const double *features = logistic_read_features(PG_GETARG_ARRAYTYPE_P(1), &count, &has_null);

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
	pq_begintypsend(&buffer);
	make_sent_room(&buffer, numbers * sizeof(double) + 64);
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
