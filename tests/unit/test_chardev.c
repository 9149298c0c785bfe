/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Character devices, and what -serial and -chardev may say of them. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "tests/unit/chardev_user.h"
#include "tests/unit/unit.h"
#include "vmm/chardev_ops.h"

static struct machine m;
static struct chardev_probe p, q;
static char dir[64];

static void start(void)
{
	chardev_machine_init(&m);
	snprintf(dir, sizeof(dir), "/tmp/test_chardev.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void stop(void)
{
	chardev_machine_fini(&m);
	rmdir(dir);
}

static const char *in_dir(const char *fmt)
{
	static char text[200];

	snprintf(text, sizeof(text), fmt, dir);
	return text;
}

static void expect_file(const char *path, const char *content)
{
	char buf[200] = "";
	FILE *file = fopen(path, "r");

	ck_assert_msg(file != NULL, "%s", path);
	ck_assert_uint_lt(fread(buf, 1, sizeof(buf) - 1, file), sizeof(buf));
	fclose(file);
	ck_assert_str_eq(buf, content);
	unlink(path);
}

START_TEST(test_null)
{
	struct chardev *chr;

	start();
	chr = chardev_must_open(&m, "null");
	ck_assert_ptr_eq(chardev_find(&m, "serial0"), chr);
	chardev_probe_attach(&p, chr);
	chardev_probe_events(&p, "o");
	ck_assert_uint_eq(chardev_write(&p.end, "abc", 3), 3);
	/* One user at a time. */
	ck_assert_int_eq(chardev_attach(&q.end, chr, p.end.user, &q, NULL),
			 -EBUSY);
	ck_assert_uint_eq(chardev_write(&q.end, "abc", 3), 3);
	chardev_detach(&q.end);
	chardev_detach(&p.end);
	chardev_probe_attach(&q, chr);
	chardev_probe_attach(&p, NULL); /* as "none" is */
	ck_assert_uint_eq(chardev_write(&p.end, "abc", 3), 3);
	chardev_write_all(&p.end, "abc", 3);
	chardev_accept_input(&p.end);
	stop();
}
END_TEST

START_TEST(test_file)
{
	struct error err = {0};

	start();
	chardev_probe_attach(&p, chardev_must_open(&m, in_dir("file:%s/a,b")));
	ck_assert_uint_eq(chardev_write(&p.end, "hello", 5), 5);
	chardev_write_all(&p.end, " you", 4);
	chardev_close_all(&m);
	ck_assert_ptr_nonnull(
		chardev_create(&m, in_dir("file,id=c,path=%s/a,,b,append=on"),
			       &err));
	chardev_probe_attach(&p, chardev_find(&m, "c"));
	chardev_write_all(&p.end, "!", 1);
	chardev_close_all(&m);
	expect_file(in_dir("%s/a,b"), "hello you!");
	stop();
}
END_TEST

START_TEST(test_a_full_disk_does_not_stop_the_guest)
{
	start();
	chardev_probe_attach(&p, chardev_must_open(&m, "file:/dev/full"));
	ck_assert_uint_eq(chardev_write(&p.end, "hello", 5), 5);
	stop();
}
END_TEST

START_TEST(test_what_is_refused)
{
	static const struct {
		bool create; /* -chardev, else -serial */
		const char *spec, *msg;
	} bad[] = {
		{true, "null,id=a,foo=1", "unknown parameter 'foo'"},
		{true, "file,id=a,path=/dev/null,append=maybe", "append"},
		{true, "file,id=a", "chardev: file: no filename given"},
		{true, "null", "chardev: no id specified"},
		{true, "null,id=a,mux=maybe", "mux=maybe is neither on nor"},
		{true, "nul,id=a",
		 "'nul' is not a valid char driver name; did you mean 'null'?"},
		{true, "udp,id=a", "'udp' is not supported by this version"},
		{true, "null,id=1a", "id"},
		{true, "socket,id=a", "a socket needs one of"},
		{true, "socket,id=a,path=/a,fd=3", "a socket needs one of"},
		{true, "socket,id=a,path=/nonexistent/x",
		 "Failed to connect to '/nonexistent/x': No such file"},
		{true, "socket,id=a,host=127.0.0.1,port=1",
		 "Failed to connect to '127.0.0.1:1': Connection refused"},
		{true, "socket,id=a,path=/a,reconnect=1", "not supported"},
		{true, "socket,id=a,fd=999", "file descriptor 999"},
		{true, "", "chardev: no id specified"},
		{false, "", "'' is not a valid char driver name"},
		{false, "file:", "chardev: file: no filename given"},
		{false, "file:/nonexistent/x", "cannot open '/nonexistent/x'"},
		{false, "tcp:5555", "'5555' is not in the form HOST:PORT"},
		{false, "tcp:127.0.0.1:x", "address resolution failed"},
		{false, "telnet:,server", "is not in the form HOST:PORT"},
		{false, "unix:", "a socket needs one of"},
		{false, "unix:/a,foo=on", "unknown parameter 'foo'"},
		{false, "chardev:none", "chardev 'none' not found"},
		{false, "stdio,signal=perhaps", "signal"},
		{false, "pty,x=1", "unknown parameter 'x'"},
	};
	struct error err;
	size_t i;

	start();
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		err = (struct error){0};
		ck_assert_ptr_null(
			bad[i].create
				? chardev_create(&m, bad[i].spec, &err)
				: chardev_open(&m, "s", bad[i].spec, &err));
		ck_assert_msg(strstr(err.msg, bad[i].msg) != NULL,
			      "%s: \"%s\" lacks \"%s\"", bad[i].spec, err.msg,
			      bad[i].msg);
		ck_assert(list_empty(&m.chardevs));
	}
	chardev_must_open(&m, "null");
	ck_assert_ptr_null(chardev_open(&m, "serial0", "null", &err));
	ck_assert_str_eq(err.msg, "Chardev with id 'serial0' already exists");
	stop();
}
END_TEST

START_TEST(test_long_paths)
{
	char spec[5000] = "unix:/";
	struct error err = {0};

	start();
	memset(spec + 6, 'x', 4500);
	ck_assert_ptr_null(chardev_open(&m, "s", spec, &err));
	ck_assert_msg(strstr(err.msg, "too long") != NULL, "%s", err.msg);
	memcpy(spec, "file:", 5);
	ck_assert_ptr_null(chardev_open(&m, "s", spec, &err));
	ck_assert_int_eq(err.code, ENAMETOOLONG);
	ck_assert_ptr_nonnull(strstr(err.msg, "xxx...: File name too long"));
	stop();
}
END_TEST

/* The other end of the pty that "char device redirected to" names. */
static int open_pty(struct chardev *chr)
{
	ck_assert_int_eq(strncmp(chr->filename, "pty:/dev/pts/", 13), 0);
	return open(chr->filename + 4, O_RDWR | O_NOCTTY | O_NONBLOCK);
}

static void say(int fd, const char *text)
{
	ssize_t n = (ssize_t)strlen(text);

	ck_assert_int_eq(write(fd, text, (size_t)n), n);
}

START_TEST(test_pty)
{
	struct termios tio;
	struct chardev *chr;
	char buf[20] = "";
	int fd;

	start();
	ck_assert_int_eq(loop_add_clock(m.loop, &m.realtime, NULL), 0);
	chr = chardev_must_open(&m, "pty");
	chardev_probe_attach(&p, chr);
	clock_advance(&m.realtime, 2 * NS_PER_SEC);
	chardev_probe_events(&p, "");
	/* While nobody is there, output goes nowhere. */
	ck_assert_uint_eq(chardev_write(&p.end, "lost", 4), 4);
	fd = open_pty(chr);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(tcgetattr(fd, &tio), 0);
	ck_assert_uint_eq(tio.c_lflag & (ECHO | ICANON | ISIG), 0);
	clock_advance(&m.realtime, NS_PER_SEC);
	chardev_probe_events(&p, "o");
	ck_assert_uint_eq(chardev_write(&p.end, "hello\n", 6), 6);
	chardev_settle(&m);
	ck_assert_int_eq(read(fd, buf, sizeof(buf)), 6);
	ck_assert_str_eq(buf, "hello\n");
	say(fd, "in\r\x03");
	chardev_settle(&m);
	chardev_probe_got(&p, "in\r\x03");
	close(fd);
	chardev_settle(&m);
	chardev_probe_events(&p, "c");
	fd = open_pty(chr);
	clock_advance(&m.realtime, NS_PER_SEC);
	chardev_settle(&m);
	chardev_probe_events(&p, "o");
	say(fd, "again");
	chardev_settle(&m);
	chardev_probe_got(&p, "again");
	close(fd);
	loop_del_clock(m.loop, &m.realtime);
	stop();
}
END_TEST

/* How many turns of the loop there are in 50 ms with nothing to do. */
static unsigned idle_turns(void)
{
	struct clock real;
	int64_t end;
	unsigned n = 0;

	clock_init_realtime(&real);
	for (end = clock_now(&real) + 50 * NS_PER_MSEC; clock_now(&real) < end;
	     n++)
		loop_turn(m.loop, 10);
	return n;
}

static struct fd_pair pair;

static size_t pair_write(struct chardev *chr, const uint8_t *buf, size_t len)
{
	return fd_pair_write(&pair, buf, len);
}

static void pair_update(struct chardev *chr)
{
	fd_pair_update(&pair);
}

static void pair_close(struct chardev *chr)
{
	fd_pair_stop(&pair);
}

static int pair_fds[4];

static int pair_open(struct chardev *chr, const struct opt_list *opts,
		     struct error *err)
{
	pair = (struct fd_pair){0};
	return fd_pair_start(&pair, chr, pair_fds[0], pair_fds[3], err);
}

static const struct chardev_ops pair_ops = {
	.name = "pair",
	.size = sizeof(struct chardev),
	.open = pair_open,
	.write = pair_write,
	.update = pair_update,
	.close = pair_close,
};

/* A chardev between two pipes, as stdio is: in 1 to 0, out 3 to 2. */
static struct chardev *make_pair(void)
{
	static const struct opt_list none;
	struct error err = {0};
	struct chardev *chr;

	ck_assert_int_eq(pipe(pair_fds), 0);
	ck_assert_int_eq(pipe(pair_fds + 2), 0);
	chr = chardev_make(&m, "pair", &pair_ops, &none, &err);
	ck_assert_msg(chr != NULL, "%s", err.msg);
	return chr;
}

START_TEST(test_input_waits_for_the_user)
{
	start();
	chardev_probe_attach(&p, make_pair());
	p.room = 2;
	say(pair_fds[1], "abcdef");
	chardev_settle(&m);
	chardev_probe_got(&p, "ab");
	ck_assert_uint_lt(idle_turns(), 10);
	p.room = 3;
	chardev_accept_input(&p.end);
	chardev_settle(&m);
	chardev_probe_got(&p, "cde");
	/* The end of input while the user takes nothing costs no time. */
	close(pair_fds[1]);
	ck_assert_uint_lt(idle_turns(), 10);
	p.room = 10;
	chardev_accept_input(&p.end);
	chardev_settle(&m);
	chardev_probe_got(&p, "f");
	ck_assert_uint_lt(idle_turns(), 10);
	ck_assert_ptr_null(pair.in_watch);
	chardev_accept_input(&p.end);
	stop();
}
END_TEST

/* Memory of a chardev whose reader stalls is bounded, and nothing is mixed. */
START_TEST(test_a_reader_that_stalls)
{
	static char block[4096], buf[65536];
	struct chardev *chr;
	size_t sent = 0, got = 0, n;
	ssize_t rc;

	start();
	chr = make_pair();
	chardev_probe_attach(&p, chr);
	memset(block, 'x', sizeof(block));
	while ((n = chardev_write(&p.end, block, sizeof(block))) != 0)
		sent += n;
	ck_assert_uint_ge(sent, 4096);
	ck_assert_uint_eq(chr->backlog_len, 0);
	ck_assert(!chardev_is_stalled(&p.end));
	chardev_write_all(&p.end, "text", 4);
	ck_assert(chardev_is_stalled(&p.end));
	for (n = 0; n < 1000; n++)
		chardev_write_all(&p.end, block, sizeof(block));
	ck_assert_uint_le(chr->backlog_len, 1u << 20);
	ck_assert_uint_ge(chr->backlog_len, (1u << 20) - 4096);
	sent += chr->backlog_len;
	ck_assert_uint_eq(chardev_write(&p.end, "y", 1), 0);
	ck_assert_uint_lt(idle_turns(), 10);
	p.writables = 0;
	while (got < sent) {
		chardev_settle(&m);
		rc = read(pair_fds[2], buf, sizeof(buf));
		ck_assert_int_gt(rc, 0);
		ck_assert_ptr_null(memchr(buf, 'y', (size_t)rc));
		got += (size_t)rc;
	}
	chardev_settle(&m);
	ck_assert_uint_eq(got, sent);
	ck_assert_uint_eq(p.writables, 1);
	ck_assert(!chardev_is_stalled(&p.end));
	ck_assert_uint_eq(chardev_write(&p.end, "y", 1), 1);
	stop();
}
END_TEST

START_TEST(test_a_reader_that_goes)
{
	static char block[4096];

	start();
	signal(SIGPIPE, SIG_IGN);
	chardev_probe_attach(&p, make_pair());
	while (chardev_write(&p.end, block, sizeof(block)))
		;
	chardev_write_all(&p.end, block, sizeof(block));
	close(pair_fds[2]);
	ck_assert_uint_lt(idle_turns(), 10);
	ck_assert_uint_eq(chardev_write(&p.end, block, sizeof(block)),
			  sizeof(block));
	ck_assert_uint_lt(idle_turns(), 10);
	stop();
}
END_TEST

/* Out of descriptors: an error, and nobody's descriptor is closed. */
START_TEST(test_without_descriptors)
{
	static const struct opt_list none;
	struct rlimit limit = {0}, old;
	struct error err = {0};

	start();
	ck_assert_int_eq(pipe(pair_fds), 0);
	ck_assert_int_eq(pipe(pair_fds + 2), 0);
	getrlimit(RLIMIT_NOFILE, &old);
	limit.rlim_max = old.rlim_max;
	limit.rlim_cur = (rlim_t)pair_fds[3] + 1;
	setrlimit(RLIMIT_NOFILE, &limit);
	ck_assert_ptr_null(chardev_make(&m, "pair", &pair_ops, &none, &err));
	setrlimit(RLIMIT_NOFILE, &old);
	ck_assert_int_eq(err.code, EMFILE);
	ck_assert_int_ge(fcntl(pair_fds[0], F_GETFD), 0);
	ck_assert_int_ge(fcntl(pair_fds[3], F_GETFD), 0);
	stop();
}
END_TEST

UNIT_MAIN("chardev", test_null, test_file,
	  test_a_full_disk_does_not_stop_the_guest, test_what_is_refused,
	  test_long_paths, test_pty, test_input_waits_for_the_user,
	  test_a_reader_that_stalls, test_a_reader_that_goes,
	  test_without_descriptors)
