/*
 * lifecycle_policy.c
 *		The type lifecycle_policy: the rules by which a customer is in a stage.
 *
 * A value is checked wherever it comes from, so that none is invalid.
 */
#include "compat.h"

#include "common/shortest_dec.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"

#include "lifecycle.h"

PG_FUNCTION_INFO_V1(lifecycle_policy_in);
PG_FUNCTION_INFO_V1(lifecycle_policy_out);
PG_FUNCTION_INFO_V1(lifecycle_policy_recv);
PG_FUNCTION_INFO_V1(lifecycle_policy_send);
PG_FUNCTION_INFO_V1(lifecycle_policy_eq);
PG_FUNCTION_INFO_V1(lifecycle_policy_make);

StaticAssertDecl(sizeof(LifecyclePolicy) == 56, "lifecycle_policy has no gaps between its parts");

static const char *const silent_stages[] = {"at_risk", "dormant", "churned"};

/* The settings in the order of the arguments of the function lifecycle_policy, and of the text. */
typedef enum SettingKind
{
	WHOLE,
	REAL,
	COUNT_BY
} SettingKind;

typedef struct Setting
{
	const char *name;
	SettingKind kind;
	size_t		offset;
	double		min;
	double		max;
} Setting;

#define DAYS(i) offsetof(LifecyclePolicy, days) + (i) * sizeof(int32), 1, 100000
#define GAPS(i) offsetof(LifecyclePolicy, gaps) + (i) * sizeof(float8), 0, 1000

static const Setting settings[] = {
	{"repeat_from", WHOLE, offsetof(LifecyclePolicy, repeat_from), 2, 1000000},
	{"loyal_from", WHOLE, offsetof(LifecyclePolicy, loyal_from), 3, 1000000},
	{"count_by", COUNT_BY, offsetof(LifecyclePolicy, count_orders), 0, 1},
	{"at_risk_days", WHOLE, DAYS(0)},
	{"at_risk_gaps", REAL, GAPS(0)},
	{"dormant_days", WHOLE, DAYS(1)},
	{"dormant_gaps", REAL, GAPS(1)},
	{"churned_days", WHOLE, DAYS(2)},
	{"churned_gaps", REAL, GAPS(2)},
	{"population_gap", REAL, offsetof(LifecyclePolicy, population_gap), 1, 100000}
};

#define SETTINGS lengthof(settings)
#define POPULATION_GAP (SETTINGS - 1)

/* The first is the default. */
static const struct
{
	const char *name;
	LifecyclePolicy policy;
}			presets[] = {
	{"retail", {.repeat_from = 2, .loyal_from = 5, .days = {30, 90, 365}, .gaps = {2, 3, 4}}},
	{"grocery", {.repeat_from = 2, .loyal_from = 10, .days = {14, 30, 90}, .gaps = {2, 3, 4}}},
	{"b2b", {.repeat_from = 2, .loyal_from = 4, .days = {90, 180, 730}, .gaps = {2, 3, 4}}}
};

/*
 * find_preset
 */
static bool
find_preset(const char *name, LifecyclePolicy *policy)
{
	for (int i = 0; i < lengthof(presets); i++)
	{
		if (strcmp(name, presets[i].name) == 0)
		{
			*policy = presets[i].policy;
			return true;
		}
	}
	return false;
}

/*
 * find_setting
 */
static const Setting *
find_setting(const char *name)
{
	for (int i = 0; i < SETTINGS; i++)
	{
		if (strcmp(name, settings[i].name) == 0)
			return &settings[i];
	}
	return NULL;
}

/*
 * get_number
 */
static double
get_number(const LifecyclePolicy *policy, const Setting *setting)
{
	const char *place = (const char *) policy + setting->offset;

	return setting->kind == REAL ? *(const float8 *) place : *(const int32 *) place;
}

/*
 * set_number
 *		Gives a setting its value; false where it is out of its range.
 */
static bool
set_number(LifecyclePolicy *policy, const Setting *setting, double value, struct Node *escontext)
{
	char	   *place = (char *) policy + setting->offset;

	if (!(value >= setting->min && value <= setting->max) || (setting->kind != REAL && value != (int32) value))
		ereturn(escontext, false,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid lifecycle policy: %s is %g", setting->name, value),
				 errhint("%s is a %snumber from %g to %.0f.", setting->name,
						 setting->kind != REAL ? "whole " : "", setting->min, setting->max)));
	if (setting->kind == REAL)
		*(float8 *) place = value + 0.0;	/* -0 is 0 */
	else
		*(int32 *) place = (int32) value;
	return true;
}

