import { formatCidr, formatIp, parseCidr, parseIp } from '../address.js';
import { printJson } from './print.js';
import type {
  AnyResult,
  Dns,
  Interface,
  Interface040,
  IpHalf,
  Result,
  Result020,
  Result040,
  ResultIp,
  ResultIp040,
  ResultRoute,
} from './result.js';

/** Undefined members vanish when printed: this is how a field is left out. */
type Wire = Record<string, unknown>;

function cidr(value: string, path: string): string {
  const parsed = parseCidr(value);
  if (parsed === undefined) throw new RangeError(`CNI result: ${path} must be an address with prefix length`);
  return formatCidr(parsed);
}

function gateway(value: string | undefined, path: string): string | undefined {
  if (value === undefined || value === '') return undefined;
  const parsed = parseIp(value);
  if (parsed === undefined) throw new RangeError(`CNI result: ${path} must be an address without prefix length`);
  return formatIp(parsed);
}

function integer(value: number | undefined, path: string): number | undefined {
  if (value !== undefined && !Number.isSafeInteger(value)) throw new RangeError(`CNI result: ${path} must be a whole number`);
  return value;
}

function nonZero(value: number | undefined, path: string): number | undefined {
  return integer(value, path) === 0 ? undefined : value;
}

function text(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}

function list<T>(values: readonly T[] | undefined, print: (value: T, index: number) => unknown): unknown[] | undefined {
  return values === undefined || values.length === 0 ? undefined : values.map(print);
}

const same = (value: string): string => value;

/** In the order of the keys of 1.x, which the reference sorts by name. */
function dnsWire(dns: Dns | undefined): Wire {
  return {
    domain: text(dns?.domain),
    nameservers: list(dns?.nameservers, same),
    options: list(dns?.options, same),
    search: list(dns?.search, same),
  };
}

function dnsWire020(dns: Dns | undefined): Wire {
  const { domain, nameservers, options, search } = dnsWire(dns);
  return { nameservers, domain, search, options };
}

function routeWire(route: ResultRoute, path: string): Wire {
  return {
    advmss: nonZero(route.advmss, `${path}.advmss`),
    dst: cidr(route.dst, `${path}.dst`),
    gw: gateway(route.gw, `${path}.gw`),
    mtu: nonZero(route.mtu, `${path}.mtu`),
    priority: nonZero(route.priority, `${path}.priority`),
    scope: integer(route.scope, `${path}.scope`),
    table: integer(route.table, `${path}.table`),
  };
}

function routeWire020(route: ResultRoute, path: string): Wire {
  const { dst, gw, mtu, advmss, priority, table, scope } = routeWire(route, path);
  return { dst, gw, mtu, advmss, priority, table, scope };
}

function interfaceWire040(one: Interface040): Wire {
  return { name: one.name, mac: text(one.mac), sandbox: text(one.sandbox) };
}

function interfaceWire(one: Interface, path: string): Wire {
  return {
    mac: text(one.mac),
    mtu: nonZero(one.mtu, `${path}.mtu`),
    name: one.name,
    pciID: text(one.pciID),
    sandbox: text(one.sandbox),
    socketPath: text(one.socketPath),
  };
}

function ipWire(ip: ResultIp, path: string): Wire {
  return {
    address: cidr(ip.address, `${path}.address`),
    gateway: gateway(ip.gateway, `${path}.gateway`),
    interface: integer(ip.interface, `${path}.interface`),
  };
}

function ipWire040(ip: ResultIp040, path: string): Wire {
  const { address, gateway, interface: index } = ipWire(ip, path);
  return { version: ip.version, interface: index, address, gateway };
}

function halfWire(half: IpHalf | undefined, path: string): Wire | undefined {
  if (half === undefined) return undefined;
  return {
    ip: cidr(half.ip, `${path}.ip`),
    gateway: gateway(half.gateway, `${path}.gateway`),
    routes: list(half.routes, (route, i) => routeWire020(route, `${path}.routes[${i}]`)),
  };
}

function wire020(result: Result020): Wire {
  return {
    cniVersion: result.cniVersion,
    ip4: halfWire(result.ip4, 'ip4'),
    ip6: halfWire(result.ip6, 'ip6'),
    dns: dnsWire020(result.dns),
  };
}

function wire040(result: Result040): Wire {
  return {
    cniVersion: result.cniVersion,
    interfaces: list(result.interfaces, interfaceWire040),
    ips: list(result.ips, (ip, i) => ipWire040(ip, `ips[${i}]`)),
    routes: list(result.routes, (route, i) => routeWire020(route, `routes[${i}]`)),
    dns: dnsWire020(result.dns),
  };
}

function wire100(result: Result): Wire {
  const dns = dnsWire(result.dns);
  return {
    cniVersion: result.cniVersion,
    dns: Object.values(dns).every((value) => value === undefined) ? undefined : dns,
    interfaces: list(result.interfaces, (one, i) => interfaceWire(one, `interfaces[${i}]`)),
    ips: list(result.ips, (ip, i) => ipWire(ip, `ips[${i}]`)),
    routes: list(result.routes, (route, i) => routeWire(route, `routes[${i}]`)),
  };
}

/**
 * The JSON value of a result, keys in the order the reference prints them and empty ones left out; addresses in canonical form.
 * Keys that are left out are there with the value undefined.
 * @throws RangeError when the result holds something that is no address or no whole number: nothing wrong is ever printed
 */
export function encodeResult(result: AnyResult): Readonly<Record<string, unknown>> {
  switch (result.cniVersion) {
    case '0.1.0':
    case '0.2.0':
      return wire020(result);
    case '0.3.0':
    case '0.3.1':
    case '0.4.0':
      return wire040(result);
    case '1.0.0':
    case '1.1.0':
      return wire100(result);
  }
}

/**
 * Prints a result as the reference does: in its own version, four spaces of indent, no newline at the end.
 * @throws RangeError as {@link encodeResult}
 */
export function formatResult(result: AnyResult): string {
  return printJson(encodeResult(result));
}

/**
 * Makes sure that each address belongs to an interface of the same result, or to none.
 * The spec has no word on others, but containerd crashes on an index that is negative or just past the end.
 * @throws RangeError naming the address
 */
export function assertIndexes(result: AnyResult): void {
  if (!('interfaces' in result)) return;
  for (const [i, ip] of result.ips.entries()) {
    const index = ip.interface;
    if (index === undefined) continue;
    if (!Number.isInteger(index) || index < 0 || index >= result.interfaces.length) {
      throw new RangeError(`CNI result: ips[${i}].interface must be an index into the ${result.interfaces.length} interfaces`);
    }
  }
}
