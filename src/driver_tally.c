/*
 * driver_tally.c
 *		The type driver_tally: its text and binary forms, and moments.
 */
#include "compat.h"

#include <math.h>

#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "aggregate.h"
#include "decimal.h"
#include "drivers.h"
#include "json_input.h"

PG_FUNCTION_INFO_V1(driver_tally_in);
PG_FUNCTION_INFO_V1(driver_tally_out);
PG_FUNCTION_INFO_V1(driver_tally_recv);
PG_FUNCTION_INFO_V1(driver_tally_send);

/* More answers than can ever be; so many can still be added up. */
#define MANY_ANSWERS (INT64CONST(1) << 53)

const DriverTally *
driver_tally_check(const DriverTally *tally)
{
	if (tally->version != DRIVER_VERSION || tally->variables > DRIVER_DIMENSIONS + 1 || VARSIZE(tally) != DRIVER_TALLY_SIZE(tally->variables))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("the driver_tally is of a version that is not known here"),
				 errhint("It was made by a newer pg_customer: update the library.")));
	return tally;
}

DriverTally *
driver_tally_create(int variables)
{
	DriverTally *tally = palloc0(DRIVER_TALLY_SIZE(variables));

	SET_VARSIZE(tally, DRIVER_TALLY_SIZE(variables));
	tally->version = DRIVER_VERSION;
	tally->variables = variables;
	return tally;
}

/*
 * driver_deviations
 *		The sum of (x - m)(y - m') with m and m' the means but for their fractions, which is exact, less what the fractions
 *		are. Products on the way there may wrap around; the sum is one that fits.
 */
double
driver_deviations(const DriverTally *tally, int i, int j)
{
	int128		a = tally->sums[Max(i, j)];
	int128		b = tally->sums[Min(i, j)];
	int64		n = tally->answers;
	uint128		whole = DRIVER_PRODUCTS(tally, Max(i, j))[Min(i, j)];

	if (n == 0)
		return 0;
	whole -= (uint128) (a / n) * (uint128) b + (uint128) (b / n) * (uint128) a - (uint128) (a / n) * (uint128) (b / n) * n;
	return (double) (int128) whole - (double) (a % n) * (double) (b % n) / n;
}

/*
 * is_valid
 *		For what comes from outside: sums that ratings can have. Their products keep to the bounds that variances set.
 */
static bool
is_valid(const DriverTally *tally)
{
	if (tally->answers < 0 || tally->answers > MANY_ANSWERS || tally->left_out < 0 || tally->left_out > MANY_ANSWERS ||
		tally->variables == 1 || (tally->variables == 0 && tally->answers > 0))
		return false;
	for (int i = 0; i < tally->variables; i++)
	{
		int128		largest = (int128) tally->answers * INT64CONST(1000000000000000);
		const int128 *products = DRIVER_PRODUCTS(tally, i);

		if (tally->sums[i] < -largest || tally->sums[i] > largest || products[i] < 0 || products[i] >= PRODUCT_LIMIT ||
			(tally->answers == 0 && products[i] != 0) || driver_deviations(tally, i, i) < 0)
			return false;
		for (int j = 0; j < i; j++)
		{
			double		deviations = driver_deviations(tally, i, j);

			if (products[j] <= -PRODUCT_LIMIT || products[j] >= PRODUCT_LIMIT || (tally->answers == 0 && products[j] != 0) ||
				fabs(deviations) > sqrt(driver_deviations(tally, i, i)) * sqrt(driver_deviations(tally, j, j)) * (1 + 1e-9))
				return false;
		}
	}
	return true;
}

/* ------------------------------------------------------------------------------------------------
 * Text
 * ------------------------------------------------------------------------------------------------ */

/* A number of units, without trailing zeros. */
static void
append_units(StringInfo text, int128 units, int scale)
{
	appendStringInfoString(text, DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(decimal_to_numeric(units, scale, true)))));
}

/*
 * driver_tally_out
 *		A JSON object; the overall rating comes before the dimensions.
 */
