import { type Clock, toAbortError } from '../../lib/clock.js';

interface Sleeper {
  readonly until: number;
  readonly wake: () => void;
}

/** Turns of the event loop. */
const QUIET_TURNS = 10;

/**
 * A clock whose time passes only when nothing else can happen: as soon as all that is runnable has run, the earliest sleeper wakes.
 * Hours take no time, and every run is the same.
 */
export class VirtualClock implements Clock {
  readonly #mayPass: () => boolean;
  #now: number;
  #quiet = 0;
  #sleepers: Sleeper[] = [];
  #running = false;
  #busy = 0;

  /**
   * @param mayPass false while something is under way that no turn of the event loop waits for, such as bytes between two sockets;
   * with it, time passes only after some turns in which nothing was
   */
  constructor(now = Date.UTC(2026, 0, 1), mayPass: (() => boolean) | undefined = undefined) {
    this.#now = now;
    this.#mayPass = mayPass === undefined ? () => true : () => this.#isQuiet(mayPass);
  }

  now(): number {
    return this.#now;
  }

  /** Lets time pass while nobody looks. */
  skip(ms: number): void {
    this.#now += ms;
  }

  /** Holds the time while something real is waited for, such as a file that is read in the background. */
  async busy<T>(work: Promise<T>): Promise<T> {
    this.#busy++;
    try {
      return await work;
    } finally {
      this.#busy--;
      this.#run();
    }
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(toAbortError(signal, 'wait'));
        return;
      }
      const onAbort = (): void => {
        this.#sleepers = this.#sleepers.filter((entry) => entry !== sleeper);
        if (signal !== undefined) reject(toAbortError(signal, 'wait'));
      };
      const sleeper: Sleeper = {
        until: this.#now + Math.max(0, ms),
        wake: () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      this.#sleepers.push(sleeper);
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#run();
    });
  }

  /** What was received a moment ago takes a few turns of promises to become the next request. */
  #isQuiet(mayPass: () => boolean): boolean {
    this.#quiet = mayPass() ? this.#quiet + 1 : 0;
    if (this.#quiet < QUIET_TURNS) return false;
    this.#quiet = 0;
    return true;
  }

  #run(): void {
    if (this.#running || this.#busy > 0) return;
    this.#running = true;
    setImmediate(() => {
      this.#running = false;
      if (this.#busy > 0) return;
      if (!this.#mayPass()) {
        if (this.#sleepers.length > 0) this.#run();
        return;
      }
      const next = this.#sleepers.reduce<Sleeper | undefined>(
        (first, entry) => (first === undefined || entry.until < first.until ? entry : first),
        undefined,
      );
      if (next === undefined) return;
      this.#sleepers = this.#sleepers.filter((entry) => entry !== next);
      this.#now = Math.max(this.#now, next.until);
      next.wake();
      if (this.#sleepers.length > 0) this.#run();
    });
  }
}
