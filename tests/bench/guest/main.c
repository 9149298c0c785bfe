/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line: settings as name=value, which stay until they are changed,
 * and "run", which does what was set and says how it went on one line.
 */
#include "guest.h"

#define INFO_CMDLINE 4u /* of the flags */
#define RAM_BUFFERS  16384u /* KiB above 1 MiB that are not for data */
#define NS_PER_MS    1000000u

/* PIT: channel 2, whose gate and output are in port 61h. */
#define PIT_CONTROL 0x43
#define PIT_2	    0x42
#define PIT_MODE    0xb0 /* channel 2, both bytes, mode 0 */
#define PIT_HZ	    1193182u
#define PORT_B	    0x61
#define GATE	    1
#define OUTPUT	    0x20
#define COUNT	    0xffffu

/* Multiboot 0.6.96, 3.3. */
struct multiboot {
	uint32_t flags, mem_lower, mem_upper, boot_device, cmdline;
};

static struct disk disk;
static uint64_t khz;

void main(const struct multiboot *info);

uint64_t clock_khz(void)
{
	uint64_t begin;

	if (khz)
		return khz;
	out8(PORT_B, (in8(PORT_B) & 0xfc) | GATE);
	out8(PIT_CONTROL, PIT_MODE);
	out8(PIT_2, COUNT & 0xff);
	out8(PIT_2, COUNT >> 8);
	begin = now();
	while (!(in8(PORT_B) & OUTPUT))
		;
	khz = (now() - begin) * PIT_HZ / COUNT / 1000;
	return khz;
}

static const char *const ops[] = {
	[RANDREAD] = "randread", [RANDWRITE] = "randwrite", [READ] = "read",
	[WRITE] = "write",	 [MIXED] = "mixed",	    [VERIFY] = "verify",
	[SEND] = "send",	 [RECEIVE] = "receive",	    [DRAW] = "draw",
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
	const char *name;
	size_t at;
	bool in_thousandths;
} settings[] = {
	{"bs", offsetof(struct load, bs), false},
	{"depth", offsetof(struct load, depth), false},
	{"queues", offsetof(struct load, queues), false},
	{"seconds", offsetof(struct load, milliseconds), true},
	{"size", offsetof(struct load, size), false},
	{"seed", offsetof(struct load, seed), false},
	{"device", offsetof(struct load, device), false},
	{"width", offsetof(struct load, width), false},
	{"height", offsetof(struct load, height), false},
	{"pause", offsetof(struct load, pause), true},
};

static bool ends(char c)
{
	return !c || c == ' ';
}

/* What follows the prefix, or NULL. */
static const char *after(const char *word, const char *prefix)
{
	while (*prefix)
		if (*word++ != *prefix++)
			return NULL;
	return word;
}

/* With K, M or G; thousandths may have a point. */
static bool number(const char *s, bool in_thousandths, uint64_t *v)
{
	uint64_t n = 0, unit = in_thousandths ? 1000 : 1;
	bool point = false;

	if (ends(*s))
		return false;
	for (; (*s >= '0' && *s <= '9') || (*s == '.' && in_thousandths); s++) {
		if (*s == '.')
			point = true;
		else
			n = n * 10 + (uint64_t)(*s - '0');
		if (point && *s != '.')
			unit /= 10;
	}
	if (!in_thousandths && (*s == 'K' || *s == 'M' || *s == 'G'))
		unit = UINT64_C(1) << (*s == 'K'   ? 10
				       : *s == 'M' ? 20
						   : 30),
		s++;
	*v = n * unit;
	return ends(*s);
}

static bool set_op(struct load *l, const char *value)
{
	const char *rest;
	unsigned i;

	for (i = 0; i < COUNT_OF(ops); i++) {
		rest = after(value, ops[i]);
		if (rest && ends(*rest)) {
			l->op = (enum op)i;
			return true;
		}
	}
	return false;
}

static bool set(struct load *l, const char *word)
{
	const char *value = after(word, "op=");
	unsigned i;

	if (value)
		return set_op(l, value);
	for (i = 0; i < COUNT_OF(settings); i++) {
		value = after(word, settings[i].name);
		if (value && *value == '=')
			return number(value + 1, settings[i].in_thousandths,
				      (uint64_t *)((char *)l + settings[i].at));
	}
	return false;
}

