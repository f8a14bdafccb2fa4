import { type Clock, systemClock, toAbortError } from '../lib/clock.js';
import { NetlinkError, NicError } from '../lib/errors.js';
import type { CallOptions } from '../lib/provider.js';
import {
  type BatchResult,
  countChunk,
  type Exchange,
  end,
  isQuestion,
  type NetlinkRequest,
  nameOf,
  type Pending,
  settle,
  toClosedError,
  toExchange,
  toOutcome,
  toResult,
  toSendError,
} from './exchange.js';
import { BatchInterruptedError, DumpInterruptedError } from './interrupted.js';
import type { NamespaceHandle } from './namespace.js';
import { lose, takeReplies } from './replies.js';
import { type NetlinkSocket, openNetlinkSocket } from './socket.js';
import { toCallError } from './system-call.js';
import { NETLINK_OPTION } from './system-constants.js';
import { TurnQueue } from './turn-queue.js';
import { ByteWriter, ERRNO, type NetlinkMessage, NLM_F, writeMessage } from './wire/index.js';

/** The kernel fills at most 32 KiB per read, unless a single message is longer, as of a card with hundreds of functions. Pages not written cost nothing. */
const BUFFER_BYTES = 256 * 1024;
const RECEIVE_BYTES = 1024 * 1024;
/** How often a question is asked again whose answer was torn by a change or lost. Never a change: it may have been made. */
const TRIES = 10;
/** The kernel answers within the call, so a loop of requests would leave the event loop, and with it timers and signals, no turn of their own. */
const REQUESTS_A_TURN = 256;
/** Likewise for one long answer, in bytes; each read counts for some more. */
const BYTES_A_TURN = 1024 * 1024;
const BYTES_A_READ = 256;

export type { BatchResult, NetlinkRequest };

/** How a connection behaves. */
export interface ConnectionOptions {
  /**
   * How long an answer may take, the wait for requests before it included, in milliseconds; default 30,000.
   * The kernel answers at once in nearly all cases. A shorter limit for one call is the matter of its signal.
   */
  readonly timeoutMs?: number;
  /** Number of the first request, 1 to 4,294,967,295, after which they begin again at 1; default 1. */
  readonly firstSequence?: number;
  /** Time, for tests. */
  readonly clock?: Clock;
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/**
 * One NETLINK_ROUTE socket in a namespace. Requests run one after another in the order they came, whoever sends them.
 *
 * Replies are told by sequence number and port, and only the kernel can send here, since the socket is connected to it.
 * Every error that the kernel answers is a {@link NetlinkError} with its number, text and attribute.
 */
export class NetlinkConnection {
  readonly #socket: NetlinkSocket;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #writer = new ByteWriter(1024);
  readonly #turns = new TurnQueue();
  #buffer = new Uint8Array(BUFFER_BYTES);
  #view = new DataView(this.#buffer.buffer);
  #sequence: number;
  #strict: boolean;
  #stale = false;
  #closed = false;
  #untilTurn = REQUESTS_A_TURN;
  /** Ends the wait of the exchange that waits for its answer now. */
  #stopWaiting: AbortController | undefined;

