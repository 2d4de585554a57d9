/*
 * segment_map_check.c
 *		The aggregate segment_map_check: proves that a segment map gives each code exactly one segment.
 *
 * The state holds a cell for each code that could be, and the names of the segments; it does not grow with
 * the rows. Faults of the map as a whole are found at the end, so that they do not depend on the order of
 * the rows.
 */
#include "compat.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"

#include "aggregate.h"

PG_FUNCTION_INFO_V1(segment_map_check_accum);
PG_FUNCTION_INFO_V1(segment_map_check_final);

#define MAX_POSITIONS 3
#define MAX_SCORE 9
#define MAX_CODES (MAX_SCORE * MAX_SCORE * MAX_SCORE)
#define MAX_NAME_BYTES 200

/* How many codes at fault, and how many inversions, are named. */
#define CODES_SHOWN 20
#define INVERSIONS_SHOWN 5

typedef struct MapSegment
{
	char	   *name;
	int32		lowest_rank;
	int32		highest_rank;
} MapSegment;

/* A code: by how many rows it is covered (0, 1, or 2 for more), and the first and last segment by name. */
typedef struct MapCell
{
	uint8		rows;
	uint16		first;
	uint16		last;
} MapCell;

typedef struct MapCheck
{
	bool		has_positions[MAX_POSITIONS + 1];	/* 2, 3, or wrongly both */
	int			bins;			/* the largest digit, at least 2 */
	int			nsegments;
	MapSegment	segments[MAX_CODES];
	MapCell		cells[MAX_CODES];
} MapCheck;

/* The scores that a code has at each position: bit n for the score n + 1. */
typedef struct CodePattern
{
	int			positions;
	int			largest;
	uint16		scores[MAX_POSITIONS];
} CodePattern;

static const char *const position_names[MAX_POSITIONS] = {"recency", "frequency", "money"};

/*
 * clipped
 *		A text to be shown in a message, at most 40 bytes of it.
 */
static char *
clipped(const text *value)
{
	int			size = VARSIZE_ANY_EXHDR(value);
	int			shown = pg_mbcliplen(VARDATA_ANY(value), size, 40);

	return psprintf("%.*s%s", shown, VARDATA_ANY(value), shown < size ? "..." : "");
}

/*
 * parse_code
 *		Reads a code: two or three times a digit, a set of digits such as [12], or * for any.
 */
static bool
parse_code(const text *code, CodePattern *pattern)
{
	const char *p = VARDATA_ANY(code);
	const char *end = p + VARSIZE_ANY_EXHDR(code);

	memset(pattern, 0, sizeof(CodePattern));
	for (; p < end; p++)
	{
		bool		is_set = *p == '[';
		uint16		scores = 0;

		if (pattern->positions == MAX_POSITIONS)
			return false;
		if (*p == '*')
			scores = (1 << MAX_SCORE) - 1;
		else
		{
			if (is_set)
				p++;
			for (; p < end && *p >= '1' && *p <= '9'; p++)
			{
				scores |= 1 << (*p - '1');
				pattern->largest = Max(pattern->largest, *p - '0');
				if (!is_set)
					break;
			}
			if (scores == 0 || (is_set && (p == end || *p != ']')))
				return false;
		}
		pattern->scores[pattern->positions++] = scores;
	}
	return pattern->positions >= 2;
}

/*
 * find_segment
 *		The number of the segment of that name, which is added when it is new.
 */
static int
find_segment(MapCheck *check, const text *name, int32 rank, MemoryContext context)
{
	int			size = VARSIZE_ANY_EXHDR(name);
	MapSegment *segment;

	for (int i = 0; i < check->nsegments; i++)
	{
		segment = &check->segments[i];
		if (strlen(segment->name) == size && memcmp(segment->name, VARDATA_ANY(name), size) == 0)
		{
			segment->lowest_rank = Min(segment->lowest_rank, rank);
			segment->highest_rank = Max(segment->highest_rank, rank);
			return i;
		}
	}

	if (size > MAX_NAME_BYTES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("segment \"%s\" has a name of %d bytes", clipped(name), size),
				 errhint("Give segments short names; at most %d bytes.", MAX_NAME_BYTES)));
	if (check->nsegments == MAX_CODES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a segment map has more than %d segments", MAX_CODES),
				 errhint("Check one map at a time, and that the segment comes second: segment_map_check(code, segment, rank).")));
	segment = &check->segments[check->nsegments];
	segment->name = MemoryContextStrdup(context, text_to_cstring(name));
	segment->lowest_rank = segment->highest_rank = rank;
	return check->nsegments++;
}

