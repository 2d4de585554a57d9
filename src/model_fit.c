/*
 * model_fit.c
 *		The aggregates that fit models: bgnbd_fit, mbgnbd_fit, pareto_nbd_fit, nbd_fit, bgbb_fit, gamma_gamma_fit, sbg_fit, bdw_fit.
 *
 * Their state is rows with the number of customers of each; where they are many, those that are the same are made one now
 * and then, so that customers who are alike cost nothing. Before a fit the rows are sorted, and the result does not depend on the order in which they came.
 */
#include "compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"

#include "aggregate.h"
#include "json_input.h"
#include "model.h"

PG_FUNCTION_INFO_V1(fit_accum_numbers);
PG_FUNCTION_INFO_V1(fit_accum_history);
PG_FUNCTION_INFO_V1(fit_accum_opportunities);
PG_FUNCTION_INFO_V1(fit_accum_opportunities_history);
PG_FUNCTION_INFO_V1(fit_accum_spend);
PG_FUNCTION_INFO_V1(fit_accum_spend_history);
PG_FUNCTION_INFO_V1(fit_accum_contract);
PG_FUNCTION_INFO_V1(fit_combine);
PG_FUNCTION_INFO_V1(fit_serialize);
PG_FUNCTION_INFO_V1(fit_deserialize);
PG_FUNCTION_INFO_V1(bgnbd_fit_final);
PG_FUNCTION_INFO_V1(mbgnbd_fit_final);
PG_FUNCTION_INFO_V1(pareto_nbd_fit_final);
PG_FUNCTION_INFO_V1(nbd_fit_final);
PG_FUNCTION_INFO_V1(bgbb_fit_final);
PG_FUNCTION_INFO_V1(gamma_gamma_fit_final);
PG_FUNCTION_INFO_V1(sbg_fit_final);
PG_FUNCTION_INFO_V1(bdw_fit_final);

/* Rows that a state has room for at first; and how many may stand in it before it is worth the time to look for equal ones. */
#define FIRST_ROWS 1024
#define MANY_ROWS (1 << 20)

/* With fewer customers who have bought again (contracts: who have left), nothing is fitted. */
#define LEAST_REPEAT_CUSTOMERS 10

/* Rows that are not worth buckets, the most buckets, and how often a bucket is divided again at most. */
#define FEW_ROWS 64
#define BUCKETS 2048
#define DIVISIONS 3

/* What must be the same in all rows. */
typedef struct FitSettings
{
	uint8		unit;			/* TimeUnit or UNIT_NONE */
	int			regularity;
	double		penalty;
	bool		of_histories;
	DateADT		as_of;
} FitSettings;

typedef struct FitState
{
	FitSettings settings;
	ModelRow   *rows;
	Size		count;
	Size		sorted;			/* so many from the first on are sorted and distinct */
	Size		capacity;
	int64		left_out;		/* customers who have nothing to fit on: no purchase, no spend */
} FitState;

/* By x, then t_x, then T: the likelihoods share work between neighbours. */
static inline int
compare_rows(const ModelRow *a, const ModelRow *b)
{
	if (a->x != b->x)
		return a->x < b->x ? -1 : 1;
	if (a->t_x != b->t_x)
		return a->t_x < b->t_x ? -1 : 1;
	if (a->T != b->T)
		return a->T < b->T ? -1 : 1;
	return 0;
}

#define ST_SORT sort_few_rows
#define ST_ELEMENT_TYPE ModelRow
#define ST_COMPARE(a, b) compare_rows(a, b)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#define ST_DECLARE
#include "lib/sort_template.h"

/* ------------------------------------------------------------------------------------------------
 * The state
 * ------------------------------------------------------------------------------------------------ */

/*
 * create_state
 */
static FitState *
create_state(MemoryContext context, const FitSettings *settings)
{
	FitState   *state = MemoryContextAllocZero(context, sizeof(FitState));

	state->settings = *settings;
	state->capacity = FIRST_ROWS;
	state->rows = MemoryContextAlloc(context, FIRST_ROWS * sizeof(ModelRow));
	return state;
}

/*
 * check_settings
 *		In whatever order the rows come, an error is an error.
 */
static void
check_settings(const FitState *state, const FitSettings *settings)
{
	const FitSettings *have = &state->settings;

	if (have->unit != settings->unit || have->regularity != settings->regularity || have->penalty != settings->penalty ||
		have->of_histories != settings->of_histories || have->as_of != settings->as_of)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("as_of, unit, penalty and regularity of a fit must not change between rows"),
				 errhint("Pass constants, or group by them.")));
}

