/*
 * model.c
 *		The types purchase_model, spend_model and contract_model, and what they tell of themselves.
 *
 * The text form is a JSON object. A value is checked wherever it comes from, so that none is invalid: parameters are
 * finite and positive, or there are none.
 */
#include "compat.h"

#include <math.h>

#include "common/shortest_dec.h"
#include "funcapi.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/array.h"
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
PG_FUNCTION_INFO_V1(purchase_model_make);
PG_FUNCTION_INFO_V1(spend_model_make);
PG_FUNCTION_INFO_V1(contract_model_make);
PG_FUNCTION_INFO_V1(model_with_unit);
PG_FUNCTION_INFO_V1(model_with_regularity);
PG_FUNCTION_INFO_V1(model_name_of);
PG_FUNCTION_INFO_V1(model_unit_of);
PG_FUNCTION_INFO_V1(model_regularity_of);
PG_FUNCTION_INFO_V1(model_trust_of);
PG_FUNCTION_INFO_V1(model_converged_of);
PG_FUNCTION_INFO_V1(model_customers_of);
PG_FUNCTION_INFO_V1(model_repeat_customers_of);
PG_FUNCTION_INFO_V1(model_left_out_of);
PG_FUNCTION_INFO_V1(model_log_likelihood_of);
PG_FUNCTION_INFO_V1(model_aic_of);
PG_FUNCTION_INFO_V1(model_bic_of);
PG_FUNCTION_INFO_V1(model_parameters_of);

/* Below these a model is of a small sample. */
#define SMALL_CUSTOMERS 500
#define SMALL_DAYS 180

/* Two standard errors, of the logarithm of a parameter. */
#define NORMAL_975 1.959963984540054

static const char *const status_names[MODEL_STATUSES] = {
	[MODEL_GIVEN] = "given",[MODEL_CONVERGED] = "converged",[MODEL_NOT_IDENTIFIED] = "not_identified",
	[MODEL_NOT_CONVERGED] = "not_converged",[MODEL_NO_DATA] = "no_data"
};

static const char *const family_names[] = {
	[FAMILY_PURCHASE] = "purchase_model",[FAMILY_SPEND] = "spend_model",[FAMILY_CONTRACT] = "contract_model"
};

/* ------------------------------------------------------------------------------------------------
 * Kinds
 * ------------------------------------------------------------------------------------------------ */

/*
 * model_family
 */
ModelFamily
model_family(ModelKind kind)
{
	switch (kind)
	{
		case MODEL_GAMMA_GAMMA:
			return FAMILY_SPEND;
		case MODEL_SBG:
		case MODEL_BDW:
			return FAMILY_CONTRACT;
		default:
			return FAMILY_PURCHASE;
	}
}

/*
 * find_kind
 *		MODEL_KINDS where the family has no model of that name.
 */
static ModelKind
find_kind(const char *name, ModelFamily family)
{
	for (int kind = 0; kind < MODEL_KINDS; kind++)
	{
		if (model_family(kind) == family && strcmp(model_classes[kind].name, name) == 0)
			return kind;
	}
	return MODEL_KINDS;
}

/*
 * kind_names
 *		The names of a family, for a hint.
 */
static char *
kind_names(ModelFamily family)
{
	StringInfoData names;

	initStringInfo(&names);
	for (int kind = 0; kind < MODEL_KINDS; kind++)
	{
		if (model_family(kind) == family)
			appendStringInfo(&names, "%s%s", names.len > 0 ? ", " : "", model_classes[kind].name);
	}
	return names.data;
}

/*
 * model_kind_by_name
 */
ModelKind
model_kind_by_name(const char *name, ModelFamily family)
{
	ModelKind	kind = find_kind(name, family);

	if (kind == MODEL_KINDS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there is no %s \"%s\"", family_names[family], name),
				 errhint("Models are %s.", kind_names(family))));
	return kind;
}

/*
 * has_regularity
 */
static bool
has_regularity(ModelKind kind)
{
	return kind == MODEL_BGNBD || kind == MODEL_MBGNBD;
}

/*
 * has_unit
 *		Spend is of transactions, not of time.
 */
static bool
has_unit(ModelKind kind)
{
	return kind != MODEL_GAMMA_GAMMA;
}

/* ------------------------------------------------------------------------------------------------
 * Values
 * ------------------------------------------------------------------------------------------------ */

/*
 * model_create
 */
