/*
 * distributions_test.c
 *		Distributions against values of 60 digits, in TAP.
 *
 *		cc -fsanitize=address,undefined -Isrc test/unit/distributions_test.c src/math/distributions.c src/math/special.c -lm
 */
#include "math/distributions.h"
#include "tap.h"

enum
{
	UPPER, QUANTILE, STUDENT, CHI_SQUARE, FUNCTIONS
};

static const char *const names[FUNCTIONS] = {"normal_upper", "normal_quantile", "student_t_two_sided", "chi_square_upper"};

static const struct
{
	int			function;
	double		arguments[2];
	double		exact;
}			values[] = {
	{UPPER, {-40, 0}, 1.0},
	{UPPER, {-37.5, 0}, 1.0},
	{UPPER, {-8, 0}, 0.999999999999999378},
	{UPPER, {-1.5, 0}, 0.933192798731141934},
	{UPPER, {-1e-09, 0}, 0.50000000039894228},
	{UPPER, {0, 0}, 0.5},
	{UPPER, {1e-300, 0}, 0.5},
	{UPPER, {0.3, 0}, 0.382088577811047367},
	{UPPER, {1, 0}, 0.158655253931457051},
	{UPPER, {1.959963984540054, 0}, 0.0250000000000000109},
	{UPPER, {2.5758293035489004, 0}, 0.00500000000000000545},
	{UPPER, {5.3, 0}, 5.79013403996459412e-8},
	{UPPER, {10.1, 0}, 2.76210947176451679e-24},
	{UPPER, {21.23, 0}, 2.52312687874408575e-100},
	{UPPER, {30.7, 0}, 2.84583022087381916e-207},
	{UPPER, {36.9, 0}, 2.31052448114061751e-298},
	{QUANTILE, {1e-300, 0}, -37.0470962993611992},
	{QUANTILE, {1e-100, 0}, -21.2734535609653243},
	{QUANTILE, {1e-20, 0}, -9.26234008979840758},
	{QUANTILE, {1e-11, 0}, -6.7060231554951363},
	{QUANTILE, {0.0005, 0}, -3.29052673149189479},
	{QUANTILE, {0.005, 0}, -2.57582930354890075},
	{QUANTILE, {0.025, 0}, -1.95996398454005421},
	{QUANTILE, {0.05, 0}, -1.64485362695147269},
	{QUANTILE, {0.0749, 0}, -1.44023826752796366},
	{QUANTILE, {0.0751, 0}, -1.43882539275253998},
	{QUANTILE, {0.2, 0}, -0.841621233572914166},
	{QUANTILE, {0.3, 0}, -0.524400512708040816},
	{QUANTILE, {0.4999, 0}, -0.000250662830088007492},
	{QUANTILE, {0.49999999999, 0}, -2.5066284820303539e-11},
	{QUANTILE, {0.50000000001, 0}, 2.5066284820303539e-11},
	{QUANTILE, {0.6, 0}, 0.253347103135799741},
	{QUANTILE, {0.8, 0}, 0.841621233572914364},
	{QUANTILE, {0.9249, 0}, 1.43882539275254037},
	{QUANTILE, {0.9251, 0}, 1.44023826752796386},
	{QUANTILE, {0.975, 0}, 1.95996398454005386},
	{QUANTILE, {0.995, 0}, 2.57582930354890045},
	{QUANTILE, {0.9999999, 0}, 5.19933758229066109},
	{STUDENT, {4.5, 0.5}, 0.301253162555537406},
	{STUDENT, {12, 0.5}, 0.185060521069202119},
	{STUDENT, {40, 0.5}, 0.101409799929494356},
	{STUDENT, {1e-08, 1}, 0.999999993633802276},
	{STUDENT, {0.7, 1}, 0.61119977557157044},
	{STUDENT, {1.7321, 1}, 0.333325504281524068},
	{STUDENT, {1.3, 1.7}, 0.342130375076569763},
	{STUDENT, {7, 1.7}, 0.0299003776685725864},
	{STUDENT, {100000, 1.7}, 2.63964524843690414e-9},
	{STUDENT, {0.1, 2}, 0.929465438414140169},
	{STUDENT, {2.3, 2}, 0.148148148148148166},
	{STUDENT, {3, 2}, 0.0954659662667091321},
	{STUDENT, {7, 3}, 0.0059862556977070989},
	{STUDENT, {1000000000000, 3}, 2.2053155816871682e-36},
	{STUDENT, {1e-200, 5}, 1.0},
	{STUDENT, {1.3, 9.3}, 0.224895497690458224},
	{STUDENT, {1.73, 9.3}, 0.11659911135473728},
	{STUDENT, {40, 9.3}, 9.99229309938519577e-12},
	{STUDENT, {1.73, 19.9}, 0.0991107190649632988},
	{STUDENT, {2.3, 19.9}, 0.0324050846604368872},
	{STUDENT, {0.1, 20}, 0.921339941345613934},
	{STUDENT, {0.7, 20}, 0.491990217657830313},
	{STUDENT, {1.96, 20}, 0.0640782530035769059},
	{STUDENT, {20, 20}, 1.0799864534210477e-14},
	{STUDENT, {40, 20.1}, 1.2263996352008128e-20},
	{STUDENT, {1.96, 30}, 0.0593423128960504763},
	{STUDENT, {3, 30}, 0.00538996406565194661},
	{STUDENT, {1e-08, 77.7}, 0.999999992046784392},
	{STUDENT, {1.7321, 1000}, 0.0835641153106653663},
	{STUDENT, {1.96, 1000}, 0.0502731849557487184},
	{STUDENT, {3, 1000}, 0.00276670904423819246},
	{STUDENT, {22, 1000}, 8.458324326427854e-88},
	{STUDENT, {0.1, 12345.6}, 0.920345949174174981},
	{STUDENT, {1.7321, 12345.6}, 0.0832807362229063298},
	{STUDENT, {0.7, 1000000}, 0.483927467286541444},
	{STUDENT, {0.1, 1000000000}, 0.920344325465988136},
	{STUDENT, {0.7, 1e+300}, 0.483927304446146057},
	{STUDENT, {2.3, 1e+300}, 0.0214482200433516208},
	{STUDENT, {4.5, 1e+300}, 6.7953462494601208e-6},
	{CHI_SQUARE, {1.2, 1}, 0.273321678292298154},
	{CHI_SQUARE, {10, 2}, 0.0067379469990854671},
	{CHI_SQUARE, {2.4000000000000004, 3}, 0.493634622711727925},
	{CHI_SQUARE, {3.2, 4}, 0.524930946786104033},
	{CHI_SQUARE, {6, 4}, 0.199148273471455772},
	{CHI_SQUARE, {7.007, 7}, 0.428151383730469933},
	{CHI_SQUARE, {56, 7}, 9.44389976746195798e-10},
	{CHI_SQUARE, {10.009999999999998, 10}, 0.439616387322771845},
	{CHI_SQUARE, {10.5, 10}, 0.397773681076228339},
	{CHI_SQUARE, {12, 10}, 0.285056500316631219},
	{CHI_SQUARE, {11.5, 23}, 0.977483183463049239},
	{CHI_SQUARE, {18.400000000000002, 23}, 0.735445641095578656},
	{CHI_SQUARE, {69, 23}, 1.73361843559628877e-6},
	{CHI_SQUARE, {23.976, 24}, 0.462970431966780077},
	{CHI_SQUARE, {75, 25}, 6.784285762385996e-7},
	{CHI_SQUARE, {500, 25}, 7.70602601333446571e-90},
	{CHI_SQUARE, {520, 26}, 2.53055373829456153e-93},
	{CHI_SQUARE, {40, 50}, 0.843227378173762274},
	{CHI_SQUARE, {50, 50}, 0.473398468556349357},
	{CHI_SQUARE, {0.101, 101}, 1.0},
	{CHI_SQUARE, {80.80000000000001, 101}, 0.930713512669515961},
	{CHI_SQUARE, {151.5, 101}, 0.000858642513903277424},
	{CHI_SQUARE, {1000.9999999999999, 1000}, 0.485138918768052528},
	{CHI_SQUARE, {1200, 1000}, 0.0000122559423306229042},
	{CHI_SQUARE, {10000.5, 20001}, 1.0},
	{CHI_SQUARE, {19980.999, 20001}, 0.538518600404592626},
};

