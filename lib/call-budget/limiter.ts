import { createHash } from 'node:crypto';
import * as E from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { type Clock, toAbortError } from '../clock.js';
import { decode, refine } from '../codec.js';
import { isNicError, NicError } from '../errors.js';
import { type Folder, type StoreLock, temporaryOwner, waitForLock } from '../folder/index.js';
import type { Logger } from '../log.js';
import type { CallOptions } from '../provider.js';
import {
  type BucketSize,
  type BucketState,
  type CallKind,
  fullBucket,
  neededFor,
  refill,
  slowDown,
  take,
  toBucketSize,
  waitFor,
} from './bucket.js';

/** Decides when a call to the cloud may be made. All processes that share one keep to its budget together. */
export interface CallLimiter {
  /**
   * Waits until one call may be made, and counts it.
   * @throws NicError `ERR_RATE_LIMIT` when that would take too long, or the command has used up what is its own;
   * `ERR_DEADLINE` or `ERR_CANCELLED` from the signal. Nothing is counted then.
   */
  acquire(kind: CallKind, options?: CallOptions): Promise<void>;
  /** Hears that the cloud refused a call since there were too many: fewer are made for ten minutes. */
  throttled(): Promise<void>;
}

/** What {@link createCallLimiter} takes. */
export interface CallLimiterOptions {
  /** Where the count is kept: one folder for all processes of a host. */
  readonly folder: Folder;
  /** Tells accounts apart; only its digest is written. */
  readonly account: string;
  /** Calls in any hour, at most; half of them can be made at once. */
  readonly callsPerHour: number;
  /** Calls of this limiter alone, at most; 200 by default. */
  readonly callsPerCommand?: number;
  /** Time. */
  readonly clock: Clock;
  /** Numbers from 0 up to 1; they spread those who wait. */
  readonly random: () => number;
  /** Hears about waits and about a count that cannot be kept. */
  readonly log: Logger;
}

const GROUP = 'calls';
/** Whoever begins something new or only looks is better told to come back than kept: the container runtime asks again. */
const LONGEST_WAIT_MS: Readonly<Record<CallKind, number>> = { create: 5000, read: 15_000, change: Number.POSITIVE_INFINITY };
/** The lock is held for well under a millisecond; a process that was stopped while it held it must not stop all others. */
const LOCK_WAIT_MS = 2000;
const DEFAULT_COMMAND_CALLS = 200;

const TimeCodec = refine(t.number, 'a point in time', Number.isFinite);
const StateCodec = t.intersection([
  t.type({
    tokens: refine(t.number, 'a number from 0', (value) => value >= 0),
    at: TimeCodec,
    pace: refine(t.number, 'a number above 0 up to 1', (value) => value > 0 && value <= 1),
  }),
  t.partial({ slowedAt: TimeCodec }),
]);
const FileCodec = t.type({ version: t.literal(1), bucket: StateCodec });

type Verdict = { readonly kind: 'taken' } | { readonly kind: 'wait'; readonly ms: number };

class SharedLimiter implements CallLimiter {
  readonly #options: CallLimiterOptions;
  readonly #size: BucketSize;
  readonly #own: BucketSize;
  readonly #file: string;
  #used = 0;
  #warned = false;
  #tidy = false;

  constructor(options: CallLimiterOptions) {
    if (!(options.callsPerHour > 0)) throw new RangeError('callsPerHour must be more than 0');
    this.#options = options;
    this.#size = toBucketSize(options.callsPerHour);
    this.#own = { capacity: options.callsPerCommand ?? DEFAULT_COMMAND_CALLS, perHour: 0 };
    this.#file = `${createHash('sha256').update(options.account).digest('hex').slice(0, 32)}.json`;
  }

