import { Console } from 'node:console';
import { readSync, statSync, writeSync } from 'node:fs';
import type { PluginAnswer, PluginProcess, ProcessEvents } from './cni/index.js';
import { NicError } from './errors.js';

/** How long to wait when a descriptor is not ready, in milliseconds. */
const retryMs = 2;
const chunkBytes = 64 * 1024;

/** Methods of the console that print to standard output. */
const printing = ['log', 'info', 'debug', 'dir', 'dirxml', 'table', 'group', 'groupCollapsed', 'count', 'timeEnd', 'timeLog'] as const;

function errnoOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/**
 * Reads with `fs.readSync`: `process.stdin` costs 5 to 8 ms at start-up. A descriptor that is not ready (a caller's non-blocking pipe)
 * is tried again; a blocking one blocks, like in any other plugin.
 */
async function readAll(fd: number, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let total = 0;
  while (total <= maxBytes) {
    const chunk = Buffer.allocUnsafe(chunkBytes);
    let count: number;
    try {
      count = readSync(fd, chunk, 0, chunk.length, null);
    } catch (error) {
      if (errnoOf(error) === 'EINTR') continue;
      if (errnoOf(error) !== 'EAGAIN') throw new NicError('ERR_IO', `descriptor ${fd}: ${errnoOf(error)}`, { cause: error });
      await new Promise((resolve) => setTimeout(resolve, retryMs));
      continue;
    }
    if (count === 0) break;
    chunks.push(chunk.subarray(0, count));
    total += count;
  }
  return Buffer.concat(chunks);
}

/**
 * Writes with `fs.writeSync`: `process.stdout` costs 10 ms at start-up and loses what exceeds the pipe's buffer when the process exits.
 * @returns whether all was written; a reader that is gone is the only reader there was
 */
function writeAll(fd: number, text: string): boolean {
  const bytes = Buffer.from(text);
  let offset = 0;
  while (offset < bytes.length) {
    try {
      offset += writeSync(fd, bytes, offset);
    } catch (error) {
      if (errnoOf(error) === 'EINTR') continue;
      if (errnoOf(error) !== 'EAGAIN') return false;
      // The process is about to end and may be inside its exit event, where nothing asynchronous happens any more.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, retryMs);
    }
  }
  return true;
}

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
  let release = (): void => undefined;

  const finish = ({ stdout, stderr }: PluginAnswer): void => {
    answered = true;
    writeAll(2, stderr);
    if (!writeAll(1, stdout)) writeAll(2, 'the answer could not be written to standard output\n');
  };

  return {
    env: process.env,
    readStdin: (maxBytes) => readAll(0, maxBytes),
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
      process.on('SIGTERM', stop);
      process.on('SIGINT', stop);
      release = () => {
        process.off('SIGTERM', stop);
        process.off('SIGINT', stop);
      };
    },
    answer(answer) {
      if (answered) return;
      // From here on a signal ends the process: a reader that does not read must not keep it.
      release();
      finish(answer);
      process.exit(answer.exitCode);
    },
  };
}
