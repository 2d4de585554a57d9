/*
 * rfm_totals.c
 *		The aggregate rfm_totals: how many customers have which score and recency, and what they are worth.
 *
 * A million customers are some ten thousand rows of (score, days), from which segments, their shares and the medians of
 * their days follow exactly.
 */
#include "compat.h"

#include "access/htup_details.h"
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
#include "decimal.h"

PG_FUNCTION_INFO_V1(rfm_totals_accum);
PG_FUNCTION_INFO_V1(rfm_totals_combine);
PG_FUNCTION_INFO_V1(rfm_totals_serialize);
PG_FUNCTION_INFO_V1(rfm_totals_deserialize);
PG_FUNCTION_INFO_V1(rfm_totals_final);

/* Money is summed in millionths, and stays below 10^25. */
#define MONEY_SCALE 6
#define MONEY_DIGITS 25

/* The columns of the composite type rfm_total. */
#define TOTAL_COLUMNS 6

/* The customers of one score and recency. */
typedef struct RfmTotal
{
	uint64		key;			/* score, then days */
	char		status;			/* of the hash table */
	int64		customers;
	int64		orders;
	int128		gross;
	int128		total;
} RfmTotal;

#define RFM_TOTAL_KEY(score, days)	((uint64) (uint32) (score) << 32 | ((uint32) (days) ^ 0x80000000))
#define RFM_TOTAL_SCORE(key)		((int32) ((key) >> 32))
#define RFM_TOTAL_DAYS(key)			((int32) ((uint32) (key) ^ 0x80000000))

#define SH_PREFIX rfm_hash
#define SH_ELEMENT_TYPE RfmTotal
#define SH_KEY_TYPE uint64
#define SH_KEY key
#define SH_HASH_KEY(table, key) ((uint32) murmurhash32((uint32) (key) ^ (uint32) ((key) >> 32) * 0x9E3779B1))
#define SH_EQUAL(table, a, b) ((a) == (b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/*
 * add_to
 *		Adds customers to those of their score and recency.
 */
static void
add_to(rfm_hash_hash *totals, uint64 key, int64 customers, int64 orders, int128 gross, int128 total)
{
	bool		found;
	RfmTotal   *sum = rfm_hash_insert(totals, key, &found);

	if (!found)
	{
		sum->customers = sum->orders = 0;
		sum->gross = sum->total = 0;
	}
	if (__builtin_add_overflow(sum->customers, customers, &sum->customers) ||
		__builtin_add_overflow(sum->orders, orders, &sum->orders) ||
		__builtin_add_overflow(sum->gross, gross, &sum->gross) ||
		__builtin_add_overflow(sum->total, total, &sum->total))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("the sums of rfm_totals are out of range"),
				 errhint("Express the amounts in a larger unit.")));
}

/*
 * money
 *		An argument in millionths; NULL is nothing.
 */
static int128
money(FunctionCallInfo fcinfo, int argument)
{
	int128		units = 0;

	if (!PG_ARGISNULL(argument) &&
		decimal_from_numeric(PG_GETARG_DATUM(argument), MONEY_SCALE, MONEY_DIGITS, true, &units) != DECIMAL_OK)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("rfm_totals cannot sum %s",
						DatumGetCString(DirectFunctionCall1(numeric_out, PG_GETARG_DATUM(argument)))),
				 errhint("Amounts must be finite and below 10^%d.", MONEY_DIGITS)));
	return units;
}

/*
 * rfm_totals_accum
 *		Adds a customer: (state, score, days_since_last, orders, gross, total). One without score or days is left out.
 */
Datum
rfm_totals_accum(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	rfm_hash_hash *totals = PG_ARGISNULL(0) ? NULL : (rfm_hash_hash *) PG_GETARG_POINTER(0);

	if (totals == NULL)
		totals = rfm_hash_create(context, 1024, NULL);
	if (!PG_ARGISNULL(1) && !PG_ARGISNULL(2))
		add_to(totals, RFM_TOTAL_KEY(PG_GETARG_INT32(1), PG_GETARG_INT32(2)), 1,
			   PG_ARGISNULL(3) ? 0 : PG_GETARG_INT64(3), money(fcinfo, 4), money(fcinfo, 5));
	PG_RETURN_POINTER(totals);
}

/*
 * rfm_totals_combine
 *		Adds the second state to the first.
 */
