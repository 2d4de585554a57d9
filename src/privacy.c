/*
 * privacy.c
 *		Names for customers that say nothing about who they are, and the query behind small_groups.
 */
#include "compat.h"

#include "common/hmac.h"
#include "common/sha2.h"
#include "utils/builtins.h"
#include "utils/uuid.h"

#include "user_query.h"

PG_FUNCTION_INFO_V1(pseudonymise_text);
PG_FUNCTION_INFO_V1(pseudonymise_bigint);
PG_FUNCTION_INFO_V1(pseudonymise_uuid);
PG_FUNCTION_INFO_V1(people_resolved);

/* A shorter key can be found by trying. */
#define KEY_BYTES 16

/*
 * The first 122 bits of HMAC-SHA-256 (RFC 2104) of the id's text, as a UUID of version 8 (RFC 9562: bits of one's own).
 */
static Datum
pseudonym(const char *id, int length, const text *key)
{
	pg_hmac_ctx *hmac = NULL;
	uint8		digest[PG_SHA256_DIGEST_LENGTH];
	pg_uuid_t  *result = palloc(sizeof(pg_uuid_t));

	if (VARSIZE_ANY_EXHDR(key) < KEY_BYTES)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a key of %d bytes is too short", (int) VARSIZE_ANY_EXHDR(key)),
				 errhint("Give at least %d bytes that nobody guesses, such as those of: SELECT gen_random_uuid();", KEY_BYTES)));
	hmac = pg_hmac_create(PG_SHA256);
	if (!hmac)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	if (pg_hmac_init(hmac, (const uint8 *) VARDATA_ANY(key), VARSIZE_ANY_EXHDR(key)) < 0 ||
		pg_hmac_update(hmac, (const uint8 *) id, length) < 0 ||
		pg_hmac_final(hmac, digest, sizeof(digest)) < 0)
	{
		const char *reason = pg_hmac_error(hmac);

		pg_hmac_free(hmac);
		ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not compute HMAC: %s", reason)));
	}
	pg_hmac_free(hmac);
	memcpy(result->data, digest, UUID_LEN);
	result->data[6] = (result->data[6] & 0x0f) | 0x80;
	result->data[8] = (result->data[8] & 0x3f) | 0x80;
	return UUIDPGetDatum(result);
}

/* pseudonymise(text, text) → uuid */
Datum
pseudonymise_text(PG_FUNCTION_ARGS)
{
	text	   *id = PG_GETARG_TEXT_PP(0);

	return pseudonym(VARDATA_ANY(id), VARSIZE_ANY_EXHDR(id), PG_GETARG_TEXT_PP(1));
}

/* pseudonymise(bigint, text) → uuid */
Datum
pseudonymise_bigint(PG_FUNCTION_ARGS)
{
	char		id[MAXINT8LEN + 1];

	return pseudonym(id, pg_lltoa(PG_GETARG_INT64(0), id), PG_GETARG_TEXT_PP(1));
}

/* pseudonymise(uuid, text) → uuid */
Datum
pseudonymise_uuid(PG_FUNCTION_ARGS)
{
	const char *id = DatumGetCString(DirectFunctionCall1(uuid_out, PG_GETARG_DATUM(0)));

	return pseudonym(id, strlen(id), PG_GETARG_TEXT_PP(1));
}

/* Any columns will do. */
static void
check_nothing(FunctionCallInfo fcinfo, List *columns)
{
}

/* people_resolved(query text) → text */
Datum
people_resolved(PG_FUNCTION_ARGS)
{
	List	   *columns;

	PG_RETURN_TEXT_P(cstring_to_text(query_resolved(fcinfo, "query for people", "SELECT city, age_band FROM customers", check_nothing, &columns)));
}
