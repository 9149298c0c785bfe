/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What firmware finds in a PC's CMOS memory.  The PC/AT's places are in the
 * IBM PC/AT Technical Reference; those above 0x38 are what SeaBIOS reads.
 */
#include "hw/cmos.h"

#include <string.h>
#include <time.h>

#include "hw/i82078.h"
#include "hw/pc_memory.h"
#include "vmm/config.h"

enum cmos {
	CMOS_SHUTDOWN = 0x0f,
	CMOS_FLOPPY = 0x10,
	CMOS_EQUIPMENT = 0x14,
	CMOS_BASE_LOW = 0x15, /* KiB below 1 MiB */
	CMOS_EXT_LOW = 0x17, /* KiB above 1 MiB */
	CMOS_EXT2_LOW = 0x30, /* the same */
	CMOS_16M_LOW = 0x34, /* 64 KiB units above 16 MiB */
	CMOS_BOOT_1 = 0x38, /* third drive, and no floppy check */
	CMOS_BOOT_2 = 0x3d, /* first and second drive */
	CMOS_HIGH = 0x5b, /* 64 KiB units above 4 GiB, three bytes */
	CMOS_CPUS = 0x5f /* less one */
};

#define SHUTDOWN_RESUME	   0xfeu
#define EQUIPMENT_FLOPPY   0x01u
#define EQUIPMENT_FLOPPIES 0x40u /* a second one */
#define EQUIPMENT_FPU	   0x02u
#define EQUIPMENT_PS2	   0x04u
#define NO_FLOPPY_CHECK	   0x01u
#define DEFAULT_ORDER	   "cad"
#define KIB		   1024u
#define MIB		   (UINT64_C(1) << 20)
#define UNIT		   (UINT64_C(64) << 10)

static void set16(struct mc146818 *rtc, unsigned addr, uint64_t val)
{
	if (val > UINT16_MAX)
		val = UINT16_MAX;
	mc146818_set_cmos(rtc, addr, (uint8_t)val);
	mc146818_set_cmos(rtc, addr + 1, (uint8_t)(val >> 8));
}

static void fill_memory(struct mc146818 *rtc, const struct pc_memory *mem)
{
	uint64_t low = mem->below_4g, ext = 0, above_16m = 0;
	uint64_t high = mem->above_4g / UNIT;

	if (low > MIB)
		ext = (low - MIB) / KIB;
	if (low > 16 * MIB)
		above_16m = (low - 16 * MIB) / UNIT;
	set16(rtc, CMOS_BASE_LOW, low / KIB < 640 ? low / KIB : 640);
	set16(rtc, CMOS_EXT_LOW, ext);
	set16(rtc, CMOS_EXT2_LOW, ext);
	set16(rtc, CMOS_16M_LOW, above_16m);
	mc146818_set_cmos(rtc, CMOS_HIGH, (uint8_t)high);
	mc146818_set_cmos(rtc, CMOS_HIGH + 1, (uint8_t)(high >> 8));
	mc146818_set_cmos(rtc, CMOS_HIGH + 2, (uint8_t)(high >> 16));
}

/* SeaBIOS's numbers for drives. */
static uint8_t boot_code(const char *order, unsigned n)
{
	static const struct {
		char letter;
		uint8_t code;
	} codes[] = {{'a', 1}, {'b', 1}, {'c', 2}, {'d', 3}, {'n', 4}};
	size_t i;

	if (strlen(order) <= n)
		return 0;
	for (i = 0; i < sizeof(codes) / sizeof(*codes); i++)
		if (codes[i].letter == order[n])
			return codes[i].code;
	return 0;
}

void cmos_set_boot_order(struct mc146818 *rtc, const struct boot_conf *boot,
			 bool again)
{
	const char *order = boot->once && !again ? boot->once : boot->order;
	unsigned check = boot->no_floppy_check ? NO_FLOPPY_CHECK : 0;

	if (!order)
		order = DEFAULT_ORDER;
	mc146818_set_cmos(rtc, CMOS_BOOT_2,
			  (uint8_t)(boot_code(order, 1) << 4 |
				    boot_code(order, 0)));
	mc146818_set_cmos(rtc, CMOS_BOOT_1,
			  (uint8_t)(boot_code(order, 2) << 4 | check));
}

/* Types of the floppy drives, and how many there are. */
static void fill_drives(struct mc146818 *rtc, const struct i82078 *fdc)
{
	unsigned a = i82078_drive_type(fdc, 0), b = i82078_drive_type(fdc, 1);
	uint8_t equipment = EQUIPMENT_FPU | EQUIPMENT_PS2;

	if (a || b)
		equipment |= EQUIPMENT_FLOPPY;
	if (a && b)
		equipment |= EQUIPMENT_FLOPPIES;
	mc146818_set_cmos(rtc, CMOS_FLOPPY, (uint8_t)(a << 4 | b));
	mc146818_set_cmos(rtc, CMOS_EQUIPMENT, equipment);
}

void cmos_fill(struct mc146818 *rtc, const struct config *conf,
	       const struct pc_memory *mem, const struct i82078 *fdc)
{
	fill_memory(rtc, mem);
	fill_drives(rtc, fdc);
	cmos_set_boot_order(rtc, &conf->boot, false);
	mc146818_set_cmos(rtc, CMOS_CPUS, (uint8_t)(conf->smp.cpus - 1));
}

void cmos_set_resume(struct mc146818 *rtc)
{
	mc146818_set_cmos(rtc, CMOS_SHUTDOWN, SHUTDOWN_RESUME);
}

void cmos_set_clock(struct mc146818 *rtc, const struct rtc_conf *conf)
{
	struct machine *m = rtc->dev.machine;
	struct clock *const clocks[] = {
		[RTC_CLOCK_HOST] = &m->host,
		[RTC_CLOCK_RT] = &m->realtime,
		[RTC_CLOCK_VM] = &m->virt,
	};
	time_t now = clock_now(&m->host) / NS_PER_SEC;
	int64_t start = clock_now(&m->host);
	struct tm tm;

	if (conf->dated) {
		start = conf->start * NS_PER_SEC;
	} else if (conf->localtime) {
		localtime_r(&now, &tm);
		start += tm.tm_gmtoff * NS_PER_SEC;
	}
	rtc->slew = conf->driftfix;
	mc146818_set_base(rtc, clocks[conf->clock], start);
}
