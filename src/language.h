/*
 * language.h
 *		The languages that labels and recommended actions come in.
 */
#ifndef PG_CUSTOMER_LANGUAGE_H
#define PG_CUSTOMER_LANGUAGE_H

#include "compat.h"

/* True for zh, false for en, an error for anything else. */
extern bool speaks_chinese(text *language);

#endif							/* PG_CUSTOMER_LANGUAGE_H */
