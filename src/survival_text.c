/*
 * survival_text.c
 *		The type survival_curve: text and binary input and output.
 */
#include "compat.h"

#include <math.h>

#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "json_input.h"
#include "survival.h"

PG_FUNCTION_INFO_V1(survival_curve_in);
PG_FUNCTION_INFO_V1(survival_curve_out);
PG_FUNCTION_INFO_V1(survival_curve_recv);
PG_FUNCTION_INFO_V1(survival_curve_send);

const SurvivalCurve *
survival_check(const SurvivalCurve *curve)
{
	if (curve->version != SURVIVAL_VERSION || VARSIZE(curve) != SURVIVAL_SIZE(SURVIVAL_ROWS(curve)))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("the survival_curve is of a version that is not known here"),
				 errhint("It was made by a newer pg_customer: update the library.")));
	return curve;
}

SurvivalCurve *
survival_create(Size count)
{
	SurvivalCurve *curve;

	if (count > (MaxAllocSize - sizeof(SurvivalCurve)) / sizeof(EventCount))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a survival_curve has no room for %zu different durations", count),
				 errhint("Round the durations, to whole days for example.")));
	curve = palloc0(SURVIVAL_SIZE(count));
	SET_VARSIZE(curve, SURVIVAL_SIZE(count));
	curve->version = SURVIVAL_VERSION;
	return curve;
}

/*
 * is_valid
 *		For what comes from outside: times ascend, and at each there is something; counts are whole numbers.
 */
static bool
is_valid(const SurvivalCurve *curve)
{
	double		total = 0;

	if (curve->left_out < 0 || curve->left_out > SURVIVAL_CUSTOMERS)
		return false;
	for (Size i = 0; i < SURVIVAL_ROWS(curve); i++)
	{
		const EventCount *row = &curve->rows[i];

		CHECK_FOR_INTERRUPTS();
		if (!(row->at >= 0) || isinf(row->at) || (i > 0 && !(row->at > curve->rows[i - 1].at)) ||
			!(row->events >= 0 && row->others >= 0 && row->events + row->others > 0) ||
			row->events != floor(row->events) || row->others != floor(row->others))
			return false;
		total += row->events + row->others;
	}
	return total <= SURVIVAL_CUSTOMERS;
}

/*
 * append_column
 *		The numbers of all rows at an offset, as an array.
 */
static void
append_column(StringInfo text, const char *key, const SurvivalCurve *curve, Size offset)
{
	appendStringInfo(text, "\"%s\": [", key);
	for (Size i = 0; i < SURVIVAL_ROWS(curve); i++)
	{
		appendStringInfoString(text, i > 0 ? ", " : "");
		append_json_number(text, *(const float8 *) ((const char *) &curve->rows[i] + offset));
	}
	appendStringInfoString(text, "], ");
}

/*
 * survival_curve_out
 */
Datum
survival_curve_out(PG_FUNCTION_ARGS)
{
	const SurvivalCurve *curve = PG_GETARG_SURVIVAL_CURVE(0);
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfoChar(&text, '{');
	append_column(&text, "times", curve, offsetof(EventCount, at));
	append_column(&text, "events", curve, offsetof(EventCount, events));
	append_column(&text, "censored", curve, offsetof(EventCount, others));
	appendStringInfo(&text, "\"left_out\": " INT64_FORMAT "}", curve->left_out);
	PG_RETURN_CSTRING(text.data);
}

/*
 * survival_curve_in
 */
Datum
survival_curve_in(PG_FUNCTION_ARGS)
{
	JsonInput	input = {.type = "survival_curve",.text = PG_GETARG_CSTRING(0),.escontext = (struct Node *) fcinfo->context};
	JsonbContainer *times;
	JsonbContainer *events;
	JsonbContainer *censored;
	SurvivalCurve *curve;
	int			count;

	if (!json_open(&input, "{\"times\": [3, 5], \"events\": [2, 0], \"censored\": [1, 4], \"left_out\": 0}"))
		PG_RETURN_NULL();
	times = json_array(&input, "times", json_value(&input, input.object, "times"), -1);
	count = times == NULL ? 0 : JsonContainerSize(times);
	events = json_array(&input, "events", json_value(&input, input.object, "events"), count);
	censored = json_array(&input, "censored", json_value(&input, input.object, "censored"), count);
	curve = survival_create(count);
	json_count(&input, "left_out", &curve->left_out);
	for (int i = 0; i < count && events != NULL && censored != NULL; i++)
	{
		json_number(&input, "times", getIthJsonbValueFromContainer(times, i), &curve->rows[i].at);
		json_number(&input, "events", getIthJsonbValueFromContainer(events, i), &curve->rows[i].events);
		json_number(&input, "censored", getIthJsonbValueFromContainer(censored, i), &curve->rows[i].others);
	}
	if (json_failed(&input, "Keys are times, events, censored and left_out; the first three are arrays of the same length."))
		PG_RETURN_NULL();
	if (!is_valid(curve))
		ereturn(input.escontext, (Datum) 0,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("value out of range for type %s: \"%s\"", input.type, input.text),
				 errhint("Times are 0 or more and ascend; counts are whole numbers, and at each time there is at least one.")));
	PG_RETURN_POINTER(curve);
}

/*
 * survival_curve_send
 */
Datum
survival_curve_send(PG_FUNCTION_ARGS)
{
	const SurvivalCurve *curve = PG_GETARG_SURVIVAL_CURVE(0);
	StringInfoData buffer;

	pq_begintypsend(&buffer);
	pq_sendint32(&buffer, curve->version);
	pq_sendint64(&buffer, curve->left_out);
	pq_sendint32(&buffer, SURVIVAL_ROWS(curve));
	for (Size i = 0; i < SURVIVAL_ROWS(curve); i++)
	{
		pq_sendfloat8(&buffer, curve->rows[i].at);
		pq_sendfloat8(&buffer, curve->rows[i].events);
		pq_sendfloat8(&buffer, curve->rows[i].others);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

/*
 * survival_curve_recv
 */
Datum
survival_curve_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buffer = (StringInfo) PG_GETARG_POINTER(0);
	int			version = pq_getmsgint(buffer, 4);
	int64		left_out = pq_getmsgint64(buffer);
	uint32		count = pq_getmsgint(buffer, 4);
	SurvivalCurve *curve;

	if (version != SURVIVAL_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("the survival_curve is of version %d, which is not known here", version)));
	if (count > (buffer->len - buffer->cursor) / sizeof(EventCount))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid binary value of type survival_curve")));
	curve = survival_create(count);
	curve->left_out = left_out;
	for (uint32 i = 0; i < count; i++)
	{
		curve->rows[i].at = pq_getmsgfloat8(buffer);
		curve->rows[i].events = pq_getmsgfloat8(buffer);
		curve->rows[i].others = pq_getmsgfloat8(buffer);
	}
	if (!is_valid(curve))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid binary value of type survival_curve")));
	PG_RETURN_POINTER(curve);
}
