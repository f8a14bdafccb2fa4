import type { WithUnknown } from './attribute.js';

/** Data of a vlan link. */
export interface VlanData {
  /** The VLAN id, 0 to 4094. */
  readonly id?: number;
  /** Ethernet type of the tag: 0x8100 (802.1Q) or 0x88a8 (802.1ad). */
  readonly protocol?: number;
}

/** Data of a macvlan or macvtap link. */
export interface MacvlanData {
  /** One of {@link MACVLAN_MODE}. */
  readonly mode?: number;
  /** MACVLAN_FLAG bits. */
  readonly flags?: number;
}

/** Data of an ipvlan link. */
export interface IpvlanData {
  /** One of {@link IPVLAN_MODE}. */
  readonly mode?: number;
  /** IPVLAN_F bits. */
  readonly flags?: number;
}

/** Data of a vxlan link. */
export interface VxlanData {
  /** The network identifier, 24 bits. */
  readonly id?: number;
  /** Multicast group or default remote, IPv4 or IPv6. */
  readonly group?: string;
  /** The same, IPv6. */
  readonly group6?: string;
  /** Source address, IPv4. */
  readonly local?: string;
  /** Source address, IPv6. */
  readonly local6?: string;
  /** Index of the link that carries it. */
  readonly linkIndex?: number;
  /** UDP port. */
  readonly port?: number;
  /** Time to live of the outer packet; 0 leaves it to the system. */
  readonly ttl?: number;
  /** Type of service of the outer packet. */
  readonly tos?: number;
  /** Learns addresses from packets. */
  readonly learning?: boolean;
  /** Lifetime of what was learnt, in seconds. */
  readonly ageingSeconds?: number;
  /** Most entries that are learnt; 0 for no limit. */
  readonly limit?: number;
  /** Answers ARP itself. */
  readonly proxy?: boolean;
  /** Remote address and tag come with each packet (flow based tunnels). */
  readonly collectMetadata?: boolean;
}

/** Data of a bridge. Times are in hundredths of a second. */
export interface BridgeData {
  /** Time in the listening and the learning state each. */
  readonly forwardDelay?: number;
  /** Time between hello packets. */
  readonly helloTime?: number;
  /** Lifetime of what neighbouring bridges say. */
  readonly maxAge?: number;
  /** Lifetime of learnt addresses. */
  readonly ageingTime?: number;
  /** 0: no spanning tree, 1: the kernel's, 2: a daemon's. */
  readonly stpState?: number;
  /** Priority in the spanning tree. */
  readonly priority?: number;
  /** Knows VLANs. */
  readonly vlanFiltering?: boolean;
  /** The VLAN of untagged packets. */
  readonly vlanDefaultPvid?: number;
  /** Forwards link-local protocols: one bit per last digit of 01:80:c2:00:00:0X. */
  readonly groupForwardMask?: number;
  /** Snoops IGMP and MLD. */
  readonly multicastSnooping?: boolean;
  /** Hands bridged IPv4 packets to iptables. */
  readonly callIptables?: boolean;
  /** Hands bridged IPv6 packets to ip6tables. */
  readonly callIp6tables?: boolean;
}

/** Data of a veth link, in requests only: the kernel does not tell it. */
export interface VethData {
  /** The other end: name, address, namespace. */
  readonly peer?: LinkMessage;
}

/** What kind of virtual link it is, and its settings (IFLA_LINKINFO). */
export interface LinkInfo extends WithUnknown {
  /** `veth`, `bridge`, `vlan`, …; absent when only the role in a bridge or bond is told. */
  readonly kind?: string;
  /** Kind of the bridge or bond that it is a port of. */
  readonly slaveKind?: string;
  /** Settings as a port of that, undecoded. */
  readonly slaveData?: Uint8Array;
  /** For kind `bridge`. */
  readonly bridge?: BridgeData & WithUnknown;
  /** For kind `vlan`. */
  readonly vlan?: VlanData & WithUnknown;
  /** For kinds `macvlan` and `macvtap`. */
  readonly macvlan?: MacvlanData & WithUnknown;
  /** For kinds `ipvlan` and `ipvtap`. */
  readonly ipvlan?: IpvlanData & WithUnknown;
  /** For kind `vxlan`. */
  readonly vxlan?: VxlanData & WithUnknown;
  /** For kind `veth`. */
  readonly veth?: VethData & WithUnknown;
  /** Settings of any other kind, undecoded. */
  readonly otherData?: Uint8Array;
}

