/*
 * history_row.h
 *		What a row of orders is to a purchase history: the day of its date or moment, and its amount.
 */
#ifndef PG_CUSTOMER_HISTORY_ROW_H
#define PG_CUSTOMER_HISTORY_ROW_H

#include "compat.h"
#include "catalog/pg_type.h"
#include "utils/date.h"
#include "utils/timestamp.h"

#include "purchase_history.h"

/* The moments of a UTC day as days of the session's time zone. */
extern DateADT history_day_of_moment(TimestampTz moment);

/* Amounts in millionths, or an error that names the value. */
extern int128 history_amount_of_numeric(Datum amount);
extern int128 history_amount_of_float8(float8 amount);

#define HISTORY_INTEGER_AMOUNT(amount)	((int128) (amount) * 1000000)

/*
 * history_row_day
 *		The day of a date, timestamp or timestamptz. A timestamptz is taken in the session's time zone, as its cast to date is.
 */
static inline DateADT
history_row_day(Oid type, Datum value)
{
	DateADT		day;

	if (type == TIMESTAMPTZOID)
		day = history_day_of_moment(DatumGetTimestampTz(value));
	else if (type == TIMESTAMPOID)
	{
		Timestamp	moment = DatumGetTimestamp(value);

		if (TIMESTAMP_NOT_FINITE(moment))
			day = TIMESTAMP_IS_NOBEGIN(moment) ? DATEVAL_NOBEGIN : DATEVAL_NOEND;
		else
			day = (DateADT) (moment / USECS_PER_DAY - (moment % USECS_PER_DAY < 0));
	}
	else
		day = DatumGetDateADT(value);
	if (unlikely(DATE_NOT_FINITE(day)))
		history_check_finite(day, "the day of a purchase");
	return day;
}

#endif							/* PG_CUSTOMER_HISTORY_ROW_H */
