/*
 * segment_map.c
 *		Segment maps: which RFM code belongs to which segment of customers.
 *
 * A map is a picture of its codes, one letter each: A is the segment of rank 1, the best, B that of rank 2.
 */
#include "compat.h"

#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "language.h"
#include "rfm.h"

PG_FUNCTION_INFO_V1(rfm_segment);
PG_FUNCTION_INFO_V1(segment_map_rows);
PG_FUNCTION_INFO_V1(segment_maps);

typedef struct Segment
{
	const char *key;
	const char *label_en;
	const char *label_zh;
	const char *action_en;
	const char *action_zh;
} Segment;

typedef struct SegmentMap
{
	const char *name;
	int			bins;
	int			digits;			/* 2: recency and frequency; 3: money, too */
	const char *title_en;
	const char *title_zh;
	const Segment *segments[12];	/* by rank, ended by NULL */
	const char *cells;			/* a letter a code, the codes ascending */
} SegmentMap;

static const Segment champions = {"champions", "Champions", "冠军",
	"Reward them, show them new products first, ask for recommendations.",
	"给予奖励，优先体验新品，请他们推荐。"};
static const Segment loyal = {"loyal", "Loyal", "忠诚",
	"Offer membership benefits and higher-value products.",
	"提供会员权益，推荐更高价值的产品。"};
static const Segment potential_loyalist = {"potential_loyalist", "Potential loyalist", "潜在忠诚",
	"Invite them to the membership, recommend related products.",
	"邀请加入会员，推荐相关产品。"};
static const Segment new_customers = {"new", "New", "新客",
	"Welcome them, help with the first order, invite to the second.",
	"做好欢迎和售后，促成第二次购买。"};
static const Segment promising = {"promising", "Promising", "有潜力",
	"Stay in touch, make a small offer for the next purchase.",
	"保持联系，用小额优惠促成下一次购买。"};
static const Segment need_attention = {"need_attention", "Need attention", "需要关注",
	"Make a limited offer that fits what they bought.",
	"根据购买记录提供限时优惠。"};
static const Segment about_to_sleep = {"about_to_sleep", "About to sleep", "即将沉睡",
	"Remind them with popular products and a discount.",
	"用热销产品和折扣唤起兴趣。"};
static const Segment cant_lose = {"cant_lose", "Can't lose", "不可流失",
	"Contact them in person, find out what is missing, win them back.",
	"专人联系，了解原因，全力挽回。"};
static const Segment at_risk = {"at_risk", "At risk", "流失风险",
	"Write to them personally, make an offer to return.",
	"个性化联系，提供回归优惠。"};
static const Segment hibernating = {"hibernating", "Hibernating", "沉睡",
	"Keep contact at low cost, with an offer now and then.",
	"低成本保持联系，不定期推送优惠。"};
static const Segment lost = {"lost", "Lost", "已流失",
	"Make one last offer, then spend nothing more.",
	"发出最后一次优惠，此后不再投入。"};

static const Segment important_value = {"important_value", "Important value", "重要价值",
	"Serve them first: a contact of their own, the best terms.",
	"优先服务，专人维护，给予最好的条件。"};
static const Segment important_development = {"important_development", "Important development", "重要发展",
	"They buy well but seldom: membership, offers for the next order.",
	"消费高但次数少：发展会员，促进复购。"};
static const Segment important_retention = {"important_retention", "Important retention", "重要保持",
	"They have not bought for long: contact them, tell what is new.",
	"一段时间未购买：主动联系，告知新品。"};
static const Segment important_win_back = {"important_win_back", "Important win-back", "重要挽留",
	"They are leaving: find out why, win them back in person.",
	"即将流失：了解原因，专人挽回。"};
static const Segment general_value = {"general_value", "General value", "一般价值",
	"They buy often but little: bundles, higher-value products.",
	"次数多但消费低：组合销售，提高客单价。"};
static const Segment general_development = {"general_development", "General development", "一般发展",
	"They are new or occasional: a small offer for the next purchase.",
	"新近购买：用小额优惠促成下一次购买。"};
static const Segment general_retention = {"general_retention", "General retention", "一般保持",
	"Remind them at low cost: newsletters, coupons.",
	"低成本提醒：推送和优惠券。"};
static const Segment general_win_back = {"general_win_back", "General win-back", "一般挽留",
	"Reach them by mass mailings only.",
	"仅做群发，不再单独投入。"};

