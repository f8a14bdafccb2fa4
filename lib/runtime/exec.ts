import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { type Clock, systemClock, toAbortError } from '../clock.js';
import type { PluginExec, PluginOutcome, PluginRun } from '../cni/index.js';
import { NicError } from '../errors.js';
import { nodeFiles } from './files.js';
import { findPlugin } from './find-plugin.js';
import { describeSignal, describeStart } from './process-ending.js';
import { PluginStoppedError } from './stopped-error.js';

/** What {@link createPluginExec} may be told. */
export interface PluginExecOptions {
  /** Time. */
  readonly clock?: Clock;
  /**
   * How long a plugin that is to stop has after SIGTERM before it is killed, in milliseconds; default 0: it is killed at once.
   * Plugins made with `runPlugin` use that time to take back what they did.
   */
  readonly graceMs?: number;
  /** How much a plugin may write to each output before it is killed, in bytes; default 16 MiB. */
  readonly maxOutputBytes?: number;
}

/** A plugin being installed can be written to for a moment. As many tries, as far apart, as in the reference. */
const busyTries = 6;
const busyWaitMs = 1000;

/** What is left in a pipe is there at once; longer open pipes belong to a process that the plugin left behind. */
const drainMs = 1000;
/** SIGKILL ends a process at once, unless the kernel is at work for it and cannot stop. */
const killWaitMs = 1000;

const defaultMaxOutputBytes = 16 * 1024 * 1024;

interface Limits {
  readonly clock: Clock;
  readonly graceMs: number;
  readonly maxOutputBytes: number;
}

class Output {
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;

  /** The number of bytes so far. */
  get bytes(): number {
    return this.#bytes;
  }

  add(chunk: Uint8Array): void {
    this.#bytes += chunk.length;
    this.#chunks.push(chunk);
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString('utf8');
  }
}

/** A process that leads a group of its own, so that all of it can be ended. */
class PluginProcessGroup {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #stdout = new Output();
  readonly #stderr = new Output();
  /** Resolves when the process itself has ended. */
  readonly exited: Promise<void>;
  /** Resolves when it has ended and nobody holds its outputs any more. */
  readonly closed: Promise<void>;
  /** Resolves when it wrote too much. */
  readonly overflown: Promise<void>;

