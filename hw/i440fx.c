/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Intel 82441FX PMC, the host bridge of an i440FX (Intel order number
 * 290549): PCI configuration mechanism 1, the programmable attribute map,
 * and SMRAM as far as it hides the video area.
 *
 * Not modelled: system management mode, DRAM timing, error reporting.
 */
#include "hw/i440fx.h"

#include <errno.h>
#include <string.h>

#include "vmm/endian.h"

#define CONFIG_ENABLE	 (1u << 31)
#define CONFIG_MASK	 0x80fffffcu
#define CONFIG_OFFSET(a) ((a)&0xfcu)
#define CONFIG_DEVFN(a)	 ((a) >> 8 & 0xff)
#define CONFIG_BUS(a)	 ((a) >> 16 & 0xff)

#define REG_PMCCFG	 0x50
#define REG_PAM0	 0x59
#define REG_DRB0	 0x60
#define REG_SMRAM	 0x72
#define PAM_COUNT	 7
#define PAM_READ	 1u
#define PAM_WRITE	 2u
#define SMRAM_OPEN	 (1u << 6)
#define SMRAM_RESET	 0x02u

#define AREA_FIRST	 UINT64_C(0xc0000)
#define AREA_SMALL	 UINT64_C(0x4000)
#define AREA_BIOS	 UINT64_C(0xf0000)
#define AREA_LARGE	 UINT64_C(0x10000)
#define VIDEO_BASE	 UINT64_C(0xa0000)
#define VIDEO_SIZE	 UINT64_C(0x20000)
#define ROM_BASE	 UINT64_C(0xc0000)
#define ROM_SIZE	 UINT64_C(0x20000)
#define BIOS_BASE	 UINT64_C(0xe0000)
#define BIOS_SIZE	 UINT64_C(0x20000)

/* Above main memory, so that what PCI shows hides it. */
enum { PRIO_PCI_SIDE = 1, PRIO_PAM = 2, PRIO_SMRAM = 3 };

/*
 * Area 0 is 0xf0000 (the high half of PAM0), then pairs of 16 KiB from
 * 0xc0000 on, the low half of a register first.
 */
static gpa_t area_base(unsigned n)
{
	return n ? AREA_FIRST + (n - 1) * AREA_SMALL : AREA_BIOS;
}

static uint64_t area_size(unsigned n)
{
	return n ? AREA_SMALL : AREA_LARGE;
}

static unsigned area_attributes(const struct i440fx *fx, unsigned n)
{
	uint8_t reg = fx->pci.config[REG_PAM0 + (n + 1) / 2];

	return (n == 0 || n % 2 == 0 ? reg >> 4 : reg) & (PAM_READ | PAM_WRITE);
}

static void update_memory(struct i440fx *fx)
{
	struct gmem *gmem = &fx->pci.dev.machine->gmem;
	unsigned n, attr;

	gmem_begin(gmem);
	for (n = 0; n < I440FX_PAM_AREAS; n++) {
		attr = area_attributes(fx, n);
		/* Reads from PCI with writes to RAM is not done by KVM's
		 * slots: the PCI side shows for both, as firmware expects. */
		gmem_set_kind(gmem, &fx->pam[n],
			      attr & PAM_WRITE ? GMEM_RAM : GMEM_ROM);
		gmem_move(gmem, &fx->pam[n], area_base(n), attr & PAM_READ);
	}
	gmem_move(gmem, &fx->smram, VIDEO_BASE,
		  !(fx->pci.config[REG_SMRAM] & SMRAM_OPEN));
	gmem_commit(gmem);
}

static void config_written(struct pci_device *pci, unsigned off, unsigned len)
{
	struct i440fx *fx = container_of(pci, struct i440fx, pci);

	if (off <= REG_SMRAM && off + len > REG_PAM0 && fx->smram.link.next)
		update_memory(fx);
}

static uint64_t address_read(void *dev, uint64_t off, unsigned size)
{
	const struct i440fx *fx = dev;
	uint8_t raw[8] = {0};

	store_le32(raw, fx->address);
	return load_le32(raw + off) &
	       (size == 4 ? UINT32_MAX : (1u << 8 * size) - 1);
}

static void address_write(void *dev, uint64_t off, uint64_t val, unsigned size)
{
	struct i440fx *fx = dev;

	/* Narrower writes are for other devices at these ports. */
	if (off == 0 && size == 4)
		fx->address = (uint32_t)val & CONFIG_MASK;
}

static uint64_t data_read(void *dev, uint64_t off, unsigned size)
{
	struct i440fx *fx = dev;
	uint32_t a = fx->address;

	if (!(a & CONFIG_ENABLE) || CONFIG_BUS(a))
		return UINT64_MAX;
	return pci_config_read(&fx->bus, CONFIG_DEVFN(a),
			       CONFIG_OFFSET(a) + (unsigned)off, size);
}

static void data_write(void *dev, uint64_t off, uint64_t val, unsigned size)
{
	struct i440fx *fx = dev;
	uint32_t a = fx->address;

	if ((a & CONFIG_ENABLE) && !CONFIG_BUS(a))
		pci_config_write(&fx->bus, CONFIG_DEVFN(a),
				 CONFIG_OFFSET(a) + (unsigned)off,
				 (uint32_t)val, size);
}

