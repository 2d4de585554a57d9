/*
 * json_input.c
 *		Text input of types whose text form is a JSON object.
 */
#include "compat.h"

#include <math.h>

#include "common/shortest_dec.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/fmgrprotos.h"

#include "decimal.h"
#include "json_input.h"

/*
 * json_open
 */
bool
json_open(JsonInput *input, const char *example)
{
	Datum		json;

#if PG_VERSION_NUM >= 160000
	if (!DirectInputFunctionCallSafe(jsonb_in, input->text, InvalidOid, -1, (struct Node *) input->escontext, &json))
		return false;
#else
	json = DirectFunctionCall1(jsonb_in, CStringGetDatum(input->text));
#endif
	input->object = &DatumGetJsonbP(json)->root;
	if (!JsonContainerIsObject(input->object))
		ereturn(input->escontext, false,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type %s: \"%s\"", input->type, input->text),
				 errhint("It is a JSON object, as %s.", example)));
	return true;
}

void
json_wrong(JsonInput *input, const char *key)
{
	if (input->wrong == NULL)
		input->wrong = key;
}

JsonbValue *
json_value(JsonInput *input, JsonbContainer *object, const char *key)
{
	JsonbValue *value = getKeyJsonValueFromContainer(object, key, strlen(key), NULL);

	if (value != NULL && object == input->object)
		input->known++;
	return value;
}

JsonbContainer *
json_array(JsonInput *input, const char *key, const JsonbValue *value, int count)
{
	if (value != NULL && value->type == jbvBinary && JsonContainerIsArray(value->val.binary.data) &&
		(count < 0 || JsonContainerSize(value->val.binary.data) == count))
		return value->val.binary.data;
	json_wrong(input, key);
	return NULL;
}

/*
 * json_number
 *		Unlike a cast, it is not an error to be out of range: such a value is wrong.
 */
void
json_number(JsonInput *input, const char *key, const JsonbValue *value, double *number)
{
	if (value == NULL)
		return;
	if (value->type == jbvNull)
		*number = get_float8_nan();
	else if (value->type != jbvNumeric)
		json_wrong(input, key);
	else
	{
		*number = DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, NumericGetDatum(value->val.numeric)));
		if (!isfinite(*number))
			json_wrong(input, key);
	}
}

void
json_count(JsonInput *input, const char *key, int64 *count)
{
	double		number = *count;

	json_number(input, key, json_value(input, input->object, key), &number);
	if (number >= 0 && number <= JSON_LARGEST_COUNT && number == floor(number))
		*count = (int64) number;
	else
		json_wrong(input, key);
}

void
json_units(JsonInput *input, const char *key, const JsonbValue *value, int scale, int limit_digits, int128 *units)
{
	if (value == NULL || value->type != jbvNumeric ||
		decimal_from_numeric(NumericGetDatum(value->val.numeric), scale, limit_digits, false, units) != DECIMAL_OK)
		json_wrong(input, key);
}

void
json_text(JsonInput *input, const char *key, char *buffer, int size)
{
	JsonbValue *value = json_value(input, input->object, key);

	buffer[0] = '\0';
	if (value == NULL)
		return;
	if (value->type != jbvString || value->val.string.len == 0 || value->val.string.len >= size)
	{
		json_wrong(input, key);
		return;
	}
	memcpy(buffer, value->val.string.val, value->val.string.len);
	buffer[value->val.string.len] = '\0';
}

bool
json_failed(JsonInput *input, const char *hint)
{
	if (input->wrong != NULL)
		ereturn(input->escontext, true,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type %s: \"%s\"", input->type, input->text),
				 errdetail("The value of the key \"%s\" cannot be used.", input->wrong),
				 errhint("%s", hint)));
	if (input->known != JsonContainerSize(input->object))
		ereturn(input->escontext, true,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type %s: \"%s\"", input->type, input->text),
				 errdetail("There is a key that is not known."),
				 errhint("%s", hint)));
	return false;
}

void
append_json_number(StringInfo text, double value)
{
	char		digits[DOUBLE_SHORTEST_DECIMAL_LEN];

	if (isnan(value))
		appendStringInfoString(text, "null");
	else
	{
		double_to_shortest_decimal_buf(value, digits);
		appendStringInfoString(text, digits);
	}
}

double
json_canonical(double number)
{
	return isnan(number) ? get_float8_nan() : number + 0.0;
}
