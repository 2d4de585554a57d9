/*
 * base.h
 *		What the functions of customer bases share.
 */
#ifndef PG_CUSTOMER_BASE_H
#define PG_CUSTOMER_BASE_H

#include "compat.h"

#include "nodes/nodes.h"
#include "utils/relcache.h"

/* Sets a configuration parameter until the current nest level of settings ends. */
extern void set_setting(const char *name, const char *value);

/* The same for all that says how values become text, which the expressions of a base may do. */
extern void base_set_output(void);

/*
 * An option's text as an expression over a row of the source, whose alias is s, with names looked up along the
 * present search path. What is not a function of one row is an error that names the option.
 */
extern Node *base_source_expression(Relation source, const char *option, const char *text);

#endif							/* PG_CUSTOMER_BASE_H */
