/*
 * pareto_nbd_test.c
 *		Pareto/NBD and the integrals it rests on, in TAP.
 *
 *		cc -fsanitize=address,undefined -Isrc test/unit/pareto_nbd_test.c src/math/pareto_nbd.c src/math/panels.c src/math/special.c -lm
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>

#include "math/lanes.h"
#include "math/panels.h"
#include "math/pareto_nbd.h"
#include "tap.h"

/*
 * between
 *		A random number, whose logarithm is even between those of two; the same in every run.
 */
static double
between(double low, double high)
{
	static uint64_t seed = UINT64_C(20240229);

	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return low * pow(high / low, (double) ((seed * UINT64_C(0x2545F4914F6CDD1D)) >> 11) / 0x1p53);
}

static double
error_of(double value, double exact)
{
	return value == exact ? 0 : fabs(value - exact) / fabs(exact);
}

/* ------------------------------------------------------------------------------------------------
 * Exponentials, logarithms, integrals
 * ------------------------------------------------------------------------------------------------ */

static void
test_lanes(void)
{
	double		worst[3] = {0};

	for (int round = 0; round < 20000; round++)
	{
		double		x[LANES];
		double		result[LANES];

		for (int i = 0; i < LANES; i++)
			x[i] = between(1e-300, 690) * (i % 2 ? 1 : -1);
		expm1_lanes(x, LANES, result);
		for (int i = 0; i < LANES; i++)
			worst[0] = fmax(worst[0], error_of(result[i], expm1(x[i])));
		exp_lanes(x, LANES, result);
		for (int i = 0; i < LANES; i++)
			worst[1] = fmax(worst[1], error_of(result[i], exp(x[i])));
		for (int i = 0; i < LANES; i++)
			x[i] = between(1e-300, i % 2 ? 10 : 1e300);
		log1p_lanes(x, LANES, result);
		for (int i = 0; i < LANES; i++)
			worst[2] = fmax(worst[2], error_of(result[i], log1p(x[i])));
	}
	ok(worst[0] < 6e-16, "expm1_lanes: largest error %.1e", worst[0]);
	ok(worst[1] < 5e-16, "exp_lanes: largest error %.1e", worst[1]);
	ok(worst[2] < 8e-16, "log1p_lanes: largest error %.1e", worst[2]);

	{
		double		x[LANES] = {0, 1e-300, -0.0, 1};
		double		result[LANES];

		log1p_lanes(x, LANES, result);
		ok(result[0] == 0 && result[1] == 1e-300 && result[2] == 0 && result[3] == log(2), "log1p_lanes at 0 and next to it");
		expm1_lanes(x, LANES, result);
		ok(result[0] == 0 && result[1] == 1e-300 && result[2] == 0, "expm1_lanes at 0 and next to it");
	}
}

/* The sum of a walk's weights, in the faster way. */
static double
fast_integral(const Curve *curve, double to)
{
	Walk		walk;
	double		sum = 0;

	walk_begin(&walk, curve, ACCURACY_FAST, 0, to, 0);
	while (walk_next(&walk))
		for (int i = 0; i < walk.count; i++)
			sum += walk.weight[i];
	return sum;
}

/*
 * Integrals with closed forms: with p = -1, of e^d (1 + rho (e^d - 1))^-q and of e^d exp(-z (e^d - 1)); and of e^-pd (1 - e^-d)^n, which is
 * B(p, n + 1). The first is compared where nothing cancels in its closed form.
 */
static void
test_panels(void)
{
	double		worst[4] = {0};

	for (int round = 0; round < 5000; round++)
	{
		double		end = between(1e-6, 30);
		double		beta = 1;
		Curve		curve = {.p = -1, .q = 1 + between(1e-3, 1e5), .rho = between(1e-9, 1)};
		Curve		falling = {.p = -1, .rho = 1, .z = between(1e-12, 1e8)};
		Curve		peaked = {.p = between(0.05, 2000), .rho = 1, .n = (int) between(1, 200), .sigma = 1};
		double		gone = (curve.q - 1) * log1p(curve.rho * expm1(end));
		double		exact = -expm1(-gone) / (curve.rho * (curve.q - 1));
		double		level;
		double		begin = curve_begin(&peaked, 700, &level);

		worst[0] = fmax(worst[0], error_of(curve_integral(&curve, 0, end, 0), exact));
		worst[1] = fmax(worst[1], error_of(fast_integral(&curve, end), exact));
		worst[2] = fmax(worst[2], error_of(curve_integral(&falling, 0, INFINITY, 0), 1 / falling.z));
		for (int i = 0; i <= (int) peaked.n; i++)
			beta *= fmax(i, 1) / (peaked.p + i) * exp(i == 0 ? -level : 0);
		worst[3] = fmax(worst[3], error_of(curve_integral(&peaked, begin, INFINITY, level), beta));
	}
	ok(worst[0] < 2e-14, "integrals of powers: largest error %.1e", worst[0]);
	ok(worst[1] < 2e-12, "the same, fast: largest error %.1e", worst[1]);
	ok(worst[2] < 2e-14, "integrals to infinity: largest error %.1e", worst[2]);
	ok(worst[3] < 2e-12, "integrals over a peak: largest error %.1e", worst[3]);
}

