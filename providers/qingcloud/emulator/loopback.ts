import { contains, parseCidr, parseIp } from '../../../lib/address.js';

const LOOPBACK = ['127.0.0.0/8', '::1/128'].flatMap((range) => parseCidr(range) ?? []);

/** True for an address of this machine that nobody else can send from. Mapped IPv4 addresses count as IPv4. */
export function isLoopback(address: string | undefined): boolean {
  const ip = address === undefined ? undefined : parseIp(address);
  return ip !== undefined && LOOPBACK.some((range) => contains(range, ip));
}
