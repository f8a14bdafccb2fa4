import { type Cidr, contains, formatCidr, type IpAddress, parseCidr, parseMac, sameIp, toNetwork } from '../../lib/address.js';
import type { AddressSettings, Link, LinkAddress, Route, RouteRequest } from '../../lib/driver.js';
import { insertAddress, relabel, removeAddress } from '../../lib/network-plan/index.js';
import { requireCidr, requireIp, requireRoute } from '../argument.js';
import type { MemoryAddress, MemoryLink } from './link.js';
import { refusal } from './refusal.js';
import { checkRoute, type RoutingPlace } from './route-check.js';
import { type MemoryNextHop, MemoryRoutes } from './routing.js';
import { MemorySysctls } from './sysctl-tree.js';

/** An announcement that a namespace of a fake kernel sent. */
export interface MemoryAnnouncement {
  /** The link's name at that time. */
  readonly linkName: string;
  /** The address without prefix length. */
  readonly address: string;
}

/** A route with several next hops. */
export interface MemoryMultipathRequest extends Omit<RouteRequest, 'gateway' | 'linkIndex'> {
  /** Where it goes: one of them at a time, chosen for each flow. */
  readonly nextHops: readonly {
    /** The next hop's address. */
    readonly gateway: string;
    /** The link it is on. */
    readonly linkIndex: number;
  }[];
}

/** All of a namespace that a driver can see, for comparing before and after. */
export interface MemorySnapshot {
  /** Links by index. */
  readonly links: readonly Link[];
  /** Addresses in the order they were added. */
  readonly addresses: readonly LinkAddress[];
  /** Routes in the order they were made. */
  readonly routes: readonly Route[];
}

/** The address that a link makes for itself: fe80::/64 with the modified EUI-64 of its MAC (RFC 4291, appendix A). */
function linkLocalAddress(mac: string): Cidr | undefined {
  const m = parseMac(mac);
  if (m === undefined) return undefined;
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = m;
  return { family: 6, prefix: 64, bytes: Uint8Array.of(0xfe, 0x80, 0, 0, 0, 0, 0, 0, a ^ 2, b, c, 0xff, 0xfe, d, e, f) };
}

/** A new address. The scope of loopback addresses is the host. */
function toAddress(cidr: Cidr, settings: AddressSettings): MemoryAddress {
  const usual = cidr.family === 4 && cidr.bytes[0] === 127 ? 254 : 0;
  return { cidr, secondary: false, scope: settings.scope ?? usual, settings, kernelMade: false };
}

/** The settings that the kernel shows again: what is as usual is left out, and so is what an address family does not have. */
function shownSettings({ family }: Cidr, given: AddressSettings): AddressSettings {
  const { broadcast, label, scope, noPrefixRoute, routeMetric, detectDuplicates } = given;
  return {
    ...(broadcast === undefined || family === 6 ? {} : { broadcast }),
    ...(label?.includes(':') === true && family === 4 ? { label } : {}),
    ...(scope === undefined || scope === 0 || family === 6 ? {} : { scope }),
    ...(noPrefixRoute === true ? { noPrefixRoute } : {}),
    ...(routeMetric === undefined || routeMetric === 0 ? {} : { routeMetric }),
    ...(detectDuplicates === true && family === 6 ? { detectDuplicates } : {}),
  };
}

/** A network namespace of a fake kernel. Its methods are the requests of a driver, each done at once or refused with the real kernel's errno. */
export class MemoryNamespace {
  /** The kernel's cookie of it. */
  readonly cookie: string;
  /** What was announced from here, in order. */
  readonly announcements: MemoryAnnouncement[] = [];
  /** Open handles and watches; the namespace lives as long as it has one, or a name. */
  holders = 0;
  /** False once it is destroyed. */
  alive = true;
  readonly #links = new Map<number, MemoryLink>();
  readonly #routes = new MemoryRoutes();
  readonly #sysctls = new MemorySysctls(() => this.#links.values());
  readonly #listeners = new Set<() => void>();
  #lastIndex = 0;
  #hasLocalTable4 = false;