/* ------------------------------------------------------------------------------------------------
 * Values of 40 digits
 * ------------------------------------------------------------------------------------------------ */

static Model
model_of(double r, double alpha, double s, double beta)
{
	return (Model) {.kind = MODEL_PARETO_NBD,.regularity = 1,.parameters = {r, alpha, s, beta}};
}

/* Parameters all over the place, and a customer. */
static Model
random_model(double low, double high)
{
	return model_of(between(low, high), between(low, high), between(low, high), between(low, high));
}

static ModelRow
random_row(void)
{
	double		T = between(1e-2, 1e3);
	double		x = floor(between(0.5, 300));

	return (ModelRow) {.x = x,.t_x = x == 0 ? 0 : T * between(1e-3, 1),.T = T,.customers = 1};
}

static double
log_likelihood(const Model *model, const ModelRow *row)
{
	Likelihood	sum = {0};

	pareto_nbd_likelihood(model, row, 1, false, &sum);
	return sum.value;
}

static double
purchases_alive(const Model *model, double x, double T, double t)
{
	double		purchases;

	pareto_nbd_purchases_alive(model, x, T, T, &t, 1, &purchases);
	return purchases;
}

enum
{
	ALIVE, EXPECTED, SILENT, RESIDUAL, PROBABILITY, LOG_LIKELIHOOD, QUANTITIES
};

static const char *const names[QUANTITIES] =
{"probability_alive", "expected purchases", "no_purchase", "residual", "purchase_probability", "likelihood"};

