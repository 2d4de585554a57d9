/*
 * fast_group.h
 *		The fast path of GROUP BY customer with purchase_history(day, amount): the rows of a query become the histories of all
 *		customers without a hash table that outgrows the cache.
 *
 *		fast_group_path.c	offers the plan
 *		fast_group_scan.c	runs it: reads rows, hands out customers
 *		fast_group_rows.c	keeps the rows, in partitions by the hash of the customer, in memory and past it in a file
 *		fast_group_sort.c	makes the histories of one partition
 */
#ifndef PG_CUSTOMER_FAST_GROUP_H
#define PG_CUSTOMER_FAST_GROUP_H

#include "compat.h"
#include "nodes/pg_list.h"
#include "port/pg_bitutils.h"
#include "storage/buffile.h"
#include "storage/sharedfileset.h"
#include "utils/dsa.h"

#include "purchase_history.h"

/* ------------------------------------------------------------------------------------------------
 * Keys: what is grouped by
 * ------------------------------------------------------------------------------------------------ */

#define FAST_GROUP_MAX_KEYS 32

/* A column of the key. */
typedef struct FastKeyColumn
{
	int16		length;			/* typlen and typbyval of its type */
	bool		by_value;
	Oid			collation;
	FmgrInfo	hash;
	FmgrInfo	equal;
} FastKeyColumn;

/*
 * The key. One column of an integer type or the like is a "word": its Datum, which equals another where their bits are
 * the same. Any other is an image: its columns one after the other, each aligned to eight bytes, NULLs left out.
 */
typedef struct FastKey
{
	int			count;
	bool		word;
	FastKeyColumn columns[FAST_GROUP_MAX_KEYS];
} FastKey;

/* ------------------------------------------------------------------------------------------------
 * Rows
 * ------------------------------------------------------------------------------------------------ */

/* How many count(*) there may be beside the histories. */
#define FAST_GROUP_MAX_COUNTS 6

/*
 * What a row adds to its day and its customer, in a word. The lowest two bits say what it is, the next ones which of the
 * counts it counts for, the others are an amount. An order or refund too large for them is two rows.
 */
typedef enum FastRowKind
{
	FAST_ROW_ORDER,				/* an order of a signed amount; a refund when it is below 0 */
	FAST_ROW_MORE,				/* as much more of the amount, times 2^FAST_MORE_BITS; no order by itself */
	FAST_ROW_NOTHING			/* there is such a customer: a row that the aggregate skips */
} FastRowKind;

#define FAST_AMOUNT_SHIFT		8
#define FAST_MORE_BITS			40
#define FAST_ROW_LIMIT			(INT64CONST(1) << 55)
#define FAST_ROW(amount, counts, kind)	((int64) ((uint64) (amount) << FAST_AMOUNT_SHIFT | (counts) << 2 | (kind)))
#define FAST_ROW_KIND(row)		((FastRowKind) ((row) & 3))
#define FAST_ROW_COUNTS(row)	((uint32) (row) >> 2 & 0x3F)
#define FAST_ROW_AMOUNT(row)	((row) >> FAST_AMOUNT_SHIFT)

/* A row of a customer whose key is a word, as it is kept. */
typedef struct FastWordRow
{
	int64		row;
	uint64		key;
	int32		day;
} pg_attribute_packed() FastWordRow;

/* A row with an image of the key behind it. */
typedef struct FastImageRow
{
	int64		row;
	int32		day;
	uint32		hash;
	uint32		size;			/* of the image, a multiple of 8 */
	uint32		nulls;			/* a bit for each column of the key that is NULL */
} FastImageRow;

#define FAST_ROW_IMAGE(row)		((const char *) ((const FastImageRow *) (row) + 1))

/* Rows are kept in chunks of one partition each. */
typedef struct FastChunk
{
	uint32		size;			/* with this header */
	uint32		used;
	char		rows[FLEXIBLE_ARRAY_MEMBER];
} FastChunk;

/* Where a chunk is: in memory (a pointer, or a dsa_pointer), or in a file (its block, times 2, plus 1). */
typedef uint64 FastChunkPlace;

/* Room in the chunk that is being filled: of all partitions together, these fit into the cache. */
typedef struct FastRoom
{
	char	   *next;
	char	   *end;
} FastRoom;

typedef struct FastPartition
{
	FastChunk  *chunk;			/* the one that is being filled */
	FastChunkPlace place;
	FastChunkPlace *full;
	uint32		full_count;
	uint32		full_capacity;
} FastPartition;

typedef struct FastShared FastShared;

typedef struct FastRows
{
	MemoryContext context;
	bool		words;
	int			shift;			/* of a 32-bit hash, to the number of its partition */
	int			count;			/* of partitions, but for the last one, which is that of the key NULL */
	Size		chunk_size;
	Size		memory;			/* in chunks of ours */
	Size		limit;
	bool		split;			/* one partition has become too large */
	int64		file_blocks;
	BufFile    *file;
	FastRoom   *rooms;
	FastPartition *partitions;

	/* Shared with other processes: all but the partitions of those. */
	FastShared *shared;
	dsa_area   *area;
	int			participant;
	bool		attached;
	BufFile   **files;			/* of each participant, as far as opened */
} FastRows;

