import { AttributeTable, type WithUnknown } from './attribute.js';
import { written } from './byte-writer.js';
import { NETNSA } from './constants/index.js';
import { decoding, viewOf } from './malformed.js';
import { s32, u32 } from './value.js';

/** Length of struct rtgenmsg (include/uapi/linux/rtnetlink.h) with its padding. */
export const NSID_HEADER = 4;

/** An id by which one namespace knows another: attributes of a message whose header says nothing. */
export interface NsidMessage extends WithUnknown {
  /** NETNSA_NSID: the id; -1 when the namespace has none here, or the kernel shall choose. */
  readonly id?: number;
  /** NETNSA_PID, in requests: the other namespace by process. */
  readonly pid?: number;
  /** NETNSA_FD, in requests: the other namespace by open descriptor. */
  readonly fd?: number;
  /** NETNSA_TARGET_NSID, in requests: whose ids are asked for, when not the socket's. */
  readonly targetId?: number;
  /** NETNSA_CURRENT_NSID, in replies about a target: the id the socket's namespace knows it by. */
  readonly currentId?: number;
}

/** The attributes of a namespace id message. */
export const nsidNames = new AttributeTable<Omit<NsidMessage, 'unknown'>>(NETNSA, {
  id: { type: NETNSA.NETNSA_NSID, value: s32 },
  pid: { type: NETNSA.NETNSA_PID, value: u32 },
  fd: { type: NETNSA.NETNSA_FD, value: u32 },
  targetId: { type: NETNSA.NETNSA_TARGET_NSID, value: s32 },
  currentId: { type: NETNSA.NETNSA_CURRENT_NSID, value: s32 },
});

/** Reads the payload of RTM_NEWNSID, RTM_DELNSID or RTM_GETNSID. @throws DecodeError when it is cut off or an attribute has the wrong length */
export function decodeNsid(payload: Uint8Array): NsidMessage {
  return decoding('namespace id message', () => {
    const view = viewOf(payload, NSID_HEADER);
    const message: { -readonly [K in keyof NsidMessage]: NsidMessage[K] } = {};
    const unknown = nsidNames.decode(view, NSID_HEADER, payload.length, message);
    if (unknown.length > 0) message.unknown = unknown;
    return message;
  });
}

/** Writes the payload of a namespace id message. @throws RangeError when a value cannot be written */
export function encodeNsid(message: NsidMessage): Uint8Array {
  return written((writer) => {
    writer.u32(0);
    nsidNames.encode(message, writer);
    if (message.unknown !== undefined) writer.bytes(message.unknown);
  });
}
