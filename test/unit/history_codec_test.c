/*
 * history_codec_test.c
 *		The stored form and the text form, outside the server, in TAP.
 *
 *		cc -fsanitize=address,undefined -Isrc test/unit/history_codec_test.c src/history_codec.c src/history_text.c
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "history_codec.h"
#include "tap.h"

#define MOST_DAYS	40
#define MOST_BYTES	(MOST_DAYS * 96 + 16)
#define MOST_TEXT	(MOST_DAYS * HISTORY_DAY_TEXT + 8)

/* ------------------------------------------------------------------------------------------------
 * Random values, the same in every run
 * ------------------------------------------------------------------------------------------------ */

static uint64_t
random_below(uint64_t n)
{
	return any_bits() % n;
}

/*
 * random_amount
 *		Whole multiples of a unit, mostly small, sometimes up to a limit.
 */
static history_amount
random_amount(history_amount limit, int64_t unit)
{
	unsigned __int128 wide = (unsigned __int128) any_bits() << 64 | any_bits();
	history_amount amount;

	switch (random_below(8))
	{
		case 0:
			return 0;
		case 1:
			amount = limit - 1;
			break;
		case 2:
			amount = (history_amount) (wide % (unsigned __int128) limit);
			break;
		default:
			amount = (history_amount) random_below(UINT64_C(100000000000));
	}
	return amount - amount % unit;
}

static int64_t
random_count(int64_t limit)
{
	switch (random_below(8))
	{
		case 0:
			return limit;
		case 1:
			return 1 + (int64_t) random_below((uint64_t) limit);
		case 2:
			return 1 + (int64_t) random_below(300);
		default:
			return 1;
	}
}

/*
 * random_days
 *		A valid history, or valid changes: ascending days, of any scale.
 */
static size_t
random_days(HistoryDay *days, bool changes)
{
	static const int64_t units[] = {1, 10, 100, 1000, 10000, 100000, 1000000};
	size_t		n = random_below(random_below(8) == 0 ? MOST_DAYS + 1 : 6);
	int64_t		unit = units[random_below(7)];
	int64_t		day = 0;
	int64_t		spread = random_below(4) == 0 ? 200000000 : 60;
	size_t		i;

	switch (random_below(4))
	{
		case 0:
			day = HISTORY_FIRST_DAY;
			break;
		case 1:
			day = HISTORY_LAST_DAY - (int64_t) n * spread;
			break;
		default:
			day = (int64_t) random_below(20000) - 5000;
	}
	if (day < HISTORY_FIRST_DAY)
		day = HISTORY_FIRST_DAY;
	for (i = 0; i < n && day <= HISTORY_LAST_DAY; i++)
	{
		HistoryDay *d = &days[i];
		int			parts = 1 + (int) random_below(changes ? 15 : 3);

		memset(d, 0, sizeof(*d));
		d->day = (int32_t) day;
		if (changes)
		{
			if (parts & 1)
				d->orders = random_count(CHANGES_MAX_COUNT) * (any_bits() & 1 ? 1 : -1);
			if (parts & 2)
				d->gross = random_amount(CHANGES_MAX_AMOUNT, unit) * (any_bits() & 1 ? 1 : -1);
			if (parts & 4)
				d->refunds = random_count(CHANGES_MAX_COUNT) * (any_bits() & 1 ? 1 : -1);
			if (parts & 8)
				d->refunded = random_amount(CHANGES_MAX_AMOUNT, unit) * (any_bits() & 1 ? 1 : -1);
			if (d->orders == 0 && d->gross == 0 && d->refunds == 0 && d->refunded == 0)
				d->orders = -1;
		}
		else
		{
			if (parts & 1)
			{
				d->orders = random_count(HISTORY_MAX_COUNT);
				d->gross = random_amount(HISTORY_MAX_AMOUNT, unit);
			}
			if (parts & 2)
			{
				d->refunds = random_count(HISTORY_MAX_COUNT);
				d->refunded = random_amount(HISTORY_MAX_AMOUNT, unit);
			}
		}
		day += 1 + (any_bits() & 1 ? 0 : (int64_t) random_below((uint64_t) spread));
	}
	return i;
}

/* ------------------------------------------------------------------------------------------------
 * Encoding and decoding
 * ------------------------------------------------------------------------------------------------ */

