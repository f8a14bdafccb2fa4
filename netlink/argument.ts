import { type Cidr, type IpAddress, parseCidr, parseIp, sameIp, toNetwork } from '../lib/address.js';
import type { RouteRequest } from '../lib/driver.js';

/** A route's addresses, read and checked. */
export interface RouteArgument {
  /** The destination range. */
  readonly dst: Cidr;
  /** The next hop; undefined for what is on the link itself. */
  readonly gateway: IpAddress | undefined;
}

/** Reads an address with prefix length. @throws RangeError when it is none */
export function requireCidr(text: string): Cidr {
  const cidr = parseCidr(text);
  if (cidr === undefined) throw new RangeError(`${JSON.stringify(text)} is no address with prefix length`);
  return cidr;
}

/** Reads an address without prefix length. @throws RangeError when it is none */
export function requireIp(text: string): IpAddress {
  const ip = parseIp(text);
  if (ip === undefined) throw new RangeError(`${JSON.stringify(text)} is no address`);
  return ip;
}

/** Reads a route's addresses. @throws RangeError when one is none, host bits are set or the families differ */
export function requireRoute(route: RouteRequest): RouteArgument {
  const dst = requireCidr(route.dst);
  // The kernel refuses host bits for IPv4 and drops them for IPv6; the caller gets one answer for both.
  if (!sameIp(dst, toNetwork(dst))) throw new RangeError(`the destination ${route.dst} has host bits set`);
  const gateway = route.gateway === undefined ? undefined : requireIp(route.gateway);
  if (gateway !== undefined && gateway.family !== dst.family) {
    throw new RangeError(`the next hop ${route.gateway} is of another address family than ${route.dst}`);
  }
  if (route.preferredSource !== undefined && requireIp(route.preferredSource).family !== dst.family) {
    throw new RangeError(`the preferred source ${route.preferredSource} is of another address family than ${route.dst}`);
  }
  return { dst, gateway };
}

/**
 * Checks the name of an interface (`dev_valid_name` in net/core/dev.c), and refuses `%`, which the kernel would take as a template.
 * @throws RangeError when the kernel would not take it as it stands
 */
export function requireLinkName(name: string): string {
  const valid = name !== '' && Buffer.byteLength(name) <= 15 && name !== '.' && name !== '..' && !/[/:%\s\0]/.test(name);
  if (!valid) throw new RangeError(`${JSON.stringify(name)} is no interface name: 1 to 15 bytes without '/', ':', '%' and white space`);
  return name;
}

/** Checks the name of a sysctl below `net`, with slashes. @throws RangeError when it is empty, absolute or climbs out */
export function requireSysctlName(name: string): string {
  const parts = name.split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..' || part.includes('\0'))) {
    throw new RangeError(`${JSON.stringify(name)} is no sysctl below net, as in ipv4/ip_forward`);
  }
  return name;
}
