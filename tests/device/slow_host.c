/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A host for device tests whose answers are late, out of order, or errors. */
#include "tests/device/slow_host.h"

#include <pthread.h>
#include <stdlib.h>

#include "block/file.h"
#include "block/node.h"
#include "vmm/timer.h"

#define NS_PER_US 1000
#define BACKWARDS 16 /* requests that come in reverse */
#define STEP_US	  200

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct host_plan now;
static unsigned begun;

struct late {
	struct timer timer;
	struct blk_node *node;
	struct blk_req *req;
	int error;
};

static void end(struct blk_node *node, struct blk_req *req, int error)
{
	if (error)
		blk_ctx_complete(node->ctx, req, error);
	else
		blk_file.submit(node, req);
}

static void end_late(void *arg)
{
	struct late *l = arg;

	end(l->node, l->req, l->error);
	free(l);
}

static void postpone(struct blk_node *node, struct blk_req *req, unsigned us,
		     int error)
{
	struct clock *clock = blk_ctx_clock(node->ctx);
	struct late *l = calloc(1, sizeof(*l));

	l->node = node;
	l->req = req;
	l->error = error;
	timer_init(&l->timer, clock, end_late, l);
	timer_set(&l->timer, clock_now(clock) + (int64_t)us * NS_PER_US);
}

static void submit(struct blk_node *node, struct blk_req *req)
{
	unsigned n, us = 0;
	int error = 0;

	pthread_mutex_lock(&lock);
	n = begun++;
	if (n == now.at) {
		error = now.error;
		us = now.late_us;
	}
	if (now.backwards)
		us = STEP_US * (BACKWARDS - n % BACKWARDS);
	pthread_mutex_unlock(&lock);
	if (us)
		postpone(node, req, us, error);
	else
		end(node, req, error);
}

void host_take(struct blk_front *front)
{
	static struct blk_driver driver;

	driver = blk_file;
	driver.submit = submit;
	front->node->child[BLK_FILE]->driver = &driver;
}

void host_plan(const struct host_plan *plan)
{
	pthread_mutex_lock(&lock);
	now = *plan;
	begun = 0;
	pthread_mutex_unlock(&lock);
}

void host_turn_round(struct blk_front *front)
{
	static const struct host_plan plan = {.at = UINT32_MAX,
					      .backwards = true};

	host_take(front);
	host_plan(&plan);
}

unsigned host_begun(void)
{
	unsigned n;

	pthread_mutex_lock(&lock);
	n = begun;
	pthread_mutex_unlock(&lock);
	return n;
}
