import { AttributeTable, listOf, NLA_F } from './attribute.js';
import { LITTLE_ENDIAN } from './byte-order.js';
import { IFLA_BR, IFLA_BRPORT, IFLA_IPVLAN, IFLA_MACVLAN, IFLA_VLAN, IFLA_VXLAN } from './constants/index.js';
import type {
  BridgeData,
  BridgeId,
  BridgeOptions,
  BridgePortData,
  IpvlanData,
  MacvlanData,
  MaskedBits,
  QosMapping,
  VlanData,
  VlanFlags,
  VxlanData,
} from './link-kind-model.js';
import {
  be16,
  be16Range,
  be32,
  bool8,
  expectLength,
  hardwareAddress,
  ipAddress,
  presence,
  u8,
  u16,
  u32,
  u64,
  type ValueCodec,
} from './value.js';

/** Bits and a mask of those that count, as named truths (struct ifla_vlan_flags, struct br_boolopt_multi). */
function namedBits<T extends { readonly other?: MaskedBits }>(names: Readonly<Record<Exclude<keyof T, 'other'>, number>>): ValueCodec<T> {
  const entries = Object.entries<number>(names);
  return {
    decode(view, start, end) {
      expectLength(start, end, 8);
      let bits = view.getUint32(start, LITTLE_ENDIAN);
      let mask = view.getUint32(start + 4, LITTLE_ENDIAN);
      const named: Record<string, boolean | MaskedBits> = {};
      for (const [name, bit] of entries) {
        if ((mask & bit) === 0) continue;
        named[name] = (bits & bit) !== 0;
        bits = (bits & ~bit) >>> 0;
        mask = (mask & ~bit) >>> 0;
      }
      if (bits !== 0 || mask !== 0) named['other'] = { bits, mask };
      // Only names of T have been set, to what T says they are.
      return named as unknown as T;
    },
    encode(value, writer) {
      let bits = value.other?.bits ?? 0;
      let mask = value.other?.mask ?? 0;
      const truths = value as Readonly<Record<string, unknown>>;
      for (const [name, bit] of entries) {
        if (truths[name] === undefined) continue;
        mask |= bit;
        if (truths[name] === true) bits |= bit;
      }
      writer.u32(bits >>> 0);
      writer.u32(mask >>> 0);
    },
  };
}

const vlanFlags = namedBits<VlanFlags>({ reorderHeader: 0x1, gvrp: 0x2, looseBinding: 0x4, mvrp: 0x8, bridgeBinding: 0x10 });
const bridgeOptions = namedBits<BridgeOptions>({ noLinkLocalLearning: 0x1, multicastVlanSnooping: 0x2, multipleSpanningTrees: 0x4 });

/** Attribute number of each mapping in its list (IFLA_VLAN_QOS_MAPPING, struct ifla_vlan_qos_mapping). */
const qosMappings = listOf<QosMapping>(1, {
  decode(view, start, end) {
    expectLength(start, end, 8);
    return { from: view.getUint32(start, LITTLE_ENDIAN), to: view.getUint32(start + 4, LITTLE_ENDIAN) };
  },
  encode({ from, to }, writer) {
    u32.encode(from, writer);
    u32.encode(to, writer);
  },
});

const bridgeId: ValueCodec<BridgeId> = {
  decode(view, start, end) {
    expectLength(start, end, 8);
    return { priority: be16.decode(view, start, start + 2), mac: hardwareAddress.decode(view, start + 2, end) };
  },
  encode({ priority, mac }, writer) {
    be16.encode(priority, writer);
    hardwareAddress.encode(mac, writer);
  },
};

/** What the kernel tells as a byte, and takes only when it has none (NLA_FLAG in vxlan_policy, drivers/net/vxlan/vxlan_core.c). */
const byteOrPresence: ValueCodec<boolean> = {
  decode: (view, start, end) => (start === end ? true : bool8.decode(view, start, end)),
  encode(value, writer) {
    if (!value) writer.u8(0);
  },
};