/*
 * sort_rows
 *		Puts rows into buckets of equal width by x (by = 0), t_x (1) or T (2), in place, and sorts each bucket: by what comes
 *		next if it holds one value. Customers are many and their values few, so this is soon done; where it is not,
 *		rows are compared.
 */
static void
sort_rows(ModelRow *rows, Size count, int by, int divisions)
{
	static const Size keys[] = {offsetof(ModelRow, x), offsetof(ModelRow, t_x), offsetof(ModelRow, T)};
#define KEY(row) (*(const double *) ((const char *) &(row) + keys[by]))
#define BUCKET(row) ((int) ((KEY(row) - low) * scale))
	Size		next[BUCKETS];
	Size		end[BUCKETS] = {0};
	int			buckets = Max(Min(count / 4, BUCKETS), 2);
	double		low = INFINITY;
	double		high = 0;
	double		scale;

	CHECK_FOR_INTERRUPTS();
	for (Size i = 0; i < count; i++)
	{
		low = Min(low, KEY(rows[i]));
		high = Max(high, KEY(rows[i]));
	}
	scale = (buckets - 1) / (high - low);
	if (divisions == 0 || (low < high && isinf(scale)))
	{
		sort_few_rows(rows, count);
		return;
	}
	if (low == high)
	{
		if (by < lengthof(keys) - 1)
			sort_rows(rows, count, by + 1, DIVISIONS);
		return;
	}

	for (Size i = 0; i < count; i++)
		end[BUCKET(rows[i])]++;
	next[0] = 0;
	for (int i = 1; i < buckets; i++)
	{
		next[i] = end[i - 1];
		end[i] += end[i - 1];
	}
	for (int i = 0; i < buckets; i++)
	{
		while (next[i] < end[i])
		{
			ModelRow	row = rows[next[i]];
			int			bucket;

			while ((bucket = BUCKET(row)) != i)
			{
				ModelRow	other = rows[next[bucket]];

				rows[next[bucket]++] = row;
				row = other;
			}
			rows[next[i]++] = row;
		}
	}
	for (int i = 0; i < buckets; i++)
	{
		Size		begin = i == 0 ? 0 : end[i - 1];

		if (end[i] - begin >= FEW_ROWS)
			sort_rows(rows + begin, end[i] - begin, by, divisions - 1);
		else if (end[i] - begin > 1)
			sort_few_rows(rows + begin, end[i] - begin);
	}
}

/*
 * merge_rows
 *		Puts the last rows, sorted, among the first ones, which are sorted too.
 */
static void
merge_rows(ModelRow *rows, Size first, Size last)
{
	ModelRow   *late = MemoryContextAllocHuge(CurrentMemoryContext, last * sizeof(ModelRow));
	Size		end = first + last;

	memcpy(late, rows + first, last * sizeof(ModelRow));
	while (last > 0)
	{
		if (first > 0 && compare_rows(&rows[first - 1], &late[last - 1]) > 0)
			rows[--end] = rows[--first];
		else
			rows[--end] = late[--last];
	}
	pfree(late);
}

/*
 * compact
 *		Sorts the rows and makes one of those that are the same.
 */
static void
compact(FitState *state)
{
	Size		kept = 0;

	if (state->sorted == state->count)
		return;
	sort_rows(state->rows + state->sorted, state->count - state->sorted, 0, DIVISIONS);
	if (state->sorted > 0)
		merge_rows(state->rows, state->sorted, state->count - state->sorted);
	for (Size i = 1; i < state->count; i++)
	{
		if (compare_rows(&state->rows[kept], &state->rows[i]) == 0)
			state->rows[kept].customers += state->rows[i].customers;
		else
			state->rows[++kept] = state->rows[i];
	}
	state->count = state->sorted = kept + 1;
}

/*
 * add_row
 *		Room is doubled while there are few rows, or where making one of those that are the same does not help.
 */
static void
add_row(FitState *state, double x, double t_x, double T, double customers)
{
	if (state->count == state->capacity)
	{
		if (state->capacity >= MANY_ROWS)
			compact(state);
		if (state->count > state->capacity / 2)
		{
			state->capacity *= 2;
			state->rows = repalloc_huge(state->rows, state->capacity * sizeof(ModelRow));
		}
	}
	state->rows[state->count++] = (ModelRow) {x, t_x, T, customers};
}

