import { type BridgeId, type BridgePortData, type LinkInfo, MACVLAN_MODE, type VlanFlags } from '../../netlink/wire/index.js';
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

const PORT_STATES = ['disabled', 'listening', 'learning', 'forwarding', 'blocking'];
const ETHERNET_TYPES: Readonly<Record<number, string>> = { 33024: '802.1Q', 34984: '802.1ad' };

const bit = (value: boolean | undefined): number | undefined => (value === undefined ? undefined : Number(value));
const number = (value: bigint | undefined): number | undefined => (value === undefined ? undefined : Number(value));
const seconds = (hundredths: bigint | undefined): number | undefined => (hundredths === undefined ? undefined : Number(hundredths) / 100);
/** What `ip` says only where it is so. */
const set = (value: boolean | undefined): true | undefined => (value === true ? true : undefined);

/** The id of a bridge as `ip` writes it: priority, then the hardware address in its own short form. */
function bridgeId(id: BridgeId | undefined): string | undefined {
  if (id === undefined) return undefined;
  const short = id.mac.split(':').map((byte) => byte.replace(/^0/, ''));
  return `${id.priority.toString(16).padStart(4, '0')}.${short.join(':')}`;
}

function bridgeData(bridge: NonNullable<LinkInfo['bridge']>): IpObject {
  return {
    forward_delay: bridge.forwardDelay,
    hello_time: bridge.helloTime,
    max_age: bridge.maxAge,
    ageing_time: bridge.ageingTime,
    stp_state: bridge.stpState,
    priority: bridge.priority,
    vlan_filtering: bit(bridge.vlanFiltering),
    vlan_protocol: bridge.vlanProtocol === undefined ? undefined : ETHERNET_TYPES[bridge.vlanProtocol],
    bridge_id: bridgeId(bridge.bridgeId),
    root_id: bridgeId(bridge.rootId),
    root_port: bridge.rootPort,
    root_path_cost: bridge.rootPathCost,
    topology_change: bit(bridge.topologyChange),
    topology_change_detected: bit(bridge.topologyChangeDetected),
    hello_timer: seconds(bridge.helloTimer),
    tcn_timer: seconds(bridge.topologyNotificationTimer),
    topology_change_timer: seconds(bridge.topologyChangeTimer),
    gc_timer: seconds(bridge.cleanUpTimer),
    vlan_default_pvid: bridge.vlanDefaultPvid,
    vlan_stats_enabled: bit(bridge.vlanStats),
    vlan_stats_per_port: bit(bridge.vlanStatsPerPort),
    group_fwd_mask: hex(bridge.groupForwardMask),
    group_addr: bridge.groupAddress,
    mcast_snooping: bit(bridge.multicastSnooping),
    no_linklocal_learn: bit(bridge.options?.noLinkLocalLearning),
    mcast_vlan_snooping: bit(bridge.options?.multicastVlanSnooping),
    mcast_router: bridge.multicastRouter,
    mcast_query_use_ifaddr: bit(bridge.multicastQueryUseAddress),
    mcast_querier: bit(bridge.multicastQuerier),
    mcast_hash_elasticity: bridge.multicastHashElasticity,
    mcast_hash_max: bridge.multicastHashMax,
    mcast_last_member_cnt: bridge.multicastLastMemberCount,
    mcast_startup_query_cnt: bridge.multicastStartupQueryCount,
    mcast_last_member_intvl: number(bridge.multicastLastMemberInterval),
    mcast_membership_intvl: number(bridge.multicastMembershipInterval),
    mcast_querier_intvl: number(bridge.multicastQuerierInterval),
    mcast_query_intvl: number(bridge.multicastQueryInterval),
    mcast_query_response_intvl: number(bridge.multicastQueryResponseInterval),
    mcast_startup_query_intvl: number(bridge.multicastStartupQueryInterval),
    mcast_stats_enabled: bit(bridge.multicastStats),
    mcast_igmp_version: bridge.multicastIgmpVersion,
    mcast_mld_version: bridge.multicastMldVersion,
    nf_call_iptables: bit(bridge.callIptables),
    nf_call_ip6tables: bit(bridge.callIp6tables),
    nf_call_arptables: bit(bridge.callArptables),
  };
}

function macvlanData(macvlan: NonNullable<LinkInfo['macvlan']>): IpObject {
  const source = macvlan.mode === MACVLAN_MODE.SOURCE;
  return {
    mode: nameOf(macvlan.mode, MACVLAN_MODE)?.toLowerCase(),
    nopromisc: set(((macvlan.flags ?? 0) & 1) !== 0),
    bcqueuelen: macvlan.broadcastQueueLength,
    usedbcqueuelen: macvlan.usedBroadcastQueueLength,
    macaddr_count: source ? macvlan.macAddressCount : undefined,
    macaddr_data: source ? macvlan.macAddresses : undefined,
  };
}

function isMulticast(address: string | undefined): boolean {
  if (address === undefined) return false;
  return address.includes(':') ? address.startsWith('ff') : (Number(address.split('.')[0]) & 0xf0) === 0xe0;
}

