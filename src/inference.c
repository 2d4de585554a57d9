/*
 * inference.c
 *		What functions that return estimates with their uncertainty share.
 */
#include "compat.h"

#include <math.h>

#include "access/htup_details.h"
#include "funcapi.h"
#include "utils/float.h"

#include "inference.h"
#include "math/distributions.h"

/*
 * half_outside
 *		The probability on one side of an interval.
 */
static double
half_outside(double confidence)
{
	if (!(confidence > 0 && confidence < 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("confidence must be between 0 and 1, not %g", confidence),
				 errhint("95 %% is 0.95.")));
	return (1 - confidence) / 2;
}

double
confidence_z(double confidence)
{
	return -normal_quantile(half_outside(confidence));
}

double
confidence_t(double confidence, double df)
{
	return -student_t_quantile(half_outside(confidence), df);
}

/*
 * wilson_low, wilson_high
 *		The ends are the roots of a quadratic equation; the lower one comes by their product, so that neither loses digits.
 */
static double
wilson_sum(double successes, double trials, double z)
{
	return 2 * successes + z * z + z * sqrt(z * z + 4 * successes * ((trials - successes) / trials));
}

double
wilson_low(double successes, double trials, double z)
{
	return successes > 0 ? 2 * successes * (successes / trials) / wilson_sum(successes, trials, z) : 0;
}

double
wilson_high(double successes, double trials, double z)
{
	return successes < trials ? Min(wilson_sum(successes, trials, z) / (2 * (trials + z * z)), 1) : 1;
}

/*
 * set_number
 */
void
set_number(double number, Datum *value, bool *isnull)
{
	*isnull = isnan(number);
	*value = Float8GetDatum(number);
}

/*
 * result_row
 */
Datum
result_row(FunctionCallInfo fcinfo, Datum *values, bool *nulls)
{
	TupleDesc	row;

	if (get_call_result_type(fcinfo, NULL, &row) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(row), values, nulls));
}

/*
 * result_row_of_numbers
 */
Datum
result_row_of_numbers(FunctionCallInfo fcinfo, const double *numbers, int count)
{
	Datum		values[16];
	bool		nulls[16];

	Assert(count <= lengthof(values));
	for (int i = 0; i < count; i++)
		set_number(numbers[i], &values[i], &nulls[i]);
	return result_row(fcinfo, values, nulls);
}

/*
 * welch_test
 */
Welch
welch_test(double difference, double square1, double count1, double square2, double count2, double confidence)
{
	double		square = square1 + square2;
	double		nan = get_float8_nan();
	Welch		test = {nan, nan, nan, nan, nan};

	(void) confidence_z(confidence);
	if (square > 0)
	{
		double		share1 = square1 / square;
		double		share2 = square2 / square;
		double		width;

		test.df = 1 / (share1 * share1 / (count1 - 1) + share2 * share2 / (count2 - 1));
		test.t = difference / sqrt(square);
		test.p_value = student_t_two_sided(test.t, test.df);
		width = confidence_t(confidence, test.df) * sqrt(square);
		test.low = difference - width;
		test.high = difference + width;
	}
	return test;
}
