/*
 * abc.c
 *		How a total is spread over the items that make it: ABC classes and cumulative shares; and XYZ classes,
 *		of how steady a demand is.
 */
#include "compat.h"

#include "catalog/pg_enum.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"
#include "windowapi.h"

#include "abc.h"
#include "decimal.h"

/* Above all values. */
#define NO_VALUE ((int128) 1 << 126)

PG_FUNCTION_INFO_V1(abc_class);
PG_FUNCTION_INFO_V1(cumulative_share);
PG_FUNCTION_INFO_V1(abc_class_by_breaks);
PG_FUNCTION_INFO_V1(xyz_class);

/*
 * call_cache
 *		The cache of the function that runs. Each C function stands behind a numeric and a double precision
 *		SQL function; value_arg says which argument tells them apart. Labels are those of the enum returned,
 *		NULL when it is none.
 */
CallCache *
call_cache(FunctionCallInfo fcinfo, int value_arg, const char *labels)
{
	FmgrInfo   *flinfo = fcinfo->flinfo;
	CallCache  *cache = flinfo->fn_extra;
	Oid			result;
	Oid		   *types;
	int			ntypes;

	if (cache != NULL)
		return cache;

	cache = MemoryContextAllocZero(flinfo->fn_mcxt, sizeof(CallCache));
	result = get_func_signature(flinfo->fn_oid, &types, &ntypes);
	cache->is_float8 = value_arg < ntypes && types[value_arg] == FLOAT8OID;
	for (int i = 0; labels != NULL && i < lengthof(cache->labels); i++)
	{
		char		label[2] = {labels[i], '\0'};

		cache->labels[i] = GetSysCacheOid2(ENUMTYPOIDNAME, Anum_pg_enum_oid,
										   ObjectIdGetDatum(result), CStringGetDatum(label));
		if (!OidIsValid(cache->labels[i]))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("type %s has lost its label \"%s\"", format_type_be(result), label),
					 errhint("Rename the label back: ALTER TYPE ... RENAME VALUE.")));
	}
	flinfo->fn_extra = cache;
	return cache;
}

/*
 * value_units
 *		Units of a value of either type.
 */
int128
value_units(const CallCache *cache, Datum value, const char *function_name)
{
	return cache->is_float8 ? score_units_from_float8(DatumGetFloat8(value), function_name)
		: score_units_from_numeric(value, function_name);
}

/*
 * population_total
 *		The sum of values, none of which is negative.
 */
int128
population_total(const Population *population, const char *function_name)
{
	int128		total = 0;

	for (int64 i = 0; i < population->count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (__builtin_add_overflow(total, population->values[i], &total))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("the total of all values is too large for %s", function_name),
					 errhint("Express the values in a larger unit.")));
	}
	return total;
}

/* ---------- thresholds and cuts ---------- */

/*
 * read_threshold
 *		One threshold of an ABC analysis in millionths.
 */
static int64
read_threshold(NullableDatum threshold, const char *name, const char *function_name)
{
	int128		units = -1;
	DecimalStatus status;

	if (threshold.isnull)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("threshold %s of %s is NULL", name, function_name),
				 errhint("Thresholds are shares of the total, such as 0.80 and 0.95.")));

	status = decimal_from_numeric(threshold.value, THRESHOLD_SCALE, THRESHOLD_SCALE, false, &units);
	if (status == DECIMAL_TOO_FINE)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("threshold %s of %s has more than %d digits after the point: %s", name, function_name,
						THRESHOLD_SCALE, DatumGetCString(DirectFunctionCall1(numeric_out, threshold.value))),
				 errhint("Round it: round(threshold, %d).", THRESHOLD_SCALE)));
	if (status != DECIMAL_OK || units < 0 || units > MILLION)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("threshold %s of %s is not between 0 and 1: %s", name, function_name,
						DatumGetCString(DirectFunctionCall1(numeric_out, threshold.value))),
				 errhint("Thresholds are shares of the total, such as 0.80 and 0.95.")));
	return (int64) units;
}

/*
 * read_thresholds
 *		Both thresholds of an ABC analysis, in millionths.
 */
