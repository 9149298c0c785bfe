/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of images: protocols before them, and names relative to others. */
#include "block/path.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "block/node.h"

const char *blk_path_protocol(const char *name, size_t *len)
{
	*len = strcspn(name, ":/");
	return name[*len] == ':' && *len ? name : NULL;
}

int blk_path_check(const char *name, struct error *err)
{
	size_t n;
	const char *p = blk_path_protocol(name, &n);

	if (!p || !strncmp(p, "file:", 5) || !strncmp(p, "host_device:", 12))
		return 0;
	return error_set(err, ENOTSUP,
			 "the protocol %.*s is not supported by pcvm; if it is "
			 "a file, put ./ before its name",
			 (int)n, p);
}

const char *blk_path_plain(const char *name)
{
	return strncmp(name, "file:", 5) ? name : name + 5;
}

char *blk_path_combine(const char *base, const char *name)
{
	const char *slash;
	char *out;
	size_t n;

	base = blk_path_plain(base);
	slash = strrchr(base, '/');
	if (*name == '/' || !slash || blk_path_protocol(name, &n))
		return strdup(name);
	if (asprintf(&out, "%.*s%s", (int)(slash + 1 - base), base, name) < 0)
		return NULL;
	return out;
}

bool blk_same_file(const char *a, const char *b)
{
	struct stat x, y;

	return stat(blk_path_plain(a), &x) == 0 &&
	       stat(blk_path_plain(b), &y) == 0 && x.st_dev == y.st_dev &&
	       x.st_ino == y.st_ino;
}
