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
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "base_changes.h"
#include "decimal.h"
#include "purchase_history.h"

PG_FUNCTION_INFO_V1(base_record_changes);

bool		base_maintain = true;

/* Keys together may take this many bytes, or an index could not hold them. */
#define MAX_KEY_BYTES (BLCKSZ / 3 - 128)

/* How many rows of a statement are put into quarantine for each reason. */
#define MAX_QUARANTINED 1000

/* How much of a value is put there. */
#define MAX_QUARANTINED_BYTES 1000

/* How many customers of a statement are folded in its transaction. */
#define MAX_FOLDED 1000

/* What becomes of a row. The reasons are in the order of base_rows(). */
typedef enum Outcome
{
	NO_CUSTOMER,
	NO_TENANT,
	NO_DAY,
	INFINITE_DAY,				/* from here on the row itself goes to quarantine */
	FOREIGN_CURRENCY,
	BAD_AMOUNT,					/* and those after it, as DecimalStatus has them */
	FAILED = BAD_AMOUNT + DECIMAL_TOO_LARGE,
	REASONS,
	USED = REASONS,
	IGNORED
} Outcome;

static const char *const reason_names[REASONS] = {
	[NO_CUSTOMER] = "no_customer",[NO_TENANT] = "no_tenant",[NO_DAY] = "no_day",[INFINITE_DAY] = "infinite_day",
	[FOREIGN_CURRENCY] = "foreign_currency",[BAD_AMOUNT + DECIMAL_NAN - 1] = "nan",
	[BAD_AMOUNT + DECIMAL_INFINITE - 1] = "infinite",[BAD_AMOUNT + DECIMAL_TOO_FINE - 1] = "too_fine",
	[BAD_AMOUNT + DECIMAL_TOO_LARGE - 1] = "too_large",[FAILED] = "failed"
};

/* The parts that make a key, in the order in which changes are sorted. */
static const SourcePart key_parts[] = {PART_TENANT, PART_CUSTOMER, PART_ORDER};

#define KEYS lengthof(key_parts)

/* One signed change: of a customer and day or, with an order id, of an order's lines of a day. */
typedef struct Change
{
	Datum		keys[KEYS];		/* the one of the order counts only in a line */
	bool		line;
	DateADT		day;
	int64		orders;			/* or lines */
	int64		refunds;
	int128		gross;			/* or the lines' amount */
	int128		refunded;
} Change;

/* A row for the quarantine; NULL for a part that the base does not have. */
typedef struct BadRow
{
	Outcome		reason;
	char	   *tenant;
	char	   *customer;
	char	   *time;
	char	   *amount;
	char	   *order;
} BadRow;

/* The old or the new rows of the statement. */
typedef struct Side
{
	Tuplestorestate *rows;		/* NULL: it has none, or they are read */
	int			pointer;
	int			sign;
	Outcome		last;			/* what became of the row that was read last */
} Side;

typedef struct Recording
{
	BaseEntry  *entry;
	Side		sides[2];
	int			turn;			/* whose row is next, or being read */
	bool		has_row;		/* the slot holds a row that is being read */
	bool		finished;		/* there are no more rows */
	TupleTableSlot *slot;
	ExprContext *econtext;

	Change	   *changes;
	Size		count;
	Size		capacity;
	bool		full;			/* they are to be written before the next row is read */
	MemoryContext keys;			/* of the keys of changes */

	int64		unusable[REASONS];
	List	   *bad_rows;
	int			quarantined[REASONS];
	ArrayBuildState *fold_tenants;	/* the keys of customers to fold at once, as text */
	ArrayBuildState *fold_customers;
	int			fold_count;
	MemoryContext context;
} Recording;

/* ------------------------------------------------------------------------------------------------
 * Changes in memory
 * ------------------------------------------------------------------------------------------------ */

/*
 * compare_keys
 *		By the bytes of the values: as an index sorts them where that is cheap, and never coarser than equality.
 */