void
read_thresholds(NullableDatum a, NullableDatum b, const char *function_name, int64 thresholds[2])
{
	thresholds[0] = read_threshold(a, "a", function_name);
	thresholds[1] = read_threshold(b, "b", function_name);
	if (thresholds[0] > thresholds[1])
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("threshold a of %s is above threshold b: %s > %s", function_name,
						DatumGetCString(DirectFunctionCall1(numeric_out, a.value)),
						DatumGetCString(DirectFunctionCall1(numeric_out, b.value))),
				 errhint("Class A ends at a, class B at b: pass the smaller share first.")));
}

/*
 * share_of
 *		millionths of the total, rounded up. A whole number is below the share itself just when it is below
 *		this. The total is split, for its product with a million may not fit.
 */
static int128
share_of(int128 total, int64 millionths)
{
	return total / MILLION * millionths + (total % MILLION * millionths + MILLION - 1) / MILLION;
}

/*
 * find_cuts
 *		Where classes A and B end in a sorted population of positive values. An item belongs to the class
 *		if the items before it, from the largest down, hold less than the threshold of the total; equal items
 *		together (those before the first of them count), or each on its own when split.
 */
void
find_cuts(const Population *population, const int64 thresholds[2], bool split, const char *function_name,
		  Cut cuts[2])
{
	int128		total = population_total(population, function_name);
	int128		before = 0;
	int64		last = population->count - 1;
	int128		limits[2];

	for (int i = 0; i < 2; i++)
	{
		limits[i] = share_of(total, thresholds[i]);
		cuts[i] = (Cut) {.value = NO_VALUE};
	}
	while (last >= 0 && before < limits[1])
	{
		int128		value = population->values[last];
		int64		next = last;

		while (next >= 0 && population->values[next] == value)
		{
			CHECK_FOR_INTERRUPTS();
			next--;
		}
		for (int i = 0; i < 2; i++)
		{
			int64		rows = last - next;

			if (before >= limits[i])
				continue;
			if (split)
				rows = (int64) Min(rows, (limits[i] - before - 1) / value + 1);
			cuts[i] = (Cut) {.value = value, .rows = rows};
		}
		before += value * (last - next);
		last = next;
	}
}

/*
 * inside
 *		Is the next row with the value inside the cut?
 */
static inline bool
inside(Cut *cut, int128 value)
{
	return value > cut->value || (value == cut->value && cut->seen++ < cut->rows);
}

/*
 * class_of
 *		The class of the next row with the value: 0, 1 or 2 for A, B or C.
 */
static int
class_of(Cut cuts[2], int128 value)
{
	bool		in_a;
	bool		in_b;

	if (value <= 0)
		return 2;
	/* Both cuts count the row. */
	in_a = inside(&cuts[0], value);
	in_b = inside(&cuts[1], value);
	return in_a ? 0 : in_b ? 1 : 2;
}

/* ---------- window functions ---------- */

/*
 * window_object
 *		The window that the function runs over; an error when there is none, as behind an operator.
 */
static WindowObject
window_object(FunctionCallInfo fcinfo)
{
	WindowObject window = PG_WINDOW_OBJECT();

	if (!WindowObjectIsValid(window))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("this function can only be called as a window function"),
				 errhint("Call it by its name, with OVER.")));
	return window;
}

/*
 * window_argument
 *		An argument of a window function, evaluated at the current row.
 */
static NullableDatum
window_argument(WindowObject window, int argno)
{
	NullableDatum argument;

	argument.value = WinGetFuncArgCurrent(window, argno, &argument.isnull);
	return argument;
}

/*
 * read_partition
 *		The positive values of the whole partition, sorted; they live in the context.
 */
