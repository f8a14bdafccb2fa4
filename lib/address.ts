/** An IP address. An IPv4-mapped IPv6 address counts as the IPv4 address it holds, as everywhere in CNI's reference. */
export interface IpAddress {
  /** 4 or 6. */
  readonly family: 4 | 6;
  /** 4 or 16 bytes in network order. */
  readonly bytes: Uint8Array;
}

/** An address with a prefix length. The host bits are kept. */
export interface Cidr extends IpAddress {
  /** 0 to 32 or 0 to 128. */
  readonly prefix: number;
}

const DOT = 0x2e;
const ZERO = 0x30;

/**
 * An IPv4 address as one number, the first octet being the highest; -1 when the text is none.
 * Character by character, as netlink reads two of them for each of thousands of routes.
 * @internal
 */
export function parseIpv4Number(text: string): number {
  let address = 0;
  let octets = 0;
  let octet = -1;
  for (let i = 0; i <= text.length; i++) {
    const code = i === text.length ? DOT : text.charCodeAt(i);
    if (code === DOT) {
      if (octet < 0 || octets === 4) return -1;
      address = address * 256 + octet;
      octets++;
      octet = -1;
      continue;
    }
    const digit = code - ZERO;
    // Leading zeros are refused: some systems read them as octal.
    if (digit < 0 || digit > 9 || octet === 0) return -1;
    octet = octet < 0 ? digit : 10 * octet + digit;
    if (octet > 255) return -1;
  }
  return octets === 4 ? address : -1;
}

function parseIpv4(text: string): Uint8Array | undefined {
  const address = parseIpv4Number(text);
  return address < 0 ? undefined : Uint8Array.of(address >>> 24, (address >>> 16) & 0xff, (address >>> 8) & 0xff, address & 0xff);
}

function parseGroups(text: string): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [i, part] of parts.entries()) {
    if (part.includes('.')) {
      const v4 = i === parts.length - 1 ? parseIpv4(part) : undefined;
      if (v4 === undefined) return undefined;
      const [a = 0, b = 0, c = 0, d = 0] = v4;
      groups.push((a << 8) | b, (c << 8) | d);
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) {
      groups.push(Number.parseInt(part, 16));
    } else {
      return undefined;
    }
  }
  return groups;
}

function parseIpv6(text: string): Uint8Array | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head = '', tail] = halves;
  // An embedded IPv4 address may only stand at the very end.
  if (tail !== undefined && head.includes('.')) return undefined;
  const before = parseGroups(head);
  const after = tail === undefined ? [] : parseGroups(tail);
  if (before === undefined || after === undefined) return undefined;
  const missing = 8 - before.length - after.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...before, ...new Array<number>(missing).fill(0), ...after];
  const bytes = new Uint8Array(16);
  for (const [i, group] of groups.entries()) {
    bytes[2 * i] = group >> 8;
    bytes[2 * i + 1] = group & 0xff;
  }
  return bytes;
}

function isMapped(bytes: Uint8Array): boolean {
  return bytes.length === 16 && bytes[10] === 0xff && bytes[11] === 0xff && bytes.subarray(0, 10).every((byte) => byte === 0);
}

/** Reads an address without prefix length; undefined when it is none. Zones, blanks and octets with leading zeros are refused. */
export function parseIp(text: string): IpAddress | undefined {
  if (!text.includes(':')) {
    const bytes = parseIpv4(text);
    return bytes === undefined ? undefined : { family: 4, bytes };
  }
  const bytes = parseIpv6(text);
  if (bytes === undefined) return undefined;
  return isMapped(bytes) ? { family: 4, bytes: bytes.slice(12) } : { family: 6, bytes };
}

/** Makes an address of 4 or 16 bytes. @throws RangeError for any other length */
export function ipFromBytes(bytes: Uint8Array): IpAddress {
  if (bytes.length === 4) return { family: 4, bytes };
  if (bytes.length !== 16) throw new RangeError(`an address has 4 or 16 bytes, not ${bytes.length}`);
  return isMapped(bytes) ? { family: 4, bytes: bytes.slice(12) } : { family: 6, bytes };
}

/** Writes an address in canonical form (RFC 5952: lower case, the first longest run of zeros compressed). */
export function formatIp(ip: IpAddress): string {
  if (ip.family === 4) return ip.bytes.join('.');
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) groups.push(((ip.bytes[i] ?? 0) << 8) | (ip.bytes[i + 1] ?? 0));
  let start = -1;
  let length = 1;
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && groups[end] === 0) end++;
    if (end - i > length) {
      start = i;
      length = end - i;
    }
    if (end > i) i = end;
  }
  const hex = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':');
  if (start < 0) return hex(groups);
  return `${hex(groups.slice(0, start))}::${hex(groups.slice(start + length))}`;
}

/** Reads an address with prefix length, as `192.168.1.5/24`; undefined when it is none. */
export function parseCidr(text: string): Cidr | undefined {
  const slash = text.indexOf('/');
  if (slash < 0) return undefined;
  const host = text.slice(0, slash);
  const length = text.slice(slash + 1);
  if (!/^[0-9]{1,6}$/.test(length)) return undefined;
  const ip = parseIp(host);
  if (ip === undefined) return undefined;
  const written = Number(length);
  const wide = host.includes(':');
  if (written > (wide ? 128 : 32)) return undefined;
  const prefix = wide && ip.family === 4 ? Math.max(0, written - 96) : written;
  return { ...ip, prefix };
}

/** Writes an address with its prefix length in canonical form. */
export function formatCidr(cidr: Cidr): string {
  return `${formatIp(cidr)}/${cidr.prefix}`;
}

/** The range that an address with prefix length lies in: the same with its host bits cleared. */
export function toNetwork(cidr: Cidr): Cidr {
  const bytes = cidr.bytes.map((byte, i) => byte & (0xff << (8 - Math.min(8, Math.max(0, cidr.prefix - 8 * i)))));
  return { family: cidr.family, prefix: cidr.prefix, bytes };
}

/** True when both are the same address. */
export function sameIp(a: IpAddress, b: IpAddress): boolean {
  return a.family === b.family && a.bytes.every((byte, i) => byte === b.bytes[i]);
}

/** True when `ip` lies in the range of `cidr`. */
export function contains(cidr: Cidr, ip: IpAddress): boolean {
  return cidr.family === ip.family && sameIp(toNetwork(cidr), toNetwork({ ...ip, prefix: cidr.prefix }));
}

/** Reads a MAC address of six bytes, as `52:54:00:12:34:56`, in either letter case; undefined when it is none. */
export function parseMac(text: string): Uint8Array | undefined {
  if (!/^[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}$/.test(text)) return undefined;
  return Uint8Array.from(text.split(':'), (part) => Number.parseInt(part, 16));
}

const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Writes a hardware address in lower case with colons. */
export function formatMac(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i++) text += i === 0 ? HEX[bytes[0] ?? 0] : `:${HEX[bytes[i] ?? 0]}`;
  return text;
}