/*
 * state_of
 *		The state of the running aggregate, for a row of these settings.
 */
static FitState *
state_of(FunctionCallInfo fcinfo, const FitSettings *settings)
{
	MemoryContext context = aggregate_context(fcinfo);

	if (PG_ARGISNULL(0))
		return create_state(context, settings);
	check_settings((FitState *) PG_GETARG_POINTER(0), settings);
	return (FitState *) PG_GETARG_POINTER(0);
}

/* ------------------------------------------------------------------------------------------------
 * Rows
 * ------------------------------------------------------------------------------------------------ */

/*
 * model_check_time
 *		A time, or a number of purchases, that a model can be asked about.
 */
void
model_check_time(ModelKind kind, const char *name, double time)
{
	if (time > (kind == MODEL_BGBB ? MODEL_MOST_OPPORTUNITIES : MODEL_LONGEST_TIME))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s is too large for %s: %g", name, model_classes[kind].title, time),
				 kind == MODEL_BGBB ? errhint("There are at most %.0f opportunities; take a longer unit.", MODEL_MOST_OPPORTUNITIES) :
				 errhint("It can be up to %.0f units of the model.", MODEL_LONGEST_TIME)));
}

/*
 * model_check_numbers
 */
void
model_check_numbers(ModelKind kind, double x, double t_x, double T)
{
	if (!(x >= 0) || isinf(x) || x != floor(x))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("x must be a whole number of repeat purchases, not %g", x),
				 errhint("x is the number of purchase days less the first: repeat_days(history, as_of).")));
	if (!(t_x >= 0) || !(T >= t_x) || isinf(T) || (x == 0) != (t_x == 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("t_x must be from 0 to T, and 0 just where x is 0: x = %g, t_x = %g, T = %g", x, t_x, T),
				 errhint("t_x is the time from the first to the last purchase, not that since the last; T is the time from the first purchase to as_of.")));
	model_check_time(kind, "x", x);
	model_check_time(kind, "T", T);
	if (kind == MODEL_BGBB && (t_x != floor(t_x) || T != floor(T) || x > t_x))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("x = %g, t_x = %g and n = %g are not purchases at x of n opportunities, the last at t_x", x, t_x, T),
				 errhint("Opportunities are counted in whole numbers, and there is one purchase at most at each.")));
}

/*
 * get_extra_setting
 *		The argument after the others, if there is one: a penalty (float8) or a regularity (int).
 */
static void
get_extra_setting(FunctionCallInfo fcinfo, int argument, FitSettings *settings)
{
	if (PG_NARGS() <= argument)
		return;
	if (PG_ARGISNULL(argument))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("penalty and regularity of a fit must not be NULL")));
	if (get_fn_expr_argtype(fcinfo->flinfo, argument) == INT4OID)
	{
		settings->regularity = PG_GETARG_INT32(argument);
		if (settings->regularity < 1 || settings->regularity > MODEL_REGULARITY)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("regularity must be from 1 to %d, not %d", MODEL_REGULARITY, settings->regularity),
					 errhint("It is the k of Erlang-k gaps; 1 is as random as can be.")));
	}
	else
	{
		settings->penalty = PG_GETARG_FLOAT8(argument);
		if (!(settings->penalty >= 0) || isinf(settings->penalty))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("penalty must be 0 or more, not %g", settings->penalty),
					 errhint("0 is maximum likelihood; usual values are 0.001 to 0.1.")));
	}
}

/*
 * history_settings
 *		Those of (state, history, as_of, unit …).
 */
static FitSettings
history_settings(FunctionCallInfo fcinfo, int extra)
{
	FitSettings settings = {.unit = UNIT_NONE,.regularity = 1,.of_histories = true};

	if (PG_ARGISNULL(2) || (extra > 3 && PG_ARGISNULL(3)))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("as_of and unit of a fit must not be NULL")));
	settings.as_of = PG_GETARG_DATEADT(2);
	history_check_finite(settings.as_of, "as_of");
	if (extra > 3)
		settings.unit = time_unit(PG_GETARG_TEXT_PP(3));
	get_extra_setting(fcinfo, extra, &settings);
	return settings;
}

/*
 * accum_numbers
 *		(state, x, t_x, T [, penalty or regularity]); rows with a NULL are left out.
 */
