/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Motorola MC146818A real-time clock with 128 bytes of CMOS memory, as a PC
 * has it at ports 0x70 and 0x71 (data sheet ADI-1133): time in BCD or binary,
 * alarm, periodic and update-ended interrupts, SET, divider reset.
 *
 * Not modelled: daylight saving (DSE), the square-wave pin, the NMI mask in
 * bit 7 of the index.
 */
#include "hw/mc146818.h"

#include <string.h>
#include <time.h>

enum reg {
	REG_SECONDS,
	REG_SECONDS_ALARM,
	REG_MINUTES,
	REG_MINUTES_ALARM,
	REG_HOURS,
	REG_HOURS_ALARM,
	REG_WEEKDAY,
	REG_DAY,
	REG_MONTH,
	REG_YEAR,
	REG_A,
	REG_B,
	REG_C,
	REG_D
};

#define REG_CENTURY 0x32

#define A_UIP	    0x80u
#define A_DV	    0x70u
#define A_DV_RUN    0x20u
#define A_RS	    0x0fu
#define B_SET	    0x80u
#define B_PIE	    0x40u
#define B_AIE	    0x20u
#define B_UIE	    0x10u
#define B_DM	    0x04u /* binary */
#define B_24	    0x02u
#define C_IRQF	    0x80u
#define C_PF	    0x40u
#define C_AF	    0x20u
#define C_UF	    0x10u
#define D_VRT	    0x80u

#define HOUR_PM	    0x80u
#define ALARM_ANY   0xc0u /* both bits set: don't care */
#define INDEX_MASK  0x7fu
#define UIP_NS	    (244 * NS_PER_USEC)
#define PERIOD_HZ   32768u
#define YEAR_FIRST  1900
#define YEAR_LAST   2150
#define OWED_MAX    1000u /* what slew remembers at most */

#define HOUR_S	    3600
#define DAY_S	    (24 * HOUR_S)

/* Whole seconds; downwards, before 1970 too. */
static int64_t seconds_of(int64_t ns)
{
	return ns / NS_PER_SEC - (ns % NS_PER_SEC < 0);
}

static int64_t guest_now(const struct mc146818 *rtc)
{
	if (rtc->ram[REG_B] & B_SET || (rtc->ram[REG_A] & A_DV) != A_DV_RUN)
		return rtc->set_at;
	return clock_now(rtc->clock) + rtc->offset;
}

static bool halted(const struct mc146818 *rtc)
{
	return rtc->ram[REG_B] & B_SET || (rtc->ram[REG_A] & A_DV) != A_DV_RUN;
}

static uint8_t encode(const struct mc146818 *rtc, unsigned v)
{
	if (rtc->ram[REG_B] & B_DM)
		return (uint8_t)v;
	return (uint8_t)(v / 10 << 4 | v % 10);
}

static unsigned decode(const struct mc146818 *rtc, uint8_t v)
{
	if (rtc->ram[REG_B] & B_DM)
		return v;
	return (v >> 4) * 10u + (v & 15);
}

static uint8_t encode_hour(const struct mc146818 *rtc, unsigned hour)
{
	uint8_t pm = hour >= 12 ? HOUR_PM : 0;

	if (rtc->ram[REG_B] & B_24)
		return encode(rtc, hour);
	return encode(rtc, hour % 12 ? hour % 12 : 12) | pm;
}

static unsigned decode_hour(const struct mc146818 *rtc, uint8_t v)
{
	unsigned hour;

	if (rtc->ram[REG_B] & B_24)
		return decode(rtc, v);
	hour = decode(rtc, v & (uint8_t)~HOUR_PM) % 12;
	return v & HOUR_PM ? hour + 12 : hour;
}

static void store_time(struct mc146818 *rtc, int64_t ns)
{
	time_t seconds = seconds_of(ns);
	struct tm tm;
	int year;

	gmtime_r(&seconds, &tm);
	year = tm.tm_year + 1900;
	rtc->ram[REG_SECONDS] = encode(rtc, (unsigned)tm.tm_sec);
	rtc->ram[REG_MINUTES] = encode(rtc, (unsigned)tm.tm_min);
	rtc->ram[REG_HOURS] = encode_hour(rtc, (unsigned)tm.tm_hour);
	rtc->ram[REG_WEEKDAY] = encode(rtc, (unsigned)tm.tm_wday + 1);
	rtc->ram[REG_DAY] = encode(rtc, (unsigned)tm.tm_mday);
	rtc->ram[REG_MONTH] = encode(rtc, (unsigned)tm.tm_mon + 1);
	rtc->ram[REG_YEAR] = encode(rtc, (unsigned)year % 100);
	rtc->ram[REG_CENTURY] =
		(uint8_t)(year / 1000 % 10 << 4 | year / 100 % 10);
}

