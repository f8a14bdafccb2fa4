import { type Cidr, formatIp, ipFromBytes, parseCidr, parseIp } from '../../../lib/address.js';
import type { EmulatedNic, EmulatedVxnet } from './model.js';

/** An IPv4 address as a number. @throws RangeError when it is none */
export function toNumber(address: string): number {
  const ip = parseIp(address);
  if (ip === undefined || ip.family !== 4) throw new RangeError('not an IPv4 address');
  return ip.bytes.reduce((value, byte) => value * 256 + byte, 0);
}

function toAddress(value: number): string {
  return formatIp(ipFromBytes(Uint8Array.of(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255)));
}

/** First and last address that a machine in the range can have, as numbers. */
export function hostRange(cidr: Cidr): { readonly first: number; readonly last: number } {
  const size = 2 ** (32 - cidr.prefix);
  const start = Math.floor(toNumber(formatIp(cidr)) / size) * size;
  return { first: start + 1, last: start + size - 2 };
}

/** The address at `offset` from the first one of a range, as text. */
export function addressAt(cidr: Cidr, offset: number): string {
  return toAddress(hostRange(cidr).first + offset);
}

function rangeOf(vxnet: EmulatedVxnet): { readonly first: number; readonly last: number } {
  if (vxnet.dynRange !== undefined) return { first: toNumber(vxnet.dynRange.start), last: toNumber(vxnet.dynRange.end) };
  const cidr = parseCidr(vxnet.cidr);
  return cidr === undefined ? { first: 0, last: -1 } : hostRange(cidr);
}

/** What can hold an address. */
export type AddressHolder = Pick<EmulatedNic, 'vxnetId' | 'address'>;

function takenIn(vxnet: EmulatedVxnet, nics: readonly AddressHolder[]): Set<number> {
  const taken = new Set([toNumber(vxnet.managerIp)]);
  for (const nic of nics) if (nic.vxnetId === vxnet.id && nic.address !== '') taken.add(toNumber(nic.address));
  return taken;
}

/** How many addresses of a vxnet no NIC and not its router has. */
export function countFree(vxnet: EmulatedVxnet, nics: readonly AddressHolder[]): number {
  const { first, last } = rangeOf(vxnet);
  let free = last - first + 1;
  for (const value of takenIn(vxnet, nics)) if (value >= first && value <= last) free -= 1;
  return free;
}

/** Which free addresses come first. */
export type AddressOrder = 'lowest' | 'highest' | 'random';

/**
 * Addresses of a vxnet that no NIC and not its router has: as many as wanted, or all there are.
 * @param random numbers from 0 up to 1, asked only for the order `random`
 */
export function pickAddresses(
  vxnet: EmulatedVxnet,
  nics: readonly AddressHolder[],
  count: number,
  order: AddressOrder,
  random: () => number,
): string[] {
  const { first, last } = rangeOf(vxnet);
  const size = last - first + 1;
  const taken = takenIn(vxnet, nics);
  const picked: string[] = [];
  const free = countFree(vxnet, nics);
  const next = (): number => (order === 'random' ? Math.floor(random() * size) : 0);
  let start = next();
  // From a random address on upwards, in a circle: the same addresses are found whatever the numbers are, and it always ends.
  while (picked.length < Math.min(count, free)) {
    const value = order === 'highest' ? last - start : first + start;
    start = (start + 1) % size;
    if (taken.has(value)) continue;
    taken.add(value);
    picked.push(toAddress(value));
    if (order === 'random') start = next();
  }
  return picked;
}

/** What is wrong with a wished address: not in the range, or held by somebody; undefined when it can be had. */
export function refuseAddress(vxnet: EmulatedVxnet, nics: readonly AddressHolder[], address: string): 'outside' | 'taken' | undefined {
  const cidr = parseCidr(vxnet.cidr);
  const ip = parseIp(address);
  if (cidr === undefined || ip === undefined || ip.family !== 4) return 'outside';
  const value = toNumber(address);
  const { first, last } = hostRange(cidr);
  if (value < first || value > last) return 'outside';
  return takenIn(vxnet, nics).has(value) ? 'taken' : undefined;
}
