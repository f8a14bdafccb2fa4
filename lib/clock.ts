import { NicError } from './errors.js';

/** Time, passed in so that tests need not wait for it. */
export interface Clock {
  /** Milliseconds since the epoch, as `Date.now()`. */
  now(): number;
  /**
   * Resolves after `ms` milliseconds.
   * @throws NicError `ERR_DEADLINE` or `ERR_CANCELLED` as soon as `signal` aborts; see {@link toAbortError}
   */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The error that an aborted signal stands for: its reason when that is a NicError already, `ERR_DEADLINE` for a time-out, else `ERR_CANCELLED`. */
export function toAbortError(signal: AbortSignal, what: string): NicError {
  const reason: unknown = signal.reason;
  if (reason instanceof NicError) return reason;
  if (reason instanceof Error && reason.name === 'TimeoutError') {
    return new NicError('ERR_DEADLINE', `${what}: the deadline has passed`, { cause: reason });
  }
  return new NicError('ERR_CANCELLED', `${what}: cancelled`, { cause: reason });
}

/** The system's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(toAbortError(signal, 'wait'));
        return;
      }
      const onAbort = (): void => {
        clearTimeout(timer);
        if (signal !== undefined) reject(toAbortError(signal, 'wait'));
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      }, ms);
      signal?.addEventListener('abort', onAbort, { once: true });
    }),
};
