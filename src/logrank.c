/*
 * logrank.c
 *		Do groups stay equally long? The aggregate logrank.
 */
#include "compat.h"

#include <math.h>

#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/float.h"

#include "aggregate.h"
#include "event_counts.h"
#include "inference.h"
#include "math/distributions.h"
#include "math/linear.h"

PG_FUNCTION_INFO_V1(logrank_accum);
PG_FUNCTION_INFO_V1(logrank_combine);
PG_FUNCTION_INFO_V1(logrank_serialize);
PG_FUNCTION_INFO_V1(logrank_deserialize);
PG_FUNCTION_INFO_V1(logrank_final);

#define GROUPS 64

/* A group of whose variance the others leave no more than this adds no degree of freedom. */
#define DEPENDENT 1e-10

/* One group of customers. */
typedef struct Group
{
	char	   *name;
	int			length;
	EventCounts *counts;
} Group;

typedef struct LogrankState
{
	MemoryContext context;
	int			count;
	Group		groups[GROUPS];
} LogrankState;

static LogrankState *
create_state(MemoryContext context)
{
	LogrankState *state = MemoryContextAllocZero(context, sizeof(LogrankState));

	state->context = context;
	return state;
}

/*
 * counts_of
 *		Those of a group, which is new if it is not among the groups.
 */
static EventCounts *
counts_of(LogrankState *state, const char *name, int length)
{
	Group	   *group;

	for (int i = 0; i < state->count; i++)
	{
		if (state->groups[i].length == length && memcmp(state->groups[i].name, name, length) == 0)
			return state->groups[i].counts;
	}
	if (state->count == GROUPS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("logrank compares at most %d groups", GROUPS),
				 errhint("Group by something coarser.")));
	group = &state->groups[state->count++];
	group->name = MemoryContextAlloc(state->context, Max(length, 1));
	memcpy(group->name, name, length);
	group->length = length;
	group->counts = event_counts_create(state->context);
	return group->counts;
}

/*
 * logrank_accum
 *		(state, duration, event, grp)
 */
Datum
logrank_accum(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	LogrankState *state = PG_ARGISNULL(0) ? create_state(context) : (LogrankState *) PG_GETARG_POINTER(0);

	if (!PG_ARGISNULL(1) && !PG_ARGISNULL(2) && !PG_ARGISNULL(3))
	{
		text	   *name = PG_GETARG_TEXT_PP(3);
		EventCounts *counts = counts_of(state, VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name));

		event_counts_add(counts, event_duration(PG_GETARG_FLOAT8(1)), PG_GETARG_BOOL(2), !PG_GETARG_BOOL(2));
	}
	PG_RETURN_POINTER(state);
}

/*
 * logrank_combine
 */
Datum
logrank_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	LogrankState *state = PG_ARGISNULL(0) ? NULL : (LogrankState *) PG_GETARG_POINTER(0);

	if (!PG_ARGISNULL(1))
	{
		const LogrankState *other = (LogrankState *) PG_GETARG_POINTER(1);

		if (state == NULL)
			state = create_state(context);
		for (int i = 0; i < other->count; i++)
			event_counts_append(counts_of(state, other->groups[i].name, other->groups[i].length), other->groups[i].counts);
	}
	if (state == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(state);
}

/*
 * logrank_serialize
 */
