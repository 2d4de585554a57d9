/*
 * lifecycle.c
 *		The stage of a customer on any day, and all changes of it.
 *
 * A purchase brings the stage of the number of purchases so far; the days after it are silence, which brings at_risk,
 * dormant and churned. Both know only what had happened until then, so that no later purchase moves the past.
 */
#include "compat.h"

#include "access/htup_details.h"
#include "catalog/pg_enum.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/tuplestore.h"

#include "lifecycle.h"

PG_FUNCTION_INFO_V1(lifecycle_stage);
PG_FUNCTION_INFO_V1(lifecycle_history);
PG_FUNCTION_INFO_V1(lifecycle_state);
PG_FUNCTION_INFO_V1(lifecycle_reached);
PG_FUNCTION_INFO_V1(lifecycle_changes_since);

/* Below it, the rhythm is the population's. */
#define DAYS_OF_OWN_RHYTHM 3

static const char *const stage_keys[STAGES] = {
	"prospect", "new", "repeat", "loyal", "at_risk", "dormant", "churned"
};

static const char *const reason_keys[] = {
	[REASON_FIRST_PURCHASE] = "first purchase",
	[REASON_REPEAT_PURCHASE] = "repeat purchase",
	[REASON_LOYAL] = "loyal",
	[REASON_SILENCE] = "silence",
	[REASON_WON_BACK] = "won back",
	[REASON_CORRECTED] = "corrected"
};

const char *
lifecycle_reason_key(LifecycleReason reason)
{
	return reason_keys[reason];
}

/*
 * lifecycle_reason
 *		Why a stage follows another: the two tell.
 */
LifecycleReason
lifecycle_reason(LifecycleStage from, LifecycleStage to)
{
	if (to >= STAGE_AT_RISK)
		return REASON_SILENCE;
	if (from >= STAGE_AT_RISK)
		return REASON_WON_BACK;
	if (from == STAGE_NONE)
		return REASON_FIRST_PURCHASE;
	return to == STAGE_LOYAL ? REASON_LOYAL : REASON_REPEAT_PURCHASE;
}

/* ------------------------------------------------------------------------------------------------
 * The labels of the enum
 * ------------------------------------------------------------------------------------------------ */

/*
 * stage_label
 *		The label of a stage; a user may have renamed it.
 */
Oid
stage_label(Oid enum_type, LifecycleStage stage)
{
	Oid			label = GetSysCacheOid2(ENUMTYPOIDNAME, Anum_pg_enum_oid,
										ObjectIdGetDatum(enum_type), CStringGetDatum(stage_keys[stage]));

	if (!OidIsValid(label))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("type %s has lost its label \"%s\"", format_type_be(enum_type), stage_keys[stage]),
				 errhint("Rename the label back: ALTER TYPE ... RENAME VALUE.")));
	return label;
}

/*
 * stage_labels
 *		The labels of all stages, looked up once a call site.
 */
const Oid *
stage_labels(FmgrInfo *flinfo, Oid enum_type)
{
	if (flinfo->fn_extra == NULL)
	{
		Oid		   *labels = MemoryContextAlloc(flinfo->fn_mcxt, STAGES * sizeof(Oid));

		for (int i = 0; i < STAGES; i++)
			labels[i] = stage_label(enum_type, (LifecycleStage) i);
		flinfo->fn_extra = labels;
	}
	return flinfo->fn_extra;
}

/*
 * argument_labels
 *		The labels of the enum that is an argument of the running function.
 */
const Oid *
argument_labels(FunctionCallInfo fcinfo, int argument)
{
	FmgrInfo   *flinfo = fcinfo->flinfo;
	Oid		   *types;
	int			ntypes;

	if (flinfo->fn_extra == NULL)
	{
		(void) get_func_signature(flinfo->fn_oid, &types, &ntypes);
		stage_labels(flinfo, types[argument]);
	}
	return flinfo->fn_extra;
}

