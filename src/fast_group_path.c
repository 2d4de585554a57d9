/*
 * fast_group_path.c
 *		Offers the fast path to the planner, wherever a query groups by keys and wants one purchase_history(day, amount).
 *
 * The path is one among others: the planner takes it when it is the cheapest. What is not exactly of that form, is planned
 * as ever.
 */
#include "compat.h"

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
#include "optimizer/planner.h"
#include "optimizer/tlist.h"
#include "utils/builtins.h"
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

bool		fast_group_enabled = true;

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
 * is_our_transition
 *		Whether a function is one of the transition functions of purchase_history, by its address: no other function has it.
 */
static bool
is_our_transition(Oid function)
{
	FmgrInfo	info;
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	bool		native;

	if (!HeapTupleIsValid(tuple))
		return false;
	native = ((Form_pg_proc) GETSTRUCT(tuple))->prolang == ClanguageId;
	ReleaseSysCache(tuple);
	if (!native)
		return false;
	fmgr_info(function, &info);
	return info.fn_addr == purchase_history_accum_numeric || info.fn_addr == purchase_history_accum_float8 ||
		info.fn_addr == purchase_history_accum_int4 || info.fn_addr == purchase_history_accum_int8;
}

/*
 * is_our_aggregate
 *		Whether a call is one of purchase_history(day, amount), without DISTINCT, ORDER BY and the like.
 */
static bool
is_our_aggregate(const Aggref *call)
{
	HeapTuple	tuple;
	Oid			transition;

	if (call->aggkind != AGGKIND_NORMAL || call->aggsplit != AGGSPLIT_SIMPLE || call->aggorder != NIL || call->aggdistinct != NIL ||
		call->aggvariadic || call->agglevelsup != 0 || list_length(call->args) != 2)
		return false;
	tuple = SearchSysCache1(AGGFNOID, ObjectIdGetDatum(call->aggfnoid));
	if (!HeapTupleIsValid(tuple))
		return false;
	transition = ((Form_pg_aggregate) GETSTRUCT(tuple))->aggtransfn;
	ReleaseSysCache(tuple);
	return is_our_transition(transition);
}

/*
 * covered
 *		Whether an expression can be computed from the keys and the aggregate alone.
 */
typedef struct CoverContext
{
	List	   *keys;
	Aggref	   *call;			/* the one that is there, NULL until it is met */
} CoverContext;

static bool
not_covered(Node *node, CoverContext *context)
{
	if (node == NULL || list_member(context->keys, node))
		return false;
	if (IsA(node, Aggref))
	{
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

	for (int i = 0; i < plan->keys; i++)
	{
		oids = lappend_oid(oids, plan->equal[i]);
		oids = lappend_oid(oids, plan->collation[i]);
	}
	return list_make3(list_make2_int(plan->keys, plan->filter), oids, makeString(psprintf("%.0f", plan->bytes)));
}

/*
 * fast_group_plan_read
 */
void
fast_group_plan_read(FastGroupPlan *plan, List *list)
{
	List	   *oids = (List *) lsecond(list);

	plan->keys = linitial_int((List *) linitial(list));
	plan->filter = lsecond_int((List *) linitial(list)) != 0;
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

/*
 * child_target
 *		What is read: the keys, the day, the amount, and the filter.
 */
static PathTarget *
child_target(PlannerInfo *root, List *keys, const Aggref *call)
{
	PathTarget *target = create_empty_pathtarget();
	ListCell   *cell;

	foreach(cell, keys)
		add_column_to_pathtarget(target, lfirst(cell), 0);
	foreach(cell, call->args)
		add_column_to_pathtarget(target, lfirst_node(TargetEntry, cell)->expr, 0);
	if (call->aggfilter != NULL)
		add_column_to_pathtarget(target, call->aggfilter, 0);
	return set_pathtarget_cost_width(root, target);
}

/*
 * make_path
 *		The path over one of the paths of the input. Beside reading, it computes a hash for each column of the key and row, and
 *		little else: a hash aggregate does so too, calls a function for each row, and waits for memory.
 */
static CustomPath *
make_path(PlannerInfo *root, RelOptInfo *input, RelOptInfo *output, Path *child, List *keys, Aggref *call, FastGroupPlan plan,
		  double groups, double processes)
{
	CustomPath *path = makeNode(CustomPath);
	PathTarget *target = child_target(root, keys, call);
	double		rows = child->rows;
	QualCost	having;

	path->path.pathtype = T_CustomScan;
	path->path.parent = output;
	path->path.pathtarget = output->reltarget;
	path->path.parallel_safe = output->consider_parallel && child->parallel_safe;
	path->flags = CUSTOMPATH_SUPPORT_PROJECTION;
	child = (Path *) create_projection_path(root, input, child, target);
	path->custom_paths = list_make1(child);
	plan.bytes = rows * processes * (plan.keys * 8 + 12);
	path->custom_private = list_make2(lappend(list_copy(keys), call), fast_group_plan_list(&plan));
	path->methods = &path_methods;

	cost_qual_eval(&having, (List *) root->parse->havingQual, root);
	groups = clamp_row_est(groups / processes);
	path->path.rows = groups;
	path->path.startup_cost = child->total_cost + rows * cpu_operator_cost * plan.keys;
	path->path.total_cost = path->path.startup_cost + groups * (cpu_tuple_cost + having.per_tuple + output->reltarget->cost.per_tuple);
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

	plan.keys = list_length(context.keys);
	plan.filter = context.call->aggfilter != NULL;
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
	add_path(output, &make_path(root, input, output, child, context.keys, context.call, plan, groups, 1)->path);

	if (output->consider_parallel && input->partial_pathlist != NIL && max_parallel_workers_per_gather > 0)
	{
		Path	   *partial = linitial(input->partial_pathlist);
		double		processes = processes_of(partial);
		CustomPath *path = make_path(root, input, output, partial, context.keys, context.call, plan, groups, processes);

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
