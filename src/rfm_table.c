/*
 * rfm_table.c
 *		The RFM table of the orders of a query: every customer with its measures and score, in one pass over the orders.
 */
#include "compat.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/params.h"
#include "tcop/dest.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "purchase_history.h"
#include "rfm.h"
#include "summarise.h"

PG_FUNCTION_INFO_V1(rfm_table);

/* The columns of the query. */
enum
{
	QUERY_CUSTOMER,
	QUERY_LAST_PURCHASE,
	QUERY_ORDERS,
	QUERY_TOTAL
};

/* Takes the rows of the query, and keeps the customers who have purchased; past work_mem in a temporary file. */
typedef struct CustomerReceiver
{
	DestReceiver receiver;		/* first */
	MemoryContext context;
	DateADT		as_of;
	TupleDesc	columns;
	Tuplestorestate *customers;
} CustomerReceiver;

/* Of how many customers the measures are looked at together, and of more one measure after the other. */
#define TOGETHER (work_mem * INT64CONST(1024) / (RFM_MEASURES * (int64) sizeof(int128)))

/*
 * receive_customer
 */
static bool
receive_customer(TupleTableSlot *slot, DestReceiver *self)
{
	CustomerReceiver *receiver = (CustomerReceiver *) self;

	if (!slot_attisnull(slot, QUERY_LAST_PURCHASE + 1))
		tuplestore_puttupleslot(receiver->customers, slot);
	return true;
}

/*
 * receiver_start
 */
static void
receiver_start(DestReceiver *self, int operation, TupleDesc columns)
{
	CustomerReceiver *receiver = (CustomerReceiver *) self;
	MemoryContext before = MemoryContextSwitchTo(receiver->context);

	receiver->columns = CreateTupleDescCopy(columns);
	MemoryContextSwitchTo(before);
}

static void
receiver_nothing(DestReceiver *self)
{
}

/*
 * set_parameter
 */
static void
set_parameter(ParamListInfo parameters, int n, Oid type, Datum value)
{
	parameters->params[n].value = value;
	parameters->params[n].isnull = false;
	parameters->params[n].pflags = PARAM_FLAG_CONST;
	parameters->params[n].ptype = type;
}

/*
 * moment_of_day
 *		The beginning of a day, as far as moments reach.
 */
static Datum
moment_of_day(Oid type, DateADT day)
{
#if PG_VERSION_NUM >= 190000
	ErrorSaveContext overflow = {T_ErrorSaveContext};
	Timestamp	moment = type == TIMESTAMPTZOID ? date2timestamptz_safe(day, (Node *) &overflow) : date2timestamp_safe(day, (Node *) &overflow);

	return TimestampGetDatum(!overflow.error_occurred ? moment : day < 0 ? DT_NOBEGIN : DT_NOEND);
#else
	int			overflow;

	if (type == TIMESTAMPTZOID)
		return TimestampTzGetDatum(date2timestamptz_opt_overflow(day, &overflow));
	return TimestampGetDatum(date2timestamp_opt_overflow(day, &overflow));
#endif
}

/*
 * customers_query
 *		The query for customer, last purchase, orders and total until as_of, and its parameters: the day, and moments that
 *		spare most rows the question which day they are of. Where clocks are set back at midnight, only the day itself tells.
 */
static char *
customers_query(const OrdersQuery *orders, DateADT as_of, ParamListInfo parameters)
{
	const char *ext = orders->ext;
	const char *measures = "%s.last_purchase(%s), %s.orders(%s), %s.total(%s)";
	const char *until;
	char	   *history;

	set_parameter(parameters, 0, DATEOID, DateADTGetDatum(as_of));
	parameters->numParams = 1;
	if (orders->lines)
	{
		history = psprintf("%s.as_of(history, $1)", ext);
		return psprintf("SELECT customer, %s FROM (%s) AS histories", psprintf(measures, ext, history, ext, history, ext, history),
						orders_histories(orders));
	}
	if (orders->day_type == DATEOID)
		until = "day OPERATOR(pg_catalog.<=) $1";
	else
	{
		bool		zoned = orders->day_type == TIMESTAMPTZOID;

		parameters->numParams = zoned ? 3 : 2;
		set_parameter(parameters, 1, orders->day_type, moment_of_day(orders->day_type, zoned ? as_of - 1 : as_of + 1));
		if (zoned)
			set_parameter(parameters, 2, orders->day_type, moment_of_day(orders->day_type, as_of + 2));
		until = zoned ? "day OPERATOR(pg_catalog.<) $2 OR (day OPERATOR(pg_catalog.<) $3 AND day::pg_catalog.date OPERATOR(pg_catalog.<=) $1)" :
			"day OPERATOR(pg_catalog.<) $2";
	}
	history = psprintf("%s.purchase_history(day, %s)", ext, orders->amount);
	return psprintf("SELECT customer::%s, %s\nFROM (%s\n) AS orders (customer, day, amount)\nWHERE %s\nGROUP BY 1", orders->key,
					psprintf(measures, ext, history, ext, history, ext, history), orders->text, until);
}

/*
 * next_customer
 *		The next customer, from the first one on after tuplestore_rescan; false after the last.
 */
static bool
next_customer(CustomerReceiver *found, TupleTableSlot *slot)
{
	CHECK_FOR_INTERRUPTS();
	if (!tuplestore_gettupleslot(found->customers, true, false, slot))
		return false;
	slot_getallattrs(slot);
	return true;
}

/*
 * measure_of
 *		A measure of a customer, as it is ranked.
 */
