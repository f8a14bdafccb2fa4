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

function takenIn(vxnet: EmulatedVxnet, nics: Iterable<EmulatedNic>): Set<number> {
  const taken = new Set([toNumber(vxnet.managerIp)]);
  for (const nic of nics) if (nic.vxnetId === vxnet.id && nic.address !== '') taken.add(toNumber(nic.address));
  return taken;
}

/** The addresses of a vxnet that no NIC and not its router has, lowest first. */
export function freeAddresses(vxnet: EmulatedVxnet, nics: Iterable<EmulatedNic>): string[] {
  const { first, last } = rangeOf(vxnet);
  const taken = takenIn(vxnet, nics);
  const free: string[] = [];
  for (let value = first; value <= last; value++) if (!taken.has(value)) free.push(toAddress(value));
  return free;
}

/** Puts addresses in the order they are handed out in. @param random numbers from 0 up to 1 */
export function orderAddresses(free: readonly string[], order: 'lowest' | 'highest' | 'random', random: () => number): string[] {
  if (order === 'lowest') return [...free];
  if (order === 'highest') return [...free].reverse();
  const rest = [...free];
  const shuffled: string[] = [];
  while (rest.length > 0) shuffled.push(...rest.splice(Math.floor(random() * rest.length), 1));
  return shuffled;
}

/** What is wrong with a wished address: not in the range, or held by somebody; undefined when it can be had. */
export function refuseAddress(vxnet: EmulatedVxnet, nics: Iterable<EmulatedNic>, address: string): 'outside' | 'taken' | undefined {
  const cidr = parseCidr(vxnet.cidr);
  const ip = parseIp(address);
  if (cidr === undefined || ip === undefined || ip.family !== 4) return 'outside';
  const value = toNumber(address);
  const { first, last } = hostRange(cidr);
  if (value < first || value > last) return 'outside';
  return takenIn(vxnet, nics).has(value) ? 'taken' : undefined;
}
