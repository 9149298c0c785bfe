/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * High-precision event timers: IA-PC HPET Specification 1.0a.  One block of
 * three timers, all of 64 bits and all able to be periodic, with a counter of
 * 100 MHz, legacy replacement routing, and messages if the property msi is
 * set.
 *
 * A comparator that is written a little too late is taken as met at once: on
 * a virtual machine time goes on between a guest's reading the counter and
 * its writing the comparator, and few guests look whether they were in time.
 *
 * Not modelled: accesses that the specification leaves undefined (2.3.2, by
 * less than 32 bits or misaligned), whose writes are dropped; periods shorter
 * than MIN_PERIOD_NS, of which only every so many are seen.
 */
#include "hw/hpet.h"

/* Section 2.3.3 and following; timer n's block is at TIMER + n * its size. */
#define REG_ID	       0x000
#define REG_CONFIG     0x010
#define REG_STATUS     0x020
#define REG_COUNTER    0x0f0
#define REG_TIMER      0x100
#define TIMER_SIZE     0x020
#define TIMER_CONFIG   0x00
#define TIMER_COMPARE  0x08
#define TIMER_MESSAGE  0x10
#define REGION_SIZE    0x400
#define REG_BYTES      8u

#define ID_REVISION    UINT64_C(0x01)
#define ID_TIMERS(n)   ((uint64_t)((n)-1) << 8)
#define ID_64BIT       (UINT64_C(1) << 13)
#define ID_LEGACY      (UINT64_C(1) << 15)
#define ID_VENDOR      (UINT64_C(0x8086) << 16)
#define ID_PERIOD(fs)  ((uint64_t)(fs) << 32)

#define CONFIG_ENABLE  (UINT64_C(1) << 0)
#define CONFIG_LEGACY  (UINT64_C(1) << 1)
#define CONFIG_MASK    (CONFIG_ENABLE | CONFIG_LEGACY)

#define TN_LEVEL       (UINT64_C(1) << 1)
#define TN_ENABLE      (UINT64_C(1) << 2)
#define TN_PERIODIC    (UINT64_C(1) << 3)
#define TN_CAN_PERIOD  (UINT64_C(1) << 4)
#define TN_CAN_64BIT   (UINT64_C(1) << 5)
#define TN_SET	       (UINT64_C(1) << 6)
#define TN_32BIT       (UINT64_C(1) << 8)
#define TN_ROUTE_SHIFT 9
#define TN_ROUTE       (UINT64_C(0x1f) << TN_ROUTE_SHIFT)
#define TN_MESSAGE     (UINT64_C(1) << 14)
#define TN_CAN_MESSAGE (UINT64_C(1) << 15)
#define TN_PINS_SHIFT  32
#define TN_WRITABLE \
	(TN_LEVEL | TN_ENABLE | TN_PERIODIC | TN_SET | TN_32BIT | TN_ROUTE)

#define TICK_NS	      10
#define TICK_FS	      10000000
#define NEVER	      UINT64_MAX
#define MIN_PERIOD_NS (50 * NS_PER_USEC)

/* Where timers 0 and 1 go in legacy replacement mode (2.3.5). */
static const uint8_t legacy_pins[] = {0, 8};

static bool running(const struct hpet *h)
{
	return h->config & CONFIG_ENABLE;
}

static bool is_legacy(const struct hpet *h)
{
	return h->config & CONFIG_LEGACY;
}

static uint64_t counter(const struct hpet *h)
{
	int64_t past;

	if (!running(h))
		return h->counter;
	past = clock_now(&h->dev.machine->virt) - h->since;
	return h->counter + (uint64_t)(past / TICK_NS);
}

/* The values that the timer compares: all ones of its width. */
static uint64_t width(const struct hpet_timer *t)
{
	return t->config & TN_32BIT ? UINT32_MAX : UINT64_MAX;
}

static bool is_periodic(const struct hpet_timer *t)
{
	return (t->config & TN_PERIODIC) && t->period;
}

/* Ticks from now until the comparator is met. */
static uint64_t distance(const struct hpet_timer *t, uint64_t now)
{
	uint64_t ticks = (t->comparator - now) & width(t);

	if (ticks > width(t) / 2 && (t->fresh || is_periodic(t)))
		return 0; /* just missed */
	if (ticks == 0 && !t->fresh && !is_periodic(t))
		return width(t) == UINT32_MAX ? UINT64_C(1) << 32 : NEVER;
	return ticks;
}

