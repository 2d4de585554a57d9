/*
 * model_scores.c
 *		What a model says of a customer: alive or not, purchases to expect, spend to expect.
 *
 * Forms on numbers take them in the unit of the model. Forms on a history measure it in that unit themselves, and take
 * horizons as intervals, which are so many days after as_of.
 */
#include "compat.h"

#include <math.h>

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "model_scores.h"

PG_FUNCTION_INFO_V1(model_score_alive);
PG_FUNCTION_INFO_V1(model_score_alive_history);
PG_FUNCTION_INFO_V1(model_score_alive_path);
PG_FUNCTION_INFO_V1(model_score_purchases);
PG_FUNCTION_INFO_V1(model_score_purchases_history);
PG_FUNCTION_INFO_V1(model_score_purchases_new);
PG_FUNCTION_INFO_V1(model_score_purchase_probability);
PG_FUNCTION_INFO_V1(model_score_no_purchase);
PG_FUNCTION_INFO_V1(model_score_no_purchase_history);
PG_FUNCTION_INFO_V1(model_score_residual);
PG_FUNCTION_INFO_V1(model_score_residual_history);
PG_FUNCTION_INFO_V1(model_score_spend);
PG_FUNCTION_INFO_V1(model_score_spend_history);
PG_FUNCTION_INFO_V1(model_score_survival);
PG_FUNCTION_INFO_V1(model_score_residual_lifetime);

/* ------------------------------------------------------------------------------------------------
 * What is scored
 * ------------------------------------------------------------------------------------------------ */

/*
 * opportunity_measures
 *		For BG/BB, each unit after the one that begins with the first purchase is an opportunity, once it is over.
 */
static void
opportunity_measures(Datum history, DateADT as_of, double unit_days, ModelMeasures *measures)
{
	HistoryReader reader;
	HistoryDay	day;

	measures->T = Max(floor((as_of - measures->first + 1) / unit_days) - 1, 0);
	measures->x = measures->t_x = 0;
	model_check_time(MODEL_BGBB, "T", measures->T);
	history_begin(&reader, history);
	while (history_read(&reader, &day) && day.day <= as_of)
	{
		double		opportunity = floor((day.day - measures->first) / unit_days);

		if (day.orders > 0 && opportunity > measures->t_x && opportunity <= measures->T)
		{
			measures->x++;
			measures->t_x = opportunity;
		}
	}
}

/*
 * model_measures
 */
bool
model_measures(Datum history, DateADT as_of, ModelKind kind, double unit_days, ModelMeasures *measures)
{
	HistoryTotals totals;

	history_totals(history, as_of, &totals);
	if (totals.purchase_days == 0)
		return false;
	measures->first = totals.first;
	measures->net = totals.gross - totals.refunded;
	measures->after_first = totals.after_first;
	measures->x = totals.purchase_days - 1;
	measures->t_x = (totals.last - totals.first) / unit_days;
	measures->T = (as_of - totals.first) / unit_days;
	if (kind == MODEL_BGBB)
		opportunity_measures(history, as_of, unit_days, measures);
	return true;
}

/*
 * model_mean_spend
 */
double
model_mean_spend(const ModelMeasures *measures)
{
	return (double) measures->after_first / measures->x / 1e6;
}

/*
 * numbers_argument
 *		x, t_x and T from three arguments on; checked.
 */
static void
numbers_argument(FunctionCallInfo fcinfo, int argument, ModelKind kind, ModelMeasures *measures)
{
	measures->x = PG_GETARG_FLOAT8(argument);
	measures->t_x = PG_GETARG_FLOAT8(argument + 1);
	measures->T = PG_GETARG_FLOAT8(argument + 2);
	model_check_numbers(kind, measures->x, measures->t_x, measures->T);
}

/*
 * check_horizon
 *		In units of the model; BG/BB counts whole ones.
 */
static double
check_horizon(ModelKind kind, double horizon)
{
	if (!(horizon >= 0) || isinf(horizon))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("horizon must be 0 or more units of the model, not %g", horizon)));
	model_check_time(kind, "horizon", horizon);
	return kind == MODEL_BGBB ? floor(horizon) : horizon;
}

/*
 * model_horizon_days
 */
