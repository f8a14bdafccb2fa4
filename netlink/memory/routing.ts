import { type Cidr, contains, formatCidr, formatIp, type IpAddress, parseIp, sameIp, toNetwork } from '../../lib/address.js';
import type { Route, RouteRequest, RouteSettings } from '../../lib/driver.js';
import { toShownMetrics } from '../../lib/network-plan/index.js';
import type { RouteArgument } from '../argument.js';

const mainTable = 254;
const kernelProtocol = 2;
const bootProtocol = 3;
const linkScope = 253;
/** IP6_RT_PRIO_ADDRCONF and IP6_RT_PRIO_USER, include/net/ip6_route.h and uapi/linux/ipv6_route.h. */
const connectedMetric6 = 256;
const defaultMetric6 = 1024;

/** One next hop of a route that has several. */
export interface MemoryNextHop {
  /** The next hop's address. */
  readonly gateway: IpAddress;
  /** The link it is on. */
  readonly linkIndex: number;
  /** Its link is down (RTNH_F_DEAD): nothing goes there, but the route stays as long as another hop lives. */
  readonly dead: boolean;
}

interface Entry {
  readonly dst: Cidr;
  readonly gateway: IpAddress | undefined;
  readonly linkIndex: number;
  readonly table: number;
  readonly metric: number | undefined;
  readonly protocol: number;
  readonly settings: RouteSettings;
  /** Of a route with several; `gateway` and `linkIndex` are then those of the first. */
  readonly hops?: readonly MemoryNextHop[];
}

function sameRange(a: Cidr, b: Cidr): boolean {
  return a.prefix === b.prefix && sameIp(a, b);
}

/** Longer ranges come first, then lower metrics. */
function rank(entry: Entry): number {
  return entry.dst.prefix * 2 ** 32 - (entry.metric ?? 0);
}

function linksOf(entry: Entry): readonly number[] {
  return (entry.hops ?? [entry]).map(({ linkIndex }) => linkIndex);
}

/** A route of several hops with others; with one it is an ordinary route, with none it is gone. */
function withHops(entry: Entry, hops: readonly MemoryNextHop[]): readonly Entry[] {
  const { hops: _hops, ...rest } = entry;
  const [first, second] = hops;
  if (first === undefined) return [];
  const { gateway, linkIndex } = first;
  return [{ ...rest, gateway, linkIndex, ...(second === undefined ? {} : { hops }) }];
}

function toRoutes(entry: Entry): readonly Route[] {
  if (entry.hops === undefined) return [toRoute(entry)];
  return entry.hops.map(({ gateway, linkIndex }) => ({ ...toRoute({ ...entry, gateway, linkIndex }), unsupported: ['several next hops'] }));
}

function toRoute(entry: Entry): Route {
  return {
    dst: formatCidr(entry.dst),
    gateway: entry.gateway === undefined ? undefined : formatIp(entry.gateway),
    linkIndex: entry.linkIndex,
    table: entry.table,
    metric: entry.metric,
    protocol: entry.protocol,
    ...entry.settings,
  };
}

/** The settings that the kernel shows again: what is as usual is left out. */
function shownSettings(request: RouteRequest, { dst, gateway }: RouteArgument): RouteSettings {
  const { onlink, scope, preferredSource, mtu, metrics: given } = request;
  const metrics = toShownMetrics(given);
  const source = preferredSource === undefined ? undefined : parseIp(preferredSource);
  const usual = gateway === undefined ? linkScope : 0;
  return {
    ...(onlink === true ? { onlink } : {}),
    ...(scope === undefined || scope === usual || dst.family === 6 ? {} : { scope }),
    ...(source === undefined ? {} : { preferredSource: formatIp(source) }),
    ...(mtu === undefined ? {} : { mtu }),
    ...(metrics === undefined ? {} : { metrics }),
  };
}

/** Metric 0 is "none" in IPv4 and "the default" in IPv6. */
function metricOf({ metric }: RouteRequest, { dst }: RouteArgument): number | undefined {
  return metric === undefined || metric === 0 ? (dst.family === 6 ? defaultMetric6 : undefined) : metric;
}

/** The routes of one namespace of a fake kernel: what net/ipv4/fib_* and net/ipv6/route.c do with the requests of a driver. */
export class MemoryRoutes {
  #entries: Entry[] = [];

