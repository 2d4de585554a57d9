/*
 * model_intervals.c
 *		How sure a score is: what the standard errors of the parameters leave open.
 *
 * The delta method (Oehlert 1992, A Note on the Delta Method): the variance of a score is its gradient by the parameters
 * times their covariance. Probabilities are taken on the scale of their log odds, other scores on that of their
 * logarithm, so that an interval stays where the score can be. What a customer will do is far less certain
 * than that: these are intervals of the expectation.
 */
#include "compat.h"

#include <math.h>

#include "utils/float.h"

#include "inference.h"
#include "model_scores.h"

PG_FUNCTION_INFO_V1(model_interval_alive);
PG_FUNCTION_INFO_V1(model_interval_purchases);
PG_FUNCTION_INFO_V1(model_interval_spend);
PG_FUNCTION_INFO_V1(model_interval_ltv);

/* The step of a derivative, in the logarithm of a parameter. */
#define STEP 1e-4

/* What is scored. */
typedef struct ScoreCase
{
	ModelMeasures measures;
	ModelMeasures spent;		/* what the spend model sees: x counts days */
	double		unit_days;
	double		horizon;		/* in units */
	ForecastPeriods periods;
	double		margin;
} ScoreCase;

/* A score of up to two models, both with their parameters. */
typedef double (*ScoreFunction) (const Model *purchases, const Model *spend, const ScoreCase *score);

static double
score_alive(const Model *purchases, const Model *spend, const ScoreCase *score)
{
	return model_probability_alive(purchases, score->measures.x, score->measures.t_x, score->measures.T);
}

static double
score_purchases(const Model *purchases, const Model *spend, const ScoreCase *score)
{
	return model_expected_purchases(purchases, score->measures.x, score->measures.t_x, score->measures.T, score->horizon);
}

static double
score_spend(const Model *purchases, const Model *spend, const ScoreCase *score)
{
	return model_spend_of(spend, &score->spent);
}

static double
score_ltv(const Model *purchases, const Model *spend, const ScoreCase *score)
{
	return model_discounted_purchases(purchases, &score->periods, &score->measures) *
		model_spend_of(spend, &score->spent) * score->margin;
}

/*
 * to_scale, from_scale
 *		From a score to the scale of its interval, and back.
 */
static double
to_scale(double score, bool probability)
{
	return probability ? log(score / (1 - score)) : log(score);
}

static double
from_scale(double value, bool probability)
{
	return probability ? 1 / (1 + exp(-value)) : exp(value);
}

/*
 * add_variance
 *		That of the score, on its scale, by the parameters of one of the models; NaN where it is not known.
 */
static double
add_variance(const StoredModel *stored, Model *varied, const Model *purchases, const Model *spend, ScoreFunction function,
			 const ScoreCase *score, bool probability)
{
	int			count = model_classes[stored->kind].parameter_count;
	double		gradient[MODEL_PARAMETERS];
	double		variance = 0;

	if (!stored->fitted)
		return 0;
	for (int i = 0; i < count; i++)
	{
		double		parameter = varied->parameters[i];
		double		up;
		double		down;

		varied->parameters[i] = parameter * exp(STEP);
		up = to_scale(function(purchases, spend, score), probability);
		varied->parameters[i] = parameter * exp(-STEP);
		down = to_scale(function(purchases, spend, score), probability);
		varied->parameters[i] = parameter;
		gradient[i] = (up - down) / (2 * STEP) / parameter;
	}
	for (int i = 0; i < count; i++)
	{
		for (int j = 0; j < count; j++)
			variance += gradient[i] * stored->covariance[i][j] * gradient[j];
	}
	return variance;
}

/*
 * interval
 *		(estimate, std_error, low, high); the last three are NULL where they are not known.
 */
