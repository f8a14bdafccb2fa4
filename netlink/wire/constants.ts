// The spelling is the kernel's. Where a name of a C enum begins with the object's name it is left out, unless it is an attribute.

/** Message types that belong to netlink itself (include/uapi/linux/netlink.h). */
export const NLMSG = {
  NOOP: 1,
  ERROR: 2,
  DONE: 3,
  OVERRUN: 4,
} as const;

/** Flags of a message header (include/uapi/linux/netlink.h). A number means one thing in GET requests and another in NEW requests. */
export const NLM_F = {
  REQUEST: 0x1,
  MULTI: 0x2,
  ACK: 0x4,
  ECHO: 0x8,
  DUMP_INTR: 0x10,
  DUMP_FILTERED: 0x20,
  ROOT: 0x100,
  MATCH: 0x200,
  ATOMIC: 0x400,
  DUMP: 0x300,
  REPLACE: 0x100,
  EXCL: 0x200,
  CREATE: 0x400,
  APPEND: 0x800,
  CAPPED: 0x100,
  ACK_TLVS: 0x200,
} as const;

/** Attributes of an extended acknowledgement (include/uapi/linux/netlink.h). */
export const NLMSGERR_ATTR = {
  UNUSED: 0,
  MSG: 1,
  OFFS: 2,
  COOKIE: 3,
  POLICY: 4,
  MISS_TYPE: 5,
  MISS_NEST: 6,
} as const;

/** Attributes of a policy, inside NLMSGERR_ATTR.POLICY (include/uapi/linux/netlink.h). */
export const NL_POLICY_TYPE_ATTR = {
  TYPE: 1,
  MIN_VALUE_S: 2,
  MAX_VALUE_S: 3,
  MIN_VALUE_U: 4,
  MAX_VALUE_U: 5,
  MIN_LENGTH: 6,
  MAX_LENGTH: 7,
  POLICY_IDX: 8,
  POLICY_MAXTYPE: 9,
  BITFIELD32_MASK: 10,
  PAD: 11,
  MASK: 12,
} as const;

/** Message types of rtnetlink (include/uapi/linux/rtnetlink.h). */
export const RTM = {
  NEWLINK: 16,
  DELLINK: 17,
  GETLINK: 18,
  SETLINK: 19,
  NEWADDR: 20,
  DELADDR: 21,
  GETADDR: 22,
  NEWROUTE: 24,
  DELROUTE: 25,
  GETROUTE: 26,
  NEWNEIGH: 28,
  DELNEIGH: 29,
  GETNEIGH: 30,
  NEWRULE: 32,
  DELRULE: 33,
  GETRULE: 34,
  NEWQDISC: 36,
  DELQDISC: 37,
  GETQDISC: 38,
  NEWTCLASS: 40,
  DELTCLASS: 41,
  GETTCLASS: 42,
  NEWTFILTER: 44,
  DELTFILTER: 45,
  GETTFILTER: 46,
  NEWACTION: 48,
  DELACTION: 49,
  GETACTION: 50,
  NEWPREFIX: 52,
  GETMULTICAST: 58,
  GETANYCAST: 62,
  NEWNEIGHTBL: 64,
  GETNEIGHTBL: 66,
  SETNEIGHTBL: 67,
  NEWNDUSEROPT: 68,
  NEWADDRLABEL: 72,
  DELADDRLABEL: 73,
  GETADDRLABEL: 74,
  GETDCB: 78,
  SETDCB: 79,
  NEWNETCONF: 80,
  DELNETCONF: 81,
  GETNETCONF: 82,
  NEWMDB: 84,
  DELMDB: 85,
  GETMDB: 86,
  NEWNSID: 88,
  DELNSID: 89,
  GETNSID: 90,
  NEWSTATS: 92,
  GETSTATS: 94,
  SETSTATS: 95,
  NEWCACHEREPORT: 96,
  NEWCHAIN: 100,
  DELCHAIN: 101,
  GETCHAIN: 102,
  NEWNEXTHOP: 104,
  DELNEXTHOP: 105,
  GETNEXTHOP: 106,
  NEWLINKPROP: 108,
  DELLINKPROP: 109,
  GETLINKPROP: 110,
  NEWVLAN: 112,
  DELVLAN: 113,
  GETVLAN: 114,
  NEWNEXTHOPBUCKET: 116,
  DELNEXTHOPBUCKET: 117,
  GETNEXTHOPBUCKET: 118,
  NEWTUNNEL: 120,
  DELTUNNEL: 121,
  GETTUNNEL: 122,
} as const;

