/*
 * json_input.h
 *		Text input of types whose text form is a JSON object.
 *
 * What is wrong is collected: the getters go on with what they have, and json_failed ends it.
 */
#ifndef PG_CUSTOMER_JSON_INPUT_H
#define PG_CUSTOMER_JSON_INPUT_H

#include "compat.h"
#include "lib/stringinfo.h"
#include "utils/jsonb.h"

typedef struct JsonInput
{
	const char *type;			/* what is read */
	char	   *text;
	struct Node *escontext;		/* where errors go */
	JsonbContainer *object;
	int			known;			/* keys that were asked for and are there */
	const char *wrong;			/* the first key whose value cannot be used */
} JsonInput;

/* Reads type, text and escontext; false after a soft error. The example is for a hint. */
extern bool json_open(JsonInput *input, const char *example);

/* The value of a key; NULL without one. */
extern JsonbValue *json_value(JsonInput *input, JsonbContainer *object, const char *key);

/* The elements of a value that is an array of so many (of any number, if negative); NULL, and the key is wrong, where it is none. */
extern JsonbContainer *json_array(JsonInput *input, const char *key, const JsonbValue *value, int count);

/* A number, or NaN for null; what it was before where there is no value. */
extern void json_number(JsonInput *input, const char *key, const JsonbValue *value, double *number);

/* A whole number from 0; doubles hold them up to this. */
#define JSON_LARGEST_COUNT INT64_C(9007199254740992)
extern void json_count(JsonInput *input, const char *key, int64 *count);

/* A decimal in units of 10^-scale, below 10^limit_digits. */
extern void json_units(JsonInput *input, const char *key, const JsonbValue *value, int scale, int limit_digits, int128 *units);

/* A short text in the buffer; empty without the key. */
extern void json_text(JsonInput *input, const char *key, char *buffer, int size);

/* Remembers the key if none is wrong yet. */
extern void json_wrong(JsonInput *input, const char *key);

/* After a value that is wrong, or where there are keys that were not asked for: an error with this hint, and true if it is soft. */
extern bool json_failed(JsonInput *input, const char *hint);

/* A number in the fewest digits that give it back; NaN as null. */
extern void append_json_number(StringInfo text, double value);

/* The number that its text form gives back: there is one zero, and one NaN. */
extern double json_canonical(double number);

#endif							/* PG_CUSTOMER_JSON_INPUT_H */