static Datum
interval(FunctionCallInfo fcinfo, const StoredModel *stored_purchases, const StoredModel *stored_spend, ScoreFunction function,
		 const ScoreCase *score, double confidence, bool probability)
{
	Model		purchases;
	Model		spend;
	Datum		values[4];
	bool		nulls[4] = {false, true, true, true};
	double		width = confidence_z(confidence);
	double		estimate;
	double		variance = 0;

	if ((stored_purchases && !model_get(stored_purchases, &purchases)) || (stored_spend && !model_get(stored_spend, &spend)))
		PG_RETURN_NULL();
	estimate = function(&purchases, &spend, score);
	if (isinf(estimate))
		PG_RETURN_NULL();
	values[0] = Float8GetDatum(estimate);
	if (estimate > 0 && (!probability || estimate < 1))
	{
		if (stored_purchases)
			variance += add_variance(stored_purchases, &purchases, &purchases, &spend, function, score, probability);
		if (stored_spend)
			variance += add_variance(stored_spend, &spend, &purchases, &spend, function, score, probability);
		if (variance > 0 && isfinite(variance))
		{
			double		middle = to_scale(estimate, probability);

			width *= sqrt(variance);
			values[1] = Float8GetDatum(sqrt(variance) * estimate * (probability ? 1 - estimate : 1));
			values[2] = Float8GetDatum(from_scale(middle - width, probability));
			values[3] = Float8GetDatum(from_scale(middle + width, probability));
			nulls[1] = nulls[2] = false;
			nulls[3] = isinf(DatumGetFloat8(values[3]));
		}
	}
	return result_row(fcinfo, values, nulls);
}

/*
 * history_case
 *		What a history is on a day, in the unit of the model; false without a purchase until then.
 */
static bool
history_case(Datum history, DateADT as_of, const StoredModel *purchases, ScoreCase *score)
{
	history_check_finite(as_of, "as_of");
	memset(score, 0, sizeof(*score));
	score->unit_days = purchases ? model_unit_days(purchases) : 1;
	return model_measures(history, as_of, MODEL_BGNBD, 1, &score->spent) &&
		model_measures(history, as_of, purchases ? purchases->kind : MODEL_BGNBD, score->unit_days, &score->measures);
}

/*
 * model_interval_alive
 *		(model, history, as_of, confidence)
 */
Datum
model_interval_alive(PG_FUNCTION_ARGS)
{
	const StoredModel *stored = PG_GETARG_MODEL(0);
	ScoreCase	score;

	if (!history_case(PG_GETARG_DATUM(1), PG_GETARG_DATEADT(2), stored, &score))
		PG_RETURN_NULL();
	return interval(fcinfo, stored, NULL, score_alive, &score, PG_GETARG_FLOAT8(3), true);
}

/*
 * model_interval_purchases
 *		(model, history, as_of, horizon, confidence)
 */
Datum
model_interval_purchases(PG_FUNCTION_ARGS)
{
	const StoredModel *stored = PG_GETARG_MODEL(0);
	ScoreCase	score;

	if (!history_case(PG_GETARG_DATUM(1), PG_GETARG_DATEADT(2), stored, &score))
		PG_RETURN_NULL();
	score.horizon = model_horizon_days(PG_GETARG_DATEADT(2), PG_GETARG_INTERVAL_P(3)) / score.unit_days;
	if (stored->kind == MODEL_BGBB)
		score.horizon = floor(score.horizon);
	return interval(fcinfo, stored, NULL, score_purchases, &score, PG_GETARG_FLOAT8(4), false);
}

/*
 * model_interval_spend
 *		(spend_model, history, as_of, confidence)
 */
Datum
model_interval_spend(PG_FUNCTION_ARGS)
{
	ScoreCase	score;

	if (!history_case(PG_GETARG_DATUM(1), PG_GETARG_DATEADT(2), NULL, &score))
		PG_RETURN_NULL();
	return interval(fcinfo, NULL, PG_GETARG_MODEL(0), score_spend, &score, PG_GETARG_FLOAT8(3), false);
}

/*
 * model_interval_ltv
 *		(purchase_model, spend_model, history, as_of, horizon, yearly_discount, margin, confidence): the two fits are
 *		taken as independent, as the two models are.
 */
Datum
model_interval_ltv(PG_FUNCTION_ARGS)
{
	const StoredModel *purchases = PG_GETARG_MODEL(0);
	DateADT		as_of = PG_GETARG_DATEADT(3);
	ScoreCase	score;

	if (!history_case(PG_GETARG_DATUM(2), as_of, purchases, &score))
		PG_RETURN_NULL();
	score.horizon = model_horizon_days(as_of, PG_GETARG_INTERVAL_P(4)) / score.unit_days;
	score.periods = model_periods(purchases->kind, score.unit_days, score.horizon, model_check_discount(PG_GETARG_FLOAT8(5)));
	score.margin = score.measures.net > 0 ? model_check_margin(PG_GETARG_FLOAT8(6)) : 0;
	return interval(fcinfo, purchases, PG_GETARG_MODEL(1), score_ltv, &score, PG_GETARG_FLOAT8(7), false);
}
