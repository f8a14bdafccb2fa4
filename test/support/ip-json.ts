import { RTA } from '../../netlink/wire/constants/index.js';
import {
  type AddressMessage,
  encodeAddress,
  encodeRoute,
  FIB_RULE,
  FR_ACT,
  IFA_F,
  type NeighbourMessage,
  type NextHop,
  NTF,
  NUD,
  type NumberRange,
  type RouteMessage,
  type RouteMetrics,
  RTM_F,
  RTNH_F,
  type RuleMessage,
} from '../../netlink/wire/index.js';
import { RawAttributes } from './raw-attributes.js';

/** What `ip -N -d -j` prints for one object. */
export type IpObject = Readonly<Record<string, unknown>>;

/** Names of links by index, as `ip` prints names where the kernel has indexes. */
export type LinkNames = ReadonlyMap<number, string>;

/** The name of a number in a table. */
export const nameOf = (value: number | undefined, table: Readonly<Record<string, number>>): string | undefined =>
  Object.entries(table).find(([, number]) => number === value)?.[0];

/** Without what is undefined. */
export function compact(object: IpObject): IpObject {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}

/** A number as printf's `%#x` has it. */
export function hex(value: number | undefined): string | undefined {
  return value === undefined ? undefined : value === 0 ? '0' : `0x${value.toString(16)}`;
}

/**
 * An address as the C library spells it, which `ip` uses: with an IPv4 address inside in its own way of writing. RFC 5952 leaves both
 * ways open, and the library keeps to the one without.
 */
export function spelt<T extends string | undefined>(address: T): T {
  const hidden = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})(?=$|\/)/.exec(address ?? '');
  if (address === undefined || hidden === null) return address;
  const [high, low] = [Number.parseInt(hidden[1] ?? '', 16), Number.parseInt(hidden[2] ?? '', 16)];
  return address.replace(hidden[0], `::ffff:${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`) as T;
}

/** Something that `ip` prints as null where it is so, and not at all where it is not. */
const mark = (is: boolean): null | undefined => (is ? null : undefined);

/** Ticks of clock_t in a second (USER_HZ), which is what the kernel counts such times in. */
const TICKS = 100;

/** How `ip` names the flags of an address, in its order. Not being permanent is what it prints. */
const ADDRESS_FLAGS: Readonly<Record<string, number>> = {
  nodad: IFA_F.NODAD,
  optimistic: IFA_F.OPTIMISTIC,
  dadfailed: IFA_F.DADFAILED,
  home: IFA_F.HOMEADDRESS,
  deprecated: IFA_F.DEPRECATED,
  tentative: IFA_F.TENTATIVE,
  mngtmpaddr: IFA_F.MANAGETEMPADDR,
  noprefixroute: IFA_F.NOPREFIXROUTE,
  autojoin: IFA_F.MCAUTOJOIN,
  'stable-privacy': IFA_F.STABLE_PRIVACY,
};
const IFA_ANYCAST = 5;

/** An address as `ip -N -d -j addr` prints it. */
export function toIpAddress(address: AddressMessage): IpObject {
  const raw = new RawAttributes(encodeAddress(address).subarray(8));
  const local = address.local ?? address.address;
  const flags = address.flags ?? 0;
  const wide = address.family === 10;
  const secondary = (flags & IFA_F.SECONDARY) === 0 ? {} : { [wide ? 'temporary' : 'secondary']: true };
  return compact({
    family: wide ? 'inet6' : 'inet',
    local: spelt(local),
    address: address.address === local ? undefined : spelt(address.address),
    prefixlen: address.prefix,
    broadcast: address.broadcast,
    anycast: raw.ip(IFA_ANYCAST),
    metric: address.routeMetric,
    scope: `${address.scope}`,
    ...secondary,
    ...Object.fromEntries(Object.entries(ADDRESS_FLAGS).flatMap(([name, bit]) => ((flags & bit) === 0 ? [] : [[name, true]]))),
    dynamic: (flags & IFA_F.PERMANENT) === 0 ? true : undefined,
    label: address.label,
    valid_life_time: address.lifetime?.validSeconds,
    preferred_life_time: address.lifetime?.preferredSeconds,
  });
}

const withoutHostLength = (range: string): string =>
  /^(0\.0\.0\.0|::)\/0$/.test(range) ? 'default' : spelt(range).replace(/^([0-9.]+)\/32$|^(.*:.*)\/128$/, '$1$2');

const ROUTE_FLAGS: Readonly<Record<string, number>> = {
  dead: RTNH_F.DEAD,
  onlink: RTNH_F.ONLINK,
  pervasive: RTNH_F.PERVASIVE,
  offload: RTNH_F.OFFLOAD,
  trap: RTNH_F.TRAP,
  linkdown: RTNH_F.LINKDOWN,
  unresolved: RTNH_F.UNRESOLVED,
  rt_offload: RTM_F.OFFLOAD,
  rt_trap: RTM_F.TRAP,
};

