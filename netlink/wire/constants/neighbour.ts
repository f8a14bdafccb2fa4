/** Attributes of a neighbour message (include/uapi/linux/neighbour.h). */
export const NDA = {
  NDA_DST: 1,
  NDA_LLADDR: 2,
  NDA_CACHEINFO: 3,
  NDA_PROBES: 4,
  NDA_VLAN: 5,
  NDA_PORT: 6,
  NDA_VNI: 7,
  NDA_IFINDEX: 8,
  NDA_MASTER: 9,
  NDA_LINK_NETNSID: 10,
  NDA_SRC_VNI: 11,
  NDA_PROTOCOL: 12,
  NDA_NH_ID: 13,
  NDA_FDB_EXT_ATTRS: 14,
  NDA_FLAGS_EXT: 15,
  NDA_NDM_STATE_MASK: 16,
  NDA_NDM_FLAGS_MASK: 17,
} as const;

/** States of a neighbour (include/uapi/linux/neighbour.h). */
export const NUD = {
  /** Being asked for. */
  INCOMPLETE: 0x1,
  /** Answered a short while ago. */
  REACHABLE: 0x2,
  /** Known, to be verified when used. */
  STALE: 0x4,
  /** Used, verified soon. */
  DELAY: 0x8,
  /** Being verified. */
  PROBE: 0x10,
  /** Did not answer. */
  FAILED: 0x20,
  /** Needs no resolution. */
  NOARP: 0x40,
  /** Stays until it is deleted. */
  PERMANENT: 0x80,
  /** Not known yet. */
  NONE: 0x0,
} as const;

/** Flags of a neighbour (include/uapi/linux/neighbour.h). */
export const NTF = {
  /** Just used: starts resolution. */
  USE: 0x1,
  /** In the table of the link itself. */
  SELF: 0x2,
  /** In the table of its bridge. */
  MASTER: 0x4,
  /** This host answers for it. */
  PROXY: 0x8,
  /** Made by a daemon. */
  EXT_LEARNED: 0x10,
  /** Known to the hardware. */
  OFFLOADED: 0x20,
  /** Does not move to another port. */
  STICKY: 0x40,
  /** Is a router (IPv6). */
  ROUTER: 0x80,
} as const;
