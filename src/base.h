/*
 * base.h
 *		What the functions of customer bases share.
 */
#ifndef PG_CUSTOMER_BASE_H
#define PG_CUSTOMER_BASE_H

#include "compat.h"

/* Sets a configuration parameter until the current nest level of settings ends. */
extern void set_setting(const char *name, const char *value);

#endif							/* PG_CUSTOMER_BASE_H */
