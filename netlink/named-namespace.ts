import { closeSync, constants, mkdirSync, openSync, unlinkSync } from 'node:fs';
import { libc } from '#libc';
import { NicError } from '../lib/errors.js';
import { createNamespace, type NamespaceHandle, openNamespace } from './namespace.js';
import { checkCall } from './system-call.js';
import { MOUNT } from './system-constants.js';
import { ERRNO } from './wire/index.js';

const MOUNT_CAPABILITY = 'mounting needs CAP_SYS_ADMIN in the user namespace that owns the mount namespace';

/** Where `ip netns` keeps its named namespaces. */
export const NAMED_NAMESPACES_FOLDER = '/run/netns';

/** How named namespaces are found. */
export interface NamedNamespaceOptions {
  /** The folder they are mounted in; default {@link NAMED_NAMESPACES_FOLDER}. */
  readonly folder?: string;
}

function pathOfName(name: string, options: NamedNamespaceOptions): string {
  if (name === '' || name === '.' || name === '..' || /[/\0]/.test(name) || Buffer.byteLength(name) > 255) {
    throw new RangeError('a namespace name is a file name: 1 to 255 bytes without a slash');
  }
  return `${options.folder ?? NAMED_NAMESPACES_FOLDER}/${name}`;
}

/** As iproute2's `netns_add`: the folder is a shared mount, so that namespaces mounted later are seen by other mount namespaces. */
function prepareFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o755 });
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
    const message = taken ? `${path}: a namespace of that name exists` : `${path}: cannot be created`;
    throw new NicError('ERR_NAMESPACE', message, { cause: error });
  }
}

/**
 * Makes a named network namespace as `ip netns add` does. It outlives the process; {@link deleteNamedNamespace} takes it away.
 * @throws NicError `ERR_NAMESPACE` when the name is taken
 * @throws NetlinkError when the kernel refuses
 */
export async function createNamedNamespace(name: string, options: NamedNamespaceOptions = {}): Promise<NamespaceHandle> {
  const path = pathOfName(name, options);
  const namespace = await createNamespace(path);
  try {
    prepareFolder(options.folder ?? NAMED_NAMESPACES_FOLDER);
    createMountPoint(path);
    const mounted = libc.mount(`/proc/self/fd/${namespace.fd}`, path, MOUNT.BIND);
    if (mounted < 0) unlinkSync(path);
    checkCall(mounted, { op: `mount --bind ${path}`, capability: MOUNT_CAPABILITY });
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
    throw new NicError('ERR_NAMESPACE', `${path}: cannot be removed`, { cause: error });
  }
}
