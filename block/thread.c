/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * I/O threads that disks are served by: each serves a graph, and all front ends
 * that have nodes of it.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "block/front.h"

static struct io_thread *find(const struct blk_fronts *all, const char *id)
{
	struct io_thread *t;

	list_for_each (t, &all->threads, struct io_thread, link)
		if (!strcmp(t->id, id))
			return t;
	return NULL;
}

static void set_up(void *arg)
{
	struct io_thread *t = arg;

	t->tid = gettid();
	loop_set_spin(t->loop, &t->spin);
}

int blk_thread_make(struct blk_fronts *all, const char *id,
		    const struct loop_spin *spin, struct error *err)
{
	struct io_thread *t = io_thread_new(id, err);

	if (!t)
		return -ENOMEM;
	t->id = strdup(id);
	if (!t->id) {
		io_thread_unref(t);
		return error_set(err, ENOMEM, "out of memory");
	}
	t->spin = *spin;
	loop_call(t->loop, set_up, t);
	list_add_tail(&all->threads, &t->link);
	return 0;
}

void blk_threads_free(struct blk_fronts *all)
{
	struct list *e;

	while ((e = list_pop(&all->threads)))
		io_thread_unref(container_of(e, struct io_thread, link));
}

struct move {
	struct blk_front *front;
	struct error *err;
	int rc;
};

static void leave(void *arg)
{
	struct blk_front *front = arg;

	if (front->node)
		blk_ctx_attach(front->node->ctx, NULL, NULL);
}

static void enter(void *arg)
{
	struct move *m = arg;

	if (m->front->node)
		m->rc = blk_ctx_attach(m->front->node->ctx, m->front->loop,
				       m->err);
}

/* With nothing in flight; on errors the front end can only be freed. */
static int move(struct blk_front *front, struct io_thread *to,
		struct error *err)
{
	struct move m = {.front = front, .err = err};

	blk_front_leave_limits(front);
	loop_call(front->loop, leave, front);
	loop_unpost(front->loop, &front->start);
	io_thread_unref(front->thread);
	front->thread = io_thread_ref(to);
	front->loop = to->loop;
	loop_call(front->loop, enter, &m);
	return m.rc < 0 ? m.rc : blk_front_serve_limits(front, err);
}

int blk_front_move(struct blk_front *front, const char *thread,
		   struct error *err)
{
	struct io_thread *to = find(front->all, thread);

	if (!to)
		return error_set(err, ENOENT,
				 "iothread=%s: there is no -object iothread "
				 "with this id",
				 thread);
	if (front->thread == to)
		return 0;
	if (front->thread->refs > 1)
		return error_set(err, EBUSY,
				 "iothread=%s: another device, which has "
				 "nodes in common with this one, is served by "
				 "another thread",
				 thread);
	blk_drain(front);
	return move(front, to, err);
}

static void query_iothreads(struct monitor_call *call)
{
	json_t *list = json_array();
	struct io_thread *t;

	list_for_each (t, &monitor_fronts(call)->threads, struct io_thread,
		       link)
		json_array_append_new(
			list,
			json_pack("{s:s, s:i, s:I, s:i, s:i, s:i}", "id", t->id,
				  "thread-id", (int)t->tid, "poll-max-ns",
				  (json_int_t)t->spin.max, "poll-grow",
				  t->spin.grow, "poll-shrink", t->spin.shrink,
				  "aio-max-batch", 0));
	monitor_done(call, list);
}

static void show_iothreads(struct monitor_call *call, const json_t *list)
{
	static const char *const rows[][2] = {
		{"thread_id", "thread-id"},
		{"poll-max-ns", "poll-max-ns"},
		{"poll-grow", "poll-grow"},
		{"poll-shrink", "poll-shrink"},
		{"aio-max-batch", "aio-max-batch"},
	};
	const json_t *t;
	size_t i, n;

	json_array_foreach(list, i, t)
	{
		monitor_printf(call, "%s:\n",
			       json_string_value(json_object_get(t, "id")));
		for (n = 0; n < sizeof(rows) / sizeof(*rows); n++)
			monitor_printf(call, "  %s=%lld\n", rows[n][0],
				       json_integer_value(
					       json_object_get(t, rows[n][1])));
	}
}

const struct monitor_cmd thread_monitor_cmds[] = {
	{.name = "info iothreads",
	 .qmp = "query-iothreads",
	 .help = "show the named I/O threads",
	 .run = query_iothreads,
	 .show = show_iothreads},
	{.run = NULL},
};
