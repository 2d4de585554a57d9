/*
 * history_text.c
 *		The text form of purchase histories and changes, and the calendar.
 */
#include <string.h>

#include "history_codec.h"

typedef unsigned __int128 uamount;

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
