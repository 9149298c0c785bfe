/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The standard VGA as a PCI device: video memory in BAR 0, registers in BAR
 * 2, the VGA BIOS as its ROM, and the places that a VGA always has.
 *
 * Not modelled: big-endian frame buffers.
 */
#include "hw/vga.h"

#include "hw/pci_regs.h"

#define WINDOW_BASE UINT64_C(0xa0000)
#define WINDOW_SIZE UINT64_C(0x20000)
#define PORTS_BASE  0x3b0
#define PORTS_LEN   0x30
#define VBE_BASE    0x1ce
#define VBE_LEN	    4
#define MMIO_SIZE   0x1000
#define MIB	    20 /* shift */
#define ROM_FILE    "vgabios-stdvga.bin"

static const struct pci_id id = {
	.vendor = 0x1234,
	.device = 0x1111,
	.subvendor = 0x1af4,
	.subdevice = 0x1100,
	.class = 0x030000,
	.revision = 2,
};

static int map(struct vga *vga, struct error *err)
{
	struct machine *m = vga->pci.dev.machine;
	int rc = bus_map(&m->io, &vga->ports, "vga", PORTS_BASE, PORTS_LEN, 0,
			 &vga_port_ops, vga, err);

	if (rc == 0)
		rc = bus_map(&m->io, &vga->ports_vbe, "vbe", VBE_BASE, VBE_LEN,
			     0, &vbe_port_ops, vga, err);
	if (rc == 0)
		rc = bus_map(&m->mem, &vga->window, "vga-lowmem", WINDOW_BASE,
			     WINDOW_SIZE, 0, &vga_window_ops, vga, err);
	return rc;
}

static int add_bars(struct vga *vga, struct error *err)
{
	struct pci_device *pci = &vga->pci;
	const char *rom = pci->romfile ? pci->romfile : ROM_FILE;
	int rc = pci_add_ram_bar(pci, 0, PCI_BAR_PREFETCH, vga->vram, err);

	if (rc == 0)
		rc = pci_add_bar(pci, 2, PCI_BAR_MEM, "vga.mmio", MMIO_SIZE,
				 &vga_mmio_ops, vga, err);
	/* Without a firmware directory (a device test) there is no ROM. */
	if (rc == 0 && *rom && pci->dev.machine->config)
		rc = pci_add_rom(pci, rom, err);
	return rc;
}

static void fini(struct device *dev)
{
	struct vga *vga = (struct vga *)dev;

	vga_draw_fini(vga);
	bus_unmap(&vga->ports);
	bus_unmap(&vga->ports_vbe);
	bus_unmap(&vga->window);
	pci_detach(&vga->pci);
	if (vga->vram)
		gmem_block_free(&dev->machine->gmem, vga->vram);
}

static int init(struct device *dev, struct error *err)
{
	struct vga *vga = (struct vga *)dev;
	int rc = pci_attach(&vga->pci, &id, err);

	if (rc < 0)
		return rc;
	while (vga->vram_mb & (vga->vram_mb - 1))
		vga->vram_mb++; /* a BAR is a power of two */
	vga->vram = gmem_block_new(&dev->machine->gmem, "vga.vram",
				   (size_t)vga->vram_mb << MIB, err);
	rc = vga->vram ? map(vga, err) : -1;
	if (rc == 0)
		rc = add_bars(vga, err);
	if (rc < 0)
		fini(dev);
	else
		vga_draw_init(vga);
	edid_make(vga->edid, &vga->monitor);
	return rc;
}

static void reset(struct device *dev)
{
	struct vga *vga = (struct vga *)dev;

	pci_reset(&vga->pci);
	vga_ports_reset(vga);
	vbe_reset(vga);
}

#define MONITOR(key, field, most, text) \
	{ \
		.name = key, .type = OPT_U32, \
		.offset = offsetof(struct vga, monitor.field), .max = most, \
		.dflt = "0", .help = text \
	}

static const struct opt_desc opts[] = {
	PCI_OPTS,
	{.name = "vgamem_mb",
	 .type = OPT_U32,
	 .offset = offsetof(struct vga, vram_mb),
	 .min = 1,
	 .max = 512,
	 .dflt = "16",
	 .help = "video memory in MiB, a power of two"},
	{.name = "edid",
	 .type = OPT_BOOL,
	 .offset = offsetof(struct vga, has_edid),
	 .dflt = "on",
	 .help = "the monitor says what it can show"},
	MONITOR("xres", width, EDID_WIDTH_MAX, "width that it likes best"),
	MONITOR("yres", height, EDID_HEIGHT_MAX, "height that it likes best"),
	MONITOR("xmax", width_max, EDID_WIDTH_MAX,
		"widest mode that it offers; 0: any"),
	MONITOR("ymax", height_max, EDID_HEIGHT_MAX,
		"highest mode that it offers; 0: any"),
	MONITOR("refresh_rate", refresh_mhz, EDID_REFRESH_MAX,
		"in thousandths of a hertz; 0: 75 Hz"),
	{.type = OPT_END},
};

static const struct state_field fields[] = {
	PCI_STATE,
	{STATE_ELEM(STATE_U8, struct vga, misc)},
	{STATE_ELEM(STATE_U8, struct vga, feature)},
	{STATE_ELEM(STATE_U8, struct vga, seq_index), .hi = VGA_SEQ_REGS - 1},
	{STATE_ELEM(STATE_U8, struct vga, gfx_index), .hi = 15},
	{STATE_ELEM(STATE_U8, struct vga, crtc_index)},
	{STATE_ELEM(STATE_U8, struct vga, attr_index), .hi = 63},
	{STATE_ARR(STATE_U8, struct vga, seq)},
	{STATE_ARR(STATE_U8, struct vga, gfx)},
	{STATE_ARR(STATE_U8, struct vga, crtc)},
	{STATE_ARR(STATE_U8, struct vga, attr)},
	{STATE_ELEM(STATE_BOOL, struct vga, attr_data)},
	{.name = "dac",
	 .kind = STATE_U8,
	 .offset = offsetof(struct vga, dac),
	 .size = 1,
	 .count = VGA_PALETTE * 3},
	{STATE_ELEM(STATE_U8, struct vga, dac_mask)},
	{STATE_ELEM(STATE_U8, struct vga, dac_state)},
	{STATE_ELEM(STATE_U8, struct vga, dac_read)},
	{STATE_ELEM(STATE_U8, struct vga, dac_write)},
	{STATE_ELEM(STATE_U8, struct vga, dac_part), .hi = 2},
	{STATE_ARR(STATE_U8, struct vga, dac_cache)},
	{STATE_ARR(STATE_U8, struct vga, latch)},
	{STATE_ELEM(STATE_U16, struct vga, vbe_index)},
	{STATE_ARR(STATE_U16, struct vga, vbe)},
	{.kind = STATE_END},
};

static void restored(void *dev)
{
	struct vga *vga = dev;

	pci_restored(dev);
	vga->draw.stale = true;
}

static const struct state_desc state = {.name = "VGA",
					.version = 1,
					.fields = fields,
					.restored = restored};

const struct device_class vga_class = {
	.name = "VGA",
	.desc = "Standard VGA",
	.bus = DEVICE_PCI,
	.user = true,
	.size = sizeof(struct vga),
	.opts = opts,
	.state = &state,
	.init = init,
	.reset = reset,
	.fini = fini,
};
