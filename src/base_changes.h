/*
 * base_changes.h
 *		What the parts of the trigger of live customer bases share.
 *
 * The trigger runs inside every transaction that writes orders. None of its parts waits for a lock, and none
 * raises an error but those that end a transaction anyway (cancel, shutdown, no memory, no disk).
 */
#ifndef PG_CUSTOMER_BASE_CHANGES_H
#define PG_CUSTOMER_BASE_CHANGES_H

#include "compat.h"

#include "access/tupdesc.h"
#include "commands/trigger.h"
#include "executor/tuptable.h"
#include "nodes/execnodes.h"
#include "storage/lock.h"
#include "utils/date.h"
#include "utils/plancache.h"
#include "utils/relcache.h"

#include "base.h"
#include "decimal.h"

/* ------------------------------------------------------------------------------------------------
 * base_attempt.c: work that may fail
 * ------------------------------------------------------------------------------------------------ */

/*
 * Runs work(arg) in a subtransaction of its own. False if it raised an error, which is undone and whose message
 * is left in *message (if that is not NULL); errors that nobody may swallow are thrown on.
 */
extern bool base_attempt(void (*work) (void *arg), void *arg, char **message);

/* The schema of the extension, which is that of its function, as SQL. */
extern const char *base_extension_schema(Oid function);

/* Runs a statement with the present user's rights; it does not wait longer than an instant for any lock. */
extern bool base_execute(const char *statement, int count, Oid *types, Datum *values, char **message);

/* ------------------------------------------------------------------------------------------------
 * base_table.c: tables of a base that are written without a query
 * ------------------------------------------------------------------------------------------------ */

/* A column as base_make_tables makes it. */
typedef struct BaseColumn
{
	const char *name;
	Oid			type;
	bool		not_null;
} BaseColumn;

#define BASE_TABLE_COLUMNS 10

typedef struct BaseTable
{
	Oid			oid;			/* 0: there is none */
	TupleDesc	columns;
	int			index_count;
	Oid		   *index_oids;
	struct IndexInfo **index_infos;
} BaseTable;

/* What base_table_read found. */
typedef enum BaseTableStatus
{
	BASE_TABLE_FITS,
	BASE_TABLE_LOCKED,			/* somebody holds a lock that writers would have to wait for */
	BASE_TABLE_CHANGED			/* it is not as it was made */
} BaseTableStatus;

/* Locks the table and its indexes and reads what writing to it needs, into the present memory context. */
extern BaseTableStatus base_table_read(BaseTable *table, Oid oid, const BaseColumn *columns, int count);

/* Locks the table and its indexes again, in a later transaction; false if that would mean to wait. */
extern bool base_table_lock(const BaseTable *table);

/* Rows on their way into a table. */
typedef struct BaseInsert
{
	const BaseTable *table;
	Relation	relation;
	TupleTableSlot **slots;
	int			filled;
	int			column;			/* where the next value goes */
	MemoryContext context;		/* of the values of rows that are not written yet */
} BaseInsert;

extern void base_insert_begin(BaseInsert *insert, const BaseTable *table);

/* A new row, and its values from the first column to the last, which may lie in insert->context. */
extern void base_insert_row(BaseInsert *insert);
extern void base_insert_value(BaseInsert *insert, Datum value, bool null);
extern void base_insert_end(BaseInsert *insert);

/* ------------------------------------------------------------------------------------------------
 * base_cache.c: what a session knows of a base and of one table of its source
 * ------------------------------------------------------------------------------------------------ */

/* What a base takes from a row of its source, in the order in which it is read. */
typedef enum SourcePart
{
	PART_FILTER,
	PART_CUSTOMER,
	PART_TENANT,
	PART_DAY,
	PART_CURRENCY,
	PART_AMOUNT,
	PART_ORDER,
	PART_TIME,					/* only of rows that cannot be used */
	SOURCE_PARTS
} SourcePart;

typedef struct SourceExpression
{
	CachedExpression *cached;	/* NULL: the base has no such part */
	ExprState  *state;
	AttrNumber	column;			/* if it is nothing but a column, else 0 */
	Oid			type;
	int16		typlen;
	bool		typbyval;
	Oid			output;			/* the type's output function */
} SourceExpression;

/* Why changes are not recorded: the keys of troubles.reason. */
typedef enum BaseTrouble
{
	TROUBLE_NONE,
	TROUBLE_SCHEMA_MISSING,
	TROUBLE_SETTINGS_MISSING,
	TROUBLE_VERSION,
	TROUBLE_SOURCE_RENAMED,
	TROUBLE_RIGHTS,
	TROUBLE_EXPRESSION,
	TROUBLE_DELTAS_MISSING,
	TROUBLE_DELTAS_CHANGED,
	TROUBLE_LOCKED,
	TROUBLE_RECURSION,
	TROUBLE_TRIGGER_CHANGED,
	TROUBLE_TRUNCATED,
	TROUBLE_MAINTAIN_OFF,
	TROUBLE_MERGED,
	BASE_TROUBLES
} BaseTrouble;

typedef struct BaseEntryKey
{
	Oid			source;			/* the table that the trigger stands on */
	char		schema[NAMEDATALEN];
} BaseEntryKey;

