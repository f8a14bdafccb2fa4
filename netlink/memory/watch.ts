import { toAbortError } from '../../lib/clock.js';
import type { Link, LinkWatch } from '../../lib/driver.js';
import { NicError } from '../../lib/errors.js';
import type { CallOptions } from '../../lib/provider.js';
import type { MemoryNamespace } from './namespace.js';

/** Watches the links of a namespace of a fake kernel. */
export class MemoryLinkWatch implements LinkWatch {
  readonly #namespace: MemoryNamespace;
  readonly #label: string;
  readonly #onClose: () => void;
  readonly #waiters = new Set<{ look(): void; fail(error: NicError): void }>();
  readonly #stop: () => void;
  #closed = false;
  #scheduled = false;

  /** @param onClose called once, at the first close */
  constructor(namespace: MemoryNamespace, label: string, onClose: () => void) {
    this.#namespace = namespace;
    this.#label = label;
    this.#onClose = onClose;
    this.#stop = namespace.onLinkChange(() => this.#schedule());
  }

  /** See {@link LinkWatch.waitFor}. */
  async waitFor<T>(match: (links: readonly Link[]) => T | undefined, options: CallOptions = {}): Promise<T> {
    const { signal } = options;
    if (this.#closed) throw this.#closedError();
    if (signal?.aborted === true) throw toAbortError(signal, `wait for a link in ${this.#label}`);
    return new Promise<T>((resolve, reject) => {
      const end = (): void => {
        this.#waiters.delete(waiter);
        signal?.removeEventListener('abort', onAbort);
      };
      const fail = (error: unknown): void => {
        end();
        reject(error);
      };
      const onAbort = (): void => {
        if (signal !== undefined) fail(toAbortError(signal, `wait for a link in ${this.#label}`));
      };
      const look = (): void => {
        try {
          const found = match(this.#namespace.links().map((link) => link.toLink()));
          if (found === undefined) return;
          end();
          resolve(found);
        } catch (error) {
          fail(error);
        }
      };
      const waiter = { look, fail };
      this.#waiters.add(waiter);
      signal?.addEventListener('abort', onAbort, { once: true });
      look();
    });
  }

  /** See {@link LinkWatch.close}. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stop();
    for (const waiter of [...this.#waiters]) waiter.fail(this.#closedError());
    this.#onClose();
  }

  /** Looks come after the change is complete, as the kernel's events do. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      for (const waiter of [...this.#waiters]) waiter.look();
    });
  }

  #closedError(): NicError {
    return new NicError('ERR_CANCELLED', `wait for a link in ${this.#label}: the watch was closed`);
  }
}
