/*
 * special_test.c
 *		Special functions against values of 60 digits, in TAP.
 *
 *		cc -fsanitize=address,undefined -Isrc test/unit/special_test.c src/math/special.c -lm
 */
#include <math.h>
#include <stdio.h>

#include "math/special.h"

enum
{
	LOG_GAMMA, LOG_GAMMA_RATIO, LOG_BETA, LOG_BETA_RATIO, DIGAMMA, TRIGAMMA, DIGAMMA_DIFFERENCE, TRIGAMMA_DIFFERENCE, FUNCTIONS
};

static const char *const names[FUNCTIONS] =
{"log_gamma", "log_gamma_ratio", "log_beta", "log_beta_ratio", "digamma", "trigamma", "digamma_difference", "trigamma_difference"};

static const struct
{
	int			function;
	double		arguments[3];
	double		exact;
}			values[] = {
	{LOG_GAMMA, {1e-300, 0, 0}, 690.775527898213705},
	{LOG_GAMMA, {1e-05, 0, 0}, 11.5129196928958256},
	{LOG_GAMMA, {0.3, 0, 0}, 1.09579799481807556},
	{LOG_GAMMA, {0.5, 0, 0}, 0.572364942924700087},
	{LOG_GAMMA, {0.999, 0, 0}, 0.000578038532891380238},
	{LOG_GAMMA, {0.9999999999990905, 0, 0}, 5.24974589008962439e-13},
	{LOG_GAMMA, {1.0000000000009095, 0, 0}, -5.24974589007601781e-13},
	{LOG_GAMMA, {1.25, 0, 0}, -0.0982718364218131615},
	{LOG_GAMMA, {1.4999, 0, 0}, -0.120785881958493938},
	{LOG_GAMMA, {1.5, 0, 0}, -0.120782237635245222},
	{LOG_GAMMA, {1.999, 0, 0}, -0.000422461800692107284},
	{LOG_GAMMA, {1.9999999990686774, 0, 0}, -3.93748595191302068e-10},
	{LOG_GAMMA, {2.0000000000009095, 0, 0}, 3.84520112764912866e-13},
	{LOG_GAMMA, {2.5, 0, 0}, 0.28468287047291916},
	{LOG_GAMMA, {2.500001, 0, 0}, 0.284683573629805082},
	{LOG_GAMMA, {3.0, 0, 0}, 0.693147180559945309},
	{LOG_GAMMA, {7.3, 0, 0}, 7.14789252302224869},
	{LOG_GAMMA, {11.99, 0, 0}, 17.4778855754261855},
	{LOG_GAMMA, {12.0, 0, 0}, 17.5023078458738858},
	{LOG_GAMMA, {100.5, 0, 0}, 361.435540467777622},
	{LOG_GAMMA, {1000000.0, 0, 0}, 12815504.5691476117},
	{LOG_GAMMA, {1000000000000000.0, 0, 0}, 33538776394910668.9},
	{LOG_GAMMA_RATIO, {100000000.0, 1.0, 0}, 18.4206807439523655},
	{DIGAMMA_DIFFERENCE, {100000000.0, 1.0, 0}, 1.0e-8},
	{TRIGAMMA_DIFFERENCE, {100000000.0, 1.0, 0}, -1.0e-16},
	{LOG_GAMMA_RATIO, {100000000.0, 1e-09, 0}, 1.84206807389523666e-8},
	{DIGAMMA_DIFFERENCE, {100000000.0, 1e-09, 0}, 1.00000000500000007e-17},
	{TRIGAMMA_DIFFERENCE, {100000000.0, 1e-09, 0}, -1.0000000100000001e-25},
	{LOG_GAMMA_RATIO, {0.001, 5.0, 0}, -3.7276188267141291},
	{DIGAMMA_DIFFERENCE, {0.001, 5.0, 0}, 1002.08191089880652},
	{TRIGAMMA_DIFFERENCE, {0.001, 5.0, 0}, -1000001.42125901911},
	{LOG_GAMMA_RATIO, {0.7, 1e-12, 0}, -1.22002355369651769e-12},
	{DIGAMMA_DIFFERENCE, {0.7, 1e-12, 0}, 2.83404915669139336e-12},
	{TRIGAMMA_DIFFERENCE, {0.7, 1e-12, 0}, -6.43499287417798399e-12},
	{LOG_GAMMA_RATIO, {3.5, -3.4999, 0}, 8.0093090562847776},
	{DIGAMMA_DIFFERENCE, {3.5, -3.4999, 0}, -10001.6802078030565},
	{TRIGAMMA_DIFFERENCE, {3.5, -3.4999, 0}, 100000001.313913869},
	{LOG_GAMMA_RATIO, {12.0, -1e-07, 0}, -2.44266167563071825e-7},
	{DIGAMMA_DIFFERENCE, {12.0, -1e-07, 0}, -8.69018732491286575e-9},
	{TRIGAMMA_DIFFERENCE, {12.0, -1e-07, 0}, 7.54720543450357372e-10},
	{LOG_GAMMA_RATIO, {500000.0, 20000000.0, 0}, 318575493.05873869},
	{DIGAMMA_DIFFERENCE, {500000.0, 20000000.0, 0}, 3.71357304231439704},
	{TRIGAMMA_DIFFERENCE, {500000.0, 20000000.0, 0}, -1.95122151100668727e-6},
	{LOG_GAMMA_RATIO, {1000000000.0, 1000000000.0, 0}, 21109560197.7197282},
	{DIGAMMA_DIFFERENCE, {1000000000.0, 1000000000.0, 0}, 0.693147180809945309},
	{TRIGAMMA_DIFFERENCE, {1000000000.0, 1000000000.0, 0}, -5.00000000375e-10},
	{LOG_GAMMA_RATIO, {11.9, 0.2, 0}, 0.488529820203219063},
	{DIGAMMA_DIFFERENCE, {11.9, 0.2, 0}, 0.0173808112917998062},
	{TRIGAMMA_DIFFERENCE, {11.9, 0.2, 0}, -0.0015095547190179032},
	{LOG_GAMMA_RATIO, {0.2, 1000000.0, 0}, 12815505.8081858208},
	{DIGAMMA_DIFFERENCE, {0.2, 1000000.0, 0}, 19.1045501545564588},
	{TRIGAMMA_DIFFERENCE, {0.2, 1000000.0, 0}, -26.2673762054234763},
	{LOG_GAMMA_RATIO, {40.0, -39.75, 0}, -105.343737735945382},
	{DIGAMMA_DIFFERENCE, {40.0, -39.75, 0}, -7.90378090741110853},
	{TRIGAMMA_DIFFERENCE, {40.0, -39.75, 0}, 17.1720140506658197},
	{LOG_BETA, {1000000.0, 0.01, 0}, 4.46132477741237977},
	{LOG_BETA, {0.01, 1000000.0, 0}, 4.46132477741237977},
	{LOG_BETA, {1000000000.0, 1000000000.0, 0}, -1386294370.21601141},
	{LOG_BETA, {12.0, 100000000.0, 0}, -203.545861741554475},
	{LOG_BETA, {0.5, 0.5, 0}, 1.14472988584940017},
	{LOG_BETA, {1e-09, 1e-09, 0}, 21.4164130175063564},
	{LOG_BETA, {1e-09, 1000000000.0, 0}, 20.7232658156459296},
	{LOG_BETA, {3.0, 4.0, 0}, -4.09434456222210068},
	{LOG_BETA, {20.0, 30.0, 0}, -33.968820791977383},
	{LOG_BETA_RATIO, {0.7, 1.2, 1.0}, -0.45953232937844014},
	{LOG_BETA_RATIO, {1e-09, 50.0, 1.0}, -1.99999999998000012e-11},
	{LOG_BETA_RATIO, {50.0, 1e-09, 1.0}, -24.6352888423945572},
	{LOG_BETA_RATIO, {1000000000.0, 1000000000.0, 1000000000.0}, -523248143.908388873},
	{LOG_BETA_RATIO, {1e-12, 1000000.0, 1e-12}, -1.00000050000016663e-30},
	{LOG_BETA_RATIO, {3.0, 1000000000.0, 2.0}, -5.99999998800000003e-9},
	{LOG_BETA_RATIO, {0.05, 0.02, 1000000000.0}, -2.31421404731973112},
	{LOG_BETA_RATIO, {-0.3, 1.5, 40.0}, 1.14838700992839391},
	{LOG_BETA_RATIO, {-1e-10, 7.0, 1000.0}, 5.04144995111923554e-10},
	{LOG_BETA_RATIO, {10000.0, 0.5, 10000.0}, -13862.5970438586262},
	{LOG_BETA_RATIO, {2.0, 11.5, 30.0}, -2.50712182348956394},
	{DIGAMMA, {1e-12, 0, 0}, -1000000000000.57724},
	{TRIGAMMA, {1e-12, 0, 0}, 1.00000000000000004e+24},
	{DIGAMMA, {0.01, 0, 0}, -100.560885457868672},
	{TRIGAMMA, {0.01, 0, 0}, 10001.6212135283128},
	{DIGAMMA, {0.5, 0, 0}, -1.96351002602142348},
	{TRIGAMMA, {0.5, 0, 0}, 4.93480220054467931},
	{DIGAMMA, {1.0, 0, 0}, -0.577215664901532861},
	{TRIGAMMA, {1.0, 0, 0}, 1.64493406684822644},
	{DIGAMMA, {1.3, 0, 0}, -0.169190888866799605},
	{TRIGAMMA, {1.3, 0, 0}, 1.1342534349966193},
	{DIGAMMA, {2.0, 0, 0}, 0.422784335098467139},
	{TRIGAMMA, {2.0, 0, 0}, 0.644934066848226436},
	{DIGAMMA, {5.5, 0, 0}, 1.61109314858175112},
	{TRIGAMMA, {5.5, 0, 0}, 0.199342386989627659},
	{DIGAMMA, {11.9, 0, 0}, 2.43393353688253749},
	{TRIGAMMA, {11.9, 0, 0}, 0.0876632011900041836},
	{DIGAMMA, {12.0, 0, 0}, 2.44266167997581202},
	{TRIGAMMA, {12.0, 0, 0}, 0.0869018728717683908},
	{DIGAMMA, {1000.0, 0, 0}, 6.90725519564881205},
	{TRIGAMMA, {1000.0, 0, 0}, 0.00100050016666663333},
	{DIGAMMA, {1000000000.0, 0, 0}, 20.7232658364464112},
	{TRIGAMMA, {1000000000.0, 0, 0}, 1.0000000005e-9},
};

