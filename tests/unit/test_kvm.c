/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vCPUs on the host's KVM, with guests of a few real-mode instructions. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "tests/unit/unit.h"
#include "vmm/kvm.h"
#include "vmm/machine.h"
#include "vmm/vcpu.h"

#define RAM_SIZE   (1u << 20)
#define CODE	   0x7c00
#define HANDLER	   0x7c40
#define ROM_SIZE   0x1000u
#define RESET_PAGE UINT64_C(0xfffff000)
#define TURNS	   500 /* of 10 ms */
#define PORT	   0x510
#define DONE_PORT  0x500
#define BELL_PORT  0x520
#define MMIO	   UINT64_C(0xa0000)
#define MMIO_SIZE  0x20000u
#define MSI_ADDR   UINT64_C(0xfee00000)

struct guest {
	struct machine m;
	struct ram_block *ram, *rom;
	struct gmem_map low, hole, top;
	struct bus_region port, done, mmio;
	uint64_t last_write, last_mmio;
	unsigned reads, mmio_writes, dones;
};

static uint64_t port_read(void *dev, uint64_t off, unsigned size)
{
	struct guest *g = dev;

	return 0x40 + g->reads++;
}

static void port_write(void *dev, uint64_t off, uint64_t val, unsigned size)
{
	struct guest *g = dev;

	g->last_write = val;
}

static void done_write(void *dev, uint64_t off, uint64_t val, unsigned size)
{
	struct guest *g = dev;

	g->dones++;
	machine_request_exit(&g->m, 0);
}

static void mmio_write_op(void *dev, uint64_t off, uint64_t val, unsigned size)
{
	struct guest *g = dev;

	g->last_mmio = val;
	g->mmio_writes++;
}

static const struct bus_ops port_ops = {.read = port_read, .write = port_write};
static const struct bus_ops done_ops = {.write = done_write};
static const struct bus_ops mmio_ops = {.write = mmio_write_op};

static void make_memory(struct guest *g, const uint8_t *code, size_t len)
{
	static const uint8_t jump[] = {0xea, CODE & 0xff, CODE >> 8, 0, 0};
	struct error err = {0};

	g->ram = gmem_block_new(&g->m.gmem, "ram", RAM_SIZE, &err);
	g->rom = gmem_block_new(&g->m.gmem, "rom", ROM_SIZE, &err);
	memcpy(g->ram->host + CODE, code, len);
	memcpy(g->rom->host + 0xff0, jump, sizeof(jump));
	ck_assert(!gmem_map(&g->m.gmem, &g->low, 0, g->ram, 0, RAM_SIZE,
			    GMEM_RAM, 0, &err));
	ck_assert(!gmem_map(&g->m.gmem, &g->hole, MMIO, NULL, 0, MMIO_SIZE,
			    GMEM_HOLE, 1, &err));
	ck_assert(!gmem_map(&g->m.gmem, &g->top, RESET_PAGE, g->rom, 0,
			    ROM_SIZE, GMEM_ROM, 0, &err));
}

static void guest_init(struct guest *g, const uint8_t *code, size_t len,
		       unsigned cpus)
{
	struct kvm_cpuid2 *cpuid;
	struct error err = {0};
	unsigned i;

	memset(g, 0, sizeof(*g));
	ck_assert(!machine_init(&g->m, &err));
	g->m.loop = loop_new(&g->m.lock, &err);
	ck_assert_msg(!kvm_open(&g->m, &err), "%s", err.msg);
	make_memory(g, code, len);
	ck_assert_msg(!kvm_create_irqchip(g->m.kvm, &err), "%s", err.msg);
	bus_map(&g->m.io, &g->port, "port", PORT, 4, 0, &port_ops, g, &err);
	bus_map(&g->m.io, &g->done, "done", DONE_PORT, 1, 0, &done_ops, g,
		&err);
	bus_map(&g->m.mem, &g->mmio, "mmio", MMIO, MMIO_SIZE, 0, &mmio_ops, g,
		&err);
	cpuid = kvm_supported_cpuid(g->m.kvm, &err);
	for (i = 0; i < cpus; i++) {
		struct vcpu_setup setup = {.apic_id = i, .cpuid = cpuid};

		ck_assert_msg(!vcpu_create(&g->m, &setup, &err), "%s", err.msg);
	}
	free(cpuid);
	ck_assert(!vcpus_start(&g->m, &err));
}

