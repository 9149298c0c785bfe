/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The AML and the tables, judged by ACPICA (package acpica-tools): iasl takes
 * each apart and compiles the DSDT again, without errors or warnings, and
 * acpiexec runs its methods.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/device/acpi_confs.h"
#include "tests/device/fw_client.h"
#include "vmm/endian.h"

#define EXIT_SKIP  77
#define TESTS	   2
#define OUTPUT_MAX (64u << 10)
#define HEADER	   36
#define RSDP_XSDT  24
#define FADT_DSDT  40

static struct harness h;
static char dir[256] = ".";

/* Runs argv in dir; what it said ends up in output.  Its exit status. */
static int run(char *const argv[], char output[OUTPUT_MAX])
{
	int fds[2], status;
	size_t len = 0;
	ssize_t n;
	pid_t pid;

	if (pipe(fds) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		dup2(fds[1], STDOUT_FILENO);
		dup2(fds[1], STDERR_FILENO);
		if (chdir(dir) == 0)
			execvp(argv[0], argv);
		_exit(127);
	}
	close(fds[1]);
	while ((n = read(fds[0], output + len, OUTPUT_MAX - 1 - len)) > 0)
		len += n;
	output[len] = 0;
	close(fds[0]);
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

static uint64_t guest(uint64_t addr, unsigned size)
{
	uint8_t raw[8] = {0};

	ck_assert(gmem_read(&h.m.gmem, addr, raw, size));
	return load_le64(raw);
}

/* Writes the table at addr to NAME.dat. */
static void write_table(uint64_t addr, const char *name)
{
	size_t len = guest(addr + 4, 4);
	uint8_t *bytes = malloc(len);
	char path[sizeof(dir) + 32];
	FILE *f;

	ck_assert(gmem_read(&h.m.gmem, addr, bytes, len));
	snprintf(path, sizeof(path), "%s/%s.dat", dir, name);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(bytes, 1, len, f), len);
	ck_assert_int_eq(fclose(f), 0);
	free(bytes);
}

static void check_output(const char *what, int status, const char *output)
{
	ck_assert_msg(status == 0 && !strstr(output, "Error") &&
			      !strstr(output, "Warning") &&
			      !strstr(output, "ncorrect") &&
			      !strstr(output, "nresolved"),
		      "%s: iasl ended with %d and said:\n%s", what, status,
		      output);
}

static void disassemble(const char *what, const char *name)
{
	static char output[OUTPUT_MAX];
	char file[32];
	char *argv[] = {(char *)"iasl", (char *)"-d", file, NULL};
	int status;

	snprintf(file, sizeof(file), "%s.dat", name);
	status = run(argv, output);
	check_output(what, status, output);
}

/* A name that resolves to nothing is taken for another table's. */
static void check_names(const char *what)
{
	static char text[1u << 21];
	char path[sizeof(dir) + 32], *at;
	FILE *f;

	snprintf(path, sizeof(path), "%s/DSDT.dsl", dir);
	f = fopen(path, "r");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_lt(fread(text, 1, sizeof(text) - 1, f),
			  sizeof(text) - 1);
	fclose(f);
	at = strstr(text, "External (");
	ck_assert_msg(at == NULL, "%s: %.60s", what, at);
	ck_assert_ptr_null(strstr(text, "Unknown"));
}

/* Processor objects are for guests older than the warning about them. */
#define PROCESSOR_WARNING "3168"

static void compile(const char *what)
{
	static char output[OUTPUT_MAX];
	char *argv[] = {(char *)"iasl",
			(char *)"-vw",
			(char *)PROCESSOR_WARNING,
			(char *)"-p",
			(char *)"again",
			(char *)"DSDT.dsl",
			NULL};
	int status = run(argv, output);

	ck_assert_msg(status == 0 &&
			      strstr(output, "0 Errors, 0 Warnings") != NULL,
		      "%s: iasl ended with %d and said:\n%s", what, status,
		      output);
}

static void write_and_check(const char *what, uint64_t addr)
{
	uint8_t name[5] = {0};

	gmem_read(&h.m.gmem, addr, name, 4);
	write_table(addr, (char *)name);
	disassemble(what, (char *)name);
	if (!memcmp(name, "FACP", 4))
		write_and_check(what, guest(addr + FADT_DSDT, 4));
	if (!memcmp(name, "DSDT", 4)) {
		check_names(what);
		compile(what);
	}
}

