/*
 * fast_group_path.c
 *		Offers the fast path to the planner, wherever a query groups by keys and wants one purchase_history(day, amount).
 *
 * The path is one among others: the planner takes it when it is the cheapest. What is not exactly of that form, is planned
 * as ever.
 */
#include "compat.h"

#include "access/htup_details.h"
#include "catalog/pg_aggregate.h"
#include "catalog/pg_language.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "nodes/extensible.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/supportnodes.h"
#include "optimizer/clauses.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/plancat.h"
#include "optimizer/planner.h"
#include "optimizer/tlist.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/selfuncs.h"
#include "utils/syscache.h"

#include "fast_group.h"

PG_FUNCTION_INFO_V1(fast_group_support);

extern Datum purchase_history_accum_numeric(PG_FUNCTION_ARGS);
extern Datum purchase_history_accum_float8(PG_FUNCTION_ARGS);
extern Datum purchase_history_accum_int4(PG_FUNCTION_ARGS);
extern Datum purchase_history_accum_int8(PG_FUNCTION_ARGS);
extern Datum purchase_history_final(PG_FUNCTION_ARGS);
extern Datum history_orders(PG_FUNCTION_ARGS);
extern Datum history_refunds(PG_FUNCTION_ARGS);
extern Datum history_total(PG_FUNCTION_ARGS);
extern Datum history_gross(PG_FUNCTION_ARGS);
extern Datum history_refunded(PG_FUNCTION_ARGS);
extern Datum history_average_order(PG_FUNCTION_ARGS);
extern Datum history_average_order_net(PG_FUNCTION_ARGS);
extern Datum history_last_purchase(PG_FUNCTION_ARGS);

static bool fast_group_enabled = true;

static create_upper_paths_hook_type next_hook = NULL;

/*
 * fast_group_support
 *		The support function of the transition functions. It has nothing to say: that the planner asks it loads the library,
 *		and with it the fast path, into sessions that have not used it yet.
 */
Datum
fast_group_support(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(NULL);
}

/* ------------------------------------------------------------------------------------------------
 * Is it such a query?
 * ------------------------------------------------------------------------------------------------ */

/*
 * native_function
 *		The address of a function in C; NULL of any other. No function of another library has the address of one of ours.
 */
static PGFunction
native_function(Oid function)
{
	FmgrInfo	info;
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	bool		native;

	if (!HeapTupleIsValid(tuple))
		return NULL;
	native = ((Form_pg_proc) GETSTRUCT(tuple))->prolang == ClanguageId;
	ReleaseSysCache(tuple);
	if (!native)
		return NULL;
	fmgr_info(function, &info);
	return info.fn_addr;
}

/*
 * is_our_transition
 *		Whether a function is one of the transition functions of purchase_history.
 */
static bool
is_our_transition(Oid function)
{
	PGFunction	address = native_function(function);

	return address != NULL &&
		(address == purchase_history_accum_numeric || address == purchase_history_accum_float8 ||
		 address == purchase_history_accum_int4 || address == purchase_history_accum_int8);
}

/*
 * is_our_aggregate
 *		Whether a call is one of purchase_history(day, amount), without DISTINCT, ORDER BY and the like. An aggregate that
 *		somebody else makes of our transition functions may begin or end in another way.
 */
static bool
is_our_aggregate(const Aggref *call)
{
	HeapTuple	tuple;
	Oid			transition;
	Oid			final;
	bool		from_null;

	if (call->aggkind != AGGKIND_NORMAL || call->aggsplit != AGGSPLIT_SIMPLE || call->aggorder != NIL || call->aggdistinct != NIL ||
		call->aggvariadic || call->agglevelsup != 0 || list_length(call->args) != 2)
		return false;
	tuple = SearchSysCache1(AGGFNOID, ObjectIdGetDatum(call->aggfnoid));
	if (!HeapTupleIsValid(tuple))
		return false;
	transition = ((Form_pg_aggregate) GETSTRUCT(tuple))->aggtransfn;
	final = ((Form_pg_aggregate) GETSTRUCT(tuple))->aggfinalfn;
	(void) SysCacheGetAttr(AGGFNOID, tuple, Anum_pg_aggregate_agginitval, &from_null);
	ReleaseSysCache(tuple);
	return from_null && is_our_transition(transition) && OidIsValid(final) && native_function(final) == purchase_history_final;
}