/* The registers' time in ns since 1970; what is out of range is wrapped. */
static int64_t load_time(const struct mc146818 *rtc)
{
	unsigned century = (rtc->ram[REG_CENTURY] >> 4) * 10u +
			   (rtc->ram[REG_CENTURY] & 15);
	int year = (int)(century * 100 + decode(rtc, rtc->ram[REG_YEAR]));
	struct tm tm = {
		.tm_sec = (int)decode(rtc, rtc->ram[REG_SECONDS]),
		.tm_min = (int)decode(rtc, rtc->ram[REG_MINUTES]),
		.tm_hour = (int)decode_hour(rtc, rtc->ram[REG_HOURS]),
		.tm_mday = (int)decode(rtc, rtc->ram[REG_DAY]),
		.tm_mon = (int)decode(rtc, rtc->ram[REG_MONTH]) - 1,
		.tm_year =
			(int)(century * 100 + decode(rtc, rtc->ram[REG_YEAR])) -
			1900,
	};

	/* 64 bits of nanoseconds reach no farther. */
	if (year < YEAR_FIRST)
		tm.tm_year = YEAR_FIRST - 1900;
	if (year > YEAR_LAST)
		tm.tm_year = YEAR_LAST - 1900;
	return timegm(&tm) * NS_PER_SEC;
}

static void update_irq(struct mc146818 *rtc)
{
	uint8_t pending =
		rtc->ram[REG_C] & rtc->ram[REG_B] & (C_PF | C_AF | C_UF);

	if (pending)
		rtc->ram[REG_C] |= C_IRQF;
	irq_set(&rtc->dev.irq[0], pending != 0);
}

static bool is_due(const struct mc146818 *rtc, enum reg alarm, uint8_t time)
{
	uint8_t v = rtc->ram[alarm];

	return (v & ALARM_ANY) == ALARM_ANY || v == time;
}

/* The first second after this one at which the alarm goes off, or never. */
static int64_t next_alarm(const struct mc146818 *rtc, int64_t after)
{
	int64_t t = after + 1, day;

	while (t <= after + DAY_S) {
		day = t % DAY_S + (t % DAY_S < 0 ? DAY_S : 0);
		if (!is_due(rtc, REG_HOURS_ALARM,
			    encode_hour(rtc, (unsigned)(day / HOUR_S))))
			t += HOUR_S - day % HOUR_S;
		else if (!is_due(rtc, REG_MINUTES_ALARM,
				 encode(rtc, (unsigned)(day / 60 % 60))))
			t += 60 - day % 60;
		else if (!is_due(rtc, REG_SECONDS_ALARM,
				 encode(rtc, (unsigned)(day % 60))))
			t++;
		else
			return t;
	}
	return INT64_MAX;
}

/* The flags of all seconds that have ended since the last look. */
static void catch_up(struct mc146818 *rtc)
{
	int64_t now = seconds_of(guest_now(rtc));

	if (halted(rtc) || now <= rtc->checked)
		return;
	rtc->ram[REG_C] |= C_UF;
	if (next_alarm(rtc, rtc->checked) <= now) {
		rtc->ram[REG_C] |= C_AF;
		if (rtc->ram[REG_B] & B_AIE)
			irq_pulse(&rtc->wakeup);
	}
	rtc->checked = now;
	update_irq(rtc);
}

/* Nobody is woken for a second that interrupts nobody. */
static void arm_second(struct mc146818 *rtc)
{
	int64_t next = INT64_MAX;

	if (!halted(rtc) && (rtc->ram[REG_B] & B_UIE))
		next = rtc->checked + 1;
	else if (!halted(rtc) && (rtc->ram[REG_B] & B_AIE))
		next = next_alarm(rtc, rtc->checked);
	if (next == INT64_MAX)
		timer_cancel(&rtc->second);
	else
		timer_set(&rtc->second, next * NS_PER_SEC - rtc->offset);
}

static void on_second(void *ctx)
{
	catch_up(ctx);
	arm_second(ctx);
}

