import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import type { NetworkDriver, NetworkNamespace } from '../../lib/driver.js';
import { createNamespace, type NamespaceHandle, runInNamespace } from '../../netlink/index.js';

/** A network namespace that plays a machine or a pod. It has no name, and ends with the demo whatever happens to it. */
export interface Place {
  /** What the demo calls it. */
  readonly name: string;
  /** The namespace. */
  readonly namespace: NamespaceHandle;
  /** Its links, addresses and routes. */
  readonly net: NetworkNamespace;
  /** A path by which other processes find it. */
  readonly path: string;
  /** Lets it go. Two closes are fine. */
  close(): void;
}

/** How a process in a {@link Place} ended. */
export interface ProcessEnd {
  /** The exit code; null when a signal ended it. */
  readonly code: number | null;
  /** What it wrote to standard output. */
  readonly stdout: string;
  /** What it wrote to standard error. */
  readonly stderr: string;
  /** From before it was started until it had ended, in milliseconds. */
  readonly ms: number;
}

/** How {@link run} starts a process. */
export interface RunOptions {
  /** Standard input; closed at once without it. */
  readonly stdin?: string;
  /** The whole environment; this process's own without it. */
  readonly env?: NodeJS.ProcessEnv;
  /** Asks the process to end, by SIGTERM. */
  readonly signal?: AbortSignal;
}

/** Makes a place with its loopback up. */
export async function createPlace(name: string, driver: NetworkDriver): Promise<Place> {
  const namespace = await createNamespace(name);
  const net = await driver.open({ kind: 'fd', fd: namespace.fd });
  const loopback = (await net.listLinks()).find((link) => link.loopback);
  if (loopback !== undefined) await net.changeLink(loopback.index, { up: true });
  return {
    name,
    namespace,
    net,
    path: `/proc/${process.pid}/fd/${namespace.fd}`,
    close() {
      net.close();
      namespace.close();
    },
  };
}

/** Starts a process inside a place: it inherits the namespace that the calling thread is in at that instant. */
export function spawnIn(place: Place, command: string, args: readonly string[], options: SpawnOptions = {}): ChildProcess {
  return runInNamespace(place.namespace, () => spawn(command, args, options));
}

/** Runs a process inside a place until its end. Rejects when it cannot be started. */
export function run(place: Place, command: string, args: readonly string[], options: RunOptions = {}): Promise<ProcessEnd> {
  return new Promise((resolve, reject) => {
    const begun = performance.now();
    const child = spawnIn(place, command, args, { stdio: 'pipe', ...(options.env === undefined ? {} : { env: options.env }) });
    const onAbort = (): void => {
      child.kill('SIGTERM');
    };
    if (options.signal?.aborted === true) onAbort();
    options.signal?.addEventListener('abort', onAbort, { once: true });
    let stdout = '';
    let stderr = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    // A process that ends without reading its input is judged by its exit code, not by the broken pipe.
    child.stdin?.on('error', () => {});
    child.on('error', reject);
    child.on('close', (code) => {
      options.signal?.removeEventListener('abort', onAbort);
      resolve({ code, stdout, stderr, ms: performance.now() - begun });
    });
    child.stdin?.end(options.stdin ?? '');
  });
}
