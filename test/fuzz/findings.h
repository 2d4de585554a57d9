/*
 * findings.h
 *		What a fuzz target has to say without ending the run: each finding once, with the input that shows it.
 */
#ifndef PG_CUSTOMER_FINDINGS_H
#define PG_CUSTOMER_FINDINGS_H

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_FINDINGS 1000

/* The input of this run. */
static const uint8_t *finding_data;
static size_t finding_size;
/* Where such inputs go. */
static const char *finding_folder = ".";

/*
 * finding
 *		Says it, and writes the input to a file, unless something was found before that has the same place and, up to a digit, the
 *		same text.
 */
static void
finding(const char *place, const char *text)
{
	static uint64_t known[MOST_FINDINGS];
	static int	count = 0;
	uint64_t	hash = 14695981039346656037u;
	char		name[1000];
	FILE	   *file;

	for (const char *part = place; *part; part++)
		hash = (hash ^ (uint8_t) *part) * 1099511628211u;
	for (const char *part = text; *part && !isdigit((uint8_t) *part); part++)
		hash = (hash ^ (uint8_t) *part) * 1099511628211u;
	for (int i = 0; i < count; i++)
	{
		if (known[i] == hash)
			return;
	}
	if (count == MOST_FINDINGS)
		return;
	known[count++] = hash;
	snprintf(name, sizeof(name), "%s/finding-%016llx", finding_folder, (unsigned long long) hash);
	fprintf(stderr, "FINDING %s: %s: %s\n", name, place, text);
	file = fopen(name, "wb");
	if (file == NULL)
		return;
	fwrite(finding_data, 1, finding_size, file);
	fclose(file);
}

#endif							/* PG_CUSTOMER_FINDINGS_H */
