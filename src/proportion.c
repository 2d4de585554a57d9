/*
 * proportion.c
 *		The type proportion: successes of trials, which can be stored, added up, and compared.
 */
#include "compat.h"

#include <math.h>

#include "common/hashfn.h"
#include "common/int.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/float.h"

#include "inference.h"
#include "math/distributions.h"
#include "proportion.h"

PG_FUNCTION_INFO_V1(proportion_in);
PG_FUNCTION_INFO_V1(proportion_out);
PG_FUNCTION_INFO_V1(proportion_recv);
PG_FUNCTION_INFO_V1(proportion_send);
PG_FUNCTION_INFO_V1(proportion_make);
PG_FUNCTION_INFO_V1(proportion_accum);
PG_FUNCTION_INFO_V1(proportion_add);
PG_FUNCTION_INFO_V1(proportion_eq);
PG_FUNCTION_INFO_V1(proportion_ne);
PG_FUNCTION_INFO_V1(proportion_hash);
PG_FUNCTION_INFO_V1(proportion_successes);
PG_FUNCTION_INFO_V1(proportion_trials);
PG_FUNCTION_INFO_V1(proportion_value);
PG_FUNCTION_INFO_V1(proportion_low);
PG_FUNCTION_INFO_V1(proportion_high);
PG_FUNCTION_INFO_V1(proportion_difference);
PG_FUNCTION_INFO_V1(proportion_ratio);
PG_FUNCTION_INFO_V1(proportion_odds_ratio);

/*
 * new_proportion
 */
static Proportion *
new_proportion(int64 successes, int64 trials)
{
	Proportion *p = palloc(sizeof(Proportion));

	p->successes = successes;
	p->trials = trials;
	return p;
}

/*
 * is_valid
 */
static bool
is_valid(int64 successes, int64 trials)
{
	return successes >= 0 && trials >= successes;
}

/* ---------- input and output ---------- */

/*
 * proportion_in
 *		Two whole numbers: 3/10.
 */
Datum
proportion_in(PG_FUNCTION_ARGS)
{
	char	   *text = PG_GETARG_CSTRING(0);
	char	   *slash;
	char	   *end;
	int64		successes;
	int64		trials;

	errno = 0;
	successes = strtoi64(text, &slash, 10);
	end = slash;
	trials = *slash == '/' ? strtoi64(slash + 1, &end, 10) : 0;
	if (slash == text || end <= slash + 1 || end[strspn(end, " \t\n\r\f\v")] != '\0' || errno != 0)
		ereturn(fcinfo->context, (Datum) 0,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type %s: \"%s\"", "proportion", text),
				 errhint("Write successes and trials as whole numbers: 3/10.")));
	if (!is_valid(successes, trials))
		ereturn(fcinfo->context, (Datum) 0,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("a proportion cannot have " INT64_FORMAT " successes of " INT64_FORMAT " trials", successes, trials)));
	PG_RETURN_POINTER(new_proportion(successes, trials));
}

Datum
proportion_out(PG_FUNCTION_ARGS)
{
	const Proportion *p = PG_GETARG_PROPORTION(0);

	PG_RETURN_CSTRING(psprintf(INT64_FORMAT "/" INT64_FORMAT, p->successes, p->trials));
}

Datum
proportion_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buffer = (StringInfo) PG_GETARG_POINTER(0);
	int64		successes = pq_getmsgint64(buffer);
	int64		trials = pq_getmsgint64(buffer);

	if (!is_valid(successes, trials))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("a proportion cannot have " INT64_FORMAT " successes of " INT64_FORMAT " trials", successes, trials)));
	PG_RETURN_POINTER(new_proportion(successes, trials));
}

Datum
proportion_send(PG_FUNCTION_ARGS)
{
	const Proportion *p = PG_GETARG_PROPORTION(0);
	StringInfoData buffer;

	pq_begintypsend(&buffer);
	pq_sendint64(&buffer, p->successes);
	pq_sendint64(&buffer, p->trials);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

/*
 * proportion_make
 *		(successes, trials)
 */
Datum
proportion_make(PG_FUNCTION_ARGS)
{
	int64		successes = PG_GETARG_INT64(0);
	int64		trials = PG_GETARG_INT64(1);

	if (!is_valid(successes, trials))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a proportion cannot have " INT64_FORMAT " successes of " INT64_FORMAT " trials", successes, trials),
				 errhint("Successes come first, and are part of the trials.")));
	PG_RETURN_POINTER(new_proportion(successes, trials));
}

