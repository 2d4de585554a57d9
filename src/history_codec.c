/*
 * history_codec.c
 *		The stored form of purchase histories and changes.
 */
#include "history_codec.h"

#include <string.h>

typedef unsigned __int128 uamount;

static const int64_t powers[] = {1, 10, 100, 1000, 10000, 100000, 1000000};

/* ------------------------------------------------------------------------------------------------
 * Varints
 * ------------------------------------------------------------------------------------------------ */

/*
 * read_any_varint
 *		Takes a varint of at most 128 bits; false when it is cut off, too long or longer than needed.
 */
static bool
read_any_varint(HistoryReader *reader, uamount *value)
{
	const uint8_t *p = reader->next;
	uamount		v = 0;

	for (int shift = 0; p < reader->end && shift < 128; shift += 7)
	{
		uint8_t		byte = *p++;

		if (shift == 126 && byte > 3)
			return false;
		v |= (uamount) (byte & 0x7F) << shift;
		if (byte < 0x80)
		{
			reader->next = p;
			*value = v;
			return byte != 0 || shift == 0;
		}
	}
	return false;
}

/*
 * read_varint
 *		Eight bytes at once where the value has as many: nearly every varint is in them, and no branch depends on how long it
 *		is. What is past the end reads as zeros, and a varint that ends with one is not valid.
 */
static inline bool
read_varint(HistoryReader *reader, uamount *value)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	ptrdiff_t	left = reader->end - reader->next;

	if (left > 0 && reader->end - reader->start >= 8)
	{
		uint64_t	word;
		uint64_t	stops;

		if (left >= 8)
			memcpy(&word, reader->next, 8);
		else
		{
			memcpy(&word, reader->end - 8, 8);
			word >>= 64 - 8 * left;
		}
		stops = ~word & UINT64_C(0x8080808080808080);
		if (stops != 0)
		{
			int			bits = __builtin_ctzll(stops) + 1;

			word &= UINT64_MAX >> (64 - bits);
			reader->next += bits >> 3;
			if (word >> (bits - 8) == 0 && bits > 8)
				return false;
			word = (word & UINT64_C(0x7F007F007F007F00)) >> 1 | (word & UINT64_C(0x007F007F007F007F));
			word = (word & UINT64_C(0x3FFF00003FFF0000)) >> 2 | (word & UINT64_C(0x00003FFF00003FFF));
			*value = (word & UINT64_C(0x0FFFFFFF00000000)) >> 4 | (word & UINT64_C(0x000000000FFFFFFF));
			return true;
		}
	}
#endif
	return read_any_varint(reader, value);
}

/*
 * write_varint
 *		Returns where the next byte goes.
 */
static inline uint8_t *
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
static inline size_t
varint_size(uamount value)
{
	size_t		size = 1;

	for (; value > UINT64_MAX; value >>= 7)
		size++;

	/* Seven bits a byte: 1 + floor(log2(value) / 7). */
	return size + (63 - (size_t) __builtin_clzll((uint64_t) value | 1)) / 7;
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
	reader->start = bytes;
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
static inline bool
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
static inline bool
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

static inline bool
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
static inline bool
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
 * at_scale
 *		Millionths in units of 10^-scale. By a constant, a division is a multiplication.
 */
static inline int64_t
at_scale(int64_t amount, int scale)
{
	switch (scale)
	{
		case 0:
			return amount / 1000000;
		case 1:
			return amount / 100000;
		case 2:
			return amount / 10000;
		case 3:
			return amount / 1000;
		case 4:
			return amount / 100;
		case 5:
			return amount / 10;
		default:
			return amount;
	}
}

/*
 * raise_scale
 *		The smallest scale, not below the one given, at which an amount is whole.
 */
static inline int
raise_scale(history_amount amount, int scale)
{
	if (amount == 0)
		return scale;
	if (amount >= INT64_MIN && amount <= INT64_MAX)
	{
		while (scale < HISTORY_SCALE && at_scale((int64_t) amount, scale) * powers[HISTORY_SCALE - scale] != (int64_t) amount)
			scale++;
	}
	else
	{
		while (scale < HISTORY_SCALE && amount % powers[HISTORY_SCALE - scale] != 0)
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
static inline uint8_t *
write_purchases(uint8_t *p, int64_t count, history_amount amount, int scale)
{
	if (count == 0)
		return p;
	if (count > 1)
		p = write_varint(p, (uamount) (count - 2));
	return write_varint(p, amount <= INT64_MAX ? (uamount) at_scale((int64_t) amount, scale) :
						(uamount) (amount / powers[HISTORY_SCALE - scale]));
}

/*
 * history_encode
 *		The stored form of valid days in ascending order.
 */
size_t
history_encode(const HistoryDay *days, size_t n, uint8_t *bytes)
{
	int			scale = days_scale(days, n);
	uint8_t    *p = bytes;

	*p++ = HISTORY_TAG(scale);
	for (size_t i = 0; i < n; i++)
	{
		const HistoryDay *day = &days[i];
		int			purchases = day->orders > 1 ? 2 : (int) day->orders;
		int			refunds = day->refunds > 1 ? 2 : (int) day->refunds;

		p = write_varint(p, day_step(days, i) << 3 | (uamount) (3 * purchases + refunds - 1));
		p = write_purchases(p, day->orders, day->gross, scale);
		p = write_purchases(p, day->refunds, day->refunded, scale);
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
