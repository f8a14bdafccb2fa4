import { type Clock, toAbortError } from '../clock.js';
import { NicError } from '../errors.js';

/** How long an operation may take. */
export interface CallLimit {
  /** Ends the operation early: the plugin that runs is killed with its process group. */
  readonly signal?: AbortSignal;
  /** How long the whole operation may take, in milliseconds; unlimited without it. */
  readonly timeoutMs?: number;
}

/** The longest time that timers take; a longer one would fire at once. */
const maxTimerMs = 2 ** 31 - 1;

/** Runs an operation under its caller's limits. @param what its name for the message of the time limit */
export async function within<T>(
  what: string,
  { signal, timeoutMs }: CallLimit,
  clock: Clock,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = new AbortController();
  const timer = new AbortController();
  const onAbort = (): void => {
    if (signal !== undefined) limit.abort(toAbortError(signal, what));
  };
  if (signal?.aborted === true) onAbort();
  else signal?.addEventListener('abort', onAbort, { once: true });
  if (timeoutMs !== undefined) {
    const expire = (): void => limit.abort(new NicError('ERR_DEADLINE', `${what}: the limit of ${timeoutMs} ms has passed`));
    if (timeoutMs <= 0) expire();
    else clock.sleep(Math.min(timeoutMs, maxTimerMs), timer.signal).then(expire, () => undefined);
  }
  try {
    return await work(limit.signal);
  } finally {
    timer.abort();
    signal?.removeEventListener('abort', onAbort);
  }
}
