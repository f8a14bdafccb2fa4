import { NetlinkError } from '../../lib/errors.js';
import type { CallOptions } from '../../lib/provider.js';
import type { NetlinkRequest } from '../connection.js';
import { joinListings, mapListing } from '../interrupted.js';
import {
  decodeRoute,
  encodeRoute,
  FAMILY,
  ipToBytes,
  type NextHop,
  NLM_F,
  type RouteAttributes,
  type RouteMessage,
  type RouteMetrics,
  type RouteVia,
  RT_SCOPE,
  RT_TABLE,
  RTM,
  RTM_F,
  RTN,
  RTNH_F,
  RTPROT,
} from '../wire/index.js';
import { agrees } from './agreement.js';
import { defined, encodable, isErrno, type Requester, unlessAbsent } from './requester.js';

/** One of several next hops of a route to add. */
export interface NewNextHop {
  /** The link it leaves by. */
  readonly linkIndex: number;
  /** The next router; without it the destination is on the link itself. */
  readonly gateway?: string;
  /** Share of the traffic, 1 to 256; default 1. */
  readonly weight?: number;
  /** The router is on the link though no address range says so. */
  readonly onlink?: boolean;
}

/** A route to add, replace or delete. */
export interface NewRoute {
  /** Destination range; host bits must be zero. `0.0.0.0/0` and `::/0` are the default routes. */
  readonly dst: string;
  /** The next router; without it the destination is on the link itself. */
  readonly gateway?: string;
  /** A next router of the other address family. */
  readonly via?: string;
  /** The link it leaves by. */
  readonly linkIndex?: number;
  /** Several next hops instead of one. */
  readonly nextHops?: readonly NewNextHop[];
  /** Routing table; default {@link RT_TABLE}.MAIN. */
  readonly table?: number;
  /** Metric; the less, the better. */
  readonly metric?: number;
  /** The router is on the link though no address range says so. */
  readonly onlink?: boolean;
  /** Source address to use. */
  readonly preferredSource?: string;
  /** Range of source addresses it is for; IPv6 only. */
  readonly src?: string;
  /** Type of service it is for. */
  readonly tos?: number;
  /** One of {@link RTN}; default unicast. */
  readonly type?: number;
  /** One of {@link RT_SCOPE}; default as `ip route` has it. */
  readonly scope?: number;
  /** Who makes it, one of {@link RTPROT}; default boot, as `ip route` has it. */
  readonly protocol?: number;
  /** What it says about the way. */
  readonly metrics?: RouteMetrics;
}

/** What {@link RouteService.list} gives. */
export interface RouteListOptions extends CallOptions {
  /** Only of this family. */
  readonly family?: 4 | 6;
  /** Only of this table. Default all. */
  readonly table?: number;
  /** Only by this link. */
  readonly linkIndex?: number;
  /** Only of this maker, one of {@link RTPROT}. */
  readonly protocol?: number;
  /** Only of this type, one of {@link RTN}. */
  readonly type?: number;
  /** Only to exactly this destination. */
  readonly dst?: string;
}

/** How {@link RouteService.lookup} asks. */
export interface RouteLookupOptions extends CallOptions {
  /** For packets from this address. */
  readonly source?: string;
  /** For packets that leave by this link. */
  readonly linkIndex?: number;
  /** For packets that come in by this link. */
  readonly inputIndex?: number;
  /** For packets with this firewall mark. */
  readonly mark?: number;
}

function familyOf(address: string): number {
  return address.includes(':') ? FAMILY.INET6 : FAMILY.INET;
}

function toVia(address: string | undefined): RouteVia | undefined {
  return address === undefined ? undefined : { family: familyOf(address), bytes: ipToBytes(address) };
}

function toNextHop(hop: NewNextHop): NextHop {
  const { linkIndex, gateway, weight, onlink } = hop;
  return { linkIndex, weight: weight ?? 1, flags: onlink === true ? RTNH_F.ONLINK : 0, ...defined<Pick<NextHop, 'gateway'>>({ gateway }) };
}

