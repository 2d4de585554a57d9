/*
 * history_row.c
 *		What a row of orders is to a purchase history.
 */
#include "compat.h"

#include "pgtime.h"
#include "utils/builtins.h"

#include "history_row.h"

PG_FUNCTION_INFO_V1(local_day);

/*
 * What a time zone is ahead of UTC, by UTC day: a thousand orders of a day ask the time zone once. A day with a change of
 * the clock is not kept, nor is one of a time that few shops have seen.
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

typedef struct ZoneOffsets
{
	pg_tz	   *zone;
	DayOffset	days[OFFSET_DAYS];
} ZoneOffsets;

/*
 * set_zone
 *		Forgets the days of another time zone.
 */
static void
set_zone(ZoneOffsets *offsets, pg_tz *zone)
{
	for (int i = 0; i < OFFSET_DAYS; i++)
		offsets->days[i].day = PG_INT32_MIN;
	offsets->zone = zone;
}

/*
 * utc_day_offset
 *		How far ahead of UTC a time zone is during a UTC day, in seconds; OFFSET_CHANGES when the clock is changed on it.
 */
static int32
utc_day_offset(const pg_tz *zone, int32 day)
{
	pg_time_t	begin = ((pg_time_t) day + POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY;
	pg_time_t	boundary;
	long		before;
	long		after;
	int			summer;
	int			found = pg_next_dst_boundary(&begin, &before, &summer, &boundary, &after, &summer, zone);

	if (found < 0 || (found > 0 && boundary < begin + SECS_PER_DAY))
		return OFFSET_CHANGES;
	return (int32) before;
}

/*
 * day_in_zone
 *		The date of a moment in a time zone; false where the offsets do not tell.
 */
static inline bool
day_in_zone(ZoneOffsets *offsets, TimestampTz moment, DateADT *day)
{
	int64		utc_day = moment / USECS_PER_DAY - (moment % USECS_PER_DAY < 0);
	DayOffset  *offset;

	if (unlikely(utc_day < OFFSET_FIRST || utc_day > OFFSET_LAST))
		return false;
	offset = &offsets->days[(uint64) utc_day % OFFSET_DAYS];
	if (offset->day != utc_day)
	{
		offset->seconds = utc_day_offset(offsets->zone, utc_day);
		offset->day = utc_day;
	}
	if (unlikely(offset->seconds == OFFSET_CHANGES))
		return false;
	moment += offset->seconds * USECS_PER_SEC;
	*day = (DateADT) (moment / USECS_PER_DAY - (moment % USECS_PER_DAY < 0));
	return true;
}

/*
 * history_day_of_moment
 *		The date of a moment in the session's time zone, infinite ones included.
 */
DateADT
history_day_of_moment(TimestampTz moment)
{
	static ZoneOffsets offsets;
	DateADT		day;

	if (unlikely(session_timezone != offsets.zone))
		set_zone(&offsets, session_timezone);
	if (day_in_zone(&offsets, moment, &day))
		return day;
	return DatumGetDateADT(DirectFunctionCall1(timestamptz_date, TimestampTzGetDatum(moment)));
}

/*
 * local_day(moment timestamptz, zone text) → date
 *		(moment AT TIME ZONE zone)::date. A name that may be an abbreviation is left to PostgreSQL.
 */
Datum
local_day(PG_FUNCTION_ARGS)
{
	TimestampTz moment = PG_GETARG_TIMESTAMPTZ(0);
	ZoneOffsets *offsets = fcinfo->flinfo->fn_extra;
	DateADT		day;

	if (offsets == NULL && get_fn_expr_arg_stable(fcinfo->flinfo, 1))
	{
		char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(1));

		offsets = MemoryContextAlloc(fcinfo->flinfo->fn_mcxt, sizeof(ZoneOffsets));
		set_zone(offsets, strchr(name, '/') != NULL ? pg_tzset(name) : NULL);
		fcinfo->flinfo->fn_extra = offsets;
	}
	if (offsets != NULL && offsets->zone != NULL && day_in_zone(offsets, moment, &day))
		PG_RETURN_DATEADT(day);
	PG_RETURN_DATUM(DirectFunctionCall1(timestamp_date, DirectFunctionCall2(timestamptz_zone, PG_GETARG_DATUM(1), TimestampTzGetDatum(moment))));
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
