import type { Clock } from '../../lib/clock.js';
import { type NicErrorCode, ProviderError } from '../../lib/errors.js';
import type { Logger } from '../../lib/log.js';
import { type RequestKind, toAbortedError } from './errors.js';

const BASE_MS: Partial<Record<NicErrorCode, number>> = { ERR_RATE_LIMIT: 1000 };
const DEFAULT_BASE_MS = 500;
const LONGEST_MS = 8000;

/** What {@link withRetries} needs. */
export interface RetryOptions {
  /** Waits between attempts. */
  readonly clock: Clock;
  /** Spreads the attempts of many clients; numbers from 0 up to 1. */
  readonly random: () => number;
  /** How many attempts may follow the first. */
  readonly retries: number;
  /** Hears about each repetition. */
  readonly log: Logger;
}

/** What is tried. */
export interface Attempted {
  /** For messages. */
  readonly action: string;
  /** How often it may reach the service. */
  readonly kind: RequestKind;
}

/**
 * May a request be sent again after this error?
 *
 * Reads: whenever it may help. What creates: only after a refusal that came before anything was done, or when the request never left.
 * What changes: also when the service called itself busy, since a repetition of what has taken effect is refused;
 * but not after a lost answer or a failure inside, where only reading the state again tells what to do.
 */
function mayRepeat(kind: RequestKind, error: ProviderError): boolean {
  if (!error.retryable) return false;
  switch (error.code) {
    case 'ERR_RATE_LIMIT':
      // This host's own budget has been waited for already.
      return error.retCode !== undefined;
    case 'ERR_BUSY':
      return kind !== 'create' || error.outcome === 'refused';
    case 'ERR_TRANSPORT':
      return kind === 'read' || error.outcome === 'refused';
    case 'ERR_SERVICE':
    case 'ERR_RESPONSE':
      return kind === 'read';
    default:
      return false;
  }
}

function withOutcome(error: ProviderError, outcome: ProviderError['outcome']): ProviderError {
  if (error.outcome === outcome) return error;
  const { code, message, action, retryable, retCode } = error;
  return new ProviderError(code, message, { action, retryable, outcome, cause: error, ...(retCode === undefined ? {} : { retCode }) });
}

/**
 * Tries a request until it succeeds, may not be repeated, or has been tried often enough, with growing and random waits.
 * @throws ProviderError the last attempt's; `outcome` is `unknown` when any attempt may have taken effect
 */
export async function withRetries<T>(
  { action, kind }: Attempted,
  { clock, random, retries, log }: RetryOptions,
  signal: AbortSignal | undefined,
  attempt: () => Promise<T>,
): Promise<T> {
  let worst: ProviderError['outcome'] = 'refused';
  for (let tried = 0; ; tried++) {
    let failure: ProviderError;
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error;
      if (kind !== 'read' && error.outcome === 'unknown') worst = 'unknown';
      failure = worst === 'unknown' ? withOutcome(error, 'unknown') : error;
    }
    if (tried >= retries || !mayRepeat(kind, failure)) throw failure;
    const full = Math.min(LONGEST_MS, (BASE_MS[failure.code] ?? DEFAULT_BASE_MS) * 2 ** tried);
    const ms = Math.round(full * (0.5 + random() / 2));
    log.info(`${action} will be tried again`, { action, attempt: tried + 2, ms, code: failure.code, retCode: failure.retCode });
    try {
      await clock.sleep(ms, signal);
    } catch (error) {
      if (signal?.aborted !== true) throw error;
      const aborted = toAbortedError(action, signal, worst);
      throw new ProviderError(aborted.code, `${aborted.message}; before that: ${failure.message}`, {
        action,
        retryable: false,
        outcome: worst,
        cause: failure,
      });
    }
  }
}
