/*
 * history_codec.h
 *		The stored form of purchase histories and purchase changes, and their text form.
 *
 * Pure C, without postgres.h: it is tested, fuzzed and sanitised outside the server. Nothing here allocates.
 *
 * Stored form of a history, version 1 (for ever, so every byte is weighed):
 *
 *		byte 0			bits 7..4 version (1), bit 3 open form (see purchase_history.c), bits 2..0 scale:
 *						the digits after the point of every amount, 0..6, the smallest that holds them all
 *		then the days, ascending, each:
 *		  key			varint of  step * 8 + shape
 *						step: for the first day zigzag(days since 2000-01-01), else days since the one before - 1
 *						shape: 3 * purchases + refunds - 1, where purchases and refunds are 0 none, 1 one, 2 several
 *		  orders - 2	varint, when several
 *		  gross			varint in units of 10^-scale, when there are orders
 *		  refunds - 2	varint, when several
 *		  refunded		varint in units of 10^-scale, when there are refunds
 *
 * A varint has seven bits a byte, lowest first, the high bit set in all but the last, and no more bytes than
 * needed. One order of 99.90 within sixteen days of the one before takes three bytes. The form is canonical: equal
 * histories are equal bytes.
 *
 * Stored form of changes, version 1: the same with signed parts.
 *
 *		byte 0			as above
 *		unfit			varint: how many change rows could not be taken
 *		  key			varint of  step * 16 + presence, bit 0 orders, 1 gross, 2 refunds, 3 refunded
 *		  parts			zigzag varints of those present, none 0
 */
#ifndef PG_CUSTOMER_HISTORY_CODEC_H
#define PG_CUSTOMER_HISTORY_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* palloc aligns to eight bytes only. */
typedef __int128 history_amount __attribute__((aligned(8)));

#define HISTORY_VERSION		1
#define HISTORY_SCALE		6		/* amounts in memory are in millionths */
#define HISTORY_TAG(scale)	((uint8_t) (HISTORY_VERSION << 4 | (scale)))
#define HISTORY_OPEN		0x08	/* the bit of byte 0 */
#define HISTORY_EMPTY_SIZE	1		/* a history without days is its first byte */

/* Days that PostgreSQL's date can hold, as days since 2000-01-01. */
#define HISTORY_FIRST_DAY	(-2451545)
#define HISTORY_LAST_DAY	2145031948

/* What a day may hold: 10^15 orders, and amounts below 10^21. Sums over any history then fit 128 bits. */
#define HISTORY_MAX_COUNT	INT64_C(1000000000000000)
#define HISTORY_MAX_AMOUNT	((history_amount) INT64_C(1000000000000000000) * INT64_C(1000000000))

/*
 * What the changes of a day may sum to. It is that much more than what a row of changes may hold that no order of
 * a million rows of the largest count, or of a billion of the largest amount, runs into it on the way.
 */
#define CHANGES_MAX_COUNT	INT64_C(999999999999999999)
#define CHANGES_MAX_AMOUNT	(HISTORY_MAX_AMOUNT * 1000000000)
#define CHANGE_ROW_COUNT	INT64_C(1000000000000)

/* One day of a history, or the signed change of one. Amounts in millionths. */
typedef struct HistoryDay
{
	int32_t		day;			/* days since 2000-01-01 */
	int64_t		orders;
	int64_t		refunds;
	history_amount gross;
	history_amount refunded;
} HistoryDay;

typedef enum HistoryStatus
{
	HISTORY_MALFORMED = -1,
	HISTORY_END = 0,
	HISTORY_DAY = 1
} HistoryStatus;

/* Reads a stored form day by day, checking everything but the smallness of the scale. */
typedef struct HistoryReader
{
	const uint8_t *start;
	const uint8_t *next;
	const uint8_t *end;
	int64_t		day;
	int64_t		factor;			/* millionths in one unit of the scale */
	int			scale;
	bool		first;
	bool		changes;
} HistoryReader;

extern bool history_reader_init(HistoryReader *reader, const uint8_t *bytes, size_t size);
extern bool changes_reader_init(HistoryReader *reader, const uint8_t *bytes, size_t size, int64_t *unfit);
extern HistoryStatus history_next(HistoryReader *reader, HistoryDay *day);

/* What byte 0 says of a value that may be of a later version. */
extern int	history_version(const uint8_t *bytes, size_t size);

/* True when the bytes are a canonical history (or changes): the check of recv. */
extern bool history_valid(const uint8_t *bytes, size_t size);
extern bool changes_valid(const uint8_t *bytes, size_t size);

/* True when the counts and amounts are those that a day of a history, or of changes, may have. */
extern bool history_day_valid(const HistoryDay *day);
extern bool changes_day_valid(const HistoryDay *day);

/* No day needs more bytes: one of a step, two counts, two amounts. */
#define HISTORY_DAY_BYTES	52

/* An upper bound of the bytes that the days need, then the bytes themselves: returns how many were written. */
extern size_t history_encoded_bound(const HistoryDay *days, size_t n);
extern size_t history_encode(const HistoryDay *days, size_t n, uint8_t *bytes);
extern size_t changes_encoded_bound(const HistoryDay *days, size_t n);
extern size_t changes_encode(const HistoryDay *days, size_t n, int64_t unfit, uint8_t *bytes);

/* Text: {2024-01-05 2:120.5, 2024-02-01 1:35 -1:5}, changes with signed parts: {2024-01-05 +2:+120.5, …}. */
typedef struct HistoryError
{
	const char *message;		/* what is wrong, NULL when all is well */
	const char *hint;
	size_t		position;		/* offset of the byte where it went wrong */
} HistoryError;

/* Longest text of a day, with its separator. */
#define HISTORY_DAY_TEXT 192

/* Writes one day and a terminating zero; returns the length. */
extern size_t history_day_to_text(const HistoryDay *day, bool changes, char *text);
extern size_t history_amount_to_text(history_amount amount, char *text);
extern size_t history_date_to_text(int32_t day, char *text);

/* Reads the text form one day at a time; *position is 0 at first, and is moved on. */
extern HistoryStatus history_day_from_text(const char *text, size_t *position, bool changes,
										   HistoryDay *day, HistoryError *error);

/* Calendar: days since 2000-01-01 of a proleptic Gregorian date (year 0 is 1 BC), and back. */
extern int64_t calendar_to_day(int64_t year, int month, int mday);
extern void calendar_from_day(int64_t day, int64_t *year, int *month, int *mday);

#endif							/* PG_CUSTOMER_HISTORY_CODEC_H */
