import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
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

/** How many descriptors this process has open. */
export function countDescriptors(): number {
  return readdirSync('/proc/self/fd').length;
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
