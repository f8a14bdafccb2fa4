import { toAbortError } from '../clock.js';
import type { PluginOutcome } from '../cni/index.js';
import { NicError } from '../errors.js';

/** What an executor rejects with when its signal aborts: `ERR_DEADLINE` or `ERR_CANCELLED`, with what the plugin had said by then. */
export class PluginStoppedError extends NicError {
  /** The class, for logs. */
  override readonly name = 'PluginStoppedError';
  /** How far the plugin came. */
  readonly outcome: PluginOutcome;

  /** @param signal the signal that aborted */
  constructor(outcome: PluginOutcome, signal: AbortSignal | undefined) {
    const reason = signal === undefined ? new NicError('ERR_CANCELLED', 'plugin: cancelled') : toAbortError(signal, 'plugin');
    super(reason.code, reason.message, { cause: reason });
    this.outcome = outcome;
  }
}
