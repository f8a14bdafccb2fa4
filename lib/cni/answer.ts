import type { Clock } from '../clock.js';
import type { EnvironmentVariables } from './environment.js';
import { toCniError } from './error.js';
import { formatError } from './print.js';
import type { CniVersion } from './version.js';

/** Where a command comes from: everything `dispatch` takes from outside. */
export interface PluginInput {
  /** The environment. */
  readonly env: EnvironmentVariables;
  /**
   * Reads all of standard input, or a little more than `maxBytes` of it. Called once at most; never for VERSION.
   * @throws anything; it is answered with code 5
   */
  readStdin(maxBytes: number): Promise<Uint8Array>;
  /** True when a path can be opened and is the network namespace of this process. Never throws. */
  isOwnNamespace(path: string): boolean;
  /**
   * Stops the command: the handler's own signal aborts, and the handler has the plugin's `graceMs` to come back with its outcome.
   * When the reason is a {@link CniError}, that is the answer whatever the handler comes back with.
   */
  readonly signal?: AbortSignal;
  /** Measures deadline and grace; the system's by default. */
  readonly clock?: Clock;
}

/** What a plugin does in the end. */
export interface PluginAnswer {
  /** 0 for success, 1 for any failure. */
  readonly exitCode: 0 | 1;
  /** All of standard output: one JSON document, or nothing. */
  readonly stdout: string;
  /** Text for people, on standard error. */
  readonly stderr: string;
}

/** The answer that an error makes. */
export function toErrorAnswer(error: unknown, version?: CniVersion): PluginAnswer {
  return { exitCode: 1, stdout: formatError(toCniError(error), version), stderr: '' };
}
