/*
 * server.c
 *		Fuzz targets of libFuzzer that run inside a PostgreSQL backend: text and binary input, states of aggregates, calls.
 *
 * "make fuzz" links it into a build of the library whose code tells libFuzzer what it reaches. The schema fuzz, made by
 * seeds.sql, says what there is to ask: types and their values, aggregates and their states, and calls. Whatever comes in must
 * give a value or an error with a proper SQLSTATE, and soon; a value must survive output and input, in text and in binary form.
 */
#include "compat.h"

#include <time.h>
#include <unistd.h>

#include "access/xact.h"
#include "catalog/pg_aggregate.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/syscache.h"
#include "utils/timeout.h"
#include "utils/timestamp.h"

#include "findings.h"

PG_FUNCTION_INFO_V1(fuzz);

extern int	LLVMFuzzerRunDriver(int *argc, char ***argv, int (*target) (const uint8_t *data, size_t size));

/* A small input that takes longer, is a finding. */
#define SLOW_SECONDS 1.0
/* A call may have much to do: it is interrupted, and a finding if that does not help. */
#define LONGEST_MS 500
#define SLOW_CALL_SECONDS 4.0

/* ------------------------------------------------------------------------------------------------
 * A memory context of which each piece is malloc's own, so that AddressSanitizer sees the bounds of each
 * ------------------------------------------------------------------------------------------------ */

typedef struct Piece
{
	struct Piece *next;
	struct Piece **link;		/* what points to this one */
	Size		size;
	MemoryContext context;		/* just before the memory that is handed out, as PostgreSQL 15 wants it */
} Piece;

typedef struct WatchedContext
{
	MemoryContextData header;
	Piece	   *pieces;
} WatchedContext;

static void *
watched_alloc(MemoryContext context, Size size)
{
	WatchedContext *watched = (WatchedContext *) context;
	Piece	   *piece = malloc(sizeof(Piece) + size);

	if (piece == NULL)
		return NULL;
	*piece = (Piece) {watched->pieces, &watched->pieces, size, context};
	if (piece->next)
		piece->next->link = &piece->next;
	watched->pieces = piece;
	return piece + 1;
}

static void
watched_free(MemoryContext context, void *pointer)
{
	Piece	   *piece = (Piece *) pointer - 1;

	*piece->link = piece->next;
	if (piece->next)
		piece->next->link = piece->link;
	free(piece);
}

static void *
watched_realloc(MemoryContext context, void *pointer, Size size)
{
	void	   *moved = watched_alloc(context, size);

	if (moved == NULL)
		return NULL;
	memcpy(moved, pointer, Min(size, ((Piece *) pointer - 1)->size));
	watched_free(context, pointer);
	return moved;
}

static void
watched_reset(MemoryContext context)
{
	while (((WatchedContext *) context)->pieces)
		watched_free(context, ((WatchedContext *) context)->pieces + 1);
}

static void
watched_delete(MemoryContext context)
{
	watched_reset(context);
	free(context);
}

static Size
watched_space(MemoryContext context, void *pointer)
{
	return ((Piece *) pointer - 1)->size;
}

static bool
watched_is_empty(MemoryContext context)
{
	return ((WatchedContext *) context)->pieces == NULL;
}

static void
watched_stats(MemoryContext context, MemoryStatsPrintFunc print, void *passthru, MemoryContextCounters *totals, bool to_stderr)
{
}

static void
watched_check(MemoryContext context)
{
}

/*
 * AllocSetContextCreateInternal
 *		In place of the server's for the contexts that the library makes.
 */
MemoryContext
AllocSetContextCreateInternal(MemoryContext parent, const char *name, Size minimum, Size initial, Size maximum)
{
	static const MemoryContextMethods methods = {
		watched_alloc, watched_free, watched_realloc, watched_reset, watched_delete, watched_space, watched_is_empty, watched_stats,
#ifdef MEMORY_CONTEXT_CHECKING
		watched_check
#endif
	};
	WatchedContext *watched = malloc(sizeof(WatchedContext));

	watched->pieces = NULL;
	MemoryContextCreate(&watched->header, T_AllocSetContext, &methods, parent, name);
	return &watched->header;
}