/* The period in cycles of 32768 Hz, or 0 for none. */
static unsigned period(const struct mc146818 *rtc)
{
	unsigned rate = rtc->ram[REG_A] & A_RS;

	if (!rate || (rtc->ram[REG_A] & A_DV) > A_DV_RUN)
		return 0;
	return 1u << ((rate <= 2 ? rate + 7 : rate) - 1);
}

/* Periods are counted by the virtual clock, so that none is lost or long. */
static void arm_periodic(struct mc146818 *rtc)
{
	struct clock *virt = &rtc->dev.machine->virt;
	unsigned cycles = period(rtc);
	int64_t now;

	if (!cycles || !(rtc->ram[REG_B] & B_PIE)) {
		timer_cancel(&rtc->periodic);
		rtc->owed = 0;
		return;
	}
	now = muldiv64(clock_now(virt), PERIOD_HZ, NS_PER_SEC);
	timer_set(&rtc->periodic,
		  muldiv64((now / cycles + 1) * cycles, NS_PER_SEC, PERIOD_HZ) +
			  1);
}

static void on_periodic(void *ctx)
{
	struct mc146818 *rtc = ctx;

	if (rtc->slew && (rtc->ram[REG_C] & C_PF) && rtc->owed < OWED_MAX)
		rtc->owed++;
	rtc->ram[REG_C] |= C_PF;
	update_irq(rtc);
	arm_periodic(rtc);
}

static bool in_update(const struct mc146818 *rtc)
{
	int64_t now = guest_now(rtc);

	return !halted(rtc) && seconds_of(now + UIP_NS) != seconds_of(now);
}

static uint8_t read_c(struct mc146818 *rtc)
{
	uint8_t v;

	catch_up(rtc);
	v = rtc->ram[REG_C];
	rtc->ram[REG_C] = 0;
	update_irq(rtc);
	if (rtc->owed && (rtc->ram[REG_B] & B_PIE)) {
		rtc->owed--;
		rtc->ram[REG_C] |= C_PF;
		update_irq(rtc);
	}
	return v;
}

static uint64_t rtc_read(void *dev, uint64_t off, unsigned size)
{
	struct mc146818 *rtc = dev;

	if (off == 0)
		return UINT8_MAX; /* the index is for writing */
	switch (rtc->index) {
	case REG_A:
		return rtc->ram[REG_A] | (in_update(rtc) ? A_UIP : 0);
	case REG_C:
		return read_c(rtc);
	case REG_D:
		return D_VRT;
	default:
		if ((rtc->index <= REG_YEAR || rtc->index == REG_CENTURY) &&
		    !halted(rtc) && !(rtc->index & 1 && rtc->index < 6))
			store_time(rtc, guest_now(rtc));
		return rtc->ram[rtc->index];
	}
}

/* The time stands still from here on. */
static void halt(struct mc146818 *rtc)
{
	rtc->set_at = clock_now(rtc->clock) + rtc->offset;
	store_time(rtc, rtc->set_at);
}

static void restart(struct mc146818 *rtc, int64_t phase)
{
	rtc->offset = load_time(rtc) + phase - clock_now(rtc->clock);
	rtc->checked = seconds_of(guest_now(rtc));
}

static void write_a(struct mc146818 *rtc, uint8_t val)
{
	bool was = halted(rtc);

	catch_up(rtc);
	if (!was && (val & A_DV) != A_DV_RUN)
		halt(rtc);
	rtc->ram[REG_A] = val & (uint8_t)~A_UIP;
	/* The first update comes half a second after the divider starts. */
	if (was && !halted(rtc))
		restart(rtc, NS_PER_SEC / 2);
	arm_second(rtc);
	arm_periodic(rtc);
}

static void write_b(struct mc146818 *rtc, uint8_t val)
{
	bool was = halted(rtc);

	catch_up(rtc);
	if (!was && (val & B_SET))
		halt(rtc);
	if (val & B_SET)
		val &= (uint8_t)~B_UIE;
	rtc->ram[REG_B] = val;
	if (was && !halted(rtc))
		restart(rtc, rtc->set_at % NS_PER_SEC);
	else if (!halted(rtc))
		store_time(rtc, guest_now(rtc)); /* in the new form */
	arm_second(rtc);
	arm_periodic(rtc);
	update_irq(rtc);
}