/** Multicast groups of rtnetlink (include/uapi/linux/rtnetlink.h). */
export const RTNLGRP = {
  NONE: 0,
  LINK: 1,
  NOTIFY: 2,
  NEIGH: 3,
  TC: 4,
  IPV4_IFADDR: 5,
  IPV4_MROUTE: 6,
  IPV4_ROUTE: 7,
  IPV4_RULE: 8,
  IPV6_IFADDR: 9,
  IPV6_MROUTE: 10,
  IPV6_ROUTE: 11,
  IPV6_IFINFO: 12,
  NOP2: 14,
  NOP4: 17,
  IPV6_PREFIX: 18,
  IPV6_RULE: 19,
  ND_USEROPT: 20,
  PHONET_IFADDR: 21,
  PHONET_ROUTE: 22,
  DCB: 23,
  IPV4_NETCONF: 24,
  IPV6_NETCONF: 25,
  MDB: 26,
  MPLS_ROUTE: 27,
  NSID: 28,
  MPLS_NETCONF: 29,
  IPV4_MROUTE_R: 30,
  IPV6_MROUTE_R: 31,
  NEXTHOP: 32,
  BRVLAN: 33,
  MCTP_IFADDR: 34,
  TUNNEL: 35,
  STATS: 36,
} as const;

/** What a link dump includes or leaves out, for IFLA_EXT_MASK (include/uapi/linux/rtnetlink.h). */
export const RTEXT_FILTER = {
  VF: 0x1,
  BRVLAN: 0x2,
  BRVLAN_COMPRESSED: 0x4,
  SKIP_STATS: 0x8,
  MRP: 0x10,
  CFM_CONFIG: 0x20,
  CFM_STATUS: 0x40,
  MST: 0x80,
} as const;

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

/** Data of a veth link (include/uapi/linux/veth.h). */
export const VETH_INFO = {
  VETH_INFO_PEER: 1,
} as const;

/** Data of a vlan link (include/uapi/linux/if_link.h). */
export const IFLA_VLAN = {
  IFLA_VLAN_ID: 1,
  IFLA_VLAN_FLAGS: 2,
  IFLA_VLAN_EGRESS_QOS: 3,
  IFLA_VLAN_INGRESS_QOS: 4,
  IFLA_VLAN_PROTOCOL: 5,
} as const;

/** Data of a macvlan link (include/uapi/linux/if_link.h). */
export const IFLA_MACVLAN = {
  IFLA_MACVLAN_MODE: 1,
  IFLA_MACVLAN_FLAGS: 2,
  IFLA_MACVLAN_MACADDR_MODE: 3,
  IFLA_MACVLAN_MACADDR: 4,
  IFLA_MACVLAN_MACADDR_DATA: 5,
  IFLA_MACVLAN_MACADDR_COUNT: 6,
  IFLA_MACVLAN_BC_QUEUE_LEN: 7,
  IFLA_MACVLAN_BC_QUEUE_LEN_USED: 8,
} as const;

/** Data of an ipvlan link (include/uapi/linux/if_link.h). */
export const IFLA_IPVLAN = {
  IFLA_IPVLAN_MODE: 1,
  IFLA_IPVLAN_FLAGS: 2,
} as const;

