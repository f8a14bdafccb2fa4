import { NicError } from '../../lib/errors.js';
import { nodeFiles } from '../../lib/runtime/index.js';
import { runCommandLine } from './command-line.js';
import { createPluginHost } from './process-host.js';

/** Runs the command line as this process, and ends it. */
export async function runByHand(args: readonly string[]): Promise<void> {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => stop.abort(new NicError('ERR_CANCELLED', `stopped by ${signal}`)));
  }
  process.exitCode = await runCommandLine(args, {
    plugin: createPluginHost(),
    files: nodeFiles,
    print: (text) => console.log(text),
    warn: (text) => console.error(text),
    signal: stop.signal,
  });
}
