/*
 * ltv.c
 *		What customers are worth: purchases to expect, discounted, times the spend to expect.
 *
 * Of a customer who is alive, the purchases to expect do not depend on when the last one was. So they are computed once
 * for each (x, T), of which millions of customers have some ten thousand. A sum over hundreds of periods is taken
 * at 24 points: the expectation is a smooth function of time, and interpolates to the last digits.
 */
#include "compat.h"

#include <math.h>

#include "common/hashfn.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"

#include "model_scores.h"

PG_FUNCTION_INFO_V1(model_ltv);
PG_FUNCTION_INFO_V1(model_ltv_history);
PG_FUNCTION_INFO_V1(model_residual_value);

/* Up to so many periods are summed one by one; more are interpolated between so many points. */
#define POINTS 24
#define FEW_PERIODS 32

/* More periods than these are a mistake. */
#define MAX_PERIODS 36600

/* When so many values are kept, they are forgotten and collected anew. */
#define MAX_VALUES 262144
#define MAX_GRIDS 8192

/* The discounted purchases of customers who are alive, and of whom these numbers are known. */
typedef struct ForecastKey
{
	double		x;
	double		t_x;			/* 0 where it does not matter */
	double		T;
} ForecastKey;

typedef struct ForecastValue
{
	ForecastKey key;
	char		status;			/* of the hash table */
	double		value;
} ForecastValue;

static inline uint32
hash_key(const ForecastKey *key)
{
	uint64		bits[3];

	memcpy(bits, key, sizeof(bits));
	bits[0] = hash_combine64(hash_combine64(bits[0], bits[1]), bits[2]) * UINT64CONST(0x9E3779B97F4A7C15);
	return murmurhash32((uint32) (bits[0] >> 32));
}

#define SH_PREFIX values
#define SH_ELEMENT_TYPE ForecastValue
#define SH_KEY_TYPE ForecastKey
#define SH_KEY key
#define SH_HASH_KEY(table, key) hash_key(&(key))
#define SH_EQUAL(table, a, b) ((a).x == (b).x && (a).t_x == (b).t_x && (a).T == (b).T)
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* The points in time for a customer observed for T, and what the expectation at each counts. */
typedef struct ForecastGrid
{
	uint64		T;				/* its bits */
	char		status;
	double		times[POINTS];
	double		weights[POINTS];
} ForecastGrid;

#define SH_PREFIX grids
#define SH_ELEMENT_TYPE ForecastGrid
#define SH_KEY_TYPE uint64
#define SH_KEY T
#define SH_HASH_KEY(table, key) murmurhash32((uint32) (((key) * UINT64CONST(0x9E3779B97F4A7C15)) >> 32))
#define SH_EQUAL(table, a, b) ((a) == (b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

struct ModelForecast
{
	StoredModel stored;
	Model		model;
	bool		has_parameters;
	ForecastPeriods periods;
	MemoryContext context;
	values_hash *values;
	grids_hash *grids;
};

/*
 * model_check_discount
 */
double
model_check_discount(double yearly_discount)
{
	if (!(yearly_discount >= 0 && yearly_discount <= 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("yearly_discount must be a fraction from 0 to 1, not %g", yearly_discount),
				 errhint("10 %% is 0.10.")));
	return yearly_discount;
}

/*
 * forget
 *		Empties what is kept.
 */
static void
forget(ModelForecast *forecast)
{
	MemoryContextReset(forecast->context);
	forecast->values = values_create(forecast->context, 1024, NULL);
	forecast->grids = grids_create(forecast->context, 64, NULL);
}

/*
 * model_periods
 *		Without a discount the whole horizon is one period.
 */
ForecastPeriods
model_periods(ModelKind kind, double unit_days, double horizon, double yearly_discount)
{
	ForecastPeriods periods = {.horizon = kind == MODEL_BGBB ? floor(horizon) : horizon,.length = 1,.factor = 1,.count = 1};

	if (horizon > MAX_PERIODS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("horizon is longer than %d units of the model", MAX_PERIODS),
				 errhint("For an endless horizon there are residual_transactions and residual_value.")));
	if (yearly_discount > 0)
	{
		periods.factor = exp(-log1p(yearly_discount) * unit_days / DAYS_PER_AVERAGE_YEAR);
		periods.count = (int) ceil(periods.horizon);
	}
	return periods;
}

/*
 * same_periods
 */
