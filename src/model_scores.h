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

/*
 * The purchases to expect of one customer after the other, those of the i-th unit after as_of counted (1 +
 * yearly_discount)^(-i / units a year). What depends on few numbers of a customer is computed once for all who
 * have them, and is kept at the place in the query from which the function is called.
 */
typedef struct ModelForecast ModelForecast;

extern ModelForecast *model_forecast(FunctionCallInfo fcinfo, const StoredModel *stored, double horizon, double yearly_discount);
extern double model_forecast_purchases(ModelForecast *forecast, const ModelMeasures *measures);

/* The same for one customer, from parameters that may change. */
extern double model_discounted_purchases(const Model *model, double unit_days, double horizon, double yearly_discount,
										 const ModelMeasures *measures);

#endif							/* PG_CUSTOMER_MODEL_SCORES_H */
