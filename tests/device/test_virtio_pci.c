/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How drivers reach virtio devices on PCI: capabilities, MSI-X, the pin. */
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/eventfd.h>

#include "hw/pci_regs.h"
#include "tests/device/virtio_disk.h"
#include "vmm/endian.h"

#define HEADER	  0x400000u
#define STATUS	  0x401000u
#define DATA	  0x500000u
#define WAIT	  20 /* seconds */
#define V1	  VIRTIO_BIT(VIRTIO_F_VERSION_1)
#define COMMON(f) (unsigned)offsetof(struct virtio_pci_common_cfg, f)
#define TABLE(n)  (DRIVER_MSIX + 16 * (n))
#define PENDING	  (DRIVER_MSIX + 0x800)

static struct driver d;

static uint32_t config(unsigned off, unsigned size)
{
	return pci_config_read(&disk.bus, DISK_DEVFN, off, size);
}

static void set_config(unsigned off, uint32_t val, unsigned size)
{
	pci_config_write(&disk.bus, DISK_DEVFN, off, val, size);
}

/* The nth capability with this id, 0 if there is none. */
static unsigned capability(uint8_t id, uint8_t type)
{
	unsigned at = config(PCI_CAPABILITY_LIST, 1), hops = 0;

	for (; at && hops < 48; at = config(at + PCI_CAP_LIST_NEXT, 1), hops++)
		if (config(at, 1) == id &&
		    (id != PCI_CAP_ID_VNDR ||
		     config(at + VIRTIO_PCI_CAP_CFG_TYPE, 1) == type))
			return at;
	return 0;
}

static void begin(bool legacy)
{
	driver_find(&d, &disk.h, &disk.bus, DISK_DEVFN, legacy);
	ck_assert(driver_agree(&d, legacy ? 0 : V1));
	driver_queue(&d, 0, 16);
}

/* One request, to its end. */
static void read_sector(void)
{
	const struct driver_piece piece[] = {{HEADER, 16, false},
					     {DATA, 512, true},
					     {STATUS, 1, true}};
	static const uint8_t zeros[16];
	uint32_t len;
	uint16_t id;

	ram_write(&d, HEADER, zeros, sizeof(zeros));
	driver_add(&d, 0, piece, 3, false);
	driver_kick(&d, 0);
	ck_assert(driver_used(&d, 0, &id, &len, WAIT));
}

static bool signalled(unsigned vector)
{
	struct pollfd p = {.fd = disk.blk->vp.msix.vector[vector].fd,
			   .events = POLLIN};
	eventfd_t count;

	if (poll(&p, 1, 1000) != 1)
		return false;
	return eventfd_read(p.fd, &count) == 0;
}

static const struct {
	const char *legacy, *modern;
	uint16_t device, subsystem;
	uint8_t revision;
} faces[] = {
	{"off", "off", 0x1001, 2, 0},
	{"auto", "off", 0x1001, 2, 0},
	{"auto", "on", 0x1001, 2, 0},
	{"on", "off", 0x1042, 0x1100, 1},
};

START_TEST(has_the_faces_it_was_told_to)
{
	const char *const properties[] = {"disable-legacy", faces[_i].legacy,
					  "disable-modern", faces[_i].modern,
					  NULL};
	bool modern = !strcmp(faces[_i].modern, "off");

	disk_set_up(properties, false);
	ck_assert_uint_eq(config(PCI_VENDOR_ID, 2), 0x1af4);
	ck_assert_uint_eq(config(PCI_DEVICE_ID, 2), faces[_i].device);
	ck_assert_uint_eq(config(PCI_SUBSYSTEM_ID, 2), faces[_i].subsystem);
	ck_assert_uint_eq(config(PCI_REVISION_ID, 1), faces[_i].revision);
	ck_assert_int_eq(capability(PCI_CAP_ID_VNDR,
				    VIRTIO_PCI_CAP_COMMON_CFG) != 0,
			 modern);
	ck_assert(capability(PCI_CAP_ID_MSIX, 0));
	disk_tear_down();
}
END_TEST

START_TEST(has_a_short_name)
{
	ck_assert_ptr_eq(device_class_find("virtio-blk"),
			 &virtio_blk_pci_class);
}
END_TEST

START_TEST(needs_a_face)
{
	struct error err = {0};
	static const char *const none[] = {"disable-legacy", "on", NULL};

	disk_set_up(none, false);
	disk.blk->vp.modern_off = true;
	ck_assert_int_lt(virtio_pci_init(&disk.blk->vp, 0, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.msg, "neither modern nor legacy"));
	disk.blk->vp.modern_off = false;
	disk_tear_down();
}
END_TEST

