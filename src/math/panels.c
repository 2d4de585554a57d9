/*
 * panels.c
 *		Gauss and Legendre's rule on panels of an exponential of a concave function.
 */
#include "panels.h"

#include <math.h>

#include "lanes.h"

/* Of each rule the nodes > 0 and their weights, on [-1, 1]. */
static const double nodes_4[] =
{
	0.33998104358485626480, 0.86113631159405257522,
};
static const double weights_4[] =
{
	0.65214515486254614263, 0.34785484513745385737,
};
static const double nodes_8[] =
{
	0.18343464249564980494, 0.52553240991632898582, 0.79666647741362673959, 0.96028985649753623168,
};
static const double weights_8[] =
{
	0.36268378337836198297, 0.31370664587788728734, 0.22238103445337447054, 0.10122853629037625915,
};
static const double nodes_12[] =
{
	0.12523340851146891547, 0.36783149899818019375, 0.5873179542866174473, 0.76990267419430468704,
	0.90411725637047485668, 0.98156063424671925069,
};
static const double weights_12[] =
{
	0.249147045813402785, 0.23349253653835480876, 0.20316742672306592175, 0.16007832854334622633,
	0.10693932599531843096, 0.047175336386511827195,
};
static const double nodes_16[] =
{
	0.095012509837637440185, 0.28160355077925891323, 0.45801677765722738634, 0.61787624440264374845,
	0.7554044083550030339, 0.86563120238783174388, 0.94457502307323257608, 0.9894009349916499326,
};
static const double weights_16[] =
{
	0.18945061045506849629, 0.18260341504492358887, 0.16915651939500253819, 0.14959598881657673208,
	0.12462897125553387205, 0.09515851168249278481, 0.062253523938647892863, 0.027152459411754094852,
};
static const double nodes_20[] =
{
	0.076526521133497333755, 0.22778585114164507808, 0.37370608871541956067, 0.510867001950827098,
	0.63605368072651502545, 0.74633190646015079261, 0.83911697182221882339, 0.91223442825132590587,
	0.96397192727791379127, 0.99312859918509492479,
};
static const double weights_20[] =
{
	0.1527533871307258507, 0.14917298647260374679, 0.14209610931838205133, 0.1316886384491766269,
	0.11819453196151841731, 0.10193011981724043504, 0.083276741576704748725, 0.06267204833410906357,
	0.040601429800386941331, 0.017614007139152118312,
};

/*
 * A rule of n nodes serves a panel of the length l on which phi' is at most k if l (k / drop + 1 / length) <= 1.
 *
 * The rule's error is at most 64/15 M / (r^2n (1 - r^-2)) halves of the panel, where M is the maximum of |exp(phi)| on the ellipse about
 * the panel whose semi-axes, in halves of it, are (r + 1/r) / 2 along and (r - 1/r) / 2 across. Across it must stay within pi, where the
 * singularities are; along, exp(phi) grows with its steepness. With the best r, the bound is 4e-14 (fast: 3e-11) of the integral on a
 * short panel as steep as allowed, and 8e-15 (1e-11) on a flat one as long as allowed. These are bounds: over the whole range of
 * parameters the largest error ever seen is 4e-15 (6e-13).
 */
typedef struct Rule
{
	int			count;
	const double *nodes;
	const double *weights;
	double		drop[ACCURACIES];
	double		length[ACCURACIES];
} Rule;

#define RULES 5
static const Rule rules[RULES] = {
	{4, nodes_4, weights_4, {0.18, 0.4}, {0.11, 0.25}},
	{8, nodes_8, weights_8, {3, 4.5}, {1.2, 1.8}},
	{12, nodes_12, weights_12, {10, 14}, {2.7, 3.7}},
	{16, nodes_16, weights_16, {21, 28}, {4.2, 5.6}},
	{20, nodes_20, weights_20, {35, 46}, {5.7, 7.4}},
};

/* Where phi has fallen so far from its top, it falls on, and less than e^-32 of the integral is left. */
static const double far[ACCURACIES] = {42, 32};

/* Where e^d is as large as it may become. */
#define FARTHEST 700

/*
 * curve_value
 *		phi(d).
 */
static double
curve_value(const Curve *curve, double d)
{
	double		excess = expm1(d);
	double		value = -curve->p * d - curve->q * log1p(curve->rho * excess) - curve->z * excess;

	if (curve->n > 0)
		value -= curve->n * log1p(1 / (curve->sigma * excess));
	return value;
}

/*
 * rise
 *		The part of phi'(d) that is positive.
 */
static double
rise(const Curve *curve, double d)
{
	double		excess;

	if (curve->n == 0)
		return 0;
	excess = expm1(d);
	return curve->n / (1 + curve->sigma * excess) * (1 + 1 / excess);
}

/*
 * fall
 *		The other part, with its sign changed. It is > -1.
 */
static double
fall(const Curve *curve, double d)
{
	double		excess = expm1(d);

	return curve->p + (curve->q * curve->rho / (1 + curve->rho * excess) + curve->z) * (1 + excess);
}

/*
 * steepness
 *		Of both parts, for where they balance, phi bends. The one decreases in d and the other increases, so that of the points
 *		of a panel, an end is the steepest.
 */
static double
steepness(const Curve *curve, double d)
{
	return rise(curve, d) + fabs(fall(curve, d));
}