/*
 * is_totals_function
 *		Whether a function reads no more of a history than its totals and its last purchase.
 */
static bool
is_totals_function(Oid function)
{
	PGFunction	address = native_function(function);

	return address != NULL &&
		(address == history_orders || address == history_refunds || address == history_total || address == history_gross ||
		 address == history_refunded || address == history_average_order || address == history_average_order_net ||
		 address == history_last_purchase);
}

/*
 * is_plain_count
 *		Whether a call is count(*), perhaps with a filter.
 */
static bool
is_plain_count(const Aggref *call)
{
	return call->aggfnoid == F_COUNT_ && call->aggsplit == AGGSPLIT_SIMPLE && call->aggorder == NIL && call->aggdistinct == NIL &&
		call->agglevelsup == 0;
}

/* What is known of the expressions of a query. */
typedef struct CoverContext
{
	List	   *keys;
	Aggref	   *call;			/* of purchase_history, NULL until it is met */
	List	   *counts;			/* calls of count(*) */
	bool		calendar;		/* the days are asked for, not just their totals */
} CoverContext;

/*
 * not_covered
 *		Whether an expression cannot be computed from the keys, one history, and a few counts.
 */
static bool
not_covered(Node *node, CoverContext *context)
{
	if (node == NULL || list_member(context->keys, node))
		return false;
	if (IsA(node, FuncExpr))
	{
		FuncExpr   *function = (FuncExpr *) node;
		bool		calendar = context->calendar;

		if (list_length(function->args) == 1 && IsA(linitial(function->args), Aggref) && is_totals_function(function->funcid))
		{
			if (not_covered(linitial(function->args), context))
				return true;
			context->calendar = calendar;
			return false;
		}
	}
	if (IsA(node, Aggref) && is_plain_count((Aggref *) node))
	{
		context->counts = list_append_unique(context->counts, node);
		return list_length(context->counts) > FAST_GROUP_MAX_COUNTS;
	}
	if (IsA(node, Aggref))
	{
		context->calendar = true;
		if (context->call == NULL)
			context->call = (Aggref *) node;
		return !equal(context->call, node);
	}
	if (IsA(node, Var) || IsA(node, PlaceHolderVar) || IsA(node, GroupingFunc) || IsA(node, WindowFunc))
		return true;
	return expression_tree_walker(node, not_covered, (void *) context);
}

/*
 * key_columns
 *		The expressions of GROUP BY; NIL when one of them cannot be hashed, or is another each time.
 */
static List *
key_columns(PlannerInfo *root)
{
	List	   *keys = NIL;
	ListCell   *cell;

	foreach(cell, root->parse->groupClause)
	{
		SortGroupClause *clause = lfirst_node(SortGroupClause, cell);
		Expr	   *key = (Expr *) get_sortgroupclause_expr(clause, root->parse->targetList);
		RegProcedure left;
		RegProcedure right;

		if (!clause->hashable || !get_op_hash_functions(clause->eqop, &left, &right) || contain_volatile_functions((Node *) key))
			return NIL;
		keys = lappend(keys, key);
	}
	return list_length(keys) <= FAST_GROUP_MAX_KEYS ? keys : NIL;
}

/* ------------------------------------------------------------------------------------------------
 * From plan to run
 * ------------------------------------------------------------------------------------------------ */

/*
 * fast_group_plan_list
 *		The facts of a plan as a list that can be copied: in custom_private.
 */
List *
fast_group_plan_list(const FastGroupPlan *plan)
{
	List	   *oids = list_make3_oid(plan->day_type, plan->amount_type, plan->aggregate);
	List	   *integers = list_make5_int(plan->keys, plan->filter, plan->totals, plan->counts, plan->count_filters);

	for (int i = 0; i < FAST_GROUP_COLUMNS(plan); i++)
		integers = lappend_int(integers, plan->columns[i]);
	for (int i = 0; i < plan->keys; i++)
	{
		oids = lappend_oid(oids, plan->equal[i]);
		oids = lappend_oid(oids, plan->collation[i]);
	}
	return list_make3(integers, oids, makeString(psprintf("%.0f", plan->bytes)));
}

