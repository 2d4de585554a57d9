/*
 * model_text.c
 *		The types purchase_model, spend_model and contract_model: text and binary input and output.
 *
 * The text form is a JSON object. A value is checked wherever it comes from, so that none is invalid: parameters are
 * finite and positive, or there are none.
 */
#include "compat.h"

#include <math.h>

#include "common/shortest_dec.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"

#include "model.h"

PG_FUNCTION_INFO_V1(purchase_model_in);
PG_FUNCTION_INFO_V1(spend_model_in);
PG_FUNCTION_INFO_V1(contract_model_in);
PG_FUNCTION_INFO_V1(model_out);
PG_FUNCTION_INFO_V1(purchase_model_recv);
PG_FUNCTION_INFO_V1(spend_model_recv);
PG_FUNCTION_INFO_V1(contract_model_recv);
PG_FUNCTION_INFO_V1(model_send);

/* ------------------------------------------------------------------------------------------------
 * Text
 * ------------------------------------------------------------------------------------------------ */

/* A number as JSON, in the fewest digits that give it back. */
static void
append_number(StringInfo text, double value)
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

/*
 * model_out
 *		The same for all types: a JSON object, in which what does not apply is left out.
 */
Datum
model_out(PG_FUNCTION_ARGS)
{
	const StoredModel *model = PG_GETARG_MODEL(0);
	const ModelClass *class = &model_classes[model->kind];
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfo(&text, "{\"model\": \"%s\", \"parameters\": {", class->name);
	for (int i = 0; i < class->parameter_count; i++)
	{
		appendStringInfo(&text, "%s\"%s\": ", i > 0 ? ", " : "", class->parameter_names[i]);
		append_number(&text, model->parameters[i]);
	}
	appendStringInfoChar(&text, '}');
	if (model->regularity > 1)
		appendStringInfo(&text, ", \"regularity\": %d", model->regularity);
	if (model->unit != UNIT_NONE)
		appendStringInfo(&text, ", \"unit\": \"%s\"", model_unit_name(model->unit));
	if (model->fitted)
	{
		appendStringInfo(&text, ", \"status\": \"%s\", \"customers\": " INT64_FORMAT ", \"repeat_customers\": " INT64_FORMAT,
						 model_status_names[model->status], model->customers, model->repeat_customers);
		if (model->left_out > 0)
			appendStringInfo(&text, ", \"left_out\": " INT64_FORMAT, model->left_out);
		appendStringInfoString(&text, ", \"longest\": ");
		append_number(&text, model->longest);
		appendStringInfoString(&text, ", \"log_likelihood\": ");
		append_number(&text, model->log_likelihood);
		if (model->penalty > 0)
		{
			appendStringInfoString(&text, ", \"penalty\": ");
			append_number(&text, model->penalty);
		}
		appendStringInfoString(&text, ", \"covariance\": [");
		for (int i = 0; i < class->parameter_count; i++)
		{
			appendStringInfoString(&text, i > 0 ? ", [" : "[");
			for (int j = 0; j < class->parameter_count; j++)
			{
				if (j > 0)
					appendStringInfoString(&text, ", ");
				append_number(&text, model->covariance[i][j]);
			}
			appendStringInfoChar(&text, ']');
		}
		appendStringInfoChar(&text, ']');
	}
	appendStringInfoChar(&text, '}');
	PG_RETURN_CSTRING(text.data);
}

/* What is read from a JSON object, and where its errors go. */
typedef struct ModelText
{
	const char *text;
	ModelFamily family;
	JsonbContainer *object;
	struct Node *escontext;
	int			known;			/* keys that were asked for and are there */
	const char *wrong;			/* the first key whose value cannot be used */
} ModelText;

/*
 * get_value
 *		The value of a key; NULL without one.
 */
static JsonbValue *
get_value(ModelText *input, JsonbContainer *object, const char *key)
{
	JsonbValue *value = getKeyJsonValueFromContainer(object, key, strlen(key), NULL);

	if (value != NULL && object == input->object)
		input->known++;
	return value;
}

/*
 * get_number
 *		A number, or NaN for null; what it was before where there is no such key.
 */
