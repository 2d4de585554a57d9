/*
 * period_totals.c
 *		The aggregate period_totals: the activity of all customers, period by period, in one pass.
 *
 * What SUM(...) over LATERAL period_activity(...) gives, without a row for each customer and period. The state is a
 * hash table of periods; its size follows from the calendar, not from the number of customers.
 */
#include "compat.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "funcapi.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

#include "aggregate.h"
#include "periods.h"

PG_FUNCTION_INFO_V1(period_totals_accum);
PG_FUNCTION_INFO_V1(period_totals_combine);
PG_FUNCTION_INFO_V1(period_totals_serialize);
PG_FUNCTION_INFO_V1(period_totals_deserialize);
PG_FUNCTION_INFO_V1(period_totals_final);

/* Customers are counted in the first six, in the order of the composite type period_total. */
enum
{
	COUNT_ACTIVE,
	COUNT_NEW,
	COUNT_RETURNING,
	COUNT_REACTIVATED,
	COUNT_LOST,
	COUNT_REPEATED,
	COUNT_ORDERS,
	COUNT_REFUNDS,
	COUNTS
};

#define TOTAL_COLUMNS (1 + COUNTS + 2)

/* One period of all customers. */
typedef struct PeriodTotal
{
	int64		index;
	char		status;			/* of the hash table */
	int64		counts[COUNTS];
	int128		gross;
	int128		refunded;
} PeriodTotal;

#define SH_PREFIX totals
#define SH_ELEMENT_TYPE PeriodTotal
#define SH_KEY_TYPE int64
#define SH_KEY index
#define SH_HASH_KEY(table, key) ((uint32) murmurhash32((uint32) (key)))
#define SH_EQUAL(table, a, b) ((a) == (b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

typedef struct PeriodTotals
{
	TimeUnit	unit;
	bool		count_orders;
	DateADT		as_of;
	totals_hash *periods;
} PeriodTotals;

/*
 * create_totals
 */
static PeriodTotals *
create_totals(MemoryContext context, TimeUnit unit, bool count_orders, DateADT as_of)
{
	PeriodTotals *state = MemoryContextAlloc(context, sizeof(PeriodTotals));

	state->unit = unit;
	state->count_orders = count_orders;
	state->as_of = as_of;
	state->periods = totals_create(context, 64, NULL);
	return state;
}

/*
 * check_same
 *		Parameters must not change between rows, in whatever order the rows come.
 */
static void
check_same(const PeriodTotals *state, TimeUnit unit, bool count_orders, DateADT as_of)
{
	if (state->unit != unit || state->count_orders != count_orders || state->as_of != as_of)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unit, as_of and count_by of period_totals must not change between rows"),
				 errhint("Pass constants, or group by them.")));
}

/*
 * find_period
 *		The total of a period, zero at first.
 */
static PeriodTotal *
find_period(PeriodTotals *state, int64 index)
{
	bool		found;
	PeriodTotal *total = totals_insert(state->periods, index, &found);

	if (!found)
	{
		memset(total->counts, 0, sizeof(total->counts));
		total->gross = total->refunded = 0;
	}
	return total;
}

/*
 * add_money
 */
static void
add_money(int128 *sum, int128 amount)
{
	if (__builtin_add_overflow(*sum, amount, sum))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("the money of a period is too large for period_totals")));
}

/*
 * period_totals_accum
 *		Adds a customer: (state, history, unit, as_of, count_by).
 */
