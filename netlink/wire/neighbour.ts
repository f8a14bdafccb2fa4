import { AttributeTable, type WithUnknown } from './attribute.js';
import { LITTLE_ENDIAN } from './byte-order.js';
import { written } from './byte-writer.js';
import { NDA } from './constants.js';
import { decoding, viewOf } from './malformed.js';
import { be16, hardwareAddress, ipAddress, u8, u16, u32 } from './value.js';

/** Length of struct ndmsg (include/uapi/linux/neighbour.h). */
export const NEIGHBOUR_HEADER = 12;

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
