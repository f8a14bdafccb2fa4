import { type Cidr, contains, sameIp } from '../address.js';

/** An address in the order and with the rank that the kernel gives it. */
export interface ListedAddress {
  /** The address with its prefix length. */
  readonly cidr: Cidr;
  /** How far it is valid (rtm_scope); IPv4 only. */
  readonly scope: number;
  /** Another address of the same range was there first; IPv4 only. */
  readonly secondary: boolean;
}

/** What is left of a list of addresses after one was removed. */
export interface ShortenedList<T> {
  /** The rest. */
  readonly list: readonly T[];
  /** What went: the address, and the secondary ones that it took along. */
  readonly gone: readonly T[];
}

/** The link-local, the site-local and all other addresses, as `ipv6_addr_src_scope` ranks them (include/net/ipv6.h). */
function reach6({ bytes }: Cidr): number {
  if (bytes[0] !== 0xfe) return 14;
  const kind = (bytes[1] ?? 0) & 0xc0;
  return kind === 0x80 ? 2 : kind === 0xc0 ? 5 : 14;
}

function sameRange(a: Cidr, b: Cidr): boolean {
  return a.prefix === b.prefix && contains(a, b);
}

/** IPv4 takes the same address twice with different lengths, IPv6 does not (inet_insert_ifa, ipv6_add_addr). */
export function isSameAddress(a: Cidr, b: Cidr): boolean {
  return sameIp(a, b) && (a.family === 6 || a.prefix === b.prefix);
}

function insert6<T extends ListedAddress>(list: readonly T[], entry: T): readonly T[] {
  const at = list.findIndex(({ cidr }) => cidr.family === 6 && reach6(cidr) <= reach6(entry.cidr));
  return at < 0 ? [...list, entry] : list.toSpliced(at, 0, entry);
}

/**
 * Puts an address where the kernel puts it: IPv4 behind the last primary address, or at the end when it is a secondary one
 * (`__inet_insert_ifa`, net/ipv4/devinet.c); IPv6 before all that reach no farther (`ipv6_link_dev_addr`, net/ipv6/addrconf.c).
 * @returns the errno that the kernel refuses with instead
 */
export function insertAddress<T extends ListedAddress>(list: readonly T[], added: T): readonly T[] | 'EEXIST' | 'EINVAL' {
  const { cidr } = added;
  if (list.some((other) => isSameAddress(other.cidr, cidr))) return 'EEXIST';
  if (cidr.family === 6) return insert6(list, added);
  const neighbours = list.filter((other) => sameRange(other.cidr, cidr));
  if (neighbours.some((other) => other.scope !== added.scope)) return 'EINVAL';
  const entry = { ...added, secondary: neighbours.length > 0 };
  const isBefore = (other: T): boolean => other.cidr.family === 4 && (entry.secondary || (!other.secondary && entry.scope <= other.scope));
  return list.toSpliced(list.findLastIndex(isBefore) + 1, 0, entry);
}

/**
 * Takes an address away as the kernel does: the first IPv4 address of a range takes the others along, or hands its rank to the next
 * where `promote` (`__inet_del_ifa`, net/ipv4/devinet.c).
 */
export function removeAddress<T extends ListedAddress>(list: readonly T[], gone: T, promote: boolean): ShortenedList<T> {
  const rest = list.filter((other) => other !== gone);
  if (gone.cidr.family === 6 || gone.secondary) return { list: rest, gone: [gone] };
  const follows = (other: T): boolean => other.secondary && sameRange(other.cidr, gone.cidr);
  if (!promote) return { list: rest.filter((other) => !follows(other)), gone: [gone, ...rest.filter(follows)] };
  const heir = rest.find(follows);
  if (heir === undefined) return { list: rest, gone: [gone] };
  const promoted = { ...heir, secondary: false };
  const between = list.slice(list.indexOf(gone) + 1, list.indexOf(heir));
  if (between.length === 0) return { list: rest.with(rest.indexOf(heir), promoted), gone: [gone] };
  // It moves behind the last primary address that was passed on the way to it, or else behind the first of all.
  const passed = between.filter((other) => !other.secondary && gone.scope <= other.scope);
  const last = passed.at(-1) ?? list[0];
  const others = rest.filter((other) => other !== heir);
  const at = last === undefined ? 0 : others.indexOf(last) + 1;
  return { list: others.toSpliced(at, 0, promoted), gone: [gone] };
}

/** The label that an IPv4 address gets when its link is renamed: all but the first are numbered (`inetdev_changename`, net/ipv4/devinet.c). */
export function relabel(label: string | undefined, position: number, name: string): string | undefined {
  if (position === 0) return undefined;
  const colon = label?.indexOf(':') ?? -1;
  const suffix = label === undefined || colon < 0 ? `:${position + 1}` : label.slice(colon);
  // A name without room for it takes the suffix over its own end.
  return suffix.length + name.length < 16 ? `${name}${suffix}` : `${name.slice(0, 16 - suffix.length - 1)}${suffix}`;
}
