import { type Cidr, formatCidr, formatIp, parseCidr, parseIp } from '../address.js';
import type { AddressSettings, LinkAddress, Route, RouteRequest } from '../driver.js';
import { NicError } from '../errors.js';
import { isSameAddress } from './address-list.js';
import { LEAST_MTU_6 } from './model.js';
import { formatOperation } from './operation.js';
import { isAsWanted, isIpv6, isKernelMade, isSameRoute, routeKey, toCanonicalRoute, toRequest } from './route-key.js';
import { generalName, linkOf, type NetworkState } from './state.js';

/** An address that a link shall have. Settings that are left out may be anything. */
export interface WantedLinkAddress extends AddressSettings {
  /** With its prefix length: `192.168.100.20/24`. */
  readonly address: string;
}

/** A route by the link that shall be there. What is left out may be anything, but for the metric and the table. */
export type WantedLinkRoute = Omit<RouteRequest, 'linkIndex'>;

/** How a link, its addresses, its routes and settings shall be; what is left out stays as it is. */
export interface WantedNetwork {
  /** The link's name. */
  readonly name?: string;
  /** Its largest packet, in bytes. */
  readonly mtu?: number;
  /** Up or down. */
  readonly up?: boolean;
  /** Its addresses: an address with prefix length, or that with settings. */
  readonly addresses?: readonly (string | WantedLinkAddress)[];
  /** Routes by it. */
  readonly routes?: readonly WantedLinkRoute[];
  /** Sysctls below `net`; the link's name may be written as `%`: `ipv4/conf/%/rp_filter`. They must have been read into the state. */
  readonly sysctls?: Readonly<Record<string, string>>;
  /**
   * Removes other addresses of the link where `addresses` is given, and other routes by it where `routes` is given.
   * What the kernel makes by itself stays, and so do link-local IPv6 addresses. Default: others stay.
   */
  readonly exclusive?: boolean;
}

/** An address that shall be there. */
export interface TargetAddress {
  readonly cidr: Cidr;
  readonly address: string;
  readonly settings: AddressSettings;
  readonly unsupported: readonly string[];
  isMet(found: LinkAddress): boolean;
}

/** A route that shall be there. */
export interface TargetRoute {
  readonly key: string;
  /** Undefined for what no request can make. */
  readonly request: RouteRequest | undefined;
  readonly text: string;
  /** The kernel makes it by itself. */
  readonly kernelMade: boolean;
  /** It is there already, so that it must be possible to put it back. */
  readonly kept: boolean;
  readonly unsupported: readonly string[];
  /** It stays only where the kernel's own route stands in for this wanted one, which would take its place. */
  readonly yieldsTo: TargetRoute | undefined;
  isMet(found: Route): boolean;
  /** Whether a route of another metric will do as well. */
  standsIn(found: Route): boolean;
}

/** The state to reach. */
export interface Target {
  readonly name: string;
  readonly mtu: number;
  readonly up: boolean;
  readonly addresses: readonly TargetAddress[];
  /** Addresses in just that order, and nothing that a kept address or route has may change on the way. */
  readonly exact: boolean;
  readonly routes: readonly TargetRoute[];
  /** By general name. */
  readonly sysctls: Readonly<Record<string, string | undefined>>;
}

/** Settings whose change changes others with it, so that one write would not undo another. */
const WITH_OTHERS: ReadonlySet<string> = new Set([
  'ipv4/ip_forward',
  'ipv4/conf/all/forwarding',
  'ipv6/conf/all/forwarding',
  'ipv6/conf/all/disable_ipv6',
]);

const MAIN_TABLE = 254;

function refuse(message: string): NicError {
  return new NicError('ERR_CONFIG', message);
}

function settingsOf({ broadcast, label, scope, noPrefixRoute, routeMetric, detectDuplicates }: AddressSettings): AddressSettings {
  return {
    ...(broadcast === undefined ? {} : { broadcast }),
    ...(label === undefined ? {} : { label }),
    ...(scope === undefined ? {} : { scope }),
    ...(noPrefixRoute === undefined ? {} : { noPrefixRoute }),
    ...(routeMetric === undefined ? {} : { routeMetric }),
    ...(detectDuplicates === undefined ? {} : { detectDuplicates }),
  };
}

const SETTINGS = ['broadcast', 'label', 'scope', 'noPrefixRoute', 'routeMetric', 'detectDuplicates'] as const;

