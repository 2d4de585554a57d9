/*
 * bgnbd_test.c
 *		BG/NBD, MBG/NBD and NBD, of gaps with any regularity, against exact values, brute force and finite differences, in TAP.
 *
 *		cc -fsanitize=address,undefined -Isrc test/unit/bgnbd_test.c src/math/[a-z]*.c -lm
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>

#include "math/bgnbd.h"
#include "tap.h"

/* 10 to a power between low and high. */
static double
magnitude(double low, double high)
{
	return pow(10, uniform(low, high));
}

/* ------------------------------------------------------------------------------------------------
 * Exact values
 * ------------------------------------------------------------------------------------------------ */

typedef enum Quantity
{
	ALIVE,
	PURCHASES,					/* if alive */
	EXPECTED,
	NONE,
	PMF,						/* of x purchases in t */
	RESIDUAL,					/* t is the rate */
	LIKELIHOOD,
	QUANTITIES
} Quantity;

static const char *const names[QUANTITIES] =
{"P(alive)", "purchases if alive", "expected purchases", "P(no purchase)", "P(X = n)", "residual transactions", "log-likelihood"};

/*
 * score
 */
static double
score(Quantity quantity, const Model *model, double x, double t_x, double T, double t)
{
	ModelRow	row = {x, t_x, T, 1};
	Likelihood	sum = {0};
	double		purchases;

	switch (quantity)
	{
		case ALIVE:
			return bgnbd_probability_alive(model, x, t_x, T);
		case NONE:
			return bgnbd_no_purchase(model, x, t_x, T, t);
		case PMF:
			return bgnbd_purchase_probability(model, x, t);
		case RESIDUAL:
			return bgnbd_residual(model, x, t_x, T, t);
		case LIKELIHOOD:
			bgnbd_likelihood(model, &row, 1, false, &sum);
			return sum.value;
		default:
			bgnbd_purchases_alive(model, x, t_x, T, &t, 1, &purchases);
			return quantity == PURCHASES ? purchases : purchases * bgnbd_probability_alive(model, x, t_x, T);
	}
}

typedef struct Value
{
	Quantity	quantity;
	Model		model;
	double		x;
	double		t_x;
	double		T;
	double		t;
	double		exact;
} Value;

/*
 * In 40 digits: sums, the hypergeometric function, and integrals of it for residuals. The first ones are at the
 * parameters published for CDNOW (weeks) and at the edges; then at random.
 */