static inline int
compare_keys(const SourceExpression *part, Datum a, Datum b)
{
	const char *left = DatumGetPointer(a);
	const char *right = DatumGetPointer(b);
	Size		left_size = part->typlen;
	Size		right_size = part->typlen;
	int			result;

	if (part->typbyval)
		return (int64) a < (int64) b ? -1 : (int64) a > (int64) b;
	if (part->typlen == -1)
	{
		left = VARDATA_ANY(left);
		right = VARDATA_ANY(right);
		left_size = VARSIZE_ANY_EXHDR(DatumGetPointer(a));
		right_size = VARSIZE_ANY_EXHDR(DatumGetPointer(b));
	}
	result = memcmp(left, right, Min(left_size, right_size));
	return result != 0 ? result : left_size < right_size ? -1 : left_size > right_size;
}

static int
compare_changes(const void *left, const void *right, void *arg)
{
	const Change *a = left;
	const Change *b = right;
	const BaseEntry *entry = arg;

	if (a->line != b->line)
		return a->line ? 1 : -1;
	for (int key = 0; key < KEYS; key++)
	{
		const SourceExpression *part = &entry->parts[key_parts[key]];
		int			result;

		if (part->cached == NULL || (key_parts[key] == PART_ORDER && !a->line))
			continue;
		result = compare_keys(part, a->keys[key], b->keys[key]);
		if (result != 0)
			return result;
	}
	return a->day < b->day ? -1 : a->day > b->day;
}

/*
 * add_change
 *		a += b for changes of the same key, if the sums stay in the range of a history's amounts.
 */
static bool
add_change(Change *a, const Change *b)
{
	int128		gross = a->gross + b->gross;
	int128		refunded = a->refunded + b->refunded;

	if (gross >= HISTORY_MAX_AMOUNT || gross <= -HISTORY_MAX_AMOUNT ||
		refunded >= HISTORY_MAX_AMOUNT || refunded <= -HISTORY_MAX_AMOUNT)
		return false;
	a->orders += b->orders;
	a->refunds += b->refunds;
	a->gross = gross;
	a->refunded = refunded;
	return true;
}

static inline bool
is_nothing(const Change *change)
{
	return change->orders == 0 && change->refunds == 0 && change->gross == 0 && change->refunded == 0;
}

/*
 * merge_changes
 *		Sorts the changes by key, adds up those of the same key and drops what comes to nothing.
 */
static void
merge_changes(Recording *r)
{
	Size		kept = 0;

	if (r->count > 1)
		qsort_arg(r->changes, r->count, sizeof(Change), compare_changes, r->entry);
	for (Size i = 0; i < r->count; i++)
	{
		Change		change = r->changes[i];

		if (kept > 0 && compare_changes(&r->changes[kept - 1], &change, r->entry) == 0 &&
			add_change(&r->changes[kept - 1], &change))
			continue;
		if (kept > 0 && is_nothing(&r->changes[kept - 1]))
			kept--;
		r->changes[kept++] = change;
	}
	if (kept > 0 && is_nothing(&r->changes[kept - 1]))
		kept--;
	r->count = kept;
}

/*
 * push_change
 *		Keeps a change, whose keys may be short-lived. The old and the new row of an update come one after the other,
 *		and mostly cancel out at once.
 */
static void
push_change(Recording *r, const Change *change)
{
	Change	   *kept;

	if (r->count > 0 && compare_changes(&r->changes[r->count - 1], change, r->entry) == 0 &&
		add_change(&r->changes[r->count - 1], change))
	{
		if (is_nothing(&r->changes[r->count - 1]))
			r->count--;
		return;
	}
	if (r->count == r->capacity)
	{
		r->capacity *= 2;
		r->changes = repalloc_huge(r->changes, r->capacity * sizeof(Change));
	}
	kept = &r->changes[r->count++];
	*kept = *change;
	for (int key = 0; key < KEYS; key++)
	{
		const SourceExpression *part = &r->entry->parts[key_parts[key]];

		if (part->cached && !part->typbyval && (key_parts[key] != PART_ORDER || change->line))
		{
			MemoryContext old = MemoryContextSwitchTo(r->keys);

			kept->keys[key] = datumCopy(change->keys[key], false, part->typlen);
			MemoryContextSwitchTo(old);
		}
	}

	/* Before the memory is doubled beyond the limit, adding up may make room. */
	if (r->count == r->capacity && r->capacity * 2 * sizeof(Change) > work_mem * (Size) 1024)
	{
		merge_changes(r);
		r->full = r->count > r->capacity / 2;
	}
	if (MemoryContextMemAllocated(r->keys, false) > work_mem * (Size) 1024)
		r->full = true;
}

