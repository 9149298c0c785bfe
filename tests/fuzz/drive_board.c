/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/fuzz/drive_board.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

uint32_t board_take(struct board *b, unsigned n)
{
	uint32_t val = 0;

	while (n-- && b->in < b->end)
		val = val << 8 | *b->in++;
	return val;
}

bool board_more(const struct board *b)
{
	return b->in < b->end;
}

void board_port(struct board *b, uint64_t addr, uint64_t val, unsigned size)
{
	bus_access(&b->m.io, NULL, addr, &val, size, true);
}

uint64_t board_read_port(struct board *b, uint64_t addr, unsigned size)
{
	uint64_t val = 0;

	bus_access(&b->m.io, NULL, addr, &val, size, false);
	return val;
}

void board_mmio(struct board *b, uint64_t addr, uint64_t val, unsigned size)
{
	bus_access(&b->m.mem, NULL, addr, &val, size, true);
}

void board_store(struct board *b, uint64_t addr, const void *data, size_t len)
{
	gmem_write(&b->m.gmem, addr, data, len);
}

void board_turn(struct board *b, int ms)
{
	loop_turn(b->m.loop, ms);
}

static struct blk_front *medium(struct board *b, bool cdrom)
{
	static int fd = -1;
	struct blk_node *node;
	char path[64];
	const struct blk_open how = {.filename = path,
				     .format = "raw",
				     .flags = cdrom ? 0
						    : BLK_O_RDWR | BLK_O_UNMAP};

	if (fd < 0)
		fd = memfd_create("disk", 0);
	must(ftruncate(fd, 0) == 0 && ftruncate(fd, BOARD_DISK) == 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	node = blk_open_alone(&how, NULL);
	must(node != NULL);
	return blk_front_new(&b->fronts, "drive", node, cdrom, NULL);
}

void board_attach(struct board *b, struct ide_drive *d, bool cdrom)
{
	must(ide_attach(d, &b->m, medium(b, cdrom), cdrom, 1, NULL, NULL) == 0);
	b->pci->dev.class->reset(&b->pci->dev);
}

void board_start_by(struct board *b, const struct device_class *controller,
		    unsigned devfn, const uint8_t *data, size_t size,
		    void (*prepare)(void *ctx), void *ctx)
{
	*b = (struct board){.in = data, .end = data + size};
	must(machine_init(&b->m, NULL) == 0);
	b->m.loop = loop_new(NULL, NULL);
	blk_fronts_init(&b->fronts);
	b->m.fronts = &b->fronts;
	b->ram = gmem_block_new(&b->m.gmem, "ram", BOARD_RAM, NULL);
	must(b->m.loop && b->ram &&
	     gmem_map(&b->m.gmem, &b->map, 0, b->ram, 0, BOARD_RAM, GMEM_RAM, 0,
		      NULL) == 0);
	pci_bus_init(&b->bus, &b->m, "pci.0");
	b->pci = (struct pci_device *)device_new(&b->m, controller, NULL, NULL,
						 NULL, NULL);
	must(b->pci != NULL);
	b->pci->bus = &b->bus;
	b->pci->devfn = (int)devfn;
	if (prepare)
		prepare(ctx);
	must(device_start(&b->pci->dev, NULL) == 0);
}

void board_start(struct board *b, const struct device_class *controller,
		 unsigned devfn, const uint8_t *data, size_t size)
{
	board_start_by(b, controller, devfn, data, size, NULL, NULL);
}

void board_end(struct board *b)
{
	device_free(&b->pci->dev);
	blk_fronts_fini(&b->fronts);
	loop_free(b->m.loop);
	gmem_unmap(&b->m.gmem, &b->map);
	machine_fini(&b->m);
}