static void
get_number(ModelText *input, const char *key, JsonbValue *value, double *number)
{
	bool		failed = false;

	if (value == NULL)
		return;
	if (value->type == jbvNull)
		*number = get_float8_nan();
	else if (value->type == jbvNumeric)
	{
		/* Unlike a cast, it is not an error to be out of range: that is found in the check of the value. */
		*number = DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, NumericGetDatum(value->val.numeric)));
		failed = !isfinite(*number);
	}
	else
		failed = true;
	if (failed && input->wrong == NULL)
		input->wrong = key;
}

/*
 * get_count
 *		A whole number.
 */
static void
get_count(ModelText *input, const char *key, int64 *count)
{
	JsonbValue *value = get_value(input, input->object, key);
	double		number = *count;

	get_number(input, key, value, &number);
	if (!(number >= 0 && number <= 9007199254740992.0 && number == floor(number)) && input->wrong == NULL)
		input->wrong = key;
	else if (input->wrong == NULL)
		*count = (int64) number;
}

/*
 * get_text
 *		A short text in *buffer; empty without the key.
 */
static void
get_text(ModelText *input, const char *key, char *buffer, int size)
{
	JsonbValue *value = get_value(input, input->object, key);

	buffer[0] = '\0';
	if (value == NULL)
		return;
	if (value->type != jbvString || value->val.string.len == 0 || value->val.string.len >= size)
	{
		if (input->wrong == NULL)
			input->wrong = key;
		return;
	}
	memcpy(buffer, value->val.string.val, value->val.string.len);
	buffer[value->val.string.len] = '\0';
}

/*
 * get_matrix
 *		The covariance, one row after the other; nothing where the key is missing.
 */
static void
get_matrix(ModelText *input, const char *key, StoredModel *model)
{
	JsonbValue *rows = get_value(input, input->object, key);
	int			count = model_classes[model->kind].parameter_count;
	bool		right = rows == NULL || (rows->type == jbvBinary && JsonContainerIsArray(rows->val.binary.data) &&
										 JsonContainerSize(rows->val.binary.data) == count);

	for (int i = 0; rows != NULL && right && i < count; i++)
	{
		JsonbValue *row = getIthJsonbValueFromContainer(rows->val.binary.data, i);

		right = row->type == jbvBinary && JsonContainerIsArray(row->val.binary.data) &&
			JsonContainerSize(row->val.binary.data) == count;
		for (int j = 0; right && j < count; j++)
			get_number(input, key, getIthJsonbValueFromContainer(row->val.binary.data, j), &model->covariance[i][j]);
	}
	if (!right && input->wrong == NULL)
		input->wrong = key;
}

/*
 * find_status, find_unit
 *		By name; -1 for a name that is none.
 */
static int
find_status(const char *name)
{
	for (int status = 0; status < MODEL_STATUSES; status++)
	{
		if (strcmp(model_status_names[status], name) == 0)
			return status;
	}
	return -1;
}

static int
find_unit(const char *name)
{
	for (int unit = UNIT_DAY; unit <= UNIT_YEAR; unit++)
	{
		if (strcmp(model_unit_name(unit), name) == 0)
			return unit;
	}
	return -1;
}

/*
 * get_parameters
 *		Exactly the parameters of the model.
 */
static void
get_parameters(ModelText *input, StoredModel *model)
{
	const ModelClass *class = &model_classes[model->kind];
	JsonbValue *value = get_value(input, input->object, "parameters");

	if (value == NULL || value->type != jbvBinary || !JsonContainerIsObject(value->val.binary.data) ||
		JsonContainerSize(value->val.binary.data) != class->parameter_count)
	{
		if (input->wrong == NULL)
			input->wrong = "parameters";
		return;
	}
	for (int i = 0; i < class->parameter_count; i++)
	{
		JsonbValue *number = get_value(input, value->val.binary.data, class->parameter_names[i]);

		if (number == NULL && input->wrong == NULL)
			input->wrong = "parameters";
		get_number(input, "parameters", number, &model->parameters[i]);
	}
}

