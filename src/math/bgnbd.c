/*
 * bgnbd.c
 *		Scores of BG/NBD, MBG/NBD and NBD.
 *
 * Known of a customer who is alive at T after x purchases: with j < k events since the last of them, the rate is
 * lambda ~ Gamma(s + j, c), s = r + k x, c = alpha + T, and the probability to leave after a purchase is
 * p ~ Beta(a, B), independent of it. The events N in the next t have a negative binomial distribution with
 *		P(N = n) = (s + j)_n / n! z^n (1 - z)^(s + j), z = t / (c + t),
 * and would be K = floor((j + N) / k) purchases if the customer did not leave. With q = 1 - p the purchases to expect are
 *		h_K = sum over i < K of E[q^i], E[q^i] = (B)_i / (a + B)_i,
 * so that all is a sum of positive terms over N: regular for every a (the closed form of Fader, Hardie, Lee 2005, equation
 * 10, is singular at a = 1), exact for tiny t, large b, a -> 0. NBD is a = 0.
 */
#include "bgnbd.h"

#include <math.h>

#include "special.h"

/* The places of r, alpha, a and b. */
enum {R, ALPHA, A, B};

#define PI			3.14159265358979323846
#define LOG_TINY	40.0		/* exp(-40) = 4e-18 */
#define TINY		1e-17

/* What is known of a customer who is alive. */
typedef struct Past
{
	int			k;
	double		s;
	double		c;
	double		a;				/* p ~ Beta(a, B); 0 for NBD */
	double		B;
	double		phase[MODEL_REGULARITY];	/* probability of j events since the last purchase */
	double		log_left;		/* log of the odds to have left; -infinity if nobody can have */
} Past;

/*
 * look_back
 *		Bayes' rule on the likelihood's terms (bgnbd_likelihood.c).
 */
static Past
look_back(const Model *model, double x, double t_x, double T)
{
	const double *parameters = model->parameters;
	double		tau = T - t_x;
	double		alive = 1;
	Past		past;

	past.k = model->regularity;
	past.s = parameters[R] + past.k * x;
	past.c = parameters[ALPHA] + T;
	past.a = 0;
	past.B = 1;
	past.log_left = -INFINITY;
	past.phase[0] = 1;
	for (int j = 1; j < past.k; j++)
		alive += past.phase[j] = past.phase[j - 1] * ((past.s + (j - 1)) / j * (tau / past.c));
	for (int j = 0; past.k > 1 && j < past.k; j++)
		past.phase[j] /= alive;
	if (model->kind != MODEL_NBD)
	{
		double		stayed = model->kind == MODEL_MBGNBD ? x + 1 : x;

		past.a = parameters[A];
		past.B = parameters[B] + stayed;
		if (stayed > 0)
			past.log_left = log(past.a / (parameters[B] + (stayed - 1))) + past.s * log1p(tau / (parameters[ALPHA] + t_x))
				- (past.k > 1 ? log(alive) : 0);
	}
	return past;
}

/*
 * bgnbd_probability_alive
 */
double
bgnbd_probability_alive(const Model *model, double x, double t_x, double T)
{
	return 1 / (1 + exp(look_back(model, x, t_x, T).log_left));
}

/* ------------------------------------------------------------------------------------------------
 * Means over p ~ Beta(a, B)
 * ------------------------------------------------------------------------------------------------ */

/* A function of p and q = 1 - p that falls with p, towards constants at both ends. */
typedef double (*DropoutFunction) (double p, double q, const void *context);

/*
 * beta_mean
 *		The mean of f over p ~ Beta(a, b), a ratio of two sums of the trapezoidal rule in v = log(p / q), where the density is
 *		p^a q^b.
 *
 * f is a mean of sums of q^i, or the like, so that it is analytic for |Im v| < pi / 2, where |q| < 1, and there at most
 * 1 / cos(Im v) of its size on the real line. So the rule's relative error is below the least over y < pi / 2 of
 *		2 exp(-2 pi y / h) / cos y times the integral of |p^a q^b| on Im v = y over that on the real line
 * (Trefethen, Weideman 2014, theorem 5.1), where that ratio is at most (cos y)^-min(a, b). With steps of
 * h = min(1/4, 0.4 sd), sd^2 = 1/a + 1/b, this is below 6e-13 for all a and b, the worst being a = 2.56, b huge.
 *
 * f is constant to 1e-17 where p < 1e-17 / steep, or q < 1e-17 / steep; from there on both sums are geometric
 * and are closed as such, so that a and b may be as small as they like.
 */
