/*
 * population_rhythm_text.c
 *		The type population_rhythm: text and binary input and output.
 */
#include "compat.h"

#include <math.h>

#include "libpq/pqformat.h"
#include "utils/builtins.h"

#include "aggregate.h"
#include "churn.h"
#include "json_input.h"

PG_FUNCTION_INFO_V1(population_rhythm_in);
PG_FUNCTION_INFO_V1(population_rhythm_out);
PG_FUNCTION_INFO_V1(population_rhythm_recv);
PG_FUNCTION_INFO_V1(population_rhythm_send);

/* A sum of rates has at most so many digits before the point. */
/*
 * is_valid
 *		Each customer has one silence, and is rhythmic or not.
 */
static bool
is_valid(const StoredRhythm *rhythm)
{
	int64		silences = 0;
	int64		gaps = 0;

	for (int i = 0; i < rhythm->bins; i++)
	{
		const RhythmBin *bin = &rhythm->counts[i];

		if (bin->gaps < 0 || bin->silences < 0 || bin->gaps > RHYTHM_LARGEST_COUNT || bin->silences > RHYTHM_LARGEST_COUNT)
			return false;
		gaps += bin->gaps;
		silences += bin->silences;
	}
	return silences == rhythm->customers && silences <= RHYTHM_LARGEST_COUNT && gaps <= RHYTHM_LARGEST_COUNT &&
		rhythm->rhythmic >= 0 && rhythm->rhythmic <= silences && rhythm->rhythmic <= gaps / 2 &&
		rhythm->rates >= 0 && rhythm->squares >= 0 && rhythm->rates < RHYTHM_RATE_LIMIT && rhythm->squares < RHYTHM_RATE_LIMIT &&
		(rhythm->rhythmic > 0 ? rhythm->rates > 0 : rhythm->rates == 0 && rhythm->squares == 0) &&
		(rhythm->bins == 0 || rhythm->counts[rhythm->bins - 1].gaps + rhythm->counts[rhythm->bins - 1].silences > 0);
}

/*
 * rhythm_send
 *		Version, sums, and the bins that count anything.
 */
void
rhythm_send(StringInfo buffer, const StoredRhythm *rhythm)
{
	pq_sendbyte(buffer, 1);
	pq_sendint64(buffer, rhythm->customers);
	pq_sendint64(buffer, rhythm->rhythmic);
	send_int128(buffer, rhythm->rates);
	send_int128(buffer, rhythm->squares);
	pq_sendint32(buffer, rhythm->bins);
	for (int i = 0; i < rhythm->bins; i++)
	{
		pq_sendint64(buffer, rhythm->counts[i].gaps);
		pq_sendint64(buffer, rhythm->counts[i].silences);
	}
}

/*
 * rhythm_receive
 */
StoredRhythm *
rhythm_receive(StringInfo buffer)
{
	StoredRhythm *rhythm;
	StoredRhythm sums;
	int			version = pq_getmsgbyte(buffer);
	int			bins;

	sums.customers = pq_getmsgint64(buffer);
	sums.rhythmic = pq_getmsgint64(buffer);
	sums.rates = receive_int128(buffer);
	sums.squares = receive_int128(buffer);
	bins = pq_getmsgint(buffer, 4);
	if (version == 1 && bins >= 0 && bins <= RHYTHM_BINS)
	{
		rhythm = rhythm_create(bins);
		rhythm->customers = sums.customers;
		rhythm->rhythmic = sums.rhythmic;
		rhythm->rates = sums.rates;
		rhythm->squares = sums.squares;
		for (int i = 0; i < bins; i++)
		{
			rhythm->counts[i].gaps = pq_getmsgint64(buffer);
			rhythm->counts[i].silences = pq_getmsgint64(buffer);
		}
		if (is_valid(rhythm))
			return rhythm;
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			 errmsg("invalid binary value of type population_rhythm")));
	pg_unreachable();
}

Datum
population_rhythm_recv(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(rhythm_receive((StringInfo) PG_GETARG_POINTER(0)));
}