  /** All routes in the order they were made. */
  list(): readonly Route[] {
    return this.#entries.flatMap(toRoutes);
  }

  /** The routes the kernel makes for an address with its prefix length on a link that is up. */
  connect(linkIndex: number, cidr: Cidr, given?: number): void {
    if (cidr.family === 4 && cidr.prefix === 32) return;
    const dst = toNetwork(cidr);
    const metric = given ?? (cidr.family === 6 ? connectedMetric6 : undefined);
    if (this.#entries.some((entry) => entry.metric === metric && this.#isConnected(entry, linkIndex, dst))) return;
    const settings = cidr.family === 4 ? { preferredSource: formatIp(cidr) } : {};
    this.#entries.push({ dst, gateway: undefined, linkIndex, table: mainTable, metric, protocol: kernelProtocol, settings });
  }

  /** Takes away what {@link connect} made for a range; of several, the one with the lowest metric (cleanup_prefix_route, net/ipv6/addrconf.c). */
  disconnect(linkIndex: number, cidr: Cidr): void {
    const dst = toNetwork(cidr);
    const [first] = this.#entries.filter((entry) => this.#isConnected(entry, linkIndex, dst)).sort((a, b) => rank(b) - rank(a));
    this.#entries = this.#entries.filter((entry) => entry !== first);
  }

  /**
   * Takes away all routes of a link, or those of one family. A route of several hops stays while one of them lives
   * (`fib_sync_down_dev` in net/ipv4/fib_semantics.c, `fib6_ifdown` in net/ipv6/route.c).
   */
  flush(linkIndex: number, family?: 4 | 6): void {
    this.#entries = this.#entries.flatMap((entry) => {
      if ((family !== undefined && entry.dst.family !== family) || !linksOf(entry).includes(linkIndex)) return [entry];
      if (entry.hops === undefined) return [];
      const hops = entry.hops.map((hop) => (hop.linkIndex === linkIndex ? { ...hop, dead: true } : hop));
      return hops.every(({ dead }) => dead) ? [] : [{ ...entry, hops }];
    });
  }

  /** Lets the hops of a link live again, which is up (`fib_sync_up`, `rt6_sync_up`). */
  revive(linkIndex: number, family: 4 | 6): void {
    this.#entries = this.#entries.map((entry) => {
      if (entry.hops === undefined || entry.dst.family !== family) return entry;
      return { ...entry, hops: entry.hops.map((hop) => (hop.linkIndex === linkIndex ? { ...hop, dead: false } : hop)) };
    });
  }

  /** Forgets a link that is gone: an IPv4 route with a hop there goes as a whole, an IPv6 one loses the hop. */
  forgetLink(linkIndex: number): void {
    this.#entries = this.#entries.flatMap((entry) => {
      if (!linksOf(entry).includes(linkIndex)) return [entry];
      if (entry.hops === undefined || entry.dst.family === 4) return [];
      return withHops(
        entry,
        entry.hops.filter((hop) => hop.linkIndex !== linkIndex),
      );
    });
  }

  /**
   * True when an IPv4 next hop is in a range on the link itself, in the route's own table or the main one.
   * Ranges behind other next hops do not count (`fib_check_nh_v4_gw` in net/ipv4/fib_semantics.c).
   */
  reaches4(gateway: IpAddress, linkIndex: number, table = mainTable): boolean {
    return this.#entries.some(
      (entry) =>
        entry.gateway === undefined &&
        entry.linkIndex === linkIndex &&
        (entry.table === table || entry.table === mainTable) &&
        contains(entry.dst, gateway),
    );
  }

  /** True when the best route of the link to an IPv6 next hop needs no next hop itself (`ip6_route_check_nh` in net/ipv6/route.c). */
  reaches6(gateway: IpAddress, linkIndex: number, table = mainTable): boolean {
    return [table, mainTable].some((one) => {
      const best = this.#best(gateway, one, (entry) => linksOf(entry).includes(linkIndex));
      return best !== undefined && best.gateway === undefined;
    });
  }

  /** True when an IPv6 next hop that is called on the link is known elsewhere (`ip6_route_check_nh_onlink` in net/ipv6/route.c). */
  isElsewhere6(gateway: IpAddress, linkIndex: number): boolean {
    const own = this.#best(gateway, mainTable, (entry) => linksOf(entry).includes(linkIndex));
    const any = this.#best(gateway, mainTable, () => true);
    const best = own !== undefined && any !== undefined && rank(own) === rank(any) ? own : any;
    return best !== undefined && best.dst.prefix > 0 && !linksOf(best).includes(linkIndex);
  }

  /** Takes a source address that is gone off the routes that use it; IPv4 drops those of the main table (fib_sync_down_addr, rt6_remove_prefsrc). */
  forgetSource(source: IpAddress): void {
    const text = formatIp(source);
    this.#entries = this.#entries.flatMap((entry) => {
      const { preferredSource, ...settings } = entry.settings;
      if (preferredSource !== text) return [entry];
      if (source.family === 6) return [{ ...entry, settings }];
      return entry.table === mainTable ? [] : [entry];
    });
  }

  /** True when there is a route with the same destination, metric and table. */
  has(request: RouteRequest, argument: RouteArgument): boolean {
    return this.#indexOf(request, argument) >= 0;
  }

  /** NLM_F_CREATE with NLM_F_REPLACE, after all checks. */
  replace(request: RouteRequest, argument: RouteArgument): void {
    const { dst, gateway } = argument;
    const table = request.table ?? mainTable;
    const metric = metricOf(request, argument);
    const { linkIndex, protocol = bootProtocol } = request;
    const entry: Entry = { dst, gateway, linkIndex, table, metric, protocol, settings: shownSettings(request, argument) };
    const found = this.#indexOf(request, argument);
    if (found < 0) this.#entries.push(entry);
    else this.#entries[found] = entry;
  }

  /** NLM_F_CREATE with NLM_F_EXCL of a route with several next hops, after all checks. */
  addMultipath(request: RouteRequest, argument: RouteArgument, hops: readonly MemoryNextHop[]): void {
    this.replace(request, argument);
    const made = this.#entries[this.#indexOf(request, argument)];
    this.#entries = this.#entries.flatMap((entry) => (entry === made ? withHops(entry, hops) : [entry]));
  }

  /**
   * Takes away the route with the lowest metric that matches, and says whether there was one. What the request leaves out matches anything.
   * Of a route with several next hops IPv4 compares the first and takes all away (`fib_nh_match`), IPv6 takes away the hop that is named, or
   * all when none is (`ip6_route_del`).
   */
  remove(request: RouteRequest, argument: RouteArgument): boolean {
    const { dst, gateway } = argument;
    const isMeant = (hop: Pick<Entry, 'gateway' | 'linkIndex'>): boolean =>
      hop.linkIndex === request.linkIndex && (gateway === undefined || (hop.gateway !== undefined && sameIp(hop.gateway, gateway)));
    const table = request.table ?? mainTable;
    const [first] = this.#entries
      .filter(
        (entry) =>
          entry.table === table &&
          (isMeant(entry) || (dst.family === 6 && entry.hops?.some(isMeant) === true)) &&
          sameRange(entry.dst, dst) &&
          (request.metric === undefined || request.metric === 0 || entry.metric === request.metric) &&
          (request.protocol === undefined || request.protocol === entry.protocol),
      )
      .sort((a, b) => rank(b) - rank(a));
    const left = dst.family === 6 && gateway !== undefined ? (first?.hops ?? []).filter((hop) => !isMeant(hop)) : [];
    this.#entries = this.#entries.flatMap((entry) => (entry === first ? withHops(entry, left) : [entry]));
    return first !== undefined;
  }

  #indexOf(request: RouteRequest, argument: RouteArgument): number {
    const table = request.table ?? mainTable;
    const metric = metricOf(request, argument);
    return this.#entries.findIndex((other) => other.table === table && other.metric === metric && sameRange(other.dst, argument.dst));
  }

  /** The route with the longest range, and of those the lowest metric. */
  #best(ip: IpAddress, table: number, accept: (entry: Entry) => boolean): Entry | undefined {
    return this.#entries
      .filter((entry) => entry.table === table && contains(entry.dst, ip) && accept(entry))
      .reduce<Entry | undefined>((best, entry) => (best === undefined || rank(entry) > rank(best) ? entry : best), undefined);
  }

  #isConnected(entry: Entry, linkIndex: number, dst: Cidr): boolean {
    return entry.protocol === kernelProtocol && entry.linkIndex === linkIndex && sameRange(entry.dst, dst);
  }
}
