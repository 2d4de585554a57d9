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
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "purchase_history.h"
#include "rfm.h"
#include "summarise.h"

PG_FUNCTION_INFO_V1(rfm_table);

/* A customer: the key, the last purchase, and what a history up to as_of sums to. */
typedef struct Customer
{
	Datum		key;
	DateADT		last;
	bool		null_key;
	int64		orders;
	int128		total;			/* in millionths */
} Customer;

/* Takes the rows of the query: customer, last_purchase, orders, total. */
typedef struct CustomerReceiver
{
	DestReceiver receiver;		/* first */
	MemoryContext context;
	bool		by_value;
	int16		length;
	Customer   *customers;
	int64		count;
	int64		capacity;
} CustomerReceiver;

/*
 * receive_customer
 *		Keeps a customer who has purchased.
 */
static bool
receive_customer(TupleTableSlot *slot, DestReceiver *self)
{
	CustomerReceiver *receiver = (CustomerReceiver *) self;
	Customer   *customer;

	slot_getallattrs(slot);
	if (slot->tts_isnull[1])
		return true;
	if (receiver->count == receiver->capacity)
	{
		receiver->capacity *= 2;
		receiver->customers = repalloc_huge(receiver->customers, receiver->capacity * sizeof(Customer));
	}
	customer = &receiver->customers[receiver->count++];
	customer->null_key = slot->tts_isnull[0];
	customer->key = slot->tts_values[0];
	if (!customer->null_key && !receiver->by_value)
	{
		MemoryContext before = MemoryContextSwitchTo(receiver->context);

		customer->key = datumCopy(customer->key, false, receiver->length);
		MemoryContextSwitchTo(before);
	}
	customer->last = DatumGetDateADT(slot->tts_values[1]);
	customer->orders = DatumGetInt64(slot->tts_values[2]);
	if (decimal_from_numeric(slot->tts_values[3], HISTORY_SCALE, SCORE_LIMIT_DIGITS, false, &customer->total) != DECIMAL_OK)
		(void) score_units_from_numeric(slot->tts_values[3], "rfm_table");
	return true;
}

static void
receiver_nothing(DestReceiver *self)
{
}

static void
receiver_start(DestReceiver *self, int operation, TupleDesc columns)
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
	int			overflow;

	if (type == TIMESTAMPTZOID)
		return TimestampTzGetDatum(date2timestamptz_opt_overflow(day, &overflow));
	return TimestampGetDatum(date2timestamp_opt_overflow(day, &overflow));
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
 * measures_of
 *		The measures of a customer, as they are ranked.
 */
static void
measures_of(const Customer *customer, DateADT as_of, int128 values[RFM_MEASURES])
{
	values[RFM_DAYS] = RFM_WHOLE_UNITS((int64) as_of - customer->last);
	values[RFM_ORDERS] = RFM_WHOLE_UNITS(customer->orders);
	values[RFM_TOTAL] = rfm_money_units(customer->total, "rfm_table");
}

/*
 * score
 *		The scores of all customers.
 */
static uint16 *
score(const CustomerReceiver *found, DateADT as_of, RfmCut cut)
{
	uint16	   *codes = MemoryContextAllocExtended(CurrentMemoryContext, (found->count + 1) * sizeof(uint16), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "rfm_table measures", ALLOCSET_DEFAULT_SIZES);
	Population *measures[RFM_MEASURES];
	RfmBreaks  *breaks;
	int128		values[RFM_MEASURES];

	for (int measure = 0; measure < RFM_MEASURES; measure++)
		measures[measure] = population_create(context);
	for (int64 i = 0; i < found->count; i++)
	{
		measures_of(&found->customers[i], as_of, values);
		for (int measure = 0; measure < RFM_MEASURES; measure++)
			population_add(measures[measure], values[measure]);
	}
	if (cut.method == RFM_NTILE)
		rfm_codes(measures, cut, codes);
	else if (found->count > 0)
	{
		breaks = rfm_breaks_of(measures, cut);
		for (int64 i = 0; i < found->count; i++)
		{
			measures_of(&found->customers[i], as_of, values);
			codes[i] = rfm_code(breaks, values);
		}
	}
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
	DateADT		as_of;
	CustomerReceiver receiver = {.receiver = {receive_customer, receiver_start, receiver_nothing, receiver_nothing, DestNone}};
	ParamListInfo parameters = makeParamList(3);
	SPIExecuteOptions options = {.params = parameters,.read_only = true,.dest = &receiver.receiver};
	MemoryContext row;
	MemoryContext before;
	uint16	   *codes;
	int			done;

	orders_query(fcinfo, &orders);
	cut = rfm_cut(fcinfo->args[3], &fcinfo->args[4]);
	if (PG_ARGISNULL(2))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("as_of must not be NULL"),
				 errhint("Give the day of the table, such as current_date.")));
	as_of = PG_GETARG_DATEADT(2);
	history_check_finite(as_of, "as_of");
	InitMaterializedSRF(fcinfo, 0);

	receiver.context = CurrentMemoryContext;
	get_typlenbyval(get_fn_expr_argtype(fcinfo->flinfo, 1), &receiver.length, &receiver.by_value);
	receiver.capacity = 1024;
	receiver.customers = palloc(receiver.capacity * sizeof(Customer));
	SPI_connect();
	done = SPI_execute_extended(customers_query(&orders, as_of, parameters), &options);
	if (done < 0)
		elog(ERROR, "SPI_execute_extended returned %s", SPI_result_code_string(done));
	SPI_finish();

	codes = score(&receiver, as_of, cut);
	row = AllocSetContextCreate(CurrentMemoryContext, "rfm_table row", ALLOCSET_SMALL_SIZES);
	before = MemoryContextSwitchTo(row);
	for (int64 i = 0; i < receiver.count; i++)
	{
		const Customer *customer = &receiver.customers[i];
		Datum		values[] = {
			customer->key, Int32GetDatum(as_of - customer->last), Int64GetDatum(customer->orders),
			NumericGetDatum(history_money(customer->total)), Int32GetDatum(codes[i])
		};
		bool		nulls[] = {customer->null_key, false, false, false, false};

		CHECK_FOR_INTERRUPTS();
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
		MemoryContextReset(row);
	}
	MemoryContextSwitchTo(before);
	return (Datum) 0;
}