static inline bool
same_periods(const ForecastPeriods *a, const ForecastPeriods *b)
{
	return a->horizon == b->horizon && a->length == b->length && a->factor == b->factor && a->count == b->count;
}

/*
 * model_forecast
 */
ModelForecast *
model_forecast(FunctionCallInfo fcinfo, const StoredModel *stored, const ForecastPeriods *periods)
{
	ModelForecast *forecast = fcinfo->flinfo->fn_extra;

	if (forecast != NULL && same_periods(&forecast->periods, periods) && memcmp(&forecast->stored, stored, sizeof(StoredModel)) == 0)
		return forecast;
	if (forecast == NULL)
	{
		forecast = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(ModelForecast));
		forecast->context = AllocSetContextCreate(fcinfo->flinfo->fn_mcxt, "pg_customer forecast", ALLOCSET_DEFAULT_SIZES);
		fcinfo->flinfo->fn_extra = forecast;
	}
	forecast->periods.count = -1;	/* not usable, should what follows fail */
	forget(forecast);
	memcpy(&forecast->stored, stored, sizeof(StoredModel));
	forecast->has_parameters = model_get(stored, &forecast->model);
	forecast->periods = *periods;
	return forecast;
}

/*
 * period_end, period_weight
 *		The discounted sum of the increments of E is a sum of E at the ends of periods, each with a weight that is positive.
 */
static inline double
period_end(const ForecastPeriods *periods, int period)
{
	return period == periods->count ? periods->horizon : period * periods->length;
}

static inline double
period_weight(const ForecastPeriods *periods, int period)
{
	double		factor = pow(periods->factor, period);

	return period == periods->count ? factor : factor * (1 - periods->factor);
}

/*
 * fill_grid
 *		Chebyshev points in log(origin + t), in which the expectation has no singularity nearer than pi; the weights of
 *		periods, interpolated by the barycentric formula (Berrut and Trefethen 2004), become weights of points.
 */
static void
fill_grid(const Model *model, const ForecastPeriods *periods, double T, ForecastGrid *grid)
{
	const double *parameters = model->parameters;
	double		origin = T + (model->kind == MODEL_PARETO_NBD ? Min(parameters[1], parameters[3]) : parameters[1]);
	double		length = log1p(periods->horizon / origin);

	for (int j = 0; j < POINTS; j++)
	{
		grid->times[j] = origin * expm1(length * (1 - cos(M_PI * j / (POINTS - 1))) / 2);
		grid->weights[j] = 0;
	}
	grid->times[POINTS - 1] = periods->horizon;
	for (int period = 1; period <= periods->count; period++)
	{
		double		place = 1 - 2 * log1p(period_end(periods, period) / origin) / length;
		double		terms[POINTS];
		double		sum = 0;
		int			exact = -1;

		for (int j = 0; j < POINTS; j++)
		{
			double		distance = place - cos(M_PI * j / (POINTS - 1));

			if (distance == 0)
				exact = j;
			terms[j] = (j % 2 == 0 ? 1 : -1) * (j == 0 || j == POINTS - 1 ? 0.5 : 1) / distance;
			sum += terms[j];
		}
		for (int j = 0; j < POINTS; j++)
			grid->weights[j] += period_weight(periods, period) * (exact >= 0 ? j == exact : terms[j] / sum);
	}
}

/*
 * kept_grid
 *		The grid for customers observed for T.
 */
static const ForecastGrid *
kept_grid(ModelForecast *forecast, double T)
{
	ForecastGrid *grid;
	uint64		bits;
	bool		found;

	memcpy(&bits, &T, sizeof(bits));
	grid = grids_insert(forecast->grids, bits, &found);
	if (!found)
		fill_grid(&forecast->model, &forecast->periods, T, grid);
	return grid;
}

/*
 * sum_interpolated
 */
static double
sum_interpolated(const Model *model, const ForecastGrid *grid, const ModelMeasures *measures)
{
	double		purchases[POINTS];
	double		sum = 0;

	model_purchases_alive(model, measures->x, measures->t_x, measures->T, grid->times, POINTS, purchases);
	for (int j = 0; j < POINTS; j++)
		sum += grid->weights[j] * purchases[j];
	return sum;
}

/*
 * sum_periods
 *		One by one, in groups that fit into an array.
 */
