/*
 * drivers.c
 *		Which dimensions of satisfaction drive the overall rating: the aggregate satisfaction_drivers, which gathers exact
 *		sums and products, and the regression that is made of them.
 */
#include "compat.h"

#include <math.h>

#include "access/tupmacs.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/fmgrprotos.h"
#include "utils/tuplestore.h"

#include "aggregate.h"
#include "decimal.h"
#include "drivers.h"
#include "inference.h"
#include "language.h"
#include "math/distributions.h"
#include "math/linear.h"

PG_FUNCTION_INFO_V1(drivers_accum);
PG_FUNCTION_INFO_V1(drivers_rollup);
PG_FUNCTION_INFO_V1(drivers_combine);
PG_FUNCTION_INFO_V1(drivers_serialize);
PG_FUNCTION_INFO_V1(drivers_deserialize);
PG_FUNCTION_INFO_V1(drivers_final);
PG_FUNCTION_INFO_V1(driver_tally_plus);
PG_FUNCTION_INFO_V1(driver_tally_answers);
PG_FUNCTION_INFO_V1(driver_tally_left_out);
PG_FUNCTION_INFO_V1(driver_tally_drivers);
PG_FUNCTION_INFO_V1(driver_tally_r_squared);
PG_FUNCTION_INFO_V1(quadrant_label);

/* A dimension of whose variance the others leave no more than this is said to follow from them. */
#define COLLINEAR 1e-10

/* And takes part in what another follows from, if its coefficient is beyond rounding. */
#define TAKES_PART 1e-6

/* ------------------------------------------------------------------------------------------------
 * Sums
 * ------------------------------------------------------------------------------------------------ */

/*
 * check_variables
 *		All answers are about the same dimensions.
 */
static void
check_variables(int a, int b)
{
	if (a != b)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("answers have different numbers of dimensions: %d and %d", Min(a, b) - 1, Max(a, b) - 1),
				 errhint("Give each answer an array of the same length, with NULL where a rating is missing.")));
}

/*
 * check_products
 *		The square of a variable holds the largest sums: a product of two is no larger than the mean of both.
 */
static void
check_products(const DriverTally *tally)
{
	for (int i = 0; i < tally->variables; i++)
	{
		if (DRIVER_PRODUCTS(tally, i)[i] >= PRODUCT_LIMIT)
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("the ratings of satisfaction_drivers are too large or too many to be summed"),
					 errhint("Express them in a larger unit.")));
	}
}

/*
 * add_tally
 *		Adds a tally to another of the same variables, or to one that has none and so only answers that were left out.
 *		Returns the sum, which is the first where there is room in it.
 */
static DriverTally *
add_tally(DriverTally *sum, const DriverTally *other, MemoryContext context)
{
	if (sum->variables == 0 && other->variables > 0)
	{
		int64		left_out = sum->left_out;

		sum = MemoryContextAlloc(context, VARSIZE(other));
		memcpy(sum, other, VARSIZE(other));
		sum->left_out += left_out;
		return sum;
	}
	sum->left_out += other->left_out;
	if (other->variables == 0)
		return sum;
	check_variables(sum->variables, other->variables);
	sum->answers += other->answers;
	for (int i = 0; i < DRIVER_SUMS(sum->variables); i++)
		sum->sums[i] += other->sums[i];
	check_products(sum);
	return sum;
}

/*
 * rating_units
 *		A rating in millionths.
 */
static int64
rating_units(Oid type, Datum rating)
{
	int128		units = 0;
	DecimalStatus status = DECIMAL_OK;

	if (type == INT4OID)
	{
		int64		whole = DatumGetInt32(rating);

		units = whole * 1000000;
		if (whole <= -1000000000 || whole >= 1000000000)
			status = DECIMAL_TOO_LARGE;
	}
	else if (type == FLOAT8OID)
		status = decimal_from_float8(DatumGetFloat8(rating), RATING_SCALE, RATING_LIMIT_DIGITS, &units);
	else
		status = decimal_from_numeric(rating, RATING_SCALE, RATING_LIMIT_DIGITS, true, &units);
	if (status != DECIMAL_OK)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 status == DECIMAL_TOO_LARGE ? errmsg("a rating is too large for satisfaction_drivers") :
				 errmsg("satisfaction_drivers cannot use %s", status == DECIMAL_NAN ? "NaN" : "an infinite rating"),
				 status == DECIMAL_TOO_LARGE ? errdetail("Ratings must be below 10^%d.", RATING_LIMIT_DIGITS) : 0,
				 errhint("Leave such answers out, or turn the rating into NULL.")));
	return (int64) units;
}

