import type { Route } from '../lib/driver.js';
import { decodeAttributes, FAMILY, type NextHopAttributes, type RouteMessage, RT_SCOPE, RT_TABLE, RTN, RTNH_F } from './wire/index.js';

interface Hop extends NextHopAttributes {
  readonly linkIndex?: number;
  readonly flags?: number;
}

/** MPLS has routes too. */
const FAMILIES: readonly number[] = [FAMILY.INET, FAMILY.INET6];

/** What a route has that a request of the driver interface cannot say. */
function unsupportedOf(message: RouteMessage): readonly string[] {
  const leftOver = decodeAttributes(message.unknown ?? new Uint8Array(0)).map(({ type }) => `attribute ${type}`);
  const said: readonly (readonly [boolean, string])[] = [
    [message.nextHops !== undefined, 'several next hops'],
    [message.nextHopId !== undefined, 'a next hop object'],
    [message.via !== undefined, 'a next hop of the other address family'],
    [message.src !== undefined, 'a range of source addresses'],
    [(message.tos ?? 0) !== 0, 'a type of service'],
    [(message.flow ?? 0) !== 0, 'a realm'],
    [(message.preference ?? 0) !== 0, 'a router preference'],
    [message.encapType !== undefined, 'an encapsulation'],
    [message.ttlPropagate !== undefined, 'propagation of the TTL'],
    [(message.expiresSeconds ?? message.cacheInfo?.expires ?? 0) !== 0, 'a lifetime'],
    [message.metrics?.unknown !== undefined, 'metrics of a newer kernel'],
  ];
  return [...said.flatMap(([is, what]) => (is ? [what] : [])), ...leftOver];
}

/** The scope that a request gets which says none, as `ip route` has it. IPv6 has no scopes. */
function isDefaultScope(message: RouteMessage, direct: boolean): boolean {
  const { dst = '', scope = 0 } = message;
  return dst.includes(':') || scope === (direct ? RT_SCOPE.LINK : RT_SCOPE.UNIVERSE);
}

/**
 * The routes of the driver interface that a message of the kernel stands for: none for what is no unicast route or is in the local
 * table, and one for each next hop of a route that has several.
 */
export function toRoutes(message: RouteMessage): readonly Route[] {
  const { dst, table = RT_TABLE.MAIN, preferredSource, scope } = message;
  if (!FAMILIES.includes(message.family) || dst === undefined || message.type !== RTN.UNICAST || table === RT_TABLE.LOCAL) return [];
  const hops: readonly Hop[] = message.nextHops ?? [message];
  const unsupported = unsupportedOf(message);
  const { mtu, unknown: _unknown, ...metrics } = message.metrics ?? {};
  return hops.map((hop) => {
    const gateway = hop.gateway ?? hop.via?.address;
    return {
      dst,
      gateway,
      linkIndex: hop.linkIndex,
      table,
      metric: message.metric,
      protocol: message.protocol ?? 0,
      ...(((hop.flags ?? 0) & RTNH_F.ONLINK) === 0 ? {} : { onlink: true }),
      ...(scope === undefined || isDefaultScope(message, gateway === undefined) ? {} : { scope }),
      ...(preferredSource === undefined ? {} : { preferredSource }),
      ...(mtu === undefined ? {} : { mtu }),
      ...(Object.keys(metrics).length === 0 ? {} : { metrics }),
      ...(unsupported.length === 0 ? {} : { unsupported }),
    };
  });
}
