import { align4 } from './align.js';
import { AttributeTable } from './attribute.js';
import { LITTLE_ENDIAN } from './byte-order.js';
import { ByteWriter } from './byte-writer.js';
import { NLM_F, NLMSG, NLMSGERR_ATTR } from './constants.js';
import { decoding, Malformed, viewOf } from './malformed.js';
import { MESSAGE_HEADER, type NetlinkMessage } from './message.js';
import { text, u32 } from './value.js';

/** What the kernel says about an error beside its number (enum nlmsgerr_attrs, include/uapi/linux/netlink.h). */
export interface ExtendedAcknowledgement {
  /** The reason in words. */
  readonly message?: string;
  /** Where in the request the offending attribute begins, from the start of the message header. */
  readonly offset?: number;
  /** Number of an attribute that is missing. */
  readonly missingType?: number;
  /** Where the nest begins that it is missing in; the message itself when absent. */
  readonly missingNest?: number;
}

/** The end of a request: NLMSG_ERROR (struct nlmsgerr), or NLMSG_DONE at the end of a dump. */
export interface Acknowledgement extends ExtendedAcknowledgement {
  /** 0 for success, else the negative error number. */
  readonly error: number;
}

const table = new AttributeTable<ExtendedAcknowledgement>(NLMSGERR_ATTR, {
  message: { type: NLMSGERR_ATTR.MSG, value: text },
  offset: { type: NLMSGERR_ATTR.OFFS, value: u32 },
  missingType: { type: NLMSGERR_ATTR.MISS_TYPE, value: u32 },
  missingNest: { type: NLMSGERR_ATTR.MISS_NEST, value: u32 },
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
    table.decode(view, start, payload.length, said);
    return { error, ...said };
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
  return writer.finish();
}
