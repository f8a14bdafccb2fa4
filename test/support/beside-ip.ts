import type { Rtnetlink } from '../../netlink/rtnetlink.js';
import type { LinkNames } from './ip-json.js';
import { type IpObject, ROUTE_KEYS_LEFT_OUT, toIpAddress, toIpNeighbour, toIpRoute, toIpRule } from './ip-json.js';
import { comparableLink, surroundings, timersOf, toIpLink } from './ip-json-link.js';
import type { NetlinkLab } from './netlink-lab.js';

/** One listing by the library and by `ip`, of the same moment. */
export interface Both {
  /** What the library lists, mapped to what `ip` would print. */
  readonly ours: readonly IpObject[];
  /** What `ip` prints. */
  readonly printed: readonly IpObject[];
}

/** Reads the objects of one namespace with the library and with `ip -N -d -j`, every key of it. */
export interface BesideIp {
  /** Links with their counters (`-s -s`). */
  links(): Promise<Both>;
  /** The countdowns of bridges and their ports, each read by us before and after `ip`. */
  timers(): Promise<readonly { readonly path: string; readonly before: number; readonly printed: number; readonly after: number }[]>;
  /** Addresses, by link. */
  addresses(): Promise<Both>;
  /** Routes of all tables, IPv4 before IPv6. */
  routes(): Promise<Both>;
  /** Rules, IPv4 before IPv6. */
  rules(): Promise<Both>;
  /** Neighbours with their times (`-s`), or the addresses that this host answers for. */
  neighbours(what: 'all' | 'proxies'): Promise<Both>;
  /** Ids of other namespaces. */
  nsids(): Promise<Both>;
}

/** Compares as text, so that order is of no meaning. */
const sorted = (objects: readonly IpObject[]): readonly IpObject[] =>
  [...objects].sort((a, b) => (JSON.stringify(sortKeys(a)) < JSON.stringify(sortKeys(b)) ? -1 : 1));

const sortKeys = (object: IpObject): IpObject => Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));

/** Pairs the library in one namespace with `ip` in the same. */
export function besideIp(lab: NetlinkLab, rtnetlink: Rtnetlink): BesideIp {
  const ip = (...args: readonly string[]): readonly IpObject[] => lab.ip<IpObject>(rtnetlink.namespace, '-N', ...args);

  /** Reads both sides while nothing changes: the kernel goes on by itself for a while (carrier, link-local addresses, multicast). */
  async function standing(read: () => Promise<readonly IpObject[]>, print: () => readonly IpObject[]): Promise<Both> {
    for (let tries = 0; tries < 200; tries++) {
      const before = await read();
      const printed = print();
      const ours = await read();
      if (JSON.stringify(before) === JSON.stringify(ours)) return { ours, printed };
    }
    throw new Error('the namespace does not come to rest');
  }

  async function readLinks(): Promise<readonly IpObject[]> {
    const links = await rtnetlink.link.list({ stats: true });
    const around = surroundings(links);
    return links.map((link) => toIpLink(link, around));
  }
  const names = async (): Promise<LinkNames> => surroundings(await rtnetlink.link.list()).names;
  const printLinks = (): readonly IpObject[] => ip('-s', '-s', 'link', 'show');

  return {
    links: () =>
      standing(
        async () => (await readLinks()).map(comparableLink),
        () => printLinks().map(comparableLink),
      ),
    async timers() {
      const before = await readLinks();
      const printed = printLinks();
      const after = await readLinks();
      return printed.flatMap((link, i) =>
        [...timersOf(link)].map(([path, value]) => ({
          path: `${link['ifname']} ${path}`,
          before: timersOf(before[i] ?? {}).get(path) ?? Number.NaN,
          printed: value,
          after: timersOf(after[i] ?? {}).get(path) ?? Number.NaN,
        })),
      );
    },
    async addresses() {
      const read = async () => (await rtnetlink.address.list()).map((one) => ({ ifindex: one.linkIndex, ...toIpAddress(one) }));
      const both = await standing(read, () =>
        ip('addr', 'show').flatMap((link) =>
          ((link['addr_info'] ?? []) as readonly IpObject[]).map((info) => ({ ifindex: link['ifindex'], ...info })),
        ),
      );
      // ip groups by link, the kernel by family first; the order within is kept.
      const byLink = (list: readonly IpObject[]) => [...list].sort((a, b) => Number(a['ifindex']) - Number(b['ifindex']));
      return { ours: byLink(both.ours), printed: byLink(both.printed) };
    },
    async routes() {
      const linkNames = await names();
      const read = async () => (await rtnetlink.route.list()).map((route) => toIpRoute(route, linkNames));
      const printed = () => [4, 6].flatMap((family) => ip(`-${family}`, 'route', 'show', 'table', 'all'));
      const both = await standing(read, printed);
      const compared = (route: IpObject): IpObject =>
        Object.fromEntries(Object.entries(route).filter(([key]) => !(key in ROUTE_KEYS_LEFT_OUT)));
      return { ours: both.ours, printed: both.printed.map(compared) };
    },
    rules: () =>
      standing(
        async () => (await rtnetlink.rule.list()).map(toIpRule),
        () => [4, 6].flatMap((family) => ip(`-${family}`, 'rule', 'show')),
      ),
    async neighbours(what) {
      const linkNames = await names();
      const proxies = what === 'proxies';
      const read = async () => (await rtnetlink.neighbour.list(proxies ? { proxies } : {})).map((one) => toIpNeighbour(one, linkNames));
      const both = await standing(
        async () => sorted(await read()),
        () => ip('-s', 'neigh', 'show', ...(proxies ? ['proxy'] : ['nud', 'all'])),
      );
      // The kernel lists them by hash.
      return { ours: both.ours, printed: sorted(both.printed) };
    },
    nsids: () =>
      standing(
        async () => sorted((await rtnetlink.nsid.list()).map((nsid) => ({ nsid }))),
        () => sorted(ip('netns', 'list-id')),
      ),
  };
}