Datum
logrank_serialize(PG_FUNCTION_ARGS)
{
	LogrankState *state;
	StringInfoData buffer;

	(void) aggregate_context(fcinfo);
	state = (LogrankState *) PG_GETARG_POINTER(0);
	pq_begintypsend(&buffer);
	pq_sendint32(&buffer, state->count);
	for (int i = 0; i < state->count; i++)
	{
		pq_sendint32(&buffer, state->groups[i].length);
		pq_sendbytes(&buffer, state->groups[i].name, state->groups[i].length);
		event_counts_send(&buffer, state->groups[i].counts);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

/*
 * logrank_deserialize
 */
Datum
logrank_deserialize(PG_FUNCTION_ARGS)
{
	StringInfoData buffer;
	bytea	   *bytes;
	LogrankState *state;
	int			count;

	(void) aggregate_context(fcinfo);
	bytes = PG_GETARG_BYTEA_PP(0);
	initStringInfo(&buffer);
	appendBinaryStringInfo(&buffer, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
	state = create_state(CurrentMemoryContext);
	count = pq_getmsgint(&buffer, 4);
	for (int i = 0; i < count; i++)
	{
		int			length = pq_getmsgint(&buffer, 4);
		const char *name = pq_getmsgbytes(&buffer, length);
		EventCounts *counts = counts_of(state, name, length);

		event_counts_append(counts, event_counts_receive(&buffer, CurrentMemoryContext));
	}
	pq_getmsgend(&buffer);
	PG_RETURN_POINTER(state);
}

/*
 * compare_groups
 *		Any order will do, if it is always the same.
 */
static int
compare_groups(const void *a, const void *b)
{
	const Group *x = a;
	const Group *y = b;
	int			order = memcmp(x->name, y->name, Min(x->length, y->length));

	return order != 0 ? order : x->length - y->length;
}

/*
 * logrank_final
 *		A logrank_test: the events of each group beside those that there would be if at each time the same share of all
 *		groups had one, and the variance of that.
 */
Datum
logrank_final(PG_FUNCTION_ARGS)
{
	LogrankState *state;
	EventCounts *all;
	int			n;
	double		at_risk[GROUPS] = {0};
	double		total = 0;
	Size		next[GROUPS] = {0};
	double		excess[GROUPS] = {0};	/* events less those expected */
	double		solution[GROUPS];
	double	   *variance;
	bool		dependent[GROUPS];
	int			df;
	double		chi_square = 0;
	Datum		values[3];
	bool		nulls[3] = {0};

	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (LogrankState *) PG_GETARG_POINTER(0);
	n = state->count;
	qsort(state->groups, n, sizeof(Group), compare_groups);
	variance = palloc0(sizeof(double) * GROUPS * GROUPS);
	all = event_counts_create(CurrentMemoryContext);
	for (int i = 0; i < n; i++)
	{
		EventCounts *counts = state->groups[i].counts;

		event_counts_sort(counts);
		event_counts_append(all, counts);
		for (Size row = 0; row < counts->count; row++)
			at_risk[i] += counts->rows[row].events + counts->rows[row].others;
		total += at_risk[i];
	}
	event_counts_sort(all);

	for (Size row = 0; row < all->count; row++)
	{
		double		events = all->rows[row].events;
		double		spread = total > 1 ? events * (total - events) / (total - 1) : 0;

		CHECK_FOR_INTERRUPTS();
		for (int i = 0; i < n; i++)
		{
			excess[i] -= events * at_risk[i] / total;
			for (int j = 0; j < n; j++)
				variance[i * n + j] += spread * (at_risk[i] / total) * ((i == j) - at_risk[j] / total);
		}
		for (int i = 0; i < n; i++)
		{
			const EventCounts *counts = state->groups[i].counts;

			if (next[i] < counts->count && counts->rows[next[i]].at == all->rows[row].at)
			{
				excess[i] += counts->rows[next[i]].events;
				at_risk[i] -= counts->rows[next[i]].events + counts->rows[next[i]].others;
				next[i]++;
			}
		}
		total -= events + all->rows[row].others;
	}

	memcpy(solution, excess, sizeof(excess));
	df = cholesky_factor(n, variance, DEPENDENT, dependent);
	cholesky_solve(n, variance, dependent, solution);
	for (int i = 0; i < n; i++)
		chi_square += excess[i] * solution[i];
	set_number(df > 0 ? chi_square : get_float8_nan(), &values[0], &nulls[0]);
	values[1] = Int32GetDatum(df);
	set_number(df > 0 ? chi_square_upper(Max(chi_square, 0), df) : get_float8_nan(), &values[2], &nulls[2]);
	return result_row(fcinfo, values, nulls);
}