static Datum
accum_numbers(FunctionCallInfo fcinfo, ModelKind kind)
{
	FitSettings settings = {.unit = UNIT_NONE,.regularity = 1};
	FitState   *state;

	get_extra_setting(fcinfo, 4, &settings);
	state = state_of(fcinfo, &settings);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3))
		state->left_out++;
	else
	{
		model_check_numbers(kind, PG_GETARG_FLOAT8(1), PG_GETARG_FLOAT8(2), PG_GETARG_FLOAT8(3));
		add_row(state, PG_GETARG_FLOAT8(1), PG_GETARG_FLOAT8(2), PG_GETARG_FLOAT8(3), 1);
	}
	PG_RETURN_POINTER(state);
}

Datum
fit_accum_numbers(PG_FUNCTION_ARGS)
{
	return accum_numbers(fcinfo, MODEL_BGNBD);
}

Datum
fit_accum_opportunities(PG_FUNCTION_ARGS)
{
	return accum_numbers(fcinfo, MODEL_BGBB);
}

/*
 * accum_history
 *		(state, history, as_of, unit [, penalty or regularity])
 */
static Datum
accum_history(FunctionCallInfo fcinfo, ModelKind kind)
{
	FitSettings settings = history_settings(fcinfo, 4);
	FitState   *state = state_of(fcinfo, &settings);
	ModelMeasures measures;

	if (PG_ARGISNULL(1) || !model_measures(PG_GETARG_DATUM(1), settings.as_of, kind, time_unit_days(settings.unit), &measures))
		state->left_out++;
	else
		add_row(state, measures.x, measures.t_x, measures.T, 1);
	PG_RETURN_POINTER(state);
}

Datum
fit_accum_history(PG_FUNCTION_ARGS)
{
	return accum_history(fcinfo, MODEL_BGNBD);
}

Datum
fit_accum_opportunities_history(PG_FUNCTION_ARGS)
{
	return accum_history(fcinfo, MODEL_BGBB);
}

/*
 * fit_accum_spend
 *		(state, x, m_x): a customer without a repeat purchase, or whose mean is not above 0, is left out.
 */
Datum
fit_accum_spend(PG_FUNCTION_ARGS)
{
	FitSettings settings = {.unit = UNIT_NONE,.regularity = 1};
	FitState   *state = state_of(fcinfo, &settings);

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		state->left_out++;
	else
	{
		double		x = PG_GETARG_FLOAT8(1);
		double		mean = PG_GETARG_FLOAT8(2);

		if (!(x >= 0) || isinf(x) || x != floor(x) || isnan(mean) || isinf(mean))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("x must be a whole number and m_x finite: x = %g, m_x = %g", x, mean),
					 errhint("x is the number of purchases after the first, m_x the mean spend of them: repeat_days and repeat_spend give both.")));
		if (x > 0 && mean > 0)
			add_row(state, x, mean, 0, 1);
		else
			state->left_out++;
	}
	PG_RETURN_POINTER(state);
}

/*
 * fit_accum_spend_history
 *		(state, history, as_of)
 */
Datum
fit_accum_spend_history(PG_FUNCTION_ARGS)
{
	FitSettings settings = history_settings(fcinfo, 3);
	FitState   *state = state_of(fcinfo, &settings);
	ModelMeasures measures;

	if (PG_ARGISNULL(1) || !model_measures(PG_GETARG_DATUM(1), settings.as_of, MODEL_BGNBD, 1, &measures) ||
		measures.x == 0 || measures.after_first <= 0)
		state->left_out++;
	else
		add_row(state, measures.x, model_mean_spend(&measures), 0, 1);
	PG_RETURN_POINTER(state);
}

/*
 * fit_accum_contract
 *		(state, periods, left [, customers])
 */
Datum
fit_accum_contract(PG_FUNCTION_ARGS)
{
	FitSettings settings = {.unit = UNIT_NONE,.regularity = 1};
	FitState   *state = state_of(fcinfo, &settings);
	bool		counted = PG_NARGS() > 3;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || (counted && PG_ARGISNULL(3)))
		state->left_out++;
	else
	{
		int			periods = PG_GETARG_INT32(1);
		int64		customers = counted ? PG_GETARG_INT64(3) : 1;

		if (periods < 0 || (periods == 0 && PG_GETARG_BOOL(2)) || customers < 0 || customers > INT64CONST(1) << 53)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("a contract of %d periods cannot be counted for " INT64_FORMAT " customers", periods, customers),
					 errhint("A customer who left did so at the end of period 1 or a later one; who is still there has been so for 0 periods or more.")));
		if (periods > 0 && customers > 0)
			add_row(state, PG_GETARG_BOOL(2) ? 1 : 0, 0, periods, customers);
		else
			state->left_out++;
	}
	PG_RETURN_POINTER(state);
}

