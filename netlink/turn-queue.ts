import { toAbortError } from '../lib/clock.js';

interface Waiter {
  readonly admit: () => void;
  /** It gave up before its turn came. */
  gone: boolean;
}

/** Lets one user at a time through, strictly in the order in which they came: the turn is handed over, so nobody can overtake. */
export class TurnQueue {
  #taken = false;
  #waiting: Waiter[] = [];
  /** Who is before this place has had the turn. Taking from the front of an array costs as much as the array is long. */
  #next = 0;

  /** Takes the turn when nobody has it. */
  tryTake(): boolean {
    if (this.#taken) return false;
    this.#taken = true;
    return true;
  }

  /**
   * Waits for the turn.
   * @param what what it is for, for errors
   * @throws NicError `ERR_CANCELLED` or `ERR_DEADLINE` when `signal` aborts before
   */
  take(what: string, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return Promise.reject(toAbortError(signal, what));
    if (this.tryTake()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        admit() {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
        gone: false,
      };
      const onAbort = (): void => {
        waiter.gone = true;
        if (signal !== undefined) reject(toAbortError(signal, what));
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiting.push(waiter);
    });
  }

  /** Ends a turn; whoever has waited longest gets the next. */
  release(): void {
    let next: Waiter | undefined;
    while (this.#next < this.#waiting.length) {
      next = this.#waiting[this.#next++];
      if (next?.gone === false) break;
      next = undefined;
    }
    // So that a queue which never gets empty does not grow for ever.
    if (this.#next > 1000 || this.#next === this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#next);
      this.#next = 0;
    }
    if (next === undefined) this.#taken = false;
    else next.admit();
  }
}
