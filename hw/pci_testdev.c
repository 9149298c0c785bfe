/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PCI device by which kvm-unit-tests try writes to registers (QEMU's
 * documentation, docs/specs/pci-testdev).  The guest picks a test by writing
 * its number to the first byte of BAR 0 (memory) or BAR 1 (ports), reads from
 * there where to write what, writes it, and reads how many writes the device
 * saw.  Those that KVM takes for an event file descriptor are not seen.
 *
 * BAR 2, if the property membar gives it a size, reads as zeros.
 */
#include "hw/pci_testdev.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "hw/pci.h"
#include "vmm/endian.h"
#include "vmm/kvm.h"

enum { BAR_MEMORY, BAR_PORTS, BAR_EMPTY };

#define MEMORY_SIZE 4096
#define PORTS_SIZE  256
#define MEMBAR_MIN  4096

/* What the guest reads from the start of both. */
#define HEADER_TEST   0 /* a byte; all else is read-only */
#define HEADER_WIDTH  1 /* a byte: how wide to write */
#define HEADER_OFFSET 4
#define HEADER_DATA   8 /* a byte */
#define HEADER_COUNT  12
#define HEADER_NAME   16 /* ends with a zero; empty: there is no such test */
#define HEADER_SIZE   48

#define WIDTH	      1

struct test {
	const char *name;
	uint8_t bar, data;
	uint16_t offset;
	bool bell, match; /* match: only for data, and only a byte */
};

static const struct test tests[] = {
	{"mmio-no-eventfd", BAR_MEMORY, 0xfa, 0x800, false, false},
	{"mmio-wildcard-eventfd", BAR_MEMORY, 0xce, 0x801, true, false},
	{"mmio-datamatch-eventfd", BAR_MEMORY, 0xfa, 0x802, true, true},
	{"portio-no-eventfd", BAR_PORTS, 0xfa, 0x83, false, false},
	{"portio-wildcard-eventfd", BAR_PORTS, 0xce, 0x84, true, false},
	{"portio-datamatch-eventfd", BAR_PORTS, 0xfa, 0x85, true, true},
};

#define TESTS	      (sizeof(tests) / sizeof(*tests))
#define TESTS_PER_BAR (TESTS / 2)

struct pci_testdev {
	struct pci_device pci;
	uint64_t membar; /* property */
	uint8_t test; /* TESTS: none */
	uint32_t count;
	int eventfd; /* -1 without KVM */
	struct kvm_doorbell bell;
	bool hung; /* the bell is with KVM */
};

static const struct test *current(const struct pci_testdev *d)
{
	return d->test < TESTS ? &tests[d->test] : NULL;
}

static void take_bell(struct pci_testdev *d)
{
	if (d->hung)
		kvm_doorbell_del(d->pci.dev.machine->kvm, &d->bell);
	d->hung = false;
}

/* Puts the bell where the test and the BAR have it now. */
static void hang_bell(struct pci_testdev *d)
{
	const struct test *t = current(d);
	uint64_t base = t ? d->pci.bar[t->bar].addr : UINT64_MAX;

	take_bell(d);
	if (!t || !t->bell || base == UINT64_MAX || d->eventfd < 0)
		return;
	d->bell = (struct kvm_doorbell){
		.pio = t->bar == BAR_PORTS,
		.addr = base + t->offset,
		.len = t->match ? WIDTH : 0,
		.match = t->match,
		.val = t->data,
		.eventfd = d->eventfd,
	};
	d->hung = kvm_doorbell_add(d->pci.dev.machine->kvm, &d->bell) == 0;
}

static void select_test(struct pci_testdev *d, unsigned bar, uint8_t n)
{
	d->test =
		n < TESTS_PER_BAR ? (uint8_t)(bar * TESTS_PER_BAR + n) : TESTS;
	d->count = 0;
	hang_bell(d);
}

/* Does the write ring the test's bell instead of counting? */
static bool rings(const struct test *t, uint64_t val, unsigned size)
{
	return t->bell && (!t->match || (size == WIDTH && val == t->data));
}

static void bar_write(struct pci_testdev *d, unsigned bar, uint64_t off,
		      uint64_t val, unsigned size)
{
	const struct test *t = current(d);

	if (off == HEADER_TEST)
		select_test(d, bar, (uint8_t)val);
	else if (t && t->bar == bar && off == t->offset && val == t->data &&
		 !rings(t, val, size))
		d->count++;
}

static void fill_header(const struct pci_testdev *d, uint8_t *header)
{
	const struct test *t = current(d);

	memset(header, 0, HEADER_SIZE);
	if (!t)
		return;
	header[HEADER_TEST] = d->test;
	header[HEADER_WIDTH] = WIDTH;
	store_le32(header + HEADER_OFFSET, t->offset);
	header[HEADER_DATA] = t->data;
	store_le32(header + HEADER_COUNT, d->count);
	memcpy(header + HEADER_NAME, t->name, strlen(t->name));
}

