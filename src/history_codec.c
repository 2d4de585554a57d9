/*
 * history_codec.c
 *		The stored form and the text form of purchase histories and changes.
 */
#include <string.h>

#include "history_codec.h"

typedef unsigned __int128 uamount;

static const int64_t powers[] = {1, 10, 100, 1000, 10000, 100000, 1000000};

/* ------------------------------------------------------------------------------------------------
 * Varints
 * ------------------------------------------------------------------------------------------------ */

/*
 * read_varint
 *		Takes a varint of at most 128 bits; false when it is cut off, too long or longer than needed.
 */
static bool
read_varint(HistoryReader *reader, uamount *value)
{
	const uint8_t *p = reader->next;
	uint64_t	low = 0;		/* nearly all of them fit */
	uamount		v;
	int			shift;

	for (shift = 0; p < reader->end && shift < 63; shift += 7)
	{
		uint8_t		byte = *p++;

		low |= (uint64_t) (byte & 0x7F) << shift;
		if (byte < 0x80)
		{
			reader->next = p;
			*value = low;
			return byte != 0 || shift == 0;
		}
	}
	for (v = low; p < reader->end && shift < 128; shift += 7)
	{
		uint8_t		byte = *p++;

		if (shift == 126 && byte > 3)
			return false;
		v |= (uamount) (byte & 0x7F) << shift;
		if (byte < 0x80)
		{
			reader->next = p;
			*value = v;
			return byte != 0;
		}
	}
	return false;
}

/*
 * write_varint
 *		Returns where the next byte goes.
 */
static uint8_t *
write_varint(uint8_t *p, uamount value)
{
	uint64_t	low;

	for (; value > UINT64_MAX; value >>= 7)
		*p++ = (uint8_t) value | 0x80;
	for (low = (uint64_t) value; low >= 0x80; low >>= 7)
		*p++ = (uint8_t) low | 0x80;
	*p++ = (uint8_t) low;
	return p;
}

/*
 * varint_size
 */
static size_t
varint_size(uamount value)
{
	size_t		size = 1;

	while (value >= 0x80)
	{
		value >>= 7;
		size++;
	}
	return size;
}

static inline uamount
zigzag(history_amount value)
{
	return value < 0 ? ((uamount) -(value + 1) << 1) | 1 : (uamount) value << 1;
}

static inline history_amount
unzigzag(uamount value)
{
	return value & 1 ? -(history_amount) (value >> 1) - 1 : (history_amount) (value >> 1);
}

/* ------------------------------------------------------------------------------------------------
 * Reading
 * ------------------------------------------------------------------------------------------------ */

/*
 * history_version
 *		The version in byte 0, or -1 where there is none.
 */
int
history_version(const uint8_t *bytes, size_t size)
{
	return size == 0 ? -1 : bytes[0] >> 4;
}

/*
 * history_reader_init
 *		Begins to read; false when byte 0 is not that of a closed history of a version known here.
 */
bool
history_reader_init(HistoryReader *reader, const uint8_t *bytes, size_t size)
{
	int			scale;

	if (history_version(bytes, size) != HISTORY_VERSION || (bytes[0] & HISTORY_OPEN) != 0)
		return false;
	scale = bytes[0] & 0x07;
	if (scale > HISTORY_SCALE)
		return false;
	reader->next = bytes + 1;
	reader->end = bytes + size;
	reader->day = 0;
	reader->scale = scale;
	reader->factor = powers[HISTORY_SCALE - scale];
	reader->first = true;
	reader->changes = false;
	return true;
}

/*
 * changes_reader_init
 *		The same for changes, with their count of unfit rows.
 */
bool
changes_reader_init(HistoryReader *reader, const uint8_t *bytes, size_t size, int64_t *unfit)
{
	uamount		count;

	if (!history_reader_init(reader, bytes, size) ||
		!read_varint(reader, &count) || count > (uamount) INT64_MAX)
		return false;
	*unfit = (int64_t) count;
	reader->changes = true;
	return true;
}

/*
 * read_step
 *		Moves on to the next day, by a key whose lowest bits are flags.
 */