/* ------------------------------------------------------------------------------------------------
 * What there is to ask
 * ------------------------------------------------------------------------------------------------ */

typedef struct Subject
{
	Oid			type;
	const char *name;
	FmgrInfo	input;
	FmgrInfo	output;
	FmgrInfo	receive;
	FmgrInfo	send;
	Oid			input_parameter;
	int16		length;
	bool		by_value;
	bool		ours;			/* a type of the extension */
	int			count;
	Datum	   *values;
} Subject;

typedef struct Partial
{
	const char *name;
	Oid			deserialize;
	Oid			serialize;
	Oid			combine;
	Oid			final;
	Oid			result;
	bool		extra;			/* the final function takes NULLs in place of the arguments */
} Partial;

/* A call, either by a statement, or directly. */
typedef struct Call
{
	const char *statement;
	Oid			function;
	int			count;
	Oid			types[FUNC_MAX_ARGS];
	SPIPlanPtr	plan;
} Call;

static Subject *subjects;
static int	subject_count;
static int	our_count;
static Partial *partials;
static int	partial_count;
static Call *calls;
static int	call_count;

static MemoryContext input_context;
static struct
{
	char		state[6];
	int64		count;
}			outcomes[200];
static int64 executions;

static const uint8_t *data;
static size_t left;

static uint8_t
take_byte(void)
{
	if (left == 0)
		return 0;
	left--;
	return *data++;
}

static int
take_choice(int count)
{
	int			choice = take_byte();

	return (count > 256 ? choice << 8 | take_byte() : choice) % count;
}

static Subject *
find_subject(Oid type)
{
	for (int i = 0; i < subject_count; i++)
	{
		if (subjects[i].type == type)
			return &subjects[i];
	}
	return NULL;
}

/*
 * write_seed
 *		An input to begin with.
 */
static void
write_seed(const char *folder, int number, const void *head, int head_size, const void *rest, int rest_size)
{
	char	   *path = psprintf("%s/seed-%d", folder, number);
	FILE	   *file = fopen(path, "wb");

	if (file == NULL)
		ereport(ERROR, (errcode_for_file_access(), errmsg("cannot write \"%s\": %m", path)));
	fwrite(head, 1, head_size, file);
	fwrite(rest, 1, rest_size, file);
	fclose(file);
	pfree(path);
}

static Datum
cell(int row, int column, bool *is_null)
{
	return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, is_null);
}

static char *
cell_text(int row, int column)
{
	return MemoryContextStrdup(TopMemoryContext, SPI_getvalue(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column));
}