static double
sum_periods(const Model *model, const ForecastPeriods *periods, const ModelMeasures *measures)
{
	double		times[FEW_PERIODS];
	double		purchases[FEW_PERIODS];
	double		sum = 0;

	for (int first = 1; first <= periods->count; first += FEW_PERIODS)
	{
		int			count = Min(FEW_PERIODS, periods->count - first + 1);

		for (int i = 0; i < count; i++)
			times[i] = period_end(periods, first + i);
		if (model->kind == MODEL_BGBB)
		{
			for (int i = 0; i < count; i++)
				purchases[i] = model_expected_purchases(model, measures->x, measures->t_x, measures->T, times[i]);
		}
		else
			model_purchases_alive(model, measures->x, measures->t_x, measures->T, times, count, purchases);
		for (int i = 0; i < count; i++)
			sum += period_weight(periods, first + i) * purchases[i];
	}
	return sum;
}

/*
 * is_summed
 *		One by one, not interpolated.
 */
static inline bool
is_summed(const Model *model, const ForecastPeriods *periods)
{
	return periods->count <= FEW_PERIODS || model->kind == MODEL_BGBB;
}

/*
 * model_forecast_purchases
 */
double
model_forecast_purchases(ModelForecast *forecast, const ModelMeasures *measures)
{
	const Model *model = &forecast->model;
	bool		discrete = model->kind == MODEL_BGBB;
	ForecastKey key = {measures->x, discrete || model->regularity > 1 ? measures->t_x : 0, measures->T};
	ForecastValue *kept;
	bool		found;

	if (forecast->values->members >= MAX_VALUES || forecast->grids->members >= MAX_GRIDS)
		forget(forecast);
	kept = values_insert(forecast->values, key, &found);
	if (!found)
		kept->value = is_summed(model, &forecast->periods) ? sum_periods(model, &forecast->periods, measures) :
			sum_interpolated(model, kept_grid(forecast, measures->T), measures);
	return discrete ? kept->value :
		kept->value * model_probability_alive(model, measures->x, measures->t_x, measures->T);
}

/*
 * model_discounted_purchases
 */
double
model_discounted_purchases(const Model *model, const ForecastPeriods *periods, const ModelMeasures *measures)
{
	ForecastGrid grid;
	double		sum;

	if (is_summed(model, periods))
		sum = sum_periods(model, periods, measures);
	else
	{
		fill_grid(model, periods, measures->T, &grid);
		sum = sum_interpolated(model, &grid, measures);
	}
	return model->kind == MODEL_BGBB ? sum : sum * model_probability_alive(model, measures->x, measures->t_x, measures->T);
}

/* ------------------------------------------------------------------------------------------------
 * Money
 * ------------------------------------------------------------------------------------------------ */

/*
 * model_spend_of
 *		A mean that refunds have brought below 0 counts as 0.
 */
double
model_spend_of(const Model *spend, const ModelMeasures *measures)
{
	return model_expected_spend(spend, measures->x, measures->x > 0 ? Max(model_mean_spend(measures), 0) : 0);
}

/*
 * money
 *		To six digits after the point.
 */
static Datum
money(FunctionCallInfo fcinfo, double value)
{
	if (isinf(value) || isnan(value))
		PG_RETURN_NULL();
	if (value >= 1e24)
		return DirectFunctionCall1(float8_numeric, Float8GetDatum(value));
	PG_RETURN_NUMERIC(history_money((int128) rint(value * 1e6)));
}

/*
 * model_check_margin
 */
double
model_check_margin(double margin)
{
	if (!(margin >= 0 && margin <= 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("margin must be a fraction from 0 to 1, not %g", margin),
				 errhint("30 %% is 0.30; 1 counts revenue.")));
	return margin;
}

/*
 * model_ltv
 *		(purchase_model, spend_model, x, t_x, T, m_x, periods, period_length, discount, margin): those of a period are
 *		discounted by the number of periods until its end.
 */
