/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What clients type, and what monitors are told of them, on its way to the
 * main loop: a queue of a fixed length.  When it is full, input is no longer
 * read.
 */
#include "net/vnc_impl.h"
#include "vmm/monitor.h"

/* Room that is kept for events, and for keys that are let go. */
enum { NOTES_IN_RESERVE = 64 };

bool vnc_note(struct vnc *v, const struct vnc_note *note)
{
	bool can_wait = note->kind == VNC_NOTE_POINTER ||
			(note->kind == VNC_NOTE_KEY && note->down);
	unsigned room = VNC_NOTES - (can_wait ? NOTES_IN_RESERVE : 0);
	bool fits;

	pthread_mutex_lock(&v->lock);
	fits = v->nnotes < room;
	if (fits)
		v->notes[v->nnotes++] = *note;
	else if (note->kind != VNC_NOTE_EVENT)
		v->stalled = true;
	pthread_mutex_unlock(&v->lock);
	if (fits)
		loop_post(v->host.loop, &v->note_task);
	else
		json_decref(note->data);
	return fits;
}

static void take(struct vnc *v, const struct vnc_note *n)
{
	switch (n->kind) {
	case VNC_NOTE_KEY:
		input_key(v->host.input, n->code, n->down);
		break;
	case VNC_NOTE_POINTER:
		input_mouse(v->host.input, n->dx, n->dy, n->dz, n->buttons);
		break;
	case VNC_NOTE_EVENT:
		if (v->host.m)
			monitor_event(v->host.m, n->event, n->data);
		else
			json_decref(n->data);
		break;
	}
}

static void run(void *ctx)
{
	struct vnc *v = ctx;
	struct vnc_note notes[VNC_NOTES];
	bool stalled, typed = false;
	unsigned i, n;

	pthread_mutex_lock(&v->lock);
	n = v->nnotes;
	for (i = 0; i < n; i++)
		notes[i] = v->notes[i];
	v->nnotes = 0;
	stalled = v->stalled;
	v->stalled = false;
	pthread_mutex_unlock(&v->lock);
	for (i = 0; i < n; i++) {
		take(v, &notes[i]);
		typed |= notes[i].kind != VNC_NOTE_EVENT;
	}
	if (typed)
		vnc_screen_hurry(v);
	if (stalled)
		loop_post(v->loop, &v->resume_task);
}

void vnc_notes_init(struct vnc *v)
{
	loop_task_init(&v->note_task, run, v);
}

void vnc_notes_fini(struct vnc *v)
{
	unsigned i;

	loop_unpost(v->host.loop, &v->note_task);
	for (i = 0; i < v->nnotes; i++)
		if (v->notes[i].kind == VNC_NOTE_EVENT)
			json_decref(v->notes[i].data);
	v->nnotes = 0;
}
