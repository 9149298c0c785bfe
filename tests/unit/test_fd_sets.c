/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sets of descriptors that others opened, and such with names. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/unit.h"
#include "vmm/config.h"
#include "vmm/fd_sets.h"

static struct error err;
static char text[400];

/* A file without a name, open for reading, writing or both. */
static int file(int access)
{
	char path[] = "/tmp/pcvm-fds-XXXXXX";
	int fd = mkstemp(path), again;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, "old", 3), 3);
	again = open(path, access | O_CLOEXEC);
	ck_assert_int_ge(again, 0);
	close(fd);
	unlink(path);
	return again;
}

static void add(int64_t set, int fd, const char *opaque, int64_t got)
{
	ck_assert_int_eq(fd_sets_add(&set, fd, opaque, &err), 0);
	ck_assert_int_eq(set, got);
}

static void append(void *ctx, int64_t set, int fd, const char *opaque)
{
	size_t n = strlen(text);

	if (fd < 0)
		snprintf(text + n, sizeof(text) - n, "%lld:", (long long)set);
	else
		snprintf(text + n, sizeof(text) - n, "%s ",
			 opaque ? opaque : "-");
	ck_assert_ptr_eq(ctx, &err);
}

static const char *list(void)
{
	*text = 0;
	fd_sets_each(append, &err);
	return text;
}

START_TEST(numbers_and_order)
{
	ck_assert_str_eq(list(), "");
	add(FD_SETS_ANY, file(O_RDONLY), "a", 0);
	add(2, file(O_RDONLY), "b", 2);
	add(FD_SETS_ANY, file(O_RDONLY), NULL, 1);
	add(2, file(O_RDWR), "d", 2);
	add(FD_SETS_ANY, file(O_RDONLY), "e", 3);
	add(0, file(O_RDWR), "f", 0);
	ck_assert_str_eq(list(), "3:e 2:b d 1:- 0:a f ");
	ck_assert_int_eq(fd_sets_remove(1, FD_SETS_ANY, &err), 0);
	ck_assert_str_eq(list(), "3:e 2:b d 0:a f ");
	add(FD_SETS_ANY, file(O_RDONLY), "g", 1);
	ck_assert_str_eq(list(), "3:e 2:b d 1:g 0:a f ");
}
END_TEST

START_TEST(opening_takes_the_one_of_the_same_access)
{
	int r = file(O_RDONLY), rw = file(O_RDWR), fd;
	char buf[4] = "";

	add(4, r, NULL, 4);
	add(4, rw, NULL, 4);
	fd = fd_sets_open("/dev/fdset/4", O_RDONLY | O_CLOEXEC, 0);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_ne(fd, r);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	/* It stays when the set goes. */
	ck_assert_int_eq(fd_sets_remove(4, r, &err), 0);
	ck_assert_int_eq(fcntl(r, F_GETFD), -1);
	ck_assert_int_eq(read(fd, buf, sizeof(buf)), 3);
	ck_assert_str_eq(buf, "old");
	errno = 0;
	ck_assert_int_eq(fd_sets_open("/dev/fdset/4", O_RDONLY, 0), -1);
	ck_assert_int_eq(errno, EACCES);
	close(fd);
}
END_TEST