/** Data of a vlan. */
export const vlan = new AttributeTable<VlanData>(IFLA_VLAN, {
  id: { type: IFLA_VLAN.IFLA_VLAN_ID, value: u16 },
  protocol: { type: IFLA_VLAN.IFLA_VLAN_PROTOCOL, value: be16 },
  flags: { type: IFLA_VLAN.IFLA_VLAN_FLAGS, value: vlanFlags },
  egressQos: { type: IFLA_VLAN.IFLA_VLAN_EGRESS_QOS, value: qosMappings, flags: NLA_F.NESTED },
  ingressQos: { type: IFLA_VLAN.IFLA_VLAN_INGRESS_QOS, value: qosMappings, flags: NLA_F.NESTED },
});

/** Data of a macvlan. */
export const macvlan = new AttributeTable<MacvlanData>(IFLA_MACVLAN, {
  mode: { type: IFLA_MACVLAN.IFLA_MACVLAN_MODE, value: u32 },
  flags: { type: IFLA_MACVLAN.IFLA_MACVLAN_FLAGS, value: u16 },
  macAddressMode: { type: IFLA_MACVLAN.IFLA_MACVLAN_MACADDR_MODE, value: u32 },
  macAddress: { type: IFLA_MACVLAN.IFLA_MACVLAN_MACADDR, value: hardwareAddress },
  macAddresses: {
    type: IFLA_MACVLAN.IFLA_MACVLAN_MACADDR_DATA,
    value: listOf(IFLA_MACVLAN.IFLA_MACVLAN_MACADDR, hardwareAddress),
    flags: NLA_F.NESTED,
  },
  macAddressCount: { type: IFLA_MACVLAN.IFLA_MACVLAN_MACADDR_COUNT, value: u32 },
  broadcastQueueLength: { type: IFLA_MACVLAN.IFLA_MACVLAN_BC_QUEUE_LEN, value: u32 },
  usedBroadcastQueueLength: { type: IFLA_MACVLAN.IFLA_MACVLAN_BC_QUEUE_LEN_USED, value: u32 },
});

/** Data of an ipvlan. */
export const ipvlan = new AttributeTable<IpvlanData>(IFLA_IPVLAN, {
  mode: { type: IFLA_IPVLAN.IFLA_IPVLAN_MODE, value: u16 },
  flags: { type: IFLA_IPVLAN.IFLA_IPVLAN_FLAGS, value: u16 },
});