/*
 * fast_group_plan_read
 */
void
fast_group_plan_read(FastGroupPlan *plan, List *list)
{
	List	   *integers = (List *) linitial(list);
	List	   *oids = (List *) lsecond(list);

	plan->keys = linitial_int(integers);
	plan->filter = lsecond_int(integers) != 0;
	plan->totals = lthird_int(integers) != 0;
	plan->counts = list_nth_int(integers, 3);
	plan->count_filters = list_nth_int(integers, 4);
	for (int i = 0; i < FAST_GROUP_COLUMNS(plan); i++)
		plan->columns[i] = list_nth_int(integers, 5 + i);
	plan->day_type = linitial_oid(oids);
	plan->amount_type = lsecond_oid(oids);
	plan->aggregate = lthird_oid(oids);
	plan->bytes = strtod(strVal(lthird(list)), NULL);
	for (int i = 0; i < plan->keys; i++)
	{
		plan->equal[i] = list_nth_oid(oids, 3 + 2 * i);
		plan->collation[i] = list_nth_oid(oids, 4 + 2 * i);
	}
}

/*
 * plan_path
 *		The plan of a path. Its tuples are the keys and the aggregate; the columns of the query are made of these.
 */
static Plan *
plan_path(PlannerInfo *root, RelOptInfo *rel, CustomPath *path, List *targets, List *clauses, List *children)
{
	CustomScan *scan = makeNode(CustomScan);
	List	   *columns = (List *) linitial(path->custom_private);
	ListCell   *cell;

	scan->scan.plan.targetlist = targets;
	scan->scan.plan.qual = (List *) copyObject(root->parse->havingQual);
	scan->flags = path->flags;
	scan->custom_plans = children;
	scan->custom_private = (List *) lsecond(path->custom_private);
	scan->methods = fast_group_scan_methods();
	foreach(cell, columns)
		scan->custom_scan_tlist = lappend(scan->custom_scan_tlist,
										  makeTargetEntry(lfirst(cell), foreach_current_index(cell) + 1, NULL, false));
	return &scan->scan.plan;
}

static const CustomPathMethods path_methods = {
	.CustomName = "FastGroup",
	.PlanCustomPath = plan_path
};

/* ------------------------------------------------------------------------------------------------
 * The path
 * ------------------------------------------------------------------------------------------------ */

/* What a row and a customer cost beside keys and counts, measured beside the cost of reading a row of a table. */
#define ROW_OPERATORS	4
#define GROUP_OPERATORS	10

/*
 * where_filter
 *		A value of the rows that pass a filter. Of the others it must not be computed: amount / n FILTER (WHERE n > 0).
 */
static Expr *
where_filter(Expr *filter, Expr *value)
{
	CaseExpr   *result = makeNode(CaseExpr);
	CaseWhen   *when = makeNode(CaseWhen);

	if (filter == NULL || IsA(value, Var) || IsA(value, Const))
		return value;
	when->expr = filter;
	when->result = value;
	when->location = -1;
	result->casetype = exprType((Node *) value);
	result->casecollid = exprCollation((Node *) value);
	result->args = list_make1(when);
	result->defresult = (Expr *) makeNullConst(result->casetype, exprTypmod((Node *) value), result->casecollid);
	result->location = -1;
	return (Expr *) result;
}

/*
 * columns_read
 *		What is read of the child: the keys, the day, the amount, and the filters.
 */
static List *
columns_read(const CoverContext *query)
{
	List	   *columns = list_copy(query->keys);
	ListCell   *cell;

	foreach(cell, query->call->args)
		columns = lappend(columns, where_filter(query->call->aggfilter, lfirst_node(TargetEntry, cell)->expr));
	if (query->call->aggfilter != NULL)
		columns = lappend(columns, query->call->aggfilter);
	foreach(cell, query->counts)
	{
		if (lfirst_node(Aggref, cell)->aggfilter != NULL)
			columns = lappend(columns, lfirst_node(Aggref, cell)->aggfilter);
	}
	return columns;
}

