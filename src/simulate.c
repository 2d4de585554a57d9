/*
 * simulate.c
 *		simulate_purchases and simulate_contracts: customers who behave as a model says.
 *
 * Each customer has generators of its own, seeded by the seed and the customer's number. Rows are made one at a time, and
 * nothing but the customer at hand is held.
 */
#include "compat.h"

#include "access/htup_details.h"

#include <math.h>

#include "funcapi.h"
#include "miscadmin.h"

#include "math/simulate.h"
#include "model.h"

PG_FUNCTION_INFO_V1(simulate_purchases);
PG_FUNCTION_INFO_V1(simulate_contracts);

/* Amounts are in hundredths, and below 10^21, as a history holds them. */
#define AMOUNT_SCALE 2
#define AMOUNT_LIMIT_DIGITS 21

/* What is common to both: the customers are counted from 1. */
typedef struct CustomerRows
{
	Model		model;
	int64		customers;
	int64		seed;
	int64		customer;
	Random		random;
} CustomerRows;

typedef struct PurchaseRows
{
	CustomerRows rows;
	bool		has_spend;
	Model		spend;
	double		unit_days;
	DateADT		from;
	int64		days;			/* from from to the last day */
	/* the customer at hand */
	Simulation	simulation;
	double		first;			/* days since the beginning of from, with a fraction */
	Random		spend_random;
	double		log_mean;
} PurchaseRows;

typedef struct ContractRows
{
	CustomerRows rows;
	int32		periods;
} ContractRows;

/* ------------------------------------------------------------------------------------------------
 * Arguments
 * ------------------------------------------------------------------------------------------------ */

/*
 * get_parameters
 *		Those of a model, which must have some.
 */
static void
get_parameters(const StoredModel *stored, Model *model)
{
	if (!model_get(stored, model))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the %s model has no parameters to simulate from", model_classes[stored->kind].title),
				 errhint("It was fitted on too little data. Fit it on more, or give parameters of your own.")));
}

/*
 * begin_rows
 *		Sets a function up whose state is of that size, for a model, a number of customers and a seed.
 */
static void *
begin_rows(FunctionCallInfo fcinfo, Size size, const StoredModel *model, int64 customers, int64 seed)
{
	FuncCallContext *context = SRF_FIRSTCALL_INIT();
	MemoryContext old = MemoryContextSwitchTo(context->multi_call_memory_ctx);
	CustomerRows *rows = palloc0(size);

	if (get_call_result_type(fcinfo, NULL, &context->tuple_desc) != TYPEFUNC_COMPOSITE)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("function returning record called in context that cannot accept type record")));
	context->tuple_desc = BlessTupleDesc(context->tuple_desc);
	MemoryContextSwitchTo(old);
	if (customers < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("customers must be 0 or more, not " INT64_FORMAT, customers),
				 errhint("It is how many customers to simulate.")));
	get_parameters(model, &rows->model);
	rows->customers = customers;
	rows->seed = seed;
	context->user_fctx = rows;
	return rows;
}

/*
 * next_customer
 *		Seeds the generator of the next customer, if there is one.
 */
static bool
next_customer(CustomerRows *rows)
{
	if (rows->customer == rows->customers)
		return false;
	rows->customer++;
	random_seed(&rows->random, rows->seed, 2 * (uint64) rows->customer);
	return true;
}

/* ------------------------------------------------------------------------------------------------
 * Purchases
 * ------------------------------------------------------------------------------------------------ */

/*
 * begin_purchases
 *		(purchase_model, spend_model, customers, from_day, to_day, seed)
 */
static void
begin_purchases(FunctionCallInfo fcinfo)
{
	const StoredModel *purchases = PG_GETARG_MODEL(0);
	DateADT		from = PG_GETARG_DATEADT(3);
	DateADT		to = PG_GETARG_DATEADT(4);
	PurchaseRows *rows = begin_rows(fcinfo, sizeof(PurchaseRows), purchases, PG_GETARG_INT64(2), PG_GETARG_INT64(5));

	history_check_finite(from, "from_day");
	history_check_finite(to, "to_day");
	if (from > to)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("from_day must not be after to_day: %s, %s", history_date_text(from), history_date_text(to)),
				 errhint("First purchases are spread over the days from from_day to to_day.")));
	rows->unit_days = model_unit_days(purchases);
	rows->from = from;
	rows->days = (int64) to - from + 1;
	rows->has_spend = !PG_ARGISNULL(1);
	if (rows->has_spend)
		get_parameters(PG_GETARG_MODEL(1), &rows->spend);
}

/*
 * next_first_purchase
 *		The day of the next customer's first purchase. Spend has a generator of its own: days do not depend on it.
 */
