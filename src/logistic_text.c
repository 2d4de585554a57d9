/*
 * logistic_text.c
 *		The type logistic_model: text and binary input and output.
 */
#include "compat.h"

#include <math.h>

#include "libpq/pqformat.h"
#include "utils/float.h"

#include "json_input.h"
#include "logistic.h"

PG_FUNCTION_INFO_V1(logistic_model_in);
PG_FUNCTION_INFO_V1(logistic_model_out);
PG_FUNCTION_INFO_V1(logistic_model_recv);
PG_FUNCTION_INFO_V1(logistic_model_send);

const char *const logistic_trust_names[LOGISTIC_TRUSTS] = {
	[LOGISTIC_GIVEN] = "given",[LOGISTIC_OK] = "ok",[LOGISTIC_SMALL_SAMPLE] = "small_sample",[LOGISTIC_HAS_COLLINEAR] = "collinear",
	[LOGISTIC_HAS_SEPARATION] = "separation",[LOGISTIC_STOPPED] = "not_converged",[LOGISTIC_NO_DATA] = "no_data"
};

const char *const logistic_note_names[LOGISTIC_NOTES] = {
	[LOGISTIC_NO_NOTE] = "",[LOGISTIC_CONSTANT] = "constant",[LOGISTIC_COLLINEAR] = "collinear",[LOGISTIC_SEPARATES] = "separates"
};

const LogisticModel *
logistic_check(const LogisticModel *model)
{
	if (model->version != LOGISTIC_VERSION || model->features > LOGISTIC_FEATURES || VARSIZE(model) != LOGISTIC_SIZE(model->features))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("the model is of a version that is not known here"),
				 errhint("It was made by a newer pg_customer: update the library.")));
	return model;
}

LogisticModel *
logistic_create(int features)
{
	LogisticModel *model = palloc0(LOGISTIC_SIZE(features));

	SET_VARSIZE(model, LOGISTIC_SIZE(features));
	model->version = LOGISTIC_VERSION;
	model->features = features;
	model->log_likelihood = model->null_log_likelihood = model->auc = get_float8_nan();
	for (int i = 0; i < LOGISTIC_NUMBERS(features); i++)
		model->numbers[i] = get_float8_nan();
	return model;
}

/*
 * is_valid
 *		For what comes from outside: coefficients are finite, or there are none.
 */
static bool
is_valid(const LogisticModel *model)
{
	bool		none = model->trust == LOGISTIC_NO_DATA || model->trust == LOGISTIC_HAS_SEPARATION;

	if (model->trust >= LOGISTIC_TRUSTS || model->features > LOGISTIC_FEATURES || (model->features == 0 && model->trust != LOGISTIC_NO_DATA) ||
		model->observations < 0 || model->observations > JSON_LARGEST_COUNT || model->events < 0 || model->events > model->observations || model->left_out < 0 || model->left_out > JSON_LARGEST_COUNT ||
		!(model->ridge >= 0) || isinf(model->ridge) || isinf(model->log_likelihood) || isinf(model->null_log_likelihood) ||
		model->auc < 0 || model->auc > 1)
		return false;
	for (int i = 0; i <= model->features; i++)
	{
		if (none ? !isnan(model->numbers[i]) : !(fabs(model->numbers[i]) <= LARGEST_COEFFICIENT))
			return false;
		if (LOGISTIC_COVARIANCE(model)[LOGISTIC_TRIANGLE(i) + i] < 0)
			return false;
	}
	for (int i = 0; i < LOGISTIC_NUMBERS(model->features); i++)
	{
		if (isinf(model->numbers[i]))
			return false;
	}
	for (int i = 0; i < LOGISTIC_FEATURES; i++)
	{
		if (model->notes[i] >= (i < model->features ? LOGISTIC_NOTES : 1))
			return false;
	}
	return true;
}

/* ------------------------------------------------------------------------------------------------
 * Text
 * ------------------------------------------------------------------------------------------------ */

/*
 * logistic_model_out
 *		A JSON object, in which what does not apply is left out.
 */