/* ---------- sums ---------- */

/*
 * add
 *		Adds to a proportion, in place where it is the state of an aggregate.
 */
static Datum
add(FunctionCallInfo fcinfo, int64 successes, int64 trials)
{
	Proportion *sum = PG_GETARG_PROPORTION(0);

	if (!AggCheckCallContext(fcinfo, NULL))
		sum = new_proportion(sum->successes, sum->trials);
	/* There are no more successes than trials. */
	if (unlikely(pg_add_s64_overflow(sum->trials, trials, &sum->trials)))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("the trials of a proportion are out of range")));
	sum->successes += successes;
	PG_RETURN_POINTER(sum);
}

/*
 * proportion_accum
 *		Adds one trial: (state, success).
 */
Datum
proportion_accum(PG_FUNCTION_ARGS)
{
	return add(fcinfo, PG_GETARG_BOOL(1), 1);
}

/*
 * proportion_add
 *		The operator +, and what merges states.
 */
Datum
proportion_add(PG_FUNCTION_ARGS)
{
	const Proportion *other = PG_GETARG_PROPORTION(1);

	return add(fcinfo, other->successes, other->trials);
}

/* ---------- comparison ---------- */

static bool
same(FunctionCallInfo fcinfo)
{
	return memcmp(PG_GETARG_POINTER(0), PG_GETARG_POINTER(1), sizeof(Proportion)) == 0;
}

Datum
proportion_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(same(fcinfo));
}

Datum
proportion_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(!same(fcinfo));
}

Datum
proportion_hash(PG_FUNCTION_ARGS)
{
	return hash_any((unsigned char *) PG_GETARG_POINTER(0), sizeof(Proportion));
}

/* ---------- one proportion ---------- */

double
proportion_estimate(const Proportion *p)
{
	return p->trials > 0 ? (double) p->successes / p->trials : get_float8_nan();
}

Datum
proportion_successes(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(PG_GETARG_PROPORTION(0)->successes);
}

Datum
proportion_trials(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(PG_GETARG_PROPORTION(0)->trials);
}

