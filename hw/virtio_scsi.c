/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A SCSI host adapter on virtio: properties, features, configuration.  Virtual
 * I/O Device 1.1, 5.6.  Not modelled: requests that both read and write,
 * protection information, plugging units in while the machine runs.
 */
#include "hw/virtio_scsi.h"

#include <errno.h>

#include "vmm/config.h"
#include "vmm/endian.h"

#define PCI_CLASS_SCSI	0x010000u
#define OTHER_QUEUES	VIRTIO_SCSI_REQUESTS
#define OTHER_PIECES	2u /* of a request, beside the data */
#define QUEUE_SIZE_MIN	4
#define DEFAULT_SEG_MAX 126u /* of a queue of 128, before it was adjusted */
#define EVENT_SIZE	16u
#define SENSE_SIZE_MAX	65535u
#define CDB_SIZE_MAX	255u

struct virtio_scsi *virtio_scsi_from(struct virtio *v)
{
	return container_of(v, struct virtio_scsi, vp.virtio);
}

#define AT(field) offsetof(struct virtio_scsi_config, field)

static void config(struct virtio *v, uint8_t *c)
{
	const struct virtio_scsi *s = virtio_scsi_from(v);

	store_le32(c + AT(num_queues), v->nqueues - OTHER_QUEUES);
	store_le32(c + AT(seg_max), s->seg_max_adjust
					    ? s->queue_size - OTHER_PIECES
					    : DEFAULT_SEG_MAX);
	store_le32(c + AT(max_sectors), s->max_sectors);
	store_le32(c + AT(cmd_per_lun), s->cmd_per_lun);
	store_le32(c + AT(event_info_size), EVENT_SIZE);
	store_le32(c + AT(sense_size), s->sense_size);
	store_le32(c + AT(cdb_size), s->cdb_size);
	store_le16(c + AT(max_channel), 0);
	store_le16(c + AT(max_target), (uint16_t)(s->bus.hba->ids - 1));
	store_le32(c + AT(max_lun), s->bus.hba->luns - 1);
}

/* 5.6.4: the driver chooses how long CDBs and sense data are. */
static void config_written(struct virtio *v, const uint8_t *c, unsigned off,
			   unsigned len)
{
	struct virtio_scsi *s = virtio_scsi_from(v);
	uint32_t sense = load_le32(c + AT(sense_size));
	uint32_t cdb = load_le32(c + AT(cdb_size));

	if (sense > SENSE_SIZE_MAX || cdb > CDB_SIZE_MAX) {
		log_guest(&v->dev->log,
			  "%s: the driver wants sense data of %u and CDBs of "
			  "%u bytes",
			  v->dev->path, sense, cdb);
		return;
	}
	s->sense_size = sense;
	s->cdb_size = cdb;
}

static void driver_reset(struct virtio *v)
{
	struct virtio_scsi *s = virtio_scsi_from(v);
	struct scsi_unit *u;

	s->sense_size = VIRTIO_SCSI_SENSE_DEFAULT_SIZE;
	s->cdb_size = VIRTIO_SCSI_CDB_DEFAULT_SIZE;
	s->events_missed = false;
	list_for_each (u, &s->bus.units, struct scsi_unit, link)
		scsi_unit_reset(u);
}

static const struct virtio_kind kind = {
	.name = "virtio-scsi",
	.id = VIRTIO_ID_SCSI,
	.config_size = AT(max_lun) + 4,
	.config = config,
	.config_written = config_written,
	.start = virtio_scsi_io_start,
	.stop = virtio_scsi_io_stop,
	.reset = driver_reset,
	.pause = virtio_scsi_io_pause,
	.resume = virtio_scsi_io_resume,
	.park = virtio_scsi_io_park,
	.unpark = virtio_scsi_io_unpark,
};

static unsigned queue_count(const struct virtio_scsi *s)
{
	const struct config *c = s->vp.pci.dev.machine->config;
	unsigned n = s->nqueues;

	if (n == UINT32_MAX)
		n = c ? c->smp.cpus : 1;
	return n < VIRTIO_QUEUES - OTHER_QUEUES
		       ? n
		       : VIRTIO_QUEUES - 1 - OTHER_QUEUES;
}

static int check(const struct virtio_scsi *s, struct error *err)
{
	if (!s->nqueues || (s->nqueues != UINT32_MAX &&
			    s->nqueues >= VIRTIO_QUEUES - OTHER_QUEUES))
		return error_set(err, EINVAL, "num_queues must be from 1 to %d",
				 VIRTIO_QUEUES - 1 - OTHER_QUEUES);
	if (s->queue_size & (s->queue_size - 1) ||
	    s->queue_size < QUEUE_SIZE_MIN)
		return error_set(err, EINVAL,
				 "virtqueue_size must be a power of two from "
				 "%d to %d",
				 QUEUE_SIZE_MIN, VIRTQ_SIZE_MAX);
	return 0;
}