/* Returns the address of the XSDT. */
static uint64_t start(const struct acpi_conf *conf)
{
	struct error err = {0};

	harness_init(&h, 0);
	ck_assert_msg(acpi_build(conf, fw_client_new(&h), &err) == 0, "%s",
		      err.msg);
	return guest(fw_run_loader(&h, "etc/acpi/rsdp") + RSDP_XSDT, 8);
}

static void check_conf(const struct acpi_test_conf *test)
{
	uint64_t xsdt = start(&test->conf), i;

	write_and_check(test->name, xsdt);
	for (i = HEADER; i < guest(xsdt + 4, 4); i += 8)
		write_and_check(test->name, guest(xsdt + i, 8));
	harness_fini(&h);
}

/* Stays when a test fails, for people to look at. */
static void make_dir(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(dir, sizeof(dir), "%s/acpi-iasl-XXXXXX", tmp ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void remove_dir(void)
{
	static const char *const files[] = {"XSDT", "FACP", "DSDT", "APIC",
					    "HPET", "WAET", "SRAT", "SLIT"};
	static const char *const suffixes[] = {"dat", "dsl"};
	char path[sizeof(dir) + 32];
	size_t i, j;

	for (i = 0; i < sizeof(files) / sizeof(*files); i++)
		for (j = 0; j < 2; j++) {
			snprintf(path, sizeof(path), "%s/%s.%s", dir, files[i],
				 suffixes[j]);
			unlink(path);
		}
	snprintf(path, sizeof(path), "%s/again.aml", dir);
	unlink(path);
	rmdir(dir);
}

START_TEST(iasl_accepts_the_tables)
{
	unsigned i;

	make_dir();
	for (i = 0; i < acpi_test_nconfs; i++)
		check_conf(&acpi_test_confs[i]);
	remove_dir();
}
END_TEST

/* Commands for the debugger in acpiexec, and some of what it says then. */
static const char methods[] =
	"execute \\_SB.LNKB._SRS (89 06 00 09 01 0A 00 00 00 79 00);"
	"execute \\_SB.LNKB._CRS;"
	"execute \\_SB.LNKB._DIS;"
	"execute \\_SB.LNKB._STA;"
	"execute \\_SB.LNKS._CRS;"
	"execute \\_GPE._E01;"
	"execute \\_GPE._E02;"
	"execute \\_SB.CPUS.C001._STA;"
	"execute \\_SB.CPUS.C001._EJ0 1;"
	"execute \\_SB.CPUS.C001._OST 1 2 (00);"
	"execute \\_SB.PCI0.SL05._EJ0 1";

static void run_methods(const char *fill, const char *const *said)
{
	static char output[OUTPUT_MAX];
	char *argv[] = {(char *)"acpiexec",
			(char *)"-fv",
			(char *)fill,
			(char *)"-b",
			(char *)methods,
			(char *)"DSDT.dat",
			NULL};
	int status = run(argv, output);

	ck_assert_msg(status == 0 && !strstr(output, "Error") &&
			      !strstr(output, "ailed") &&
			      !strstr(output, "Warning"),
		      "acpiexec ended with %d and said:\n%s", status, output);
	for (; *said; said++)
		ck_assert_msg(strstr(output, *said) != NULL,
			      "%s is not in:\n%s", *said, output);
}

START_TEST(acpica_runs_the_methods)
{
	static const char *const links[] = {
		"89 06 00 09 01 0A 00 00 00 79 00",
		"89 06 00 09 01 09 00 00 00 79 00",
		"[Integer] = 0000000000000009",
		NULL,
	};
	static const char *const events[] = {"[SL03]", "[SL1F]", "Value 0x01",
					     "Value 0x03", NULL};
	uint64_t xsdt = start(acpi_test_conf("usual"));

	make_dir();
	write_table(guest(guest(xsdt + HEADER, 8) + FADT_DSDT, 4), "DSDT");
	/* Registers of zeros, and none at all. */
	run_methods("0", links);
	run_methods("0xff", events);
	remove_dir();
	harness_fini(&h);
}
END_TEST

static bool have_acpica(void)
{
	char *argv[] = {(char *)"iasl", (char *)"-v", NULL};
	static char output[OUTPUT_MAX];

	return run(argv, output) != 127;
}

int main(void)
{
	const TTest *const tests[] = {iasl_accepts_the_tables,
				      acpica_runs_the_methods};
	bool have = have_acpica();
	size_t i;

	for (i = 0; i < TESTS && !have; i++)
		printf("skip %s: no iasl, install acpica-tools\n",
		       tests[i]->name);
	return have ? unit_run("acpica", tests, TESTS) : EXIT_SKIP;
}
