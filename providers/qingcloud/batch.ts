import { toAbortedError } from './errors.js';

/** What {@link Batch} needs. */
export interface BatchOptions<R> {
  /** For messages. */
  readonly action: string;
  /** Items that one request takes. */
  readonly most: number;
  /** Sends one request for all items of several callers. */
  readonly send: (key: string, items: readonly string[], signal: AbortSignal) => Promise<R>;
  /** True for an error after which each caller's request is sent by itself: it was refused, and another caller's items may be why. */
  readonly isShared: (error: unknown) => boolean;
}

interface Waiting<R> {
  readonly items: readonly string[];
  readonly resolve: (result: R) => void;
  readonly reject: (error: unknown) => void;
  /** Set while its request is under way. */
  request: Request<R> | undefined;
}

interface Request<R> {
  readonly controller: AbortController;
  members: readonly Waiting<R>[];
}

interface Line<R> {
  queue: Waiting<R>[];
  /** Requests under way that had room for more. */
  partial: number;
  scheduled: boolean;
}

/**
 * Puts what several callers ask at about the same time into one request, since requests are few and each takes long.
 *
 * Nobody waits for company: a request leaves at once unless another with room for more is under way, and full ones always do.
 * A caller that gives up leaves the others alone, and a request ends early only when all of its callers have given up.
 */
export class Batch<R> {
  readonly #options: BatchOptions<R>;
  readonly #lines = new Map<string, Line<R>>();

  /** @param options what is sent, and how much at a time */
  constructor(options: BatchOptions<R>) {
    this.#options = options;
  }

  /**
   * Gives the result of a request that had these items in it, and perhaps others.
   * @param key only requests with the same one are put together
   * @param items at most as many as one request takes
   */
  run(key: string, items: readonly string[], signal: AbortSignal | undefined): Promise<R> {
    const { action } = this.#options;
    if (signal?.aborted === true) return Promise.reject(toAbortedError(action, signal, 'refused'));
    return new Promise<R>((resolve, reject) => {
      const onAbort = (): void => {
        if (signal === undefined || this.#leave(key, waiting, signal)) return;
        reject(toAbortedError(action, signal, waiting.request === undefined ? 'refused' : 'unknown'));
      };
      const settle = (): void => signal?.removeEventListener('abort', onAbort);
      const waiting: Waiting<R> = {
        items,
        request: undefined,
        resolve: (result) => {
          settle();
          resolve(result);
        },
        reject: (error) => {
          settle();
          reject(error);
        },
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#enqueue(key, waiting);
    });
  }

  #enqueue(key: string, waiting: Waiting<R>): void {
    const line = this.#lines.get(key) ?? { queue: [], partial: 0, scheduled: false };
    this.#lines.set(key, line);
    line.queue.push(waiting);
    if (line.scheduled) return;
    line.scheduled = true;
    // Callers of the same instant come first.
    queueMicrotask(() => {
      line.scheduled = false;
      this.#flush(key, line);
    });
  }

  #flush(key: string, line: Line<R>): void {
    for (;;) {
      const members = this.#take(line.queue);
      if (members.length === 0) break;
      const full = members.length < line.queue.length || count(members) >= this.#options.most;
      if (!full && line.partial > 0) break;
      line.queue = line.queue.slice(members.length);
      if (!full) line.partial++;
      void this.#send(key, members).then(() => {
        if (!full) line.partial--;
        this.#flush(key, line);
      });
    }
    if (line.queue.length === 0 && line.partial === 0) this.#lines.delete(key);
  }

  /** The first of the queue that fit into one request together. */
  #take(queue: readonly Waiting<R>[]): readonly Waiting<R>[] {
    let end = 1;
    while (end < queue.length && count(queue.slice(0, end + 1)) <= this.#options.most) end++;
    return queue.slice(0, end);
  }

  async #send(key: string, members: readonly Waiting<R>[]): Promise<void> {
    const { send, isShared } = this.#options;
    const request: Request<R> = { controller: new AbortController(), members };
    for (const member of members) member.request = request;
    const items = [...new Set(members.flatMap((member) => member.items))];
    try {
      const result = await send(key, items, request.controller.signal);
      for (const member of request.members) member.resolve(result);
    } catch (error) {
      const { members: left } = request;
      if (members.length > 1 && isShared(error)) await Promise.all(left.map((member) => this.#send(key, [member])));
      else for (const member of left) member.reject(error);
    }
  }

  /** True for the last one of a request: it is ended then, and knows best what became of it. */
  #leave(key: string, waiting: Waiting<R>, signal: AbortSignal): boolean {
    const { request } = waiting;
    if (request === undefined) {
      const line = this.#lines.get(key);
      if (line !== undefined) line.queue = line.queue.filter((other) => other !== waiting);
      return false;
    }
    const others = request.members.filter((other) => other !== waiting);
    if (others.length === 0) {
      request.controller.abort(signal.reason);
      return true;
    }
    request.members = others;
    return false;
  }
}

function count(members: readonly { readonly items: readonly string[] }[]): number {
  return new Set(members.flatMap(({ items }) => items)).size;
}
