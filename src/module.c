/*
 * module.c
 *		What makes the library a PostgreSQL module.
 */
#include "compat.h"

#include "utils/guc.h"

#include "base_changes.h"
#include "fast_group.h"

CUSTOMER_MODULE_MAGIC;

void		_PG_init(void);

/*
 * _PG_init
 *		The settings of the extension.
 */
void
_PG_init(void)
{
	DefineCustomBoolVariable("pg_customer.maintain",
							 "Whether changes of orders are recorded for live customer bases.",
							 "Off is for restoring data: the bases concerned are marked, and must be refreshed.",
							 &base_maintain, true, PGC_USERSET, 0, NULL, NULL, NULL);
	fast_group_init();
	MarkGUCPrefixReserved("pg_customer");
}