/** Data of a vxlan. */
export const vxlan = new AttributeTable<VxlanData>(IFLA_VXLAN, {
  id: { type: IFLA_VXLAN.IFLA_VXLAN_ID, value: u32 },
  group: { type: IFLA_VXLAN.IFLA_VXLAN_GROUP, value: ipAddress },
  group6: { type: IFLA_VXLAN.IFLA_VXLAN_GROUP6, value: ipAddress },
  local: { type: IFLA_VXLAN.IFLA_VXLAN_LOCAL, value: ipAddress },
  local6: { type: IFLA_VXLAN.IFLA_VXLAN_LOCAL6, value: ipAddress },
  linkIndex: { type: IFLA_VXLAN.IFLA_VXLAN_LINK, value: u32 },
  port: { type: IFLA_VXLAN.IFLA_VXLAN_PORT, value: be16 },
  sourcePorts: { type: IFLA_VXLAN.IFLA_VXLAN_PORT_RANGE, value: be16Range },
  ttl: { type: IFLA_VXLAN.IFLA_VXLAN_TTL, value: u8 },
  ttlInherit: { type: IFLA_VXLAN.IFLA_VXLAN_TTL_INHERIT, value: byteOrPresence },
  tos: { type: IFLA_VXLAN.IFLA_VXLAN_TOS, value: u8 },
  dontFragment: { type: IFLA_VXLAN.IFLA_VXLAN_DF, value: u8 },
  flowLabel: { type: IFLA_VXLAN.IFLA_VXLAN_LABEL, value: be32 },
  learning: { type: IFLA_VXLAN.IFLA_VXLAN_LEARNING, value: bool8 },
  ageingSeconds: { type: IFLA_VXLAN.IFLA_VXLAN_AGEING, value: u32 },
  limit: { type: IFLA_VXLAN.IFLA_VXLAN_LIMIT, value: u32 },
  proxy: { type: IFLA_VXLAN.IFLA_VXLAN_PROXY, value: bool8 },
  routeShortCircuit: { type: IFLA_VXLAN.IFLA_VXLAN_RSC, value: bool8 },
  reportMissingMac: { type: IFLA_VXLAN.IFLA_VXLAN_L2MISS, value: bool8 },
  reportMissingAddress: { type: IFLA_VXLAN.IFLA_VXLAN_L3MISS, value: bool8 },
  udpChecksum: { type: IFLA_VXLAN.IFLA_VXLAN_UDP_CSUM, value: bool8 },
  udpZeroChecksum6Tx: { type: IFLA_VXLAN.IFLA_VXLAN_UDP_ZERO_CSUM6_TX, value: bool8 },
  udpZeroChecksum6Rx: { type: IFLA_VXLAN.IFLA_VXLAN_UDP_ZERO_CSUM6_RX, value: bool8 },
  remoteChecksumTx: { type: IFLA_VXLAN.IFLA_VXLAN_REMCSUM_TX, value: bool8 },
  remoteChecksumRx: { type: IFLA_VXLAN.IFLA_VXLAN_REMCSUM_RX, value: bool8 },
  groupPolicy: { type: IFLA_VXLAN.IFLA_VXLAN_GBP, value: presence },
  genericProtocol: { type: IFLA_VXLAN.IFLA_VXLAN_GPE, value: presence },
  remoteChecksumNoPartial: { type: IFLA_VXLAN.IFLA_VXLAN_REMCSUM_NOPARTIAL, value: presence },
  collectMetadata: { type: IFLA_VXLAN.IFLA_VXLAN_COLLECT_METADATA, value: bool8 },
  vniFilter: { type: IFLA_VXLAN.IFLA_VXLAN_VNIFILTER, value: bool8 },
});