static const Value values[] = {
	{PMF, {MODEL_BGNBD, 1, {0.243, 4.414, 0.793, 2.426}}, 0, 0, 0, 2, 0.91319162464419256},
	{PMF, {MODEL_MBGNBD, 1, {0.525, 6.183, 0.891, 1.614}}, 0, 0, 0, 2, 0.91184422362830431},
	{PMF, {MODEL_BGNBD, 1, {0.243, 4.414, 0.793, 2.426}}, 15, 0, 0, 2, 1.7437077914241776e-10},
	{PMF, {MODEL_MBGNBD, 1, {0.525, 6.183, 0.891, 1.614}}, 15, 0, 0, 2, 1.1524034876002398e-11},
	{PMF, {MODEL_BGNBD, 1, {0.243, 4.414, 0.793, 2.426}}, 3, 0, 0, 39, 0.045860353847999725},
	{PMF, {MODEL_MBGNBD, 1, {0.525, 6.183, 0.891, 1.614}}, 3, 0, 0, 39, 0.048570442951569209},
	{PMF, {MODEL_BGNBD, 1, {0.243, 4.414, 0.793, 2.426}}, 20, 0, 0, 52, 0.00065890116076766868},
	{PMF, {MODEL_MBGNBD, 1, {0.525, 6.183, 0.891, 1.614}}, 20, 0, 0, 52, 0.00057300030222239558},
	{PURCHASES, {MODEL_BGNBD, 1, {0.243, 4.414, 0.793, 2.426}}, 0, 0, 0, 39, 1.1967231933208168},
	{ALIVE, {MODEL_BGNBD, 1, {0.243, 4.414, 0.793, 2.426}}, 2, 30.43, 38.86, 39, 0.72657857008067291},
	{EXPECTED, {MODEL_MBGNBD, 1, {0.525, 6.183, 0.891, 1.614}}, 2, 30.43, 38.86, 39, 1.2629606232673657},
	{ALIVE, {MODEL_BGNBD, 1, {0.243, 4.414, 0.793, 2.426}}, 29, 37.86, 38.86, 39, 0.95089932671475442},
	{EXPECTED, {MODEL_MBGNBD, 1, {0.525, 6.183, 0.891, 1.614}}, 29, 37.86, 38.86, 39, 18.297289485497864},
	{ALIVE, {MODEL_BGNBD, 1, {0.243, 4.414, 0.793, 2.426}}, 1000, 99.9, 100.0, 52, 0.99793939844361797},
	{EXPECTED, {MODEL_MBGNBD, 1, {0.525, 6.183, 0.891, 1.614}}, 1000, 99.9, 100.0, 52, 406.78541792239633},
	{ALIVE, {MODEL_BGNBD, 1, {0.243, 4.414, 0.793, 2.426}}, 10000, 364.0, 365.0, 365, 2.129382275930787e-8},
	{EXPECTED, {MODEL_MBGNBD, 1, {0.525, 6.183, 0.891, 1.614}}, 10000, 364.0, 365.0, 365, 0.0001532551780910378},
	{ALIVE, {MODEL_BGNBD, 1, {0.243, 4.414, 0.793, 2.426}}, 3, 20.0, 38.86, 1e-06, 0.46584091585426227},
	{EXPECTED, {MODEL_MBGNBD, 1, {0.525, 6.183, 0.891, 1.614}}, 3, 20.0, 38.86, 1e-06, 3.3920340572871176e-8},
	{ALIVE, {MODEL_BGNBD, 1, {0.243, 4.414, 0.793, 2.426}}, 3, 20.0, 38.86, 1000000, 0.46584091585426227},
	{EXPECTED, {MODEL_MBGNBD, 1, {0.525, 6.183, 0.891, 1.614}}, 3, 20.0, 38.86, 1000000, 39.859824196799358},
	{ALIVE, {MODEL_BGNBD, 1, {0.243, 4.414, 0.793, 2.426}}, 300, 9.9, 10.0, 1000, 0.97916777045060598},
	{EXPECTED, {MODEL_MBGNBD, 1, {0.525, 6.183, 0.891, 1.614}}, 300, 9.9, 10.0, 1000, 1550.0677019699226},
	{ALIVE, {MODEL_BGNBD, 1, {0.243, 4.414, 0.793, 2.426}}, 171, 30.0, 31.0, 520, 0.61700522908966716},
	{EXPECTED, {MODEL_MBGNBD, 1, {0.525, 6.183, 0.891, 1.614}}, 171, 30.0, 31.0, 520, 349.91918960119746},
	{EXPECTED, {MODEL_BGNBD, 1, {0.243, 4.414, 1, 2.426}}, 0, 0.0, 38.86, 39, 0.19107701257392298},
	{EXPECTED, {MODEL_BGNBD, 1, {0.243, 4.414, 1, 2.426}}, 2, 30.43, 38.86, 39, 1.1021367860399558},
	{EXPECTED, {MODEL_BGNBD, 1, {0.243, 4.414, 1, 2.426}}, 29, 37.86, 38.86, 39, 17.96184180971486},
	{EXPECTED, {MODEL_BGNBD, 1, {0.243, 4.414, 0.999999999, 2.426}}, 0, 0.0, 38.86, 39, 0.1910770125918884},
	{EXPECTED, {MODEL_BGNBD, 1, {0.243, 4.414, 0.999999999, 2.426}}, 2, 30.43, 38.86, 39, 1.1021367865861863},
	{EXPECTED, {MODEL_BGNBD, 1, {0.243, 4.414, 0.999999999, 2.426}}, 29, 37.86, 38.86, 39, 17.961841816147065},
	{EXPECTED, {MODEL_BGNBD, 1, {0.243, 4.414, 1e-06, 2.426}}, 0, 0.0, 38.86, 39, 0.21899981838953929},
	{EXPECTED, {MODEL_BGNBD, 1, {0.243, 4.414, 1e-06, 2.426}}, 2, 30.43, 38.86, 39, 2.0214663458903682},
	{EXPECTED, {MODEL_BGNBD, 1, {0.243, 4.414, 1e-06, 2.426}}, 29, 37.86, 38.86, 39, 26.354774988805693},
	{EXPECTED, {MODEL_BGNBD, 1, {0.243, 4.414, 50, 2.426}}, 0, 0.0, 38.86, 39, 0.14673185006589735},
	{EXPECTED, {MODEL_BGNBD, 1, {0.243, 4.414, 50, 2.426}}, 2, 30.43, 38.86, 39, 0.03266333031890262},
	{EXPECTED, {MODEL_BGNBD, 1, {0.243, 4.414, 50, 2.426}}, 29, 37.86, 38.86, 39, 0.38567668414408279},
	{ALIVE, {MODEL_BGNBD, 1, {0.243, 4.414, 0.793, 1000000}}, 2, 30.43, 38.86, 39, 0.99999871075240443},
	{ALIVE, {MODEL_BGNBD, 1, {0.243, 4.414, 0.793, 1000000}}, 29, 37.86, 38.86, 520, 0.99999842896838037},
	{ALIVE, {MODEL_BGNBD, 1, {0.243, 4.414, 100000, 1000000}}, 2, 30.43, 38.86, 39, 0.86015680651508663},
	{ALIVE, {MODEL_BGNBD, 1, {0.243, 4.414, 100000, 1000000}}, 29, 37.86, 38.86, 520, 0.83464598976703369},
	{ALIVE, {MODEL_BGNBD, 1, {0.0001, 4.414, 0.793, 2.426}}, 2, 30.43, 38.86, 39, 0.73690847371659562},
	{ALIVE, {MODEL_BGNBD, 1, {0.0001, 4.414, 0.793, 2.426}}, 29, 37.86, 38.86, 520, 0.95116379744118806},
	{ALIVE, {MODEL_BGNBD, 1, {0.243, 4.414, 0.793, 0.001}}, 2, 30.43, 38.86, 39, 0.43707008445781196},
	{ALIVE, {MODEL_BGNBD, 1, {0.243, 4.414, 0.793, 0.001}}, 29, 37.86, 38.86, 520, 0.94687292273976887},
	{PURCHASES, {MODEL_MBGNBD, 1, {0.6417, 188.5, 0.001715, 104.6}}, 1000, 26.23, 33.08, 0.0005662, 0.0025569244941569805},
	{PURCHASES, {MODEL_BGNBD, 1, {1.428, 283.1, 1.33, 9.488}}, 100, 472.7, 722.8, 8.404, 0.84307558181115557},
	{PURCHASES, {MODEL_BGNBD, 1, {0.01731, 0.08934, 0.003738, 0.01414}}, 1000, 1.193, 2.019, 0.003652, 1.7321928094571072},
	{PURCHASES, {MODEL_MBGNBD, 1, {0.01043, 0.0266, 1.804, 1.081}}, 0, 0.0, 67.8, 0.03328, 5.1170256566100286e-6},
	{PURCHASES, {MODEL_BGNBD, 1, {0.01909, 67.83, 0.04005, 171}}, 100, 0.003126, 0.1851, 30.14, 44.183351120745682},
	{PURCHASES, {MODEL_BGNBD, 1, {0.7585, 797.6, 0.03831, 0.02318}}, 2, 35.07, 130.0, 0.0004979, 1.4806566669403581e-6},
	{PURCHASES, {MODEL_MBGNBD, 1, {10.77, 0.0389, 0.003995, 0.03201}}, 0, 0.0, 7.24, 0.7845, 1.1584375500748015},
	{PURCHASES, {MODEL_BGNBD, 1, {87.32, 70.41, 0.05309, 0.8294}}, 100, 1.026, 4.82, 0.0144, 0.03585514314007173},
	{PURCHASES, {MODEL_BGNBD, 1, {0.05613, 953.2, 0.8187, 7.67}}, 0, 0.0, 906.2, 0.005081, 1.5338092412017592e-7},
	{PURCHASES, {MODEL_MBGNBD, 1, {20.95, 0.8528, 0.000304, 0.1106}}, 2, 0.04255, 0.1154, 9.488, 224.66045654048487},
	{PURCHASES, {MODEL_BGNBD, 1, {29.25, 0.08206, 0.001004, 348.4}}, 2, 12.63, 79.72, 10.76, 4.213524238933306},
	{PURCHASES, {MODEL_MBGNBD, 1, {2.595, 1.28, 0.0004731, 0.01561}}, 5, 0.6332, 0.8987, 0.01137, 0.039636020589807857},
	{PURCHASES, {MODEL_BGNBD, 1, {52.11, 768.9, 0.0006631, 2.492}}, 0, 0.0, 1.321, 2182.0, 147.2961733528046},
	{PURCHASES, {MODEL_BGNBD, 1, {0.1193, 1.692, 0.0002472, 0.07608}}, 20, 12.94, 13.3, 0.0005464, 0.00073327010858501742},
	{PURCHASES, {MODEL_MBGNBD, 3, {4.265, 21.48, 0.0008451, 0.01133}}, 20, 5.478, 8.514, 0.4806, 0.5677675603646852},
	{PURCHASES, {MODEL_BGNBD, 16, {4.419, 0.05327, 0.0725, 0.06476}}, 2, 0.1408, 0.1719, 0.0003953, 0.0001400989529881407},
	{PURCHASES, {MODEL_MBGNBD, 16, {76.79, 4.983, 54.1, 6.178}}, 0, 0.0, 16.62, 1.143, 0.97621691938993244},
	{PURCHASES, {MODEL_MBGNBD, 3, {4.705, 2.228, 0.9129, 5.079}}, 0, 0.0, 741.0, 6463.0, 9.0833722458848979},
	{PURCHASES, {MODEL_MBGNBD, 2, {19.51, 1.415, 0.2363, 0.1291}}, 100, 0.03052, 0.1493, 7.216, 389.61703370010731},
	{PURCHASES, {MODEL_BGNBD, 2, {6.076, 0.01528, 0.006274, 0.5259}}, 0, 0.0, 11.38, 0.0884, 0.045891927916027965},
	{PURCHASES, {MODEL_MBGNBD, 3, {0.8036, 621.9, 0.1339, 601.8}}, 1, 3.966, 7.226, 0.002852, 6.3327631960768979e-9},
	{PURCHASES, {MODEL_BGNBD, 16, {61.77, 377.8, 16.18, 0.07901}}, 0, 0.0, 10.13, 0.00956, 1.7953785664510973e-12},
	{PURCHASES, {MODEL_BGNBD, 3, {0.01246, 0.4095, 13.13, 144.5}}, 0, 0.0, 0.8281, 1.652, 0.0081340088047474434},
	{PURCHASES, {MODEL_MBGNBD, 3, {0.1124, 541.2, 65.02, 0.06468}}, 5, 1.35, 29.35, 0.04365, 0.00018881373998341036},
	{ALIVE, {MODEL_MBGNBD, 2, {5.508, 26.33, 33.17, 0.08484}}, 2, 40.17, 46.21, 13.42, 0.046958670666502571},
	{ALIVE, {MODEL_BGNBD, 1, {1.334, 0.1174, 0.008228, 1.438}}, 0, 0.0, 937.3, 473.2, 1.0},
	{LIKELIHOOD, {MODEL_MBGNBD, 2, {9.528, 558, 14.44, 0.1921}}, 2, 6.685, 8.854, 3.259, -22.784274502161589},
	{ALIVE, {MODEL_MBGNBD, 2, {3.586, 18.89, 0.01774, 9.405}}, 5, 32.17, 58.04, 97.12, 0.94520707329171295},
	{ALIVE, {MODEL_MBGNBD, 3, {1.393, 0.2928, 0.001466, 0.6043}}, 20, 4.168, 6.884, 0.1466, 8.7912101120087572e-7},
	{LIKELIHOOD, {MODEL_MBGNBD, 16, {1.585, 6.711, 57.95, 32.19}}, 1, 0.1279, 0.1964, 4259.0, 0.61488619535656339},
	{LIKELIHOOD, {MODEL_MBGNBD, 1, {53.94, 0.01645, 0.0008343, 107.3}}, 1000, 5.75, 35.99, 0.2032, 4036.9174919062047},
	{NONE, {MODEL_BGNBD, 2, {6.631, 14.21, 0.2412, 19.24}}, 2, 16.47, 77.78, 8.668, 0.99654413163433763},
	{ALIVE, {MODEL_BGNBD, 16, {0.2738, 43.5, 0.01655, 0.2997}}, 1, 78.35, 141.1, 1603.0, 0.94584254224587081},
	{ALIVE, {MODEL_MBGNBD, 1, {3.751, 6.036, 0.3401, 0.01564}}, 1000, 129.1, 200.2, 1.632, 1.5357628551587202e-181},
	{LIKELIHOOD, {MODEL_BGNBD, 2, {0.4287, 341.7, 0.4707, 31.26}}, 1000, 10.43, 12.25, 0.0001933, 1464.7005232563595},
	{ALIVE, {MODEL_BGNBD, 2, {0.9688, 706.2, 0.2283, 2.35}}, 2, 0.04872, 1.535, 1.026, 0.93619486871517558},
	{ALIVE, {MODEL_MBGNBD, 1, {0.5029, 132.1, 0.002504, 1.331}}, 2, 0.6458, 2.644, 0.0199, 0.99922023929217432},
	{LIKELIHOOD, {MODEL_MBGNBD, 2, {0.0142, 0.9731, 0.0003664, 61.76}}, 0, 0.0, 41.05, 0.02825, -0.039693831824807158},
	{ALIVE, {MODEL_MBGNBD, 3, {0.2145, 0.28, 0.06718, 0.04841}}, 0, 0.0, 0.2804, 387.3, 0.41446691035447365},
	{ALIVE, {MODEL_MBGNBD, 2, {2.588, 0.2849, 0.01817, 0.0315}}, 1000, 5.131, 5.854, 8295.0, 1.3628643731861595e-102},
	{NONE, {MODEL_MBGNBD, 2, {0.03292, 104.3, 0.01252, 291.4}}, 1, 363.9, 406.8, 1990.0, 0.089835992148436905},
	{ALIVE, {MODEL_BGNBD, 1, {0.8236, 0.7215, 0.01747, 102.1}}, 2, 0.03665, 0.1541, 419.9, 0.99974558562435928},
	{NONE, {MODEL_MBGNBD, 16, {0.06028, 0.9235, 0.0002251, 5.439}}, 0, 0.0, 0.2894, 0.001251, 0.9999999999999647},
	{ALIVE, {MODEL_MBGNBD, 2, {0.1578, 644.6, 0.008631, 0.02719}}, 0, 0.0, 533.1, 0.002169, 0.75424439292215464},
	{LIKELIHOOD, {MODEL_MBGNBD, 1, {29.2, 995.7, 18.15, 1.324}}, 5, 19.23, 471.4, 0.000572, -28.135242978851747},
	{ALIVE, {MODEL_MBGNBD, 3, {0.3634, 0.05679, 0.000937, 0.3196}}, 0, 0.0, 13.45, 0.01622, 0.98685474243593713},
	{LIKELIHOOD, {MODEL_MBGNBD, 1, {0.4619, 925.2, 8.953, 2.632}}, 5, 0.2412, 0.4171, 4616.0, -36.512893469272298},
	{NONE, {MODEL_MBGNBD, 1, {7.185, 143.5, 0.0001545, 337.7}}, 1000, 34.44, 192.7, 0.0006653, 1.0},
	{NONE, {MODEL_MBGNBD, 1, {0.02102, 329.7, 0.516, 42.01}}, 0, 0.0, 0.7198, 91.79, 0.99492280913205736},
	{LIKELIHOOD, {MODEL_BGNBD, 3, {68.76, 0.01289, 40.25, 0.05213}}, 1, 29.24, 39.94, 0.2653, -528.72215152730031},
	{NONE, {MODEL_MBGNBD, 1, {0.01219, 0.02949, 0.01138, 3.311}}, 1000, 335.4, 369.8, 16.73, 1.0},
	{NONE, {MODEL_MBGNBD, 1, {0.08744, 3.549, 0.000121, 0.6997}}, 1, 436.2, 533.9, 447.1, 0.5177829622480529},
	{NONE, {MODEL_BGNBD, 2, {4.664, 8.986, 0.004697, 0.04652}}, 1, 1.374, 24.33, 13.6, 0.98001403523301233},
	{LIKELIHOOD, {MODEL_BGNBD, 16, {12.59, 240.8, 0.03, 118.5}}, 1000, 85.1, 165.8, 0.0003461, 46384.652259337886},
	{LIKELIHOOD, {MODEL_MBGNBD, 16, {0.2254, 22.99, 85.55, 26.19}}, 100, 15.99, 20.88, 2841.0, 4257.5396736334608},
	{LIKELIHOOD, {MODEL_MBGNBD, 1, {0.3615, 2.554, 65.15, 0.02017}}, 5, 0.1061, 0.7277, 0.03953, -23.839291396871034},
	{ALIVE, {MODEL_BGNBD, 16, {0.5319, 6.421, 0.0001184, 13.95}}, 0, 0.0, 99.66, 17.73, 1.0},
	{ALIVE, {MODEL_MBGNBD, 16, {3.249, 0.3689, 279, 0.06309}}, 1, 0.03643, 0.1574, 3.339, 0.003788648514620649},
	{NONE, {MODEL_BGNBD, 3, {15.44, 184.2, 0.001018, 0.01863}}, 0, 0.0, 11.89, 1.472, 0.97326362225635927},
	{LIKELIHOOD, {MODEL_BGNBD, 1, {6.674, 1.356, 0.05503, 0.1673}}, 5, 119.8, 167.5, 0.2196, -47.003644696863523},
	{ALIVE, {MODEL_BGNBD, 2, {0.02443, 18.2, 0.001108, 194.1}}, 5, 0.3953, 0.3965, 9.918, 0.99999440689521619},
	{LIKELIHOOD, {MODEL_MBGNBD, 1, {0.5835, 0.03324, 3.789, 7.543}}, 100, 0.1684, 0.3526, 0.6686, 507.58979046213899},
	{ALIVE, {MODEL_BGNBD, 1, {7.079, 2.817, 3.36, 70.29}}, 5, 2.599, 6.167, 0.001299, 0.04666385289696905},
	{ALIVE, {MODEL_BGNBD, 16, {0.09446, 0.0569, 77.05, 0.01248}}, 20, 0.7189, 2.06, 0.003493, 3.2218877595816531e-118},
	{PMF, {MODEL_BGNBD, 1, {0.1215, 0.1901, 5.907, 19.6}}, 5, 0.0, 0.0, 0.1414, 0.00016983909328754062},
	{PMF, {MODEL_BGNBD, 1, {30.43, 0.3787, 17.83, 0.6358}}, 1, 0.0, 0.0, 0.01595, 0.70248222196148885},
	{PMF, {MODEL_MBGNBD, 1, {1.004, 0.03252, 20.79, 0.02803}}, 5, 0.0, 0.0, 0.1972, 4.5336303769451184e-8},
	{PMF, {MODEL_BGNBD, 1, {0.2454, 7.031, 127.2, 0.2078}}, 5, 0.0, 0.0, 3.013, 1.5210730855522892e-12},
	{PMF, {MODEL_MBGNBD, 1, {0.02462, 0.09161, 0.0001458, 0.01004}}, 5, 0.0, 0.0, 8286.0, 0.0038602610791331058},
	{PMF, {MODEL_BGNBD, 1, {12.58, 0.01021, 0.004235, 3.187}}, 1, 0.0, 0.0, 2173.0, 0.0013270724343396835},
	{PMF, {MODEL_MBGNBD, 3, {0.01337, 405.7, 6.58, 86.24}}, 1, 0.0, 0.0, 0.08546, 3.9464434596753418e-14},
	{PMF, {MODEL_MBGNBD, 1, {1.527, 73.66, 0.01106, 377.1}}, 0, 0.0, 0.0, 2945.0, 0.0034773802351658121},
	{PMF, {MODEL_BGNBD, 1, {0.1125, 0.03283, 0.002015, 28.92}}, 1, 0.0, 0.0, 0.001013, 0.0033558988071203638},
	{PMF, {MODEL_BGNBD, 1, {0.1064, 0.6966, 0.05788, 0.04409}}, 2, 0.0, 0.0, 0.002372, 2.9302097157054198e-7},
	{PMF, {MODEL_BGNBD, 3, {84.26, 199.8, 21.37, 940.5}}, 0, 0.0, 0.0, 0.5586, 0.99811784139508515},
	{PMF, {MODEL_BGNBD, 1, {28.56, 0.0204, 2.635, 468.8}}, 0, 0.0, 0.0, 0.0003538, 0.61196889494865622},
	{RESIDUAL, {MODEL_BGNBD, 1, {1.217, 0.01517, 86.02, 0.1566}}, 0, 0.0, 329.6, 4.764e-05, 0.96321690047649071},
	{RESIDUAL, {MODEL_MBGNBD, 1, {6.804, 0.2529, 0.005147, 0.139}}, 2, 251.2, 314.9, 4.166e-05, 642.15908128650628},
	{RESIDUAL, {MODEL_MBGNBD, 1, {0.9088, 2.021, 15.62, 1.572}}, 20, 339.5, 525.9, 0.002703, 0.00032817067521176458},
	{RESIDUAL, {MODEL_MBGNBD, 2, {69.5, 0.2806, 9.543, 33.2}}, 5, 0.007429, 0.2758, 5.844e-05, 1.6273276687143152e-20},
	{RESIDUAL, {MODEL_MBGNBD, 2, {0.03549, 5.701, 0.0008114, 90.81}}, 2, 0.2833, 0.4015, 0.0002076, 1617.6785719401217},
	{RESIDUAL, {MODEL_BGNBD, 1, {0.1725, 0.02566, 128.4, 2.347}}, 1, 21.97, 53.76, 1.333e-06, 0.0065309433588612547},
};