static bool
read_step(HistoryReader *reader, int flag_bits, int *flags)
{
	uamount		key;
	int64_t		day;

	if (!read_varint(reader, &key))
		return false;
	*flags = (int) (key & ((1 << flag_bits) - 1));
	key >>= flag_bits;
	if (key > UINT64_C(0x1FFFFFFFF))
		return false;
	day = reader->first ? (int64_t) unzigzag(key) : reader->day + 1 + (int64_t) key;
	if (day < HISTORY_FIRST_DAY || day > HISTORY_LAST_DAY)
		return false;
	reader->day = day;
	reader->first = false;
	return true;
}

/*
 * read_count, read_amount
 *		The unsigned parts: a count is none, one, or two and what the varint adds; an amount is in units of the scale.
 */
static bool
read_count(HistoryReader *reader, int shape, int64_t *count)
{
	uamount		more;

	if (shape < 2)
	{
		*count = shape;
		return true;
	}
	if (!read_varint(reader, &more) || more > (uamount) (HISTORY_MAX_COUNT - 2))
		return false;
	*count = (int64_t) more + 2;
	return true;
}

static bool
read_amount(HistoryReader *reader, bool present, history_amount *amount)
{
	uamount		units;

	*amount = 0;
	if (!present)
		return true;
	if (!read_varint(reader, &units))
		return false;

	/* No 64 bits reach the limit at any scale; a division of 128 bits costs more than all the rest. */
	if (units > UINT64_MAX && units >= (uamount) HISTORY_MAX_AMOUNT / (uamount) reader->factor)
		return false;
	*amount = (history_amount) units * reader->factor;
	return true;
}

/*
 * read_signed
 *		One signed part of a change, not 0 when it is there, and within +- limit.
 */
static bool
read_signed(HistoryReader *reader, bool present, history_amount limit, history_amount *value)
{
	uamount		coded;

	*value = 0;
	if (!present)
		return true;
	if (!read_varint(reader, &coded))
		return false;
	*value = unzigzag(coded);
	return *value != 0 && *value <= limit && *value >= -limit;
}

/*
 * history_next
 *		The next day of a history or of changes.
 */
HistoryStatus
history_next(HistoryReader *reader, HistoryDay *day)
{
	int			flags;

	if (reader->next >= reader->end)
		return HISTORY_END;

	if (!reader->changes)
	{
		int			purchases;
		int			refunds;

		if (!read_step(reader, 3, &flags))
			return HISTORY_MALFORMED;
		purchases = (flags + 1) / 3;
		refunds = (flags + 1) % 3;
		if (!read_count(reader, purchases, &day->orders) ||
			!read_amount(reader, purchases > 0, &day->gross) ||
			!read_count(reader, refunds, &day->refunds) ||
			!read_amount(reader, refunds > 0, &day->refunded))
			return HISTORY_MALFORMED;
	}
	else
	{
		history_amount orders;
		history_amount refunds;
		history_amount limit = (CHANGES_MAX_AMOUNT - 1) / reader->factor;

		if (!read_step(reader, 4, &flags) || flags == 0 ||
			!read_signed(reader, flags & 1, CHANGES_MAX_COUNT, &orders) ||
			!read_signed(reader, flags & 2, limit, &day->gross) ||
			!read_signed(reader, flags & 4, CHANGES_MAX_COUNT, &refunds) ||
			!read_signed(reader, flags & 8, limit, &day->refunded))
			return HISTORY_MALFORMED;
		day->orders = (int64_t) orders;
		day->refunds = (int64_t) refunds;
		day->gross *= reader->factor;
		day->refunded *= reader->factor;
	}
	day->day = (int32_t) reader->day;
	return HISTORY_DAY;
}

/*
 * raise_scale
 *		The smallest scale, not below the one given, at which an amount is whole.
 */
static int
raise_scale(history_amount amount, int scale)
{
	while (scale < HISTORY_SCALE)
	{
		int64_t		unit = powers[HISTORY_SCALE - scale];

		if (amount >= INT64_MIN && amount <= INT64_MAX ? (int64_t) amount % unit == 0 : amount % unit == 0)
			break;
		scale++;
	}
	return scale;
}

static int
days_scale(const HistoryDay *days, size_t n)
{
	int			scale = 0;

	for (size_t i = 0; i < n && scale < HISTORY_SCALE; i++)
		scale = raise_scale(days[i].refunded, raise_scale(days[i].gross, scale));
	return scale;
}

