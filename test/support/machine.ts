import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { NamespaceRef } from '../../lib/driver.js';

/** How a command ended. */
export interface CommandEnd {
  /** Exit code; undefined when a signal ended it. */
  readonly code: number | undefined;
  /** The signal that ended it, if one did. */
  readonly signal: NodeJS.Signals | undefined;
  /** All it wrote to standard output. */
  readonly stdout: string;
  /** All it wrote to standard error. */
  readonly stderr: string;
}

/** What a command is run with. */
export interface CommandOptions {
  /** Environment; the own one without it. */
  readonly env?: NodeJS.ProcessEnv;
  /** What it reads from standard input; nothing by default. */
  readonly stdin?: string;
  /** `closed`: it has no standard input at all. `open`: one that never ends. By default it ends after the text. */
  readonly stdinState?: 'closed' | 'open';
  /** Working directory. */
  readonly cwd?: string;
  /** Called with the process as soon as it runs. */
  readonly onSpawn?: (child: ChildProcess) => void;
  /** Time it may take, in milliseconds; default 60,000. */
  readonly limitMs?: number;
}

/** Runs a command to its end and collects what it wrote. Rejects when it cannot be started, or takes too long and is killed. */
export async function runCommand(command: string, args: readonly string[], options: CommandOptions = {}): Promise<CommandEnd> {
  const closed = options.stdinState === 'closed';
  const spawnOptions: SpawnOptions = { stdio: ['pipe', 'pipe', 'pipe'], env: options.env ?? process.env };
  if (options.cwd !== undefined) spawnOptions.cwd = options.cwd;
  // Node always gives a child some standard input, so the shell closes it.
  const child = closed ? spawn('sh', ['-c', 'exec "$@" <&-', 'sh', command, ...args], spawnOptions) : spawn(command, args, spawnOptions);
  options.onSpawn?.(child);
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk;
  });
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
  });
  // A command that ends without reading its input is no error here.
  child.stdin?.on('error', () => {});
  child.stdin?.write(options.stdin ?? '');
  if (options.stdinState !== 'open') child.stdin?.end();
  const limitMs = options.limitMs ?? 60_000;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      // A grandchild may hold the pipes open for good, so nothing more is waited for.
      child.kill('SIGKILL');
      for (const stream of [child.stdout, child.stderr]) stream?.destroy();
      reject(new Error(`${[command, ...args].join(' ')} took more than ${limitMs} ms; it said: ${stdout}${stderr}`));
    }, limitMs);
  });
  const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  const [code, signal] = await Promise.race([ended, late]).finally(() => clearTimeout(timer));
  return { code: code ?? undefined, signal: signal ?? undefined, stdout, stderr };
}

/** A command that goes on until it is stopped. */
export interface Service {
  /** All it wrote so far, both outputs together. */
  output(): string;
  /** Whether it still runs. */
  isRunning(): boolean;
  /** Kills it and waits for its end. Two stops are fine. */
  stop(): Promise<void>;
}

/** A machine of its own for tests: private network, process and mount namespaces with an empty /run, which end with this process whatever happens. */
export interface Machine {
  /** Process id, as seen from here, of the machine's first process. */
  readonly pid: number;
  /** Its network namespace. */
  readonly network: NamespaceRef;
  /** Path of its network namespace, as seen from here. */
  readonly networkPath: string;
  /** Runs a command inside to its end. */
  run(command: string, args: readonly string[], options?: CommandOptions): Promise<CommandEnd>;
  /** Starts a command inside that goes on until it is stopped. */
  start(command: string, args: readonly string[]): Promise<Service>;
  /** Ends the machine and every process inside. Two closes are fine. */
  close(): Promise<void>;
}

/** The one child of a process that forked once, as `nsenter` and `unshare` do to enter a process namespace. */
export async function childOf(pid: number): Promise<number> {
  // The fork follows the exec at once, but nothing announces it.
  for (let tries = 0; tries < 500; tries++) {
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
    const child = Number(children.trim().split(' ')[0]);
    if (child > 0) return child;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`process ${pid} has no child`);
}

async function startService(command: string, args: readonly string[]): Promise<Service> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
    });
  }
  const ended = once(child, 'exit');
  const inner = await childOf(child.pid ?? 0);
  return {
    output: () => output,
    isRunning: () => child.exitCode === null && child.signalCode === null,
    async stop() {
      // Its own child is killed, not nsenter, which then ends by itself: killing nsenter would leave the command running.
      if (child.exitCode === null && child.signalCode === null) process.kill(inner, 'SIGKILL');
      await ended;
      for (const stream of [child.stdout, child.stderr]) stream.destroy();
    },
  };
}

/**
 * Starts a machine. Its first process reads our end of a pipe: when this process dies, however it dies, the pipe closes,
 * the machine's process namespace ends, and with it every process and mount inside.
 * @param setup shell commands run inside before it is ready, such as further mounts
 */
export async function startMachine(setup = ''): Promise<Machine> {
  const script = `set -e; mount -t tmpfs tmpfs /run; mkdir -p /run/netns /run/lock; ip link set lo up\n${setup}\necho ready; exec cat`;
  const holder = spawn(
    'unshare',
    ['--net', '--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child', '--mount-proc', 'sh', '-c', script],
    {
      stdio: ['pipe', 'pipe', 'pipe'],
    },
  );
  let problem = '';
  holder.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    problem += chunk;
  });
  holder.stdin.on('error', () => {});
  const ended = once(holder, 'close');
  const ready = new Promise<void>((resolve, reject) => {
    holder.once('error', reject);
    holder.stdout.setEncoding('utf8').once('data', () => resolve());
    holder.once('exit', (code) => reject(new Error(`the machine did not start (exit ${code}): ${problem}`)));
  });
  await ready;
  const pid = await childOf(holder.pid ?? 0);
  const enter = (command: string, args: readonly string[]): readonly [string, readonly string[]] => [
    'nsenter',
    ['--target', String(pid), '--net', '--mount', '--pid', '--', command, ...args],
  ];
  return {
    pid,
    network: { kind: 'pid', pid },
    networkPath: `/proc/${pid}/ns/net`,
    start(command, args) {
      return startService(...enter(command, args));
    },
    run(command, args, options) {
      const [outer, outerArgs] = enter(command, args);
      return runCommand(outer, outerArgs, options);
    },
    async close() {
      holder.stdin.end();
      await ended;
    },
  };
}
