/*
 * cells.c
 *		Counts and money of cells: the state that period_totals, cohort_totals, churn_totals and range_retention_sum share.
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
#include "cells.h"

PG_FUNCTION_INFO_V1(cells_combine);
PG_FUNCTION_INFO_V1(cells_serialize);
PG_FUNCTION_INFO_V1(cells_deserialize);

#define SH_PREFIX cells
#define SH_ELEMENT_TYPE Cell
#define SH_KEY_TYPE int64
#define SH_KEY key
#define SH_HASH_KEY(table, key) ((uint32) murmurhash32((uint32) (key) ^ (uint32) ((key) >> 32) * 0x9E3779B1))
#define SH_EQUAL(table, a, b) ((a) == (b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* More rows than that would not fit an array. */
#define MAX_CELL_ROWS 5000000

static const struct
{
	const char *name;
	const char *parameters;
}			aggregates[] = {
	[CELLS_PERIOD_TOTALS] = {"period_totals", "unit, as_of and count_by"},
	[CELLS_COHORT_TOTALS] = {"cohort_totals", "unit, as_of and rolling_days"},
	[CELLS_CHURN_TOTALS] = {"churn_totals", "unit, as_of and policy"},
	[CELLS_RANGE_RETENTION] = {"range_retention_sum", "intervals and granularity"}
};

/*
 * create_cells
 */
static Cells *
create_cells(MemoryContext context, const CellParameters *parameters)
{
	Cells	   *cells = MemoryContextAlloc(context, sizeof(Cells));

	cells->parameters = *parameters;
	cells->table = cells_create(context, 64, NULL);
	return cells;
}

/*
 * check_same
 *		Parameters must not change between rows, in whatever order the rows come.
 */
static void
check_same(const Cells *cells, const CellParameters *parameters)
{
	if (memcmp(&cells->parameters, parameters, sizeof(CellParameters)) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s of %s must not change between rows", aggregates[cells->parameters.aggregate].parameters,
						aggregates[cells->parameters.aggregate].name),
				 errhint("Pass constants, or group by them.")));
}

/*
 * cells_state
 *		The state in the first argument of a transition function.
 */
Cells *
cells_state(FunctionCallInfo fcinfo, const CellParameters *parameters)
{
	MemoryContext context = aggregate_context(fcinfo);
	Cells	   *cells;

	if (PG_ARGISNULL(0))
		return create_cells(context, parameters);
	cells = (Cells *) PG_GETARG_POINTER(0);
	check_same(cells, parameters);
	return cells;
}

/*
 * cells_final_state
 */
const Cells *
cells_final_state(FunctionCallInfo fcinfo)
{
	(void) aggregate_context(fcinfo);
	return PG_ARGISNULL(0) ? NULL : (const Cells *) PG_GETARG_POINTER(0);
}

/*
 * cells_find
 */
Cell *
cells_find(Cells *cells, int64 key)
{
	bool		found;
	Cell	   *cell = cells_insert(cells->table, key, &found);

	if (!found)
	{
		memset(cell->counts, 0, sizeof(cell->counts));
		cell->gross = cell->refunded = 0;
	}
	return cell;
}

/*
 * cell_add_money
 */
void
cell_add_money(const Cells *cells, Cell *cell, int128 gross, int128 refunded)
{
	if (__builtin_add_overflow(cell->gross, gross, &cell->gross) ||
		__builtin_add_overflow(cell->refunded, refunded, &cell->refunded))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("the money of a period is too large for %s", aggregates[cells->parameters.aggregate].name)));
}

/*
 * cells_combine
 *		Adds the second state to the first.
 */
Datum
cells_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	Cells	   *cells = PG_ARGISNULL(0) ? NULL : (Cells *) PG_GETARG_POINTER(0);
	Cells	   *other = PG_ARGISNULL(1) ? NULL : (Cells *) PG_GETARG_POINTER(1);
	cells_iterator iterator;
	Cell	   *more;

	if (other == NULL)
	{
		if (cells == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(cells);
	}
	if (cells == NULL)
		cells = create_cells(context, &other->parameters);
	check_same(cells, &other->parameters);
	cells_start_iterate(other->table, &iterator);
	while ((more = cells_iterate(other->table, &iterator)) != NULL)
	{
		Cell	   *cell = cells_find(cells, more->key);

		CHECK_FOR_INTERRUPTS();
		for (int i = 0; i < CELL_COUNTS; i++)
			history_count_add(&cell->counts[i], more->counts[i]);
		cell_add_money(cells, cell, more->gross, more->refunded);
	}
	PG_RETURN_POINTER(cells);
}

#define ST_SORT sort_cells
#define ST_ELEMENT_TYPE Cell
#define ST_COMPARE(a, b) (((a)->key > (b)->key) - ((a)->key < (b)->key))
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#define ST_DECLARE
#include "lib/sort_template.h"

/*
 * cells_sorted
 */
