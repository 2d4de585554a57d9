/*
 * periods.h
 *		Histories cut into days, weeks, months, quarters or years.
 */
#ifndef PG_CUSTOMER_PERIODS_H
#define PG_CUSTOMER_PERIODS_H

#include "purchase_history.h"

/* Units in which time is cut (periods) or measured (spans). */
typedef enum TimeUnit
{
	UNIT_DAY,
	UNIT_WEEK,
	UNIT_MONTH,
	UNIT_QUARTER,
	UNIT_YEAR
} TimeUnit;

/* A unit by its name, and its average length. */
extern TimeUnit time_unit(text *name);
extern const char *time_unit_name(TimeUnit unit);
extern double time_unit_days(TimeUnit unit);

/* True for 'orders', false for 'days', an error for anything else. */
extern bool counts_orders(text *count_by);

/* Periods of a unit are numbered: the number of that which holds a day, and the first day of one. */
extern int64 period_index(int64 day, TimeUnit unit);
extern DateADT period_first_day(int64 index, TimeUnit unit);

/* A period of a history, and what the customer was in it. */
typedef struct Period
{
	int64		index;
	HistoryDay	sums;			/* sums.day is not used */
	int64		purchase_days;
	/* set by period_scan_activity only */
	int64		purchases;		/* days or orders */
	bool		is_new;
	bool		is_returning;
	bool		is_reactivated;
	bool		is_lost;
} Period;

/* Reads a history period by period. */
typedef struct PeriodScan
{
	HistoryReader reader;
	HistoryDay	day;			/* read ahead */
	bool		ahead;
	TimeUnit	unit;
	DateADT		to;
	/* period_scan_activity only */
	bool		count_orders;
	bool		any_purchase;
	int64		last_active;	/* the last period with a purchase */
	bool		lost_pending;	/* the period after last_active is lost unless it has rows */
	bool		held;			/* a period was read, but a lost one comes before it */
	Period		period;
} PeriodScan;

/* The days from <= day <= to. The history must stay where it is. */
extern void period_scan_begin(PeriodScan *scan, Datum history, TimeUnit unit, DateADT from, DateADT to);

/* The next period with a purchase or a refund, or in which the customer was lost; with what the customer was in it. */
extern bool period_scan_activity(PeriodScan *scan, Period *period);

#endif							/* PG_CUSTOMER_PERIODS_H */
