/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sockets as character devices: who calls whom, telnet, callers that go. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/chardev_user.h"
#include "tests/unit/unit.h"
#include "vmm/chardev_ops.h"

static struct machine m;
static struct chardev_probe p;
static char dir[64], spec[200];
static struct sockaddr_un sun;

static void start(void)
{
	chardev_machine_init(&m);
	signal(SIGPIPE, SIG_IGN);
	snprintf(dir, sizeof(dir), "/tmp/test_socket.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	sun = (struct sockaddr_un){.sun_family = AF_UNIX};
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/sock", dir);
}

static void stop(void)
{
	chardev_machine_fini(&m);
	unlink(sun.sun_path);
	ck_assert_int_eq(rmdir(dir), 0);
}

static struct chardev *serve(const char *rest)
{
	snprintf(spec, sizeof(spec), "unix:%s,%s", sun.sun_path, rest);
	return chardev_must_open(&m, spec);
}

static int call(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	ck_assert_int_eq(connect(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	return fd;
}

static void say(int fd, const void *buf, size_t len)
{
	ck_assert_int_eq(write(fd, buf, len), (ssize_t)len);
}

/* What comes within 5 s; "" when the other end is closed. */
static const char *hear(int fd)
{
	static char buf[65537];
	struct pollfd pfd = {.fd = fd, .events = POLLIN};
	ssize_t n;

	ck_assert_int_eq(poll(&pfd, 1, 5000), 1);
	n = read(fd, buf, sizeof(buf) - 1);
	buf[n > 0 ? n : 0] = 0;
	return buf;
}

START_TEST(test_a_unix_server)
{
	struct chardev *chr;
	int fd;

	start();
	chr = serve("server=on,wait=off");
	chardev_probe_attach(&p, chr);
	ck_assert_ptr_nonnull(strstr(chr->filename, sun.sun_path));
	ck_assert_uint_eq(chardev_write(&p.end, "lost", 4), 4);
	chardev_settle(&m);
	chardev_probe_events(&p, "");
	fd = call();
	chardev_probe_events(&p, "o");
	say(fd, "hello", 5);
	chardev_probe_got(&p, "hello");
	ck_assert_uint_eq(chardev_write(&p.end, "welcome", 7), 7);
	ck_assert_str_eq(hear(fd), "welcome");
	/* It goes, and comes again; what it said last is heard. */
	say(fd, "bye", 3);
	close(fd);
	chardev_probe_got(&p, "bye");
	chardev_probe_events(&p, "c");
	ck_assert_uint_eq(chardev_write(&p.end, "lost", 4), 4);
	fd = call();
	chardev_probe_events(&p, "o");
	say(fd, "again", 5);
	chardev_probe_got(&p, "again");
	chardev_close_all(&m);
	ck_assert_str_eq(hear(fd), "");
	ck_assert_int_eq(access(sun.sun_path, F_OK), -1);
	close(fd);
	stop();
}
END_TEST

START_TEST(test_a_second_caller_waits)
{
	int one, two;

	start();
	chardev_probe_attach(&p, serve("server,nowait"));
	one = call();
	chardev_probe_events(&p, "o");
	two = call();
	say(two, "two", 3);
	chardev_settle(&m);
	say(one, "one", 3);
	chardev_probe_got(&p, "one");
	close(one);
	chardev_probe_events(&p, "co");
	chardev_probe_got(&p, "two");
	close(two);
	stop();
}
END_TEST

/*
 * A guest that does not take its input does not keep the next caller out; what
 * the one that went had said is there until then.
 */
START_TEST(test_a_caller_that_goes_unheard)
{
	int fd;

	start();
	chardev_probe_attach(&p, serve("server=on,wait=off"));
	p.room = 1;
	fd = call();
	say(fd, "abc", 3);
	chardev_probe_got(&p, "a");
	close(fd);
	chardev_settle(&m);
	chardev_probe_events(&p, "o");
	p.room = 1;
	chardev_accept_input(&p.end);
	chardev_probe_got(&p, "b");
	chardev_settle(&m);
	fd = call();
	chardev_probe_events(&p, "co");
	p.room = 10;
	chardev_accept_input(&p.end);
	say(fd, "xyz", 3);
	chardev_probe_got(&p, "xyz");
	close(fd);
	stop();
}
END_TEST

START_TEST(test_wait_blocks_until_a_caller_comes)
{
	pid_t child;

	start();
	child = fork();
	if (!child) {
		int fd = socket(AF_UNIX, SOCK_STREAM, 0), i;

		for (i = 0; i < 500; i++) {
			if (!connect(fd, (struct sockaddr *)&sun, sizeof(sun)))
				_exit(strcmp(hear(fd), "first") != 0);
			usleep(10000);
		}
		_exit(2);
	}
	chardev_probe_attach(&p, serve("server=on,wait=on"));
	chardev_probe_events(&p, "o");
	ck_assert_uint_eq(chardev_write(&p.end, "first", 5), 5);
	ck_assert_int_eq(waitpid(child, &(int){0}, 0), child);
	chardev_probe_events(&p, "c");
	stop();
}
END_TEST

START_TEST(test_a_unix_client)
{
	int listener, fd;

	start();
	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&sun, sizeof(sun)),
			 0);
	ck_assert_int_eq(listen(listener, 1), 0);
	snprintf(spec, sizeof(spec), "unix:%s", sun.sun_path);
	chardev_probe_attach(&p, chardev_must_open(&m, spec));
	chardev_probe_events(&p, "o");
	fd = accept(listener, NULL, NULL);
	say(fd, "hi", 2);
	chardev_probe_got(&p, "hi");
	chardev_write_all(&p.end, "ho", 2);
	ck_assert_str_eq(hear(fd), "ho");
	close(fd);
	chardev_probe_events(&p, "c");
	close(listener);
	stop();
}
END_TEST

START_TEST(test_a_descriptor)
{
	struct error err = {0};
	int sv[2];

	start();
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	snprintf(spec, sizeof(spec), "socket,id=c,fd=%d", sv[0]);
	ck_assert_ptr_nonnull(chardev_create(&m, spec, &err));
	chardev_probe_attach(&p, chardev_find(&m, "c"));
	say(sv[1], "hi", 2);
	chardev_probe_got(&p, "hi");
	close(sv[1]);
	chardev_probe_events(&p, "oc");
	stop();
}
END_TEST

/* A port that nobody has, and what is bound to it. */
static uint16_t free_port(void)
{
	struct sockaddr_in sin = {.sin_family = AF_INET};
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&sin, len), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&sin, &len), 0);
	close(fd);
	return ntohs(sin.sin_port);
}

