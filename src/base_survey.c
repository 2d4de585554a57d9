/*
 * base_survey.c
 *		What a text answer to a survey means. Unlike the functions of an analyst, a base raises no error for one that means nothing.
 */
#include "compat.h"

#include "utils/builtins.h"

#include "rating.h"

PG_FUNCTION_INFO_V1(base_answer_score);

/*
 * base_answer_score
 *		(kind, given): a number in digits, or for satisfaction the name of a level; NULL for anything else.
 */
Datum
base_answer_score(PG_FUNCTION_ARGS)
{
	char	   *given = text_to_cstring(PG_GETARG_TEXT_PP(1));
	char	   *start = given + strspn(given, " \t\r\n");
	char	   *end = start + strspn(start, "+-.0123456789");
	char	   *parsed;
	double		score;
	int			level;

	if (end > start && end - start < 20 && end[strspn(end, " \t\r\n")] == '\0')
	{
		score = strtod(start, &parsed);
		if (parsed == end)
			PG_RETURN_FLOAT8(score);
	}
	level = strcmp(text_to_cstring(PG_GETARG_TEXT_PP(0)), "csat") == 0 ? find_satisfaction_level(given) : 0;
	if (level == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(level);
}
