import type { NumberRange } from './value.js';

/** Bits of a vlan (VLAN_FLAG_*, include/uapi/linux/if_vlan.h). In a request those that are there are set, the others stay as they are. */
export interface VlanFlags {
  /** Puts the priority where hardware expects it. */
  readonly reorderHeader?: boolean;
  /** Registers the VLAN at the switch by GVRP. */
  readonly gvrp?: boolean;
  /** Stays up when the link below goes down. */
  readonly looseBinding?: boolean;
  /** Registers the VLAN at the switch by MVRP. */
  readonly mvrp?: boolean;
  /** Follows the ports of a bridge below that are in this VLAN. */
  readonly bridgeBinding?: boolean;
  /** Bits that have no name here. */
  readonly other?: MaskedBits;
}

/** Bits, and a mask of those that count. */
export interface MaskedBits {
  /** The bits. */
  readonly bits: number;
  /** Which of them are meant. */
  readonly mask: number;
}

/** One priority of packets here, and the one in the tag that it goes with. */
export interface QosMapping {
  /** What is mapped: the priority of the packet here when it leaves, that of the tag when it comes in. */
  readonly from: number;
  /** What it is mapped to. */
  readonly to: number;
}

/** Data of a vlan link. */
export interface VlanData {
  /** The VLAN id, 0 to 4094. */
  readonly id?: number;
  /** Ethernet type of the tag: 0x8100 (802.1Q) or 0x88a8 (802.1ad). */
  readonly protocol?: number;
  /** Switches of the vlan. */
  readonly flags?: VlanFlags;
  /** Priorities of leaving packets. */
  readonly egressQos?: readonly QosMapping[];
  /** Priorities of incoming packets. */
  readonly ingressQos?: readonly QosMapping[];
}

/** Data of a macvlan or macvtap link. */
export interface MacvlanData {
  /** One of {@link MACVLAN_MODE}. */
  readonly mode?: number;
  /** MACVLAN_FLAG bits: 1 keeps the link below from taking all packets in mode passthru, 2 leaves copies of packets to the sender out. */
  readonly flags?: number;
  /** In requests, what to do with {@link MacvlanData.macAddresses} or {@link MacvlanData.macAddress}: 0 add, 1 delete, 2 empty, 3 set. */
  readonly macAddressMode?: number;
  /** In requests, the source address to add or delete. */
  readonly macAddress?: string;
  /** The source addresses taken in mode source. */
  readonly macAddresses?: readonly string[];
  /** How many there are; in replies. */
  readonly macAddressCount?: number;
  /** Length of the queue for broadcasts that is asked for, in packets. */
  readonly broadcastQueueLength?: number;
  /** Length of that queue in use; in replies. */
  readonly usedBroadcastQueueLength?: number;
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
  /** Multicast group or default remote, IPv4. */
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
  /** UDP source ports; both 0 leave the choice to the kernel. */
  readonly sourcePorts?: NumberRange;
  /** Time to live of the outer packet; 0 leaves it to the system. */
  readonly ttl?: number;
  /** Takes the time to live of the inner packet. The kernel cannot be asked not to: leave it out instead. */
  readonly ttlInherit?: boolean;
  /** Type of service of the outer packet. */
  readonly tos?: number;
  /** "Do not fragment" of the outer packet: 0 unset, 1 set, 2 as the inner one. */
  readonly dontFragment?: number;
  /** Flow label of the outer IPv6 packet. */
  readonly flowLabel?: number;
  /** Learns addresses from packets. */
  readonly learning?: boolean;
  /** Lifetime of what was learnt, in seconds. */
  readonly ageingSeconds?: number;
  /** Most entries that are learnt; 0 for no limit. */
  readonly limit?: number;
  /** Answers ARP itself. */
  readonly proxy?: boolean;
  /** Short-circuits routes. */
  readonly routeShortCircuit?: boolean;
  /** Reports unknown hardware addresses. */
  readonly reportMissingMac?: boolean;
  /** Reports unknown addresses. */
  readonly reportMissingAddress?: boolean;
  /** Has UDP checksums over IPv4. */
  readonly udpChecksum?: boolean;
  /** Sends without UDP checksums over IPv6. */
  readonly udpZeroChecksum6Tx?: boolean;
  /** Takes packets without UDP checksums over IPv6. */
  readonly udpZeroChecksum6Rx?: boolean;
  /** Leaves inner checksums to the receiver. */
  readonly remoteChecksumTx?: boolean;
  /** Makes inner checksums that the sender left out. */
  readonly remoteChecksumRx?: boolean;
  /** Group based policy: there or not. */
  readonly groupPolicy?: true;
  /** Generic protocol extension: there or not. */
  readonly genericProtocol?: true;
  /** Refuses partial remote checksums: there or not. */
  readonly remoteChecksumNoPartial?: true;
  /** Remote address and tag come with each packet (flow based tunnels). */
  readonly collectMetadata?: boolean;
  /** Has a table of network identifiers. */
  readonly vniFilter?: boolean;
}