/** The scope as `ip route add` chooses it (iproute.c): how far the destination is. IPv6 has no scopes. */
function defaultScope(route: NewRoute): number {
  const type = route.type ?? RTN.UNICAST;
  if (familyOf(route.dst) === FAMILY.INET6) return RT_SCOPE.UNIVERSE;
  if (type === RTN.LOCAL || type === RTN.NAT) return RT_SCOPE.HOST;
  if (type === RTN.BROADCAST || type === RTN.MULTICAST || type === RTN.ANYCAST) return RT_SCOPE.LINK;
  const direct = route.gateway === undefined && route.via === undefined && route.nextHops === undefined;
  return type === RTN.UNICAST && direct ? RT_SCOPE.LINK : RT_SCOPE.UNIVERSE;
}

/** What requests leave to the kernel or to a default. */
interface RouteOrigin {
  readonly type: number | undefined;
  readonly protocol: number | undefined;
  readonly scope: number | undefined;
}

function toMessage(route: NewRoute, { type, protocol, scope }: RouteOrigin): RouteMessage {
  return encodable<RouteMessage>({
    family: familyOf(route.dst),
    dst: route.dst,
    src: route.src,
    tos: route.tos,
    table: route.table,
    protocol,
    scope,
    type,
    flags: route.onlink === true ? RTNH_F.ONLINK : 0,
    gateway: route.gateway,
    via: toVia(route.via),
    linkIndex: route.linkIndex,
    metric: route.metric,
    preferredSource: route.preferredSource,
    metrics: route.metrics,
    nextHops: route.nextHops?.map(toNextHop),
  });
}

function describe(route: NewRoute): string {
  const next = route.gateway ?? route.via;
  let text = route.dst;
  if (next !== undefined) text += ` via ${next}`;
  if (route.linkIndex !== undefined) text += ` on link ${route.linkIndex}`;
  for (const { gateway, linkIndex } of route.nextHops ?? []) {
    text += ' nexthop';
    if (gateway !== undefined) text += ` via ${gateway}`;
    if (linkIndex !== 0) text += ` on link ${linkIndex}`;
  }
  if (route.table !== undefined) text += ` table ${route.table}`;
  if (route.metric !== undefined) text += ` metric ${route.metric}`;
  return text;
}

function toRequest(op: string, flags: number, route: NewRoute): NetlinkRequest {
  const origin = { type: route.type, protocol: route.protocol ?? RTPROT.BOOT, scope: route.scope ?? defaultScope(route) };
  const message = toMessage(route, origin);
  return { op: `route.${op} ${describe(route)}`, type: RTM.NEWROUTE, flags, payload: encodeRoute(message) };
}

/** The request that adds a route, for a batch. */
export function addRouteRequest(route: NewRoute): NetlinkRequest {
  return toRequest('add', NLM_F.CREATE | NLM_F.EXCL, route);
}

/** The request that adds a route behind others of the same destination and metric, for a batch. */
export function appendRouteRequest(route: NewRoute): NetlinkRequest {
  return toRequest('append', NLM_F.CREATE | NLM_F.APPEND, route);
}

/** The request that adds a route or puts it in place of one with the same destination, metric and table, for a batch. */
export function replaceRouteRequest(route: NewRoute): NetlinkRequest {
  return toRequest('replace', NLM_F.CREATE | NLM_F.REPLACE, route);
}

/** The request that changes the route with the same destination, metric and table, for a batch. */
export function setRouteRequest(route: NewRoute): NetlinkRequest {
  return toRequest('set', NLM_F.REPLACE, route);
}

/** The request that deletes a route, for a batch. What is left out of `route` may be anything. */
export function deleteRouteRequest(route: NewRoute): NetlinkRequest {
  // Scope "nowhere" and protocol 0 match any (fib_table_delete, net/ipv4/fib_trie.c); type 0 too, which iproute2 sends as well.
  const message = toMessage(route, { type: route.type ?? 0, protocol: route.protocol ?? 0, scope: route.scope ?? RT_SCOPE.NOWHERE });
  return { op: `route.delete ${describe(route)}`, type: RTM.DELROUTE, payload: encodeRoute(message) };
}

/** The route as the kernel would tell it. What is not given is not there. */
function toListed(route: NewRoute): RouteMessage {
  const {
    type,
    table,
    tos,
    flags,
    family,
    scope: _scope,
    protocol: _protocol,
    ...rest
  } = decodeRoute(encodeRoute(toMessage(route, { type: route.type, protocol: undefined, scope: undefined })));
  return {
    ...rest,
    family,
    ...defined<Pick<RouteMessage, 'type' | 'table' | 'tos' | 'flags' | 'protocol' | 'scope'>>({
      type: route.type === undefined ? undefined : type,
      table,
      // IPv6 has neither of the two.
      tos: route.tos === undefined || family === FAMILY.INET6 ? undefined : tos,
      scope: family === FAMILY.INET6 ? undefined : route.scope,
      flags: route.onlink === undefined ? undefined : flags,
      protocol: route.protocol,
    }),
  };
}

