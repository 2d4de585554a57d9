/*
 * aggregate.c
 *		What the support functions of all aggregates share.
 */
#include "compat.h"

#include "libpq/pqformat.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "aggregate.h"

/*
 * aggregate_context
 *		The context of the aggregate that calls.
 */
MemoryContext
aggregate_context(FunctionCallInfo fcinfo)
{
	MemoryContext context;

	if (!AggCheckCallContext(fcinfo, &context))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("%s can only be called by an aggregate", get_func_name(fcinfo->flinfo->fn_oid))));
	return context;
}

/*
 * make_sent_room
 *		Some bytes are left for the end of the message.
 */
void
make_sent_room(StringInfo buffer, Size bytes)
{
	if (buffer->len + bytes > MaxAllocSize - 1024)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a parallel worker cannot pass on a state of %zu MB", (buffer->len + bytes) >> 20),
				 errdetail("One worker can pass on at most 1 GB of a group."),
				 errhint("Run the query without workers: SET max_parallel_workers_per_gather = 0.")));
	enlargeStringInfo(buffer, (int) bytes);
}

/*
 * send_int128
 *		The high half, then the low one.
 */
void
send_int128(StringInfo buffer, int128 value)
{
	pq_sendint64(buffer, (uint64) ((uint128) value >> 64));
	pq_sendint64(buffer, (uint64) value);
}

/*
 * receive_int128
 */
int128
receive_int128(StringInfo buffer)
{
	uint128		high = (uint64) pq_getmsgint64(buffer);

	return (int128) (high << 64 | (uint64) pq_getmsgint64(buffer));
}
