import { closeSync, constants, mkdirSync, openSync, statfsSync, unlinkSync } from 'node:fs';
import { libc } from '#libc';
import { systemClock, toAbortError } from '../lib/clock.js';
import { NicError } from '../lib/errors.js';
import type { CallOptions } from '../lib/provider.js';
import { fileLocker } from './file-lock.js';
import { createNamespace, type NamespaceHandle, openNamespace } from './namespace.js';
import { checkCall } from './system-call.js';
import { MOUNT, NSFS_MAGIC } from './system-constants.js';
import { ERRNO } from './wire/index.js';

const MOUNT_CAPABILITY = 'mounting needs CAP_SYS_ADMIN in the user namespace that owns the mount namespace';

/** Others hold the lock for two mount calls, so this long a wait means that somebody is stuck. */
const LOCK_ATTEMPTS = 500;
const LOCK_PAUSE_MS = 10;

/** Where `ip netns` keeps its named namespaces. */
export const NAMED_NAMESPACES_FOLDER = '/run/netns';

/** How named namespaces are found. */
export interface NamedNamespaceOptions extends CallOptions {
  /** The folder they are mounted in; default {@link NAMED_NAMESPACES_FOLDER}. */
  readonly folder?: string;
}

/** Path of a named namespace. @throws RangeError when the name is no file name @internal */
export function pathOfName(name: string, options: NamedNamespaceOptions): string {
  if (name === '' || name === '.' || name === '..' || /[/\0]/.test(name) || Buffer.byteLength(name) > 255) {
    throw new RangeError('a namespace name is a file name: 1 to 255 bytes without a slash');
  }
  return `${options.folder ?? NAMED_NAMESPACES_FOLDER}/${name}`;
}

/** A refused access to a file or folder, with the capability that would have allowed it. */
function toFileError(error: unknown, what: string): NicError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  const denied = code === 'EACCES' || code === 'EPERM';
  return new NicError('ERR_NAMESPACE', `${what} (${code})${denied ? '; it takes root or CAP_DAC_OVERRIDE' : ''}`, { cause: error });
}

/**
 * Waits for the lock on the folder that `ip netns add` takes too. Without it, two at once would both mount the folder onto itself,
 * and each mount doubles those below (Debian bug 949235).
 */
async function lockFolder(folder: string, signal: AbortSignal | undefined): Promise<number> {
  let fd: number;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o755 });
    fd = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (error) {
    throw toFileError(error, `${folder}: cannot be made or opened`);
  }
  try {
    for (let attempt = 1; !fileLocker.tryLock(fd); attempt++) {
      if (attempt === LOCK_ATTEMPTS) throw new NicError('ERR_LOCKED', `${folder}: another process holds the lock; find it with lslocks`);
      await systemClock.sleep(LOCK_PAUSE_MS, signal);
    }
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** As iproute2's `netns_add`: the folder is a shared mount, so that namespaces mounted later are seen by other mount namespaces. */
function shareFolder(folder: string): void {
  const op = `mount --make-shared ${folder}`;
  const shared = libc.mount('', folder, MOUNT.SHARED | MOUNT.REC);
  if (-shared !== ERRNO.EINVAL) {
    checkCall(shared, { op, capability: MOUNT_CAPABILITY });
    return;
  }
  checkCall(libc.mount(folder, folder, MOUNT.BIND | MOUNT.REC), { op: `mount --bind ${folder}`, capability: MOUNT_CAPABILITY });
  checkCall(libc.mount('', folder, MOUNT.SHARED | MOUNT.REC), { op, capability: MOUNT_CAPABILITY });
}

function createMountPoint(path: string): void {
  try {
    closeSync(openSync(path, constants.O_RDONLY | constants.O_CREAT | constants.O_EXCL, 0));
  } catch (error) {
    const taken = error instanceof Error && 'code' in error && error.code === 'EEXIST';
    if (!taken) throw toFileError(error, `${path}: cannot be created`);
    const message = isMountedNamespace(path)
      ? 'a namespace of that name exists'
      : 'a file of that name exists that is no namespace, as a creation leaves that was cut short; delete the name and try again';
    throw new NicError('ERR_NAMESPACE', `${path}: ${message}`, { cause: error });
  }
}

/** True when a namespace is mounted on the file. @internal */
export function isMountedNamespace(path: string): boolean {
  try {
    return statfsSync(path).type === NSFS_MAGIC;
  } catch {
    return false;
  }
}

/**
 * Makes a named network namespace as `ip netns add` does. It outlives the process; {@link deleteNamedNamespace} takes it away.
 * Any number of processes may do so at once, `ip` among them.
 *
 * Whoever dies on the way leaves at most a file that nothing is mounted on: the name is then refused until it is deleted.
 * @throws NicError `ERR_NAMESPACE` when the name is taken or the folder is out of reach, `ERR_LOCKED` when another process keeps the folder
 * locked, `ERR_CANCELLED` or `ERR_DEADLINE` from the signal
 * @throws NetlinkError when the kernel refuses
 */
export async function createNamedNamespace(name: string, options: NamedNamespaceOptions = {}): Promise<NamespaceHandle> {
  const path = pathOfName(name, options);
  const { folder = NAMED_NAMESPACES_FOLDER, signal } = options;
  if (signal?.aborted === true) throw toAbortError(signal, `create ${path}`);
  const namespace = await createNamespace(path);
  try {
    const lock = await lockFolder(folder, signal);
    try {
      shareFolder(folder);
      createMountPoint(path);
      const mounted = libc.mount(`/proc/self/fd/${namespace.fd}`, path, MOUNT.BIND);
      if (mounted < 0) unlinkSync(path);
      checkCall(mounted, { op: `mount --bind ${path}`, capability: MOUNT_CAPABILITY });
    } finally {
      closeSync(lock);
    }
    return namespace;
  } catch (error) {
    namespace.close();
    throw error;
  }
}

/** Opens a named network namespace of `ip netns`. @throws as {@link openNamespace} */
export async function openNamedNamespace(name: string, options: NamedNamespaceOptions = {}): Promise<NamespaceHandle> {
  return openNamespace({ kind: 'path', path: pathOfName(name, options) });
}

/**
 * Takes the name of a network namespace away as `ip netns delete` does. The namespace itself ends when nothing holds it any more.
 * One that is not there is no error.
 * @throws NetlinkError when the kernel refuses
 */
export async function deleteNamedNamespace(name: string, options: NamedNamespaceOptions = {}): Promise<void> {
  const path = pathOfName(name, options);
  const unmounted = libc.umount(path, MOUNT.DETACH);
  // EINVAL: a left-over file that nothing is mounted on, which goes too.
  if (-unmounted !== ERRNO.EINVAL && -unmounted !== ERRNO.ENOENT) {
    checkCall(unmounted, { op: `umount ${path}`, capability: MOUNT_CAPABILITY });
  }
  try {
    unlinkSync(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return;
    throw toFileError(error, `${path}: cannot be removed`);
  }
}