/** Data of a vxlan link (include/uapi/linux/if_link.h). */
export const IFLA_VXLAN = {
  IFLA_VXLAN_ID: 1,
  IFLA_VXLAN_GROUP: 2,
  IFLA_VXLAN_LINK: 3,
  IFLA_VXLAN_LOCAL: 4,
  IFLA_VXLAN_TTL: 5,
  IFLA_VXLAN_TOS: 6,
  IFLA_VXLAN_LEARNING: 7,
  IFLA_VXLAN_AGEING: 8,
  IFLA_VXLAN_LIMIT: 9,
  IFLA_VXLAN_PORT_RANGE: 10,
  IFLA_VXLAN_PROXY: 11,
  IFLA_VXLAN_RSC: 12,
  IFLA_VXLAN_L2MISS: 13,
  IFLA_VXLAN_L3MISS: 14,
  IFLA_VXLAN_PORT: 15,
  IFLA_VXLAN_GROUP6: 16,
  IFLA_VXLAN_LOCAL6: 17,
  IFLA_VXLAN_UDP_CSUM: 18,
  IFLA_VXLAN_UDP_ZERO_CSUM6_TX: 19,
  IFLA_VXLAN_UDP_ZERO_CSUM6_RX: 20,
  IFLA_VXLAN_REMCSUM_TX: 21,
  IFLA_VXLAN_REMCSUM_RX: 22,
  IFLA_VXLAN_GBP: 23,
  IFLA_VXLAN_REMCSUM_NOPARTIAL: 24,
  IFLA_VXLAN_COLLECT_METADATA: 25,
  IFLA_VXLAN_LABEL: 26,
  IFLA_VXLAN_GPE: 27,
  IFLA_VXLAN_TTL_INHERIT: 28,
  IFLA_VXLAN_DF: 29,
  IFLA_VXLAN_VNIFILTER: 30,
} as const;

/** Data of a bridge (include/uapi/linux/if_link.h). */
export const IFLA_BR = {
  IFLA_BR_FORWARD_DELAY: 1,
  IFLA_BR_HELLO_TIME: 2,
  IFLA_BR_MAX_AGE: 3,
  IFLA_BR_AGEING_TIME: 4,
  IFLA_BR_STP_STATE: 5,
  IFLA_BR_PRIORITY: 6,
  IFLA_BR_VLAN_FILTERING: 7,
  IFLA_BR_VLAN_PROTOCOL: 8,
  IFLA_BR_GROUP_FWD_MASK: 9,
  IFLA_BR_ROOT_ID: 10,
  IFLA_BR_BRIDGE_ID: 11,
  IFLA_BR_ROOT_PORT: 12,
  IFLA_BR_ROOT_PATH_COST: 13,
  IFLA_BR_TOPOLOGY_CHANGE: 14,
  IFLA_BR_TOPOLOGY_CHANGE_DETECTED: 15,
  IFLA_BR_HELLO_TIMER: 16,
  IFLA_BR_TCN_TIMER: 17,
  IFLA_BR_TOPOLOGY_CHANGE_TIMER: 18,
  IFLA_BR_GC_TIMER: 19,
  IFLA_BR_GROUP_ADDR: 20,
  IFLA_BR_FDB_FLUSH: 21,
  IFLA_BR_MCAST_ROUTER: 22,
  IFLA_BR_MCAST_SNOOPING: 23,
  IFLA_BR_MCAST_QUERY_USE_IFADDR: 24,
  IFLA_BR_MCAST_QUERIER: 25,
  IFLA_BR_MCAST_HASH_ELASTICITY: 26,
  IFLA_BR_MCAST_HASH_MAX: 27,
  IFLA_BR_MCAST_LAST_MEMBER_CNT: 28,
  IFLA_BR_MCAST_STARTUP_QUERY_CNT: 29,
  IFLA_BR_MCAST_LAST_MEMBER_INTVL: 30,
  IFLA_BR_MCAST_MEMBERSHIP_INTVL: 31,
  IFLA_BR_MCAST_QUERIER_INTVL: 32,
  IFLA_BR_MCAST_QUERY_INTVL: 33,
  IFLA_BR_MCAST_QUERY_RESPONSE_INTVL: 34,
  IFLA_BR_MCAST_STARTUP_QUERY_INTVL: 35,
  IFLA_BR_NF_CALL_IPTABLES: 36,
  IFLA_BR_NF_CALL_IP6TABLES: 37,
  IFLA_BR_NF_CALL_ARPTABLES: 38,
  IFLA_BR_VLAN_DEFAULT_PVID: 39,
  IFLA_BR_PAD: 40,
  IFLA_BR_VLAN_STATS_ENABLED: 41,
  IFLA_BR_MCAST_STATS_ENABLED: 42,
  IFLA_BR_MCAST_IGMP_VERSION: 43,
  IFLA_BR_MCAST_MLD_VERSION: 44,
  IFLA_BR_VLAN_STATS_PER_PORT: 45,
  IFLA_BR_MULTI_BOOLOPT: 46,
  IFLA_BR_MCAST_QUERIER_STATE: 47,
} as const;

