/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Monitor commands about memory and ports: x, xp, print, i, o, and maps. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/disasm.h"
#include "vmm/endian.h"
#include "vmm/kvm.h"
#include "vmm/machine.h"
#include "vmm/monitor_calls.h"
#include "vmm/vcpu.h"

#define CR0_PE	  1u
#define EFER_LMA  (1u << 10)
#define LINE	  16u
#define INSN_MAX  15u
#define CODE_LINE 8
#define COUNT_MAX 65536

struct format {
	long count;
	char format; /* x d u o c i */
	unsigned size;
};

static bool parse_format(struct monitor_call *call, struct format *f)
{
	const char *s = monitor_arg_string(call, "fmt");
	char *end;

	*f = (struct format){.count = 1, .format = 'x', .size = 4};
	if (call->mon && call->mon->format) {
		f->format = call->mon->format;
		f->size = call->mon->format_size;
	}
	if (!s)
		return true;
	if (isdigit((unsigned char)*s)) {
		f->count = strtol(s, &end, 10);
		s = end;
	}
	for (; *s; s++) {
		if (strchr("xduoci", *s))
			f->format = *s;
		else if (strchr("bhwg", *s))
			f->size = *s == 'b'   ? 1
				  : *s == 'h' ? 2
				  : *s == 'w' ? 4
					      : 8;
		else
			break;
	}
	if (*s || f->count < 0 || f->count > COUNT_MAX) {
		monitor_printf(call, "invalid char in format: '%c'\n",
			       *s ? *s : '?');
		return false;
	}
	if (call->mon) {
		call->mon->format = f->format;
		call->mon->format_size = f->size;
	}
	if (f->format == 'c')
		f->size = 1;
	return true;
}

static void print_value(struct monitor_call *call, const struct format *f,
			uint64_t v)
{
	static const uint8_t digits[] = {[1] = 3, [2] = 6, [4] = 11, [8] = 22};
	static const uint8_t places[] = {[1] = 3, [2] = 5, [4] = 10, [8] = 20};

	switch (f->format) {
	case 'x':
		monitor_printf(call, "0x%0*" PRIx64, (int)(2 * f->size), v);
		break;
	case 'o':
		monitor_printf(call, "0%0*" PRIo64, digits[f->size], v);
		break;
	case 'd':
		/* Only the largest size has a sign. */
		monitor_printf(call, "%*" PRId64, places[f->size], (int64_t)v);
		break;
	case 'u':
		monitor_printf(call, "%*" PRIu64, places[f->size], v);
		break;
	default:
		if (v == '\'' || v == '\\')
			monitor_printf(call, "'\\%c'", (char)v);
		else if (v < 128 && isprint((int)v))
			monitor_printf(call, "'%c'", (char)v);
		else if (v == '\n' || v == '\r')
			monitor_printf(call, "'\\%c'", v == '\n' ? 'n' : 'r');
		else
			monitor_printf(call, "'\\x%02x'", (unsigned)v);
	}
}

/* The vCPU whose eyes are used, or NULL. */
static struct vcpu *chosen(struct monitor_call *call)
{
	struct machine *m = monitor_machine(call);
	unsigned n = monitor_cpu(call);

	return n < m->nvcpus ? m->vcpus[n] : NULL;
}

/* Memory as the guest has it; elsewhere device registers, if there are any. */
static bool read_phys(struct machine *m, uint64_t gpa, uint8_t *buf, size_t n)
{
	if (gmem_read(&m->gmem, gpa, buf, n))
		return true;
	if (!bus_has(&m->mem, gpa))
		return false;
	bus_access(&m->mem, NULL, gpa, buf, (unsigned)n, false);
	return true;
}

static bool read_virt(struct monitor_call *call, uint64_t gva, uint8_t *buf,
		      size_t n)
{
	struct vcpu *vcpu = chosen(call);
	uint64_t gpa;
	size_t i;

	for (i = 0; i < n; i++)
		if (!vcpu || vcpu_translate(vcpu, gva + i, &gpa) < 0 ||
		    !read_phys(monitor_machine(call), gpa, buf + i, 1))
			return false;
	return true;
}

static bool read_some(struct monitor_call *call, bool physical, uint64_t addr,
		      uint8_t *buf, size_t n)
{
	return physical ? read_phys(monitor_machine(call), addr, buf, n)
			: read_virt(call, addr, buf, n);
}

static unsigned code_bits(struct monitor_call *call)
{
	struct vcpu *vcpu = chosen(call);
	struct kvm_sregs s;
	struct kvm_regs r;

	if (!vcpu || vcpu_get_regs(vcpu, &r, &s) < 0)
		return 16;
	if ((s.efer & EFER_LMA) && s.cs.l)
		return 64;
	return s.cs.db ? 32 : 16;
}