/*
 * walk_begin
 */
void
walk_begin(Walk *walk, const Curve *curve, Accuracy accuracy, double from, double to, double level)
{
	walk->curve = curve;
	walk->accuracy = accuracy;
	walk->level = level;
	walk->at = from;
	walk->end = fmin(to, FARTHEST);
	walk->steepness = steepness(curve, from);
	walk->top = -INFINITY;
	walk->over = false;
}

/*
 * walk_extend
 */
void
walk_extend(Walk *walk, double to)
{
	walk->end = fmin(to, FARTHEST);
}

/*
 * effort
 *		What a unit of length asks of the rule, which can give 1.
 */
static double
effort(const Rule *rule, Accuracy accuracy, double steepest)
{
	return steepest / rule->drop[accuracy] + 1 / rule->length[accuracy];
}

/*
 * place_nodes
 *		The rule's nodes and weights on the panel that ends where walk is.
 */
static void
place_nodes(Walk *walk, const Rule *rule, double length)
{
	double		middle = walk->at - 0.5 * length;

	walk->count = rule->count;
	for (int i = 0; i < rule->count / 2; i++)
	{
		double		aside = 0.5 * length * rule->nodes[i];

		walk->d[2 * i] = middle - aside;
		walk->d[2 * i + 1] = middle + aside;
		walk->weight[2 * i] = walk->weight[2 * i + 1] = 0.5 * length * rule->weights[i];
	}
}

/*
 * weigh_nodes
 *		exp(phi - level) at each.
 */
static void
weigh_nodes(Walk *walk)
{
	const Curve *curve = walk->curve;
	double	   *phi = walk->phi;
	double		exponential[PANEL_NODES];

	expm1_lanes(walk->d, walk->count, walk->excess);
	EACH_LANE(walk->count, i)
		walk->part[i] = curve->rho * walk->excess[i];
	log1p_lanes(walk->part, walk->count, walk->logarithm);
	EACH_LANE(walk->count, i)
		phi[i] = -curve->p * walk->d[i] - curve->q * walk->logarithm[i] - curve->z * walk->excess[i] - walk->level;
	if (curve->n > 0)
	{
		double		inverse[PANEL_NODES];
		double		logarithm[PANEL_NODES];

		EACH_LANE(walk->count, i)
			inverse[i] = 1 / (curve->sigma * walk->excess[i]);
		log1p_lanes(inverse, walk->count, logarithm);
		EACH_LANE(walk->count, i)
			phi[i] -= curve->n * logarithm[i];
	}
	exp_lanes(phi, walk->count, exponential);
	EACH_LANE(walk->count, i)
		walk->weight[i] *= exponential[i];
}

/*
 * walk_next
 *		A panel as long as may be, and of the rules that serve it the smallest.
 */
bool
walk_next(Walk *walk)
{
	const Rule *rule = &rules[RULES - 1];
	double		begin = walk->at;
	double		first = walk->steepness;
	double		length = 1 / effort(rule, walk->accuracy, first);
	double		steepest;
	double		last;

	/* A length of few steps of its doubles may not become what is asked for exactly. */
	for (int tries = 0;; tries++)
	{
		double		asked;

		walk->at = begin + length < walk->end ? begin + length : walk->end;
		if (walk->over || !(walk->at > begin))
			return false;
		length = walk->at - begin;
		walk->steepness = steepness(walk->curve, walk->at);
		steepest = walk->steepness > first ? walk->steepness : first;
		asked = effort(rule, walk->accuracy, steepest);
		if (length * asked <= 1 + 1e-9 || tries == 60)
			break;
		length = fmax(1 / asked, 0.5 * length);
	}
	while (rule > rules && length * effort(rule - 1, walk->accuracy, steepest) <= 1)
		rule--;
	place_nodes(walk, rule, length);
	weigh_nodes(walk);

	last = walk->phi[walk->count - 1];
	walk->top = fmax(walk->top, last);
	walk->over = !(last > walk->top - far[walk->accuracy]);
	return true;
}

/*
 * curve_begin
 *		Halves intervals, first to find the top, then the foot of the hill.
 */
double
curve_begin(const Curve *curve, double end, double *level)
{
	double		low = 0;
	double		top = end;

	while (rise(curve, top) < fall(curve, top) && top - low > 1e-6 * top)
	{
		double		middle = 0.5 * (low + top);

		*(rise(curve, middle) < fall(curve, middle) ? &top : &low) = middle;
	}
	*level = curve_value(curve, top);

	for (low = top; curve_value(curve, low) > *level - far[ACCURACY_FULL];)
		low *= 0.5;
	for (int i = 0; i < 200 && curve_value(curve, low) < *level - 2 * far[ACCURACY_FULL]; i++)
	{
		double		middle = 0.5 * (low + top);

		*(curve_value(curve, middle) > *level - far[ACCURACY_FULL] ? &top : &low) = middle;
	}
	return low;
}

/*
 * curve_integral
 */
double
curve_integral(const Curve *curve, double from, double to, double level)
{
	Walk		walk;
	double		sum = 0;

	walk_begin(&walk, curve, ACCURACY_FULL, from, to, level);
	while (walk_next(&walk))
		for (int i = 0; i < walk.count; i++)
			sum += walk.weight[i];
	return sum;
}