/*
 * call
 */
static double
call(int function, const double a[2])
{
	switch (function)
	{
		case UPPER:
			return normal_upper(a[0]);
		case QUANTILE:
			return normal_quantile(a[0]);
		case STUDENT:
			return student_t_two_sided(a[0], a[1]);
		default:
			return chi_square_upper(a[0], a[1]);
	}
}

/*
 * test_values
 *		The largest relative error of each function.
 */
static void
test_values(void)
{
	static const double bounds[FUNCTIONS] = {1e-15, 1e-15, 1e-13, 1e-13};
	double		worst[FUNCTIONS] = {0};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
	{
		double		exact = values[i].exact;
		double		error = call(values[i].function, values[i].arguments) - exact;

		worse(&worst[values[i].function], exact == 0 ? error : error / exact);
	}
	for (int function = 0; function < FUNCTIONS; function++)
		ok(worst[function] <= bounds[function], "%s: %.2g", names[function], worst[function]);
}

/*
 * test_shifted
 *		Values of 30 digits by quadrature of the plain density.
 */
static void
test_shifted(void)
{
	static const double exact[][4] = {
		{4.302652729911275, 2, 0.5, 0.94915838858031149},
		{4.302652729911275, 2, 12, 0.00084913421861419558},
		{2, 10, 1.5, 0.65915407244219082},
		{2.2281388519649385, 10, 3.3, 0.15598907610015195},
		{2.0210753903062737, 41, 2.8, 0.21993874201828384},
		{1.96, 4000, 2.8, 0.20047637655254287},
		{2.6, 150, 7, 6.651989304674367e-6},
		{5, 6, 0, 0.99877382911962072},
		{3.2, 100000, 2.1, 0.86432606166617417},
	};
	double		worst = 0;

	for (size_t i = 0; i < sizeof(exact) / sizeof(exact[0]); i++)
		worse(&worst, student_t_shifted_cdf(exact[i][0], exact[i][1], exact[i][2]) / exact[i][3] - 1);
	ok(worst <= 1e-13, "student_t_shifted_cdf: %.2g", worst);
}

