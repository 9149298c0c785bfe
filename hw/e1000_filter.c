/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which frames the 82540EM receives (3.2.1). */
#include "hw/e1000.h"
#include "hw/inet_sum.h"
#include "vmm/endian.h"

#define MULTICAST    1u /* of the first byte of an address */
#define RAH_SOURCE   (1u << 16) /* 13.5.2: compares the source */
#define RAH_SELECT   (3u << 16)
#define VLAN_ID	     0xfffu
#define VLAN_CFI     (1u << 12)
#define ADDRESS_HIGH 0xffffu

bool e1000_is_vlan(const struct e1000 *e, const uint8_t *frame)
{
	return load_be16(frame + ETH_TYPE) == (uint16_t)e1000_get(e, E1000_VET);
}

/* 13.5.3: an id is a bit in a table, if ids are looked at. */
static bool vlan_fits(const struct e1000 *e, const uint8_t *frame)
{
	uint32_t rctl = e1000_get(e, E1000_RCTL);
	uint16_t tci = load_be16(frame + ETH_HLEN);
	unsigned id = tci & VLAN_ID;

	if (!(rctl & E1000_RCTL_VFE) || !e1000_is_vlan(e, frame))
		return true;
	if (rctl & E1000_RCTL_CFIEN &&
	    !(tci & VLAN_CFI) != !(rctl & E1000_RCTL_CFI))
		return false;
	return e->reg[E1000_VFTA / 4 + id / 32] >> id % 32 & 1;
}

static bool exact(const struct e1000 *e, const uint8_t *frame)
{
	const uint32_t *ra = &e->reg[E1000_RAL / 4];
	unsigned i;

	for (i = 0; i < E1000_RA_ENTRIES; i++, ra += 2) {
		const uint8_t *address = frame;

		if (!(ra[1] & E1000_RAH_AV))
			continue;
		if ((ra[1] & RAH_SELECT) == RAH_SOURCE)
			address += ETH_ALEN;
		if (load_le32(address) == ra[0] &&
		    load_le16(address + 4) == (ra[1] & ADDRESS_HIGH))
			return true;
	}
	return false;
}

/* 13.5.1: twelve bits of the address, which ones is to be chosen. */
static bool hashed(const struct e1000 *e, const uint8_t *frame)
{
	static const uint8_t shifts[] = {4, 3, 2, 0};
	unsigned mo = E1000_RCTL_MO(e1000_get(e, E1000_RCTL));
	unsigned hash = load_le16(frame + 4) >> shifts[mo] & 0xfffu;

	return e->reg[E1000_MTA / 4 + hash / 32] >> hash % 32 & 1;
}

static bool is_broadcast(const uint8_t *frame)
{
	return load_le32(frame) == UINT32_MAX &&
	       load_le16(frame + 4) == UINT16_MAX;
}

enum e1000_match e1000_filter(const struct e1000 *e, const uint8_t *frame)
{
	uint32_t rctl = e1000_get(e, E1000_RCTL);
	bool multicast = frame[0] & MULTICAST;

	if (load_be16(frame + ETH_TYPE) == ETH_P_PAUSE &&
	    !(rctl & E1000_RCTL_PMCF))
		return E1000_REFUSED;
	if (!vlan_fits(e, frame))
		return E1000_REFUSED;
	if (exact(e, frame) || (rctl & E1000_RCTL_BAM && is_broadcast(frame)))
		return E1000_EXACT;
	if (rctl & (multicast ? E1000_RCTL_MPE : E1000_RCTL_UPE))
		return E1000_INEXACT;
	if (multicast && hashed(e, frame))
		return E1000_INEXACT;
	return E1000_REFUSED;
}
