/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * screendump: the picture is copied at once, and written by a thread of its
 * own, so that neither a slow disk nor compression stops the guest.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vmm/fd_sets.h"
#include "vmm/machine.h"
#include "vmm/monitor.h"
#include "vmm/picture.h"
#include "vmm/thread.h"

struct dump {
	struct monitor_call *call;
	struct machine *m;
	struct loop_task done;
	struct machine_notifier notifier; /* until it is written */
	pthread_t thread;
	bool threaded;
	struct picture picture;
	int (*write)(const struct picture *picture, FILE *file);
	FILE *file;
	char *name;
	int rc;
};

static void free_dump(struct dump *d)
{
	if (d->threaded)
		pthread_join(d->thread, NULL);
	if (d->notifier.fn)
		list_del(&d->notifier.link);
	free(d->picture.pixels);
	free(d->name);
	free(d);
}

/* Main loop: the file is there. */
static void report(void *ctx)
{
	struct dump *d = ctx;

	if (d->rc < 0)
		monitor_fail(d->call, "GenericError",
			     "failed to write file '%s': %s", d->name,
			     strerror(-d->rc));
	else
		monitor_done(d->call, NULL);
	free_dump(d);
}

static void *write_file(void *ctx)
{
	struct dump *d = ctx;

	d->rc = d->write(&d->picture, d->file);
	errno = 0;
	if (fclose(d->file) != 0 && d->rc == 0)
		d->rc = errno ? -errno : -EIO;
	loop_post(d->m->loop, &d->done);
	return NULL;
}

/* The last thing: what is being written is waited for, not told. */
static void on_event(void *ctx, enum machine_event event)
{
	if (event == EVENT_EXIT)
		free_dump(ctx);
}

/* A host that has no more threads writes here. */
static void start_writing(struct dump *d)
{
	loop_task_init(&d->done, report, d);
	machine_add_notifier(d->m, &d->notifier, on_event, d);
	d->threaded = !thread_start(&d->thread, "screendump", write_file, d);
	if (!d->threaded)
		write_file(d);
}

static int copy_picture(struct machine *m, struct picture *p)
{
	const struct display_surface *s = &m->display.surface;
	size_t line, y;

	display_refresh(&m->display);
	if (!s->pixels)
		return -ENOMEM;
	p->width = s->width;
	p->height = s->height;
	line = s->width * sizeof(*p->pixels);
	p->pixels = malloc(line * s->height);
	if (!p->pixels)
		return -ENOMEM;
	for (y = 0; y < s->height; y++)
		memcpy(p->pixels + y * s->width, s->pixels + y * s->stride,
		       line);
	return 0;
}

/* There is one picture: that of the first adapter, which may be named. */
static bool check_device(struct monitor_call *call)
{
	const struct display *d = &monitor_machine(call)->display;
	const char *id = monitor_arg_string(call, "device");
	long long head = monitor_arg_int(call, "head", -1);
	const struct device *dev;

	if (!id && head >= 0) {
		monitor_fail(call, "GenericError",
			     "'head' must be specified together with "
			     "'device'");
		return false;
	}
	if (!id)
		return true;
	dev = device_find(monitor_machine(call), id);
	if (!dev)
		monitor_fail(call, "DeviceNotFound", "Device '%s' not found",
			     id);
	else if (d->dev != dev)
		monitor_fail(call, "GenericError",
			     "There is no picture of device '%s'", id);
	else if (head > 0)
		monitor_fail(call, "GenericError",
			     "Device '%s' has head 0 only", id);
	else
		return true;
	return false;
}

struct format {
	const char *name;
	int (*write)(const struct picture *picture, FILE *file);
};

static const struct format formats[] = {
	{"ppm", picture_write_ppm},
	{"png", picture_write_png},
	{.name = NULL},
};

static const struct format *find_format(const char *name)
{
	const struct format *f = formats;

	while (name && f->name && strcmp(f->name, name) != 0)
		f++;
	return f->name ? f : NULL;
}

static bool check(struct monitor_call *call)
{
	const char *format = monitor_arg_string(call, "format");

	if (!find_format(format)) {
		monitor_fail(call, "GenericError",
			     "Parameter 'format' does not accept value '%s'; "
			     "ppm and png are known",
			     format);
		return false;
	}
	return check_device(call);
}

static FILE *create(const char *name)
{
	int fd = fd_sets_open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
			      0666);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "wb");

	if (fd >= 0 && !file)
		close(fd);
	return file;
}

static void run_screendump(struct monitor_call *call)
{
	const char *name = monitor_arg_string(call, "filename");
	struct dump *d;
	int rc;

	if (!check(call))
		return;
	d = calloc(1, sizeof(*d));
	if (!d || !(d->name = strdup(name))) {
		free(d);
		monitor_fail(call, "GenericError", "out of memory");
		return;
	}
	d->call = call;
	d->m = monitor_machine(call);
	d->write = find_format(monitor_arg_string(call, "format"))->write;
	d->file = create(name);
	if (!d->file) {
		monitor_fail(call, "GenericError",
			     "failed to open file '%s': %s", name,
			     strerror(errno));
		free_dump(d);
		return;
	}
	rc = copy_picture(d->m, &d->picture);
	if (rc < 0) {
		monitor_fail(call, "GenericError",
			     "no memory for a copy of the picture");
		fclose(d->file);
		free_dump(d);
		return;
	}
	start_writing(d);
}

static const struct monitor_arg screendump_args[] = {
	MONITOR_WORD("filename", "file to write"),
	{.name = "format",
	 .type = MONITOR_ARG_FLAG_WORD,
	 .optional = true,
	 .flag = 'f',
	 .help = "ppm [default] or png"},
	MONITOR_OPTIONAL_WORD("device", "id of the display adapter"),
	{.name = "head",
	 .type = MONITOR_ARG_INT,
	 .optional = true,
	 .help = "which of its pictures"},
	{.type = MONITOR_ARG_END},
};

const struct monitor_cmd screendump_monitor_cmds[] = {
	{.name = "screendump",
	 .qmp = "screendump",
	 .help = "write the picture of the screen to a file",
	 .args = screendump_args,
	 .run = run_screendump},
	{.run = NULL},
};
