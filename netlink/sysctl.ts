import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { NicError } from '../lib/errors.js';
import { requireSysctlName } from './argument.js';
import { type NamespaceHandle, runInNamespace } from './namespace.js';

/** Values are short: the longest, a list of congestion controls, takes less than 300 bytes. */
const VALUE_BYTES = 4096;

function pathOf(name: string): string {
  return `/proc/sys/net/${requireSysctlName(name)}`;
}

function errnoOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}

/** The folder below /proc/sys/net is that of the thread which opens it, so opening and access are one synchronous step inside. */
function access(namespace: NamespaceHandle, path: string, flags: number, work: (fd: number) => number): number {
  return runInNamespace(namespace, () => {
    const fd = openSync(path, flags);
    try {
      return work(fd);
    } finally {
      closeSync(fd);
    }
  });
}

/**
 * Reads a sysctl of a namespace.
 * @param name below `net`, with slashes: `ipv4/ip_forward`
 * @returns its value without the line end, or undefined when there is none of that name
 * @throws NicError `ERR_IO` when it cannot be read
 */
export async function readSysctl(namespace: NamespaceHandle, name: string): Promise<string | undefined> {
  const path = pathOf(name);
  const buffer = Buffer.alloc(VALUE_BYTES);
  try {
    const length = access(namespace, path, constants.O_RDONLY, (fd) => readSync(fd, buffer, 0, VALUE_BYTES, null));
    return buffer.toString('utf8', 0, length).trimEnd();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw wrap(error, `read sysctl net/${name} of ${namespace.label}`);
  }
}

/**
 * Writes a sysctl of a namespace.
 * @param name below `net`, with slashes: `ipv4/conf/eth0/rp_filter`
 * @throws NicError `ERR_IO` when it does not exist, the kernel refuses the value, or the file system is read-only as in some containers
 */
export async function writeSysctl(namespace: NamespaceHandle, name: string, value: string): Promise<void> {
  const path = pathOf(name);
  const bytes = Buffer.from(`${value}\n`);
  try {
    access(namespace, path, constants.O_WRONLY, (fd) => writeSync(fd, bytes));
  } catch (error) {
    throw wrap(error, `write sysctl net/${name} of ${namespace.label}`);
  }
}

/** What to do about a refused access to a setting, by its errno; undefined when nothing but the errno can be said. @internal */
export function sysctlHint(errno: string): string | undefined {
  // The network administrator has the rights of the file's owner (net_ctl_permissions in net/sysctl_net.c); file capabilities do not help.
  if (errno === 'EACCES' || errno === 'EPERM') {
    return 'it takes root or CAP_NET_ADMIN in the user namespace that owns the network namespace';
  }
  return errno === 'EROFS' ? '/proc/sys is mounted read-only here' : undefined;
}

function wrap(error: unknown, op: string): unknown {
  if (error instanceof NicError) return error;
  const errno = errnoOf(error);
  const hint = sysctlHint(errno);
  return new NicError('ERR_IO', `${op}: ${errno}${hint === undefined ? '' : `; ${hint}`}`, { cause: error });
}
