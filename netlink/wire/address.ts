import { AttributeTable, type WithUnknown } from './attribute.js';
import { LITTLE_ENDIAN } from './byte-order.js';
import { written } from './byte-writer.js';
import { IFA } from './constants/index.js';
import { decoding, viewOf } from './malformed.js';
import { expectLength, ipAddress, s32, text, u8, u32, type ValueCodec } from './value.js';

/** Length of struct ifaddrmsg (include/uapi/linux/if_addr.h). */
export const ADDRESS_HEADER = 8;

/** How long an address lives, in seconds; 4,294,967,295 for ever (struct ifa_cacheinfo, include/uapi/linux/if_addr.h). */
export interface AddressLifetime {
  /** Until it shall no longer be used for new connections. */
  readonly preferredSeconds: number;
  /** Until it is removed. */
  readonly validSeconds: number;
  /** When it was made, in hundredths of a second since boot. */
  readonly createdAt?: number;
  /** When it was last changed, likewise. */
  readonly updatedAt?: number;
}

/** Attributes of an address. */
export interface AddressAttributes {
  /** IFA_ADDRESS: the address, or the other end's on a point-to-point link. */
  readonly address?: string;
  /** IFA_LOCAL: the address of this end. IPv6 leaves it out unless there is another end. */
  readonly local?: string;
  /** IFA_BROADCAST. */
  readonly broadcast?: string;
  /** IFA_LABEL: IPv4 only. */
  readonly label?: string;
  /** IFA_FLAGS: {@link IFA_F} bits, all of them; the header has room for eight. */
  readonly flags?: number;
  /** IFA_CACHEINFO. */
  readonly lifetime?: AddressLifetime;
  /** IFA_RT_PRIORITY: metric of the route that comes with it. */
  readonly routeMetric?: number;
  /** IFA_PROTO: who made it. */
  readonly protocol?: number;
  /** IFA_TARGET_NETNSID. */
  readonly targetNamespaceId?: number;
}

/** An address message: header (struct ifaddrmsg) and attributes. */
export interface AddressMessage extends AddressAttributes, WithUnknown {
  /** ifa_family: 2 IPv4, 10 IPv6. */
  readonly family: number;
  /** ifa_prefixlen. */
  readonly prefix: number;
  /** ifa_flags: the low eight of the flags. */
  readonly headerFlags?: number;
  /** ifa_scope: one of RT_SCOPE. */
  readonly scope?: number;
  /** ifa_index: the link. */
  readonly linkIndex: number;
}

const lifetime: ValueCodec<AddressLifetime> = {
  decode(view, start, end) {
    expectLength(start, end, 16);
    return {
      preferredSeconds: view.getUint32(start, LITTLE_ENDIAN),
      validSeconds: view.getUint32(start + 4, LITTLE_ENDIAN),
      createdAt: view.getUint32(start + 8, LITTLE_ENDIAN),
      updatedAt: view.getUint32(start + 12, LITTLE_ENDIAN),
    };
  },
  encode(value, writer) {
    u32.encode(value.preferredSeconds, writer);
    u32.encode(value.validSeconds, writer);
    u32.encode(value.createdAt ?? 0, writer);
    u32.encode(value.updatedAt ?? 0, writer);
  },
};

/** The attributes of an address message. */
export const addressNames = new AttributeTable<AddressAttributes>(IFA, {
  local: { type: IFA.IFA_LOCAL, value: ipAddress },
  address: { type: IFA.IFA_ADDRESS, value: ipAddress },
  broadcast: { type: IFA.IFA_BROADCAST, value: ipAddress },
  label: { type: IFA.IFA_LABEL, value: text },
  flags: { type: IFA.IFA_FLAGS, value: u32 },
  lifetime: { type: IFA.IFA_CACHEINFO, value: lifetime },
  routeMetric: { type: IFA.IFA_RT_PRIORITY, value: u32 },
  protocol: { type: IFA.IFA_PROTO, value: u8 },
  targetNamespaceId: { type: IFA.IFA_TARGET_NETNSID, value: s32 },
});

/** Reads the payload of RTM_NEWADDR, RTM_DELADDR or RTM_GETADDR. @throws DecodeError when it is cut off or an attribute has the wrong length */
export function decodeAddress(payload: Uint8Array): AddressMessage {
  return decoding('address message', () => {
    const view = viewOf(payload, ADDRESS_HEADER);
    const address: { -readonly [K in keyof AddressMessage]: AddressMessage[K] } = {
      family: view.getUint8(0),
      prefix: view.getUint8(1),
      headerFlags: view.getUint8(2),
      scope: view.getUint8(3),
      linkIndex: view.getUint32(4, LITTLE_ENDIAN),
    };
    const unknown = addressNames.decode(view, ADDRESS_HEADER, payload.length, address);
    if (unknown.length > 0) address.unknown = unknown;
    return address;
  });
}

/** Writes the payload of an address message. @throws RangeError when a value cannot be written */
export function encodeAddress(address: AddressMessage): Uint8Array {
  return written((writer) => {
    writer.u8(address.family);
    writer.u8(address.prefix);
    writer.u8(address.headerFlags ?? (address.flags ?? 0) & 0xff);
    writer.u8(address.scope ?? 0);
    writer.u32(address.linkIndex);
    addressNames.encode(address, writer);
    if (address.unknown !== undefined) writer.bytes(address.unknown);
  });
}
