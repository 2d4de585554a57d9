/*
 * model_text.c
 *		The types purchase_model, spend_model and contract_model: text and binary input and output.
 *
 * The text form is a JSON object. A value is checked wherever it comes from, so that none is invalid: parameters are
 * finite and positive, or there are none.
 */
#include "compat.h"

#include <math.h>

#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/float.h"

#include "json_input.h"
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
		append_json_number(&text, model->parameters[i]);
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
		append_json_number(&text, model->longest);
		appendStringInfoString(&text, ", \"log_likelihood\": ");
		append_json_number(&text, model->log_likelihood);
		if (model->penalty > 0)
		{
			appendStringInfoString(&text, ", \"penalty\": ");
			append_json_number(&text, model->penalty);
		}
		appendStringInfoString(&text, ", \"covariance\": [");
		for (int i = 0; i < class->parameter_count; i++)
		{
			appendStringInfoString(&text, i > 0 ? ", [" : "[");
			for (int j = 0; j < class->parameter_count; j++)
			{
				if (j > 0)
					appendStringInfoString(&text, ", ");
				append_json_number(&text, model->covariance[i][j]);
			}
			appendStringInfoChar(&text, ']');
		}
		appendStringInfoChar(&text, ']');
	}
	appendStringInfoChar(&text, '}');
	PG_RETURN_CSTRING(text.data);
}

/*
 * get_matrix
 *		The covariance, one row after the other; nothing where the key is missing.
 */
static void
get_matrix(JsonInput *input, const char *key, StoredModel *model)
{
	int			count = model_classes[model->kind].parameter_count;
	JsonbValue *value = json_value(input, input->object, key);
	JsonbContainer *rows = value == NULL ? NULL : json_array(input, key, value, count);

	for (int i = 0; rows != NULL && i < count; i++)
	{
		JsonbContainer *row = json_array(input, key, getIthJsonbValueFromContainer(rows, i), count);

		for (int j = 0; row != NULL && j < count; j++)
			json_number(input, key, getIthJsonbValueFromContainer(row, j), &model->covariance[i][j]);
	}
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
get_parameters(JsonInput *input, StoredModel *model)
{
	const ModelClass *class = &model_classes[model->kind];
	JsonbValue *value = json_value(input, input->object, "parameters");

	if (value == NULL || value->type != jbvBinary || !JsonContainerIsObject(value->val.binary.data) ||
		JsonContainerSize(value->val.binary.data) != class->parameter_count)
	{
		json_wrong(input, "parameters");
		return;
	}
	for (int i = 0; i < class->parameter_count; i++)
	{
		JsonbValue *number = json_value(input, value->val.binary.data, class->parameter_names[i]);

		if (number == NULL)
			json_wrong(input, "parameters");
		json_number(input, "parameters", number, &model->parameters[i]);
	}
}

/*
 * model_from_json
 *		NULL after a soft error.
 */
static StoredModel *
model_from_json(JsonInput *input, ModelFamily family)
{
	StoredModel *model;
	ModelKind	kind;
	int64		regularity = 1;
	char		name[32];

	json_text(input, "model", name, sizeof(name));
	kind = model_find_kind(name, family);
	if (kind == MODEL_KINDS)
		ereturn(input->escontext, NULL,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type %s: \"%s\"", input->type, input->text),
				 errdetail("The key \"model\" must name a model."),
				 errhint("Models are %s.", model_kind_names(family))));
	model = model_create(kind);
	get_parameters(input, model);
	json_count(input, "regularity", &regularity);
	if (regularity < 1 || regularity > (model_has_regularity(kind) ? MODEL_REGULARITY : 1))
		json_wrong(input, "regularity");
	model->regularity = regularity;
	json_text(input, "unit", name, sizeof(name));
	if (name[0] != '\0')
	{
		int			unit = find_unit(name);

		if (unit < 0)
			json_wrong(input, "unit");
		model->unit = unit;
	}
	json_text(input, "status", name, sizeof(name));
	if (name[0] != '\0')
	{
		int			status = find_status(name);

		if (status < 0)
			json_wrong(input, "status");
		model->status = status;
	}
	model->fitted = model->status != MODEL_GIVEN;
	if (model->fitted)
	{
		json_count(input, "customers", &model->customers);
		json_count(input, "repeat_customers", &model->repeat_customers);
		json_count(input, "left_out", &model->left_out);
		json_number(input, "longest", json_value(input, input->object, "longest"), &model->longest);
		json_number(input, "log_likelihood", json_value(input, input->object, "log_likelihood"), &model->log_likelihood);
		json_number(input, "penalty", json_value(input, input->object, "penalty"), &model->penalty);
		get_matrix(input, "covariance", model);
	}
	if (input->wrong != NULL)
		ereturn(input->escontext, NULL,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type %s: \"%s\"", input->type, input->text),
				 errdetail("The value of the key \"%s\" cannot be used.", input->wrong),
				 errhint("The parameters of %s are %s; units are day, week, month, quarter and year.",
						 model_classes[kind].title, model_parameter_names(kind))));
	if (input->known != JsonContainerSize(input->object))
		ereturn(input->escontext, NULL,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type %s: \"%s\"", input->type, input->text),
				 errdetail("There is a key that is not known%s.", model->fitted ? "" : " for parameters that were not fitted"),
				 errhint("Keys are model, parameters, regularity and unit; and of a fit status, customers, repeat_customers, left_out, longest, log_likelihood, penalty and covariance.")));
	if (!model_is_valid(model, family))
		ereturn(input->escontext, NULL,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("value out of range for type %s: \"%s\"", input->type, input->text),
				 errhint("Parameters are greater than 0; so are counts and variances, or they are 0.")));
	return model;
}

