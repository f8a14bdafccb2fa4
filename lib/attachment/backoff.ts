import type { Clock } from '../clock.js';

const GROWTH = 1.5;

/** What {@link Backoff} needs. */
export interface BackoffOptions {
  /** Time. */
  readonly clock: Clock;
  /** Numbers from 0 up to 1. */
  readonly random: () => number;
  /** The first wait, in milliseconds. */
  readonly firstMs: number;
  /** The longest. */
  readonly maxMs: number;
}

/** Waits that grow by half each time, each shortened at random by up to a fifth so that processes do not march in step. */
export class Backoff {
  readonly #options: BackoffOptions;
  #nextMs: number;

  constructor(options: BackoffOptions) {
    this.#options = options;
    this.#nextMs = options.firstMs;
  }

  /** Waits. @throws NicError `ERR_DEADLINE` or `ERR_CANCELLED` from the signal */
  async wait(signal: AbortSignal): Promise<void> {
    const { clock, random, maxMs } = this.#options;
    const ms = this.#nextMs * (1 - random() * 0.2);
    this.#nextMs = Math.min(maxMs, this.#nextMs * GROWTH);
    await clock.sleep(ms, signal);
  }

  /** Goes on growing from `ms` milliseconds. */
  reset(ms: number): void {
    this.#nextMs = ms;
  }
}
