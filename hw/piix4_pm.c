/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Intel 82371AB PIIX4, function 3: power management and SMBus (Intel order
 * number 290562), with the ACPI register blocks of ACPI 1.0b, 4.7: PM1 event
 * and control, the 24-bit timer, a GPE block, and the SMI command port by
 * which the firmware hands over to ACPI.
 *
 * Not modelled: SMIs, device monitors, CPU throttling, SMBus slaves.
 */
#include "hw/piix4_pm.h"

#include "hw/pci_regs.h"
#include "vmm/endian.h"

#define REG_PMBASE	0x40
#define REG_DEVACTB	0x58
#define REG_DEVRESB	0x5c
#define REG_PMREGMISC	0x80
#define REG_SMBBASE	0x90
#define REG_SMBHSTCFG	0xd2
#define PMIOSE		1u
#define SMB_HST_EN	1u
#define DEVACTB_APMC_EN (1u << 25)
#define PMBASE_MASK	0xffc0u
#define SMBBASE_MASK	0xfff0u
#define PM_IO_SIZE	64
#define SMB_IO_SIZE	16

enum pm_reg { PM1_STS = 0, PM1_EN = 2, PM1_CNT = 4, PM_TMR = 8 };

#define TMR_STS	     (1u << 0)
#define GBL_STS	     (1u << 5)
#define PWRBTN_STS   (1u << 8)
#define RTC_STS	     (1u << 10)
#define WAK_STS	     (1u << 15)
#define PM1_STS_BITS (TMR_STS | GBL_STS | PWRBTN_STS | RTC_STS | WAK_STS)
#define PM1_EN_BITS  (TMR_STS | GBL_STS | PWRBTN_STS | RTC_STS)
#define SCI_EN	     (1u << 0)
#define SLP_TYP(v)   ((v) >> 10 & 7)
#define SLP_EN	     (1u << 13)

/* The _Sx packages of the DSDT name these. */
enum sleep_type { SLEEP_S5 = 0, SLEEP_S3 = 1 };

#define TIMER_HZ   3579545u
#define TIMER_BITS 24
#define TIMER_HALF (UINT64_C(1) << (TIMER_BITS - 1))

enum smb_reg {
	SMBHSTSTS = 0,
	SMBHSTCNT = 2,
	SMBHSTCMD = 3,
	SMBHSTADD = 4,
	SMBHSTDAT0 = 5,
	SMBHSTDAT1 = 6
};

#define SMB_START   (1u << 6)
#define SMB_INTR    (1u << 1)
#define SMB_DEV_ERR (1u << 2)
#define SMB_STS_W1C 0x1eu

static uint64_t timer_ticks(const struct piix4_pm *pm)
{
	return (uint64_t)muldiv64(clock_now(&pm->pci.dev.machine->virt),
				  TIMER_HZ, NS_PER_SEC);
}

/* TMR_STS is set whenever the timer's highest bit changes. */
static void arm_timer(struct piix4_pm *pm)
{
	uint64_t next = (timer_ticks(pm) / TIMER_HALF + 1) * TIMER_HALF;

	if (pm->pm1_enable & TMR_STS)
		timer_set(&pm->overflow,
			  muldiv64((int64_t)next, NS_PER_SEC, TIMER_HZ) + 1);
	else
		timer_cancel(&pm->overflow);
}

static void update_sci(struct piix4_pm *pm)
{
	bool event = pm->pm1_status & pm->pm1_enable & PM1_EN_BITS;
	bool gpe = pm->gpe_status & pm->gpe_enable;

	irq_set(&pm->pci.dev.irq[0],
		(event || gpe) && (pm->pm1_control & SCI_EN));
}

static void on_overflow(void *ctx)
{
	struct piix4_pm *pm = ctx;

	pm->pm1_status |= TMR_STS;
	arm_timer(pm);
	update_sci(pm);
}

static void sleep_now(struct piix4_pm *pm, unsigned type)
{
	struct machine *m = pm->pci.dev.machine;

	if (type == SLEEP_S3 && !pm->disable_s3)
		machine_request_suspend(m);
	else if (type == SLEEP_S5 || (type == pm->s4_val && !pm->disable_s4))
		machine_request_shutdown(m, CAUSE_GUEST_SHUTDOWN);
}

/* Off may lie within a register, and size may cover two. */
static uint64_t pm_read(void *dev, uint64_t off, unsigned size)
{
	const struct piix4_pm *pm = dev;
	uint8_t image[PM_IO_SIZE + 4] = {0};

	store_le16(image + PM1_STS, pm->pm1_status);
	store_le16(image + PM1_EN, pm->pm1_enable);
	store_le16(image + PM1_CNT, pm->pm1_control);
	store_le32(image + PM_TMR, timer_ticks(pm) & ((1u << TIMER_BITS) - 1));
	return load_le32(image + off);
}