typedef struct BaseEntry
{
	BaseEntryKey key;
	bool		built;			/* to the end */
	bool		valid;			/* nothing has changed since that was begun */
	bool		busy;			/* its expressions are being evaluated */
	uint32		warned;			/* the troubles of which this session has been warned, as bits */
	BaseTrouble trouble;		/* why it could not be built */
	char	   *detail;
	LocalTransactionId failed_in;	/* the transaction in which that was */

	MemoryContext context;		/* of all that follows */
	Oid			namespace;
	Oid			settings;
	Oid			state;
	Oid			owner;
	Oid			root;			/* the source that the settings name: the table itself or a table that it is a part of */
	TupleDesc	columns;		/* of the table that the trigger stands on */
	char	   *base;
	char	   *time_zone;
	char	   *date_style;
	char	   *currency;
	bool		fold_at_once;	/* stage_changes = 'transaction' */
	bool		has_kept_before;
	DateADT		kept_before;
	SourceExpression parts[SOURCE_PARTS];
	bool		plain;			/* reading a row raises no error, unless it is of the first or last days there are */
	AttrNumber	instant;		/* then, the column that says so, if there is one */
	bool		settings_matter;	/* some part depends on settings of the session */
	bool		builtin;		/* no function of a user's */
	MemoryContext state_context;	/* of the expressions' states */
	LocalTransactionId state_of;	/* the transaction that made them, if that matters */
	BaseTable	deltas;
	BaseTable	line_deltas;	/* if orders have an id, else no table */
} BaseEntry;

/* The entry for a table and the schema of a base; it may not be built. */
extern BaseEntry *base_entry(Oid source, const char *schema);

/* Brings the entry up to date and locks what is written to. If that cannot be, entry->detail may say more. */
extern BaseTrouble base_entry_prepare(BaseEntry *entry, Relation source);

/* Sees to it that the expressions of the entry can be evaluated. */
extern void base_entry_states(BaseEntry *entry);

/* Whether this session has not been warned of the trouble of the base yet; from now on it has. */
extern bool base_entry_warn(BaseEntry *entry, BaseTrouble trouble);

static inline bool
base_has_part(const BaseEntry *entry, SourcePart part)
{
	return entry->parts[part].cached != NULL;
}

/* ------------------------------------------------------------------------------------------------
 * base_row.c: what a row of the source is to the base
 * ------------------------------------------------------------------------------------------------ */

/* What becomes of a row; the reasons why it cannot be used are in the order of base_rows(). */
typedef enum RowOutcome
{
	ROW_NO_CUSTOMER,
	ROW_NO_TENANT,
	ROW_NO_DAY,
	ROW_INFINITE_DAY,			/* from here on the row itself goes to quarantine */
	ROW_FOREIGN_CURRENCY,
	ROW_BAD_AMOUNT,				/* and those after it, in the order of DecimalStatus */
	ROW_FAILED = ROW_BAD_AMOUNT + DECIMAL_TOO_LARGE,
	ROW_REASONS,
	ROW_USED = ROW_REASONS,
	ROW_IGNORED
} RowOutcome;

/* The reasons as the base names them. */
extern const char *const row_reasons[ROW_REASONS];

/* The keys of a change, in the order in which changes are sorted. */
enum
{
	CHANGE_TENANT,
	CHANGE_CUSTOMER,
	CHANGE_ORDER,
	CHANGE_KEYS
};

/* One signed change: of a customer and day or, with an order id, of an order's lines of a day. */
typedef struct Change
{
	Datum		keys[CHANGE_KEYS];	/* the tenant if the base has them, the order in a line */
	bool		line;
	DateADT		day;
	int64		orders;			/* or lines */
	int64		refunds;
	int128		gross;			/* in millionths; or the lines' amount */
	int128		refunded;
} Change;

/* A row that is being read. */
typedef struct SourceRow
{
	BaseEntry  *entry;
	TupleTableSlot *slot;
	ExprContext *econtext;
} SourceRow;

/* The change that the row makes, whose keys live as long as the present memory context. Expressions may raise errors. */
extern RowOutcome source_row_change(SourceRow *row, int sign, Change *change);

/* The row may raise an error, though the entry is plain. */
extern bool source_row_may_fail(const SourceRow *row);

/* A part of the row as text in that memory context, cut to a length; NULL if it has none or raises an error. */
extern char *source_row_text(SourceRow *row, SourcePart part, MemoryContext context);

/* Has expressions see the settings under which the base was made, until the present nest level of settings ends. */
extern void base_set_settings(const BaseEntry *entry);

/* ------------------------------------------------------------------------------------------------
 * base_deltas.c: changes on their way into the tables
 * ------------------------------------------------------------------------------------------------ */

typedef struct ChangeList
{
	BaseEntry  *entry;
	Change	   *items;
	Size		count;
	Size		capacity;
	bool		full;			/* it is to be written before more is added */
	MemoryContext keys;
} ChangeList;

/* The part that each key of a change is. */
extern const SourcePart change_key_parts[CHANGE_KEYS];

/* Compares by the bytes of the values: as an index sorts them where that is cheap, and never coarser than equality. */
extern int	base_compare_keys(const SourceExpression *part, Datum a, Datum b);

extern void change_list_begin(ChangeList *list, BaseEntry *entry);

/* Adds a change, whose keys are copied. */
extern void change_list_add(ChangeList *list, const Change *change);

/* Sorts the changes by key, adds up those of the same key and drops what comes to nothing. */
extern void change_list_merge(ChangeList *list);

/* Appends the changes to the tables, and empties the list. */
extern void change_list_write(ChangeList *list);

/* ------------------------------------------------------------------------------------------------
 * base_troubles.c: what happens seldom
 * ------------------------------------------------------------------------------------------------ */

/* Notes in the base that it is behind its source, and why, and warns once in a session. */
extern void base_trouble(BaseEntry *entry, BaseTrouble trouble, const char *detail);

/* base_merge.c */
extern bool base_rows_mistaken(const TriggerData *trigger, const char *base);

/* The source or a part of it was truncated. */
extern void base_truncated(BaseEntry *entry, Oid trigger_function);

/* GUC pg_customer.maintain */
extern PGDLLIMPORT bool base_maintain;

#endif							/* PG_CUSTOMER_BASE_CHANGES_H */
