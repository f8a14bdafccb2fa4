import type { Link } from '../driver.js';
import { NicError } from '../errors.js';

/** Links that sit on another link and carry its MAC, and those that no cloud plugs in. A veth is what an emulated cloud plugs in. */
const NO_CARD: ReadonlySet<string> = new Set([
  'vlan',
  'macvlan',
  'macvtap',
  'ipvlan',
  'ipvtap',
  'bridge',
  'bond',
  'team',
  'vrf',
  'vxlan',
  'geneve',
  'gretap',
  'ip6gretap',
  'macsec',
  'hsr',
  'batadv',
  'dsa',
  'openvswitch',
  'dummy',
  'ifb',
  'tun',
  'wireguard',
  'netdevsim',
]);

/**
 * The network card with a hardware address among links: by its permanent address first, which nobody can change, else by the present one.
 * Links stacked on it and links enslaved to another are no candidates.
 * @returns undefined when there is none
 * @throws NicError `ERR_LINK` when there are two: which one is meant would be a guess
 */
export function findNicLink(links: readonly Link[], mac: string): Link | undefined {
  const wanted = mac.toLowerCase();
  const cards = links.filter((link) => !link.loopback && link.masterIndex === undefined && !NO_CARD.has(link.kind ?? ''));
  const burntIn = cards.filter((link) => link.permanentMac === wanted);
  const candidates = burntIn.length > 0 ? burntIn : cards.filter((link) => link.mac === wanted);
  if (candidates.length > 1) {
    const names = candidates.map((link) => link.name).join(' and ');
    throw new NicError('ERR_LINK', `${names} both have the hardware address ${wanted}: which is the NIC cannot be told`);
  }
  return candidates[0];
}