static int call_port(uint16_t port)
{
	struct sockaddr_in sin = {.sin_family = AF_INET,
				  .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	return fd;
}

START_TEST(test_tcp_server_and_client)
{
	struct chardev_probe client;
	struct error err = {0};
	uint16_t port;

	start();
	port = free_port();
	snprintf(spec, sizeof(spec), "tcp:127.0.0.1:%u,server,nowait", port);
	chardev_probe_attach(&p, chardev_must_open(&m, spec));
	snprintf(spec, sizeof(spec), "socket,id=c,host=127.0.0.1,port=%u",
		 port);
	ck_assert_ptr_nonnull(chardev_create(&m, spec, &err));
	chardev_probe_attach(&client, chardev_find(&m, "c"));
	chardev_probe_events(&p, "o");
	chardev_write_all(&client.end, "question", 8);
	chardev_probe_got(&p, "question");
	chardev_write_all(&p.end, "\xff answer", 8);
	chardev_probe_got(&client, "\xff answer");
	/* The port is taken. */
	snprintf(spec, sizeof(spec), "tcp:127.0.0.1:%u,server,nowait", port);
	ck_assert_ptr_null(chardev_open(&m, "other", spec, &err));
	ck_assert_ptr_nonnull(strstr(err.msg, "Address already in use"));
	stop();
}
END_TEST

START_TEST(test_ipv6_in_brackets)
{
	struct error err = {0};
	struct chardev *chr;

	start();
	snprintf(spec, sizeof(spec), "tcp:[::1]:%u,server,nowait", free_port());
	chr = chardev_open(&m, "serial0", spec, &err);
	/* There may be no IPv6 here; what is in the brackets is understood. */
	if (!chr)
		ck_assert_msg(!strstr(err.msg, "resolution"), "%s", err.msg);
	stop();
}
END_TEST

#define HELLO "\xff\xfb\x01\xff\xfb\x03\xff\xfb\x00\xff\xfd"

START_TEST(test_telnet)
{
	static const char input[] = "a\xff\xff"
				    "b\r\0c\xff\xfd\x03"
				    "d\xff\xfa\x18 x \xff\xff\xff\xf0"
				    "e\xff\xf1"
				    "f\xff\xf3g";
	uint16_t port;
	size_t i;
	int fd;

	start();
	port = free_port();
	snprintf(spec, sizeof(spec), "telnet:127.0.0.1:%u,server,nowait", port);
	chardev_probe_attach(&p, chardev_must_open(&m, spec));
	fd = call_port(port);
	chardev_probe_events(&p, "o");
	/* It echoes itself, is no line at a time, and clean for 8 bits. */
	ck_assert_mem_eq(hear(fd), HELLO, sizeof(HELLO));
	say(fd, input, sizeof(input) - 1);
	chardev_probe_got(&p, "a\xff"
			      "b\rcdefg");
	chardev_probe_events(&p, "b");
	/* The same in pieces. */
	for (i = 0; i < sizeof(input) - 1; i++) {
		say(fd, input + i, 1);
		chardev_settle(&m);
	}
	chardev_probe_got(&p, "a\xff"
			      "b\rcdefg");
	chardev_probe_events(&p, "b");
	/* What the guest says is no command. */
	chardev_write_all(&p.end, "1\xff\xf1\xff", 4);
	ck_assert_str_eq(hear(fd), "1\xff\xff\xf1\xff\xff");
	/* Half a command does not outlive its connection. */
	say(fd, "\xff\xfa junk", 7);
	close(fd);
	chardev_probe_events(&p, "c");
	fd = call_port(port);
	say(fd, "x", 1);
	chardev_probe_got(&p, "x");
	close(fd);
	stop();
}
END_TEST

START_TEST(test_telnet_to_a_slow_reader)
{
	static char block[4096];
	size_t sent = 0, got = 0, n, i, run = 0;
	uint16_t port;
	int fd;

	start();
	port = free_port();
	snprintf(spec, sizeof(spec), "telnet:127.0.0.1:%u,server,nowait", port);
	chardev_probe_attach(&p, chardev_must_open(&m, spec));
	fd = call_port(port);
	chardev_probe_events(&p, "o");
	hear(fd);
	memset(block, 0xff, sizeof(block));
	block[0] = 'x';
	while ((n = chardev_write(&p.end, block, sizeof(block))) ==
	       sizeof(block))
		sent += n;
	sent += n;
	while (got < sent) {
		const char *s = hear(fd);

		/* Each 0xff comes twice, wherever the writes were cut. */
		for (i = 0; s[i]; i++) {
			if (s[i] == 'x') {
				ck_assert_uint_eq(run % 2, 0);
				got += 1 + run / 2;
				run = 0;
			} else {
				run++;
			}
		}
		if (got + run / 2 >= sent)
			break;
		chardev_settle(&m);
	}
	ck_assert_uint_eq(run % 2, 0);
	ck_assert_uint_eq(got + run / 2, sent);
	close(fd);
	stop();
}
END_TEST

UNIT_MAIN("chardev_socket", test_a_unix_server, test_a_second_caller_waits,
	  test_a_caller_that_goes_unheard,
	  test_wait_blocks_until_a_caller_comes, test_a_unix_client,
	  test_a_descriptor, test_tcp_server_and_client, test_ipv6_in_brackets,
	  test_telnet, test_telnet_to_a_slow_reader)