static uint64_t own_features(const struct virtio_scsi *s)
{
	return (s->hotplug ? VIRTIO_BIT(VIRTIO_SCSI_F_HOTPLUG) : 0) |
	       (s->param_change ? VIRTIO_BIT(VIRTIO_SCSI_F_CHANGE) : 0);
}

static int init(struct device *dev, struct error *err)
{
	struct virtio_scsi *s = (struct virtio_scsi *)dev;
	struct virtio *v = &s->vp.virtio;
	int rc = check(s, err);

	if (rc < 0)
		return rc;
	if (dev->class == &virtio_scsi_pci_non_transitional_class)
		virtio_pci_modern_only(&s->vp);
	virtio_scsi_io_init(s);
	s->bus.iothread = s->iothread && *s->iothread ? s->iothread : NULL;
	rc = virtio_init(v, &kind, dev, 0, queue_count(s) + OTHER_QUEUES,
			 s->queue_size, VIRTQ_SIZE_MAX,
			 virtio_scsi_request_size(), err);
	if (rc < 0)
		return rc;
	v->offered = virtio_pci_features(&s->vp) | own_features(s);
	rc = virtio_pci_init(&s->vp, PCI_CLASS_SCSI, err);
	if (rc < 0)
		virtio_fini(v);
	return rc;
}

static void fini(struct device *dev)
{
	virtio_pci_fini(&((struct virtio_scsi *)dev)->vp);
}

#define PROPERTY(key, kind_, field) \
	.name = key, .type = kind_, \
	.offset = offsetof(struct virtio_scsi, field)

/* clang-format off */
#define OPTS \
	{PROPERTY("num_queues", OPT_U32, nqueues), .dflt = "4294967295", \
	 .help = "queues for requests [one for each processor]"}, \
	{PROPERTY("virtqueue_size", OPT_U16, queue_size), \
	 .max = VIRTQ_SIZE_MAX, .dflt = "256", \
	 .help = "requests that a queue holds"}, \
	{PROPERTY("seg_max_adjust", OPT_BOOL, seg_max_adjust), .dflt = "on", \
	 .help = "pieces in a request by the size of the queue"}, \
	{PROPERTY("cmd_per_lun", OPT_U32, cmd_per_lun), .dflt = "128", \
	 .help = "requests that a guest gives a unit at a time"}, \
	{PROPERTY("max_sectors", OPT_U32, max_sectors), .dflt = "65535", \
	 .help = "512-byte sectors in a request, at most"}, \
	{PROPERTY("hotplug", OPT_BOOL, hotplug), .dflt = "on", \
	 .help = "offer to tell of units that come and go"}, \
	{PROPERTY("param_change", OPT_BOOL, param_change), .dflt = "on", \
	 .help = "offer to tell of disks with a new size"}, \
	{PROPERTY("iothread", OPT_STRING, iothread), \
	 .help = "id of the -object iothread that serves its units"}

static const struct opt_desc opts[] = {
	VIRTIO_PCI_OPTS,
	OPTS,
	{.type = OPT_END},
};

/* Of those whose names say which drivers they are for. */
static const struct opt_desc named_opts[] = {
	VIRTIO_PCI_OTHER_OPTS,
	OPTS,
	{.type = OPT_END},
};
/* clang-format on */

static const struct state_field fields[] = {
	VIRTIO_PCI_STATE,
	{STATE_ELEM(STATE_U32, struct virtio_scsi, sense_size),
	 .hi = SENSE_SIZE_MAX},
	{STATE_ELEM(STATE_U32, struct virtio_scsi, cdb_size),
	 .hi = CDB_SIZE_MAX},
	{STATE_ELEM(STATE_BOOL, struct virtio_scsi, events_missed)},
	{.kind = STATE_END},
};

static const struct state_desc state = {.name = "virtio-scsi",
					.version = 1,
					.fields = fields,
					.saving = virtio_pci_saving,
					.restored = virtio_pci_restored};

#define CLASS(name_, desc_, opts_) \
	{ \
		.name = name_, .desc = desc_, .opts = opts_, \
		.bus = DEVICE_PCI, .user = true, \
		.size = sizeof(struct virtio_scsi), .state = &state, \
		.init = init, .reset = virtio_pci_reset, .fini = fini \
	}

const struct device_class virtio_scsi_pci_class =
	CLASS("virtio-scsi-pci", "virtio SCSI adapter", opts);
const struct device_class virtio_scsi_pci_transitional_class =
	CLASS("virtio-scsi-pci-transitional",
	      "virtio SCSI adapter, for drivers old and new", named_opts);
const struct device_class virtio_scsi_pci_non_transitional_class =
	CLASS("virtio-scsi-pci-non-transitional",
	      "virtio SCSI adapter, for drivers of virtio 1.0 and later",
	      named_opts);

bool virtio_scsi_is(const struct device *dev)
{
	return dev->class->init == init;
}
