/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names that users type: what ids are made of, and what they may have meant. */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "vmm/opt.h"

#define NEAREST_MAX 32 /* longer names are not compared */

int opt_check_id(const char *id, struct error *err)
{
	size_t i;

	for (i = 0; id[i]; i++)
		if (!isalnum((unsigned char)id[i]) &&
		    (!i || !strchr("-._", id[i])))
			break;
	if (!i || id[i] || !isalpha((unsigned char)*id))
		return error_set(err, EINVAL,
				 "id='%s': an id consists of letters, digits, "
				 "'-', '.' and '_', and starts with a letter",
				 id);
	return 0;
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static bool same(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/*
 * How many letters were added, left out, changed or swapped with the next
 * one (optimal string alignment); NEAREST_MAX for long names.
 */
static unsigned distance(const char *a, const char *b)
{
	unsigned d[NEAREST_MAX + 1][NEAREST_MAX + 1];
	size_t na = strlen(a), nb = strlen(b), i, j;

	if (na > NEAREST_MAX || nb > NEAREST_MAX)
		return NEAREST_MAX;
	for (i = 0; i <= na; i++)
		d[i][0] = (unsigned)i;
	for (j = 0; j <= nb; j++)
		d[0][j] = (unsigned)j;
	for (i = 1; i <= na; i++)
		for (j = 1; j <= nb; j++) {
			d[i][j] = least(d[i - 1][j], d[i][j - 1]) + 1;
			d[i][j] = least(d[i][j],
					d[i - 1][j - 1] +
						!same(a[i - 1], b[j - 1]));
			if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) &&
			    same(a[i - 2], b[j - 1]))
				d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
		}
	return d[na][nb];
}

const char *opt_nearest(const char *name, const void *table, size_t n,
			size_t stride)
{
	/* Farther than a third of the name is no help. */
	unsigned len = (unsigned)strlen(name), best = (len + 2) / 3 + 1, d;
	const char *nearest = NULL, *have;
	size_t i;

	for (i = 0; i < n; i++) {
		memcpy(&have, (const char *)table + i * stride, sizeof(have));
		if (!have)
			continue;
		d = distance(name, have);
		if (d < best && d < len) {
			nearest = have;
			best = d;
		}
	}
	return nearest;
}
