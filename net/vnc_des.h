/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DES (FIPS 46-3), for VNC authentication and nothing else. */
#ifndef NET_VNC_DES_H
#define NET_VNC_DES_H

#include <stdint.h>

enum { VNC_DES_BLOCK = 8 };

void vnc_des_encrypt(const uint8_t key[VNC_DES_BLOCK],
		     const uint8_t in[VNC_DES_BLOCK],
		     uint8_t out[VNC_DES_BLOCK]);

#endif