/*
 * cover
 *		Counts a row for a code.
 */
static void
cover(MapCheck *check, MapCell *cell, int segment)
{
	const char *name = check->segments[segment].name;

	if (cell->rows == 0 || strcmp(name, check->segments[cell->first].name) < 0)
		cell->first = segment;
	if (cell->rows == 0 || strcmp(name, check->segments[cell->last].name) > 0)
		cell->last = segment;
	cell->rows = Min(cell->rows + 1, 2);
}

/*
 * segment_map_check_accum
 *		Takes a row of the map.
 */
Datum
segment_map_check_accum(PG_FUNCTION_ARGS)
{
	MemoryContext context;
	MapCheck   *check;
	CodePattern pattern;
	int			segment;

	context = aggregate_context(fcinfo);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s of a segment map is NULL",
						PG_ARGISNULL(1) ? "a code" : PG_ARGISNULL(2) ? "a segment" : "a rank"),
				 errhint("Give each row a code, a segment and its rank, 1 for the best.")));
	if (!parse_code(PG_GETARG_TEXT_PP(1), &pattern))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid code of a segment map: \"%s\"", clipped(PG_GETARG_TEXT_PP(1))),
				 errhint("Write recency, frequency and, if it is used, money: each a digit from 1 to 9, a set such as [12], or * for any.")));

	check = PG_ARGISNULL(0) ? MemoryContextAllocZero(context, sizeof(MapCheck)) : (MapCheck *) PG_GETARG_POINTER(0);
	check->has_positions[pattern.positions] = true;
	check->bins = Max(Max(check->bins, 2), pattern.largest);
	segment = find_segment(check, PG_GETARG_TEXT_PP(2), PG_GETARG_INT32(3), context);

	/* Cells are numbered as if all maps had nine bins. A missing position is one that has the score 1. */
	if (pattern.positions == 2)
		pattern.scores[2] = 1;
	for (int i = 0; i < MAX_CODES; i++)
	{
		if ((pattern.scores[0] >> (i / 81) & 1) && (pattern.scores[1] >> (i / 9 % 9) & 1) &&
			(pattern.scores[2] >> (i % 9) & 1))
			cover(check, &check->cells[i], segment);
	}
	PG_RETURN_POINTER(check);
}

/*
 * is_code
 *		Tells whether a cell is a code of the map: no score above the bins.
 */
static bool
is_code(int cell, int positions, int bins)
{
	return cell / 81 < bins && cell / 9 % 9 < bins && cell % 9 < (positions == 3 ? bins : 1);
}

/*
 * code_text
 *		The code of a cell.
 */
static char *
code_text(int cell, int positions)
{
	char	   *code = psprintf("%d%d%d", cell / 81 + 1, cell / 9 % 9 + 1, cell % 9 + 1);

	code[positions] = '\0';
	return code;
}

/*
 * list_code
 *		Adds a code to a list of those at fault, which stops after some.
 */
static void
list_code(StringInfo list, int number, const char *code)
{
	if (number <= CODES_SHOWN)
		appendStringInfo(list, "%s%s", number == 1 ? "" : ", ", code);
}

/*
 * end_list
 *		Says how many codes the list leaves out.
 */
static void
end_list(StringInfo list, int number)
{
	if (number > CODES_SHOWN)
		appendStringInfo(list, " and %d more", number - CODES_SHOWN);
}

/*
 * check_form
 *		Refuses codes of two and of three positions together, and a segment with two ranks.
 */
