/*
 * aggregate.h
 *		What the support functions of all aggregates share.
 */
#ifndef PG_CUSTOMER_AGGREGATE_H
#define PG_CUSTOMER_AGGREGATE_H

#include "compat.h"
#include "lib/stringinfo.h"

/* Where the state of the running aggregate lives; an error for a call outside of one. */
extern MemoryContext aggregate_context(FunctionCallInfo fcinfo);

/* 128-bit integers in network byte order, for serialised states and binary forms. */
extern void send_int128(StringInfo buffer, int128 value);
extern int128 receive_int128(StringInfo buffer);

#endif							/* PG_CUSTOMER_AGGREGATE_H */