static void guest_cont(struct guest *g)
{
	machine_lock(&g->m);
	ck_assert(!machine_cont(&g->m, NULL));
	machine_unlock(&g->m);
}

static void guest_stop(struct guest *g)
{
	machine_lock(&g->m);
	machine_stop(&g->m, RUN_STATE_PAUSED);
	machine_unlock(&g->m);
}

static void wait_done(struct guest *g)
{
	unsigned i;

	for (i = 0; i < TURNS && !g->m.exiting; i++)
		loop_turn(g->m.loop, 10);
	ck_assert_msg(g->m.exiting, "the guest did not come to its end");
}

static void guest_fini(struct guest *g)
{
	vcpus_destroy(&g->m);
	kvm_close(&g->m);
	loop_free(g->m.loop);
	machine_fini(&g->m);
}

static void guest_run(struct guest *g, const uint8_t *code, size_t len)
{
	guest_init(g, code, len, 1);
	guest_cont(g);
	wait_done(g);
}

/* mov dx, port; */
#define SET_DX(port) 0xba, (port)&0xff, (port) >> 8
/* out dx, al; hlt */
#define OUT_DONE SET_DX(DONE_PORT), 0xee, 0xf4

START_TEST(port_io)
{
	/* in al, dx; inc al; out dx, al */
	static const uint8_t code[] = {SET_DX(PORT), 0xec, 0xfe,
				       0xc0,	     0xee, OUT_DONE};
	struct guest g;

	guest_run(&g, code, sizeof(code));
	ck_assert_uint_eq(g.reads, 1);
	ck_assert_uint_eq(g.last_write, 0x41);
	guest_fini(&g);
}
END_TEST

START_TEST(string_io)
{
	/* cld; mov si, CODE; mov cx, 8; rep outsb */
	static const uint8_t code[] = {0xfc, 0xbe, CODE & 0xff, CODE >> 8,
				       0xb9, 8,	   0,		SET_DX(PORT),
				       0xf3, 0x6e, OUT_DONE};
	struct guest g;

	guest_run(&g, code, sizeof(code));
	ck_assert_uint_eq(g.last_write, code[7]);
	guest_fini(&g);
}
END_TEST

/* mov ax, 0xa000; mov ds, ax; mov word [0x10], 0xbeef */
#define STORE_MMIO 0xb8, 0, 0xa0, 0x8e, 0xd8, 0xc7, 0x06, 0x10, 0, 0xef, 0xbe

START_TEST(memory_mapped_io)
{
	static const uint8_t code[] = {STORE_MMIO, OUT_DONE};
	struct guest g;

	guest_run(&g, code, sizeof(code));
	ck_assert_uint_eq(g.last_mmio, 0xbeef);
	guest_fini(&g);
}
END_TEST

START_TEST(coalesced_writes_come_before_the_next_access)
{
	static const uint8_t code[] = {STORE_MMIO, OUT_DONE};
	struct guest g;

	guest_init(&g, code, sizeof(code), 1);
	ck_assert(!kvm_coalesce(g.m.kvm, false, MMIO, MMIO_SIZE));
	guest_cont(&g);
	wait_done(&g);
	ck_assert_uint_eq(g.mmio_writes, 1);
	ck_assert_uint_eq(g.last_mmio, 0xbeef);
	guest_fini(&g);
}
END_TEST

START_TEST(writes_to_rom_are_dropped)
{
	/* ds = 0xf000; mov byte [0xff5], 0x99; mov al, [0xff5]; out dx, al */
	static const uint8_t code[] = {0xb8, 0x00,	   0xf0, 0x8e,
				       0xd8, 0xc6,	   0x06, 0xf5,
				       0x0f, 0x99,	   0xa0, 0xf5,
				       0x0f, SET_DX(PORT), 0xee, OUT_DONE};
	struct gmem_map shadow = {0};
	struct guest g;

	guest_init(&g, code, sizeof(code), 1);
	g.rom->host[0xff5] = 0x77;
	ck_assert(!gmem_map(&g.m.gmem, &shadow, 0xf0000, g.rom, 0, ROM_SIZE,
			    GMEM_ROM, 2, NULL));
	guest_cont(&g);
	wait_done(&g);
	ck_assert_uint_eq(g.last_write, 0x77);
	guest_fini(&g);
}
END_TEST

