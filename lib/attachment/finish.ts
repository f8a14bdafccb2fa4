import type { NetworkNamespace } from '../driver.js';
import { isNicError, NicError } from '../errors.js';
import { toReason } from './cloud-error.js';
import type { Command } from './context.js';
import { identify } from './identify.js';
import type { Journal } from './journal.js';
import { clearLink, type FoundLink, findIn, openRecorded, twice, type VanishWatch, watchVanishing } from './local.js';
import { nicName } from './names.js';
import { removeOriginalOf } from './originals.js';
import type { AttachmentRecord } from './record.js';
import { certainFrom, settleNics } from './settle.js';
import { useSubnetsAgain } from './subnets.js';

const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 60_000;

/** An attachment to bring to its end. */
export interface FinishItem {
  /** Its record, its lock held. */
  readonly journal: Journal<AttachmentRecord>;
  /** Namespaces that its NIC may be in beside the recorded one and the host's. */
  readonly namespaces?: readonly NetworkNamespace[];
  /** Told of each NIC that was deleted. */
  readonly onDeleted?: (nicId: string) => void;
}

/** When finishing is worth another try after `attempts` failures. */
export function retryTime(now: number, attempts: number): number {
  return now + Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(attempts, 10));
}

/** True while another try has to wait. A time far in the future was written before the clock was set back. */
export function isTooEarly(now: number, retryAt: number | undefined): boolean {
  return retryAt !== undefined && retryAt > now && retryAt - now < 3_600_000;
}

/** Why a record whose NIC may still appear is not at its end. */
export function watchReason(leftMs: number): string {
  return `the answer to a create request was lost, so its NIC may still appear for ${Math.ceil(leftMs / 1000)} s`;
}

async function clear(command: Command, item: FinishItem): Promise<readonly FoundLink[]> {
  const { current } = item.journal;
  const recorded = await openRecorded(command, current.namespace, current.bootId);
  const inside = new Map((item.namespaces ?? []).map((namespace) => [namespace.cookie, namespace]));
  if (recorded !== undefined) inside.set(recorded.cookie, recorded);
  const found: FoundLink[] = [];
  for (const { mac } of current.nics) {
    for (const namespace of inside.values()) {
      const link = await findIn(command, namespace, mac);
      if (link === undefined) continue;
      await item.journal.tryStep('clear', {});
      await clearLink(command, link);
      found.push(link);
    }
    const link = await findIn(command, await command.host(), mac);
    if (link !== undefined) found.push(link);
  }
  const container = current.bootId === command.context.bootId ? inside.get(current.namespace?.cookie ?? '') : undefined;
  if (container !== undefined) await restore(command, item.journal, container);
  return found;
}

async function restore(command: Command, journal: Journal<AttachmentRecord>, namespace: NetworkNamespace): Promise<void> {
  const { sysctls } = journal.current;
  if (sysctls.length === 0) return;
  await journal.tryStep('restore', {});
  for (const { name, before } of sysctls) {
    try {
      await twice(async () => {
        if ((await namespace.readSysctl(name)) !== undefined) await namespace.writeSysctl(name, before);
      });
    } catch (error) {
      if (!isNicError(error)) throw error;
      command.context.log.warn('a setting of the container could not be put back', { name, reason: toReason(error) });
    }
  }
}

/** True for a record that an ADD of this boot wrote; one that a DEL made up names no namespace. */
export function isOwn(command: Command, { namespace, bootId }: AttachmentRecord): boolean {
  return namespace !== undefined && bootId === command.context.bootId;
}

/** What an error that leaves work behind says to the caller. */
export function pendingError(key: AttachmentRecord['key'], reason: string, cause: unknown): NicError {
  return new NicError(
    'ERR_PENDING',
    `container ${key.containerId} ${key.ifname}: its NIC is not released in the cloud yet and is recorded for later: ${reason}`,
    { cause },
  );
}