/*
 * whole_rows
 *		Columns of a table are read where they are in its rows: then the scan of the table need not make rows of its own.
 *		NULL where that is not all that is wanted.
 */
static PathTarget *
whole_rows(PlannerInfo *root, Path *child, List *columns, FastGroupPlan *plan)
{
	PathTarget *target = create_empty_pathtarget();
	List	   *physical;
	ListCell   *cell;

	if (child->pathtype != T_SeqScan || child->parent->rtekind != RTE_RELATION)
		return NULL;
	foreach(cell, columns)
	{
		Var		   *column = lfirst(cell);

		if (!IsA(column, Var) || column->varno != child->parent->relid || column->varlevelsup != 0 || column->varattno <= 0)
			return NULL;
		plan->columns[foreach_current_index(cell)] = column->varattno - 1;
	}
	physical = build_physical_tlist(root, child->parent);
	if (physical == NIL)
		return NULL;
	foreach(cell, physical)
		add_column_to_pathtarget(target, lfirst_node(TargetEntry, cell)->expr, 0);
	return target;
}

/*
 * child_path
 *		A path that gives the columns that are read.
 */
static Path *
child_path(PlannerInfo *root, RelOptInfo *input, Path *child, List *columns, FastGroupPlan *plan)
{
	Path	   *scan = IsA(child, ProjectionPath) ? ((ProjectionPath *) child)->subpath : child;
	PathTarget *target = whole_rows(root, scan, columns, plan);
	ListCell   *cell;

	if (target != NULL)
		child = scan;
	else
	{
		target = create_empty_pathtarget();
		foreach(cell, columns)
		{
			add_column_to_pathtarget(target, lfirst(cell), 0);
			plan->columns[foreach_current_index(cell)] = foreach_current_index(cell);
		}
	}
	return (Path *) create_projection_path(root, input, child, set_pathtarget_cost_width(root, target));
}

/*
 * make_path
 *		The path over one of the paths of the input. The transition functions state what a hash aggregate costs: it waits for
 *		memory at each row.
 */
static CustomPath *
make_path(PlannerInfo *root, RelOptInfo *input, RelOptInfo *output, Path *child, const CoverContext *query, FastGroupPlan plan,
		  double groups, double processes)
{
	CustomPath *path = makeNode(CustomPath);
	double		rows = child->rows;
	QualCost	having;

	path->path.pathtype = T_CustomScan;
	path->path.parent = output;
	path->path.pathtarget = output->reltarget;
	path->path.parallel_safe = output->consider_parallel && child->parallel_safe;
	path->flags = CUSTOMPATH_SUPPORT_PROJECTION;
	child = child_path(root, input, child, columns_read(query), &plan);
	path->custom_paths = list_make1(child);
	plan.bytes = rows * processes * (plan.keys * 8 + 12);
	path->custom_private = list_make2(list_concat(lappend(list_copy(query->keys), query->call), query->counts), fast_group_plan_list(&plan));
	path->methods = &path_methods;

	cost_qual_eval(&having, (List *) root->parse->havingQual, root);
	groups = clamp_row_est(groups / processes);
	path->path.rows = groups;
	path->path.startup_cost = child->total_cost + rows * cpu_operator_cost * (ROW_OPERATORS + plan.keys + plan.counts);
	path->path.total_cost = path->path.startup_cost +
		groups * (cpu_tuple_cost + cpu_operator_cost * GROUP_OPERATORS + having.per_tuple + output->reltarget->cost.per_tuple);
	if (root->parse->havingQual != NULL)
		path->path.rows = clamp_row_est(groups * clauselist_selectivity(root, (List *) root->parse->havingQual, 0, JOIN_INNER, NULL));
#if PG_VERSION_NUM >= 180000
	path->path.disabled_nodes = child->disabled_nodes;
#endif
	return path;
}

/*
 * processes_of
 *		How many processes a partial path is shared by, as the planner counts: its leader has to read what the workers give.
 */
