/*
 * purchase_history.h
 *		How C code reads and builds values of the type purchase_history.
 */
#ifndef PG_CUSTOMER_PURCHASE_HISTORY_H
#define PG_CUSTOMER_PURCHASE_HISTORY_H

#include "compat.h"

#include "lib/stringinfo.h"
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
extern double history_median_of(int32 *days, Size n);

extern void history_of_datum(HistoryDays *list, Datum history);
extern struct varlena *history_closed(Datum history);

/* Building. */
extern void history_days_add(HistoryDays *list, const HistoryDay *day);
extern void history_days_merge(HistoryDays *result, const HistoryDays *a, const HistoryDays *b);
extern Datum history_from_days(const HistoryDays *list);

/* The state of an aggregate, changed in place: each function returns it, or its successor. */
typedef struct OpenHistory OpenHistory;

extern OpenHistory *history_state_create(void);
extern OpenHistory *history_state(Datum history);
extern OpenHistory *history_state_add_row(OpenHistory *state, int32 day, int32 count, int64 amount);
extern OpenHistory *history_state_add_days(OpenHistory *state, const HistoryDays *days);
extern OpenHistory *history_state_merge(OpenHistory *state, Datum history);

/* Errors: an infinite date; a day that is too large; a text of more than 1 GB; a version that is not known here; a day for a message. */
extern void history_check_finite(DateADT day, const char *what);
extern void history_day_overflow(int32 day);
extern void history_check_text(const StringInfoData *text);
extern void history_unsupported(int version);
extern char *history_date_text(int32 day);

/* An amount as numeric, without trailing zeros. */
static inline Numeric
history_money(int128 millionths)
{
	return decimal_to_numeric(millionths, HISTORY_SCALE, true);
}

#endif							/* PG_CUSTOMER_PURCHASE_HISTORY_H */