static bool
same_days(const HistoryDay *a, size_t n, const HistoryDay *b, size_t m)
{
	if (n != m)
		return false;
	for (size_t i = 0; i < n; i++)
	{
		if (a[i].day != b[i].day || a[i].orders != b[i].orders || a[i].gross != b[i].gross ||
			a[i].refunds != b[i].refunds || a[i].refunded != b[i].refunded)
			return false;
	}
	return true;
}

static size_t
encode(const HistoryDay *days, size_t n, bool changes, int64_t unfit, uint8_t *bytes)
{
	return changes ? changes_encode(days, n, unfit, bytes) : history_encode(days, n, bytes);
}

static bool
valid(const uint8_t *bytes, size_t size, bool changes)
{
	return changes ? changes_valid(bytes, size) : history_valid(bytes, size);
}

/*
 * decode
 *		All days of bytes that are valid; false where the reader finds them malformed.
 */
static bool
decode(const uint8_t *bytes, size_t size, bool changes, HistoryDay *days, size_t *n, int64_t *unfit)
{
	HistoryReader reader;
	HistoryStatus status;

	*n = 0;
	*unfit = 0;
	if (!(changes ? changes_reader_init(&reader, bytes, size, unfit) : history_reader_init(&reader, bytes, size)))
		return false;
	while ((status = history_next(&reader, &days[*n])) == HISTORY_DAY)
		(*n)++;
	return status == HISTORY_END;
}

/*
 * refused_or_canonical
 *		Any bytes: either they are not valid, or they are what their days are encoded to. The copy has exactly their
 *		size, so that a read past the end is caught.
 */
static bool
refused_or_canonical(const uint8_t *bytes, size_t size, bool changes, size_t *accepted)
{
	uint8_t    *copy = malloc(size > 0 ? size : 1);
	HistoryDay *days = malloc((size + 1) * sizeof(HistoryDay));
	uint8_t    *again = malloc(size * 20 + 64);
	size_t		n;
	int64_t		unfit;
	bool		result = true;

	memcpy(copy, bytes, size);
	if (valid(copy, size, changes))
	{
		(*accepted)++;
		result = decode(copy, size, changes, days, &n, &unfit) &&
			encode(days, n, changes, unfit, again) == size && memcmp(again, copy, size) == 0;
		for (size_t i = 0; i < n && result; i++)
			result = (i == 0 || days[i].day > days[i - 1].day) &&
				days[i].day >= HISTORY_FIRST_DAY && days[i].day <= HISTORY_LAST_DAY &&
				(changes ? changes_day_valid(&days[i]) : history_day_valid(&days[i]));
	}
	else
		(void) decode(copy, size, changes, days, &n, &unfit);	/* must not crash either */
	free(copy);
	free(days);
	free(again);
	return result;
}

/* ------------------------------------------------------------------------------------------------
 * Text
 * ------------------------------------------------------------------------------------------------ */

static void
to_text(const HistoryDay *days, size_t n, bool changes, char *text)
{
	char	   *p = text;

	*p++ = '{';
	for (size_t i = 0; i < n; i++)
	{
		if (i > 0)
			p += sprintf(p, ", ");
		p += history_day_to_text(&days[i], changes, p);
	}
	strcpy(p, "}");
}

/*
 * from_text
 *		False, with the error, where the text is refused.
 */
static bool
from_text(const char *text, bool changes, HistoryDay *days, size_t *n, HistoryError *error)
{
	HistoryDay	day = {0};
	HistoryStatus status;
	size_t		position = 0;

	*n = 0;
	while ((status = history_day_from_text(text, &position, changes, &day, error)) == HISTORY_DAY)
		days[(*n)++] = day;
	return status == HISTORY_END;
}

/* ------------------------------------------------------------------------------------------------
 * Tests
 * ------------------------------------------------------------------------------------------------ */

/*
 * golden
 *		The stored form is for ever: these bytes were worked out from history_codec.h, not by this code.
 */
