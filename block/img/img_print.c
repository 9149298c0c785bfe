/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the image tool prints, in forms that scripts know from qemu-img. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "block/img/img.h"

#define OPTION_AT 24 /* the column of what an option of -o does */

const char *const img_outputs[] = {"human", "json", NULL};

void img_print_error(const struct img *img, const struct error *err)
{
	fflush(stdout);
	fprintf(stderr, "%s: %s\n", img->program, err->msg);
}

void img_print_json(const json_t *value)
{
	char *text = json_dumps(value, JSON_INDENT(4) | JSON_ENSURE_ASCII |
					       JSON_ENCODE_ANY |
					       JSON_REAL_PRECISION(17));

	printf("%s\n", text ? text : "");
	free(text);
}

/* Bytes of the letter that text begins with, 0 if it is not UTF-8. */
static size_t letter_len(const char *text)
{
	json_t *v;
	size_t n;

	for (n = 1; n <= 4 && text[n - 1]; n++) {
		v = json_stringn(text, n);
		json_decref(v);
		if (v)
			return n;
	}
	return 0;
}

json_t *img_json_text(const char *text)
{
	static const char replacement[] = "\xef\xbf\xbd";
	json_t *v = json_string(text);
	size_t n = 0, len;
	char *out;

	if (v)
		return v;
	out = malloc(3 * strlen(text) + 1);
	while (out && *text) {
		len = letter_len(text);
		memcpy(out + n, len ? text : replacement, len ? len : 3);
		n += len ? len : 3;
		text += len ? len : 1;
	}
	v = out ? json_stringn(out, n) : NULL;
	free(out);
	return v;
}

/* Clocks of over a hundred hours run into the date: so it has always been. */
#define SNAPSHOT_ROW "%-9s %-16s %8s%20s%13s%11s\n"

static void print_snapshot(const struct blk_snapshot *s)
{
	time_t seconds = (time_t)s->date_sec;
	unsigned long long ms = s->vm_clock_ns / 1000000;
	char size[BLK_SIZE_TEXT], date[32] = "", clock[32], icount[24] = "";
	struct tm tm;

	if (localtime_r(&seconds, &tm))
		strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S", &tm);
	snprintf(clock, sizeof(clock), "%02llu:%02llu:%02llu.%03llu",
		 ms / 3600000, ms / 60000 % 60, ms / 1000 % 60, ms % 1000);
	blk_size_text(s->vm_state_size, size);
	if (s->icount != UINT64_MAX)
		snprintf(icount, sizeof(icount), "%llu",
			 (unsigned long long)s->icount);
	printf(SNAPSHOT_ROW, s->id, s->name, size, date, clock, icount);
}

void img_print_snapshots(const struct blk_snapshot *list, size_t n)
{
	size_t i;

	printf("Snapshot list:\n");
	printf(SNAPSHOT_ROW, "ID", "TAG", "VM SIZE", "DATE", "VM CLOCK",
	       "ICOUNT");
	for (i = 0; i < n; i++)
		print_snapshot(&list[i]);
}

static const char *type_of(const struct opt_desc *d)
{
	static const char *const types[] = {
		[OPT_BOOL] = "bool (on/off)",
		[OPT_SIZE] = "size",
		[OPT_U64] = "num",
	};
	const char *type = d->type < sizeof(types) / sizeof(*types)
				   ? types[d->type]
				   : NULL;

	return type ? type : "str";
}

void img_print_options(const struct opt_desc *d)
{
	int at;

	for (; d && d->type != OPT_END; d++) {
		if (d->refused)
			continue;
		at = printf("  %s=<%s>", d->name, type_of(d));
		printf("%*s - %s\n", at < OPTION_AT ? OPTION_AT - at : 0, "",
		       d->help);
	}
}

static void show(struct img_progress *p, double percent)
{
	p->shown = percent;
	printf("    (%3.2f/100%%)\r", percent);
	fflush(stdout);
}

void img_progress_start(struct img_progress *p, bool on)
{
	p->on = on;
	if (on)
		show(p, 0);
}

static bool is_asked(void)
{
	const struct timespec at_once = {0};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	return sigtimedwait(&set, NULL, &at_once) == SIGUSR1;
}

void img_progress_set(struct img_progress *p, double percent)
{
	if (is_asked())
		fprintf(stderr, "    (%3.2f/100%%)\n", percent);
	if (p->on &&
	    (percent >= p->shown + 1 || (percent >= 100 && p->shown < 100)))
		show(p, percent);
}

void img_progress_end(struct img_progress *p)
{
	if (p->on)
		printf("\n");
}
