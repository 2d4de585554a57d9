/*
 * model.c
 *		Values of the types purchase_model, spend_model and contract_model, and what they tell of themselves.
 */
#include "compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/fmgrprotos.h"
#include "utils/tuplestore.h"

#include "json_input.h"
#include "model.h"

PG_FUNCTION_INFO_V1(purchase_model_make);
PG_FUNCTION_INFO_V1(spend_model_make);
PG_FUNCTION_INFO_V1(contract_model_make);
PG_FUNCTION_INFO_V1(model_with_unit);
PG_FUNCTION_INFO_V1(model_with_regularity);
PG_FUNCTION_INFO_V1(model_name_of);
PG_FUNCTION_INFO_V1(model_title_of);
PG_FUNCTION_INFO_V1(model_unit_of);
PG_FUNCTION_INFO_V1(model_unit_days_of);
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

const char *const model_status_names[MODEL_STATUSES] = {
	[MODEL_GIVEN] = "given",[MODEL_CONVERGED] = "converged",[MODEL_NOT_IDENTIFIED] = "not_identified",
	[MODEL_NOT_CONVERGED] = "not_converged",[MODEL_NO_DATA] = "no_data"
};

const char *const model_family_names[] = {
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
 * model_find_kind
 *		MODEL_KINDS where the family has no model of that name.
 */
ModelKind
model_find_kind(const char *name, ModelFamily family)
{
	for (int kind = 0; kind < MODEL_KINDS; kind++)
	{
		if (model_family(kind) == family && strcmp(model_classes[kind].name, name) == 0)
			return kind;
	}
	return MODEL_KINDS;
}

/*
 * model_kind_names
 *		The names of a family, for a hint.
 */
char *
model_kind_names(ModelFamily family)
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
	ModelKind	kind = model_find_kind(name, family);

	if (kind == MODEL_KINDS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there is no %s \"%s\"", model_family_names[family], name),
				 errhint("Models are %s.", model_kind_names(family))));
	return kind;
}

/*
 * model_parameter_names
 */
char *
model_parameter_names(ModelKind kind)
{
	StringInfoData names;

	initStringInfo(&names);
	for (int i = 0; i < model_classes[kind].parameter_count; i++)
		appendStringInfo(&names, "%s%s", i > 0 ? ", " : "", model_classes[kind].parameter_names[i]);
	return names.data;
}

/*
 * model_unit_name
 */
const char *
model_unit_name(int unit)
{
	return time_unit_name((TimeUnit) unit);
}

/*
 * model_has_regularity
 */
bool
model_has_regularity(ModelKind kind)
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
		return model_status_names[model->status];
	if (model->customers < SMALL_CUSTOMERS ||
		(model->unit != UNIT_NONE && model->longest * time_unit_days(model->unit) < SMALL_DAYS))
		return "small_sample";
	return "ok";
}

bool
model_parameter_is_valid(double parameter)
{
	return parameter >= MODEL_SMALLEST_PARAMETER && parameter <= MODEL_LARGEST_PARAMETER;
}

/*
 * valid_parameters
 *		What a model cannot do without: finite positive parameters, or none at all. A fit that found no maximum may be anywhere.
 */
static bool
valid_parameters(const StoredModel *model)
{
	for (int i = 0; i < model_classes[model->kind].parameter_count; i++)
	{
		if (model->status == MODEL_NO_DATA ? !isnan(model->parameters[i]) :
			model->status == MODEL_GIVEN || model->status == MODEL_CONVERGED ? !model_parameter_is_valid(model->parameters[i]) :
			!(model->parameters[i] > 0 && isfinite(model->parameters[i])))
			return false;
	}
	return true;
}

/*
 * model_is_valid
 *		For what comes from outside.
 */
bool
model_is_valid(const StoredModel *model, ModelFamily family)
{
	int			count;

	if (model->version != MODEL_VERSION || model->kind >= MODEL_KINDS || model_family(model->kind) != family ||
		model->status >= MODEL_STATUSES || (model->unit != UNIT_NONE && (model->unit > UNIT_YEAR || !has_unit(model->kind))) ||
		model->regularity < 1 || model->regularity > (model_has_regularity(model->kind) ? MODEL_REGULARITY : 1) ||
		model->fitted != (model->status != MODEL_GIVEN) || !valid_parameters(model) ||
		model->customers < 0 || model->customers > JSON_LARGEST_COUNT || model->repeat_customers < 0 || model->repeat_customers > model->customers || model->left_out < 0 || model->left_out > JSON_LARGEST_COUNT ||
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
				 errhint("They are, in this order, %s.", model_parameter_names(kind))));
	for (int i = 0; i < count; i++)
	{
		model->parameters[i] = nulls[i] ? get_float8_nan() : DatumGetFloat8(numbers[i]);
		if (!model_parameter_is_valid(model->parameters[i]))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("parameter %s of %s must be from %g to %g, not %s", class->parameter_names[i], class->title,
							MODEL_SMALLEST_PARAMETER, MODEL_LARGEST_PARAMETER,
							nulls[i] ? "NULL" : DatumGetCString(DirectFunctionCall1(float8out, numbers[i]))),
					 errhint("Parameters of models are above 0.")));
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
				 has_unit(model->kind) ? errmsg("the model is in units of a %s already", model_unit_name(model->unit)) :
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

	if (regularity < 1 || regularity > (model_has_regularity(model->kind) ? MODEL_REGULARITY : 1) || model->fitted)
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
	PG_RETURN_TEXT_P(cstring_to_text(model_unit_name(model->unit)));
}

Datum
model_unit_days_of(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(model_unit_days(PG_GETARG_MODEL(0)));
}

/*
 * model_title_of
 *		By the name; a name that is none stays as it is.
 */
Datum
model_title_of(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));

	for (int kind = 0; kind < MODEL_KINDS; kind++)
	{
		if (strcmp(model_classes[kind].name, name) == 0)
			PG_RETURN_TEXT_P(cstring_to_text(model_classes[kind].title));
	}
	PG_RETURN_TEXT_P(cstring_to_text(name));
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