/* When the counter is at now and ticks later, or -1 if that is out of reach. */
static int64_t deadline(const struct hpet *h, uint64_t now, uint64_t ticks)
{
	uint64_t past = now - h->counter;
	uint64_t most = (uint64_t)(INT64_MAX - h->since) / TICK_NS;

	if (past > most || ticks > most - past)
		return -1;
	return h->since + (int64_t)(past + ticks) * TICK_NS;
}

static void arm(struct hpet_timer *t, uint64_t now)
{
	struct hpet *h = t->hpet;
	int64_t soonest = clock_now(&h->dev.machine->virt) + MIN_PERIOD_NS;
	int64_t at = deadline(h, now, distance(t, now));

	/* Without an interrupt or a status bit there is nothing to see. */
	if (!running(h) || !(t->config & (TN_ENABLE | TN_LEVEL)) || at < 0) {
		timer_cancel(&t->timer);
		return;
	}
	if (is_periodic(t) && !t->fresh && at < soonest)
		at = soonest;
	timer_set(&t->timer, at);
}

static void arm_all(struct hpet *h)
{
	uint64_t now = counter(h);
	unsigned i;

	for (i = 0; i < HPET_TIMERS; i++)
		arm(&h->timer[i], now);
}

/* The pin of the timer's interrupt, or HPET_PINS for none. */
static unsigned pin_of(const struct hpet_timer *t)
{
	unsigned route = (unsigned)((t->config & TN_ROUTE) >> TN_ROUTE_SHIFT);

	if (is_legacy(t->hpet) && t->n < sizeof(legacy_pins))
		return legacy_pins[t->n];
	return t->hpet->pins >> route & 1 ? route : HPET_PINS;
}

static uint32_t wanted_levels(const struct hpet *h)
{
	uint32_t levels = 0;
	unsigned i;

	for (i = 0; i < HPET_TIMERS && running(h); i++)
		if ((h->status >> i & 1) && (h->timer[i].config & TN_ENABLE) &&
		    pin_of(&h->timer[i]) < HPET_PINS)
			levels |= UINT32_C(1) << pin_of(&h->timer[i]);
	return levels;
}

static void update_pins(struct hpet *h)
{
	uint32_t levels = wanted_levels(h), changed = levels ^ h->levels;
	unsigned i;

	h->levels = levels;
	for (i = 0; i < HPET_PINS; i++)
		if (changed >> i & 1)
			irq_set(&h->dev.irq[i], levels >> i & 1);
}

static void pulse(struct hpet *h, unsigned pin)
{
	if (pin < HPET_PINS && !(h->levels >> pin & 1))
		irq_pulse(&h->dev.irq[pin]);
}

static void interrupt(struct hpet_timer *t)
{
	struct hpet *h = t->hpet;

	if (t->config & TN_MESSAGE) {
		if ((t->config & TN_ENABLE) && h->send)
			h->send(h->send_ctx, t->message >> 32,
				(uint32_t)t->message);
	} else if (t->config & TN_LEVEL) {
		h->status |= UINT64_C(1) << t->n;
		update_pins(h);
	} else if (t->config & TN_ENABLE) {
		pulse(h, pin_of(t));
	}
}

/* Moves a periodic comparator on to the first value after now. */
static void advance(struct hpet_timer *t, uint64_t now)
{
	uint64_t past = (now - t->comparator) & width(t);

	t->comparator += (past / t->period + 1) * t->period;
	t->comparator &= width(t);
}

static void on_timer(void *ctx)
{
	struct hpet_timer *t = ctx;
	uint64_t now = counter(t->hpet);

	t->fresh = false;
	if (is_periodic(t))
		advance(t, now);
	interrupt(t);
	arm(t, now);
}

/* The PIT and the RTC are cut off for as long as timers stand for them. */
static void set_legacy(struct hpet *h)
{
	irq_set(&h->legacy, is_legacy(h));
	irq_set(&h->rtc_out, !is_legacy(h) && h->rtc_level);
}

static bool rtc_set(void *ctx, unsigned n, bool level)
{
	struct hpet *h = ctx;

	h->rtc_level = level;
	return is_legacy(h) || irq_set(&h->rtc_out, level);
}

struct irq hpet_rtc_input(struct hpet *hpet)
{
	return (struct irq){.set = rtc_set, .ctx = hpet};
}

