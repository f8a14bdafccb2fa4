import { contains, type IpAddress } from '../../lib/address.js';
import type { RouteRequest } from '../../lib/driver.js';
import { type RouteArgument, requireCidr, requireIp } from '../argument.js';
import type { MemoryLink } from './link.js';
import { refusal } from './refusal.js';
import type { MemoryRoutes } from './routing.js';

const linkLocalRange = requireCidr('fe80::/10');

/** What is looked at before a route is made. */
export interface RoutingPlace {
  /** The routes that are there. */
  readonly routes: MemoryRoutes;
  /** The link with an index. @throws NetlinkError `ENODEV` when there is none */
  link(index: number, op: string): MemoryLink;
  /** The links that have an address, with whatever prefix length. */
  ownersOf(ip: IpAddress): readonly MemoryLink[];
  /** IPv6 is switched off on a link. */
  isIpv6Off(link: MemoryLink): boolean;
  /** The local IPv4 table was needed once. */
  hasLocalTable4(): boolean;
}

/** Refuses a route as the kernel does. @throws NetlinkError `ENODEV`, `ENETDOWN`, `ENETUNREACH`, `EHOSTUNREACH`, `EINVAL`, `EACCES` */
export function checkRoute(place: RoutingPlace, route: RouteRequest, argument: RouteArgument, op: string): void {
  if (argument.dst.family === 4) checkRoute4(place, route, argument, op);
  else checkRoute6(place, route, argument, op);
  const source = route.preferredSource === undefined ? undefined : requireIp(route.preferredSource);
  if (source !== undefined && place.ownersOf(source).length === 0) throw refusal(op, 'EINVAL', 'Invalid prefsrc address');
}

/** The order of `fib_check_nh` in net/ipv4/fib_semantics.c. */
function checkRoute4(place: RoutingPlace, route: RouteRequest, { gateway }: RouteArgument, op: string): void {
  const invalid = 'Nexthop has invalid gateway';
  const onlink = route.onlink === true;
  // The local table has routes to all addresses, whether their link is up or down.
  const owners = gateway === undefined ? [] : place.ownersOf(gateway);
  const isOwn = owners.some((link) => link.index === route.linkIndex);
  if (gateway !== undefined && !onlink && !isOwn && !place.routes.reaches4(gateway, route.linkIndex, route.table)) {
    throw refusal(op, 'ENETUNREACH', invalid);
  }
  const down = gateway === undefined ? 'Device for nexthop is not up' : onlink ? 'Nexthop device is not up' : undefined;
  if (!place.link(route.linkIndex, op).up) throw refusal(op, 'ENETDOWN', down);
  // Where no local table was ever needed, every address counts as a broadcast.
  if (gateway !== undefined && onlink && (owners.length > 0 || !place.hasLocalTable4())) throw refusal(op, 'EINVAL', invalid);
}

/** The order of `fib6_nh_init` in net/ipv6/route.c. */
function checkRoute6(place: RoutingPlace, route: RouteRequest, { gateway }: RouteArgument, op: string): void {
  const link = place.link(route.linkIndex, op);
  const down = refusal(op, 'ENETDOWN', 'Nexthop device is not up');
  if (route.onlink === true && !link.up) throw down;
  if (gateway !== undefined) checkGateway6(place, route, gateway, op);
  if (place.isIpv6Off(link)) throw refusal(op, 'EACCES', 'IPv6 is disabled on nexthop device');
  if (!link.up) throw down;
}

/** `ip6_validate_gw` in net/ipv6/route.c. */
function checkGateway6(place: RoutingPlace, route: RouteRequest, gateway: IpAddress, op: string): void {
  const isLinkLocal = contains(linkLocalRange, gateway);
  const isOwn = place.ownersOf(gateway).some((link) => !isLinkLocal || link.index === route.linkIndex);
  if (isOwn) throw refusal(op, 'EINVAL', 'Gateway can not be a local address');
  // A link-local next hop is on its link by definition.
  if (isLinkLocal) return;
  if (route.onlink === true) {
    const elsewhere = place.routes.isElsewhere6(gateway, route.linkIndex);
    if (elsewhere) throw refusal(op, 'EINVAL', 'Nexthop has invalid gateway or device mismatch');
  } else if (!place.routes.reaches6(gateway, route.linkIndex, route.table)) {
    throw refusal(op, 'EHOSTUNREACH');
  }
}