/*
 * test_values
 *		Logarithms by their absolute error, if they are small.
 */
static void
test_values(void)
{
	double		worst[QUANTITIES] = {0};
	int			count[QUANTITIES] = {0};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
	{
		const Value *v = &values[i];
		double		error = score(v->quantity, &v->model, v->x, v->t_x, v->T, v->t) - v->exact;

		worse(&worst[v->quantity], error / (v->quantity == LIKELIHOOD ? fmax(1, fabs(v->exact)) : v->exact));
		count[v->quantity]++;
	}
	for (int q = 0; q < QUANTITIES; q++)
		ok(count[q] > 0 && worst[q] < 1e-12, "%s: %d exact values, largest error %.1e", names[q], count[q], worst[q]);
}

/* ------------------------------------------------------------------------------------------------
 * Derivatives
 * ------------------------------------------------------------------------------------------------ */

#define ROWS	12

/*
 * random_model
 */
static Model
random_model(ModelKind kind, int k, double least, double most)
{
	Model		model = {kind, k, {0}};

	for (int m = 0; m < (kind == MODEL_NBD ? 2 : MODEL_PARAMETERS); m++)
		model.parameters[m] = magnitude(least, most);
	return model;
}

/*
 * random_rows
 *		Sorted by x, of times that suit alpha.
 */