/* ------------------------------------------------------------------------------------------------
 * Reading rows
 * ------------------------------------------------------------------------------------------------ */

/*
 * part_value
 *		A part of the row in the slot.
 */
static inline Datum
part_value(Recording *r, SourcePart which, bool *null)
{
	const SourceExpression *part = &r->entry->parts[which];

	if (part->column > 0)
		return slot_getattr(r->slot, part->column, null);
	return ExecEvalExpr(part->state, r->econtext, null);
}

static inline bool
has_part(Recording *r, SourcePart which)
{
	return r->entry->parts[which].cached != NULL;
}

/*
 * read_change
 *		The change that the row in the slot makes.
 */
static Outcome
read_change(Recording *r, int sign, Change *change)
{
	const BaseEntry *entry = r->entry;
	Size		key_bytes = 0;
	int128		amount = 0;
	DecimalStatus status = DECIMAL_OK;
	Datum		value;
	bool		null;

	memset(change, 0, sizeof(*change));
	if (has_part(r, PART_FILTER))
	{
		value = part_value(r, PART_FILTER, &null);
		if (null || !DatumGetBool(value))
			return IGNORED;
	}
	change->keys[1] = part_value(r, PART_CUSTOMER, &null);
	if (null)
		return NO_CUSTOMER;
	if (has_part(r, PART_TENANT))
	{
		change->keys[0] = part_value(r, PART_TENANT, &null);
		if (null)
			return NO_TENANT;
	}
	change->day = DatumGetDateADT(part_value(r, PART_DAY, &null));
	if (null)
		return NO_DAY;
	if (DATE_NOT_FINITE(change->day))
		return INFINITE_DAY;
	if (entry->has_kept_before && change->day < entry->kept_before)
		return IGNORED;
	if (has_part(r, PART_CURRENCY))
	{
		value = part_value(r, PART_CURRENCY, &null);
		if (null || entry->currency == NULL || strcmp(TextDatumGetCString(value), entry->currency) != 0)
			return FOREIGN_CURRENCY;
	}
	value = part_value(r, PART_AMOUNT, &null);
	if (!null && entry->parts[PART_AMOUNT].type == INT8OID)
		amount = (int128) DatumGetInt64(value) * 1000000;
	else if (!null)
		status = decimal_from_numeric(value, HISTORY_SCALE, HISTORY_AMOUNT_DIGITS, false, &amount);
	if (status != DECIMAL_OK)
		return BAD_AMOUNT + status - 1;
	if (has_part(r, PART_ORDER))
	{
		change->keys[2] = part_value(r, PART_ORDER, &null);
		change->line = !null;
	}

	for (int key = 0; key < KEYS; key++)
	{
		const SourceExpression *part = &entry->parts[key_parts[key]];

		if (part->cached == NULL || part->typlen != -1 || (key_parts[key] == PART_ORDER && !change->line))
			continue;
		change->keys[key] = PointerGetDatum(PG_DETOAST_DATUM_PACKED(change->keys[key]));
		key_bytes += VARSIZE_ANY(DatumGetPointer(change->keys[key]));
	}
	if (key_bytes > MAX_KEY_BYTES)
		return FAILED;

	if (change->line || amount >= 0)
	{
		change->orders = sign;
		change->gross = sign * amount;
	}
	else
	{
		change->refunds = sign;
		change->refunded = sign * -amount;
	}
	return USED;
}

/*
 * set_settings
 *		Has the expressions see the settings under which the base was made, until the present nest level ends.
 */
static void
set_settings(const BaseEntry *entry)
{
	set_setting("search_path", "pg_catalog, pg_temp");
	if (entry->time_zone)
		set_setting("timezone", entry->time_zone);
	if (entry->date_style)
		set_setting("datestyle", entry->date_style);
}

