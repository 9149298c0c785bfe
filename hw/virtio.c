/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Virtio devices, whatever they do; Virtual I/O Device 1.1, chapter 2. */
#include "hw/virtio.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "vmm/endian.h"

#define ISR_QUEUE  1u
#define ISR_CONFIG 2u

static void on_event(void *ctx, enum machine_event event)
{
	struct virtio *v = ctx;

	if (event == EVENT_STOP) {
		if (v->running)
			v->kind->pause(v);
		if (v->stopping)
			v->stopping(v);
	} else if (event == EVENT_RESUME && v->running) {
		v->kind->resume(v);
	}
}

static int open_queues(struct virtio *v, unsigned n, uint16_t size,
		       unsigned max_pieces, size_t buf_size, struct error *err)
{
	while (v->nqueues < n) {
		unsigned i = v->nqueues;

		v->kick[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		if (v->kick[i] < 0)
			return error_errno(err, errno, "eventfd");
		virtq_init(&v->queue[i], &v->m->gmem, size, max_pieces,
			   buf_size);
		v->nqueues++;
	}
	return 0;
}

int virtio_init(struct virtio *v, const struct virtio_kind *kind,
		struct device *dev, uint64_t offered, unsigned nqueues,
		uint16_t queue_size, unsigned max_pieces, size_t buf_size,
		struct error *err)
{
	int rc;

	v->kind = kind;
	v->dev = dev;
	v->m = dev->machine;
	v->offered = offered;
	v->nqueues = 0;
	rc = open_queues(v, nqueues, queue_size, max_pieces, buf_size, err);
	if (rc < 0) {
		while (v->nqueues)
			close(v->kick[--v->nqueues]);
		return rc;
	}
	machine_add_notifier(v->m, &v->notifier, on_event, v);
	v->config_vector = VIRTIO_MSI_NO_VECTOR;
	return 0;
}

static void stop(struct virtio *v)
{
	unsigned i;

	if (!v->running)
		return;
	v->kind->stop(v);
	for (i = 0; i < v->nqueues; i++)
		virtq_stop(&v->queue[i]);
	v->running = false;
}

void virtio_fini(struct virtio *v)
{
	if (!v->nqueues)
		return;
	stop(v);
	list_del(&v->notifier.link);
	while (v->nqueues) {
		virtq_fini(&v->queue[--v->nqueues]);
		close(v->kick[v->nqueues]);
	}
}

void virtio_reset(struct virtio *v)
{
	eventfd_t count;
	unsigned i;

	stop(v);
	v->status = 0;
	v->features = 0;
	v->config_vector = VIRTIO_MSI_NO_VECTOR;
	v->isr = 0;
	v->broken = false;
	if (v->kind->reset)
		v->kind->reset(v);
	for (i = 0; i < v->nqueues; i++) {
		virtq_reset(&v->queue[i]);
		eventfd_read(v->kick[i], &count);
	}
}

bool virtio_is_modern(const struct virtio *v)
{
	return v->features & VIRTIO_BIT(VIRTIO_F_VERSION_1);
}

static void start(struct virtio *v)
{
	struct error err = {0};
	unsigned i;

	for (i = 0; i < v->nqueues; i++)
		if (v->queue[i].enabled &&
		    !virtq_start(&v->queue[i], v->features))
			virtio_broken(v, &v->queue[i]);
	v->running = true;
	if (!v->broken && v->kind->start(v, &err) == 0)
		return;
	if (err.code)
		log_warn("%s: %s", v->dev->path, err.msg);
	v->running = false;
	for (i = 0; i < v->nqueues; i++)
		virtq_stop(&v->queue[i]);
	v->broken = true;
}

void virtio_set_status(struct virtio *v, uint8_t status)
{
	if (!status) {
		virtio_reset(v);
		return;
	}
	/* 2.1: what the device cannot agree to it does not confirm. */
	if (v->features & ~v->offered)
		status &= (uint8_t)~VIRTIO_CONFIG_S_FEATURES_OK;
	v->status = status;
	if (!v->running && !v->broken && status & VIRTIO_CONFIG_S_DRIVER_OK)
		start(v);
}

uint8_t virtio_get_status(const struct virtio *v)
{
	return v->status |
	       (v->broken && virtio_is_modern(v) ? VIRTIO_CONFIG_S_NEEDS_RESET
						 : 0);
}

void virtio_ring(struct virtio *v, unsigned queue)
{
	if (queue >= v->nqueues || !v->queue[queue].enabled)
		return;
	if (!v->running && !v->broken && !virtio_is_modern(v))
		start(v);
	eventfd_write(v->kick[queue], 1);
}

uint64_t virtio_config_read(struct virtio *v, unsigned off, unsigned size)
{
	uint8_t config[VIRTIO_CONFIG + 8] = {0};

	if (off + size > v->kind->config_size)
		return UINT64_MAX >> (64 - 8 * size);
	v->kind->config(v, config);
	return load_le64(config + off) & UINT64_MAX >> (64 - 8 * size);
}

void virtio_config_write(struct virtio *v, unsigned off, uint64_t val,
			 unsigned size)
{
	uint8_t config[VIRTIO_CONFIG + 8] = {0};
	unsigned i;

	if (off + size > v->kind->config_size || !v->kind->config_written)
		return;
	v->kind->config(v, config);
	for (i = 0; i < size; i++)
		config[off + i] = (uint8_t)(val >> 8 * i);
	v->kind->config_written(v, config, off, size);
}

void virtio_config_changed(struct virtio *v)
{
	v->generation++;
	if (!(v->status & VIRTIO_CONFIG_S_DRIVER_OK))
		return;
	v->isr |= ISR_CONFIG | ISR_QUEUE;
	v->interrupt(v, v->config_vector);
}

void virtio_interrupt(struct virtio *v, struct virtq *vq)
{
	if (!virtq_wants_interrupt(vq))
		return;
	v->isr |= ISR_QUEUE;
	v->interrupt(v, vq->vector);
}

void virtio_broken(struct virtio *v, struct virtq *vq)
{
	log_guest(&v->dev->log, "%s: the driver is at fault: %s", v->dev->path,
		  vq->broken);
	v->broken = true;
	if (!virtio_is_modern(v))
		return;
	v->isr |= ISR_CONFIG | ISR_QUEUE;
	v->interrupt(v, v->config_vector);
}

/* Each buffer takes a place in a ring; each has so many pieces at most. */
#define PARKED_MAX (VIRTIO_QUEUES * VIRTQ_SIZE_MAX)
#define PIECES_MAX ((uint32_t)PARKED_MAX * VIRTQ_SIZE_MAX)

const struct state_field virtio_state_fields[] = {
	{STATE_ELEM(STATE_U64, struct virtio, features)},
	{STATE_ELEM(STATE_U8, struct virtio, status)},
	{STATE_ELEM(STATE_U8, struct virtio, generation)},
	{STATE_ELEM(STATE_U16, struct virtio, config_vector)},
	{STATE_ELEM(STATE_U8, struct virtio, isr)},
	{STATE_ELEM(STATE_BOOL, struct virtio, broken)},
	{STATE_ARR(STATE_STRUCT, struct virtio, queue),
	 .sub = virtq_state_fields},
	{STATE_LIST_OF(struct virtio, parked, struct virtq_parked, PARKED_MAX,
		       virtq_parked_fields)},
	{STATE_LIST_OF(struct virtio, pieces, struct virtq_piece, PIECES_MAX,
		       virtq_piece_fields)},
	{.kind = STATE_END},
};

int virtio_saving(struct virtio *v)
{
	if (!v->running || machine_running(v->m) || !v->kind->park)
		return 0;
	return v->kind->park(v);
}

int virtio_park(struct virtio *v, const struct virtq *vq,
		const struct virtq_buf *buf)
{
	return virtq_park(buf, (unsigned)(vq - v->queue), &v->parked,
			  &v->pieces);
}

static void unpark_one(struct virtio *v, const struct virtq_parked *p,
		       const struct virtq_piece *piece)
{
	struct virtq_buf *buf;
	struct virtq *vq;

	if (p->queue >= v->nqueues || !v->queue[p->queue].running)
		return;
	vq = &v->queue[p->queue];
	buf = virtq_unpark(vq, p, piece);
	if (buf)
		v->kind->unpark(v, vq, buf);
	else if (vq->broken)
		virtio_broken(v, vq);
}

static void unpark_all(struct virtio *v)
{
	const struct virtq_parked *p = v->parked.at;
	const struct virtq_piece *piece = v->pieces.at;
	uint32_t left = v->pieces.n, n;

	for (; p < (const struct virtq_parked *)v->parked.at + v->parked.n;
	     p++) {
		n = p->nout + p->nin;
		if (n > left)
			return;
		unpark_one(v, p, piece);
		piece += n;
		left -= n;
	}
}

void virtio_restored(struct virtio *v)
{
	uint16_t size;
	unsigned i;

	/* The rings may have moved. */
	stop(v);
	for (i = 0; i < v->nqueues; i++) {
		size = v->queue[i].size;
		if (!size || size > v->queue[i].size_max)
			v->queue[i].enabled = false;
	}
	if (v->status & VIRTIO_CONFIG_S_DRIVER_OK && !v->broken)
		start(v);
	if (!v->running || machine_running(v->m))
		return;
	v->kind->pause(v);
	if (v->kind->unpark)
		unpark_all(v);
}
