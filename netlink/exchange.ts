import { NetlinkError, NicError } from '../lib/errors.js';
import type { BatchOutcome } from './interrupted.js';
import {
  type Acknowledgement,
  describeMissing,
  describeOffset,
  ERRNO,
  errnoName,
  MESSAGE_HEADER,
  type NetlinkMessage,
} from './wire/index.js';

/** What the kernel says of those that fail waits in the socket's receive buffer; with the default size more than about 250 would overrun it. */
const BATCH_COUNT = 128;
const BATCH_BYTES = 32 * 1024;

/** One request, ready to send. */
export interface NetlinkRequest {
  /** The operation with its arguments as a person writes them, for errors: `route.add 10.0.0.0/8 via 192.0.2.1`. */
  readonly op: string;
  /** What it is: the number of an RTM_* message. */
  readonly type: number;
  /** NLM_F_* bits beside REQUEST, ACK and DUMP, which are set as needed. */
  readonly flags?: number;
  /** What follows the header. */
  readonly payload: Uint8Array;
}

/** What became of one request of a batch: undefined when the kernel carried it out. */
export type BatchResult = NetlinkError | undefined;

/** A request on its way. */
export interface Pending<T = unknown> {
  /** What was asked for. */
  readonly request: NetlinkRequest;
  /** As it is sent. */
  readonly message: NetlinkMessage;
  /** Reads a reply. */
  readonly decode: ((message: NetlinkMessage) => T) | undefined;
  /** What was read so far. */
  readonly replies: T[];
  /** The kernel has it. */
  sent: boolean;
  /** It is answered, or will not be. */
  done: boolean;
  /** The kernel says that a change tore the listing. */
  interrupted: boolean;
  /** An answer was sent and did not arrive, so nobody can say what it was. */
  lost: boolean;
  /** A reply that could not be decoded, or what kept it away. What follows it is still read, so that the next request finds the socket empty. */
  failure: unknown;
  /** What the kernel answered. */
  error: NetlinkError | undefined;
}

/** Requests that are sent together. */
export interface Exchange {
  /** In the order they are sent. */
  readonly pending: readonly Pending[];
  /** Send it without strict checking. */
  readonly lenient: boolean;
  /** How many are not answered yet. */
  open: number;
  /** Place of the first that may not be answered yet. */
  next: number;
  /** It is not over, and more can be read at once. */
  more: boolean;
  /** When it came into the queue, if it did. */
  since: number | undefined;
}

/** Puts requests together that are sent at once. */
export function toExchange(pending: readonly Pending[], lenient = false): Exchange {
  return { pending, lenient, open: pending.length, next: 0, more: false, since: undefined };
}

/** What an exchange is called in errors: its first request. */
export function nameOf({ pending }: Exchange): string {
  return pending[0]?.request.op ?? 'netlink';
}

/** In rtnetlink the lowest two bits of a type tell new, delete, get and set apart (RTNL_KIND_GET, include/net/rtnetlink.h). */
export function isQuestion(type: number): boolean {
  return (type & 3) === 2;
}

/** The error that the kernel answered. */
export function toError(pending: Pending, acknowledgement: Acknowledgement): NetlinkError {
  const { request, message } = pending;
  const { offset, missingType } = acknowledgement;
  let attribute: string | undefined;
  if (offset !== undefined) attribute = describeOffset(message, offset);
  else if (missingType !== undefined) attribute = `${describeMissing(message, missingType)} is missing`;
  const denied = -acknowledgement.error === ERRNO.EPERM;
  return new NetlinkError({
    op: request.op,
    errno: errnoName(acknowledgement.error),
    ...(acknowledgement.message === undefined ? {} : { kernelMessage: acknowledgement.message }),
    ...(attribute === undefined ? {} : { attribute }),
    ...(denied ? { hint: 'it needs CAP_NET_ADMIN in the user namespace that owns the network namespace' } : {}),
  });
}

/** The replies, unless something went wrong. */
export function settle<T>(pending: Pending<T>): readonly T[] {
  if (pending.error !== undefined) throw pending.error;
  if (pending.failure !== undefined) throw pending.failure;
  return pending.replies;
}

/** What became of a request of a batch. */
export function toResult({ request, error, failure }: Pending): BatchResult {
  if (error !== undefined || failure === undefined) return error;
  if (failure instanceof NetlinkError) return failure;
  return new NetlinkError({
    op: request.op,
    errno: 'EBADMSG',
    hint: 'the answer cannot be read; it may have been carried out',
    cause: failure,
  });
}

/** What was not done because the connection is closed. */
export function toClosedError(what: string): NicError {
  return new NicError('ERR_CANCELLED', `${what}: the netlink connection is closed`);
}

/** What was not even sent. */
export function toSendError({ request }: Pending, result: number, length: number): NetlinkError {
  const hint = -result === ERRNO.EMSGSIZE ? { hint: `${length} bytes are more than the socket sends at once; it was not sent` } : {};
  return new NetlinkError({ op: request.op, errno: errnoName(result), ...hint });
}

/** Marks a request as answered, or as one that will not be. */
export function end(exchange: Exchange, pending: Pending, failure?: unknown): void {
  pending.done = true;
  exchange.open--;
  pending.failure ??= failure;
}

/**
 * Marks those before an answered request as carried out. Of a batch only the last asks for an acknowledgement, which saves the kernel
 * a third of its work: it goes through them in order, and answers one that fails in any case (netlink_rcv_skb, net/netlink/af_netlink.c).
 */
export function endBefore(exchange: Exchange, answered: Pending): void {
  for (; exchange.next < exchange.pending.length; exchange.next++) {
    const pending = exchange.pending[exchange.next];
    if (pending === answered) return;
    if (pending?.done === false) end(exchange, pending);
  }
}

/** What is known of a request of a batch that was given up. */
export function toOutcome(pending: Pending | undefined): BatchOutcome {
  if (pending?.done === true) return toResult(pending) ?? 'done';
  return pending?.sent === true ? 'unknown' : 'unsent';
}

/** How many requests from `start` on are sent at once. One that is large by itself goes alone. */
export function countChunk(requests: readonly NetlinkRequest[], start: number): number {
  let size = 0;
  let count = 0;
  for (let i = start; i < requests.length && count < BATCH_COUNT; i++) {
    size += (requests[i]?.payload.length ?? 0) + MESSAGE_HEADER;
    if (count > 0 && size > BATCH_BYTES) break;
    count++;
  }
  return count;
}