static void
random_rows(const Model *model, ModelRow rows[ROWS])
{
	double		scale = model->parameters[1] * magnitude(-1, 1);

	for (int i = 0; i < ROWS; i++)
	{
		rows[i].x = i / 2;
		rows[i].T = scale * uniform(0.1, 1);
		rows[i].t_x = i < 2 ? 0 : rows[i].T * uniform(0, 1);
		rows[i].customers = floor(uniform(1, 9));
	}
}

/*
 * test_derivatives
 *		Central differences of order h^6 in the parameter's logarithm: of the value for the gradient, of the gradient for the
 *		Hessian. Errors are relative to the size of what was summed.
 */
static void
test_derivatives(ModelKind kind, int k, double least, double most)
{
	static const double weights[] = {3.0 / 4, -3.0 / 20, 1.0 / 60};
	double		worst_gradient = 0;
	double		worst_hessian = 0;
	int			parameters = kind == MODEL_NBD ? 2 : MODEL_PARAMETERS;

	for (int i = 0; i < 200; i++)
	{
		Model		model = random_model(kind, k, least, most);
		ModelRow	rows[ROWS];
		Likelihood	at = {0};
		double		h = 0.003;

		random_rows(&model, rows);
		bgnbd_likelihood(&model, rows, ROWS, true, &at);
		for (int m = 0; m < parameters; m++)
		{
			double		scale = model.parameters[m];
			double		slope = 0;
			double		slopes[MODEL_PARAMETERS] = {0};

			for (int step = 1; step <= 3; step++)
				for (int side = -1; side <= 1; side += 2)
				{
					Model		near = model;
					Likelihood	there = {0};

					near.parameters[m] = scale + side * step * h * scale;
					bgnbd_likelihood(&near, rows, ROWS, true, &there);
					slope += side * weights[step - 1] * there.value / h;
					for (int n = 0; n < parameters; n++)
						slopes[n] += side * weights[step - 1] * there.gradient[n] / h;
				}
			worse(&worst_gradient, (slope - scale * at.gradient[m]) / (fabs(at.value) + fabs(slope) + 1));
			for (int n = 0; n < parameters; n++)
			{
				double		size = model.parameters[n];

				worse(&worst_hessian, (slopes[n] - scale * at.hessian[m][n]) * size
					  / (fabs(at.gradient[n] * size) + fabs(slopes[n] * size) + fabs(at.value) + 1));
				worse(&worst_hessian, at.hessian[m][n] - at.hessian[n][m]);
			}
		}
	}
	ok(worst_gradient < 1e-9 && worst_hessian < 1e-9, "kind %d, k = %d, parameters 1e%g to 1e%g: gradient %.1e, Hessian %.1e",
	   kind, k, least, most, worst_gradient, worst_hessian);
}

