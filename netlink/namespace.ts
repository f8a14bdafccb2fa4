import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { types } from 'node:util';
import { libc } from '#libc';
import type { NamespaceRef } from '../lib/driver.js';
import { isNicError, NetlinkError, NicError } from '../lib/errors.js';
import { checkCall, toCallError } from './system-call.js';
import { AF, CLONE_NEWNET, NS_GET_NSTYPE, SO, SOCK, SOL } from './system-constants.js';
import { ERRNO, LITTLE_ENDIAN } from './wire/index.js';

const ENTER_CAPABILITY = "entering a network namespace needs CAP_SYS_ADMIN in the process's user namespace and in the one that owns it";

/** An open network namespace. The descriptor keeps it alive, and it stays this namespace whatever happens to the path it was opened by. */
export interface NamespaceHandle extends Disposable {
  /**
   * The open descriptor, which belongs to the handle.
   * @throws NicError `ERR_NAMESPACE` after {@link NamespaceHandle.close}
   */
  readonly fd: number;
  /** The path or description it was opened by, for messages. */
  readonly label: string;
  /**
   * The kernel's cookie of it (SO_NETNS_COOKIE) as decimal text: unique until the next boot.
   * Before Linux 5.14, `<device>.<inode>`, which the kernel uses again once the namespace is gone.
   */
  readonly cookie: string;
  /** Device of the namespace file. With the inode it names the namespace as long as something keeps it alive. */
  readonly device: bigint;
  /** Inode of the namespace file. */
  readonly inode: bigint;
  /** True when both are the same namespace. */
  isSame(other: NamespaceHandle): boolean;
  /** Closes the descriptor. Two closes are fine. */
  close(): void;
}

interface NamespaceFile {
  readonly device: bigint;
  readonly inode: bigint;
}

function statNamespace(fd: number): NamespaceFile {
  const { dev, ino } = fstatSync(fd, { bigint: true });
  return { device: dev, inode: ino };
}

function openOwn(): number {
  // Not /proc/self: that is the main thread's, and the caller may be a worker.
  return openSync('/proc/thread-self/ns/net', constants.O_RDONLY);
}

let poolStarted: Promise<unknown> | undefined;

/**
 * Lets the thread pool be born outside any other namespace. A thread inherits the namespace of the one that starts it
 * and stays there for good, and the pool starts with the first asynchronous file call.
 */
async function startThreadPool(): Promise<void> {
  poolStarted ??= stat('/proc');
  await poolStarted;
}

/** Ends the process at once: going on in a foreign namespace would configure the wrong host. */
function die(): never {
  process.kill(process.pid, 'SIGKILL');
  // The init process of a PID namespace is spared by its own SIGKILL. Not Node's abort(), which refuses in a worker.
  libc.abort();
  throw new Error('abort() returned');
}

function goBack(own: number): void {
  if (libc.setns(own, CLONE_NEWNET) < 0) die();
}

function enterWhile<T>(fd: number, label: string, callback: () => T): T {
  const own = openOwn();
  try {
    const here = statNamespace(own);
    const there = statNamespace(fd);
    if (here.device === there.device && here.inode === there.inode) return callback();
    checkCall(libc.setns(fd, CLONE_NEWNET), { op: `setns ${label}`, capability: ENTER_CAPABILITY });
    try {
      return callback();
    } finally {
      goBack(own);
    }
  } finally {
    closeSync(own);
  }
}

/** What {@link runInNamespace} takes: a function that does its work before it returns. */
export type SynchronousCallback<T> = () => T extends PromiseLike<unknown> ? never : T;

/**
 * Runs a function with the calling thread inside a namespace, and returns what it returns. Each worker thread may do so for itself.
 *
 * Only synchronous work belongs in there: an open, a socket, one short file access. Sockets and files opened inside stay with that
 * namespace, and so does a thread started inside, a worker for one. When the way back fails, the process kills itself.
 * @throws NetlinkError when the namespace cannot be entered; whatever `callback` throws
 * @throws TypeError when `callback` is an async function or a generator, without calling it, or when it returns a promise:
 * the rest of its work would go on outside
 */
export function runInNamespace<T>(namespace: NamespaceHandle, callback: SynchronousCallback<T>): T {
  if (types.isAsyncFunction(callback) || types.isGeneratorFunction(callback)) {
    throw new TypeError('runInNamespace: the callback must be synchronous; it was not called');
  }
  const result: unknown = enterWhile(namespace.fd, namespace.label, callback);
  if (isThenable(result)) {
    // Its failure is not told twice.
    result.then(ignore, ignore);
    throw new TypeError('runInNamespace: the callback must be synchronous; it was called, and what it promised goes on outside');
  }
  return result as T;
}

function ignore(): void {}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

function openUnshared(): number {
  const own = openOwn();
  try {
    checkCall(libc.unshare(CLONE_NEWNET), { op: 'unshare CLONE_NEWNET', capability: 'making a network namespace needs CAP_SYS_ADMIN' });
    try {
      return openOwn();
    } finally {
      goBack(own);
    }
  } finally {
    closeSync(own);
  }
}

