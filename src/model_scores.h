/*
 * model_scores.h
 *		Scores of purchase models over many customers.
 */
#ifndef PG_CUSTOMER_MODEL_SCORES_H
#define PG_CUSTOMER_MODEL_SCORES_H

#include "model.h"
#include "utils/timestamp.h"

#define DAYS_PER_AVERAGE_YEAR 365.25

/* A horizon from a day on, in days; an error unless it is whole days and at least one. */
extern int	model_horizon_days(DateADT as_of, const Interval *horizon);

/* A yearly discount as a fraction; an error below 0 or above 1, for 10 is not 10 %. */
extern double model_check_discount(double yearly_discount);

/* A margin as a fraction; an error below 0 or above 1. */
extern double model_check_margin(double margin);

/* The spend to expect of a transaction of a customer; infinite where the model has no mean. */
extern double model_spend_of(const Model *spend, const ModelMeasures *measures);

/* The periods after as_of, each discounted by one factor more than the one before; all in units of the model. */
typedef struct ForecastPeriods
{
	double		horizon;
	double		length;			/* of a period; the last may be a part of one */
	double		factor;
	int			count;
} ForecastPeriods;

/* Periods of one unit, discounted by a yearly fraction. */
extern ForecastPeriods model_periods(ModelKind kind, double unit_days, double horizon, double yearly_discount);

/* The purchases to expect of a customer, discounted. */
extern double model_discounted_purchases(const Model *model, const ForecastPeriods *periods, const ModelMeasures *measures);

/*
 * The same for one customer after the other. What depends on few numbers of a customer is computed once for all who have
 * them, and is kept at the place in the query from which the function is called.
 */
typedef struct ModelForecast ModelForecast;

extern ModelForecast *model_forecast(FunctionCallInfo fcinfo, const StoredModel *stored, const ForecastPeriods *periods);
extern ModelForecast *model_forecast_history(FunctionCallInfo fcinfo, const StoredModel *stored, DateADT as_of, const Interval *horizon, double yearly_discount);
extern double model_forecast_purchases(ModelForecast *forecast, const ModelMeasures *measures);
extern double model_forecast_alive(ModelForecast *forecast, const ModelMeasures *measures);

#endif							/* PG_CUSTOMER_MODEL_SCORES_H */
