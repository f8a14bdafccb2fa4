import { type Cidr, contains, formatCidr, formatIp, type IpAddress, parseCidr, parseIp, toNetwork } from '../address.js';
import type { AddressSettings, LinkAddress, LinkChange, Route, RouteRequest } from '../driver.js';
import { insertAddress, type ListedAddress, relabel, removeAddress } from './address-list.js';
import type { NetworkOperation } from './operation.js';
import { isMtuLocked, toShownMetrics } from './path-metrics.js';
import { isIpv6, metricOf, routeKey } from './route-key.js';
import { generalName, linkOf, type NetworkState } from './state.js';

const KERNEL = 2;
const BOOT = 3;
const MAIN_TABLE = 254;
/** IP6_RT_PRIO_ADDRCONF, include/net/ip6_route.h. */
const CONNECTED_METRIC_6 = 256;
const USER_METRIC_6 = 1024;
/** IPV6_MIN_MTU, include/uapi/linux/in6.h: below it a link has no IPv6. */
export const LEAST_MTU_6 = 1280;

interface ModelAddress extends ListedAddress {
  readonly entry: LinkAddress;
}

/** The scope of an address that is given none. */
export function scopeOf(cidr: Cidr, settings: AddressSettings): number {
  return settings.scope ?? (cidr.family === 4 && cidr.bytes[0] === 127 ? 254 : 0);
}

function toModelAddress(entry: LinkAddress): ModelAddress {
  const cidr = parseCidr(entry.address);
  if (cidr === undefined) throw new RangeError(`${JSON.stringify(entry.address)} is no address with prefix length`);
  return { cidr, scope: scopeOf(cidr, entry), secondary: false, entry };
}

/** Which of the addresses are secondary follows from their order. */
function ranked(entries: readonly LinkAddress[]): readonly ModelAddress[] {
  const list: ModelAddress[] = [];
  for (const one of entries.map(toModelAddress)) {
    const { cidr } = one;
    const secondary =
      cidr.family === 4 && list.some((other) => !other.secondary && other.cidr.prefix === cidr.prefix && contains(other.cidr, cidr));
    list.push({ ...one, secondary });
  }
  return list;
}

/**
 * What the kernel does to addresses, routes and settings when operations are carried out, as far as a plan must know it.
 * It never refuses what the kernel refuses for other reasons, such as a next hop out of reach.
 */
export class NetworkModel {
  #state: NetworkState;
  #addresses: readonly ModelAddress[];
  readonly #routes = new Map<string, readonly Route[]>();

  constructor(state: NetworkState) {
    this.#state = state;
    this.#addresses = ranked(state.addresses);
    for (const route of state.routes) this.#append(route);
  }