Cell *
cells_sorted(const Cells *cells, int *count)
{
	Cell	   *sorted = palloc_extended(Max(cells->table->members, 1) * sizeof(Cell), MCXT_ALLOC_HUGE);
	cells_iterator iterator;
	Cell	   *cell;

	*count = 0;
	cells_start_iterate(cells->table, &iterator);
	while ((cell = cells_iterate(cells->table, &iterator)) != NULL)
		sorted[(*count)++] = *cell;
	sort_cells(sorted, *count);
	return sorted;
}

/*
 * cells_serialize
 *		Parameters, number of cells, and for each its key, counts and money.
 */
Datum
cells_serialize(PG_FUNCTION_ARGS)
{
	StringInfoData buffer;
	const Cells *cells;
	cells_iterator iterator;
	Cell	   *cell;

	(void) aggregate_context(fcinfo);
	cells = (const Cells *) PG_GETARG_POINTER(0);
	pq_begintypsend(&buffer);
	make_sent_room(&buffer, cells->table->members * sizeof(Cell) + 64);
	pq_sendbytes(&buffer, (const char *) &cells->parameters, sizeof(CellParameters));
	pq_sendint32(&buffer, cells->table->members);
	cells_start_iterate(cells->table, &iterator);
	while ((cell = cells_iterate(cells->table, &iterator)) != NULL)
	{
		pq_sendint64(&buffer, cell->key);
		for (int i = 0; i < CELL_COUNTS; i++)
			pq_sendint64(&buffer, cell->counts[i]);
		send_int128(&buffer, cell->gross);
		send_int128(&buffer, cell->refunded);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

/*
 * invalid_state
 *		Of what no worker has sent.
 */
static void
invalid_state(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			 errmsg("invalid state of an aggregate")));
}

/*
 * cells_deserialize
 *		Reads what was serialised, and checks what could do harm.
 */
Datum
cells_deserialize(PG_FUNCTION_ARGS)
{
	StringInfoData buffer;
	bytea	   *bytes;
	CellParameters parameters;
	Cells	   *cells;
	uint32		count;

	(void) aggregate_context(fcinfo);
	bytes = PG_GETARG_BYTEA_PP(0);
	initStringInfo(&buffer);
	appendBinaryStringInfo(&buffer, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
	pq_copymsgbytes(&buffer, (char *) &parameters, sizeof(CellParameters));
	count = pq_getmsgint(&buffer, 4);
	if (parameters.aggregate < 0 || parameters.aggregate >= lengthof(aggregates) || parameters.unit < 0 ||
		parameters.unit > UNIT_YEAR || parameters.option < 0 || DATE_NOT_FINITE(parameters.as_of))
		invalid_state();
	cells = create_cells(CurrentMemoryContext, &parameters);
	for (uint32 i = 0; i < count; i++)
	{
		Cell	   *cell = cells_find(cells, pq_getmsgint64(&buffer));

		CHECK_FOR_INTERRUPTS();
		for (int j = 0; j < CELL_COUNTS; j++)
			cell->counts[j] = pq_getmsgint64(&buffer);
		cell->gross = receive_int128(&buffer);
		cell->refunded = receive_int128(&buffer);
	}
	pq_getmsgend(&buffer);
	PG_RETURN_POINTER(cells);
}

/*
 * cell_rows_begin
 *		The final function returns an array of a composite type with that many columns, and at most capacity rows.
 */
void
cell_rows_begin(CellRows *rows, FunctionCallInfo fcinfo, const Cells *cells, int columns, int64 capacity)
{
	rows->element = get_element_type(get_func_rettype(fcinfo->flinfo->fn_oid));
	rows->type = lookup_rowtype_tupdesc_copy(rows->element, -1);
	rows->count = 0;
	if (rows->type->natts != columns)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("type %s is not that of the library", format_type_be(rows->element)),
				 errhint("Run ALTER EXTENSION pg_customer UPDATE.")));
	if (capacity > MAX_CELL_ROWS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("%s would have " INT64_FORMAT " rows, at most %d are possible",
						aggregates[cells->parameters.aggregate].name, capacity, MAX_CELL_ROWS),
				 errhint("Take a longer unit, or a shorter time: slice(history, from, to).")));
	rows->capacity = capacity;
	rows->rows = palloc_extended(Max(capacity, 1) * sizeof(Datum), MCXT_ALLOC_HUGE);
}

/*
 * cell_rows_add
 */
void
cell_rows_add(CellRows *rows, Datum *values, bool *nulls)
{
	CHECK_FOR_INTERRUPTS();
	/* A group after as_of, which no rows make. */
	if (rows->count >= rows->capacity)
		invalid_state();
	rows->rows[rows->count++] = HeapTupleGetDatum(heap_form_tuple(rows->type, values, nulls));
}

/*
 * cell_rows_end
 */
Datum
cell_rows_end(const CellRows *rows)
{
	return PointerGetDatum(construct_array(rows->rows, rows->count, rows->element, -1, false, TYPALIGN_DOUBLE));
}
