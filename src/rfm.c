/*
 * rfm.c
 *		The type rfm_score: recency, frequency and money, each scored 1 to 9, as three digits.
 *
 * The value is the number that its digits write: 543. A higher digit is always better, so 5 is the best
 * of five and a more recent customer has the higher first digit.
 */
#include "compat.h"

#include "libpq/pqformat.h"

#include "rfm.h"

PG_FUNCTION_INFO_V1(rfm_score_in);
PG_FUNCTION_INFO_V1(rfm_score_out);
PG_FUNCTION_INFO_V1(rfm_score_recv);
PG_FUNCTION_INFO_V1(rfm_score_send);
PG_FUNCTION_INFO_V1(recency_score);
PG_FUNCTION_INFO_V1(frequency_score);
PG_FUNCTION_INFO_V1(monetary_score);
PG_FUNCTION_INFO_V1(fm_score);

/*
 * is_score_digit
 *		Tells whether a character is one of 1 to 9.
 */
static inline bool
is_score_digit(char c)
{
	return c >= '1' && c <= '9';
}

/*
 * rfm_score_in
 *		Reads exactly three digits of 1 to 9.
 */
Datum
rfm_score_in(PG_FUNCTION_ARGS)
{
	const char *text = PG_GETARG_CSTRING(0);

	if (strlen(text) != 3 || !is_score_digit(text[0]) || !is_score_digit(text[1]) || !is_score_digit(text[2]))
		ereturn(fcinfo->context, (Datum) 0,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type %s: \"%s\"", "rfm_score", text),
				 errhint("Write recency, frequency and money as three digits from 1 to 9, such as 543.")));
	PG_RETURN_INT32(RFM_CODE(text[0] - '0', text[1] - '0', text[2] - '0'));
}

/*
 * rfm_score_out
 *		Writes the three digits.
 */
Datum
rfm_score_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(psprintf("%d", PG_GETARG_INT32(0)));
}

/*
 * rfm_score_recv
 *		Reads the binary form, as strictly as the text form.
 */
Datum
rfm_score_recv(PG_FUNCTION_ARGS)
{
	int32		code = pq_getmsgint((StringInfo) PG_GETARG_POINTER(0), sizeof(int32));

	if (code < 111 || code > 999 || RFM_FREQUENCY(code) == 0 || RFM_MONETARY(code) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid binary value for type %s: %d", "rfm_score", code),
				 errhint("Send a number of three digits from 1 to 9, such as 543, in four bytes.")));
	PG_RETURN_INT32(code);
}

/*
 * rfm_score_send
 *		Writes the binary form: the number in four bytes.
 */
Datum
rfm_score_send(PG_FUNCTION_ARGS)
{
	StringInfoData buffer;

	pq_begintypsend(&buffer);
	pq_sendint32(&buffer, PG_GETARG_INT32(0));
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

/*
 * recency_score
 *		The first digit.
 */
Datum
recency_score(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(RFM_RECENCY(PG_GETARG_INT32(0)));
}

/*
 * frequency_score
 *		The second digit.
 */
Datum
frequency_score(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(RFM_FREQUENCY(PG_GETARG_INT32(0)));
}

/*
 * monetary_score
 *		The third digit.
 */
Datum
monetary_score(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(RFM_MONETARY(PG_GETARG_INT32(0)));
}

/*
 * fm_score
 *		The mean of the frequency and the money score, to one digit after the point.
 */
Datum
fm_score(PG_FUNCTION_ARGS)
{
	int32		code = PG_GETARG_INT32(0);

	PG_RETURN_NUMERIC(decimal_to_numeric((RFM_FREQUENCY(code) + RFM_MONETARY(code)) * 5, 1, false));
}