  readonly #place: RoutingPlace = {
    routes: this.#routes,
    link: (index, op) => this.link(index, op),
    ownersOf: (ip) => this.#ownersOf(ip),
    isIpv6Off: (link) => this.#isIpv6Off(link),
    hasLocalTable4: () => this.#hasLocalTable4,
  };

  /** @internal made by the kernel */
  constructor(cookie: string) {
    this.cookie = cookie;
  }

  /** All links by index. */
  links(): readonly MemoryLink[] {
    return [...this.#links.values()].sort((a, b) => a.index - b.index);
  }

  /** The link with an index. @throws NetlinkError `ENODEV` when there is none */
  link(index: number, op: string): MemoryLink {
    const link = this.#links.get(index);
    if (link === undefined) throw refusal(op, 'ENODEV');
    return link;
  }

  /** True when a link here has that name or alternative name. */
  isNameTaken(name: string): boolean {
    return this.links().some((link) => link.name === name || link.altNames.includes(name));
  }

  /** All that a driver can see, as plain data. */
  snapshot(): MemorySnapshot {
    const links = this.links();
    const addresses = links.flatMap((link) => this.addresses(link.index, 'snapshot'));
    return { links: links.map((link) => link.toLink()), addresses, routes: this.routes() };
  }

  /** Calls back after each change of the links. @returns a function that ends it */
  onLinkChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Takes a link in, down, with the name it has; it keeps its index when that is free. @throws NetlinkError `EEXIST` when the name is taken */
  adopt(link: MemoryLink, op: string): void {
    if (this.isNameTaken(link.name)) throw refusal(op, 'EEXIST');
    if (link.index === 0 || this.#links.has(link.index)) {
      do this.#lastIndex++;
      while (this.#links.has(this.#lastIndex));
      link.index = this.#lastIndex;
    }
    link.namespace = this;
    this.#sysctls.inherit(link);
    this.#links.set(link.index, link);
    this.#notify();
  }

  /** Lets a link go, to another namespace or for good: it is taken down and loses addresses, routes and master. */
  release(link: MemoryLink): void {
    this.#takeDown(link);
    this.#lead(link);
    this.#routes.forgetLink(link.index);
    link.addresses = [];
    link.masterIndex = undefined;
    link.namespace = undefined;
    this.#links.delete(link.index);
    for (const other of this.#links.values()) if (other.masterIndex === link.index) other.masterIndex = undefined;
    this.#notify();
  }

  /** Renames a link. @throws NetlinkError `EEXIST` when a link here has that name or alternative name */
  rename(link: MemoryLink, name: string, op: string): void {
    if (link.name === name) return;
    if (this.isNameTaken(name)) throw refusal(op, 'EEXIST');
    link.name = name;
    let position = 0;
    link.addresses = link.addresses.map((address) => {
      if (address.cidr.family === 6) return address;
      const { label: before, ...settings } = address.settings;
      const label = relabel(before, position++, name);
      return { ...address, settings: label === undefined ? settings : { ...settings, label } };
    });
    this.#notify();
  }

  /** Gives a link other alternative names. @throws NetlinkError `EEXIST` when one is taken */
  setAltNames(link: MemoryLink, altNames: readonly string[], op: string): void {
    if (altNames.some((name) => !link.altNames.includes(name) && this.isNameTaken(name))) throw refusal(op, 'EEXIST');
    link.altNames = [...altNames];
    this.#notify();
  }

  /** Sets the largest packet. @throws NetlinkError `EINVAL` outside of 68 to 65535, or above that of the link below */
  setMtu(link: MemoryLink, mtu: number, op: string): void {
    if (mtu < 68) throw refusal(op, 'EINVAL', 'mtu less than device minimum');
    if (mtu > 65535 && !link.loopback) throw refusal(op, 'EINVAL', 'mtu greater than device maximum');
    if (link.lower !== undefined && mtu > link.lower.mtu) throw refusal(op, link.kind === 'vlan' ? 'ERANGE' : 'EINVAL');
    link.mtu = mtu;
    this.#notify();
    for (const upper of link.uppers) if (upper.mtu > mtu) upper.namespace?.setMtu(upper, mtu, op);
  }

  /**
   * Takes a link up or down, with what the kernel does to addresses and routes then, and to links that hang on it.
   * @throws NetlinkError `ENETDOWN` for a vlan above a link that is down
   */
  setUp(link: MemoryLink, up: boolean, op = `link.change ${link.index}`): void {
    if (link.up === up) return;
    if (up && link.kind === 'vlan' && link.lower?.up === false) throw refusal(op, 'ENETDOWN');
    if (up) this.#takeUp(link);
    else this.#takeDown(link);
    this.#notify();
    this.#lead(link);
  }

  /** Pulls or plugs the cable. */
  setConnected(link: MemoryLink, connected: boolean): void {
    if (link.connected === connected) return;
    link.connected = connected;
    this.followCarrier(link);
    this.#lead(link);
  }

  /** Does what comes with the carrier of a link. @internal called when a link that it hangs on has changed */
  followCarrier(link: MemoryLink): void {
    this.#addLinkLocal(link);
    this.#notify();
  }

  /** The addresses of a link. @throws NetlinkError `ENODEV` */
  addresses(linkIndex: number, op: string): readonly LinkAddress[] {
    return this.link(linkIndex, op).addresses.map(({ cidr, settings, kernelMade }) => ({
      linkIndex,
      address: formatCidr(cidr),
      ...settings,
      ...(kernelMade ? { kernelMade: true as const } : {}),
    }));
  }

  /** Adds an address. @throws NetlinkError `EEXIST`, `ENODEV`, `EINVAL` for another scope than its range has, or `EACCES` where IPv6 is off */
  addAddress(linkIndex: number, address: string, op: string, given: AddressSettings = {}): void {
    const link = this.link(linkIndex, op);
    const cidr = requireCidr(address);
    if (cidr.family === 6 && this.#isIpv6Off(link)) throw refusal(op, 'EACCES', 'ipv6: IPv6 is disabled on this device');
    const added = toAddress(cidr, shownSettings(cidr, given));
    const list = insertAddress(link.addresses, added);
    if (list === 'EEXIST') throw refusal(op, 'EEXIST', `ipv${cidr.family}: Address already assigned`);
    if (list === 'EINVAL') throw refusal(op, 'EINVAL', 'ipv4: Invalid scope value');
    link.addresses = [...list];
    if (cidr.family === 4) {
      this.#hasLocalTable4 = true;
      if (link.up) this.#routes.revive(link.index, 4);
    }
    const entry = list.find((address) => address.settings === added.settings);
    if (entry !== undefined) this.#connect(link, entry);
  }

  /** Removes an address, and with a first IPv4 address the secondary ones of its range. @throws NetlinkError `EADDRNOTAVAIL`, `ENODEV` */
  removeAddress(linkIndex: number, address: string, op: string): void {
    const link = this.link(linkIndex, op);
    const cidr = requireCidr(address);
    const found = link.addresses.find((other) => other.cidr.prefix === cidr.prefix && sameIp(other.cidr, cidr));
    if (found === undefined) throw refusal(op, 'EADDRNOTAVAIL', `ipv${cidr.family}: address not found`);
    const promote = this.#sysctls.linkValue(link, 'ipv4/promote_secondaries') !== '0';
    const { list, gone } = removeAddress(link.addresses, found, promote);
    link.addresses = [...list];
    const range = toNetwork(cidr);
    const shared = list.some((other) => other.cidr.prefix === cidr.prefix && contains(range, other.cidr));
    const first = cidr.family === 4 && !found.secondary;
    if (found.settings.noPrefixRoute !== true && (!shared || first)) this.#routes.disconnect(linkIndex, cidr);
    for (const one of gone) if (this.#ownersOf(one.cidr).length === 0) this.#routes.forgetSource(one.cidr);
    const heir = list.find((other) => !other.secondary && other.cidr.prefix === cidr.prefix && contains(range, other.cidr));
    if (heir !== undefined && first) this.#connect(link, heir);
    // With the last IPv4 address the whole family is switched off on the link (fib_disable_ip).
    if (cidr.family === 4 && !link.addresses.some((other) => other.cidr.family === 4)) this.#routes.flush(linkIndex, 4);
  }

  /** All routes. */
  routes(): readonly Route[] {
    return this.#routes.list();
  }

  /** Makes a route. @throws NetlinkError `EEXIST`, `ENODEV`, `ENETDOWN`, `ENETUNREACH`, `EHOSTUNREACH`, `EINVAL` */
  addRoute(route: RouteRequest, op: string): void {
    const argument = requireRoute(route);
    checkRoute(this.#place, route, argument, op);
    if (this.#routes.has(route, argument)) throw refusal(op, 'EEXIST');
    this.#routes.replace(route, argument);
  }

  /** Makes or replaces a route. @throws NetlinkError `ENODEV`, `ENETDOWN`, `ENETUNREACH`, `EHOSTUNREACH`, `EINVAL` */
  replaceRoute(route: RouteRequest, op: string): void {
    const argument = requireRoute(route);
    checkRoute(this.#place, route, argument, op);
    this.#routes.replace(route, argument);
  }

  /**
   * Makes a route with several next hops, which a driver lists as one route for each and cannot make. Two at least, each with a gateway.
   * @throws NetlinkError as {@link MemoryNamespace.addRoute} for each hop
   */
  addMultipathRoute(route: MemoryMultipathRequest, op: string): void {
    const { nextHops, ...rest } = route;
    const hops = nextHops.map(({ gateway, linkIndex }) => ({ gateway: requireIp(gateway), linkIndex, dead: false }));
    const [first, second] = nextHops;
    if (first === undefined || second === undefined) throw new RangeError('several next hops are needed');
    const request = { ...rest, ...first };
    const argument = requireRoute(request);
    const isSame = (a: MemoryNextHop, b: MemoryNextHop): boolean => a.linkIndex === b.linkIndex && sameIp(a.gateway, b.gateway);
    for (const [n, hop] of hops.entries()) {
      const { linkIndex, gateway } = hop;
      checkRoute(this.#place, { ...rest, linkIndex }, { dst: argument.dst, gateway }, op);
      // IPv4 takes the same one twice, IPv6 does not (ip6_route_info_append).
      if (gateway.family === 6 && hops.slice(0, n).some((other) => isSame(other, hop))) throw refusal(op, 'EEXIST');
    }
    if (this.#routes.has(request, argument)) throw refusal(op, 'EEXIST');
    this.#routes.addMultipath(request, argument, hops);
  }

  /** Removes a route. @throws NetlinkError `ESRCH` when there is none */
  removeRoute(route: RouteRequest, op: string): void {
    if (!this.#routes.remove(route, requireRoute(route))) throw refusal(op, 'ESRCH');
  }

  /** Reads a setting below `net`; undefined when there is none of that name. */
  readSysctl(name: string): string | undefined {
    return this.#sysctls.read(name);
  }

  /** Writes a setting below `net`. @throws NetlinkError `ENOENT`, or `EINVAL` for what is no whole number */
  writeSysctl(name: string, value: string, op: string): void {
    this.#sysctls.write(name, value, op);
    for (const link of this.#links.values()) {
      if (this.#isIpv6Off(link)) {
        link.addresses = link.addresses.filter(({ cidr }) => cidr.family === 4);
        this.#routes.flush(link.index, 6);
      } else {
        this.#addLinkLocal(link);
      }
    }
  }

  /** The kernel's route to the range of an address; that of an IPv4 range belongs to its first address. */
  #connect(link: MemoryLink, { cidr, secondary, settings }: MemoryAddress): void {
    if (!link.up || secondary || link.loopback || settings.noPrefixRoute === true) return;
    this.#routes.connect(link.index, cidr, settings.routeMetric);
  }

  /** The links that have an address, with whatever prefix length. */
  #ownersOf(ip: IpAddress): readonly MemoryLink[] {
    return this.links().filter((link) => link.addresses.some(({ cidr }) => sameIp(cidr, ip)));
  }

  #isIpv6Off(link: MemoryLink): boolean {
    return this.#sysctls.linkValue(link, 'ipv6/disable_ipv6') !== '0';
  }

  #takeUp(link: MemoryLink): void {
    link.up = true;
    if (link.loopback) {
      if (!link.addresses.some(({ cidr }) => cidr.family === 4)) this.#addLoopback(link, '127.0.0.1/8');
      this.#hasLocalTable4 = true;
      if (!this.#isIpv6Off(link)) this.#addLoopback(link, '::1/128');
      return;
    }
    for (const address of link.addresses) this.#connect(link, address);
    this.#routes.revive(link.index, 4);
    this.#addLinkLocal(link);
  }

  #takeDown(link: MemoryLink): void {
    link.up = false;
    this.#routes.flush(link.index);
    // keep_addr_on_down is 0 unless somebody sets it.
    if (this.#sysctls.linkValue(link, 'ipv6/keep_addr_on_down') === '0') {
      link.addresses = link.addresses.filter(({ cidr }) => cidr.family === 4);
    }
  }

  /** Lets the links that hang on one follow it. Vlans go up and down with it (vlan_device_event in net/8021q/vlan.c), other kinds only lose the carrier. */
  #lead(link: MemoryLink): void {
    for (const upper of link.uppers) if (upper.kind === 'vlan') upper.namespace?.setUp(upper, link.up);
    for (const follower of link.followers()) follower.namespace?.followCarrier(follower);
  }

  #addLinkLocal(link: MemoryLink): void {
    const cidr = linkLocalAddress(link.mac);
    if (cidr === undefined || link.loopback || !link.carrier || this.#isIpv6Off(link)) return;
    this.#routes.revive(link.index, 6);
    if (this.#sysctls.linkValue(link, 'ipv6/addr_gen_mode') !== '0' || link.addresses.some((other) => sameIp(other.cidr, cidr))) return;
    const added = { ...toAddress(cidr, {}), kernelMade: true };
    const list = insertAddress(link.addresses, added);
    if (typeof list !== 'string') link.addresses = [...list];
    this.#connect(link, added);
  }

  #addLoopback(link: MemoryLink, address: string): void {
    const cidr = parseCidr(address);
    // Their routes are in the local table, which no driver lists.
    if (cidr !== undefined && !link.addresses.some((other) => sameIp(other.cidr, cidr)))
      link.addresses.push({ ...toAddress(cidr, {}), kernelMade: true });
  }

  #notify(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
