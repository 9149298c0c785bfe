/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What firmware finds in a PC's CMOS memory, and the clock's beginning. */
#ifndef HW_CMOS_H
#define HW_CMOS_H

#include "hw/mc146818.h"

struct config;
struct i82078;
struct pc_memory;
struct rtc_conf;
struct boot_conf;

/* Before the clock starts: base and clock of -rtc. */
void cmos_set_clock(struct mc146818 *rtc, const struct rtc_conf *conf);
/* Memory sizes, floppy drives, boot order, number of vCPUs. */
void cmos_fill(struct mc146818 *rtc, const struct config *conf,
	       const struct pc_memory *mem, const struct i82078 *fdc);
/* What to boot from: the first time, or again, when once= is over. */
void cmos_set_boot_order(struct mc146818 *rtc, const struct boot_conf *boot,
			 bool again);
/* The code that tells firmware to resume from S3 after the reset. */
void cmos_set_resume(struct mc146818 *rtc);

#endif