/*
 * stage_of_label
 */
LifecycleStage
stage_of_label(const Oid labels[STAGES], Oid label)
{
	for (int i = 0; i < STAGES; i++)
	{
		if (labels[i] == label)
			return (LifecycleStage) i;
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("a label that was added to lifecycle_stage is no stage"),
			 errhint("Stages are those of SELECT * FROM lifecycle_stages().")));
	pg_unreachable();
}

/* ------------------------------------------------------------------------------------------------
 * The scan
 * ------------------------------------------------------------------------------------------------ */

/*
 * read_ahead
 *		Finds the next purchase day.
 */
static void
read_ahead(LifecycleScan *scan)
{
	do
	{
		scan->ahead = history_read(&scan->reader, &scan->day) && scan->day.day <= scan->as_of;
		scan->any_day |= scan->ahead;
	} while (scan->ahead && scan->day.orders == 0);
}

/*
 * lifecycle_begin
 */
void
lifecycle_begin(LifecycleScan *scan, Datum history, DateADT as_of, const LifecyclePolicy *policy)
{
	scan->policy = policy;
	scan->as_of = as_of;
	scan->any_day = false;
	scan->purchase_days = scan->orders = 0;
	scan->stage = STAGE_NONE;
	scan->silent = SILENT_STAGES;
	scan->gaps = scan->few_gaps;
	scan->capacity = FEW_GAPS;
	scan->ngaps = scan->sorted = 0;
	history_begin(&scan->reader, history);
	read_ahead(scan);
}

/*
 * lifecycle_end
 *		Frees what a long history needed.
 */
void
lifecycle_end(LifecycleScan *scan)
{
	if (scan->gaps != scan->few_gaps)
		pfree(scan->gaps);
}

/*
 * add_gap
 */
static void
add_gap(LifecycleScan *scan, int32 gap)
{
	if (scan->ngaps == scan->capacity)
	{
		int32	   *more = palloc_extended(2 * scan->capacity * sizeof(int32), MCXT_ALLOC_HUGE);

		memcpy(more, scan->gaps, scan->ngaps * sizeof(int32));
		lifecycle_end(scan);
		scan->gaps = more;
		scan->capacity *= 2;
	}
	scan->gaps[scan->ngaps++] = gap;
}

/*
 * median_gap
 *		Moves the gaps that came since the last call to their places.
 */
static double
median_gap(LifecycleScan *scan)
{
	int32	   *gaps = scan->gaps;
	Size		n = scan->ngaps;

	for (; scan->sorted < n; scan->sorted++)
	{
		int32		gap = gaps[scan->sorted];
		Size		low = 0;
		Size		high = scan->sorted;

		CHECK_FOR_INTERRUPTS();
		while (low < high)
		{
			Size		middle = (low + high) / 2;

			if (gaps[middle] <= gap)
				low = middle + 1;
			else
				high = middle;
		}
		memmove(&gaps[low + 1], &gaps[low], (scan->sorted - low) * sizeof(int32));
		gaps[low] = gap;
	}
	return n % 2 == 1 ? gaps[n / 2] : ((double) gaps[n / 2 - 1] + gaps[n / 2]) / 2;
}

/*
 * next_purchase
 *		Moves on by a purchase day.
 */
static bool
next_purchase(LifecycleScan *scan)
{
	if (!scan->ahead)
		return false;
	CHECK_FOR_INTERRUPTS();
	if (scan->purchase_days > 0)
		add_gap(scan, scan->day.day - scan->last);
	scan->last = scan->day.day;
	scan->purchase_days++;
	history_count_add(&scan->orders, scan->day.orders);
	read_ahead(scan);
	return true;
}

/*
 * purchase_stage
 *		The stage that the purchases so far bring.
 */
