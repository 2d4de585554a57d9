/*
 * ab_test.c
 *		Is the variant better than the control? And how many observations does an answer take?
 */
#include "compat.h"

#include <math.h>

#include "utils/float.h"

#include "inference.h"
#include "math/distributions.h"
#include "mean_tally.h"
#include "proportion.h"

PG_FUNCTION_INFO_V1(ab_test_proportions);
PG_FUNCTION_INFO_V1(ab_test_means);
PG_FUNCTION_INFO_V1(sample_size_proportion);
PG_FUNCTION_INFO_V1(sample_size_mean);

/*
 * Below it, the groups do not have the sizes that were planned: rare enough to look only where something is broken (Fabijan and
 * others 2019, Diagnosing Sample Ratio Mismatch in Online Controlled Experiments).
 */
#define RATIO_LEVEL 0.001

/* A larger sample than this is an error. */
#define SAMPLE_LIMIT 1e15

/* From here on a formula is as good as the distribution itself. */
#define LARGE_SAMPLE 1e5

/* ---------- tests ---------- */

/*
 * return_test
 *		The columns of a test, which are all numbers, and behind them whether the groups have the sizes that were planned: the
 *		p-value of a chi-square test of the share of the variant, and whether that is large enough.
 */
static Datum
return_test(FunctionCallInfo fcinfo, const double *numbers, int count, int64 control, int64 variant, double planned_share)
{
	Datum		values[16];
	bool		nulls[16];
	double		total = (double) control + variant;
	double		excess = variant - total * planned_share;
	double		p_value = get_float8_nan();

	if (!(planned_share > 0 && planned_share < 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("planned_share must be between 0 and 1, not %g", planned_share),
				 errhint("It is the share of the variant in both groups together: 0.5 where they are to be equally large.")));
	if (total > 0)
		p_value = chi_square_upper(excess * excess / (total * planned_share * (1 - planned_share)), 1);
	for (int i = 0; i < count; i++)
		set_number(numbers[i], &values[i], &nulls[i]);
	set_number(p_value, &values[count], &nulls[count]);
	values[count + 1] = BoolGetDatum(p_value >= RATIO_LEVEL);
	nulls[count + 1] = nulls[count];
	return result_row(fcinfo, values, nulls);
}

/*
 * lift_of
 *		The difference as a share of what it adds to; NaN where that is not above 0.
 */
static double
lift_of(double difference, double control)
{
	return control > 0 ? difference / control : get_float8_nan();
}

/*
 * ab_test_proportions
 *		(control, variant, confidence, planned_share): difference, lift, z, p_value, low, high, ratio_p_value, ratio_ok.
 *		z has the standard error of both groups taken as one, as they are if nothing differs.
 */
Datum
ab_test_proportions(PG_FUNCTION_ARGS)
{
	const Proportion *control = PG_GETARG_PROPORTION(0);
	const Proportion *variant = PG_GETARG_PROPORTION(1);
	double		difference = proportion_minus(variant, control);
	double		total = (double) control->trials + variant->trials;
	double		successes = (double) control->successes + variant->successes;
	double		failures = (double) (control->trials - control->successes) + (variant->trials - variant->successes);
	double		error = sqrt(successes / total * (failures / total) * (1.0 / control->trials + 1.0 / variant->trials));
	double		z = difference == 0 ? 0 : difference / error;
	double		row[6] = {difference, lift_of(difference, proportion_estimate(control)), z, 2 * normal_upper(fabs(z))};

	newcombe_interval(variant, control, confidence_z(PG_GETARG_FLOAT8(2)), &row[4], &row[5]);
	return return_test(fcinfo, row, lengthof(row), control->trials, variant->trials, PG_GETARG_FLOAT8(3));
}

/*
 * ab_test_means
 *		(control, variant, confidence, planned_share): difference, lift, t, df, p_value, low, high, ratio_p_value, ratio_ok. Welch
 *		(1947), The Generalization of Student's Problem when Several Different Population Variances Are Involved: variances
 *		may differ. Without any variance there is no test.
 */
