/*
 * fast_group_rows.c
 *		The rows of the fast path, in partitions by the hash of their customer.
 *
 * Rows go into chunks, each of one partition. Full chunks stay in memory until work_mem is used up; later ones go to a
 * temporary file, so that only the chunks being filled are kept. Memory is that of this process, or that of a parallel
 * query, where any process reads what all have written.
 */
#include "compat.h"

#include <fcntl.h>

#include "miscadmin.h"
#include "port/atomics.h"
#include "port/pg_bitutils.h"
#include "storage/barrier.h"
#include "utils/memutils.h"
#include "utils/wait_event.h"

#include "fast_group.h"

#define PARTITION_BYTES		(512 * 1024)	/* of rows: with what is made of them they fit into the cache */
#define MIN_PARTITIONS		64
#define MAX_PARTITIONS		1024
#define SPLIT_BYTES			(1024 * 1024)	/* one partition is divided when it gets that large */
#define MAX_CHUNK			(4 * BLCKSZ)
#define ROWS_MEMORY			(work_mem * (Size) 768)	/* the rest of work_mem is for what is made of a partition */

/* What a process has written of a partition. */
typedef struct SharedPartition
{
	dsa_pointer places;
	uint32		count;
} SharedPartition;

/* What is shared by the processes of a parallel query. */
struct FastShared
{
	dsm_handle	segment;		/* this is in */
	SharedFileSet files;
	Barrier		barrier;		/* phase 0: rows are read, phase 1: they may be grouped */
	pg_atomic_uint32 next_participant;
	pg_atomic_uint32 next_partition;
	int			partitions;
	int			participants;	/* at most */
	dsa_pointer written[FLEXIBLE_ARRAY_MEMBER]; /* arrays of SharedPartition; not set while nothing is written */
};

/* ------------------------------------------------------------------------------------------------
 * Making
 * ------------------------------------------------------------------------------------------------ */

/*
 * partitions_for
 *		How many partitions so many bytes of rows are best kept in; a power of two.
 */
static int
partitions_for(double bytes)
{
	int			count = MIN_PARTITIONS;

	while (count < MAX_PARTITIONS && count * (double) PARTITION_BYTES < bytes)
		count *= 2;
	return count;
}

/*
 * fitting
 *		As many partitions as asked for, or fewer where their open chunks alone would take half of the memory.
 */
static int
fitting(int count, Size limit)
{
	while (count > MIN_PARTITIONS && count * (Size) BLCKSZ > limit / 2)
		count /= 2;
	return count;
}

/*
 * set_partitions
 *		Makes empty partitions. Their open chunks take at most a quarter of the memory, unless that is next to nothing.
 */
static void
set_partitions(FastRows *rows, int count)
{
	Size		chunk = MAX_CHUNK;

	while (chunk > BLCKSZ && chunk * count > rows->limit / 4)
		chunk /= 2;
	rows->chunk_size = chunk;
	rows->count = count;
	rows->shift = 32 - pg_leftmost_one_pos32(count);
	rows->partitions = MemoryContextAllocZero(rows->context, (count + 1) * sizeof(FastPartition));
	rows->rooms = MemoryContextAllocZero(rows->context, (count + 1) * sizeof(FastRoom));
}

/*
 * rows_create
 */
static FastRows *
rows_create(MemoryContext context, bool words)
{
	FastRows   *rows = MemoryContextAllocZero(context, sizeof(FastRows));

	rows->context = context;
	rows->words = words;
	rows->limit = ROWS_MEMORY;
	return rows;
}

/*
 * fast_rows_create
 *		No rows yet; about how many bytes of them are expected.
 */
FastRows *
fast_rows_create(MemoryContext context, bool words, double expected)
{
	FastRows   *rows = rows_create(context, words);

	set_partitions(rows, expected < SPLIT_BYTES ? 1 : fitting(partitions_for(expected), rows->limit));
	return rows;
}

/*
 * fast_rows_create_shared
 *		The rows of one process among several.
 */
