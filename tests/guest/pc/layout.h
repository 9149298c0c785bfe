/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where things lie in the test guest's memory. */
#ifndef LAYOUT_H
#define LAYOUT_H

#define MAP_COUNT   0x5000 /* entries, then at MAP the entries */
#define AP_COUNT    0x5004
#define MAP	    0x5010
#define MAP_ENTRY   20
#define AP_START    0x7000 /* what a SIPI with vector 7 starts */
#define COMMAND	    0x8000 /* what to do, a string of COMMAND_LEN bytes */
#define COMMAND_LEN 16
#define SECTORS	    32 /* the rest of the program */
#define COM1	    0x3f8
#define TABLES	    0x100000 /* page tables */

#endif
