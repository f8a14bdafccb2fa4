import { type Clock, systemClock, toAbortError } from '../lib/clock.js';
import { NetlinkError, NicError } from '../lib/errors.js';
import type { CallOptions } from '../lib/provider.js';
import type { NamespaceHandle } from './namespace.js';
import { type NetlinkSocket, openNetlinkSocket } from './socket.js';
import { checkCall } from './system-call.js';
import { NETLINK_OPTION } from './system-constants.js';
import {
  type Acknowledgement,
  ByteWriter,
  decodeAcknowledgement,
  decodeMessages,
  describeMissing,
  describeOffset,
  ERRNO,
  errnoName,
  type NetlinkMessage,
  NLM_F,
  NLMSG,
  writeMessage,
} from './wire/index.js';

/** The kernel fills at most 32 KiB per read, unless a single message is longer, as of a card with hundreds of functions. Pages not written cost nothing. */
const BUFFER_BYTES = 256 * 1024;
/** Acknowledgements of one batch wait in the socket's receive buffer together; with the default size more than about 250 would overrun it. */
const BATCH_COUNT = 50;
const BATCH_BYTES = 32 * 1024;
const RECEIVE_BYTES = 1024 * 1024;
const DUMP_TRIES = 10;

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

/** How a connection behaves. */
export interface ConnectionOptions {
  /** How long an answer may take, in milliseconds; default 30,000. The kernel answers at once in nearly all cases. */
  readonly timeoutMs?: number;
  /** Time, for tests. */
  readonly clock?: Clock;
}

interface Pending {
  readonly request: NetlinkRequest;
  readonly message: NetlinkMessage;
  readonly onReply: (message: NetlinkMessage) => void;
  done: boolean;
  interrupted: boolean;
  /** A reply that could not be decoded. What follows it is still read, so that the next request finds the socket empty. */
  failure: unknown;
  error: NetlinkError | undefined;
}

