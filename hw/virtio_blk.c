/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A disk on virtio: properties, features, configuration.  Virtual I/O Device
 * 1.1, 5.2.  Not modelled: SCSI requests, secure erase, zoned disks.
 */
#include "hw/virtio_blk.h"

#include <errno.h>
#include <linux/virtio_blk.h>
#include <stdio.h>

#include "vmm/config.h"
#include "vmm/endian.h"

/* What users of qemu know the disk behind the PCI device by. */
#define BACKEND		"/virtio-backend"
#define PCI_CLASS_SCSI	0x010000u
#define QUEUE_SIZE_MIN	2
#define BLOCK_SIZE_MAX	32768u
#define DEFAULT_SEG_MAX 126u /* of a queue of 128, before it was adjusted */
#define HEADS		16
#define SECTORS		63
#define CYLINDERS_MAX	16383u

#define QUEUES_AUTO	65535

/* Header and status beside the data. */
#define OTHER_PIECES 2

struct virtio_blk *virtio_blk_from(struct virtio *v)
{
	return container_of(v, struct virtio_blk, vp.virtio);
}

static uint64_t own_features(const struct virtio_blk *b)
{
	uint64_t f = VIRTIO_BIT(VIRTIO_BLK_F_SEG_MAX) |
		     VIRTIO_BIT(VIRTIO_BLK_F_GEOMETRY) |
		     VIRTIO_BIT(VIRTIO_BLK_F_BLK_SIZE) |
		     VIRTIO_BIT(VIRTIO_BLK_F_FLUSH) |
		     VIRTIO_BIT(VIRTIO_BLK_F_TOPOLOGY);

	if (b->config_wce)
		f |= VIRTIO_BIT(VIRTIO_BLK_F_CONFIG_WCE);
	if (b->vp.virtio.nqueues > 1)
		f |= VIRTIO_BIT(VIRTIO_BLK_F_MQ);
	if (b->front->readonly)
		f |= VIRTIO_BIT(VIRTIO_BLK_F_RO);
	if (b->discard)
		f |= VIRTIO_BIT(VIRTIO_BLK_F_DISCARD);
	if (b->write_zeroes)
		f |= VIRTIO_BIT(VIRTIO_BLK_F_WRITE_ZEROES);
	return f;
}

static uint8_t exponent(uint64_t n, uint64_t of)
{
	uint8_t e = 0;

	while (of < n) {
		of *= 2;
		e++;
	}
	return e;
}

#define AT(field) offsetof(struct virtio_blk_config, field)

static void fill_geometry(const struct virtio_blk *b, uint8_t *c)
{
	uint64_t cylinders = blk_size(b->front) / BLK_SECTOR / HEADS / SECTORS;
	uint32_t per_block = (uint32_t)b->block_size / BLK_SECTOR;

	if (cylinders > CYLINDERS_MAX)
		cylinders = CYLINDERS_MAX;
	if (cylinders < 2)
		cylinders = 2;
	store_le16(c + AT(geometry.cylinders), (uint16_t)cylinders);
	c[AT(geometry.heads)] = HEADS;
	c[AT(geometry.sectors)] =
		(uint8_t)(SECTORS & ~(per_block ? per_block - 1 : 0));
}

static void config(struct virtio *v, uint8_t *c)
{
	const struct virtio_blk *b = virtio_blk_from(v);

	store_le64(c + AT(capacity), blk_size(b->front) / BLK_SECTOR);
	store_le32(c + AT(seg_max),
		   b->seg_max_adjust ? (uint32_t)b->queue_size - OTHER_PIECES
				     : DEFAULT_SEG_MAX);
	fill_geometry(b, c);
	store_le32(c + AT(blk_size), (uint32_t)b->block_size);
	c[AT(physical_block_exp)] =
		exponent(b->physical_block_size, b->block_size);
	store_le16(c + AT(min_io_size),
		   (uint16_t)(b->min_io_size / b->block_size));
	store_le32(c + AT(opt_io_size),
		   (uint32_t)(b->opt_io_size / b->block_size));
	c[AT(wce)] = !b->front->writethrough;
	store_le16(c + AT(num_queues), (uint16_t)v->nqueues);
	if (b->discard) {
		store_le32(c + AT(max_discard_sectors), VIRTIO_BLK_DISCARD_MAX);
		store_le32(c + AT(max_discard_seg), 1);
		store_le32(c + AT(discard_sector_alignment),
			   (uint32_t)b->block_size / BLK_SECTOR);
	}
	if (b->write_zeroes) {
		store_le32(c + AT(max_write_zeroes_sectors),
			   VIRTIO_BLK_DISCARD_MAX);
		store_le32(c + AT(max_write_zeroes_seg), 1);
		c[AT(write_zeroes_may_unmap)] = 1;
	}
}