/* t is the rate of RESIDUAL, x the number of purchases of PROBABILITY. */
static const struct
{
	int			quantity;
	double		parameters[4];
	double		x;
	double		t_x;
	double		T;
	double		t;
	double		exact;
}			values[] = {
	{ALIVE, {0.553, 10.578, 0.606, 11.669}, 2, 30.43, 38.86, 0.0, 0.869167559153011199},
	{SILENT, {0.553, 10.578, 0.606, 11.669}, 2, 30.43, 38.86, 39.0, 0.40806272360646376},
	{RESIDUAL, {0.553, 10.578, 0.606, 11.669}, 2, 30.43, 38.86, 0.00268772966106074, 6.5017305375642362},
	{EXPECTED, {0.553, 10.578, 0.606, 11.669}, 2, 30.43, 38.86, 39.0, 1.4551231932576025},
	{LOG_LIKELIHOOD, {0.553, 10.578, 0.606, 11.669}, 2, 30.43, 38.86, 0.0, -9.55428324515040572},
	{ALIVE, {0.553, 10.578, 0.606, 11.669}, 0, 0.0, 38.86, 0.0, 0.295286604616894158},
	{SILENT, {0.553, 10.578, 0.606, 11.669}, 0, 0.0, 38.86, 1e-06, 0.999999996697004555},
	{RESIDUAL, {0.553, 10.578, 0.606, 11.669}, 0, 0.0, 38.86, 1e-08, 113.333475014697972},
	{EXPECTED, {0.553, 10.578, 0.606, 11.669}, 0, 0.0, 38.86, 1e-06, 3.30299549686362409e-9},
	{LOG_LIKELIHOOD, {0.553, 10.578, 0.606, 11.669}, 0, 0.0, 38.86, 0.0, -0.521046294080890374},
	{SILENT, {0.553, 10.578, 0.606, 11.669}, 1000, 10.0, 100.0, 52.0, 1.0},
	{LOG_LIKELIHOOD, {0.553, 10.578, 0.606, 11.669}, 1000, 10.0, 100.0, 0.0, 2876.13846061163479},
	{ALIVE, {0.553, 10.578, 0.606, 11.669}, 10000, 364.0, 365.0, 0.0, 4.35227146159965296e-8},
	{SILENT, {0.553, 10.578, 0.606, 11.669}, 10000, 364.0, 365.0, 365.0, 0.999999956479914918},
	{RESIDUAL, {0.553, 10.578, 0.606, 11.669}, 10000, 364.0, 365.0, 100.0, 1.15886503476198318e-8},
	{EXPECTED, {0.553, 10.578, 0.606, 11.669}, 10000, 364.0, 365.0, 365.0, 3.38991112913535659e-4},
	{LOG_LIKELIHOOD, {0.553, 10.578, 0.606, 11.669}, 10000, 364.0, 365.0, 0.0, 22832.5446729720516},
	{ALIVE, {10.465, 0.00798565181, 3.0516, 2.82}, 50, 1.0, 37.0, 0.0, 1.41714429128660753e-96},
	{SILENT, {10.465, 0.00798565181, 3.0516, 2.82}, 50, 1.0, 37.0, 10.0, 1.0},
	{RESIDUAL, {10.465, 0.00798565181, 3.0516, 2.82}, 50, 1.0, 37.0, 0.01, 3.47867565159761053e-95},
	{EXPECTED, {10.465, 0.00798565181, 3.0516, 2.82}, 50, 1.0, 37.0, 10.0, 1.6560261570592136e-95},
	{LOG_LIKELIHOOD, {10.465, 0.00798565181, 3.0516, 2.82}, 50, 1.0, 37.0, 0.0, 116.30126461011632},
	{ALIVE, {0.5143, 2.8845, 0.2856, 14.1087}, 221, 103.42857, 103.57143, 0.0, 0.999596052317938097},
	{SILENT, {0.5143, 2.8845, 0.2856, 14.1087}, 221, 103.42857, 103.57143, 52.0, 0.0015689513474224987},
	{RESIDUAL, {0.5143, 2.8845, 0.2856, 14.1087}, 221, 103.42857, 103.57143, 20.0, 0.103985736390012223},
	{EXPECTED, {0.5143, 2.8845, 0.2856, 14.1087}, 221, 103.42857, 103.57143, 52.0, 102.371805780326625},
	{LOG_LIKELIHOOD, {0.5143, 2.8845, 0.2856, 14.1087}, 221, 103.42857, 103.57143, 0.0, -61.5846485617292204},
	{ALIVE, {0.553, 10.0, 0.606, 10.0}, 29, 37.86, 38.86, 0.0, 0.982901698264864063},
	{SILENT, {0.553, 10.0, 0.606, 10.0}, 29, 37.86, 38.86, 39.0, 0.0368482612230095552},
	{RESIDUAL, {0.553, 10.0, 0.606, 10.0}, 29, 37.86, 38.86, 0.1, 5.37230169190847355},
	{EXPECTED, {0.553, 10.0, 0.606, 10.0}, 29, 37.86, 38.86, 39.0, 19.1761274792069315},
	{LOG_LIKELIHOOD, {0.553, 10.0, 0.606, 10.0}, 29, 37.86, 38.86, 0.0, -45.3284173809303251},
	{ALIVE, {0.553, 10.578, 1.0, 11.669}, 29, 37.86, 38.86, 0.0, 0.972998159803489352},
	{SILENT, {0.553, 10.578, 1.0, 11.669}, 29, 37.86, 38.86, 39.0, 0.0582032165049467923},
	{RESIDUAL, {0.553, 10.578, 1.0, 11.669}, 29, 37.86, 38.86, 1e-08, 409.130166362556298},
	{EXPECTED, {0.553, 10.578, 1.0, 11.669}, 29, 37.86, 38.86, 39.0, 16.8112863869812101},
	{LOG_LIKELIHOOD, {0.553, 10.578, 1.0, 11.669}, 29, 37.86, 38.86, 0.0, -46.1390376810010682},
	{ALIVE, {0.553, 10.578, 0.999999999, 11.669}, 2, 30.43, 38.86, 0.0, 0.794631295083983299},
	{SILENT, {0.553, 10.578, 0.999999999, 11.669}, 2, 30.43, 38.86, 1000000.0, 0.42629049366134273},
	{RESIDUAL, {0.553, 10.578, 0.999999999, 11.669}, 2, 30.43, 38.86, 1e-08, 28.8645235057914136},
	{EXPECTED, {0.553, 10.578, 0.999999999, 11.669}, 2, 30.43, 38.86, 1000000.0, 20.5127978751098145},
	{LOG_LIKELIHOOD, {0.553, 10.578, 0.999999999, 11.669}, 2, 30.43, 38.86, 0.0, -10.0420765463230272},
	{ALIVE, {0.553, 10.578, 50.0, 1000.0}, 400, 38.0, 38.86, 0.0, 0.127469858237828001},
	{SILENT, {0.553, 10.578, 50.0, 1000.0}, 400, 38.0, 38.86, 39.0, 0.873284661625985111},
	{RESIDUAL, {0.553, 10.578, 50.0, 1000.0}, 400, 38.0, 38.86, 0.001, 21.4324862670208824},
	{EXPECTED, {0.553, 10.578, 50.0, 1000.0}, 400, 38.0, 38.86, 39.0, 18.2977647554930703},
	{LOG_LIKELIHOOD, {0.553, 10.578, 50.0, 1000.0}, 400, 38.0, 38.86, 0.0, 436.36060180028173},
	{ALIVE, {0.553, 10.578, 1e-06, 11.669}, 2, 30.43, 38.86, 0.0, 0.999999766116949231},
	{SILENT, {0.553, 10.578, 1e-06, 11.669}, 2, 30.43, 38.86, 39.0, 0.226552565945657154},
	{RESIDUAL, {0.553, 10.578, 1e-06, 11.669}, 2, 30.43, 38.86, 1e-08, 5163970.75737762207},
	{EXPECTED, {0.553, 10.578, 1e-06, 11.669}, 2, 30.43, 38.86, 39.0, 2.01397600096852863},
	{LOG_LIKELIHOOD, {0.553, 10.578, 1e-06, 11.669}, 2, 30.43, 38.86, 0.0, -8.80634315513232818},
	{ALIVE, {0.553, 0.001, 0.606, 1000.0}, 29, 37.86, 38.86, 0.0, 0.999122637367575424},
	{SILENT, {0.553, 0.001, 0.606, 1000.0}, 29, 37.86, 38.86, 39.0, 0.00166886600860141694},
	{RESIDUAL, {0.553, 0.001, 0.606, 1000.0}, 29, 37.86, 38.86, 1e-08, 161478.234025193184},
	{EXPECTED, {0.553, 0.001, 0.606, 1000.0}, 29, 37.86, 38.86, 39.0, 29.3022271655824575},
	{LOG_LIKELIHOOD, {0.553, 0.001, 0.606, 1000.0}, 29, 37.86, 38.86, 0.0, -42.7331764975728926},
	{ALIVE, {0.553, 1000.0, 0.606, 0.001}, 2, 30.43, 38.86, 0.0, 0.860950104874915758},
	{SILENT, {0.553, 1000.0, 0.606, 0.001}, 2, 30.43, 38.86, 39.0, 0.938138333685442263},
	{RESIDUAL, {0.553, 1000.0, 0.606, 0.001}, 2, 30.43, 38.86, 0.0001, 1.44699683219279422},
	{EXPECTED, {0.553, 1000.0, 0.606, 0.001}, 2, 30.43, 38.86, 39.0, 0.0657265520531503118},
	{LOG_LIKELIHOOD, {0.553, 1000.0, 0.606, 0.001}, 2, 30.43, 38.86, 0.0, -20.3193853821645824},
	{ALIVE, {20.0, 10.0, 5.0, 100.0}, 29, 10.0, 38.86, 0.0, 1.65342418160004959e-18},
	{SILENT, {20.0, 10.0, 5.0, 100.0}, 29, 10.0, 38.86, 39.0, 0.999999999999999998},
	{RESIDUAL, {20.0, 10.0, 5.0, 100.0}, 29, 10.0, 38.86, 0.01, 4.06407344739229647e-17},
	{EXPECTED, {20.0, 10.0, 5.0, 100.0}, 29, 10.0, 38.86, 39.0, 3.61765939285713032e-17},
	{LOG_LIKELIHOOD, {20.0, 10.0, 5.0, 100.0}, 29, 10.0, 38.86, 0.0, -3.87104985663433122},
	{ALIVE, {1000000.0, 1000000.0, 1000000.0, 1000000.0}, 3, 1.5, 2.5, 0.0, 0.238406326383844663},
	{SILENT, {1000000.0, 1000000.0, 1000000.0, 1000000.0}, 3, 1.5, 2.5, 0.25, 0.95309718033355301},
	{RESIDUAL, {1000000.0, 1000000.0, 1000000.0, 1000000.0}, 3, 1.5, 2.5, 1.0, 0.119203401597958158},
	{EXPECTED, {1000000.0, 1000000.0, 1000000.0, 1000000.0}, 3, 1.5, 2.5, 0.25, 0.0527353353836296413},
	{LOG_LIKELIHOOD, {1000000.0, 1000000.0, 1000000.0, 1000000.0}, 3, 1.5, 2.5, 0.0, -3.56621944270548946},
	{ALIVE, {0.001, 1000000.0, 0.9, 1000000.0}, 0, 0.0, 1e-06, 0.0, 0.9999999999991},
	{SILENT, {0.001, 1000000.0, 0.9, 1000000.0}, 0, 0.0, 1e-06, 1000000.0, 0.999484478814202427},
	{RESIDUAL, {0.001, 1000000.0, 0.9, 1000000.0}, 0, 0.0, 1e-06, 1e-08, 0.00513808554666988054},
	{EXPECTED, {0.001, 1000000.0, 0.9, 1000000.0}, 0, 0.0, 1e-06, 1000000.0, 7.17734625361749804e-4},
	{LOG_LIKELIHOOD, {0.001, 1000000.0, 0.9, 1000000.0}, 0, 0.0, 1e-06, 0.0, -9.99999999999049976e-16},
	{ALIVE, {0.4, 0.001, 0.001, 0.001}, 7, 1000.0, 10000.0, 0.0, 2.93877046385593658e-4},
	{SILENT, {0.4, 0.001, 0.001, 0.001}, 7, 1000.0, 10000.0, 100000.0, 0.999706162667127349},
	{RESIDUAL, {0.4, 0.001, 0.001, 0.001}, 7, 1000.0, 10000.0, 1e-06, 0.216584000142492497},
	{EXPECTED, {0.4, 0.001, 0.001, 0.001}, 7, 1000.0, 10000.0, 100000.0, 0.0217113178301576531},
	{LOG_LIKELIHOOD, {0.4, 0.001, 0.001, 0.001}, 7, 1000.0, 10000.0, 0.0, -56.259663453711969},
	{PROBABILITY, {0.553, 10.578, 0.606, 11.669}, 0, 0.0, 0.0, 2.0, 0.912841609078466755},
	{PROBABILITY, {0.553, 10.578, 0.606, 11.669}, 1, 0.0, 0.0, 2.0, 0.0764300343375287819},
	{PROBABILITY, {0.553, 10.578, 0.606, 11.669}, 20, 0.0, 0.0, 2.0, 1.43501588150949315e-17},
	{PROBABILITY, {0.553, 10.578, 0.606, 11.669}, 3, 0.0, 0.0, 39.0, 0.0490399536428142672},
	{PROBABILITY, {0.553, 10.578, 0.606, 11.669}, 100, 0.0, 0.0, 520.0, 1.57351139922264493e-4},
	{PROBABILITY, {0.553, 10.578, 0.606, 11.669}, 1000, 0.0, 0.0, 10000.0, 6.05072092676999918e-6},
	{PROBABILITY, {20.0, 0.001, 3.0, 1000.0}, 40, 0.0, 0.0, 2.0, 1.5789329825449944e-7},
	{PROBABILITY, {0.3, 1000.0, 0.606, 0.001}, 1, 0.0, 0.0, 1e-06, 2.99909148240277125e-10},
	{PROBABILITY, {0.3, 1000.0, 0.606, 0.001}, 5, 0.0, 0.0, 10000.0, 4.39856707542658318e-6},
	{PROBABILITY, {1000000.0, 1000000.0, 0.5, 10.0}, 12, 0.0, 0.0, 10.0, 0.0712128569102261349},
	{PROBABILITY, {0.5, 10.0, 1.0, 10.0}, 0, 0.0, 0.0, 1000000.0, 0.666666677207434089},
};