function isIpv6LinkLocal({ family, bytes }: Cidr): boolean {
  return family === 6 && bytes[0] === 0xfe && ((bytes[1] ?? 0) & 0xc0) === 0x80;
}

function requireCidr(text: string): Cidr {
  const cidr = parseCidr(text);
  if (cidr === undefined) throw new RangeError(`${JSON.stringify(text)} is no address with prefix length`);
  return cidr;
}

function wantedAddress(wanted: string | WantedLinkAddress, linkName: string): TargetAddress {
  const { address: text, ...given } = typeof wanted === 'string' ? { address: wanted } : wanted;
  const cidr = requireCidr(text);
  const address = formatCidr(cidr);
  const settings = settingsOf(given);
  const ip = settings.broadcast === undefined ? undefined : parseIp(settings.broadcast);
  if (settings.broadcast !== undefined && ip === undefined) throw new RangeError(`${settings.broadcast} is no broadcast address`);
  const { label } = settings;
  if (label !== undefined && label !== linkName && !label.startsWith(`${linkName}:`)) {
    throw refuse(`the label ${label} of ${address} must be ${linkName}, alone or with ":" and a suffix`);
  }
  const exact = ip === undefined ? settings : { ...settings, broadcast: formatIp(ip) };
  const said = SETTINGS.filter((key) => exact[key] !== undefined);
  // A label that is the link's name is shown as none.
  const shown = label === linkName ? { ...exact, label: undefined } : exact;
  return {
    cidr,
    address,
    settings: exact,
    unsupported: [],
    isMet: (found) => found.address === address && said.every((key) => (found[key] ?? false) === (shown[key] ?? false)),
  };
}

/** An address that stays. @param loose a label may change with the link's name */
function keptAddress(entry: LinkAddress, loose: boolean): TargetAddress {
  const settings = settingsOf(entry);
  const keys = SETTINGS.filter((key) => !loose || key !== 'label');
  return {
    cidr: requireCidr(entry.address),
    address: entry.address,
    settings,
    unsupported: entry.unsupported ?? [],
    isMet: (found) => found.address === entry.address && keys.every((key) => found[key] === entry[key]),
  };
}

function wantedRoute(request: RouteRequest): TargetRoute {
  const text = formatOperation({ kind: 'route.add', route: request }).slice('route.add '.length);
  return {
    key: routeKey(request),
    request,
    text,
    kernelMade: false,
    kept: false,
    unsupported: [],
    yieldsTo: undefined,
    isMet: (found) => isAsWanted(found, request),
    standsIn: (found) => isStandIn(found, request),
  };
}

/** Whether the kernel's own route will do, of whatever metric: for a range on the link itself, where no metric is said. */
function isStandIn(found: Route, request: RouteRequest): boolean {
  const sameWay = found.dst === request.dst && found.table === (request.table ?? MAIN_TABLE);
  return isKernelMade(found) && request.metric === undefined && sameWay && isAsWanted(found, request);
}

/** A route that stays. @param loose its MTU may change with the link's */
function keptRoute(route: Route, loose: boolean, yieldsTo?: TargetRoute): TargetRoute {
  const request = toRequest(route);
  const unsupported = route.unsupported ?? (request === undefined ? ['no link of its own'] : []);
  const text = request === undefined ? route.dst : formatOperation({ kind: 'route.add', route: request }).slice('route.add '.length);
  const isMet = (found: Route): boolean => {
    if (found === route) return true;
    const { mtu: _found, ...rest } = found;
    const { mtu: _route, ...wanted } = route;
    return loose ? isSameRoute(rest, wanted) : isSameRoute(found, route);
  };
  return {
    key: routeKey(route),
    request,
    text,
    kernelMade: isKernelMade(route),
    kept: true,
    unsupported,
    yieldsTo,
    isMet,
    standsIn: () => false,
  };
}

/** The state as it is, to come back to. */
export function targetOfState(state: NetworkState): Target {
  const { name, mtu, up } = linkOf(state);
  return {
    name,
    mtu,
    up,
    addresses: state.addresses.map((entry) => keptAddress(entry, false)),
    exact: true,
    routes: state.routes.map((route) => keptRoute(route, false)),
    sysctls: state.sysctls,
  };
}