static double
beta_mean(double a, double b, DropoutFunction f, const void *context, double steep)
{
	double		h = fmin(0.25, 0.4 * sqrt(1 / a + 1 / b));
	double		p_mode = a / (a + b);
	double		q_mode = b / (a + b);
	double		v_mode = log(a / b);
	double		weights = 1;
	double		sum = f(p_mode, q_mode, context);

	for (int side = -1; side <= 1; side += 2)
	{
		double		power = side < 0 ? a : b;
		double		reach = LOG_TINY + log(fmax(steep, fmax(1, side < 0 ? b : a))) + side * -v_mode;
		double		geometric = 1 / expm1(power * h);
		double		last = INFINITY;

		for (int i = 1;; i++)
		{
			double		d = side * i * h;
			double		to_q = 1 + p_mode * expm1(d);	/* q_mode / q */
			double		to_p = 1 + q_mode * expm1(-d);	/* p_mode / p */
			double		weight = exp(-a * log1p(q_mode * expm1(-d)) - b * log1p(p_mode * expm1(d)));
			double		term = weight * f(p_mode / to_p, q_mode / to_q, context);
			double		rest;

			weights += weight;
			sum += term;
			if (i * h >= reach)
			{
				weights += weight * geometric;
				sum += term * geometric;
				break;
			}
			/* Both have one maximum: what follows is smaller than this. */
			rest = (reach - i * h) / h + 1 + geometric;
			if (weight * rest <= TINY * weights && term < last && term * rest <= TINY * sum)
				break;
			last = term;
		}
	}
	return sum / weights;
}

/* ------------------------------------------------------------------------------------------------
 * Purchases to expect
 * ------------------------------------------------------------------------------------------------ */

#define TERMS	2048
#define BLOCK	16

/*
 * What the sum over N needs for any t; filled as far as it is asked for. Within a block that begins with n = b, a term is that of b
 * without h, times z^(n - b), times a coefficient that is the same for all t.
 */
typedef struct Terms
{
	int			count;			/* so many coefficients are there */
	int			means;			/* so many of mean[] are there */
	int			to_purchase;	/* events from the last of them to the next purchase */
	double		purchase;		/* the next purchase's number */
	double		loyal;			/* probability that a customer has not left before that: E[q^i] */
	double		coefficient[TERMS];
	double		growth[TERMS / BLOCK];	/* from block to block, but for z */
	double		mean[TERMS + MODEL_REGULARITY];	/* h of floor(n / k) */
} Terms;

/*
 * add_terms
 *		One block more, given j. The means are ahead by k, for those who have events since their last purchase.
 */
static void
add_terms(Terms *terms, const Past *past, int j)
{
	double		s = past->s + j;
	double		growth = 1;
	int			n;

	for (n = terms->means; n < terms->count + BLOCK + past->k; n++)
	{
		terms->mean[n] = n == 0 ? 0 : terms->mean[n - 1];
		if (terms->to_purchase == 0)
		{
			terms->mean[n] += terms->loyal;
			terms->loyal *= (past->B + terms->purchase) / (past->a + past->B + terms->purchase);
			terms->purchase++;
			terms->to_purchase = past->k;
		}
		terms->to_purchase--;
	}
	if (n > terms->means)
		terms->means = n;

	for (n = terms->count; n < terms->count + BLOCK; n++)
	{
		terms->coefficient[n] = growth * terms->mean[j + n];
		growth *= (s + n) / (n + 1);
	}
	terms->growth[terms->count / BLOCK] = growth;
	terms->count += BLOCK;
}

/*
 * sum_terms
 *		The sum over n of P(N = n) h, given j, from a block at a time, the even terms beside the odd ones; false if it does not
 *		end within the table, or has powers that a number cannot hold.
 *
 * P(N = n) grows by z (s + n) / (n + 1) from n to n + 1, h, being concave in K, by at most (n + 1) / n, but for the
 * steps of k events, which cost a factor of 16 at most. So what follows after n terms is at most the next one
 * over 1 - z max(s + n, 1 + n) / n, by the factor.
 */
static bool
sum_terms(Terms *terms, const Past *past, int j, double t, double *sum)
{
	double		s = past->s + j;
	double		u = t / past->c;
	double		z = t / (past->c + t);
	double		square = z * z;
	double		power = square;		/* z^BLOCK */
	double		probability = exp(-s * log1p(u));

	*sum = 0;
	if (s * u > 500 || z > 0.98 || s > 1e15)
		return false;
	for (int i = 2; i < BLOCK; i *= 2)
		power *= power;
	for (int n = 0; n < TERMS;)
	{
		const double *coefficient = &terms->coefficient[n];
		double		even = 0;
		double		odd = 0;
		double		next;

		if (n == terms->count)
			add_terms(terms, past, j);
		for (int i = BLOCK - 2; i >= 0; i -= 2)
		{
			even = even * square + coefficient[i];
			odd = odd * square + coefficient[i + 1];
		}
		*sum += probability * (even + z * odd);
		probability *= power * terms->growth[n / BLOCK];
		n += BLOCK;
		next = probability * terms->mean[j + n] * n;
		if (next <= TINY * *sum * (n - z * (n + fmax(s, 1))))
			return true;
	}
	return false;
}

