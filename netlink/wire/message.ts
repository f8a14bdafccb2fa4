import { align4 } from './align.js';
import { LITTLE_ENDIAN } from './byte-order.js';
import { type ByteWriter, written } from './byte-writer.js';
import { decoding, Malformed, viewOf } from './malformed.js';

/** Length of a message header (struct nlmsghdr, include/uapi/linux/netlink.h). */
export const MESSAGE_HEADER = 16;

/** One netlink message. */
export interface NetlinkMessage {
  /** What it is: one of NLMSG or RTM. */
  readonly type: number;
  /** NLM_F bits. */
  readonly flags: number;
  /** The number that a reply repeats from its request; 0 in notifications that nobody asked for. */
  readonly sequence: number;
  /** Port of the sender in the request, of the receiver in a reply. */
  readonly port: number;
  /** What follows the header. */
  readonly payload: Uint8Array;
}

/** {@link NetlinkMessage.sequence} of the message that begins at `offset`, for readers in place. */
export function sequenceAt(view: DataView, offset: number): number {
  return view.getUint32(offset + 8, LITTLE_ENDIAN);
}

/** {@link NetlinkMessage.port} of the message that begins at `offset`. */
export function portAt(view: DataView, offset: number): number {
  return view.getUint32(offset + 12, LITTLE_ENDIAN);
}

/** Appends one message, padded to a multiple of four, as the next must begin at one. */
export function writeMessage(message: NetlinkMessage, writer: ByteWriter): void {
  writer.u32(MESSAGE_HEADER + message.payload.length);
  writer.u16(message.type);
  writer.u16(message.flags);
  writer.u32(message.sequence);
  writer.u32(message.port);
  writer.bytes(message.payload);
  writer.align();
}

/** Writes one message, padded to a multiple of four. */
export function encodeMessage(message: NetlinkMessage): Uint8Array {
  return written((writer) => writeMessage(message, writer));
}

/**
 * Reads all messages of one datagram. Their payloads share its memory.
 * @throws DecodeError when one reaches over the end
 */
export function decodeMessages(bytes: Uint8Array): readonly NetlinkMessage[] {
  return decoding('netlink message', () => {
    const view = viewOf(bytes, 0);
    const messages: NetlinkMessage[] = [];
    let offset = 0;
    while (offset < bytes.length) {
      const left = bytes.length - offset;
      if (left < MESSAGE_HEADER) throw new Malformed(`a header of ${MESSAGE_HEADER} bytes, not ${left}`);
      const length = view.getUint32(offset, LITTLE_ENDIAN);
      if (length < MESSAGE_HEADER || length > left) throw new Malformed(`a message of ${MESSAGE_HEADER} to ${left} bytes, not ${length}`);
      messages.push({
        type: view.getUint16(offset + 4, LITTLE_ENDIAN),
        flags: view.getUint16(offset + 6, LITTLE_ENDIAN),
        sequence: view.getUint32(offset + 8, LITTLE_ENDIAN),
        port: view.getUint32(offset + 12, LITTLE_ENDIAN),
        payload: bytes.subarray(offset + MESSAGE_HEADER, offset + length),
      });
      offset += align4(length);
    }
    return messages;
  });
}
