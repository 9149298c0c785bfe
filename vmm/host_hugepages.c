/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's pools of huge pages: Documentation/admin-guide/mm/hugetlbpage.rst
 * of the Linux kernel.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "vmm/host_memory.h"

#define POOLS	  "/sys/kernel/mm/hugepages"
#define POOL	  POOLS "/hugepages-%" PRIu64 "kB"
#define KIB	  UINT64_C(1024)
#define GIB	  (UINT64_C(1) << 30)
#define SIZES_MAX 64 /* bytes of text */

static uint64_t usual_size(void)
{
	FILE *f = fopen("/proc/meminfo", "re");
	uint64_t size = 0, kib;
	char line[128];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "Hugepagesize: %" SCNu64, &kib) == 1)
			size = kib * KIB;
	if (f)
		fclose(f);
	return size;
}

static bool read_count(uint64_t size, const char *name, uint64_t *count)
{
	char path[128];
	bool good;
	FILE *f;

	snprintf(path, sizeof(path), POOL "/%s", size / KIB, name);
	f = fopen(path, "re");
	good = f && fscanf(f, "%" SCNu64, count) == 1;
	if (f)
		fclose(f);
	return good;
}

/* "2M" */
static void print_size(uint64_t size, char *out, size_t len)
{
	if (size % GIB == 0 && size)
		snprintf(out, len, "%" PRIu64 "G", size / GIB);
	else if (size % (KIB * KIB) == 0)
		snprintf(out, len, "%" PRIu64 "M", size / KIB / KIB);
	else
		snprintf(out, len, "%" PRIu64 "K", size / KIB);
}

/* "1G, 2M" */
static void list_sizes(char *out, size_t len)
{
	DIR *dir = opendir(POOLS);
	const struct dirent *e;
	uint64_t kib;
	size_t at = 0;
	char size[24];

	snprintf(out, len, "none");
	while (dir && (e = readdir(dir)) != NULL) {
		if (sscanf(e->d_name, "hugepages-%" SCNu64 "kB", &kib) != 1 ||
		    at >= len)
			continue;
		print_size(kib * KIB, size, sizeof(size));
		at += (size_t)snprintf(out + at, len - at, "%s%s",
				       at ? ", " : "", size);
	}
	if (dir)
		closedir(dir);
}

int host_hugepages_find(uint64_t size, struct host_hugepages *pages,
			struct error *err)
{
	char sizes[SIZES_MAX], asked[24] = "any";

	pages->size = size ? size : usual_size();
	if (pages->size &&
	    read_count(pages->size, "nr_hugepages", &pages->total) &&
	    read_count(pages->size, "free_hugepages", &pages->free))
		return 0;
	list_sizes(sizes, sizeof(sizes));
	if (size)
		print_size(size, asked, sizeof(asked));
	return error_set(err, ENOTSUP,
			 "huge pages: the host has not %s; its sizes: %s",
			 asked, sizes);
}

int host_hugepages_explain(uint64_t size, uint64_t bytes, struct error *err)
{
	struct host_hugepages pages = {0};
	uint64_t needed;
	char text[24];
	int rc = host_hugepages_find(size, &pages, err);

	if (rc < 0 || !pages.size)
		return rc;
	needed = (bytes + pages.size - 1) / pages.size;
	print_size(pages.size, text, sizeof(text));
	return error_set(err, ENOMEM,
			 "huge pages: %" PRIu64
			 " of %s are needed, and %" PRIu64 " of %" PRIu64
			 " are free; as root, write how many "
			 "there are to be to " POOL "/nr_hugepages",
			 needed, text, pages.free, pages.total,
			 pages.size / KIB);
}
