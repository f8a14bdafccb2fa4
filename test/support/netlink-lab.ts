import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createNamespace, type NamespaceHandle } from '../../netlink/namespace.js';
import { openRtnetlink, type Rtnetlink } from '../../netlink/rtnetlink.js';

/** Listings of thousands of objects are longer than Node.js allows by default. */
const MOST_OUTPUT = 64 * 1024 * 1024;

/** Nameless namespaces for one test, which end with this process at the latest. */
export interface NetlinkLab {
  /** Makes one more namespace and opens it. */
  open(label?: string): Promise<Rtnetlink>;
  /** Runs a command inside a namespace and gives what it prints. @throws when it fails */
  run(namespace: NamespaceHandle, command: string, ...args: readonly string[]): string;
  /** What `ip -d -j` says inside a namespace. */
  ip<T>(namespace: NamespaceHandle, ...args: readonly string[]): readonly T[];
  /** Closes everything. */
  close(): void;
}

/** Starts with no namespace. */
export function createNetlinkLab(): NetlinkLab {
  const opened: Rtnetlink[] = [];
  const run: NetlinkLab['run'] = ({ fd }, command, ...args) => {
    const nsenter = [`--net=/proc/${process.pid}/fd/${fd}`, command, ...args];
    return execFileSync('nsenter', nsenter, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: MOST_OUTPUT });
  };
  return {
    async open(label) {
      const rtnetlink = openRtnetlink(await createNamespace(label));
      opened.push(rtnetlink);
      return rtnetlink;
    },
    run,
    ip<T>(namespace: NamespaceHandle, ...args: readonly string[]): readonly T[] {
      const text = run(namespace, 'ip', '-d', '-j', ...args).trim();
      // It prints empty objects between the others.
      return text === '' ? [] : (JSON.parse(text) as readonly T[]).filter((one) => Object.keys(one as object).length > 0);
    },
    close() {
      for (const rtnetlink of opened) {
        rtnetlink.close();
        rtnetlink.namespace.close();
      }
    },
  };
}

/** Inodes of the Unix sockets of the own namespace (unix_seq_show, net/unix/af_unix.c). */
function unixSockets(): ReadonlySet<string> {
  const lines = readFileSync('/proc/self/net/unix', 'utf8').split('\n').slice(1);
  return new Set(lines.map((line) => line.split(/\s+/)[6] ?? ''));
}

function targetOf(fd: string): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return undefined; // the descriptor that read the list
  }
}

/**
 * How many descriptors this process has open, without what a runtime holds of its child processes: a Unix socket or pipe for each stream,
 * and the process itself. Bun closes those some time after the child's end is told; the library opens none of them.
 */
export function countDescriptors(): number {
  const ofChildren = unixSockets();
  return readdirSync('/proc/self/fd').filter((fd) => {
    const target = targetOf(fd);
    const inode = /^socket:\[(\d+)\]$/.exec(target ?? '')?.[1];
    return target !== undefined && !/^pipe:|^anon_inode:\[pidfd\]/.test(target) && (inode === undefined || !ofChildren.has(inode));
  }).length;
}

/** The error that a promise rejects with. @throws Error when it does not */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('should have been rejected');
}
