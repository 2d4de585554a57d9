/*
 * rating.c
 *		Answers of surveys: reading them, their scales, and the words for levels of satisfaction.
 */
#include "compat.h"

#include <math.h>

#include "catalog/pg_enum.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "decimal.h"
#include "rating.h"

/* ------------------------------------------------------------------------------------------------
 * Levels of satisfaction
 * ------------------------------------------------------------------------------------------------ */

/* How many wordings of a level there are. The first one is the label of the enum, the next two are given back. */
#define WORDINGS 5

static const char *const wordings[SATISFACTION_LEVELS][WORDINGS] = {
	{"very_dissatisfied", "Very dissatisfied", "很不满意", "非常不满意"},
	{"dissatisfied", "Dissatisfied", "不满意"},
	{"neutral", "Neutral", "基本满意", "一般", "Basically satisfied"},
	{"satisfied", "Satisfied", "满意"},
	{"very_satisfied", "Very satisfied", "很满意", "非常满意"}
};

/*
 * satisfaction_level_label
 */
const char *
satisfaction_level_label(int level, bool chinese)
{
	return wordings[level - 1][chinese ? 2 : 1];
}

/*
 * satisfaction_level_oids
 *		A user may have renamed a label.
 */
void
satisfaction_level_oids(Oid enum_type, Oid oids[SATISFACTION_LEVELS])
{
	for (int i = 0; i < SATISFACTION_LEVELS; i++)
	{
		oids[i] = GetSysCacheOid2(ENUMTYPOIDNAME, Anum_pg_enum_oid, ObjectIdGetDatum(enum_type),
								  CStringGetDatum(wordings[i][0]));
		if (!OidIsValid(oids[i]))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("type %s has lost its label \"%s\"", format_type_be(enum_type), wordings[i][0]),
					 errhint("Rename the label back: ALTER TYPE ... RENAME VALUE.")));
	}
}

/*
 * find_satisfaction_level
 *		Case does not matter in English, nor does it how the words are joined, nor space around.
 */
int
find_satisfaction_level(const char *text)
{
	char	   *name = pstrdup(text);
	char	   *end;

	while (isspace((unsigned char) *name))
		name++;
	end = name + strlen(name);
	while (end > name && isspace((unsigned char) end[-1]))
		*--end = '\0';
	if (name[0] >= '1' && name[0] <= '0' + SATISFACTION_LEVELS && name[1] == '\0')
		return name[0] - '0';
	for (char *p = name; *p != '\0'; p++)
	{
		if (*p == '_' || *p == '-')
			*p = ' ';
	}
	for (int level = 1; level <= SATISFACTION_LEVELS; level++)
	{
		for (int i = 1; i < WORDINGS && wordings[level - 1][i] != NULL; i++)
		{
			if (pg_strcasecmp(name, wordings[level - 1][i]) == 0)
				return level;
		}
	}
	return 0;
}

/* ------------------------------------------------------------------------------------------------
 * Answers
 * ------------------------------------------------------------------------------------------------ */

/*
 * rating_reader
 *		Looked up at the first call.
 */
const RatingReader *
rating_reader(FunctionCallInfo fcinfo, int argument, bool words)
{
	FmgrInfo   *flinfo = fcinfo->flinfo;
	RatingReader *reader = flinfo->fn_extra;
	Oid		   *types;
	int			ntypes;

	if (reader != NULL)
		return reader;
	(void) get_func_signature(flinfo->fn_oid, &types, &ntypes);
	reader = MemoryContextAllocZero(flinfo->fn_mcxt, sizeof(RatingReader));
	reader->type = argument < ntypes ? types[argument] : InvalidOid;
	reader->words = words && reader->type == TEXTOID;
	reader->float8_weight = argument + 1 < ntypes && types[argument + 1] == FLOAT8OID;
	if (get_typtype(reader->type) == TYPTYPE_ENUM)
		satisfaction_level_oids(reader->type, reader->levels);
	flinfo->fn_extra = reader;
	return reader;
}

/*
 * rating_not_on_scale
 */
void
rating_not_on_scale(const char *answer, const RatingScale *scale)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("answer is not on the scale %d..%d: %s", scale->low, scale->high, answer),
			 scale->low == RATING_LOW ? errhint("Ratings are whole numbers from %d to %d.", RATING_LOW, RATING_HIGH)
			 : errhint("Name the scale of the question where it is another one; answers that are wrong can be left out with FILTER or turned into NULL.")));
}

