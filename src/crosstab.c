/*
 * crosstab.c
 *		The aggregate crosstab_test: do two labels of a row have anything to do with each other?
 *
 * The state counts the pairs of labels, by their text. Expected counts and what is summed from them are fractions of whole numbers,
 * taken in the order of the labels: the result does not depend on the order of the rows.
 */
#include "compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "common/int.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "aggregate.h"
#include "inference.h"
#include "math/distributions.h"

PG_FUNCTION_INFO_V1(crosstab_accum);
PG_FUNCTION_INFO_V1(crosstab_combine);
PG_FUNCTION_INFO_V1(crosstab_serialize);
PG_FUNCTION_INFO_V1(crosstab_deserialize);
PG_FUNCTION_INFO_V1(crosstab_final);

enum
{
	ROW,
	COLUMN,
	SIDES
};

/* Both labels of a cell. */
typedef struct CellLabels
{
	const char *text[SIDES];
	int			length[SIDES];
} CellLabels;

typedef struct Cell
{
	CellLabels	labels;
	uint32		hash;
	char		status;			/* of the hash table */
	int64		count;
	int64		totals[SIDES];	/* of its row and its column, in the end */
} Cell;

/*
 * hash_labels
 */
static inline uint32
hash_labels(CellLabels labels)
{
	return hash_combine(hash_bytes((const unsigned char *) labels.text[ROW], labels.length[ROW]),
						hash_bytes((const unsigned char *) labels.text[COLUMN], labels.length[COLUMN]));
}

/*
 * compare_label
 *		Byte by byte, whatever the collation.
 */
static inline int
compare_label(const CellLabels *a, const CellLabels *b, int side)
{
	int			compared = memcmp(a->text[side], b->text[side], Min(a->length[side], b->length[side]));

	return compared != 0 ? compared : a->length[side] - b->length[side];
}

static inline bool
same_labels(CellLabels a, CellLabels b)
{
	return a.length[ROW] == b.length[ROW] && a.length[COLUMN] == b.length[COLUMN] &&
		compare_label(&a, &b, ROW) == 0 && compare_label(&a, &b, COLUMN) == 0;
}

#define SH_PREFIX cells
#define SH_ELEMENT_TYPE Cell
#define SH_KEY_TYPE CellLabels
#define SH_KEY labels
#define SH_HASH_KEY(table, key) hash_labels(key)
#define SH_EQUAL(table, a, b) same_labels(a, b)
#define SH_STORE_HASH
#define SH_GET_HASH(table, cell) (cell)->hash
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

typedef struct CrossTable
{
	MemoryContext context;
	int64		observations;
	cells_hash *cells;
} CrossTable;

/* How the arguments of the running aggregate become text. */
typedef struct LabelTypes
{
	bool		is_text[SIDES];
	FmgrInfo	output[SIDES];
} LabelTypes;

/*
 * create_table
 */
static CrossTable *
create_table(MemoryContext context)
{
	CrossTable *table = MemoryContextAllocZero(context, sizeof(CrossTable));

	table->context = context;
	table->cells = cells_create(context, 64, NULL);
	return table;
}

/*
 * add_cell
 *		Adds observations of a pair of labels, which are copied where they are new.
 */
static void
add_cell(CrossTable *table, CellLabels labels, int64 count)
{
	bool		found;
	Cell	   *cell;

	if (pg_add_s64_overflow(table->observations, count, &table->observations))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("the number of observations of crosstab_test is out of range")));
	cell = cells_insert(table->cells, labels, &found);
	if (!found)
	{
		char	   *copy = MemoryContextAlloc(table->context, (Size) labels.length[ROW] + labels.length[COLUMN] + 1);

		cell->labels.text[ROW] = memcpy(copy, labels.text[ROW], labels.length[ROW]);
		copy += labels.length[ROW];
		cell->labels.text[COLUMN] = memcpy(copy, labels.text[COLUMN], labels.length[COLUMN]);
		cell->count = 0;
	}
	cell->count += count;
}

/* ---------- support functions ---------- */

/*
 * label_types
 */
static LabelTypes *
label_types(FunctionCallInfo fcinfo)
{
	LabelTypes *types = fcinfo->flinfo->fn_extra;

	if (types != NULL)
		return types;
	types = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(LabelTypes));
	for (int side = 0; side < SIDES; side++)
	{
		Oid			type = get_fn_expr_argtype(fcinfo->flinfo, 1 + side);
		Oid			output;
		bool		is_varlena;

		types->is_text[side] = type == TEXTOID || type == VARCHAROID;
		getTypeOutputInfo(type, &output, &is_varlena);
		fmgr_info_cxt(output, &types->output[side], fcinfo->flinfo->fn_mcxt);
	}
	fcinfo->flinfo->fn_extra = types;
	return types;
}