static void check(struct load *l, const struct multiboot *info)
{
	uint64_t room = info->mem_upper;

	if (!l->size || l->size > disk.sectors * SECTOR)
		l->size = disk.sectors * SECTOR;
	if (!l->bs || l->bs % SECTOR || l->bs > l->size || !l->depth ||
	    !l->queues || !l->seed)
		fail("the settings make no sense");
	room = room > RAM_BUFFERS ? (room - RAM_BUFFERS) * 1024 : 0;
	if (l->bs * l->depth * l->queues > room)
		fail("the machine has too little memory for the data");
}

static uint64_t nanoseconds(uint64_t ticks)
{
	return ticks / khz * NS_PER_MS + ticks % khz * NS_PER_MS / khz;
}

static void say_load(const char *what, const struct load *l)
{
	say(what);
	say(" op=");
	say(ops[l->op]);
	say_number("bs", l->bs);
	say_number("depth", l->depth);
	say_number("queues", l->queues);
}

static bool is_net(const struct load *l)
{
	return l->op == SEND || l->op == RECEIVE;
}

static void say_result(const struct load *l, const struct result *res)
{
	uint64_t kicks = 0;
	unsigned i;

	for (i = 0; i < disk.nqueues; i++)
		kicks += disk.queue[i].kicks;
	if (is_net(l))
		kicks = net_kicks();
	say_load("result", l);
	say_number("ios", res->ios);
	say_number("bytes", res->bytes);
	say_number("errors", res->errors);
	say_number("kicks", kicks);
	say_number("tsc", res->ticks);
	say_number("khz", clock_khz());
	say_number("ns", nanoseconds(res->ticks));
	if (l->op != VERIFY && !is_net(l) && res->ios) {
		say_number("min", nanoseconds(res->min));
		say_number("avg", nanoseconds(res->sum / res->ios));
		say_number("p50", nanoseconds(load_percentile(res, 50)));
		say_number("p99", nanoseconds(load_percentile(res, 99)));
		say_number("max", nanoseconds(res->max));
	}
	say("\n");
}

static void run_net(const struct load *l)
{
	struct result res = {.min = UINT64_MAX};

	clock_khz();
	say_load("begin", l);
	say("\n");
	net_run(l, &res);
	say_result(l, &res);
}

static void run(struct load l, const struct multiboot *info)
{
	struct result res = {.min = UINT64_MAX};
	unsigned i;

	if (l.queues > QUEUES_MAX)
		fail("so many queues are not driven");
	disk_open(&disk, (unsigned)l.device, (unsigned)l.queues);
	for (i = 0; i < disk.nqueues; i++)
		disk.queue[i].kicks = 0;
	check(&l, info);
	load_prepare(&disk, &l);
	clock_khz();
	say_load("begin", &l);
	say("\n");
	if (l.op == VERIFY)
		verify_run(&disk, &l, &res);
	else
		load_run(&disk, &l, &res);
	say_result(&l, &res);
}

void main(const struct multiboot *info)
{
	struct load l = {.op = RANDREAD,
			 .bs = 4096,
			 .depth = 1,
			 .queues = 1,
			 .seed = 1,
			 .milliseconds = 1000};
	const char *at = (const char *)(uintptr_t)info->cmdline, *rest;

	if (!(info->flags & INFO_CMDLINE))
		fail("there is no command line");
	/* The first word is the kernel's name. */
	while (!ends(*at))
		at++;
	for (; *at; at = rest) {
		while (*at == ' ')
			at++;
		for (rest = at; !ends(*rest); rest++)
			;
		if (rest == at)
			break;
		if (after(at, "run") == rest && l.op == DRAW)
			draw_run(&l);
		else if (after(at, "run") == rest && is_net(&l))
			run_net(&l);
		else if (after(at, "run") == rest)
			run(l, info);
		else if (!set(&l, at))
			fail("a word of the command line is unknown");
	}
	say("done\n");
	end(0);
}
