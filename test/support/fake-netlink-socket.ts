import type { NetlinkSocket } from '../../netlink/socket.js';
import {
  decodeMessages,
  ERRNO,
  encodeAcknowledgement,
  encodeMessage,
  type NetlinkMessage,
  NLM_F,
  NLMSG,
} from '../../netlink/wire/index.js';

/** One thing that a receive call gives: a datagram, or a negative error number. */
export type Delivery = Uint8Array | number;

/** What a {@link FakeNetlinkSocket} is made of: requests in, deliveries out. Called once for each send, with all its messages. */
export type Responder = (requests: readonly NetlinkMessage[], socket: FakeNetlinkSocket) => readonly Delivery[];

/** A socket without a kernel. Deliveries are handed out one per receive; when none is left, EAGAIN. */
export class FakeNetlinkSocket implements NetlinkSocket {
  readonly port = 4711;
  /** Every send, as its messages. */
  readonly sent: (readonly NetlinkMessage[])[] = [];
  /** Options as they are now. */
  readonly options = new Map<number, boolean>();
  /** Options that this kernel does not know. */
  readonly unknownOptions = new Set<number>();
  /** How often it was closed. */
  closed = 0;
  readonly #respond: Responder;
  #queue: Delivery[] = [];

  constructor(respond: Responder) {
    this.#respond = respond;
  }

  send(bytes: Uint8Array): number {
    const requests = decodeMessages(bytes.slice());
    this.sent.push(requests);
    this.#queue.push(...this.#respond(requests, this));
    return bytes.length;
  }

  receive(buffer: Uint8Array): number {
    const next = this.#queue.shift();
    if (next === undefined) return -ERRNO.EAGAIN;
    if (typeof next === 'number') return next;
    buffer.set(next.subarray(0, buffer.length));
    return next.length;
  }

  setOption(option: number, on: boolean): boolean {
    if (this.unknownOptions.has(option)) return false;
    this.options.set(option, on);
    return true;
  }

  close(): void {
    this.closed++;
  }

  /** Lets something arrive later. */
  deliver(...deliveries: readonly Delivery[]): void {
    this.#queue.push(...deliveries);
  }

  /** How many deliveries have not been received. */
  get waiting(): number {
    return this.#queue.length;
  }
}

/** A datagram of messages that answer `request`, unless they say otherwise. */
export function datagram(request: NetlinkMessage, ...messages: readonly Partial<NetlinkMessage>[]): Uint8Array {
  const { sequence, port } = request;
  const whole = messages.map((message) => encodeMessage({ type: 0, flags: 0, sequence, port, payload: new Uint8Array(0), ...message }));
  return Uint8Array.from(Buffer.concat(whole));
}

/** The kernel's acknowledgement: success, or an error with what the kernel says about it. */
export function acknowledgement(
  request: NetlinkMessage,
  error = 0,
  said: { readonly message?: string; readonly offset?: number; readonly missingType?: number } = {},
): Partial<NetlinkMessage> {
  const payload = encodeAcknowledgement({ error, ...said }, encodeMessage(request));
  const flags = NLM_F.CAPPED | (Object.keys(said).length > 0 ? NLM_F.ACK_TLVS : 0);
  return { type: NLMSG.ERROR, flags, payload };
}

/** The end of a dump. */
export function done(error = 0, flags: number = NLM_F.MULTI): Partial<NetlinkMessage> {
  return { type: NLMSG.DONE, flags, payload: encodeAcknowledgement({ error }) };
}
