import type { CloudState } from './model.js';

/** How long old states are kept for stale reads, in milliseconds. */
export const HISTORY_MS = 120_000;

/** How many old states are kept at most. */
const HISTORY_STATES = 2_000;

/** The state of the cloud now, and what it was for a while before. */
export class Cloud {
  readonly #now: () => number;
  #history: { readonly at: number; readonly state: CloudState }[];

  /** @param now the clock, in milliseconds since the epoch */
  constructor(state: CloudState, now: () => number) {
    this.#now = now;
    this.#history = [{ at: Number.NEGATIVE_INFINITY, state }];
  }

  /** The state now. */
  get state(): CloudState {
    return this.at(Number.POSITIVE_INFINITY);
  }

  /** The state at a time of up to {@link HISTORY_MS} ago; before that the oldest one known. */
  at(time: number): CloudState {
    let index = this.#history.length - 1;
    while (index > 0 && (this.#history[index]?.at ?? 0) > time) index -= 1;
    const entry = this.#history[index];
    if (entry === undefined) throw new RangeError('there is always a state');
    return entry.state;
  }

  /** Puts a new state in force. */
  commit(state: CloudState): void {
    const now = this.#now();
    this.#history.push({ at: now, state });
    let drop = Math.max(0, this.#history.length - HISTORY_STATES);
    // The state that was in force at the oldest time asked for has to stay.
    while ((this.#history[drop + 1]?.at ?? Number.POSITIVE_INFINITY) <= now - HISTORY_MS) drop += 1;
    if (drop > 0) this.#history = this.#history.slice(drop);
  }
}