  /** The state now. */
  get state(): NetworkState {
    return {
      ...this.#state,
      addresses: this.#addresses.map(({ entry }) => entry),
      routes: [...this.#routes.values()].flat(),
    };
  }

  /** The link now. */
  get link(): ReturnType<typeof linkOf> {
    return linkOf(this.#state);
  }

  /** The link's addresses now. */
  get addresses(): readonly LinkAddress[] {
    return this.#addresses.map(({ entry }) => entry);
  }

  /** A setting, by its general name. */
  sysctl(name: string): string | undefined {
    return this.#state.sysctls[name];
  }

  /** Whether a secondary IPv4 address takes the rank of the first of its range when that goes. */
  get promotes(): boolean {
    // IN_DEV_ORCONF, include/linux/inetdevice.h: one of both will do.
    return ['all', '%'].some((group) => (this.sysctl(`ipv4/conf/${group}/promote_secondaries`) ?? '0') !== '0');
  }

  /** The routes with a key of {@link routeKey}. */
  routesAt(key: string): readonly Route[] {
    return this.#routes.get(key) ?? [];
  }

  /** Whether the next hop of a route is in a range on its link, in the route's table or the main one; link-local ones are by definition. */
  reaches(route: RouteRequest, gateway: string): boolean {
    const ip = parseIp(gateway);
    if (ip === undefined || isLinkLocal6(ip)) return ip !== undefined;
    for (const routes of this.#routes.values()) {
      for (const other of routes) {
        const fits = other.table === MAIN_TABLE || other.table === (route.table ?? MAIN_TABLE);
        if (!fits || other.gateway !== undefined || other.linkIndex !== route.linkIndex) continue;
        const range = parseCidr(other.dst);
        if (range !== undefined && contains(range, ip)) return true;
      }
    }
    return false;
  }

  /** Carries an operation out. @returns false when the kernel would refuse it for what is there already */
  apply(operation: NetworkOperation): boolean {
    switch (operation.kind) {
      case 'link.set':
        if (operation.linkIndex === this.#state.linkIndex) this.#setLink(operation.change);
        return true;
      case 'address.add':
        return operation.linkIndex !== this.#state.linkIndex || this.#addAddress(operation.address, operation.settings);
      case 'address.remove':
        if (operation.linkIndex === this.#state.linkIndex) this.#removeAddress(operation.address);
        return true;
      case 'route.add':
        if (this.routesAt(routeKey(operation.route)).length > 0) return false;
        this.#append(toRoute(operation.route));
        return true;
      case 'route.replace':
        // The first of several.
        this.#routes.set(routeKey(operation.route), [toRoute(operation.route), ...this.routesAt(routeKey(operation.route)).slice(1)]);
        return true;
      case 'route.remove':
        this.#removeRoute(operation.route);
        return true;
      case 'sysctl.write':
        this.#writeSysctl(operation.name, operation.value);
        return true;
    }
  }

  #setLink({ name, mtu, up }: LinkChange): void {
    if (mtu !== undefined && mtu !== this.link.mtu) this.#setMtu(mtu);
    if (name !== undefined && name !== this.link.name) this.#rename(name);
    if (up !== undefined && up !== this.link.up) {
      this.#changeLink({ up });
      if (up) for (const address of this.#addresses) this.#connect(address);
      else this.#takeDown();
    }
  }

  #changeLink(change: { readonly name?: string; readonly mtu?: number; readonly up?: boolean }): void {
    const { links, linkIndex } = this.#state;
    this.#state = { ...this.#state, links: links.map((link) => (link.index === linkIndex ? { ...link, ...change } : link)) };
  }

  /** `addrconf_notify` and `rt6_mtu_change` (net/ipv6): a link too narrow has no IPv6, and routes go along with its width. */
  #setMtu(mtu: number): void {
    const before = this.link.mtu;
    this.#changeLink({ mtu });
    if (mtu < LEAST_MTU_6) {
      this.#flush6();
      return;
    }
    this.#eachRoute((route) => {
      const adapts = isIpv6(route.dst) && this.#isOnLink(route) && !isMtuLocked(route);
      const follows = adapts && route.mtu !== undefined && (route.mtu >= mtu || route.mtu === before);
      return follows ? { ...route, mtu } : route;
    });
  }