static Population *
read_partition(WindowObject window, const CallCache *cache, MemoryContext context, const char *function_name)
{
	Population *population = population_create(context);
	MemoryContext row_context = AllocSetContextCreate(CurrentMemoryContext, "pg_customer window row",
													  ALLOCSET_SMALL_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(row_context);
	int64		rows = WinGetPartitionRowCount(window);

	/* The server counts the rows of a window in 64 bits but finds one by 32. */
	if (rows > PG_INT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("%s has too many rows in a partition: " INT64_FORMAT, function_name, rows),
				 errdetail("At most %d can be.", PG_INT32_MAX),
				 errhint("Use smaller partitions, or make breaks of the values with the aggregate abc_breaks.")));
	for (int row = 0; row < rows; row++)
	{
		bool		isnull;
		bool		isout;
		Datum		value = WinGetFuncArgInPartition(window, 0, row, WINDOW_SEEK_HEAD, false, &isnull, &isout);

		CHECK_FOR_INTERRUPTS();
		if (!isnull)
		{
			int128		units = value_units(cache, value, function_name);

			if (units > 0)
				population_add(population, units);
		}
		MemoryContextReset(row_context);
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(row_context);
	population_sort(population);
	return population;
}

/* What abc_class keeps for a partition. */
typedef struct AbcPartition
{
	bool		ready;
	Cut			cuts[2];
} AbcPartition;

/*
 * read_ties
 *		Whether equal values are split.
 */
static bool
read_ties(NullableDatum ties)
{
	char	   *rule = ties.isnull ? NULL : TextDatumGetCString(ties.value);

	if (rule != NULL && strcmp(rule, "together") == 0)
		return false;
	if (rule != NULL && strcmp(rule, "split") == 0)
		return true;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 rule == NULL ? errmsg("ties of abc_class is NULL") : errmsg("unknown ties of abc_class: \"%s\"", rule),
			 errhint("'together' gives equal values one class; 'split' cuts between them, in the order of the window.")));
	pg_unreachable();
}

/*
 * abc_class(value, a, b, ties) OVER (...)
 *		The class of each row by the cumulative share of the partition before it.
 */
Datum
abc_class(PG_FUNCTION_ARGS)
{
	WindowObject window = window_object(fcinfo);
	AbcPartition *partition = WinGetPartitionLocalMemory(window, sizeof(AbcPartition));
	CallCache  *cache = call_cache(fcinfo, 0, "ABC");
	NullableDatum value;

	if (!partition->ready)
	{
		bool		split = read_ties(window_argument(window, 3));
		int64		thresholds[2];

		/* The values are let go with the memory of the first row; the cuts are enough for all rows. */
		read_thresholds(window_argument(window, 1), window_argument(window, 2), "abc_class", thresholds);
		find_cuts(read_partition(window, cache, CurrentMemoryContext, "abc_class"),
				  thresholds, split, "abc_class", partition->cuts);
		partition->ready = true;
	}

	value = window_argument(window, 0);
	if (value.isnull)
		PG_RETURN_NULL();
	PG_RETURN_OID(cache->labels[class_of(partition->cuts, value_units(cache, value.value, "abc_class"))]);
}

/*
 * What cumulative_share keeps for a partition: the distinct values, and beside each the sum of all that are
 * at least as large, in multiples of what divides all values.
 */
typedef struct SharePartition
{
	Population *population;
	int128	   *cumulative;
} SharePartition;

/*
 * fill_share_partition
 *		Reads the partition and adds up its values. Amounts in cents have ten zeros at SCORE_SCALE: without
 *		them most sums fit 64 bits, and numeric divides them several times faster.
 */
static void
fill_share_partition(SharePartition *partition, WindowObject window, const CallCache *cache)
{
	MemoryContext context = GetMemoryChunkContext(partition);
	Population *population = read_partition(window, cache, context, "cumulative_share");
	int128		sum = population_total(population, "cumulative_share");
	int128		divisor = sum;
	int64		distinct = 0;

	for (int64 i = 0; i < population->count; i++)
	{
		int128		value = population->values[i];
		int128		rest;

		CHECK_FOR_INTERRUPTS();
		while ((rest = value % divisor) != 0)
		{
			value = divisor;
			divisor = rest;
		}
	}
	partition->cumulative = MemoryContextAllocHuge(context, population->count * sizeof(int128));
	for (int64 i = 0; i < population->count; i++)
	{
		int128		value = population->values[i];

		CHECK_FOR_INTERRUPTS();
		if (distinct == 0 || value != population->values[distinct - 1])
		{
			population->values[distinct] = value;
			partition->cumulative[distinct++] = sum / divisor;
		}
		sum -= value;
	}
	population->count = distinct;
	partition->population = population;
}

