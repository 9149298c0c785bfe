/* SPDX-License-Identifier: GPL-2.0-or-later */
/* MSI-X; PCI Local Bus Specification 3.0, 6.8.2. */
#include "hw/msix.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "hw/pci_regs.h"
#include "vmm/endian.h"
#include "vmm/kvm.h"

#define BAR_MIN 4096u

static uint16_t control(const struct msix *msix)
{
	return load_le16(&msix->pci->config[msix->cap + PCI_MSIX_FLAGS]);
}

static bool is_masked(const struct msix *msix, unsigned n)
{
	const uint8_t *e = &msix->table[n * MSIX_ENTRY];

	return !(control(msix) & PCI_MSIX_FLAGS_ENABLE) ||
	       control(msix) & PCI_MSIX_FLAGS_MASKALL ||
	       load_le32(e + PCI_MSIX_ENTRY_VECTOR_CTRL) &
		       PCI_MSIX_ENTRY_CTRL_MASKBIT;
}

static void hear(struct msix *msix, unsigned n)
{
	struct kvm *kvm = msix->pci->dev.machine->kvm;
	struct msix_vector *v = &msix->vector[n];
	const uint8_t *e = &msix->table[n * MSIX_ENTRY];
	uint64_t addr = load_le64(e + PCI_MSIX_ENTRY_LOWER_ADDR);
	uint32_t data = load_le32(e + PCI_MSIX_ENTRY_DATA);

	if (v->gsi < 0)
		v->gsi = kvm_msi_route_add(kvm, addr, data);
	else
		kvm_msi_route_set(kvm, v->gsi, addr, data);
	if (v->gsi >= 0 && !v->heard)
		v->heard = kvm_irqfd_add(kvm, v->fd, v->gsi) == 0;
	if (!v->heard)
		log_guest(&msix->pci->dev.log,
			  "%s: no route is left for interrupt vector %u",
			  msix->pci->dev.path, n);
}

static void unhear(struct msix *msix, unsigned n)
{
	struct msix_vector *v = &msix->vector[n];

	if (v->heard)
		kvm_irqfd_del(msix->pci->dev.machine->kvm, v->fd, v->gsi);
	v->heard = false;
}

/* Without KVM whoever tests reads the descriptors. */
static void update(struct msix *msix, unsigned n)
{
	if (!msix->pci->dev.machine->kvm)
		return;
	if (is_masked(msix, n))
		unhear(msix, n);
	else
		hear(msix, n);
}

static bool is_pending(const struct msix *msix, unsigned n)
{
	struct pollfd p = {.fd = msix->vector[n].fd, .events = POLLIN};

	return is_masked(msix, n) && poll(&p, 1, 0) == 1;
}

static uint64_t pending_bits(const struct msix *msix, unsigned first,
			     unsigned count)
{
	uint64_t bits = 0;
	unsigned i;

	for (i = 0; i < count && first + i < msix->n; i++)
		if (is_pending(msix, first + i))
			bits |= UINT64_C(1) << i;
	return bits;
}

static uint64_t bar_read(void *dev, uint64_t off, unsigned size)
{
	struct msix *msix = dev;
	uint64_t val = 0;

	if (off + size <= (uint64_t)msix->n * MSIX_ENTRY)
		memcpy(&val, msix->table + off, size);
	else if (off >= msix->pba)
		val = pending_bits(msix, (unsigned)(off - msix->pba) * 8,
				   size * 8);
	return val;
}

static void bar_write(void *dev, uint64_t off, uint64_t val, unsigned size)
{
	struct msix *msix = dev;
	unsigned n = (unsigned)(off / MSIX_ENTRY);

	if (off + size > (uint64_t)msix->n * MSIX_ENTRY)
		return;
	memcpy(msix->table + off, &val, size);
	update(msix, n);
}

static const struct bus_ops bar_ops = {
	.read = bar_read,
	.write = bar_write,
	.min = 4,
	.max = 8,
};

static uint32_t power_of_two(uint32_t n)
{
	uint32_t size = BAR_MIN;

	while (size < n)
		size *= 2;
	return size;
}

/* The table in the first half of the BAR, the pending bits in the second. */
static int add_bar(struct msix *msix, unsigned bar, const char *name,
		   struct error *err)
{
	uint32_t table = power_of_two(msix->n * MSIX_ENTRY);
	uint32_t size =
		msix->n * MSIX_ENTRY <= BAR_MIN / 2 ? BAR_MIN : 2 * table;
	uint8_t *c;