/*
 * model_from_json
 *		NULL after a soft error.
 */
static StoredModel *
model_from_json(ModelText *input)
{
	StoredModel *model;
	ModelKind	kind;
	int64		regularity = 1;
	char		name[32];

	get_text(input, "model", name, sizeof(name));
	kind = model_find_kind(name, input->family);
	if (kind == MODEL_KINDS)
		ereturn(input->escontext, NULL,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type %s: \"%s\"", model_family_names[input->family], input->text),
				 errdetail("The key \"model\" must name a model."),
				 errhint("Models are %s.", model_kind_names(input->family))));
	model = model_create(kind);
	get_parameters(input, model);
	get_count(input, "regularity", &regularity);
	if ((regularity < 1 || regularity > (model_has_regularity(kind) ? MODEL_REGULARITY : 1)) && input->wrong == NULL)
		input->wrong = "regularity";
	model->regularity = regularity;
	get_text(input, "unit", name, sizeof(name));
	if (name[0] != '\0')
	{
		int			unit = find_unit(name);

		if (unit < 0 && input->wrong == NULL)
			input->wrong = "unit";
		model->unit = unit;
	}
	get_text(input, "status", name, sizeof(name));
	if (name[0] != '\0')
	{
		int			status = find_status(name);

		if (status < 0 && input->wrong == NULL)
			input->wrong = "status";
		model->status = status;
	}
	model->fitted = model->status != MODEL_GIVEN;
	if (model->fitted)
	{
		get_count(input, "customers", &model->customers);
		get_count(input, "repeat_customers", &model->repeat_customers);
		get_count(input, "left_out", &model->left_out);
		get_number(input, "longest", get_value(input, input->object, "longest"), &model->longest);
		get_number(input, "log_likelihood", get_value(input, input->object, "log_likelihood"), &model->log_likelihood);
		get_number(input, "penalty", get_value(input, input->object, "penalty"), &model->penalty);
		get_matrix(input, "covariance", model);
	}
	if (input->wrong != NULL)
		ereturn(input->escontext, NULL,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type %s: \"%s\"", model_family_names[input->family], input->text),
				 errdetail("The value of the key \"%s\" cannot be used.", input->wrong),
				 errhint("The parameters of %s are %s; units are day, week, month, quarter and year.",
						 model_classes[kind].title, model_parameter_names(kind))));
	if (input->known != JsonContainerSize(input->object))
		ereturn(input->escontext, NULL,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type %s: \"%s\"", model_family_names[input->family], input->text),
				 errdetail("There is a key that is not known%s.", model->fitted ? "" : " for parameters that were not fitted"),
				 errhint("Keys are model, parameters, regularity and unit; and of a fit status, customers, repeat_customers, left_out, longest, log_likelihood, penalty and covariance.")));
	if (!model_is_valid(model, input->family))
		ereturn(input->escontext, NULL,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("value out of range for type %s: \"%s\"", model_family_names[input->family], input->text),
				 errhint("Parameters are greater than 0; so are counts and variances, or they are 0.")));
	return model;
}

/*
 * read_text
 */
static Datum
read_text(FunctionCallInfo fcinfo, ModelFamily family)
{
	char	   *text = PG_GETARG_CSTRING(0);
	struct Node *escontext = (struct Node *) fcinfo->context;
	ModelText	input = {.text = text,.family = family,.escontext = escontext};
	StoredModel *model;
	Datum		json;

#if PG_VERSION_NUM >= 160000
	if (!DirectInputFunctionCallSafe(jsonb_in, text, InvalidOid, -1, (fmNodePtr) escontext, &json))
		PG_RETURN_NULL();
#else
	json = DirectFunctionCall1(jsonb_in, CStringGetDatum(text));
#endif
	input.object = &DatumGetJsonbP(json)->root;
	if (!JsonContainerIsObject(input.object))
		ereturn(escontext, (Datum) 0,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type %s: \"%s\"", model_family_names[family], text),
				 errhint("It is a JSON object, as %s.",
						 "{\"model\": \"bgnbd\", \"parameters\": {\"r\": 0.243, \"alpha\": 4.414, \"a\": 0.793, \"b\": 2.426}, \"unit\": \"week\"}")));
	model = model_from_json(&input);
	if (model == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(model);
}

