import { Console } from 'node:console';
import { statSync } from 'node:fs';
import type { PluginAnswer, PluginProcess, ProcessEvents } from './cni/index.js';
import { readToEnd, writeFully } from './descriptor-io.js';

/** What any pipe holds when nobody reads it, in bytes: one page (pipe(7)). */
const PIPE_BYTES = 4096;

/** Methods of the console that print to standard output. */
const printing = ['log', 'info', 'debug', 'dir', 'dirxml', 'table', 'group', 'groupCollapsed', 'count', 'timeEnd', 'timeLog'] as const;

/**
 * Sends stray output to standard error. Neither stream is opened for it before it is really used: that would cost more than the answer.
 * The console is changed method by method, since that of Bun does not go through `process.stdout`.
 */
function redirectOutput(): void {
  let target: Console | undefined;
  const open = (): Console => {
    target ??= new Console(process.stderr, process.stderr);
    return target;
  };
  const methods = Object.fromEntries(printing.map((name) => [name, (...args: unknown[]) => Reflect.apply(open()[name], open(), args)]));
  Object.assign(globalThis.console, methods);
  Object.defineProperty(process, 'stdout', { configurable: true, enumerable: true, get: () => process.stderr });
}

/** Device and inode name a namespace as long as it is held, and both are: by this process and by the path. */
function isOwnNamespace(path: string): boolean {
  try {
    const own = statSync('/proc/self/ns/net', { bigint: true });
    const other = statSync(path, { bigint: true });
    return own.dev === other.dev && own.ino === other.ino;
  } catch {
    return false;
  }
}

/**
 * This process as a CNI plugin, for `runPlugin`, which makes one itself when it is given none.
 *
 * Once guarded, output by way of `console` and `process.stdout` goes to standard error. What took hold of the stream before, such as
 * `import { stdout } from 'node:process'`, writes where it always did.
 */
export function createPluginProcess(): PluginProcess {
  let answered = false;
  let heed = (): void => undefined;
  let release = (): void => undefined;

  const finish = ({ stdout, stderr }: PluginAnswer): void => {
    answered = true;
    writeFully(2, stderr);
    if (!writeFully(1, stdout)) writeFully(2, 'the answer could not be written to standard output\n');
  };

  return {
    env: process.env,
    readStdin: (maxBytes) => readToEnd(0, maxBytes),
    isOwnNamespace,
    guard({ onUncaught, onEarlyExit }: ProcessEvents) {
      redirectOutput();
      process.on('uncaughtException', onUncaught);
      process.on('unhandledRejection', onUncaught);
      process.on('exit', () => {
        if (answered) return;
        const answer = onEarlyExit();
        finish(answer);
        process.exitCode = answer.exitCode;
      });
    },
    onSignal(stop) {
      heed = () => {
        process.on('SIGTERM', stop);
        process.on('SIGINT', stop);
      };
      heed();
      release = () => {
        process.off('SIGTERM', stop);
        process.off('SIGINT', stop);
      };
    },
    answer(answer) {
      if (answered) return;
      // What ends by a signal is taken for failed whatever it has answered, so signals are kept off to the end. Only while more is written
      // than a pipe holds do they end the process: a reader that does not read must not keep it.
      const isLong = Buffer.byteLength(answer.stdout) + Buffer.byteLength(answer.stderr) > PIPE_BYTES;
      if (isLong) release();
      finish(answer);
      if (isLong) heed();
      process.exit(answer.exitCode);
    },
  };
}
