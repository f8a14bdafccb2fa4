/** Attributes of an address message (include/uapi/linux/if_addr.h). */
export const IFA = {
  IFA_ADDRESS: 1,
  IFA_LOCAL: 2,
  IFA_LABEL: 3,
  IFA_BROADCAST: 4,
  IFA_ANYCAST: 5,
  IFA_CACHEINFO: 6,
  IFA_MULTICAST: 7,
  IFA_FLAGS: 8,
  IFA_RT_PRIORITY: 9,
  IFA_TARGET_NETNSID: 10,
  IFA_PROTO: 11,
} as const;

/** Flags of an address (include/uapi/linux/if_addr.h). */
export const IFA_F = {
  /** Not the first of its range; on IPv6 a temporary address. */
  SECONDARY: 0x1,
  /** Skips duplicate detection (IPv6). */
  NODAD: 0x2,
  /** Usable while duplicates are looked for (RFC 4429). */
  OPTIMISTIC: 0x4,
  /** Somebody else has it. */
  DADFAILED: 0x8,
  /** Home address of mobile IPv6. */
  HOMEADDRESS: 0x10,
  /** Not for new connections. */
  DEPRECATED: 0x20,
  /** Duplicates are still looked for. */
  TENTATIVE: 0x40,
  /** Lives until it is removed. */
  PERMANENT: 0x80,
  /** Temporary addresses are made of it. */
  MANAGETEMPADDR: 0x100,
  /** Comes without a route to its range. */
  NOPREFIXROUTE: 0x200,
  /** Joins the multicast group of that address. */
  MCAUTOJOIN: 0x400,
  /** Made as RFC 7217 says. */
  STABLE_PRIVACY: 0x800,
} as const;
