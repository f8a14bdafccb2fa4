import { NetlinkError } from '../lib/errors.js';
import { type Exchange, end, endBefore, isQuestion, type Pending, toError } from './exchange.js';
import {
  decodeAcknowledgement,
  decodeMessages,
  isSuccess,
  type NetlinkMessage,
  NLM_F,
  NLMSG,
  portAt,
  SUCCESS_BYTES,
  sequenceAt,
} from './wire/index.js';

/** Answers did not arrive, and nobody can say whose: all that are missing are given up. */
export function lose(exchange: Exchange, errno: string): void {
  for (const pending of exchange.pending) {
    if (pending.done) continue;
    pending.lost = true;
    const hint = isQuestion(pending.request.type) ? 'the answer was lost' : 'the answer was lost, so it may have been carried out';
    end(exchange, pending, new NetlinkError({ op: pending.request.op, errno, hint }));
  }
}

/** The request that a message with this number answers, unless it is answered already. */
function ownerOf({ pending }: Exchange, sequence: number): Pending | undefined {
  const first = pending[0]?.message.sequence ?? 0;
  // Within a batch the numbers may begin anew.
  const owner = pending[sequence - first] ?? pending.find((one) => one.message.sequence === sequence);
  return owner?.done === false ? owner : undefined;
}

/** Hands a message to the request it answers. False when it says that others were lost. */
function take(exchange: Exchange, port: number, message: NetlinkMessage): boolean {
  const owner = message.port === port ? ownerOf(exchange, message.sequence) : undefined;
  if (owner === undefined) return true;
  if ((message.flags & NLM_F.DUMP_INTR) !== 0 && (owner.message.flags & NLM_F.DUMP) === NLM_F.DUMP) owner.interrupted = true;
  if (message.type === NLMSG.OVERRUN) {
    lose(exchange, 'ENOBUFS');
    return false;
  }
  if (message.type === NLMSG.NOOP) return true;
  try {
    if (message.type === NLMSG.ERROR || message.type === NLMSG.DONE) {
      endBefore(exchange, owner);
      end(exchange, owner);
      const acknowledgement = decodeAcknowledgement(message);
      if (acknowledgement.error !== 0) owner.error = toError(owner, acknowledgement);
    } else if (owner.decode !== undefined && owner.failure === undefined) {
      owner.replies.push(owner.decode(message));
    }
  } catch (error) {
    owner.failure ??= error;
  }
  return true;
}

/**
 * Hands each message of a datagram to the request it answers, and passes over what answers none.
 * @param port of the socket that received it
 * @param buffer what the datagram was received into
 * @param length of the datagram
 * @param view of the buffer
 * @returns false when answers were lost, so that what is still in the socket may belong to nobody
 */
export function takeReplies(exchange: Exchange, port: number, buffer: Uint8Array, length: number, view: DataView): boolean {
  let start = 0;
  for (; isSuccess(view, start, length); start += SUCCESS_BYTES) {
    const owner = portAt(view, start) === port ? ownerOf(exchange, sequenceAt(view, start)) : undefined;
    if (owner === undefined) continue;
    endBefore(exchange, owner);
    end(exchange, owner);
  }
  if (start === length) return true;
  let whole = true;
  try {
    for (const message of decodeMessages(buffer.subarray(start, length))) if (!take(exchange, port, message)) whole = false;
  } catch (error) {
    for (const pending of exchange.pending) if (!pending.done) end(exchange, pending, error);
    return false;
  }
  return whole;
}