static void write_config(struct hpet *h, uint64_t val)
{
	uint64_t changed = (h->config ^ val) & CONFIG_MASK;

	h->counter = counter(h);
	h->since = clock_now(&h->dev.machine->virt);
	h->config = val & CONFIG_MASK;
	if (changed & CONFIG_LEGACY)
		set_legacy(h);
	arm_all(h);
	update_pins(h);
}

static uint64_t timer_read(const struct hpet_timer *t, unsigned reg)
{
	const struct hpet *h = t->hpet;

	switch (reg) {
	case TIMER_CONFIG:
		return t->config | TN_CAN_PERIOD | TN_CAN_64BIT |
		       (h->msi ? TN_CAN_MESSAGE : 0) |
		       (uint64_t)h->pins << TN_PINS_SHIFT;
	case TIMER_COMPARE:
		return t->comparator;
	case TIMER_MESSAGE:
		return t->message;
	default:
		return 0;
	}
}

static void write_timer_config(struct hpet_timer *t, uint64_t val)
{
	struct hpet *h = t->hpet;
	uint64_t mask = TN_WRITABLE | (h->msi ? TN_MESSAGE : 0);
	uint64_t route = (val & TN_ROUTE) >> TN_ROUTE_SHIFT;

	/* A route that is not there does not read back (2.3.8). */
	if (!(h->pins >> route & 1))
		mask &= ~TN_ROUTE;
	t->config = (t->config & ~mask) | (val & mask);
	t->comparator &= width(t);
	t->period &= width(t);
	if (!(t->config & TN_LEVEL))
		h->status &= ~(UINT64_C(1) << t->n);
	arm(t, counter(h));
	update_pins(h);
}

/*
 * Section 2.3.9.2.2: a periodic timer's period, and with TN_SET, which is good
 * for one write, the comparator as well.
 */
static void write_comparator(struct hpet_timer *t, uint64_t val, uint64_t mask)
{
	mask &= width(t);
	if (!(t->config & TN_PERIODIC) || (t->config & TN_SET)) {
		t->comparator = (t->comparator & ~mask) | (val & mask);
		t->fresh = true;
	}
	if (t->config & TN_PERIODIC)
		t->period = ((t->period & ~mask) | (val & mask)) & width(t) / 2;
	t->config &= ~TN_SET;
	arm(t, counter(t->hpet));
}

/* mask has the bits that are written. */
static void timer_write(struct hpet_timer *t, unsigned reg, uint64_t val,
			uint64_t mask)
{
	switch (reg) {
	case TIMER_CONFIG:
		write_timer_config(t, (t->config & ~mask) | (val & mask));
		break;
	case TIMER_COMPARE:
		write_comparator(t, val, mask);
		break;
	case TIMER_MESSAGE:
		if (t->hpet->msi)
			t->message = (t->message & ~mask) | (val & mask);
		break;
	default:
		break;
	}
}

static struct hpet_timer *timer_at(struct hpet *h, uint64_t reg)
{
	uint64_t n = (reg - REG_TIMER) / TIMER_SIZE;

	return reg >= REG_TIMER && n < HPET_TIMERS ? &h->timer[n] : NULL;
}

static uint64_t read_register(struct hpet *h, uint64_t reg)
{
	const struct hpet_timer *t = timer_at(h, reg);

	if (t)
		return timer_read(t, reg % TIMER_SIZE);
	switch (reg) {
	case REG_ID:
		return ID_REVISION | ID_TIMERS(HPET_TIMERS) | ID_64BIT |
		       ID_LEGACY | ID_VENDOR | ID_PERIOD(TICK_FS);
	case REG_CONFIG:
		return h->config;
	case REG_STATUS:
		return h->status;
	case REG_COUNTER:
		return counter(h);
	default:
		return 0;
	}
}

static void write_register(struct hpet *h, uint64_t reg, uint64_t val,
			   uint64_t mask)
{
	struct hpet_timer *t = timer_at(h, reg);

	if (t) {
		timer_write(t, reg % TIMER_SIZE, val, mask);
		return;
	}
	switch (reg) {
	case REG_CONFIG:
		write_config(h, (h->config & ~mask) | (val & mask));
		break;
	case REG_STATUS:
		h->status &= ~(val & mask);
		update_pins(h);
		break;
	case REG_COUNTER: /* only while it stands still (2.3.7) */
		if (!running(h))
			h->counter = (h->counter & ~mask) | (val & mask);
		break;
	default:
		break;
	}
}