FastRows *
fast_rows_create_shared(MemoryContext context, bool words, FastShared *shared, dsa_area *area)
{
	FastRows   *rows = rows_create(context, words);

	rows->shared = shared;
	rows->area = area;
	rows->files = MemoryContextAllocZero(context, shared->participants * sizeof(BufFile *));
	set_partitions(rows, shared->partitions);
	return rows;
}

/* ------------------------------------------------------------------------------------------------
 * Writing
 * ------------------------------------------------------------------------------------------------ */

/*
 * chunk_address
 *		The chunk at a place in memory.
 */
static FastChunk *
chunk_address(FastRows *rows, FastChunkPlace place)
{
	return rows->area != NULL ? dsa_get_address(rows->area, place) : (FastChunk *) (uintptr_t) place;
}

/*
 * chunk_free
 */
static void
chunk_free(FastRows *rows, FastChunkPlace place)
{
	if (rows->area != NULL)
		dsa_free(rows->area, place);
	else
		pfree((void *) (uintptr_t) place);
}

/*
 * chunk_open
 *		A new chunk of a partition.
 */
static void
chunk_open(FastRows *rows, int number, Size size)
{
	FastPartition *partition = &rows->partitions[number];

	if (rows->area != NULL)
		partition->place = dsa_allocate_extended(rows->area, size, DSA_ALLOC_HUGE);
	else
		partition->place = (uintptr_t) MemoryContextAllocExtended(rows->context, size, MCXT_ALLOC_HUGE);
	partition->chunk = chunk_address(rows, partition->place);
	partition->chunk->size = size;
	rows->rooms[number].next = partition->chunk->rows;
	rows->rooms[number].end = (char *) partition->chunk + size;
	rows->memory += size;
	rows->split = rows->count == 1 && rows->memory >= SPLIT_BYTES;
}

/*
 * spill_name
 *		The name of the file of a participant.
 */
static void
spill_name(char *name, int participant)
{
	snprintf(name, MAXPGPATH, "fast_group.%d", participant);
}

/*
 * spill
 *		Writes a chunk to the file of this process, and returns where it is.
 */
static FastChunkPlace
spill(FastRows *rows, FastChunk *chunk)
{
	FastChunkPlace place = (FastChunkPlace) rows->file_blocks << 1 | 1;

	if (rows->file == NULL)
	{
		MemoryContext before = MemoryContextSwitchTo(rows->context);

		if (rows->shared == NULL)
			rows->file = BufFileCreateTemp(false);
		else
		{
			char		name[MAXPGPATH];

			spill_name(name, rows->participant);
			rows->file = BufFileCreateFileSet(&rows->shared->files.fs, name);
		}
		MemoryContextSwitchTo(before);
	}
	BufFileWrite(rows->file, chunk, chunk->size);
	rows->file_blocks += chunk->size / BLCKSZ;
	return place;
}

/*
 * remember
 *		A chunk of a partition is full.
 */
static void
remember(FastRows *rows, FastPartition *partition, FastChunkPlace place)
{
	if (partition->full_count == partition->full_capacity)
	{
		uint32		capacity = Max(8, partition->full_capacity * 2);

		partition->full = partition->full == NULL ? MemoryContextAlloc(rows->context, capacity * sizeof(FastChunkPlace)) :
			repalloc_huge(partition->full, capacity * sizeof(FastChunkPlace));
		partition->full_capacity = capacity;
	}
	partition->full[partition->full_count++] = place;
}

/*
 * chunk_used
 *		How much of the open chunk is rows.
 */
static void
chunk_used(FastRows *rows, int number)
{
	FastChunk  *chunk = rows->partitions[number].chunk;

	chunk->used = rows->rooms[number].next - chunk->rows;
}

/*
 * fast_rows_split
 *		Divides the one partition of few expected rows, which have become many.
 */