static LifecycleStage
purchase_stage(const LifecycleScan *scan)
{
	int64		purchases = scan->policy->count_orders ? scan->orders : scan->purchase_days;

	if (purchases == 0)
		return STAGE_NONE;
	return purchases >= scan->policy->loyal_from ? STAGE_LOYAL :
		purchases >= scan->policy->repeat_from ? STAGE_REPEAT : STAGE_NEW;
}

/*
 * set_starts
 *		The days on which the silence after the last purchase brings its stages, ascending.
 */
static void
set_starts(LifecycleScan *scan)
{
	const LifecyclePolicy *policy = scan->policy;
	double		gap = scan->purchase_days >= DAYS_OF_OWN_RHYTHM ? median_gap(scan) : policy->population_gap;

	for (int i = 0; i < SILENT_STAGES; i++)
		scan->starts[i] = (int64) scan->last + (int64) Max(policy->days[i], policy->gaps[i] * gap) + 1;
}

/*
 * lifecycle_next
 *		The next change of stage.
 */
bool
lifecycle_next(LifecycleScan *scan, LifecycleChange *change)
{
	for (;;)
	{
		LifecycleStage from = scan->stage;
		int64		end = scan->ahead ? scan->day.day : (int64) scan->as_of + 1;
		DateADT		day = scan->last;

		if (scan->silent < SILENT_STAGES)
		{
			int			i = scan->silent++;

			/* It must begin before the silence ends, and last a day. */
			if (scan->starts[i] >= end || (i + 1 < SILENT_STAGES && scan->starts[i + 1] == scan->starts[i]))
				continue;
			scan->stage = STAGE_AT_RISK + i;
			day = scan->starts[i];
		}
		else
		{
			if (!next_purchase(scan))
				return false;
			end = scan->ahead ? scan->day.day : (int64) scan->as_of + 1;
			/* The rhythm matters only to a silence longer than the first threshold of days. */
			if (end - scan->last - 1 > scan->policy->days[0])
			{
				set_starts(scan);
				scan->silent = 0;
			}
			day = scan->last;
			scan->stage = purchase_stage(scan);
			if (scan->stage == from)
				continue;
		}
		*change = (LifecycleChange) {scan->stage, day, lifecycle_reason(from, scan->stage)};
		return true;
	}
}

/* ------------------------------------------------------------------------------------------------
 * The functions
 * ------------------------------------------------------------------------------------------------ */

/*
 * read_arguments
 *		Begins the scan of (history, as_of, policy).
 */
static void
read_arguments(FunctionCallInfo fcinfo, LifecycleScan *scan)
{
	history_check_finite(PG_GETARG_DATEADT(1), "as_of");
	lifecycle_begin(scan, PG_GETARG_DATUM(0), PG_GETARG_DATEADT(1), PG_GETARG_POLICY(2));
}

/*
 * lifecycle_stage
 *		The stage at the end of a day.
 */
Datum
lifecycle_stage(PG_FUNCTION_ARGS)
{
	const Oid  *labels = stage_labels(fcinfo->flinfo, get_func_rettype(fcinfo->flinfo->fn_oid));
	LifecycleScan scan;
	LifecycleStage stage;

	read_arguments(fcinfo, &scan);
	if (!scan.any_day)
		PG_RETURN_OID(labels[STAGE_PROSPECT]);
	while (next_purchase(&scan))
		;
	stage = purchase_stage(&scan);
	if (stage == STAGE_NONE)
		PG_RETURN_NULL();
	if ((int64) scan.as_of - scan.last > scan.policy->days[0])
	{
		set_starts(&scan);
		for (int i = 0; i < SILENT_STAGES && scan.starts[i] <= scan.as_of; i++)
			stage = STAGE_AT_RISK + i;
	}
	lifecycle_end(&scan);
	PG_RETURN_OID(labels[stage]);
}

/*
 * result_labels
 *		The labels of the enum that is the first column of the result.
 */
static const Oid *
result_labels(FunctionCallInfo fcinfo, TupleDesc row_type)
{
	return stage_labels(fcinfo->flinfo, TupleDescAttr(row_type, 0)->atttypid);
}