/*
 * read_text
 */
static Datum
read_text(FunctionCallInfo fcinfo, ModelFamily family)
{
	JsonInput	input = {.type = model_family_names[family],.text = PG_GETARG_CSTRING(0),.escontext = (struct Node *) fcinfo->context};
	StoredModel *model;

	if (!json_open(&input, "{\"model\": \"bgnbd\", \"parameters\": {\"r\": 0.243, \"alpha\": 4.414, \"a\": 0.793, \"b\": 2.426}, \"unit\": \"week\"}"))
		PG_RETURN_NULL();
	model = model_from_json(&input, family);
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
 * with_what_applies
 *		A model of what a valid one's text form tells, and nothing else, so that equal models are equal bytes.
 */
static StoredModel *
with_what_applies(const StoredModel *valid)
{
	StoredModel *model = model_create(valid->kind);
	int			count = model_classes[valid->kind].parameter_count;

	model->regularity = valid->regularity;
	model->status = valid->status;
	model->unit = valid->unit;
	model->fitted = valid->fitted;
	memcpy(model->parameters, valid->parameters, count * sizeof(double));
	if (!model->fitted)
		return model;
	for (int i = 0; i < count; i++)
		memcpy(model->covariance[i], valid->covariance[i], count * sizeof(double));
	model->customers = valid->customers;
	model->repeat_customers = valid->repeat_customers;
	model->left_out = valid->left_out;
	model->longest = valid->longest;
	model->log_likelihood = valid->log_likelihood;
	model->penalty = valid->penalty;
	return model;
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
		model->parameters[i] = json_canonical(pq_getmsgfloat8(buffer));
	for (int i = 0; i < MODEL_PARAMETERS * MODEL_PARAMETERS; i++)
		model->covariance[i / MODEL_PARAMETERS][i % MODEL_PARAMETERS] = json_canonical(pq_getmsgfloat8(buffer));
	model->customers = pq_getmsgint64(buffer);
	model->repeat_customers = pq_getmsgint64(buffer);
	model->left_out = pq_getmsgint64(buffer);
	model->longest = json_canonical(pq_getmsgfloat8(buffer));
	model->log_likelihood = json_canonical(pq_getmsgfloat8(buffer));
	model->penalty = json_canonical(pq_getmsgfloat8(buffer));
	if (!model_is_valid(model, family))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid binary value of type %s", model_family_names[family])));
	PG_RETURN_POINTER(with_what_applies(model));
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
