/*
 * base_changes.c
 *		The trigger of live customer bases: what a statement changed, appended as signed rows.
 *
 * Old rows count -1 and new rows +1. Their sums by key and day go to the table deltas of the base, those of lines
 * of orders to line_deltas, and what cannot be used is counted by reason. Sums that are zero are not written, so a
 * statement that changes none of a base's columns writes nothing.
 */
#include "compat.h"

#include "access/genam.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "base_changes.h"

PG_FUNCTION_INFO_V1(base_record_changes);

bool		base_maintain = true;

/* How many rows of a statement are put into quarantine for each reason. */
#define MAX_QUARANTINED 1000

/* How many customers of a statement are folded in its transaction. */
#define MAX_FOLDED 1000

/* What of a row goes to quarantine, in the order of that table's columns. */
static const SourcePart quarantine_parts[] = {PART_TENANT, PART_CUSTOMER, PART_TIME, PART_AMOUNT, PART_ORDER};

#define QUARANTINE_PARTS lengthof(quarantine_parts)

/* A row for the quarantine; NULL for a part that the base or the row does not have. */
typedef struct BadRow
{
	RowOutcome	reason;
	char	   *texts[QUARANTINE_PARTS];
} BadRow;

/* The old or the new rows of the statement. */
typedef struct Side
{
	Tuplestorestate *rows;		/* NULL: it has none, or they are read */
	int			pointer;
	int			sign;
	RowOutcome	last;			/* what became of the row that was read last */
} Side;

typedef struct Recording
{
	SourceRow	row;
	Side		sides[2];
	int			turn;			/* whose row is next, or being read */
	bool		has_row;		/* the slot holds a row that is being read */
	bool		finished;		/* there are no more rows */
	ChangeList	changes;
	int64		unusable[ROW_REASONS];
	List	   *bad_rows;
	int			quarantined[ROW_REASONS];
	ArrayBuildState *fold_tenants;	/* the keys of customers to fold at once, as text */
	ArrayBuildState *fold_customers;
	int			fold_count;
	MemoryContext context;
} Recording;

/* ------------------------------------------------------------------------------------------------
 * Reading rows
 * ------------------------------------------------------------------------------------------------ */

/*
 * note_outcome
 *		Counts a row that cannot be used; a new one goes to quarantine, unless the old one was there before it.
 */
static void
note_outcome(Recording *r, RowOutcome outcome)
{
	Side	   *side = &r->sides[r->turn];

	side->last = outcome;
	if (outcome >= ROW_REASONS)
		return;
	r->unusable[outcome] += side->sign;
	if (outcome >= ROW_INFINITE_DAY && side->sign > 0 && r->quarantined[outcome] < MAX_QUARANTINED && r->sides[0].last != outcome)
	{
		MemoryContext old = MemoryContextSwitchTo(r->row.econtext->ecxt_per_tuple_memory);
		BadRow	   *bad = MemoryContextAlloc(r->context, sizeof(BadRow));

		bad->reason = outcome;
		for (int i = 0; i < QUARANTINE_PARTS; i++)
			bad->texts[i] = source_row_text(&r->row, quarantine_parts[i], r->context);
		MemoryContextSwitchTo(r->context);
		r->bad_rows = lappend(r->bad_rows, bad);
		r->quarantined[outcome]++;
		MemoryContextSwitchTo(old);
	}
}

/*
 * next_row
 *		Fetches the next row into the slot: an old one and its new one in turn.
 */
static bool
next_row(Recording *r)
{
	for (int tries = 0; tries < 2; tries++)
	{
		Side	   *side;

		r->turn = 1 - r->turn;
		side = &r->sides[r->turn];
		if (side->rows == NULL)
			continue;
		tuplestore_select_read_pointer(side->rows, side->pointer);
		if (tuplestore_gettupleslot(side->rows, true, false, r->row.slot))
			return true;
		side->rows = NULL;
		side->last = ROW_IGNORED;
	}
	return false;
}

/*
 * read_row
 *		What the row in the slot changes.
 */