/* A part of the time is set while the clock runs. */
static void write_time(struct mc146818 *rtc, unsigned reg, uint8_t val)
{
	int64_t now = guest_now(rtc);

	if (halted(rtc)) {
		rtc->ram[reg] = val;
		return;
	}
	catch_up(rtc);
	store_time(rtc, now);
	rtc->ram[reg] = val;
	restart(rtc, now % NS_PER_SEC);
	arm_second(rtc);
}

static void rtc_write(void *dev, uint64_t off, uint64_t val, unsigned size)
{
	struct mc146818 *rtc = dev;
	uint8_t v = (uint8_t)val;

	if (off == 0) {
		rtc->index = v & INDEX_MASK;
		return;
	}
	switch (rtc->index) {
	case REG_A:
		write_a(rtc, v);
		break;
	case REG_B:
		write_b(rtc, v);
		break;
	case REG_C:
	case REG_D:
		break;
	case REG_SECONDS_ALARM:
	case REG_MINUTES_ALARM:
	case REG_HOURS_ALARM:
		catch_up(rtc);
		rtc->ram[rtc->index] = v;
		arm_second(rtc);
		break;
	default:
		if (rtc->index <= REG_YEAR || rtc->index == REG_CENTURY)
			write_time(rtc, rtc->index, v);
		else
			rtc->ram[rtc->index] = v;
	}
}

static const struct bus_ops ops = {
	.read = rtc_read,
	.write = rtc_write,
	.max = 1,
};

static const struct device_region regions[] = {
	{"rtc", &ops, 2},
	{.name = NULL},
};

void mc146818_set_base(struct mc146818 *rtc, struct clock *clock,
		       int64_t start_ns)
{
	rtc->clock = clock;
	rtc->offset = start_ns - clock_now(clock);
	rtc->checked = seconds_of(start_ns);
}

void mc146818_set_cmos(struct mc146818 *rtc, unsigned addr, uint8_t val)
{
	rtc->ram[addr % MC146818_RAM] = val;
}

static int init(struct device *dev, struct error *err)
{
	struct mc146818 *rtc = (struct mc146818 *)dev;

	if (!rtc->clock)
		mc146818_set_base(rtc, &dev->machine->host,
				  clock_now(&dev->machine->host));
	timer_init(&rtc->second, rtc->clock, on_second, rtc);
	timer_init(&rtc->periodic, &dev->machine->virt, on_periodic, rtc);
	rtc->ram[REG_A] = A_DV_RUN | 6;
	rtc->ram[REG_B] = B_24;
	store_time(rtc, guest_now(rtc));
	return 0;
}

/* The battery keeps time and memory; interrupts are off. */
static void reset(struct device *dev)
{
	struct mc146818 *rtc = (struct mc146818 *)dev;

	catch_up(rtc);
	rtc->ram[REG_B] &= (uint8_t) ~(B_PIE | B_AIE | B_UIE);
	rtc->ram[REG_C] = 0;
	rtc->owed = 0;
	arm_second(rtc);
	arm_periodic(rtc);
	update_irq(rtc);
}

static void fini(struct device *dev)
{
	struct mc146818 *rtc = (struct mc146818 *)dev;

	timer_cancel(&rtc->second);
	timer_cancel(&rtc->periodic);
}

static const struct state_field fields[] = {
	{STATE_ARR(STATE_U8, struct mc146818, ram)},
	{STATE_ELEM(STATE_U8, struct mc146818, index), .hi = MC146818_RAM - 1},
	{STATE_ELEM(STATE_U64, struct mc146818, offset)},
	{STATE_ELEM(STATE_U64, struct mc146818, set_at)},
	{STATE_ELEM(STATE_U64, struct mc146818, checked)},
	{STATE_ELEM(STATE_U32, struct mc146818, owed), .hi = OWED_MAX},
	{.kind = STATE_END},
};

static void restored(void *dev)
{
	arm_second(dev);
	arm_periodic(dev);
	update_irq(dev);
}

static const struct state_desc state = {.name = "mc146818",
					.version = 1,
					.fields = fields,
					.restored = restored};

const struct device_class mc146818_class = {
	.name = "mc146818rtc",
	.desc = "Real-time clock",
	.bus = DEVICE_ISA,
	.size = sizeof(struct mc146818),
	.state = &state,
	.regions = regions,
	.init = init,
	.reset = reset,
	.fini = fini,
};