/** How a bridge or a port of one is known in the spanning tree (struct ifla_bridge_id). */
export interface BridgeId {
  /** Priority; the less, the rather it becomes the root. */
  readonly priority: number;
  /** Hardware address. */
  readonly mac: string;
}

/** Switches of a bridge (BR_BOOLOPT_*, include/uapi/linux/if_bridge.h). In a request those that are there are set, the others stay. */
export interface BridgeOptions {
  /** Does not learn from link-local packets. */
  readonly noLinkLocalLearning?: boolean;
  /** Snoops multicast for each VLAN by itself. */
  readonly multicastVlanSnooping?: boolean;
  /** Has several spanning trees. */
  readonly multipleSpanningTrees?: boolean;
  /** Bits that have no name here. */
  readonly other?: MaskedBits;
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
  /** Ethernet type of its VLANs: 0x8100 (802.1Q) or 0x88a8 (802.1ad). */
  readonly vlanProtocol?: number;
  /** The VLAN of untagged packets. */
  readonly vlanDefaultPvid?: number;
  /** Counts for each VLAN. */
  readonly vlanStats?: boolean;
  /** Counts for each VLAN and port. */
  readonly vlanStatsPerPort?: boolean;
  /** Forwards link-local protocols: one bit per last digit of 01:80:c2:00:00:0X. */
  readonly groupForwardMask?: number;
  /** Hardware address of the spanning tree's packets. */
  readonly groupAddress?: string;
  /** Switches. */
  readonly options?: BridgeOptions;
  /** Snoops IGMP and MLD. */
  readonly multicastSnooping?: boolean;
  /** Routers that ask for multicast: 0 none, 1 found by queries, 2 always. */
  readonly multicastRouter?: number;
  /** Queries with its own address. */
  readonly multicastQueryUseAddress?: boolean;
  /** Asks for members itself. */
  readonly multicastQuerier?: boolean;
  /** Of no effect since Linux 4.20. */
  readonly multicastHashElasticity?: number;
  /** Most groups. */
  readonly multicastHashMax?: number;
  /** Queries before a group is given up. */
  readonly multicastLastMemberCount?: number;
  /** Queries at the start. */
  readonly multicastStartupQueryCount?: number;
  /** Time between queries before a group is given up. */
  readonly multicastLastMemberInterval?: bigint;
  /** Lifetime of a membership. */
  readonly multicastMembershipInterval?: bigint;
  /** Time after which another querier counts as gone. */
  readonly multicastQuerierInterval?: bigint;
  /** Time between queries. */
  readonly multicastQueryInterval?: bigint;
  /** Time for answers. */
  readonly multicastQueryResponseInterval?: bigint;
  /** Time between queries at the start. */
  readonly multicastStartupQueryInterval?: bigint;
  /** Counts multicast packets. */
  readonly multicastStats?: boolean;
  /** Version of IGMP: 2 or 3. */
  readonly multicastIgmpVersion?: number;
  /** Version of MLD: 1 or 2. */
  readonly multicastMldVersion?: number;
  /** Hands bridged IPv4 packets to iptables. */
  readonly callIptables?: boolean;
  /** Hands bridged IPv6 packets to ip6tables. */
  readonly callIp6tables?: boolean;
  /** Hands bridged ARP packets to arptables. */
  readonly callArptables?: boolean;
  /** The root of the spanning tree; in replies, as all that follows. */
  readonly rootId?: BridgeId;
  /** The bridge's own id. */
  readonly bridgeId?: BridgeId;
  /** The port towards the root. */
  readonly rootPort?: number;
  /** Cost of the way to the root. */
  readonly rootPathCost?: number;
  /** The tree is changing. */
  readonly topologyChange?: boolean;
  /** This bridge has seen the tree change. */
  readonly topologyChangeDetected?: boolean;
  /** Until the next hello packet. */
  readonly helloTimer?: bigint;
  /** Until the next notification of a change. */
  readonly topologyNotificationTimer?: bigint;
  /** Until the change is over. */
  readonly topologyChangeTimer?: bigint;
  /** Until learnt addresses are next looked through. */
  readonly cleanUpTimer?: bigint;
}