void
fast_rows_split(FastRows *rows)
{
	FastPartition *old = rows->partitions;
	FastRoom   *old_rooms = rows->rooms;
	int			count = fitting(MIN_PARTITIONS * 4, rows->limit);

	if (old->chunk != NULL)
	{
		chunk_used(rows, 0);
		remember(rows, old, old->place);
	}
	rows->split = false;
	set_partitions(rows, count);
	rows->partitions[count] = old[1];
	rows->rooms[count] = old_rooms[1];
	for (uint32 i = 0; i < old->full_count; i++)
	{
		FastChunk  *chunk = chunk_address(rows, old->full[i]);

		for (char *row = chunk->rows; row < chunk->rows + chunk->used;)
		{
			const FastImageRow *image = (FastImageRow *) row;
			Size		size = rows->words ? sizeof(FastWordRow) : sizeof(FastImageRow) + image->size;
			uint32		hash = rows->words ? (uint32) fast_word_hash(((FastWordRow *) row)->key) : image->hash;

			memcpy(fast_rows_place(rows, fast_rows_partition(rows, hash), size), row, size);
			row += size;
		}
		rows->memory -= chunk->size;
		chunk_free(rows, old->full[i]);
	}
	if (old->full != NULL)
		pfree(old->full);
	pfree(old_rooms);
	pfree(old);
}

/*
 * fast_rows_make_room
 *		Makes room for a row of that size in a partition, whose chunk is full.
 */
void
fast_rows_make_room(FastRows *rows, int number, Size size)
{
	FastPartition *partition = &rows->partitions[number];
	FastRoom   *room = &rows->rooms[number];
	Size		wanted = Max(rows->chunk_size, TYPEALIGN(BLCKSZ, sizeof(FastChunk) + size));

	CHECK_FOR_INTERRUPTS();
	if (partition->chunk != NULL)
	{
		chunk_used(rows, number);
		if (rows->memory + wanted > rows->limit && rows->count > 1)
		{
			memset(room->next, 0, room->end - room->next);
			remember(rows, partition, spill(rows, partition->chunk));
			if (partition->chunk->size >= wanted)
			{
				room->next = partition->chunk->rows;
				return;
			}
			rows->memory -= partition->chunk->size;
			chunk_free(rows, partition->place);
		}
		else
			remember(rows, partition, partition->place);
	}
	chunk_open(rows, number, wanted);
}

/*
 * fast_rows_end
 *		All rows are there. Where others read them too, they are told where.
 */
void
fast_rows_end(FastRows *rows)
{
	for (int i = 0; i <= rows->count; i++)
	{
		FastPartition *partition = &rows->partitions[i];

		if (partition->chunk == NULL)
			continue;
		chunk_used(rows, i);
		remember(rows, partition, partition->place);
		partition->chunk = NULL;
	}
	if (rows->shared != NULL)
	{
		dsa_pointer written = dsa_allocate(rows->area, (rows->count + 1) * sizeof(SharedPartition));
		SharedPartition *shared = dsa_get_address(rows->area, written);

		for (int i = 0; i <= rows->count; i++)
		{
			FastPartition *partition = &rows->partitions[i];

			shared[i].count = partition->full_count;
			if (partition->full_count == 0)
				continue;
			shared[i].places = dsa_allocate_extended(rows->area, partition->full_count * sizeof(FastChunkPlace), DSA_ALLOC_HUGE);
			memcpy(dsa_get_address(rows->area, shared[i].places), partition->full, partition->full_count * sizeof(FastChunkPlace));
		}
		if (rows->file != NULL)
		{
			BufFileExportFileSet(rows->file);
			rows->files[rows->participant] = rows->file;
		}
		rows->shared->written[rows->participant] = written;
	}
}

/*
 * fast_rows_close
 *		Gives back what the context of the rows does not hold.
 */
