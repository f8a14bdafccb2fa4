import { type AttributeFields, AttributeTable, listOf, NLA_F } from './attribute.js';
import { LITTLE_ENDIAN } from './byte-order.js';
import { type ByteWriter, written } from './byte-writer.js';
import { IFLA } from './constants/index.js';
import { createLinkInfoCodec, linkInfoNames } from './link-info.js';
import type { LinkAttributes, LinkMessage } from './link-model.js';
import { linkStats } from './link-stats.js';
import { decoding, Malformed, viewOf } from './malformed.js';
import { bool8, hardwareAddress, s32, text, u8, u32, type ValueCodec } from './value.js';

/** Length of struct ifinfomsg (include/uapi/linux/rtnetlink.h). */
export const LINK_HEADER = 16;

/** A link message inside an attribute, as a veth's peer is. A peer of a peer is left undecoded, so that no message can nest for ever. */
const peerValue: ValueCodec<LinkMessage> = {
  decode: (view, start, end) => readLink(view, start, end, peer),
  encode: (link, writer) => writeLink(link, writer, peer),
};

const withoutInfo: AttributeFields<Omit<LinkAttributes, 'stats' | 'info'>> = {
  name: { type: IFLA.IFLA_IFNAME, value: text },
  mac: { type: IFLA.IFLA_ADDRESS, value: hardwareAddress },
  broadcast: { type: IFLA.IFLA_BROADCAST, value: hardwareAddress },
  permanentMac: { type: IFLA.IFLA_PERM_ADDRESS, value: hardwareAddress },
  mtu: { type: IFLA.IFLA_MTU, value: u32 },
  minMtu: { type: IFLA.IFLA_MIN_MTU, value: u32 },
  maxMtu: { type: IFLA.IFLA_MAX_MTU, value: u32 },
  lowerIndex: { type: IFLA.IFLA_LINK, value: u32 },
  lowerNamespaceId: { type: IFLA.IFLA_LINK_NETNSID, value: s32 },
  masterIndex: { type: IFLA.IFLA_MASTER, value: u32 },
  txQueueLength: { type: IFLA.IFLA_TXQLEN, value: u32 },
  txQueues: { type: IFLA.IFLA_NUM_TX_QUEUES, value: u32 },
  rxQueues: { type: IFLA.IFLA_NUM_RX_QUEUES, value: u32 },
  qdisc: { type: IFLA.IFLA_QDISC, value: text },
  operState: { type: IFLA.IFLA_OPERSTATE, value: u8 },
  linkMode: { type: IFLA.IFLA_LINKMODE, value: u8 },
  group: { type: IFLA.IFLA_GROUP, value: u32 },
  promiscuity: { type: IFLA.IFLA_PROMISCUITY, value: u32 },
  allMulticastCount: { type: IFLA.IFLA_ALLMULTI, value: u32 },
  carrier: { type: IFLA.IFLA_CARRIER, value: bool8 },
  carrierChanges: { type: IFLA.IFLA_CARRIER_CHANGES, value: u32 },
  protocolDown: { type: IFLA.IFLA_PROTO_DOWN, value: bool8 },
  gsoMaxBytes: { type: IFLA.IFLA_GSO_MAX_SIZE, value: u32 },
  gsoMaxSegments: { type: IFLA.IFLA_GSO_MAX_SEGS, value: u32 },
  groMaxBytes: { type: IFLA.IFLA_GRO_MAX_SIZE, value: u32 },
  tsoMaxBytes: { type: IFLA.IFLA_TSO_MAX_SIZE, value: u32 },
  tsoMaxSegments: { type: IFLA.IFLA_TSO_MAX_SEGS, value: u32 },
  alias: { type: IFLA.IFLA_IFALIAS, value: text },
  physPortName: { type: IFLA.IFLA_PHYS_PORT_NAME, value: text },
  parentDeviceName: { type: IFLA.IFLA_PARENT_DEV_NAME, value: text },
  parentBusName: { type: IFLA.IFLA_PARENT_DEV_BUS_NAME, value: text },
  altNames: { type: IFLA.IFLA_PROP_LIST, value: listOf(IFLA.IFLA_ALT_IFNAME, text), flags: NLA_F.NESTED },
  altName: { type: IFLA.IFLA_ALT_IFNAME, value: text },
  namespaceFd: { type: IFLA.IFLA_NET_NS_FD, value: u32 },
  namespacePid: { type: IFLA.IFLA_NET_NS_PID, value: u32 },
  targetNamespaceId: { type: IFLA.IFLA_TARGET_NETNSID, value: s32 },
  newNamespaceId: { type: IFLA.IFLA_NEW_NETNSID, value: s32 },
  newIndex: { type: IFLA.IFLA_NEW_IFINDEX, value: u32 },
  extMask: { type: IFLA.IFLA_EXT_MASK, value: u32 },
};

