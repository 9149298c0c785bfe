/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options of nodes, beyond those of block/driver.h. */
#ifndef BLOCK_OPTIONS_H
#define BLOCK_OPTIONS_H

#include <jansson.h>

#include "block/node.h"

struct blk_driver;

/* How a node is opened, which its children take over in part. */
struct blk_how {
	unsigned flags; /* BLK_O_* */
	enum blk_aio aio;
	enum blk_detect detect;
	unsigned depth;
	const struct blk_node *opener;
};

/* Takes out what nodes of every driver have. */
int blk_take_common(json_t *options, struct blk_how *how, struct error *err);
/* Their names, ended by NULL. */
extern const char *const blk_common_options[];

/* *value: the index in choices, which ends with NULL. */
int blk_take_choice(json_t *options, const char *key,
		    const char *const *choices, int *value, struct error *err);
/* An object of options[name] and of the keys "name.x"; a string; or NULL. */
json_t *blk_take_child(json_t *options, const char *name);
/* Nothing may be left; the first that is makes the error. */
int blk_options_done(const struct blk_driver *driver, json_t *options,
		     struct error *err);

#endif