static double
quantity_of(int quantity, const Model *model, double x, double t_x, double T, double t)
{
	switch (quantity)
	{
		case ALIVE:
			return pareto_nbd_probability_alive(model, x, t_x, T);
		case EXPECTED:
			return pareto_nbd_probability_alive(model, x, t_x, T) * purchases_alive(model, x, T, t);
		case SILENT:
			return pareto_nbd_no_purchase(model, x, t_x, T, t);
		case RESIDUAL:
			return pareto_nbd_residual(model, x, t_x, T, t);
		case PROBABILITY:
			return pareto_nbd_purchase_probability(model, x, t);
		default:
			return log_likelihood(model, &(ModelRow) {x, t_x, T, 1});
	}
}

static void
test_values(void)
{
	double		worst[QUANTITIES] = {0};
	Model		cdnow = model_of(0.5534, 10.5802, 0.6061, 11.6562);

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
	{
		const double *p = values[i].parameters;
		Model		model = model_of(p[0], p[1], p[2], p[3]);
		double		value = quantity_of(values[i].quantity, &model, values[i].x, values[i].t_x, values[i].T, values[i].t);
		double		error = error_of(value, values[i].exact);

		if (values[i].quantity == LOG_LIKELIHOOD)
			error = fabs(value - values[i].exact) / fmax(1, fabs(values[i].exact));
		if (!(error < 1e-12))
			printf("# %s of row %zu: %.17g instead of %.17g\n", names[values[i].quantity], i, value, values[i].exact);
		worst[values[i].quantity] = fmax(worst[values[i].quantity], isnan(error) ? INFINITY : error);
	}
	for (int i = 0; i < QUANTITIES; i++)
		ok(worst[i] < 1e-12, "%s: largest error %.1e", names[i], worst[i]);

	/* As published for these parameters, of the CDNOW data. */
	ok(fabs(pareto_nbd_probability_alive(&cdnow, 26, 30.86, 31) - 0.9979) < 5e-5, "P(alive) of a frequent buyer: 0.9979");
	ok(fabs(quantity_of(EXPECTED, &cdnow, 26, 30.86, 31, 52) - 25.46) < 1e-2, "and his purchases in a year: 25.46");
	ok(fabs(pareto_nbd_expected_new(&cdnow, 52) - 1.473) < 5e-4, "a new customer's purchases in a year: 1.473");

	/* Long gone: the probability is 1e-728. */
	ok(pareto_nbd_probability_alive(&(Model) {.parameters = {0.553, 10.578, 0.606, 11.669}}, 1000, 10, 100) == 0, "what is too small for a double is 0");
}