void
fast_rows_close(FastRows *rows)
{
	if (rows->attached)
		BarrierDetach(&rows->shared->barrier);
	rows->attached = false;
	if (rows->shared == NULL && rows->file != NULL)
		BufFileClose(rows->file);
	for (int i = 0; rows->files != NULL && i < rows->shared->participants; i++)
	{
		if (rows->files[i] != NULL)
			BufFileClose(rows->files[i]);
		rows->files[i] = NULL;
	}
	rows->file = NULL;
}

/* ------------------------------------------------------------------------------------------------
 * Sharing
 * ------------------------------------------------------------------------------------------------ */

/*
 * fast_shared_size
 *		What so many participants share, the rows apart.
 */
Size
fast_shared_size(int participants)
{
	return add_size(offsetof(FastShared, written), mul_size(participants, sizeof(dsa_pointer)));
}

/*
 * fast_shared_init
 *		Before any participant starts.
 */
void
fast_shared_init(FastShared *shared, int participants, double expected, dsm_segment *segment)
{
	memset(shared, 0, fast_shared_size(participants));
	shared->segment = dsm_segment_handle(segment);
	shared->participants = participants;
	shared->partitions = fitting(partitions_for(expected), ROWS_MEMORY);
	BarrierInit(&shared->barrier, 0);
	pg_atomic_init_u32(&shared->next_participant, 0);
	pg_atomic_init_u32(&shared->next_partition, 0);
	SharedFileSetInit(&shared->files, segment);
}

/*
 * fast_shared_attach
 *		In a worker, before anything else.
 */
void
fast_shared_attach(FastShared *shared)
{
	SharedFileSetAttach(&shared->files, dsm_find_mapping(shared->segment));
}

/*
 * written_free
 *		Gives back the memory of what a participant has written, as far as nobody has read it.
 */
static void
written_free(FastShared *shared, dsa_area *area, dsa_pointer written)
{
	SharedPartition *partitions = dsa_get_address(area, written);

	for (int i = 0; i <= shared->partitions; i++)
	{
		FastChunkPlace *places;

		if (partitions[i].count == 0)
			continue;
		places = dsa_get_address(area, partitions[i].places);
		for (uint32 j = 0; j < partitions[i].count; j++)
		{
			if ((places[j] & 1) == 0)
				dsa_free(area, places[j]);
		}
		dsa_free(area, partitions[i].places);
	}
	dsa_free(area, written);
}

/*
 * fast_shared_reset
 *		As before the start, where no other participant is there.
 */
void
fast_shared_reset(FastShared *shared, dsa_area *area)
{
	SharedFileSetDeleteAll(&shared->files);
	BarrierInit(&shared->barrier, 0);
	pg_atomic_write_u32(&shared->next_participant, 0);
	pg_atomic_write_u32(&shared->next_partition, 0);
	for (int i = 0; i < shared->participants; i++)
	{
		if (DsaPointerIsValid(shared->written[i]))
			written_free(shared, area, shared->written[i]);
		shared->written[i] = InvalidDsaPointer;
	}
}

/*
 * fast_shared_join
 *		Takes part. False where all rows have been read already: there is nothing to write then.
 */
bool
fast_shared_join(FastRows *rows)
{
	rows->attached = true;
	if (BarrierAttach(&rows->shared->barrier) > 0)
		return false;
	rows->participant = pg_atomic_fetch_add_u32(&rows->shared->next_participant, 1);
	return true;
}

/*
 * fast_shared_wait
 *		Until all that take part have read their rows. None of them has given a row by then, so none waits for a reader.
 */
void
fast_shared_wait(FastRows *rows)
{
	BarrierArriveAndWait(&rows->shared->barrier, PG_WAIT_EXTENSION);
}

/*
 * fast_rows_take
 *		The next partition to group: the one after the last, or one that no other process has taken; -1 after all of them.
 */
int
fast_rows_take(FastRows *rows, int last)
{
	int			next = rows->shared != NULL ? (int) pg_atomic_fetch_add_u32(&rows->shared->next_partition, 1) : last + 1;

	return next <= rows->count ? next : -1;
}

/* ------------------------------------------------------------------------------------------------
 * Reading
 * ------------------------------------------------------------------------------------------------ */