/* Up to eight bytes stand before an instruction; more, on further lines. */
static void print_insn(struct monitor_call *call, uint64_t addr,
		       const uint8_t *code, size_t n, const char *text)
{
	size_t i, j;

	for (i = 0; i < n; i += CODE_LINE) {
		monitor_printf(call, "0x%08" PRIx64 ": ", addr + i);
		for (j = i; j < n && j < i + CODE_LINE; j++)
			monitor_printf(call, " %02x", code[j]);
		if (i == 0)
			monitor_printf(call, "%*s  %s",
				       (int)(3 * (n < CODE_LINE ? CODE_LINE - n
								: 0)),
				       "", text);
		monitor_printf(call, "\n");
	}
}

static void print_code(struct monitor_call *call, bool physical, uint64_t addr,
		       long count)
{
	unsigned bits = code_bits(call);
	char text[DISASM_TEXT];
	uint8_t code[INSN_MAX];
	size_t have, n;

	for (; count > 0; count--, addr += n) {
		for (have = 0; have < INSN_MAX; have++)
			if (!read_some(call, physical, addr + have, code + have,
				       1))
				break;
		n = have ? disasm(code, have, bits, addr, text, sizeof(text))
			 : 0;
		if (!n) {
			monitor_printf(call,
				       "0x%08" PRIx64
				       ": unable to read memory\n",
				       addr);
			return;
		}
		print_insn(call, addr, code, n, text);
	}
}

static unsigned per_line(const struct format *f)
{
	if (f->format == 'c' || f->format == 'x' || f->format == 'd' ||
	    f->format == 'u')
		return (f->size == 1 ? 8 : LINE) / f->size;
	return f->size == 8 ? 1 : f->size == 1 ? 8 : LINE / f->size;
}

static void print_data(struct monitor_call *call, bool physical, uint64_t addr,
		       const struct format *f)
{
	unsigned n = per_line(f), i;
	uint8_t raw[8];
	long left = f->count;

	while (left > 0) {
		monitor_printf(call, "%016" PRIx64 ":", addr);
		for (i = 0; i < n && left > 0; i++, left--, addr += f->size) {
			memset(raw, 0, sizeof(raw));
			if (!read_some(call, physical, addr, raw, f->size)) {
				monitor_printf(call, " Cannot access memory\n");
				return;
			}
			monitor_printf(call, " ");
			print_value(call, f, load_le64(raw));
		}
		monitor_printf(call, "\n");
	}
}

static void dump(struct monitor_call *call, bool physical)
{
	uint64_t addr = (uint64_t)monitor_arg_int(call, "addr", 0);
	struct machine *m = monitor_machine(call);
	struct format f;
	bool ran;

	if (parse_format(call, &f)) {
		ran = vcpus_inspect(m);
		if (f.format == 'i')
			print_code(call, physical, addr, f.count);
		else
			print_data(call, physical, addr, &f);
		vcpus_inspected(m, ran);
	}
	monitor_done(call, NULL);
}

static void run_x(struct monitor_call *call)
{
	dump(call, false);
}

static void run_xp(struct monitor_call *call)
{
	dump(call, true);
}

static void run_print(struct monitor_call *call)
{
	uint64_t v = (uint64_t)monitor_arg_int(call, "expr", 0);
	struct format f;

	if (!parse_format(call, &f)) {
		monitor_done(call, NULL);
		return;
	}
	switch (f.format) {
	case 'x':
		monitor_printf(call, "0x%" PRIx64 "\n", v);
		break;
	case 'o':
		monitor_printf(call, "0%" PRIo64 "\n", v);
		break;
	case 'u':
		monitor_printf(call, "%" PRIu64 "\n", v);
		break;
	case 'c':
		print_value(call, &(struct format){.format = 'c', .size = 1},
			    v & 0xff);
		monitor_printf(call, "\n");
		break;
	default:
		monitor_printf(call, "%" PRId64 "\n", (int64_t)v);
	}
	monitor_done(call, NULL);
}

static unsigned port_size(struct monitor_call *call, char *letter)
{
	struct format f;
	const char *s = monitor_arg_string(call, "fmt");

	*letter = 'l';
	if (!s || !parse_format(call, &f))
		return 4;
	*letter = f.size == 1 ? 'b' : f.size == 2 ? 'w' : 'l';
	return f.size > 4 ? 4 : f.size;
}

static void run_i(struct monitor_call *call)
{
	uint16_t port = (uint16_t)monitor_arg_int(call, "addr", 0);
	struct machine *m = monitor_machine(call);
	uint8_t raw[8] = {0}, index;
	char letter;
	unsigned size = port_size(call, &letter);

	if (json_object_get(monitor_args(call), "index")) {
		index = (uint8_t)monitor_arg_int(call, "index", 0);
		bus_access(&m->io, NULL, port++, &index, 1, true);
	}
	bus_access(&m->io, NULL, port, raw, size, false);
	monitor_printf(call, "port%c[0x%04x] = 0x%0*" PRIx64 "\n", letter, port,
		       (int)(2 * size), load_le64(raw));
	monitor_done(call, NULL);
}

