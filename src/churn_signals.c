/*
 * churn_signals.c
 *		Why a customer may leave: each sign with its measure and the threshold that makes it a reason.
 *
 * Whether spend falls or gaps grow is judged by the customer's own purchases, in logarithms, in two ways. The z-score sets the last
 * three against all before. The CUSUM adds up how far each is off those before it, so that a slow drift shows too; it needs no
 * known mean and deviation (self-starting: Hawkins 1987).
 */
#include "compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/tuplestore.h"

#include "churn.h"
#include "language.h"
#include "math/distributions.h"

PG_FUNCTION_INFO_V1(churn_signals);
PG_FUNCTION_INFO_V1(churn_reasons);

/* The latest values, and how many there must be before them. */
#define RECENT_VALUES 3

/* A change of less than about one percent is none, however regular the customer. */
#define LEAST_DEVIATION 0.01

/* A one-sided test at 5 %; a sum that chance alone reaches once in some 170 purchases. */
#define Z_LIMIT 1.645
#define CUSUM_LIMIT 4.0
#define CUSUM_SLACK 0.5

/* No single value counts for more than that. */
#define LARGEST_SCORE 8.0

/* Without a known rhythm, a first purchase has not been repeated after so many days; with one, after twice that. */
#define FIRST_SILENCE 30.0

/* In the order of the result. */
typedef enum SignalKind
{
	SIGNAL_OVERDUE,
	SIGNAL_NEVER_REPEATED,
	SIGNAL_SPEND_FALLING,
	SIGNAL_ORDERS_THINNING,
	SIGNAL_LOW_SATISFACTION,
	SIGNAL_FALLING_SATISFACTION,
	SIGNAL_COMPLAINT,
	SIGNALS
} SignalKind;

typedef struct Signal
{
	double		measure;		/* NaN where there is none */
	double		threshold;
	double		cusum;
	bool		raised;
} Signal;

/* Sentences of the measure, and of the CUSUM where there is one. */
static const struct
{
	const char *key;
	const char *en;
	const char *zh;
}			signals[SIGNALS] = {
	[SIGNAL_OVERDUE] = {"overdue", "overdue: silent for %.1f usual gaps", "超期：沉默时间为惯常间隔的 %.1f 倍"},
	[SIGNAL_NEVER_REPEATED] = {"never_repeated", "first purchase not repeated for %.0f days", "首次购买后 %.0f 天未再购买"},
	[SIGNAL_SPEND_FALLING] = {"spend_falling", "spend falling: z %.1f, CUSUM %.1f", "消费下降：z 值 %.1f，CUSUM %.1f"},
	[SIGNAL_ORDERS_THINNING] = {"orders_thinning", "orders thinning out: z %.1f, CUSUM %.1f", "购买变稀：z 值 %.1f，CUSUM %.1f"},
	[SIGNAL_LOW_SATISFACTION] = {"low_satisfaction", "low satisfaction: last score %g", "满意度低：最近评分 %g"},
	[SIGNAL_FALLING_SATISFACTION] = {"falling_satisfaction", "satisfaction falling: %g", "满意度下降：%g"},
	[SIGNAL_COMPLAINT] = {"complaint", "complaints: %.0f", "投诉：%.0f 次"}
};

/* ------------------------------------------------------------------------------------------------
 * Change points
 * ------------------------------------------------------------------------------------------------ */

/* Mean and sum of squared deviations of the values so far (Welford 1962). */
typedef struct Moments
{
	int64		count;
	double		mean;
	double		squares;
} Moments;

static void
add_value(Moments *moments, double value)
{
	double		off = value - moments->mean;

	moments->count++;
	moments->mean += off / moments->count;
	moments->squares += off * (value - moments->mean);
}

/*
 * next_cusum
 *		The sum with one value more, which counts by how far it is off those before it, as a normal score. That is nearer to 0 than the
 *		t from which it comes, so a sum that even t would not lift above 0 stays there, and needs no distribution.
 */
static double
next_cusum(double cusum, const Moments *before, double value, int direction)
{
	double		n = before->count;
	double		deviation = Max(sqrt(before->squares / (n - 1)), LEAST_DEVIATION);
	double		t = direction * ((value - before->mean) / deviation * sqrt(n / (n + 1)));
	double		tail;
	double		score;

	if (cusum + Max(t, 0) < 0.99 * CUSUM_SLACK)
		return 0;
	tail = student_t_two_sided(t, n - 1) / 2;
	score = tail > 0 ? -normal_quantile(tail) : LARGEST_SCORE;
	return Max(0, cusum + copysign(Min(score, LARGEST_SCORE), t) - CUSUM_SLACK);
}

/*
 * set_trend
 *		Of a series of positive values: the z-score of the last ones against those before, and the CUSUM. direction is 1 where growth
 *		is bad, -1 where decline is.
 */
static void
set_trend(Signal *signal, const double *values, int64 count, int direction)
{
	Moments		before = {0};
	Moments		recent = {0};
	Moments		all = {0};
	double		deviation;

	signal->threshold = direction * Z_LIMIT;
	if (count < 2 * RECENT_VALUES)
		return;
	signal->cusum = 0;
	for (int64 i = 0; i < count; i++)
	{
		double		value = log1p(values[i]);

		if (i >= RECENT_VALUES)
			signal->cusum = next_cusum(signal->cusum, &all, value, direction);
		add_value(&all, value);
		add_value(i < count - RECENT_VALUES ? &before : &recent, value);
	}
	deviation = Max(sqrt((before.squares + recent.squares) / (count - 2)), LEAST_DEVIATION);
	signal->measure = (recent.mean - before.mean) / (deviation * sqrt(1.0 / before.count + 1.0 / recent.count));
	signal->raised = direction * signal->measure > Z_LIMIT || signal->cusum > CUSUM_LIMIT;
}