/* ------------------------------------------------------------------------------------------------
 * States of parts
 * ------------------------------------------------------------------------------------------------ */

/*
 * fit_combine
 *		Adds the rows of the second state to the first.
 */
Datum
fit_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	FitState   *state = PG_ARGISNULL(0) ? NULL : (FitState *) PG_GETARG_POINTER(0);
	const FitState *other = PG_ARGISNULL(1) ? NULL : (FitState *) PG_GETARG_POINTER(1);

	if (other == NULL)
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}
	if (state == NULL)
		state = create_state(context, &other->settings);
	check_settings(state, &other->settings);
	for (Size i = 0; i < other->count; i++)
	{
		const ModelRow *row = &other->rows[i];

		add_row(state, row->x, row->t_x, row->T, row->customers);
	}
	state->left_out += other->left_out;
	PG_RETURN_POINTER(state);
}

/*
 * fit_serialize
 *		The settings and the distinct rows.
 */
Datum
fit_serialize(PG_FUNCTION_ARGS)
{
	FitState   *state;
	StringInfoData buffer;

	(void) aggregate_context(fcinfo);
	state = (FitState *) PG_GETARG_POINTER(0);
	compact(state);
	pq_begintypsend(&buffer);
	make_sent_room(&buffer, state->count * sizeof(ModelRow) + 64);
	pq_sendbyte(&buffer, state->settings.unit);
	pq_sendbyte(&buffer, state->settings.regularity);
	pq_sendbyte(&buffer, state->settings.of_histories);
	pq_sendint32(&buffer, state->settings.as_of);
	pq_sendfloat8(&buffer, state->settings.penalty);
	pq_sendint64(&buffer, state->left_out);
	pq_sendint64(&buffer, state->count);
	for (Size i = 0; i < state->count; i++)
	{
		pq_sendfloat8(&buffer, state->rows[i].x);
		pq_sendfloat8(&buffer, state->rows[i].t_x);
		pq_sendfloat8(&buffer, state->rows[i].T);
		pq_sendfloat8(&buffer, state->rows[i].customers);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

/*
 * invalid_state
 */
static void
invalid_state(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			 errmsg("invalid state of an aggregate that fits a model")));
}

/*
 * fit_deserialize
 *		Numbers that no row of any fit can have are refused here, others by the final function.
 */
Datum
fit_deserialize(PG_FUNCTION_ARGS)
{
	StringInfoData buffer;
	bytea	   *bytes;
	FitSettings settings;
	FitState   *state;
	int64		left_out;
	int64		count;

	(void) aggregate_context(fcinfo);
	bytes = PG_GETARG_BYTEA_PP(0);
	initStringInfo(&buffer);
	appendBinaryStringInfo(&buffer, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
	settings.unit = pq_getmsgbyte(&buffer);
	settings.regularity = pq_getmsgbyte(&buffer);
	settings.of_histories = pq_getmsgbyte(&buffer) != 0;
	settings.as_of = pq_getmsgint(&buffer, 4);
	settings.penalty = pq_getmsgfloat8(&buffer);
	left_out = pq_getmsgint64(&buffer);
	count = pq_getmsgint64(&buffer);
	if ((settings.unit > UNIT_YEAR && settings.unit != UNIT_NONE) || settings.regularity < 1 || settings.regularity > MODEL_REGULARITY ||
		!(settings.penalty >= 0) || isinf(settings.penalty) || left_out < 0)
		invalid_state();
	state = create_state(CurrentMemoryContext, &settings);
	state->left_out = left_out;
	for (int64 i = 0; i < count; i++)
	{
		ModelRow	row;

		CHECK_FOR_INTERRUPTS();
		row.x = pq_getmsgfloat8(&buffer);
		row.t_x = pq_getmsgfloat8(&buffer);
		row.T = pq_getmsgfloat8(&buffer);
		row.customers = pq_getmsgfloat8(&buffer);
		if (!(row.x >= 0 && row.t_x >= 0 && row.T >= 0 && row.customers > 0) ||
			isinf(row.x) || isinf(row.t_x) || row.T > MODEL_LONGEST_TIME || isinf(row.customers))
			invalid_state();
		add_row(state, row.x, row.t_x, row.T, row.customers);
	}
	pq_getmsgend(&buffer);
	PG_RETURN_POINTER(state);
}

/* ------------------------------------------------------------------------------------------------
 * Fits
 * ------------------------------------------------------------------------------------------------ */

static void
pause_fit(void)
{
	CHECK_FOR_INTERRUPTS();
}

/*
 * describe_rows
 *		How many customers a model rests on. Of contracts, those who left are the ones that tell.
 */
static void
describe_rows(const FitState *state, ModelKind kind, StoredModel *model)
{
	double		customers = 0;
	double		repeat_customers = 0;

	model->longest = 0;
	for (Size i = 0; i < state->count; i++)
	{
		customers += state->rows[i].customers;
		repeat_customers += state->rows[i].x > 0 ? state->rows[i].customers : 0;
		model->longest = Max(model->longest, state->rows[i].T);
	}
	model_check_time(kind, "T", kind == MODEL_BGBB ? model->longest : 0);
	if (customers > JSON_LARGEST_COUNT)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("a model cannot be fitted on %.0f customers", customers)));
	model->customers = customers;
	model->repeat_customers = repeat_customers;
}