static const struct bus_ops address_ops = {
	.read = address_read,
	.write = address_write,
};

static const struct bus_ops data_ops = {
	.read = data_read,
	.write = data_write,
};

static const struct device_region regions[] = {
	{"pci-conf-idx", &address_ops, 4},
	{"pci-conf-data", &data_ops, 4},
	{.name = NULL},
};

static const struct pci_id id = {
	.vendor = 0x8086,
	.device = 0x1237,
	.subvendor = 0x1af4,
	.subdevice = 0x1100,
	.class = 0x060000,
	.revision = 2,
};

static int init(struct device *dev, struct error *err)
{
	struct i440fx *fx = (struct i440fx *)dev;
	unsigned i;
	int rc;

	pci_bus_init(&fx->bus, dev->machine, "pci.0");
	fx->pci.bus = &fx->bus;
	rc = pci_attach(&fx->pci, &id, err);
	if (rc < 0)
		return rc;
	fx->pci.config_written = config_written;
	for (i = 0; i < PAM_COUNT; i++)
		fx->pci.wmask[REG_PAM0 + i] = 0x33;
	for (i = 0; i < 8; i++)
		fx->pci.wmask[REG_DRB0 + i] = 0xff;
	store_le16(&fx->pci.wmask[REG_PMCCFG], UINT16_MAX);
	fx->pci.wmask[REG_SMRAM] = 0xff;
	return 0;
}

static void reset(struct device *dev)
{
	struct i440fx *fx = (struct i440fx *)dev;

	pci_reset(&fx->pci);
	fx->address = 0;
	/* S3 keeps what memory is like: the firmware wakes up in its shadow. */
	if (dev->machine->state == RUN_STATE_SUSPENDED)
		return;
	memset(&fx->pci.config[REG_PAM0], 0, PAM_COUNT);
	fx->pci.config[REG_SMRAM] = SMRAM_RESET;
	if (fx->smram.link.next)
		update_memory(fx);
}

int i440fx_set_memory(struct i440fx *fx, struct ram_block *ram,
		      struct ram_block *bios, struct error *err)
{
	struct gmem *gmem = &fx->pci.dev.machine->gmem;
	unsigned n;
	int rc;

	fx->option_rom = gmem_block_new(gmem, "pc.rom", ROM_SIZE, err);
	if (!fx->option_rom)
		return -ENOMEM;
	gmem_begin(gmem);
	rc = gmem_map(gmem, &fx->rom_area, ROM_BASE, fx->option_rom, 0,
		      ROM_SIZE, GMEM_RAM, PRIO_PCI_SIDE, err);
	if (rc == 0)
		rc = gmem_map(gmem, &fx->bios_area, BIOS_BASE, bios,
			      bios->size - BIOS_SIZE, BIOS_SIZE, GMEM_ROM,
			      PRIO_PCI_SIDE, err);
	for (n = 0; n < I440FX_PAM_AREAS && rc == 0; n++)
		if (area_base(n) + area_size(n) <= ram->size)
			rc = gmem_map(gmem, &fx->pam[n], area_base(n), ram,
				      area_base(n), area_size(n), GMEM_RAM,
				      PRIO_PAM, err);
	if (rc == 0)
		rc = gmem_map(gmem, &fx->smram, VIDEO_BASE, NULL, 0, VIDEO_SIZE,
			      GMEM_HOLE, PRIO_SMRAM, err);
	if (rc == 0)
		update_memory(fx);
	gmem_commit(gmem);
	return rc;
}

static void fini(struct device *dev)
{
	struct i440fx *fx = (struct i440fx *)dev;
	struct gmem *gmem = &dev->machine->gmem;
	unsigned n;

	gmem_begin(gmem);
	for (n = 0; n < I440FX_PAM_AREAS; n++)
		gmem_unmap(gmem, &fx->pam[n]);
	gmem_unmap(gmem, &fx->smram);
	gmem_unmap(gmem, &fx->rom_area);
	gmem_unmap(gmem, &fx->bios_area);
	gmem_commit(gmem);
	if (fx->option_rom)
		gmem_block_free(gmem, fx->option_rom);
	pci_detach(&fx->pci);
}

static const struct state_field fields[] = {
	PCI_STATE,
	{STATE_ELEM(STATE_U32, struct i440fx, address)},
	{.kind = STATE_END},
};

static void restored(void *dev)
{
	struct i440fx *fx = dev;

	pci_restored(dev);
	if (fx->smram.link.next)
		update_memory(fx);
}

static const struct state_desc state = {.name = "i440FX",
					.version = 1,
					.fields = fields,
					.restored = restored};

const struct device_class i440fx_class = {
	.name = "i440FX",
	.desc = "Host bridge",
	.bus = DEVICE_PCI,
	.size = sizeof(struct i440fx),
	.state = &state,
	.regions = regions,
	.init = init,
	.reset = reset,
	.fini = fini,
};