StoredModel *
model_create(ModelKind kind)
{
	StoredModel *model = palloc0(sizeof(StoredModel));

	SET_VARSIZE(model, sizeof(StoredModel));
	model->version = MODEL_VERSION;
	model->kind = kind;
	model->regularity = 1;
	model->unit = UNIT_NONE;
	model->longest = model->log_likelihood = get_float8_nan();
	for (int i = 0; i < MODEL_PARAMETERS; i++)
	{
		model->parameters[i] = i < model_classes[kind].parameter_count ? get_float8_nan() : 0;
		for (int j = 0; j < MODEL_PARAMETERS; j++)
			model->covariance[i][j] = get_float8_nan();
	}
	return model;
}

/*
 * model_check
 */
const StoredModel *
model_check(const StoredModel *model)
{
	if (VARSIZE(model) != sizeof(StoredModel) || model->version != MODEL_VERSION || model->kind >= MODEL_KINDS)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("the model is of a version that is not known here"),
				 errhint("It was made by a newer pg_customer: update the library.")));
	return model;
}

/*
 * model_get
 */
bool
model_get(const StoredModel *stored, Model *model)
{
	if (stored->status == MODEL_NO_DATA)
		return false;
	model->kind = stored->kind;
	model->regularity = stored->regularity;
	memcpy(model->parameters, stored->parameters, sizeof(model->parameters));
	return true;
}

/*
 * model_unit_days
 */
double
model_unit_days(const StoredModel *model)
{
	if (model->unit == UNIT_NONE)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the model does not say in which unit its time is"),
				 errhint("It was fitted on numbers. Say the unit: with_unit(model, 'week').")));
	return time_unit_days(model->unit);
}

/*
 * model_trust
 */
const char *
model_trust(const StoredModel *model)
{
	if (model->status != MODEL_CONVERGED)
		return status_names[model->status];
	if (model->customers < SMALL_CUSTOMERS ||
		(model->unit != UNIT_NONE && model->longest * time_unit_days(model->unit) < SMALL_DAYS))
		return "small_sample";
	return "ok";
}

/*
 * valid_parameters
 *		What a model cannot do without: finite positive parameters, or none at all.
 */
static bool
valid_parameters(const StoredModel *model)
{
	for (int i = 0; i < model_classes[model->kind].parameter_count; i++)
	{
		if (model->status == MODEL_NO_DATA ? !isnan(model->parameters[i]) :
			!(model->parameters[i] > 0 && isfinite(model->parameters[i])))
			return false;
	}
	return true;
}

/*
 * valid_model
 *		For what comes from outside.
 */
static bool
valid_model(const StoredModel *model, ModelFamily family)
{
	int			count;

	if (model->version != MODEL_VERSION || model->kind >= MODEL_KINDS || model_family(model->kind) != family ||
		model->status >= MODEL_STATUSES || (model->unit != UNIT_NONE && (model->unit > UNIT_YEAR || !has_unit(model->kind))) ||
		model->regularity < 1 || model->regularity > (has_regularity(model->kind) ? MODEL_REGULARITY : 1) ||
		model->fitted != (model->status != MODEL_GIVEN) || !valid_parameters(model) ||
		model->customers < 0 || model->repeat_customers < 0 || model->repeat_customers > model->customers || model->left_out < 0 ||
		model->longest < 0 || isinf(model->longest) || isinf(model->log_likelihood) || !(model->penalty >= 0) || isinf(model->penalty))
		return false;
	count = model_classes[model->kind].parameter_count;
	for (int i = 0; i < count; i++)
	{
		if (model->covariance[i][i] < 0)
			return false;
		for (int j = 0; j < count; j++)
		{
			if (isinf(model->covariance[i][j]))
				return false;
		}
	}
	return true;
}

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
 * unit_name
 */
static const char *
unit_name(int unit)
{
	static const char *const names[] = {"day", "week", "month", "quarter", "year"};

	return names[unit];
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
		appendStringInfo(&text, ", \"unit\": \"%s\"", unit_name(model->unit));
	if (model->fitted)
	{
		appendStringInfo(&text, ", \"status\": \"%s\", \"customers\": " INT64_FORMAT ", \"repeat_customers\": " INT64_FORMAT,
						 status_names[model->status], model->customers, model->repeat_customers);
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
		if (strcmp(status_names[status], name) == 0)
			return status;
	}
	return -1;
}