/** Without the flags that tell a state, such as that of a link without carrier. */
function withoutState(found: RouteMessage): RouteMessage {
  const setting = (flags = 0): number => flags & RTNH_F.ONLINK;
  const { nextHops } = found;
  const hops = nextHops?.map((hop) => ({ ...hop, flags: setting(hop.flags) }));
  return { ...found, flags: setting(found.flags), ...defined<Pick<RouteMessage, 'nextHops'>>({ nextHops: hops }) };
}

/** The metric under which the kernel keeps a route: IPv6 has no zero (IP6_RT_PRIO_USER, include/uapi/linux/ipv6_route.h). */
function metricOf(family: number, metric: number | undefined): number {
  return family === FAMILY.INET6 && (metric ?? 0) === 0 ? 1024 : (metric ?? 0);
}

/** True when there is nothing that a replacement by `route` would change. */
function isAsWanted(found: RouteMessage, route: NewRoute): boolean {
  const wanted = toListed({ ...route, type: route.type ?? RTN.UNICAST });
  if (metricOf(found.family, found.metric) !== metricOf(wanted.family, wanted.metric)) return false;
  if ((found.tos ?? 0) !== (wanted.tos ?? 0) || found.src !== wanted.src) return false;
  const direct = route.gateway === undefined && route.via === undefined && route.nextHops === undefined;
  if (direct && (found.gateway ?? found.via ?? found.nextHops) !== undefined) return false;
  return agrees(withoutState(found), { ...wanted, metric: undefined });
}

/** The routes of one namespace. Every method rejects with a NetlinkError when the kernel refuses. */
export class RouteService {
  readonly #requester: Requester;

  /** @param requester the connection, which decides the namespace */
  constructor(requester: Requester) {
    this.#requester = requester;
  }

