import { toAbortError } from '../clock.js';
import { isNicError, NicError } from '../errors.js';
import type { Command } from './context.js';

/** Watches whether an ADD must give up: its time is up, the caller gave up, or a DEL of the same attachment has marked it. */
export class AddGuard {
  readonly #command: Command;
  readonly #id: string;
  readonly #stale: string | undefined;
  readonly #stop = new AbortController();

  private constructor(command: Command, id: string, stale: string | undefined) {
    this.#command = command;
    this.#id = id;
    this.#stale = stale;
  }

  /** Begins to watch. A mark that stands already is of a DEL that began before this ADD. */
  static async begin(command: Command, id: string): Promise<AddGuard> {
    const guard = new AddGuard(command, id, await command.context.store.cancellation(id));
    void guard.#watch();
    return guard;
  }

  /** Resolves when the ADD may go on. @throws NicError `ERR_CANCELLED`, `ERR_DEADLINE` */
  readonly check = async (): Promise<void> => {
    await this.#look();
    const { signal } = this.#command.budget;
    if (signal.aborted) throw toAbortError(signal, 'attach');
  };

  /** Stops watching. */
  close(): void {
    this.#stop.abort();
  }

  async #look(): Promise<void> {
    const mark = await this.#command.context.store.cancellation(this.#id);
    if (mark === undefined || mark === this.#stale) return;
    this.#command.budget.cancel(new NicError('ERR_CANCELLED', 'the container was deleted while its NIC was being attached'));
  }

  async #watch(): Promise<void> {
    const { clock, limits, log } = this.#command.context;
    try {
      while (!this.#command.budget.signal.aborted) {
        await clock.sleep(limits.cancelPollMs, this.#stop.signal);
        await this.#look();
      }
    } catch (error) {
      // Closed, or the mark cannot be read: each step looks again and says so.
      if (!isNicError(error)) throw error;
      log.debug('watching for cancellation ended', { reason: error.message });
    }
  }
}