static int
find_unit(const char *name)
{
	for (int unit = UNIT_DAY; unit <= UNIT_YEAR; unit++)
	{
		if (strcmp(unit_name(unit), name) == 0)
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
 * parameter_names
 *		For a hint.
 */
static char *
parameter_names(ModelKind kind)
{
	StringInfoData names;

	initStringInfo(&names);
	for (int i = 0; i < model_classes[kind].parameter_count; i++)
		appendStringInfo(&names, "%s%s", i > 0 ? ", " : "", model_classes[kind].parameter_names[i]);
	return names.data;
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
	kind = find_kind(name, input->family);
	if (kind == MODEL_KINDS)
		ereturn(input->escontext, NULL,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type %s: \"%s\"", family_names[input->family], input->text),
				 errdetail("The key \"model\" must name a model."),
				 errhint("Models are %s.", kind_names(input->family))));
	model = model_create(kind);
	get_parameters(input, model);
	get_count(input, "regularity", &regularity);
	if ((regularity < 1 || regularity > (has_regularity(kind) ? MODEL_REGULARITY : 1)) && input->wrong == NULL)
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
				 errmsg("invalid input syntax for type %s: \"%s\"", family_names[input->family], input->text),
				 errdetail("The value of the key \"%s\" cannot be used.", input->wrong),
				 errhint("The parameters of %s are %s; units are day, week, month, quarter and year.",
						 model_classes[kind].title, parameter_names(kind))));
	if (input->known != JsonContainerSize(input->object))
		ereturn(input->escontext, NULL,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type %s: \"%s\"", family_names[input->family], input->text),
				 errdetail("There is a key that is not known%s.", model->fitted ? "" : " for parameters that were not fitted"),
				 errhint("Keys are model, parameters, regularity and unit; and of a fit status, customers, repeat_customers, left_out, longest, log_likelihood, penalty and covariance.")));
	if (!valid_model(model, input->family))
		ereturn(input->escontext, NULL,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("value out of range for type %s: \"%s\"", family_names[input->family], input->text),
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
				 errmsg("invalid input syntax for type %s: \"%s\"", family_names[family], text),
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
	if (!valid_model(model, family))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid binary value of type %s", family_names[family])));
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

/* ------------------------------------------------------------------------------------------------
 * Models of given parameters
 * ------------------------------------------------------------------------------------------------ */

/*
 * make
 *		(kind, unit or NULL, parameters in the order of the papers)
 */
static Datum
make(ModelKind kind, text *unit, ArrayType *array)
{
	const ModelClass *class = &model_classes[kind];
	StoredModel *model = model_create(kind);
	Datum	   *numbers;
	bool	   *nulls;
	int			count;

	deconstruct_array(array, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, &numbers, &nulls, &count);
	if (count != class->parameter_count)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s has %d parameters, not %d", class->title, class->parameter_count, count),
				 errhint("They are, in this order, %s.", parameter_names(kind))));
	for (int i = 0; i < count; i++)
	{
		model->parameters[i] = nulls[i] ? get_float8_nan() : DatumGetFloat8(numbers[i]);
		if (!(model->parameters[i] > 0) || isinf(model->parameters[i]))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("parameter %s of %s must be greater than 0, not %s", class->parameter_names[i], class->title,
							nulls[i] ? "NULL" : DatumGetCString(DirectFunctionCall1(float8out, numbers[i])))));
	}
	if (unit != NULL)
		model->unit = time_unit(unit);
	PG_RETURN_POINTER(model);
}

/*
 * purchase_model_make
 *		(kind, unit, variadic parameters); a unit that is NULL is not said.
 */
Datum
purchase_model_make(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0) || PG_ARGISNULL(2))
		PG_RETURN_NULL();
	return make(model_kind_by_name(text_to_cstring(PG_GETARG_TEXT_PP(0)), FAMILY_PURCHASE),
				PG_ARGISNULL(1) ? NULL : PG_GETARG_TEXT_PP(1), PG_GETARG_ARRAYTYPE_P(2));
}

/*
 * spend_model_make
 *		(kind, variadic parameters)
 */
Datum
spend_model_make(PG_FUNCTION_ARGS)
{
	return make(model_kind_by_name(text_to_cstring(PG_GETARG_TEXT_PP(0)), FAMILY_SPEND), NULL, PG_GETARG_ARRAYTYPE_P(1));
}

Datum
contract_model_make(PG_FUNCTION_ARGS)
{
	return make(model_kind_by_name(text_to_cstring(PG_GETARG_TEXT_PP(0)), FAMILY_CONTRACT), NULL, PG_GETARG_ARRAYTYPE_P(1));
}

/*
 * copy_model
 */
static StoredModel *
copy_model(const StoredModel *model)
{
	StoredModel *copy = palloc(sizeof(StoredModel));

	memcpy(copy, model, sizeof(StoredModel));
	return copy;
}

/*
 * model_with_unit
 *		Says in which unit the time of a model is. It changes no number.
 */
Datum
model_with_unit(PG_FUNCTION_ARGS)
{
	StoredModel *model = copy_model(PG_GETARG_MODEL(0));
	TimeUnit	unit = time_unit(PG_GETARG_TEXT_PP(1));

	if (!has_unit(model->kind) || (model->unit != UNIT_NONE && model->unit != unit))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 has_unit(model->kind) ? errmsg("the model is in units of a %s already", unit_name(model->unit)) :
				 errmsg("%s knows no time", model_classes[model->kind].title),
				 errhint("Numbers are not converted: fit the model anew in the other unit.")));
	model->unit = unit;
	PG_RETURN_POINTER(model);
}