Datum
logistic_model_out(PG_FUNCTION_ARGS)
{
	const LogisticModel *model = PG_GETARG_LOGISTIC_MODEL(0);
	const double *number = LOGISTIC_COVARIANCE(model);
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfoString(&text, "{\"model\": \"logistic\", \"coefficients\": [");
	for (int i = 0; i <= model->features; i++)
	{
		appendStringInfoString(&text, i > 0 ? ", " : "");
		append_json_number(&text, model->numbers[i]);
	}
	appendStringInfoChar(&text, ']');
	if (model->trust != LOGISTIC_GIVEN)
	{
		appendStringInfo(&text, ", \"trust\": \"%s\", \"observations\": " INT64_FORMAT ", \"events\": " INT64_FORMAT ", \"left_out\": " INT64_FORMAT ", \"ridge\": ",
						 logistic_trust_names[model->trust], model->observations, model->events, model->left_out);
		append_json_number(&text, model->ridge);
		appendStringInfoString(&text, ", \"log_likelihood\": ");
		append_json_number(&text, model->log_likelihood);
		appendStringInfoString(&text, ", \"null_log_likelihood\": ");
		append_json_number(&text, model->null_log_likelihood);
		appendStringInfoString(&text, ", \"auc\": ");
		append_json_number(&text, model->auc);
		appendStringInfoString(&text, ", \"notes\": [");
		for (int i = 0; i < model->features; i++)
			appendStringInfo(&text, "%s\"%s\"", i > 0 ? ", " : "", logistic_note_names[model->notes[i]]);
		appendStringInfoString(&text, "], \"covariance\": [");
		for (int i = 0; i <= model->features; i++)
		{
			appendStringInfoString(&text, i > 0 ? ", [" : "[");
			for (int j = 0; j <= i; j++)
			{
				appendStringInfoString(&text, j > 0 ? ", " : "");
				append_json_number(&text, *number++);
			}
			appendStringInfoChar(&text, ']');
		}
		appendStringInfoChar(&text, ']');
	}
	appendStringInfoChar(&text, '}');
	PG_RETURN_CSTRING(text.data);
}

/*
 * find_name
 *		Its place among the names; -1 if it is none of them.
 */
static int
find_name(const char *const *names, int count, const char *name, int length)
{
	for (int i = 0; i < count; i++)
	{
		if (strlen(names[i]) == length && memcmp(names[i], name, length) == 0)
			return i;
	}
	return -1;
}

/*
 * read_notes, read_covariance
 */
static void
read_notes(JsonInput *input, LogisticModel *model)
{
	JsonbContainer *notes = json_array(input, "notes", json_value(input, input->object, "notes"), model->features);

	for (int i = 0; notes != NULL && i < model->features; i++)
	{
		JsonbValue *value = getIthJsonbValueFromContainer(notes, i);
		int			note = value->type != jbvString ? -1 : find_name(logistic_note_names, LOGISTIC_NOTES, value->val.string.val, value->val.string.len);

		if (note < 0)
			json_wrong(input, "notes");
		else
			model->notes[i] = note;
	}
}

static void
read_covariance(JsonInput *input, LogisticModel *model)
{
	JsonbContainer *rows = json_array(input, "covariance", json_value(input, input->object, "covariance"), model->features + 1);
	double	   *number = LOGISTIC_COVARIANCE(model);

	for (int i = 0; rows != NULL && i <= model->features; i++)
	{
		JsonbContainer *row = json_array(input, "covariance", getIthJsonbValueFromContainer(rows, i), i + 1);

		for (int j = 0; row != NULL && j <= i; j++)
			json_number(input, "covariance", getIthJsonbValueFromContainer(row, j), number++);
	}
}

/*
 * logistic_model_in
 */
