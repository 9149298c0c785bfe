/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pcvm-io, for the composition root. */
#ifndef BLOCK_IMG_IO_MAIN_H
#define BLOCK_IMG_IO_MAIN_H

/* Returns the exit status. */
int io_main(int argc, char **argv);

#endif