Datum
ab_test_means(PG_FUNCTION_ARGS)
{
	const MeanTally *control = PG_GETARG_MEAN_TALLY(0);
	const MeanTally *variant = PG_GETARG_MEAN_TALLY(1);
	double		difference = mean_tally_minus(variant, control);
	Welch		test = welch_test(difference, mean_tally_variance(control) / control->count, control->count,
								  mean_tally_variance(variant) / variant->count, variant->count, PG_GETARG_FLOAT8(2));
	double		row[] = {difference, lift_of(difference, mean_tally_mean(control)), test.t, test.df, test.p_value, test.low, test.high};

	return return_test(fcinfo, row, lengthof(row), control->count, variant->count, PG_GETARG_FLOAT8(3));
}

/* ---------- sample sizes ---------- */

/*
 * power_z
 *		The normal quantile of the power.
 */
static double
power_z(double power)
{
	if (!(power >= 0.5 && power < 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("power must be from 0.5 to below 1, not %g", power),
				 errhint("The power is the chance to find a difference that is there: 80 %% is 0.8.")));
	return normal_quantile(power);
}

/*
 * check_size
 *		A size as a whole number; it is refused where no group is that large.
 */
static int64
check_size(double size)
{
	if (!(size < SAMPLE_LIMIT))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("the sample for such a difference is too large"),
				 errhint("Look for a larger difference.")));
	return (int64) size;
}

static void
check_difference(double difference)
{
	if (difference == 0 || !isfinite(difference))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("difference must be a number other than 0, not %g", difference)));
}

/*
 * sample_size_proportion
 *		(baseline, difference, power, confidence): of each group, for the test of ab_test. Fleiss, Levin, Paik (2003), Statistical
 *		Methods for Rates and Proportions, 4.14 without continuity correction.
 */
Datum
sample_size_proportion(PG_FUNCTION_ARGS)
{
	double		baseline = PG_GETARG_FLOAT8(0);
	double		difference = PG_GETARG_FLOAT8(1);
	double		z_power = power_z(PG_GETARG_FLOAT8(2));
	double		z = confidence_z(PG_GETARG_FLOAT8(3));
	double		target = baseline + difference;
	double		middle = baseline + difference / 2;
	double		sum;

	check_difference(difference);
	if (!(baseline >= 0 && baseline <= 1 && target >= 0 && target <= 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("no proportion can be %g and %g more", baseline, difference),
				 errhint("The difference is added to the baseline: a lift of 10 %% on a baseline of 0.2 is a difference of 0.02.")));
	sum = z * sqrt(2 * middle * (1 - middle)) + z_power * sqrt(baseline * (1 - baseline) + target * (1 - target));
	PG_RETURN_INT64(check_size(ceil(sum / difference * (sum / difference))));
}

/*
 * sample_size_mean
 *		(standard_deviation, difference, power, confidence): of each group, for Student's test of two means. The size that
 *		a normal distribution asks for is never too large; from there on the power is that of the noncentral t. What
 *		is to be added to a large size is z^2 / 4: Guenther (1981), Sample Size Formulas for Normal Theory T Tests.
 */
Datum
sample_size_mean(PG_FUNCTION_ARGS)
{
	double		deviation = PG_GETARG_FLOAT8(0);
	double		effect = fabs(PG_GETARG_FLOAT8(1)) / deviation;
	double		power = PG_GETARG_FLOAT8(2);
	double		confidence = PG_GETARG_FLOAT8(3);
	double		z = confidence_z(confidence);
	double		sum = (power_z(power) + z) / effect;
	double		size = 2 * sum * sum;
	int64		n;

	check_difference(PG_GETARG_FLOAT8(1));
	if (!(deviation > 0 && isfinite(deviation)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("standard_deviation must be a number above 0, not %g", deviation)));
	if (size > LARGE_SAMPLE)
		PG_RETURN_INT64(check_size(ceil(size + z * z / 4)));
	n = Max((int64) ceil(size), 2);
	while (student_t_shifted_cdf(confidence_t(confidence, 2.0 * n - 2), 2.0 * n - 2, sqrt(n / 2.0) * effect) > 1 - power)
		n++;
	PG_RETURN_INT64(n);
}
