/*
 * cells.h
 *		Counts and money of cells: the state of the aggregates over all customers whose size follows from the calendar, not
 *		from the number of customers.
 *
 * A cell is a pair of numbers: a period and 0, a cohort and a period since, a day and 0. What it counts is the aggregate's.
 */
#ifndef PG_CUSTOMER_CELLS_H
#define PG_CUSTOMER_CELLS_H

#include "access/tupdesc.h"

#include "lifecycle.h"
#include "periods.h"

/* The aggregates whose state is of this kind. */
typedef enum CellAggregate
{
	CELLS_PERIOD_TOTALS,
	CELLS_COHORT_TOTALS,
	CELLS_CHURN_TOTALS,
	CELLS_RANGE_RETENTION
} CellAggregate;

/* What must not change between rows. Its bytes are compared, so all of them are set. */
typedef struct CellParameters
{
	int32		aggregate;
	int32		unit;
	int32		option;			/* count_by of period_totals, rolling_days of cohort_totals */
	DateADT		as_of;
	int64		definition;		/* of range_retention_sum */
	LifecyclePolicy policy;		/* of churn_totals */
} CellParameters;

/* The most that an aggregate counts, which is range_retention_sum: customers, and fifteen intervals. */
#define CELL_COUNTS 16

typedef struct Cell
{
	int64		key;
	char		status;			/* of the hash table */
	int64		counts[CELL_COUNTS];
	int128		gross;
	int128		refunded;
} Cell;

#define CELL_KEY(group, period) ((int64) ((uint64) (uint32) (group) << 32 | (uint32) (period)))
#define CELL_GROUP(key) ((int32) ((key) >> 32))
#define CELL_PERIOD(key) ((int32) (key))

struct cells_hash;

typedef struct Cells
{
	CellParameters parameters;
	struct cells_hash *table;
} Cells;

/* The state of the running aggregate, created with the first row; an error for other parameters than those of that row. */
extern Cells *cells_state(FunctionCallInfo fcinfo, const CellParameters *parameters);

/* The state that a final function reads; NULL for none. */
extern const Cells *cells_final_state(FunctionCallInfo fcinfo);

/* A cell, zero at first; it may move when another one is sought. */
extern Cell *cells_find(Cells *cells, int64 key);
extern void cell_add_money(const Cells *cells, Cell *cell, int128 gross, int128 refunded);

/* All cells in the order of their keys. */
extern Cell *cells_sorted(const Cells *cells, int *count);

/* The array of rows that a final function returns. */
typedef struct CellRows
{
	Oid			element;
	TupleDesc	type;
	Datum	   *rows;
	int64		capacity;
	int			count;
} CellRows;

extern void cell_rows_begin(CellRows *rows, FunctionCallInfo fcinfo, const Cells *cells, int columns, int64 capacity);
extern void cell_rows_add(CellRows *rows, Datum *values, bool *nulls);
extern Datum cell_rows_end(const CellRows *rows);

#endif							/* PG_CUSTOMER_CELLS_H */