/*
 * fast_chunks_begin
 */
void
fast_chunks_begin(FastChunkReader *reader, FastRows *rows, int partition)
{
	memset(reader, 0, sizeof(*reader));
	reader->rows = rows;
	reader->partition = partition;
}

/*
 * next_place
 *		The place of the next chunk, and in whose memory or file it is; false after the last.
 */
static bool
next_place(FastChunkReader *reader)
{
	FastRows   *rows = reader->rows;
	FastShared *shared = rows->shared;

	if (shared == NULL)
	{
		FastPartition *partition = &rows->partitions[reader->partition];

		if (reader->next == partition->full_count)
			return false;
		reader->place = partition->full[reader->next++];
		return true;
	}
	for (; reader->participant < shared->participants; reader->participant++, reader->next = 0)
	{
		SharedPartition *partition;

		if (!DsaPointerIsValid(shared->written[reader->participant]))
			continue;
		partition = (SharedPartition *) dsa_get_address(rows->area, shared->written[reader->participant]) + reader->partition;
		if (reader->next < partition->count)
		{
			FastChunkPlace *place = (FastChunkPlace *) dsa_get_address(rows->area, partition->places) + reader->next++;

			reader->place = *place;
			*place |= 1;		/* the reader gives the memory back */
			return true;
		}
	}
	return false;
}

/*
 * file_of
 *		The file that a participant has written, open for reading.
 */
static BufFile *
file_of(FastRows *rows, int participant)
{
	if (rows->shared == NULL)
		return rows->file;
	if (rows->files[participant] == NULL)
	{
		MemoryContext before = MemoryContextSwitchTo(rows->context);
		char		name[MAXPGPATH];

		spill_name(name, participant);
		rows->files[participant] = BufFileOpenFileSet(&rows->shared->files.fs, name, O_RDONLY, false);
		MemoryContextSwitchTo(before);
	}
	return rows->files[participant];
}

/*
 * read_chunk
 *		A chunk of a file: the usual size first, and the rest of a larger one.
 */
static FastChunk *
read_chunk(FastChunkReader *reader)
{
	FastRows   *rows = reader->rows;
	BufFile    *file = file_of(rows, reader->participant);
	Size		size = rows->chunk_size;

	if (reader->buffer == NULL)
		reader->buffer = MemoryContextAlloc(rows->context, size);
	if (BufFileSeekBlock(file, reader->place >> 1) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not find a block of a temporary file of grouped rows: %m")));
	BufFileReadExact(file, reader->buffer, size);
	if (reader->buffer->size > size)
	{
		FastChunk  *larger = MemoryContextAllocHuge(rows->context, reader->buffer->size);

		memcpy(larger, reader->buffer, size);
		BufFileReadExact(file, (char *) larger + size, larger->size - size);
		reader->larger = larger;
		return larger;
	}
	return reader->buffer;
}

/*
 * drop_chunk
 *		What was handed out last is not needed any more.
 */
static void
drop_chunk(FastChunkReader *reader)
{
	if (reader->larger != NULL)
		pfree(reader->larger);
	else if (reader->chunk != NULL && (reader->place & 1) == 0)
		chunk_free(reader->rows, reader->place);
	reader->larger = NULL;
	reader->chunk = NULL;
}

/*
 * fast_chunks_next
 *		The next chunk of the partition, NULL after the last.
 */
FastChunk *
fast_chunks_next(FastChunkReader *reader)
{
	CHECK_FOR_INTERRUPTS();
	drop_chunk(reader);
	if (!next_place(reader))
		return NULL;
	reader->chunk = (reader->place & 1) != 0 ? read_chunk(reader) : chunk_address(reader->rows, reader->place);
	return reader->chunk;
}

/*
 * fast_chunks_end
 */
void
fast_chunks_end(FastChunkReader *reader)
{
	drop_chunk(reader);
	if (reader->buffer != NULL)
		pfree(reader->buffer);
}
