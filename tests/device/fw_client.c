/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's side of fw_cfg. */
#include "tests/device/fw_client.h"

#include <stdlib.h>
#include <string.h>

#include "vmm/endian.h"
#include "vmm/gmem.h"

#define NAME_SIZE   56
#define ENTRY_SIZE  128
#define FILES	    8
#define ZONE_HIGH   1
#define ZONE_FSEG   2
#define DIR_KEY	    0x19
#define DIR_ENTRY   64
#define ALIGN_MAX   4096
#define DMA_LOW	    (FW_CFG_DMA_BASE + 4)
#define PORT_DATA   (FW_CFG_IO_BASE + 1)
#define CMD_OFF	    0
#define FILE_OFF    4
#define OPERAND_OFF 60

enum { CMD_ALLOCATE = 1, CMD_POINTER = 2, CMD_CHECKSUM = 3 };

struct fw_cfg *fw_client_new(struct harness *h)
{
	struct device *dev = harness_new(h, &fw_cfg_class);

	harness_io(h, dev, FW_CFG_REGION_IO, FW_CFG_IO_BASE);
	harness_io(h, dev, FW_CFG_REGION_DMA, FW_CFG_DMA_BASE);
	harness_start(dev);
	return fw_cfg_from(dev);
}

void fw_select(struct harness *h, uint16_t key)
{
	outw(h, FW_CFG_IO_BASE, key);
}

void fw_read(struct harness *h, void *buf, size_t len)
{
	uint8_t *out = buf;

	while (len--)
		*out++ = inb(h, PORT_DATA);
}

uint32_t fw_dma(struct harness *h, uint32_t control, uint32_t len,
		uint64_t addr)
{
	uint8_t request[16];
	be32 half;

	store_be32(request, control);
	store_be32(request + 4, len);
	store_be64(request + 8, addr);
	gmem_write(&h->m.gmem, FW_REQUEST, request, sizeof(request));
	half = be32_of(FW_REQUEST);
	outl(h, FW_CFG_DMA_BASE, 0);
	outl(h, DMA_LOW, load_le32(&half));
	gmem_read(&h->m.gmem, FW_REQUEST, request, sizeof(request));
	return load_be32(request);
}

bool fw_dir(struct harness *h, unsigned n, struct fw_file *file)
{
	uint8_t raw[DIR_ENTRY];

	fw_select(h, DIR_KEY);
	fw_read(h, raw, 4);
	if (n >= load_be32(raw))
		return false;
	ck_assert_uint_eq(fw_dma(h, FW_SKIP, n * DIR_ENTRY, 0), 0);
	fw_read(h, raw, sizeof(raw));
	file->size = load_be32(raw);
	file->key = load_be16(raw + 4);
	memcpy(file->name, raw + 8, sizeof(file->name));
	ck_assert_int_eq(file->name[sizeof(file->name) - 1], 0);
	return true;
}

bool fw_find(struct harness *h, const char *name, struct fw_file *file)
{
	unsigned i;

	for (i = 0; fw_dir(h, i, file); i++)
		if (!strcmp(file->name, name))
			return true;
	return false;
}

uint8_t *fw_load(struct harness *h, const char *name, size_t *len)
{
	struct fw_file file;
	uint8_t *buf;

	ck_assert_msg(fw_find(h, name, &file), "no file %s", name);
	buf = calloc(1, file.size + 1);
	fw_select(h, file.key);
	fw_read(h, buf, file.size);
	*len = file.size;
	return buf;
}

struct placed {
	char name[NAME_SIZE];
	uint64_t addr;
	size_t len;
};

struct loader {
	struct harness *h;
	struct placed file[FILES];
	unsigned n;
	uint64_t next;
};

static const struct placed *placed(const struct loader *l, const uint8_t *name)
{
	unsigned i;

	for (i = 0; i < l->n; i++)
		if (!strcmp(l->file[i].name, (const char *)name))
			return &l->file[i];
	ck_abort_msg("the loader's file %s is not placed", name);
	return NULL;
}

static void allocate(struct loader *l, const uint8_t *name,
		     const uint8_t *operand)
{
	uint32_t align = load_le32(operand);
	struct placed *p = &l->file[l->n++];
	struct fw_file file;

	ck_assert_uint_le(l->n, FILES);
	ck_assert_uint_le(align, ALIGN_MAX);
	ck_assert_msg(align && !(align & (align - 1)), "alignment %u", align);
	ck_assert(operand[4] == ZONE_HIGH || operand[4] == ZONE_FSEG);
	ck_assert_msg(fw_find(l->h, (const char *)name, &file), "no file %s",
		      name);
	memcpy(p->name, name, NAME_SIZE);
	p->len = file.size;
	p->addr = (l->next + align - 1) & ~(uint64_t)(align - 1);
	l->next = p->addr + p->len;
	ck_assert_uint_eq(fw_dma(l->h,
				 (uint32_t)file.key << 16 | FW_SELECT | FW_READ,
				 file.size, p->addr),
			  0);
}

static void add_pointer(struct loader *l, const uint8_t *name,
			const uint8_t *operand)
{
	const struct placed *in = placed(l, name), *to = placed(l, operand);
	uint32_t off = load_le32(operand + NAME_SIZE);
	unsigned size = operand[NAME_SIZE + 4];
	uint8_t raw[8] = {0};

	ck_assert(size == 1 || size == 2 || size == 4 || size == 8);
	ck_assert_uint_le(off + size, in->len);
	gmem_read(&l->h->m.gmem, in->addr + off, raw, size);
	/* What is pointed to lies within the target. */
	ck_assert_uint_lt(load_le64(raw), to->len);
	store_le64(raw, load_le64(raw) + to->addr);
	gmem_write(&l->h->m.gmem, in->addr + off, raw, size);
}

static void add_checksum(struct loader *l, const uint8_t *name,
			 const uint8_t *operand)
{
	const struct placed *p = placed(l, name);
	uint32_t off = load_le32(operand), start = load_le32(operand + 4);
	uint32_t len = load_le32(operand + 8);
	uint8_t byte, sum = 0;
	uint32_t i;

	ck_assert_uint_lt(off, p->len);
	ck_assert(start <= p->len && len <= p->len - start);
	for (i = 0; i < len; i++) {
		gmem_read(&l->h->m.gmem, p->addr + start + i, &byte, 1);
		sum += byte;
	}
	gmem_read(&l->h->m.gmem, p->addr + off, &byte, 1);
	byte -= sum;
	gmem_write(&l->h->m.gmem, p->addr + off, &byte, 1);
}

uint64_t fw_run_loader(struct harness *h, const char *root)
{
	static void (*const commands[])(struct loader *, const uint8_t *,
					const uint8_t *) = {
		[CMD_ALLOCATE] = allocate,
		[CMD_POINTER] = add_pointer,
		[CMD_CHECKSUM] = add_checksum,
	};
	struct loader l = {.h = h, .next = FW_LOAD_BASE};
	size_t len, i;
	uint8_t *script = fw_load(h, "etc/table-loader", &len);
	uint64_t addr;

	ck_assert_uint_eq(len % ENTRY_SIZE, 0);
	for (i = 0; i < len; i += ENTRY_SIZE) {
		uint32_t command = load_le32(script + i + CMD_OFF);

		ck_assert_msg(command >= CMD_ALLOCATE &&
				      command <= CMD_CHECKSUM,
			      "loader command %u", command);
		commands[command](&l, script + i + FILE_OFF,
				  script + i + OPERAND_OFF);
	}
	addr = placed(&l, (const uint8_t *)root)->addr;
	free(script);
	return addr;
}