  async acquire(kind: CallKind, { signal }: CallOptions = {}): Promise<void> {
    if (signal?.aborted === true) throw toAbortError(signal, 'wait for the budget of API calls');
    this.#requireOwn(kind);
    const { clock, random, log } = this.#options;
    for (;;) {
      const verdict = await this.#try(kind, signal);
      if (verdict.kind === 'taken') {
        this.#used++;
        return;
      }
      if (verdict.ms > LONGEST_WAIT_MS[kind]) throw this.#exhausted(verdict.ms);
      log.info('waiting for the budget of API calls', { ms: verdict.ms, callsPerHour: this.#options.callsPerHour });
      // Others wait as well: who comes at the very moment finds it taken.
      await clock.sleep(verdict.ms * (1 + random() * 0.2), signal);
    }
  }

  async throttled(): Promise<void> {
    await this.#change((state) => ({ next: slowDown(state), answer: undefined }), undefined);
  }

  #try(kind: CallKind, signal: AbortSignal | undefined): Promise<Verdict> {
    return this.#change<Verdict>((state) => {
      const next = take(state, this.#size, kind);
      if (next !== undefined) return { next, answer: { kind: 'taken' } };
      return { next: state, answer: { kind: 'wait', ms: waitFor(state, this.#size, kind) } };
    }, signal).then((answer) => answer ?? { kind: 'taken' });
  }

  /** Undefined when the count cannot be kept: a full disk must not keep a NIC from being taken back. */
  async #change<T>(
    change: (state: BucketState) => { readonly next: BucketState; readonly answer: T },
    signal: AbortSignal | undefined,
  ): Promise<T | undefined> {
    const { folder, clock } = this.#options;
    let lock: StoreLock;
    try {
      lock = await this.#lock(signal);
    } catch (error) {
      if (signal?.aborted === true) throw toAbortError(signal, 'wait for the budget of API calls');
      this.#warn(error);
      return undefined;
    }
    try {
      const now = clock.now();
      const before = refill(this.#read(now), this.#size, now);
      const { next, answer } = change(before);
      this.#removeLeftOvers();
      if (next !== before) folder.write(GROUP, this.#file, JSON.stringify({ version: 1, bucket: next }), 'quick');
      return answer;
    } catch (error) {
      this.#warn(error);
      return undefined;
    } finally {
      lock.release();
    }
  }

  /** Under the lock, whoever was writing is dead. */
  #removeLeftOvers(): void {
    if (this.#tidy) return;
    const { folder } = this.#options;
    for (const name of folder.list(GROUP)) if (temporaryOwner(name) !== undefined) folder.remove(GROUP, name, 'quick');
    this.#tidy = true;
  }

  #lock(signal: AbortSignal | undefined): Promise<StoreLock> {
    const { folder, clock, random } = this.#options;
    const until = clock.now() + LOCK_WAIT_MS;
    const tryLock = (): StoreLock | undefined => {
      if (clock.now() > until) throw new NicError('ERR_LOCKED', `${folder.location}: another process holds the lock of ${GROUP}`);
      return folder.tryLock(GROUP);
    };
    return waitForLock(tryLock, { what: `${folder.location}: ${GROUP}`, clock, random, signal });
  }

  #read(now: number): BucketState {
    const fresh = fullBucket(this.#size, now);
    let text: string | undefined;
    try {
      text = this.#options.folder.read(GROUP, this.#file);
    } catch (error) {
      if (!isNicError(error, 'ERR_JOURNAL')) throw error;
      this.#warn(error);
    }
    if (text === undefined) return fresh;
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      json = undefined;
    }
    const decoded = decode(FileCodec, json, this.#file);
    if (E.isLeft(decoded)) {
      this.#warn(decoded.left);
      return fresh;
    }
    const { bucket } = decoded.right;
    return { ...bucket, tokens: Math.min(bucket.tokens, this.#size.capacity) };
  }

  #requireOwn(kind: CallKind): void {
    const { capacity } = this.#own;
    if (capacity - this.#used >= neededFor(kind, this.#own)) return;
    throw new NicError(
      'ERR_RATE_LIMIT',
      `this command has made ${this.#used} calls to the API, of ${capacity} that one may make; try again`,
    );
  }

  #exhausted(ms: number): NicError {
    const { callsPerHour } = this.#options;
    const advice = 'wait, or raise it in the network configuration (apiCallsPerHour) if the account allows more';
    return new NicError(
      'ERR_RATE_LIMIT',
      `the API budget of this host, ${callsPerHour} calls an hour, is used up for ${Math.ceil(ms / 1000)} s: ${advice}`,
    );
  }

  #warn(error: unknown): void {
    if (this.#warned) return;
    this.#warned = true;
    this.#options.log.warn('the count of API calls cannot be kept', { error: error instanceof Error ? error.message : String(error) });
  }
}

/**
 * Makes a limiter: a token bucket per account, in a folder that all processes of a host share.
 *
 * No hour sees more than `callsPerHour` calls of the host: half of them may come at once, the other half flows back over the hour.
 * Creating leaves a fifth of the burst to what must follow it. After the cloud has refused a call for being one too many,
 * it gets half as fast and recovers within ten minutes; refusals of the same five seconds count once. When the count cannot be kept, calls are made without.
 * @throws RangeError when `callsPerHour` is not above 0
 */
export function createCallLimiter(options: CallLimiterOptions): CallLimiter {
  return new SharedLimiter(options);
}

/** A limiter that lets every call through. */
export const unlimitedCalls: CallLimiter = {
  acquire: async () => {},
  throttled: async () => {},
};
