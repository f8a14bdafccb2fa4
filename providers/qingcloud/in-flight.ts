import { toAbortedError } from './errors.js';

interface Shared<T> {
  readonly result: Promise<T>;
  readonly controller: AbortController;
  waiting: number;
}

/**
 * Lets callers who ask the same at the same time share one request. A request ends early only when all who wait for it have given up.
 *
 * Who joins gets an answer to a question that was put before his own: fit for what is polled, not for what decides whether to create.
 */
export class InFlight<T> {
  readonly #action: string;
  readonly #running = new Map<string, Shared<T>>();

  /** @param action for messages */
  constructor(action: string) {
    this.#action = action;
  }

  /** Starts what `key` stands for, or joins it when it is under way. */
  async run(key: string, signal: AbortSignal | undefined, start: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (signal?.aborted === true) throw toAbortedError(this.#action, signal, 'refused');
    const shared = this.#running.get(key) ?? this.#start(key, start);
    shared.waiting++;
    if (signal === undefined) return shared.result;
    let onAbort = (): void => {};
    const aborted = new Promise<never>((_resolve, reject) => {
      onAbort = () => {
        shared.waiting--;
        reject(toAbortedError(this.#action, signal, 'unknown'));
        if (shared.waiting > 0) return;
        this.#forget(key, shared);
        shared.controller.abort(signal.reason);
      };
      signal.addEventListener('abort', onAbort, { once: true });
    });
    try {
      return await Promise.race([shared.result, aborted]);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  #start(key: string, start: (signal: AbortSignal) => Promise<T>): Shared<T> {
    const controller = new AbortController();
    const shared: Shared<T> = { result: start(controller.signal), controller, waiting: 0 };
    this.#running.set(key, shared);
    const forget = (): void => this.#forget(key, shared);
    shared.result.then(forget, forget);
    return shared;
  }

  #forget(key: string, shared: Shared<T>): void {
    if (this.#running.get(key) === shared) this.#running.delete(key);
  }
}