int
model_horizon_days(DateADT as_of, const Interval *horizon)
{
	Timestamp	begin;
	Timestamp	end;

	history_check_finite(as_of, "as_of");
	begin = DatumGetTimestamp(DirectFunctionCall1(date_timestamp, DateADTGetDatum(as_of)));
	end = DatumGetTimestamp(DirectFunctionCall2(date_pl_interval, DateADTGetDatum(as_of), IntervalPGetDatum(horizon)));
	if (TIMESTAMP_NOT_FINITE(end) || end <= begin || (end - begin) % USECS_PER_DAY != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("horizon must be one day or more, in whole days: %s",
						DatumGetCString(DirectFunctionCall1(interval_out, IntervalPGetDatum(horizon)))),
				 errhint("Say '90 days' or '12 months'.")));
	return (end - begin) / USECS_PER_DAY;
}

/*
 * history_arguments
 *		(model, history, as_of, …): false where there is nothing to score: no purchase yet, or no parameters.
 */
static bool
history_arguments(FunctionCallInfo fcinfo, const StoredModel *stored, Model *model, ModelMeasures *measures)
{
	DateADT		as_of = PG_GETARG_DATEADT(2);
	double		unit_days = model_unit_days(stored);

	history_check_finite(as_of, "as_of");
	return model_get(stored, model) && model_measures(PG_GETARG_DATUM(1), as_of, stored->kind, unit_days, measures);
}

/* ------------------------------------------------------------------------------------------------
 * Alive or not
 * ------------------------------------------------------------------------------------------------ */

/*
 * model_score_alive
 *		(model, x, t_x, T)
 */
Datum
model_score_alive(PG_FUNCTION_ARGS)
{
	const StoredModel *stored = PG_GETARG_MODEL(0);
	ModelMeasures measures;
	Model		model;

	numbers_argument(fcinfo, 1, stored->kind, &measures);
	if (!model_get(stored, &model))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(model_probability_alive(&model, measures.x, measures.t_x, measures.T));
}

/*
 * model_score_alive_history
 *		(model, history, as_of)
 */
Datum
model_score_alive_history(PG_FUNCTION_ARGS)
{
	const StoredModel *stored = PG_GETARG_MODEL(0);
	const ForecastPeriods none = {0};
	ModelMeasures measures;
	Model		model;

	if (!history_arguments(fcinfo, stored, &model, &measures))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(model_forecast_alive(model_forecast(fcinfo, stored, &none), &measures));
}

/*
 * model_score_alive_path
 *		(model, history, from_day, to_day, step): a row for each step-th day from the first purchase on.
 */