/*
 * lifecycle_history
 *		Every stage that the customer was in: (stage, valid_from, valid_to, reason).
 */
Datum
lifecycle_history(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	const Oid  *labels;
	LifecycleScan scan;
	LifecycleChange change;
	bool		more;

	InitMaterializedSRF(fcinfo, 0);
	labels = result_labels(fcinfo, result->setDesc);
	read_arguments(fcinfo, &scan);
	more = lifecycle_next(&scan, &change);
	while (more)
	{
		Datum		values[4] = {
			ObjectIdGetDatum(labels[change.stage]),
			DateADTGetDatum(change.day),
			0,
			CStringGetTextDatum(lifecycle_reason_key(change.reason))
		};
		bool		nulls[4] = {false};

		more = lifecycle_next(&scan, &change);
		values[2] = DateADTGetDatum(change.day);
		nulls[2] = !more;
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	lifecycle_end(&scan);
	return (Datum) 0;
}

/*
 * state_row_type
 *		The row that lifecycle_state returns, looked up once a call site.
 */
static TupleDesc
state_row_type(FunctionCallInfo fcinfo)
{
	FmgrInfo   *flinfo = fcinfo->flinfo;

	if (flinfo->fn_extra == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(flinfo->fn_mcxt);
		TupleDesc	row_type;

		if (get_call_result_type(fcinfo, NULL, &row_type) != TYPEFUNC_COMPOSITE)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("function returning record called in context that cannot accept type record")));
		flinfo->fn_extra = BlessTupleDesc(row_type);
		MemoryContextSwitchTo(old);
	}
	return flinfo->fn_extra;
}

/*
 * lifecycle_state
 *		The last row of the history, the purchase that caused it, and when it ends without one.
 */
Datum
lifecycle_state(PG_FUNCTION_ARGS)
{
	TupleDesc	row_type = state_row_type(fcinfo);
	Oid			enum_type = TupleDescAttr(row_type, 0)->atttypid;
	LifecycleScan scan;
	LifecycleChange change = {.stage = STAGE_NONE};
	Datum		values[5] = {0};
	bool		nulls[5] = {true, true, true, true, true};

	read_arguments(fcinfo, &scan);
	while (lifecycle_next(&scan, &change))
		;
	if (change.stage != STAGE_NONE)
	{
		int			due = Max(change.stage + 1 - STAGE_AT_RISK, 0);

		values[0] = ObjectIdGetDatum(stage_label(enum_type, change.stage));
		values[1] = DateADTGetDatum(change.day);
		values[2] = CStringGetTextDatum(lifecycle_reason_key(change.reason));
		values[3] = DateADTGetDatum(change.day);
		nulls[0] = nulls[1] = nulls[2] = false;
		nulls[3] = change.reason == REASON_SILENCE;
		set_starts(&scan);
		if (due < SILENT_STAGES && scan.starts[due] <= HISTORY_LAST_DAY)
		{
			values[4] = DateADTGetDatum((DateADT) scan.starts[due]);
			nulls[4] = false;
		}
	}
	else if (!scan.any_day)
	{
		values[0] = ObjectIdGetDatum(stage_label(enum_type, STAGE_PROSPECT));
		nulls[0] = false;
	}
	lifecycle_end(&scan);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(row_type, values, nulls)));
}

/*
 * lifecycle_reached
 *		(history, stage, as_of, policy): the first day in a stage.
 */
Datum
lifecycle_reached(PG_FUNCTION_ARGS)
{
	LifecycleStage stage = stage_of_label(argument_labels(fcinfo, 1), PG_GETARG_OID(1));
	LifecycleScan scan;
	LifecycleChange change;
	bool		reached = false;

	history_check_finite(PG_GETARG_DATEADT(2), "as_of");
	lifecycle_begin(&scan, PG_GETARG_DATUM(0), PG_GETARG_DATEADT(2), PG_GETARG_POLICY(3));
	while (!reached && lifecycle_next(&scan, &change))
		reached = change.stage == stage;
	lifecycle_end(&scan);
	if (!reached)
		PG_RETURN_NULL();
	PG_RETURN_DATEADT(change.day);
}