/*
 * read_dimensions
 *		The ratings of an answer in units[1] and following; false if one is missing.
 */
static bool
read_dimensions(ArrayType *array, int count, int64 *units)
{
	Oid			type = ARR_ELEMTYPE(array);
	int			length = type == INT4OID ? sizeof(int32) : type == FLOAT8OID ? sizeof(float8) : -1;
	bool		by_value = length > 0;
	char		align = type == FLOAT8OID ? TYPALIGN_DOUBLE : TYPALIGN_INT;
	const uint8 *present = ARR_NULLBITMAP(array);
	char	   *at = ARR_DATA_PTR(array);

	for (int i = 0; i < count; i++)
	{
		if (present != NULL && !(present[i / 8] & 1 << i % 8))
			return false;
		units[i + 1] = rating_units(type, fetch_att(at, by_value, length));
		at = att_addlength_pointer(at, length, at);
		at = (char *) att_align_nominal(at, align);
	}
	return true;
}

/*
 * drivers_accum
 *		(state, overall, dimensions): an answer with a part missing is left out, and counted.
 */
Datum
drivers_accum(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	DriverTally *state = PG_ARGISNULL(0) ? NULL : (DriverTally *) PG_GETARG_POINTER(0);
	ArrayType  *array = PG_ARGISNULL(2) ? NULL : PG_GETARG_ARRAYTYPE_P(2);
	int			variables = 0;
	int64		units[DRIVER_DIMENSIONS + 1];

	if (array != NULL)
	{
		int			count = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));

		if (ARR_NDIM(array) != 1 || count > DRIVER_DIMENSIONS)
			ereport(ERROR,
					(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
					 ARR_NDIM(array) == 1 ? errmsg("an answer has %d dimensions, more than %d", count, DRIVER_DIMENSIONS) :
					 errmsg("the dimensions of an answer must be a plain array of at least one rating"),
					 errhint("Write ARRAY[price, service, quality].")));
		variables = count + 1;
	}
	if (state == NULL || (state->variables == 0 && variables > 0))
	{
		MemoryContext caller = MemoryContextSwitchTo(context);
		int64		left_out = state == NULL ? 0 : state->left_out;

		state = driver_tally_create(variables);
		state->left_out = left_out;
		MemoryContextSwitchTo(caller);
	}
	if (variables > 0)
		check_variables(state->variables, variables);

	if (array == NULL || PG_ARGISNULL(1) || !read_dimensions(array, variables - 1, units))
		state->left_out++;
	else
	{
		int128	   *product = DRIVER_PRODUCTS(state, 0);

		units[0] = rating_units(ARR_ELEMTYPE(array), PG_GETARG_DATUM(1));
		state->answers++;
		for (int i = 0; i < variables; i++)
		{
			state->sums[i] += units[i];
			for (int j = 0; j <= i; j++)
				*product++ += (int128) units[i] * units[j];
		}
		check_products(state);
	}
	PG_RETURN_POINTER(state);
}

/*
 * merge
 *		Adds a tally, if there is one, to the state, if there is one.
 */