	msix->pba = size / 2;
	msix->cap = pci_add_capability(msix->pci, PCI_CAP_ID_MSIX,
				       PCI_CAP_MSIX_SIZEOF);
	c = &msix->pci->config[msix->cap];
	store_le16(c + PCI_MSIX_FLAGS, (uint16_t)(msix->n - 1));
	store_le32(c + PCI_MSIX_TABLE, bar);
	store_le32(c + PCI_MSIX_PBA, msix->pba | bar);
	store_le16(&msix->pci->wmask[msix->cap + PCI_MSIX_FLAGS],
		   PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
	return pci_add_bar(msix->pci, bar, PCI_BAR_MEM, name, size, &bar_ops,
			   msix, err);
}

static void close_vectors(struct msix *msix)
{
	while (msix->n)
		close(msix->vector[--msix->n].fd);
}

static int open_vectors(struct msix *msix, unsigned n, struct error *err)
{
	int fd;

	if (n > MSIX_VECTORS)
		return error_set(err, EINVAL,
				 "%u interrupt vectors are too many; %d are "
				 "the most",
				 n, MSIX_VECTORS);
	while (msix->n < n) {
		fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		if (fd < 0)
			return error_errno(err, errno, "eventfd");
		msix->vector[msix->n++] =
			(struct msix_vector){.fd = fd, .gsi = -1};
	}
	return 0;
}

int msix_init(struct msix *msix, struct pci_device *pci, unsigned n,
	      unsigned bar, const char *name, struct error *err)
{
	int rc = open_vectors(msix, n, err);

	msix->pci = pci;
	if (rc == 0)
		rc = add_bar(msix, bar, name, err);
	if (rc < 0)
		close_vectors(msix);
	else
		msix_reset(msix);
	return rc;
}

void msix_fini(struct msix *msix)
{
	unsigned i;

	for (i = 0; i < msix->n; i++) {
		unhear(msix, i);
		if (msix->vector[i].gsi >= 0)
			kvm_msi_route_del(msix->pci->dev.machine->kvm,
					  msix->vector[i].gsi);
	}
	close_vectors(msix);
}

static void update_all(struct msix *msix)
{
	unsigned i;

	msix->enabled = msix->n && control(msix) & PCI_MSIX_FLAGS_ENABLE;
	for (i = 0; i < msix->n; i++)
		update(msix, i);
}

void msix_reset(struct msix *msix)
{
	eventfd_t count;
	unsigned i;

	if (!msix->n)
		return;
	store_le16(&msix->pci->config[msix->cap + PCI_MSIX_FLAGS],
		   (uint16_t)(msix->n - 1));
	memset(msix->table, 0, sizeof(msix->table));
	memset(msix->pending, 0, sizeof(msix->pending));
	for (i = 0; i < msix->n; i++)
		store_le32(&msix->table[i * MSIX_ENTRY +
					PCI_MSIX_ENTRY_VECTOR_CTRL],
			   PCI_MSIX_ENTRY_CTRL_MASKBIT);
	update_all(msix);
	for (i = 0; i < msix->n; i++)
		eventfd_read(msix->vector[i].fd, &count);
}

void msix_config_written(struct msix *msix, unsigned off, unsigned len)
{
	unsigned flags = msix->cap + PCI_MSIX_FLAGS;

	if (msix->n && off < flags + 2 && off + len > flags)
		update_all(msix);
}

void msix_stopped(struct msix *msix)
{
	unsigned i;

	for (i = 0; i < msix->n; i++)
		msix->pending[i] = is_pending(msix, i);
}

void msix_restored(struct msix *msix)
{
	unsigned i;

	update_all(msix);
	for (i = 0; i < msix->n; i++)
		if (msix->pending[i])
			msix_signal(msix, i);
}

void msix_signal(struct msix *msix, unsigned n)
{
	if (n < msix->n)
		eventfd_write(msix->vector[n].fd, 1);
}

const struct state_field msix_state_fields[] = {
	{STATE_ARR(STATE_U8, struct msix, table)},
	{STATE_ARR(STATE_BOOL, struct msix, pending)},
	{.kind = STATE_END},
};
