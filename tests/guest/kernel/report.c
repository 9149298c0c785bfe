/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel that reports on the serial port how it was booted, a fact a line,
 * and powers off; for the tests.  32-bit, freestanding, position-independent.
 */
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

enum { KIND_MULTIBOOT = 1, KIND_PVH, KIND_LINUX32, KIND_LINUX64 };

enum { CMOS_INDEX = 0x70, CMOS_DATA = 0x71, CMOS_BOOTS = 0x7e };
enum { COM1 = 0x3f8, PCI_ADDR = 0xcf8, PCI_DATA = 0xcfc, PM1_CNT = 0x604 };

#define LOADED	   0x600dda7a
#define SLP_EN	   0x2000
#define SLP_TYP_S3 0x0400
#define WAKE_PLACE 0x70000
#define MB1_MAGIC  0x2badb002
#define MB2_MAGIC  0x36d76289
#define PVH_MAGIC  0x336ec578

static void outb(u16 port, u8 val)
{
	__asm__ volatile("outb %0, %1" : : "a"(val), "Nd"(port));
}

static u8 inb(u16 port)
{
	u8 val;

	__asm__ volatile("inb %1, %0" : "=a"(val) : "Nd"(port));
	return val;
}

static void outw(u16 port, u16 val)
{
	__asm__ volatile("outw %0, %1" : : "a"(val), "Nd"(port));
}

static void outl(u16 port, u32 val)
{
	__asm__ volatile("outl %0, %1" : : "a"(val), "Nd"(port));
}

static u32 inl(u16 port)
{
	u32 val;

	__asm__ volatile("inl %1, %0" : "=a"(val) : "Nd"(port));
	return val;
}

static void put(char c)
{
	while (!(inb(COM1 + 5) & 0x20))
		;
	outb(COM1, (u8)c);
}

static void text(const char *s)
{
	while (*s)
		put(*s++);
}

static void hex(u64 val)
{
	int shift = 60;

	while (shift && !(val >> shift))
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		put("0123456789abcdef"[val >> shift & 15]);
}

/* " name=1f" */
static void say(const char *name, u64 val)
{
	put(' ');
	text(name);
	put('=');
	hex(val);
}

static u32 read32(u32 addr)
{
	/* The compiler takes low addresses for mistakes. */
	__asm__("" : "+r"(addr));
	return *(const volatile u32 *)addr;
}

static u64 read64(u32 addr)
{
	return read32(addr) | (u64)read32(addr + 4) << 32;
}

static u8 read8(u32 addr)
{
	return *(const volatile u8 *)addr;
}

/* Few bytes of a large thing: ring 0 may be slow. */
static u32 sum(u32 addr, u32 len)
{
	u32 n = 0, i, step = len > 65536 ? len / 1024 | 1 : 1;

	for (i = 0; i < len; i += step)
		n = n * 31 + read8(addr + i);
	return n;
}

static u8 sum8(u32 addr, u32 len)
{
	u8 n = 0;

	while (len--)
		n = (u8)(n + read8(addr++));
	return n;
}

static const char *cmdline = "";

static void line(const char *name, const char *value)
{
	if (name[0] == 'c')
		cmdline = value;
	text(name);
	put('=');
	text(value);
	put('\n');
}

static void range(u64 base, u64 len, u32 type)
{
	text("e820");
	say("base", base);
	say("len", len);
	say("type", type);
	put('\n');
}

static void module(u32 base, u32 len, const char *args)
{
	text("module");
	say("base", base);
	say("len", len);
	say("sum", sum(base, len));
	text(" text=");
	text(args);
	put('\n');
}

static u32 facs;

static void table(u32 addr)
{
	int i;

	text("table ");
	for (i = 0; i < 4; i++)
		put((char)read8(addr + i));
	say("addr", addr);
	say("len", read32(addr + 4));
	say("sum8", sum8(addr, read32(addr + 4)));
	put('\n');
}

