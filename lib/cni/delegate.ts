import { orThrow } from '../codec.js';
import { convertResult } from './convert.js';
import type { EnvironmentVariables } from './environment.js';
import { CniError, cniCodes } from './error.js';
import { type PluginOutcome, readOutcome } from './outcome.js';
import type { CniCommand, PluginRequest } from './plugin.js';
import type { Result } from './result.js';
import { parseResult } from './result-codec.js';
import { currentVersion } from './version.js';

/** What a plugin is run with. */
export interface PluginRun {
  /** The executable. */
  readonly file: string;
  /** The whole environment. */
  readonly env: EnvironmentVariables;
  /** Standard input. */
  readonly stdin: string;
  /** Ends the plugin's process early. */
  readonly signal?: AbortSignal;
}

/** Starts plugins: passed in, since this folder does no I/O. */
export interface PluginExec {
  /**
   * The executable of a plugin.
   * @param type the plugin's name
   * @param folders where to look, in order
   * @throws CniError or NicError when there is none
   */
  find(type: string, folders: readonly string[]): Promise<string>;
  /** Runs it to its end. Resolves however it ended; rejects only when `signal` aborts. */
  run(run: PluginRun): Promise<PluginOutcome>;
}

/** What {@link createDelegate} takes. */
export interface DelegateOptions {
  /** Starts plugins. */
  readonly exec: PluginExec;
  /** The environment of this process, handed on with only CNI_COMMAND changed. */
  readonly env: EnvironmentVariables;
  /** Where the delegated plugin's standard error goes: this process's own. */
  readonly onStderr: (text: string) => void;
}

/** Hands a request on to another plugin, as a plugin does with the one for its addresses (IPAM). */
export interface Delegate {
  /**
   * Adds. When that fails the delegated plugin is run again with DEL, as the spec asks, before this rejects.
   * When a later step of the caller fails, the caller owes that DEL itself.
   * @returns its result in the newest shape
   * @throws CniError the delegated plugin's own error, or 6 when its result cannot be decoded
   */
  add(type: string, request: PluginRequest): Promise<Result>;
  /** Removes. Rejects with the delegated plugin's own error. */
  del(type: string, request: PluginRequest): Promise<void>;
  /** Checks. Rejects with the delegated plugin's own error. */
  check(type: string, request: PluginRequest): Promise<void>;
  /** Collects garbage. Rejects with the delegated plugin's own error. */
  gc(type: string, request: PluginRequest): Promise<void>;
  /** Asks whether it can serve ADD. Rejects with the delegated plugin's own error, such as code 50. */
  status(type: string, request: PluginRequest): Promise<void>;
}

/** Makes a {@link Delegate}. */
export function createDelegate({ exec, env, onStderr }: DelegateOptions): Delegate {
  const run = async (command: CniCommand, type: string, request: PluginRequest, signal?: AbortSignal): Promise<string> => {
    if (type === '') throw new CniError(cniCodes.invalidNetworkConfig, 'no name of a plugin to delegate to');
    if (type.includes('/')) throw new CniError(cniCodes.invalidNetworkConfig, `invalid plugin name: ${type}`);
    // An empty entry would mean the working directory, which nobody asked for.
    const folders = request.path.split(':').filter((folder) => folder !== '');
    const file = await exec.find(type, folders);
    const changed = { ...env, CNI_COMMAND: command };
    const outcome = await exec.run({ file, env: changed, stdin: request.stdin, ...(signal === undefined ? {} : { signal }) });
    if (outcome.stderr !== '') onStderr(outcome.stderr);
    return orThrow(readOutcome(outcome));
  };
  const silent = (command: CniCommand) => async (type: string, request: PluginRequest) => {
    await run(command, type, request, request.signal);
  };
  const add = async (type: string, request: PluginRequest): Promise<Result> => {
    const stdout = await run('ADD', type, request, request.signal);
    const result = orThrow(parseResult(stdout, request.config.cniVersion, `result of plugin ${type}`));
    return orThrow(convertResult(result, currentVersion));
  };
  return {
    async add(type, request) {
      try {
        return await add(type, request);
      } catch (error) {
        // Without the signal: the clean-up matters most when the command was stopped.
        await run('DEL', type, request).catch((second: unknown) => {
          throw new AggregateError([error, second], `plugin ${type} failed to add and to delete again`);
        });
        throw error;
      }
    },
    del: silent('DEL'),
    check: silent('CHECK'),
    gc: silent('GC'),
    status: silent('STATUS'),
  };
}