  /**
   * All routes of all tables and types, both families.
   * @throws DumpInterruptedError with what was found, when changes keep tearing the listing
   */
  async list(options: RouteListOptions = {}): Promise<readonly RouteMessage[]> {
    const family = options.family ?? (options.dst === undefined ? undefined : options.dst.includes(':') ? 6 : 4);
    const families = family === undefined ? [FAMILY.INET, FAMILY.INET6] : [family === 4 ? FAMILY.INET : FAMILY.INET6];
    return joinListings(families.map((wire) => () => this.#list(wire, options)));
  }

  async #list(family: number, options: RouteListOptions): Promise<readonly RouteMessage[]> {
    const { table, linkIndex, protocol, type } = options;
    const dst = options.dst === undefined ? undefined : decodeRoute(encodeRoute({ family, dst: options.dst })).dst;
    const filter: RouteMessage = {
      family,
      table: table ?? 0,
      protocol: protocol ?? 0,
      type: type ?? 0,
      ...defined<RouteAttributes>({ linkIndex }),
    };
    const request: NetlinkRequest = { op: 'route.list', type: RTM.GETROUTE, payload: encodeRoute(filter) };
    // Kernels that do not filter send them all, with cached ones among them.
    const isMeant = (route: RouteMessage): boolean =>
      route.family === family &&
      ((route.flags ?? 0) & RTM_F.CLONED) === 0 &&
      (table === undefined || route.table === table) &&
      (protocol === undefined || route.protocol === protocol) &&
      (type === undefined || route.type === type) &&
      (dst === undefined || route.dst === dst) &&
      (linkIndex === undefined || route.linkIndex === linkIndex || route.nextHops?.some((hop) => hop.linkIndex === linkIndex) === true);
    try {
      const listing = this.#requester.dump(request, ({ payload }) => decodeRoute(payload), options);
      return await mapListing(listing, (routes) => routes.filter(isMeant));
    } catch (error) {
      // A table that was never used: the kernel knows none of that number, so there is no route in it.
      if (isErrno(error, 'ENOENT') && table !== undefined) return [];
      throw error;
    }
  }

  /**
   * The first route that agrees in all that is given, in the main table unless another is given. Not what `ip route get` does: see
   * {@link RouteService.lookup}.
   * @throws NetlinkError with errno `ESRCH` when there is none
   */
  async get(route: NewRoute, options: CallOptions = {}): Promise<RouteMessage> {
    const found = await this.find(route, options);
    if (found !== undefined) return found;
    throw new NetlinkError({ op: `route.get ${describe(route)}`, errno: 'ESRCH', hint: 'there is no such route' });
  }

  /** The first route that agrees in all that is given, or undefined when there is none. */
  async find(route: NewRoute, options: CallOptions = {}): Promise<RouteMessage | undefined> {
    const wanted = toListed(route);
    return (await this.#sameDestination(route, options)).find((found) => agrees(withoutState(found), wanted));
  }

  async #sameDestination(route: NewRoute, options: CallOptions): Promise<readonly RouteMessage[]> {
    return this.list({ ...options, dst: route.dst, table: route.table ?? RT_TABLE.MAIN });
  }

  /**
   * Asks the kernel which way packets to an address would go.
   * @throws NetlinkError with errno `ENETUNREACH` (or `EHOSTUNREACH`, `EACCES`) when there is none
   */
  async lookup(destination: string, options: RouteLookupOptions = {}): Promise<RouteMessage> {
    const bits = (address: string): string => `${address}/${familyOf(address) === FAMILY.INET6 ? 128 : 32}`;
    const { source, linkIndex, inputIndex, mark } = options;
    const payload = encodeRoute({
      family: familyOf(destination),
      dst: bits(destination),
      table: RT_TABLE.UNSPEC,
      type: 0,
      flags: familyOf(destination) === FAMILY.INET ? RTM_F.LOOKUP_TABLE : 0,
      ...(source === undefined ? {} : { src: bits(source) }),
      ...defined<RouteAttributes>({ linkIndex, inputIndex, mark }),
    });
    const request: NetlinkRequest = { op: `route.lookup ${destination}`, type: RTM.GETROUTE, payload };
    const [route] = await this.#requester.request(request, (reply) => decodeRoute(reply.payload), options);
    if (route === undefined) throw new NetlinkError({ op: request.op, errno: 'ENETUNREACH', hint: 'the kernel answered without a route' });
    return route;
  }

  /** Adds a route. @throws NetlinkError with errno `EEXIST` when there is one with that destination, metric and table */
  async add(route: NewRoute, options: CallOptions = {}): Promise<void> {
    await this.#requester.request(addRouteRequest(route), undefined, options);
  }

  /** Adds a route behind others of the same destination and metric. */
  async append(route: NewRoute, options: CallOptions = {}): Promise<void> {
    await this.#requester.request(appendRouteRequest(route), undefined, options);
  }

  /** Adds a route, or puts it in place of one with the same destination, metric and table. */
  async replace(route: NewRoute, options: CallOptions = {}): Promise<void> {
    await this.#requester.request(replaceRouteRequest(route), undefined, options);
  }

  /**
   * Changes the route with that destination, metric and table.
   * @throws NetlinkError with errno `ENOENT` or `ESRCH` when there is none
   */
  async set(route: NewRoute, options: CallOptions = {}): Promise<void> {
    await this.#requester.request(setRouteRequest(route), undefined, options);
  }

  /**
   * Makes sure that there is the route: adds it, or replaces one with that destination, metric and table that differs.
   * One that agrees in all that is given stays untouched.
   */
  async ensure(route: NewRoute, options: CallOptions = {}): Promise<void> {
    try {
      await this.add(route, options);
    } catch (error) {
      if (!isErrno(error, 'EEXIST')) throw error;
      if ((await this.#sameDestination(route, options)).some((found) => isAsWanted(found, route))) return;
      await this.replace(route, options);
    }
  }

  /** Deletes a route. What is left out of `route` may be anything. @throws NetlinkError with errno `ESRCH` when there is none */
  async delete(route: NewRoute, options: CallOptions = {}): Promise<void> {
    await this.#requester.request(deleteRouteRequest(route), undefined, options);
  }

  /** Deletes a route. One that is not there is no error. */
  async remove(route: NewRoute, options: CallOptions = {}): Promise<void> {
    await unlessAbsent(this.delete(route, options), 'ESRCH');
  }
}
