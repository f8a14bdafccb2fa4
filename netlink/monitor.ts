import { type Clock, systemClock, toAbortError } from '../lib/clock.js';
import { NicError } from '../lib/errors.js';
import type { CallOptions } from '../lib/provider.js';
import { type EventBatch, type EventSocket, openEvents } from './event-socket.js';
import { EventStream } from './event-stream.js';
import { compareViews, type KnownMessage, type ObjectChange, type ObjectKey, type ObjectKind, ObjectView } from './object-view.js';
import { processPoller, type ReadinessPoller } from './readiness.js';
import type { Rtnetlink } from './rtnetlink.js';
import { isErrno } from './services/index.js';

/** How often a listing that changes keep tearing apart is tried again, and how long between. */
const RESYNC_TRIES = 50;
const RESYNC_PAUSE_MS = 10;
const RELIST_PAUSE_MS = 10;

/** Events were lost, and all is listed anew; differences follow as events of the other kinds. */
export interface ResyncEvent {
  /** What tells this event from the others. */
  readonly kind: 'resync';
}

/** A running view of the objects of one kind in a namespace. `T` is the object, `E` the event. */
export interface Monitor<T, E> extends AsyncIterable<E>, Disposable {
  /**
   * Resolves with the first value other than undefined that `match` gives for what is there now or after any later change.
   * Nothing that happened since the monitor was opened is missed; several changes may be seen as one.
   * @throws NicError `ERR_CANCELLED` or `ERR_DEADLINE` from the signal; `ERR_CANCELLED` when the monitor is closed
   */
  waitFor<R>(match: (objects: readonly T[]) => R | undefined, options?: CallOptions): Promise<R>;
  /**
   * Calls `listener` for every change from now on, until the function that it returns is called.
   * What a listener throws ends the monitor and rejects its waits.
   */
  subscribe(listener: (event: E) => void): () => void;
  /**
   * Every change from now on, for `for await`. It ends when the monitor is closed, and throws what ends the monitor otherwise.
   * Leaving the loop does not close the monitor. Who reads too slowly gets a `resync` and then the differences to what it has seen,
   * so memory stays bounded.
   * @throws NicError `ERR_CANCELLED` or `ERR_DEADLINE` from the signal
   */
  events(options?: CallOptions): AsyncIterableIterator<E>;
  /** As {@link Monitor.events}. */
  [Symbol.asyncIterator](): AsyncIterableIterator<E>;
  /** Stops watching at once; waits under way reject with `ERR_CANCELLED`, loops over events end. Two closes are fine. */
  close(): void;
}

/** How a monitor works. */
export interface MonitorOptions extends CallOptions {
  /** What says that events have arrived; default that of the process. */
  readonly poller?: ReadinessPoller;
  /** Time, for tests. */
  readonly clock?: Clock;
}

interface Wait<T> {
  /** Looks at what is there; true when the wait is over. */
  attempt(objects: readonly T[]): boolean;
  reject(error: unknown): void;
}

interface Startable {
  list(options: CallOptions): Promise<void>;
  close(): void;
}

/** What all monitors have in common. */
export class ObjectMonitor<T, E> implements Monitor<T, E> {
  readonly #kind: ObjectKind<T, E>;
  readonly #rtnetlink: Rtnetlink;
  readonly #events: EventSocket<T>;
  readonly #clock: Clock;
  readonly #stopPolling: () => void;
  readonly #waits = new Set<Wait<T>>();
  readonly #listeners = new Set<(event: E) => void>();
  readonly #streams = new Set<EventStream<T, E>>();
  readonly #closing = new AbortController();
  #view: ObjectView<T, E>;
  #listing = false;
  /** It is to be listed anew after a pause. */
  #relisting = false;
  /** Changes that listeners have not been told of, while they are. */
  #untold: ObjectChange<T>[] | undefined;
  #end: NicError | undefined;

  /** Subscribes; {@link ObjectMonitor.list} must follow. @throws NetlinkError when the kernel refuses */
  constructor(kind: ObjectKind<T, E>, rtnetlink: Rtnetlink, options: MonitorOptions) {
    this.#kind = kind;
    this.#rtnetlink = rtnetlink;
    this.#view = new ObjectView(kind);
    this.#events = openEvents(rtnetlink.namespace, kind);
    this.#clock = options.clock ?? systemClock;
    this.#stopPolling = (options.poller ?? processPoller).watch(this.#events.fd, () => this.#onReady());
  }

