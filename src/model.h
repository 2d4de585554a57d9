/*
 * model.h
 *		The types purchase_model, spend_model and contract_model: a fitted or given probability model as a value.
 */
#ifndef PG_CUSTOMER_MODEL_H
#define PG_CUSTOMER_MODEL_H

#include "math/models.h"
#include "periods.h"

/* The three types, by what their models are about. */
typedef enum ModelFamily
{
	FAMILY_PURCHASE,
	FAMILY_SPEND,
	FAMILY_CONTRACT
} ModelFamily;

/* How the parameters came to be. */
typedef enum ModelStatus
{
	MODEL_GIVEN,				/* by a user */
	MODEL_CONVERGED,
	MODEL_NOT_IDENTIFIED,
	MODEL_NOT_CONVERGED,
	MODEL_NO_DATA,				/* too little to fit on: there are no parameters */
	MODEL_STATUSES
} ModelStatus;

#define MODEL_VERSION 1

/* No unit of time has been named. */
#define UNIT_NONE 255

/* The stored form of all three types. */
typedef struct StoredModel
{
	int32		vl_len_;
	uint8		version;
	uint8		kind;			/* ModelKind */
	uint8		regularity;
	uint8		status;			/* ModelStatus */
	uint8		unit;			/* TimeUnit or UNIT_NONE */
	bool		fitted;			/* what follows parameters is known */
	uint8		reserved[6];
	float8		parameters[MODEL_PARAMETERS];	/* NaN without data */
	float8		covariance[MODEL_PARAMETERS][MODEL_PARAMETERS]; /* NaN where unknown */
	int64		customers;
	int64		repeat_customers;
	int64		left_out;		/* customers without a measure: no purchase yet, or no spend above 0 */
	float8		longest;		/* the largest T, in units */
	float8		log_likelihood;
	float8		penalty;
} StoredModel;

#define DatumGetModel(datum) model_check((const StoredModel *) PG_DETOAST_DATUM(datum))
#define PG_GETARG_MODEL(n) DatumGetModel(PG_GETARG_DATUM(n))

/* Names, in the order of the enumerations. */
extern const char *const model_status_names[MODEL_STATUSES];
extern const char *const model_family_names[];
extern const char *model_unit_name(int unit);

/* The family of a kind; a kind by its name within a family: MODEL_KINDS, or an error, if there is none. */
extern ModelFamily model_family(ModelKind kind);
extern ModelKind model_find_kind(const char *name, ModelFamily family);
extern ModelKind model_kind_by_name(const char *name, ModelFamily family);
extern bool model_has_regularity(ModelKind kind);

/* The names of a family's models, of a model's parameters, for hints. */
extern char *model_kind_names(ModelFamily family);
extern char *model_parameter_names(ModelKind kind);

/* The model itself, an error where its version or kind is not known here. */
extern const StoredModel *model_check(const StoredModel *model);

/* Whether a value from outside may be one of the family. */
extern bool model_is_valid(const StoredModel *model, ModelFamily family);

/* A new value with a kind and nothing else. */
extern StoredModel *model_create(ModelKind kind);

/* What scores are computed from; false without parameters. */
extern bool model_get(const StoredModel *stored, Model *model);

/* 'ok', 'small_sample', 'not_identified', 'not_converged', 'no_data' or 'given'. */
extern const char *model_trust(const StoredModel *model);

/* Days of the model's unit; an error where it has none. */
extern double model_unit_days(const StoredModel *model);

/* What a history is to a purchase model. */
typedef struct ModelMeasures
{
	double		x;
	double		t_x;
	double		T;
	int128		net;			/* money, in millionths */
	int128		after_first;	/* net money after the first purchase day */
	DateADT		first;
} ModelMeasures;

/* The measures of a history on a day, in units of so many days; false without a purchase until then. */
extern bool model_measures(Datum history, DateADT as_of, ModelKind kind, double unit_days, ModelMeasures *measures);

/* m_x as a number; x > 0. */
extern double model_mean_spend(const ModelMeasures *measures);

/* The least discount of a sum to infinity, in a year. */
#define MODEL_SMALLEST_DISCOUNT 1e-9

/* Whether a parameter, or a rate of discounting, is one that a model can be asked with. */
extern bool model_parameter_is_valid(double parameter);

/* x, t_x and T as they were passed; an error where they cannot be true. */
extern void model_check_numbers(ModelKind kind, double x, double t_x, double T);

/* One time or number of purchases, in units of the model; an error where it is beyond what is defined. */
extern void model_check_time(ModelKind kind, const char *name, double time);

#endif							/* PG_CUSTOMER_MODEL_H */
