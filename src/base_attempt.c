/*
 * base_attempt.c
 *		Work of the trigger that may fail without failing the transaction of the orders.
 */
#include "compat.h"

#include "access/xact.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "base_changes.h"

/* How long a statement of the trigger waits for a lock. */
#define LOCK_TIMEOUT "100ms"

/*
 * must_be_thrown
 *		An error that ends the transaction, whoever meets it first: no memory or disk, a cancel or shutdown.
 */
static bool
must_be_thrown(int sqlerrcode)
{
	int			category = ERRCODE_TO_CATEGORY(sqlerrcode);

	return category == ERRCODE_INSUFFICIENT_RESOURCES || category == ERRCODE_OPERATOR_INTERVENTION;
}

/*
 * base_attempt
 *		The subtransaction gets no transaction id of its own unless the work writes something.
 */
bool
base_attempt(void (*work) (void *arg), void *arg, char **message)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	volatile bool done = false;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		work(arg);
		ReleaseCurrentSubTransaction();
		done = true;
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(context);
		CurrentResourceOwner = owner;
		if (must_be_thrown(error->sqlerrcode))
			ReThrowError(error);
		if (message)
			*message = pstrdup(error->message);
		FreeErrorData(error);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	return done;
}

/*
 * base_extension_schema
 */
const char *
base_extension_schema(Oid function)
{
	return quote_identifier(get_namespace_name(get_func_namespace(function)));
}

/* What base_execute runs in a subtransaction. */
typedef struct Execution
{
	const char *statement;
	int			count;
	Oid		   *types;
	Datum	   *values;
} Execution;

static void
execute(void *arg)
{
	Execution  *execution = arg;
	int			nest_level = NewGUCNestLevel();

	set_setting("search_path", "pg_catalog, pg_temp");
	set_setting("standard_conforming_strings", "on");
	set_setting("lock_timeout", LOCK_TIMEOUT);
	SPI_connect();
	SPI_execute_with_args(execution->statement, execution->count, execution->types, execution->values, NULL, false, 0);
	SPI_finish();
	AtEOXact_GUC(false, nest_level);
}

/*
 * base_execute
 */
bool
base_execute(const char *statement, int count, Oid *types, Datum *values, char **message)
{
	Execution	execution = {statement, count, types, values};

	return base_attempt(execute, &execution, message);
}
