/*
 * language.c
 *		The languages that labels and recommended actions come in.
 */
#include "compat.h"

#include "utils/builtins.h"

#include "language.h"

/*
 * speaks_chinese
 *		Tells which of the two languages is asked for.
 */
bool
speaks_chinese(text *language)
{
	char	   *name = text_to_cstring(language);

	if (strcmp(name, "en") != 0 && strcmp(name, "zh") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown language: \"%s\"", name),
				 errhint("Use en for English or zh for Chinese.")));
	return name[0] == 'z';
}