/* A part of the row in the slot as text, for a work that may fail. */
typedef struct PartText
{
	Recording  *r;
	SourcePart	part;
	char	   *text;
} PartText;

static void
print_part(void *arg)
{
	PartText   *print = arg;
	Recording  *r = print->r;
	int			nest_level = NewGUCNestLevel();
	bool		null;
	Datum		value;

	set_settings(r->entry);
	base_entry_states(r->entry);
	value = part_value(r, print->part, &null);
	if (!null)
	{
		char	   *text = OidOutputFunctionCall(r->entry->parts[print->part].output, value);

		text[pg_mbcliplen(text, strlen(text), MAX_QUARANTINED_BYTES)] = '\0';
		print->text = MemoryContextStrdup(r->context, text);
	}
	AtEOXact_GUC(false, nest_level);
}

static char *
part_text(Recording *r, SourcePart part)
{
	PartText	print = {r, part, NULL};

	if (has_part(r, part) && !base_attempt(print_part, &print, NULL))
		r->entry->state_of = InvalidLocalTransactionId;
	return print.text;
}

/*
 * note_outcome
 *		Counts a row that cannot be used; a new one goes to quarantine, unless the old one was there before it.
 */
static void
note_outcome(Recording *r, Outcome outcome)
{
	Side	   *side = &r->sides[r->turn];

	side->last = outcome;
	if (outcome >= REASONS)
		return;
	r->unusable[outcome] += side->sign;
	if (outcome >= INFINITE_DAY && side->sign > 0 && r->quarantined[outcome] < MAX_QUARANTINED && r->sides[0].last != outcome)
	{
		MemoryContext old = MemoryContextSwitchTo(r->econtext->ecxt_per_tuple_memory);
		BadRow	   *bad = MemoryContextAlloc(r->context, sizeof(BadRow));

		bad->reason = outcome;
		bad->tenant = part_text(r, PART_TENANT);
		bad->customer = part_text(r, PART_CUSTOMER);
		bad->time = part_text(r, PART_TIME);
		bad->amount = part_text(r, PART_AMOUNT);
		bad->order = part_text(r, PART_ORDER);
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
		if (tuplestore_gettupleslot(side->rows, true, false, r->slot))
			return true;
		side->rows = NULL;
		side->last = IGNORED;
	}
	return false;
}

/*
 * read_rows
 *		Reads rows until there are no more or the memory is full.
 */
static void
read_rows(void *arg)
{
	Recording  *r = arg;
	BaseEntry  *entry = r->entry;
	MemoryContext old = CurrentMemoryContext;
	int			nest_level = 0;

	while (!r->full)
	{
		Change		change;
		Outcome		outcome;

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
			set_settings(entry);
		}
		if (!entry->plain)
			base_entry_states(entry);
		ResetExprContext(r->econtext);
		MemoryContextSwitchTo(r->econtext->ecxt_per_tuple_memory);
		outcome = read_change(r, r->sides[r->turn].sign, &change);
		if (outcome == USED)
			push_change(r, &change);
		note_outcome(r, outcome);
		MemoryContextSwitchTo(old);
	}
	if (nest_level > 0)
		AtEOXact_GUC(false, nest_level);
}

/* ------------------------------------------------------------------------------------------------
 * Writing changes
 * ------------------------------------------------------------------------------------------------ */

/* Money in millionths; 0 is NULL unless it is to be written. */
static void
insert_money(BaseInsert *insert, int128 amount, bool zero)
{
	base_insert_value(insert, amount != 0 || zero ? NumericGetDatum(decimal_to_numeric(amount, HISTORY_SCALE, true)) : (Datum) 0,
					  amount == 0 && !zero);
}

/*
 * append_changes
 *		Writes the changes of one kind that stand from first on to their table, and returns how many that are. Of a
 *		day, a part that has not changed is NULL.
 */