function openSocketIn(fd: number, label: string, domain: number, type: number, protocol: number): number {
  const socket = enterWhile(fd, label, () => libc.socket(domain, type | SOCK.CLOEXEC, protocol));
  return checkCall(socket, { op: `socket in ${label}`, capability: 'this kind of socket needs CAP_NET_RAW in the namespace' });
}

/**
 * Opens a socket that belongs to a namespace, close-on-exec. It stays with that namespace; the caller closes it.
 * @throws NetlinkError when the kernel refuses
 */
export function socketInNamespace(namespace: NamespaceHandle, domain: number, type: number, protocol: number): number {
  return openSocketIn(namespace.fd, namespace.label, domain, type, protocol);
}

function readCookie(fd: number, label: string): string {
  const socket = openSocketIn(fd, label, AF.NETLINK, SOCK.RAW, 0);
  try {
    const value = new Uint8Array(8);
    const result = libc.getsockopt(socket, SOL.SOCKET, SO.NETNS_COOKIE, value);
    if (-result === ERRNO.ENOPROTOOPT) {
      const { device, inode } = statNamespace(fd);
      return `${device}.${inode}`;
    }
    checkCall(result, { op: `getsockopt SO_NETNS_COOKIE in ${label}` });
    return new DataView(value.buffer).getBigUint64(0, LITTLE_ENDIAN).toString();
  } finally {
    libc.close(socket);
  }
}

function pathOf(ref: NamespaceRef): { readonly path: string; readonly label: string } {
  switch (ref.kind) {
    case 'own':
      return { path: '/proc/thread-self/ns/net', label: 'own namespace' };
    case 'path':
      return { path: ref.path, label: ref.path };
    case 'pid':
      return { path: `/proc/${ref.pid}/ns/net`, label: `namespace of process ${ref.pid}` };
    case 'fd':
      return { path: `/proc/self/fd/${ref.fd}`, label: `namespace of descriptor ${ref.fd}` };
  }
}

/** What an open is refused with for reasons of the system's own: they say nothing of what is behind the path. */
const SHORTAGES: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'EIO', 'EINTR', 'EAGAIN']);

function openFile(path: string, label: string): number {
  try {
    // Non-blocking, since a path may lead to a FIFO that nobody writes to.
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    if (SHORTAGES.has(code)) throw new NetlinkError({ op: `open ${label}`, errno: code, cause: error });
    const hint = code === 'EACCES' || code === 'EPERM' ? '; it takes the rights of its owner or CAP_SYS_PTRACE' : '';
    throw new NicError('ERR_NAMESPACE', `${label}: cannot be opened (${code})${hint}`, { cause: error });
  }
}

/** Takes over an open descriptor of a network namespace. It is closed when this fails. */
function adoptNamespace(fd: number, label: string): NamespaceHandle {
  try {
    const type = libc.ioctl(fd, NS_GET_NSTYPE, 0);
    if (type !== CLONE_NEWNET) {
      const found = type < 0 ? toCallError(type, { op: 'ioctl NS_GET_NSTYPE' }) : undefined;
      throw new NicError('ERR_NAMESPACE', `${label}: is no network namespace`, { cause: found });
    }
    return createHandle(fd, label);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function createHandle(fd: number, label: string): NamespaceHandle {
  const { device, inode } = statNamespace(fd);
  const cookie = readCookie(fd, label);
  let open = true;
  const handle: NamespaceHandle = {
    get fd() {
      if (!open) throw new NicError('ERR_NAMESPACE', `${label}: the handle is closed`);
      return fd;
    },
    label,
    cookie,
    device,
    inode,
    isSame: (other) => other.device === device && other.inode === inode,
    close() {
      if (!open) return;
      open = false;
      closeSync(fd);
    },
    [Symbol.dispose]: () => handle.close(),
  };
  return handle;
}

/**
 * Opens a namespace. The handle has a descriptor of its own, also when `ref` names one by descriptor.
 * @throws NicError `ERR_NAMESPACE` when it is missing or no network namespace
 * @throws NetlinkError when it cannot be entered, or the system is short of what opening takes
 * @throws TypeError when a path has a null byte, RangeError when a pid or descriptor is no whole number
 */
export async function openNamespace(ref: NamespaceRef): Promise<NamespaceHandle> {
  const number = ref.kind === 'pid' ? ref.pid : ref.kind === 'fd' ? ref.fd : 0;
  if (!Number.isSafeInteger(number) || number < 0) throw new RangeError(`openNamespace: ${ref.kind} must be a whole number`);
  await startThreadPool();
  const { path, label } = pathOf(ref);
  return adoptNamespace(openFile(path, label), label);
}

/**
 * Makes a network namespace without a name. It lives as long as its handle, a socket in it or a process in it, so nothing is left
 * when this process dies. Only a loopback link is in it, and that is down.
 * @param label what messages call it
 * @throws NetlinkError when the kernel refuses
 */
export async function createNamespace(label = 'new namespace'): Promise<NamespaceHandle> {
  await startThreadPool();
  return adoptNamespace(openUnshared(), label);
}

/** True when `ref` can be opened as a network namespace now. */
export async function isNamespace(ref: NamespaceRef): Promise<boolean> {
  try {
    (await openNamespace(ref)).close();
    return true;
  } catch (error) {
    if (isNicError(error, 'ERR_NAMESPACE')) return false;
    throw error;
  }
}
