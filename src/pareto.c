/*
 * pareto.c
 *		Aggregates over all values of a population: the share of the top items, the Gini coefficient, and the
 *		values where ABC classes end.
 */
#include "compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "abc.h"
#include "aggregate.h"
#include "decimal.h"

/* The state of pareto_share (which needs top), abc_breaks (a and b) and gini (neither). */
typedef struct ParetoState
{
	Population *population;
	double		shares[2];
} ParetoState;

PG_FUNCTION_INFO_V1(gini_accum);
PG_FUNCTION_INFO_V1(gini_final);
PG_FUNCTION_INFO_V1(pareto_share_accum);
PG_FUNCTION_INFO_V1(pareto_share_final);
PG_FUNCTION_INFO_V1(abc_breaks_accum);
PG_FUNCTION_INFO_V1(abc_breaks_final);
PG_FUNCTION_INFO_V1(pareto_combine);
PG_FUNCTION_INFO_V1(pareto_serialize);
PG_FUNCTION_INFO_V1(pareto_deserialize);

/*
 * check_same_shares
 *		A share that belongs to the whole aggregate must be the same in each row.
 */
static void
check_same_shares(const ParetoState *state, const double shares[2])
{
	for (int i = 0; i < 2; i++)
	{
		if (state->shares[i] != shares[i])
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("a share given to an aggregate is not the same in each row: %.15g and %.15g",
							Min(state->shares[i], shares[i]), Max(state->shares[i], shares[i])),
					 errhint("Pass a constant, or group the rows by it.")));
	}
}

/*
 * new_state
 *		A state without values.
 */
static ParetoState *
new_state(MemoryContext context, const double shares[2])
{
	ParetoState *state = MemoryContextAlloc(context, sizeof(ParetoState));

	state->population = population_create(context);
	memcpy(state->shares, shares, sizeof(state->shares));
	return state;
}

/*
 * state_for_row
 *		The state that a transition function adds to, made at the first row.
 */
static ParetoState *
state_for_row(FunctionCallInfo fcinfo, const double shares[2])
{
	MemoryContext context = aggregate_context(fcinfo);
	ParetoState *state;

	if (PG_ARGISNULL(0))
		return new_state(context, shares);
	state = (ParetoState *) PG_GETARG_POINTER(0);
	check_same_shares(state, shares);
	return state;
}

/*
 * sorted_state
 *		The state that a final function reads, sorted; NULL when there is no value. Sorting leaves the state
 *		the same set of values, so other final functions and further rows may follow.
 */
static ParetoState *
sorted_state(FunctionCallInfo fcinfo)
{
	ParetoState *state;

	aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		return NULL;
	state = (ParetoState *) PG_GETARG_POINTER(0);
	if (state->population->count == 0)
		return NULL;
	population_sort(state->population);
	return state;
}

/*
 * ratio
 *		a / b by decimal division: 3 of 10 is 0.3, which the quotient of two rounded doubles may miss.
 */
static double
ratio(int128 a, int128 b)
{
	return DatumGetFloat8(DirectFunctionCall1(numeric_float8, NumericGetDatum(decimal_ratio(a, b))));
}

/*
 * pareto_combine
 *		Adds the second state to the first one.
 */
Datum
pareto_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	ParetoState *state = PG_ARGISNULL(0) ? NULL : (ParetoState *) PG_GETARG_POINTER(0);
	ParetoState *other = PG_ARGISNULL(1) ? NULL : (ParetoState *) PG_GETARG_POINTER(1);

	if (other != NULL)
	{
		if (state == NULL)
			state = new_state(context, other->shares);
		check_same_shares(state, other->shares);
		population_append(state->population, other->population);
	}
	if (state == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(state);
}

/*
 * pareto_serialize
 *		A state as bytes, for its way from a parallel worker.
 */
Datum
pareto_serialize(PG_FUNCTION_ARGS)
{
	ParetoState *state;
	StringInfoData buffer;

	aggregate_context(fcinfo);
	state = (ParetoState *) PG_GETARG_POINTER(0);
	pq_begintypsend(&buffer);
	pq_sendfloat8(&buffer, state->shares[0]);
	pq_sendfloat8(&buffer, state->shares[1]);
	population_send(&buffer, state->population);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

/*
 * pareto_deserialize
 *		The state in such bytes.
 */
Datum
pareto_deserialize(PG_FUNCTION_ARGS)
{
	bytea	   *bytes;
	StringInfoData buffer;
	ParetoState *state;

	aggregate_context(fcinfo);
	bytes = PG_GETARG_BYTEA_PP(0);
	buffer = (StringInfoData) {.data = VARDATA_ANY(bytes), .len = VARSIZE_ANY_EXHDR(bytes)};

	state = palloc(sizeof(ParetoState));
	for (int i = 0; i < 2; i++)
	{
		state->shares[i] = pq_getmsgfloat8(&buffer);
		if (!(state->shares[i] >= 0 && state->shares[i] <= 1))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
					 errmsg("invalid share in the state of an aggregate: %g", state->shares[i])));
	}
	state->population = population_receive(&buffer, CurrentMemoryContext);
	pq_getmsgend(&buffer);
	PG_RETURN_POINTER(state);
}

/*
 * pareto_share(value, top)
 *		Transition function: negative values are items that hold nothing.
 */
