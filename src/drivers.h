/*
 * drivers.h
 *		The type driver_tally: exact sums and products of an overall rating and the ratings of its dimensions.
 */
#ifndef PG_CUSTOMER_DRIVERS_H
#define PG_CUSTOMER_DRIVERS_H

#include "compat.h"

#define DRIVER_VERSION 1
#define DRIVER_DIMENSIONS 64

/* Ratings are in millionths, so products in millionths of millionths; ratings and sums of products are below powers of ten. */
#define RATING_SCALE 6
#define RATING_LIMIT_DIGITS 9
#define PRODUCT_SCALE (2 * RATING_SCALE)
#define PRODUCT_LIMIT_DIGITS 25
#define PRODUCT_LIMIT ((int128) UINT64CONST(10000000000000000000) * UINT64CONST(1000000000000000000))

/*
 * Variable 0 is the overall rating, the dimensions come after it. First the sums, then the sums of products: those of each
 * variable with itself and the ones before it. Without an answer and a length there are no variables.
 */
typedef struct DriverTally
{
	int32		vl_len_;
	uint16		version;
	uint16		variables;		/* dimensions + 1, or 0 */
	int64		answers;
	int64		left_out;		/* answers with a part missing */
	int128		sums[FLEXIBLE_ARRAY_MEMBER];
} DriverTally;

/* How many sums and products there are; and where the products of a variable begin. */
#define DRIVER_SUMS(variables) ((variables) + (variables) * ((variables) + 1) / 2)
#define DRIVER_PRODUCTS(tally, i) ((tally)->sums + (tally)->variables + (i) * ((i) + 1) / 2)

#define DRIVER_TALLY_SIZE(variables) (offsetof(DriverTally, sums) + DRIVER_SUMS(variables) * sizeof(int128))

#define PG_GETARG_DRIVER_TALLY(n) driver_tally_check((DriverTally *) PG_GETARG_VARLENA_P(n))

/* The value itself, an error where its version is not known here. */
extern const DriverTally *driver_tally_check(const DriverTally *tally);

/* An empty tally of so many variables, in the current context. */
extern DriverTally *driver_tally_create(int variables);

/* The binary form, for values and for states; what is read is checked. */
extern bytea *driver_tally_bytes(const DriverTally *tally);
extern DriverTally *driver_tally_read(StringInfo buffer);

/* Sum of products of the deviations of two variables from their means, each deviation in millionths. */
extern double driver_deviations(const DriverTally *tally, int i, int j);

#endif							/* PG_CUSTOMER_DRIVERS_H */