/*
 * cumulative_share(value) OVER (...)
 *		The share of the partition's total that values down to this one hold.
 */
Datum
cumulative_share(PG_FUNCTION_ARGS)
{
	WindowObject window = window_object(fcinfo);
	SharePartition *partition = WinGetPartitionLocalMemory(window, sizeof(SharePartition));
	CallCache  *cache = call_cache(fcinfo, 0, NULL);
	NullableDatum value = window_argument(window, 0);
	Population *population;
	int128		units;
	int64		low = 0;
	int64		high;

	if (partition->population == NULL)
		fill_share_partition(partition, window, cache);
	population = partition->population;

	if (value.isnull || population->count == 0)
		PG_RETURN_NULL();

	/* Its place among the values; zero and below take the first. */
	units = value_units(cache, value.value, "cumulative_share");
	high = population->count - 1;
	while (low < high)
	{
		int64		middle = low + (high - low) / 2;

		if (population->values[middle] < units)
			low = middle + 1;
		else
			high = middle;
	}
	PG_RETURN_NUMERIC(decimal_ratio(partition->cumulative[low], partition->cumulative[0]));
}

/* ---------- functions of one row ---------- */

/*
 * cuts_from_breaks
 *		The cuts that abc_breaks found.
 */
static void
cuts_from_breaks(ArrayType *array, Cut cuts[2])
{
	Datum	   *breaks;
	bool	   *nulls;
	int			count;

	deconstruct_array(array, NUMERICOID, -1, false, TYPALIGN_INT, &breaks, &nulls, &count);
	for (int i = 0; i < 2 && count == 2; i++)
		cuts[i] = nulls[i] ? (Cut) {.value = NO_VALUE}
			: (Cut) {.value = score_units_from_numeric(breaks[i], "abc_class"), .rows = PG_INT64_MAX};
	if (ARR_NDIM(array) != 1 || count != 2 || cuts[0].value < cuts[1].value)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("breaks of abc_class are not two descending values: %s",
						OidOutputFunctionCall(F_ARRAY_OUT, PointerGetDatum(array))),
				 errhint("Take them from the aggregate abc_breaks.")));
}

/*
 * abc_class(breaks, value)
 *		The class of a value by stored breaks.
 */
Datum
abc_class_by_breaks(PG_FUNCTION_ARGS)
{
	CallCache  *cache = call_cache(fcinfo, 1, "ABC");
	Cut			cuts[2] = {{.value = NO_VALUE}, {.value = NO_VALUE}};

	if (PG_ARGISNULL(1))
		PG_RETURN_NULL();
	if (!PG_ARGISNULL(0))
		cuts_from_breaks(PG_GETARG_ARRAYTYPE_P(0), cuts);
	PG_RETURN_OID(cache->labels[class_of(cuts, value_units(cache, PG_GETARG_DATUM(1), "abc_class"))]);
}

/*
 * xyz_class(cv, x, y)
 *		The class of a coefficient of variation.
 */
Datum
xyz_class(PG_FUNCTION_ARGS)
{
	CallCache  *cache = call_cache(fcinfo, 0, "XYZ");
	double		cv = PG_GETARG_FLOAT8(0);
	double		x = PG_GETARG_FLOAT8(1);
	double		y = PG_GETARG_FLOAT8(2);

	if (!(x >= 0 && x <= y))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("thresholds of xyz_class are not 0 <= x <= y: x is %.15g, y is %.15g", x, y),
				 errhint("Pass the largest coefficient of variation of class X first, such as 0.5 and 1.0.")));
	if (!(cv >= 0))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("a coefficient of variation cannot be %.15g", cv),
				 errhint("It is standard deviation over mean; where the mean is not positive, pass NULL.")));
	PG_RETURN_OID(cache->labels[cv <= x ? 0 : cv <= y ? 1 : 2]);
}
