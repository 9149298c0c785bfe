/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pci-testdev's event file descriptors are with KVM, where they belong. */
#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "hw/i440fx.h"
#include "hw/pci_testdev.h"
#include "tests/device/harness.h"
#include "vmm/kvm.h"

#define DEVFN	 (5 << 3)
#define BAR_MEM	 UINT64_C(0xe0000000)
#define BAR_PORT 0xc000
#define TRIAL	 0xc100 /* where the BAR goes next */

static struct harness h;
static struct device *dev;
static int fd;

static void set_conf(unsigned reg, uint32_t val)
{
	outl(&h, 0xcf8, 0x80000000 | DEVFN << 8 | reg);
	outl(&h, 0xcfc, val);
}

static void start(void)
{
	struct error err = {0};
	struct i440fx *fx;

	harness_init(&h, 0);
	ck_assert_msg(!kvm_open(&h.m, &err), "%s", err.msg);
	fx = (struct i440fx *)harness_new(&h, &i440fx_class);
	harness_io(&h, &fx->pci.dev, 0, 0xcf8);
	harness_io(&h, &fx->pci.dev, 1, 0xcfc);
	harness_start(&fx->pci.dev);
	dev = harness_new(&h, &pci_testdev_class);
	((struct pci_device *)dev)->bus = &fx->bus;
	((struct pci_device *)dev)->devfn = DEVFN;
	harness_start(dev);
	set_conf(0x10, BAR_MEM);
	set_conf(0x14, BAR_PORT);
	set_conf(0x04, 7);
	fd = eventfd(0, EFD_NONBLOCK);
}

static void end(void)
{
	close(fd);
	device_free(dev);
	kvm_close(&h.m);
	harness_fini(&h);
}

/* KVM takes no second bell for the same writes. */
static bool hangs(const struct kvm_doorbell *at)
{
	struct kvm_doorbell bell = *at;
	int rc;

	bell.eventfd = fd;
	rc = kvm_doorbell_add(h.m.kvm, &bell);
	if (rc == 0)
		kvm_doorbell_del(h.m.kvm, &bell);
	else
		ck_assert_int_eq(rc, -EEXIST);
	return rc != 0;
}

START_TEST(wildcard)
{
	struct kvm_doorbell at = {.pio = true, .addr = BAR_PORT + 0x84};

	start();
	ck_assert(!hangs(&at));
	outb(&h, BAR_PORT, 1);
	ck_assert(hangs(&at));
	at.len = 4; /* any width */
	ck_assert(hangs(&at));
	outb(&h, BAR_PORT, 0);
	ck_assert(!hangs(&at));
	end();
}
END_TEST

START_TEST(data_match)
{
	struct kvm_doorbell at = {.addr = BAR_MEM + 0x802,
				  .len = 1,
				  .match = true,
				  .val = 0xfa};

	start();
	mmio_write(&h, BAR_MEM, 2, 1);
	ck_assert(hangs(&at));
	at.val = 0xfb;
	ck_assert(!hangs(&at));
	end();
}
END_TEST

START_TEST(it_moves_with_the_bar)
{
	struct kvm_doorbell old = {.pio = true, .addr = BAR_PORT + 0x84};
	struct kvm_doorbell new = {.pio = true, .addr = TRIAL + 0x84};

	start();
	outb(&h, BAR_PORT, 1);
	set_conf(0x14, TRIAL);
	ck_assert(!hangs(&old));
	ck_assert(hangs(&new));
	set_conf(0x04, 6); /* ports off */
	ck_assert(!hangs(&new));
	set_conf(0x04, 7);
	ck_assert(hangs(&new));
	dev->class->reset(dev);
	ck_assert(!hangs(&new));
	end();
}
END_TEST

HARNESS_MAIN("doorbell kvm", wildcard, data_match, it_moves_with_the_bar)
