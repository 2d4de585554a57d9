/*
 * churn.c
 *		The risk that a customer makes no purchase in a horizon, what it is called and what it costs, and when the next purchase is due.
 */
#include "compat.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"
#include "utils/tuplestore.h"

#include "churn.h"
#include "language.h"
#include "model_scores.h"

PG_FUNCTION_INFO_V1(churn_risk_rhythm);
PG_FUNCTION_INFO_V1(next_purchase);
PG_FUNCTION_INFO_V1(revenue_at_risk);
PG_FUNCTION_INFO_V1(churn_band);
PG_FUNCTION_INFO_V1(churn_band_label);
PG_FUNCTION_INFO_V1(churn_band_rank);
PG_FUNCTION_INFO_V1(churn_bands);
PG_FUNCTION_INFO_V1(churn_index);

/* ------------------------------------------------------------------------------------------------
 * The purchases of one customer
 * ------------------------------------------------------------------------------------------------ */

/*
 * add_purchase_day
 */
static void
add_purchase_day(Purchases *purchases, const HistoryDay *day)
{
	if (purchases->count == purchases->capacity)
	{
		int64		capacity = purchases->capacity * 2;
		int32	   *days = palloc_extended(capacity * sizeof(int32), MCXT_ALLOC_HUGE);
		double	   *spend = palloc_extended(capacity * sizeof(double), MCXT_ALLOC_HUGE);

		memcpy(days, purchases->days, purchases->count * sizeof(int32));
		memcpy(spend, purchases->spend, purchases->count * sizeof(double));
		purchases->days = days;
		purchases->spend = spend;
		purchases->capacity = capacity;
	}
	purchases->days[purchases->count] = day->day;
	purchases->spend[purchases->count++] = (double) day->gross / 1e6;
}

/*
 * purchases_read
 */
bool
purchases_read(Purchases *purchases, Datum history, DateADT as_of)
{
	HistoryReader reader;
	HistoryDay	day;
	int128		gross = 0;
	int128		refunded = 0;

	history_check_finite(as_of, "as_of");
	purchases->days = purchases->few_days;
	purchases->spend = purchases->few_spend;
	purchases->capacity = FEW_PURCHASES;
	purchases->count = purchases->orders = purchases->refunds = 0;
	history_begin(&reader, history);
	while (history_read(&reader, &day) && day.day <= as_of)
	{
		history_count_add(&purchases->orders, day.orders);
		history_count_add(&purchases->refunds, day.refunds);
		gross += day.gross;
		refunded += day.refunded;
		if (day.orders > 0)
			add_purchase_day(purchases, &day);
	}
	if (purchases->count == 0)
		return false;
	purchases->gross = (double) gross / 1e6;
	purchases->refunded = (double) refunded / 1e6;
	purchases->tenure = as_of - purchases->days[0];
	purchases->silence = as_of - purchases->days[purchases->count - 1];
	return true;
}

/*
 * purchases_median_gap
 */
double
purchases_median_gap(const Purchases *purchases)
{
	int64		n = purchases->count - 1;
	int32		few_gaps[FEW_PURCHASES];
	int32	   *gaps = n <= FEW_PURCHASES ? few_gaps : palloc_extended(n * sizeof(int32), MCXT_ALLOC_HUGE);

	for (int64 i = 0; i < n; i++)
		gaps[i] = purchases->days[i + 1] - purchases->days[i];
	return history_median_of(gaps, n);
}

/* ------------------------------------------------------------------------------------------------
 * Risk by the customer's own rhythm
 * ------------------------------------------------------------------------------------------------ */

/* Of a customer who will buy again, the time to the next purchase: longer than t with the probability (b / (b + t))^a. */
typedef struct OwnRhythm
{
	double		a;
	double		b;				/* days */
	int32		silence;
} OwnRhythm;

/*
 * own_rhythm
 *		What the population's rates are, given the gaps of the customer and the silence; false without a purchase.
 */
static bool
own_rhythm(Datum history, DateADT as_of, const RhythmCurve *curve, OwnRhythm *rhythm)
{
	HistoryTotals totals;

	history_check_finite(as_of, "as_of");
	history_totals(history, as_of, &totals);
	if (totals.purchase_days == 0)
		return false;
	rhythm->a = curve->k + (totals.purchase_days - 1);
	rhythm->b = curve->theta + ((double) as_of - totals.first);
	rhythm->silence = as_of - totals.last;
	return true;
}