static void config_written(struct virtio *v, const uint8_t *c, unsigned off,
			   unsigned len)
{
	struct virtio_blk *b = virtio_blk_from(v);

	if (off <= AT(wce) && off + len > AT(wce) &&
	    v->features & VIRTIO_BIT(VIRTIO_BLK_F_CONFIG_WCE))
		b->front->writethrough = !c[AT(wce)];
}

static const struct virtio_kind kind = {
	.name = "virtio-blk",
	.id = VIRTIO_ID_BLOCK,
	.config_size = AT(write_zeroes_may_unmap) + 4,
	.config = config,
	.config_written = config_written,
	.start = virtio_blk_io_start,
	.stop = virtio_blk_io_stop,
	.pause = virtio_blk_io_pause,
	.resume = virtio_blk_io_resume,
	.park = virtio_blk_io_park,
	.unpark = virtio_blk_io_unpark,
};

static bool is_power_of_two(uint64_t n)
{
	return n && !(n & (n - 1));
}

static int check_block_sizes(const struct virtio_blk *b, struct error *err)
{
	if (!is_power_of_two(b->block_size) || b->block_size < BLK_SECTOR ||
	    b->block_size > BLOCK_SIZE_MAX)
		return error_set(err, EINVAL,
				 "logical_block_size must be a power of two "
				 "from %u to %u",
				 BLK_SECTOR, BLOCK_SIZE_MAX);
	if (!is_power_of_two(b->physical_block_size) ||
	    b->physical_block_size < b->block_size)
		return error_set(err, EINVAL,
				 "physical_block_size must be a power of two, "
				 "and logical_block_size or more");
	if (b->min_io_size % b->block_size || b->opt_io_size % b->block_size)
		return error_set(err, EINVAL,
				 "min_io_size and opt_io_size must be "
				 "multiples of logical_block_size");
	return 0;
}

static int check(const struct virtio_blk *b, struct error *err)
{
	if (!b->front->node)
		return error_set(err, EINVAL,
				 "Device needs media, but drive is empty");
	if (!b->nqueues ||
	    (b->nqueues >= VIRTIO_QUEUES && b->nqueues != QUEUES_AUTO))
		return error_set(err, EINVAL, "num-queues must be from 1 to %d",
				 VIRTIO_QUEUES - 1);
	if (!is_power_of_two(b->queue_size) ||
	    b->queue_size <= QUEUE_SIZE_MIN || b->queue_size > VIRTQ_SIZE_MAX)
		return error_set(err, EINVAL,
				 "queue-size must be a power of two from %d "
				 "to %d",
				 2 * QUEUE_SIZE_MIN, VIRTQ_SIZE_MAX);
	return check_block_sizes(b, err);
}

static unsigned queue_count(const struct virtio_blk *b)
{
	const struct config *c = b->vp.pci.dev.machine->config;
	unsigned n = b->nqueues;

	if (n == QUEUES_AUTO)
		n = c ? c->smp.cpus : 1;

	return n < VIRTIO_QUEUES ? n : VIRTIO_QUEUES - 1;
}

static void resized(void *ctx)
{
	virtio_config_changed(ctx);
}

static const struct blk_media_ops media_ops = {.resized = resized};

static int init_virtio(struct virtio_blk *b, struct error *err)
{
	struct virtio *v = &b->vp.virtio;
	int rc = virtio_init(v, &kind, &b->vp.pci.dev, 0, queue_count(b),
			     b->queue_size, VIRTQ_SIZE_MAX,
			     virtio_blk_request_size(), err);

	if (rc < 0)
		return rc;
	v->offered = virtio_pci_features(&b->vp) | own_features(b);
	rc = virtio_pci_init(&b->vp, PCI_CLASS_SCSI, err);
	if (rc < 0)
		virtio_fini(v);
	return rc;
}