function targetSysctls(current: NetworkState, wanted: WantedNetwork): Record<string, string | undefined> {
  const sysctls = { ...current.sysctls };
  const { name: linkName } = linkOf(current);
  for (const [name, value] of Object.entries(wanted.sysctls ?? {})) {
    const general = generalName(name, linkName);
    if (!Object.hasOwn(sysctls, general)) throw new RangeError(`the sysctl ${name} was not read: name it when reading the state`);
    if (WITH_OTHERS.has(general))
      throw refuse(`the sysctl ${name} changes others with it, which a plan could not put back: write it by itself`);
    if (sysctls[general] === undefined) throw refuse(`there is no sysctl net/${name}`);
    sysctls[general] = value;
  }
  return sysctls;
}

function targetAddresses(current: NetworkState, wanted: WantedNetwork): readonly TargetAddress[] {
  const { name: linkName } = linkOf(current);
  const { name = linkName } = wanted;
  const asked = (wanted.addresses ?? []).map((one) => wantedAddress(one, name));
  for (const [i, one] of asked.entries()) {
    const double = asked.slice(0, i).find((other) => isSameAddress(other.cidr, one.cidr));
    if (double !== undefined) throw refuse(`${one.address} is wanted twice`);
  }
  const exclusive = wanted.exclusive === true && wanted.addresses !== undefined;
  const kept: TargetAddress[] = [];
  const left = new Set(asked);
  for (const entry of current.addresses) {
    const cidr = requireCidr(entry.address);
    const same = asked.find((one) => isSameAddress(one.cidr, cidr));
    if (same === undefined) {
      if (!exclusive || isIpv6LinkLocal(cidr)) kept.push(keptAddress(entry, name !== linkName));
    } else if (same.isMet(entry)) {
      kept.push(keptAddress(entry, name !== linkName && same.settings.label === undefined));
      left.delete(same);
    }
  }
  return [...kept, ...left];
}

function targetRoutes(current: NetworkState, wanted: WantedNetwork, resized: boolean): readonly TargetRoute[] {
  const { linkIndex } = current;
  const asked = new Map<string, TargetRoute>();
  for (const wish of wanted.routes ?? []) {
    const route = wantedRoute(toCanonicalRoute({ ...wish, linkIndex }));
    if (asked.has(route.key)) throw refuse(`the route ${route.text} is wanted twice`);
    asked.set(route.key, route);
  }
  const exclusive = wanted.exclusive === true && wanted.routes !== undefined;
  const kept = current.routes.flatMap((route) => {
    if (exclusive && route.linkIndex === linkIndex && !isKernelMade(route)) return [];
    return [keptRoute(route, resized, asked.get(routeKey(route)))];
  });
  return [...kept, ...asked.values()];
}

/**
 * The state that a wish makes of the one that is there.
 * @throws RangeError for what is no address, range or next hop, and for a sysctl that was not read
 * @throws NicError `ERR_CONFIG` when it contradicts itself
 */
export function targetOfWish(current: NetworkState, wanted: WantedNetwork): Target {
  const link = linkOf(current);
  const { name = link.name, mtu = link.mtu, up = link.up } = wanted;
  const sysctls = targetSysctls(current, wanted);
  const addresses = targetAddresses(current, wanted);
  const routes = targetRoutes(current, wanted, mtu !== link.mtu);
  const off = (sysctls['ipv6/conf/%/disable_ipv6'] ?? '0') !== '0';
  const texts = [
    ...(wanted.addresses ?? []).map((one) => (typeof one === 'string' ? one : one.address)),
    ...(wanted.routes ?? []).map(({ dst }) => dst),
  ];
  const wide = texts.find(isIpv6);
  if (wide !== undefined && mtu < LEAST_MTU_6)
    throw refuse(`${wide} cannot be on ${name}: IPv6 needs an MTU of ${LEAST_MTU_6}, not ${mtu}`);
  if (wide !== undefined && off) throw refuse(`${wide} cannot be on ${name}: IPv6 is disabled there (net/ipv6/conf/${name}/disable_ipv6)`);
  if (!up && (wanted.routes ?? []).length > 0) throw refuse(`routes by ${name} cannot be while it is down: want it up`);
  // What goes with the link's state is not what was asked to stay.
  const withLink = (text: string): boolean => isIpv6(text) && (mtu < LEAST_MTU_6 || off);
  return {
    name,
    mtu,
    up,
    addresses: addresses.filter(({ address }) => !withLink(address)),
    exact: false,
    routes: routes.filter(({ request, key }) => request?.linkIndex !== current.linkIndex || (up && !withLink(key))),
    sysctls,
  };
}