Datum
model_score_alive_path(PG_FUNCTION_ARGS)
{
	const StoredModel *stored = PG_GETARG_MODEL(0);
	DateADT		from = PG_GETARG_DATEADT(2);
	DateADT		to = PG_GETARG_DATEADT(3);
	int32		step = PG_GETARG_INT32(4);
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	double		unit_days = model_unit_days(stored);
	const ForecastPeriods none = {0};
	ModelForecast *forecast;
	HistoryReader reader;
	HistoryDay	day;
	Model		model;
	DateADT		first = 0;
	DateADT		last = 0;
	int64		purchase_days = 0;
	bool		more;

	history_check_finite(from, "from_day");
	history_check_finite(to, "to_day");
	if (step < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("step must be one day or more, not %d", step)));
	InitMaterializedSRF(fcinfo, 0);
	if (!model_get(stored, &model))
		return (Datum) 0;
	forecast = model_forecast(fcinfo, stored, &none);
	history_begin(&reader, PG_GETARG_DATUM(1));
	more = history_read(&reader, &day);
	for (int64 at = from; at <= to; at += step)
	{
		ModelMeasures measures;
		Datum		values[2];
		bool		nulls[2] = {false, false};

		CHECK_FOR_INTERRUPTS();
		for (; more && day.day <= at; more = history_read(&reader, &day))
		{
			if (day.orders == 0)
				continue;
			first = purchase_days++ == 0 ? day.day : first;
			last = day.day;
		}
		if (purchase_days == 0)
			continue;
		if (stored->kind == MODEL_BGBB)
			(void) model_measures(PG_GETARG_DATUM(1), at, stored->kind, unit_days, &measures);
		else
		{
			measures.x = purchase_days - 1;
			measures.t_x = (last - first) / unit_days;
			measures.T = (at - first) / unit_days;
		}
		values[0] = DateADTGetDatum((DateADT) at);
		values[1] = Float8GetDatum(model_forecast_alive(forecast, &measures));
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/* ------------------------------------------------------------------------------------------------
 * Purchases
 * ------------------------------------------------------------------------------------------------ */

/*
 * model_score_purchases
 *		(model, horizon, x, t_x, T)
 */
Datum
model_score_purchases(PG_FUNCTION_ARGS)
{
	const StoredModel *stored = PG_GETARG_MODEL(0);
	double		horizon = check_horizon(stored->kind, PG_GETARG_FLOAT8(1));
	ModelMeasures measures;
	Model		model;

	numbers_argument(fcinfo, 2, stored->kind, &measures);
	if (!model_get(stored, &model))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(model_expected_purchases(&model, measures.x, measures.t_x, measures.T, horizon));
}

/*
 * model_score_purchases_history
 *		(model, history, as_of, horizon)
 */
Datum
model_score_purchases_history(PG_FUNCTION_ARGS)
{
	const StoredModel *stored = PG_GETARG_MODEL(0);
	ModelForecast *forecast = model_forecast_history(fcinfo, stored, PG_GETARG_DATEADT(2), PG_GETARG_INTERVAL_P(3), 0);
	ModelMeasures measures;
	Model		model;

	if (!history_arguments(fcinfo, stored, &model, &measures))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(model_forecast_purchases(forecast, &measures));
}

/*
 * model_score_purchases_new
 *		(model, horizon)
 */
Datum
model_score_purchases_new(PG_FUNCTION_ARGS)
{
	const StoredModel *stored = PG_GETARG_MODEL(0);
	double		horizon = check_horizon(stored->kind, PG_GETARG_FLOAT8(1));
	Model		model;

	if (!model_get(stored, &model))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(model_expected_new(&model, horizon));
}

/*
 * model_score_purchase_probability
 *		(model, n, horizon)
 */
Datum
model_score_purchase_probability(PG_FUNCTION_ARGS)
{
	const StoredModel *stored = PG_GETARG_MODEL(0);
	int32		n = PG_GETARG_INT32(1);
	double		horizon = check_horizon(stored->kind, PG_GETARG_FLOAT8(2));
	Model		model;

	if (n < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("n must be 0 or more purchases, not %d", n)));
	if (!model_get(stored, &model))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(model_purchase_probability(&model, n, horizon));
}

/*
 * model_score_no_purchase
 *		(model, horizon, x, t_x, T)
 */
Datum
model_score_no_purchase(PG_FUNCTION_ARGS)
{
	const StoredModel *stored = PG_GETARG_MODEL(0);
	double		horizon = check_horizon(stored->kind, PG_GETARG_FLOAT8(1));
	ModelMeasures measures;
	Model		model;

	numbers_argument(fcinfo, 2, stored->kind, &measures);
	if (!model_get(stored, &model))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(model_no_purchase(&model, measures.x, measures.t_x, measures.T, horizon));
}

/*
 * model_score_no_purchase_history
 *		(model, history, as_of, horizon)
 */
Datum
model_score_no_purchase_history(PG_FUNCTION_ARGS)
{
	const StoredModel *stored = PG_GETARG_MODEL(0);
	double		horizon = model_horizon_days(PG_GETARG_DATEADT(2), PG_GETARG_INTERVAL_P(3)) / model_unit_days(stored);
	ModelMeasures measures;
	Model		model;

	if (!history_arguments(fcinfo, stored, &model, &measures))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(model_no_purchase(&model, measures.x, measures.t_x, measures.T, check_horizon(stored->kind, horizon)));
}

/*
 * model_score_residual
 *		(model, rate, x, t_x, T): rate is continuous, by unit; of BG/BB, by opportunity.
 */
