/** Flags of a link (include/uapi/linux/if.h). */
export const IFF = {
  /** Administratively up. */
  UP: 0x1,
  /** Has a broadcast address. */
  BROADCAST: 0x2,
  /** Debugging. */
  DEBUG: 0x4,
  /** The loopback. */
  LOOPBACK: 0x8,
  /** Has one other end. */
  POINTOPOINT: 0x10,
  /** Of no use since BSD. */
  NOTRAILERS: 0x20,
  /** Operationally up (RFC 2863). */
  RUNNING: 0x40,
  /** Resolves no addresses. */
  NOARP: 0x80,
  /** Takes all packets. */
  PROMISC: 0x100,
  /** Takes all multicast packets. */
  ALLMULTI: 0x200,
  /** A bond. */
  MASTER: 0x400,
  /** A port of a bond. */
  SLAVE: 0x800,
  /** Can multicast. */
  MULTICAST: 0x1000,
  /** Can choose its medium. */
  PORTSEL: 0x2000,
  /** Chooses its medium by itself. */
  AUTOMEDIA: 0x4000,
  /** Loses its addresses when it goes down. */
  DYNAMIC: 0x8000,
  /** The layer below is up: it has a carrier. */
  LOWER_UP: 0x10000,
  /** Waits for something outside, such as authentication. */
  DORMANT: 0x20000,
} as const;

/** Attributes of a link message (include/uapi/linux/if_link.h). */
export const IFLA = {
  IFLA_ADDRESS: 1,
  IFLA_BROADCAST: 2,
  IFLA_IFNAME: 3,
  IFLA_MTU: 4,
  IFLA_LINK: 5,
  IFLA_QDISC: 6,
  IFLA_STATS: 7,
  IFLA_COST: 8,
  IFLA_PRIORITY: 9,
  IFLA_MASTER: 10,
  IFLA_WIRELESS: 11,
  IFLA_PROTINFO: 12,
  IFLA_TXQLEN: 13,
  IFLA_MAP: 14,
  IFLA_WEIGHT: 15,
  IFLA_OPERSTATE: 16,
  IFLA_LINKMODE: 17,
  IFLA_LINKINFO: 18,
  IFLA_NET_NS_PID: 19,
  IFLA_IFALIAS: 20,
  IFLA_NUM_VF: 21,
  IFLA_VFINFO_LIST: 22,
  IFLA_STATS64: 23,
  IFLA_VF_PORTS: 24,
  IFLA_PORT_SELF: 25,
  IFLA_AF_SPEC: 26,
  IFLA_GROUP: 27,
  IFLA_NET_NS_FD: 28,
  IFLA_EXT_MASK: 29,
  IFLA_PROMISCUITY: 30,
  IFLA_NUM_TX_QUEUES: 31,
  IFLA_NUM_RX_QUEUES: 32,
  IFLA_CARRIER: 33,
  IFLA_PHYS_PORT_ID: 34,
  IFLA_CARRIER_CHANGES: 35,
  IFLA_PHYS_SWITCH_ID: 36,
  IFLA_LINK_NETNSID: 37,
  IFLA_PHYS_PORT_NAME: 38,
  IFLA_PROTO_DOWN: 39,
  IFLA_GSO_MAX_SEGS: 40,
  IFLA_GSO_MAX_SIZE: 41,
  IFLA_PAD: 42,
  IFLA_XDP: 43,
  IFLA_EVENT: 44,
  IFLA_NEW_NETNSID: 45,
  IFLA_TARGET_NETNSID: 46,
  IFLA_CARRIER_UP_COUNT: 47,
  IFLA_CARRIER_DOWN_COUNT: 48,
  IFLA_NEW_IFINDEX: 49,
  IFLA_MIN_MTU: 50,
  IFLA_MAX_MTU: 51,
  IFLA_PROP_LIST: 52,
  IFLA_ALT_IFNAME: 53,
  IFLA_PERM_ADDRESS: 54,
  IFLA_PROTO_DOWN_REASON: 55,
  IFLA_PARENT_DEV_NAME: 56,
  IFLA_PARENT_DEV_BUS_NAME: 57,
  IFLA_GRO_MAX_SIZE: 58,
  IFLA_TSO_MAX_SIZE: 59,
  IFLA_TSO_MAX_SEGS: 60,
  IFLA_ALLMULTI: 61,
  IFLA_DEVLINK_PORT: 62,
  IFLA_GSO_IPV4_MAX_SIZE: 63,
  IFLA_GRO_IPV4_MAX_SIZE: 64,
  IFLA_DPLL_PIN: 65,
} as const;

/** Attributes inside IFLA_LINKINFO (include/uapi/linux/if_link.h). */
export const IFLA_INFO = {
  IFLA_INFO_KIND: 1,
  IFLA_INFO_DATA: 2,
  IFLA_INFO_XSTATS: 3,
  IFLA_INFO_SLAVE_KIND: 4,
  IFLA_INFO_SLAVE_DATA: 5,
} as const;

/** States of the lower layer, as IFLA_OPERSTATE carries them (include/uapi/linux/if.h). */
export const IF_OPER = {
  /** The driver does not say. */
  UNKNOWN: 0,
  /** The card is missing. */
  NOTPRESENT: 1,
  /** Down. */
  DOWN: 2,
  /** A link below is down. */
  LOWERLAYERDOWN: 3,
  /** Being tested. */
  TESTING: 4,
  /** Waits for something outside. */
  DORMANT: 5,
  /** Up. */
  UP: 6,
} as const;