/*
 * crosstab_accum
 *		Adds a row: (state, row_label, column_label [, observations]).
 */
Datum
crosstab_accum(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	CrossTable *table = PG_ARGISNULL(0) ? create_table(context) : (CrossTable *) PG_GETARG_POINTER(0);
	bool		counted = PG_NARGS() > 3;
	int64		count = 1;
	LabelTypes *types;
	CellLabels	labels;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || (counted && PG_ARGISNULL(3)))
		PG_RETURN_POINTER(table);
	if (counted)
		count = PG_GETARG_INT64(3);
	if (count < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("observations of crosstab_test must not be negative: " INT64_FORMAT, count)));
	if (count == 0)
		PG_RETURN_POINTER(table);

	types = label_types(fcinfo);
	for (int side = 0; side < SIDES; side++)
	{
		Datum		label = PG_GETARG_DATUM(1 + side);

		if (types->is_text[side])
		{
			text	   *packed = DatumGetTextPP(label);

			labels.text[side] = VARDATA_ANY(packed);
			labels.length[side] = VARSIZE_ANY_EXHDR(packed);
		}
		else
		{
			labels.text[side] = OutputFunctionCall(&types->output[side], label);
			labels.length[side] = strlen(labels.text[side]);
		}
	}
	add_cell(table, labels, count);
	PG_RETURN_POINTER(table);
}

/*
 * crosstab_combine
 *		Adds the second state to the first.
 */
Datum
crosstab_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	CrossTable *table = PG_ARGISNULL(0) ? create_table(context) : (CrossTable *) PG_GETARG_POINTER(0);
	CrossTable *other = PG_ARGISNULL(1) ? NULL : (CrossTable *) PG_GETARG_POINTER(1);

	if (other != NULL)
	{
		cells_iterator iterator;
		Cell	   *cell;

		cells_start_iterate(other->cells, &iterator);
		while ((cell = cells_iterate(other->cells, &iterator)) != NULL)
		{
			CHECK_FOR_INTERRUPTS();
			add_cell(table, cell->labels, cell->count);
		}
	}
	PG_RETURN_POINTER(table);
}

/*
 * crosstab_serialize
 *		How many cells, and of each both labels and the count.
 */