  #rename(name: string): void {
    this.#changeLink({ name });
    let position = 0;
    this.#addresses = this.#addresses.map((address) => {
      if (address.cidr.family === 6) return address;
      const { label: before, ...entry } = address.entry;
      const label = relabel(before, position++, name);
      return { ...address, entry: label === undefined ? entry : { ...entry, label } };
    });
  }

  #takeDown(): void {
    this.#eachRoute((route) => (this.#isOnLink(route) ? undefined : route));
    const keeps = ['all', '%'].map((group) => this.sysctl(`ipv6/conf/${group}/keep_addr_on_down`) ?? '0').find((value) => value !== '0');
    const stays = ({ cidr }: ModelAddress): boolean => cidr.family === 4 || (Number(keeps ?? 0) > 0 && !isLinkLocal6(cidr));
    this.#addresses = this.#addresses.filter(stays);
  }

  #addAddress(text: string, settings: AddressSettings): boolean {
    const { linkIndex } = this.#state;
    const added = toModelAddress({ linkIndex, address: text, ...settings });
    const known = this.#addresses.some(({ entry }) => entry.address === text);
    const list = insertAddress(this.#addresses, added);
    // The driver takes one that is there already as done.
    if (typeof list === 'string') return known;
    this.#addresses = list;
    const entry = list.find((address) => address.entry === added.entry);
    if (entry !== undefined && this.link.up) this.#connect(entry);
    return true;
  }

  #removeAddress(text: string): void {
    const found = this.#addresses.find(({ entry }) => entry.address === text);
    if (found === undefined) return;
    const { list, gone } = removeAddress(this.#addresses, found, this.promotes);
    this.#addresses = list;
    for (const address of gone) {
      this.#disconnect(address);
      this.#forgetSource(address);
    }
    const isHeir = ({ cidr, secondary }: ModelAddress): boolean =>
      found.cidr.family === 4 && !found.secondary && !secondary && cidr.prefix === found.cidr.prefix && contains(cidr, found.cidr);
    const heir = list.find(isHeir);
    if (heir !== undefined && this.link.up) this.#connect(heir);
    // With the last IPv4 address the whole family is switched off on the link (fib_disable_ip, net/ipv4/fib_frontend.c).
    if (found.cidr.family === 4 && !list.some(({ cidr }) => cidr.family === 4)) {
      this.#eachRoute((route) => (this.#isOnLink(route) && !isIpv6(route.dst) ? undefined : route));
    }
  }

  /** The kernel's route to the range of an address. */
  #connect({ cidr, secondary, entry }: ModelAddress): void {
    if (secondary || entry.noPrefixRoute === true || (cidr.family === 4 && cidr.prefix === 32)) return;
    const { linkIndex } = this.#state;
    const dst = formatCidr(toNetwork(cidr));
    const metric = entry.routeMetric ?? (cidr.family === 6 ? CONNECTED_METRIC_6 : undefined);
    const source = cidr.family === 4 ? { preferredSource: formatIp(cidr) } : {};
    const route: Route = { dst, gateway: undefined, linkIndex, table: MAIN_TABLE, metric, protocol: KERNEL, ...source };
    const present = this.routesAt(routeKey(route));
    if (!present.some((other) => other.protocol === KERNEL && other.linkIndex === linkIndex)) this.#append(route);
  }

  #disconnect({ cidr, secondary, entry }: ModelAddress): void {
    if (secondary) return;
    const dst = formatCidr(toNetwork(cidr));
    const shared = this.#addresses.some((other) => cidr.family === 6 && formatCidr(toNetwork(other.cidr)) === dst);
    if (shared || entry.noPrefixRoute === true) return;
    // Of several the one with the lowest metric (cleanup_prefix_route, net/ipv6/addrconf.c).
    const connected = [...this.#routes.values()].flat().filter((route) => {
      return route.dst === dst && route.table === MAIN_TABLE && route.protocol === KERNEL && this.#isOnLink(route);
    });
    const [first] = connected.sort((a, b) => metricOf(a) - metricOf(b));
    this.#eachRoute((route) => (route === first ? undefined : route));
  }

  /** IPv4 drops the routes of a source address that is gone from the main table, IPv6 takes it off all (fib_sync_down_addr, rt6_remove_prefsrc). */
  #forgetSource({ cidr }: ModelAddress): void {
    const source = formatIp(cidr);
    if (this.#addresses.some((other) => formatIp(other.cidr) === source)) return;
    this.#eachRoute((route) => {
      if (route.preferredSource !== source) return route;
      if (cidr.family === 4) return route.table === MAIN_TABLE ? undefined : route;
      const { preferredSource: _gone, ...rest } = route;
      return rest;
    });
  }

  #removeRoute(request: RouteRequest): void {
    const key = routeKey(request);
    const present = this.routesAt(key);
    const gone = present.find(
      (route) =>
        route.linkIndex === request.linkIndex &&
        (request.gateway === undefined || request.gateway === route.gateway) &&
        (request.protocol === undefined || request.protocol === route.protocol),
    );
    this.#routes.set(
      key,
      present.filter((route) => route !== gone),
    );
  }

  #writeSysctl(name: string, value: string): void {
    const general = generalName(name, this.link.name);
    this.#state = { ...this.#state, sysctls: { ...this.#state.sysctls, [general]: value } };
    if (general === 'ipv6/conf/%/disable_ipv6' && value !== '0') this.#flush6();
  }

  #flush6(): void {
    this.#addresses = this.#addresses.filter(({ cidr }) => cidr.family === 4);
    this.#eachRoute((route) => (this.#isOnLink(route) && isIpv6(route.dst) ? undefined : route));
  }

  #isOnLink({ linkIndex }: Route): boolean {
    return linkIndex === this.#state.linkIndex;
  }

  #append(route: Route): void {
    const key = routeKey(route);
    this.#routes.set(key, [...this.routesAt(key), route]);
  }

  #eachRoute(change: (route: Route) => Route | undefined): void {
    for (const [key, routes] of this.#routes) {
      this.#routes.set(
        key,
        routes.flatMap((route) => change(route) ?? []),
      );
    }
  }
}

function isLinkLocal6({ family, bytes }: IpAddress): boolean {
  return family === 6 && bytes[0] === 0xfe && ((bytes[1] ?? 0) & 0xc0) === 0x80;
}

function toRoute(request: RouteRequest): Route {
  const { dst, gateway, linkIndex, table = MAIN_TABLE, metric, protocol = BOOT, metrics: given, ...rest } = request;
  const metrics = toShownMetrics(given);
  const counted = metric === undefined || metric === 0 ? (isIpv6(dst) ? USER_METRIC_6 : undefined) : metric;
  return { ...rest, ...(metrics === undefined ? {} : { metrics }), dst, gateway, linkIndex, table, metric: counted, protocol };
}

/** The state after operations, as far as a plan must know it: what the kernel makes, takes along or puts back by itself is in it. */
export function simulateOperations(state: NetworkState, operations: readonly NetworkOperation[]): NetworkState {
  const model = new NetworkModel(state);
  for (const operation of operations) model.apply(operation);
  return model.state;
}
