import { toAbortError } from '../../lib/clock.js';
import { type NicErrorCode, ProviderError } from '../../lib/errors.js';

const RETRYABLE: readonly NicErrorCode[] = ['ERR_BUSY', 'ERR_RATE_LIMIT', 'ERR_CAPACITY', 'ERR_SERVICE', 'ERR_TRANSPORT'];

/** A definite no of the cloud: nothing changed. Throw it from `MemoryCloud.onCall` in the phase `before`. */
export function refusal(action: string, code: NicErrorCode, message: string): ProviderError {
  return new ProviderError(code, `${action}: ${message}`, { action, outcome: 'refused', retryable: RETRYABLE.includes(code) });
}

/**
 * A request whose answer never came. Thrown from `MemoryCloud.onCall` in the phase `after` the request has taken effect,
 * in the phase `before` it never arrived; the caller cannot tell.
 */
export function lostAnswer(action: string): ProviderError {
  return new ProviderError('ERR_TRANSPORT', `${action}: the connection broke before the answer came`, {
    action,
    outcome: 'unknown',
    retryable: true,
  });
}

/** The error of a call that its caller ended. @param outcome `unknown` when the request was under way @internal */
export function toAbortedError(action: string, signal: AbortSignal, outcome: ProviderError['outcome']): ProviderError {
  const { code, message, cause } = toAbortError(signal, action);
  return new ProviderError(code, message, { action, outcome, retryable: false, cause });
}