/* Writes the bits of mask of the 16-bit register reg. */
static void pm_write_reg(struct piix4_pm *pm, unsigned reg, uint16_t val,
			 uint16_t mask)
{
	switch (reg) {
	case PM1_STS:
		pm->pm1_status &= (uint16_t)~val;
		break;
	case PM1_EN:
		pm->pm1_enable = ((pm->pm1_enable & ~mask) | val) & PM1_EN_BITS;
		break;
	case PM1_CNT:
		pm->pm1_control = (uint16_t)((pm->pm1_control & ~mask) | val);
		if (!(pm->pm1_control & SLP_EN))
			break;
		pm->pm1_control &= (uint16_t)~SLP_EN;
		sleep_now(pm, SLP_TYP(pm->pm1_control));
		break;
	default:
		return;
	}
	arm_timer(pm);
	update_sci(pm);
}

static void pm_write(void *dev, uint64_t off, uint64_t val, unsigned size)
{
	unsigned shift = 8 * (off & 1);
	unsigned reg = (unsigned)off & ~1u;

	if (size == 1) {
		pm_write_reg(dev, reg, (uint16_t)(val << shift),
			     (uint16_t)(0xff << shift));
		return;
	}
	pm_write_reg(dev, reg, (uint16_t)val, UINT16_MAX);
	if (size == 4)
		pm_write_reg(dev, reg + 2, (uint16_t)(val >> 16), UINT16_MAX);
}

static const struct bus_ops pm_ops = {
	.read = pm_read,
	.write = pm_write,
	.max = 4,
};

static uint64_t gpe_read(void *dev, uint64_t off, unsigned size)
{
	const struct piix4_pm *pm = dev;
	uint16_t reg = off < 2 ? pm->gpe_status : pm->gpe_enable;

	return reg >> 8 * (off & 1) & 0xff;
}

static void gpe_write(void *dev, uint64_t off, uint64_t val, unsigned size)
{
	struct piix4_pm *pm = dev;
	unsigned shift = 8 * (off & 1), n;

	if (off < 2) {
		pm->gpe_status &= (uint16_t) ~((val & 0xff) << shift);
		for (n = 0; n < 16; n++)
			pm->gpe_status |= (uint16_t)(pm->gpe_level[n] << n);
	} else {
		pm->gpe_enable &= (uint16_t) ~(0xff << shift);
		pm->gpe_enable |= (uint16_t)((val & 0xff) << shift);
	}
	update_sci(pm);
}

static const struct bus_ops gpe_ops = {
	.read = gpe_read,
	.write = gpe_write,
	.max = 1,
};

static bool gpe_set(void *ctx, unsigned n, bool level)
{
	struct piix4_pm *pm = ctx;

	pm->gpe_level[n] = level;
	if (level)
		pm->gpe_status |= (uint16_t)(1u << n);
	update_sci(pm);
	return true;
}

struct irq piix4_pm_gpe(struct piix4_pm *pm, unsigned n)
{
	return (struct irq){.set = gpe_set, .ctx = pm, .n = n};
}

static uint64_t apm_read(void *dev, uint64_t off, unsigned size)
{
	const struct piix4_pm *pm = dev;

	return off ? pm->apm_status : pm->apm_control;
}

static void apm_write(void *dev, uint64_t off, uint64_t val, unsigned size)
{
	struct piix4_pm *pm = dev;

	if (off) {
		pm->apm_status = (uint8_t)val;
		return;
	}
	pm->apm_control = (uint8_t)val;
	if (val == PIIX4_ACPI_ENABLE)
		pm->pm1_control |= SCI_EN;
	else if (val == PIIX4_ACPI_DISABLE)
		pm->pm1_control &= (uint16_t)~SCI_EN;
	update_sci(pm);
}

static const struct bus_ops apm_ops = {
	.read = apm_read,
	.write = apm_write,
	.max = 1,
};

static uint64_t smb_read(void *dev, uint64_t off, unsigned size)
{
	const struct piix4_pm *pm = dev;

	switch (off) {
	case SMBHSTSTS:
		return pm->smb_status;
	case SMBHSTCNT:
		return pm->smb_control;
	case SMBHSTCMD:
		return pm->smb_command;
	case SMBHSTADD:
		return pm->smb_address;
	case SMBHSTDAT0:
	case SMBHSTDAT1:
		return pm->smb_data[off - SMBHSTDAT0];
	default:
		return 0;
	}
}

