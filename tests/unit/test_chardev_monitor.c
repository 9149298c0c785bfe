/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Chardevs that come, go and are exchanged by monitor commands. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/chardev_user.h"
#include "tests/unit/monitor_client.h"
#include "tests/unit/unit.h"
#include "vmm/chardev_ops.h"

#define ERROR(desc) \
	"{\"error\": {\"class\": \"GenericError\", \"desc\": \"" desc "\"}}" \
	"\r\n"
#define DONE	"{\"return\": {}}\r\n"
#define ADD(id) "{'execute':'chardev-add','arguments':{'id':'" id "','backend':"
#define CHANGE(id) \
	"{'execute':'chardev-change','arguments':{'id':'" id "','backend':"
#define REMOVE(id) "{'execute':'chardev-remove','arguments':{'id':'" id "'}}"
#define BREAK(id)  "{'execute':'chardev-send-break','arguments':{'id':'" id "'}}"
#define NONE	   "{'type':'null','data':{}}}}"

static struct client c;

static void start(void)
{
	client_start(&c, true);
	client_hear(&c);
	client_ask(&c, "{'execute':'qmp_capabilities'}");
}

static void asks(const char *line, const char *answer)
{
	const char *got = client_ask(&c, line);

	ck_assert_msg(!strcmp(got, answer), "%s\ngave %swanted %s", line, got,
		      answer);
}

START_TEST(test_they_come_and_go)
{
	start();
	asks(ADD("a") NONE, DONE);
	ck_assert_str_eq(chardev_find(&c.m, "a")->filename, "null");
	asks(ADD("a") NONE, ERROR("Chardev with id 'a' already exists"));
	asks(REMOVE("a"), DONE);
	ck_assert_ptr_null(chardev_find(&c.m, "a"));
	asks(REMOVE("a"), ERROR("Chardev 'a' not found"));
	asks(BREAK("a"), ERROR("Chardev 'a' not found"));
	client_stop(&c);
}
END_TEST

static const struct {
	const char *backend, *answer;
} wrong[] = {
	{"{}", "Parameter 'backend.type' is missing"},
	{"[]", "Parameter 'backend.type' is missing"},
	{"{'type':'null'}", "Parameter 'backend.data' is missing"},
	{"{'type':'null','data':1}", "Invalid parameter type for "
				     "'backend.data', expected: object"},
	{"{'type':'bogus','data':{}}",
	 "Parameter 'type' does not accept value 'bogus'"},
	{"{'type':'file','data':{}}",
	 "Parameter 'backend.data.out' is missing"},
	{"{'type':'file','data':{'out':['x']}}",
	 "Invalid parameter type for 'out'"},
	{"{'type':'file','data':{'out':'/nonexistent/x'}}",
	 "cannot open '/nonexistent/x': No such file or directory"},
	{"{'type':'null','data':{'nosuch':1}}", "unknown parameter 'nosuch'"},
	{"{'type':'socket','data':{}}",
	 "Parameter 'backend.data.addr.type' is missing"},
	{"{'type':'socket','data':{'addr':{'type':'vsock','data':{}}}}",
	 "Parameter 'type' does not accept value 'vsock'"},
	{"{'type':'socket','data':{'wait':true,'addr':{'type':'unix','data':"
	 "{'path':'x'}}}}",
	 "with \\\"wait\\\": true the machine would stop until a client "
	 "comes"},
};

START_TEST(test_what_cannot_be_made)
{
	char line[300], answer[300];
	size_t i;

	start();
	for (i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		snprintf(line, sizeof(line), ADD("a") "%s}}", wrong[i].backend);
		snprintf(answer, sizeof(answer), ERROR("%s"), wrong[i].answer);
		asks(line, answer);
		ck_assert_ptr_null(chardev_find(&c.m, "a"));
	}
	client_stop(&c);
}
END_TEST

START_TEST(test_sockets_serve_at_once)
{
	char dir[] = "/tmp/test_chardev.XXXXXX", line[300], path[100];
	struct stat st;

	start();
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/s", dir);
	snprintf(line, sizeof(line),
		 ADD("a") "{'type':'socket','data':{'addr':{'type':'unix',"
			  "'data':{'path':'%s'}}}}}}",
		 path);
	asks(line, DONE);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert(S_ISSOCK(st.st_mode));
	snprintf(line, sizeof(line), "disconnected:unix:%s,server=on", path);
	ck_assert_str_eq(chardev_find(&c.m, "a")->filename, line);
	asks(REMOVE("a"), DONE);
	ck_assert_int_lt(stat(path, &st), 0);
	rmdir(dir);
	client_stop(&c);
}
END_TEST

START_TEST(test_the_user_goes_to_another)
{
	struct chardev_probe p = {0};
	char path[] = "/tmp/test_chardev.XXXXXX", line[300];
	int fd = mkstemp(path);
	char got[8] = "";

	start();
	asks(ADD("a") NONE, DONE);
	chardev_probe_attach(&p, chardev_find(&c.m, "a"));
	chardev_probe_events(&p, "o");
	asks(REMOVE("a"), ERROR("Chardev 'a' is busy"));
	asks(BREAK("a"), DONE);
	chardev_probe_events(&p, "b");
	snprintf(line, sizeof(line),
		 CHANGE("a") "{'type':'file','data':{'out':'%s'}}}}", path);
	asks(line, DONE);
	chardev_probe_events(&p, "co");
	ck_assert_uint_eq(chardev_write(&p.end, "there", 5), 5);
	ck_assert_int_eq(pread(fd, got, sizeof(got), 0), 5);
	ck_assert_str_eq(got, "there");
	chardev_detach(&p.end);
	asks(REMOVE("a"), DONE);
	close(fd);
	unlink(path);
	client_stop(&c);
}
END_TEST

START_TEST(test_a_change_that_fails_changes_nothing)
{
	struct chardev_probe p = {0};
	struct chardev *chr;

	start();
	asks(CHANGE("a") NONE, ERROR("Chardev 'a' does not exist"));
	asks(ADD("a") NONE, DONE);
	chr = chardev_find(&c.m, "a");
	chardev_probe_attach(&p, chr);
	chardev_probe_events(&p, "o");
	asks(CHANGE("a") "{'type':'file','data':{'out':'/nonexistent/x'}}}}",
	     ERROR("cannot open '/nonexistent/x': No such file or directory"));
	ck_assert_ptr_eq(chardev_find(&c.m, "a"), chr);
	ck_assert_ptr_eq(p.end.chr, chr);
	chardev_probe_events(&p, "");
	chardev_detach(&p.end);
	client_stop(&c);
}
END_TEST

START_TEST(test_a_monitor_stays)
{
	char line[200];

	start();
	snprintf(line, sizeof(line),
		 "{'execute':'chardev-change','arguments':{'id':'%s',"
		 "'backend':" NONE,
		 client_monitor(&c)->end.chr->label);
	asks(line, ERROR("Chardev user does not support chardev hotswap"));
	client_stop(&c);
}
END_TEST

UNIT_MAIN("chardev_monitor", test_they_come_and_go, test_what_cannot_be_made,
	  test_sockets_serve_at_once, test_the_user_goes_to_another,
	  test_a_change_that_fails_changes_nothing, test_a_monitor_stays)
