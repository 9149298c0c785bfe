/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The VNC server as a whole: its thread, and the places where it listens. */
#include "net/vnc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/vnc_impl.h"
#include "vmm/log.h"
#include "vmm/thread.h"

size_t vnc_desktop_name(const struct vnc *v, char name[VNC_NAME_MAX])
{
	if (v->host.guest)
		snprintf(name, VNC_NAME_MAX, "pcvm (%s)", v->host.guest);
	else
		snprintf(name, VNC_NAME_MAX, "pcvm");
	return strlen(name);
}

void vnc_ask(struct vnc *v)
{
	const struct vnc_client *c;
	bool waits = false;

	list_for_each (c, &v->clients, struct vnc_client, link)
		if (!c->gone && vnc_update_waits(c)) {
			waits = true;
			if (c->stale || c->state == VNC_FIRST_FRAME)
				v->force = true;
		}
	if (!waits || v->stage_out || (v->asked && !v->force))
		return;
	v->asked = true;
	loop_post(v->host.loop, &v->want_task);
}

/* The stage is ours until we ask again. */
static void on_frame(void *ctx)
{
	struct vnc *v = ctx;
	struct vnc_client *c;
	struct vnc_scroll scroll;
	bool resized, taken;

	v->asked = false;
	taken = v->nclients && vnc_frame_take(v, &scroll, &resized);
	v->stage_out = false;
	if (taken)
		list_for_each (c, &v->clients, struct vnc_client, link)
			if (!c->gone)
				vnc_update_frame(c, &scroll, resized);
	vnc_ask(v);
	vnc_clients_reap(v);
	if (!v->nclients)
		loop_post(v->host.loop, &v->leave_task);
}

static void on_resume(void *ctx)
{
	struct vnc *v = ctx;
	struct vnc_client *c;

	list_for_each (c, &v->clients, struct vnc_client, link)
		if (!c->gone && c->stalled)
			vnc_client_resume(c);
	vnc_ask(v);
	vnc_clients_reap(v);
}

static bool is_kicked(struct vnc *v, const struct vnc_server *s)
{
	bool kick;

	pthread_mutex_lock(&v->lock);
	kick = s->kick;
	pthread_mutex_unlock(&v->lock);
	return kick;
}

static void on_kick(void *ctx)
{
	struct vnc *v = ctx;
	struct vnc_client *c;
	struct vnc_server *s;

	list_for_each (c, &v->clients, struct vnc_client, link)
		if (c->state >= VNC_CLIENT_INIT && is_kicked(v, c->server))
			vnc_client_end(c);
	vnc_clients_reap(v);
	pthread_mutex_lock(&v->lock);
	list_for_each (s, &v->servers, struct vnc_server, link)
		s->kick = false;
	pthread_mutex_unlock(&v->lock);
}

static void on_caller(void *ctx, uint32_t events)
{
	struct vnc_socket *socket = ctx;
	int fd = accept4(socket->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd >= 0)
		vnc_client_new(socket->server, fd);
}

/* In the thread: from now on it is called. */
static void on_start(void *ctx)
{
	struct vnc_server *s = ctx;
	struct error err = {0};
	unsigned i;

	for (i = 0; i < s->sockets.n; i++) {
		s->socket[i].watch =
			loop_add_fd(s->v->loop, s->sockets.fd[i], EPOLLIN,
				    on_caller, &s->socket[i], &err);
		if (!s->socket[i].watch)
			log_warn("VNC: %s", err.msg);
	}
	if (s->reverse_fd >= 0)
		vnc_client_new(s, s->reverse_fd);
	s->reverse_fd = -1;
}

static void *run(void *arg)
{
	struct vnc *v = arg;

	loop_run(v->loop);
	return NULL;
}

static int start_thread(struct vnc *v, struct error *err)
{
	int rc = thread_start(&v->thread, "vnc", run, v);

	if (rc)
		return error_errno(err, rc, "cannot start the VNC thread");
	v->running = true;
	return 0;
}

static void free_server(struct vnc_server *s)
{
	list_del(&s->link);
	vnc_unlisten(&s->sockets);
	if (s->reverse_fd >= 0)
		close(s->reverse_fd);
	vnc_conf_free(&s->conf);
	free(s);
}