/** Counters of a link (struct rtnl_link_stats64, include/uapi/linux/if_link.h). */
export interface LinkStats {
  /** Packets received. */
  readonly rxPackets: bigint;
  /** Packets sent. */
  readonly txPackets: bigint;
  /** Bytes received. */
  readonly rxBytes: bigint;
  /** Bytes sent. */
  readonly txBytes: bigint;
  /** Bad packets received. */
  readonly rxErrors: bigint;
  /** Packets that could not be sent. */
  readonly txErrors: bigint;
  /** Packets received and dropped. */
  readonly rxDropped: bigint;
  /** Packets dropped on their way out. */
  readonly txDropped: bigint;
  /** Multicast packets received. */
  readonly multicast: bigint;
  /** Collisions. */
  readonly collisions: bigint;
  /** Received with a wrong length. */
  readonly rxLengthErrors: bigint;
  /** Received beyond what the card's ring holds. */
  readonly rxOverErrors: bigint;
  /** Received with a wrong checksum. */
  readonly rxCrcErrors: bigint;
  /** Received out of alignment. */
  readonly rxFrameErrors: bigint;
  /** Lost as the receive queue overran. */
  readonly rxFifoErrors: bigint;
  /** Missed by the card. */
  readonly rxMissedErrors: bigint;
  /** Given up while sending. */
  readonly txAbortedErrors: bigint;
  /** Not sent for want of a carrier. */
  readonly txCarrierErrors: bigint;
  /** Lost as the send queue ran empty. */
  readonly txFifoErrors: bigint;
  /** Sent without the heartbeat of old Ethernet. */
  readonly txHeartbeatErrors: bigint;
  /** Collided too late. */
  readonly txWindowErrors: bigint;
  /** Compressed packets received. */
  readonly rxCompressed: bigint;
  /** Compressed packets sent. */
  readonly txCompressed: bigint;
  /** Received with nobody to hand them to. Linux 4.6 and later. */
  readonly rxNoHandler?: bigint;
  /** Received for another host's hardware address. Linux 5.19 and later. */
  readonly rxOtherHostDropped?: bigint;
  /** Counters that later kernels add at the end. */
  readonly further?: readonly bigint[];
}

/** Attributes of a link that stand for themselves. */
export interface LinkAttributes {
  /** IFLA_IFNAME: at most 15 bytes. */
  readonly name?: string;
  /** IFLA_ADDRESS: lower case with colons; empty for links without one. */
  readonly mac?: string;
  /** IFLA_BROADCAST. */
  readonly broadcast?: string;
  /** IFLA_PERM_ADDRESS: the address burnt into the card, where the kernel tells it. */
  readonly permanentMac?: string;
  /** IFLA_MTU in bytes. */
  readonly mtu?: number;
  /** IFLA_MIN_MTU in bytes. */
  readonly minMtu?: number;
  /** IFLA_MAX_MTU in bytes; 0 for no limit. */
  readonly maxMtu?: number;
  /** IFLA_LINK: the link below, or the peer of a veth, in the namespace it lives in. */
  readonly lowerIndex?: number;
  /** IFLA_LINK_NETNSID: the id of that namespace as this one knows it, when it is another; -1 when it has no id. */
  readonly lowerNamespaceId?: number;
  /** IFLA_MASTER: the bridge or bond it is a port of; 0 in a request takes it out. */
  readonly masterIndex?: number;
  /** IFLA_TXQLEN in packets. */
  readonly txQueueLength?: number;
  /** IFLA_NUM_TX_QUEUES. */
  readonly txQueues?: number;
  /** IFLA_NUM_RX_QUEUES. */
  readonly rxQueues?: number;
  /** IFLA_QDISC: the queueing discipline's name. */
  readonly qdisc?: string;
  /** IFLA_OPERSTATE: one of {@link IF_OPER}. */
  readonly operState?: number;
  /** IFLA_LINKMODE: 0 default, 1 dormant. */
  readonly linkMode?: number;
  /** IFLA_GROUP. */
  readonly group?: number;
  /** IFLA_PROMISCUITY: how many want to see all packets. */
  readonly promiscuity?: number;
  /** IFLA_CARRIER. */
  readonly carrier?: boolean;
  /** IFLA_IFALIAS: free text of an operator. */
  readonly alias?: string;
  /** IFLA_PHYS_PORT_NAME. */
  readonly physPortName?: string;
  /** IFLA_PARENT_DEV_NAME: the device that the card is, such as `0000:00:05.0`. */
  readonly parentDeviceName?: string;
  /** IFLA_PARENT_DEV_BUS_NAME: the bus of that device, such as `pci`. */
  readonly parentBusName?: string;
  /** IFLA_LINKINFO. */
  readonly info?: LinkInfo;
  /** IFLA_PROP_LIST with IFLA_ALT_IFNAME: alternative names, up to 127 bytes each. */
  readonly altNames?: readonly string[];
  /** IFLA_ALT_IFNAME, in requests: which link is meant, by any of its names. */
  readonly altName?: string;
  /** IFLA_NET_NS_FD, in requests: the namespace it shall live in, by open descriptor. */
  readonly namespaceFd?: number;
  /** IFLA_NET_NS_PID, in requests: the same by process. */
  readonly namespacePid?: number;
  /** IFLA_TARGET_NETNSID: the namespace that a request or reply is about, when it is not the socket's. */
  readonly targetNamespaceId?: number;
  /** IFLA_NEW_NETNSID, in notifications: where the link has gone. */
  readonly newNamespaceId?: number;
  /** IFLA_NEW_IFINDEX: in requests the index it shall have there, in notifications the one it has got. */
  readonly newIndex?: number;
  /** IFLA_EXT_MASK, in requests: RTEXT_FILTER_* bits. */
  readonly extMask?: number;
  /** IFLA_STATS64, when asked for. */
  readonly stats?: LinkStats;
}

/** A link message: header (struct ifinfomsg) and attributes. */
export interface LinkMessage extends LinkAttributes, WithUnknown {
  /** ifi_family: 0, or 7 in what a bridge says about its ports. */
  readonly family?: number;
  /** ifi_type: the kind of hardware (ARPHRD_*), 1 for Ethernet. */
  readonly type?: number;
  /** ifi_index; 0 when the kernel shall choose. */
  readonly index: number;
  /** ifi_flags: {@link IFF} bits. */
  readonly flags?: number;
  /** ifi_change: which of the flags a request sets. */
  readonly change?: number;
}
