/*
 * history_row.c
 *		What a row of orders is to a purchase history.
 */
#include "compat.h"

#include "pgtime.h"
#include "utils/builtins.h"

#include "history_row.h"

/*
 * What the session's time zone is ahead of UTC, by UTC day: a thousand orders of a day ask the time zone once. A day with a
 * change of the clock is not kept, nor is one of a time that few shops have seen.
 */
#define OFFSET_DAYS		4096
#define OFFSET_FIRST	(-10957)	/* 1970-01-01 */
#define OFFSET_LAST		36524		/* 2099-12-31 */
#define OFFSET_CHANGES	PG_INT32_MIN

typedef struct DayOffset
{
	int32		day;
	int32		seconds;
} DayOffset;

static DayOffset offsets[OFFSET_DAYS];
static pg_tz *offsets_zone = NULL;

/*
 * utc_day_offset
 *		How far ahead of UTC the time zone is during a UTC day, in seconds; OFFSET_CHANGES when the clock is changed on it.
 */
static int32
utc_day_offset(int32 day)
{
	pg_time_t	begin = ((pg_time_t) day + POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY;
	pg_time_t	boundary;
	long		before;
	long		after;
	int			summer;
	int			found = pg_next_dst_boundary(&begin, &before, &summer, &boundary, &after, &summer, session_timezone);

	if (found < 0 || (found > 0 && boundary < begin + SECS_PER_DAY))
		return OFFSET_CHANGES;
	return (int32) before;
}

/*
 * history_day_of_moment
 *		The date of a moment in the session's time zone, infinite ones included.
 */
DateADT
history_day_of_moment(TimestampTz moment)
{
	int64		day = moment / USECS_PER_DAY - (moment % USECS_PER_DAY < 0);
	DayOffset  *offset;

	if (unlikely(day < OFFSET_FIRST || day > OFFSET_LAST))
		return DatumGetDateADT(DirectFunctionCall1(timestamptz_date, TimestampTzGetDatum(moment)));
	if (unlikely(session_timezone != offsets_zone))
	{
		for (int i = 0; i < OFFSET_DAYS; i++)
			offsets[i].day = PG_INT32_MIN;
		offsets_zone = session_timezone;
	}
	offset = &offsets[(uint64) day % OFFSET_DAYS];
	if (offset->day != day)
	{
		offset->seconds = utc_day_offset(day);
		offset->day = day;
	}
	if (unlikely(offset->seconds == OFFSET_CHANGES))
		return DatumGetDateADT(DirectFunctionCall1(timestamptz_date, TimestampTzGetDatum(moment)));
	moment += offset->seconds * USECS_PER_SEC;
	return (DateADT) (moment / USECS_PER_DAY - (moment % USECS_PER_DAY < 0));
}

/*
 * bad_amount
 *		An amount that a history cannot hold.
 */
static void
bad_amount(DecimalStatus status, const char *value)
{
	switch (status)
	{
		case DECIMAL_TOO_FINE:
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("amount %s has more than 6 digits after the point", value),
					 errhint("Round it first: purchase_history(day, round(amount, 2)).")));
			break;
		case DECIMAL_TOO_LARGE:
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("amount %s is too large for a purchase_history", value),
					 errdetail("Amounts must be below 10^21.")));
			break;
		default:
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("amount %s cannot be part of a purchase_history", value),
					 errhint("Filter such rows out, or make the amount NULL: nullif(amount, 'NaN').")));
	}
}

/*
 * history_amount_of_numeric
 *		Exact: a digit that is not 0 past the sixth is an error.
 */
int128
history_amount_of_numeric(Datum amount)
{
	int128		units;
	DecimalStatus status = decimal_from_numeric(amount, HISTORY_SCALE, HISTORY_AMOUNT_DIGITS, false, &units);

	if (unlikely(status != DECIMAL_OK))
		bad_amount(status, DatumGetCString(DirectFunctionCall1(numeric_out, amount)));
	return units;
}

/*
 * history_amount_of_float8
 *		Rounded to the sixth digit.
 */
int128
history_amount_of_float8(float8 amount)
{
	int128		units;
	DecimalStatus status = decimal_from_float8(amount, HISTORY_SCALE, HISTORY_AMOUNT_DIGITS, &units);

	if (unlikely(status != DECIMAL_OK))
		bad_amount(status, DatumGetCString(DirectFunctionCall1(float8out, Float8GetDatum(amount))));
	return units;
}
