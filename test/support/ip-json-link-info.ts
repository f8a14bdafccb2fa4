import { IFLA_BR, IFLA_MACVLAN, IFLA_VLAN, IFLA_VXLAN, MACVLAN_MODE } from '../../netlink/wire/constants.js';
import type { LinkInfo } from '../../netlink/wire/index.js';
import { compact, hex, type IpObject, type LinkNames, nameOf } from './ip-json.js';
import type { RawAttributes } from './raw-attributes.js';

/** Attributes of a tun link (include/uapi/linux/if_link.h). */
const IFLA_TUN = {
  OWNER: 1,
  GROUP: 2,
  TYPE: 3,
  PI: 4,
  VNET_HDR: 5,
  PERSIST: 6,
  MULTI_QUEUE: 7,
  NUM_QUEUES: 8,
  NUM_DISABLED_QUEUES: 9,
} as const;

/** Attributes of a bridge's port (include/uapi/linux/if_link.h). */
const IFLA_BRPORT = {
  STATE: 1,
  PRIORITY: 2,
  COST: 3,
  MODE: 4,
  GUARD: 5,
  PROTECT: 6,
  FAST_LEAVE: 7,
  LEARNING: 8,
  UNICAST_FLOOD: 9,
  PROXYARP: 10,
  PROXYARP_WIFI: 12,
  ROOT_ID: 13,
  BRIDGE_ID: 14,
  DESIGNATED_PORT: 15,
  DESIGNATED_COST: 16,
  ID: 17,
  NO: 18,
  TOPOLOGY_CHANGE_ACK: 19,
  CONFIG_PENDING: 20,
  MESSAGE_AGE_TIMER: 21,
  FORWARD_DELAY_TIMER: 22,
  HOLD_TIMER: 23,
  MULTICAST_ROUTER: 25,
  MCAST_FLOOD: 27,
  MCAST_TO_UCAST: 28,
  VLAN_TUNNEL: 29,
  BCAST_FLOOD: 30,
  GROUP_FWD_MASK: 31,
  NEIGH_SUPPRESS: 32,
  ISOLATED: 33,
  BACKUP_PORT: 34,
  LOCKED: 39,
} as const;
const PORT_STATES = ['disabled', 'listening', 'learning', 'forwarding', 'blocking'];
const ETHERNET_TYPES: Readonly<Record<number, string>> = { 33024: '802.1Q', 34984: '802.1ad' };

const bit = (value: boolean | undefined): number | undefined => (value === undefined ? undefined : Number(value));
const seconds = (hundredths: bigint | number | undefined): number | undefined =>
  hundredths === undefined ? undefined : Number(hundredths) / 100;

/** The id of a bridge as `ip` writes it: priority, then the hardware address in its own short form. */
function bridgeId(id: Uint8Array | undefined): string | undefined {
  if (id === undefined) return undefined;
  const priority = Buffer.from(id.subarray(0, 2)).toString('hex');
  return `${priority}.${Array.from(id.subarray(2), (byte) => byte.toString(16)).join(':')}`;
}