Datum
driver_tally_out(PG_FUNCTION_ARGS)
{
	const DriverTally *tally = PG_GETARG_DRIVER_TALLY(0);
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfo(&text, "{\"answers\": " INT64_FORMAT ", \"left_out\": " INT64_FORMAT ", \"sums\": [", tally->answers, tally->left_out);
	for (int i = 0; i < tally->variables; i++)
	{
		appendStringInfoString(&text, i > 0 ? ", " : "");
		append_units(&text, tally->sums[i], RATING_SCALE);
	}
	appendStringInfoString(&text, "], \"products\": [");
	for (int i = 0; i < tally->variables; i++)
	{
		appendStringInfoString(&text, i > 0 ? ", [" : "[");
		for (int j = 0; j <= i; j++)
		{
			appendStringInfoString(&text, j > 0 ? ", " : "");
			append_units(&text, DRIVER_PRODUCTS(tally, i)[j], PRODUCT_SCALE);
		}
		appendStringInfoChar(&text, ']');
	}
	appendStringInfoString(&text, "]}");
	PG_RETURN_CSTRING(text.data);
}

/*
 * driver_tally_in
 */
Datum
driver_tally_in(PG_FUNCTION_ARGS)
{
	JsonInput	input = {.type = "driver_tally",.text = PG_GETARG_CSTRING(0),.escontext = (struct Node *) fcinfo->context};
	JsonbContainer *sums;
	JsonbContainer *products;
	DriverTally *tally;
	int			variables;

	if (!json_open(&input, "{\"answers\": 2, \"left_out\": 0, \"sums\": [9, 8], \"products\": [[41], [36, 32]]}"))
		PG_RETURN_NULL();
	sums = json_array(&input, "sums", json_value(&input, input.object, "sums"), -1);
	variables = sums == NULL ? 0 : JsonContainerSize(sums);
	if (variables > DRIVER_DIMENSIONS + 1)
	{
		json_wrong(&input, "sums");
		variables = 0;
	}
	products = json_array(&input, "products", json_value(&input, input.object, "products"), variables);
	tally = driver_tally_create(variables);
	json_count(&input, "answers", &tally->answers);
	json_count(&input, "left_out", &tally->left_out);
	for (int i = 0; i < variables && products != NULL; i++)
	{
		JsonbContainer *row = json_array(&input, "products", getIthJsonbValueFromContainer(products, i), i + 1);

		json_units(&input, "sums", getIthJsonbValueFromContainer(sums, i), RATING_SCALE, PRODUCT_LIMIT_DIGITS, &tally->sums[i]);
		for (int j = 0; j <= i && row != NULL; j++)
			json_units(&input, "products", getIthJsonbValueFromContainer(row, j), PRODUCT_SCALE, PRODUCT_LIMIT_DIGITS,
					   &DRIVER_PRODUCTS(tally, i)[j]);
	}
	if (json_failed(&input, "Keys are answers, left_out, sums (of the overall rating and each dimension) and products (of each with those before it and itself)."))
		PG_RETURN_NULL();
	if (!is_valid(tally))
		ereturn(input.escontext, (Datum) 0,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("value out of range for type %s: \"%s\"", input.type, input.text),
				 errhint("No ratings have these sums and products.")));
	PG_RETURN_POINTER(tally);
}

/* ------------------------------------------------------------------------------------------------
 * Binary
 * ------------------------------------------------------------------------------------------------ */

bytea *
driver_tally_bytes(const DriverTally *tally)
{
	StringInfoData buffer;

	pq_begintypsend(&buffer);
	pq_sendint16(&buffer, tally->version);
	pq_sendint16(&buffer, tally->variables);
	pq_sendint64(&buffer, tally->answers);
	pq_sendint64(&buffer, tally->left_out);
	for (int i = 0; i < DRIVER_SUMS(tally->variables); i++)
		send_int128(&buffer, tally->sums[i]);
	return pq_endtypsend(&buffer);
}

DriverTally *
driver_tally_read(StringInfo buffer)
{
	int			version = pq_getmsgint(buffer, 2);
	int			variables = pq_getmsgint(buffer, 2);
	DriverTally *tally;

	if (version != DRIVER_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("the driver_tally is of version %d, which is not known here", version)));
	if (variables > DRIVER_DIMENSIONS + 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid binary value of type driver_tally")));
	tally = driver_tally_create(variables);
	tally->answers = pq_getmsgint64(buffer);
	tally->left_out = pq_getmsgint64(buffer);
	for (int i = 0; i < DRIVER_SUMS(variables); i++)
		tally->sums[i] = receive_int128(buffer);
	pq_getmsgend(buffer);
	if (!is_valid(tally))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid binary value of type driver_tally")));
	return tally;
}

Datum
driver_tally_recv(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(driver_tally_read((StringInfo) PG_GETARG_POINTER(0)));
}

Datum
driver_tally_send(PG_FUNCTION_ARGS)
{
	PG_RETURN_BYTEA_P(driver_tally_bytes(PG_GETARG_DRIVER_TALLY(0)));
}
