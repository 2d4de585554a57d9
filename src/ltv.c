/*
 * ltv.c
 *		What customers are worth: purchases to expect, discounted, times the spend to expect.
 *
 * Of a customer who is alive, the purchases to expect do not depend on when the last one was. So they are computed once
 * for each (x, T), of which millions of customers have some ten thousand; as are the parts of P(alive). A sum over hundreds of
 * periods is taken at 24 points: the expectation is a smooth function of time, and interpolates to the last digits.
 */
#include "compat.h"

#include <math.h>

#include "common/hashfn.h"
#include "port/pg_bitutils.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"

#include "model_scores.h"

PG_FUNCTION_INFO_V1(model_ltv);
PG_FUNCTION_INFO_V1(model_ltv_history);
PG_FUNCTION_INFO_V1(model_residual_value);

/* Up to so many periods are taken one by one; more are interpolated between so many points. */
#define FEW_PERIODS 32
#define POINTS 24

/* More periods than these are a mistake. */
#define MAX_PERIODS 36600

/* Numbers are kept for so many purchases; when there are too many numbers, they are forgotten and collected anew. */
#define MAX_KEPT_PURCHASES 1024
#define MAX_KEPT 2097152

/* Points in time after T, and what the expectation at each counts in the sum over periods. */
typedef struct ForecastGrid
{
	int			count;
	double		times[FEW_PERIODS];
	double		weights[FEW_PERIODS];
} ForecastGrid;

typedef struct TimesKey
{
	double		t_x;			/* 0 where it does not matter */
	double		T;
} TimesKey;

/* The numbers of customers who have these times, by x. */
typedef struct KeptTimes
{
	TimesKey	key;
	char		status;			/* of the hash table */
	int			size;			/* of both arrays */
	double	   *purchases;		/* to expect, discounted, if alive; NaN where it is not known yet */
	double	   *alive_parts;	/* NULL until they are asked for */
	ForecastGrid *grid;			/* the same */
} KeptTimes;

static inline uint32
hash_times(const TimesKey *key)
{
	uint64		bits[2];

	memcpy(bits, key, sizeof(bits));
	return murmurhash32((uint32) ((hash_combine64(bits[0], bits[1]) * UINT64CONST(0x9E3779B97F4A7C15)) >> 32));
}

#define SH_PREFIX times
#define SH_ELEMENT_TYPE KeptTimes
#define SH_KEY_TYPE TimesKey
#define SH_KEY key
#define SH_HASH_KEY(table, key) hash_times(&(key))
#define SH_EQUAL(table, a, b) ((a).t_x == (b).t_x && (a).T == (b).T)
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

	/* The last question by history, which led to these periods. */
	DateADT		as_of;
	Interval	horizon;
	double		yearly_discount;	/* NaN: none yet */

	MemoryContext context;
	times_hash *times;
	int64		kept;			/* so many numbers */
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
	forecast->times = times_create(forecast->context, 64, NULL);
	forecast->kept = 0;
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
	forecast->yearly_discount = get_float8_nan();
	forget(forecast);
	memcpy(&forecast->stored, stored, sizeof(StoredModel));
	forecast->has_parameters = model_get(stored, &forecast->model);
	forecast->periods = *periods;
	return forecast;
}

/*
 * model_forecast_history
 *		One question after the other is mostly the same, and dates take time.
 */
