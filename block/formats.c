/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Image formats by the bytes that they begin with. */
#include "block/formats.h"

#include <errno.h>
#include <string.h>

#include "block/copy_on_read.h"
#include "block/driver.h"
#include "block/file.h"
#include "block/qcow2.h"
#include "block/raw.h"
#include "block/throttle_filter.h"
#include "block/vdi.h"
#include "block/vpc.h"

const struct blk_driver *const blk_drivers[] = {
	&blk_copy_on_read, &blk_file, &blk_host_device, &blk_qcow2, &blk_raw,
	&blk_throttle,	   &blk_vdi,  &blk_vpc,		NULL,
};

const struct blk_driver *blk_driver_find(const char *name)
{
	unsigned i;

	for (i = 0; blk_drivers[i]; i++)
		if (!strcmp(blk_drivers[i]->name, name))
			return blk_drivers[i];
	return NULL;
}

struct format {
	const char *name;
	size_t off, len;
	const char *magic;
};

static const struct format formats[] = {
	{"qcow2", 0, 8, "QFI\xfb\0\0\0\2"},
	{"qcow2", 0, 8, "QFI\xfb\0\0\0\3"},
	{"qcow", 0, 8, "QFI\xfb\0\0\0\1"},
	{"qed", 0, 4, "QED\0"},
	{"vmdk", 0, 4, "KDMV"},
	{"vmdk", 0, 4, "COWD"},
	{"vmdk", 0, 21, "# Disk DescriptorFile"},
	{"vdi", 64, 4, "\x7f\x10\xda\xbe"},
	{"vpc", 0, 8, "conectix"},
	{"vhdx", 0, 8, "vhdxfile"},
	{"parallels", 0, 16, "WithoutFreeSpace"},
	{"parallels", 0, 16, "WithouFreSpacExt"},
	{"luks", 0, 6, "LUKS\xba\xbe"},
	{"bochs", 0, 32, "Bochs Virtual HD Image\0\0\0\0\0\0\0\0\0\0"},
	{"cloop", 0, 24, "#!/bin/sh\n#V2.0 Format\nm"},
};

#define FORMATS (sizeof(formats) / sizeof(*formats))

const char *format_probe(const uint8_t *buf, size_t len)
{
	size_t i;

	for (i = 0; i < FORMATS; i++)
		if (formats[i].off + formats[i].len <= len &&
		    !memcmp(buf + formats[i].off, formats[i].magic,
			    formats[i].len))
			return formats[i].name;
	return NULL;
}

bool format_is_known(const char *name)
{
	size_t i;

	for (i = 0; i < FORMATS; i++)
		if (!strcmp(formats[i].name, name))
			return true;
	return false;
}

int format_refuse(const char *name, struct error *err)
{
	if (!strcmp(name, "luks"))
		return error_set(err, ENOTSUP,
				 "encrypted images (luks) are not supported by "
				 "pcvm");
	if (format_is_known(name))
		return error_set(err, ENOTSUP,
				 "the format %s is not supported by pcvm; raw "
				 "and qcow2 are (qemu-img convert -O qcow2 "
				 "makes one), and vdi and vpc for reading",
				 name);
	return error_set(err, EINVAL, "Unknown file format '%s'", name);
}