static void
golden(const char *text, bool changes, int64_t unfit, const char *hex)
{
	HistoryDay	days[MOST_DAYS];
	uint8_t		bytes[MOST_BYTES];
	char		found[2 * MOST_BYTES + 1] = "";
	char		back[MOST_TEXT];
	HistoryError error;
	size_t		n;
	size_t		size = 0;

	if (from_text(text, changes, days, &n, &error))
		size = encode(days, n, changes, unfit, bytes);
	for (size_t i = 0; i < size; i++)
		sprintf(found + 2 * i, "%02X", bytes[i]);
	to_text(days, n, changes, back);
	ok(strcmp(found, hex) == 0 && strcmp(text, back) == 0 && valid(bytes, size, changes), "%s is %s", text, hex);
	if (strcmp(found, hex) != 0)
		printf("# found %s\n", found);
}

static void
test_golden(void)
{
	golden("{}", false, 0, "10");
	/* day 0, one order: 0 * 8 + 3 * 1 + 0 - 1 = 02; amount 00 */
	golden("{2000-01-01 1:0}", false, 0, "100200");
	/* day 8770: 17540 * 8 + 2 = 140322 = A2 C8 08; 999 tenths = E7 07 */
	golden("{2024-01-05 1:99.9}", false, 0, "11A2C808E707");
	/* ... + 5, none beyond two, 1205 tenths; 27 days on: 26 * 8 + 3 * 1 + 1 - 1 = 211 = D3 01, 350 = DE 02, 50 = 32 */
	golden("{2024-01-05 2:120.5, 2024-02-01 1:35 -1:5}", false, 0, "11A5C80800B509D301DE0232");
	/* day -1 is zigzag 1: 1 * 8 + 0 + 2 - 1 = 09; one beyond two; one millionth */
	golden("{1999-12-31 -3:0.000001}", false, 0, "16090101");
	/* sixteen days apart: 15 * 8 + 2 = 122 = 7A; seventeen: 16 * 8 + 2 = 130 = 82 01 */
	golden("{2000-01-01 1:1, 2000-01-17 1:1, 2000-02-03 1:1}", false, 0, "1002017A01820101");
	/* the ends of the calendar: zigzag 4903089 * 8 + 2 = 39224714, 2147483492 * 8 + 2 = 17179867938 */
	golden("{4714-11-24 BC 1:0, 5874897-12-31 1:0}", false, 0, "108A8BDA1200A2F6FFFF3F00");
	/* the largest day: 10^15 - 2 orders more, 10^27 - 1 millionths, at scale 6; both sides */
	golden("{2000-01-01 1000000000000000:999999999999999999999.999999}", false, 0,
		   "1605FEFF99A6EAAFE301FFFFFFBFCE87A0E89FF9B8D933");
	golden("{}", true, 0, "1000");
	/* 3 unfit; day 1 is zigzag 2: 2 * 16 + 3 = 23; -1 is 01; -205 tenths is 409 = 99 03 */
	golden("{2000-01-02 orders -1 gross -20.5}", true, 3, "110323019903");
	/* all four parts: 0 * 16 + 15; +2 is 04, +300 is 600 = D8 04, +1 is 02, -5 is 09 */
	golden("{2000-01-01 orders +2 gross +300 refunds +1 refunded -5}", true, 0, "10000F04D8040209");
}

/*
 * test_round_trips
 *		Random histories come back from bytes and from text as they were.
 */
static void
test_round_trips(bool changes, int rounds)
{
	static HistoryDay days[MOST_DAYS];
	static HistoryDay back[MOST_DAYS];
	static uint8_t bytes[MOST_BYTES];
	static char text[MOST_TEXT];
	int			wrong_bytes = 0;
	int			wrong_text = 0;
	int			wrong_bound = 0;
	int			longest = 0;

	for (int round = 0; round < rounds; round++)
	{
		size_t		n = random_days(days, changes);
		int64_t		unfit = changes && random_below(3) == 0 ? random_count(INT64_MAX) : 0;
		int64_t		back_unfit;
		size_t		bound = changes ? changes_encoded_bound(days, n) : history_encoded_bound(days, n);
		size_t		size = encode(days, n, changes, unfit, bytes);
		size_t		m;
		HistoryError error;

		wrong_bound += size > bound;
		wrong_bytes += !valid(bytes, size, changes) ||
			!decode(bytes, size, changes, back, &m, &back_unfit) ||
			!same_days(days, n, back, m) || back_unfit != unfit;
		to_text(days, n, changes, text);
		wrong_text += !from_text(text, changes, back, &m, &error) || !same_days(days, n, back, m);
		for (size_t i = 0; i < n; i++)
		{
			int			length = (int) history_day_to_text(&days[i], changes, text);

			longest = length > longest ? length : longest;
		}
	}
	ok(wrong_bytes == 0, "%d random %s come back from their bytes", rounds, changes ? "changes" : "histories");
	ok(wrong_bound == 0, "none is longer than its bound");
	ok(wrong_text == 0, "all come back from their text");
	ok(longest + 2 < HISTORY_DAY_TEXT, "the longest text of a day has %d characters", longest);
}