function toError(pending: Pending, acknowledgement: Acknowledgement): NetlinkError {
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

/**
 * One NETLINK_ROUTE socket in a namespace. Requests run one after another, whoever sends them.
 *
 * Replies are told by sequence number and port, and only the kernel can send here, since the socket is connected to it.
 * Every error that the kernel answers is a {@link NetlinkError} with its number, text and attribute.
 */
export class NetlinkConnection {
  readonly #socket: NetlinkSocket;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #writer = new ByteWriter(1024);
  #buffer = new Uint8Array(BUFFER_BYTES);
  #sequence = 0;
  #strict: boolean;
  #stale = false;
  #closed = false;
  #busy: Promise<void> | undefined;

  /** @param socket what to talk through; it belongs to the connection from now on */
  constructor(socket: NetlinkSocket, options: ConnectionOptions = {}) {
    this.#socket = socket;
    this.#clock = options.clock ?? systemClock;
    this.#timeoutMs = options.timeoutMs ?? 30_000;
    // Kernels before 4.12 and 4.20 do not know these; everything works without, with less to say in errors.
    socket.setOption(NETLINK_OPTION.EXT_ACK, true);
    socket.setOption(NETLINK_OPTION.CAP_ACK, true);
    this.#strict = socket.setOption(NETLINK_OPTION.GET_STRICT_CHK, true);
  }

  /** Opens a connection inside a namespace. @throws NetlinkError when the kernel refuses */
  static open(namespace: NamespaceHandle, options: ConnectionOptions = {}): NetlinkConnection {
    return new NetlinkConnection(openNetlinkSocket(namespace, RECEIVE_BYTES), options);
  }

  /**
   * Sends one request and waits until the kernel has carried it out.
   * @param decode reads each reply, as GET requests have; its results are returned in order. It must not keep the payload, whose memory is used again
   */
  async request<T = never>(
    request: NetlinkRequest,
    decode?: (message: NetlinkMessage) => T,
    options: CallOptions = {},
  ): Promise<readonly T[]> {
    const replies: T[] = [];
    const pending = this.#prepare(request, NLM_F.ACK, (message) => {
      if (decode !== undefined) replies.push(decode(message));
    });
    await this.#exchange([pending], options);
    if (pending.error !== undefined) throw pending.error;
    if (pending.failure !== undefined) throw pending.failure;
    return replies;
  }

  /**
   * Asks for all objects of a kind. An answer that the kernel marks as torn by a change in the middle is thrown away and asked for again.
   * @throws NetlinkError with errno `EINTR` when that happens ten times running
   */
  async dump<T>(request: NetlinkRequest, decode: (message: NetlinkMessage) => T, options: CallOptions = {}): Promise<readonly T[]> {
    for (let tries = 1; ; tries++) {
      const replies: T[] = [];
      const attempt = (): Pending => this.#prepare(request, NLM_F.DUMP, (message) => replies.push(decode(message)));
      let pending = attempt();
      await this.#exchange([pending], options);
      if (pending.error?.errno === 'EINVAL' && this.#strict) {
        // Strict checking refuses some requests that kernels took before (nmstate/nispor#226).
        const lenient = attempt();
        await this.#leniently(() => this.#exchange([lenient], options));
        if (lenient.error === undefined) pending = lenient;
      }
      if (pending.error !== undefined) throw pending.error;
      if (pending.failure !== undefined) throw pending.failure;
      if (!pending.interrupted) return replies;
      if (tries === DUMP_TRIES) {
        throw new NetlinkError({
          op: request.op,
          errno: 'EINTR',
          hint: `changes interrupted the listing ${tries} times running; try again`,
        });
      }
    }
  }

  /**
   * Sends many requests that change something, several in one send, each carried out whether or not others fail.
   * @returns what became of each, in order
   */
  async batch(requests: readonly NetlinkRequest[], options: CallOptions = {}): Promise<readonly BatchResult[]> {
    const all = requests.map((request) => this.#prepare(request, NLM_F.ACK, () => {}));
    let start = 0;
    while (start < all.length) {
      let end = start;
      let size = 0;
      while (end < all.length && end - start < BATCH_COUNT) {
        size += (all[end]?.message.payload.length ?? 0) + 16;
        if (end > start && size > BATCH_BYTES) break;
        end++;
      }
      await this.#exchange(all.slice(start, end), options);
      start = end;
    }
    return all.map((pending) => pending.error);
  }

  /** Closes the socket. Requests under way reject with `ERR_CANCELLED`. Two closes are fine. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.close();
  }

  #prepare(request: NetlinkRequest, flags: number, onReply: (message: NetlinkMessage) => void): Pending {
    // 0 is the number of notifications that nobody asked for.
    this.#sequence = this.#sequence === 0xffff_ffff ? 1 : this.#sequence + 1;
    const message: NetlinkMessage = {
      type: request.type,
      flags: NLM_F.REQUEST | flags | (request.flags ?? 0),
      sequence: this.#sequence,
      port: this.#socket.port,
      payload: request.payload,
    };
    return { request, message, onReply, done: false, interrupted: false, failure: undefined, error: undefined };
  }

  async #leniently(work: () => Promise<void>): Promise<void> {
    this.#socket.setOption(NETLINK_OPTION.GET_STRICT_CHK, false);
    try {
      await work();
    } finally {
      if (!this.#closed) this.#strict = this.#socket.setOption(NETLINK_OPTION.GET_STRICT_CHK, true);
    }
  }

  async #exchange(pending: readonly Pending[], options: CallOptions): Promise<void> {
    while (this.#busy !== undefined) await this.#busy;
    const what = pending[0]?.request.op ?? 'netlink';
    if (options.signal?.aborted === true) throw toAbortError(options.signal, what);
    let free = (): void => {};
    this.#send(pending, what);
    if (this.#receive(pending, what)) return;
    // The kernel has not answered yet, which is rare: wait, and let nobody else in meanwhile.
    this.#busy = new Promise((resolve) => {
      free = resolve;
    });
    this.#stale = true;
    try {
      await this.#waitFor(pending, what, options);
      this.#stale = false;
    } finally {
      this.#busy = undefined;
      free();
    }
  }

  async #waitFor(pending: readonly Pending[], what: string, options: CallOptions): Promise<void> {
    const deadline = this.#clock.now() + this.#timeoutMs;
    for (let pauseMs = 1; ; pauseMs = Math.min(20, 2 * pauseMs)) {
      await this.#clock.sleep(pauseMs, options.signal);
      if (this.#receive(pending, what)) return;
      if (this.#clock.now() >= deadline) {
        throw new NicError('ERR_DEADLINE', `${what}: the kernel has not answered within ${this.#timeoutMs} ms`);
      }
    }
  }

  #assertOpen(what: string): void {
    if (this.#closed) throw new NicError('ERR_CANCELLED', `${what}: the netlink connection is closed`);
  }

  #send(pending: readonly Pending[], what: string): void {
    this.#assertOpen(what);
    if (this.#stale) this.#discard();
    this.#writer.reset();
    for (const { message } of pending) writeMessage(message, this.#writer);
    checkCall(this.#socket.send(this.#writer.finish()), { op: what });
  }

  /** Reads away what belongs to a request that was given up. */
  #discard(): void {
    for (;;) {
      const length = this.#socket.receive(this.#buffer);
      if (length < 0 && length !== -ERRNO.ENOBUFS && length !== -ERRNO.EINTR) break;
    }
    this.#stale = false;
  }

  /** Reads what is there. True when all requests are answered, false when the socket is empty before. */
  #receive(pending: readonly Pending[], what: string): boolean {
    this.#assertOpen(what);
    let open = pending.filter(({ done }) => !done).length;
    while (open > 0) {
      const length = this.#socket.receive(this.#buffer);
      if (length === -ERRNO.EAGAIN) return false;
      if (length === -ERRNO.EINTR) continue;
      if (length < 0 || length > this.#buffer.length) {
        this.#stale = true;
        if (length > 0) this.#buffer = new Uint8Array(length);
        // With ENOBUFS, or a cut-off message, answers are lost: nobody can say whose.
        checkCall(length < 0 ? length : -ERRNO.EMSGSIZE, { op: what });
      }
      for (const message of decodeMessages(this.#buffer.subarray(0, length))) open -= this.#take(pending, message);
    }
    return true;
  }

  /** Hands a message to the request it answers. Gives 1 when that is the end of it. */
  #take(pending: readonly Pending[], message: NetlinkMessage): 0 | 1 {
    const first = pending[0]?.message.sequence ?? 0;
    const owner = pending[message.sequence - first] ?? pending.find((one) => one.message.sequence === message.sequence);
    if (owner === undefined || owner.done || message.port !== this.#socket.port) return 0;
    if ((message.flags & NLM_F.DUMP_INTR) !== 0 && (owner.message.flags & NLM_F.DUMP) === NLM_F.DUMP) owner.interrupted = true;
    if (message.type === NLMSG.ERROR || message.type === NLMSG.DONE) {
      const acknowledgement = decodeAcknowledgement(message);
      if (acknowledgement.error !== 0) owner.error = toError(owner, acknowledgement);
      owner.done = true;
      return 1;
    }
    if (message.type === NLMSG.NOOP) return 0;
    try {
      if (owner.failure === undefined) owner.onReply(message);
    } catch (error) {
      owner.failure = error;
    }
    return 0;
  }
}
