import { type Monitor, type MonitorOptions, ObjectMonitor, type ResyncEvent, startMonitor } from './monitor.js';
import type { ObjectKind } from './object-view.js';
import type { Rtnetlink } from './rtnetlink.js';
import { decodeRoute, FAMILY, type RouteMessage, RTM, RTM_F, RTNH_F, RTNLGRP } from './wire/index.js';

/** A route has come or has gone. One that takes the place of another is told as two events: that one has gone, this one has come. */
export interface RoutePresenceEvent {
  /** Which of the two. */
  readonly kind: 'added' | 'removed';
  /** The route as it is, or as it was last seen. */
  readonly route: RouteMessage;
}

/** The state of a route differs from what it was: the link of a next hop lost or got its carrier, … */
export interface RouteChangeEvent {
  /** What tells this event from the others. */
  readonly kind: 'changed';
  /** The route as it is. */
  readonly route: RouteMessage;
  /** The route as it was. */
  readonly before: RouteMessage;
}

/** One change that a monitor of routes saw. */
export type RouteEvent = RoutePresenceEvent | RouteChangeEvent | ResyncEvent;

/** A running view of the routes of a namespace: all tables and types, both families. */
export interface RouteMonitor extends Monitor<RouteMessage, RouteEvent> {
  /** The routes as last seen. */
  routes(): readonly RouteMessage[];
}

/** The first link of each namespace. */
const LOOPBACK = 1;

/** All that makes a route the one it is, in an order of its own; not its state and its age. */
function identity(route: RouteMessage): string {
  const { family, table, dst, src, tos, metric, type, scope, protocol, flags = 0, gateway, via, linkIndex, preferredSource } = route;
  const { metrics, nextHops, nextHopId, preference, flow, ttlPropagate, encapType, unknown } = route;
  const hops = nextHops?.map((hop) => ({ ...hop, flags: hop.flags & RTNH_F.ONLINK }));
  const way = [flags & RTNH_F.ONLINK, gateway, via, linkIndex, hops, nextHopId, preferredSource, metrics];
  return JSON.stringify([
    family,
    table,
    dst,
    src,
    tos,
    metric,
    type,
    scope,
    protocol,
    way,
    preference,
    flow,
    ttlPropagate,
    encapType,
    unknown,
  ]);
}

/** How routes are watched. */
export const routeKind: ObjectKind<RouteMessage, RouteEvent> = {
  name: 'routes',
  // IPv4 routes that go with a link, its carrier or an address are not told of, and neither are those that go with a next hop object.
  groups: [RTNLGRP.IPV4_ROUTE, RTNLGRP.IPV6_ROUTE, RTNLGRP.LINK, RTNLGRP.IPV4_IFADDR],
  newerGroups: [RTNLGRP.NEXTHOP],
  decode({ type, payload }) {
    if (type !== RTM.NEWROUTE && type !== RTM.DELROUTE) return { kind: 'stale' };
    const object = decodeRoute(payload);
    if (object.family !== FAMILY.INET && object.family !== FAMILY.INET6) return undefined;
    if (((object.flags ?? 0) & RTM_F.CLONED) !== 0) return undefined;
    return { kind: type === RTM.NEWROUTE ? 'present' : 'absent', object };
  },
  async list(rtnetlink, options) {
    // What told of a change may not be done with it. This request waits for the lock that it holds (rtnl_lock), a listing of routes does not.
    await rtnetlink.link.find({ index: LOOPBACK }, options);
    return rtnetlink.route.list(options);
  },
  keyOf: identity,
  slotOf: ({ family, table, dst, src, tos, metric }) => `${family} ${table} ${dst} ${src} ${tos} ${metric}`,
  isSame: (a, b) => a.flags === b.flags && (a.nextHops ?? []).every((hop, i) => hop.flags === b.nextHops?.[i]?.flags),
  toEvent(change) {
    switch (change.kind) {
      case 'resync':
        return change;
      case 'changed':
        return { kind: change.kind, route: change.object, before: change.before };
      default:
        return { kind: change.kind, route: change.object };
    }
  },
};

class KernelRouteMonitor extends ObjectMonitor<RouteMessage, RouteEvent> implements RouteMonitor {
  routes(): readonly RouteMessage[] {
    return this.objects();
  }
}

/**
 * Watches the routes of a namespace, as `ip monitor route` does, and more: it also sees the IPv4 routes go that the kernel drops without a
 * word when a link goes down or an address is removed. Subscribes, then lists, then follows the events. When it resolves, nothing that
 * happens from then on is missed; lost events are made good by listing again. `rtnetlink` must stay open as long as the monitor.
 *
 * Where an event leaves open what became of a route, such as a replacement, routes are listed anew: at most once in 10 ms beside the time
 * that the listing takes.
 * @throws NetlinkError when the kernel refuses
 */
export async function openRouteMonitor(rtnetlink: Rtnetlink, options: MonitorOptions = {}): Promise<RouteMonitor> {
  return startMonitor(() => new KernelRouteMonitor(routeKind, rtnetlink, options), options);
}