static double
processes_of(const Path *path)
{
	double		leader = parallel_leader_participation ? 1 - 0.3 * path->parallel_workers : 0;

	return path->parallel_workers + Max(leader, 0);
}

/*
 * offer_paths
 *		Adds the fast path, and a parallel one, to those of a grouping.
 */
static void
offer_paths(PlannerInfo *root, RelOptInfo *input, RelOptInfo *output)
{
	Query	   *parse = root->parse;
	CoverContext context = {0};
	FastGroupPlan plan = {0};
	Path	   *child = input->cheapest_total_path;
	double		groups;
	ListCell   *cell;

	if (!parse->hasAggs || parse->groupClause == NIL || parse->groupingSets != NIL || parse->hasTargetSRFs ||
		IS_OTHER_REL(input) || is_dummy_rel(input) || child == NULL || child->param_info != NULL)
		return;
	context.keys = key_columns(root);
	if (context.keys == NIL)
		return;
	foreach(cell, output->reltarget->exprs)
	{
		if (not_covered(lfirst(cell), &context))
			return;
	}
	if (not_covered(parse->havingQual, &context) || context.call == NULL || !is_our_aggregate(context.call))
		return;
	/* A filter may be computed more than once. */
	if (contain_volatile_functions((Node *) context.call->aggfilter) || contain_subplans((Node *) context.call->aggfilter))
		return;

	plan.keys = list_length(context.keys);
	plan.filter = context.call->aggfilter != NULL;
	plan.totals = !context.calendar;
	plan.counts = list_length(context.counts);
	foreach(cell, context.counts)
	{
		if (lfirst_node(Aggref, cell)->aggfilter != NULL)
			plan.count_filters |= 1 << foreach_current_index(cell);
	}
	plan.day_type = getBaseType(linitial_oid(context.call->aggargtypes));
	plan.amount_type = getBaseType(lsecond_oid(context.call->aggargtypes));
	plan.aggregate = context.call->aggfnoid;
	foreach(cell, parse->groupClause)
	{
		int			i = foreach_current_index(cell);

		plan.equal[i] = lfirst_node(SortGroupClause, cell)->eqop;
		plan.collation[i] = exprCollation(list_nth(context.keys, i));
	}
	groups = estimate_num_groups(root, context.keys, child->rows, NULL, NULL);
	add_path(output, &make_path(root, input, output, child, &context, plan, groups, 1)->path);

	if (output->consider_parallel && input->partial_pathlist != NIL && max_parallel_workers_per_gather > 0)
	{
		Path	   *partial = linitial(input->partial_pathlist);
		double		processes = processes_of(partial);
		CustomPath *path = make_path(root, input, output, partial, &context, plan, groups, processes);

		if (!path->path.parallel_safe)
			return;
		path->path.parallel_aware = true;
		path->path.parallel_workers = partial->parallel_workers;
		groups = path->path.rows * processes;
		add_partial_path(output, &path->path);
		add_path(output, (Path *) create_gather_path(root, output, &path->path, output->reltarget, NULL, &groups));
	}
}

/*
 * upper_paths
 *		Called by the planner for each step above scans and joins.
 */
static void
upper_paths(PlannerInfo *root, UpperRelationKind stage, RelOptInfo *input, RelOptInfo *output, void *extra)
{
	if (next_hook != NULL)
		next_hook(root, stage, input, output, extra);
	if (stage == UPPERREL_GROUP_AGG && fast_group_enabled)
		offer_paths(root, input, output);
}

/*
 * fast_group_init
 *		Once for each session, when the library is loaded.
 */
void
fast_group_init(void)
{
	DefineCustomBoolVariable("pg_customer.enable_fast_group",
							 "Enables the planner's use of the fast path for GROUP BY with purchase_history(day, amount).",
							 NULL, &fast_group_enabled, true, PGC_USERSET, GUC_EXPLAIN, NULL, NULL, NULL);
	RegisterCustomScanMethods(fast_group_scan_methods());
	next_hook = create_upper_paths_hook;
	create_upper_paths_hook = upper_paths;
}