Datum
population_rhythm_send(PG_FUNCTION_ARGS)
{
	StringInfoData buffer;

	pq_begintypsend(&buffer);
	rhythm_send(&buffer, PG_GETARG_RHYTHM(0));
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

/*
 * population_rhythm_out
 *		A JSON object; "days" are the counts as [days, gaps, silences].
 */
Datum
population_rhythm_out(PG_FUNCTION_ARGS)
{
	const StoredRhythm *rhythm = PG_GETARG_RHYTHM(0);
	StringInfoData text;
	const char *separator = "";

	initStringInfo(&text);
	appendStringInfo(&text, "{\"customers\": " INT64_FORMAT ", \"rhythmic\": " INT64_FORMAT ", \"rates\": %s, \"squares\": %s, \"days\": [",
					 rhythm->customers, rhythm->rhythmic,
					 numeric_normalize(decimal_to_numeric(rhythm->rates, RHYTHM_SCALE, true)),
					 numeric_normalize(decimal_to_numeric(rhythm->squares, RHYTHM_SCALE, true)));
	for (int i = 0; i < rhythm->bins; i++)
	{
		if (rhythm->counts[i].gaps + rhythm->counts[i].silences == 0)
			continue;
		appendStringInfo(&text, "%s[" INT64_FORMAT ", " INT64_FORMAT ", " INT64_FORMAT "]", separator,
						 rhythm_bin_start(i), rhythm->counts[i].gaps, rhythm->counts[i].silences);
		separator = ", ";
	}
	appendStringInfoString(&text, "]}");
	PG_RETURN_CSTRING(text.data);
}

/*
 * count_element
 *		A whole number in an array of "days".
 */
static int64
count_element(JsonInput *input, JsonbContainer *array, int i)
{
	double		number = -1;

	json_number(input, "days", getIthJsonbValueFromContainer(array, i), &number);
	if (number >= 0 && number <= RHYTHM_LARGEST_COUNT && number == floor(number))
		return (int64) number;
	json_wrong(input, "days");
	return 0;
}

/*
 * population_rhythm_in
 */
Datum
population_rhythm_in(PG_FUNCTION_ARGS)
{
	JsonInput	input = {.type = "population_rhythm", .text = PG_GETARG_CSTRING(0), .escontext = fcinfo->context};
	const char *hint = "A population_rhythm has the keys customers, rhythmic, rates, squares and days: [[days, gaps, silences], …], in order.";
	StoredRhythm *rhythm = rhythm_create(RHYTHM_BINS);
	JsonbContainer *days;
	int			next = 0;

	if (!json_open(&input, "{\"customers\": 1, \"rhythmic\": 1, \"rates\": 0.05, \"squares\": 0.0025, \"days\": [[10, 2, 0], [31, 0, 1]]}"))
		PG_RETURN_NULL();
	json_count(&input, "customers", &rhythm->customers);
	json_count(&input, "rhythmic", &rhythm->rhythmic);
	json_units(&input, "rates", json_value(&input, input.object, "rates"), RHYTHM_SCALE, RHYTHM_RATE_DIGITS, &rhythm->rates);
	json_units(&input, "squares", json_value(&input, input.object, "squares"), RHYTHM_SCALE, RHYTHM_RATE_DIGITS, &rhythm->squares);
	days = json_array(&input, "days", json_value(&input, input.object, "days"), -1);
	for (int i = 0; days != NULL && i < JsonContainerSize(days) && input.wrong == NULL; i++)
	{
		JsonbContainer *row = json_array(&input, "days", getIthJsonbValueFromContainer(days, i), 3);
		int64		start;
		int			bin;

		if (row == NULL)
			break;
		start = count_element(&input, row, 0);
		bin = start <= PG_INT32_MAX ? rhythm_bin((int32) start) : RHYTHM_BINS;
		if (bin < next || bin >= RHYTHM_BINS || rhythm_bin_start(bin) != start)
		{
			json_wrong(&input, "days");
			break;
		}
		rhythm->counts[bin].gaps = count_element(&input, row, 1);
		rhythm->counts[bin].silences = count_element(&input, row, 2);
		next = bin + 1;
	}
	rhythm = rhythm_trimmed(rhythm);
	if (input.wrong == NULL && !is_valid(rhythm))
		json_wrong(&input, rhythm->rhythmic > rhythm->customers || rhythm->rates < (rhythm->rhythmic > 0) || rhythm->squares < 0 ? "rhythmic" : "customers");
	if (json_failed(&input, hint))
		PG_RETURN_NULL();
	PG_RETURN_POINTER(rhythm);
}
