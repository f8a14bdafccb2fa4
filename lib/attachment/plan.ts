import * as E from 'fp-ts/lib/Either.js';
import { type Cidr, contains, formatCidr, formatIp, type IpAddress, parseCidr, parseIp, sameIp, toNetwork } from '../address.js';
import { NicError } from '../errors.js';
import type { Subnet } from '../nic.js';
import type { AttachRequest, RouteVia } from './request.js';

/** A subnet that a container's NIC can be taken from: everything that configuring it needs is known. */
export interface RoutedSubnet {
  /** The cloud's id of it. */
  readonly id: string;
  /** Its range. */
  readonly range: Cidr;
  /** The router's address in it. */
  readonly gateway: string;
  /** How many addresses were free when the cloud was asked; undefined when it does not say. */
  readonly freeAddresses: number | undefined;
}

/** A route to install. */
export interface PlannedRoute {
  /** Destination range in canonical form. */
  readonly dst: string;
  /** Next hop. */
  readonly gateway: string;
}

function refuse(message: string): E.Left<NicError> {
  return { _tag: 'Left', left: new NicError('ERR_CONFIG', message) };
}

function familyOf(text: string): 4 | 6 {
  return text.includes(':') ? 6 : 4;
}

/** The first and the last address of an IPv4 range are no host's: the kernel takes neither for a next hop (RFC 3021 excepts /31). */
function isHost(range: Cidr, ip: IpAddress): boolean {
  if (range.family === 6 || range.prefix >= 31) return true;
  const network = toNetwork(range);
  const hostBits = (byte: number, i: number): number => byte | (0xff >> Math.min(8, Math.max(0, range.prefix - 8 * i)));
  return !sameIp(ip, network) && !sameIp(ip, { family: 4, bytes: network.bytes.map(hostBits) });
}

function isDefault(dst: string): boolean {
  return dst === '0.0.0.0/0' || dst === '::/0';
}

function sameVia(a: RouteVia, b: RouteVia): boolean {
  return a.kind === b.kind && (a.kind !== 'address' || b.kind !== 'address' || a.address === b.address);
}

/** `%d` in a name is the kernel's to fill in (net/core/dev.c); `all` and `default` are folders of net/ipv4/conf. */
const UNUSABLE_NAME = /%|^(all|default)$/;

/** Checks what can be checked of a request without asking anyone. */
export function checkRequest(request: AttachRequest): E.Either<NicError, AttachRequest> {
  const { key, subnetIds, routes, address, mtu } = request;
  if (key.network === '' || key.containerId === '' || key.ifname === '') {
    return refuse('an attachment needs the name of its network, a container id and an interface name');
  }
  if (UNUSABLE_NAME.test(key.ifname)) {
    return refuse(
      `the interface name ${key.ifname} cannot be used: the kernel reads % as a pattern, and all and default name its settings`,
    );
  }
  if (subnetIds.length === 0) return refuse('no subnet is configured to take NICs from: name at least one');
  const double = subnetIds.find((id, i) => subnetIds.indexOf(id) !== i);
  if (double !== undefined) return refuse(`subnet ${double} is configured twice`);
  if (subnetIds.includes('')) return refuse('the id of a subnet is empty');
  if (address !== undefined && parseIp(address) === undefined) return refuse(`the wished address ${address} is no IP address`);
  if (mtu !== undefined && !(Number.isSafeInteger(mtu) && mtu >= 68 && mtu <= 65535)) {
    return refuse(`the MTU must be a whole number from 68 to 65535, not ${mtu}`);
  }
  for (const [i, route] of routes.entries()) {
    const dst = parseCidr(route.dst);
    if (dst === undefined) return refuse(`routes[${i}].dst ${route.dst} is no address range`);
    if (formatCidr(toNetwork(dst)) !== route.dst) return refuse(`routes[${i}].dst ${route.dst} must be ${formatCidr(toNetwork(dst))}`);
    if (route.via.kind === 'address') {
      const gateway = parseIp(route.via.address);
      if (gateway === undefined) return refuse(`routes[${i}]: the next hop ${route.via.address} is no IP address`);
      if (gateway.family !== dst.family)
        return refuse(`routes[${i}]: ${route.dst} and its next hop ${route.via.address} are of different families`);
    }
    const other = routes.slice(0, i).find((earlier) => earlier.dst === route.dst);
    if (other !== undefined && !sameVia(other.via, route.via))
      return refuse(`routes[${i}]: ${route.dst} is configured twice, with different next hops`);
  }
  return E.right(request);
}