/*
 * test_quantiles
 *		A quantile has the probability it was asked for, over every border between the series; the middle is symmetric.
 */
static void
test_quantiles(void)
{
	double		normal = 0;
	double		student = 0;
	double		middle = 0;

	for (double p = 1e-99; p < 0.49; p *= 1.07)
	{
		double		z = normal_quantile(p);

		worse(&normal, (normal_cdf(z) / p - 1) / (z * z));
		for (double df = 1; df < 1e12; df *= 2.3)
			worse(&student, student_t_two_sided(student_t_quantile(p, df), df) / (2 * p) - 1);
	}
	for (double q = 1e-12; q < 0.2; q *= 1.3)
	{
		double		p = 0.5 + q;

		worse(&middle, normal_quantile(p) + normal_quantile(1 - p));
		worse(&middle, student_t_quantile(p, 5) + student_t_quantile(1 - p, 5));
		worse(&middle, student_t_quantile(p, 1) / tan(M_PI * (p - 0.5)) - 1);
	}
	ok(normal <= 1e-14, "normal_cdf(normal_quantile(p)) = p, by the error of the quantile: %.2g", normal);
	ok(student <= 5e-13, "student_t_two_sided(student_t_quantile(p, df), df) = 2 p: %.2g", student);
	ok(middle <= 1e-14, "quantiles about the middle: %.2g", middle);
}