static void
read_row(void *arg)
{
	Recording  *r = arg;
	MemoryContext old = CurrentMemoryContext;
	Change		change;
	RowOutcome	outcome;

	base_entry_states(r->row.entry);
	ResetExprContext(r->row.econtext);
	MemoryContextSwitchTo(r->row.econtext->ecxt_per_tuple_memory);
	outcome = source_row_change(&r->row, r->sides[r->turn].sign, &change);
	if (outcome == ROW_USED)
		change_list_add(&r->changes, &change);
	note_outcome(r, outcome);
	MemoryContextSwitchTo(old);
}

/*
 * row_failed
 *		An expression has raised an error over the row in the slot.
 */
static void
row_failed(Recording *r)
{
	r->row.entry->state_of = InvalidLocalTransactionId;
	note_outcome(r, ROW_FAILED);
}

/*
 * read_rows
 *		Reads rows until there are no more or the memory is full.
 */
static void
read_rows(void *arg)
{
	Recording  *r = arg;
	BaseEntry  *entry = r->row.entry;
	int			nest_level = 0;

	while (!r->changes.full)
	{
		CHECK_FOR_INTERRUPTS();
		r->has_row = false;
		r->finished = !next_row(r);
		if (r->finished)
			break;
		r->has_row = true;

		/* From here on, an error is about the row. */
		if (entry->settings_matter && nest_level == 0)
		{
			nest_level = NewGUCNestLevel();
			base_set_settings(entry);
		}
		if (!entry->plain || !source_row_may_fail(&r->row))
			read_row(r);
		else if (!base_attempt(read_row, r, NULL))
			row_failed(r);
	}
	if (nest_level > 0)
		AtEOXact_GUC(false, nest_level);
}

/* ------------------------------------------------------------------------------------------------
 * Writing changes
 * ------------------------------------------------------------------------------------------------ */

/* Adds a key, as text, to an array. */
static void
collect_key(ArrayBuildState **array, const SourceExpression *part, Datum key, MemoryContext context)
{
	*array = accumArrayResult(*array, CStringGetTextDatum(OidOutputFunctionCall(part->output, key)), false, TEXTOID, context);
}

/*
 * collect_customers
 *		The keys of the customers that have changed, for folding them at once.
 */
static void
collect_customers(void *arg)
{
	Recording  *r = arg;
	const SourceExpression *parts = r->row.entry->parts;

	for (Size i = 0; i < r->changes.count && r->fold_count < MAX_FOLDED; i++)
	{
		const Datum *keys = r->changes.items[i].keys;
		const Datum *before = i > 0 ? r->changes.items[i - 1].keys : NULL;

		if (before && base_compare_keys(&parts[PART_CUSTOMER], keys[CHANGE_CUSTOMER], before[CHANGE_CUSTOMER]) == 0 &&
			(!parts[PART_TENANT].cached || base_compare_keys(&parts[PART_TENANT], keys[CHANGE_TENANT], before[CHANGE_TENANT]) == 0))
			continue;
		if (parts[PART_TENANT].cached)
			collect_key(&r->fold_tenants, &parts[PART_TENANT], keys[CHANGE_TENANT], r->context);
		collect_key(&r->fold_customers, &parts[PART_CUSTOMER], keys[CHANGE_CUSTOMER], r->context);
		r->fold_count++;
	}
}

/*
 * write_changes
 *		Writes all changes that are in memory.
 */
static void
write_changes(Recording *r)
{
	change_list_merge(&r->changes);
	/* A snapshot that is older than the statement does not see what others have folded since. */
	if (r->row.entry->fold_at_once && !IsolationUsesXactSnapshot() && !base_attempt(collect_customers, r, NULL))
		r->fold_count = MAX_FOLDED;
	change_list_write(&r->changes);
}

/*
 * write_counts
 *		Writes how many rows could not be used, one row for each reason.
 */
static void
write_counts(Recording *r)
{
	BaseInsert	insert;
	bool		begun = false;

	for (int reason = 0; reason < ROW_REASONS; reason++)
	{
		if (r->unusable[reason] == 0)
			continue;
		if (!begun)
			base_insert_begin(&insert, &r->row.entry->deltas);
		begun = true;
		base_insert_row(&insert);
		for (int key = base_has_part(r->row.entry, PART_TENANT) ? 0 : 1; key < 3; key++)
			base_insert_value(&insert, (Datum) 0, true);	/* the keys and the day */
		base_insert_value(&insert, Int64GetDatum(r->unusable[reason]), false);
		for (int part = 0; part < 3; part++)
			base_insert_value(&insert, (Datum) 0, true);
		base_insert_value(&insert, PointerGetDatum(cstring_to_text(row_reasons[reason])), false);
		base_insert_value(&insert, TimestampTzGetDatum(GetCurrentTransactionStartTimestamp()), false);
	}
	if (begun)
		base_insert_end(&insert);
}

