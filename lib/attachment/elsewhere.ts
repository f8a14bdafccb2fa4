import { isNicError, NicError } from '../errors.js';
import { toReason } from './cloud-error.js';
import type { Command } from './context.js';
import { Journal } from './journal.js';
import type { AttachmentRecord } from './record.js';
import type { AttachmentStore } from './store.js';

/**
 * Another journal of this host in which a record of an attachment stands: that of its network's former data folder. Journals that cannot be
 * read are passed over.
 */
export async function findElsewhere(command: Command, id: string): Promise<AttachmentStore | undefined> {
  const { store, hostStore, log } = command.context;
  const orNone = async <T>(what: string, read: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await read();
    } catch (error) {
      if (!isNicError(error, 'ERR_IO')) throw error;
      log.warn('other journals cannot be read', { what, reason: toReason(error) });
      return undefined;
    }
  };
  for (const other of (await orNone('the list of journals', () => hostStore.stores()))?.stores ?? []) {
    if (other.location === store.location) continue;
    if ((await orNone(other.location, () => other.read(id)))?.kind === 'record') return other;
  }
  return undefined;
}

/**
 * Works on a record of an attachment that stands in another journal of this host, its lock held there; for commands whose own journal has none.
 * @returns what the work came to; undefined when there is no such record
 * @throws NicError `ERR_LOCKED` when another command is at work on it
 */
export async function workElsewhere<T>(
  command: Command,
  id: string,
  work: (journal: Journal<AttachmentRecord>) => Promise<T>,
): Promise<{ readonly done: T } | undefined> {
  const store = await findElsewhere(command, id);
  if (store === undefined) return undefined;
  // Not waited for: its owner may wait for a lock that is held here.
  const lock = await store.tryLock(id);
  if (lock === undefined) throw new NicError('ERR_LOCKED', `${store.location}: another command is at work on the attachment; try again`);
  try {
    const stored = await store.read(id);
    if (stored?.kind !== 'record') return undefined;
    const { log } = command.context;
    log.info("an attachment stands in the journal of its network's former folder", { id, journal: store.location });
    return { done: await work(new Journal({ store, id, record: stored.record, log })) };
  } finally {
    lock.release();
  }
}