/*
 * reader_valid
 *		Reads to the end, and checks that the scale is the smallest one.
 */
static bool
reader_valid(HistoryReader *reader)
{
	HistoryDay	day;
	HistoryStatus status;
	int			scale = 0;

	while ((status = history_next(reader, &day)) == HISTORY_DAY)
	{
		scale = raise_scale(day.refunded, raise_scale(day.gross, scale));
		if (!reader->changes && !history_day_valid(&day))
			return false;
	}
	return status == HISTORY_END && scale == reader->scale;
}

/*
 * history_valid
 *		Canonical to the last bit.
 */
bool
history_valid(const uint8_t *bytes, size_t size)
{
	HistoryReader reader;

	return history_reader_init(&reader, bytes, size) && reader_valid(&reader);
}

/*
 * changes_valid
 */
bool
changes_valid(const uint8_t *bytes, size_t size)
{
	HistoryReader reader;
	int64_t		unfit;

	return changes_reader_init(&reader, bytes, size, &unfit) && reader_valid(&reader);
}

/*
 * history_day_valid
 *		Counts and amounts are never negative, an amount needs a count, and a day needs one of them.
 */
bool
history_day_valid(const HistoryDay *day)
{
	return day->orders >= 0 && day->orders <= HISTORY_MAX_COUNT &&
		day->refunds >= 0 && day->refunds <= HISTORY_MAX_COUNT &&
		day->gross >= 0 && day->gross < HISTORY_MAX_AMOUNT &&
		day->refunded >= 0 && day->refunded < HISTORY_MAX_AMOUNT &&
		(day->orders > 0 || day->gross == 0) &&
		(day->refunds > 0 || day->refunded == 0) &&
		(day->orders > 0 || day->refunds > 0);
}

/*
 * changes_day_valid
 *		Any signs, within the limits of sums.
 */
bool
changes_day_valid(const HistoryDay *day)
{
	return day->orders >= -CHANGES_MAX_COUNT && day->orders <= CHANGES_MAX_COUNT &&
		day->refunds >= -CHANGES_MAX_COUNT && day->refunds <= CHANGES_MAX_COUNT &&
		day->gross > -CHANGES_MAX_AMOUNT && day->gross < CHANGES_MAX_AMOUNT &&
		day->refunded > -CHANGES_MAX_AMOUNT && day->refunded < CHANGES_MAX_AMOUNT;
}

/* ------------------------------------------------------------------------------------------------
 * Writing
 * ------------------------------------------------------------------------------------------------ */

/*
 * day_step
 *		The upper part of the key of days[i].
 */
static uamount
day_step(const HistoryDay *days, size_t i)
{
	return i == 0 ? zigzag(days[0].day) : (uamount) ((int64_t) days[i].day - days[i - 1].day - 1);
}

/*
 * history_encoded_bound
 *		Amounts are counted in millionths, of which no scale needs more bytes.
 */
size_t
history_encoded_bound(const HistoryDay *days, size_t n)
{
	size_t		size = 1;

	for (size_t i = 0; i < n; i++)
	{
		size += varint_size(day_step(days, i) << 3);
		if (days[i].orders > 0)
			size += varint_size((uamount) days[i].orders) + varint_size((uamount) days[i].gross);
		if (days[i].refunds > 0)
			size += varint_size((uamount) days[i].refunds) + varint_size((uamount) days[i].refunded);
	}
	return size;
}

/*
 * write_purchases
 *		The orders or the refunds of a day: how many beyond one, and their amount.
 */
static uint8_t *
write_purchases(uint8_t *p, int64_t count, history_amount amount, int64_t unit)
{
	if (count == 0)
		return p;
	if (count > 1)
		p = write_varint(p, (uamount) (count - 2));
	return write_varint(p, amount <= INT64_MAX ? (uamount) ((int64_t) amount / unit) : (uamount) (amount / unit));
}

/*
 * history_encode
 *		The stored form of valid days in ascending order.
 */
