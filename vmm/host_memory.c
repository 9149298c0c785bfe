/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How much memory the host has to give, and taking it: sysinfo(2), proc(5). */
#include "vmm/host_memory.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>

#define MIB	    (UINT64_C(1) << 20)
#define KIB	    UINT64_C(1024)
#define THREADS_MAX 256

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14 */
#endif

static bool is_unlimited(void)
{
	FILE *f = fopen("/proc/sys/vm/overcommit_memory", "re");
	bool unlimited = f && fgetc(f) == '1';

	if (f)
		fclose(f);
	return unlimited;
}

int host_memory_check(uint64_t bytes, struct error *err)
{
	struct sysinfo info;
	uint64_t all;

	if (sysinfo(&info) < 0)
		return 0;
	all = ((uint64_t)info.totalram + info.totalswap) * info.mem_unit;
	if (bytes <= all || is_unlimited())
		return 0;
	return error_set(err, ENOMEM,
			 "cannot allocate %" PRIu64 " MiB of memory: the host "
			 "has %" PRIu64 " MiB, with swap",
			 bytes / MIB, all / MIB);
}

/* What can be had without swapping others out, and the swap. */
static uint64_t available(void)
{
	FILE *f = fopen("/proc/meminfo", "re");
	uint64_t sum = 0, kib;
	char line[128];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "MemAvailable: %" SCNu64, &kib) == 1 ||
		    sscanf(line, "SwapFree: %" SCNu64, &kib) == 1)
			sum += kib * KIB;
	if (f)
		fclose(f);
	return sum ? sum : UINT64_MAX;
}

int host_memory_check_free(uint64_t bytes, struct error *err)
{
	uint64_t left = available();

	if (bytes <= left)
		return 0;
	return error_set(err, ENOMEM,
			 "%" PRIu64 " MiB of memory are asked for at once; the "
			 "host has %" PRIu64 " MiB left, with swap",
			 bytes / MIB, left / MIB);
}

struct slice {
	pthread_t thread;
	volatile uint8_t *p;
	size_t len, page;
	int error; /* errno */
};

/* For kernels that cannot be asked: a write that changes nothing. */
static void touch(struct slice *s)
{
	size_t at;

	for (at = 0; at < s->len; at += s->page)
		__atomic_fetch_or(&s->p[at], 0, __ATOMIC_RELAXED);
}

static void *populate(void *arg)
{
	struct slice *s = arg;
	int rc;

	do
		rc = madvise((void *)s->p, s->len, MADV_POPULATE_WRITE);
	while (rc < 0 && errno == EINTR);
	s->error = rc < 0 ? errno : 0;
	if (s->error == EINVAL) {
		touch(s);
		s->error = 0;
	}
	return NULL;
}

/* Each but the last gets the same whole number of pages. */
static unsigned divide(struct slice *s, unsigned n, uint8_t *p, size_t len,
		       size_t page)
{
	size_t pages = (len + page - 1) / page, each = (pages + n - 1) / n;
	unsigned i;

	for (i = 0; len; i++) {
		s[i].p = p;
		s[i].page = page;
		s[i].len = each * page < len ? each * page : len;
		p += s[i].len;
		len -= s[i].len;
	}
	return i;
}

/* The first slice is this thread's own. */
static void run(struct slice *s, unsigned n)
{
	bool started[THREADS_MAX] = {false};
	unsigned i;

	for (i = 1; i < n; i++)
		started[i] = pthread_create(&s[i].thread, NULL, populate,
					    &s[i]) == 0;
	populate(&s[0]);
	for (i = 1; i < n; i++)
		if (started[i])
			pthread_join(s[i].thread, NULL);
		else
			populate(&s[i]);
}

int host_memory_populate(void *p, size_t len, size_t page, unsigned threads,
			 struct error *err)
{
	struct slice s[THREADS_MAX] = {0};
	unsigned i, n = threads < 1		? 1
			: threads < THREADS_MAX ? threads
						: THREADS_MAX;

	n = divide(s, n, p, len, page);
	run(s, n);
	for (i = 0; i < n; i++)
		if (s[i].error)
			return error_set(err, s[i].error,
					 "prealloc: the host cannot give %zu "
					 "MiB: %s",
					 len / (size_t)MIB,
					 s[i].error == EFAULT
						 ? "No space left behind it"
						 : strerror(s[i].error));
	return 0;
}

/* What comes later is locked too, when CAP_IPC_LOCK has gone. */
int host_memory_lock(struct error *err)
{
	struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
	int rc;

	setrlimit(RLIMIT_MEMLOCK, &limit);
	if (mlockall(MCL_CURRENT | MCL_FUTURE) == 0)
		return 0;
	rc = errno;
	getrlimit(RLIMIT_MEMLOCK, &limit);
	return error_set(err, rc,
			 "-overcommit mem-lock=on: %s; the limit is %" PRIu64
			 " KiB, which ulimit -l, LimitMEMLOCK= of systemd, or "
			 "CAP_IPC_LOCK lifts",
			 strerror(rc), (uint64_t)limit.rlim_cur / KIB);
}
