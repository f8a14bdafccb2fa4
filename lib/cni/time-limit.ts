import { type Clock, toAbortError } from '../clock.js';
import { NicError } from '../errors.js';
import { CniError, cniCodes, isCniError, isNumbered } from './error.js';

/** What bounds a command. */
export interface TimeLimit {
  /** Stops the command from outside; see `PluginInput.signal`. */
  readonly signal: AbortSignal | undefined;
  /** Time the command may take, in milliseconds; unlimited when undefined. */
  readonly deadlineMs: number | undefined;
  /** When the command began, by the clock. */
  readonly startedAt: number;
  /** Time the work may take to come back after it was told to stop, in milliseconds. */
  readonly graceMs: number;
  /** Measures both. */
  readonly clock: Clock;
}

/** A timer with a longer delay would fire at once. */
const maxDelayMs = 2 ** 31 - 1;

/** The error that an aborted signal stands for. */
function reasonOf(signal: AbortSignal, what: string): Error {
  const reason: unknown = signal.reason;
  return isNumbered(reason) ? reason : toAbortError(signal, what);
}

/**
 * Runs work that is told to stop by its signal, and does not wait for it for ever.
 *
 * Work that comes back after it was stopped, with a result or an error, is believed; except when the reason for stopping is
 * a {@link CniError}, which then is the outcome whatever the work says.
 * @param what names the work in messages
 * @throws CniError 11 when the work was stopped and did not come back in time, and what the work throws
 */
export async function runWithin<T>(what: string, limit: TimeLimit, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { signal, deadlineMs, startedAt, graceMs, clock } = limit;
  const stop = new AbortController();
  const done = new AbortController();
  const stopNow = (): void => stop.abort(signal?.reason);
  // A timer that ends early since the work is done rejects; that is all there is to it.
  const after = (ms: number, act: () => void): void => void clock.sleep(ms, done.signal).then(act, () => undefined);
  if (signal?.aborted === true) throw reasonOf(signal, what);
  signal?.addEventListener('abort', stopNow, { once: true });
  if (deadlineMs !== undefined) {
    const leftMs = Math.min(Math.max(0, startedAt + deadlineMs - clock.now()), maxDelayMs);
    after(leftMs, () => stop.abort(new NicError('ERR_DEADLINE', `${what}: the deadline of ${deadlineMs} ms has passed`)));
  }
  const givenUp = new Promise<never>((_resolve, reject) => {
    stop.signal.addEventListener('abort', () => {
      const reason = reasonOf(stop.signal, what);
      after(graceMs, () => {
        const details = `it did not come back within ${graceMs} ms and may have left work behind`;
        reject(isCniError(reason) ? reason : new CniError(cniCodes.tryAgainLater, reason.message, { cause: reason, details }));
      });
    });
  });
  try {
    const outcome = await Promise.race([(async () => work(stop.signal))(), givenUp]);
    if (isCniError(stop.signal.reason)) throw stop.signal.reason;
    return outcome;
  } catch (error) {
    throw isCniError(stop.signal.reason) ? stop.signal.reason : error;
  } finally {
    done.abort();
    signal?.removeEventListener('abort', stopNow);
  }
}