size_t
history_encode(const HistoryDay *days, size_t n, uint8_t *bytes)
{
	int			scale = days_scale(days, n);
	int64_t		unit = powers[HISTORY_SCALE - scale];
	uint8_t    *p = bytes;

	*p++ = HISTORY_TAG(scale);
	for (size_t i = 0; i < n; i++)
	{
		const HistoryDay *day = &days[i];
		int			purchases = day->orders > 1 ? 2 : (int) day->orders;
		int			refunds = day->refunds > 1 ? 2 : (int) day->refunds;

		p = write_varint(p, day_step(days, i) << 3 | (uamount) (3 * purchases + refunds - 1));
		p = write_purchases(p, day->orders, day->gross, unit);
		p = write_purchases(p, day->refunds, day->refunded, unit);
	}
	return (size_t) (p - bytes);
}

/*
 * changes_encoded_bound
 */
size_t
changes_encoded_bound(const HistoryDay *days, size_t n)
{
	size_t		size = 1 + varint_size((uamount) INT64_MAX);

	for (size_t i = 0; i < n; i++)
		size += varint_size(day_step(days, i) << 4) +
			varint_size(zigzag(days[i].orders)) + varint_size(zigzag(days[i].gross)) +
			varint_size(zigzag(days[i].refunds)) + varint_size(zigzag(days[i].refunded));
	return size;
}

/*
 * changes_encode
 *		The stored form of changes: days ascending, none of them without a part.
 */
size_t
changes_encode(const HistoryDay *days, size_t n, int64_t unfit, uint8_t *bytes)
{
	int			scale = days_scale(days, n);
	int64_t		unit = powers[HISTORY_SCALE - scale];
	uint8_t    *p = bytes;

	*p++ = HISTORY_TAG(scale);
	p = write_varint(p, (uamount) unfit);
	for (size_t i = 0; i < n; i++)
	{
		const HistoryDay *day = &days[i];
		int			presence = (day->orders != 0) | (day->gross != 0) << 1 |
			(day->refunds != 0) << 2 | (day->refunded != 0) << 3;

		p = write_varint(p, day_step(days, i) << 4 | (uamount) presence);
		if (day->orders != 0)
			p = write_varint(p, zigzag(day->orders));
		if (day->gross != 0)
			p = write_varint(p, zigzag(day->gross / unit));
		if (day->refunds != 0)
			p = write_varint(p, zigzag(day->refunds));
		if (day->refunded != 0)
			p = write_varint(p, zigzag(day->refunded / unit));
	}
	return (size_t) (p - bytes);
}

/* ------------------------------------------------------------------------------------------------
 * Calendar
 * ------------------------------------------------------------------------------------------------ */

/* Days from 0000-03-01 to 2000-01-01, and in 400 years; years that begin in March end with the leap day. */
#define MARCH_OF_YEAR_0		730425
#define DAYS_IN_400_YEARS	146097

/*
 * calendar_to_day
 */
int64_t
calendar_to_day(int64_t year, int month, int mday)
{
	int64_t		cycle;
	int64_t		year_of_cycle;
	int			month_from_march = (month + 9) % 12;

	if (month <= 2)
		year--;
	cycle = (year >= 0 ? year : year - 399) / 400;
	year_of_cycle = year - cycle * 400;
	return cycle * DAYS_IN_400_YEARS + year_of_cycle * 365 + year_of_cycle / 4 - year_of_cycle / 100 +
		(153 * month_from_march + 2) / 5 + mday - 1 - MARCH_OF_YEAR_0;
}

/*
 * calendar_from_day
 */
void
calendar_from_day(int64_t day, int64_t *year, int *month, int *mday)
{
	int64_t		since = day + MARCH_OF_YEAR_0;
	int64_t		cycle = (since >= 0 ? since : since - (DAYS_IN_400_YEARS - 1)) / DAYS_IN_400_YEARS;
	int64_t		rest = since - cycle * DAYS_IN_400_YEARS;
	int64_t		year_of_cycle = (rest - rest / 1460 + rest / 36524 - rest / (DAYS_IN_400_YEARS - 1)) / 365;
	int			day_of_year = (int) (rest - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100));
	int			month_from_march = (5 * day_of_year + 2) / 153;

	*mday = day_of_year - (153 * month_from_march + 2) / 5 + 1;
	*month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
	*year = year_of_cycle + cycle * 400 + (*month <= 2);
}

/* ------------------------------------------------------------------------------------------------
 * Text
 * ------------------------------------------------------------------------------------------------ */