Datum
logistic_model_in(PG_FUNCTION_ARGS)
{
	JsonInput	input = {.type = "logistic_model",.text = PG_GETARG_CSTRING(0),.escontext = (struct Node *) fcinfo->context};
	JsonbContainer *coefficients;
	LogisticModel *model;
	int			count;
	char		name[32];

	if (!json_open(&input, "{\"model\": \"logistic\", \"coefficients\": [-1.2, 0.03]}"))
		PG_RETURN_NULL();
	json_text(&input, "model", name, sizeof(name));
	if (strcmp(name, "logistic") != 0)
		json_wrong(&input, "model");
	coefficients = json_array(&input, "coefficients", json_value(&input, input.object, "coefficients"), -1);
	count = coefficients == NULL ? 1 : JsonContainerSize(coefficients);
	if (count < 1 || count > LOGISTIC_TERMS)
	{
		json_wrong(&input, "coefficients");
		count = 1;
		coefficients = NULL;
	}
	model = logistic_create(count - 1);
	for (int i = 0; coefficients != NULL && i < count; i++)
		json_number(&input, "coefficients", getIthJsonbValueFromContainer(coefficients, i), &model->numbers[i]);
	json_text(&input, "trust", name, sizeof(name));
	if (name[0] != '\0')
	{
		int			trust = find_name(logistic_trust_names, LOGISTIC_TRUSTS, name, strlen(name));

		if (trust < 0)
			json_wrong(&input, "trust");
		model->trust = Max(trust, 0);
	}
	if (model->trust != LOGISTIC_GIVEN)
	{
		json_count(&input, "observations", &model->observations);
		json_count(&input, "events", &model->events);
		json_count(&input, "left_out", &model->left_out);
		json_number(&input, "ridge", json_value(&input, input.object, "ridge"), &model->ridge);
		json_number(&input, "log_likelihood", json_value(&input, input.object, "log_likelihood"), &model->log_likelihood);
		json_number(&input, "null_log_likelihood", json_value(&input, input.object, "null_log_likelihood"), &model->null_log_likelihood);
		json_number(&input, "auc", json_value(&input, input.object, "auc"), &model->auc);
		read_notes(&input, model);
		read_covariance(&input, model);
	}
	if (json_failed(&input, "Keys are model (logistic) and coefficients (the intercept first); and of a fit trust, observations, events, left_out, ridge, log_likelihood, null_log_likelihood, auc, notes and covariance."))
		PG_RETURN_NULL();
	if (!is_valid(model))
		ereturn(input.escontext, (Datum) 0,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("value out of range for type %s: \"%s\"", input.type, input.text),
				 errhint("Coefficients are finite, from 2 to %d of them; counts and variances are 0 or more.", LOGISTIC_TERMS)));
	PG_RETURN_POINTER(model);
}

/* ------------------------------------------------------------------------------------------------
 * Binary
 * ------------------------------------------------------------------------------------------------ */

/*
 * logistic_model_send
 */
Datum
logistic_model_send(PG_FUNCTION_ARGS)
{
	const LogisticModel *model = PG_GETARG_LOGISTIC_MODEL(0);
	StringInfoData buffer;

	pq_begintypsend(&buffer);
	pq_sendint16(&buffer, model->version);
	pq_sendint16(&buffer, model->features);
	pq_sendbyte(&buffer, model->trust);
	pq_sendint64(&buffer, model->observations);
	pq_sendint64(&buffer, model->events);
	pq_sendint64(&buffer, model->left_out);
	pq_sendfloat8(&buffer, model->ridge);
	pq_sendfloat8(&buffer, model->log_likelihood);
	pq_sendfloat8(&buffer, model->null_log_likelihood);
	pq_sendfloat8(&buffer, model->auc);
	pq_sendbytes(&buffer, (const char *) model->notes, model->features);
	for (int i = 0; i < LOGISTIC_NUMBERS(model->features); i++)
		pq_sendfloat8(&buffer, model->numbers[i]);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

/*
 * logistic_model_recv
 *		As strict as the text input.
 */
Datum
logistic_model_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buffer = (StringInfo) PG_GETARG_POINTER(0);
	int			version = pq_getmsgint(buffer, 2);
	int			features = pq_getmsgint(buffer, 2);
	LogisticModel *model,
			   *given;

	if (version != LOGISTIC_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("the model is of version %d, which is not known here", version)));
	model = logistic_create(Min(features, LOGISTIC_FEATURES));
	model->trust = pq_getmsgbyte(buffer);
	model->observations = pq_getmsgint64(buffer);
	model->events = pq_getmsgint64(buffer);
	model->left_out = pq_getmsgint64(buffer);
	model->ridge = json_canonical(pq_getmsgfloat8(buffer));
	model->log_likelihood = json_canonical(pq_getmsgfloat8(buffer));
	model->null_log_likelihood = json_canonical(pq_getmsgfloat8(buffer));
	model->auc = json_canonical(pq_getmsgfloat8(buffer));
	pq_copymsgbytes(buffer, (char *) model->notes, model->features);
	for (int i = 0; i < LOGISTIC_NUMBERS(model->features); i++)
		model->numbers[i] = json_canonical(pq_getmsgfloat8(buffer));
	if (features > LOGISTIC_FEATURES || !is_valid(model))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid binary value of type logistic_model")));
	if (model->trust != LOGISTIC_GIVEN)
		PG_RETURN_POINTER(model);
	/* Without a fit there is nothing else. */
	given = logistic_create(features);
	memcpy(given->numbers, model->numbers, (features + 1) * sizeof(double));
	PG_RETURN_POINTER(given);
}