extern FastRows *fast_rows_create(MemoryContext context, bool words, double expected);
extern FastRows *fast_rows_create_shared(MemoryContext context, bool words, FastShared *shared, dsa_area *area);
extern void fast_rows_make_room(FastRows *rows, int partition, Size size);
extern void fast_rows_split(FastRows *rows);
extern void fast_rows_end(FastRows *rows);
extern void fast_rows_close(FastRows *rows);

/* Sharing. */
extern Size fast_shared_size(int participants);
extern void fast_shared_init(FastShared *shared, int participants, double expected, dsm_segment *segment);
extern void fast_shared_attach(FastShared *shared);
extern void fast_shared_reset(FastShared *shared, dsa_area *area);
extern bool fast_shared_join(FastRows *rows);
extern void fast_shared_wait(FastRows *rows);
extern int	fast_rows_take(FastRows *rows, int last);

/* Reading a partition, chunk by chunk; each is gone when the next one is asked for. */
typedef struct FastChunkReader
{
	FastRows   *rows;
	int			partition;
	int			participant;
	uint32		next;
	FastChunk  *chunk;			/* the one handed out */
	FastChunkPlace place;
	FastChunk  *buffer;			/* for those of a file */
	FastChunk  *larger;			/* for one that is longer than usual */
} FastChunkReader;

extern void fast_chunks_begin(FastChunkReader *reader, FastRows *rows, int partition);
extern FastChunk *fast_chunks_next(FastChunkReader *reader);
extern void fast_chunks_end(FastChunkReader *reader);

/* The hash of a word: that of murmurhash3, finished to 64 bits, of which both halves are good. */
static inline uint64
fast_word_hash(uint64 word)
{
	word ^= word >> 33;
	word *= UINT64CONST(0xff51afd7ed558ccd);
	word ^= word >> 33;
	word *= UINT64CONST(0xc4ceb9fe1a85ec53);
	word ^= word >> 33;
	return word;
}

/*
 * fast_rows_partition
 *		The partition of a hash.
 */
static inline int
fast_rows_partition(const FastRows *rows, uint32 hash)
{
	return (int) ((uint64) hash >> rows->shift);
}

/*
 * fast_rows_place
 *		Room for a row in a partition.
 */
static inline void *
fast_rows_place(FastRows *rows, int partition, Size size)
{
	FastRoom   *room = &rows->rooms[partition];
	char	   *place;

	if (unlikely((Size) (room->end - room->next) < size))
		fast_rows_make_room(rows, partition, size);
	place = room->next;
	room->next += size;
	return place;
}

/* ------------------------------------------------------------------------------------------------
 * Histories
 * ------------------------------------------------------------------------------------------------ */

typedef struct FastSort FastSort;

extern FastSort *fast_sort_create(MemoryContext parent, const FastKey *key, bool totals, int counts);
extern void fast_sort_partition(FastSort *sort, FastRows *rows, int partition);
extern bool fast_sort_next(FastSort *sort, Datum *values, bool *nulls);

/* ------------------------------------------------------------------------------------------------
 * The plan
 * ------------------------------------------------------------------------------------------------ */

struct CustomScanMethods;

extern void fast_group_init(void);
extern const struct CustomScanMethods *fast_group_scan_methods(void);

/* The most columns that are read: keys, day, amount, filter, and the filters of the counts. */
#define FAST_GROUP_MAX_COLUMNS (FAST_GROUP_MAX_KEYS + 3 + FAST_GROUP_MAX_COUNTS)

/* What a plan hands to its run, in custom_private. */
typedef struct FastGroupPlan
{
	int			keys;
	int			columns[FAST_GROUP_MAX_COLUMNS];	/* where what is read is in the tuples of the child, from 0 */
	bool		filter;
	int			counts;
	int			count_filters;	/* a bit for each count with a filter */
	bool		totals;			/* nothing but totals and the last purchase is asked of a history */
	Oid			day_type;
	Oid			amount_type;
	Oid			aggregate;
	double		bytes;			/* of rows, about */
	Oid			equal[FAST_GROUP_MAX_KEYS];
	Oid			collation[FAST_GROUP_MAX_KEYS];
} FastGroupPlan;

#define FAST_GROUP_COLUMNS(plan) ((plan)->keys + 2 + (plan)->filter + pg_number_of_ones[(plan)->count_filters])

extern List *fast_group_plan_list(const FastGroupPlan *plan);
extern void fast_group_plan_read(FastGroupPlan *plan, List *list);

#endif							/* PG_CUSTOMER_FAST_GROUP_H */