  /** @param socket what to talk through; it belongs to the connection from now on */
  constructor(socket: NetlinkSocket, options: ConnectionOptions = {}) {
    this.#socket = socket;
    this.#clock = options.clock ?? systemClock;
    this.#timeoutMs = options.timeoutMs ?? 30_000;
    this.#sequence = (options.firstSequence ?? 1) - 1;
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
   * @throws NetlinkError when the kernel refuses; with errno `ENOBUFS` or `EMSGSIZE` when the answer to a change was lost, which may have been made
   */
  async request<T = never>(
    request: NetlinkRequest,
    decode?: (message: NetlinkMessage) => T,
    options: CallOptions = {},
  ): Promise<readonly T[]> {
    if (isQuestion(request.type)) return this.#ask(request, NLM_F.ACK, decode, options);
    const pending = this.#prepare(request, NLM_F.ACK, decode);
    const waiting = this.#exchange(toExchange([pending]), options);
    if (waiting !== undefined) await waiting;
    return settle(pending);
  }

  /**
   * Asks for all objects of a kind. An answer that the kernel marks as torn by a change in the middle is thrown away and asked for again,
   * and so is one that was lost.
   * @throws DumpInterruptedError with what was found, when the tenth try is torn too
   */
  async dump<T>(request: NetlinkRequest, decode: (message: NetlinkMessage) => T, options: CallOptions = {}): Promise<readonly T[]> {
    return this.#ask(request, NLM_F.DUMP, decode, options);
  }

  /**
   * Sends many requests that change something, several in one send, each carried out whether or not others fail.
   * An answer that was lost is told as `ENOBUFS` of its request, which may have been carried out.
   * @returns what became of each, in order
   * @throws BatchInterruptedError with what became of each, when it is given up on its way
   */
  async batch(requests: readonly NetlinkRequest[], options: CallOptions = {}): Promise<readonly BatchResult[]> {
    const all: Pending[] = [];
    try {
      while (all.length < requests.length) {
        const count = countChunk(requests, all.length);
        const chunk: Pending[] = [];
        for (const request of requests.slice(all.length, all.length + count)) {
          // The answer to the last says that all are done.
          const pending = this.#prepare(request, chunk.length === count - 1 ? NLM_F.ACK : 0, undefined);
          chunk.push(pending);
          all.push(pending);
        }
        const waiting = this.#exchange(toExchange(chunk), options);
        if (waiting !== undefined) await waiting;
      }
    } catch (error) {
      if (!(error instanceof NicError)) throw error;
      throw new BatchInterruptedError(
        error,
        requests.map((_, i) => toOutcome(all[i])),
      );
    }
    return all.map(toResult);
  }

  /** Closes the socket. Requests under way, and those that wait for their turn, reject with `ERR_CANCELLED` at once. Two closes are fine. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.close();
    // Whoever waits for its turn gets it now, one after another, and finds the connection closed.
    this.#stopWaiting?.abort();
  }

  #prepare<T>(request: NetlinkRequest, flags: number, decode: ((message: NetlinkMessage) => T) | undefined): Pending<T> {
    // 0 is the number of notifications that nobody asked for.
    this.#sequence = this.#sequence === 0xffff_ffff ? 1 : this.#sequence + 1;
    const message: NetlinkMessage = {
      type: request.type,
      flags: NLM_F.REQUEST | flags | (request.flags ?? 0),
      sequence: this.#sequence,
      port: this.#socket.port,
      payload: request.payload,
    };
    return {
      request,
      message,
      decode,
      replies: [],
      sent: false,
      done: false,
      interrupted: false,
      lost: false,
      failure: undefined,
      error: undefined,
    };
  }

  /** Asks a question, which may be done again as it changes nothing. */
  async #ask<T>(
    request: NetlinkRequest,
    flags: number,
    decode: ((message: NetlinkMessage) => T) | undefined,
    options: CallOptions,
  ): Promise<readonly T[]> {
    for (let tries = 1; ; tries++) {
      let pending = this.#prepare(request, flags, decode);
      const waiting = this.#exchange(toExchange([pending]), options);
      if (waiting !== undefined) await waiting;
      if (pending.error?.errno === 'EINVAL' && this.#strict) {
        // Strict checking refuses some requests that kernels took before (nmstate/nispor#226).
        const lenient = this.#prepare(request, flags, decode);
        await this.#exchange(toExchange([lenient], true), options);
        // The strict answer says more when both fail.
        if (lenient.error === undefined) pending = lenient;
      }
      if (tries < TRIES && pending.error === undefined && (pending.lost || (pending.interrupted && pending.failure === undefined)))
        continue;
      const replies = settle(pending);
      if (!pending.interrupted) return replies;
      throw new DumpInterruptedError({ op: request.op, partial: replies, tries });
    }
  }

  /** Sends and reads, at once when nobody else is under way. Gives nothing when it is over already, as nearly always. */
  #exchange(exchange: Exchange, options: CallOptions): Promise<void> | undefined {
    if (this.#untilTurn <= 0 || !this.#turns.tryTake()) return this.#exchangeLater(exchange, options);
    let over = true;
    try {
      over = this.#begin(exchange, options);
    } finally {
      if (over) this.#turns.release();
    }
    return over ? undefined : this.#finish(exchange, options);
  }

  async #exchangeLater(exchange: Exchange, options: CallOptions): Promise<void> {
    exchange.since = this.#clock.now();
    this.#assertOpen(nameOf(exchange));
    await this.#turns.take(nameOf(exchange), options.signal);
    try {
      if (this.#untilTurn <= 0) {
        this.#untilTurn = REQUESTS_A_TURN;
        await nextTurn();
      }
      if (!this.#begin(exchange, options)) await this.#waitFor(exchange, options);
    } finally {
      this.#turns.release();
    }
  }

