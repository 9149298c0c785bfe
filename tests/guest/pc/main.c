/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest that says on the serial line what machine it finds.  The command in
 * its second sector is the letter or letters of what to do; "done" ends it.
 */
#include "io.h"
#include "layout.h"

#define LINE_READY   0x20

#define PCI_ADDRESS  0xcf8
#define PCI_DATA     0xcfc

#define APIC_ICR_LOW 0xfee00300u
#define ICR_OTHERS   0xc0000u
#define ICR_INIT     0x4500u
#define ICR_SIPI     0x4600u

/* ACPI 6.4, 5.2; SLP_TYP of S3 as the DSDT has it, and SLP_EN. */
#define RSDP_RSDT     16
#define TABLE_LEN     4
#define TABLE_HEADER  36
#define FADT_FACS     36
#define FADT_PM1A_CNT 64
#define FACS_VECTOR   12
#define PM1_S3	      (1u << 10 | 1u << 13)

#define RTC_INDEX     0x70
#define RTC_DATA      0x71
#define RTC_SECOND    0

#define CR0_PG_WP     0x80010000u
#define CR4_PAE	      0x20u
#define CR4_PGE	      0x80u
#define CR4_OSFXSR    0x200u
#define MSR_EFER      0xc0000080u
#define EFER_LME      UINT64_C(0x100)
#define EFER_NXE      UINT64_C(0x800)

/* Bits of a page table's entry. */
#define P  1u
#define RW 2u
#define US 4u
#define WT 8u
#define CD 0x10u
#define A  0x20u
#define D  0x40u
#define PS 0x80u
#define G  0x100u
#define NX (UINT64_C(1) << 63)

extern const char resume[];

__attribute__((section(".command"))) const char command[COMMAND_LEN] = "m";

static void put(char c)
{
	while (!(in8(COM1 + 5) & LINE_READY))
		;
	out8(COM1, (uint8_t)c);
}

void say(const char *s)
{
	for (; *s; s++)
		put(*s);
}

void say_hex(uint64_t v, unsigned digits)
{
	while (digits--)
		put("0123456789abcdef"[v >> 4 * digits & 15]);
}

static void memory(void)
{
	uint32_t n = *(volatile uint32_t *)MAP_COUNT, i;

	for (i = 0; i < n; i++) {
		const volatile uint32_t *e =
			(const volatile uint32_t *)(MAP + i * MAP_ENTRY);

		say("map ");
		say_hex((uint64_t)e[1] << 32 | e[0], 16);
		say(" ");
		say_hex((uint64_t)e[3] << 32 | e[2], 16);
		say(" ");
		say_hex(e[4], 1);
		say("\r\n");
	}
}

static uint8_t second(void)
{
	out8(RTC_INDEX, RTC_SECOND);
	return in8(RTC_DATA);
}

void wait_second(void)
{
	uint8_t now = second();

	while (second() == now)
		;
}

static void processors(void)
{
	volatile uint32_t *icr = (volatile uint32_t *)APIC_ICR_LOW;
	volatile uint32_t *count = (volatile uint32_t *)AP_COUNT;

	*count = 0;
	*icr = ICR_OTHERS | ICR_INIT;
	wait_second();
	*icr = ICR_OTHERS | ICR_SIPI | AP_START >> 12;
	wait_second();
	wait_second();
	say("processors ");
	say_hex(*count + 1, 2);
	say("\r\n");
}

static void cpuid(uint32_t leaf, uint32_t sub, uint32_t r[4])
{
	__asm__ volatile("cpuid"
			 : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3])
			 : "a"(leaf), "c"(sub));
}

static void cpuids(void)
{
	static const uint32_t leaves[] = {0, 1, 0x40000000, 0x80000000,
					  0x80000002};
	uint32_t r[4];
	unsigned i, j;

	for (i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++) {
		cpuid(leaves[i], 0, r);
		say("cpuid ");
		say_hex(leaves[i], 8);
		for (j = 0; j < 4; j++) {
			say(" ");
			say_hex(r[j], 8);
		}
		say("\r\n");
	}
}

uint32_t config(unsigned devfn, unsigned at)
{
	out32(PCI_ADDRESS, 0x80000000u | devfn << 8 | at);
	return in32(PCI_DATA);
}

static void pci(void)
{
	unsigned devfn;

	for (devfn = 0; devfn < 256; devfn++) {
		uint32_t id = config(devfn, 0);

		if ((id & 0xffff) == 0xffff)
			continue;
		say("pci ");
		say_hex(devfn >> 3, 2);
		say(".");
		say_hex(devfn & 7, 1);
		say(" ");
		say_hex(id & 0xffff, 4);
		say(":");
		say_hex(id >> 16, 4);
		say(" ");
		say_hex(config(devfn, 8) >> 8, 6);
		say("\r\n");
	}
}

