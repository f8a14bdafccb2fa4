import type { WithUnknown } from './attribute.js';
import type { BridgeData, BridgePortData, IpvlanData, MacvlanData, VlanData, VxlanData } from './link-kind-model.js';

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
  /** Settings as a port of a bridge. */
  readonly bridgePort?: BridgePortData & WithUnknown;
  /** Settings as a port of anything else, undecoded. */
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
  /** IFLA_ALLMULTI: how many want to see all multicast packets. */
  readonly allMulticastCount?: number;
  /** IFLA_CARRIER. */
  readonly carrier?: boolean;
  /** IFLA_CARRIER_CHANGES: how often the carrier has come or gone. */
  readonly carrierChanges?: number;
  /** IFLA_PROTO_DOWN: held down by a protocol such as VRRP. */
  readonly protocolDown?: boolean;
  /** IFLA_GSO_MAX_SIZE: largest packet that the kernel lets the link cut up, in bytes. */
  readonly gsoMaxBytes?: number;
  /** IFLA_GSO_MAX_SEGS: into how many at most. */
  readonly gsoMaxSegments?: number;
  /** IFLA_GRO_MAX_SIZE: largest packet that received ones are joined to, in bytes. */
  readonly groMaxBytes?: number;
  /** IFLA_TSO_MAX_SIZE: what the driver allows for {@link LinkAttributes.gsoMaxBytes}. */
  readonly tsoMaxBytes?: number;
  /** IFLA_TSO_MAX_SEGS: what the driver allows for {@link LinkAttributes.gsoMaxSegments}. */
  readonly tsoMaxSegments?: number;
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