Datum
period_totals_accum(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	PeriodTotals *state = PG_ARGISNULL(0) ? NULL : (PeriodTotals *) PG_GETARG_POINTER(0);
	TimeUnit	unit;
	bool		count_orders;
	PeriodScan	scan;
	Period		period;

	if (PG_ARGISNULL(2) || PG_ARGISNULL(3) || PG_ARGISNULL(4))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("unit, as_of and count_by of period_totals must not be NULL")));
	unit = time_unit(PG_GETARG_TEXT_PP(2));
	count_orders = counts_orders(PG_GETARG_TEXT_PP(4));
	if (state == NULL)
	{
		history_check_finite(PG_GETARG_DATEADT(3), "as_of");
		state = create_totals(context, unit, count_orders, PG_GETARG_DATEADT(3));
	}
	check_same(state, unit, count_orders, PG_GETARG_DATEADT(3));
	if (PG_ARGISNULL(1))
		PG_RETURN_POINTER(state);

	period_scan_begin(&scan, PG_GETARG_DATUM(1), unit, DATEVAL_NOBEGIN, state->as_of);
	scan.count_orders = count_orders;
	while (period_scan_activity(&scan, &period))
	{
		PeriodTotal *total = find_period(state, period.index);

		total->counts[COUNT_ACTIVE] += period.purchases > 0;
		total->counts[COUNT_NEW] += period.is_new;
		total->counts[COUNT_RETURNING] += period.is_returning;
		total->counts[COUNT_REACTIVATED] += period.is_reactivated;
		total->counts[COUNT_LOST] += period.is_lost;
		total->counts[COUNT_REPEATED] += period.purchases >= 2;
		history_count_add(&total->counts[COUNT_ORDERS], period.sums.orders);
		history_count_add(&total->counts[COUNT_REFUNDS], period.sums.refunds);
		add_money(&total->gross, period.sums.gross);
		add_money(&total->refunded, period.sums.refunded);
	}
	PG_RETURN_POINTER(state);
}

/*
 * period_totals_combine
 *		Adds the second state to the first.
 */
Datum
period_totals_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	PeriodTotals *state = PG_ARGISNULL(0) ? NULL : (PeriodTotals *) PG_GETARG_POINTER(0);
	PeriodTotals *other = PG_ARGISNULL(1) ? NULL : (PeriodTotals *) PG_GETARG_POINTER(1);
	totals_iterator iterator;
	PeriodTotal *more;

	if (other == NULL)
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}
	if (state == NULL)
		state = create_totals(context, other->unit, other->count_orders, other->as_of);
	check_same(state, other->unit, other->count_orders, other->as_of);
	totals_start_iterate(other->periods, &iterator);
	while ((more = totals_iterate(other->periods, &iterator)) != NULL)
	{
		PeriodTotal *total = find_period(state, more->index);

		CHECK_FOR_INTERRUPTS();
		for (int i = 0; i < COUNTS; i++)
			history_count_add(&total->counts[i], more->counts[i]);
		add_money(&total->gross, more->gross);
		add_money(&total->refunded, more->refunded);
	}
	PG_RETURN_POINTER(state);
}

static int
compare_totals(const void *a, const void *b)
{
	int64		x = ((const PeriodTotal *) a)->index;
	int64		y = ((const PeriodTotal *) b)->index;

	return x < y ? -1 : x > y;
}

/*
 * sorted_totals
 *		All periods in order.
 */
static PeriodTotal *
sorted_totals(const PeriodTotals *state, int *count)
{
	PeriodTotal *sorted = palloc_extended(Max(state->periods->members, 1) * sizeof(PeriodTotal), MCXT_ALLOC_HUGE);
	totals_iterator iterator;
	PeriodTotal *total;

	*count = 0;
	totals_start_iterate(state->periods, &iterator);
	while ((total = totals_iterate(state->periods, &iterator)) != NULL)
		sorted[(*count)++] = *total;
	qsort(sorted, *count, sizeof(PeriodTotal), compare_totals);
	return sorted;
}

/*
 * period_totals_serialize
 *		Parameters, number of periods, and for each its number, counts and money.
 */
