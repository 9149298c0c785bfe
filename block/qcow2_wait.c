/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Waiting, for requests and for sync code. */
#include "block/qcow2_image.h"

void qcow2_wait_init(struct qcow2_wait *wait, void (*wake)(struct qcow2_wait *))
{
	*wait = (struct qcow2_wait){.wake = wake};
	list_init(&wait->link);
}

void qcow2_park(struct qcow2_wait *wait, struct list *on)
{
	wait->woken = false;
	wait->rc = 0;
	list_add_tail(on, &wait->link);
}

void qcow2_wake(struct qcow2 *q, struct list *waiters, int rc)
{
	struct qcow2_wait *wait;
	struct list *e;

	while ((e = list_pop(waiters))) {
		wait = container_of(e, struct qcow2_wait, link);
		wait->rc = rc;
		wait->woken = true;
		if (!wait->wake)
			continue;
		list_add_tail(&q->ready, &wait->link);
		blk_ctx_defer(q->node->ctx, &q->resume);
	}
}

void qcow2_resume(struct blk_task *task)
{
	struct qcow2 *q = container_of(task, struct qcow2, resume);
	struct qcow2_wait *wait;
	struct list *e;

	while ((e = list_pop(&q->ready))) {
		wait = container_of(e, struct qcow2_wait, link);
		wait->wake(wait);
	}
}

bool qcow2_again(struct qcow2 *q, struct qcow2_wait *wait, int *rc)
{
	if (*rc != QCOW2_PARKED)
		return false;
	while (!wait->woken)
		blk_ctx_poll(q->node->ctx, true);
	*rc = wait->rc;
	return *rc == 0;
}
