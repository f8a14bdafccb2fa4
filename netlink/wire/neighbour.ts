import { AttributeTable, type WithUnknown } from './attribute.js';
import { LITTLE_ENDIAN } from './byte-order.js';
import { written } from './byte-writer.js';
import { NDA } from './constants/index.js';
import { decoding, viewOf } from './malformed.js';
import { be16, expectLength, hardwareAddress, ipAddress, s32, u8, u16, u32, type ValueCodec } from './value.js';

/** Length of struct ndmsg (include/uapi/linux/neighbour.h). */
export const NEIGHBOUR_HEADER = 12;

/** When a neighbour was used (struct nda_cacheinfo). Times are in hundredths of a second before now. */
export interface NeighbourCacheInfo {
  /** When it last answered. */
  readonly confirmed: number;
  /** When it was last used. */
  readonly used: number;
  /** When it was last changed. */
  readonly updated: number;
  /** How many hold it. */
  readonly references: number;
}

/** Attributes of a neighbour. */
export interface NeighbourAttributes {
  /** NDA_DST: its address, or a remote tunnel end in the forwarding table of a vxlan. */
  readonly address?: string;
  /** NDA_LLADDR: its hardware address. */
  readonly mac?: string;
  /** NDA_PROBES: how often it was asked for. */
  readonly probes?: number;
  /** NDA_VLAN. */
  readonly vlan?: number;
  /** NDA_PORT: UDP port of a vxlan. */
  readonly port?: number;
  /** NDA_VNI: network of a vxlan. */
  readonly vni?: number;
  /** NDA_IFINDEX: the link a vxlan sends by. */
  readonly viaIndex?: number;
  /** NDA_MASTER: the bridge. */
  readonly masterIndex?: number;
  /** NDA_PROTOCOL: who made it. */
  readonly protocol?: number;
  /** NDA_FLAGS_EXT. */
  readonly extendedFlags?: number;
  /** NDA_CACHEINFO, in replies. */
  readonly cacheInfo?: NeighbourCacheInfo;
  /** NDA_NH_ID: a next hop object that the entry of a vxlan leads to. */
  readonly nextHopId?: number;
  /** NDA_SRC_VNI: network that packets come from, in the forwarding table of a vxlan. */
  readonly sourceVni?: number;
  /** NDA_LINK_NETNSID: the namespace of {@link NeighbourAttributes.viaIndex}, when it is another. */
  readonly linkNamespaceId?: number;
}

/** A neighbour message: header (struct ndmsg) and attributes. */
export interface NeighbourMessage extends NeighbourAttributes, WithUnknown {
  /** 2 IPv4, 10 IPv6, 7 the forwarding table of a bridge. */
  readonly family: number;
  /** ndm_ifindex: the link. */
  readonly linkIndex: number;
  /** ndm_state: {@link NUD} bits. */
  readonly state?: number;
  /** ndm_flags: {@link NTF} bits. */
  readonly flags?: number;
  /** ndm_type: one of RTN, what kind of route leads there. */
  readonly type?: number;
}

const cacheInfo: ValueCodec<NeighbourCacheInfo> = {
  decode(view, start, end) {
    expectLength(start, end, 16);
    return {
      confirmed: view.getUint32(start, LITTLE_ENDIAN),
      used: view.getUint32(start + 4, LITTLE_ENDIAN),
      updated: view.getUint32(start + 8, LITTLE_ENDIAN),
      references: view.getUint32(start + 12, LITTLE_ENDIAN),
    };
  },
  encode({ confirmed, used, updated, references }, writer) {
    u32.encode(confirmed, writer);
    u32.encode(used, writer);
    u32.encode(updated, writer);
    u32.encode(references, writer);
  },
};

/** The attributes of a neighbour message. */
export const neighbourNames = new AttributeTable<NeighbourAttributes>(NDA, {
  address: { type: NDA.NDA_DST, value: ipAddress },
  mac: { type: NDA.NDA_LLADDR, value: hardwareAddress },
  probes: { type: NDA.NDA_PROBES, value: u32 },
  vlan: { type: NDA.NDA_VLAN, value: u16 },
  port: { type: NDA.NDA_PORT, value: be16 },
  vni: { type: NDA.NDA_VNI, value: u32 },
  viaIndex: { type: NDA.NDA_IFINDEX, value: u32 },
  masterIndex: { type: NDA.NDA_MASTER, value: u32 },
  protocol: { type: NDA.NDA_PROTOCOL, value: u8 },
  extendedFlags: { type: NDA.NDA_FLAGS_EXT, value: u32 },
  cacheInfo: { type: NDA.NDA_CACHEINFO, value: cacheInfo },
  nextHopId: { type: NDA.NDA_NH_ID, value: u32 },
  sourceVni: { type: NDA.NDA_SRC_VNI, value: u32 },
  linkNamespaceId: { type: NDA.NDA_LINK_NETNSID, value: s32 },
});

/** Reads the payload of RTM_NEWNEIGH, RTM_DELNEIGH or RTM_GETNEIGH. @throws DecodeError when it is cut off or an attribute has the wrong length */
export function decodeNeighbour(payload: Uint8Array): NeighbourMessage {
  return decoding('neighbour message', () => {
    const view = viewOf(payload, NEIGHBOUR_HEADER);
    const neighbour: { -readonly [K in keyof NeighbourMessage]: NeighbourMessage[K] } = {
      family: view.getUint8(0),
      linkIndex: view.getUint32(4, LITTLE_ENDIAN),
      state: view.getUint16(8, LITTLE_ENDIAN),
      flags: view.getUint8(10),
      type: view.getUint8(11),
    };
    const unknown = neighbourNames.decode(view, NEIGHBOUR_HEADER, payload.length, neighbour);
    if (unknown.length > 0) neighbour.unknown = unknown;
    return neighbour;
  });
}

/** Writes the payload of a neighbour message. @throws RangeError when a value cannot be written */
export function encodeNeighbour(neighbour: NeighbourMessage): Uint8Array {
  return written((writer) => {
    writer.u8(neighbour.family);
    writer.skip(3);
    writer.u32(neighbour.linkIndex);
    writer.u16(neighbour.state ?? 0);
    writer.u8(neighbour.flags ?? 0);
    writer.u8(neighbour.type ?? 0);
    neighbourNames.encode(neighbour, writer);
    if (neighbour.unknown !== undefined) writer.bytes(neighbour.unknown);
  });
}