const infoField = { type: IFLA.IFLA_LINKINFO, flags: NLA_F.NESTED, inside: linkInfoNames };
const peer = new AttributeTable<Omit<LinkAttributes, 'stats'>>(IFLA, {
  ...withoutInfo,
  info: { ...infoField, value: createLinkInfoCodec() },
});
const fields = { ...withoutInfo, info: { ...infoField, value: createLinkInfoCodec(peerValue) } };
const plain = new AttributeTable<Omit<LinkAttributes, 'stats'>>(IFLA, fields);
const full = new AttributeTable<LinkAttributes>(IFLA, { ...fields, stats: { type: IFLA.IFLA_STATS64, value: linkStats } });

/** The attributes of a link message, for finding a place by its offset. */
export const linkNames = full;

/** How a link message is read. */
export interface LinkDecodeOptions {
  /** Reads the counters too, which takes as long as all the rest; without, they stay among the undecoded attributes. Default false. */
  readonly stats?: boolean;
}

type LinkTable = AttributeTable<Omit<LinkAttributes, 'stats'>>;

function readLink(view: DataView, start: number, end: number, table: LinkTable): LinkMessage {
  if (end - start < LINK_HEADER) throw new Malformed(`at least ${LINK_HEADER} bytes, not ${end - start}`);
  const link: { -readonly [K in keyof LinkMessage]: LinkMessage[K] } = {
    family: view.getUint8(start),
    type: view.getUint16(start + 2, LITTLE_ENDIAN),
    index: view.getInt32(start + 4, LITTLE_ENDIAN),
    flags: view.getUint32(start + 8, LITTLE_ENDIAN),
    change: view.getUint32(start + 12, LITTLE_ENDIAN),
  };
  const unknown = table.decode(view, start + LINK_HEADER, end, link);
  if (unknown.length > 0) link.unknown = unknown;
  return link;
}

function writeLink(link: LinkMessage, writer: ByteWriter, table: LinkTable): void {
  writer.u8(link.family ?? 0);
  writer.u8(0);
  writer.u16(link.type ?? 0);
  writer.u32(link.index >>> 0);
  writer.u32(link.flags ?? 0);
  writer.u32(link.change ?? 0);
  table.encode(link, writer);
  if (link.unknown !== undefined) writer.bytes(link.unknown);
}

/**
 * Reads the payload of RTM_NEWLINK, RTM_DELLINK or RTM_GETLINK.
 * @throws DecodeError when it is cut off or an attribute has the wrong length
 */
export function decodeLink(payload: Uint8Array, options: LinkDecodeOptions = {}): LinkMessage {
  return decoding('link message', () => readLink(viewOf(payload, LINK_HEADER), 0, payload.length, options.stats === true ? full : plain));
}

/** Writes the payload of a link message. Properties that are undefined are left out. @throws RangeError when a value cannot be written */
export function encodeLink(link: LinkMessage): Uint8Array {
  return written((writer) => writeLink(link, writer, full));
}