/* ------------------------------------------------------------------------------------------------
 * Derivatives
 * ------------------------------------------------------------------------------------------------ */

/*
 * Central differences by the logarithms of the parameters. Their own error is that of a value over the step, so that it is set in
 * relation to the size of what is differentiated.
 */
static void
test_derivatives(void)
{
	const double step = 3e-5;
	double		worst_gradient = 0;
	double		worst_hessian = 0;
	bool		symmetric = true;

	for (int round = 0; round < 4000; round++)
	{
		Model		model = random_model(1e-3, 1e4);
		ModelRow	row = random_row();
		Likelihood	at = {0};

		if (round % 10 == 0)
			model.parameters[3] = model.parameters[1];
		if (round % 7 == 0)
			row.t_x = row.x == 0 ? 0 : row.T;
		pareto_nbd_likelihood(&model, &row, 1, true, &at);
		for (int i = 0; i < 4; i++)
		{
			Model		above = model;
			Model		below = model;
			Likelihood	more = {0};
			Likelihood	less = {0};
			double		slope;

			above.parameters[i] *= exp(step);
			below.parameters[i] *= exp(-step);
			pareto_nbd_likelihood(&above, &row, 1, true, &more);
			pareto_nbd_likelihood(&below, &row, 1, true, &less);
			slope = (more.value - less.value) / (2 * step);
			worst_gradient = fmax(worst_gradient, fabs(slope - at.gradient[i] * model.parameters[i]) / (fabs(slope) + 1e-2 * (1 + fabs(at.value))));
			for (int j = 0; j < 4; j++)
			{
				double		bend = (more.gradient[j] - less.gradient[j]) / (2 * step) * model.parameters[j];
				double		scale = fabs(bend) + 1e-2 * (1 + fabs(at.gradient[j] * model.parameters[j]));

				worst_hessian = fmax(worst_hessian, fabs(bend - at.hessian[i][j] * model.parameters[i] * model.parameters[j]) / scale);
				symmetric = symmetric && at.hessian[i][j] == at.hessian[j][i];
			}
		}
	}
	ok(worst_gradient < 1e-6, "gradient against differences: largest error %.1e", worst_gradient);
	ok(worst_hessian < 1e-6, "Hessian against differences of the gradient: largest error %.1e", worst_hessian);
	ok(symmetric, "the Hessian is symmetric");
}