/*
 * model_with_regularity
 *		The same parameters for Erlang-k gaps.
 */
Datum
model_with_regularity(PG_FUNCTION_ARGS)
{
	StoredModel *model = copy_model(PG_GETARG_MODEL(0));
	int			regularity = PG_GETARG_INT32(1);

	if (regularity < 1 || regularity > (has_regularity(model->kind) ? MODEL_REGULARITY : 1) || model->fitted)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s cannot be given the regularity %d", model_classes[model->kind].title, regularity),
				 errhint("BG/NBD and MBG/NBD of given parameters can have one from 1 to %d; a fit has its own.", MODEL_REGULARITY)));
	model->regularity = regularity;
	PG_RETURN_POINTER(model);
}

/* ------------------------------------------------------------------------------------------------
 * What a model tells of itself
 * ------------------------------------------------------------------------------------------------ */

Datum
model_name_of(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(model_classes[PG_GETARG_MODEL(0)->kind].name));
}

Datum
model_unit_of(PG_FUNCTION_ARGS)
{
	const StoredModel *model = PG_GETARG_MODEL(0);

	if (model->unit == UNIT_NONE)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(unit_name(model->unit)));
}

Datum
model_regularity_of(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(PG_GETARG_MODEL(0)->regularity);
}

Datum
model_trust_of(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(model_trust(PG_GETARG_MODEL(0))));
}

Datum
model_converged_of(PG_FUNCTION_ARGS)
{
	const StoredModel *model = PG_GETARG_MODEL(0);

	if (!model->fitted)
		PG_RETURN_NULL();
	PG_RETURN_BOOL(model->status == MODEL_CONVERGED);
}

Datum
model_customers_of(PG_FUNCTION_ARGS)
{
	const StoredModel *model = PG_GETARG_MODEL(0);

	if (!model->fitted)
		PG_RETURN_NULL();
	PG_RETURN_INT64(model->customers);
}

Datum
model_repeat_customers_of(PG_FUNCTION_ARGS)
{
	const StoredModel *model = PG_GETARG_MODEL(0);

	if (!model->fitted)
		PG_RETURN_NULL();
	PG_RETURN_INT64(model->repeat_customers);
}

Datum
model_left_out_of(PG_FUNCTION_ARGS)
{
	const StoredModel *model = PG_GETARG_MODEL(0);

	if (!model->fitted)
		PG_RETURN_NULL();
	PG_RETURN_INT64(model->left_out);
}

/*
 * criterion
 *		2 log-likelihood less a weight for each parameter, with the sign of an information criterion; NULL where
 *		there is no likelihood.
 */
static Datum
criterion(FunctionCallInfo fcinfo, const StoredModel *model, double weight)
{
	if (isnan(model->log_likelihood))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(weight * model_classes[model->kind].parameter_count - 2 * model->log_likelihood);
}

Datum
model_log_likelihood_of(PG_FUNCTION_ARGS)
{
	const StoredModel *model = PG_GETARG_MODEL(0);

	if (isnan(model->log_likelihood))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(model->log_likelihood);
}

Datum
model_aic_of(PG_FUNCTION_ARGS)
{
	return criterion(fcinfo, PG_GETARG_MODEL(0), 2);
}

Datum
model_bic_of(PG_FUNCTION_ARGS)
{
	const StoredModel *model = PG_GETARG_MODEL(0);

	return criterion(fcinfo, model, log((double) model->customers));
}

/*
 * model_parameters_of
 *		(name, estimate, std_error, ci_low, ci_high): intervals are symmetric in the logarithm, for parameters are positive.
 */
Datum
model_parameters_of(PG_FUNCTION_ARGS)
{
	const StoredModel *model = PG_GETARG_MODEL(0);
	const ModelClass *class = &model_classes[model->kind];
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < class->parameter_count; i++)
	{
		double		estimate = model->parameters[i];
		double		error = sqrt(model->covariance[i][i]);
		bool		known = model->fitted && !isnan(estimate) && !isnan(error);
		double		width = known ? exp(NORMAL_975 * error / estimate) : 1;
		Datum		values[] = {
			CStringGetTextDatum(class->parameter_names[i]), Float8GetDatum(estimate), Float8GetDatum(error),
			Float8GetDatum(estimate / width), Float8GetDatum(estimate * width)
		};
		bool		nulls[] = {false, isnan(estimate), !known, !known, !known || isinf(width)};

		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}
