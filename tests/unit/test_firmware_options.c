/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -smbios and -fw_cfg: what they come to, and what is refused. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/unit/unit.h"
#include "vmm/cmdline.h"
#include "vmm/config.h"
#include "vmm/read_file.h"

#define ARGS_MAX 32

static struct error err;
static struct config c;

/* Pairs of option and argument, up to a NULL. */
static int parse(const char *const *args)
{
	char *argv[ARGS_MAX] = {(char *)"pcvm"};
	int argc = 1;

	err = (struct error){0};
	for (; *args; args++)
		argv[argc++] = (char *)*args;
	return config_parse(&c, argc, argv, &err);
}

#define ARGS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void accept(const char *const *args)
{
	int rc = parse(args);

	ck_assert_msg(rc == 0, "%s: %s", args[1], err.msg);
}

static void refuse(const char *const *args, const char *words)
{
	int rc = parse(args);

	config_free(&c);
	ck_assert_msg(rc < 0 && err.code == -rc, "%s: %d", args[1], rc);
	ck_assert_msg(strstr(err.msg, words) != NULL, "%s: %s", args[1],
		      err.msg);
	ck_assert_ptr_null(strchr(err.msg, '\n'));
}

static void refuse_smbios(const char *arg, const char *words)
{
	refuse(ARGS("-smbios", arg), words);
}

/* A file with these bytes, in memory; its name is good until the next one. */
static const char *file(const void *data, size_t len)
{
	static char path[32];
	static int fd = -1;

	if (fd >= 0)
		close(fd);
	fd = memfd_create("option", MFD_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, data, len), (ssize_t)len);
	snprintf(path, sizeof(path), "/dev/fd/%d", fd);
	return path;
}

/* "file=PATH" and the like. */
static const char *argument(const char *key, const void *data, size_t len)
{
	static char arg[80];

	snprintf(arg, sizeof(arg), "%s%s", key, file(data, len));
	return arg;
}

START_TEST(fields)
{
	accept(ARGS("-smbios",
		    "type=0,vendor=V,version=1,date=D,release=4.255,uefi=on",
		    "-smbios", "type=1,manufacturer=M,product=a,,b", "-smbios",
		    "serial=S,type=1,product=c", "-smbios",
		    "type=4,sock_pfx=X,max-speed=3000,processor-id=0x10",
		    "-smbios", "type=17,loc_pfx=Y,speed=65535"));
	ck_assert_str_eq(c.smbios.bios.vendor, "V");
	ck_assert_uint_eq(c.smbios.bios.major, 4);
	ck_assert_uint_eq(c.smbios.bios.minor, 255);
	ck_assert(c.smbios.bios.uefi);
	ck_assert_str_eq(c.smbios.system.manufacturer, "M");
	ck_assert_str_eq(c.smbios.system.product, "c");
	ck_assert_str_eq(c.smbios.system.serial, "S");
	ck_assert_str_eq(c.smbios.processor.socket, "X");
	ck_assert_uint_eq(c.smbios.processor.max_speed, 3000);
	ck_assert_uint_eq(c.smbios.processor.id, 16);
	ck_assert_uint_eq(c.smbios.memory.speed, 65535);
	ck_assert(c.smbios.given[0] && c.smbios.given[17]);
	ck_assert(!c.smbios.given[2] && !c.smbios.from_file[1]);
	config_free(&c);
}
END_TEST

/* Each option is one more port or device. */
START_TEST(repeated)
{
	accept(ARGS("-smbios", "type=8,internal_reference=I,port_type=16",
		    "-smbios", "type=8,connector_type=3", "-smbios",
		    "type=41,kind=sas,pcidev=d", "-smbios",
		    "type=41,designation=D,instance=3"));
	ck_assert_uint_eq(c.smbios.nports, 2);
	ck_assert_uint_eq(c.smbios.ports[0].kind, 16);
	ck_assert_ptr_null(c.smbios.ports[1].internal);
	ck_assert_uint_eq(c.smbios.ports[1].connector, 3);
	ck_assert_uint_eq(c.smbios.nonboard, 2);
	ck_assert_int_eq(c.smbios.onboard[0].kind, 9);
	ck_assert_uint_eq(c.smbios.onboard[0].instance, 1);
	ck_assert_str_eq(c.smbios.onboard[0].device, "d");
	ck_assert_uint_eq(c.smbios.onboard[1].instance, 3);
	config_free(&c);
}
END_TEST