/**
 * Takes attachments to the state without them: links out of use, NICs detached and deleted, records removed.
 * What cannot be done stays recorded with a time for the next try.
 * @returns `ERR_PENDING` for each that is left, by its record's id
 */
export async function finishAttachments(
  command: Command,
  items: readonly FinishItem[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, NicError>> {
  const proofs = new Map<string, ReadonlySet<string>>();
  let watching: VanishWatch | undefined;
  for (const item of items) {
    // First of all: from here on it is no living attachment any more, whatever happens to this process.
    await item.journal.trySave({ state: 'removing' }, 'durable');
    const found = await clear(command, item);
    const macs = new Set(found.flatMap(({ link }) => [link.mac, link.permanentMac ?? link.mac]));
    proofs.set(item.journal.id, new Set(item.journal.current.nics.filter((nic) => macs.has(nic.mac)).map((nic) => nic.id)));
    const [first] = found;
    const [nic] = item.journal.current.nics;
    if (watching === undefined && first !== undefined && nic !== undefined) watching = await watchVanishing(command, first, nic.mac);
    // Its routes are gone, so it uses no gateway any more.
    item.journal.note({ gateway: undefined });
  }
  try {
    const settling = items.map(({ journal, onDeleted }) => ({
      journal,
      onDeleted,
      nameOn: (instanceId: string) => nicName(instanceId, journal.current.key),
      keep: undefined,
      proven: proofs.get(journal.id) ?? new Set<string>(),
      isOwn: isOwn(command, journal.current),
    }));
    const unknown = await identifyAll(command, items, signal);
    const left = await settleNics(
      command,
      settling.filter(({ journal }) => !unknown.has(journal.id)),
      { signal, vanished: watching?.vanished },
    );
    return await conclude(command, items, new Map([...unknown, ...left]), signal);
  } finally {
    watching?.close();
  }
}

/** Finds out which NICs records mean that know hardware addresses only. */
async function identifyAll(command: Command, items: readonly FinishItem[], signal: AbortSignal): Promise<ReadonlyMap<string, unknown>> {
  const unknown = new Map<string, unknown>();
  for (const { journal } of items) {
    try {
      await identify(command, journal, signal);
    } catch (error) {
      if (!isNicError(error)) throw error;
      unknown.set(journal.id, error);
    }
  }
  return unknown;
}

async function conclude(
  command: Command,
  items: readonly FinishItem[],
  left: ReadonlyMap<string, unknown>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, NicError>> {
  const { clock, log } = command.context;
  const pending = new Map<string, NicError>();
  for (const { journal } of items) {
    const { current } = journal;
    const now = clock.now();
    if (left.has(journal.id)) {
      const error = left.get(journal.id);
      const attempts = current.attempts + 1;
      await journal.trySave({ attempts, retryAt: retryTime(now, attempts) }, 'durable');
      log.warn('an attachment is left for later', { id: journal.id, container: current.key.containerId, reason: toReason(error) });
      pending.set(journal.id, pendingError(current.key, toReason(error), error));
    } else if (current.uncertainAt !== undefined) {
      const { provider } = await command.cloud();
      const retryAt = certainFrom(current.uncertainAt, provider.features.lateEffectMs);
      await journal.trySave({ retryAt }, 'durable');
      const reason = watchReason(retryAt - now);
      log.info('an attachment is watched', { id: journal.id, container: current.key.containerId, reason });
      pending.set(journal.id, pendingError(current.key, reason, undefined));
    } else {
      await removeOriginalOf(command, current);
      await journal.remove();
      log.info('attachment gone', { id: journal.id, container: current.key.containerId, ifname: current.key.ifname });
      try {
        await useSubnetsAgain(command, current.subnetIds, signal);
      } catch (error) {
        // The subnet is used again by itself after a while.
        log.debug('a subnet stays set aside', { reason: toReason(error) });
      }
    }
  }
  return pending;
}