Datum
rfm_totals_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	rfm_hash_hash *totals = PG_ARGISNULL(0) ? NULL : (rfm_hash_hash *) PG_GETARG_POINTER(0);
	rfm_hash_hash *others = PG_ARGISNULL(1) ? NULL : (rfm_hash_hash *) PG_GETARG_POINTER(1);

	if (totals == NULL && others != NULL)
		totals = rfm_hash_create(context, Max(others->members, 1), NULL);
	if (others != NULL)
	{
		rfm_hash_iterator iterator;
		RfmTotal   *other;

		rfm_hash_start_iterate(others, &iterator);
		while ((other = rfm_hash_iterate(others, &iterator)) != NULL)
		{
			CHECK_FOR_INTERRUPTS();
			add_to(totals, other->key, other->customers, other->orders, other->gross, other->total);
		}
	}
	if (totals == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(totals);
}

/*
 * rfm_totals_serialize
 *		A count, and for each score and recency its key, counts and money.
 */
Datum
rfm_totals_serialize(PG_FUNCTION_ARGS)
{
	rfm_hash_hash *totals;
	rfm_hash_iterator iterator;
	RfmTotal   *sum;
	StringInfoData buffer;

	(void) aggregate_context(fcinfo);
	totals = (rfm_hash_hash *) PG_GETARG_POINTER(0);
	pq_begintypsend(&buffer);
	pq_sendint32(&buffer, totals->members);
	rfm_hash_start_iterate(totals, &iterator);
	while ((sum = rfm_hash_iterate(totals, &iterator)) != NULL)
	{
		pq_sendint64(&buffer, sum->key);
		pq_sendint64(&buffer, sum->customers);
		pq_sendint64(&buffer, sum->orders);
		send_int128(&buffer, sum->gross);
		send_int128(&buffer, sum->total);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

/*
 * rfm_totals_deserialize
 *		Reads what was serialised; what is cut off is an error of the message's.
 */
Datum
rfm_totals_deserialize(PG_FUNCTION_ARGS)
{
	StringInfoData buffer;
	bytea	   *bytes;
	rfm_hash_hash *totals;
	uint32		count;

	(void) aggregate_context(fcinfo);
	bytes = PG_GETARG_BYTEA_PP(0);
	initStringInfo(&buffer);
	appendBinaryStringInfo(&buffer, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
	count = pq_getmsgint(&buffer, 4);
	totals = rfm_hash_create(CurrentMemoryContext, 1024, NULL);
	for (uint32 i = 0; i < count; i++)
	{
		uint64		key = pq_getmsgint64(&buffer);
		int64		customers = pq_getmsgint64(&buffer);
		int64		orders = pq_getmsgint64(&buffer);
		int128		gross = receive_int128(&buffer);
		int128		total = receive_int128(&buffer);

		add_to(totals, key, customers, orders, gross, total);
	}
	pq_getmsgend(&buffer);
	PG_RETURN_POINTER(totals);
}

static int
compare_keys(const void *a, const void *b)
{
	uint64		x = ((const RfmTotal *) a)->key;
	uint64		y = ((const RfmTotal *) b)->key;

	return x < y ? -1 : x > y;
}

/*
 * rfm_totals_final
 *		An array of rfm_total, by score and days.
 */
Datum
rfm_totals_final(PG_FUNCTION_ARGS)
{
	rfm_hash_hash *totals;
	rfm_hash_iterator iterator;
	RfmTotal   *sum;
	RfmTotal   *sorted;
	Datum	   *elements;
	TupleDesc	row_type;
	Oid			element;
	int			count = 0;

	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	totals = (rfm_hash_hash *) PG_GETARG_POINTER(0);
	sorted = palloc_extended(Max(totals->members, 1) * sizeof(RfmTotal), MCXT_ALLOC_HUGE);
	rfm_hash_start_iterate(totals, &iterator);
	while ((sum = rfm_hash_iterate(totals, &iterator)) != NULL)
		sorted[count++] = *sum;
	qsort(sorted, count, sizeof(RfmTotal), compare_keys);

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
		Datum		values[TOTAL_COLUMNS] = {
			Int32GetDatum(RFM_TOTAL_SCORE(sorted[i].key)),
			Int32GetDatum(RFM_TOTAL_DAYS(sorted[i].key)),
			Int64GetDatum(sorted[i].customers),
			Int64GetDatum(sorted[i].orders),
			NumericGetDatum(decimal_to_numeric(sorted[i].gross, MONEY_SCALE, true)),
			NumericGetDatum(decimal_to_numeric(sorted[i].total, MONEY_SCALE, true))
		};
		bool		nulls[TOTAL_COLUMNS] = {0};

		CHECK_FOR_INTERRUPTS();
		elements[i] = HeapTupleGetDatum(heap_form_tuple(row_type, values, nulls));
	}
	PG_RETURN_ARRAYTYPE_P(construct_array(elements, count, element, -1, false, TYPALIGN_DOUBLE));
}
