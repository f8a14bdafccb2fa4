import { contains, type IpAddress, parseCidr, parseIp, sameIp } from '../../lib/address.js';

/** Where a request goes. */
export interface Destination {
  /** A host name or address, without brackets. */
  readonly host: string;
  /** The port. */
  readonly port: number;
}

/** `host:port`, with an IPv6 address in brackets or without port; a host alone otherwise. */
function splitPort(entry: string): { readonly host: string; readonly port: string } {
  const bracketed = /^\[([^\]]*)\](?::(\d*))?$/.exec(entry);
  if (bracketed !== null) return { host: bracketed[1] ?? '', port: bracketed[2] ?? '' };
  const [host = '', port, ...more] = entry.split(':');
  return port === undefined || more.length > 0 ? { host: entry, port: '' } : { host, port };
}

function matchesName(pattern: string, name: string): boolean {
  const suffix = pattern.startsWith('*.') ? pattern.slice(1) : pattern;
  if (suffix.startsWith('.')) return name.endsWith(suffix);
  return name === suffix || name.endsWith(`.${suffix}`);
}

function isLoopback(host: string, ip: IpAddress | undefined): boolean {
  if (ip === undefined) return host === 'localhost';
  if (ip.family === 4) return ip.bytes[0] === 127;
  return ip.bytes.every((byte, index) => byte === (index === 15 ? 1 : 0));
}

function matches(entry: string, destination: Destination, ip: IpAddress | undefined): boolean {
  if (entry === '*') return true;
  const range = parseCidr(entry);
  if (range !== undefined) return ip !== undefined && contains(range, ip);
  const { host, port } = splitPort(entry);
  if (host === '' || (port !== '' && port !== String(destination.port))) return false;
  const address = parseIp(host);
  if (address !== undefined) return ip !== undefined && sameIp(address, ip);
  return matchesName(host, destination.host.toLowerCase());
}

/**
 * True when a destination is reached without a proxy, by the rules that container runtimes and the kubelet keep
 * (Go, golang.org/x/net/http/httpproxy): loopback always; else by the list, whose entries are parted by commas.
 *
 * An entry is an address, a range such as `10.0.0.0/8`, `example.com` for that name and all below it, `.example.com` or `*.example.com`
 * for those below it only, or `*` for everything. An address or name may end in a port.
 * @param list the value of NO_PROXY
 */
export function isDirect(list: string, destination: Destination): boolean {
  const ip = parseIp(destination.host);
  if (isLoopback(destination.host, ip)) return true;
  return list.split(',').some((entry) => matches(entry.trim().toLowerCase(), destination, ip));
}
