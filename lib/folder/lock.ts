import { type Clock, toAbortError } from '../clock.js';
import { isNicError, NicError } from '../errors.js';
import type { StoreLock } from './folder.js';

const FIRST_CAP_MS = 1;
const LAST_CAP_MS = 25;
const GROWTH = 1.5;

/** What {@link waitForLock} needs. */
export interface LockWaitOptions {
  /** What is locked, for messages. */
  readonly what: string;
  /** Time. */
  readonly clock: Clock;
  /** Numbers from 0 up to 1. */
  readonly random: () => number;
  /** Ends the wait. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Tries again and again, since a blocking call would stop signals and the deadline. Waits are random so that contenders spread,
 * and short so that a lock that comes free is not left lying.
 * @throws NicError `ERR_LOCKED` when the signal's deadline passes first, `ERR_CANCELLED` when it is aborted otherwise
 */
export async function waitForLock(tryLock: () => StoreLock | undefined, options: LockWaitOptions): Promise<StoreLock> {
  const { what, clock, random, signal } = options;
  let cap = FIRST_CAP_MS;
  for (;;) {
    if (signal?.aborted === true) throw refuse(what, toAbortError(signal, what));
    const lock = tryLock();
    if (lock !== undefined) return lock;
    try {
      await clock.sleep(1 + random() * cap, signal);
    } catch (error) {
      throw refuse(what, error);
    }
    cap = Math.min(LAST_CAP_MS, cap * GROWTH);
  }
}

function refuse(what: string, error: unknown): unknown {
  if (!isNicError(error, 'ERR_DEADLINE')) return error;
  return new NicError('ERR_LOCKED', `${what}: another command held the lock until the deadline; try again`, { cause: error });
}
