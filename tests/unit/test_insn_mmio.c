/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finished instructions whose operand is no memory, or only in part. */
#include <string.h>

#include "tests/unit/insn_world.h"
#include "tests/unit/unit.h"
#include "vmm/endian.h"

struct mmio_insn {
	const char *name;
	uint8_t code[8], len;
	unsigned size; /* of the operand */
	bool write;
};

#define B(...) \
	.code = {__VA_ARGS__}, .len = sizeof((const uint8_t[]){__VA_ARGS__})

/* Through XMM1 or RAX and back. */
static const struct mmio_insn insns[] = {
	{.name = "movups", B(0x0f, 0x11, 0x0f), .size = 16, .write = true},
	{.name = "movups", B(0x0f, 0x10, 0x0f), .size = 16},
	{.name = "movaps", B(0x0f, 0x29, 0x0f), .size = 16, .write = true},
	{.name = "movdqa", B(0x66, 0x0f, 0x6f, 0x0f), .size = 16},
	{.name = "movss", B(0xf3, 0x0f, 0x11, 0x0f), .size = 4, .write = true},
	{.name = "movsd", B(0xf2, 0x0f, 0x10, 0x0f), .size = 8},
	{.name = "movd", B(0x66, 0x0f, 0x7e, 0x0f), .size = 4, .write = true},
	{.name = "movq", B(0xf3, 0x0f, 0x7e, 0x0f), .size = 8},
	{.name = "movnti", B(0x0f, 0xc3, 0x07), .size = 4, .write = true},
	{.name = "movbe", B(0x0f, 0x38, 0xf0, 0x07), .size = 4},
	{.name = "vmovdqu",
	 B(0xc5, 0xfe, 0x7f, 0x0f),
	 .size = 32,
	 .write = true},
	{.name = "vmovdqu", B(0xc5, 0xfe, 0x6f, 0x0f), .size = 32},
	{.name = "vmovups", B(0xc5, 0xfc, 0x10, 0x0f), .size = 32},
};

static void set_xmm1(struct world *w)
{
	unsigned i;

	store_le64(w->xsave + 512, 7);
	for (i = 0; i < 16; i++) {
		w->xsave[160 + 16 + i] = (uint8_t)(0x40 + i);
		w->xsave[w->layout.part[2].offset + 16 + i] =
			(uint8_t)(0x50 + i);
	}
	w->cpu.regs.rax = 0x43424140;
}

START_TEST(devices_see_each_byte_once)
{
	const struct mmio_insn *in;
	unsigned chunks, i;
	struct world w;
	size_t n;

	for (n = 0; n < sizeof(insns) / sizeof(*insns); n++) {
		in = &insns[n];
		chunks = (in->size + 7) / 8;
		world_init(&w, WORLD_64, 3);
		set_xmm1(&w);
		for (i = 0; i < 32 && !in->write; i++)
			w.mmio[i] = (uint8_t)(0x80 + i);
		w.cpu.regs.rdi = WORLD_MMIO_GVA;
		ck_assert_msg(world_run(&w, in->code, in->len) == INSN_DONE,
			      "%s", in->name);
		ck_assert_uint_eq(in->write ? w.mmio_writes : w.mmio_reads,
				  chunks);
		ck_assert_uint_eq(in->write ? w.mmio_reads : w.mmio_writes, 0);
		for (i = 0; i < in->size && in->write; i++)
			ck_assert_uint_eq(w.mmio[i], 0x40 + i);
		world_fini(&w);
	}
}
END_TEST

START_TEST(what_was_read_arrives)
{
	static const uint8_t vmovdqu[] = {0xc5, 0xfe, 0x6f, 0x0f};
	struct world w;
	unsigned i;

	world_init(&w, WORLD_64, 3);
	for (i = 0; i < 32; i++)
		w.mmio[i] = (uint8_t)(0x80 + i);
	w.cpu.regs.rdi = WORLD_MMIO_GVA;
	ck_assert_int_eq(world_run(&w, vmovdqu, 4), INSN_DONE);
	for (i = 0; i < 16; i++) {
		ck_assert_uint_eq(w.xsave[176 + i], 0x80 + i);
		ck_assert_uint_eq(w.xsave[w.layout.part[2].offset + 16 + i],
				  0x90 + i);
	}
	world_fini(&w);
}
END_TEST

/* Half in memory, half in a device. */
START_TEST(an_operand_that_is_both)
{
	static const uint8_t movups[] = {0x0f, 0x11, 0x0f};
	struct world w;
	unsigned i;

	world_init(&w, WORLD_64, 3);
	set_xmm1(&w);
	w.cpu.regs.rdi = WORLD_MMIO_GVA - 5;
	ck_assert_int_eq(world_run(&w, movups, 3), INSN_DONE);
	for (i = 0; i < 5; i++)
		ck_assert_uint_eq(w.ram->host[WORLD_MMIO_GVA - 5 + i],
				  0x40 + i);
	for (; i < 16; i++)
		ck_assert_uint_eq(w.mmio[i - 5], 0x40 + i);
	world_fini(&w);
}
END_TEST

START_TEST(exchange_with_a_device)
{
	static const uint8_t cmpxchg[] = {0xf0, 0x48, 0x0f, 0xc7, 0x0f};
	struct world w;

	world_init(&w, WORLD_64, 3);
	w.cpu.regs.rdi = WORLD_MMIO_GVA;
	w.cpu.regs.rbx = 5;
	w.cpu.regs.rcx = 6;
	ck_assert_int_eq(world_run(&w, cmpxchg, 5), INSN_DONE);
	ck_assert_uint_eq(w.cpu.regs.rflags & 0x40, 0x40);
	ck_assert_uint_eq(w.mmio[0], 5);
	ck_assert_uint_eq(w.mmio[8], 6);
	w.cpu.regs.rip = WORLD_CODE;
	ck_assert_int_eq(world_run(&w, cmpxchg, 5), INSN_DONE);
	ck_assert_uint_eq(w.cpu.regs.rflags & 0x40, 0);
	ck_assert_uint_eq(w.cpu.regs.rax, 5);
	ck_assert_uint_eq(w.cpu.regs.rdx, 6);
	world_fini(&w);
}
END_TEST

/* Such as the local APIC, which KVM keeps to itself. */
START_TEST(a_device_that_cannot_be_reached)
{
	static const uint8_t movups[] = {0x0f, 0x11, 0x0f};
	struct kvm_regs regs;
	struct world w;

	world_init(&w, WORLD_64, 3);
	w.cpu.regs.rdi = WORLD_MMIO_GVA + sizeof(w.mmio);
	regs = w.cpu.regs;
	ck_assert_int_eq(world_run(&w, movups, 3), INSN_UNKNOWN);
	ck_assert(!memcmp(&regs, &w.cpu.regs, sizeof(regs)));
	world_fini(&w);
}
END_TEST

UNIT_MAIN("insn_mmio", devices_see_each_byte_once, what_was_read_arrives,
	  an_operand_that_is_both, exchange_with_a_device,
	  a_device_that_cannot_be_reached)
