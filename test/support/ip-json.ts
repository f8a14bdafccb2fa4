import {
  type AddressMessage,
  FIB_RULE,
  IF_OPER,
  IFF,
  type LinkMessage,
  MACVLAN_MODE,
  type NeighbourMessage,
  NTF,
  NUD,
  type RouteMessage,
  RTNH_F,
  type RuleMessage,
} from '../../netlink/wire/index.js';

/** What `ip -N -d -j` prints for one object; only what both sides can say is compared. */
export type IpObject = Readonly<Record<string, unknown>>;

/** Names of links by index, as `ip` prints names where the kernel has indexes. */
export type LinkNames = ReadonlyMap<number, string>;

/** Names of set bits, in the order of the table. */
function names(bits: number, table: Readonly<Record<string, number>>): string[] {
  return Object.entries(table)
    .filter(([, bit]) => bit !== 0 && (bits & bit) === bit)
    .map(([name]) => name);
}

const nameOf = (value: number | undefined, table: Readonly<Record<string, number>>): string | undefined =>
  Object.entries(table).find(([, number]) => number === value)?.[0];

/** Without what is undefined. */
function compact(object: IpObject): IpObject {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}

function pick(object: IpObject, keys: readonly string[]): IpObject {
  return compact(Object.fromEntries(keys.map((key) => [key, object[key]])));
}

function infoData({ info }: LinkMessage): IpObject | undefined {
  const bit = (value: boolean | undefined): number | undefined => (value === undefined ? undefined : Number(value));
  if (info?.bridge !== undefined) {
    const { forwardDelay, helloTime, maxAge, ageingTime, stpState, priority, vlanFiltering, multicastSnooping, callIptables } = info.bridge;
    return {
      forward_delay: forwardDelay,
      hello_time: helloTime,
      max_age: maxAge,
      ageing_time: ageingTime,
      stp_state: stpState,
      priority,
      vlan_filtering: bit(vlanFiltering),
      mcast_snooping: bit(multicastSnooping),
      nf_call_iptables: bit(callIptables),
    };
  }
  if (info?.macvlan !== undefined) return { mode: nameOf(info.macvlan.mode, MACVLAN_MODE)?.toLowerCase() };
  if (info?.vxlan !== undefined) {
    const { id, local, local6, group, group6, port, ttl, learning, ageingSeconds } = info.vxlan;
    // It says "group" for multicast only.
    return { id, local, local6, remote: group, remote6: group6, port, ttl, learning, ageing: ageingSeconds };
  }
  return undefined;
}

const LINK_KEYS = [
  'ifindex ifname link link_index link_netnsid flags mtu qdisc master operstate group txqlen address broadcast promiscuity',
  'min_mtu max_mtu num_tx_queues num_rx_queues altnames ifalias linkinfo',
].flatMap((line) => line.split(' '));

/** A link as `ip -N -d -j link` prints it. */
export function toIpLink(link: LinkMessage, linkNames: LinkNames): IpObject {
  const { info, lowerIndex } = link;
  const data = infoData(link);
  const elsewhere = link.lowerNamespaceId !== undefined;
  return compact({
    ifindex: link.index,
    ifname: link.name,
    link: lowerIndex === undefined || elsewhere ? undefined : linkNames.get(lowerIndex),
    link_index: elsewhere ? lowerIndex : undefined,
    link_netnsid: link.lowerNamespaceId,
    flags: names(link.flags ?? 0, IFF)
      .filter((name) => name !== 'RUNNING')
      .sort(),
    mtu: link.mtu,
    qdisc: link.qdisc,
    master: link.masterIndex === undefined ? undefined : linkNames.get(link.masterIndex),
    operstate: nameOf(link.operState, IF_OPER),
    group: `${link.group}`,
    txqlen: link.txQueueLength,
    address: link.mac,
    broadcast: link.broadcast,
    promiscuity: link.promiscuity,
    min_mtu: link.minMtu,
    max_mtu: link.maxMtu,
    num_tx_queues: link.txQueues,
    num_rx_queues: link.rxQueues,
    altnames: link.altNames,
    ifalias: link.alias,
    linkinfo:
      info === undefined ? undefined : compact({ info_kind: info.kind, info_slave_kind: info.slaveKind, info_data: data && compact(data) }),
  });
}

/** The comparable part of what `ip` prints for a link; `like` is ours, whose kind-specific settings say which of its many are compared. */
export function fromIpLink(printed: IpObject, like: IpObject): IpObject {
  const info = printed['linkinfo'] as IpObject | undefined;
  const wanted = (like['linkinfo'] as IpObject | undefined)?.['info_data'] as IpObject | undefined;
  const data = info?.['info_data'] as IpObject | undefined;
  return {
    ...pick(printed, LINK_KEYS),
    // Without a carrier it says so in place of nothing.
    flags: [...(printed['flags'] as readonly string[])].filter((name) => name !== 'NO-CARRIER').sort(),
    ...(info === undefined
      ? {}
      : {
          linkinfo: compact({
            info_kind: info['info_kind'],
            info_slave_kind: info['info_slave_kind'],
            info_data: wanted && data && pick(data, Object.keys(wanted)),
          }),
        }),
  };
}