/*
 * test_order
 *		Sorted rows share work; the sum is the same in any order, and weights count.
 */
static void
test_order(void)
{
	double		worst = 0;

	for (int k = 1; k <= 3; k++)
	{
		Model		model = random_model(MODEL_MBGNBD, k, -1, 1);
		ModelRow	rows[ROWS];
		Likelihood	sorted = {0};
		Likelihood	single = {0};

		random_rows(&model, rows);
		bgnbd_likelihood(&model, rows, ROWS, true, &sorted);
		for (int i = 0; i < ROWS; i++)
			for (int n = 0; n < (int) rows[i].customers; n++)
			{
				ModelRow	row = rows[(5 * i) % ROWS];

				row.customers *= 1 / rows[i].customers;
				bgnbd_likelihood(&model, &row, 1, true, &single);
			}
		worse(&worst, single.value / sorted.value - 1);
		for (int m = 0; m < MODEL_PARAMETERS; m++)
			for (int n = 0; n < MODEL_PARAMETERS; n++)
				worse(&worst, single.hessian[m][n] / sorted.hessian[m][n] - 1);
	}
	ok(worst < 1e-10, "rows count by their customers, in any order: %.1e", worst);
}

/* ------------------------------------------------------------------------------------------------
 * What must hold
 * ------------------------------------------------------------------------------------------------ */

