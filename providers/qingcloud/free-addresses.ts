import { type Cidr, contains, type IpAddress, parseCidr, parseIp } from '../../lib/address.js';
import type { VxnetWire } from './wire.js';

/** NICs that a vxnet takes (docs, `compute/vm/manual/nic.md`). */
const MOST_NICS = 252;

function toNumber({ bytes }: IpAddress): number {
  return bytes.reduce((number, byte) => number * 256 + byte, 0);
}

/** How many NICs can have an address: those of the range that DHCP gives out, else all of the network but its own, the broadcast and the router's. */
function roomOf({ router }: VxnetWire): number | undefined {
  const network: Cidr | undefined = parseCidr(router?.ip_network ?? '');
  if (network?.family !== 4) return undefined;
  const [start, end, manager] = [router?.dyn_ip_start, router?.dyn_ip_end, router?.manager_ip].map((text) => parseIp(text ?? ''));
  if (start === undefined || end === undefined || !contains(network, start) || !contains(network, end)) {
    return 2 ** (32 - network.prefix) - 3;
  }
  const [first, last] = [toNumber(start), toNumber(end)];
  const own = manager !== undefined && toNumber(manager) >= first && toNumber(manager) <= last ? 1 : 0;
  return last - first + 1 - own;
}

/**
 * Guesses how many addresses of a vxnet are free where the service does not say so. Never 0: a wished address may lie outside of the range that
 * is counted, so only the service itself can say that there is no room.
 * @param nics how many NICs the account has in it
 * @returns undefined for a vxnet whose range is not known
 */
export function guessFree(vxnet: VxnetWire, nics: number): number | undefined {
  const room = roomOf(vxnet);
  return room === undefined ? undefined : Math.max(1, Math.min(MOST_NICS, room) - nics);
}