/*
 * fit_final
 *		Sorting the rows of the state leaves it the same state.
 */
static Datum
fit_final(FunctionCallInfo fcinfo, ModelKind kind)
{
	static const ModelStatus statuses[] = {
		[FIT_CONVERGED] = MODEL_CONVERGED,[FIT_NOT_IDENTIFIED] = MODEL_NOT_IDENTIFIED,
		[FIT_NOT_CONVERGED] = MODEL_NOT_CONVERGED,[FIT_NO_DATA] = MODEL_NO_DATA
	};
	FitState   *state;
	StoredModel *model;
	Fit			fit;

	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (FitState *) PG_GETARG_POINTER(0);
	compact(state);
	model = model_create(kind);
	model->fitted = true;
	model->unit = state->settings.unit;
	model->regularity = state->settings.regularity;
	model->penalty = state->settings.penalty;
	model->left_out = state->left_out;
	model->status = MODEL_NO_DATA;
	describe_rows(state, kind, model);
	if (model->repeat_customers < LEAST_REPEAT_CUSTOMERS)
		PG_RETURN_POINTER(model);

	/* A state does not say of which fit it is: its rows may be none of this one. */
	for (Size i = 0; kind <= MODEL_BGBB && i < state->count; i++)
		model_check_numbers(kind, state->rows[i].x, state->rows[i].t_x, state->rows[i].T);
	model_fit(kind, state->settings.regularity, state->rows, state->count, state->settings.penalty, pause_fit, &fit);
	model->status = statuses[fit.status];
	if (fit.status != FIT_NO_DATA)
	{
		model->log_likelihood = fit.log_likelihood;
		for (int i = 0; i < model_classes[kind].parameter_count; i++)
		{
			model->parameters[i] = fit.model.parameters[i];
			if (model->status == MODEL_CONVERGED && !model_parameter_is_valid(model->parameters[i]))
				model->status = MODEL_NOT_IDENTIFIED;
			for (int j = 0; j < model_classes[kind].parameter_count; j++)
				model->covariance[i][j] = isfinite(fit.covariance[i][j]) ? fit.covariance[i][j] : get_float8_nan();
		}
	}
	PG_RETURN_POINTER(model);
}

Datum
bgnbd_fit_final(PG_FUNCTION_ARGS)
{
	return fit_final(fcinfo, MODEL_BGNBD);
}

Datum
mbgnbd_fit_final(PG_FUNCTION_ARGS)
{
	return fit_final(fcinfo, MODEL_MBGNBD);
}

Datum
pareto_nbd_fit_final(PG_FUNCTION_ARGS)
{
	return fit_final(fcinfo, MODEL_PARETO_NBD);
}

Datum
nbd_fit_final(PG_FUNCTION_ARGS)
{
	return fit_final(fcinfo, MODEL_NBD);
}

Datum
bgbb_fit_final(PG_FUNCTION_ARGS)
{
	return fit_final(fcinfo, MODEL_BGBB);
}

Datum
gamma_gamma_fit_final(PG_FUNCTION_ARGS)
{
	return fit_final(fcinfo, MODEL_GAMMA_GAMMA);
}

Datum
sbg_fit_final(PG_FUNCTION_ARGS)
{
	return fit_final(fcinfo, MODEL_SBG);
}

Datum
bdw_fit_final(PG_FUNCTION_ARGS)
{
	return fit_final(fcinfo, MODEL_BDW);
}
