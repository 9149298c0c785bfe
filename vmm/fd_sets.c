/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets of descriptors, and descriptors with names.
 *
 * For qemu a set lives on, empty, while files that were opened by it are open;
 * here it ends with its last descriptor.
 */
#include "vmm/fd_sets.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vmm/list.h"

#define PREFIX "/dev/fdset/"

/* What of the flags of open(2) can be had of an open file. */
#define CHANGEABLE (O_APPEND | O_DIRECT | O_NONBLOCK)

struct entry {
	struct list link; /* sets: by number, then by age */
	int64_t set; /* -1: it has a name instead */
	int fd;
	char *text; /* what its giver said of it, or NULL; or its name */
};

/* Of the process, as its descriptors are. */
static struct {
	pthread_mutex_t lock;
	struct list entries;
} all = {PTHREAD_MUTEX_INITIALIZER, LIST_HEAD(all.entries)};

static void drop(struct entry *e)
{
	list_del(&e->link);
	free(e->text);
	free(e);
}

static struct entry *new_entry(int64_t set, int fd, const char *text)
{
	struct entry *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	*e = (struct entry){.set = set, .fd = fd};
	e->text = text ? strdup(text) : NULL;
	if (!text || e->text)
		return e;
	free(e);
	return NULL;
}

static int64_t parse_set(const char *path)
{
	const char *number = path + strlen(PREFIX);
	char *end;
	long long n;

	errno = 0;
	n = strtoll(number, &end, 10);
	return end == number || *end || errno || n < 0 ? -1 : n;
}

/* -1 with errno. */
static int find_file(int64_t set, int flags)
{
	int fd = -1, rc = ENOENT;
	struct entry *e;

	list_for_each (e, &all.entries, struct entry, link) {
		if (e->set != set || fd >= 0)
			continue;
		rc = EACCES;
		if ((fcntl(e->fd, F_GETFL) & O_ACCMODE) == (flags & O_ACCMODE))
			fd = e->fd;
	}
	if (fd < 0)
		errno = rc;
	return fd;
}

/* As open would leave it. */
static int prepare(int fd, int flags)
{
	int now = fcntl(fd, F_GETFL);

	if (fcntl(fd, F_SETFL, (now & ~CHANGEABLE) | (flags & CHANGEABLE)) < 0)
		return -1;
	return flags & O_TRUNC ? ftruncate(fd, 0) : 0;
}

static int open_set(int64_t set, int flags)
{
	int from, fd = -1, rc;

	pthread_mutex_lock(&all.lock);
	from = find_file(set, flags);
	if (from >= 0)
		fd = fcntl(from, F_DUPFD_CLOEXEC, 0);
	pthread_mutex_unlock(&all.lock);
	if (fd >= 0 && prepare(fd, flags) < 0) {
		rc = errno;
		close(fd);
		errno = rc;
		return -1;
	}
	return fd;
}

int fd_sets_open(const char *path, int flags, mode_t mode)
{
	int64_t set;

	if (strncmp(path, PREFIX, strlen(PREFIX)) != 0)
		return open(path, flags, mode);
	set = parse_set(path);
	if (set >= 0)
		return open_set(set, flags);
	errno = EINVAL;
	return -1;
}

/* Numbers ascend. */
static int64_t first_free(void)
{
	int64_t n = 0;
	struct entry *e;

	list_for_each (e, &all.entries, struct entry, link)
		n += e->set == n;
	return n;
}

static void insert(struct entry *e)
{
	struct list *at = all.entries.prev;

	while (at != &all.entries &&
	       container_of(at, struct entry, link)->set > e->set)
		at = at->prev;
	list_insert(at->next, &e->link);
}

int fd_sets_add(int64_t *set, int fd, const char *opaque, struct error *err)
{
	struct entry *e = new_entry(*set, fd, opaque);

	if (!e)
		return error_set(err, ENOMEM, "out of memory");
	pthread_mutex_lock(&all.lock);
	if (*set == FD_SETS_ANY)
		*set = e->set = first_free();
	insert(e);
	pthread_mutex_unlock(&all.lock);
	return 0;
}

int fd_sets_remove(int64_t set, int64_t fd, struct error *err)
{
	struct list *at, *next;
	struct entry *e;
	bool any = false;

	pthread_mutex_lock(&all.lock);
	for (at = all.entries.next; at != &all.entries; at = next) {
		next = at->next;
		e = container_of(at, struct entry, link);
		if (e->set < 0 || e->set != set ||
		    (fd != FD_SETS_ANY && e->fd != fd))
			continue;
		close(e->fd);
		drop(e);
		any = true;
	}
	pthread_mutex_unlock(&all.lock);
	if (any)
		return 0;
	if (fd == FD_SETS_ANY)
		return error_set(err, ENOENT,
				 "File descriptor named 'fdset-id:%lld' not "
				 "found",
				 (long long)set);
	return error_set(err, ENOENT,
			 "File descriptor named 'fdset-id:%lld, fd:%lld' not "
			 "found",
			 (long long)set, (long long)fd);
}

static void tell_set(struct list *first,
		     void (*fn)(void *, int64_t, int, const char *), void *ctx)
{
	struct entry *e = container_of(first, struct entry, link);
	int64_t set = e->set;

	fn(ctx, set, -1, NULL);
	for (; first != &all.entries; first = first->next) {
		e = container_of(first, struct entry, link);
		if (e->set != set)
			return;
		fn(ctx, set, e->fd, e->text);
	}
}

void fd_sets_each(void (*fn)(void *ctx, int64_t set, int fd,
			     const char *opaque),
		  void *ctx)
{
	struct list *at, *before;
	struct entry *e;

	pthread_mutex_lock(&all.lock);
	for (at = all.entries.prev; at != &all.entries; at = before) {
		before = at->prev;
		e = container_of(at, struct entry, link);
		if (e->set < 0)
			continue;
		if (before == &all.entries ||
		    container_of(before, struct entry, link)->set != e->set)
			tell_set(at, fn, ctx);
	}
	pthread_mutex_unlock(&all.lock);
}

static int take(const char *name)
{
	struct entry *e;
	int fd;

	list_for_each (e, &all.entries, struct entry, link) {
		if (e->set >= 0 || strcmp(e->text, name) != 0)
			continue;
		fd = e->fd;
		drop(e);
		return fd;
	}
	return -1;
}

int fd_names_take(const char *name)
{
	int fd;

	pthread_mutex_lock(&all.lock);
	fd = take(name);
	pthread_mutex_unlock(&all.lock);
	return fd;
}

int fd_names_put(const char *name, int fd, struct error *err)
{
	struct entry *e = new_entry(-1, fd, name);
	int old;

	if (!e)
		return error_set(err, ENOMEM, "out of memory");
	pthread_mutex_lock(&all.lock);
	old = take(name);
	insert(e);
	pthread_mutex_unlock(&all.lock);
	if (old >= 0)
		close(old);
	return 0;
}