Datum
crosstab_serialize(PG_FUNCTION_ARGS)
{
	CrossTable *table;
	StringInfoData buffer;
	cells_iterator iterator;
	Cell	   *cell;

	(void) aggregate_context(fcinfo);
	table = (CrossTable *) PG_GETARG_POINTER(0);
	pq_begintypsend(&buffer);
	pq_sendint32(&buffer, table->cells->members);
	cells_start_iterate(table->cells, &iterator);
	while ((cell = cells_iterate(table->cells, &iterator)) != NULL)
	{
		make_sent_room(&buffer, (Size) cell->labels.length[ROW] + cell->labels.length[COLUMN] + 16);
		for (int side = 0; side < SIDES; side++)
		{
			pq_sendint32(&buffer, cell->labels.length[side]);
			pq_sendbytes(&buffer, cell->labels.text[side], cell->labels.length[side]);
		}
		pq_sendint64(&buffer, cell->count);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

/*
 * crosstab_deserialize
 *		Reads what was serialised; what is cut off is an error of the message's.
 */
Datum
crosstab_deserialize(PG_FUNCTION_ARGS)
{
	StringInfoData buffer;
	bytea	   *bytes;
	CrossTable *table;
	uint32		count;

	(void) aggregate_context(fcinfo);
	bytes = PG_GETARG_BYTEA_PP(0);
	initStringInfo(&buffer);
	appendBinaryStringInfo(&buffer, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
	count = pq_getmsgint(&buffer, 4);
	table = create_table(CurrentMemoryContext);
	for (uint32 i = 0; i < count; i++)
	{
		CellLabels	labels;

		CHECK_FOR_INTERRUPTS();
		for (int side = 0; side < SIDES; side++)
		{
			labels.length[side] = pq_getmsgint(&buffer, 4);
			labels.text[side] = pq_getmsgbytes(&buffer, labels.length[side]);
		}
		add_cell(table, labels, pq_getmsgint64(&buffer));
	}
	pq_getmsgend(&buffer);
	PG_RETURN_POINTER(table);
}

/* ---------- the test ---------- */

/* By the label of that side, then by the other: a cell has its place in either order. */
static inline int
compare_cells(const Cell *a, const Cell *b, int side)
{
	int			compared = compare_label(&a->labels, &b->labels, side);

	return compared != 0 ? compared : compare_label(&a->labels, &b->labels, 1 - side);
}

#define ST_SORT sort_cells
#define ST_ELEMENT_TYPE Cell
#define ST_COMPARE(a, b, side) compare_cells(a, b, *(side))
#define ST_COMPARE_ARG_TYPE const int
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#define ST_DECLARE
#include "lib/sort_template.h"

/*
 * find_totals
 *		Sorts the cells by one side, and finds its totals. Returns how many there are, and the smallest.
 */
static int
find_totals(Cell *cells, int count, int side, int64 *smallest)
{
	int			labels = 0;

	sort_cells(cells, count, &side);
	*smallest = PG_INT64_MAX;
	for (int first = 0, next; first < count; first = next)
	{
		int64		total = 0;

		for (next = first; next < count && compare_label(&cells[first].labels, &cells[next].labels, side) == 0; next++)
			total += cells[next].count;
		for (int i = first; i < next; i++)
			cells[i].totals[side] = total;
		*smallest = Min(*smallest, total);
		labels++;
	}
	return labels;
}

/*
 * chi_square
 *		The sum of (observed - expected)^2 / expected, whose difference is an exact numerator. Where nothing was observed it is the
 *		expected count: for each row, its share of all columns that it has no cell in.
 */
static double
chi_square(const Cell *cells, int count, int64 observations)
{
	double		n = observations;
	int64		columns = 0;	/* total of those in which the row has a cell */
	double		sum = 0;

	for (int i = 0; i < count; i++)
	{
		const Cell *cell = &cells[i];
		double		excess = (double) ((int128) cell->count * observations - (int128) cell->totals[ROW] * cell->totals[COLUMN]) / n;

		sum += excess / cell->totals[ROW] * (excess / cell->totals[COLUMN]) * n;
		columns += cell->totals[COLUMN];
		if (i + 1 == count || compare_label(&cell->labels, &cells[i + 1].labels, ROW) != 0)
		{
			sum += cell->totals[ROW] / n * (observations - columns);
			columns = 0;
		}
	}
	return sum;
}

/*
 * crosstab_final
 *		chi_square, df, p_value, cramers_v, observations, row_labels, column_labels, smallest_expected, note. Pearson (1900), On the
 *		Criterion; Cramér (1946), Mathematical Methods of Statistics; the note: Cochran (1954), Some Methods for
 *		Strengthening the Common Chi-Square Tests.
 */
Datum
crosstab_final(PG_FUNCTION_ARGS)
{
	CrossTable *table;
	cells_iterator iterator;
	Cell	   *cell;
	Cell	   *cells;
	int			count = 0;
	int			labels[SIDES];
	int64		smallest[SIDES];
	double		statistic;
	double		df;
	double		expected;
	const char *note = NULL;
	Datum		values[9] = {0};
	bool		nulls[9] = {0};

	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	table = (CrossTable *) PG_GETARG_POINTER(0);
	if (table->observations == 0)
		PG_RETURN_NULL();

	cells = palloc_extended(table->cells->members * sizeof(Cell), MCXT_ALLOC_HUGE);
	cells_start_iterate(table->cells, &iterator);
	while ((cell = cells_iterate(table->cells, &iterator)) != NULL)
		cells[count++] = *cell;
	labels[COLUMN] = find_totals(cells, count, COLUMN, &smallest[COLUMN]);
	labels[ROW] = find_totals(cells, count, ROW, &smallest[ROW]);

	statistic = chi_square(cells, count, table->observations);
	df = (labels[ROW] - 1.0) * (labels[COLUMN] - 1.0);
	expected = (double) ((int128) smallest[ROW] * smallest[COLUMN]) / table->observations;
	if (df == 0)
		note = "only one row or column";
	else if (expected < 5)
		note = "an expected count is below 5: put rare labels together";

	values[0] = Float8GetDatum(statistic);
	values[1] = Int64GetDatum((int64) df);
	if (df > 0)
	{
		values[2] = Float8GetDatum(chi_square_upper(statistic, df));
		values[3] = Float8GetDatum(sqrt(statistic / table->observations / (Min(labels[ROW], labels[COLUMN]) - 1)));
	}
	else
		nulls[0] = nulls[2] = nulls[3] = true;
	values[4] = Int64GetDatum(table->observations);
	values[5] = Int32GetDatum(labels[ROW]);
	values[6] = Int32GetDatum(labels[COLUMN]);
	values[7] = Float8GetDatum(expected);
	if (note != NULL)
		values[8] = CStringGetTextDatum(note);
	else
		nulls[8] = true;
	return result_row(fcinfo, values, nulls);
}