static void report_rsdp(u32 told)
{
	u32 addr, i, n, xsdt;

	for (addr = 0xe0000; addr < 0x100000; addr += 16)
		if (read32(addr) == 0x20445352 &&
		    read32(addr + 4) == 0x20525450)
			break;
	text("rsdp");
	say("told", told);
	say("found", addr);
	if (addr == 0x100000) {
		put('\n');
		return;
	}
	say("sum8", sum8(addr, 20));
	say("xsum8", sum8(addr, read32(addr + 20)));
	put('\n');
	xsdt = read32(addr + 24);
	table(xsdt);
	n = (read32(xsdt + 4) - 36) / 8;
	for (i = 0; i < n && i < 16; i++) {
		table(read32(xsdt + 36 + 8 * i));
		if (read32(read32(xsdt + 36 + 8 * i)) == 0x50434146) {
			facs = read32(read32(xsdt + 36 + 8 * i) + 36);
			table(read32(read32(xsdt + 36 + 8 * i) + 40));
		}
	}
}

static void report_smbios(void)
{
	u32 addr;

	for (addr = 0xf0000; addr < 0x100000; addr += 16)
		if (read32(addr) == 0x5f4d535f && !sum8(addr, read8(addr + 5)))
			break;
	text("smbios");
	say("anchor", addr);
	if (addr < 0x100000) {
		say("sum8", sum8(addr + 16, 15));
		say("type", read8(read32(addr + 0x18)));
	}
	put('\n');
}

static u32 config(u32 devfn, u32 reg)
{
	outl(PCI_ADDR, 0x80000000 | devfn << 8 | reg);
	return inl(PCI_DATA);
}

static void report_pci(void)
{
	u32 devfn, bar;

	for (devfn = 0; devfn < 40; devfn++) {
		if (config(devfn, 0) == 0xffffffff)
			continue;
		text("pci");
		say("devfn", devfn);
		say("id", config(devfn, 0));
		say("command", config(devfn, 4) & 0xffff);
		say("irq", config(devfn, 0x3c) & 0xffff);
		for (bar = 0; bar < 6; bar++)
			if (config(devfn, 0x10 + 4 * bar)) {
				text(" bar");
				hex(bar);
				put('=');
				hex(config(devfn, 0x10 + 4 * bar));
			}
		put('\n');
	}
	text("chipset");
	say("pirq", config(8, 0x60));
	say("pmbase", config(11, 0x40));
	say("pmregs", config(11, 0x80) & 0xff);
	say("pam", config(0, 0x58) >> 8);
	say("elcr", inb(0x4d0) | inb(0x4d1) << 8);
	say("ebda", read32(0x40e) & 0xffff);
	say("baseram", read32(0x413) & 0xffff);
	put('\n');
}

static void report_multiboot1(u32 info)
{
	u32 flags = read32(info), at, i;

	text("multiboot1");
	say("flags", flags);
	say("lower", read32(info + 4));
	say("upper", read32(info + 8));
	put('\n');
	line("cmdline", (const char *)read32(info + 16));
	line("loader", (const char *)read32(info + 64));
	for (i = 0, at = read32(info + 24); i < read32(info + 20); i++)
		module(read32(at + 16 * i),
		       read32(at + 16 * i + 4) - read32(at + 16 * i),
		       (const char *)read32(at + 16 * i + 8));
	for (at = read32(info + 48), i = 0; i < read32(info + 44);
	     i += read32(at + i) + 4)
		range(read64(at + i + 4), read64(at + i + 12),
		      read32(at + i + 20));
}

static void report_tag(u32 tag)
{
	u32 size = read32(tag + 4), at;

	switch (read32(tag)) {
	case 1:
		line("cmdline", (const char *)(tag + 8));
		break;
	case 2:
		line("loader", (const char *)(tag + 8));
		break;
	case 3:
		module(read32(tag + 8), read32(tag + 12) - read32(tag + 8),
		       (const char *)(tag + 16));
		break;
	case 4:
		text("multiboot2");
		say("lower", read32(tag + 8));
		say("upper", read32(tag + 12));
		put('\n');
		break;
	case 6:
		for (at = 16; at < size; at += read32(tag + 8))
			range(read64(tag + at), read64(tag + at + 8),
			      read32(tag + at + 16));
		break;
	case 15:
		text("rsdptag");
		say("sum8", sum8(tag + 8, size - 8));
		put('\n');
		break;
	case 21:
		text("loaded");
		say("base", read32(tag + 8));
		put('\n');
		break;
	default:
		break;
	}
}