static int	tests = 0;
static int	failures = 0;

/*
 * ok
 *		One line of TAP.
 */
static void
ok(int passed, const char *what, double figure)
{
	printf("%sok %d - %s: %.2g\n", passed ? "" : "not ", ++tests, what, figure);
	failures += !passed;
}

/*
 * call
 */
static double
call(int function, const double a[3])
{
	switch (function)
	{
		case LOG_GAMMA:
			return log_gamma(a[0]);
		case LOG_GAMMA_RATIO:
			return log_gamma_ratio(a[0], a[1]);
		case LOG_BETA:
			return log_beta(a[0], a[1]);
		case LOG_BETA_RATIO:
			return log_beta_ratio(a[0], a[1], a[2]);
		case DIGAMMA:
			return digamma(a[0]);
		case TRIGAMMA:
			return trigamma(a[0]);
		case DIGAMMA_DIFFERENCE:
			return digamma_difference(a[0], a[1]);
		default:
			return trigamma_difference(a[0], a[1]);
	}
}

/*
 * test_values
 *		The largest relative error of each function.
 */
static void
test_values(void)
{
	double		worst[FUNCTIONS] = {0};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
	{
		int			function = values[i].function;
		double		error = fabs(call(function, values[i].arguments) / values[i].exact - 1);

		worst[function] = error <= worst[function] ? worst[function] : error;
	}
	for (int function = 0; function < FUNCTIONS; function++)
		ok(worst[function] <= 2e-15, names[function], worst[function]);
}

