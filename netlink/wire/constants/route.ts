/** Attributes of a route message (include/uapi/linux/rtnetlink.h). */
export const RTA = {
  RTA_DST: 1,
  RTA_SRC: 2,
  RTA_IIF: 3,
  RTA_OIF: 4,
  RTA_GATEWAY: 5,
  RTA_PRIORITY: 6,
  RTA_PREFSRC: 7,
  RTA_METRICS: 8,
  RTA_MULTIPATH: 9,
  RTA_PROTOINFO: 10,
  RTA_FLOW: 11,
  RTA_CACHEINFO: 12,
  RTA_SESSION: 13,
  RTA_MP_ALGO: 14,
  RTA_TABLE: 15,
  RTA_MARK: 16,
  RTA_MFC_STATS: 17,
  RTA_VIA: 18,
  RTA_NEWDST: 19,
  RTA_PREF: 20,
  RTA_ENCAP_TYPE: 21,
  RTA_ENCAP: 22,
  RTA_EXPIRES: 23,
  RTA_PAD: 24,
  RTA_UID: 25,
  RTA_TTL_PROPAGATE: 26,
  RTA_IP_PROTO: 27,
  RTA_SPORT: 28,
  RTA_DPORT: 29,
  RTA_NH_ID: 30,
} as const;

/** Attributes inside RTA_METRICS (include/uapi/linux/rtnetlink.h). */
export const RTAX = {
  RTAX_LOCK: 1,
  RTAX_MTU: 2,
  RTAX_WINDOW: 3,
  RTAX_RTT: 4,
  RTAX_RTTVAR: 5,
  RTAX_SSTHRESH: 6,
  RTAX_CWND: 7,
  RTAX_ADVMSS: 8,
  RTAX_REORDERING: 9,
  RTAX_HOPLIMIT: 10,
  RTAX_INITCWND: 11,
  RTAX_FEATURES: 12,
  RTAX_RTO_MIN: 13,
  RTAX_INITRWND: 14,
  RTAX_QUICKACK: 15,
  RTAX_CC_ALGO: 16,
  RTAX_FASTOPEN_NO_COOKIE: 17,
} as const;

/** Types of a route (include/uapi/linux/rtnetlink.h). */
export const RTN = {
  /** By a router or straight to the destination. */
  UNICAST: 1,
  /** To this host. */
  LOCAL: 2,
  /** Taken here as broadcast, sent as broadcast. */
  BROADCAST: 3,
  /** Taken here as broadcast, sent as unicast. */
  ANYCAST: 4,
  /** To a multicast group. */
  MULTICAST: 5,
  /** Dropped without a word. */
  BLACKHOLE: 6,
  /** Dropped: "host unreachable". */
  UNREACHABLE: 7,
  /** Dropped: "administratively prohibited". */
  PROHIBIT: 8,
  /** Looked for in the next table. */
  THROW: 9,
  /** Of no use since Linux 2.6. */
  NAT: 10,
  /** Never implemented. */
  XRESOLVE: 11,
} as const;

/** Who made a route (include/uapi/linux/rtnetlink.h). */
export const RTPROT = {
  /** Unknown. */
  UNSPEC: 0,
  /** An ICMP redirect. */
  REDIRECT: 1,
  /** The kernel. */
  KERNEL: 2,
  /** A tool such as `ip route`. */
  BOOT: 3,
  /** An administrator. */
  STATIC: 4,
  /** GateD. */
  GATED: 8,
  /** A router advertisement. */
  RA: 9,
  /** Merit MRT. */
  MRT: 10,
  /** Zebra, FRR. */
  ZEBRA: 11,
  /** BIRD. */
  BIRD: 12,
  /** DECnet. */
  DNROUTED: 13,
  /** XORP. */
  XORP: 14,
  /** Netsukuku. */
  NTK: 15,
  /** A DHCP client. */
  DHCP: 16,
  /** Multicast. */
  MROUTED: 17,
  /** Keepalived. */
  KEEPALIVED: 18,
  /** Babel. */
  BABEL: 42,
  /** Open/R. */
  OPENR: 99,
  /** BGP. */
  BGP: 186,
  /** IS-IS. */
  ISIS: 187,
  /** OSPF. */
  OSPF: 188,
  /** RIP. */
  RIP: 189,
  /** EIGRP. */
  EIGRP: 192,
} as const;

/** How far away a destination is (include/uapi/linux/rtnetlink.h). */
export const RT_SCOPE = {
  /** Anywhere. */
  UNIVERSE: 0,
  /** Inside the site. */
  SITE: 200,
  /** On the link. */
  LINK: 253,
  /** On this host. */
  HOST: 254,
  /** Does not exist; in a deletion: any. */
  NOWHERE: 255,
} as const;

/** Routing tables with a name (include/uapi/linux/rtnetlink.h). */
export const RT_TABLE = {
  /** Any. */
  UNSPEC: 0,
  /** In a header: the attribute tells. */
  COMPAT: 252,
  /** Looked up last. */
  DEFAULT: 253,
  /** The usual one. */
  MAIN: 254,
  /** Addresses of this host, kept by the kernel. */
  LOCAL: 255,
} as const;

/** Flags of a route that concern requests (include/uapi/linux/rtnetlink.h). */
export const RTM_F = {
  NOTIFY: 0x100,
  CLONED: 0x200,
  EQUALIZE: 0x400,
  PREFIX: 0x800,
  LOOKUP_TABLE: 0x1000,
  FIB_MATCH: 0x2000,
  OFFLOAD: 0x4000,
  TRAP: 0x8000,
  OFFLOAD_FAILED: 0x20000000,
} as const;

/** Flags of a next hop (include/uapi/linux/rtnetlink.h). */
export const RTNH_F = {
  /** Of no use now: its link is down or gone. */
  DEAD: 0x1,
  /** Looked up recursively. */
  PERVASIVE: 0x2,
  /** The router is on the link though no range says so. */
  ONLINK: 0x4,
  /** Known to the hardware. */
  OFFLOAD: 0x8,
  /** Its link has no carrier. */
  LINKDOWN: 0x10,
  /** Not resolved yet (multicast). */
  UNRESOLVED: 0x20,
  /** The hardware hands its packets up. */
  TRAP: 0x40,
} as const;
