/*
 * population_rhythm.c
 *		Values of the type population_rhythm and the aggregates that make them: how often customers buy, and for how long they are silent.
 *
 * A customer with gaps g_1 … g_n has the rate (n - 1) / (g_1 + … + g_n), which is right on average for exponential gaps. The gaps of
 * everybody, and the silences since the last purchase as gaps that have not ended, make a Kaplan-Meier curve.
 */
#include "compat.h"

#include <float.h>
#include <math.h>

#include "funcapi.h"
#include "access/htup_details.h"
#include "libpq/pqformat.h"
#include "port/pg_bitutils.h"
#include "utils/tuplestore.h"

#include "aggregate.h"
#include "churn.h"

PG_FUNCTION_INFO_V1(population_rhythm_plus);
PG_FUNCTION_INFO_V1(population_rhythm_accum);
PG_FUNCTION_INFO_V1(population_rhythm_rollup);
PG_FUNCTION_INFO_V1(population_rhythm_combine);
PG_FUNCTION_INFO_V1(population_rhythm_serialize);
PG_FUNCTION_INFO_V1(population_rhythm_deserialize);
PG_FUNCTION_INFO_V1(population_rhythm_final);
PG_FUNCTION_INFO_V1(population_rhythm_parameters);
PG_FUNCTION_INFO_V1(population_rhythm_curve);

StaticAssertDecl(offsetof(StoredRhythm, counts) % 8 == 0, "population_rhythm has no gaps between its parts");

/* Rates of customers who all buy alike are a Gamma distribution with this shape. */
#define LARGEST_SHAPE 1e6

/* ------------------------------------------------------------------------------------------------
 * The grid
 * ------------------------------------------------------------------------------------------------ */

/*
 * rhythm_bin
 *		Where a gap of so many days is counted.
 */
int
rhythm_bin(int32 days)
{
	int			doubling;

	if (days < RHYTHM_SINGLE_DAYS)
		return days;
	doubling = pg_leftmost_one_pos32(days) - 6;
	return RHYTHM_SINGLE_DAYS + doubling * RHYTHM_STEPS + ((days >> (doubling + 1)) - RHYTHM_STEPS);
}

/*
 * rhythm_bin_start
 *		The fewest days that are counted there.
 */
int64
rhythm_bin_start(int bin)
{
	int			doubling = (bin - RHYTHM_SINGLE_DAYS) / RHYTHM_STEPS;

	if (bin < RHYTHM_SINGLE_DAYS)
		return bin;
	return (int64) (RHYTHM_STEPS + (bin - RHYTHM_SINGLE_DAYS) % RHYTHM_STEPS) << (doubling + 1);
}

/* ------------------------------------------------------------------------------------------------
 * Values
 * ------------------------------------------------------------------------------------------------ */

/*
 * rhythm_create
 *		Nothing counted yet.
 */
StoredRhythm *
rhythm_create(int bins)
{
	StoredRhythm *rhythm = palloc0(RHYTHM_SIZE(bins));

	SET_VARSIZE(rhythm, RHYTHM_SIZE(bins));
	rhythm->bins = bins;
	return rhythm;
}

/*
 * too_large
 */
static void
too_large(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("population_rhythm is too large")));
}

/*
 * add_count, add_rate
 */
static void
add_count(int64 *sum, int64 count)
{
	*sum += count;
	if (*sum > RHYTHM_LARGEST_COUNT)
		too_large();
}

static void
add_rate(int128 *sum, int128 rate)
{
	*sum += rate;
	if (*sum >= RHYTHM_RATE_LIMIT)
		too_large();
}

/*
 * add_rhythm
 *		Adds what another one has counted to one with at least as many bins.
 */
static void
add_rhythm(StoredRhythm *sum, const StoredRhythm *other)
{
	Assert(other->bins <= sum->bins);
	add_count(&sum->customers, other->customers);
	add_count(&sum->rhythmic, other->rhythmic);
	add_rate(&sum->rates, other->rates);
	add_rate(&sum->squares, other->squares);
	for (int i = 0; i < other->bins; i++)
	{
		add_count(&sum->counts[i].gaps, other->counts[i].gaps);
		add_count(&sum->counts[i].silences, other->counts[i].silences);
	}
}