/*
 * churn_risk_rhythm
 *		(history, as_of, population_rhythm, horizon): never to return, or to return later than that. Who has been silent for longer has a
 *		larger share of the first, so that the risk only grows with the silence.
 */
Datum
churn_risk_rhythm(PG_FUNCTION_ARGS)
{
	int			days = model_horizon_days(PG_GETARG_DATEADT(1), PG_GETARG_INTERVAL_P(3));
	const RhythmCurve *curve = rhythm_argument(fcinfo, 2);
	OwnRhythm	rhythm;
	double		survival;
	double		never;

	if (curve == NULL || !own_rhythm(PG_GETARG_DATUM(0), PG_GETARG_DATEADT(1), curve, &rhythm))
		PG_RETURN_NULL();
	survival = curve->survival[Min(rhythm_bin(rhythm.silence), curve->bins - 1)];
	never = curve->never > 0 ? Min(curve->never / survival, 1) : 0;
	PG_RETURN_FLOAT8(never + (1 - never) * exp(-rhythm.a * log1p(days / rhythm.b)));
}

/*
 * day_of_share
 *		The day by which so large a share of those who return have done so; false where no date is that late.
 */
static bool
day_of_share(DateADT as_of, const OwnRhythm *rhythm, double share, Datum *day)
{
	double		days = ceil(rhythm->b * expm1(-log1p(-share) / rhythm->a));

	if (!(as_of + days <= HISTORY_LAST_DAY))
		return false;
	*day = DateADTGetDatum((DateADT) (as_of + days));
	return true;
}

/*
 * next_purchase
 *		(history, as_of, population_rhythm, confidence): the median and an interval, for a customer who returns.
 */
Datum
next_purchase(PG_FUNCTION_ARGS)
{
	DateADT		as_of = PG_GETARG_DATEADT(1);
	const RhythmCurve *curve = rhythm_argument(fcinfo, 2);
	double		confidence = PG_GETARG_FLOAT8(3);
	double		shares[3] = {0.5, (1 - confidence) / 2, (1 + confidence) / 2};
	OwnRhythm	rhythm;
	Datum		values[3] = {0};
	bool		nulls[3];

	if (!(confidence > 0 && confidence < 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("confidence must be between 0 and 1, not %g", confidence)));
	if (curve == NULL || !own_rhythm(PG_GETARG_DATUM(0), as_of, curve, &rhythm))
		PG_RETURN_NULL();
	for (int i = 0; i < 3; i++)
		nulls[i] = !day_of_share(as_of, &rhythm, shares[i], &values[i]);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(rhythm_row_type(fcinfo), values, nulls)));
}

/*
 * check_risk
 */
static double
check_risk(double risk)
{
	if (!(risk >= 0 && risk <= 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a risk is a probability from 0 to 1, not %g", risk)));
	return risk;
}

/*
 * revenue_at_risk
 *		(expected_value, risk)
 */
Datum
revenue_at_risk(PG_FUNCTION_ARGS)
{
	Datum		value = PG_GETARG_DATUM(0);
	double		risk = check_risk(PG_GETARG_FLOAT8(1));
	Datum		zero = NumericGetDatum(int64_to_numeric(0));

	if (DatumGetBool(DirectFunctionCall2(numeric_lt, value, zero)))
		value = zero;
	return DirectFunctionCall2(numeric_mul, value, DirectFunctionCall1(float8_numeric, Float8GetDatum(risk)));
}

/* ------------------------------------------------------------------------------------------------
 * Bands
 * ------------------------------------------------------------------------------------------------ */

/* Each third of the risks, from the lowest. */
static const struct
{
	const char *key;
	const char *label_en;
	const char *label_zh;
	const char *action_en;
	const char *action_zh;
}			bands[] = {
	{"low", "Low", "低",
		"Leave them as they are: no discount is needed.", "保持现状，无需优惠。"},
	{"medium", "Medium", "中",
		"Remind them before their usual day has passed: news, what goes with their last order.", "在惯常购买日前提醒：新品与上次购买的搭配。"},
	{"high", "High", "高",
		"Call those with the most revenue at risk, find out why, make a personal offer.", "优先联系风险收入最高者，了解原因，提供专属优惠。"}
};

/*
 * churn_band
 *		(risk)
 */
Datum
churn_band(PG_FUNCTION_ARGS)
{
	double		risk = check_risk(PG_GETARG_FLOAT8(0));

	PG_RETURN_TEXT_P(cstring_to_text(bands[risk < 1.0 / 3 ? 0 : risk < 2.0 / 3 ? 1 : 2].key));
}

/*
 * band_argument
 *		The place of the band that is the first argument.
 */
static int
band_argument(FunctionCallInfo fcinfo)
{
	char	   *key = text_to_cstring(PG_GETARG_TEXT_PP(0));

	for (int i = 0; i < lengthof(bands); i++)
	{
		if (strcmp(key, bands[i].key) == 0)
			return i;
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown band of risk: \"%s\"", key),
			 errhint("Bands are low, medium and high.")));
	pg_unreachable();
}