  constructor(child: ChildProcessWithoutNullStreams, stdin: string, maxOutputBytes: number) {
    this.#child = child;
    this.exited = new Promise((resolve) => child.once('exit', () => resolve()));
    this.closed = new Promise((resolve) => child.once('close', () => resolve()));
    this.overflown = new Promise((resolve) => {
      const collect = (output: Output) => (chunk: Uint8Array) => {
        output.add(chunk);
        if (output.bytes > maxOutputBytes) resolve();
      };
      child.stdout.on('data', collect(this.#stdout));
      child.stderr.on('data', collect(this.#stderr));
    });
    // A plugin that fails early does not read its input, which is no error of its own.
    child.stdin.on('error', () => undefined);
    child.stdin.end(stdin);
  }

  get bytes(): number {
    return this.#stdout.bytes + this.#stderr.bytes;
  }

  kill(signal: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      // The number of the group stays taken as long as any member lives, also after the leader.
      process.kill(-pid, signal);
    } catch {
      // All of it has ended in between.
    }
  }

  /** Stops reading, whoever still holds the outputs. */
  release(): void {
    for (const stream of [this.#child.stdin, this.#child.stdout, this.#child.stderr]) stream.destroy();
    this.#child.unref();
  }

  outcome(ending?: string): PluginOutcome {
    const { exitCode, signalCode } = this.#child;
    const texts = { stdout: this.#stdout.text(), stderr: this.#stderr.text() };
    if (ending !== undefined) return { exitCode: undefined, ...this.#signal(), ending, ...texts };
    if (exitCode !== null) return { exitCode, ending: `exit status ${exitCode}`, ...texts };
    return { exitCode: undefined, ...this.#signal(), ending: describeSignal(signalCode ?? 'SIGKILL'), ...texts };
  }

  #signal(): { readonly signal?: string } {
    const { signalCode } = this.#child;
    return signalCode === null ? {} : { signal: signalCode };
  }
}

async function after(clock: Clock, ms: number, stop: AbortSignal): Promise<void> {
  await clock.sleep(ms, stop).catch(() => undefined);
}

/** Waits for the pipes to run empty when the process has ended but somebody it left behind holds them. */
async function drain(group: PluginProcessGroup, { clock }: Limits): Promise<void> {
  const stop = new AbortController();
  let done = false;
  const closed = group.closed.then(() => {
    done = true;
    stop.abort();
  });
  let seen = -1;
  while (!done && group.bytes !== seen) {
    seen = group.bytes;
    await Promise.race([closed, after(clock, drainMs, stop.signal)]);
    // A busy event loop runs timers before it reads: one more turn lets it read.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function terminate(group: PluginProcessGroup, { clock, graceMs }: Limits): Promise<void> {
  const waitFor = async (ms: number): Promise<void> => {
    const stop = new AbortController();
    await Promise.race([group.exited, after(clock, ms, stop.signal)]);
    stop.abort();
  };
  if (graceMs > 0) {
    group.kill('SIGTERM');
    await waitFor(graceMs);
  }
  group.kill('SIGKILL');
  await waitFor(killWaitMs);
}

/** Follows a process to its end, or to the end of its caller's patience. */
async function follow(group: PluginProcessGroup, limits: Limits, signal: AbortSignal | undefined): Promise<PluginOutcome> {
  let onAbort = (): void => undefined;
  const aborted = new Promise<void>((resolve) => {
    onAbort = resolve;
    if (signal?.aborted === true) resolve();
    else signal?.addEventListener('abort', onAbort, { once: true });
  });
  try {
    const what = await Promise.race([
      group.exited.then(() => 'exited' as const),
      group.overflown.then(() => 'overflown' as const),
      aborted.then(() => 'aborted' as const),
    ]);
    if (what === 'exited') {
      await Promise.race([drain(group, limits), aborted]);
      return group.outcome();
    }
    await terminate(group, limits);
    await new Promise((resolve) => setImmediate(resolve));
    if (what === 'overflown') return group.outcome(`killed: it wrote more than ${limits.maxOutputBytes} bytes`);
    throw new PluginStoppedError(group.outcome(), signal);
  } finally {
    signal?.removeEventListener('abort', onAbort);
    group.release();
  }
}

function startFailure(file: string, error: unknown): PluginOutcome {
  return { exitCode: undefined, ending: describeStart(file, error), stdout: '', stderr: '' };
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ETXTBSY';
}

/** Starts the process; gives the error when it cannot be started, which Node throws for some reasons and emits for others. */
async function start({ file, env }: PluginRun): Promise<ChildProcessWithoutNullStreams | { readonly error: unknown }> {
  let child: ChildProcessWithoutNullStreams;
  try {
    child = spawn(file, [], { env: { ...env }, stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  } catch (error) {
    return { error };
  }
  if (child.pid !== undefined) {
    // Later errors are those of a kill, which `kill` takes care of.
    child.on('error', () => undefined);
    return child;
  }
  return new Promise((resolve) => child.once('error', (error) => resolve({ error })));
}

function notStarted(signal: AbortSignal): PluginStoppedError {
  const ending = toAbortError(signal, 'plugin').code === 'ERR_DEADLINE' ? 'context deadline exceeded' : 'context canceled';
  return new PluginStoppedError({ exitCode: undefined, ending, stdout: '', stderr: '' }, signal);
}

async function run(request: PluginRun, limits: Limits): Promise<PluginOutcome> {
  const { signal } = request;
  for (let attempt = 1; ; attempt++) {
    if (signal?.aborted === true) throw notStarted(signal);
    const started = await start(request);
    if (!('error' in started)) {
      return follow(new PluginProcessGroup(started, request.stdin, limits.maxOutputBytes), limits, signal);
    }
    if (!isBusy(started.error) || attempt === busyTries) return startFailure(request.file, started.error);
    // A wait that is cut short shows at the top of the loop.
    await limits.clock.sleep(busyWaitMs, signal).catch((error: unknown) => {
      if (!(error instanceof NicError)) throw error;
    });
  }
}

/**
 * Runs plugins as processes of this machine. Each leads a process group of its own, and when its `signal` aborts the whole group is killed and
 * nothing more is read: neither a child of the plugin nor one that it left behind keeps the call waiting.
 *
 * An executable that is being written ("text file busy") is tried 6 times, a second apart; then the call fails with that reason.
 * A plugin that leaves a process behind which holds its outputs is waited for one second more than its own end.
 *
 * `run` rejects with {@link PluginStoppedError} when its signal aborts.
 */
export function createPluginExec(options: PluginExecOptions = {}): PluginExec {
  const { clock = systemClock, graceMs = 0, maxOutputBytes = defaultMaxOutputBytes } = options;
  return {
    find: (type, folders) => findPlugin(type, folders, nodeFiles.isFile),
    run: (request) => run(request, { clock, graceMs, maxOutputBytes }),
  };
}