/*
 * rhythm_trimmed
 *		A copy without the bins at the end that count nothing.
 */
StoredRhythm *
rhythm_trimmed(const StoredRhythm *rhythm)
{
	StoredRhythm *copy;
	int			bins = rhythm->bins;

	while (bins > 0 && rhythm->counts[bins - 1].gaps + rhythm->counts[bins - 1].silences == 0)
		bins--;
	copy = palloc(RHYTHM_SIZE(bins));
	memcpy(copy, rhythm, RHYTHM_SIZE(bins));
	SET_VARSIZE(copy, RHYTHM_SIZE(bins));
	copy->bins = bins;
	return copy;
}

/*
 * population_rhythm_plus
 */
Datum
population_rhythm_plus(PG_FUNCTION_ARGS)
{
	const StoredRhythm *a = PG_GETARG_RHYTHM(0);
	const StoredRhythm *b = PG_GETARG_RHYTHM(1);
	StoredRhythm *sum = rhythm_create(Max(a->bins, b->bins));

	add_rhythm(sum, a);
	add_rhythm(sum, b);
	PG_RETURN_POINTER(sum);
}

/* ------------------------------------------------------------------------------------------------
 * The aggregates
 * ------------------------------------------------------------------------------------------------ */

/*
 * state_argument
 *		The state of an aggregate, made for the first row: all bins.
 */
static StoredRhythm *
state_argument(FunctionCallInfo fcinfo)
{
	MemoryContext context = aggregate_context(fcinfo);
	MemoryContext caller;
	StoredRhythm *state;

	if (!PG_ARGISNULL(0))
		return (StoredRhythm *) PG_GETARG_POINTER(0);
	caller = MemoryContextSwitchTo(context);
	state = rhythm_create(RHYTHM_BINS);
	MemoryContextSwitchTo(caller);
	return state;
}

/*
 * count_customer
 *		The gaps of a history, its silence and its rate.
 */
static void
count_customer(StoredRhythm *state, Datum history, DateADT as_of)
{
	HistoryReader reader;
	HistoryDay	day;
	int64		gaps = -1;
	int32		first = 0;
	int32		last = 0;

	history_begin(&reader, history);
	while (history_read(&reader, &day) && day.day <= as_of)
	{
		if (day.orders == 0)
			continue;
		if (++gaps == 0)
			first = day.day;
		else
			add_count(&state->counts[rhythm_bin(day.day - last)].gaps, 1);
		last = day.day;
	}
	if (gaps < 0)
		return;
	add_count(&state->customers, 1);
	add_count(&state->counts[rhythm_bin(as_of - last)].silences, 1);
	if (gaps >= 2)
	{
		double		rate = (double) (gaps - 1) / (last - first);

		state->rhythmic++;
		state->rates += (int128) rint(rate * 1e15);
		state->squares += (int128) rint(rate * rate * 1e15);
	}
}

/*
 * population_rhythm_accum
 *		(state, history, as_of)
 */
Datum
population_rhythm_accum(PG_FUNCTION_ARGS)
{
	StoredRhythm *state = state_argument(fcinfo);

	if (!PG_ARGISNULL(1) && !PG_ARGISNULL(2))
	{
		history_check_finite(PG_GETARG_DATEADT(2), "as_of");
		count_customer(state, PG_GETARG_DATUM(1), PG_GETARG_DATEADT(2));
	}
	PG_RETURN_POINTER(state);
}

/*
 * population_rhythm_rollup
 *		(state, rhythm)
 */
Datum
population_rhythm_rollup(PG_FUNCTION_ARGS)
{
	StoredRhythm *state = state_argument(fcinfo);

	if (!PG_ARGISNULL(1))
		add_rhythm(state, PG_GETARG_RHYTHM(1));
	PG_RETURN_POINTER(state);
}

Datum
population_rhythm_combine(PG_FUNCTION_ARGS)
{
	StoredRhythm *state;

	if (PG_ARGISNULL(0) && PG_ARGISNULL(1))
		PG_RETURN_NULL();
	state = state_argument(fcinfo);
	if (!PG_ARGISNULL(1))
		add_rhythm(state, (StoredRhythm *) PG_GETARG_POINTER(1));
	PG_RETURN_POINTER(state);
}