static void vnc_close(struct vnc *v)
{
	if (!v)
		return;
	if (v->running) {
		loop_quit(v->loop);
		pthread_join(v->thread, NULL);
	}
	if (v->loop)
		vnc_clients_end(v);
	while (!list_empty(&v->servers))
		free_server(
			container_of(v->servers.next, struct vnc_server, link));
	vnc_frame_free(v);
	free(v->scratch);
	vnc_screen_fini(v);
	vnc_notes_fini(v);
	loop_free(v->loop);
	vnc_layout_free(v->layout);
	pthread_mutex_destroy(&v->lock);
	free(v);
}

static struct vnc *vnc_open(const struct display_host *host, struct error *err)
{
	struct vnc *v = calloc(1, sizeof(*v));

	if (!v) {
		error_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	v->host = *host;
	pthread_mutex_init(&v->lock, NULL);
	list_init(&v->servers);
	list_init(&v->clients);
	clock_init_realtime(&v->clock);
	loop_task_init(&v->frame_task, on_frame, v);
	loop_task_init(&v->resume_task, on_resume, v);
	loop_task_init(&v->kick_task, on_kick, v);
	vnc_screen_init(v);
	vnc_notes_init(v);
	v->loop = loop_new(NULL, err);
	if (!v->loop || loop_add_clock(v->loop, &v->clock, err) < 0 ||
	    (host->layout &&
	     vnc_layout_open(host->layout, &v->layout, err) < 0) ||
	    start_thread(v, err) < 0) {
		vnc_close(v);
		return NULL;
	}
	return v;
}

static int open_sockets(struct vnc_server *s, struct error *err)
{
	int rc = 0;

	if (vnc_address_is_none(&s->conf))
		return 0;
	if (s->conf.reverse) {
		s->reverse_fd = vnc_call_viewer(&s->conf, err);
		return s->reverse_fd < 0 ? s->reverse_fd : 0;
	}
	rc = vnc_listen(&s->conf, &s->sockets, err);
	if (rc == 0 && !s->conf.password && vnc_is_open_to_all(&s->sockets))
		log_warn("-vnc %s: whoever reaches this host sees and drives "
			 "the guest; say password=on, or localhost:N",
			 s->conf.address);
	return rc;
}

static int check_id(struct vnc *v, const struct vnc_server *s,
		    struct error *err)
{
	const struct vnc_server *other;

	list_for_each (other, &v->servers, struct vnc_server, link)
		if (other != s && !strcmp(other->conf.id, s->conf.id))
			return error_set(err, EEXIST,
					 "there are two with the id %s; give "
					 "each its own by id=",
					 s->conf.id);
	return 0;
}

static void describe_sockets(struct vnc_server *s)
{
	unsigned i;

	for (i = 0; i < s->sockets.n; i++) {
		s->socket[i].server = s;
		s->socket[i].fd = s->sockets.fd[i];
		vnc_describe(&s->socket[i].end, s->sockets.fd[i], false);
	}
}

/* The port is one of several: people have to know which. */
static void say_where(const struct vnc_server *s)
{
	if (!s->sockets.n)
		return;
	printf("VNC server running on %s:%s\n", s->socket[0].end.host,
	       s->socket[0].end.service);
	fflush(stdout);
}

static int vnc_add(struct vnc *v, const char *arg, struct error *err)
{
	struct vnc_server *s = calloc(1, sizeof(*s));
	int rc;

	if (!s)
		return error_set(err, ENOMEM, "out of memory");
	s->v = v;
	s->reverse_fd = -1;
	s->expires = INT64_MAX;
	loop_task_init(&s->start_task, on_start, s);
	pthread_mutex_lock(&v->lock);
	list_add_tail(&v->servers, &s->link);
	pthread_mutex_unlock(&v->lock);
	rc = vnc_conf_parse(&s->conf, arg, err);
	if (rc == 0)
		rc = check_id(v, s, err);
	if (rc == 0)
		rc = open_sockets(s, err);
	if (rc < 0) {
		free_server(s);
		return rc;
	}
	describe_sockets(s);
	if (s->conf.to > 0)
		say_where(s);
	loop_post(v->loop, &s->start_task);
	return 0;
}

static int vnc_check(const char *arg, struct error *err)
{
	struct vnc_conf conf;
	int rc = vnc_conf_parse(&conf, arg, err);

	if (rc == 0)
		vnc_conf_free(&conf);
	return rc;
}

const struct display_server vnc_display_server = {
	.opts = vnc_opts,
	.check = vnc_check,
	.open = vnc_open,
	.add = vnc_add,
	.close = vnc_close,
};
