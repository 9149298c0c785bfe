/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The form in which tests report, and what they read the guest with. */
#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guest.h"

static const struct guest_test *const groups[] = {
	block_tests,  clock_tests, cpu_tests, hammer_tests, input_tests,
	memory_tests, net_tests,   pci_tests, power_tests,
};

static const char *test_name = "-";
static char detail[256];

static void put_line(char kind, const char *text)
{
	char line[1024];
	int len = snprintf(line, sizeof(line), "%c: %s %s\n", kind, test_name,
			   text);

	if (len >= (int)sizeof(line))
		len = sizeof(line) - 1;
	if (write(STDOUT_FILENO, line, (size_t)len) != len)
		_exit(1);
}

void guest_data(const char *fmt, ...)
{
	char text[900];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	put_line('D', text);
}

void guest_detail(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(detail, sizeof(detail), fmt, args);
	va_end(args);
}

int guest_fail(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(detail, sizeof(detail), fmt, args);
	va_end(args);
	return -1;
}

static const struct guest_test *find(const char *name)
{
	for (size_t i = 0; i < sizeof(groups) / sizeof(*groups); i++)
		for (const struct guest_test *t = groups[i]; t->name; t++)
			if (strcmp(t->name, name) == 0)
				return t;
	return NULL;
}

static int list(void)
{
	for (size_t i = 0; i < sizeof(groups) / sizeof(*groups); i++)
		for (const struct guest_test *t = groups[i]; t->name; t++)
			printf("%s %s\n", t->name, t->usage);
	return 0;
}

int guest_run(int argc, char **argv)
{
	const struct guest_test *test;
	char line[300];
	int status;

	if (argc < 1)
		return list();
	test_name = argv[0];
	detail[0] = 0;
	test = find(test_name);
	status = test ? test->run(argc, argv) : guest_fail("no such test");
	snprintf(line, sizeof(line), "%s%s%s", status ? "fail" : "ok",
		 *detail ? " " : "", detail);
	put_line('T', line);
	return status;
}

char *guest_read(char *text, size_t size, const char *fmt, ...)
{
	char path[256];
	va_list args;
	ssize_t got;
	int fd;

	va_start(args, fmt);
	vsnprintf(path, sizeof(path), fmt, args);
	va_end(args);
	fd = open(path, O_RDONLY);
	got = fd < 0 ? 0 : read(fd, text, size - 1);
	text[got < 0 ? 0 : got] = 0;
	text[strcspn(text, "\n")] = 0;
	if (fd >= 0)
		close(fd);
	return text;
}

char *guest_link(char *text, size_t size, const char *fmt, ...)
{
	char path[256], target[256];
	const char *name = "-";
	va_list args;
	ssize_t got;

	va_start(args, fmt);
	vsnprintf(path, sizeof(path), fmt, args);
	va_end(args);
	got = readlink(path, target, sizeof(target) - 1);
	if (got > 0) {
		target[got] = 0;
		name = strrchr(target, '/') ? strrchr(target, '/') + 1 : target;
	}
	snprintf(text, size, "%s", name);
	return text;
}

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int guest_each(const char *folder, int (*call)(const char *name, void *ctx),
	       void *ctx)
{
	struct dirent **names;
	int n = scandir(folder, &names, visible, versionsort);
	int status = 0;

	for (int i = 0; i < n; i++) {
		if (status == 0)
			status = call(names[i]->d_name, ctx);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	return status ? status : n < 0 ? 0 : n;
}

uint64_t guest_number(int argc, char **argv, int which, uint64_t dflt)
{
	return which < argc ? strtoull(argv[which], NULL, 0) : dflt;
}
