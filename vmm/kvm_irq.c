/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The interrupt controllers in the kernel, and the routing to them. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "vmm/kvm.h"
#include "vmm/machine.h"
#include "vmm/monitor.h"

/*
 * The PIT's line, GSI 0, is pin 2 of the I/O APIC, as the MADT says.  GSI 2 is
 * that pin alone, for an HPET: the PIC's pin 2 has the other PIC.
 */
#define IOAPIC_TIMER_PIN 2
#define PIC_CASCADE_PIN	 2
#define PIC_PINS_EACH	 8
/* Where a PC's firmware has the PIC's vectors in real mode. */
#define PIC_MASTER_VECTOR 0x08
#define PIC_SLAVE_VECTOR  0x70

static int routing_apply(struct kvm *kvm)
{
	return ioctl(kvm->vmfd, KVM_SET_GSI_ROUTING, kvm->routing) < 0 ? -errno
								       : 0;
}

static void route_pin(struct kvm *kvm, unsigned gsi, unsigned chip,
		      unsigned pin)
{
	kvm->routing->entries[kvm->routing->nr++] =
		(struct kvm_irq_routing_entry){
			.gsi = gsi,
			.type = KVM_IRQ_ROUTING_IRQCHIP,
			.u.irqchip = {.irqchip = chip, .pin = pin},
		};
}

static int routing_init(struct kvm *kvm, struct error *err)
{
	unsigned gsi;
	int rc;

	kvm->routing =
		calloc(1, sizeof(*kvm->routing) +
				  (KVM_PIC_PINS + KVM_GSIS) *
					  sizeof(kvm->routing->entries[0]));
	if (!kvm->routing)
		return error_set(err, ENOMEM, "out of memory");
	for (gsi = 0; gsi < KVM_PIC_PINS; gsi++)
		if (gsi != PIC_CASCADE_PIN)
			route_pin(kvm, gsi,
				  gsi < PIC_PINS_EACH ? KVM_IRQCHIP_PIC_MASTER
						      : KVM_IRQCHIP_PIC_SLAVE,
				  gsi % PIC_PINS_EACH);
	for (gsi = 0; gsi < KVM_IOAPIC_PINS; gsi++)
		route_pin(kvm, gsi, KVM_IRQCHIP_IOAPIC,
			  gsi ? gsi : IOAPIC_TIMER_PIN);
	kvm->gsi_used[0] = (UINT64_C(1) << KVM_IOAPIC_PINS) - 1;
	rc = routing_apply(kvm);
	return rc ? error_errno(err, -rc, "KVM interrupt routing") : 0;
}

int kvm_create_irqchip(struct kvm *kvm, struct error *err)
{
	struct kvm_pit_config pit = {.flags = KVM_PIT_SPEAKER_DUMMY};
	unsigned i;
	int rc;

	if (ioctl(kvm->vmfd, KVM_CREATE_IRQCHIP, 0) < 0)
		return error_errno(err, errno,
				   "KVM cannot create interrupt controllers");
	if (ioctl(kvm->vmfd, KVM_CREATE_PIT2, &pit) < 0)
		return error_errno(err, errno, "KVM cannot create a PIT");
	rc = routing_init(kvm, err);
	if (rc < 0)
		return rc;
	for (i = 0; i < 3; i++) {
		kvm->chips[i].chip_id = i;
		if (ioctl(kvm->vmfd, KVM_GET_IRQCHIP, &kvm->chips[i]) < 0)
			return error_errno(err, errno, "KVM_GET_IRQCHIP");
	}
	if (ioctl(kvm->vmfd, KVM_GET_PIT2, &kvm->pit) < 0)
		return error_errno(err, errno, "KVM_GET_PIT2");
	return 0;
}

void kvm_reset_irqchip(struct kvm *kvm)
{
	unsigned i;

	for (i = 0; i < 3; i++)
		ioctl(kvm->vmfd, KVM_SET_IRQCHIP, &kvm->chips[i]);
	ioctl(kvm->vmfd, KVM_SET_PIT2, &kvm->pit);
	kvm->stopped = false;
}

static void set_pic(struct kvm *kvm, unsigned chip, uint8_t vector,
		    uint8_t elcr)
{
	struct kvm_irqchip state = kvm->chips[chip];

	state.chip.pic.irq_base = vector;
	state.chip.pic.imr = UINT8_MAX;
	state.chip.pic.elcr = elcr;
	state.chip.pic.init4 = 1;
	ioctl(kvm->vmfd, KVM_SET_IRQCHIP, &state);
}

void kvm_set_pic(struct kvm *kvm, uint16_t elcr)
{
	set_pic(kvm, KVM_IRQCHIP_PIC_MASTER, PIC_MASTER_VECTOR, (uint8_t)elcr);
	set_pic(kvm, KVM_IRQCHIP_PIC_SLAVE, PIC_SLAVE_VECTOR,
		(uint8_t)(elcr >> 8));
}

static bool gsi_set(void *ctx, unsigned gsi, bool level)
{
	struct kvm *kvm = ctx;
	struct kvm_irq_level line = {.irq = gsi, .level = level};

	if (level && !kvm->pin_level[gsi])
		kvm->pin_edges[gsi]++;
	kvm->pin_level[gsi] = level;
	/* status: 0 when coalesced, negative when masked, else delivered */
	if (ioctl(kvm->vmfd, KVM_IRQ_LINE_STATUS, &line) < 0)
		return true;
	return line.status != 0;
}