/*
 * churn_band_label
 *		(band, language)
 */
Datum
churn_band_label(PG_FUNCTION_ARGS)
{
	int			band = band_argument(fcinfo);

	PG_RETURN_TEXT_P(cstring_to_text(speaks_chinese(PG_GETARG_TEXT_PP(1)) ? bands[band].label_zh : bands[band].label_en));
}

/*
 * churn_band_rank
 *		(band)
 */
Datum
churn_band_rank(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(band_argument(fcinfo) + 1);
}

/*
 * churn_bands
 *		(band, rank, label_en, label_zh, action_en, action_zh) for each band, in order.
 */
Datum
churn_bands(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < lengthof(bands); i++)
	{
		Datum		row[] = {
			CStringGetTextDatum(bands[i].key),
			Int32GetDatum(i + 1),
			CStringGetTextDatum(bands[i].label_en),
			CStringGetTextDatum(bands[i].label_zh),
			CStringGetTextDatum(bands[i].action_en),
			CStringGetTextDatum(bands[i].action_zh)
		};
		bool		nulls[lengthof(row)] = {false};

		tuplestore_putvalues(result->setResult, result->setDesc, row, nulls);
	}
	return (Datum) 0;
}

/* ------------------------------------------------------------------------------------------------
 * One number of behaviour, satisfaction and complaints
 * ------------------------------------------------------------------------------------------------ */

/*
 * read_weights
 */
static void
read_weights(ArrayType *array, double weights[3])
{
	Datum	   *elements;
	bool	   *nulls;
	int			count;
	double		sum = 0;
	bool		valid;

	deconstruct_array(array, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, &elements, &nulls, &count);
	valid = count == 3;
	for (int i = 0; valid && i < 3; i++)
	{
		weights[i] = nulls[i] ? get_float8_nan() : DatumGetFloat8(elements[i]);
		valid = weights[i] >= 0 && !isinf(weights[i]);
		sum += weights[i];
	}
	if (!valid || !(sum > 0) || isinf(sum))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("weights of churn_index must be three numbers from 0, not all 0"),
				 errhint("Those of behaviour, satisfaction and complaints: ARRAY[0.6, 0.25, 0.15].")));
}

/*
 * churn_index
 *		(risk, satisfaction, complaints, weights): the weighted mean of those that are known.
 */
Datum
churn_index(PG_FUNCTION_ARGS)
{
	double		weights[3];
	double		sum = 0;
	double		weight = 0;

	if (PG_ARGISNULL(3))
		PG_RETURN_NULL();
	read_weights(PG_GETARG_ARRAYTYPE_P(3), weights);
	if (!PG_ARGISNULL(0))
	{
		sum += weights[0] * check_risk(PG_GETARG_FLOAT8(0));
		weight += weights[0];
	}
	if (!PG_ARGISNULL(1))
	{
		double		satisfaction = PG_GETARG_FLOAT8(1);

		if (!(satisfaction >= 1 && satisfaction <= 5))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("satisfaction must be from 1 (very dissatisfied) to 5 (very satisfied), not %g", satisfaction)));
		sum += weights[1] * (5 - satisfaction) / 4;
		weight += weights[1];
	}
	if (!PG_ARGISNULL(2))
	{
		int64		complaints = PG_GETARG_INT64(2);

		if (complaints < 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("complaints must be 0 or more, not " INT64_FORMAT, complaints)));
		sum += weights[2] * -expm1(-M_LN2 * complaints);
		weight += weights[2];
	}
	if (weight == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(sum / weight);
}