/*
 * not_whole
 *		The error of an answer that is no whole number.
 */
static void
not_whole(const RatingReader *reader, const char *answer)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			 reader->words ? errmsg("answer is neither a whole number nor a level of satisfaction: %s", answer)
			 : errmsg("answer is not a whole number: %s", answer),
			 errhint("Turn what is no answer into NULL, as with nullif(answer, 'n/a').")));
}

/*
 * rating_from_text
 *		Digits, as "9"; also "9.0", which some programs write for a number. Space around does not matter.
 */
static int
rating_from_text(const RatingReader *reader, const char *text, const RatingScale *scale)
{
	const char *p = text;
	bool		negative;
	int64		value = 0;
	int			digits = 0;

	while (isspace((unsigned char) *p))
		p++;
	negative = *p == '-';
	if (*p == '-' || *p == '+')
		p++;
	for (; isdigit((unsigned char) *p); p++, digits++)
		value = Min(value * 10 + (*p - '0'), PG_INT32_MAX);
	if (digits > 0 && *p == '.')
	{
		p++;
		while (*p == '0')
			p++;
	}
	while (isspace((unsigned char) *p))
		p++;
	if (digits == 0 || *p != '\0')
	{
		int			level = reader->words ? find_satisfaction_level(text) : 0;

		if (level == 0)
			not_whole(reader, psprintf("\"%s\"", text));
		value = level;
	}
	else if (negative)
		value = -value;
	if (value < scale->low || value > scale->high)
		rating_not_on_scale(psprintf("\"%s\"", text), scale);
	return (int) value;
}

/*
 * read_rating
 *		Numbers are not rounded.
 */
int
read_rating(const RatingReader *reader, Datum value, const RatingScale *scale)
{
	double		number;

	switch (reader->type)
	{
		case INT2OID:
			number = DatumGetInt16(value);
			break;
		case INT4OID:
			number = DatumGetInt32(value);
			break;
		case FLOAT8OID:
			number = DatumGetFloat8(value);
			if (number != rint(number))
				not_whole(reader, DatumGetCString(DirectFunctionCall1(float8out, value)));
			break;
		case NUMERICOID:
			{
				int128		units;
				DecimalStatus status = decimal_from_numeric(value, 0, 9, false, &units);

				if (status == DECIMAL_TOO_FINE || status == DECIMAL_NAN)
					not_whole(reader, DatumGetCString(DirectFunctionCall1(numeric_out, value)));
				number = status == DECIMAL_OK ? (double) units : get_float8_infinity();
				break;
			}
		case TEXTOID:
			return rating_from_text(reader, TextDatumGetCString(value), scale);
		default:
			for (int i = 0; i < SATISFACTION_LEVELS; i++)
			{
				if (reader->levels[i] == DatumGetObjectId(value))
					return i + 1;
			}
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("a label that was added to %s is no level", format_type_be(reader->type))));
	}
	if (!(number >= scale->low && number <= scale->high))
	{
		Oid			output;
		bool		varlena;

		getTypeOutputInfo(reader->type, &output, &varlena);
		rating_not_on_scale(OidOutputFunctionCall(output, value), scale);
	}
	return (int) number;
}

/*
 * read_answers
 */
int64
read_answers(FunctionCallInfo fcinfo, int argument)
{
	int64		answers = PG_GETARG_INT64(argument);

	if (answers < 0)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("a number of answers is negative: " INT64_FORMAT, answers)));
	return answers;
}

/*
 * read_scale
 */
RatingScale
read_scale(FunctionCallInfo fcinfo, int argument)
{
	RatingScale scale;
	char	   *name;
	char		rest;

	if (PG_ARGISNULL(argument))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the scale is NULL"),
				 errhint("A scale is its lowest and its highest answer, as '1..5'.")));
	name = text_to_cstring(PG_GETARG_TEXT_PP(argument));
	if (sscanf(name, "%4d..%4d%c", &scale.low, &scale.high, &rest) != 2 ||
		scale.low < RATING_LOW || scale.high > RATING_HIGH || scale.low >= scale.high)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown scale: \"%s\"", name),
				 errhint("A scale is its lowest and its highest answer, as '1..5', between %d and %d.", RATING_LOW, RATING_HIGH)));
	return scale;
}