  async #finish(exchange: Exchange, options: CallOptions): Promise<void> {
    try {
      await this.#waitFor(exchange, options);
    } finally {
      this.#turns.release();
    }
  }

  /** Sends and reads what is there. True when that is all. */
  #begin(exchange: Exchange, { signal }: CallOptions): boolean {
    const what = nameOf(exchange);
    this.#assertOpen(what);
    if (signal?.aborted === true) throw toAbortError(signal, what);
    this.#untilTurn -= exchange.pending.length;
    this.#send(exchange);
    this.#receive(exchange);
    return exchange.open === 0;
  }

  /** Goes on reading until all is answered. */
  async #waitFor(exchange: Exchange, { signal }: CallOptions): Promise<void> {
    const what = nameOf(exchange);
    // The whole time in the queue counts. Nobody in it waits longer than that, since who is before has come before.
    const deadline = (exchange.since ?? this.#clock.now()) + this.#timeoutMs;
    const stop = new AbortController();
    const onAbort = (): void => stop.abort();
    signal?.addEventListener('abort', onAbort, { once: true });
    this.#stopWaiting = stop;
    try {
      for (let pauseMs = 1; exchange.open > 0; ) {
        if (exchange.more) {
          await nextTurn();
        } else {
          // Rejects when it is stopped; what stopped it is seen below.
          await this.#clock.sleep(pauseMs, stop.signal).catch(() => {});
          pauseMs = Math.min(20, 2 * pauseMs);
        }
        this.#assertOpen(what);
        if (signal?.aborted === true) throw toAbortError(signal, what);
        this.#receive(exchange);
        if (exchange.open > 0 && this.#clock.now() >= deadline) {
          throw new NicError('ERR_DEADLINE', `${what}: the kernel has not answered within ${this.#timeoutMs} ms`);
        }
      }
    } finally {
      if (exchange.open > 0) this.#stale = true;
      this.#stopWaiting = undefined;
      signal?.removeEventListener('abort', onAbort);
    }
  }

  #assertOpen(what: string): void {
    if (this.#closed) throw toClosedError(what);
  }

  #send(exchange: Exchange): void {
    if (this.#stale) this.#discard();
    this.#writer.reset();
    for (const { message } of exchange.pending) writeMessage(message, this.#writer);
    const bytes = this.#writer.finish();
    // The kernel looks at this when it takes the request, so it can be set back at once.
    if (exchange.lenient) this.#socket.setOption(NETLINK_OPTION.GET_STRICT_CHK, false);
    const sent = this.#socket.send(bytes);
    if (exchange.lenient) this.#strict = this.#socket.setOption(NETLINK_OPTION.GET_STRICT_CHK, true);
    for (const pending of exchange.pending) {
      pending.sent = sent >= 0;
      if (sent < 0) end(exchange, pending, toSendError(pending, sent, bytes.length));
    }
  }

  /** Reads away what belongs to a request that was given up. */
  #discard(): void {
    for (;;) {
      const length = this.#socket.receive(this.#buffer);
      if (length < 0 && length !== -ERRNO.ENOBUFS && length !== -ERRNO.EINTR) break;
    }
    this.#stale = false;
  }

  /** Reads until all requests are answered, the socket is empty, or it is time to let others of this process work. */
  #receive(exchange: Exchange): void {
    exchange.more = false;
    for (let read = 0; exchange.open > 0; read += BYTES_A_READ) {
      if (read >= BYTES_A_TURN) {
        exchange.more = true;
        return;
      }
      const length = this.#socket.receive(this.#buffer);
      if (length === -ERRNO.EAGAIN) return;
      if (length === -ERRNO.EINTR) continue;
      if (length === -ERRNO.ENOBUFS) {
        this.#stale = true;
        lose(exchange, 'ENOBUFS');
      } else if (length < 0) {
        this.#stale = true;
        throw toCallError(length, { op: nameOf(exchange) });
      } else if (length > this.#buffer.length) {
        // It is cut off, and gone. The next time there is room.
        this.#buffer = new Uint8Array(length);
        this.#view = new DataView(this.#buffer.buffer);
        this.#stale = true;
        lose(exchange, 'EMSGSIZE');
      } else {
        read += length;
        if (!takeReplies(exchange, this.#socket.port, this.#buffer, length, this.#view)) this.#stale = true;
      }
    }
  }
}
