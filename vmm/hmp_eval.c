/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Expressions of the human monitor: + - | ^, over * / % &, over unary + - ~,
 * numbers, 'c', ( ), and $registers.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/machine.h"
#include "vmm/monitor_calls.h"
#include "vmm/vcpu.h"

#define DEPTH_MAX 32

struct eval {
	struct machine *m;
	unsigned cpu, depth;
	const char *at;
	struct error *err;
	bool failed;
};

static int64_t sum(struct eval *e);

static int64_t fail(struct eval *e, const char *what)
{
	if (!e->failed)
		error_set(e->err, EINVAL, "%s", what);
	e->failed = true;
	return 0;
}

static int64_t fail_char(struct eval *e)
{
	char what[40];

	snprintf(what, sizeof(what), "invalid char '%c' in expression", *e->at);
	return fail(e, *e->at ? what : "unexpected end of expression");
}

static void skip(struct eval *e)
{
	while (isspace((unsigned char)*e->at))
		e->at++;
}

struct reg {
	const char *name;
	size_t offset; /* into struct both */
	unsigned size;
};

struct both {
	struct kvm_regs r;
	struct kvm_sregs s;
};

#define GPR(n, field) \
	{"r" n, offsetof(struct both, r.field), 8}, \
	{ \
		"e" n, offsetof(struct both, r.field), 4 \
	}
#define SEG(n) \
	{ \
#n, offsetof(struct both, s.n.selector), 2 \
	}
#define REG64(n, field) \
	{ \
		n, offsetof(struct both, field), 8 \
	}

static const struct reg regs[] = {
	GPR("ax", rax),
	GPR("bx", rbx),
	GPR("cx", rcx),
	GPR("dx", rdx),
	GPR("si", rsi),
	GPR("di", rdi),
	GPR("bp", rbp),
	GPR("sp", rsp),
	GPR("ip", rip),
	REG64("pc", r.rip),
	REG64("r8", r.r8),
	REG64("r9", r.r9),
	REG64("r10", r.r10),
	REG64("r11", r.r11),
	REG64("r12", r.r12),
	REG64("r13", r.r13),
	REG64("r14", r.r14),
	REG64("r15", r.r15),
	{"eflags", offsetof(struct both, r.rflags), 4},
	SEG(cs),
	SEG(ds),
	SEG(es),
	SEG(fs),
	SEG(gs),
	SEG(ss),
	REG64("cr0", s.cr0),
	REG64("cr2", s.cr2),
	REG64("cr3", s.cr3),
	REG64("cr4", s.cr4),
	REG64("efer", s.efer),
};

static int64_t reg_value(struct eval *e)
{
	struct both both;
	uint64_t v = 0;
	size_t n, i;
	bool ran;
	int rc;

	e->at++;
	for (n = 0; isalnum((unsigned char)e->at[n]); n++)
		;
	for (i = 0; i < sizeof(regs) / sizeof(*regs); i++)
		if (strlen(regs[i].name) == n &&
		    !strncmp(regs[i].name, e->at, n))
			break;
	if (i == sizeof(regs) / sizeof(*regs))
		return fail(e, "unknown register");
	e->at += n;
	if (e->cpu >= e->m->nvcpus)
		return fail(e, "there is no vCPU");
	ran = vcpus_inspect(e->m);
	rc = vcpu_get_regs(e->m->vcpus[e->cpu], &both.r, &both.s);
	vcpus_inspected(e->m, ran);
	if (rc < 0)
		return fail(e, "cannot read the registers");
	memcpy(&v, (char *)&both + regs[i].offset, regs[i].size);
	/* Where it is in linear memory, as debuggers want it. */
	if (!strcmp(regs[i].name, "pc"))
		v += both.s.cs.base;
	return (int64_t)v;
}

static int64_t number(struct eval *e)
{
	uint64_t v;
	char *end;

	errno = 0;
	v = strtoull(e->at, &end, 0);
	if (end == e->at)
		return fail_char(e);
	if (errno)
		return fail(e, "number too large");
	e->at = end;
	return (int64_t)v;
}

static int64_t unary(struct eval *e)
{
	int64_t v;

	skip(e);
	if (++e->depth > DEPTH_MAX)
		return fail(e, "expression too deep");
	switch (*e->at) {
	case '+':
		e->at++;
		v = unary(e);
		break;
	case '-':
		e->at++;
		v = (int64_t)(0 - (uint64_t)unary(e));
		break;
	case '~':
		e->at++;
		v = ~unary(e);
		break;
	case '(':
		e->at++;
		v = sum(e);
		skip(e);
		if (*e->at != ')')
			return fail(e, "')' expected");
		e->at++;
		break;
	case '\'':
		v = (unsigned char)e->at[1];
		if (!e->at[1] || e->at[2] != '\'')
			return fail(e, "missing terminating \' character");
		e->at += 3;
		break;
	case '$':
		v = reg_value(e);
		break;
	default:
		v = number(e);
	}
	e->depth--;
	return v;
}

static int64_t product(struct eval *e)
{
	int64_t v = unary(e), w;
	char op;

	for (;;) {
		skip(e);
		op = *e->at;
		if (!op || !strchr("*/%&", op) || e->failed)
			return v;
		e->at++;
		w = unary(e);
		if ((op == '/' || op == '%') && (!w || w == -1))
			return w ? (op == '/' ? (int64_t)(0 - (uint64_t)v) : 0)
				 : fail(e, "division by zero");
		v = op == '*'	? (int64_t)((uint64_t)v * (uint64_t)w)
		    : op == '/' ? v / w
		    : op == '%' ? v % w
				: v & w;
	}
}

/* A blank ends the expression unless an operator comes next. */
static int64_t sum(struct eval *e)
{
	int64_t v = product(e), w;
	char op;

	for (;;) {
		skip(e);
		op = *e->at;
		if (!op || !strchr("+-|^", op) || e->failed)
			return v;
		e->at++;
		w = product(e);
		v = op == '+'	? (int64_t)((uint64_t)v + (uint64_t)w)
		    : op == '-' ? (int64_t)((uint64_t)v - (uint64_t)w)
		    : op == '|' ? v | w
				: v ^ w;
	}
}

int hmp_eval(struct machine *m, unsigned cpu, const char **s, int64_t *value,
	     struct error *err)
{
	struct eval e = {.m = m, .cpu = cpu, .at = *s, .err = err};

	*value = sum(&e);
	*s = e.at;
	return e.failed ? -EINVAL : 0;
}
