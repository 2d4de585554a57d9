/*
 * classification.h
 *		How well scores tell events from others.
 */
#ifndef PG_CUSTOMER_CLASSIFICATION_H
#define PG_CUSTOMER_CLASSIFICATION_H

#include "event_counts.h"

/*
 * The probability that an event has a higher score than another row, ties half: the area under the ROC curve. NaN without events
 * or without others. Sorts the counts.
 */
extern double area_under_curve(EventCounts *counts);

#endif							/* PG_CUSTOMER_CLASSIFICATION_H */