/*
 * test_damage
 *		Valid bytes cut off anywhere, or with any byte changed, are refused or are the canonical form of something else.
 */
static void
test_damage(bool changes, int rounds)
{
	static HistoryDay days[MOST_DAYS];
	static uint8_t bytes[MOST_BYTES];
	const char *what = changes ? "changes" : "histories";
	size_t		accepted = 0;
	long		cuts = 0;
	long		bad_cuts = 0;
	long		mutations = 0;
	long		bad_mutations = 0;
	long		bad_random = 0;

	for (int round = 0; round < rounds; round++)
	{
		size_t		n = random_days(days, changes);
		size_t		size = encode(days, n > 6 ? 6 : n, changes, 0, bytes);

		for (size_t cut = 0; cut < size; cut++, cuts++)
			bad_cuts += !refused_or_canonical(bytes, cut, changes, &accepted);
		for (size_t at = 0; at < size; at++)
		{
			uint8_t		was = bytes[at];

			for (int value = 0; value < 256; value++, mutations++)
			{
				bytes[at] = (uint8_t) value;
				bad_mutations += !refused_or_canonical(bytes, size, changes, &accepted);
			}
			bytes[at] = was;
		}
	}
	ok(bad_cuts == 0, "%ld truncated %s are refused or canonical", cuts, what);
	ok(bad_mutations == 0, "%ld mutated %s are refused or canonical", mutations, what);

	for (int round = 0; round < rounds * 1000; round++)
	{
		size_t		size = random_below(24);

		for (size_t i = 0; i < size; i++)
			bytes[i] = (uint8_t) (any_bits() & (any_bits() & 1 ? 0xFF : 0x1F));
		if (size > 0 && any_bits() & 3)
			bytes[0] = HISTORY_TAG(random_below(8));
		bad_random += !refused_or_canonical(bytes, size, changes, &accepted);
	}
	ok(bad_random == 0, "%d random byte strings are refused or canonical %s", rounds * 1000, what);
	ok(accepted > 0, "%zu of all those were accepted", accepted);
}

/*
 * test_not_canonical
 *		Bytes that mean a history, but are not its one form.
 */
static void
refuse(bool changes, const char *why, size_t size, const uint8_t *bytes)
{
	ok(!valid(bytes, size, changes), "refused: %s", why);
}

#define REFUSE(changes, why, ...) \
	refuse(changes, why, sizeof((uint8_t[]) {__VA_ARGS__}), (uint8_t[]) {__VA_ARGS__})

static void
test_not_canonical(void)
{
	refuse(false, "no byte", 0, (uint8_t[]) {0});
	REFUSE(false, "version 0", 0x00);
	REFUSE(false, "version 2", 0x20);
	REFUSE(false, "the open form", 0x18);
	REFUSE(false, "scale 7", 0x17);
	REFUSE(false, "a scale larger than needed", 0x11, 0x02, 0x0A);
	REFUSE(false, "a scale without a day", 0x11);
	REFUSE(false, "a varint longer than needed", 0x10, 0x82, 0x00, 0x01);
	REFUSE(false, "a varint of 20 bytes", 0x10, 0x02, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
		   0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01);
	REFUSE(false, "a day past the calendar", 0x10, 0xFA, 0xFF, 0xFF, 0xFF, 0x7F, 0x00);
	REFUSE(false, "10^15 + 1 orders", 0x10, 0x05, 0xFF, 0xFF, 0x99, 0xA6, 0xEA, 0xAF, 0xE3, 0x01, 0x00);
	REFUSE(false, "10^21", 0x10, 0x02, 0x80, 0x80, 0x80, 0xF5, 0xDD, 0xB8, 0xEB, 0xE4, 0xB5, 0x6C);
	REFUSE(true, "no count of unfit rows", 0x10);
	REFUSE(true, "2^63 unfit rows", 0x10, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01);
	REFUSE(true, "a day without a change", 0x10, 0x00, 0x00);
	REFUSE(true, "a change of 0", 0x10, 0x00, 0x01, 0x00);
}

