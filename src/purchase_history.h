/*
 * purchase_history.h
 *		How C code reads and builds values of the type purchase_history.
 */
#ifndef PG_CUSTOMER_PURCHASE_HISTORY_H
#define PG_CUSTOMER_PURCHASE_HISTORY_H

#include "compat.h"
#include "utils/date.h"

#include "decimal.h"
#include "history_codec.h"

/* The integer part of an amount has at most this many digits. */
#define HISTORY_AMOUNT_DIGITS 21

/* A list of days being put together. */
typedef struct HistoryDays
{
	HistoryDay *days;
	Size		count;
	Size		capacity;
} HistoryDays;

/* What the days of a history up to a date sum to. */
typedef struct HistoryTotals
{
	int64		orders;
	int64		refunds;
	int64		purchase_days;
	int128		gross;
	int128		refunded;
	int128		after_first;	/* net of all days after that of the first purchase */
	DateADT		first;			/* purchases only; valid where purchase_days > 0 */
	DateADT		last;
} HistoryTotals;

/* Reading: the datum may be toasted, packed or an aggregate's open state. A damaged value is an error. */
extern void history_begin(HistoryReader *reader, Datum history);
extern bool history_read(HistoryReader *reader, HistoryDay *day);
extern void history_count_add(int64 *sum, int64 count);
extern void history_totals(Datum history, DateADT as_of, HistoryTotals *totals);

/* Building. */
extern void history_days_add(HistoryDays *list, const HistoryDay *day);
extern Datum history_from_days(const HistoryDays *list);

extern void history_of_datum(HistoryDays *list, Datum history);

/* An error where a date is infinite. */
extern void history_check_finite(DateADT day, const char *what);

/* An amount as numeric, without trailing zeros. */
static inline Numeric
history_money(int128 millionths)
{
	return decimal_to_numeric(millionths, HISTORY_SCALE, true);
}

#endif							/* PG_CUSTOMER_PURCHASE_HISTORY_H */
