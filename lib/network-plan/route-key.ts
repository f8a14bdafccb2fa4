import { contains, formatCidr, formatIp, parseCidr, parseIp, sameIp, toNetwork } from '../address.js';
import type { Route, RouteRequest } from '../driver.js';
import { hasMetrics, isSameMetrics, toWantedMetrics } from './path-metrics.js';

const MAIN_TABLE = 254;
/** IP6_RT_PRIO_USER, include/uapi/linux/ipv6_route.h. */
const USER_METRIC_6 = 1024;
const BOOT = 3;
/** RTPROT_REDIRECT, RTPROT_KERNEL and RTPROT_RA, include/uapi/linux/rtnetlink.h: they come and go with addresses and advertisements. */
const KERNEL_PROTOCOLS: ReadonlySet<number> = new Set([1, 2, 9]);

/** A route or a request for one. */
export type RouteLike = Route | RouteRequest;

/** True for IPv6. */
export function isIpv6(text: string): boolean {
  return text.includes(':');
}

/** The metric as the kernel counts it: none is 0 in IPv4 and 1024 in IPv6. */
export function metricOf({ dst, metric }: RouteLike): number {
  return metric === undefined || metric === 0 ? (isIpv6(dst) ? USER_METRIC_6 : 0) : metric;
}

/** What the kernel tells routes apart by when one replaces another: destination, metric and table. */
export function routeKey(route: RouteLike): string {
  return `${route.dst} ${metricOf(route)} ${route.table ?? MAIN_TABLE}`;
}

/** True for routes that the kernel makes by itself. */
export function isKernelMade(route: RouteLike): boolean {
  return KERNEL_PROTOCOLS.has(route.protocol ?? BOOT);
}

/** True when both are the same in everything that a request can say. */
export function isSameRoute(a: RouteLike, b: RouteLike): boolean {
  return (
    routeKey(a) === routeKey(b) &&
    a.gateway === b.gateway &&
    a.linkIndex === b.linkIndex &&
    (a.protocol ?? BOOT) === (b.protocol ?? BOOT) &&
    (a.onlink ?? false) === (b.onlink ?? false) &&
    a.scope === b.scope &&
    a.preferredSource === b.preferredSource &&
    a.mtu === b.mtu &&
    isSameMetrics(a.metrics, b.metrics)
  );
}

/** True when a route that is there has all that is wanted; what was not said may be anything. */
export function isAsWanted(found: RouteLike, wanted: RouteRequest): boolean {
  const said = <K extends 'protocol' | 'scope' | 'preferredSource' | 'mtu'>(key: K): boolean =>
    wanted[key] === undefined || wanted[key] === found[key];
  return (
    found.gateway === wanted.gateway &&
    found.linkIndex === wanted.linkIndex &&
    (wanted.onlink === undefined || wanted.onlink === (found.onlink ?? false)) &&
    said('protocol') &&
    said('scope') &&
    said('preferredSource') &&
    said('mtu') &&
    hasMetrics(found.metrics, wanted.metrics)
  );
}

/** The request that makes a route as it is. */
export function toRequest(route: Route): RouteRequest | undefined {
  const { dst, gateway, linkIndex, table, metric, protocol, onlink, scope, preferredSource, mtu, metrics } = route;
  if (linkIndex === undefined) return undefined;
  return {
    dst,
    linkIndex,
    table,
    protocol,
    ...(gateway === undefined ? {} : { gateway }),
    ...(metric === undefined ? {} : { metric }),
    ...(onlink === undefined ? {} : { onlink }),
    ...(scope === undefined ? {} : { scope }),
    ...(preferredSource === undefined ? {} : { preferredSource }),
    ...(mtu === undefined ? {} : { mtu }),
    ...(metrics === undefined ? {} : { metrics }),
  };
}

/**
 * Reads a request's addresses into canonical form.
 * @throws RangeError when one is none, host bits are set or the families differ
 */
export function toCanonicalRoute(route: RouteRequest): RouteRequest {
  const dst = parseCidr(route.dst);
  if (dst === undefined) throw new RangeError(`${JSON.stringify(route.dst)} is no address range`);
  if (!sameIp(dst, toNetwork(dst))) throw new RangeError(`the destination ${route.dst} has host bits set`);
  const read = (text: string | undefined, what: string): string | undefined => {
    if (text === undefined) return undefined;
    const ip = parseIp(text);
    if (ip?.family !== dst.family) throw new RangeError(`the ${what} ${text} of ${route.dst} is no IPv${dst.family} address`);
    return formatIp(ip);
  };
  const gateway = read(route.gateway, 'next hop');
  const preferredSource = read(route.preferredSource, 'preferred source');
  const { metrics: given, ...rest } = route;
  const metrics = toWantedMetrics(given);
  return {
    ...rest,
    dst: formatCidr(dst),
    ...(gateway === undefined ? {} : { gateway }),
    ...(preferredSource === undefined ? {} : { preferredSource }),
    ...(metrics === undefined ? {} : { metrics }),
  };
}

/** IPv6 refuses a next hop that lies in a range behind another next hop (ip6_route_check_nh, net/ipv6/route.c): its route comes first. */
function unhidden(routes: readonly RouteRequest[]): readonly RouteRequest[] {
  const byGateway = new Map<string, RouteRequest[]>();
  for (const route of routes) {
    const users = byGateway.get(route.gateway ?? '');
    if (users === undefined) byGateway.set(route.gateway ?? '', [route]);
    else users.push(route);
  }
  const gateways = [...byGateway].flatMap(([text, users]) => {
    const ip = parseIp(text);
    return ip === undefined ? [] : [{ ip, users }];
  });
  const ordered = new Set<RouteRequest>();
  const open = new Set<RouteRequest>();
  const visit = (route: RouteRequest): void => {
    // In a circle none can come first; the kernel will say which it refuses.
    if (ordered.has(route) || open.has(route)) return;
    open.add(route);
    const range = parseCidr(route.dst);
    for (const { ip, users } of gateways) if (range !== undefined && contains(range, ip)) for (const user of users) visit(user);
    ordered.add(route);
  };
  for (const route of routes) visit(route);
  return [...ordered];
}

/** Puts routes into an order in which each can be added: ranges on the link before what is behind a next hop in them. */
export function inOrder(routes: readonly RouteRequest[]): readonly RouteRequest[] {
  const behind = routes.filter(({ gateway }) => gateway !== undefined);
  return [
    ...routes.filter(({ gateway }) => gateway === undefined),
    ...behind.filter(({ dst }) => !isIpv6(dst)),
    ...unhidden(behind.filter(({ dst }) => isIpv6(dst))),
  ];
}