static Size
append_changes(Recording *r, Size first)
{
	const BaseEntry *entry = r->entry;
	bool		line = r->changes[first].line;
	Size		i;
	BaseInsert	insert;

	base_insert_begin(&insert, line ? &entry->line_deltas : &entry->deltas);
	for (i = first; i < r->count && r->changes[i].line == line; i++)
	{
		const Change *change = &r->changes[i];
		MemoryContext old;

		CHECK_FOR_INTERRUPTS();
		base_insert_row(&insert);
		old = MemoryContextSwitchTo(insert.context);
		if (has_part(r, PART_TENANT))
			base_insert_value(&insert, change->keys[0], false);
		base_insert_value(&insert, change->keys[1], false);
		if (line)
			base_insert_value(&insert, change->keys[2], false);
		base_insert_value(&insert, DateADTGetDatum(change->day), false);
		base_insert_value(&insert, Int64GetDatum(change->orders), !line && change->orders == 0);
		insert_money(&insert, change->gross, line);
		if (!line)
		{
			base_insert_value(&insert, Int64GetDatum(change->refunds), change->refunds == 0);
			insert_money(&insert, change->refunded, false);
			base_insert_value(&insert, (Datum) 0, true);
		}
		base_insert_value(&insert, TimestampTzGetDatum(GetCurrentTransactionStartTimestamp()), false);
		MemoryContextSwitchTo(old);
	}
	base_insert_end(&insert);
	return i - first;
}

/*
 * collect_customers
 *		The keys of the customers that have changed, for folding them at once.
 */
