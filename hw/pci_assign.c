/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PCI resources as firmware assigns them: I/O from the window's begin upward,
 * memory from its end downward, the smallest first, so that little is lost to
 * alignment.  PCI Local Bus Specification 3.0, 6.2.2, 6.2.4 and 6.2.5.
 */
#include "hw/pci_assign.h"

#include <stdlib.h>

#include "hw/pci_regs.h"
#include "vmm/endian.h"
#include "vmm/log.h"

#define BARS_MAX (PCI_SLOTS * 8 * PCI_BARS)

struct claim {
	struct pci_device *pci;
	unsigned bar;
	uint64_t size;
};

static unsigned register_of(unsigned bar)
{
	return bar == PCI_ROM_BAR ? PCI_ROM_ADDRESS
				  : PCI_BASE_ADDRESS_0 + 4 * bar;
}

/* By size, then by place: the same devices get the same addresses. */
static int compare(const void *a, const void *b)
{
	const struct claim *x = a, *y = b;

	if (x->size != y->size)
		return x->size < y->size ? -1 : 1;
	if (x->pci->devfn != y->pci->devfn)
		return x->pci->devfn < y->pci->devfn ? 1 : -1;
	return x->bar < y->bar ? 1 : x->bar > y->bar ? -1 : 0;
}

static void set_bar(struct pci_bus *bus, const struct claim *c, uint64_t addr)
{
	unsigned devfn = (unsigned)c->pci->devfn, reg = register_of(c->bar);

	pci_config_write(bus, devfn, reg, (uint32_t)addr, 4);
	if (c->pci->bar[c->bar].is64)
		pci_config_write(bus, devfn, reg + 4, (uint32_t)(addr >> 32),
				 4);
}

static uint64_t align_down(uint64_t addr, uint64_t size)
{
	return addr & ~(size - 1);
}

static uint64_t align_up(uint64_t addr, uint64_t size)
{
	return align_down(addr + size - 1, size);
}

static void place_io(struct pci_bus *bus, struct pci_windows *w,
		     const struct claim *c)
{
	uint64_t addr = align_up(w->io_first, c->size);

	if (addr + c->size > w->io_end) {
		log_warn("PCI: no I/O ports are left for BAR %u of %s", c->bar,
			 c->pci->dev.path);
		return;
	}
	set_bar(bus, c, addr);
	w->io_first = addr + c->size;
}

static void place_memory(struct pci_bus *bus, struct pci_windows *w,
			 const struct claim *c)
{
	uint64_t top = w->mem_end, addr;

	if (top - w->mem_first >= c->size &&
	    align_down(top - c->size, c->size) >= w->mem_first) {
		addr = w->mem_end = align_down(top - c->size, c->size);
		set_bar(bus, c, addr);
		return;
	}
	addr = align_up(w->mem64_first, c->size);
	if (!c->pci->bar[c->bar].is64 || addr > w->mem64_end ||
	    c->size > w->mem64_end - addr) {
		log_warn("PCI: no memory is left for BAR %u of %s", c->bar,
			 c->pci->dev.path);
		return;
	}
	set_bar(bus, c, addr);
	w->mem64_first = addr + c->size;
}

/* A multiple of 2 devices and functions: bounded, and small in practice. */
static unsigned collect(struct pci_bus *bus, struct claim *claims)
{
	unsigned devfn, bar, n = 0;

	for (devfn = 0; devfn < PCI_SLOTS * 8; devfn++) {
		struct pci_device *pci = bus->dev[devfn];

		for (bar = 0; pci && bar < PCI_BARS; bar++)
			if (pci->bar[bar].kind != PCI_BAR_NONE)
				claims[n++] =
					(struct claim){pci, bar,
						       pci->bar[bar].size};
	}
	return n;
}

static void assign_bars(struct pci_bus *bus, struct pci_windows w)
{
	struct claim *claims = calloc(BARS_MAX, sizeof(*claims));
	unsigned n, i;

	if (!claims) {
		log_warn("PCI: out of memory");
		return;
	}
	n = collect(bus, claims);
	qsort(claims, n, sizeof(*claims), compare);
	/* The largest first upward, the smallest first downward. */
	for (i = n; i--;)
		if (claims[i].pci->bar[claims[i].bar].kind == PCI_BAR_IO)
			place_io(bus, &w, &claims[i]);
	for (i = 0; i < n; i++)
		if (claims[i].pci->bar[claims[i].bar].kind != PCI_BAR_IO)
			place_memory(bus, &w, &claims[i]);
	free(claims);
}

static void set_line(struct pci_bus *bus, const struct pci_device *pci,
		     const struct pci_windows *w)
{
	unsigned devfn = (unsigned)pci->devfn;
	unsigned pin = pci->config[PCI_INTERRUPT_PIN];

	if (pin)
		pci_config_write(bus, devfn, PCI_INTERRUPT_LINE,
				 w->irq[(PCI_SLOT(devfn) + pin - 1) % 4], 1);
}

void pci_assign(struct pci_bus *bus, const struct pci_windows *w)
{
	unsigned devfn;
	uint32_t command;

	assign_bars(bus, *w);
	for (devfn = 0; devfn < PCI_SLOTS * 8; devfn++) {
		struct pci_device *pci = bus->dev[devfn];

		if (!pci)
			continue;
		set_line(bus, pci, w);
		command = pci_config_read(bus, devfn, PCI_COMMAND, 2);
		pci_config_write(bus, devfn, PCI_COMMAND,
				 command | PCI_COMMAND_IO | PCI_COMMAND_MEMORY |
					 PCI_COMMAND_SERR,
				 2);
	}
}
