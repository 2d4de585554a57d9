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

/*
 * Makes room in a serialised state. What a parallel worker passes on is a bytea of at most 1 GB: more is an error that says how to do without
 * workers.
 */
extern void make_sent_room(StringInfo buffer, Size bytes);

/* 128-bit integers in network byte order, for serialised states and binary forms. */
extern void send_int128(StringInfo buffer, int128 value);
extern int128 receive_int128(StringInfo buffer);

#endif							/* PG_CUSTOMER_AGGREGATE_H */
