/* SPDX-License-Identifier: GPL-2.0-or-later */
/* I/O threads. */
#include "vmm/io_thread.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "vmm/thread.h"

static void *run(void *arg)
{
	struct io_thread *t = arg;

	loop_run(t->loop);
	return NULL;
}

static int start(struct io_thread *t, const char *name, struct error *err)
{
	char text[16];
	int rc;

	snprintf(text, sizeof(text), "IO %.12s", name);
	rc = thread_start(&t->thread, text, run, t);
	if (rc)
		return error_errno(err, rc, "cannot start an I/O thread");
	return 0;
}

struct io_thread *io_thread_new(const char *name, struct error *err)
{
	struct io_thread *t = calloc(1, sizeof(*t));

	if (!t) {
		error_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	t->refs = 1;
	list_init(&t->link);
	t->loop = loop_new(NULL, err);
	if (!t->loop || start(t, name, err) < 0) {
		loop_free(t->loop);
		free(t);
		return NULL;
	}
	return t;
}

struct io_thread *io_thread_ref(struct io_thread *t)
{
	t->refs++;
	return t;
}

void io_thread_unref(struct io_thread *t)
{
	if (--t->refs)
		return;
	loop_quit(t->loop);
	pthread_join(t->thread, NULL);
	loop_free(t->loop);
	free(t->id);
	free(t);
}
