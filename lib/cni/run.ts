import { NicError } from '../errors.js';
import type { PluginAnswer, PluginInput } from './answer.js';
import { toErrorAnswer } from './answer.js';
import { dispatch } from './dispatch.js';
import { CniError, cniCodes } from './error.js';
import type { Plugin } from './plugin.js';

/** What {@link runPlugin} wants to hear from the process. */
export interface ProcessEvents {
  /** Something was thrown where nobody catches it, or a promise was rejected that nobody awaits. */
  onUncaught(error: unknown): void;
  /** The process ends before it answered. Gives the answer to print. */
  onEarlyExit(): PluginAnswer;
}

/** The process that a plugin is: everything {@link runPlugin} takes from outside. `createPluginProcess` is the real one. */
export interface PluginProcess extends Pick<PluginInput, 'env' | 'readStdin' | 'isOwnNamespace' | 'clock'> {
  /** Keeps standard output for the answer alone, and reports from now on. */
  guard(events: ProcessEvents): void;
  /** Reports the signals that ask a process to end, by name, instead of ending. */
  onSignal(stop: (signal: string) => void): void;
  /** Writes both outputs completely and ends the process. */
  answer(answer: PluginAnswer): void;
}

/**
 * Runs a plugin as this process: reads the request, calls the handler, prints exactly one answer, ends the process.
 *
 * Whatever happens there is one JSON document on standard output, or nothing after a silent success: also when a handler throws, throws
 * in a callback, never comes back, calls `process.exit`, prints to the console, or when the process gets SIGTERM or SIGINT.
 * Nothing can help against SIGKILL, and against native code or child processes that write to descriptor 1 themselves.
 *
 * Signals are heeded once standard input was read: until then there is nothing to unwind, and they end the process.
 * @param host the process; this one by default
 */
export async function runPlugin(plugin: Plugin, host?: PluginProcess): Promise<void> {
  // Loaded only here, so that everything else in this folder works without any module that does I/O.
  const process = host ?? (await import('../plugin-process.js')).createPluginProcess();
  const stop = new AbortController();
  process.guard({
    onUncaught(error) {
      const reason = error instanceof Error ? error.message : String(error);
      stop.abort(new CniError(cniCodes.internal, `uncaught error in the plugin: ${reason}`, { cause: error }));
    },
    onEarlyExit: () => toErrorAnswer(new CniError(cniCodes.internal, 'the plugin ended before it answered')),
  });
  const answer = await dispatch(plugin, {
    env: process.env,
    async readStdin(maxBytes) {
      const bytes = await process.readStdin(maxBytes);
      process.onSignal((name) => stop.abort(new NicError('ERR_CANCELLED', `the plugin was stopped by ${name}`)));
      return bytes;
    },
    isOwnNamespace: (path) => process.isOwnNamespace(path),
    signal: stop.signal,
    ...(process.clock === undefined ? {} : { clock: process.clock }),
  });
  process.answer(answer);
}