const routeFlags = (flags: number): readonly string[] =>
  Object.entries(ROUTE_FLAGS)
    .filter(([, bit]) => (flags & bit) !== 0)
    .map(([name]) => name);

/** A realm, or two of them in one number. */
function toFlow(flow: number | undefined): IpObject | undefined {
  if (flow === undefined) return undefined;
  const from = flow >>> 16;
  return compact({ from: from === 0 ? undefined : `${from}`, to: `${flow & 0xffff}` });
}

const RTAX_FEATURE_ECN = 1;

function toMetrics(metrics: RouteMetrics): IpObject {
  const { rtt, rttvar, features, congestionControl } = metrics;
  return compact({
    mtu: metrics.mtu,
    window: metrics.window,
    // The kernel has eighths and quarters of milliseconds.
    rtt: rtt === undefined ? undefined : Math.floor(rtt / 8),
    rttvar: rttvar === undefined ? undefined : Math.floor(rttvar / 4),
    ssthresh: metrics.ssthresh,
    cwnd: metrics.cwnd,
    advmss: metrics.advmss,
    reordering: metrics.reordering,
    hoplimit: metrics.hoplimit,
    initcwnd: metrics.initcwnd,
    ecn: mark(((features ?? 0) & RTAX_FEATURE_ECN) !== 0),
    rto_min: metrics.rtoMin,
    initrwnd: metrics.initrwnd,
    quickack: metrics.quickack,
    congestion: congestionControl,
  });
}

function toVia(via: RouteMessage['via']): IpObject | undefined {
  return via === undefined ? undefined : { family: via.family === 10 ? 'inet6' : 'inet', host: via.address };
}

function toHop(hop: NextHop, linkNames: LinkNames): IpObject {
  return compact({
    gateway: hop.gateway,
    via: toVia(hop.via),
    flow: toFlow(hop.flow),
    dev: linkNames.get(hop.linkIndex),
    weight: hop.weight,
    flags: routeFlags(hop.flags),
  });
}

const LWTUNNEL_ENCAP_SEG6 = 5;
const SEG6_IPTUNNEL_SRH = 1;
const SEG6_MODES = ['inline', 'encap'];

/** A segment routing header (RFC 8754) behind a mode, inside RTA_ENCAP. */
function toEncap(type: number | undefined, raw: RawAttributes): IpObject {
  const bytes = raw.nest(RTA.RTA_ENCAP).bytes(SEG6_IPTUNNEL_SRH);
  if (type !== LWTUNNEL_ENCAP_SEG6 || bytes === undefined) return {};
  const segments: string[] = [];
  for (let at = 4 + 8; at + 16 <= bytes.length; at += 16) {
    const parts = Array.from({ length: 8 }, (_none, i) => (((bytes[at + 2 * i] ?? 0) << 8) | (bytes[at + 2 * i + 1] ?? 0)).toString(16));
    segments.unshift(parts.join(':').replace(/(:0)+:/, '::'));
  }
  return { encap: 'seg6', mode: SEG6_MODES[bytes[0] ?? 0], segs: segments };
}

/** What is not compared of a route, and why. A key that is neither mapped nor here fails the test. */
export const ROUTE_KEYS_LEFT_OUT: Readonly<Record<string, string>> = {
  nh_info: 'ip asks for the next hop object by a request of its own',
};

/** A route as `ip -N -d -j route show table all` prints it. */
export function toIpRoute(route: RouteMessage, linkNames: LinkNames): IpObject {
  const raw = new RawAttributes(encodeRoute(route).subarray(12));
  const dev = (index: number | undefined): string | undefined => (index === undefined ? undefined : linkNames.get(index));
  const { metrics, tos, preference, encapType } = route;
  const expires = route.cacheInfo?.expires ?? 0;
  return compact({
    type: `${route.type}`,
    dst: withoutHostLength(route.dst ?? ''),
    from: route.src === undefined ? undefined : withoutHostLength(route.src),
    tos: tos === 0 ? undefined : hex(tos),
    nhid: route.nextHopId,
    ...toEncap(encapType, raw),
    gateway: route.gateway,
    via: toVia(route.via),
    dev: dev(route.linkIndex),
    table: `${route.table}`,
    protocol: `${route.protocol}`,
    scope: `${route.scope}`,
    prefsrc: route.preferredSource,
    metric: route.metric,
    flags: routeFlags(route.flags ?? 0),
    flow: toFlow(route.flow),
    metrics: metrics === undefined ? undefined : [toMetrics(metrics)],
    expires: expires === 0 ? undefined : Math.floor(expires / TICKS),
    pref: preference === undefined ? undefined : ['medium', 'high', '', 'low'][preference],
    nexthops: route.nextHops?.map((hop) => toHop(hop, linkNames)),
  });
}