static void run_o(struct monitor_call *call)
{
	uint16_t port = (uint16_t)monitor_arg_int(call, "addr", 0);
	uint8_t raw[8];
	char letter;
	unsigned size = port_size(call, &letter);

	store_le64(raw, (uint64_t)monitor_arg_int(call, "val", 0));
	bus_access(&monitor_machine(call)->io, NULL, port, raw, size, true);
	monitor_done(call, NULL);
}

static void print_bus(struct monitor_call *call, struct bus *bus)
{
	const struct bus_segment *view;
	size_t i, n;

	monitor_printf(call, "address-space: %s\n", bus->name);
	view = bus_view(bus, &n);
	for (i = 0; i < n; i++)
		monitor_printf(call,
			       "  %016" PRIx64 "-%016" PRIx64
			       " (prio %d, i/o): %s\n",
			       view[i].start, view[i].last,
			       view[i].region->prio, view[i].region->name);
}

static void info_mtree(struct monitor_call *call)
{
	struct machine *m = monitor_machine(call);
	const struct gmem_range *r;
	size_t i;

	for (i = 0; i < m->gmem.nview; i++) {
		r = &m->gmem.view[i];
		if (!i)
			monitor_printf(call, "address-space: RAM and ROM\n");
		monitor_printf(call,
			       "  %016" PRIx64 "-%016" PRIx64
			       " (prio 0, %s): %s @%016" PRIx64 "\n",
			       r->base, r->base + r->len - 1,
			       r->readonly ? "rom" : "ram", r->block->name,
			       r->off);
	}
	print_bus(call, &m->mem);
	print_bus(call, &m->io);
	monitor_done(call, NULL);
}

static void info_roms(struct monitor_call *call)
{
	struct machine *m = monitor_machine(call);
	const struct gmem_range *r;
	size_t i;

	for (i = 0; i < m->gmem.nview; i++) {
		r = &m->gmem.view[i];
		if (r->readonly)
			monitor_printf(call,
				       "addr=%016" PRIx64 " size=0x%06" PRIx64
				       " mem=rom name=\"%s\"\n",
				       r->base, r->len, r->block->name);
	}
	monitor_done(call, NULL);
}

static const struct monitor_arg dump_args[] = {
	{.name = "fmt",
	 .type = MONITOR_ARG_FORMAT,
	 .optional = true,
	 .help = "count, then x d u o c i, then b h w g"},
	{.name = "addr", .type = MONITOR_ARG_INT, .help = "where"},
	{.type = MONITOR_ARG_END},
};

static const struct monitor_arg print_args[] = {
	{.name = "fmt", .type = MONITOR_ARG_FORMAT, .optional = true},
	{.name = "expr", .type = MONITOR_ARG_INT, .help = "what"},
	{.type = MONITOR_ARG_END},
};

static const struct monitor_arg in_args[] = {
	{.name = "fmt", .type = MONITOR_ARG_FORMAT, .optional = true},
	{.name = "addr", .type = MONITOR_ARG_INT, .help = "the port"},
	{.name = "index",
	 .type = MONITOR_ARG_INT,
	 .optional = true,
	 .help = "written to it first; then the next port is read"},
	{.type = MONITOR_ARG_END},
};

static const struct monitor_arg out_args[] = {
	{.name = "fmt", .type = MONITOR_ARG_FORMAT, .optional = true},
	{.name = "addr", .type = MONITOR_ARG_INT, .help = "the port"},
	{.name = "val", .type = MONITOR_ARG_INT, .help = "the value"},
	{.type = MONITOR_ARG_END},
};

/* There is only the flat view. */
static const struct monitor_arg mtree_args[] = {
	{.name = "flatview", .type = MONITOR_ARG_FLAG, .flag = 'f'},
	{.type = MONITOR_ARG_END},
};

const struct monitor_cmd memory_monitor_cmds[] = {
	{.name = "x",
	 .help = "virtual memory dump starting at addr",
	 .args = dump_args,
	 .run = run_x},
	{.name = "xp",
	 .help = "physical memory dump starting at addr",
	 .args = dump_args,
	 .run = run_xp},
	{.name = "print",
	 .alias = "p",
	 .help = "print the value of an expression ($reg for registers)",
	 .args = print_args,
	 .run = run_print},
	{.name = "i",
	 .help = "read an I/O port",
	 .args = in_args,
	 .run = run_i},
	{.name = "o",
	 .help = "write to an I/O port",
	 .args = out_args,
	 .run = run_o},
	{.name = "info mtree",
	 .args = mtree_args,
	 .help = "show what is where in memory and I/O space",
	 .run = info_mtree},
	{.name = "info roms", .help = "show the ROMs", .run = info_roms},
	{.run = NULL},
};
