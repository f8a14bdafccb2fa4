import { type Clock, systemClock, toAbortError } from '../lib/clock.js';
import type { Link, LinkWatch } from '../lib/driver.js';
import { NicError } from '../lib/errors.js';
import type { CallOptions } from '../lib/provider.js';
import { compareLinks, compareViews, isUnpaired, type LinkEvent } from './link-change.js';
import { LinkEventStream } from './link-event-stream.js';
import { type LinkEventBatch, type LinkEventSocket, openLinkEvents } from './link-events.js';
import { processPoller, type ReadinessPoller } from './readiness.js';
import type { Rtnetlink } from './rtnetlink.js';
import { isErrno } from './services/index.js';
import { toLink } from './to-link.js';

/** How often a listing that changes keep tearing apart is tried again, and how long between. */
const RESYNC_TRIES = 50;
const RESYNC_PAUSE_MS = 10;

/** A running view of the links of a namespace. */
export interface LinkMonitor extends LinkWatch, AsyncIterable<LinkEvent>, Disposable {
  /** The links as last seen. */
  links(): readonly Link[];
  /**
   * Calls `listener` for every change from now on, until the function that it returns is called.
   * What a listener throws ends the monitor and rejects its waits.
   */
  subscribe(listener: (event: LinkEvent) => void): () => void;
  /**
   * Every change from now on, for `for await`. It ends when the monitor is closed, and throws what ends the monitor otherwise.
   * Leaving the loop does not close the monitor. Who reads too slowly gets a `resync` and then the differences to what it has seen,
   * so memory stays bounded.
   * @throws NicError `ERR_CANCELLED` or `ERR_DEADLINE` from the signal
   */
  events(options?: CallOptions): AsyncIterableIterator<LinkEvent>;
  /** As {@link LinkMonitor.events}. */
  [Symbol.asyncIterator](): AsyncIterableIterator<LinkEvent>;
}

/** How {@link openLinkMonitor} works. */
export interface LinkMonitorOptions extends CallOptions {
  /** What says that events have arrived; default that of the process. */
  readonly poller?: ReadinessPoller;
  /** Time, for tests. */
  readonly clock?: Clock;
}

interface Wait {
  /** Looks at the links; true when the wait is over. */
  attempt(links: readonly Link[]): boolean;
  reject(error: unknown): void;
}

class Monitor implements LinkMonitor {
  readonly #rtnetlink: Rtnetlink;
  readonly #events: LinkEventSocket;
  readonly #clock: Clock;
  readonly #stopPolling: () => void;
  readonly #waits = new Set<Wait>();
  readonly #listeners = new Set<(event: LinkEvent) => void>();
  readonly #streams = new Set<LinkEventStream>();
  readonly #closing = new AbortController();
  #links: ReadonlyMap<number, Link> = new Map();
  #listing = false;
  /** Events that listeners have not been told of, while they are. */
  #untold: LinkEvent[] | undefined;
  #end: NicError | undefined;

  constructor(rtnetlink: Rtnetlink, events: LinkEventSocket, options: LinkMonitorOptions) {
    this.#rtnetlink = rtnetlink;
    this.#events = events;
    this.#clock = options.clock ?? systemClock;
    this.#stopPolling = (options.poller ?? processPoller).watch(events.fd, () => this.#onReady());
  }