function bridgeData(bridge: NonNullable<LinkInfo['bridge']>, raw: RawAttributes): IpObject {
  const protocol = raw.bytes(IFLA_BR.IFLA_BR_VLAN_PROTOCOL);
  const booleans = raw.u32(IFLA_BR.IFLA_BR_MULTI_BOOLOPT);
  return {
    forward_delay: bridge.forwardDelay,
    hello_time: bridge.helloTime,
    max_age: bridge.maxAge,
    ageing_time: bridge.ageingTime,
    stp_state: bridge.stpState,
    priority: bridge.priority,
    vlan_filtering: bit(bridge.vlanFiltering),
    vlan_protocol: protocol && ETHERNET_TYPES[Buffer.from(protocol).readUInt16BE()],
    bridge_id: bridgeId(raw.bytes(IFLA_BR.IFLA_BR_BRIDGE_ID)),
    root_id: bridgeId(raw.bytes(IFLA_BR.IFLA_BR_ROOT_ID)),
    root_port: raw.u16(IFLA_BR.IFLA_BR_ROOT_PORT),
    root_path_cost: raw.u32(IFLA_BR.IFLA_BR_ROOT_PATH_COST),
    topology_change: raw.u8(IFLA_BR.IFLA_BR_TOPOLOGY_CHANGE),
    topology_change_detected: raw.u8(IFLA_BR.IFLA_BR_TOPOLOGY_CHANGE_DETECTED),
    hello_timer: seconds(raw.u64(IFLA_BR.IFLA_BR_HELLO_TIMER)),
    tcn_timer: seconds(raw.u64(IFLA_BR.IFLA_BR_TCN_TIMER)),
    topology_change_timer: seconds(raw.u64(IFLA_BR.IFLA_BR_TOPOLOGY_CHANGE_TIMER)),
    gc_timer: seconds(raw.u64(IFLA_BR.IFLA_BR_GC_TIMER)),
    vlan_default_pvid: bridge.vlanDefaultPvid,
    vlan_stats_enabled: raw.u8(IFLA_BR.IFLA_BR_VLAN_STATS_ENABLED),
    vlan_stats_per_port: raw.u8(IFLA_BR.IFLA_BR_VLAN_STATS_PER_PORT),
    group_fwd_mask: hex(bridge.groupForwardMask),
    group_addr: raw.macs(IFLA_BR.IFLA_BR_GROUP_ADDR)[0],
    mcast_snooping: bit(bridge.multicastSnooping),
    no_linklocal_learn: booleans === undefined ? undefined : booleans & 1,
    mcast_vlan_snooping: booleans === undefined ? undefined : (booleans >> 1) & 1,
    mcast_router: raw.u8(IFLA_BR.IFLA_BR_MCAST_ROUTER),
    mcast_query_use_ifaddr: raw.u8(IFLA_BR.IFLA_BR_MCAST_QUERY_USE_IFADDR),
    mcast_querier: raw.u8(IFLA_BR.IFLA_BR_MCAST_QUERIER),
    mcast_hash_elasticity: raw.u32(IFLA_BR.IFLA_BR_MCAST_HASH_ELASTICITY),
    mcast_hash_max: raw.u32(IFLA_BR.IFLA_BR_MCAST_HASH_ELASTICITY + 1),
    mcast_last_member_cnt: raw.u32(IFLA_BR.IFLA_BR_MCAST_LAST_MEMBER_CNT),
    mcast_startup_query_cnt: raw.u32(IFLA_BR.IFLA_BR_MCAST_STARTUP_QUERY_CNT),
    mcast_last_member_intvl: number(raw.u64(IFLA_BR.IFLA_BR_MCAST_LAST_MEMBER_INTVL)),
    mcast_membership_intvl: number(raw.u64(IFLA_BR.IFLA_BR_MCAST_MEMBERSHIP_INTVL)),
    mcast_querier_intvl: number(raw.u64(IFLA_BR.IFLA_BR_MCAST_QUERIER_INTVL)),
    mcast_query_intvl: number(raw.u64(IFLA_BR.IFLA_BR_MCAST_QUERY_INTVL)),
    mcast_query_response_intvl: number(raw.u64(IFLA_BR.IFLA_BR_MCAST_QUERY_RESPONSE_INTVL)),
    mcast_startup_query_intvl: number(raw.u64(IFLA_BR.IFLA_BR_MCAST_STARTUP_QUERY_INTVL)),
    mcast_stats_enabled: raw.u8(IFLA_BR.IFLA_BR_MCAST_STATS_ENABLED),
    mcast_igmp_version: raw.u8(IFLA_BR.IFLA_BR_MCAST_IGMP_VERSION),
    mcast_mld_version: raw.u8(IFLA_BR.IFLA_BR_MCAST_MLD_VERSION),
    nf_call_iptables: bit(bridge.callIptables),
    nf_call_ip6tables: bit(bridge.callIp6tables),
    nf_call_arptables: raw.u8(IFLA_BR.IFLA_BR_NF_CALL_ARPTABLES),
  };
}

const number = (value: bigint | undefined): number | undefined => (value === undefined ? undefined : Number(value));

function macvlanData(macvlan: NonNullable<LinkInfo['macvlan']>, raw: RawAttributes): IpObject {
  const source = macvlan.mode === MACVLAN_MODE.SOURCE;
  return {
    mode: nameOf(macvlan.mode, MACVLAN_MODE)?.toLowerCase(),
    nopromisc: ((macvlan.flags ?? 0) & 1) === 0 ? undefined : true,
    bcqueuelen: raw.u32(IFLA_MACVLAN.IFLA_MACVLAN_BC_QUEUE_LEN),
    usedbcqueuelen: raw.u32(IFLA_MACVLAN.IFLA_MACVLAN_BC_QUEUE_LEN_USED),
    macaddr_count: source ? raw.u32(IFLA_MACVLAN.IFLA_MACVLAN_MACADDR_COUNT) : undefined,
    macaddr_data: source ? raw.nest(IFLA_MACVLAN.IFLA_MACVLAN_MACADDR_DATA).macs(IFLA_MACVLAN.IFLA_MACVLAN_MACADDR) : undefined,
  };
}