function ports(name: 'sport' | 'dport', range: NumberRange | undefined): IpObject {
  if (range === undefined) return {};
  return range.from === range.to ? { [name]: range.from } : { [`${name}_start`]: range.from, [`${name}_end`]: range.to };
}

/** A rule as `ip -N -d -j rule` prints it. */
export function toIpRule(rule: RuleMessage): IpObject {
  const flags = rule.flags ?? 0;
  const [src = 'all', srclen] = rule.src === undefined ? [] : withoutHostLength(rule.src).split('/');
  const [dst, dstlen] = rule.dst === undefined ? [] : withoutHostLength(rule.dst).split('/');
  const { mark: wanted, markMask, tos, table, flow, suppressPrefix, suppressGroup, action } = rule;
  const marked = wanted !== undefined || markMask !== undefined;
  const none = 0xffff_ffff;
  const silent = action === FR_ACT.TO_TBL || action === FR_ACT.GOTO || action === FR_ACT.NOP;
  return compact({
    priority: rule.priority ?? 0,
    not: mark((flags & FIB_RULE.INVERT) !== 0),
    src,
    srclen: srclen === undefined ? undefined : Number(srclen),
    dst,
    dstlen: dstlen === undefined ? undefined : Number(dstlen),
    tos: tos === 0 ? undefined : hex(tos),
    fwmark: marked ? `0x${(wanted ?? 0).toString(16)}` : undefined,
    fwmask: markMask === undefined || markMask === none ? undefined : `0x${markMask.toString(16)}`,
    iif: rule.inputName,
    iif_detached: mark((flags & FIB_RULE.IIF_DETACHED) !== 0),
    oif: rule.outputName,
    oif_detached: mark((flags & FIB_RULE.OIF_DETACHED) !== 0),
    l3mdev: mark(rule.l3mdev === true),
    uid_start: rule.uidRange?.from,
    uid_end: rule.uidRange?.to,
    ipproto: rule.ipProtocol === undefined ? undefined : `ipproto-${rule.ipProtocol}`,
    ...ports('sport', rule.sourcePorts),
    ...ports('dport', rule.destinationPorts),
    tun_id: rule.tunnelId === undefined ? undefined : Number(rule.tunnelId),
    table: table === 0 ? undefined : `${table}`,
    suppress_prefixlen: table === 0 || suppressPrefix === none ? undefined : suppressPrefix,
    suppress_ifgroup: table === 0 || suppressGroup === undefined || suppressGroup === none ? undefined : `${suppressGroup}`,
    flow_from: flow === undefined || flow >>> 16 === 0 ? undefined : `${flow >>> 16}`,
    flow_to: flow === undefined ? undefined : `${flow & 0xffff}`,
    goto: action === FR_ACT.GOTO ? rule.goto : undefined,
    unresolved: mark((flags & FIB_RULE.UNRESOLVED) !== 0),
    nop: mark(action === FR_ACT.NOP),
    action: silent ? undefined : `${action}`,
    protocol: `${rule.protocol}`,
  });
}

const NEIGHBOUR_FLAGS: Readonly<Record<string, number>> = {
  router: NTF.ROUTER,
  proxy: NTF.PROXY,
  extern_learn: NTF.EXT_LEARNED,
  offload: NTF.OFFLOADED,
};
const NTF_EXT_MANAGED = 1;

/** Times as `ip -s` prints them: whole seconds. */
function toCache(cache: NeighbourMessage['cacheInfo']): IpObject {
  if (cache === undefined) return {};
  const { references, used, confirmed, updated } = cache;
  const seconds = (ticks: number): number => Math.floor(ticks / TICKS);
  return {
    refcnt: references === 0 ? undefined : references,
    used: seconds(used),
    confirmed: seconds(confirmed),
    updated: seconds(updated),
  };
}

/** A neighbour as `ip -s -N -d -j neigh` prints it. */
export function toIpNeighbour(neighbour: NeighbourMessage, linkNames: LinkNames): IpObject {
  const flags = neighbour.flags ?? 0;
  const state = Object.entries(NUD).flatMap(([name, bit]) => (((neighbour.state ?? 0) & bit) === 0 ? [] : [name]));
  const { linkIndex, protocol, probes } = neighbour;
  return compact({
    dst: neighbour.address,
    dev: linkIndex === 0 ? undefined : linkNames.get(linkIndex),
    lladdr: neighbour.mac,
    ...Object.fromEntries(Object.entries(NEIGHBOUR_FLAGS).flatMap(([name, bit]) => ((flags & bit) === 0 ? [] : [[name, null]]))),
    managed: mark(((neighbour.extendedFlags ?? 0) & NTF_EXT_MANAGED) !== 0),
    ...toCache(neighbour.cacheInfo),
    probes,
    state: state.length === 0 ? undefined : state,
    protocol: protocol === undefined ? undefined : `${protocol}`,
  });
}