Datum
model_score_residual(PG_FUNCTION_ARGS)
{
	const StoredModel *stored = PG_GETARG_MODEL(0);
	double		rate = PG_GETARG_FLOAT8(1);
	ModelMeasures measures;
	Model		model;

	if (!model_parameter_is_valid(rate))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("rate must be from %g to %g, not %g", MODEL_SMALLEST_PARAMETER, MODEL_LARGEST_PARAMETER, rate),
				 errhint("Without a discount the sum to infinity may be infinite.")));
	numbers_argument(fcinfo, 2, stored->kind, &measures);
	if (!model_get(stored, &model))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(model_residual(&model, measures.x, measures.t_x, measures.T, rate));
}

/*
 * model_score_residual_history
 *		(model, history, as_of, yearly_discount)
 */
Datum
model_score_residual_history(PG_FUNCTION_ARGS)
{
	const StoredModel *stored = PG_GETARG_MODEL(0);
	double		discount = model_check_discount(PG_GETARG_FLOAT8(3));
	ModelMeasures measures;
	Model		model;
	double		rate;

	if (discount < MODEL_SMALLEST_DISCOUNT)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("yearly_discount must be %g or more, not %g", MODEL_SMALLEST_DISCOUNT, discount),
				 errhint("Without a discount the sum to infinity may be infinite.")));
	if (!history_arguments(fcinfo, stored, &model, &measures))
		PG_RETURN_NULL();
	rate = log1p(discount) * model_unit_days(stored) / DAYS_PER_AVERAGE_YEAR;
	PG_RETURN_FLOAT8(model_residual(&model, measures.x, measures.t_x, measures.T,
									stored->kind == MODEL_BGBB ? expm1(rate) : rate));
}

/* ------------------------------------------------------------------------------------------------
 * Spend, contracts
 * ------------------------------------------------------------------------------------------------ */

/*
 * model_score_spend
 *		(spend_model, x, m_x); NULL where the model has no mean. m_x of a customer with x = 0 does not matter.
 */
Datum
model_score_spend(PG_FUNCTION_ARGS)
{
	const StoredModel *stored = PG_GETARG_MODEL(0);
	double		x = PG_GETARG_FLOAT8(1);
	double		mean = PG_GETARG_FLOAT8(2);
	Model		model;
	double		spend;

	if (!(x >= 0) || isinf(x) || x != floor(x) || isnan(mean) || isinf(mean))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("x must be a whole number and m_x finite: x = %g, m_x = %g", x, mean)));
	if (!model_get(stored, &model))
		PG_RETURN_NULL();
	spend = model_expected_spend(&model, x, Max(mean, 0));
	if (isinf(spend))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(spend);
}

/*
 * model_score_spend_history
 *		(spend_model, history, as_of)
 */
Datum
model_score_spend_history(PG_FUNCTION_ARGS)
{
	DateADT		as_of = PG_GETARG_DATEADT(2);
	ModelMeasures measures;
	Model		model;
	double		spend;

	history_check_finite(as_of, "as_of");
	if (!model_get(PG_GETARG_MODEL(0), &model) || !model_measures(PG_GETARG_DATUM(1), as_of, MODEL_BGNBD, 1, &measures))
		PG_RETURN_NULL();
	spend = model_spend_of(&model, &measures);
	if (isinf(spend))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(spend);
}

/*
 * check_periods
 */
static double
check_periods(double periods)
{
	if (!(periods >= 0) || isinf(periods))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("periods must be 0 or more, not %g", periods)));
	return periods;
}

/*
 * model_score_survival
 *		(contract_model, periods)
 */
Datum
model_score_survival(PG_FUNCTION_ARGS)
{
	double		periods = check_periods(PG_GETARG_FLOAT8(1));
	Model		model;

	if (!model_get(PG_GETARG_MODEL(0), &model))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(model_survival(&model, periods));
}

/*
 * model_score_residual_lifetime
 *		(contract_model, periods, discount, at_renewal)
 */
Datum
model_score_residual_lifetime(PG_FUNCTION_ARGS)
{
	double		periods = check_periods(PG_GETARG_FLOAT8(1));
	double		discount = PG_GETARG_FLOAT8(2);
	Model		model;

	if (!model_parameter_is_valid(discount))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("discount must be a fraction from %g for each period, not %g", MODEL_SMALLEST_PARAMETER, discount)));
	if (!model_get(PG_GETARG_MODEL(0), &model))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(model_residual_lifetime(&model, periods, discount, PG_GETARG_BOOL(3)));
}