static uint64_t header_read(void *dev, uint64_t off, unsigned size)
{
	uint8_t bytes[HEADER_SIZE + 8] = {0};

	if (off >= HEADER_SIZE)
		return 0;
	fill_header(dev, bytes);
	return load_le64(bytes + off);
}

static void memory_write(void *dev, uint64_t off, uint64_t val, unsigned size)
{
	bar_write(dev, BAR_MEMORY, off, val, size);
}

static void ports_write(void *dev, uint64_t off, uint64_t val, unsigned size)
{
	bar_write(dev, BAR_PORTS, off, val, size);
}

static uint64_t empty_read(void *dev, uint64_t off, unsigned size)
{
	return 0;
}

static const struct bus_ops memory_ops = {
	.read = header_read,
	.write = memory_write,
};

static const struct bus_ops ports_ops = {
	.read = header_read,
	.write = ports_write,
};

static const struct bus_ops empty_ops = {.read = empty_read, .max = 8};

static void config_written(struct pci_device *pci, unsigned off, unsigned len)
{
	struct pci_testdev *d = container_of(pci, struct pci_testdev, pci);
	const struct test *t = current(d);

	if (t && d->hung && d->bell.addr == pci->bar[t->bar].addr + t->offset)
		return;
	hang_bell(d);
}

static int add_bars(struct pci_testdev *d, struct error *err)
{
	struct pci_device *pci = &d->pci;
	int rc = pci_add_bar(pci, BAR_MEMORY, PCI_BAR_MEM, "pci-testdev-mmio",
			     MEMORY_SIZE, &memory_ops, d, err);

	if (rc == 0)
		rc = pci_add_bar(pci, BAR_PORTS, PCI_BAR_IO,
				 "pci-testdev-portio", PORTS_SIZE, &ports_ops,
				 d, err);
	if (rc == 0 && d->membar) {
		pci->bar[BAR_EMPTY].is64 = true;
		rc = pci_add_bar(pci, BAR_EMPTY, PCI_BAR_PREFETCH,
				 "pci-testdev-membar", d->membar, &empty_ops, d,
				 err);
	}
	return rc;
}

static const struct pci_id id = {
	.vendor = 0x1b36,
	.device = 0x0005,
	.subvendor = 0x1af4,
	.subdevice = 0x1100,
	.class = 0x00ff00,
};

static int check_membar(const struct pci_testdev *d, struct error *err)
{
	if (!d->membar ||
	    (d->membar >= MEMBAR_MIN && !(d->membar & (d->membar - 1))))
		return 0;
	return error_set(err, EINVAL,
			 "membar must be a power of two, and %d or more",
			 MEMBAR_MIN);
}

static void fini(struct device *dev)
{
	struct pci_testdev *d = (struct pci_testdev *)dev;

	take_bell(d);
	pci_detach(&d->pci);
	if (d->eventfd >= 0)
		close(d->eventfd);
}

static int init(struct device *dev, struct error *err)
{
	struct pci_testdev *d = (struct pci_testdev *)dev;
	int rc = check_membar(d, err);

	d->test = TESTS;
	d->eventfd = -1;
	if (rc == 0)
		rc = pci_attach(&d->pci, &id, err);
	if (rc < 0)
		return rc;
	d->pci.config_written = config_written;
	rc = add_bars(d, err);
	if (rc == 0 && dev->machine->kvm) {
		d->eventfd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		if (d->eventfd < 0)
			rc = error_errno(err, errno, "eventfd");
	}
	if (rc < 0)
		fini(dev);
	return rc;
}

static void reset(struct device *dev)
{
	struct pci_testdev *d = (struct pci_testdev *)dev;

	d->test = TESTS;
	d->count = 0;
	pci_reset(&d->pci);
	hang_bell(d);
}

static const struct opt_desc opts[] = {
	PCI_OPTS,
	{.name = "membar",
	 .type = OPT_SIZE,
	 .offset = offsetof(struct pci_testdev, membar),
	 .max = UINT64_C(1) << 40,
	 .dflt = "0",
	 .help = "size of a third BAR, with nothing behind it"},
	{.type = OPT_END},
};

static const struct state_field fields[] = {
	PCI_STATE,
	{STATE_ELEM(STATE_U8, struct pci_testdev, test), .hi = TESTS},
	{STATE_ELEM(STATE_U32, struct pci_testdev, count)},
	{.kind = STATE_END},
};

static void restored(void *dev)
{
	pci_restored(dev);
	hang_bell(dev);
}

static const struct state_desc state = {.name = "pci-testdev",
					.version = 1,
					.fields = fields,
					.restored = restored};

const struct device_class pci_testdev_class = {
	.name = "pci-testdev",
	.desc = "Registers to write to, for kvm-unit-tests",
	.bus = DEVICE_PCI,
	.user = true,
	.size = sizeof(struct pci_testdev),
	.opts = opts,
	.state = &state,
	.init = init,
	.reset = reset,
	.fini = fini,
};