START_TEST(confirms_only_what_it_offered)
{
	disk_set_up(NULL, false);
	driver_find(&d, &disk.h, &disk.bus, DISK_DEVFN, false);
	driver_set(&d, COMMON(guest_feature_select), 1, 4);
	driver_set(&d, COMMON(guest_feature), UINT32_MAX, 4);
	driver_set_status(&d, driver_status(&d) | VIRTIO_CONFIG_S_FEATURES_OK);
	ck_assert_uint_eq(driver_status(&d) & VIRTIO_CONFIG_S_FEATURES_OK, 0);
	driver_set_status(&d, 0);
	driver_set(&d, COMMON(guest_feature_select), 7, 4);
	driver_set(&d, COMMON(guest_feature), UINT32_MAX, 4);
	ck_assert_uint_eq(driver_get(&d, COMMON(guest_feature), 4), 0);
	driver_set(&d, COMMON(queue_select), 99, 2);
	ck_assert_uint_eq(driver_get(&d, COMMON(queue_size), 2), 0);
	driver_set(&d, COMMON(queue_enable), 1, 2);
	disk_tear_down();
}
END_TEST

START_TEST(raises_its_pin_until_the_isr_is_read)
{
	unsigned at = _i ? VIRTIO_PCI_ISR : VIRTIO_PCI_ISR_AT;

	disk_set_up(NULL, false);
	begin(_i);
	driver_ready(&d);
	read_sector();
	loop_turn(disk.h.m.loop, 10);
	ck_assert(disk.h.level[DISK_IRQ]);
	ck_assert_uint_eq(config(PCI_STATUS, 2) & PCI_STATUS_INTERRUPT,
			  PCI_STATUS_INTERRUPT);
	ck_assert_uint_eq(driver_get(&d, at, 1), 1);
	ck_assert(!disk.h.level[DISK_IRQ]);
	ck_assert_uint_eq(driver_get(&d, at, 1), 0);
	disk_tear_down();
}
END_TEST

/* A driver that wants no interrupts may want one when all is done. */
START_TEST(interrupts_when_the_ring_is_empty)
{
	const uint16_t quiet = VRING_AVAIL_F_NO_INTERRUPT;

	disk_set_up(NULL, false);
	driver_find(&d, &disk.h, &disk.bus, DISK_DEVFN, true);
	driver_agree(&d, _i ? VIRTIO_BIT(VIRTIO_F_NOTIFY_ON_EMPTY) : 0);
	driver_queue(&d, 0, 0);
	ram_write(&d, driver_ring(&d, 0, VIRTQ_DRIVER), &quiet, 2);
	driver_ready(&d);
	read_sector();
	loop_turn(disk.h.m.loop, 50);
	ck_assert_int_eq(disk.h.level[DISK_IRQ], _i);
	disk_tear_down();
}
END_TEST

static unsigned enable_msix(void)
{
	unsigned cap = capability(PCI_CAP_ID_MSIX, 0);

	ck_assert(cap);
	set_config(cap + PCI_MSIX_FLAGS, PCI_MSIX_FLAGS_ENABLE, 2);
	return cap;
}

START_TEST(sends_messages)
{
	disk_set_up(NULL, false);
	enable_msix();
	begin(false);
	mmio_write(&disk.h, TABLE(1) + PCI_MSIX_ENTRY_VECTOR_CTRL, 0, 4);
	driver_set(&d, COMMON(queue_msix_vector), 1, 2);
	ck_assert_uint_eq(driver_get(&d, COMMON(queue_msix_vector), 2), 1);
	driver_ready(&d);
	read_sector();
	ck_assert(signalled(1));
	ck_assert(!disk.h.level[DISK_IRQ]);
	driver_set(&d, COMMON(queue_msix_vector), 2, 2);
	ck_assert_uint_eq(driver_get(&d, COMMON(queue_msix_vector), 2),
			  VIRTIO_MSI_NO_VECTOR);
	disk_tear_down();
}
END_TEST

