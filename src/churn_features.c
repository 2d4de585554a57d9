/*
 * churn_features.c
 *		What a history tells a model of churn, in numbers: how long the customer is silent, how often and how much was bought, whether that
 *		grows or falls. Nothing after as_of counts.
 */
#include "compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "churn.h"
#include "logistic.h"

PG_FUNCTION_INFO_V1(churn_features);
PG_FUNCTION_INFO_V1(churn_feature_names);
PG_FUNCTION_INFO_V1(churn_risk_logistic);
PG_FUNCTION_INFO_V1(logistic_shift_intercept);

/* In their order. Logarithms are natural, of one more than days, counts and money. */
static const char *const names[CHURN_FEATURES] = {
	"recency", "frequency", "tenure", "spend", "average_order", "once", "usual_gap", "overdue", "longest_silence",
	"gap_variation", "gap_trend", "last_spend", "recent_days", "recent_spend", "spend_trend", "momentum", "refund_share", "refunds"
};

/* Days that are recent; the trend is against as many before. */
#define RECENT_DAYS 90

/*
 * log_ratio
 */
static double
log_ratio(double value, double usual)
{
	return log((1 + value) / (1 + usual));
}

/*
 * churn_features_of
 */
void
churn_features_of(const Purchases *purchases, double features[CHURN_FEATURES])
{
	int64		days = purchases->count;
	int32		last = purchases->days[days - 1];
	double		mean_gap = days > 1 ? (double) (last - purchases->days[0]) / (days - 1) : 0;
	double		longest = 0;
	double		squares = 0;
	double		momentum = 0;
	double		recent_days = 0;
	double		recent_spend = 0;
	double		spend_before = 0;

	for (int64 i = 0; i < days; i++)
	{
		int32		age = purchases->silence + (last - purchases->days[i]);
		double		gap = i > 0 ? purchases->days[i] - purchases->days[i - 1] : mean_gap;

		longest = i > 0 ? Max(longest, gap) : 0;
		squares += (gap - mean_gap) * (gap - mean_gap);
		momentum += exp2(-age / (double) RECENT_DAYS);
		if (age < RECENT_DAYS)
		{
			recent_days++;
			recent_spend += purchases->spend[i];
		}
		else if (age < 2 * RECENT_DAYS)
			spend_before += purchases->spend[i];
	}

	features[0] = log1p(purchases->silence);
	features[1] = log(days);
	features[2] = log1p(purchases->tenure);
	features[3] = log1p(Max(purchases->gross - purchases->refunded, 0));
	features[4] = log1p(purchases->gross / purchases->orders);
	features[5] = days == 1;
	features[6] = log1p(days > 1 ? purchases_median_gap(purchases) : purchases->tenure);
	features[7] = log_ratio(purchases->silence, (double) purchases->tenure / days);
	features[8] = days > 1 ? log_ratio(purchases->silence, longest) : 0;
	features[9] = days > 2 ? sqrt(squares / (days - 1)) / mean_gap : 0;
	features[10] = days > 1 ? log_ratio(last - purchases->days[days - 2], mean_gap) : 0;
	features[11] = log_ratio(purchases->spend[days - 1], purchases->gross / days);
	features[12] = log1p(recent_days);
	features[13] = log1p(recent_spend);
	features[14] = log_ratio(recent_spend, spend_before);
	features[15] = log(1e-3 + momentum);
	features[16] = purchases->gross > 0 ? Min(purchases->refunded / purchases->gross, 1) : 0;
	features[17] = log1p(purchases->refunds);
}

/*
 * churn_features
 *		(history, as_of); NULL without a purchase until then.
 */
Datum
churn_features(PG_FUNCTION_ARGS)
{
	Purchases	purchases;
	double		features[CHURN_FEATURES];
	Datum		elements[CHURN_FEATURES];

	if (!purchases_read(&purchases, PG_GETARG_DATUM(0), PG_GETARG_DATEADT(1)))
		PG_RETURN_NULL();
	churn_features_of(&purchases, features);
	for (int i = 0; i < CHURN_FEATURES; i++)
		elements[i] = Float8GetDatum(features[i]);
	PG_RETURN_ARRAYTYPE_P(construct_array(elements, CHURN_FEATURES, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/*
 * churn_feature_names
 */
Datum
churn_feature_names(PG_FUNCTION_ARGS)
{
	Datum		elements[CHURN_FEATURES];

	for (int i = 0; i < CHURN_FEATURES; i++)
		elements[i] = CStringGetTextDatum(names[i]);
	PG_RETURN_ARRAYTYPE_P(construct_array(elements, CHURN_FEATURES, TEXTOID, -1, false, TYPALIGN_INT));
}

/*
 * churn_risk_logistic
 *		(model, history, as_of): predict(model, churn_features(history, as_of)), without the array between them.
 */
Datum
churn_risk_logistic(PG_FUNCTION_ARGS)
{
	const LogisticModel *model = PG_GETARG_LOGISTIC_MODEL(0);
	Purchases	purchases;
	double		features[CHURN_FEATURES];

	if (model->features != CHURN_FEATURES)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the model has %d features, not the %d of churn_features", model->features, CHURN_FEATURES),
				 errhint("Fit it on churn_features, or use predict with its own features.")));
	if (isnan(model->numbers[0]) || !purchases_read(&purchases, PG_GETARG_DATUM(1), PG_GETARG_DATEADT(2)))
		PG_RETURN_NULL();
	churn_features_of(&purchases, features);
	PG_RETURN_FLOAT8(logistic_probability(logistic_score(model->numbers, features, CHURN_FEATURES)));
}

/*
 * logistic_shift_intercept
 *		(model, shift)
 */
Datum
logistic_shift_intercept(PG_FUNCTION_ARGS)
{
	const LogisticModel *model = PG_GETARG_LOGISTIC_MODEL(0);
	double		shift = PG_GETARG_FLOAT8(1);
	LogisticModel *shifted = palloc(VARSIZE(model));

	if (!(fabs(shift) <= LARGEST_COEFFICIENT) || fabs(model->numbers[0] + shift) > LARGEST_COEFFICIENT)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("shift cannot be %g", shift),
				 errhint("Coefficients must be finite, and not above %g.", LARGEST_COEFFICIENT)));
	memcpy(shifted, model, VARSIZE(model));
	shifted->numbers[0] += shift;
	PG_RETURN_POINTER(shifted);
}