/* Everything identity-mapped, with one of each kind of page. */
static const uint64_t kinds[] = {
	P | RW,	    P,		 P | RW | US, P | US,	      0,
	P | RW | G, P | RW | CD, P | RW | WT, P | RW | A | D, P | RW | US | NX,
};

#define NKINDS (sizeof(kinds) / sizeof(kinds[0]))

static void fill(uint64_t *table, uint64_t base, uint64_t step, uint64_t bits)
{
	unsigned i;

	for (i = 0; i < 512; i++)
		table[i] = (base + i * step) | bits;
}

/* 4 KiB pages from 4 MiB on, each kind twice. */
static void fill_small(uint64_t *table)
{
	unsigned i;

	for (i = 0; i < 2 * NKINDS; i++)
		table[i] = (0x400000 + i * 4096) | kinds[i / 2];
}

static void turn_on(uint32_t cr3)
{
	__asm__ volatile("movl %0, %%cr4" : : "r"(CR4_PAE | CR4_PGE));
	__asm__ volatile("movl %0, %%cr3" : : "r"(cr3));
	__asm__ volatile("wrmsr" : : "c"(MSR_EFER), "A"(EFER_LME | EFER_NXE));
	__asm__ volatile("movl %%cr0, %%eax; orl %0, %%eax;"
			 "movl %%eax, %%cr0; jmp 1f; 1:"
			 :
			 : "i"(CR0_PG_WP)
			 : "eax");
}

static void clear(void *p, unsigned n)
{
	uint32_t *w = p;

	for (n /= 4; n; n--)
		*w++ = 0;
}

/*
 * Long mode, with 32-bit code: where ring 0 is emulated there is no other
 * paging.
 */
static void long_mode(void)
{
	uint64_t *top = (uint64_t *)TABLES;
	uint64_t *second = top + 512, *dir = top + 1024, *table = top + 1536;

	clear(top, 20480);
	top[0] = TABLES + 4096 + (P | RW | US);
	top[511] = TABLES + 4096 + (P | RW);
	second[0] = TABLES + 8192 + (P | RW | US);
	second[510] = TABLES + 8192 + (P | RW);
	second[1] = 0x40000000 | P | RW | PS;
	fill(dir, 0, 0x200000, P | RW | PS);
	dir[2] = TABLES + 12288 + (P | RW | US);
	dir[5] = 0;
	fill_small(table);
	turn_on(TABLES);
}

static int is_named(const uint8_t *p, const char *name)
{
	for (; *name; p++, name++)
		if (*p != (uint8_t)*name)
			return 0;
	return 1;
}

static const uint8_t *find_rsdp(void)
{
	const uint8_t *p = (const uint8_t *)0xe0000;

	for (; p < (const uint8_t *)0x100000; p += 16)
		if (is_named(p, "RSD PTR "))
			return p;
	return 0;
}

static uint32_t load32(const uint8_t *p)
{
	return *(const volatile uint32_t *)p;
}

/* The table with this signature, by way of the RSDT. */
static uint8_t *find_table(const char *name)
{
	const uint8_t *rsdp = find_rsdp(), *rsdt, *table;
	uint32_t at;

	if (!rsdp)
		return 0;
	rsdt = (const uint8_t *)load32(rsdp + RSDP_RSDT);
	for (at = TABLE_HEADER; at < load32(rsdt + TABLE_LEN); at += 4) {
		table = (const uint8_t *)load32(rsdt + at);
		if (is_named(table, name))
			return (uint8_t *)table;
	}
	return 0;
}

/* To S3, and to the boot sector's resume afterwards. */
static void sleep(void)
{
	uint8_t *fadt = find_table("FACP"), *facs;

	if (!fadt)
		return;
	facs = (uint8_t *)load32(fadt + FADT_FACS);
	*(volatile uint32_t *)(facs + FACS_VECTOR) = (uint32_t)resume;
	say("sleeping\r\n");
	out16((uint16_t)load32(fadt + FADT_PM1A_CNT), PM1_S3);
}

/* Arithmetic that nobody finishes where KVM's emulator runs ring 0. */
static void vectors(void)
{
	say("vectors\r\n");
	__asm__ volatile("movl %%cr4, %%eax; orl %0, %%eax; movl %%eax, %%cr4;"
			 "addps %%xmm0, %%xmm1"
			 :
			 : "i"(CR4_OSFXSR)
			 : "eax");
}

static const struct {
	char letter;
	void (*run)(void);
} commands[] = {
	{'m', memory},	{'s', processors},   {'c', cpuids},
	{'p', pci},	{'l', long_mode},    {'h', hpet},
	{'d', dma},	{'t', test_devices}, {'z', sleep},
	{'v', vectors}, {'b', boot_order},
};

void main(void)
{
	unsigned i, j;

	for (i = 0; i < COMMAND_LEN && command[i]; i++)
		for (j = 0; j < sizeof(commands) / sizeof(commands[0]); j++)
			if (commands[j].letter == command[i])
				commands[j].run();
	say("done\r\n");
}
