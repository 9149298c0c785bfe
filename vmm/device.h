/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices: what the guest sees is made of them.
 *
 * Each kind of device is one const struct device_class in its own file, listed
 * in tables.c.  A device is born by device_new (memory, identity, defaults,
 * -global), gets its properties (device_set) and its wires (hw/pc.c, or a
 * test), and comes to life by device_start, which calls init.
 *
 * The kind's own struct begins with struct device (PCI devices: struct
 * pci_device, which does).  Registers are given as a table of regions in the
 * class; the wiring screen says where on which bus each one is, so that a
 * device file knows no addresses.
 *
 * Machine lock for all.
 */
#ifndef VMM_DEVICE_H
#define VMM_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/bus.h"
#include "vmm/error.h"
#include "vmm/irq.h"
#include "vmm/list.h"
#include "vmm/log.h"
#include "vmm/opt.h"
#include "vmm/state.h"

struct machine;
struct device;

#define DEVICE_REGIONS 8
#define DEVICE_IRQS    24

struct device_region {
	const char *name;
	const struct bus_ops *ops;
	uint32_t len; /* bytes */
};

enum device_bus {
	DEVICE_SYSTEM, /* wired by hand, cannot be named by -device */
	DEVICE_ISA,
	DEVICE_PCI,
	DEVICE_IDE,
	DEVICE_FLOPPY,
	DEVICE_SCSI,
};

struct device_class {
	const char *name; /* as -device has it: "isa-debugcon" */
	const char *desc; /* one line, for -device help */
	enum device_bus bus;
	bool user; /* -device may make one */
	size_t size; /* of the kind's own struct */
	/* Properties; offsets are into the kind's own struct. */
	const struct opt_desc *opts;
	const struct state_desc *state; /* &stateless if there is none */
	const struct device_region *regions; /* ends with a NULL name */
	/* ISA: where in its struct the properties iobase and irq are
	 * (uint32_t), 0 for none. */
	size_t iobase_offset, irq_offset;
	/*
	 * Where firmware finds what can boot, as Open Firmware writes it (IEEE
	 * 1275, 3.2.1.1); returns its bootindex, -1 for none.  NULL: it
	 * cannot boot.
	 */
	int64_t (*boot_path)(const struct device *dev, char *buf, size_t size);
	/*
	 * Wires and properties are set.  Succeeds wholly, or leaves nothing.
	 * reset is called afterwards, before the guest runs.
	 */
	int (*init)(struct device *dev, struct error *err);
	void (*reset)(struct device *dev); /* power-on state; may be NULL */
	void (*quiesce)(struct device *dev); /* end background work */
	void (*fini)(struct device *dev); /* undoes init; may be NULL */
};

struct device {
	const struct device_class *class;
	struct machine *machine;
	struct device *parent;
	struct list link; /* machine->devices, in the order of birth */
	char *id; /* the user's name for it, or NULL */
	char path[128]; /* "/machine/isa.0/rtc" */
	bool live; /* between init and fini */
	struct bus_region region[DEVICE_REGIONS]; /* as class->regions */
	struct irq irq[DEVICE_IRQS]; /* outputs, connected by the wiring */
	struct log_limit log;
};

/*
 * parent NULL: a device on no bus.  name is its place in the path when it has
 * no id; NULL: it is the user's, who gave it none.
 */
struct device *device_new(struct machine *m, const struct device_class *class,
			  const char *id, const char *name,
			  struct device *parent, struct error *err);
/* Sets a property by name; an unknown one names the nearest. */
int device_set(struct device *dev, const char *key, const char *value,
	       struct error *err);
/* Sets each pair of list but driver, id, and a bus that is no property. */
int device_set_all(struct device *dev, const struct opt_list *list,
		   struct error *err);
/* Maps region n of the class; after device_new, before device_start. */
int device_map(struct device *dev, unsigned n, struct bus *bus, uint64_t base,
	       struct error *err);
int device_start(struct device *dev, struct error *err);
/* Ends, unmaps and frees the device. */
void device_free(struct device *dev);

/* Resets each live device in the order of birth. */
void device_reset_all(struct machine *m);
struct device *device_find(struct machine *m, const char *id);
/* By class name in tables.c, with qemu's aliases; NULL if there is none. */
const struct device_class *device_class_find(const char *name);

/* Does -device make a NIC of it? */
bool device_class_is_nic(const struct device_class *class);

/* Every class there is, ends with NULL (vmm/tables.c). */
extern const struct device_class *const device_classes[];

#endif