/*
 * test_recurrences
 *		What holds for all x, from 1e-6 to 1e9, over every border between the series.
 */
static void
test_recurrences(void)
{
	double		worst[5] = {0};

	for (double x = 1e-6; x < 1e9; x *= 1.003)
	{
		double		errors[5] = {
			(log_gamma_ratio(x, 1) - log(x)) / (1 + fabs(log(x))),
			digamma_difference(x, 1) * x - 1,
			trigamma_difference(x, 1) * x * x + 1,
			log_beta_ratio(0.7, x, 1) / -log1p(0.7 / x) - 1,
			log_beta_ratio(x, 0.7, 2.5) / log_beta_ratio(2.5, 0.7, x) - 1
		};

		for (int i = 0; i < 5; i++)
			worst[i] = fabs(errors[i]) <= worst[i] ? worst[i] : fabs(errors[i]);
	}
	ok(worst[0] <= 2e-15, "Gamma(x + 1) = x Gamma(x)", worst[0]);
	ok(worst[1] <= 2e-15, "digamma(x + 1) = digamma(x) + 1 / x", worst[1]);
	ok(worst[2] <= 2e-15, "trigamma(x + 1) = trigamma(x) - 1 / x^2", worst[2]);
	ok(worst[3] <= 2e-15, "B(a, x + 1) / B(a, x) = x / (a + x)", worst[3]);
	ok(worst[4] <= 2e-15, "log_beta_ratio is symmetric in a and n", worst[4]);
}

/*
 * test_zeros
 */
static void
test_zeros(void)
{
	ok(log_gamma(1) == 0 && log_gamma(2) == 0, "log Gamma is 0 at 1 and 2", log_gamma(1));
	ok(log_gamma_ratio(5, 0) == 0 && digamma_difference(5, 0) == 0 && trigamma_difference(5, 0) == 0 && log_beta_ratio(5, 3, 0) == 0,
	   "without a step there is no difference", 0);
}

int
main(void)
{
	test_values();
	test_recurrences();
	test_zeros();
	printf("1..%d\n", tests);
	return failures != 0;
}