/** What a port of a bridge is set to. Times are in hundredths of a second. */
export interface BridgePortData {
  /** State in the spanning tree: 0 disabled, 1 listening, 2 learning, 3 forwarding, 4 blocking. */
  readonly state?: number;
  /** Priority in the spanning tree. */
  readonly priority?: number;
  /** Cost of the way through it. */
  readonly cost?: number;
  /** Sends packets back out of the port that they came in by. */
  readonly hairpin?: boolean;
  /** Shuts the port when a bridge speaks there. */
  readonly guard?: boolean;
  /** Never becomes the port towards the root. */
  readonly rootBlock?: boolean;
  /** Ends a multicast membership at once. */
  readonly fastLeave?: boolean;
  /** Learns addresses. */
  readonly learning?: boolean;
  /** Sends packets for unknown addresses out of it. */
  readonly flood?: boolean;
  /** Sends multicast packets for unknown groups out of it. */
  readonly multicastFlood?: boolean;
  /** Sends broadcasts out of it. */
  readonly broadcastFlood?: boolean;
  /** Sends multicast to each member by itself. */
  readonly multicastToUnicast?: boolean;
  /** Answers ARP for others. */
  readonly proxyArp?: boolean;
  /** Answers ARP for others as IEEE 802.11 and Hotspot 2.0 need it. */
  readonly proxyArpWifi?: boolean;
  /** Keeps ARP and neighbour discovery off the port. */
  readonly neighbourSuppress?: boolean;
  /** Maps VLANs to tunnels. */
  readonly vlanTunnel?: boolean;
  /** Does not speak with other isolated ports. */
  readonly isolated?: boolean;
  /** Takes packets from known addresses only. */
  readonly locked?: boolean;
  /** Forwards link-local protocols; see {@link BridgeData.groupForwardMask}. */
  readonly groupForwardMask?: number;
  /** The port that stands in for it when it is down; 0 for none. */
  readonly backupPort?: number;
  /** Routers behind it: 0 none, 1 found by queries, 2 always, 3 for a while. */
  readonly multicastRouter?: number;
  /** Most hosts that are told apart in a group. */
  readonly multicastHostsLimit?: number;
  /** How many there are; in replies, as all that follows. */
  readonly multicastHostsCount?: number;
  /** The root of the spanning tree. */
  readonly rootId?: BridgeId;
  /** The bridge that the network behind the port goes by. */
  readonly bridgeId?: BridgeId;
  /** That bridge's port. */
  readonly designatedPort?: number;
  /** That bridge's cost to the root. */
  readonly designatedCost?: number;
  /** Priority and number together. */
  readonly portId?: number;
  /** Number of the port. */
  readonly portNumber?: number;
  /** A change was acknowledged. */
  readonly topologyChangeAcknowledged?: boolean;
  /** A configuration is to be sent. */
  readonly configurationPending?: boolean;
  /** Until the root's last word is too old. */
  readonly messageAgeTimer?: bigint;
  /** Until the next state. */
  readonly forwardDelayTimer?: bigint;
  /** Until the next configuration may be sent. */
  readonly holdTimer?: bigint;
}
