/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -smp: what was not said follows from what was, as in qemu 7.2. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "vmm/cmdline.h"
#include "vmm/log.h"

int config_set_smp(struct config *c, const struct cmdline_opt *o,
		   const char *arg, struct error *err)
{
	struct opt_list list;
	size_t i;
	int rc = opt_split(arg, o->implied, &list, err);

	if (rc == 0)
		rc = opt_set_all(o->keys, &c->smp_given, &list, err);
	for (i = 0; rc == 0 && i < list.n; i++)
		if (!strcmp(list.pair[i].value, "0"))
			log_warn("-smp %s: %s=0 counts as not given", arg,
				 list.pair[i].key);
	opt_list_free(&list);
	return rc;
}

/* Products that do not fit are as good as UINT64_MAX: too many. */
static uint64_t times(uint64_t a, uint64_t b)
{
	uint64_t product;

	return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

static uint64_t product(const struct smp_conf *s)
{
	return times(times(s->sockets, s->dies), times(s->cores, s->threads));
}

static uint64_t or_one(uint64_t n)
{
	return n ? n : 1;
}

/*
 * The level that is not given holds all the processors: cores first, then
 * sockets, then threads.
 */
static void complete(struct smp_conf *s)
{
	uint64_t max = s->maxcpus ? s->maxcpus : s->cpus;

	s->dies = or_one(s->dies);
	if (!max || !s->cores) {
		s->sockets = or_one(s->sockets);
		s->threads = or_one(s->threads);
	}
	if (!max)
		s->cores = or_one(s->cores);
	else if (!s->cores)
		s->cores = max / times(times(s->sockets, s->dies), s->threads);
	else if (!s->sockets) {
		s->threads = or_one(s->threads);
		s->sockets = max / times(times(s->dies, s->cores), s->threads);
	} else if (!s->threads) {
		s->threads = max / times(times(s->sockets, s->dies), s->cores);
	}
	s->maxcpus = max ? max : product(s);
	if (!s->cpus)
		s->cpus = s->maxcpus;
}

static int bad_topology(const struct smp_conf *s, const char *what,
			struct error *err)
{
	char text[160];

	snprintf(text, sizeof(text),
		 "sockets (%" PRIu64 ") * dies (%" PRIu64 ") * cores (%" PRIu64
		 ") * threads (%" PRIu64 ")",
		 s->sockets, s->dies, s->cores, s->threads);
	return error_set(err, EINVAL,
			 "-smp: %s: %s, maxcpus=%" PRIu64 ", cpus=%" PRIu64,
			 what, text, s->maxcpus, s->cpus);
}

static int check(const struct smp_conf *s, struct error *err)
{
	if (product(s) != s->maxcpus)
		return bad_topology(s, "the product must be maxcpus", err);
	if (s->maxcpus < s->cpus)
		return bad_topology(s, "maxcpus is less than cpus", err);
	if (s->maxcpus > SMP_CPUS_MAX)
		return error_set(err, EINVAL,
				 "-smp: %" PRIu64 " processors; a PC has at "
				 "most %d",
				 s->maxcpus, SMP_CPUS_MAX);
	return 0;
}

int config_complete_smp(const struct smp_conf *given, struct cpu_topology *topo,
			struct error *err)
{
	struct smp_conf s = *given;
	int rc;

	if (s.clusters > 1)
		return error_set(err, EINVAL,
				 "-smp: clusters=%" PRIu64
				 ": processors of PCs have no clusters",
				 s.clusters);
	complete(&s);
	rc = check(&s, err);
	if (rc < 0)
		return rc;
	*topo = (struct cpu_topology){
		.cpus = (unsigned)s.cpus,
		.maxcpus = (unsigned)s.maxcpus,
		.sockets = (unsigned)s.sockets,
		.dies = (unsigned)s.dies,
		.cores = (unsigned)s.cores,
		.threads = (unsigned)s.threads,
	};
	return 0;
}