/*
 * set_count_by
 */
static bool
set_count_by(LifecyclePolicy *policy, const char *count_by, struct Node *escontext)
{
	if (strcmp(count_by, "days") != 0 && strcmp(count_by, "orders") != 0)
		ereturn(escontext, false,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid lifecycle policy: count_by is \"%s\"", count_by),
				 errhint("Purchases are counted by days or by orders.")));
	policy->count_orders = strcmp(count_by, "orders") == 0;
	return true;
}

/*
 * check_ascending
 *		A stage needs more than the one before it.
 */
static bool
check_ascending(const LifecyclePolicy *policy, struct Node *escontext)
{
	if (policy->loyal_from <= policy->repeat_from)
		ereturn(escontext, false,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid lifecycle policy: loyal_from %d is not above repeat_from %d",
						policy->loyal_from, policy->repeat_from),
				 errhint("A customer is repeat before loyal. Set both.")));
	for (int i = 1; i < SILENT_STAGES; i++)
	{
		if (policy->days[i] <= policy->days[i - 1])
			ereturn(escontext, false,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("invalid lifecycle policy: %s_days %d is not above %s_days %d",
							silent_stages[i], policy->days[i], silent_stages[i - 1], policy->days[i - 1]),
					 errhint("Days ascend from at_risk to dormant to churned. Set all that must move.")));
		if (policy->gaps[i] < policy->gaps[i - 1])
			ereturn(escontext, false,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("invalid lifecycle policy: %s_gaps %g is below %s_gaps %g",
							silent_stages[i], policy->gaps[i], silent_stages[i - 1], policy->gaps[i - 1]),
					 errhint("Gaps never descend from at_risk to dormant to churned. Set all that must move.")));
	}
	return true;
}

/*
 * trim
 *		Without the spaces around; the text is changed.
 */
static char *
trim(char *text)
{
	size_t		length;

	while (isspace((unsigned char) *text))
		text++;
	length = strlen(text);
	while (length > 0 && isspace((unsigned char) text[length - 1]))
		length--;
	text[length] = '\0';
	return text;
}

/*
 * split_off
 *		Ends a text at the first of some characters; the rest behind it, NULL without one.
 */
static char *
split_off(char *text, const char *characters)
{
	char	   *end = strpbrk(text, characters);

	if (end == NULL)
		return NULL;
	*end = '\0';
	return end + 1;
}

/*
 * setting_names
 *		For a hint.
 */
static char *
setting_names(void)
{
	StringInfoData names;

	initStringInfo(&names);
	for (int i = 0; i < SETTINGS; i++)
		appendStringInfo(&names, "%s%s", i == 0 ? "" : ", ", settings[i].name);
	return names.data;
}

/*
 * lifecycle_policy_in
 *		A preset, settings, or a preset and what differs from it: retail, loyal_from 3, churned_days 180.
 */
Datum
lifecycle_policy_in(PG_FUNCTION_ARGS)
{
	char	   *text = PG_GETARG_CSTRING(0);
	struct Node *escontext = (struct Node *) fcinfo->context;
	LifecyclePolicy *policy = palloc(sizeof(LifecyclePolicy));
	char	   *item = pstrdup(text);
	bool		given[SETTINGS] = {false};

	*policy = presets[0].policy;
	for (int i = 0; item != NULL; i++)
	{
		char	   *rest = split_off(item, ",");
		char	   *name = trim(item);
		char	   *value;
		char	   *end;
		double		number;
		const Setting *setting;

		item = rest;
		if (i == 0 && find_preset(name, policy))
			continue;
		value = split_off(name, " \t\r\n");
		setting = find_setting(name);
		if (setting == NULL)
			ereturn(escontext, (Datum) 0,
					(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
					 errmsg("invalid input syntax for type %s: \"%s\"", "lifecycle_policy", text),
					 errdetail("There is no %s \"%s\".", i == 0 && value == NULL ? "preset" : "setting", name),
					 errhint("Write a preset (retail, grocery, b2b), settings or both: retail, loyal_from 3, churned_days 180. Settings are %s.",
							 setting_names())));
		value = trim(value != NULL ? value : name + strlen(name));
		if (given[setting - settings])
			ereturn(escontext, (Datum) 0,
					(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
					 errmsg("invalid input syntax for type %s: \"%s\"", "lifecycle_policy", text),
					 errdetail("The setting %s is given twice.", name)));
		given[setting - settings] = true;
		if (setting->kind == COUNT_BY)
		{
			if (!set_count_by(policy, value, escontext))
				return (Datum) 0;
			continue;
		}
		number = strtod(value, &end);
		if (*value == '\0' || *end != '\0')
			ereturn(escontext, (Datum) 0,
					(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
					 errmsg("invalid input syntax for type %s: \"%s\"", "lifecycle_policy", text),
					 errdetail("The value of %s is not a number: \"%s\".", name, value),
					 errhint("Write settings as names and values, with commas between them: loyal_from 3, churned_days 180.")));
		if (!set_number(policy, setting, number, escontext))
			return (Datum) 0;
	}
	if (!check_ascending(policy, escontext))
		return (Datum) 0;
	PG_RETURN_POINTER(policy);
}

