import { parseIp, parseMac } from '../../lib/address.js';

function bytesOf(text: string): Uint8Array {
  const bytes = parseMac(text) ?? parseIp(text)?.bytes;
  if (bytes === undefined) throw new Error(`no address: ${text}`);
  return bytes;
}

/** A broadcast frame of 60 bytes and more, with a mark at its end to know it by. */
export function frame(mac: string, type: number, payload: Uint8Array, mark: number): Uint8Array {
  const header = Buffer.concat([Buffer.alloc(6, 0xff), bytesOf(mac), Buffer.from([type >> 8, type & 255])]);
  return Buffer.concat([header, payload, Buffer.alloc(60), Buffer.from([0xfe, 0xed, 0xbe, mark])]);
}

/** A broadcast of IPv4 that nobody answers. */
export function ipv4(mac: string, source: string, mark: number): Uint8Array {
  const header = Buffer.alloc(20);
  header.writeUInt8(0x45, 0);
  header.writeUInt16BE(84, 2);
  header.writeUInt8(64, 8);
  // A protocol that nobody answers.
  header.writeUInt8(253, 9);
  header.set(bytesOf(source), 12);
  header.fill(0xff, 16);
  header.writeUInt16BE(checksum(header), 10);
  return frame(mac, 0x0800, header, mark);
}

/** RFC 1071. A bridge that lets netfilter see its frames drops headers that are wrong. */
function checksum(header: Buffer): number {
  let sum = 0;
  for (let i = 0; i < header.length; i += 2) sum += header.readUInt16BE(i);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** A multicast of IPv6 without any content. */
export function ipv6(mac: string, mark: number): Uint8Array {
  const header = Buffer.alloc(40);
  header.writeUInt8(0x60, 0);
  header.writeUInt16BE(64, 4);
  // No next header, one hop, from and to link-local addresses.
  header.writeUInt8(59, 6);
  header.writeUInt8(1, 7);
  header.set([0xfe, 0x80], 8);
  header.writeUInt8(1, 23);
  header.set([0xff, 0x02], 24);
  header.writeUInt8(1, 39);
  return frame(mac, 0x86dd, header, mark);
}

/** A request for 192.168.100.77. */
export function arp(mac: string, senderMac: string, senderIp: string, mark: number): Uint8Array {
  const head = Buffer.from([0, 1, 8, 0, 6, 4, 0, 1]);
  return frame(mac, 0x0806, Buffer.concat([head, bytesOf(senderMac), bytesOf(senderIp), Buffer.alloc(6), bytesOf('192.168.100.77')]), mark);
}

/** The frame with a tag of vlan 5. */
export function tagged(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([bytes.subarray(0, 12), Buffer.from([0x81, 0x00, 0x00, 0x05]), bytes.subarray(12)]);
}
