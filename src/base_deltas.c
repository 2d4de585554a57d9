/*
 * base_deltas.c
 *		Changes on their way into the tables deltas and line_deltas of a customer base.
 *
 * They are added up by key and day in memory. A list that has outgrown work_mem is written before more is added:
 * sums of parts add up like sums of all.
 */
#include "compat.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/datum.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "base_changes.h"
#include "decimal.h"
#include "purchase_history.h"

const SourcePart change_key_parts[CHANGE_KEYS] = {
	[CHANGE_TENANT] = PART_TENANT,[CHANGE_CUSTOMER] = PART_CUSTOMER,[CHANGE_ORDER] = PART_ORDER
};

/*
 * base_compare_keys
 */
int
base_compare_keys(const SourceExpression *part, Datum a, Datum b)
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
	for (int key = 0; key < CHANGE_KEYS; key++)
	{
		const SourceExpression *part = &entry->parts[change_key_parts[key]];
		int			result;

		if (part->cached == NULL || (key == CHANGE_ORDER && !a->line))
			continue;
		result = base_compare_keys(part, a->keys[key], b->keys[key]);
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
 * change_list_merge
 */
void
change_list_merge(ChangeList *list)
{
	Size		kept = 0;

	if (list->count > 1)
		qsort_arg(list->items, list->count, sizeof(Change), compare_changes, list->entry);
	for (Size i = 0; i < list->count; i++)
	{
		Change		change = list->items[i];

		if (kept > 0 && compare_changes(&list->items[kept - 1], &change, list->entry) == 0 &&
			add_change(&list->items[kept - 1], &change))
			continue;
		if (kept > 0 && is_nothing(&list->items[kept - 1]))
			kept--;
		list->items[kept++] = change;
	}
	if (kept > 0 && is_nothing(&list->items[kept - 1]))
		kept--;
	list->count = kept;
}

/*
 * change_list_begin
 */
void
change_list_begin(ChangeList *list, BaseEntry *entry)
{
	memset(list, 0, sizeof(*list));
	list->entry = entry;
	list->capacity = 8;
	list->items = palloc(list->capacity * sizeof(Change));
	list->keys = AllocSetContextCreate(CurrentMemoryContext, "pg_customer keys", ALLOCSET_DEFAULT_SIZES);
}

/*
 * change_list_add
 *		The old and the new row of an update come one after the other, and mostly cancel out at once.
 */
void
change_list_add(ChangeList *list, const Change *change)
{
	Change	   *kept;

	if (list->count > 0 && compare_changes(&list->items[list->count - 1], change, list->entry) == 0 &&
		add_change(&list->items[list->count - 1], change))
	{
		if (is_nothing(&list->items[list->count - 1]))
			list->count--;
		return;
	}
	if (list->count == list->capacity)
	{
		list->capacity *= 2;
		list->items = repalloc_huge(list->items, list->capacity * sizeof(Change));
	}
	kept = &list->items[list->count++];
	*kept = *change;
	for (int key = 0; key < CHANGE_KEYS; key++)
	{
		const SourceExpression *part = &list->entry->parts[change_key_parts[key]];

		if (part->cached && !part->typbyval && (key != CHANGE_ORDER || change->line))
		{
			MemoryContext old = MemoryContextSwitchTo(list->keys);

			kept->keys[key] = datumCopy(change->keys[key], false, part->typlen);
			MemoryContextSwitchTo(old);
		}
	}

	/* Before the memory is doubled beyond the limit, adding up may make room. */
	if (list->count == list->capacity && list->capacity * 2 * sizeof(Change) > work_mem * (Size) 1024)
	{
		change_list_merge(list);
		list->full = list->count > list->capacity / 2;
	}
	if (MemoryContextMemAllocated(list->keys, false) > work_mem * (Size) 1024)
		list->full = true;
}

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
append_changes(ChangeList *list, Size first)
{
	const BaseEntry *entry = list->entry;
	bool		line = list->items[first].line;
	Size		i;
	BaseInsert	insert;

	base_insert_begin(&insert, line ? &entry->line_deltas : &entry->deltas);
	for (i = first; i < list->count && list->items[i].line == line; i++)
	{
		const Change *change = &list->items[i];
		MemoryContext old;

		CHECK_FOR_INTERRUPTS();
		base_insert_row(&insert);
		old = MemoryContextSwitchTo(insert.context);
		if (base_has_part(entry, PART_TENANT))
			base_insert_value(&insert, change->keys[CHANGE_TENANT], false);
		base_insert_value(&insert, change->keys[CHANGE_CUSTOMER], false);
		if (line)
			base_insert_value(&insert, change->keys[CHANGE_ORDER], false);
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
 * change_list_write
 */
void
change_list_write(ChangeList *list)
{
	for (Size i = 0; i < list->count;)
		i += append_changes(list, i);
	list->count = 0;
	list->full = false;
	MemoryContextReset(list->keys);
}