/*
 * Rows are added up with their customers, to what is there already, whatever their order.
 */
static void
test_sums(void)
{
	Model		model = model_of(0.553, 10.578, 0.606, 11.669);
	ModelRow	rows[50];
	Likelihood	all = {0};
	Likelihood	single = {0};
	Likelihood	value = {0};
	double		error = 0;

	for (int i = 0; i < 50; i++)
	{
		rows[i] = random_row();
		rows[i].customers = i % 3 + 1;
		for (int j = 0; j < rows[i].customers; j++)
			pareto_nbd_likelihood(&model, &(ModelRow) {rows[i].x, rows[i].t_x, rows[i].T, 1}, 1, true, &single);
	}
	pareto_nbd_likelihood(&model, rows, 20, true, &all);
	pareto_nbd_likelihood(&model, rows + 20, 30, true, &all);
	pareto_nbd_likelihood(&model, rows, 50, false, &value);
	for (int i = 0; i < 4; i++)
	{
		error = fmax(error, error_of(all.gradient[i], single.gradient[i]));
		for (int j = 0; j < 4; j++)
			error = fmax(error, error_of(all.hessian[i][j], single.hessian[i][j]));
	}
	ok(error_of(all.value, single.value) < 1e-13 && error < 1e-11, "rows count as often as they have customers");
	ok(error_of(value.value, all.value) < 1e-14 && value.gradient[0] == 0 && value.hessian[3][3] == 0, "without derivatives only the value");
}

