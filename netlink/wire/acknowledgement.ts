import { align4 } from './align.js';
import { AttributeTable, NLA_F, nest, type WithUnknown } from './attribute.js';
import { LITTLE_ENDIAN } from './byte-order.js';
import { ByteWriter } from './byte-writer.js';
import { NL_POLICY_TYPE_ATTR, NLM_F, NLMSG, NLMSGERR_ATTR } from './constants/index.js';
import { decoding, Malformed, viewOf } from './malformed.js';
import { MESSAGE_HEADER, type NetlinkMessage } from './message.js';
import { bytes, s64, text, u32, u64 } from './value.js';

/** What the kernel would take as the offending attribute (NL_POLICY_TYPE_ATTR_*, include/uapi/linux/netlink.h). */
export interface AttributePolicy {
  /** NL_ATTR_TYPE_*: 1 flag, 2 to 5 unsigned of 8 to 64 bits, 6 to 9 signed, 10 binary, 11 text, 12 text with its null byte, 13 nest, … */
  readonly type?: number;
  /** Least signed value. */
  readonly minimumSigned?: bigint;
  /** Largest signed value. */
  readonly maximumSigned?: bigint;
  /** Least value. */
  readonly minimum?: bigint;
  /** Largest value. */
  readonly maximum?: bigint;
  /** Least length in bytes. */
  readonly minimumLength?: number;
  /** Largest length in bytes. */
  readonly maximumLength?: number;
  /** Bits that may be set in a bit field. */
  readonly bitfieldMask?: number;
  /** Bits that may be set in a number. */
  readonly mask?: bigint;
}

/** What the kernel says about an error beside its number (enum nlmsgerr_attrs, include/uapi/linux/netlink.h). */
export interface ExtendedAcknowledgement extends WithUnknown {
  /** The reason in words. */
  readonly message?: string;
  /** Where in the request the offending attribute begins, from the start of the message header. */
  readonly offset?: number;
  /** Number of an attribute that is missing. */
  readonly missingType?: number;
  /** Where the nest begins that it is missing in; the message itself when absent. */
  readonly missingNest?: number;
  /** What the attribute at {@link ExtendedAcknowledgement.offset} should have been. */
  readonly policy?: AttributePolicy & WithUnknown;
  /** What only the sender understands, such as the id of what was made. */
  readonly cookie?: Uint8Array;
}

/** The end of a request: NLMSG_ERROR (struct nlmsgerr), or NLMSG_DONE at the end of a dump. */
export interface Acknowledgement extends ExtendedAcknowledgement {
  /** 0 for success, else the negative error number. */
  readonly error: number;
}

const policy = new AttributeTable<AttributePolicy>(NL_POLICY_TYPE_ATTR, {
  type: { type: NL_POLICY_TYPE_ATTR.TYPE, value: u32 },
  minimumSigned: { type: NL_POLICY_TYPE_ATTR.MIN_VALUE_S, value: s64 },
  maximumSigned: { type: NL_POLICY_TYPE_ATTR.MAX_VALUE_S, value: s64 },
  minimum: { type: NL_POLICY_TYPE_ATTR.MIN_VALUE_U, value: u64 },
  maximum: { type: NL_POLICY_TYPE_ATTR.MAX_VALUE_U, value: u64 },
  minimumLength: { type: NL_POLICY_TYPE_ATTR.MIN_LENGTH, value: u32 },
  maximumLength: { type: NL_POLICY_TYPE_ATTR.MAX_LENGTH, value: u32 },
  bitfieldMask: { type: NL_POLICY_TYPE_ATTR.BITFIELD32_MASK, value: u32 },
  mask: { type: NL_POLICY_TYPE_ATTR.MASK, value: u64 },
});

const table = new AttributeTable<Omit<ExtendedAcknowledgement, 'unknown'>>(NLMSGERR_ATTR, {
  message: { type: NLMSGERR_ATTR.MSG, value: text },
  offset: { type: NLMSGERR_ATTR.OFFS, value: u32 },
  missingType: { type: NLMSGERR_ATTR.MISS_TYPE, value: u32 },
  missingNest: { type: NLMSGERR_ATTR.MISS_NEST, value: u32 },
  policy: { type: NLMSGERR_ATTR.POLICY, value: nest(policy), flags: NLA_F.NESTED },
  cookie: { type: NLMSGERR_ATTR.COOKIE, value: bytes },
});

/**
 * Reads an NLMSG_ERROR or NLMSG_DONE message. The error number of DONE is that of a dump that failed on its way; old kernels send none.
 * @throws DecodeError when it is cut off
 */
export function decodeAcknowledgement(message: NetlinkMessage): Acknowledgement {
  return decoding('netlink acknowledgement', () => {
    const { type, flags, payload } = message;
    if (type === NLMSG.DONE && payload.length === 0) return { error: 0 };
    const view = viewOf(payload, 4);
    const error = view.getInt32(0, LITTLE_ENDIAN);
    let start = 4;
    if (type === NLMSG.ERROR) {
      if (payload.length < 4 + MESSAGE_HEADER) throw new Malformed(`at least ${4 + MESSAGE_HEADER} bytes, not ${payload.length}`);
      // On an error the kernel repeats the whole request unless asked not to (NETLINK_CAP_ACK), and says so by the flag.
      const repeated = (flags & NLM_F.CAPPED) === 0 ? view.getUint32(4, LITTLE_ENDIAN) : MESSAGE_HEADER;
      start = 4 + Math.max(MESSAGE_HEADER, align4(repeated));
    }
    if ((flags & NLM_F.ACK_TLVS) === 0) return { error };
    if (start > payload.length) throw new Malformed(`at least ${start} bytes, not ${payload.length}`);
    const said: { -readonly [K in keyof ExtendedAcknowledgement]: ExtendedAcknowledgement[K] } = {};
    const unknown = table.decode(view, start, payload.length, said);
    return unknown.length === 0 ? { error, ...said } : { error, ...said, unknown };
  });
}

/** Length of an acknowledgement that says nothing but success: a header, the number 0, and the header of the request. */
export const SUCCESS_BYTES = MESSAGE_HEADER + 4 + MESSAGE_HEADER;

/**
 * True when such an acknowledgement begins at `offset`. Nearly everything that answers a change is one, and telling so in place
 * costs a tenth of decoding it.
 */
export function isSuccess(view: DataView, offset: number, end: number): boolean {
  return (
    end - offset >= SUCCESS_BYTES &&
    view.getUint32(offset, LITTLE_ENDIAN) === SUCCESS_BYTES &&
    view.getUint16(offset + 4, LITTLE_ENDIAN) === NLMSG.ERROR &&
    (view.getUint16(offset + 6, LITTLE_ENDIAN) & ~NLM_F.CAPPED) === 0 &&
    view.getInt32(offset + MESSAGE_HEADER, LITTLE_ENDIAN) === 0
  );
}

/** Writes the payload of an NLMSG_ERROR (with the header of the request it answers) or of an NLMSG_DONE; for fake kernels in tests. */
export function encodeAcknowledgement(acknowledgement: Acknowledgement, requestHeader?: Uint8Array): Uint8Array {
  const { error, ...said } = acknowledgement;
  const writer = new ByteWriter();
  writer.u32(error >>> 0);
  if (requestHeader !== undefined) writer.bytes(requestHeader.subarray(0, MESSAGE_HEADER));
  table.encode(said, writer);
  if (said.unknown !== undefined) writer.bytes(said.unknown);
  return writer.finish();
}