/** What a port of a bridge is set to (include/uapi/linux/if_link.h). */
export const IFLA_BRPORT = {
  IFLA_BRPORT_STATE: 1,
  IFLA_BRPORT_PRIORITY: 2,
  IFLA_BRPORT_COST: 3,
  IFLA_BRPORT_MODE: 4,
  IFLA_BRPORT_GUARD: 5,
  IFLA_BRPORT_PROTECT: 6,
  IFLA_BRPORT_FAST_LEAVE: 7,
  IFLA_BRPORT_LEARNING: 8,
  IFLA_BRPORT_UNICAST_FLOOD: 9,
  IFLA_BRPORT_PROXYARP: 10,
  IFLA_BRPORT_LEARNING_SYNC: 11,
  IFLA_BRPORT_PROXYARP_WIFI: 12,
  IFLA_BRPORT_ROOT_ID: 13,
  IFLA_BRPORT_BRIDGE_ID: 14,
  IFLA_BRPORT_DESIGNATED_PORT: 15,
  IFLA_BRPORT_DESIGNATED_COST: 16,
  IFLA_BRPORT_ID: 17,
  IFLA_BRPORT_NO: 18,
  IFLA_BRPORT_TOPOLOGY_CHANGE_ACK: 19,
  IFLA_BRPORT_CONFIG_PENDING: 20,
  IFLA_BRPORT_MESSAGE_AGE_TIMER: 21,
  IFLA_BRPORT_FORWARD_DELAY_TIMER: 22,
  IFLA_BRPORT_HOLD_TIMER: 23,
  IFLA_BRPORT_FLUSH: 24,
  IFLA_BRPORT_MULTICAST_ROUTER: 25,
  IFLA_BRPORT_PAD: 26,
  IFLA_BRPORT_MCAST_FLOOD: 27,
  IFLA_BRPORT_MCAST_TO_UCAST: 28,
  IFLA_BRPORT_VLAN_TUNNEL: 29,
  IFLA_BRPORT_BCAST_FLOOD: 30,
  IFLA_BRPORT_GROUP_FWD_MASK: 31,
  IFLA_BRPORT_NEIGH_SUPPRESS: 32,
  IFLA_BRPORT_ISOLATED: 33,
  IFLA_BRPORT_BACKUP_PORT: 34,
  IFLA_BRPORT_MRP_RING_OPEN: 35,
  IFLA_BRPORT_MRP_IN_OPEN: 36,
  IFLA_BRPORT_MCAST_EHT_HOSTS_LIMIT: 37,
  IFLA_BRPORT_MCAST_EHT_HOSTS_CNT: 38,
  IFLA_BRPORT_LOCKED: 39,
} as const;

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