static const uint8_t spin[] = {0xeb, 0xfe}; /* jmp $ */

START_TEST(stopping_catches_a_spinning_guest)
{
	struct kvm_sregs sregs;
	struct kvm_regs regs;
	struct guest g;
	unsigned i;

	guest_init(&g, spin, sizeof(spin), 2);
	for (i = 0; i < 50; i++) {
		guest_cont(&g);
		usleep(1000);
		guest_stop(&g);
	}
	ck_assert(!vcpu_get_regs(g.m.vcpus[0], &regs, &sregs));
	ck_assert_uint_eq(regs.rip, CODE);
	ck_assert_uint_eq(sregs.cs.base, 0);
	guest_fini(&g);
}
END_TEST

START_TEST(reset_goes_back_to_the_reset_vector)
{
	struct kvm_sregs sregs;
	struct kvm_regs regs;
	struct guest g;

	guest_init(&g, spin, sizeof(spin), 1);
	guest_cont(&g);
	usleep(20000);
	guest_stop(&g);
	machine_request_reset(&g.m, CAUSE_HOST_QMP_SYSTEM_RESET);
	loop_turn(g.m.loop, 100);
	ck_assert(!vcpu_get_regs(g.m.vcpus[0], &regs, &sregs));
	ck_assert_uint_eq(regs.rip, 0xfff0);
	ck_assert_uint_eq(sregs.cs.base, 0xffff0000);
	ck_assert_int_eq(g.m.state, RUN_STATE_PRELAUNCH);
	guest_fini(&g);
}
END_TEST

START_TEST(a_triple_fault_resets)
{
	/* ds = 0; lidt [0x500] (zeros); protected mode by cr0; ud2 */
	static const uint8_t code[] = {0x31, 0xc0, 0x8e, 0xd8, 0x0f, 0x01, 0x1e,
				       0x00, 0x05, 0x0f, 0x20, 0xc0, 0x0c, 0x01,
				       0x0f, 0x22, 0xc0, 0x0f, 0x0b};
	struct guest g;

	guest_init(&g, code, sizeof(code), 1);
	g.m.no_reboot = true; /* so that it shows */
	guest_cont(&g);
	wait_done(&g);
	guest_fini(&g);
}
END_TEST

START_TEST(interrupt_wakes_a_halted_guest)
{
	static const uint8_t code[] = {
		0xfa, 0x31, 0xc0, 0x8e, 0xd8, /* cli; ds = 0 */
		0xbc, 0x00, 0x70, 0x8e, 0xd0, /* ss:sp = 0:7000 */
		0xc7, 0x06, 0x30, 0x00, HANDLER & 0xff, HANDLER >> 8,
		0xc7, 0x06, 0x32, 0x00, 0x00,		0x00, /* vector 0xc */
		0xb0, 0x13, 0xe6, 0x20, /* ICW1: single, ICW4 follows */
		0xb0, 0x08, 0xe6, 0x21, /* ICW2: vectors from 8 */
		0xb0, 0x01, 0xe6, 0x21, /* ICW4 */
		0xb0, 0xef, 0xe6, 0x21, /* only IRQ 4 */
		0xfb, 0xf4, 0xeb, 0xfd, /* sti; hlt; jmp to the hlt */
	};
	static const uint8_t handler[] = {OUT_DONE};
	struct guest g;
	struct irq line;
	unsigned i;

	guest_init(&g, code, sizeof(code), 1);
	memcpy(g.ram->host + HANDLER, handler, sizeof(handler));
	line = kvm_gsi(g.m.kvm, 4);
	for (i = 0; i < 100 && !vcpu_halted(g.m.vcpus[0]); i++) {
		guest_cont(&g);
		usleep(10000);
		guest_stop(&g);
	}
	ck_assert_uint_eq(g.dones, 0);
	guest_cont(&g);
	irq_pulse(&line);
	wait_done(&g);
	guest_fini(&g);
}
END_TEST