/*
 * write_bad_rows
 *		Puts rows into quarantine. That the base has them is convenient; that they are counted is what matters.
 */
static void
write_bad_rows(Recording *r)
{
	BaseEntry  *entry = r->row.entry;
	bool		tenant = base_has_part(entry, PART_TENANT);
	Oid			types[QUARANTINE_PARTS + 1];
	Datum		values[QUARANTINE_PARTS + 1];

	for (int i = 0; i <= QUARANTINE_PARTS; i++)
	{
		ArrayBuildState *column = NULL;
		ListCell   *cell;

		foreach(cell, r->bad_rows)
		{
			const BadRow *bad = lfirst(cell);
			const char *text = i < QUARANTINE_PARTS ? bad->texts[i] : row_reasons[bad->reason];

			column = accumArrayResult(column, text ? CStringGetTextDatum(text) : (Datum) 0, text == NULL, TEXTOID,
									  CurrentMemoryContext);
		}
		types[i] = TEXTARRAYOID;
		values[i] = makeArrayResult(column, CurrentMemoryContext);
	}
	if (!base_execute(psprintf("INSERT INTO %s (%scustomer, purchased_at, amount, order_id, reason) "
							   "SELECT %sq.c, q.p, q.a, q.o, q.r FROM unnest($1, $2, $3, $4, $5, $6) AS q (t, c, p, a, o, r)",
							   quote_qualified_identifier(entry->key.schema, "quarantine"), tenant ? "tenant, " : "", tenant ? "q.t, " : ""),
					  lengthof(types), types, values, NULL))
		ereport(DEBUG1, (errmsg_internal("rows could not be put into quarantine of customer base \"%s\"", entry->base)));
}

/*
 * fold_at_once
 */
static void
fold_at_once(Recording *r)
{
	Oid			types[] = {TEXTARRAYOID, TEXTARRAYOID};
	Datum		values[lengthof(types)];

	values[0] = r->fold_tenants ? makeArrayResult(r->fold_tenants, r->context) : PointerGetDatum(construct_empty_array(TEXTOID));
	values[1] = makeArrayResult(r->fold_customers, r->context);
	if (!base_execute(psprintf("SELECT %s.fold_now($1, $2)", quote_identifier(r->row.entry->key.schema)), lengthof(types), types, values, NULL))
		ereport(DEBUG1, (errmsg_internal("changes of customer base \"%s\" could not be folded at once", r->row.entry->base)));
}

/*
 * read_and_write
 *		Reads the rows of the statement and writes what they change.
 */
static void
read_and_write(Recording *r)
{
	while (!r->finished)
	{
		char	   *message;

		if (r->row.entry->plain)
			read_rows(r);
		else if (!base_attempt(read_rows, r, &message))
		{
			if (!r->has_row)
				elog(ERROR, "could not read the rows of the statement: %s", message);
			pfree(message);
			row_failed(r);	/* and reading goes on with the next one */
		}
		if (r->changes.full || r->finished)
			write_changes(r);
	}
	write_counts(r);
}

/* ------------------------------------------------------------------------------------------------
 * The trigger
 * ------------------------------------------------------------------------------------------------ */

/*
 * begin_side
 *		Reads the old or the new rows with a pointer of its own: other triggers read them too.
 */
static void
begin_side(Side *side, Tuplestorestate *rows, int sign)
{
	side->rows = rows;
	side->sign = sign;
	side->last = ROW_IGNORED;
	if (rows == NULL)
		return;
	side->pointer = tuplestore_alloc_read_pointer(rows, EXEC_FLAG_REWIND);
	tuplestore_select_read_pointer(rows, side->pointer);
	tuplestore_rescan(rows);
}

/*
 * record_statement
 *		As the owner of the base, restricted: nothing runs here but the base's own expressions.
 */