Datum
model_ltv(PG_FUNCTION_ARGS)
{
	const StoredModel *purchases = PG_GETARG_MODEL(0);
	ModelMeasures measures = {.x = PG_GETARG_FLOAT8(2),.t_x = PG_GETARG_FLOAT8(3),.T = PG_GETARG_FLOAT8(4)};
	double		mean = PG_GETARG_FLOAT8(5);
	int32		periods = PG_GETARG_INT32(6);
	double		length = PG_GETARG_FLOAT8(7);
	double		discount = PG_GETARG_FLOAT8(8);
	double		margin = model_check_margin(PG_GETARG_FLOAT8(9));
	ForecastPeriods sum = {.length = length,.horizon = periods * length,.factor = 1 / (1 + discount),.count = periods};
	ModelForecast *forecast;
	Model		spend;

	model_check_numbers(purchases->kind, measures.x, measures.t_x, measures.T);
	if (isnan(mean) || isinf(mean))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("m_x must be finite, not %g", mean)));
	if (periods < 1 || periods > MAX_PERIODS || !(length > 0) || isinf(length) ||
		(purchases->kind == MODEL_BGBB && length != floor(length)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there must be from 1 to %d periods of a length above 0: %d of %g", MAX_PERIODS, periods, length)));
	if (!(discount >= 0 && discount <= 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("discount must be a fraction from 0 to 1 for each period, not %g", discount),
				 errhint("1 %% is 0.01.")));
	if (discount == 0)
		sum.count = 1;
	forecast = model_forecast(fcinfo, purchases, &sum);
	if (!forecast->has_parameters || !model_get(PG_GETARG_MODEL(1), &spend))
		PG_RETURN_NULL();
	return money(fcinfo, model_forecast_purchases(forecast, &measures) * margin * model_expected_spend(&spend, measures.x, Max(mean, 0)));
}

/*
 * model_ltv_history
 *		(purchase_model, spend_model, history, as_of, horizon, yearly_discount, margin)
 */
Datum
model_ltv_history(PG_FUNCTION_ARGS)
{
	const StoredModel *purchases = PG_GETARG_MODEL(0);
	DateADT		as_of = PG_GETARG_DATEADT(3);
	double		unit_days = model_unit_days(purchases);
	double		horizon = model_horizon_days(as_of, PG_GETARG_INTERVAL_P(4)) / unit_days;
	double		discount = model_check_discount(PG_GETARG_FLOAT8(5));
	double		margin = model_check_margin(PG_GETARG_FLOAT8(6));
	ForecastPeriods periods = model_periods(purchases->kind, unit_days, horizon, discount);
	ModelForecast *forecast = model_forecast(fcinfo, purchases, &periods);
	ModelMeasures measures;
	ModelMeasures spent;
	Model		spend;

	history_check_finite(as_of, "as_of");
	if (!forecast->has_parameters || !model_get(PG_GETARG_MODEL(1), &spend) ||
		!model_measures(PG_GETARG_DATUM(2), as_of, purchases->kind, unit_days, &measures))
		PG_RETURN_NULL();
	if (measures.net <= 0)
		return money(fcinfo, 0);
	spent = measures;
	if (purchases->kind == MODEL_BGBB)
		(void) model_measures(PG_GETARG_DATUM(2), as_of, MODEL_BGNBD, 1, &spent);
	return money(fcinfo, model_forecast_purchases(forecast, &measures) * model_spend_of(&spend, &spent) * margin);
}

/*
 * model_residual_value
 *		(purchase_model, spend_model, history, as_of, yearly_discount, margin): without end.
 */
Datum
model_residual_value(PG_FUNCTION_ARGS)
{
	const StoredModel *purchases = PG_GETARG_MODEL(0);
	DateADT		as_of = PG_GETARG_DATEADT(3);
	double		unit_days = model_unit_days(purchases);
	double		discount = model_check_discount(PG_GETARG_FLOAT8(4));
	double		margin = model_check_margin(PG_GETARG_FLOAT8(5));
	double		rate = log1p(discount) * unit_days / DAYS_PER_AVERAGE_YEAR;
	ModelMeasures measures;
	ModelMeasures spent;
	Model		model;
	Model		spend;

	history_check_finite(as_of, "as_of");
	if (discount == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("yearly_discount must be greater than 0"),
				 errhint("Without a discount the sum to infinity may be infinite.")));
	if (!model_get(purchases, &model) || !model_get(PG_GETARG_MODEL(1), &spend) ||
		!model_measures(PG_GETARG_DATUM(2), as_of, purchases->kind, unit_days, &measures))
		PG_RETURN_NULL();
	if (measures.net <= 0)
		return money(fcinfo, 0);
	spent = measures;
	if (purchases->kind == MODEL_BGBB)
		(void) model_measures(PG_GETARG_DATUM(2), as_of, MODEL_BGNBD, 1, &spent);
	return money(fcinfo, model_residual(&model, measures.x, measures.t_x, measures.T,
										purchases->kind == MODEL_BGBB ? expm1(rate) : rate) *
				 model_spend_of(&spend, &spent) * margin);
}