START_TEST(oem_strings)
{
	static char many[256 * 8], long_string[66000];
	unsigned i;
	size_t at = 7;

	accept(ARGS("-smbios", "type=11,value=a,,b,value=c", "-smbios",
		    argument("type=11,path=", "x\ny", 3)));
	ck_assert_uint_eq(c.smbios.oem_strings.n, 3);
	ck_assert_str_eq(c.smbios.oem_strings.str[0], "a,b");
	ck_assert_str_eq(c.smbios.oem_strings.str[2], "x\ny");
	config_free(&c);
	refuse_smbios("type=11,value=", "empty");
	refuse_smbios(argument("type=11,path=", "", 0), "empty");
	refuse_smbios(argument("type=11,path=", "a\0b", 3), "zero byte");
	refuse_smbios("type=11,path=/nonexistent", "No such file");
	refuse_smbios("type=11,path=/", "cannot read '/'");
	memset(long_string, 'x', sizeof(long_string));
	refuse_smbios(argument("type=11,path=", long_string,
			       sizeof(long_string)),
		      "more than 65535 bytes");
	memcpy(many, "type=11", 7);
	for (i = 0; i < 255; i++, at += 8)
		memcpy(many + at, ",value=x", 9);
	accept(ARGS("-smbios", many));
	ck_assert_uint_eq(c.smbios.oem_strings.n, 255);
	config_free(&c);
	refuse(ARGS("-smbios", many, "-smbios", "type=11,value=x"),
	       "room for 255");
}
END_TEST

/* -uuid and type=1,uuid= are one; the last one is right. */
START_TEST(identity)
{
	const char *uuid = "00112233-4455-6677-8899-aabbccddeeff";
	const char *other = "10112233-4455-6677-8899-aabbccddeeff";
	const char *arg = "type=1,uuid=00112233-4455-6677-8899-aabbccddeeff";

	accept(ARGS("-uuid", other, "-smbios", arg));
	ck_assert(c.uuid_set);
	ck_assert_uint_eq(c.uuid[0], 0);
	config_free(&c);
	accept(ARGS("-smbios", arg, "-uuid", other, "-smbios",
		    "type=1,serial=x"));
	ck_assert_uint_eq(c.uuid[0], 0x10);
	config_free(&c);
	accept(ARGS("-uuid", uuid));
	config_free(&c);
	refuse_smbios("type=1,uuid=zz", "not a UUID");
}
END_TEST

START_TEST(wrong_fields)
{
	char prefix[120] = "type=4,sock_pfx=";

	refuse_smbios("", "type= or file= is missing");
	refuse_smbios("manufacturer=x", "type= or file= is missing");
	refuse_smbios("type", "type");
	refuse_smbios("type=x", "type");
	refuse_smbios("type=256", "from 0 to 255");
	refuse_smbios("type=-1", "type");
	refuse_smbios("type=5", "no keys");
	refuse_smbios("type=16", "no keys");
	refuse_smbios("type=127", "no keys");
	refuse_smbios("type=1,asset=x", "unknown parameter 'asset'");
	refuse_smbios("type=1,serail=x", "did you mean 'serial'");
	refuse_smbios("type=0,release=4", "not two numbers");
	refuse_smbios("type=0,release=4.x", "not two numbers");
	refuse_smbios("type=0,release=4.256", "not two numbers");
	refuse_smbios("type=0,uefi=maybe", "'on' or 'off'");
	refuse_smbios("type=4,max-speed=65536", "65535");
	refuse_smbios("type=4,processor-id=99999999999999999999",
		      "processor-id");
	refuse_smbios("type=8,port_type=256", "255");
	refuse_smbios("type=17,speed=70000", "65535");
	refuse_smbios("type=41,kind=raid", "not one of");
	refuse_smbios("type=41,instance=-1", "instance");
	memset(prefix + strlen(prefix), 'x', 101);
	refuse_smbios(prefix, "more than 100 letters");
	refuse_smbios("type=1,file=x", "nothing else");
}
END_TEST

/* A structure of type 1 with two strings, and one of type 200 with none. */
#define STRUCTURES "\1\6\0\1\1\2ab\0c\0\0\xc8\4\0\2\0\0"

START_TEST(files)
{
	const size_t len = sizeof(STRUCTURES) - 1;
	const char *arg;

	accept(ARGS("-smbios", argument("file=", STRUCTURES, len)));
	ck_assert_uint_eq(c.smbios.nfiles, 1);
	ck_assert_mem_eq(c.smbios.files[0].data, STRUCTURES, len);
	ck_assert_uint_eq(c.smbios.files[0].len, len);
	ck_assert(c.smbios.from_file[1] && c.smbios.from_file[200]);
	config_free(&c);
	arg = argument("file=", STRUCTURES, len);
	refuse(ARGS("-smbios", arg, "-smbios", "type=1,serial=x"),
	       "from a file already");
	refuse(ARGS("-smbios", "type=1,serial=x", "-smbios", arg),
	       "given already");
	accept(ARGS("-smbios", arg, "-smbios", arg));
	config_free(&c);
	/* Nothing follows the end; the machine has one of its own. */
	arg = argument("file=", STRUCTURES "\x7f\4\0\0\0\0\1\1", len + 8);
	accept(ARGS("-smbios", arg));
	ck_assert_uint_eq(c.smbios.files[0].len, len);
	ck_assert(!c.smbios.from_file[127]);
	config_free(&c);
}
END_TEST