Datum
purchase_model_in(PG_FUNCTION_ARGS)
{
	return read_text(fcinfo, FAMILY_PURCHASE);
}

Datum
spend_model_in(PG_FUNCTION_ARGS)
{
	return read_text(fcinfo, FAMILY_SPEND);
}

Datum
contract_model_in(PG_FUNCTION_ARGS)
{
	return read_text(fcinfo, FAMILY_CONTRACT);
}

/* ------------------------------------------------------------------------------------------------
 * Binary
 * ------------------------------------------------------------------------------------------------ */

/*
 * model_send
 *		Everything, in the order of the struct; of the covariance one row after the other.
 */
Datum
model_send(PG_FUNCTION_ARGS)
{
	const StoredModel *model = PG_GETARG_MODEL(0);
	StringInfoData buffer;

	pq_begintypsend(&buffer);
	pq_sendbyte(&buffer, model->version);
	pq_sendbyte(&buffer, model->kind);
	pq_sendbyte(&buffer, model->regularity);
	pq_sendbyte(&buffer, model->status);
	pq_sendbyte(&buffer, model->unit);
	for (int i = 0; i < MODEL_PARAMETERS; i++)
		pq_sendfloat8(&buffer, model->parameters[i]);
	for (int i = 0; i < MODEL_PARAMETERS * MODEL_PARAMETERS; i++)
		pq_sendfloat8(&buffer, model->covariance[i / MODEL_PARAMETERS][i % MODEL_PARAMETERS]);
	pq_sendint64(&buffer, model->customers);
	pq_sendint64(&buffer, model->repeat_customers);
	pq_sendint64(&buffer, model->left_out);
	pq_sendfloat8(&buffer, model->longest);
	pq_sendfloat8(&buffer, model->log_likelihood);
	pq_sendfloat8(&buffer, model->penalty);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

/*
 * receive
 *		As strict as the text input.
 */
static Datum
receive(FunctionCallInfo fcinfo, ModelFamily family)
{
	StringInfo	buffer = (StringInfo) PG_GETARG_POINTER(0);
	StoredModel *model = model_create(family == FAMILY_SPEND ? MODEL_GAMMA_GAMMA : MODEL_BGNBD);

	model->version = pq_getmsgbyte(buffer);
	if (model->version != MODEL_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("the model is of version %d, which is not known here", model->version)));
	model->kind = pq_getmsgbyte(buffer);
	model->regularity = pq_getmsgbyte(buffer);
	model->status = pq_getmsgbyte(buffer);
	model->unit = pq_getmsgbyte(buffer);
	model->fitted = model->status != MODEL_GIVEN;
	for (int i = 0; i < MODEL_PARAMETERS; i++)
		model->parameters[i] = pq_getmsgfloat8(buffer);
	for (int i = 0; i < MODEL_PARAMETERS * MODEL_PARAMETERS; i++)
		model->covariance[i / MODEL_PARAMETERS][i % MODEL_PARAMETERS] = pq_getmsgfloat8(buffer);
	model->customers = pq_getmsgint64(buffer);
	model->repeat_customers = pq_getmsgint64(buffer);
	model->left_out = pq_getmsgint64(buffer);
	model->longest = pq_getmsgfloat8(buffer);
	model->log_likelihood = pq_getmsgfloat8(buffer);
	model->penalty = pq_getmsgfloat8(buffer);
	if (!model_is_valid(model, family))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid binary value of type %s", model_family_names[family])));
	PG_RETURN_POINTER(model);
}

Datum
purchase_model_recv(PG_FUNCTION_ARGS)
{
	return receive(fcinfo, FAMILY_PURCHASE);
}

Datum
spend_model_recv(PG_FUNCTION_ARGS)
{
	return receive(fcinfo, FAMILY_SPEND);
}

Datum
contract_model_recv(PG_FUNCTION_ARGS)
{
	return receive(fcinfo, FAMILY_CONTRACT);
}
