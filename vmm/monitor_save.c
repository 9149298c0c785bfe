/* SPDX-License-Identifier: GPL-2.0-or-later */
/* memsave and pmemsave: the guest's memory, written to a file. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "vmm/endian.h"
#include "vmm/machine.h"
#include "vmm/monitor.h"
#include "vmm/vcpu.h"

#define PIECE 4096u /* nothing of it crosses a page */

struct save {
	struct machine *m;
	struct vcpu *vcpu; /* through whose eyes; NULL: guest-physical */
	uint64_t addr, size;
	FILE *file;
};

static bool copy(struct save *s, uint64_t addr, uint8_t *buf, size_t n)
{
	uint64_t gpa = addr;

	if (s->vcpu && vcpu_translate(s->vcpu, addr, &gpa) < 0)
		return false;
	return gmem_read(&s->m->gmem, gpa, buf, n);
}

static int write_all(struct save *s, const char *name, struct error *err)
{
	uint64_t done = 0;
	uint8_t buf[PIECE];
	size_t n;

	while (done < s->size) {
		n = PIECE - (s->addr + done) % PIECE;
		n = n < s->size - done ? n : s->size - done;
		if (!copy(s, s->addr + done, buf, n))
			return error_set(err, EFAULT,
					 "Invalid addr 0x%016" PRIx64
					 "/size %" PRIu64 " specified",
					 s->addr, s->size);
		if (fwrite(buf, 1, n, s->file) != n)
			return error_errno(err, errno, "cannot write '%s'",
					   name);
		done += n;
	}
	if (fflush(s->file) != 0)
		return error_errno(err, errno, "cannot write '%s'", name);
	return 0;
}

static void save(struct monitor_call *call, struct vcpu *vcpu)
{
	const char *name = monitor_arg_string(call, "filename");
	struct save s = {
		.m = monitor_machine(call),
		.vcpu = vcpu,
		.addr = (uint64_t)monitor_arg_int(call, "val", 0),
		.size = (uint64_t)monitor_arg_int(call, "size", 0),
		.file = fopen(name, "wbe"),
	};
	struct error err = {0};
	bool ran;
	int rc;

	if (!s.file) {
		monitor_fail(call, "GenericError", "Could not open '%s': %s",
			     name, strerror(errno));
		return;
	}
	ran = vcpus_inspect(s.m);
	rc = write_all(&s, name, &err);
	vcpus_inspected(s.m, ran);
	fclose(s.file);
	monitor_end(call, rc, &err);
}

static void run_pmemsave(struct monitor_call *call)
{
	save(call, NULL);
}

static void run_memsave(struct monitor_call *call)
{
	struct machine *m = monitor_machine(call);
	long long n = monitor_arg_int(call, "cpu-index", monitor_cpu(call));

	if (n < 0 || n >= m->nvcpus)
		monitor_fail(call, "GenericError",
			     "Parameter 'cpu-index' expects a CPU number");
	else
		save(call, m->vcpus[n]);
}

#define RANGE \
	{.name = "val", .type = MONITOR_ARG_INT, .help = "where it begins"}, \
		{.name = "size", .type = MONITOR_ARG_INT, .help = "bytes"}, \
		MONITOR_WORD("filename", "file to write")

static const struct monitor_arg pmemsave_args[] = {
	RANGE,
	{.type = MONITOR_ARG_END},
};

static const struct monitor_arg memsave_args[] = {
	RANGE,
	{.name = "cpu-index", .type = MONITOR_ARG_INT, .optional = true},
	{.type = MONITOR_ARG_END},
};

const struct monitor_cmd save_monitor_cmds[] = {
	{.name = "memsave",
	 .qmp = "memsave",
	 .help = "write virtual memory to a file",
	 .args = memsave_args,
	 .run = run_memsave},
	{.name = "pmemsave",
	 .qmp = "pmemsave",
	 .help = "write physical memory to a file",
	 .args = pmemsave_args,
	 .run = run_pmemsave},
	{.run = NULL},
};
