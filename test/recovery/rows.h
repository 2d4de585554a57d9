/*
 * rows.h
 *		Simulated customers as the rows that models are fitted on.
 */
#ifndef PG_CUSTOMER_RECOVERY_ROWS_H
#define PG_CUSTOMER_RECOVERY_ROWS_H

#include <math.h>
#include <stdlib.h>

#include "math/simulate.h"

/*
 * simulated_row
 *		A customer observed until T. Gamma-Gamma: T is the mean number of transactions, which are 1, 2 … with geometric
 *		probabilities.
 */
static inline ModelRow
simulated_row(const Model *model, double T, Random *random)
{
	ModelRow	row = {.T = T,.customers = 1};
	Simulation	simulation;
	double		time;
	double		lifetime;
	double		log_mean;

	switch (model->kind)
	{
		case MODEL_GAMMA_GAMMA:
			row.x = 1 + random_geometric(random, -log(T - 1));
			log_mean = simulate_log_mean_spend(model, random);
			for (int i = 0; i < row.x; i++)
				row.t_x += simulate_spend(model, log_mean, random) / row.x;
			row.T = 0;
			break;
		case MODEL_SBG:
		case MODEL_BDW:
			lifetime = simulate_lifetime(model, random);
			row.x = lifetime <= T;
			row.T = fmin(lifetime, T);
			break;
		default:
			simulation_begin(&simulation, model, random);
			while (simulation_next(&simulation, &time) && time <= T)
			{
				row.x++;
				row.t_x = time;
			}
			break;
	}
	return row;
}

/*
 * compare_rows
 *		In the order in which likelihoods are cheapest.
 */
static inline int
compare_rows(const void *a, const void *b)
{
	const ModelRow *p = a;
	const ModelRow *q = b;

	if (p->x != q->x)
		return p->x < q->x ? -1 : 1;
	if (p->T != q->T)
		return p->T < q->T ? -1 : 1;
	return (p->t_x > q->t_x) - (p->t_x < q->t_x);
}

/*
 * simulated_rows
 *		Customers observed for shortest to longest, evenly; for whole numbers of periods where time is counted in them. Sorted,
 *		and equal ones are one row: returns how many there are.
 */
static inline size_t
simulated_rows(const Model *model, double shortest, double longest, int64_t seed, size_t customers, ModelRow *rows)
{
	bool		whole = model->kind == MODEL_BGBB || model->kind == MODEL_SBG || model->kind == MODEL_BDW;
	size_t		last = 0;

	for (size_t i = 0; i < customers; i++)
	{
		double		share = spread_evenly(seed, i);
		Random		random;

		random_seed(&random, seed, i);
		rows[i] = simulated_row(model, whole ? floor(shortest + (longest + 1 - shortest) * share) : shortest + (longest - shortest) * share, &random);
	}
	qsort(rows, customers, sizeof(ModelRow), compare_rows);
	for (size_t i = 1; i < customers; i++)
	{
		if (compare_rows(&rows[last], &rows[i]) == 0)
			rows[last].customers++;
		else
			rows[++last] = rows[i];
	}
	return last + 1;
}

#endif							/* PG_CUSTOMER_RECOVERY_ROWS_H */