static void
collect_customers(void *arg)
{
	Recording  *r = arg;
	const SourceExpression *parts = r->entry->parts;

	for (Size i = 0; i < r->count && r->fold_count < MAX_FOLDED; i++)
	{
		const Datum *keys = r->changes[i].keys;
		const Datum *before = i > 0 ? r->changes[i - 1].keys : NULL;

		if (before && compare_keys(&parts[PART_CUSTOMER], keys[1], before[1]) == 0 &&
			(!has_part(r, PART_TENANT) || compare_keys(&parts[PART_TENANT], keys[0], before[0]) == 0))
			continue;
		if (has_part(r, PART_TENANT))
			r->fold_tenants = accumArrayResult(r->fold_tenants, CStringGetTextDatum(OidOutputFunctionCall(parts[PART_TENANT].output, keys[0])),
											   false, TEXTOID, r->context);
		r->fold_customers = accumArrayResult(r->fold_customers, CStringGetTextDatum(OidOutputFunctionCall(parts[PART_CUSTOMER].output, keys[1])),
											 false, TEXTOID, r->context);
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
	merge_changes(r);
	/* A snapshot that is older than the statement does not see what others have folded since. */
	if (r->entry->fold_at_once && !IsolationUsesXactSnapshot() && !base_attempt(collect_customers, r, NULL))
		r->fold_count = MAX_FOLDED;
	for (Size i = 0; i < r->count;)
		i += append_changes(r, i);
	r->count = 0;
	r->full = false;
	MemoryContextReset(r->keys);
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

	for (int reason = 0; reason < REASONS; reason++)
	{
		if (r->unusable[reason] == 0)
			continue;
		if (!begun)
			base_insert_begin(&insert, &r->entry->deltas);
		begun = true;
		base_insert_row(&insert);
		for (int key = has_part(r, PART_TENANT) ? 0 : 1; key < 3; key++)
			base_insert_value(&insert, (Datum) 0, true);	/* the keys and the day */
		base_insert_value(&insert, Int64GetDatum(r->unusable[reason]), false);
		for (int part = 0; part < 3; part++)
			base_insert_value(&insert, (Datum) 0, true);
		base_insert_value(&insert, PointerGetDatum(cstring_to_text(reason_names[reason])), false);
		base_insert_value(&insert, TimestampTzGetDatum(GetCurrentTransactionStartTimestamp()), false);
	}
	if (begun)
		base_insert_end(&insert);
}

/*
 * write_bad_rows
 */
static void
write_bad_rows(Recording *r)
{
	Oid			types[] = {TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID};
	ArrayBuildState *columns[lengthof(types)] = {0};
	Datum		values[lengthof(types)];
	ListCell   *cell;

	foreach(cell, r->bad_rows)
	{
		const BadRow *bad = lfirst(cell);
		const char *texts[] = {bad->tenant, bad->customer, bad->time, bad->amount, bad->order, reason_names[bad->reason]};

		for (int i = 0; i < lengthof(types); i++)
			columns[i] = accumArrayResult(columns[i], texts[i] ? CStringGetTextDatum(texts[i]) : (Datum) 0, texts[i] == NULL,
										  TEXTOID, CurrentMemoryContext);
	}
	for (int i = 0; i < lengthof(types); i++)
		values[i] = makeArrayResult(columns[i], CurrentMemoryContext);
	if (!base_execute(psprintf("INSERT INTO %s (%scustomer, purchased_at, amount, order_id, reason) "
							   "SELECT %sq.c, q.p, q.a, q.o, q.r FROM unnest($1, $2, $3, $4, $5, $6) AS q (t, c, p, a, o, r)",
							   quote_qualified_identifier(r->entry->key.schema, "quarantine"),
							   has_part(r, PART_TENANT) ? "tenant, " : "", has_part(r, PART_TENANT) ? "q.t, " : ""),
					  lengthof(types), types, values, NULL))
		ereport(DEBUG1, (errmsg_internal("rows could not be put into quarantine of customer base \"%s\"", r->entry->base)));
}

/*
 * fold_at_once
 */
static void
fold_at_once(Recording *r, Oid trigger_function)
{
	Oid			types[] = {REGCLASSOID, TEXTARRAYOID, TEXTARRAYOID};
	Datum		values[lengthof(types)];

	values[0] = ObjectIdGetDatum(r->entry->settings);
	values[1] = r->fold_tenants ? makeArrayResult(r->fold_tenants, r->context) : PointerGetDatum(construct_empty_array(TEXTOID));
	values[2] = makeArrayResult(r->fold_customers, r->context);
	if (!base_execute(psprintf("SELECT %s.base_fold_now($1, $2, $3)", base_extension_schema(trigger_function)), lengthof(types), types,
					  values, NULL))
		ereport(DEBUG1, (errmsg_internal("changes of customer base \"%s\" could not be folded at once", r->entry->base)));
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

		if (r->entry->plain)
			read_rows(r);
		else if (!base_attempt(read_rows, r, &message))
		{
			/* An expression has raised an error over a row. Reading goes on with the next one. */
			r->entry->state_of = InvalidLocalTransactionId;
			if (!r->has_row)
				elog(ERROR, "could not read the rows of the statement: %s", message);
			pfree(message);
			note_outcome(r, FAILED);
		}
		if (r->full || r->finished)
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
	side->last = IGNORED;
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
record_statement(BaseEntry *entry, TriggerData *trigger, Oid trigger_function)
{
	Recording	r = {.entry = entry,.turn = 1,.capacity = 8,.context = CurrentMemoryContext};
	Oid			caller;
	int			security;

	begin_side(&r.sides[0], trigger->tg_oldtable, -1);
	begin_side(&r.sides[1], trigger->tg_newtable, 1);
	r.slot = MakeSingleTupleTableSlot(entry->columns, &TTSOpsMinimalTuple);
	r.econtext = CreateStandaloneExprContext();
	r.econtext->ecxt_scantuple = r.slot;
	r.changes = palloc(r.capacity * sizeof(Change));
	r.keys = AllocSetContextCreate(CurrentMemoryContext, "pg_customer keys", ALLOCSET_DEFAULT_SIZES);

	GetUserIdAndSecContext(&caller, &security);
	SetUserIdAndSecContext(entry->owner, security | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
	entry->busy = true;
	PG_TRY();
	{
		read_and_write(&r);
		if (r.bad_rows != NIL)
			write_bad_rows(&r);
		if (r.fold_customers)
			fold_at_once(&r, trigger_function);
	}
	PG_FINALLY();
	{
		entry->busy = false;
	}
	PG_END_TRY();
	SetUserIdAndSecContext(caller, security);

	FreeExprContext(r.econtext, true);
	ExecDropSingleTupleTableSlot(r.slot);
	MemoryContextDelete(r.keys);
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
		record_statement(entry, trigger, fcinfo->flinfo->fn_oid);
	PG_RETURN_POINTER(NULL);
}