static void
check_form(const MapCheck *check)
{
	const MapSegment *fault = NULL;

	if (check->has_positions[2] && check->has_positions[3])
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the segment map has codes of two and codes of three positions"),
				 errhint("Give all codes recency and frequency, or all of them recency, frequency and money; * stands for any score.")));

	for (int i = 0; i < check->nsegments; i++)
	{
		const MapSegment *segment = &check->segments[i];

		if (segment->lowest_rank != segment->highest_rank && (fault == NULL || strcmp(segment->name, fault->name) < 0))
			fault = segment;
	}
	if (fault != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("segment \"%s\" has the ranks %d and %d", fault->name, fault->lowest_rank, fault->highest_rank),
				 errhint("Give a segment the same rank in all of its rows.")));
}

/*
 * check_cover
 *		Refuses a map with codes without a segment, or with more than one. Returns the number of codes.
 */
static int
check_cover(const MapCheck *check, int positions)
{
	StringInfoData holes;
	StringInfoData overlaps;
	int			nholes = 0;
	int			noverlaps = 0;
	int			ncodes = 0;

	initStringInfo(&holes);
	initStringInfo(&overlaps);
	for (int i = 0; i < MAX_CODES; i++)
	{
		const MapCell *cell = &check->cells[i];

		if (!is_code(i, positions, check->bins))
			continue;
		ncodes++;
		if (cell->rows == 0)
			list_code(&holes, ++nholes, code_text(i, positions));
		else if (cell->rows > 1)
			list_code(&overlaps, ++noverlaps,
					  cell->first == cell->last
					  ? psprintf("%s (%s twice)", code_text(i, positions), check->segments[cell->first].name)
					  : psprintf("%s (%s, %s)", code_text(i, positions),
								 check->segments[cell->first].name, check->segments[cell->last].name));
	}
	end_list(&holes, nholes);
	end_list(&overlaps, noverlaps);

	if (nholes > 0 || noverlaps > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("segment map of %d codes is not right: %d without a segment, %d with more than one row",
						ncodes, nholes, noverlaps),
				 errdetail("Without a segment: %s. With more than one row: %s.",
						   nholes > 0 ? holes.data : "none", noverlaps > 0 ? overlaps.data : "none"),
				 errhint("The map has %d bins, as %d is the largest digit of its codes. Give each code one row, or one pattern such as [12]* that covers it.",
						 check->bins, check->bins)));
	return ncodes;
}

/*
 * report_inversions
 *		Tells where one more in one score leads to a segment of a worse rank.
 */
static void
report_inversions(const MapCheck *check, int positions)
{
	static const int steps[MAX_POSITIONS] = {81, 9, 1};
	int			inversions = 0;

	for (int i = 0; i < MAX_CODES; i++)
	{
		for (int p = 0; p < positions && is_code(i, positions, check->bins); p++)
		{
			const MapSegment *here = &check->segments[check->cells[i].first];
			const MapSegment *above;

			if (i / steps[p] % 9 == check->bins - 1)
				continue;
			above = &check->segments[check->cells[i + steps[p]].first];
			if (above->lowest_rank > here->lowest_rank && ++inversions <= INVERSIONS_SHOWN)
				ereport(NOTICE,
						(errmsg("code %s is better than %s in %s, but its segment is worse: %s (rank %d), %s (rank %d)",
								code_text(i + steps[p], positions), code_text(i, positions), position_names[p],
								above->name, above->lowest_rank, here->name, here->lowest_rank)));
		}
	}
	if (inversions > INVERSIONS_SHOWN)
		ereport(NOTICE,
				(errmsg("the segment map has %d such inversions, %d of them shown", inversions, INVERSIONS_SHOWN)));
}

/*
 * segment_map_check_final
 *		What was proved, or an error with the codes at fault.
 */
Datum
segment_map_check_final(PG_FUNCTION_ARGS)
{
	const MapCheck *check;
	int			positions;
	int			ncodes;

	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the segment map has no rows"),
				 errhint("Begin with a shipped map: SELECT * FROM segment_map('grid25').")));

	check = (const MapCheck *) PG_GETARG_POINTER(0);
	positions = check->has_positions[3] ? 3 : 2;
	check_form(check);
	ncodes = check_cover(check, positions);
	report_inversions(check, positions);
	PG_RETURN_TEXT_P(cstring_to_text(psprintf("%d codes, %d segments, %d bins",
											  ncodes, check->nsegments, check->bins)));
}