/*
 * test_text
 *		What text input accepts beyond what output writes, what it refuses, and where.
 */
static void
accept(const char *text, bool changes, const char *canonical)
{
	HistoryDay	days[MOST_DAYS];
	char		back[MOST_TEXT] = "";
	HistoryError error = {0};
	size_t		n;

	if (from_text(text, changes, days, &n, &error))
		to_text(days, n, changes, back);
	ok(strcmp(back, canonical) == 0, "%s is %s", text, canonical);
}

static void
reject(const char *text, bool changes, size_t position, const char *message)
{
	HistoryDay	days[MOST_DAYS];
	HistoryError error = {0};
	size_t		n;
	bool		refused = !from_text(text, changes, days, &n, &error);

	ok(refused && error.position == position && strcmp(error.message, message) == 0, "%s: %s", text, message);
	if (refused)
		printf("# at %zu: %s\n", error.position, error.message);
}

static void
test_text(void)
{
	accept("  { } ", false, "{}");
	accept("{2024-1-5  02:0120.50 ,\t2024-02-01 1:35.000000000 -1:5.0 }", false,
		   "{2024-01-05 2:120.5, 2024-02-01 1:35 -1:5}");
	accept("{2024-01-05 0:0 -1:5}", false, "{2024-01-05 -1:5}");
	accept("{0001-01-01 BC 1:1, 0001-01-01 1:1}", false, "{0001-01-01 BC 1:1, 0001-01-01 1:1}");
	accept("{2024-01-05 orders 1 gross 20 refunds -1}", true, "{2024-01-05 orders +1 gross +20 refunds -1}");

	reject("", false, 0, "an opening brace is missing");
	reject("{2024-01-05 1:1", false, 15, "a comma or the closing brace is missing");
	reject("{} x", false, 3, "nothing may follow the closing brace");
	reject("{2024-01-05 1:1,}", false, 16, "a day must be written as YYYY-MM-DD");
	reject("{2023-02-29 1:1}", false, 1, "there is no such day");
	reject("{2024-13-01 1:1}", false, 1, "there is no such day");
	reject("{2024-00-01 1:1}", false, 1, "there is no such day");
	reject("{0000-01-01 1:1}", false, 1, "there is no such day");
	reject("{0000-01-01 BC 1:1}", false, 1, "there is no such day");
	reject("{4714-11-23 BC 1:1}", false, 1, "there is no such day");
	reject("{5874898-01-01 1:1}", false, 1, "there is no such day");
	reject("{2024-01-05}", false, 11, "a day needs at least one order or refund");
	reject("{2024-01-05 0:5}", false, 15, "a day needs at least one order or refund");
	reject("{2024-01-05 1}", false, 13, "a colon and the amount must follow the number of orders");
	reject("{2024-01-05 -1}", false, 14, "a colon and the amount must follow the number of refunds");
	reject("{2024-01-05 1:}", false, 14, "an amount is missing");
	reject("{2024-01-05 -:1}", false, 13, "a number of orders or refunds is missing");
	reject("{2024-01-05 1:1.}", false, 16, "digits are missing after the point");
	reject("{2024-01-05 1:1.0000001}", false, 22, "the amount has more than 6 digits after the point");
	reject("{2024-01-05 1:1000000000000000000000}", false, 14, "the amount is too large");
	reject("{2024-01-05 1000000000000001:1}", false, 12, "the number of orders or refunds is too large");
	reject("{2024-01-05 1:1, 2024-01-05 1:1}", false, 27, "days must be in ascending order, each once");
	reject("{2024-01-05 orders +0}", true, 21, "a change must not be 0");
	reject("{2024-01-05 refunds +1 orders +1}", true, 23, "a comma or the closing brace is missing");
	reject("{2024-01-05 1:1}", true, 12, "a day without a change");
	reject("{2024-01-05 orders 1000000000000000000}", true, 19, "the number of orders or refunds is too large");
	reject("{2024-01-05 gross -1000000000000000000000000000000}", true, 19, "the amount is too large");
}

/*
 * test_text_damage
 *		Mutated text is refused, or means something that its own text gives back.
 */
