/* SPDX-License-Identifier: GPL-2.0-or-later */
/* MSI; PCI Local Bus Specification 3.0, 6.8.1. */
#include "hw/msi.h"

#include "hw/pci_regs.h"
#include "vmm/endian.h"
#include "vmm/kvm.h"

#define ADDRESS_MASK 0xfffffffcu
#define SIZE	     0x10u /* rounded up to dwords */

static uint8_t *reg(const struct msi *msi, unsigned off)
{
	return &msi->pci->config[msi->cap + off];
}

static void set_mask(struct msi *msi, unsigned off, uint32_t mask)
{
	store_le32(&msi->pci->wmask[msi->cap + off], mask);
}

void msi_init(struct msi *msi, struct pci_device *pci)
{
	msi->pci = pci;
	msi->cap = pci_add_capability(pci, PCI_CAP_ID_MSI, SIZE);
	store_le16(reg(msi, PCI_MSI_FLAGS), PCI_MSI_FLAGS_64BIT);
	store_le16(&pci->wmask[msi->cap + PCI_MSI_FLAGS], PCI_MSI_FLAGS_ENABLE);
	set_mask(msi, PCI_MSI_ADDRESS_LO, ADDRESS_MASK);
	set_mask(msi, PCI_MSI_ADDRESS_HI, UINT32_MAX);
	store_le16(&pci->wmask[msi->cap + PCI_MSI_DATA_64], UINT16_MAX);
}

void msi_reset(struct msi *msi)
{
	store_le16(reg(msi, PCI_MSI_FLAGS), PCI_MSI_FLAGS_64BIT);
	store_le32(reg(msi, PCI_MSI_ADDRESS_LO), 0);
	store_le32(reg(msi, PCI_MSI_ADDRESS_HI), 0);
	store_le16(reg(msi, PCI_MSI_DATA_64), 0);
}

bool msi_is_enabled(const struct msi *msi)
{
	return load_le16(reg(msi, PCI_MSI_FLAGS)) & PCI_MSI_FLAGS_ENABLE;
}

void msi_signal(const struct msi *msi)
{
	struct kvm *kvm = msi->pci->dev.machine->kvm;
	uint64_t addr = load_le32(reg(msi, PCI_MSI_ADDRESS_LO)) |
			(uint64_t)load_le32(reg(msi, PCI_MSI_ADDRESS_HI)) << 32;
	uint32_t data = load_le16(reg(msi, PCI_MSI_DATA_64));

	if (!msi_is_enabled(msi) || !pci_is_master(msi->pci))
		return;
	if (kvm)
		kvm_send_msi(kvm, addr, data);
	else if (msi->send)
		msi->send(msi->ctx, addr, data);
}