/* A customer, and how far we look ahead. */
typedef struct Ahead
{
	int			k;
	int			j;
	double		s;				/* with j */
	double		u;				/* t / c */
	double		tail[56];		/* probability of the purchase number i + 1, if the customer does not leave; only for k > 1 */
} Ahead;

/*
 * log_growth
 *		log((e^x - 1) / x), for x >= 0.
 */
static double
log_growth(double x)
{
	double		y = x * x;

	if (x < 0.25)
		return x / 2 + y * (1.0 / 24 - y * (1.0 / 2880 - y * (1.0 / 181440 - y * (1.0 / 9676800 - y / 479001600))));
	return x > 700 ? x - log(x) : log(expm1(x) / x);
}

/*
 * expected_given_dropout
 *		Purchases to expect if the probability to leave is p: (1 - E[q^K]) / p, where K counts every k-th event. For k = 1,
 *		E[q^N] = (1 + p u)^-s.
 *
 * For k > 1, with y = q^(1/k) and w = exp(2 pi i / k), q^floor(m / k) is the sum over l < k of
 *		(1/q - 1) / k / (1 / (y w^l) - 1) (y w^l)^m,
 * and E[x^N] = (1 + u (1 - x))^-s. The term of l = 0 is near 1 for small p, and is taken from it by expm1; the others have p
 * as a factor. Beyond q = 1/2, where they grow as q^(1/k - 1), sum over i of q^i P(K > i).
 */
static double
expected_given_dropout(double p, double q, const void *context)
{
	const Ahead *ahead = context;
	int			k = ahead->k;
	int			j = ahead->j;
	double		s = ahead->s;
	double		u = ahead->u;
	double		log_q;
	double		y;
	double		gone;
	double		value;

	if (k == 1)
		return -expm1(-s * log1p(p * u)) / p;
	if (q < 0.5)
	{
		value = 0;
		for (int i = 55; i >= 0; i--)
			value = value * q + ahead->tail[i];
		return value;
	}
	log_q = log1p(-p);
	y = exp(log_q / k);
	gone = -expm1(log_q / k);
	value = -expm1(log_growth(-log_q) - log_growth(-log_q / k) + j * (log_q / k) - s * log1p(u * gone)) / p;
	for (int l = 1; 2 * l <= k; l++)
	{
		double		angle = 2 * PI * l / k;
		double		im = y * sin(angle);
		double		away = gone + y * 2 * sin(angle / 2) * sin(angle / 2);	/* Re(1 - y w^l) */
		double		size = exp((j + 1) * (log_q / k) - s * log(hypot(1 + u * away, u * im))) / hypot(away, im);
		double		turn = (j + 1) * angle + s * atan2(u * im, 1 + u * away) + atan2(im, away);

		value -= (2 * l < k ? 2 : 1) * size * cos(turn) / (k * q);
	}
	return value;
}

/*
 * integral_ahead
 *		The mean over p of expected_given_dropout, for many events or z near 1. NBD is the limit p -> 0.
 */
static double
integral_ahead(const Past *past, int j, double t)
{
	Ahead		ahead = {.k = past->k, .j = j, .s = past->s + j, .u = t / past->c};

	if (past->k > 1)
	{
		double		z = t / (past->c + t);
		double		log_rest = -ahead.s * log1p(ahead.u);
		double		probability = exp(log_rest) * ahead.s * z;
		double		tail = -expm1(log_rest);	/* P(N >= n) */
		int			n = 1;

		for (int i = 0; i < 56; i++)
		{
			for (; n < past->k * (i + 1) - j; n++)
			{
				tail -= probability;
				probability *= z * (ahead.s + n) / (n + 1);
			}
			ahead.tail[i] = fmax(tail, 0);
		}
	}
	if (past->a == 0)
		return expected_given_dropout(1e-100, 1, &ahead);
	return beta_mean(past->a, past->B, expected_given_dropout, &ahead, (ahead.s + 1) * (ahead.u + 1));
}

/*
 * expect
 *		Of a customer who is alive.
 */