static int init(struct device *dev, struct error *err)
{
	struct virtio_blk *b = (struct virtio_blk *)dev;
	char path[sizeof(dev->path) + sizeof(BACKEND)];
	int rc;

	if (dev->class == &virtio_blk_pci_non_transitional_class)
		virtio_pci_modern_only(&b->vp);
	snprintf(path, sizeof(path), "%s" BACKEND, dev->path);
	if (!b->block_size)
		b->block_size = BLK_SECTOR;
	if (!b->physical_block_size)
		b->physical_block_size = b->block_size;
	if (!b->front)
		b->front = disk_find(&b->disk, dev, false, err);
	if (!b->front)
		return -EINVAL;
	rc = check(b, err);
	if (rc == 0 && b->iothread && *b->iothread)
		rc = blk_front_move(b->front, b->iothread, err);
	if (rc == 0)
		rc = disk_take(&b->disk, path, b->front, !b->front->readonly,
			       err);
	if (rc < 0)
		return rc;
	b->front->removable = false;
	b->writethrough = b->front->writethrough;
	b->front->media = &media_ops;
	b->front->media_ctx = &b->vp.virtio;
	return init_virtio(b, err);
}

static int64_t boot_path(const struct device *dev, char *buf, size_t size)
{
	const struct virtio_blk *b = (const struct virtio_blk *)dev;
	size_t n;

	pci_firmware_path(&b->vp.pci, buf, size);
	n = strlen(buf);
	snprintf(buf + n, size - n, "/disk@0,0");
	return b->disk.bootindex;
}

static void fini(struct device *dev)
{
	virtio_pci_fini(&((struct virtio_blk *)dev)->vp);
}

#define PROPERTY(key, kind_, field) \
	.name = key, .type = kind_, .offset = offsetof(struct virtio_blk, field)

/* clang-format off */
#define OPTS \
	DISK_OPTS(struct virtio_blk), \
	{PROPERTY("iothread", OPT_STRING, iothread), .help = "id of the -object iothread that serves it [one of its own]"}, \
	{PROPERTY("num-queues", OPT_U16, nqueues), .dflt = "65535", .help = "queues [one for each processor]"}, \
	{PROPERTY("queue-size", OPT_U16, queue_size), .max = VIRTQ_SIZE_MAX, \
	 .dflt = "256", .help = "requests that a queue holds"}, \
	{PROPERTY("seg-max-adjust", OPT_BOOL, seg_max_adjust), \
	 .dflt = "on", .help = "pieces in a request by the size of the queue"}, \
	{PROPERTY("logical_block_size", OPT_SIZE, block_size), \
	 .dflt = "0", .help = "bytes of what is read and written at least"}, \
	{PROPERTY("physical_block_size", OPT_SIZE, physical_block_size), \
	 .dflt = "0", .help = "bytes of what is best written at once"}, \
	{PROPERTY("min_io_size", OPT_SIZE, min_io_size), .dflt = "0", \
	 .help = "bytes of the smallest request that is good, 0: unknown"}, \
	{PROPERTY("opt_io_size", OPT_SIZE, opt_io_size), .dflt = "0", \
	 .help = "bytes of the best request, 0: unknown"}, \
	{PROPERTY("discard", OPT_BOOL, discard), .dflt = "on", \
	 .help = "offer to give space back"}, \
	{PROPERTY("write-zeroes", OPT_BOOL, write_zeroes), .dflt = "on", \
	 .help = "offer to write zeros without sending them"}, \
	{PROPERTY("config-wce", OPT_BOOL, config_wce), .dflt = "on", \
	 .help = "the driver may choose write-cache"}, \
	DISK_REFUSED, \
	REFUSED_BUT("max-discard-sectors", "4194303"), \
	REFUSED_BUT("max-write-zeroes-sectors", "4194303"), \
	REFUSED_BUT("report-discard-granularity", "on true yes y"), \
	REFUSED_BUT("request-merging", "on true yes y"), \
	REFUSED_BUT("scsi", "off false no n")

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
	{.kind = STATE_END},
};

static const struct state_desc state = {.name = "virtio-blk",
					.version = 1,
					.fields = fields,
					.saving = virtio_pci_saving,
					.restored = virtio_pci_restored};

#define CLASS(name_, desc_, opts_) \
	{ \
		.name = name_, .desc = desc_, .opts = opts_, \
		.bus = DEVICE_PCI, .user = true, \
		.size = sizeof(struct virtio_blk), .state = &state, \
		.boot_path = boot_path, .init = init, \
		.reset = virtio_pci_reset, .fini = fini \
	}

const struct device_class virtio_blk_pci_class =
	CLASS("virtio-blk-pci", "virtio disk", opts);
const struct device_class virtio_blk_pci_transitional_class =
	CLASS("virtio-blk-pci-transitional",
	      "virtio disk, for drivers old and new", named_opts);
const struct device_class virtio_blk_pci_non_transitional_class =
	CLASS("virtio-blk-pci-non-transitional",
	      "virtio disk, for drivers of virtio 1.0 and later", named_opts);