static int128
measure_of(const CustomerReceiver *found, const TupleTableSlot *slot, RfmMeasure measure)
{
	switch (measure)
	{
		case RFM_DAYS:
			return RFM_WHOLE_UNITS((int64) found->as_of - DatumGetDateADT(slot->tts_values[QUERY_LAST_PURCHASE]));
		case RFM_ORDERS:
			return RFM_WHOLE_UNITS(DatumGetInt64(slot->tts_values[QUERY_ORDERS]));
		case RFM_TOTAL:
			break;
	}
	return score_units_from_numeric(slot->tts_values[QUERY_TOTAL], "rfm_table");
}

/*
 * measures_of
 *		Measures of all customers, from one up to but not including another.
 */
static void
measures_of(CustomerReceiver *found, TupleTableSlot *slot, Population *measures[RFM_MEASURES], int from, int to)
{
	for (int measure = from; measure < to; measure++)
		measures[measure] = population_create(CurrentMemoryContext);
	tuplestore_rescan(found->customers);
	while (next_customer(found, slot))
	{
		for (int measure = from; measure < to; measure++)
			population_add(measures[measure], measure_of(found, slot, measure));
	}
}

/*
 * breaks_of
 *		The breaks of all customers.
 */
static RfmBreaks *
breaks_of(CustomerReceiver *found, TupleTableSlot *slot, RfmCut cut)
{
	RfmBreaks  *breaks = rfm_breaks_create(cut.bins);
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "rfm_table measures", ALLOCSET_DEFAULT_SIZES);
	MemoryContext before = MemoryContextSwitchTo(context);
	int64		count = tuplestore_tuple_count(found->customers);
	int			step = count <= TOGETHER ? RFM_MEASURES : 1;
	Population *measures[RFM_MEASURES];

	for (int from = 0; count > 0 && from < RFM_MEASURES; from += step)
	{
		measures_of(found, slot, measures, from, from + step);
		for (int measure = from; measure < from + step; measure++)
			rfm_cut_measure(measures[measure], measure, cut, breaks);
		MemoryContextReset(context);
	}
	MemoryContextSwitchTo(before);
	MemoryContextDelete(context);
	return breaks;
}

/*
 * codes_by_rows
 *		The codes of all customers by ntile, which needs all of them at once.
 */
static uint16 *
codes_by_rows(CustomerReceiver *found, TupleTableSlot *slot, RfmCut cut)
{
	uint16	   *codes = MemoryContextAllocExtended(CurrentMemoryContext, (tuplestore_tuple_count(found->customers) + 1) * sizeof(uint16), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "rfm_table measures", ALLOCSET_DEFAULT_SIZES);
	MemoryContext before = MemoryContextSwitchTo(context);
	Population *measures[RFM_MEASURES];

	measures_of(found, slot, measures, 0, RFM_MEASURES);
	rfm_codes(measures, cut, codes);
	MemoryContextSwitchTo(before);
	MemoryContextDelete(context);
	return codes;
}

/*
 * rfm_table(query text, key anyelement, as_of date, bins int, method text) → setof (customer, days_since_last, orders, total, rfm)
 */
Datum
rfm_table(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	OrdersQuery orders;
	RfmCut		cut;
	CustomerReceiver found = {.receiver = {receive_customer, receiver_start, receiver_nothing, receiver_nothing, DestNone}};
	ParamListInfo parameters = makeParamList(3);
	SPIExecuteOptions options = {.params = parameters,.read_only = true,.dest = &found.receiver};
	TupleTableSlot *slot;
	RfmBreaks  *breaks = NULL;
	uint16	   *codes = NULL;
	int			done;

	orders_query(fcinfo, &orders);
	cut = rfm_cut(fcinfo->args[3], &fcinfo->args[4]);
	if (PG_ARGISNULL(2))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("as_of must not be NULL"),
				 errhint("Give the day of the table, such as current_date.")));
	found.as_of = PG_GETARG_DATEADT(2);
	history_check_finite(found.as_of, "as_of");
	InitMaterializedSRF(fcinfo, 0);

	/* Half of the memory; the result has the other. */
	found.context = CurrentMemoryContext;
	found.customers = tuplestore_begin_heap(false, false, Max(work_mem / 2, 64));
	tuplestore_set_eflags(found.customers, EXEC_FLAG_REWIND);
	SPI_connect();
	done = SPI_execute_extended(customers_query(&orders, found.as_of, parameters), &options);
	if (done < 0)
		elog(ERROR, "SPI_execute_extended returned %s", SPI_result_code_string(done));
	SPI_finish();

	slot = MakeSingleTupleTableSlot(found.columns, &TTSOpsMinimalTuple);
	if (cut.method == RFM_NTILE)
		codes = codes_by_rows(&found, slot, cut);
	else
		breaks = breaks_of(&found, slot, cut);
	tuplestore_rescan(found.customers);
	for (int64 i = 0; next_customer(&found, slot); i++)
	{
		Datum		values[] = {
			slot->tts_values[QUERY_CUSTOMER], Int32GetDatum(found.as_of - DatumGetDateADT(slot->tts_values[QUERY_LAST_PURCHASE])),
			slot->tts_values[QUERY_ORDERS], slot->tts_values[QUERY_TOTAL], 0
		};
		bool		nulls[] = {slot->tts_isnull[QUERY_CUSTOMER], false, false, false, false};

		if (codes != NULL)
			values[4] = Int32GetDatum(codes[i]);
		else
		{
			int128		measures[RFM_MEASURES];

			for (int measure = 0; measure < RFM_MEASURES; measure++)
				measures[measure] = measure_of(&found, slot, measure);
			values[4] = Int32GetDatum(rfm_code(breaks, measures));
		}
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	ExecDropSingleTupleTableSlot(slot);
	tuplestore_end(found.customers);
	return (Datum) 0;
}