/*
 * test_distribution
 *		Probabilities of a new customer's purchases sum to 1, with the mean expected, and that of none is what no_purchase says.
 */
static void
test_distribution(ModelKind kind, int k)
{
	double		worst = 0;

	for (int i = 0; i < 30; i++)
	{
		Model		model = random_model(kind, k, -1, 1);
		double		t = model.parameters[1] * uniform(0, 5);
		double		sum = 0;
		double		mean = 0;
		double		last = 1;

		for (int n = 0; n < 20000 && (n < 20 || last * (n + 1) > 1e-15); n++)
		{
			last = bgnbd_purchase_probability(&model, n, t);
			sum += last;
			mean += n * last;
		}
		worse(&worst, sum - 1);
		worse(&worst, (mean - bgnbd_expected_new(&model, t)) / (mean + 1));
		worse(&worst, bgnbd_purchase_probability(&model, 0, t) / bgnbd_no_purchase(&model, 0, 0, 0, t) - 1);
	}
	ok(worst < 1e-11, "kind %d, k = %d: P(X = n) sums to 1 and has the mean expected: %.1e", kind, k, worst);
}

/*
 * test_density
 *		The likelihood's integral over all times of n purchases is P(X = n): gaps g of a sum t_x, each with the factor
 *		g^(k - 1) / Gamma(k) that the likelihood leaves out, have the volume t_x^(k n - 1) / Gamma(k n). In log(t_x / (T - t_x)).
 */