/*
 * put_change
 *		A row of lifecycle_changes_since: (from_stage, to_stage, changed_on, order_day, reason). order_day is NULL where
 *		no purchase caused the change.
 */
static void
put_change(ReturnSetInfo *result, const Oid *labels, LifecycleStage from, const LifecycleChange *to, const DateADT *order_day)
{
	Datum		values[5] = {
		ObjectIdGetDatum(from == STAGE_NONE ? InvalidOid : labels[from]),
		ObjectIdGetDatum(to->stage == STAGE_NONE ? InvalidOid : labels[to->stage]),
		DateADTGetDatum(to->day),
		DateADTGetDatum(order_day == NULL ? 0 : *order_day),
		CStringGetTextDatum(lifecycle_reason_key(to->reason))
	};
	bool		nulls[5] = {from == STAGE_NONE, to->stage == STAGE_NONE, false, order_day == NULL, false};

	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/*
 * put_known_change
 *		A change of the timeline.
 */
static void
put_known_change(ReturnSetInfo *result, const Oid *labels, LifecycleStage from, const LifecycleChange *to)
{
	put_change(result, labels, from, to, to->reason == REASON_SILENCE ? NULL : &to->day);
}

/*
 * lifecycle_changes_since
 *		What a log lacks that has a stage as of the end of the day known_on: (stage, known_on, history, as_of, policy).
 */
Datum
lifecycle_changes_since(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	const Oid  *labels;
	LifecycleScan scan;
	LifecycleChange change = {.stage = STAGE_NONE};
	LifecycleStage logged = STAGE_NONE;
	LifecycleChange covering = {.stage = STAGE_NONE};
	DateADT		known_on = DATEVAL_NOBEGIN;
	DateADT		as_of;
	Datum		history;
	bool		more;

	if (PG_ARGISNULL(3) || PG_ARGISNULL(4))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("as_of and policy of lifecycle_changes_since must not be NULL")));
	InitMaterializedSRF(fcinfo, 0);
	labels = result_labels(fcinfo, result->setDesc);
	as_of = PG_GETARG_DATEADT(3);
	history_check_finite(as_of, "as_of");
	if (!PG_ARGISNULL(1))
	{
		known_on = Min(PG_GETARG_DATEADT(1), as_of);
		if (!PG_ARGISNULL(0))
			logged = stage_of_label(labels, PG_GETARG_OID(0));
		if (logged == STAGE_PROSPECT)
			logged = STAGE_NONE;
	}
	history = PG_ARGISNULL(2) ? history_from_days(&(HistoryDays) {0}) : PG_GETARG_DATUM(2);

	lifecycle_begin(&scan, history, as_of, PG_GETARG_POLICY(4));
	while ((more = lifecycle_next(&scan, &change)) && change.day <= known_on)
		covering = change;

	if (covering.stage != logged && (covering.stage == STAGE_NONE || covering.day != known_on))
	{
		/* The log was right about another past: one row leads to the stage of now. */
		while (lifecycle_next(&scan, &change))
			;
		if (change.stage != logged)
			put_change(result, labels, logged, &(LifecycleChange) {change.stage, as_of, REASON_CORRECTED},
					   scan.purchase_days > 0 ? &scan.last : NULL);
		more = false;
	}
	else if (covering.stage != logged)
		put_known_change(result, labels, logged, &covering);
	for (; more; more = lifecycle_next(&scan, &change))
	{
		put_known_change(result, labels, covering.stage, &change);
		covering = change;
	}
	lifecycle_end(&scan);
	return (Datum) 0;
}
