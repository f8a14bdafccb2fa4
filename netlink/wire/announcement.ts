import { ByteWriter } from './byte-writer.js';

/** Ethernet types (include/uapi/linux/if_ether.h). */
export const ETH_P = { IP: 0x0800, ARP: 0x0806, IPV6: 0x86dd } as const;

const BROADCAST = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff);
/** ff02::1, all nodes on the link, and the hardware address that it maps to (RFC 2464 section 7). */
const ALL_NODES = Uint8Array.of(0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x01);
const ALL_NODES_MAC = Uint8Array.of(0x33, 0x33, 0, 0, 0, 0x01);
const ICMPV6 = 58;

function expectLength(what: string, value: Uint8Array, length: number): void {
  if (value.length !== length) throw new RangeError(`${what} has ${length} bytes, not ${value.length}`);
}

/**
 * An ARP announcement as an Ethernet frame: a broadcast request for an address by the one who has it (RFC 5227 section 2.3).
 * @param mac six bytes
 * @param ip four bytes
 */
export function encodeArpAnnouncement(mac: Uint8Array, ip: Uint8Array): Uint8Array {
  expectLength('a MAC address', mac, 6);
  expectLength('an IPv4 address', ip, 4);
  const frame = new ByteWriter(42);
  frame.bytes(BROADCAST);
  frame.bytes(mac);
  frame.be16(ETH_P.ARP);
  frame.be16(1);
  frame.be16(ETH_P.IP);
  frame.u8(6);
  frame.u8(4);
  frame.be16(1);
  frame.bytes(mac);
  frame.bytes(ip);
  frame.skip(6);
  frame.bytes(ip);
  return frame.finish();
}

/** The Internet checksum (RFC 1071) over an even number of bytes. */
function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (const [i, byte] of bytes.entries()) sum += i % 2 === 0 ? byte << 8 : byte;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** The body of a neighbour advertisement with the override flag and the sender's hardware address (RFC 4861 section 4.4). */
function advertisement(mac: Uint8Array, ip: Uint8Array, sum: number): Uint8Array {
  const body = new ByteWriter(32);
  body.u8(136);
  body.u8(0);
  body.be16(sum);
  body.u8(0x20);
  body.skip(3);
  body.bytes(ip);
  body.u8(2);
  body.u8(1);
  body.bytes(mac);
  return body.finish();
}

/**
 * An unsolicited neighbour advertisement to all nodes as an Ethernet frame (RFC 4861 section 7.2.6).
 * @param mac six bytes
 * @param ip sixteen bytes
 */
export function encodeNeighbourAdvertisement(mac: Uint8Array, ip: Uint8Array): Uint8Array {
  expectLength('a MAC address', mac, 6);
  expectLength('an IPv6 address', ip, 16);
  const blank = advertisement(mac, ip, 0);
  const pseudo = new ByteWriter(72);
  pseudo.bytes(ip);
  pseudo.bytes(ALL_NODES);
  pseudo.be16(0);
  pseudo.be16(blank.length);
  pseudo.be16(0);
  pseudo.be16(ICMPV6);
  pseudo.bytes(blank);
  const frame = new ByteWriter(86);
  frame.bytes(ALL_NODES_MAC);
  frame.bytes(mac);
  frame.be16(ETH_P.IPV6);
  frame.be16(0x6000);
  frame.be16(0);
  frame.be16(blank.length);
  frame.u8(ICMPV6);
  // Receivers drop advertisements with any other hop limit, as those have come through a router.
  frame.u8(255);
  frame.bytes(ip);
  frame.bytes(ALL_NODES);
  frame.bytes(advertisement(mac, ip, checksum(pseudo.finish())));
  return frame.finish();
}
