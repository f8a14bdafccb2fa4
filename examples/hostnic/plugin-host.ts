import type { AttachmentEngine, AttachmentEngineOptions } from '../../lib/attachment/index.js';
import type { CallLimiter } from '../../lib/call-budget/index.js';
import type { Clock } from '../../lib/clock.js';
import type { LogFields, Logger } from '../../lib/log.js';
import type { Housekeeping } from './netconf.js';
import type { ProviderFactory } from './providers.js';

/** What an engine of one command is made of, beside what the host knows itself. */
export interface EngineParts extends Pick<AttachmentEngineOptions, 'provider' | 'log'> {
  /** Where things are kept and how long they take. */
  readonly keeping: Housekeeping;
}

/** Everything the plugin takes from outside of a request. `createPluginHost` makes the real one; tests bring their own cloud and kernel. */
export interface PluginHost {
  /** Providers by name. */
  readonly providers: Readonly<Record<string, ProviderFactory>>;
  /** Time. */
  readonly clock: Clock;
  /** When the command began, in the clock's milliseconds: its deadline counts from there. */
  readonly startedAt: number;
  /** Makes the logger of one command. */
  createLog(keeping: Housekeeping, context: LogFields): Promise<Logger>;
  /**
   * Makes what keeps all commands of this host to its budget of API calls together, and this one to its own.
   * @param mostCalls what this command may make at most
   */
  createLimiter(keeping: Housekeeping, account: string, mostCalls: number, log: Logger): CallLimiter;
  /** Makes the engine of one command. */
  createEngine(parts: EngineParts): Promise<AttachmentEngine>;
}