static void
test_density(ModelKind kind, int k)
{
	double		worst = 0;

	for (int i = 0; i < 30; i++)
	{
		Model		model = random_model(kind, k, -1, 1);
		double		T = model.parameters[1] * uniform(0.1, 5);
		int			n = 1 + i % 4;
		double		sum = 0;

		for (double v = -40; v < 40; v += 0.125)
		{
			double		t_x = T / (1 + exp(-v));
			double		likelihood = score(LIKELIHOOD, &model, n, t_x, T, 0);

			sum += exp(likelihood + k * n * log(t_x) - lgamma(k * n)) / (1 + exp(v)) * 0.125;
		}
		worse(&worst, sum / bgnbd_purchase_probability(&model, n, T) - 1);
	}
	ok(worst < 1e-11, "kind %d, k = %d: the likelihood of n purchases adds up to P(X = n): %.1e", kind, k, worst);
}

/*
 * brute_force
 *		Purchases if alive, summed over events in long doubles.
 */
static double
brute_force(const Model *model, double x, double t_x, double T, double t)
{
	int			k = model->regularity;
	long double a = model->kind == MODEL_NBD ? 0 : model->parameters[2];
	long double b = model->kind == MODEL_NBD ? 1 : model->parameters[3] + x + (model->kind == MODEL_MBGNBD);
	long double s = model->parameters[0] + k * x;
	long double c = model->parameters[1] + T;
	long double z = t / (c + t);
	long double weight = 1;
	long double weights = 0;
	long double total = 0;

	for (int j = 0; j < k; j++)
	{
		long double probability = expl(-(s + j) * log1pl(t / c));
		long double loyal = 1;
		long double mean = 0;
		long double sum = 0;
		int			K = 0;

		for (int n = 0; n < 400000 && (n < (s + j) * t / c + 100 || probability * (n + 1) * (n + 1) > 1e-22L * sum * (1 - z)); n++)
		{
			if (n > 0 && (j + n) % k == 0)
			{
				mean += loyal;
				loyal *= (b + K) / (a + b + K);
				K++;
			}
			sum += probability * mean;
			probability *= z * (s + j + n) / (n + 1);
		}
		total += weight * sum;
		weights += weight;
		weight *= (s + j) / (j + 1) * ((T - t_x) / c);
	}
	return (double) (total / weights);
}

/*
 * test_purchases
 *		Both ways of the sum, and between them.
 */
static void
test_purchases(ModelKind kind, int k)
{
	double		worst = 0;

	for (int i = 0; i < 40; i++)
	{
		Model		model = random_model(kind, k, -2, 1.5);
		double		x = floor(uniform(0, 12));
		double		T = model.parameters[1] * uniform(0.1, 10);
		double		t_x = x > 0 ? T * uniform(0, 1) : 0;
		double		c = model.parameters[1] + T;
		double		t[3];
		double		purchases[3];

		t[0] = c * magnitude(-4, 0);
		t[1] = c * magnitude(0, 2);
		t[2] = c * fmin(magnitude(1.7, 3), 1e4 / (model.parameters[0] + k * x));
		bgnbd_purchases_alive(&model, x, t_x, T, t, 3, purchases);
		for (int m = 0; m < 3; m++)
			worse(&worst, purchases[m] / brute_force(&model, x, t_x, T, t[m]) - 1);
	}
	ok(worst < 1e-11, "kind %d, k = %d: purchases by brute force: %.1e", kind, k, worst);
}

/*
 * discounted
 *		The integral of rate exp(-rate t) E[X(t)] dt, in log t.
 */
static double
discounted(const Model *model, double x, double t_x, double T, double rate)
{
	double		sum = 0;

	for (double v = -26; v < 6; v += 0.125)
	{
		double		t = exp(v) / rate;
		double		purchases;

		bgnbd_purchases_alive(model, x, t_x, T, &t, 1, &purchases);
		sum += exp(v - exp(v)) * purchases * 0.125;
	}
	return sum * bgnbd_probability_alive(model, x, t_x, T);
}

/*
 * test_residual
 */
static void
test_residual(ModelKind kind, int k)
{
	double		worst = 0;

	for (int i = 0; i < 12; i++)
	{
		Model		model = random_model(kind, k, -1.5, 1.5);
		double		x = floor(uniform(0, 6));
		double		T = model.parameters[1] * uniform(0.1, 10);
		double		t_x = x > 0 ? T * uniform(0, 1) : 0;
		double		rate = magnitude(-3, 2) / T;

		worse(&worst, bgnbd_residual(&model, x, t_x, T, rate) / discounted(&model, x, t_x, T, rate) - 1);
	}
	ok(worst < 1e-11, "kind %d, k = %d: residual transactions as an integral of purchases: %.1e", kind, k, worst);
}

/*
 * test_limits
 */