/** Data of a bridge. */
export const bridge = new AttributeTable<BridgeData>(IFLA_BR, {
  forwardDelay: { type: IFLA_BR.IFLA_BR_FORWARD_DELAY, value: u32 },
  helloTime: { type: IFLA_BR.IFLA_BR_HELLO_TIME, value: u32 },
  maxAge: { type: IFLA_BR.IFLA_BR_MAX_AGE, value: u32 },
  ageingTime: { type: IFLA_BR.IFLA_BR_AGEING_TIME, value: u32 },
  stpState: { type: IFLA_BR.IFLA_BR_STP_STATE, value: u32 },
  priority: { type: IFLA_BR.IFLA_BR_PRIORITY, value: u16 },
  vlanFiltering: { type: IFLA_BR.IFLA_BR_VLAN_FILTERING, value: bool8 },
  vlanProtocol: { type: IFLA_BR.IFLA_BR_VLAN_PROTOCOL, value: be16 },
  vlanDefaultPvid: { type: IFLA_BR.IFLA_BR_VLAN_DEFAULT_PVID, value: u16 },
  vlanStats: { type: IFLA_BR.IFLA_BR_VLAN_STATS_ENABLED, value: bool8 },
  vlanStatsPerPort: { type: IFLA_BR.IFLA_BR_VLAN_STATS_PER_PORT, value: bool8 },
  groupForwardMask: { type: IFLA_BR.IFLA_BR_GROUP_FWD_MASK, value: u16 },
  groupAddress: { type: IFLA_BR.IFLA_BR_GROUP_ADDR, value: hardwareAddress },
  options: { type: IFLA_BR.IFLA_BR_MULTI_BOOLOPT, value: bridgeOptions },
  multicastSnooping: { type: IFLA_BR.IFLA_BR_MCAST_SNOOPING, value: bool8 },
  multicastRouter: { type: IFLA_BR.IFLA_BR_MCAST_ROUTER, value: u8 },
  multicastQueryUseAddress: { type: IFLA_BR.IFLA_BR_MCAST_QUERY_USE_IFADDR, value: bool8 },
  multicastQuerier: { type: IFLA_BR.IFLA_BR_MCAST_QUERIER, value: bool8 },
  multicastHashElasticity: { type: IFLA_BR.IFLA_BR_MCAST_HASH_ELASTICITY, value: u32 },
  multicastHashMax: { type: IFLA_BR.IFLA_BR_MCAST_HASH_MAX, value: u32 },
  multicastLastMemberCount: { type: IFLA_BR.IFLA_BR_MCAST_LAST_MEMBER_CNT, value: u32 },
  multicastStartupQueryCount: { type: IFLA_BR.IFLA_BR_MCAST_STARTUP_QUERY_CNT, value: u32 },
  multicastLastMemberInterval: { type: IFLA_BR.IFLA_BR_MCAST_LAST_MEMBER_INTVL, value: u64 },
  multicastMembershipInterval: { type: IFLA_BR.IFLA_BR_MCAST_MEMBERSHIP_INTVL, value: u64 },
  multicastQuerierInterval: { type: IFLA_BR.IFLA_BR_MCAST_QUERIER_INTVL, value: u64 },
  multicastQueryInterval: { type: IFLA_BR.IFLA_BR_MCAST_QUERY_INTVL, value: u64 },
  multicastQueryResponseInterval: { type: IFLA_BR.IFLA_BR_MCAST_QUERY_RESPONSE_INTVL, value: u64 },
  multicastStartupQueryInterval: { type: IFLA_BR.IFLA_BR_MCAST_STARTUP_QUERY_INTVL, value: u64 },
  multicastStats: { type: IFLA_BR.IFLA_BR_MCAST_STATS_ENABLED, value: bool8 },
  multicastIgmpVersion: { type: IFLA_BR.IFLA_BR_MCAST_IGMP_VERSION, value: u8 },
  multicastMldVersion: { type: IFLA_BR.IFLA_BR_MCAST_MLD_VERSION, value: u8 },
  callIptables: { type: IFLA_BR.IFLA_BR_NF_CALL_IPTABLES, value: bool8 },
  callIp6tables: { type: IFLA_BR.IFLA_BR_NF_CALL_IP6TABLES, value: bool8 },
  callArptables: { type: IFLA_BR.IFLA_BR_NF_CALL_ARPTABLES, value: bool8 },
  rootId: { type: IFLA_BR.IFLA_BR_ROOT_ID, value: bridgeId },
  bridgeId: { type: IFLA_BR.IFLA_BR_BRIDGE_ID, value: bridgeId },
  rootPort: { type: IFLA_BR.IFLA_BR_ROOT_PORT, value: u16 },
  rootPathCost: { type: IFLA_BR.IFLA_BR_ROOT_PATH_COST, value: u32 },
  topologyChange: { type: IFLA_BR.IFLA_BR_TOPOLOGY_CHANGE, value: bool8 },
  topologyChangeDetected: { type: IFLA_BR.IFLA_BR_TOPOLOGY_CHANGE_DETECTED, value: bool8 },
  helloTimer: { type: IFLA_BR.IFLA_BR_HELLO_TIMER, value: u64 },
  topologyNotificationTimer: { type: IFLA_BR.IFLA_BR_TCN_TIMER, value: u64 },
  topologyChangeTimer: { type: IFLA_BR.IFLA_BR_TOPOLOGY_CHANGE_TIMER, value: u64 },
  cleanUpTimer: { type: IFLA_BR.IFLA_BR_GC_TIMER, value: u64 },
});