Datum
pareto_share_accum(PG_FUNCTION_ARGS)
{
	double		shares[2] = {0, 0};
	ParetoState *state;

	if (PG_ARGISNULL(2))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("top of pareto_share is NULL"),
				 errhint("Pass the share of the items to look at: 0.2 for the top 20 %%.")));
	shares[0] = PG_GETARG_FLOAT8(2);
	if (!(shares[0] >= 0 && shares[0] <= 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("top of pareto_share is not between 0 and 1: %.15g", shares[0]),
				 errhint("Pass the share of the items to look at: 0.2 for the top 20 %%.")));

	state = state_for_row(fcinfo, shares);
	if (!PG_ARGISNULL(1))
	{
		int128		units = value_units(call_cache(fcinfo, 1, NULL), PG_GETARG_DATUM(1), "pareto_share");

		population_add(state->population, Max(units, 0));
	}
	PG_RETURN_POINTER(state);
}

/*
 * pareto_share_final
 *		The Lorenz curve, read from its upper end: linear between two items.
 */
Datum
pareto_share_final(PG_FUNCTION_ARGS)
{
	ParetoState *state = sorted_state(fcinfo);
	int128		total;
	int128		held = 0;
	int128	   *values;
	double		position;
	double		part;
	int64		whole;
	int64		count;

	if (state == NULL)
		PG_RETURN_NULL();
	values = state->population->values;
	count = state->population->count;
	total = population_total(state->population, "pareto_share");
	if (total == 0)
		PG_RETURN_NULL();

	position = state->shares[0] * (double) count;
	whole = (int64) position;
	for (int64 i = 0; i < whole; i++)
	{
		CHECK_FOR_INTERRUPTS();
		held += values[count - 1 - i];
	}
	part = whole < count ? (position - (double) whole) * (double) values[count - 1 - whole] : 0;
	PG_RETURN_FLOAT8(ratio(held, total) + part / (double) total);
}

/*
 * gini(value)
 *		Transition function.
 */
Datum
gini_accum(PG_FUNCTION_ARGS)
{
	ParetoState *state = state_for_row(fcinfo, (double[2]) {0, 0});

	if (!PG_ARGISNULL(1))
		population_add(state->population,
					   value_units(call_cache(fcinfo, 1, NULL), PG_GETARG_DATUM(1), "gini"));
	PG_RETURN_POINTER(state);
}

/*
 * gini_final
 *		Half the mean absolute difference of all pairs of items, each with itself too, over the mean.
 *
 * In ascending order that is the sum of (n + 1 - 2i) (x[n + 1 - i] - x[i]) over the lower half, divided by
 * n times the total: whole numbers, nothing cancels. A total past 90 bits loses its last bits, so that the sum
 * stays within 128.
 */
Datum
gini_final(PG_FUNCTION_ARGS)
{
	ParetoState *state = sorted_state(fcinfo);
	int128	   *values;
	int128		total;
	int128		sum = 0;
	int64		count;
	int			shift = 0;

	if (state == NULL)
		PG_RETURN_NULL();
	values = state->population->values;
	count = state->population->count;
	if (values[0] < 0)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("gini is not defined for negative values such as %s",
						DatumGetCString(DirectFunctionCall1(numeric_out,
															NumericGetDatum(decimal_to_numeric(values[0], SCORE_SCALE, true))))),
				 errhint("Leave them out: gini(value) FILTER (WHERE value >= 0).")));
	total = population_total(state->population, "gini");
	if (total == 0)
		PG_RETURN_NULL();

	while (total >> shift >> 90 > 0)
		shift++;
	for (int64 i = 0; i < count / 2; i++)
	{
		CHECK_FOR_INTERRUPTS();
		sum += (count - 1 - 2 * i) * ((values[count - 1 - i] - values[i]) >> shift);
	}
	PG_RETURN_FLOAT8(ratio(sum, count * (total >> shift)));
}

/*
 * abc_breaks(value, a, b)
 *		Transition function: only positive values set breaks.
 */
Datum
abc_breaks_accum(PG_FUNCTION_ARGS)
{
	int64		thresholds[2];
	double		shares[2];
	ParetoState *state;

	read_thresholds(fcinfo->args[2], fcinfo->args[3], "abc_breaks", thresholds);
	for (int i = 0; i < 2; i++)
		shares[i] = (double) thresholds[i] / MILLION;

	state = state_for_row(fcinfo, shares);
	if (!PG_ARGISNULL(1))
	{
		int128		units = value_units(call_cache(fcinfo, 1, NULL), PG_GETARG_DATUM(1), "abc_breaks");

		if (units > 0)
			population_add(state->population, units);
	}
	PG_RETURN_POINTER(state);
}

/*
 * abc_breaks_final
 *		The smallest values inside the cuts of A and of B; NULL for a cut that leaves all outside.
 */
Datum
abc_breaks_final(PG_FUNCTION_ARGS)
{
	ParetoState *state = sorted_state(fcinfo);
	int64		thresholds[2];
	Cut			cuts[2];
	Datum		breaks[2];
	bool		nulls[2];

	if (state == NULL)
		PG_RETURN_NULL();
	for (int i = 0; i < 2; i++)
		thresholds[i] = (int64) rint(state->shares[i] * MILLION);
	find_cuts(state->population, thresholds, false, "abc_breaks", cuts);
	for (int i = 0; i < 2; i++)
	{
		nulls[i] = cuts[i].rows == 0;
		breaks[i] = nulls[i] ? (Datum) 0 : NumericGetDatum(decimal_to_numeric(cuts[i].value, SCORE_SCALE, true));
	}
	PG_RETURN_ARRAYTYPE_P(construct_md_array(breaks, nulls, 1, (int[]) {2}, (int[]) {1},
											 NUMERICOID, -1, false, TYPALIGN_INT));
}