/*
 * put_number
 *		The digits of a number, at least width of them.
 */
static char *
put_number(char *p, uamount number, int width)
{
	char		digits[40];
	int			n = 0;

	do
	{
		digits[n++] = (char) ('0' + (int) (number % 10));
		number /= 10;
	} while (number > 0);
	while (n < width)
		digits[n++] = '0';
	while (n > 0)
		*p++ = digits[--n];
	return p;
}

/*
 * put_amount
 *		An amount without trailing zeros.
 */
static char *
put_amount(char *p, history_amount amount)
{
	uamount		millionths = amount < 0 ? -(uamount) amount : (uamount) amount;
	int			fraction = (int) (millionths % 1000000);
	int			width = HISTORY_SCALE;

	p = put_number(p, millionths / 1000000, 1);
	if (fraction == 0)
		return p;
	while (fraction % 10 == 0)
	{
		fraction /= 10;
		width--;
	}
	*p++ = '.';
	return put_number(p, (uamount) fraction, width);
}

/*
 * put_date
 *		ISO 8601 as PostgreSQL writes it, whatever DateStyle says: a dump must not depend on it.
 */
static char *
put_date(char *p, int32_t day)
{
	int64_t		year;
	int			month;
	int			mday;

	calendar_from_day(day, &year, &month, &mday);
	p = put_number(p, (uamount) (year > 0 ? year : 1 - year), 4);
	*p++ = '-';
	p = put_number(p, (uamount) month, 2);
	*p++ = '-';
	p = put_number(p, (uamount) mday, 2);
	if (year <= 0)
	{
		memcpy(p, " BC", 3);
		p += 3;
	}
	return p;
}

/*
 * history_date_to_text, history_amount_to_text
 *		For those who write another form, such as JSON.
 */
size_t
history_date_to_text(int32_t day, char *text)
{
	char	   *p = put_date(text, day);

	*p = '\0';
	return (size_t) (p - text);
}

size_t
history_amount_to_text(history_amount amount, char *text)
{
	char	   *p = put_amount(text, amount);

	*p = '\0';
	return (size_t) (p - text);
}

/*
 * put_sign
 *		A part of a change always shows its sign.
 */
static char *
put_sign(char *p, bool negative)
{
	*p++ = negative ? '-' : '+';
	return p;
}

/*
 * history_day_to_text
 *		"2024-01-05 2:120.5 -1:5"; of changes "2024-01-05 orders +2 gross +120.5 refunds +1 refunded +5".
 */
size_t
history_day_to_text(const HistoryDay *day, bool changes, char *text)
{
	char	   *p = put_date(text, day->day);

	if (!changes)
	{
		if (day->orders > 0)
		{
			*p++ = ' ';
			p = put_number(p, (uamount) day->orders, 1);
			*p++ = ':';
			p = put_amount(p, day->gross);
		}
		if (day->refunds > 0)
		{
			*p++ = ' ';
			*p++ = '-';
			p = put_number(p, (uamount) day->refunds, 1);
			*p++ = ':';
			p = put_amount(p, day->refunded);
		}
	}
	else
	{
		static const char *const names[] = {" orders ", " gross ", " refunds ", " refunded "};
		const history_amount parts[] = {day->orders, day->gross, day->refunds, day->refunded};

		for (int i = 0; i < 4; i++)
		{
			if (parts[i] == 0)
				continue;
			memcpy(p, names[i], strlen(names[i]));
			p = put_sign(p + strlen(names[i]), parts[i] < 0);
			if (i % 2 == 0)
				p = put_number(p, (uamount) (parts[i] < 0 ? -parts[i] : parts[i]), 1);
			else
				p = put_amount(p, parts[i]);
		}
	}
	*p = '\0';
	return (size_t) (p - text);
}

/* The text being read. */
typedef struct Scanner
{
	const char *start;
	const char *p;
	bool		changes;
	const char *form;			/* the hint that shows the whole form */
	HistoryError *error;
} Scanner;

static bool
fail(Scanner *scanner, const char *message, const char *hint)
{
	if (scanner->error->message == NULL)
	{
		scanner->error->message = message;
		scanner->error->hint = hint;
		scanner->error->position = (size_t) (scanner->p - scanner->start);
	}
	return false;
}