function isMulticast(address: string | undefined): boolean {
  if (address === undefined) return false;
  return address.includes(':') ? address.startsWith('ff') : (Number(address.split('.')[0]) & 0xf0) === 0xe0;
}

function vxlanData(vxlan: NonNullable<LinkInfo['vxlan']>, raw: RawAttributes, linkNames: LinkNames): IpObject {
  const { group, group6, linkIndex, tos, ttl, limit } = vxlan;
  const range = raw.bytes(IFLA_VXLAN.IFLA_VXLAN_PORT_RANGE);
  const ports = range === undefined ? undefined : Buffer.from(range);
  const label = raw.be32(IFLA_VXLAN.IFLA_VXLAN_LABEL);
  // It says some things only where they are so.
  const set = (type: number): true | undefined => (raw.flag(type) === true ? true : undefined);
  const there = (type: number): true | undefined => (raw.has(type) ? true : undefined);
  const inherits = raw.flag(IFLA_VXLAN.IFLA_VXLAN_TTL_INHERIT) === true;
  return {
    external: vxlan.collectMetadata === true ? true : undefined,
    vnifilter: set(IFLA_VXLAN.IFLA_VXLAN_VNIFILTER),
    id: vxlan.id,
    ...(isMulticast(group) ? { group } : { remote: group }),
    ...(isMulticast(group6) ? { group6 } : { remote6: group6 }),
    local: vxlan.local,
    local6: vxlan.local6,
    link: linkIndex === undefined || linkIndex === 0 ? undefined : linkNames.get(linkIndex),
    port_range: ports && { low: ports.readUInt16BE(0), high: ports.readUInt16BE(2) },
    port: vxlan.port,
    learning: vxlan.learning,
    proxy: vxlan.proxy === true ? true : undefined,
    rsc: set(IFLA_VXLAN.IFLA_VXLAN_RSC),
    l2miss: set(IFLA_VXLAN.IFLA_VXLAN_L2MISS),
    l3miss: set(IFLA_VXLAN.IFLA_VXLAN_L3MISS),
    tos: tos === undefined || tos === 0 ? undefined : hex(tos),
    ttl: inherits ? undefined : ttl,
    df: ['unset', 'set', 'inherit'][raw.u8(IFLA_VXLAN.IFLA_VXLAN_DF) ?? 0],
    label: label === undefined || label === 0 ? undefined : hex(label),
    ageing: vxlan.ageingSeconds === 0 ? 'none' : vxlan.ageingSeconds,
    limit: limit === 0 ? undefined : limit,
    udp_csum: raw.flag(IFLA_VXLAN.IFLA_VXLAN_UDP_CSUM),
    udp_zero_csum6_tx: raw.flag(IFLA_VXLAN.IFLA_VXLAN_UDP_ZERO_CSUM6_TX),
    udp_zero_csum6_rx: raw.flag(IFLA_VXLAN.IFLA_VXLAN_UDP_ZERO_CSUM6_RX),
    remcsum_tx: set(IFLA_VXLAN.IFLA_VXLAN_REMCSUM_TX),
    remcsum_rx: set(IFLA_VXLAN.IFLA_VXLAN_REMCSUM_RX),
    gbp: there(IFLA_VXLAN.IFLA_VXLAN_GBP),
    gpe: there(IFLA_VXLAN.IFLA_VXLAN_GPE),
  };
}

function tunData(raw: RawAttributes): IpObject {
  const queues = raw.flag(IFLA_TUN.MULTI_QUEUE);
  return {
    type: ['', 'tun', 'tap'][raw.u8(IFLA_TUN.TYPE) ?? 0],
    pi: raw.flag(IFLA_TUN.PI),
    vnet_hdr: raw.flag(IFLA_TUN.VNET_HDR),
    multi_queue: queues,
    numqueues: queues === true ? raw.u32(IFLA_TUN.NUM_QUEUES) : undefined,
    numdisabled: queues === true ? raw.u32(IFLA_TUN.NUM_DISABLED_QUEUES) : undefined,
    persist: raw.flag(IFLA_TUN.PERSIST),
    user: raw.u32(IFLA_TUN.OWNER),
    group: raw.u32(IFLA_TUN.GROUP),
  };
}

