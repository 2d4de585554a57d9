/*
 * rfm_breaks.c
 *		The type rfm_breaks: where a population's recency, frequency and money are cut into scores.
 *
 * A score counts the breaks below a value: equal values score equal, whoever else is in the population,
 * and one customer is scored without reading the others. Days count downwards (fewer are better), orders
 * and totals upwards.
 */
#include "compat.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "libpq/pqformat.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "aggregate.h"
#include "rfm.h"

PG_FUNCTION_INFO_V1(rfm_breaks_in);
PG_FUNCTION_INFO_V1(rfm_breaks_out);
PG_FUNCTION_INFO_V1(rfm_breaks_recv);
PG_FUNCTION_INFO_V1(rfm_breaks_send);
PG_FUNCTION_INFO_V1(rfm_breaks_fixed);
PG_FUNCTION_INFO_V1(rfm_breaks_rows);
PG_FUNCTION_INFO_V1(rfm_score_by_breaks);

static const char *const measure_names[RFM_MEASURES] = {"days_since_last", "orders", "total"};

#define BREAKS_EXAMPLE "{days_since_last: 30,90; orders: 1,3; total: 50,200.5}"

/*
 * rfm_breaks_create
 *		Breaks for so many bins, still to be filled in.
 */
RfmBreaks *
rfm_breaks_create(int bins)
{
	Size		size = offsetof(RfmBreaks, breaks) + RFM_MEASURES * (bins - 1) * sizeof(int128);
	RfmBreaks  *breaks = palloc0(size);

	SET_VARSIZE(breaks, size);
	breaks->version = RFM_BREAKS_VERSION;
	breaks->bins = bins;
	return breaks;
}

/*
 * rfm_breaks_get
 *		The breaks of an argument. The type's storage is plain, so that nothing is copied.
 */
static const RfmBreaks *
rfm_breaks_get(Datum datum)
{
	const RfmBreaks *breaks = (const RfmBreaks *) PG_DETOAST_DATUM(datum);

	if (breaks->version != RFM_BREAKS_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("rfm_breaks of version %d cannot be read", breaks->version),
				 errhint("They were stored by a newer release of pg_customer.")));
	return breaks;
}

/*
 * first_descent
 *		The first measure whose breaks do not ascend, or -1.
 */
static int
first_descent(const RfmBreaks *breaks)
{
	for (int measure = 0; measure < RFM_MEASURES; measure++)
	{
		const int128 *cuts = RFM_BREAKS_OF(breaks, measure);

		for (int i = 1; i < breaks->bins - 1; i++)
		{
			if (cuts[i] < cuts[i - 1])
				return measure;
		}
	}
	return -1;
}

/*
 * skip_token
 *		Steps over white space and the token, if it is what comes next.
 */
static bool
skip_token(const char **p, const char *token)
{
	size_t		length = strlen(token);

	*p += strspn(*p, " \t\n\r\f\v");
	if (strncmp(*p, token, length) != 0)
		return false;
	*p += length;
	return true;
}

/*
 * parse_units
 *		Reads a decimal number that fits units at SCORE_SCALE exactly.
 */
static bool
parse_units(const char **p, int128 *units)
{
	bool		negative = skip_token(p, "-");
	int			whole = strspn(*p, "0123456789");
	int			fraction = 0;
	const char *digits = *p;

	if (whole == 0 || whole > SCORE_LIMIT_DIGITS)
		return false;
	*p += whole;
	if (**p == '.')
	{
		fraction = strspn(*p + 1, "0123456789");
		if (fraction == 0 || fraction > SCORE_SCALE)
			return false;
		*p += 1 + fraction;
	}

	*units = 0;
	for (int i = 0; i < whole; i++)
		*units = *units * 10 + (digits[i] - '0');
	for (int i = 0; i < SCORE_SCALE; i++)
		*units = *units * 10 + (i < fraction ? digits[whole + 1 + i] - '0' : 0);
	if (negative)
		*units = -*units;
	return true;
}

/*
 * parse_breaks
 *		Reads the text form; NULL when it is not one.
 */
static RfmBreaks *
parse_breaks(const char *p)
{
	int128		cuts[RFM_MEASURES][RFM_MAX_BINS - 1];
	int			ncuts[RFM_MEASURES] = {0};
	RfmBreaks  *breaks;

	for (int measure = 0; measure < RFM_MEASURES; measure++)
	{
		if (!skip_token(&p, measure == 0 ? "{" : ";") ||
			!skip_token(&p, measure_names[measure]) || !skip_token(&p, ":"))
			return NULL;
		do
		{
			if (ncuts[measure] == RFM_MAX_BINS - 1 || !parse_units(&p, &cuts[measure][ncuts[measure]++]))
				return NULL;
		} while (skip_token(&p, ","));
		if (ncuts[measure] != ncuts[0])
			return NULL;
	}
	if (!skip_token(&p, "}") || !skip_token(&p, "") || *p != '\0')
		return NULL;

	breaks = rfm_breaks_create(ncuts[0] + 1);
	for (int measure = 0; measure < RFM_MEASURES; measure++)
		memcpy(RFM_BREAKS_OF(breaks, measure), cuts[measure], ncuts[0] * sizeof(int128));
	return breaks;
}

