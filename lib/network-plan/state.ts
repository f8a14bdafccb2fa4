import type { Link, LinkAddress, NetworkNamespace, Route } from '../driver.js';
import { NicError } from '../errors.js';
import type { CallOptions } from '../provider.js';
import { isKernelMade, routeKey } from './route-key.js';

/** Settings that decide what becomes of addresses; they are always read. */
const DECISIVE = [
  'ipv4/conf/all/promote_secondaries',
  'ipv4/conf/%/promote_secondaries',
  'ipv6/conf/all/keep_addr_on_down',
  'ipv6/conf/%/keep_addr_on_down',
  'ipv6/conf/%/disable_ipv6',
] as const;

/** What of a namespace a plan for one link is made from. */
export interface NetworkState {
  /** The link that the plan is for. */
  readonly linkIndex: number;
  /** The links of the namespace. */
  readonly links: readonly Link[];
  /** The link's addresses in the kernel's order, but those that the kernel makes by itself. */
  readonly addresses: readonly LinkAddress[];
  /** All unicast routes of the namespace: a route of this link can take the place of another's. */
  readonly routes: readonly Route[];
  /** Sysctls by their name, with `%` where the name of the link stands: `ipv4/conf/%/rp_filter`. Undefined: there is none of that name. */
  readonly sysctls: Readonly<Record<string, string | undefined>>;
}

/** What is read of a namespace. */
export interface NetworkScope {
  /** The link that the plan is for. */
  readonly linkIndex: number;
  /** The link, where the caller has just read it; then no other links are read, and the plan knows no names of theirs. */
  readonly link?: Link;
  /** Sysctls that the plan may change, below `net`, with the link's name or `%` in its place. */
  readonly sysctls?: readonly string[];
}

/** The link that a state is about. */
export function linkOf(state: NetworkState): Link {
  const link = state.links.find(({ index }) => index === state.linkIndex);
  if (link === undefined) throw new NicError('ERR_LINK', `there is no link ${state.linkIndex}`);
  return link;
}

/** The name of a setting with `%` in place of the link's name, so that it stays the same when the link is renamed. */
export function generalName(name: string, linkName: string): string {
  const parts = name.split('/');
  return (parts[1] === 'conf' || parts[1] === 'neigh') && parts[2] === linkName ? parts.with(2, '%').join('/') : name;
}

/** The name of a setting as the kernel has it while the link is called so. */
export function kernelName(name: string, linkName: string): string {
  return name
    .split('/')
    .map((part) => (part === '%' ? linkName : part))
    .join('/');
}

/** White space between the parts of a value means nothing: the kernel prints tabs. */
export function sameValue(a: string | undefined, b: string | undefined): boolean {
  const words = (text: string): string => text.trim().split(/\s+/).join(' ');
  return a === undefined || b === undefined ? a === b : words(a) === words(b);
}

/** Which of several routes with the same destination, metric and table a request means cannot be said. */
function withoutTwins(routes: readonly Route[]): readonly Route[] {
  const groups = new Map<string, Route[]>();
  for (const route of routes) {
    const twins = groups.get(routeKey(route));
    if (twins === undefined) groups.set(routeKey(route), [route]);
    else twins.push(route);
  }
  if (groups.size === routes.length) return routes;
  return routes.map((route) => {
    const twins = groups.get(routeKey(route)) ?? [];
    // The kernel's own are never put back by a request.
    if (twins.length < 2 || route.unsupported !== undefined || twins.every(isKernelMade)) return route;
    return { ...route, unsupported: ['a twin with the same destination, metric and table'] };
  });
}

/**
 * Reads what a plan for one link is made from.
 * @throws NicError `ERR_LINK` when there is no such link; whatever the namespace rejects with
 */
export async function readNetworkState(namespace: NetworkNamespace, scope: NetworkScope, options: CallOptions = {}): Promise<NetworkState> {
  const { linkIndex } = scope;
  const links = scope.link === undefined ? await namespace.listLinks(options) : [scope.link];
  const link = links.find(({ index }) => index === linkIndex);
  if (link === undefined) throw new NicError('ERR_LINK', `${namespace.label}: there is no link ${linkIndex}`);
  const addresses = await namespace.listAddresses(linkIndex, options);
  const routes = await namespace.listRoutes(options);
  const names = new Set([...DECISIVE, ...(scope.sysctls ?? [])].map((name) => generalName(name, link.name)));
  const sysctls: Record<string, string | undefined> = {};
  for (const name of names) sysctls[name] = (await namespace.readSysctl(kernelName(name, link.name)))?.trim();
  return {
    linkIndex,
    links,
    addresses: addresses.filter(({ kernelMade }) => kernelMade !== true),
    routes: withoutTwins(routes),
    sysctls,
  };
}