static void
ask_catalog(const char *query)
{
	if (SPI_execute(query, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "failed: %s", query);
}

/*
 * load
 *		The tables of the schema fuzz.
 */
static void
load(const char *target, const char *folder)
{
	MemoryContext old;
	bool		is_null;
	bool		text = strcmp(target, "text") == 0;
	int			seeds = 0;

	ask_catalog("SELECT type, type::regtype::text, ours FROM fuzz.types ORDER BY ours DESC, 2");
	subject_count = SPI_processed;
	subjects = MemoryContextAllocZero(TopMemoryContext, sizeof(Subject) * subject_count);
	for (int i = 0; i < subject_count; i++)
	{
		Subject    *subject = &subjects[i];
		Oid			function;
		bool		varlena;
		char		align;

		subject->type = DatumGetObjectId(cell(i, 1, &is_null));
		subject->name = cell_text(i, 2);
		subject->ours = DatumGetBool(cell(i, 3, &is_null));
		our_count += subject->ours;
		get_typlenbyvalalign(subject->type, &subject->length, &subject->by_value, &align);
		getTypeInputInfo(subject->type, &function, &subject->input_parameter);
		fmgr_info_cxt(function, &subject->input, TopMemoryContext);
		getTypeOutputInfo(subject->type, &function, &varlena);
		fmgr_info_cxt(function, &subject->output, TopMemoryContext);
		getTypeBinaryInputInfo(subject->type, &function, &subject->input_parameter);
		fmgr_info_cxt(function, &subject->receive, TopMemoryContext);
		getTypeBinaryOutputInfo(subject->type, &function, &varlena);
		fmgr_info_cxt(function, &subject->send, TopMemoryContext);
	}
	for (int i = 0; i < subject_count; i++)
	{
		Subject    *subject = &subjects[i];

		ask_catalog(psprintf("SELECT value FROM fuzz.pool WHERE type = %u ORDER BY value", subject->type));
		subject->count = SPI_processed;
		subject->values = MemoryContextAlloc(TopMemoryContext, sizeof(Datum) * Max(subject->count, 1));
		for (int j = 0; j < subject->count; j++)
		{
			char	   *value = cell_text(j, 1);
			uint8_t		head = i;

			old = MemoryContextSwitchTo(TopMemoryContext);
			subject->values[j] = InputFunctionCall(&subject->input, value, subject->input_parameter, -1);
			MemoryContextSwitchTo(old);
			if (text && subject->ours)
				write_seed(folder, seeds++, &head, 1, value, strlen(value));
			else if (strcmp(target, "binary") == 0 && subject->ours)
			{
				bytea	   *bytes = SendFunctionCall(&subject->send, subject->values[j]);

				write_seed(folder, seeds++, &head, 1, VARDATA(bytes), VARSIZE(bytes) - VARHDRSZ);
			}
		}
	}

	ask_catalog("SELECT a.oid::regprocedure::text, a.deserialize, a.serialize, a.combine, a.final, a.result, a.extra, a.states FROM fuzz.partials AS a ORDER BY 1");
	partial_count = SPI_processed;
	partials = MemoryContextAllocZero(TopMemoryContext, sizeof(Partial) * partial_count);
	for (int i = 0; i < partial_count; i++)
	{
		Datum	   *states;
		bool	   *nulls;
		int			count;
		uint8_t		head = i;

		partials[i].name = cell_text(i, 1);
		partials[i].deserialize = DatumGetObjectId(cell(i, 2, &is_null));
		partials[i].serialize = DatumGetObjectId(cell(i, 3, &is_null));
		partials[i].combine = DatumGetObjectId(cell(i, 4, &is_null));
		partials[i].final = DatumGetObjectId(cell(i, 5, &is_null));
		partials[i].result = DatumGetObjectId(cell(i, 6, &is_null));
		partials[i].extra = DatumGetBool(cell(i, 7, &is_null));
		deconstruct_array(DatumGetArrayTypeP(cell(i, 8, &is_null)), BYTEAOID, -1, false, TYPALIGN_INT, &states, &nulls, &count);
		for (int j = 0; j < count && strcmp(target, "state") == 0; j++)
		{
			bytea	   *state = DatumGetByteaPP(states[j]);

			write_seed(folder, seeds++, &head, 1, VARDATA_ANY(state), VARSIZE_ANY_EXHDR(state));
		}
	}

	ask_catalog("SELECT statement, function, types FROM fuzz.calls ORDER BY 1");
	call_count = SPI_processed;
	calls = MemoryContextAllocZero(TopMemoryContext, sizeof(Call) * call_count);
	for (int i = 0; i < call_count; i++)
	{
		ArrayType  *types = DatumGetArrayTypeP(cell(i, 3, &is_null));
		uint8_t		head[2] = {call_count > 256 ? i >> 8 : i, i};

		calls[i].statement = cell_text(i, 1);
		calls[i].function = DatumGetObjectId(cell(i, 2, &is_null));
		calls[i].count = ArrayGetNItems(ARR_NDIM(types), ARR_DIMS(types));
		memcpy(calls[i].types, ARR_DATA_PTR(types), sizeof(Oid) * calls[i].count);
		for (int j = 0; j < 3 && strcmp(target, "call") == 0; j++)
		{
			uint8_t		rest[60];

			for (int k = 0; k < (int) sizeof(rest); k++)
				rest[k] = k % 3 == 0 ? 4 : 37 * j + 11 * k;
			write_seed(folder, seeds++, head, call_count > 256 ? 2 : 1, rest, sizeof(rest));
		}
	}
}

/* ------------------------------------------------------------------------------------------------
 * Targets
 * ------------------------------------------------------------------------------------------------ */

/*
 * check_value
 *		What came in must survive output and input.
 */
static void
check_value(Subject *subject, Datum value)
{
	char	   *text = OutputFunctionCall(&subject->output, value);
	bytea	   *bytes;
	StringInfoData buffer;
	Datum		again = InputFunctionCall(&subject->input, text, subject->input_parameter, -1);

	if (!datumIsEqual(value, again, subject->by_value, subject->length))
		finding(subject->name, psprintf("is another value after output and input: %s", text));
	bytes = SendFunctionCall(&subject->send, value);
	initStringInfo(&buffer);
	appendBinaryStringInfo(&buffer, VARDATA(bytes), VARSIZE(bytes) - VARHDRSZ);
	again = ReceiveFunctionCall(&subject->receive, &buffer, subject->input_parameter, -1);
	if (!datumIsEqual(value, again, subject->by_value, subject->length))
		finding(subject->name, psprintf("is another value after binary output and input: %s", text));
}

static const char *place;

/*
 * receive
 *		As COPY and a bound parameter do.
 */
static Datum
receive(Subject *subject, const uint8_t *bytes, size_t size)
{
	StringInfoData buffer;
	Datum		value;

	/* Of just that size, with the zero that follows in any buffer. */
	buffer.data = palloc(size + 1);
	memcpy(buffer.data, bytes, size);
	buffer.data[size] = '\0';
	buffer.len = buffer.maxlen = size;
	buffer.cursor = 0;
	value = ReceiveFunctionCall(&subject->receive, &buffer, subject->input_parameter, -1);
	if (buffer.cursor != buffer.len)
		ereport(ERROR, (errcode(ERRCODE_INVALID_BINARY_REPRESENTATION), errmsg("incorrect binary data format")));
	return value;
}

static void
ask_text(void)
{
	Subject    *subject = &subjects[take_choice(our_count)];
	char	   *text = palloc(left + 1);

	place = subject->name;
	memcpy(text, data, left);
	text[left] = '\0';
	/* Nothing else comes through the protocol. */
	if (strlen(text) == left && pg_verify_mbstr(PG_UTF8, text, left, true))
		check_value(subject, InputFunctionCall(&subject->input, text, subject->input_parameter, -1));
}

static void
ask_binary(void)
{
	Subject    *subject = &subjects[take_choice(our_count)];

	place = subject->name;
	check_value(subject, receive(subject, data, left));
}

/*
 * ask_state
 *		A state that a worker might pass on: it becomes one again, is combined with itself and with none, and is finished.
 */
static void
ask_state(void)
{
	Partial    *partial = &partials[take_choice(partial_count)];
	WindowAggState *aggregate = makeNode(WindowAggState);
	bytea	   *bytes = palloc(left + VARHDRSZ);
	FmgrInfo	deserialize,
				combine,
				serialize,
				final;
	LOCAL_FCINFO(fcinfo, FUNC_MAX_ARGS);
	Datum		state = 0;

	place = partial->name;
	aggregate->curaggcontext = CurrentMemoryContext;
	SET_VARSIZE(bytes, left + VARHDRSZ);
	memcpy(VARDATA(bytes), data, left);
	fmgr_info(partial->deserialize, &deserialize);
	fmgr_info(partial->combine, &combine);
	fmgr_info(partial->serialize, &serialize);
	fmgr_info(partial->final, &final);
	for (int i = 0; i < 3; i++)
	{
		Datum		other;

		InitFunctionCallInfoData(*fcinfo, &deserialize, 2, InvalidOid, (Node *) aggregate, NULL);
		fcinfo->args[0] = (NullableDatum) {PointerGetDatum(bytes), false};
		fcinfo->args[1] = (NullableDatum) {0, false};
		other = FunctionCallInvoke(fcinfo);
		InitFunctionCallInfoData(*fcinfo, &combine, 2, InvalidOid, (Node *) aggregate, NULL);
		fcinfo->args[0] = (NullableDatum) {state, i == 0};
		fcinfo->args[1] = (NullableDatum) {other, false};
		state = FunctionCallInvoke(fcinfo);
		if (fcinfo->isnull)
			return;
	}
	InitFunctionCallInfoData(*fcinfo, &serialize, 1, InvalidOid, (Node *) aggregate, NULL);
	fcinfo->args[0] = (NullableDatum) {state, false};
	FunctionCallInvoke(fcinfo);
	/* Twice, for it must not change the state. */
	for (int i = 0; i < 2; i++)
	{
		int			count = partial->extra ? get_func_nargs(partial->final) : 1;
		Datum		result;
		Oid			output;
		bool		varlena;

		InitFunctionCallInfoData(*fcinfo, &final, count, InvalidOid, (Node *) aggregate, NULL);
		for (int j = 0; j < count; j++)
			fcinfo->args[j] = (NullableDatum) {j == 0 ? state : 0, j > 0};
		result = FunctionCallInvoke(fcinfo);
		if (fcinfo->isnull)
			return;
		getTypeOutputInfo(partial->result, &output, &varlena);
		OidOutputFunctionCall(output, result);
	}
}

/*
 * take_value
 *		For an argument: one of the pool, or one of the pool's that is bent, or a number of bytes.
 */
static Datum
take_value(Oid type, bool *is_null)
{
	Subject    *subject = find_subject(type);
	uint8_t		way = take_byte();
	Datum		value;

	*is_null = way == 0 || subject == NULL || subject->count == 0;
	if (*is_null)
		return 0;
	value = subject->values[take_choice(subject->count)];
	if (way % 4 == 1 && !subject->ours && subject->by_value && subject->length > 1)
	{
		value = 0;
		for (int i = 0; i < subject->length; i++)
			value = value << 8 | take_byte();
		value = subject->length == 2 ? Int16GetDatum((int16) value) : subject->length == 4 ? Int32GetDatum((int32) value) : value;
		if ((type == DATEOID && !IS_VALID_DATE(DatumGetDateADT(value))) ||
			((type == TIMESTAMPOID || type == TIMESTAMPTZOID) && !IS_VALID_TIMESTAMP(DatumGetTimestamp(value))))
			return subject->values[0];
		return value;
	}
	if (way % 4 == 1 && subject->ours)
	{
		bytea	   *bytes = SendFunctionCall(&subject->send, value);
		int			size = VARSIZE(bytes) - VARHDRSZ;

		for (int i = 1 + take_byte() % 4; i > 0 && size > 0; i--)
			VARDATA(bytes)[(take_byte() << 8 | take_byte()) % size] ^= take_byte();
		if (way & 64)
			size = size * take_byte() / 255;
		return receive(subject, (uint8_t *) VARDATA(bytes), size);
	}
	return value;
}

static void
ask_call(void)
{
	Call	   *call = &calls[take_choice(call_count)];
	Datum		values[FUNC_MAX_ARGS];
	bool		nulls[FUNC_MAX_ARGS];
	char		marks[FUNC_MAX_ARGS + 1];
	bool		strict = false;

	place = call->statement;
	for (int i = 0; i < call->count; i++)
	{
		values[i] = take_value(call->types[i], &nulls[i]);
		marks[i] = nulls[i] ? 'n' : ' ';
		strict |= nulls[i];
	}
	if (OidIsValid(call->function) && !(strict && func_strict(call->function)))
	{
		FmgrInfo	function;
		Oid			output;
		bool		varlena;
		Datum		result;
		LOCAL_FCINFO(fcinfo, FUNC_MAX_ARGS);

		fmgr_info(call->function, &function);
		InitFunctionCallInfoData(*fcinfo, &function, call->count, DEFAULT_COLLATION_OID, NULL, NULL);
		for (int i = 0; i < call->count; i++)
			fcinfo->args[i] = (NullableDatum) {values[i], nulls[i]};
		result = FunctionCallInvoke(fcinfo);
		if (fcinfo->isnull)
			return;
		getTypeOutputInfo(get_func_rettype(call->function), &output, &varlena);
		OidOutputFunctionCall(output, result);
		return;
	}
	if (call->plan == NULL)
	{
		call->plan = SPI_prepare_cursor(call->statement, call->count, call->types, CURSOR_OPT_GENERIC_PLAN);
		SPI_keepplan(call->plan);
	}
	SPI_execute_plan(call->plan, values, marks, false, 0);
	SPI_freetuptable(SPI_tuptable);
}

static const struct
{
	const char *name;
	void		(*ask) (void);
}			targets[] = {
	{"text", ask_text}, {"binary", ask_binary}, {"state", ask_state}, {"call", ask_call}
};
static void (*ask) (void);

static void
count_outcome(int sqlstate)
{
	const char *state = sqlstate ? unpack_sql_state(sqlstate) : "value";

	for (int i = 0; i < (int) lengthof(outcomes); i++)
	{
		if (outcomes[i].count == 0)
			strlcpy(outcomes[i].state, state, sizeof(outcomes[i].state));
		if (strcmp(outcomes[i].state, state) == 0)
		{
			outcomes[i].count++;
			return;
		}
	}
}

static double
processor_time(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

/*
 * run_one
 *		In a subtransaction, whose end frees whatever an error left behind.
 */
static int
run_one(const uint8_t *bytes, size_t size)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *error = NULL;
	double		begun = processor_time();

	finding_data = data = bytes;
	finding_size = left = size;
	executions++;
	place = "";
	enable_timeout_after(STATEMENT_TIMEOUT, LONGEST_MS);
	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(input_context);
	PG_TRY();
	{
		ask();
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(input_context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	disable_timeout(STATEMENT_TIMEOUT, false);
	QueryCancelPending = false;
	CurrentResourceOwner = owner;
	MemoryContextSwitchTo(input_context);
	count_outcome(error ? error->sqlerrcode : 0);
	if (error && ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_INTERNAL_ERROR)
		finding(place, error->message);
	if (processor_time() - begun > (ask == ask_call ? SLOW_CALL_SECONDS : SLOW_SECONDS))
		finding(place, psprintf("took %.1f s", processor_time() - begun));
	MemoryContextSwitchTo(context);
	MemoryContextReset(input_context);
	CHECK_FOR_INTERRUPTS();
	return 0;
}

static void
report(void)
{
	fprintf(stderr, "OUTCOMES of " INT64_FORMAT ":", executions);
	for (int i = 0; i < (int) lengthof(outcomes) && outcomes[i].count > 0; i++)
		fprintf(stderr, " %s " INT64_FORMAT, outcomes[i].state, outcomes[i].count);
	fprintf(stderr, "\n");
}

/*
 * fuzz
 *		A target, and the arguments of libFuzzer, of which the last is the folder with inputs. It ends the backend.
 */
Datum
fuzz(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	Datum	   *arguments;
	bool	   *nulls;
	int			count;
	char	  **argv;

	deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), TEXTOID, -1, false, TYPALIGN_INT, &arguments, &nulls, &count);
	argv = palloc0(sizeof(char *) * (count + 2));
	argv[0] = "fuzz";
	for (int i = 0; i < count; i++)
		argv[i + 1] = text_to_cstring(DatumGetTextPP(arguments[i]));
	for (int i = 0; i < (int) lengthof(targets); i++)
	{
		if (strcmp(targets[i].name, name) == 0)
			ask = targets[i].ask;
	}
	if (ask == NULL)
		elog(ERROR, "there is no target \"%s\"", name);
	SPI_connect();
	load(name, argv[count]);
	finding_folder = argv[count];
	input_context = AllocSetContextCreateInternal(TopMemoryContext, "input", 0, 0, 0);
	atexit(report);
	count++;
	LLVMFuzzerRunDriver(&count, &argv, run_one);
	PG_RETURN_VOID();
}