Datum
period_totals_serialize(PG_FUNCTION_ARGS)
{
	StringInfoData buffer;
	PeriodTotals *state;
	PeriodTotal *totals;
	int			count;

	aggregate_context(fcinfo);
	state = (PeriodTotals *) PG_GETARG_POINTER(0);
	totals = sorted_totals(state, &count);
	pq_begintypsend(&buffer);
	pq_sendbyte(&buffer, state->unit);
	pq_sendbyte(&buffer, state->count_orders);
	pq_sendint32(&buffer, state->as_of);
	pq_sendint32(&buffer, count);
	for (int i = 0; i < count; i++)
	{
		pq_sendint64(&buffer, totals[i].index);
		for (int j = 0; j < COUNTS; j++)
			pq_sendint64(&buffer, totals[i].counts[j]);
		send_int128(&buffer, totals[i].gross);
		send_int128(&buffer, totals[i].refunded);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

/*
 * period_totals_deserialize
 *		Reads what was serialised, and checks what could do harm.
 */
Datum
period_totals_deserialize(PG_FUNCTION_ARGS)
{
	StringInfoData buffer;
	bytea	   *bytes;
	PeriodTotals *state;
	int			unit;
	int			count_orders;
	DateADT		as_of;
	int			count;

	aggregate_context(fcinfo);
	bytes = PG_GETARG_BYTEA_PP(0);
	initStringInfo(&buffer);
	appendBinaryStringInfo(&buffer, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
	unit = pq_getmsgbyte(&buffer);
	count_orders = pq_getmsgbyte(&buffer);
	as_of = pq_getmsgint(&buffer, 4);
	count = pq_getmsgint(&buffer, 4);
	if (unit > UNIT_YEAR || count_orders > 1 || DATE_NOT_FINITE(as_of))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid state of the aggregate period_totals")));
	state = create_totals(CurrentMemoryContext, (TimeUnit) unit, count_orders == 1, as_of);
	for (int i = 0; i < count; i++)
	{
		PeriodTotal *total = find_period(state, pq_getmsgint64(&buffer));

		for (int j = 0; j < COUNTS; j++)
			total->counts[j] = pq_getmsgint64(&buffer);
		total->gross = receive_int128(&buffer);
		total->refunded = receive_int128(&buffer);
	}
	pq_getmsgend(&buffer);
	PG_RETURN_POINTER(state);
}

/*
 * period_totals_final
 *		The periods in order, as an array of period_total.
 */
Datum
period_totals_final(PG_FUNCTION_ARGS)
{
	PeriodTotal *totals;
	PeriodTotals *state;
	Datum	   *elements;
	TupleDesc	row_type;
	Oid			element;
	int			count;

	aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (PeriodTotals *) PG_GETARG_POINTER(0);
	totals = sorted_totals(state, &count);
	element = get_element_type(get_func_rettype(fcinfo->flinfo->fn_oid));
	row_type = lookup_rowtype_tupdesc_copy(element, -1);
	if (row_type->natts != TOTAL_COLUMNS)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("type %s is not that of the library", format_type_be(element)),
				 errhint("Run ALTER EXTENSION pg_customer UPDATE.")));
	elements = palloc_extended(Max(count, 1) * sizeof(Datum), MCXT_ALLOC_HUGE);
	for (int i = 0; i < count; i++)
	{
		Datum		values[TOTAL_COLUMNS];
		bool		nulls[TOTAL_COLUMNS] = {0};

		CHECK_FOR_INTERRUPTS();
		values[0] = DateADTGetDatum(period_first_day(totals[i].index, state->unit));
		for (int j = 0; j < COUNTS; j++)
			values[1 + j] = Int64GetDatum(totals[i].counts[j]);
		values[1 + COUNTS] = NumericGetDatum(history_money(totals[i].gross));
		values[2 + COUNTS] = NumericGetDatum(history_money(totals[i].refunded));
		elements[i] = HeapTupleGetDatum(heap_form_tuple(row_type, values, nulls));
	}
	PG_RETURN_ARRAYTYPE_P(construct_array(elements, count, element, -1, false, TYPALIGN_DOUBLE));
}