START_TEST(an_hpet_silences_the_pit)
{
	static const uint8_t code[] = {
		0xfa, 0x31, 0xc0, 0x8e, 0xd8, /* cli; ds = 0 */
		0xbc, 0x00, 0x70, 0x8e, 0xd0, /* ss:sp = 0:7000 */
		0xc7, 0x06, 0x20, 0x00, HANDLER & 0xff, HANDLER >> 8,
		0xc7, 0x06, 0x22, 0x00, 0x00,		0x00, /* vector 8 */
		0xb0, 0x13, 0xe6, 0x20, /* ICW1: single, ICW4 follows */
		0xb0, 0x08, 0xe6, 0x21, /* ICW2: vectors from 8 */
		0xb0, 0x01, 0xe6, 0x21, /* ICW4 */
		0xb0, 0xfe, 0xe6, 0x21, /* only IRQ 0 */
		0xb0, 0x34, 0xe6, 0x43, /* channel 0, mode 2 */
		0x30, 0xc0, 0xe6, 0x40, 0xe6,		0x40, /* every 55 ms */
		0xfb, 0xf4, 0xeb, 0xfd, /* sti; hlt; jmp to the hlt */
	};
	static const uint8_t handler[] = {OUT_DONE};
	struct guest g;
	struct irq gate;
	unsigned i;

	guest_init(&g, code, sizeof(code), 1);
	memcpy(g.ram->host + HANDLER, handler, sizeof(handler));
	gate = kvm_pit_gate(g.m.kvm);
	irq_raise(&gate);
	for (i = 0; i < 2; i++) {
		guest_cont(&g);
		usleep(200000);
		guest_stop(&g); /* the gate is kept over the stop */
	}
	ck_assert(vcpu_halted(g.m.vcpus[0]));
	ck_assert_uint_eq(g.dones, 0);
	irq_lower(&gate);
	guest_cont(&g);
	wait_done(&g);
	guest_fini(&g);
}
END_TEST

START_TEST(a_doorbell_signals_its_eventfd)
{
	/* mov al, 5; out dx, al */
	static const uint8_t code[] = {SET_DX(BELL_PORT), 0xb0, 0x05, 0xee,
				       OUT_DONE};
	struct kvm_doorbell bell = {.pio = true,
				    .addr = BELL_PORT,
				    .len = 1,
				    .match = true,
				    .val = 5};
	struct guest g;
	uint64_t count = 0;

	guest_init(&g, code, sizeof(code), 1);
	bell.eventfd = eventfd(0, EFD_NONBLOCK);
	ck_assert(!kvm_doorbell_add(g.m.kvm, &bell));
	guest_cont(&g);
	wait_done(&g);
	ck_assert(read(bell.eventfd, &count, sizeof(count)) == sizeof(count));
	ck_assert_uint_eq(count, 1);
	ck_assert(!kvm_doorbell_del(g.m.kvm, &bell));
	ck_assert_int_eq(kvm_doorbell_del(g.m.kvm, &bell), -ENOENT);
	close(bell.eventfd);
	guest_fini(&g);
}
END_TEST

START_TEST(message_routes_are_added_and_removed)
{
	int a, b, fd = eventfd(0, EFD_NONBLOCK);
	struct guest g;

	guest_init(&g, spin, sizeof(spin), 1);
	a = kvm_msi_route_add(g.m.kvm, MSI_ADDR, 0x30);
	b = kvm_msi_route_add(g.m.kvm, MSI_ADDR, 0x31);
	ck_assert_int_eq(a, KVM_IOAPIC_PINS);
	ck_assert_int_eq(b, a + 1);
	ck_assert(!kvm_irqfd_add(g.m.kvm, fd, b));
	ck_assert(!kvm_msi_route_set(g.m.kvm, b, MSI_ADDR, 0x32));
	ck_assert(!kvm_irqfd_del(g.m.kvm, fd, b));
	kvm_msi_route_del(g.m.kvm, a);
	ck_assert_int_eq(kvm_msi_route_add(g.m.kvm, MSI_ADDR, 0x33), a);
	ck_assert(kvm_send_msi(g.m.kvm, MSI_ADDR, 0x30) >= 0);
	close(fd);
	guest_fini(&g);
}
END_TEST

UNIT_MAIN("kvm", port_io, string_io, memory_mapped_io,
	  coalesced_writes_come_before_the_next_access,
	  writes_to_rom_are_dropped, stopping_catches_a_spinning_guest,
	  reset_goes_back_to_the_reset_vector, a_triple_fault_resets,
	  interrupt_wakes_a_halted_guest, an_hpet_silences_the_pit,
	  a_doorbell_signals_its_eventfd, message_routes_are_added_and_removed)