  /** What is there as last seen. */
  objects(): readonly T[] {
    return [...this.#view.objects.values()];
  }

  subscribe(listener: (event: E) => void): () => void {
    // A function of its own, so that one listener can be subscribed twice.
    const entry = (event: E): void => listener(event);
    this.#listeners.add(entry);
    return () => this.#listeners.delete(entry);
  }

  events(options: CallOptions = {}): AsyncIterableIterator<E> {
    // What has arrived counts as present now.
    this.#onReady();
    const stream = new EventStream(
      this.#kind,
      this.#what,
      () => this.#view.objects,
      options,
      () => this.#streams.delete(stream),
    );
    if (this.#end === undefined) this.#streams.add(stream);
    else stream.end(this.#closing.signal.aborted ? undefined : this.#end);
    return stream;
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<E> {
    return this.events();
  }

  async waitFor<R>(match: (objects: readonly T[]) => R | undefined, options: CallOptions = {}): Promise<R> {
    const { signal } = options;
    if (signal?.aborted === true) throw toAbortError(signal, this.#what);
    // What has arrived counts as present now.
    this.#onReady();
    if (this.#end !== undefined) throw this.#end;
    const first = match(this.objects());
    if (first !== undefined) return first;
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void): void => {
        this.#waits.delete(wait);
        signal?.removeEventListener('abort', onAbort);
        settle();
      };
      const onAbort = (): void => {
        if (signal !== undefined) finish(() => reject(toAbortError(signal, this.#what)));
      };
      const wait: Wait<T> = {
        attempt: (objects) => {
          try {
            const found = match(objects);
            if (found !== undefined) finish(() => resolve(found));
          } catch (error) {
            finish(() => reject(error));
          }
          return !this.#waits.has(wait);
        },
        reject: (error) => finish(() => reject(error)),
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waits.add(wait);
    });
  }

  close(): void {
    if (this.#end === undefined) this.#closing.abort();
    this.#finish(new NicError('ERR_CANCELLED', `${this.#what}: the watch is closed`));
  }

  [Symbol.dispose](): void {
    this.close();
  }

  get #what(): string {
    return `watch ${this.#kind.name} of ${this.#rtnetlink.namespace.label}`;
  }

  #finish(reason: NicError): void {
    if (this.#end !== undefined) return;
    this.#end = reason;
    this.#stopPolling();
    this.#events.close();
    this.#listeners.clear();
    for (const stream of [...this.#streams]) stream.end(this.#closing.signal.aborted ? undefined : reason);
    for (const wait of [...this.#waits]) wait.reject(reason);
  }

  #fail(error: unknown): void {
    this.#finish(error instanceof NicError ? error : new NicError('ERR_CANCELLED', `${this.#what}: failed`, { cause: error }));
  }

  /**
   * Lists anew and takes over the differences. Subscribed events that are read away first are older than the listing.
   * Those that come meanwhile may be older or newer than what it says of their object, but the last of each object is not older,
   * so that one counts and no state that is over is ever shown.
   */
  async list(options: CallOptions): Promise<void> {
    this.#listing = true;
    let stale = false;
    let lost = false;
    try {
      const gone = new Set<ObjectKey>();
      const bury = ({ kind, object }: KnownMessage<T>): void => {
        if (kind === 'absent') gone.add(this.#kind.keyOf(object));
      };
      this.#drain(bury);
      const view = new ObjectView(this.#kind, await this.#listPatiently(options));
      if (this.#end !== undefined) throw this.#end;
      const told: KnownMessage<T>[] = [];
      let whole = true;
      const after = this.#drain((message) => {
        bury(message);
        told.push(message);
        whole = view.take(message, []) && whole;
      });
      lost = after.lost;
      stale = after.stale || !whole;
      const changes = compareViews(this.#kind, this.#view.objects, view.objects, gone);
      this.#view = view;
      this.#publish(changes);
      this.#finishAll(told);
    } finally {
      this.#listing = false;
    }
    if (lost) this.#resync();
    else if (stale) this.#relist(RELIST_PAUSE_MS);
    else this.#onReady();
  }

  /** Reads events away. Bounded, since a flood may never end; what is left is read as any event is. */
  #drain(take: (message: KnownMessage<T>) => void): { readonly stale: boolean; readonly lost: boolean } {
    let [stale, lost] = [false, false];
    let batch: EventBatch<T>;
    let rounds = 0;
    do {
      batch = this.#events.read();
      lost ||= batch.lost;
      stale ||= batch.stale;
      for (const message of batch.messages) take(message);
    } while (batch.more && ++rounds < 20);
    return { stale, lost };
  }

  async #listPatiently(options: CallOptions): Promise<readonly T[]> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#kind.list(this.#rtnetlink, options);
      } catch (error) {
        if (!isErrno(error, 'EINTR') || tries === RESYNC_TRIES) throw error;
      }
      await this.#clock.sleep(RESYNC_PAUSE_MS, options.signal);
    }
  }

  #onReady(): void {
    if (this.#listing || this.#end !== undefined) return;
    try {
      const { messages, stale, lost, more } = this.#events.read();
      if (lost) {
        this.#resync();
        return;
      }
      const changes: ObjectChange<T>[] = [];
      let whole = !stale;
      for (const message of messages) whole = this.#view.take(message, changes) && whole;
      this.#publish(changes);
      this.#finishAll(messages);
      if (!whole) this.#relist(0);
      // A flood must not keep everything else of the process waiting.
      if (more) setImmediate(() => this.#onReady());
    } catch (error) {
      this.#fail(error);
    }
  }

  #finishAll(messages: readonly KnownMessage<T>[]): void {
    if (this.#kind.isUnfinished === undefined) return;
    const last = new Map(messages.map((message) => [this.#kind.keyOf(message.object), message]));
    for (const { kind, object } of last.values()) {
      if (kind === 'present' && this.#kind.isUnfinished(object)) void this.#finishObject(object);
    }
  }

  async #finishObject(object: T): Promise<void> {
    try {
      const asked = await this.#kind.finish?.(this.#rtnetlink, object);
      const known = this.#view.objects.get(this.#kind.keyOf(object));
      // Newer events may have come meanwhile, so nothing else of the answer counts.
      if (asked === undefined || known === undefined || this.#end !== undefined) return;
      const finished = this.#kind.merge?.(known, asked);
      if (finished === undefined) return;
      this.#view.set(finished);
      this.#publish([{ kind: 'changed', object: finished, before: known }]);
    } catch (error) {
      this.#fail(error);
    }
  }

  #resync(): void {
    this.#publish([{ kind: 'resync' }]);
    if (this.#end !== undefined || this.#listing) return;
    this.#listInBackground();
  }

  /** Lists anew without having lost an event. The pause keeps a flood of events that each ask for it from taking all the time. */
  #relist(pauseMs: number): void {
    if (pauseMs === 0) {
      if (this.#end === undefined && !this.#listing) this.#listInBackground();
      return;
    }
    if (this.#relisting) return;
    this.#relisting = true;
    const goOn = (): void => {
      this.#relisting = false;
      this.#relist(0);
    };
    this.#clock.sleep(pauseMs, this.#closing.signal).then(goOn, (error: unknown) => this.#fail(error));
  }

  #listInBackground(): void {
    this.list({ signal: this.#closing.signal }).catch((error: unknown) => this.#fail(error));
  }

  #publish(changes: readonly ObjectChange<T>[]): void {
    if (changes.length === 0) return;
    if (this.#untold !== undefined) {
      // A listener has made the monitor read on. The changes before come first.
      for (const change of changes) this.#untold.push(change);
      return;
    }
    this.#untold = [...changes];
    try {
      // It may grow meanwhile, and the loop goes on to the end of it.
      for (const change of this.#untold) {
        if (this.#listeners.size > 0) {
          const event = this.#kind.toEvent(change);
          for (const listener of [...this.#listeners]) listener(event);
        }
        for (const stream of [...this.#streams]) stream.push(change);
      }
    } finally {
      this.#untold = undefined;
    }
    if (this.#waits.size === 0) return;
    const objects = this.objects();
    for (const wait of [...this.#waits]) wait.attempt(objects);
  }
}

/** Subscribes, then lists. When it resolves, nothing that happens from then on is missed. @throws NetlinkError when the kernel refuses */
export async function startMonitor<M extends Startable>(create: () => M, { signal }: CallOptions): Promise<M> {
  if (signal?.aborted === true) throw toAbortError(signal, 'watch a namespace');
  const monitor = create();
  try {
    await monitor.list(signal === undefined ? {} : { signal });
    return monitor;
  } catch (error) {
    monitor.close();
    throw error;
  }
}