/** What a port of a bridge is set to. */
export const bridgePort = new AttributeTable<BridgePortData>(IFLA_BRPORT, {
  state: { type: IFLA_BRPORT.IFLA_BRPORT_STATE, value: u8 },
  priority: { type: IFLA_BRPORT.IFLA_BRPORT_PRIORITY, value: u16 },
  cost: { type: IFLA_BRPORT.IFLA_BRPORT_COST, value: u32 },
  hairpin: { type: IFLA_BRPORT.IFLA_BRPORT_MODE, value: bool8 },
  guard: { type: IFLA_BRPORT.IFLA_BRPORT_GUARD, value: bool8 },
  rootBlock: { type: IFLA_BRPORT.IFLA_BRPORT_PROTECT, value: bool8 },
  fastLeave: { type: IFLA_BRPORT.IFLA_BRPORT_FAST_LEAVE, value: bool8 },
  learning: { type: IFLA_BRPORT.IFLA_BRPORT_LEARNING, value: bool8 },
  flood: { type: IFLA_BRPORT.IFLA_BRPORT_UNICAST_FLOOD, value: bool8 },
  multicastFlood: { type: IFLA_BRPORT.IFLA_BRPORT_MCAST_FLOOD, value: bool8 },
  broadcastFlood: { type: IFLA_BRPORT.IFLA_BRPORT_BCAST_FLOOD, value: bool8 },
  multicastToUnicast: { type: IFLA_BRPORT.IFLA_BRPORT_MCAST_TO_UCAST, value: bool8 },
  proxyArp: { type: IFLA_BRPORT.IFLA_BRPORT_PROXYARP, value: bool8 },
  proxyArpWifi: { type: IFLA_BRPORT.IFLA_BRPORT_PROXYARP_WIFI, value: bool8 },
  neighbourSuppress: { type: IFLA_BRPORT.IFLA_BRPORT_NEIGH_SUPPRESS, value: bool8 },
  vlanTunnel: { type: IFLA_BRPORT.IFLA_BRPORT_VLAN_TUNNEL, value: bool8 },
  isolated: { type: IFLA_BRPORT.IFLA_BRPORT_ISOLATED, value: bool8 },
  locked: { type: IFLA_BRPORT.IFLA_BRPORT_LOCKED, value: bool8 },
  groupForwardMask: { type: IFLA_BRPORT.IFLA_BRPORT_GROUP_FWD_MASK, value: u16 },
  backupPort: { type: IFLA_BRPORT.IFLA_BRPORT_BACKUP_PORT, value: u32 },
  multicastRouter: { type: IFLA_BRPORT.IFLA_BRPORT_MULTICAST_ROUTER, value: u8 },
  multicastHostsLimit: { type: IFLA_BRPORT.IFLA_BRPORT_MCAST_EHT_HOSTS_LIMIT, value: u32 },
  multicastHostsCount: { type: IFLA_BRPORT.IFLA_BRPORT_MCAST_EHT_HOSTS_CNT, value: u32 },
  rootId: { type: IFLA_BRPORT.IFLA_BRPORT_ROOT_ID, value: bridgeId },
  bridgeId: { type: IFLA_BRPORT.IFLA_BRPORT_BRIDGE_ID, value: bridgeId },
  designatedPort: { type: IFLA_BRPORT.IFLA_BRPORT_DESIGNATED_PORT, value: u16 },
  designatedCost: { type: IFLA_BRPORT.IFLA_BRPORT_DESIGNATED_COST, value: u16 },
  portId: { type: IFLA_BRPORT.IFLA_BRPORT_ID, value: u16 },
  portNumber: { type: IFLA_BRPORT.IFLA_BRPORT_NO, value: u16 },
  topologyChangeAcknowledged: { type: IFLA_BRPORT.IFLA_BRPORT_TOPOLOGY_CHANGE_ACK, value: bool8 },
  configurationPending: { type: IFLA_BRPORT.IFLA_BRPORT_CONFIG_PENDING, value: bool8 },
  messageAgeTimer: { type: IFLA_BRPORT.IFLA_BRPORT_MESSAGE_AGE_TIMER, value: u64 },
  forwardDelayTimer: { type: IFLA_BRPORT.IFLA_BRPORT_FORWARD_DELAY_TIMER, value: u64 },
  holdTimer: { type: IFLA_BRPORT.IFLA_BRPORT_HOLD_TIMER, value: u64 },
});