  links(): readonly Link[] {
    return [...this.#links.values()];
  }

  subscribe(listener: (event: LinkEvent) => void): () => void {
    // A function of its own, so that one listener can be subscribed twice.
    const entry = (event: LinkEvent): void => listener(event);
    this.#listeners.add(entry);
    return () => this.#listeners.delete(entry);
  }

  events(options: CallOptions = {}): AsyncIterableIterator<LinkEvent> {
    // What has arrived counts as present now.
    this.#onReady();
    const stream = new LinkEventStream(
      this.#what,
      () => this.#links,
      options,
      () => this.#streams.delete(stream),
    );
    if (this.#end === undefined) this.#streams.add(stream);
    else stream.end(this.#closing.signal.aborted ? undefined : this.#end);
    return stream;
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<LinkEvent> {
    return this.events();
  }

  async waitFor<T>(match: (links: readonly Link[]) => T | undefined, options: CallOptions = {}): Promise<T> {
    const { signal } = options;
    if (signal?.aborted === true) throw toAbortError(signal, this.#what);
    // What has arrived counts as present now.
    this.#onReady();
    if (this.#end !== undefined) throw this.#end;
    const first = match(this.links());
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
      const wait: Wait = {
        attempt: (links) => {
          try {
            const found = match(links);
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
    return `watch links of ${this.#rtnetlink.namespace.label}`;
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
   * Lists the links anew and takes over the differences. Subscribed events that are read away first are older than the listing.
   * Those that come meanwhile may be older or newer than what it says of their link, but the last of each link is not older,
   * so that one counts and no state that is over is ever shown.
   */
  async list(options: CallOptions): Promise<void> {
    this.#listing = true;
    let incomplete = false;
    try {
      const gone = new Set<number>();
      this.#drain((index, link) => {
        if (link === undefined) gone.add(index);
      });
      const links = await this.#listPatiently(options);
      if (this.#end !== undefined) throw this.#end;
      const next = new Map(links.map((link) => [link.index, link]));
      const unpaired = new Set<number>();
      incomplete = this.#drain((index, link) => {
        unpaired.delete(index);
        if (link === undefined) {
          gone.add(index);
          next.delete(index);
        } else {
          if (isUnpaired(link)) unpaired.add(index);
          next.set(index, link);
        }
      });
      const events = compareViews(this.#links, next, gone);
      this.#links = next;
      this.#publish(events);
      for (const index of unpaired) void this.#pair(index);
    } finally {
      this.#listing = false;
    }
    if (incomplete) this.#resync();
    else this.#onReady();
  }

  /** Reads events away. True when some were lost. Bounded, since a flood may never end; what is left is read as any event is. */
  #drain(take: (index: number, link: Link | undefined) => void): boolean {
    let lost = false;
    let batch: LinkEventBatch;
    let rounds = 0;
    do {
      batch = this.#events.read();
      lost ||= batch.incomplete;
      for (const { present, link } of batch.messages) take(link.index, present ? toLink(link) : undefined);
    } while (batch.more && ++rounds < 20);
    return lost;
  }

  async #listPatiently(options: CallOptions): Promise<readonly Link[]> {
    for (let tries = 1; ; tries++) {
      try {
        return (await this.#rtnetlink.link.list(options)).map(toLink);
      } catch (error) {
        if (!isErrno(error, 'EINTR') || tries === RESYNC_TRIES) throw error;
      }
      await this.#clock.sleep(RESYNC_PAUSE_MS, options.signal);
    }
  }

  #onReady(): void {
    if (this.#listing || this.#end !== undefined) return;
    try {
      const { messages, incomplete, more } = this.#events.read();
      if (incomplete) {
        this.#resync();
        return;
      }
      const events: LinkEvent[] = [];
      const next = new Map(this.#links);
      const unpaired = new Set<number>();
      for (const { present, link: message } of messages) {
        const link = toLink(message);
        if (present && isUnpaired(link)) unpaired.add(link.index);
        const before = next.get(link.index);
        if (present) {
          compareLinks(before, link, events);
          next.set(link.index, link);
        } else if (before !== undefined) {
          next.delete(link.index);
          events.push({ kind: 'removed', link: before });
        }
      }
      if (events.length > 0) {
        this.#links = next;
        this.#publish(events);
      }
      for (const index of unpaired) void this.#pair(index);
      // A flood must not keep everything else of the process waiting.
      if (more) setImmediate(() => this.#onReady());
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Asks for the other end of a veth, which the kernel told of before it had one, and never tells of again by itself. */
  async #pair(index: number): Promise<void> {
    try {
      const message = await this.#rtnetlink.link.find({ index });
      const known = this.#links.get(index);
      // Newer events may have come meanwhile, so nothing else of the answer counts.
      if (message === undefined || known === undefined || !isUnpaired(known) || this.#end !== undefined) return;
      const { lowerIndex } = toLink(message);
      if (message.mac !== known.mac || lowerIndex === known.lowerIndex) return;
      const link = { ...known, lowerIndex };
      this.#links = new Map(this.#links).set(index, link);
      this.#publish([{ kind: 'changed', link, before: known }]);
    } catch (error) {
      this.#fail(error);
    }
  }

  #resync(): void {
    this.#publish([{ kind: 'resync' }]);
    if (this.#end !== undefined) return;
    this.list({ signal: this.#closing.signal }).catch((error: unknown) => this.#fail(error));
  }

  #publish(events: readonly LinkEvent[]): void {
    if (events.length === 0) return;
    if (this.#untold !== undefined) {
      // A listener has made the monitor read on. The events before come first.
      for (const event of events) this.#untold.push(event);
      return;
    }
    this.#untold = [...events];
    try {
      // It may grow meanwhile, and the loop goes on to the end of it.
      for (const event of this.#untold) {
        for (const listener of [...this.#listeners]) listener(event);
        for (const stream of [...this.#streams]) stream.push(event);
      }
    } finally {
      this.#untold = undefined;
    }
    const links = this.links();
    for (const wait of [...this.#waits]) wait.attempt(links);
  }
}

/**
 * Watches the links of a namespace: subscribes, then lists, then follows the events. When it resolves, nothing that happens from
 * then on is missed; lost events are made good by listing again. `rtnetlink` must stay open as long as the monitor.
 * Only a change of alternative names is not told by the kernel while the link is down; it shows with the link's next change.
 * @throws NetlinkError when the kernel refuses
 */
export async function openLinkMonitor(rtnetlink: Rtnetlink, options: LinkMonitorOptions = {}): Promise<LinkMonitor> {
  const { signal } = options;
  if (signal?.aborted === true) throw toAbortError(signal, `watch links of ${rtnetlink.namespace.label}`);
  const monitor = new Monitor(rtnetlink, openLinkEvents(rtnetlink.namespace), options);
  try {
    await monitor.list(signal === undefined ? {} : { signal });
    return monitor;
  } catch (error) {
    monitor.close();
    throw error;
  }
}
