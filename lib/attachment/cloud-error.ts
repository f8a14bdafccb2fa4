import { isNicError, NicError, ProviderError } from '../errors.js';

/** True when the cloud certainly did not do what was asked. Everything else may have taken effect, or may still. */
export function isRefusal(error: unknown): boolean {
  return error instanceof ProviderError && error.outcome === 'refused';
}

/** True when asking the same again may go better: the way to the cloud is bad, or the cloud is busy. */
export function isPassing(error: unknown): boolean {
  if (error instanceof ProviderError) return error.retryable || error.outcome === 'unknown';
  return false;
}

/** The words of an error for a log line or a report. */
export function toReason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * Runtimes take an error of DEL whose text says that something is "not found" or "no such file or directory" for success
 * (containerd's go-cni), and would forget an attachment whose NIC is still there.
 */
export function withoutSwallowedWords(text: string): string {
  return text.replace(/not[ -]found/gi, 'missing').replace(/no such file or directory/gi, 'missing file or folder');
}

/** An error that DEL may answer with: the same, but for words that make runtimes forget the attachment. */
export function toDetachError(error: unknown): unknown {
  if (!isNicError(error)) return error;
  const text = withoutSwallowedWords(error.message);
  return text === error.message ? error : new NicError(error.code, text, { cause: error });
}