static void
test_text_damage(bool changes, int rounds)
{
	static const char alphabet[] = "{}0123456789-:., \t+ordersgfunBC\x80";
	static HistoryDay days[MOST_DAYS];
	static HistoryDay parsed[MOST_TEXT];
	static HistoryDay again[MOST_TEXT];
	static char text[MOST_TEXT];
	long		wrong = 0;
	long		accepted = 0;

	for (int round = 0; round < rounds; round++)
	{
		size_t		n = random_days(days, changes);
		size_t		length;
		size_t		m;
		size_t		k;
		char	   *copy;
		HistoryError error;

		to_text(days, n > 4 ? 4 : n, changes, text);
		for (int i = 0; i < 1 + (int) random_below(3); i++)
			text[random_below(strlen(text))] = alphabet[random_below(sizeof(alphabet) - 1)];
		length = strlen(text);
		if (random_below(4) == 0)
			length = random_below(length + 1);
		copy = malloc(length + 1);
		memcpy(copy, text, length);
		copy[length] = '\0';
		if (from_text(copy, changes, parsed, &m, &error))
		{
			accepted++;
			to_text(parsed, m, changes, text);
			wrong += !from_text(text, changes, again, &k, &error) || !same_days(parsed, m, again, k);
		}
		else
			wrong += error.message == NULL || error.position > length;
		free(copy);
	}
	ok(wrong == 0 && accepted > 0, "%d mutated texts of %s: %ld accepted, all of them come back",
	   rounds, changes ? "changes" : "histories", accepted);
}

/*
 * test_calendar
 *		Against counting days one by one.
 */
static void
test_calendar(void)
{
	static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int64_t		number = -730119;	/* 0001-01-01, from 2000-01-01 as day 0 */
	long		wrong = 0;
	int64_t		year;
	int			month;
	int			mday;
	int64_t		before = INT64_MIN;
	char		text[HISTORY_DAY_TEXT];

	for (int y = 1; y <= 2400; y++)
	{
		for (int m = 1; m <= 12; m++)
		{
			bool		leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
			int			last = lengths[m - 1] + (m == 2 && leap);

			for (int d = 1; d <= last; d++, number++)
			{
				calendar_from_day(number, &year, &month, &mday);
				wrong += year != y || month != m || mday != d || calendar_to_day(y, m, d) != number;
				if (y == 2000 && m == 1 && d == 1)
					wrong += number != 0;
			}
		}
	}
	ok(wrong == 0, "every day of the years 1 to 2400");

	history_date_to_text(HISTORY_FIRST_DAY, text);
	ok(strcmp(text, "4714-11-24 BC") == 0 && calendar_to_day(-4713, 11, 24) == HISTORY_FIRST_DAY, "the first day is %s", text);
	history_date_to_text(HISTORY_LAST_DAY, text);
	ok(strcmp(text, "5874897-12-31") == 0 && calendar_to_day(5874897, 12, 31) == HISTORY_LAST_DAY, "the last day is %s", text);

	wrong = 0;
	for (int round = 0; round < 1000000; round++)
	{
		int64_t		day = HISTORY_FIRST_DAY +
			(int64_t) random_below((uint64_t) ((int64_t) HISTORY_LAST_DAY - HISTORY_FIRST_DAY + 1));

		calendar_from_day(day, &year, &month, &mday);
		wrong += calendar_to_day(year, month, mday) != day || month < 1 || month > 12 || mday < 1 || mday > 31;
	}
	for (int64_t day = HISTORY_FIRST_DAY; day < HISTORY_FIRST_DAY + 800000; day++)
	{
		int64_t		ordinal;

		calendar_from_day(day, &year, &month, &mday);
		ordinal = (year * 12 + month) * 31 + mday;
		wrong += ordinal <= before || calendar_to_day(year, month, mday) != day;
		before = ordinal;
	}
	ok(wrong == 0, "a million days of all the calendar, and each of its first two thousand years");
}

int
main(void)
{
	seed = UINT64_C(20240229);
	test_golden();
	test_calendar();
	test_round_trips(false, 100000);
	test_round_trips(true, 20000);
	test_not_canonical();
	test_text();
	test_damage(false, 30);
	test_damage(true, 20);
	test_text_damage(false, 50000);
	test_text_damage(true, 20000);
	return finish();
}