static Datum
merge(FunctionCallInfo fcinfo, const DriverTally *tally)
{
	MemoryContext context = aggregate_context(fcinfo);
	DriverTally *state = PG_ARGISNULL(0) ? NULL : (DriverTally *) PG_GETARG_POINTER(0);

	if (state == NULL && tally != NULL)
	{
		state = MemoryContextAlloc(context, VARSIZE(tally));
		memcpy(state, tally, VARSIZE(tally));
	}
	else if (tally != NULL)
		state = add_tally(state, tally, context);
	if (state == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(state);
}

/*
 * drivers_rollup
 *		(state, driver_tally)
 */
Datum
drivers_rollup(PG_FUNCTION_ARGS)
{
	return merge(fcinfo, PG_ARGISNULL(1) ? NULL : PG_GETARG_DRIVER_TALLY(1));
}

/*
 * drivers_combine
 *		(state, state)
 */
Datum
drivers_combine(PG_FUNCTION_ARGS)
{
	(void) aggregate_context(fcinfo);
	return merge(fcinfo, PG_ARGISNULL(1) ? NULL : (const DriverTally *) PG_GETARG_POINTER(1));
}

Datum
drivers_serialize(PG_FUNCTION_ARGS)
{
	(void) aggregate_context(fcinfo);
	PG_RETURN_BYTEA_P(driver_tally_bytes((DriverTally *) PG_GETARG_POINTER(0)));
}

Datum
drivers_deserialize(PG_FUNCTION_ARGS)
{
	StringInfoData buffer;
	bytea	   *bytes;

	(void) aggregate_context(fcinfo);
	bytes = PG_GETARG_BYTEA_PP(0);
	initStringInfo(&buffer);
	appendBinaryStringInfo(&buffer, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
	PG_RETURN_POINTER(driver_tally_read(&buffer));
}

/*
 * copy_tally
 */
static DriverTally *
copy_tally(const DriverTally *tally)
{
	DriverTally *copy = palloc(VARSIZE(tally));

	memcpy(copy, tally, VARSIZE(tally));
	return copy;
}

Datum
drivers_final(PG_FUNCTION_ARGS)
{
	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_POINTER(copy_tally((DriverTally *) PG_GETARG_POINTER(0)));
}

Datum
driver_tally_plus(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(add_tally(copy_tally(PG_GETARG_DRIVER_TALLY(0)), PG_GETARG_DRIVER_TALLY(1), CurrentMemoryContext));
}

Datum
driver_tally_answers(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(PG_GETARG_DRIVER_TALLY(0)->answers);
}

Datum
driver_tally_left_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(PG_GETARG_DRIVER_TALLY(0)->left_out);
}

/* ------------------------------------------------------------------------------------------------
 * Regression
 * ------------------------------------------------------------------------------------------------ */

/* What is known of a dimension; NaN where there is no number. */
typedef struct Driver
{
	double		performance;	/* mean */
	double		correlation;
	double		beta;
	double		std_error;
	double		p_value;
	double		importance;		/* its part of R squared */
	const char *note;			/* why there is no number */
} Driver;

/* Of all of them, those that vary, and their correlations. */
typedef struct Regression
{
	Driver	   *drivers;		/* one a dimension */
	int			used;
	Driver	  **varying;		/* those that can be used, */
	double	   *correlations;	/* their correlations with each other, */
	double	   *with_overall;	/* and with the overall rating */
	double		r_squared;		/* NaN without a regression */
} Regression;

/*
 * correlation
 *		Pearson's; rounding takes it past 1 or -1 where two variables are the same but for their scales.
 */
static double
correlation(const DriverTally *tally, const double *deviations, int i, int j)
{
	return Max(-1, Min(1, driver_deviations(tally, i, j) / deviations[i] / deviations[j]));
}

/*
 * set_correlations
 *		Finds the dimensions that vary.
 */
static void
set_correlations(const DriverTally *tally, Regression *regression)
{
	int			dimensions = tally->variables - 1;
	int		   *variables = palloc(sizeof(int) * dimensions);
	double	   *deviations = palloc(sizeof(double) * tally->variables);
	double		nan = get_float8_nan();
	int			n = 0;

	regression->varying = palloc(sizeof(Driver *) * dimensions);
	deviations[0] = sqrt(driver_deviations(tally, 0, 0));
	for (int i = 0; i < dimensions; i++)
	{
		Driver	   *driver = &regression->drivers[i];

		*driver = (Driver) {nan, nan, nan, nan, nan, nan, NULL};
		deviations[i + 1] = sqrt(driver_deviations(tally, i + 1, i + 1));
		if (tally->answers == 0)
			driver->note = "no answers";
		else
		{
			driver->performance = (double) tally->sums[i + 1] / tally->answers / 1e6;
			if (!(deviations[i + 1] > 0))
				driver->note = "constant";
			else if (!(deviations[0] > 0))
				driver->note = "overall is constant";
			else
			{
				driver->correlation = correlation(tally, deviations, i + 1, 0);
				regression->varying[n] = driver;
				variables[n++] = i + 1;
			}
		}
	}

	regression->used = n;
	regression->correlations = palloc(sizeof(double) * n * n);
	regression->with_overall = palloc(sizeof(double) * n);
	for (int i = 0; i < n; i++)
	{
		regression->with_overall[i] = regression->varying[i]->correlation;
		for (int j = 0; j < n; j++)
			regression->correlations[i * n + j] = i == j ? 1 : correlation(tally, deviations, variables[i], variables[j]);
	}
}

/*
 * set_coefficients
 *		Least squares on standardised ratings. Where dimensions follow from each other, how much each of them counts is not
 *		determined, and all of them are noted; what the others count is.
 */
static void
set_coefficients(const DriverTally *tally, Regression *regression)
{
	int			n = regression->used;
	double	   *factor = palloc(sizeof(double) * n * n);
	double	   *inverse = palloc(sizeof(double) * n * n);
	double	   *parts = palloc(sizeof(double) * n);
	bool	   *dependent = palloc(sizeof(bool) * n);
	int			rank;
	double		df;

	memcpy(factor, regression->correlations, sizeof(double) * n * n);
	rank = cholesky_factor(n, factor, COLLINEAR, dependent);
	cholesky_invert(n, factor, dependent, inverse);
	df = tally->answers - rank - 1;

	for (int i = 0; i < n; i++)
		parts[i] = regression->with_overall[i];
	cholesky_solve(n, factor, dependent, parts);
	regression->r_squared = 0;
	for (int i = 0; i < n; i++)
		regression->r_squared += parts[i] * regression->with_overall[i];
	regression->r_squared = Min(regression->r_squared, 1);
	for (int i = 0; i < n; i++)
	{
		Driver	   *driver = regression->varying[i];

		driver->beta = parts[i];
		driver->std_error = sqrt((1 - regression->r_squared) / df * inverse[i * n + i]);
		driver->p_value = student_t_two_sided(driver->beta / driver->std_error, df);
	}

	for (int j = 0; j < n; j++)
	{
		if (!dependent[j])
			continue;
		for (int i = 0; i < n; i++)
			parts[i] = regression->correlations[i * n + j];
		cholesky_solve(n, factor, dependent, parts);
		for (int i = 0; i < n; i++)
		{
			Driver	   *driver = regression->varying[i];

			if (i == j || fabs(parts[i]) > TAKES_PART)
			{
				driver->note = "collinear";
				driver->beta = driver->std_error = driver->p_value = get_float8_nan();
			}
		}
	}
}

/*
 * set_importance
 *		Johnson's relative weights: the dimensions are replaced by the uncorrelated variables that are nearest to them; the
 *		overall rating is explained by those, and what each explains goes to the dimensions in which it is. Dimensions that
 *		follow from each other are no trouble.
 */
static void
set_importance(Regression *regression)
{
	int			n = regression->used;
	double	   *matrix = palloc(sizeof(double) * n * n);
	double	   *vectors = palloc(sizeof(double) * n * n);
	double	   *values = palloc(sizeof(double) * n);
	double	   *explained = palloc0(sizeof(double) * n);
	double		total = 0;

	memcpy(matrix, regression->correlations, sizeof(double) * n * n);
	symmetric_eigen(n, matrix, values, vectors);
	for (int k = 0; k < n; k++)
	{
		double		along = 0;

		values[k] = values[k] < COLLINEAR ? 0 : sqrt(values[k]);
		for (int i = 0; i < n; i++)
			along += vectors[i * n + k] * regression->with_overall[i];
		for (int i = 0; i < n && values[k] > 0; i++)
			explained[i] += vectors[i * n + k] * along / values[k];
	}
	for (int i = 0; i < n; i++)
	{
		double		sum = 0;

		for (int j = 0; j < n; j++)
		{
			double		root = 0;

			for (int k = 0; k < n; k++)
				root += vectors[i * n + k] * values[k] * vectors[j * n + k];
			sum += root * root * explained[j] * explained[j];
		}
		regression->varying[i]->importance = sum;
		total += sum;
	}
	for (int i = 0; i < n; i++)
	{
		Driver	   *driver = regression->varying[i];

		driver->importance = total > 0 ? driver->importance / total : get_float8_nan();
		if (!(total > 0) && driver->note == NULL)
			driver->note = "nothing is explained";
	}
}

/*
 * regress
 *		All that a tally says.
 */
static Regression
regress(const DriverTally *tally)
{
	Regression	regression = {.r_squared = get_float8_nan()};

	if (tally->variables == 0)
		return regression;
	regression.drivers = palloc(sizeof(Driver) * (tally->variables - 1));
	set_correlations(tally, &regression);
	if (regression.used == 0)
		return regression;
	if (tally->answers < regression.used + 2)
	{
		for (int i = 0; i < regression.used; i++)
			regression.varying[i]->note = "too few answers";
		return regression;
	}
	set_coefficients(tally, &regression);
	set_importance(&regression);
	return regression;
}

/* Martilla and James's quadrants, by whether importance and performance are high. */
static const char *const quadrants[2][2] = {{"low priority", "possible overkill"}, {"concentrate here", "keep up"}};

/* What is as high as the mean but for rounding is high. */
static bool
is_high(double value, double mean)
{
	return value >= mean - 1e-12 * fabs(mean);
}

/*
 * read_names
 *		The names of the dimensions; NULL where none are given.
 */
static Datum *
read_names(FunctionCallInfo fcinfo, int dimensions, bool **nulls)
{
	Datum	   *names;
	int			count;

	if (PG_ARGISNULL(1))
		return NULL;
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), TEXTOID, -1, false, TYPALIGN_INT, &names, nulls, &count);
	if (count != dimensions)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("there are %d names for %d dimensions", count, dimensions),
				 errhint("Name all dimensions, in the order in which they were given to satisfaction_drivers.")));
	return names;
}