/* The first map is the default. */
static const SegmentMap maps[] = {
	{
		"grid25", 5, 2, "Recency by frequency, 5 x 5", "近度×频度，五乘五",
		{&champions, &loyal, &potential_loyalist, &new_customers, &promising, &need_attention,
		&about_to_sleep, &cant_lose, &at_risk, &hibernating},
		/* a line is a recency, 1 to 5; in it the frequencies, 1 to 5 */
		"JJIIH"
		"JJIIH"
		"GGFBB"
		"ECCBB"
		"DCCAA"
	},
	{
		"codes125", 5, 3, "Recency, frequency and money, 125 codes", "近度、频度、额度，125 个代码",
		{&champions, &loyal, &need_attention, &potential_loyalist, &promising, &new_customers,
		&cant_lose, &at_risk, &hibernating, &about_to_sleep, &lost},
		/* a line is a recency, a word a frequency, in it the money scores, all 1 to 5 */
		"KKGGG" "KIIHH" "KIHHH" "KHHGH" "KHHGG"
		"IIJGG" "JIIHH" "IIIHH" "IHHHH" "IHHHH"
		"FJEEE" "JIDCC" "JIDCB" "DDCBB" "DDDBB"
		"FFEEE" "FFDEE" "DDDCB" "DDCBA" "DDDAA"
		"FFEEE" "EEEEE" "DDDCC" "DDBAA" "DDDAA"
	},
	{
		"grid9", 3, 2, "Recency by frequency, 3 x 3, for few customers", "近度×频度，三乘三，适用于客户较少时",
		{&champions, &loyal, &new_customers, &need_attention, &at_risk, &hibernating},
		"FEE"
		"DDB"
		"CBA"
	},
	{
		"cn8", 2, 3, "Eight groups: recency, frequency and money above or below the mean", "八类客户：近度、频度、额度与均值相比",
		{&important_value, &important_development, &important_retention, &important_win_back,
		&general_value, &general_development, &general_retention, &general_win_back},
		"HD" "GC"
		"FB" "EA"
	},
};

/*
 * find_map
 *		The map of that name.
 */
static const SegmentMap *
find_map(text *name)
{
	StringInfoData names;

	for (int i = 0; i < lengthof(maps); i++)
	{
		if (VARSIZE_ANY_EXHDR(name) == strlen(maps[i].name) &&
			memcmp(VARDATA_ANY(name), maps[i].name, strlen(maps[i].name)) == 0)
			return &maps[i];
	}

	initStringInfo(&names);
	for (int i = 0; i < lengthof(maps); i++)
		appendStringInfo(&names, "%s%s", i == 0 ? "" : ", ", maps[i].name);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown segment map: \"%s\"", text_to_cstring(name)),
			 errhint("Shipped maps are %s. A map of your own is a table that you join by code.", names.data)));
}

/*
 * count_segments
 *		How many segments a map has.
 */
static int
count_segments(const SegmentMap *map)
{
	int			n = 0;

	while (map->segments[n] != NULL)
		n++;
	return n;
}

/*
 * rfm_segment
 *		The key of the segment that a score belongs to.
 */
Datum
rfm_segment(PG_FUNCTION_ARGS)
{
	int32		code = PG_GETARG_INT32(0);
	const SegmentMap *map = find_map(PG_GETARG_TEXT_PP(1));
	int			scores[] = {RFM_RECENCY(code), RFM_FREQUENCY(code), RFM_MONETARY(code)};
	int			cell = 0;

	if (scores[0] > map->bins || scores[1] > map->bins || scores[2] > map->bins)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("score %d is outside of segment map %s, which has %d bins", code, map->name, map->bins),
				 errhint("Score with %d bins, or use another map: SELECT * FROM segment_maps().", map->bins)));
	for (int i = 0; i < map->digits; i++)
		cell = cell * map->bins + scores[i] - 1;
	PG_RETURN_TEXT_P(cstring_to_text(map->segments[map->cells[cell] - 'A']->key));
}

/*
 * segment_map_rows
 *		All codes of a map as rows, the highest first.
 */
Datum
segment_map_rows(PG_FUNCTION_ARGS)
{
	const SegmentMap *map = find_map(PG_GETARG_TEXT_PP(0));
	bool		chinese = speaks_chinese(PG_GETARG_TEXT_PP(1));
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	for (int cell = strlen(map->cells) - 1; cell >= 0; cell--)
	{
		int			rank = map->cells[cell] - 'A' + 1;
		const Segment *segment = map->segments[rank - 1];
		char		code[4] = "";
		Datum		row[6];
		bool		nulls[6] = {false};

		for (int i = map->digits - 1, rest = cell; i >= 0; i--, rest /= map->bins)
			code[i] = '1' + rest % map->bins;
		row[0] = CStringGetTextDatum(code);
		row[1] = CStringGetTextDatum(segment->key);
		row[2] = Int32GetDatum(rank);
		row[3] = CStringGetTextDatum(segment->label_en);
		row[4] = CStringGetTextDatum(segment->label_zh);
		row[5] = CStringGetTextDatum(chinese ? segment->action_zh : segment->action_en);
		tuplestore_putvalues(result->setResult, result->setDesc, row, nulls);
	}
	return (Datum) 0;
}

/*
 * segment_maps
 *		The shipped maps as rows, the default first.
 */
Datum
segment_maps(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < lengthof(maps); i++)
	{
		Datum		row[] = {
			CStringGetTextDatum(maps[i].name),
			Int32GetDatum(maps[i].bins),
			Int32GetDatum(maps[i].digits),
			Int32GetDatum(count_segments(&maps[i])),
			CStringGetTextDatum(maps[i].title_en),
			CStringGetTextDatum(maps[i].title_zh)
		};
		bool		nulls[6] = {false};

		tuplestore_putvalues(result->setResult, result->setDesc, row, nulls);
	}
	return (Datum) 0;
}
