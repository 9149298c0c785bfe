/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VirtualBox disk images (VDI), dynamic and static, read-only.  A table has a
 * 32-bit number for each block of the disk: that of the block in the file.
 * Images that differ from a parent are refused.
 */
#include "block/vdi.h"

#include <errno.h>
#include <stdlib.h>

#include "block/driver.h"
#include "block/mapped.h"
#include "vmm/endian.h"

#define SIGNATURE	0xbeda107fu
#define VERSION_1_1	0x00010001u
#define TYPE_DYNAMIC	1
#define TYPE_STATIC	2
#define MIN_BLOCK	BLK_SECTOR
#define MAX_BLOCK	(64u << 20)
#define BLOCK_NONE	0xffffffffu
#define BLOCK_DISCARDED 0xfffffffeu /* zeros too */

struct header {
	uint8_t text[64];
	le32 signature, version;
	le32 header_size, type, flags;
	uint8_t description[256];
	le32 table_off, data_off;
	le32 cylinders, heads, sectors, sector_size;
	le32 unused;
	le64 disk_size;
	le32 block_size, block_extra, blocks, blocks_allocated;
};

struct vdi {
	uint32_t block_size, blocks;
	uint64_t data_off;
	le32 *table;
};

static int lookup(const struct blk_node *node, uint64_t off,
		  struct mapped_run *run)
{
	const struct vdi *v = node->state;
	uint64_t in = off % v->block_size;
	uint32_t block = le32_get(v->table[off / v->block_size]);

	run->len = v->block_size - in;
	run->zero = block >= BLOCK_DISCARDED;
	run->host = v->data_off + (uint64_t)block * v->block_size + in;
	if (!run->zero && run->host >= node->child[BLK_FILE]->size)
		return -EIO;
	return 0;
}

static int check(const struct header *h, struct error *err)
{
	uint32_t block = le32_get(h->block_size);
	uint64_t room = (uint64_t)le32_get(h->blocks) * block;

	if (le32_get(h->signature) != SIGNATURE)
		return error_set(err, EINVAL,
				 "Image not in VDI format (bad "
				 "signature %08x)",
				 le32_get(h->signature));
	if (le32_get(h->version) != VERSION_1_1)
		return error_set(err, ENOTSUP,
				 "unsupported VDI image (version %u.%u)",
				 le32_get(h->version) >> 16,
				 le32_get(h->version) & UINT16_MAX);
	if (le32_get(h->type) != TYPE_DYNAMIC &&
	    le32_get(h->type) != TYPE_STATIC)
		return error_set(err, ENOTSUP,
				 "unsupported VDI image (type %u: only dynamic "
				 "and static ones are read)",
				 le32_get(h->type));
	if (le32_get(h->sector_size) != BLK_SECTOR ||
	    le32_get(h->block_extra) || block < MIN_BLOCK ||
	    block > MAX_BLOCK || (block & (block - 1)))
		return error_set(err, ENOTSUP,
				 "unsupported VDI image (sectors of %u bytes, "
				 "blocks of %u and %u)",
				 le32_get(h->sector_size), block,
				 le32_get(h->block_extra));
	if (le64_get(h->disk_size) > room || le32_get(h->data_off) % BLK_SECTOR)
		return error_set(err, EINVAL,
				 "the VDI header contradicts itself (disk size "
				 "%llu, %u blocks of %u bytes)",
				 (unsigned long long)le64_get(h->disk_size),
				 le32_get(h->blocks), block);
	return 0;
}

static int load_table(struct blk_node *node, uint64_t off, struct error *err)
{
	struct vdi *v = node->state;
	const struct blk_node *file = node->child[BLK_FILE];
	uint64_t len = (uint64_t)v->blocks * sizeof(*v->table);
	int rc;

	if (len > MAPPED_TABLE_MAX)
		return error_set(err, EFBIG,
				 "the VDI block table is too large (%u blocks)",
				 v->blocks);
	if (off > file->size || len > file->size - off)
		return error_set(err, EINVAL,
				 "the VDI block table ends behind the file");
	v->table = malloc(len + 1);
	if (!v->table)
		return error_set(err, ENOMEM, "out of memory");
	rc = blk_pread(node->child[BLK_FILE], off, v->table, len);
	if (rc == 0)
		return 0;
	free(v->table);
	return error_errno(err, -rc, "cannot read the VDI block table");
}

static int vdi_open(struct blk_node *node, json_t *options, struct error *err)
{
	struct vdi *v = node->state;
	struct header h;
	int rc = mapped_check_readonly(node, err);

	(void)options;
	if (rc < 0)
		return rc;
	rc = blk_pread(node->child[BLK_FILE], 0, &h, sizeof(h));
	if (rc < 0)
		return error_errno(err, -rc, "cannot read the VDI header");
	rc = check(&h, err);
	if (rc < 0)
		return rc;
	v->block_size = le32_get(h.block_size);
	v->blocks = le32_get(h.blocks);
	v->data_off = le32_get(h.data_off);
	node->size = (le64_get(h.disk_size) + BLK_SECTOR - 1) / BLK_SECTOR *
		     BLK_SECTOR;
	return load_table(node, le32_get(h.table_off), err);
}

static void vdi_close(struct blk_node *node)
{
	struct vdi *v = node->state;

	free(v->table);
}

static void vdi_submit(struct blk_node *node, struct blk_req *req)
{
	mapped_submit(node, req, lookup);
}

static int vdi_status(struct blk_node *node, uint64_t off, uint64_t len,
		      struct blk_extent *ext)
{
	return mapped_status(node, off, len, ext, lookup);
}

static void vdi_info(struct blk_node *node, struct blk_info *info)
{
	const struct vdi *v = node->state;

	info->cluster_size = v->block_size;
}

const struct blk_driver blk_vdi = {
	.name = "vdi",
	.state_size = sizeof(struct vdi),
	.open = vdi_open,
	.close = vdi_close,
	.submit = vdi_submit,
	.status = vdi_status,
	.info = vdi_info,
};