/* ------------------------------------------------------------------------------------------------
 * What must hold everywhere
 * ------------------------------------------------------------------------------------------------ */

static void
test_probabilities(void)
{
	bool		bounded = true;
	bool		falling = true;
	bool		certain = true;
	bool		consistent = true;

	for (int round = 0; round < 3000; round++)
	{
		Model		model = random_model(1e-6, 1e6);
		ModelRow	row = random_row();
		double		t = between(1e-6, 1e6);
		double		alive = pareto_nbd_probability_alive(&model, row.x, row.t_x, row.T);
		double		later = pareto_nbd_probability_alive(&model, row.x, row.t_x, row.T + t);
		double		silent = pareto_nbd_no_purchase(&model, row.x, row.t_x, row.T, t);
		double		longer = pareto_nbd_no_purchase(&model, row.x, row.t_x, row.T, 2 * t);
		ModelRow	after = row;

		after.T += t;
		bounded = bounded && alive >= 0 && alive <= 1 && silent >= 0 && silent <= 1 + 1e-14;
		falling = falling && later <= alive * (1 + 1e-12) && longer <= silent * (1 + 1e-12) && 1 - alive <= silent + 1e-12;
		certain = certain && pareto_nbd_probability_alive(&model, row.x, row.T, row.T) == 1 && pareto_nbd_no_purchase(&model, row.x, row.t_x, row.T, 0) == 1;
		consistent = consistent && fabs(log(silent) - (log_likelihood(&model, &after) - log_likelihood(&model, &row)))
			<= 1e-11 * (1 + fabs(log_likelihood(&model, &row)));
	}
	ok(bounded, "probabilities are between 0 and 1");
	ok(falling, "P(alive) and P(no purchase) fall with time, and the dead do not buy");
	ok(certain, "who has just bought is alive, and in no time nothing is bought");
	ok(consistent, "P(no purchase) is a quotient of likelihoods");
}

/*
 * P(alive) of parts, many x at once.
 */
static void
test_parts(void)
{
	double		worst = 0;
	bool		certain = true;

	for (int round = 0; round < 3000; round++)
	{
		Model		model = random_model(1e-3, 1e3);
		ModelRow	row = random_row();
		int			count = (int) row.x + 1 + round % 30;
		double		then[400];
		double		now[400];
		double		alive;

		pareto_nbd_alive_parts(&model, row.t_x, count, then);
		pareto_nbd_alive_parts(&model, row.T, count, now);
		alive = pareto_nbd_alive_from_parts(&model, row.x, row.t_x, row.T, then[(int) row.x], now[(int) row.x]);
		if (alive > 1e-290)
			worst = fmax(worst, error_of(alive, pareto_nbd_probability_alive(&model, row.x, row.t_x, row.T)));
		certain = certain && pareto_nbd_alive_from_parts(&model, row.x, row.T, row.T, now[(int) row.x], now[(int) row.x]) == 1;
	}
	ok(worst < 1e-11 && certain, "P(alive) of parts is P(alive): largest error %.1e", worst);
}