static void
record_statement(BaseEntry *entry, TriggerData *trigger)
{
	Recording	r = {.row.entry = entry,.turn = 1,.context = CurrentMemoryContext};
	Oid			caller;
	int			security;

	begin_side(&r.sides[0], trigger->tg_oldtable, -1);
	begin_side(&r.sides[1], trigger->tg_newtable, 1);
	r.row.slot = MakeSingleTupleTableSlot(entry->columns, &TTSOpsMinimalTuple);
	r.row.econtext = CreateStandaloneExprContext();
	r.row.econtext->ecxt_scantuple = r.row.slot;
	change_list_begin(&r.changes, entry);

	GetUserIdAndSecContext(&caller, &security);
	SetUserIdAndSecContext(entry->owner, security | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
	entry->busy = true;
	PG_TRY();
	{
		read_and_write(&r);
		if (r.bad_rows != NIL)
			write_bad_rows(&r);
		if (r.fold_customers)
			fold_at_once(&r);
	}
	PG_FINALLY();
	{
		entry->busy = false;
	}
	PG_END_TRY();
	SetUserIdAndSecContext(caller, security);

	FreeExprContext(r.row.econtext, true);
	ExecDropSingleTupleTableSlot(r.row.slot);
}

/*
 * check_call
 *		The trigger protocol. A trigger for each row or before the statement cannot have been made by the extension.
 */
static void
check_call(FunctionCallInfo fcinfo)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("base_record_changes can only be called as a trigger")));
	if (!TRIGGER_FIRED_AFTER(trigger->tg_event) || !TRIGGER_FIRED_FOR_STATEMENT(trigger->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("trigger \"%s\" must be fired after each statement", trigger->tg_trigger->tgname),
				 errhint("Drop it: start_maintenance makes the triggers of a customer base.")));
	if (trigger->tg_trigger->tgnargs != 1)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("trigger \"%s\" must have the schema of a customer base as its argument", trigger->tg_trigger->tgname),
				 errhint("Drop it: start_maintenance makes the triggers of a customer base.")));
}

/*
 * has_tables
 *		The trigger has the tables of old and new rows that its event needs.
 */
static bool
has_tables(const TriggerData *trigger)
{
	TriggerEvent event = trigger->tg_event;

	return (trigger->tg_newtable != NULL) == (TRIGGER_FIRED_BY_INSERT(event) || TRIGGER_FIRED_BY_UPDATE(event)) &&
		(trigger->tg_oldtable != NULL) == (TRIGGER_FIRED_BY_DELETE(event) || TRIGGER_FIRED_BY_UPDATE(event));
}

/*
 * has_no_rows
 *		The statement has changed nothing: one half of every INSERT … ON CONFLICT DO UPDATE.
 */
static bool
has_no_rows(const TriggerData *trigger)
{
	return (trigger->tg_newtable || trigger->tg_oldtable) &&
		(!trigger->tg_newtable || tuplestore_tuple_count(trigger->tg_newtable) == 0) &&
		(!trigger->tg_oldtable || tuplestore_tuple_count(trigger->tg_oldtable) == 0);
}

/*
 * base_record_changes() → trigger
 */
Datum
base_record_changes(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	BaseEntry  *entry;
	BaseTrouble trouble;
	const char *detail = NULL;

	check_call(fcinfo);
	if (has_no_rows(trigger))
		PG_RETURN_POINTER(NULL);
	entry = base_entry(RelationGetRelid(trigger->tg_relation), trigger->tg_trigger->tgargs[0]);
	if (!base_maintain)
	{
		trouble = TROUBLE_MAINTAIN_OFF;
		detail = "maintenance was switched off in a session that wrote to the source";
	}
	else if (!has_tables(trigger))
	{
		trouble = TROUBLE_TRIGGER_CHANGED;
		detail = trigger->tg_trigger->tgname;
	}
	else
	{
		trouble = base_entry_prepare(entry, trigger->tg_relation);
		detail = entry->detail;
	}

	if (trouble != TROUBLE_NONE)
		base_trouble(entry, trouble, detail);
	else if (TRIGGER_FIRED_BY_TRUNCATE(trigger->tg_event))
		base_truncated(entry, fcinfo->flinfo->fn_oid);
	else
	{
		record_statement(entry, trigger);
		if (base_rows_mistaken(trigger, trigger->tg_trigger->tgargs[0]))
			base_trouble(entry, TROUBLE_MERGED, "a MERGE that inserts and updates rows of a partitioned table");
	}
	PG_RETURN_POINTER(NULL);
}