START_TEST(keeps_what_is_masked_pending)
{
	unsigned cap;

	disk_set_up(NULL, false);
	cap = enable_msix();
	begin(false);
	driver_set(&d, COMMON(queue_msix_vector), 1, 2);
	driver_ready(&d);
	ck_assert_uint_eq(mmio_read(&disk.h, PENDING, 4), 0);
	read_sector();
	ck_assert_uint_eq(mmio_read(&disk.h, PENDING, 4), 2);
	ck_assert_uint_eq(mmio_read(&disk.h, PENDING, 8), 2);
	machine_notify(&disk.h.m, EVENT_STOP);
	harness_roundtrip(&disk.blk->vp.pci.dev);
	ck_assert_uint_eq(mmio_read(&disk.h, PENDING, 4), 2);
	mmio_write(&disk.h, TABLE(1) + PCI_MSIX_ENTRY_VECTOR_CTRL, 0, 4);
	ck_assert_uint_eq(mmio_read(&disk.h, PENDING, 4), 0);
	set_config(cap + PCI_MSIX_FLAGS,
		   PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL, 2);
	ck_assert_uint_eq(mmio_read(&disk.h, PENDING, 4), 2);
	disk_tear_down();
}
END_TEST

/* 4.1.4.7: all registers without a BAR. */
START_TEST(has_a_window)
{
	unsigned cap, data;

	disk_set_up(NULL, false);
	driver_find(&d, &disk.h, &disk.bus, DISK_DEVFN, false);
	cap = capability(PCI_CAP_ID_VNDR, VIRTIO_PCI_CAP_PCI_CFG);
	ck_assert(cap);
	data = cap + sizeof(struct virtio_pci_cap);
	set_config(cap + VIRTIO_PCI_CAP_BAR, VIRTIO_PCI_BAR_MODERN, 1);
	set_config(cap + VIRTIO_PCI_CAP_LENGTH, 4, 4);
	set_config(cap + VIRTIO_PCI_CAP_OFFSET, VIRTIO_PCI_DEVICE, 4);
	ck_assert_uint_eq(config(data, 4), DISK_SECTORS);
	set_config(cap + VIRTIO_PCI_CAP_OFFSET, COMMON(device_feature_select),
		   4);
	set_config(data, 1, 4);
	ck_assert_uint_eq(driver_get(&d, COMMON(device_feature_select), 4), 1);
	/* What the window does not have leaves all as it is. */
	set_config(cap + VIRTIO_PCI_CAP_OFFSET, UINT32_MAX - 3, 4);
	set_config(data, 7, 4);
	config(data, 4);
	set_config(cap + VIRTIO_PCI_CAP_LENGTH, 3, 4);
	set_config(cap + VIRTIO_PCI_CAP_OFFSET, 0, 4);
	set_config(data, 7, 4);
	ck_assert_uint_eq(driver_get(&d, COMMON(device_feature_select), 4), 1);
	disk_tear_down();
}
END_TEST

/* Every byte of every register, at any width: nothing may break. */
START_TEST(bears_any_access)
{
	unsigned off, size;

	disk_set_up(NULL, false);
	begin(false);
	for (off = 0; off < 0x4000; off += 4)
		for (size = 1; size <= 4; size *= 2)
			mmio_read(&disk.h, DRIVER_BAR + off, size);
	for (off = 0; off < 0x80; off++)
		inb(&disk.h, (uint16_t)(DRIVER_PORTS + off));
	for (off = 0; off < 0x1000; off += 8)
		mmio_read(&disk.h, DRIVER_MSIX + off, 8);
	for (off = 0; off < 0x4000; off += 4)
		mmio_write(&disk.h, DRIVER_BAR + off, UINT32_MAX, 4);
	for (off = 0; off < 0x1000; off += 8)
		mmio_write(&disk.h, DRIVER_MSIX + off, UINT64_MAX, 8);
	for (off = 0; off < 0x80; off++)
		outb(&disk.h, (uint16_t)(DRIVER_PORTS + off), 0xff);
	begin(false);
	driver_ready(&d);
	read_sector();
	disk_tear_down();
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("virtio-pci");
	int nfaces = (int)(sizeof(faces) / sizeof(*faces));

	tcase_add_loop_test(tc, has_the_faces_it_was_told_to, 0, nfaces);
	tcase_add_test(tc, has_a_short_name);
	tcase_add_test(tc, needs_a_face);
	tcase_add_test(tc, confirms_only_what_it_offered);
	tcase_add_loop_test(tc, raises_its_pin_until_the_isr_is_read, 0, 2);
	tcase_add_loop_test(tc, interrupts_when_the_ring_is_empty, 0, 2);
	tcase_add_test(tc, sends_messages);
	tcase_add_test(tc, keeps_what_is_masked_pending);
	tcase_add_test(tc, has_a_window);
	tcase_add_test(tc, bears_any_access);
	return unit_run_case("virtio-pci", tc);
}