static void smb_write(void *dev, uint64_t off, uint64_t val, unsigned size)
{
	struct piix4_pm *pm = dev;

	switch (off) {
	case SMBHSTSTS:
		pm->smb_status &= (uint8_t) ~(val & SMB_STS_W1C);
		break;
	case SMBHSTCNT:
		pm->smb_control = (uint8_t)(val & ~SMB_START);
		/* Nobody is on the bus: no address is acknowledged. */
		if (val & SMB_START)
			pm->smb_status |= SMB_DEV_ERR | SMB_INTR;
		break;
	case SMBHSTCMD:
		pm->smb_command = (uint8_t)val;
		break;
	case SMBHSTADD:
		pm->smb_address = (uint8_t)val;
		break;
	case SMBHSTDAT0:
	case SMBHSTDAT1:
		pm->smb_data[off - SMBHSTDAT0] = (uint8_t)val;
		break;
	default:
		break;
	}
}

static const struct bus_ops smb_ops = {
	.read = smb_read,
	.write = smb_write,
	.max = 1,
};

static void update_map(struct piix4_pm *pm)
{
	const uint8_t *c = pm->pci.config;

	bus_move(&pm->pm_io, load_le16(&c[REG_PMBASE]) & PMBASE_MASK);
	bus_enable(&pm->pm_io, c[REG_PMREGMISC] & PMIOSE);
	bus_move(&pm->smbus_io, load_le16(&c[REG_SMBBASE]) & SMBBASE_MASK);
	bus_enable(&pm->smbus_io, c[REG_SMBHSTCFG] & SMB_HST_EN);
}

static void config_written(struct pci_device *pci, unsigned off, unsigned len)
{
	update_map(container_of(pci, struct piix4_pm, pci));
}

static void on_event(void *ctx, enum machine_event event)
{
	struct piix4_pm *pm = ctx;

	if (event == EVENT_POWERDOWN)
		pm->pm1_status |= PWRBTN_STS;
	else if (event == EVENT_WAKEUP)
		pm->pm1_status |=
			WAK_STS | (pm->alarm_woke ? RTC_STS : PWRBTN_STS);
	else
		return;
	pm->alarm_woke = false;
	update_sci(pm);
}

static bool alarm_set(void *ctx, unsigned n, bool level)
{
	struct piix4_pm *pm = ctx;
	struct machine *m = pm->pci.dev.machine;

	if (level && m->state == RUN_STATE_SUSPENDED &&
	    (pm->pm1_enable & RTC_STS)) {
		pm->alarm_woke = true;
		machine_request_wakeup(m);
	}
	return true;
}

struct irq piix4_pm_alarm(struct piix4_pm *pm)
{
	return (struct irq){.set = alarm_set, .ctx = pm};
}

static const struct device_region regions[] = {
	{"apm", &apm_ops, 2},
	{"acpi-gpe0", &gpe_ops, PIIX4_GPE_LEN},
	{.name = NULL},
};

static const struct pci_id id = {
	.vendor = 0x8086,
	.device = 0x7113,
	.subvendor = 0x1af4,
	.subdevice = 0x1100,
	.class = 0x068000,
	.revision = 3,
	.pin = 1,
};

static int map_io(struct piix4_pm *pm, struct error *err)
{
	struct bus *io = &pm->pci.dev.machine->io;
	int rc = bus_map(io, &pm->pm_io, "piix4-pm", 0, PM_IO_SIZE, 0, &pm_ops,
			 pm, err);

	if (rc == 0)
		rc = bus_map(io, &pm->smbus_io, "pm-smbus", 0, SMB_IO_SIZE, 0,
			     &smb_ops, pm, err);
	return rc;
}

static int init(struct device *dev, struct error *err)
{
	struct piix4_pm *pm = (struct piix4_pm *)dev;
	uint8_t *wmask = pm->pci.wmask;
	int rc = pci_attach(&pm->pci, &id, err);

	if (rc < 0)
		return rc;
	rc = map_io(pm, err);
	if (rc < 0) {
		bus_unmap(&pm->pm_io);
		pci_detach(&pm->pci);
		return rc;
	}
	timer_init(&pm->overflow, &dev->machine->virt, on_overflow, pm);
	store_le16(&wmask[REG_PMBASE], PMBASE_MASK);
	wmask[REG_PMREGMISC] = PMIOSE;
	store_le16(&wmask[REG_SMBBASE], SMBBASE_MASK);
	wmask[REG_SMBHSTCFG] = 0x0f;
	wmask[REG_DEVRESB] = wmask[REG_DEVRESB + 3] = 0xff;
	pm->pci.config_written = config_written;
	machine_add_notifier(dev->machine, &pm->notifier, on_event, pm);
	return 0;
}