static void
test_limits(void)
{
	Model		bgnbd = {MODEL_BGNBD, 1, {0.243, 4.414, 0.793, 2.426}};
	Model		nbd = {MODEL_NBD, 1, {0.243, 4.414}};
	Model		loyal = {MODEL_MBGNBD, 1, {0.243, 4.414, 1e-9, 2.426}};
	double		t[] = {1e-300, 1e-9, 1, 39, 1e4, 1e12};
	double		some[6];
	double		most[6];
	double		last;
	bool		falls = true;
	bool		grows = true;

	ok(bgnbd_probability_alive(&bgnbd, 0, 0, 1000) == 1, "BG/NBD: alive without a repeat purchase");
	ok(bgnbd_probability_alive(&nbd, 5, 1, 1000) == 1, "NBD: alive");
	ok(bgnbd_probability_alive(&bgnbd, 1000, 10, 100) == 0, "a probability of 1e-858 is 0");

	last = 1;
	for (int T = 20; T < 300; T++)
	{
		double		alive = bgnbd_probability_alive(&bgnbd, 3, 20, T);

		falls = falls && alive < last && alive > 0;
		last = alive;
	}
	last = 0;
	for (int t_x = 0; t_x <= 50; t_x++)
	{
		double		alive = bgnbd_probability_alive(&bgnbd, 3, t_x, 50);

		grows = grows && alive > last && alive < 1;
		last = alive;
	}
	ok(falls && grows, "P(alive) falls with silence, and grows with the last purchase");

	bgnbd_purchases_alive(&bgnbd, 2, 30, 39, t, 6, some);
	bgnbd_purchases_alive(&nbd, 2, 30, 39, t, 6, most);
	grows = true;
	for (int i = 0; i < 6; i++)
		grows = grows && some[i] <= most[i] && (i == 0 || some[i] > some[i - 1]);
	ok(grows && fabs(some[0] / most[0] - 1) < 1e-14, "purchases grow with t, below those of NBD");
	bgnbd_purchases_alive(&loyal, 2, 30, 39, t, 4, some);
	ok(fabs(some[3] / most[3] - 1) < 1e-8, "a -> 0 is NBD");
	ok(fabs(bgnbd_residual(&nbd, 2, 30, 39, 0.01) - 2.243 / 43.414 / 0.01) < 1e-13, "NBD: residual transactions are s / (c rate)");
}

/*
 * test_extremes
 *		Whatever the arguments, probabilities are from 0 to 1, expectations from 0 to what NBD expects, and all is finite.
 */
static void
test_extremes(void)
{
	int			bad = 0;
	int			count = 3000;

	for (int i = 0; i < count; i++)
	{
		static const double xs[] = {0, 1, 2, 30, 1000, 10000};
		static const int ks[] = {1, 1, 2, 7, MODEL_REGULARITY};
		Model		model = random_model((ModelKind[]) {MODEL_BGNBD, MODEL_MBGNBD, MODEL_NBD}[i % 3], ks[i / 3 % 5], -9, 9);
		Model		nbd = {MODEL_NBD, model.regularity, {model.parameters[0], model.parameters[1]}};
		double		x = xs[(int) uniform(0, 6)];
		double		T = uniform(0, 1) < 0.1 ? 0 : magnitude(-6, 6);
		double		t_x = x > 0 ? T * (uniform(0, 1) < 0.3 ? 1 : uniform(0, 1)) : 0;
		double		t = uniform(0, 1) < 0.1 ? 0 : magnitude(-9, 9);
		double		alive = score(ALIVE, &model, x, t_x, T, t);
		double		none = score(NONE, &model, x, t_x, T, t);
		double		pmf = score(PMF, &model, x, t_x, T, t);
		double		purchases = score(PURCHASES, &model, x, t_x, T, t);
		double		most = score(PURCHASES, &nbd, x, t_x, T, t);
		ModelRow	row = {x, t_x, T, 1};
		Likelihood	sum = {0};
		bool		fine;

		bgnbd_likelihood(&model, &row, 1, true, &sum);
		fine = alive >= 0 && alive <= 1 && none >= 0 && none <= 1 + 1e-15 && pmf >= 0 && pmf <= 1 + 1e-10
			&& purchases >= 0 && purchases <= most * (1 + 1e-9) && isfinite(most) && isfinite(sum.value);
		for (int m = 0; m < MODEL_PARAMETERS; m++)
			for (int n = 0; n < MODEL_PARAMETERS; n++)
				fine = fine && isfinite(sum.gradient[m]) && isfinite(sum.hessian[m][n]);
		if (i % 20 == 0)
		{
			double		residual = score(RESIDUAL, &model, x, t_x, T, magnitude(-8, 2));

			fine = fine && residual >= 0 && isfinite(residual);
		}
		if (!fine && bad++ < 10)
			printf("# kind %d, k %d, %g %g %g %g, x %g, t_x %g, T %g, t %g: %g %g %g %g %g, %g\n", model.kind, model.regularity,
				   model.parameters[0], model.parameters[1], model.parameters[2], model.parameters[3], x, t_x, T, t,
				   alive, none, pmf, purchases, most, sum.value);
	}
	ok(bad == 0, "%d extreme arguments, %d bad results", count, bad);
}

int
main(void)
{
	static const ModelKind kinds[] = {MODEL_BGNBD, MODEL_MBGNBD, MODEL_NBD};
	static const int regularities[] = {1, 2, 3, MODEL_REGULARITY};

	seed = UINT64_C(20050430);
	test_values();
	for (int i = 0; i < 3; i++)
		for (int k = 0; k < 4; k++)
		{
			test_derivatives(kinds[i], regularities[k], -1, 1);
			test_derivatives(kinds[i], regularities[k], -3, 4);
			test_distribution(kinds[i], regularities[k]);
			test_density(kinds[i], regularities[k]);
			test_purchases(kinds[i], regularities[k]);
			test_residual(kinds[i], regularities[k]);
		}
	test_order();
	test_limits();
	test_extremes();
	return finish();
}
