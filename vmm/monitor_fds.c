/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Descriptors that clients of monitors pass by their sockets: add-fd, getfd,
 * and what is done with them.
 */
#include <ctype.h>
#include <unistd.h>

#include "vmm/fd_sets.h"
#include "vmm/monitor_calls.h"

/* -1: the call has ended. */
static int take_passed(struct monitor_call *call)
{
	int fd = monitor_take_fd(call);

	if (fd < 0)
		monitor_fail(call, "GenericError",
			     "No file descriptor supplied via SCM_RIGHTS");
	return fd;
}

static void add_fd(struct monitor_call *call)
{
	const json_t *given = json_object_get(monitor_args(call), "fdset-id");
	int64_t set = json_integer_value(given);
	struct error err;
	int fd = take_passed(call);

	if (fd < 0)
		return;
	if (!given)
		set = FD_SETS_ANY;
	if (given && set < 0) {
		monitor_fail(call, "GenericError",
			     "Parameter 'fdset-id' expects a non-negative "
			     "value");
		close(fd);
		return;
	}
	if (fd_sets_add(&set, fd, monitor_arg_string(call, "opaque"), &err) <
	    0) {
		close(fd);
		monitor_fail(call, "GenericError", "%s", err.msg);
		return;
	}
	monitor_done(call, json_pack("{s:i, s:I}", "fd", fd, "fdset-id",
				     (json_int_t)set));
}

static void remove_fd(struct monitor_call *call)
{
	struct error err;
	int rc = fd_sets_remove(monitor_arg_int(call, "fdset-id", 0),
				monitor_arg_int(call, "fd", FD_SETS_ANY), &err);

	monitor_end(call, rc, &err);
}

static void append(void *ctx, int64_t set, int fd, const char *opaque)
{
	json_t *list = ctx, *last, *entry;

	if (fd < 0) {
		json_array_append_new(list,
				      json_pack("{s:[], s:I}", "fds",
						"fdset-id", (json_int_t)set));
		return;
	}
	last = json_array_get(list, json_array_size(list) - 1);
	entry = json_pack("{s:i}", "fd", fd);
	if (opaque)
		json_object_set_new(entry, "opaque", monitor_json_text(opaque));
	json_array_append_new(json_object_get(last, "fds"), entry);
}

static void query_fdsets(struct monitor_call *call)
{
	json_t *list = json_array();

	fd_sets_each(append, list);
	monitor_done(call, list);
}

static void getfd(struct monitor_call *call)
{
	const char *name = monitor_arg_string(call, "fdname");
	struct error err;
	int fd = take_passed(call), rc;

	if (fd < 0)
		return;
	if (isdigit((unsigned char)*name)) {
		close(fd);
		monitor_fail(call, "GenericError",
			     "Parameter 'fdname' expects a name not starting "
			     "with a digit");
		return;
	}
	rc = fd_names_put(name, fd, &err);
	if (rc < 0)
		close(fd);
	monitor_end(call, rc, &err);
}

static void closefd(struct monitor_call *call)
{
	const char *name = monitor_arg_string(call, "fdname");
	int fd = fd_names_take(name);

	if (fd < 0) {
		monitor_fail(call, "GenericError",
			     "File descriptor named '%s' not found", name);
		return;
	}
	close(fd);
	monitor_done(call, NULL);
}

static const struct monitor_arg add_args[] = {
	{.name = "fdset-id",
	 .type = MONITOR_ARG_INT,
	 .optional = true,
	 .help = "number of the set; the lowest that is free if left out"},
	MONITOR_OPTIONAL_WORD("opaque", "shown by query-fdsets"),
	{.type = MONITOR_ARG_END},
};

static const struct monitor_arg remove_args[] = {
	{.name = "fdset-id",
	 .type = MONITOR_ARG_INT,
	 .help = "number of the set"},
	{.name = "fd",
	 .type = MONITOR_ARG_INT,
	 .optional = true,
	 .help = "one of the set; all if left out"},
	{.type = MONITOR_ARG_END},
};

static const struct monitor_arg name_args[] = {
	MONITOR_WORD("fdname", "a name, which begins with no digit"),
	{.type = MONITOR_ARG_END},
};

const struct monitor_cmd fds_monitor_cmds[] = {
	{.qmp = "add-fd",
	 .help = "put the file that is passed by the socket into a set",
	 .args = add_args,
	 .run = add_fd},
	{.name = "closefd",
	 .qmp = "closefd",
	 .help = "close a file that getfd named",
	 .args = name_args,
	 .run = closefd},
	{.name = "getfd",
	 .qmp = "getfd",
	 .help = "name the file that is passed by the socket",
	 .args = name_args,
	 .run = getfd},
	{.qmp = "query-fdsets",
	 .help = "show the sets of files, which /dev/fdset/N opens",
	 .run = query_fdsets},
	{.qmp = "remove-fd",
	 .help = "close a file of a set, or all",
	 .args = remove_args,
	 .run = remove_fd},
	{.run = NULL},
};
