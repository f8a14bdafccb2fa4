import { closeSync } from 'node:fs';
import { libc } from '#libc';
import { parseMac } from '../lib/address.js';
import { NicError } from '../lib/errors.js';
import type { CallOptions } from '../lib/provider.js';
import { socketInNamespace } from './namespace.js';
import type { Rtnetlink } from './rtnetlink.js';
import { checkCall } from './system-call.js';
import { AF, MSG, SOCK } from './system-constants.js';
import { ETH_P, encodeArpAnnouncement, encodeNeighbourAdvertisement, IFF, ipToBytes } from './wire/index.js';

/** Length of struct sockaddr_ll (include/uapi/linux/if_packet.h). */
const ADDRESS_BYTES = 20;

function packetAddress(linkIndex: number, protocol: number): Uint8Array {
  const address = new Uint8Array(ADDRESS_BYTES);
  const view = new DataView(address.buffer);
  view.setUint16(0, AF.PACKET, true);
  view.setUint16(2, protocol, false);
  view.setInt32(4, linkIndex, true);
  return address;
}

/**
 * Tells the neighbours where an address lives now: an ARP announcement for IPv4, an unsolicited neighbour advertisement for IPv6.
 * Neighbours that know the address under another hardware address correct themselves.
 * @param address without prefix length
 * @throws NicError `ERR_LINK` when the link is down or has no Ethernet address to announce
 * @throws NetlinkError when there is no such link, or the kernel refuses
 */
export async function announce(rtnetlink: Rtnetlink, linkIndex: number, address: string, options: CallOptions = {}): Promise<void> {
  const ip = ipToBytes(address);
  const link = await rtnetlink.link.get({ index: linkIndex }, options);
  const mac = parseMac(link.mac ?? '');
  const what = `announce ${address} on ${link.name ?? linkIndex}`;
  if (mac === undefined) throw new NicError('ERR_LINK', `${what}: the link has no Ethernet address`);
  if (((link.flags ?? 0) & IFF.UP) === 0) throw new NicError('ERR_LINK', `${what}: the link is down; bring it up first`);
  const frame = ip.length === 4 ? encodeArpAnnouncement(mac, ip) : encodeNeighbourAdvertisement(mac, ip);
  const fd = socketInNamespace(rtnetlink.namespace, AF.PACKET, SOCK.RAW, 0);
  try {
    checkCall(libc.bind(fd, packetAddress(linkIndex, ip.length === 4 ? ETH_P.ARP : ETH_P.IPV6)), { op: `${what}: bind` });
    checkCall(libc.send(fd, frame, MSG.DONTWAIT), { op: what });
  } finally {
    closeSync(fd);
  }
}
