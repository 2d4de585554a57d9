/*
 * module.c
 *		What makes the library a PostgreSQL module.
 */
#include "compat.h"

CUSTOMER_MODULE_MAGIC;
