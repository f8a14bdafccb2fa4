import { libc } from '#libc';
import { contains, type IpAddress, parseCidr, parseIp, parseMac } from '../lib/address.js';
import { NicError } from '../lib/errors.js';
import type { CallOptions } from '../lib/provider.js';
import { type NamespaceHandle, socketInNamespace } from './namespace.js';
import type { Rtnetlink } from './rtnetlink.js';
import { checkCall } from './system-call.js';
import { AF, MSG, SOCK } from './system-constants.js';
import {
  type AddressMessage,
  ETH_P,
  encodeArpAnnouncement,
  encodeNeighbourAdvertisement,
  IFA_F,
  IFF,
  ipToBytes,
  LITTLE_ENDIAN,
  NTF,
  NUD,
} from './wire/index.js';

/** Length of struct sockaddr_ll (include/uapi/linux/if_packet.h). */
const ADDRESS_BYTES = 20;

function packetAddress(linkIndex: number, protocol: number): Uint8Array {
  const address = new Uint8Array(ADDRESS_BYTES);
  const view = new DataView(address.buffer);
  view.setUint16(0, AF.PACKET, LITTLE_ENDIAN);
  view.setUint16(2, protocol, false);
  view.setInt32(4, linkIndex, LITTLE_ENDIAN);
  return address;
}

/**
 * Sends the frame by a packet socket, which works for every address. Closing such a socket takes the kernel 10 to 20 ms: it waits
 * until no other processor can be using it (packet_release in net/packet/af_packet.c).
 */
function sendFrame(namespace: NamespaceHandle, linkIndex: number, mac: Uint8Array, ip: Uint8Array, what: string): void {
  const frame = ip.length === 4 ? encodeArpAnnouncement(mac, ip) : encodeNeighbourAdvertisement(mac, ip);
  const fd = socketInNamespace(namespace, AF.PACKET, SOCK.RAW, 0);
  try {
    checkCall(libc.bind(fd, packetAddress(linkIndex, ip.length === 4 ? ETH_P.ARP : ETH_P.IPV6)), { op: `${what}: bind` });
    checkCall(libc.send(fd, frame, MSG.DONTWAIT), { op: what });
  } finally {
    libc.close(fd);
  }
}

/** The address that the kernel puts into an ARP request of its own for `target`: `inet_select_addr` in net/ipv4/devinet.c. */
function sourceOfRequest(addresses: readonly AddressMessage[], target: IpAddress): string | undefined {
  const first = addresses.filter(({ flags }) => ((flags ?? 0) & IFA_F.SECONDARY) === 0);
  const inRange = first.find(({ address, prefix }) => {
    const range = parseCidr(`${address ?? ''}/${prefix}`);
    return range !== undefined && contains(range, target);
  });
  return (inRange ?? first[0])?.local;
}

/**
 * Has the kernel ask the link for an address that the link itself has: a request in which sender and target are the same, and that is
 * what an announcement is (RFC 5227 section 2.3). It is sent before the first call returns. No socket has to be closed for it, so that it takes
 * well under a millisecond.
 * @returns false where the kernel would ask in the name of another address
 */
async function askForItself(rtnetlink: Rtnetlink, linkIndex: number, address: string, options: CallOptions): Promise<boolean> {
  const target = parseIp(address);
  if (target === undefined) return false;
  const addresses = await rtnetlink.address.list({ ...options, linkIndex, family: 4 });
  if (sourceOfRequest(addresses, target) !== address) return false;
  await rtnetlink.neighbour.replace({ linkIndex, address, state: NUD.NONE, flags: NTF.USE }, options);
  // Nobody will answer, and what waits for that need not stay.
  await rtnetlink.neighbour.remove({ linkIndex, address }, options);
  return true;
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
  if (ip.length === 4 && (await askForItself(rtnetlink, linkIndex, address, options))) return;
  sendFrame(rtnetlink.namespace, linkIndex, mac, ip, what);
}
