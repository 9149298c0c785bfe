/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Integers of a fixed byte order.  They are structs, so that assigning one
 * without converting does not compile, and byte arrays, so that they have no
 * alignment and may stand in packed layouts.
 */
#ifndef VMM_ENDIAN_H
#define VMM_ENDIAN_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

#define ENDIAN_TYPE(name, bits) \
	typedef struct { \
		uint8_t byte[bits / 8]; \
	} name; \
	static inline uint##bits##_t load_##name(const void *p) \
	{ \
		uint##bits##_t raw; \
		memcpy(&raw, p, sizeof(raw)); \
		return name##_raw_to_host(raw); \
	} \
	static inline void store_##name(void *p, uint##bits##_t v) \
	{ \
		uint##bits##_t raw = name##_host_to_raw(v); \
		memcpy(p, &raw, sizeof(raw)); \
	} \
	static inline uint##bits##_t name##_get(name v) \
	{ \
		return load_##name(&v); \
	} \
	static inline name name##_of(uint##bits##_t v) \
	{ \
		name out; \
		store_##name(&out, v); \
		return out; \
	}

#define le16_raw_to_host le16toh
#define le16_host_to_raw htole16
#define le32_raw_to_host le32toh
#define le32_host_to_raw htole32
#define le64_raw_to_host le64toh
#define le64_host_to_raw htole64
#define be16_raw_to_host be16toh
#define be16_host_to_raw htobe16
#define be32_raw_to_host be32toh
#define be32_host_to_raw htobe32
#define be64_raw_to_host be64toh
#define be64_host_to_raw htobe64

/*
 * Each line gives the type leN, leN_get(v), leN_of(n), and for any address
 * load_leN(p) and store_leN(p, n).
 */
ENDIAN_TYPE(le16, 16)
ENDIAN_TYPE(le32, 32)
ENDIAN_TYPE(le64, 64)
ENDIAN_TYPE(be16, 16)
ENDIAN_TYPE(be32, 32)
ENDIAN_TYPE(be64, 64)

#endif