/** An address as `ip -N -d -j addr` prints it. */
export function toIpAddress(address: AddressMessage): IpObject {
  const local = address.local ?? address.address;
  return compact({
    family: address.family === 2 ? 'inet' : 'inet6',
    local,
    address: address.address === local ? undefined : address.address,
    prefixlen: address.prefix,
    broadcast: address.broadcast,
    metric: address.routeMetric,
    scope: `${address.scope}`,
    label: address.label,
    valid_life_time: address.lifetime?.validSeconds,
    preferred_life_time: address.lifetime?.preferredSeconds,
  });
}

/** The comparable part of what `ip` prints for an address. */
export function fromIpAddress(printed: IpObject): IpObject {
  const keys = 'family local address prefixlen broadcast metric scope label valid_life_time preferred_life_time';
  return pick(printed, keys.split(' '));
}

const withoutHostLength = (range: string): string =>
  /^(0\.0\.0\.0|::)\/0$/.test(range) ? 'default' : range.replace(/^([0-9.]+)\/32$|^(.*:.*)\/128$/, '$1$2');

/** A route as `ip -N -d -j route show table all` prints it. */
export function toIpRoute(route: RouteMessage, linkNames: LinkNames): IpObject {
  const dev = (index: number | undefined): string | undefined => (index === undefined ? undefined : linkNames.get(index));
  const { metrics } = route;
  return compact({
    type: `${route.type}`,
    dst: withoutHostLength(route.dst ?? ''),
    from: route.src === undefined ? undefined : withoutHostLength(route.src),
    gateway: route.gateway,
    via: route.via === undefined ? undefined : { family: route.via.family === 10 ? 'inet6' : 'inet', host: route.via.address },
    dev: dev(route.linkIndex),
    table: `${route.table}`,
    protocol: `${route.protocol}`,
    scope: `${route.scope}`,
    prefsrc: route.preferredSource,
    metric: route.metric,
    flags: names(route.flags ?? 0, { onlink: RTNH_F.ONLINK, linkdown: RTNH_F.LINKDOWN, dead: RTNH_F.DEAD }),
    metrics: metrics === undefined ? undefined : [compact({ mtu: metrics.mtu, advmss: metrics.advmss })],
    nexthops: route.nextHops?.map((hop) => compact({ gateway: hop.gateway, dev: dev(hop.linkIndex), weight: hop.weight })),
  });
}

/** The comparable part of what `ip` prints for a route. */
export function fromIpRoute(printed: IpObject): IpObject {
  const keys = 'type dst from gateway via dev table protocol scope prefsrc metric flags metrics';
  const hops = printed['nexthops'] as readonly IpObject[] | undefined;
  return compact({ ...pick(printed, keys.split(' ')), nexthops: hops?.map((hop) => pick(hop, ['gateway', 'dev', 'weight'])) });
}

/** A rule as `ip -N -d -j rule` prints it. */
export function toIpRule(rule: RuleMessage): IpObject {
  const [src = 'all', srclen] = rule.src?.split('/') ?? [];
  const [dst, dstlen] = rule.dst?.split('/') ?? [];
  return compact({
    priority: rule.priority ?? 0,
    not: ((rule.flags ?? 0) & FIB_RULE.INVERT) === 0 ? undefined : null,
    src,
    srclen: srclen === undefined ? undefined : Number(srclen),
    dst,
    dstlen: dstlen === undefined ? undefined : Number(dstlen),
    iif: rule.inputName,
    oif: rule.outputName,
    fwmark: rule.mark === undefined || rule.mark === 0 ? undefined : `0x${rule.mark.toString(16)}`,
    fwmask: rule.markMask === undefined || rule.mark === undefined ? undefined : `0x${rule.markMask.toString(16)}`,
    table: rule.table === 0 ? undefined : `${rule.table}`,
    goto: rule.goto,
    protocol: `${rule.protocol}`,
  });
}

/** The comparable part of what `ip` prints for a rule. */
export function fromIpRule(printed: IpObject): IpObject {
  return pick(printed, 'priority not src srclen dst dstlen iif oif fwmark fwmask table goto protocol'.split(' '));
}

/** A neighbour as `ip -N -d -j neigh` prints it. */
export function toIpNeighbour(neighbour: NeighbourMessage, linkNames: LinkNames): IpObject {
  const proxy = ((neighbour.flags ?? 0) & NTF.PROXY) !== 0;
  return compact({
    dst: neighbour.address,
    dev: linkNames.get(neighbour.linkIndex),
    lladdr: neighbour.mac,
    state: proxy ? undefined : names(neighbour.state ?? 0, NUD),
    proxy: proxy ? null : undefined,
  });
}

/** The comparable part of what `ip` prints for a neighbour. */
export function fromIpNeighbour(printed: IpObject): IpObject {
  return pick(printed, ['dst', 'dev', 'lladdr', 'state', 'proxy']);
}