static bool
next_first_purchase(PurchaseRows *rows, int64 *day)
{
	CustomerRows *common = &rows->rows;

	if (!next_customer(common))
		return false;
	simulation_begin(&rows->simulation, &common->model, &common->random);
	rows->first = spread_evenly(common->seed, common->customer) * rows->days;
	*day = Min((int64) rows->first, rows->days - 1);
	if (rows->has_spend)
	{
		random_seed(&rows->spend_random, common->seed, 2 * (uint64) common->customer + 1);
		rows->log_mean = simulate_log_mean_spend(&rows->spend, &rows->spend_random);
	}
	return true;
}

/*
 * next_repeat_purchase
 *		The day of the customer's next purchase, if there is one in time. An opportunity of BG/BB is a unit of time, counted
 *		from the first day: the purchase is on one of its days.
 */
static bool
next_repeat_purchase(PurchaseRows *rows, int64 *day)
{
	double		time;

	if (!simulation_next(&rows->simulation, &time))
		return false;
	if (rows->simulation.opportunities)
	{
		double		begin = ceil(time * rows->unit_days);
		double		end = ceil((time + 1) * rows->unit_days);

		time = floor(rows->first) + begin + floor(random_uniform(&rows->rows.random) * (end - begin));
	}
	else
		time = rows->first + time * rows->unit_days;
	if (!(time < rows->days))
		return false;
	*day = (int64) time;
	return true;
}

/*
 * next_amount
 *		To two digits after the point.
 */
static Numeric
next_amount(PurchaseRows *rows)
{
	double		amount = simulate_spend(&rows->spend, rows->log_mean, &rows->spend_random);
	int128		units = 0;

	if (decimal_from_float8(amount, AMOUNT_SCALE, AMOUNT_LIMIT_DIGITS, &units) != DECIMAL_OK)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("the amount of a purchase would be %g", amount),
				 errhint("The spend model has q = %g and gamma = %g: the smaller q, the larger the mean spend of some customers.",
						 rows->spend.parameters[1], rows->spend.parameters[2])));
	return decimal_to_numeric(units, AMOUNT_SCALE, false);
}

/*
 * simulate_purchases
 *		One row a purchase. A spend model may be NULL; any other NULL gives no row.
 */
Datum
simulate_purchases(PG_FUNCTION_ARGS)
{
	FuncCallContext *context;
	PurchaseRows *rows;
	int64		day;
	Datum		values[3];
	bool		nulls[3] = {0};

	if (SRF_IS_FIRSTCALL())
	{
		for (int i = 0; i < PG_NARGS(); i++)
		{
			if (i != 1 && PG_ARGISNULL(i))
			{
				context = SRF_FIRSTCALL_INIT();
				SRF_RETURN_DONE(context);
			}
		}
		begin_purchases(fcinfo);
	}
	CHECK_FOR_INTERRUPTS();
	context = SRF_PERCALL_SETUP();
	rows = context->user_fctx;
	if (!next_repeat_purchase(rows, &day) && !next_first_purchase(rows, &day))
		SRF_RETURN_DONE(context);
	values[0] = Int64GetDatum(rows->rows.customer);
	values[1] = DateADTGetDatum(rows->from + (DateADT) day);
	nulls[2] = !rows->has_spend;
	if (rows->has_spend)
		values[2] = NumericGetDatum(next_amount(rows));
	SRF_RETURN_NEXT(context, HeapTupleGetDatum(heap_form_tuple(context->tuple_desc, values, nulls)));
}

/* ------------------------------------------------------------------------------------------------
 * Contracts
 * ------------------------------------------------------------------------------------------------ */

/*
 * simulate_contracts
 *		(contract_model, customers, periods, seed): one row a customer.
 */
Datum
simulate_contracts(PG_FUNCTION_ARGS)
{
	FuncCallContext *context;
	ContractRows *rows;
	double		lifetime;
	Datum		values[3];
	bool		nulls[3] = {0};

	if (SRF_IS_FIRSTCALL())
	{
		int32		periods = PG_GETARG_INT32(2);

		rows = begin_rows(fcinfo, sizeof(ContractRows), PG_GETARG_MODEL(0), PG_GETARG_INT64(1), PG_GETARG_INT64(3));
		if (periods < 1)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("observed_periods must be 1 or more, not %d", periods),
					 errhint("It is for how many periods each contract is observed at most.")));
		rows->periods = periods;
	}
	CHECK_FOR_INTERRUPTS();
	context = SRF_PERCALL_SETUP();
	rows = context->user_fctx;
	if (!next_customer(&rows->rows))
		SRF_RETURN_DONE(context);
	lifetime = simulate_lifetime(&rows->rows.model, &rows->rows.random);
	values[0] = Int64GetDatum(rows->rows.customer);
	values[1] = Int32GetDatum((int32) Min(lifetime, rows->periods));
	values[2] = BoolGetDatum(lifetime <= rows->periods);
	SRF_RETURN_NEXT(context, HeapTupleGetDatum(heap_form_tuple(context->tuple_desc, values, nulls)));
}