Datum
population_rhythm_serialize(PG_FUNCTION_ARGS)
{
	StringInfoData buffer;

	(void) aggregate_context(fcinfo);
	pq_begintypsend(&buffer);
	rhythm_send(&buffer, rhythm_trimmed((StoredRhythm *) PG_GETARG_POINTER(0)));
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

Datum
population_rhythm_deserialize(PG_FUNCTION_ARGS)
{
	StringInfoData buffer;
	StoredRhythm *state;
	bytea	   *bytes;

	(void) aggregate_context(fcinfo);
	bytes = PG_GETARG_BYTEA_PP(0);
	initStringInfo(&buffer);
	appendBinaryStringInfo(&buffer, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
	state = rhythm_create(RHYTHM_BINS);
	add_rhythm(state, rhythm_receive(&buffer));
	pq_getmsgend(&buffer);
	PG_RETURN_POINTER(state);
}

Datum
population_rhythm_final(PG_FUNCTION_ARGS)
{
	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_POINTER(rhythm_trimmed((StoredRhythm *) PG_GETARG_POINTER(0)));
}

/* ------------------------------------------------------------------------------------------------
 * What it says
 * ------------------------------------------------------------------------------------------------ */

/*
 * set_rates
 *		The Gamma distribution with the mean and the variance of the rates. Without anybody who has a rate, it is that of one gap
 *		as long as all of them on average.
 */
static void
set_rates(const StoredRhythm *rhythm, RhythmCurve *curve)
{
	if (rhythm->rhythmic > 0)
	{
		double		mean = (double) rhythm->rates / 1e15 / rhythm->rhythmic;
		double		variance = (double) rhythm->squares / 1e15 / rhythm->rhythmic - mean * mean;

		curve->k = Min(mean * mean / Max(variance, DBL_MIN), LARGEST_SHAPE);
		curve->theta = curve->k / mean;
	}
	else
	{
		double		days = 0;
		double		gaps = 0;

		for (int i = 0; i < rhythm->bins; i++)
		{
			gaps += rhythm->counts[i].gaps;
			days += (double) rhythm_bin_start(i) * (rhythm->counts[i].gaps + rhythm->counts[i].silences);
		}
		curve->k = 1;
		curve->theta = Max(days / Max(gaps, 1), 1);
	}
}

/*
 * rhythm_curve
 *		Kaplan-Meier: who is silent for exactly as long as a gap that ended was at risk of ending it. What the curve comes down to, and
 *		slow rates do not explain, is the share of those who never return. Where nobody has bought twice, nothing is known: false.
 */
static bool
rhythm_curve(const StoredRhythm *rhythm, RhythmCurve *curve)
{
	double		at_risk = 0;
	double		survival = 1;
	double		slow;
	int64		gaps = 0;

	for (int i = 0; i < rhythm->bins; i++)
	{
		gaps += rhythm->counts[i].gaps;
		at_risk += rhythm->counts[i].gaps + rhythm->counts[i].silences;
	}
	if (gaps == 0)
		return false;
	set_rates(rhythm, curve);
	curve->bins = rhythm->bins;
	for (int i = 0; i < rhythm->bins; i++)
	{
		if (rhythm->counts[i].gaps > 0)
			survival *= (at_risk - rhythm->counts[i].gaps) / at_risk;
		at_risk -= rhythm->counts[i].gaps + rhythm->counts[i].silences;
		curve->survival[i] = survival;
	}
	slow = exp(-curve->k * log1p(rhythm_bin_start(rhythm->bins - 1) / curve->theta));
	curve->never = slow < 1 ? Max((survival - slow) / (1 - slow), 0) : 0;
	return true;
}

/* A curve, and the value that it was made of. */
typedef struct CurveCache
{
	bool		usable;
	TupleDesc	row_type;		/* see rhythm_row_type */
	Size		size;
	RhythmCurve curve;
	char		bytes[FLEXIBLE_ARRAY_MEMBER];
} CurveCache;

/*
 * rhythm_argument
 *		A query passes the same value for every customer: to compare it costs little, to make its curve much.
 */
const RhythmCurve *
rhythm_argument(FunctionCallInfo fcinfo, int argument)
{
	struct varlena *value = (struct varlena *) PG_GETARG_POINTER(argument);
	CurveCache *cache = fcinfo->flinfo->fn_extra;
	Size		size;

	if (VARATT_IS_EXTERNAL(value))
		value = PG_DETOAST_DATUM(PointerGetDatum(value));
	size = VARSIZE_ANY(value);
	if (cache == NULL || cache->size != size || memcmp(cache->bytes, value, size) != 0)
	{
		TupleDesc	row_type = cache == NULL ? NULL : cache->row_type;

		fcinfo->flinfo->fn_extra = NULL;
		if (cache != NULL)
			pfree(cache);
		cache = MemoryContextAlloc(fcinfo->flinfo->fn_mcxt, offsetof(CurveCache, bytes) + size);
		cache->usable = rhythm_curve(DatumGetRhythm(PointerGetDatum(value)), &cache->curve);
		cache->row_type = row_type;
		cache->size = size;
		memcpy(cache->bytes, value, size);
		fcinfo->flinfo->fn_extra = cache;
	}
	return cache->usable ? &cache->curve : NULL;
}

/*
 * rhythm_row_type
 *		After rhythm_argument.
 */
TupleDesc
rhythm_row_type(FunctionCallInfo fcinfo)
{
	CurveCache *cache = fcinfo->flinfo->fn_extra;

	if (cache->row_type == NULL)
	{
		MemoryContext caller = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);

		if (get_call_result_type(fcinfo, NULL, &cache->row_type) != TYPEFUNC_COMPOSITE)
			elog(ERROR, "return type must be a row type");
		cache->row_type = BlessTupleDesc(CreateTupleDescCopy(cache->row_type));
		MemoryContextSwitchTo(caller);
	}
	return cache->row_type;
}

/*
 * population_rhythm_parameters
 *		(customers, rhythmic, gaps, k, theta, never)
 */
Datum
population_rhythm_parameters(PG_FUNCTION_ARGS)
{
	const StoredRhythm *rhythm = PG_GETARG_RHYTHM(0);
	RhythmCurve curve;
	TupleDesc	row_type;
	Datum		values[6];
	bool		nulls[6] = {false};
	int64		gaps = 0;

	if (get_call_result_type(fcinfo, NULL, &row_type) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	for (int i = 0; i < rhythm->bins; i++)
		gaps += rhythm->counts[i].gaps;
	values[0] = Int64GetDatum(rhythm->customers);
	values[1] = Int64GetDatum(rhythm->rhythmic);
	values[2] = Int64GetDatum(gaps);
	if (rhythm_curve(rhythm, &curve))
	{
		values[3] = Float8GetDatum(curve.k);
		values[4] = Float8GetDatum(curve.theta);
		values[5] = Float8GetDatum(curve.never);
	}
	else
		nulls[3] = nulls[4] = nulls[5] = true;
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(row_type), values, nulls)));
}

/*
 * population_rhythm_curve
 *		(days, at_risk, gaps, silences, survival), where anything is counted.
 */
Datum
population_rhythm_curve(PG_FUNCTION_ARGS)
{
	const StoredRhythm *rhythm = PG_GETARG_RHYTHM(0);
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	RhythmCurve curve;
	int64		at_risk = 0;

	InitMaterializedSRF(fcinfo, 0);
	if (!rhythm_curve(rhythm, &curve))
		return (Datum) 0;
	for (int i = 0; i < rhythm->bins; i++)
		at_risk += rhythm->counts[i].gaps + rhythm->counts[i].silences;
	for (int i = 0; i < rhythm->bins; i++)
	{
		const RhythmBin *bin = &rhythm->counts[i];
		Datum		values[] = {
			Int64GetDatum(rhythm_bin_start(i)), Int64GetDatum(at_risk), Int64GetDatum(bin->gaps), Int64GetDatum(bin->silences),
			Float8GetDatum(curve.survival[i])
		};
		bool		nulls[lengthof(values)] = {false};

		if (bin->gaps + bin->silences > 0)
			tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
		at_risk -= bin->gaps + bin->silences;
	}
	return (Datum) 0;
}