/*
 * rfm_breaks_in
 *		Reads the text form.
 */
Datum
rfm_breaks_in(PG_FUNCTION_ARGS)
{
	const char *text = PG_GETARG_CSTRING(0);
	RfmBreaks  *breaks = parse_breaks(text);

	if (breaks == NULL)
		ereturn(fcinfo->context, (Datum) 0,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type %s: \"%s\"", "rfm_breaks", text),
				 errhint("Write 1 to 8 breaks for each measure, equally many: %s.", BREAKS_EXAMPLE)));
	if (first_descent(breaks) >= 0)
		ereturn(fcinfo->context, (Datum) 0,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input for type %s: \"%s\"", "rfm_breaks", text),
				 errdetail("The breaks of %s do not ascend.", measure_names[first_descent(breaks)]),
				 errhint("Write the breaks of each measure from the lowest to the highest.")));
	PG_RETURN_POINTER(breaks);
}

/*
 * rfm_breaks_out
 *		Writes the text form.
 */
Datum
rfm_breaks_out(PG_FUNCTION_ARGS)
{
	const RfmBreaks *breaks = rfm_breaks_get(PG_GETARG_DATUM(0));
	StringInfoData buffer;

	initStringInfo(&buffer);
	for (int measure = 0; measure < RFM_MEASURES; measure++)
	{
		appendStringInfo(&buffer, "%s%s:", measure == 0 ? "{" : "; ", measure_names[measure]);
		for (int i = 0; i < breaks->bins - 1; i++)
		{
			Numeric		value = decimal_to_numeric(RFM_BREAKS_OF(breaks, measure)[i], SCORE_SCALE, true);

			appendStringInfo(&buffer, "%c%s", i == 0 ? ' ' : ',',
							 DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value))));
		}
	}
	appendStringInfoChar(&buffer, '}');
	PG_RETURN_CSTRING(buffer.data);
}

/*
 * rfm_breaks_recv
 *		Reads the binary form, as strictly as the text form.
 */
Datum
rfm_breaks_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buffer = (StringInfo) PG_GETARG_POINTER(0);
	int			version = pq_getmsgbyte(buffer);
	int			bins = pq_getmsgbyte(buffer);
	int128		limit = RFM_WHOLE_UNITS(1);
	RfmBreaks  *breaks;

	if (version != RFM_BREAKS_VERSION || bins < RFM_MIN_BINS || bins > RFM_MAX_BINS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid binary value for type %s: version %d, %d bins", "rfm_breaks", version, bins),
				 errhint("Version %d with %d to %d bins can be read.",
						 RFM_BREAKS_VERSION, RFM_MIN_BINS, RFM_MAX_BINS)));

	for (int i = 0; i < SCORE_LIMIT_DIGITS; i++)
		limit *= 10;
	breaks = rfm_breaks_create(bins);
	for (int i = 0; i < RFM_MEASURES * (bins - 1); i++)
	{
		int128		units = receive_int128(buffer);

		if (units <= -limit || units >= limit)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
					 errmsg("invalid binary value for type %s: a break is out of range", "rfm_breaks"),
					 errhint("Breaks must be below 10^%d.", SCORE_LIMIT_DIGITS)));
		breaks->breaks[i] = units;
	}
	if (first_descent(breaks) >= 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid binary value for type %s: the breaks of %s do not ascend", "rfm_breaks",
						measure_names[first_descent(breaks)]),
				 errhint("Send the breaks of each measure from the lowest to the highest.")));
	PG_RETURN_POINTER(breaks);
}

/*
 * rfm_breaks_send
 *		Writes the binary form: version, bins, then the units of each break in sixteen bytes.
 */
