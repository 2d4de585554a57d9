/*
 * lifecycle_stages.c
 *		The words for the stages: labels, recommended actions, and other vocabularies of the same life.
 */
#include "compat.h"

#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/tuplestore.h"

#include "language.h"
#include "lifecycle.h"

PG_FUNCTION_INFO_V1(lifecycle_label);
PG_FUNCTION_INFO_V1(lifecycle_phase);
PG_FUNCTION_INFO_V1(lifecycle_stages);
PG_FUNCTION_INFO_V1(prospect_label);

/* A word in both languages. */
typedef struct Word
{
	const char *en;
	const char *zh;
} Word;

/* How many other vocabularies there are. */
#define VOCABULARIES 3

static const char *const vocabularies[VOCABULARIES] = {"relationship", "growth", "activity"};

static const struct
{
	Word		label;
	Word		action;
	Word		phases[VOCABULARIES];
}			stages[STAGES] = {
	[STAGE_PROSPECT] = {
		{"Prospect", "潜在客户"},
		{"Market to them: show what the product does for them, and make the first order easy.",
		"开展营销：说明产品价值，让首次下单更容易。"},
		{{"acquisition", "客户获取"}, {"acquisition", "客户获取"}, {"contact", "接触"}}
	},
	[STAGE_NEW] = {
		{"New", "初次购买"},
		{"Serve the first order well: welcome them, help with the product, invite to the second order.",
		"做好首单服务：欢迎、指导使用，促成第二次购买。"},
		{{"maintenance", "客户维护"}, {"development", "客户发展"}, {"communicate", "沟通"}}
	},
	[STAGE_REPEAT] = {
		{"Repeat", "重复购买"},
		{"Give points and membership, recommend related products.",
		"积分与会员权益，推荐相关产品。"},
		{{"maintenance", "客户维护"}, {"development", "客户发展"}, {"develop", "发展"}}
	},
	[STAGE_LOYAL] = {
		{"Loyal", "忠诚"},
		{"Reward them, serve them first, ask for recommendations.",
		"给予奖励，优先服务，请他们推荐。"},
		{{"maintenance", "客户维护"}, {"retention", "客户保留"}, {"serve", "服务"}}
	},
	[STAGE_AT_RISK] = {
		{"At risk", "流失预警"},
		{"Contact them before they are gone: ask what is missing, make a personal offer.",
		"在流失前主动联系：了解原因，提供个性化优惠。"},
		{{"win-back", "客户挽留"}, {"retention", "客户保留"}, {"maintain", "维护"}}
	},
	[STAGE_DORMANT] = {
		{"Dormant", "沉默"},
		{"Wake them up: news, a reminder of what they bought, a limited offer.",
		"唤醒：告知新品，提醒复购，限时优惠。"},
		{{"win-back", "客户挽留"}, {"retention", "客户保留"}, {"communicate", "沟通"}}
	},
	[STAGE_CHURNED] = {
		{"Churned", "流失"},
		{"Win back those who were worth it, learn why the others left, spend no more on them.",
		"挽回高价值客户，了解其余客户流失原因，不再投入。"},
		{{"loss", "客户流失"}, {"retention", "客户保留"}, {"contact", "接触"}}
	}
};

/* In the order of the enum prospect_stage. */
static const struct
{
	const char *key;
	Word		label;
}			prospects[] = {
	{"prospect", {"Prospect", "潜在客户"}},
	{"hot_prospect", {"Hot prospect", "准客户"}},
	{"customer", {"Customer", "成交客户"}}
};

/*
 * stage_argument
 *		The stage that is the first argument.
 */
static LifecycleStage
stage_argument(FunctionCallInfo fcinfo)
{
	return stage_of_label(argument_labels(fcinfo, 0), PG_GETARG_OID(0));
}

/*
 * in_language
 */
static Datum
in_language(const Word *word, text *language)
{
	return CStringGetTextDatum(speaks_chinese(language) ? word->zh : word->en);
}

/*
 * lifecycle_label
 *		The name of a stage in a language.
 */
Datum
lifecycle_label(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(in_language(&stages[stage_argument(fcinfo)].label, PG_GETARG_TEXT_PP(1)));
}

/*
 * lifecycle_phase
 *		What another vocabulary calls a stage, in a language.
 */
Datum
lifecycle_phase(PG_FUNCTION_ARGS)
{
	LifecycleStage stage = stage_argument(fcinfo);
	char	   *vocabulary = text_to_cstring(PG_GETARG_TEXT_PP(1));

	for (int i = 0; i < VOCABULARIES; i++)
	{
		if (strcmp(vocabulary, vocabularies[i]) == 0)
			PG_RETURN_DATUM(in_language(&stages[stage].phases[i], PG_GETARG_TEXT_PP(2)));
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown vocabulary of the lifecycle: \"%s\"", vocabulary),
			 errhint("Vocabularies are relationship (acquisition, maintenance, win-back, loss), growth (acquisition, development, retention) "
					 "and activity (contact, communicate, maintain, develop, serve).")));
}

/*
 * lifecycle_stages
 *		(stage, rank, label_en, label_zh, action_en, action_zh) for each stage, in order.
 */
Datum
lifecycle_stages(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < STAGES; i++)
	{
		Datum		row[] = {
			ObjectIdGetDatum(stage_label(TupleDescAttr(result->setDesc, 0)->atttypid, (LifecycleStage) i)),
			Int32GetDatum(i + 1),
			CStringGetTextDatum(stages[i].label.en),
			CStringGetTextDatum(stages[i].label.zh),
			CStringGetTextDatum(stages[i].action.en),
			CStringGetTextDatum(stages[i].action.zh)
		};
		bool		nulls[lengthof(row)] = {false};

		tuplestore_putvalues(result->setResult, result->setDesc, row, nulls);
	}
	return (Datum) 0;
}

/*
 * prospect_label
 *		The name of a stage on the way to the first purchase in a language.
 */
Datum
prospect_label(PG_FUNCTION_ARGS)
{
	char	   *key = DatumGetCString(DirectFunctionCall1(enum_out, PG_GETARG_DATUM(0)));

	for (int i = 0; i < lengthof(prospects); i++)
	{
		if (strcmp(key, prospects[i].key) == 0)
			PG_RETURN_DATUM(in_language(&prospects[i].label, PG_GETARG_TEXT_PP(1)));
	}
	PG_RETURN_NULL();
}
