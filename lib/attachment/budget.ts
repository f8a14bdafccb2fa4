import type { Clock } from '../clock.js';
import { NicError } from '../errors.js';

/** What of a command's time answering itself takes. */
const ANSWER_MS = 100;
/** The largest part of a command's time that may be kept back for unwinding. */
const MAX_RESERVE = 0.4;
/** The largest part of what is left then in which nothing is started whose answer must be known: short deadlines are for clouds that are quick. */
const MAX_ANSWER = 0.2;

/** A signal that a point in time aborts. */
export interface Timeout {
  /** Aborts with `ERR_DEADLINE` at that time, or with its parent. */
  readonly signal: AbortSignal;
  /** Stops the timer. Two closes are fine. */
  close(): void;
}

/** Makes a signal that aborts at `until` (the clock's milliseconds), with what `message` says, or with `parent`. */
export function createTimeout(clock: Clock, until: number, parent?: AbortSignal, message = 'the deadline has passed'): Timeout {
  const controller = new AbortController();
  const timer = new AbortController();
  const onParent = (): void => controller.abort(parent?.reason);
  const close = (): void => {
    parent?.removeEventListener('abort', onParent);
    timer.abort();
  };
  if (parent?.aborted === true) {
    onParent();
    return { signal: controller.signal, close };
  }
  parent?.addEventListener('abort', onParent, { once: true });
  const left = until - clock.now();
  const expire = (): void => controller.abort(new NicError('ERR_DEADLINE', message));
  if (left <= 0) expire();
  // The rejection is the closing of the timer.
  else clock.sleep(left, timer.signal).then(expire, () => {});
  return { signal: controller.signal, close };
}

/** What {@link Budget} needs. */
export interface BudgetOptions {
  /** Time. */
  readonly clock: Clock;
  /** When the command must have answered. */
  readonly deadline: number;
  /** The caller gives up. */
  readonly signal?: AbortSignal | undefined;
  /** What to keep back for unwinding, in milliseconds. */
  readonly reserveMs: number;
  /** How long an answer may take that must be known, in milliseconds. */
  readonly answerMs: number;
}

/** The time of one command: all its steps share it, and a part is kept back for taking back what was done. */
export class Budget {
  /** The last moment at which work that goes forward may be under way. */
  readonly forwardUntil: number;
  /** Aborts when going forward must end: time is up, the caller gave up, or {@link Budget.cancel} was called. */
  readonly signal: AbortSignal;
  /** Aborts only when the time is up: for calls whose answer matters more than stopping at once. */
  readonly patientSignal: AbortSignal;
  /** Aborts as {@link Budget.signal} does, and earlier: when too little time is left to start such a call and see its answer. */
  readonly startSignal: AbortSignal;
  readonly #clock: Clock;
  readonly #deadline: number;
  readonly #reserveMs: number;
  readonly #caller: AbortSignal | undefined;
  readonly #cancel = new AbortController();
  readonly #timeouts: Timeout[] = [];
  readonly #stop: () => void;

  constructor(options: BudgetOptions) {
    this.#clock = options.clock;
    this.#deadline = options.deadline - ANSWER_MS;
    const whole = Math.max(0, this.#deadline - options.clock.now());
    this.#reserveMs = Math.min(options.reserveMs, whole * MAX_RESERVE);
    this.forwardUntil = this.#deadline - this.#reserveMs;
    const caller = options.signal;
    this.#caller = caller;
    const onCaller = (): void => this.#cancel.abort(caller?.reason);
    if (caller?.aborted === true) onCaller();
    else caller?.addEventListener('abort', onCaller, { once: true });
    this.#stop = () => caller?.removeEventListener('abort', onCaller);
    this.signal = this.#until(this.forwardUntil, this.#cancel.signal);
    this.patientSignal = this.#until(this.forwardUntil);
    const answerMs = Math.min(options.answerMs, (whole - this.#reserveMs) * MAX_ANSWER);
    this.startSignal = this.#until(
      this.forwardUntil - answerMs,
      this.#cancel.signal,
      `less than ${Math.ceil(answerMs)} ms are left, too few to ask the cloud for a NIC and see its answer: none was asked for`,
    );
  }

  /** Ends work that goes forward. */
  cancel(reason: NicError): void {
    this.#cancel.abort(reason);
  }

  /**
   * A signal for unwinding, which begins now: all the time that is left, which is the reserve at least, whatever ended the work before.
   * Once the caller has given up it is the reserve at most, since whoever sends SIGTERM sends SIGKILL later.
   */
  unwind(): AbortSignal {
    const most = this.#caller?.aborted === true ? this.#clock.now() + this.#reserveMs : this.#deadline;
    return this.#until(Math.min(this.#deadline, most));
  }

  /** A signal for work that needs no unwinding of its own: all the time there is, or until the caller gives up. */
  whole(): AbortSignal {
    return this.#until(this.#deadline, this.#cancel.signal);
  }

  /** As {@link whole}, and at most `ms` milliseconds. */
  atMost(ms: number, parent: AbortSignal = this.#cancel.signal): AbortSignal {
    return this.#until(Math.min(this.#deadline, this.#clock.now() + ms), parent);
  }

  /** Stops all timers. */
  close(): void {
    this.#stop();
    for (const timeout of this.#timeouts) timeout.close();
  }

  #until(at: number, parent?: AbortSignal, message?: string): AbortSignal {
    const timeout = createTimeout(this.#clock, at, parent, message);
    this.#timeouts.push(timeout);
    return timeout.signal;
  }
}