static void report_multiboot2(u32 info)
{
	u32 tag;

	for (tag = info + 8; read32(tag); tag += (read32(tag + 4) + 7) & ~7u)
		report_tag(tag);
}

static u32 report_pvh(u32 info)
{
	u32 i, at = read32(info + 40);

	text("pvh");
	say("magic", read32(info));
	say("version", read32(info + 4));
	put('\n');
	line("cmdline", (const char *)read32(info + 24));
	for (i = 0; i < read32(info + 12); i++)
		module(read32(read32(info + 16) + 32 * i),
		       read32(read32(info + 16) + 32 * i + 8), "");
	for (i = 0; i < read32(info + 48); i++)
		range(read64(at + 24 * i), read64(at + 24 * i + 8),
		      read32(at + 24 * i + 16));
	return read32(info + 32);
}

static u32 report_linux(u32 params)
{
	u32 i, at = params + 0x2d0;

	text("linux");
	say("header", read32(params + 0x202));
	say("loader", read8(params + 0x210));
	say("isvga", read8(params + 0x0f));
	put('\n');
	line("cmdline", (const char *)read32(params + 0x228));
	if (read32(params + 0x21c))
		module(read32(params + 0x218), read32(params + 0x21c), "");
	for (i = 0; i < read8(params + 0x1e8); i++)
		range(read64(at + 20 * i), read64(at + 20 * i + 8),
		      read32(at + 20 * i + 16));
	return read32(params + 0x70);
}

/* How often: in CMOS memory, since firmware clears RAM on its way. */
static u32 count_boots(void)
{
	u8 boots;

	outb(CMOS_INDEX, CMOS_BOOTS);
	boots = inb(CMOS_DATA) + 1;
	outb(CMOS_DATA, boots);
	return boots;
}

static int has_word(const char *s, const char *word)
{
	const char *a, *b;

	for (; *s; s++) {
		for (a = s, b = word; *b && *a == *b; a++, b++)
			;
		if (!*b)
			return 1;
	}
	return 0;
}

/* Goes to S3; what runs then says W and powers off. */
static void suspend(void)
{
	static const u8 code[] = {
		0xba, 0xf8, 0x03, 0xb0, 'W',  0xee, /* mov, mov, out */
		0xba, 0x04, 0x06, 0xb8, 0x00, SLP_EN >> 8, 0xef, 0xf4,
	};
	volatile u8 *at = (volatile u8 *)WAKE_PLACE;
	u32 i;

	for (i = 0; i < sizeof(code); i++)
		at[i] = code[i];
	*(volatile u32 *)(facs + 12) = WAKE_PLACE;
	outw(PM1_CNT, SLP_EN | SLP_TYP_S3);
}

void report(u32 kind, u32 eax, u32 ebx)
{
	/* Both must be as in the image again after a reset. */
	static volatile u32 dirt, loaded = LOADED;
	u32 rsdp = 0, boots = count_boots();

	text("\nreport");
	say("kind", kind);
	say("eax", eax);
	say("boots", boots);
	say("bss", dirt++);
	say("data", loaded++);
	put('\n');
	if (kind == KIND_MULTIBOOT && eax == MB1_MAGIC)
		report_multiboot1(ebx);
	else if (kind == KIND_MULTIBOOT && eax == MB2_MAGIC)
		report_multiboot2(ebx);
	else if (kind == KIND_PVH && read32(ebx) == PVH_MAGIC)
		rsdp = report_pvh(ebx);
	else if (kind == KIND_LINUX32 || kind == KIND_LINUX64)
		rsdp = report_linux(ebx);
	report_rsdp(rsdp);
	report_smbios();
	report_pci();
	text("end\n");
	if (has_word(cmdline, "suspend"))
		suspend();
	else if (boots == 1)
		outb(0xcf9, 6);
	else
		outw(PM1_CNT, SLP_EN);
	for (;;)
		__asm__ volatile("hlt");
}
