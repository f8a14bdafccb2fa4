import { toAbortError } from '../lib/clock.js';
import type { CallOptions } from '../lib/provider.js';
import { compareViews, type ObjectChange, type ObjectKey, type ObjectKind } from './object-view.js';

/** How many events wait for who reads them. More are replaced by the differences they make. */
const LIMIT = 10_000;

interface Reader<E> {
  resolve(result: IteratorResult<E, undefined>): void;
  reject(error: unknown): void;
}

/** The changes of a monitor as events to iterate over. */
export class EventStream<T, E> implements AsyncIterableIterator<E> {
  readonly #kind: ObjectKind<T, E>;
  readonly #current: () => ReadonlyMap<ObjectKey, T>;
  readonly #onOver: () => void;
  readonly #stopListening: () => void;
  /** The view that the events given out so far make. */
  readonly #seen: Map<ObjectKey, T>;
  #queue: ObjectChange<T>[] = [];
  /** Events were left out. */
  #overrun = false;
  #readers: Reader<E>[] = [];
  #over = false;
  #error: unknown;

  /**
   * @param kind what the objects are
   * @param what what is watched, for errors
   * @param current the view as it is
   * @param onOver called once, when nothing more need be pushed
   */
  constructor(kind: ObjectKind<T, E>, what: string, current: () => ReadonlyMap<ObjectKey, T>, { signal }: CallOptions, onOver: () => void) {
    this.#kind = kind;
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

  /** Appends a change. */
  push(change: ObjectChange<T>): void {
    const reader = this.#readers.shift();
    if (reader !== undefined) {
      reader.resolve(this.#give(change));
    } else if (!this.#overrun) {
      this.#queue.push(change);
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

  async next(): Promise<IteratorResult<E, undefined>> {
    if (this.#overrun) {
      // A monitor that is telling its listeners of events is ahead of them until it is done.
      await undefined;
      if (this.#overrun) {
        this.#overrun = false;
        this.#queue = [{ kind: 'resync' }, ...compareViews(this.#kind, this.#seen, this.#current())];
      }
    }
    const change = this.#queue.shift();
    if (change !== undefined) return this.#give(change);
    if (this.#error !== undefined) throw this.#takeError();
    if (this.#over) return { done: true, value: undefined };
    return new Promise((resolve, reject) => {
      this.#readers.push({ resolve, reject });
    });
  }

  async return(): Promise<IteratorResult<E, undefined>> {
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

  #give(change: ObjectChange<T>): IteratorResult<E, undefined> {
    if (change.kind === 'removed') this.#seen.delete(this.#kind.keyOf(change.object));
    else if (change.kind !== 'resync') this.#seen.set(this.#kind.keyOf(change.object), change.object);
    return { done: false, value: this.#kind.toEvent(change) };
  }
}