Datum
proportion_value(PG_FUNCTION_ARGS)
{
	const Proportion *p = PG_GETARG_PROPORTION(0);

	if (p->trials == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(proportion_estimate(p));
}

/*
 * proportion_low, proportion_high
 *		(proportion, confidence): Wilson's interval.
 */
Datum
proportion_low(PG_FUNCTION_ARGS)
{
	const Proportion *p = PG_GETARG_PROPORTION(0);
	double		z = confidence_z(PG_GETARG_FLOAT8(1));

	if (p->trials == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(wilson_low(p->successes, p->trials, z));
}

Datum
proportion_high(PG_FUNCTION_ARGS)
{
	const Proportion *p = PG_GETARG_PROPORTION(0);
	double		z = confidence_z(PG_GETARG_FLOAT8(1));

	if (p->trials == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(wilson_high(p->successes, p->trials, z));
}

/* ---------- two proportions ---------- */

/*
 * proportion_minus
 *		One fraction, whose numerator is exact: two proportions may be nearly the same.
 */
double
proportion_minus(const Proportion *p1, const Proportion *p2)
{
	if (p1->trials == 0 || p2->trials == 0)
		return get_float8_nan();
	return (double) ((int128) p1->successes * p2->trials - (int128) p2->successes * p1->trials) /
		((double) p1->trials * p2->trials);
}

/*
 * newcombe_interval
 *		Of p1 - p2, from Wilson's intervals of both: Newcombe (1998), Interval Estimation for the Difference between Independent
 *		Proportions, method 10.
 */
void
newcombe_interval(const Proportion *p1, const Proportion *p2, double z, double *low, double *high)
{
	double		difference = proportion_minus(p1, p2);

	*low = *high = difference;
	if (!isnan(difference))
	{
		double		v1 = proportion_estimate(p1);
		double		v2 = proportion_estimate(p2);

		*low -= hypot(v1 - wilson_low(p1->successes, p1->trials, z), wilson_high(p2->successes, p2->trials, z) - v2);
		*high += hypot(wilson_high(p1->successes, p1->trials, z) - v1, v2 - wilson_low(p2->successes, p2->trials, z));
	}
}

/*
 * proportion_difference
 *		(p1, p2, confidence): difference, low, high.
 */
Datum
proportion_difference(PG_FUNCTION_ARGS)
{
	const Proportion *p1 = PG_GETARG_PROPORTION(0);
	const Proportion *p2 = PG_GETARG_PROPORTION(1);
	double		row[3] = {proportion_minus(p1, p2)};

	newcombe_interval(p1, p2, confidence_z(PG_GETARG_FLOAT8(2)), &row[1], &row[2]);
	return result_row_of_numbers(fcinfo, row, lengthof(row));
}

/*
 * cells
 *		Successes and failures of both proportions; false without a trial of either. With add_half 1/2 is added to each
 *		(Haldane 1956, The Estimation and Significance of the Logarithm of a Ratio of Frequencies; Anscombe 1956, On Estimating
 *		Binomial Response Relations).
 */
static bool
cells(const Proportion *p1, const Proportion *p2, bool add_half, double cell[4])
{
	double		more = add_half ? 0.5 : 0;

	cell[0] = p1->successes + more;
	cell[1] = p1->trials - p1->successes + more;
	cell[2] = p2->successes + more;
	cell[3] = p2->trials - p2->successes + more;
	return p1->trials > 0 && p2->trials > 0;
}

/*
 * proportion_ratio
 *		(p1, p2, confidence): ratio, low, high. Katz, Baptista, Azen, Pike (1978), Obtaining Confidence Intervals for the Risk Ratio
 *		in Cohort Studies: the logarithm is taken as normal. That needs a success in both, and a failure in one.
 */
Datum
proportion_ratio(PG_FUNCTION_ARGS)
{
	const Proportion *p1 = PG_GETARG_PROPORTION(0);
	const Proportion *p2 = PG_GETARG_PROPORTION(1);
	double		z = confidence_z(PG_GETARG_FLOAT8(2));
	bool		add_half = p1->successes == 0 || p2->successes == 0 || (p1->successes == p1->trials && p2->successes == p2->trials);
	double		cell[4];
	double		row[3];

	row[0] = row[1] = row[2] = get_float8_nan();
	if (cells(p1, p2, add_half, cell))
	{
		double		ratio = cell[0] / (cell[0] + cell[1]) / (cell[2] / (cell[2] + cell[3]));
		double		width = z * sqrt(cell[1] / cell[0] / (cell[0] + cell[1]) + cell[3] / cell[2] / (cell[2] + cell[3]));

		row[0] = ratio;
		row[1] = ratio * exp(-width);
		row[2] = ratio * exp(width);
	}
	return result_row_of_numbers(fcinfo, row, lengthof(row));
}

/*
 * proportion_odds_ratio
 *		(p1, p2, confidence): odds_ratio, low, high, p_value. Woolf (1955), On Estimating the Relation between Blood Group and
 *		Disease: the logarithm is taken as normal. That needs successes and failures in both.
 */
Datum
proportion_odds_ratio(PG_FUNCTION_ARGS)
{
	const Proportion *p1 = PG_GETARG_PROPORTION(0);
	const Proportion *p2 = PG_GETARG_PROPORTION(1);
	double		z = confidence_z(PG_GETARG_FLOAT8(2));
	bool		add_half = p1->successes == 0 || p1->successes == p1->trials || p2->successes == 0 || p2->successes == p2->trials;
	double		cell[4];
	double		row[4];

	row[0] = row[1] = row[2] = row[3] = get_float8_nan();
	if (cells(p1, p2, add_half, cell))
	{
		double		ratio = cell[0] / cell[1] / (cell[2] / cell[3]);
		double		error = sqrt(1 / cell[0] + 1 / cell[1] + 1 / cell[2] + 1 / cell[3]);

		row[0] = ratio;
		row[1] = ratio * exp(-z * error);
		row[2] = ratio * exp(z * error);
		row[3] = 2 * normal_upper(fabs(log(ratio)) / error);
	}
	return result_row_of_numbers(fcinfo, row, lengthof(row));
}
