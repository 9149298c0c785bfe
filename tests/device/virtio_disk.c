/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A disk on virtio, over a real file, for device tests. */
#include "tests/device/virtio_disk.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct disk disk;

static void make_image(void)
{
	unsigned i;
	int fd;

	snprintf(disk.path, sizeof(disk.path), "/tmp/pcvm-vblk-XXXXXX");
	fd = mkstemp(disk.path);
	for (i = 0; i < DISK_SIZE; i++)
		disk.model[i] = (uint8_t)(i * 7 + i / 512);
	ck_assert(write(fd, disk.model, DISK_SIZE) == DISK_SIZE);
	close(fd);
}

static struct blk_front *open_front(bool readonly)
{
	struct error err = {0};
	const struct blk_open how = {.filename = disk.path,
				     .format = "raw",
				     .flags = readonly ? 0
						       : BLK_O_RDWR |
								 BLK_O_UNMAP};
	struct blk_node *node = blk_open_alone(&how, &err);

	ck_assert_msg(node != NULL, "%s", err.msg);
	return blk_front_new(&disk.fronts, "virtio0", node, false, &err);
}

void disk_set_up(const char *const *properties, bool readonly)
{
	disk_set_up_as(&virtio_blk_pci_class, properties, readonly);
}

void disk_set_up_as(const struct device_class *class,
		    const char *const *properties, bool readonly)
{
	make_image();
	harness_init(&disk.h, 0);
	disk.h.m.loop = loop_new(NULL, NULL);
	disk.h.m.state = RUN_STATE_RUNNING;
	blk_fronts_init(&disk.fronts);
	disk.h.m.fronts = &disk.fronts;
	pci_bus_init(&disk.bus, &disk.h.m, "pci.0");
	disk.blk = (struct virtio_blk *)harness_new(&disk.h, class);
	disk.blk->vp.pci.bus = &disk.bus;
	disk.blk->vp.pci.devfn = DISK_DEVFN;
	disk.bus.pin[3] = harness_irq(&disk.h, DISK_IRQ); /* INTA of slot 3 */
	harness_set(&disk.blk->vp.pci.dev, properties);
	disk.blk->front = open_front(readonly);
	harness_start(&disk.blk->vp.pci.dev);
	disk.blk->vp.pci.dev.class->reset(&disk.blk->vp.pci.dev);
}

void disk_tear_down(void)
{
	while (!list_empty(&disk.h.m.devices))
		device_free(container_of(disk.h.m.devices.prev, struct device,
					 link));
	blk_fronts_fini(&disk.fronts);
	loop_free(disk.h.m.loop);
	machine_fini(&disk.h.m);
	unlink(disk.path);
}