function routedSubnet(subnet: Subnet): E.Either<NicError, RoutedSubnet> {
  const { id, networkId, cidr, gateway, freeAddresses } = subnet;
  if (networkId === undefined || cidr === undefined || gateway === undefined) {
    return refuse(`subnet ${id} is in no private network, so it has no range and no router: join it to one or configure another`);
  }
  const range = parseCidr(cidr);
  const router = parseIp(gateway);
  if (range === undefined || router === undefined || !contains(range, router)) {
    return refuse(`the cloud describes subnet ${id} with the range ${cidr} and the router ${gateway}, which do not fit`);
  }
  return E.right({ id, range, gateway: formatIp(router), freeAddresses });
}

/**
 * The subnets that can serve a request: all that are configured exist, are in one private network, and those are kept
 * whose range holds every explicit next hop and the wished address.
 */
export function planSubnets(request: AttachRequest, known: readonly Subnet[]): E.Either<NicError, readonly RoutedSubnet[]> {
  const candidates: RoutedSubnet[] = [];
  let first: Subnet | undefined;
  for (const id of request.subnetIds) {
    const subnet = known.find((candidate) => candidate.id === id);
    if (subnet === undefined) return refuse(`the cloud knows no subnet ${id}: check its id, the zone and the account`);
    const routed = routedSubnet(subnet);
    if (E.isLeft(routed)) return routed;
    first ??= subnet;
    if (subnet.networkId !== first.networkId) {
      return refuse(`subnet ${id} is in the private network ${subnet.networkId}, ${first.id} in ${first.networkId}: all must be in one`);
    }
    candidates.push(routed.right);
  }
  let fitting: readonly RoutedSubnet[] = candidates;
  const ranges = candidates.map((subnet) => `${subnet.id} ${formatCidr(subnet.range)}`).join(', ');
  for (const [i, route] of request.routes.entries()) {
    const dst = route.dst;
    if (route.via.kind !== 'address') {
      const family = candidates[0]?.range.family;
      if (familyOf(dst) !== family) return refuse(`routes[${i}]: ${dst} has no next hop of its family: the subnets are IPv${family}`);
      continue;
    }
    const gateway = parseIp(route.via.address);
    fitting = fitting.filter((subnet) => gateway !== undefined && contains(subnet.range, gateway) && isHost(subnet.range, gateway));
    if (fitting.length === 0) {
      return refuse(
        `routes[${i}]: the next hop ${route.via.address} is no host's address in the range of a subnet that all other next hops are in (${ranges})`,
      );
    }
  }
  const wished = request.address === undefined ? undefined : parseIp(request.address);
  if (wished !== undefined) {
    fitting = fitting.filter((subnet) => contains(subnet.range, wished));
    if (fitting.length === 0) return refuse(`the wished address ${request.address} is in the range of no usable subnet (${ranges})`);
  }
  return E.right(fitting);
}

/** True when a route of the request leads through this host. */
export function needsGateway(request: AttachRequest): boolean {
  return request.routes.some((route) => route.via.kind === 'host');
}

/**
 * The routes to install. A default route of the request replaces the built-in one.
 * @param hostAddress the address of this host's NIC in the subnet, where {@link needsGateway}
 */
export function planRoutes(request: AttachRequest, subnet: RoutedSubnet, hostAddress: string | undefined): readonly PlannedRoute[] {
  const planned = new Map<string, string>();
  const builtIn = subnet.range.family === 4 ? '0.0.0.0/0' : '::/0';
  const own = request.routes.some((route) => isDefault(route.dst) && familyOf(route.dst) === subnet.range.family);
  if (request.defaultRoute && !own) planned.set(builtIn, subnet.gateway);
  for (const route of request.routes) {
    if (route.via.kind === 'address') planned.set(route.dst, route.via.address);
    else if (route.via.kind === 'router') planned.set(route.dst, subnet.gateway);
    else if (hostAddress !== undefined) planned.set(route.dst, hostAddress);
  }
  return [...planned].map(([dst, gateway]) => ({ dst, gateway }));
}

/**
 * A NIC's addresses with the prefix length of its subnet, the primary one first.
 * Left when it has none in the range: configuring anything else would cut the container off.
 */
export function planAddresses(addresses: readonly string[], subnet: RoutedSubnet): E.Either<NicError, readonly string[]> {
  const planned: string[] = [];
  for (const text of addresses) {
    const ip = parseIp(text);
    if (ip !== undefined && contains(subnet.range, ip) && !sameIp(ip, toNetwork(subnet.range))) {
      planned.push(formatCidr({ ...ip, prefix: subnet.range.prefix }));
    }
  }
  if (planned.length > 0) return E.right(planned);
  const said = addresses.length === 0 ? 'no address' : addresses.join(', ');
  return E.left(new NicError('ERR_RESPONSE', `the cloud gave a NIC of subnet ${subnet.id} (${formatCidr(subnet.range)}) ${said}`));
}