function vlanData(vlan: NonNullable<LinkInfo['vlan']>, raw: RawAttributes): IpObject {
  const names = ['REORDER_HDR', 'GVRP', 'LOOSE_BINDING', 'MVRP', 'BRIDGE_BINDING'];
  const flags = raw.u32(IFLA_VLAN.IFLA_VLAN_FLAGS) ?? 0;
  return {
    protocol: vlan.protocol === undefined ? undefined : ETHERNET_TYPES[vlan.protocol],
    id: vlan.id,
    flags: names.filter((_name, index) => ((flags >> index) & 1) === 1),
  };
}

/** Kinds whose settings are compared; those that have none among them. */
export const COMPARED_KINDS: readonly (string | undefined)[] = [
  'veth',
  'ifb',
  'dummy',
  'bridge',
  'macvlan',
  'macvtap',
  'vxlan',
  'tun',
  'vlan',
  undefined,
];

/** `info_data` of a link; undefined when its kind has none. */
export function toInfoData(info: LinkInfo, raw: RawAttributes, linkNames: LinkNames): IpObject | undefined {
  if (info.bridge !== undefined) return compact(bridgeData(info.bridge, raw));
  if (info.macvlan !== undefined) return compact(macvlanData(info.macvlan, raw));
  if (info.vxlan !== undefined) return compact(vxlanData(info.vxlan, raw, linkNames));
  if (info.vlan !== undefined) return compact(vlanData(info.vlan, raw));
  return info.kind === 'tun' ? compact(tunData(raw)) : undefined;
}

/** `info_slave_data` of a port of a bridge. */
export function toBridgePortData(raw: RawAttributes, linkNames: LinkNames): IpObject {
  const mask = raw.u16(IFLA_BRPORT.GROUP_FWD_MASK);
  const backup = raw.u32(IFLA_BRPORT.BACKUP_PORT);
  return compact({
    state: PORT_STATES[raw.u8(IFLA_BRPORT.STATE) ?? 0],
    priority: raw.u16(IFLA_BRPORT.PRIORITY),
    cost: raw.u32(IFLA_BRPORT.COST),
    hairpin: raw.flag(IFLA_BRPORT.MODE),
    guard: raw.flag(IFLA_BRPORT.GUARD),
    root_block: raw.flag(IFLA_BRPORT.PROTECT),
    fastleave: raw.flag(IFLA_BRPORT.FAST_LEAVE),
    learning: raw.flag(IFLA_BRPORT.LEARNING),
    flood: raw.flag(IFLA_BRPORT.UNICAST_FLOOD),
    id: hex(raw.u16(IFLA_BRPORT.ID)),
    no: hex(raw.u16(IFLA_BRPORT.NO)),
    designated_port: raw.u16(IFLA_BRPORT.DESIGNATED_PORT),
    designated_cost: raw.u16(IFLA_BRPORT.DESIGNATED_COST),
    bridge_id: bridgeId(raw.bytes(IFLA_BRPORT.BRIDGE_ID)),
    root_id: bridgeId(raw.bytes(IFLA_BRPORT.ROOT_ID)),
    hold_timer: seconds(raw.u64(IFLA_BRPORT.HOLD_TIMER)),
    message_age_timer: seconds(raw.u64(IFLA_BRPORT.MESSAGE_AGE_TIMER)),
    forward_delay_timer: seconds(raw.u64(IFLA_BRPORT.FORWARD_DELAY_TIMER)),
    topology_change_ack: raw.u8(IFLA_BRPORT.TOPOLOGY_CHANGE_ACK),
    config_pending: raw.u8(IFLA_BRPORT.CONFIG_PENDING),
    proxy_arp: raw.flag(IFLA_BRPORT.PROXYARP),
    proxy_arp_wifi: raw.flag(IFLA_BRPORT.PROXYARP_WIFI),
    multicast_router: raw.u8(IFLA_BRPORT.MULTICAST_ROUTER),
    mcast_flood: raw.flag(IFLA_BRPORT.MCAST_FLOOD),
    bcast_flood: raw.flag(IFLA_BRPORT.BCAST_FLOOD),
    mcast_to_unicast: raw.flag(IFLA_BRPORT.MCAST_TO_UCAST),
    neigh_suppress: raw.flag(IFLA_BRPORT.NEIGH_SUPPRESS),
    group_fwd_mask: hex(mask),
    vlan_tunnel: raw.flag(IFLA_BRPORT.VLAN_TUNNEL),
    isolated: raw.flag(IFLA_BRPORT.ISOLATED),
    locked: raw.flag(IFLA_BRPORT.LOCKED),
    backup_port: backup === undefined || backup === 0 ? undefined : linkNames.get(backup),
  });
}