START_TEST(files_of_nonsense)
{
	static const struct {
		const char *data;
		size_t len;
		const char *words;
	} bad[] = {
		{"", 0, "empty"},
		{"\1", 1, "byte 0"},
		{"\1\4\0", 3, "byte 0"},
		{"\1\4\0\0", 4, "byte 0"}, /* no end of the strings */
		{"\1\4\0\0\0", 5, "byte 0"},
		{"\1\4\0\0ab\0", 7, "byte 0"},
		{"\1\3\0\0\0\0", 6, "byte 0"}, /* shorter than its header */
		{"\1\0\0\0\0\0", 6, "byte 0"},
		{"\1\xff\0\0\0\0", 6, "byte 0"}, /* longer than the file */
		{"\1\5\0\0\0\0", 6, "byte 0"},
		{"\1\4\0\0\0\0yyy", 9, "byte 6"},
		{"\1\4\0\0\0\0\2\4\0\0\0", 11, "byte 6"},
	};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		refuse_smbios(argument("file=", bad[i].data, bad[i].len),
			      bad[i].words);
	refuse_smbios("file=/nonexistent", "No such file");
	refuse_smbios("file=/", "directory");
	refuse_smbios("file=", "No such file");
	refuse_smbios("file=/dev/zero", "more than 1048576 bytes");
	refuse_smbios("file=/dev/zero,type=1", "nothing else");
}
END_TEST

START_TEST(fw_cfg)
{
	accept(ARGS("-fw_cfg", "name=opt/a,string=x,,y", "-fw_cfg",
		    "opt/b,file=/etc/hostname"));
	ck_assert_uint_eq(c.nfw_cfgs, 2);
	ck_assert_str_eq(c.fw_cfgs[0].name, "opt/a");
	ck_assert_str_eq(c.fw_cfgs[0].string, "x,y");
	ck_assert_str_eq(c.fw_cfgs[1].file, "/etc/hostname");
	config_free(&c);
	accept(ARGS("-fw_cfg",
		    "opt/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa,"
		    "string=1"));
	config_free(&c);
}
END_TEST

START_TEST(wrong_fw_cfg)
{
	static const char *const incomplete[] = {
		"",
		"opt/a",
		"string=x",
		"name=,string=x",
		"opt/a,string=",
		"opt/a,file=",
		"opt/a,string=x,file=y",
		"opt/a,string=x,gen_id=y",
	};
	size_t i;

	for (i = 0; i < sizeof(incomplete) / sizeof(*incomplete); i++)
		refuse(ARGS("-fw_cfg", incomplete[i]), "exactly one of");
	refuse(ARGS("-fw_cfg", "opt/a,gen_id=g"), "no object");
	refuse(ARGS("-fw_cfg", "opt/a,string=x,foo=y"), "parameter 'foo'");
	refuse(ARGS("-fw_cfg", "opt/a,string=x", "-fw_cfg", "opt/a,string=y"),
	       "already");
	refuse(ARGS("-fw_cfg",
		    "opt/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa,"
		    "string=1"),
	       "more than 55 letters");
}
END_TEST

START_TEST(whole_files)
{
	static uint8_t big[100000];
	uint8_t *data;
	size_t len;

	memset(big, 'b', sizeof(big));
	ck_assert_int_eq(read_file(file(big, sizeof(big)), sizeof(big), &data,
				   &len, &err),
			 0);
	ck_assert_uint_eq(len, sizeof(big));
	ck_assert_mem_eq(data, big, len);
	ck_assert_uint_eq(data[len], 0);
	free(data);
	ck_assert_int_lt(read_file(file(big, sizeof(big)), sizeof(big) - 1,
				   &data, &len, &err),
			 0);
	ck_assert_ptr_null(data);
	ck_assert_int_eq(read_file(file("", 0), 0, &data, &len, &err), 0);
	ck_assert_uint_eq(len, 0);
	free(data);
	unlink(file("", 0));
}
END_TEST

UNIT_MAIN("firmware options", fields, repeated, oem_strings, identity,
	  wrong_fields, files, files_of_nonsense, fw_cfg, wrong_fw_cfg,
	  whole_files)