static uint64_t hpet_read(void *dev, uint64_t off, unsigned size)
{
	uint64_t reg = off & ~(uint64_t)(REG_BYTES - 1);

	return read_register(dev, reg) >> 8 * (off - reg);
}

static void hpet_write(void *dev, uint64_t off, uint64_t val, unsigned size)
{
	uint64_t reg = off & ~(uint64_t)(REG_BYTES - 1);
	unsigned shift = 8 * (unsigned)(off - reg);

	if (off % size)
		return;
	if (size == REG_BYTES)
		write_register(dev, reg, val, UINT64_MAX);
	else if (size == REG_BYTES / 2)
		write_register(dev, reg, val << shift,
			       (uint64_t)UINT32_MAX << shift);
}

static const struct bus_ops ops = {
	.read = hpet_read,
	.write = hpet_write,
	.max = REG_BYTES,
};

static const struct device_region regions[] = {
	{"hpet", &ops, REGION_SIZE},
	{.name = NULL},
};

static int init(struct device *dev, struct error *err)
{
	struct hpet *h = (struct hpet *)dev;
	unsigned i;

	for (i = 0; i < HPET_TIMERS; i++) {
		h->timer[i].hpet = h;
		h->timer[i].n = i;
		timer_init(&h->timer[i].timer, &dev->machine->virt, on_timer,
			   &h->timer[i]);
	}
	return 0;
}

static void reset(struct device *dev)
{
	struct hpet *h = (struct hpet *)dev;
	unsigned i;

	for (i = 0; i < HPET_TIMERS; i++) {
		h->timer[i].config = 0;
		h->timer[i].comparator = UINT64_MAX;
		h->timer[i].period = 0;
		h->timer[i].message = 0;
		h->timer[i].fresh = false;
	}
	h->config = 0;
	h->status = 0;
	h->counter = 0;
	arm_all(h);
	set_legacy(h);
	update_pins(h);
}

static void fini(struct device *dev)
{
	struct hpet *h = (struct hpet *)dev;
	unsigned i;

	for (i = 0; i < HPET_TIMERS; i++)
		timer_cancel(&h->timer[i].timer);
}

static const struct opt_desc opts[] = {
	{.name = "msi",
	 .type = OPT_BOOL,
	 .offset = offsetof(struct hpet, msi),
	 .dflt = "off",
	 .help = "whether timers can send messages"},
	{.name = "hpet-intcap",
	 .type = OPT_U32,
	 .offset = offsetof(struct hpet, pins),
	 .max = (1 << HPET_PINS) - 1,
	 .dflt = "4",
	 .help = "the I/O APIC's pins that timers may use, a bit each"},
	{.type = OPT_END},
};

static const struct state_field timer_fields[] = {
	{STATE_ELEM(STATE_U64, struct hpet_timer, config)},
	{STATE_ELEM(STATE_U64, struct hpet_timer, comparator)},
	{STATE_ELEM(STATE_U64, struct hpet_timer, period)},
	{STATE_ELEM(STATE_U64, struct hpet_timer, message)},
	{STATE_ELEM(STATE_BOOL, struct hpet_timer, fresh)},
	{STATE_ELEM(STATE_TIMER, struct hpet_timer, timer)},
	{.kind = STATE_END},
};

static const struct state_field fields[] = {
	{STATE_ELEM(STATE_U64, struct hpet, config), .hi = CONFIG_MASK},
	{STATE_ELEM(STATE_U64, struct hpet, status),
	 .hi = (1 << HPET_TIMERS) - 1},
	{STATE_ELEM(STATE_U64, struct hpet, counter)},
	{STATE_ELEM(STATE_U64, struct hpet, since), .hi = INT64_MAX},
	{STATE_ELEM(STATE_BOOL, struct hpet, rtc_level)},
	{STATE_ARR(STATE_STRUCT, struct hpet, timer), .sub = timer_fields},
	{.kind = STATE_END},
};

static void restored(void *dev)
{
	set_legacy(dev);
	update_pins(dev);
}

static const struct state_desc state = {.name = "hpet",
					.version = 1,
					.fields = fields,
					.restored = restored};

const struct device_class hpet_class = {
	.name = "hpet",
	.desc = "High-precision event timers",
	.bus = DEVICE_SYSTEM,
	.size = sizeof(struct hpet),
	.opts = opts,
	.state = &state,
	.regions = regions,
	.init = init,
	.reset = reset,
	.fini = fini,
};