/*
 * driver_tally_drivers
 *		(tally, names) → (dimension, name, answers, performance, correlation, beta, std_error, p_value, importance,
 *		quadrant, note), a row for each dimension
 */
Datum
driver_tally_drivers(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	const DriverTally *tally;
	Regression	regression;
	Datum	   *names;
	bool	   *no_name;
	double		performance = 0;
	double		importance = 0;
	int			ranked = 0;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	tally = PG_GETARG_DRIVER_TALLY(0);
	if (tally->variables == 0)
		return (Datum) 0;
	names = read_names(fcinfo, tally->variables - 1, &no_name);
	regression = regress(tally);
	for (int i = 0; i < tally->variables - 1; i++)
	{
		if (isnan(regression.drivers[i].importance))
			continue;
		performance += regression.drivers[i].performance;
		importance += regression.drivers[i].importance;
		ranked++;
	}
	for (int i = 0; i < tally->variables - 1; i++)
	{
		const Driver *driver = &regression.drivers[i];
		const char *quadrant = quadrants[is_high(driver->importance, importance / ranked)]
			[is_high(driver->performance, performance / ranked)];
		Datum		values[11];
		bool		nulls[11] = {0};

		values[0] = Int32GetDatum(i + 1);
		nulls[1] = names == NULL || no_name[i];
		values[1] = nulls[1] ? (Datum) 0 : names[i];
		values[2] = Int64GetDatum(tally->answers);
		set_number(driver->performance, &values[3], &nulls[3]);
		set_number(driver->correlation, &values[4], &nulls[4]);
		set_number(driver->beta, &values[5], &nulls[5]);
		set_number(driver->std_error, &values[6], &nulls[6]);
		set_number(driver->p_value, &values[7], &nulls[7]);
		set_number(driver->importance, &values[8], &nulls[8]);
		nulls[9] = isnan(driver->importance);
		values[9] = nulls[9] ? (Datum) 0 : CStringGetTextDatum(quadrant);
		nulls[10] = driver->note == NULL;
		values[10] = nulls[10] ? (Datum) 0 : CStringGetTextDatum(driver->note);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/*
 * driver_tally_r_squared
 */
Datum
driver_tally_r_squared(PG_FUNCTION_ARGS)
{
	double		r_squared = regress(PG_GETARG_DRIVER_TALLY(0)).r_squared;

	if (isnan(r_squared))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(r_squared);
}

/*
 * quadrant_label
 *		(quadrant, language)
 */
Datum
quadrant_label(PG_FUNCTION_ARGS)
{
	static const char *const english[2][2] = {{"Low priority", "Possible overkill"}, {"Concentrate here", "Keep up the good work"}};
	static const char *const chinese[2][2] = {{"次要改进", "供给过度"}, {"重点改进", "继续保持"}};
	char	   *quadrant = text_to_cstring(PG_GETARG_TEXT_PP(0));
	bool		in_chinese = speaks_chinese(PG_GETARG_TEXT_PP(1));

	for (int i = 0; i < 4; i++)
	{
		if (strcmp(quadrants[i / 2][i % 2], quadrant) == 0)
			PG_RETURN_TEXT_P(cstring_to_text((in_chinese ? chinese : english)[i / 2][i % 2]));
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown quadrant: \"%s\"", quadrant),
			 errhint("Quadrants are keep up, concentrate here, low priority and possible overkill.")));
}
