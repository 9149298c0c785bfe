/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A NIC on virtio, on a wire of the test's, for device tests. */
#include "tests/device/virtio_nic.h"

#include <string.h>

#define COMMAND	     0x700000u
#define COMMAND_ROOM 0x8000u
#define BUFFER_STEP  0x10000u
#define PACKET_STEP  0x20000u
#define NO_ANSWER    0xee

struct nic_test nic;

void nic_set_up(const char *const *properties, unsigned queues,
		unsigned offloads)
{
	memset(&nic, 0, sizeof(nic));
	harness_init(&nic.h, 0);
	nic.h.m.loop = loop_new(NULL, NULL);
	nic.h.m.state = RUN_STATE_RUNNING;
	nic.wire = net_wire_new(&nic.h, "n0", queues);
	nic.wire->offloads = offloads;
	nic.wire->stays = true;
	pci_bus_init(&nic.bus, &nic.h.m, "pci.0");
	nic.net =
		(struct virtio_net *)harness_new(&nic.h, &virtio_net_pci_class);
	nic.net->vp.pci.bus = &nic.bus;
	nic.net->vp.pci.devfn = NIC_DEVFN;
	nic.bus.pin[3] = harness_irq(&nic.h, NIC_IRQ); /* INTA of slot 3 */
	harness_set(&nic.net->vp.pci.dev,
		    (const char *const[]){"netdev", "n0", NULL});
	harness_set(&nic.net->vp.pci.dev, properties);
	harness_start(&nic.net->vp.pci.dev);
	nic.net->vp.pci.dev.class->reset(&nic.net->vp.pci.dev);
}

void nic_tear_down(void)
{
	while (!list_empty(&nic.h.m.devices))
		device_free(container_of(nic.h.m.devices.prev, struct device,
					 link));
	net_wire_free(nic.wire);
	loop_free(nic.h.m.loop);
	machine_fini(&nic.h.m);
}

void nic_agree(bool legacy, uint64_t features)
{
	unsigned n = nic.net->vp.virtio.nqueues, i;
	const uint64_t long_header =
		NIC_V1 | VIRTIO_BIT(VIRTIO_NET_F_MRG_RXBUF);

	driver_find(&nic.d, &nic.h, &nic.bus, NIC_DEVFN, legacy);
	ck_assert(driver_agree(&nic.d, features));
	nic.header = nic.d.features & long_header ? 12 : 10;
	nic.nbuffers = 0;
	for (i = 0; i < n && i < NIC_QUEUES; i++) {
		nic.q[i] = nic.d;
		driver_queue(&nic.q[i], i, NIC_RING);
	}
}

void nic_begin(bool legacy, uint64_t features)
{
	nic_agree(legacy, features);
	driver_ready(&nic.d);
	nic_settle();
}

void nic_settle(void)
{
	unsigned i;

	for (i = 0; i < 4; i++)
		loop_turn(nic.h.m.loop, 0);
}

void nic_send(unsigned queue, const void *data, size_t len,
	      const struct virtio_net_hdr *hdr)
{
	static const struct virtio_net_hdr none;
	gpa_t at = NIC_PACKETS + nic.nbuffers++ % 8 * PACKET_STEP;
	const struct driver_piece piece[] = {
		{.addr = at, .len = nic.header},
		{.addr = at + nic.header, .len = (uint32_t)len},
	};

	ram_write(&nic.d, at, hdr ? hdr : &none, sizeof(*hdr));
	ram_write(&nic.d, at + nic.header, data, len);
	driver_add(&nic.q[queue], queue, piece, 2, false);
	driver_kick(&nic.d, queue);
}

void nic_offer(unsigned queue, uint32_t len)
{
	const struct driver_piece piece = {.addr = NIC_BUFFERS +
						   nic.nbuffers++ % 64 *
							   BUFFER_STEP,
					   .len = len,
					   .write = true};
	uint16_t id = driver_add(&nic.q[queue], queue, &piece, 1, false);

	nic.receives[id] = piece.addr;
	driver_kick(&nic.d, queue);
}

size_t nic_take(unsigned queue)
{
	struct virtio_net_hdr_mrg_rxbuf hdr = {.num_buffers = 1};
	size_t at = 0;
	uint16_t id, n = 0;
	uint32_t len;

	do {
		if (!driver_used(&nic.q[queue], queue, &id, &len, 0)) {
			ck_assert_uint_eq(n, 0);
			return 0;
		}
		ck_assert_uint_le(at + len, sizeof(nic.data));
		ram_read(&nic.d, nic.receives[id], nic.data + at, len);
		at += len;
		if (!n)
			memcpy(&hdr, nic.data, nic.header);
	} while (++n < hdr.num_buffers);
	return at;
}

int nic_control(uint8_t class, uint8_t command, const void *data, size_t len)
{
	unsigned n = virtio_net_control_queue(nic.net);
	const uint8_t header[2] = {class, command};
	uint8_t status = NO_ANSWER;
	const struct driver_piece piece[] = {
		{.addr = COMMAND, .len = sizeof(header)},
		{.addr = COMMAND + 16, .len = (uint32_t)len},
		{.addr = COMMAND + COMMAND_ROOM, .len = 1, .write = true},
	};
	uint32_t written;
	uint16_t id;

	ram_write(&nic.d, COMMAND, header, sizeof(header));
	ram_write(&nic.d, COMMAND + 16, data, len);
	ram_write(&nic.d, COMMAND + COMMAND_ROOM, &status, 1);
	if (len)
		driver_add(&nic.q[n], n, piece, 3, false);
	else
		driver_add(&nic.q[n], n,
			   (const struct driver_piece[]){piece[0], piece[2]}, 2,
			   false);
	driver_kick(&nic.d, n);
	if (!driver_used(&nic.q[n], n, &id, &written, 1))
		return -1;
	ck_assert_uint_eq(written, 1);
	ram_read(&nic.d, COMMAND + COMMAND_ROOM, &status, 1);
	return status;
}
