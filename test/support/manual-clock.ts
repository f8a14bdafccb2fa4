import { type Clock, toAbortError } from '../../lib/clock.js';

interface Sleeper {
  readonly until: number;
  readonly wake: () => void;
}

/** A clock that stands still until a test moves it. */
export class ManualClock implements Clock {
  #now: number;
  #sleepers: Sleeper[] = [];
  #watchers: { readonly count: number; readonly tell: () => void }[] = [];

  constructor(now = Date.UTC(2017, 7, 17, 3, 4, 5)) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
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
      const wake = (): void => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      };
      const sleeper = { until: this.#now + ms, wake };
      this.#sleepers.push(sleeper);
      signal?.addEventListener('abort', onAbort, { once: true });
      for (const watcher of this.#watchers.filter((entry) => this.#sleepers.length >= entry.count)) watcher.tell();
      this.#watchers = this.#watchers.filter((entry) => this.#sleepers.length < entry.count);
    });
  }

  /** Resolves as soon as that many sleeps are under way. */
  sleeping(count: number): Promise<void> {
    if (this.#sleepers.length >= count) return Promise.resolve();
    return new Promise((tell) => this.#watchers.push({ count, tell }));
  }

  /** Moves the time on, waking who sleeps in the order of their times, and lets what they do at once be done. */
  async advance(ms: number): Promise<void> {
    const target = this.#now + ms;
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      const next = this.#sleepers.filter((entry) => entry.until <= target).sort((a, b) => a.until - b.until)[0];
      if (next === undefined) break;
      this.#sleepers = this.#sleepers.filter((entry) => entry !== next);
      this.#now = Math.max(this.#now, next.until);
      next.wake();
    }
    this.#now = target;
  }
}