static void
expect(const Past *past, const double *t, int count, double *purchases)
{
	Terms		terms;

	terms.means = 0;
	terms.to_purchase = past->k;
	terms.purchase = 0;
	terms.loyal = 1;
	for (int i = 0; i < count; i++)
		purchases[i] = 0;
	for (int j = 0; j < past->k; j++)
	{
		terms.count = 0;
		for (int i = 0; i < count && past->phase[j] > 0; i++)
		{
			double		sum;

			if (!sum_terms(&terms, past, j, t[i], &sum))
				sum = integral_ahead(past, j, t[i]);
			purchases[i] += past->phase[j] * sum;
		}
	}
}

/*
 * bgnbd_purchases_alive
 */
void
bgnbd_purchases_alive(const Model *model, double x, double t_x, double T, const double *t, int count, double *purchases)
{
	Past		past = look_back(model, x, t_x, T);

	if (model->kind != MODEL_NBD || past.k > 1)
		expect(&past, t, count, purchases);
	else
		for (int i = 0; i < count; i++)
			purchases[i] = past.s * (t[i] / past.c);
}

/*
 * bgnbd_expected_new
 */
double
bgnbd_expected_new(const Model *model, double t)
{
	double		purchases;

	bgnbd_purchases_alive(model, 0, 0, 0, &t, 1, &purchases);
	return bgnbd_probability_alive(model, 0, 0, 0) * purchases;
}

/* ------------------------------------------------------------------------------------------------
 * Probabilities
 * ------------------------------------------------------------------------------------------------ */

/*
 * events_probability
 *		P(N = n): (s)_n / n! = 1 / ((s + n) B(s, n + 1)).
 */
static double
events_probability(double s, double u, double n)
{
	if (n == 0)
		return exp(-s * log1p(u));
	return exp(-log_beta(s, n + 1) - log(s + n) - n * log1p(1 / u) - s * log1p(u));
}

/*
 * beta_fraction
 *		The continued fraction of the incomplete Beta function (NIST Digital Library of Mathematical Functions, 8.17.22) by
 *		Lentz's method: I_z(a, b) = z^a (1 - z)^b / (a B(a, b)) times this, for z < (a + 1) / (a + b + 2). It takes some
 *		sqrt(max(a, b)) steps.
 */
static double
beta_fraction(double a, double b, double z)
{
	double		c = 1;
	double		d = 1 / (1 - (a + b) / (a + 1) * z);
	double		fraction = d;
	double		change = 0;

	for (int m = 1; m < 1000000 && fabs(change - 1) > 1e-16; m++)
	{
		double		even = m * (b - m) * z / ((a + 2 * m - 1) * (a + 2 * m));
		double		odd = -(a + m) * (a + b + m) * z / ((a + 2 * m) * (a + 2 * m + 1));

		d = 1 / (1 + even * d);
		c = 1 + even / c;
		fraction *= c * d;
		d = 1 / (1 + odd * d);
		c = 1 + odd / c;
		change = c * d;
		fraction *= change;
	}
	return fraction;
}

/*
 * events_tail
 *		P(N >= n) = I_z(n, s), its small side directly.
 */
static double
events_tail(double s, double u, double n)
{
	double		z = u / (1 + u);

	if (n == 0)
		return 1;
	if (z * (n + s + 2) < n + 1)
		return events_probability(s, u, n) * beta_fraction(n, s, z);
	return 1 - events_probability(s, u, n) * (n / s) * beta_fraction(s, n, 1 / (1 + u));
}

/*
 * log_loyalty
 *		log E[q^n] for p ~ Beta(a, b).
 */
static double
log_loyalty(double a, double b, double n)
{
	if (a < n)
		return log_gamma_ratio(b, a) - log_gamma_ratio(b + n, a);
	return log_gamma_ratio(b, n) - log_gamma_ratio(a + b, n);
}

/*
 * bgnbd_purchase_probability
 *		Either n purchases were due and the customer did not leave after any, or n or more were due and the customer left after
 *		the n-th. In MBG/NBD the first purchase, which is not counted, is a chance to leave too.
 */
double
bgnbd_purchase_probability(const Model *model, double n, double t)
{
	double		r = model->parameters[R];
	double		u = t / model->parameters[ALPHA];
	double		events = model->regularity * n;
	double		a = model->parameters[A];
	double		b = model->parameters[B];
	double		chances = model->kind == MODEL_MBGNBD ? n + 1 : n;
	double		due = 0;

	for (int j = 0; j < model->regularity; j++)
		due += events_probability(r, u, events + j);
	if (model->kind == MODEL_NBD || chances == 0)
		return due;
	return exp(log_loyalty(a, b, chances)) * due
		+ exp(log_loyalty(a, b, chances - 1)) * a / (a + b + chances - 1) * events_tail(r, u, events);
}