Datum
rfm_breaks_send(PG_FUNCTION_ARGS)
{
	const RfmBreaks *breaks = rfm_breaks_get(PG_GETARG_DATUM(0));
	StringInfoData buffer;

	pq_begintypsend(&buffer);
	pq_sendbyte(&buffer, breaks->version);
	pq_sendbyte(&buffer, breaks->bins);
	for (int i = 0; i < RFM_MEASURES * (breaks->bins - 1); i++)
		send_int128(&buffer, breaks->breaks[i]);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

/*
 * rfm_breaks_fixed
 *		Breaks that a user chose: three arrays, of days, orders and totals.
 */
Datum
rfm_breaks_fixed(PG_FUNCTION_ARGS)
{
	RfmBreaks  *breaks = NULL;

	for (int measure = 0; measure < RFM_MEASURES; measure++)
	{
		Datum	   *values;
		bool	   *nulls;
		int			count;

		deconstruct_array(PG_GETARG_ARRAYTYPE_P(measure), NUMERICOID, -1, false, TYPALIGN_INT, &values, &nulls, &count);
		if (count < RFM_MIN_BINS - 1 || count > RFM_MAX_BINS - 1)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("number of breaks of %s must be between %d and %d, not %d", measure_names[measure],
							RFM_MIN_BINS - 1, RFM_MAX_BINS - 1, count),
					 errhint("One break makes two scores, four breaks make five: ARRAY[30, 60, 90, 180].")));
		if (breaks == NULL)
			breaks = rfm_breaks_create(count + 1);
		if (count != breaks->bins - 1)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("number of breaks must be the same, but is %d for %s and %d for %s", breaks->bins - 1,
							measure_names[RFM_DAYS], count, measure_names[measure]),
					 errhint("Give each measure equally many breaks; equal ones leave a score unused.")));
		for (int i = 0; i < count; i++)
		{
			if (nulls[i])
				ereport(ERROR,
						(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
						 errmsg("break %d of %s is NULL", i + 1, measure_names[measure]),
						 errhint("Give every break a value.")));
			RFM_BREAKS_OF(breaks, measure)[i] = score_units_from_numeric(values[i], "rfm_breaks");
		}
	}
	if (first_descent(breaks) >= 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the breaks of %s do not ascend", measure_names[first_descent(breaks)]),
				 errhint("Give the breaks of each measure from the lowest to the highest, days too.")));
	PG_RETURN_POINTER(breaks);
}

/*
 * rfm_breaks_rows
 *		The breaks as rows: measure, number of the cut, value.
 */
Datum
rfm_breaks_rows(PG_FUNCTION_ARGS)
{
	const RfmBreaks *breaks = rfm_breaks_get(PG_GETARG_DATUM(0));
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	for (int measure = 0; measure < RFM_MEASURES; measure++)
	{
		for (int i = 0; i < breaks->bins - 1; i++)
		{
			Numeric		value = decimal_to_numeric(RFM_BREAKS_OF(breaks, measure)[i], SCORE_SCALE, true);
			Datum		row[] = {
				CStringGetTextDatum(measure_names[measure]), Int32GetDatum(i + 1), NumericGetDatum(value)
			};
			bool		nulls[] = {false, false, false};

			tuplestore_putvalues(result->setResult, result->setDesc, row, nulls);
		}
	}
	return (Datum) 0;
}

/*
 * breaks_below
 *		How many breaks of a measure are below a value.
 */
static inline int
breaks_below(const RfmBreaks *breaks, RfmMeasure measure, int128 value)
{
	const int128 *cuts = RFM_BREAKS_OF(breaks, measure);
	int			below = 0;

	while (below < breaks->bins - 1 && cuts[below] < value)
		below++;
	return below;
}

/*
 * rfm_code
 *		The score of one customer. Who brought no money, net of refunds, has the lowest money score
 *		wherever the breaks are.
 */
int
rfm_code(const RfmBreaks *breaks, const int128 values[RFM_MEASURES])
{
	int			recency = breaks->bins - breaks_below(breaks, RFM_DAYS, values[RFM_DAYS]);
	int			frequency = 1 + breaks_below(breaks, RFM_ORDERS, values[RFM_ORDERS]);
	int			monetary = 1;

	if (values[RFM_TOTAL] > 0)
		monetary += breaks_below(breaks, RFM_TOTAL, values[RFM_TOTAL]);
	return RFM_CODE(recency, frequency, monetary);
}

/*
 * rfm_score_by_breaks
 *		Scores one customer by given breaks.
 */
Datum
rfm_score_by_breaks(PG_FUNCTION_ARGS)
{
	const RfmBreaks *breaks = rfm_breaks_get(PG_GETARG_DATUM(0));
	int128		values[RFM_MEASURES] = {
		RFM_WHOLE_UNITS(PG_GETARG_INT32(1)),
		RFM_WHOLE_UNITS(PG_GETARG_INT64(2)),
		score_units_from_numeric(PG_GETARG_DATUM(3), "rfm_score")
	};

	PG_RETURN_INT32(rfm_code(breaks, values));
}