static void
test_new_customers(void)
{
	double		worst_sum = 0;
	double		worst_mean = 0;
	double		worst_none = 0;

	for (int round = 0; round < 30; round++)
	{
		Model		model = model_of(between(0.3, 5), between(2, 100), between(0.2, 5), between(2, 100));
		double		t = between(0.5, 30);
		double		sum = 0;
		double		mean = 0;

		for (int n = 400; n >= 0; n--)
		{
			double		p = pareto_nbd_purchase_probability(&model, n, t);

			sum += p;
			mean += n * p;
		}
		worst_none = fmax(worst_none, error_of(pareto_nbd_purchase_probability(&model, 0, t), pareto_nbd_no_purchase(&model, 0, 0, 0, t)));
		worst_sum = fmax(worst_sum, fabs(sum - 1));
		worst_mean = fmax(worst_mean, error_of(mean, pareto_nbd_expected_new(&model, t)));
	}
	ok(worst_sum < 1e-12, "the probabilities of n purchases sum to 1: %.1e", worst_sum);
	ok(worst_mean < 1e-11, "and their mean is the expectation: %.1e", worst_mean);
	ok(worst_none < 1e-13, "no purchase is no purchase: %.1e", worst_none);
}

static void
test_limits(void)
{
	Model		model = model_of(0.553, 10.578, 1, 11.669);
	Model		beside = model_of(0.553, 10.578, 1 + 1e-12, 11.669);
	Model		staying = model_of(2, 10, 1, 1e12);
	double		horizons[11];
	double		purchases[11];
	bool		same = true;
	bool		rising = true;

	ok(error_of(purchases_alive(&model, 3, 20, 100), purchases_alive(&beside, 3, 20, 100)) < 1e-11
	   && error_of(purchases_alive(&model, 3, 20, 100), 3.553 * 31.669 / 30.578 * log1p(100 / 31.669)) < 1e-15, "s = 1 is no special case");
	ok(error_of(purchases_alive(&staying, 3, 20, 100), 5.0 / 30 * 100) < 1e-9 && error_of(pareto_nbd_residual(&staying, 3, 10, 20, 0.01), 5.0 / 30 / 0.01) < 1e-8
	   && error_of(pareto_nbd_no_purchase(&staying, 3, 10, 20, 30), pow(0.5, 5)) < 1e-8, "without anyone leaving it is NBD");
	ok(purchases_alive(&model, 3, 20, 0) == 0 && pareto_nbd_purchase_probability(&model, 0, 0) == 1 && pareto_nbd_purchase_probability(&model, 2, 0) == 0,
	   "in no time nothing happens");

	for (int i = 0; i < 11; i++)
		horizons[i] = i * i;
	pareto_nbd_purchases_alive(&model, 3, 10, 20, horizons, 11, purchases);
	for (int i = 0; i < 11; i++)
	{
		same = same && purchases[i] == purchases_alive(&model, 3, 20, horizons[i]);
		rising = rising && (i == 0 || purchases[i] > purchases[i - 1]);
	}
	ok(same && rising, "many horizons at once are as one by one");
}

/*
 * Parameters as no data have them: nothing hangs, nothing is NaN.
 */
static void
test_extremes(void)
{
	bool		numbers = true;
	Model		steep = model_of(0.10505777597427368, 1e9, 1, 12693968781312);

	/* Panels of a few million steps of their doubles: the length that is asked for is none that they can have. */
	numbers = pareto_nbd_purchase_probability(&steep, 2147483647, 100000) >= 0;
	for (int round = 0; round < 3000; round++)
	{
		Model		model = random_model(1e-30, 1e30);
		ModelRow	row = random_row();
		double		t = between(1e-9, 1e9);
		Likelihood	sum = {0};

		for (int i = 0; i < LOG_LIKELIHOOD; i++)
		{
			double		value = quantity_of(i, &model, row.x, row.t_x, row.T, i == RESIDUAL ? between(1e-8, 100) : t);

			numbers = numbers && value >= 0 && isfinite(value);
		}
		pareto_nbd_likelihood(&model, &row, 1, true, &sum);
		numbers = numbers && isfinite(sum.value);
		for (int i = 0; i < 4; i++)
			for (int j = 0; j < 4; j++)
				numbers = numbers && isfinite(sum.gradient[i]) && isfinite(sum.hessian[i][j]);
	}
	for (int round = 0; round < 300; round++)
	{
		Model		model = random_model(1e-300, 1e300);

		for (int i = 0; i < QUANTITIES; i++)
			quantity_of(i, &model, 5, 1, 2, 3);
	}
	ok(numbers, "parameters from 1e-30 to 1e30 give numbers, and those up to 1e300 an end");
}

int
main(void)
{
	test_lanes();
	test_panels();
	test_values();
	test_derivatives();
	test_sums();
	test_probabilities();
	test_parts();
	test_new_customers();
	test_limits();
	test_extremes();
	return finish();
}
