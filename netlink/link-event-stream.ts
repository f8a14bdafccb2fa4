import { toAbortError } from '../lib/clock.js';
import type { Link } from '../lib/driver.js';
import type { CallOptions } from '../lib/provider.js';
import { compareViews, type LinkEvent } from './link-change.js';

/** How many events wait for who reads them. More are replaced by the differences they make. */
const LIMIT = 10_000;

interface Reader {
  resolve(result: IteratorResult<LinkEvent, undefined>): void;
  reject(error: unknown): void;
}

/** The events of a monitor as something to iterate over. */
export class LinkEventStream implements AsyncIterableIterator<LinkEvent> {
  readonly #current: () => ReadonlyMap<number, Link>;
  readonly #onOver: () => void;
  readonly #stopListening: () => void;
  /** The view that the events given out so far make. */
  readonly #seen: Map<number, Link>;
  #queue: LinkEvent[] = [];
  /** Events were left out. */
  #overrun = false;
  #readers: Reader[] = [];
  #over = false;
  #error: unknown;

  /**
   * @param what what is watched, for errors
   * @param current the view as it is
   * @param onOver called once, when nothing more need be pushed
   */
  constructor(what: string, current: () => ReadonlyMap<number, Link>, { signal }: CallOptions, onOver: () => void) {
    this.#current = current;
    this.#onOver = onOver;
    this.#seen = new Map(current());
    const onAbort = (): void => {
      if (signal === undefined) return;
      this.#queue = [];
      this.#overrun = false;
      this.end(toAbortError(signal, what));
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    this.#stopListening = () => signal?.removeEventListener('abort', onAbort);
    if (signal?.aborted === true) onAbort();
  }

  /** Appends an event. */
  push(event: LinkEvent): void {
    const reader = this.#readers.shift();
    if (reader !== undefined) {
      reader.resolve(this.#give(event));
    } else if (!this.#overrun) {
      this.#queue.push(event);
      if (this.#queue.length <= LIMIT) return;
      this.#queue = [];
      this.#overrun = true;
    }
  }

  /** Nothing more comes. What waits is still given out, then the error, if there is one. */
  end(error?: unknown): void {
    if (this.#over) return;
    this.#over = true;
    this.#error = error;
    this.#stopListening();
    this.#onOver();
    for (const reader of this.#readers) {
      if (error === undefined) reader.resolve({ done: true, value: undefined });
      else reader.reject(this.#takeError());
    }
    this.#readers = [];
  }

  async next(): Promise<IteratorResult<LinkEvent, undefined>> {
    if (this.#overrun) {
      // A monitor that is telling its listeners of events is ahead of them until it is done.
      await undefined;
      if (this.#overrun) {
        this.#overrun = false;
        this.#queue = [{ kind: 'resync' }, ...compareViews(this.#seen, this.#current())];
      }
    }
    const event = this.#queue.shift();
    if (event !== undefined) return this.#give(event);
    if (this.#error !== undefined) throw this.#takeError();
    if (this.#over) return { done: true, value: undefined };
    return new Promise((resolve, reject) => {
      this.#readers.push({ resolve, reject });
    });
  }

  async return(): Promise<IteratorResult<LinkEvent, undefined>> {
    this.#queue = [];
    this.#overrun = false;
    this.end();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** An error is thrown once; after it the iteration is over. */
  #takeError(): unknown {
    const error = this.#error;
    this.#error = undefined;
    return error;
  }

  #give(event: LinkEvent): IteratorResult<LinkEvent, undefined> {
    if (event.kind === 'removed') this.#seen.delete(event.link.index);
    else if (event.kind !== 'resync') this.#seen.set(event.link.index, event.link);
    return { done: false, value: event };
  }
}