/** Attributes of a rule message (include/uapi/linux/fib_rules.h). */
export const FRA = {
  FRA_DST: 1,
  FRA_SRC: 2,
  FRA_IIFNAME: 3,
  FRA_GOTO: 4,
  FRA_UNUSED2: 5,
  FRA_PRIORITY: 6,
  FRA_UNUSED3: 7,
  FRA_UNUSED4: 8,
  FRA_UNUSED5: 9,
  FRA_FWMARK: 10,
  FRA_FLOW: 11,
  FRA_TUN_ID: 12,
  FRA_SUPPRESS_IFGROUP: 13,
  FRA_SUPPRESS_PREFIXLEN: 14,
  FRA_TABLE: 15,
  FRA_FWMASK: 16,
  FRA_OIFNAME: 17,
  FRA_PAD: 18,
  FRA_L3MDEV: 19,
  FRA_UID_RANGE: 20,
  FRA_PROTOCOL: 21,
  FRA_IP_PROTO: 22,
  FRA_SPORT_RANGE: 23,
  FRA_DPORT_RANGE: 24,
  FRA_DSCP: 25,
  FRA_FLOWLABEL: 26,
  FRA_FLOWLABEL_MASK: 27,
  FRA_SPORT_MASK: 28,
  FRA_DPORT_MASK: 29,
  FRA_DSCP_MASK: 30,
} as const;

/** Actions of a rule (include/uapi/linux/fib_rules.h). */
export const FR_ACT = {
  /** Looks up a table. */
  TO_TBL: 1,
  /** Goes on at another rule. */
  GOTO: 2,
  /** Does nothing. */
  NOP: 3,
  /** Drops without a word. */
  BLACKHOLE: 6,
  /** Drops: "network unreachable". */
  UNREACHABLE: 7,
  /** Drops: "administratively prohibited". */
  PROHIBIT: 8,
} as const;

/** Flags of a rule (include/uapi/linux/fib_rules.h). */
export const FIB_RULE = {
  /** Cannot be deleted. */
  PERMANENT: 0x1,
  /** For packets that do not match. */
  INVERT: 0x2,
  /** The rule to go to is not there. */
  UNRESOLVED: 0x4,
  /** The incoming link is not there. */
  IIF_DETACHED: 0x8,
  /** The outgoing link is not there. */
  OIF_DETACHED: 0x10,
  /** Chooses a source address. */
  FIND_SADDR: 0x10000,
} as const;

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

/** Attributes of a namespace id message (include/uapi/linux/net_namespace.h). */
export const NETNSA = {
  NETNSA_NSID: 1,
  NETNSA_PID: 2,
  NETNSA_FD: 3,
  NETNSA_TARGET_NSID: 4,
  NETNSA_CURRENT_NSID: 5,
} as const;

/** Protocols of netlink (include/uapi/linux/netlink.h). */
export const NETLINK_ROUTE = 0;

/** Address families that rtnetlink messages carry (include/linux/socket.h). */
export const FAMILY = { UNSPEC: 0, INET: 2, BRIDGE: 7, INET6: 10 } as const;

/** Modes of a macvlan (include/uapi/linux/if_link.h). */
export const MACVLAN_MODE = {
  /** Ports do not reach each other. */
  PRIVATE: 1,
  /** Ports reach each other through the switch outside. */
  VEPA: 2,
  /** Ports reach each other here. */
  BRIDGE: 4,
  /** One port has the link to itself. */
  PASSTHRU: 8,
  /** Ports take packets by source address. */
  SOURCE: 16,
} as const;

/** Modes of an ipvlan (include/uapi/linux/if_link.h). */
export const IPVLAN_MODE = {
  /** A switch. */
  L2: 0,
  /** A router. */
  L3: 1,
  /** A router that netfilter sees. */
  L3S: 2,
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