static void reset(struct device *dev)
{
	struct piix4_pm *pm = (struct piix4_pm *)dev;
	uint8_t *c = pm->pci.config;

	pci_reset(&pm->pci);
	store_le32(&c[REG_PMBASE], PCI_BASE_ADDRESS_IO);
	c[REG_PMREGMISC] = 0;
	/* Firmware takes this for SMIs set up already, which saves it from
	 * waiting for a handler in a mode that is not there. */
	store_le32(&c[REG_DEVACTB], DEVACTB_APMC_EN);
	store_le32(&c[REG_SMBBASE], PIIX4_SMBUS_BASE | PCI_BASE_ADDRESS_IO);
	c[REG_SMBHSTCFG] = SMB_HST_EN;
	pm->pm1_status = pm->pm1_enable = pm->pm1_control = 0;
	pm->gpe_status = pm->gpe_enable = 0;
	pm->apm_control = pm->apm_status = 0;
	pm->smb_status = pm->smb_control = 0;
	timer_cancel(&pm->overflow);
	update_map(pm);
	update_sci(pm);
}

static void fini(struct device *dev)
{
	struct piix4_pm *pm = (struct piix4_pm *)dev;

	list_del(&pm->notifier.link);
	timer_cancel(&pm->overflow);
	bus_unmap(&pm->pm_io);
	bus_unmap(&pm->smbus_io);
	pci_detach(&pm->pci);
}

static const struct opt_desc opts[] = {
	{.name = "acpi-root-pci-hotplug",
	 .type = OPT_BOOL,
	 .offset = offsetof(struct piix4_pm, root_hotplug),
	 .dflt = "on",
	 .help = "ACPI tells of the slots of the PCI bus"},
	{.name = "disable_s3",
	 .type = OPT_U8,
	 .offset = offsetof(struct piix4_pm, disable_s3),
	 .max = 1,
	 .dflt = "0",
	 .help = "no suspend to RAM"},
	{.name = "disable_s4",
	 .type = OPT_U8,
	 .offset = offsetof(struct piix4_pm, disable_s4),
	 .max = 1,
	 .dflt = "0",
	 .help = "no suspend to disk"},
	{.name = "s4_val",
	 .type = OPT_U8,
	 .offset = offsetof(struct piix4_pm, s4_val),
	 .max = 7,
	 .dflt = "2",
	 .help = "the sleep type that means suspend to disk"},
	{.type = OPT_END},
};

static const struct state_field fields[] = {
	PCI_STATE,
	{STATE_ELEM(STATE_U16, struct piix4_pm, pm1_status)},
	{STATE_ELEM(STATE_U16, struct piix4_pm, pm1_enable)},
	{STATE_ELEM(STATE_U16, struct piix4_pm, pm1_control)},
	{STATE_ELEM(STATE_U16, struct piix4_pm, gpe_status)},
	{STATE_ELEM(STATE_U16, struct piix4_pm, gpe_enable)},
	{STATE_ARR(STATE_BOOL, struct piix4_pm, gpe_level)},
	{STATE_ELEM(STATE_U8, struct piix4_pm, apm_control)},
	{STATE_ELEM(STATE_U8, struct piix4_pm, apm_status)},
	{STATE_ELEM(STATE_U8, struct piix4_pm, smb_status)},
	{STATE_ELEM(STATE_U8, struct piix4_pm, smb_control)},
	{STATE_ELEM(STATE_U8, struct piix4_pm, smb_command)},
	{STATE_ELEM(STATE_U8, struct piix4_pm, smb_address)},
	{STATE_ARR(STATE_U8, struct piix4_pm, smb_data)},
	{.kind = STATE_END},
};

static void restored(void *dev)
{
	pci_restored(dev);
	update_map(dev);
	arm_timer(dev);
	update_sci(dev);
}

static const struct state_desc state = {.name = "PIIX4_PM",
					.version = 1,
					.fields = fields,
					.restored = restored};

const struct device_class piix4_pm_class = {
	.name = "PIIX4_PM",
	.desc = "Power management and SMBus",
	.bus = DEVICE_PCI,
	.size = sizeof(struct piix4_pm),
	.opts = opts,
	.state = &state,
	.regions = regions,
	.init = init,
	.reset = reset,
	.fini = fini,
};