START_TEST(opening_does_what_open_does)
{
	int fd = file(O_WRONLY), got;
	struct stat st;

	add(0, fd, NULL, 0);
	got = fd_sets_open("/dev/fdset/0", O_WRONLY | O_CREAT | O_APPEND, 0600);
	ck_assert_int_ge(got, 0);
	ck_assert(fcntl(got, F_GETFL) & O_APPEND);
	close(got);
	got = fd_sets_open("/dev/fdset/0", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ck_assert_int_ge(got, 0);
	ck_assert(!(fcntl(got, F_GETFL) & O_APPEND));
	ck_assert_int_eq(fstat(got, &st), 0);
	ck_assert_int_eq(st.st_size, 0);
	close(got);
	/* Other names are files. */
	got = fd_sets_open("/dev/null", O_RDWR, 0);
	ck_assert_int_ge(got, 0);
	close(got);
}
END_TEST

START_TEST(what_cannot_be_opened)
{
	static const struct {
		const char *path;
		int code;
	} bad[] = {
		{"/dev/fdset/", EINVAL},
		{"/dev/fdset/x", EINVAL},
		{"/dev/fdset/1x", EINVAL},
		{"/dev/fdset/-1", EINVAL},
		{"/dev/fdset/99999999999999999999", EINVAL},
		{"/dev/fdset/3", ENOENT},
		{"/dev/fdset/1", EACCES},
		{"/dev/fdset", ENOENT},
	};
	int ends[2];
	size_t i;

	add(1, file(O_WRONLY), NULL, 1);
	ck_assert_int_eq(fd_names_put("3", file(O_RDONLY), &err), 0);
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		errno = 0;
		ck_assert_int_eq(fd_sets_open(bad[i].path, O_RDONLY, 0), -1);
		ck_assert_int_eq(errno, bad[i].code);
	}
	/* A pipe is not made shorter. */
	ck_assert_int_eq(pipe(ends), 0);
	add(5, ends[1], NULL, 5);
	ck_assert_int_eq(fd_sets_open("/dev/fdset/5", O_WRONLY | O_TRUNC, 0),
			 -1);
	ck_assert_int_ge(fd_sets_open("/dev/fdset/5", O_WRONLY, 0), 0);
}
END_TEST

START_TEST(what_is_not_there_is_not_removed)
{
	int fd = file(O_RDONLY);

	add(1, fd, NULL, 1);
	ck_assert_int_eq(fd_sets_remove(2, FD_SETS_ANY, &err), -ENOENT);
	ck_assert_str_eq(err.msg,
			 "File descriptor named 'fdset-id:2' not found");
	ck_assert_int_eq(fd_sets_remove(1, fd + 1, &err), -ENOENT);
	ck_assert_int_eq(fd_sets_remove(-1, FD_SETS_ANY, &err), -ENOENT);
	ck_assert_str_eq(list(), "1:- ");
}
END_TEST

START_TEST(names)
{
	int a = file(O_RDONLY), b = file(O_RDONLY);

	ck_assert_int_eq(fd_names_take("x"), -1);
	ck_assert_int_eq(fd_names_put("x", a, &err), 0);
	ck_assert_int_eq(fd_names_put("x", b, &err), 0);
	ck_assert_int_eq(fcntl(a, F_GETFD), -1);
	ck_assert_str_eq(list(), "");
	ck_assert_int_eq(fd_names_take("x"), b);
	ck_assert_int_eq(fd_names_take("x"), -1);
	ck_assert_int_ge(fcntl(b, F_GETFD), 0);
}
END_TEST

static int parse(const char *arg)
{
	char name[] = "pcvm", option[] = "-add-fd", copy[80];
	char *argv[] = {name, option, copy, NULL};
	struct config c;
	int rc;

	snprintf(copy, sizeof(copy), "%s", arg);
	err.msg[0] = 0;
	rc = config_parse(&c, 3, argv, &err);
	config_free(&c);
	return rc;
}

static void refuse(const char *arg, const char *words)
{
	ck_assert_int_lt(parse(arg), 0);
	ck_assert_msg(strstr(err.msg, words), "%s", err.msg);
}

START_TEST(by_option)
{
	char arg[80];
	int fd = dup(file(O_RDONLY)), ours = file(O_RDONLY);

	snprintf(arg, sizeof(arg), "fd=%d,set=3,opaque=mine", fd);
	ck_assert_int_eq(parse(arg), 0);
	snprintf(arg, sizeof(arg), "fd=%d,set=4", fd);
	ck_assert_int_eq(parse(arg), 0);
	ck_assert_str_eq(list(), "4:- 3:mine ");
	snprintf(arg, sizeof(arg), "fd=%d,set=3", ours);
	refuse(arg, "fd is not valid or already in use");
	snprintf(arg, sizeof(arg), "fd=%d", fd);
	refuse(arg, "set option is required");
	refuse("set=3", "fd option is required");
	refuse("fd=2,set=3", "standard I/O stream");
	refuse("fd=99999999999,set=3", "fd is not valid");
	refuse("fd=-3,set=3", "fd option is required");
	refuse("fd=x,set=3", "fd");
	refuse("junk", "junk");
}
END_TEST

UNIT_MAIN("fd sets", numbers_and_order,
	  opening_takes_the_one_of_the_same_access, opening_does_what_open_does,
	  what_cannot_be_opened, what_is_not_there_is_not_removed, names,
	  by_option)
