/*
 * base_row.c
 *		What a row of the source is to a customer base: a change of a customer and day, or a reason why it is none.
 *
 * The rules are those of base_rows() in base_fill.sql.
 */
#include "compat.h"

#include "access/detoast.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "base_changes.h"
#include "decimal.h"
#include "purchase_history.h"

/* A tenant and a customer may take this many bytes, or no index could hold them. */
#define MAX_KEY_BYTES (BLCKSZ / 3 - 128)

PG_FUNCTION_INFO_V1(base_key_fits);

/* How much of a value is given as text. */
#define MAX_TEXT_BYTES 1000

const char *const row_reasons[ROW_REASONS] = {
	[ROW_NO_CUSTOMER] = "no_customer",[ROW_NO_TENANT] = "no_tenant",[ROW_NO_DAY] = "no_day",
	[ROW_INFINITE_DAY] = "infinite_day",[ROW_FOREIGN_CURRENCY] = "foreign_currency",
	[ROW_BAD_AMOUNT + DECIMAL_NAN - 1] = "nan",[ROW_BAD_AMOUNT + DECIMAL_INFINITE - 1] = "infinite",
	[ROW_BAD_AMOUNT + DECIMAL_TOO_FINE - 1] = "too_fine",[ROW_BAD_AMOUNT + DECIMAL_TOO_LARGE - 1] = "too_large",
	[ROW_FAILED] = "failed"
};

/*
 * part_value
 *		A part of the row.
 */
static inline Datum
part_value(SourceRow *row, SourcePart which, bool *null)
{
	const SourceExpression *part = &row->entry->parts[which];

	if (part->column > 0)
		return slot_getattr(row->slot, part->column, null);
	return ExecEvalExpr(part->state, row->econtext, null);
}

/*
 * source_row_may_fail
 *		Near the ends of what a timestamp can be, another zone may be beyond them.
 */
bool
source_row_may_fail(const SourceRow *row)
{
	const TimestampTz margin = 2 * USECS_PER_DAY;
	TimestampTz instant;
	bool		null;

	if (row->entry->instant == 0)
		return false;
	instant = DatumGetTimestampTz(slot_getattr(row->slot, row->entry->instant, &null));
	return !null && (instant < MIN_TIMESTAMP + margin || instant >= END_TIMESTAMP - margin);
}

/*
 * source_row_change
 */
RowOutcome
source_row_change(SourceRow *row, int sign, Change *change)
{
	const BaseEntry *entry = row->entry;
	Size		key_bytes = 0;
	int128		amount = 0;
	DecimalStatus status = DECIMAL_OK;
	Datum		value;
	bool		null;

	memset(change, 0, sizeof(*change));
	if (base_has_part(entry, PART_FILTER))
	{
		value = part_value(row, PART_FILTER, &null);
		if (null || !DatumGetBool(value))
			return ROW_IGNORED;
	}
	change->keys[CHANGE_CUSTOMER] = part_value(row, PART_CUSTOMER, &null);
	if (null)
		return ROW_NO_CUSTOMER;
	if (base_has_part(entry, PART_TENANT))
	{
		change->keys[CHANGE_TENANT] = part_value(row, PART_TENANT, &null);
		if (null)
			return ROW_NO_TENANT;
	}
	change->day = DatumGetDateADT(part_value(row, PART_DAY, &null));
	if (null)
		return ROW_NO_DAY;
	if (DATE_NOT_FINITE(change->day))
		return ROW_INFINITE_DAY;
	if (entry->has_kept_before && change->day < entry->kept_before)
		return ROW_IGNORED;
	if (base_has_part(entry, PART_CURRENCY))
	{
		value = part_value(row, PART_CURRENCY, &null);
		if (null || entry->currency == NULL || strcmp(TextDatumGetCString(value), entry->currency) != 0)
			return ROW_FOREIGN_CURRENCY;
	}
	value = part_value(row, PART_AMOUNT, &null);
	if (!null && entry->parts[PART_AMOUNT].type == INT8OID)
		amount = (int128) DatumGetInt64(value) * 1000000;
	else if (!null)
		status = decimal_from_numeric(value, HISTORY_SCALE, HISTORY_AMOUNT_DIGITS, false, &amount);
	if (status != DECIMAL_OK)
		return ROW_BAD_AMOUNT + status - 1;
	if (base_has_part(entry, PART_ORDER))
	{
		change->keys[CHANGE_ORDER] = part_value(row, PART_ORDER, &null);
		change->line = !null;
	}

	for (int key = 0; key < CHANGE_KEYS; key++)
	{
		const SourceExpression *part = &entry->parts[change_key_parts[key]];

		if (part->cached == NULL || part->typlen != -1 || (key == CHANGE_ORDER && !change->line))
			continue;
		if (key != CHANGE_ORDER)
			key_bytes += toast_raw_datum_size(change->keys[key]);
		change->keys[key] = PointerGetDatum(PG_DETOAST_DATUM_PACKED(change->keys[key]));
	}
	if (key_bytes > MAX_KEY_BYTES)
		return ROW_FAILED;

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
	return ROW_USED;
}

/*
 * base_key_fits(VARIADIC "any") → boolean
 *		The same rule for a fill: the tenant and the customer together fit into an index.
 */
Datum
base_key_fits(PG_FUNCTION_ARGS)
{
	Size		bytes = 0;

	for (int i = 0; i < PG_NARGS(); i++)
	{
		if (!PG_ARGISNULL(i) && get_typlen(get_fn_expr_argtype(fcinfo->flinfo, i)) == -1)
			bytes += toast_raw_datum_size(PG_GETARG_DATUM(i));
	}
	PG_RETURN_BOOL(bytes <= MAX_KEY_BYTES);
}

/*
 * base_set_output
 */
void
base_set_output(void)
{
	set_setting("bytea_output", "hex");
	set_setting("extra_float_digits", "1");
	set_setting("intervalstyle", "postgres");
}

/*
 * base_set_settings
 */
void
base_set_settings(const BaseEntry *entry)
{
	set_setting("search_path", "pg_catalog, pg_temp");
	base_set_output();
	if (entry->time_zone)
		set_setting("timezone", entry->time_zone);
	if (entry->date_style)
		set_setting("datestyle", entry->date_style);
}

/* A part of the row in the slot as text, for a work that may fail. */
typedef struct PartText
{
	SourceRow  *row;
	SourcePart	part;
	MemoryContext context;
	char	   *text;
} PartText;

static void
print_part(void *arg)
{
	PartText   *print = arg;
	SourceRow  *row = print->row;
	int			nest_level = NewGUCNestLevel();
	bool		null;
	Datum		value;

	base_set_settings(row->entry);
	base_entry_states(row->entry);
	value = part_value(row, print->part, &null);
	if (!null)
	{
		char	   *text = OidOutputFunctionCall(row->entry->parts[print->part].output, value);

		text[pg_mbcliplen(text, strlen(text), MAX_TEXT_BYTES)] = '\0';
		print->text = MemoryContextStrdup(print->context, text);
	}
	AtEOXact_GUC(false, nest_level);
}

/*
 * source_row_text
 */
char *
source_row_text(SourceRow *row, SourcePart part, MemoryContext context)
{
	PartText	print = {row, part, context, NULL};

	if (base_has_part(row->entry, part) && !base_attempt(print_part, &print, NULL))
		row->entry->state_of = InvalidLocalTransactionId;
	return print.text;
}