/*
 * lifecycle_policy_out
 *		All settings; the population's gap when it is known.
 */
Datum
lifecycle_policy_out(PG_FUNCTION_ARGS)
{
	const LifecyclePolicy *policy = PG_GETARG_POLICY(0);
	StringInfoData text;
	char		number[DOUBLE_SHORTEST_DECIMAL_LEN];

	initStringInfo(&text);
	for (int i = 0; i < SETTINGS; i++)
	{
		const Setting *setting = &settings[i];

		if (i == POPULATION_GAP && policy->population_gap == 0)
			continue;
		appendStringInfo(&text, "%s%s ", i == 0 ? "" : ", ", setting->name);
		if (setting->kind == COUNT_BY)
			appendStringInfoString(&text, policy->count_orders ? "orders" : "days");
		else
		{
			double_to_shortest_decimal_buf(get_number(policy, setting), number);
			appendStringInfoString(&text, number);
		}
	}
	PG_RETURN_CSTRING(text.data);
}

/*
 * lifecycle_policy_recv
 *		The settings in order as doubles, count_by as 0 or 1, an unknown gap of the population as 0.
 */
Datum
lifecycle_policy_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buffer = (StringInfo) PG_GETARG_POINTER(0);
	LifecyclePolicy *policy = palloc0(sizeof(LifecyclePolicy));

	for (int i = 0; i < SETTINGS; i++)
	{
		double		number = pq_getmsgfloat8(buffer);

		if (i != POPULATION_GAP || number != 0)
			set_number(policy, &settings[i], number, NULL);
	}
	check_ascending(policy, NULL);
	PG_RETURN_POINTER(policy);
}

/*
 * lifecycle_policy_send
 */
Datum
lifecycle_policy_send(PG_FUNCTION_ARGS)
{
	const LifecyclePolicy *policy = PG_GETARG_POLICY(0);
	StringInfoData buffer;

	pq_begintypsend(&buffer);
	for (int i = 0; i < SETTINGS; i++)
		pq_sendfloat8(&buffer, get_number(policy, &settings[i]));
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

/*
 * lifecycle_policy_eq
 */
Datum
lifecycle_policy_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(policies_equal(PG_GETARG_POLICY(0), PG_GETARG_POLICY(1)));
}

/*
 * lifecycle_policy_make
 *		A preset, and the settings that differ from it; NULL leaves a setting as the preset has it.
 */
Datum
lifecycle_policy_make(PG_FUNCTION_ARGS)
{
	LifecyclePolicy *policy = palloc(sizeof(LifecyclePolicy));

	*policy = presets[0].policy;
	if (!PG_ARGISNULL(0))
	{
		char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));

		if (!find_preset(name, policy))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("unknown preset of lifecycle_policy: \"%s\"", name),
					 errhint("Presets are retail, grocery and b2b.")));
	}
	for (int i = 0; i < SETTINGS; i++)
	{
		if (PG_ARGISNULL(i + 1))
			continue;
		if (settings[i].kind == COUNT_BY)
			set_count_by(policy, text_to_cstring(PG_GETARG_TEXT_PP(i + 1)), NULL);
		else
			set_number(policy, &settings[i],
					   settings[i].kind == REAL ? PG_GETARG_FLOAT8(i + 1) : PG_GETARG_INT32(i + 1), NULL);
	}
	check_ascending(policy, NULL);
	PG_RETURN_POINTER(policy);
}