/* ------------------------------------------------------------------------------------------------
 * The signals
 * ------------------------------------------------------------------------------------------------ */

/*
 * number_argument
 *		NaN where it is NULL.
 */
static double
number_argument(FunctionCallInfo fcinfo, int argument)
{
	return PG_ARGISNULL(argument) ? get_float8_nan() : PG_GETARG_FLOAT8(argument);
}

/*
 * set_signals
 *		(history, as_of, population_gap, last_score, score_before, complaints, low_score); false without a purchase.
 */
static bool
set_signals(FunctionCallInfo fcinfo, Signal found[SIGNALS])
{
	double		population_gap = number_argument(fcinfo, 2);
	double		last_score = number_argument(fcinfo, 3);
	double		score_before = number_argument(fcinfo, 4);
	Purchases	purchases;
	int64		gaps;
	double	   *gap_days;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || !purchases_read(&purchases, PG_GETARG_DATUM(0), PG_GETARG_DATEADT(1)))
		return false;
	if (population_gap < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("population_gap must be 0 or more days, not %g", population_gap)));
	for (int i = 0; i < SIGNALS; i++)
		found[i] = (Signal) {get_float8_nan(), get_float8_nan(), get_float8_nan(), false};

	gaps = purchases.count - 1;
	found[SIGNAL_OVERDUE].threshold = 2;
	found[SIGNAL_NEVER_REPEATED].threshold = isnan(population_gap) ? FIRST_SILENCE : Max(2 * population_gap, FIRST_SILENCE);
	if (gaps >= 2)
	{
		found[SIGNAL_OVERDUE].measure = purchases.silence / purchases_median_gap(&purchases);
		found[SIGNAL_OVERDUE].raised = found[SIGNAL_OVERDUE].measure > 2;
	}
	else if (gaps == 0)
	{
		found[SIGNAL_NEVER_REPEATED].measure = purchases.silence;
		found[SIGNAL_NEVER_REPEATED].raised = purchases.silence > found[SIGNAL_NEVER_REPEATED].threshold;
	}

	set_trend(&found[SIGNAL_SPEND_FALLING], purchases.spend, purchases.count, -1);
	gap_days = palloc_extended(Max(gaps, 1) * sizeof(double), MCXT_ALLOC_HUGE);
	for (int64 i = 0; i < gaps; i++)
		gap_days[i] = purchases.days[i + 1] - purchases.days[i];
	set_trend(&found[SIGNAL_ORDERS_THINNING], gap_days, gaps, 1);

	found[SIGNAL_LOW_SATISFACTION].threshold = number_argument(fcinfo, 6);
	found[SIGNAL_LOW_SATISFACTION].measure = last_score;
	found[SIGNAL_LOW_SATISFACTION].raised = last_score <= found[SIGNAL_LOW_SATISFACTION].threshold;
	found[SIGNAL_FALLING_SATISFACTION].threshold = 0;
	found[SIGNAL_FALLING_SATISFACTION].measure = last_score - score_before;
	found[SIGNAL_FALLING_SATISFACTION].raised = last_score < score_before;
	found[SIGNAL_COMPLAINT].threshold = 0;
	if (!PG_ARGISNULL(5))
		found[SIGNAL_COMPLAINT].measure = PG_GETARG_INT64(5);
	found[SIGNAL_COMPLAINT].raised = found[SIGNAL_COMPLAINT].measure > 0;
	return true;
}

/*
 * churn_signals
 *		(signal, measure, threshold, cusum, raised) for each of them.
 */
Datum
churn_signals(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Signal		found[SIGNALS];

	InitMaterializedSRF(fcinfo, 0);
	if (!set_signals(fcinfo, found))
		return (Datum) 0;
	for (int i = 0; i < SIGNALS; i++)
	{
		Datum		values[] = {
			CStringGetTextDatum(signals[i].key), Float8GetDatum(found[i].measure), Float8GetDatum(found[i].threshold),
			Float8GetDatum(found[i].cusum), BoolGetDatum(found[i].raised)
		};
		bool		nulls[] = {false, isnan(found[i].measure), isnan(found[i].threshold), isnan(found[i].cusum), false};

		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/*
 * churn_reasons
 *		(…, language): a sentence for each signal that is raised.
 */
Datum
churn_reasons(PG_FUNCTION_ARGS)
{
	Signal		found[SIGNALS];
	Datum		sentences[SIGNALS];
	int			count = 0;
	bool		chinese;

	if (PG_ARGISNULL(7) || !set_signals(fcinfo, found))
		PG_RETURN_NULL();
	chinese = speaks_chinese(PG_GETARG_TEXT_PP(7));
	for (int i = 0; i < SIGNALS; i++)
	{
		if (found[i].raised)
			sentences[count++] = PointerGetDatum(cstring_to_text(psprintf(chinese ? signals[i].zh : signals[i].en, found[i].measure, found[i].cusum)));
	}
	PG_RETURN_ARRAYTYPE_P(construct_array(sentences, count, TEXTOID, -1, false, TYPALIGN_INT));
}