/*
 * bgnbd_no_purchase
 *		Left already, or alive with fewer than k - j events in t.
 */
double
bgnbd_no_purchase(const Model *model, double x, double t_x, double T, double t)
{
	Past		past = look_back(model, x, t_x, T);
	double		u = t / past.c;
	double		quiet = 0;

	for (int j = 0; j < past.k; j++)
		for (int n = 0; n < past.k - j; n++)
			quiet += past.phase[j] * events_probability(past.s + j, u, n);
	return 1 / (1 + exp(-past.log_left)) + quiet / (1 + exp(past.log_left));
}

/* ------------------------------------------------------------------------------------------------
 * Residual transactions
 * ------------------------------------------------------------------------------------------------ */

#define NODES	1024

/* The trapezoidal rule over lambda. */
typedef struct Rates
{
	int			count;
	double		next[NODES];	/* weight times the value of the next purchase, if it is due */
	double		never[NODES];	/* 1 - e */
	double		again[NODES];	/* e, the value of a purchase one gap ahead */
} Rates;

/*
 * value_given_dropout
 *		The value of all purchases: that of the next, over 1 - q e.
 */
static double
value_given_dropout(double p, double q, const void *context)
{
	const Rates *rates = context;
	double		sum = 0;

	(void) q;
	for (int i = 0; i < rates->count; i++)
		sum += rates->next[i] / (rates->never[i] + p * rates->again[i]);
	return sum;
}

/*
 * log_gamma_rest
 *		log Gamma(s) less (s log s - s), the logarithm of the largest value of the density of log lambda.
 */
static double
log_gamma_rest(double s)
{
	double		y = 1 / s / s;

	if (s < 30)
		return log_gamma(s) - s * log(s) + s;
	return log(2 * PI / s) / 2 + (1.0 / 12 - y * (1.0 / 360 - y * (1.0 / 1260 - y / 1680))) / s;
}

/*
 * bgnbd_residual
 *		With discounting at rate d, an event of a process of rate lambda is worth e1 = lambda / (lambda + d) when it is to
 *		come, the next purchase e1^(k - j), and one gap discounts by e = e1^k; after each purchase the customer stays
 *		with probability q. So the residual is P(alive) times the mean of e1^(k - j) / (1 - q e), 1 - q e = (1 - e) + p e.
 *
 * The mean over lambda is a sum of the trapezoidal rule in log lambda. On Im log lambda = y, |lambda^(s + j) exp(-lambda c)|
 * is that of the real line at lambda cos y, (cos y)^-(s + j) as large in all; the value is at most that of
 * lambda / cos y, (cos y)^-(k - j) as large. So the error is that of beta_mean with s + k - 1 in the place of a, b being huge.
 * Towards lambda = 0 the terms fall at least as lambda^(s + 1), at first as lambda^s.
 */
double
bgnbd_residual(const Model *model, double x, double t_x, double T, double rate)
{
	Past		past = look_back(model, x, t_x, T);
	double		s = past.s;
	double		h = fmin(0.25, 0.4 / sqrt(s + past.k - 1));
	double		norm = h * exp(-log_gamma_rest(s));
	double		at_mode = log1p(rate * past.c / s);
	double		steepest = 0;
	double		value;
	Rates		rates = {.count = 0};

	if (model->kind == MODEL_NBD && past.k == 1)
		return s / past.c / rate;
	for (int side = -1; side <= 1; side += 2)
		for (int i = side < 0 ? 1 : 0; rates.count < NODES; i++)
		{
			double		d = side * i * h;
			double		exponent = s * (d - expm1(d));
			double		lambda = s / past.c * exp(d);
			double		log_e1 = -log1p(rate / lambda);
			double		weight = norm * exp(exponent);
			double		next = 0;

			for (int j = 0; j < past.k; j++)
			{
				next += past.phase[j] * weight * exp((past.k - j) * log_e1);
				weight *= lambda * past.c / (s + j);
			}
			rates.next[rates.count] = next;
			rates.never[rates.count] = -expm1(past.k * log_e1);
			rates.again[rates.count] = exp(past.k * log_e1);
			steepest = fmax(steepest, rates.again[rates.count] / rates.never[rates.count]);
			rates.count++;
			if (exponent + (side < 0 ? log_e1 + at_mode : past.k * d) < -LOG_TINY - 5)
				break;
		}
	value = past.a == 0 ? value_given_dropout(0, 1, &rates) : beta_mean(past.a, past.B, value_given_dropout, &rates, steepest);
	return value / (1 + exp(past.log_left));
}