/*
 * test_student_limits
 *		Arguments that nobody has, up to the ends of doubles: a probability, and the tail's power law; few degrees of freedom are refused.
 */
static void
test_student_limits(void)
{
	double		worst = 0;
	double		quantile = 0;
	int			wrong = 0;

	for (double df = 10; df < 1e6; df *= 1.3)
		worse(&quantile, student_t_two_sided(student_t_quantile(1e-300, df), df) / 2e-300 - 1);
	ok(quantile <= 1e-11, "quantiles of 1e-300: %.2g", quantile);
	for (double df = 0.1; df < 1e30; df *= 1.9)
	{
		double		before = 1;

		for (double t = 1e-300; t < 1e300; t *= 1e10)
		{
			double		p = student_t_two_sided(t, df);

			wrong += !(p >= 0 && p <= before);
			if (t >= 1e30 && df < 3 && p > 1e-280)
				worse(&worst, p / before * pow(1e10, df) - 1);
			before = p;
		}
	}
	ok(wrong == 0, "student_t_two_sided is from 0 to 1 and falls: %d", wrong);
	ok(worst <= 1e-12, "its tail is a power of t: %.2g", worst);
	ok(isnan(student_t_two_sided(1, 0.09)) && isnan(student_t_quantile(0.1, 0.09)) && isnan(student_t_two_sided(1, -1)) &&
	   isnan(student_t_two_sided(NAN, 5)), "fewer than 0.1 degrees of freedom have none");
}

/*
 * test_closed_forms
 *		Of 1 and 2 degrees of freedom, and of infinitely many.
 */
static void
test_closed_forms(void)
{
	double		worst[4] = {0};

	for (double x = 1e-6; x < 400; x *= 1.01)
	{
		worse(&worst[0], student_t_two_sided(x, 1) / (x > 1 ? 2 / M_PI * atan(1 / x) : 1 - 2 / M_PI * atan(x)) - 1);
		worse(&worst[1], student_t_two_sided(-x, 2) / (2 / (2 + x * x + x * sqrt(2 + x * x))) - 1);
		worse(&worst[2], chi_square_upper(x, 2) / exp(-x / 2) - 1);
		worse(&worst[3], student_t_two_sided(x / 20, INFINITY) / (2 * normal_upper(x / 20)) - 1);
		worse(&worst[3], chi_square_upper(x, 1) / (2 * normal_upper(sqrt(x))) - 1);
	}
	ok(worst[0] <= 1e-14, "1 degree of freedom: %.2g", worst[0]);
	ok(worst[1] <= 1e-14, "2 degrees of freedom: %.2g", worst[1]);
	ok(worst[2] <= 1e-14, "chi-square with 2: %.2g", worst[2]);
	ok(worst[3] <= 1e-14, "normal limits: %.2g", worst[3]);
}

/*
 * test_ends
 */
static void
test_ends(void)
{
	ok(normal_upper(0) == 0.5 && normal_upper(INFINITY) == 0 && normal_cdf(INFINITY) == 1, "ends of the normal distribution");
	ok(normal_quantile(0.5) == 0 && normal_quantile(0) == -INFINITY && normal_quantile(1) == INFINITY && isnan(normal_quantile(2)),
	   "ends of its quantiles");
	ok(student_t_two_sided(0, 3) == 1 && student_t_two_sided(INFINITY, 3) == 0 && isnan(student_t_two_sided(1, 0)),
	   "ends of Student's distribution");
	ok(student_t_quantile(0.5, 3) == 0 && student_t_quantile(0, 3) == -INFINITY && student_t_quantile(1, 3) == INFINITY &&
	   isinf(student_t_quantile(1e-300, 0.1)), "ends of its quantiles");
	ok(chi_square_upper(0, 3) == 1 && chi_square_upper(INFINITY, 3) == 0 && isnan(chi_square_upper(1, 0)), "ends of chi-square");
}

int
main(void)
{
	test_values();
	test_shifted();
	test_quantiles();
	test_student_limits();
	test_closed_forms();
	test_ends();
	return finish();
}
