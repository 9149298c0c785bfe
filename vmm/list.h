/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Doubly linked lists whose links live in the elements.  A list that is all
 * zero is not a list yet: call list_init, or use LIST_HEAD.
 */
#ifndef VMM_LIST_H
#define VMM_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
	struct list *next, *prev;
};

#define LIST_HEAD(l) \
	{ \
		&(l), &(l) \
	}

#define container_of(ptr, type, member) \
	((type *)((char *)(ptr)-offsetof(type, member)))

static inline void list_init(struct list *l)
{
	l->next = l->prev = l;
}

static inline bool list_empty(const struct list *l)
{
	return l->next == l;
}

/* Inserts e before at; with the head as at, that is the tail. */
static inline void list_insert(struct list *at, struct list *e)
{
	e->next = at;
	e->prev = at->prev;
	at->prev->next = e;
	at->prev = e;
}

static inline void list_add_tail(struct list *head, struct list *e)
{
	list_insert(head, e);
}

/* Takes e out of its list; afterwards list_empty(e) is true. */
static inline void list_del(struct list *e)
{
	e->prev->next = e->next;
	e->next->prev = e->prev;
	list_init(e);
}

static inline struct list *list_pop(struct list *head)
{
	struct list *e = head->next;

	if (e == head)
		return NULL;
	list_del(e);
	return e;
}

#define list_for_each(pos, head, type, member) \
	for (pos = container_of((head)->next, type, member); \
	     &pos->member != (head); \
	     pos = container_of(pos->member.next, type, member))

/* As list_for_each; the body may delete pos. */
#define list_for_each_safe(pos, tmp, head, type, member) \
	for (pos = container_of((head)->next, type, member), \
	    tmp = container_of(pos->member.next, type, member); \
	     &pos->member != (head); \
	     pos = tmp, tmp = container_of(tmp->member.next, type, member))

#endif