struct irq kvm_gsi(struct kvm *kvm, unsigned gsi)
{
	return (struct irq){.set = gsi_set, .ctx = kvm, .n = gsi};
}

static uint32_t gated(uint32_t flags, bool off)
{
	return off ? flags | KVM_PIT_FLAGS_HPET_LEGACY
		   : flags & ~(uint32_t)KVM_PIT_FLAGS_HPET_LEGACY;
}

static bool pit_gate_set(void *ctx, unsigned n, bool level)
{
	struct kvm *kvm = ctx;
	struct kvm_pit_state2 pit;

	/* While time stands still, the PIT to be is what counts. */
	if (kvm->stopped)
		kvm->pit_stopped.flags = gated(kvm->pit_stopped.flags, level);
	if (ioctl(kvm->vmfd, KVM_GET_PIT2, &pit) < 0 ||
	    pit.flags == gated(pit.flags, level))
		return true;
	pit.flags = gated(pit.flags, level);
	ioctl(kvm->vmfd, KVM_SET_PIT2, &pit);
	return true;
}

struct irq kvm_pit_gate(struct kvm *kvm)
{
	return (struct irq){.set = pit_gate_set, .ctx = kvm};
}

int kvm_send_msi(struct kvm *kvm, uint64_t addr, uint32_t data)
{
	struct kvm_msi msi = {
		.address_lo = (uint32_t)addr,
		.address_hi = addr >> 32,
		.data = data,
	};

	return ioctl(kvm->vmfd, KVM_SIGNAL_MSI, &msi) < 0 ? -errno : 0;
}

static struct kvm_irq_routing_entry *find_route(struct kvm *kvm, int gsi)
{
	unsigned i;

	for (i = 0; i < kvm->routing->nr; i++)
		if (kvm->routing->entries[i].gsi == (unsigned)gsi)
			return &kvm->routing->entries[i];
	return NULL;
}

int kvm_msi_route_set(struct kvm *kvm, int gsi, uint64_t addr, uint32_t data)
{
	struct kvm_irq_routing_entry *entry = find_route(kvm, gsi);

	if (!entry)
		entry = &kvm->routing->entries[kvm->routing->nr++];
	*entry = (struct kvm_irq_routing_entry){
		.gsi = (unsigned)gsi,
		.type = KVM_IRQ_ROUTING_MSI,
		.u.msi = {.address_lo = (uint32_t)addr,
			  .address_hi = addr >> 32,
			  .data = data},
	};
	return routing_apply(kvm);
}

int kvm_msi_route_add(struct kvm *kvm, uint64_t addr, uint32_t data)
{
	int gsi, rc;

	for (gsi = KVM_IOAPIC_PINS; gsi < KVM_GSIS; gsi++) {
		if (kvm->gsi_used[gsi / 64] >> gsi % 64 & 1)
			continue;
		rc = kvm_msi_route_set(kvm, gsi, addr, data);
		if (rc < 0)
			return rc;
		kvm->gsi_used[gsi / 64] |= UINT64_C(1) << gsi % 64;
		return gsi;
	}
	return -ENOSPC;
}

void kvm_msi_route_del(struct kvm *kvm, int gsi)
{
	struct kvm_irq_routing_entry *entry = find_route(kvm, gsi);

	if (!entry)
		return;
	*entry = kvm->routing->entries[--kvm->routing->nr];
	kvm->gsi_used[gsi / 64] &= ~(UINT64_C(1) << gsi % 64);
	routing_apply(kvm);
}

int kvm_irqfd_add(struct kvm *kvm, int eventfd, int gsi)
{
	struct kvm_irqfd irqfd = {.fd = (uint32_t)eventfd,
				  .gsi = (uint32_t)gsi};

	return ioctl(kvm->vmfd, KVM_IRQFD, &irqfd) < 0 ? -errno : 0;
}

int kvm_irqfd_del(struct kvm *kvm, int eventfd, int gsi)
{
	struct kvm_irqfd irqfd = {.fd = (uint32_t)eventfd,
				  .gsi = (uint32_t)gsi,
				  .flags = KVM_IRQFD_FLAG_DEASSIGN};

	return ioctl(kvm->vmfd, KVM_IRQFD, &irqfd) < 0 ? -errno : 0;
}

static void print_edges(struct monitor_call *call, const char *chip,
			unsigned pins)
{
	const struct kvm *kvm = monitor_machine(call)->kvm;
	unsigned i;

	monitor_printf(call, "IRQ statistics for %s:\n", chip);
	for (i = 0; kvm && i < pins; i++)
		if (kvm->pin_edges[i])
			monitor_printf(call, "%2u: %" PRIu64 "\n", i,
				       kvm->pin_edges[i]);
}

/* Each pin below 16 goes to both; the PIT's edges stay in the kernel. */
static void info_irq(struct monitor_call *call)
{
	print_edges(call, "kvm-ioapic", KVM_IOAPIC_PINS);
	print_edges(call, "kvm-i8259", KVM_PIC_PINS);
	monitor_done(call, NULL);
}

const struct monitor_cmd irq_monitor_cmds[] = {
	{.name = "info irq",
	 .help = "show how often devices interrupted, by line",
	 .run = info_irq},
	{.run = NULL},
};