static void
skip_space(Scanner *scanner)
{
	while (*scanner->p == ' ' || (*scanner->p >= '\t' && *scanner->p <= '\r'))
		scanner->p++;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
take(Scanner *scanner, char c)
{
	if (*scanner->p != c)
		return false;
	scanner->p++;
	return true;
}

static bool
take_word(Scanner *scanner, const char *word)
{
	size_t		length = strlen(word);

	if (strncmp(scanner->p, word, length) != 0)
		return false;
	scanner->p += length;
	return true;
}

/*
 * take_number
 *		Digits, at most as many as given.
 */
static bool
take_number(Scanner *scanner, int most, int64_t *number)
{
	int			n = 0;

	*number = 0;
	while (is_digit(*scanner->p) && n < most)
	{
		*number = *number * 10 + (*scanner->p++ - '0');
		n++;
	}
	return n > 0 && !is_digit(*scanner->p);
}

#define FORM_HINT "Write it as {2024-01-05 2:120.5, 2024-02-01 1:35 -1:5}: a day, orders:gross, -refunds:refunded."
#define CHANGES_HINT "Write it as {2024-01-05 orders +1 gross +20.5, 2024-02-01 refunds -1 refunded -5}."

/*
 * take_date
 *		An ISO date of PostgreSQL's range.
 */
static bool
take_date(Scanner *scanner, int32_t *day)
{
	int64_t		year;
	int64_t		month;
	int64_t		mday;
	int64_t		number;
	int64_t		back_year;
	int			back_month;
	int			back_mday;
	const char *start = scanner->p;

	if (!take_number(scanner, 7, &year) || !take(scanner, '-') ||
		!take_number(scanner, 2, &month) || !take(scanner, '-') ||
		!take_number(scanner, 2, &mday))
		return fail(scanner, "a day must be written as YYYY-MM-DD", scanner->form);
	if (year == 0)
		year = INT32_MAX;		/* there is no year 0 */
	else if (take_word(scanner, " BC"))
		year = 1 - year;
	number = calendar_to_day(year, (int) month, (int) mday);
	calendar_from_day(number, &back_year, &back_month, &back_mday);
	if (month < 1 || month > 12 || back_year != year || back_month != month || back_mday != mday ||
		number < HISTORY_FIRST_DAY || number > HISTORY_LAST_DAY)
	{
		scanner->p = start;
		return fail(scanner, "there is no such day", "Days are dates of the Gregorian calendar, such as 2024-02-29.");
	}
	*day = (int32_t) number;
	return true;
}

/*
 * take_count, take_amount
 *		Unsigned numbers within a day's limits.
 */
static bool
take_count(Scanner *scanner, int64_t *count)
{
	const char *start = scanner->p;

	if (!is_digit(*start))
		return fail(scanner, "a number of orders or refunds is missing", NULL);
	if (!take_number(scanner, 18, count) || *count > (scanner->changes ? CHANGES_MAX_COUNT : HISTORY_MAX_COUNT))
	{
		scanner->p = start;
		return fail(scanner, "the number of orders or refunds is too large",
					scanner->changes ? "Changes of a day must stay below 10^18 of them."
					: "A day holds at most 10^15 of them.");
	}
	return true;
}

static bool
take_amount(Scanner *scanner, history_amount *amount)
{
	const char *start = scanner->p;
	history_amount limit = scanner->changes ? CHANGES_MAX_AMOUNT : HISTORY_MAX_AMOUNT;
	int			digits = 0;

	*amount = 0;
	if (!is_digit(*start))
		return fail(scanner, "an amount is missing", NULL);
	while (is_digit(*scanner->p))
	{
		*amount = *amount * 10 + (*scanner->p++ - '0');
		if (*amount >= limit / 1000000)
		{
			scanner->p = start;
			return fail(scanner, "the amount is too large",
						scanner->changes ? "Changes of a day must stay below 10^30."
						: "The amounts of a day must stay below 10^21.");
		}
	}
	if (take(scanner, '.'))
	{
		for (; is_digit(*scanner->p); digits++)
		{
			if (digits < HISTORY_SCALE)
				*amount = *amount * 10 + (*scanner->p - '0');
			else if (*scanner->p != '0')
				return fail(scanner, "the amount has more than 6 digits after the point", "Round it first.");
			scanner->p++;
		}
		if (digits == 0)
			return fail(scanner, "digits are missing after the point", NULL);
	}
	for (; digits < HISTORY_SCALE; digits++)
		*amount *= 10;
	return true;
}

/*
 * take_history_parts
 *		"orders:gross", "-refunds:refunded" or both.
 */
static bool
take_history_parts(Scanner *scanner, HistoryDay *day)
{
	if (is_digit(*scanner->p))
	{
		if (!take_count(scanner, &day->orders))
			return false;
		if (!take(scanner, ':'))
			return fail(scanner, "a colon and the amount must follow the number of orders", scanner->form);
		if (!take_amount(scanner, &day->gross))
			return false;
		skip_space(scanner);
	}
	if (take(scanner, '-'))
	{
		if (!take_count(scanner, &day->refunds))
			return false;
		if (!take(scanner, ':'))
			return fail(scanner, "a colon and the amount must follow the number of refunds", scanner->form);
		if (!take_amount(scanner, &day->refunded))
			return false;
		skip_space(scanner);
	}
	if (!history_day_valid(day))
		return fail(scanner, "a day needs at least one order or refund", scanner->form);
	return true;
}

/*
 * take_changes_parts
 *		The four parts by name, each at most once and in this order, signed, not 0.
 */
static bool
take_changes_parts(Scanner *scanner, HistoryDay *day)
{
	static const char *const names[] = {"orders ", "gross ", "refunds ", "refunded "};
	history_amount parts[4] = {0, 0, 0, 0};
	bool		any = false;

	for (int i = 0; i < 4; i++)
	{
		bool		negative;
		int64_t		count;

		if (!take_word(scanner, names[i]))
			continue;
		skip_space(scanner);
		negative = take(scanner, '-');
		if (!negative)
			(void) take(scanner, '+');
		if (i % 2 == 0)
		{
			if (!take_count(scanner, &count))
				return false;
			parts[i] = count;
		}
		else if (!take_amount(scanner, &parts[i]))
			return false;
		if (parts[i] == 0)
			return fail(scanner, "a change must not be 0", "Leave the part out.");
		if (negative)
			parts[i] = -parts[i];
		any = true;
		skip_space(scanner);
	}
	if (!any)
		return fail(scanner, "a day without a change", scanner->form);
	day->orders = (int64_t) parts[0];
	day->gross = parts[1];
	day->refunds = (int64_t) parts[2];
	day->refunded = parts[3];
	return true;
}

/*
 * history_day_from_text
 *		The next day of the text form. On a first call *position is 0; day->day is the one before.
 */
HistoryStatus
history_day_from_text(const char *text, size_t *position, bool changes, HistoryDay *day, HistoryError *error)
{
	Scanner		scanner = {text, text + *position, changes, changes ? CHANGES_HINT : FORM_HINT, error};
	bool		first = *position == 0;
	int32_t		before = day->day;

	error->message = NULL;
	skip_space(&scanner);
	if (first && !take(&scanner, '{'))
	{
		fail(&scanner, "an opening brace is missing", scanner.form);
		return HISTORY_MALFORMED;
	}
	skip_space(&scanner);
	if (take(&scanner, '}'))
	{
		skip_space(&scanner);
		*position = (size_t) (scanner.p - text);
		if (*scanner.p == '\0')
			return HISTORY_END;
		fail(&scanner, "nothing may follow the closing brace", scanner.form);
		return HISTORY_MALFORMED;
	}
	if (!first && !take(&scanner, ','))
	{
		fail(&scanner, "a comma or the closing brace is missing", scanner.form);
		return HISTORY_MALFORMED;
	}
	skip_space(&scanner);
	memset(day, 0, sizeof(*day));
	if (!take_date(&scanner, &day->day))
		return HISTORY_MALFORMED;
	if (!first && day->day <= before)
	{
		fail(&scanner, "days must be in ascending order, each once", NULL);
		return HISTORY_MALFORMED;
	}
	skip_space(&scanner);
	if (!(changes ? take_changes_parts(&scanner, day) : take_history_parts(&scanner, day)))
		return HISTORY_MALFORMED;
	*position = (size_t) (scanner.p - text);
	return HISTORY_DAY;
}