ModelForecast *
model_forecast_history(FunctionCallInfo fcinfo, const StoredModel *stored, DateADT as_of, const Interval *horizon, double yearly_discount)
{
	ModelForecast *forecast = fcinfo->flinfo->fn_extra;
	ForecastPeriods periods;
	double		unit_days;

	if (forecast != NULL && forecast->as_of == as_of && memcmp(&forecast->horizon, horizon, sizeof(Interval)) == 0 &&
		forecast->yearly_discount == yearly_discount && memcmp(&forecast->stored, stored, sizeof(StoredModel)) == 0)
		return forecast;
	unit_days = model_unit_days(stored);
	periods = model_periods(stored->kind, unit_days, model_horizon_days(as_of, horizon) / unit_days, yearly_discount);
	forecast = model_forecast(fcinfo, stored, &periods);
	forecast->as_of = as_of;
	forecast->horizon = *horizon;
	forecast->yearly_discount = yearly_discount;
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
 *		periods, interpolated by the barycentric formula (Berrut and Trefethen 2004), become weights of points. Few periods
 *		are points themselves.
 */
static void
fill_grid(const Model *model, const ForecastPeriods *periods, double T, ForecastGrid *grid)
{
	const double *parameters = model->parameters;
	double		origin = T + (model->kind == MODEL_PARETO_NBD ? Min(parameters[1], parameters[3]) : parameters[1]);
	double		length = log1p(periods->horizon / origin);

	if (periods->count <= FEW_PERIODS)
	{
		grid->count = periods->count;
		for (int i = 0; i < periods->count; i++)
		{
			grid->times[i] = period_end(periods, i + 1);
			grid->weights[i] = period_weight(periods, i + 1);
		}
		return;
	}
	grid->count = POINTS;
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
 * sum_points
 */
static double
sum_points(const Model *model, const ForecastGrid *grid, const ModelMeasures *measures)
{
	double		purchases[FEW_PERIODS];
	double		sum = 0;

	model_purchases_alive(model, measures->x, measures->t_x, measures->T, grid->times, grid->count, purchases);
	for (int i = 0; i < grid->count; i++)
		sum += grid->weights[i] * purchases[i];
	return sum;
}

/*
 * sum_opportunities
 *		Of BG/BB, whether alive or not.
 */
static double
sum_opportunities(const Model *model, const ForecastPeriods *periods, const ModelMeasures *measures)
{
	double		sum = 0;

	for (int period = 1; period <= periods->count; period++)
		sum += period_weight(periods, period) *
			model_expected_purchases(model, measures->x, measures->t_x, measures->T, period_end(periods, period));
	return sum;
}

/*
 * model_discounted_purchases
 */
double
model_discounted_purchases(const Model *model, const ForecastPeriods *periods, const ModelMeasures *measures)
{
	ForecastGrid grid;

	if (model->kind == MODEL_BGBB)
		return sum_opportunities(model, periods, measures);
	fill_grid(model, periods, measures->T, &grid);
	return sum_points(model, &grid, measures) * model_probability_alive(model, measures->x, measures->t_x, measures->T);
}

/* ------------------------------------------------------------------------------------------------
 * Customer after customer
 * ------------------------------------------------------------------------------------------------ */

/*
 * grow
 *		Room for more purchases. What is cheap to fill is filled anew.
 */
static void
grow(ModelForecast *forecast, KeptTimes *times, int size)
{
	double	   *purchases = MemoryContextAlloc(forecast->context, size * sizeof(double));

	for (int i = 0; i < size; i++)
		purchases[i] = i < times->size ? times->purchases[i] : get_float8_nan();
	if (times->size > 0)
		pfree(times->purchases);
	if (times->alive_parts != NULL)
		pfree(times->alive_parts);
	times->purchases = purchases;
	times->alive_parts = NULL;
	forecast->kept += size - times->size;
	times->size = size;
}

/*
 * kept_times
 *		With room for x < MAX_KEPT_PURCHASES.
 */
static inline KeptTimes *
kept_times(ModelForecast *forecast, double t_x, double T, double x)
{
	TimesKey	key = {t_x, T};
	bool		found;
	KeptTimes  *times = times_insert(forecast->times, key, &found);

	if (!found)
	{
		times->size = 0;
		times->alive_parts = NULL;
		times->grid = NULL;
	}
	if (unlikely(x >= times->size))
		grow(forecast, times, Max(16, pg_nextpower2_32((int) x + 1)));
	return times;
}

/*
 * kept_alive_part
 */
static inline double
kept_alive_part(ModelForecast *forecast, double x, double T)
{
	KeptTimes  *times = kept_times(forecast, 0, T, x);

	if (unlikely(times->alive_parts == NULL))
	{
		double	   *parts = MemoryContextAlloc(forecast->context, times->size * sizeof(double));

		model_alive_parts(&forecast->model, T, times->size, parts);
		times->alive_parts = parts;
		forecast->kept += times->size;
	}
	return times->alive_parts[(int) x];
}

/*
 * kept_grid
 */
static const ForecastGrid *
kept_grid(ModelForecast *forecast, double T)
{
	KeptTimes  *times = kept_times(forecast, 0, T, 0);

	if (times->grid == NULL)
	{
		ForecastGrid *grid = MemoryContextAlloc(forecast->context, sizeof(ForecastGrid));

		fill_grid(&forecast->model, &forecast->periods, T, grid);
		times->grid = grid;
		forecast->kept += sizeof(ForecastGrid) / sizeof(double);
	}
	return times->grid;
}

/*
 * model_forecast_alive
 */
double
model_forecast_alive(ModelForecast *forecast, const ModelMeasures *measures)
{
	const Model *model = &forecast->model;
	double		x = measures->x;
	double		t_x = measures->t_x;
	double		T = measures->T;

	if (x >= MAX_KEPT_PURCHASES || !model_has_alive_parts(model))
		return model_probability_alive(model, x, t_x, T);
	if (forecast->kept > MAX_KEPT)
		forget(forecast);
	return model_alive_from_parts(model, x, t_x, T, kept_alive_part(forecast, x, t_x), kept_alive_part(forecast, x, T));
}

/*
 * model_forecast_purchases
 */
double
model_forecast_purchases(ModelForecast *forecast, const ModelMeasures *measures)
{
	const Model *model = &forecast->model;
	bool		discrete = model->kind == MODEL_BGBB;
	double	   *kept;
	double		purchases;

	if (measures->x >= MAX_KEPT_PURCHASES)
		return model_discounted_purchases(model, &forecast->periods, measures);
	if (forecast->kept > MAX_KEPT)
		forget(forecast);
	kept = &kept_times(forecast, discrete || model->regularity > 1 ? measures->t_x : 0, measures->T, measures->x)->purchases[(int) measures->x];
	if (unlikely(isnan(*kept)))
		*kept = discrete ? sum_opportunities(model, &forecast->periods, measures) :
			sum_points(model, kept_grid(forecast, measures->T), measures);
	purchases = *kept;
	return discrete ? purchases : purchases * model_forecast_alive(forecast, measures);
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
	double		discount = model_check_discount(PG_GETARG_FLOAT8(5));
	double		margin = model_check_margin(PG_GETARG_FLOAT8(6));
	ModelForecast *forecast = model_forecast_history(fcinfo, purchases, as_of, PG_GETARG_INTERVAL_P(4), discount);
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
	if (discount < MODEL_SMALLEST_DISCOUNT)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("yearly_discount must be %g or more, not %g", MODEL_SMALLEST_DISCOUNT, discount),
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
