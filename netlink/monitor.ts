import { type Clock, systemClock, toAbortError } from '../lib/clock.js';
import type { Link, LinkWatch } from '../lib/driver.js';
import { NicError } from '../lib/errors.js';
import type { CallOptions } from '../lib/provider.js';
import { type LinkEventSocket, openLinkEvents } from './link-events.js';
import { processPoller, type ReadinessPoller } from './readiness.js';
import type { Rtnetlink } from './rtnetlink.js';
import { isErrno } from './services/index.js';
import { toLink } from './to-link.js';

/** How often a listing that changes keep tearing apart is tried again, and how long between. */
const RESYNC_TRIES = 50;
const RESYNC_PAUSE_MS = 10;

/** A link has come, or has gone: deleted or moved to another namespace. */
export interface LinkPresenceEvent {
  /** Which of the two. */
  readonly kind: 'added' | 'removed';
  /** The link as it is, or as it was last seen. */
  readonly link: Link;
}

/** A link differs from what it was. */
export interface LinkChangeEvent {
  /** What tells this event from the others. */
  readonly kind: 'changed';
  /** The link as it is. */
  readonly link: Link;
  /** The link as it was. */
  readonly before: Link;
}

/** Events were lost, and the links are listed anew; differences follow as events of the other kinds. */
export interface LinkResyncEvent {
  /** What tells this event from the others. */
  readonly kind: 'resync';
}

/** One change that a monitor saw. */
export type LinkEvent = LinkPresenceEvent | LinkChangeEvent | LinkResyncEvent;

/** A running view of the links of a namespace. */
export interface LinkMonitor extends LinkWatch, Disposable {
  /** The links as last seen. */
  links(): readonly Link[];
  /**
   * Calls `listener` for every change from now on, until the function that it returns is called.
   * What a listener throws ends the monitor and rejects its waits.
   */
  subscribe(listener: (event: LinkEvent) => void): () => void;
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

function isSameLink(a: Link, b: Link): boolean {
  const keys: readonly (keyof Link)[] = [
    'name',
    'mac',
    'permanentMac',
    'mtu',
    'up',
    'carrier',
    'loopback',
    'kind',
    'masterIndex',
    'lowerIndex',
  ];
  return keys.every((key) => a[key] === b[key]) && a.altNames.join('/') === b.altNames.join('/');
}

/** An end of a veth that has no other end yet (IFLA_LINK 0, veth_get_iflink, drivers/net/veth.c). */
function isUnpaired(link: Link): boolean {
  return link.kind === 'veth' && link.lowerIndex === 0;
}

class Monitor implements LinkMonitor {
  readonly #rtnetlink: Rtnetlink;
  readonly #events: LinkEventSocket;
  readonly #clock: Clock;
  readonly #stopPolling: () => void;
  readonly #waits = new Set<Wait>();
  readonly #listeners = new Set<(event: LinkEvent) => void>();
  #links: ReadonlyMap<number, Link> = new Map();
  #listing = false;
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
    for (const wait of [...this.#waits]) wait.reject(reason);
  }

  #fail(error: unknown): void {
    this.#finish(error instanceof NicError ? error : new NicError('ERR_CANCELLED', `${this.#what}: failed`, { cause: error }));
  }

  /**
   * Lists the links anew and takes over the differences. Subscribed events that are read away first are older than the listing,
   * those that come meanwhile are read after it; so the view is right once they are.
   */
  async list(options: CallOptions): Promise<void> {
    this.#listing = true;
    try {
      // Bounded, since a flood may never end; what is left does no harm, as the newest of it comes last.
      for (let round = 0; round < 20 && this.#events.read().more; round++);
      const links = await this.#listPatiently(options);
      if (this.#end !== undefined) throw this.#end;
      const next = new Map(links.map((link) => [link.index, link]));
      const events: LinkEvent[] = [];
      for (const [index, link] of this.#links) if (!next.has(index)) events.push({ kind: 'removed', link });
      for (const [index, link] of next) this.#compare(this.#links.get(index), link, events);
      this.#links = next;
      this.#publish(events);
    } finally {
      this.#listing = false;
    }
    this.#onReady();
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

  #compare(before: Link | undefined, link: Link, events: LinkEvent[]): void {
    if (before === undefined) events.push({ kind: 'added', link });
    else if (!isSameLink(before, link)) events.push({ kind: 'changed', link, before });
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
          this.#compare(before, link, events);
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
    for (const listener of this.#listeners) listener({ kind: 'resync' });
    this.list({}).catch((error: unknown) => this.#fail(error));
  }

  #publish(events: readonly LinkEvent[]): void {
    if (events.length === 0) return;
    for (const event of events) for (const listener of [...this.#listeners]) listener(event);
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
