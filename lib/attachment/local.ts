import type { Link, NamespaceRef, NetworkNamespace } from '../driver.js';
import { isNicError } from '../errors.js';
import { toReason } from './cloud-error.js';
import type { Command } from './context.js';
import { findNicLink } from './nic-link.js';
import type { AttachmentRecord, NamespaceEntry } from './record.js';

/** A NIC's link, where it was found. */
export interface FoundLink {
  /** The namespace it is in. */
  readonly namespace: NetworkNamespace;
  /** The link. */
  readonly link: Link;
}

/**
 * Calls the kernel, and once more when it refuses. What is taken back is not tried again by anybody once the record is gone, and many
 * refusals last for a moment only: no memory, no room in a buffer, a lock that another process holds.
 */
export async function twice<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!isNicError(error)) throw error;
    return call();
  }
}

/** A path by which a namespace can be opened again; undefined when there is none that outlives the caller. */
export function pathOf(ref: NamespaceRef): string | undefined {
  if (ref.kind === 'path') return ref.path;
  return ref.kind === 'pid' ? `/proc/${ref.pid}/ns/net` : undefined;
}

/** Opens the container's namespace that a caller names; undefined when it is gone, is none, or is the host's own. */
export async function openContainer(command: Command, ref: NamespaceRef | undefined): Promise<NetworkNamespace | undefined> {
  if (ref === undefined || ref.kind === 'own') return undefined;
  try {
    const namespace = await twice(() => command.open(ref));
    const host = await twice(() => command.host());
    return namespace.cookie === host.cookie ? undefined : namespace;
  } catch (error) {
    if (!isNicError(error)) throw error;
    command.context.log.debug('no namespace', { reason: toReason(error) });
    return undefined;
  }
}

/** Opens the namespace that a record remembers; undefined when what is behind its path is another one, or it was of an earlier boot. */
export async function openRecorded(
  command: Command,
  entry: NamespaceEntry | undefined,
  bootId: string,
): Promise<NetworkNamespace | undefined> {
  try {
    return await findRecorded(command, entry, bootId);
  } catch (error) {
    if (!isNicError(error)) throw error;
    command.context.log.warn('the namespace of a record cannot be looked at', { reason: toReason(error) });
    return undefined;
  }
}

/** As {@link openRecorded}. @throws NicError when the system does not say whether the namespace is still there */
async function findRecorded(command: Command, entry: NamespaceEntry | undefined, bootId: string): Promise<NetworkNamespace | undefined> {
  const path = entry?.path;
  if (path === undefined || bootId !== command.context.bootId) return undefined;
  try {
    const namespace = await twice(() => command.open({ kind: 'path', path }));
    const host = await twice(() => command.host());
    // Paths, devices and inodes are used again; cookies are not.
    return namespace.cookie === entry?.cookie && namespace.cookie !== host.cookie ? namespace : undefined;
  } catch (error) {
    if (!isNicError(error, 'ERR_NAMESPACE')) throw error;
    return undefined;
  }
}

/** What is known of a finished attachment's NIC: its container has it, its container lives without it, or the container is gone. */
export type Whereabouts = 'inside' | 'outside' | 'gone';

/**
 * Looks for the NIC of a finished attachment in its container. A container without a path to open its namespace by is taken for having
 * what is not on the host: a card comes back there when its namespace dies.
 * @throws NicError when the system does not say: what may live must not be taken for dead
 */
export async function findOut(command: Command, { namespace: entry, bootId }: AttachmentRecord, mac: string): Promise<Whereabouts> {
  if (entry === undefined || bootId !== command.context.bootId) return 'gone';
  const isIn = async (namespace: NetworkNamespace): Promise<boolean> =>
    findNicLink(await twice(() => namespace.listLinks()), mac) !== undefined;
  if (entry.path === undefined) return (await isIn(await twice(() => command.host()))) ? 'gone' : 'inside';
  const namespace = await findRecorded(command, entry, bootId);
  if (namespace === undefined) return 'gone';
  return (await isIn(namespace)) ? 'inside' : 'outside';
}

/** The link of a NIC in a namespace; undefined when it is not there or cannot be told. */
export async function findIn(command: Command, namespace: NetworkNamespace, mac: string): Promise<FoundLink | undefined> {
  try {
    const link = findNicLink(await twice(() => namespace.listLinks()), mac);
    return link === undefined ? undefined : { namespace, link };
  } catch (error) {
    if (!isNicError(error)) throw error;
    command.context.log.warn('the link of a NIC cannot be looked for', { mac, namespace: namespace.label, reason: toReason(error) });
    return undefined;
  }
}

/** Takes a NIC out of use where it is: no address, no route, down. Best effort: the NIC goes anyway when the cloud detaches it. */
export async function clearLink(command: Command, found: FoundLink): Promise<void> {
  const { namespace, link } = found;
  try {
    for (const { address } of await twice(() => namespace.listAddresses(link.index))) {
      await twice(() => namespace.removeAddress(link.index, address));
    }
    await twice(() => namespace.changeLink(link.index, { up: false }));
  } catch (error) {
    if (!isNicError(error)) throw error;
    command.context.log.warn('a NIC could not be taken out of use', { link: link.name, reason: toReason(error) });
  }
}

/** A promise that resolves when a link has gone from its namespace, and a way to stop waiting for that. */
export interface VanishWatch {
  /** Never rejects. */
  readonly vanished: Promise<void>;
  /** Stops waiting; then `vanished` stays pending. */
  close(): void;
}

/** Waits in the background for a NIC to leave a namespace. Undefined when that cannot be watched. */
export async function watchVanishing(command: Command, found: FoundLink, mac: string): Promise<VanishWatch | undefined> {
  try {
    const watch = await found.namespace.watchLinks();
    const gone = watch.waitFor((links) => (links.some((link) => link.mac === mac || link.permanentMac === mac) ? undefined : true));
    return {
      vanished: new Promise((resolve) =>
        gone.then(
          () => resolve(),
          () => {},
        ),
      ),
      close: () => watch.close(),
    };
  } catch (error) {
    if (!isNicError(error)) throw error;
    command.context.log.debug('links cannot be watched', { reason: toReason(error) });
    return undefined;
  }
}