function vxlanData(vxlan: NonNullable<LinkInfo['vxlan']>, linkNames: LinkNames): IpObject {
  const { group, group6, linkIndex, tos, limit, flowLabel, sourcePorts } = vxlan;
  return {
    external: set(vxlan.collectMetadata),
    vnifilter: set(vxlan.vniFilter),
    id: vxlan.id,
    ...(isMulticast(group) ? { group } : { remote: group }),
    ...(isMulticast(group6) ? { group6 } : { remote6: group6 }),
    local: vxlan.local,
    local6: vxlan.local6,
    link: linkIndex === undefined || linkIndex === 0 ? undefined : linkNames.get(linkIndex),
    port_range: sourcePorts && { low: sourcePorts.from, high: sourcePorts.to },
    port: vxlan.port,
    learning: vxlan.learning,
    proxy: set(vxlan.proxy),
    rsc: set(vxlan.routeShortCircuit),
    l2miss: set(vxlan.reportMissingMac),
    l3miss: set(vxlan.reportMissingAddress),
    tos: tos === undefined || tos === 0 ? undefined : hex(tos),
    ttl: vxlan.ttlInherit === true ? undefined : vxlan.ttl,
    df: ['unset', 'set', 'inherit'][vxlan.dontFragment ?? 0],
    label: flowLabel === undefined || flowLabel === 0 ? undefined : hex(flowLabel),
    ageing: vxlan.ageingSeconds === 0 ? 'none' : vxlan.ageingSeconds,
    limit: limit === 0 ? undefined : limit,
    udp_csum: vxlan.udpChecksum,
    udp_zero_csum6_tx: vxlan.udpZeroChecksum6Tx,
    udp_zero_csum6_rx: vxlan.udpZeroChecksum6Rx,
    remcsum_tx: set(vxlan.remoteChecksumTx),
    remcsum_rx: set(vxlan.remoteChecksumRx),
    gbp: vxlan.groupPolicy,
    gpe: vxlan.genericProtocol,
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

const VLAN_FLAGS = {
  reorderHeader: 'REORDER_HDR',
  gvrp: 'GVRP',
  looseBinding: 'LOOSE_BINDING',
  mvrp: 'MVRP',
  bridgeBinding: 'BRIDGE_BINDING',
} as const satisfies { readonly [K in Exclude<keyof VlanFlags, 'other'>]: string };

function vlanData({ protocol, id, flags }: NonNullable<LinkInfo['vlan']>): IpObject {
  return {
    protocol: protocol === undefined ? undefined : ETHERNET_TYPES[protocol],
    id,
    flags: Object.entries(VLAN_FLAGS).flatMap(([key, name]) => (flags?.[key as keyof typeof VLAN_FLAGS] === true ? [name] : [])),
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

/** `info_data` of a link; undefined when its kind has none. @param raw the same in bytes, for kinds that the model keeps undecoded */
export function toInfoData(info: LinkInfo, raw: RawAttributes, linkNames: LinkNames): IpObject | undefined {
  if (info.bridge !== undefined) return compact(bridgeData(info.bridge));
  if (info.macvlan !== undefined) return compact(macvlanData(info.macvlan));
  if (info.vxlan !== undefined) return compact(vxlanData(info.vxlan, linkNames));
  if (info.vlan !== undefined) return compact(vlanData(info.vlan));
  return info.kind === 'tun' ? compact(tunData(raw)) : undefined;
}

/** `info_slave_data` of a port of a bridge. */
export function toBridgePortData(port: BridgePortData, linkNames: LinkNames): IpObject {
  const { backupPort } = port;
  return compact({
    state: PORT_STATES[port.state ?? 0],
    priority: port.priority,
    cost: port.cost,
    hairpin: port.hairpin,
    guard: port.guard,
    root_block: port.rootBlock,
    fastleave: port.fastLeave,
    learning: port.learning,
    flood: port.flood,
    id: hex(port.portId),
    no: hex(port.portNumber),
    designated_port: port.designatedPort,
    designated_cost: port.designatedCost,
    bridge_id: bridgeId(port.bridgeId),
    root_id: bridgeId(port.rootId),
    hold_timer: seconds(port.holdTimer),
    message_age_timer: seconds(port.messageAgeTimer),
    forward_delay_timer: seconds(port.forwardDelayTimer),
    topology_change_ack: bit(port.topologyChangeAcknowledged),
    config_pending: bit(port.configurationPending),
    proxy_arp: port.proxyArp,
    proxy_arp_wifi: port.proxyArpWifi,
    multicast_router: port.multicastRouter,
    mcast_flood: port.multicastFlood,
    bcast_flood: port.broadcastFlood,
    mcast_to_unicast: port.multicastToUnicast,
    neigh_suppress: port.neighbourSuppress,
    group_fwd_mask: hex(port.groupForwardMask),
    vlan_tunnel: port.vlanTunnel,
    isolated: port.isolated,
    locked: port.locked,
    backup_port: backupPort === undefined || backupPort === 0 ? undefined : linkNames.get(backupPort),
  });
}
