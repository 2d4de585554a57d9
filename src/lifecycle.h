/*
 * lifecycle.h
 *		The stages of a customer's life with the firm, as a function of the purchase history and a policy.
 */
#ifndef PG_CUSTOMER_LIFECYCLE_H
#define PG_CUSTOMER_LIFECYCLE_H

#include "purchase_history.h"

/* In the order of the enum lifecycle_stage. */
typedef enum LifecycleStage
{
	STAGE_NONE = -1,
	STAGE_PROSPECT,
	STAGE_NEW,
	STAGE_REPEAT,
	STAGE_LOYAL,
	STAGE_AT_RISK,
	STAGE_DORMANT,
	STAGE_CHURNED
} LifecycleStage;

#define STAGES			7
#define SILENT_STAGES	3		/* at_risk, dormant, churned */

/* A value of the type lifecycle_policy. Its bytes are compared, so all of them are set. */
typedef struct LifecyclePolicy
{
	float8		population_gap; /* the rhythm of customers who have none of their own yet; 0: unknown */
	float8		gaps[SILENT_STAGES];
	int32		days[SILENT_STAGES];
	int32		repeat_from;
	int32		loyal_from;
	int32		count_orders;	/* 0: days, 1: orders */
} LifecyclePolicy;

#define PG_GETARG_POLICY(n) ((const LifecyclePolicy *) PG_GETARG_POINTER(n))

typedef enum LifecycleReason
{
	REASON_FIRST_PURCHASE,
	REASON_REPEAT_PURCHASE,
	REASON_LOYAL,
	REASON_SILENCE,
	REASON_WON_BACK,
	REASON_CORRECTED
} LifecycleReason;

/* From that day on the customer is in the stage. */
typedef struct LifecycleChange
{
	LifecycleStage stage;
	DateADT		day;
	LifecycleReason reason;
} LifecycleChange;

/* Gaps that a scan holds without allocating. */
#define FEW_GAPS 48

/* Reads a history purchase day by purchase day. */
typedef struct LifecycleScan
{
	HistoryReader reader;
	const LifecyclePolicy *policy;
	DateADT		as_of;
	HistoryDay	day;			/* the next purchase day, read ahead */
	bool		ahead;
	bool		any_day;		/* there is a purchase or a refund until as_of */
	DateADT		last;			/* the last purchase day so far, when there is any */
	int64		purchase_days;
	int64		orders;
	LifecycleStage stage;		/* of the last change given */
	int			silent;			/* the next stage that the present silence may bring */
	int64		starts[SILENT_STAGES];	/* when it does */
	int32	   *gaps;			/* days between purchase days; the first `sorted` of them ascend */
	Size		ngaps;
	Size		sorted;
	Size		capacity;
	int32		few_gaps[FEW_GAPS];
} LifecycleScan;

/* The changes of stage up to as_of, in order. The history and the policy must stay where they are. */
extern void lifecycle_begin(LifecycleScan *scan, Datum history, DateADT as_of, const LifecyclePolicy *policy);
extern bool lifecycle_next(LifecycleScan *scan, LifecycleChange *change);
extern void lifecycle_end(LifecycleScan *scan);

/* The key of a reason, and why a stage follows another (STAGE_NONE: none). */
extern const char *lifecycle_reason_key(LifecycleReason reason);
extern LifecycleReason lifecycle_reason(LifecycleStage from, LifecycleStage to);

/* The labels of the enum lifecycle_stage as the catalog has them, in order; and a stage of such a label. */
extern Oid	stage_label(Oid enum_type, LifecycleStage stage);
extern const Oid *stage_labels(FmgrInfo *flinfo, Oid enum_type);
extern const Oid *argument_labels(FunctionCallInfo fcinfo, int argument);
extern LifecycleStage stage_of_label(const Oid labels[STAGES], Oid label);

/* Equal when all parts are. */
static inline bool
policies_equal(const LifecyclePolicy *a, const LifecyclePolicy *b)
{
	return memcmp(a, b, sizeof(LifecyclePolicy)) == 0;
}

#endif							/* PG_CUSTOMER_LIFECYCLE_H */
